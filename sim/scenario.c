/* The scenario as a whole: the top of the file, and the defaults. */
#include "sim/scenario.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/scenario_reader.h"

/* --- the top -------------------------------------------------------------- */

static void read_description(struct scenario_reader *reader,
                             const struct sim_json_value *value,
                             const struct scenario_key *key, void *out)
{
    const char *text = sim_json_string(value);
    (void)key;
    if (text == NULL || *text == '\0') {
        sim_json_unfit(&reader->json, value, "a description",
                       "say in a sentence what this scenario claims");
        return;
    }
    *(char **)out = scenario__copy(reader, text);
}

static void parse_seed(struct scenario_reader *reader,
                       const struct sim_json_value *value, uint64_t *seed)
{
    static const char hint[] = "write a whole number, or a string such as "
                               "\"18446744073709551615\" or \"0xc0ffee\"";
    const char *text = sim_json_string(value);
    int64_t integer = 0;
    if (sim_json_integer(value, &integer) && integer >= 0) {
        *seed = (uint64_t)integer;
        return;
    }
    if (value->kind == SIM_JSON_NUMBER && integer == 0 &&
        reader->json.text[value->begin] != '-' &&
        memchr(reader->json.text + value->begin, '.',
               value->end - value->begin) == NULL) {
        sim_json_unfit(&reader->json, value, "exact in every reader of JSON",
                       "write seeds above 9007199254740991 as a string");
        return;
    }
    if (text == NULL || *text == '\0') {
        sim_json_unfit(&reader->json, value, "a seed", hint);
        return;
    }
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
    const char *start = hex ? text + 2 : text;
    size_t length = strspn(start, digits);
    uint64_t base = hex ? 16 : 10;
    bool fits = length > 0 && start[length] == '\0' && length <= 20;
    *seed = 0;
    for (size_t i = 0; fits && i < length; i++) {
        size_t digit = (size_t)(strchr(digits, start[i]) - digits);
        digit -= digit > 15 ? 6u : 0u;
        fits = *seed <= (UINT64_MAX - digit) / base;
        *seed = *seed * base + digit;
    }
    if (!fits) {
        sim_json_unfit(&reader->json, value, "a seed of 64 bits", hint);
    }
}

static void read_seed(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    struct sim_scenario *scenario = out;
    (void)key;
    scenario->has_seed = true;
    parse_seed(reader, value, &scenario->seed);
}

/* --- what the rest is read by --------------------------------------------- */

static const struct scenario_key nodes_key = {
    .name = "nodes", .read = scenario__count32, .min = 1, .max = SIM_MAX_NODES};

/* The number of nodes, drawn, and the largest that could have been. */
static void read_nodes(struct scenario_reader *reader,
                       const struct sim_json_value *top)
{
    const struct sim_json_value *value =
        sim_json_member(&reader->json, top, "nodes");
    const struct sim_json_value *each = NULL;
    uint32_t *nodes = &reader->scenario->nodes;
    size_t problems = reader->json.n_problems;
    reader->max_nodes = *nodes;
    if (value == NULL) {
        return;
    }
    reader->choices = true;
    scenario__read_value(reader, value, &nodes_key, nodes);
    reader->choices = false;
    if (reader->json.n_problems > problems) {
        reader->max_nodes = SIM_MAX_NODES; /* no second problem of the first */
        return;
    }
    reader->max_nodes = 0;
    while ((each = scenario__alternative(reader, value, each)) != NULL) {
        int64_t number = 0;
        sim_json_integer(each, &number);
        if (number > (int64_t)reader->max_nodes) {
            reader->max_nodes = (uint32_t)number;
        }
    }
}

static void read_duration(struct scenario_reader *reader,
                          const struct sim_json_value *top)
{
    static const struct scenario_key key = {
        .name = "duration", .read = scenario__duration, .min = 1};
    const struct sim_json_value *value =
        sim_json_member(&reader->json, top, "duration");
    size_t problems = reader->json.n_problems;
    if (value != NULL) {
        scenario__read_value(reader, value, &key,
                             &reader->scenario->duration_us);
    }
    if (reader->json.n_problems > problems) {
        reader->scenario->duration_us = UINT64_MAX; /* nothing is beyond it */
    }
}

#define AT(field) offsetof(struct sim_scenario, field)

static void read_top(struct scenario_reader *reader, const uint64_t *seed)
{
    static const struct scenario_key keys[] = {
        {.name = "$schema", .read = scenario__comment},
        {.name = "description",
         .read = read_description,
         .offset = AT(description),
         .required = true},
        {.name = "seed"}, /* these three come first, see below */
        {.name = "nodes"},
        {.name = "duration"},
        {.name = "raft", .read = scenario__raft},
        {.name = "members", .read = scenario__members},
        {.name = "snapshots",
         .read = scenario__snapshots,
         .offset = AT(snapshots)},
        {.name = "network", .read = scenario__network},
        {.name = "disk", .read = scenario__disk},
        {.name = "clocks", .read = scenario__clocks},
        {.name = "workload"}, /* last: its defaults need the rest */
        {.name = "initial", .read = scenario__initial},
        {.name = "faults", .read = scenario__faults},
        {.name = "nemeses", .read = scenario__nemeses},
        {.name = "expect", .read = scenario__expect, .offset = AT(expect)},
    };
    static const struct scenario_key seed_key = {.name = "seed",
                                                 .read = read_seed};
    static const struct scenario_key workload_key = {
        .name = "workload", .read = scenario__workload};
    struct sim_scenario *scenario = reader->scenario;
    const struct sim_json_value *top = sim_json_top(&reader->json);
    const struct sim_json_value *value =
        sim_json_member(&reader->json, top, "seed");
    if (value != NULL) {
        scenario__read_value(reader, value, &seed_key, scenario);
    }
    reader->seed = seed != NULL ? *seed : scenario->seed;
    read_nodes(reader, top);
    read_duration(reader, top);
    scenario__expect(reader, NULL, NULL, &scenario->expect);
    scenario__object(reader, top, keys, SCENARIO_COUNT(keys), scenario);
    scenario->workload.stop_us = scenario->duration_us;
    value = sim_json_member(&reader->json, top, "workload");
    if (value != NULL) {
        scenario__read_value(reader, value, &workload_key, &scenario->workload);
    } else {
        scenario__workload(reader, NULL, &workload_key, &scenario->workload);
    }
    scenario->raft.n_nodes = scenario->nodes;
}

/* --- the life of a scenario ----------------------------------------------- */

static struct sim_distribution uniform(uint64_t low_us, uint64_t high_us)
{
    return (struct sim_distribution){
        .kind = SIM_UNIFORM, .low_us = low_us, .high_us = high_us};
}

static struct sim_scenario *new_with_defaults(void)
{
    struct sim_scenario *scenario = sim_calloc(1, sizeof *scenario);
    scenario->memory = sim_calloc(1, sizeof *scenario->memory);
    scenario->seed = 1;
    scenario->nodes = 3;
    scenario->duration_us = UINT64_C(10000000);
    scenario->raft = (struct sim_node_options){
        .election_timeout_min_us = 150000,
        .election_timeout_max_us = 300000,
        .heartbeat_interval_us = 50000,
        .max_entries_per_message = 64,
        .max_bytes_per_message = 65536,
        .max_inflight_messages = 16,
        .max_inflight_bytes = UINT64_C(1) << 20,
        .max_uncommitted_bytes = SIM_USUAL_UNCOMMITTED_BYTES,
        .max_pending_reads = 1024,
        .max_sessions = 4096,
        .pre_vote = true,
        .check_quorum = true,
        .catch_up = true,
        .priority_takeover = true,
        .clock_drift_ppm = 10000,
    };
    scenario->network.delay = uniform(1000, 5000);
    scenario->disk_write = sim_distribution_fixed(20);
    scenario->disk_fsync = uniform(500, 2000);
    scenario->workload = (struct sim_workload){
        .clients = 2,
        .keys = 16,
        .value_bytes = 16,
        .timeout_us = 500000,
        .give_up_us = SIM_UNLIMITED,
        .sessions = true,
        .weights = {[SIM_OPERATION_SET] = 60,
                    [SIM_OPERATION_COMPARE_AND_SET] = 10,
                    [SIM_OPERATION_READ] = 30},
        .delay = sim_distribution_fixed(500),
    };
    return scenario;
}

struct sim_scenario *sim_scenario_parse(const char *text, size_t size,
                                        const uint64_t *seed,
                                        struct sim_scenario_problems *problems)
{
    struct scenario_reader reader = {.scenario = new_with_defaults()};
    if (sim_json_open(&reader.json, text, size)) {
        read_top(&reader, seed);
    }
    sim_json_close(&reader.json, problems);
    if (problems->count > 0) {
        sim_scenario_free(reader.scenario);
        return NULL;
    }
    return reader.scenario;
}

struct sim_scenario_text {
    struct sim_json json;
    bool is_valid;
};

struct sim_scenario_text *sim_scenario_text_new(const char *text, size_t size)
{
    struct sim_scenario_text *taken = sim_calloc(1, sizeof *taken);
    taken->is_valid = sim_json_open(&taken->json, text, size);
    if (!taken->is_valid) {
        sim_scenario_text_free(taken);
        return NULL;
    }
    return taken;
}

/* Problems stay with the JSON: one with problems is not read again. */
struct sim_scenario *sim_scenario_text_read(struct sim_scenario_text *text,
                                            const uint64_t *seed)
{
    if (text == NULL || !text->is_valid) {
        return NULL;
    }
    struct scenario_reader reader = {.json = text->json,
                                     .scenario = new_with_defaults()};
    read_top(&reader, seed);
    text->json = reader.json;
    text->is_valid = reader.json.n_problems == 0;
    if (!text->is_valid) {
        sim_scenario_free(reader.scenario);
        return NULL;
    }
    return reader.scenario;
}

void sim_scenario_text_free(struct sim_scenario_text *text)
{
    if (text != NULL) {
        struct sim_scenario_problems problems;
        sim_json_close(&text->json, &problems);
        sim_scenario_problems_free(&problems);
        free(text);
    }
}

void sim_scenario_free(struct sim_scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    for (size_t i = 0; i < scenario->memory->count; i++) {
        free(scenario->memory->blocks[i]);
    }
    free(scenario->memory->blocks);
    free(scenario->memory);
    free(scenario);
}

void sim_scenario_problems_free(struct sim_scenario_problems *problems)
{
    for (uint32_t i = 0; i < problems->count; i++) {
        free(problems->items[i].pointer);
        free(problems->items[i].message);
    }
    free(problems->items);
    *problems = (struct sim_scenario_problems){0};
}
