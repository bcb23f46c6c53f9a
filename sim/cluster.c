#undef NDEBUG
#include "sim/cluster.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"

/* --- new and free --------------------------------------------------------- */

/* Commands of /initial are alike wherever index and term are: Raft would have
 * made them so. Eight bytes that are no client's command. */
static sim_tip grow_initial_log(struct sim_log_tree *tree,
                                const struct sim_initial *initial)
{
    sim_tip tip = SIM_ROOT;
    for (uint32_t i = 0; i < initial->n_terms; i++) {
        uint64_t term = initial->terms[i];
        uint8_t data[8];
        for (unsigned b = 0; b < 8; b++) {
            data[b] = (uint8_t)(term >> (8 * b));
        }
        struct sim_entry entry = {.term = term,
                                  .data = data,
                                  .size = sizeof data,
                                  .kind = SIM_ENTRY_COMMAND};
        tip = sim_log_tree_append(tree, tip, &entry, NULL);
    }
    return tip;
}

static void preload_disks(struct sim_cluster *cluster)
{
    const struct sim_scenario *scenario = cluster->scenario;
    for (uint32_t i = 0; i < scenario->n_initial; i++) {
        const struct sim_initial *initial = &scenario->initial[i];
        if (initial->node <= cluster->n) {
            sim_disk_preload(cluster->machines[initial->node].disk,
                             grow_initial_log(cluster->tree, initial),
                             initial->hard_state);
        }
    }
}

static void init_machine(struct sim_cluster *cluster, uint32_t node,
                         uint64_t seed)
{
    const struct sim_scenario *scenario = cluster->scenario;
    struct sim_machine *machine = &cluster->machines[node];
    uint64_t offset_us = 0;
    int32_t rate_ppm = 0;
    for (uint32_t i = 0; i < scenario->n_clocks; i++) {
        const struct sim_clock_setting *clock = &scenario->clocks[i];
        for (uint32_t j = 0; j < clock->nodes.count; j++) {
            const struct sim_target *target = &clock->nodes.items[j];
            if (target->kind == SIM_TARGET_ALL || target->node == node) {
                offset_us = clock->offset_us;
                rate_ppm = clock->rate_ppm;
            }
        }
    }
    machine->clock = sim_clock_new(offset_us, rate_ppm);
    machine->usual_rate_ppm = rate_ppm;
    machine->disk = sim_disk_new(cluster->tree, seed, node,
                                 &scenario->disk_write, &scenario->disk_fsync);
    machine->kv = sim_kv_new();
    machine->tip = SIM_NO_TIP;
    machine->timer_event_us = SIM_NO_EVENT;
    machine->seeds = sim_prng_stream(seed, SIM_STREAM_NODE, node, 0);
    machine->crash_luck = sim_prng_stream(seed, SIM_STREAM_CRASH, node, 0);
    machine->client_luck =
        sim_prng_stream(seed, SIM_STREAM_CLIENT, node, UINT64_C(1) << 32);
}

struct sim_cluster *sim_cluster_new(const struct sim_scenario *scenario,
                                    const struct sim_options *options,
                                    struct sim_event_queue *queue)
{
    struct sim_cluster *cluster = sim_calloc(1, sizeof *cluster);
    cluster->scenario = scenario;
    cluster->type = options->node_type;
    cluster->queue = queue;
    cluster->n = scenario->nodes;
    cluster->tree = sim_log_tree_new();
    cluster->network = sim_network_new(scenario, options->seed);
    cluster->mail = sim_mail_new();
    cluster->checker =
        options->checks ? sim_checker_new(cluster->tree, cluster->n) : NULL;
    cluster->trace = sim_trace_new(options->node_type, options->trace,
                                   options->trace_from_step);
    cluster->machines =
        sim_calloc((size_t)cluster->n + 1, sizeof *cluster->machines);
    cluster->tips = sim_calloc((size_t)cluster->n + 1, sizeof *cluster->tips);
    for (uint32_t node = 1; node <= cluster->n; node++) {
        init_machine(cluster, node, options->seed);
        cluster->tips[node] = SIM_NO_TIP;
    }
    preload_disks(cluster);
    return cluster;
}

void sim_cluster_free(struct sim_cluster *cluster)
{
    if (cluster == NULL) {
        return;
    }
    for (uint32_t node = 1; node <= cluster->n; node++) {
        struct sim_machine *machine = &cluster->machines[node];
        if (machine->node != NULL) {
            cluster->type->destroy(machine->node);
        }
        sim_disk_free(machine->disk);
        sim_kv_free(machine->kv);
        free(machine->sends);
        free(machine->commands);
        free(machine->piled);
    }
    free(cluster->machines);
    free(cluster->tips);
    free(cluster->states);
    free(cluster->happenings);
    sim_checker_free(cluster->checker);
    sim_trace_free(cluster->trace);
    sim_network_free(cluster->network);
    sim_mail_free(cluster->mail);
    sim_log_tree_free(cluster->tree);
    free(cluster);
}

/* --- notes ---------------------------------------------------------------- */

void sim__cluster_note(struct sim_cluster *cluster,
                       const struct sim_happening *happening)
{
    if ((cluster->watched >> happening->kind & 1u) == 0) {
        return;
    }
    cluster->happenings =
        sim_grow(cluster->happenings, &cluster->happenings_capacity,
                 cluster->n_happenings + 1, sizeof *cluster->happenings);
    cluster->happenings[cluster->n_happenings] = *happening;
    cluster->n_happenings++;
}

void sim__cluster_breach(struct sim_cluster *cluster, const char *format, ...)
{
    if (cluster->contract[0] != '\0') {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cluster->contract, sizeof cluster->contract, format, arguments);
    va_end(arguments);
}

/* --- queries -------------------------------------------------------------- */

bool sim_cluster_is_up(const struct sim_cluster *cluster, uint32_t node)
{
    return cluster->machines[node].node != NULL;
}

bool sim_cluster_is_whole(const struct sim_cluster *cluster)
{
    return cluster->n_running == cluster->n;
}

void sim__cluster_find_leader(struct sim_cluster *cluster)
{
    uint64_t term = 0;
    cluster->leader = SIM_NONE;
    for (uint32_t node = 1; node <= cluster->n; node++) {
        const struct sim_machine *machine = &cluster->machines[node];
        if (machine->node != NULL && machine->view.role == SIM_LEADER &&
            machine->view.hard_state.term > term) {
            term = machine->view.hard_state.term;
            cluster->leader = node;
        }
    }
}

/* --- lives ---------------------------------------------------------------- */

/* The log on the disk as an image; the caller frees it. */
static struct sim_entry *durable_entries(struct sim_cluster *cluster,
                                         sim_tip tip, uint64_t *n)
{
    *n = sim_log_tree_position(cluster->tree, tip).index;
    struct sim_entry *entries = sim_calloc((size_t)*n + 1, sizeof *entries);
    for (uint64_t i = *n; i > 0; i--) {
        entries[i - 1] = sim_log_tree_entry(cluster->tree, tip);
        tip = sim_log_tree_parent(cluster->tree, tip);
    }
    return entries;
}

static struct sim_node *create_node(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_node_options options = cluster->scenario->raft;
    options.id = node;
    options.n_nodes = cluster->n;
    options.random_seed = sim_prng_next(&machine->seeds);
    uint64_t n = 0;
    struct sim_entry *entries =
        durable_entries(cluster, sim_disk_tip(machine->disk), &n);
    struct sim_image image = {
        .hard_state = sim_disk_hard_state(machine->disk),
        .entries = entries,
        .n_entries = n,
    };
    struct sim_node *created = cluster->type->create(&options, &image);
    free(entries);
    return created;
}

bool sim_cluster_start(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (machine->node != NULL) {
        return false;
    }
    machine->node = create_node(cluster, node);
    if (machine->node == NULL) {
        sim__cluster_breach(cluster,
                            "node %u: create() refused what was durable", node);
        return false;
    }
    cluster->n_running++;
    machine->tip = sim_disk_tip(machine->disk);
    cluster->tips[node] = machine->tip;
    machine->last_write_id = 0;
    machine->durable_write_id = 0;
    machine->last_applied = 0;
    machine->has_timer = false;
    sim_kv_clear(machine->kv);
    cluster->type->inspect(machine->node, &machine->view);
    sim__cluster_note(cluster, &(struct sim_happening){
                                   .kind = SIM_EVENT_TERM,
                                   .node = node,
                                   .term = machine->view.hard_state.term});
    machine->lives++;
    if (machine->lives > 1) {
        cluster->restarts++;
        sim_trace_event(cluster->trace, cluster->now_us, "restart: node %u",
                        node);
    }
    if (cluster->checker != NULL) {
        sim_checker_set_time(cluster->checker, cluster->step, cluster->now_us);
        sim_checker_boot(cluster->checker, node, machine->tip,
                         sim_disk_hard_state(machine->disk), &machine->view);
    }
    sim__host_step(cluster, node, &(struct sim_input){.kind = SIM_INPUT_START});
    return true;
}

/* What had come to a paused machine, or was about to leave it, is lost. */
static void drop_mail(struct sim_cluster *cluster, struct sim_machine *machine)
{
    for (size_t i = 0; i < machine->piled_count; i++) {
        const struct sim_event *event = &machine->piled[i];
        if (event->kind == SIM_QUEUE_RECEIPT ||
            event->kind == SIM_QUEUE_REQUEST) {
            sim__post_lose(cluster, (uint32_t)event->b);
        }
    }
    machine->piled_count = 0;
    for (; machine->sends_count > 0; machine->sends_count--) {
        sim_mail_drop(cluster->mail,
                      machine->sends[machine->sends_first].letter);
        machine->sends_first =
            (machine->sends_first + 1) % machine->sends_capacity;
    }
    machine->commands_count = 0;
}

static const char *unfinished_name(enum sim_unfinished unfinished)
{
    switch (unfinished) {
    case SIM_UNFINISHED_RANDOM:
        return "partly lost";
    case SIM_UNFINISHED_LOST:
        return "lost";
    case SIM_UNFINISHED_KEPT:
        return "kept";
    }
    return "";
}

bool sim_cluster_crash(struct sim_cluster *cluster, uint32_t node,
                       enum sim_unfinished unfinished)
{
    struct sim_machine *machine = &cluster->machines[node];
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
    drop_mail(cluster, machine);
    cluster->type->destroy(machine->node);
    machine->node = NULL;
    cluster->n_running -= machine->paused ? 0 : 1;
    machine->paused = false;
    machine->timer_generation++;
    machine->timer_event_us = SIM_NO_EVENT;
    sim_disk_crash(machine->disk, unfinished, &machine->crash_luck);
    sim__host_walk_durable(cluster, node);
    machine->tip = SIM_NO_TIP;
    cluster->tips[node] = SIM_NO_TIP;
    if (cluster->checker != NULL) {
        sim_checker_crash(cluster->checker, node);
    }
    sim__cluster_find_leader(cluster);
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
    sim__host_arm_timer(cluster, node);
}

void sim_cluster_jump_clock(struct sim_cluster *cluster, uint32_t node,
                            uint64_t by_us)
{
    struct sim_machine *machine = &cluster->machines[node];
    sim_clock_jump(&machine->clock, cluster->now_us, by_us);
    sim__host_arm_timer(cluster, node);
}

bool sim_cluster_expire_timer(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    uint64_t local_us =
        sim_clock_local_from_virtual(&machine->clock, cluster->now_us);
    if (machine->node == NULL || !machine->has_timer ||
        machine->timer_local_us <= local_us) {
        return false;
    }
    sim_cluster_jump_clock(cluster, node, machine->timer_local_us - local_us);
    return true;
}
