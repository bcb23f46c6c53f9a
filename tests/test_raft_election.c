/* Leader election, rule by rule: Raft paper, Figure 2, 5.1, 5.2 and 5.4.1. The
 * harness holds every step to the contract of raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MIN_US ((uint64_t)150000)
#define MAX_US ((uint64_t)300000)

static void start(struct harness *h, raft_id id, uint32_t n_voters)
{
    struct raft_config config = harness_config(id);
    harness_start(h, &config, n_voters);
}

/* A follower of term 5 with a log that ends in {term 4, index 3}. */
static void start_with_log(struct harness *h, raft_id vote)
{
    static const uint64_t terms[] = {1, 1, 4};
    struct raft_config config = harness_config(1);
    harness_init(h, &config, 3);
    harness_preload(h, 5, vote, terms, 3);
    harness_boot(h);
}

static bool answered_vote(const struct harness *h, raft_id to)
{
    struct raft_message m;
    cr_assert_eq(harness_sent_count(h, to, RAFT_MESSAGE_VOTE_RESPONSE), 1);
    harness_sent(h, to, RAFT_MESSAGE_VOTE_RESPONSE, &m);
    return m.vote_response.granted;
}

/* --- starting (5.2) ------------------------------------------------------- */

Test(raft_election, starts_as_a_follower_in_the_term_of_its_image)
{
    struct harness h;
    start_with_log(&h, 2);
    struct raft_view v = harness_view(&h);
    cr_assert_eq(v.id, 1);
    cr_assert_eq(v.role, RAFT_FOLLOWER);
    cr_assert_eq(v.hard_state.current_term, 5);
    cr_assert_eq(v.hard_state.voted_for, 2);
    cr_assert_eq(v.leader, RAFT_NONE);
    cr_assert_eq(v.last.term, 4);
    cr_assert_eq(v.last.index, 3);
    cr_assert_eq(v.commit_index, 0);
    harness_free(&h);
}

/* 5.2: the first deadline lies in [min, max] of the start, wherever the clock
 * stands, and both ends are reached when they meet. */
Test(raft_election, start_arms_an_election_timeout)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        config.random_seed = seed;
        if (seed % 2 == 1)
            config.election_timeout_max_us = config.election_timeout_min_us;
        harness_init(&h, &config, 3);
        h.now_us = seed * 1000003;
        harness_boot(&h);
        cr_assert_eq(harness_count(&h, RAFT_OUTPUT_SEND), 0);
        cr_assert_eq(harness_count(&h, RAFT_OUTPUT_TIMER), 1);
        cr_assert_geq(h.deadline_us - h.now_us, MIN_US);
        cr_assert_leq(h.deadline_us - h.now_us, config.election_timeout_max_us);
        harness_free(&h);
    }
}

static uint64_t first_timeout(uint64_t seed)
{
    struct harness h;
    struct raft_config config = harness_config(1);
    config.random_seed = seed;
    harness_start(&h, &config, 3);
    uint64_t timeout_us = h.deadline_us - h.now_us;
    harness_free(&h);
    return timeout_us;
}

/* 5.2: timeouts of different servers differ and spread over the whole range, so
 * that most of the time one server times out alone; equal seeds repeat. */
Test(raft_election, timeouts_spread_over_the_range)
{
    enum { SEEDS = 2000, PARTS = 10 };
    uint64_t hits[PARTS] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t timeout_us = first_timeout(seed);
        cr_assert_eq(timeout_us, first_timeout(seed));
        hits[(timeout_us - MIN_US) * PARTS / (MAX_US - MIN_US + 1)]++;
    }
    for (int part = 0; part < PARTS; part++) {
        cr_assert_geq(hits[part], SEEDS / PARTS / 2, "part %d", part);
        cr_assert_leq(hits[part], SEEDS / PARTS * 2, "part %d", part);
    }
}

/* 5.2: each candidate restarts its randomised timeout at the start of an
 * election: every wait is in range, and they are not all the same. */
Test(raft_election, the_timeout_is_redrawn_for_each_election)
{
    struct harness h;
    start(&h, 1, 3);
    uint64_t seen[20];
    size_t n_different = 0;
    for (size_t i = 0; i < 20; i++) {
        uint64_t since_us = h.now_us;
        harness_campaign(&h);
        cr_assert_eq(harness_view(&h).hard_state.current_term, i + 1);
        seen[i] = h.now_us - since_us;
        cr_assert_geq(seen[i], MIN_US);
        cr_assert_leq(seen[i], MAX_US);
        size_t j = 0;
        while (seen[j] != seen[i])
            j++;
        n_different += j == i;
    }
    cr_assert_geq(n_different, 15);
    harness_free(&h);
}

/* 5.2: hearing from the current leader restarts the timeout. */
Test(raft_election, a_heartbeat_postpones_the_election)
{
    struct harness h;
    start(&h, 1, 3);
    struct raft_message heartbeat = harness_append(1, 0, 0, 0, NULL, 0);
    for (int i = 0; i < 50; i++) {
        h.now_us += 100000;
        if (h.now_us >= h.deadline_us) /* a lazy timer may look and wait on */
            harness_timer(&h);
        harness_receive(&h, 2, &heartbeat);
        harness_written(&h);
        cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
        cr_assert_eq(harness_view(&h).leader, 2);
    }
    uint64_t heard_us = h.now_us;
    harness_campaign(&h);
    cr_assert_geq(h.now_us - heard_us, MIN_US);
    cr_assert_leq(h.now_us - heard_us, MAX_US);
    harness_free(&h);
}

/* 5.2 and Figure 2: granting a vote restarts the timeout, refusing does not. */
Test(raft_election, only_a_granted_vote_postpones_the_election)
{
    for (int grant = 0; grant < 2; grant++) {
        struct harness h;
        start_with_log(&h, RAFT_NONE);
        uint64_t before_us = h.deadline_us;
        h.now_us = MIN_US - 1;
        struct raft_message ask =
            harness_vote_request(5, grant ? 4 : 1, grant ? 3 : 99);
        harness_receive(&h, 2, &ask);
        cr_assert_eq(answered_vote(&h, 2), grant == 1);
        harness_written(&h);
        uint64_t asked_us = h.now_us;
        harness_campaign(&h);
        if (grant)
            cr_assert_geq(h.now_us - asked_us, MIN_US);
        else
            cr_assert_eq(h.now_us, before_us);
        harness_free(&h);
    }
}

/* --- campaigning (5.2) ---------------------------------------------------- */

/* 5.2: it increments its term, votes for itself and asks every other server;
 * the request leaves only when term and vote are durable (Figure 2: persistent
 * state is updated before responding to RPCs; the harness checks after_write).
 */
Test(raft_election, a_candidate_votes_for_itself_before_it_asks)
{
    struct harness h;
    static const uint64_t terms[] = {1, 1, 4};
    struct raft_config config = harness_config(2);
    harness_init(&h, &config, 5);
    harness_preload(&h, 7, 3, terms, 3);
    harness_boot(&h);
    harness_timer(&h);
    struct raft_view v = harness_view(&h);
    cr_assert_eq(v.role, RAFT_CANDIDATE);
    cr_assert_eq(v.hard_state.current_term, 8);
    cr_assert_eq(v.hard_state.voted_for, 2);
    cr_assert_eq(v.leader, RAFT_NONE);
    const struct raft_output *write = harness_output(&h, RAFT_OUTPUT_WRITE);
    cr_assert_not_null(write);
    cr_assert(write->write.has_hard_state);
    cr_assert_eq(write->write.hard_state.current_term, 8);
    cr_assert_eq(write->write.hard_state.voted_for, 2);
    cr_assert_eq(write->write.n_entries, 0);
    cr_assert_eq(write->write.truncate_from, 0);
    /* The requests may come at once behind after_write, or with WRITTEN. */
    for (size_t i = 0; i < h.n_outbox; i++)
        cr_assert_eq(h.outbox[i].after_write, write->write.id);
    struct harness_letter letter;
    cr_assert_not(harness_take(&h, &letter));
    harness_written(&h);
    bool asked[6] = {false};
    while (harness_take(&h, &letter)) {
        struct raft_message m;
        cr_assert(raft_message_decode(letter.bytes, letter.size, &m));
        cr_assert_eq(m.kind, RAFT_MESSAGE_VOTE_REQUEST);
        cr_assert_eq(m.term, 8);
        cr_assert_eq(m.vote_request.last.term, 4);
        cr_assert_eq(m.vote_request.last.index, 3);
        cr_assert_not(asked[letter.to]);
        asked[letter.to] = true;
        free(letter.bytes);
    }
    cr_assert(asked[1] && !asked[2] && asked[3] && asked[4] && asked[5]);
    harness_free(&h);
}

/* 5.2: split vote. Without a majority the candidate starts a new election in a
 * higher term, and votes of the old one are worth nothing. */
Test(raft_election, a_candidate_that_times_out_starts_again)
{
    struct harness h;
    start(&h, 1, 5);
    harness_campaign(&h);
    struct raft_message yes = harness_vote_response(1, true);
    harness_receive(&h, 2, &yes);
    harness_campaign(&h);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
    cr_assert_eq(harness_view(&h).hard_state.current_term, 2);
    yes = harness_vote_response(2, true);
    harness_receive(&h, 3, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
    harness_receive(&h, 4, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_free(&h);
}

/* A cluster of one elects itself, but not before its vote is durable. */
Test(raft_election, a_single_server_leads_once_its_vote_is_durable)
{
    for (int pre_vote = 0; pre_vote < 2; pre_vote++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        config.pre_vote = pre_vote == 1;
        config.check_quorum = pre_vote == 1;
        harness_start(&h, &config, 1);
        harness_timer(&h);
        cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 1);
        harness_written(&h);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        cr_assert_eq(harness_view(&h).commit_index, 1);
        cr_assert_eq(harness_view(&h).last_applied, 1);
        for (int i = 0; i < 20; i++) /* its quorum is never lost */
            harness_timer(&h);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        harness_free(&h);
    }
}

/* 5.2: a majority is n / 2 + 1 votes, its own among them, for n of 1 to 9. */
Test(raft_election, a_majority_wins_and_not_one_vote_less)
{
    for (uint32_t n = 1; n <= 9; n++) {
        struct harness h;
        start(&h, 1, n);
        harness_campaign(&h);
        struct raft_message yes = harness_vote_response(1, true);
        for (uint32_t votes = 1; votes < n / 2 + 1; votes++) {
            cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE,
                         "%u of %u votes", votes, n);
            harness_receive(&h, votes + 1, &yes);
        }
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER, "of %u", n);
        harness_free(&h);
    }
}

/* 5.2: what is no vote: a refusal, the same voter again, a response of another
 * term, a stranger. */
Test(raft_election, only_new_votes_of_this_term_by_members_count)
{
    struct harness h;
    start(&h, 1, 5);
    harness_campaign(&h);
    harness_campaign(&h);
    struct raft_message yes = harness_vote_response(2, true);
    struct raft_message no = harness_vote_response(2, false);
    struct raft_message late = harness_vote_response(1, true);
    harness_receive(&h, 2, &yes);
    harness_receive(&h, 2, &yes);
    harness_receive(&h, 2, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE, "one voter, thrice");
    harness_receive(&h, 3, &no);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE, "a refusal");
    harness_receive(&h, 4, &late);
    harness_receive(&h, 5, &late);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE, "an older term");
    struct raft_message pre = harness_pre_vote_response(2, true);
    harness_receive(&h, 5, &pre);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE, "a pre-vote");
    uint8_t bytes[64];
    size_t size = raft_message_encode(&yes, bytes);
    const raft_id strangers[] = {0, 6, 77, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                                   .now_us = h.now_us,
                                   .message = {strangers[i], bytes, size}};
        harness_step(&h, &input);
        cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE, "a stranger");
    }
    harness_receive(&h, 4, &yes);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_free(&h);
}

/* 5.2: "if the leader's term is at least as large as the candidate's current
 * term, the candidate recognises the leader"; a smaller one is refused. */
Test(raft_election, a_candidate_yields_to_a_leader_of_its_term)
{
    for (uint64_t term = 1; term <= 4; term++) {
        struct harness h;
        start(&h, 1, 3);
        for (int i = 0; i < 3; i++)
            harness_campaign(&h);
        struct raft_message heartbeat = harness_append(term, 0, 0, 0, NULL, 0);
        harness_receive(&h, 3, &heartbeat);
        struct raft_view v = harness_view(&h);
        struct raft_message m;
        cr_assert_not_null(
            harness_sent(&h, 3, RAFT_MESSAGE_APPEND_RESPONSE, &m));
        cr_assert_eq(m.append_response.success, term >= 3);
        cr_assert_eq(m.term, term > 3 ? term : 3);
        cr_assert_eq(v.role, term >= 3 ? RAFT_FOLLOWER : RAFT_CANDIDATE);
        cr_assert_eq(v.leader, term >= 3 ? 3 : RAFT_NONE);
        cr_assert_eq(v.hard_state.current_term, term > 3 ? term : 3);
        /* the vote of term 3 is not forgotten with the candidacy */
        cr_assert_eq(v.hard_state.voted_for, term > 3 ? RAFT_NONE : 1);
        harness_free(&h);
    }
}

/* --- voting (5.2, 5.4.1) -------------------------------------------------- */

/* Figure 2, RequestVote: one vote a term, first come first served; the same
 * candidate, whose answer may have been lost, gets it again. */
Test(raft_election, one_vote_a_term)
{
    struct harness h;
    start(&h, 1, 5);
    struct raft_message ask = harness_vote_request(3, 0, 0);
    harness_receive(&h, 2, &ask);
    cr_assert(answered_vote(&h, 2));
    cr_assert_eq(harness_view(&h).hard_state.voted_for, 2);
    const struct raft_output *write = harness_output(&h, RAFT_OUTPUT_WRITE);
    cr_assert_not_null(write);
    cr_assert(write->write.has_hard_state);
    harness_receive(&h, 3, &ask);
    cr_assert_not(answered_vote(&h, 3));
    harness_receive(&h, 2, &ask); /* again, and still not durable */
    cr_assert(answered_vote(&h, 2));
    harness_written(&h);
    harness_receive(&h, 2, &ask);
    cr_assert(answered_vote(&h, 2));
    harness_receive(&h, 4, &ask);
    cr_assert_not(answered_vote(&h, 4));
    cr_assert_eq(harness_view(&h).hard_state.voted_for, 2);
    ask = harness_vote_request(4, 0, 0);
    harness_receive(&h, 4, &ask);
    cr_assert(answered_vote(&h, 4)); /* a new term, a new vote */
    harness_free(&h);
}

/* 5.2: the vote outlives a crash: it is in the image. */
Test(raft_election, one_vote_a_term_across_a_crash)
{
    struct harness h;
    start(&h, 1, 3);
    struct raft_message ask = harness_vote_request(3, 0, 0);
    harness_receive(&h, 2, &ask);
    harness_written(&h);
    harness_crash(&h, 0);
    harness_boot(&h);
    harness_receive(&h, 3, &ask);
    cr_assert_not(answered_vote(&h, 3));
    harness_receive(&h, 2, &ask);
    cr_assert(answered_vote(&h, 2));
    harness_free(&h);
}

/* 5.4.1: at least as up-to-date: the later last term, then the longer log. The
 * voter's log ends in {4, 3}. */
Test(raft_election, the_vote_goes_only_to_a_log_as_up_to_date)
{
    static const struct {
        uint64_t last_term, last_index;
        bool granted;
    } cases[] = {
        {0, 0, false},  {1, 1, false}, {1, 3, false}, {3, 3, false},
        {3, 99, false}, {4, 2, false}, {4, 3, true},  {4, 4, true},
        {4, 99, true},  {5, 1, true},  {5, 3, true},  {5, 99, true},
        {1, 99, false}, {3, 4, false}, {4, 1, false}, {5, 2, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint64_t term = 5; term <= 6; term++) {
            struct harness h;
            start_with_log(&h, RAFT_NONE);
            struct raft_message ask = harness_vote_request(
                term, cases[i].last_term, cases[i].last_index);
            harness_receive(&h, 3, &ask);
            cr_assert_eq(answered_vote(&h, 3), cases[i].granted,
                         "case %zu, term %u", i, (unsigned)term);
            cr_assert_eq(harness_view(&h).hard_state.current_term, term);
            cr_assert_eq(harness_view(&h).hard_state.voted_for,
                         cases[i].granted ? 3 : RAFT_NONE);
            harness_free(&h);
        }
}

Test(raft_election, positions_compare_by_term_then_index)
{
    static const struct raft_position ordered[] = {
        {0, 0}, {1, 1}, {1, 2},          {2, 1},
        {2, 9}, {3, 3}, {UINT64_MAX, 1}, {UINT64_MAX, UINT64_MAX},
    };
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++) {
            int order = raft_position_compare(ordered[i], ordered[j]);
            cr_assert_eq(order < 0, i < j);
            cr_assert_eq(order == 0, i == j);
            cr_assert_eq(order > 0, i > j);
        }
}

/* --- priorities ----------------------------------------------------------- */

/* Who has servers of higher priority above it waits half of the least timeout
 * for each of them, four at most; those that cannot lead do not count. */
Test(raft_election, lower_priorities_wait_longer)
{
    static const struct {
        uint8_t flags[6], priorities[6]; /* of servers 1 to 6 */
        uint64_t higher;                 /* than server 1's */
    } cases[] = {
        {{1, 1, 1}, {0, 0, 0}, 0},
        {{1, 1, 1}, {2, 2, 1}, 0},
        {{1, 1, 1}, {1, 2, 0}, 1},
        {{1, 1, 1}, {1, 2, 9}, 2},
        {{1, 1, 1, 1, 1, 1}, {0, 1, 2, 3, 4, 5}, 4},
        {{1, 1 | RAFT_MEMBER_WITNESS, RAFT_MEMBER_LEARNER}, {0, 1, 1}, 0},
        {{1, RAFT_MEMBER_OLD_VOTER, 1}, {0, 1, 1}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raft_member members[6];
        uint32_t n = 0;
        uint64_t least = UINT64_MAX, most = 0;
        for (; n < 6 && cases[i].flags[n] != 0; n++)
            members[n] =
                (struct raft_member){.id = n + 1,
                                     .flags = cases[i].flags[n],
                                     .priority = cases[i].priorities[n]};
        for (uint64_t seed = 0; seed < 200; seed++) {
            struct harness h;
            struct raft_config config = harness_config(1);
            config.random_seed = seed;
            harness_init(&h, &config, 0);
            harness_bootstrap(&h, members, n);
            harness_boot(&h);
            least = h.deadline_us < least ? h.deadline_us : least;
            most = h.deadline_us > most ? h.deadline_us : most;
            harness_free(&h);
        }
        uint64_t delay_us = cases[i].higher * 75000;
        cr_assert_geq(least, 150000 + delay_us, "case %zu", i);
        cr_assert_leq(least, 165000 + delay_us, "case %zu", i);
        cr_assert_leq(most, 300000 + delay_us, "case %zu", i);
        cr_assert_geq(most, 285000 + delay_us, "case %zu", i);
    }
}

/* --- terms (5.1) ---------------------------------------------------------- */

static struct raft_message any_message(enum raft_message_kind kind,
                                       uint64_t term)
{
    static const uint8_t bytes[8] = {0};
    switch (kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        return harness_pre_vote_request(term, 0, 0);
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
        return harness_pre_vote_response(term, false);
    case RAFT_MESSAGE_VOTE_REQUEST:
        return harness_vote_request(term, 0, 0);
    case RAFT_MESSAGE_VOTE_RESPONSE:
        return harness_vote_response(term, false);
    case RAFT_MESSAGE_APPEND_REQUEST:
        return harness_append(term, 0, 0, 0, NULL, 0);
    case RAFT_MESSAGE_APPEND_RESPONSE:
        return harness_append_failure(term, 0, 0, 0);
    case RAFT_MESSAGE_INSTALL_REQUEST:
        return harness_install(term, (struct raft_position){1, 1}, bytes, 8, 0,
                               1);
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        return harness_installed(term, 0);
    case RAFT_MESSAGE_TIMEOUT_NOW:
        return harness_timeout_now(term);
    case RAFT_MESSAGE_READ_REQUEST:
        return harness_read_request(term, 1, false);
    case RAFT_MESSAGE_READ_RESPONSE:
        return harness_read_response(term, 1, false, 0);
    }
    abort();
}

/* 5.1: "if one server's current term is smaller than the other's, it updates
 * its current term to the larger value", and a candidate or leader becomes a
 * follower. A pre-vote request alone does not count: its term is a wish. */
Test(raft_election, a_higher_term_makes_a_follower)
{
    for (int role = 0; role < 3; role++)
        for (unsigned kind = 1; kind <= RAFT_MESSAGE_READ_RESPONSE; kind++) {
            struct harness h;
            bool adopts = kind != RAFT_MESSAGE_PRE_VOTE_REQUEST;
            start(&h, 1, 3);
            if (role == 1)
                harness_campaign(&h);
            if (role == 2)
                harness_elect(&h);
            struct raft_message m =
                any_message((enum raft_message_kind)kind, 9);
            enum raft_role was = harness_view(&h).role;
            uint64_t term = harness_view(&h).hard_state.current_term;
            harness_receive(&h, 3, &m);
            struct raft_view v = harness_view(&h);
            cr_assert_eq(v.hard_state.current_term, adopts ? 9 : term,
                         "role %d kind %u", role, kind);
            cr_assert_eq(v.role, adopts ? RAFT_FOLLOWER : was);
            if (kind == RAFT_MESSAGE_VOTE_REQUEST) /* an empty log suffices, */
                cr_assert_eq(v.hard_state.voted_for,
                             role == 2 ? RAFT_NONE : 3); /* but for a no-op */
            else if (adopts)
                cr_assert_eq(v.hard_state.voted_for, RAFT_NONE);
            cr_assert_eq(v.leader == 3,
                         kind == RAFT_MESSAGE_APPEND_REQUEST ||
                             kind == RAFT_MESSAGE_INSTALL_REQUEST);
            harness_free(&h);
        }
}

/* 5.1: "if a server receives a request with a stale term number, it rejects the
 * request"; Figure 2: the answer carries the current term. */
Test(raft_election, stale_requests_are_answered_with_the_own_term)
{
    for (int role = 0; role < 3; role++) {
        struct harness h;
        static const uint64_t terms[] = {1, 1, 4};
        struct raft_config config = harness_config(1);
        harness_init(&h, &config, 3);
        harness_preload(&h, 5, RAFT_NONE, terms, 3);
        harness_boot(&h);
        if (role == 1)
            harness_campaign(&h);
        if (role == 2)
            harness_elect(&h);
        harness_written(&h);
        struct raft_view before = harness_view(&h);
        uint64_t deadline_us = h.deadline_us;
        struct raft_message ask = harness_vote_request(4, 4, 99);
        struct raft_message append = harness_append(4, 4, 3, 3, NULL, 0);
        struct raft_message m;
        harness_receive(&h, 2, &ask);
        cr_assert_not_null(harness_sent(&h, 2, RAFT_MESSAGE_VOTE_RESPONSE, &m));
        cr_assert_not(m.vote_response.granted);
        cr_assert_eq(m.term, before.hard_state.current_term);
        harness_receive(&h, 2, &append);
        cr_assert_not_null(
            harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &m));
        cr_assert_not(m.append_response.success);
        cr_assert_eq(m.term, before.hard_state.current_term);
        struct raft_view after = harness_view(&h);
        cr_assert_eq(after.role, before.role);
        cr_assert_eq(after.leader, before.leader);
        cr_assert_eq(after.commit_index, 0);
        cr_assert_eq(after.hard_state.current_term,
                     before.hard_state.current_term);
        cr_assert_eq(after.hard_state.voted_for, before.hard_state.voted_for);
        cr_assert_eq(h.deadline_us, deadline_us); /* no leader was heard */
        harness_free(&h);
    }
}

/* --- the new leader (5.2) ------------------------------------------------- */

/* 5.2: having won, it sends to all others at once to prevent new elections;
 * dissertation, 6.4: its first entry is a no-op, which travels at once. */
Test(raft_election, a_new_leader_announces_itself_with_a_no_op)
{
    struct harness h;
    static const uint64_t terms[] = {1, 1, 4};
    struct raft_config config = harness_config(1);
    harness_init(&h, &config, 5);
    harness_preload(&h, 5, RAFT_NONE, terms, 3);
    harness_boot(&h);
    harness_elect(&h);
    struct raft_view v = harness_view(&h);
    cr_assert_eq(v.leader, 1);
    cr_assert_eq(v.last.term, 6);
    cr_assert_eq(v.last.index, 4);
    cr_assert_eq(raft_entry_at(h.raft, 4)->kind, RAFT_ENTRY_NOOP);
    cr_assert_eq(raft_entry_at(h.raft, 4)->size, 0);
    for (raft_id to = 2; to <= 5; to++) {
        struct raft_message m;
        cr_assert_eq(harness_sent_count(&h, to, RAFT_MESSAGE_APPEND_REQUEST),
                     1);
        harness_sent(&h, to, RAFT_MESSAGE_APPEND_REQUEST, &m);
        cr_assert_eq(m.append_request.prev.index, 3);
        cr_assert_eq(m.append_request.prev.term, 4);
        cr_assert_eq(m.append_request.n_entries, 1);
    }
    harness_free(&h);
}

/* 5.2: heartbeats go to every follower in every interval, for ever. */
Test(raft_election, a_leader_sends_heartbeats)
{
    struct harness h;
    start(&h, 1, 4);
    harness_elect(&h);
    harness_written(&h);
    for (int i = 0; i < 30; i++) {
        cr_assert_leq(h.deadline_us - h.now_us, 50000);
        harness_timer(&h);
        for (raft_id to = 2; to <= 4; to++)
            cr_assert_geq(
                harness_sent_count(&h, to, RAFT_MESSAGE_APPEND_REQUEST), 1);
        cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 1);
    }
    harness_free(&h);
}

/* 5.2: late votes of the term that was won, or of an older one, change nothing;
 * neither does a refusal. */
Test(raft_election, a_leader_ignores_late_votes)
{
    struct harness h;
    start(&h, 1, 5);
    harness_campaign(&h);
    harness_elect(&h);
    harness_written(&h);
    for (uint64_t term = 1; term <= 2; term++)
        for (int granted = 0; granted < 2; granted++) {
            struct raft_message late =
                harness_vote_response(term, granted == 1);
            harness_receive(&h, 4, &late);
            cr_assert_eq(h.n_items, 0);
            cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
            cr_assert_eq(harness_view(&h).last.index, 1);
        }
    harness_free(&h);
}

/* 5.1, Figure 2: a follower that is ahead answers AppendEntries with its term,
 * and the answer deposes the old leader. With all combinations of pre-vote and
 * check-quorum: without it a returning server could be shut out for ever. */
Test(raft_election, an_old_leader_learns_of_the_new_term_by_its_heartbeat)
{
    for (int flags = 0; flags < 4; flags++) {
        struct harness leader, ahead;
        struct raft_config config = harness_config(1);
        config.pre_vote = (flags & 1) != 0;
        config.check_quorum = (flags & 2) != 0;
        harness_start(&leader, &config, 3);
        harness_elect(&leader);
        harness_written(&leader);
        harness_clear_outbox(&leader);
        config.id = 2;
        harness_init(&ahead, &config, 3);
        harness_preload(&ahead, 7, RAFT_NONE, NULL, 0);
        harness_boot(&ahead);
        struct harness *both[] = {&leader, &ahead};
        harness_timer(&leader);
        harness_exchange(both, 2);
        cr_assert_eq(harness_view(&leader).role, RAFT_FOLLOWER);
        cr_assert_eq(harness_view(&leader).hard_state.current_term, 7);
        cr_assert_eq(harness_view(&ahead).hard_state.current_term, 7);
        harness_free(&leader);
        harness_free(&ahead);
    }
}
