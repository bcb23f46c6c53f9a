/* Recordings: a run repeated from what chance decided, and without its seed. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/raft_node.h"
#include "sim/recording_json.h"
#include "sim/scenario_expand.h"
#include "sim/simulation.h"
#include "tests/sim_harness.h"

#define N_SEEDS 25u

static struct sim_result run(const struct sim_scenario *scenario, uint64_t seed,
                             struct sim_recording *recording)
{
    struct sim_options options = {
        .seed = seed,
        .node_type = &sim_raft_node_type,
        .checks = true,
        .max_steps = 5000000,
        .recording = recording,
    };
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    struct sim_result result = *sim_simulation_result(simulation);
    sim_simulation_free(simulation);
    return result;
}

/* Written to JSON and read back; the original is freed. */
static struct sim_recording *through_json(struct sim_recording *recording)
{
    struct sim_json_writer writer = {.text = NULL};
    struct sim_scenario_problems problems;
    struct sim_json json;
    sim_json_open_object(&writer, NULL);
    sim_recording_write(recording, &writer);
    sim_json_close_object(&writer);
    sim_recording_free(recording);
    cr_assert(sim_json_open(&json, writer.text, writer.size));
    recording = sim_recording_read(&json, sim_json_top(&json));
    sim_json_close(&json, &problems);
    cr_assert_eq(problems.count, 0);
    sim_scenario_problems_free(&problems);
    sim_json_writer_clear(&writer);
    cr_assert_not_null(recording);
    return recording;
}

static void follow_file(const char *name, uint64_t seeds)
{
    size_t size;
    char *text = harness_read_file(name, &size);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct sim_scenario *scenario = harness_parse_text(text, seed);
        struct sim_recording *recording = sim_recording_new();
        struct sim_result plain = run(scenario, seed, NULL);
        struct sim_result first = run(scenario, seed, recording);
        cr_assert_eq(first.hash, plain.hash, "%s, seed %" PRIu64, name, seed);
        cr_assert_eq(recording->n_steps, first.steps);
        sim_scenario_free(scenario);

        /* Another seed, the decisions of the first. */
        char *expanded = sim_scenario_expand(text, size, seed);
        scenario = harness_parse_text(expanded, seed + 1000);
        recording = through_json(recording);
        sim_recording_follow(recording);
        struct sim_result other = run(scenario, seed + 1000, recording);
        cr_assert(!recording->parting.parted,
                  "%s, seed %" PRIu64 ": parted at step %" PRIu64, name, seed,
                  recording->parting.step);
        cr_assert_eq(other.hash, first.hash, "%s, seed %" PRIu64, name, seed);
        cr_assert_eq(other.verdict, first.verdict);
        struct sim_result apart = run(scenario, seed + 1000, NULL);
        cr_assert_neq(apart.hash, first.hash);
        sim_recording_free(recording);
        sim_scenario_free(scenario);
        free(expanded);
    }
    free(text);
}

/* Whatever the seed, if it follows. */
Test(recording, is_followed_without_the_seed)
{
    follow_file("scenarios/swarm.json", N_SEEDS);
    follow_file("scenarios/swarm-leases.json", N_SEEDS);
    follow_file("scenarios/bad-network.json", 3);
    follow_file("scenarios/torn-entry.json", 3);
    follow_file("scenarios/crash-any-order.json", 3);
    follow_file("scenarios/bridge.json", 3);
}

static const char chatter[] =
    "{'description': 'd', 'nodes': 3, 'duration': '2s', 'network': {'drop': "
    "'5%'},"
    " 'nemeses': [{'every': '300ms', 'crash': 'a node', 'for': '100ms'}]}";

/* Each decision changed by itself changes the run, unless it is about something
 * that nobody ever saw; and the first step that is another one is named. */
Test(recording, tells_where_a_run_parts)
{
    struct sim_scenario *scenario = harness_parse(chatter, 3);
    struct sim_recording *recording = sim_recording_new();
    struct sim_result first = run(scenario, 3, recording);
    uint32_t parted = 0;
    sim_recording_follow(recording);
    for (size_t i = 0; i < recording->n_tracks; i++) {
        struct sim_track *track = recording->tracks[i];
        if (track->count == 0) {
            continue;
        }
        uint64_t before = track->values[0];
        track->values[0] =
            track->purpose == SIM_STREAM_LINK ? before + 100000 : before ^ 1;
        sim_recording_follow(recording);
        struct sim_result other = run(scenario, 4, recording);
        const struct sim_parting *parting = &recording->parting;
        track->values[0] = before;
        cr_assert(parting->parted || other.hash == first.hash ||
                  recording->steps_here == recording->n_steps);
        if (parting->parted) {
            parted++;
            cr_assert_geq(parting->step, 1);
            cr_assert_leq(parting->step, recording->n_steps + 1);
            cr_assert(parting->has_recorded || parting->has_here);
        }
    }
    cr_assert_geq(parted, 10);
    sim_recording_follow(recording);
    struct sim_result again = run(scenario, 5, recording);
    cr_assert_eq(again.hash, first.hash);
    cr_assert(!recording->parting.parted);
    sim_recording_free(recording);
    sim_scenario_free(scenario);
}

/* What is recorded is longer or shorter than the run that follows. */
Test(recording, parts_at_its_end_or_that_of_the_run)
{
    struct sim_scenario *scenario = harness_parse(chatter, 3);
    struct sim_recording *recording = sim_recording_new();
    run(scenario, 3, recording);
    size_t n = recording->n_steps;
    recording->n_steps = n - 1;
    sim_recording_follow(recording);
    run(scenario, 3, recording);
    cr_assert(recording->parting.parted);
    cr_assert_eq(recording->parting.step, n);
    cr_assert(!recording->parting.has_recorded);
    cr_assert(recording->parting.has_here);
    recording->n_steps = n;
    sim_recording_add_step(recording, &recording->steps[0]);
    sim_recording_follow(recording);
    run(scenario, 3, recording);
    cr_assert(recording->parting.parted);
    cr_assert_eq(recording->parting.step, n + 1);
    cr_assert(recording->parting.has_recorded);
    cr_assert(!recording->parting.has_here);
    sim_recording_free(recording);
    sim_scenario_free(scenario);
}

/* A decision that does not fit any more is left to the seed. */
Test(recording, uses_only_what_fits)
{
    struct sim_recording *recording = sim_recording_new();
    struct sim_prng prng =
        sim_recording_stream(recording, 1, SIM_STREAM_NODE, 1, 0);
    uint64_t first = sim_prng_below(&prng, 10);
    uint64_t second = sim_prng_between(&prng, 100, 200);
    sim_recording_follow(recording);
    prng = sim_recording_stream(recording, 2, SIM_STREAM_NODE, 1, 0);
    cr_assert_eq(sim_prng_below(&prng, 10), first);
    cr_assert_eq(sim_prng_between(&prng, 100, 200), second);
    sim_recording_follow(recording);
    prng = sim_recording_stream(recording, 2, SIM_STREAM_NODE, 1, 0);
    cr_assert_eq(sim_prng_below(&prng, 10), first);
    struct sim_prng alone = sim_prng_stream(2, SIM_STREAM_NODE, 1, 0);
    sim_prng_below(&alone, 10);
    cr_assert_eq(sim_prng_between(&prng, 0, 5), sim_prng_between(&alone, 0, 5));
    cr_assert_eq(sim_prng_next(&prng), sim_prng_next(&alone));
    sim_recording_free(recording);
}

static const struct {
    const char *text;
    const char *pointer;
} bad[] = {
    {"{}", ""},
    {"{'messages': [], 'streams': [], 'steps': 1}", "/steps"},
    {"{'messages': [{'from': 0, 'to': 2, 'kind': 'other', 'fates': []}],"
     " 'streams': [], 'steps': []}",
     "/messages/0/from"},
    {"{'messages': [{'from': 1, 'to': 2, 'kind': 'otter', 'fates': []}],"
     " 'streams': [], 'steps': []}",
     "/messages/0/kind"},
    {"{'messages': [{'from': 1, 'to': 2, 'kind': 'other', 'fates': ['lots']}],"
     " 'streams': [], 'steps': []}",
     "/messages/0/fates/0"},
    {"{'messages': [{'from': 1, 'to': 2, 'kind': 'other', 'fates': [[1, 2, "
     "3]]}], 'streams': [], 'steps': []}",
     "/messages/0/fates/0"},
    {"{'messages': [], 'streams': [{'of': 'link', 'number': 1, 'values': []}],"
     " 'steps': []}",
     "/streams/0"},
    {"{'messages': [], 'streams': [{'of': 'node', 'number': 1, 'values': "
     "[-1]}], 'steps': []}",
     "/streams/0/values/0"},
    {"{'messages': [], 'streams': [{'of': 'node', 'number': 1, 'values': "
     "['18446744073709551616']}], 'steps': []}",
     "/streams/0/values/0"},
    {"{'messages': [], 'streams': [], 'steps': ['1 2 timer 3']}", "/steps/0"},
    {"{'messages': [], 'streams': [], 'steps': ['1 2 timer', '1 2 tiger']}",
     "/steps/1"},
    {"{'messages': [], 'streams': [], 'steps': ['1  2 timer']}", "/steps/0"},
    {"{'messages': [{'from': 1, 'to': 2, 'kind': 'other', 'fates': []},"
     " {'from': 1, 'to': 2, 'kind': 'vote_request', 'fates': [7]},"
     " {'from': 1, 'to': 2, 'kind': 'other', 'fates': [7]}],"
     " 'streams': [], 'steps': []}",
     "/messages/2"},
    {"{'messages': [], 'streams': [{'of': 'node', 'number': 1, 'values': [1]},"
     " {'of': 'disk', 'number': 1, 'values': [1]},"
     " {'of': 'node', 'number': 1, 'values': [2]}], 'steps': []}",
     "/streams/2"},
};

Test(recording, refuses_what_is_none)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sim_scenario_problems problems;
        struct sim_json json;
        char *text = sim_strdup(bad[i].text);
        for (char *c = text; *c != '\0'; c++) {
            *c = *c == '\'' ? '"' : *c;
        }
        cr_assert(sim_json_open(&json, text, strlen(text)), "%s", text);
        cr_assert_null(sim_recording_read(&json, sim_json_top(&json)), "%s",
                       text);
        sim_json_close(&json, &problems);
        cr_assert_eq(problems.count, 1, "%s", text);
        cr_assert_str_eq(problems.items[0].pointer, bad[i].pointer, "%s", text);
        sim_scenario_problems_free(&problems);
        free(text);
    }
}

/* --- large files ---------------------------------------------------------- */

/* So many that a look-up of each among all before it takes a minute. */
#define MANY_STREAMS 170000u

Test(recording, many_streams_are_read_at_once, .timeout = 20)
{
    struct sim_recording *recording = sim_recording_new();
    for (uint64_t i = 0; i < MANY_STREAMS; i++) {
        sim_track_add(
            sim_recording_track(recording, SIM_STREAM_CLIENT, i, 0, 0), i % 7);
    }
    recording = through_json(recording);
    cr_assert_eq(recording->n_tracks, MANY_STREAMS);
    for (uint64_t i = 0; i < MANY_STREAMS; i++) {
        const struct sim_track *track = recording->tracks[i];
        cr_assert_eq(track->a, i);
        cr_assert_eq(track->count, 1);
        cr_assert_eq(track->values[0], i % 7);
        cr_assert_eq(sim_recording_track(recording, SIM_STREAM_CLIENT, i, 0, 0),
                     track);
    }
    cr_assert_eq(recording->n_tracks, MANY_STREAMS);
    sim_recording_free(recording);
}

/* Tracks of one number are told apart by all the rest. */
Test(recording, each_stream_has_its_track)
{
    struct sim_recording *recording = sim_recording_new();
    const struct sim_track *tracks[] = {
        sim_recording_track(recording, SIM_STREAM_CLIENT, 1, 0, 0),
        sim_recording_track(recording, SIM_STREAM_NODE, 1, 0, 0),
        sim_recording_track(recording, SIM_STREAM_CLIENT, 0, 1, 0),
        sim_recording_track(recording, SIM_STREAM_CLIENT, 1, 1, 0),
        sim_recording_track(recording, SIM_STREAM_CLIENT, 1, UINT64_C(1) << 32,
                            0),
        sim_recording_track(recording, SIM_STREAM_LINK, 1, 2, 3),
        sim_recording_track(recording, SIM_STREAM_LINK, 1, 2, 4),
        sim_recording_track(recording, SIM_STREAM_LINK, 2, 1, 3),
    };
    size_t n = sizeof tracks / sizeof *tracks;
    cr_assert_eq(recording->n_tracks, n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(recording->tracks[i], tracks[i]);
        cr_assert_eq(sim_recording_track(recording, tracks[i]->purpose,
                                         tracks[i]->a, tracks[i]->b,
                                         tracks[i]->kind),
                     tracks[i]);
    }
    sim_recording_free(recording);
}

/* A scenario is never so large; a million steps are. */
Test(recording, a_long_run_is_read_where_that_is_asked_for)
{
    const size_t n = 1000000;
    struct sim_recording *recording = sim_recording_new();
    struct sim_json_writer writer = {.text = NULL};
    struct sim_scenario_problems problems;
    struct sim_json json;
    for (size_t i = 0; i < n; i++) {
        struct sim_recorded_step step = {.time_us = i,
                                         .node = (uint32_t)(1 + i % 3),
                                         .input = SIM_INPUT_TIMER};
        sim_recording_add_step(recording, &step);
    }
    sim_json_open_object(&writer, NULL);
    sim_recording_write(recording, &writer);
    sim_json_close_object(&writer);
    sim_recording_free(recording);
    cr_assert_gt(writer.size, SIM_JSON_MAX_BYTES);
    cr_assert(!sim_json_open(&json, writer.text, writer.size));
    sim_json_close(&json, &problems);
    cr_assert_eq(problems.count, 1);
    cr_assert_not_null(strstr(problems.items[0].message, "than 8 MiB"));
    sim_scenario_problems_free(&problems);

    cr_assert(sim_json_open_large(&json, writer.text, writer.size,
                                  4 * SIM_JSON_MAX_BYTES));
    recording = sim_recording_read(&json, sim_json_top(&json));
    sim_json_close(&json, &problems);
    cr_assert_eq(problems.count, 0);
    cr_assert_not_null(recording);
    cr_assert_eq(recording->n_steps, n);
    cr_assert_eq(recording->steps[n - 1].time_us, n - 1);
    sim_scenario_problems_free(&problems);
    sim_json_writer_clear(&writer);
    sim_recording_free(recording);
}
