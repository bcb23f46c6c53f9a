/* A table of words: collected cell by cell, then printed in columns for people
 * or as Markdown. */
#ifndef TOOLS_GRID_H
#define TOOLS_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct grid;

/* `heads`: the column's titles. Titles that begin with '>' (which is not
 * printed) are of columns of numbers, which stand at the right. */
struct grid *grid_new(const char *const *heads, size_t columns);

/* The next cell, from left to right, row by row. It is copied. */
void grid_add(struct grid *grid, const char *text);

/* Prints the rows; the last one must be whole. */
void grid_print(const struct grid *grid, FILE *out);
void grid_print_markdown(const struct grid *grid, FILE *out);

void grid_free(struct grid *grid);

/* Prints it, in columns or as Markdown, with an empty line behind, and frees
 * it. */
void grid_finish(struct grid *grid, bool markdown, FILE *out);

#endif
