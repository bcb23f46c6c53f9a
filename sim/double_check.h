/* A run that is made twice, side by side, and compared step by step.
 *
 * The same scenario, seed and build of the node give the same run, event for
 * event: that is a promise, of the node as much as of the simulator. Whoever
 * breaks it does so by something besides the scenario and the seed: an address,
 * memory that was never written, something static that outlives a run, a clock.
 * So there are two simulations in one process, each with memory of its own, and
 * they take turns: the first goes on for some thousand events, then the second
 * for as many. Of each step its hash is kept until the other run has made the
 * same step, so whatever differs is found at the first step in which it does.
 *
 * It takes twice the time of a run, and little memory. What the two sides did
 * in that step is known only to who was told of it: once they differ, they are
 * run a second time, with their stories, and it is the difference of that time
 * that is told. A difference that does not come again, in several times, is
 * told by its step alone.
 *
 * The first run is the one that would have been made without all this: only it
 * has the trace and the recording that the options ask for, and it goes on to
 * its end when the second has parted from it.
 */
#ifndef SIM_DOUBLE_CHECK_H
#define SIM_DOUBLE_CHECK_H

#include "sim/simulation.h"
#include "sim/trace.h"

/* One of the two in the step in which they differ. */
struct sim_side {
    bool has_step; /* false: its run was at its end before */
    uint64_t time_us;
    char *story; /* lines, each ended: what it did; or how it ended. Owned */
};

/* The first step that is not the same in both. */
struct sim_difference {
    uint64_t step;              /* from 1 */
    bool at_end;                /* all steps are the same, up to this one, but
                                   not what came of the run */
    bool parts[SIM_PART_COUNT]; /* what of the step differs; none: that is not
                                   known */
    struct sim_side sides[2];
};

struct sim_double_check;

/* `scenario` must outlive it. */
struct sim_double_check *
sim_double_check_new(const struct sim_scenario *scenario,
                     const struct sim_options *options);

/* Goes on for at most `events` events of each run. SIM_VERDICT_RUNNING until
 * the first is at its end, and the second is, or has parted from it. */
enum sim_verdict sim_double_check_advance(struct sim_double_check *check,
                                          uint64_t events);

/* What is known so far of the first run. Valid until the next call. */
const struct sim_result *
sim_double_check_result(struct sim_double_check *check);

/* Whether the two differ, as far as they have come. */
bool sim_double_check_differs(const struct sim_double_check *check);

/* Tells how they differ, which they do: makes both runs again. To be freed with
 * sim_difference_clear(). */
void sim_double_check_tell(const struct sim_double_check *check,
                           struct sim_difference *difference);

void sim_double_check_free(struct sim_double_check *check);

/* "its input and its outputs"; "" where nothing is known of it. Lives for ever.
 */
#define SIM_DIFFERENCE_PARTS_SIZE 96u
const char *sim_difference_parts(const struct sim_difference *difference,
                                 char text[SIM_DIFFERENCE_PARTS_SIZE]);

void sim_difference_clear(struct sim_difference *difference);

#endif
