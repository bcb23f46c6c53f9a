#include "tools/shrink.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/wall_clock.h"

/* Seeds are tried in so many parts, whatever the number of workers, so that the
 * same one is found. */
#define PARTS 4u

/* A change may need more steps than the best, and pay off later. */
static uint64_t step_limit(const struct shrink *shrink)
{
    return shrink->found.steps + shrink->found.steps / 2 + 64;
}

bool shrink_is_over(const struct shrink *shrink)
{
    return trials_are_over(&shrink->trials);
}

struct cJSON *shrink_copy(const struct shrink *shrink)
{
    return cJSON_Duplicate(shrink->best, 1);
}

char *shrink_text(const struct cJSON *scenario)
{
    char *printed = cJSON_PrintUnformatted(scenario);
    char *text = sim_strdup(printed);
    cJSON_free(printed);
    return text;
}

static void show(struct shrink *shrink)
{
    char text[128];
    if (!progress_bar_due(&shrink->bar)) {
        return;
    }
    uint64_t now_us = wall_clock_us();
    snprintf(text, sizeof text,
             "%s: %" PRIu64 " steps; %" PRIu64 " of %" PRIu64
             " changes kept, %" PRIu64 " runs",
             shrink->stage, shrink->found.steps, shrink->n_taken,
             shrink->n_tried, shrink->trials.n_runs);
    progress_bar_draw(&shrink->bar, now_us - shrink->started_us,
                      shrink->trials.deadline_us - shrink->started_us, text);
}

bool shrink_try(struct shrink *shrink, struct cJSON *changed)
{
    struct trial list[1 + PARTS];
    struct trial_result result;
    char *text = shrink_text(changed);
    size_t n = 0;
    uint32_t share = shrink->patience / PARTS;
    list[n++] = (struct trial){.text = text,
                               .first_seed = shrink->found.seed,
                               .n_seeds = 1,
                               .max_steps = step_limit(shrink)};
    for (uint32_t i = 0; share > 0 && i < PARTS; i++) {
        list[n++] = (struct trial){.text = text,
                                   .first_seed = 1 + (uint64_t)i * share,
                                   .n_seeds = share,
                                   .max_steps = step_limit(shrink)};
    }
    shrink->n_tried++;
    bool good = trials_run(&shrink->trials, list, n, true, &result) < n;
    if (good) {
        cJSON_Delete(shrink->best);
        shrink->best = changed;
        shrink->found = result;
        shrink->n_taken++;
    } else {
        cJSON_Delete(changed);
    }
    free(text);
    show(shrink);
    return good;
}

/* Without `count` items from `first` on. */
static bool try_without(struct shrink *shrink, const char *list, int first,
                        int count)
{
    struct cJSON *changed = shrink_copy(shrink);
    struct cJSON *items = cJSON_GetObjectItemCaseSensitive(changed, list);
    for (int i = 0; i < count; i++) {
        cJSON_DeleteItemFromArray(items, first);
    }
    if (cJSON_GetArraySize(items) == 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(changed, list);
    }
    return shrink_try(shrink, changed);
}

static int size_of(const struct shrink *shrink, const char *list)
{
    return cJSON_GetArraySize(
        cJSON_GetObjectItemCaseSensitive(shrink->best, list));
}

bool shrink_list(struct shrink *shrink, const char *list)
{
    bool any = false;
    int chunk = size_of(shrink, list);
    while (chunk > 0 && !shrink_is_over(shrink)) {
        /* From the end: what comes later rests on what comes before. */
        int first = size_of(shrink, list);
        while (first > 0 && !shrink_is_over(shrink)) {
            int count = first < chunk ? first : chunk;
            first -= count;
            any = try_without(shrink, list, first, count) || any;
        }
        int left = size_of(shrink, list);
        chunk = chunk / 2 < left ? chunk / 2 : left;
    }
    return any;
}
