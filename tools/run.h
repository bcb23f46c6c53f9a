/* What the parts of `raftsim run` share. */
#ifndef TOOLS_RUN_H
#define TOOLS_RUN_H

#include "tools/artifact.h"
#include "tools/progress_bar.h"
#include "tools/report.h"
#include "tools/seeds.h"
#include "tools/without.h"

struct run {
    const char *program;
    bool has_seed;
    uint64_t seed;
    bool has_seeds;
    struct seeds seeds;
    bool until_failure;
    bool many; /* seeds: a line for each that fails is all that is told */
    uint64_t double_check; /* seeds that it divides run twice; 0: none does */
    struct without without;
    const char *trace_path; /* NULL: no trace */
    FILE *trace;            /* opened with the first run */
    bool json;
    const char *failures; /* the directory that keeps failures; or NULL */
    bool failed; /* the trace, or standard output, could not be written */
    struct progress_bar bar; /* of many together, or of each */
    char *first_repeat; /* of many: repeats the first that failed; or NULL */
    struct runner_options runner;
};

/* Opens the trace if one is wanted and none is open, once a scenario is known
 * to be good; false if that failed. No scenario of the command line is
 * overwritten. */
bool run_open_trace(struct run *run, char **files, int count);

/* Runs a scenario that is ready to run, and tells of it. `seed` is the one that
 * it was parsed with, from `text`. */
enum exit_code run_scenario(struct run *run, const char *path,
                            const struct artifact_text *text,
                            const struct sim_scenario *scenario, uint64_t seed);

/* Of many: a line for a run that was not as expected, nothing for others. */
void run_tell_short(struct run *run, const struct report *report);

/* Runs all files with the first seed, then all with the next, until the last
 * seed or, if that is wanted, the first failure. */
enum exit_code run_seeds(struct run *run, char **files, int count);

#endif
