#undef NDEBUG
/* The command lines of a hunt's workers. */
#include "tools/hunt_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/workers.h"

/* Ten times what a single run may take. */
#define SINGLE_CPU_US UINT64_C(5000000)

/* Words of a command line other than scenarios, and its end. */
#define MAX_WORDS 8u

static void submit(struct hunter *hunter, const struct task *task,
                   const char *const *argv, uint64_t cpu_us)
{
    struct pool_limits limits = {.cpu_us = cpu_us,
                                 .silence_us = WORKERS_SILENCE_US,
                                 .memory_bytes = WORKERS_MEMORY_BYTES};
    hunter->tasks = sim_grow(hunter->tasks, &hunter->capacity,
                             hunter->n_tasks + 1, sizeof *hunter->tasks);
    uint32_t job = pool_submit(hunter->pool, argv, &limits);
    assert(job == hunter->n_tasks); /* tasks are found by job */
    hunter->tasks[hunter->n_tasks++] = *task;
}

/* All seeds of a start, through all scenarios. */
static void submit_seeds(struct hunter *hunter, const struct task *task,
                         const char *program, uint64_t cpu_us)
{
    const struct hunt_options *options = &hunter->hunt->options;
    char seeds[64];
    uint64_t first = (task->start + 1) * HUNT_SEED_DISTANCE;
    const char **argv =
        sim_calloc(MAX_WORDS + options->n_scenarios, sizeof *argv);
    size_t n = 0;
    snprintf(seeds, sizeof seeds, "--seeds=%" PRIu64 "..%" PRIu64, first,
             first + HUNT_SEED_DISTANCE - 1);
    argv[n++] = program;
    argv[n++] = "run";
    argv[n++] = "--json";
    argv[n++] = "--until-failure";
    argv[n++] = seeds;
    argv[n++] = "--";
    for (uint32_t i = 0; i < options->n_scenarios; i++) {
        argv[n++] = options->scenarios[i];
    }
    submit(hunter, task, argv, cpu_us);
    free(argv);
}

void hunt__submit_start(struct hunter *hunter, uint32_t mutant, uint32_t start)
{
    struct task task = {.kind = TASK_HUNT, .mutant = mutant, .start = start};
    submit_seeds(hunter, &task,
                 hunter->hunt->corpus->mutants[mutant].executable,
                 hunter->hunt->options.budget_us);
}

/* It ends when it has done as much as the longest hunt. */
void hunt__submit_control(struct hunter *hunter, uint32_t start)
{
    struct task task = {.kind = TASK_CONTROL, .start = start};
    struct hunt_control *control = &hunter->hunt->controls[start];
    control->begun = true;
    control->job = (uint32_t)hunter->n_tasks;
    submit_seeds(hunter, &task, hunter->hunt->options.control, 0);
}

/* The list for --without; to be freed. */
static char *list_nemeses(const struct hunt_start *at, uint32_t nemesis)
{
    size_t room = (size_t)at->n_nemeses * 24 + 32;
    char *list = sim_calloc(room, 1);
    size_t size = 0;
    for (uint32_t i = 0; i < at->n_nemeses; i++) {
        bool wanted = nemesis == ALL_NEMESES ? at->drawn[i] : i == nemesis;
        if (wanted) {
            size +=
                (size_t)snprintf(list + size, room - size,
                                 "%s/nemeses/%" PRIu32, size > 0 ? "," : "", i);
        }
    }
    return list;
}

/* One run again. `without`: NULL, or the nemeses that are left out. */
static void submit_run(struct hunter *hunter, const struct task *task,
                       const char *program, const char *without)
{
    struct hunt *hunt = hunter->hunt;
    const struct hunt_start *at =
        hunt_start_of(hunt, task->mutant, task->start);
    const char *argv[MAX_WORDS + 1];
    char seed[48];
    size_t n = 0;
    snprintf(seed, sizeof seed, "--seed=%" PRIu64, at->seed);
    argv[n++] = program;
    argv[n++] = "run";
    argv[n++] = "--json";
    argv[n++] = seed;
    if (without != NULL) {
        argv[n++] = "--without";
        argv[n++] = without;
    }
    argv[n++] = "--";
    argv[n++] = hunt->scenarios[at->scenario].path;
    argv[n] = NULL;
    submit(hunter, task, argv, SINGLE_CPU_US);
}

void hunt__submit_ablation(struct hunter *hunter, uint32_t mutant,
                           uint32_t start, uint32_t nemesis)
{
    struct task task = {.kind = TASK_ABLATION,
                        .mutant = mutant,
                        .start = start,
                        .nemesis = nemesis};
    char *without =
        list_nemeses(hunt_start_of(hunter->hunt, mutant, start), nemesis);
    submit_run(hunter, &task, hunter->hunt->corpus->mutants[mutant].executable,
               without);
    free(without);
}

void hunt__submit_check(struct hunter *hunter, uint32_t mutant, uint32_t start)
{
    struct task task = {.kind = TASK_CHECK, .mutant = mutant, .start = start};
    submit_run(hunter, &task, hunter->hunt->options.control, NULL);
}

void hunt__place_run(const struct hunt *hunt, uint32_t start, uint64_t run,
                     uint32_t *scenario, uint64_t *seed)
{
    uint32_t n = hunt->options.n_scenarios;
    *scenario = (uint32_t)(run % n);
    *seed = (start + 1) * HUNT_SEED_DISTANCE + run / n;
}
