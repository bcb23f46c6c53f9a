#include "tools/progress_bar.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/terminal.h"
#include "tools/wall_clock.h"

#define AFTER_US 1000000u
#define EVERY_US 200000u

/* Columns of the bar itself. */
#define BAR_WIDTH 20u

/* More than the parts of the line that are not the caller's. */
#define LINE_SIZE 256u

void progress_bar_start(struct progress_bar *bar)
{
    *bar = (struct progress_bar){
        .wanted = terminal_is(stderr),
        .started_us = wall_clock_us(),
    };
    bar->next_us = bar->started_us + AFTER_US;
}

bool progress_bar_due(const struct progress_bar *bar)
{
    return bar->wanted && wall_clock_us() >= bar->next_us;
}

static void make_bar(char bar[BAR_WIDTH + 1], uint64_t done, uint64_t all)
{
    uint64_t filled = done >= all ? BAR_WIDTH : done * BAR_WIDTH / all;
    for (uint64_t i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
    }
    bar[BAR_WIDTH] = '\0';
}

/* In floating point: `done` may be above or below `gone_us`, and large. */
static uint64_t seconds_left(uint64_t gone_us, uint64_t done, uint64_t all)
{
    if (done == 0 || done > all) {
        return 0;
    }
    return (uint64_t)((double)gone_us * 1e-6 * (double)(all - done) /
                      (double)done);
}

void progress_bar_draw(struct progress_bar *bar, uint64_t done, uint64_t all,
                       const char *text)
{
    char line[LINE_SIZE];
    uint64_t now_us = wall_clock_us();
    uint64_t gone_us = now_us - bar->started_us;
    if (all == 0) {
        snprintf(line, sizeof line, "%s", text);
    } else {
        char drawn[BAR_WIDTH + 1];
        uint64_t left_s = seconds_left(gone_us, done, all);
        make_bar(drawn, done, all);
        snprintf(line, sizeof line,
                 "[%s] %3" PRIu64 "%%  %.120s  %" PRIu64 ":%02" PRIu64 " left",
                 drawn, done >= all ? 100 : done * 100 / all, text,
                 left_s / 60u, left_s % 60u);
    }
    progress_bar_clear(bar);
    fprintf(stderr, "%.*s", (int)terminal_width(stderr) - 1, line);
    fflush(stderr);
    bar->shown = true;
    bar->next_us = now_us + EVERY_US;
}

void progress_bar_clear(struct progress_bar *bar)
{
    if (bar->shown) {
        fputs("\r\033[K", stderr);
        bar->shown = false;
    }
}

uint64_t progress_bar_rate(const struct progress_bar *bar, uint64_t count)
{
    uint64_t gone_us = wall_clock_us() - bar->started_us;
    return gone_us == 0 ? 0 : count * 1000000u / gone_us;
}
