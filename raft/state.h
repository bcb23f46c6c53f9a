/* The inside of a node, shared by the files of raft/ and by nobody else.
 *
 *   raft.c         a node's life; one input in, outputs out
 *   election.c     time-outs, votes, roles (paper, 5.2 and 5.4.1)
 *   replication.c  the log: proposals, AppendEntries, commit (5.3 and 5.4.2)
 *   quorum.c       what a majority decides
 *   output.c       what the current step answers
 *   log.c          the entries in memory
 *   message.c      messages as bytes
 */
#ifndef RAFT_STATE_H
#define RAFT_STATE_H

#include "raft/log.h"
#include "raft/message.h"
#include "raft/raft.h"

/* Images and messages with terms or indexes above this are refused, so that
 * adding to them never overflows. No cluster ever counts so far. */
#define RAFT__MAX_COUNTER (UINT64_C(1) << 62)

/* A leader's view of one follower (paper, Figure 2, "volatile state on
 * leaders"), and a candidate's. The entry of the node itself is unused but for
 * `granted`. */
struct raft__peer {
    raft_id id;
    bool granted; /* its vote, or pre-vote, in the current campaign */
    bool heard;   /* it answered in the current quorum-check period */
    /* Where its log agrees with ours is not known: one message at a time. When
     * it is known, messages are pipelined behind each other. */
    bool probing;
    bool probe_sent; /* and not answered yet */
    /* How many messages with entries may be on their way, at most
     * max_inflight_messages: half as many after a refusal, one more with each
     * acknowledgement that advances. Where messages overtake each other,
     * refusals are frequent and say little; a full window after each would
     * multiply them. */
    uint32_t window;
    uint64_t next_index;
    uint64_t match_index; /* < next_index; never goes back in one term */
    /* The last indexes of the messages with entries that are on their way while
     * not probing: a ring of max_inflight_messages. */
    uint64_t *inflight;
    uint32_t inflight_first;
    uint32_t inflight_count;
};

/* A write handed out and not yet reported durable. */
struct raft__pending_write {
    uint64_t id;
    uint64_t last_index; /* of the log when it is durable, as far as later
                            truncations left it */
};

/* The outputs of the current step. Slot 0 is kept for the write, so that it
 * comes first although it is known last. */
struct raft__outbox {
    struct raft_output *items;
    size_t capacity; /* enough for one step, by creation */
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
    uint64_t shared_prev;
    uint32_t shared_n;
    size_t shared_offset, shared_size;
};

struct raft {
    struct raft_allocator *allocator;
    struct raft_config config; /* `voters` is NULL: see `peers` */
    struct raft__peer *peers;  /* the voters, this node included */
    uint32_t n_peers;
    uint32_t self;      /* this node's place in `peers` */
    uint64_t *inflight; /* all peers' rings */
    uint64_t *matches;  /* scratch: n_peers */
    uint64_t random_state;
    uint64_t now_us;
    bool started;

    struct raft_hard_state hard_state;
    enum raft_role role;
    raft_id leader;
    struct raft__log log;
    uint64_t commit_index;
    uint64_t last_applied;
    uint64_t durable_index; /* <= the log's last index */

    uint64_t election_deadline_us;  /* not as leader */
    uint64_t heartbeat_deadline_us; /* as leader */
    uint64_t quorum_deadline_us;    /* as leader, with check_quorum */
    uint64_t timer_us;              /* the deadline given to the host last */
    uint64_t leader_heard_us;       /* when `leader` was heard last */
    /* A candidate's own vote counts once this write is durable. */
    uint64_t own_vote_write;

    uint64_t last_write_id;
    uint64_t durable_write_id;
    struct raft__pending_write *pending; /* ring of pending_capacity */
    size_t pending_capacity, pending_first, pending_count;

    /* The write of the current step. */
    bool hard_state_changed;
    uint64_t truncate_from;  /* 0: none */
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

/* Sends an AppendEntries whose content is fixed by the place of its entries.
 * False if it was lost. */
bool raft__send_append(struct raft *raft, raft_id to,
                       const struct raft_message *message);

struct raft_output *raft__emit(struct raft *raft, enum raft_output_kind kind);

/* --- quorum.c ------------------------------------------------------------- */

/* Whether a majority gave its vote, or pre-vote, in this campaign. */
bool raft__quorum_granted(const struct raft *raft);

/* Whether a leader heard a majority, itself included, in this period. */
bool raft__quorum_heard(const struct raft *raft);

/* The greatest index that a majority holds durably, the leader included. */
uint64_t raft__quorum_match(struct raft *raft);

/* --- election.c ----------------------------------------------------------- */

void raft__restart_election_timer(struct raft *raft);
void raft__become_follower(struct raft *raft, uint64_t term, raft_id leader);

/* Notes that `leader` is alive and leads the current term. */
void raft__hear_leader(struct raft *raft, raft_id leader);

/* Whether a leader was heard so lately that no election is due (4.2.3, 9.6). */
bool raft__leader_is_alive(const struct raft *raft);

void raft__election_due(struct raft *raft);

/* A candidate's own vote became durable. */
void raft__own_vote_durable(struct raft *raft);

void raft__handle_pre_vote_request(struct raft *raft, raft_id from,
                                   const struct raft_message *message);
void raft__handle_vote_request(struct raft *raft, raft_id from,
                               const struct raft_message *message);
void raft__handle_vote_response(struct raft *raft, raft_id from,
                                const struct raft_message *message);

/* --- replication.c -------------------------------------------------------- */

/* Starts a leadership: every follower is probed with the term's no-op. */
void raft__lead(struct raft *raft);

/* A leader's heartbeat, or quorum check, is due. */
void raft__leader_due(struct raft *raft);

void raft__propose(struct raft *raft, const struct raft_input *input);

/* The log is durable up to `index`. */
void raft__log_durable(struct raft *raft, uint64_t index);

void raft__handle_append_request(struct raft *raft, raft_id from,
                                 const struct raft_message *message);
void raft__handle_append_response(struct raft *raft, raft_id from,
                                  const struct raft_message *message);

/* --- raft.c --------------------------------------------------------------- */

/* The voter with this id, or NULL. */
struct raft__peer *raft__peer(struct raft *raft, raft_id id);

/* Uniform in [low, high]. */
uint64_t raft__random_between(struct raft *raft, uint64_t low, uint64_t high);

#endif
