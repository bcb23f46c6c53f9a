/* The Raft consensus algorithm as a pure state machine.
 *
 * A node takes one input at a time (a message, a due timer, a finished write,
 * a client's command, an order of its operator) and answers with outputs as
 * data (messages to send, one write to make durable, the next deadline, entries
 * to apply). It performs no I/O, reads no clock, draws no randomness but from
 * the seed it was created with, and takes memory only through the allocator
 * handed to raft_new().
 *
 * Read raft/data.h for what is stored, raft/io.h for what is said, and this
 * file for a node's life. The host owes the node five things:
 *   - writes become durable in the order of their ids, and each is reported
 *     once by RAFT_INPUT_WRITTEN (reporting the latest covers the earlier), or
 *     by RAFT_INPUT_FAILED, which ends the node's life;
 *   - a message whose `after_write` is not 0 leaves only once that write is
 *     durable; it is lost with the write if the machine crashes before;
 *   - `now_us` never goes back within one life of the node, and goes on while
 *     the machine sleeps, if leases are in use;
 *   - after a crash the node is created again from what is durable: boot and
 *     restart are the same call. All that was ever reported as durable is
 *     there: a host that reads back something else (a checksum does not fit)
 *     does not start the node, and never leaves the record out: what is gone
 *     may be a vote that was given or the last copy of a committed entry;
 *   - an id is never used again for a server that lost its disk, nor does one
 *     that was ever proposed as a witness come back as something else.
 * What changes without an output of its own (role, leader, members, a
 * transfer's end) is seen by raft_inspect() and its like after each step. The
 * network may lose, delay, duplicate and reorder messages.
 *
 * What is modelled, with the section of the paper (Ongaro and Ousterhout, 2014)
 * or of the dissertation (Ongaro, 2014):
 *   elections       paper, Figure 2; pre-vote (9.6); check-quorum (6.2, 4.2.3);
 *                   priorities
 *   replication     paper, Figure 2 and 5.3; pipelining and batching (10.2.2);
 *                   writing to the leader's disk in parallel (10.2.1)
 *   snapshots       5.1 to 5.3: the host makes them, the log before them goes,
 *                   followers that need it get them in chunks
 *   memberships     4.1 (one server at a time, with the correction of 2015),
 *                   4.3 (any set, by joint consensus); learners (4.2.1);
 *                   witnesses, which vote and acknowledge but store no commands
 *   transfer        3.10, with a deadline
 *   reads           6.4 (ReadIndex, batched, also from followers), 6.4.1
 *                   (leases, within a stated bound on clocks)
 *   sessions        6.3: a command that is proposed twice is applied once
 */
#ifndef RAFT_RAFT_H
#define RAFT_RAFT_H

#include "raft/io.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Memory, one function in the style of realloc: `new_size` 0 frees. A returned
 * NULL for a new_size above 0 is "no memory"; the old block is then intact.
 * Derive from it to add context. */
struct raft_allocator {
    void *(*resize)(struct raft_allocator *self, void *block, size_t old_size,
                    size_t new_size);
};

/* A server's constants. Times are in microseconds of the local clock. For a
 * start, in one datacentre: election timeouts of 150 to 300 ms, a heartbeat of
 * 30 ms, 1024 entries and 64 KiB a message, 64 messages and 1 MiB in flight,
 * 16 MiB uncommitted, 1024 reads, 1024 sessions, pre_vote, check_quorum and
 * catch_up. */
struct raft_config {
    raft_id id; /* its own */

    /* The stream of election timeouts: fresh at each creation, different at
     * each server. */
    uint64_t random_seed;

    /* Paper, 5.2: drawn uniformly from [min, max]; 1 <= min <= max, and max at
     * most UINT64_MAX / 64. Where others have a higher priority, up to 2 * min
     * more. */
    uint64_t election_timeout_min_us;
    uint64_t election_timeout_max_us;

    uint64_t heartbeat_interval_us; /* 1 or more, below the min timeout */

    uint32_t max_entries_per_message; /* 1 or more */

    /* Payload of an AppendEntries, and a snapshot's chunk; 1 to 2^30. An entry
     * above it travels alone. */
    uint32_t max_bytes_per_message;

    /* AppendEntries with entries on their way to one follower, 1 to 1024, and
     * their payload, 1 or more; one message is always allowed. */
    uint32_t max_inflight_messages;
    uint64_t max_inflight_bytes;

    /* Payload of commands that a leader takes before they are committed, and 32
     * for each of them, and for each session; 1 or more; one is always allowed.
     */
    uint64_t max_uncommitted_bytes;

    uint32_t max_pending_reads; /* reads that wait for an answer; 1 to 65536 */

    /* Clients' sessions kept open; 1 or more; the least recently used makes
     * room (6.3). The leader's value counts. Where more are open, each new one
     * closes one: their number stays. */
    uint32_t max_sessions;

    bool pre_vote; /* ask before disturbing (9.6) */

    /* A leader that hears no majority steps down, and votes are refused while a
     * leader is alive (6.2 and 4.2.3). */
    bool check_quorum;

    /* Nobody becomes a voter who was not a learner and has caught up (4.2.1).
     * Witnesses may at once: they have little to catch up with. */
    bool catch_up;

    /* A leader hands over to a voter of higher priority that has caught up;
     * where that fails, it tries again after ten of the longest election
     * timeouts. */
    bool priority_takeover;

    /* Leases for reads (6.4.1), and what they take: a voter that was just
     * started gives no vote for the time that a lease may last. Needs
     * check_quorum. All servers have the same of this, of
     * election_timeout_min_us and of clock_drift_ppm. */
    bool lease_reads;

    /* The bound on every server's clock against true time, fast or slow, that
     * leases rely on; below 1000000. */
    uint32_t clock_drift_ppm;
};

/* NULL if the configuration is usable, else what is wrong with it. */
const char *raft_config_error(const struct raft_config *config);

/* --- a node's life ------------------------------------------------------ */

struct raft;

enum raft_status {
    RAFT_OK = 0,
    RAFT_NO_MEMORY,  /* nothing changed; the same input may be given again */
    RAFT_CORRUPT,    /* the message is none of ours: drop it and go on, as the
                        network might have; nothing changed */
    RAFT_BAD_INPUT,  /* the host broke its part; nothing changed, and nothing
                        is answered. Before START, or START again; time went
                        back; a message from no id of a server, or from itself;
                        a write that is unknown or was reported before; too
                        large a command;
                        a session without a sequence or a sequence without a
                        session; a snapshot of what is not applied, or whose
                        meta is not that of its index, or whose keep_from is out
                        of range */
    RAFT_STOPPED,    /* a write failed, in this step or an earlier one: nothing
                        is answered, whatever the input; the host frees the node
                        and creates it again (see RAFT_INPUT_FAILED) */
    RAFT_BAD_IMAGE,  /* raft_new(): the image contradicts itself */
    RAFT_BAD_CONFIG, /* raft_new(): see raft_config_error() */
};

/* Creates a node from what is durable. `config` and `image` are copied;
 * `allocator` must outlive the node. The node does nothing before
 * RAFT_INPUT_START. On RAFT_OK `*out` is owned by the caller. */
enum raft_status raft_new(const struct raft_config *config,
                          const struct raft_image *image,
                          struct raft_allocator *allocator, struct raft **out);

/* Hands the node one input. On RAFT_OK `*outputs` is its answer; on anything
 * else it is empty and the node is as it was, or stopped. What the node must
 * not forget never fails half-way for want of memory; a message to another
 * server for which there is none is dropped, as the network might have done. */
enum raft_status raft_step(struct raft *raft, const struct raft_input *input,
                           struct raft_outputs *outputs);

enum raft_role {
    RAFT_FOLLOWER,
    RAFT_PRE_CANDIDATE, /* asks whether an election could be won (9.6) */
    RAFT_CANDIDATE,
    RAFT_LEADER,
};

/* A node's state in plain values (paper, Figure 2). */
struct raft_view {
    raft_id id;
    enum raft_role role;
    struct raft_hard_state hard_state; /* as in memory, durable or not */
    raft_id leader;                    /* of current_term, or RAFT_NONE */
    struct raft_position last;         /* the log's last entry */
    uint64_t first_index;              /* of the log in memory */
    uint64_t durable_index;            /* entries up to here are durable */
    uint64_t commit_index;
    uint64_t last_applied;
    struct raft_position snapshot;      /* the latest */
    struct raft_position configuration; /* the entry that made the members what
                                           they are; at or before `snapshot`: it
                                           is in there */
    raft_id transfer_to;                /* as leader: who is to lead next */
};

void raft_inspect(const struct raft *raft, struct raft_view *view);

/* The members by the configuration in force, which is the latest in the log,
 * committed or not (4.1). By rising id; valid until the next raft_step(). */
const struct raft_member *raft_members(const struct raft *raft, uint32_t *n);

/* How a leader sends to a member. */
enum raft_progress_state {
    RAFT_PROBE,     /* where the logs agree is not known: one message */
    RAFT_REPLICATE, /* it is known: messages follow each other */
    RAFT_SNAPSHOT,  /* what it needs is not in the log any more */
};

/* A leader's view of a member (paper, Figure 2). */
struct raft_progress {
    enum raft_progress_state state;
    uint64_t match_index;
    uint64_t next_index;
    uint64_t snapshot_offset; /* RAFT_SNAPSHOT: bytes that arrived */
    bool caught_up;           /* within about one election timeout (4.2.1), and
                                 heard from since */
};

/* False if this node does not lead, or `id` is no other member. */
bool raft_follow(const struct raft *raft, raft_id id,
                 struct raft_progress *progress);

/* The library's part of a snapshot of what is applied now (struct
 * raft_snapshot): to be taken at the moment at which the image is, and handed
 * in with it, which may be later. `bytes` has room for raft_meta_size(). */
size_t raft_meta_size(const struct raft *raft);
void raft_meta(const struct raft *raft, uint8_t *bytes);

/* The members that a snapshot's meta tells, as in raft_configuration_decode().
 * False if it is none. */
bool raft_meta_members(const uint8_t *meta, size_t size,
                       struct raft_member *members, uint32_t *n);

/* The entry at `index`, or NULL if the log does not hold it (any more). Valid
 * until the next raft_step(). */
const struct raft_entry *raft_entry_at(const struct raft *raft, uint64_t index);

/* Frees the node; NULL is allowed. Nothing is written: it is also the way to
 * crash one. */
void raft_free(struct raft *raft);

#ifdef __cplusplus
}
#endif

#endif
