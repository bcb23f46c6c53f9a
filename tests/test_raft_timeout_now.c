/* The receiving side of a transfer, rule by rule: dissertation, 3.10, together
 * with pre-vote (9.6) and check-quorum (4.2.3). The harness holds every step to
 * the contract of raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MAX_US ((uint64_t)300000)

static const uint64_t log_terms[] = {1, 1, 4};

static struct raft_config configure(raft_id id)
{
    struct raft_config config = harness_config(id);
    config.pre_vote = true;
    config.check_quorum = true;
    config.lease_reads = true;
    return config;
}

/* Server 1 of 3 in term 5, with a log that ends in {4, 3}, follows server 2. */
static void start_follower(struct harness *h)
{
    struct raft_config config = configure(1);
    struct raft_message beat = harness_append(5, 4, 3, 0, NULL, 0);
    harness_init(h, &config, 3);
    harness_preload(h, 5, RAFT_NONE, log_terms, 3);
    harness_boot(h);
    harness_receive(h, 2, &beat);
}

static void tell(struct harness *h, raft_id from, uint64_t term)
{
    struct raft_message m = harness_timeout_now(term);
    harness_receive(h, from, &m);
}

/* "The target server starts a new election by incrementing its term", at once
 * and without a pre-vote, and says that it was told to. */
Test(raft_timeout_now, the_target_campaigns_at_once)
{
    struct harness h;
    struct raft_message m, yes = harness_vote_response(6, true);
    start_follower(&h);
    tell(&h, 2, 5);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
    cr_assert_eq(harness_view(&h).hard_state.current_term, 6);
    cr_assert_eq(harness_view(&h).hard_state.voted_for, 1);
    for (raft_id to = 2; to <= 3; to++) {
        const struct raft_output *send =
            harness_sent(&h, to, RAFT_MESSAGE_VOTE_REQUEST, &m);
        cr_assert_not_null(send);
        cr_assert(m.vote_request.transfer);
        cr_assert_eq(m.term, 6);
        cr_assert_eq(m.vote_request.last.term, 4);
        cr_assert_eq(m.vote_request.last.index, 3);
        cr_assert_eq(send->send.after_write, h.last_write);
    }
    harness_receive(&h, 2, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE); /* own vote: not yet */
    harness_written(&h);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_free(&h);
}

/* The next attempt is one like any other. */
Test(raft_timeout_now, it_is_good_for_one_campaign)
{
    struct harness h;
    struct raft_message m, yes = harness_pre_vote_response(7, true);
    start_follower(&h);
    tell(&h, 2, 5);
    harness_written(&h);
    harness_timer(&h);
    cr_assert_eq(harness_view(&h).role, RAFT_PRE_CANDIDATE);
    cr_assert_not_null(harness_sent(&h, 2, RAFT_MESSAGE_PRE_VOTE_REQUEST, &m));
    harness_receive(&h, 2, &yes);
    cr_assert_not_null(harness_sent(&h, 2, RAFT_MESSAGE_VOTE_REQUEST, &m));
    cr_assert_not(m.vote_request.transfer);
    harness_free(&h);
}

/* Only the leader of the own term can say so. */
Test(raft_timeout_now, only_the_leaders_word_counts)
{
    static const struct {
        raft_id from;
        uint64_t term;
        const char *why;
    } cases[] = {
        {2, 4, "of an older term"},         {3, 5, "from a follower"},
        {77, 5, "from a stranger"},         {3, 4, "older, from a follower"},
        {3, 6, "of a term without leader"}, {2, 6, "the same, from server 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        start_follower(&h);
        tell(&h, cases[i].from, cases[i].term);
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER, "%s", cases[i].why);
        cr_assert_eq(harness_view(&h).hard_state.voted_for, RAFT_NONE);
        cr_assert_eq(
            harness_sent_count(&h, RAFT_NONE, RAFT_MESSAGE_VOTE_REQUEST), 0);
        harness_free(&h);
    }
}

/* Who campaigns already, or leads, goes on with that. */
Test(raft_timeout_now, only_followers_listen)
{
    struct harness h;
    start_follower(&h);
    harness_timer(&h);
    cr_assert_eq(harness_view(&h).role, RAFT_PRE_CANDIDATE);
    tell(&h, 2, 5);
    cr_assert_eq(harness_view(&h).role, RAFT_PRE_CANDIDATE);
    harness_elect(&h);
    uint64_t term = harness_view(&h).hard_state.current_term;
    tell(&h, 2, term);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    cr_assert_eq(harness_view(&h).hard_state.current_term, term);
    harness_free(&h);
}

/* Nor does one that could not lead. */
Test(raft_timeout_now, learners_and_witnesses_do_not_campaign)
{
    static const uint8_t flags[] = {RAFT_MEMBER_LEARNER,
                                    RAFT_MEMBER_VOTER | RAFT_MEMBER_WITNESS};
    for (size_t i = 0; i < 3; i++) {
        const struct raft_member members[] = {{1, flags[i % 2], 0},
                                              {2, RAFT_MEMBER_VOTER, 0},
                                              {3, RAFT_MEMBER_VOTER, 0}};
        struct raft_config config = configure(1);
        struct raft_message beat = harness_append(5, 0, 0, 0, NULL, 0);
        struct harness h;
        harness_init(&h, &config, 0);
        if (i < 2)
            harness_bootstrap(&h, members, 3); /* else it knows nobody */
        harness_boot(&h);
        harness_receive(&h, 2, &beat);
        tell(&h, 2, 5);
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 5);
        harness_free(&h);
    }
}

/* --- the voters ----------------------------------------------------------- */

static bool votes(struct harness *h, struct raft_message ask, bool transfer)
{
    struct raft_message m;
    ask.vote_request.transfer = transfer;
    harness_receive(h, 3, &ask);
    return harness_sent(h, 3, RAFT_MESSAGE_VOTE_RESPONSE, &m) != NULL &&
           m.vote_response.granted;
}

/* "These requests ... include a special flag": a voter that hears its leader
 * answers them; all else that makes a vote still counts (5.4.1, one vote). */
Test(raft_timeout_now, the_flag_passes_the_stickiness_alone)
{
    static const struct {
        struct raft_position last;
        uint64_t term;
        bool granted;
    } cases[] = {
        {{4, 3}, 6, true},  {{4, 9}, 6, true},   {{5, 1}, 9, true},
        {{4, 2}, 6, false}, {{3, 99}, 6, false}, {{0, 0}, 6, false},
        {{4, 3}, 4, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int transfer = 0; transfer < 2; transfer++) {
            struct harness h;
            start_follower(&h);
            struct raft_message ask = harness_vote_request(
                cases[i].term, cases[i].last.term, cases[i].last.index);
            cr_assert_eq(votes(&h, ask, transfer == 1),
                         cases[i].granted && transfer == 1, "%zu", i);
            struct raft_hard_state now = harness_view(&h).hard_state;
            cr_assert_eq(now.current_term,
                         transfer && cases[i].term > 5 ? cases[i].term : 5);
            cr_assert_eq(now.voted_for, cases[i].granted && transfer ? 3 : 0);
            harness_free(&h);
        }
}

Test(raft_timeout_now, the_flag_gives_no_second_vote)
{
    struct harness h;
    struct raft_message other = harness_vote_request(6, 4, 3);
    other.vote_request.transfer = true;
    start_follower(&h);
    harness_receive(&h, 2, &other);
    cr_assert_eq(harness_view(&h).hard_state.voted_for, 2);
    cr_assert_not(votes(&h, harness_vote_request(6, 9, 9), true));
    cr_assert_eq(harness_view(&h).hard_state.voted_for, 2);
    harness_free(&h);
}

/* The leader itself makes way, and votes like everybody. */
Test(raft_timeout_now, the_leader_makes_way)
{
    for (int transfer = 0; transfer < 2; transfer++) {
        struct raft_config config = configure(1);
        struct harness h;
        harness_start(&h, &config, 3);
        harness_elect(&h);
        harness_written(&h);
        uint64_t term = harness_view(&h).hard_state.current_term;
        struct raft_message ask = harness_vote_request(term + 1, term, 1);
        cr_assert_eq(votes(&h, ask, transfer == 1), transfer);
        cr_assert_eq(harness_view(&h).role,
                     transfer ? RAFT_FOLLOWER : RAFT_LEADER);
        harness_free(&h);
    }
}

/* --- all together --------------------------------------------------------- */

/* From any to any: the target leads the next term, with every entry, although
 * all hear from the old leader until then; and the old one follows. */
Test(raft_timeout_now, a_cluster_hands_over)
{
    for (raft_id to = 0; to <= 5; to++) {
        struct harness nodes[5], *all[5];
        if (to == 1)
            continue;
        for (size_t i = 0; i < 5; i++) {
            struct raft_config config = configure(i + 1);
            all[i] = &nodes[i];
            harness_start(all[i], &config, 5);
        }
        harness_elect(all[0]);
        for (size_t i = 1; i < 5; i++)
            all[i]->now_us = all[0]->now_us;
        harness_exchange(all, 5);
        uint64_t term = harness_view(all[0]).hard_state.current_term;
        for (uint64_t i = 0; i < 10; i++)
            harness_propose(all[0], i, "x"); /* not replicated yet */
        harness_transfer(all[0], 99, to);
        harness_exchange(all, 5);
        raft_id leader = harness_view(all[0]).leader;
        cr_assert(leader == to || (to == RAFT_NONE && leader > 1));
        for (size_t i = 0; i < 5; i++) {
            struct raft_view view = harness_view(all[i]);
            cr_assert_eq(view.role,
                         i + 1 == leader ? RAFT_LEADER : RAFT_FOLLOWER);
            cr_assert_eq(view.leader, leader);
            cr_assert_eq(view.hard_state.current_term, term + 1);
            cr_assert_eq(view.last.index, 12);
        }
        harness_propose(all[leader - 1], 7, "y");
        cr_assert_eq(harness_count(all[leader - 1], RAFT_OUTPUT_ACCEPTED), 1);
        harness_exchange(all, 5);
        cr_assert_eq(harness_view(all[leader - 1]).commit_index, 13);
        for (size_t i = 0; i < 5; i++)
            harness_free(all[i]);
    }
}
