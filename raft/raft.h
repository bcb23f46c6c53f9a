/* The Raft consensus algorithm as a pure state machine.
 *
 * A node takes one input at a time (a message, a due timer, a finished write,
 * a client's command, an order of its operator) and answers with outputs as
 * data (messages to send, one write to make durable, the next deadline, entries
 * to apply). It performs no I/O, reads no clock, draws no randomness but from
 * the seed it was created with, and takes memory only through the allocator
 * handed to raft_new().
 *
 * The host owes the node five things:
 *   - writes become durable in the order of their ids, and each is reported
 *     once by RAFT_INPUT_WRITTEN (reporting the latest covers the earlier);
 *   - a message whose `after_write` is not 0 leaves only once that write is
 *     durable; it is lost with the write if the machine crashes before;
 *   - `now_us` never goes back within one life of the node;
 *   - after a crash the node is created again from what is durable: boot and
 *     restart are the same call;
 *   - an id is never used again for a server that lost its disk, nor does one
 *     that was a witness come back as something else.
 * The network may lose, delay, duplicate and reorder messages.
 *
 * What is modelled, with the section of the paper (Ongaro and Ousterhout, 2014)
 * or of the dissertation (Ongaro, 2014):
 *   elections       paper, Figure 2; pre-vote (9.6); check-quorum (6.2, 4.2.3);
 *                   priorities
 *   replication     paper, Figure 2 and 5.3; pipelining and batching (10.2);
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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The identity of a server: 1 or more, never reused. 0 means "none". */
typedef uint64_t raft_id;

#define RAFT_NONE ((raft_id)0)

/* Room for any cluster in use (the largest documented ones have 9 voters), and
 * for the simulated ones of 101. */
#define RAFT_MAX_MEMBERS 128

/* One command's bytes at most: a message carries whole entries, and its sizes
 * are 32-bit. */
#define RAFT_MAX_COMMAND_BYTES (16u << 20)

/* The place of an entry in a log. Term and index travel together: by the Log
 * Matching Property (paper, 5.3) they name the entry and all before it.
 * {0, 0} is the place before the first entry; the first entry has index 1. */
struct raft_position {
    uint64_t term;
    uint64_t index;
};

/* The order of "at least as up-to-date" (paper, 5.4.1): the later term wins,
 * then the longer log. Negative, 0 or positive like memcmp. */
int raft_position_compare(struct raft_position a, struct raft_position b);

enum raft_entry_kind {
    RAFT_ENTRY_NOOP = 0,          /* a new leader's first entry; no payload */
    RAFT_ENTRY_COMMAND = 1,       /* a client's command, opaque */
    RAFT_ENTRY_CONFIGURATION = 2, /* the members from here on: the payload is
                                     raft_configuration_encode()'s */
    RAFT_ENTRY_SESSION = 3,       /* opens a client's session; no payload */
};

/* What the session of an applied command says about it (6.3). */
enum raft_verdict {
    RAFT_FRESH = 0, /* to be applied; also every command without a session */
    RAFT_REPEATED,  /* was applied before, or a later one of its session was:
                       not to be applied; the answer is that of the first time */
    RAFT_EXPIRED,   /* its session is not open any more: not to be applied, and
                       nobody knows whether it was */
};

/* One entry of the log. `data` points to `size` bytes (NULL when size is 0). */
struct raft_entry {
    uint64_t term;
    const uint8_t *data;
    uint32_t size;
    enum raft_entry_kind kind;
    bool omitted; /* the command's payload is not stored here (on a witness);
                     size is 0 then */
    enum raft_verdict verdict; /* of a COMMAND in an APPLY; else RAFT_FRESH */
    /* COMMAND: its session, by the index of the entry that opened it; 0: none.
     * SESSION, in an APPLY: the session that was closed to make room, or 0. */
    uint64_t session;
    /* COMMAND: its number in the session, rising from 1. SESSION: how many
     * sessions are kept, this one included; 1 or more. */
    uint64_t sequence;
};

/* --- members ------------------------------------------------------------ */

/* What a member of the cluster does: one of VOTER, LEARNER or WITNESS and
 * VOTER; OLD_VOTER is set by the library during a joint configuration. */
enum {
    RAFT_MEMBER_VOTER = 1,     /* counts in the majority of the (new) members */
    RAFT_MEMBER_OLD_VOTER = 2, /* counts in the majority of the old members; a
                                  configuration with one of these is joint
                                  (4.3). Without VOTER and LEARNER it leaves
                                  with the joint configuration */
    RAFT_MEMBER_LEARNER = 4,   /* gets the log, counts in nothing (4.2.1) */
    RAFT_MEMBER_WITNESS = 8,   /* beside VOTER or OLD_VOTER: gets the log
                                  without commands, never leads. For ever: a
                                  witness can leave, but become nothing else.
                                  What is committed is durable on a full voter
                                  besides; what is on a witness is, too */
};

struct raft_member {
    raft_id id;
    uint8_t flags;
    uint8_t priority; /* who leads if several could: the higher */
};

/* The payload of a configuration entry: 16 bytes a member, by rising id. */
#define RAFT_MEMBER_SIZE ((size_t)16)

/* Writes `n` members to `bytes`, which has room for n * RAFT_MEMBER_SIZE. */
void raft_configuration_encode(const struct raft_member *members, uint32_t n,
                               uint8_t *bytes);

/* Reads a configuration: into `members`, with room for RAFT_MAX_MEMBERS, and
 * `*n`. False if `bytes` are not exactly one: ids rise, are neither 0 nor
 * beyond RAFT_MAX_MEMBERS in number, the flags make sense, there is a voter. No
 * bytes at all are the configuration of a server that knows nobody yet. */
bool raft_configuration_decode(const uint8_t *bytes, size_t size,
                               struct raft_member *members, uint32_t *n);

/* What a server must not forget besides its log (paper, Figure 2). */
struct raft_hard_state {
    uint64_t current_term; /* 0 before the first election */
    raft_id voted_for;     /* in current_term; RAFT_NONE if nobody yet */
};

/* The state that the log up to `position` gives (5.1). `meta` is the library's:
 * the members and the sessions at that place; `image` is the state machine's.
 * Both are opaque to the host, who stores and returns them. */
struct raft_snapshot {
    struct raft_position position;
    const uint8_t *meta;
    size_t meta_size;
    const uint8_t *image;
    size_t image_size;
};

/* Everything that survives a crash: what a node is created from. All zero is a
 * server that never ran and knows nobody: it waits for a leader to speak to it.
 * A server of a new cluster has a snapshot at {0, 0} with the `meta` that
 * raft_bootstrap() makes of its members, and no image; all of them the same.
 *
 * The entries have the indexes from `first_index` on; there is no gap between
 * them and the snapshot, but they may begin before it, and where a crash came
 * between the two, may even contradict it: then the snapshot counts. Terms
 * never decrease and never exceed current_term, which is below 2^62. The node
 * copies what it needs. */
struct raft_image {
    struct raft_hard_state hard_state;
    struct raft_snapshot snapshot;
    uint64_t first_index; /* of `entries`; any if there are none */
    const struct raft_entry *entries;
    uint64_t n_entries;
};

/* The `meta` of a new cluster's snapshot at {0, 0}: `bytes` has room for
 * raft_bootstrap_size(n). The members are valid as in
 * raft_configuration_decode(). */
size_t raft_bootstrap_size(uint32_t n);
void raft_bootstrap(const struct raft_member *members, uint32_t n,
                    uint8_t *bytes);

/* Memory, one function in the style of realloc: `new_size` 0 frees. A returned
 * NULL for a new_size above 0 is "no memory"; the old block is then intact.
 * Derive from it to add context. */
struct raft_allocator {
    void *(*resize)(struct raft_allocator *self, void *block, size_t old_size,
                    size_t new_size);
};

/* A server's constants. Times are in microseconds of the local clock. */
struct raft_config {
    raft_id id;           /* its own */
    uint64_t random_seed; /* the stream of election timeouts; fresh at each
                             creation, different at each server */
    uint64_t election_timeout_min_us; /* paper, 5.2: drawn uniformly from */
    uint64_t election_timeout_max_us; /* [min, max]; 1 <= min <= max */
    uint64_t heartbeat_interval_us;   /* 1 or more, below the min timeout */
    uint32_t max_entries_per_message; /* 1 or more */
    uint32_t max_bytes_per_message;   /* payload bytes of an AppendEntries, and
                                         of a snapshot's chunk; 1 or more; an
                                         entry above it travels alone */
    uint32_t max_inflight_messages;   /* AppendEntries with entries on their way
                                         to one follower; 1 to 1024 */
    uint64_t max_inflight_bytes;      /* and their payload; 1 or more; one
                                         message is always allowed */
    uint64_t max_uncommitted_bytes;   /* payload that a leader takes before it
                                         is committed, and 24 for a session; 1
                                         or more; one command, or session, is
                                         always allowed */
    uint32_t max_pending_reads; /* reads that wait for an answer; 1 to 65536 */
    uint32_t max_sessions;      /* clients' sessions kept open; 1 or more; the
                                   least recently used makes room (6.3). The
                                   leader's value counts */
    bool pre_vote;              /* ask before disturbing (9.6) */
    bool check_quorum; /* a leader that hears no majority steps down, and
                          votes are refused while a leader is alive (6.2 and
                          4.2.3) */
    bool catch_up;     /* nobody becomes a voter who was not a learner and has
                          caught up (4.2.1) */
    bool priority_takeover; /* a leader hands over to a voter of higher priority
                               that has caught up */
    bool lease_reads; /* leases for reads (6.4.1), and what they take: a voter
                         that was just started gives no vote for the time that a
                         lease may last. Needs check_quorum; all servers the
                         same */
    uint32_t clock_drift_ppm; /* the bound on every server's clock against true
                                 time, fast or slow, that leases rely on; below
                                 1000000 */
};

/* NULL if the configuration is usable, else what is wrong with it. */
const char *raft_config_error(const struct raft_config *config);

/* --- inputs ------------------------------------------------------------- */

enum raft_input_kind {
    RAFT_INPUT_START,   /* the first input of each life, and only the first */
    RAFT_INPUT_MESSAGE, /* bytes that another server's RAFT_OUTPUT_SEND gave */
    RAFT_INPUT_TIMER,   /* the last RAFT_OUTPUT_TIMER is due */
    RAFT_INPUT_WRITTEN, /* this write and all before it are durable */
    /* Answered by ACCEPTED or REJECTED in the same step: */
    RAFT_INPUT_PROPOSAL, /* a command to replicate */
    RAFT_INPUT_SESSION,  /* opens a session for a client (6.3): its name is the
                            index of the accepted entry */
    RAFT_INPUT_CHANGE,   /* other members (chapter 4) */
    RAFT_INPUT_TRANSFER, /* leadership to another server (3.10) */
    /* Answered by READY, or REJECTED, in this step or later: */
    RAFT_INPUT_READ, /* may the state machine be read (6.4)? At any server */
    /* Not answered: */
    RAFT_INPUT_SNAPSHOT, /* the state machine's image, at any server */
};

struct raft_input {
    enum raft_input_kind kind;
    uint64_t now_us; /* the local clock */
    union {
        struct {
            raft_id from;
            const uint8_t *bytes;
            size_t size;
        } message;
        struct {
            uint64_t write_id;
        } written;
        struct {
            uint64_t tag;      /* the host's; comes back in the answer */
            uint64_t session;  /* 0: none, a retry may be applied twice */
            uint64_t sequence; /* in the session: 1 or more; 0 without one */
            const uint8_t *data;
            uint32_t size; /* at most RAFT_MAX_COMMAND_BYTES */
        } proposal;
        struct {
            uint64_t tag;
        } session;
        struct {
            uint64_t tag;
            /* All members that there shall be, in any order, without OLD_VOTER.
             * A change of priorities alone is one as well. */
            const struct raft_member *members;
            uint32_t n_members;
            /* By joint consensus (4.3). Else in one step (4.1), which can
             * change one voter only. */
            bool joint;
        } change;
        struct {
            uint64_t tag;
            raft_id to; /* RAFT_NONE: the voter best suited */
        } transfer;
        struct {
            uint64_t tag;
            bool lease; /* by the leader's lease if it holds (6.4.1), else, and
                           without this, by asking a majority */
        } read;
        struct {
            uint64_t index; /* the image is the state after this entry, which
                               was last_applied when raft_meta() gave `meta`.
                               Not above the latest snapshot, or of a server
                               that joins a cluster and did not yet apply the
                               entry that says so: ignored */
            const uint8_t *meta;
            size_t meta_size;
            uint64_t keep_from; /* entries before this index are dropped; 1 to
                                   index + 1. Those kept spare followers that
                                   are a little behind a whole snapshot */
            const uint8_t *image;
            size_t size;
        } snapshot;
    };
};

/* --- outputs ------------------------------------------------------------ */

/* A write: to be made durable in this order: hard state, snapshot, truncation,
 * drop, entries. A crash may keep any prefix of that order; hard state and
 * snapshot are atomic. A log that was emptied goes on after the snapshot. */
struct raft_write {
    uint64_t id; /* 1, 2, 3 ... within one life */
    bool has_hard_state;
    struct raft_hard_state hard_state;
    bool has_snapshot; /* in place of the one before */
    struct raft_snapshot snapshot;
    uint64_t truncate_from; /* drop entries from this index on; 0: none */
    uint64_t drop_before;   /* drop entries before this index; 0: none. Only
                               saves room: it may as well be done later */
    uint64_t first_index;   /* of `entries`; directly after the log's end */
    const struct raft_entry *entries;
    uint32_t n_entries;
};

/* Why a RAFT_OUTPUT_REJECTED. */
enum raft_reason {
    RAFT_NOT_LEADER = 0, /* ask `leader`, if it is known */
    RAFT_BUSY,         /* too many uncommitted bytes, or pending reads: later */
    RAFT_TRANSFERRING, /* leadership is being handed over: later */
    RAFT_CHANGE_PENDING,  /* the change before is not committed (4.1), or joint:
                             later */
    RAFT_TERM_TOO_YOUNG,  /* nothing of the leader's term is committed (the
                             correction of 2015): later */
    RAFT_NOT_CAUGHT_UP,   /* somebody is to become a voter who is no learner, or
                             has not caught up (4.2.1): later */
    RAFT_TOO_FAR_APART,   /* more than one voter changes, and not joint (4.1) */
    RAFT_NO_SUCH_CHANGE,  /* the members are not valid, or are so already, or a
                             witness is to become something else; or the target
                             of a transfer is no voter that could lead */
    RAFT_LEADERSHIP_LOST, /* a pending read: the leader that was asked is none
                             any more, or did not answer */
};

enum raft_output_kind {
    RAFT_OUTPUT_WRITE,    /* at most one a step, before everything else */
    RAFT_OUTPUT_SEND,     /* a message, when `after_write` is durable */
    RAFT_OUTPUT_TIMER,    /* replaces the deadline given before */
    RAFT_OUTPUT_ACCEPTED, /* in the leader's log, not committed; a transfer: it
                             has begun */
    RAFT_OUTPUT_REJECTED, /* not taken; a proposal so answered is in no log */
    RAFT_OUTPUT_RESTORE,  /* the state machine becomes this image, whatever it
                             was: at most one a step, before APPLY */
    RAFT_OUTPUT_APPLY,    /* committed entries, each index once a life unless a
                             RESTORE passes over it, in order */
    RAFT_OUTPUT_READY,    /* a read may now be answered from the state machine,
                             with what is applied after this step */
};

struct raft_output {
    enum raft_output_kind kind;
    union {
        struct raft_write write;
        struct {
            raft_id to;
            uint64_t after_write; /* 0: may leave at once */
            const uint8_t *bytes;
            size_t size;
        } send;
        struct {
            uint64_t deadline_us; /* local clock */
        } timer;
        struct {
            uint64_t tag;
            struct raft_position position; /* where it will be, if committed;
                                              {0, 0} for a transfer */
        } accepted;
        struct {
            uint64_t tag;
            enum raft_reason reason;
            raft_id leader; /* the leader it knows, or RAFT_NONE */
        } rejected;
        struct {
            struct raft_position position;
            const uint8_t *image;
            size_t size;
        } restore;
        struct {
            uint64_t first_index;
            const struct raft_entry *entries;
            uint32_t n_entries;
        } apply;
        struct {
            uint64_t tag;
            uint64_t index; /* what is applied, at least */
        } ready;
    };
};

/* The answer to one input, in order. Owned by the node; everything it points
 * to is valid until the next call on the node. */
struct raft_outputs {
    const struct raft_output *items;
    size_t count;
};

/* --- a node's life ------------------------------------------------------ */

struct raft;

enum raft_status {
    RAFT_OK = 0,
    RAFT_NO_MEMORY,  /* nothing changed; the same input may be given again */
    RAFT_CORRUPT,    /* the message is no message of ours; nothing changed */
    RAFT_BAD_INPUT,  /* the host broke its part (time went back, an unknown
                        write, a start too many, too large a command, a snapshot
                        of what is not applied); nothing changed */
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
 * else it is empty and the node is as it was. What the node must not forget
 * never fails half-way for want of memory; a message to another server for
 * which there is none is dropped, as the network might have done. */
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

#endif
