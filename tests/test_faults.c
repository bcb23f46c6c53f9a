/* When the steps of a script happen, and the turns of nemeses. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/ruler_node.h"
#include "tests/sim_harness.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)
#define RAFT(faults)                                                           \
    "{'description': 'x', 'duration': '10s', 'faults': [" faults "]}"
#define ECHO(rest)                                                             \
    "{'description': 'x', 'duration': '10s', 'workload': {'clients': 0}," rest \
    "}"
/* A step's mark: clock rates are told apart, and do no harm. */
#define MARK(ppm) "'clock': {'nodes': 1, 'rate': '" #ppm "ppm'}"

/* The time at which the clock of node 1 got this rate; the end if never. */
static uint64_t time_of_mark(struct rig *rig, uint32_t ppm, uint64_t end_us)
{
    while (rig->cluster->machines[1].clock.speed_ppm != 1000000 + ppm &&
           sim_event_queue_next_us(rig->queue) < end_us) {
        rig_step(rig);
    }
    return rig->cluster->machines[1].clock.speed_ppm == 1000000 + ppm
               ? rig->cluster->now_us
               : end_us;
}

/* --- at, after, when ------------------------------------------------------ */

Test(faults, steps_with_at_happen_at_their_time_whatever_stands_above)
{
    struct rig *rig =
        rig_new(ECHO("'faults': [{'when': {'term_reached': 99}, 'crash': 1},"
                     "{'at': '2s', " MARK(2) "}, {'at': '1s', " MARK(
                         1) "},"
                            "{'at': '0s', " MARK(3) "}]"),
                1, &echo_node_type);
    cr_expect_eq(time_of_mark(rig, 3, 5 * S), 0);
    cr_expect_eq(time_of_mark(rig, 1, 5 * S), 1 * S);
    cr_expect_eq(time_of_mark(rig, 2, 5 * S), 2 * S);
    cr_expect_eq(sim_faults_count(rig->faults), 3);
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 0);
    cr_expect_eq(sim_faults_missing(rig->faults, 1), 4);
    rig_free(rig);
}

/* "after" counts from the moment at which all steps above have happened. */
Test(faults, after_follows_all_steps_above)
{
    struct rig *rig = rig_new(
        ECHO("'faults': [{'after': '1s', " MARK(
            1) "},"
               "{'after': '500ms', " MARK(2) "}, {'at': '3s', " MARK(
                   4) "},"
                      "{'at': '2s', " MARK(3) "}, {'after': '0s', " MARK(
                          5) "},"
                             "{'after': '1s', " MARK(6) "}]"),
        1, &echo_node_type);
    static const uint64_t times[] = {1 * S, 1500 * MS, 2 * S};
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(time_of_mark(rig, i + 1, 9 * S), times[i]);
    }
    cr_expect_eq(time_of_mark(rig, 5, 9 * S), 3 * S);
    cr_expect_eq(time_of_mark(rig, 6, 9 * S), 4 * S);
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 6);
    rig_free(rig);
}

/* What happened before its turn is nothing to a "when". */
Test(faults, when_begins_to_wait_when_the_step_above_has_happened)
{
    struct rig *rig = rig_new(
        RAFT("{'at': '2s', " MARK(1) "},"
                                     "{'when': {'leader_elected': 'any'}," MARK(
                                         2) "}, {'at': '4s', 'crash': 'leader',"
                                            "'for': '1s'}"),
        1, NULL);
    cr_assert_neq(rig_find_leader(rig), SIM_NONE);
    uint64_t at_us = time_of_mark(rig, 2, 9 * S);
    cr_expect_gt(at_us, 4 * S);
    cr_expect_lt(at_us, 9 * S);
    cr_expect_eq(rig->cluster->elections, 2);
    rig_free(rig);
}

/* --- the kinds of events -------------------------------------------------- */

static bool has_text(const struct rig *rig, const char *text)
{
    return rig->trace.text != NULL && strstr(rig->trace.text, text) != NULL;
}

static bool is_elected(const struct rig *rig)
{
    return has_text(rig, "becomes leader of term 1");
}

static bool is_two_elected(const struct rig *rig)
{
    return has_text(rig, "] 2  becomes leader");
}

static bool is_second_elected(const struct rig *rig)
{
    return has_text(rig, "becomes leader of term 2");
}

static bool is_committed(const struct rig *rig)
{
    return rig->cluster->committed >= 20;
}

static bool is_committed_at_three(const struct rig *rig)
{
    return rig->cluster->machines[3].view.commit_index >= 20;
}

static bool is_stored_at_two(const struct rig *rig)
{
    return sim_log_tree_position(rig->cluster->tree,
                                 sim_disk_tip(rig->cluster->machines[2].disk))
               .index >= 10;
}

static bool is_term_reached(const struct rig *rig)
{
    return rig->cluster->highest_term >= 2;
}

static bool is_sent(const struct rig *rig)
{
    return has_text(rig, " pre_vote_request: ");
}

static bool is_received(const struct rig *rig)
{
    return has_text(rig, "] 3  <- 2  append_request: ") ||
           has_text(rig, "] 3  <- 2  append_response: ");
}

static bool is_writing(const struct rig *rig)
{
    return has_text(rig, " writes #");
}

static bool is_writing_vote(const struct rig *rig)
{
    return has_text(rig, "] 2  writes #1: term 1, vote");
}

static bool is_writing_entries(const struct rig *rig)
{
    return has_text(rig, "entry 1 of term");
}

/* The step happens at the very time at which the event first did, or "after"
 * later. */
static void check_event(const char *when, const char *rest, uint64_t after_us,
                        bool (*holds)(const struct rig *), uint64_t seed)
{
    char text[512];
    snprintf(text, sizeof text,
             RAFT("{'when': {%s}, 'after': '%" PRIu64 "us', " MARK(1) "}%s"),
             when, after_us, rest);
    struct rig *rig = rig_new(text, seed, NULL);
    while (!holds(rig)) {
        cr_assert_lt(rig->cluster->now_us, 9 * S, "%s: seed %" PRIu64, when,
                     seed);
        rig_step(rig);
    }
    uint64_t first_us = rig->cluster->now_us;
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 0, "%s: too early", when);
    cr_expect_eq(time_of_mark(rig, 1, 9 * S), first_us + after_us,
                 "%s: seed %" PRIu64, when, seed);
    rig_free(rig);
}

#define CRASH_LEADER ", {'at': '2s', 'crash': 'leader', 'for': '1s'}"

Test(faults, each_kind_of_event)
{
    static const struct {
        const char *when, *rest;
        bool (*holds)(const struct rig *);
    } list[] = {
        {"'leader_elected': 'any'", "", is_elected},
        {"'leader_elected': 'any', 'term': 2", CRASH_LEADER, is_second_elected},
        {"'committed': 20", "", is_committed},
        {"'committed': 20, 'node': 3", "", is_committed_at_three},
        {"'stored': 10, 'node': 2", "", is_stored_at_two},
        {"'term_reached': 2", CRASH_LEADER, is_term_reached},
        {"'sent': 'pre_vote_request'", "", is_sent},
        {"'writing': 'any'", "", is_writing},
        {"'writing': 2, 'what': 'vote'", "", is_writing_vote},
        {"'writing': 'any', 'what': 'entries'", "", is_writing_entries},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            for (uint64_t after_us = 0; after_us <= 700 * MS;
                 after_us += 700 * MS) {
                check_event(list[i].when, list[i].rest, after_us, list[i].holds,
                            seed);
            }
        }
    }
}

/* With the first leader crashed until the second rules, 2 is elected for some
 * seeds, and hears from 3 or 3 from it. */
Test(faults, events_may_name_nodes)
{
    uint64_t tried = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct rig *rig = rig_new(RAFT(""), seed, NULL);
        uint32_t leader = rig_find_leader(rig);
        rig_free(rig);
        if (leader != 2) {
            continue;
        }
        tried++;
        check_event("'leader_elected': 2", "", 0, is_two_elected, seed);
        check_event("'received': 'append_request', 'from': 2, 'to': 3", "", 0,
                    is_received, seed);
    }
    cr_expect_gt(tried, 0);
}

/* What was reached before a step's turn need not be reached again: such a step
 * happens at once, and no other does. */
Test(faults, what_is_reached_stays_reached)
{
    static const struct {
        const char *when;
        uint64_t at_us; /* 9 s: never */
    } list[] = {
        {"'committed': 5", 2 * S},
        {"'committed': 5, 'node': 2", 2 * S},
        {"'stored': 5, 'node': 2", 2 * S},
        {"'term_reached': 1", 2 * S},
        {"'committed': 1000000", 9 * S},
        {"'stored': 1000000, 'node': 2", 9 * S},
        {"'term_reached': 1000000", 9 * S},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'duration': '10s', 'workload':"
                 " {'stop': '1s'}, 'faults': [{'at': '2s', " MARK(
                     2) "}, {'when': {%s}, " MARK(1) "}]}",
                 list[i].when);
        struct rig *rig = rig_new(text, 1, NULL);
        cr_expect_eq(time_of_mark(rig, 1, 9 * S), list[i].at_us, "%s",
                     list[i].when);
        rig_free(rig);
    }
}

/* A lonely leader writes entries, and no more votes. */
Test(faults, writing_tells_votes_from_entries)
{
    struct rig *rig = rig_new(
        "{'description': 'x', 'nodes': 1, 'duration': '10s', 'faults': ["
        "{'when': {'committed': 5}, 'clock': {'nodes': 1, 'rate': '1ppm'}},"
        "{'when': {'writing': 1, 'what': 'vote'}, 'crash': 1}]}",
        1, NULL);
    rig_run_until(rig, 2 * S);
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 1);
    cr_expect_gt(rig->cluster->committed, 50);
    rig_free(rig);
}

/* A term that a node brings from its disk is reached when it starts. */
Test(faults, a_term_from_the_disk_counts)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 1, 'duration': '10s',"
                " 'initial': [{'node': 1, 'term': 8, 'log': [1, 8]}],"
                " 'faults': [{'when': {'term_reached': 8}, " MARK(1) "}]}",
                1, NULL);
    rig_run_until(rig, 50 * MS); /* before the first election */
    cr_expect_eq(sim_faults_count(rig->faults), 1);
    rig_free(rig);
    rig = rig_new(RAFT("{'at': '1s', 'crash': 'all'},"
                       "{'when': {'term_reached': 1}, " MARK(
                           1) "},"
                              "{'at': '2s', 'restart': 'all'}"),
                  1, NULL);
    cr_expect_leq(time_of_mark(rig, 1, 9 * S), 2 * S);
    rig_free(rig);
}

/* --- steps that wait, and steps that never happen ------------------------- */

Test(faults, a_step_waits_for_its_target)
{
    struct rig *rig = rig_new(RAFT("{'at': '0s', 'pause': 'leader'},"
                                   "{'after': '1s', " MARK(1) "}"),
                              1, NULL);
    uint32_t leader = rig_find_leader(rig);
    uint64_t elected_us = rig->cluster->now_us;
    cr_expect(rig->cluster->machines[leader].paused);
    cr_expect_eq(time_of_mark(rig, 1, 9 * S), elected_us + 1 * S);
    rig_free(rig);
}

Test(faults, several_steps_may_wait_for_the_same_target)
{
    struct rig *rig =
        rig_new(RAFT("{'at': '0s', 'cut': {'from': 'leader', 'to': 'rest'},"
                     " 'optional': true}, {'at': '1ms', 'pause': 'leader'}"),
                1, NULL);
    uint32_t leader = rig_find_leader(rig);
    cr_expect(rig->cluster->machines[leader].paused);
    cr_expect_eq(rig_open_links(rig, leader), 0);
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 2);
    rig_free(rig);
}

/* The candidate is there first; the other step goes on waiting. */
Test(faults, steps_may_wait_for_different_targets)
{
    struct rig *rig =
        rig_new(RAFT("{'at': '0s', 'expire_timer': 'leader'},"
                     "{'at': '0s', 'expire_timer': 'a candidate'}"),
                1, NULL);
    rig_run_until(rig, 2 * S);
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 2);
    rig_free(rig);
}

Test(faults, steps_that_never_happened_fail_the_run)
{
    struct sim_result result = harness_run(
        "{'description': 'x', 'duration': '1s', 'faults': ["
        "{'at': '100ms', 'propose': {'to': 1, 'key': 'a', 'value': 'b'}},"
        "{'when': {'term_reached': 1000}, 'crash': 1},"
        "{'after': '1ms', 'crash': 'leader', 'optional': true},"
        "{'after': '1ms', 'restart': 'a node'},"
        "{'at': '200ms', 'resume': 'a node'}]}",
        1, NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
    cr_expect_not(result.violated);
    cr_expect_eq(result.n_unmet, 3);
    cr_expect(harness_unmet(&result, "/faults/1"));
    cr_expect_not(harness_unmet(&result, "/faults/2"));
    cr_expect(harness_unmet(&result, "/faults/3"));
    cr_expect(harness_unmet(&result, "/faults/4"));
}

/* What comes during a wish is over when the wish has come true. */
Test(faults, a_step_that_waits_in_vain_says_for_what_and_since_when)
{
#define DURING(steps)                                                          \
    "{'description': 'x', 'nodes': 5, 'duration': '4s', 'members': [1, 2, 3]," \
    " 'faults': [" steps "]}"
    static const struct {
        const char *text, *pointer, *words[3];
    } cases[] = {
        {DURING("{'at': '1s', 'members': [1, 4, 5]}, {'when': {'configured':"
                " 'any', 'joint': true}, 'crash': 3}"),
         "/faults/1",
         {"it waits since 1.",
          " s for {\"configured\": \"any\", \"joint\": true}",
          " s, while a step above held the script"}},
        {DURING("{'at': '1s', 'remove': 3}, {'when': {'term_reached': 1000,"
                " 'node': 2}, 'crash': 3}"),
         "/faults/1",
         {"it waits since 1.", " s for {\"term_reached\": 1000, \"node\": 2}",
          NULL}},
        {DURING("{'at': '1s', 'remove': 3}, {'when': {'restored': 5},"
                " 'optional': true, 'crash': 3}, {'when': {'committed': 20},"
                " 'crash': 2}"),
         "/faults/2",
         {"it waits for /faults/1, then for {\"committed\": 20}, which was so",
          NULL, NULL}},
        {DURING("{'when': {'term_reached': 1000}, 'optional': true,"
                " 'crash': 3}, {'after': '1s', 'crash': 2}"),
         "/faults/1",
         {"never happened: it waits for /faults/0", NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_result result = harness_run(cases[i].text, 1, NULL);
        cr_assert_eq(result.n_unmet, 1, "case %zu: %u", i,
                     (unsigned)result.n_unmet);
        const char *text = result.unmet[0].text;
        cr_expect_str_eq(result.unmet[0].pointer, cases[i].pointer);
        for (size_t w = 0; w < 3 && cases[i].words[w] != NULL; w++) {
            cr_expect_not_null(strstr(text, cases[i].words[w]), "%s", text);
        }
        bool missed = strstr(text, "which was so") != NULL;
        cr_expect_eq(missed, i == 0 || i == 2, "%s", text);
    }
}

/* Which stands above the wish. */
Test(faults, a_step_that_stands_above_a_wish_sees_what_comes_of_it)
{
    struct sim_result result = harness_run(
        DURING("{'when': {'configured': 'any', 'joint': true}, 'crash': 3},"
               " {'at': '1s', 'members': [1, 2, 4, 5]}"),
        1, NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_expect_eq(result.crashes, 1);
    cr_expect_eq(result.faults, 1, "a wish is no fault");
    cr_expect_eq(result.wishes, 1);
    cr_expect_eq(result.wishes_true, 1);
    cr_expect_eq(result.wishes_refused, 0);
}

Test(faults, a_refused_wish_of_a_nemesis_is_counted_apart)
{
    struct sim_result result = harness_run(
        "{'description': 'x', 'nodes': 3, 'duration': '1s', 'nemeses':"
        " [{'every': '300ms', 'add': 1, 'as': 'witness'}]}",
        1, NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_expect_eq(result.faults, 0);
    cr_expect_eq(result.wishes, 3);
    cr_expect_eq(result.wishes_true, 0);
    cr_expect_gt(result.wishes_refused, 0);
}

Test(faults, an_optional_step_may_never_happen)
{
    struct sim_result result =
        harness_run("{'description': 'x', 'duration': '1s', 'faults': ["
                    "{'at': '200ms', 'resume': 'a node', 'optional': true}]}",
                    1, NULL);
    cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_expect_eq(result.n_unmet, 0);
    cr_expect_eq(result.faults, 0);
}

/* A number beyond the cluster that was drawn names nobody. */
Test(faults, a_step_for_a_node_that_was_not_drawn_never_happens)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct sim_result result = harness_run(
            "{'description': 'x', 'duration': '1s', 'nodes': {'one_of':"
            " [3, 5]}, 'faults': [{'at': '200ms', 'crash': 5, 'for': '1ms',"
            " 'optional': true}]}",
            seed, NULL);
        cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
        cr_expect_eq(result.faults, result.crashes);
    }
}

/* --- who did it ----------------------------------------------------------- */

/* Lines end with the step or nemesis that did it, at its end too; one that ends
 * the works of others is named instead of them. */
Test(faults, are_told_with_their_place_in_the_scenario)
{
    static const char *const lines[] = {
        "[   0.100000] -- pause: node 2 (/faults/0)\n",
        "[   0.200000] -- resume: node 2 (/faults/0)\n",
        "[   0.300000] -- crash: node 1, follower of term 0 (/faults/1)\n",
        "[   0.350000] -- cut: 2 2->1 (/faults/2)\n",
        "[   0.360000] -- end of cut: 2 2->1 (/faults/2)\n",
        "[   0.400000] -- disk: 1 (/faults/3)\n",
        "[   0.500000] -- heal: all (/faults/4)\n",
        "[   0.500000] -- end of disk: 1 (/faults/4)\n",
        "[   0.500000] -- restart: node 1 (/faults/4)\n",
        "[   0.040000] -- clock: 1 (/nemeses/1)\n",
        "[   0.045000] -- end of clock: 1 (/nemeses/1)\n",
    };
    struct rig *rig = rig_new(
        ECHO("'nodes': 2, 'faults': ["
             "{'at': '100ms', 'pause': 2, 'for': '100ms'},"
             "{'at': '300ms', 'crash': 1},"
             "{'at': '350ms', 'cut': {'from': 2, 'to': 1}, 'for': '10ms'},"
             "{'at': '400ms', 'disk': {'nodes': 1, 'full': true}},"
             "{'at': '500ms', 'heal': 'all'}],"
             "'nemeses': [{'every': '1s', 'until': '1ms', 'crash': 1},"
             "{'every': '40ms', 'until': '60ms', 'for': '5ms',"
             " 'clock': {'nodes': 1, 'rate': '10%'}}]"),
        1, &echo_node_type);
    rig_run_until(rig, 1 * S);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_expect_not_null(strstr(rig->trace.text, lines[i]), "%s in\n%s",
                           lines[i], rig->trace.text);
    }
    rig_free(rig);
}

/* The end of the scenario is no step of it, and ends what they did. */
Test(faults, what_ends_with_the_scenario_has_no_place_in_it)
{
    struct rig *rig = rig_new(
        "{'description': 'x', 'duration': '1s', 'workload': {'clients': 0},"
        " 'nodes': 2, 'faults': [{'at': '500ms', 'crash': 2}]}",
        1, &echo_node_type);
    rig_run_until(rig, 1 * S);
    sim_faults_end(rig->faults);
    cr_expect_not_null(
        strstr(rig->trace.text, "[   1.000000] -- restart: node 2\n"));
    rig_free(rig);
}

/* --- nemeses -------------------------------------------------------------- */

/* The times, in milliseconds, at which node 1 was paused, or resumed. */
static void check_times(const struct rig *rig, const char *what,
                        const char *wanted)
{
    char found[256] = "";
    const char *line = rig->trace.text;
    while (line != NULL && (line = strstr(line, what)) != NULL) {
        const char *start = line;
        while (start[-1] != '[') {
            start--;
        }
        size_t used = strlen(found);
        cr_assert_lt(used, sizeof found - 20);
        snprintf(found + used, sizeof found - used, "%.*s ", 8,
                 start + strspn(start, " "));
        line++;
    }
    cr_expect_str_eq(found, wanted, "%s at %s, not at %s", what, found, wanted);
}

#define NEMESIS(rest)                                                          \
    ECHO("'nemeses': [{'pause': 1, 'every': '10ms', " rest "}]")

Test(faults, nemeses_keep_to_their_times)
{
    static const struct {
        const char *text, *paused, *resumed;
    } list[] = {
        {NEMESIS("'for': '2ms', 'until': '35ms'"),
         "0.010000 0.020000 0.030000 ", "0.012000 0.022000 0.032000 "},
        {NEMESIS("'for': '2ms', 'from': '15ms', 'until': '40ms'"),
         "0.025000 0.035000 ", "0.027000 0.037000 "},
        {NEMESIS("'for': '2ms', 'until': '30ms'"), "0.010000 0.020000 ",
         "0.012000 0.022000 "},
        {NEMESIS("'until': '50ms'"), "0.010000 ", ""},
        {NEMESIS("'for': '12ms', 'until': '15ms'"), "0.010000 ", "0.022000 "},
        {NEMESIS("'for': '2ms', 'until': '10ms'"), "", ""},
        {NEMESIS("'for': '2ms', 'chance': 0"), "", ""},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct rig *rig = rig_new(list[i].text, 1, &echo_node_type);
        rig_run_until(rig, 200 * MS);
        check_times(rig, "-- pause: node 1", list[i].paused);
        check_times(rig, "-- resume: node 1", list[i].resumed);
        rig_free(rig);
    }
}

Test(faults, chance_leaves_a_nemesis_out_of_some_seeds)
{
    uint32_t with = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct rig *rig = rig_new(NEMESIS("'until': '50ms', 'chance': '50%'"),
                                  seed, &echo_node_type);
        bool calm = sim_faults_is_calm(rig->faults);
        rig_run_until(rig, 60 * MS);
        cr_expect_eq(calm, sim_faults_count(rig->faults) == 0);
        with += !calm;
        rig_free(rig);
    }
    cr_expect(with > 10 && with < 50, "%u", with);
}

/* A missing target skips a turn, and counts as none. */
Test(faults, a_nemesis_without_target_skips_a_turn)
{
    struct rig *rig = rig_new(
        ECHO("'nemeses': [{'resume': 'a node', 'every': '10ms', 'until':"
             " '45ms'}], 'faults': [{'at': '25ms', 'pause': 1}]"),
        1, &echo_node_type);
    rig_run_until(rig, 100 * MS);
    cr_expect_eq(sim_faults_count(rig->faults), 2);
    check_times(rig, "-- resume: node 1", "0.030000 ");
    cr_expect(sim_faults_is_calm(rig->faults));
    rig_free(rig);
}

Test(faults, heal_all_ends_all_nemeses)
{
    static const char *const heals[] = {
        ECHO("'nemeses': [{'pause': 1, 'every': '10ms'}],"
             "'faults': [{'at': '25ms', 'heal': 'all'}]"),
        ECHO("'nemeses': [{'pause': 1, 'every': '10ms'},"
             "{'heal': 'all', 'every': '25ms'}]"),
    };
    for (size_t i = 0; i < 2; i++) {
        struct rig *rig = rig_new(heals[i], 1, &echo_node_type);
        rig_run_until(rig, 24 * MS);
        cr_expect_not(sim_faults_is_calm(rig->faults));
        rig_run_until(rig, 200 * MS);
        cr_expect_not(rig->cluster->machines[1].paused, "%s", heals[i]);
        cr_expect(sim_faults_is_calm(rig->faults), "%s", heals[i]);
        rig_free(rig);
    }
}

Test(faults, heal_network_ends_no_nemesis)
{
    struct rig *rig =
        rig_new(ECHO("'nemeses': [{'pause': 1, 'every': '10ms', 'for': '1ms'}],"
                     "'faults': [{'at': '15ms', 'heal': 'network'}]"),
                1, &echo_node_type);
    rig_run_until(rig, 25 * MS);
    check_times(rig, "-- pause: node 1", "0.010000 0.020000 ");
    rig_free(rig);
}

/* Each has a stream of its own: one more moves no other. */
Test(faults, one_more_nemesis_moves_nothing_elsewhere)
{
#define FIRST                                                                  \
    "{'disk': {'nodes': 'a node', 'fsync': '1ms'}, 'every': {'exponential':"   \
    " '10ms'}, 'until': '1s', 'for': {'exponential': '5ms'}}"
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct rig *a =
            rig_new(ECHO("'nemeses': [" FIRST "]"), seed, &echo_node_type);
        struct rig *b = rig_new(
            ECHO("'nemeses': [" FIRST ", {'clock': {'nodes': 'a node', 'rate':"
                 "'1%'}, 'every': {'exponential': '10ms'}, 'chance': 0}]"),
            seed, &echo_node_type);
        rig_run_until(a, 500 * MS);
        rig_run_until(b, 500 * MS);
        cr_expect_gt(sim_faults_count(a->faults), 20);
        cr_expect_str_eq(a->trace.text, b->trace.text);
        rig_free(a);
        rig_free(b);
    }
}

/* --- calm ----------------------------------------------------------------- */

Test(faults, calm_means_no_damage_and_all_machines_running)
{
    static const struct {
        const char *step;
        bool calm_in, calm_after;
    } list[] = {
        {"'crash': 1, 'for': '10ms'", false, true},
        {"'pause': 1, 'for': '10ms'", false, true},
        {"'crash': 1", false, false},
        {"'isolate': 1, 'for': '10ms'", false, true},
        {"'isolate': 1", false, false},
        {"'clog': {'from': 1, 'to': 2}, 'for': '10ms'", false, true},
        {"'disk': {'nodes': 1, 'fsync': '1s'}, 'for': '10ms'", false, true},
        {"'clock': {'nodes': 1, 'rate': '1%'}, 'for': '10ms'", false, true},
        {"'clock': {'nodes': 1, 'jump': '1s'}", true, true},
        {"'expire_timer': 1", true, true},
        {"'cut': {'from': [1, 2], 'to': [1, 2], 'both_ways': true},"
         " 'for': '10ms'",
         false, true},
        {"'restart': 1", true, true},
        {"'heal': 'all'", true, true},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 ECHO("'faults': [{'at': '10ms', %s}, {'at': '9s',"
                      "'crash': 1}]"),
                 list[i].step);
        struct rig *rig = rig_new(text, 1, &echo_node_type);
        cr_expect(sim_faults_is_calm(rig->faults));
        rig_run_until(rig, 15 * MS);
        cr_expect_eq(sim_faults_is_calm(rig->faults), list[i].calm_in, "%s",
                     list[i].step);
        rig_run_until(rig, 25 * MS);
        cr_expect_eq(sim_faults_is_calm(rig->faults), list[i].calm_after, "%s",
                     list[i].step);
        rig_free(rig);
    }
}

/* --- members and snapshots ------------------------------------------------ */

#define RULED                                                                  \
    "{'description': 'x', 'nodes': 4, 'duration': '100s', 'members': [1, 2],"  \
    " 'raft': {'catch_up': false}, 'disk': {'write': '0us', 'fsync': '1ms'},"  \
    " 'workload': {'clients': 0}, 'faults': [{'when': %s, 'pause': 4},"        \
    " {'at': '99s', 'add': 3}, {'at': '99s', 'members': [1, 2, 3, 4]},"        \
    " {'at': '99s', 'compact': 1}]}"

/* Which of the three (one more voter, two more, a snapshot) the first step of
 * the script sees: a bit each. */
static unsigned what_it_sees(const char *when)
{
    unsigned seen = 0;
    for (uint32_t place = 1; place <= 3; place++) {
        char text[600];
        snprintf(text, sizeof text, RULED, when);
        struct rig *rig = rig_new(text, 1, &ruler_node_type);
        rig_ask(rig, 1, SIM_REQUEST_COMMAND, "k", "v");
        rig_run_until(rig, 10000);
        cr_assert(!rig->cluster->machines[4].paused, "%s too early", when);
        cr_assert(rig_do(rig, place));
        rig_run_until(rig, 20000);
        seen |= rig->cluster->machines[4].paused ? 1u << place : 0;
        rig_free(rig);
    }
    return seen;
}

Test(faults, waits_for_members_and_snapshots)
{
    static const struct {
        const char *when;
        unsigned seen;
    } cases[] = {
        {"{'configured': 'any'}", 1u << 1 | 1u << 2},
        {"{'configured': 1}", 1u << 1 | 1u << 2},
        {"{'configured': 2}", 0},
        {"{'configured': 'any', 'joint': true}", 1u << 2},
        {"{'writing': 1, 'what': 'snapshot'}", 1u << 3},
        {"{'restored': 'any'}", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(what_it_sees(cases[i].when), cases[i].seen, "%s: %x",
                     cases[i].when, what_it_sees(cases[i].when));
    }
}

/* A restart restores as well, but that is no event. */
Test(faults, waits_for_a_state_that_is_taken_over)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 3, 'duration': '100s',"
                " 'workload': {'clients': 0}, 'faults': [{'when': {'restored':"
                " 2}, 'pause': 3}]}",
                1, &ruler_node_type);
    struct sim_output restore = {.kind = SIM_OUTPUT_RESTORE};
    sim_cluster_crash(rig->cluster, 2, SIM_UNFINISHED_LOST);
    sim_cluster_start(rig->cluster, 2);
    rig_ruler(rig, 1)->extra = &restore;
    rig_run_until(rig, 100000);
    cr_expect(!rig->cluster->machines[3].paused);
    rig_ruler(rig, 2)->extra = &restore;
    rig_run_until(rig, 200000);
    cr_expect(rig->cluster->machines[3].paused);
    rig_free(rig);
}

/* The first start of a node is none, nor is a crash alone. */
Test(faults, waits_for_a_restart)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 3, 'duration': '100s',"
                " 'workload': {'clients': 0}, 'faults': [{'when': {'restarted':"
                " 2}, 'pause': 3}]}",
                1, &ruler_node_type);
    sim_cluster_crash(rig->cluster, 1, SIM_UNFINISHED_LOST);
    sim_cluster_start(rig->cluster, 1);
    sim_cluster_crash(rig->cluster, 2, SIM_UNFINISHED_LOST);
    rig_run_until(rig, 100000);
    cr_expect(!rig->cluster->machines[3].paused);
    sim_cluster_start(rig->cluster, 2);
    rig_run_until(rig, 200000);
    cr_expect(rig->cluster->machines[3].paused);
    rig_free(rig);
}
