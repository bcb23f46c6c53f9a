/* A node's disk: what is durable, and the writes that are not yet.
 *
 * The model is a write-ahead log with group commit. A write that finds the disk
 * idle starts a batch of its own; while a batch is in progress, later writes
 * queue, and when it ends, one batch takes all of them. A batch lasts the sum
 * of one write latency for each of its writes, and one fsync latency, all drawn
 * from the disk's own stream when it starts. Writes become durable in the order
 * of submission, when their batch ends, never earlier, except that a crash may
 * leave a part of them (below).
 *
 * The disk holds no bytes: a log is its tip in the log tree, a snapshot its
 * number in the archive. The parts of a write, in the order in which they reach
 * the disk, are
 *     the hard state (atomic), the snapshot (atomic, in place of the one
 *     before), the truncation, the drop of old entries, each entry.
 *
 * What a crash leaves of the unfinished writes (enum sim_unfinished):
 *   random      any prefix of their parts, all of them included: durable, but
 *               the node never heard of it. So does a disk that obeys a barrier
 *               after each part.
 *   any order   what three files leave that are synced once a batch, one after
 *               the other: the hard states of the first h writes, the snapshots
 *               of the first s of these, and of the changes of the log in the
 *               first s any set. The log is appended to, and a start reads it
 *               up to the first record that is not whole; so what counts of
 *               that set is a prefix, and what lies behind a hole is dropped
 *               with it. Between the files the barriers stay: a host needs them
 *               (see struct raft_write in raft/io.h for why), and one that has
 *               them cannot leave more than this.
 *   torn        a prefix that ends in the middle of an entry. The next start
 *               finds it by its checksum, and drops it.
 *   lost, kept  none, all.
 * A record that is not whole is an unfinished one: nothing that was reported is
 * ever torn.
 *
 * What else goes wrong, where a scenario says so; all chance comes from the
 * disk's own stream, and none is drawn where nothing of it is on:
 *   errors      a batch fails at its end, by chance (an fsync reports an error)
 *               or because the disk is full. Nothing is known of what it left,
 *               and in this life nothing becomes durable any more: all later
 *               batches fail as well, as those of a file do whose fsync failed
 *               once. What is left is what a crash leaves, which has to come
 *               next; that the host then writes it to new files, so that it is
 *               durable and not only in a cache, goes without saying here.
 *   rot         a record that is durable is not what it was. The next start
 *               finds it by its checksum. Whoever writes the record anew, or
 *               drops it, never hears of it. The disk knows the last record
 *               that it reported, so that rot in that one is no torn end (a
 *               real host keeps a mark of it, or takes the very last record of
 *               its log for torn at its own risk).
 * Disks that lie (an fsync that reports success and did nothing, a write that
 * goes to another place) are not simulated: Raft does not survive them.
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
 *     complete                at that time; SIM_DISK_STALE means a crash came
 *                             before, SIM_DISK_FAILED that a crash must follow,
 *                             or the next submit begins a batch that will fail
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
#include "sim/recording.h"
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

/* What is drawn for this disk of `node` is recorded, or comes from there.
 * Before anything is drawn. */
void sim_disk_record(struct sim_disk *disk, struct sim_recording *recording,
                     uint32_t node);

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

/* This is durable now: of a node that keeps it in a file of its own, and waits
 * for it (SIM_ASSUMES_HARD_STATE_AT_ONCE). Its writes are submitted without. */
void sim_disk_put_hard_state(struct sim_disk *disk,
                             struct sim_hard_state hard_state);

/* From now on batches fail at their end with this chance, or all of them. */
void sim_disk_set_errors(struct sim_disk *disk, uint32_t fsync_error_ppm,
                         bool full);

bool sim_disk_is_full(const struct sim_disk *disk);

enum sim_disk_end {
    SIM_DISK_STALE = 0, /* nothing happens: a crash has ended that batch */
    SIM_DISK_DONE,
    SIM_DISK_FAILED, /* of the unfinished writes none is reported any more */
};

/* The batch in progress ends, if it is the one that was started in this
 * `generation`. */
enum sim_disk_end sim_disk_complete(struct sim_disk *disk, uint64_t generation);

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

/* The power fails, or the process ends with a failed disk. Of the parts of all
 * unfinished writes survives what `unfinished` says, as above; numbers are
 * drawn from `prng`, uniform from 0 to all (nothing is drawn if there are none;
 * SIM_UNFINISHED_USUAL is SIM_UNFINISHED_RANDOM). The survivors become durable
 * in the walk that the caller makes next, with sim_disk_next_durable() until it
 * gives no more; the last of them may be a part of a write: without what did
 * not make it, `snapshot`, `base` and `tip` then saying what is really on the
 * disk. */
void sim_disk_crash(struct sim_disk *disk, enum sim_unfinished unfinished,
                    struct sim_prng *prng);

/* The disk's own stream: for what an error leaves. */
struct sim_prng *sim_disk_luck(struct sim_disk *disk);

/* Lets a durable record rot: the hard state, the snapshot, or an entry, drawn
 * from the disk's stream. False if there is none, or it has rotten before. */
bool sim_disk_rot(struct sim_disk *disk, enum sim_record record);

/* Whether nothing that is durable has rotten. */
bool sim_disk_is_sound(const struct sim_disk *disk);

/* What a start finds that reads all there is and holds it against the
 * checksums. */
struct sim_disk_finding {
    bool rotten[SIM_RECORD_COUNT];
    uint64_t rotten_index; /* of the entry */
    uint64_t torn_index; /* of the entry that was being written; 0: none. It is
                            dropped with this call */
};

struct sim_disk_finding sim_disk_read_back(struct sim_disk *disk);

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

/* Whether it holds entries that its snapshot makes void. */
bool sim_disk_log_is_void(const struct sim_disk *disk);

struct sim_hard_state sim_disk_hard_state(const struct sim_disk *disk);

/* Whether a write was submitted that is not durable yet. */
bool sim_disk_has_unfinished(const struct sim_disk *disk);

/* Adds the logs that the disk goes by: what is durable, and what is written. */
void sim_disk_tips(const struct sim_disk *disk, struct sim_tips *tips);

/* `disk` may be NULL. */
void sim_disk_free(struct sim_disk *disk);

#endif
