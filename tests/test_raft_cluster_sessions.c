/* Clients' sessions on several servers: dissertation, 6.3. What is applied once
 * is applied once everywhere: whoever leads, whoever lagged, and whoever got a
 * snapshot. Each bench keeps the sessions a second time and holds every verdict
 * to that. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { N = 3, MAX_APPLIED = 128 };

/* What each server was handed, by index. */
struct record {
    struct harness nodes[N], *all[N];
    struct raft_entry applied[N][MAX_APPLIED];
};

static void keep(struct record *r, size_t node)
{
    const struct raft_output *o =
        harness_output(r->all[node], RAFT_OUTPUT_APPLY);
    for (uint32_t i = 0; o != NULL && i < o->apply.n_entries; i++) {
        cr_assert_lt(o->apply.first_index + i, MAX_APPLIED);
        r->applied[node][o->apply.first_index + i] = o->apply.entries[i];
    }
}

/* Delivers until quiet, without those who are `deaf` (bits, by place). */
static void exchange(struct record *r, unsigned deaf)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < N; i++) {
            struct harness_letter letter;
            if ((deaf & 1u << i) != 0) {
                harness_clear_outbox(r->all[i]);
                continue;
            }
            while (r->all[i]->n_pending > 0) {
                harness_written_to(r->all[i], r->all[i]->last_write);
                keep(r, i);
            }
            if (!harness_take(r->all[i], &letter))
                continue;
            moved = true;
            size_t to = letter.to - 1;
            struct raft_input input = {
                .kind = RAFT_INPUT_MESSAGE,
                .now_us = r->all[to]->now_us,
                .message = {i + 1, letter.bytes, letter.size}};
            if ((deaf & 1u << to) == 0) {
                cr_assert_eq(harness_step(r->all[to], &input), RAFT_OK);
                keep(r, to);
            }
            free(letter.bytes);
        }
    }
}

/* Three servers, each with another idea of how many sessions there may be. */
static void start_cluster(struct record *r)
{
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < N; i++) {
        struct raft_config config = harness_config(i + 1);
        config.max_sessions = 2 + (uint32_t)i;
        r->all[i] = &r->nodes[i];
        harness_start(r->all[i], &config, N);
    }
}

static void lead(struct record *r, size_t leader, unsigned deaf)
{
    do {
        harness_timer(r->all[leader]);
        exchange(r, deaf);
    } while (harness_view(r->all[leader]).role != RAFT_LEADER);
}

static void settle(struct record *r, size_t leader, unsigned deaf)
{
    exchange(r, deaf);
    harness_timer(r->all[leader]); /* tells what is committed */
    exchange(r, deaf);
}

static void check_same(const struct record *r)
{
    uint64_t last = harness_view(r->all[0]).last_applied;
    for (size_t i = 1; i < N; i++) {
        cr_assert_eq(harness_view(r->all[i]).last_applied, last);
        for (uint64_t index = 1; index <= last; index++) {
            const struct raft_entry *a = &r->applied[0][index];
            const struct raft_entry *b = &r->applied[i][index];
            cr_assert_eq(a->term, b->term);
            cr_assert_eq(a->kind, b->kind);
            cr_assert_eq(a->verdict, b->verdict);
            cr_assert_eq(a->session, b->session);
            cr_assert_eq(a->sequence, b->sequence);
        }
    }
}

static void stop(struct record *r)
{
    for (size_t i = 0; i < N; i++)
        harness_free(r->all[i]);
}

/* The leader's limit is in the entry and counts everywhere. */
Test(raft_cluster_sessions, all_servers_close_the_same)
{
    static struct record r;
    start_cluster(&r);
    lead(&r, 1, 0); /* at most 3 */
    for (uint64_t i = 0; i < 5; i++)
        harness_session(r.all[1], i);
    settle(&r, 1, 0);
    check_same(&r);
    cr_assert_eq(r.applied[0][4].session, 0);
    cr_assert_eq(r.applied[0][5].session, 2);
    cr_assert_eq(r.applied[2][6].session, 3);
    lead(&r, 0, 0); /* at most 2; one is closed at a time */
    harness_session(r.all[0], 9);
    settle(&r, 0, 0);
    check_same(&r);
    cr_assert_eq(r.applied[2][8].session, 4);
    cr_assert_eq(r.applied[2][8].sequence, 2);
    stop(&r);
}

/* A follower that lagged gets entries that were applied at the leader before:
 * what the leader's sessions said of them stays there. */
Test(raft_cluster_sessions, verdicts_do_not_travel)
{
    static struct record r;
    start_cluster(&r);
    lead(&r, 0, 0);
    for (uint64_t i = 0; i < 4; i++)
        harness_session(r.all[0], i);
    harness_propose_in(r.all[0], 5, 4, 1, "x");
    harness_propose_in(r.all[0], 6, 4, 1, "x");
    harness_propose_in(r.all[0], 7, 2, 1, "x");
    settle(&r, 0, 1u << 2); /* server 3 hears nothing */
    cr_assert_eq(r.applied[0][4].session, 2);
    cr_assert_eq(r.applied[0][7].verdict, RAFT_REPEATED);
    cr_assert_eq(r.applied[0][8].verdict, RAFT_EXPIRED);
    harness_timer(r.all[0]);
    exchange(&r, 1u << 1);
    cr_assert_eq(harness_view(r.all[2]).last.index, 8);
    for (uint64_t index = 2; index <= 8; index++) {
        const struct raft_entry *e = raft_entry_at(r.nodes[2].raft, index);
        if (harness_view(r.all[2]).last_applied < index) {
            cr_assert_eq(e->verdict, RAFT_FRESH);
            cr_assert_eq(e->session, index < 6 ? 0 : index < 8 ? 4 : 2);
        }
    }
    settle(&r, 0, 0);
    check_same(&r);
    stop(&r);
}

/* "A client's retry after a leader change": the answer was lost with the old
 * leader, but the new one's log has the command, committed by it or not. */
Test(raft_cluster_sessions, a_retry_at_another_leader_is_found)
{
    for (int heard = 0; heard < 2; heard++) {
        static struct record r;
        start_cluster(&r);
        lead(&r, 0, 0);
        harness_session(r.all[0], 1);
        settle(&r, 0, 0);
        harness_propose_in(r.all[0], 2, 2, 1, "x");
        exchange(&r, heard ? 1u << 2 : 6u);
        lead(&r, 1, 1u << 0);
        harness_propose_in(r.all[1], 3, 2, 1, "x");
        settle(&r, 1, 0);
        check_same(&r);
        uint64_t last = harness_view(r.all[1]).last_applied;
        int n_fresh = 0, n_all = 0;
        for (uint64_t index = 1; index <= last; index++)
            for (size_t i = 0; i < N; i++)
                if (r.applied[i][index].kind == RAFT_ENTRY_COMMAND) {
                    n_all++;
                    n_fresh += r.applied[i][index].verdict == RAFT_FRESH;
                }
        cr_assert_eq(n_fresh, N);
        cr_assert_eq(n_all, heard ? 2 * N : N);
        stop(&r);
    }
}

/* A session whose entry was truncated was never opened. */
Test(raft_cluster_sessions, a_truncated_session_was_never_open)
{
    static struct record r;
    start_cluster(&r);
    lead(&r, 0, 0);
    settle(&r, 0, 0);
    harness_session(r.all[0], 1); /* entry 2, seen by nobody else */
    exchange(&r, 6u);
    lead(&r, 1, 1u << 0); /* its no-op is entry 2 */
    harness_propose_in(r.all[1], 2, 2, 1, "x");
    harness_session(r.all[1], 3);
    harness_propose_in(r.all[1], 2, 4, 1, "x");
    settle(&r, 1, 0);
    check_same(&r);
    cr_assert_eq(r.applied[0][2].kind, RAFT_ENTRY_NOOP);
    cr_assert_eq(r.applied[0][3].verdict, RAFT_EXPIRED);
    cr_assert_eq(r.applied[0][5].verdict, RAFT_FRESH);
    stop(&r);
}

/* A server that is brought up to date by a snapshot gets the sessions with it.
 */
Test(raft_cluster_sessions, a_snapshot_brings_them)
{
    static struct record r;
    start_cluster(&r);
    lead(&r, 0, 0);
    harness_session(r.all[0], 1);
    harness_session(r.all[0], 2);
    harness_propose_in(r.all[0], 3, 2, 5, "x");
    settle(&r, 0, 1u << 2);
    harness_snapshot(r.all[0], "image", 5, 5);
    settle(&r, 0, 1u << 2);
    for (uint64_t i = 0; i < 3; i++) {
        harness_timer(r.all[0]);
        exchange(&r, 1u << 1);
    }
    cr_assert_eq(harness_view(r.all[2]).snapshot.index, 4);
    harness_propose_in(r.all[0], 4, 2, 5, "x");
    harness_propose_in(r.all[0], 5, 3, 1, "x");
    harness_session(r.all[0], 6);
    settle(&r, 0, 0);
    cr_assert_eq(r.applied[2][5].verdict, RAFT_REPEATED);
    cr_assert_eq(r.applied[2][6].verdict, RAFT_FRESH);
    cr_assert_eq(r.applied[2][7].session, 2);
    cr_assert_eq(r.applied[0][7].session, 2);
    stop(&r);
}
