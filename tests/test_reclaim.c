/* Runs that let go of the past whenever they can, beside runs that never do:
 * nobody can tell them apart. And what keeps the past from going. */
#include "sim/memory.h"
#include "sim/simulation_internal.h"
#include "tests/sim_harness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALWAYS 1u
#define NEVER (UINT32_MAX - 1)

struct outcome {
    struct sim_result result;
    uint32_t let_go, left; /* tree nodes */
};

static struct outcome run_of(const struct sim_scenario *scenario, uint64_t seed,
                             const struct sim_options *options)
{
    struct sim_options how = *options;
    how.seed = seed;
    how.node_type = &sim_raft_node_type;
    how.max_steps = SIM_UNLIMITED;
    struct sim_simulation *simulation = sim_simulation_new(scenario, &how);
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    const struct sim_log_tree *tree = simulation->cluster->tree;
    struct outcome outcome = {.result = *sim_simulation_result(simulation),
                              .let_go = sim_log_tree_base(tree)};
    outcome.left = sim_log_tree_count(tree) - outcome.let_go;
    sim_simulation_free(simulation);
    return outcome;
}

static void compare(const struct sim_result *a, const struct sim_result *b)
{
    cr_assert_eq(a->verdict, b->verdict);
    cr_assert_eq(a->steps, b->steps);
    cr_assert_eq(a->hash, b->hash);
    cr_assert_eq(a->time_us, b->time_us);
    cr_assert_eq(a->commits, b->commits);
    cr_assert_eq(a->history, b->history);
    cr_assert_eq(a->recovery_us, b->recovery_us);
    cr_assert_eq(memcmp(a->evaluated, b->evaluated, sizeof a->evaluated), 0);
    cr_assert_eq(memcmp(a->situations, b->situations, sizeof a->situations), 0);
    cr_assert_eq(a->n_unmet, b->n_unmet);
    cr_assert_str_eq(a->violation.text, b->violation.text);
    cr_assert_str_eq(a->contract, b->contract);
}

/* How many of the seeds let something go. */
static int compare_seeds(const char *file, uint64_t seeds)
{
    int n_let_go = 0;
    char *text = harness_read_file(file, NULL);
    for (uint64_t seed = 0; seed < seeds; seed++) {
        struct sim_scenario *scenario = harness_parse_text(text, seed);
        struct outcome whole = run_of(
            scenario, seed,
            &(struct sim_options){.checks = true, .reclaim_every = NEVER});
        struct outcome part = run_of(
            scenario, seed,
            &(struct sim_options){.checks = true, .reclaim_every = ALWAYS});
        cr_assert_eq(whole.let_go, 0);
        compare(&whole.result, &part.result);
        n_let_go += part.let_go > 0 ? 1 : 0;
        sim_scenario_free(scenario);
    }
    free(text);
    return n_let_go;
}

Test(reclaim, changes_nothing_in_the_swarm)
{
    cr_assert_gt(compare_seeds("scenarios/swarm.json", 60), 15);
    cr_assert_gt(compare_seeds("scenarios/swarm-leases.json", 40), 3);
}

Test(reclaim, changes_nothing_where_there_are_snapshots)
{
    static const char *const files[] = {
        "compaction-any-moment", "crash-any-order",    "sessions-expire",
        "snapshot-lossy-link",   "snapshot-torn",      "snapshot-trailing",
        "swap-all-members",      "snapshot-slow-link", "witness",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "scenarios/%s.json", files[i]);
        cr_assert_eq(compare_seeds(name, 2), 2, "%s", name);
    }
}

/* --- what is left --------------------------------------------------------- */

#define CALM(more)                                                             \
    "{'description': 'x', 'duration': '20s', 'nodes': 3,"                      \
    " 'workload': {'clients': 4, 'rate': '200/s'}," more                       \
    " 'expect': {'progress_within': 'never'}}"

#define COMPACTS " 'snapshots': {'every': 100, 'keep': 10},"

static struct outcome run_text(const char *text,
                               const struct sim_options *options)
{
    struct sim_scenario *scenario = harness_parse(text, 7);
    struct outcome outcome = run_of(scenario, 7, options);
    sim_scenario_free(scenario);
    return outcome;
}

/* With or without checks: what the last snapshots do not have. */
Test(reclaim, leaves_what_is_alive)
{
    for (int checks = 0; checks <= 1; checks++) {
        struct sim_options options = {.checks = checks == 1,
                                      .reclaim_every = ALWAYS};
        struct outcome outcome = run_text(CALM(COMPACTS), &options);
        cr_assert_gt(outcome.result.commits, 2000);
        cr_assert_gt(outcome.let_go, 2000);
        cr_assert_lt(outcome.left, 300);
    }
}

/* By itself, in batches. */
Test(reclaim, comes_now_and_then)
{
    struct sim_options options = {.checks = true, .unhashed = true};
    struct outcome outcome =
        run_text("{'description': 'x', 'duration': '70s', 'nodes': 1,"
                 " 'workload': {'clients': 12, 'rate': '2000/s',"
                 "              'operations': {'set': 1}, 'sessions': false},"
                 " 'disk': {'write': '1us', 'fsync': '1us'}," COMPACTS
                 " 'expect': {'progress_within': 'never'}}",
                 &options);
    cr_assert_gt(outcome.result.commits, 70000);
    cr_assert_gt(outcome.let_go, 60000);
}

static void check_keeps_all(const char *text, bool explain)
{
    struct sim_options options = {
        .checks = true, .explain = explain, .reclaim_every = ALWAYS};
    struct outcome outcome = run_text(text, &options);
    cr_assert_gt(outcome.result.commits, 500);
    cr_assert_eq(outcome.let_go, 0);
}

Test(reclaim, keeps_all_that_may_be_asked_for)
{
    check_keeps_all(CALM(""), false);
    check_keeps_all(CALM(COMPACTS), true);
    check_keeps_all("{'description': 'x', 'duration': '20s', 'nodes': 3,"
                    " 'workload': {'clients': 4, 'rate': '200/s'}," COMPACTS
                    " 'expect': {'log': [{'node': 1, 'begins_with': [1]}],"
                    "            'progress_within': 'never'}}",
                    false);
}

/* A machine that is down, or behind, has only what it has. */
Test(reclaim, waits_for_all_machines)
{
    struct sim_options options = {.checks = true, .reclaim_every = ALWAYS};
    struct outcome outcome = run_text(
        CALM(COMPACTS " 'faults': [{'at': '3s', 'crash': 3}],"), &options);
    cr_assert_gt(outcome.let_go, 100);
    cr_assert_gt(outcome.left, 600, "%u", outcome.left);
    check_keeps_all(CALM(COMPACTS " 'faults': [{'at': '1us', 'crash': 3}],"),
                    false);
}
