/* Nemeses that act on events, and the node that an event happened to. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim_harness.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)
#define RAFT(rest)                                                             \
    "{'description': 'x', 'duration': '6s', 'workload': {'clients': 0},"       \
    " 'raft': {'pre_vote': false, 'check_quorum': false}," rest "}"

/* The time at the beginning of the line that `at` lies in, and its node; 0 for
 * the world's. */
static uint64_t time_of(const struct rig *rig, const char *at, uint32_t *node)
{
    while (at > rig->trace.text && at[-1] != '\n')
        at--;
    uint64_t s = 0, us = 0;
    *node = 0;
    cr_assert_geq(
        sscanf(at, "[%" SCNu64 ".%6" SCNu64 "] %" SCNu32, &s, &us, node), 2);
    return s * S + us;
}

/* For each "becomes leader", when the next crash came, and that it was of the
 * same node; how many there were of both. */
struct count {
    uint32_t elections, crashes;
};

static struct count check_crashes(const struct rig *rig, uint64_t until_us,
                                  uint64_t after_us)
{
    struct count count = {0, 0};
    const char *line = rig->trace.text;
    while ((line = strstr(line, "becomes leader")) != NULL) {
        uint32_t leader, world;
        uint64_t elected_us = time_of(rig, line, &leader);
        const char *crash = strstr(line, "-- crash: node ");
        line++;
        if (elected_us >= until_us)
            continue;
        count.elections++;
        uint32_t crashed = 0;
        if (crash == NULL ||
            time_of(rig, crash, &world) != elected_us + after_us)
            continue;
        cr_assert_eq(sscanf(crash, "-- crash: node %" SCNu32, &crashed), 1);
        cr_expect_eq(crashed, leader);
        count.crashes++;
    }
    return count;
}

/* Each leader falls in the moment of its election, or later if that is said,
 * until the nemesis ends. */
Test(nemeses, act_on_each_event)
{
    static const struct {
        const char *text;
        uint64_t from_us, until_us, after_us;
    } cases[] = {
        {RAFT("'nemeses': [{'when': {'leader_elected': 'any'}, 'crash': 'it',"
              " 'for': '100ms'}]"),
         0, 6 * S, 0},
        {RAFT("'nemeses': [{'when': {'leader_elected': 'any'}, 'crash': 'it',"
              " 'for': '100ms', 'until': '3s'}]"),
         0, 3 * S, 0},
        {RAFT("'nemeses': [{'when': {'leader_elected': 'any'}, 'crash': 'it',"
              " 'for': '100ms', 'after': '20ms'}]"),
         0, 6 * S - 20 * MS, 20 * MS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct rig *rig = rig_new(cases[i].text, seed, NULL);
            rig_run_until(rig, 6 * S - 1);
            struct count count =
                check_crashes(rig, cases[i].until_us, cases[i].after_us);
            cr_expect_gt(count.elections, 2, "case %zu", i);
            cr_expect_eq(count.crashes, count.elections, "case %zu", i);
            cr_expect_eq(rig->cluster->crashes, count.crashes, "case %zu", i);
            rig_free(rig);
        }
    }
}

Test(nemeses, do_not_act_before_their_time)
{
    struct rig *rig = rig_new(
        RAFT("'nemeses': [{'when': {'leader_elected': 'any'}, 'crash': 'it',"
             " 'from': '3s', 'for': '100ms'}],"
             " 'faults': [{'at': '4s', 'crash': 'leader', 'for': '200ms'}]"),
        1, NULL);
    rig_run_until(rig, 3990 * MS);
    cr_expect_gt(rig->cluster->elections, 0);
    cr_expect_eq(rig->cluster->crashes, 0);
    rig_run_until(rig, 6 * S - 1);
    cr_expect_gt(rig->cluster->crashes, 1);
    rig_free(rig);
}

Test(nemeses, act_by_their_odds)
{
    struct count sum = {0, 0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rig *rig = rig_new(
            RAFT(
                "'nemeses': [{'when': {'leader_elected': 'any'}, 'crash': 'it',"
                " 'odds': '70%', 'for': '100ms'}]"),
            seed, NULL);
        rig_run_until(rig, 6 * S - 1);
        struct count count = check_crashes(rig, 6 * S, 0);
        sum.elections += count.elections;
        sum.crashes += count.crashes;
        rig_free(rig);
    }
    cr_expect_gt(sum.elections, 80);
    cr_expect(sum.crashes * 100 > sum.elections * 55 &&
                  sum.crashes * 100 < sum.elections * 85,
              "%u of %u", sum.crashes, sum.elections);
}

/* While one may still act, all is not well; heal all ends it. */
Test(nemeses, are_to_come_until_their_end)
{
    static const struct {
        const char *text;
        uint64_t end_us;
    } cases[] = {
        {RAFT("'nemeses': [{'when': {'term_reached': 99}, 'crash': 'it',"
              " 'until': '2s'}]"),
         2 * S},
        {RAFT("'nemeses': [{'when': {'term_reached': 99}, 'crash': 'it'}],"
              " 'faults': [{'at': '3s', 'heal': 'all'}]"),
         3 * S},
        {RAFT("'nemeses': [{'when': {'term_reached': 99}, 'crash': 'it',"
              " 'chance': 0}]"),
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig *rig = rig_new(cases[i].text, 1, NULL);
        if (cases[i].end_us > 0) {
            rig_run_until(rig, cases[i].end_us - 1);
            cr_expect_not(sim_faults_is_calm(rig->faults), "case %zu", i);
        }
        rig_run_until(rig, cases[i].end_us);
        cr_expect(sim_faults_is_calm(rig->faults), "case %zu", i);
        rig_free(rig);
    }
}

Test(nemeses, end_with_heal_all)
{
    struct rig *rig = rig_new(
        RAFT("'nemeses': [{'when': {'leader_elected': 'any'}, 'crash': 'it',"
             " 'for': '100ms'}], 'faults': [{'at': '2s', 'heal': 'all'}]"),
        1, NULL);
    rig_run_until(rig, 2 * S);
    uint64_t crashes = rig->cluster->crashes;
    uint64_t elections = rig->cluster->elections;
    cr_expect_gt(crashes, 0);
    rig_run_until(rig, 6 * S - 1);
    cr_expect_eq(rig->cluster->crashes, crashes);
    cr_expect_gt(rig->cluster->elections, elections);
    rig_free(rig);
}

/* "it" in the script: who writes a vote, also some time later; the sender of
 * what is sent, the receiver of what is received. */
Test(nemeses, the_script_knows_it_too)
{
    static const struct {
        const char *text, *what;
        uint64_t after_us;
    } cases[] = {
        {RAFT("'faults': [{'when': {'writing': 'any', 'what': 'vote'}, 'crash':"
              " 'it', 'for': '1s'}]"),
         "campaigns in term 1", 0},
        {RAFT("'faults': [{'when': {'leader_elected': 'any'}, 'after': '7ms',"
              " 'crash': 'it', 'for': '1s'}]"),
         "becomes leader", 7 * MS},
        {RAFT("'faults': [{'when': {'received': 'vote_request'}, 'crash': 'it',"
              " 'for': '1s'}]"),
         " <- ", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct rig *rig = rig_new(cases[i].text, seed, NULL);
            rig_run_until(rig, 2 * S);
            const char *what = strstr(rig->trace.text, cases[i].what);
            const char *crash = strstr(rig->trace.text, "-- crash: node ");
            uint32_t node, world, crashed = 0;
            cr_assert(what != NULL && crash != NULL, "case %zu", i);
            uint64_t what_us = time_of(rig, what, &node);
            cr_expect_eq(time_of(rig, crash, &world),
                         what_us + cases[i].after_us, "case %zu", i);
            sscanf(crash, "-- crash: node %" SCNu32, &crashed);
            cr_expect_eq(crashed, node, "case %zu", i);
            rig_free(rig);
        }
    }
}

/* What it causes may be what it waits for: it acts once at a moment, and time
 * goes on. */
Test(nemeses, may_cause_what_they_wait_for)
{
    struct rig *rig = rig_new(
        RAFT("'nemeses': [{'when': {'writing': 'any', 'what': 'anything'},"
             " 'expire_timer': 'it'}]"),
        1, NULL);
    rig_run_until(rig, 100 * MS);
    rig_run_until(rig, 400 * MS);
    cr_expect_gt(sim_faults_count(rig->faults), 2);
    rig_free(rig);
}

/* Its draws are its own. */
Test(nemeses, draw_from_a_stream_of_their_own)
{
#define OTHER                                                                  \
    "{'crash': 'a node', 'every': {'exponential': '300ms'}, 'for': '50ms'}"
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct rig *a = rig_new(RAFT("'nemeses': [" OTHER "]"), seed, NULL);
        struct rig *b = rig_new(
            RAFT("'nemeses': [" OTHER ", {'when': {'sent': 'append_request'},"
                 " 'odds': 0, 'pause': 'it', 'for': '1ms'}]"),
            seed, NULL);
        rig_run_until(a, 3 * S);
        rig_run_until(b, 3 * S);
        cr_expect_gt(a->cluster->crashes, 2);
        cr_expect_str_eq(a->trace.text, b->trace.text);
        rig_free(a);
        rig_free(b);
    }
}
