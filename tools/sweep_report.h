/* What came of a sweep, or of several that were merged: which seeds of which
 * scenarios were run, and which of them failed. It is written as JSON and read
 * back, and everything else that is told of a sweep is made from it.
 *
 * Nothing in it depends on the number of workers, on time or on the machine:
 * the same seeds of the same scenarios give the same report, byte for byte,
 * whether they were run in one sweep or in shards that were merged.
 *
 * For each batch of seeds that one sweep ran as a whole there is a digest of
 * how all of its runs ended: where two reports have the same batch, a run that
 * does not repeat shows, also if it was good both times.
 */
#ifndef TOOLS_SWEEP_REPORT_H
#define TOOLS_SWEEP_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/command.h"
#include "tools/ranges.h"
#include "tools/sweep_failure.h"
#include "tools/sweep_kept.h"

#define SWEEP_FORMAT "raftsim sweep"
#define SWEEP_FORMAT_VERSION 1u

/* A batch that was run as a whole. */
struct sweep_digest {
    uint64_t batch, value;
};

struct sweep_scenario {
    char *path;    /* as it was given */
    uint64_t hash; /* of the file's bytes */
    struct ranges done;
    struct sweep_failure *failures; /* by seed */
    size_t n_failures, failures_capacity;
    struct sweep_digest *digests; /* by batch */
    size_t n_digests, digests_capacity;
};

struct sweep_report {
    struct ranges seeds;  /* that were wanted. By time: from the first to the
                             end of all seeds */
    bool by_time;         /* as many of them as there was time for */
    uint32_t shards;      /* in so many parts; 1: not shared, or all is there */
    bool *present;        /* by_time: the parts that are in it, from 0 */
    uint64_t max_steps;   /* SIM_UNLIMITED: no limit */
    uint64_t max_time_us; /* virtual; 0: no limit */
    uint64_t double_check; /* seeds that it divides were run twice; 0: none */
    char *node;            /* whose Raft (tools/node.h); never NULL */
    struct sweep_corpus corpus;       /* what was replayed before */
    struct sweep_scenario *scenarios; /* in the order given */
    uint32_t n_scenarios;
};

/* Puts a failure, which it takes over, in its place by seed. */
void sweep_scenario_add(struct sweep_scenario *scenario,
                        struct sweep_failure failure);

/* The failure of a seed; NULL if there is none. */
const struct sweep_failure *
sweep_scenario_failure(const struct sweep_scenario *scenario, uint64_t seed);

/* Puts a digest in its place, unless one is there. */
void sweep_scenario_digest(struct sweep_scenario *scenario,
                           struct sweep_digest digest);

/* --- questions ------------------------------------------------------------ */

/* Runs in all, those that were made twice, and those not as expected. */
uint64_t sweep_report_runs(const struct sweep_report *report);
uint64_t sweep_report_twice(const struct sweep_report *report);
uint64_t sweep_report_failed(const struct sweep_report *report);

/* Whether all that was wanted is there. */
bool sweep_report_is_complete(const struct sweep_report *report);

/* Whether a part, from 1, is there: all of its seeds, if not by time. */
bool sweep_report_has(const struct sweep_report *report, uint32_t shard);

/* The seeds that were wanted and not run, added to `missing`. Of a report by
 * time there are none. */
void sweep_report_missing(const struct sweep_report *report,
                          const struct sweep_scenario *scenario,
                          struct ranges *missing);

/* The highest exit code of its failures, those of the corpus included. */
enum exit_code sweep_report_code(const struct sweep_report *report);

/* Once nothing more is added: a report that has all parts is one of a sweep
 * that was not shared. */
void sweep_report_settle(struct sweep_report *report);

/* All zero is an empty one. */
void sweep_report_clear(struct sweep_report *report);

/* --- as JSON (sweep_write.c, sweep_read.c) -------------------------------- */

/* One line; to be freed. */
char *sweep_report_json(const struct sweep_report *report);

/* False, after saying so on stderr, if the file is no such report. To be
 * cleared in both cases. */
bool sweep_report_read(struct sweep_report *report, const char *path);

/* --- joined (sweep_merge.c) ----------------------------------------------- */

/* Adds what `other`, of the file `path`, has. EXIT_AS_EXPECTED; or, after
 * saying so on stderr, EXIT_BAD_INPUT if the two are not of one kind of sweep,
 * and EXIT_BROKEN if the same run ended differently in them. An empty report
 * takes whatever it gets. */
enum exit_code sweep_report_merge(struct sweep_report *report,
                                  const struct sweep_report *other,
                                  const char *path);

/* --- for people and other programs ---------------------------------------- */

/* The line of a failure: "FILE, seed 7: ..." (sweep_summary.c). */
void sweep_print_failure(const struct sweep_scenario *scenario,
                         const struct sweep_failure *failure, FILE *out);

/* What was run, what failed, and what that says (sweep_summary.c). */
void sweep_print_summary(const struct sweep_report *report, FILE *out);

/* Which shards and seeds are missing; nothing if none (sweep_summary.c). */
void sweep_print_missing(const struct sweep_report *report, FILE *out);

/* JUnit's XML, a test case for each failure that was kept, and for each
 * scenario and batch; to be freed (sweep_junit.c). */
char *sweep_report_junit(const struct sweep_report *report);

/* Tells GitHub where it runs the command: annotations to `out`, and a summary
 * into the file that it names. False, after saying so on stderr, if that could
 * not be written (sweep_github.c). */
bool sweep_tell_github(const struct sweep_report *report, FILE *out);

#endif
