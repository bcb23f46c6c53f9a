/* The inside of a simulation, shared by its files:
 *
 *   simulation.c         the loop: events in their order, until the run is over
 *   simulation_result.c  what came of the run, and the verdict
 */
#ifndef SIM_SIMULATION_INTERNAL_H
#define SIM_SIMULATION_INTERNAL_H

#include "sim/clients.h"
#include "sim/cluster.h"
#include "sim/damage.h"
#include "sim/expect.h"
#include "sim/faults.h"
#include "sim/operator.h"
#include "sim/progress.h"
#include "sim/service.h"
#include "sim/simulation.h"

struct sim_simulation {
    const struct sim_scenario *scenario;
    struct sim_options options;
    struct sim_event_queue *queue;
    struct sim_cluster *cluster;
    struct sim_clients *clients;
    struct sim_damages *damages;
    struct sim_operator *op;
    struct sim_faults *faults;
    struct sim_expect_tracker *expect;
    struct sim_progress progress;
    bool ended;                    /* the scenario's duration is over */
    struct sim_expect_sample last; /* then: the state at that moment, */
    sim_tip *last_tips;            /* before everything healed */
    struct sim_service service;
    uint64_t step_at_this_time;    /* the first of this microsecond */
    struct sim_result result;
};

/* What expectations are held against, at this moment. */
struct sim_expect_sample
simulation__sample_of(const struct sim_simulation *simulation);

/* What the checker found; NULL: nothing, or there is none. */
const struct sim_violation *
simulation__violation_of(const struct sim_simulation *simulation);

/* Which limit the run has reached before its own end; SIM_VERDICT_RUNNING:
 * none. */
enum sim_verdict simulation__limit_of(const struct sim_simulation *simulation);

/* The run is over: fills in the result, and gives its verdict. */
enum sim_verdict simulation__finish(struct sim_simulation *simulation);

#endif
