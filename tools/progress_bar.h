/* The one line that says how far something long has come, on terminals only:
 *
 *     [=========>          ]  47%  1,204 seeds, 310/s, 2 failed  1:20 left
 *
 * It is on stderr, appears after a second, and is drawn some times a second.
 */
#ifndef TOOLS_PROGRESS_BAR_H
#define TOOLS_PROGRESS_BAR_H

#include <stdbool.h>
#include <stdint.h>

struct progress_bar {
    bool wanted; /* stderr is a terminal */
    bool shown;
    uint64_t started_us, next_us; /* by the wall clock */
};

void progress_bar_start(struct progress_bar *bar);

/* Whether it is time to draw it again: for who would rather not make the text
 * in vain. */
bool progress_bar_due(const struct progress_bar *bar);

/* Draws it: `done` of `all` (0: nobody knows, there is no bar then), and
 * `text`, which is cut off at the width of the terminal. */
void progress_bar_draw(struct progress_bar *bar, uint64_t done, uint64_t all,
                       const char *text);

/* Erases it: at the end, and before anything else is printed. */
void progress_bar_clear(struct progress_bar *bar);

/* A million times `count` for each microsecond since it was started. */
uint64_t progress_bar_rate(const struct progress_bar *bar, uint64_t count);

#endif
