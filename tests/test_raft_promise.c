/* What leases take at the voters: dissertation, 6.4.1 with 4.2.3 and 3.10. Who
 * heard a leader gives nobody else a vote for the least election timeout,
 * whatever happens meanwhile; and what it is good for, with clocks that run
 * apart. The harness holds every step to the contract of raft/raft.h besides.
 */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MIN_US ((uint64_t)150000)
#define MAX_US ((uint64_t)300000)

static const uint64_t log_terms[] = {1, 1, 4};

static struct raft_config configure(raft_id id, bool lease_reads)
{
    struct raft_config config = harness_config(id);
    config.check_quorum = true;
    config.pre_vote = true;
    config.lease_reads = lease_reads;
    return config;
}

static const uint64_t start_us = 40 * MIN_US;

/* Server 1 of 3 in term 5, with a log that ends in {4, 3}; it was started so
 * long ago that nothing follows from that. */
static void start(struct harness *h, bool lease_reads)
{
    struct raft_config config = configure(1, lease_reads);
    harness_init(h, &config, 3);
    harness_preload(h, 5, RAFT_NONE, log_terms, 3);
    harness_boot(h);
    h->now_us = start_us;
}

static void hear(struct harness *h, raft_id leader, uint64_t term)
{
    struct raft_message beat = harness_append(term, 4, 3, 3, NULL, 0);
    harness_receive(h, leader, &beat);
    harness_written(h);
}

/* Whether server 3 gets a vote in this term, asking now. */
static bool votes(struct harness *h, uint64_t term, bool transfer)
{
    struct raft_message m, ask = harness_vote_request(term, 4, 3);
    ask.vote_request.transfer = transfer;
    harness_receive(h, 3, &ask);
    return harness_sent(h, 3, RAFT_MESSAGE_VOTE_RESPONSE, &m) != NULL &&
           m.vote_response.granted;
}

static bool pre_votes(struct harness *h, uint64_t term)
{
    struct raft_message m, ask = harness_pre_vote_request(term, 4, 3);
    harness_receive(h, 3, &ask);
    return harness_sent(h, 3, RAFT_MESSAGE_PRE_VOTE_RESPONSE, &m) != NULL &&
           m.vote_response.granted;
}

static uint64_t term_of(const struct harness *h)
{
    return harness_view(h).hard_state.current_term;
}

/* For exactly that long after the last word of a leader: no vote, no pre-vote,
 * and no other term. */
Test(raft_promise, kept_for_the_least_timeout)
{
    static const uint64_t after_us[] = {0, 1, MIN_US / 2, MIN_US - 1};
    for (size_t i = 0; i < 4; i++) {
        struct harness h;
        start(&h, true);
        hear(&h, 2, 5);
        h.now_us += MIN_US - 1;
        hear(&h, 2, 5); /* renews it */
        uint64_t heard_us = h.now_us;
        h.now_us += after_us[i];
        cr_assert_not(pre_votes(&h, 6));
        cr_assert_not(votes(&h, 6, false));
        cr_assert_not(votes(&h, 99, false));
        cr_assert_eq(term_of(&h), 5);
        h.now_us = heard_us + MIN_US;
        cr_assert(pre_votes(&h, 6));
        cr_assert(votes(&h, 6, false));
        harness_free(&h);
    }
}

/* It was given to the leader of a term that is over; who may lead since then
 * does not count. A mere check-quorum voter is free again. */
Test(raft_promise, outlives_the_term)
{
    for (int lease_reads = 0; lease_reads < 2; lease_reads++)
        for (int way = 0; way < 3; way++) {
            struct raft_message later[] = {
                harness_vote_response(7, false),
                harness_append_failure(7, 1, 0, 1),
                harness_pre_vote_response(7, false),
            };
            struct harness h;
            start(&h, lease_reads == 1);
            hear(&h, 2, 5);
            uint64_t heard_us = h.now_us;
            h.now_us += 10;
            harness_receive(&h, 3, &later[way]);
            cr_assert_eq(term_of(&h), 7);
            cr_assert_eq(harness_view(&h).leader, RAFT_NONE);
            h.now_us = heard_us + MIN_US - 1;
            if (lease_reads) {
                cr_assert_not(pre_votes(&h, 8));
                cr_assert_not(votes(&h, 7, false));
                cr_assert_not(votes(&h, 8, false));
                cr_assert_eq(term_of(&h), 7);
                cr_assert_eq(harness_view(&h).hard_state.voted_for, RAFT_NONE);
                h.now_us++;
            }
            cr_assert(pre_votes(&h, 8));
            cr_assert(votes(&h, 7, false));
            harness_free(&h);
        }
}

/* A snapshot's chunk is a leader's word like any other. */
Test(raft_promise, given_to_who_sends_a_snapshot)
{
    struct raft_message chunk = {
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .term = 5,
        .install_request = {.position = {5, 9}, .sequence = 1, .total = 99}};
    struct harness h;
    start(&h, true);
    h.forged = true;
    harness_receive(&h, 2, &chunk);
    h.now_us += MIN_US - 1;
    cr_assert_not(pre_votes(&h, 6));
    cr_assert_not(votes(&h, 6, false));
    h.now_us++;
    cr_assert(votes(&h, 6, false));
    harness_free(&h);
}

/* A refusal, of entries that do not fit, prolongs the lease as well: so it is a
 * promise too. A message of an older term is neither. */
Test(raft_promise, what_is_answered_is_promised)
{
    for (int old = 0; old < 2; old++) {
        struct raft_message beat =
            harness_append(old ? 4 : 5, 4, 77, 0, NULL, 0);
        struct raft_message m;
        struct harness h;
        start(&h, true);
        harness_receive(&h, 2, &beat);
        cr_assert_not_null(
            harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &m));
        cr_assert_not(m.append_response.success);
        cr_assert_eq(pre_votes(&h, 6), old);
        cr_assert_eq(votes(&h, 6, false), old);
        harness_free(&h);
    }
}

/* It may have been given right before a crash. */
Test(raft_promise, outlives_a_restart)
{
    for (int lease_reads = 0; lease_reads < 2; lease_reads++) {
        struct harness h;
        start(&h, lease_reads == 1);
        hear(&h, 2, 5);
        harness_crash(&h, UINT64_MAX);
        h.now_us += 1000000;
        harness_boot(&h);
        uint64_t boot_us = h.now_us;
        if (lease_reads) {
            cr_assert_not(pre_votes(&h, 6));
            cr_assert_not(votes(&h, 5, false));
            h.now_us = boot_us + MIN_US - 1;
            cr_assert_not(pre_votes(&h, 6));
            cr_assert_not(votes(&h, 6, false));
            cr_assert_eq(term_of(&h), 5);
            h.now_us++;
        }
        cr_assert(pre_votes(&h, 6));
        cr_assert(votes(&h, 6, false));
        harness_free(&h);
    }
}

/* A server that never was in any term has promised nothing: a new cluster
 * elects its first leader at once. */
Test(raft_promise, does_not_delay_a_new_cluster)
{
    for (int kind = 0; kind < 2; kind++) {
        struct raft_config config = configure(1, true);
        struct raft_message m, vote = harness_vote_request(1, 0, 0);
        struct raft_message pre_vote = harness_pre_vote_request(1, 0, 0);
        struct harness h;
        harness_start(&h, &config, 3);
        harness_receive(&h, 3, kind ? &vote : &pre_vote);
        cr_assert_not_null(harness_sent(&h, 3,
                                        kind ? RAFT_MESSAGE_VOTE_RESPONSE
                                             : RAFT_MESSAGE_PRE_VOTE_RESPONSE,
                                        &m));
        cr_assert(m.vote_response.granted);
        harness_free(&h);
    }
}

/* 3.10: the leader itself wants it, and has no lease any more. */
Test(raft_promise, does_not_bind_against_a_transfer)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        struct harness h;
        start(&h, true);
        hear(&h, 2, 5);
        if (restarted) {
            harness_crash(&h, UINT64_MAX);
            harness_boot(&h);
        }
        cr_assert_not(votes(&h, 6, false));
        cr_assert(votes(&h, 6, true));
        cr_assert_eq(term_of(&h), 6);
        harness_free(&h);
    }
}

/* It votes for itself no earlier than for others. */
Test(raft_promise, binds_the_own_campaign)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct raft_message later = harness_vote_response(7, false);
        struct harness h;
        start(&h, true);
        harness_crash(&h, 0);
        h.config.random_seed = seed;
        harness_boot(&h);
        cr_assert_geq(h.deadline_us, h.now_us + MIN_US);
        h.now_us = h.deadline_us - 1;
        hear(&h, 2, 5);
        uint64_t heard_us = h.now_us;
        h.now_us += 1;
        harness_receive(&h, 3, &later);
        while (harness_view(&h).role == RAFT_FOLLOWER)
            harness_timer(&h);
        cr_assert_geq(h.now_us, heard_us + MIN_US);
        cr_assert_leq(h.now_us, heard_us + MAX_US + 1);
        harness_free(&h);
    }
}

/* --- what it is good for -------------------------------------------------- */

enum { N = 3, STEP_US = 1000, MAX_LETTERS = 512 };

struct letter {
    uint64_t due_us;
    raft_id from;
    struct harness_letter letter;
};

/* Three servers, each with a clock of its own rate, and a network that falls
 * apart for a while now and then. */
struct world {
    uint64_t random, now_us;
    struct harness nodes[N];
    int64_t drift_ppm[N];
    raft_id cut_off; /* alone on its side, or RAFT_NONE */
    struct letter letters[MAX_LETTERS];
    size_t n_letters;
    uint64_t n_reads, n_stale, tag;
};

static uint64_t draw(struct world *w, uint64_t below)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (w->random * UINT64_C(2685821657736338717) >> 11) % below;
}

static void send_all(struct world *w, raft_id from)
{
    struct letter out = {.from = from};
    harness_written(&w->nodes[from - 1]);
    while (harness_take(&w->nodes[from - 1], &out.letter)) {
        out.due_us = w->now_us + draw(w, 5000);
        if (w->n_letters < MAX_LETTERS && draw(w, 20) > 0)
            w->letters[w->n_letters++] = out;
        else
            free(out.letter.bytes);
    }
}

static void deliver(struct world *w)
{
    for (size_t i = 0; i < w->n_letters;) {
        struct letter in = w->letters[i];
        if (in.due_us > w->now_us) {
            i++;
            continue;
        }
        w->letters[i] = w->letters[--w->n_letters];
        struct harness *to = &w->nodes[in.letter.to - 1];
        struct raft_input input = {
            .kind = RAFT_INPUT_MESSAGE,
            .now_us = to->now_us,
            .message = {in.from, in.letter.bytes, in.letter.size}};
        if (in.from != w->cut_off && in.letter.to != w->cut_off)
            cr_assert_eq(harness_step(to, &input), RAFT_OK);
        send_all(w, in.letter.to);
        free(in.letter.bytes);
    }
}

/* Everybody who believes to lead is read: an answer by lease that misses what
 * was committed before the read came is stale. */
static void read_leaders(struct world *w)
{
    uint64_t committed = 0;
    for (size_t i = 0; i < N; i++) {
        uint64_t commit = harness_view(&w->nodes[i]).commit_index;
        committed = commit > committed ? commit : committed;
    }
    for (size_t i = 0; i < N; i++) {
        struct harness *h = &w->nodes[i];
        if (harness_view(h).role != RAFT_LEADER ||
            h->n_reads >= h->config.max_pending_reads)
            continue;
        harness_read(h, ++w->tag, true);
        const struct raft_output *ready = harness_output(h, RAFT_OUTPUT_READY);
        if (ready != NULL && ready->ready.tag == w->tag) {
            w->n_reads++;
            w->n_stale += ready->ready.index < committed;
        }
        send_all(w, i + 1);
    }
}

static void run(struct world *w, uint64_t seed, uint32_t bound_ppm,
                int64_t rate_ppm)
{
    *w = (struct world){.random = seed * 7919 + 1};
    for (size_t i = 0; i < N; i++) {
        struct raft_config config = configure(i + 1, true);
        config.clock_drift_ppm = bound_ppm;
        config.random_seed = seed * N + i;
        config.election_timeout_max_us = MIN_US + 20000;
        harness_start(&w->nodes[i], &config, N);
        w->drift_ppm[i] = draw(w, 2) == 0 ? rate_ppm : -rate_ppm;
    }
    for (w->now_us = 0; w->now_us < 4000000; w->now_us += STEP_US) {
        if (draw(w, 200) == 0)
            w->cut_off = draw(w, 2) == 0 ? RAFT_NONE : 1 + draw(w, N);
        for (size_t i = 0; i < N; i++) {
            struct harness *h = &w->nodes[i];
            h->now_us =
                w->now_us / 1000000 * (uint64_t)(1000000 + w->drift_ppm[i]) +
                w->now_us % 1000000 * (uint64_t)(1000000 + w->drift_ppm[i]) /
                    1000000;
            if (h->deadline_us <= h->now_us)
                harness_timer(h);
            if (draw(w, 20) == 0)
                harness_propose(h, 1, "x");
            send_all(w, i + 1);
        }
        deliver(w);
        read_leaders(w);
    }
    for (size_t i = 0; i < w->n_letters; i++)
        free(w->letters[i].letter.bytes);
    for (size_t i = 0; i < N; i++)
        harness_free(&w->nodes[i]);
}

/* Clocks that run up to 40% fast or slow give no stale read where that is the
 * bound that was stated, and do where none was: so the runs are worth watching.
 */
Test(raft_promise, no_read_is_stale_within_the_bound)
{
    static struct world w;
    uint64_t n_reads = 0, n_stale = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        run(&w, seed, 400000, 400000);
        cr_assert_eq(w.n_stale, 0, "seed %u", (unsigned)seed);
        n_reads += w.n_reads;
        run(&w, seed, 0, 400000);
        n_stale += w.n_stale;
    }
    cr_assert_gt(n_reads, 1000);
    cr_assert_gt(n_stale, 0);
}
