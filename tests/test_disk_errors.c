/* Disks that fail, what they leave, and what rots on them. */
#include "tests/disk_harness.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static const struct sim_distribution ten_us = {.kind = SIM_FIXED, .low_us = 10};
static const struct sim_distribution jitter = {
    .kind = SIM_UNIFORM, .low_us = 100, .high_us = 900};

/* --- a bench -------------------------------------------------------------- */

struct bench {
    struct sim_log_tree *tree;
    struct sim_archive *archive;
    struct sim_disk *disk;
    uint64_t now_us;
    uint64_t next_id;
    sim_tip tip; /* of the last write */
};

static struct bench new_bench(uint64_t seed)
{
    struct bench b = {.tree = sim_log_tree_new(),
                      .archive = sim_archive_new(),
                      .next_id = 1,
                      .tip = SIM_ROOT};
    b.disk = sim_disk_new(b.tree, b.archive, seed, 2, &ten_us, &jitter);
    return b;
}

static void free_bench(struct bench *b)
{
    sim_disk_free(b->disk);
    cr_assert_eq(sim_archive_count(b->archive), 0);
    sim_archive_free(b->archive);
    sim_log_tree_free(b->tree);
}

/* `count` entries of `term` after the first `keep` of the log. */
static struct sim_disk_write entries_after(struct bench *b, uint64_t keep,
                                           uint64_t term, uint64_t count)
{
    struct sim_disk_write write = {.id = b->next_id++};
    write.base = sim_log_tree_ancestor(b->tree, b->tip, keep);
    write.tip = disk_extend(b->tree, write.base, term, count);
    return write;
}

static struct sim_disk_write append(struct bench *b, uint64_t count)
{
    return entries_after(b, disk_index_of(b->tree, b->tip), 1, count);
}

static struct sim_disk_write vote(struct bench *b, uint64_t term)
{
    struct sim_disk_write write = append(b, 0);
    write.has_hard_state = true;
    write.hard_state = (struct sim_hard_state){.term = term, .vote = 2};
    return write;
}

static struct sim_disk_write compact(struct bench *b, uint64_t index,
                                     uint64_t drop_before)
{
    struct sim_disk_write write = append(b, 0);
    write.snapshot = disk_put(b->archive, b->tree,
                              sim_log_tree_ancestor(b->tree, b->tip, index));
    write.drop_before = drop_before;
    return write;
}

/* True if it started a batch, whose end is then `now_us`. */
static bool submit(struct bench *b, struct sim_disk_write write)
{
    uint64_t end_us = b->now_us;
    bool started = sim_disk_submit(b->disk, b->now_us, &write, &end_us);
    b->tip = write.tip;
    b->now_us = end_us;
    return started;
}

static enum sim_disk_end complete(struct bench *b)
{
    return sim_disk_complete(b->disk, sim_disk_generation(b->disk));
}

static void store(struct bench *b, struct sim_disk_write write)
{
    uint64_t end_us;
    cr_assert(submit(b, write));
    cr_assert_eq(complete(b), SIM_DISK_DONE);
    cr_assert_eq(disk_walk(b->disk), 1);
    cr_assert_not(sim_disk_start_next(b->disk, b->now_us, &end_us));
}

static void crash(struct bench *b, enum sim_unfinished unfinished)
{
    sim_disk_crash(b->disk, unfinished, sim_disk_luck(b->disk));
    disk_walk(b->disk);
    cr_assert_not(sim_disk_has_unfinished(b->disk));
    b->tip = sim_disk_tip(b->disk);
}

static uint64_t last_of(const struct bench *b)
{
    return disk_index_of(b->tree, sim_disk_tip(b->disk));
}

/* --- errors --------------------------------------------------------------- */

Test(disk_errors, a_failed_batch_is_the_last_of_its_life)
{
    struct bench b = new_bench(1);
    store(&b, append(&b, 2));
    sim_disk_set_errors(b.disk, 1000000, false);
    submit(&b, append(&b, 1));
    cr_assert_not(submit(&b, append(&b, 1))); /* waits for the next batch */
    cr_assert_eq(complete(&b), SIM_DISK_FAILED);
    cr_assert_eq(disk_walk(b.disk), 0);
    cr_assert_eq(last_of(&b), 2);
    cr_assert(sim_disk_has_unfinished(b.disk));
    sim_disk_set_errors(b.disk, 0, false); /* too late for this life */
    cr_assert(submit(&b, append(&b, 1)));
    cr_assert_eq(complete(&b), SIM_DISK_FAILED);
    cr_assert_eq(disk_walk(b.disk), 0);
    crash(&b, SIM_UNFINISHED_KEPT);
    cr_assert_eq(last_of(&b), 5);
    store(&b, append(&b, 1));
    cr_assert_eq(last_of(&b), 6);
    free_bench(&b);
}

Test(disk_errors, a_full_disk_fails_until_there_is_room)
{
    struct bench b = new_bench(1);
    sim_disk_set_errors(b.disk, 0, true);
    for (int life = 0; life < 3; life++) {
        submit(&b, append(&b, 1));
        cr_assert_eq(complete(&b), SIM_DISK_FAILED);
        crash(&b, SIM_UNFINISHED_LOST);
        cr_assert_eq(last_of(&b), 0);
    }
    submit(&b, append(&b, 1));
    sim_disk_set_errors(b.disk, 0, false); /* what counts is the batch's end */
    cr_assert_eq(complete(&b), SIM_DISK_DONE);
    cr_assert_eq(disk_walk(b.disk), 1);
    cr_assert_eq(last_of(&b), 1);
    free_bench(&b);
}

Test(disk_errors, a_stale_batch_does_not_fail)
{
    struct bench b = new_bench(1);
    sim_disk_set_errors(b.disk, 0, true);
    submit(&b, append(&b, 1));
    uint64_t generation = sim_disk_generation(b.disk);
    crash(&b, SIM_UNFINISHED_LOST);
    cr_assert_eq(sim_disk_complete(b.disk, generation), SIM_DISK_STALE);
    sim_disk_set_errors(b.disk, 0, false);
    store(&b, append(&b, 1));
    free_bench(&b);
}

Test(disk_errors, errors_come_by_their_chance)
{
    uint64_t failed = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        struct bench b = new_bench(seed);
        sim_disk_set_errors(b.disk, 100000, false);
        submit(&b, append(&b, 1));
        failed += complete(&b) == SIM_DISK_FAILED;
        crash(&b, SIM_UNFINISHED_LOST);
        free_bench(&b);
    }
    cr_assert_geq(failed, 320);
    cr_assert_leq(failed, 480);
}

/* Where nothing can go wrong nothing is drawn: the latencies stay. */
Test(disk_errors, without_errors_nothing_changes)
{
    struct bench a = new_bench(7);
    struct bench b = new_bench(7);
    struct bench c = new_bench(7);
    sim_disk_set_errors(c.disk, 1, false);
    uint64_t differences = 0;
    for (int i = 0; i < 50; i++) {
        sim_disk_set_errors(b.disk, 0, i % 2 == 0);
        sim_disk_set_errors(b.disk, 0, false);
        store(&a, append(&a, 1));
        store(&b, append(&b, 1));
        store(&c, append(&c, 1));
        cr_assert_eq(a.now_us, b.now_us);
        differences += a.now_us != c.now_us;
    }
    cr_assert_gt(differences, 40);
    free_bench(&a);
    free_bench(&b);
    free_bench(&c);
}

/* --- what a crash leaves -------------------------------------------------- */

/* Four writes that are unfinished, on a log of 1 to 6 in term 1:
 *   1: the hard state of term 2, and entries 7, 8
 *   2: the hard state of term 3, truncation from 5, entries 5, 6
 *   3: a snapshot up to 4, without the entries before 3, and entry 7
 *   4: the hard state of term 4 */
static struct bench busy_bench(uint64_t seed)
{
    struct bench b = new_bench(seed);
    store(&b, append(&b, 6));
    struct sim_disk_write write = vote(&b, 2);
    write.tip = disk_extend(b.tree, write.base, 2, 2);
    submit(&b, write);
    write = entries_after(&b, 4, 3, 2);
    write.has_hard_state = true;
    write.hard_state = (struct sim_hard_state){.term = 3, .vote = 2};
    submit(&b, write);
    write = compact(&b, 4, 3);
    write.tip = disk_extend(b.tree, write.base, 3, 1);
    submit(&b, write);
    submit(&b, vote(&b, 4));
    return b;
}

/* The log of busy_bench() after so many of its eight changes. */
static bool log_is_after(const struct bench *b, unsigned changes)
{
    static const struct {
        uint64_t first, last, last_term;
    } logs[] = {{1, 6, 1}, {1, 7, 2}, {1, 8, 2}, {1, 4, 1},
                {1, 5, 3}, {1, 6, 3}, {3, 6, 3}, {3, 7, 3}};
    struct sim_position end =
        sim_log_tree_position(b->tree, sim_disk_tip(b->disk));
    return sim_disk_first(b->disk) == logs[changes].first &&
           end.index == logs[changes].last &&
           end.term == logs[changes].last_term;
}

enum { N_CHANGES = 7 };

/* How many changes its first writes make. */
static const unsigned changes_in[] = {0, 2, 5, 7, 7};

static unsigned changes_left(const struct bench *b)
{
    unsigned changes = 0;
    while (changes <= N_CHANGES && !log_is_after(b, changes)) {
        changes++;
    }
    cr_assert_leq(changes, (unsigned)N_CHANGES, "a log that no prefix gives");
    return changes;
}

/* Where the entries are among its changes: their indexes, 0 for others. */
static const uint64_t entry_at[] = {7, 8, 0, 5, 6, 0, 7, 0};

Test(disk_errors, any_order_keeps_what_three_files_may_keep)
{
    bool seen[5][2][N_CHANGES + 1] = {{{false}}};
    unsigned torn = 0, holes = 0;
    for (uint64_t seed = 0; seed < 6000; seed++) {
        struct bench b = busy_bench(seed);
        crash(&b, SIM_UNFINISHED_ANY_ORDER);
        uint64_t term = sim_disk_hard_state(b.disk).term;
        bool has_snapshot = sim_disk_snapshot(b.disk) != SIM_NO_SNAPSHOT;
        unsigned changes = changes_left(&b);
        /* The least number of writes whose hard states, and whose snapshots,
         * give this. */
        unsigned files = has_snapshot ? 3 : 0;
        unsigned terms = term == 0 ? 0 : (unsigned)term - 1;
        terms += terms == 3 ? 1 : 0;
        seen[terms][has_snapshot][changes] = true;
        cr_assert(!has_snapshot || terms >= 2, "a snapshot without its term");
        cr_assert_leq(changes, changes_in[terms == 2 ? 3 : terms],
                      "a log without its terms");
        cr_assert(changes <= changes_in[2] || files == 3,
                  "a log without its snapshot");
        uint64_t found = sim_disk_read_back(b.disk).torn_index;
        cr_assert(found == 0 || found == entry_at[changes], "%" PRIu64, found);
        torn += found != 0;
        holes += changes < N_CHANGES && found == 0;
        cr_assert_eq(sim_disk_read_back(b.disk).torn_index, 0, "dropped");
        free_bench(&b);
    }
    cr_assert(seen[0][0][0] && seen[4][1][N_CHANGES]);
    cr_assert(seen[4][0][0], "hard states alone");
    cr_assert(seen[4][1][0] && seen[2][1][1], "a snapshot ahead of the log");
    cr_assert(seen[4][0][4] && seen[2][0][2], "hard states ahead of the log");
    cr_assert_gt(torn, 500);
    cr_assert_gt(holes, 500);
}

Test(disk_errors, torn_ends_in_the_middle_of_an_entry)
{
    unsigned seen[9] = {0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct bench b = busy_bench(seed);
        crash(&b, SIM_UNFINISHED_TORN);
        unsigned changes = changes_left(&b);
        uint64_t found = sim_disk_read_back(b.disk).torn_index;
        cr_assert_neq(found, 0);
        cr_assert_eq(found, entry_at[changes]);
        cr_assert_geq(sim_disk_hard_state(b.disk).term, changes < 2 ? 2 : 3);
        cr_assert(sim_disk_is_sound(b.disk), "it was not reported");
        seen[changes]++;
        free_bench(&b);
    }
    for (unsigned i = 0; i <= N_CHANGES; i++) {
        cr_assert_eq(seen[i] > 0, entry_at[i] != 0, "after %u changes", i);
    }
}

Test(disk_errors, without_an_entry_nothing_is_torn)
{
    unsigned kept = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct bench b = new_bench(seed);
        submit(&b, vote(&b, 1));
        crash(&b, SIM_UNFINISHED_TORN);
        kept += sim_disk_hard_state(b.disk).term == 1;
        cr_assert_eq(sim_disk_read_back(b.disk).torn_index, 0);
        free_bench(&b);
    }
    cr_assert_geq(kept, 25);
    cr_assert_leq(kept, 75);
}

Test(disk_errors, what_was_reported_is_kept_whatever_comes)
{
    static const enum sim_unfinished fates[] = {
        SIM_UNFINISHED_USUAL, SIM_UNFINISHED_RANDOM,    SIM_UNFINISHED_LOST,
        SIM_UNFINISHED_KEPT,  SIM_UNFINISHED_ANY_ORDER, SIM_UNFINISHED_TORN};
    for (uint64_t seed = 0; seed < 600; seed++) {
        struct bench b = new_bench(seed);
        store(&b, vote(&b, 5));
        store(&b, append(&b, 4));
        submit(&b, append(&b, 3));
        submit(&b, vote(&b, 6));
        crash(&b, fates[seed % 6]);
        cr_assert_geq(last_of(&b), 4);
        cr_assert_geq(sim_disk_hard_state(b.disk).term, 5);
        sim_disk_read_back(b.disk);
        store(&b, append(&b, 1));
        free_bench(&b);
    }
}

/* --- rot ------------------------------------------------------------------ */

Test(disk_errors, only_what_is_there_rots)
{
    struct bench b = new_bench(1);
    for (int record = 0; record < SIM_RECORD_COUNT; record++) {
        cr_assert_not(sim_disk_rot(b.disk, (enum sim_record)record));
    }
    cr_assert(sim_disk_is_sound(b.disk));
    submit(&b, append(&b, 3)); /* not durable yet */
    cr_assert_not(sim_disk_rot(b.disk, SIM_RECORD_ENTRY));
    crash(&b, SIM_UNFINISHED_LOST);
    free_bench(&b);
}

Test(disk_errors, a_start_finds_what_has_rotten)
{
    bool seen[6] = {false};
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct bench b = new_bench(seed);
        store(&b, append(&b, 5));
        store(&b, vote(&b, 3));
        store(&b, compact(&b, 2, 3));
        enum sim_record record = (enum sim_record)(seed % SIM_RECORD_COUNT);
        cr_assert(sim_disk_rot(b.disk, record));
        cr_assert_not(sim_disk_rot(b.disk, record), "once");
        cr_assert_not(sim_disk_is_sound(b.disk));
        crash(&b, SIM_UNFINISHED_LOST);
        struct sim_disk_finding found = sim_disk_read_back(b.disk);
        for (int i = 0; i < SIM_RECORD_COUNT; i++) {
            cr_assert_eq(found.rotten[i], i == (int)record);
        }
        if (record == SIM_RECORD_ENTRY) {
            cr_assert(found.rotten_index >= 3 && found.rotten_index <= 5);
            seen[found.rotten_index] = true;
        } else {
            cr_assert_eq(found.rotten_index, 0);
        }
        cr_assert_not(sim_disk_is_sound(b.disk), "it stays so");
        free_bench(&b);
    }
    cr_assert(seen[3] && seen[4] && seen[5]);
}

/* Whoever writes the record anew, or drops it, never hears of the rot. */
Test(disk_errors, rot_goes_with_its_record)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct bench b = new_bench(seed);
        store(&b, append(&b, 5));
        store(&b, vote(&b, 3));
        store(&b, compact(&b, 2, 0));
        for (int record = 0; record < SIM_RECORD_COUNT; record++) {
            cr_assert(sim_disk_rot(b.disk, (enum sim_record)record));
        }
        uint64_t index = sim_disk_read_back(b.disk).rotten_index;
        store(&b, vote(&b, 4));
        cr_assert_not(sim_disk_read_back(b.disk).rotten[SIM_RECORD_HARD_STATE]);
        cr_assert(sim_disk_read_back(b.disk).rotten[SIM_RECORD_SNAPSHOT]);
        store(&b, append(&b, 1));
        cr_assert_eq(sim_disk_read_back(b.disk).rotten_index, index);
        if (seed % 2 == 0) { /* from behind it, then from it on */
            store(&b, entries_after(&b, index, 9, 1));
            cr_assert_eq(sim_disk_read_back(b.disk).rotten_index, index);
            store(&b, entries_after(&b, index - 1, 10, 3));
        } else { /* before it, then it */
            store(&b, compact(&b, index - 1, index));
            cr_assert_eq(sim_disk_read_back(b.disk).rotten_index, index);
            store(&b, compact(&b, index, index + 1));
        }
        cr_assert_eq(sim_disk_read_back(b.disk).rotten_index, 0);
        cr_assert_eq(sim_disk_is_sound(b.disk), seed % 2 == 1);
        free_bench(&b);
    }
}

/* A snapshot of another log takes the place of all entries. */
Test(disk_errors, rot_goes_when_a_snapshot_replaces_the_log)
{
    struct bench b = new_bench(3);
    store(&b, append(&b, 5));
    cr_assert(sim_disk_rot(b.disk, SIM_RECORD_ENTRY));
    struct sim_disk_write write = {.id = b.next_id++};
    write.base = disk_extend(b.tree, SIM_ROOT, 8, 9);
    write.tip = write.base;
    write.snapshot = disk_put(b.archive, b.tree, write.base);
    store(&b, write);
    cr_assert(sim_disk_is_sound(b.disk));
    free_bench(&b);
}
