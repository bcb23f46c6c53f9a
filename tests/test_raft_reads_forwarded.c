/* Reads at followers, which ask their leader for an index and wait until that
 * is applied: dissertation, 6.4. The harness holds
 * every step to the contract of raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MAX_US ((uint64_t)300000)

static const uint64_t log_terms[] = {1, 1, 4};

static const struct raft_output *
answer_to(const struct harness *h, enum raft_output_kind kind, uint64_t tag)
{
    const struct raft_output *found = NULL;
    for (size_t i = 0; i < h->n_items; i++) {
        const struct raft_output *o = &h->items[i];
        bool is_it = o->kind == kind &&
                     (kind == RAFT_OUTPUT_READY ? o->ready.tag == tag
                                                : o->rejected.tag == tag);
        cr_assert(!is_it || found == NULL);
        if (is_it)
            found = o;
    }
    return found;
}

static bool is_ready(const struct harness *h, uint64_t tag)
{
    return answer_to(h, RAFT_OUTPUT_READY, tag) != NULL;
}

static bool was_given_up(const struct harness *h, uint64_t tag)
{
    const struct raft_output *o = answer_to(h, RAFT_OUTPUT_REJECTED, tag);
    return o != NULL && o->rejected.reason == RAFT_LEADERSHIP_LOST;
}

static size_t count_answers(const struct harness *h)
{
    return harness_count(h, RAFT_OUTPUT_READY) +
           harness_count(h, RAFT_OUTPUT_REJECTED);
}

/* --- at a follower -------------------------------------------------------- */

/* Server 1 of 3 in term 5, with a log that ends in {4, 3}, follows server 2;
 * `commit` of it are committed. */
static void start_follower(struct harness *h, const struct raft_config *config,
                           uint64_t commit)
{
    harness_init(h, config, 3);
    harness_preload(h, 5, RAFT_NONE, log_terms, 3);
    harness_boot(h);
    struct raft_message beat = harness_append(5, 4, 3, commit, NULL, 0);
    harness_receive(h, 2, &beat);
    cr_assert_eq(harness_view(h).last_applied, commit);
}

/* The id under which a read goes to the leader. */
static uint64_t forward(struct harness *h, uint64_t tag, bool lease)
{
    struct raft_message m;
    harness_read(h, tag, lease);
    cr_assert_eq(harness_sent_count(h, 2, RAFT_MESSAGE_READ_REQUEST), 1);
    cr_assert_eq(harness_sent_count(h, RAFT_NONE, RAFT_MESSAGE_READ_REQUEST),
                 1);
    harness_sent(h, 2, RAFT_MESSAGE_READ_REQUEST, &m);
    cr_assert_eq(m.term, harness_view(h).hard_state.current_term);
    cr_assert_eq(m.read_request.lease, lease);
    cr_assert_eq(count_answers(h), 0);
    return m.read_request.id;
}

static void respond(struct harness *h, raft_id from, uint64_t term, uint64_t id,
                    bool granted, uint64_t index)
{
    struct raft_message m = harness_read_response(term, id, granted, index);
    harness_receive(h, from, &m);
}

/* "The follower would issue the leader a request for its current readIndex, ...
 * the follower could then" wait until it has applied that much. */
Test(raft_reads_forwarded, a_follower_asks_and_waits)
{
    for (uint64_t index = 0; index <= 3; index++)
        for (int lease = 0; lease < 2; lease++) {
            struct raft_config config = harness_config(1);
            struct harness h;
            start_follower(&h, &config, 1);
            uint64_t id = forward(&h, 9, lease == 1);
            respond(&h, 2, 5, id, true, index);
            cr_assert_eq(is_ready(&h, 9), index <= 1);
            struct raft_message beat = harness_append(5, 4, 3, 2, NULL, 0);
            harness_receive(&h, 2, &beat);
            cr_assert_eq(is_ready(&h, 9), index == 2);
            beat.append_request.leader_commit = 3;
            harness_receive(&h, 2, &beat);
            cr_assert_eq(is_ready(&h, 9), index == 3);
            if (index == 3)
                cr_assert_eq(harness_output(&h, RAFT_OUTPUT_READY)->ready.index,
                             3);
            cr_assert_eq(h.n_reads, 0);
            harness_free(&h);
        }
}

/* What is committed beyond the own log is waited for as well. */
Test(raft_reads_forwarded, an_index_beyond_the_log_is_waited_for)
{
    struct raft_config config = harness_config(1);
    struct raft_entry entry = {.term = 5, .kind = RAFT_ENTRY_NOOP};
    struct harness h;
    start_follower(&h, &config, 3);
    uint64_t id = forward(&h, 9, false);
    respond(&h, 2, 5, id, true, 4);
    cr_assert_not(is_ready(&h, 9));
    struct raft_message m = harness_append(5, 4, 3, 4, &entry, 1);
    harness_receive(&h, 2, &m);
    cr_assert_eq(harness_view(&h).commit_index, 4);
    cr_assert_not(is_ready(&h, 9)); /* it is not applied yet */
    harness_written(&h);
    cr_assert(is_ready(&h, 9));
    harness_free(&h);
}

/* Each read has an id of its own; answers may come in any order, and twice. */
Test(raft_reads_forwarded, each_answer_belongs_to_one_read)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    uint64_t ids[8];
    start_follower(&h, &config, 3);
    for (uint64_t tag = 0; tag < 8; tag++) {
        ids[tag] = forward(&h, tag, false);
        for (uint64_t other = 0; other < tag; other++)
            cr_assert_neq(ids[tag], ids[other]);
    }
    for (uint64_t i = 0; i < 8; i++) {
        uint64_t tag = (i * 3 + 2) % 8;
        bool granted = tag % 3 != 0;
        respond(&h, 2, 5, ids[tag], granted, granted ? 2 : 0);
        cr_assert_eq(is_ready(&h, tag), granted);
        cr_assert_eq(was_given_up(&h, tag), !granted);
        cr_assert_eq(count_answers(&h), 1);
        respond(&h, 2, 5, ids[tag], true, 2);
        respond(&h, 2, 5, ids[tag], false, 0);
        cr_assert_eq(count_answers(&h), 0);
    }
    harness_free(&h);
}

/* Only the leader's word of this term counts, and only on what was asked. */
Test(raft_reads_forwarded, answers_of_others_say_nothing)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    start_follower(&h, &config, 3);
    uint64_t id = forward(&h, 9, false);
    for (int granted = 0; granted < 2; granted++) {
        uint64_t index = granted ? 2 : 0;
        respond(&h, 3, 5, id, granted, index); /* leads nothing */
        cr_assert_eq(count_answers(&h), 0);
        respond(&h, 77, 5, id, granted, index);
        cr_assert_eq(count_answers(&h), 0);
        respond(&h, 2, 4, id, granted, index); /* of an older leadership */
        cr_assert_eq(count_answers(&h), 0);
        respond(&h, 2, 5, id + 1, granted, index);
        respond(&h, 2, 5, id - 1, granted, index);
        cr_assert_eq(count_answers(&h), 0);
    }
    respond(&h, 2, 5, id, true, 3);
    cr_assert(is_ready(&h, 9));
    harness_free(&h);
}

/* An answer that was under way since before a crash is not taken for one to a
 * read of the present life. */
Test(raft_reads_forwarded, ids_of_two_lives_do_not_meet)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct raft_config config = harness_config(1);
        struct raft_message beat = harness_append(5, 4, 3, 3, NULL, 0);
        struct harness h;
        uint64_t late[20];
        config.random_seed = seed;
        start_follower(&h, &config, 3);
        for (uint64_t i = 0; i < 20; i++)
            late[i] = forward(&h, i, false);
        harness_crash(&h, UINT64_MAX);
        h.config.random_seed = seed + 1000;
        harness_boot(&h);
        harness_receive(&h, 2, &beat);
        for (uint64_t tag = 0; tag < 20; tag++)
            forward(&h, tag, false);
        for (uint64_t i = 0; i < 20; i++) {
            respond(&h, 2, 5, late[i], true, 0);
            cr_assert_eq(count_answers(&h), 0, "seed %u", (unsigned)seed);
        }
        harness_free(&h);
    }
}

/* However its leader is lost: the read is, too, and what it answers later comes
 * too late. */
Test(raft_reads_forwarded, a_lost_leader_rejects)
{
    for (int way = 0; way < 4; way++) {
        struct raft_config config = harness_config(1);
        struct raft_message beat = harness_append(6, 4, 3, 3, NULL, 0);
        struct raft_message no = harness_vote_response(7, false);
        struct harness h;
        config.pre_vote = way == 3;
        start_follower(&h, &config, 3);
        uint64_t id = forward(&h, 9, false);
        if (way == 0)
            harness_receive(&h, 3, &beat); /* another leads */
        else if (way == 1)
            harness_receive(&h, 3, &no); /* a term without a leader */
        else
            harness_timer(&h); /* silence */
        cr_assert(was_given_up(&h, 9), "way %d", way);
        respond(&h, 2, harness_view(&h).hard_state.current_term, id, true, 3);
        cr_assert_eq(count_answers(&h), 0);
        harness_free(&h);
    }
}

/* A leader that lives but does not answer is not waited for for ever. */
Test(raft_reads_forwarded, an_unanswered_read_times_out)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    start_follower(&h, &config, 3);
    uint64_t asked_us = h.now_us;
    uint64_t id = forward(&h, 9, false);
    struct raft_message beat = harness_append(5, 4, 3, 3, NULL, 0);
    while (count_answers(&h) == 0) {
        h.now_us += 10000;
        harness_receive(&h, 2, &beat);
        cr_assert_leq(h.now_us, asked_us + 2 * MAX_US);
    }
    cr_assert(was_given_up(&h, 9));
    cr_assert_geq(h.now_us, asked_us + 100000); /* the network needs time */
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_REJECTED)->rejected.leader, 2);
    respond(&h, 2, 5, id, true, 3);
    cr_assert_eq(count_answers(&h), 0);
    harness_free(&h);
}

/* A read that was granted waits for the log alone: neither time nor another
 * leader takes it back. */
Test(raft_reads_forwarded, a_granted_read_only_waits_for_the_log)
{
    struct raft_config config = harness_config(1);
    struct raft_message beat = harness_append(6, 4, 3, 2, NULL, 0);
    struct harness h;
    start_follower(&h, &config, 1);
    uint64_t id = forward(&h, 9, false);
    respond(&h, 2, 5, id, true, 3);
    harness_receive(&h, 3, &beat);
    cr_assert_eq(count_answers(&h), 0);
    h.now_us += 3 * MAX_US;
    harness_receive(&h, 3, &beat);
    cr_assert_eq(count_answers(&h), 0);
    beat.append_request.leader_commit = 3;
    harness_receive(&h, 3, &beat);
    cr_assert(is_ready(&h, 9));
    harness_free(&h);
}

Test(raft_reads_forwarded, pending_reads_are_bounded)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.max_pending_reads = 3;
    start_follower(&h, &config, 1);
    uint64_t first = forward(&h, 1, false);
    uint64_t second = forward(&h, 2, false);
    forward(&h, 3, false);
    respond(&h, 2, 5, first, true, 3); /* granted, but still pending */
    for (int i = 0; i < 2; i++) {
        harness_read(&h, 4, false);
        cr_assert(harness_was_rejected(&h, RAFT_BUSY));
        cr_assert_eq(
            harness_sent_count(&h, RAFT_NONE, RAFT_MESSAGE_READ_REQUEST), 0);
    }
    respond(&h, 2, 5, second, true, 1);
    cr_assert(is_ready(&h, 2));
    forward(&h, 5, false);
    harness_free(&h);
}

/* Nobody to ask, and no state to answer from. */
Test(raft_reads_forwarded, who_can_neither_ask_nor_answer)
{
    struct raft_config config = harness_config(3);
    struct harness h;
    harness_start(&h, &config, 3);
    harness_read(&h, 1, false); /* no leader yet */
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    harness_campaign(&h);
    harness_read(&h, 1, true);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    harness_free(&h);

    static const struct raft_member members[] = {
        {1, RAFT_MEMBER_VOTER, 0},
        {2, RAFT_MEMBER_VOTER, 0},
        {3, RAFT_MEMBER_VOTER | RAFT_MEMBER_WITNESS, 0},
    };
    struct raft_message beat = harness_append(5, 0, 0, 0, NULL, 0);
    harness_init(&h, &config, 0);
    harness_bootstrap(&h, members, 3);
    harness_boot(&h);
    harness_receive(&h, 2, &beat);
    harness_read(&h, 1, false);
    cr_assert(harness_was_rejected(&h, RAFT_NOT_LEADER));
    cr_assert_eq(harness_output(&h, RAFT_OUTPUT_REJECTED)->rejected.leader, 2);
    harness_free(&h);
}
