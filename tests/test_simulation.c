/* Whole runs: how long they last, when they wait, and what they say. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/history_judge.h"
#include "sim/memory.h"
#include "sim/progress.h"
#include "tests/ruler_node.h"
#include "tests/sim_harness.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)
#define RUN(duration, rest)                                                    \
    "{'description': 'x', 'duration': '" duration "'" rest "}"

static uint64_t waits_of(const struct sim_result *result)
{
    return result->evaluated[SIM_PROGRESS];
}

/* --- the end -------------------------------------------------------------- */

Test(simulation, a_run_lasts_its_duration)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_result result = harness_run(RUN("2s", ""), seed, NULL);
        cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
        cr_expect_gt(result.time_us, 2 * S); /* the last wait */
        cr_expect_lt(result.time_us, 2 * S + 200 * MS);
        cr_expect_eq(result.seed, seed);
        cr_expect_eq(waits_of(&result), 2);
        cr_expect_gt(result.commits, 100);
    }
}

/* Disks that fail now and then by themselves do so until the end, and no fault
 * need have touched them. */
Test(simulation, disks_fail_by_themselves_until_the_end)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_result result = harness_run(
            RUN("3s", ", 'disk': {'fsync_errors': '3%'}"), seed, NULL);
        cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
        cr_expect_gt(result.write_errors, 0);
        cr_expect_gt(result.restarts, 0);
        cr_expect_gt(waits_of(&result), 0);
        struct sim_result dead =
            harness_run(RUN("1s", ", 'disk': {'fsync_errors': 1}"), seed, NULL);
        cr_expect_eq(dead.verdict, SIM_VERDICT_AS_EXPECTED);
        cr_expect_gt(dead.write_errors, 0);
        cr_expect_gt(dead.time_us, 1 * S);
        cr_expect_eq(waits_of(&dead), 1);
    }
}

/* The wait for progress that is on at the end is waited for. */
Test(simulation, a_run_is_longer_while_it_waits_for_progress)
{
    static const char *const list[] = {RUN("1us", ""), RUN("50ms", ""),
                                       RUN("1us", ", 'nodes': 1")};
    for (size_t i = 0; i < 3; i++) {
        struct sim_result result = harness_run(list[i], 3, NULL);
        cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
        cr_expect_gt(result.time_us, 100 * MS);
        cr_expect_lt(result.time_us, 2 * S);
        cr_expect_eq(waits_of(&result), 1);
    }
}

Test(simulation, no_workload_is_no_obstacle_to_progress)
{
    struct sim_result result =
        harness_run(RUN("2s", ", 'workload': {'clients': 0}"), 1, NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_expect_eq(waits_of(&result), 2);
    cr_expect_eq(result.proposals, 0);
    cr_expect_eq(result.proposals_answered, 0);
    cr_expect_eq(result.commits, 3); /* the no-op and the probe's commands */
}

Test(simulation, the_smallest_and_the_largest_cluster)
{
    struct sim_result one = harness_run(
        RUN("2s", ", 'nodes': 1, 'expect': {'commits_at_least': 100,"
                  " 'elections_at_most': 1}"),
        1, NULL);
    cr_expect_eq(one.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_expect_eq(one.messages_sent, 0);
    struct sim_result most =
        harness_run(RUN("400ms", ", 'nodes': 128, 'workload': {'rate': '20/s'},"
                                 " 'raft': {'heartbeat_interval': '100ms'}"),
                    1, NULL);
    cr_expect_eq(most.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_expect_geq(waits_of(&most), 1);
    cr_expect_gt(most.evaluated[SIM_COMMITTED_ON_QUORUM], 0);
}

/* --- progress ------------------------------------------------------------- */

#define DEAF ", 'network': {'drop': 1}"

Test(simulation, no_progress_is_found_at_the_stated_time)
{
    static const struct {
        const char *text;
        uint64_t time_us;
    } list[] = {
        {RUN("1s", DEAF ", 'expect': {'progress_within': '700ms'}"), 700 * MS},
        {RUN("1s", DEAF ", 'expect': {'progress_within': '3s'}"), 3 * S},
        /* The last fault begins the wait anew. */
        {RUN("1s", DEAF ", 'faults': [{'at': '600ms', 'heal': 'network'}],"
                        " 'expect': {'progress_within': '700ms'}"),
         1300 * MS},
        {RUN("2s", DEAF ", 'faults': [{'at': '100ms', 'crash': 1, 'for':"
                        " '900ms'}], 'expect': {'progress_within': '700ms'}"),
         1700 * MS},
        /* The end of a damage that was healed is none. */
        {RUN("2s", DEAF ", 'faults': [{'at': '100ms', 'crash': 1, 'for':"
                        " '900ms'}, {'at': '500ms', 'heal': 'all'}],"
                        " 'expect': {'progress_within': '700ms'}"),
         1200 * MS},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct sim_result result = harness_run(list[i].text, 1, NULL);
        cr_expect_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
        cr_expect(result.violated);
        cr_expect_eq(result.violation.property, SIM_PROGRESS);
        cr_expect_eq(result.violation.time_us, list[i].time_us, "%s: %" PRIu64,
                     list[i].text, result.violation.time_us);
        cr_expect_eq(result.time_us, list[i].time_us);
    }
}

/* A new commit is not enough: every node has to apply it. */
Test(simulation, progress_means_all_nodes)
{
    struct sim_result result = harness_run(
        RUN("3s", ", 'network': {'links': [{'from': 'all', 'to': 3,"
                  " 'drop': 1}]}, 'expect': {'progress_within': '2s'}"),
        1, NULL);
    cr_expect(result.violated);
    cr_expect_eq(result.violation.property, SIM_PROGRESS);
    cr_expect_not_null(strstr(result.violation.text, "node 3 has applied 0 of"),
                       "%s", result.violation.text);
    cr_expect_gt(result.commits, 50);
}

Test(simulation, a_violation_may_be_what_is_expected)
{
    struct sim_result result =
        harness_run(RUN("1s", DEAF ", 'expect': {'progress_within': '700ms',"
                                   " 'violation': 'progress'}"),
                    1, NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_expect(result.violated);
    result = harness_run(RUN("1s", ", 'expect': {'violation': 'progress'}"), 1,
                         NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
    cr_expect(harness_unmet(&result, "/expect/violation"));
}

/* How often progress was waited for to its end. When the duration is over, what
 * lasts is healed, and it is looked for once more. */
Test(simulation, progress_is_looked_for_when_all_is_calm_and_only_then)
{
    static const struct {
        const char *text;
        uint64_t waits;
    } list[] = {
        {RUN("3s", ", 'faults': [{'at': '2s', 'crash': 1}]"), 2},
        {RUN("3s", ", 'faults': [{'at': '10ms', 'crash': 1}]"), 1},
        {RUN("3s", ", 'faults': [{'at': '10ms', 'isolate': 1}]"), 1},
        {RUN("3s", ", 'faults': [{'at': '10ms', 'isolate': 1,"
                   " 'for': '1s'}]"),
         2},
        {RUN("5s", ", 'faults': [{'at': '1s', 'crash': 1, 'for': '1s'},"
                   " {'at': '1500ms', 'pause': 2, 'for': '1s'}]"),
         3},
        {RUN("3s", ", 'faults': [{'at': '1s', 'crash': 'all'},"
                   " {'after': '100ms', 'restart': 'all'}]"),
         3},
        /* A restart ends a crash before its time. */
        {RUN("5s", ", 'faults': [{'at': '1s', 'crash': 1, 'for': '100s'},"
                   " {'at': '2s', 'restart': 1}]"),
         3},
        /* Random faults: not before their end, be the last turn a skipped one.
         */
        {RUN("3s", ", 'nemeses': [{'crash': 1, 'every': '300ms',"
                   " 'for': '1ms'}]"),
         2},
        {RUN("3s", ", 'nemeses': [{'resume': 'a node', 'every': '300ms',"
                   " 'until': '1s'}]"),
         2},
        {RUN("3s", ", 'nemeses': [{'crash': 1, 'every': '300ms'}]"), 1},
        /* What does no lasting damage begins a wait as well; a command is no
         * fault. */
        {RUN("4s", ", 'faults': [{'at': '2s', 'expire_timer': 1}]"), 3},
        {RUN("4s", ", 'faults': [{'at': '2s', 'propose': {'to': 1,"
                   " 'key': 'a', 'value': 'b'}}]"),
         2},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct sim_result result = harness_run(list[i].text, 1, NULL);
        cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s",
                     list[i].text);
        cr_expect_eq(waits_of(&result), list[i].waits, "%s: %" PRIu64,
                     list[i].text, waits_of(&result));
    }
}

/* The end heals everything; what is expected is judged by the state before. */
Test(simulation, at_the_end_everything_heals_for_a_last_wait)
{
    static const char *const faults[] = {
        "'crash': 'all'",
        "'pause': 'all'",
        "'isolate': 'all'",
        "'clog': {'from': 'all', 'to': 'all'}",
        "'link': {'from': 'all', 'to': 'all', 'drop': 1}",
        "'disk': {'nodes': 'all', 'fsync': '5s'}",
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 RUN("4s", ", 'faults': [{'at': '2s', %s, 'for': '9s'}],"
                           " 'expect': {'during': [{'from': '3s',"
                           " 'until': '4s', 'commits_at_most': 0}, {'from':"
                           " '3s', 'commits_at_most': 0}]}"),
                 faults[i]);
        struct sim_result result = harness_run(text, 1, NULL);
        cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s: %s",
                     faults[i], result.unmet[0].text);
        cr_expect_eq(waits_of(&result), 2, "%s", faults[i]);
        cr_expect_gt(result.time_us, 4 * S);
        cr_expect_lt(result.time_us, 9 * S);
        cr_expect_eq(result.crashes, result.restarts);
    }
}

/* After the duration the script is over: nothing cuts the last wait short. */
Test(simulation, no_step_begins_after_the_duration)
{
    struct sim_result result = harness_run(
        RUN("1s", DEAF ", 'faults': [{'at': '900ms', 'heal': 'all'},"
                       " {'after': '500ms', 'crash': 'all', 'optional': true}],"
                       " 'expect': {'progress_within': '5s'}"),
        1, NULL);
    cr_expect_eq(result.crashes, 0);
    cr_expect(result.violated);
    cr_expect_eq(result.time_us, 5900 * MS);
}

/* --- slices, limits, observers -------------------------------------------- */

#define BUSY                                                                   \
    RUN("2s", ", 'nodes': 5, 'network': {'drop': '2%', 'duplicate': '2%'},"    \
              " 'nemeses': [{'crash': 'a node', 'every': '200ms', 'for':"      \
              " '150ms'}, {'pause': 'a node', 'every': '150ms', 'for':"        \
              " '90ms'}, {'partition': [['minority'], ['rest']], 'every':"     \
              " '300ms', 'for': '200ms'}], 'faults': [{'at': '1500ms',"        \
              " 'heal': 'all'}]")

static void expect_same(const struct sim_result *a, const struct sim_result *b)
{
    cr_expect_eq(a->hash, b->hash);
    cr_expect_eq(a->steps, b->steps);
    cr_expect_eq(a->time_us, b->time_us);
    cr_expect_eq(a->verdict, b->verdict);
    cr_expect_eq(a->messages_sent, b->messages_sent);
    cr_expect_eq(a->proposals_answered, b->proposals_answered);
}

Test(simulation, slices_of_any_size_make_the_same_run)
{
    static const uint64_t slices[] = {1, 2, 7, 1000, UINT64_MAX};
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim_result whole = harness_run(BUSY, seed, NULL);
        for (size_t i = 0; i < 5; i++) {
            struct harness_options options = {.slice = slices[i]};
            struct sim_result result = harness_run(BUSY, seed, &options);
            expect_same(&result, &whole);
        }
        struct sim_result other = harness_run(BUSY, seed + 100, NULL);
        cr_expect_neq(other.hash, whole.hash);
    }
}

Test(simulation, observers_disturb_nothing)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct harness_text text;
        struct harness_options options = {.no_checks = true};
        struct sim_result plain = harness_run(BUSY, seed, NULL);
        struct sim_result result = harness_run(BUSY, seed, &options);
        cr_expect_eq(result.evaluated[SIM_LOG_MATCHING], 0);
        cr_expect_gt(plain.evaluated[SIM_LOG_MATCHING], 0);
        expect_same(&result, &plain);
        options = (struct harness_options){.trace = &text};
        result = harness_run(BUSY, seed, &options);
        expect_same(&result, &plain);
        cr_expect_gt(text.size, 1000);
        free(text.text);
    }
}

/* One step may be one too many, not more: an event can be several. */
Test(simulation, a_limit_of_steps_leaves_it_undecided)
{
    for (uint64_t limit = 1; limit <= 1000; limit += 333) {
        struct harness_options options = {.max_steps = limit};
        struct sim_result result = harness_run(
            RUN("10s", ", 'nodes': 1, 'faults': [{'at': '9s', 'crash': 1}],"
                       " 'expect': {'commits_at_least': 1000000}"),
            1, &options);
        cr_expect_eq(result.verdict, SIM_VERDICT_STEP_LIMIT);
        cr_expect_eq(result.steps, limit);
        cr_expect_eq(result.n_unmet, 0);
        cr_expect_lt(result.time_us, 9 * S);
    }
}

/* Nothing happens after it; a run that is over before is not touched by it. */
Test(simulation, a_limit_of_virtual_time_leaves_it_undecided)
{
    static const char scenario[] =
        RUN("10s", ", 'nodes': 3, 'expect': {'commits_at_least': 1000000}");
    struct harness_options none = {0};
    struct sim_result whole = harness_run(scenario, 1, &none);
    cr_assert_eq(whole.verdict, SIM_VERDICT_UNEXPECTED);
    for (uint64_t limit_us = 1; limit_us < 10 * S; limit_us += 3 * S) {
        struct harness_options options = {.max_time_us = limit_us};
        struct sim_result result = harness_run(scenario, 1, &options);
        cr_expect_eq(result.verdict, SIM_VERDICT_TIME_LIMIT);
        cr_expect_leq(result.time_us, limit_us);
        cr_expect_lt(result.steps, whole.steps);
        cr_expect_eq(result.n_unmet, 0);
    }
    struct harness_options enough = {.max_time_us = whole.time_us};
    struct sim_result same = harness_run(scenario, 1, &enough);
    expect_same(&same, &whole);
}

/* Where all machines are down nothing is a step: the caller still wants to show
 * something, and to be interrupted. */
Test(simulation, a_slice_ends_where_nothing_but_clients_lives)
{
    struct sim_scenario *scenario =
        harness_parse(RUN("1000h", ", 'workload': {'clients': 1000}, 'faults':"
                                   " [{'at': '1s', 'crash': 'all'}]"),
                      1);
    struct sim_options options = {.seed = 1,
                                  .node_type = &sim_raft_node_type,
                                  .checks = true,
                                  .max_steps = SIM_UNLIMITED};
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    for (uint32_t i = 0; i < 1000; i++) {
        cr_assert_eq(sim_simulation_advance(simulation, 100),
                     SIM_VERDICT_RUNNING);
    }
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
}

/* Two nodes that answer each other without delay, for ever. */
struct parrot {
    struct sim_node base;
    uint32_t id;
    struct sim_output output;
};

static const struct sim_node_type parrot_type;

static struct sim_node *parrot_create(const struct sim_node_options *options,
                                      const struct sim_image *image)
{
    (void)image;
    struct parrot *self = sim_calloc(1, sizeof *self);
    self->base.type = &parrot_type;
    self->id = options->id;
    return &self->base;
}

static enum sim_node_status parrot_step(struct sim_node *node,
                                        const struct sim_input *input,
                                        struct sim_outputs *outputs)
{
    struct parrot *self = (struct parrot *)node;
    *outputs = (struct sim_outputs){&self->output, 0};
    bool first = input->kind == SIM_INPUT_START && self->id == 1;
    if (first || input->kind == SIM_INPUT_MESSAGE) {
        self->output = (struct sim_output){.kind = SIM_OUTPUT_SEND};
        self->output.send.to = 3 - self->id;
        self->output.send.bytes = (const uint8_t *)"hello";
        self->output.send.size = 5;
        outputs->count = 1;
    }
    return SIM_NODE_OK;
}

static void parrot_inspect(const struct sim_node *node, struct sim_view *view)
{
    (void)node;
    *view = (struct sim_view){.role = SIM_FOLLOWER};
}

static void parrot_destroy(struct sim_node *node)
{
    free(node);
}

static void parrot_classify(const uint8_t *bytes, size_t size,
                            struct sim_message *message)
{
    (void)bytes;
    (void)size;
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
}

static void parrot_describe(const uint8_t *bytes, size_t size, char *text)
{
    (void)bytes;
    (void)size;
    text[0] = '\0';
}

static const struct sim_node_type parrot_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "parrot",
    .create = parrot_create,
    .step = parrot_step,
    .inspect = parrot_inspect,
    .destroy = parrot_destroy,
    .classify = parrot_classify,
    .describe = parrot_describe,
};

Test(simulation, time_that_stands_still_is_found)
{
    struct harness_options options = {.type = &parrot_type, .no_checks = true};
    struct sim_result result = harness_run(
        RUN("1s", ", 'nodes': 2, 'network': {'delay': '0us'}"), 1, &options);
    cr_expect_eq(result.verdict, SIM_VERDICT_CONTRACT);
    cr_expect_not_null(strstr(result.contract, "virtual time stands still"));
    cr_expect_eq(result.time_us, 0);
}

/* Without any delay real nodes still let time go on. */
Test(simulation, no_delay_anywhere_is_no_standstill)
{
    struct sim_result result = harness_run(
        RUN("1s", ", 'network': {'delay': '0us'}, 'disk': {'write': '0us',"
                  " 'fsync': '0us'}, 'workload': {'rate': 'max', 'delay':"
                  " '0us', 'start': '800ms', 'stop': '805ms'},"
                  " 'expect': {'commits_at_least': 5000}"),
        1, NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s%s",
                 result.contract, result.unmet[0].text);
}

/* --- the claim ------------------------------------------------------------ */

Test(simulation, unmet_expectations_are_named)
{
    static const struct {
        const char *text, *pointer; /* "": met */
    } list[] = {
        {RUN("2s", ", 'expect': {'commits_at_least': 10}"), ""},
        {RUN("2s", ", 'expect': {'commits_at_least': 100000}"),
         "/expect/commits_at_least"},
        {RUN("2s", ", 'expect': {'commits_at_most': 1}"),
         "/expect/commits_at_most"},
        {RUN("2s", ", 'expect': {'elections_at_least': 2}"),
         "/expect/elections_at_least"},
        {RUN("2s", ", 'expect': {'leader_within': '1ms'}"),
         "/expect/leader_within"},
        {RUN("2s", ", 'expect': {'leader': 'none'}"), "/expect/leader"},
        {RUN("2s", ", 'expect': {'terms_at_most': 0}"),
         "/expect/terms_at_most"},
        {RUN("2s", ", 'expect': {'during': [{'from': '1s', 'until': '1500ms',"
                   " 'commits_at_least': 5, 'elections_at_most': 0}]}"),
         ""},
        {RUN("2s", ", 'expect': {'during': [{'from': '1s', 'until': '1500ms',"
                   " 'commits_at_most': 5}]}"),
         "/expect/during/0/commits_at_most"},
        {RUN("2s", ", 'expect': {'log': [{'node': 1, 'begins_with': [1, 2]}]}"),
         "/expect/log/0"},
        {RUN("2s", ", 'faults': [{'at': '1s', 'crash': 'all'}], 'expect':"
                   " {'during': [{'from': '1s', 'commits_at_most': 0,"
                   " 'leader': 'none'}]}"),
         ""},
        /* A leader that dies in the moment of its election was one. */
        {RUN("2s", ", 'faults': [{'at': '0s', 'crash': 'leader'}], 'expect':"
                   " {'during': [{'from': '0s', 'until': '310ms',"
                   " 'leader_within': '310ms'}]}, 'raft':"
                   " {'election_timeout': ['150ms', '250ms']}"),
         ""},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct sim_result result = harness_run(list[i].text, 1, NULL);
        bool met = list[i].pointer[0] == '\0';
        cr_expect_eq(result.verdict,
                     met ? SIM_VERDICT_AS_EXPECTED : SIM_VERDICT_UNEXPECTED,
                     "%s: %s", list[i].text, result.unmet[0].text);
        cr_expect_eq(result.n_unmet, met ? 0 : 1, "%s", list[i].text);
        cr_expect(met || harness_unmet(&result, list[i].pointer), "%s: %s",
                  list[i].text, result.unmet[0].pointer);
    }
}

/* --- counters ------------------------------------------------------------- */

Test(simulation, counters_agree_with_each_other)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_result result = harness_run(BUSY, seed, NULL);
        uint64_t settled = result.messages_delivered + result.messages_dropped;
        uint64_t made = result.messages_sent + result.messages_duplicated;
        cr_expect_leq(settled, made);
        cr_expect_leq(made, settled + 40); /* on their way at the end */
        cr_expect_gt(result.messages_dropped, 0);
        cr_expect_gt(result.messages_duplicated, 0);
        cr_expect_eq(result.crashes, result.restarts);
        cr_expect_geq(result.faults, result.crashes);
        cr_expect_leq(result.proposals_answered, result.proposals);
        cr_expect_leq(result.proposals, result.proposals_answered + 2);
        cr_expect_geq(result.commits + result.reads, result.proposals_answered);
        cr_expect_geq(result.highest_term, result.elections);
        cr_expect_gt(result.writes, 0);
    }
}

/* The script's proposals are proposals. */
Test(simulation, scripted_proposals_count)
{
    struct sim_result result = harness_run(
        RUN("2s", ", 'workload': {'clients': 0}, 'faults': ["
                  "{'at': '1s', 'propose': {'to': 'leader', 'key': 'a',"
                  " 'value': 'b'}}, {'at': '1s', 'propose': {'to':"
                  " 'a follower', 'key': 'a', 'value': 'c'}}]"),
        1, NULL);
    cr_expect_eq(result.proposals, 2);
    cr_expect_eq(result.proposals_answered, 2);
    cr_expect_eq(result.faults, 0);
}

/* --- members, snapshots, reads -------------------------------------------- */

#define EVERYTHING                                                             \
    "{'description': 'x', 'nodes': 5, 'duration': '6s', 'members': [1, 2, 3,"  \
    " {'node': 4, 'as': 'learner'}], 'snapshots': {'every': 40, 'keep': 5},"   \
    " 'workload': {'clients': 4, 'rate': '200/s'}, 'faults': ["                \
    "{'at': '1s', 'isolate': 4, 'for': '1s'}, {'at': '3s', 'promote': 4},"     \
    " {'after': '200ms', 'replace': {'node': 1, 'by': 5}}], 'nemeses': ["      \
    "{'every': '700ms', 'crash': 'a node', 'for': '200ms'}, {'every': "        \
    "'900ms',"                                                                 \
    " 'transfer': 'any'}, {'every': '400ms', 'compact': 'a node'}]}"

Test(simulation, members_snapshots_and_reads_are_counted)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim_result result = harness_run(EVERYTHING, seed, NULL);
        cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s %s",
                     result.violation.text, result.unmet[0].text);
        cr_expect_gt(result.snapshots, 5);
        cr_expect_geq(result.installs, 2, "the learner, and the newcomer");
        cr_expect_gt(result.reads, 50);
        cr_expect_geq(result.sessions, 4);
        cr_expect_geq(result.configurations, 4, "promoted, and two joint");
        cr_expect_gt(result.history, 200);
        cr_expect_geq(result.evaluated[SIM_LINEARIZABILITY], 1);
        cr_expect_leq(result.history, result.proposals);
    }
}

/* By the leader alone, whoever else takes them into his log. */
Test(simulation, configurations_are_counted_once)
{
    static const struct {
        const char *fault;
        uint64_t count;
    } cases[] = {{"'add': 4", 2}, {"'members': [1, 4, 5]", 3}};
    for (size_t i = 0; i < 2; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': 5, 'duration': '3s', 'members':"
                 " [1, 2, 3], 'faults': [{'at': '1s', %s}]}",
                 cases[i].fault);
        cr_expect_eq(harness_run(text, 1, NULL).configurations, cases[i].count);
    }
}

Test(simulation, with_all_features_it_is_the_same_run_in_slices_and_unobserved)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct harness_text text;
        const struct harness_options slices = {.slice = 7};
        const struct harness_options unchecked = {.no_checks = true};
        const struct harness_options traced = {.trace = &text};
        struct sim_result plain = harness_run(EVERYTHING, seed, NULL);
        struct sim_result sliced = harness_run(EVERYTHING, seed, &slices);
        struct sim_result bare = harness_run(EVERYTHING, seed, &unchecked);
        struct sim_result told = harness_run(EVERYTHING, seed, &traced);
        cr_expect_eq(sliced.hash, plain.hash);
        cr_expect_eq(bare.hash, plain.hash);
        cr_expect_eq(told.hash, plain.hash);
        cr_expect_eq(bare.steps, plain.steps);
        cr_expect_eq(bare.snapshots, plain.snapshots);
        cr_expect_eq(bare.history, 0, "judged only with the checks");
        cr_expect_not_null(strstr(text.text, "wish: replace 1 by 5"));
        free(text.text);
    }
}

/* Node 2 answers reads from a state machine that never gets anything. */
Test(simulation, clients_who_are_told_old_things_are_found_at_the_end)
{
    static const struct {
        const char *nodes;
        bool violated;
    } cases[] = {{"1", false}, {"2", true}};
    for (size_t i = 0; i < 2; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': %s, 'duration': '10s',"
                 " 'workload': {'clients': 4, 'keys': 2, 'rate': '500/s',"
                 " 'operations': {'set': 50, 'read': 50}}}",
                 cases[i].nodes);
        struct rig *rig = rig_new(text, 1, &ruler_node_type);
        struct sim_cluster *cluster = rig->cluster;
        rig_run_until(rig, 2000000);
        struct sim_checker *checker =
            sim_checker_new(cluster->tree, cluster->memberships, cluster->n);
        uint64_t judged = sim_history_judge(rig->clients, checker);
        const struct sim_violation *violation = sim_checker_violation(checker);
        cr_expect_gt(judged, 100);
        cr_expect_eq(violation != NULL, cases[i].violated);
        if (violation != NULL) {
            cr_expect_eq(violation->property, SIM_LINEARIZABILITY);
            cr_expect_not_null(strstr(violation->text, "key k"), "%s",
                               violation->text);
        }
        cr_expect_eq(sim_history_judge(rig->clients, NULL), 0);
        sim_checker_free(checker);
        rig_free(rig);
    }
}

/* Node 4 hears nothing for an hour: as a learner it is in the way of progress,
 * as a stranger, and when it was removed, it is not. */
Test(simulation, progress_means_the_members)
{
    static const struct {
        const char *members, *faults;
        bool violated;
    } cases[] = {
        {"[1, 2, 3]", "[]", false},
        {"[1, 2, 3, {'node': 4, 'as': 'learner'}]", "[]", true},
        {"[1, 2, 3, {'node': 4, 'as': 'learner'}]",
         "[{'at': '500ms', 'remove': 4}]", false},
        {"[1, 2, 3]", "[{'at': '500ms', 'add': 4, 'as': 'learner'}]", true},
    };
    for (size_t i = 0; i < 4; i++) {
        char text[600];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': 4, 'duration': '3s',"
                 " 'members': %s, 'faults': %s, 'network': {'links':"
                 " [{'from': 'all', 'to': [4], 'delay': '1h'}]},"
                 " 'expect': {'progress_within': '2s'}}",
                 cases[i].members, cases[i].faults);
        struct sim_result result = harness_run(text, 1, NULL);
        cr_expect_eq(result.violated, cases[i].violated, "case %zu: %s", i,
                     result.violation.text);
        if (result.violated) {
            cr_expect_eq(result.violation.property, SIM_PROGRESS);
            cr_expect_not_null(strstr(result.violation.text, "node 4"));
        }
        cr_expect_gt(result.evaluated[SIM_PROGRESS], 0);
    }
}

/* Who comes in gets the whole time to catch up. */
Test(simulation, a_change_of_the_members_begins_the_wait_anew)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 3, 'duration': '10s',"
                " 'members': [1, 2], 'workload': {'clients': 0}, 'faults':"
                " [{'at': '9s', 'add': 3, 'as': 'learner'},"
                " {'at': '9s', 'transfer': 'any'}]}",
                1, &ruler_node_type);
    struct sim_progress progress =
        sim_progress_new(rig->cluster, rig->clients, rig->faults);
    sim_progress_look(&progress, false);
    cr_expect_eq(progress.number, 1);
    sim_progress_look(&progress, false);
    cr_assert(rig_do(rig, 1));
    sim_progress_look(&progress, false);
    cr_expect_eq(progress.number, 1);
    cr_assert(rig_do(rig, 0));
    sim_progress_look(&progress, false);
    cr_expect_eq(progress.number, 2);
    sim_progress_look(&progress, false);
    cr_expect_eq(progress.number, 2);
    rig_free(rig);
}
