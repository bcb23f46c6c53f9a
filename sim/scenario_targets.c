/* Who: the numbers and words that name nodes. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario_reader.h"

/* In the order of enum sim_target_kind, from SIM_TARGET_LEADER. "any", which
 * leaves the choice to somebody else, is known in few places only. */
static const char *const words[] = {
    "leader",
    "a follower",
    "followers",
    "a candidate",
    "a node",
    "all",
    "crashed",
    "paused",
    "majority",
    "minority",
    "majority with leader",
    "minority with leader",
    "rest",
    "a member",
    "a learner",
    "a stranger",
    "learners",
    "strangers",
    "it",
    "any",
};

#define WORDS_WITH_ANY SCENARIO_COUNT(words)
#define WORDS (WORDS_WITH_ANY - 1)

bool sim_target_is_one(enum sim_target_kind kind)
{
    switch (kind) {
    case SIM_TARGET_NODE:
    case SIM_TARGET_LEADER:
    case SIM_TARGET_FOLLOWER:
    case SIM_TARGET_CANDIDATE:
    case SIM_TARGET_ANY:
    case SIM_TARGET_MEMBER:
    case SIM_TARGET_LEARNER:
    case SIM_TARGET_STRANGER:
    case SIM_TARGET_IT:
        return true;
    case SIM_TARGET_FOLLOWERS:
    case SIM_TARGET_ALL:
    case SIM_TARGET_CRASHED:
    case SIM_TARGET_PAUSED:
    case SIM_TARGET_MAJORITY:
    case SIM_TARGET_MINORITY:
    case SIM_TARGET_MAJORITY_WITH_LEADER:
    case SIM_TARGET_MINORITY_WITH_LEADER:
    case SIM_TARGET_REST:
    case SIM_TARGET_LEARNERS:
    case SIM_TARGET_STRANGERS:
        return false;
    }
    return false;
}

/* A node's number. False, with the problem noted, if it is none. */
static bool read_number(struct scenario_reader *reader,
                        const struct sim_json_value *value, uint32_t *node)
{
    char found[SIM_JSON_FOUND_SIZE];
    int64_t integer = 0;
    if (!sim_json_integer(value, &integer) || integer < 1 ||
        integer > (int64_t)reader->max_nodes) {
        sim_json_found(&reader->json, value, found);
        sim_json_refuse(&reader->json, value,
                        "%s is not a node; nodes have the numbers 1 to %u",
                        found, (unsigned)reader->max_nodes);
        return false;
    }
    *node = (uint32_t)integer;
    return true;
}

void scenario__node(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    (void)key;
    read_number(reader, value, out);
}

void scenario__node_or_any(struct scenario_reader *reader,
                           const struct sim_json_value *value,
                           const struct scenario_key *key, void *out)
{
    static const char *const any[] = {"any"};
    size_t place = 0;
    (void)key;
    if (value->kind == SIM_JSON_NUMBER) {
        read_number(reader, value, out);
    } else if (value->kind != SIM_JSON_STRING) {
        sim_json_unfit(&reader->json, value, "a node",
                       "write a node's number or \"any\"");
    } else if (scenario__word(reader, value, any, 1, &place)) {
        *(uint32_t *)out = SIM_NONE;
    }
}

/* False if it is "any", which is known if `n_words` reaches it. */
static bool read_word(struct scenario_reader *reader,
                      const struct sim_json_value *value, size_t n_words,
                      struct sim_target *target)
{
    size_t place = 0;
    *target = (struct sim_target){.kind = SIM_TARGET_NODE};
    if (value->kind == SIM_JSON_NUMBER) {
        read_number(reader, value, &target->node);
    } else if (value->kind != SIM_JSON_STRING) {
        sim_json_unfit(&reader->json, value, "a node",
                       "write a number or a word such as \"leader\"");
    } else if (scenario__word(reader, value, words, n_words, &place)) {
        target->kind = (enum sim_target_kind)(SIM_TARGET_LEADER + place);
        return place < WORDS;
    }
    return true;
}

static void read_target(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    (void)key;
    read_word(reader, value, WORDS, out);
}

void scenario__targets(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    struct sim_targets *targets = out;
    bool list = value->kind == SIM_JSON_LIST;
    targets->count = list ? value->n_values : 1;
    targets->items =
        scenario__take(reader, targets->count, sizeof *targets->items);
    if (!list) {
        read_target(reader, value, key, targets->items);
        return;
    }
    const struct scenario_key item = {.read = read_target};
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    if (each == NULL) {
        sim_json_refuse(&reader->json, value,
                        "this list is empty; name a node");
    }
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        scenario__read_value(reader, each, &item, &targets->items[each->place]);
    }
}

static void read_one(struct scenario_reader *reader,
                     const struct sim_json_value *value, size_t n_words,
                     struct sim_targets *targets)
{
    targets->count = 1;
    targets->items = scenario__take(reader, 1, sizeof *targets->items);
    if (!read_word(reader, value, n_words, targets->items)) {
        targets->count = 0;
    } else if (!sim_target_is_one(targets->items[0].kind)) {
        sim_json_unfit(&reader->json, value, "one node",
                       "write a number, \"leader\", \"a follower\", \"a "
                       "candidate\", \"a node\", \"a member\", \"a "
                       "learner\" or \"a stranger\"");
    }
}

void scenario__one_target(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out)
{
    (void)key;
    read_one(reader, value, WORDS, out);
}

void scenario__one_target_or_any(struct scenario_reader *reader,
                                 const struct sim_json_value *value,
                                 const struct scenario_key *key, void *out)
{
    (void)key;
    read_one(reader, value, WORDS_WITH_ANY, out);
}

static void read_place(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    static const char *const all[] = {"all"};
    struct sim_target *target = out;
    size_t place = 0;
    (void)key;
    *target = (struct sim_target){.kind = SIM_TARGET_NODE};
    if (value->kind == SIM_JSON_NUMBER) {
        read_number(reader, value, &target->node);
    } else if (value->kind != SIM_JSON_STRING) {
        sim_json_unfit(&reader->json, value, "a node",
                       "write a node's number, a list of them, or \"all\"");
    } else if (scenario__word(reader, value, all, 1, &place)) {
        target->kind = SIM_TARGET_ALL;
    }
}

void scenario__places(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    struct sim_targets *targets = out;
    if (value->kind == SIM_JSON_LIST && value->n_values > 0) {
        const struct scenario_key item = {.read = read_place};
        const struct sim_json_value *each =
            sim_json_first(&reader->json, value);
        targets->count = value->n_values;
        targets->items =
            scenario__take(reader, targets->count, sizeof *targets->items);
        for (; each != NULL; each = sim_json_next(&reader->json, each)) {
            scenario__read_value(reader, each, &item,
                                 &targets->items[each->place]);
        }
        return;
    }
    targets->count = 1;
    targets->items = scenario__take(reader, 1, sizeof *targets->items);
    read_place(reader, value, key, targets->items);
}

/* --- checks between targets ----------------------------------------------- */

static bool is_rest(const struct sim_json_value *value)
{
    const char *text = sim_json_string(value);
    return text != NULL && strcmp(text, "rest") == 0;
}

static void check_rest_item(struct scenario_reader *reader,
                            const struct sim_json_value *value, bool named)
{
    const struct sim_json_value *each = NULL;
    while (!named &&
           (each = scenario__alternative(reader, value, each)) != NULL) {
        if (is_rest(each)) {
            sim_json_refuse(&reader->json, each,
                            "\"rest\" is those not named before in this step, "
                            "and none is");
        }
    }
}

void scenario__check_rest(struct scenario_reader *reader,
                          const struct sim_json_value *value, bool named)
{
    const struct sim_json_value *each = NULL;
    if (value == NULL) {
        return;
    }
    while ((each = scenario__alternative(reader, value, each)) != NULL) {
        if (each->kind == SIM_JSON_LIST) {
            const struct sim_json_value *first =
                sim_json_first(&reader->json, each);
            if (first != NULL) {
                check_rest_item(reader, first, named);
            }
        } else if (!named && is_rest(each)) {
            check_rest_item(reader, each, false);
        }
    }
}

void scenario__check_twice(struct scenario_reader *reader,
                           const struct sim_json_value *value, uint32_t node,
                           bool seen[SIM_MAX_NODES + 1])
{
    if (node == SIM_NONE) {
        return;
    }
    if (seen[node]) {
        sim_json_refuse(&reader->json, value,
                        "node %u stands in this list already", (unsigned)node);
    }
    seen[node] = true;
}

/* The one node that a value names by its number; 0 if it is anything else. */
static int64_t only_node(const struct scenario_reader *reader,
                         const struct sim_json_value *value)
{
    int64_t node = 0;
    if (value != NULL && value->kind == SIM_JSON_LIST && value->n_values == 1) {
        value = sim_json_first(&reader->json, value);
    }
    return value != NULL && sim_json_integer(value, &node) ? node : 0;
}

void scenario__check_ends(struct scenario_reader *reader,
                          const struct sim_json_value *object)
{
    const struct sim_json_value *from =
        sim_json_member(&reader->json, object, "from");
    const struct sim_json_value *to =
        sim_json_member(&reader->json, object, "to");
    int64_t node = only_node(reader, from);
    if (node > 0 && node == only_node(reader, to)) {
        sim_json_refuse(&reader->json, to,
                        "node %lld has no link to itself; name another node "
                        "than in \"from\"",
                        (long long)node);
    }
}
