/* Reads that bypass the log, rule by rule: dissertation, 6.4 (leases have a
 * suite of their own). The harness holds every step to the contract of
 * raft/raft.h besides: each read is answered once at most, and never with less
 * than what its leader knew to be committed when it came. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* --- at the leader -------------------------------------------------------- */

/* Server 1 of `n` leads term 6; its no-op is entry 4 and durable. */
static void start_leader(struct harness *h, const struct raft_config *config,
                         uint32_t n)
{
    static const uint64_t terms[] = {1, 1, 4};
    harness_init(h, config, n);
    harness_preload(h, 5, RAFT_NONE, terms, 3);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
}

/* `from` answers to what was sent with this sequence. */
static void answer(struct harness *h, raft_id from, uint64_t match,
                   uint64_t sequence)
{
    struct raft_message m = harness_append_success(6, match);
    m.append_response.sequence = sequence;
    harness_receive(h, from, &m);
}

/* The sequence of the AppendEntries to `to` in the last answer. */
static uint64_t asked(const struct harness *h, raft_id to)
{
    struct raft_message m;
    cr_assert_not_null(harness_sent(h, to, RAFT_MESSAGE_APPEND_REQUEST, &m));
    return m.append_request.sequence;
}

/* The same, and everybody has confirmed the no-op, before any read. */
static void start_settled(struct harness *h, uint32_t n)
{
    struct raft_config config = harness_config(1);
    start_leader(h, &config, n);
    for (raft_id from = 2; from <= n; from++) {
        struct raft_message yes = harness_append_success(6, 4);
        harness_receive(h, from, &yes);
    }
    cr_assert_eq(harness_view(h).commit_index, 4);
    cr_assert_eq(harness_view(h).last_applied, 4);
}

static bool is_ready(const struct harness *h, uint64_t tag)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_items; i++)
        n += h->items[i].kind == RAFT_OUTPUT_READY &&
             h->items[i].ready.tag == tag;
    cr_assert_leq(n, 1);
    return n == 1;
}

static bool was_given_up(const struct harness *h, uint64_t tag)
{
    for (size_t i = 0; i < h->n_items; i++)
        if (h->items[i].kind == RAFT_OUTPUT_REJECTED &&
            h->items[i].rejected.tag == tag)
            return h->items[i].rejected.reason == RAFT_LEADERSHIP_LOST;
    return false;
}

/* "The leader ... issues a new round of heartbeats and waits for their
 * acknowledgments from a majority of the cluster": a follower counts once, and
 * the read is answered once. */
Test(raft_reads, a_majority_is_asked)
{
    for (uint32_t n = 2; n <= 7; n++) {
        struct harness h;
        uint64_t sequence[8];
        start_settled(&h, n);
        harness_read(&h, 77, false);
        for (raft_id to = 2; to <= n; to++) {
            cr_assert_eq(
                harness_sent_count(&h, to, RAFT_MESSAGE_APPEND_REQUEST), 1);
            sequence[to] = asked(&h, to);
        }
        for (raft_id from = 2; from <= n; from++) {
            cr_assert_not(is_ready(&h, 77));
            answer(&h, from, 4, sequence[from]);
            if (from - 1 == n / 2)
                break;
            cr_assert_not(is_ready(&h, 77), "%u voters", n);
            answer(&h, from, 4, sequence[from]);
        }
        cr_assert(is_ready(&h, 77));
        cr_assert_eq(harness_output(&h, RAFT_OUTPUT_READY)->ready.index, 4);
        for (raft_id from = 2; from <= n; from++) {
            answer(&h, from, 4, sequence[from]);
            cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 0);
        }
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
        harness_free(&h);
    }
}

/* An answer to something that was sent before the read came says nothing of
 * the time after it, whenever it arrives. */
Test(raft_reads, an_older_answer_confirms_nothing)
{
    for (int beats = 0; beats < 3; beats++) {
        struct harness h;
        start_settled(&h, 3);
        uint64_t before[3];
        for (int i = 0; i < 3; i++) {
            harness_timer(&h);
            before[i] = asked(&h, 2);
        }
        harness_read(&h, 1, false);
        uint64_t sequence = asked(&h, 2);
        cr_assert_gt(sequence, before[2]);
        for (int i = 0; i < beats; i++)
            harness_timer(&h);
        for (int i = 0; i < 3; i++)
            for (raft_id from = 2; from <= 3; from++) {
                answer(&h, from, 4, before[i]);
                cr_assert_not(is_ready(&h, 1));
            }
        answer(&h, 3, 4, sequence);
        cr_assert(is_ready(&h, 1));
        harness_free(&h);
    }
}

/* One round for all that came before it was sent, the next round for those that
 * came later: it starts when the first is over. */
Test(raft_reads, reads_share_a_round)
{
    struct harness h;
    start_settled(&h, 3);
    harness_read(&h, 0, false);
    uint64_t first = asked(&h, 2);
    for (uint64_t tag = 1; tag <= 20; tag++) {
        harness_read(&h, tag, false);
        cr_assert_eq(
            harness_sent_count(&h, RAFT_NONE, RAFT_MESSAGE_APPEND_REQUEST), 0);
    }
    answer(&h, 2, 4, first);
    cr_assert(is_ready(&h, 0));
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 1);
    uint64_t second = asked(&h, 2);
    cr_assert_eq(asked(&h, 3), second);
    harness_read(&h, 21, false); /* too late for the second one */
    answer(&h, 3, 4, first);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 0);
    answer(&h, 3, 4, second);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 20);
    for (size_t i = 0, tag = 1; i < h.n_items; i++)
        if (h.items[i].kind == RAFT_OUTPUT_READY)
            cr_assert_eq(h.items[i].ready.tag, tag++);
    uint64_t third = asked(&h, 2);
    answer(&h, 2, 4, third);
    cr_assert(is_ready(&h, 21));
    cr_assert_eq(harness_sent_count(&h, RAFT_NONE, RAFT_MESSAGE_APPEND_REQUEST),
                 0);
    harness_free(&h);
}

/* Whatever was sent after the read came will do, if the round was lost: a
 * heartbeat, an entry; and a refusal is an answer too. */
Test(raft_reads, any_later_message_confirms)
{
    for (int way = 0; way < 3; way++) {
        struct harness h;
        start_settled(&h, 3);
        harness_read(&h, 1, false);
        if (way == 1)
            harness_propose(&h, 9, "x");
        else
            harness_timer(&h);
        struct raft_message m = harness_append_success(6, 4);
        if (way == 2)
            m = harness_append_failure(6, 4, 0, 4);
        m.append_response.sequence = asked(&h, 3);
        harness_receive(&h, 3, &m);
        cr_assert(is_ready(&h, 1), "way %d", way);
        harness_free(&h);
    }
}

/* "If the leader has not yet marked an entry from its current term committed,
 * it waits until it has done so": until then it does not know what its
 * predecessors committed. */
Test(raft_reads, a_new_leader_waits_for_an_entry_of_its_term)
{
    for (int forwarded = 0; forwarded < 2; forwarded++) {
        struct raft_config config = harness_config(1);
        struct raft_message m, ask = harness_read_request(6, 5, false);
        struct harness h;
        start_leader(&h, &config, 3);
        if (forwarded)
            harness_receive(&h, 3, &ask);
        else
            harness_read(&h, 5, false);
        uint64_t sequence = asked(&h, 2);
        answer(&h, 2, 3, sequence); /* has all but the no-op */
        cr_assert_eq(harness_view(&h).commit_index, 0);
        cr_assert_not(is_ready(&h, 5));
        if (forwarded) { /* the index is enough for the follower to wait */
            cr_assert_not_null(
                harness_sent(&h, 3, RAFT_MESSAGE_READ_RESPONSE, &m));
            cr_assert(m.read_response.granted);
            cr_assert_geq(m.read_response.index, 4);
        }
        answer(&h, 2, 4, sequence);
        cr_assert_eq(harness_view(&h).last_applied, 4);
        cr_assert_eq(is_ready(&h, 5), !forwarded);
        harness_free(&h);
    }
}

/* READY says that the state machine has it: with a slow disk what is committed
 * is not applied at once. */
Test(raft_reads, ready_only_when_applied)
{
    struct harness h;
    start_settled(&h, 3);
    harness_propose(&h, 9, "x");
    uint64_t sequence = asked(&h, 2);
    answer(&h, 2, 5, sequence);
    answer(&h, 3, 5, sequence);
    cr_assert_eq(harness_view(&h).commit_index, 5);
    cr_assert_eq(harness_view(&h).last_applied, 4);
    harness_read(&h, 1, false);
    answer(&h, 2, 5, asked(&h, 2));
    cr_assert_not(is_ready(&h, 1));
    harness_written(&h);
    cr_assert(is_ready(&h, 1));
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_READY)->ready.index, 5);
    cr_assert_eq(h.items[h.n_items - 1].kind, RAFT_OUTPUT_READY);
    cr_assert_neq(harness_count(&h, RAFT_OUTPUT_APPLY), 0);
    harness_free(&h);
}

/* Nobody else is to be asked; but the no-op must be committed here too. */
Test(raft_reads, a_single_server_answers_at_once)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    static const uint64_t terms[] = {1, 1, 4};
    harness_init(&h, &config, 1);
    harness_preload(&h, 5, RAFT_NONE, terms, 3);
    harness_boot(&h);
    harness_timer(&h);
    harness_written_to(&h, h.last_write);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_read(&h, 1, false);
    cr_assert_not(is_ready(&h, 1));
    harness_written(&h);
    cr_assert(is_ready(&h, 1));
    harness_read(&h, 2, false);
    cr_assert(is_ready(&h, 2));
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_READY)->ready.index, 4);
    harness_free(&h);
}

/* Only voters confirm: learners and strangers do not, witnesses do. */
Test(raft_reads, only_voters_confirm)
{
    static const struct raft_member members[] = {
        {1, RAFT_MEMBER_VOTER, 0},
        {2, RAFT_MEMBER_VOTER, 0},
        {3, RAFT_MEMBER_VOTER | RAFT_MEMBER_WITNESS, 0},
        {4, RAFT_MEMBER_LEARNER, 0},
        {5, RAFT_MEMBER_LEARNER, 0},
    };
    struct raft_config config = harness_config(1);
    struct harness h;
    harness_init(&h, &config, 0);
    harness_bootstrap(&h, members, 5);
    harness_boot(&h);
    harness_elect(&h);
    harness_written(&h);
    struct raft_message yes =
        harness_append_success(harness_view(&h).hard_state.current_term, 1);
    harness_receive(&h, 2, &yes);
    harness_read(&h, 1, false);
    yes.append_response.sequence = asked(&h, 2);
    for (raft_id from = 4; from <= 6; from++) {
        harness_receive(&h, from, &yes);
        cr_assert_not(is_ready(&h, 1));
    }
    harness_receive(&h, 3, &yes);
    cr_assert(is_ready(&h, 1));
    harness_free(&h);
}

/* When the last that could be asked leave, what is left decides. */
Test(raft_reads, a_read_outlives_those_that_were_asked)
{
    static const struct raft_member alone[] = {{1, RAFT_MEMBER_VOTER, 0}};
    struct harness h;
    start_settled(&h, 2);
    harness_read(&h, 1, false);
    harness_change(&h, 2, alone, 1, false);
    bool ready = is_ready(&h, 1);
    harness_written(&h);
    for (int i = 0; i < 4 && !ready; i++) {
        ready = is_ready(&h, 1);
        if (!ready)
            harness_timer(&h);
    }
    cr_assert(ready);
    harness_free(&h);
}

/* --- what does not count -------------------------------------------------- */

static void old_term(struct harness *h, uint64_t sequence)
{
    struct raft_message m = harness_append_success(5, 3);
    m.append_response.sequence = sequence;
    harness_receive(h, 2, &m);
    cr_assert_not(is_ready(h, 1));
}

/* Answers of an older term confirm nothing; one of a later term ends it. */
Test(raft_reads, the_term_of_an_answer_counts)
{
    struct harness h;
    start_settled(&h, 3);
    harness_read(&h, 1, false);
    old_term(&h, asked(&h, 2));
    struct raft_message later = harness_append_failure(7, 4, 0, 4);
    later.append_response.sequence = h.sent[0].sequence;
    harness_receive(&h, 3, &later);
    cr_assert_not(is_ready(&h, 1));
    cr_assert(was_given_up(&h, 1));
    harness_free(&h);
}

/* A request that was under way since an earlier life of the leader is refused
 * in the present term; that refusal answers nothing of this life. */
Test(raft_reads, an_answer_to_an_earlier_life_confirms_nothing)
{
    struct raft_config config = harness_config(1);
    struct harness h, voter;
    struct raft_message old, vote, m;
    start_settled(&h, 3);
    for (int i = 0; i < 300; i++)
        harness_timer(&h);
    cr_assert_not_null(harness_sent(&h, 2, RAFT_MESSAGE_APPEND_REQUEST, &old));
    harness_crash(&h, UINT64_MAX);
    h.config.random_seed = 12345;
    harness_boot(&h);
    harness_elect(&h);
    harness_written(&h);
    struct raft_message yes = harness_append_success(7, 5);
    harness_receive(&h, 3, &yes);
    cr_assert_eq(harness_view(&h).commit_index, 5);

    config.id = 2;
    harness_start(&voter, &config, 3);
    vote = harness_vote_request(7, 6, 4);
    harness_receive(&voter, 1, &vote);
    harness_receive(&voter, 1, &old);
    cr_assert_not_null(
        harness_sent(&voter, 1, RAFT_MESSAGE_APPEND_RESPONSE, &m));
    cr_assert_eq(m.term, 7);

    harness_read(&h, 1, false);
    uint64_t round = asked(&h, 2);
    for (int i = 0; i < 600; i++)
        harness_timer(&h); /* as many steps as the life before had, and more */
    uint8_t bytes[128];
    size_t size = raft_message_encode(&m, bytes);
    struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                               .now_us = h.now_us,
                               .message = {2, bytes, size}};
    cr_assert_eq(harness_step(&h, &input), RAFT_OK);
    cr_assert_not(is_ready(&h, 1));
    yes.append_response.sequence = round;
    harness_receive(&h, 2, &yes);
    cr_assert(is_ready(&h, 1));
    harness_free(&voter);
    harness_free(&h);
}
