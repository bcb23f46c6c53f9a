#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "tools/input.h"
#include "tools/run.h"

struct tour {
    struct run *run;
    char **files;
    struct artifact_text *texts;      /* read once: one may be standard input */
    struct sim_scenario_text **taken; /* apart, the same; NULL: no JSON */
    int n_files;
    struct seeds seeds;
    uint64_t done, good, twice;
};

void run_tell_short(struct run *run, const struct report *report)
{
    enum exit_code code = report_exit_code(report);
    if (code == EXIT_AS_EXPECTED) {
        return;
    }
    report_print_short(report, stdout);
    if (run->first_repeat == NULL && code != EXIT_INTERRUPTED) {
        run->first_repeat = sim_strdup(report->repeat);
    }
}

static void show_progress(struct tour *tour)
{
    char text[128];
    if (!progress_bar_due(&tour->run->bar)) {
        return;
    }
    uint64_t last = tour->seeds.last - tour->seeds.first;
    uint64_t files = (uint64_t)tour->n_files;
    bool known = tour->run->has_seeds && last < UINT64_MAX / files - files;
    snprintf(text, sizeof text,
             "%" PRIu64 " runs, %" PRIu64 "/s, %" PRIu64 " failed", tour->done,
             progress_bar_rate(&tour->run->bar, tour->done),
             tour->done - tour->good);
    progress_bar_draw(&tour->run->bar, tour->done,
                      known ? (last + 1) * files : 0, text);
}

static enum exit_code run_one(struct tour *tour, int i, uint64_t seed)
{
    struct run *run = tour->run;
    struct sim_scenario *scenario =
        sim_scenario_text_read(tour->taken[i], &seed);
    if (scenario == NULL) { /* it says why */
        scenario = input_parse(tour->files[i], tour->texts[i].bytes,
                               tour->texts[i].size, &seed, stderr);
    }
    if (scenario == NULL) {
        return EXIT_BAD_INPUT;
    }
    enum exit_code code = EXIT_BAD_INPUT;
    if (without_apply(&run->without, scenario, tour->files[i]) &&
        run_open_trace(run, tour->files, tour->n_files)) {
        code =
            run_scenario(run, tour->files[i], &tour->texts[i], scenario, seed);
        tour->done++;
        tour->twice +=
            run->double_check > 0 && seed % run->double_check == 0 ? 1 : 0;
        tour->good += code == EXIT_AS_EXPECTED ? 1 : 0;
        show_progress(tour);
    }
    sim_scenario_free(scenario);
    return code;
}

static bool goes_on(const struct run *run, enum exit_code code)
{
    switch (code) {
    case EXIT_AS_EXPECTED:
        return !run->failed;
    case EXIT_UNEXPECTED:
    case EXIT_BROKEN:
        return !run->failed && !run->until_failure;
    case EXIT_BAD_INPUT:
    case EXIT_INTERRUPTED:
        return false;
    }
    return false;
}

/* The worst of them. */
static enum exit_code run_all(struct tour *tour)
{
    enum exit_code worst = EXIT_AS_EXPECTED;
    for (uint64_t seed = tour->seeds.first;; seed++) {
        for (int i = 0; i < tour->n_files; i++) {
            enum exit_code code = run_one(tour, i, seed);
            worst = code > worst ? code : worst;
            if (!goes_on(tour->run, code)) {
                return worst;
            }
        }
        if (seed == tour->seeds.last) {
            return worst;
        }
    }
}

static void print_total(const struct tour *tour)
{
    printf("%" PRIu64 " of %" PRIu64 " run%s as expected\n", tour->good,
           tour->done, tour->done == 1 ? "" : "s");
    if (tour->run->double_check > 0) {
        printf("%" PRIu64 " of them run twice and compared step by step\n",
               tour->twice);
    }
    if (tour->run->first_repeat != NULL) {
        printf("To repeat the first that was not: %s\n",
               tour->run->first_repeat);
    }
}

static bool read_all(struct tour *tour)
{
    for (int i = 0; i < tour->n_files; i++) {
        tour->texts[i].bytes = input_read(tour->files[i], &tour->texts[i].size);
        if (tour->texts[i].bytes == NULL) {
            return false;
        }
        tour->taken[i] =
            sim_scenario_text_new(tour->texts[i].bytes, tour->texts[i].size);
    }
    return true;
}

enum exit_code run_seeds(struct run *run, char **files, int count)
{
    struct tour tour = {.run = run, .files = files, .n_files = count};
    enum exit_code code = EXIT_BAD_INPUT;
    tour.seeds = run->has_seeds ? run->seeds
                                : (struct seeds){run->has_seed ? run->seed : 1,
                                                 UINT64_MAX};
    tour.texts = sim_calloc((size_t)count, sizeof *tour.texts);
    tour.taken = sim_calloc((size_t)count, sizeof(*tour.taken));
    progress_bar_start(&run->bar);
    runner_catch_interrupt();
    if (read_all(&tour)) {
        code = run_all(&tour);
        progress_bar_clear(&run->bar);
        if (!run->json && tour.done > 0) {
            print_total(&tour);
        }
    }
    for (int i = 0; i < count; i++) {
        sim_scenario_text_free(tour.taken[i]);
        free((char *)tour.texts[i].bytes);
    }
    free(tour.taken);
    free(tour.texts);
    free(run->first_repeat);
    return code;
}
