/* A node's disk: what is durable, and the writes that are not yet.
 *
 * The model is a write-ahead log with group commit. A write that finds the disk
 * idle starts a batch of its own; while a batch is in progress, later writes
 * queue, and when it ends, one batch takes all of them. A batch lasts the sum
 * of one write latency for each of its writes, and one fsync latency, all drawn
 * from the disk's own stream when it starts. Writes become durable in the order
 * of submission, when their batch ends, never earlier, except that a crash may
 * leave a part of them (below). Nothing that is durable is ever lost: broken
 * sectors, lying fsyncs and full disks are not simulated.
 *
 * The disk holds no bytes: a log is its tip in the log tree, a snapshot its
 * number in the archive. The parts of a write, in the order in which they reach
 * the disk, are
 *     the hard state (atomic), the snapshot (atomic, in place of the one
 *     before), the truncation, the drop of old entries, each entry.
 * A crash in the middle leaves any prefix of the parts of all unfinished
 * writes, all of them included: durable, but the node never heard of it.
 *
 * So a crash can leave a new snapshot beside an older log that does not contain
 * it and was to be truncated. Such a log is void: the snapshot counts (see
 * sim_disk_log()); the node that is created from both has to see it alike, and
 * goes on from the snapshot's log. Its next write then has the truncation that
 * was lost among its parts.
 *
 * The life of a batch, for the caller who owns the event queue:
 *     submit, or start_next   gives the time at which the batch ends; put an
 *                             event there, with the disk's generation in it
 *     complete                at that time; false means a crash came before
 *     next_durable            until it gives no more: each call makes one write
 *                             durable, so that every moment can be looked at
 *     start_next              begins the batch of those that queued meanwhile
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "sim/archive.h"
#include "sim/distribution.h"
#include "sim/log_tree.h"
#include "sim/node.h"
#include "sim/prng.h"
#include "sim/scenario.h"

/* A write of a node, its entries already in the log tree. */
struct sim_disk_write {
    uint64_t id; /* the node's; the disk only carries it */
    bool has_hard_state;
    struct sim_hard_state hard_state;
    sim_snapshot_number
        snapshot; /* in place of the one before. SIM_NO_SNAPSHOT: none */
    sim_tip base; /* the log after the truncation: the tip of the write before,
                     if there is none, else an ancestor of that, or the
                     snapshot's log if the log did not contain that: then no
                     entry is left */
    uint64_t drop_before; /* entries before this index go; 0: none */
    sim_tip tip; /* the log after the entries: `base`, or a descendant */
};

struct sim_disk;

/* An empty disk that draws its latencies from SIM_STREAM_DISK of `node`. The
 * tree, the archive and the distributions are the caller's and outlive the
 * disk. Never NULL (see sim/memory.h). */
struct sim_disk *sim_disk_new(const struct sim_log_tree *tree,
                              struct sim_archive *archive, uint64_t seed,
                              uint32_t node,
                              const struct sim_distribution *write,
                              const struct sim_distribution *fsync);

/* Makes this durable at once: what a disk holds before the run begins, with the
 * entries of `tip` after the snapshot, whose log it contains. The disk holds
 * the snapshot as one more; the caller's own hold stays the caller's. No write
 * was ever submitted. */
void sim_disk_preload(struct sim_disk *disk, sim_snapshot_number snapshot,
                      sim_tip tip, struct sim_hard_state hard_state);

/* From now on batches draw from these, which outlive the disk. A batch in
 * progress keeps its end, unless it is started over. */
void sim_disk_set_latency(struct sim_disk *disk,
                          const struct sim_distribution *write,
                          const struct sim_distribution *fsync);

/* The batch in progress begins anew, with all writes that wait and the
 * latencies of now, so that a disk that was stuck does not stay so: true, with
 * the time of its new end, of the new generation. False if there is none. */
bool sim_disk_start_over(struct sim_disk *disk, uint64_t now_us,
                         uint64_t *completes_us);

/* Takes a write, by value, and with it the caller's hold on its snapshot, until
 * that is replaced or lost in a crash. True if it started a batch, with the
 * virtual time at which that ends in `*completes_us`; false if it waits for the
 * next one. */
bool sim_disk_submit(struct sim_disk *disk, uint64_t now_us,
                     const struct sim_disk_write *write,
                     uint64_t *completes_us);

/* The batch in progress ends, if it is the one that was started in this
 * `generation`; false, and nothing happens, if a crash has ended that one. */
bool sim_disk_complete(struct sim_disk *disk, uint64_t generation);

/* Makes the next write of the completed batch (or of what survived a crash)
 * durable and gives it in `*write`. False if there is none left. A write
 * submitted between two of these calls waits for the next batch; a crash
 * between two of them finds the rest of the batch unfinished. */
bool sim_disk_next_durable(struct sim_disk *disk, struct sim_disk_write *write);

/* After the walk over a completed batch: starts the batch of all writes that
 * wait, true with the time of its end. False if none waits, or if a crash came
 * during the walk: then there is nothing to start. */
bool sim_disk_start_next(struct sim_disk *disk, uint64_t now_us,
                         uint64_t *completes_us);

/* The power fails. Of the parts of all unfinished writes survive none, all, or
 * a number of them drawn from `prng`, uniform from 0 to all (nothing is drawn
 * if there are none). The survivors become durable in the walk that the caller
 * makes next, with sim_disk_next_durable() until it gives no more; the last of
 * them may be a part of a write: without what did not make it, `snapshot`,
 * `base` and `tip` then saying what is really on the disk. */
void sim_disk_crash(struct sim_disk *disk, enum sim_unfinished unfinished,
                    struct sim_prng *prng);

/* Counts the crashes, and the batches started over: a batch of an older
 * generation never ends. */
uint64_t sim_disk_generation(const struct sim_disk *disk);

/* What is durable: what a restart finds. The entries lie on the path to
 * sim_disk_tip(), from index sim_disk_first() on (none, if that is above the
 * tip). The disk holds the snapshot. sim_disk_log() is the log that all of it
 * stands for: the tip, if it contains the snapshot, else the snapshot's log. */
sim_tip sim_disk_tip(const struct sim_disk *disk);
uint64_t sim_disk_first(const struct sim_disk *disk);
sim_snapshot_number sim_disk_snapshot(const struct sim_disk *disk);
sim_tip sim_disk_log(const struct sim_disk *disk);
struct sim_hard_state sim_disk_hard_state(const struct sim_disk *disk);

/* Whether a write was submitted that is not durable yet. */
bool sim_disk_has_unfinished(const struct sim_disk *disk);

/* `disk` may be NULL. */
void sim_disk_free(struct sim_disk *disk);

#endif
