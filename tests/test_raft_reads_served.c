/* Reads that other servers bring to the leader, and reads that a leader cannot
 * answer: dissertation, 6.4. The harness holds every step to the contract of
 * raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MAX_US ((uint64_t)300000)

static const uint64_t log_terms[] = {1, 1, 4};

/* Server 1 of 3 leads term 6; its no-op, entry 4, is committed. */
static void start_leader(struct harness *h, const struct raft_config *config)
{
    struct raft_message yes = harness_append_success(6, 4);
    harness_init(h, config, 3);
    harness_preload(h, 5, RAFT_NONE, log_terms, 3);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
    harness_receive(h, 2, &yes);
}

static void start_follower(struct harness *h, const struct raft_config *config)
{
    struct raft_message beat = harness_append(5, 4, 3, 3, NULL, 0);
    harness_init(h, config, 3);
    harness_preload(h, 5, RAFT_NONE, log_terms, 3);
    harness_boot(h);
    harness_receive(h, 2, &beat);
}

/* The answer to server `to` in the last answer, if there is one. */
static bool responded(const struct harness *h, raft_id to,
                      struct raft_message *m)
{
    cr_assert_leq(harness_sent_count(h, to, RAFT_MESSAGE_READ_RESPONSE), 1);
    return harness_sent(h, to, RAFT_MESSAGE_READ_RESPONSE, m) != NULL;
}

/* It makes sure first, as for a read of its own. */
Test(raft_reads_served, the_leader_makes_sure)
{
    struct raft_config config = harness_config(1);
    struct raft_message m, ask = harness_read_request(6, 55, false);
    struct raft_message yes = harness_append_success(6, 4);
    struct harness h;
    start_leader(&h, &config);
    harness_timer(&h);
    yes.append_response.sequence = h.sent[0].sequence;
    harness_receive(&h, 3, &ask);
    cr_assert_not(responded(&h, 3, &m));
    harness_receive(&h, 3, &yes); /* to something before */
    cr_assert_not(responded(&h, 3, &m));
    yes.append_response.sequence = 0; /* to the last */
    harness_receive(&h, 2, &yes);
    cr_assert(responded(&h, 3, &m));
    cr_assert_eq(m.term, 6);
    cr_assert_eq(m.read_response.id, 55);
    cr_assert(m.read_response.granted);
    cr_assert_eq(m.read_response.index, 4);
    harness_receive(&h, 3, &yes);
    cr_assert_not(responded(&h, 3, &m));
    harness_free(&h);
}

/* Who does not lead the term of the question says so at once. */
Test(raft_reads_served, the_wrong_server_refuses)
{
    struct raft_config config = harness_config(1);
    struct raft_message m;
    static const uint64_t asked_in[] = {5, 4, 9};
    for (size_t i = 0; i < 3; i++) {
        struct raft_message ask = harness_read_request(asked_in[i], 55, true);
        struct harness h;
        if (i < 2)
            start_follower(&h, &config);
        else
            start_leader(&h, &config); /* of an older term */
        harness_receive(&h, 3, &ask);
        cr_assert(responded(&h, 3, &m));
        cr_assert_eq(m.read_response.id, 55);
        cr_assert_not(m.read_response.granted);
        cr_assert_neq(harness_view(&h).role, RAFT_LEADER);
        harness_free(&h);
    }
    struct raft_message old = harness_read_request(5, 55, true);
    struct harness h;
    start_leader(&h, &config);
    harness_receive(&h, 3, &old); /* to whoever led then */
    cr_assert(responded(&h, 3, &m));
    cr_assert_not(m.read_response.granted);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    harness_free(&h);
}

/* --- reads that are given up ---------------------------------------------- */

static bool was_given_up(const struct harness *h, uint64_t tag)
{
    for (size_t i = 0; i < h->n_items; i++)
        if (h->items[i].kind == RAFT_OUTPUT_REJECTED &&
            h->items[i].rejected.tag == tag)
            return h->items[i].rejected.reason == RAFT_LEADERSHIP_LOST;
    return false;
}

/* A leader that is none any more cannot answer: its own reads are rejected, and
 * the servers that asked are told. */
Test(raft_reads_served, a_lost_leadership_rejects)
{
    struct raft_config config = harness_config(1);
    struct raft_message m, ask = harness_read_request(6, 88, false);
    struct raft_message beat = harness_append(9, 6, 4, 4, NULL, 0);
    struct harness h;
    start_leader(&h, &config);
    harness_read(&h, 1, false);
    harness_receive(&h, 3, &ask);
    harness_read(&h, 2, true);
    harness_receive(&h, 2, &beat);
    cr_assert(was_given_up(&h, 1));
    cr_assert(was_given_up(&h, 2));
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_REJECTED), 2);
    cr_assert(responded(&h, 3, &m));
    cr_assert_eq(m.read_response.id, 88);
    cr_assert_not(m.read_response.granted);
    harness_free(&h);
}

/* A round of an earlier leadership is over: the next read asks at once. */
Test(raft_reads_served, a_new_leadership_asks_anew)
{
    struct raft_config config = harness_config(1);
    struct raft_message no = harness_append_failure(7, 4, 0, 4);
    struct harness h;
    start_leader(&h, &config);
    harness_read(&h, 1, false); /* never answered */
    harness_receive(&h, 2, &no);
    cr_assert(was_given_up(&h, 1));
    harness_elect(&h);
    harness_read(&h, 2, false);
    cr_assert_eq(harness_sent_count(&h, 2, RAFT_MESSAGE_APPEND_REQUEST), 1);
    cr_assert_eq(harness_sent_count(&h, 3, RAFT_MESSAGE_APPEND_REQUEST), 1);
    harness_free(&h);
}

/* The same where it steps down by itself (6.2). */
Test(raft_reads_served, a_leader_without_a_quorum_rejects)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.check_quorum = true;
    start_leader(&h, &config);
    uint64_t since_us = h.now_us;
    harness_read(&h, 1, false);
    while (harness_view(&h).role == RAFT_LEADER)
        harness_timer(&h);
    cr_assert(was_given_up(&h, 1));
    cr_assert_leq(h.now_us, since_us + 3 * MAX_US);
    harness_free(&h);
}

/* Reads that wait are bounded, those for others included. */
Test(raft_reads_served, pending_reads_are_bounded)
{
    struct raft_config config = harness_config(1);
    struct raft_message m, ask = harness_read_request(6, 7, false);
    struct raft_message yes = harness_append_success(6, 4);
    struct harness h;
    config.max_pending_reads = 3;
    start_leader(&h, &config);
    harness_read(&h, 1, false);
    harness_receive(&h, 3, &ask);
    cr_assert_not(responded(&h, 3, &m));
    harness_read(&h, 2, false);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_REJECTED), 0);
    harness_read(&h, 3, false);
    cr_assert(harness_was_rejected(&h, RAFT_BUSY));
    ask.read_request.id = 8;
    harness_receive(&h, 3, &ask);
    cr_assert(responded(&h, 3, &m));
    cr_assert_eq(m.read_response.id, 8);
    cr_assert_not(m.read_response.granted);
    harness_receive(&h, 2, &yes); /* to the round of the first */
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_READY), 1);
    harness_read(&h, 4, false);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_REJECTED), 0);
    harness_read(&h, 5, false);
    cr_assert(harness_was_rejected(&h, RAFT_BUSY));
    harness_free(&h);
}

/* However many servers' reads are answered in one step, each answer leaves; and
 * so does a vote that comes with their refusal. */
Test(raft_reads_served, many_answers_leave_in_one_step)
{
    for (int confirmed = 0; confirmed < 2; confirmed++) {
        struct raft_config config = harness_config(1);
        struct raft_message ask = harness_read_request(6, 0, false);
        struct harness h;
        config.max_inflight_messages = 1;
        config.max_pending_reads = 500;
        start_leader(&h, &config);
        for (uint64_t id = 1; id <= 500; id++) {
            ask.read_request.id = id;
            harness_receive(&h, 3, &ask);
        }
        if (confirmed) {
            struct raft_message yes = harness_append_success(6, 4);
            harness_receive(&h, 2, &yes); /* to the round of the first */
            harness_receive(&h, 2, &yes);
        } else {
            struct raft_message vote = {.kind = RAFT_MESSAGE_VOTE_REQUEST,
                                        .term = 9};
            vote.vote_request.last = (struct raft_position){8, 9};
            harness_receive(&h, 2, &vote);
            cr_assert_eq(harness_sent_count(&h, 2, RAFT_MESSAGE_VOTE_RESPONSE),
                         1);
        }
        cr_assert_eq(harness_sent_count(&h, 3, RAFT_MESSAGE_READ_RESPONSE),
                     confirmed ? 499 : 500);
        harness_free(&h);
    }
}

/* --- all together --------------------------------------------------------- */

/* Delivers until quiet, like harness_exchange(), and counts READY by tag. */
static void exchange(struct harness **all, size_t n, uint64_t *n_ready)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < n; i++) {
            struct harness_letter letter;
            harness_written(all[i]);
            if (!harness_take(all[i], &letter))
                continue;
            moved = true;
            struct harness *to = all[letter.to - 1];
            struct raft_input input = {
                .kind = RAFT_INPUT_MESSAGE,
                .now_us = to->now_us,
                .message = {i + 1, letter.bytes, letter.size}};
            cr_assert_eq(harness_step(to, &input), RAFT_OK);
            for (size_t j = 0; j < to->n_items; j++)
                if (to->items[j].kind == RAFT_OUTPUT_READY)
                    n_ready[to->items[j].ready.tag]++;
            free(letter.bytes);
        }
    }
}

/* A read at any server sees what was committed anywhere before it came, though
 * the followers do not know yet that it is, and is answered once. */
Test(raft_reads_served, every_server_can_be_read)
{
    struct harness nodes[5], *all[5];
    uint64_t n_ready[60] = {0};
    for (size_t i = 0; i < 5; i++) {
        struct raft_config config = harness_config(i + 1);
        all[i] = &nodes[i];
        harness_start(all[i], &config, 5);
    }
    harness_elect(all[0]);
    exchange(all, 5, n_ready);
    for (uint64_t round = 0; round < 10; round++) {
        harness_propose(all[0], 1000 + round, "x");
        exchange(all, 5, n_ready);
        uint64_t committed = harness_view(all[0]).commit_index;
        cr_assert_eq(committed, 2 + round);
        for (size_t i = 0; i < 5; i++) {
            cr_assert(i == 0 || harness_view(all[i]).commit_index < committed);
            harness_read(all[i], round * 5 + i, false);
        }
        harness_timer(all[0]);
        exchange(all, 5, n_ready);
        for (size_t i = 0; i < 5; i++) {
            cr_assert_eq(n_ready[round * 5 + i], 1, "server %u", (unsigned)i);
            cr_assert_eq(harness_view(all[i]).last_applied, committed);
        }
    }
    for (size_t i = 0; i < 5; i++)
        harness_free(all[i]);
}
