/* Part 1: what can be left out of a scenario as it is, with its chance. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tools/shrink.h"
#include "tools/shrink_nodes.h"

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
    {"raft", "catch_up", "false"},
    {"raft", "priority_takeover", NULL},
    {"raft", "election_timeout", NULL},
    {"raft", "heartbeat_interval", NULL},
    {"raft", "clock_drift", NULL},
    {"network", "delay", "\"1ms\""},
    {"network", "drop", NULL},
    {"network", "duplicate", NULL},
    {"network", "bandwidth", NULL},
    {"network", "links", NULL},
    {"disk", "fsync", "\"1ms\""},
    {"disk", "write", NULL},
    {"disk", "fsync_errors", NULL},
    {"disk", "unfinished_writes", NULL},
    {"expect", "progress_within", "\"never\""},
    {"workload", "clients", "1"},
    {"workload", "clients", "2"},
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

/* True if there was anything to try, and it was good. */
static bool try_wish(struct shrink *shrink, const struct wish *wish)
{
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
    bool has_clients = wish->section == NULL ||
                       strcmp(wish->section, "workload") != 0 ||
                       !shrink->certain;
    if (section == NULL || !has_clients || (old == NULL && value == NULL) ||
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
    static const char *const durations[] = {"100ms", "200ms", "500ms", "1s",
                                            "2s",    "3s",    "5s"};
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
    static const uint32_t patience[] = {8, 32, 128};
    shrink->stage = "leaving out";
    close_ranks(shrink);
    for (size_t i = 0; i < sizeof patience / sizeof *patience; i++) {
        bool any = true;
        shrink->patience = patience[i];
        for (int round = 0; any && round < 4 && !shrink_is_over(shrink);
             round++) {
            any = shrink_list(shrink, NULL, "nemeses");
            any = shrink_list(shrink, NULL, "faults") || any;
            any = shrink_duration(shrink) || any;
            any = shrink_wishes(shrink) || any;
            any = shrink_node_count(shrink) || any;
            look_for_less(shrink, patience[i]);
        }
    }
    look_for_less(shrink, 500);
}
