/* Workers that died: how, at which seed, and what led there. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/failure.h"
#include "tools/sweep_internal.h"
#include "tools/workers.h"

void sweep__kind_of_death(const char *how, char kind[FAILURE_KIND_SIZE])
{
    static const char silence[] = "no sign of life";
    size_t size = strcspn(how, ":(");
    if (strncmp(how, silence, sizeof silence - 1) == 0) {
        size = sizeof silence - 1; /* for however long it was waited for */
    }
    while (size > 0 && how[size - 1] == ' ') {
        size--;
    }
    snprintf(kind, FAILURE_KIND_SIZE, "%.*s", (int)size, how);
}

/* --- the seed that it was at ---------------------------------------------- */

static void note_death(struct sweeper *sweeper, size_t number, char *how)
{
    struct unit *unit = sweeper->units[number];
    struct sweep_failure failure = {
        .seed = unit->seeds.first + unit->n_done,
        .what = "died",
        .detail = sim_strdup(""),
        .last_steps = sim_strdup(""),
    };
    failure.problem = sim_strdup(how);
    failure.repeat =
        sweep__repeat(sweeper->sweep, unit->scenario, failure.seed, "died");
    sweep__note_failure(sweeper, unit, failure);
    if (sweeper->sweep->failed) {
        return;
    }
    sweep__submit_story(sweeper, number, unit->n_failures - 1);
    if (unit->n_done <= unit->seeds.last - unit->seeds.first) {
        sweep__submit_batch(sweeper, number);
    }
}

bool sweep__was_sent_away(const struct pool_end *end)
{
    return (end->kind == POOL_EXITED && end->code == EXIT_INTERRUPTED) ||
           (end->kind == POOL_KILLED &&
            (end->code == SIGTERM || end->code == SIGINT ||
             end->code == SIGHUP));
}

void sweep__take_death(struct sweeper *sweeper, size_t number,
                       const struct pool_end *end)
{
    char how[WORKERS_HOW_SIZE];
    struct unit *unit = sweeper->units[number];
    if (sweep__was_sent_away(end) && unit->asked_again != unit->n_done + 1) {
        unit->asked_again = unit->n_done + 1;
        sweep__submit_batch(sweeper, number);
        return;
    }
    workers_tell_how(end, sweeper->sweep->options.silence_us, how);
    note_death(sweeper, number, how);
}

void sweep__take_garbage(struct sweeper *sweeper, size_t number)
{
    char how[WORKERS_HOW_SIZE] = "printed what is no report of a run";
    note_death(sweeper, number, how);
}

/* --- what led there ------------------------------------------------------- */

/* Lines, each ended: the first one may have lost its beginning, where there was
 * more than is kept, and the last one its end. */
static char *whole_lines(const char *text)
{
    const char *newline = strchr(text, '\n');
    bool cut = strlen(text) == POOL_COMPLAINT_SIZE && newline != NULL;
    const char *from = cut ? newline + 1 : text;
    size_t size = strlen(from);
    char *lines = sim_calloc(size + 2, 1);
    memcpy(lines, from, size);
    if (size > 0 && lines[size - 1] != '\n') {
        lines[size] = '\n';
    }
    return lines;
}

static char *alone(const char *problem)
{
    static const char more[] = " (alone, the seed ended as expected)";
    size_t room = strlen(problem) + sizeof more;
    char *text = sim_calloc(room, 1);
    snprintf(text, room, "%s%s", problem, more);
    return text;
}

void sweep__story_end(struct sweeper *sweeper, const struct sweep_task *task,
                      const struct pool_end *end)
{
    struct unit *unit = sweeper->units[task->unit];
    struct sweep_failure *failure = &unit->failures[task->failure];
    if (end->kind == POOL_INTERRUPTED || end->kind == POOL_STOPPED ||
        end->kind == POOL_NOT_STARTED) {
        return;
    }
    char *lines = whole_lines(end->complaint);
    workers_clean(lines);
    free(failure->last_steps);
    failure->last_steps = lines;
    if (task->good) {
        char *problem = alone(failure->problem);
        free(failure->problem);
        failure->problem = problem;
    }
    sweep__keep(sweeper, unit, failure);
}
