/* What the broken nodes (tests/broken_node.h) are made of.
 *
 *   broken_node.c      a node's life, and the tools below
 *   broken_votes.c     elections, terms, what is durable
 *   broken_logs.c      logs, commits, applying
 *   broken_members.c   changes of the members
 *   broken_snapshots.c snapshots
 *   broken_clients.c   sessions and reads
 *   broken_contract.c  breaches of the contract about steps, writes and sends
 *   broken_answers.c   breaches of the contract about answers and states
 */
#ifndef TESTS_BROKEN_INTERNAL_H
#define TESTS_BROKEN_INTERNAL_H

#include "raft/message.h"
#include "sim/raft_node.h"
#include "tests/broken_node.h"

struct broken_node {
    struct sim_node base;
    struct sim_node *inner; /* of sim_raft_node_type */
    uint32_t id;
    uint32_t n_nodes;
    struct sim_view before; /* the inner node around the last step */
    struct sim_view after;

    struct sim_output *items; /* the answer, with room for one more */
    size_t items_capacity;
    size_t count;
    struct sim_entry *entries; /* those of an altered output */
    size_t entries_capacity;
    uint8_t *bytes; /* an altered message, payload or image: one a step */
    size_t bytes_capacity;

    /* For those defects that need a memory of their own: */
    uint64_t commit_index;
    uint64_t match[SIM_MAX_NODES + 1]; /* as acknowledged, by node */
    uint64_t written_id;               /* the last one that inner was told */
    uint64_t last_write_id;            /* the last one that inner gave */
    struct sim_position place;         /* of the configuration, the snapshot or
                                          the RESTORE that it holds on to */
    struct sim_position older_place;   /* the one before it */
    struct sim_configuration members;  /* that it holds on to */
    bool holds_on;                     /* `place` and `members` count */
    bool answered;           /* the step's question, in inner's stead */
    uint64_t tag;            /* of the latest read */
    uint64_t dropped_before; /* by its writes */
    size_t image_size;       /* of the image in `bytes` */
};

/* Creates a node of the type. */
struct sim_node *broken__create(const struct broken_type *type,
                                const struct sim_node_options *options,
                                const struct sim_image *image);

/* Functions of struct sim_node_type that are the same for all. */
enum sim_node_status broken__step(struct sim_node *node,
                                  const struct sim_input *input,
                                  struct sim_outputs *outputs);
void broken__inspect(const struct sim_node *node, struct sim_view *view);
void broken__members(const struct sim_node *node,
                     struct sim_configuration *configuration);
void broken__destroy(struct sim_node *node);
void broken__classify(const uint8_t *bytes, size_t size,
                      struct sim_message *message);
size_t broken__bootstrap(const struct sim_configuration *configuration,
                         uint8_t *bytes);
bool broken__configuration(const uint8_t *payload, size_t size,
                           struct sim_configuration *configuration);
bool broken__snapshot_configuration(const uint8_t *meta, size_t size,
                                    struct sim_configuration *configuration);
void broken__describe(const uint8_t *bytes, size_t size, char *text);

/* Defines the type broken_`type` with the given members. A type needs a
 * create() of its own, for that is told of no type. */
#define BROKEN_TYPE(type, ...)                                                 \
    static struct sim_node *create_##type(                                     \
        const struct sim_node_options *options, const struct sim_image *image) \
    {                                                                          \
        return broken__create(&broken_##type, options, image);                 \
    }                                                                          \
    const struct broken_type broken_##type = {                                 \
        .base = {.name = #type,                                                \
                 .shows = SIM_SHOWS_ALL,                                       \
                 .features = SIM_FEATURES_ALL & ~SIM_FEATURE_APPLIES_DURABLE,  \
                 .create = create_##type,                                      \
                 .step = broken__step,                                         \
                 .inspect = broken__inspect,                                   \
                 .members = broken__members,                                   \
                 .destroy = broken__destroy,                                   \
                 .classify = broken__classify,                                 \
                 .bootstrap = broken__bootstrap,                               \
                 .configuration = broken__configuration,                       \
                 .snapshot_configuration = broken__snapshot_configuration,     \
                 .describe = broken__describe},                                \
        __VA_ARGS__}

/* --- inputs --------------------------------------------------------------- */

/* The input is a message of this kind and of the node's own term. */
bool broken__hears(const struct broken_node *self,
                   const struct sim_input *input, enum raft_message_kind kind,
                   struct raft_message *message);

/* Puts another message in the place of the one that came. */
void broken__replace(struct broken_node *self, struct sim_input *input,
                     const struct raft_message *message);

/* --- outputs -------------------------------------------------------------- */

/* The output sends a message of this kind. */
bool broken__says(const struct sim_output *output, enum raft_message_kind kind,
                  struct raft_message *message);

/* The message as bytes of this step. */
const uint8_t *broken__encode(struct broken_node *self,
                              const struct raft_message *message, size_t *size);

/* The first output of a kind, or NULL. */
struct sim_output *broken__output(struct broken_node *self,
                                  enum sim_output_kind kind);

/* One more, after all others. At most one a step. */
struct sim_output *broken__add(struct broken_node *self,
                               enum sim_output_kind kind);

/* Takes an output out. */
void broken__drop(struct broken_node *self, struct sim_output *output);

/* --- entries -------------------------------------------------------------- */

/* `n` entries that may be altered, and one more, in the place of those that may
 * not. */
struct sim_entry *broken__entries(struct broken_node *self,
                                  const struct sim_entry **entries, uint32_t n);

/* A copy of `size` bytes that may be altered, `extra` more after them. */
uint8_t *broken__bytes(struct broken_node *self, const uint8_t *bytes,
                       size_t size, size_t extra);

/* Makes a command another one; an entry without a payload stays as it is. */
void broken__flip_a_bit(struct broken_node *self, struct sim_entry *entry);

/* Makes the entry a change to these members. */
void broken__put_members(struct broken_node *self, struct sim_entry *entry,
                         const struct sim_configuration *members);

#endif
