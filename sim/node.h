/* A Raft node as the simulator sees it.
 *
 * The simulator runs any implementation of Raft that is put behind this
 * interface, in the style of SQLite's VFS: a base struct as first member and a
 * table of functions. A node is a state machine. It is created from what is
 * durable, takes one input at a time and answers with outputs; it does no I/O
 * and reads no clock. Nothing in sim/ beyond the adapter of one implementation
 * knows whose Raft it runs.
 *
 * The contract of a node, which the simulator checks (a breach ends the run
 * with SIM_VERDICT_CONTRACT):
 *   - at most one WRITE a step, ids counting up by one from 1 in each life;
 *   - a write's entries follow directly on its log's end (after its
 *     truncation), and truncation stays within the log;
 *   - `after_write` names no write of the future;
 *   - messages go to members other than itself;
 *   - APPLY goes on where the last one of this life ended.
 */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nodes are numbered from 1. 0 means "none". */
#define SIM_NONE 0u

/* Room for clusters of 101, as a round number of 64-bit words in a set. */
#define SIM_MAX_NODES 128u

/* The place of an entry in a log; {0, 0} is the place before the first. */
struct sim_position {
    uint64_t term;
    uint64_t index;
};

enum sim_entry_kind {
    SIM_ENTRY_INTERNAL = 0, /* the node's own (a no-op); not given to the state
                               machine */
    SIM_ENTRY_COMMAND = 1,  /* a client's command */
};

struct sim_entry {
    uint64_t term;
    const uint8_t *data; /* `size` bytes; NULL when size is 0 */
    uint32_t size;
    enum sim_entry_kind kind;
};

struct sim_hard_state {
    uint64_t term;
    uint32_t vote; /* in `term`; SIM_NONE if nobody yet */
};

/* What a node is created from: all zero for a server that never ran. The
 * entries have the indexes 1 to n_entries. */
struct sim_image {
    struct sim_hard_state hard_state;
    const struct sim_entry *entries;
    uint64_t n_entries;
};

/* A cluster's constants, the same for each of its nodes; times in microseconds
 * of the local clock. The ranges are those that the scenario format checks. */
struct sim_node_options {
    uint32_t id;          /* 1 to n_nodes */
    uint32_t n_nodes;     /* members: 1 to n_nodes */
    uint64_t random_seed; /* fresh for each life of each node */
    uint64_t election_timeout_min_us;
    uint64_t election_timeout_max_us;
    uint64_t heartbeat_interval_us;
    uint32_t max_entries_per_message;
    uint32_t max_bytes_per_message;
    uint32_t max_inflight_messages;
    bool pre_vote;
    bool check_quorum;
};

enum sim_input_kind {
    SIM_INPUT_START, /* the first input of each life */
    SIM_INPUT_MESSAGE,
    SIM_INPUT_TIMER,    /* the deadline given last is reached */
    SIM_INPUT_WRITTEN,  /* this write and all before it are durable */
    SIM_INPUT_PROPOSAL, /* a client's command */
};

struct sim_input {
    enum sim_input_kind kind;
    uint64_t now_us; /* the node's clock; never goes back within one life */
    union {
        struct {
            uint32_t from;
            const uint8_t *bytes;
            size_t size;
        } message;
        struct {
            uint64_t write_id;
        } written;
        struct {
            uint64_t tag; /* comes back in ACCEPTED or REJECTED */
            const uint8_t *data;
            uint32_t size;
        } proposal;
    };
};

/* To be made durable in this order: hard state, truncation, entries. */
struct sim_write {
    uint64_t id;
    bool has_hard_state;
    struct sim_hard_state hard_state;
    uint64_t truncate_from; /* drop entries from this index on; 0: none */
    uint64_t first_index;   /* of `entries` */
    const struct sim_entry *entries;
    uint32_t n_entries;
};

enum sim_output_kind {
    SIM_OUTPUT_WRITE,
    SIM_OUTPUT_SEND,     /* leaves once `after_write` is durable; 0: at once */
    SIM_OUTPUT_TIMER,    /* replaces the deadline given before */
    SIM_OUTPUT_ACCEPTED, /* the proposal was appended at `position` */
    SIM_OUTPUT_REJECTED, /* the proposal was not taken; `leader` may be known */
    SIM_OUTPUT_APPLY,    /* committed entries, in order, each once a life */
};

struct sim_output {
    enum sim_output_kind kind;
    union {
        struct sim_write write;
        struct {
            uint32_t to;
            uint64_t after_write;
            const uint8_t *bytes;
            size_t size;
        } send;
        struct {
            uint64_t deadline_us; /* the node's clock */
        } timer;
        struct {
            uint64_t tag;
            struct sim_position position;
        } accepted;
        struct {
            uint64_t tag;
            uint32_t leader;
        } rejected;
        struct {
            uint64_t first_index;
            const struct sim_entry *entries;
            uint32_t n_entries;
        } apply;
    };
};

/* Owned by the node; valid until the next call on it. */
struct sim_outputs {
    const struct sim_output *items;
    size_t count;
};

enum sim_role {
    SIM_FOLLOWER,
    SIM_PRE_CANDIDATE,
    SIM_CANDIDATE,
    SIM_LEADER,
};

/* A node's state in plain values, as it is in its memory. */
struct sim_view {
    enum sim_role role;
    struct sim_hard_state hard_state;
    uint32_t leader; /* that it knows of its term, or SIM_NONE */
    struct sim_position last;
    uint64_t commit_index;
    uint64_t last_applied;
};

/* What a message is about, so that faults can pick by kind, checkers can hold
 * promises to what is durable, and people can read it. */
enum sim_message_kind {
    SIM_MESSAGE_OTHER,
    SIM_MESSAGE_PRE_VOTE_REQUEST,
    SIM_MESSAGE_PRE_VOTE_RESPONSE,
    SIM_MESSAGE_VOTE_REQUEST,
    SIM_MESSAGE_VOTE_RESPONSE,
    SIM_MESSAGE_APPEND_REQUEST,
    SIM_MESSAGE_APPEND_RESPONSE,
    SIM_MESSAGE_KIND_COUNT
};

struct sim_message {
    enum sim_message_kind kind;
    uint64_t term;
    bool granted;         /* a response that grants the vote, or acknowledges */
    uint64_t match_index; /* append_response with `granted`: acknowledged up to
                             here; else 0 */
    uint32_t n_entries;   /* append_request: entries that it carries */
};

/* Long enough for one line about any message, its NUL included. */
#define SIM_DESCRIPTION_SIZE 160u

enum sim_node_status {
    SIM_NODE_OK = 0,
    SIM_NODE_NO_MEMORY,
    SIM_NODE_REFUSED, /* the node says that the simulator broke its contract */
};

struct sim_node;

/* The functions of one implementation. */
struct sim_node_type {
    const char *name; /* "builtin" */

    /* Creates a node from what is durable. Options and image are the caller's
     * and are copied where needed. NULL: no memory, or a refused image. */
    struct sim_node *(*create)(const struct sim_node_options *options,
                               const struct sim_image *image);
    enum sim_node_status (*step)(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs);
    void (*inspect)(const struct sim_node *node, struct sim_view *view);
    /* Frees the node as a crash does: nothing is written, nothing sent. */
    void (*destroy)(struct sim_node *node);

    /* What a message of this implementation is about. Pure; bytes that are no
     * message of it are SIM_MESSAGE_OTHER. */
    void (*classify)(const uint8_t *bytes, size_t size,
                     struct sim_message *message);
    /* One line for people, without the kind's name: "term 3, prev 4/3, …".
     * `text` has room for SIM_DESCRIPTION_SIZE bytes. */
    void (*describe)(const uint8_t *bytes, size_t size, char *text);
};

/* The base of every node: derive by making it the first member. */
struct sim_node {
    const struct sim_node_type *type;
};

/* "append_request"; the words that scenarios and traces use. */
const char *sim_message_kind_name(enum sim_message_kind kind);

/* "leader"; the words that traces and reports use. */
const char *sim_role_name(enum sim_role role);

#endif
