/* How much a leader sends and takes at once: dissertation, 10.2, and the limits
 * of struct raft_config. The harness holds every step to the contract of
 * raft/raft.h besides: among it, the limits of a single message. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Server 1 of 3 leads term 1; its no-op is entry 1, durable and committed, and
 * server 2 has it: messages to it follow each other. */
static void start_leader(struct harness *h, const struct raft_config *config)
{
    struct raft_message yes = harness_append_success(1, 1);
    harness_start(h, config, 3);
    harness_elect(h);
    harness_written(h);
    harness_receive(h, 2, &yes);
    cr_assert_eq(harness_progress(h, 2).state, RAFT_REPLICATE);
}

/* What the messages with entries to server 2 in the last answer carry. */
struct load {
    uint64_t n_messages, n_entries, bytes;
    uint64_t first; /* the index of the first entry */
};

static struct load sent(const struct harness *h)
{
    struct load load = {0, 0, 0, 0};
    for (size_t i = 0; i < h->n_items; i++) {
        const struct raft_output *o = &h->items[i];
        struct raft_message m;
        struct raft_entry entry;
        if (o->kind != RAFT_OUTPUT_SEND || o->send.to != 2 ||
            !raft_message_decode(o->send.bytes, o->send.size, &m) ||
            m.kind != RAFT_MESSAGE_APPEND_REQUEST ||
            m.append_request.n_entries == 0)
            continue;
        if (load.n_messages++ == 0)
            load.first = m.append_request.prev.index + 1;
        cr_assert_eq(m.append_request.prev.index + 1,
                     load.first + load.n_entries);
        load.n_entries += m.append_request.n_entries;
        while (raft_entry_cursor_next(&m.append_request.cursor, &entry))
            load.bytes += entry.size;
    }
    return load;
}

static void match(struct harness *h, uint64_t index)
{
    struct raft_message yes = harness_append_success(1, index);
    harness_receive(h, 2, &yes);
}

/* --- the window ----------------------------------------------------------- */

/* So many messages with entries are on their way at most; an answer lets as
 * many go as it acknowledges. Heartbeats are not held back. */
Test(raft_flow, messages_in_flight_are_bounded)
{
    for (uint32_t window = 1; window <= 9; window++) {
        struct raft_config config = harness_config(1);
        struct harness h;
        config.max_inflight_messages = window;
        config.max_entries_per_message = 1;
        start_leader(&h, &config);
        for (uint64_t i = 0; i < 40; i++) {
            harness_propose(&h, i, "x");
            cr_assert_eq(sent(&h).n_messages, i < window, "%u", window);
        }
        harness_written(&h);
        harness_timer(&h);
        cr_assert_eq(sent(&h).n_messages, 0);
        cr_assert_eq(harness_sent_count(&h, 2, RAFT_MESSAGE_APPEND_REQUEST), 1);
        uint64_t acked = 1, out = 1 + window;
        for (uint64_t step = 1; out < 41; step = step % 3 + 1) {
            acked = acked + step < out ? acked + step : out;
            match(&h, acked);
            uint64_t more = acked + window - out;
            more = out + more > 41 ? 41 - out : more;
            cr_assert_eq(sent(&h).n_messages, more);
            cr_assert(more == 0 || sent(&h).first == out + 1);
            out += more;
            match(&h, acked - 1); /* an old answer frees nothing */
            cr_assert_eq(sent(&h).n_messages, 0);
        }
        harness_free(&h);
    }
}

/* And so many bytes of payload; but one message always. */
Test(raft_flow, bytes_in_flight_are_bounded)
{
    static const struct {
        uint64_t max_bytes, n_at_once; /* of 10 bytes each */
    } cases[] = {{1, 1},  {9, 1},  {10, 1}, {11, 1}, {19, 1},
                 {20, 2}, {39, 3}, {40, 4}, {41, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raft_config config = harness_config(1);
        struct harness h;
        uint64_t out = 0;
        config.max_inflight_messages = 100;
        config.max_inflight_bytes = cases[i].max_bytes;
        config.max_entries_per_message = 1;
        start_leader(&h, &config);
        for (uint64_t k = 0; k < 20; k++) {
            harness_propose(&h, k, "0123456789");
            out += sent(&h).n_messages;
        }
        cr_assert_eq(out, cases[i].n_at_once, "%zu", i);
        for (uint64_t acked = 1; acked < out; acked++) {
            match(&h, 1 + acked);
            cr_assert_eq(sent(&h).n_messages, out < 20, "%zu", i);
            out += sent(&h).n_messages;
        }
        harness_free(&h);
    }
}

/* What is in flight counts for each follower by itself. */
Test(raft_flow, a_slow_follower_does_not_hold_up_others)
{
    struct raft_config config = harness_config(1);
    struct raft_message three = harness_append_success(1, 1);
    struct raft_message m;
    struct harness h;
    config.max_inflight_messages = 2;
    config.max_entries_per_message = 1;
    start_leader(&h, &config);
    harness_receive(&h, 3, &three);
    for (uint64_t i = 0; i < 20; i++) {
        harness_propose(&h, i, "x");
        cr_assert_eq(sent(&h).n_messages, i < 2);
        cr_assert_not_null(
            harness_sent(&h, 3, RAFT_MESSAGE_APPEND_REQUEST, &m));
        cr_assert_eq(m.append_request.prev.index, 1 + i);
        three.append_response.match_index = 2 + i;
        harness_receive(&h, 3, &three);
    }
    harness_free(&h);
}

/* --- a message ------------------------------------------------------------ */

/* Limits by entries and by bytes; an entry above the latter travels alone. */
Test(raft_flow, messages_are_bounded)
{
    static const char *const sizes[] = {"",     "22",   "22",    "22", "55555",
                                        "4444", "1",    "1",     "1",  "",
                                        "",     "4444", "55555", "1"};
    static const struct {
        uint32_t max_entries, max_bytes;
        uint32_t batches[16];
    } cases[] = {
        {64, 1000, {14}},
        {1, 1000, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
        {5, 1000, {5, 5, 4}},
        {64, 4, {3, 1, 1, 1, 5, 1, 1, 1}},
        {64, 1, {1, 1, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1}},
        {64, 5, {3, 1, 1, 2, 4, 1, 1, 1}},
        {2, 4, {2, 2, 1, 1, 2, 2, 2, 1, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raft_config config = harness_config(1);
        struct harness h;
        uint64_t next = 2;
        config.max_inflight_messages = 1;
        config.max_entries_per_message = cases[i].max_entries;
        config.max_bytes_per_message = cases[i].max_bytes;
        start_leader(&h, &config);
        harness_propose(&h, 0, "");
        for (uint64_t k = 0; k < 14; k++)
            harness_propose(&h, k, sizes[k]);
        match(&h, 2); /* the one that went first */
        for (size_t k = 0; next < 16; k++) {
            cr_assert_eq(sent(&h).n_messages, 1);
            cr_assert_eq(sent(&h).first, next + 1);
            cr_assert_eq(sent(&h).n_entries, cases[i].batches[k], "%zu %zu", i,
                         k);
            next += cases[i].batches[k];
            match(&h, next);
        }
        cr_assert_eq(sent(&h).n_messages, 0);
        harness_free(&h);
    }
}

/* --- back-pressure -------------------------------------------------------- */

/* So many bytes are taken before they are committed, 32 more for each command;
 * but one command always. What is committed makes room. */
Test(raft_flow, uncommitted_bytes_are_bounded)
{
    static const struct {
        uint64_t max_bytes, n_taken; /* of 10 bytes each */
    } cases[] = {{1, 1}, {42, 1}, {83, 1}, {84, 2}, {419, 9}, {420, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raft_config config = harness_config(1);
        struct harness h;
        config.max_uncommitted_bytes = cases[i].max_bytes;
        start_leader(&h, &config);
        for (uint64_t round = 0, last = 1; round < 3; round++) {
            for (uint64_t k = 0; k < cases[i].n_taken; k++) {
                harness_propose(&h, k, "0123456789");
                cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
            }
            harness_propose(&h, 99, "0123456789");
            cr_assert(harness_was_rejected(&h, RAFT_BUSY), "%zu", i);
            last += cases[i].n_taken;
            cr_assert_eq(harness_view(&h).last.index, last);
            harness_written(&h);
            harness_propose(&h, 99, "0123456789"); /* durable is not enough */
            cr_assert(harness_was_rejected(&h, RAFT_BUSY), "%zu", i);
            match(&h, last);
            cr_assert_eq(harness_view(&h).commit_index, last);
        }
        harness_free(&h);
    }
}

/* Each commit makes as much room as it commits. */
Test(raft_flow, room_is_made_entry_by_entry)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.max_uncommitted_bytes = 4 * (32 + 10);
    start_leader(&h, &config);
    for (uint64_t k = 0; k < 4; k++)
        harness_propose(&h, k, "0123456789");
    for (uint64_t index = 2; index < 30; index++) {
        harness_propose(&h, 99, "x");
        cr_assert(harness_was_rejected(&h, RAFT_BUSY));
        harness_written(&h);
        match(&h, index);
        harness_propose(&h, 99, "0123456789");
        cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    }
    harness_free(&h);
}

/* A new leader counts what its predecessors left: it is under way as well. */
Test(raft_flow, what_was_left_uncommitted_counts)
{
    static const uint64_t terms[] = {1, 1, 1}; /* 8 bytes each */
    struct raft_config config = harness_config(1);
    struct raft_message yes = harness_append_success(2, 4);
    struct harness h;
    config.max_uncommitted_bytes = 3 * (32 + 8) + 32 + 6;
    harness_init(&h, &config, 3);
    harness_preload(&h, 1, RAFT_NONE, terms, 3);
    harness_boot(&h);
    harness_elect(&h);
    harness_written(&h);
    harness_propose(&h, 1, "0123456");
    cr_assert(harness_was_rejected(&h, RAFT_BUSY));
    harness_propose(&h, 2, "012345");
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    harness_propose(&h, 3, "x");
    cr_assert(harness_was_rejected(&h, RAFT_BUSY));
    harness_receive(&h, 2, &yes);
    cr_assert_eq(harness_view(&h).commit_index, 4);
    for (int k = 0; k < 3; k++) { /* as much as was committed */
        harness_propose(&h, 4, "01234567");
        cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    }
    harness_propose(&h, 5, "");
    cr_assert(harness_was_rejected(&h, RAFT_BUSY));
    harness_free(&h);
}
