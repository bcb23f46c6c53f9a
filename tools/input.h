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

/* The two halves of it, for who parses one file with many seeds. The bytes of
 * the file and a zero after them, to be freed; NULL if it cannot be read, which
 * is reported on stderr. */
char *input_read(const char *path, size_t *size);
struct sim_scenario *input_parse(const char *path, const char *text,
                                 size_t size, const uint64_t *seed,
                                 FILE *problems_to);

/* Prints what is wrong within a file, as above. */
void input_print_problems(const char *path,
                          const struct sim_scenario_problems *problems,
                          FILE *out);
/* The bytes of any file ("a report"), up to a size; as input_read(). */
char *input_read_any(const char *path, size_t most, const char *what,
                     size_t *size);

/* How messages call the file: the path, or "standard input". */
const char *input_name(const char *path);

/* Whether both paths lead to one regular file: what is read must not be
 * overwritten. */
bool input_is_same_file(const char *a, const char *b);

#endif
