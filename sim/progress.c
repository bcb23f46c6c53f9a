#include "sim/progress.h"

#include <inttypes.h>
#include <stdio.h>

struct sim_progress sim_progress_new(struct sim_cluster *cluster,
                                     struct sim_clients *clients,
                                     const struct sim_faults *faults)
{
    return (struct sim_progress){
        .cluster = cluster, .clients = clients, .faults = faults};
}

static struct sim_trace_moment moment(const struct sim_progress *progress)
{
    return (struct sim_trace_moment){progress->cluster->step,
                                     progress->cluster->now_us};
}

static void begin(struct sim_progress *progress)
{
    struct sim_cluster *cluster = progress->cluster;
    progress->waits = true;
    progress->number++;
    progress->committed = false;
    struct sim_client_action action;
    sim_clients_probe_start(progress->clients, cluster->now_us, &action);
    sim_cluster_carry_out(cluster, &action);
    uint64_t deadline_us =
        cluster->now_us + cluster->scenario->expect.progress_within_us;
    sim_trace_wait(cluster->trace, moment(progress), progress->number,
                   action.data, action.size, deadline_us);
    sim_event_queue_push(cluster->queue, deadline_us, SIM_QUEUE_DEADLINE, 0,
                         progress->number);
}

/* The first member that has not applied what is needed; SIM_NONE: all have. */
static uint32_t find_straggler(const struct sim_progress *progress)
{
    const struct sim_cluster *cluster = progress->cluster;
    struct sim_set members =
        sim_configuration_members(sim_cluster_members(cluster));
    for (uint32_t node = 1; node <= cluster->n; node++) {
        if (sim_set_has(&members, node) && !cluster->machines[node].refused &&
            cluster->machines[node].last_applied < progress->needs_index) {
            return node;
        }
    }
    return SIM_NONE;
}

/* Nobody leads, as far as that can be told. */
static bool has_no_leader(const struct sim_cluster *cluster)
{
    return cluster->leader == SIM_NONE && sim_cluster_knows_leaders(cluster);
}

/* What a change of the members has left to do; NULL if nothing. */
static const char *unsettled(const struct sim_progress *progress)
{
    const struct sim_cluster *cluster = progress->cluster;
    const struct sim_configuration *members = sim_cluster_members(cluster);
    if (sim_configuration_is_joint(members)) {
        return "its members are still joint";
    }
    return cluster->leader == SIM_NONE ||
                   sim_set_has(&members->voters, cluster->leader)
               ? NULL
               : "it is no voter by its own log";
}

static void look_for_end(struct sim_progress *progress)
{
    struct sim_cluster *cluster = progress->cluster;
    if (!progress->committed && sim_clients_probe_done(progress->clients)) {
        progress->committed = true;
        progress->needs_index = cluster->committed;
    }
    if (progress->committed && !has_no_leader(cluster) &&
        find_straggler(progress) == SIM_NONE && unsettled(progress) == NULL) {
        progress->waits = false;
        if (cluster->checker != NULL) {
            sim_checker_progress(cluster->checker, true, NULL);
        }
    }
}

void sim_progress_end(struct sim_progress *progress)
{
    progress->is_last_due = !progress->waits;
}

void sim_progress_look(struct sim_progress *progress, bool undone)
{
    if (progress->cluster->scenario->expect.progress_within_us ==
        SIM_UNLIMITED) {
        return;
    }
    uint64_t count = sim_faults_count(progress->faults);
    bool changed = undone || count != progress->seen_faults ||
                   progress->cluster->changes != progress->seen_changes ||
                   progress->is_last_due;
    bool calm = sim_faults_is_calm(progress->faults);
    if (calm && (changed || !progress->was_calm)) {
        begin(progress);
    } else if (!calm && progress->waits) {
        progress->waits = false;
        sim_trace_wait_off(progress->cluster->trace, moment(progress),
                           progress->number);
    }
    progress->seen_faults = count;
    progress->seen_changes = progress->cluster->changes;
    progress->was_calm = calm;
    progress->is_last_due = false;
    if (progress->waits) {
        look_for_end(progress);
    }
}

void sim_progress_deadline(struct sim_progress *progress, uint64_t number)
{
    struct sim_cluster *cluster = progress->cluster;
    sim_trace_deadline(cluster->trace, moment(progress), number);
    if (!progress->waits || progress->number != number) {
        return;
    }
    progress->waits = false;
    if (cluster->checker == NULL) {
        return;
    }
    char missing[128];
    uint32_t straggler = find_straggler(progress);
    if (!progress->committed && has_no_leader(cluster)) {
        snprintf(missing, sizeof missing, "there is no leader");
    } else if (!progress->committed && cluster->leader == SIM_NONE) {
        snprintf(missing, sizeof missing, "no new command was committed");
    } else if (!progress->committed) {
        snprintf(missing, sizeof missing,
                 "node %" PRIu32 " leads, but no new command was committed",
                 cluster->leader);
    } else if (straggler != SIM_NONE) {
        snprintf(missing, sizeof missing,
                 "node %" PRIu32 " has applied %" PRIu64 " of %" PRIu64
                 " entries",
                 straggler, cluster->machines[straggler].last_applied,
                 progress->needs_index);
    } else if (has_no_leader(cluster)) {
        snprintf(missing, sizeof missing, "there is no leader any more");
    } else {
        snprintf(missing, sizeof missing, "node %" PRIu32 " leads, but %s",
                 cluster->leader, unsettled(progress));
    }
    sim_checker_set_time(cluster->checker, cluster->step, cluster->now_us);
    sim_checker_progress(cluster->checker, false, missing);
}
