/* One worker of a pool: a child process, its pipes and its time. Inside the
 * pool only. */
#ifndef TOOLS_POOL_WORKER_H
#define TOOLS_POOL_WORKER_H

#include <sys/types.h>

#include "tools/pool.h"

/* What a worker wrote, as far as it was not handed on. */
struct pool_text {
    char *bytes;
    size_t size, capacity;
    size_t tail; /* bytes after the last newline */
};

struct pool_worker {
    pid_t pid;             /* 0: none */
    int out, err;          /* where to read what it prints; -1: closed */
    uint64_t heard_us;     /* wall time of its latest line, or of its start */
    struct pool_text text; /* of its standard output */
    char *complaint;       /* POOL_COMPLAINT_SIZE bytes and a zero */
    size_t complaint_size;
};

/* Starts it. 0, or the errno of what failed. */
int pool_worker__start(struct pool_worker *worker, char *const *argv,
                       const struct pool_limits *limits);

/* Reads what is there to be read, without waiting. */
void pool_worker__read(struct pool_worker *worker);

/* Its processor time until now; 0 where the system does not tell. */
uint64_t pool_worker__cpu_us(const struct pool_worker *worker);

/* Kills it and all that it started; it has to be reaped still. */
void pool_worker__kill(const struct pool_worker *worker);

/* If it is over: reads the rest, closes the pipes, fills in `kind`, `code` and
 * `cpu_us` of `end` and returns true. `wait`: waits until it is over. */
bool pool_worker__reap(struct pool_worker *worker, bool wait,
                       struct pool_end *end);

#endif
