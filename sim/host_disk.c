/* The machine's disk: what its node writes, and what waits for that. */
#include <inttypes.h>

#include "sim/cluster_internal.h"
#include "sim/memory.h"

/* --- logs and places ------------------------------------------------------ */

/* The part of the log `tip` that ends at `position`, if it has one. */
static sim_tip part_of(const struct sim_cluster *cluster, sim_tip tip,
                       struct sim_position position)
{
    if (tip == SIM_NO_TIP) {
        return SIM_NO_TIP;
    }
    sim_tip part = sim_log_tree_ancestor(cluster->tree, tip, position.index);
    if (part == SIM_NO_TIP ||
        sim_log_tree_position(cluster->tree, part).term != position.term) {
        return SIM_NO_TIP;
    }
    return part;
}

sim_tip cluster__find_log(const struct sim_cluster *cluster, uint32_t node,
                          struct sim_position position)
{
    sim_tip found = part_of(cluster, cluster->machines[node].tip, position);
    for (uint32_t i = 1; i <= cluster->n && found == SIM_NO_TIP; i++) {
        const struct sim_machine *machine = &cluster->machines[i];
        found = part_of(cluster, machine->tip, position);
        if (found == SIM_NO_TIP) {
            found = part_of(cluster, sim_disk_log(machine->disk), position);
        }
    }
    return found;
}

bool cluster__is_omitted(const struct sim_machine *machine, sim_tip tip)
{
    size_t word = tip / 64;
    return word < machine->n_omitted &&
           (machine->omitted[word] >> (tip % 64) & 1) != 0;
}

/* The same entry may be written again in the other form. */
static void note_omitted(struct sim_machine *machine, sim_tip tip, bool omitted)
{
    size_t word = tip / 64;
    if (!omitted && word >= machine->n_omitted) {
        return;
    }
    if (word >= machine->n_omitted) {
        machine->omitted =
            sim_grow(machine->omitted, &machine->omitted_capacity, word + 1,
                     sizeof *machine->omitted);
        while (machine->n_omitted <= word) {
            machine->omitted[machine->n_omitted] = 0;
            machine->n_omitted++;
        }
    }
    uint64_t bit = UINT64_C(1) << (tip % 64);
    machine->omitted[word] =
        omitted ? machine->omitted[word] | bit : machine->omitted[word] & ~bit;
}

/* --- writes --------------------------------------------------------------- */

static void note_writing(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_write *write)
{
    cluster__note(cluster, &(struct sim_happening){
                               .kind = SIM_EVENT_WRITING,
                               .node = node,
                               .vote = write->has_hard_state &&
                                       write->hard_state.vote != SIM_NONE,
                               .entries = write->n_entries > 0,
                               .snapshot = write->has_snapshot});
}

/* What a write makes of the log. */
struct change {
    sim_tip snapshot; /* the log that its snapshot stands for, or SIM_NO_TIP */
    sim_tip base;     /* the log after the truncation */
    uint64_t first_index; /* of the entries that are left, after the drop */
    uint64_t snapshot_index;
};

/* Finds the log of the write's snapshot. One that the log does not contain has
 * to drop all entries that are there. */
static bool take_snapshot(struct sim_cluster *cluster, uint32_t node,
                          const struct sim_write *write, struct change *change)
{
    const struct sim_machine *machine = &cluster->machines[node];
    struct sim_position position = write->snapshot.position;
    if (!write->has_snapshot) {
        return true;
    }
    change->snapshot = cluster__find_log(cluster, node, position);
    change->snapshot_index = position.index;
    if (change->snapshot == SIM_NO_TIP) {
        sim_cluster_breach(cluster,
                           "node %u: WRITE has a snapshot of entry %" PRIu64
                           " of term %" PRIu64 ", which no log has",
                           node, position.index, position.term);
        return false;
    }
    uint64_t end = sim_log_tree_position(cluster->tree, machine->tip).index;
    bool has_entries = machine->first_index <= end;
    bool drops_all = write->truncate_from > 0 &&
                     write->truncate_from <= machine->first_index;
    if (has_entries && !drops_all &&
        !sim_log_tree_contains(cluster->tree, machine->tip, change->snapshot)) {
        sim_cluster_breach(cluster,
                           "node %u: WRITE has a snapshot of entry %" PRIu64
                           " of term %" PRIu64
                           ", which its log does not contain, and keeps the "
                           "log",
                           node, position.index, position.term);
        return false;
    }
    return true;
}

/* A log that has lost all after its snapshot goes on there. What the snapshot
 * made void before this life is not in the log already. */
static bool take_truncation(struct sim_cluster *cluster, uint32_t node,
                            const struct sim_write *write,
                            struct change *change)
{
    const struct sim_machine *machine = &cluster->machines[node];
    uint64_t end = sim_log_tree_position(cluster->tree, machine->tip).index;
    bool of_void_log =
        machine->void_log && write->truncate_from <= machine->first_index;
    if (write->truncate_from > end + 1) {
        sim_cluster_breach(cluster,
                           "node %u: WRITE truncates from %" PRIu64
                           ", its log ends at %" PRIu64,
                           node, write->truncate_from, end);
        return false;
    }
    if (write->truncate_from > 0 && !of_void_log) {
        end = write->truncate_from - 1;
        change->base = sim_log_tree_ancestor(cluster->tree, machine->tip, end);
        if (change->base == SIM_NO_TIP) {
            change->base = SIM_ROOT; /* further back than anybody has entries */
        }
    }
    if (change->snapshot != SIM_NO_TIP &&
        !sim_log_tree_contains(cluster->tree, change->base, change->snapshot)) {
        change->base = change->snapshot;
        change->first_index = change->snapshot_index + 1;
        return true;
    }
    if (write->truncate_from > 0 && !of_void_log &&
        write->truncate_from < change->first_index) {
        sim_cluster_breach(cluster,
                           "node %u: WRITE truncates from %" PRIu64
                           ", its log begins at %" PRIu64,
                           node, write->truncate_from, change->first_index);
        return false;
    }
    return true;
}

/* What is dropped has to be in the snapshot. */
static bool take_drop(struct sim_cluster *cluster, uint32_t node,
                      const struct sim_write *write, struct change *change)
{
    if (write->drop_before > change->snapshot_index + 1) {
        sim_cluster_breach(cluster,
                           "node %u: WRITE drops entries before %" PRIu64
                           ", its snapshot ends at %" PRIu64,
                           node, write->drop_before, change->snapshot_index);
        return false;
    }
    if (write->drop_before > change->first_index) {
        change->first_index = write->drop_before;
    }
    return true;
}

/* What the write makes of the log, before its entries; false if it does not
 * fit to it. */
static bool find_change(struct sim_cluster *cluster, uint32_t node,
                        const struct sim_write *write, struct change *change)
{
    const struct sim_machine *machine = &cluster->machines[node];
    if (write->id != machine->last_write_id + 1) {
        sim_cluster_breach(
            cluster, "node %u: WRITE has id %" PRIu64 ", expected %" PRIu64,
            node, write->id, machine->last_write_id + 1);
        return false;
    }
    *change = (struct change){.snapshot = SIM_NO_TIP,
                              .base = machine->tip,
                              .first_index = machine->first_index,
                              .snapshot_index = machine->snapshot_index};
    if (!take_snapshot(cluster, node, write, change) ||
        !take_truncation(cluster, node, write, change) ||
        !take_drop(cluster, node, write, change)) {
        return false;
    }
    if (machine->void_log && write->n_entries > 0 &&
        write->truncate_from == 0) {
        sim_cluster_breach(cluster,
                           "node %u: WRITE has entries, and does not truncate "
                           "the log that its snapshot replaced, of which the "
                           "disk still has some",
                           node);
        return false;
    }
    uint64_t end = sim_log_tree_position(cluster->tree, change->base).index;
    if (write->n_entries > 0 && write->first_index != end + 1) {
        sim_cluster_breach(cluster,
                           "node %u: WRITE begins at %" PRIu64
                           ", its log ends at %" PRIu64,
                           node, write->first_index, end);
        return false;
    }
    return true;
}

/* Whether hard states are durable before the step is over. */
static bool is_at_once(const struct sim_cluster *cluster)
{
    return (cluster->type->assumes & SIM_ASSUMES_HARD_STATE_AT_ONCE) != 0;
}

static void submit(struct sim_cluster *cluster, uint32_t node,
                   const struct sim_write *write, const struct change *change)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_disk_write disk_write = {
        .id = write->id,
        .has_hard_state = write->has_hard_state && !is_at_once(cluster),
        .hard_state = write->hard_state,
        .base = change->base,
        .drop_before = write->drop_before,
        .tip = machine->tip,
    };
    if (write->has_snapshot) {
        disk_write.snapshot = sim_archive_put(
            cluster->archive, change->snapshot, &write->snapshot);
    }
    uint64_t completes_us;
    if (sim_disk_submit(machine->disk, cluster->now_us, &disk_write,
                        &completes_us)) {
        sim_event_queue_push(cluster->queue, completes_us, SIM_QUEUE_DISK, node,
                             sim_disk_generation(machine->disk));
    }
}

void cluster__take_write(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_write *write)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct change change;
    if (!find_change(cluster, node, write, &change)) {
        return;
    }
    machine->last_write_id = write->id;
    machine->tip = change.base;
    machine->void_log = machine->void_log && write->truncate_from == 0;
    machine->first_index = change.first_index;
    machine->snapshot_index = change.snapshot_index;
    cluster->snapshot_tip = change.snapshot;
    for (uint32_t i = 0; i < write->n_entries; i++) {
        machine->tip = sim_log_tree_append(cluster->tree, machine->tip,
                                           &write->entries[i], NULL);
        note_omitted(machine, machine->tip, write->entries[i].omitted);
    }
    cluster->tips[node] = machine->tip;
    submit(cluster, node, write, &change);
    note_writing(cluster, node, write);
}

/* --- what is durable ------------------------------------------------------ */

/* The log on the disk was `before`; `write` says what is there now. */
static void tell_durable(struct sim_cluster *cluster, uint32_t node,
                         sim_tip before, const struct sim_disk_write *write)
{
    const struct sim_log_tree *tree = cluster->tree;
    struct sim_trace_durable durable = {
        .node = node,
        .write_id = write->id,
        .crash = cluster->machines[node].node == NULL,
        .hard_state = write->has_hard_state,
        .snapshot = write->snapshot != SIM_NO_SNAPSHOT,
        .truncated = write->base != before,
        .dropped = write->drop_before > 0,
        .n_entries = sim_log_tree_position(tree, write->tip).index -
                     sim_log_tree_position(tree, write->base).index,
    };
    sim_trace_durable(cluster->trace, cluster__moment(cluster), &durable);
}

/* What is on the disk now, for those who look on. */
static void show_disk(struct sim_cluster *cluster, uint32_t node)
{
    const struct sim_disk *disk = cluster->machines[node].disk;
    sim_tip tip = sim_disk_log(disk);
    struct sim_hard_state hard_state = sim_disk_hard_state(disk);
    if (cluster->checker != NULL) {
        sim_checker_set_time(cluster->checker, cluster->step, cluster->now_us);
        sim_checker_durable(cluster->checker, node, tip, hard_state);
        sim_situations_durable(cluster->situations, node, tip, hard_state);
    }
    if (cluster->why != NULL) {
        sim_why_set_time(cluster->why, cluster->step, cluster->now_us);
        sim_why_durable(cluster->why, node, tip, hard_state);
    }
}

/* The write of a step with a hard state that is durable at once, or NULL. */
static const struct sim_write *
hard_state_at_once(const struct sim_cluster *cluster,
                   const struct sim_outputs *outputs)
{
    for (size_t i = 0; i < outputs->count && is_at_once(cluster); i++) {
        const struct sim_output *output = &outputs->items[i];
        if (output->kind == SIM_OUTPUT_WRITE && output->write.has_hard_state) {
            return &output->write;
        }
    }
    return NULL;
}

void cluster__keep_hard_state(struct sim_cluster *cluster, uint32_t node,
                              const struct sim_outputs *outputs)
{
    const struct sim_write *write = hard_state_at_once(cluster, outputs);
    if (write != NULL) {
        sim_disk_put_hard_state(cluster->machines[node].disk,
                                write->hard_state);
        show_disk(cluster, node);
    }
}

void cluster__tell_hard_state(struct sim_cluster *cluster, uint32_t node,
                              const struct sim_outputs *outputs)
{
    const struct sim_write *write = hard_state_at_once(cluster, outputs);
    if (write != NULL) {
        struct sim_trace_durable durable = {
            .node = node, .write_id = write->id, .hard_state = true};
        sim_trace_durable(cluster->trace, cluster__moment(cluster), &durable);
    }
}

void cluster__walk_durable(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_disk_write write;
    sim_tip before = sim_disk_tip(machine->disk);
    bool was_sound = sim_disk_is_sound(machine->disk);
    while (sim_disk_next_durable(machine->disk, &write)) {
        cluster->writes++;
        sim_tip tip = sim_disk_log(machine->disk);
        tell_durable(cluster, node, before, &write);
        before = write.tip;
        show_disk(cluster, node);
        if (!was_sound && cluster->situations != NULL) {
            was_sound = sim_disk_is_sound(machine->disk);
            sim_situations_rot(cluster->situations, node, !was_sound);
        }
        machine->durable_write_id = write.id;
        cluster__note(
            cluster,
            &(struct sim_happening){
                .kind = SIM_EVENT_STORED,
                .node = node,
                .index = sim_log_tree_position(cluster->tree, tip).index});
        cluster__release_sends(cluster, node);
    }
}

void cluster__disk_event(struct sim_cluster *cluster, uint32_t node,
                         uint64_t generation)
{
    struct sim_machine *machine = &cluster->machines[node];
    switch (sim_disk_complete(machine->disk, generation)) {
    case SIM_DISK_STALE:
        return;
    case SIM_DISK_FAILED:
        cluster__write_failed(cluster, node);
        return;
    case SIM_DISK_DONE:
        break;
    }
    cluster__walk_durable(cluster, node);
    uint64_t completes_us;
    if (sim_disk_start_next(machine->disk, cluster->now_us, &completes_us)) {
        sim_event_queue_push(cluster->queue, completes_us, SIM_QUEUE_DISK, node,
                             sim_disk_generation(machine->disk));
    }
    struct sim_input input = {.kind = SIM_INPUT_WRITTEN};
    input.written.write_id = machine->durable_write_id;
    cluster__step(cluster, node, &input);
}
