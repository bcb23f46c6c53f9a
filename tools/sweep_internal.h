/* What the parts of a sweep share; inside the sweep only. */
#ifndef TOOLS_SWEEP_INTERNAL_H
#define TOOLS_SWEEP_INTERNAL_H

#include "tools/pool.h"
#include "tools/progress_bar.h"
#include "tools/sweep.h"

#include "sim/hash.h"
#include "tools/failure.h"

/* A batch of seeds of one scenario, from when it is begun to when it is told.
 */
struct unit {
    uint32_t scenario;
    uint64_t batch;
    struct seeds seeds;   /* of the batch, those that are wanted */
    uint64_t n_done;      /* so many of them have ended */
    uint64_t asked_again; /* how many had when its worker was sent away; plus 1;
                             0: never */
    uint32_t n_open;      /* jobs that are not over */
    struct sim_hash digest;
    struct sweep_failure *failures; /* by seed */
    size_t n_failures, capacity;
};

enum sweep_task_kind {
    SWEEP_BATCH, /* the seeds of a unit that have not ended */
    SWEEP_STORY, /* one that died, alone */
};

/* What a job of the pool is for. */
struct sweep_task {
    enum sweep_task_kind kind;
    size_t unit;
    size_t failure; /* of a story: which of the unit's */
    bool good;      /* of a story: this time it ended as expected */
};

/* A sweep while it runs. */
struct sweeper {
    struct pool_client client;
    struct sweep *sweep;
    struct pool *pool;
    struct sweep_task *tasks; /* by job */
    size_t n_tasks, tasks_capacity;
    struct unit **units; /* NULL once told */
    size_t n_units, units_capacity;
    size_t next_told;
    uint64_t next_batch; /* of the next unit */
    uint32_t next_scenario;
    bool exhausted;            /* there is no next unit */
    uint32_t n_open;           /* jobs that are not over */
    uint64_t n_runs, n_failed; /* told or not */
    uint64_t n_wanted;         /* runs; 0: nobody knows */
    struct progress_bar bar;
    uint64_t next_line_us; /* when to say how far it is, without a terminal */
};

/* --- sweep.c -------------------------------------------------------------- */

/* The sweep cannot go on: says so, and ends all of it. */
void sweep__give_up(struct sweeper *sweeper, const char *problem);

/* Notes a failure of a unit's next seed, and leaves a file of it. */
void sweep__note_failure(struct sweeper *sweeper, struct unit *unit,
                         struct sweep_failure failure);

/* Leaves a file of a failure, or makes it anew. */
void sweep__keep(struct sweeper *sweeper, const struct unit *unit,
                 const struct sweep_failure *failure);

/* --- scenarios (sweep_scenarios.c) ---------------------------------------- */

/* A file that changed meanwhile was swept in two versions: then the sweep has
 * failed, and says so. */
void sweep__look_for_changes(struct sweep *sweep);

/* --- the corpus (sweep_corpus.c) ------------------------------------------ */

/* Reads it, if there is one. False, after saying so on stderr, if it cannot be
 * read, or if a file in it is no failure that was kept. */
bool sweep__read_corpus(struct sweep *sweep);

/* Replays all of it, and tells of each. False if the sweep has failed or was
 * interrupted. */
bool sweep__replay_corpus(struct sweep *sweep);

void sweep__free_corpus(struct sweep *sweep);

/* --- jobs (sweep_jobs.c) -------------------------------------------------- */

/* The seeds of a unit that have not ended. */
void sweep__submit_batch(struct sweeper *sweeper, size_t unit);
void sweep__submit_story(struct sweeper *sweeper, size_t unit, size_t failure);

/* The command that repeats a run that failed with `what`; to be freed. */
char *sweep__repeat(const struct sweep *sweep, uint32_t scenario, uint64_t seed,
                    const char *what);

/* --- deaths (sweep_deaths.c) ---------------------------------------------- */

/* "killed by SIGABRT": what it said before it died is not the same each time.
 */
void sweep__kind_of_death(const char *how, char kind[FAILURE_KIND_SIZE]);

/* Whoever ends a whole machine, or a job of one, tells the workers as well:
 * that is no fault of theirs. (A node that sends such a signal to itself does
 * so again.) */
bool sweep__was_sent_away(const struct pool_end *end);

/* The worker of a unit is gone, and did not tell how its seed ended. */
void sweep__take_death(struct sweeper *sweeper, size_t unit,
                       const struct pool_end *end);

/* The worker printed something that is no report. */
void sweep__take_garbage(struct sweeper *sweeper, size_t unit);

void sweep__story_end(struct sweeper *sweeper, const struct sweep_task *task,
                      const struct pool_end *end);

/* --- how far it is (sweep_progress.c) ------------------------------------- */

void sweep__progress_begin(struct sweeper *sweeper);

/* Some times a second. */
void sweep__progress(struct pool_client *self);

/* The last line: how long it took. */
void sweep__progress_end(struct sweeper *sweeper);

#endif
