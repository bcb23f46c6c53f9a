/* A write that fails ends the node's life (raft/io.h, RAFT_INPUT_FAILED):
 * nothing leaves it any more, whatever it is told, and what comes back is what
 * is durable. What may be durable then, and that a node starts from each of it,
 * is the matter of tests/test_raft_snapshot_crash.c. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static enum raft_status give(struct harness *h, struct raft_input input)
{
    input.now_us = h->now_us;
    return harness_step(h, &input); /* which checks that nothing changed */
}

static enum raft_status fail(struct harness *h, uint64_t write_id)
{
    return give(h, (struct raft_input){.kind = RAFT_INPUT_FAILED,
                                       .failed = {write_id}});
}

/* --- nodes that wait for a write ------------------------------------------ */

static void wait_as_follower(struct harness *h)
{
    struct raft_entry entries[2] = {
        {.term = 1, .kind = RAFT_ENTRY_NOOP},
        {.term = 1,
         .kind = RAFT_ENTRY_COMMAND,
         .data = (const uint8_t *)"x",
         .size = 1},
    };
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 3);
    struct raft_message m = harness_append(1, 0, 0, 0, entries, 1);
    harness_receive(h, 2, &m);
    m = harness_append(1, 1, 1, 2, entries + 1, 1);
    harness_receive(h, 2, &m);
}

static void wait_as_voter(struct harness *h)
{
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 3);
    struct raft_message m = harness_vote_request(3, 0, 0);
    harness_receive(h, 3, &m);
}

static void wait_as_candidate(struct harness *h)
{
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 3);
    harness_timer(h);
}

static void wait_as_leader(struct harness *h)
{
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 3);
    harness_elect(h);
    harness_propose(h, 7, "a");
    harness_propose(h, 8, "b");
    harness_read(h, 9, false);
}

/* Its own disk alone decides what is committed. */
static void wait_alone(struct harness *h)
{
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 1);
    harness_timer(h);
    harness_written(h);
    harness_propose(h, 7, "a");
    harness_session(h, 8);
}

static void wait_for_snapshot(struct harness *h)
{
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 1);
    harness_timer(h);
    harness_written(h);
    harness_propose(h, 7, "a");
    harness_written(h);
    harness_snapshot(h, "image", 5, 2);
}

static void (*const waits[])(struct harness *) = {
    wait_as_follower, wait_as_voter, wait_as_candidate,
    wait_as_leader,   wait_alone,    wait_for_snapshot,
};

#define N_WAITS (sizeof waits / sizeof *waits)

/* --- nothing leaves ------------------------------------------------------- */

static void expect_silence(struct harness *h, struct raft_input input)
{
    struct raft_outputs outputs = {(const struct raft_output *)1, 1};
    cr_assert_eq(raft_step(h->raft, &input, &outputs), RAFT_STOPPED);
    cr_assert_eq(outputs.count, 0);
    cr_assert_null(outputs.items);
}

static void say_everything(struct harness *h)
{
    uint8_t bytes[128];
    struct raft_message beat = harness_append(9, 0, 0, 0, NULL, 0);
    struct raft_message yes = harness_vote_response(1, true);
    struct raft_member members[] = {{.id = 1, .flags = RAFT_MEMBER_VOTER}};
    uint64_t now_us = h->now_us + 1000000;
    const struct raft_input inputs[] = {
        {.kind = RAFT_INPUT_TIMER, .now_us = now_us},
        {.kind = RAFT_INPUT_WRITTEN, .now_us = now_us, .written = {1}},
        {.kind = RAFT_INPUT_WRITTEN,
         .now_us = now_us,
         .written = {h->last_write}},
        {.kind = RAFT_INPUT_WRITTEN, .now_us = now_us, .written = {99}},
        {.kind = RAFT_INPUT_FAILED,
         .now_us = now_us,
         .failed = {h->last_write}},
        {.kind = RAFT_INPUT_PROPOSAL,
         .now_us = now_us,
         .proposal = {.tag = 1, .data = bytes, .size = 1}},
        {.kind = RAFT_INPUT_SESSION, .now_us = now_us, .session = {1}},
        {.kind = RAFT_INPUT_CHANGE,
         .now_us = now_us,
         .change = {1, members, 1, false}},
        {.kind = RAFT_INPUT_TRANSFER, .now_us = now_us, .transfer = {1, 2}},
        {.kind = RAFT_INPUT_READ, .now_us = now_us, .read = {1, true}},
        {.kind = RAFT_INPUT_SNAPSHOT,
         .now_us = now_us,
         .snapshot = {.index = 0, .keep_from = 1}},
        {.kind = RAFT_INPUT_START, .now_us = now_us},
        {.kind = RAFT_INPUT_TIMER, .now_us = 0}, /* time goes back */
        {.kind = RAFT_INPUT_MESSAGE,
         .now_us = now_us,
         .message = {2, bytes, 3}},
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        expect_silence(h, inputs[i]);
    struct raft_input input = {.kind = RAFT_INPUT_MESSAGE, .now_us = now_us};
    input.message.from = 2;
    input.message.bytes = bytes;
    input.message.size = raft_message_encode(&beat, bytes);
    expect_silence(h, input);
    input.message.size = raft_message_encode(&yes, bytes);
    expect_silence(h, input);
}

static bool same_view(struct raft_view a, struct raft_view b)
{
    return a.role == b.role && a.leader == b.leader &&
           a.hard_state.current_term == b.hard_state.current_term &&
           a.hard_state.voted_for == b.hard_state.voted_for &&
           a.last.index == b.last.index && a.commit_index == b.commit_index &&
           a.durable_index == b.durable_index &&
           a.last_applied == b.last_applied &&
           a.snapshot.index == b.snapshot.index;
}

Test(raft_disk_errors, after_a_failed_write_nothing_leaves_ever)
{
    for (size_t i = 0; i < N_WAITS; i++) {
        struct harness h;
        waits[i](&h);
        uint64_t first = h.durable_write + 1, last = h.last_write;
        cr_assert_leq(first, last, "case %zu", i);
        harness_free(&h);
        for (uint64_t id = first; id <= last; id++) {
            waits[i](&h);
            struct raft_view before = harness_view(&h);
            cr_assert_eq(fail(&h, id), RAFT_STOPPED, "case %zu", i);
            uint64_t n_requests = h.memory.n_requests;
            h.memory.refuse_in = 1; /* it asks for no memory either */
            say_everything(&h);
            say_everything(&h);
            cr_assert_eq(h.memory.n_requests, n_requests);
            cr_assert(same_view(before, harness_view(&h)), "case %zu", i);
            h.memory.refuse_in = 0;
            harness_free(&h);
        }
    }
}

/* What was durable before is: an earlier write may be reported first. */
Test(raft_disk_errors, what_was_written_before_counts)
{
    struct harness h;
    wait_as_follower(&h);
    cr_assert_geq(h.last_write, 2);
    harness_written_to(&h, 1);
    cr_assert_eq(fail(&h, 2), RAFT_STOPPED);
    struct harness_letter letter;
    cr_assert(harness_take(&h, &letter)); /* the answer to the first entry */
    struct raft_message m;
    cr_assert(raft_message_decode(letter.bytes, letter.size, &m));
    cr_assert_eq(m.kind, RAFT_MESSAGE_APPEND_RESPONSE);
    cr_assert_eq(m.append_response.match_index, 1);
    free(letter.bytes);
    cr_assert_not(harness_take(&h, &letter));
    harness_free(&h);
}

/* --- the host's part ------------------------------------------------------ */

Test(raft_disk_errors, a_failed_write_is_one_that_is_pending)
{
    struct harness h;
    wait_as_leader(&h);
    const uint64_t unknown[] = {0, h.durable_write, h.last_write + 1,
                                UINT64_MAX};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(fail(&h, unknown[i]), RAFT_BAD_INPUT);
    harness_propose(&h, 10, "c"); /* it goes on */
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    harness_free(&h);
}

Test(raft_disk_errors, no_write_fails_before_the_start)
{
    struct raft_config config = harness_config(1);
    struct raft_image image = {0};
    struct harness_memory memory;
    struct raft *raft;
    struct raft_outputs outputs;
    harness_memory_init(&memory);
    cr_assert_eq(raft_new(&config, &image, &memory.base, &raft), RAFT_OK);
    struct raft_input input = {.kind = RAFT_INPUT_FAILED, .failed = {1}};
    cr_assert_eq(raft_step(raft, &input, &outputs), RAFT_BAD_INPUT);
    input = (struct raft_input){.kind = RAFT_INPUT_START};
    cr_assert_eq(raft_step(raft, &input, &outputs), RAFT_OK);
    raft_free(raft);
}

/* --- the next life -------------------------------------------------------- */

static uint64_t count_parts(const struct harness *h)
{
    uint64_t parts = 0;
    for (size_t i = 0; i < h->n_pending; i++) {
        const struct raft_write *w = &h->pending[i];
        parts += (uint64_t)w->has_hard_state + w->has_snapshot +
                 (w->truncate_from > 0) + (w->drop_before > 0) + w->n_entries;
    }
    return parts;
}

/* Whatever part of the write is found, the node starts from it, and can be
 * elected and go on. */
Test(raft_disk_errors, it_is_created_again_from_any_part)
{
    for (size_t i = 0; i < N_WAITS; i++) {
        uint64_t parts = UINT64_MAX;
        for (uint64_t keep = 0; keep <= parts; keep++) {
            struct harness h;
            waits[i](&h);
            parts = count_parts(&h);
            struct raft_view before = harness_view(&h);
            cr_assert_eq(fail(&h, h.durable_write + 1), RAFT_STOPPED);
            harness_crash(&h, keep);
            harness_boot(&h);
            struct raft_view now = harness_view(&h);
            cr_assert_eq(now.role, RAFT_FOLLOWER);
            cr_assert_leq(now.hard_state.current_term,
                          before.hard_state.current_term);
            cr_assert_leq(now.last.index, before.last.index);
            cr_assert_geq(now.last.index, before.durable_index);
            if (h.n_members > 1) {
                harness_elect(&h);
            } else {
                harness_timer(&h);
                harness_written(&h);
            }
            harness_propose(&h, 20, "again");
            cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
            harness_written(&h);
            harness_free(&h);
        }
    }
}
