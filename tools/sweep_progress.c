/* How far a sweep has come: a bar on a terminal, now and then a line elsewhere.
 * All of it goes to standard error and tells of time, which the report must
 * not. */
#include <inttypes.h>

#include "tools/sweep_internal.h"
#include "tools/wall_clock.h"

/* A line comes that late at first, and then after a quarter of the time so far:
 * a day has some forty. */
#define FIRST_LINE_US UINT64_C(10000000)
#define LINE_SHARE 4u

void sweep__progress_begin(struct sweeper *sweeper)
{
    progress_bar_start(&sweeper->bar);
    sweeper->next_line_us = FIRST_LINE_US;
}

static uint64_t gone_us(const struct sweeper *sweeper)
{
    return wall_clock_us() - sweeper->bar.started_us;
}

/* `done` of `all`, in whatever is nearer to its end: runs or time. */
static void find_share(const struct sweeper *sweeper, uint64_t *done,
                       uint64_t *all)
{
    uint64_t time_us = sweeper->sweep->options.time_us;
    *done = sweeper->n_runs;
    *all = sweeper->n_wanted;
    if (time_us == 0) {
        return;
    }
    uint64_t now_us = gone_us(sweeper);
    if (*all == 0 ||
        (double)now_us / (double)time_us > (double)*done / (double)*all) {
        *done = now_us < time_us ? now_us : time_us;
        *all = time_us;
    }
}

static void print_line(const struct sweeper *sweeper)
{
    fprintf(stderr, "raftsim: %" PRIu64, sweeper->n_runs);
    if (sweeper->n_wanted > 0) {
        fprintf(stderr, " of %" PRIu64, sweeper->n_wanted);
    }
    fprintf(stderr, " runs, %" PRIu64 "/s, %" PRIu64 " failed\n",
            progress_bar_rate(&sweeper->bar, sweeper->n_runs),
            sweeper->n_failed);
}

void sweep__progress(struct pool_client *self)
{
    struct sweeper *sweeper = (struct sweeper *)self;
    char text[128];
    uint64_t done, all;
    if (!sweeper->bar.wanted && gone_us(sweeper) >= sweeper->next_line_us) {
        print_line(sweeper);
        uint64_t more_us = gone_us(sweeper) / LINE_SHARE;
        sweeper->next_line_us =
            gone_us(sweeper) +
            (more_us > FIRST_LINE_US ? more_us : FIRST_LINE_US);
    }
    if (!progress_bar_due(&sweeper->bar)) {
        return;
    }
    snprintf(text, sizeof text,
             "%" PRIu64 " runs, %" PRIu64 "/s, %" PRIu64 " failed",
             sweeper->n_runs, progress_bar_rate(&sweeper->bar, sweeper->n_runs),
             sweeper->n_failed);
    find_share(sweeper, &done, &all);
    progress_bar_draw(&sweeper->bar, done, all, text);
}

void sweep__progress_end(struct sweeper *sweeper)
{
    uint64_t took_us = gone_us(sweeper);
    progress_bar_clear(&sweeper->bar);
    fprintf(stderr,
            "raftsim: %" PRIu64 " runs in %" PRIu64 ".%" PRIu64 " s, %" PRIu64
            "/s with %" PRIu32 " worker%s\n",
            sweeper->n_runs, took_us / 1000000u, took_us / 100000u % 10u,
            progress_bar_rate(&sweeper->bar, sweeper->n_runs),
            sweeper->sweep->options.workers,
            sweeper->sweep->options.workers == 1 ? "" : "s");
}
