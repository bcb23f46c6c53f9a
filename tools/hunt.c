/* How a hunt goes on: what its workers report, and what follows from it. */
#include "tools/hunt_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/runner.h"
#include "tools/workers.h"

struct hunt_start *hunt__start_at(const struct hunt *hunt, size_t mutant,
                                  uint32_t start)
{
    return &hunt->starts[mutant * hunt->options.starts + start];
}

const struct hunt_start *hunt_start_of(const struct hunt *hunt, size_t mutant,
                                       uint32_t start)
{
    return hunt__start_at(hunt, mutant, start);
}

/* --- what is told meanwhile ----------------------------------------------- */

void hunt__tell_mutant(struct hunter *hunter, uint32_t mutant)
{
    const struct hunt *hunt = hunter->hunt;
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        const struct hunt_start *at = hunt__start_at(hunt, mutant, k);
        if (at->state == HUNT_PENDING ||
            (at->state == HUNT_FOUND && !at->checked)) {
            return;
        }
    }
    if (!hunter->bar.wanted) {
        fprintf(stderr, "%s: found in %" PRIu32 " of %" PRIu32 " starts\n",
                hunt->corpus->mutants[mutant].name, hunt_found(hunt, mutant),
                hunt_begun(hunt, mutant));
    }
}

static void show_progress(struct pool_client *self)
{
    struct hunter *hunter = (struct hunter *)self;
    const struct hunt *hunt = hunter->hunt;
    char text[128];
    if (!progress_bar_due(&hunter->bar)) {
        return;
    }
    snprintf(text, sizeof text,
             "%" PRIu32 " found, %" PRIu32 " escaped of %zu; %" PRIu64
             " runs, %" PRIu64 "/s",
             hunter->n_found, hunter->n_escaped,
             hunt->corpus->count * hunt->options.starts, hunter->runs,
             progress_bar_rate(&hunter->bar, hunter->runs));
    progress_bar_draw(&hunter->bar, hunter->n_done,
                      hunter->n_tasks + hunter->n_first - hunter->next, text);
}

void hunt__give_up(struct hunter *hunter, const char *program,
                   const char *problem)
{
    if (hunter->hunt->failed) {
        return;
    }
    hunter->hunt->failed = true;
    progress_bar_clear(&hunter->bar);
    fprintf(stderr, "raftsim: %s: %s\n", program, problem);
    for (uint32_t i = 0; i < hunter->n_tasks; i++) {
        pool_stop(hunter->pool, i);
    }
}

/* --- ends ----------------------------------------------------------------- */

bool hunt__name_end(const struct pool_end *end, char *what)
{
    switch (end->kind) {
    case POOL_EXITED:
        snprintf(what, RUN_LINE_WHAT_SIZE, "exit %d", end->code);
        return end->code != 0;
    case POOL_KILLED:
        snprintf(what, RUN_LINE_WHAT_SIZE, "crash");
        return true;
    case POOL_SILENT:
        snprintf(what, RUN_LINE_WHAT_SIZE, "hang");
        return true;
    case POOL_LONG_LINE:
        snprintf(what, RUN_LINE_WHAT_SIZE, "garbage");
        return true;
    case POOL_CPU_LIMIT:
    case POOL_STOPPED:
    case POOL_INTERRUPTED:
    case POOL_NOT_STARTED:
        return false;
    }
    return false;
}

/* Gives the hunt up if the worker did. */
static bool refuses(struct hunter *hunter, const char *program,
                    const struct pool_end *end)
{
    char problem[WORKERS_PROBLEM_SIZE];
    if (!workers_refuse(end, problem)) {
        return false;
    }
    hunt__give_up(hunter, program, problem);
    return true;
}

/* --- the hunts ------------------------------------------------------------ */

/* Starts are submitted one by one, so that what comes of a find, its check
 * first, need not wait until all starts are over. */
static void submit_next(struct hunter *hunter)
{
    size_t count = hunter->hunt->corpus->count;
    if (hunter->next < hunter->n_first && !hunter->hunt->failed) {
        hunt__submit_start(hunter, (uint32_t)(hunter->next % count),
                           (uint32_t)(hunter->next / count));
        hunter->next++;
    }
}

/* Where once is enough: the mutant's next start, or none. */
static void go_on_once(struct hunter *hunter, const struct task *task,
                       enum hunt_state state)
{
    struct hunt *hunt = hunter->hunt;
    if (state == HUNT_ESCAPED && task->start + 1 < hunt->options.starts) {
        hunt__submit_start(hunter, task->mutant, task->start + 1);
    }
    for (uint32_t k = task->start + 1;
         state == HUNT_FOUND && k < hunt->options.starts; k++) {
        hunt__start_at(hunt, task->mutant, k)->state = HUNT_SKIPPED;
        hunt__begin_control(hunter, k);
    }
}

static void end_start(struct hunter *hunter, const struct task *task,
                      enum hunt_state state)
{
    struct task now = *task;
    hunt__start_at(hunter->hunt, now.mutant, now.start)->state = state;
    hunter->n_escaped += state == HUNT_ESCAPED ? 1 : 0;
    if (hunter->hunt->options.once) {
        go_on_once(hunter, &now, state);
    }
    hunt__tell_mutant(hunter, now.mutant);
    hunt__begin_control(hunter, now.start);
}

/* In the latest of its runs. */
static void find(struct hunter *hunter, uint32_t job, const char *what)
{
    struct task task = hunter->tasks[job];
    struct hunt_start *at =
        hunt__start_at(hunter->hunt, task.mutant, task.start);
    at->wall_us = pool_wall_us(hunter->pool, job);
    at->cpu_us = pool_cpu_us(hunter->pool, job);
    snprintf(at->what, sizeof at->what, "%s", what);
    hunt__place_run(hunter->hunt, task.start, at->runs - 1, &at->scenario,
                    &at->seed);
    end_start(hunter, &task, HUNT_FOUND);
    hunt__submit_check(hunter, task.mutant, task.start);
    hunt__begin_ablations(hunter, task.mutant, task.start);
    pool_stop(hunter->pool, job);
}

static void hunt_line(struct hunter *hunter, uint32_t job,
                      const struct run_line *line)
{
    const struct task *task = &hunter->tasks[job];
    struct hunt_start *at =
        hunt__start_at(hunter->hunt, task->mutant, task->start);
    at->begun = true;
    at->runs++;
    at->steps += line->steps;
    at->line_cpu_us = pool_cpu_us(hunter->pool, job);
    if (!line->good) {
        find(hunter, job, line->what);
    }
}

/* Where its budget ended, it was about to be silent for long. */
static bool hangs(const struct hunt_start *start, const struct pool_end *end)
{
    return end->kind == POOL_CPU_LIMIT &&
           end->cpu_us >= start->line_cpu_us + HUNT_HANG_CPU_US;
}

static void hunt_end(struct hunter *hunter, uint32_t job,
                     const struct pool_end *end)
{
    char what[RUN_LINE_WHAT_SIZE];
    struct task task = hunter->tasks[job];
    struct hunt_start *at =
        hunt__start_at(hunter->hunt, task.mutant, task.start);
    at->begun = at->begun || end->wall_us > 0; /* else it was still waiting */
    if (at->state != HUNT_PENDING) {
        return;
    }
    if (hunt__name_end(end, what)) {
        at->runs++;
        find(hunter, job, what);
    } else if (hangs(at, end)) {
        at->runs++;
        find(hunter, job, "hang");
    } else if (end->kind == POOL_CPU_LIMIT || end->kind == POOL_EXITED) {
        at->wall_us = end->wall_us;
        at->cpu_us = end->cpu_us;
        end_start(hunter, &task, HUNT_ESCAPED);
    }
}

/* --- the client of the pool ----------------------------------------------- */

static void take_line(struct pool_client *self, uint32_t job, const char *text,
                      size_t size)
{
    struct hunter *hunter = (struct hunter *)self;
    struct run_line line;
    if (!run_line_read(text, size, &line)) {
        line = (struct run_line){.decided = true, .what = "garbage"};
    }
    if (!line.decided) {
        return;
    }
    hunter->runs++;
    switch (hunter->tasks[job].kind) {
    case TASK_HUNT:
        hunt_line(hunter, job, &line);
        break;
    case TASK_CONTROL:
        hunt__control_line(hunter, job, &line);
        break;
    case TASK_ABLATION:
    case TASK_CHECK:
        memcpy(hunter->tasks[job].what, line.good ? "good" : line.what,
               line.good ? sizeof "good" : sizeof line.what);
        break;
    }
}

static void take_end(struct pool_client *self, uint32_t job,
                     const struct pool_end *end)
{
    struct hunter *hunter = (struct hunter *)self;
    const struct task *task = &hunter->tasks[job];
    hunter->n_done++;
    bool own = task->kind == TASK_CONTROL || task->kind == TASK_CHECK;
    if (refuses(hunter,
                own ? hunter->hunt->options.control
                    : hunter->hunt->corpus->mutants[task->mutant].executable,
                end)) {
        return;
    }
    switch (task->kind) {
    case TASK_HUNT:
        hunt_end(hunter, job, end);
        submit_next(hunter);
        break;
    case TASK_CONTROL:
        hunt__control_end(hunter, job, end);
        break;
    case TASK_ABLATION:
        hunt__ablation_end(hunter, job, end);
        break;
    case TASK_CHECK:
        hunt__check_end(hunter, job, end);
        break;
    }
}

/* --- the life of a hunt --------------------------------------------------- */

bool hunt_init(struct hunt *hunt, const struct hunt_options *options,
               const struct corpus *corpus)
{
    *hunt = (struct hunt){.options = *options, .corpus = corpus};
    hunt->scenarios = sim_calloc(options->n_scenarios, sizeof *hunt->scenarios);
    hunt->starts =
        sim_calloc(corpus->count * options->starts, sizeof *hunt->starts);
    hunt->controls = sim_calloc(options->starts, sizeof *hunt->controls);
    for (uint32_t i = 0; i < options->n_scenarios; i++) {
        if (!hunt__read_scenario(&hunt->scenarios[i], options->scenarios[i])) {
            return false;
        }
    }
    return workers_afford(options->workers); /* better now than after hours */
}

void hunt_run(struct hunt *hunt)
{
    struct pool_options options = {.workers = hunt->options.workers,
                                   .is_interrupted = runner_is_interrupted};
    struct hunter hunter = {.client = {take_line, take_end, show_progress},
                            .hunt = hunt};
    uint32_t at_once = hunt->options.once ? 1 : hunt->options.starts;
    hunter.n_first = at_once * hunt->corpus->count;
    runner_catch_interrupt();
    hunter.pool = pool_new(&options, &hunter.client);
    progress_bar_start(&hunter.bar);
    for (uint32_t i = 0; i < options.workers; i++) {
        submit_next(&hunter);
    }
    hunt->interrupted = !pool_run(hunter.pool);
    progress_bar_clear(&hunter.bar);
    pool_free(hunter.pool);
    free(hunter.tasks);
}

void hunt_free(struct hunt *hunt)
{
    for (uint32_t i = 0; i < hunt->options.n_scenarios; i++) {
        hunt__free_scenario(&hunt->scenarios[i]);
    }
    for (size_t i = 0; i < hunt->corpus->count * hunt->options.starts; i++) {
        free(hunt->starts[i].drawn);
        free(hunt->starts[i].needed);
    }
    free(hunt->scenarios);
    free(hunt->starts);
    free(hunt->controls);
}
