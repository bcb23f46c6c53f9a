/* A Raft node as the simulator sees it.
 *
 * The simulator runs any implementation of Raft that is put behind this
 * interface, in the style of SQLite's VFS: a base struct as first member and a
 * table of functions. A node is a state machine. It is created from what is
 * durable, takes one input at a time and answers with outputs; it does no I/O
 * and reads no clock. Nothing in sim/ beyond the adapter of one implementation
 * knows whose Raft it runs.
 *
 * An adapter is a shared object that defines one symbol,
 *     const struct sim_node_type raftsim_node_type = {
 *         .abi = SIM_NODE_ABI, .size = sizeof(struct sim_node_type), ...};
 * and is given to the command with --node. It needs this header and
 * sim/configuration.h, of which the inline functions are enough, and nothing to
 * link with. The interface is C as compilers lay it out; SIM_NODE_ABI changes
 * with any of its structs, enums or promises, but for functions, which are
 * added to the end of the table.
 *
 * The contract of a node, which the simulator checks (a breach ends the run
 * with SIM_VERDICT_CONTRACT):
 *   - at most one WRITE a step, ids counting up by one from 1 in each life;
 *   - a write's entries follow directly on its log's end (after its snapshot
 *     and truncation), and truncation stays within the log; a snapshot that the
 *     log does not contain comes with the truncation of the whole log; what is
 *     dropped lies before the snapshot's end;
 *   - `after_write` names no write of the future;
 *   - a node that stops because a write failed answers nothing to that;
 *   - messages go to nodes that exist, other than itself;
 *   - each PROPOSAL, SESSION, CHANGE and TRANSFER is ACCEPTED or REJECTED in
 *     the step it is given in, each READ becomes READY or is REJECTED once, in
 *     that step or later;
 *   - a read is READY at what is applied by then, or before that;
 *   - a life that begins with a snapshot, or gets one, is given a RESTORE
 *     before what follows on it, and never one of less than is applied; APPLY
 *     goes on where the last APPLY or RESTORE
 *     of this life ended;
 *   - messages do not make more and more messages: there are never a million
 *     under way;
 *   - time goes on: a deadline that is reached is not set again for the same
 *     microsecond more than a thousand times.
 *
 * An implementation says in `features` what it can do; the simulator asks for
 * nothing else. It says in `assumes` what it takes for granted of the world
 * that Raft does not, and in `shows` what `inspect` tells. What it does not
 * tell, the simulator concludes from what goes in and comes out, where it can;
 * a property that cannot be judged is reported as not evaluated.
 */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "sim/configuration.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SIM_NODE_ABI 1u
#define SIM_NODE_NAME_MAX 32u

/* The place of an entry in a log; {0, 0} is the place before the first. */
struct sim_position {
    uint64_t term;
    uint64_t index;
};

/* Less than 0 if a log that ends at `a` is older than one that ends at `b`
 * (paper, 5.4.1), 0 if both are one place, more than 0 else. */
static inline int sim_position_compare(struct sim_position a,
                                       struct sim_position b)
{
    return a.term != b.term ? (a.term < b.term ? -1 : 1)
                            : (a.index > b.index) - (a.index < b.index);
}

enum sim_entry_kind {
    SIM_ENTRY_INTERNAL = 0, /* the node's own (a no-op); not given to the state
                               machine */
    SIM_ENTRY_COMMAND = 1,  /* a client's command */
    SIM_ENTRY_CONFIGURATION = 2, /* the members from here on: see
                                    type->configuration() */
    SIM_ENTRY_SESSION = 3,       /* opens a client's session; its name is the
                                    entry's index */
};

/* Whether an applied command is the first of its kind: by its session. */
enum sim_verdict_of_session {
    SIM_COMMAND_FRESH = 0, /* apply it; also every command without a session */
    SIM_COMMAND_REPEATED,  /* applied before: answer as then */
    SIM_COMMAND_EXPIRED,   /* its session is closed: do not apply it */
};

struct sim_entry {
    uint64_t term;
    const uint8_t *data; /* `size` bytes; NULL when size is 0 */
    uint32_t size;
    enum sim_entry_kind kind;
    bool omitted; /* the payload is not stored here: on a witness */
    enum sim_verdict_of_session verdict; /* in an APPLY; else FRESH */
    uint64_t session;  /* COMMAND: its session's name, 0: none. SESSION in an
                          APPLY: the session that was closed for it, or 0 */
    uint64_t sequence; /* COMMAND: its number in the session; 0 without one.
                          SESSION: how many are kept */
};

struct sim_hard_state {
    uint64_t term;
    uint32_t vote; /* in `term`; SIM_NONE if nobody yet */
};

/* The state after the entry at `position`: the members and sessions as `meta`,
 * which is the node's and opaque, and the state machine's `image`. */
struct sim_snapshot {
    struct sim_position position;
    const uint8_t *meta;
    size_t meta_size;
    const uint8_t *image;
    size_t image_size;
};

/* What a node is created from: all zero for a server that never ran and is no
 * member yet. Servers of a new cluster begin with a snapshot at {0, 0}, whose
 * meta is type->bootstrap()'s and which has no image. The entries have the
 * indexes from `first_index` on, without a gap after the snapshot; but if a crash
 * came between a leader's snapshot and the truncation that came with it, they
 * are older than the snapshot: void, to be truncated with the next write. */
struct sim_image {
    struct sim_hard_state hard_state;
    struct sim_snapshot snapshot;
    uint64_t first_index;
    const struct sim_entry *entries;
    uint64_t n_entries;
};

/* The simulator's state machine, for a library that takes its snapshots when it
 * wants to, and has to have the state by then: it may keep one of these, and
 * give it all that it applies. */
struct sim_state_machine;

struct sim_state_machine_functions {
    struct sim_state_machine *(*create)(void); /* in the state of no command */
    void (*apply)(struct sim_state_machine *machine, uint64_t index,
                  const struct sim_entry *entry); /* of any kind, in order */
    size_t (*image_size)(const struct sim_state_machine *machine);
    void (*image)(const struct sim_state_machine *machine, uint8_t *bytes);
    /* The state becomes the image's; false if it is none. */
    bool (*restore)(struct sim_state_machine *machine, const uint8_t *bytes,
                    size_t size);
    void (*destroy)(struct sim_state_machine *machine);
};

/* A cluster's constants, the same for each of its nodes; times in microseconds
 * of the local clock. The ranges are those that the scenario format checks. */
struct sim_node_options {
    uint32_t id;          /* 1 to n_nodes */
    uint32_t n_nodes;     /* that exist; the members are in the snapshot */
    uint64_t random_seed; /* fresh for each life of each node */
    uint64_t election_timeout_min_us;
    uint64_t election_timeout_max_us;
    uint64_t heartbeat_interval_us;
    uint32_t max_entries_per_message;
    uint32_t max_bytes_per_message;
    uint32_t max_inflight_messages;
    uint64_t max_inflight_bytes;
    uint64_t max_uncommitted_bytes;
    uint32_t max_pending_reads;
    uint32_t max_sessions;
    bool pre_vote;
    bool check_quorum;
    bool catch_up;          /* only learners that caught up become voters */
    bool priority_takeover; /* leadership goes to the highest priority */
    bool lease_reads;
    uint32_t clock_drift_ppm; /* that leases allow for; below 1000000 */
    const struct sim_state_machine_functions *state_machine; /* never NULL */
};

enum sim_input_kind {
    SIM_INPUT_START, /* the first input of each life */
    SIM_INPUT_MESSAGE,
    SIM_INPUT_TIMER,    /* the deadline given last is reached */
    SIM_INPUT_WRITTEN,  /* this write and all before it are durable */
    SIM_INPUT_PROPOSAL, /* a client's command */
    SIM_INPUT_SESSION,  /* a client wants a session */
    SIM_INPUT_CHANGE,   /* these shall be the members */
    SIM_INPUT_TRANSFER, /* that one shall lead */
    SIM_INPUT_READ,     /* may the state machine be read? */
    SIM_INPUT_SNAPSHOT, /* the state machine's image, to drop the log before */
    SIM_INPUT_FAILED,   /* this write, or one after it, may not be durable, and
                           it is not known which part of it is. No write of this
                           life becomes durable any more */
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
            uint64_t write_id; /* the first that was not WRITTEN */
        } failed;
        struct {
            uint64_t tag; /* comes back in ACCEPTED or REJECTED */
            uint64_t session, sequence;
            const uint8_t *data;
            uint32_t size;
        } proposal;
        struct {
            uint64_t tag;
        } session;
        struct {
            uint64_t tag;
            const struct sim_configuration *members; /* without old voters */
            bool joint;
        } change;
        struct {
            uint64_t tag;
            uint32_t to; /* SIM_NONE: the best suited */
        } transfer;
        struct {
            uint64_t tag;
            bool lease; /* by lease where one holds */
        } read;
        struct {
            uint64_t index;     /* the image is the state after this entry */
            uint64_t keep_from; /* entries before this may go */
            const uint8_t *image;
            size_t size;
        } snapshot;
    };
};

/* To be made durable in this order: hard state, snapshot, truncation, drop,
 * entries. What may be left of writes that were not reported: see sim/disk.h.
 */
struct sim_write {
    uint64_t id;
    bool has_hard_state;
    struct sim_hard_state hard_state;
    bool has_snapshot; /* in place of the one before */
    struct sim_snapshot snapshot;
    uint64_t truncate_from; /* drop entries from this index on; 0: none */
    uint64_t drop_before;   /* drop entries before this index; 0: none */
    uint64_t first_index;   /* of `entries` */
    const struct sim_entry *entries;
    uint32_t n_entries;
};

/* Why a REJECTED. */
enum sim_reason {
    SIM_NOT_LEADER, /* `leader` may be known */
    SIM_LATER,      /* not now: something else comes first */
    SIM_NEVER_SO,   /* not in this form */
    SIM_READ_LOST,  /* a read: the leader that was asked is none any more */
};

enum sim_output_kind {
    SIM_OUTPUT_WRITE,
    SIM_OUTPUT_SEND,     /* leaves once `after_write` is durable; 0: at once */
    SIM_OUTPUT_TIMER,    /* replaces the deadline given before */
    SIM_OUTPUT_ACCEPTED, /* appended at `position`; a transfer: begun */
    SIM_OUTPUT_REJECTED, /* not taken */
    SIM_OUTPUT_RESTORE,  /* the state machine becomes this image */
    SIM_OUTPUT_APPLY,    /* committed entries, in order, each once a life */
    SIM_OUTPUT_READY,    /* the read may be answered after this step */
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
            enum sim_reason reason;
            uint32_t leader;
        } rejected;
        struct {
            struct sim_position position;
            const uint8_t *image;
            size_t size;
        } restore;
        struct {
            uint64_t first_index;
            const struct sim_entry *entries;
            uint32_t n_entries;
        } apply;
        struct {
            uint64_t tag;
            uint64_t index; /* what is applied, at least */
        } ready;
    };
};

/* Owned by the node; valid until its next step(), or destroy(). */
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
    struct sim_position snapshot;      /* the latest; {0, 0} for none */
    struct sim_position configuration; /* the entry that made the members what
                                          they are; {0, 0}: as at the start */
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
    SIM_MESSAGE_INSTALL_REQUEST,
    SIM_MESSAGE_INSTALL_RESPONSE,
    SIM_MESSAGE_TIMEOUT_NOW,
    SIM_MESSAGE_READ_REQUEST,
    SIM_MESSAGE_READ_RESPONSE,
    SIM_MESSAGE_KIND_COUNT
};

struct sim_message {
    enum sim_message_kind kind;
    uint64_t term;
    bool granted;         /* a response that grants the vote, or acknowledges */
    uint64_t match_index; /* append_response and install_response with
                             `granted`: acknowledged up to here; else 0 */
    uint32_t n_entries;   /* append_request: entries that it carries */
    /* Of a (pre-)vote request: the candidate's last entry; of an
     * append_request: the entry before those it carries; of an append_response
     * that refuses: the term found there and its first index, {0, ...} if the
     * log ends before; of an install_request: the snapshot's. Else {0, 0}. */
    struct sim_position place;
    uint64_t offset;       /* install_request: of its bytes in the snapshot */
    uint32_t chunk_size;   /* install_request: how many; 0: it only asks */
    uint64_t commit_index; /* append_request: the sender's */
};

/* Long enough for one line about any message, its NUL included. */
#define SIM_DESCRIPTION_SIZE 160u

enum sim_node_status {
    SIM_NODE_OK = 0,
    SIM_NODE_NO_MEMORY,
    SIM_NODE_REFUSED, /* the node says that the simulator broke its contract */
    SIM_NODE_STOPPED, /* to SIM_INPUT_FAILED: it goes on with nothing, and is to
                         be created again. A node that goes on (SIM_NODE_OK)
                         must not count on that write, nor on any after it */
};

struct sim_node;

/* What an implementation can do beyond elections and replication. The first
 * eight decide what the simulator does; the others, what may be expected: a
 * scenario that asks for more than a node has may end otherwise than it says,
 * and the report says what it lacked. */
enum {
    SIM_FEATURE_SNAPSHOTS = 1, /* SIM_INPUT_SNAPSHOT, RESTORE */
    SIM_FEATURE_MEMBERS = 2,   /* SIM_INPUT_CHANGE; learners */
    SIM_FEATURE_WITNESSES = 4, /* members that store no commands */
    SIM_FEATURE_TRANSFER = 8,  /* SIM_INPUT_TRANSFER */
    SIM_FEATURE_READS = 16,    /* SIM_INPUT_READ */
    SIM_FEATURE_SESSIONS = 32, /* SIM_INPUT_SESSION; commands carry sessions. If
                                  not, the state machine itself tells
                                  repetitions */
    SIM_FEATURE_DISK_ERRORS = 64, /* SIM_INPUT_FAILED. If not, its machine goes
                                     down when a write fails, and it is not told
                                   */
    SIM_FEATURE_APPLIES_DURABLE = 128, /* what it applies, or restores, is
                                          durable on its own disk: it is held to
                                          that */
    SIM_FEATURE_PRE_VOTE = 256,        /* dissertation, 9.6 */
    SIM_FEATURE_CHECK_QUORUM = 512,    /* a leader that hears no majority steps
                                          down (6.2), and who hears a leader
                                          does not vote (4.2.3) */
    SIM_FEATURE_LEASES = 1024,         /* reads by lease (6.4.1) */
    SIM_FEATURE_PRIORITIES = 2048,     /* of members */
    SIM_FEATURE_JOINT = 4096,          /* joint consensus (4.3) */
    SIM_FEATURE_BACK_PRESSURE = 8192,  /* max_uncommitted_bytes */
    SIM_FEATURES_ALL = 16383,
};

/* What an implementation takes for granted. */
enum {
    SIM_ASSUMES_FIFO = 1, /* messages of one node to another come in their
                             order, and none twice, as over TCP. They may be
                             lost: a connection breaks */
    SIM_ASSUMES_HARD_STATE_AT_ONCE = 2, /* the hard state of a WRITE is durable
                                           when the step is over: the node waits
                                           for it. It is in a file of its own */
    SIM_ASSUMES_FIRST_ENTRY = 4, /* a new cluster's members are in entry 1 of
                                    term 1, which each of them has from the
                                    start: bootstrap() gives its payload. There
                                    is no snapshot */
    SIM_ASSUMES_TICKS = 8, /* it counts ticks, for which it sets the deadlines:
                              none of them is the end of a time-out. Where a
                              scenario lets one expire, ticks follow each other
                              at once until it sends something, at most ten
                              thousand */
};

/* What inspect() tells of struct sim_view. */
enum {
    SIM_SHOWS_ROLE = 1,
    SIM_SHOWS_HARD_STATE = 2,
    SIM_SHOWS_LEADER = 4,
    SIM_SHOWS_LAST = 8,
    SIM_SHOWS_COMMIT_INDEX = 16,
    SIM_SHOWS_LAST_APPLIED = 32,
    SIM_SHOWS_SNAPSHOT = 64,
    SIM_SHOWS_CONFIGURATION = 128,
    SIM_SHOWS_ALL = 255,
};

/* The functions of one implementation. create(), step() and destroy() must be
 * there. The others may be NULL: inspect() if nothing is shown; members(): then
 * those in its log are taken for it; bootstrap(), configuration() and
 * snapshot_configuration() if SIM_FEATURE_MEMBERS and SIM_FEATURE_SNAPSHOTS are
 * not there; classify() and describe() of whom messages are nobody's business,
 * so that few properties can be judged. */
struct sim_node_type {
    uint32_t abi;      /* SIM_NODE_ABI */
    uint32_t size;     /* of this struct */
    const char *name;  /* "builtin"; letters, digits, '-' and '.' */
    uint32_t features; /* a sum of SIM_FEATURE_… */
    uint32_t assumes;  /* a sum of SIM_ASSUMES_… */
    uint32_t shows;    /* a sum of SIM_SHOWS_… */
    const char *const *differences; /* from the paper, by choice: a sentence
                                       each, ended by NULL; NULL: none */

    /* Creates a node from what is durable. Options and image are the caller's
     * and are copied where needed. NULL: no memory, or a refused image. */
    struct sim_node *(*create)(const struct sim_node_options *options,
                               const struct sim_image *image);
    enum sim_node_status (*step)(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs);
    void (*inspect)(const struct sim_node *node, struct sim_view *view);
    /* The members by the configuration in force, which is the latest in its
     * log. */
    void (*members)(const struct sim_node *node,
                    struct sim_configuration *configuration);
    /* Frees the node as a crash does: nothing is written, nothing sent. */
    void (*destroy)(struct sim_node *node);

    /* What a message of this implementation is about. Pure; bytes that are no
     * message of it are SIM_MESSAGE_OTHER. */
    void (*classify)(const uint8_t *bytes, size_t size,
                     struct sim_message *message);
    /* The meta of a new cluster's first snapshot, or the payload of its first
     * entry (SIM_ASSUMES_FIRST_ENTRY): how many bytes it takes, and writes them
     * unless `bytes` is NULL. Pure. */
    size_t (*bootstrap)(const struct sim_configuration *configuration,
                        uint8_t *bytes);
    /* The members that a configuration entry's payload, or a snapshot's meta,
     * tells; false if it is none. Pure. */
    bool (*configuration)(const uint8_t *payload, size_t size,
                          struct sim_configuration *configuration);
    bool (*snapshot_configuration)(const uint8_t *meta, size_t size,
                                   struct sim_configuration *configuration);
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

/* Whether the input wants an answer, sooner or later; if so, its tag. */
bool sim_input_asks(const struct sim_input *input, uint64_t *tag);

/* "leader"; the words that traces and reports use. */
const char *sim_role_name(enum sim_role role);

#ifdef __cplusplus
}
#endif

#endif
