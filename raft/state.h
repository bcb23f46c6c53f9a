/* The inside of a node, shared by the files of raft/ and by nobody else.
 *
 *   create.c       a node's life, from what is durable
 *   check.c        whether an input may be
 *   raft.c         one input in, outputs out
 *   memory.c       what a step may need, taken before it changes anything
 *   election.c     time-outs, votes, roles (paper, 5.2 and 5.4.1)
 *   transfer.c     handing leadership over (dissertation, 3.10), priorities
 *   replication.c  the leader's side of the log: proposals, AppendEntries,
 *                  commit (paper, 5.3 and 5.4.2)
 *   append.c       the follower's side of it
 *   snapshot.c     images and what goes with them (dissertation, chapter 5)
 *   install.c      their way to a follower
 *   membership.c   who the members are (dissertation, chapter 4)
 *   reads.c        reads that bypass the log (dissertation, 6.4)
 *   sessions.c     which commands were applied before (dissertation, 6.3)
 *   quorum.c       what a majority decides
 *   output.c       what the current step answers
 *   log.c          the entries in memory
 *   message.c      messages as bytes
 *   configuration.c  members as bytes
 */
#ifndef RAFT_STATE_H
#define RAFT_STATE_H

#include "raft/log.h"
#include "raft/message.h"
#include "raft/raft.h"
#include "raft/sessions.h"

/* Images and messages with terms or indexes above this are refused, so that
 * adding to them never overflows. No cluster ever counts so far. */
#define RAFT__MAX_COUNTER (UINT64_C(1) << 62)

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
    struct raft__peer *peers;
    struct raft__peer *peers_scratch;
    uint32_t n_peers;
    uint32_t peers_capacity;
    uint32_t self;                      /* this node's place in `peers` */
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
    uint64_t incoming_term;   /* whose leader sends it */
    uint64_t incoming_total, incoming_digest;
    bool incoming_is_whole;   /* with the message of this step; and sound */
    struct raft__blob *spare; /* reserved for the snapshot of this step */
    uint64_t void_log_from;  /* at the start: what the disk still holds of a log
                                that the snapshot replaced; 0: nothing */
    uint64_t snapshot_write; /* the write that makes `snapshot` durable; 0: it
                                is */

    bool holds_omitted; /* commands without payload: it can never lead */
    struct raft__sessions sessions;
    uint64_t unapplied_sessions; /* SESSION entries that were not applied yet */
    struct raft__reads reads;

    uint64_t election_deadline_us;  /* not as leader */
    uint64_t heartbeat_deadline_us; /* as leader */
    uint64_t quorum_deadline_us;    /* as leader, with check_quorum */
    uint64_t timer_us;              /* the deadline given to the host last */
    uint64_t leader_heard_us;       /* when a leader was heard last */
    bool heard_any_leader;          /* in this life */
    /* A candidate's own vote counts once this write is durable. */
    uint64_t own_vote_write;

    /* As leader. */
    uint64_t term_start;        /* the index of its no-op */
    uint64_t uncommitted_bytes; /* of commands */
    raft_id transfer_to;        /* RAFT_NONE: no transfer */
    uint64_t transfer_deadline_us;
    uint64_t takeover_us; /* no takeover by priority before this */
    bool lease_is_void;   /* somebody was told to campaign at once */

    uint64_t last_write_id;
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

/* --- output.c ------------------------------------------------------------- */

/* When a message may leave. */
enum raft__after {
    RAFT__AT_ONCE,
    RAFT__AFTER_WRITES, /* of this step, and all before */
};

void raft__outbox_begin(struct raft *raft);
void raft__outbox_finish(struct raft *raft, struct raft_outputs *outputs);

/* Sends a message. Without memory or room it is lost, as on the network. */
void raft__send(struct raft *raft, raft_id to, enum raft__after after,
                const struct raft_message *message);

/* Sends an AppendEntries whose content is fixed by the place of its entries and
 * by whether commands are omitted. False if it was lost. */
bool raft__send_append(struct raft *raft, raft_id to,
                       const struct raft_message *message);

void raft__accept(struct raft *raft, uint64_t tag,
                  struct raft_position position);
void raft__reject(struct raft *raft, uint64_t tag, enum raft_reason reason);
struct raft_output *raft__emit(struct raft *raft, enum raft_output_kind kind);

/* --- memory.c ------------------------------------------------------------- */

/* A block of zeros, or NULL. */
void *raft__allocate(struct raft *raft, size_t size);

/* Frees a block of this size; NULL is allowed. */
void raft__release(struct raft *raft, void *block, size_t size);

/* A place to read from and append to, in `*block`, for at least `n` items of
 * `size` bytes; grows by half or more. False: no memory, nothing changed. */
bool raft__grow(struct raft *raft, void *block, size_t *capacity, size_t n,
                size_t size);

/* All the memory that the step's changes may need, so that no change stops
 * half-way. False: no memory; the node is as it was. */
bool raft__reserve(struct raft *raft, const struct raft_input *input,
                   const struct raft_message *message);

/* Room for a configuration of `n` members. */
bool raft__reserve_peers(struct raft *raft, uint32_t n);

/* --- check.c -------------------------------------------------------------- */

/* Decodes a message's bytes into `*message`. */
enum raft_status raft__check_input(const struct raft *raft,
                                   const struct raft_input *input,
                                   struct raft_message *message);

/* Whether an answer is due, even if the term is old. */
bool raft__is_request(enum raft_message_kind kind);

/* --- quorum.c ------------------------------------------------------------- */

enum raft__measure {
    RAFT__GRANTED, /* 1: gave its vote, or pre-vote, in this campaign */
    RAFT__HEARD,   /* 1: answered in this quorum-check period */
    RAFT__MATCH,   /* holds the log durably up to this index */
    RAFT__ACKED,   /* answered to a message of this step, or a later one */
    RAFT__LEASE,   /* answered to a message that was sent at this time */
};

/* The greatest value that a majority has reached; where the configuration is
 * joint, both majorities. 0 where there is no voter. */
uint64_t raft__quorum(struct raft *raft, enum raft__measure measure);

/* The greatest index that a voter which is no witness holds durably. Witnesses
 * have no payload to give back: neither what is sent to them nor what is
 * committed goes beyond. Without witnesses it is never below a majority's. */
uint64_t raft__full_match(const struct raft *raft);

/* --- election.c ----------------------------------------------------------- */

void raft__restart_election_timer(struct raft *raft);
void raft__become_follower(struct raft *raft, uint64_t term, raft_id leader);

/* Notes that `leader` is alive and leads the current term. */
void raft__hear_leader(struct raft *raft, raft_id leader);

/* Whether a leader was heard so lately that no election is due (4.2.3, 9.6). */
bool raft__leader_is_alive(const struct raft *raft);

void raft__election_due(struct raft *raft);

/* The leader asks this server to campaign at once (3.10). */
void raft__handle_timeout_now(struct raft *raft, raft_id from);

/* A candidate's own vote became durable. */
void raft__own_vote_durable(struct raft *raft);

void raft__handle_pre_vote_request(struct raft *raft, raft_id from,
                                   const struct raft_message *message);
void raft__handle_vote_request(struct raft *raft, raft_id from,
                               const struct raft_message *message);
void raft__handle_vote_response(struct raft *raft, raft_id from,
                                const struct raft_message *message);

/* --- transfer.c ----------------------------------------------------------- */

void raft__transfer(struct raft *raft, const struct raft_input *input);

/* A member's match index moved, or time did: is it the target's turn? */
void raft__transfer_look(struct raft *raft);

/* The transfer's deadline is over, or it is of no use any more. */
void raft__transfer_abort(struct raft *raft);

/* A heartbeat is due: is there somebody of higher priority? */
void raft__takeover_look(struct raft *raft);

/* The last deed of a leader that the committed members do not count any more
 * (4.2.2): it hands over to the voter best suited, and steps down. */
void raft__leave_leadership(struct raft *raft);

/* --- replication.c -------------------------------------------------------- */

/* Starts a leadership: every follower is probed with the term's no-op. */
void raft__lead(struct raft *raft);

/* A leader's heartbeat, quorum check or transfer's deadline is due. */
void raft__leader_due(struct raft *raft);

void raft__propose(struct raft *raft, const struct raft_input *input);
void raft__open_session(struct raft *raft, const struct raft_input *input);

/* Appends an entry of the leader's own. Room was reserved. */
void raft__append(struct raft *raft, const struct raft_entry *entry);

/* Sends every follower what it lacks, as far as the windows allow. */
void raft__replicate_to_all(struct raft *raft);

/* Sends every follower a heartbeat. */
void raft__send_heartbeats(struct raft *raft);

/* A member that this leader has said nothing to yet. */
void raft__start_following(struct raft *raft, struct raft__peer *peer);

/* The log is durable up to `index`. */
void raft__log_durable(struct raft *raft, uint64_t index);

void raft__advance_commit(struct raft *raft);

/* The follower's log equals the leader's up to `match_index`. */
void raft__follower_matches(struct raft *raft, struct raft__peer *peer,
                            uint64_t match_index);

void raft__handle_append_response(struct raft *raft, raft_id from,
                                  const struct raft_message *message);

/* An answer of this term came: what it tells besides its content. */
void raft__note_answer(struct raft *raft, struct raft__peer *peer,
                       uint64_t sequence);

/* A message goes to the follower. */
void raft__note_sent(struct raft *raft, struct raft__peer *peer);

/* --- append.c ------------------------------------------------------------- */

void raft__handle_append_request(struct raft *raft, raft_id from,
                                 const struct raft_message *message);

/* Drops the log from `index` on, with the members that it told. */
void raft__truncate(struct raft *raft, uint64_t index);

/* --- snapshot.c ----------------------------------------------------------- */

/* What a snapshot's meta says; it points into the meta. */
struct raft__meta {
    struct raft_position position;
    struct raft_position configuration;
    const uint8_t *members;
    size_t members_size;
    const uint8_t *sessions;
    size_t sessions_size;
    size_t n_sessions;
};

/* False if `bytes` are no meta; no bytes at all are that of a server that knows
 * nobody. */
bool raft__meta_decode(const uint8_t *bytes, size_t size,
                       struct raft__meta *meta);

/* The decoded meta of a blob, which is sound. */
struct raft__meta raft__blob_meta(const struct raft__blob *blob);

/* One holder; NULL: no memory. */
struct raft__blob *raft__blob_new(struct raft *raft, size_t capacity);
void raft__blob_fill(struct raft__blob *blob,
                     const struct raft_snapshot *snapshot);
void raft__blob_release(struct raft *raft, struct raft__blob *blob);

/* A digest of the first `size` bytes of a blob. */
uint64_t raft__blob_digest(const struct raft__blob *blob, size_t size);

/* What the blob holds, for the host. */
struct raft_snapshot raft__blob_snapshot(const struct raft__blob *blob);

/* The latest snapshot's place; {0, 0} if there is none. */
struct raft_position raft__snapshot_position(const struct raft *raft);

/* The host hands an image over: the log before it may go. */
void raft__compact(struct raft *raft, const struct raft_input *input);

/* --- install.c ------------------------------------------------------------ */

/* The follower needs what the log does not hold any more. */
void raft__start_installing(struct raft *raft, struct raft__peer *peer);
void raft__stop_installing(struct raft *raft, struct raft__peer *peer);

/* Asks how far it is; that is its heartbeat meanwhile. */
void raft__ask_installing(struct raft *raft, struct raft__peer *peer);

/* Room for the chunk; looks whether the snapshot is whole with it. */
bool raft__reserve_install(struct raft *raft,
                           const struct raft_message *message);
void raft__handle_install_request(struct raft *raft, raft_id from,
                                  const struct raft_message *message);
void raft__handle_install_response(struct raft *raft, raft_id from,
                                   const struct raft_message *message);

/* --- membership.c --------------------------------------------------------- */

/* The member with this id, or NULL. */
struct raft__peer *raft__peer(struct raft *raft, raft_id id);

/* Whether the members are those of a joint configuration (4.3). */
bool raft__is_joint(const struct raft *raft);

/* Whether this member votes, and could lead. */
bool raft__is_voter(const struct raft__peer *peer);
bool raft__is_full_voter(const struct raft__peer *peer);

/* Whether its last round was short, and the present one is not long (4.2.1). */
bool raft__is_caught_up(const struct raft *raft, const struct raft__peer *peer);

/* Whether this server may campaign: by its latest configuration, or, while that
 * is not known to be committed, by the one before (4.2.2). */
bool raft__may_campaign(const struct raft *raft);

/* The log's entry at `index`, a configuration, is in force. */
void raft__configure(struct raft *raft, uint64_t index);

/* The configurations in the log from `index` on are gone. */
void raft__unconfigure(struct raft *raft, uint64_t index);

/* The members are those of the snapshot, and of the log above it. */
void raft__configure_from_snapshot(struct raft *raft);

/* The members after the entry at `index`, which the log or the snapshot holds:
 * their encoded form, and the place of the entry that says so. */
const uint8_t *raft__configuration_at(const struct raft *raft, uint64_t index,
                                      size_t *size,
                                      struct raft_position *position);

void raft__change(struct raft *raft, const struct raft_input *input);

/* The commit index moved: a joint configuration is left, a leader that is no
 * member steps down. */
void raft__configuration_look(struct raft *raft);

/* --- reads.c -------------------------------------------------------------- */

void raft__read(struct raft *raft, const struct raft_input *input);
void raft__handle_read_request(struct raft *raft, raft_id from,
                               const struct raft_message *message);
void raft__handle_read_response(struct raft *raft, raft_id from,
                                const struct raft_message *message);

/* A majority may have answered: grants what it may, asks again for the rest. */
void raft__reads_look(struct raft *raft);

/* Gives up reads whose leader is lost. */
void raft__reads_fail(struct raft *raft);

/* Answers granted reads that are applied; gives up those that wait too long. */
void raft__reads_finish(struct raft *raft);

/* --- raft.c --------------------------------------------------------------- */

/* Uniform in [low, high]. */
uint64_t raft__random_between(struct raft *raft, uint64_t low, uint64_t high);

#endif
