/* What a host and a node say to each other: inputs, and what they are answered
 * with. */
#ifndef RAFT_IO_H
#define RAFT_IO_H

#include "raft/data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- inputs ------------------------------------------------------------- */

enum raft_input_kind {
    RAFT_INPUT_START,   /* the first input of each life, and only the first */
    RAFT_INPUT_MESSAGE, /* bytes that another server's RAFT_OUTPUT_SEND gave */
    RAFT_INPUT_TIMER,   /* the last RAFT_OUTPUT_TIMER is due */
    RAFT_INPUT_WRITTEN, /* this write and all before it are durable */
    RAFT_INPUT_FAILED,  /* this write, or one after it, may not be durable, and
                           it is not known which part of it is: see below */
    /* Answered by ACCEPTED or REJECTED in the same step: */
    RAFT_INPUT_PROPOSAL, /* a command to replicate */
    RAFT_INPUT_SESSION,  /* opens a session for a client (6.3): its name is the
                            index of the accepted entry */
    RAFT_INPUT_CHANGE,   /* other members (chapter 4) */
    RAFT_INPUT_TRANSFER, /* leadership to another server (3.10) */
    /* Answered by READY, or REJECTED, in this step or later: */
    RAFT_INPUT_READ, /* may the state machine be read (6.4)? At any server but a
                        witness, which has none */
    /* Not answered: */
    RAFT_INPUT_SNAPSHOT, /* the state machine's image, at any server */
};

/* One input. All that it points to is the caller's, and is copied as far as it
 * is needed before raft_step() returns.
 *
 * An ACCEPTED entry is decided when an entry with its index is applied: with
 * the same term it is that one, with another it is lost. A host that gives up
 * waiting does not know, and may propose again within a session.
 *
 * FAILED is what a host says whose disk reports an error, of an fsync or for
 * want of room. The node stops: raft_step() returns RAFT_STOPPED to it and to
 * everything after it, and answers nothing, for ever. The host sends no message
 * that waits for that write or a later one, drops what clients wait for, frees
 * the node, and creates it again from what it finds by reading the disk back.
 * What it reads may come from a cache and be nowhere else: before raft_new() it
 * copies that into new files and syncs those. It never tries the write again
 * behind the node's back: after a failed fsync nobody knows what the system
 * still has of it. A system may have given up the pages and call the next fsync
 * of the same file a success; what was never stored would be acknowledged then.
 * Nothing was promised of such a write, so each part of it that is found may
 * stay, and each that is not was never missed: as after a crash (struct
 * raft_write).
 *
 * A transfer is over when the view's `transfer_to` is RAFT_NONE: this server
 * leads no more, or it came to nothing within election_timeout_max_us. From the
 * moment at which the target is told, this leader has no lease in its term. A
 * read that was forwarded is given up after election_timeout_max_us, with the
 * next step. */
struct raft_input {
    enum raft_input_kind kind;
    uint64_t now_us; /* the local clock; at most UINT64_MAX / 2 */
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
            uint64_t write_id; /* the first that may not be durable */
        } failed;
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
 * snapshot are atomic. A log that was emptied goes on after the snapshot.
 *
 * Of several writes that were not reported as durable, a crash may also keep
 * more of the hard states than of the snapshots, and more of the snapshots than
 * of the log: the hard states of the first h writes, the snapshots of the first
 * s of these (s <= h), and any prefix of the changes of the log (truncations,
 * drops, entries) of the first s. So three files do, and for a batch of writes
 * three barriers: the last of the hard states, then the last of the snapshots,
 * then all changes of the log. Two barriers between them are needed: raft_new()
 * refuses an entry or a snapshot of a term that the hard state has not reached;
 * and of entries that a snapshot replaces, or that are dropped for it, this may
 * be the last copy. No more is needed: what was not reported was acknowledged
 * to nobody. */
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

    /* Later it may be otherwise: */
    RAFT_BUSY,           /* too many uncommitted bytes, or pending reads */
    RAFT_TRANSFERRING,   /* leadership is being handed over; by a leader that
                            was removed, too, before it steps down */
    RAFT_CHANGE_PENDING, /* the change before is not committed (4.1), or the
                            members are joint */
    RAFT_TERM_TOO_YOUNG, /* nothing of the leader's term is committed (the
                            correction of 2015) */
    RAFT_NOT_CAUGHT_UP,  /* somebody is to become a voter who is no learner, or
                            has not caught up (4.2.1) */

    /* It will not, with these members: */
    RAFT_TOO_FAR_APART,  /* more than one voter changes, and not joint (4.1) */
    RAFT_NO_SUCH_CHANGE, /* the members are not valid, or are so already; a
                            witness is to become something else; old and new
                            are more than RAFT_MAX_MEMBERS. Or the target of a
                            transfer is no voter that could lead, and go on
                            leading when a joint configuration is left */

    RAFT_LEADERSHIP_LOST, /* a pending read: the leader that was asked is none
                             any more, or did not answer; or this server turned
                             out to be a witness */
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

#ifdef __cplusplus
}
#endif

#endif
