/* What may become of the members, and when: single-server changes, rule by rule
 * (dissertation, 4.1 and 4.2.1, and the correction of 2015). The harness holds
 * the members in force to the latest configuration of the log after each write
 * besides. */
#include "tests/member_lists.h"

#include <criterion/criterion.h>

/* Server 1 leads term 1, and nothing is uncommitted. */
static void lead(struct harness *h, const char *members, bool catch_up)
{
    struct raft_config config = harness_config(1);
    config.catch_up = catch_up;
    member_list_lead(h, &config, members);
    cr_assert_eq(harness_view(h).commit_index, 1);
}

static void ack(struct harness *h, raft_id from, uint64_t index)
{
    struct raft_message yes =
        harness_append_success(harness_view(h).hard_state.current_term, index);
    harness_receive(h, from, &yes);
}

static bool was_accepted(const struct harness *h)
{
    return harness_output(h, RAFT_OUTPUT_ACCEPTED) != NULL;
}

/* Server 1, a follower of term `term` with what the entries say after it. */
static void follow(struct harness *h, const char *members, uint64_t term,
                   const struct raft_entry *entries, uint32_t n)
{
    struct raft_config config = harness_config(1);
    member_list_init(h, &config, members);
    harness_boot(h);
    struct raft_message m = harness_append(term, 0, 0, 0, entries, n);
    harness_receive(h, 2, &m);
    harness_written(h);
}

/* --- the latest in the log is in force (4.1) ------------------------------ */

/* "A server always uses the latest configuration in its log, regardless of
 * whether the entry is committed": a leader of 3 that adds a fourth needs 3 of
 * 4 for that very entry, and speaks to the fourth at once. */
Test(raft_membership, a_leader_uses_what_it_appends)
{
    struct harness h;
    struct raft_message m;
    lead(&h, "1 2 3", false);
    member_list_change(&h, "4 3 1 2", false);
    const struct raft_output *o = harness_output(&h, RAFT_OUTPUT_ACCEPTED);
    cr_assert_not_null(o);
    cr_assert_eq(o->accepted.position.term, 1);
    cr_assert_eq(o->accepted.position.index, 2);
    cr_assert(member_list_holds(&h, "1 2 3 4"));
    cr_assert_eq(harness_view(&h).configuration.index, 2);
    cr_assert_not_null(harness_sent(&h, 4, RAFT_MESSAGE_APPEND_REQUEST, &m));
    harness_written(&h);
    ack(&h, 2, 2);
    cr_assert_eq(harness_view(&h).commit_index, 1); /* 2 of 4 */
    ack(&h, 4, 2);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    harness_free(&h);
}

/* And one that is removed counts and hears no more. */
Test(raft_membership, a_removed_server_counts_no_more)
{
    struct harness h;
    lead(&h, "1 2 3 4", false);
    member_list_change(&h, "1 2 3", false);
    cr_assert(member_list_holds(&h, "1 2 3"));
    cr_assert_eq(harness_sent_count(&h, 4, RAFT_MESSAGE_APPEND_REQUEST), 0);
    harness_written(&h);
    ack(&h, 4, 2);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    ack(&h, 3, 2);
    cr_assert_eq(harness_view(&h).commit_index, 2); /* 2 of 3 */
    harness_timer(&h);
    cr_assert_eq(harness_sent_count(&h, 4, RAFT_MESSAGE_APPEND_REQUEST), 0);
    struct raft_progress progress;
    cr_assert_not(raft_follow(h.raft, 4, &progress));
    harness_free(&h);
}

/* A follower too: it campaigns among the members of its log's last word. */
Test(raft_membership, a_follower_uses_what_it_is_sent)
{
    uint8_t bytes[8 * RAFT_MEMBER_SIZE];
    struct raft_entry entry = member_list_entry(1, "1 3 4 5L", bytes);
    struct raft_message m;
    struct harness h;
    follow(&h, "1 2 3", 1, &entry, 1);
    cr_assert_eq(harness_view(&h).commit_index, 0);
    cr_assert(member_list_holds(&h, "1 3 4 5L"));
    harness_clear_outbox(&h);
    harness_timer(&h);
    cr_assert_null(harness_sent(&h, 2, RAFT_MESSAGE_VOTE_REQUEST, &m));
    cr_assert_not_null(harness_sent(&h, 3, RAFT_MESSAGE_VOTE_REQUEST, &m));
    cr_assert_not_null(harness_sent(&h, 4, RAFT_MESSAGE_VOTE_REQUEST, &m));
    cr_assert_null(harness_sent(&h, 5, RAFT_MESSAGE_VOTE_REQUEST, &m));
    harness_written(&h);
    struct raft_message yes = harness_vote_response(2, true);
    harness_receive(&h, 2, &yes); /* a stranger now */
    harness_receive(&h, 5, &yes); /* learners count in nothing (4.2.1) */
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
    harness_receive(&h, 4, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_free(&h);
}

/* Where the entry is truncated, what was before is in force again: over several
 * configurations at once, in memory, after a restart, and where the message
 * that truncates brings another. */
Test(raft_membership, truncation_takes_it_back)
{
    static const struct {
        uint64_t from; /* the first index that goes */
        const char *members;
        uint64_t place;
    } cases[] = {
        {6, "2 3 4 5L", 5}, {5, "1 2 3 4 5L", 3}, {4, "1 2 3 4 5L", 3},
        {3, "1 2 3 4", 2},  {2, "1 2 3", 0},      {1, "1 2 3", 0},
    };
    for (size_t i = 0; i < 4 * sizeof cases / sizeof *cases; i++) {
        bool replaces = i % 2 == 1, restarts = i / 2 % 2 == 1;
        uint64_t prev = cases[i / 4].from - 1;
        uint8_t bytes[4][8 * RAFT_MEMBER_SIZE];
        struct raft_entry noop = {.term = 1, .kind = RAFT_ENTRY_NOOP};
        struct raft_entry late = {.term = 2, .kind = RAFT_ENTRY_NOOP};
        struct raft_entry log[] = {noop,
                                   member_list_entry(1, "1 2 3 4", bytes[0]),
                                   member_list_entry(1, "1 2 3 4 5L", bytes[1]),
                                   noop,
                                   member_list_entry(1, "2 3 4 5L", bytes[2]),
                                   noop};
        struct harness h;
        follow(&h, "1 2 3", 1, log, 6);
        cr_assert(member_list_holds(&h, "2 3 4 5L"));
        if (replaces)
            late = member_list_entry(2, "1 2 3 9", bytes[3]);
        struct raft_message m =
            harness_append(2, prev > 0 ? 1 : 0, prev, 0, &late, 1);
        harness_receive(&h, 3, &m);
        if (restarts) {
            harness_written(&h);
            harness_crash(&h, 0);
            harness_boot(&h);
        }
        cr_assert(
            member_list_holds(&h, replaces ? "1 2 3 9" : cases[i / 4].members),
            "case %zu", i);
        cr_assert_eq(harness_view(&h).configuration.index,
                     replaces ? prev + 1 : cases[i / 4].place);
        harness_free(&h);
    }
}

/* A deposed leader, too, counts by the members that it is left with. */
Test(raft_membership, a_deposed_leader_goes_back)
{
    struct harness h;
    lead(&h, "1 2 3", false);
    member_list_change(&h, "1 2 3 4", false);
    harness_written(&h);
    struct raft_entry noop = {.term = 2, .kind = RAFT_ENTRY_NOOP};
    struct raft_message m = harness_append(2, 1, 1, 1, &noop, 1);
    harness_receive(&h, 2, &m);
    cr_assert(member_list_holds(&h, "1 2 3"));
    harness_clear_outbox(&h);
    harness_elect(&h);
    cr_assert_eq(harness_sent_count(&h, 4, RAFT_MESSAGE_APPEND_REQUEST), 0);
    harness_written(&h);
    ack(&h, 3, 3);
    cr_assert_eq(harness_view(&h).commit_index, 3); /* 2 of 3 */
    harness_free(&h);
}

/* --- one at a time, and when (4.1) ---------------------------------------- */

/* Only one change at a time: no other of any kind, until that one is committed,
 * which may take a majority of other members than before. */
Test(raft_membership, one_at_a_time)
{
    static const struct {
        const char *first, *third;
        uint32_t acks; /* that it takes */
    } cases[] = {
        {"1 2 3 4", "1 2=9 3 4", 2},   {"1 2", "1 2=9", 1},
        {"1 2 3=1", "1 2=9 3=1", 1},   {"1 2 3 5L", "1 2=9 3 5L", 1},
        {"1 2 3 4W", "1 2=9 3 4W", 2}, {"1 2 3L", "1 2=9 3L", 1},
    };
    static const char *const second[] = {"1 2 3", "1 2 3=2", "1 2 3 6L",
                                         "1 7 8"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        lead(&h, "1 2 3", false);
        member_list_change(&h, cases[i].first, false);
        cr_assert(was_accepted(&h));
        harness_written(&h);
        for (uint32_t acks = 0; acks < cases[i].acks; acks++) {
            for (size_t k = 0; k < 8; k++) {
                member_list_change(&h, second[k / 2], k % 2 == 0);
                cr_assert(harness_was_rejected(&h, RAFT_CHANGE_PENDING));
                cr_assert(member_list_holds(&h, cases[i].first));
            }
            ack(&h, 2 + acks, 2);
        }
        cr_assert_eq(harness_view(&h).commit_index, 2, "case %zu", i);
        member_list_change(&h, cases[i].third, false);
        cr_assert(was_accepted(&h));
        cr_assert(member_list_holds(&h, cases[i].third));
        harness_free(&h);
    }
}

/* The correction of 2015: no change before an entry of the leader's own term is
 * committed. One of an older term will not do, and a change that an older term
 * left uncommitted is in the way besides. */
Test(raft_membership, not_before_an_entry_of_the_own_term)
{
    uint8_t bytes[8 * RAFT_MEMBER_SIZE];
    for (uint64_t pending = 0; pending < 2; pending++) {
        struct raft_entry log[] = {{.term = 1, .kind = RAFT_ENTRY_NOOP},
                                   member_list_entry(1, "1 2 3 4L", bytes)};
        struct raft_message m = harness_append(1, 0, 0, 2 - pending, log, 2);
        struct raft_config config = harness_config(1);
        struct harness h;
        harness_start(&h, &config, 3);
        harness_receive(&h, 2, &m);
        harness_written(&h);
        harness_elect(&h);
        harness_written(&h);
        ack(&h, 2, 2); /* all but the no-op of term 2 */
        ack(&h, 3, 2);
        cr_assert_eq(harness_view(&h).commit_index, pending ? 1 : 2);
        for (int joint = 0; joint < 2; joint++) {
            member_list_change(&h, "1 2 3", joint == 1);
            cr_assert(harness_was_rejected(&h, pending ? RAFT_CHANGE_PENDING
                                                       : RAFT_TERM_TOO_YOUNG));
            cr_assert(member_list_holds(&h, "1 2 3 4L"));
        }
        ack(&h, 3, 3);
        cr_assert_eq(harness_view(&h).commit_index, 3);
        member_list_change(&h, "1 2 3", false);
        cr_assert(was_accepted(&h));
        harness_free(&h);
    }
}

/* The order of events of 2015: S1 of four appends "and 5", which reaches only
 * 5; S2, elected without 1, wants to remove 1. Were it let, {2, 3} would commit
 * that, and {1, 4, 5}, which know nothing of it, could elect 1 again. */
Test(raft_membership, the_error_of_2015)
{
    struct harness s[5], *all[5], *without_1[5];
    for (raft_id id = 1; id <= 5; id++) {
        struct raft_config config = harness_config(id);
        harness_start(&s[id - 1], &config, id == 5 ? 0 : 4);
        all[id - 1] = &s[id - 1];
        without_1[id - 1] = id == 2 || id == 3 || id == 4 ? &s[id - 1] : NULL;
    }
    harness_campaign(&s[0]);
    harness_exchange(all, 5);
    cr_assert_eq(harness_view(&s[0]).role, RAFT_LEADER);
    member_list_change(&s[0], "1 2 3 4 5", false);
    struct harness *only_5[] = {&s[0], NULL, NULL, NULL, &s[4]};
    harness_exchange(only_5, 5);
    cr_assert(member_list_holds(&s[4], "1 2 3 4 5"));
    cr_assert_eq(harness_view(&s[0]).commit_index, 1);

    harness_campaign(&s[1]);
    struct raft_message yes = harness_vote_response(2, true);
    harness_receive(&s[1], 3, &yes);
    harness_receive(&s[1], 4, &yes);
    cr_assert_eq(harness_view(&s[1]).role, RAFT_LEADER);
    member_list_change(&s[1], "2 3 4", false);
    cr_assert(harness_was_rejected(&s[1], RAFT_TERM_TOO_YOUNG));
    harness_exchange(without_1, 5); /* its no-op: on 2, 3 and 4 */
    member_list_change(&s[1], "2 3 4", false);
    cr_assert(was_accepted(&s[1]));
    struct harness *two[] = {NULL, &s[1], &s[2], NULL, NULL};
    harness_exchange(two, 5);
    cr_assert_eq(harness_view(&s[1]).commit_index, 3);

    struct harness *others[] = {&s[0], NULL, NULL, &s[3], &s[4]};
    for (int tries = 0; tries < 5; tries++) {
        harness_timer(&s[0]);
        harness_exchange(others, 5); /* 4 has the no-op of term 2 */
        cr_assert_neq(harness_view(&s[0]).role, RAFT_LEADER);
    }
    for (int i = 0; i < 5; i++)
        harness_free(&s[i]);
}

/* --- which members -------------------------------------------------------- */

/* One voter more or less at a time (4.1), whatever else; any set by joint
 * consensus (4.3). */
Test(raft_membership, what_is_too_far_apart)
{
    static const struct {
        const char *from, *to;
        bool near;
    } cases[] = {
        {"1 2 3", "1 2 3 4", true},
        {"1 2 3", "1 2", true},
        {"1 2 3", "1 2 4", false},
        {"1 2 3", "1", false},
        {"1 2 3", "1 2 3 4 5", false},
        {"1 2 3", "4", false},
        {"1 2 3", "1 2 3 4L 5L 6L", true},
        {"1 2 3", "1 2 3L", true},
        {"1 2 3", "1 2L 3L", false},
        {"1 2 3", "1 2 3L 4", false},
        {"1 2 3 4L", "1 2 3 4", true},
        {"1 2 3 4L 5L", "1 2 3 4", true},
        {"1 2 3 4L 5L", "1 2 3 4 5", false},
        {"1 2 3 4L", "1 2 4 3L", false},
        {"1 2 3", "1 2 3 4W", true},
        {"1 2 3W", "1 2", true},
        {"1 2 3W", "1 2 4W", false},
        {"1 2 3", "3=7 2=8 1=9", true},
        {"1 2 3", "2 3", true},
        {"1 2 3", "1L 2 3", true},
        {"1 2 3", "2 3 4", false},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        bool joint = i % 2 == 1;
        struct harness h;
        lead(&h, cases[i / 2].from, false);
        member_list_change(&h, cases[i / 2].to, joint);
        cr_assert_eq(was_accepted(&h), joint || cases[i / 2].near, "%s to %s",
                     cases[i / 2].from, cases[i / 2].to);
        if (!was_accepted(&h)) {
            cr_assert(harness_was_rejected(&h, RAFT_TOO_FAR_APART));
            cr_assert(member_list_holds(&h, cases[i / 2].from));
            cr_assert_eq(harness_view(&h).last.index, 1);
        }
        harness_free(&h);
    }
}

/* What is no list of members, or is no change. */
Test(raft_membership, what_is_no_change)
{
    static const char *const lists[] = {
        "",
        "1 2 3 4L",
        "4L 3 1 2",
        "1 2 3 4L 4L",
        "1 1 2 3 4L",
        "1 2 3 0",
        "0L 1 2 3 4L",
        "1L 2L 3L",
        "4L",
        "1 2 3 4LV",
        "1 2 3 4O",
        "1 2 3VO 4L",
        "1 2 3 4LO",
        "1 2 3 5WL",
        "9W 10W",
        "1W 2 3 4L",
        "1 2 3 4W",
        "1 2 3 4611686018427387905",
    };
    for (size_t i = 0; i < 2 * sizeof lists / sizeof *lists; i++) {
        struct harness h;
        lead(&h, "1 2 3 4L", false);
        member_list_change(&h, lists[i / 2], i % 2 == 1);
        cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE), "%s",
                  lists[i / 2]);
        cr_assert(member_list_holds(&h, "1 2 3 4L"));
        harness_free(&h);
    }
}

/* Only a leader can, and not while it hands over. */
Test(raft_membership, who_takes_changes)
{
    struct harness h;
    struct raft_config config = harness_config(1);
    harness_start(&h, &config, 3);
    member_list_change(&h, "1 2", false);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    harness_campaign(&h);
    member_list_change(&h, "1 2", false);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    harness_free(&h);
    lead(&h, "1 2 3", false);
    harness_propose(&h, 2, "x"); /* 2 is behind: the transfer waits */
    harness_transfer(&h, 3, 2);
    member_list_change(&h, "1 2", false);
    cr_assert(harness_was_rejected(&h, RAFT_TRANSFERRING));
    cr_assert(member_list_holds(&h, "1 2 3"));
    harness_free(&h);
}

/* A priority alone is a change; by it others are let go first. */
Test(raft_membership, priorities)
{
    struct harness h;
    lead(&h, "1 2 3", true);
    member_list_change(&h, "1 2=200 3=255", false);
    cr_assert(was_accepted(&h));
    cr_assert(member_list_holds(&h, "1 2=200 3=255"));
    harness_written(&h);
    ack(&h, 3, 2);
    struct raft_message m = harness_append(2, 1, 2, 2, NULL, 0);
    harness_receive(&h, 2, &m);
    cr_assert_geq(h.deadline_us - h.now_us, 2 * UINT64_C(150000) + 1);
    harness_free(&h);
}
