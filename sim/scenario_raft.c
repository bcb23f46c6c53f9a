/* /raft: the constants of the nodes. */
#include <inttypes.h>
#include <stddef.h>

#include "sim/scenario_reader.h"

#define AT(field) offsetof(struct sim_node_options, field)

/* --- times --------------------------------------------------------------- */

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

/* --- leases --------------------------------------------------------------- */

/* A chance's form, but a clock that is off by all of time says nothing. */
static void read_drift(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    uint32_t ppm = 0;
    scenario__chance(reader, value, key, &ppm);
    if (ppm == 1000000) {
        sim_json_unfit(&reader->json, value, "possible here",
                       "write less than \"100%\", such as \"1%\" or "
                       "\"500ppm\"");
    }
    *(uint32_t *)out = ppm;
}

/* Whether `value` is true in some draw; `absent` without one. */
static bool can_be_true(const struct scenario_reader *reader,
                        const struct sim_json_value *value, bool absent)
{
    const struct sim_json_value *each = NULL;
    if (value == NULL) {
        return absent;
    }
    while ((each = scenario__alternative(reader, value, each)) != NULL) {
        if (each->kind != SIM_JSON_BOOLEAN || sim_json_true(each)) {
            return true; /* what is no boolean was refused already */
        }
    }
    return false;
}

/* Leases rest on check_quorum (dissertation, 6.4.1): refused where they never
 * can have it, and left out where this seed draws both and does not. */
static void check_leases(struct scenario_reader *reader,
                         const struct sim_json_value *object,
                         struct sim_node_options *raft)
{
    const struct sim_json_value *lease =
        sim_json_member(&reader->json, object, "lease_reads");
    const struct sim_json_value *check =
        sim_json_member(&reader->json, object, "check_quorum");
    if (can_be_true(reader, lease, false) &&
        !can_be_true(reader, check, true)) {
        sim_json_refuse(&reader->json, lease,
                        "leases need \"check_quorum\", which is false here");
    }
    raft->lease_reads = raft->lease_reads && raft->check_quorum;
}

/* --- all of it ------------------------------------------------------------ */

#define MAX_BYTES (UINT64_C(1) << 30)

static void read_random_seed(struct scenario_reader *reader,
                             const struct sim_json_value *object,
                             struct sim_scenario *scenario)
{
    static const struct scenario_key any = {.name = "random_seed",
                                            .read = scenario__count64};
    const struct sim_json_value *value =
        sim_json_member(&reader->json, object, any.name);
    scenario->has_random_seed = value != NULL;
    if (value != NULL) {
        scenario__read_value(reader, value, &any, &scenario->random_seed);
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
         .max = MAX_BYTES},
        {.name = "max_inflight_messages",
         .read = scenario__count32,
         .offset = AT(max_inflight_messages),
         .min = 1,
         .max = 1024},
        {.name = "max_inflight_bytes",
         .read = scenario__size64,
         .offset = AT(max_inflight_bytes),
         .min = 1,
         .max = MAX_BYTES},
        {.name = "max_uncommitted_bytes",
         .read = scenario__size64,
         .offset = AT(max_uncommitted_bytes),
         .min = 1,
         .max = MAX_BYTES},
        {.name = "max_pending_reads",
         .read = scenario__count32,
         .offset = AT(max_pending_reads),
         .min = 1,
         .max = 65536},
        {.name = "max_sessions",
         .read = scenario__count32,
         .offset = AT(max_sessions),
         .min = 1,
         .max = 1000000},
        {.name = "pre_vote", .read = scenario__boolean, .offset = AT(pre_vote)},
        {.name = "check_quorum",
         .read = scenario__boolean,
         .offset = AT(check_quorum)},
        {.name = "catch_up", .read = scenario__boolean, .offset = AT(catch_up)},
        {.name = "priority_takeover",
         .read = scenario__boolean,
         .offset = AT(priority_takeover)},
        {.name = "lease_reads",
         .read = scenario__boolean,
         .offset = AT(lease_reads)},
        {.name = "clock_drift",
         .read = read_drift,
         .offset = AT(clock_drift_ppm)},
        {.name = "random_seed"}, /* beside the options, not in them */
    };
    struct sim_scenario *scenario = out;
    const struct sim_node_options defaults = scenario->raft;
    (void)key;
    reader->choices = true;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys),
                     &scenario->raft);
    read_random_seed(reader, value, scenario);
    reader->choices = false;
    /* The check goes by the text, beside the defaults. */
    struct sim_node_options drawn = scenario->raft;
    scenario->raft = defaults;
    check_heartbeat(reader, value);
    check_leases(reader, value, &drawn);
    scenario->raft = drawn;
}
