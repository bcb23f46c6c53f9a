/* What a node answers is looked at before anything is done with it: that what
 * is counted is there, that words are among those that there are, and that
 * nodes exist. A pointer that points nowhere cannot be seen. */
#include "sim/cluster_internal.h"

#include <inttypes.h>

/* More than any answer needs; less than what takes all memory. */
#define OUTPUTS_MAX 1000000u
#define ENTRIES_MAX 1000000u
#define BYTES_MAX ((size_t)1 << 30)

/* What is wrong, or NULL. */
static const char *look_at_bytes(const void *bytes, size_t size)
{
    return size > BYTES_MAX            ? "more than a GiB"
           : size > 0 && bytes == NULL ? "bytes that are NULL"
                                       : NULL;
}

static bool is_among(unsigned word, unsigned last)
{
    return word <= last;
}

static const char *look_at_entries(const struct sim_entry *entries,
                                   uint64_t n_entries)
{
    if (n_entries > ENTRIES_MAX) {
        return "more than a million entries";
    }
    if (n_entries > 0 && entries == NULL) {
        return "entries that are NULL";
    }
    for (uint64_t i = 0; i < n_entries; i++) {
        const struct sim_entry *entry = &entries[i];
        const char *problem = look_at_bytes(entry->data, entry->size);
        if (problem != NULL) {
            return problem;
        }
        if (!is_among(entry->kind, SIM_ENTRY_SESSION) ||
            !is_among(entry->verdict, SIM_COMMAND_EXPIRED)) {
            return "an entry of a kind that there is not";
        }
        if (entry->omitted && entry->size > 0) {
            return "an entry whose payload is omitted and there";
        }
    }
    return NULL;
}

static const char *look_at_write(const struct sim_cluster *cluster,
                                 const struct sim_write *write)
{
    const char *problem = look_at_entries(write->entries, write->n_entries);
    if (problem == NULL && write->has_snapshot) {
        problem =
            look_at_bytes(write->snapshot.meta, write->snapshot.meta_size);
    }
    if (problem == NULL && write->has_snapshot) {
        problem =
            look_at_bytes(write->snapshot.image, write->snapshot.image_size);
    }
    if (problem == NULL && write->has_hard_state &&
        write->hard_state.vote > cluster->n) {
        problem = "a vote for a node that there is not";
    }
    return problem;
}

static const char *look_at(const struct sim_cluster *cluster,
                           const struct sim_output *output)
{
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        return look_at_write(cluster, &output->write);
    case SIM_OUTPUT_SEND:
        return look_at_bytes(output->send.bytes, output->send.size);
    case SIM_OUTPUT_APPLY:
        return look_at_entries(output->apply.entries, output->apply.n_entries);
    case SIM_OUTPUT_RESTORE:
        return look_at_bytes(output->restore.image, output->restore.size);
    case SIM_OUTPUT_REJECTED:
        return !is_among(output->rejected.reason, SIM_READ_LOST)
                   ? "a reason that there is not"
               : output->rejected.leader > cluster->n
                   ? "a leader that there is not"
                   : NULL;
    case SIM_OUTPUT_TIMER:
    case SIM_OUTPUT_ACCEPTED:
    case SIM_OUTPUT_READY:
        return NULL;
    }
    return "an output of a kind that there is not";
}

static const char *name_of(enum sim_output_kind kind)
{
    switch (kind) {
    case SIM_OUTPUT_WRITE:
        return "WRITE";
    case SIM_OUTPUT_SEND:
        return "SEND";
    case SIM_OUTPUT_TIMER:
        return "TIMER";
    case SIM_OUTPUT_ACCEPTED:
        return "ACCEPTED";
    case SIM_OUTPUT_REJECTED:
        return "REJECTED";
    case SIM_OUTPUT_RESTORE:
        return "RESTORE";
    case SIM_OUTPUT_APPLY:
        return "APPLY";
    case SIM_OUTPUT_READY:
        return "READY";
    }
    return "step()";
}

bool cluster__look_at_outputs(struct sim_cluster *cluster, uint32_t node,
                              const struct sim_outputs *outputs)
{
    if (outputs->count > OUTPUTS_MAX ||
        (outputs->count > 0 && outputs->items == NULL)) {
        sim_cluster_breach(cluster, "node %u: step() answers with %s", node,
                           outputs->items == NULL
                               ? "outputs that are NULL"
                               : "more than a million outputs");
        return false;
    }
    for (size_t i = 0; i < outputs->count; i++) {
        const char *problem = look_at(cluster, &outputs->items[i]);
        if (problem != NULL) {
            sim_cluster_breach(cluster, "node %u: %s with %s", node,
                               name_of(outputs->items[i].kind), problem);
            return false;
        }
    }
    return true;
}

bool cluster__look_at_view(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_view *view = &cluster->machines[node].view;
    const char *problem =
        !is_among(view->role, SIM_LEADER)    ? "a role that there is not"
        : view->leader > cluster->n          ? "a leader that there is not"
        : view->hard_state.vote > cluster->n ? "a vote for a node that "
                                               "there is not"
                                             : NULL;
    if (problem != NULL) {
        sim_cluster_breach(cluster, "node %u: inspect() shows %s", node,
                           problem);
        *view = (struct sim_view){.role = SIM_FOLLOWER};
    }
    return problem == NULL;
}

/* Nobody beyond the last node. */
static bool is_within(const struct sim_set *set, uint32_t n)
{
    for (uint32_t node = n + 1; node <= SIM_MAX_NODES; node++) {
        if (sim_set_has(set, node)) {
            return false;
        }
    }
    return true;
}

void cluster__ask_for_members(struct sim_cluster *cluster, uint32_t node,
                              struct sim_configuration *members)
{
    cluster->type->members(cluster->machines[node].node, members);
    if (!is_within(&members->voters, cluster->n) ||
        !is_within(&members->old_voters, cluster->n) ||
        !is_within(&members->learners, cluster->n) ||
        !is_within(&members->witnesses, cluster->n)) {
        sim_cluster_breach(
            cluster, "node %u: members() has nodes that there are not", node);
        *members = cluster->initial;
    }
}

void cluster__classify(struct sim_cluster *cluster, uint32_t node,
                       const uint8_t *bytes, size_t size,
                       struct sim_message *message)
{
    cluster->type->classify(bytes, size, message);
    if (!is_among(message->kind, SIM_MESSAGE_KIND_COUNT - 1)) {
        sim_cluster_breach(cluster,
                           "node %u: classify() knows a kind of message that "
                           "there is not",
                           node);
        *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
    }
}
