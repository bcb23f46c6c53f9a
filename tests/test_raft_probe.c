/* How a leader finds where a follower's log agrees, and keeps sending: paper,
 * 5.3; dissertation, 10.2.1. One message while it is not known, many once it
 * is, and back where messages are refused. Answers may be lost, late, doubled
 * and out of order. The harness holds every step to the contract of raft/raft.h
 * besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t log_terms[] = {1, 1, 1, 1, 1, 1, 1, 1};

/* Server 1 of 3 leads term 2; its no-op is entry 9, and durable. */
static void start_leader(struct harness *h, const struct raft_config *config)
{
    harness_init(h, config, 3);
    harness_preload(h, 1, RAFT_NONE, log_terms, 8);
    harness_boot(h);
    harness_elect(h);
}

static struct raft_message last_to(const struct harness *h, raft_id to)
{
    struct raft_message m;
    cr_assert_not_null(harness_sent(h, to, RAFT_MESSAGE_APPEND_REQUEST, &m));
    return m;
}

static size_t count_to(const struct harness *h, raft_id to)
{
    return harness_sent_count(h, to, RAFT_MESSAGE_APPEND_REQUEST);
}

/* Server 2 answers to what bore this sequence. */
static void accepts(struct harness *h, uint64_t index, uint64_t sequence)
{
    struct raft_message m = harness_append_success(2, index);
    m.append_response.sequence = sequence;
    harness_receive(h, 2, &m);
}

static void refuses(struct harness *h, uint64_t rejected, uint64_t end,
                    uint64_t sequence)
{
    struct raft_message m = harness_append_failure(2, rejected, 0, end);
    m.append_response.sequence = sequence;
    harness_receive(h, 2, &m);
}

static void check(const struct harness *h, enum raft_progress_state state,
                  uint64_t match_index, uint64_t next_index)
{
    struct raft_progress progress = harness_progress(h, 2);
    cr_assert_eq(progress.state, state);
    cr_assert_eq(progress.match_index, match_index);
    cr_assert_eq(progress.next_index, next_index);
}

/* While it is not known where the logs agree, one message is on its way,
 * whatever is proposed; heartbeats probe as well. */
Test(raft_probe, one_message_at_a_time)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.max_entries_per_message = 2;
    start_leader(&h, &config);
    check(&h, RAFT_PROBE, 0, 9);
    for (uint64_t i = 0; i < 10; i++) {
        harness_propose(&h, i, "x");
        cr_assert_eq(count_to(&h, 2), 0);
    }
    harness_timer(&h);
    cr_assert_eq(count_to(&h, 2), 1);
    struct raft_message beat = last_to(&h, 2);
    cr_assert_eq(beat.append_request.n_entries, 0);
    cr_assert_eq(beat.append_request.prev.index, 8);
    refuses(&h, 8, 5, beat.append_request.sequence);
    check(&h, RAFT_PROBE, 0, 5);
    cr_assert_eq(count_to(&h, 2), 1);
    cr_assert_eq(last_to(&h, 2).append_request.prev.index, 4);
    harness_propose(&h, 10, "x");
    cr_assert_eq(count_to(&h, 2), 0);
    harness_free(&h);
}

/* "Once it is known, the leader can send several at once" (10.2.1), and each
 * new entry at once. */
Test(raft_probe, then_messages_follow_each_other)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    config.max_entries_per_message = 2;
    config.max_inflight_messages = 3;
    start_leader(&h, &config);
    refuses(&h, 8, 1, 0);
    cr_assert_eq(count_to(&h, 2), 1);
    cr_assert_eq(last_to(&h, 2).append_request.n_entries, 2);
    accepts(&h, 2, 0);
    cr_assert_eq(count_to(&h, 2), 3); /* 3 to 8 */
    check(&h, RAFT_REPLICATE, 2, 9);
    accepts(&h, 8, 0);
    cr_assert_eq(count_to(&h, 2), 1); /* the no-op */
    check(&h, RAFT_REPLICATE, 8, 10);
    harness_propose(&h, 1, "x");
    cr_assert_eq(last_to(&h, 2).append_request.prev.index, 9);
    harness_propose(&h, 2, "x");
    cr_assert_eq(last_to(&h, 2).append_request.prev.index, 10);
    check(&h, RAFT_REPLICATE, 8, 12);
    harness_free(&h);
}

/* Server 2 has everything up to the no-op; then so many commands go to it. */
static uint64_t start_replicating(struct harness *h, int n_commands)
{
    struct raft_config config = harness_config(1);
    uint64_t first = 0;
    start_leader(h, &config);
    accepts(h, 9, 0);
    for (int i = 0; i < n_commands; i++) {
        harness_propose(h, 1, "x");
        if (i == 0)
            first = last_to(h, 2).append_request.sequence;
    }
    check(h, RAFT_REPLICATE, 9, 10 + (uint64_t)n_commands);
    return first;
}

/* A refusal of something that was sent since then means that something before
 * it was lost: from the end of what it has, one message at a time again. */
Test(raft_probe, a_refusal_leads_back_to_probing)
{
    struct harness h;
    uint64_t first = start_replicating(&h, 5);
    refuses(&h, 12, 10, first + 3);
    check(&h, RAFT_PROBE, 9, 10);
    cr_assert_eq(count_to(&h, 2), 1);
    cr_assert_eq(last_to(&h, 2).append_request.prev.index, 9);
    cr_assert_eq(last_to(&h, 2).append_request.n_entries, 5);
    harness_propose(&h, 1, "x");
    cr_assert_eq(count_to(&h, 2), 0);
    accepts(&h, 14, 0);
    check(&h, RAFT_REPLICATE, 14, 16);
    harness_free(&h);
}

/* The other messages of the same window are refused too, each for the same
 * loss: what they say is known by then, and says nothing of the new probe. */
Test(raft_probe, the_other_refusals_of_a_window_are_stale)
{
    struct harness h;
    uint64_t first = start_replicating(&h, 5);
    refuses(&h, 10, 10, first + 1);
    uint64_t probe = last_to(&h, 2).append_request.sequence;
    cr_assert_gt(probe, first + 4);
    for (uint64_t i = 2; i < 5; i++) {
        refuses(&h, 9 + i, 10, first + i);
        cr_assert_eq(count_to(&h, 2), 0);
        check(&h, RAFT_PROBE, 9, 10);
    }
    accepts(&h, 14, probe);
    check(&h, RAFT_REPLICATE, 14, 15);
    for (uint64_t i = 1; i < 5; i++) { /* doubled on the way */
        refuses(&h, 9 + i, 10, first + i);
        cr_assert_eq(count_to(&h, 2), 0);
        check(&h, RAFT_REPLICATE, 14, 15);
    }
    harness_free(&h);
}

/* A probe that was refused is not refused again by an older refusal of the same
 * place: the follower may have got it since. */
Test(raft_probe, an_old_refusal_of_the_same_place_is_stale)
{
    struct raft_config config = harness_config(1);
    struct harness h;
    start_leader(&h, &config);
    harness_timer(&h);
    uint64_t beat = last_to(&h, 2).append_request.sequence;
    refuses(&h, 8, 6, beat - 1);
    check(&h, RAFT_PROBE, 0, 6);
    accepts(&h, 5, 0);
    check(&h, RAFT_REPLICATE, 5, 10);
    harness_timer(&h);
    uint64_t later = last_to(&h, 2).append_request.sequence;
    refuses(&h, 8, 6, beat);
    check(&h, RAFT_REPLICATE, 5, 10);
    cr_assert_eq(count_to(&h, 2), 0);
    refuses(&h, 9, 6, later);
    check(&h, RAFT_PROBE, 5, 6);
    cr_assert_eq(count_to(&h, 2), 1);
    harness_free(&h);
}

/* While probing, too: what was sent before the probing began was refused for
 * what lacked then. */
Test(raft_probe, an_old_refusal_of_the_probed_place_is_stale)
{
    struct harness h;
    uint64_t first = start_replicating(&h, 5);
    refuses(&h, 12, 12, first + 3);
    check(&h, RAFT_PROBE, 9, 12);
    refuses(&h, 11, 10, first + 2);
    check(&h, RAFT_PROBE, 9, 12);
    cr_assert_eq(count_to(&h, 2), 0);
    harness_free(&h);
}

/* What a follower has acknowledged it has: no refusal leads before that, and no
 * late success takes it back. */
Test(raft_probe, what_matches_stays_so)
{
    struct harness h;
    uint64_t first = start_replicating(&h, 5);
    accepts(&h, 12, first + 2);
    accepts(&h, 10, first);
    check(&h, RAFT_REPLICATE, 12, 15);
    accepts(&h, 0, first + 3);
    check(&h, RAFT_REPLICATE, 12, 15);
    refuses(&h, 11, 1, first + 4);
    refuses(&h, 12, 1, first + 4);
    check(&h, RAFT_REPLICATE, 12, 15);
    refuses(&h, 13, 1, first + 4);
    check(&h, RAFT_PROBE, 12, 13);
    harness_free(&h);
}

/* Beyond the own log nothing matches, whoever says so. */
Test(raft_probe, no_answer_reaches_beyond_the_log)
{
    struct harness h;
    uint64_t first = start_replicating(&h, 2);
    h.forged = true;
    accepts(&h, 12, first);
    check(&h, RAFT_REPLICATE, 9, 12);
    refuses(&h, 12, 10, first + 1);
    check(&h, RAFT_REPLICATE, 9, 12);
    harness_free(&h);
}

/* Nothing is sent again while it is on its way, and all is that was lost: the
 * next heartbeat finds it missing. */
Test(raft_probe, a_lost_window_is_found_by_a_heartbeat)
{
    struct harness h;
    start_replicating(&h, 5);
    harness_timer(&h);
    cr_assert_eq(count_to(&h, 2), 1);
    cr_assert_eq(last_to(&h, 2).append_request.n_entries, 0);
    refuses(&h, last_to(&h, 2).append_request.prev.index, 10, 0);
    cr_assert_eq(last_to(&h, 2).append_request.prev.index, 9);
    cr_assert_eq(last_to(&h, 2).append_request.n_entries, 5);
    harness_free(&h);
}

/* Two servers over a link that loses, doubles and reorders: the follower gets
 * every entry, and the leader is not deafened by late answers. */
Test(raft_probe, every_entry_arrives_over_a_bad_link)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct harness nodes[2], *all[2] = {&nodes[0], &nodes[1]};
        uint64_t random = seed * 7919, n_sent = 0;
        for (size_t i = 0; i < 2; i++) {
            struct raft_config config = harness_config(i + 1);
            config.max_entries_per_message = 1 + (uint32_t)seed % 3;
            config.max_inflight_messages = 1 + (uint32_t)seed % 5;
            harness_start(all[i], &config, 2);
        }
        harness_elect(all[0]);
        for (int step = 0; step < 1500; step++) {
            if (step % 25 == 0 && step < 1000)
                harness_propose(all[0], 1, "x");
            if (step % 10 == 0)
                harness_timer(all[0]);
            for (size_t i = 0; i < 2; i++) {
                struct harness *from = all[i], *to = all[1 - i];
                harness_written(from);
                random = random * UINT64_C(6364136223846793005) + 1442695;
                if (from->n_outbox == 0)
                    continue;
                size_t at = (random >> 33) % from->n_outbox;
                struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                                           .now_us = to->now_us,
                                           .message = {i + 1,
                                                       from->outbox[at].bytes,
                                                       from->outbox[at].size}};
                n_sent++;
                if ((random >> 45) % 4 > 0)
                    cr_assert_eq(harness_step(to, &input), RAFT_OK);
                if ((random >> 50) % 4 > 0) { /* else it comes again */
                    free(from->outbox[at].bytes);
                    from->outbox[at] = from->outbox[--from->n_outbox];
                }
            }
        }
        harness_clear_outbox(all[0]);
        harness_clear_outbox(all[1]);
        harness_timer(all[0]);
        harness_exchange(all, 2);
        cr_assert_eq(harness_view(all[0]).commit_index, 41);
        cr_assert_eq(harness_view(all[1]).last.index, 41);
        cr_assert_gt(n_sent, 100);
        harness_free(all[0]);
        harness_free(all[1]);
    }
}
