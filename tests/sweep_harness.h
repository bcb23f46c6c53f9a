/* Sweeps as a user makes them, in lines of shell after a prelude that brings
 *
 *     good.json          a scenario of one second that goes well with any seed
 *     some.json          one that fails with a few of each hundred seeds
 *     sweep [OPTION]...  $RAFTSIM sweep, with its remarks on standard error
 * gone at SEED COMMANDS   begins ./worker, or adds to it: a command that runs
 *                        raftsim, but does COMMANDS instead of reporting SEED
 *     worker             ends it
 *
 * In COMMANDS, `die SIGNAL` kills the worker, `pass` reports the run after all,
 * and `alone` tells whether it is run alone, for its last steps.
 */
#ifndef TESTS_SWEEP_HARNESS_H
#define TESTS_SWEEP_HARNESS_H

#include "tests/shell_harness.h"

void sweep_run_line(const char *line, struct shell_outcome *outcome);

void sweep_expect_all(const struct shell_expectation *list, size_t count);

#define EXPECT_ALL(list)                                                       \
    sweep_expect_all(list, sizeof(list) / sizeof((list)[0]))

#endif
