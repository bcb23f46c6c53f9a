#undef NDEBUG
/* The command lines of a sweep's workers. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/simulation.h"
#include "tools/node.h"
#include "tools/report.h"
#include "tools/sweep_internal.h"

/* Words of a command line, and its end. */
#define MAX_WORDS 20u

struct words {
    const char *argv[MAX_WORDS];
    size_t count;
    char seeds[64], steps[48], time[48], twice[48];
};

static void add(struct words *words, const char *word)
{
    assert(words->count + 1 < MAX_WORDS);
    words->argv[words->count++] = word;
}

/* What all workers are told: `raftsim run`, as one line of JSON a run, within
 * the limits. */
static void begin(struct words *words, const struct sweep_options *options)
{
    *words = (struct words){.count = 0};
    add(words, options->executable);
    add(words, "run");
    add(words, "--json");
    if (!node_is_builtin(options->node)) {
        add(words, "--node");
        add(words, options->node);
    }
    if (options->max_steps != SIM_UNLIMITED) {
        snprintf(words->steps, sizeof words->steps, "--max-steps=%" PRIu64,
                 options->max_steps);
        add(words, words->steps);
    }
    if (options->max_time_us > 0) {
        snprintf(words->time, sizeof words->time,
                 "--max-virtual-time=%" PRIu64 "ms",
                 options->max_time_us / 1000u);
        add(words, words->time);
    }
    if (options->double_check > 0) {
        snprintf(words->twice, sizeof words->twice, "--double-check=%" PRIu64,
                 options->double_check);
        add(words, words->twice);
    }
}

/* It leaves the file of a failure before it tells of it. */
static void ask_for_files_of_failures(struct words *words,
                                      const struct sweep_options *options)
{
    add(words, "--failures");
    add(words, options->failures);
}

/* A worker that hangs when this process is gone ends by its processor time. */
static void submit(struct sweeper *sweeper, const struct sweep_task *task,
                   struct words *words, uint64_t n_seeds)
{
    const struct sweep_options *options = &sweeper->sweep->options;
    struct pool_limits limits = {.cpu_us = options->silence_us * n_seeds,
                                 .silence_us = options->silence_us,
                                 .memory_bytes = options->memory_bytes};
    add(words, "--");
    add(words, options->scenarios[sweeper->units[task->unit]->scenario]);
    sweeper->tasks = sim_grow(sweeper->tasks, &sweeper->tasks_capacity,
                              sweeper->n_tasks + 1, sizeof *sweeper->tasks);
    uint32_t job = pool_submit(sweeper->pool, words->argv, &limits);
    assert(job == sweeper->n_tasks); /* tasks are found by job */
    sweeper->tasks[sweeper->n_tasks++] = *task;
    sweeper->units[task->unit]->n_open++;
    sweeper->n_open++;
}

void sweep__submit_batch(struct sweeper *sweeper, size_t number)
{
    const struct unit *unit = sweeper->units[number];
    struct sweep_task task = {.kind = SWEEP_BATCH, .unit = number};
    struct words words;
    uint64_t first = unit->seeds.first + unit->n_done;
    begin(&words, &sweeper->sweep->options);
    snprintf(words.seeds, sizeof words.seeds, "--seeds=%" PRIu64 "..%" PRIu64,
             first, unit->seeds.last);
    add(&words, words.seeds);
    ask_for_files_of_failures(&words, &sweeper->sweep->options);
    submit(sweeper, &task, &words, unit->seeds.last - first + 1);
}

/* It tells its story on standard error, of which the pool keeps the end. */
void sweep__submit_story(struct sweeper *sweeper, size_t number, size_t failure)
{
    const struct unit *unit = sweeper->units[number];
    struct sweep_task task = {
        .kind = SWEEP_STORY, .unit = number, .failure = failure};
    struct words words;
    begin(&words, &sweeper->sweep->options);
    snprintf(words.seeds, sizeof words.seeds, "--seed=%" PRIu64,
             unit->failures[failure].seed);
    add(&words, words.seeds);
    add(&words, "--verbose");
    submit(sweeper, &task, &words, 1);
}

char *sweep__repeat(const struct sweep *sweep, uint32_t scenario, uint64_t seed,
                    const char *what)
{
    uint64_t every = sweep->options.double_check;
    bool twice =
        every > 0 && seed % every == 0 &&
        (strcmp(what, "not_repeatable") == 0 || strcmp(what, "died") == 0);
    struct sim_options how = {.seed = seed,
                              .checks = true,
                              .max_steps = sweep->options.max_steps,
                              .max_time_us = sweep->options.max_time_us};
    return report_repeat(sweep->options.program,
                         sweep->options.scenarios[scenario], &how, NULL, twice,
                         sweep->options.node);
}
