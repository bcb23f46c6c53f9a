/* What a node is: its state, as the files of raft/ share it. What they do for
 * each other is in raft/internal.h. */
#ifndef RAFT_STATE_H
#define RAFT_STATE_H

#include "raft/log.h"
#include "raft/message.h"
#include "raft/raft.h"
#include "raft/sessions.h"

/* Images and messages with terms or indexes above this are refused, so that
 * adding to them never overflows. No cluster ever counts so far. */
#define RAFT__MAX_COUNTER (UINT64_C(1) << 62)

/* Before the meta in a blob: its size. */
#define RAFT__BLOB_HEAD_SIZE ((size_t)8)

/* A snapshot in memory, in the form in which it travels: the size of its meta
 * in 8 bytes, the meta, the image. Held by the node and by each follower that
 * is being sent it. */
struct raft__blob {
    uint32_t holders;
    size_t capacity; /* of `bytes` */
    size_t size;     /* used; while it arrives: what has arrived */
    size_t meta_size;
    struct raft_position position;
    /* Of all bytes, and of those without the image; computed when the first
     * follower needs them. */
    bool has_digests;
    uint64_t digest, meta_digest;
    uint8_t bytes[];
};

/* A message with entries on its way to a follower. */
struct raft__inflight {
    uint64_t last_index;
    uint64_t bytes; /* of payload */
};

/* A member, and a leader's view of it (paper, Figure 2, "volatile state on
 * leaders"), and a candidate's. */
struct raft__peer {
    raft_id id;
    uint8_t flags; /* RAFT_MEMBER_... */
    uint8_t priority;
    bool granted; /* its vote, or pre-vote, in the current campaign */
    bool heard;   /* it answered in the current quorum-check period */

    enum raft_progress_state state;
    bool probe_sent;         /* RAFT_PROBE: and not answered yet */
    uint64_t probe_sequence; /* probing since: refusals of what was sent before
                                say nothing new */
    uint64_t next_index;
    uint64_t match_index; /* < next_index; never goes back in one term */

    /* RAFT_REPLICATE: how many messages may be on their way, at most
     * max_inflight_messages: half as many after a refusal, one more with each
     * acknowledgement that advances. Where messages overtake each other,
     * refusals are frequent and say little; a full window after each would
     * multiply them. */
    uint32_t window;
    /* Those on their way: a ring of max_inflight_messages, at `slot` in the
     * node's block of rings. */
    uint32_t slot;
    uint32_t inflight_first;
    uint32_t inflight_count;
    uint64_t inflight_bytes;

    /* RAFT_SNAPSHOT. */
    struct raft__blob *sending; /* else NULL */
    uint64_t offset;            /* what has arrived, as far as is known */
    uint64_t chunk_us;          /* when the chunk at `offset` was sent */

    uint64_t acked_sequence; /* it answered to a message of this step */
    /* For leases: a message was sent at `sample_us` and not answered yet; what
     * was sent at `heard_us` was answered. */
    bool has_sample;
    uint64_t sample_sequence;
    uint64_t sample_us;
    uint64_t heard_us;

    /* How fast it catches up (dissertation, 4.2.1): the round ends when it has
     * what the log had at the round's start. */
    uint64_t round_index;
    uint64_t round_us;
    bool caught_up; /* the last round was short */
};

#define RAFT__NO_SELF UINT32_MAX

/* More servers of higher priority than this many do not make it worse. */
#define RAFT__MAX_RANK 4u

/* A write handed out and not yet reported durable. */
struct raft__pending_write {
    uint64_t id;
    uint64_t last_index; /* of the log when it is durable, as far as later
                            truncations left it */
};

enum raft__read_state {
    RAFT__READ_FORWARDED, /* the leader was asked */
    RAFT__READ_ASKING,    /* this leader asks whether it still is one */
    RAFT__READ_GRANTED,   /* it may be answered when `index` is applied */
};

struct raft__read {
    enum raft__read_state state;
    raft_id from;      /* the server that asked; RAFT_NONE: the own host */
    uint64_t tag;      /* of the own host */
    uint64_t id;       /* between servers */
    uint64_t sequence; /* ASKING: of the step in which it came */
    uint64_t index;    /* what must be applied first */
    uint64_t until_us; /* FORWARDED: it is given up */
};

/* Reads in the order of their coming. */
struct raft__reads {
    struct raft__read *items;
    size_t count;
    size_t capacity;
    uint64_t last_id;        /* begins at random: ids of lives do not meet */
    uint64_t round_sequence; /* the last time that all were asked for a read */
    uint64_t confirmed_sequence; /* what a majority has answered, as far as
                                    reads asked for it */
    /* Whether there is anything to do, in one look. */
    size_t n_asking;
    uint64_t ready_index; /* not above that of any granted read */
    uint64_t until_us;    /* not after that of any forwarded read */
};

/* The outputs of the current step. Slot 0 is kept for the write, so that it
 * comes first although it is known last. */
struct raft__outbox {
    struct raft_output *items;
    size_t capacity; /* enough for one step, see raft__reserve() */
    size_t kept;     /* of those, not for messages */
    size_t count;
    /* Encoded messages, one behind the other. SEND outputs hold offsets until
     * the step ends, because the buffer may move while it grows. */
    uint8_t *bytes;
    size_t bytes_capacity;
    size_t bytes_used;
    size_t *offsets; /* per item */
    /* The AppendEntries encoded last in this step: followers at the same place
     * get the same bytes. */
    bool has_shared;
    bool shared_omits;
    uint64_t shared_prev;
    uint32_t shared_n;
    size_t shared_offset, shared_size;
};

struct raft {
    struct raft_allocator *allocator;
    struct raft_config config;
    uint64_t random_state;
    uint64_t now_us;
    uint64_t sequence; /* of the step: what a leader sends bears it. Begins at
                          random: those of lives do not meet */
    bool started;
    bool stopped; /* a write failed: nothing leaves this node any more */
    uint64_t started_us;
    bool was_used; /* in a life before */

    struct raft_hard_state hard_state;
    enum raft_role role;
    raft_id leader;
    struct raft__log log;
    uint64_t commit_index;
    uint64_t last_applied;
    uint64_t durable_index; /* <= the log's last index */
    uint64_t stored_from;   /* the first index of the host's log: that of the
                               log here, or one less (see create.c) */

    /* The members by the latest configuration in the log, by rising id. */
    void *peers_room; /* the block of what follows */
    struct raft__peer *peers;
    struct raft__peer *peers_scratch;
    uint32_t n_peers;
    uint32_t peers_capacity;
    uint32_t self;      /* this node's place in `peers` */
    bool quorum_is_new; /* the members changed since it was last asked what is
                           committed */
    uint8_t all_flags;  /* RAFT_MEMBER_…s that any of the peers has */
    uint8_t rank; /* how many could lead and have a higher priority than this
                     node; counted up to RAFT__MAX_RANK */
    struct raft__inflight *inflight;    /* all peers' rings */
    uint64_t *values;                   /* scratch */
    struct raft_member *members;        /* `peers` for raft_members() */
    struct raft_position configuration; /* the entry that says so */
    uint64_t *configurations; /* the indexes of all configuration entries in the
                                 log above the snapshot, rising */
    size_t n_configurations, configurations_capacity;

    struct raft__blob *snapshot; /* the latest; NULL: none, and no members */
    struct raft__blob *incoming; /* one that arrives, or NULL */
    struct raft__blob *fresh; /* another one, if the message of this step is its
                                 first chunk */
    uint64_t incoming_total, incoming_digest;
    bool incoming_is_whole;   /* with the message of this step; and sound */
    struct raft__blob *spare; /* reserved for the snapshot of this step */
    uint64_t void_log_from;  /* at the start: what the disk still holds of a log
                                that the snapshot replaced; 0: nothing */
    uint64_t snapshot_write; /* the write that makes `snapshot` durable; 0: it
                                is */

    bool is_blind;      /* the leader sends it no commands: as to a witness */
    bool holds_omitted; /* commands without payload: it can never lead */
    struct raft__sessions sessions;
    uint64_t unapplied_sessions; /* SESSION entries that were not applied yet */
    struct raft__reads reads;

    uint64_t election_deadline_us;  /* not as leader */
    uint64_t heartbeat_deadline_us; /* as leader */
    uint64_t quorum_deadline_us;    /* as leader: the end of the period */
    uint64_t timer_us;              /* the deadline given to the host last */
    uint64_t leader_heard_us;       /* when a leader was heard last */
    bool heard_any_leader;          /* in this life */
    /* A candidate's own vote counts once this write is durable. */
    uint64_t own_vote_write;

    /* As leader. */
    uint64_t term_start;        /* the index of its no-op */
    uint64_t uncommitted_bytes; /* what clients' entries cost */
    raft_id transfer_to;        /* RAFT_NONE: no transfer */
    uint64_t transfer_deadline_us;
    uint64_t takeover_us; /* no takeover by priority before this */
    bool lease_is_void;   /* somebody was told to campaign at once */

    uint64_t last_write_id;
    uint64_t hard_state_write; /* the last one with a hard state */
    uint64_t durable_write_id;
    struct raft__pending_write *pending; /* ring of pending_capacity */
    size_t pending_capacity, pending_first, pending_count;

    /* The write of the current step. */
    bool hard_state_changed;
    bool snapshot_changed;
    uint64_t truncate_from;  /* 0: none */
    uint64_t drop_before;    /* 0: none */
    uint64_t appended_first; /* 0: nothing was appended */

    struct raft__outbox outbox;
};

#endif
