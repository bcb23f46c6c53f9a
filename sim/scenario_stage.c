/* The stage: what lies between the nodes, and below them. */
#include <stddef.h>

#include "sim/scenario_reader.h"

/* --- /network ------------------------------------------------------------- */

#define AT(field) offsetof(struct sim_link_override, field)

static void read_override(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          struct sim_link_override *link)
{
    static const struct scenario_key keys[] = {
        {.name = "from",
         .read = scenario__places,
         .offset = AT(from),
         .required = true},
        {.name = "to",
         .read = scenario__places,
         .offset = AT(to),
         .required = true},
        {.name = "both_ways",
         .read = scenario__boolean,
         .offset = AT(both_ways)},
        {.name = "delay",
         .read = scenario__distribution,
         .offset = AT(settings.delay)},
        {.name = "drop",
         .read = scenario__chance,
         .offset = AT(settings.drop_ppm)},
        {.name = "duplicate",
         .read = scenario__chance,
         .offset = AT(settings.duplicate_ppm)},
        {.name = "bandwidth",
         .read = scenario__bandwidth,
         .offset = AT(settings.bandwidth)},
        {.name = "comment", .read = scenario__comment, .fixed = true},
    };
    static const char *const changes[] = {"delay", "drop", "duplicate",
                                          "bandwidth"};
    if (!scenario__object(reader, value, keys, SCENARIO_COUNT(keys), link)) {
        return;
    }
    scenario__check_ends(reader, value);
    scenario__need_any(reader, value, changes, SCENARIO_COUNT(changes));
    link->has_delay = scenario__has(reader, value, "delay");
    link->has_drop = scenario__has(reader, value, "drop");
    link->has_duplicate = scenario__has(reader, value, "duplicate");
    link->has_bandwidth = scenario__has(reader, value, "bandwidth");
}

static void read_links(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    struct sim_scenario *scenario = out;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write what differs, such as [{\"from\": 1, "
                           "\"to\": [2, 3], \"delay\": \"40ms\"}]")) {
        return;
    }
    scenario->n_links = value->n_values;
    scenario->links =
        scenario__take(reader, value->n_values, sizeof *scenario->links);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        read_override(reader, each, &scenario->links[each->place]);
    }
}

#undef AT
#define AT(field) offsetof(struct sim_scenario, field)

void scenario__network(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "delay",
         .read = scenario__distribution,
         .offset = AT(network.delay)},
        {.name = "drop",
         .read = scenario__chance,
         .offset = AT(network.drop_ppm)},
        {.name = "duplicate",
         .read = scenario__chance,
         .offset = AT(network.duplicate_ppm)},
        {.name = "bandwidth",
         .read = scenario__bandwidth,
         .offset = AT(network.bandwidth)},
        {.name = "fifo", .read = scenario__boolean, .offset = AT(fifo)},
        {.name = "links", .read = read_links, .fixed = true},
        {.name = "messages", .read = scenario__rules, .fixed = true},
    };
    (void)key;
    reader->choices = true;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out);
    reader->choices = false;
    ((struct sim_scenario *)out)->has_fifo =
        scenario__has(reader, value, "fifo");
}

/* --- /disk and /clocks ---------------------------------------------------- */

void scenario__disk(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "write",
         .read = scenario__distribution,
         .offset = AT(disk_write)},
        {.name = "fsync",
         .read = scenario__distribution,
         .offset = AT(disk_fsync)},
        {.name = "fsync_errors",
         .read = scenario__chance,
         .offset = AT(disk_fsync_error_ppm)},
        {.name = "unfinished_writes",
         .read = scenario__unfinished,
         .offset = AT(unfinished_writes)},
    };
    (void)key;
    reader->choices = true;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out);
    reader->choices = false;
}

static void read_clock_setting(struct scenario_reader *reader,
                               const struct sim_json_value *value,
                               struct sim_clock_setting *setting)
{
    static const struct scenario_key keys[] = {
        {.name = "nodes",
         .read = scenario__places,
         .offset = offsetof(struct sim_clock_setting, nodes),
         .required = true},
        {.name = "offset",
         .read = scenario__duration,
         .offset = offsetof(struct sim_clock_setting, offset_us)},
        {.name = "rate",
         .read = scenario__rate,
         .offset = offsetof(struct sim_clock_setting, rate_ppm)},
        {.name = "comment", .read = scenario__comment, .fixed = true},
    };
    static const char *const changes[] = {"offset", "rate"};
    if (scenario__object(reader, value, keys, SCENARIO_COUNT(keys), setting)) {
        scenario__need_any(reader, value, changes, SCENARIO_COUNT(changes));
    }
}

void scenario__clocks(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    struct sim_scenario *scenario = out;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write the clocks that are off, such "
                           "as [{\"nodes\": 1, \"rate\": "
                           "\"10%\"}]")) {
        return;
    }
    scenario->n_clocks = value->n_values;
    scenario->clocks =
        scenario__take(reader, value->n_values, sizeof *scenario->clocks);
    reader->choices = true;
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        read_clock_setting(reader, each, &scenario->clocks[each->place]);
    }
    reader->choices = false;
}
