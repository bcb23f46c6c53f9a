/* What the tests of the simulator's middle layers share.
 *
 * A rig is a simulation taken apart: the same modules and the same loop, but
 * the test sees every part between two events, and does damage by hand. It
 * knows no expectations and no wait for progress; for those there is
 * harness_run(), which runs the real thing.
 *
 * The echo node is no Raft: it sends a numbered message to every other node at
 * each tick of its timer, writes what clients propose, and keeps a list of its
 * inputs. Cheap, and predictable to the microsecond.
 */
#ifndef TESTS_SIM_HARNESS_H
#define TESTS_SIM_HARNESS_H

#include "sim/cluster.h"
#include "sim/damage.h"
#include "sim/faults.h"
#include "sim/raft_node.h"

/* Collects the text of a trace, with a NUL at its end. */
struct harness_text {
    struct sim_trace_sink base;
    char *text;
    size_t size, capacity;
};

/* A scenario written with ' in place of ". The test fails if it is invalid. */
struct sim_scenario *harness_parse(const char *text, uint64_t seed);

/* The text of a file of scenarios/; to be freed. */
char *harness_read_scenario(const char *name);

struct harness_options {
    const struct sim_node_type *type; /* NULL: the Raft of raft/ */
    uint64_t max_steps;               /* 0: no limit */
    uint64_t slice;                   /* steps an advance; 0: all at once */
    bool no_checks;
    struct harness_text *trace; /* NULL: none; its text is to be freed */
};

/* Runs a scenario to its end; `options` may be NULL. */
struct sim_result harness_run(const char *text, uint64_t seed,
                              const struct harness_options *options);

/* Whether `result` holds an unmet expectation at `pointer`. */
bool harness_unmet(const struct sim_result *result, const char *pointer);

/* --- the rig -------------------------------------------------------------- */

struct rig {
    struct sim_scenario *scenario;
    struct sim_event_queue *queue;
    struct sim_cluster *cluster;
    struct sim_clients *clients;
    struct sim_damages *damages;
    struct sim_operator *op;
    struct sim_faults *faults;
    struct sim_prng prng; /* of the damage done by hand */
    struct harness_text trace;
    bool may_breach;        /* the contract, and the run goes on */
    uint64_t wish;          /* the number of the latest */
    uint64_t asked;         /* requests of rig_ask() */
    uint64_t answers[5];    /* to clients, by enum sim_answer */
    struct sim_reply reply; /* the latest, and its value */
    char value[64];
};

/* All nodes up at time 0. Real Raft (`type` NULL) is checked after each step.
 */
struct rig *rig_new(const char *text, uint64_t seed,
                    const struct sim_node_type *type);
void rig_free(struct rig *rig);

/* Handles the next event; the test fails on a violation or a breach. */
void rig_step(struct rig *rig);

/* Handles all events up to and at `time_us`, which is then the present. */
void rig_run_until(struct rig *rig, uint64_t time_us);

/* Until there is a leader. */
uint32_t rig_find_leader(struct rig *rig);

/* Does the action of the scenario's fault `place` now, with its "for"; a wish
 * is a patient one. */
bool rig_do(struct rig *rig, uint32_t place);

/* Asks `node` for something as a client that nobody knows. The key and value
 * are those of a command; NULL: none. */
void rig_ask(struct rig *rig, uint32_t node, enum sim_request_kind request,
             const char *key, const char *value);

/* Bit per node, from 1, to which `from` has an open link. */
uint64_t rig_open_links(const struct rig *rig, uint32_t from);

/* Copies of messages that neither arrived nor were lost. Ends the rig's life:
 * nothing but rig_free() may follow. */
uint64_t rig_drain_messages(struct rig *rig);

/* --- the echo node -------------------------------------------------------- */

#define ECHO_TICK_US UINT64_C(10000) /* of its clock */

struct echo_input {
    enum sim_input_kind kind;
    uint64_t now_us; /* its clock */
    uint32_t from;   /* of a message */
    uint64_t number; /* of a message; write id; tag */
};

struct echo_node {
    struct sim_node base;
    uint32_t id, n_nodes;
    struct sim_hard_state hard_state; /* of its image */
    uint64_t n_entries;               /* of its image */
    uint64_t ticks;
    uint64_t deadline_us;
    uint64_t last_index, last_write, applied;
    struct echo_input *inputs;
    size_t inputs_capacity, n_inputs;
    struct sim_output outputs[SIM_MAX_NODES + 4];
    size_t n_outputs;
    struct sim_entry entry;
    uint8_t bytes[8];
};

extern const struct sim_node_type echo_node_type;

/* Its state; the node is up. */
struct echo_node *rig_echo(const struct rig *rig, uint32_t node);

#endif
