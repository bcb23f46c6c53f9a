/* The claim: what should be true of the run. */
#include <stddef.h>
#include <string.h>

#include "sim/scenario_reader.h"

static void read_violation(struct scenario_reader *reader,
                           const struct sim_json_value *value,
                           const struct scenario_key *key, void *out)
{
    struct sim_expect *expect = out;
    const char *names[SIM_PROPERTY_COUNT + 1];
    size_t place = 0;
    (void)key;
    for (size_t i = 0; i < SIM_PROPERTY_COUNT; i++) {
        names[i] = sim_property_name((enum sim_property)i);
    }
    names[SIM_PROPERTY_COUNT] = "none";
    if (scenario__word(reader, value, names, SCENARIO_COUNT(names), &place)) {
        expect->violation = place < SIM_PROPERTY_COUNT;
        expect->property = (enum sim_property)(expect->violation ? place : 0);
    }
}

/* --- what is true of a stretch -------------------------------------------- */

static void read_leader(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    static const char *const none[] = {"none"};
    struct sim_expect_window *window = out;
    size_t place = 0;
    window->has_leader = true;
    if (value->kind == SIM_JSON_NUMBER) {
        scenario__node(reader, value, key, &window->leader);
    } else if (value->kind != SIM_JSON_STRING) {
        sim_json_unfit(&reader->json, value, "a node",
                       "write a node's number or \"none\"");
    } else if (scenario__word(reader, value, none, 1, &place)) {
        window->leader = SIM_NONE;
    }
}

static void read_leader_within(struct scenario_reader *reader,
                               const struct sim_json_value *value,
                               const struct scenario_key *key, void *out)
{
    struct sim_expect_window *window = out;
    window->has_leader_within = true;
    scenario__duration(reader, value, key, &window->leader_within_us);
}

static void read_begins_with(struct scenario_reader *reader,
                             const struct sim_json_value *value,
                             const struct scenario_key *key, void *out)
{
    struct sim_expect_log *log = out;
    (void)key;
    log->terms = scenario__terms(reader, value, &log->n_terms);
    if (value->kind == SIM_JSON_LIST && value->n_values == 0) {
        sim_json_refuse(&reader->json, value,
                        "every log begins with nothing; write the terms of "
                        "its first entries, such as [1, 1, 3]");
    }
}

static void read_logs(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "node",
         .read = scenario__node,
         .offset = offsetof(struct sim_expect_log, node),
         .required = true},
        {.name = "begins_with", .read = read_begins_with, .required = true},
        {.name = "comment", .read = scenario__comment},
    };
    struct sim_expect_window *window = out;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write how logs begin, such as [{\"node\": 1, "
                           "\"begins_with\": [1, 1, 3]}]")) {
        return;
    }
    window->n_logs = value->n_values;
    window->logs =
        scenario__take(reader, value->n_values, sizeof *window->logs);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        scenario__object(reader, each, keys, SCENARIO_COUNT(keys),
                         &window->logs[each->place]);
    }
}

/* Numbers beyond the nodes that were drawn name nobody. */
static void read_voters(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    struct sim_expect_window *window = out;
    bool seen[SIM_MAX_NODES + 1] = {false};
    window->has_voters = true;
    if (!scenario__is_list(
            reader, value,
            "write the numbers of the voters, such as [1, 2, 4]")) {
        return;
    }
    if (value->n_values == 0) {
        sim_json_refuse(&reader->json, value,
                        "this list is empty; no cluster is without voters");
    }
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        uint32_t node = SIM_NONE;
        scenario__node(reader, each, key, &node);
        scenario__check_twice(reader, each, node, seen);
        if (node != SIM_NONE && node <= reader->scenario->nodes) {
            sim_set_add(&window->voters, node);
        }
    }
}

#define AT(field) offsetof(struct sim_expect_window, field)

/* The keys that /expect and its windows share. */
static const struct scenario_key shared[] = {
    {.name = "commits_at_least",
     .read = scenario__count64,
     .offset = AT(commits_at_least)},
    {.name = "commits_at_most",
     .read = scenario__count64,
     .offset = AT(commits_at_most)},
    {.name = "elections_at_least",
     .read = scenario__count64,
     .offset = AT(elections_at_least)},
    {.name = "elections_at_most",
     .read = scenario__count64,
     .offset = AT(elections_at_most)},
    {.name = "terms_at_most",
     .read = scenario__count64,
     .offset = AT(terms_at_most)},
    {.name = "snapshots_at_least",
     .read = scenario__count64,
     .offset = AT(snapshots_at_least)},
    {.name = "installs_at_least",
     .read = scenario__count64,
     .offset = AT(installs_at_least)},
    {.name = "installs_at_most",
     .read = scenario__count64,
     .offset = AT(installs_at_most)},
    {.name = "reads_at_least",
     .read = scenario__count64,
     .offset = AT(reads_at_least)},
    {.name = "write_errors_at_least",
     .read = scenario__count64,
     .offset = AT(write_errors_at_least)},
    {.name = "torn_records_at_least",
     .read = scenario__count64,
     .offset = AT(torn_records_at_least)},
    {.name = "refused_starts_at_least",
     .read = scenario__count64,
     .offset = AT(refused_starts_at_least)},
    {.name = "leader", .read = read_leader},
    {.name = "voters", .read = read_voters},
    {.name = "leader_within", .read = read_leader_within, .min = 1},
    {.name = "log", .read = read_logs},
    {.name = "comment", .read = scenario__comment},
};

#define N_SHARED SCENARIO_COUNT(shared)

static const struct sim_expect_window anything = {
    .until_us = SIM_UNLIMITED,
    .commits_at_most = SIM_UNLIMITED,
    .elections_at_most = SIM_UNLIMITED,
    .terms_at_most = SIM_UNLIMITED,
    .installs_at_most = SIM_UNLIMITED,
};

static void check_limit(struct scenario_reader *reader,
                        const struct sim_json_value *value, const char *most,
                        bool fits, const char *least)
{
    if (!fits) {
        sim_json_refuse(&reader->json,
                        sim_json_member(&reader->json, value, most),
                        "this is less than \"%s\"", least);
    }
}

static void check_limits(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct sim_expect_window *window)
{
    check_limit(reader, value, "commits_at_most",
                window->commits_at_least <= window->commits_at_most,
                "commits_at_least");
    check_limit(reader, value, "elections_at_most",
                window->elections_at_least <= window->elections_at_most,
                "elections_at_least");
    check_limit(reader, value, "installs_at_most",
                window->installs_at_least <= window->installs_at_most,
                "installs_at_least");
}

static void check_stretch(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct sim_expect_window *window)
{
    uint64_t end = reader->scenario->duration_us;
    const struct sim_json_value *from =
        sim_json_member(&reader->json, value, "from");
    const struct sim_json_value *until =
        sim_json_member(&reader->json, value, "until");
    if (from != NULL && window->from_us >= end) {
        sim_json_refuse(&reader->json, from,
                        "this is not before the end of the run; make "
                        "\"duration\" longer");
    }
    if (until == NULL || window->until_us == SIM_UNLIMITED) {
        return;
    }
    if (window->until_us > end) {
        sim_json_refuse(&reader->json, until,
                        "this is after the end of the run; make \"duration\" "
                        "longer");
    }
    if (window->until_us <= window->from_us) {
        sim_json_refuse(&reader->json, until,
                        "\"until\" is not after \"from\"; nothing happens in "
                        "between");
    }
}

static void read_window(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        struct sim_expect_window *window)
{
    struct scenario_key keys[N_SHARED + 2] = {
        {.name = "from", .read = scenario__duration, .offset = AT(from_us)},
        {.name = "until", .read = scenario__duration, .offset = AT(until_us)},
    };
    static const char *const stretch[] = {"from", "until"};
    memcpy(keys + 2, shared, sizeof shared);
    *window = anything;
    if (!scenario__object(reader, value, keys, SCENARIO_COUNT(keys), window)) {
        return;
    }
    if (!scenario__has(reader, value, stretch[0]) &&
        !scenario__has(reader, value, stretch[1])) {
        sim_json_refuse(&reader->json, value,
                        "this is true of no shorter stretch; add \"from\", "
                        "\"until\" or both");
    }
    check_limits(reader, value, window);
    check_stretch(reader, value, window);
}

static void read_during(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    struct sim_expect *expect = out;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write stretches of the run, such as [{\"from\": "
                           "\"2s\", \"until\": \"3s\", \"commits_at_most\": "
                           "0}]")) {
        return;
    }
    expect->n_during = value->n_values;
    expect->during =
        scenario__take(reader, value->n_values, sizeof *expect->during);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        read_window(reader, each, &expect->during[each->place]);
    }
}

/* A wait that never begins is never missed. */
static void check_progress(struct scenario_reader *reader,
                           const struct sim_json_value *value,
                           const struct sim_expect *expect)
{
    if (expect->violation && expect->property == SIM_PROGRESS &&
        expect->progress_within_us == SIM_UNLIMITED) {
        sim_json_refuse(&reader->json,
                        sim_json_member(&reader->json, value, "violation"),
                        "nobody waits for progress here, so it cannot be "
                        "missed; leave out \"progress_within\": \"never\"");
    }
}

void scenario__expect(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    struct scenario_key keys[N_SHARED + 3] = {
        {.name = "violation", .read = read_violation},
        {.name = "progress_within",
         .read = scenario__duration_or_never,
         .offset = offsetof(struct sim_expect, progress_within_us),
         .min = 1},
        {.name = "during", .read = read_during},
    };
    struct sim_expect *expect = out;
    (void)key;
    for (size_t i = 0; i < N_SHARED; i++) {
        keys[i + 3] = shared[i];
        keys[i + 3].offset += offsetof(struct sim_expect, whole);
    }
    expect->progress_within_us = UINT64_C(10000000);
    expect->whole = anything;
    if (value != NULL &&
        scenario__object(reader, value, keys, SCENARIO_COUNT(keys), expect)) {
        check_limits(reader, value, &expect->whole);
        check_progress(reader, value, expect);
    }
}
