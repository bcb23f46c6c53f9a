/* Runs one simulation to its end for a person who waits for it: with a progress
 * line, an ear for Ctrl-C, a look at the wall clock, and the trace on its way
 * to where it was asked for. */
#ifndef TOOLS_RUNNER_H
#define TOOLS_RUNNER_H

#include "sim/double_check.h"
#include "sim/simulation.h"
#include "sim/why.h"
#include "tools/progress_bar.h"

#include <stdio.h>

struct runner_options {
    struct sim_options simulation; /* its trace is set by the runner */
    const char *node; /* the word of its node_type (tools/node.h) */
    FILE *trace;      /* in whatever format; NULL: none */
    bool verbose;     /* the trace, a story, to stderr as well */
    bool tells_death; /* a node that takes the process with it: where that was
                         (tools/death.h) */
    bool situations;  /* all in the summary, not their number */
};

struct runner_outcome {
    struct sim_result result;
    uint64_t wall_us;
    bool interrupted; /* by Ctrl-C: the result is of the part that ran */
    int trace_error;  /* errno of a trace that could not be written: the run
                         was stopped there; else 0 */
};

/* From now on Ctrl-C ends the current run in good order; a second one ends the
 * process. */
void runner_catch_interrupt(void);

/* Whether an interrupt was caught. */
bool runner_is_interrupted(void);

/* `bar`, which was started, shows how far it has come; NULL: nothing does. */
void runner_run(const struct sim_scenario *scenario,
                const struct runner_options *options, struct progress_bar *bar,
                struct runner_outcome *outcome);

/* The same, run twice side by side (sim/double_check.h): the outcome is of the
 * first. True if the two differ; then `difference` says how, and is to be
 * cleared. */
bool runner_run_twice(const struct sim_scenario *scenario,
                      const struct runner_options *options,
                      struct progress_bar *bar, struct runner_outcome *outcome,
                      struct sim_difference *difference);

/* The same as runner_run(), with the story of the violation that ended the run,
 * in at most `max_lines` lines (see sim_simulation_tell_why()); the options
 * have `explain`. False if there was none. */
bool runner_explain(const struct sim_scenario *scenario,
                    const struct runner_options *options,
                    struct progress_bar *bar, size_t max_lines,
                    struct runner_outcome *outcome,
                    struct sim_why_story *story);

/* The story of the last `steps` steps of a run that ended in a violation or a
 * broken contract: it is run again, up to the same end. The string is to be
 * freed. NULL if the second run was interrupted, or if it differed from the
 * first, which `*differs` says: then something in it does not repeat. */
char *runner_story(const struct sim_scenario *scenario,
                   const struct runner_options *options,
                   const struct runner_outcome *outcome, uint64_t steps,
                   bool *differs);

#endif
