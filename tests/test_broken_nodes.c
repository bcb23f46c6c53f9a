/* Each checker sees the node that breaks its property, and no other checker
 * does before, in whole runs; and the same runs of a correct node hold. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/raft_node.h"
#include "tests/broken_node.h"
#include "tests/broken_run.h"
#include "tests/why_harness.h"

#define N_SEEDS 8u

/* --- scenarios ------------------------------------------------------------ */

static const char election[] = BROKEN_ELECTION;

static const char two_candidates[] =
    BROKEN_STAGE ", 'faults': [{'at': '10ms', 'expire_timer': [1, 2]}]";

static const char busy[] = BROKEN_BUSY;

static const char late_messages[] =
    BROKEN_BUSY ", 'network': {'delay': {'uniform': ['1ms', '20ms']}}";

static const char slow_disks[] =
    BROKEN_BUSY ", 'disk': {'fsync': {'uniform': ['500us', '20ms']}}";

static const char failing_disk[] =
    BROKEN_BUSY ", 'faults': [{'at': '1s', 'disk': {"
                "'nodes': 'a follower', 'fsync_errors': 1}, 'for': '1s'}]";

/* A follower falls far behind and catches up by one entry a message. */
static const char catching_up[] =
    BROKEN_BUSY ", 'raft': {'max_entries_per_message': 1}, 'faults':"
                "[{'at': '1s', 'isolate': 'a follower', 'for': '500ms'}]";

/* Node 1 leads and commits with node 2; then node 3, which has nothing, asks
 * node 2 for its vote. */
static const char empty_candidate[] =
    BROKEN_STAGE ", 'faults': ["
                 "{'at': '10ms', 'expire_timer': 1},"
                 "{'when': {'leader_elected': 1}, 'isolate': 3},"
                 "{'when': {'committed': 1, 'node': 1}, 'heal': 'network'},"
                 "{'after': '0s', 'isolate': 1},"
                 "{'after': '0s', 'expire_timer': 3},"
                 "{'after': '100ms', 'heal': 'network'}]";

/* Paper, Figure 8 (c) and (d): node 1, leader of term 4, brings the entry of
 * term 2 to a majority and knows it; then node 5 is elected in term 5 by nodes
 * 3 and 4 (at its first attempt, in term 4, node 3 has voted already). */
static const char figure_8[] =
    "'nodes': 5, 'duration': '3s',"
    "'raft': {'pre_vote': false, 'check_quorum': false,"
    "           'max_entries_per_message': 1},"
    "'network': {'delay': '1ms'}, 'disk': {'fsync': '500us'},"
    "'workload': {'clients': 0},"
    "'initial': [{'node': 1, 'term': 3, 'log': [1, 2]},"
    "              {'node': 2, 'term': 2, 'log': [1, 2]},"
    "              {'node': 3, 'term': 3, 'vote': 5, 'log': [1]},"
    "              {'node': 4, 'term': 3, 'vote': 5, 'log': [1]},"
    "              {'node': 5, 'term': 3, 'vote': 5, 'log': [1, 3]}],"
    "'faults': ["
    "{'at': '0s', 'crash': 5}, {'at': '0s', 'isolate': 4},"
    "{'at': '1ms', 'expire_timer': 1},"
    "{'when': {'stored': 2, 'node': 3}, 'after': '1200us',"
    " 'cut': {'from': 1, 'to': 3}},"
    "{'after': '0s', 'crash': 1},"
    "{'after': '1ms', 'heal': 'network'},"
    "{'after': '0s', 'restart': 5},"
    "{'after': '1ms', 'expire_timer': 5},"
    "{'after': '20ms', 'expire_timer': 5},"
    "{'after': '1s', 'restart': 1},"
    "{'after': '500ms', 'expire_timer': 2}]";

static const char vote_kept[] = BROKEN_VOTE_KEPT;

/* Node 3 campaigns alone, so that its term is above that of its last entry,
 * and crashes. */
static const char lonely_candidate[] =
    BROKEN_STAGE ", 'faults': ["
                 "{'at': '10ms', 'expire_timer': 1},"
                 "{'at': '100ms', 'isolate': 3},"
                 "{'at': '1500ms', 'crash': 3, 'for': '10ms'},"
                 "{'at': '1600ms', 'heal': 'network'}]";

/* --- scenarios of members ------------------------------------------------- */

/* Links are slow: changes take their time. */
#define CHANGING                                                               \
    "'nodes': 5, 'members': [1, 2, 3], 'duration': '3s',"                      \
    "'network': {'delay': '40ms'}, 'workload': {'clients': 0}," BROKEN_QUIET

static const char one_by_one[] =
    CHANGING ", 'faults': ["
             "{'at': '10ms', 'expire_timer': 1},"
             "{'at': '1s', 'members': [1, 4, 5], 'joint': false}]";

static const char at_once[] =
    CHANGING ", 'faults': ["
             "{'at': '10ms', 'expire_timer': 1},"
             "{'when': {'leader_elected': 1}, 'add': 4}]";

/* Node 1 is cut off when a change is in its log alone, and hears of another
 * leader later. */
static const char truncated_change[] =
    CHANGING ", 'faults': ["
             "{'at': '10ms', 'expire_timer': 1},"
             "{'when': {'committed': 1, 'node': 3}, 'isolate': 1},"
             "{'after': '0s', 'add': 4, 'ask': 1},"
             "{'after': '10ms', 'expire_timer': 2},"
             "{'after': '500ms', 'heal': 'network'}]";

/* The learner is near, the other voter is far. */
static const char near_learner[] =
    "'nodes': 3, 'duration': '2s', 'workload': {'rate': '400/s'},"
    "'members': [1, 2, {'node': 3, 'as': 'learner'}],"
    "'network': {'delay': '1ms',"
    "            'links': [{'from': 1, 'to': 2, 'delay': "
    "'30ms'}]}," BROKEN_QUIET ", 'faults': [{'at': '10ms', 'expire_timer': 1}]";

/* Their snapshots tell of other members than the first. */
static const char changed_and_coming_back[] =
    "'nodes': 5, 'members': [1, 2, 3], 'duration': '3s',"
    "'workload': {'clients': 4, 'rate': '400/s'}, 'snapshots': {'every': 20},"
    "'faults': [{'at': '1s', 'members': [1, 4, 5]},"
    "           {'at': '2s', 'crash': 4, 'for': '10ms'}]";

/* Snapshots are taken while changes are on their way. */
static const char changing_and_compacting[] =
    "'nodes': 5, 'members': [1, 2, 3], 'duration': '4s',"
    "'workload': {'clients': 8, 'rate': 'max'}, 'snapshots': {'every': 5},"
    "'network': {'delay': {'uniform': ['5ms', '15ms']}}, 'nemeses': ["
    "{'members': [1, 2, 3], 'every': {'exponential': '300ms'}},"
    "{'members': [3, 4, 5], 'every': {'exponential': '300ms'}}]";

/* --- scenarios of snapshots ----------------------------------------------- */

static const char compacting[] = BROKEN_COMPACTING;

static const char compacting_on_slow_disks[] =
    BROKEN_COMPACTING ", 'disk': {'fsync': {'uniform': ['500us', '20ms']}}";

/* A follower falls behind what is in the leader's log. */
static const char installing[] = BROKEN_INSTALLING;

/* A follower restarts from its snapshot, and gets the log from there. */
static const char coming_back[] =
    BROKEN_BUSY ", 'snapshots': {'every': 20, 'keep': 200}, 'faults': ["
                "{'at': '1s', 'crash': 'a follower', 'for': '100ms'}]";

/* --- scenarios of clients ------------------------------------------------- */

/* Answers come later than clients ask again. */
static const char impatient[] =
    "'nodes': 3, 'duration': '3s', 'network': {'delay': '10ms'},"
    "'workload': {'clients': 4, 'rate': '400/s', 'timeout': '15ms'}";

static const char few_sessions[] = BROKEN_BUSY ", 'raft': {'max_sessions': 2}";

#define READING                                                                \
    "'nodes': 3, 'duration': '4s',"                                            \
    "'workload': {'clients': 16, 'rate': 'max', 'keys': 2,"                    \
    "             'timeout': '100ms', 'operations': {'set': 1, 'read': 1}}"

static const char reading[] = READING;

static const char reading_late[] =
    READING ", 'network': {'delay': {'uniform': ['1ms', '40ms']}}";

/* Entries are on their way to followers for long, but not to a majority. */
static const char reading_behind[] =
    READING ", 'faults': [{'when': {'committed': 1}, 'link': {"
            "'from': 'leader', 'to': 'a follower', 'messages':"
            "'append_request', 'delay': '60ms'}}]";

/* The old leader goes on to lead whoever asks it. */
static const char two_leaders[] =
    READING ", 'raft': {'check_quorum': false}, 'faults': ["
            "{'at': '1s', 'partition': [['leader'], ['rest']], 'for': '2s'}]";

/* --- all at once ---------------------------------------------------------- */

static const char everything[] =
    "'nodes': 5, 'members': [1, 2, 3], 'duration': '6s',"
    "'raft': {'catch_up': false, 'check_quorum': false, 'max_sessions': 4},"
    "'network': {'delay': {'uniform': ['1ms', '20ms']}},"
    "'workload': {'clients': 6, 'rate': '600/s', 'keys': 2, 'timeout': '60ms',"
    "             'operations': {'set': 2, 'compare_and_set': 1, 'read': 3}},"
    "'snapshots': {'every': 20, 'keep': {'one_of': [0, 20]}},"
    "'nemeses': ["
    "{'crash': 'a node', 'every': {'exponential': '700ms'},"
    " 'for': {'exponential': '100ms'}},"
    "{'partition': [['leader'], ['rest']], 'every': {'exponential': '1s'},"
    " 'for': {'exponential': '500ms'}},"
    "{'members': ['a node', 'a node', 'a node'],"
    " 'every': {'exponential': '500ms'}}]";

/* --- properties ----------------------------------------------------------- */

static const struct defect {
    const struct broken_type *type;
    enum sim_property property;
    uint32_t n_nodes; /* that the violation is about */
    const char *body; /* of the scenario that shows it, with any seed */
} defects[] = {
    {&broken_counts_refusals, SIM_ELECTION_SAFETY, 2, two_candidates},
    {&broken_leader_overwrites, SIM_LEADER_APPEND_ONLY, 1, busy},
    {&broken_flips_a_bit, SIM_LOG_MATCHING, 2, busy},
    {&broken_lags_its_disk, SIM_LOG_MATCHING, 1, busy},
    {&broken_appends_anywhere, SIM_LOG_MATCHING, 2, catching_up},
    {&broken_ignores_candidates_log, SIM_LEADER_COMPLETENESS, 2,
     empty_candidate},
    {&broken_counts_old_terms, SIM_LEADER_COMPLETENESS, 2, figure_8},
    {&broken_applies_another_command, SIM_STATE_MACHINE_SAFETY, 1, busy},
    {&broken_applies_uncommitted, SIM_STATE_MACHINE_SAFETY, 1, busy},
    {&broken_forgets_its_vote, SIM_ONE_VOTE_PER_TERM, 1, vote_kept},
    {&broken_votes_for_all, SIM_ONE_VOTE_PER_TERM, 1, two_candidates},
    {&broken_forgets_its_term, SIM_MONOTONIC_TERM, 1, lonely_candidate},
    {&broken_commit_goes_back, SIM_MONOTONIC_COMMIT, 1, late_messages},
    {&broken_commit_runs_ahead, SIM_MONOTONIC_COMMIT, 1, catching_up},
    {&broken_hasty_vote, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 2, election},
    {&broken_hasty_candidate, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 1, election},
    {&broken_hasty_follower, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 2, election},
    {&broken_hasty_installer, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 2, installing},
    {&broken_goes_on_when_a_write_fails, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 2,
     failing_disk},
    {&broken_ignores_failed_writes, SIM_PROGRESS, 0, failing_disk},
    {&broken_counts_unsent, SIM_COMMITTED_ON_QUORUM, 1, slow_disks},
    {&broken_counts_learners, SIM_COMMITTED_ON_QUORUM, 1, near_learner},
    {&broken_changes_twice, SIM_ONE_CHANGE_AT_A_TIME, 1, one_by_one},
    {&broken_accepts_every_change, SIM_ONE_CHANGE_AT_A_TIME, 1, one_by_one},
    {&broken_accepts_every_change, SIM_ONE_CHANGE_AT_A_TIME, 1, at_once},
    {&broken_leads_with_a_change, SIM_ONE_CHANGE_AT_A_TIME, 1, one_by_one},
    {&broken_goes_by_committed_members, SIM_CONFIGURATION_MATCHES_LOG, 1,
     one_by_one},
    {&broken_shows_committed_members, SIM_CONFIGURATION_MATCHES_LOG, 1,
     one_by_one},
    {&broken_keeps_truncated_members, SIM_CONFIGURATION_MATCHES_LOG, 1,
     truncated_change},
    {&broken_comes_back_with_others, SIM_CONFIGURATION_MATCHES_LOG, 1,
     changed_and_coming_back},
    {&broken_snapshots_its_whole_log, SIM_SNAPSHOT_OF_COMMITTED, 1,
     compacting_on_slow_disks},
    {&broken_snapshot_is_overtaken, SIM_SNAPSHOT_OF_COMMITTED, 1, compacting},
    {&broken_keeps_another_image, SIM_SNAPSHOT_EQUALS_REPLAY, 2, compacting},
    {&broken_restores_another_image, SIM_SNAPSHOT_EQUALS_REPLAY, 2, compacting},
    {&broken_keeps_the_first_image, SIM_SNAPSHOT_EQUALS_REPLAY, 2, compacting},
    {&broken_snapshots_no_members, SIM_SNAPSHOT_EQUALS_REPLAY, 1, compacting},
    {&broken_snapshots_the_latest_members, SIM_SNAPSHOT_EQUALS_REPLAY, 1,
     changing_and_compacting},
    {&broken_applies_repetitions, SIM_EXACTLY_ONCE, 1, impatient},
    {&broken_uses_closed_sessions, SIM_EXACTLY_ONCE, 1, few_sessions},
    {&broken_closes_no_session, SIM_EXACTLY_ONCE, 1, few_sessions},
    {&broken_forgets_its_sessions, SIM_EXACTLY_ONCE, 1, coming_back},
    {&broken_reads_at_once, SIM_LINEARIZABILITY, 0, reading},
    {&broken_leader_reads_at_once, SIM_LINEARIZABILITY, 0, two_leaders},
    {&broken_reads_before_it_applied, SIM_LINEARIZABILITY, 0, reading_behind},
    {&broken_tells_the_place_before, SIM_LINEARIZABILITY, 0, reading_late},
    {&broken_ignores_timers, SIM_PROGRESS, 0, election},
    {&broken_refuses_clients, SIM_PROGRESS, 0, election},
    {&broken_followers_never_apply, SIM_PROGRESS, 0, election},
    {&broken_goes_deaf, SIM_PROGRESS, 0, busy},
};

#define N_DEFECTS (sizeof defects / sizeof defects[0])

/* The paragraph names the property, and each node it is about once. */
static void expect_readable(const struct defect *defect,
                            const struct sim_violation *violation)
{
    const char *name = defect->type->base.name;
    const char *title = sim_property_title(defect->property);
    cr_assert_eq(strncmp(violation->text, title, strlen(title)), 0, "%s: %s",
                 name, violation->text);
    cr_assert_eq(violation->n_nodes, defect->n_nodes, "%s: %" PRIu32 " in %s",
                 name, violation->n_nodes, violation->text);
    for (uint32_t i = 0; i < violation->n_nodes; i++) {
        char words[32];
        snprintf(words, sizeof words, "node %" PRIu32, violation->nodes[i]);
        cr_assert_not_null(strstr(violation->text, words), "%s: no %s in %s",
                           name, words, violation->text);
        for (uint32_t j = 0; j < i; j++) {
            cr_assert_neq(violation->nodes[i], violation->nodes[j]);
        }
    }
}

Test(broken_nodes, each_defect_breaks_its_property_first)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        const struct defect *defect = &defects[i];
        const struct sim_node_type *type = &defect->type->base;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct sim_result result =
                broken_run(defect->body, "none", type, seed);
            cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED,
                         "%s, seed %" PRIu64 ": verdict %d %s", type->name,
                         seed, (int)result.verdict, result.contract);
            cr_assert(result.violated, "%s, seed %" PRIu64 ": not seen",
                      type->name, seed);
            cr_assert_eq(result.violation.property, defect->property,
                         "%s, seed %" PRIu64 ": %s", type->name, seed,
                         result.violation.text);
            cr_assert_gt(result.evaluated[defect->property], 0);
            /* It ends the run at once: after the step that a write which
             * became durable leads to, at most. */
            cr_assert_eq(result.violation.time_us, result.time_us);
            cr_assert_leq(result.violation.step, result.steps);
            cr_assert_leq(result.steps, result.violation.step + 1, "%s",
                          result.violation.text);
            expect_readable(defect, &result.violation);
        }
    }
}

Test(broken_nodes, a_violation_that_is_expected_is_as_expected)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        const struct defect *defect = &defects[i];
        const struct sim_node_type *type = &defect->type->base;
        struct sim_result result = broken_run(
            defect->body, sim_property_name(defect->property), type, 1);
        cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s: %d",
                     type->name, (int)result.verdict);
        cr_assert(result.violated);

        /* Another one is not. */
        enum sim_property other = defect->property == SIM_LOG_MATCHING
                                      ? SIM_ELECTION_SAFETY
                                      : SIM_LOG_MATCHING;
        result = broken_run(defect->body, sim_property_name(other), type, 1);
        cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED, "%s: %d",
                     type->name, (int)result.verdict);
    }
}

Test(broken_nodes, a_correct_node_holds_in_the_same_runs)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        const struct defect *defect = &defects[i];
        const char *name = defect->type->base.name;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct sim_result result =
                broken_run(defect->body, "none", &sim_raft_node_type, seed);
            cr_assert_not(result.violated, "%s, seed %" PRIu64 ": %s", name,
                          seed, result.violation.text);
            cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED,
                         "%s, seed %" PRIu64 ": %d %s %s %s", name, seed,
                         (int)result.verdict, result.contract,
                         result.unmet[0].pointer, result.unmet[0].text);
            cr_assert_gt(result.evaluated[defect->property], 0,
                         "%s, seed %" PRIu64 ": %s is not evaluated", name,
                         seed, sim_property_name(defect->property));
        }
        /* A violation that is expected and does not come is missed. */
        struct sim_result result =
            broken_run(defect->body, sim_property_name(defect->property),
                       &sim_raft_node_type, 1);
        cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
        cr_assert_eq(result.n_unmet, 1);
        cr_assert_str_eq(result.unmet[0].pointer, "/expect/violation");
    }
}

/* A story has lines in the order of time, up to the violation, and ends with a
 * rule or knows none. */
static void expect_story(const struct defect *defect, const struct told *told)
{
    const char *name = defect->type->base.name;
    const struct sim_why_story *story = &told->story;
    cr_assert(told->told && story->told, "%s: no story", name);
    cr_assert_gt(story->n_lines, 0, "%s", name);
    for (size_t i = 0; i < story->n_lines; i++) {
        const struct sim_why_line *line = &story->lines[i];
        cr_assert_gt(strlen(line->text), 0, "%s: line %zu", name, i);
        cr_assert_leq(line->step, told->result.steps, "%s", line->text);
        cr_assert(i == 0 || story->lines[i - 1].time_us <= line->time_us,
                  "%s: %s", name, line->text);
    }
    cr_assert(!story->has_breach || story->rule != NULL, "%s", name);
}

Test(broken_nodes, each_defect_has_a_story)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        struct told told =
            why_told(defects[i].body, &defects[i].type->base, 1, 24);
        expect_story(&defects[i], &told);
        sim_why_story_free(&told.story);
    }
}

static bool is_of_members_or_clients(enum sim_property property)
{
    return property >= SIM_ONE_CHANGE_AT_A_TIME &&
           property <= SIM_LINEARIZABILITY;
}

/* Where members change, logs are compacted and clients read, and machines crash
 * under it, one of the first seeds shows the defect, and as what it is. */
Test(broken_nodes, defects_show_when_all_happens_at_once)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        const struct sim_node_type *type = &defects[i].type->base;
        enum sim_property property = defects[i].property;
        bool seen = false;
        if (!is_of_members_or_clients(property)) {
            continue;
        }
        for (uint64_t seed = 1; seed <= N_SEEDS && !seen; seed++) {
            struct sim_result result =
                broken_run(everything, "none", type, seed);
            cr_assert_str_eq(result.contract, "", "%s, seed %" PRIu64 ": %s",
                             type->name, seed, result.contract);
            cr_assert(!result.violated || result.violation.property == property,
                      "%s, seed %" PRIu64 ": %s", type->name, seed,
                      result.violation.text);
            seen = result.violated;
        }
        cr_assert(seen, "%s", type->name);
    }
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct sim_result result =
            broken_run(everything, "none", &sim_raft_node_type, seed);
        cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED,
                     "seed %" PRIu64 ": %s %s", seed, result.contract,
                     result.violation.text);
        for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
            cr_assert_gt(result.evaluated[property], 0,
                         "seed %" PRIu64 ": %s is not evaluated", seed,
                         sim_property_name((enum sim_property)property));
        }
    }
}

Test(broken_nodes, every_property_has_a_defect)
{
    for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
        bool found = false;
        for (size_t i = 0; i < N_DEFECTS; i++) {
            found = found || (int)defects[i].property == property;
        }
        cr_assert(found, "%s", sim_property_name((enum sim_property)property));
    }
}
