#include "tools/shrink.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/shrink_script.h"
#include "tools/wall_clock.h"

/* Seeds are tried in so many parts, whatever the number of workers, so that the
 * same one is found. */
#define PARTS 4u

/* What fails with each of so many seeds has no chance in it that matters. */
#define SEEDS_IN_ALL 12u

/* A change may need more steps than the best, and pay off later. */
static uint64_t step_limit(const struct shrink *shrink)
{
    return shrink->found.steps == 0
               ? SIM_UNLIMITED /* not known yet */
               : shrink->found.steps + shrink->found.steps / 2 + 64;
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

/* A step of the script takes as much to read as a few of the run. */
#define STEPS_OF_AN_ACTION 3u

static uint64_t weight_of(const struct cJSON *scenario,
                          const struct trial_result *result)
{
    return (uint64_t)script_size(scenario) * STEPS_OF_AN_ACTION + result->steps;
}

uint64_t shrink_weight(const struct shrink *shrink)
{
    return weight_of(shrink->best, &shrink->found);
}

/* Whether a run of the changed scenario fails in the same way. */
static bool still_fails(struct shrink *shrink, const struct cJSON *changed,
                        struct trial_result *result)
{
    struct trial list[1 + PARTS];
    char *text = shrink_text(changed);
    size_t n = 0;
    uint32_t share = shrink->certain ? 0 : shrink->patience / PARTS;
    list[n++] =
        (struct trial){.text = text,
                       .first_seed = shrink->certain ? 1 : shrink->found.seed,
                       .n_seeds = shrink->certain ? SEEDS_IN_ALL : 1,
                       .every_seed = shrink->certain,
                       .max_steps = step_limit(shrink)};
    for (uint32_t i = 0; share > 0 && i < PARTS; i++) {
        list[n++] = (struct trial){.text = text,
                                   .first_seed = 1 + (uint64_t)i * share,
                                   .n_seeds = share,
                                   .max_steps = step_limit(shrink)};
    }
    shrink->n_tried++;
    bool good = trials_run(&shrink->trials, list, n, true, result) < n;
    free(text);
    return good;
}

static bool try_within(struct shrink *shrink, struct cJSON *changed,
                       uint64_t weight)
{
    struct trial_result result;
    bool good = still_fails(shrink, changed, &result) &&
                weight_of(changed, &result) <= weight;
    if (good) {
        cJSON_Delete(shrink->best);
        shrink->best = changed;
        shrink->found = result;
        shrink->n_taken++;
    } else {
        cJSON_Delete(changed);
    }
    show(shrink);
    return good;
}

bool shrink_try(struct shrink *shrink, struct cJSON *changed)
{
    return try_within(shrink, changed,
                      shrink->is_script ? shrink_weight(shrink) + shrink->slack
                                        : UINT64_MAX);
}

bool shrink_try_less(struct shrink *shrink, struct cJSON *changed)
{
    return try_within(shrink, changed, shrink_weight(shrink) - 1);
}

static cJSON *list_in(cJSON *scenario, const char *section, const char *list)
{
    cJSON *object = section == NULL
                        ? scenario
                        : cJSON_GetObjectItemCaseSensitive(scenario, section);
    return cJSON_GetObjectItemCaseSensitive(object, list);
}

/* Without `count` items from `first` on. */
static bool try_without(struct shrink *shrink, const char *section,
                        const char *list, int first, int count)
{
    struct cJSON *changed = shrink_copy(shrink);
    cJSON *items = list_in(changed, section, list);
    for (int i = 0; i < count; i++) {
        cJSON_DeleteItemFromArray(items, first);
    }
    if (items->child == NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(
            section == NULL
                ? changed
                : cJSON_GetObjectItemCaseSensitive(changed, section),
            list);
    }
    return shrink_try(shrink, changed);
}

bool shrink_list(struct shrink *shrink, const char *section, const char *list)
{
    bool any = false;
    int chunk = cJSON_GetArraySize(list_in(shrink->best, section, list));
    while (chunk > 0 && !shrink_is_over(shrink)) {
        /* From the end: what comes later rests on what comes before. */
        int first = cJSON_GetArraySize(list_in(shrink->best, section, list));
        while (first > 0 && !shrink_is_over(shrink)) {
            int count = first < chunk ? first : chunk;
            first -= count;
            any = try_without(shrink, section, list, first, count) || any;
        }
        int left = cJSON_GetArraySize(list_in(shrink->best, section, list));
        chunk = chunk / 2 < left ? chunk / 2 : left;
    }
    return any;
}

/* A process that ends with the failure cannot tell what it did. */
static bool can_record(const struct shrink *shrink)
{
    return strcmp(shrink->trials.wanted.what, "died") != 0;
}

bool shrink_all(struct shrink *shrink, struct sim_recording *recording,
                bool *certain)
{
    struct cJSON *resolved = shrink_copy(shrink);
    shrink_resolve(resolved);
    shrink->stage = "seeing it again";
    shrink->patience = 0;
    if (shrink_try(shrink, resolved)) {
        shrink_chance(shrink);
        *certain = can_record(shrink) && shrink_steps(shrink, NULL);
        return true;
    }
    if (recording == NULL || !can_record(shrink) || shrink_is_over(shrink)) {
        return false;
    }
    shrink_resolve(shrink->best);
    *certain = shrink_steps(shrink, recording);
    return *certain;
}
