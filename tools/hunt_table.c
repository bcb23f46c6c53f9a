/* What came of a hunt, in tables. */
#include "tools/hunt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/grid.h"
#include "tools/tally.h"
#include "tools/terminal.h"

#define CELL_SIZE 256u

/* --- figures -------------------------------------------------------------- */

static bool is_found(const struct hunt_start *start)
{
    return start->state == HUNT_FOUND && start->checked && !start->shared;
}

uint32_t hunt_found(const struct hunt *hunt, size_t mutant)
{
    uint32_t found = 0;
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        found += is_found(hunt_start_of(hunt, mutant, k)) ? 1 : 0;
    }
    return found;
}

uint32_t hunt_begun(const struct hunt *hunt, size_t mutant)
{
    uint32_t begun = 0;
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        begun += hunt_start_of(hunt, mutant, k)->begun ? 1 : 0;
    }
    return begun;
}

static uint32_t count_shared(const struct hunt *hunt)
{
    uint32_t shared = 0;
    size_t count = hunt->corpus->count * hunt->options.starts;
    for (size_t i = 0; i < count; i++) {
        shared += hunt->starts[i].shared ? 1 : 0;
    }
    return shared;
}

uint32_t hunt_false_alarms(const struct hunt *hunt)
{
    uint32_t alarms = count_shared(hunt);
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        alarms += hunt->controls[k].what[0] != '\0' ? 1 : 0;
    }
    return alarms;
}

enum figure { FIGURE_RUNS, FIGURE_STEPS, FIGURE_TIME };

/* A start that did not find it needed more than any other. */
#define NEVER UINT64_MAX

static uint64_t figure_of(const struct hunt_start *start, enum figure figure)
{
    if (!is_found(start)) {
        return NEVER;
    }
    switch (figure) {
    case FIGURE_RUNS:
        return start->runs;
    case FIGURE_STEPS:
        return start->steps;
    case FIGURE_TIME:
        return start->wall_us;
    }
    return NEVER;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* The one in the middle; the upper of two. */
static uint64_t median_of(uint64_t *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    return numbers[count / 2];
}

/* Of the starts that are over, their finds checked. */
static void measure(const struct hunt *hunt, size_t mutant, enum figure figure,
                    uint64_t *median, uint64_t *worst)
{
    uint64_t *numbers = sim_calloc(hunt->options.starts, sizeof *numbers);
    size_t count = 0;
    *median = NEVER;
    *worst = NEVER;
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        const struct hunt_start *start = hunt_start_of(hunt, mutant, k);
        if ((start->state == HUNT_FOUND && start->checked) ||
            start->state == HUNT_ESCAPED) {
            numbers[count++] = figure_of(start, figure);
        }
    }
    if (count > 0) {
        *median = median_of(numbers, count);
        *worst = numbers[count - 1];
    }
    free(numbers);
}

static void print_figure(uint64_t number, enum figure figure, char *cell)
{
    if (number == NEVER) {
        snprintf(cell, CELL_SIZE, "-");
    } else if (figure == FIGURE_TIME) {
        snprintf(cell, CELL_SIZE, "%" PRIu64 ".%03" PRIu64 " s",
                 number / 1000000u, number / 1000u % 1000u);
    } else {
        snprintf(cell, CELL_SIZE, "%" PRIu64, number);
    }
}

/* --- the mutants ---------------------------------------------------------- */

/* What ended the hunts, and whether the most frequent was expected. */
static void add_catchers(const struct hunt *hunt, size_t mutant,
                         struct grid *grid)
{
    const struct corpus_mutant *known = &hunt->corpus->mutants[mutant];
    struct tally tally = {0};
    char cell[CELL_SIZE], first[CELL_SIZE];
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        const struct hunt_start *start = hunt_start_of(hunt, mutant, k);
        if (is_found(start)) {
            tally_add(&tally, start->what);
        }
    }
    tally_print(&tally, hunt_found(hunt, mutant), cell, sizeof cell);
    snprintf(first, sizeof first, "%s", cell);
    first[strcspn(first, " ,")] = '\0';
    grid_add(grid, cell);
    grid_add(grid, corpus_expects(known, first) ? "" : known->expected);
}

/* Each action once a start, however many nemeses of its kind were needed. */
static void add_needs_of(const struct hunt *hunt,
                         const struct hunt_start *start, struct tally *tally)
{
    const struct hunt_scenario *scenario = &hunt->scenarios[start->scenario];
    if (start->n_needed == 0) {
        tally_add(tally, start->any_of_several ? "any of several" : "none");
    }
    for (uint32_t i = 0; i < start->n_nemeses; i++) {
        bool first = start->needed[i];
        for (uint32_t j = 0; j < i && first; j++) {
            first = !start->needed[j] ||
                    strcmp(scenario->actions[j], scenario->actions[i]) != 0;
        }
        if (first) {
            tally_add(tally, scenario->actions[i]);
        }
    }
}

static void add_needs(const struct hunt *hunt, size_t mutant, struct grid *grid)
{
    struct tally tally = {0};
    char cell[CELL_SIZE];
    uint32_t judged = 0;
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        const struct hunt_start *start = hunt_start_of(hunt, mutant, k);
        if (is_found(start) && start->judged) {
            judged++;
            add_needs_of(hunt, start, &tally);
        }
    }
    tally_print(&tally, judged, cell, sizeof cell);
    grid_add(grid, cell);
}

static void add_mutant(const struct hunt *hunt, size_t mutant,
                       struct grid *grid)
{
    static const enum figure figures[] = {FIGURE_RUNS, FIGURE_STEPS,
                                          FIGURE_TIME};
    char cell[CELL_SIZE];
    grid_add(grid, hunt->corpus->mutants[mutant].name);
    snprintf(cell, sizeof cell, "%" PRIu32 " of %" PRIu32,
             hunt_found(hunt, mutant), hunt_begun(hunt, mutant));
    grid_add(grid, cell);
    add_catchers(hunt, mutant, grid);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        uint64_t median, worst;
        measure(hunt, mutant, figures[i], &median, &worst);
        print_figure(median, figures[i], cell);
        grid_add(grid, cell);
        print_figure(worst, figures[i], cell);
        grid_add(grid, cell);
    }
    add_needs(hunt, mutant, grid);
}

static void print_mutants(const struct hunt *hunt, bool markdown, FILE *out)
{
    static const char *const heads[] = {
        "mutant", ">found", "caught by", "expected", ">seeds", ">worst",
        ">steps", ">worst", ">time",     ">worst",   "needed"};
    struct grid *grid = grid_new(heads, sizeof heads / sizeof heads[0]);
    for (size_t m = 0; m < hunt->corpus->count; m++) {
        add_mutant(hunt, m, grid);
    }
    grid_finish(grid, markdown, out);
}

/* --- the nemeses ---------------------------------------------------------- */

static void add_nemesis(const struct hunt *hunt, uint32_t scenario, uint32_t i,
                        struct grid *grid)
{
    const struct hunt_scenario *known = &hunt->scenarios[scenario];
    uint32_t drawn = 0, needed = 0, mutants = 0;
    char cell[CELL_SIZE];
    for (size_t m = 0; m < hunt->corpus->count; m++) {
        uint32_t before = needed;
        for (uint32_t k = 0; k < hunt->options.starts; k++) {
            const struct hunt_start *start = hunt_start_of(hunt, m, k);
            if (is_found(start) && start->judged &&
                start->scenario == scenario) {
                drawn += start->drawn[i] ? 1 : 0;
                needed += start->needed[i] ? 1 : 0;
            }
        }
        mutants += needed > before ? 1 : 0;
    }
    grid_add(grid, known->path);
    snprintf(cell, sizeof cell, "/nemeses/%" PRIu32, i);
    grid_add(grid, cell);
    grid_add(grid, known->nemeses[i]);
    snprintf(cell, sizeof cell, "%" PRIu32, drawn);
    grid_add(grid, cell);
    snprintf(cell, sizeof cell, "%" PRIu32, needed);
    grid_add(grid, cell);
    snprintf(cell, sizeof cell, "%" PRIu32, mutants);
    grid_add(grid, cell);
}

static void print_nemeses(const struct hunt *hunt, bool markdown, FILE *out)
{
    static const char *const heads[] = {"scenario", "place",   "nemesis",
                                        ">drawn",   ">needed", ">mutants"};
    struct grid *grid = grid_new(heads, sizeof heads / sizeof heads[0]);
    uint32_t count = 0;
    for (uint32_t s = 0; s < hunt->options.n_scenarios; s++) {
        for (uint32_t i = 0; i < hunt->scenarios[s].n_nemeses; i++, count++) {
            add_nemesis(hunt, s, i, grid);
        }
    }
    if (count > 0) {
        grid_finish(grid, markdown, out);
    } else {
        grid_free(grid);
    }
}

/* --- the summary ---------------------------------------------------------- */

static void print_control(const struct hunt *hunt, FILE *out)
{
    uint64_t runs = 0, steps = 0, cpu_us = 0;
    uint32_t over = 0, begun = 0;
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        const struct hunt_control *control = &hunt->controls[k];
        runs += control->runs;
        steps += control->steps;
        cpu_us += control->cpu_us;
        over += control->over ? 1 : 0;
        begun += control->begun ? 1 : 0;
    }
    if (hunt_false_alarms(hunt) == 0 && over > 0) {
        terminal_print(out, TERMINAL_GOOD, "Control clean");
    } else {
        fputs("Control", out);
    }
    fprintf(out,
            ": %" PRIu64 " runs, %" PRIu64 " steps, %" PRIu64 ".%" PRIu64
            " s of a core, %" PRIu32 " of %" PRIu32 " starts.\n",
            runs, steps, cpu_us / 1000000u, cpu_us / 100000u % 10u, over,
            begun);
    if (count_shared(hunt) > 0) {
        terminal_print(out, TERMINAL_BAD, "FALSE ALARM");
        fprintf(out,
                ": %" PRIu32 " of the runs that gave a mutant away end so in "
                "the control too; they do not count.\n",
                count_shared(hunt));
    }
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        const struct hunt_control *control = &hunt->controls[k];
        if (control->what[0] != '\0') {
            terminal_print(out, TERMINAL_BAD, "FALSE ALARM");
            fprintf(out, " of the control: %s in %s, seed %" PRIu64 ".\n",
                    control->what, hunt->scenarios[control->scenario].path,
                    control->seed);
        }
    }
}

static void print_missed(const struct hunt *hunt, uint32_t enough, FILE *out)
{
    size_t good = 0;
    for (size_t m = 0; m < hunt->corpus->count; m++) {
        good += hunt_found(hunt, m) >= enough ? 1 : 0;
    }
    bool all = good == hunt->corpus->count;
    char text[CELL_SIZE];
    snprintf(text, sizeof text, "%zu of %zu mutants found", good,
             hunt->corpus->count);
    terminal_print(out, all ? TERMINAL_GOOD : TERMINAL_BAD, text);
    fprintf(out, " in at least %" PRIu32 " of %" PRIu32 " starts", enough,
            hunt->options.starts);
    for (size_t m = 0, n = 0; m < hunt->corpus->count; m++) {
        if (hunt_found(hunt, m) < enough) {
            fprintf(out, "%s %s", n++ == 0 ? "; not" : ",",
                    hunt->corpus->mutants[m].name);
        }
    }
    fputs(".\n", out);
}

/* The median over the mutants of the median over the starts. */
static void print_medians(const struct hunt *hunt, FILE *out)
{
    uint64_t *medians = sim_calloc(hunt->corpus->count, sizeof *medians);
    char cell[CELL_SIZE];
    for (size_t m = 0; m < hunt->corpus->count; m++) {
        uint64_t worst;
        measure(hunt, m, FIGURE_TIME, &medians[m], &worst);
    }
    print_figure(median_of(medians, hunt->corpus->count), FIGURE_TIME, cell);
    fprintf(out, "Median time to detection over all mutants: %s.\n", cell);
    free(medians);
}

void hunt_print(const struct hunt *hunt, uint32_t enough, bool markdown,
                FILE *out)
{
    print_mutants(hunt, markdown, out);
    print_nemeses(hunt, markdown, out);
    print_missed(hunt, enough, out);
    fputs(markdown ? "\n" : "", out);
    print_medians(hunt, out);
    fputs(markdown ? "\n" : "", out);
    print_control(hunt, out);
}
