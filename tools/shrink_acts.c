/* Of a script, the steps: what was done in the run that is written down. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/durations.h"
#include "tools/shrink_script.h"

/* Keys of a nemesis or a step that say when, not what. */
static const char *const whens[] = {"every", "when",    "after",   "odds",
                                    "for",   "from",    "until",   "chance",
                                    "at",    "comment", "optional"};

/* What an operator does about members may be refused: no failure by itself. */
static const char *const wishes[] = {"add",     "remove",  "promote", "demote",
                                     "replace", "members", "transfer"};

static cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void drop(cJSON *object, const char *key)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
}

static uint64_t number_of(const cJSON *object, const char *key)
{
    const cJSON *item = get(object, key);
    return cJSON_IsNumber(item) ? (uint64_t)item->valuedouble : 0;
}

static void put_time(cJSON *step, const char *key, uint64_t us)
{
    char text[DURATIONS_SIZE];
    cJSON_AddStringToObject(step, key, durations_print(us, text));
}

/* --- what was done by the scenario ---------------------------------------- */

/* A list of one node is its number. */
static cJSON *one_or_all(cJSON *list)
{
    if (cJSON_GetArraySize(list) != 1) {
        return list;
    }
    cJSON *one = cJSON_DetachItemFromArray(list, 0);
    cJSON_Delete(list);
    return one;
}

static cJSON *nodes_of(const cJSON *act, const char *key)
{
    return one_or_all(cJSON_Duplicate(get(act, key), 1));
}

static void replace(cJSON *object, const char *key, cJSON *value)
{
    if (get(object, key) != NULL) {
        cJSON_ReplaceItemInObjectCaseSensitive(object, key, value);
    } else {
        cJSON_Delete(value);
    }
}

/* The nodes of one side. */
static cJSON *side_of(const cJSON *act, int side)
{
    cJSON *nodes = cJSON_CreateArray();
    const cJSON *each;
    int node = 0;
    cJSON_ArrayForEach(each, get(act, "sides"))
    {
        node++;
        if (each->valueint == side) {
            cJSON_AddItemToArray(nodes, cJSON_CreateNumber(node));
        }
    }
    return nodes;
}

static void settle_partition(cJSON *step, const cJSON *act)
{
    cJSON *groups = cJSON_CreateArray();
    for (int side = 0; side <= 255; side++) {
        cJSON *nodes = side_of(act, side);
        if (nodes->child != NULL) {
            cJSON_AddItemToArray(groups, nodes);
        } else {
            cJSON_Delete(nodes);
        }
    }
    replace(step, "partition", groups);
}

static void settle_bridge(cJSON *step, const cJSON *act)
{
    drop(step, "bridge");
    cJSON *cut = cJSON_AddObjectToObject(step, "cut");
    cJSON_AddItemToObject(cut, "from", one_or_all(side_of(act, 1)));
    cJSON_AddItemToObject(cut, "to", one_or_all(side_of(act, 2)));
    cJSON_AddTrueToObject(cut, "both_ways");
}

/* Whom the action meant, in place of how it named them. */
static void settle(cJSON *step, const cJSON *act)
{
    static const char *const simple[] = {
        "crash",   "restart", "pause",        "resume",  "isolate",
        "corrupt", "add",     "expire_timer", "remove",  "promote",
        "demote",  "members", "compact",      "transfer"};
    static const char *const inside[] = {"disk", "clock"};
    static const char *const links[] = {"cut", "clog", "link"};
    static const char *const asks[] = {"propose", "read"};
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        if (get(step, simple[i]) != NULL &&
            cJSON_GetArraySize(get(act, "nodes")) > 0) {
            replace(step, simple[i], nodes_of(act, "nodes"));
        }
    }
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        replace(get(step, inside[i]), "nodes", nodes_of(act, "nodes"));
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        replace(get(step, links[i]), "from", nodes_of(act, "nodes"));
        replace(get(step, links[i]), "to", nodes_of(act, "to"));
    }
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        replace(get(step, asks[i]), "to", nodes_of(act, "nodes"));
    }
    if (get(step, "replace") != NULL) {
        replace(get(step, "replace"), "node", nodes_of(act, "nodes"));
        replace(get(step, "replace"), "by", nodes_of(act, "by"));
    }
    if (get(step, "partition") != NULL) {
        settle_partition(step, act);
    }
    if (get(step, "bridge") != NULL) {
        settle_bridge(step, act);
    }
    if (get(step, "ask") != NULL) {
        replace(step, "ask", cJSON_CreateNumber((double)number_of(act, "ask")));
    }
}

static cJSON *step_of_act(const cJSON *from, const cJSON *act,
                          const struct script_manner *manner)
{
    const char *list = cJSON_GetStringValue(get(act, "list"));
    const cJSON *source =
        cJSON_GetArrayItem(get(from, list + 1), (int)number_of(act, "place"));
    uint64_t time_us = number_of(act, "time_us");
    cJSON *step = cJSON_CreateObject();
    cJSON *what = cJSON_Duplicate(source, 1);
    bool follows = !manner->early && get(source, "when") != NULL &&
                   get(act, "for_us") != NULL;
    put_time(step, "at", time_us + (follows ? 1 : 0));
    for (size_t i = 0; i < sizeof whens / sizeof *whens; i++) {
        drop(what, whens[i]);
    }
    settle(what, act);
    while (what->child != NULL) {
        cJSON *item = cJSON_DetachItemViaPointer(what, what->child);
        char *key = sim_strdup(item->string);
        cJSON_AddItemToObject(step, key, item);
        free(key);
    }
    cJSON_Delete(what);
    if (get(act, "for_us") != NULL) {
        put_time(step, "for", number_of(act, "for_us"));
    }
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        if (get(step, wishes[i]) != NULL) {
            cJSON_AddTrueToObject(step, "optional");
        }
    }
    return step;
}

/* --- what clients and nodes did by themselves ----------------------------- */

/* "a", "b", … "z", "v27", … */
static const char *value_name(uint64_t value, char text[24])
{
    if (value >= 1 && value <= 26) {
        snprintf(text, 24, "%c", (char)('a' + value - 1));
    } else {
        snprintf(text, 24, "v%" PRIu64, value);
    }
    return text;
}

static bool is_session(const cJSON *act)
{
    const char *operation = cJSON_GetStringValue(get(act, "operation"));
    return operation != NULL && strcmp(operation, "session") == 0;
}

/* The session that the same client opened directly before; else the act. A
 * client of a script opens it with its operation. */
static const cJSON *session_before(const cJSON *act)
{
    for (const cJSON *each = act->prev; each != NULL && each->next != NULL;
         each = each->prev) {
        if (get(each, "operation") != NULL &&
            number_of(each, "client") == number_of(act, "client")) {
            return is_session(each) ? each : act;
        }
    }
    return act;
}

/* An operation may begin in the microsecond in which the one before was
 * answered, and after it; a step of the script comes first in its microsecond.
 * So each is put off by one microsecond more than the one before. */
static cJSON *step_of_operation(const cJSON *act, bool sessions,
                                uint64_t delay_us)
{
    const cJSON *begun = session_before(act);
    char value[24];
    const char *operation = cJSON_GetStringValue(get(act, "operation"));
    bool is_read = strncmp(operation, "read", 4) == 0;
    cJSON *step = cJSON_CreateObject();
    put_time(step, "at", number_of(begun, "time_us") + delay_us);
    cJSON *what = cJSON_AddObjectToObject(step, is_read ? "read" : "propose");
    cJSON_AddNumberToObject(what, "to", (double)number_of(begun, "node"));
    cJSON_AddStringToObject(what, "key", cJSON_GetStringValue(get(act, "key")));
    if (!is_read) {
        cJSON_AddStringToObject(what, "value",
                                value_name(number_of(act, "value"), value));
    }
    if (strcmp(operation, "compare_and_set") == 0) {
        cJSON_AddTrueToObject(what, "compare");
    } else if (strcmp(operation, "read_lease") == 0) {
        cJSON_AddStringToObject(what, "by", "lease");
    } else if (strcmp(operation, "read_log") == 0) {
        cJSON_AddStringToObject(what, "by", "log");
    }
    if (sessions || strcmp(operation, "compare_and_set") == 0) {
        cJSON_AddNumberToObject(what, "client",
                                (double)number_of(act, "client") + 1);
    }
    return step;
}

static cJSON *step_of_campaign(const cJSON *act)
{
    cJSON *step = cJSON_CreateObject();
    put_time(step, "at", number_of(act, "time_us"));
    cJSON_AddNumberToObject(step, "expire_timer",
                            (double)number_of(act, "campaign"));
    return step;
}

/* The timer that made it campaign was expired by the act before. */
static bool was_expired(const cJSON *from, const cJSON *before,
                        const cJSON *campaign)
{
    const char *list = cJSON_GetStringValue(get(before, "list"));
    if (list == NULL ||
        number_of(before, "time_us") != number_of(campaign, "time_us")) {
        return false;
    }
    const cJSON *source = cJSON_GetArrayItem(get(from, list + 1),
                                             (int)number_of(before, "place"));
    return get(source, "expire_timer") != NULL;
}

static uint64_t at_us(const cJSON *step)
{
    uint64_t us = 0;
    durations_read(cJSON_GetStringValue(get(step, "at")), &us);
    return us;
}

void script_sort(struct cJSON *scenario)
{
    cJSON *steps = cJSON_DetachItemFromObjectCaseSensitive(scenario, "faults");
    cJSON *sorted = cJSON_AddArrayToObject(scenario, "faults");
    while (steps->child != NULL) {
        cJSON *first = steps->child;
        for (cJSON *each = first; each != NULL; each = each->next) {
            first = at_us(each) < at_us(first) ? each : first;
        }
        cJSON_AddItemToArray(sorted, cJSON_DetachItemViaPointer(steps, first));
    }
    cJSON_Delete(steps);
}

struct cJSON *script_steps_of(const struct cJSON *from,
                              const struct cJSON *acts,
                              const struct script_manner *manner)
{
    cJSON *steps = cJSON_CreateArray();
    const cJSON *sessions = get(get(from, "workload"), "sessions");
    const cJSON *act;
    uint64_t n_operations = 0;
    cJSON_ArrayForEach(act, acts)
    {
        if (get(act, "list") != NULL) {
            cJSON_AddItemToArray(steps, step_of_act(from, act, manner));
        } else if (is_session(act)) {
            continue; /* comes with what follows it */
        } else if (get(act, "operation") != NULL) {
            cJSON_AddItemToArray(
                steps, step_of_operation(act, !cJSON_IsFalse(sessions),
                                         ++n_operations));
        } else if (manner->elections == SCRIPT_EXPIRES &&
                   !was_expired(from, act->prev, act)) {
            cJSON_AddItemToArray(steps, step_of_campaign(act));
        }
    }
    return steps;
}
