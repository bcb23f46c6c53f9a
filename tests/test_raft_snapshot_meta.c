/* What goes with a snapshot's image: the clients' sessions and the members, as
 * they were at its place, however long the image took (dissertation, 5.1). */
#include "tests/snapshots_by_hand.h"

/* --- what goes with it: sessions (6.3) ------------------------------------ */

static enum raft_verdict use(struct harness *h, uint64_t session,
                             uint64_t sequence)
{
    harness_propose_in(h, 0, session, sequence, "x");
    harness_written(h);
    const struct raft_output *o = harness_output(h, RAFT_OUTPUT_APPLY);
    return o->apply.entries[o->apply.n_entries - 1].verdict;
}

/* Applied before the snapshot, retried after the restart; and who is closed to
 * make room depends on what the snapshot tells of their last use. */
Test(raft_snapshot_meta, sessions_outlive_the_log)
{
    struct harness h;
    struct raft_config config = harness_config(1);
    config.max_sessions = 2;
    harness_start(&h, &config, 1);
    harness_campaign(&h);
    harness_session(&h, 0);
    harness_session(&h, 0);
    harness_session(&h, 0);
    harness_written(&h); /* 2, 3, 4 are opened; 4 closes 2 */
    cr_assert_eq(use(&h, 3, 5), RAFT_FRESH);
    harness_snapshot(&h, "x", 1, h.applied + 1);
    restart(&h);
    harness_campaign(&h);
    cr_assert_eq(use(&h, 2, 1), RAFT_EXPIRED);
    cr_assert_eq(use(&h, 3, 5), RAFT_REPEATED);
    cr_assert_eq(use(&h, 3, 4), RAFT_REPEATED);
    cr_assert_eq(use(&h, 3, 6), RAFT_FRESH);
    harness_snapshot(&h, "x", 1, 1);
    restart(&h);
    harness_campaign(&h);
    harness_session(&h, 0); /* 3 was used later than 4 */
    harness_written(&h);
    cr_assert_eq(use(&h, 4, 1), RAFT_EXPIRED);
    cr_assert_eq(use(&h, 3, 6), RAFT_REPEATED);
    cr_assert_eq(use(&h, 3, 7), RAFT_FRESH);
    harness_free(&h);
}

/* A session that was used after the snapshot's place is not of that place. */
Test(raft_snapshot_meta, no_session_is_newer_than_the_snapshot)
{
    struct harness h;
    start_alone(&h, 1);
    harness_session(&h, 0);
    harness_written(&h);
    cr_assert_eq(use(&h, 2, 1), RAFT_FRESH);
    struct meta meta = take_meta(&h), wrong = meta;
    uint8_t *used = wrong.bytes + wrong.size - 8; /* it is the last number */
    cr_assert_eq(*used, 3);
    *used = 4;
    cr_assert_eq(give_snapshot(&h, &wrong, 1, "x"), RAFT_BAD_INPUT);
    cr_assert_eq(give_snapshot(&h, &meta, 1, "x"), RAFT_OK);
    harness_free(&h);
}

/* --- and members (4.1) ---------------------------------------------------- */

static const struct raft_member WITH_LEARNER[] = {
    {.id = 1, .flags = RAFT_MEMBER_VOTER},
    {.id = 2, .flags = RAFT_MEMBER_VOTER},
    {.id = 3, .flags = RAFT_MEMBER_VOTER},
    {.id = 4, .flags = RAFT_MEMBER_LEARNER, .priority = 9}};

/* A follower with three entries, then one that adds the learner 4, then one
 * more; the first three are applied. */
static void start_with_change(struct harness *h)
{
    uint8_t bytes[4 * RAFT_MEMBER_SIZE];
    struct raft_config config = harness_config(1);
    harness_start(h, &config, 3);
    raft_configuration_encode(WITH_LEARNER, 4, bytes);
    struct raft_entry e[] = {{.term = 1, .kind = RAFT_ENTRY_NOOP},
                             {.term = 1, .kind = RAFT_ENTRY_NOOP},
                             {.term = 1, .kind = RAFT_ENTRY_NOOP},
                             {.term = 1,
                              .kind = RAFT_ENTRY_CONFIGURATION,
                              .data = bytes,
                              .size = sizeof bytes},
                             {.term = 1, .kind = RAFT_ENTRY_NOOP}};
    struct raft_message m = harness_append(1, 0, 0, 3, e, 5);
    harness_receive(h, 2, &m);
    harness_written(h);
    cr_assert_eq(h->applied, 3);
}

static uint32_t count_members(const struct harness *h)
{
    uint32_t n;
    raft_members(h->raft, &n);
    return n;
}

static uint32_t count_members_in(const struct meta *meta)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    cr_assert(raft_meta_members(meta->bytes, meta->size, members, &n));
    return n;
}

/* The meta tells the members at its place, not those in force; where the entry
 * of those is truncated, the snapshot's are in force again. */
Test(raft_snapshot_meta, members_are_those_of_its_place)
{
    for (uint64_t keep = 1; keep <= 4; keep++)
        for (int restarts = 0; restarts < 2; restarts++) {
            struct harness h;
            start_with_change(&h);
            struct meta meta = take_meta(&h);
            cr_assert_eq(count_members_in(&meta), 3);
            cr_assert_eq(give_snapshot(&h, &meta, keep, "x"), RAFT_OK);
            cr_assert_eq(count_members(&h), 4);
            if (restarts)
                restart(&h);
            cr_assert_eq(count_members(&h), 4);
            cr_assert_eq(harness_view(&h).configuration.index, 4);
            struct raft_entry e = {.term = 2, .kind = RAFT_ENTRY_NOOP};
            struct raft_message m = harness_append(2, 1, 3, 3, &e, 1);
            harness_receive(&h, 3, &m);
            cr_assert_eq(count_members(&h), 3);
            cr_assert_eq(harness_view(&h).configuration.index, 0);
            restart(&h);
            cr_assert_eq(count_members(&h), 3);
            harness_free(&h);
        }
}

/* A change before the snapshot is told by the snapshot alone. */
Test(raft_snapshot_meta, members_outlive_the_log)
{
    for (uint64_t commit = 4; commit <= 5; commit++)
        for (uint64_t keep = 1; keep <= commit + 1; keep++) {
            struct harness h;
            start_with_change(&h);
            struct raft_message beat = harness_append(1, 1, 5, commit, NULL, 0);
            harness_receive(&h, 2, &beat);
            struct meta meta = take_meta(&h);
            cr_assert_eq(count_members_in(&meta), 4);
            cr_assert_eq(give_snapshot(&h, &meta, keep, "x"), RAFT_OK);
            for (int life = 0; life < 3; life++) {
                cr_assert_eq(count_members(&h), 4);
                uint32_t n;
                cr_assert_eq(raft_members(h.raft, &n)[3].priority, 9);
                cr_assert_eq(harness_view(&h).configuration.term, 1);
                cr_assert_eq(harness_view(&h).configuration.index, 4);
                restart(&h);
            }
            harness_free(&h);
        }
}

/* --- an image takes time -------------------------------------------------- */

/* The log, the sessions and the members go on while the image is made: what is
 * told is what was at the moment at which the meta was taken. */
Test(raft_snapshot_meta, the_meta_is_of_the_moment_at_which_it_was_taken)
{
    for (uint64_t keep = 1; keep <= 5; keep++) {
        struct harness h;
        start_alone(&h, 1);
        harness_session(&h, 0); /* its name is 2 */
        harness_written(&h);
        cr_assert_eq(use(&h, 2, 1), RAFT_FRESH);
        cr_assert_eq(use(&h, 2, 2), RAFT_FRESH);
        struct meta meta = take_meta(&h); /* of 4 */
        cr_assert_eq(use(&h, 2, 3), RAFT_FRESH);
        harness_change(
            &h, 0,
            (struct raft_member[]){{.id = 1, .flags = RAFT_MEMBER_VOTER},
                                   {.id = 2, .flags = RAFT_MEMBER_LEARNER}},
            2, false);
        harness_written(&h);
        cr_assert_eq(count_members(&h), 2);
        cr_assert_eq(h.applied, 6);
        cr_assert_eq(give_snapshot(&h, &meta, keep, "four"), RAFT_OK);
        cr_assert_eq(harness_view(&h).snapshot.index, 4);
        cr_assert_eq(count_members_in(&meta), 1);
        restart(&h);
        cr_assert_eq(restored(&h), 4);
        cr_assert_eq(count_members(&h), 2);
        harness_campaign(&h);
        const struct raft_output *o = harness_output(&h, RAFT_OUTPUT_APPLY);
        cr_assert_eq(o->apply.first_index, 5);
        cr_assert_eq(o->apply.entries[0].verdict, RAFT_FRESH); /* again */
        cr_assert_eq(use(&h, 2, 3), RAFT_REPEATED);
        harness_free(&h);
    }
}

/* It may be ready when the server does not lead any more, or in another term:
 * a snapshot is every server's own affair (5.1). */
Test(raft_snapshot_meta, an_image_may_come_in_another_term)
{
    struct harness h;
    start_following(&h, 9, 6);
    struct meta meta = take_meta(&h);
    struct raft_entry e = {.term = 4, .kind = RAFT_ENTRY_NOOP};
    struct raft_message m = harness_append(4, 1, 7, 8, &e, 1);
    harness_receive(&h, 3, &m); /* 8 and 9 are others now */
    cr_assert_eq(harness_view(&h).last.index, 8);
    cr_assert_eq(give_snapshot(&h, &meta, 7, "six"), RAFT_OK);
    cr_assert_eq(harness_view(&h).snapshot.term, 1);
    cr_assert_eq(harness_view(&h).snapshot.index, 6);
    restart(&h);
    cr_assert_eq(restored(&h), 6);
    cr_assert_eq(harness_view(&h).last.term, 4);
    harness_free(&h);
}
