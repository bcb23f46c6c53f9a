/* Scenario files as a command line names them: read, parsed, complained of. */
#ifndef TOOLS_INPUT_H
#define TOOLS_INPUT_H

#include "sim/scenario.h"

#include <stdio.h>

/* Reads and parses the scenario at `path` ("-": standard input). NULL if that
 * failed: a file that cannot be read is reported on stderr; what is wrong
 * within it is printed to `problems_to`, one "FILE:LINE:COLUMN: /pointer:
 * message" a line. `seed` as in sim_scenario_parse(). */
struct sim_scenario *input_scenario(const char *path, const uint64_t *seed,
                                    FILE *problems_to);

/* How messages call the file: the path, or "standard input". */
const char *input_name(const char *path);

#endif
