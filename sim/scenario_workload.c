/* The clients, and what is on the disks before the start. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "sim/scenario_reader.h"

/* --- /workload ------------------------------------------------------------ */

#define MAX_PER_SECOND UINT64_C(1000000)

/* Commands in 1000 seconds, of all clients together; 0: "max". It stands in
 * interval_us until the number of clients is known. */
static void read_rate(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    const char *text = sim_json_string(value);
    uint64_t *rate = out;
    (void)key;
    *rate = 0;
    if (text != NULL && strcmp(text, "max") == 0) {
        return;
    }
    if (text == NULL ||
        scenario__quantity(text, SCENARIO_FREQUENCY, MAX_PER_SECOND * 1000,
                           rate) != SCENARIO_FITS ||
        *rate == 0) {
        sim_json_unfit(&reader->json, value, "a rate of commands",
                       "write commands a second, such as \"200/s\" (0.001 to "
                       "1000000), or \"max\"; for none, \"clients\": 0");
        *rate = 1000;
    }
}

static void check_start_stop(struct scenario_reader *reader,
                             const struct sim_json_value *value)
{
    const struct sim_json_value *start =
        sim_json_member(&reader->json, value, "start");
    const struct sim_json_value *stop =
        sim_json_member(&reader->json, value, "stop");
    uint64_t last_start = 0;
    uint64_t first_stop = 0;
    uint64_t ignored = 0;
    if (stop != NULL &&
        scenario__duration_range(reader, start, &ignored, &last_start) &&
        scenario__duration_range(reader, stop, &first_stop, &ignored) &&
        first_stop < last_start) {
        sim_json_refuse(&reader->json, stop,
                        "the clients would stop before they start");
    }
}

/* True if `value` is above 0 in every draw. */
static bool is_never_zero(const struct scenario_reader *reader,
                          const struct sim_json_value *value)
{
    const struct sim_json_value *each = NULL;
    bool found = false;
    while ((each = scenario__alternative(reader, value, each)) != NULL) {
        int64_t weight = 0;
        if (!sim_json_integer(each, &weight) || weight == 0) {
            return false;
        }
        found = true;
    }
    return found;
}

/* What is not named has no weight. */
static void read_operations(struct scenario_reader *reader,
                            const struct sim_json_value *value,
                            const struct scenario_key *key, void *out)
{
    static const char *const names[SIM_OPERATION_COUNT] = {
        [SIM_OPERATION_SET] = "set",
        [SIM_OPERATION_COMPARE_AND_SET] = "compare_and_set",
        [SIM_OPERATION_READ] = "read",
        [SIM_OPERATION_READ_LEASE] = "read_lease",
        [SIM_OPERATION_READ_LOG] = "read_log",
    };
    struct scenario_key keys[SIM_OPERATION_COUNT];
    size_t problems = reader->json.n_problems;
    (void)key;
    memset(out, 0, SIM_OPERATION_COUNT * sizeof(uint32_t));
    for (size_t i = 0; i < SIM_OPERATION_COUNT; i++) {
        keys[i] = (struct scenario_key){.name = names[i],
                                        .read = scenario__count32,
                                        .offset = i * sizeof(uint32_t),
                                        .max = 1000000};
    }
    if (!scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out) ||
        reader->json.n_problems > problems) {
        return;
    }
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    while (each != NULL && !is_never_zero(reader, each)) {
        each = sim_json_next(&reader->json, each);
    }
    if (each == NULL) {
        sim_json_refuse(&reader->json, value,
                        "with these the clients may have nothing to do; give "
                        "one of them a weight above 0, or write \"clients\": "
                        "0");
    }
}

#define AT(field) offsetof(struct sim_workload, field)

static void read_clients(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         struct sim_workload *workload)
{
    static const struct scenario_key keys[] = {
        {.name = "clients",
         .read = scenario__count32,
         .offset = AT(clients),
         .max = 1024},
        {.name = "rate", .read = read_rate, .offset = AT(interval_us)},
        {.name = "keys",
         .read = scenario__count32,
         .offset = AT(keys),
         .min = 1,
         .max = 1000000},
        {.name = "value_bytes",
         .read = scenario__size32,
         .offset = AT(value_bytes),
         .max = 65536},
        {.name = "timeout",
         .read = scenario__duration,
         .offset = AT(timeout_us),
         .min = 1},
        {.name = "give_up",
         .read = scenario__duration_or_never,
         .offset = AT(give_up_us),
         .min = 1},
        {.name = "sessions", .read = scenario__boolean, .offset = AT(sessions)},
        {.name = "operations",
         .read = read_operations,
         .offset = AT(weights),
         .fixed = true},
        {.name = "start", .read = scenario__duration, .offset = AT(start_us)},
        {.name = "stop", .read = scenario__duration, .offset = AT(stop_us)},
        {.name = "delay", .read = scenario__distribution, .offset = AT(delay)},
        {.name = "busy", .read = scenario__distribution, .offset = AT(busy)},
        {.name = "silent",
         .read = scenario__distribution,
         .offset = AT(silent)},
    };
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), workload);
    check_start_stop(reader, value);
}

void scenario__workload(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    struct sim_workload *workload = out;
    (void)key;
    workload->interval_us = 100 * 1000; /* the default rate */
    workload->busy = sim_distribution_fixed(1000000);
    if (value != NULL) {
        reader->choices = true;
        read_clients(reader, value, workload);
        reader->choices = false;
    }
    /* Rounded down, but 0 is kept for "max". */
    uint64_t rate = workload->interval_us;
    if (rate > 0) {
        uint64_t interval = workload->clients * UINT64_C(1000000000) / rate;
        workload->interval_us = interval > 0 ? interval : 1;
    }
}

/* --- /initial ------------------------------------------------------------- */

#undef AT
#define AT(field) offsetof(struct sim_initial, field)

static void read_log(struct scenario_reader *reader,
                     const struct sim_json_value *value,
                     const struct scenario_key *key, void *out)
{
    struct sim_initial *initial = out;
    (void)key;
    initial->terms = scenario__terms(reader, value, &initial->n_terms);
}

static void read_disk_of(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         struct sim_initial *initial)
{
    static const struct scenario_key keys[] = {
        {.name = "node",
         .read = scenario__node,
         .offset = AT(node),
         .required = true},
        {.name = "term",
         .read = scenario__count64,
         .offset = AT(hard_state.term)},
        {.name = "vote", .read = scenario__node, .offset = AT(hard_state.vote)},
        {.name = "log", .read = read_log},
        {.name = "comment", .read = scenario__comment},
    };
    size_t problems = reader->json.n_problems;
    if (!scenario__object(reader, value, keys, SCENARIO_COUNT(keys), initial) ||
        reader->json.n_problems > problems) {
        return;
    }
    uint64_t last =
        initial->n_terms > 0 ? initial->terms[initial->n_terms - 1] : 0;
    const struct sim_json_value *term =
        sim_json_member(&reader->json, value, "term");
    if (term == NULL) {
        initial->hard_state.term = last;
    } else if (last > initial->hard_state.term) {
        sim_json_refuse(&reader->json, term,
                        "the log holds an entry of term %" PRIu64
                        ", so the node's "
                        "term is at least that",
                        last);
    }
    if (initial->hard_state.vote != SIM_NONE && initial->hard_state.term == 0) {
        sim_json_refuse(&reader->json,
                        sim_json_member(&reader->json, value, "vote"),
                        "nobody votes in term 0; add the \"term\" of the vote");
    }
}

void scenario__initial(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    struct sim_scenario *scenario = out;
    bool seen[SIM_MAX_NODES + 1] = {false};
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write what is on the disks, such as [{\"node\": "
                           "1, \"term\": 8, \"log\": [1, 1, 4]}]")) {
        return;
    }
    scenario->n_initial = value->n_values;
    scenario->initial =
        scenario__take(reader, value->n_values, sizeof *scenario->initial);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        struct sim_initial *initial = &scenario->initial[each->place];
        read_disk_of(reader, each, initial);
        scenario__check_twice(reader,
                              sim_json_member(&reader->json, each, "node"),
                              initial->node, seen);
    }
}
