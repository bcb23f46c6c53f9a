/* Writes, restarts and the host's part: the contract in raft/raft.h. What a
 * write must hold and what must wait for it is checked by the harness at every
 * step of every test; here are the rules that need a case of their own. */
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void start(struct harness *h, raft_id id, uint32_t n_voters)
{
    struct raft_config config = harness_config(id);
    harness_start(h, &config, n_voters);
}

/* Write ids are 1, 2, 3 ... within a life; the next life counts anew. */
Test(raft_durability, write_ids_count_by_one_in_each_life)
{
    struct harness h;
    start(&h, 1, 3);
    for (int life = 0; life < 3; life++) {
        harness_elect(&h);
        uint64_t first = h.last_write;
        for (uint64_t i = 1; i <= 20; i++) {
            harness_propose(&h, i, "x");
            const struct raft_output *w = harness_output(&h, RAFT_OUTPUT_WRITE);
            cr_assert_eq(w->write.id, first + i);
        }
        harness_crash(&h, UINT64_MAX);
        harness_boot(&h);
        cr_assert_eq(h.last_write, 0);
        harness_timer(&h);
        cr_assert_eq(harness_output(&h, RAFT_OUTPUT_WRITE)->write.id, 1);
    }
    harness_free(&h);
}

/* One write a step, before everything else, also when a step changes the hard
 * state, cuts the log and appends to it. */
Test(raft_durability, one_write_holds_hard_state_truncation_and_entries)
{
    static const uint64_t terms[] = {1, 1, 1};
    struct harness h;
    struct raft_config config = harness_config(1);
    harness_init(&h, &config, 3);
    harness_preload(&h, 1, 2, terms, 3);
    harness_boot(&h);
    struct raft_entry e[] = {{.term = 2, .kind = RAFT_ENTRY_NOOP},
                             {.term = 3, .kind = RAFT_ENTRY_NOOP}};
    struct raft_message m = harness_append(3, 1, 1, 0, e, 2);
    harness_receive(&h, 3, &m);
    cr_assert_eq(harness_count(&h, RAFT_OUTPUT_WRITE), 1);
    cr_assert_eq(h.items[0].kind, RAFT_OUTPUT_WRITE);
    const struct raft_write *w = &h.items[0].write;
    cr_assert(w->has_hard_state);
    cr_assert_eq(w->hard_state.current_term, 3);
    cr_assert_eq(w->hard_state.voted_for, RAFT_NONE);
    cr_assert_eq(w->truncate_from, 2);
    cr_assert_eq(w->first_index, 2);
    cr_assert_eq(w->n_entries, 2);
    harness_free(&h);
}

/* WRITTEN of a later write covers the earlier ones. */
Test(raft_durability, a_later_write_covers_the_earlier)
{
    struct harness h;
    start(&h, 1, 1);
    harness_campaign(&h);
    cr_assert_eq(harness_view(&h).commit_index, 1);
    for (uint64_t i = 0; i < 6; i++)
        harness_propose(&h, i, "x");
    cr_assert_eq(harness_view(&h).durable_index, 1);
    harness_written_to(&h, h.last_write - 4);
    cr_assert_eq(harness_view(&h).durable_index, 3);
    cr_assert_eq(harness_view(&h).last_applied, 3);
    harness_written_to(&h, h.last_write);
    cr_assert_eq(harness_view(&h).durable_index, 7);
    cr_assert_eq(harness_view(&h).last_applied, 7);
    harness_free(&h);
}

/* A write that was overtaken by a truncation does not make the entries durable
 * that replaced its own: they have their own write. */
Test(raft_durability, a_truncated_write_makes_nothing_durable)
{
    struct harness h;
    start(&h, 1, 3);
    struct raft_entry one[] = {{.term = 1, .kind = RAFT_ENTRY_NOOP},
                               {.term = 1, .kind = RAFT_ENTRY_NOOP},
                               {.term = 1, .kind = RAFT_ENTRY_NOOP}};
    struct raft_entry two[] = {{.term = 2, .kind = RAFT_ENTRY_NOOP},
                               {.term = 2, .kind = RAFT_ENTRY_NOOP}};
    struct raft_message m = harness_append(1, 0, 0, 0, one, 3);
    harness_receive(&h, 2, &m);
    uint64_t first = h.last_write;
    m = harness_append(2, 1, 1, 3, two, 2);
    harness_receive(&h, 3, &m);
    cr_assert_eq(harness_view(&h).commit_index, 3);
    harness_written_to(&h, first);
    cr_assert_eq(harness_view(&h).durable_index, 1);
    cr_assert_eq(harness_view(&h).last_applied, 1);
    harness_written(&h);
    cr_assert_eq(harness_view(&h).durable_index, 3);
    cr_assert_eq(harness_view(&h).last_applied, 3);
    harness_free(&h);
}

/* Figure 2: currentTerm, votedFor and log[] are persistent; commitIndex and
 * lastApplied begin at 0 again, and every entry is applied again. */
Test(raft_durability, a_restart_keeps_term_vote_and_log)
{
    struct harness h;
    start(&h, 1, 3);
    harness_elect(&h);
    for (uint64_t i = 0; i < 10; i++)
        harness_propose(&h, i, "kept");
    harness_written(&h);
    struct raft_message ok = harness_append_success(1, 11);
    harness_receive(&h, 2, &ok);
    cr_assert_eq(harness_view(&h).last_applied, 11);
    struct raft_view before = harness_view(&h);
    harness_crash(&h, 0);
    harness_boot(&h);
    struct raft_view v = harness_view(&h);
    cr_assert_eq(v.role, RAFT_FOLLOWER);
    cr_assert_eq(v.leader, RAFT_NONE);
    cr_assert_eq(v.hard_state.current_term, before.hard_state.current_term);
    cr_assert_eq(v.hard_state.voted_for, before.hard_state.voted_for);
    cr_assert_eq(v.last.index, 11);
    cr_assert_eq(v.durable_index, 11);
    cr_assert_eq(v.commit_index, 0);
    cr_assert_eq(v.last_applied, 0);
    struct raft_message beat = harness_append(2, 1, 11, 11, NULL, 0);
    harness_receive(&h, 2, &beat);
    cr_assert_eq(harness_view(&h).last_applied, 11);
    harness_free(&h);
}

/* A crash may keep any prefix of the parts of the pending writes: each such
 * image is one that a node can be created from. */
Test(raft_durability, every_prefix_of_the_writes_boots)
{
    for (uint64_t keep = 0; keep <= 14; keep++) {
        static const uint64_t terms[] = {1, 1, 1};
        struct harness h;
        struct raft_config config = harness_config(1);
        harness_init(&h, &config, 3);
        harness_preload(&h, 1, 2, terms, 3);
        harness_boot(&h);
        struct raft_entry e[] = {{.term = 2, .kind = RAFT_ENTRY_NOOP},
                                 {.term = 3, .kind = RAFT_ENTRY_NOOP}};
        struct raft_message m = harness_append(3, 1, 1, 0, e, 2);
        harness_receive(&h, 3, &m); /* hard state, truncation, 2 entries */
        m = harness_vote_request(5, 9, 9);
        harness_receive(&h, 2, &m); /* hard state */
        e[0].term = e[1].term = 6;
        m = harness_append(6, 2, 2, 0, e, 2);
        harness_receive(&h, 2, &m); /* hard state, truncation, 2 entries */
        cr_assert_eq(harness_view(&h).last.index, 4);
        harness_crash(&h, keep);
        harness_boot(&h); /* a contradiction would be RAFT_BAD_IMAGE */
        struct raft_view v = harness_view(&h);
        cr_assert_leq(v.last.term, v.hard_state.current_term);
        if (keep == 0)
            cr_assert_eq(v.last.index, 3);
        if (keep >= 9)
            cr_assert_eq(v.last.index, 4);
        harness_free(&h);
    }
}

/* --- snapshots and crashes (5.1) ------------------------------------------ */

static const struct raft_position PLACE = {3, 20};

/* The leader of term 3 sends a snapshot at PLACE, and two entries after it. */
static void follow(struct harness *h)
{
    static const struct raft_member members[] = {
        {.id = 1, .flags = RAFT_MEMBER_VOTER},
        {.id = 2, .flags = RAFT_MEMBER_VOTER}};
    uint8_t meta[HARNESS_META_SIZE(2)];
    size_t size;
    struct raft_snapshot snapshot = {
        .position = PLACE,
        .meta = meta,
        .meta_size =
            harness_meta(PLACE, (struct raft_position){1, 2}, members, 2, meta),
        .image = (const uint8_t *)"state",
        .image_size = 5};
    uint8_t *bytes = harness_travel_form(&snapshot, false, &size);
    struct raft_message m =
        harness_install(3, PLACE, bytes, size, 0, (uint32_t)size);
    harness_receive(h, 2, &m);
    free(bytes);
    static const struct raft_entry e[] = {{.term = 3, .kind = RAFT_ENTRY_NOOP},
                                          {.term = 3, .kind = RAFT_ENTRY_NOOP}};
    m = harness_append(3, 3, 20, 21, e, 2);
    harness_receive(h, 2, &m);
}

/* A disk as a life may begin with: a snapshot at {2, snapshot} or none, entries
 * from `first` on. */
struct disk {
    uint64_t snapshot, first, n;
    uint64_t last; /* after the start */
};

static void start_from(struct harness *h, const struct disk *disk)
{
    struct raft_entry entries[16];
    struct raft_config config = harness_config(1);
    harness_init(h, &config, 2);
    harness_preload(h, 2, RAFT_NONE, NULL, 0);
    if (disk->snapshot > 0)
        harness_preload_snapshot(h, 2, disk->snapshot, "old", 3);
    for (uint64_t i = 0; i < disk->n; i++)
        entries[i] = (struct raft_entry){
            .term = disk->first + i < disk->snapshot ? 1 : 2,
            .kind = RAFT_ENTRY_NOOP};
    harness_preload_entries(h, disk->first, entries, disk->n);
    harness_boot(h);
    cr_assert_eq(harness_view(h).last.index, disk->last);
}

/* Whatever was on the disk, and however much of the writes a crash keeps: the
 * image is one to go on from, and in the end all is there. */
Test(raft_durability, every_prefix_of_an_install_boots)
{
    static const struct disk disks[] = {
        {.last = 0},
        {.first = 1, .n = 5, .last = 5},
        {.snapshot = 7, .last = 7},
        {.snapshot = 7, .first = 8, .n = 3, .last = 10},
        /* the log begins before the snapshot */
        {.snapshot = 7, .first = 5, .n = 6, .last = 10},
        {.snapshot = 7, .first = 7, .n = 1, .last = 7},
        /* it was to be cut away when the snapshot came */
        {.snapshot = 7, .first = 2, .n = 4, .last = 7},
    };
    for (size_t i = 0; i < sizeof disks / sizeof *disks; i++)
        for (uint64_t keep = 0; keep <= 10; keep++) {
            struct harness h;
            start_from(&h, &disks[i]);
            follow(&h);
            cr_assert_eq(harness_view(&h).last.index, 22);
            harness_crash(&h, keep);
            harness_boot(&h);
            uint64_t last = harness_view(&h).last.index;
            cr_assert(last == disks[i].last || (last >= 20 && last <= 22),
                      "disk %zu, keep %u: %u", i, (unsigned)keep,
                      (unsigned)last);
            follow(&h);
            harness_written(&h);
            cr_assert_eq(harness_view(&h).last.index, 22);
            cr_assert_eq(harness_view(&h).last_applied, 21);
            cr_assert_eq(h.durable.snapshot.image_size, 5);
            harness_free(&h);
        }
}

/* The log contradicts a newer snapshot: it goes with the first write. */
Test(raft_durability, a_void_log_is_cut_away)
{
    static const uint64_t terms[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (uint64_t index = 7; index <= 12; index++) {
        struct harness h;
        struct raft_config config = harness_config(1);
        harness_init(&h, &config, 3);
        harness_preload(&h, 2, RAFT_NONE, terms, 9);
        harness_preload_snapshot(&h, 2, index, "x", 1);
        harness_boot(&h); /* the harness checks the rest */
        cr_assert_eq(harness_output(&h, RAFT_OUTPUT_WRITE)->write.truncate_from,
                     1);
        cr_assert_eq(harness_output(&h, RAFT_OUTPUT_RESTORE)->restore.size, 1);
        cr_assert_eq(harness_view(&h).last.index, index);
        harness_crash(&h, 0);
        harness_boot(&h);
        harness_written(&h);
        harness_crash(&h, 0);
        harness_boot(&h);
        cr_assert_null(harness_output(&h, RAFT_OUTPUT_WRITE));
        cr_assert_eq(harness_view(&h).last.term, 2);
        harness_free(&h);
    }
}

/* 5.1: the host's snapshot lets the log before it go, or as much of it as the
 * host wants; a crash in between costs nothing. */
Test(raft_durability, every_prefix_of_a_compaction_boots)
{
    for (uint64_t keep_from = 1; keep_from <= 10; keep_from++)
        for (uint64_t keep = 0; keep <= 3; keep++) {
            static const uint64_t terms[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
            struct harness h;
            struct raft_config config = harness_config(1);
            harness_init(&h, &config, 3);
            harness_preload(&h, 1, 2, terms, 11);
            harness_boot(&h);
            struct raft_message beat = harness_append(1, 1, 11, 9, NULL, 0);
            harness_receive(&h, 2, &beat);
            harness_snapshot(&h, "nine", 4, keep_from);
            cr_assert_eq(harness_view(&h).first_index, keep_from);
            harness_crash(&h, keep);
            harness_boot(&h);
            const struct raft_output *o =
                harness_output(&h, RAFT_OUTPUT_RESTORE);
            cr_assert_eq(o == NULL, keep == 0);
            cr_assert_eq(harness_view(&h).last_applied, keep == 0 ? 0 : 9);
            cr_assert_eq(harness_view(&h).last.index, 11);
            harness_receive(&h, 2, &beat);
            beat = harness_append(1, 1, 11, 11, NULL, 0);
            harness_receive(&h, 2, &beat);
            cr_assert_eq(harness_view(&h).last_applied, 11);
            harness_free(&h);
        }
}

/* A snapshot of what the state machine was before a newer one came from the
 * leader is too late, also while that one is on its way to the disk. */
Test(raft_durability, late_snapshots_are_ignored)
{
    static const struct disk disk = {.first = 1, .n = 5, .last = 5};
    struct harness h;
    start_from(&h, &disk);
    struct raft_message beat = harness_append(2, 2, 5, 5, NULL, 0);
    harness_receive(&h, 2, &beat);
    cr_assert_eq(h.applied, 5);
    follow(&h);
    cr_assert_eq(h.applied, 5);
    harness_snapshot(&h, "late", 4, 3);
    cr_assert_eq(h.n_items, 0);
    harness_written(&h);
    cr_assert_eq(h.applied, 21);
    cr_assert_eq(harness_view(&h).snapshot.index, 20);
    harness_free(&h);
}

/* --- the host's part ------------------------------------------------------ */

static enum raft_status give(struct harness *h, struct raft_input input)
{
    return harness_step(h, &input); /* which checks that nothing changed */
}

Test(raft_durability, an_unknown_write_is_bad_input)
{
    struct harness h;
    start(&h, 1, 3);
    const uint64_t unknown[] = {1, 2, 99, UINT64_MAX};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(give(&h, (struct raft_input){.kind = RAFT_INPUT_WRITTEN,
                                                  .now_us = h.now_us,
                                                  .written = {unknown[i]}}),
                     RAFT_BAD_INPUT);
    harness_timer(&h);
    cr_assert_eq(h.last_write, 1);
    for (size_t i = 1; i < 4; i++)
        cr_assert_eq(give(&h, (struct raft_input){.kind = RAFT_INPUT_WRITTEN,
                                                  .now_us = h.now_us,
                                                  .written = {unknown[i]}}),
                     RAFT_BAD_INPUT);
    harness_written(&h);
    harness_free(&h);
}

Test(raft_durability, time_going_back_is_bad_input)
{
    struct harness h;
    struct raft_config config = harness_config(1);
    harness_init(&h, &config, 3);
    h.now_us = 1000;
    harness_boot(&h);
    struct raft_message beat = harness_append(1, 0, 0, 0, NULL, 0);
    uint8_t bytes[64];
    size_t size = raft_message_encode(&beat, bytes);
    const struct raft_input inputs[] = {
        {.kind = RAFT_INPUT_MESSAGE, .message = {2, bytes, size}},
        {.kind = RAFT_INPUT_TIMER},
        {.kind = RAFT_INPUT_PROPOSAL,
         .proposal = {.tag = 1, .data = bytes, .size = 1}},
    };
    for (size_t i = 0; i < 3; i++) {
        struct raft_input input = inputs[i];
        input.now_us = 999;
        cr_assert_eq(give(&h, input), RAFT_BAD_INPUT);
    }
    struct raft_input input = inputs[0]; /* standing still is no going back */
    input.now_us = 1000;
    cr_assert_eq(give(&h, input), RAFT_OK);
    harness_free(&h);
}

Test(raft_durability, a_life_starts_once_and_first)
{
    struct harness h;
    start(&h, 1, 3);
    cr_assert_eq(give(&h, (struct raft_input){.kind = RAFT_INPUT_START,
                                              .now_us = h.now_us}),
                 RAFT_BAD_INPUT);
    harness_free(&h);

    struct raft_config config = harness_config(1);
    struct raft_image image = {0};
    struct harness_memory memory;
    struct raft *raft;
    harness_memory_init(&memory);
    cr_assert_eq(raft_new(&config, &image, &memory.base, &raft), RAFT_OK);
    struct raft_message beat = harness_append(1, 0, 0, 0, NULL, 0);
    uint8_t bytes[64];
    size_t size = raft_message_encode(&beat, bytes);
    const struct raft_input inputs[] = {
        {.kind = RAFT_INPUT_MESSAGE, .message = {2, bytes, size}},
        {.kind = RAFT_INPUT_TIMER},
        {.kind = RAFT_INPUT_WRITTEN, .written = {1}},
        {.kind = RAFT_INPUT_PROPOSAL,
         .proposal = {.tag = 1, .data = bytes, .size = 1}},
    };
    for (size_t i = 0; i < 4; i++) {
        struct raft_outputs outputs;
        cr_assert_eq(raft_step(raft, &inputs[i], &outputs), RAFT_BAD_INPUT);
        cr_assert_eq(outputs.count, 0);
    }
    raft_free(raft);
    cr_assert_eq(memory.n_blocks, 0);
    raft_free(NULL); /* is allowed */
}

Test(raft_durability, corrupt_bytes_change_nothing)
{
    struct harness h;
    start(&h, 1, 3);
    struct raft_entry e = {.term = 1, .kind = RAFT_ENTRY_NOOP};
    struct raft_message m = harness_append(1, 0, 0, 0, &e, 1);
    uint8_t bytes[128];
    size_t size = raft_message_encode(&m, bytes);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct raft_input input = {.kind = RAFT_INPUT_MESSAGE,
                                   .now_us = h.now_us,
                                   .message = {2, bytes, size}};
        cr_assert_eq(give(&h, input), RAFT_CORRUPT);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_eq(give(&h, (struct raft_input){.kind = RAFT_INPUT_MESSAGE,
                                                  .now_us = h.now_us,
                                                  .message = {2, bytes, cut}}),
                     RAFT_CORRUPT);
    cr_assert_eq(harness_view(&h).last.index, 0);
    harness_receive(&h, 2, &m);
    cr_assert_eq(harness_view(&h).last.index, 1);
    harness_free(&h);
}

/* A snapshot is of what is applied, and is what raft_meta() said at that. */
Test(raft_durability, a_snapshot_of_something_else_is_bad_input)
{
    static const uint64_t terms[] = {1, 1, 2, 2};
    struct harness h;
    struct raft_config config = harness_config(1);
    harness_init(&h, &config, 3);
    harness_preload(&h, 2, RAFT_NONE, terms, 4);
    harness_boot(&h);
    struct raft_message beat = harness_append(2, 2, 4, 3, NULL, 0);
    harness_receive(&h, 2, &beat);
    uint8_t meta[256];
    size_t size = raft_meta_size(h.raft);
    raft_meta(h.raft, meta);
    const struct {
        uint64_t index, keep_from;
        size_t size, bent; /* this byte of the meta */
    } cases[] = {
        {4, 1, size, 0},     {2, 1, size, 0}, {3, 0, size, 0}, {3, 5, size, 0},
        {3, 1, size - 1, 0}, {3, 1, 0, 0},    {3, 1, size, 8}, {3, 1, size, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].bent > 0)
            meta[cases[i].bent - 1] ^= 1;
        cr_assert_eq(
            give(&h,
                 (struct raft_input){.kind = RAFT_INPUT_SNAPSHOT,
                                     .now_us = h.now_us,
                                     .snapshot =
                                         {
                                             .index = cases[i].index,
                                             .meta = meta,
                                             .meta_size = cases[i].size,
                                             .keep_from = cases[i].keep_from,
                                         }}),
            RAFT_BAD_INPUT, "case %zu", i);
        if (cases[i].bent > 0)
            meta[cases[i].bent - 1] ^= 1;
    }
    harness_snapshot(&h, NULL, 0, 4);
    cr_assert_eq(harness_view(&h).snapshot.index, 3);
    harness_free(&h);
}

Test(raft_durability, a_sequence_belongs_to_a_session)
{
    struct harness h;
    start(&h, 1, 3);
    harness_elect(&h);
    for (uint64_t k = 0; k < 4; k++)
        cr_assert_eq(
            give(&h, (struct raft_input){.kind = RAFT_INPUT_PROPOSAL,
                                         .now_us = h.now_us,
                                         .proposal = {.tag = 1,
                                                      .session = k % 2,
                                                      .sequence = k / 2}}),
            k % 2 == k / 2 ? RAFT_OK : RAFT_BAD_INPUT);
    harness_free(&h);
}

Test(raft_durability, too_large_a_command_is_bad_input)
{
    struct harness h;
    start(&h, 1, 1);
    harness_campaign(&h);
    uint8_t *data = calloc(1, RAFT_MAX_COMMAND_BYTES + 1u);
    cr_assert_not_null(data);
    struct raft_input input = {
        .kind = RAFT_INPUT_PROPOSAL,
        .now_us = h.now_us,
        .proposal = {
            .tag = 1, .data = data, .size = RAFT_MAX_COMMAND_BYTES + 1u}};
    cr_assert_eq(give(&h, input), RAFT_BAD_INPUT);
    input.proposal.size = UINT32_MAX;
    cr_assert_eq(give(&h, input), RAFT_BAD_INPUT);
    cr_assert_eq(harness_view(&h).last.index, 1);
    input.proposal.size = RAFT_MAX_COMMAND_BYTES;
    cr_assert_eq(give(&h, input), RAFT_OK);
    cr_assert_eq(harness_view(&h).last.index, 2);
    input.proposal.size = 0; /* an empty command is a command */
    input.proposal.data = NULL;
    cr_assert_eq(give(&h, input), RAFT_OK);
    cr_assert_eq(raft_entry_at(h.raft, 3)->kind, RAFT_ENTRY_COMMAND);
    free(data);
    harness_free(&h);
}

/* --- creation ------------------------------------------------------------- */

static enum raft_status create(const struct raft_config *config,
                               const struct raft_image *image)
{
    struct harness_memory memory;
    struct raft *raft = NULL;
    harness_memory_init(&memory);
    enum raft_status status = raft_new(config, image, &memory.base, &raft);
    if (status == RAFT_OK)
        raft_free(raft);
    cr_assert_eq(memory.n_blocks, 0);
    return status;
}

/* Entries start at index 1, terms never decrease and never exceed current_term
 * (and the first election has term 1, so that no entry has term 0). */
Test(raft_durability, an_image_must_not_contradict_itself)
{
    static const struct {
        uint64_t current_term, voted_for, n, terms[4];
        enum raft_status status;
    } cases[] = {
        {0, 0, 0, {0}, RAFT_OK},
        {5, 0, 0, {0}, RAFT_OK},
        {5, 2, 0, {0}, RAFT_OK},
        {5, 2, 3, {1, 1, 5}, RAFT_OK},
        {5, 0, 4, {1, 2, 3, 4}, RAFT_OK},
        {UINT32_MAX, 0, 1, {UINT32_MAX}, RAFT_OK},
        {5, 0, 3, {1, 2, 1}, RAFT_BAD_IMAGE},
        {5, 0, 4, {3, 3, 2, 4}, RAFT_BAD_IMAGE},
        {5, 0, 3, {1, 2, 6}, RAFT_BAD_IMAGE},
        {0, 0, 1, {1}, RAFT_BAD_IMAGE},
        {5, 0, 1, {UINT64_MAX}, RAFT_BAD_IMAGE},
        {5, 0, 2, {0, 1}, RAFT_BAD_IMAGE},
        {0, 2, 0, {0}, RAFT_BAD_IMAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raft_config config = harness_config(1);
        struct raft_entry entries[4];
        for (uint64_t j = 0; j < cases[i].n; j++)
            entries[j] = (struct raft_entry){.term = cases[i].terms[j],
                                             .kind = RAFT_ENTRY_NOOP};
        struct raft_image image = {
            .hard_state = {cases[i].current_term, cases[i].voted_for},
            .first_index = 1,
            .entries = entries,
            .n_entries = cases[i].n};
        cr_assert_eq(create(&config, &image), cases[i].status, "case %zu", i);
    }
}

/* Its snapshot and its log are the library's own, by way of the disk. */
Test(raft_durability, an_image_must_not_contradict_its_snapshot)
{
    enum { NONE, META, POSITION, TERM, GAP, NO_FIRST, KIND, OMITTED };
    for (int wrong = NONE; wrong <= OMITTED; wrong++) {
        static const struct raft_member voter = {.id = 1,
                                                 .flags = RAFT_MEMBER_VOTER};
        uint8_t meta[HARNESS_META_SIZE(1)];
        struct raft_config config = harness_config(1);
        struct raft_position place = {wrong == TERM ? 6 : 5, 10};
        struct raft_entry entry = {
            .term = 5, .kind = RAFT_ENTRY_COMMAND, .omitted = wrong == OMITTED};
        struct raft_image image = {
            .hard_state = {5, 0},
            .snapshot = {.position = place,
                         .meta = meta,
                         .meta_size =
                             harness_meta(place, (struct raft_position){0, 0},
                                          &voter, 1, meta)},
            .first_index = 11,
            .entries = &entry,
            .n_entries = 1};
        if (wrong == META)
            image.snapshot.meta_size--;
        if (wrong == POSITION)
            image.snapshot.position.index++;
        if (wrong == GAP)
            image.first_index = 12;
        if (wrong == NO_FIRST)
            image.first_index = 0;
        if (wrong == KIND) /* needs its members */
            entry.kind = RAFT_ENTRY_CONFIGURATION;
        bool good = wrong == NONE || wrong == OMITTED;
        cr_assert_eq(create(&config, &image), good ? RAFT_OK : RAFT_BAD_IMAGE,
                     "%d", wrong);
    }
}

/* raft_new() copies what it needs: the caller's memory may go. */
Test(raft_durability, creation_copies_the_image)
{
    static const struct raft_member members[] = {
        {.id = 4, .flags = RAFT_MEMBER_VOTER},
        {.id = 7, .flags = RAFT_MEMBER_VOTER}};
    size_t meta_size = raft_bootstrap_size(2);
    uint8_t *meta = malloc(meta_size);
    struct raft_entry *entries = malloc(sizeof *entries);
    uint8_t *data = malloc(3);
    struct harness_memory memory;
    struct raft *raft;
    raft_bootstrap(members, 2, meta);
    memcpy(data, "abc", 3);
    *entries = (struct raft_entry){
        .term = 1, .data = data, .size = 3, .kind = RAFT_ENTRY_COMMAND};
    struct raft_config config = harness_config(7);
    struct raft_image image = {
        .hard_state = {1, 4},
        .snapshot = {.meta = meta, .meta_size = meta_size},
        .first_index = 1,
        .entries = entries,
        .n_entries = 1};
    harness_memory_init(&memory);
    cr_assert_eq(raft_new(&config, &image, &memory.base, &raft), RAFT_OK);
    free(data);
    free(entries);
    memset(meta, 0xff, meta_size);
    free(meta);
    struct raft_view v;
    uint32_t n;
    raft_inspect(raft, &v);
    cr_assert_eq(v.id, 7);
    cr_assert_eq(raft_members(raft, &n)[1].id, 7);
    cr_assert_eq(n, 2);
    cr_assert_eq(memcmp(raft_entry_at(raft, 1)->data, "abc", 3), 0);
    cr_assert_null(raft_entry_at(raft, 0));
    cr_assert_null(raft_entry_at(raft, 2));
    cr_assert_null(raft_entry_at(raft, UINT64_MAX));
    raft_free(raft);
    cr_assert_eq(memory.n_blocks, 0);
}

static void check_config(const char *what, struct raft_config config, bool good)
{
    struct raft_image image = {0};
    cr_assert_eq(raft_config_error(&config) == NULL, good, "%s", what);
    cr_assert_eq(create(&config, &image), good ? RAFT_OK : RAFT_BAD_CONFIG,
                 "%s", what);
}

/* The ranges that struct raft_config documents, at both sides of each end. */
Test(raft_durability, configurations)
{
    struct raft_config c = harness_config(1);
    check_config("the harness's own", c, true);
    c.id = RAFT_NONE;
    check_config("nobody", c, false);
    c.id = RAFT_MAX_ID;
    check_config("the highest id", c, true);
    c.id = RAFT_MAX_ID + 1;
    check_config("an id above", c, false);
    c = harness_config(1);
    c.election_timeout_max_us = c.election_timeout_min_us;
    check_config("min equals max", c, true);
    c.election_timeout_max_us--;
    check_config("min above max", c, false);
    c = harness_config(1);
    c.heartbeat_interval_us = 0;
    check_config("no heartbeat interval", c, false);
    c.heartbeat_interval_us = c.election_timeout_min_us - 1;
    check_config("the longest heartbeat interval", c, true);
    c.heartbeat_interval_us++;
    check_config("a heartbeat interval as long as the timeout", c, false);
    c = harness_config(1);
    c.election_timeout_min_us = 0;
    check_config("no election timeout", c, false);
    c = harness_config(1);
    c.max_entries_per_message = 0;
    check_config("no entries", c, false);
    c.max_entries_per_message = 1;
    check_config("one entry", c, true);
    c = harness_config(1);
    c.max_bytes_per_message = 0;
    check_config("no bytes", c, false);
    c.max_bytes_per_message = 1;
    check_config("one byte", c, true);
    c = harness_config(1);
    c.max_inflight_messages = 0;
    check_config("no window", c, false);
    c.max_inflight_messages = 1;
    check_config("a window of one", c, true);
    c.random_seed = 0;
    check_config("seed 0", c, true);
    c.max_inflight_messages = 1024;
    check_config("the widest window", c, true);
    c.max_inflight_messages++;
    check_config("too wide a window", c, false);
    c = harness_config(1);
    c.max_inflight_bytes = 0;
    check_config("no bytes on their way", c, false);
    c.max_inflight_bytes = 1;
    check_config("a byte on its way", c, true);
    c.max_uncommitted_bytes = 0;
    check_config("nothing uncommitted", c, false);
    c.max_uncommitted_bytes = UINT64_MAX;
    check_config("anything uncommitted", c, true);
    c.max_pending_reads = 0;
    check_config("no reads", c, false);
    c.max_pending_reads = 65536;
    check_config("the most reads", c, true);
    c.max_pending_reads++;
    check_config("too many reads", c, false);
    c = harness_config(1);
    c.max_sessions = 0;
    check_config("no sessions", c, false);
    c.max_sessions = 1;
    check_config("one session", c, true);
    c.lease_reads = true;
    check_config("leases without check-quorum", c, false);
    c.check_quorum = true;
    check_config("leases", c, true);
    c.clock_drift_ppm = 999999;
    check_config("the worst clock", c, true);
    c.clock_drift_ppm++;
    check_config("no clock", c, false);
}
