/* Disks that fail or rot: what machines make of it, and when all is well again.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim_harness.h"

#define MS UINT64_C(1000)

/* The steps are done by hand: their own time is the end. */
#define CLUSTER(n, more, steps)                                                \
    "{'description': 'x', 'nodes': " #n ", 'duration': '100s',"                \
    " 'network': {'delay': '1ms'}, 'disk': {'fsync': '2ms'}," more             \
    " 'faults': [" steps "]}"
#define STEP(action) "{'at': '100s', " action "}"
#define QUIET "'workload': {'clients': 0},"
#define PROPOSE(node)                                                          \
    STEP("'propose': {'to': " #node ", 'key': 'k', 'value': 'v'}")

static struct sim_machine *machine(const struct rig *rig, uint32_t node)
{
    return &rig->cluster->machines[node];
}

static bool is_up(const struct rig *rig, uint32_t node)
{
    return sim_cluster_is_up(rig->cluster, node);
}

/* --- writes that fail ----------------------------------------------------- */

static void run_until_down(struct rig *rig, uint32_t node)
{
    while (is_up(rig, node)) {
        rig_step(rig);
    }
}

Test(cluster_disks, a_failed_write_takes_the_machine_down)
{
    static const char *const disks[] = {"'full': true", "'fsync_errors': 1"};
    for (size_t i = 0; i < 2; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 CLUSTER(3, "",
                         STEP("'disk': {'nodes': 'leader', %s},"
                              " 'for': '500ms'")),
                 disks[i]);
        struct rig *rig = rig_new(text, 3, NULL);
        uint32_t leader = rig_find_leader(rig);
        uint64_t until_us = rig->cluster->now_us + 500 * MS;
        uint64_t crashes = rig->cluster->crashes;
        cr_assert(rig_do(rig, 0));
        run_until_down(rig, leader);
        cr_assert(machine(rig, leader)->stopped);
        cr_assert_eq(rig->cluster->write_errors, 1);
        cr_assert_eq(rig->cluster->crashes, crashes);
        cr_assert_eq(machine(rig, leader)->sends_count, 0);
        cr_assert_not(sim_disk_has_unfinished(machine(rig, leader)->disk));
        cr_assert_not(sim_cluster_is_whole(rig->cluster));
        rig_run_until(rig, until_us - 1);
        cr_assert_not(is_up(rig, leader));
        cr_assert_neq(rig->cluster->leader, leader);
        rig_run_until(rig, until_us);
        cr_assert(is_up(rig, leader), "with the end of the damage");
        cr_assert_not(machine(rig, leader)->stopped);
        rig_run_until(rig, until_us + 1000 * MS);
        cr_assert_eq(rig->cluster->write_errors, 1);
        rig_free(rig);
    }
}

Test(cluster_disks, who_starts_on_a_full_disk_fails_at_its_first_write)
{
    struct rig *rig =
        rig_new(CLUSTER(3, "",
                        STEP("'disk': {'nodes': 'all', 'full': true}") "," STEP(
                            "'restart': 'crashed'") "," STEP("'heal': 'all'")),
                3, NULL);
    rig_find_leader(rig);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, rig->cluster->now_us + 2000 * MS);
    uint64_t errors = rig->cluster->write_errors;
    cr_assert_geq(errors, 2);
    cr_assert_eq(rig->cluster->leader, SIM_NONE);
    uint64_t committed = rig->cluster->committed;
    cr_assert(rig_do(rig, 1));
    cr_assert(sim_cluster_is_whole(rig->cluster));
    rig_run_until(rig, rig->cluster->now_us + 2000 * MS);
    cr_assert_gt(rig->cluster->write_errors, errors);
    cr_assert_eq(rig->cluster->committed, committed);
    cr_assert(rig_do(rig, 2));
    cr_assert(sim_cluster_is_whole(rig->cluster), "heal starts them");
    rig_run_until(rig, rig->cluster->now_us + 2000 * MS);
    cr_assert_gt(rig->cluster->committed, committed);
    rig_free(rig);
}

/* It comes back when the last that holds it down has ended. */
Test(cluster_disks, other_damage_keeps_it_down)
{
#define FULL_FOR(time)                                                         \
    STEP("'disk': {'nodes': 1, 'full': true}, 'for': '" time "'")
    static const struct {
        const char *text;
        uint64_t back_ms;
    } list[] = {
        {CLUSTER(1, QUIET, PROPOSE(1) "," FULL_FOR("50ms")), 50},
        {CLUSTER(1, QUIET,
                 PROPOSE(1) "," FULL_FOR("50ms") "," FULL_FOR("80ms")),
         80},
        {CLUSTER(1, QUIET,
                 PROPOSE(1) "," FULL_FOR("90ms") "," FULL_FOR("50ms")),
         90},
        {CLUSTER(1, QUIET,
                 PROPOSE(1) "," FULL_FOR("50ms") "," STEP(
                     "'disk': {'nodes': 1, 'fsync': '3ms'}, 'for': '90ms'")),
         50},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct rig *rig = rig_new(list[i].text, 1, &echo_node_type);
        uint64_t from_us = rig->cluster->now_us;
        for (uint32_t step = 0; step < rig->scenario->n_faults; step++) {
            cr_assert(rig_do(rig, step));
        }
        run_until_down(rig, 1);
        rig_run_until(rig, from_us + list[i].back_ms * MS - 1);
        cr_expect_not(is_up(rig, 1), "case %zu", i);
        rig_run_until(rig, from_us + list[i].back_ms * MS);
        cr_expect(is_up(rig, 1), "case %zu", i);
        rig_free(rig);
    }
}

Test(cluster_disks, a_crash_keeps_it_down)
{
    struct rig *rig = rig_new(CLUSTER(1, QUIET,
                                      PROPOSE(1) "," FULL_FOR("50ms") "," STEP(
                                          "'crash': 1, 'for': '90ms'")),
                              1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    run_until_down(rig, 1);
    uint64_t down_us = rig->cluster->now_us;
    rig_do(rig, 2);
    rig_run_until(rig, down_us + 90 * MS - 1);
    cr_expect_not(is_up(rig, 1));
    rig_run_until(rig, down_us + 90 * MS);
    cr_expect(is_up(rig, 1));
    rig_free(rig);
}

/* The echo node cannot be told that a write failed: its machine stops with it,
 * and nothing that waited for the write left. */
Test(cluster_disks, a_node_that_is_not_told_stops_too)
{
    struct rig *rig = rig_new(
        CLUSTER(2, QUIET, PROPOSE(1) "," FULL_FOR("50ms")), 1, &echo_node_type);
    cr_assert_not(sim_cluster_can(rig->cluster, SIM_FEATURE_DISK_ERRORS));
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    while (machine(rig, 1)->sends_count == 0) {
        rig_step(rig);
    }
    const struct echo_node *echo = rig_echo(rig, 1);
    size_t n_inputs = echo->n_inputs;
    uint64_t steps = rig->cluster->step;
    while (rig->cluster->write_errors == 0) {
        cr_assert_eq(rig_echo(rig, 1), echo);
        n_inputs = echo->n_inputs;
        steps = rig->cluster->step;
        rig_step(rig);
    }
    cr_assert_gt(n_inputs, 0);
    cr_assert_eq(rig->cluster->step, steps, "no step for it");
    cr_assert_not(is_up(rig, 1));
    cr_assert_eq(machine(rig, 1)->sends_count, 0);
    rig_free(rig);
}

/* --- what a crash leaves -------------------------------------------------- */

Test(cluster_disks, crashes_leave_what_the_disks_say_or_the_step)
{
    static const char *const usual[] = {"random", "lost", "kept", "any order",
                                        "torn"};
    static const unsigned can_be[] = {3, 1, 2, 3, 1};
    for (size_t i = 0; i < 5; i++) {
        unsigned seen = 0;
        for (uint64_t seed = 1; seed <= 60; seed++) {
            char text[512];
            snprintf(text, sizeof text,
                     "{'description': 'x', 'nodes': 1, 'workload': {'clients':"
                     " 0}, 'disk': {'fsync': '2ms', 'unfinished_writes': '%s'},"
                     " 'faults': [" PROPOSE(1) "," STEP(
                         "'crash': 1") "],"
                                       " 'duration': '100s'}",
                     usual[i]);
            struct rig *rig = rig_new(text, seed, &echo_node_type);
            cr_assert(rig_do(rig, 0));
            while (!sim_disk_has_unfinished(machine(rig, 1)->disk)) {
                rig_step(rig);
            }
            cr_assert(rig_do(rig, 1));
            seen |= sim_disk_tip(machine(rig, 1)->disk) == SIM_ROOT ? 1u : 2u;
            rig_free(rig);
        }
        cr_expect_eq(seen, can_be[i], "%s: %u", usual[i], seen);
    }
}

/* --- rot ------------------------------------------------------------------ */

#define CORRUPT(who) STEP("'corrupt': " #who ", 'what': 'snapshot'")
#define CORRUPT_BEYOND(who)                                                    \
    STEP("'corrupt': " #who ", 'what': 'snapshot', 'beyond': true")

Test(cluster_disks, enough_sound_disks_are_left)
{
    static const struct {
        const char *text;
        bool happens[6];
    } list[] = {
        {CLUSTER(5, QUIET,
                 CORRUPT(1) "," CORRUPT(2) "," CORRUPT(3) "," CORRUPT_BEYOND(
                     3) "," CORRUPT_BEYOND(4)),
         {true, true, false, true, true}},
        {CLUSTER(4, QUIET, CORRUPT(4) "," CORRUPT(3)), {true, false}},
        {CLUSTER(1, QUIET, CORRUPT(1) "," CORRUPT_BEYOND(1)), {false, true}},
        /* a learner */
        {CLUSTER(3, QUIET "'members': [1, 2, {'node': 3, 'as': 'learner'}],",
                 CORRUPT(1) "," CORRUPT(3)),
         {false, true}},
        /* a witness holds no commands */
        {CLUSTER(3, QUIET "'members': [1, 2, {'node': 3, 'as': 'witness'}],",
                 CORRUPT(1) "," CORRUPT(2) "," CORRUPT(3)),
         {false, false, true}},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct rig *rig = rig_new(list[i].text, 1, NULL);
        for (uint32_t step = 0; step < rig->scenario->n_faults; step++) {
            const struct sim_fault *fault = &rig->scenario->faults[step];
            cr_expect_eq(
                sim_damage_do(rig->damages, &fault->action, &rig->prng, NULL),
                list[i].happens[step] ? SIM_DAMAGE_DONE : SIM_DAMAGE_NO_EFFECT,
                "case %zu, step %u", i, step);
        }
        rig_free(rig);
    }
}

/* While the members change, every log counts: the leader of two, cut off, has
 * itself as the only member in its log, and the other has both. */
Test(cluster_disks, disks_count_by_every_log)
{
    struct rig *rig = rig_new(
        CLUSTER(2, QUIET "'raft': {'check_quorum': false},",
                STEP("'isolate': 'leader'") "," STEP(
                    "'remove': 'a follower'") "," STEP("'corrupt': 'a node', "
                                                       "'what': 'snapshot'")),
        1, NULL);
    uint32_t leader = rig_find_leader(rig);
    rig_run_until(rig, rig->cluster->now_us + 500 * MS);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    rig_run_until(rig, rig->cluster->now_us + 50 * MS);
    cr_assert_eq(rig->cluster->leader, leader);
    const struct sim_configuration *members = sim_cluster_members(rig->cluster);
    cr_assert_eq(sim_set_count(&members->voters), 1);
    cr_assert_eq(sim_set_count(&machine(rig, 3 - leader)->members.voters), 2);
    for (int i = 0; i < 20; i++) {
        rig_do(rig, 2);
        cr_assert(sim_disk_is_sound(machine(rig, 1)->disk));
        cr_assert(sim_disk_is_sound(machine(rig, 2)->disk));
    }
    rig_free(rig);
}

Test(cluster_disks, who_finds_rot_stays_down_for_good)
{
    struct rig *rig =
        rig_new(CLUSTER(3, "",
                        STEP("'corrupt': 2") "," STEP("'crash': 2") "," STEP(
                            "'restart': 2") "," STEP("'heal': 'all'")),
                1, NULL);
    rig_find_leader(rig);
    rig_run_until(rig, rig->cluster->now_us + 1000 * MS);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, rig->cluster->now_us + 1000 * MS);
    cr_assert(is_up(rig, 2), "nobody has read it back");
    cr_assert(rig_do(rig, 1));
    cr_assert_not(sim_cluster_is_whole(rig->cluster));
    cr_assert_eq(rig->cluster->n_refused, 0);
    for (int i = 0; i < 2; i++) {
        cr_assert_not(sim_cluster_start(rig->cluster, 2));
        cr_assert_eq(rig->cluster->n_refused, 1);
        cr_assert(machine(rig, 2)->refused);
        cr_assert_not(is_up(rig, 2));
        cr_assert(sim_cluster_is_whole(rig->cluster));
    }
    rig_do(rig, 3);
    cr_assert_not(is_up(rig, 2));
    cr_assert_eq(rig->cluster->n_refused, 1);
    rig_free(rig);
}

Test(cluster_disks, without_a_majority_all_is_never_well)
{
    struct rig *rig = rig_new(
        CLUSTER(
            5, QUIET,
            CORRUPT_BEYOND(1) "," CORRUPT_BEYOND(2) "," CORRUPT_BEYOND(3) "," STEP(
                "'crash': 'all'") "," STEP("'restart': [1, 4, "
                                           "5]") "," STEP("'res"
                                                          "tart"
                                                          "': "
                                                          "2") "," STEP("'res"
                                                                        "tart"
                                                                        "': "
                                                                        "3")),
        1, NULL);
    for (uint32_t step = 0; step < 5; step++) {
        cr_assert(rig_do(rig, step));
    }
    cr_assert_eq(rig->cluster->n_refused, 1);
    cr_assert_not(sim_cluster_is_whole(rig->cluster), "two are just down");
    rig_do(rig, 5);
    cr_assert_eq(rig->cluster->n_refused, 2);
    cr_assert_not(sim_cluster_is_whole(rig->cluster), "one is just down");
    rig_do(rig, 6);
    cr_assert_eq(rig->cluster->n_refused, 3);
    cr_assert_eq(rig->cluster->n_running, 2);
    cr_assert_not(sim_cluster_is_whole(rig->cluster), "three are gone");
    rig_free(rig);
}

/* --- whole runs ----------------------------------------------------------- */

/* Progress is awaited without those that are gone, while they are few. */
Test(cluster_disks, progress_waits_for_nobody_who_is_gone)
{
    struct harness_options options = {.type = NULL};
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_result result = harness_run(
            "{'description': 'x', 'nodes': 5, 'duration': '5s', 'faults': ["
            "{'at': '1s', 'corrupt': [1, 2]},"
            "{'at': '1500ms', 'crash': 'all', 'for': '100ms'}],"
            "'expect': {'refused_starts_at_least': 2,"
            "           'during': [{'from': '2500ms', 'commits_at_least': 5}]}"
            "}",
            seed, &options);
        cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s %s",
                     result.violation.text, result.unmet[0].text);
        cr_assert_eq(result.refused_starts, 2);
        cr_assert_geq(result.evaluated[SIM_PROGRESS], 2);
    }
}

/* Nor does who was removed, with a log in which they still vote. */
Test(cluster_disks, progress_is_awaited_whatever_a_former_member_remembers)
{
    struct sim_result result = harness_run(
        "{'description': 'x', 'nodes': 6, 'duration': '6s', 'members': [1, 2, "
        "3,"
        " {'node': 4, 'as': 'learner'}, {'node': 5, 'as': 'learner'},"
        " {'node': 6, 'as': 'learner'}], 'faults': ["
        "{'at': '1s', 'corrupt': [4, 5, 6], 'what': 'hard_state'},"
        "{'at': '1500ms', 'promote': [4, 5, 6]},"
        "{'after': '500ms', 'isolate': 3}, {'after': '10ms', 'members': [1, "
        "2]},"
        "{'after': '100ms', 'crash': [4, 5, 6], 'for': '100ms'},"
        "{'after': '200ms', 'heal': 'network'}],"
        "'expect': {'refused_starts_at_least': 3}}",
        1, NULL);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s %s",
                 result.violation.text, result.unmet[0].text);
    cr_assert_gt(result.time_us, 6000000, "there is a last wait");
}

/* And not at all where no majority is left; nobody leads, nothing is said. */
Test(cluster_disks, no_progress_is_expected_without_a_majority)
{
    struct harness_options options = {.type = NULL};
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_result result = harness_run(
            "{'description': 'x', 'nodes': 5, 'duration': '5s', 'faults': ["
            "{'at': '1s', 'corrupt': [1, 2, 3], 'beyond': true},"
            "{'at': '1500ms', 'crash': 'all', 'for': '100ms'}],"
            "'expect': {'refused_starts_at_least': 3, 'leader': 'none',"
            "           'during': [{'from': '1600ms', 'commits_at_most': 0}]}"
            "}",
            seed, &options);
        cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s %s",
                     result.violation.text, result.unmet[0].text);
        cr_assert_eq(result.refused_starts, 3);
    }
}

Test(cluster_disks, the_story_tells_of_it)
{
    struct harness_text trace = {0};
    struct harness_options options = {.trace = &trace};
    harness_run("{'description': 'x', 'nodes': 3, 'duration': '4s',"
                "'disk': {'fsync': '10ms'}, 'workload': {'rate': '400/s'},"
                "'faults': ["
                "{'at': '1s', 'disk': {'nodes': 1, 'full': true},"
                " 'for': '500ms'},"
                "{'at': '2s', 'corrupt': 2, 'what': 'hard_state'},"
                "{'at': '2s', 'crash': 2, 'for': '100ms'},"
                "{'when': {'writing': 3, 'what': 'entries'}, 'crash': 3,"
                " 'unfinished_writes': 'torn', 'for': '50ms'}]}",
                1, &options);
    static const char *const lines[] = {
        "-- disk: 1 (/faults/0)\n",
        "-- disk of node 1: write ",
        "] 1  write ",
        " failed\n",
        "-- node 1 is down: a write failed\n",
        "-- end of disk: 1 (/faults/0)\n",
        "-- restart: node 1 (/faults/0)\n",
        "-- corrupt: 2 (/faults/1)\n",
        "-- node 2 refuses to start: the checksum does not fit of ",
        "unfinished writes torn (/faults/3)\n",
        "-- node 3 drops the torn record of entry ",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        cr_expect_not_null(strstr(trace.text, lines[i]), "%s", lines[i]);
    }
    free(trace.text);
}
