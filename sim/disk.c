#undef NDEBUG
#include "sim/disk.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

enum phase {
    IDLE,       /* nothing is unfinished */
    WRITING,    /* the batch is in progress */
    REPORTING,  /* the batch has ended; its writes are being walked over */
    RECOVERING, /* the queue holds what survived a crash, to be walked over */
};

struct sim_disk {
    const struct sim_log_tree *tree;
    struct sim_archive *archive;
    const struct sim_distribution *write;
    const struct sim_distribution *fsync;
    struct sim_prng prng;
    enum phase phase;
    uint64_t generation;
    /* Durable. */
    sim_tip tip;
    uint64_t first; /* index of the oldest entry, whether there is one or not */
    sim_snapshot_number snapshot;
    struct sim_hard_state hard_state;
    /* Unfinished writes: a first-in, first-out queue from `head` on. */
    struct sim_disk_write *writes;
    size_t head;
    size_t count;
    size_t capacity;
    size_t n_batch; /* of the queue's first, those of the batch */
};

static uint64_t index_of(const struct sim_disk *disk, sim_tip tip)
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
    disk->phase = WRITING;
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

/* How many parts a write has that follows on the log `before`. */
static uint64_t parts_of(const struct sim_disk *disk, sim_tip before,
                         const struct sim_disk_write *write)
{
    uint64_t parts = write->has_hard_state ? 1 : 0;
    parts += write->snapshot != SIM_NO_SNAPSHOT ? 1 : 0;
    parts += write->base != before ? 1 : 0;
    parts += write->drop_before > 0 ? 1 : 0;
    return parts + index_of(disk, write->tip) - index_of(disk, write->base);
}

/* Takes one of the parts that are left, if the write has this one: whether it
 * has it and loses it, because none is left. */
static bool loses(bool has, uint64_t *left)
{
    if (!has) {
        return false;
    }
    if (*left == 0) {
        return true;
    }
    --*left;
    return false;
}

/* Cuts a write that follows on the log `before` down to its first `left` parts;
 * at least one, fewer than it has. */
static void keep_parts(const struct sim_disk *disk, sim_tip before,
                       struct sim_disk_write *write, uint64_t left)
{
    left -= write->has_hard_state ? 1 : 0;
    if (loses(write->snapshot != SIM_NO_SNAPSHOT, &left)) {
        sim_archive_release(disk->archive, write->snapshot);
        write->snapshot = SIM_NO_SNAPSHOT;
    }
    if (loses(write->base != before, &left)) {
        write->base = before;
        write->tip = before;
    }
    if (loses(write->drop_before > 0, &left)) {
        write->drop_before = 0;
    }
    uint64_t last = index_of(disk, write->base) + left;
    if (last < index_of(disk, write->tip)) {
        write->tip = sim_log_tree_ancestor(disk->tree, write->tip, last);
    }
}

/* Forgets the unfinished writes but for the first `n`. */
static void forget_from(struct sim_disk *disk, size_t n)
{
    for (size_t i = n; i < disk->count; i++) {
        sim_archive_release(disk->archive,
                            disk->writes[disk->head + i].snapshot);
    }
    disk->count = n;
}

/* Cuts the queue down to its first `parts`. */
static void keep_first_parts(struct sim_disk *disk, uint64_t parts)
{
    sim_tip before = disk->tip;
    for (size_t i = 0; i < disk->count; i++) {
        struct sim_disk_write *write = &disk->writes[disk->head + i];
        uint64_t parts_here = parts_of(disk, before, write);
        if (parts < parts_here) {
            if (parts > 0) {
                keep_parts(disk, before, write, parts);
                i++;
            }
            forget_from(disk, i);
            return;
        }
        parts -= parts_here;
        before = write->tip;
    }
}

static uint64_t unfinished_parts(const struct sim_disk *disk)
{
    uint64_t parts = 0;
    sim_tip before = disk->tip;
    for (size_t i = 0; i < disk->count; i++) {
        const struct sim_disk_write *write = &disk->writes[disk->head + i];
        parts += parts_of(disk, before, write);
        before = write->tip;
    }
    return parts;
}

static uint64_t surviving_parts(uint64_t parts, enum sim_unfinished unfinished,
                                struct sim_prng *prng)
{
    if (parts == 0) {
        return 0;
    }
    switch (unfinished) {
    case SIM_UNFINISHED_RANDOM:
        return sim_prng_between(prng, 0, parts);
    case SIM_UNFINISHED_LOST:
        return 0;
    case SIM_UNFINISHED_KEPT:
        return parts;
    }
    assert(false);
    return 0;
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
    disk->phase = IDLE;
    disk->tip = SIM_ROOT;
    disk->first = 1;
    sim_disk_set_latency(disk, write, fsync);
    return disk;
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
    assert(disk->phase == IDLE);
    sim_tip base = sim_archive_tip(disk->archive, snapshot);
    assert(sim_log_tree_contains(disk->tree, tip, base));
    sim_archive_hold(disk->archive, snapshot);
    place_snapshot(disk, snapshot);
    disk->tip = tip;
    disk->first = index_of(disk, base) + 1;
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
    assert(disk->phase != RECOVERING);
    assert(follows(disk, write));
    assert(sim_log_tree_contains(disk->tree, write->tip, write->base));
    enqueue(disk, write);
    if (disk->phase != IDLE) {
        return false;
    }
    *completes_us = start_batch(disk, now_us);
    return true;
}

bool sim_disk_start_over(struct sim_disk *disk, uint64_t now_us,
                         uint64_t *completes_us)
{
    if (disk->phase != WRITING) {
        return false;
    }
    disk->generation++;
    *completes_us = start_batch(disk, now_us);
    return true;
}

bool sim_disk_complete(struct sim_disk *disk, uint64_t generation)
{
    if (generation != disk->generation) {
        return false;
    }
    assert(disk->phase == WRITING);
    disk->phase = REPORTING;
    return true;
}

static void make_durable(struct sim_disk *disk,
                         const struct sim_disk_write *write)
{
    if (write->has_hard_state) {
        disk->hard_state = write->hard_state;
    }
    if (write->snapshot != SIM_NO_SNAPSHOT) {
        place_snapshot(disk, write->snapshot);
    }
    /* Off the path of the log, the base is the snapshot's log: of that the disk
     * has no entry. */
    if (!sim_log_tree_contains(disk->tree, disk->tip, write->base)) {
        disk->first = index_of(disk, write->base) + 1;
    }
    if (write->drop_before > disk->first) {
        disk->first = write->drop_before;
    }
    disk->tip = write->tip;
}

bool sim_disk_next_durable(struct sim_disk *disk, struct sim_disk_write *write)
{
    bool walking = disk->phase == REPORTING || disk->phase == RECOVERING;
    if (!walking || disk->n_batch == 0) {
        return false;
    }
    *write = disk->writes[disk->head];
    make_durable(disk, write);
    disk->n_batch--;
    disk->count--;
    disk->head = disk->count > 0 ? disk->head + 1 : 0;
    if (disk->phase == RECOVERING && disk->count == 0) {
        disk->phase = IDLE;
    }
    return true;
}

bool sim_disk_start_next(struct sim_disk *disk, uint64_t now_us,
                         uint64_t *completes_us)
{
    if (disk->phase != REPORTING) {
        return false;
    }
    assert(disk->n_batch == 0);
    disk->phase = IDLE;
    if (disk->count == 0) {
        return false;
    }
    *completes_us = start_batch(disk, now_us);
    return true;
}

void sim_disk_crash(struct sim_disk *disk, enum sim_unfinished unfinished,
                    struct sim_prng *prng)
{
    disk->generation++;
    uint64_t parts = unfinished_parts(disk);
    keep_first_parts(disk, surviving_parts(parts, unfinished, prng));
    disk->n_batch = disk->count;
    disk->phase = disk->count > 0 ? RECOVERING : IDLE;
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
    sim_tip base = sim_archive_tip(disk->archive, disk->snapshot);
    return sim_log_tree_contains(disk->tree, disk->tip, base) ? disk->tip
                                                              : base;
}

struct sim_hard_state sim_disk_hard_state(const struct sim_disk *disk)
{
    return disk->hard_state;
}

bool sim_disk_has_unfinished(const struct sim_disk *disk)
{
    return disk->count > 0;
}

void sim_disk_free(struct sim_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    forget_from(disk, 0);
    sim_archive_release(disk->archive, disk->snapshot);
    free(disk->writes);
    free(disk);
}
