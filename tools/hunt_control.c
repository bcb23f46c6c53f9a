/* The control of a hunt: the same seeds through the unmutated library. */
#include "tools/hunt_internal.h"

#include <inttypes.h>
#include <string.h>

void hunt__begin_control(struct hunter *hunter, uint32_t start)
{
    struct hunt *hunt = hunter->hunt;
    bool any = false;
    for (size_t m = 0; m < hunt->corpus->count; m++) {
        enum hunt_state state = hunt__start_at(hunt, m, start)->state;
        if (state == HUNT_PENDING) {
            return;
        }
        any = any || state != HUNT_SKIPPED;
    }
    if (any && !hunt->controls[start].begun) {
        hunt__submit_control(hunter, start);
    }
}

static bool did_enough(const struct hunter *hunter, uint32_t start)
{
    const struct hunt *hunt = hunter->hunt;
    const struct hunt_control *control = &hunt->controls[start];
    uint64_t runs = 0, cpu_us = 0;
    for (size_t m = 0; m < hunt->corpus->count; m++) {
        const struct hunt_start *at = hunt__start_at(hunt, m, start);
        runs = at->runs > runs ? at->runs : runs;
        cpu_us = at->cpu_us > cpu_us ? at->cpu_us : cpu_us;
    }
    uint64_t own_cpu_us = pool_cpu_us(hunter->pool, control->job);
    return own_cpu_us >= cpu_us &&
           (control->runs >= runs || own_cpu_us >= hunt->options.budget_us);
}

static void raise_alarm(struct hunter *hunter, uint32_t start, const char *what)
{
    struct hunt *hunt = hunter->hunt;
    struct hunt_control *control = &hunt->controls[start];
    memcpy(control->what, what, sizeof control->what);
    hunt__place_run(hunt, start, control->runs - 1, &control->scenario,
                    &control->seed);
    progress_bar_clear(&hunter->bar);
    fprintf(stderr,
            "FALSE ALARM: the control ended in '%s': %s run %s --seed %" PRIu64
            "\n",
            what, hunt->options.control,
            hunt->scenarios[control->scenario].path, control->seed);
}

void hunt__control_line(struct hunter *hunter, uint32_t job,
                        const struct run_line *line)
{
    uint32_t start = hunter->tasks[job].start;
    struct hunt_control *control = &hunter->hunt->controls[start];
    control->runs++;
    control->steps += line->steps;
    if (!line->good) {
        raise_alarm(hunter, start, line->what);
    }
    if (!line->good || did_enough(hunter, start)) {
        control->cpu_us = pool_cpu_us(hunter->pool, job);
        control->over = true;
        pool_stop(hunter->pool, job);
    }
}

void hunt__control_end(struct hunter *hunter, uint32_t job,
                       const struct pool_end *end)
{
    char what[RUN_LINE_WHAT_SIZE];
    uint32_t start = hunter->tasks[job].start;
    struct hunt_control *control = &hunter->hunt->controls[start];
    control->cpu_us = end->cpu_us;
    if (control->over) {
        return;
    }
    if (hunt__name_end(end, what)) {
        control->over = true;
        control->runs++;
        raise_alarm(hunter, start, what);
    } else if (end->kind == POOL_EXITED) {
        hunt__give_up(hunter, hunter->hunt->options.control,
                      "the control stopped by itself");
    }
}
