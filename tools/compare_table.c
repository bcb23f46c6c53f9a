/* What came of a comparison, in tables. */
#include <inttypes.h>
#include <string.h>

#include "tools/compare.h"
#include "tools/grid.h"
#include "tools/input.h"
#include "tools/terminal.h"

/* A problem, and two lists of features. */
#define CELL_SIZE 1152u

static void add(struct grid *grid, const char *format, uint64_t number)
{
    char text[64];
    snprintf(text, sizeof text, format, number);
    grid_add(grid, text);
}

/* "0.12", "4.56", "1234". */
static void add_ratio(struct grid *grid, uint64_t a, uint64_t b)
{
    char text[64];
    double ratio = b == 0 ? 0 : (double)a / (double)b;
    snprintf(text, sizeof text,
             b == 0       ? "-"
             : ratio < 10 ? "%.2f"
                          : "%.0f",
             ratio);
    grid_add(grid, text);
}

static void add_seconds(struct grid *grid, bool known, uint64_t time_us)
{
    char text[64];
    snprintf(text, sizeof text, known ? "%" PRIu64 ".%03" PRIu64 " s" : "-",
             time_us / 1000000u, time_us / 1000u % 1000u);
    grid_add(grid, text);
}

/* A grid whose first column is named, and that has one more for each node. */
static struct grid *grid_of_nodes(const struct compare *compare,
                                  const char *first, bool numbers)
{
    char names[COMPARE_MAX_NODES][SIM_NODE_NAME_MAX + 2];
    const char *heads[COMPARE_MAX_NODES + 1] = {first};
    for (uint32_t i = 0; i < compare->options.n_nodes; i++) {
        snprintf(names[i], sizeof names[i], "%s%s", numbers ? ">" : "",
                 compare->options.nodes[i].type->name);
        heads[i + 1] = names[i];
    }
    return grid_new(heads, compare->options.n_nodes + 1);
}

static void print_heading(const char *text, bool markdown, FILE *out)
{
    if (markdown) {
        fprintf(out, "## %s\n\n", text);
    } else {
        terminal_print(out, TERMINAL_TITLE, text);
        fputs("\n\n", out);
    }
}

/* --- by scenario ---------------------------------------------------------- */

static int words_of(const struct compare_cell *cell, char *text)
{
    switch (cell->worst) {
    case COMPARE_NOT_RUN:
        return snprintf(text, CELL_SIZE, "not run");
    case COMPARE_AS_EXPECTED:
        return snprintf(text, CELL_SIZE, "as expected");
    case COMPARE_LACKS:
        return snprintf(text, CELL_SIZE, "lacks %s", cell->features.lacks);
    case COMPARE_UNMET:
        return snprintf(text, CELL_SIZE, "%.*s%s%s",
                        (int)strcspn(cell->problem, ":"), cell->problem,
                        cell->features.is_without[0] != '\0' ? ", without "
                                                             : "",
                        cell->features.is_without);
    case COMPARE_VIOLATED:
        return snprintf(text, CELL_SIZE, "violates %s", cell->what);
    case COMPARE_CONTRACT:
        return snprintf(text, CELL_SIZE, "breaks its contract");
    case COMPARE_DIED:
        return snprintf(text, CELL_SIZE, "%.*s",
                        (int)strcspn(cell->problem, ":"), cell->problem);
    case COMPARE_END_COUNT:
        break;
    }
    return 0;
}

static void add_cell(struct grid *grid, const struct compare_cell *cell)
{
    char text[CELL_SIZE + 64];
    int size = words_of(cell, text);
    if (cell->n_worst < cell->n_run) {
        snprintf(text + size, sizeof text - (size_t)size,
                 " (%" PRIu64 " of %" PRIu64 ")", cell->n_worst, cell->n_run);
    }
    grid_add(grid, text);
}

static void print_scenarios(const struct compare *compare, bool markdown,
                            FILE *out)
{
    struct grid *grid = grid_of_nodes(compare, "scenario", false);
    for (uint32_t s = 0; s < compare->options.n_scenarios; s++) {
        grid_add(grid, input_name(compare->options.scenarios[s]));
        for (uint32_t n = 0; n < compare->options.n_nodes; n++) {
            add_cell(grid, compare_cell(compare, s, n));
        }
    }
    print_heading("By scenario", markdown, out);
    grid_finish(grid, markdown, out);
}

/* --- by node -------------------------------------------------------------- */

static uint64_t count_ends(const struct compare *compare, uint32_t node,
                           enum compare_end end)
{
    uint64_t n_seeds =
        compare->options.seeds.last - compare->options.seeds.first + 1;
    uint64_t count = 0;
    for (uint32_t s = 0; s < compare->options.n_scenarios; s++) {
        const struct compare_cell *cell = compare_cell(compare, s, node);
        for (uint64_t i = 0; i < n_seeds; i++) {
            count += cell->runs[i].end == end ? 1 : 0;
        }
    }
    return count;
}

static void add_violations(struct grid *grid, const struct compare *compare)
{
    for (size_t i = 0; i < compare->n_violations; i++) {
        char text[CELL_SIZE];
        snprintf(text, sizeof text, "  %s", compare->violations[i].what);
        grid_add(grid, text);
        for (uint32_t n = 0; n < compare->options.n_nodes; n++) {
            add(grid, "%" PRIu64, compare->violations[i].count[n]);
        }
    }
}

static void print_ends(const struct compare *compare, bool markdown, FILE *out)
{
    static const char *const words[COMPARE_END_COUNT] = {
        "not run",
        "as expected",
        "lacks what the scenario asks for",
        "an expectation not met",
        "a property violated",
        "contract broken",
        "died",
    };
    struct grid *grid = grid_of_nodes(compare, "runs", true);
    for (int e = 0; e < COMPARE_END_COUNT; e++) {
        enum compare_end end = (enum compare_end)e;
        if (end == COMPARE_NOT_RUN && !compare->interrupted &&
            !compare->failed) {
            continue;
        }
        grid_add(grid, words[end]);
        for (uint32_t n = 0; n < compare->options.n_nodes; n++) {
            add(grid, "%" PRIu64, count_ends(compare, n, end));
        }
        if (end == COMPARE_VIOLATED) {
            add_violations(grid, compare);
        }
    }
    print_heading("By implementation", markdown, out);
    grid_finish(grid, markdown, out);
}

/* --- figures -------------------------------------------------------------- */

static bool all_came_to_the_end(const struct compare *compare,
                                uint32_t scenario, uint64_t i)
{
    for (uint32_t n = 0; n < compare->options.n_nodes; n++) {
        if (!compare_cell(compare, scenario, n)->runs[i].whole) {
            return false;
        }
    }
    return true;
}

/* Over all runs that every node brought to its end; how many these are. */
static uint64_t sum(const struct compare *compare, uint32_t node,
                    struct run_line_figures *all)
{
    uint64_t n_seeds =
        compare->options.seeds.last - compare->options.seeds.first + 1;
    uint64_t count = 0;
    *all = (struct run_line_figures){0};
    for (uint32_t s = 0; s < compare->options.n_scenarios; s++) {
        for (uint64_t i = 0; i < n_seeds; i++) {
            if (!all_came_to_the_end(compare, s, i)) {
                continue;
            }
            const struct run_line_figures *one =
                &compare_cell(compare, s, node)->runs[i].figures;
            count++;
            all->observed_us += one->observed_us;
            all->elections += one->elections;
            all->commits += one->commits;
            all->messages += one->messages;
            all->bytes += one->bytes;
            all->leaderless_us += one->leaderless_us;
            all->recoveries += one->recoveries;
            all->recovery_us += one->recovery_us;
            if (one->longest_recovery_us > all->longest_recovery_us) {
                all->longest_recovery_us = one->longest_recovery_us;
            }
        }
    }
    return count;
}

enum figure {
    FIGURE_ELECTIONS,
    FIGURE_COMMITS,
    FIGURE_MESSAGES,
    FIGURE_BYTES,
    FIGURE_LEADERLESS,
    FIGURE_RECOVERIES,
    FIGURE_RECOVERY,
    FIGURE_LONGEST,
    FIGURE_COUNT
};

static void add_figure(struct grid *grid, enum figure figure,
                       const struct run_line_figures *all, uint64_t runs)
{
    uint64_t count = all->recoveries;
    switch (figure) {
    case FIGURE_ELECTIONS:
        add_ratio(grid, all->elections, runs);
        break;
    case FIGURE_COMMITS:
        add_ratio(grid, all->commits, runs);
        break;
    case FIGURE_MESSAGES:
        add_ratio(grid, all->messages, all->commits);
        break;
    case FIGURE_BYTES:
        add_ratio(grid, all->bytes, all->commits);
        break;
    case FIGURE_LEADERLESS:
        add_ratio(grid, all->leaderless_us * 100, all->observed_us);
        break;
    case FIGURE_RECOVERIES:
        add(grid, "%" PRIu64, count);
        break;
    case FIGURE_RECOVERY:
        add_seconds(grid, count > 0, count > 0 ? all->recovery_us / count : 0);
        break;
    case FIGURE_LONGEST:
        add_seconds(grid, count > 0, all->longest_recovery_us);
        break;
    case FIGURE_COUNT:
        break;
    }
}

static void print_figures(const struct compare *compare, bool markdown,
                          FILE *out)
{
    static const char *const names[FIGURE_COUNT] = {
        "leaders elected in a run",
        "commits in a run",
        "messages for a commit",
        "bytes for a commit",
        "percent of the time without a leader",
        "recoveries from damages",
        "recovery, on average",
        "recovery, the longest",
    };
    uint32_t n_nodes = compare->options.n_nodes;
    struct run_line_figures all[COMPARE_MAX_NODES];
    uint64_t runs = 0;
    char heading[96];
    for (uint32_t n = 0; n < n_nodes; n++) {
        runs = sum(compare, n, &all[n]);
    }
    struct grid *grid = grid_of_nodes(compare, "figure", true);
    for (int f = 0; f < FIGURE_COUNT; f++) {
        grid_add(grid, names[f]);
        for (uint32_t n = 0; n < n_nodes; n++) {
            add_figure(grid, (enum figure)f, &all[n], runs);
        }
    }
    snprintf(heading, sizeof heading,
             "Of the %" PRIu64 " runs that %s brought to the end", runs,
             n_nodes > 1 ? "all of them" : "it");
    print_heading(heading, markdown, out);
    grid_finish(grid, markdown, out);
}

/* --- reasons -------------------------------------------------------------- */

static void print_reasons(const struct compare *compare, uint32_t node,
                          bool markdown, FILE *out)
{
    const char *heads[] = {"scenario", ">seed", "why"};
    const char *name = compare->options.nodes[node].type->name;
    struct grid *grid = grid_new(heads, 3);
    char heading[96];
    bool any = false;
    for (uint32_t s = 0; s < compare->options.n_scenarios; s++) {
        const struct compare_cell *cell = compare_cell(compare, s, node);
        if (cell->worst > COMPARE_AS_EXPECTED) {
            any = true;
            grid_add(grid, input_name(compare->options.scenarios[s]));
            add(grid, "%" PRIu64, cell->seed);
            grid_add(grid, cell->problem);
        }
    }
    if (!any) {
        grid_free(grid);
        return;
    }
    snprintf(heading, sizeof heading, "Why %s was not as expected", name);
    print_heading(heading, markdown, out);
    grid_finish(grid, markdown, out);
}

static void print_differences(const struct compare_node *node, bool markdown,
                              FILE *out)
{
    char heading[96];
    if (node->type->differences == NULL || node->type->differences[0] == NULL) {
        return;
    }
    snprintf(heading, sizeof heading,
             "What %s does otherwise than the paper, by choice",
             node->type->name);
    print_heading(heading, markdown, out);
    for (const char *const *text = node->type->differences; *text != NULL;
         text++) {
        fprintf(out, "- %s\n", *text);
    }
    fputc('\n', out);
}

void compare_print(const struct compare *compare, bool markdown, FILE *out)
{
    print_scenarios(compare, markdown, out);
    print_ends(compare, markdown, out);
    print_figures(compare, markdown, out);
    for (uint32_t n = 0; n < compare->options.n_nodes; n++) {
        print_reasons(compare, n, markdown, out);
    }
    for (uint32_t n = 0; n < compare->options.n_nodes; n++) {
        print_differences(&compare->options.nodes[n], markdown, out);
    }
}
