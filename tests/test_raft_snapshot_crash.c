/* Log and snapshot never disagree after a crash (dissertation, 5.1): a follower
 * is led through a history with snapshots made and sent, commits, false leaders
 * and slow disks, and is crashed with every prefix of what its disk had not
 * finished. Whatever is left, it starts from it, and gets to the state that the
 * history gives, each entry applied once.
 *
 * The history: entries 1 to N in blocks of BLOCK, block m by the leader of term
 * 2m + 1. In the even terms leads somebody whose own entries, after those of
 * the blocks before, come to nothing.
 */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 6, N_BLOCKS = 4, N = BLOCK * N_BLOCKS, IMAGE_SIZE = 40 };

#define LAST_TERM ((uint64_t)2 * N_BLOCKS)

/* --- the history ---------------------------------------------------------- */

static uint64_t term_at(uint64_t index)
{
    return index == 0 ? 0 : 2 * ((index - 1) / BLOCK) + 1;
}

static struct raft_position place_at(uint64_t index)
{
    return (struct raft_position){term_at(index), index};
}

/* The third entry of each block makes another server the learner. */
static bool configures(uint64_t index)
{
    return index % BLOCK == 3;
}

static uint32_t members_with(uint64_t learner, struct raft_member *members)
{
    for (uint32_t i = 0; i < 3; i++)
        members[i] =
            (struct raft_member){.id = i + 1, .flags = RAFT_MEMBER_VOTER};
    members[3] =
        (struct raft_member){.id = learner, .flags = RAFT_MEMBER_LEARNER};
    return learner == 0 ? 3 : 4;
}

/* An entry; its payload lies in `bytes`, with room for four members. */
static struct raft_entry make_entry(uint64_t term, uint64_t index,
                                    uint8_t *bytes)
{
    struct raft_member members[4];
    struct raft_entry entry = {.term = term, .data = bytes};
    if (configures(index)) {
        uint32_t n = members_with(10 + index + 100 * (term % 2), members);
        raft_configuration_encode(members, n, bytes);
        entry.kind = RAFT_ENTRY_CONFIGURATION;
        entry.size = 4 * RAFT_MEMBER_SIZE;
        return entry;
    }
    bytes[0] = (uint8_t)term;
    bytes[1] = (uint8_t)index;
    entry.kind = RAFT_ENTRY_COMMAND;
    entry.size = 2;
    return entry;
}

/* The state machine: a checksum of all that was applied, and padding, so that
 * it goes in several chunks. */
static uint64_t fold(uint64_t state, const struct raft_entry *entry)
{
    state = (state ^ entry->term) * UINT64_C(0x100000001b3);
    for (uint32_t i = 0; i < entry->size; i++)
        state = (state ^ entry->data[i]) * UINT64_C(0x100000001b3);
    return state;
}

static uint64_t state_at(uint64_t index)
{
    uint8_t bytes[4 * RAFT_MEMBER_SIZE];
    uint64_t state = 1;
    for (uint64_t i = 1; i <= index; i++) {
        struct raft_entry entry = make_entry(term_at(i), i, bytes);
        state = fold(state, &entry);
    }
    return state;
}

static void make_image(uint64_t state, uint8_t *image)
{
    for (size_t i = 0; i < IMAGE_SIZE; i++)
        image[i] = (uint8_t)(state >> i % 8 * 8);
}

/* --- the follower --------------------------------------------------------- */

struct story {
    uint64_t random;
    struct harness h;
    uint64_t state; /* of its state machine */
    uint64_t n_restored, n_void;
};

static uint64_t draw(struct story *s, uint64_t below)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return (s->random * UINT64_C(2685821657736338717) >> 11) % below;
}

/* After each step: the state machine goes on, and is what the history gives. */
static void act(struct story *s)
{
    for (size_t i = 0; i < s->h.n_items; i++) {
        const struct raft_output *o = &s->h.items[i];
        if (o->kind == RAFT_OUTPUT_RESTORE) {
            s->n_restored++;
            s->state = 0;
            for (size_t k = 0; k < 8; k++)
                s->state |= (uint64_t)o->restore.image[k] << 8 * k;
        } else if (o->kind == RAFT_OUTPUT_APPLY) {
            for (uint32_t k = 0; k < o->apply.n_entries; k++)
                s->state = fold(s->state, &o->apply.entries[k]);
        }
    }
    cr_assert_eq(s->state, state_at(s->h.applied));
}

static void receive(struct story *s, const struct raft_message *m)
{
    harness_receive(&s->h, 2, m);
    act(s);
}

static void write_some(struct story *s)
{
    if (s->h.n_pending == 0)
        return;
    size_t nth = (size_t)draw(s, s->h.n_pending);
    harness_written_to(&s->h, s->h.pending[nth].id);
    act(s);
}

static void boot(struct story *s)
{
    s->state = 1;
    harness_boot(&s->h);
    const struct raft_output *w = harness_output(&s->h, RAFT_OUTPUT_WRITE);
    s->n_void += w != NULL && w->write.truncate_from > 0;
    act(s);
}

static void begin(struct story *s, uint64_t seed)
{
    struct raft_config config = harness_config(1);
    *s = (struct story){.random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15)};
    harness_init(&s->h, &config, 3);
    boot(s);
}

/* --- the leaders ---------------------------------------------------------- */

/* Entries of the leader of `term` after `prev`, which is in the history; those
 * after the blocks that it knows are its own. */
static void send_entries(struct story *s, uint64_t term, uint64_t prev,
                         uint32_t n, uint64_t commit)
{
    uint8_t bytes[N + BLOCK][4 * RAFT_MEMBER_SIZE];
    struct raft_entry entries[N + BLOCK];
    uint64_t shared = term % 2 == 1 ? UINT64_MAX : term / 2 * BLOCK;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t index = prev + 1 + i;
        entries[i] = make_entry(index <= shared ? term_at(index) : term, index,
                                bytes[i]);
    }
    struct raft_message m =
        harness_append(term, term_at(prev), prev, commit, entries, n);
    receive(s, &m);
}

static uint8_t *travel_form(uint64_t index, size_t *size)
{
    struct raft_member members[4];
    uint8_t meta[HARNESS_META_SIZE(4)], image[IMAGE_SIZE];
    uint64_t place = index;
    while (place > 0 && !configures(place))
        place--;
    uint64_t learner = place == 0 ? 0 : 10 + place + 100;
    uint32_t n = members_with(learner, members);
    struct raft_snapshot snapshot = {.position = place_at(index),
                                     .meta = meta,
                                     .image = image,
                                     .image_size = IMAGE_SIZE};
    snapshot.meta_size =
        harness_meta(place_at(index), place_at(place), members, n, meta);
    make_image(state_at(index), image);
    return harness_travel_form(&snapshot, false, size);
}

static void send_snapshot(struct story *s, uint64_t term, uint64_t index)
{
    size_t size, offset = 0, chunk = 30 + (size_t)draw(s, 200);
    uint8_t *bytes = travel_form(index, &size);
    while (offset < size) {
        size_t n = size - offset < chunk ? size - offset : chunk;
        struct raft_message m = harness_install(term, place_at(index), bytes,
                                                size, offset, (uint32_t)n);
        receive(s, &m);
        offset += n;
    }
    free(bytes);
}

static void make_snapshot(struct story *s)
{
    uint8_t image[IMAGE_SIZE];
    if (s->h.applied == 0)
        return;
    make_image(s->state, image);
    harness_snapshot(&s->h, image, IMAGE_SIZE, 1 + draw(s, s->h.applied + 1));
    act(s);
}

static void take_step(struct story *s, uint64_t term)
{
    uint64_t known = (term + 1) / 2 * BLOCK; /* the history in this term */
    uint64_t end = term % 2 == 1 ? known : known + BLOCK;
    uint64_t prev = draw(s, harness_view(&s->h).last.index + 2);
    prev = prev > known ? known : prev;
    switch (draw(s, 6)) {
    case 0:
    case 1:
    case 2:
        send_entries(s, term, prev, (uint32_t)draw(s, end - prev + 1),
                     draw(s, known + 1) / 2);
        break;
    case 3:
        make_snapshot(s);
        break;
    case 4:
        if (known > 0)
            send_snapshot(s, term, known - draw(s, known) / 3);
        break;
    case 5:
        write_some(s);
        break;
    }
}

/* The same story for the same seed, up to the same place. */
static void tell(struct story *s, uint64_t seed)
{
    begin(s, seed);
    uint64_t n_steps = 1 + draw(s, 30);
    uint64_t term = 1;
    for (uint64_t i = 0; i < n_steps; i++) {
        if (term < LAST_TERM && draw(s, 4) == 0)
            term += 1 + draw(s, 2);
        take_step(s, term < LAST_TERM ? term : LAST_TERM);
    }
}

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

/* --- the end of the story ------------------------------------------------- */

/* The next leader has the whole history, and an entry of its own. It speaks of
 * all of it, or sends a snapshot first. */
static void bring_up_to_date(struct story *s, bool by_snapshot)
{
    if (by_snapshot)
        send_snapshot(s, LAST_TERM + 1, N - 2);
    send_entries(s, LAST_TERM + 1, 0, N + 1, N + 1);
    while (s->h.n_pending > 0) {
        harness_written_to(&s->h, s->h.last_write);
        act(s);
    }
    cr_assert_eq(s->h.applied, N + 1);
    cr_assert_eq(harness_view(&s->h).last.index, N + 1);
    cr_assert_eq(harness_view(&s->h).configuration.index, N - 3);
}

/* What was applied is there after the crash. */
static void check_kept(const struct story *s, const struct raft_view *before)
{
    struct raft_view now = harness_view(&s->h);
    cr_assert_leq(now.hard_state.current_term, before->hard_state.current_term);
    cr_assert_leq(now.snapshot.index, before->snapshot.index);
    cr_assert_geq(now.last.index, now.snapshot.index);
    cr_assert_geq(now.last_applied, now.snapshot.index);
    cr_assert_geq(now.last.index, before->last_applied);
}

Test(raft_snapshot_crash, every_prefix_of_what_is_pending)
{
    uint64_t n_crashes = 0, n_restored = 0, n_void = 0;
    for (uint64_t seed = 0; seed < 600; seed++) {
        uint64_t n_parts = UINT64_MAX;
        for (uint64_t keep = 0; keep <= n_parts; keep++) {
            struct story s;
            tell(&s, seed);
            n_parts = count_parts(&s.h);
            struct raft_view before = harness_view(&s.h);
            harness_crash(&s.h, keep);
            boot(&s);
            check_kept(&s, &before);
            bring_up_to_date(&s, seed % 2 == 0);
            n_crashes++;
            n_restored += s.n_restored;
            n_void += s.n_void;
            harness_free(&s.h);
        }
    }
    cr_assert_geq(n_restored, 4000);
    cr_assert_geq(n_void, 100);
}

static uint64_t count_changes(const struct harness *h, size_t n)
{
    uint64_t changes = 0;
    for (size_t i = 0; i < n && i < h->n_pending; i++) {
        const struct raft_write *w = &h->pending[i];
        changes += (uint64_t)(w->truncate_from > 0) + (w->drop_before > 0) +
                   w->n_entries;
    }
    return changes;
}

/* The next of all that may be left of the three files; false after the last. */
static bool next_parts(const struct harness *h, struct harness_parts *parts)
{
    if (parts->n_changes < count_changes(h, parts->n_snapshots)) {
        parts->n_changes++;
    } else if (parts->n_snapshots < parts->n_hard_states) {
        parts->n_snapshots++;
        parts->n_changes = 0;
    } else if (parts->n_hard_states < h->n_pending) {
        *parts = (struct harness_parts){parts->n_hard_states + 1, 0, 0};
    } else {
        return false;
    }
    return true;
}

static enum raft_status report_failure(struct story *s)
{
    struct raft_input input = {.kind = RAFT_INPUT_FAILED,
                               .now_us = s->h.now_us,
                               .failed = {s->h.durable_write + 1}};
    return harness_step(&s->h, &input);
}

/* The hard states get further than the snapshots, and these further than the
 * log: with no order between writes but the one that raft/io.h asks for. The
 * node crashed, or stopped because a write failed. */
Test(raft_snapshot_crash, all_that_three_files_may_leave)
{
    uint64_t n_crashes = 0, n_apart = 0, n_void = 0;
    for (uint64_t seed = 0; seed < 250; seed++) {
        struct harness_parts keep = {0, 0, 0};
        bool goes_on = true;
        while (goes_on) {
            struct story s;
            tell(&s, seed);
            struct harness_parts next = keep;
            goes_on = next_parts(&s.h, &next);
            struct raft_view before = harness_view(&s.h);
            if (n_crashes % 2 == 0 && s.h.n_pending > 0)
                cr_assert_eq(report_failure(&s), RAFT_STOPPED);
            n_apart += keep.n_snapshots < keep.n_hard_states;
            harness_crash_apart(&s.h, keep);
            boot(&s);
            check_kept(&s, &before);
            bring_up_to_date(&s, seed % 2 == 0);
            n_crashes++;
            n_void += s.n_void;
            harness_free(&s.h);
            keep = next;
        }
    }
    cr_assert_geq(n_crashes, 5000);
    cr_assert_geq(n_apart, 1000);
    cr_assert_geq(n_void, 100);
}

/* A crash right after the start, before a void log was cut away, and so on. */
Test(raft_snapshot_crash, crashes_again_and_again)
{
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct story s;
        tell(&s, seed);
        for (int life = 0; life < 8; life++) {
            uint64_t term = harness_view(&s.h).hard_state.current_term;
            for (uint64_t i = draw(&s, 8); i > 0; i--)
                take_step(&s, term == 0          ? 1
                              : term < LAST_TERM ? term
                                                 : LAST_TERM);
            harness_crash(&s.h, draw(&s, 6));
            boot(&s);
        }
        bring_up_to_date(&s, seed % 2 == 0);
        harness_free(&s.h);
    }
}
