/* InstallSnapshot and the log and the disk of the server that receives it
 * (paper, Figure 13): what it says and hands out waits for its writes; what its
 * log has already is kept; what the snapshot replaced does not come back. */
#include "tests/snapshots_by_hand.h"

/* --- durability ----------------------------------------------------------- */

/* Neither the answer nor the state machine is ahead of the disk; nor is the
 * answer to the same question asked again. */
Test(raft_install_log, nothing_is_told_before_it_is_durable)
{
    struct whole whole = make_whole(3, 10, 'x');
    for (size_t d = 0; d < N_DISKS; d++) {
        struct harness h;
        struct harness_letter letter;
        start_from(&h, &DISKS[d]);
        harness_written(&h);
        uint64_t applied = h.applied;
        cr_assert(give_all(&h, 2, 5, &whole).install_response.installed);
        uint64_t id = harness_output(&h, RAFT_OUTPUT_WRITE)->write.id;
        for (int again = 0; again < 3; again++) {
            cr_assert_null(harness_output(&h, RAFT_OUTPUT_RESTORE));
            for (size_t i = 0; i < h.n_items; i++)
                if (h.items[i].kind == RAFT_OUTPUT_SEND)
                    cr_assert_geq(h.items[i].send.after_write, id);
            cr_assert(!harness_take(&h, &letter));
            cr_assert_eq(h.applied, applied);
            give(&h, 2, 5, &whole, 0, again == 0 ? whole.size : 0);
            cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
        }
        harness_written(&h);
        cr_assert(restores(&h, &whole, 'x'));
        cr_assert(harness_take(&h, &letter));
        free(letter.bytes);
        harness_free(&h);
    }
}

/* Entries behind it may come before it is durable: they wait as well. */
Test(raft_install_log, entries_behind_it_are_applied_after_it)
{
    struct raft_entry e[] = {{.term = 5, .kind = RAFT_ENTRY_NOOP},
                             {.term = 5, .kind = RAFT_ENTRY_NOOP}};
    struct whole whole = make_whole(3, 10, 'x');
    for (size_t d = 0; d < N_DISKS; d++) {
        struct harness h;
        start_from(&h, &DISKS[d]);
        uint64_t applied = h.applied;
        give_all(&h, 2, 5, &whole);
        uint64_t first = h.last_write;
        struct raft_message m = harness_append(5, 3, 10, 12, e, 2);
        harness_receive(&h, 2, &m);
        cr_assert_eq(harness_view(&h).commit_index, 12);
        cr_assert_eq(h.applied, applied);
        harness_written_to(&h, first);
        cr_assert(restores(&h, &whole, 'x'));
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_APPLY));
        cr_assert_eq(h.applied, 10);
        harness_written(&h);
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_RESTORE));
        cr_assert_eq(h.applied, 12);
        harness_free(&h);
    }
}

/* A newer one before the first is durable: only the newer is restored. */
Test(raft_install_log, a_second_one_before_the_first_is_durable)
{
    struct whole first = make_whole(3, 10, 'a'),
                 second = make_whole(4, 20, 'b');
    for (size_t d = 0; d < N_DISKS; d++) {
        struct harness h;
        start_from(&h, &DISKS[d]);
        give_all(&h, 2, 5, &first);
        uint64_t id = h.last_write;
        give_all(&h, 2, 5, &second);
        harness_written_to(&h, id);
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_RESTORE));
        harness_written(&h);
        cr_assert(restores(&h, &second, 'b'));
        harness_free(&h);
    }
}

/* Before its write is durable a crash leaves what was there; once the snapshot
 * is, the log that it replaced is void, cut away or not. */
Test(raft_install_log, a_crash_leaves_the_old_state_or_the_new)
{
    struct whole whole = make_whole(3, 10, 'x');
    for (size_t d = 0; d < N_DISKS; d++)
        for (uint64_t keep = 0; keep <= 2; keep++) {
            struct harness h;
            start_from(&h, &DISKS[d]);
            harness_written(&h);
            struct raft_view before = harness_view(&h);
            give_all(&h, 2, 5, &whole);
            harness_crash(&h, keep);
            harness_boot(&h);
            struct raft_view v = harness_view(&h);
            if (keep == 0) {
                cr_assert_eq(v.snapshot.index, DISKS[d].snapshot);
                cr_assert_eq(v.last.index, before.last.index);
                expect_arrived(give(&h, 2, 5, &whole, 0, 0), 0);
            } else {
                cr_assert(restores(&h, &whole, 'x'));
                cr_assert_eq(v.last.index, 10);
                cr_assert_eq(v.last.term, 3);
                cr_assert(
                    give(&h, 2, 5, &whole, 0, 0).install_response.installed);
            }
            cr_assert_eq(v.hard_state.current_term, 5);
            harness_free(&h);
        }
}

/* --- what the log has already --------------------------------------------- */

/* "If existing log entry has same index and term as snapshot's last included
 * entry, retain log entries following it" (Figure 13): the entries themselves
 * are as good as the snapshot. */
Test(raft_install_log, a_log_that_agrees_is_kept)
{
    static const struct disk disks[] = {
        {.n = 10, .terms = {1, 1, 1, 1, 2, 2, 2, 3, 3, 3}},
        {.n = 12, .terms = {1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4}},
        {.snapshot = 6, .n = 6, .terms = {1, 2, 3, 3, 3, 5}},
        {.snapshot = 9, .n = 1, .terms = {3}},
    };
    struct whole whole = make_whole(3, 10, 'x');
    for (size_t d = 0; d < 4; d++) {
        struct harness h;
        start_from(&h, &disks[d]);
        struct raft_position last = harness_view(&h).last;
        for (int again = 0; again < 2; again++) {
            struct raft_message answer =
                give(&h, 2, 5, &whole, 0, again ? 0 : (size_t)20);
            cr_assert(answer.install_response.installed);
            cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
            cr_assert_null(harness_output(&h, RAFT_OUTPUT_RESTORE));
            cr_assert_eq(harness_view(&h).last.index, last.index);
            cr_assert_eq(harness_view(&h).last.term, last.term);
            cr_assert_eq(harness_view(&h).commit_index, 10);
            cr_assert_eq(h.applied, 10);
        }
        harness_free(&h);
    }
}

/* What is not durable of such a log is not yet told. */
Test(raft_install_log, a_log_that_agrees_is_told_once_it_is_durable)
{
    struct whole whole = make_whole(5, 2, 'x');
    struct raft_entry e[] = {{.term = 5, .kind = RAFT_ENTRY_NOOP},
                             {.term = 5, .kind = RAFT_ENTRY_NOOP}};
    struct harness h;
    start_from(&h, &EMPTY);
    struct raft_message m = harness_append(5, 0, 0, 0, e, 2);
    harness_receive(&h, 2, &m);
    uint64_t id = h.last_write;
    cr_assert(give_all(&h, 2, 5, &whole).install_response.installed);
    const struct raft_output *o =
        harness_sent(&h, 2, RAFT_MESSAGE_INSTALL_RESPONSE, &m);
    cr_assert_eq(o->send.after_write, id);
    cr_assert_eq(h.applied, 0);
    harness_written(&h);
    cr_assert_eq(h.applied, 2);
    harness_free(&h);
}

/* What a newer snapshot has replaced is installed. */
Test(raft_install_log, an_older_snapshot_is_there_already)
{
    struct whole newer = make_whole(4, 20, 'n');
    for (uint64_t index = 1; index <= 20; index++) {
        struct whole older = make_whole(index < 20 ? 3 : 4, index, 'o');
        struct harness h;
        start_from(&h, &EMPTY);
        give_all(&h, 2, 5, &newer);
        harness_written(&h);
        cr_assert(give_all(&h, 2, 5, &older).install_response.installed);
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
        cr_assert_eq(harness_view(&h).snapshot.index, 20);
        cr_assert_eq(h.applied, 20);
        harness_free(&h);
    }
}

/* --- entries from before it (compacted-reappend) -------------------------- */

/* A late AppendEntries from before the snapshot: what it holds up to its place
 * is there, what comes after is appended, and what was covered is acknowledged.
 */
Test(raft_install_log, entries_before_it_are_not_appended_again)
{
    struct raft_entry e[12];
    struct whole whole = make_whole(3, 10, 'x');
    for (uint64_t i = 0; i < 12; i++)
        e[i] = (struct raft_entry){.term = i < 2    ? 1
                                           : i < 10 ? 3
                                                    : 5,
                                   .kind = RAFT_ENTRY_NOOP};
    for (uint64_t prev = 0; prev <= 10; prev++)
        for (uint32_t n = 0; prev + n <= 12; n++) {
            struct harness h;
            struct raft_message m, answer;
            uint64_t end = prev + n, last = end < 10 ? 10 : end;
            start_from(&h, &DISKS[(prev + n) % N_DISKS]);
            give_all(&h, 2, 5, &whole);
            harness_written(&h);
            uint64_t prev_term = prev == 0 ? 0 : e[prev - 1].term;
            m = harness_append(5, prev_term, prev, 12, e + prev, n);
            harness_receive(&h, 2, &m);
            harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &answer);
            cr_assert(answer.append_response.success);
            cr_assert_eq(answer.append_response.match_index, end);
            cr_assert_eq(harness_view(&h).last.index, last);
            cr_assert_eq(harness_view(&h).commit_index, last);
            const struct raft_output *w = harness_output(&h, RAFT_OUTPUT_WRITE);
            cr_assert_eq(w != NULL, end > 10);
            if (w != NULL) {
                cr_assert_eq(w->write.first_index, 11);
                cr_assert_eq(w->write.n_entries, end - 10);
                cr_assert_eq(w->write.truncate_from, 0);
            }
            harness_free(&h);
        }
}

/* Where the leader's next entry does not fit, the answer names the place behind
 * the snapshot. */
Test(raft_install_log, a_gap_behind_it_is_refused)
{
    struct raft_entry e = {.term = 5, .kind = RAFT_ENTRY_NOOP};
    struct whole whole = make_whole(3, 10, 'x');
    struct harness h;
    struct raft_message answer;
    start_from(&h, &DISKS[1]);
    give_all(&h, 2, 5, &whole);
    struct raft_message m = harness_append(5, 5, 13, 10, &e, 1);
    harness_receive(&h, 2, &m);
    harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &answer);
    cr_assert(!answer.append_response.success);
    cr_assert_eq(answer.append_response.conflict.term, 0);
    cr_assert_eq(answer.append_response.conflict.index, 11);
    harness_free(&h);
}
