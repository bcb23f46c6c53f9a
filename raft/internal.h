/* The inside of a node, shared by the files of raft/ and by nobody else.
 *
 *   create.c       a node's life, from what is durable
 *   check.c        whether an input may be
 *   raft.c         one input in, outputs out
 *   memory.c       what a step may need, taken before it changes anything
 *   election.c     time-outs, votes, roles (paper, 5.2 and 5.4.1)
 *   transfer.c     handing leadership over (dissertation, 3.10), priorities
 *   replication.c  the leader's side of the log: proposals, answers, commit
 *                  (paper, 5.3 and 5.4.2)
 *   flow.c         what goes to each follower, and how much (10.2.2)
 *   append.c       the follower's side of it
 *   snapshot.c     images and what goes with them (dissertation, chapter 5)
 *   install.c      their way to a follower
 *   membership.c   who the members are (dissertation, chapter 4)
 *   change.c       how they change
 *   reads.c        reads that bypass the log (dissertation, 6.4)
 *   sessions.c     which commands were applied before (dissertation, 6.3)
 *   quorum.c       what a majority decides
 *   output.c       what the current step answers
 *   log.c          the entries in memory
 *   message.c      messages as bytes
 *   configuration.c  members as bytes
 *   config.c       whether a configuration of the node may be
 */
#ifndef RAFT_INTERNAL_H
#define RAFT_INTERNAL_H

#include "raft/state.h"

/* --- output.c ------------------------------------------------------------- */

/* When a message may leave. */
enum raft__after {
    RAFT__AT_ONCE,
    RAFT__AFTER_TERM,   /* when the term that it bears is durable */
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
void raft__release_peers(struct raft *raft);

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

/* Whether that is at least `least`, which is above 0; cheaper. */
bool raft__quorum_reaches(const struct raft *raft, enum raft__measure measure,
                          uint64_t least);

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

/* --- flow.c --------------------------------------------------------------- */

/* Sends the follower what it lacks, as far as its window allows. */
void raft__replicate(struct raft *raft, struct raft__peer *peer);
void raft__replicate_to_all(struct raft *raft);

/* What full voters hold durably moved: witnesses may have more. */
void raft__replicate_to_witnesses(struct raft *raft);

/* Sends every follower a heartbeat. */
void raft__send_heartbeats(struct raft *raft);

/* Where the logs agree is to be found out, from here on. */
void raft__probe_from(struct raft *raft, struct raft__peer *peer,
                      uint64_t next_index);

/* What is on its way up to this index has arrived. */
void raft__forget_inflight(struct raft *raft, struct raft__peer *peer,
                           uint64_t match_index);

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

/* What arrives is not needed any more: the log reaches its place, or nobody
 * sends it. */
void raft__forget_incoming(struct raft *raft);

/* Room for the chunk; looks whether the snapshot is whole with it. */
bool raft__reserve_install(struct raft *raft,
                           const struct raft_message *message);
void raft__handle_install_request(struct raft *raft, raft_id from,
                                  const struct raft_message *message);
void raft__handle_install_response(struct raft *raft, raft_id from,
                                   const struct raft_message *message);

/* --- membership.c --------------------------------------------------------- */

/* The member with this id, or NULL. */
struct raft__peer *raft__peer(const struct raft *raft, raft_id id);

/* Whether the members are those of a joint configuration (4.3). */
bool raft__is_joint(const struct raft *raft);

/* Whether this member votes, and could lead. */
bool raft__is_voter(const struct raft__peer *peer);
bool raft__is_full_voter(const struct raft__peer *peer);

/* Whether it could also lead on, when a joint configuration is left. */
bool raft__may_lead_on(const struct raft__peer *peer);

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

/* --- change.c ------------------------------------------------------------- */

/* Whether its last round was short, and the present one is not long (4.2.1). */
bool raft__is_caught_up(const struct raft *raft, const struct raft__peer *peer);

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
