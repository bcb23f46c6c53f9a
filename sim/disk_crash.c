/* What a crash leaves of unfinished writes, what rots, and what a start finds.
 */
#undef NDEBUG
#include <assert.h>

#include "sim/disk_internal.h"

/* --- parts ---------------------------------------------------------------- */

static uint64_t entries_of(const struct sim_disk *disk,
                           const struct sim_disk_write *write)
{
    return disk__index_of(disk, write->tip) - disk__index_of(disk, write->base);
}

/* How many changes of the log a write has that follows on the log `before`. */
static uint64_t log_parts_of(const struct sim_disk *disk, sim_tip before,
                             const struct sim_disk_write *write)
{
    uint64_t parts = write->base != before ? 1 : 0;
    parts += write->drop_before > 0 ? 1 : 0;
    return parts + entries_of(disk, write);
}

static uint64_t parts_of(const struct sim_disk *disk, sim_tip before,
                         const struct sim_disk_write *write)
{
    uint64_t parts = write->has_hard_state ? 1 : 0;
    parts += write->snapshot != SIM_NO_SNAPSHOT ? 1 : 0;
    return parts + log_parts_of(disk, before, write);
}

/* The parts of the first `n` writes; of their changes of the log only, or all.
 */
static uint64_t count_parts(const struct sim_disk *disk, size_t n, bool of_log)
{
    uint64_t parts = 0;
    sim_tip before = disk->tip;
    for (size_t i = 0; i < n; i++) {
        const struct sim_disk_write *write = &disk->writes[disk->head + i];
        parts += of_log ? log_parts_of(disk, before, write)
                        : parts_of(disk, before, write);
        before = write->tip;
    }
    return parts;
}

/* --- cutting -------------------------------------------------------------- */

static void lose_snapshot(const struct sim_disk *disk,
                          struct sim_disk_write *write)
{
    sim_archive_release(disk->archive, write->snapshot);
    write->snapshot = SIM_NO_SNAPSHOT;
}

/* Cuts what a write does to the log down to the first `left` changes. It was to
 * follow on the log `before`; `there` is the one that is there, the same unless
 * `left` is 0. Notes the first that is lost, if it is an entry and `tears`. */
static void keep_log(struct sim_disk *disk, sim_tip before, sim_tip there,
                     struct sim_disk_write *write, uint64_t left, bool tears)
{
    uint64_t whole = log_parts_of(disk, before, write);
    uint64_t others = whole - entries_of(disk, write);
    if (tears && left >= others && left < whole) {
        disk->torn_index =
            disk__index_of(disk, write->base) + (left - others) + 1;
    }
    if (left == 0) {
        write->base = there;
        write->tip = there;
        write->drop_before = 0;
        return;
    }
    left -= write->base != before ? 1 : 0;
    if (write->drop_before > 0 && left == 0) {
        write->drop_before = 0;
    } else {
        left -= write->drop_before > 0 ? 1 : 0;
    }
    if (left < entries_of(disk, write)) {
        uint64_t last = disk__index_of(disk, write->base) + left;
        write->tip = sim_log_tree_ancestor(disk->tree, write->tip, last);
    }
}

/* Cuts a write that follows on the log `before` down to its first `left` parts.
 */
static void keep_parts(struct sim_disk *disk, sim_tip before,
                       struct sim_disk_write *write, uint64_t left, bool tears)
{
    if (write->has_hard_state && left == 0) {
        write->has_hard_state = false;
    } else {
        left -= write->has_hard_state ? 1 : 0;
    }
    if (write->snapshot != SIM_NO_SNAPSHOT && left == 0) {
        lose_snapshot(disk, write);
    } else {
        left -= write->snapshot != SIM_NO_SNAPSHOT ? 1 : 0;
    }
    keep_log(disk, before, before, write, left, tears);
}

/* Cuts the queue down to its first `parts`. */
static void keep_first_parts(struct sim_disk *disk, uint64_t parts, bool tears)
{
    sim_tip before = disk->tip;
    for (size_t i = 0; i < disk->count; i++) {
        struct sim_disk_write *write = &disk->writes[disk->head + i];
        uint64_t parts_here = parts_of(disk, before, write);
        if (parts < parts_here) {
            keep_parts(disk, before, write, parts, tears);
            disk__forget_from(disk, parts > 0 ? i + 1 : i);
            return;
        }
        parts -= parts_here;
        before = write->tip;
    }
}

/* --- what a crash leaves -------------------------------------------------- */

/* Three files that are synced one after the other. What is whole behind the
 * first record of the log that is not says nothing to a reader: it cannot be
 * told from what an older file left there. */
static void keep_in_any_order(struct sim_disk *disk, struct sim_prng *prng)
{
    size_t n_hard_states = (size_t)sim_prng_between(prng, 0, disk->count);
    size_t n_snapshots = (size_t)sim_prng_between(prng, 0, n_hard_states);
    uint64_t changes = count_parts(disk, n_snapshots, true);
    uint64_t left = sim_prng_between(prng, 0, changes);
    bool tears = sim_prng_chance(prng, 500000);
    sim_tip before = disk->tip;
    sim_tip there = disk->tip;
    for (size_t i = 0; i < n_hard_states; i++) {
        struct sim_disk_write *write = &disk->writes[disk->head + i];
        sim_tip wanted = write->tip;
        uint64_t changes_here = log_parts_of(disk, before, write);
        uint64_t kept = left < changes_here ? left : changes_here;
        if (i >= n_snapshots && write->snapshot != SIM_NO_SNAPSHOT) {
            lose_snapshot(disk, write);
        }
        if (kept < changes_here || there != before) {
            keep_log(disk, before, there, write, kept,
                     tears && i < n_snapshots);
            tears = false;
        }
        left -= kept;
        before = wanted;
        there = write->tip;
    }
    disk__forget_from(disk, n_hard_states);
}

/* All before an entry that was being written, if one was. */
static void keep_up_to_an_entry(struct sim_disk *disk, struct sim_prng *prng)
{
    uint64_t entries = 0;
    for (size_t i = 0; i < disk->count; i++) {
        entries += entries_of(disk, &disk->writes[disk->head + i]);
    }
    if (entries == 0) {
        uint64_t parts = count_parts(disk, disk->count, false);
        keep_first_parts(disk, sim_prng_between(prng, 0, parts), false);
        return;
    }
    uint64_t nth = sim_prng_below(prng, entries);
    uint64_t parts = 0;
    sim_tip before = disk->tip;
    for (size_t i = 0; i < disk->count; i++) {
        const struct sim_disk_write *write = &disk->writes[disk->head + i];
        uint64_t here = entries_of(disk, write);
        if (nth < here) {
            parts += parts_of(disk, before, write) - here + nth;
            break;
        }
        nth -= here;
        parts += parts_of(disk, before, write);
        before = write->tip;
    }
    keep_first_parts(disk, parts, true);
}

void sim_disk_crash(struct sim_disk *disk, enum sim_unfinished unfinished,
                    struct sim_prng *prng)
{
    uint64_t parts = count_parts(disk, disk->count, false);
    disk->generation++;
    disk->has_failed = false;
    if (parts > 0) {
        switch (unfinished) {
        case SIM_UNFINISHED_USUAL:
        case SIM_UNFINISHED_RANDOM:
            keep_first_parts(disk, sim_prng_between(prng, 0, parts), false);
            break;
        case SIM_UNFINISHED_LOST:
            keep_first_parts(disk, 0, false);
            break;
        case SIM_UNFINISHED_KEPT:
            break;
        case SIM_UNFINISHED_ANY_ORDER:
            keep_in_any_order(disk, prng);
            break;
        case SIM_UNFINISHED_TORN:
            keep_up_to_an_entry(disk, prng);
            break;
        }
    }
    disk->n_batch = disk->count;
    disk->phase = disk->count > 0 ? DISK_RECOVERING : DISK_IDLE;
}

/* --- rot, and what a start finds ------------------------------------------ */

/* An entry that is on the disk, drawn; 0 if there is none. */
static uint64_t draw_entry(struct sim_disk *disk)
{
    uint64_t last = disk__index_of(disk, disk->tip);
    return last >= disk->first
               ? sim_prng_between(&disk->prng, disk->first, last)
               : 0;
}

bool sim_disk_rot(struct sim_disk *disk, enum sim_record record)
{
    bool is_there = false;
    if (disk->rotten[record]) {
        return false;
    }
    switch (record) {
    case SIM_RECORD_ENTRY:
        disk->rotten_index = draw_entry(disk);
        is_there = disk->rotten_index > 0;
        break;
    case SIM_RECORD_HARD_STATE:
        is_there = disk->hard_state.term > 0;
        break;
    case SIM_RECORD_SNAPSHOT:
        is_there = disk->snapshot != SIM_NO_SNAPSHOT;
        break;
    case SIM_RECORD_COUNT:
        assert(false);
    }
    disk->rotten[record] = is_there;
    return is_there;
}

bool sim_disk_is_sound(const struct sim_disk *disk)
{
    for (size_t i = 0; i < SIM_RECORD_COUNT; i++) {
        if (disk->rotten[i]) {
            return false;
        }
    }
    return true;
}

struct sim_disk_finding sim_disk_read_back(struct sim_disk *disk)
{
    struct sim_disk_finding finding = {.torn_index = disk->torn_index};
    for (size_t i = 0; i < SIM_RECORD_COUNT; i++) {
        finding.rotten[i] = disk->rotten[i];
    }
    finding.rotten_index =
        disk->rotten[SIM_RECORD_ENTRY] ? disk->rotten_index : 0;
    disk->torn_index = 0;
    return finding;
}
