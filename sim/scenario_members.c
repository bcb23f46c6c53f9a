/* Members and snapshots: as they are at the start, and how actions change them.
 */
#include <stddef.h>
#include <string.h>

#include "sim/scenario_reader.h"

void scenario__membership(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out)
{
    static const char *const words[] = {"voter", "learner", "witness"};
    size_t place = 0;
    (void)key;
    if (scenario__word(reader, value, words, SCENARIO_COUNT(words), &place)) {
        *(enum sim_membership *)out = (enum sim_membership)place;
    }
}

/* --- /members ------------------------------------------------------------- */

#define AT(field) offsetof(struct sim_initial_member, field)

static void read_priority(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out)
{
    uint32_t number = 0;
    scenario__count32(reader, value, key, &number);
    *(uint8_t *)out = (uint8_t)number;
}

static void read_member(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "node",
         .read = scenario__node,
         .offset = AT(node),
         .required = true,
         .fixed = true},
        {.name = "as", .read = scenario__membership, .offset = AT(as)},
        {.name = "priority",
         .read = read_priority,
         .offset = AT(priority),
         .max = UINT8_MAX},
        {.name = "comment", .read = scenario__comment, .fixed = true},
    };
    struct sim_initial_member *member = out;
    if (value->kind == SIM_JSON_OBJECT) {
        scenario__object(reader, value, keys, SCENARIO_COUNT(keys), member);
    } else if (value->kind == SIM_JSON_NUMBER) {
        scenario__node(reader, value, key, &member->node);
    } else {
        sim_json_unfit(&reader->json, value, "a member",
                       "write a node's number, or {\"node\": 4, \"as\": "
                       "\"learner\"}");
    }
}

/* A voter that stores commands and can lead, whatever is drawn. */
static bool is_full_voter(const struct scenario_reader *reader,
                          const struct sim_json_value *member)
{
    const struct sim_json_value *as =
        sim_json_member(&reader->json, member, "as");
    const struct sim_json_value *each = NULL;
    while (as != NULL &&
           (each = scenario__alternative(reader, as, each)) != NULL) {
        const char *word = sim_json_string(each);
        if (word == NULL || strcmp(word, "voter") != 0) {
            return false;
        }
    }
    return true;
}

static void check_voters(struct scenario_reader *reader,
                         const struct sim_json_value *list)
{
    const struct sim_json_value *each = sim_json_first(&reader->json, list);
    while (each != NULL && !is_full_voter(reader, each)) {
        each = sim_json_next(&reader->json, each);
    }
    if (each == NULL) {
        sim_json_refuse(&reader->json, list,
                        "nobody here is sure to be a full voter, who can lead; "
                        "write one that is no learner and no witness");
    }
}

/* Keeps those that are among the nodes drawn. Where no full voter is left, all
 * nodes are voters, as without /members. */
static void keep_drawn(struct sim_scenario *scenario)
{
    uint32_t kept = 0;
    bool voter = false;
    for (uint32_t i = 0; i < scenario->n_members; i++) {
        const struct sim_initial_member *member = &scenario->members[i];
        if (member->node <= scenario->nodes) {
            voter = voter || member->as == SIM_AS_VOTER;
            scenario->members[kept++] = *member;
        }
    }
    scenario->n_members = voter ? kept : 0;
}

void scenario__members(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    static const struct scenario_key member = {.read = read_member,
                                               .fixed = true};
    static const char hint[] = "write who is a member at the start, such as "
                               "[1, 2, {\"node\": 3, \"as\": \"learner\"}]";
    struct sim_scenario *scenario = out;
    bool seen[SIM_MAX_NODES + 1] = {false};
    size_t problems = reader->json.n_problems;
    (void)key;
    if (!scenario__is_list(reader, value, hint)) {
        return;
    }
    if (value->n_values == 0) {
        sim_json_refuse(&reader->json, value,
                        "this list is empty; leave \"members\" out to make all "
                        "nodes voters");
        return;
    }
    scenario->n_members = value->n_values;
    scenario->members =
        scenario__take(reader, value->n_values, sizeof *scenario->members);
    reader->choices = true;
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        struct sim_initial_member *at = &scenario->members[each->place];
        const struct sim_json_value *node =
            sim_json_member(&reader->json, each, "node");
        scenario__read_value(reader, each, &member, at);
        scenario__check_twice(reader, node != NULL ? node : each, at->node,
                              seen);
    }
    reader->choices = false;
    if (reader->json.n_problems == problems) {
        check_voters(reader, value);
    }
    keep_drawn(scenario);
}

/* --- /snapshots ----------------------------------------------------------- */

#undef AT
#define AT(field) offsetof(struct sim_snapshot_policy, field)

void scenario__snapshots(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "every",
         .read = scenario__count64,
         .offset = AT(every),
         .required = true},
        {.name = "keep", .read = scenario__count64, .offset = AT(keep)},
    };
    (void)key;
    reader->choices = true;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out);
    reader->choices = false;
}

/* --- "replace" ------------------------------------------------------------ */

#undef AT
#define AT(field) offsetof(struct sim_action, field)

/* Whether `value`, a node or a list of nodes, names this number in all draws.
 */
static bool names_node(const struct scenario_reader *reader,
                       const struct sim_json_value *value, int64_t node)
{
    int64_t number = 0;
    if (value->kind != SIM_JSON_LIST) {
        return sim_json_integer(value, &number) && number == node;
    }
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    while (each != NULL && !names_node(reader, each, node)) {
        each = sim_json_next(&reader->json, each);
    }
    return each != NULL;
}

static void check_exchange(struct scenario_reader *reader,
                           const struct sim_json_value *object)
{
    const struct sim_json_value *node =
        sim_json_member(&reader->json, object, "node");
    const struct sim_json_value *by =
        sim_json_member(&reader->json, object, "by");
    scenario__check_rest(reader, node, false);
    for (uint32_t i = 1; i <= reader->max_nodes; i++) {
        if (node != NULL && by != NULL && names_node(reader, node, i) &&
            names_node(reader, by, i)) {
            sim_json_refuse(&reader->json, by,
                            "node %u cannot take its own place; name others "
                            "than in \"node\"",
                            (unsigned)i);
        }
    }
}

void scenario__replace(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "node",
         .read = scenario__targets,
         .offset = AT(nodes),
         .required = true},
        {.name = "by",
         .read = scenario__targets,
         .offset = AT(by),
         .required = true},
    };
    (void)key;
    if (scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out)) {
        check_exchange(reader, value);
    }
}
