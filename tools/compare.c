/* How a comparison goes on: jobs of one implementation, one scenario and some
 * seeds each. */
#include "tools/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/batches.h"
#include "tools/pool.h"
#include "tools/progress_bar.h"
#include "tools/workers.h"

/* What a job of the pool is for. */
struct task {
    uint32_t scenario, node;
    uint64_t next;   /* the seed that comes next, */
    uint64_t n_left; /* and how many do, this one included */
};

struct comparer {
    struct pool_client client;
    struct compare *compare;
    struct pool *pool;
    struct task *tasks; /* by job */
    size_t n_tasks, capacity;
    uint64_t n_done, n_all; /* runs */
    struct progress_bar bar;
};

struct compare_cell *compare_cell(const struct compare *compare,
                                  uint32_t scenario, uint32_t node)
{
    return &compare->cells[(size_t)scenario * compare->options.n_nodes + node];
}

/* --- what came of a run --------------------------------------------------- */

static void count_violation(struct compare *compare, uint32_t node,
                            const char *what)
{
    for (size_t i = 0; i < compare->n_violations; i++) {
        if (strcmp(compare->violations[i].what, what) == 0) {
            compare->violations[i].count[node]++;
            return;
        }
    }
    compare->violations =
        sim_grow(compare->violations, &compare->violations_capacity,
                 compare->n_violations + 1, sizeof *compare->violations);
    struct compare_violation *more =
        &compare->violations[compare->n_violations++];
    *more = (struct compare_violation){.count = {0}};
    snprintf(more->what, sizeof more->what, "%s", what);
    more->count[node] = 1;
}

/* Puts a run where it belongs; `problem` and `what` as in a line of it. */
static void note(struct comparer *comparer, const struct task *task,
                 const struct compare_run *run,
                 const struct run_line_features *features, const char *what,
                 const char *problem)
{
    struct compare *compare = comparer->compare;
    struct compare_cell *cell =
        compare_cell(compare, task->scenario, task->node);
    cell->runs[task->next - compare->options.seeds.first] = *run;
    cell->n_run++;
    comparer->n_done++;
    if (run->end == COMPARE_VIOLATED) {
        count_violation(compare, task->node, what);
    }
    if (run->end > cell->worst) {
        cell->worst = run->end;
        cell->n_worst = 0;
        cell->seed = UINT64_MAX;
    }
    if (run->end != cell->worst) {
        return;
    }
    cell->n_worst++;
    if (task->next < cell->seed) {
        cell->seed = task->next;
        snprintf(cell->what, sizeof cell->what, "%s", what);
        snprintf(cell->problem, sizeof cell->problem, "%s", problem);
        cell->features = *features;
    }
}

static enum compare_end end_of(const struct run_line *line,
                               const struct run_line_features *features)
{
    if (line->good) {
        return COMPARE_AS_EXPECTED;
    }
    if (strcmp(line->what, "contract") == 0 ||
        strcmp(line->what, "not_repeatable") == 0) {
        return COMPARE_CONTRACT;
    }
    if (strcmp(line->what, "step_limit") == 0 ||
        strcmp(line->what, "time_limit") == 0) {
        return COMPARE_UNMET; /* no limit is asked for */
    }
    if (strcmp(line->what, "expectation") == 0) {
        return features->lacks[0] != '\0' ? COMPARE_LACKS : COMPARE_UNMET;
    }
    return COMPARE_VIOLATED;
}

/* --- jobs ----------------------------------------------------------------- */

static void submit(struct comparer *comparer, const struct task *task)
{
    const struct compare_options *options = &comparer->compare->options;
    struct pool_limits limits = {.cpu_us = WORKERS_SILENCE_US * task->n_left,
                                 .silence_us = WORKERS_SILENCE_US,
                                 .memory_bytes = WORKERS_MEMORY_BYTES};
    char seeds[64];
    snprintf(seeds, sizeof seeds, "--seeds=%" PRIu64 "..%" PRIu64, task->next,
             task->next + (task->n_left - 1));
    const char *argv[] = {options->executable,
                          "run",
                          "--json",
                          "--node",
                          options->nodes[task->node].word,
                          seeds,
                          "--",
                          options->scenarios[task->scenario],
                          NULL};
    comparer->tasks = sim_grow(comparer->tasks, &comparer->capacity,
                               comparer->n_tasks + 1, sizeof *comparer->tasks);
    comparer->tasks[comparer->n_tasks++] = *task;
    pool_submit(comparer->pool, argv, &limits);
}

static void submit_cell(struct comparer *comparer, uint32_t scenario,
                        uint32_t node)
{
    const struct seeds *seeds = &comparer->compare->options.seeds;
    uint64_t n_seeds = seeds->last - seeds->first + 1;
    for (uint64_t i = 0; i < n_seeds; i += BATCH_SEEDS) {
        uint64_t left = n_seeds - i;
        submit(comparer,
               &(struct task){scenario, node, seeds->first + i,
                              left < BATCH_SEEDS ? left : BATCH_SEEDS});
    }
}

static void submit_all(struct comparer *comparer)
{
    const struct compare_options *options = &comparer->compare->options;
    for (uint32_t scenario = 0; scenario < options->n_scenarios; scenario++) {
        for (uint32_t node = 0; node < options->n_nodes; node++) {
            submit_cell(comparer, scenario, node);
        }
    }
}

static void give_up(struct comparer *comparer, const char *problem)
{
    progress_bar_clear(&comparer->bar);
    if (!comparer->compare->failed) {
        fprintf(stderr, "raftsim: %s: %s\n",
                comparer->compare->options.executable, problem);
    }
    comparer->compare->failed = true;
    for (uint32_t job = 0; job < comparer->n_tasks; job++) {
        pool_stop(comparer->pool, job);
    }
}

/* The run that it was at took the worker with it; the others are left. */
static void take_death(struct comparer *comparer, struct task task,
                       const char *how)
{
    struct compare_run run = {.end = COMPARE_DIED};
    struct run_line_features none = {.lacks = ""};
    note(comparer, &task, &run, &none, "died", how);
    if (task.n_left > 1) {
        task.next++;
        task.n_left--;
        submit(comparer, &task);
    }
}

/* --- the client of the pool ----------------------------------------------- */

static void take_line(struct pool_client *self, uint32_t job, const char *text,
                      size_t size)
{
    struct comparer *comparer = (struct comparer *)self;
    struct task *task = &comparer->tasks[job];
    struct compare_run run = {.end = COMPARE_NOT_RUN};
    struct run_line_features features;
    struct run_line line;
    bool good = run_line_read(text, size, &line);
    if (good && !line.decided) {
        return;
    }
    if (!good || line.seed != task->next || task->n_left == 0 ||
        !run_line_read_figures(text, &run.figures, &features)) {
        pool_stop(comparer->pool, job);
        take_death(comparer, *task, "printed something that is no report");
        return;
    }
    run.end = end_of(&line, &features);
    run.whole = run.end < COMPARE_VIOLATED && !run.figures.violated;
    note(comparer, task, &run, &features, line.what, line.problem);
    task->next++;
    task->n_left--;
}

static void take_end(struct pool_client *self, uint32_t job,
                     const struct pool_end *end)
{
    struct comparer *comparer = (struct comparer *)self;
    struct task task = comparer->tasks[job];
    char text[WORKERS_PROBLEM_SIZE];
    if (task.n_left == 0 || end->kind == POOL_STOPPED ||
        end->kind == POOL_INTERRUPTED || comparer->compare->failed) {
        return;
    }
    if (end->kind == POOL_NOT_STARTED && workers_refuse(end, text)) {
        give_up(comparer, text);
        return;
    }
    workers_tell_how(end, WORKERS_SILENCE_US, text);
    take_death(comparer, task, text);
}

static void show_progress(struct pool_client *self)
{
    struct comparer *comparer = (struct comparer *)self;
    char text[64];
    if (progress_bar_due(&comparer->bar)) {
        snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " runs",
                 comparer->n_done, comparer->n_all);
        progress_bar_draw(&comparer->bar, comparer->n_done, comparer->n_all,
                          text);
    }
}

/* They came in the order in which workers were done. */
static int by_name(const void *a, const void *b)
{
    const struct compare_violation *one = a, *other = b;
    return strcmp(one->what, other->what);
}

/* --- the life of a comparison --------------------------------------------- */

void compare_run(struct compare *compare, const struct compare_options *options)
{
    struct pool_options how = {.workers = options->workers,
                               .is_interrupted = runner_is_interrupted};
    struct comparer comparer = {.client = {take_line, take_end, show_progress},
                                .compare = compare};
    uint64_t n_seeds = options->seeds.last - options->seeds.first + 1;
    size_t n_cells = (size_t)options->n_scenarios * options->n_nodes;
    *compare = (struct compare){.options = *options};
    compare->cells = sim_calloc(n_cells, sizeof *compare->cells);
    for (size_t i = 0; i < n_cells; i++) {
        compare->cells[i].runs =
            sim_calloc((size_t)n_seeds, sizeof *compare->cells[i].runs);
    }
    comparer.n_all = n_cells * n_seeds;
    runner_catch_interrupt();
    comparer.pool = pool_new(&how, &comparer.client);
    submit_all(&comparer);
    progress_bar_start(&comparer.bar);
    compare->interrupted = !pool_run(comparer.pool);
    progress_bar_clear(&comparer.bar);
    if (compare->n_violations > 0) {
        qsort(compare->violations, compare->n_violations,
              sizeof *compare->violations, by_name);
    }
    pool_free(comparer.pool);
    free(comparer.tasks);
}

void compare_free(struct compare *compare)
{
    size_t n_cells =
        (size_t)compare->options.n_scenarios * compare->options.n_nodes;
    for (size_t i = 0; i < n_cells; i++) {
        free(compare->cells[i].runs);
    }
    free(compare->cells);
    free(compare->violations);
}
