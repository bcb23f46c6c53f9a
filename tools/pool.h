/* A pool of workers: programs that run side by side, each with work of its own
 * on its command line, and report in lines on their standard output.
 *
 * A job is one program's run from its start to its end. The pool keeps up to
 * `workers` of them running, in the order in which they were submitted, and
 * hands each whole line to the client as it comes. What a worker does takes
 * only that worker: it may crash, hang, go on for ever, eat memory or print
 * what it likes, and all that comes of it is how its job ended. A last line
 * without its newline is not reported: the worker died while it wrote it.
 *
 * Lines and ends of one job always come in order, its end last. An ordered pool
 * also keeps the jobs in the order in which they were submitted: what a later
 * one reports is held back until the earlier ones have ended, so that the
 * client sees the same, byte for byte, whatever the number of workers. (What is
 * held back is kept in memory.)
 *
 * Workers read nothing (standard input is empty), are in process groups of
 * their own, so that the Ctrl-C of a terminal reaches only who runs the pool,
 * and leave no core files. When a job ends, for whatever reason, everything
 * that its worker started in its group ends as well. Should the pool's own
 * process be killed, they end with the next line that they print, or at
 * their limit of processor time.
 *
 * What a worker prints to standard error is not shown; the end of it is kept
 * for who asks why a job ended.
 *
 * One thread, no signal handlers; the pool waits for its own children only, but
 * measures processor time by what all children took: nothing else of the
 * process may wait for children while it runs.
 */
#ifndef TOOLS_POOL_H
#define TOOLS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_MAX_WORKERS 1024u

/* No report is longer; who writes such a line has lost his mind. */
#define POOL_MAX_LINE ((size_t)16 * 1024 * 1024)

/* How much of a worker's standard error is kept: room for the last steps of a
 * run that tells its story there. */
#define POOL_COMPLAINT_SIZE 4096u

/* 0: no limit. */
struct pool_limits {
    uint64_t cpu_us;       /* processor time of the worker in all */
    uint64_t silence_us;   /* wall time from its start, or from one line, to the
                              next line */
    uint64_t memory_bytes; /* its address space: beyond, it gets no more */
};

enum pool_end_kind {
    POOL_EXITED,      /* by itself; `code` is its exit code */
    POOL_KILLED,      /* by a signal; `code` is its number */
    POOL_CPU_LIMIT,   /* by the pool, for one of its limits, */
    POOL_SILENT,      /* or for its silence, */
    POOL_LONG_LINE,   /* or for a line without an end, */
    POOL_STOPPED,     /* or by pool_stop() */
    POOL_INTERRUPTED, /* the whole pool was interrupted */
    POOL_NOT_STARTED, /* it could not be started; `code` is the errno */
};

struct pool_end {
    enum pool_end_kind kind;
    int code;
    uint64_t wall_us, cpu_us; /* how long it ran */
    const char *complaint;    /* the end of its standard error */
};

/* Who gives the work and is told of it: derive from it to add context. The
 * functions may call all that stands below but pool_run() and pool_free(). */
struct pool_client {
    /* `size` bytes, without the newline; there may be any byte among them. One
     * more byte, a zero, follows. Valid until it returns. */
    void (*line)(struct pool_client *self, uint32_t job, const char *line,
                 size_t size);
    void (*end)(struct pool_client *self, uint32_t job,
                const struct pool_end *end);
    /* Some times a second, for a progress bar; NULL: not wanted. */
    void (*turn)(struct pool_client *self);
};

struct pool_options {
    uint32_t workers; /* at the same time, 1 to POOL_MAX_WORKERS */
    bool ordered;
    /* Asked again and again; once it says true, everything ends. NULL: never.
     * A signal that makes it true should not restart system calls. */
    bool (*is_interrupted)(void);
};

struct pool;

/* How many workers the machine has processors for, at least 1. */
uint32_t pool_processors(void);

/* How many of so many workers the limit on open files allows. It is raised
 * first if need be, as far as the system lets. */
uint32_t pool_afford(uint32_t workers);

/* `client` must outlive the pool. */
struct pool *pool_new(const struct pool_options *options,
                      struct pool_client *client);

/* One more job: the program argv[0] (a path; not looked up) with its arguments,
 * NULL at the end; all is copied. Returns its number: 0 for the first, then 1,
 * 2, ... */
uint32_t pool_submit(struct pool *pool, const char *const *argv,
                     const struct pool_limits *limits);

/* Ends a job that is not needed any more: no further line of it is reported,
 * and it ends as POOL_STOPPED, whether it was running or waiting. Nothing
 * happens to one that has ended. */
void pool_stop(struct pool *pool, uint32_t job);

/* How long a job has run until now, or did: wall and processor time. */
uint64_t pool_wall_us(const struct pool *pool, uint32_t job);
uint64_t pool_cpu_us(const struct pool *pool, uint32_t job);

/* Runs all jobs, those submitted meanwhile as well. True when each has ended;
 * false if interrupted: then nothing runs any more, whole lines of the workers
 * that ran were still reported (in an ordered pool with gaps), their jobs ended
 * as POOL_INTERRUPTED, and jobs that had not begun got no end. */
bool pool_run(struct pool *pool);

/* The pool must not be running. */
void pool_free(struct pool *pool);

#endif
