/* A hunt: general scenarios against mutants of raft/, seed after seed, until
 * something gives each mutant away.
 *
 * Start k of a mutant is one worker: the mutant's own command runs all
 * scenarios with its first seed, k times HUNT_SEED_DISTANCE, then all with the
 * next one, and so on, so the scenarios take turns. It is over when a run ends
 * other than as expected (the mutant is found), or when the worker has had its
 * budget of processor time (it escaped). What a run ended in is told in a word:
 * the property that was violated; or "expectation" (unmet), "contract"
 * (broken), "not_repeatable", "crash" (a signal, such as an assertion's),
 * "hang" (silent for WORKERS_SILENCE_US, or for the last HUNT_HANG_CPU_US of
 * its budget), "garbage" (what it printed was no report), or "exit N".
 *
 * The control is the command with the unmutated library. When all hunts of
 * start k are over, it goes through the same seeds, for as much processor time
 * as the longest of them, and for as many runs unless these take it more than
 * the budget. Whatever it finds is a false alarm. It also repeats, at once,
 * each run that gave a mutant away: where it ends in the same word, that does
 * not count. A control that stops before, or does not tell how a run ended, is
 * none: the hunt is given up.
 *
 * What made the difference is told by ablation: the run that gave a mutant away
 * is repeated with each nemesis that its seed drew left out, one at a time.
 * Where it then does not end in the same word, that nemesis was needed. If none
 * was, it is repeated without any: if that changes the end, several would have
 * done ("any of several"); if not, none was needed.
 */
#ifndef TOOLS_HUNT_H
#define TOOLS_HUNT_H

#include <stdio.h>

#include "tools/corpus.h"
#include "tools/run_line.h"

#include "sim/scenario.h"

#define HUNT_SEED_DISTANCE UINT64_C(1000000000000)

/* Of processor time: a run takes some milliseconds. */
#define HUNT_HANG_CPU_US UINT64_C(3000000)

#define HUNT_MAX_STARTS 1000u

struct hunt_options {
    const char *control; /* path of the command with the unmutated library */
    const char *const *scenarios; /* paths */
    uint32_t n_scenarios;
    uint32_t starts; /* 1 to HUNT_MAX_STARTS */
    uint32_t workers;
    uint64_t budget_us; /* processor time of each start */
    bool once;          /* start k + 1 of a mutant only if start k escaped */
};

enum hunt_state {
    HUNT_PENDING, /* not over; so it stays when interrupted */
    HUNT_FOUND,
    HUNT_ESCAPED, /* out of budget */
    HUNT_SKIPPED, /* an earlier one found the mutant, once is enough */
};

/* One start of one mutant. */
struct hunt_start {
    enum hunt_state state;
    bool begun;                            /* its worker was started */
    uint64_t runs, steps, wall_us, cpu_us; /* until it was over; in the steps, a
                                              run that crashed does not count */
    uint64_t line_cpu_us; /* processor time until the latest report */
    /* If found: */
    char what[RUN_LINE_WHAT_SIZE];
    uint32_t scenario; /* by place */
    uint64_t seed;
    bool *drawn, *needed; /* by place in the scenario's list of nemeses */
    uint32_t n_nemeses;
    uint32_t n_open; /* ablations that are not over */
    uint32_t n_needed;
    bool checked;        /* the control has repeated the run */
    bool shared;         /* it ends in the same word there: the mutant was not
                            found, it is a false alarm */
    bool judged;         /* all ablations are over */
    bool any_of_several; /* none needed, but not without any */
};

/* One start of the control. */
struct hunt_control {
    uint32_t job;
    bool begun, over;
    uint64_t runs, steps, cpu_us;
    char what[RUN_LINE_WHAT_SIZE]; /* a false alarm; empty: none */
    uint32_t scenario;
    uint64_t seed;
};

/* A scenario as the hunt knows it. */
struct hunt_scenario {
    const char *path;
    char *text;
    size_t size;
    char **nemeses;       /* "crash leader", by place */
    const char **actions; /* "crash", by place */
    uint32_t n_nemeses;
};

struct hunt {
    struct hunt_options options;
    const struct corpus *corpus;
    struct hunt_scenario *scenarios;
    struct hunt_start *starts;     /* mutant after mutant */
    struct hunt_control *controls; /* by start */
    bool interrupted;
    bool failed; /* given up: a worker did not do its work, which was said */
};

/* Reads the scenarios. False, after saying so on stderr, if one is not good, or
 * if there may not be so many workers. To be freed in any case. */
bool hunt_init(struct hunt *hunt, const struct hunt_options *options,
               const struct corpus *corpus);

/* Runs it to its end, or until it is interrupted: with a progress bar on a
 * terminal, a line on stderr for each mutant elsewhere. */
void hunt_run(struct hunt *hunt);

const struct hunt_start *hunt_start_of(const struct hunt *hunt, size_t mutant,
                                       uint32_t start);

void hunt_free(struct hunt *hunt);

/* --- what came of it (hunt_table.c) --------------------------------------- */

/* How many of a mutant's starts found it, as far as the control has checked. */
uint32_t hunt_found(const struct hunt *hunt, size_t mutant);

/* How many of a mutant's starts were begun. */
uint32_t hunt_begun(const struct hunt *hunt, size_t mutant);

/* How often the control gave a false alarm. */
uint32_t hunt_false_alarms(const struct hunt *hunt);

/* Prints the tables and the summary, for people or as Markdown. `enough`: so
 * many starts have to find a mutant. */
void hunt_print(const struct hunt *hunt, uint32_t enough, bool markdown,
                FILE *out);

#endif
