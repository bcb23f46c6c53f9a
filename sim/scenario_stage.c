/* The stage: what the nodes are and what lies between them. */
#include <inttypes.h>
#include <stddef.h>

#include "sim/scenario_reader.h"

/* --- /raft ---------------------------------------------------------------- */

#define AT(field) offsetof(struct sim_node_options, field)

static const struct scenario_key some_time = {.min = 1, .fixed = true};

/* T, for T to 2T, or [min, max]. */
static void read_election(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out)
{
    struct sim_node_options *raft = out;
    const struct sim_json_value *min = value;
    const struct sim_json_value *max = NULL;
    uint64_t ignored = 0;
    (void)key;
    if (value->kind == SIM_JSON_LIST) {
        if (value->n_values != 2) {
            sim_json_unfit(&reader->json, value, "a range",
                           "write the least and the greatest timeout, such as "
                           "[\"150ms\", \"300ms\"]");
            return;
        }
        min = sim_json_first(&reader->json, value);
        max = sim_json_next(&reader->json, min);
    }
    scenario__duration(reader, min, &some_time, &raft->election_timeout_min_us);
    if (max == NULL) {
        raft->election_timeout_max_us = 2 * raft->election_timeout_min_us;
        return;
    }
    scenario__duration(reader, max, &some_time, &raft->election_timeout_max_us);
    if (scenario__duration_range(reader, min, &ignored, &ignored) &&
        scenario__duration_range(reader, max, &ignored, &ignored) &&
        raft->election_timeout_min_us > raft->election_timeout_max_us) {
        sim_json_refuse(&reader->json, value,
                        "the least timeout stands first, and here it is the "
                        "greater");
    }
}

/* Each heartbeat that can be drawn is shorter than each election timeout. */
static void check_heartbeat(struct scenario_reader *reader,
                            const struct sim_json_value *object)
{
    const struct sim_json_value *heartbeat =
        sim_json_member(&reader->json, object, "heartbeat_interval");
    const struct sim_json_value *election =
        sim_json_member(&reader->json, object, "election_timeout");
    const struct sim_json_value *each = NULL;
    uint64_t longest = reader->scenario->raft.heartbeat_interval_us;
    uint64_t shortest = reader->scenario->raft.election_timeout_min_us;
    uint64_t ignored = 0;
    if (!scenario__duration_range(reader, heartbeat, &ignored, &longest)) {
        return;
    }
    if (election != NULL) {
        shortest = UINT64_MAX;
        while ((each = scenario__alternative(reader, election, each)) != NULL) {
            const struct sim_json_value *min =
                each->kind == SIM_JSON_LIST && each->n_values > 0
                    ? sim_json_first(&reader->json, each)
                    : each;
            uint64_t us = 0;
            if (!scenario__duration_range(reader, min, &us, &ignored)) {
                return;
            }
            shortest = us < shortest ? us : shortest;
        }
    }
    if (longest >= shortest) {
        sim_json_refuse(&reader->json, heartbeat != NULL ? heartbeat : election,
                        "the heartbeat interval (%" PRIu64
                        " us) must be shorter than "
                        "the least election timeout (%" PRIu64 " us)",
                        longest, shortest);
    }
}

void scenario__raft(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "election_timeout", .read = read_election},
        {.name = "heartbeat_interval",
         .read = scenario__duration,
         .offset = AT(heartbeat_interval_us),
         .min = 1},
        {.name = "max_entries_per_message",
         .read = scenario__count32,
         .offset = AT(max_entries_per_message),
         .min = 1,
         .max = 1000000},
        {.name = "max_bytes_per_message",
         .read = scenario__size32,
         .offset = AT(max_bytes_per_message),
         .min = 1,
         .max = 1u << 30},
        {.name = "max_inflight_messages",
         .read = scenario__count32,
         .offset = AT(max_inflight_messages),
         .min = 1,
         .max = 1024},
        {.name = "pre_vote", .read = scenario__boolean, .offset = AT(pre_vote)},
        {.name = "check_quorum",
         .read = scenario__boolean,
         .offset = AT(check_quorum)},
    };
    struct sim_scenario *scenario = out;
    const struct sim_node_options defaults = scenario->raft;
    (void)key;
    reader->choices = true;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys),
                     &scenario->raft);
    reader->choices = false;
    /* The check goes by the text, beside the defaults. */
    struct sim_node_options drawn = scenario->raft;
    scenario->raft = defaults;
    check_heartbeat(reader, value);
    scenario->raft = drawn;
}

/* --- /network ------------------------------------------------------------- */

#undef AT
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
        {.name = "links", .read = read_links, .fixed = true},
    };
    (void)key;
    reader->choices = true;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out);
    reader->choices = false;
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
