/* /network/messages: what becomes of single messages. */
#include <stddef.h>

#include "sim/scenario_reader.h"

#define AT(field) offsetof(struct sim_message_rule, field)

/* A number from 1, or a range of two. */
static void read_number(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    static const struct scenario_key one = {.min = 1};
    struct sim_message_rule *rule = out;
    (void)key;
    if (value->kind != SIM_JSON_LIST) {
        scenario__count64(reader, value, &one, &rule->first);
        rule->last = rule->first;
        return;
    }
    if (value->n_values != 2) {
        sim_json_unfit(&reader->json, value, "a range",
                       "write the first and the last number, such as [3, 5]");
        return;
    }
    const struct sim_json_value *first = sim_json_first(&reader->json, value);
    const struct sim_json_value *last = sim_json_next(&reader->json, first);
    scenario__count64(reader, first, &one, &rule->first);
    scenario__count64(reader, last, &one, &rule->last);
    if (rule->first > rule->last) {
        sim_json_refuse(&reader->json, value,
                        "the least number stands first, and here it is the "
                        "greater");
    }
}

static void check_fate(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct sim_message_rule *rule)
{
    static const char *const fates[] = {"lost", "delay", "again"};
    const struct sim_json_value *lost =
        sim_json_member(&reader->json, value, "lost");
    scenario__need_any(reader, value, fates, SCENARIO_COUNT(fates));
    if (lost == NULL || lost->kind != SIM_JSON_BOOLEAN) {
        return; /* what is no boolean was refused already */
    }
    if (rule->lost && (rule->has_delay || rule->has_again)) {
        sim_json_refuse_key(&reader->json, lost,
                            "what is lost does not come; leave out \"delay\" "
                            "and \"again\"");
    } else if (!rule->lost && !rule->has_delay && !rule->has_again) {
        sim_json_refuse(&reader->json, lost,
                        "\"lost\": false says nothing; write what becomes of "
                        "the message");
    }
}

static void read_rule(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      struct sim_message_rule *rule)
{
    static const struct scenario_key keys[] = {
        {.name = "from", .read = scenario__node_or_any, .offset = AT(from)},
        {.name = "to", .read = scenario__node_or_any, .offset = AT(to)},
        {.name = "kind", .read = scenario__message_kind, .offset = AT(kind)},
        {.name = "number", .read = read_number},
        {.name = "lost", .read = scenario__boolean, .offset = AT(lost)},
        {.name = "delay", .read = scenario__duration, .offset = AT(delay_us)},
        {.name = "again", .read = scenario__duration, .offset = AT(again_us)},
        {.name = "comment", .read = scenario__comment},
    };
    rule->first = 1;
    rule->last = UINT64_MAX;
    if (!scenario__object(reader, value, keys, SCENARIO_COUNT(keys), rule)) {
        return;
    }
    rule->has_kind = scenario__has(reader, value, "kind");
    rule->has_delay = scenario__has(reader, value, "delay");
    rule->has_again = scenario__has(reader, value, "again");
    check_fate(reader, value, rule);
}

void scenario__rules(struct scenario_reader *reader,
                     const struct sim_json_value *value,
                     const struct scenario_key *key, void *out)
{
    struct sim_scenario *scenario = out;
    bool choices = reader->choices;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write rules for single messages, such as "
                           "[{\"from\": 1, \"to\": 2, \"kind\": "
                           "\"append_request\", \"number\": 3, \"lost\": "
                           "true}]")) {
        return;
    }
    scenario->n_rules = value->n_values;
    scenario->rules =
        scenario__take(reader, value->n_values, sizeof *scenario->rules);
    reader->choices = false;
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        read_rule(reader, each, &scenario->rules[each->place]);
    }
    reader->choices = choices;
}
