#undef NDEBUG
#include "tools/grid.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

struct grid {
    size_t columns;
    char **cells; /* row by row, the titles first */
    size_t count, capacity;
    bool *right; /* by column */
};

struct grid *grid_new(const char *const *heads, size_t columns)
{
    struct grid *grid = sim_calloc(1, sizeof *grid);
    grid->columns = columns;
    grid->right = sim_calloc(columns, sizeof *grid->right);
    for (size_t i = 0; i < columns; i++) {
        grid->right[i] = heads[i][0] == '>';
        grid_add(grid, heads[i] + (grid->right[i] ? 1 : 0));
    }
    return grid;
}

void grid_add(struct grid *grid, const char *text)
{
    grid->cells =
        sim_grow(grid->cells, &grid->capacity, grid->count + 1, sizeof(char *));
    grid->cells[grid->count++] = sim_strdup(text);
}

static size_t width_of(const struct grid *grid, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < grid->count; i += grid->columns) {
        size_t size = strlen(grid->cells[i]);
        width = size > width ? size : width;
    }
    return width;
}

/* The last column of a line leaves no spaces behind it. */
static void print_row(const struct grid *grid, size_t row, const size_t *widths,
                      FILE *out)
{
    for (size_t i = 0; i < grid->columns; i++) {
        const char *text = grid->cells[row * grid->columns + i];
        int width = (int)widths[i];
        bool last = i + 1 == grid->columns;
        fputs(i > 0 ? "  " : "", out);
        if (grid->right[i]) {
            fprintf(out, "%*s", width, text);
        } else {
            fprintf(out, "%-*s", last ? 0 : width, text);
        }
    }
    fputc('\n', out);
}

void grid_print(const struct grid *grid, FILE *out)
{
    assert(grid->count % grid->columns == 0);
    size_t *widths = sim_calloc(grid->columns, sizeof *widths);
    for (size_t i = 0; i < grid->columns; i++) {
        widths[i] = width_of(grid, i);
    }
    for (size_t row = 0; row < grid->count / grid->columns; row++) {
        print_row(grid, row, widths, out);
    }
    free(widths);
}

/* A bar within a cell would end it. */
static void print_cell(const char *text, FILE *out)
{
    fputs("| ", out);
    for (; *text != '\0'; text++) {
        fputs(*text == '|' ? "\\" : "", out);
        fputc(*text, out);
    }
    fputc(' ', out);
}

void grid_print_markdown(const struct grid *grid, FILE *out)
{
    assert(grid->count % grid->columns == 0);
    for (size_t row = 0; row < grid->count / grid->columns; row++) {
        for (size_t i = 0; i < grid->columns; i++) {
            print_cell(grid->cells[row * grid->columns + i], out);
        }
        fputs("|\n", out);
        for (size_t i = 0; row == 0 && i < grid->columns; i++) {
            fputs(grid->right[i] ? "|---:" : "|---", out);
        }
        fputs(row == 0 ? "|\n" : "", out);
    }
}

void grid_free(struct grid *grid)
{
    if (grid == NULL) {
        return;
    }
    for (size_t i = 0; i < grid->count; i++) {
        free(grid->cells[i]);
    }
    free(grid->cells);
    free(grid->right);
    free(grid);
}

void grid_finish(struct grid *grid, bool markdown, FILE *out)
{
    if (markdown) {
        grid_print_markdown(grid, out);
    } else {
        grid_print(grid, out);
    }
    grid_free(grid);
    fputc('\n', out);
}
