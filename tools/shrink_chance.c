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

/* --- what can be said more simply ----------------------------------------- */

/* A key of a section (or of the top, for NULL), and what it may be instead, as
 * JSON; NULL: it is left out. */
struct wish {
    const char *section;
    const char *key;
    const char *value;
};

/* In this order: the first that can come true wins. */
static const struct wish wishes[] = {
    {NULL, "workload", "{\"clients\":0}"},
    {NULL, "clocks", NULL},
    {NULL, "snapshots", NULL},
    {NULL, "members", NULL},
    {NULL, "initial", NULL},
    {NULL, "raft", "{\"pre_vote\":false,\"check_quorum\":false}"},
    {NULL, "network", "{\"delay\":\"1ms\"}"},
    {NULL, "disk", "{\"fsync\":\"1ms\"}"},
    {"raft", "pre_vote", "false"},
    {"raft", "lease_reads", NULL},
    {"raft", "check_quorum", "false"},
    {"raft", "max_entries_per_message", NULL},
    {"raft", "max_inflight_messages", NULL},
    {"raft", "max_bytes_per_message", NULL},
    {"raft", "max_inflight_bytes", NULL},
    {"raft", "max_uncommitted_bytes", NULL},
    {"raft", "max_pending_reads", NULL},
    {"raft", "max_sessions", NULL},
    {"raft", "max_sessions", "1"},
    {"raft", "max_sessions", "2"},
    {"snapshots", "every", "2"},
    {"snapshots", "every", "5"},
    {"snapshots", "keep", NULL},
    {"raft", "catch_up", "false"},
    {"raft", "priority_takeover", NULL},
    {"raft", "election_timeout", NULL},
    {"raft", "heartbeat_interval", NULL},
    {"network", "delay", "\"1ms\""},
    {"network", "drop", NULL},
    {"network", "duplicate", NULL},
    {"network", "bandwidth", NULL},
    {"network", "links", NULL},
    {"disk", "fsync", "\"1ms\""},
    {"disk", "write", NULL},
    {"disk", "fsync_errors", NULL},
    {"disk", "unfinished_writes", NULL},
    {"disk", "unfinished_writes", "\"lost\""},
    {"disk", "unfinished_writes", "\"kept\""},
    {"expect", "progress_within", "\"never\""},
    {"expect", "progress_within", "\"5s\""},
    {"workload", "clients", "1"},
    {"workload", "clients", "2"},
    {"workload", "clients", "3"},
    {"workload", "keys", "1"},
    {"workload", "operations", "{\"set\":1}"},
    {"workload", "operations", "{\"set\":1,\"read\":1}"},
    {"workload", "operations", "{\"set\":1,\"read_lease\":1}"},
    {"workload", "sessions", "false"},
    {"workload", "rate", "\"20/s\""},
    {"workload", "give_up", NULL},
    {"workload", "timeout", NULL},
    {"workload", "delay", NULL},
    {"workload", "silent", NULL},
    {"workload", "busy", NULL},
    {"workload", "stop", NULL},
    {"workload", "start", NULL},
    {"workload", "value_bytes", NULL},
};

/* No timeout of the default range is over by then. */
#define BEFORE_ELECTIONS_US 150000u

bool shrink_may_elect_by_chance(const struct shrink *shrink)
{
    return shrink->found.time_us < BEFORE_ELECTIONS_US;
}

/* A script has no clients but its own. Without a policy for snapshots, none is
 * made up. And what is late by chance is not stuck: only a script may be given
 * less time. */
static bool is_sensible(const struct shrink *shrink, const struct wish *wish)
{
    const cJSON *section =
        wish->section == NULL
            ? NULL
            : cJSON_GetObjectItemCaseSensitive(shrink->best, wish->section);
    if (wish->section == NULL) {
        return !shrink->certain || strcmp(wish->key, "workload") != 0;
    }
    if (strcmp(wish->key, "election_timeout") == 0 && shrink->certain) {
        return shrink_may_elect_by_chance(shrink);
    }
    if (strcmp(wish->key, "max_sessions") == 0) {
        return cJSON_HasObjectItem(section, wish->key);
    }
    if (strcmp(wish->key, "unfinished_writes") == 0) {
        return !shrink->certain || wish->value == NULL;
    }
    if (strcmp(wish->section, "workload") == 0) {
        return !shrink->certain;
    }
    if (strcmp(wish->section, "snapshots") == 0) {
        return section != NULL;
    }
    if (wish->value != NULL && strcmp(wish->value, "\"5s\"") == 0) {
        const char *limit = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(section, wish->key));
        return shrink->certain && limit != NULL && strcmp(limit, "never") != 0;
    }
    return true;
}

/* True if there was anything to try, and it was good. */
static bool try_wish(struct shrink *shrink, const struct wish *wish)
{
    if (!is_sensible(shrink, wish)) {
        return false;
    }
    cJSON *changed = shrink_copy(shrink);
    cJSON *section = changed;
    if (wish->section != NULL) {
        section = cJSON_GetObjectItemCaseSensitive(changed, wish->section);
        if (section == NULL && wish->value != NULL) {
            section = cJSON_AddObjectToObject(changed, wish->section);
        }
    }
    cJSON *old = cJSON_GetObjectItemCaseSensitive(section, wish->key);
    cJSON *value = wish->value == NULL ? NULL : cJSON_Parse(wish->value);
    if (section == NULL || (old == NULL && value == NULL) ||
        (old != NULL && value != NULL && cJSON_Compare(old, value, 1))) {
        cJSON_Delete(value);
        cJSON_Delete(changed);
        return false;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(section, wish->key);
    if (value != NULL) {
        cJSON_AddItemToObject(section, wish->key, value);
    } else if (section != changed && section->child == NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(changed, wish->section);
    }
    return shrink_try(shrink, changed);
}

/* The operations of clients that are no use. */
static bool shrink_operations(struct shrink *shrink)
{
    static const char *const names[] = {"read_log", "read_lease", "read",
                                        "compare_and_set", "set"};
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cJSON *changed = shrink_copy(shrink);
        cJSON *operations = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(changed, "workload"),
            "operations");
        if (cJSON_HasObjectItem(operations, names[i]) &&
            cJSON_GetArraySize(operations) > 1) {
            cJSON_DeleteItemFromObjectCaseSensitive(operations, names[i]);
            any = shrink_try(shrink, changed) || any;
        } else {
            cJSON_Delete(changed);
        }
    }
    return any;
}

bool shrink_wishes(struct shrink *shrink)
{
    bool any = false;
    size_t n = sizeof wishes / sizeof *wishes;
    for (size_t i = 0; i < n && !shrink_is_over(shrink); i++) {
        any = try_wish(shrink, &wishes[i]) || any;
    }
    return shrink_operations(shrink) || any;
}

/* The same of a nemesis, or of what stands under its key. */
static const struct wish nemesis_wishes[] = {
    {NULL, "odds", NULL},
    {NULL, "after", NULL},
    {NULL, "after", "\"2ms\""},
    {NULL, "unfinished_writes", "\"lost\""},
    {NULL, "unfinished_writes", "\"kept\""},
    {NULL, "for", "\"100ms\""},
    {NULL, "for", "\"500ms\""},
    {"disk", "fsync_errors", "\"100%\""},
    {"disk", "fsync", "\"20ms\""},
    {"disk", "fsync", "\"100ms\""},
    {"disk", "write", NULL},
    {"link", "drop", "\"100%\""},
    {"link", "duplicate", "\"100%\""},
    {"link", "delay", "\"20ms\""},
    {"link", "delay", "\"100ms\""},
};

/* Has the value that is wished for already, or nothing that it could stand
 * for. */
static bool is_idle(const cJSON *section, const struct wish *wish)
{
    const cJSON *old = cJSON_GetObjectItemCaseSensitive(section, wish->key);
    cJSON *value = wish->value == NULL ? NULL : cJSON_Parse(wish->value);
    /* One simple value is as good as another. */
    bool idle = old == NULL ||
                (value != NULL && cJSON_IsString(old) &&
                 strchr("0123456789", wish->value[1]) != NULL &&
                 wish->value[strlen(wish->value) - 2] == 's') ||
                (value != NULL && cJSON_Compare(old, value, 1));
    cJSON_Delete(value);
    return idle;
}

static bool try_nemesis_wish(struct shrink *shrink, int place,
                             const struct wish *wish)
{
    cJSON *changed = shrink_copy(shrink);
    cJSON *nemesis = cJSON_GetArrayItem(
        cJSON_GetObjectItemCaseSensitive(changed, "nemeses"), place);
    cJSON *section =
        wish->section == NULL
            ? nemesis
            : cJSON_GetObjectItemCaseSensitive(nemesis, wish->section);
    if (section == NULL || is_idle(section, wish)) {
        cJSON_Delete(changed);
        return false;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(section, wish->key);
    if (wish->value != NULL) {
        cJSON_AddItemToObject(section, wish->key, cJSON_Parse(wish->value));
    }
    return shrink_try(shrink, changed);
}

static bool shrink_nemesis_wishes(struct shrink *shrink)
{
    bool any = false;
    int n = cJSON_GetArraySize(
        cJSON_GetObjectItemCaseSensitive(shrink->best, "nemeses"));
    size_t n_wishes = sizeof nemesis_wishes / sizeof *nemesis_wishes;
    for (int i = 0; i < n; i++) {
        for (size_t j = 0; j < n_wishes && !shrink_is_over(shrink); j++) {
            any = try_nemesis_wish(shrink, i, &nemesis_wishes[j]) || any;
        }
    }
    return any;
}

bool shrink_node_count(struct shrink *shrink)
{
    const cJSON *nodes =
        cJSON_GetObjectItemCaseSensitive(shrink->best, "nodes");
    int now = cJSON_IsNumber(nodes) ? nodes->valueint : 3;
    for (int n = 1; n < now && !shrink_is_over(shrink); n++) {
        cJSON *changed = shrink_copy(shrink);
        cJSON_DeleteItemFromObjectCaseSensitive(changed, "nodes");
        cJSON_AddNumberToObject(changed, "nodes", n);
        shrink_keep_nodes(changed, (unsigned)n);
        if (shrink_try(shrink, changed)) {
            return true;
        }
    }
    return false;
}

/* What ends with the run rather than with a step is over sooner in a short one.
 */
bool shrink_duration(struct shrink *shrink)
{
    if (shrink->found.time_us == 0) {
        return false;
    }
    static const char *const durations[] = {"50ms", "100ms", "200ms", "500ms",
                                            "1s",   "2s",    "3s",    "5s"};
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        cJSON *changed = shrink_copy(shrink);
        cJSON *now = cJSON_GetObjectItemCaseSensitive(changed, "duration");
        if (cJSON_IsString(now) &&
            strcmp(now->valuestring, durations[i]) == 0) {
            cJSON_Delete(changed);
            return false;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(changed, "duration");
        cJSON_AddStringToObject(changed, "duration", durations[i]);
        shrink_end_within(changed);
        if (shrink_try(shrink, changed)) {
            return true;
        }
    }
    return false;
}

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
