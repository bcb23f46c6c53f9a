/* Leases for reads, at the leader: dissertation, 6.4.1. For a time after a
 * majority was heard nobody else can be elected, and reads need not ask. What
 * the voters owe for it is in test_raft_promise.c. The harness holds every step
 * to the contract of raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MIN_US ((uint64_t)150000)

static const uint64_t log_terms[] = {1, 1, 4};

static struct raft_config configure(raft_id id, uint32_t drift_ppm)
{
    struct raft_config config = harness_config(id);
    config.check_quorum = true;
    config.lease_reads = true;
    config.clock_drift_ppm = drift_ppm;
    return config;
}

/* Server 1 of `n` leads term 6; its no-op is entry 4, durable, and on its way
 * to all others since now. */
static void start_leader(struct harness *h, const struct raft_config *config,
                         uint32_t n)
{
    harness_init(h, config, n);
    harness_preload(h, 5, RAFT_NONE, log_terms, 3);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
}

static void answer(struct harness *h, raft_id from, uint64_t match,
                   uint64_t sequence)
{
    struct raft_message m =
        harness_append_success(harness_view(h).hard_state.current_term, match);
    m.append_response.sequence = sequence;
    harness_receive(h, from, &m);
}

static uint64_t asked(const struct harness *h, raft_id to)
{
    struct raft_message m;
    cr_assert_not_null(harness_sent(h, to, RAFT_MESSAGE_APPEND_REQUEST, &m));
    return m.append_request.sequence;
}

/* Whether a read that may use the lease is answered in the same step; then
 * nobody is asked. */
static bool holds(struct harness *h, uint64_t tag)
{
    harness_read(h, tag, true);
    bool ready = harness_count(h, RAFT_OUTPUT_READY) == 1;
    if (ready) {
        cr_assert_eq(harness_output(h, RAFT_OUTPUT_READY)->ready.tag, tag);
        cr_assert_eq(harness_count(h, RAFT_OUTPUT_SEND), 0);
    }
    return ready;
}

/* From the sending of what was answered, not from the answer: a follower that
 * ran fast since it heard must still be bound when this clock, running slow,
 * says that the lease is over. That is T (1 - d) / (1 + d) on this clock. */
Test(raft_lease, how_long_it_holds)
{
    static const struct {
        uint64_t timeout_us;
        uint32_t drift_ppm;
        uint64_t lease_us;
    } cases[] = {
        {150000, 0, 150000},
        {150000, 1, 149999},
        {150000, 100, 149970},
        {150000, 1000, 149700},
        {150000, 50000, 135714},
        {150000, 200000, 100000},
        {150000, 500000, 50000},
        {1000000, 999999, 0},
        {1999999, 999999, 1},
        {10, 100000, 8},
        {7, 0, 7},
        {11, 100000, 9},
        {UINT64_C(150000000000000000), 500000, UINT64_C(50000000000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint64_t delay_us = 0; delay_us < 4; delay_us += 3) {
            struct raft_config config = configure(1, cases[i].drift_ppm);
            struct harness h;
            config.election_timeout_min_us = cases[i].timeout_us;
            config.election_timeout_max_us = cases[i].timeout_us;
            config.heartbeat_interval_us = cases[i].timeout_us / 3;
            start_leader(&h, &config, 3);
            uint64_t sent_us = h.now_us;
            uint64_t lease_us = cases[i].lease_us;
            h.now_us += delay_us;
            answer(&h, 3, 4, 0);
            cr_assert_eq(harness_view(&h).commit_index, 4);
            if (lease_us > delay_us) {
                cr_assert(holds(&h, 1), "%zu", i);
                h.now_us = sent_us + lease_us - 1;
                cr_assert(holds(&h, 2), "%zu", i);
            }
            if (sent_us + lease_us > h.now_us)
                h.now_us = sent_us + lease_us;
            cr_assert_not(holds(&h, 3), "%zu", i);
            cr_assert_eq(asked(&h, 2), asked(&h, 3));
            harness_free(&h);
        }
}

/* When it is over the read asks, as if there were no lease; the answers begin
 * another one. */
Test(raft_lease, falls_back_to_asking)
{
    struct raft_config config = configure(1, 0);
    struct harness h;
    start_leader(&h, &config, 3);
    answer(&h, 3, 4, 0);
    h.now_us += MIN_US;
    cr_assert_not(holds(&h, 1));
    uint64_t sent_us = h.now_us;
    uint64_t sequence = asked(&h, 3);
    h.now_us += 1000;
    answer(&h, 3, 4, sequence);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 1);
    cr_assert(holds(&h, 2));
    h.now_us = sent_us + MIN_US - 1;
    cr_assert(holds(&h, 3));
    h.now_us++;
    cr_assert_not(holds(&h, 4));
    harness_free(&h);
}

/* Only for reads that want it, and only where leases are in use. */
Test(raft_lease, only_where_it_is_wanted)
{
    for (int lease_reads = 0; lease_reads < 2; lease_reads++)
        for (int wanted = 0; wanted < 2; wanted++) {
            struct raft_config config = configure(1, 0);
            struct harness h;
            config.lease_reads = lease_reads == 1;
            start_leader(&h, &config, 3);
            answer(&h, 3, 4, 0);
            harness_read(&h, 1, wanted == 1);
            cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY),
                         lease_reads && wanted);
            cr_assert_eq(harness_sent_count(&h, 2, RAFT_MESSAGE_APPEND_REQUEST),
                         !(lease_reads && wanted));
            harness_free(&h);
        }
}

/* A leader whom nobody leaves when it is deaf could serve reads for ever. */
Test(raft_lease, needs_check_quorum)
{
    struct raft_config config = configure(1, 0);
    cr_assert_null(raft_config_error(&config));
    config.check_quorum = false;
    cr_assert_not_null(raft_config_error(&config));
    config = configure(1, 999999);
    cr_assert_null(raft_config_error(&config));
    config = configure(1, 1000000);
    cr_assert_not_null(raft_config_error(&config));
}

/* 6.4: not before an entry of the own term is committed, though a majority was
 * heard just now. */
Test(raft_lease, waits_for_an_entry_of_the_term)
{
    struct raft_config config = configure(1, 0);
    struct harness h;
    start_leader(&h, &config, 3);
    answer(&h, 2, 3, 0);
    answer(&h, 3, 3, 0);
    cr_assert_not(holds(&h, 1));
    answer(&h, 3, 4, 0);
    cr_assert_geq(harness_count(&h, RAFT_OUTPUT_READY), 1);
    cr_assert(holds(&h, 2));
    harness_free(&h);
}

/* Of five, two must have answered besides the leader, and the older of the
 * messages that they answered counts. */
Test(raft_lease, a_majority_must_have_answered)
{
    struct raft_config config = configure(1, 0);
    struct harness h;
    start_leader(&h, &config, 5);
    uint64_t first_us = h.now_us;
    answer(&h, 2, 4, 0);
    cr_assert_not(holds(&h, 1)); /* it does ask */
    answer(&h, 3, 4, 0);
    cr_assert_eq(harness_view(&h).commit_index, 4);
    cr_assert(holds(&h, 2));
    answer(&h, 2, 4, 0);
    harness_timer(&h);
    uint64_t second_us = h.now_us;
    cr_assert_gt(second_us, first_us);
    answer(&h, 3, 4, 0);
    answer(&h, 3, 4, 0);
    h.now_us = first_us + MIN_US;
    cr_assert_not(holds(&h, 3));
    answer(&h, 2, 4, 0);
    cr_assert(holds(&h, 4));
    h.now_us = second_us + MIN_US;
    cr_assert_not(holds(&h, 5));
    harness_free(&h);
}

/* An answer to an older message, though it comes late, is no answer to what was
 * sent since. */
Test(raft_lease, a_late_answer_does_not_prolong_it)
{
    struct raft_config config = configure(1, 0);
    struct harness h;
    start_leader(&h, &config, 3);
    uint64_t first_us = h.now_us, first = h.sent[0].sequence;
    answer(&h, 3, 4, first);
    harness_timer(&h);
    uint64_t early = asked(&h, 3), early_us = h.now_us;
    answer(&h, 3, 4, first); /* doubled on the way */
    harness_timer(&h);
    harness_timer(&h);
    cr_assert_eq(h.now_us, first_us + MIN_US);
    cr_assert_not(holds(&h, 9));
    answer(&h, 3, 4, early);
    cr_assert(holds(&h, 1));
    h.now_us = early_us + MIN_US - 1;
    answer(&h, 3, 4, early);
    cr_assert(holds(&h, 2));
    h.now_us++;
    answer(&h, 3, 4, early);
    cr_assert_not(holds(&h, 3));
    harness_free(&h);
}

/* Answers of an older term, of strangers and of learners are no voter's. */
Test(raft_lease, only_voters_of_this_term_give_it)
{
    static const struct raft_member members[] = {{1, RAFT_MEMBER_VOTER, 0},
                                                 {2, RAFT_MEMBER_VOTER, 0},
                                                 {3, RAFT_MEMBER_VOTER, 0},
                                                 {4, RAFT_MEMBER_LEARNER, 0}};
    struct raft_config config = configure(1, 0);
    struct harness h;
    harness_init(&h, &config, 0);
    harness_bootstrap(&h, members, 4);
    harness_boot(&h);
    harness_elect(&h);
    harness_written(&h);
    answer(&h, 2, 1, 0);
    answer(&h, 3, 1, 0);
    h.now_us += MIN_US;
    harness_read(&h, 1, false);
    uint64_t sequence = asked(&h, 2);
    answer(&h, 4, 1, sequence);
    answer(&h, 5, 1, sequence);
    struct raft_message old = harness_append_success(0, 0);
    old.append_response.sequence = sequence;
    harness_receive(&h, 3, &old);
    cr_assert_not(holds(&h, 2));
    answer(&h, 3, 1, sequence);
    cr_assert(holds(&h, 3));
    harness_free(&h);
}

/* The first leader of another term has to begin anew. */
Test(raft_lease, ends_with_the_leadership)
{
    struct raft_config config = configure(1, 0);
    struct harness h;
    start_leader(&h, &config, 3);
    answer(&h, 3, 4, 0);
    cr_assert(holds(&h, 1));
    struct raft_message no = harness_append_failure(7, 4, 0, 4);
    harness_receive(&h, 2, &no);
    harness_read(&h, 2, true);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    harness_elect(&h);
    harness_written(&h);
    cr_assert_not(holds(&h, 3));
    answer(&h, 2, 5, 0);
    cr_assert(holds(&h, 4));
    harness_free(&h);
}

/* Who was told to campaign at once gets votes in spite of the lease (3.10), and
 * the message may be under way for long: there is none in that term any more.
 */
Test(raft_lease, void_after_timeout_now)
{
    struct raft_config config = configure(1, 0);
    struct raft_message m;
    struct harness h;
    start_leader(&h, &config, 3);
    answer(&h, 2, 4, 0);
    answer(&h, 3, 4, 0);
    cr_assert(holds(&h, 1));
    harness_transfer(&h, 2, 3);
    cr_assert_not_null(harness_sent(&h, 3, RAFT_MESSAGE_TIMEOUT_NOW, &m));
    for (uint64_t tag = 10; tag < 40; tag++) {
        cr_assert_not(holds(&h, tag), "%u", (unsigned)tag);
        harness_timer(&h);
        answer(&h, 2, 4, 0);
        answer(&h, 3, 4, 0);
    }
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    cr_assert_eq(harness_view(&h).transfer_to, RAFT_NONE);
    struct raft_message no = harness_append_failure(7, 4, 0, 4);
    harness_receive(&h, 2, &no);
    harness_elect(&h);
    harness_written(&h);
    answer(&h, 2, 5, 0);
    cr_assert(holds(&h, 50)); /* another term */
    harness_free(&h);
}

/* A follower's read may use the leader's lease. */
Test(raft_lease, serves_followers)
{
    for (int wanted = 0; wanted < 2; wanted++) {
        struct raft_config config = configure(1, 0);
        struct raft_message m, ask = harness_read_request(6, 9, wanted == 1);
        struct harness h;
        start_leader(&h, &config, 3);
        answer(&h, 3, 4, 0);
        harness_receive(&h, 2, &ask);
        bool answered =
            harness_sent(&h, 2, RAFT_MESSAGE_READ_RESPONSE, &m) != NULL;
        cr_assert_eq(answered, wanted == 1);
        if (answered) {
            cr_assert(m.read_response.granted);
            cr_assert_eq(m.read_response.index, 4);
            cr_assert_eq(m.read_response.id, 9);
        }
        h.now_us += MIN_US;
        ask.read_request.id = 10;
        harness_receive(&h, 2, &ask);
        cr_assert_null(harness_sent(&h, 2, RAFT_MESSAGE_READ_RESPONSE, &m));
        harness_free(&h);
    }
}

/* A cluster of one needs nobody's promise. */
Test(raft_lease, a_single_server_always_has_it)
{
    struct raft_config config = configure(1, 500000);
    struct harness h;
    harness_start(&h, &config, 1);
    harness_timer(&h);
    harness_written(&h);
    for (uint64_t tag = 0; tag < 10; tag++) {
        cr_assert(holds(&h, tag));
        h.now_us += 10 * MIN_US;
    }
    harness_free(&h);
}
