#include "tests/disk_harness.h"

#include <criterion/criterion.h>
#include <signal.h>

/* --- helpers -------------------------------------------------------------- */

static const struct sim_distribution write_20us = {.kind = SIM_FIXED,
                                                   .low_us = 20};
static const struct sim_distribution fsync_1ms = {.kind = SIM_FIXED,
                                                  .low_us = 1000};

static struct sim_disk_write entries(uint64_t id, sim_tip base, sim_tip tip)
{
    return (struct sim_disk_write){.id = id, .base = base, .tip = tip};
}

/* --- the life of a batch -------------------------------------------------- */

Test(disk, groups_what_queues_behind_an_fsync)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_archive *archive = sim_archive_new();
    struct sim_disk *disk =
        sim_disk_new(tree, archive, 1, 1, &write_20us, &fsync_1ms);
    sim_tip tips[6] = {SIM_ROOT};
    for (uint64_t i = 1; i < 6; i++) {
        tips[i] = disk_extend(tree, tips[i - 1], 1, 1);
    }
    struct sim_disk_write write;
    uint64_t completes_us = 0;

    cr_assert_not(sim_disk_has_unfinished(disk));
    write = entries(1, tips[0], tips[1]);
    cr_assert(sim_disk_submit(disk, 100, &write, &completes_us));
    cr_assert_eq(completes_us, 1120u);
    write = entries(2, tips[1], tips[2]);
    cr_assert_not(sim_disk_submit(disk, 200, &write, &completes_us));
    write = entries(3, tips[2], tips[3]);
    cr_assert_not(sim_disk_submit(disk, 1120, &write, &completes_us));
    cr_assert_eq(sim_disk_tip(disk), SIM_ROOT);
    cr_assert_not(sim_disk_next_durable(disk, &write));

    cr_assert(sim_disk_complete(disk, 0));
    cr_assert_eq(sim_disk_tip(disk), SIM_ROOT);
    cr_assert(sim_disk_next_durable(disk, &write));
    cr_assert_eq(write.id, 1u);
    cr_assert_eq(sim_disk_tip(disk), tips[1]);
    cr_assert_not(sim_disk_next_durable(disk, &write));
    /* A write of the walk itself waits like the others. */
    write = entries(4, tips[3], tips[4]);
    cr_assert_not(sim_disk_submit(disk, 1120, &write, &completes_us));
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert(sim_disk_start_next(disk, 1120, &completes_us));
    cr_assert_eq(completes_us, 1120u + 3 * 20 + 1000);

    cr_assert(sim_disk_complete(disk, 0));
    for (uint64_t id = 2; id <= 4; id++) {
        cr_assert(sim_disk_has_unfinished(disk));
        cr_assert(sim_disk_next_durable(disk, &write));
        cr_assert_eq(write.id, id);
        cr_assert_eq(sim_disk_tip(disk), tips[id]);
    }
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert_not(sim_disk_has_unfinished(disk));
    cr_assert_not(sim_disk_start_next(disk, 2180, &completes_us));

    /* Idle again. */
    write = entries(5, tips[4], tips[5]);
    cr_assert(sim_disk_submit(disk, 5000, &write, &completes_us));
    cr_assert_eq(completes_us, 6020u);
    sim_disk_free(disk);
    sim_archive_free(archive);
    sim_log_tree_free(tree);
}

Test(disk, latency_may_change_between_batches)
{
    static const struct sim_distribution slow = {.kind = SIM_FIXED,
                                                 .low_us = 70000};
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_archive *archive = sim_archive_new();
    struct sim_disk *disk =
        sim_disk_new(tree, archive, 1, 1, &write_20us, &fsync_1ms);
    struct sim_disk_write write = entries(1, SIM_ROOT, SIM_ROOT);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    cr_assert_not(sim_disk_submit(disk, 0, &write, &completes_us));
    sim_disk_set_latency(disk, &fsync_1ms, &slow);
    cr_assert(sim_disk_complete(disk, 0));
    cr_assert_eq(disk_walk(disk), 1u);
    cr_assert(sim_disk_start_next(disk, 1020, &completes_us));
    cr_assert_eq(completes_us, 1020u + 1000 + 70000);
    sim_disk_free(disk);
    sim_archive_free(archive);
    sim_log_tree_free(tree);
}

Test(disk, absurd_latencies_do_not_overflow)
{
    static const struct sim_distribution for_ever = {
        .kind = SIM_FIXED, .low_us = SIM_MAX_DURATION_US};
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_archive *archive = sim_archive_new();
    struct sim_disk *disk =
        sim_disk_new(tree, archive, 1, 1, &for_ever, &for_ever);
    struct sim_disk_write write = entries(1, SIM_ROOT, SIM_ROOT);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 1, &write, &completes_us));
    cr_assert_eq(completes_us, 1 + 2 * SIM_MAX_DURATION_US);
    for (int n = 0; n < 1000; n++) {
        cr_assert_not(sim_disk_submit(disk, 1, &write, &completes_us));
    }
    cr_assert(sim_disk_complete(disk, 0));
    cr_assert_eq(disk_walk(disk), 1u);
    cr_assert(sim_disk_start_next(disk, 2, &completes_us));
    cr_assert_eq(completes_us, 2 + 2 * SIM_MAX_DURATION_US);
    sim_disk_free(disk);
    sim_archive_free(archive);
    sim_log_tree_free(tree);
}

Test(disk, begins_with_what_was_preloaded)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_archive *archive = sim_archive_new();
    struct sim_disk *disk =
        sim_disk_new(tree, archive, 1, 1, &write_20us, &fsync_1ms);
    struct sim_hard_state hard_state = {.term = 8, .vote = 2};
    sim_tip tip = disk_extend(tree, SIM_ROOT, 7, 5);
    struct sim_prng prng = {.state = 0};
    sim_disk_preload(disk, SIM_NO_SNAPSHOT, tip, hard_state);
    sim_disk_crash(disk, SIM_UNFINISHED_RANDOM, &prng);
    cr_assert_eq(prng.state, 0u, "nothing to draw");
    cr_assert_eq(sim_disk_tip(disk), tip);
    cr_assert(disk_same_hard_state(sim_disk_hard_state(disk), hard_state));
    struct sim_disk_write write =
        entries(1, sim_log_tree_ancestor(tree, tip, 2), tip);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    sim_disk_free(disk);
    sim_archive_free(archive);
    sim_log_tree_free(tree);
}

Test(disk, a_completion_of_an_older_life_is_recognised)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_archive *archive = sim_archive_new();
    struct sim_disk *disk =
        sim_disk_new(tree, archive, 1, 1, &write_20us, &fsync_1ms);
    struct sim_prng prng = {.state = 0};
    struct sim_disk_write write =
        entries(1, SIM_ROOT, disk_extend(tree, SIM_ROOT, 1, 1));
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    uint64_t old = sim_disk_generation(disk);
    sim_disk_crash(disk, SIM_UNFINISHED_LOST, &prng);
    cr_assert_not(sim_disk_has_unfinished(disk));
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert_not(sim_disk_complete(disk, old));
    /* Also when another batch is in progress by then. */
    write = entries(1, SIM_ROOT, SIM_ROOT);
    cr_assert(sim_disk_submit(disk, 0, &write, &completes_us));
    cr_assert_not(sim_disk_complete(disk, old));
    cr_assert_not(sim_disk_next_durable(disk, &write));
    cr_assert(sim_disk_complete(disk, sim_disk_generation(disk)));
    cr_assert_eq(disk_walk(disk), 1u);
    sim_disk_free(disk);
    sim_archive_free(archive);
    sim_log_tree_free(tree);
}

/* --- crashes -------------------------------------------------------------- */

/* A disk with 3 entries of term 1, and two unfinished writes: a hard state, a
 * snapshot of entry 1, a truncation to that, its drop, and two entries of term
 * 2; and one more entry. */
struct stage {
    struct sim_log_tree *tree;
    struct sim_archive *archive;
    struct sim_disk *disk;
    sim_snapshot_number snapshot;
    sim_tip old, base, tip, last;
};

enum { PARTS = 7 };

static struct stage set_stage(void)
{
    struct stage stage = {.tree = sim_log_tree_new(),
                          .archive = sim_archive_new()};
    stage.disk =
        sim_disk_new(stage.tree, stage.archive, 1, 1, &write_20us, &fsync_1ms);
    stage.old = disk_extend(stage.tree, SIM_ROOT, 1, 3);
    stage.base = sim_log_tree_ancestor(stage.tree, stage.old, 1);
    stage.tip = disk_extend(stage.tree, stage.base, 2, 2);
    stage.last = disk_extend(stage.tree, stage.tip, 2, 1);
    stage.snapshot = disk_put(stage.archive, stage.tree, stage.base);
    sim_disk_preload(stage.disk, SIM_NO_SNAPSHOT, stage.old,
                     (struct sim_hard_state){1, 1});
    struct sim_disk_write first = {
        .id = 1,
        .has_hard_state = true,
        .hard_state = {2, 3},
        .snapshot = stage.snapshot,
        .base = stage.base,
        .drop_before = 2,
        .tip = stage.tip,
    };
    struct sim_disk_write second = entries(2, stage.tip, stage.last);
    uint64_t completes_us = 0;
    cr_assert(sim_disk_submit(stage.disk, 0, &first, &completes_us));
    cr_assert_not(sim_disk_submit(stage.disk, 0, &second, &completes_us));
    return stage;
}

/* With the disk goes all that it held. */
static void clear_stage(struct stage *stage)
{
    sim_disk_free(stage->disk);
    cr_assert_eq(sim_archive_count(stage->archive), 0);
    sim_archive_free(stage->archive);
    sim_log_tree_free(stage->tree);
}

/* What is on the disk if the first `parts` of the seven survived. */
static void check_survivors(const struct stage *stage, unsigned parts)
{
    const sim_tip tips[] = {
        stage->old,  stage->old,
        stage->old,  stage->base,
        stage->base, sim_log_tree_ancestor(stage->tree, stage->tip, 2),
        stage->tip,  stage->last,
    };
    static const unsigned writes[] = {0, 1, 1, 1, 1, 1, 1, 2};
    struct sim_disk_write write = {.tip = SIM_ROOT};
    unsigned given = 0;
    while (sim_disk_next_durable(stage->disk, &write)) {
        given++;
        cr_assert_eq(write.id, given);
        cr_assert_eq(write.has_hard_state, given == 1);
        cr_assert_eq(write.snapshot != SIM_NO_SNAPSHOT,
                     given == 1 && parts >= 2);
        cr_assert_eq(write.drop_before, given == 1 && parts >= 4 ? 2u : 0u);
        cr_assert_eq(sim_disk_tip(stage->disk), write.tip);
    }
    cr_assert_eq(given, writes[parts]);
    cr_assert_eq(sim_disk_tip(stage->disk), tips[parts]);
    cr_assert(parts == 0 || write.tip == tips[parts]);
    cr_assert(parts < 1 || parts > 2 || write.base == stage->old);
    cr_assert(parts < 3 || parts > 6 || write.base == stage->base);
    cr_assert_eq(sim_disk_log(stage->disk), tips[parts]);
    cr_assert_eq(sim_disk_first(stage->disk), parts >= 4 ? 2u : 1u);
    cr_assert_eq(sim_disk_snapshot(stage->disk),
                 parts >= 2 ? stage->snapshot : SIM_NO_SNAPSHOT);
    cr_assert_eq(sim_archive_count(stage->archive), parts >= 2 ? 1u : 0u);
    struct sim_hard_state hard_state = {parts > 0 ? 2 : 1, parts > 0 ? 3 : 1};
    cr_assert(
        disk_same_hard_state(sim_disk_hard_state(stage->disk), hard_state));
}

Test(disk, a_crash_may_lose_all_that_is_unfinished)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    sim_disk_crash(stage.disk, SIM_UNFINISHED_LOST, &prng);
    check_survivors(&stage, 0);
    cr_assert_eq(prng.state, 0u);
    clear_stage(&stage);
}

Test(disk, a_crash_may_keep_all_that_is_unfinished)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    sim_disk_crash(stage.disk, SIM_UNFINISHED_KEPT, &prng);
    check_survivors(&stage, PARTS);
    cr_assert_eq(prng.state, 0u);
    clear_stage(&stage);
}

/* Each prefix of the parts, 0 to 7, once in eight crashes; `prng` says which.
 */
Test(disk, a_crash_may_keep_any_prefix_of_parts)
{
    unsigned seen[PARTS + 1] = {0};
    for (uint64_t seed = 0; seed < 4000; seed++) {
        struct stage stage = set_stage();
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CRASH, 1, 0);
        struct sim_prng copy = prng;
        unsigned parts = (unsigned)sim_prng_between(&copy, 0, PARTS);
        sim_disk_crash(stage.disk, SIM_UNFINISHED_RANDOM, &prng);
        cr_assert_eq(prng.state, copy.state);
        check_survivors(&stage, parts);
        seen[parts]++;
        clear_stage(&stage);
    }
    for (int parts = 0; parts <= PARTS; parts++) {
        cr_assert(seen[parts] > 400 && seen[parts] < 600);
    }
}

Test(disk, a_crash_in_the_walk_finds_the_rest_unfinished)
{
    static const enum sim_unfinished fates[] = {SIM_UNFINISHED_LOST,
                                                SIM_UNFINISHED_KEPT};
    for (int i = 0; i < 2; i++) {
        struct stage stage = set_stage();
        struct sim_prng prng = {.state = 0};
        struct sim_disk_write write;
        uint64_t completes_us = 0;
        cr_assert(sim_disk_complete(stage.disk, 0));
        cr_assert(sim_disk_next_durable(stage.disk, &write));
        sim_disk_crash(stage.disk, fates[i], &prng);
        cr_assert_eq(disk_walk(stage.disk), (unsigned)i);
        cr_assert_eq(sim_disk_tip(stage.disk), i == 0 ? stage.tip : stage.last);
        cr_assert_not(sim_disk_start_next(stage.disk, 0, &completes_us));
        cr_assert_not(sim_disk_has_unfinished(stage.disk));
        clear_stage(&stage);
    }
}

/* A node that restarts and writes while the walk of its last life is still on
 * the stack: that walk must not start the new batch a second time. */
Test(disk, a_walk_cut_short_leaves_the_next_life_alone)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    struct sim_disk_write write;
    uint64_t completes_us = 0;
    cr_assert(sim_disk_complete(stage.disk, 0));
    cr_assert(sim_disk_next_durable(stage.disk, &write));
    sim_disk_crash(stage.disk, SIM_UNFINISHED_LOST, &prng);
    write = entries(1, stage.tip, stage.last);
    cr_assert(sim_disk_submit(stage.disk, 50, &write, &completes_us));
    cr_assert_not(sim_disk_next_durable(stage.disk, &write));
    cr_assert_not(sim_disk_start_next(stage.disk, 50, &completes_us));
    cr_assert_eq(sim_disk_tip(stage.disk), stage.tip);
    cr_assert(sim_disk_complete(stage.disk, 1));
    cr_assert_eq(disk_walk(stage.disk), 1u);
    cr_assert_eq(sim_disk_tip(stage.disk), stage.last);
    clear_stage(&stage);
}

/* --- snapshots ------------------------------------------------------------ */

/* A disk with a log of five entries of term 1 and no unfinished write. */
static struct stage set_quiet_stage(void)
{
    struct stage stage = {.tree = sim_log_tree_new(),
                          .archive = sim_archive_new()};
    stage.disk =
        sim_disk_new(stage.tree, stage.archive, 1, 1, &write_20us, &fsync_1ms);
    stage.old = disk_extend(stage.tree, SIM_ROOT, 1, 5);
    sim_disk_preload(stage.disk, SIM_NO_SNAPSHOT, stage.old,
                     (struct sim_hard_state){1, 0});
    return stage;
}

static void write_at_once(struct sim_disk *disk,
                          const struct sim_disk_write *write)
{
    uint64_t completes_us;
    struct sim_disk_write durable;
    cr_assert(sim_disk_submit(disk, 0, write, &completes_us));
    cr_assert(sim_disk_complete(disk, sim_disk_generation(disk)));
    cr_assert(sim_disk_next_durable(disk, &durable));
    cr_assert_not(sim_disk_start_next(disk, 0, &completes_us));
}

/* What a disk holds before the run; two disks may hold the same snapshot. */
Test(disk, begins_with_a_snapshot_and_what_follows_it)
{
    struct stage stage = set_quiet_stage();
    struct sim_disk *other =
        sim_disk_new(stage.tree, stage.archive, 1, 2, &write_20us, &fsync_1ms);
    cr_assert_eq(sim_disk_first(other), 1);
    cr_assert_eq(sim_disk_log(other), SIM_ROOT);
    sim_tip three = sim_log_tree_ancestor(stage.tree, stage.old, 3);
    sim_snapshot_number snapshot = disk_put(stage.archive, stage.tree, three);
    struct sim_hard_state hard_state = {1, 0};
    sim_disk_preload(stage.disk, snapshot, stage.old, hard_state);
    sim_disk_preload(other, snapshot, three, hard_state);
    sim_archive_release(stage.archive, snapshot);
    cr_assert_eq(sim_disk_snapshot(stage.disk), snapshot);
    cr_assert_eq(sim_disk_snapshot(other), snapshot);
    cr_assert_eq(sim_disk_first(stage.disk), 4);
    cr_assert_eq(sim_disk_log(stage.disk), stage.old);
    cr_assert_eq(sim_disk_first(other), 4);
    cr_assert_eq(sim_disk_log(other), three);
    sim_disk_free(other);
    cr_assert_eq(sim_archive_count(stage.archive), 1);
    clear_stage(&stage);
}

/* One in place of the other; the first is gone when the second is durable. */
Test(disk, keeps_the_latest_snapshot_only)
{
    struct stage stage = set_quiet_stage();
    for (uint64_t index = 2; index <= 4; index++) {
        sim_tip tip = sim_log_tree_ancestor(stage.tree, stage.old, index);
        struct sim_disk_write write = {
            .id = index,
            .snapshot = disk_put(stage.archive, stage.tree, tip),
            .base = stage.old,
            .drop_before = index,
            .tip = stage.old,
        };
        uint64_t completes_us;
        cr_assert(sim_disk_submit(stage.disk, 0, &write, &completes_us));
        cr_assert_eq(sim_archive_count(stage.archive), index == 2 ? 1 : 2);
        cr_assert(sim_disk_complete(stage.disk, 0));
        cr_assert(sim_disk_next_durable(stage.disk, &write));
        cr_assert_not(sim_disk_start_next(stage.disk, 0, &completes_us));
        cr_assert_eq(sim_disk_snapshot(stage.disk), write.snapshot);
        cr_assert_eq(sim_archive_count(stage.archive), 1);
        cr_assert_eq(sim_disk_first(stage.disk), index);
        cr_assert_eq(sim_disk_log(stage.disk), stage.old);
    }
    clear_stage(&stage);
}

/* What is dropped stays dropped, whatever is truncated. */
Test(disk, drops_old_entries_for_ever)
{
    struct stage stage = set_quiet_stage();
    sim_tip four = sim_log_tree_ancestor(stage.tree, stage.old, 4);
    static const struct {
        uint64_t drop_before, first;
    } cases[] = {{0, 1}, {3, 3}, {2, 3}, {0, 3}, {4, 4}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_at_once(stage.disk,
                      &(struct sim_disk_write){
                          .id = i + 1,
                          .base = four,
                          .drop_before = cases[i].drop_before,
                          .tip = disk_extend(stage.tree, four, i + 2, 1)});
        cr_assert_eq(sim_disk_first(stage.disk), cases[i].first);
    }
    clear_stage(&stage);
}

/* A snapshot that the log does not contain, because the log is too short or
 * another one, comes with the truncation of the whole log. A crash between the
 * two leaves a void log: the snapshot counts, the next write truncates. */
Test(disk, a_snapshot_in_place_of_the_log)
{
    for (int other = 0; other <= 1; other++) {
        for (unsigned parts = 0; parts <= 3; parts++) {
            struct stage stage = set_quiet_stage();
            sim_tip four = sim_log_tree_ancestor(stage.tree, stage.old, 4);
            sim_tip far = other ? disk_extend(stage.tree, four, 2, 1)
                                : disk_extend(stage.tree, stage.old, 1, 3);
            uint64_t end = disk_index_of(stage.tree, far);
            struct sim_disk_write write = {
                .id = 1,
                .snapshot = disk_put(stage.archive, stage.tree, far),
                .base = far,
                .tip = disk_extend(stage.tree, far, 3, 1),
            };
            uint64_t completes_us;
            cr_assert(sim_disk_submit(stage.disk, 0, &write, &completes_us));
            struct sim_prng prng = {.state = 0};
            struct sim_prng copy = prng;
            while (sim_prng_between(&copy, 0, 3) != parts) {
                prng = copy;
            }
            sim_disk_crash(stage.disk, SIM_UNFINISHED_RANDOM, &prng);
            cr_assert_eq(disk_walk(stage.disk), parts > 0);

            cr_assert_eq(sim_disk_tip(stage.disk), parts < 2   ? stage.old
                                                   : parts < 3 ? far
                                                               : write.tip);
            cr_assert_eq(sim_disk_log(stage.disk), parts == 0  ? stage.old
                                                   : parts < 3 ? far
                                                               : write.tip);
            cr_assert_eq(sim_disk_first(stage.disk), parts < 2 ? 1 : end + 1);
            cr_assert_eq(sim_disk_log_is_void(stage.disk), parts == 1);
            sim_tip log = sim_disk_log(stage.disk);
            write = (struct sim_disk_write){
                .id = 1,
                .has_hard_state = true,
                .hard_state = {4, 0},
                .base = log,
                .tip = disk_extend(stage.tree, log, 4, 2),
            };
            write_at_once(stage.disk, &write);
            cr_assert_eq(sim_disk_tip(stage.disk), write.tip);
            cr_assert_eq(sim_disk_log(stage.disk), write.tip);
            cr_assert_eq(sim_disk_first(stage.disk), parts == 0 ? 1 : end + 1);
            clear_stage(&stage);
        }
    }
}

/* The truncation that was lost is a part of the next write, after its hard
 * state: a crash may lose it again. */
Test(disk, a_void_log_goes_with_the_next_write)
{
    struct stage stage = set_quiet_stage();
    sim_tip far = disk_extend(stage.tree, stage.old, 1, 3);
    struct sim_disk_write first = {
        .id = 1,
        .snapshot = disk_put(stage.archive, stage.tree, far),
        .base = far,
        .tip = far,
    };
    uint64_t completes_us;
    cr_assert(sim_disk_submit(stage.disk, 0, &first, &completes_us));
    struct sim_prng prng = {.state = 0};
    struct sim_prng copy = prng;
    while (sim_prng_between(&copy, 0, 2) != 1) {
        prng = copy;
    }
    sim_disk_crash(stage.disk, SIM_UNFINISHED_RANDOM, &prng);
    cr_assert_eq(disk_walk(stage.disk), 1);
    struct sim_disk_write next = {
        .id = 1,
        .has_hard_state = true,
        .hard_state = {4, 0},
        .base = far,
        .tip = disk_extend(stage.tree, far, 4, 1),
    };
    cr_assert(sim_disk_submit(stage.disk, 0, &next, &completes_us));
    copy = prng;
    while (sim_prng_between(&copy, 0, 3) != 1) {
        prng = copy;
    }
    sim_disk_crash(stage.disk, SIM_UNFINISHED_RANDOM, &prng);
    cr_assert_eq(disk_walk(stage.disk), 1);
    cr_assert_eq(sim_disk_hard_state(stage.disk).term, 4);
    cr_assert_eq(sim_disk_tip(stage.disk), stage.old);
    cr_assert_eq(sim_disk_log(stage.disk), far);
    write_at_once(stage.disk, &next);
    cr_assert_eq(sim_disk_log(stage.disk), next.tip);
    clear_stage(&stage);
}

/* --- what is refused ------------------------------------------------------ */

Test(disk, a_write_before_the_survivors_are_walked_is_refused,
     .signal = SIGABRT)
{
    struct stage stage = set_stage();
    struct sim_prng prng = {.state = 0};
    struct sim_disk_write write = entries(1, stage.last, stage.last);
    uint64_t completes_us = 0;
    sim_disk_crash(stage.disk, SIM_UNFINISHED_KEPT, &prng);
    sim_disk_submit(stage.disk, 0, &write, &completes_us);
}

Test(disk, a_write_on_another_log_is_refused, .signal = SIGABRT)
{
    struct stage stage = set_stage();
    struct sim_disk_write write = entries(3, stage.old, stage.old);
    uint64_t completes_us = 0;
    sim_disk_submit(stage.disk, 0, &write, &completes_us);
}

Test(disk, a_log_that_ends_before_its_base_is_refused, .signal = SIGABRT)
{
    struct stage stage = set_stage();
    struct sim_disk_write write = entries(3, stage.last, stage.tip);
    uint64_t completes_us = 0;
    sim_disk_submit(stage.disk, 0, &write, &completes_us);
}

/* A stuck batch starts over under other latencies, and takes along what waits;
 * its old end means nothing any more. */
Test(disk, a_batch_can_be_started_over)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_archive *archive = sim_archive_new();
    struct sim_distribution none = sim_distribution_fixed(0);
    struct sim_distribution stuck = sim_distribution_fixed(1000000);
    struct sim_distribution quick = sim_distribution_fixed(10);
    struct sim_disk *disk = sim_disk_new(tree, archive, 1, 1, &none, &stuck);
    uint64_t at;
    cr_assert_not(sim_disk_start_over(disk, 0, &at));
    struct sim_disk_write write = {.id = 1, .base = SIM_ROOT, .tip = SIM_ROOT};
    cr_assert(sim_disk_submit(disk, 0, &write, &at));
    cr_assert_eq(at, 1000000);
    write.id = 2;
    cr_assert_not(sim_disk_submit(disk, 5, &write, &at));
    uint64_t old = sim_disk_generation(disk);
    sim_disk_set_latency(disk, &none, &quick);
    cr_assert(sim_disk_start_over(disk, 100, &at));
    cr_assert_eq(at, 110);
    cr_assert_not(sim_disk_complete(disk, old));
    cr_assert(sim_disk_complete(disk, sim_disk_generation(disk)));
    for (uint64_t id = 1; id <= 2; id++) {
        cr_assert(sim_disk_next_durable(disk, &write));
        cr_assert_eq(write.id, id);
    }
    cr_assert_not(sim_disk_next_durable(disk, &write));
    sim_disk_free(disk);
    sim_archive_free(archive);
    sim_log_tree_free(tree);
}
