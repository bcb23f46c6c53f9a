#undef NDEBUG
#include "sim/simulation_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* So many steps within one microsecond mean that virtual time will never go on:
 * clients, links and disks without any delay answer each other for ever, or a
 * node asks for one timer after the other that is due at once. */
#define MAX_STEPS_AT_ONCE UINT64_C(10000000)

/* --- expectations --------------------------------------------------------- */

static void sample(struct sim_simulation *simulation, uint64_t now_us)
{
    struct sim_expect_sample now = simulation__sample_of(simulation);
    sim_expect_advance(simulation->expect, now_us, &now);
}

/* What the scenario expects is judged by what was so when its duration was
 * over. Then what is still broken heals, and the run ends with a last wait for
 * progress. */
static void end(struct sim_simulation *simulation)
{
    const struct sim_cluster *cluster = simulation->cluster;
    simulation->ended = true;
    simulation->last = simulation__sample_of(simulation);
    memcpy(simulation->last_tips, cluster->tips,
           ((size_t)cluster->n + 1) * sizeof *cluster->tips);
    simulation->last.tips = simulation->last_tips;
    if (simulation->scenario->expect.progress_within_us != SIM_UNLIMITED) {
        sim_faults_end(simulation->faults);
        sim_progress_end(&simulation->progress);
    }
}

/* --- the loop ------------------------------------------------------------- */

static void client_answer(struct sim_simulation *simulation,
                          const struct sim_event *event)
{
    struct sim_mail *mail = simulation->cluster->mail;
    uint32_t slot = (uint32_t)event->b;
    struct sim_reply reply = sim_mail_reply(mail, slot);
    struct sim_client_action action;
    sim_clients_answer(simulation->clients, &reply, event->time_us, &action);
    sim_mail_drop(mail, slot);
    sim_cluster_carry_out(simulation->cluster, &action);
}

static void client_wake(struct sim_simulation *simulation,
                        const struct sim_event *event)
{
    struct sim_client_action action;
    if (!sim_cluster_is_waking(simulation->cluster, event)) {
        return;
    }
    sim_clients_wake(simulation->clients, event->a, event->time_us, &action);
    sim_cluster_carry_out(simulation->cluster, &action);
}

/* True if a damage was undone. */
static bool handle(struct sim_simulation *simulation,
                   const struct sim_event *event)
{
    bool undone = false;
    switch ((enum sim_queue_kind)event->kind) {
    case SIM_QUEUE_ARRIVAL:
    case SIM_QUEUE_RECEIPT:
    case SIM_QUEUE_TIMER:
    case SIM_QUEUE_DISK:
    case SIM_QUEUE_REQUEST:
    case SIM_QUEUE_COMPACT:
        sim_cluster_handle(simulation->cluster, event);
        break;
    case SIM_QUEUE_ANSWER:
        client_answer(simulation, event);
        break;
    case SIM_QUEUE_WAKE:
        client_wake(simulation, event);
        break;
    case SIM_QUEUE_OPERATOR:
        sim_operator_due(simulation->op, event->b);
        break;
    case SIM_QUEUE_FAULT:
        sim_faults_step_due(simulation->faults, event->a);
        break;
    case SIM_QUEUE_UNDO:
        undone = sim_damage_undo(simulation->damages, event->a, event->b);
        break;
    case SIM_QUEUE_NEMESIS:
        sim_faults_nemesis_due(simulation->faults, event->a,
                               (uint32_t)event->b);
        break;
    case SIM_QUEUE_END:
        end(simulation);
        break;
    case SIM_QUEUE_DEADLINE:
        sim_progress_deadline(&simulation->progress, event->b);
        break;
    }
    return undone;
}

/* An expectation may wait for a leader. */
static void look_at_leader(struct sim_simulation *simulation, uint32_t *leader)
{
    if (simulation->cluster->leader != *leader && !simulation->ended) {
        *leader = simulation->cluster->leader;
        sample(simulation, simulation->cluster->now_us);
    }
}

static void go_to(struct sim_simulation *simulation, uint64_t time_us)
{
    struct sim_cluster *cluster = simulation->cluster;
    if (time_us > cluster->now_us) {
        simulation->step_at_this_time = cluster->step;
    } else if (cluster->step - simulation->step_at_this_time >
               MAX_STEPS_AT_ONCE) {
        sim_cluster_breach(cluster,
                           "virtual time stands still at %" PRIu64 " us: "
                           "clients, links and disks answer, or timers come, "
                           "without any delay",
                           time_us);
    }
    cluster->now_us = time_us;
    if (cluster->checker != NULL) {
        sim_checker_set_time(cluster->checker, cluster->step, time_us);
    }
    if (cluster->why != NULL) {
        sim_why_set_time(cluster->why, cluster->step, time_us);
    }
}

/* One event and what follows from it. */
static void happen(struct sim_simulation *simulation,
                   const struct sim_event *event)
{
    struct sim_cluster *cluster = simulation->cluster;
    if (event->time_us >= sim_expect_next_us(simulation->expect) &&
        !simulation->ended) {
        sample(simulation, event->time_us);
    }
    if (!simulation->ended) {
        sim_service_pass(&simulation->service, cluster, event->time_us);
    }
    go_to(simulation, event->time_us);
    uint32_t leader = cluster->leader;
    bool undone = handle(simulation, event);
    look_at_leader(simulation, &leader);
    sim_operator_look(simulation->op);
    sim_faults_look(simulation->faults);
    look_at_leader(simulation, &leader);
    sim_progress_look(&simulation->progress, undone);
    sim_service_look(&simulation->service, cluster,
                     sim_faults_damages(simulation->faults));
}

static bool is_over(const struct sim_simulation *simulation)
{
    const struct sim_cluster *cluster = simulation->cluster;
    return (simulation->ended && !simulation->progress.waits) ||
           cluster->contract[0] != '\0' ||
           simulation__violation_of(simulation) != NULL ||
           simulation__limit_of(simulation) != SIM_VERDICT_RUNNING;
}

enum sim_verdict sim_simulation_advance(struct sim_simulation *simulation,
                                        uint64_t events)
{
    if (simulation->result.verdict != SIM_VERDICT_RUNNING) {
        return simulation->result.verdict;
    }
    for (uint64_t n = 0; n < events; n++) {
        if (is_over(simulation)) {
            return simulation__finish(simulation);
        }
        struct sim_event event;
        bool found = sim_event_queue_pop(simulation->queue, &event);
        assert(found); /* the end of the duration, or of a wait */
        happen(simulation, &event);
    }
    return SIM_VERDICT_RUNNING;
}

/* --- new and free --------------------------------------------------------- */

static void start_clients(struct sim_simulation *simulation)
{
    for (uint32_t c = 0; c < simulation->scenario->workload.clients; c++) {
        struct sim_client_action action;
        sim_clients_start(simulation->clients, c, &action);
        sim_cluster_carry_out(simulation->cluster, &action);
    }
}

struct sim_simulation *sim_simulation_new(const struct sim_scenario *scenario,
                                          const struct sim_options *options)
{
    struct sim_simulation *simulation = sim_calloc(1, sizeof *simulation);
    simulation->scenario = scenario;
    simulation->options = *options;
    simulation->queue = sim_event_queue_new();
    simulation->cluster = sim_cluster_new(scenario, options, simulation->queue);
    simulation->clients =
        sim_clients_new(&scenario->workload, scenario->nodes,
                        options->node_type->features, options->seed);
    sim_clients_record(simulation->clients, options->recording);
    simulation->damages =
        sim_damages_new(simulation->cluster, simulation->clients);
    simulation->op = sim_operator_new(simulation->cluster);
    simulation->faults =
        sim_faults_new(simulation->cluster, simulation->damages, simulation->op,
                       options->seed);
    simulation->progress = sim_progress_new(
        simulation->cluster, simulation->clients, simulation->faults);
    simulation->last_tips =
        sim_calloc((size_t)scenario->nodes + 1, sizeof(sim_tip));
    sim_event_queue_push(simulation->queue, scenario->duration_us,
                         SIM_QUEUE_END, 0, 0);
    simulation->expect =
        sim_expect_new(&scenario->expect, simulation->cluster->tree);
    simulation->result.verdict = SIM_VERDICT_RUNNING;
    for (uint32_t node = 1; node <= scenario->nodes; node++) {
        sim_cluster_start(simulation->cluster, node);
    }
    start_clients(simulation);
    sim_progress_look(&simulation->progress, false);
    return simulation;
}

struct sim_whereabouts
sim_simulation_whereabouts(const struct sim_simulation *simulation)
{
    const struct sim_cluster *cluster = simulation->cluster;
    return (struct sim_whereabouts){cluster->step, cluster->now_us,
                                    cluster->calling};
}

void sim_simulation_free(struct sim_simulation *simulation)
{
    if (simulation == NULL) {
        return;
    }
    sim_service_free(&simulation->service);
    sim_expect_free(simulation->expect);
    free(simulation->last_tips);
    sim_faults_free(simulation->faults);
    sim_operator_free(simulation->op);
    sim_damages_free(simulation->damages);
    sim_clients_free(simulation->clients);
    sim_cluster_free(simulation->cluster);
    sim_event_queue_free(simulation->queue);
    free(simulation);
}
