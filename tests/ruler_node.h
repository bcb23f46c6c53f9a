/* A node with every feature and no Raft: node 1 leads from its first step, in
 * term 1, alone. It takes commands, sessions, changes of the members, reads and
 * snapshots; what it writes it applies when it is durable. Nothing is
 * replicated; the others do as they are told by the test.
 *
 * What the test sets is looked at by the next input that it is about.
 */
#ifndef TESTS_RULER_NODE_H
#define TESTS_RULER_NODE_H

#include "tests/sim_harness.h"

struct ruler_entry {
    struct sim_entry entry;
    uint8_t *bytes;
};

struct ruler_node {
    struct sim_node base;
    uint32_t id;
    bool leads;
    struct sim_hard_state hard_state;
    struct sim_configuration members;
    struct sim_position configuration;
    struct sim_position snapshot;
    uint8_t *meta, *image; /* of the snapshot that it began with */
    size_t meta_size, image_size;
    uint64_t image_first; /* what its image had */
    uint64_t image_entries, image_omitted;
    struct ruler_entry *entries; /* [i] has the index i + 1; those that the
                                    image did not have are all zero */
    size_t entries_capacity;
    uint64_t last, durable, applied; /* indexes */
    uint64_t last_write;
    bool leaves_joint; /* once what is written is durable */
    uint64_t *reads;   /* tags that are not answered */
    size_t reads_capacity, n_reads;

    /* Counts of inputs, and what the latest of them said. */
    uint64_t n_changes, n_transfers, n_snapshots, n_reads_asked;
    bool joint, lease;
    uint32_t transfer_to;
    uint64_t keep_from;
    struct sim_configuration proposed;

    /* Set by the test: */
    uint32_t refuses_changes, refuses_transfers; /* so many times */
    enum sim_reason reason;                      /* with this */
    bool holds_reads;   /* READY only at the next tick */
    bool refuses_reads; /* held ones are REJECTED at the next tick */
    bool silent;        /* answers nothing that is asked */
    bool omits;         /* writes and applies its commands as a witness does */
    const struct sim_write *forced; /* written at the next tick, whatever the
                                       contract says; then NULL */
    const struct sim_output *extra; /* put out at the next tick; then NULL */

    struct sim_output outputs[8];
    size_t n_outputs;
    struct sim_entry *apply; /* of the APPLY */
    size_t apply_capacity;
    uint8_t payload[3 * SIM_MAX_NODES];
};

extern const struct sim_node_type ruler_node_type;

#define RULER_TICK_US UINT64_C(10000) /* of its clock */

/* Its state; the node is up. */
struct ruler_node *rig_ruler(const struct rig *rig, uint32_t node);

/* The form of a configuration, as entry and as meta. */
#define RULER_META_SIZE (3 * SIM_MAX_NODES)
void ruler_encode(const struct sim_configuration *members, uint8_t *bytes);

#endif
