/* How well a cluster served: time without a leader, and recoveries. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "tests/sim_harness.h"

#define RUN(more) "{'description': 'x', 'duration': '4s'" more "}"

static struct sim_result run(const char *text)
{
    struct sim_result result = harness_run(text, 1, NULL);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s", text);
    return result;
}

Test(service, counts_the_time_without_a_leader)
{
    static const struct {
        const char *text;
        uint64_t least_us, most_us;
    } cases[] = {
        /* Until the first election. */
        {RUN(", 'faults': [{'at': '100ms', 'expire_timer': 1}]"), 100000,
         130000},
        /* And after the only leader's crash. */
        {RUN(", 'nodes': 1, 'faults': [{'at': '0s', 'expire_timer': 1},"
             "{'at': '1s', 'crash': 1, 'for': '1s'}]"),
         1000000, 1400000},
        /* Nobody ever leads; what comes after the end is not counted. */
        {RUN(", 'faults': [{'at': '0s', 'crash': [2, 3]}]"), 4000000, 4000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_result result = run(cases[i].text);
        cr_expect_geq(result.leaderless_us, cases[i].least_us,
                      "%zu: %" PRIu64 " us", i, result.leaderless_us);
        cr_expect_leq(result.leaderless_us, cases[i].most_us,
                      "%zu: %" PRIu64 " us", i, result.leaderless_us);
    }
}

Test(service, counts_recoveries)
{
    static const struct {
        const char *text;
        uint64_t recoveries;
    } cases[] = {
        {RUN(""), 0},
        {RUN(", 'faults': [{'at': '1s', 'crash': 'leader', 'for': '1s'}]"), 1},
        {RUN(", 'faults': [{'at': '1s', 'crash': 'leader'},"
             "{'at': '2s', 'restart': 'crashed'},"
             "{'at': '2500ms', 'propose': {'to': 1, 'key': 'k'}},"
             "{'at': '3s', 'heal': 'all'}]"),
         1},
        {RUN(", 'faults': [{'at': '1s', 'isolate': 'leader', 'for': '1s'},"
             "{'at': '3s', 'pause': 'a follower', 'for': '100ms'}]"),
         2},
        /* Not before somebody wants something. */
        {RUN(", 'workload': {'clients': 0}, 'faults': [{'at': '1s', 'pause': "
             "'a follower', 'for': '100ms'}], 'expect': {'progress_within': "
             "'never'}"),
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(run(cases[i].text).recoveries, cases[i].recoveries, "%s",
                     cases[i].text);
    }
}

/* The crash of a leader takes an election; that of a follower, a round. */
Test(service, measures_recoveries)
{
    struct sim_result slow =
        run(RUN(", 'faults': [{'at': '1s', 'crash': 'leader', 'for': '1s'},"
                "{'at': '3s', 'pause': 'a follower', 'for': '100ms'}]"));
    cr_assert_eq(slow.recoveries, 2);
    cr_expect_geq(slow.longest_recovery_us, 150000);
    cr_expect_leq(slow.longest_recovery_us, 700000);
    cr_expect_gt(slow.recovery_us, slow.longest_recovery_us);
    struct sim_result quick =
        run(RUN(", 'faults': [{'at': '1s', 'pause': 'a follower', 'for': "
                "'100ms'}]"));
    cr_assert_eq(quick.recoveries, 1);
    cr_expect_lt(quick.longest_recovery_us, 100000);
    cr_expect_eq(quick.recovery_us, quick.longest_recovery_us);
}

/* What was on its way before the damage does not count: what comes after it
 * takes a whole round of 40 ms. */
Test(service, waits_for_something_new)
{
    struct sim_result result =
        run(RUN(", 'network': {'delay': '20ms'}, 'workload': {'clients': 8, "
                "'rate': '100/s'}, 'faults': [{'at': '1s', 'pause': 'a "
                "follower', 'for': '100ms'}]"));
    cr_assert_eq(result.recoveries, 1);
    cr_expect_geq(result.longest_recovery_us, 40000);
}

Test(service, counts_bytes)
{
    struct sim_result idle = run(RUN(", 'workload': {'clients': 0}"));
    struct sim_result busy = run(RUN(""));
    cr_expect_gt(idle.bytes_sent, 10 * idle.messages_sent);
    cr_expect_gt(busy.bytes_sent, 2 * idle.bytes_sent);
}
