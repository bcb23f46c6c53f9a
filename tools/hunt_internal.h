/* What the parts of a hunt share; inside the hunt only. */
#ifndef TOOLS_HUNT_INTERNAL_H
#define TOOLS_HUNT_INTERNAL_H

#include "tools/hunt.h"
#include "tools/pool.h"
#include "tools/progress_bar.h"

enum task_kind {
    TASK_HUNT,     /* a start of a mutant */
    TASK_CONTROL,  /* a start of the control */
    TASK_ABLATION, /* a run without one nemesis, or without any */
    TASK_CHECK,    /* the run that gave a mutant away, by the control */
};

#define ALL_NEMESES UINT32_MAX

/* What a job of the pool is for. */
struct task {
    enum task_kind kind;
    uint32_t mutant, start;
    uint32_t nemesis;              /* an ablation's; or ALL_NEMESES */
    char what[RUN_LINE_WHAT_SIZE]; /* the end of a single run, as reported */
};

/* A hunt while it runs. */
struct hunter {
    struct pool_client client;
    struct hunt *hunt;
    struct pool *pool;
    struct task *tasks; /* by job */
    size_t n_tasks, capacity;
    uint64_t runs;        /* of all workers */
    size_t next, n_first; /* of the starts that wait for no other: the next to
                             be submitted, and how many there are */
    uint32_t n_found, n_escaped; /* starts; found ones were checked */
    uint32_t n_done;             /* jobs */
    struct progress_bar bar;
};

/* --- hunt.c --------------------------------------------------------------- */

struct hunt_start *hunt__start_at(const struct hunt *hunt, size_t mutant,
                                  uint32_t start);

/* Elsewhere than on a terminal: a line for a mutant once its starts are over,
 * and its finds checked. */
void hunt__tell_mutant(struct hunter *hunter, uint32_t mutant);

/* Something is wrong with the hunt itself: says so, and ends all of it. */
void hunt__give_up(struct hunter *hunter, const char *program,
                   const char *problem);

/* How a worker ended that did not report what its last run ended in; false if
 * that says nothing about the run. */
bool hunt__name_end(const struct pool_end *end, char *what);

/* --- the same run again (hunt_again.c) ------------------------------------ */

void hunt__begin_ablations(struct hunter *hunter, uint32_t mutant,
                           uint32_t start);
void hunt__ablation_end(struct hunter *hunter, uint32_t job,
                        const struct pool_end *end);
void hunt__check_end(struct hunter *hunter, uint32_t job,
                     const struct pool_end *end);

/* --- the control (hunt_control.c) ----------------------------------------- */

/* Begins one if all hunts of this start are over. */
void hunt__begin_control(struct hunter *hunter, uint32_t start);
void hunt__control_line(struct hunter *hunter, uint32_t job,
                        const struct run_line *line);
void hunt__control_end(struct hunter *hunter, uint32_t job,
                       const struct pool_end *end);

/* --- jobs (hunt_jobs.c) --------------------------------------------------- */

void hunt__submit_start(struct hunter *hunter, uint32_t mutant, uint32_t start);
void hunt__submit_control(struct hunter *hunter, uint32_t start);
void hunt__submit_ablation(struct hunter *hunter, uint32_t mutant,
                           uint32_t start, uint32_t nemesis);
void hunt__submit_check(struct hunter *hunter, uint32_t mutant, uint32_t start);

/* The scenario and the seed of a start's run, counted from 0. */
void hunt__place_run(const struct hunt *hunt, uint32_t start, uint64_t run,
                     uint32_t *scenario, uint64_t *seed);

/* --- scenarios (hunt_scenarios.c) ----------------------------------------- */

bool hunt__read_scenario(struct hunt_scenario *scenario, const char *path);

/* Which of its nemeses a seed has. */
void hunt__draw(const struct hunt_scenario *scenario, uint64_t seed,
                bool *drawn);
void hunt__free_scenario(struct hunt_scenario *scenario);

#endif
