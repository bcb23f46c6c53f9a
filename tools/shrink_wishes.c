/* What can be said more simply of the nodes, the network, disks and clients. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/durations.h"
#include "tools/shrink.h"
#include "tools/shrink_nodes.h"

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
    {"expect", "progress_within", "\"20s\""},
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

/* The time in which there has to be progress, in seconds; 10 by default. */
static uint64_t limit_s(const char *text)
{
    uint64_t us = UINT64_C(10000000);
    durations_read(text, &us);
    return us / 1000000;
}

static bool is_fixed(const cJSON *scenario, const char *section,
                     const char *key)
{
    return cJSON_IsString(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(scenario, section), key));
}

/* What is late by chance is not stuck: there may be less time only where
 * messages and writes take the same time and none is lost, and much less only
 * in a script. */
static bool may_hurry(const struct shrink *shrink, const struct wish *wish)
{
    const cJSON *network =
        cJSON_GetObjectItemCaseSensitive(shrink->best, "network");
    const char *now = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(shrink->best, "expect"),
        "progress_within"));
    char wanted[8];
    snprintf(wanted, sizeof wanted, "%.*s", (int)strlen(wish->value) - 2,
             wish->value + 1);
    return (now == NULL || strcmp(now, "never") != 0) &&
           limit_s(wanted) < limit_s(now) &&
           (shrink->certain || limit_s(wanted) >= 10) &&
           is_fixed(shrink->best, "network", "delay") &&
           is_fixed(shrink->best, "disk", "fsync") &&
           !cJSON_HasObjectItem(network, "drop") &&
           !cJSON_HasObjectItem(network, "duplicate");
}

/* A script has no clients but its own. Without a policy for snapshots, none is
 * made up. */
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
    if (strcmp(wish->key, "progress_within") == 0 && wish->value != NULL &&
        strcmp(wish->value, "\"never\"") != 0) {
        return may_hurry(shrink, wish);
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

bool shrink_nemesis_wishes(struct shrink *shrink)
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
