/* What actions do to the network: groups, pairs and links. */
#include <stddef.h>

#include "sim/scenario_reader.h"

#define AT(field) offsetof(struct sim_action, field)

/* --- groups and pairs ----------------------------------------------------- */

/* Marks the numbers that stand in a group as seen. */
static void mark_seen(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      bool seen[SIM_MAX_NODES + 1])
{
    int64_t node = 0;
    if (value->kind == SIM_JSON_LIST) {
        const struct sim_json_value *each =
            sim_json_first(&reader->json, value);
        for (; each != NULL; each = sim_json_next(&reader->json, each)) {
            mark_seen(reader, each, seen);
        }
    } else if (sim_json_integer(value, &node) && node >= 1 &&
               node <= (int64_t)reader->max_nodes) {
        if (seen[node]) {
            sim_json_refuse(&reader->json, value,
                            "node %lld is in this partition twice",
                            (long long)node);
        }
        seen[node] = true;
    }
}

void scenario__partition(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    static const struct scenario_key group = {.read = scenario__targets};
    struct sim_action *action = out;
    bool seen[SIM_MAX_NODES + 1] = {false};
    (void)key;
    if (!scenario__is_list(
            reader, value,
            "write groups of nodes, such as [[1, 2], \"rest\"]")) {
        return;
    }
    if (value->n_values == 0) {
        sim_json_refuse(&reader->json, value,
                        "this list is empty; write groups of nodes, such as "
                        "[[1, 2], \"rest\"]");
    }
    action->n_groups = value->n_values;
    action->groups =
        scenario__take(reader, value->n_values, sizeof *action->groups);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        scenario__read_value(reader, each, &group,
                             &action->groups[each->place]);
        scenario__check_rest(reader, each, each->place > 0);
        mark_seen(reader, each, seen);
    }
}

static void read_pair(struct scenario_reader *reader,
                      const struct sim_json_value *value, struct sim_pair *pair)
{
    static const struct scenario_key end = {.read = scenario__node,
                                            .fixed = true};
    if (value->kind != SIM_JSON_LIST || value->n_values != 2) {
        sim_json_unfit(&reader->json, value, "a pair of nodes",
                       "write two numbers, such as [1, 2]");
        return;
    }
    const struct sim_json_value *a = sim_json_first(&reader->json, value);
    const struct sim_json_value *b = sim_json_next(&reader->json, a);
    scenario__read_value(reader, a, &end, &pair->a);
    scenario__read_value(reader, b, &end, &pair->b);
    if (pair->a != SIM_NONE && pair->a == pair->b) {
        sim_json_refuse(&reader->json, value,
                        "node %u has no link to itself; name two nodes",
                        (unsigned)pair->a);
    }
}

void scenario__mesh(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    struct sim_action *action = out;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write the pairs of nodes that talk, "
                           "such as [[1, 2], [2, 3]]")) {
        return;
    }
    if (value->n_values == 0) {
        sim_json_refuse(&reader->json, value,
                        "this list is empty; to part all nodes, write "
                        "\"isolate\": \"all\"");
    }
    action->n_pairs = value->n_values;
    action->pairs =
        scenario__take(reader, value->n_values, sizeof *action->pairs);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        read_pair(reader, each, &action->pairs[each->place]);
    }
}

/* --- links ---------------------------------------------------------------- */

static void check_from_to(struct scenario_reader *reader,
                          const struct sim_json_value *value)
{
    scenario__check_rest(reader, sim_json_member(&reader->json, value, "from"),
                         false);
    scenario__check_ends(reader, value);
}

/* The keys of "link"; the first three are those of "cut" and "clog". */
static const struct scenario_key link_keys[] = {
    {.name = "from",
     .read = scenario__targets,
     .offset = AT(from),
     .required = true},
    {.name = "to",
     .read = scenario__targets,
     .offset = AT(to),
     .required = true},
    {.name = "both_ways", .read = scenario__boolean, .offset = AT(both_ways)},
    {.name = "messages",
     .read = scenario__message_kind,
     .offset = AT(weather.kind)},
    {.name = "delay",
     .read = scenario__distribution,
     .offset = AT(weather.delay)},
    {.name = "drop", .read = scenario__chance, .offset = AT(weather.drop_ppm)},
    {.name = "duplicate",
     .read = scenario__chance,
     .offset = AT(weather.duplicate_ppm)},
};

#define CUT_KEYS 3

void scenario__cut(struct scenario_reader *reader,
                   const struct sim_json_value *value,
                   const struct scenario_key *key, void *out)
{
    (void)key;
    if (scenario__object(reader, value, link_keys, CUT_KEYS, out)) {
        check_from_to(reader, value);
    }
}

void scenario__link(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    static const char *const weather[] = {"delay", "drop", "duplicate"};
    struct sim_action *action = out;
    (void)key;
    if (!scenario__object(reader, value, link_keys, SCENARIO_COUNT(link_keys),
                          out)) {
        return;
    }
    check_from_to(reader, value);
    scenario__need_any(reader, value, weather, SCENARIO_COUNT(weather));
    action->weather.has_kind = scenario__has(reader, value, "messages");
    action->weather.has_delay = scenario__has(reader, value, "delay");
    action->weather.has_drop = scenario__has(reader, value, "drop");
    action->weather.has_duplicate = scenario__has(reader, value, "duplicate");
}
