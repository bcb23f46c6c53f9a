/* Servers that are not, or not for much longer, members: leaders that remove
 * themselves, who may campaign and who may not, strangers (dissertation, 4.2.2
 * and 4.2.3). */
#include "tests/member_lists.h"

#include <criterion/criterion.h>

static void lead(struct harness *h, const char *members)
{
    struct raft_config config = harness_config(1);
    member_list_lead(h, &config, members);
    cr_assert_eq(harness_view(h).commit_index, 1);
}

static void ack(struct harness *h, raft_id from, uint64_t index)
{
    struct raft_message yes =
        harness_append_success(harness_view(h).hard_state.current_term, index);
    harness_receive(h, from, &yes);
}

static bool takes(struct harness *h, const char *members)
{
    member_list_change(h, members, false);
    return harness_output(h, RAFT_OUTPUT_ACCEPTED) != NULL;
}

/* Server 1 of term 1, after a message of leader 2 with a no-op and, as entry 2,
 * these members. */
static void follow(struct harness *h, const struct raft_config *config,
                   const char *members, const char *change, uint64_t commit)
{
    uint8_t bytes[8 * RAFT_MEMBER_SIZE];
    struct raft_entry log[] = {{.term = 1, .kind = RAFT_ENTRY_NOOP},
                               member_list_entry(1, change, bytes)};
    struct raft_message m = harness_append(1, 0, 0, commit, log, 2);
    member_list_init(h, config, members);
    harness_boot(h);
    harness_receive(h, 2, &m);
    harness_written(h);
}

/* Whether it asks for votes when nobody speaks to it; nor may it by order. */
static bool campaigns(struct harness *h)
{
    uint64_t term = harness_view(h).hard_state.current_term;
    raft_id leader = harness_view(h).leader;
    if (leader != RAFT_NONE) {
        struct raft_message m = harness_timeout_now(term);
        harness_receive(h, leader, &m);
    }
    for (int tries = 0; tries < 10; tries++) {
        if (harness_view(h).role != RAFT_FOLLOWER)
            return true;
        harness_timer(h);
    }
    cr_assert_eq(harness_view(h).hard_state.current_term, term);
    cr_assert_eq(harness_view(h).role, RAFT_FOLLOWER);
    return false;
}

/* --- a leader that leaves (4.2.2) ----------------------------------------- */

/* "A leader that is removed from the configuration steps down once the Cnew
 * entry is committed", manages the cluster until then, and does not count
 * itself; then it names a successor. The same if it becomes a learner. */
Test(raft_removal, a_leader_leaves)
{
    static const struct {
        const char *from, *to;
        raft_id acks; /* of 2 and so on, that it takes */
    } cases[] = {
        {"1 2", "2", 1},
        {"1 2 3", "2 3", 2},
        {"1 2 3 4", "2 3 4", 2},
        {"1 2 3", "1L 2 3", 2},
        {"1 2 3 4 5 6 7", "1L 2 3 4 5 6 7", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        lead(&h, cases[i].from);
        harness_propose(&h, 2, "x"); /* before, and committed before */
        cr_assert(takes(&h, cases[i].to));
        harness_propose(&h, 2, "y"); /* after it */
        cr_assert_not_null(harness_output(&h, RAFT_OUTPUT_ACCEPTED));
        harness_written(&h);
        for (raft_id id = 2; id < 1 + cases[i].acks; id++)
            ack(&h, id, 4);
        cr_assert_eq(harness_view(&h).commit_index, 1, "case %zu", i);
        ack(&h, 1 + cases[i].acks, 2);
        cr_assert_eq(harness_view(&h).commit_index, 2);
        harness_timer(&h);
        cr_assert_gt(harness_sent_count(&h, 2, RAFT_MESSAGE_APPEND_REQUEST), 0);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        cr_assert_eq(
            harness_sent_count(&h, RAFT_NONE, RAFT_MESSAGE_TIMEOUT_NOW), 0);
        ack(&h, 1 + cases[i].acks, 3);
        cr_assert_eq(harness_view(&h).commit_index, 3);
        if (cases[i].acks == 1) { /* who comes next lacks the last entry */
            cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
            cr_assert_eq(harness_view(&h).transfer_to, 2);
            harness_propose(&h, 9, "too late");
            const struct raft_output *no =
                harness_output(&h, RAFT_OUTPUT_REJECTED);
            cr_assert_eq(no->rejected.reason, RAFT_TRANSFERRING);
            ack(&h, 2, 4);
        }
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 1);
        cr_assert_eq(
            harness_sent_count(&h, RAFT_NONE, RAFT_MESSAGE_TIMEOUT_NOW), 1);
        cr_assert_not(campaigns(&h));
        harness_free(&h);
    }
}

/* The successor is one who votes in full and has the most. */
Test(raft_removal, the_best_is_named)
{
    for (raft_id best = 2; best <= 3; best++) {
        struct harness h;
        struct raft_message m;
        lead(&h, "1 2 3 4W 5L");
        cr_assert(takes(&h, "2 3 4W 5L"));
        harness_propose(&h, 2, "x");
        harness_propose(&h, 3, "y");
        harness_written(&h);
        ack(&h, 5, 4);
        ack(&h, best, 3);
        ack(&h, 4, 4);
        cr_assert_eq(harness_view(&h).transfer_to, best);
        ack(&h, best, 4);
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
        cr_assert_not_null(
            harness_sent(&h, best, RAFT_MESSAGE_TIMEOUT_NOW, &m));
        cr_assert_eq(m.term, 1);
        harness_free(&h);
    }
}

/* Its heir does not get its last entries: it goes when the time of one transfer
 * is over, whatever else is committed meanwhile. */
Test(raft_removal, does_not_stay_for_ever)
{
    struct harness h;
    lead(&h, "1 2 3 4");
    cr_assert(takes(&h, "2 3 4"));
    harness_propose(&h, 2, "x");
    harness_propose(&h, 3, "y");
    harness_written(&h);
    ack(&h, 2, 2);
    ack(&h, 3, 2);
    uint64_t since_us = h.now_us;
    cr_assert_eq(harness_view(&h).transfer_to, 2);
    harness_timer(&h);
    ack(&h, 3, 3);
    ack(&h, 4, 3);
    cr_assert_eq(harness_view(&h).commit_index, 3);
    cr_assert_eq(harness_view(&h).transfer_to, 2);
    while (harness_view(&h).role == RAFT_LEADER) {
        cr_assert_lt(h.now_us - since_us, h.config.election_timeout_max_us);
        harness_timer(&h);
    }
    cr_assert_eq(h.now_us - since_us, h.config.election_timeout_max_us);
    harness_free(&h);
}

/* As long as its removal is not committed, a transfer is what it always is: a
 * leader leads on if it comes to nothing. */
Test(raft_removal, hands_over_before_it_leaves)
{
    for (uint64_t match = 1; match <= 2; match++) {
        struct harness h;
        lead(&h, "1 2 3");
        cr_assert(takes(&h, "2 3"));
        harness_written(&h);
        ack(&h, 2, match);
        harness_transfer(&h, 7, 2);
        cr_assert_eq(harness_sent_count(&h, 2, RAFT_MESSAGE_TIMEOUT_NOW),
                     match - 1);
        while (harness_view(&h).transfer_to != RAFT_NONE)
            harness_timer(&h);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        harness_free(&h);
    }
}

/* In a whole cluster: what was proposed meanwhile is there, one of the others
 * leads at once, and he who left stays silent for ever. */
Test(raft_removal, the_others_go_on)
{
    for (int learner = 0; learner < 2; learner++) {
        struct harness s[3], *nodes[3];
        for (raft_id id = 1; id <= 3; id++) {
            struct raft_config config = harness_config(id);
            harness_start(&s[id - 1], &config, 3);
            nodes[id - 1] = &s[id - 1];
        }
        harness_campaign(&s[0]);
        harness_exchange(nodes, 3);
        cr_assert(takes(&s[0], learner ? "1L 2 3" : "2 3"));
        harness_propose(&s[0], 2, "x");
        harness_exchange(nodes, 3);
        cr_assert_eq(harness_view(&s[0]).role, RAFT_FOLLOWER);
        int leader = harness_view(&s[1]).role == RAFT_LEADER ? 1 : 2;
        cr_assert_eq(harness_view(&s[leader]).role, RAFT_LEADER);
        cr_assert_eq(harness_view(&s[leader]).hard_state.current_term, 2);
        cr_assert_eq(harness_view(&s[leader]).commit_index, 4);
        cr_assert_eq(harness_view(&s[0]).last.index, learner ? 4 : 3);
        cr_assert_not(campaigns(&s[0]));
        for (int i = 0; i < 3; i++)
            harness_free(&s[i]);
    }
}

/* What somebody waits for who will never answer is decided without him. */
Test(raft_removal, reads_do_not_wait_for_the_removed)
{
    struct harness h;
    lead(&h, "1 2");
    harness_read(&h, 7, false);
    cr_assert_null(harness_output(&h, RAFT_OUTPUT_READY));
    cr_assert(takes(&h, "1")); /* 2 is dead */
    harness_written(&h);
    cr_assert_eq(h.n_reads, 0);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    harness_free(&h);
}

/* --- who may campaign ----------------------------------------------------- */

/* By the latest configuration, and as long as that is not known to be committed
 * by the one before, whose members may be needed until then. */
Test(raft_removal, who_may_campaign)
{
    static const struct {
        const char *from, *to;
        bool before, after; /* `to` is committed */
    } cases[] = {
        {"1 2 3", "2 3", true, false},
        {"1 2 3", "1L 2 3", true, false},
        {"1 2 3", "1 2 3 4", true, true},
        {"1 2 3", "1 3", true, true},
        {"1L 2 3", "1 2 3", true, true},
        {"1L 2 3", "1L 2 3 4", false, false},
        {"1L 2 3", "2 3", false, false},
        {"2 3", "1L 2 3", false, false},
        {"2 3", "1 2 3", true, true},
        {"2 3", "2 3 4", false, false},
        {"", "2 3", false, false},
        {"1W 2 3", "2 3", false, false},
        {"1W 2 3", "1W 2 3 4", false, false},
        {"1O 2 3", "2 3", true, false},
        {"1O 2", "1O 2 3", true, true},
        {"1LO 2", "1L 2", true, false},
    };
    for (size_t i = 0; i < 8 * sizeof cases / sizeof *cases; i++) {
        bool committed = i % 2 == 1, restarts = i / 4 % 2 == 1;
        struct raft_config config = harness_config(1);
        struct harness h;
        config.pre_vote = i / 2 % 2 == 1;
        follow(&h, &config, cases[i / 8].from, cases[i / 8].to,
               committed ? 2 : 1);
        cr_assert(member_list_holds(&h, cases[i / 8].to));
        if (restarts) { /* what is committed is forgotten, but for a snapshot */
            if (committed)
                harness_snapshot(&h, NULL, 0, 3);
            harness_written(&h);
            harness_crash(&h, 0);
            harness_boot(&h);
        }
        cr_assert_eq(campaigns(&h),
                     committed ? cases[i / 8].after : cases[i / 8].before,
                     "from %s to %s", cases[i / 8].from, cases[i / 8].to);
        harness_free(&h);
    }
}

/* Who knows nobody waits to be spoken to. */
Test(raft_removal, a_stranger_waits)
{
    for (int pre_vote = 0; pre_vote < 2; pre_vote++) {
        struct raft_config config = harness_config(1);
        struct harness h;
        config.pre_vote = pre_vote == 1;
        harness_start(&h, &config, 0);
        cr_assert_not(campaigns(&h));
        harness_free(&h);
    }
}

/* Such a candidate asks the members, and needs a majority of them without
 * itself; it leads until its removal is committed, and goes. */
Test(raft_removal, a_candidate_that_is_removed)
{
    for (int pre_vote = 0; pre_vote < 2; pre_vote++) {
        struct raft_config config = harness_config(1);
        struct raft_message yes = harness_vote_response(2, true);
        struct raft_message pre_yes = harness_pre_vote_response(2, true);
        struct harness h;
        config.pre_vote = pre_vote == 1;
        follow(&h, &config, "1 2 3", "2 3", 1);
        harness_timer(&h);
        if (pre_vote) {
            harness_receive(&h, 2, &pre_yes);
            cr_assert_eq(harness_view(&h).role, RAFT_PRE_CANDIDATE);
            harness_receive(&h, 3, &pre_yes);
        }
        harness_written(&h);
        harness_receive(&h, 3, &yes);
        cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
        harness_receive(&h, 2, &yes);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        harness_written(&h);
        ack(&h, 2, 3);
        cr_assert_eq(harness_view(&h).commit_index, 1);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        ack(&h, 3, 3);
        cr_assert_eq(harness_view(&h).commit_index, 3);
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
        cr_assert_not(campaigns(&h));
        harness_free(&h);
    }
}

/* --- strangers ------------------------------------------------------------ */

/* Servers "process incoming RPC requests without consulting their current
 * configurations" (4.1): votes are given to strangers, and by strangers and
 * learners, who may be more than they know. */
Test(raft_removal, votes_for_and_by_anybody)
{
    static const char *const members[] = {"1 2 3", "2 3", "1L 2 3", "1W 2 3",
                                          ""};
    for (size_t i = 0; i < 2 * sizeof members / sizeof *members; i++) {
        bool pre_vote = i % 2 == 1;
        struct raft_config config = harness_config(1);
        struct raft_message answer,
            ask = pre_vote ? harness_pre_vote_request(5, 1, 1)
                           : harness_vote_request(5, 1, 1);
        struct harness h;
        member_list_init(&h, &config, members[i / 2]);
        harness_boot(&h);
        harness_receive(&h, 9, &ask);
        cr_assert_not_null(harness_sent(&h, 9,
                                        pre_vote
                                            ? RAFT_MESSAGE_PRE_VOTE_RESPONSE
                                            : RAFT_MESSAGE_VOTE_RESPONSE,
                                        &answer));
        cr_assert(answer.vote_response.granted);
        harness_free(&h);
    }
}

/* And entries are taken from a leader that is no member. */
Test(raft_removal, entries_from_anybody)
{
    struct raft_config config = harness_config(1);
    struct raft_message m, answer;
    struct raft_entry noop = {.term = 4, .kind = RAFT_ENTRY_NOOP};
    struct harness h;
    harness_start(&h, &config, 3);
    m = harness_append(4, 0, 0, 1, &noop, 1);
    harness_receive(&h, 9, &m);
    cr_assert_not_null(
        harness_sent(&h, 9, RAFT_MESSAGE_APPEND_RESPONSE, &answer));
    cr_assert(answer.append_response.success);
    cr_assert_eq(harness_view(&h).leader, 9);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    harness_free(&h);
}

/* What strangers answer counts for nothing. */
Test(raft_removal, strangers_count_for_nothing)
{
    struct raft_config config = harness_config(1);
    struct raft_message yes = harness_vote_response(1, true);
    struct harness h;
    config.check_quorum = true;
    harness_start(&h, &config, 3);
    harness_campaign(&h);
    harness_receive(&h, 8, &yes);
    harness_receive(&h, 9, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
    harness_receive(&h, 2, &yes);
    harness_written(&h);
    harness_read(&h, 7, false);
    ack(&h, 8, 1);
    ack(&h, 9, 1);
    cr_assert_eq(harness_view(&h).commit_index, 0);
    cr_assert_eq(h.n_reads, 1);
    for (uint64_t t = h.now_us; h.now_us < t + 600000;) {
        ack(&h, 8, 1);
        ack(&h, 9, 1);
        harness_timer(&h);
    }
    cr_assert_neq(harness_view(&h).role, RAFT_LEADER);
    cr_assert(harness_view(&h).commit_index == 0 && h.n_reads == 0);
    harness_free(&h);
}

/* A removed server that does not know it, since nobody told it, disturbs nobody
 * (4.2.3, 9.6). */
Test(raft_removal, the_removed_do_not_disturb)
{
    for (int pre_vote = 0; pre_vote < 2; pre_vote++) {
        struct harness s[4], *nodes[4];
        for (raft_id id = 1; id <= 4; id++) {
            struct raft_config config = harness_config(id);
            config.check_quorum = true;
            config.pre_vote = pre_vote == 1;
            harness_start(&s[id - 1], &config, 4);
            nodes[id - 1] = &s[id - 1];
        }
        harness_campaign(&s[0]);
        harness_exchange(nodes, 4);
        cr_assert(takes(&s[0], "1 2 3"));
        harness_exchange(nodes, 4);
        cr_assert(member_list_holds(&s[3], "1 2 3 4"));
        for (int beats = 0; beats < 40; beats++) {
            harness_timer(&s[0]);
            for (int i = 1; i < 4; i++)
                s[i].now_us = s[0].now_us;
            harness_exchange(nodes, 4);
            if (s[3].deadline_us <= s[3].now_us)
                harness_timer(&s[3]);
            harness_exchange(nodes, 4);
        }
        cr_assert_eq(harness_view(&s[0]).role, RAFT_LEADER);
        cr_assert_eq(harness_view(&s[0]).hard_state.current_term, 1);
        cr_assert_neq(harness_view(&s[3]).role, RAFT_FOLLOWER);
        for (int i = 0; i < 4; i++)
            harness_free(&s[i]);
    }
}
