/* Part 1: what can be left out of a scenario as it is, with its chance. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tools/shrink.h"
#include "tools/shrink_nodes.h"

/* After so many runs, no more seeds are tried for each change. */
#define ENOUGH_RUNS 20000u

/* --- what was drawn ------------------------------------------------------- */

/* The alternative that was drawn; NULL if it is no choice. */
static cJSON *drawn(const cJSON *value)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(value, "one_of");
    const cJSON *place = cJSON_GetObjectItemCaseSensitive(value, "drawn");
    if (!cJSON_IsArray(list) || !cJSON_IsNumber(place)) {
        return NULL;
    }
    return cJSON_Duplicate(cJSON_GetArrayItem(list, place->valueint), 1);
}

static void resolve_below(cJSON *value)
{
    for (cJSON *each = value->child; each != NULL;) {
        cJSON *next = each->next;
        cJSON *one = drawn(each);
        if (one != NULL) {
            if (each->string != NULL) {
                one->string = each->string;
                each->string = NULL;
            }
            cJSON_ReplaceItemViaPointer(value, each, one);
            each = one;
        }
        resolve_below(each);
        each = next;
    }
}

static bool never_comes(const cJSON *nemesis)
{
    const cJSON *chance = cJSON_GetObjectItemCaseSensitive(nemesis, "chance");
    return cJSON_IsNumber(chance) && chance->valuedouble == 0.0;
}

void shrink_drop_nemeses(cJSON *scenario)
{
    cJSON *nemeses = cJSON_GetObjectItemCaseSensitive(scenario, "nemeses");
    int place = 0;
    for (cJSON *each = nemeses == NULL ? NULL : nemeses->child; each != NULL;) {
        cJSON *next = each->next;
        if (never_comes(each)) {
            cJSON_DeleteItemFromArray(nemeses, place);
        } else {
            cJSON_DeleteItemFromObjectCaseSensitive(each, "chance");
            place++;
        }
        each = next;
    }
    if (nemeses != NULL && nemeses->child == NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(scenario, "nemeses");
    }
}

/* Leases rest on check-quorum: where both are drawn, a scenario without the one
 * has none of the other. */
static void settle_leases(cJSON *scenario)
{
    cJSON *raft = cJSON_GetObjectItemCaseSensitive(scenario, "raft");
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(raft, "check_quorum"))) {
        cJSON_DeleteItemFromObjectCaseSensitive(raft, "lease_reads");
    }
}

void shrink_resolve(cJSON *scenario)
{
    resolve_below(scenario);
    settle_leases(scenario);
    cJSON_DeleteItemFromObjectCaseSensitive(scenario, "$schema");
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(scenario, "nodes");
    shrink_keep_nodes(scenario,
                      cJSON_IsNumber(nodes) ? (unsigned)nodes->valueint : 3);
}

/* --- silence and luck ----------------------------------------------------- */

/* More seeds of what is there: one that fails with less. */
static void look_for_less(struct shrink *shrink, uint32_t n_seeds)
{
    struct trial list[8];
    struct trial_result result;
    char *text = shrink_text(shrink->best);
    size_t n = sizeof list / sizeof *list;
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct trial){.text = text,
                                 .first_seed = 1 + i * n_seeds,
                                 .n_seeds = n_seeds,
                                 .max_steps = shrink->found.steps,
                                 .all_seeds = true};
    }
    if (trials_run(&shrink->trials, list, n, false, &result) < n &&
        trial_weight(&result) < trial_weight(&shrink->found)) {
        shrink->found = result;
    }
    free(text);
}

/* Nemeses from `first` to `last` never come; their places stay. False if they
 * did not anyway. */
static bool mute(cJSON *scenario, int first, int last)
{
    cJSON *nemeses = cJSON_GetObjectItemCaseSensitive(scenario, "nemeses");
    bool any = false;
    for (int i = first; i < last; i++) {
        cJSON *nemesis = cJSON_GetArrayItem(nemeses, i);
        if (!never_comes(nemesis)) {
            cJSON_DeleteItemFromObjectCaseSensitive(nemesis, "chance");
            cJSON_AddNumberToObject(nemesis, "chance", 0);
            any = true;
        }
    }
    return any;
}

/* Nemeses that can be silent, while each of the others has the luck that it
 * had. */
static void mute_nemeses(struct shrink *shrink)
{
    int n = cJSON_GetArraySize(
        cJSON_GetObjectItemCaseSensitive(shrink->best, "nemeses"));
    for (int chunk = n; chunk > 0 && !shrink_is_over(shrink); chunk /= 2) {
        for (int first = 0; first < n && !shrink_is_over(shrink);
             first += chunk) {
            int last = first + chunk < n ? first + chunk : n;
            cJSON *changed = shrink_copy(shrink);
            if (mute(changed, first, last)) {
                shrink_try(shrink, changed);
            } else {
                cJSON_Delete(changed);
            }
        }
    }
}

/* Once most are silent, the rest may as well draw other luck. */
static void close_ranks(struct shrink *shrink)
{
    static const uint32_t patience[] = {64, 256, 1024, 4096};
    for (size_t i = 0; i < sizeof patience / sizeof *patience; i++) {
        cJSON *changed = shrink_copy(shrink);
        shrink->patience = patience[i];
        shrink_drop_nemeses(changed);
        if (shrink_try(shrink, changed)) {
            return;
        }
        shrink->patience = 0;
        mute_nemeses(shrink);
    }
}

void shrink_chance(struct shrink *shrink)
{
    static const uint32_t patience[] = {8, 32, 128, 512};
    shrink->stage = "leaving out";
    close_ranks(shrink);
    for (size_t i = 0; i < sizeof patience / sizeof *patience &&
                       shrink->trials.n_runs < ENOUGH_RUNS;
         i++) {
        bool any = true;
        shrink->patience = patience[i];
        for (int round = 0; any && round < 4 && !shrink_is_over(shrink);
             round++) {
            any = shrink_list(shrink, NULL, "nemeses");
            any = shrink_list(shrink, NULL, "faults") || any;
            any = shrink_duration(shrink) || any;
            any = shrink_nemesis_wishes(shrink) || any;
            any = shrink_wishes(shrink) || any;
            any = shrink_node_count(shrink) || any;
            look_for_less(shrink, patience[i]);
        }
    }
    look_for_less(shrink, 500);
}
