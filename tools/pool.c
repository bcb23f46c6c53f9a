#undef NDEBUG
#define _POSIX_C_SOURCE 200809L

#include "tools/pool.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/memory.h"
#include "tools/pool_worker.h"
#include "tools/wall_clock.h"

/* How long to sleep when nobody says anything: limits and interrupts wait for
 * it. When a worker has closed its pipe, it is about to be over. */
#define TURN_MS 50
#define ENDING_TURN_MS 2

enum job_state {
    JOB_WAITS,
    JOB_RUNS,
    JOB_ENDED, /* its lines or its end are still to be told */
};

struct job {
    enum job_state state;
    char **argv; /* one block each; NULL at the end */
    struct pool_limits limits;
    struct pool_worker worker;
    uint64_t started_us;
    bool stopped;            /* by the client */
    bool doomed;             /* the pool kills it */
    enum pool_end_kind doom; /* for this */
    struct pool_end end;
};

/* What is kept of a job that is over. */
struct times {
    uint64_t wall_us, cpu_us;
};

struct pool {
    struct pool_options options;
    struct pool_client *client;
    struct job **jobs;   /* by number; they stay where they are; NULL once over:
                            a day has millions */
    struct times *times; /* of those that are over, by number */
    size_t capacity, times_capacity;
    uint32_t n_jobs;
    uint32_t next;   /* the first that waits */
    uint32_t oldest; /* all before it are told */
    struct job **running;
    uint32_t n_running;
    struct pollfd *polled;
};

/* --- the client's calls --------------------------------------------------- */

uint32_t pool_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1                        ? 1
           : count > (long)POOL_MAX_WORKERS ? POOL_MAX_WORKERS
                                            : (uint32_t)count;
}

struct pool *pool_new(const struct pool_options *options,
                      struct pool_client *client)
{
    assert(options->workers >= 1);
    assert(options->workers <= POOL_MAX_WORKERS);
    struct pool *pool = sim_calloc(1, sizeof *pool);
    pool->options = *options;
    pool->client = client;
    pool->running = sim_calloc(options->workers, sizeof(struct job *));
    pool->polled =
        sim_calloc((size_t)options->workers * 2, sizeof *pool->polled);
    return pool;
}

uint32_t pool_submit(struct pool *pool, const char *const *argv,
                     const struct pool_limits *limits)
{
    size_t words = 0;
    assert(argv[0] != NULL);
    while (argv[words] != NULL) {
        words++;
    }
    struct job *job = sim_calloc(1, sizeof *job);
    job->argv = sim_calloc(words + 1, sizeof *job->argv);
    for (size_t i = 0; i < words; i++) {
        job->argv[i] = sim_strdup(argv[i]);
    }
    job->limits = *limits;
    pool->jobs = sim_grow(pool->jobs, &pool->capacity, (size_t)pool->n_jobs + 1,
                          sizeof(struct job *));
    pool->times = sim_grow(pool->times, &pool->times_capacity,
                           (size_t)pool->n_jobs + 1, sizeof *pool->times);
    pool->jobs[pool->n_jobs] = job;
    return pool->n_jobs++;
}

void pool_stop(struct pool *pool, uint32_t job)
{
    assert(job < pool->n_jobs);
    if (pool->jobs[job] != NULL) {
        pool->jobs[job]->stopped = true;
    }
}

static const struct job *job_at(const struct pool *pool, uint32_t job)
{
    assert(job < pool->n_jobs);
    return pool->jobs[job];
}

uint64_t pool_wall_us(const struct pool *pool, uint32_t number)
{
    const struct job *job = job_at(pool, number);
    return job == NULL              ? pool->times[number].wall_us
           : job->state == JOB_RUNS ? wall_clock_us() - job->started_us
                                    : job->end.wall_us;
}

uint64_t pool_cpu_us(const struct pool *pool, uint32_t number)
{
    const struct job *job = job_at(pool, number);
    return job == NULL              ? pool->times[number].cpu_us
           : job->state == JOB_RUNS ? pool_worker__cpu_us(&job->worker)
                                    : job->end.cpu_us;
}

/* --- telling the client --------------------------------------------------- */

static void free_words(struct job *job)
{
    for (size_t i = 0; job->argv != NULL && job->argv[i] != NULL; i++) {
        free(job->argv[i]);
    }
    free(job->argv);
    job->argv = NULL;
}

static void free_texts(struct job *job)
{
    free(job->worker.text.bytes);
    free(job->worker.complaint);
    job->worker.text = (struct pool_text){0};
    job->worker.complaint = NULL;
}

static void tell_lines(struct pool *pool, uint32_t number)
{
    struct job *job = pool->jobs[number];
    struct pool_text *text = &job->worker.text;
    size_t whole = text->size - text->tail;
    for (size_t at = 0; at < whole && !job->stopped;) {
        char *end = memchr(text->bytes + at, '\n', whole - at);
        assert(end != NULL); /* `whole` ends with a newline */
        size_t size = (size_t)(end - (text->bytes + at));
        *end = '\0';
        pool->client->line(pool->client, number, text->bytes + at, size);
        at += size + 1;
    }
    if (whole > 0) {
        memmove(text->bytes, text->bytes + whole, text->tail);
        text->size = text->tail;
    }
}

static void free_job(struct job *job)
{
    free_words(job);
    free_texts(job);
    free(job);
}

static void tell(struct pool *pool, uint32_t number)
{
    struct job *job = pool->jobs[number];
    if (job == NULL || job->state == JOB_WAITS) {
        return;
    }
    tell_lines(pool, number);
    if (job->state == JOB_ENDED) {
        if (job->stopped) {
            job->end.kind = POOL_STOPPED;
        }
        job->end.complaint =
            job->worker.complaint != NULL ? job->worker.complaint : "";
        pool->client->end(pool->client, number, &job->end);
        pool->times[number] = (struct times){job->end.wall_us, job->end.cpu_us};
        pool->jobs[number] = NULL;
        free_job(job);
    }
}

/* All that may be told now. */
static void tell_all(struct pool *pool)
{
    for (uint32_t i = pool->oldest; i < pool->next; i++) {
        tell(pool, i);
        bool told = pool->jobs[i] == NULL;
        if (told && i == pool->oldest) {
            pool->oldest++;
        }
        if (!told && pool->options.ordered) {
            return;
        }
    }
}

/* --- the workers ---------------------------------------------------------- */

static void start_job(struct pool *pool, struct job *job)
{
    if (job->stopped) {
        job->state = JOB_ENDED;
        return;
    }
    int error = pool_worker__start(&job->worker, job->argv, &job->limits);
    free_words(job);
    if (error != 0) {
        job->state = JOB_ENDED;
        job->end.kind = POOL_NOT_STARTED;
        job->end.code = error;
        return;
    }
    job->state = JOB_RUNS;
    job->started_us = job->worker.heard_us;
    pool->running[pool->n_running++] = job;
}

static void start_jobs(struct pool *pool)
{
    while (pool->next < pool->n_jobs &&
           pool->n_running < pool->options.workers) {
        start_job(pool, pool->jobs[pool->next++]);
    }
}

/* Sleeps until one of them has something to say. */
static void wait_for_news(struct pool *pool)
{
    nfds_t count = 0;
    int patience_ms = TURN_MS;
    for (uint32_t i = 0; i < pool->n_running; i++) {
        const struct pool_worker *worker = &pool->running[i]->worker;
        const int both[2] = {worker->out, worker->err};
        for (int j = 0; j < 2; j++) {
            if (both[j] >= 0) {
                pool->polled[count++] =
                    (struct pollfd){.fd = both[j], .events = POLLIN};
            }
        }
        if (worker->out < 0) {
            patience_ms = ENDING_TURN_MS;
        }
    }
    /* An interrupt cuts it short, and so might any error. */
    (void)poll(pool->polled, count, patience_ms);
}

static void doom(struct job *job, enum pool_end_kind kind)
{
    if (!job->doomed) {
        job->doomed = true;
        job->doom = kind;
        pool_worker__kill(&job->worker);
    }
}

static void enforce(struct job *job)
{
    const struct pool_limits *limits = &job->limits;
    const struct pool_worker *worker = &job->worker;
    if (job->stopped) {
        doom(job, POOL_STOPPED);
    } else if (worker->text.tail > POOL_MAX_LINE) {
        doom(job, POOL_LONG_LINE);
    } else if (limits->cpu_us > 0 &&
               pool_worker__cpu_us(worker) >= limits->cpu_us) {
        doom(job, POOL_CPU_LIMIT);
    } else if (limits->silence_us > 0 &&
               wall_clock_us() - worker->heard_us >= limits->silence_us) {
        doom(job, POOL_SILENT);
    }
}

/* True if the job has ended. */
static bool reap(struct job *job, bool wait)
{
    if (!pool_worker__reap(&job->worker, wait, &job->end)) {
        return false;
    }
    job->end.wall_us = wall_clock_us() - job->started_us;
    job->state = JOB_ENDED;
    if (job->doomed) {
        job->end.kind = job->doom;
        job->end.code = 0;
    } else if (job->end.kind == POOL_KILLED && job->end.code == SIGXCPU &&
               job->limits.cpu_us > 0) {
        job->end.kind = POOL_CPU_LIMIT;
    }
    return true;
}

static void look_at_workers(struct pool *pool)
{
    uint32_t still = 0;
    for (uint32_t i = 0; i < pool->n_running; i++) {
        struct job *job = pool->running[i];
        pool_worker__read(&job->worker);
        enforce(job);
        if (!reap(job, false)) {
            pool->running[still++] = job;
        }
    }
    pool->n_running = still;
}

static void end_workers(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->n_running; i++) {
        doom(pool->running[i], POOL_INTERRUPTED);
    }
    for (uint32_t i = 0; i < pool->n_running; i++) {
        reap(pool->running[i], true);
    }
    pool->n_running = 0;
}

/* --- the life of a pool --------------------------------------------------- */

static bool is_interrupted(const struct pool *pool)
{
    return pool->options.is_interrupted != NULL &&
           pool->options.is_interrupted();
}

bool pool_run(struct pool *pool)
{
    while (pool->oldest < pool->n_jobs) {
        if (is_interrupted(pool)) {
            end_workers(pool);
            tell_all(pool);
            return false;
        }
        start_jobs(pool);
        if (pool->n_running > 0) {
            wait_for_news(pool);
        }
        look_at_workers(pool);
        tell_all(pool);
        if (pool->client->turn != NULL) {
            pool->client->turn(pool->client);
        }
    }
    return true;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL) {
        return;
    }
    assert(pool->n_running == 0);
    for (uint32_t i = 0; i < pool->n_jobs; i++) {
        if (pool->jobs[i] != NULL) {
            free_job(pool->jobs[i]);
        }
    }
    free(pool->jobs);
    free(pool->times);
    free(pool->running);
    free(pool->polled);
    free(pool);
}
