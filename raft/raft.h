/* The Raft consensus algorithm as a pure state machine.
 *
 * A node takes one input at a time (a message, a due timer, a finished write,
 * a proposal) and answers with outputs as data (messages to send, one write to
 * make durable, the next deadline, entries to apply). It performs no I/O, reads
 * no clock, draws no randomness but from the seed it was created with, and
 * takes memory only through the allocator handed to raft_new().
 *
 * The host owes the node four things:
 *   - writes become durable in the order of their ids, and each is reported
 *     once by RAFT_INPUT_WRITTEN (reporting the latest covers the earlier);
 *   - a message whose `after_write` is not 0 leaves only once that write is
 *     durable; it is lost with the write if the machine crashes before;
 *   - `now_us` never goes back within one life of the node;
 *   - after a crash the node is created again from what is durable: boot and
 *     restart are the same call.
 * The network may lose, delay, duplicate and reorder messages.
 *
 * What is modelled: Figure 2 of the Raft paper (Ongaro and Ousterhout, 2014),
 * the no-op at the start of a term (dissertation, 6.4), fast back-off on
 * conflicts (paper, 5.3), writing to the leader's disk in parallel (10.2.1),
 * pre-vote (9.6) and check-quorum (6.2, 4.2.3).
 *
 * What is not, yet, and where it will go:
 *   snapshots    a position in raft_image and raft_write from which the log
 *                goes on, a message kind, an input that hands an image over;
 *                only log.c knows at which index the log in memory begins
 *   memberships  an entry kind; only quorum.c knows whose votes and copies
 * count transfer     an input, and a message kind that lets a vote request pass
 *                while a leader is alive
 *   reads        an input and an output; a number in AppendEntries, echoed by
 *                its response
 * None of them moves what is here.
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
#define RAFT_MAX_VOTERS 128

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
    RAFT_ENTRY_NOOP = 0,    /* a new leader's first entry; no payload */
    RAFT_ENTRY_COMMAND = 1, /* a client's command, opaque */
};

/* One entry of the log. `data` points to `size` bytes (NULL when size is 0). */
struct raft_entry {
    uint64_t term;
    const uint8_t *data;
    uint32_t size;
    enum raft_entry_kind kind;
};

/* What a server must not forget besides its log (paper, Figure 2). */
struct raft_hard_state {
    uint64_t current_term; /* 0 before the first election */
    raft_id voted_for;     /* in current_term; RAFT_NONE if nobody yet */
};

/* Everything that survives a crash: what a node is created from. All zero is a
 * server that never ran. Entries start at index 1, terms never decrease and
 * never exceed current_term, which is below 2^62. The node copies what it
 * needs. */
struct raft_image {
    struct raft_hard_state hard_state;
    const struct raft_entry *entries;
    uint64_t n_entries;
};

/* Memory, one function in the style of realloc: `new_size` 0 frees. A returned
 * NULL for a new_size above 0 is "no memory"; the old block is then intact.
 * Derive from it to add context. */
struct raft_allocator {
    void *(*resize)(struct raft_allocator *self, void *block, size_t old_size,
                    size_t new_size);
};

/* A server's constants. Times are in microseconds of the local clock. */
struct raft_config {
    raft_id id;            /* one of `voters` */
    const raft_id *voters; /* the members; copied; no duplicates, no 0 */
    uint32_t n_voters;     /* 1 to RAFT_MAX_VOTERS */
    uint64_t random_seed;  /* the stream of election timeouts; fresh at each
                              creation, different at each server */
    uint64_t election_timeout_min_us; /* paper, 5.2: drawn uniformly from */
    uint64_t election_timeout_max_us; /* [min, max]; 1 <= min <= max */
    uint64_t heartbeat_interval_us;   /* 1 or more, below the min timeout */
    uint32_t max_entries_per_message; /* 1 or more */
    uint32_t max_bytes_per_message;   /* payload bytes of an AppendEntries; 1 to
                                         more; an entry above it travels alone */
    uint32_t max_inflight_messages;   /* AppendEntries with entries on their way
                                         to one follower; 1 to 1024 */
    bool pre_vote;     /* ask before disturbing (dissertation, 9.6) */
    bool check_quorum; /* a leader that hears no majority steps down, and
                          votes are refused while a leader is alive
                          (dissertation, 6.2 and 4.2.3) */
};

/* NULL if the configuration is usable, else what is wrong with it. */
const char *raft_config_error(const struct raft_config *config);

/* --- inputs ------------------------------------------------------------- */

enum raft_input_kind {
    RAFT_INPUT_START,    /* the first input of each life, and only the first */
    RAFT_INPUT_MESSAGE,  /* bytes that another server's RAFT_OUTPUT_SEND gave */
    RAFT_INPUT_TIMER,    /* the last RAFT_OUTPUT_TIMER is due */
    RAFT_INPUT_WRITTEN,  /* this write and all before it are durable */
    RAFT_INPUT_PROPOSAL, /* a command to replicate */
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
            uint64_t tag; /* the host's; comes back in the answer */
            const uint8_t *data;
            uint32_t size; /* at most RAFT_MAX_COMMAND_BYTES */
        } proposal;
    };
};

/* --- outputs ------------------------------------------------------------ */

/* A write: to be made durable as hard state, then truncation, then entries. A
 * crash may keep any prefix of that order; hard state is atomic. */
struct raft_write {
    uint64_t id; /* 1, 2, 3 ... within one life */
    bool has_hard_state;
    struct raft_hard_state hard_state;
    uint64_t truncate_from; /* drop entries from this index on; 0: none */
    uint64_t first_index;   /* of `entries`; directly after the log's end */
    const struct raft_entry *entries;
    uint32_t n_entries;
};

enum raft_output_kind {
    RAFT_OUTPUT_WRITE,    /* at most one a step, before everything else */
    RAFT_OUTPUT_SEND,     /* a message, when `after_write` is durable */
    RAFT_OUTPUT_TIMER,    /* replaces the deadline given before */
    RAFT_OUTPUT_ACCEPTED, /* the proposal is in the leader's log, not committed
                           */
    RAFT_OUTPUT_REJECTED, /* the proposal was not taken: not the leader */
    RAFT_OUTPUT_APPLY, /* committed entries, each index once a life, in order */
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
            struct raft_position position; /* where it will be, if committed */
        } accepted;
        struct {
            uint64_t tag;
            raft_id leader; /* the leader it knows, or RAFT_NONE */
        } rejected;
        struct {
            uint64_t first_index;
            const struct raft_entry *entries;
            uint32_t n_entries;
        } apply;
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
                        write, a start too many, too large a command); nothing
                        changed */
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
    uint64_t durable_index;            /* entries up to here are durable */
    uint64_t commit_index;
    uint64_t last_applied;
};

void raft_inspect(const struct raft *raft, struct raft_view *view);

/* The entry at `index`, or NULL if the log does not hold it. Valid until the
 * next raft_step(). */
const struct raft_entry *raft_entry_at(const struct raft *raft, uint64_t index);

/* Frees the node; NULL is allowed. Nothing is written: it is also the way to
 * crash one. */
void raft_free(struct raft *raft);

#endif
