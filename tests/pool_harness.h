/* A pool of workers whose jobs are shell scripts, and somebody who writes down
 * what the pool tells. */
#ifndef TESTS_POOL_HARNESS_H
#define TESTS_POOL_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pool.h"

#define POOL_TEST_JOBS 32u
#define POOL_TEST_TRANSCRIPT 4096u

/* Writes down what it is told. */
struct pool_recorder {
    struct pool_client client;
    struct pool *pool;
    char transcript[POOL_TEST_TRANSCRIPT]; /* "0:line\n", "0.\n" for an end */
    size_t size;
    bool silent; /* lines are counted only */
    uint32_t lines;
    uint32_t stop_after; /* lines; then `stop` is stopped. 0: never */
    uint32_t stop;
    const char *more; /* submitted when the first job ends */
    bool ended[POOL_TEST_JOBS];
    struct pool_end ends[POOL_TEST_JOBS];
    char complaint[POOL_COMPLAINT_SIZE + 1]; /* of the latest end */
    size_t longest;                          /* line */
};

/* Makes the pool of `recorder`; whoever uses it frees it. */
void recorder_begin(struct pool_recorder *recorder, uint32_t workers,
                    bool ordered, bool (*is_interrupted)(void));

/* A job more, without limits where they are NULL; its number. */
uint32_t recorder_submit(struct pool_recorder *recorder, const char *script,
                         const struct pool_limits *limits);

#endif
