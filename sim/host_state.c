/* The machine's state machine: what its node gives it, and its snapshots. */
#include <inttypes.h>

#include "sim/cluster_internal.h"
#include "sim/memory.h"

/* --- restored ------------------------------------------------------------- */

/* From here on nobody knows the state: its entries have no payload. */
static void go_blind(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    machine->blind = true;
    sim_kv_clear(machine->kv);
    cluster->n_states = 0;
}

/* Witnesses alone may be without payloads. */
static bool may_be_blind(struct sim_cluster *cluster, uint32_t node,
                         const char *what, uint64_t index)
{
    if (sim_set_has(&cluster->witnesses, node)) {
        return true;
    }
    sim_cluster_breach(cluster,
                       "node %u: %s %" PRIu64
                       " without its payload, and the node is no witness",
                       node, what, index);
    return false;
}

static void take_image(struct sim_cluster *cluster, uint32_t node,
                       const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    uint64_t index = output->restore.position.index;
    machine->blind = false;
    cluster->n_states = 0;
    if (output->restore.size == 0 && index == 0) {
        sim_kv_clear(machine->kv);
        return;
    }
    if (output->restore.size == 0) {
        if (may_be_blind(cluster, node, "RESTORE up to", index)) {
            go_blind(cluster, node);
        }
        return;
    }
    if (!sim_kv_restore(machine->kv, output->restore.image,
                        output->restore.size)) {
        sim_cluster_breach(cluster,
                           "node %u: RESTORE up to %" PRIu64
                           " with %zu bytes that are no image",
                           node, index, output->restore.size);
    }
}

/* Whether the node's disk holds the log `tip`, if the node promises so. */
static bool is_durable(const struct sim_cluster *cluster, uint32_t node,
                       sim_tip tip)
{
    return !sim_cluster_can(cluster, SIM_FEATURE_APPLIES_DURABLE) ||
           sim_log_tree_contains(
               cluster->tree, sim_disk_log(cluster->machines[node].disk), tip);
}

void cluster__take_restore(struct sim_cluster *cluster, uint32_t node,
                           const struct sim_input *input,
                           const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_position position = output->restore.position;
    sim_tip tip = cluster__find_log(cluster, node, position);
    if (position.index < machine->last_applied) {
        sim_cluster_breach(cluster,
                           "node %u: RESTORE up to %" PRIu64
                           ", applied was up to %" PRIu64,
                           node, position.index, machine->last_applied);
        return;
    }
    if (tip == SIM_NO_TIP) {
        sim_cluster_breach(cluster,
                           "node %u: RESTORE of entry %" PRIu64
                           " of term %" PRIu64 ", which no log has",
                           node, position.index, position.term);
        return;
    }
    if (!is_durable(cluster, node, tip)) {
        sim_cluster_breach(cluster,
                           "node %u: RESTORE of entry %" PRIu64
                           " of term %" PRIu64
                           ", which is not durable on its disk",
                           node, position.index, position.term);
        return;
    }
    take_image(cluster, node, output);
    machine->last_applied = position.index;
    cluster->restored = !machine->blind;
    cluster->restored_tip = tip;
    cluster->restored_state = sim_kv_hash(machine->kv);
    if (!machine->blind && sim_kv_applied(machine->kv) != position.index) {
        machine->blind = true; /* the state of another place: see the hash */
    }
    cluster__skip_commands(cluster, node, position.index);
    if (input->kind != SIM_INPUT_START) {
        cluster->installs++;
        cluster__note(cluster,
                      &(struct sim_happening){.kind = SIM_EVENT_RESTORED,
                                              .node = node,
                                              .index = position.index});
    }
}

/* --- applied -------------------------------------------------------------- */

static void apply_one(struct sim_cluster *cluster, uint32_t node,
                      uint64_t index, const struct sim_entry *entry)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (entry->omitted && !machine->blind &&
        may_be_blind(cluster, node, "APPLY of entry", index)) {
        go_blind(cluster, node);
    }
    if (machine->blind) {
        cluster__answer_commands(cluster, node, index, entry, NULL);
        return;
    }
    struct sim_kv_result result = sim_kv_apply(machine->kv, index, entry);
    cluster->states[cluster->n_states] = sim_kv_hash(machine->kv);
    cluster->n_states++;
    cluster__answer_commands(cluster, node, index, entry, &result);
}

void cluster__take_apply(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (output->apply.first_index != machine->last_applied + 1) {
        sim_cluster_breach(cluster,
                           "node %u: APPLY begins at %" PRIu64
                           ", the last one ended at %" PRIu64,
                           node, output->apply.first_index,
                           machine->last_applied);
        return;
    }
    uint64_t last = machine->last_applied + output->apply.n_entries;
    sim_tip tip = sim_log_tree_ancestor(cluster->tree, machine->tip, last);
    if (tip != SIM_NO_TIP && !is_durable(cluster, node, tip)) {
        sim_cluster_breach(cluster,
                           "node %u: APPLY up to %" PRIu64
                           ", which is not durable on its disk",
                           node, last);
        return;
    }
    cluster->states = sim_grow(cluster->states, &cluster->states_capacity,
                               cluster->n_states + output->apply.n_entries,
                               sizeof *cluster->states);
    for (uint32_t i = 0; i < output->apply.n_entries; i++) {
        machine->last_applied++;
        apply_one(cluster, node, machine->last_applied,
                  &output->apply.entries[i]);
    }
}

/* --- snapshots ------------------------------------------------------------ */

bool sim_cluster_compact(struct sim_cluster *cluster, uint32_t node,
                         uint64_t keep)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (!sim_cluster_runs(cluster, node) ||
        !sim_cluster_can(cluster, SIM_FEATURE_SNAPSHOTS) ||
        machine->last_applied <= machine->snapshot_index) {
        return false;
    }
    uint64_t index = machine->last_applied;
    struct sim_input input = {.kind = SIM_INPUT_SNAPSHOT};
    input.snapshot.index = index;
    input.snapshot.keep_from = keep < index ? index + 1 - keep : 1;
    if (!machine->blind) {
        size_t size = sim_kv_image_size(machine->kv);
        cluster->image =
            sim_grow(cluster->image, &cluster->image_capacity, size, 1);
        sim_kv_image(machine->kv, cluster->image);
        input.snapshot.image = cluster->image;
        input.snapshot.size = size;
    }
    cluster__step(cluster, node, &input);
    return true;
}

static bool is_compaction_due(const struct sim_cluster *cluster, uint32_t node)
{
    const struct sim_machine *machine = &cluster->machines[node];
    uint64_t every = cluster->scenario->snapshots.every;
    return every > 0 && machine->last_applied >= machine->snapshot_index &&
           machine->last_applied - machine->snapshot_index >= every &&
           sim_cluster_can(cluster, SIM_FEATURE_SNAPSHOTS);
}

void cluster__look_at_policy(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (!machine->compaction_asked && is_compaction_due(cluster, node)) {
        machine->compaction_asked = true;
        sim_event_queue_push(cluster->queue, cluster->now_us, SIM_QUEUE_COMPACT,
                             node, 0);
    }
}

void cluster__compact_event(struct sim_cluster *cluster,
                            const struct sim_event *event)
{
    struct sim_machine *machine = &cluster->machines[event->a];
    if (machine->node == NULL) {
        return;
    }
    machine->compaction_asked = false;
    if (is_compaction_due(cluster, event->a)) {
        sim_cluster_compact(cluster, event->a,
                            cluster->scenario->snapshots.keep);
    }
}
