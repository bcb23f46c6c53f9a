/* The inside of the disk, shared by its files:
 *
 *   disk.c        the whole: writes, batches, what is durable
 *   disk_crash.c  what a crash leaves, and what a start finds of it
 */
#ifndef SIM_DISK_INTERNAL_H
#define SIM_DISK_INTERNAL_H

#include "sim/disk.h"

enum disk_phase {
    DISK_IDLE,      /* nothing is unfinished */
    DISK_WRITING,   /* the batch is in progress */
    DISK_REPORTING, /* the batch has ended; its writes are being walked over */
    DISK_FAILED, /* the batch has failed; in this life nothing is durable more
                  */
    DISK_RECOVERING, /* the queue holds what survived a crash, to be walked over
                      */
};

struct sim_disk {
    const struct sim_log_tree *tree;
    struct sim_archive *archive;
    const struct sim_distribution *write;
    const struct sim_distribution *fsync;
    struct sim_prng prng;
    enum disk_phase phase;
    uint64_t generation;
    /* Durable. */
    sim_tip tip;
    sim_tip log;    /* `tip`, or the snapshot's log where that made it void */
    uint64_t first; /* index of the oldest entry, whether there is one or not */
    sim_snapshot_number snapshot;
    struct sim_hard_state hard_state;
    bool rotten[SIM_RECORD_COUNT];
    uint64_t rotten_index; /* of the entry; counts if that has rotten */
    uint64_t torn_index;   /* of the entry that a crash left in pieces; 0 */
    /* Errors. */
    uint32_t fsync_error_ppm;
    bool full;
    bool has_failed; /* in this life */
    /* Unfinished writes: a first-in, first-out queue from `head` on. */
    struct sim_disk_write *writes;
    size_t head;
    size_t count;
    size_t capacity;
    size_t n_batch; /* of the queue's first, those of the batch */
};

uint64_t disk__index_of(const struct sim_disk *disk, sim_tip tip);

/* After the tip or the snapshot changed. */
void disk__find_log(struct sim_disk *disk);

/* Forgets the unfinished writes but for the first `n`. */
void disk__forget_from(struct sim_disk *disk, size_t n);

#endif
