/* Expectations: which stretch of time sees what, and what is said of it. */
#include "sim/expect.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/prng.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)

/* Limits that nothing breaks. */
static struct sim_expect_window window_of(uint64_t from_us, uint64_t until_us)
{
    return (struct sim_expect_window){
        .from_us = from_us,
        .until_us = until_us,
        .commits_at_most = SIM_UNLIMITED,
        .elections_at_most = SIM_UNLIMITED,
        .terms_at_most = SIM_UNLIMITED,
        .installs_at_most = SIM_UNLIMITED,
    };
}

static struct sim_expect expect_of(struct sim_expect_window *during,
                                   uint32_t n_during)
{
    return (struct sim_expect){
        .whole = window_of(0, SIM_UNLIMITED),
        .during = during,
        .n_during = n_during,
    };
}

/* "pointer: text", a line each. */
static const char *lines_of(const struct sim_unmet *unmet, uint32_t n_unmet,
                            char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < n_unmet; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s: %s\n",
                                 unmet[i].pointer, unmet[i].text);
        cr_assert_lt(used, size);
    }
    return text;
}

static void expect_end(struct sim_expect_tracker *tracker, uint64_t now_us,
                       const struct sim_expect_sample *sample,
                       const struct sim_violation *violation,
                       const char *expected)
{
    struct sim_unmet unmet[SIM_MAX_UNMET];
    uint32_t n_unmet = 0;
    char text[4096];
    sim_expect_finish(tracker, now_us, sample, violation, unmet, &n_unmet);
    cr_assert_str_eq(lines_of(unmet, n_unmet, text, sizeof text), expected,
                     "got\n%sexpected\n%s", text, expected);
    sim_expect_free(tracker);
}

/* --- the whole run ------------------------------------------------------- */

Test(expect, the_limits_of_the_whole_run)
{
    const uint64_t no = SIM_UNLIMITED;
    const struct {
        uint64_t commits[2], elections[2], terms; /* at least, at most */
        struct sim_expect_sample end;
        const char *unmet;
    } cases[] = {
        {{0, no}, {0, no}, no, {0}, ""},
        {{100, no}, {0, no}, no, {.commits = 100}, ""},
        {{100, no},
         {0, no},
         no,
         {.commits = 99},
         "/expect/commits_at_least: expected at least 100 commits, saw 99\n"},
        {{1, no},
         {0, no},
         no,
         {.commits = 0},
         "/expect/commits_at_least: expected at least 1 commit, saw 0\n"},
        {{0, 3}, {0, no}, no, {.commits = 3}, ""},
        {{0, 3},
         {0, no},
         no,
         {.commits = 4},
         "/expect/commits_at_most: expected at most 3 commits, saw 4\n"},
        {{0, no}, {2, no}, no, {.elections = 2}, ""},
        {{0, no},
         {2, no},
         no,
         {.elections = 1},
         "/expect/elections_at_least: expected at least 2 elections, saw 1\n"},
        {{0, no}, {0, 1}, no, {.elections = 1}, ""},
        {{0, no},
         {0, 1},
         no,
         {.elections = 2},
         "/expect/elections_at_most: expected at most 1 election, saw 2\n"},
        {{0, no}, {0, no}, 3, {.highest_term = 3}, ""},
        {{0, no},
         {0, no},
         3,
         {.highest_term = 4},
         "/expect/terms_at_most: expected the highest term to rise by at most "
         "3, it rose by 4 to 4\n"},
        {{5, no},
         {0, 0},
         0,
         {.elections = 1, .highest_term = 1},
         "/expect/commits_at_least: expected at least 5 commits, saw 0\n"
         "/expect/elections_at_most: expected at most 0 elections, saw 1\n"
         "/expect/terms_at_most: expected the highest term to rise by at most "
         "0, it rose by 1 to 1\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect expect = expect_of(NULL, 0);
        expect.whole.commits_at_least = cases[i].commits[0];
        expect.whole.commits_at_most = cases[i].commits[1];
        expect.whole.elections_at_least = cases[i].elections[0];
        expect.whole.elections_at_most = cases[i].elections[1];
        expect.whole.terms_at_most = cases[i].terms;
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        struct sim_expect_sample start = {0};
        cr_assert_eq(sim_expect_next_us(tracker), 0);
        sim_expect_advance(tracker, 0, &start);
        cr_assert_eq(sim_expect_next_us(tracker), SIM_UNLIMITED);
        expect_end(tracker, 1 * S, &cases[i].end, NULL, cases[i].unmet);
    }
}

Test(expect, the_leader_at_the_end)
{
    static const struct {
        uint32_t wanted, seen;
        const char *unmet;
    } cases[] = {
        {3, 3, ""},
        {SIM_NONE, SIM_NONE, ""},
        {3, 2, "/expect/leader: expected leader 3 at the end, saw leader 2\n"},
        {3, SIM_NONE,
         "/expect/leader: expected leader 3 at the end, saw no leader\n"},
        {SIM_NONE, 2,
         "/expect/leader: expected no leader at the end, saw leader 2\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect expect = expect_of(NULL, 0);
        expect.whole.has_leader = true;
        expect.whole.leader = cases[i].wanted;
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        struct sim_expect_sample sample = {.leader = 1};
        sim_expect_advance(tracker, 0, &sample);
        sample.leader = cases[i].seen;
        expect_end(tracker, 1 * S, &sample, NULL, cases[i].unmet);
    }
}

Test(expect, a_leader_in_time)
{
    static const struct {
        uint64_t within_us;
        uint64_t appears_us; /* SIM_UNLIMITED: never */
        const char *unmet;
    } cases[] = {
        {500 * MS, 0, ""},
        {500 * MS, 500 * MS, ""},
        {500 * MS, 500 * MS + 1,
         "/expect/leader_within: expected a leader within 500ms, saw the first "
         "after 500.001ms\n"},
        {1500 * MS, 2 * S,
         "/expect/leader_within: expected a leader within 1.5s, saw the first "
         "after 2s\n"},
        {7, SIM_UNLIMITED,
         "/expect/leader_within: expected a leader within 7us, saw none\n"},
        {1000001, SIM_UNLIMITED,
         "/expect/leader_within: expected a leader within 1.000001s, saw "
         "none\n"},
        {3600 * S, SIM_UNLIMITED,
         "/expect/leader_within: expected a leader within 3600s, saw none\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect expect = expect_of(NULL, 0);
        expect.whole.has_leader_within = true;
        expect.whole.leader_within_us = cases[i].within_us;
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        struct sim_expect_sample sample = {.leader = SIM_NONE};
        sim_expect_advance(tracker, 0, &sample);
        if (cases[i].appears_us != SIM_UNLIMITED) {
            sample.leader = 2;
            sim_expect_advance(tracker, cases[i].appears_us, &sample);
            /* Only the first counts. */
            sample.leader = SIM_NONE;
            sim_expect_advance(tracker, cases[i].appears_us + 1, &sample);
            sample.leader = 1;
            sim_expect_advance(tracker, cases[i].appears_us + 2, &sample);
        }
        expect_end(tracker, 5 * S, &sample, NULL, cases[i].unmet);
    }
}

Test(expect, a_violation_by_name)
{
    static const struct {
        bool expected;
        enum sim_property property;
        bool found;
        enum sim_property seen;
        const char *unmet;
    } cases[] = {
        {false, SIM_ELECTION_SAFETY, false, SIM_ELECTION_SAFETY, ""},
        {false, SIM_ELECTION_SAFETY, true, SIM_ELECTION_SAFETY, ""},
        {true, SIM_ELECTION_SAFETY, true, SIM_ELECTION_SAFETY, ""},
        {true, SIM_ELECTION_SAFETY, true, SIM_LEADER_APPEND_ONLY,
         "/expect/violation: expected a violation of election_safety, saw "
         "leader_append_only\n"},
        {true, SIM_ELECTION_SAFETY, false, SIM_ELECTION_SAFETY,
         "/expect/violation: expected a violation of election_safety, saw "
         "none\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect expect = expect_of(NULL, 0);
        expect.violation = cases[i].expected;
        expect.property = cases[i].property;
        struct sim_violation violation = {.property = cases[i].seen};
        struct sim_expect_sample sample = {0};
        expect_end(sim_expect_new(&expect, NULL), 1 * S, &sample,
                   cases[i].found ? &violation : NULL, cases[i].unmet);
    }
}

/* --- stretches ----------------------------------------------------------- */

/* An event at `from` is in [from, until), one at `until` is not. */
Test(expect, a_stretch_has_its_start_and_not_its_end)
{
    static const struct {
        uint64_t at_us;
        bool inside;
    } cases[] = {
        {0, false},         {1 * S - 1, false}, {1 * S, true},
        {1 * S + 1, true},  {2 * S - 1, true},  {2 * S, false},
        {2 * S + 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect_window during[] = {window_of(1 * S, 2 * S)};
        during[0].commits_at_most = 0;
        struct sim_expect expect = expect_of(during, 1);
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        struct sim_expect_sample sample = {.commits = 50};
        static const uint64_t others[] = {0, 1 * S, 2 * S, 3 * S};
        bool happened = false;
        for (size_t e = 0; e < 4; e++) {
            if (!happened && cases[i].at_us < others[e]) {
                sim_expect_advance(tracker, cases[i].at_us, &sample);
                sample.commits++;
                happened = true;
            }
            sim_expect_advance(tracker, others[e], &sample);
            if (!happened && cases[i].at_us == others[e]) {
                sample.commits++;
                happened = true;
            }
        }
        expect_end(tracker, 3 * S, &sample, NULL,
                   cases[i].inside ? "/expect/during/0/commits_at_most: "
                                     "expected at most 0 commits, saw 1\n"
                                   : "");
    }
}

Test(expect, stretches_that_the_run_did_not_reach)
{
    static const struct {
        uint64_t from_us, until_us, end_us;
        const char *unmet;
    } cases[] = {
        {1 * S, 2 * S, 2 * S, ""},
        {1 * S, SIM_UNLIMITED, 2 * S, ""},
        {1 * S, 2 * S, 2 * S - 1,
         "/expect/during/0/until: the run ended at 1.999999s, this stretch "
         "ends at 2s\n"},
        {1 * S, 2 * S, 999 * MS,
         "/expect/during/0/from: the run ended at 999ms, this stretch begins "
         "at 1s\n"},
        {1 * S, SIM_UNLIMITED, 999 * MS,
         "/expect/during/0/from: the run ended at 999ms, this stretch begins "
         "at 1s\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect_window during[] = {
            window_of(cases[i].from_us, cases[i].until_us)};
        struct sim_expect expect = expect_of(during, 1);
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        struct sim_expect_sample sample = {0};
        sim_expect_advance(tracker, 0, &sample);
        expect_end(tracker, cases[i].end_us, &sample, NULL, cases[i].unmet);
    }
}

/* What was before a stretch does not count for it. */
Test(expect, a_stretch_counts_from_its_start)
{
    struct sim_expect_window during[] = {window_of(1 * S, 2 * S)};
    during[0].commits_at_most = 1;
    during[0].elections_at_most = 2;
    during[0].terms_at_most = 3;
    struct sim_expect expect = expect_of(during, 1);
    struct sim_expect_sample start = {
        .commits = 10, .elections = 20, .highest_term = 30};
    struct sim_expect_sample within = {
        .commits = 11, .elections = 22, .highest_term = 33};
    struct sim_expect_sample beyond = {
        .commits = 12, .elections = 23, .highest_term = 34};
    struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
    sim_expect_advance(tracker, 1 * S, &start);
    expect_end(tracker, 2 * S, &within, NULL, "");
    tracker = sim_expect_new(&expect, NULL);
    sim_expect_advance(tracker, 1 * S, &start);
    expect_end(tracker, 2 * S, &beyond, NULL,
               "/expect/during/0/commits_at_most: expected at most 1 commit, "
               "saw 2\n"
               "/expect/during/0/elections_at_most: expected at most 2 "
               "elections, saw 3\n"
               "/expect/during/0/terms_at_most: expected the highest term to "
               "rise by at most 3, it rose by 4 to 34\n");
}

/* A leader counts for a stretch if it lives at its start or appears in it. */
Test(expect, a_leader_in_time_within_a_stretch)
{
    static const struct {
        uint64_t appears_us, dies_us;
        const char *unmet;
    } cases[] = {
        {500 * MS, 4 * S, ""},
        {1500 * MS, 4 * S, ""},
        {1600 * MS, 4 * S,
         "/expect/during/0/leader_within: expected a leader within 500ms, saw "
         "the first after 600ms\n"},
        {500 * MS, 700 * MS,
         "/expect/during/0/leader_within: expected a leader within 500ms, saw "
         "none\n"},
        {2 * S, 4 * S,
         "/expect/during/0/leader_within: expected a leader within 500ms, saw "
         "none\n"},
        {2500 * MS, 4 * S,
         "/expect/during/0/leader_within: expected a leader within 500ms, saw "
         "none\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect_window during[] = {window_of(1 * S, 2 * S)};
        during[0].has_leader_within = true;
        during[0].leader_within_us = 500 * MS;
        struct sim_expect expect = expect_of(during, 1);
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        struct sim_expect_sample sample = {.leader = SIM_NONE};
        for (uint64_t now_us = 0; now_us <= 3 * S; now_us += 100 * MS) {
            sim_expect_advance(tracker, now_us, &sample);
            if (now_us == cases[i].appears_us) {
                sample.leader = 1;
                sim_expect_advance(tracker, now_us, &sample);
            }
            if (now_us == cases[i].dies_us) {
                sample.leader = SIM_NONE;
            }
        }
        expect_end(tracker, 3 * S, &sample, NULL, cases[i].unmet);
    }
}

/* --- snapshots, reads, members ------------------------------------------- */

Test(expect, snapshots_installs_and_reads_of_the_whole_run)
{
    const uint64_t no = SIM_UNLIMITED;
    const struct {
        uint64_t snapshots, installs[2], reads; /* at least, at most */
        struct sim_expect_sample end;
        const char *unmet;
    } cases[] = {
        {0, {0, no}, 0, {0}, ""},
        {3, {2, 2}, 5, {.snapshots = 3, .installs = 2, .reads = 5}, ""},
        {3,
         {0, no},
         0,
         {.snapshots = 2, .installs = 9, .reads = 9},
         "/expect/snapshots_at_least: expected at least 3 snapshots, saw 2\n"},
        {0,
         {1, no},
         0,
         {.snapshots = 9, .reads = 9},
         "/expect/installs_at_least: expected at least 1 install, saw 0\n"},
        {0,
         {0, 0},
         0,
         {.installs = 1},
         "/expect/installs_at_most: expected at most 0 installs, saw 1\n"},
        {0,
         {0, no},
         5,
         {.snapshots = 9, .installs = 9, .reads = 4},
         "/expect/reads_at_least: expected at least 5 reads, saw 4\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect expect = expect_of(NULL, 0);
        expect.whole.snapshots_at_least = cases[i].snapshots;
        expect.whole.installs_at_least = cases[i].installs[0];
        expect.whole.installs_at_most = cases[i].installs[1];
        expect.whole.reads_at_least = cases[i].reads;
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        struct sim_expect_sample start = {0};
        sim_expect_advance(tracker, 0, &start);
        expect_end(tracker, 1 * S, &cases[i].end, NULL, cases[i].unmet);
    }
}

Test(expect, snapshots_installs_and_reads_count_from_the_start_of_a_stretch)
{
    struct sim_expect_window during[] = {window_of(1 * S, 2 * S)};
    during[0].snapshots_at_least = 2;
    during[0].installs_at_least = 3;
    during[0].reads_at_least = 4;
    struct sim_expect expect = expect_of(during, 1);
    struct sim_expect_sample start = {
        .snapshots = 10, .installs = 20, .reads = 30};
    struct sim_expect_sample enough = {
        .snapshots = 12, .installs = 23, .reads = 34};
    struct sim_expect_sample few = {
        .snapshots = 11, .installs = 22, .reads = 33};
    struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
    sim_expect_advance(tracker, 1 * S, &start);
    expect_end(tracker, 2 * S, &enough, NULL, "");
    tracker = sim_expect_new(&expect, NULL);
    sim_expect_advance(tracker, 1 * S, &start);
    expect_end(
        tracker, 2 * S, &few, NULL,
        "/expect/during/0/snapshots_at_least: expected at least 2 snapshots, "
        "saw 1\n"
        "/expect/during/0/installs_at_least: expected at least 3 installs, "
        "saw 2\n"
        "/expect/during/0/reads_at_least: expected at least 4 reads, saw 3\n");
}

Test(expect, errors_of_disks_count_from_the_start_of_a_stretch)
{
    struct sim_expect_window during[] = {window_of(1 * S, 2 * S)};
    during[0].write_errors_at_least = 2;
    during[0].torn_records_at_least = 1;
    during[0].refused_starts_at_least = 3;
    struct sim_expect expect = expect_of(during, 1);
    struct sim_expect_sample start = {
        .write_errors = 10, .torn_records = 20, .refused_starts = 30};
    struct sim_expect_sample enough = {
        .write_errors = 12, .torn_records = 21, .refused_starts = 33};
    struct sim_expect_sample few = {
        .write_errors = 11, .torn_records = 20, .refused_starts = 32};
    struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
    sim_expect_advance(tracker, 1 * S, &start);
    expect_end(tracker, 2 * S, &enough, NULL, "");
    tracker = sim_expect_new(&expect, NULL);
    sim_expect_advance(tracker, 1 * S, &start);
    expect_end(tracker, 2 * S, &few, NULL,
               "/expect/during/0/write_errors_at_least: expected at least 2 "
               "write errors, saw 1\n"
               "/expect/during/0/torn_records_at_least: expected at least 1 "
               "torn record, saw 0\n"
               "/expect/during/0/refused_starts_at_least: expected at least 3 "
               "refused starts, saw 2\n");
}

Test(expect, the_voters_at_the_end)
{
    const struct sim_configuration three = sim_configuration_of(3);
    struct sim_configuration learning = three;
    struct sim_configuration witnessed = three;
    struct sim_configuration joint = three;
    struct sim_configuration other = sim_configuration_of(2);
    const struct sim_configuration two = other;
    sim_set_add(&learning.learners, 4);
    sim_set_add(&witnessed.witnesses, 2);
    joint.old_voters = two.voters;
    sim_set_add(&other.voters, 4);
    const struct {
        const struct sim_configuration *seen;
        const char *unmet;
    } cases[] = {
        {&three, ""},
        {&learning, ""},  /* who learns has no vote */
        {&witnessed, ""}, /* a witness has one */
        {&joint, "/expect/voters: expected voters 1, 2, 3 at the end, saw "
                 "1, 2, 3 with 1, 2 as old ones\n"},
        {&two, "/expect/voters: expected voters 1, 2, 3 at the end, saw "
               "1, 2\n"},
        {&other, "/expect/voters: expected voters 1, 2, 3 at the end, saw "
                 "1, 2, 4\n"},
        {NULL, "/expect/voters: expected voters 1, 2, 3 at the end, saw "
               "nobody who knows\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_expect expect = expect_of(NULL, 0);
        struct sim_expect_sample end = {.members = cases[i].seen};
        expect.whole.voters = three.voters;
        expect_end(sim_expect_new(&expect, NULL), 1 * S, &end, NULL, "");
        expect.whole.has_voters = true;
        expect_end(sim_expect_new(&expect, NULL), 1 * S, &end, NULL,
                   cases[i].unmet);
    }
}

/* They are those at the end of the stretch, whatever they were before. */
Test(expect, the_voters_at_the_end_of_a_stretch)
{
    const struct sim_configuration two = sim_configuration_of(2);
    const struct sim_configuration three = sim_configuration_of(3);
    struct sim_expect_window during[] = {window_of(0, 1 * S),
                                         window_of(1 * S, 2 * S)};
    during[0].has_voters = during[1].has_voters = true;
    during[0].voters = during[1].voters = three.voters;
    struct sim_expect expect = expect_of(during, 2);
    struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
    struct sim_expect_sample sample = {.members = &two};
    sim_expect_advance(tracker, 0, &sample);
    sim_expect_advance(tracker, 1 * S, &sample);
    sample.members = &three;
    sim_expect_advance(tracker, 2 * S, &sample);
    sample.members = &two;
    expect_end(tracker, 3 * S, &sample, NULL,
               "/expect/during/0/voters: expected voters 1, 2, 3 at the end, "
               "saw 1, 2\n");
}

/* --- logs ---------------------------------------------------------------- */

static sim_tip append(struct sim_log_tree *tree, sim_tip parent, uint64_t term)
{
    struct sim_entry entry = {.term = term, .kind = SIM_ENTRY_INTERNAL};
    return sim_log_tree_append(tree, parent, &entry, NULL);
}

Test(expect, logs_by_the_terms_of_their_entries)
{
    static uint64_t terms[] = {1, 1, 4};
    static const struct {
        uint64_t held[4];
        uint32_t n_held; /* 9: the node is down */
        uint32_t n_wanted;
        const char *unmet;
    } cases[] = {
        {{1, 1, 4}, 3, 3, ""},
        {{1, 1, 4, 5}, 4, 3, ""}, /* it begins with them */
        {{1, 1, 4}, 3, 0, ""},
        {{0}, 0, 0, ""},
        {{1, 1},
         2,
         3,
         "/expect/log/1: expected node 2 to hold an entry of term 4 at index "
         "3, its log ends at 2\n"},
        {{0},
         0,
         3,
         "/expect/log/1: expected node 2 to hold an entry of term 1 at index "
         "1, its log ends at 0\n"},
        {{1, 3, 4},
         3,
         3,
         "/expect/log/1: expected node 2 to hold an entry of term 1 at index "
         "2, found term 3\n"},
        {{1, 1, 2},
         3,
         3,
         "/expect/log/1: expected node 2 to hold an entry of term 4 at index "
         "3, found term 2\n"},
        {{1, 1, 5},
         3,
         3,
         "/expect/log/1: expected node 2 to hold an entry of term 4 at index "
         "3, found term 5\n"},
        {{0}, 9, 3, "/expect/log/1: expected a log of node 2, it is down\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_log_tree *tree = sim_log_tree_new();
        sim_tip tips[3] = {SIM_NO_TIP, append(tree, SIM_ROOT, 7), SIM_ROOT};
        for (uint32_t n = 0; n < cases[i].n_held && n < 4; n++) {
            tips[2] = append(tree, tips[2], cases[i].held[n]);
        }
        if (cases[i].n_held == 9) {
            tips[2] = SIM_NO_TIP;
        }
        uint64_t seven = 7;
        struct sim_expect_log logs[] = {{1, &seven, 1},
                                        {2, terms, cases[i].n_wanted}};
        struct sim_expect expect = expect_of(NULL, 0);
        expect.whole.logs = logs;
        expect.whole.n_logs = 2;
        struct sim_expect_sample sample = {.tips = tips};
        expect_end(sim_expect_new(&expect, tree), 1 * S, &sample, NULL,
                   cases[i].unmet);
        sim_log_tree_free(tree);
    }
}

/* The logs are those at the end of the stretch. */
Test(expect, logs_at_the_end_of_a_stretch)
{
    static uint64_t terms[] = {3};
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_expect_log log = {1, terms, 1};
    struct sim_expect_window during[] = {window_of(0, 1 * S),
                                         window_of(0, 2 * S)};
    during[0].logs = during[1].logs = &log;
    during[0].n_logs = during[1].n_logs = 1;
    struct sim_expect expect = expect_of(during, 2);
    struct sim_expect_tracker *tracker = sim_expect_new(&expect, tree);
    sim_tip tips[2] = {SIM_NO_TIP, SIM_ROOT};
    struct sim_expect_sample sample = {.tips = tips};
    sim_expect_advance(tracker, 1 * S, &sample);
    tips[1] = append(tree, SIM_ROOT, 3);
    sim_expect_advance(tracker, 2 * S, &sample);
    tips[1] = SIM_ROOT;
    expect_end(tracker, 3 * S, &sample, NULL,
               "/expect/during/0/log/0: expected node 1 to hold an entry of "
               "term 3 at index 1, its log ends at 0\n");
    sim_log_tree_free(tree);
}

/* --- the list ------------------------------------------------------------ */

Test(expect, what_does_not_fit_is_left_out)
{
    struct sim_expect_window during[SIM_MAX_UNMET + 4];
    for (uint32_t i = 0; i < SIM_MAX_UNMET + 4; i++) {
        during[i] = window_of(0, 1 * S);
        during[i].commits_at_least = i + 1;
    }
    struct sim_expect expect = expect_of(during, SIM_MAX_UNMET + 4);
    struct sim_expect_sample sample = {0};
    struct sim_unmet unmet[SIM_MAX_UNMET];
    for (uint32_t taken = 0; taken <= SIM_MAX_UNMET; taken++) {
        struct sim_expect_tracker *tracker = sim_expect_new(&expect, NULL);
        uint32_t n_unmet = taken;
        memset(unmet, 0, sizeof unmet);
        sim_expect_finish(tracker, 1 * S, &sample, NULL, unmet, &n_unmet);
        cr_assert_eq(n_unmet, SIM_MAX_UNMET);
        for (uint32_t i = 0; i < SIM_MAX_UNMET; i++) {
            cr_assert_eq(unmet[i].pointer[0] != '\0', i >= taken);
        }
        if (taken < SIM_MAX_UNMET) {
            cr_assert_str_eq(unmet[taken].pointer,
                             "/expect/during/0/commits_at_least");
        }
        sim_expect_free(tracker);
    }
}

/* --- against a naive model ----------------------------------------------- */

/* Counts commits and elections event by event, and remembers every leader. */
struct naive {
    uint64_t commits, elections, first_leader_us;
    bool leader_seen;
};

struct event {
    uint64_t at_us;
    uint64_t commits, elections; /* that it brings */
    uint32_t leader;             /* after it */
};

#define N_EVENTS 30u
#define N_WINDOWS 4u

static void look(struct naive *naive, const struct sim_expect_window *window,
                 const struct event *events)
{
    *naive = (struct naive){0};
    uint32_t leader = SIM_NONE;
    for (uint32_t e = 0; e < N_EVENTS; e++) {
        const struct event *event = &events[e];
        if (event->at_us >= window->until_us) {
            break;
        }
        if (event->at_us < window->from_us) {
            leader = event->leader;
            continue;
        }
        if (leader != SIM_NONE && !naive->leader_seen) {
            naive->leader_seen = true; /* it lived at the start */
        }
        leader = event->leader;
        if (leader != SIM_NONE && !naive->leader_seen) {
            naive->leader_seen = true;
            naive->first_leader_us = event->at_us - window->from_us;
        }
        naive->commits += event->commits;
        naive->elections += event->elections;
    }
    naive->leader_seen |= leader != SIM_NONE; /* no event within, one before */
}

static uint32_t count_key(const struct sim_unmet *unmet, uint32_t n_unmet,
                          uint32_t window, const char *key)
{
    char pointer[64];
    uint32_t count = 0;
    snprintf(pointer, sizeof pointer, "/expect/during/%" PRIu32 "/%s", window,
             key);
    for (uint32_t i = 0; i < n_unmet; i++) {
        count += strcmp(unmet[i].pointer, pointer) == 0;
    }
    return count;
}

static void draw_events(struct sim_prng *prng, struct event *events)
{
    uint64_t now_us = 0;
    uint32_t leader = SIM_NONE;
    for (uint32_t e = 0; e < N_EVENTS; e++) {
        now_us += sim_prng_below(prng, 3); /* often several at one time */
        bool elected = sim_prng_chance(prng, 100000);
        if (elected) {
            leader = (uint32_t)sim_prng_between(prng, 1, 3);
        } else if (sim_prng_chance(prng, 100000)) {
            leader = SIM_NONE;
        }
        events[e] =
            (struct event){now_us, sim_prng_below(prng, 3), elected, leader};
    }
}

static void play(struct sim_expect_tracker *tracker, const struct event *events,
                 uint64_t end_us, bool every_time, struct sim_unmet *unmet,
                 uint32_t *n_unmet)
{
    struct sim_expect_sample sample = {.leader = SIM_NONE};
    for (uint32_t e = 0; e < N_EVENTS; e++) {
        uint64_t now_us = events[e].at_us;
        if (every_time || now_us >= sim_expect_next_us(tracker)) {
            sim_expect_advance(tracker, now_us, &sample);
        }
        sample.commits += events[e].commits;
        sample.elections += events[e].elections;
        bool appeared =
            sample.leader == SIM_NONE && events[e].leader != SIM_NONE;
        sample.leader = events[e].leader;
        if (appeared) {
            sim_expect_advance(tracker, now_us, &sample);
        }
    }
    sim_expect_finish(tracker, end_us, &sample, NULL, unmet, n_unmet);
    sim_expect_free(tracker);
}

Test(expect, sees_what_counting_event_by_event_sees)
{
    uint32_t unmet_at_all = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_FAULT, 0, 0);
        struct event events[N_EVENTS];
        struct sim_expect_window during[N_WINDOWS];
        draw_events(&prng, events);
        for (uint32_t w = 0; w < N_WINDOWS; w++) {
            uint64_t from_us = sim_prng_below(&prng, 30);
            during[w] =
                window_of(from_us, from_us + 1 + sim_prng_below(&prng, 30));
            during[w].commits_at_least = sim_prng_below(&prng, 15);
            during[w].commits_at_most = sim_prng_below(&prng, 30);
            during[w].elections_at_most = sim_prng_below(&prng, 4);
            during[w].has_leader_within = true;
            during[w].leader_within_us = sim_prng_below(&prng, 20);
        }
        struct sim_expect expect = expect_of(during, N_WINDOWS);
        struct sim_unmet unmet[SIM_MAX_UNMET];
        uint32_t n_unmet = 0;
        play(sim_expect_new(&expect, NULL), events, 100, seed % 2 == 0, unmet,
             &n_unmet);
        unmet_at_all += n_unmet;
        for (uint32_t w = 0; w < N_WINDOWS; w++) {
            struct naive naive;
            look(&naive, &during[w], events);
            cr_assert_eq(count_key(unmet, n_unmet, w, "commits_at_least"),
                         naive.commits < during[w].commits_at_least);
            cr_assert_eq(count_key(unmet, n_unmet, w, "commits_at_most"),
                         naive.commits > during[w].commits_at_most);
            cr_assert_eq(count_key(unmet, n_unmet, w, "elections_at_most"),
                         naive.elections > during[w].elections_at_most);
            cr_assert_eq(count_key(unmet, n_unmet, w, "leader_within"),
                         !naive.leader_seen ||
                             naive.first_leader_us > during[w].leader_within_us,
                         "seed %" PRIu64 " stretch %" PRIu32, seed, w);
        }
    }
    cr_assert_gt(unmet_at_all, 4000);
}
