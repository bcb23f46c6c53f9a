/* Hunts as a user makes them. Mutants are shell scripts here that report what a
 * test needs; the control is the command itself, in lines of shell
 * after a prelude that brings
 *
 *     mutant NAME EXPECTED  makes a mutant; its script is read from standard
 *                           input: in it, `good` and `bad PROPERTY` report a
 * run, and `without PLACE` tells whether a nemesis is left out hunt [OPTION]...
 * two starts with the scenario s.json
 */
#ifndef TESTS_HUNT_HARNESS_H
#define TESTS_HUNT_HARNESS_H

#include "tests/shell_harness.h"

void hunt_run_line(const char *line, struct shell_outcome *outcome);

void hunt_expect_all(const struct shell_expectation *list, size_t count);

#define EXPECT_ALL(list) hunt_expect_all(list, sizeof(list) / sizeof((list)[0]))

/* A mutant that reports two good runs and then `script`. */
#define THIRD(name, expected, script)                                          \
    "echo 'good; good; " script "' | mutant " name " " expected "\n"

#endif
