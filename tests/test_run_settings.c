/* Settings of whole runs: where the nodes' random numbers come from, and
 * progress that nobody waits for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim_harness.h"

#define S UINT64_C(1000000)

static struct sim_result run(const char *text, uint64_t seed, char **story)
{
    struct harness_text trace = {.text = NULL};
    struct harness_options options = {.trace = &trace};
    struct sim_result result = harness_run(text, seed, &options);
    cr_assert_not_null(trace.text);
    *story = trace.text;
    return result;
}

/* --- /raft/random_seed ---------------------------------------------------- */

/* A scenario in which only the nodes draw; `more` of its keys, and of /raft. */
#define FIXED(raft, more)                                                      \
    "{'description': 'd', 'duration': '3s', 'raft': {" raft "}, "              \
    "'network': {'delay': '2ms'}, 'disk': {'write': '20us', 'fsync': '1ms'}, " \
    "'workload': {'clients': 0}, "                                             \
    "'faults': [{'at': '1s', 'crash': 'leader', 'for': '500ms'}]" more "}"

#define N_SEEDS 20u

/* How many runs of N_SEEDS are the same as that of the first seed. */
static uint32_t count_same(const char *text)
{
    uint32_t same = 0;
    char *first;
    run(text, 1, &first);
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        char *story;
        struct sim_result result = run(text, seed, &story);
        cr_assert_eq(result.seed, seed);
        cr_assert_geq(result.elections, 2);
        same += strcmp(story, first) == 0;
        free(story);
    }
    free(first);
    return same;
}

Test(run_settings, the_seed_does_not_draw_elections_beside_random_seed)
{
    cr_assert_eq(count_same(FIXED("'random_seed': 7", "")), N_SEEDS);
    cr_assert_eq(count_same(FIXED("", "")), 1);
}

/* Another one, other elections; it can be drawn itself. */
Test(run_settings, random_seed_draws_elections)
{
    char *seven, *eight, *zero;
    run(FIXED("'random_seed': 7", ""), 1, &seven);
    run(FIXED("'random_seed': 8", ""), 1, &eight);
    run(FIXED("'random_seed': 0", ""), 1, &zero);
    cr_assert_str_neq(seven, eight);
    cr_assert_str_neq(seven, zero);
    cr_assert_str_neq(eight, zero);
    uint32_t same = count_same(FIXED("'random_seed': {'one_of': [7, 8]}", ""));
    cr_assert(same > 2 && same < N_SEEDS - 2, "%u", same);
    same =
        count_same(FIXED("'random_seed': {'one_of': [7, 8], 'drawn': 1}", ""));
    cr_assert_eq(same, N_SEEDS);
    free(seven);
    free(eight);
    free(zero);
}

/* It is the same as that seed, as far as nodes draw. */
Test(run_settings, random_seed_is_as_the_seed_for_nodes)
{
    char *by_seed, *beside;
    run(FIXED("", ""), 7, &by_seed);
    run(FIXED("'random_seed': 7", ""), 123, &beside);
    cr_assert_str_eq(by_seed, beside);
    free(by_seed);
    free(beside);
}

/* What nodes do not draw is the seed's: here, the second node that crashes. */
Test(run_settings, the_seed_draws_all_else)
{
    uint32_t same = count_same(FIXED("'random_seed': 7",
                                     ", 'nemeses': [{'every': '5s', 'from': "
                                     "'2s', 'crash': 'a node', 'for': '1ms'}, "
                                     "{'every': {'exponential': '100ms'}, "
                                     "'from': '2s', 'crash': 'a node', 'for': "
                                     "'1ms'}]"));
    cr_assert_eq(same, 1);
}

/* --- "progress_within": "never" ------------------------------------------- */

/* The leader crashes for good; two clients go on. */
#define CRASH(expect)                                                          \
    "{'description': 'd', 'duration': '3s', "                                  \
    "'faults': [{'at': '1s', 'crash': 'leader'}, "                             \
    "{'at': '2s', 'partition': [1, 2, 3]}], 'expect': {" expect "}}"

Test(run_settings, nobody_waits_and_nothing_heals)
{
    char *never, *usual;
    struct sim_result result =
        run(CRASH("'progress_within': 'never'"), 1, &never);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_assert_eq(result.time_us, 3 * S);
    cr_assert_eq(result.evaluated[SIM_PROGRESS], 0);
    cr_assert_eq(result.crashes, 1);
    cr_assert_eq(result.restarts, 0);
    cr_assert_null(strstr(never, "probe"));

    result = run(CRASH(""), 1, &usual);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_assert_gt(result.time_us, 3 * S);
    cr_assert_eq(result.evaluated[SIM_PROGRESS], 2);
    cr_assert_eq(result.restarts, 1);
    cr_assert_not_null(strstr(usual, "probe"));
    free(never);
    free(usual);
}

/* A cluster that stands still for good is as expected then. */
Test(run_settings, standing_still_is_no_violation)
{
    static const char text[] =
        "{'description': 'd', 'nodes': 2, 'duration': '30s', "
        "'network': {'drop': 1}, 'expect': {%s}}";
    char never[256];
    char usual[256];
    snprintf(never, sizeof never, text, "'progress_within': 'never'");
    snprintf(usual, sizeof usual, text, "");
    struct sim_result result = harness_run(never, 1, NULL);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_assert_eq(result.time_us, 30 * S);
    result = harness_run(usual, 1, NULL);
    cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
    cr_assert_eq(result.violation.property, SIM_PROGRESS);
}

/* All else is judged as ever: numbers, steps that never happened, and healing
 * that the script asks for. */
Test(run_settings, the_rest_of_the_claim_is_judged)
{
    char *story;
    struct sim_result result = harness_run(
        CRASH("'progress_within': 'never', 'commits_at_least': 100000"), 1,
        NULL);
    cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
    cr_assert(harness_unmet(&result, "/expect/commits_at_least"));
    result = harness_run("{'description': 'd', 'duration': '3s', 'faults': "
                         "[{'when': {'term_reached': 900}, 'crash': 1}], "
                         "'expect': {'progress_within': 'never'}}",
                         1, NULL);
    cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
    cr_assert(harness_unmet(&result, "/faults/0"));
    result = run("{'description': 'd', 'duration': '3s', 'faults': "
                 "[{'at': '1s', 'crash': 'leader'}, {'at': '2s', 'heal': "
                 "'all'}], 'expect': {'progress_within': 'never', "
                 "'leader_within': '1s'}}",
                 1, &story);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    cr_assert_eq(result.restarts, 1);
    cr_assert_null(strstr(story, "probe"));
    free(story);
}
