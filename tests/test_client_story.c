/* What a run tells of its clients: how reads were answered, and lines in the
 * story in the words that the judge has for an operation. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim_harness.h"

/* Node 1 leads at once. */
#define FIRST "'faults': [{'at': '0s', 'expire_timer': 1}"

static struct sim_read_counts counts_of(const char *text)
{
    struct sim_result result = harness_run(text, 1, NULL);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s", text);
    const uint64_t *by_way = result.read_counts.by_way;
    cr_assert_eq(by_way[SIM_WAY_LEASE] + by_way[SIM_WAY_READ_INDEX] +
                     by_way[SIM_WAY_FOLLOWER],
                 result.reads);
    return result.read_counts;
}

Test(client_story, reads_are_counted_by_how_they_were_answered)
{
    struct sim_read_counts mixed = counts_of(
        "{'description': 'd', 'duration': '2s', 'workload': {'operations': "
        "{'set': 1, 'read': 1}}, " FIRST "]}");
    cr_expect_eq(mixed.by_way[SIM_WAY_LEASE], 0);
    cr_expect_gt(mixed.by_way[SIM_WAY_READ_INDEX], 10);
    cr_expect_gt(mixed.by_way[SIM_WAY_FOLLOWER],
                 mixed.by_way[SIM_WAY_READ_INDEX]);
    cr_expect_eq(mixed.by_way[SIM_WAY_LOG], 0);

    struct sim_read_counts logged = counts_of(
        "{'description': 'd', 'duration': '2s', 'workload': {'operations': "
        "{'read_log': 1}}, " FIRST "]}");
    cr_expect_gt(logged.by_way[SIM_WAY_LOG], 100);
    cr_expect_eq(logged.by_way[SIM_WAY_READ_INDEX], 0);
    cr_expect_eq(logged.refused + logged.timed_out, 0);
}

/* The same reads, asked for by lease: with leases, without, and from a leader
 * that has to wait for a majority all the same because its lease is gone. */
Test(client_story, reads_by_lease_are_those_that_a_leader_answers_at_once)
{
    struct sim_read_counts with = counts_of(
        "{'description': 'd', 'duration': '2s', 'raft': {'lease_reads': true}, "
        "'workload': {'operations': {'read_lease': 1}}, " FIRST "]}");
    cr_expect_gt(with.by_way[SIM_WAY_LEASE], 100);
    struct sim_read_counts without =
        counts_of("{'description': 'd', 'duration': '2s', 'nodes': 1, "
                  "'workload': {'operations': {'read_lease': 1}}, " FIRST "]}");
    cr_expect_eq(without.by_way[SIM_WAY_LEASE], 0);
    cr_expect_gt(without.by_way[SIM_WAY_READ_INDEX], 100);
    struct sim_read_counts slow = counts_of(
        "{'description': 'd', 'duration': '2s', 'raft': {'lease_reads': true, "
        "'election_timeout': '150ms', 'clock_drift': '90%'}, "
        "'workload': {'operations': {'read_lease': 1}}, " FIRST "]}");
    cr_expect_gt(slow.by_way[SIM_WAY_LEASE], 0);
    cr_expect_gt(slow.by_way[SIM_WAY_READ_INDEX], slow.by_way[SIM_WAY_LEASE]);
}

Test(client_story, reads_without_an_answer_are_counted)
{
    struct sim_read_counts cut = counts_of(
        "{'description': 'd', 'duration': '3s', 'workload': {'operations': "
        "{'read': 1}, 'timeout': '20ms'}, " FIRST
        ", {'at': '1s', 'isolate': 1, 'for': '1s'}]}");
    cr_expect_gt(cut.refused, 0);
    cr_expect_gt(cut.timed_out, 0);
}

/* Every operation of a failure stands in the story as it stands in the report,
 * but for the origins of values, which the report tells once each. */
Test(client_story, the_judges_words_are_found_in_the_story)
{
    static const char text[] =
        "{'description': 'd', 'nodes': 3, 'duration': '4s', 'raft': "
        "{'lease_reads': true, 'clock_drift': '1%'}, 'clocks': [{'nodes': 1, "
        "'rate': '-80%'}], 'workload': {'clients': 32, 'rate': '300/s', "
        "'keys': 1, 'timeout': '50ms', 'operations': {'set': 15, "
        "'read_lease': 85}}, " FIRST
        ", {'at': '1s', 'isolate': 1, 'for': '2s'}], "
        "'expect': {'violation': 'linearizability'}}";
    struct harness_text story = {.text = NULL};
    struct harness_options options = {.trace = &story};
    struct sim_result result = harness_run(text, 1, &options);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
    const char *told = result.violation.text;
    cr_expect_not_null(strstr(told, "is broken, judged at 4.012864 s: key k0 "
                                    "(v1, v2 ... are the values in the order "
                                    "in which clients first sent them, also "
                                    "in the trace): client "),
                       "%s", told);
    cr_expect_not_null(strstr(told, " from node 1 by lease ("), "%s", told);
    cr_expect_not_null(strstr(told, " was old by then: "), "%s", told);

    unsigned value, writer, client, node;
    const char *last = strstr(told, "then client ");
    cr_assert_not_null(last, "%s", told);
    cr_assert_eq(sscanf(last,
                        "then client %u read v%u (written by client %u) from "
                        "node %u by lease (",
                        &client, &value, &writer, &node),
                 4, "%s", last);
    const char *times = strstr(last, "by lease (");
    char line[256];
    snprintf(line, sizeof line,
             " -- key k0: client %u read v%u (written by client %u) from node "
             "%u %.*s\n",
             client, value, writer, node, (int)strcspn(times, ":,"), times);
    cr_expect_not_null(strstr(story.text, line), "%s", line);
    snprintf(line, sizeof line, " -- key k0: client %u asks to write v%u, node",
             writer, value);
    cr_expect_not_null(strstr(story.text, line), "%s", line);
    snprintf(line, sizeof line, " is asked for a read by lease by client %u\n",
             client);
    cr_expect_not_null(strstr(story.text, line), "%s", line);
    free(story.text);
}

Test(client_story, the_scripts_proposals_are_told_with_their_place)
{
    struct harness_text story = {.text = NULL};
    struct harness_options options = {.trace = &story};
    harness_run("{'description': 'd', 'workload': {'clients': 0}, " FIRST
                ", {'at': '1s', 'propose': {'to': 1, 'key': 'a', 'value': "
                "'b'}}]}",
                1, &options);
    cr_expect_not_null(strstr(story.text,
                              "[   1.000000] -- key a: client 1 asks to write "
                              "v1 = b, node 1 first (/faults/1)\n"));
    cr_expect_not_null(strstr(
        story.text,
        " -- key a: client 1 wrote v1 = b through node 1 (1.000000 s to 1."));
    free(story.text);
}

/* Busy for a second, silent for half a second: nobody begins anything then, and
 * everybody at its end. */
Test(client_story, silence_is_kept_by_all)
{
    static const char text[] =
        "{'description': 'd', 'duration': '6s', 'workload': {'clients': 8, "
        "'rate': '400/s', 'busy': '1s', 'silent': '500ms', 'start': "
        "'200ms'}, " FIRST "]}";
    struct harness_text trace = {.text = NULL};
    struct harness_options options = {.trace = &trace};
    harness_run(text, 1, &options);
    uint32_t begun = 0, at_the_end = 0;
    const char *line = trace.text;
    while ((line = strstr(line, " asks to ")) != NULL) {
        const char *at = line;
        while (at > trace.text && at[-1] != '\n')
            at--;
        unsigned s = 0, us = 0;
        cr_assert_eq(sscanf(at, "[%u.%6u]", &s, &us), 2);
        unsigned ms = s * 1000 + us / 1000;
        cr_expect_geq(ms, 200);
        cr_expect_lt((ms - 200) % 1500, 1000, "%u ms", ms);
        at_the_end += ms >= 1700 && ms < 1701;
        begun++;
        line++;
    }
    cr_expect_gt(begun, 500);
    cr_expect_eq(at_the_end, 8);
    free(trace.text);
}
