/* Pre-vote and check-quorum, rule by rule: dissertation, 9.6, 6.2 and 4.2.3.
 * The harness holds every step to the contract of raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define MIN_US ((uint64_t)150000)
#define MAX_US ((uint64_t)300000)

static struct raft_config configure(raft_id id, bool pre_vote,
                                    bool check_quorum)
{
    struct raft_config config = harness_config(id);
    config.pre_vote = pre_vote;
    config.check_quorum = check_quorum;
    return config;
}

/* Server 1 in term 5 with a log that ends in {4, 3}. */
static void start(struct harness *h, uint32_t n_voters, bool pre_vote,
                  bool check_quorum)
{
    static const uint64_t terms[] = {1, 1, 4};
    struct raft_config config = configure(1, pre_vote, check_quorum);
    harness_init(h, &config, n_voters);
    harness_preload(h, 5, RAFT_NONE, terms, 3);
    harness_boot(h);
}

/* Lets the election timeout pass; a lazy timer may look more than once. */
static void wait_for(struct harness *h, enum raft_role role)
{
    for (int tries = 0; harness_view(h).role != role && tries < 5; tries++)
        harness_timer(h);
    cr_assert_eq(harness_view(h).role, role);
}

static void hear_leader(struct harness *h, raft_id leader, uint64_t term)
{
    struct raft_message beat = harness_append(term, 0, 0, 0, NULL, 0);
    harness_receive(h, leader, &beat);
    harness_written(h);
}

static void unchanged_hard_state(const struct harness *h)
{
    cr_assert_eq(harness_view(h).hard_state.current_term, 5);
    cr_assert_eq(harness_view(h).hard_state.voted_for, RAFT_NONE);
    cr_assert_eq(h->last_write, 0);
}

/* --- pre-vote: asking (9.6) ----------------------------------------------- */

/* "A candidate only increments its term if it first learns from a majority that
 * they would be willing to grant their votes": asking changes no hard state and
 * waits for no write. */
Test(raft_pre_vote, asking_changes_neither_term_nor_vote)
{
    struct harness h;
    start(&h, 5, true, false);
    wait_for(&h, RAFT_PRE_CANDIDATE);
    unchanged_hard_state(&h);
    for (raft_id to = 2; to <= 5; to++) {
        struct raft_message m;
        const struct raft_output *send =
            harness_sent(&h, to, RAFT_MESSAGE_PRE_VOTE_REQUEST, &m);
        cr_assert_not_null(send);
        cr_assert_eq(send->send.after_write, 0);
        cr_assert_eq(m.term, 6);
        cr_assert_eq(m.vote_request.last.term, 4);
        cr_assert_eq(m.vote_request.last.index, 3);
    }
    cr_assert_eq(harness_view(&h).leader, RAFT_NONE);
    harness_free(&h);
}

/* Having won, it goes on to a real election of the next term. */
Test(raft_pre_vote, a_majority_leads_to_a_real_election)
{
    for (uint32_t n = 1; n <= 7; n++) {
        struct harness h;
        start(&h, n, true, false);
        wait_for(&h, n == 1 ? RAFT_CANDIDATE : RAFT_PRE_CANDIDATE);
        struct raft_message yes = harness_pre_vote_response(6, true);
        for (uint32_t votes = 1; votes < n / 2 + 1; votes++) {
            cr_assert_eq(harness_view(&h).role, RAFT_PRE_CANDIDATE);
            harness_receive(&h, votes + 1, &yes);
            if (votes < n / 2) {
                harness_receive(&h, votes + 1, &yes); /* counts once */
                unchanged_hard_state(&h);
            }
        }
        cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 6);
        cr_assert_eq(harness_view(&h).hard_state.voted_for, 1);
        if (n > 1) { /* pre-votes are no votes */
            harness_written(&h);
            cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
            for (raft_id from = 2; from <= n; from++)
                harness_receive(&h, from, &yes);
            cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
        }
        harness_free(&h);
    }
}

/* What is no pre-vote: refusals, real votes, grants for another term. */
Test(raft_pre_vote, only_grants_for_the_asked_term_count)
{
    struct harness h;
    start(&h, 5, true, false);
    wait_for(&h, RAFT_PRE_CANDIDATE);
    const struct raft_message nothing[] = {
        harness_pre_vote_response(5, false), harness_vote_response(5, true),
        harness_pre_vote_response(5, true),  harness_pre_vote_response(4, true),
        harness_pre_vote_response(4, false),
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        for (raft_id from = 2; from <= 5; from++) {
            harness_receive(&h, from, &nothing[i]);
            cr_assert_eq(harness_view(&h).role, RAFT_PRE_CANDIDATE, "%zu", i);
            unchanged_hard_state(&h);
        }
    harness_free(&h);
}

/* An isolated server asks for ever; its term does not grow, so that it disturbs
 * nobody when it comes back. Without pre-vote it does grow. */
Test(raft_pre_vote, the_term_of_an_isolated_server_does_not_grow)
{
    for (int pre_vote = 0; pre_vote < 2; pre_vote++) {
        struct harness h;
        start(&h, 3, pre_vote == 1, true);
        for (int i = 0; i < 100; i++) {
            uint64_t since_us = h.now_us;
            harness_timer(&h);
            cr_assert_leq(h.now_us - since_us, MAX_US);
            harness_written(&h);
        }
        uint64_t term = harness_view(&h).hard_state.current_term;
        if (pre_vote)
            cr_assert_eq(term, 5);
        else
            cr_assert_geq(term, 55);
        harness_free(&h);
    }
}

/* A refusal with a higher term makes a follower of that term: otherwise a
 * server that fell behind would ask in its old term for ever. */
Test(raft_pre_vote, a_refusal_from_a_later_term_is_learnt)
{
    struct harness h;
    start(&h, 3, true, true);
    wait_for(&h, RAFT_PRE_CANDIDATE);
    struct raft_message no = harness_pre_vote_response(9, false);
    harness_receive(&h, 2, &no);
    cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
    cr_assert_eq(harness_view(&h).hard_state.current_term, 9);
    harness_free(&h);
}

/* 5.2 holds for a pre-candidate too: a leader of its term ends the campaign. */
Test(raft_pre_vote, a_leader_ends_the_campaign)
{
    struct harness h;
    start(&h, 3, true, true);
    wait_for(&h, RAFT_PRE_CANDIDATE);
    hear_leader(&h, 3, 5);
    cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
    cr_assert_eq(harness_view(&h).leader, 3);
    struct raft_message yes = harness_pre_vote_response(6, true);
    harness_receive(&h, 2, &yes); /* too late */
    cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
    unchanged_hard_state(&h);
    harness_free(&h);
}

/* --- pre-vote: being asked ------------------------------------------------ */

static bool granted_pre_vote(const struct harness *h, raft_id to)
{
    struct raft_message m;
    return harness_sent(h, to, RAFT_MESSAGE_PRE_VOTE_RESPONSE, &m) != NULL &&
           m.vote_response.granted;
}

/* Granted as a vote in the asked term would be (5.4.1); the answer changes no
 * hard state and may be given to several. */
Test(raft_pre_vote, being_asked_changes_neither_term_nor_vote)
{
    static const struct {
        uint64_t term, last_term, last_index;
        bool granted;
    } cases[] = {
        {6, 4, 3, true},  {6, 4, 4, true},  {6, 5, 1, true},
        {99, 4, 3, true}, {6, 4, 2, false}, {6, 3, 99, false},
        {6, 0, 0, false}, {4, 4, 3, false}, {99, 1, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        start(&h, 5, true, true);
        uint64_t deadline_us = h.deadline_us;
        struct raft_message ask = harness_pre_vote_request(
            cases[i].term, cases[i].last_term, cases[i].last_index);
        h.now_us = MIN_US / 2;
        for (raft_id from = 2; from <= 5; from++) {
            harness_receive(&h, from, &ask);
            cr_assert_eq(granted_pre_vote(&h, from), cases[i].granted, "%zu",
                         i);
            struct raft_message m;
            const struct raft_output *send =
                harness_sent(&h, from, RAFT_MESSAGE_PRE_VOTE_RESPONSE, &m);
            if (send != NULL)
                cr_assert_eq(m.term, cases[i].granted ? cases[i].term : 5);
            unchanged_hard_state(&h);
        }
        /* and it delays no election of its own */
        cr_assert_eq(h.deadline_us, deadline_us);
        harness_free(&h);
    }
}

/* 9.6 and 4.2.3: refused while a leader was heard within the minimum election
 * timeout, granted when it has been silent for long enough. */
Test(raft_pre_vote, refused_while_a_leader_is_alive)
{
    for (int check_quorum = 0; check_quorum < 2; check_quorum++) {
        struct harness h;
        start(&h, 3, true, check_quorum == 1);
        h.now_us = 1000;
        hear_leader(&h, 2, 5);
        uint64_t heard_us = h.now_us;
        struct raft_message ask = harness_pre_vote_request(6, 4, 3);
        const uint64_t after_us[] = {0, 1, MIN_US / 2, MIN_US - 1};
        for (size_t i = 0; i < 4; i++) {
            h.now_us = heard_us + after_us[i];
            harness_receive(&h, 3, &ask);
            cr_assert_not(granted_pre_vote(&h, 3));
        }
        h.now_us = heard_us + MIN_US + 1;
        if (h.now_us < h.deadline_us) {
            harness_receive(&h, 3, &ask);
            cr_assert(granted_pre_vote(&h, 3));
        }
        wait_for(&h, RAFT_PRE_CANDIDATE); /* no longer believes in it either */
        harness_receive(&h, 3, &ask);
        cr_assert(granted_pre_vote(&h, 3));
        harness_free(&h);
    }
}

/* A server that was just started has heard no leader. */
Test(raft_pre_vote, granted_before_any_leader_was_heard)
{
    struct harness h;
    start(&h, 3, true, true);
    struct raft_message ask = harness_pre_vote_request(6, 4, 3);
    harness_receive(&h, 3, &ask);
    cr_assert(granted_pre_vote(&h, 3));
    harness_free(&h);
}

/* A leader grants no pre-vote while it holds its quorum. */
Test(raft_pre_vote, refused_by_a_leader)
{
    struct harness h;
    start(&h, 3, true, true);
    harness_elect(&h);
    struct raft_message ask = harness_pre_vote_request(7, 6, 4);
    harness_receive(&h, 3, &ask);
    cr_assert_not(granted_pre_vote(&h, 3));
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_free(&h);
}

/* --- check-quorum: the leader (6.2) --------------------------------------- */

static bool is_leader(const struct harness *h)
{
    return harness_view(h).role == RAFT_LEADER;
}

/* "A leader steps down if an election timeout elapses without a successful
 * round of heartbeats to a majority of its cluster", in its own term; then it
 * rejects proposals and knows no leader. Without check-quorum it stays. */
Test(raft_check_quorum, a_leader_that_hears_nobody_steps_down)
{
    for (int check_quorum = 0; check_quorum < 2; check_quorum++) {
        struct harness h;
        start(&h, 3, false, check_quorum == 1);
        harness_elect(&h);
        harness_written(&h);
        uint64_t elected_us = h.now_us;
        while (is_leader(&h) && h.now_us < elected_us + 3 * MAX_US)
            harness_timer(&h);
        if (check_quorum == 0) {
            cr_assert(is_leader(&h));
            harness_free(&h);
            continue;
        }
        cr_assert_not(is_leader(&h));
        cr_assert_geq(h.now_us - elected_us, MIN_US);
        cr_assert_leq(h.now_us - elected_us, MAX_US + 50000);
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 6);
        cr_assert_eq(harness_view(&h).hard_state.voted_for, 1);
        cr_assert_eq(harness_view(&h).leader, RAFT_NONE);
        harness_propose(&h, 9, "x");
        const struct raft_output *no = harness_output(&h, RAFT_OUTPUT_REJECTED);
        cr_assert_not_null(no);
        cr_assert_eq(no->rejected.leader, RAFT_NONE);
        /* it stands for election again like everybody else */
        uint64_t since_us = h.now_us;
        harness_campaign(&h);
        cr_assert_leq(h.now_us - since_us, MAX_US);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 7);
        harness_free(&h);
    }
}

/* A majority is n / 2 + 1 with itself: that many keep it, one less does not.
 * Refusals count as well as successes: they too were heard. */
Test(raft_check_quorum, a_bare_majority_keeps_the_leader)
{
    for (uint32_t n = 2; n <= 9; n++)
        for (uint32_t missing = 0; missing < 2; missing++) {
            struct harness h;
            start(&h, n, true, true);
            harness_elect(&h);
            harness_written(&h);
            uint32_t n_answers = n / 2 - missing; /* besides itself */
            struct raft_message yes = harness_append_success(6, 3);
            struct raft_message no = harness_append_failure(6, 3, 1, 1);
            uint64_t elected_us = h.now_us;
            while (is_leader(&h) && h.now_us < elected_us + 5 * MAX_US) {
                harness_timer(&h);
                for (raft_id from = 2; from < 2 + n_answers; from++)
                    if (is_leader(&h))
                        harness_receive(&h, from, from % 2 ? &yes : &no);
            }
            cr_assert_eq(is_leader(&h), missing == 0, "%u of %u", n_answers, n);
            harness_free(&h);
        }
}

/* What was heard before counts no more in the next period; answers of an older
 * term, and of strangers, count never. */
Test(raft_check_quorum, only_fresh_answers_of_members_keep_the_leader)
{
    for (int kind = 0; kind < 3; kind++) {
        struct harness h;
        start(&h, 3, true, true);
        harness_elect(&h);
        harness_written(&h);
        uint64_t elected_us = h.now_us;
        struct raft_message ok = harness_append_success(6, 4);
        struct raft_message old = harness_append_success(5, 3);
        if (kind == 0)
            harness_receive(&h, 2, &ok);
        while (is_leader(&h) && h.now_us < elected_us + 4 * MAX_US) {
            harness_timer(&h);
            if (kind == 1)
                harness_receive(&h, 2, &old);
            if (kind == 2) {
                uint8_t bytes[64];
                struct raft_input input = {
                    .kind = RAFT_INPUT_MESSAGE,
                    .now_us = h.now_us,
                    .message = {77, bytes, raft_message_encode(&ok, bytes)}};
                harness_step(&h, &input);
            }
        }
        cr_assert_not(is_leader(&h), "kind %d", kind);
        cr_assert_leq(h.now_us - elected_us, 2 * MAX_US + 100000);
        harness_free(&h);
    }
}

/* --- check-quorum: the voters (4.2.3) ------------------------------------- */

/* "If a server receives a RequestVote request within the minimum election
 * timeout of hearing from a current leader, it does not update its term or
 * grant its vote." Without check-quorum it does both. */
Test(raft_check_quorum, votes_are_refused_while_a_leader_is_alive)
{
    for (int check_quorum = 0; check_quorum < 2; check_quorum++) {
        const uint64_t after_us[] = {0, 1, MIN_US - 1, MIN_US + 1};
        for (size_t i = 0; i < 4; i++) {
            struct harness h;
            start(&h, 3, false, check_quorum == 1);
            h.now_us = 1000;
            hear_leader(&h, 2, 5);
            h.now_us += after_us[i];
            bool ignored = check_quorum == 1 && i < 3;
            struct raft_message ask = harness_vote_request(9, 4, 3);
            struct raft_message m;
            harness_receive(&h, 3, &ask);
            const struct raft_output *send =
                harness_sent(&h, 3, RAFT_MESSAGE_VOTE_RESPONSE, &m);
            if (ignored) {
                cr_assert(send == NULL || !m.vote_response.granted);
                unchanged_hard_state(&h);
                cr_assert_eq(harness_view(&h).leader, 2);
            } else {
                cr_assert_not_null(send);
                cr_assert(m.vote_response.granted);
                cr_assert_eq(harness_view(&h).hard_state.current_term, 9);
                cr_assert_eq(harness_view(&h).hard_state.voted_for, 3);
            }
            harness_free(&h);
        }
    }
}

/* The vote is refused for a leader that is alive, not for one that was: a
 * server that campaigns has given its leader up. */
Test(raft_check_quorum, a_candidate_is_not_bound_to_a_leader)
{
    struct harness h;
    start(&h, 3, false, true);
    hear_leader(&h, 2, 5);
    wait_for(&h, RAFT_CANDIDATE);
    harness_written(&h);
    struct raft_message ask = harness_vote_request(9, 4, 3);
    struct raft_message m;
    harness_receive(&h, 3, &ask);
    cr_assert_not_null(harness_sent(&h, 3, RAFT_MESSAGE_VOTE_RESPONSE, &m));
    cr_assert(m.vote_response.granted);
    harness_free(&h);
}

/* 9.6 and 6.2 together: a server that cannot hear the leader, while all others
 * can, neither deposes it nor raises the term, however often it asks. */
Test(raft_check_quorum, a_deaf_server_does_not_depose_the_leader)
{
    struct harness nodes[3], *all[3];
    for (size_t i = 0; i < 3; i++) {
        struct raft_config config = configure(i + 1, true, true);
        all[i] = &nodes[i];
        harness_start(all[i], &config, 3);
    }
    harness_elect(all[0]);
    for (size_t i = 1; i < 3; i++)
        all[i]->now_us = all[0]->now_us;
    harness_exchange(all, 3);
    uint64_t term = harness_view(all[0]).hard_state.current_term;
    for (uint64_t now_us = all[0]->now_us; now_us < 5000000; now_us += 10000) {
        for (size_t i = 0; i < 3; i++) {
            all[i]->now_us = now_us;
            if (all[i]->deadline_us <= now_us)
                harness_timer(all[i]);
        }
        for (size_t i = 0; i < 3; i++) { /* the link 1 to 3 and back is cut */
            struct harness_letter letter;
            while (harness_take(all[i], &letter)) {
                struct harness *to = all[letter.to - 1];
                struct raft_input input = {
                    .kind = RAFT_INPUT_MESSAGE,
                    .now_us = now_us,
                    .message = {i + 1, letter.bytes, letter.size}};
                bool cut =
                    (i == 0 && letter.to == 3) || (i == 2 && letter.to == 1);
                if (!cut)
                    cr_assert_eq(harness_step(to, &input), RAFT_OK);
                free(letter.bytes);
            }
            harness_written(all[i]);
        }
        cr_assert_eq(harness_view(all[0]).role, RAFT_LEADER);
        cr_assert_eq(harness_view(all[0]).hard_state.current_term, term);
        cr_assert_eq(harness_view(all[2]).hard_state.current_term, term);
    }
    for (size_t i = 0; i < 3; i++)
        harness_free(all[i]);
}
