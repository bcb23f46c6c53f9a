#include "sim/recording_acts.h"

#include <stddef.h>

static void put_nodes(struct sim_json_writer *acts, const char *name,
                      const struct sim_node_list *list)
{
    sim_json_open_list(acts, name);
    for (uint32_t i = 0; i < list->count; i++) {
        sim_json_put_number(acts, NULL, list->nodes[i]);
    }
    sim_json_close_list(acts);
}

void sim_recording_act(struct sim_recording *recording, uint64_t time_us,
                       uint32_t n_nodes, const struct sim_action *action,
                       const struct sim_reach *reach,
                       const uint64_t *duration_us)
{
    if (recording == NULL) {
        return;
    }
    struct sim_json_writer *acts = &recording->acts;
    sim_json_open_object(acts, NULL);
    sim_json_put_number(acts, "time_us", time_us);
    sim_json_put_text(acts, "list", action->list);
    sim_json_put_number(acts, "place", action->place);
    if (duration_us != NULL) {
        sim_json_put_number(acts, "for_us", *duration_us);
    }
    put_nodes(acts, "nodes", &reach->nodes);
    put_nodes(acts, "to", &reach->to);
    put_nodes(acts, "by", &reach->by);
    sim_json_put_number(acts, "ask", reach->ask);
    sim_json_open_list(acts, "sides");
    for (uint32_t node = 1; reach->has_sides && node <= n_nodes; node++) {
        sim_json_put_number(acts, NULL, reach->side[node]);
    }
    sim_json_close_list(acts);
    sim_json_close_object(acts);
}

void sim_recording_operation(struct sim_recording *recording, uint64_t time_us,
                             const char *operation, uint32_t client,
                             uint32_t node, const char *key, uint64_t value)
{
    if (recording == NULL) {
        return;
    }
    struct sim_json_writer *acts = &recording->acts;
    sim_json_open_object(acts, NULL);
    sim_json_put_number(acts, "time_us", time_us);
    sim_json_put_text(acts, "operation", operation);
    sim_json_put_number(acts, "client", client);
    sim_json_put_number(acts, "node", node);
    sim_json_put_text(acts, "key", key);
    sim_json_put_number(acts, "value", value);
    sim_json_close_object(acts);
}

void sim_recording_campaign(struct sim_recording *recording, uint64_t time_us,
                            uint32_t node)
{
    if (recording == NULL) {
        return;
    }
    sim_json_open_object(&recording->acts, NULL);
    sim_json_put_number(&recording->acts, "time_us", time_us);
    sim_json_put_number(&recording->acts, "campaign", node);
    sim_json_close_object(&recording->acts);
}
