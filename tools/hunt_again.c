/* The run that gave a mutant away, again: without its nemeses, and by the
 * control. */
#include "tools/hunt_internal.h"

#include <stdio.h>
#include <string.h>

#include "sim/memory.h"

/* How a worker with a single run ended; false if it was not let. */
static bool end_of_run(struct hunter *hunter, struct task *task,
                       const struct pool_end *end)
{
    char how[RUN_LINE_WHAT_SIZE];
    bool silent = task->what[0] == '\0' || strcmp(task->what, "good") == 0;
    if (end->kind == POOL_INTERRUPTED ||
        (end->kind == POOL_STOPPED && hunter->hunt->failed)) {
        return false;
    }
    if (end->kind == POOL_CPU_LIMIT) {
        snprintf(task->what, sizeof task->what, "hang");
    } else if (silent && hunt__name_end(end, how)) {
        memcpy(task->what, how, sizeof task->what);
    }
    return true;
}

/* --- ablation ------------------------------------------------------------- */

void hunt__begin_ablations(struct hunter *hunter, uint32_t mutant,
                           uint32_t start)
{
    struct hunt *hunt = hunter->hunt;
    struct hunt_start *at = hunt__start_at(hunt, mutant, start);
    const struct hunt_scenario *scenario = &hunt->scenarios[at->scenario];
    at->n_nemeses = scenario->n_nemeses;
    at->drawn = sim_calloc(at->n_nemeses, sizeof *at->drawn);
    at->needed = sim_calloc(at->n_nemeses, sizeof *at->needed);
    hunt__draw(scenario, at->seed, at->drawn);
    for (uint32_t i = 0; i < at->n_nemeses; i++) {
        if (at->drawn[i]) {
            at->n_open++;
            hunt__submit_ablation(hunter, mutant, start, i);
        }
    }
    at->judged = at->n_open == 0;
}

void hunt__ablation_end(struct hunter *hunter, uint32_t job,
                        const struct pool_end *end)
{
    struct task *task = &hunter->tasks[job];
    struct hunt_start *at =
        hunt__start_at(hunter->hunt, task->mutant, task->start);
    if (!end_of_run(hunter, task, end)) {
        return;
    }
    bool differs = strcmp(task->what, at->what) != 0;
    at->n_open--;
    if (task->nemesis == ALL_NEMESES) {
        at->any_of_several = differs;
        at->judged = true;
        return;
    }
    at->needed[task->nemesis] = differs;
    at->n_needed += differs ? 1 : 0;
    if (at->n_open > 0) {
        return;
    }
    if (at->n_needed > 0) {
        at->judged = true;
    } else {
        at->n_open = 1;
        hunt__submit_ablation(hunter, task->mutant, task->start, ALL_NEMESES);
    }
}

/* --- the check ------------------------------------------------------------ */

void hunt__check_end(struct hunter *hunter, uint32_t job,
                     const struct pool_end *end)
{
    struct task *task = &hunter->tasks[job];
    struct hunt_start *at =
        hunt__start_at(hunter->hunt, task->mutant, task->start);
    if (!end_of_run(hunter, task, end)) {
        return;
    }
    if (task->what[0] == '\0') {
        hunt__give_up(hunter, hunter->hunt->options.control,
                      "the control told nothing of its run");
        return;
    }
    at->checked = true;
    at->shared = strcmp(task->what, at->what) == 0;
    hunter->n_found += at->shared ? 0 : 1;
    hunt__tell_mutant(hunter, task->mutant);
}
