/* Log replication, rule by rule: Raft paper, Figure 2, 5.3, 5.4 and Figures 7
 * and 8; dissertation, 6.4 and 10.2.1. The harness holds every step to the
 * contract of raft/raft.h besides. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void start(struct harness *h, raft_id id, uint32_t n_voters,
                  uint64_t current_term, const uint64_t *terms, uint64_t n)
{
    struct raft_config config = harness_config(id);
    harness_init(h, &config, n_voters);
    harness_preload(h, current_term, RAFT_NONE, terms, n);
    harness_boot(h);
}

/* A leader of `n_voters` in current_term + 1; its no-op is durable. */
static void start_leader(struct harness *h, uint32_t n_voters,
                         uint64_t current_term, const uint64_t *terms,
                         uint64_t n)
{
    start(h, 1, n_voters, current_term, terms, n);
    harness_elect(h);
    harness_written(h);
}

static struct raft_entry command(uint64_t term, const char *text)
{
    return (struct raft_entry){.term = term,
                               .data = (const uint8_t *)text,
                               .size = (uint32_t)strlen(text),
                               .kind = RAFT_ENTRY_COMMAND};
}

static struct raft_message answer(const struct harness *h, raft_id to)
{
    struct raft_message m;
    cr_assert_eq(harness_sent_count(h, to, RAFT_MESSAGE_APPEND_RESPONSE), 1);
    harness_sent(h, to, RAFT_MESSAGE_APPEND_RESPONSE, &m);
    return m;
}

static void check_terms(const struct harness *h, const uint64_t *terms,
                        uint64_t n)
{
    cr_assert_eq(harness_view(h).last.index, n);
    for (uint64_t i = 0; i < n; i++)
        cr_assert_eq(raft_entry_at(h->raft, i + 1)->term, terms[i]);
}

/* Delivers between two servers until quiet; returns how many AppendEntries were
 * refused. Writes finish at once. */
static uint64_t replicate(struct harness *leader, struct harness *follower)
{
    struct harness *ends[] = {leader, follower};
    uint64_t n_refused = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < 2; i++) {
            struct harness *from = ends[i], *to = ends[1 - i];
            struct harness_letter letter;
            struct raft_message m;
            harness_written(from);
            if (!harness_take(from, &letter))
                continue;
            moved = true;
            cr_assert(raft_message_decode(letter.bytes, letter.size, &m));
            n_refused += m.kind == RAFT_MESSAGE_APPEND_RESPONSE &&
                         !m.append_response.success;
            if (letter.to == to->config.id) {
                struct raft_input input = {
                    .kind = RAFT_INPUT_MESSAGE,
                    .now_us = to->now_us,
                    .message = {from->config.id, letter.bytes, letter.size}};
                cr_assert_eq(harness_step(to, &input), RAFT_OK);
            }
            free(letter.bytes);
        }
    }
    return n_refused;
}

static void check_same_log(const struct harness *a, const struct harness *b)
{
    uint64_t last = harness_view(a).last.index;
    cr_assert_eq(harness_view(b).last.index, last);
    for (uint64_t i = 1; i <= last; i++)
        cr_assert(harness_same_entry(raft_entry_at(a->raft, i),
                                     raft_entry_at(b->raft, i)));
}

/* --- the follower's side (5.3) -------------------------------------------- */

/* Figure 2, AppendEntries 2 and 5.3: the entry before the new ones must match
 * in term. A refusal names the term found there and where that term begins, or
 * the end of a log that is too short. */
Test(raft_replication, the_entry_before_must_match)
{
    static const uint64_t terms[] = {1, 1, 2, 2, 2, 4};
    static const struct {
        struct raft_position prev;
        bool success;
        struct raft_position conflict;
    } cases[] = {
        {{0, 0}, true, {0, 0}},  {{1, 1}, true, {0, 0}},
        {{1, 2}, true, {0, 0}},  {{2, 3}, true, {0, 0}},
        {{2, 5}, true, {0, 0}},  {{4, 6}, true, {0, 0}},
        {{2, 1}, false, {1, 1}}, {{2, 2}, false, {1, 1}},
        {{1, 3}, false, {2, 3}}, {{4, 4}, false, {2, 3}},
        {{5, 5}, false, {2, 3}}, {{1, 5}, false, {2, 3}},
        {{5, 6}, false, {4, 6}}, {{2, 6}, false, {4, 6}},
        {{4, 7}, false, {0, 7}}, {{5, 99}, false, {0, 7}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        start(&h, 1, 3, 5, terms, 6);
        struct raft_message m = harness_append(5, cases[i].prev.term,
                                               cases[i].prev.index, 0, NULL, 0);
        harness_receive(&h, 2, &m);
        m = answer(&h, 2);
        cr_assert_eq(m.term, 5);
        cr_assert_eq(m.append_response.success, cases[i].success, "%zu", i);
        cr_assert_eq(m.append_response.match_index,
                     cases[i].success ? cases[i].prev.index : 0);
        cr_assert_eq(m.append_response.rejected,
                     cases[i].success ? 0 : cases[i].prev.index);
        cr_assert_eq(m.append_response.conflict.term, cases[i].conflict.term,
                     "%zu", i);
        cr_assert_eq(m.append_response.conflict.index, cases[i].conflict.index,
                     "%zu", i);
        check_terms(&h, terms, 6);
        cr_assert_eq(harness_view(&h).commit_index, 0);
        cr_assert_eq(harness_view(&h).leader, 2);
        harness_free(&h);
    }
}

/* Figure 2, AppendEntries 3 and 4: new entries are appended, entries that are
 * there already stay, and a conflict removes the entry and all after it, once
 * and from exactly there. */
Test(raft_replication, only_a_real_conflict_truncates)
{
    static const uint64_t terms[] = {1, 1, 2, 2, 2, 4};
    static const struct {
        struct raft_position prev;
        uint64_t n, entries[4];
        uint64_t truncate_from, n_written; /* in the write; 0, 0: no write */
        uint64_t n_after, after[10];
    } cases[] = {
        /* all there: a duplicate */
        {{1, 2}, 3, {2, 2, 2}, 0, 0, 6, {1, 1, 2, 2, 2, 4}},
        {{0, 0}, 1, {1}, 0, 0, 6, {1, 1, 2, 2, 2, 4}},
        {{2, 5}, 1, {4}, 0, 0, 6, {1, 1, 2, 2, 2, 4}},
        /* new at the end, partly there */
        {{4, 6}, 2, {5, 5}, 0, 2, 8, {1, 1, 2, 2, 2, 4, 5, 5}},
        {{2, 4}, 4, {2, 4, 4, 5}, 0, 2, 8, {1, 1, 2, 2, 2, 4, 4, 5}},
        /* conflicts */
        {{2, 5}, 1, {5}, 6, 1, 6, {1, 1, 2, 2, 2, 5}},
        {{1, 2}, 2, {2, 3}, 4, 1, 4, {1, 1, 2, 3}},
        {{0, 0}, 4, {1, 1, 2, 5}, 4, 1, 4, {1, 1, 2, 5}},
        {{0, 0}, 2, {5, 5}, 1, 2, 2, {5, 5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h, source;
        struct raft_entry entries[4];
        start(&h, 1, 3, 5, terms, 6);
        /* entries as the preload makes them, so that equal positions are equal
         * entries */
        start(&source, 2, 3, 5, cases[i].after, cases[i].n_after);
        for (uint64_t j = 0; j < cases[i].n; j++) {
            uint64_t index = cases[i].prev.index + 1 + j;
            const struct raft_entry *at = raft_entry_at(source.raft, index);
            entries[j] = *at;
            cr_assert_eq(at->term, cases[i].entries[j]);
        }
        struct raft_message m =
            harness_append(5, cases[i].prev.term, cases[i].prev.index, 0,
                           entries, (uint32_t)cases[i].n);
        harness_receive(&h, 2, &m);
        struct raft_message a = answer(&h, 2);
        cr_assert(a.append_response.success);
        cr_assert_eq(a.append_response.match_index,
                     cases[i].prev.index + cases[i].n);
        const struct raft_output *write = harness_output(&h, RAFT_OUTPUT_WRITE);
        if (cases[i].n_written == 0) {
            cr_assert_null(write);
        } else {
            cr_assert_not_null(write);
            cr_assert_eq(write->write.truncate_from, cases[i].truncate_from);
            cr_assert_eq(write->write.n_entries, cases[i].n_written);
        }
        check_terms(&h, cases[i].after, cases[i].n_after);
        harness_written(&h);
        harness_receive(&h, 2, &m); /* a duplicate of it changes nothing */
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
        check_terms(&h, cases[i].after, cases[i].n_after);
        harness_free(&source);
        harness_free(&h);
    }
}

/* 5.3: an acknowledgement covers what this request proved, not a tail that the
 * leader may not have. */
Test(raft_replication, an_acknowledgement_ends_where_the_request_does)
{
    static const uint64_t terms[] = {1, 1, 2, 2, 2, 4};
    struct harness h;
    start(&h, 1, 3, 5, terms, 6);
    struct raft_message m = harness_append(5, 1, 2, 0, NULL, 0);
    harness_receive(&h, 2, &m);
    cr_assert_eq(answer(&h, 2).append_response.match_index, 2);
    harness_free(&h);
}

/* Figure 2, AppendEntries 5: commit is the least of leaderCommit and the last
 * entry that this request covered; it never goes back. */
Test(raft_replication, a_follower_commits_only_what_the_request_covered)
{
    static const uint64_t terms[] = {1, 1, 2, 2, 2, 4};
    static const struct {
        struct raft_position prev;
        uint64_t leader_commit, commit;
    } steps[] = {
        {{0, 0}, 6, 0}, {{1, 2}, 1, 1}, {{1, 2}, 6, 2}, {{1, 1}, 6, 2},
        {{2, 5}, 4, 4}, {{2, 5}, 3, 4}, {{5, 6}, 6, 4}, {{4, 6}, 99, 6},
    };
    struct harness h;
    start(&h, 1, 3, 5, terms, 6);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct raft_message m =
            harness_append(5, steps[i].prev.term, steps[i].prev.index,
                           steps[i].leader_commit, NULL, 0);
        harness_receive(&h, 2, &m);
        cr_assert_eq(harness_view(&h).commit_index, steps[i].commit, "%zu", i);
        cr_assert_eq(harness_view(&h).last_applied, steps[i].commit, "%zu", i);
    }
    harness_free(&h);
}

/* The acknowledgement waits for the write that it speaks of (Figure 2:
 * "updated on stable storage before responding"); a heartbeat's need not. */
Test(raft_replication, an_acknowledgement_waits_for_its_write)
{
    struct harness h;
    start(&h, 1, 3, 5, NULL, 0);
    struct raft_entry e = command(5, "a");
    struct raft_message m = harness_append(5, 0, 0, 0, &e, 1);
    struct raft_message got;
    harness_receive(&h, 2, &m);
    uint64_t id = harness_output(&h, RAFT_OUTPUT_WRITE)->write.id;
    cr_assert_eq(harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &got)
                     ->send.after_write,
                 id);
    /* a duplicate that arrives before the write is durable waits as well */
    harness_receive(&h, 2, &m);
    cr_assert_eq(harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &got)
                     ->send.after_write,
                 id);
    struct harness_letter letter;
    cr_assert_not(harness_take(&h, &letter));
    harness_written(&h);
    cr_assert(harness_take(&h, &letter));
    free(letter.bytes);
    harness_free(&h);
}

/* Entries are applied once they are committed and durable here, whichever comes
 * first, in order and once. */
Test(raft_replication, a_follower_applies_what_is_committed_and_durable)
{
    struct harness h;
    start(&h, 1, 3, 5, NULL, 0);
    struct raft_entry e[] = {command(5, "a"), command(5, "b"), command(5, "c")};
    struct raft_message m = harness_append(5, 0, 0, 2, e, 3);
    harness_receive(&h, 2, &m);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    cr_assert_eq(harness_view(&h).durable_index, 0);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_APPLY), 0);
    harness_written(&h);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_APPLY), 1);
    cr_assert_eq(harness_view(&h).last_applied, 2);
    m = harness_append(5, 5, 3, 3, NULL, 0);
    harness_receive(&h, 2, &m);
    cr_assert_eq(harness_view(&h).last_applied, 3);
    harness_receive(&h, 2, &m);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_APPLY), 0);
    harness_free(&h);
}

/* --- the leader's side: bringing a log in line (5.3) ---------------------- */

/* Paper, Figure 7: the six logs a new leader of term 8 may meet. Each becomes
 * the leader's, and what it had alone is gone. */
Test(raft_replication, figure_7)
{
    static const uint64_t top[] = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
    static const struct {
        uint64_t n, terms[12];
    } logs[] = {
        {9, {1, 1, 1, 4, 4, 5, 5, 6, 6}},
        {4, {1, 1, 1, 4}},
        {11, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}},
        {12, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}},
        {7, {1, 1, 1, 4, 4, 4, 4}},
        {11, {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}},
    };
    for (int limit = 0; limit < 2; limit++) {
        struct harness nodes[7], *all[7];
        struct raft_config config = harness_config(1);
        if (limit == 1) { /* one entry at a time gets there too */
            config.max_entries_per_message = 1;
            config.max_inflight_messages = 1;
        }
        for (size_t i = 0; i < 7; i++) {
            all[i] = &nodes[i];
            config.id = i + 1;
            harness_init(all[i], &config, 7);
            if (i == 0)
                harness_preload(all[0], 7, RAFT_NONE, top, 10);
            else
                harness_preload(all[i], 7, RAFT_NONE, logs[i - 1].terms,
                                logs[i - 1].n);
            harness_boot(all[i]);
        }
        harness_elect(all[0]);
        cr_assert_eq(harness_view(all[0]).hard_state.current_term, 8);
        harness_exchange(all, 7);
        cr_assert_eq(harness_view(all[0]).commit_index, 11);
        harness_timer(all[0]); /* a heartbeat carries the commit index */
        harness_exchange(all, 7);
        for (size_t i = 0; i < 7; i++) {
            check_same_log(all[0], all[i]);
            cr_assert_eq(harness_view(all[i]).last.index, 11);
            cr_assert_eq(harness_view(all[i]).commit_index, 11);
            cr_assert_eq(harness_view(all[i]).last_applied, 11);
        }
        for (size_t i = 0; i < 7; i++)
            harness_free(all[i]);
    }
}

/* 5.3, the fast back-off: a refusal skips a whole conflicting term, or the
 * whole gap of a short log; not one entry a round trip. */
Test(raft_replication, back_off_costs_a_round_trip_per_conflicting_term)
{
    static const struct {
        uint64_t n_shared;                    /* entries of term 1 */
        uint64_t leader_runs, leader_run;     /* then runs of odd terms */
        uint64_t follower_runs, follower_run; /* and of even ones */
        uint64_t at_most;
    } cases[] = {
        {10, 1, 100, 1, 100, 3}, {10, 1, 1, 1, 100, 3},  {10, 1, 100, 0, 0, 3},
        {0, 1, 100, 0, 0, 3},    {0, 1, 100, 1, 100, 3}, {10, 5, 20, 5, 20, 7},
        {10, 1, 100, 5, 20, 7},  {10, 5, 20, 1, 100, 7}, {10, 0, 0, 1, 100, 3},
        {110, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t terms[2][220];
        uint64_t n[2] = {0, 0};
        uint64_t runs[2] = {cases[i].leader_runs, cases[i].follower_runs};
        uint64_t run[2] = {cases[i].leader_run, cases[i].follower_run};
        for (uint64_t end = 0; end < 2; end++) {
            while (n[end] < cases[i].n_shared)
                terms[end][n[end]++] = 1;
            for (uint64_t r = 0; r < runs[end]; r++)
                for (uint64_t k = 0; k < run[end]; k++)
                    terms[end][n[end]++] = 2 * r + 3 - end;
        }
        struct harness leader, follower;
        start(&follower, 2, 3, 20, terms[1], n[1]);
        start(&leader, 1, 3, 20, terms[0], n[0]);
        harness_elect(&leader);
        uint64_t n_refused = replicate(&leader, &follower);
        cr_assert_leq(n_refused, cases[i].at_most, "case %zu: %u", i,
                      (unsigned)n_refused);
        check_same_log(&leader, &follower);
        harness_free(&leader);
        harness_free(&follower);
    }
}

/* 5.3: "the leader retries AppendEntries indefinitely": what the network lost
 * goes out again by the heartbeats, also when the window was full. */
Test(raft_replication, lost_entries_are_recovered_by_heartbeats)
{
    for (uint32_t window = 1; window <= 9; window += 4) {
        struct harness leader, follower;
        struct raft_config config = harness_config(1);
        config.max_inflight_messages = window;
        config.max_entries_per_message = 2;
        harness_start(&leader, &config, 3);
        config.id = 2;
        harness_start(&follower, &config, 3);
        harness_elect(&leader);
        for (uint64_t tag = 0; tag < 50; tag++) {
            harness_propose(&leader, tag, "lost");
            if (tag == 20)
                replicate(&leader, &follower);
            else
                harness_clear_outbox(&leader);
        }
        harness_clear_outbox(&leader);
        for (int beat = 0; beat < 60; beat++) {
            harness_timer(&leader);
            if (beat % 3 == 0)
                harness_clear_outbox(&leader); /* and heartbeats are lost */
            replicate(&leader, &follower);
        }
        check_same_log(&leader, &follower);
        cr_assert_eq(harness_view(&leader).commit_index, 51);
        cr_assert_eq(harness_view(&follower).commit_index, 51);
        cr_assert_eq(harness_view(&leader).hard_state.current_term, 1);
        harness_free(&leader);
        harness_free(&follower);
    }
}

/* Limits of one message: by entries, by payload bytes; an entry above the byte
 * limit travels alone (the harness looks at every message as well). */
Test(raft_replication, batches_keep_to_the_limits)
{
    static const struct {
        uint32_t max_entries, max_bytes;
    } limits[] = {{1, 1000}, {7, 100000}, {64, 1}, {64, 24}, {3, 20}, {64, 8}};
    static const char *const payloads[] = {
        "",         "1",         "four",
        "eight by", "nine byte", "a payload of more than 24 b"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct harness leader, follower;
        struct raft_config config = harness_config(1);
        config.max_entries_per_message = limits[i].max_entries;
        config.max_bytes_per_message = limits[i].max_bytes;
        config.max_inflight_messages = 3;
        harness_start(&leader, &config, 3);
        config.id = 2;
        harness_start(&follower, &config, 3);
        harness_elect(&leader);
        for (uint64_t tag = 0; tag < 100; tag++) {
            harness_propose(&leader, tag, payloads[(tag * 7 + tag / 5) % 6]);
            if (tag < 60)
                harness_clear_outbox(&leader);
        }
        for (int beat = 0; beat < 10; beat++) {
            harness_timer(&leader);
            replicate(&leader, &follower);
        }
        check_same_log(&leader, &follower);
        cr_assert_eq(harness_view(&follower).last.index, 101);
        harness_free(&leader);
        harness_free(&follower);
    }
}

/* At most max_inflight_messages AppendEntries with entries are on their way to
 * one follower that does not answer, however much is proposed. */
Test(raft_replication, the_window_bounds_what_is_on_its_way)
{
    for (uint32_t window = 1; window <= 16; window *= 2) {
        struct harness h;
        struct raft_config config = harness_config(1);
        config.max_inflight_messages = window;
        harness_start(&h, &config, 3);
        harness_elect(&h);
        harness_written(&h);
        struct raft_message ok = harness_append_success(1, 1);
        harness_clear_outbox(&h);
        harness_receive(&h, 2, &ok);
        for (uint64_t tag = 0; tag < 100; tag++)
            harness_propose(&h, tag, "x");
        harness_written(&h);
        uint32_t n[4] = {0};
        struct harness_letter letter;
        while (harness_take(&h, &letter)) {
            struct raft_message m;
            cr_assert(raft_message_decode(letter.bytes, letter.size, &m));
            n[letter.to] += m.append_request.n_entries > 0;
            free(letter.bytes);
        }
        cr_assert_geq(n[2], 1);
        cr_assert_leq(n[2], window);
        cr_assert_leq(n[3], window);
        harness_free(&h);
    }
}

/* And at most max_inflight_bytes of payload; but one message always. */
Test(raft_replication, the_window_bounds_bytes_as_well)
{
    static const struct {
        uint64_t max_bytes, on_their_way; /* commands of 10 bytes */
    } cases[] = {{1, 1},  {9, 1},  {10, 1},   {19, 1},
                 {20, 2}, {45, 4}, {1000, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        config.max_inflight_messages = 1000;
        config.max_inflight_bytes = cases[i].max_bytes;
        harness_start(&h, &config, 3);
        harness_elect(&h);
        harness_written(&h);
        struct raft_message m = harness_append_success(1, 1);
        harness_receive(&h, 2, &m);
        uint64_t n_sent = 0;
        for (uint64_t tag = 0; tag < 20; tag++) {
            harness_propose(&h, tag, "ten bytes.");
            n_sent += harness_sent_count(&h, 2, RAFT_MESSAGE_APPEND_REQUEST);
        }
        cr_assert_eq(n_sent, cases[i].on_their_way, "case %zu: %u", i,
                     (unsigned)n_sent);
        m = harness_append_success(1, 2); /* one of them arrived */
        harness_receive(&h, 2, &m);
        n_sent = harness_sent_count(&h, 2, RAFT_MESSAGE_APPEND_REQUEST);
        cr_assert_eq(n_sent, cases[i].on_their_way < 20 ? 1 : 0);
        harness_free(&h);
    }
}

/* What a leader takes before it is committed is bounded, each command with 32
 * bytes more; one command is always taken. */
Test(raft_replication, uncommitted_bytes_are_bounded)
{
    static const struct {
        uint64_t max_bytes, taken; /* commands of 10 bytes */
    } cases[] = {{1, 1}, {42, 1}, {83, 1}, {84, 2}, {220, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        config.max_uncommitted_bytes = cases[i].max_bytes;
        harness_start(&h, &config, 3);
        harness_elect(&h);
        harness_written(&h);
        for (uint64_t round = 0; round < 3; round++) {
            for (uint64_t k = 0; k < 10; k++) {
                harness_propose(&h, k, "ten bytes.");
                cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED),
                             k < cases[i].taken ? 1 : 0);
                cr_assert_eq(harness_was_rejected(&h, RAFT_BUSY),
                             k >= cases[i].taken);
            }
            harness_written(&h);
            struct raft_message m =
                harness_append_success(1, harness_view(&h).last.index);
            harness_receive(&h, 2, &m);
            cr_assert_eq(harness_view(&h).commit_index,
                         1 + (round + 1) * cases[i].taken);
        }
        harness_free(&h);
    }
}

/* What leaders before it took counts as well: it is still under way. */
Test(raft_replication, inherited_bytes_count_as_uncommitted)
{
    static const uint64_t terms[] = {1, 1, 1}; /* of 8 bytes each */
    struct harness h;
    struct raft_config config = harness_config(1);
    config.max_uncommitted_bytes = 3 * (32 + 8) + 32 + 6;
    harness_init(&h, &config, 3);
    harness_preload(&h, 1, RAFT_NONE, terms, 3);
    harness_boot(&h);
    harness_elect(&h);
    harness_propose(&h, 1, "seven b");
    cr_assert(harness_was_rejected(&h, RAFT_BUSY));
    harness_propose(&h, 1, "six by");
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_ACCEPTED), 1);
    harness_free(&h);
}

/* Servers count their steps anew after a restart: a request of an older term is
 * answered as if it had no sequence, or a later leadership would take the
 * answer for one to what it sent itself (6.4). */
Test(raft_replication, an_old_requests_sequence_is_not_echoed)
{
    const struct raft_position place = {4, 9};
    struct harness h;
    struct raft_message got;
    start(&h, 1, 3, 5, NULL, 0);
    for (uint64_t term = 4; term <= 5; term++) {
        struct raft_message m = harness_append(term, 4, 9, 0, NULL, 0);
        m.append_request.sequence = 1000;
        harness_receive(&h, 2, &m);
        cr_assert(harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &got));
        cr_assert_eq(got.append_response.sequence, term < 5 ? 0 : 1000);
        m = harness_install(term, place, (const uint8_t *)"snapshot", 8, 0, 5);
        m.install_request.sequence = 1001;
        harness_receive(&h, 2, &m);
        cr_assert(harness_sent(&h, 2, RAFT_MESSAGE_INSTALL_RESPONSE, &got));
        cr_assert_eq(got.install_response.sequence, term < 5 ? 0 : 1001);
    }
    harness_free(&h);
}

/* --- committing (5.3, 5.4.2) ---------------------------------------------- */

/* 5.3: an entry is committed once a majority has it; the leader counts itself
 * only when its own write is durable (dissertation, 10.2.1). */
Test(raft_replication, the_leader_counts_itself_when_it_is_durable)
{
    struct harness h;
    start(&h, 1, 3, 0, NULL, 0);
    harness_elect(&h);
    struct raft_message ok = harness_append_success(1, 1);
    harness_receive(&h, 2, &ok);
    cr_assert_eq(harness_view(&h).commit_index, 0);
    harness_written(&h);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    cr_assert_eq(harness_view(&h).last_applied, 1);
    /* alone, its own disk is no majority */
    harness_propose(&h, 1, "x");
    harness_written(&h);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    harness_free(&h);
}

/* Dissertation, 10.2.1: a majority of followers may commit an entry before the
 * leader's own disk has it; it is not applied before. */
Test(raft_replication, followers_may_commit_ahead_of_the_leaders_disk)
{
    struct harness h;
    start(&h, 1, 3, 0, NULL, 0);
    harness_elect(&h);
    struct raft_message ok = harness_append_success(1, 1);
    harness_receive(&h, 2, &ok);
    harness_receive(&h, 3, &ok);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    cr_assert_eq(harness_view(&h).last_applied, 0);
    harness_written(&h);
    cr_assert_eq(harness_view(&h).last_applied, 1);
    harness_free(&h);
}

/* 5.3: a majority is n / 2 + 1 durable copies, for n of 1 to 9. */
Test(raft_replication, a_majority_commits_and_not_one_copy_less)
{
    for (uint32_t n = 1; n <= 9; n++) {
        struct harness h;
        start_leader(&h, n, 0, NULL, 0);
        struct raft_message ok = harness_append_success(1, 1);
        for (uint32_t copies = 1; copies < n / 2 + 1; copies++) {
            cr_assert_eq(harness_view(&h).commit_index, 0, "%u of %u", copies,
                         n);
            harness_receive(&h, copies + 1, &ok);
            harness_receive(&h, copies + 1, &ok); /* twice counts once */
        }
        cr_assert_eq(harness_view(&h).commit_index, 1, "of %u", n);
        harness_free(&h);
    }
}

/* Paper, Figure 8 and 5.4.2: entries of earlier terms are not committed by
 * counting, only with an entry of the leader's own term. */
Test(raft_replication, figure_8)
{
    static const uint64_t terms[] = {1, 2};
    struct harness h;
    start_leader(&h, 5, 3, terms, 2); /* S1 in (c), the leader of term 4 */
    struct raft_message old = harness_append_success(4, 2);
    for (raft_id from = 2; from <= 5; from++)
        harness_receive(&h, from, &old);
    cr_assert_eq(harness_view(&h).commit_index, 0);
    struct raft_message new = harness_append_success(4, 3);
    harness_receive(&h, 2, &new);
    cr_assert_eq(harness_view(&h).commit_index, 0);
    harness_receive(&h, 3, &new); /* (e) */
    cr_assert_eq(harness_view(&h).commit_index, 3);
    cr_assert_eq(harness_view(&h).last_applied, 3);
    harness_free(&h);
}

/* A late response does not lower what a follower is known to hold, and one
 * beyond the leader's log raises nothing. */
Test(raft_replication, reordered_responses_do_not_move_the_match_back)
{
    struct harness h;
    start_leader(&h, 5, 0, NULL, 0);
    for (uint64_t tag = 0; tag < 3; tag++)
        harness_propose(&h, tag, "x");
    harness_written(&h);
    struct raft_message far = harness_append_success(1, 99);
    struct raft_message four = harness_append_success(1, 4);
    struct raft_message one = harness_append_success(1, 1);
    struct raft_message refused = harness_append_failure(1, 2, 0, 1);
    for (raft_id from = 2; from <= 4; from++) {
        h.forged = true; /* no correct follower answers so */
        harness_receive(&h, from, &far);
        h.forged = false;
    }
    cr_assert_eq(harness_view(&h).commit_index, 0);
    harness_receive(&h, 2, &four);
    harness_receive(&h, 2, &one);
    harness_receive(&h, 2, &refused);
    harness_clear_outbox(&h);
    harness_receive(&h, 3, &four);
    cr_assert_eq(harness_view(&h).commit_index, 4);
    struct raft_message m; /* nothing below the match is sent again */
    harness_timer(&h);
    cr_assert_not_null(harness_sent(&h, 2, RAFT_MESSAGE_APPEND_REQUEST, &m));
    cr_assert_geq(m.append_request.prev.index, 4);
    harness_free(&h);
}

/* Figure 2: match indexes are initialised at each election: what a follower
 * acknowledged in an earlier leadership may have been replaced since. */
Test(raft_replication, matches_do_not_outlive_a_leadership)
{
    struct harness h;
    start_leader(&h, 5, 0, NULL, 0);
    for (uint64_t tag = 0; tag < 3; tag++)
        harness_propose(&h, tag, "x");
    harness_written(&h);
    struct raft_message four = harness_append_success(1, 4);
    harness_receive(&h, 2, &four);
    struct raft_entry noop = {.term = 2, .kind = RAFT_ENTRY_NOOP};
    struct raft_message other = harness_append(2, 0, 0, 0, &noop, 1);
    harness_receive(&h, 3, &other);
    harness_written(&h);
    cr_assert_eq(harness_view(&h).last.index, 1);
    harness_elect(&h);
    harness_written(&h);
    cr_assert_eq(harness_view(&h).last.index, 2);
    struct raft_message two =
        harness_append_success(harness_view(&h).hard_state.current_term, 2);
    harness_receive(&h, 3, &two); /* two copies of five */
    cr_assert_eq(harness_view(&h).commit_index, 0);
    harness_receive(&h, 4, &two);
    cr_assert_eq(harness_view(&h).commit_index, 2);
    harness_free(&h);
}

/* 5.1: acknowledgements of an older term, and of strangers, do not count. */
Test(raft_replication, only_this_terms_members_acknowledge)
{
    struct harness h;
    start(&h, 1, 3, 0, NULL, 0);
    harness_campaign(&h);
    harness_elect(&h);
    harness_written(&h);
    struct raft_message old = harness_append_success(1, 1);
    harness_receive(&h, 2, &old);
    cr_assert_eq(harness_view(&h).commit_index, 0);
    struct raft_message ok = harness_append_success(2, 1);
    uint8_t bytes[64];
    size_t size = raft_message_encode(&ok, bytes);
    const raft_id strangers[] = {0, 1, 4, 128, UINT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                                   .now_us = h.now_us,
                                   .message = {strangers[i], bytes, size}};
        harness_step(&h, &input);
        cr_assert_eq(harness_view(&h).commit_index, 0);
    }
    harness_receive(&h, 2, &ok);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    harness_free(&h);
}

/* --- proposals (5.3, 8) --------------------------------------------------- */

/* A leader appends, says where, makes it durable and sends it, in parallel. */
Test(raft_replication, a_leader_takes_proposals)
{
    struct harness h;
    start_leader(&h, 3, 0, NULL, 0);
    struct raft_message ok = harness_append_success(1, 1);
    harness_receive(&h, 2, &ok);
    harness_propose(&h, 77, "set x 1");
    const struct raft_output *accepted =
        harness_output(&h, RAFT_OUTPUT_ACCEPTED);
    cr_assert_not_null(accepted);
    cr_assert_eq(accepted->accepted.tag, 77);
    cr_assert_eq(accepted->accepted.position.term, 1);
    cr_assert_eq(accepted->accepted.position.index, 2);
    const struct raft_output *write = harness_output(&h, RAFT_OUTPUT_WRITE);
    cr_assert_eq(write->write.n_entries, 1);
    cr_assert_eq(write->write.first_index, 2);
    cr_assert_not(write->write.has_hard_state);
    struct raft_message m;
    cr_assert_not_null(harness_sent(&h, 2, RAFT_MESSAGE_APPEND_REQUEST, &m));
    cr_assert_eq(m.append_request.n_entries, 1);
    const struct raft_entry *entry = raft_entry_at(h.raft, 2);
    cr_assert_eq(entry->kind, RAFT_ENTRY_COMMAND);
    cr_assert_eq(entry->size, 7);
    cr_assert_eq(memcmp(entry->data, "set x 1", 7), 0);
    harness_free(&h);
}

/* Section 8: whoever is not the leader names the leader it knows; a candidate
 * knows none. */
Test(raft_replication, others_reject_proposals_with_a_hint)
{
    struct harness h;
    start(&h, 1, 3, 0, NULL, 0);
    harness_propose(&h, 5, "x");
    const struct raft_output *no = harness_output(&h, RAFT_OUTPUT_REJECTED);
    cr_assert_not_null(no);
    cr_assert_eq(no->rejected.tag, 5);
    cr_assert_eq(no->rejected.leader, RAFT_NONE);
    struct raft_message heartbeat = harness_append(1, 0, 0, 0, NULL, 0);
    harness_receive(&h, 2, &heartbeat);
    harness_propose(&h, 6, "x");
    no = harness_output(&h, RAFT_OUTPUT_REJECTED);
    cr_assert_eq(no->rejected.tag, 6);
    cr_assert_eq(no->rejected.leader, 2);
    harness_campaign(&h);
    harness_propose(&h, 7, "x");
    no = harness_output(&h, RAFT_OUTPUT_REJECTED);
    cr_assert_eq(no->rejected.leader, RAFT_NONE);
    cr_assert_eq(harness_view(&h).last.index, 0);
    harness_free(&h);
}

/* 5.1: a higher term in a response deposes the leader, who then proposes and
 * sends nothing more. */
Test(raft_replication, a_higher_term_in_a_response_deposes_the_leader)
{
    struct harness h;
    start_leader(&h, 3, 0, NULL, 0);
    struct raft_message m = harness_append_failure(4, 0, 0, 0);
    harness_receive(&h, 2, &m);
    cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
    cr_assert_eq(harness_view(&h).hard_state.current_term, 4);
    cr_assert(harness_output(&h, RAFT_OUTPUT_WRITE)->write.has_hard_state);
    cr_assert_geq(h.deadline_us - h.now_us, 1);
    harness_propose(&h, 1, "x");
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_REJECTED), 1);
    uint64_t since_us = h.now_us;
    harness_campaign(&h); /* and it runs again after a timeout */
    cr_assert_leq(h.now_us - since_us, 300000);
    harness_free(&h);
}
