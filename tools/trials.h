/* Scenarios tried out for one failure, side by side.
 *
 * Each trial runs a scenario with one seed after the other, in a process of its
 * own, until a run fails in the way that is looked for: the same property, by
 * the same check (tools/failure.h). What a node does there takes only that
 * process with it, and may be what is looked for. */
#ifndef TOOLS_TRIALS_H
#define TOOLS_TRIALS_H

#include "tools/failure.h"

struct trial {
    const char *text; /* the scenario; one that is not valid fails in no way */
    uint64_t first_seed;
    uint32_t n_seeds;   /* from there on, tried in order */
    uint64_t max_steps; /* of each run */
    bool all_seeds;     /* all are run, and the best counts; else the first */
    bool every_seed;    /* each has to fail: there is no chance in it */
};

struct trial_result {
    bool found;
    uint64_t seed;
    uint64_t steps;
    uint64_t time_us;            /* virtual: when it failed */
    uint64_t faults, operations; /* that took effect; that clients began */
};

/* Of a run that ended with this. */
struct trial_result trial_result_of(const struct sim_result *end);

/* What is worth more: less of it. */
uint64_t trial_weight(const struct trial_result *result);

struct trials {
    struct failure wanted;
    const struct sim_node_type *node_type; /* whose Raft */
    uint32_t workers;                      /* at the same time */
    uint64_t
        deadline_us; /* by the wall clock: then nothing is found any more */
    uint64_t n_runs; /* so far */
    int error;       /* errno: no process could be started; 0 */
};

/* Runs the scenario, which was parsed with this seed, to see what is to be
 * shrunk: how it fails (nothing if it does not), and when. False if time is up,
 * an interrupt came, or no process could be started. */
bool trials_first(struct trials *trials, const struct sim_scenario *scenario,
                  uint64_t seed, struct failure *failure,
                  struct trial_result *found);

/* Runs `n` trials; with `first`, only until the first in order that fails is
 * known, whose place is returned. Else returns the place of the best, by
 * weight. `n` if there is none, or time is up, or an interrupt came. */
size_t trials_run(struct trials *trials, const struct trial *list, size_t n,
                  bool first, struct trial_result *result);

/* Whether time is up, or an interrupt came. */
bool trials_are_over(const struct trials *trials);

#endif
