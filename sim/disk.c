#undef NDEBUG
#include "sim/disk_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

uint64_t disk__index_of(const struct sim_disk *disk, sim_tip tip)
{
    return sim_log_tree_position(disk->tree, tip).index;
}

/* The log once all that was submitted is durable. */
static sim_tip submitted_tip(const struct sim_disk *disk)
{
    if (disk->count == 0) {
        return disk->tip;
    }
    return disk->writes[disk->head + disk->count - 1].tip;
}

/* A write goes on from a part of the log before it, or from its snapshot, for
 * which all of the log is truncated; or, where a crash left a void log, from
 * the snapshot that is there. */
static bool follows(const struct sim_disk *disk,
                    const struct sim_disk_write *write)
{
    if (sim_log_tree_contains(disk->tree, submitted_tip(disk), write->base)) {
        return true;
    }
    sim_snapshot_number snapshot =
        write->snapshot != SIM_NO_SNAPSHOT ? write->snapshot : disk->snapshot;
    return write->base == sim_archive_tip(disk->archive, snapshot);
}

static void enqueue(struct sim_disk *disk, const struct sim_disk_write *write)
{
    /* At the array's end the queue moves to its start, if at least half of the
     * array is free: each write is moved O(1) times on average. */
    if (disk->head + disk->count == disk->capacity &&
        disk->head >= disk->count) {
        for (size_t i = 0; i < disk->count; i++) {
            disk->writes[i] = disk->writes[disk->head + i];
        }
        disk->head = 0;
    }
    disk->writes = sim_grow(disk->writes, &disk->capacity,
                            disk->head + disk->count + 1, sizeof *disk->writes);
    disk->writes[disk->head + disk->count] = *write;
    disk->count++;
}

/* One batch of all that is in the queue. Returns the time of its end. */
static uint64_t start_batch(struct sim_disk *disk, uint64_t now_us)
{
    disk->phase = DISK_WRITING;
    disk->n_batch = disk->count;
    uint64_t duration_us = 0;
    for (size_t i = 0; i < disk->n_batch; i++) {
        duration_us += sim_distribution_draw(disk->write, &disk->prng);
        if (duration_us > SIM_MAX_DURATION_US) {
            duration_us = SIM_MAX_DURATION_US;
        }
    }
    duration_us += sim_distribution_draw(disk->fsync, &disk->prng);
    return now_us + duration_us;
}

void disk__forget_from(struct sim_disk *disk, size_t n)
{
    for (size_t i = n; i < disk->count; i++) {
        sim_archive_release(disk->archive,
                            disk->writes[disk->head + i].snapshot);
    }
    disk->count = n;
}

struct sim_disk *sim_disk_new(const struct sim_log_tree *tree,
                              struct sim_archive *archive, uint64_t seed,
                              uint32_t node,
                              const struct sim_distribution *write,
                              const struct sim_distribution *fsync)
{
    assert(tree != NULL);
    assert(archive != NULL);
    struct sim_disk *disk = sim_calloc(1, sizeof *disk);
    disk->tree = tree;
    disk->archive = archive;
    disk->prng = sim_prng_stream(seed, SIM_STREAM_DISK, node, 0);
    disk->phase = DISK_IDLE;
    disk->tip = SIM_ROOT;
    disk->log = SIM_ROOT;
    disk->first = 1;
    sim_disk_set_latency(disk, write, fsync);
    return disk;
}

void sim_disk_record(struct sim_disk *disk, struct sim_recording *recording,
                     uint32_t node)
{
    disk->prng.track =
        sim_recording_track(recording, SIM_STREAM_DISK, node, 0, 0);
}

void disk__find_log(struct sim_disk *disk)
{
    sim_tip base = sim_archive_tip(disk->archive, disk->snapshot);
    disk->log =
        sim_log_tree_contains(disk->tree, disk->tip, base) ? disk->tip : base;
}

/* Takes the place of the one before; the disk holds it already. */
static void place_snapshot(struct sim_disk *disk, sim_snapshot_number snapshot)
{
    sim_archive_release(disk->archive, disk->snapshot);
    disk->snapshot = snapshot;
}

void sim_disk_preload(struct sim_disk *disk, sim_snapshot_number snapshot,
                      sim_tip tip, struct sim_hard_state hard_state)
{
    assert(disk->phase == DISK_IDLE);
    sim_tip base = sim_archive_tip(disk->archive, snapshot);
    assert(sim_log_tree_contains(disk->tree, tip, base));
    sim_archive_hold(disk->archive, snapshot);
    place_snapshot(disk, snapshot);
    disk->tip = tip;
    disk->log = tip;
    disk->first = disk__index_of(disk, base) + 1;
    disk->hard_state = hard_state;
}

void sim_disk_set_latency(struct sim_disk *disk,
                          const struct sim_distribution *write,
                          const struct sim_distribution *fsync)
{
    assert(write != NULL);
    assert(fsync != NULL);
    disk->write = write;
    disk->fsync = fsync;
}

bool sim_disk_submit(struct sim_disk *disk, uint64_t now_us,
                     const struct sim_disk_write *write, uint64_t *completes_us)
{
    assert(disk->phase != DISK_RECOVERING);
    assert(follows(disk, write));
    assert(sim_log_tree_contains(disk->tree, write->tip, write->base));
    enqueue(disk, write);
    if (disk->phase != DISK_IDLE && disk->phase != DISK_FAILED) {
        return false;
    }
    *completes_us = start_batch(disk, now_us);
    return true;
}

void sim_disk_put_hard_state(struct sim_disk *disk,
                             struct sim_hard_state hard_state)
{
    assert(disk->phase != DISK_RECOVERING);
    disk->hard_state = hard_state;
    disk->rotten[SIM_RECORD_HARD_STATE] = false;
}

void sim_disk_set_errors(struct sim_disk *disk, uint32_t fsync_error_ppm,
                         bool full)
{
    disk->fsync_error_ppm = fsync_error_ppm;
    disk->full = full;
}

bool sim_disk_start_over(struct sim_disk *disk, uint64_t now_us,
                         uint64_t *completes_us)
{
    if (disk->phase != DISK_WRITING) {
        return false;
    }
    disk->generation++;
    *completes_us = start_batch(disk, now_us);
    return true;
}

bool sim_disk_is_full(const struct sim_disk *disk)
{
    return disk->full;
}

/* Nothing is drawn where nothing can go wrong. */
static bool fails(struct sim_disk *disk)
{
    return disk->has_failed || disk->full ||
           (disk->fsync_error_ppm > 0 &&
            sim_prng_chance(&disk->prng, disk->fsync_error_ppm));
}

enum sim_disk_end sim_disk_complete(struct sim_disk *disk, uint64_t generation)
{
    if (generation != disk->generation) {
        return SIM_DISK_STALE;
    }
    assert(disk->phase == DISK_WRITING);
    disk->has_failed = fails(disk);
    disk->phase = disk->has_failed ? DISK_FAILED : DISK_REPORTING;
    return disk->has_failed ? SIM_DISK_FAILED : SIM_DISK_DONE;
}

static void make_durable(struct sim_disk *disk,
                         const struct sim_disk_write *write)
{
    if (write->has_hard_state) {
        disk->hard_state = write->hard_state;
        disk->rotten[SIM_RECORD_HARD_STATE] = false;
    }
    if (write->snapshot != SIM_NO_SNAPSHOT) {
        place_snapshot(disk, write->snapshot);
        disk->rotten[SIM_RECORD_SNAPSHOT] = false;
    }
    /* Off the path of the log, the base is the snapshot's log: of that the disk
     * has no entry. */
    if (!sim_log_tree_contains(disk->tree, disk->tip, write->base)) {
        disk->first = disk__index_of(disk, write->base) + 1;
    }
    if (write->drop_before > disk->first) {
        disk->first = write->drop_before;
    }
    bool grows = disk->log == disk->tip && write->base == disk->tip &&
                 write->snapshot == SIM_NO_SNAPSHOT;
    disk->tip = write->tip;
    if (grows) {
        disk->log = disk->tip;
    } else {
        disk__find_log(disk);
    }
    if (disk->rotten_index < disk->first ||
        disk->rotten_index > disk__index_of(disk, write->base)) {
        disk->rotten[SIM_RECORD_ENTRY] = false; /* it is gone */
    }
}

bool sim_disk_next_durable(struct sim_disk *disk, struct sim_disk_write *write)
{
    bool walking =
        disk->phase == DISK_REPORTING || disk->phase == DISK_RECOVERING;
    if (!walking || disk->n_batch == 0) {
        return false;
    }
    *write = disk->writes[disk->head];
    make_durable(disk, write);
    disk->n_batch--;
    disk->count--;
    disk->head = disk->count > 0 ? disk->head + 1 : 0;
    if (disk->phase == DISK_RECOVERING && disk->count == 0) {
        disk->phase = DISK_IDLE;
    }
    return true;
}

bool sim_disk_start_next(struct sim_disk *disk, uint64_t now_us,
                         uint64_t *completes_us)
{
    if (disk->phase != DISK_REPORTING) {
        return false;
    }
    assert(disk->n_batch == 0);
    disk->phase = DISK_IDLE;
    if (disk->count == 0) {
        return false;
    }
    *completes_us = start_batch(disk, now_us);
    return true;
}

struct sim_prng *sim_disk_luck(struct sim_disk *disk)
{
    return &disk->prng;
}

uint64_t sim_disk_generation(const struct sim_disk *disk)
{
    return disk->generation;
}

sim_tip sim_disk_tip(const struct sim_disk *disk)
{
    return disk->tip;
}

uint64_t sim_disk_first(const struct sim_disk *disk)
{
    return disk->first;
}

sim_snapshot_number sim_disk_snapshot(const struct sim_disk *disk)
{
    return disk->snapshot;
}

sim_tip sim_disk_log(const struct sim_disk *disk)
{
    return disk->log;
}

bool sim_disk_log_is_void(const struct sim_disk *disk)
{
    return sim_disk_log(disk) != disk->tip &&
           disk->first <= disk__index_of(disk, disk->tip);
}

struct sim_hard_state sim_disk_hard_state(const struct sim_disk *disk)
{
    return disk->hard_state;
}

bool sim_disk_has_unfinished(const struct sim_disk *disk)
{
    return disk->count > 0;
}

void sim_disk_tips(const struct sim_disk *disk, struct sim_tips *tips)
{
    sim_tips_add(tips, disk->tip);
    sim_tips_add(tips, disk->log);
    sim_tips_add(tips, sim_archive_tip(disk->archive, disk->snapshot));
    for (size_t i = 0; i < disk->count; i++) {
        const struct sim_disk_write *write = &disk->writes[disk->head + i];
        sim_tips_add(tips, write->base);
        sim_tips_add(tips, write->tip);
        if (write->snapshot != SIM_NO_SNAPSHOT) {
            sim_tips_add(tips, sim_archive_tip(disk->archive, write->snapshot));
        }
    }
}

void sim_disk_free(struct sim_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    disk__forget_from(disk, 0);
    sim_archive_release(disk->archive, disk->snapshot);
    free(disk->writes);
    free(disk);
}
