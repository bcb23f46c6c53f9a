/* One Raft node on a bench: inputs by hand, outputs to look at.
 *
 * The harness is the node's host. It owns the clock, the disk and the outbox,
 * and it keeps the host's side of the contract in raft/raft.h: writes finish in
 * order, a message leaves once its write is durable, the clock never goes back.
 * In return it holds the node to the node's side of it, after every step, so
 * that each test checks the whole contract in passing and only its own rule in
 * writing. A broken contract aborts with the line that saw it.
 *
 * It is written from the headers, the Raft paper and the dissertation, not from
 * the implementation, and it shares no code with sim/. Only the form of a
 * snapshot's meta, which is opaque to a host, is known to it, to look inside
 * and to make some by hand.
 *
 *   raft_harness.c           the bench
 *   raft_harness_disk.c      what a machine has on its disk
 *   raft_harness_check.c     the node's side of the contract
 *   raft_harness_messages.c  messages by hand
 */
#ifndef TESTS_RAFT_HARNESS_H
#define TESTS_RAFT_HARNESS_H

#include "raft/message.h"
#include "raft/raft.h"

/* --- memory --------------------------------------------------------------- */

/* Counts what is held, checks every old_size, moves a block at every resize (so
 * that a kept pointer is a use after free) and refuses on demand. */
struct harness_memory {
    struct raft_allocator base;
    uint64_t n_blocks;   /* held now */
    uint64_t n_requests; /* with a new_size above 0, ever */
    uint64_t refuse_in;  /* 1: refuse the next request; 0: refuse none */
    bool refused;        /* a request was refused; the test resets it */
};

void harness_memory_init(struct harness_memory *memory);

/* --- the bench ------------------------------------------------------------ */

/* A log, with the id of the write that brought each entry (0: it was there when
 * the life began). Entry `index` lies at [index - first_index]. */
struct harness_log {
    struct raft_entry *entries;
    uint64_t *write_ids;
    uint64_t first_index;      /* of the next entry, if there are none */
    struct raft_position base; /* before the first; term 0 and index above 0:
                                  the term is not known any more */
    uint64_t base_write;       /* the write of the snapshot that took the log's
                                  place; 0: the log goes back to the first entry,
                                  or it was there when the life began */
    uint64_t count;
    uint64_t capacity;
};

struct harness_disk {
    struct raft_hard_state hard_state;
    struct raft_snapshot snapshot; /* owns its bytes; meta_size 0: none */
    uint64_t snapshot_write;       /* as in write_ids */
    struct harness_log log;
};

/* A message on its way out. */
struct harness_letter {
    raft_id to;
    uint64_t after_write;
    uint8_t *bytes;
    size_t size;
};

/* A read that was not answered yet. */
struct harness_read {
    uint64_t tag;
    uint64_t floor; /* what was known to be committed when it came */
};

/* A client's session, kept a second time. */
struct harness_session {
    uint64_t name;
    uint64_t sequence;
    uint64_t used;
};

struct harness {
    struct raft_config config;
    struct harness_memory memory;
    struct raft *raft; /* NULL while crashed */
    bool forged;       /* the inputs include messages that no correct server
                          sends: only local rules are checked */
    uint64_t now_us;
    uint64_t deadline_us;

    struct harness_disk durable; /* what a crash leaves, and */
    struct harness_disk written; /* will leave when the pending writes are */
    struct raft_write *pending;
    size_t n_pending;
    uint64_t last_write;       /* the last id given out in this life */
    uint64_t durable_write;    /* the last id that is durable */
    uint64_t hard_state_write; /* the last write that had a hard state */
    uint64_t applied; /* entries given by APPLY or RESTORE in this life */

    struct harness_letter *outbox;
    size_t n_outbox;

    /* A copy of the last answer; it lives until the next step. */
    struct raft_output *items;
    size_t n_items;

    /* What the contract is checked with. */
    struct harness_read *reads;
    size_t n_reads;
    struct harness_session *sessions; /* open after what is applied */
    size_t n_sessions;
    struct raft_member members[RAFT_MAX_MEMBERS]; /* before this step */
    uint32_t n_members;
    struct raft_snapshot *snapshots; /* all of this life: a leader sends the
                                        one that it began with */
    size_t n_snapshots;
    struct harness_sent { /* the sequence of the last request to each server */
        raft_id to;
        uint64_t sequence;
    } * sent;
    size_t n_sent;
    uint64_t last_read; /* the id of the last read that was forwarded */
};

/* Server `id`: timeouts of 150 to 300 ms, heartbeats of 50 ms, wide limits, all
 * that can be switched off is. */
struct raft_config harness_config(raft_id id);

/* A bench with no node yet, and on its disk the bootstrap of the voters 1 to
 * `n_voters`; 0: an empty disk, the server knows nobody. `h` must not move
 * afterwards. */
void harness_init(struct harness *h, const struct raft_config *config,
                  uint32_t n_voters);

/* Before a boot, puts the bootstrap of any members on the disk instead. */
void harness_bootstrap(struct harness *h, const struct raft_member *members,
                       uint32_t n_members);

/* Before a boot and before harness_preload(), puts a snapshot at this place on
 * the disk: the same members, no sessions. */
void harness_preload_snapshot(struct harness *h, uint64_t term, uint64_t index,
                              const void *image, size_t size);

/* Before a boot, puts a hard state and, after the snapshot, commands of these
 * terms on the disk. The payload of an entry follows from its term and index.
 */
void harness_preload(struct harness *h, uint64_t current_term, raft_id vote,
                     const uint64_t *terms, uint64_t n_terms);

/* The same with any entries, wherever they begin: there is no gap between them
 * and the snapshot, but they may contradict it. */
void harness_preload_entries(struct harness *h, uint64_t first_index,
                             const struct raft_entry *entries, uint64_t n);

/* Creates a node from the disk and starts it. */
void harness_boot(struct harness *h);

/* harness_init(), harness_boot(). */
void harness_start(struct harness *h, const struct raft_config *config,
                   uint32_t n_voters);

/* Gives the node any input and checks the answer against the contract. */
enum raft_status harness_step(struct harness *h,
                              const struct raft_input *input);

/* Give one input that must be accepted, at the bench's time. An answer whose
 * sequence is 0 gets that of the last request to its sender, if there was one.
 */
void harness_receive(struct harness *h, raft_id from,
                     const struct raft_message *message);
void harness_propose(struct harness *h, uint64_t tag, const char *command);
void harness_propose_in(struct harness *h, uint64_t tag, uint64_t session,
                        uint64_t sequence, const char *command);
void harness_session(struct harness *h, uint64_t tag);
void harness_change(struct harness *h, uint64_t tag,
                    const struct raft_member *members, uint32_t n, bool joint);
void harness_transfer(struct harness *h, uint64_t tag, raft_id to);
void harness_read(struct harness *h, uint64_t tag, bool lease);

/* Takes the node's part of a snapshot of what is applied now, and hands it over
 * with the image. */
void harness_snapshot(struct harness *h, const void *image, size_t size,
                      uint64_t keep_from);

/* Lets the clock reach the deadline, and says so. */
void harness_timer(struct harness *h);

/* Makes the pending writes up to `write_id` durable; the node is to be told. */
void harness_persist(struct harness *h, uint64_t write_id);

/* Makes the pending writes up to `write_id`, or all, durable, and says so. */
void harness_written_to(struct harness *h, uint64_t write_id);
void harness_written(struct harness *h);

/* Ends the node. Of the pending writes' parts (hard state, snapshot,
 * truncation, drop, each entry, in this order) the first `keep_parts` survive;
 * letters that wait for a write that did not are lost with it. */
void harness_crash(struct harness *h, uint64_t keep_parts);

/* Ends the node as well. What survives is of three files, each synced by itself
 * (struct raft_write): the hard states of the first writes, the snapshots of
 * the first of these, and of those the first changes of the log; all, where
 * the number is larger. */
struct harness_parts {
    size_t n_hard_states; /* writes */
    size_t n_snapshots;   /* writes, at most n_hard_states */
    uint64_t n_changes;   /* truncations, drops and entries */
};
void harness_crash_apart(struct harness *h, struct harness_parts keep);

/* Ends the node and the bench; nothing may be held by the node any more. */
void harness_free(struct harness *h);

/* --- longer ways ---------------------------------------------------------- */

/* Fires timers until the node asks for votes; pre-votes are granted by the
 * other voters as they are asked for. Its vote is durable afterwards. */
void harness_campaign(struct harness *h);

/* Campaigns and lets the other voters elect it, by rising id as far as needed.
 * The no-op is pending. */
void harness_elect(struct harness *h);

/* Delivers everything between the benches, writes finishing at once, until
 * nothing is left to deliver. `nodes[i]` must be server i + 1; a NULL or
 * crashed one loses what it is sent. */
void harness_exchange(struct harness **nodes, size_t n_nodes);

/* --- looking -------------------------------------------------------------- */

struct raft_view harness_view(const struct harness *h);

/* What the leader knows of a member, which it has. */
struct raft_progress harness_progress(const struct harness *h, raft_id id);

/* The first output of a kind in the last answer, or NULL. */
const struct raft_output *harness_output(const struct harness *h,
                                         enum raft_output_kind kind);
size_t harness_count(const struct harness *h, enum raft_output_kind kind);

/* Whether the last answer has a REJECTED with this reason. */
bool harness_was_rejected(const struct harness *h, enum raft_reason reason);

/* The first message of a kind to a server (RAFT_NONE: any) in the last answer,
 * decoded into `message`; NULL if there is none. */
const struct raft_output *harness_sent(const struct harness *h, raft_id to,
                                       enum raft_message_kind kind,
                                       struct raft_message *message);
size_t harness_sent_count(const struct harness *h, raft_id to,
                          enum raft_message_kind kind);

/* Takes the first letter that may leave out of the outbox; the caller frees its
 * bytes. */
bool harness_take(struct harness *h, struct harness_letter *letter);
void harness_clear_outbox(struct harness *h);

/* Whether they are the same entry of a log: verdicts, and which session was
 * closed for another, are not part of it. */
bool harness_same_entry(const struct raft_entry *a, const struct raft_entry *b);

/* --- messages ------------------------------------------------------------- */

struct raft_message harness_vote_request(uint64_t term, uint64_t last_term,
                                         uint64_t last_index);
struct raft_message harness_pre_vote_request(uint64_t term, uint64_t last_term,
                                             uint64_t last_index);
struct raft_message harness_vote_response(uint64_t term, bool granted);
struct raft_message harness_pre_vote_response(uint64_t term, bool granted);
struct raft_message harness_append(uint64_t term, uint64_t prev_term,
                                   uint64_t prev_index, uint64_t leader_commit,
                                   const struct raft_entry *entries,
                                   uint32_t n_entries);
struct raft_message harness_append_success(uint64_t term, uint64_t match_index);
struct raft_message harness_append_failure(uint64_t term, uint64_t rejected,
                                           uint64_t conflict_term,
                                           uint64_t conflict_index);

/* A chunk of what harness_travel_form() gave, `total` bytes, which `bytes` are.
 */
struct raft_message harness_install(uint64_t term,
                                    struct raft_position position,
                                    const uint8_t *bytes, size_t total,
                                    size_t offset, uint32_t size);
struct raft_message harness_installing(uint64_t term, uint64_t index,
                                       uint64_t offset);
struct raft_message harness_installed(uint64_t term, uint64_t index);
struct raft_message harness_timeout_now(uint64_t term);
struct raft_message harness_read_request(uint64_t term, uint64_t id,
                                         bool lease);
struct raft_message harness_read_response(uint64_t term, uint64_t id,
                                          bool granted, uint64_t index);

/* The digest of a snapshot as it travels. */
uint64_t harness_digest(const uint8_t *bytes, size_t size);

/* --- snapshots by hand ---------------------------------------------------- */

/* The meta of a snapshot; `configuration` is the place of the entry that made
 * the members. Its size, at most HARNESS_META_SIZE(n_members); no sessions. */
#define HARNESS_META_SIZE(n_members) (48 + (size_t)16 * (n_members))
size_t harness_meta(struct raft_position position,
                    struct raft_position configuration,
                    const struct raft_member *members, uint32_t n_members,
                    uint8_t *bytes);

/* A snapshot as it travels, in a block that the caller frees. A witness gets
 * none of the image. */
uint8_t *harness_travel_form(const struct raft_snapshot *snapshot, bool witness,
                             size_t *size);

#endif
