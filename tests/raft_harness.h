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
 * the implementation, and it shares no code with sim/.
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

/* A log with the id of the write that brought each entry (0: it was there when
 * the life began). Entry i (from 1) lies at [i - 1]. */
struct harness_log {
    struct raft_entry *entries;
    uint64_t *write_ids;
    uint64_t count;
    uint64_t capacity;
};

/* A message on its way out. */
struct harness_letter {
    raft_id to;
    uint64_t after_write;
    uint8_t *bytes;
    size_t size;
};

struct harness {
    struct raft_config config;
    raft_id voters[RAFT_MAX_VOTERS];
    struct harness_memory memory;
    struct raft *raft; /* NULL while crashed */
    bool forged;       /* the inputs include messages that no correct server
                          sends: only local rules are checked */
    uint64_t now_us;
    uint64_t deadline_us;

    /* What is durable, and what will be when the pending writes are. */
    struct raft_hard_state durable_hard_state;
    struct harness_log durable;
    struct raft_hard_state written_hard_state;
    struct harness_log written;
    struct raft_write *pending;
    size_t n_pending;
    uint64_t last_write;       /* the last id given out in this life */
    uint64_t durable_write;    /* the last id that is durable */
    uint64_t hard_state_write; /* the last write that had a hard state */
    uint64_t applied;          /* entries handed out by APPLY in this life */

    struct harness_letter *outbox;
    size_t n_outbox;

    /* A copy of the last answer; it lives until the next step. */
    struct raft_output *items;
    size_t n_items;
};

/* Server `id` of servers 1 to `n_voters` (at most 9): timeouts of 150 to 300
 * ms, heartbeats of 50 ms, wide limits, pre-vote and check-quorum off. */
struct raft_config harness_config(raft_id id, uint32_t n_voters);

/* A bench with an empty disk and no node yet. `h` must not move afterwards. */
void harness_init(struct harness *h, const struct raft_config *config);

/* Puts a hard state and commands of these terms on the disk, before a boot. The
 * payload of an entry follows from its term and index. */
void harness_preload(struct harness *h, uint64_t current_term, raft_id vote,
                     const uint64_t *terms, uint64_t n_terms);

/* Creates a node from the disk and starts it. */
void harness_boot(struct harness *h);

/* harness_init(), harness_boot(). */
void harness_start(struct harness *h, const struct raft_config *config);

/* Gives the node any input and checks the answer against the contract. */
enum raft_status harness_step(struct harness *h,
                              const struct raft_input *input);

/* Gives one input that must be accepted, at the bench's time. */
void harness_receive(struct harness *h, raft_id from,
                     const struct raft_message *message);
void harness_propose(struct harness *h, uint64_t tag, const char *command);

/* Lets the clock reach the deadline, and says so. */
void harness_timer(struct harness *h);

/* Makes the pending writes up to `write_id` durable; the node is to be told. */
void harness_persist(struct harness *h, uint64_t write_id);

/* Makes the pending writes up to `write_id`, or all, durable, and says so. */
void harness_written_to(struct harness *h, uint64_t write_id);
void harness_written(struct harness *h);

/* Ends the node. Of the pending writes' parts (hard state, truncation, each
 * entry, in this order) the first `keep_parts` survive; letters that wait for a
 * write that did not are lost with it. */
void harness_crash(struct harness *h, uint64_t keep_parts);

/* Ends the node and the bench; nothing may be held by the node any more. */
void harness_free(struct harness *h);

/* --- longer ways ---------------------------------------------------------- */

/* Fires timers until the node asks for votes; pre-votes are granted by the
 * others as they are asked for. Its vote is durable afterwards. */
void harness_campaign(struct harness *h);

/* Campaigns and lets the lowest other ids elect it. The no-op is pending. */
void harness_elect(struct harness *h);

/* Delivers everything between the benches, writes finishing at once, until
 * nothing is left to deliver. `nodes[i]` must be server i + 1; a NULL or
 * crashed one loses what it is sent. */
void harness_exchange(struct harness **nodes, size_t n_nodes);

/* --- looking -------------------------------------------------------------- */

struct raft_view harness_view(const struct harness *h);

/* The first output of a kind in the last answer, or NULL. */
const struct raft_output *harness_output(const struct harness *h,
                                         enum raft_output_kind kind);
size_t harness_count(const struct harness *h, enum raft_output_kind kind);

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

#endif
