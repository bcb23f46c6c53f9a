/* An adapter for libraft, the C library under dqlite (Debian's package
 * libraft-dev 0.15), as the distribution ships it: see libraft.c for how. What
 * its files call of each other:
 *
 *   libraft.c          the node: its life, its inputs
 *   libraft_requests.c what clients and operators ask it for
 *   libraft_io.c       the interface to disk and network that libraft asks for
 *   libraft_state.c    what it applies and shows, and its snapshots
 *   libraft_wire.c     messages as bytes
 *   libraft_words.c    what such bytes are about
 *   libraft_members.c  configurations as bytes
 *   libraft_bytes.c    bytes
 *   libraft_heap.c     an allocator for each node: a crash frees all of it
 */
#ifndef TOOLS_NODES_LIBRAFT_H
#define TOOLS_NODES_LIBRAFT_H

#include <raft.h>

#include "sim/answers.h"

/* --- memory: libraft_heap.c ----------------------------------------------- */

struct heap_block;

struct heap {
    struct raft_heap functions;
    struct heap_block *blocks; /* a list of all that are in use */
};

void heap_init(struct heap *heap);

/* Frees whatever is in use: the power fails. */
void heap_drop(struct heap *heap);

/* --- bytes: libraft_bytes.c ----------------------------------------------- */

/* Bytes that grow; all zero is none. */
struct bytes {
    uint8_t *at;
    size_t size, capacity;
};

void bytes_put(struct bytes *bytes, const void *more, size_t size);
void bytes_put_number(struct bytes *bytes, uint64_t number);
void bytes_free(struct bytes *bytes);

/* Bytes that are read. `good` is false once too few are left: what is read
 * then is NULL, or 0. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool good;
};

const uint8_t *bytes_get(struct reader *reader, size_t size);
uint64_t bytes_get_number(struct reader *reader);

/* --- members: libraft_members.c ------------------------------------------- */

/* A server's address is its number in decimal. */
#define WIRE_ADDRESS_SIZE 16u

void wire_put_configuration(const struct raft_configuration *configuration,
                            struct bytes *bytes);
bool wire_get_configuration(struct reader *reader,
                            struct raft_configuration *configuration);

/* A snapshot's meta: the configuration, and the index of its entry. */
void wire_put_meta(const struct raft_snapshot *snapshot, struct bytes *bytes);
bool wire_get_meta(const uint8_t *meta, size_t size,
                   struct raft_snapshot *snapshot);

/* Of struct sim_node_type. */
size_t wire_bootstrap(const struct sim_configuration *members, uint8_t *bytes);
bool wire_configuration(const uint8_t *payload, size_t size,
                        struct sim_configuration *members);
bool wire_snapshot_configuration(const uint8_t *meta, size_t size,
                                 struct sim_configuration *members);

/* --- messages: libraft_wire.c, libraft_words.c ---------------------------- */

/* A message's bytes are added. */
void wire_encode(const struct raft_message *message, struct bytes *bytes);

/* The message of these bytes but for who sent it, its parts in libraft's
 * memory, to be handed over to it; false if they are none. */
bool wire_decode(const uint8_t *bytes, size_t size,
                 struct raft_message *message);

/* Of struct sim_node_type. */
void wire_classify(const uint8_t *bytes, size_t size,
                   struct sim_message *message);
void wire_describe(const uint8_t *bytes, size_t size, char *text);

/* --- the node: libraft.c -------------------------------------------------- */

/* It takes snapshots when it is told to, and not by itself. */
#define SNAPSHOT_NEVER 1000000000u

/* A leader waits for an answer to a snapshot for so many election time-outs: 30
 * seconds of one second each, by default. */
#define SNAPSHOT_TIMEOUTS 30u

extern const struct sim_node_type raftsim_node_type;

/* A callback that is due once a write is durable. */
struct pending {
    uint64_t write_id;
    struct raft_io_append *append; /* one of the two */
    struct raft_io_snapshot_put *put;
};

/* A callback that is due when libraft has returned. */
struct due {
    struct raft_io_send *send; /* one of the two */
    struct raft_io_snapshot_get *get;
};

/* A snapshot as it is stored. */
struct stored {
    struct sim_position position; /* {0, 0}: none */
    struct bytes meta, image;
};

struct libraft {
    struct sim_node base;
    struct sim_answers answers;
    struct heap heap;
    struct raft raft;
    struct raft_io io;
    struct raft_fsm fsm;
    struct raft_tracer tracer;
    struct sim_node_options options;
    bool started;
    uint64_t now_us;
    uint64_t random;

    /* What create() was given, until the start. */
    struct sim_hard_state hard_state; /* and what is durable since */
    struct sim_position last;
    struct raft_entry *entries; /* in libraft's memory, as load() hands over */
    size_t n_entries;

    /* Its clock. */
    raft_io_tick_cb tick;
    raft_io_recv_cb recv;
    uint64_t tick_us, next_tick_us;

    /* Its disk. */
    struct pending *pending;
    size_t n_pending, pending_capacity;
    struct stored snapshot, next_snapshot; /* durable; on its way */

    /* Its state machine. */
    struct sim_state_machine *machine;
    uint64_t applied;

    struct due *dues;
    size_t n_dues, dues_capacity;
};

/* --- requests: libraft_requests.c ----------------------------------------- */

void libraft_take_proposal(struct libraft *self, const struct sim_input *input);
void libraft_take_change(struct libraft *self, const struct sim_input *input);
void libraft_take_transfer(struct libraft *self, const struct sim_input *input);
void libraft_take_snapshot(struct libraft *self, const struct sim_input *input);

/* --- disk and network: libraft_io.c --------------------------------------- */

void libraft_io_init(struct libraft *self);

/* Writes up to this one are durable. */
void libraft_io_written(struct libraft *self, uint64_t write_id);

/* Calls what is due, until nothing is. */
void libraft_io_settle(struct libraft *self);

/* --- state: libraft_state.c ----------------------------------------------- */

void libraft_fsm_init(struct libraft *self);

/* Tells of all that was applied, or restored, since the last time. */
void libraft_state_settle(struct libraft *self);

void libraft_inspect(const struct sim_node *node, struct sim_view *view);

enum sim_entry_kind libraft_kind(unsigned short type);

/* The entry at an index of libraft's log, or NULL. */
const struct raft_entry *libraft_entry(const struct libraft *self,
                                       uint64_t index);

#endif
