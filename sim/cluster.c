/* The whole of the cluster: its making, notes of what happens, questions. */
#undef NDEBUG
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/cluster_internal.h"
#include "sim/memory.h"
#include "sim/node_type.h"

/* --- new and free --------------------------------------------------------- */

/* Where nodes do not know of members, all are. */
static struct sim_configuration
initial_members(const struct sim_scenario *scenario,
                const struct sim_node_type *type)
{
    if (scenario->n_members == 0 || type->bootstrap == NULL) {
        return sim_configuration_of(scenario->nodes);
    }
    struct sim_configuration members = {0};
    for (uint32_t i = 0; i < scenario->n_members; i++) {
        const struct sim_initial_member *member = &scenario->members[i];
        if (member->node > scenario->nodes) {
            continue;
        }
        members.priorities[member->node - 1] = member->priority;
        switch (member->as) {
        case SIM_AS_WITNESS:
            sim_set_add(&members.witnesses, member->node);
            sim_set_add(&members.voters, member->node);
            break;
        case SIM_AS_VOTER:
            sim_set_add(&members.voters, member->node);
            break;
        case SIM_AS_LEARNER:
            sim_set_add(&members.learners, member->node);
            break;
        }
    }
    return sim_set_is_empty(&members.voters)
               ? sim_configuration_of(scenario->nodes)
               : members;
}

/* Commands of /initial are alike wherever index and term are: Raft would have
 * made them so. Eight bytes that are no client's command. */
static sim_tip grow_initial_log(struct sim_log_tree *tree, sim_tip tip,
                                const struct sim_initial *initial)
{
    uint32_t n = (uint32_t)sim_log_tree_position(tree, tip).index;
    for (uint32_t i = n; i < initial->n_terms; i++) {
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

static const struct sim_initial *initial_of(const struct sim_scenario *scenario,
                                            uint32_t node)
{
    for (uint32_t i = 0; i < scenario->n_initial; i++) {
        if (scenario->initial[i].node == node) {
            return &scenario->initial[i];
        }
    }
    return NULL;
}

/* What the members of a new cluster begin with. */
struct beginning {
    sim_snapshot_number snapshot; /* or SIM_NO_SNAPSHOT */
    sim_tip log;
    struct sim_hard_state hard_state;
};

/* Far more than any configuration takes. */
#define BOOTSTRAP_MAX ((size_t)1 << 20)

static struct beginning begin_cluster(struct sim_cluster *cluster)
{
    const struct sim_node_type *type = cluster->type;
    struct beginning begin = {.snapshot = SIM_NO_SNAPSHOT, .log = SIM_ROOT};
    if (type->bootstrap == NULL) {
        return begin;
    }
    size_t size = type->bootstrap(&cluster->initial, NULL);
    if (size > BOOTSTRAP_MAX) {
        sim_cluster_breach(cluster, "bootstrap() wants %zu bytes", size);
        return begin;
    }
    uint8_t *bytes = sim_calloc(size + 1, 1);
    type->bootstrap(&cluster->initial, bytes);
    if ((type->assumes & SIM_ASSUMES_FIRST_ENTRY) != 0) {
        struct sim_entry entry = {.term = 1,
                                  .data = bytes,
                                  .size = (uint32_t)size,
                                  .kind = SIM_ENTRY_CONFIGURATION};
        begin.log = sim_log_tree_append(cluster->tree, SIM_ROOT, &entry, NULL);
        begin.hard_state.term = 1;
    } else {
        begin.snapshot = sim_archive_put(
            cluster->archive, SIM_ROOT,
            &(struct sim_snapshot){.meta = bytes, .meta_size = size});
    }
    free(bytes);
    return begin;
}

/* `begin`, or the scenario's /initial on top of it: its terms count from entry
 * 1 on, whoever wrote that. */
static void preload(struct sim_cluster *cluster, uint32_t node,
                    struct beginning begin)
{
    const struct sim_initial *initial = initial_of(cluster->scenario, node);
    if (initial != NULL) {
        begin.log = grow_initial_log(cluster->tree, begin.log, initial);
    }
    if (initial != NULL && initial->hard_state.term >= begin.hard_state.term) {
        begin.hard_state = initial->hard_state;
    }
    sim_disk_preload(cluster->machines[node].disk, begin.snapshot, begin.log,
                     begin.hard_state);
    /* It is committed before anybody runs. */
    if (cluster->checker != NULL &&
        (cluster->type->assumes & SIM_ASSUMES_FIRST_ENTRY) != 0) {
        sim_checker_durable(cluster->checker, node, begin.log,
                            begin.hard_state);
    }
}

static void preload_disks(struct sim_cluster *cluster)
{
    struct beginning begin = begin_cluster(cluster);
    struct sim_set members = sim_configuration_members(&cluster->initial);
    for (uint32_t node = 1; node <= cluster->n; node++) {
        preload(cluster, node,
                sim_set_has(&members, node)
                    ? begin
                    : (struct beginning){.snapshot = SIM_NO_SNAPSHOT,
                                         .log = SIM_ROOT});
    }
    sim_archive_release(cluster->archive, begin.snapshot);
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
    machine->disk = sim_disk_new(cluster->tree, cluster->archive, seed, node,
                                 &scenario->disk_write, &scenario->disk_fsync);
    sim_disk_set_errors(machine->disk, cluster->fsync_error_ppm, false);
    machine->kv = sim_kv_new();
    machine->tip = SIM_NO_TIP;
    machine->timer_event_us = SIM_NO_EVENT;
    sim_disk_record(machine->disk, cluster->recording, node);
    machine->seeds = sim_recording_stream(
        cluster->recording,
        scenario->has_random_seed ? scenario->random_seed : seed,
        SIM_STREAM_NODE, node, 0);
    machine->crash_luck = sim_recording_stream(cluster->recording, seed,
                                               SIM_STREAM_CRASH, node, 0);
    machine->client_luck = sim_recording_stream(
        cluster->recording, seed, SIM_STREAM_CLIENT, node, UINT64_C(1) << 32);
}

struct sim_cluster *sim_cluster_new(const struct sim_scenario *scenario,
                                    const struct sim_options *options,
                                    struct sim_event_queue *queue)
{
    struct sim_cluster *cluster = sim_calloc(1, sizeof *cluster);
    cluster->scenario = scenario;
    cluster->complete = sim_node_type_complete(options->node_type);
    cluster->type = &cluster->complete;
    cluster->knows_leaders =
        sim_property_hidden(SIM_ELECTION_SAFETY, options->node_type) == NULL;
    cluster->queue = queue;
    cluster->n = scenario->nodes;
    cluster->fsync_error_ppm = scenario->disk_fsync_error_ppm;
    cluster->tree = sim_log_tree_new();
    cluster->archive = sim_archive_new();
    cluster->initial = initial_members(scenario, cluster->type);
    cluster->memberships =
        sim_memberships_new(cluster->tree, cluster->type, &cluster->initial);
    cluster->members = &cluster->initial;
    cluster->witnesses = cluster->initial.witnesses;
    cluster->recording = options->recording;
    cluster->network = sim_network_new(scenario, options->seed);
    sim_network_record(cluster->network, options->recording);
    if (scenario->has_fifo ? scenario->fifo
                           : (cluster->type->assumes & SIM_ASSUMES_FIFO) != 0) {
        sim_network_set_fifo(cluster->network);
    }
    cluster->mail = sim_mail_new();
    cluster->checker =
        options->checks
            ? sim_checker_new(cluster->tree, cluster->memberships, cluster->n)
            : NULL;
    if (options->checks) {
        sim_checker_set_type(cluster->checker, options->node_type);
        cluster->situations =
            sim_situations_new(cluster->tree, cluster->memberships, cluster->n,
                               scenario->raft.lease_reads);
    }
    cluster->trace =
        sim_trace_new(cluster->type, options->trace, options->trace_from_step);
    sim_trace_set_format(cluster->trace, options->trace_format);
    sim_trace_set_watcher(cluster->trace, options->watcher);
    if (options->unhashed) {
        sim_trace_leave_unhashed(cluster->trace);
    }
    if (options->checks && options->explain) {
        cluster->why = sim_why_new(cluster->tree, cluster->memberships,
                                   cluster->n, scenario->raft.lease_reads);
        sim_trace_set_hearer(cluster->trace, sim_why_hearer(cluster->why));
    }
    cluster->machines =
        sim_calloc((size_t)cluster->n + 1, sizeof *cluster->machines);
    cluster->tips = sim_calloc((size_t)cluster->n + 1, sizeof *cluster->tips);
    for (uint32_t node = 1; node <= cluster->n; node++) {
        init_machine(cluster, node, options->seed);
        cluster->tips[node] = SIM_NO_TIP;
    }
    preload_disks(cluster);
    cluster__plan_reclaim(cluster, options);
    sim_trace_run(cluster->trace,
                  &(struct sim_trace_run){.scenario = scenario,
                                          .seed = options->seed,
                                          .members = &cluster->initial});
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
        free(machine->reads);
        free(machine->omitted);
        free(machine->piled);
    }
    free(cluster->machines);
    free(cluster->tips);
    free(cluster->states);
    free(cluster->happenings);
    free(cluster->wakings);
    free(cluster->image);
    sim_checker_free(cluster->checker);
    sim_situations_free(cluster->situations);
    sim_trace_free(cluster->trace);
    sim_why_free(cluster->why);
    sim_network_free(cluster->network);
    sim_mail_free(cluster->mail);
    sim_memberships_free(cluster->memberships);
    sim_archive_free(cluster->archive);
    sim_log_tree_free(cluster->tree);
    free(cluster);
}

/* --- notes and rings ------------------------------------------------------ */

void cluster__note(struct sim_cluster *cluster,
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

void sim_cluster_breach(struct sim_cluster *cluster, const char *format, ...)
{
    if (cluster->contract[0] != '\0') {
        return;
    }
    cluster->contract_kind = format;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cluster->contract, sizeof cluster->contract, format, arguments);
    va_end(arguments);
}

void *cluster__grow_ring(void *ring, size_t *capacity, size_t first,
                         size_t count, size_t size)
{
    if (count < *capacity) {
        return ring;
    }
    size_t old = *capacity;
    uint8_t *bytes = sim_grow(ring, capacity, old * 2 + 8, size);
    for (size_t i = 0; i < first * size; i++) {
        bytes[old * size + i] = bytes[i];
    }
    return bytes;
}

/* --- questions ------------------------------------------------------------ */

bool sim_cluster_is_up(const struct sim_cluster *cluster, uint32_t node)
{
    return cluster->machines[node].node != NULL;
}

bool sim_cluster_runs(const struct sim_cluster *cluster, uint32_t node)
{
    const struct sim_machine *machine = &cluster->machines[node];
    return machine->node != NULL && !machine->paused;
}

bool sim_cluster_is_whole(const struct sim_cluster *cluster)
{
    return cluster->n_running + cluster->n_refused == cluster->n &&
           (cluster->n_refused == 0 || cluster__can_recover(cluster));
}

const struct sim_configuration *
sim_cluster_members(const struct sim_cluster *cluster)
{
    return cluster->members;
}

bool sim_cluster_knows_leaders(const struct sim_cluster *cluster)
{
    return cluster->knows_leaders;
}

bool sim_cluster_can(const struct sim_cluster *cluster, uint32_t features)
{
    return (cluster->type->features & features) == features;
}

struct sim_trace_moment cluster__moment(const struct sim_cluster *cluster)
{
    return (struct sim_trace_moment){cluster->step, cluster->now_us};
}

/* --- who leads, and whom -------------------------------------------------- */

/* A leader's unreadable configuration is for the checker; the members stay. */
static void look_at_leaders_members(struct sim_cluster *cluster)
{
    if (cluster->leader == SIM_NONE) {
        return;
    }
    const struct sim_configuration *members = sim_memberships_of(
        cluster->memberships, cluster->machines[cluster->leader].tip);
    if (members != NULL) {
        cluster->members = members;
    }
}

void cluster__find_leader(struct sim_cluster *cluster)
{
    uint64_t term = 0;
    uint32_t before = cluster->leader;
    cluster->leader = SIM_NONE;
    for (uint32_t node = 1; node <= cluster->n; node++) {
        const struct sim_machine *machine = &cluster->machines[node];
        if (machine->node != NULL && machine->view.role == SIM_LEADER &&
            machine->view.hard_state.term > term) {
            term = machine->view.hard_state.term;
            cluster->leader = node;
        }
    }
    if (cluster->leader != before) {
        cluster->views++;
    }
    look_at_leaders_members(cluster);
}

bool cluster__look_at_members(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_configuration members = cluster->initial;
    if (cluster->type->members != NULL) {
        cluster__ask_for_members(cluster, node, &members);
    } else {
        const struct sim_configuration *logged =
            sim_memberships_of(cluster->memberships, machine->tip);
        members = logged != NULL ? *logged : members;
    }
    if (node == cluster->leader) {
        look_at_leaders_members(cluster);
    }
    if (sim_configuration_equal(&members, &machine->members)) {
        return false;
    }
    machine->members = members;
    cluster->witnesses = sim_set_union(&cluster->witnesses, &members.witnesses);
    cluster->views++;
    return true;
}
