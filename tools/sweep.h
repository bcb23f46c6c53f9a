/* A sweep: many seeds of some scenarios, over worker processes.
 *
 * Seeds come in batches (tools/batches.h). A worker runs one batch of one
 * scenario: all scenarios with one batch, then all with the next one. It may
 * crash, hang, leak or print garbage: that takes only this worker, the seed at
 * which it was counts as failed ("died"), and another worker goes on with the
 * seed after it. What led there is asked of a further worker, which runs that
 * seed alone and tells its story.
 *
 * Whoever is done when, what is told comes in the order of batches and
 * scenarios, so it is the same whatever the number of workers. A failure is on
 * disk before it is told.
 *
 * With a corpus, the failures that are kept there are replayed before the first
 * seed, a worker each.
 */
#ifndef TOOLS_SWEEP_H
#define TOOLS_SWEEP_H

#include <stdio.h>

#include "tools/sweep_report.h"

struct sweep_options {
    const char *program;    /* as typed: for the commands that repeat a run */
    const char *executable; /* its path: what the workers run */
    const char *const *scenarios; /* paths */
    uint32_t n_scenarios;
    struct seeds seeds;
    bool by_time;           /* seeds has no end of its own */
    uint64_t time_us;       /* then no further batch is begun; 0: no limit */
    uint32_t shard, shards; /* this part, from 1, of so many */
    uint32_t workers;
    uint64_t max_steps;    /* of a run; SIM_UNLIMITED */
    uint64_t max_time_us;  /* virtual, of a run; 0: no limit */
    uint64_t silence_us;   /* wall time of a run */
    uint64_t memory_bytes; /* of a worker; 0: no limit */
    uint64_t double_check; /* seeds that it divides run twice; 0: none does */
    uint64_t stop_after;   /* so many failures; 0: never */
    const char *node;      /* whose Raft (tools/node.h) */
    const char *failures;  /* the directory where each leaves a file */
    bool corpus;           /* those that are there are replayed first */
    FILE *out;             /* where failures are told */
};

/* A scenario as it was when the sweep began. */
struct sweep_text {
    char *text;
    size_t size;
};

struct sweep_old_failure;

struct sweep {
    struct sweep_options options;
    struct sweep_old_failure *corpus; /* what is to be replayed, by name */
    size_t n_corpus, corpus_capacity;
    struct sweep_report report;
    struct sweep_text *texts; /* of the scenarios */
    bool interrupted;
    bool stopped; /* there were enough failures */
    bool failed;  /* given up: a worker did not do its work, or something could
                     not be written, which was said */
};

/* Reads the scenarios. False, after saying so on stderr, if one is not good. To
 * be freed in any case. */
bool sweep_init(struct sweep *sweep, const struct sweep_options *options);

/* Runs it to its end, or until it is interrupted: with a progress bar on a
 * terminal, and now and then a line on stderr elsewhere. */
void sweep_run(struct sweep *sweep);

void sweep_free(struct sweep *sweep);

#endif
