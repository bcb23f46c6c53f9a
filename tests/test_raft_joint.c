/* From any members to any others by joint consensus (dissertation, 4.3): while
 * both count, "agreement (for elections and entry commitment) requires separate
 * majorities from both the old and new configurations". Which sets of servers
 * are enough is tried for all sets of several changes, against a count by hand.
 */
#include "tests/member_lists.h"

#include <criterion/criterion.h>

#define MAX_US ((uint64_t)300000)

/* The members before, during and after. Server 1 is an old voter in all. */
static const struct change {
    const char *from, *to, *joint, *after;
} changes[] = {
    {"1 2 3", "4 5 6", "1O 2O 3O 4 5 6", "4 5 6"},
    {"1 2 3", "5 1 4", "1VO 2O 3O 4 5", "1 4 5"},
    {"1 2 3", "1 2 4", "1VO 2VO 3O 4", "1 2 4"},
    {"1", "2 3", "1O 2 3", "2 3"},
    {"1 2 3 4", "2", "1O 2VO 3O 4O", "2"},
    {"1 2", "1 3 4 5 6", "1VO 2O 3 4 5 6", "1 3 4 5 6"},
    {"1 2 3", "1 2L 4 5L", "1VO 2LO 3O 4 5L", "1 2L 4 5L"},
    {"1 2 3 4L 5L", "1L 4 6L", "1LO 2O 3O 4 6L", "1L 4 6L"},
    {"1 2 3W 4", "1 2 5W", "1VO 2VO 3WO 4O 5W", "1 2 5W"},
    {"1=1 2=2 3=3", "1=4 2 4=5", "1VO=4 2VO 3O=3 4=5", "1=4 2 4=5"},
    {"1 2 3", "1 2 3 4L", "1VO 2VO 3VO 4L", "1 2 3 4L"},
};

enum { N_CHANGES = sizeof changes / sizeof *changes };

/* A set of servers, server i as bit i. */
static bool has(unsigned set, raft_id id)
{
    return (set >> id & 1) != 0;
}

static bool is_majority(const char *text, uint8_t flag, unsigned set)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members), all = 0, there = 0;
    for (uint32_t i = 0; i < n; i++) {
        all += (members[i].flags & flag) != 0;
        there += (members[i].flags & flag) != 0 && has(set, members[i].id);
    }
    return 2 * there > all;
}

/* Whether these can decide, by what is in force while both count. */
static bool can_decide(const struct change *change, unsigned set)
{
    return is_majority(change->joint, RAFT_MEMBER_VOTER, set) &&
           is_majority(change->joint, RAFT_MEMBER_OLD_VOTER, set);
}

static void ack(struct harness *h, raft_id from, uint64_t index)
{
    struct raft_message yes =
        harness_append_success(harness_view(h).hard_state.current_term, index);
    harness_receive(h, from, &yes);
}

/* Server 1 leads and has asked for the change: the joint configuration is entry
 * 2, durable with itself alone. */
static void change(struct harness *h, const struct change *change,
                   bool check_quorum, bool lease)
{
    struct raft_config config = harness_config(1);
    config.check_quorum = check_quorum;
    config.lease_reads = lease;
    member_list_lead(h, &config, change->from);
    member_list_change(h, change->to, true);
    cr_assert_not_null(harness_output(h, RAFT_OUTPUT_ACCEPTED), "%s",
                       change->to);
    harness_written(h);
}

/* Server 1 is sent the joint configuration as entry 2, by leader 2. */
static void follow(struct harness *h, const struct change *change,
                   uint64_t commit)
{
    uint8_t bytes[8 * RAFT_MEMBER_SIZE];
    struct raft_config config = harness_config(1);
    struct raft_entry log[] = {{.term = 1, .kind = RAFT_ENTRY_NOOP},
                               member_list_entry(1, change->joint, bytes)};
    struct raft_message m = harness_append(1, 0, 0, commit, log, 2);
    member_list_init(h, &config, change->from);
    harness_boot(h);
    harness_receive(h, 2, &m);
    harness_written(h);
}

/* --- both, and then the new one ------------------------------------------- */

/* All of both sides are in the first entry, with what they were and will be;
 * "once C_old,new has been committed", its leader appends the second by itself.
 */
Test(raft_joint, two_entries)
{
    for (size_t i = 0; i < N_CHANGES; i++) {
        struct harness h;
        change(&h, &changes[i], false, false);
        cr_assert(member_list_holds(&h, changes[i].joint), "%s to %s",
                  changes[i].from, changes[i].to);
        cr_assert_eq(harness_view(&h).last.index, 2);
        for (raft_id id = 2; id <= 6 && harness_view(&h).commit_index < 2; id++)
            ack(&h, id, 2);
        const struct raft_output *o = harness_output(&h, RAFT_OUTPUT_WRITE);
        cr_assert_not_null(o); /* in the step that commits it */
        cr_assert_eq(o->write.n_entries, 1);
        cr_assert_eq(o->write.entries->kind, RAFT_ENTRY_CONFIGURATION);
        cr_assert(member_list_holds(&h, changes[i].after));
        cr_assert_eq(harness_view(&h).configuration.index, 3);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        harness_free(&h);
    }
}

/* What was there before the first may be committed without it, by both. */
Test(raft_joint, is_not_left_before_it_is_committed)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    member_list_lead(&h, &config, "1 2 3");
    harness_propose(&h, 1, "x");
    member_list_change(&h, "4 5 6", true);
    harness_written(&h);
    for (raft_id id = 2; id <= 5; id++)
        ack(&h, id, 2);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    cr_assert(member_list_holds(&h, "1O 2O 3O 4 5 6"));
    ack(&h, 2, 3);
    ack(&h, 5, 3);
    ack(&h, 6, 3);
    cr_assert(member_list_holds(&h, "4 5 6"));
    harness_free(&h);
}

/* No other change before the second is committed. */
Test(raft_joint, is_one_change)
{
    struct harness h;
    change(&h, &changes[2], false, false);
    for (uint64_t index = 2; index <= 3; index++) {
        for (int joint = 0; joint < 2; joint++) {
            member_list_change(&h, "1 2", joint == 1);
            cr_assert(harness_was_rejected(&h, RAFT_CHANGE_PENDING));
        }
        harness_written(&h);
        ack(&h, 2, index);
    }
    cr_assert_eq(harness_view(&h).commit_index, 3);
    member_list_change(&h, "1 2", false);
    cr_assert_not_null(harness_output(&h, RAFT_OUTPUT_ACCEPTED));
    harness_free(&h);
}

/* Truncation takes one back, or both. */
Test(raft_joint, truncation_takes_it_back)
{
    for (size_t i = 0; i < 3 * (size_t)N_CHANGES; i++) {
        const struct change *c = &changes[i / 3];
        uint64_t from = 3 - i % 3;
        const char *left[] = {c->from, c->from, c->joint};
        uint8_t bytes[8 * RAFT_MEMBER_SIZE];
        struct raft_entry after = member_list_entry(1, c->after, bytes);
        struct raft_entry noop = {.term = 2, .kind = RAFT_ENTRY_NOOP};
        struct raft_message m = harness_append(1, 1, 2, 0, &after, 1);
        struct harness h;
        follow(&h, c, 0);
        harness_receive(&h, 2, &m);
        cr_assert(member_list_holds(&h, c->after));
        m = harness_append(2, from > 1, from - 1, 0, &noop, 1);
        harness_receive(&h, 3, &m);
        cr_assert(member_list_holds(&h, left[from - 1]), "%s to %s", c->from,
                  c->to);
        harness_free(&h);
    }
}

/* --- who is enough -------------------------------------------------------- */

Test(raft_joint, commits_need_both_majorities)
{
    int n[2] = {0, 0};
    for (size_t i = 0; i < N_CHANGES; i++) {
        for (unsigned set = 0; set < 128; set += 4) { /* of 2 to 6 */
            struct harness h;
            change(&h, &changes[i], false, false);
            for (raft_id id = 2; id <= 6; id++)
                if (has(set, id))
                    ack(&h, id, 2);
            bool enough = can_decide(&changes[i], set | 2);
            cr_assert_eq(harness_view(&h).commit_index, enough ? 2 : 1,
                         "%s to %s, %x", changes[i].from, changes[i].to, set);
            n[enough]++;
            harness_free(&h);
        }
    }
    cr_assert(n[0] > 50 && n[1] > 50);
}

static bool is_voter(const char *text, raft_id id)
{
    struct raft_member members[MEMBER_LIST_MAX];
    uint32_t n = member_list(text, members);
    for (uint32_t i = 0; i < n; i++)
        if (members[i].id == id)
            return (members[i].flags & RAFT_MEMBER_VOTER) != 0;
    return false;
}

/* For the second entry the new majority alone counts; a leader that is not part
 * of it does not either, and goes when it is reached (4.2.2). */
Test(raft_joint, the_second_needs_the_new_majority)
{
    for (size_t i = 0; i < 32 * (size_t)N_CHANGES; i++) {
        const struct change *c = &changes[i / 32];
        unsigned set = 4 * (unsigned)(i % 32);
        unsigned sofar = 2;
        struct harness h;
        change(&h, c, false, false);
        for (raft_id id = 2; id <= 6; id++)
            ack(&h, id, 2);
        cr_assert_eq(harness_view(&h).commit_index, 2);
        harness_written(&h);
        for (raft_id id = 2; id <= 6; id++) {
            bool led = harness_view(&h).role == RAFT_LEADER;
            if (!has(set, id))
                continue;
            ack(&h, id, 3);
            sofar |= 1u << id;
            bool enough = is_majority(c->after, RAFT_MEMBER_VOTER, sofar);
            bool goes = enough && !is_voter(c->after, 1);
            cr_assert_eq(harness_view(&h).commit_index, enough ? 3 : 2,
                         "%s, %x", c->after, sofar);
            cr_assert_eq(harness_view(&h).role,
                         goes ? RAFT_FOLLOWER : RAFT_LEADER);
            cr_assert_eq(
                harness_sent_count(&h, RAFT_NONE, RAFT_MESSAGE_TIMEOUT_NOW),
                led && goes);
        }
        harness_free(&h);
    }
}

/* A candidate asks all voters of both sides, and nobody else; its own vote
 * counts on the sides that it is on. */
Test(raft_joint, elections_need_both_majorities)
{
    int n[2] = {0, 0};
    for (size_t i = 0; i < 32 * (size_t)N_CHANGES; i++) {
        const struct change *c = &changes[i / 32];
        unsigned set = 4 * (unsigned)(i % 32);
        struct raft_message m, yes = harness_vote_response(2, true);
        struct harness h;
        follow(&h, c, 1);
        cr_assert(member_list_holds(&h, c->joint));
        harness_timer(&h);
        for (raft_id id = 2; id <= 6; id++) {
            bool asked =
                harness_sent(&h, id, RAFT_MESSAGE_VOTE_REQUEST, &m) != NULL;
            cr_assert_eq(asked, is_voter(c->joint, id) || is_voter(c->from, id),
                         "%s: %u", c->joint, (unsigned)id);
        }
        harness_written(&h);
        for (raft_id id = 2; id <= 6; id++)
            if (has(set, id))
                harness_receive(&h, id, &yes);
        bool enough = can_decide(c, set | 2);
        cr_assert_eq(harness_view(&h).role == RAFT_LEADER, enough, "%s, %x",
                     c->joint, set);
        n[enough]++;
        harness_free(&h);
    }
    cr_assert(n[0] > 50 && n[1] > 50);
}

/* 6.2: a leader that does not hear both majorities makes way. */
Test(raft_joint, quorum_checks_need_both_majorities)
{
    for (size_t i = 0; i < 32 * (size_t)N_CHANGES; i++) {
        unsigned set = 4 * (unsigned)(i % 32);
        struct harness h;
        change(&h, &changes[i / 32], true, false);
        for (uint64_t t = h.now_us;
             h.now_us < t + 2 * MAX_US && harness_view(&h).role == RAFT_LEADER;
             harness_timer(&h))
            for (raft_id id = 2; id <= 6; id++)
                if (has(set, id))
                    ack(&h, id, 1);
        cr_assert_eq(harness_view(&h).role == RAFT_LEADER,
                     can_decide(&changes[i / 32], set | 2), "%s, %x",
                     changes[i / 32].joint, set);
        harness_free(&h);
    }
}

/* 6.4: and so it needs both to know that it leads; 6.4.1: and for a lease. */
Test(raft_joint, reads_need_both_majorities)
{
    for (size_t i = 0; i < 64 * (size_t)N_CHANGES; i++) {
        unsigned set = 4 * (unsigned)(i % 32);
        bool lease = i / 32 % 2 == 1;
        struct harness h;
        change(&h, &changes[i / 64], true, true);
        for (int beats = 0; beats < 3; beats++)
            harness_timer(&h); /* what was heard before is too old */
        if (!lease)
            harness_read(&h, 7, false);
        for (int rounds = lease ? 2 : 1; rounds > 0; rounds--) {
            for (raft_id id = 2; id <= 6; id++)
                if (has(set, id))
                    ack(&h, id, 1);
            if (rounds > 1)
                harness_timer(&h);
        }
        if (lease)
            harness_read(&h, 7, true);
        cr_assert_eq(h.n_reads == 0, can_decide(&changes[i / 64], set | 2),
                     "%s, %x%s", changes[i / 64].joint, set,
                     lease ? ", by lease" : "");
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        harness_free(&h);
    }
}

/* --- other leaders, other ways -------------------------------------------- */

/* A leader that finds the first in its log appends the second once an entry of
 * its own term is committed, and the first with it: whether it knew before that
 * the first was, or not, or has it from a snapshot. */
Test(raft_joint, another_leader_goes_on)
{
    for (size_t i = 0; i < 3 * (size_t)N_CHANGES; i++) {
        const struct change *c = &changes[i / 3];
        struct raft_config config = harness_config(1);
        struct harness h;
        if (i % 3 < 2) {
            follow(&h, c, 1 + i % 3);
        } else {
            member_list_init(&h, &config, c->joint);
            harness_preload_snapshot(&h, 1, 2, "image", 5);
            harness_preload(&h, 1, RAFT_NONE, NULL, 0);
            harness_boot(&h);
        }
        harness_elect(&h);
        harness_written(&h);
        for (raft_id id = 2; id <= 6; id++)
            ack(&h, id, 2);
        cr_assert(member_list_holds(&h, c->joint));
        member_list_change(&h, c->to, true);
        cr_assert(harness_was_rejected(&h, RAFT_CHANGE_PENDING));
        for (raft_id id = 2; id <= 6; id++)
            ack(&h, id, 3);
        cr_assert_eq(harness_view(&h).commit_index, 3);
        cr_assert(member_list_holds(&h, c->after), "%s", c->after);
        cr_assert_eq(harness_view(&h).configuration.index, 4);
        cr_assert_eq(harness_view(&h).configuration.term, 2);
        harness_free(&h);
    }
}

/* One that finds the second has left already. */
Test(raft_joint, another_leader_has_left)
{
    uint8_t bytes[8 * RAFT_MEMBER_SIZE];
    struct raft_entry after = member_list_entry(1, "1 4 5", bytes);
    struct raft_message m = harness_append(1, 1, 2, 0, &after, 1);
    struct harness h;
    follow(&h, &changes[1], 1);
    harness_receive(&h, 2, &m);
    harness_elect(&h);
    harness_written(&h);
    ack(&h, 2, 4); /* an old one */
    cr_assert_eq(harness_view(&h).commit_index, 1);
    ack(&h, 5, 4);
    cr_assert_eq(harness_view(&h).commit_index, 4);
    cr_assert_eq(harness_view(&h).configuration.index, 3);
    harness_free(&h);
}

/* Whoever is to lead next must still be there to do so (3.10). */
Test(raft_joint, a_transfer_to_one_that_leaves)
{
    struct harness h;
    change(&h, &changes[2], false, false); /* 3 leaves */
    harness_transfer(&h, 9, 3);
    cr_assert(harness_was_rejected(&h, RAFT_NO_SUCH_CHANGE));
    cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
    harness_transfer(&h, 9, 2);
    cr_assert_eq(harness_view(&h).transfer_to, 2);
    ack(&h, 3, 2);
    ack(&h, 4, 2);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    cr_assert(member_list_holds(&h, "1 2 4"));
    cr_assert_eq(harness_view(&h).transfer_to, 2);
    harness_free(&h);
}

/* Those that join must have caught up, if that is asked for (4.2.1). */
Test(raft_joint, who_joins_has_caught_up)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.catch_up = true;
    member_list_lead(&h, &config, "1 2 3 4L 5L");
    ack(&h, 4, 1);
    member_list_change(&h, "1 4 5", true);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_CAUGHT_UP));
    ack(&h, 5, 1);
    member_list_change(&h, "1 4 5", true);
    cr_assert(member_list_holds(&h, "1VO 2O 3O 4 5"));
    harness_free(&h);
}
