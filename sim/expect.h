/* Whether a run did what its scenario expects (/expect).
 *
 * An expectation is about a stretch of time, [from, until): what happens at
 * `from` belongs to it, what happens at `until` does not. It is told the state
 * of the run where a stretch begins or ends, and when a leader appears, and it
 * keeps what it needs; between those moments it costs one comparison.
 *
 * A stretch that the run did not reach to its end is unmet. One without an end
 * lasts to the end of the run.
 */
#ifndef SIM_EXPECT_H
#define SIM_EXPECT_H

#include "sim/log_tree.h"
#include "sim/scenario.h"
#include "sim/simulation.h"

/* The state of the run between two events. */
struct sim_expect_sample {
    uint64_t elections;    /* leaders elected since the start */
    uint64_t commits;      /* entries known to be committed */
    uint64_t highest_term; /* of any node, in memory, so far */
    uint32_t leader;       /* the live leader of the highest term; SIM_NONE */
    const sim_tip *tips;   /* the logs in the nodes' memory, by node number
                              ([0] is unused); SIM_NO_TIP: the node is down */
    const struct sim_configuration *members; /* by the log of `leader`, or of
                                                the last one that there was;
                                                NULL: nobody can say */
    uint64_t snapshots; /* made by nodes of their own state machine, so far */
    uint64_t installs;  /* taken over from a leader */
    uint64_t reads;     /* answered, other than through the log */
    uint64_t write_errors;   /* writes that failed */
    uint64_t torn_records;   /* found at a start, and dropped */
    uint64_t refused_starts; /* nodes that will not start any more */
};

struct sim_expect_tracker;

/* `expect` and `tree` outlive the tracker. */
struct sim_expect_tracker *sim_expect_new(const struct sim_expect *expect,
                                          const struct sim_log_tree *tree);

/* The next time at which a stretch begins or ends; SIM_UNLIMITED if none. It
 * changes only in sim_expect_advance(). */
uint64_t sim_expect_next_us(const struct sim_expect_tracker *tracker);

/* Call it
 *   - before the first event at each time `now_us` that is sim_expect_next_us()
 *     or later, with the state that held until then (calling it before each
 *     event does no harm);
 *   - when a live leader has appeared, with the time of that. */
void sim_expect_advance(struct sim_expect_tracker *tracker, uint64_t now_us,
                        const struct sim_expect_sample *sample);

/* The run ended at `now_us`: appends what was not met to `unmet`, which has
 * room for SIM_MAX_UNMET and holds `*n_unmet`; what does not fit is left out.
 * `violation` is the one found, or NULL. A violation that is not expected is no
 * unmet expectation: it speaks for itself. One that is expected ends the run;
 * the stretches that it cuts short are not judged. Call once. */
void sim_expect_finish(struct sim_expect_tracker *tracker, uint64_t now_us,
                       const struct sim_expect_sample *sample,
                       const struct sim_violation *violation,
                       struct sim_unmet *unmet, uint32_t *n_unmet);

void sim_expect_free(struct sim_expect_tracker *tracker);

#endif
