/* What each action does to links and machines, and how it is undone. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/sim_harness.h"

/* `n` echo nodes, one millisecond apart, with disks of two milliseconds. The
 * steps are done by hand: their own time is the end. */
#define CLUSTER(n, steps)                                                      \
    "{'description': 'x', 'nodes': " #n ", 'duration': '100s',"                \
    " 'network': {'delay': '1ms'}, 'disk': {'write': '0us', 'fsync': '2ms'},"  \
    " 'workload': {'clients': 0}, 'faults': [" steps "]}"
#define STEP(action) "{'at': '100s', " action "}"
#define MS UINT64_C(1000)
#define N_SEEDS 50u

static uint64_t all_but(const struct rig *rig, uint32_t node)
{
    return ((UINT64_C(1) << rig->cluster->n) - 1) << 1 & ~(UINT64_C(1) << node);
}

static bool is_network_whole(const struct rig *rig)
{
    for (uint32_t from = 1; from <= rig->cluster->n; from++) {
        if (rig_open_links(rig, from) != all_but(rig, from)) {
            return false;
        }
        for (uint32_t to = 1; to <= rig->cluster->n; to++) {
            if (to != from &&
                sim_network_is_held(rig->cluster->network, from, to)) {
                return false;
            }
        }
    }
    return true;
}

/* --- links ---------------------------------------------------------------- */

#define B(node) (UINT64_C(1) << (node))

Test(damage, cuts_exactly_these_links)
{
    static const struct {
        const char *text;
        uint64_t open[6]; /* by node, from 1 */
    } list[] = {
        {CLUSTER(5, STEP("'partition': [[1, 2], [3]]")),
         {0, B(2), B(1), 0, B(5), B(4)}},
        {CLUSTER(4, STEP("'partition': [[1, 2]]")),
         {0, B(2), B(1), B(4), B(3)}},
        {CLUSTER(4, STEP("'partition': [[1], [2], [3], [4]]")), {0}},
        {CLUSTER(4, STEP("'isolate': [1, 2]")), {0, 0, 0, B(4), B(3)}},
        {CLUSTER(3, STEP("'isolate': 'all'")), {0}},
        {CLUSTER(4, STEP("'cut': {'from': 1, 'to': [2, 3]}")),
         {0, B(4), B(1) | B(3) | B(4), B(1) | B(2) | B(4), B(1) | B(2) | B(3)}},
        {CLUSTER(3, STEP("'cut': {'from': 1, 'to': 2, 'both_ways': true}")),
         {0, B(3), B(3), B(1) | B(2)}},
        {CLUSTER(3, STEP("'cut': {'from': 'all', 'to': 1}")),
         {0, B(2) | B(3), B(3), B(2)}},
        {CLUSTER(3, STEP("'cut': {'from': 2, 'to': 'rest'}")),
         {0, B(2) | B(3), 0, B(1) | B(2)}},
        {CLUSTER(4, STEP("'mesh': [[1, 2], [2, 3]]")),
         {0, B(2), B(1) | B(3), B(2), 0}},
        {CLUSTER(1, STEP("'isolate': 1")), {0}},
        {CLUSTER(1, STEP("'bridge': 1")), {0}},
        {CLUSTER(2, STEP("'bridge': 1")), {0, B(2), B(1)}},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct rig *rig = rig_new(list[i].text, 1, &echo_node_type);
        cr_assert(rig_do(rig, 0));
        for (uint32_t node = 1; node <= rig->cluster->n; node++) {
            cr_expect_eq(rig_open_links(rig, node), list[i].open[node],
                         "%s: node %u", list[i].text, node);
        }
        rig_free(rig);
    }
}

/* Two halves, as equal as can be, and the bridge sees both. */
static void check_bridge(const struct rig *rig, uint32_t bridge,
                         uint64_t *halves)
{
    uint32_t n = rig->cluster->n;
    uint64_t others = all_but(rig, bridge);
    cr_assert_eq(rig_open_links(rig, bridge), others);
    uint32_t one = bridge == 1 ? 2 : 1;
    uint64_t half = (rig_open_links(rig, one) | B(one)) & others;
    uint32_t size = 0;
    for (uint32_t node = 1; node <= n; node++) {
        if (node != bridge) {
            bool inside = (half >> node & 1) != 0;
            uint64_t mine = inside ? half : others & ~half;
            size += inside;
            cr_assert_eq(rig_open_links(rig, node),
                         (mine | B(bridge)) & ~B(node));
        }
    }
    cr_assert(size == (n - 1) / 2 || size == n - 1 - (n - 1) / 2);
    *halves |= half;
}

Test(damage, a_bridge_sees_two_halves)
{
    static const char *const texts[] = {
        CLUSTER(3, STEP("'bridge': 2")), CLUSTER(4, STEP("'bridge': 1")),
        CLUSTER(5, STEP("'bridge': 5")), CLUSTER(6, STEP("'bridge': 3"))};
    static const uint32_t bridges[] = {2, 1, 5, 3};
    for (size_t i = 0; i < 4; i++) {
        uint64_t halves = 0;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct rig *rig = rig_new(texts[i], seed, &echo_node_type);
            cr_assert(rig_do(rig, 0));
            check_bridge(rig, bridges[i], &halves);
            rig_free(rig);
        }
        if (i >= 1) { /* chance has a choice */
            cr_expect_neq(halves & (halves - 1), 0);
        }
    }
}

Test(damage, a_clog_holds_and_does_not_block)
{
    struct rig *rig = rig_new(
        CLUSTER(3, STEP("'clog': {'from': 1, 'to': 2}") "," STEP(
                       "'clog': {'from': 3, 'to': 2, 'both_ways': true}")),
        1, &echo_node_type);
    const struct sim_network *network = rig->cluster->network;
    cr_assert(rig_do(rig, 0));
    cr_assert(sim_network_is_held(network, 1, 2));
    cr_assert_not(sim_network_is_held(network, 2, 1));
    cr_assert(rig_do(rig, 1));
    cr_assert(sim_network_is_held(network, 3, 2));
    cr_assert(sim_network_is_held(network, 2, 3));
    cr_assert_not(sim_network_is_held(network, 1, 3));
    cr_assert_eq(rig_open_links(rig, 1), B(2) | B(3));
    rig_free(rig);
}

Test(damage, does_nothing_without_its_target)
{
    struct rig *rig = rig_new(
        CLUSTER(
            3,
            STEP("'partition': [[1], ['leader']]") "," STEP(
                "'cut': "
                "{'from': "
                "1, 'to': "
                "'a "
                "candidate'"
                "}") "," STEP("'crash': [1, 'leader']") "," STEP("'resume': 'a "
                                                                 "node'")),
        1, &echo_node_type);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_not(rig_do(rig, i));
    }
    cr_expect(is_network_whole(rig));
    cr_expect(sim_cluster_is_whole(rig->cluster));
    cr_expect_eq(sim_damages_count(rig->damages), 0);
    rig_free(rig);
}

Test(damage, overlapping_cuts_are_undone_one_by_one)
{
    struct rig *rig =
        rig_new(CLUSTER(3, STEP("'isolate': 1, 'for': '20ms'") "," STEP(
                               "'cut': {'from': 1, 'to': 2}, 'for': "
                               "'10ms'") "," STEP("'partition': [[1, 3], "
                                                  "[2]], 'for': '30ms'")),
                1, &echo_node_type);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert(rig_do(rig, i));
    }
    cr_expect_eq(sim_damages_count(rig->damages), 3);
    rig_run_until(rig, 20 * MS - 1);
    cr_expect_eq(rig_open_links(rig, 1), 0);
    cr_expect_eq(sim_damages_count(rig->damages), 2);
    rig_run_until(rig, 20 * MS);
    cr_expect_eq(rig_open_links(rig, 1), B(3));
    cr_expect_eq(rig_open_links(rig, 2), 0);
    rig_run_until(rig, 30 * MS);
    cr_expect(is_network_whole(rig));
    cr_expect_eq(sim_damages_count(rig->damages), 0);
    rig_free(rig);
}

/* Slots of damages are used again; an old undo must not hit the new tenant. */
Test(damage, an_undo_after_healing_is_none)
{
    struct rig *rig =
        rig_new(CLUSTER(3, STEP("'isolate': 1, 'for': '20ms'") "," STEP(
                               "'heal': 'network'") "," STEP("'isolate': 2")),
                1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    cr_expect(is_network_whole(rig));
    cr_assert(rig_do(rig, 2));
    rig_run_until(rig, 50 * MS);
    cr_expect_eq(rig_open_links(rig, 2), 0);
    cr_expect_eq(sim_damages_count(rig->damages), 1);
    rig_free(rig);
}

static uint64_t heard(const struct rig *rig, uint32_t node, uint32_t from)
{
    const struct echo_node *echo = rig_echo(rig, node);
    uint64_t count = 0;
    for (size_t i = 0; i < echo->n_inputs; i++) {
        count += echo->inputs[i].kind == SIM_INPUT_MESSAGE &&
                 echo->inputs[i].from == from;
    }
    return count;
}

Test(damage, other_weather_and_back)
{
    struct rig *rig = rig_new(
        CLUSTER(3, STEP("'link': {'from': 1, 'to': 2, 'drop': 1}, 'for': "
                        "'35ms'") "," STEP("'link': {'from': 3, 'to': 2, "
                                           "'delay': '15ms'}")),
        1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    rig_run_until(rig, 24 * MS);
    cr_expect_eq(heard(rig, 2, 1), 0);
    cr_expect_eq(heard(rig, 2, 3), 0);
    cr_expect_eq(heard(rig, 3, 1), 2);
    rig_run_until(rig, 45 * MS);
    cr_expect_eq(heard(rig, 2, 1), 1);
    cr_expect_eq(heard(rig, 2, 3), 3);
    rig_free(rig);
}

/* --- clogs ---------------------------------------------------------------- */

Test(damage, a_clog_lets_go_in_order)
{
    struct rig *rig = rig_new(
        CLUSTER(3, STEP("'clog': {'from': [1, 3], 'to': 2}, 'for': '55ms'")), 1,
        &echo_node_type);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 55 * MS - 1);
    cr_expect_eq(heard(rig, 2, 1), 0);
    rig_run_until(rig, 55 * MS);
    const struct echo_node *echo = rig_echo(rig, 2);
    uint64_t last[4] = {0};
    for (size_t i = 0; i < echo->n_inputs; i++) {
        const struct echo_input *input = &echo->inputs[i];
        if (input->kind == SIM_INPUT_MESSAGE) {
            cr_expect_eq(input->now_us, 55 * MS);
            cr_expect_eq(input->number, last[input->from] + 1);
            last[input->from] = input->number;
        }
    }
    cr_expect_eq(last[1], 5);
    cr_expect_eq(last[3], 5);
    rig_free(rig);
}

Test(damage, overlapping_clogs_let_go_at_the_last_one)
{
    struct rig *rig = rig_new(
        CLUSTER(2, STEP("'clog': {'from': 1, 'to': 2}, 'for': '25ms'") "," STEP(
                       "'clog': {'from': 'all', 'to': 'all'}, 'for': '45ms'")),
        1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    rig_run_until(rig, 44 * MS);
    cr_expect_eq(heard(rig, 2, 1), 0);
    rig_run_until(rig, 45 * MS);
    cr_expect_eq(heard(rig, 2, 1), 4);
    cr_expect_eq(heard(rig, 1, 2), 4);
    rig_free(rig);
}

Test(damage, what_a_clog_lets_go_may_find_the_node_down)
{
    struct rig *rig =
        rig_new(CLUSTER(2, STEP("'clog': {'from': 1, 'to': 2}") "," STEP(
                               "'crash': 2") "," STEP("'heal': 'network'")),
                1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 35 * MS);
    cr_assert(rig_do(rig, 1));
    cr_expect_eq(rig->cluster->messages_lost_at_machines, 0);
    cr_assert(rig_do(rig, 2));
    rig_run_until(rig, 36 * MS);
    cr_expect_eq(rig->cluster->messages_lost_at_machines, 3);
    rig_free(rig);
}

/* --- pause ---------------------------------------------------------------- */

/* Finished writes, timers, messages and commands, in the order in which they
 * came; nothing leaves meanwhile. */
Test(damage, a_pause_piles_up_and_resumes_in_order)
{
    static const struct {
        enum sim_input_kind kind;
        uint32_t from;
    } wanted[] = {
        {SIM_INPUT_START, 0},    {SIM_INPUT_PROPOSAL, 0},
        {SIM_INPUT_WRITTEN, 0},  {SIM_INPUT_TIMER, 0},
        {SIM_INPUT_MESSAGE, 1},  {SIM_INPUT_MESSAGE, 3},
        {SIM_INPUT_PROPOSAL, 0}, {SIM_INPUT_MESSAGE, 1},
        {SIM_INPUT_MESSAGE, 3},
    };
    struct rig *rig = rig_new(
        CLUSTER(3,
                STEP("'propose': {'to': 2, 'key': 'k', 'value': 'v'}") "," STEP(
                    "'pause': 2, 'for': '20ms'")),
        1, &echo_node_type);
    rig_run_until(rig, 4 * MS);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 5 * MS);
    cr_assert(rig_do(rig, 1));
    rig_run_until(rig, 12 * MS);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 25 * MS - 1);
    cr_expect_eq(rig_echo(rig, 2)->n_inputs, 2);
    rig_run_until(rig, 25 * MS);
    const struct echo_node *echo = rig_echo(rig, 2);
    cr_assert_eq(echo->n_inputs, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < echo->n_inputs; i++) {
        cr_expect_eq(echo->inputs[i].kind, wanted[i].kind, "input %zu", i);
        cr_expect_eq(echo->inputs[i].from, wanted[i].from, "input %zu", i);
        cr_expect(i < 2 || echo->inputs[i].now_us == 25 * MS);
    }
    cr_expect_eq(heard(rig, 1, 2), 0);
    rig_run_until(rig, 26 * MS);
    cr_expect_eq(heard(rig, 1, 2), 2); /* after the write, and of the timer */
    rig_free(rig);
}

Test(damage, a_crash_ends_a_pause_and_loses_what_piled_up)
{
    struct rig *rig =
        rig_new(CLUSTER(2, STEP("'pause': 2, 'for': '50ms'") "," STEP(
                               "'crash': 2, 'unfinished_writes': "
                               "'lost'") "," STEP("'restart': 2")),
                1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 35 * MS);
    cr_assert(rig_do(rig, 1));
    cr_expect_not(rig->cluster->machines[2].paused);
    cr_expect_eq(rig->cluster->messages_lost_at_machines, 3);
    cr_assert(rig_do(rig, 2));
    rig_run_until(rig, 60 * MS);
    const struct echo_node *echo = rig_echo(rig, 2);
    cr_expect_eq(echo->inputs[0].kind, SIM_INPUT_START);
    cr_expect_eq(echo->inputs[0].now_us, 35 * MS);
    cr_expect_eq(heard(rig, 2, 1), 2); /* sent at 40 and 50 */
    cr_expect_eq(echo->ticks, 2);
    rig_free(rig);
}

Test(damage, nothing_happens_to_those_it_does_not_apply_to)
{
    struct rig *rig = rig_new(
        CLUSTER(
            2,
            STEP("'restart': 1") "," STEP("'resume': 1") "," STEP(
                "'crash': "
                "2") "," STEP("'crash': 2") "," STEP("'pause': 2") "," STEP("'e"
                                                                            "xp"
                                                                            "ir"
                                                                            "e_"
                                                                            "ti"
                                                                            "me"
                                                                            "r'"
                                                                            ": "
                                                                            "2")),
        1, &echo_node_type);
    const struct sim_node *before = rig->cluster->machines[1].node;
    rig_run_until(rig, 5 * MS);
    for (uint32_t i = 0; i < 6; i++) {
        cr_expect(rig_do(rig, i));
    }
    cr_expect_eq(rig->cluster->machines[1].node, before);
    cr_expect_eq(rig_echo(rig, 1)->n_inputs, 1);
    cr_expect_eq(rig->cluster->crashes, 1);
    cr_expect_eq(rig->cluster->restarts, 0);
    cr_expect_not(rig->cluster->machines[2].paused);
    rig_free(rig);
}

/* --- crashes -------------------------------------------------------------- */

Test(damage, a_crash_for_a_time_restarts)
{
    struct rig *rig = rig_new(
        CLUSTER(3,
                STEP("'crash': [1, 2], 'for': '30ms'") "," STEP("'crash': 3")),
        1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    rig_run_until(rig, 30 * MS - 1);
    cr_expect_not(sim_cluster_is_up(rig->cluster, 1));
    rig_run_until(rig, 30 * MS);
    cr_expect(sim_cluster_is_up(rig->cluster, 1));
    cr_expect(sim_cluster_is_up(rig->cluster, 2));
    cr_expect_not(sim_cluster_is_up(rig->cluster, 3));
    cr_expect_eq(rig->cluster->restarts, 2);
    rig_free(rig);
}

Test(damage, unfinished_writes_are_lost_kept_or_left_to_chance)
{
    static const struct {
        const char *text;
        uint64_t least, most;
    } list[] = {
#define CRASH(what)                                                            \
    CLUSTER(1,                                                                 \
            STEP("'propose': {'to': 1, 'key': 'k', 'value': 'v'}") "," STEP(   \
                "'crash': 1, 'unfinished_writes': '" what                      \
                "'") "," STEP("'restart': 1"))
        {CRASH("lost"), 0, 0},
        {CRASH("kept"), 3, 3},
        {CRASH("random"), 0, 3},
    };
    for (size_t i = 0; i < 3; i++) {
        uint64_t seen = 0;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct rig *rig = rig_new(list[i].text, seed, &echo_node_type);
            for (int k = 0; k < 3; k++) {
                cr_assert(rig_do(rig, 0));
            }
            rig_run_until(rig, 1 * MS);
            cr_assert_eq(rig_echo(rig, 1)->last_write, 3);
            cr_assert(rig_do(rig, 1));
            cr_assert(rig_do(rig, 2));
            uint64_t n = rig_echo(rig, 1)->n_entries;
            cr_assert(n >= list[i].least && n <= list[i].most);
            seen |= B(n);
            rig_free(rig);
        }
        cr_expect_eq(seen, (B(list[i].most + 1) - 1) & ~(B(list[i].least) - 1));
    }
}

/* A machine is brought back when the last damage that holds it ends. */
Test(damage, overlapping_crashes_and_pauses_end_with_the_last)
{
    struct rig *rig = rig_new(
        CLUSTER(
            2,
            STEP("'crash': 1, 'for': '30ms'") "," STEP(
                "'crash': 1, 'for': "
                "'10ms'") "," STEP("'pause': 2, 'for': '30ms'") "," STEP("'paus"
                                                                         "e': "
                                                                         "2, "
                                                                         "'for'"
                                                                         ": "
                                                                         "'10ms"
                                                                         "'")),
        1, &echo_node_type);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert(rig_do(rig, i));
    }
    rig_run_until(rig, 30 * MS - 1);
    cr_expect_not(sim_cluster_is_up(rig->cluster, 1));
    cr_expect(rig->cluster->machines[2].paused);
    rig_run_until(rig, 30 * MS);
    cr_expect(sim_cluster_is_whole(rig->cluster));
    rig_free(rig);
}

/* Machines say themselves whether they are down (sim/damage.h). */
Test(damage, machines_are_not_counted)
{
    struct rig *rig = rig_new(
        CLUSTER(2, STEP("'crash': 1, 'for': '30ms'") "," STEP(
                       "'pause': 2, 'for': '30ms'") "," STEP("'restart': 1")),
        1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    cr_expect_eq(sim_damages_count(rig->damages), 0);
    rig_run_until(rig, 30 * MS);
    cr_expect(sim_cluster_is_whole(rig->cluster));
    cr_expect_eq(sim_damages_count(rig->damages), 0);
    rig_free(rig);
}

/* --- disks and clocks ----------------------------------------------------- */

/* How long a write of node 1 takes now. */
static uint64_t write_us(struct rig *rig, uint32_t propose)
{
    uint64_t writes = rig->cluster->writes;
    cr_assert(rig_do(rig, propose));
    while (!sim_disk_has_unfinished(rig->cluster->machines[1].disk)) {
        rig_step(rig);
    }
    uint64_t from_us = rig->cluster->now_us;
    while (rig->cluster->writes == writes) {
        rig_step(rig);
    }
    return rig->cluster->now_us - from_us;
}

#define DISKS                                                                  \
    CLUSTER(                                                                   \
        1,                                                                     \
        STEP("'propose': {'to': 1, 'key': 'k', 'value': 'v'}") "," STEP(       \
            "'dis"                                                             \
            "k': "                                                             \
            "{'"                                                               \
            "node"                                                             \
            "s': "                                                             \
            "1, "                                                              \
            "'fsy"                                                             \
            "nc':"                                                             \
            " '"                                                               \
            "9ms'"                                                             \
            "}, "                                                              \
            "'for"                                                             \
            "': "                                                              \
            "'100"                                                             \
            "ms'") "," STEP("'disk': {'nodes': 1, 'write': '1ms'}, 'for': "    \
                            "'50ms'") "," STEP("'heal': 'network'") "," STEP("'heal': 'all'"))

Test(damage, a_slow_disk_is_restored_by_time_and_by_healing)
{
    struct rig *rig = rig_new(DISKS, 1, &echo_node_type);
    cr_expect_eq(write_us(rig, 0), 2 * MS);
    cr_assert(rig_do(rig, 1));
    cr_expect_eq(write_us(rig, 0), 9 * MS);
    cr_assert(rig_do(rig, 3));
    cr_expect_eq(write_us(rig, 0), 9 * MS);
    cr_assert(rig_do(rig, 4));
    cr_expect_eq(write_us(rig, 0), 2 * MS);
    cr_assert(rig_do(rig, 1));
    rig_run_until(rig, 200 * MS);
    cr_expect_eq(write_us(rig, 0), 2 * MS);
    rig_free(rig);
}

Test(damage, overlapping_slow_disks_are_undone_one_by_one)
{
    struct rig *rig = rig_new(DISKS, 1, &echo_node_type);
    cr_assert(rig_do(rig, 1));
    cr_assert(rig_do(rig, 2));
    rig_run_until(rig, 60 * MS);
    cr_expect_eq(write_us(rig, 0), 9 * MS);
    rig_run_until(rig, 110 * MS);
    cr_expect_eq(write_us(rig, 0), 2 * MS);
    rig_free(rig);
}

#define CLOCKS                                                                                                                                   \
    CLUSTER(                                                                                                                                     \
        1,                                                                                                                                       \
        STEP("'clock': {'nodes': 1, 'rate': '100%'}, 'for': '100ms'") "," STEP("'clock': {'nodes': 1, 'rate': '-50%'}, 'for': '50ms'") "," STEP( \
            "'clock': {'nodes': 1, 'jump': '7ms'}") "," STEP("'heal': 'all'"))

Test(damage, a_fast_clock_ticks_faster_for_its_time)
{
    struct rig *rig = rig_new(CLOCKS, 1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 100 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 20);
    rig_run_until(rig, 200 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 30);
    cr_assert(rig_do(rig, 1));
    cr_assert(rig_do(rig, 3));
    rig_run_until(rig, 250 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 35);
    rig_free(rig);
}

/* Back to the rate of /clocks. */
Test(damage, a_clock_goes_back_to_its_usual_rate)
{
    struct rig *rig = rig_new(
        "{'description': 'x', 'nodes': 1, 'duration': '100s', 'clocks':"
        " [{'nodes': 1, 'rate': '50%'}], 'workload': {'clients': 0},"
        " 'faults': [{'at': '100s', 'clock': {'nodes': 1, 'rate': '-50%'},"
        " 'for': '100ms'}]}",
        1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 100 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 5);
    rig_run_until(rig, 200 * MS + 10);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 20);
    rig_free(rig);
}

Test(damage, overlapping_clock_rates_are_undone_one_by_one)
{
    struct rig *rig = rig_new(CLOCKS, 1, &echo_node_type);
    cr_assert(rig_do(rig, 0));
    cr_assert(rig_do(rig, 1));
    rig_run_until(rig, 50 * MS);
    cr_expect_leq(rig_echo(rig, 1)->ticks, 3);
    rig_run_until(rig, 100 * MS);
    cr_expect_geq(rig_echo(rig, 1)->ticks, 12);
    rig_free(rig);
}

/* A jump lasts no time: it counts as no damage and is never taken back. */
Test(damage, a_clock_jumps_for_good)
{
    struct rig *rig = rig_new(CLOCKS, 1, &echo_node_type);
    rig_run_until(rig, 5 * MS);
    cr_assert(rig_do(rig, 2));
    cr_expect_eq(sim_damages_count(rig->damages), 0);
    rig_run_until(rig, 5 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 1);
    cr_expect_eq(rig_echo(rig, 1)->inputs[1].now_us, 12 * MS);
    cr_assert(rig_do(rig, 3));
    rig_run_until(rig, 15 * MS);
    cr_expect_eq(rig_echo(rig, 1)->ticks, 2);
    rig_free(rig);
}

/* --- healing -------------------------------------------------------------- */

#define SICK                                                                                                            \
    STEP("'partition': [[1], [2, 3]]")                                                                                  \
    "," STEP("'clog': {'from': 2, 'to': 3}") "," STEP(                                                                  \
        "'link': {'from': 3, "                                                                                          \
        "'to': 2, 'drop': 1}") "," STEP("'crash': 1") "," STEP("'pause': 2, "                                           \
                                                               "'for': '1s'") "," STEP("'clock': {'nodes': 3, 'rate': " \
                                                                                       "'-50%'}") "," STEP("'heal': "   \
                                                                                                           "'network'") "," STEP("'heal': 'all'")

Test(damage, healing_the_network_leaves_machines_alone)
{
    struct rig *rig = rig_new(CLUSTER(3, SICK), 1, &echo_node_type);
    for (uint32_t i = 0; i < 7; i++) {
        cr_assert(rig_do(rig, i));
    }
    cr_expect(is_network_whole(rig));
    cr_expect_not(sim_cluster_is_up(rig->cluster, 1));
    cr_expect(rig->cluster->machines[2].paused);
    rig_run_until(rig, 100 * MS);
    cr_expect_eq(rig_echo(rig, 3)->ticks, 5);
    rig_free(rig);
}

Test(damage, healing_all_brings_everything_back)
{
    struct rig *rig = rig_new(CLUSTER(3, SICK), 1, &echo_node_type);
    for (uint32_t i = 0; i < 6; i++) {
        cr_assert(rig_do(rig, i));
    }
    rig_run_until(rig, 15 * MS);
    cr_assert(rig_do(rig, 7));
    cr_expect(is_network_whole(rig));
    cr_expect(sim_cluster_is_whole(rig->cluster));
    cr_expect_eq(sim_damages_count(rig->damages), 0);
    uint64_t before = rig_echo(rig, 3)->ticks;
    rig_run_until(rig, 115 * MS);
    cr_expect_eq(rig_echo(rig, 3)->ticks, before + 10);
    cr_expect_geq(heard(rig, 2, 3), 9);
    rig_run_until(rig, 2000 * MS); /* the pause's own end does no harm */
    cr_expect(sim_cluster_is_whole(rig->cluster));
    rig_free(rig);
}
