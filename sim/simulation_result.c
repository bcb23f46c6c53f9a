/* What came of a run: the counts, what is unmet, and the verdict. */
#include <stdio.h>
#include <string.h>

#include "sim/history_judge.h"
#include "sim/simulation_internal.h"

struct sim_expect_sample
simulation__sample_of(const struct sim_simulation *simulation)
{
    const struct sim_cluster *cluster = simulation->cluster;
    return (struct sim_expect_sample){
        .elections = cluster->elections,
        .commits = cluster->committed,
        .highest_term = cluster->highest_term,
        .leader = cluster->leader,
        .tips = cluster->tips,
        .members =
            cluster->leader != SIM_NONE ? sim_cluster_members(cluster) : NULL,
        .snapshots = cluster->snapshots,
        .installs = cluster->installs,
        .reads = cluster->reads,
        .write_errors = cluster->write_errors,
        .torn_records = cluster->torn_records,
        .refused_starts = cluster->n_refused,
    };
}

/* --- the result ----------------------------------------------------------- */

static void note_missing_steps(struct sim_simulation *simulation)
{
    struct sim_result *result = &simulation->result;
    uint32_t n = simulation->scenario->n_faults;
    for (uint32_t i = sim_faults_missing(simulation->faults, 0); i < n;
         i = sim_faults_missing(simulation->faults, i + 1)) {
        if (result->n_unmet == SIM_MAX_UNMET) {
            return;
        }
        struct sim_unmet *unmet = &result->unmet[result->n_unmet];
        result->n_unmet++;
        snprintf(unmet->pointer, sizeof unmet->pointer, "/faults/%u", i);
        snprintf(unmet->text, sizeof unmet->text,
                 "the step \"%s\" never happened: %s",
                 sim_action_name(simulation->scenario->faults[i].action.kind),
                 sim_faults_reason(simulation->faults, i));
    }
}

static void count_all(struct sim_simulation *simulation)
{
    struct sim_result *result = &simulation->result;
    const struct sim_cluster *cluster = simulation->cluster;
    struct sim_network_counts network = sim_network_counts(cluster->network);
    struct sim_clients_counters asked = sim_clients_count(simulation->clients);
    result->seed = simulation->options.seed;
    result->time_us = cluster->now_us;
    result->steps = cluster->step;
    result->hash = sim_trace_hash(cluster->trace);
    result->elections = cluster->elections;
    result->highest_term = cluster->highest_term;
    result->commits = cluster->committed;
    result->crashes = cluster->crashes;
    result->restarts = cluster->restarts;
    result->faults = sim_faults_count(simulation->faults);
    struct sim_wish_counts wishes = sim_operator_count(simulation->op);
    result->wishes = wishes.made;
    result->wishes_true = wishes.came_true;
    result->wishes_refused = wishes.refused;
    result->messages_sent = network.sent;
    result->messages_dropped =
        network.dropped + cluster->messages_lost_at_machines;
    result->messages_duplicated = network.duplicated;
    result->messages_delivered = cluster->messages_delivered;
    result->bytes_sent = cluster->bytes_sent;
    result->observed_us = simulation->service.seen_us;
    result->leaderless_us = simulation->service.leaderless_us;
    result->recoveries = simulation->service.recoveries;
    result->recovery_us = simulation->service.recovery_us;
    result->longest_recovery_us = simulation->service.longest_us;
    result->writes = cluster->writes;
    result->write_errors = cluster->write_errors;
    result->torn_records = cluster->torn_records;
    result->refused_starts = cluster->n_refused;
    result->proposals = asked.begun + asked.scripted;
    result->proposals_answered = asked.answered + asked.scripted_answered;
    result->snapshots = cluster->snapshots;
    result->installs = cluster->installs;
    result->reads = cluster->reads;
    result->read_counts = cluster->read_counts;
    result->read_counts.by_way[SIM_WAY_LOG] = asked.reads_logged;
    result->read_counts.timed_out = asked.reads_timed_out;
    result->sessions = asked.sessions;
    result->configurations = cluster->configurations;
    for (int p = 0; p < SIM_PROPERTY_COUNT && cluster->checker != NULL; p++) {
        result->evaluated[p] =
            sim_checker_evaluated(cluster->checker, (enum sim_property)p);
    }
    for (int s = 0; s < SIM_SITUATION_COUNT && cluster->situations != NULL;
         s++) {
        result->situations[s] =
            sim_situations_count(cluster->situations, (enum sim_situation)s);
    }
}

const struct sim_violation *
simulation__violation_of(const struct sim_simulation *simulation)
{
    return simulation->cluster->checker == NULL
               ? NULL
               : sim_checker_violation(simulation->cluster->checker);
}

static enum sim_verdict judge(struct sim_simulation *simulation)
{
    struct sim_result *result = &simulation->result;
    const struct sim_expect *expect = &simulation->scenario->expect;
    const struct sim_violation *violation =
        simulation__violation_of(simulation);
    struct sim_expect_sample last = simulation->ended
                                        ? simulation->last
                                        : simulation__sample_of(simulation);
    uint64_t last_us = simulation->ended ? simulation->scenario->duration_us
                                         : simulation->cluster->now_us;
    sim_expect_finish(simulation->expect, last_us, &last, violation,
                      result->unmet, &result->n_unmet);
    if (violation != NULL) {
        result->violated = true;
        result->violation = *violation;
    } else {
        note_missing_steps(simulation);
    }
    bool wanted =
        violation == NULL ||
        (expect->violation && expect->property == violation->property);
    return wanted && result->n_unmet == 0 ? SIM_VERDICT_AS_EXPECTED
                                          : SIM_VERDICT_UNEXPECTED;
}

enum sim_verdict simulation__limit_of(const struct sim_simulation *simulation)
{
    const struct sim_options *options = &simulation->options;
    if (simulation->cluster->step >= options->max_steps) {
        return SIM_VERDICT_STEP_LIMIT;
    }
    bool at_end = simulation->ended && !simulation->progress.waits;
    if (options->max_time_us > 0 && !at_end &&
        sim_event_queue_next_us(simulation->queue) > options->max_time_us) {
        return SIM_VERDICT_TIME_LIMIT;
    }
    return SIM_VERDICT_RUNNING;
}

enum sim_verdict simulation__finish(struct sim_simulation *simulation)
{
    struct sim_result *result = &simulation->result;
    struct sim_cluster *cluster = simulation->cluster;
    enum sim_verdict limit = simulation__limit_of(simulation);
    if (cluster->contract[0] != '\0') {
        result->verdict = SIM_VERDICT_CONTRACT;
        memcpy(result->contract, cluster->contract, sizeof result->contract);
        result->contract_kind = cluster->contract_kind;
    } else if (simulation__violation_of(simulation) == NULL &&
               limit != SIM_VERDICT_RUNNING) {
        result->verdict = limit;
    } else {
        if (simulation__violation_of(simulation) == NULL) {
            result->history = sim_history_judge(simulation->clients,
                                                simulation->cluster->checker);
        }
        result->verdict = judge(simulation);
    }
    sim_trace_end(cluster->trace,
                  (struct sim_trace_moment){cluster->step, cluster->now_us},
                  cluster->contract[0] == '\0' &&
                      simulation__violation_of(simulation) == NULL &&
                      limit == SIM_VERDICT_RUNNING);
    if (cluster->recording != NULL) {
        sim_recording_end(cluster->recording);
    }
    count_all(simulation);
    return result->verdict;
}

bool sim_simulation_tell_why(struct sim_simulation *simulation,
                             size_t max_lines, struct sim_why_story *story)
{
    const struct sim_result *result = &simulation->result;
    if (simulation->cluster->why == NULL ||
        (!result->violated && result->verdict != SIM_VERDICT_CONTRACT)) {
        return false;
    }
    sim_why_tell(simulation->cluster->why,
                 result->violated ? &result->violation : NULL,
                 simulation->clients, max_lines, story);
    return true;
}

const struct sim_result *
sim_simulation_result(struct sim_simulation *simulation)
{
    if (simulation->result.verdict == SIM_VERDICT_RUNNING) {
        count_all(simulation);
    }
    return &simulation->result;
}
