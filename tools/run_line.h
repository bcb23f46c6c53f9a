/* The line of JSON that `raftsim run --json` prints for a run, read back by who
 * runs it as a worker. */
#ifndef TOOLS_RUN_LINE_H
#define TOOLS_RUN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for what went wrong, in a word. */
#define RUN_LINE_WHAT_SIZE 48u

struct run_line {
    uint64_t seed;
    uint64_t steps; /* to its end */
    bool good;      /* as expected */
    bool decided;   /* false: interrupted, it says nothing */
    /* What went wrong; empty if good. The name of the property that was
     * violated; or "expectation", "contract", "not_repeatable", "step_limit",
     * "time_limit" */
    char what[RUN_LINE_WHAT_SIZE];
};

/* False if that is no such line. A zero follows the `size` bytes. */
bool run_line_read(const char *text, size_t size, struct run_line *line);

#endif
