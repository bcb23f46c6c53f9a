/* The same scenarios and seeds on several implementations of Raft, and one
 * table of what came of them.
 *
 * Each implementation runs in workers of its own (tools/pool.h): one that
 * crashes or hangs takes one run. What counts as how bad, the worst last:
 *   - as expected;
 *   - it lacks something that the scenario asks for (sim/asks.h), and an
 *     expectation was not met, but no property was violated;
 *   - an expectation was not met, and nothing that was asked for is lacking;
 *   - a property was violated;
 *   - its contract was broken;
 *   - it died.
 * Figures are of those runs that all implementations brought to their end, so
 * that they are of the same work.
 */
#ifndef TOOLS_COMPARE_H
#define TOOLS_COMPARE_H

#include "tools/run_line.h"
#include "tools/runner.h"
#include "tools/seeds.h"

#define COMPARE_MAX_NODES 8u
#define COMPARE_MAX_SEEDS 100000u

enum compare_end {
    COMPARE_NOT_RUN, /* interrupted, or given up */
    COMPARE_AS_EXPECTED,
    COMPARE_LACKS,
    COMPARE_UNMET,
    COMPARE_VIOLATED,
    COMPARE_CONTRACT,
    COMPARE_DIED,
    COMPARE_END_COUNT
};

struct compare_run {
    enum compare_end end;
    bool whole; /* it came to the end of its duration */
    struct run_line_figures figures;
};

/* The runs of one scenario on one implementation. */
struct compare_cell {
    struct compare_run *runs; /* by seed */
    enum compare_end worst;
    uint64_t n_worst, n_run;
    uint64_t seed;                       /* the first of the worst */
    char what[RUN_LINE_WHAT_SIZE];       /* of that run: a property, ... */
    char problem[RUN_LINE_PROBLEM_SIZE]; /* in a line */
    struct run_line_features features;
};

struct compare_node {
    const char *word; /* as for --node */
    const struct sim_node_type *type;
};

struct compare_options {
    const char *executable; /* raftsim itself */
    const char *const *scenarios;
    uint32_t n_scenarios;
    struct compare_node nodes[COMPARE_MAX_NODES];
    uint32_t n_nodes;
    struct seeds seeds; /* at most COMPARE_MAX_SEEDS */
    uint32_t workers;
};

/* What runs of a node violated, and how often. */
struct compare_violation {
    char what[RUN_LINE_WHAT_SIZE];
    uint64_t count[COMPARE_MAX_NODES];
};

struct compare {
    struct compare_options options;
    struct compare_cell *cells; /* [scenario][node] */
    struct compare_violation *violations;
    size_t n_violations, violations_capacity;
    bool interrupted, failed;
};

/* All is set up and run; progress is on stderr. To be freed. */
void compare_run(struct compare *compare,
                 const struct compare_options *options);
void compare_free(struct compare *compare);

struct compare_cell *compare_cell(const struct compare *compare,
                                  uint32_t scenario, uint32_t node);

/* The tables (compare_table.c): padded for people, or Markdown. */
void compare_print(const struct compare *compare, bool markdown, FILE *out);

#endif
