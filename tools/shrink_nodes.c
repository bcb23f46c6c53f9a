#include "tools/shrink_nodes.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The keys of steps whose values name nodes. */
static const char *const naming[] = {
    "crash",     "restart",        "pause",    "resume",     "isolate",
    "bridge",    "corrupt",        "nodes",    "to",         "expire_timer",
    "add",       "remove",         "promote",  "demote",     "node",
    "members",   "compact",        "transfer", "ask",        "by",
    "from",      "partition",      "mesh",     "propose",    "cut",
    "clog",      "link",           "disk",     "clock",      "replace",
    "when",      "leader_elected", "writing",  "configured", "restored",
    "restarted", "read",
};

static bool is_naming(const char *key)
{
    for (size_t i = 0; i < sizeof naming / sizeof *naming; i++) {
        if (key != NULL && strcmp(key, naming[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes numbers above `n` out of a value that names nodes; false if nothing is
 * left of it. */
static bool keep_value(cJSON *value, unsigned n)
{
    if (cJSON_IsNumber(value)) {
        return value->valuedouble <= n;
    }
    if (cJSON_IsObject(value)) {
        for (cJSON *each = value->child; each != NULL; each = each->next) {
            if (is_naming(each->string) && !keep_value(each, n)) {
                return false;
            }
        }
        return true;
    }
    if (!cJSON_IsArray(value)) {
        return true;
    }
    for (cJSON *each = value->child; each != NULL;) {
        cJSON *next = each->next;
        if (!keep_value(each, n)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(value, each));
        }
        each = next;
    }
    return value->child != NULL;
}

/* Items of a list at the top that name nobody any more go. */
static void keep_items(cJSON *scenario, const char *list, unsigned n)
{
    cJSON *items = cJSON_GetObjectItemCaseSensitive(scenario, list);
    if (items != NULL && !keep_value(items, n)) {
        cJSON_DeleteItemFromObjectCaseSensitive(scenario, list);
    }
}

/* A nemesis draws by its place in the list: what goes leaves one that never
 * comes. */
static void keep_nemeses(cJSON *scenario, unsigned n)
{
    cJSON *nemeses = cJSON_GetObjectItemCaseSensitive(scenario, "nemeses");
    for (int i = 0; i < cJSON_GetArraySize(nemeses); i++) {
        if (!keep_value(cJSON_GetArrayItem(nemeses, i), n)) {
            cJSON_ReplaceItemInArray(
                nemeses, i,
                cJSON_Parse("{\"heal\": \"network\", \"every\": \"1h\", "
                            "\"chance\": 0}"));
        }
    }
}

void shrink_keep_nodes(cJSON *scenario, unsigned n)
{
    keep_items(scenario, "members", n);
    keep_items(scenario, "clocks", n);
    keep_items(scenario, "initial", n);
    keep_items(scenario, "faults", n);
    keep_nemeses(scenario, n);
    cJSON *network = cJSON_GetObjectItemCaseSensitive(scenario, "network");
    keep_items(network, "links", n);
    keep_items(network, "messages", n);
}

void shrink_end_within(cJSON *scenario)
{
    cJSON *nemeses = cJSON_GetObjectItemCaseSensitive(scenario, "nemeses");
    cJSON *workload = cJSON_GetObjectItemCaseSensitive(scenario, "workload");
    cJSON *each;
    cJSON_ArrayForEach(each, nemeses)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(each, "until");
        cJSON_DeleteItemFromObjectCaseSensitive(each, "from");
    }
    cJSON_DeleteItemFromObjectCaseSensitive(workload, "stop");
    cJSON_DeleteItemFromObjectCaseSensitive(workload, "start");
}
