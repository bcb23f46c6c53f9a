/* Snapshots of the own state machine: made, kept, compacted to, begun from
 * (dissertation, 5.1). What goes with them is test_raft_snapshot_meta.c's;
 * their way to other servers, test_raft_install.c's. */
#include "tests/snapshots_by_hand.h"

/* --- making one ----------------------------------------------------------- */

/* One write has it all, and nobody waits for it: what it says is applied. */
Test(raft_snapshot, a_snapshot_is_one_write)
{
    struct harness h;
    start_alone(&h, 10);
    harness_snapshot(&h, "ten", 3, 11);
    cr_assert_eq(h.n_items, 1);
    const struct raft_write *w = &harness_output(&h, RAFT_OUTPUT_WRITE)->write;
    cr_assert(w->has_snapshot && !w->has_hard_state);
    cr_assert_eq(w->snapshot.position.term, 1);
    cr_assert_eq(w->snapshot.position.index, 10);
    cr_assert_eq(w->drop_before, 11);
    cr_assert_eq(w->truncate_from, 0);
    cr_assert_eq(w->n_entries, 0);
    struct raft_view v = harness_view(&h);
    cr_assert_eq(v.snapshot.index, 10);
    cr_assert_eq(v.first_index, 11);
    cr_assert_eq(v.last.index, 10); /* the place, not an entry any more */
    cr_assert_eq(v.last.term, 1);
    cr_assert_eq(v.role, RAFT_LEADER);
    harness_propose(&h, 7, "goes on");
    cr_assert_eq(
        harness_output(&h, RAFT_OUTPUT_ACCEPTED)->accepted.position.index, 11);
    harness_written(&h);
    cr_assert_eq(h.applied, 11);
    harness_free(&h);
}

/* An image of no bytes is one. */
Test(raft_snapshot, an_image_may_be_empty)
{
    struct harness h;
    start_alone(&h, 3);
    harness_snapshot(&h, NULL, 0, 4);
    restart(&h);
    const struct raft_output *o = harness_output(&h, RAFT_OUTPUT_RESTORE);
    cr_assert_eq(o->restore.position.index, 3);
    cr_assert_eq(o->restore.size, 0);
    harness_free(&h);
}

/* What is kept is the host's choice; what is gone stays so. */
Test(raft_snapshot, the_log_is_kept_from_where_the_host_wants)
{
    for (uint64_t keep = 1; keep <= 11; keep++)
        for (uint64_t second = 1; second <= 13; second++) {
            struct harness h;
            start_alone(&h, 10);
            harness_snapshot(&h, "ten", 3, keep);
            const struct raft_output *o = harness_output(&h, RAFT_OUTPUT_WRITE);
            cr_assert_eq(o->write.drop_before, keep == 1 ? 0 : keep);
            cr_assert_eq(harness_view(&h).first_index, keep);
            cr_assert_null(raft_entry_at(h.raft, keep - 1));
            cr_assert_eq(raft_entry_at(h.raft, keep) == NULL, keep == 11);
            harness_propose(&h, 0, "a");
            harness_propose(&h, 0, "b");
            harness_written(&h);
            harness_snapshot(&h, "twelve", 6, second);
            o = harness_output(&h, RAFT_OUTPUT_WRITE);
            cr_assert_eq(o->write.drop_before, second > keep ? second : 0);
            uint64_t first = second > keep ? second : keep;
            cr_assert_eq(harness_view(&h).first_index, first);
            restart(&h); /* the harness compares the logs */
            cr_assert_eq(restored(&h), 12);
            cr_assert_eq(harness_view(&h).last.index, 12);
            harness_free(&h);
        }
}

/* "Not above the latest snapshot: ignored." */
Test(raft_snapshot, an_older_one_is_ignored)
{
    struct harness h;
    start_alone(&h, 5);
    struct meta five = take_meta(&h);
    for (int i = 0; i < 5; i++)
        harness_propose(&h, 0, "x");
    harness_written(&h);
    struct meta ten = take_meta(&h);
    cr_assert_eq(ten.index, 10);
    cr_assert_eq(give_snapshot(&h, &ten, 3, "ten"), RAFT_OK);
    cr_assert_eq(harness_view(&h).first_index, 3);
    for (int written = 0; written < 2; written++) {
        cr_assert_eq(give_snapshot(&h, &five, 6, "five"), RAFT_OK);
        cr_assert_eq(h.n_items, 0);
        cr_assert_eq(give_snapshot(&h, &ten, 11, "another ten"), RAFT_OK);
        cr_assert_eq(h.n_items, 0);
        cr_assert_eq(harness_view(&h).snapshot.index, 10);
        cr_assert_eq(harness_view(&h).first_index, 3);
        harness_written(&h);
    }
    restart(&h);
    cr_assert_arr_eq(harness_output(&h, RAFT_OUTPUT_RESTORE)->restore.image,
                     "ten", 3);
    harness_free(&h);
}

/* --- bad inputs ----------------------------------------------------------- */

/* The harness checks that nothing changes. */
Test(raft_snapshot, only_what_is_applied_can_be_in_one)
{
    struct harness h;
    start_following(&h, 9, 6);
    struct meta meta = take_meta(&h);
    const uint64_t above[] = {7, 9, 10, 99, UINT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        struct meta wrong = meta;
        wrong.index = above[i];
        cr_assert_eq(give_snapshot(&h, &wrong, 1, "x"), RAFT_BAD_INPUT);
    }
    const uint64_t keeps[] = {0, 8, 99, UINT64_MAX};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(give_snapshot(&h, &meta, keeps[i], "x"), RAFT_BAD_INPUT);
    cr_assert_eq(give_snapshot(&h, &meta, 7, "x"), RAFT_OK);
    cr_assert_eq(harness_view(&h).snapshot.index, 6);
    harness_free(&h);
}

/* Committed is not yet applied: the own disk lags behind the others'. */
Test(raft_snapshot, committed_is_not_enough)
{
    struct harness h;
    struct raft_config config = harness_config(1);
    harness_start(&h, &config, 3);
    harness_elect(&h);
    struct raft_message ok = harness_append_success(1, 1);
    harness_receive(&h, 2, &ok);
    harness_receive(&h, 3, &ok);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    cr_assert_eq(h.applied, 0);
    struct meta meta = {.index = 1, .size = HARNESS_META_SIZE(0)};
    struct raft_position one = {1, 1}, none = {0, 0};
    harness_meta(one, none, NULL, 0, meta.bytes);
    cr_assert_eq(give_snapshot(&h, &meta, 2, "x"), RAFT_BAD_INPUT);
    harness_written(&h);
    cr_assert_eq(h.applied, 1);
    cr_assert_eq(give_snapshot(&h, &meta, 2, "x"), RAFT_OK);
    harness_free(&h);
}

/* A meta that is none, or one of another place. */
Test(raft_snapshot, the_meta_must_be_that_of_the_image)
{
    struct harness h;
    start_following(&h, 9, 4);
    struct meta four = take_meta(&h);
    struct raft_message beat = harness_append(1, 1, 9, 6, NULL, 0);
    harness_receive(&h, 2, &beat);
    struct meta six = take_meta(&h), wrong = four;
    wrong.index = 6;
    cr_assert_eq(give_snapshot(&h, &wrong, 1, "x"), RAFT_BAD_INPUT);
    wrong = six;
    wrong.index = 4;
    cr_assert_eq(give_snapshot(&h, &wrong, 1, "x"), RAFT_BAD_INPUT);
    for (size_t cut = 0; cut < six.size; cut++) {
        wrong = six;
        wrong.size = cut;
        cr_assert_eq(give_snapshot(&h, &wrong, 1, "x"), RAFT_BAD_INPUT,
                     "cut to %zu", cut);
    }
    wrong = six;
    wrong.size++;
    cr_assert_eq(give_snapshot(&h, &wrong, 1, "x"), RAFT_BAD_INPUT);
    wrong = six;
    wrong.bytes[0] ^= 2; /* its term */
    cr_assert_eq(give_snapshot(&h, &wrong, 1, "x"), RAFT_BAD_INPUT);
    cr_assert_eq(give_snapshot(&h, &six, 1, "x"), RAFT_OK);
    cr_assert_eq(harness_view(&h).snapshot.index, 6);
    harness_free(&h);
}

/* --- beginning from one (restart-reapplies) ------------------------------- */

/* RESTORE first and once, then what came after it and nothing else, wherever
 * the log begins. */
Test(raft_snapshot, a_restart_applies_what_came_after)
{
    for (uint64_t keep = 1; keep <= 6; keep++)
        for (int life = 0; life < 3; life++) {
            struct harness h;
            start_alone(&h, 5);
            harness_snapshot(&h, "five", 4, keep);
            for (int i = 0; i < 3; i++)
                harness_propose(&h, 0, "later");
            for (int i = 0; i <= life; i++)
                restart(&h);
            cr_assert_eq(restored(&h), 5);
            cr_assert_null(harness_output(&h, RAFT_OUTPUT_APPLY));
            struct raft_view v = harness_view(&h);
            cr_assert_eq(v.commit_index, 5);
            cr_assert_eq(v.last_applied, 5);
            cr_assert_eq(v.durable_index, 8);
            cr_assert_eq(v.last.index, 8);
            harness_campaign(&h);
            const struct raft_output *o = harness_output(&h, RAFT_OUTPUT_APPLY);
            cr_assert_eq(o->apply.first_index, 6);
            cr_assert_eq(o->apply.n_entries, 4);
            cr_assert_eq(restored(&h), 0);
            harness_free(&h);
        }
}

/* The bootstrap is a snapshot of nothing: there is nothing to restore. */
Test(raft_snapshot, the_bootstrap_restores_nothing)
{
    for (uint32_t n = 0; n <= 3; n++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        harness_start(&h, &config, n);
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_RESTORE));
        harness_free(&h);
    }
}

/* The up-to-date check (paper, 5.4.1) and the no-op go on from the snapshot's
 * place where there is no entry left. */
Test(raft_snapshot, an_empty_log_has_the_snapshots_place)
{
    struct harness h;
    struct raft_config config = harness_config(1);
    harness_init(&h, &config, 3);
    harness_preload(&h, 7, RAFT_NONE, NULL, 0);
    harness_preload_snapshot(&h, 5, 20, "x", 1);
    harness_boot(&h);
    struct raft_message m = harness_vote_request(8, 5, 19), answer;
    harness_receive(&h, 2, &m);
    harness_sent(&h, 2, RAFT_MESSAGE_VOTE_RESPONSE, &answer);
    cr_assert(!answer.vote_response.granted);
    m = harness_vote_request(8, 5, 20);
    harness_receive(&h, 3, &m);
    harness_sent(&h, 3, RAFT_MESSAGE_VOTE_RESPONSE, &answer);
    cr_assert(answer.vote_response.granted);
    harness_elect(&h);
    harness_sent(&h, 2, RAFT_MESSAGE_APPEND_REQUEST, &m);
    cr_assert_eq(m.append_request.prev.term, 5);
    cr_assert_eq(m.append_request.prev.index, 20);
    harness_free(&h);
}

/* An image that contradicts itself is refused; the host is told. */
Test(raft_snapshot, images_that_cannot_be)
{
    uint8_t meta[HARNESS_META_SIZE(1)];
    struct raft_member one = {.id = 1, .flags = RAFT_MEMBER_VOTER};
    struct raft_position place = {2, 5}, origin = {1, 1};
    size_t size = harness_meta(place, origin, &one, 1, meta);
    struct raft_entry e[] = {{.term = 2, .kind = RAFT_ENTRY_NOOP},
                             {.term = 3, .kind = RAFT_ENTRY_NOOP}};
    struct raft_image good = {
        .hard_state = {3, RAFT_NONE},
        .snapshot = {.position = place, .meta = meta, .meta_size = size},
        .first_index = 5,
        .entries = e,
        .n_entries = 2};
    struct raft_image bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].snapshot.position.index = 6; /* not its meta's place */
    bad[1].snapshot.position.term = 1;
    bad[2].hard_state.current_term = 1; /* below the snapshot's */
    bad[3].first_index = 7;             /* a gap */
    bad[4].snapshot.meta_size--;
    bad[5].snapshot.meta_size = 0; /* a place without members */
    bad[6].first_index = 0;
    bad[7].hard_state.current_term = 2; /* below the log's */
    bad[8].hard_state.current_term = 1; /* below the snapshot's, without log */
    bad[8].n_entries = 0;
    struct raft_config config = harness_config(1);
    struct harness_memory memory;
    struct raft *raft;
    harness_memory_init(&memory);
    for (size_t i = 0; i < 9; i++) {
        cr_assert_eq(raft_new(&config, &bad[i], &memory.base, &raft),
                     RAFT_BAD_IMAGE, "image %zu", i);
        cr_assert_null(raft);
    }
    cr_assert_eq(raft_new(&config, &good, &memory.base, &raft), RAFT_OK);
    raft_free(raft);
    cr_assert_eq(memory.n_blocks, 0);
}

/* --- what the log does not hold any more ---------------------------------- */

/* A late AppendEntries from before the snapshot is answered, and appends what
 * the log has not had (compacted-reappend). */
Test(raft_snapshot, entries_before_it_are_not_appended_again)
{
    struct raft_entry e[12];
    for (size_t i = 0; i < 12; i++)
        e[i] = (struct raft_entry){.term = 1, .kind = RAFT_ENTRY_NOOP};
    for (uint64_t prev = 0; prev <= 8; prev++)
        for (uint32_t n = 0; n <= 10 - prev; n++) {
            struct harness h;
            struct raft_config config = harness_config(1);
            harness_start(&h, &config, 3);
            struct raft_message m = harness_append(1, 0, 0, 6, e, 8);
            struct raft_message answer;
            harness_receive(&h, 2, &m);
            harness_written(&h);
            harness_snapshot(&h, "six", 3, 7);
            uint64_t covered = prev + n, last = covered > 8 ? covered : 8;
            m = harness_append(1, prev > 0, prev, 6, e, n);
            harness_receive(&h, 2, &m);
            cr_assert_eq(harness_view(&h).last.index, last);
            cr_assert_eq(harness_view(&h).first_index, 7);
            cr_assert_eq(harness_count(&h, RAFT_OUTPUT_WRITE), covered > 8);
            harness_sent(&h, 2, RAFT_MESSAGE_APPEND_RESPONSE, &answer);
            cr_assert(answer.append_response.success);
            cr_assert_eq(answer.append_response.match_index, covered);
            cr_assert_eq(h.applied, 6);
            harness_free(&h);
        }
}

/* A leader of term 2 with ten entries of term 1 before its own, of which it
 * keeps those from `keep` on. Server 3 has said nothing yet. */
static void start_leading(struct harness *h, uint64_t keep)
{
    static const uint64_t terms[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct raft_config config = harness_config(1);
    harness_init(h, &config, 3);
    harness_preload(h, 1, RAFT_NONE, terms, 10);
    harness_boot(h);
    harness_elect(h);
    harness_written(h);
    struct raft_message ok = harness_append_success(2, 11);
    harness_receive(h, 2, &ok);
    cr_assert_eq(h->applied, 11);
    harness_snapshot(h, "eleven", 6, keep);
}

/* A leader that is asked for what it compacted has the snapshot to give; what
 * it kept goes as entries. */
Test(raft_snapshot, a_leader_asked_for_what_is_gone_sends_the_snapshot)
{
    for (uint64_t keep = 1; keep <= 12; keep++)
        for (uint64_t end = 0; end < 10; end++) {
            struct harness h;
            start_leading(&h, keep);
            struct raft_message m = harness_append_failure(2, 10, 0, end + 1);
            harness_receive(&h, 3, &m);
            bool gone = end + 1 < keep;
            cr_assert_eq(harness_progress(&h, 3).state,
                         gone ? RAFT_SNAPSHOT : RAFT_PROBE);
            cr_assert_eq(
                harness_sent_count(&h, 3, RAFT_MESSAGE_INSTALL_REQUEST), gone);
            cr_assert_eq(harness_sent_count(&h, 3, RAFT_MESSAGE_APPEND_REQUEST),
                         !gone);
            if (!gone) {
                harness_sent(&h, 3, RAFT_MESSAGE_APPEND_REQUEST, &m);
                cr_assert_eq(m.append_request.prev.index, end);
                cr_assert_eq(m.append_request.n_entries, 11 - end);
            }
            harness_free(&h);
        }
}

/* One that is silent gets it with the next heartbeat, as soon as not even the
 * place before its next entry is known. */
Test(raft_snapshot, a_silent_follower_is_sent_the_snapshot)
{
    for (uint64_t keep = 1; keep <= 12; keep++) {
        struct harness h;
        start_leading(&h, keep);
        harness_timer(&h);
        cr_assert_eq(harness_progress(&h, 3).state,
                     keep > 11 ? RAFT_SNAPSHOT : RAFT_PROBE);
        cr_assert_eq(harness_progress(&h, 2).state, RAFT_REPLICATE);
        harness_free(&h);
    }
}
