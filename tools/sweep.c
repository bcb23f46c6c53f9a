/* How a sweep goes on: what its workers report, and what is told of it, in
 * order. */
#define _POSIX_C_SOURCE 200809L

#include "tools/sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/memory.h"
#include "tools/artifact.h"
#include "tools/batches.h"
#include "tools/runner.h"
#include "tools/sweep_internal.h"
#include "tools/wall_clock.h"
#include "tools/workers.h"

static void stop_all(struct sweeper *sweeper)
{
    for (uint32_t i = 0; i < sweeper->n_tasks; i++) {
        pool_stop(sweeper->pool, i);
    }
}

void sweep__give_up(struct sweeper *sweeper, const char *problem)
{
    if (sweeper->sweep->failed) {
        return;
    }
    sweeper->sweep->failed = true;
    progress_bar_clear(&sweeper->bar);
    if (problem != NULL) {
        fprintf(stderr, "raftsim: %s: %s\n", sweeper->sweep->options.executable,
                problem);
    }
    stop_all(sweeper);
}

/* --- what failed ---------------------------------------------------------- */

void sweep__keep(struct sweeper *sweeper, const struct unit *unit,
                 const struct sweep_failure *failure)
{
    const struct sweep *sweep = sweeper->sweep;
    const char *scenario = sweep->texts[unit->scenario].text;
    struct artifact_text text = {scenario, strlen(scenario)};
    struct runner_options limits = {
        .simulation = {.max_steps = sweep->options.max_steps,
                       .max_time_us = sweep->options.max_time_us},
        .node = sweep->options.node};
    struct failure what = {.what = ""};
    snprintf(what.what, sizeof what.what, "%s", failure->what);
    if (strcmp(failure->what, "died") == 0) {
        sweep__kind_of_death(failure->problem, what.kind);
    }
    if (!artifact_keep_told(sweep->options.failures,
                            sweep->options.scenarios[unit->scenario], &text,
                            failure->seed, &limits, &what, failure->problem,
                            failure->last_steps)) {
        sweep__give_up(sweeper, NULL);
    }
}

/* Whether the worker has left a file of it. */
static bool is_kept(const struct sweeper *sweeper, const struct unit *unit,
                    const struct sweep_failure *failure)
{
    const struct sweep_options *options = &sweeper->sweep->options;
    char *path =
        artifact_path(options->failures, options->scenarios[unit->scenario],
                      failure->seed, failure->what);
    bool kept = access(path, F_OK) == 0;
    free(path);
    return kept;
}

void sweep__note_failure(struct sweeper *sweeper, struct unit *unit,
                         struct sweep_failure failure)
{
    unit->failures = sim_grow(unit->failures, &unit->capacity,
                              unit->n_failures + 1, sizeof *unit->failures);
    unit->failures[unit->n_failures++] = failure;
    unit->n_done++;
    sim_hash_word(&unit->digest, failure.seed);
    sim_hash_bytes(&unit->digest, (const uint8_t *)failure.what,
                   strlen(failure.what));
    sim_hash_bytes(&unit->digest, (const uint8_t *)failure.hash,
                   strlen(failure.hash));
    sweeper->n_runs++;
    sweeper->n_failed++;
    if (strcmp(failure.what, "died") == 0 ||
        !is_kept(sweeper, unit, &failure)) {
        sweep__keep(sweeper, unit, &failure);
    }
}

static void note_bad_run(struct sweeper *sweeper, struct unit *unit,
                         const struct run_line *line)
{
    struct sweep_failure failure = {
        .seed = line->seed,
        .steps = line->steps,
        .problem = sim_strdup(line->problem),
        .detail = sim_strdup(line->detail),
        .repeat = sweep__repeat(sweeper->sweep, unit->scenario, line->seed,
                                line->what),
        .last_steps = sim_strdup(""),
    };
    memcpy(failure.what, line->what, sizeof failure.what);
    memcpy(failure.hash, line->hash, sizeof failure.hash);
    sweep__note_failure(sweeper, unit, failure);
}

/* --- what is told, in order ----------------------------------------------- */

static struct unit *unit_new(uint32_t scenario, uint64_t batch,
                             struct seeds seeds)
{
    struct unit *unit = sim_calloc(1, sizeof *unit);
    unit->scenario = scenario;
    unit->batch = batch;
    unit->seeds = seeds;
    return unit;
}

/* Its failures were handed on. */
static void unit_free(struct unit *unit)
{
    free(unit->failures);
    free(unit);
}

static bool is_whole(const struct unit *unit)
{
    struct seeds all = batch_seeds(unit->batch);
    return unit->seeds.first == all.first && unit->seeds.last == all.last &&
           unit->n_done == all.last - all.first + 1;
}

static void tell_unit(struct sweeper *sweeper, struct unit *unit)
{
    struct sweep *sweep = sweeper->sweep;
    struct sweep_scenario *scenario = &sweep->report.scenarios[unit->scenario];
    for (size_t i = 0; i < unit->n_failures; i++) {
        progress_bar_clear(&sweeper->bar);
        sweep_print_failure(scenario, &unit->failures[i], sweep->options.out);
        sweep_scenario_add(scenario, unit->failures[i]);
    }
    fflush(sweep->options.out);
    if (unit->n_done > 0) {
        ranges_add(&scenario->done,
                   (struct seeds){unit->seeds.first,
                                  unit->seeds.first + unit->n_done - 1});
    }
    if (is_whole(unit)) {
        sweep_scenario_digest(
            scenario,
            (struct sweep_digest){unit->batch, sim_hash_value(&unit->digest)});
    }
}

/* Tells of the units that are over; of all in the end. */
static void tell(struct sweeper *sweeper, bool all)
{
    struct sweep *sweep = sweeper->sweep;
    while (sweeper->next_told < sweeper->n_units && !sweep->stopped) {
        struct unit **unit = &sweeper->units[sweeper->next_told];
        if ((*unit)->n_open > 0 && !all) {
            return;
        }
        tell_unit(sweeper, *unit);
        unit_free(*unit);
        *unit = NULL;
        sweeper->next_told++;
        if (sweep->options.stop_after > 0 &&
            sweep_report_failed(&sweep->report) >= sweep->options.stop_after) {
            sweep->stopped = true;
            stop_all(sweeper);
        }
    }
}

/* --- what is done next ---------------------------------------------------- */

/* To the next batch of this shard, if there is one. */
static void skip_batches(struct sweeper *sweeper, uint64_t by)
{
    const struct sweep_options *options = &sweeper->sweep->options;
    uint64_t left = batch_of(options->seeds.last) - sweeper->next_batch;
    sweeper->exhausted = by > left;
    sweeper->next_batch += sweeper->exhausted ? 0 : by;
}

static bool begin_next(struct sweeper *sweeper)
{
    const struct sweep_options *options = &sweeper->sweep->options;
    if (sweeper->exhausted ||
        (options->time_us > 0 &&
         wall_clock_us() - sweeper->bar.started_us >= options->time_us)) {
        return false;
    }
    struct seeds seeds = batch_seeds(sweeper->next_batch);
    const struct seeds *all = &options->seeds;
    seeds.first = seeds.first < all->first ? all->first : seeds.first;
    seeds.last = seeds.last > all->last ? all->last : seeds.last;
    sweeper->units = sim_grow(sweeper->units, &sweeper->units_capacity,
                              sweeper->n_units + 1, sizeof *sweeper->units);
    sweeper->units[sweeper->n_units++] =
        unit_new(sweeper->next_scenario, sweeper->next_batch, seeds);
    sweep__submit_batch(sweeper, sweeper->n_units - 1);
    sweeper->next_scenario++;
    if (sweeper->next_scenario == options->n_scenarios) {
        sweeper->next_scenario = 0;
        skip_batches(sweeper, options->shards);
    }
    return true;
}

/* A job for each worker, so that what a death asks for need not wait long. */
static void begin_more(struct sweeper *sweeper)
{
    const struct sweep *sweep = sweeper->sweep;
    while (!sweep->failed && !sweep->stopped && !runner_is_interrupted() &&
           sweeper->n_open < sweep->options.workers && begin_next(sweeper)) {
    }
}

/* --- the client of the pool ----------------------------------------------- */

static void take_run(struct sweeper *sweeper, struct unit *unit,
                     const struct run_line *line)
{
    if (!line->good) {
        note_bad_run(sweeper, unit, line);
        return;
    }
    unit->n_done++;
    sweeper->n_runs++;
    sim_hash_word(&unit->digest, line->seed);
    sim_hash_bytes(&unit->digest, (const uint8_t *)line->hash,
                   strlen(line->hash));
}

static void take_line(struct pool_client *self, uint32_t job, const char *text,
                      size_t size)
{
    struct sweeper *sweeper = (struct sweeper *)self;
    struct sweep_task *task = &sweeper->tasks[job];
    struct unit *unit = sweeper->units[task->unit];
    struct run_line line;
    bool good = run_line_read(text, size, &line);
    if (good && !line.decided) {
        return;
    }
    if (task->kind == SWEEP_STORY) {
        task->good = good && line.good;
    } else if (good && unit->n_done <= unit->seeds.last - unit->seeds.first &&
               line.seed == unit->seeds.first + unit->n_done) {
        take_run(sweeper, unit, &line);
    } else {
        pool_stop(sweeper->pool, job);
        sweep__take_garbage(sweeper, task->unit);
    }
}

static void batch_end(struct sweeper *sweeper, size_t number,
                      const struct pool_end *end)
{
    char problem[WORKERS_PROBLEM_SIZE];
    struct unit *unit = sweeper->units[number];
    if (end->kind == POOL_STOPPED || end->kind == POOL_INTERRUPTED ||
        unit->n_done > unit->seeds.last - unit->seeds.first) {
        return;
    }
    /* `raftsim` says why it refuses; a node that ends its process may not. */
    if ((end->kind == POOL_NOT_STARTED || end->complaint[0] != '\0') &&
        workers_refuse(end, problem)) {
        sweep__give_up(sweeper, problem);
        return;
    }
    sweep__take_death(sweeper, number, end);
}

static void take_end(struct pool_client *self, uint32_t job,
                     const struct pool_end *end)
{
    struct sweeper *sweeper = (struct sweeper *)self;
    struct sweep_task task = sweeper->tasks[job];
    struct unit *unit = sweeper->units[task.unit];
    sweeper->n_open--;
    if (task.kind == SWEEP_STORY) {
        sweep__story_end(sweeper, &task, end);
    } else {
        batch_end(sweeper, task.unit, end);
    }
    unit->n_open--;
    begin_more(sweeper);
    tell(sweeper, false);
}

/* --- the life of a sweep -------------------------------------------------- */

/* Runs of this shard; 0 if nobody knows. */
static uint64_t count_wanted(const struct sweep_options *options)
{
    uint64_t seeds = options->seeds.last - options->seeds.first;
    return options->by_time || seeds >= UINT64_MAX / options->n_scenarios
               ? 0
               : (seeds / options->shards + 1) * options->n_scenarios;
}

void sweep_run(struct sweep *sweep)
{
    const struct sweep_options *options = &sweep->options;
    struct pool_options how = {.workers = options->workers,
                               .is_interrupted = runner_is_interrupted};
    struct sweeper sweeper = {.client = {take_line, take_end, sweep__progress},
                              .sweep = sweep,
                              .n_wanted = count_wanted(options)};
    runner_catch_interrupt();
    if (!sweep__replay_corpus(sweep)) {
        return;
    }
    sweeper.pool = pool_new(&how, &sweeper.client);
    sweep__progress_begin(&sweeper);
    sweeper.next_batch = batch_of(options->seeds.first);
    skip_batches(&sweeper, batch_ahead(sweeper.next_batch, options->shard,
                                       options->shards));
    begin_more(&sweeper);
    sweep->interrupted = !pool_run(sweeper.pool) && !sweep->stopped;
    tell(&sweeper, true);
    sweep__progress_end(&sweeper);
    sweep__look_for_changes(sweep);
    sweep_report_settle(&sweep->report);
    for (size_t i = sweeper.next_told; i < sweeper.n_units; i++) {
        for (size_t k = 0; k < sweeper.units[i]->n_failures; k++) {
            sweep_failure_free(&sweeper.units[i]->failures[k]);
        }
        unit_free(sweeper.units[i]);
    }
    free(sweeper.units);
    free(sweeper.tasks);
    pool_free(sweeper.pool);
}
