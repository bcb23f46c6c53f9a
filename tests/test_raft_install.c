/* InstallSnapshot at the server that receives it: paper, Figure 13; in chunks,
 * with resume (dissertation, 5.1). What becomes of its log and its disk is
 * test_raft_install_log.c's; the server that sends,
 * test_raft_install_leader.c's.
 */
#include "tests/snapshots_by_hand.h"

/* --- chunks --------------------------------------------------------------- */

/* Each chunk is answered with what has arrived; the last installs. Neither the
 * length nor the terms of what was there before keep it away
 * (snapshot-skipped). */
Test(raft_install, chunks_are_put_together)
{
    static const size_t sizes[] = {1, 7, 64, 100, 256};
    struct whole whole = make_whole(3, 10, 'x');
    for (size_t d = 0; d < N_DISKS; d++)
        for (size_t i = 0; i < 5; i++) {
            struct harness h;
            start_from(&h, &DISKS[d]);
            struct raft_message answer = {.term = 0};
            for (size_t at = 0; at < whole.size; at += sizes[i]) {
                size_t rest = whole.size - at;
                size_t n = rest < sizes[i] ? rest : sizes[i];
                cr_assert_eq(harness_view(&h).snapshot.index,
                             DISKS[d].snapshot);
                answer = give(&h, 2, 5, &whole, at, n);
                if (n < rest)
                    expect_arrived(answer, at + n);
            }
            cr_assert(answer.install_response.installed);
            struct raft_view v = harness_view(&h);
            cr_assert_eq(v.snapshot.index, 10);
            cr_assert_eq(v.snapshot.term, 3);
            cr_assert_eq(v.first_index, 11);
            cr_assert_eq(v.last.index, 10);
            cr_assert_eq(v.last.term, 3);
            cr_assert_eq(v.commit_index, 10);
            cr_assert_eq(v.configuration.index, 2);
            uint32_t n_members;
            cr_assert_eq(raft_members(h.raft, &n_members)[3].priority, 4);
            cr_assert_eq(n_members, 4);
            harness_written(&h);
            cr_assert(restores(&h, &whole, 'x'));
            cr_assert_eq(h.applied, 10);
            cr_assert_eq(harness_view(&h).durable_index, 10);
            harness_free(&h);
        }
}

/* A server that knows nobody learns of its cluster so. */
Test(raft_install, a_stranger_learns_the_members)
{
    struct harness h;
    struct raft_config config = harness_config(9);
    struct whole whole = make_whole(3, 10, 'x');
    harness_start(&h, &config, 0);
    expect_arrived(give(&h, 2, 5, &whole, 0, 50), 50);
    cr_assert(
        give(&h, 2, 5, &whole, 50, whole.size - 50).install_response.installed);
    uint32_t n;
    raft_members(h.raft, &n);
    cr_assert_eq(n, 4);
    harness_crash(&h, UINT64_MAX);
    harness_boot(&h);
    raft_members(h.raft, &n);
    cr_assert_eq(n, 4);
    cr_assert(restores(&h, &whole, 'x'));
    harness_free(&h);
}

/* Only the next chunk counts; the answer tells which that is. An empty one only
 * asks. */
Test(raft_install, gaps_and_repetitions_tell_what_has_arrived)
{
    struct harness h;
    struct whole whole = make_whole(3, 10, 'x');
    start_from(&h, &EMPTY);
    expect_arrived(give(&h, 2, 5, &whole, 0, 0), 0);
    expect_arrived(give(&h, 2, 5, &whole, 20, 20), 0);
    expect_arrived(give(&h, 2, 5, &whole, 0, 20), 20);
    expect_arrived(give(&h, 2, 5, &whole, 0, 20), 20);
    expect_arrived(give(&h, 2, 5, &whole, 40, 20), 20);
    expect_arrived(give(&h, 2, 5, &whole, 19, 20), 20);
    expect_arrived(give(&h, 2, 5, &whole, 21, whole.size - 21), 20);
    expect_arrived(give(&h, 2, 5, &whole, 20, 0), 20);
    expect_arrived(give(&h, 2, 5, &whole, 20, 20), 40);
    expect_arrived(give(&h, 2, 5, &whole, whole.size, 0), 40);
    cr_assert(
        give(&h, 2, 5, &whole, 40, whole.size - 40).install_response.installed);
    harness_written(&h);
    cr_assert(restores(&h, &whole, 'x'));
    harness_free(&h);
}

/* Lost, doubled and out of order, of any sizes: it arrives, as it was. */
Test(raft_install, chunks_in_any_order)
{
    struct whole whole = make_whole(3, 10, 'x');
    for (size_t i = whole.size - IMAGE_SIZE; i < whole.size; i++)
        whole.bytes[i] = (uint8_t)i; /* no two bytes of it are the same */
    whole.digest = harness_digest(whole.bytes, whole.size);
    for (uint64_t seed = 0; seed < 300; seed++) {
        uint64_t random = seed;
        struct harness h;
        struct raft_message answer = {.term = 0};
        start_from(&h, &DISKS[seed % N_DISKS]);
        for (int tries = 0; !answer.install_response.installed; tries++) {
            cr_assert_lt(tries, 2000);
            random = random * UINT64_C(6364136223846793005) + 1442695;
            size_t at = (size_t)(random >> 33) % 9 * 20;
            at = at < whole.size ? at : 0;
            size_t size = (size_t)(random >> 50) % (whole.size + 1 - at);
            answer = give(&h, 2, 5, &whole, at, size < 40 ? size : 40);
            if (tries % 10 == 9) /* as a leader would resume */
                answer = give(
                    &h, 2, 5, &whole, (size_t)answer.install_response.offset,
                    answer.install_response.installed ? 0 : (size_t)1);
        }
        harness_written(&h);
        const struct raft_output *o = harness_output(&h, RAFT_OUTPUT_RESTORE);
        cr_assert_eq(o->restore.size, IMAGE_SIZE);
        cr_assert_arr_eq(o->restore.image,
                         whole.bytes + whole.size - IMAGE_SIZE, IMAGE_SIZE);
        harness_free(&h);
    }
}

/* --- what comes in between ------------------------------------------------ */

/* Images of the same place need not have the same bytes: then another leader's
 * begins anew, and a late chunk of the old one finds nobody. */
Test(raft_install, another_leader_begins_anew)
{
    struct whole old = make_whole(3, 10, 'o'), new = make_whole(3, 10, 'n');
    for (raft_id leader = 2; leader <= 3; leader++) {
        struct harness h;
        start_from(&h, &EMPTY);
        expect_arrived(give(&h, 2, 5, &old, 0, 140), 140);
        expect_arrived(give(&h, leader, 6, &new, 0, 0), 0);
        expect_arrived(give(&h, leader, 6, &new, 140, new.size - 140), 0);
        expect_arrived(give(&h, leader, 6, &new, 0, 130), 130);
        struct raft_message answer = give(&h, 2, 5, &old, 130, old.size - 130);
        expect_arrived(answer, 0);
        cr_assert_eq(answer.term, 6);
        cr_assert_eq(harness_view(&h).leader, leader);
        answer = give(&h, leader, 6, &new, 130, new.size - 130);
        cr_assert(answer.install_response.installed);
        harness_written(&h);
        cr_assert(restores(&h, &new, 'n'));
        harness_free(&h);
    }
}

/* Where it has the same bytes, as the digest says, it goes on. */
Test(raft_install, another_leader_goes_on)
{
    struct whole whole = make_whole(3, 10, 'x');
    for (raft_id leader = 2; leader <= 3; leader++) {
        struct harness h;
        start_from(&h, &EMPTY);
        expect_arrived(give(&h, 2, 5, &whole, 0, 100), 100);
        expect_arrived(give(&h, leader, 6, &whole, 0, 0), 100);
        expect_arrived(give(&h, leader, 6, &whole, 0, 100), 100);
        cr_assert(give(&h, leader, 6, &whole, 100, whole.size - 100)
                      .install_response.installed);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 6);
        harness_written(&h);
        cr_assert(restores(&h, &whole, 'x'));
        harness_free(&h);
    }
}

/* Another place, be it newer or only of another term, or another size. */
Test(raft_install, another_snapshot_begins_anew)
{
    struct whole old = make_whole(3, 10, 'o');
    struct whole others[] = {make_whole(3, 11, 'n'), make_whole(4, 10, 'n'),
                             make_whole(3, 9, 'n'), make_whole(3, 10, 'n')};
    others[3].size--;
    others[3].digest = harness_digest(others[3].bytes, others[3].size);
    for (size_t i = 0; i < 4; i++) {
        struct harness h;
        start_from(&h, &EMPTY);
        expect_arrived(give(&h, 2, 5, &old, 0, 60), 60);
        expect_arrived(give(&h, 2, 5, &others[i], 60, 60), 0);
        expect_arrived(give(&h, 2, 5, &others[i], 0, 50), 50);
        size_t rest = others[i].size - 50;
        cr_assert(
            give(&h, 2, 5, &others[i], 50, rest).install_response.installed);
        cr_assert_eq(harness_view(&h).snapshot.index, others[i].place.index);
        cr_assert_eq(harness_view(&h).snapshot.term, others[i].place.term);
        harness_free(&h);
    }
}

/* What was not whole was on no disk. */
Test(raft_install, a_restart_begins_anew)
{
    struct whole whole = make_whole(3, 10, 'x');
    for (size_t d = 0; d < N_DISKS; d++) {
        struct harness h;
        start_from(&h, &DISKS[d]);
        uint64_t last = harness_view(&h).last.index;
        expect_arrived(give(&h, 2, 5, &whole, 0, 100), 100);
        harness_crash(&h, UINT64_MAX);
        harness_boot(&h);
        cr_assert_eq(harness_view(&h).last.index, last);
        expect_arrived(give(&h, 2, 5, &whole, 100, 1), 0);
        cr_assert(give_all(&h, 2, 5, &whole).install_response.installed);
        harness_free(&h);
    }
}

/* Entries may make it needless while it arrives. */
Test(raft_install, entries_may_overtake_it)
{
    struct raft_entry e[12];
    struct whole whole = make_whole(5, 10, 'x');
    struct harness h;
    for (size_t i = 0; i < 12; i++)
        e[i] = (struct raft_entry){.term = 5, .kind = RAFT_ENTRY_NOOP};
    start_from(&h, &EMPTY);
    expect_arrived(give(&h, 2, 5, &whole, 0, 100), 100);
    struct raft_message m = harness_append(5, 0, 0, 0, e, 12);
    harness_receive(&h, 2, &m);
    cr_assert(give(&h, 2, 5, &whole, 100, whole.size - 100)
                  .install_response.installed);
    cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
    cr_assert_eq(harness_view(&h).commit_index, 10);
    cr_assert_eq(harness_view(&h).last.index, 12);
    harness_written(&h);
    cr_assert_eq(h.applied, 10);
    cr_assert_null(harness_output(&h, RAFT_OUTPUT_RESTORE));
    harness_free(&h);
}

/* --- what is no snapshot -------------------------------------------------- */

/* Whole, but not one: it is not installed, and begins anew. */
enum { N_BAD = 11 };

Test(raft_install, what_is_no_snapshot_is_not_installed)
{
    struct whole good = make_whole(3, 10, 'x'), bad[N_BAD];
    for (size_t i = 0; i < N_BAD; i++)
        bad[i] = good;
    bad[0].place.index = 11; /* its meta is of another place */
    bad[1].place.term = 4;
    bad[2].bytes[0]++; /* the size of its meta */
    bad[3].bytes[0]--;
    bad[4].bytes[7] = 0xff;
    bad[5].bytes[8 + 32] = 3;  /* three members of four */
    bad[6].bytes[8 + 40] = 99; /* the members' ids do not rise */
    bad[7].bytes[8 + 24] = 11; /* members of a later entry */
    bad[8].size = 20;          /* cut */
    for (size_t i = 0; i <= 8; i++)
        bad[i].digest = harness_digest(bad[i].bytes, bad[i].size);
    bad[9].bytes[good.size - 1]++; /* its digest is that of another image */
    bad[10].digest++;
    for (size_t i = 0; i < N_BAD; i++)
        for (size_t cut = 0; cut < 2; cut++) {
            struct harness h;
            start_from(&h, &DISKS[i % N_DISKS]);
            struct raft_view before = harness_view(&h);
            size_t first = cut * 10;
            if (first > 0)
                expect_arrived(give(&h, 2, 5, &bad[i], 0, first), first);
            expect_arrived(give(&h, 2, 5, &bad[i], first, bad[i].size - first),
                           0);
            cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
            struct raft_view v = harness_view(&h);
            cr_assert_eq(v.snapshot.index, before.snapshot.index);
            cr_assert_eq(v.last.index, before.last.index);
            cr_assert_eq(v.commit_index, before.commit_index);
            expect_arrived(give(&h, 2, 5, &good, 0, 30), 30);
            give(&h, 2, 5, &good, 30, good.size - 30);
            harness_written(&h);
            cr_assert(restores(&h, &good, 'x'));
            harness_free(&h);
        }
}

/* One that claims to be larger than any memory is not waited for in vain. */
Test(raft_install, a_huge_one_takes_only_what_arrives)
{
    struct whole good = make_whole(3, 10, 'x'), huge = good;
    struct harness h;
    start_from(&h, &EMPTY);
    huge.size = SIZE_MAX / 2;
    expect_arrived(give(&h, 2, 5, &huge, 0, 100), 100);
    huge.size = SIZE_MAX;
    expect_arrived(give(&h, 2, 5, &huge, 0, 100), 100);
    cr_assert(give_all(&h, 2, 5, &good).install_response.installed);
    harness_free(&h);
}

/* --- terms, votes and roles ----------------------------------------------- */

/* "Reply immediately if term < currentTerm" (Figure 13). */
Test(raft_install, an_old_leader_is_told_so)
{
    struct whole whole = make_whole(3, 10, 'x');
    struct harness h;
    start_from(&h, &EMPTY);
    for (uint64_t term = 3; term <= 4; term++) {
        struct raft_message answer = give_all(&h, 2, term, &whole);
        expect_arrived(answer, 0);
        cr_assert_eq(answer.term, 5);
        cr_assert_eq(harness_view(&h).leader, RAFT_NONE);
        cr_assert_eq(harness_view(&h).last.index, 0);
    }
    expect_arrived(give(&h, 2, 5, &whole, 5, 5), 0); /* nothing was kept */
    harness_free(&h);
}

/* A vote is for the whole term, whatever is installed in it
 * (snapshot-clears-vote); in a later term there is none yet. */
Test(raft_install, the_vote_is_kept)
{
    struct disk disk = {.vote = 3, .n = 2, .terms = {1, 1}};
    struct whole whole = make_whole(3, 10, 'x');
    for (uint64_t keep = 0; keep <= 4; keep++)
        for (uint64_t term = 5; term <= 6; term++) {
            struct harness h;
            struct raft_message answer;
            start_from(&h, &disk);
            give_all(&h, 2, term, &whole);
            struct raft_hard_state kept = harness_view(&h).hard_state;
            cr_assert_eq(kept.current_term, term);
            cr_assert_eq(kept.voted_for, term == 5 ? 3 : RAFT_NONE);
            const struct raft_output *w = harness_output(&h, RAFT_OUTPUT_WRITE);
            cr_assert_eq(w->write.has_hard_state, term == 6);
            if (keep < 4) { /* else: no crash */
                harness_crash(&h, keep);
                harness_boot(&h);
            }
            struct raft_message m = harness_vote_request(5, 5, 99);
            harness_receive(&h, 2, &m);
            harness_sent(&h, 2, RAFT_MESSAGE_VOTE_RESPONSE, &answer);
            cr_assert(!answer.vote_response.granted);
            m = harness_vote_request(6, 5, 99);
            harness_receive(&h, 3, &m);
            harness_sent(&h, 3, RAFT_MESSAGE_VOTE_RESPONSE, &answer);
            cr_assert(answer.vote_response.granted);
            harness_free(&h);
        }
}

/* Whoever sends a snapshot leads: a candidate of that term gives way. */
Test(raft_install, a_candidate_gives_way)
{
    struct whole whole = make_whole(3, 10, 'x');
    struct harness h;
    start_from(&h, &EMPTY);
    harness_campaign(&h);
    cr_assert_eq(harness_view(&h).role, RAFT_CANDIDATE);
    expect_arrived(give(&h, 2, 6, &whole, 0, 10), 10);
    cr_assert_eq(harness_view(&h).role, RAFT_FOLLOWER);
    cr_assert_eq(harness_view(&h).leader, 2);
    cr_assert_eq(harness_view(&h).hard_state.voted_for, 1);
    harness_free(&h);
}

/* There is one leader in a term: it does not listen to another. */
Test(raft_install, a_leader_keeps_its_log)
{
    struct whole whole = make_whole(3, 10, 'x');
    struct harness h;
    start_from(&h, &DISKS[1]);
    harness_elect(&h);
    h.forged = true;
    struct raft_message m = harness_install(
        6, whole.place, whole.bytes, whole.size, 0, (uint32_t)whole.size);
    harness_receive(&h, 2, &m);
    cr_assert_eq(h.n_items, 0);
    cr_assert_eq(harness_view(&h).role, RAFT_LEADER);
    cr_assert_eq(harness_view(&h).last.index, 4);
    harness_free(&h);
}

/* While chunks or questions come, a leader is alive: no election is due, and
 * with check-quorum no vote is given. */
Test(raft_install, a_chunk_is_a_heartbeat)
{
    struct whole whole = make_whole(3, 10, 'x');
    for (int asks = 0; asks < 2; asks++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        config.check_quorum = true;
        harness_init(&h, &config, 3);
        harness_preload(&h, 5, RAFT_NONE, NULL, 0);
        harness_boot(&h);
        for (uint64_t i = 0; i < 10; i++) {
            h.now_us += 100000;
            give(&h, 2, 5, &whole, asks ? 0 : 10 * i, asks ? 0 : 10);
            cr_assert_geq(h.deadline_us, h.now_us + 150000);
        }
        h.now_us += 100000;
        struct raft_message m = harness_vote_request(6, 5, 99);
        harness_receive(&h, 3, &m);
        cr_assert_eq(harness_view(&h).hard_state.current_term, 5);
        harness_free(&h);
    }
}

/* --- memory --------------------------------------------------------------- */

/* Where there is no memory for a chunk, nothing has happened: it may be given
 * again. */
Test(raft_install, no_memory_for_a_chunk)
{
    struct whole whole = make_whole(3, 10, 'x');
    uint64_t n_refused = 0;
    for (uint64_t refuse = 1; refuse <= 3; refuse++)
        for (size_t first = 0; first <= 100; first += 100) {
            struct harness h;
            start_from(&h, &DISKS[4]);
            if (first > 0)
                give(&h, 2, 5, &whole, 0, first);
            struct raft_message m =
                harness_install(5, whole.place, whole.bytes, whole.size, first,
                                (uint32_t)(whole.size - first));
            uint8_t bytes[512];
            struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                                       .now_us = h.now_us};
            input.message.from = 2;
            input.message.bytes = bytes;
            input.message.size = raft_message_encode(&m, bytes);
            h.memory.refuse_in = refuse;
            enum raft_status status = harness_step(&h, &input);
            h.memory.refuse_in = 0;
            n_refused += h.memory.refused;
            if (status == RAFT_OK) /* what was refused was only the answer */
                cr_assert_eq(harness_view(&h).snapshot.index, 10);
            else
                cr_assert_eq(status, RAFT_NO_MEMORY);
            if (status == RAFT_NO_MEMORY)
                give(&h, 2, 5, &whole, first, whole.size - first);
            harness_written(&h);
            cr_assert(restores(&h, &whole, 'x'));
            harness_free(&h);
        }
    cr_assert_geq(n_refused, 2);
}

/* Nor is what had arrived of another snapshot lost by it. The last of many
 * writes in a row makes the step need more than room for the chunk. */
Test(raft_install, no_memory_for_another_snapshot)
{
    struct whole old = make_whole(3, 10, 'o'), new = make_whole(3, 11, 'n');
    uint64_t n_refused = 0;
    for (uint64_t refuse = 1; refuse <= 3; refuse++) {
        struct harness h;
        start_from(&h, &EMPTY);
        give(&h, 2, 5, &old, 0, 100);
        for (uint64_t term = 6; term <= 21; term++) {
            struct raft_message m = harness_vote_request(term, 0, 0);
            harness_receive(&h, 3, &m);
        }
        struct raft_message m =
            harness_install(21, new.place, new.bytes, new.size, 0, 50);
        uint8_t bytes[512];
        struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                                   .now_us = h.now_us};
        input.message.from = 2;
        input.message.bytes = bytes;
        input.message.size = raft_message_encode(&m, bytes);
        h.memory.refuse_in = refuse;
        enum raft_status status = harness_step(&h, &input);
        h.memory.refuse_in = 0;
        bool refused = status == RAFT_NO_MEMORY;
        n_refused += refused;
        expect_arrived(give(&h, 2, 21, &old, 0, 0), refused ? 100 : 0);
        expect_arrived(give(&h, 2, 21, &new, 0, 0), refused ? 0 : 50);
        give_all(&h, 2, 21, &new);
        harness_free(&h);
    }
    cr_assert_geq(n_refused, 2);
}
