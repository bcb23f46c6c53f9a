/* The lives of the machines: start, crash, pause; and their clocks. */
#include <inttypes.h>
#include <stdlib.h>

#include "sim/cluster_internal.h"
#include "sim/memory.h"

/* --- lives ---------------------------------------------------------------- */

/* The entries on the disk, as the node wrote them; the caller frees them. */
static struct sim_entry *durable_entries(struct sim_cluster *cluster,
                                         uint32_t node, uint64_t *n)
{
    const struct sim_machine *machine = &cluster->machines[node];
    uint64_t first = sim_disk_first(machine->disk);
    sim_tip tip = sim_disk_tip(machine->disk);
    uint64_t last = sim_log_tree_position(cluster->tree, tip).index;
    *n = last >= first ? last - first + 1 : 0;
    struct sim_entry *entries = sim_calloc((size_t)*n + 1, sizeof *entries);
    for (uint64_t i = *n; i > 0; i--) {
        struct sim_entry *entry = &entries[i - 1];
        *entry = sim_log_tree_entry(cluster->tree, tip);
        if (cluster__is_omitted(machine, tip)) {
            entry->omitted = true;
            entry->data = NULL;
            entry->size = 0;
        }
        tip = sim_log_tree_parent(cluster->tree, tip);
    }
    return entries;
}

/* All that is durable, with these entries. */
static struct sim_image durable_image(const struct sim_cluster *cluster,
                                      uint32_t node,
                                      const struct sim_entry *entries,
                                      uint64_t n)
{
    const struct sim_disk *disk = cluster->machines[node].disk;
    return (struct sim_image){
        .hard_state = sim_disk_hard_state(disk),
        .snapshot = sim_archive_get(cluster->archive, sim_disk_snapshot(disk)),
        .first_index = sim_disk_first(disk),
        .entries = entries,
        .n_entries = n,
    };
}

static struct sim_node *create_node(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_node_options options = cluster->scenario->raft;
    options.id = node;
    options.n_nodes = cluster->n;
    options.state_machine = &sim_kv_functions;
    options.random_seed = sim_prng_next(&machine->seeds);
    uint64_t n = 0;
    struct sim_entry *entries = durable_entries(cluster, node, &n);
    struct sim_image image = durable_image(cluster, node, entries, n);
    cluster->calling = node;
    struct sim_node *created = cluster->type->create(&options, &image);
    cluster->calling = SIM_NONE;
    free(entries);
    return created;
}

static void tell_life(struct sim_cluster *cluster, uint32_t node)
{
    const struct sim_machine *machine = &cluster->machines[node];
    if (!sim_trace_wants_records(cluster->trace)) {
        return;
    }
    uint64_t n = 0;
    struct sim_entry *entries = durable_entries(cluster, node, &n);
    struct sim_image image = durable_image(cluster, node, entries, n);
    sim_trace_life(cluster->trace, cluster__moment(cluster),
                   &(struct sim_trace_life){.node = node,
                                            .life = machine->lives,
                                            .image = &image,
                                            .view = &machine->view,
                                            .members = &machine->members});
    free(entries);
}

/* The machine as a new life finds it. A log that the snapshot made void is not
 * there any more. */
static void begin_life(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    const struct sim_disk *disk = machine->disk;
    machine->tip = sim_disk_log(disk);
    cluster->tips[node] = machine->tip;
    machine->snapshot_index =
        sim_archive_get(cluster->archive, sim_disk_snapshot(disk))
            .position.index;
    bool replaced = machine->tip != sim_disk_tip(disk);
    machine->void_log = sim_disk_log_is_void(disk);
    machine->first_index =
        replaced ? machine->snapshot_index + 1 : sim_disk_first(disk);
    machine->last_write_id = 0;
    machine->durable_write_id = 0;
    machine->last_applied = 0;
    machine->compaction_asked = false;
    machine->has_timer = false;
    machine->hurry = 0;
    machine->blind = false;
    machine->lives++;
    sim_kv_clear(machine->kv);
    cluster__begin_view(cluster, node);
    cluster__look_at_members(cluster, node);
}

bool sim_cluster_start(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (machine->node != NULL || !cluster__read_back(cluster, node)) {
        return false;
    }
    machine->stopped = false;
    machine->node = create_node(cluster, node);
    if (machine->node == NULL) {
        sim_cluster_breach(cluster,
                           "node %u: create() refused what was durable", node);
        return false;
    }
    cluster->n_running++;
    begin_life(cluster, node);
    cluster__note(cluster, &(struct sim_happening){
                               .kind = SIM_EVENT_TERM,
                               .node = node,
                               .term = machine->view.hard_state.term});
    if (machine->lives > 1) {
        cluster->restarts++;
        sim_trace_event(cluster->trace, cluster->now_us, "restart: node %u",
                        node);
        cluster__note(cluster, &(struct sim_happening){
                                   .kind = SIM_EVENT_RESTARTED, .node = node});
    }
    tell_life(cluster, node);
    if (cluster->checker != NULL) {
        sim_checker_set_time(cluster->checker, cluster->step, cluster->now_us);
        sim_checker_boot(cluster->checker, node, machine->tip,
                         sim_disk_hard_state(machine->disk), &machine->view,
                         &machine->members);
        sim_situations_boot(cluster->situations, node, cluster->now_us,
                            machine->tip, sim_disk_hard_state(machine->disk),
                            &machine->view, &machine->members);
    }
    if (cluster->why != NULL) {
        sim_why_set_time(cluster->why, cluster->step, cluster->now_us);
        sim_why_boot(cluster->why, node, machine->tip,
                     sim_disk_hard_state(machine->disk), &machine->view);
    }
    cluster__step(cluster, node, &(struct sim_input){.kind = SIM_INPUT_START});
    return true;
}

/* What had come to a paused machine, or was about to leave it, is lost. */
static void drop_mail(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    for (size_t i = 0; i < machine->piled_count; i++) {
        const struct sim_event *event = &machine->piled[i];
        if (event->kind == SIM_QUEUE_RECEIPT ||
            event->kind == SIM_QUEUE_REQUEST) {
            cluster__lose(cluster, (uint32_t)event->b);
        }
    }
    machine->piled_count = 0;
    for (; machine->sends_count > 0; machine->sends_count--) {
        sim_mail_drop(cluster->mail,
                      machine->sends[machine->sends_first].letter);
        machine->sends_first =
            (machine->sends_first + 1) % machine->sends_capacity;
    }
    cluster__forget_clients(cluster, node);
}

static const char *unfinished_name(enum sim_unfinished unfinished)
{
    switch (unfinished) {
    case SIM_UNFINISHED_USUAL:
    case SIM_UNFINISHED_RANDOM:
        return "partly lost";
    case SIM_UNFINISHED_ANY_ORDER:
        return "partly lost, in any order";
    case SIM_UNFINISHED_TORN:
        return "torn";
    case SIM_UNFINISHED_LOST:
        return "lost";
    case SIM_UNFINISHED_KEPT:
        return "kept";
    }
    return "";
}

void cluster__go_down(struct sim_cluster *cluster, uint32_t node,
                      enum sim_unfinished unfinished, struct sim_prng *prng)
{
    struct sim_machine *machine = &cluster->machines[node];
    drop_mail(cluster, node);
    cluster->type->destroy(machine->node);
    machine->node = NULL;
    cluster->n_running -= machine->paused ? 0 : 1;
    machine->paused = false;
    machine->timer_generation++;
    machine->timer_event_us = SIM_NO_EVENT;
    if (cluster->situations != NULL) {
        sim_situations_crash(cluster->situations, node);
    }
    if (cluster->why != NULL) {
        sim_why_crash(cluster->why, node, machine->stopped);
    }
    sim_disk_crash(machine->disk, unfinished, prng);
    cluster__walk_durable(cluster, node);
    machine->tip = SIM_NO_TIP;
    cluster->tips[node] = SIM_NO_TIP;
    sim_trace_crash(cluster->trace, cluster__moment(cluster), node);
    if (cluster->checker != NULL) {
        sim_checker_crash(cluster->checker, node);
    }
    cluster__find_leader(cluster);
}

bool sim_cluster_crash(struct sim_cluster *cluster, uint32_t node,
                       enum sim_unfinished said)
{
    struct sim_machine *machine = &cluster->machines[node];
    enum sim_unfinished unfinished = cluster__unfinished(cluster, said);
    if (machine->node == NULL) {
        return false;
    }
    cluster->crashes++;
    bool has_unfinished = sim_disk_has_unfinished(machine->disk);
    sim_trace_event(cluster->trace, cluster->now_us,
                    "crash: node %u, %s of term %" PRIu64 "%s%s", node,
                    sim_role_name(machine->view.role),
                    machine->view.hard_state.term,
                    has_unfinished ? ", unfinished writes " : "",
                    has_unfinished ? unfinished_name(unfinished) : "");
    cluster__go_down(cluster, node, unfinished, &machine->crash_luck);
    return true;
}

bool sim_cluster_pause(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (machine->node == NULL || machine->paused) {
        return false;
    }
    sim_trace_event(cluster->trace, cluster->now_us, "pause: node %u", node);
    machine->paused = true;
    cluster->n_running--;
    return true;
}

bool sim_cluster_resume(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (!machine->paused) {
        return false;
    }
    sim_trace_event(cluster->trace, cluster->now_us, "resume: node %u", node);
    machine->paused = false;
    cluster->n_running++;
    for (size_t i = 0; i < machine->piled_count; i++) {
        const struct sim_event *event = &machine->piled[i];
        sim_event_queue_push(cluster->queue, cluster->now_us, event->kind,
                             event->a, event->b);
    }
    machine->piled_count = 0;
    return true;
}

/* --- clocks --------------------------------------------------------------- */

void sim_cluster_set_clock_rate(struct sim_cluster *cluster, uint32_t node,
                                int32_t rate_ppm)
{
    struct sim_machine *machine = &cluster->machines[node];
    sim_clock_set_rate(&machine->clock, cluster->now_us, rate_ppm);
    cluster__arm_timer(cluster, node);
}

void sim_cluster_jump_clock(struct sim_cluster *cluster, uint32_t node,
                            uint64_t by_us)
{
    struct sim_machine *machine = &cluster->machines[node];
    sim_clock_jump(&machine->clock, cluster->now_us, by_us);
    if (cluster->situations != NULL) {
        sim_situations_jump(cluster->situations, node, cluster->now_us);
    }
    cluster__arm_timer(cluster, node);
}

/* See SIM_ASSUMES_TICKS. */
#define HURRY_TICKS 10000u

bool sim_cluster_expire_timer(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    uint64_t local_us =
        sim_clock_local_from_virtual(&machine->clock, cluster->now_us);
    if (machine->node == NULL || !machine->has_timer) {
        return false;
    }
    if ((cluster->type->assumes & SIM_ASSUMES_TICKS) != 0) {
        machine->hurry = HURRY_TICKS; /* also if a tick is due at this moment */
    }
    if (machine->timer_local_us > local_us) {
        sim_cluster_jump_clock(cluster, node,
                               machine->timer_local_us - local_us);
        return true;
    }
    return machine->hurry > 0;
}

void cluster__hurry(struct sim_cluster *cluster, uint32_t node, bool has_sent)
{
    struct sim_machine *machine = &cluster->machines[node];
    uint64_t local_us =
        sim_clock_local_from_virtual(&machine->clock, cluster->now_us);
    if (machine->node == NULL || !machine->has_timer || has_sent) {
        machine->hurry = 0;
    }
    if (machine->hurry > 0) {
        machine->hurry--;
        if (machine->timer_local_us > local_us) {
            sim_cluster_jump_clock(cluster, node,
                                   machine->timer_local_us - local_us);
        }
    }
}
