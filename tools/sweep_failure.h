/* A run of a sweep that was not as expected. */
#ifndef TOOLS_SWEEP_FAILURE_H
#define TOOLS_SWEEP_FAILURE_H

#include <stdbool.h>

#include "tools/command.h"
#include "tools/run_line.h"

/* A run that was not as expected. Texts are never NULL and owned. */
struct sweep_failure {
    uint64_t seed;
    char what[RUN_LINE_WHAT_SIZE]; /* as a run_line; "died": its worker did */
    char hash[RUN_LINE_HASH_SIZE]; /* over all steps; empty if it died */
    uint64_t steps;
    char *problem;    /* in a line */
    char *detail;     /* the checker's paragraph, or empty */
    char *repeat;     /* the command that repeats it */
    char *last_steps; /* lines; of one that died, else empty */
};

/* How bad a failure is, as `raftsim run` would say. */
enum exit_code sweep_failure_code(const struct sweep_failure *failure);

void sweep_failure_free(struct sweep_failure *failure);

struct sweep_failure sweep_failure_copy(const struct sweep_failure *failure);

/* Whether two runs, as far as is known, ended in the same way. */
bool sweep_failure_same_end(const struct sweep_failure *a,
                            const struct sweep_failure *b);

/* Of two that ended in the same way, the lesser one of each of their texts,
 * whichever came first: machines may call the command by other paths, and tell
 * a death otherwise. */
void sweep_failure_join(struct sweep_failure *failure,
                        const struct sweep_failure *other);

/* Says on stderr how it ended `where`; NULL: as expected. */
void sweep_failure_describe(const char *where,
                            const struct sweep_failure *failure);

#endif
