/* The properties that Raft promises, checked after every step.
 *
 * The checker is told what happened and keeps its own history; it never holds
 * a node, never draws a random number and never changes the run. Each call
 * costs what the step changed (times log n for ancestor look-ups), never the
 * length of the logs or the number of steps before.
 *
 * The order of calls for one node:
 *   boot            a life begins: the log and hard state that were durable;
 *   step            after each input handed to it;
 *   durable         a write (or, in a crash, the part of it that survived)
 *                   reached the disk; writes of one node in order;
 *   send            a message leaves: after the writes it waited for were
 *                   reported, and before any later write is;
 *   crash           the life ended: memory is gone, the disk stays;
 * and for the cluster: `progress` when a wait for it ended.
 *
 * The first violation is kept; calls after it do nothing.
 */
#ifndef SIM_CHECKER_H
#define SIM_CHECKER_H

#include "sim/log_tree.h"
#include "sim/node.h"

enum sim_property {
    /* At most one leader can be elected in a given term (paper, Figure 3). For
     * ever: a term's leader of the past counts. */
    SIM_ELECTION_SAFETY,
    /* A leader never overwrites or deletes entries in its log (Figure 3). */
    SIM_LEADER_APPEND_ONLY,
    /* Two logs with an entry of the same index and term are identical up to it
     * (Figure 3). */
    SIM_LOG_MATCHING,
    /* What is committed in a term is in the logs of the leaders of all later
     * terms (Figure 3); also when it is committed after they were elected. */
    SIM_LEADER_COMPLETENESS,
    /* Servers apply the same entry at an index (Figure 3): all commit indexes
     * lie on one path; applied entries are those of the path, in order. */
    SIM_STATE_MACHINE_SAFETY,
    /* A server gives one vote a term (5.2), also across crashes. */
    SIM_ONE_VOTE_PER_TERM,
    /* A server's term never goes back (5.1), also across crashes. */
    SIM_MONOTONIC_TERM,
    /* A server's commit index never goes back within one life, and never
     * passes its log's end. */
    SIM_MONOTONIC_COMMIT,
    /* A vote or an acknowledgement leaves only when what it promises is durable
     * (Figure 2: "updated on stable storage before responding"). */
    SIM_DURABLE_BEFORE_ACKNOWLEDGED,
    /* What a server holds committed is durable on a majority (5.3) when it
     * first does, and stays so. */
    SIM_COMMITTED_ON_QUORUM,
    /* When all is well, or well again, there is a leader, a new commit, and all
     * live nodes apply it, within the stated time. */
    SIM_PROGRESS,
    SIM_PROPERTY_COUNT
};

/* "election_safety": the name in scenarios and summaries. */
const char *sim_property_name(enum sim_property property);

/* The same for people, with its source: "Election Safety (paper, Figure 3)". */
const char *sim_property_title(enum sim_property property);

/* One step as the checker sees it. */
struct sim_observation {
    uint64_t step;    /* its number in the run, from 1 */
    uint64_t time_us; /* virtual time */
    uint32_t node;
    const struct sim_view *before; /* the node's view before the input */
    const struct sim_view *after;
    const struct sim_outputs *outputs;
    sim_tip tip_before; /* the log in the node's memory, by its writes: what
                           the call before for this node left */
    sim_tip tip_after;
};

#define SIM_VIOLATION_TEXT_SIZE 1024u
#define SIM_VIOLATION_MAX_NODES 8u

struct sim_violation {
    enum sim_property property;
    uint64_t step;
    uint64_t time_us;
    uint32_t nodes[SIM_VIOLATION_MAX_NODES]; /* those the paragraph is about */
    uint32_t n_nodes;
    char text[SIM_VIOLATION_TEXT_SIZE]; /* one readable paragraph: what was
        promised, which nodes, terms and entries break it. No newline. */
};

struct sim_checker;

/* `tree` holds the logs and outlives the checker. */
struct sim_checker *sim_checker_new(struct sim_log_tree *tree,
                                    uint32_t n_nodes);
void sim_checker_free(struct sim_checker *checker);

/* Time and step of the calls that come with none, and of violations they find.
 */
void sim_checker_set_time(struct sim_checker *checker, uint64_t step,
                          uint64_t time_us);

/* A life of `node` begins from `durable` with `hard_state`; `view` is the node
 * as created. */
void sim_checker_boot(struct sim_checker *checker, uint32_t node,
                      sim_tip durable, struct sim_hard_state hard_state,
                      const struct sim_view *view);

void sim_checker_step(struct sim_checker *checker,
                      const struct sim_observation *observation);

/* `node`'s disk now holds the log `durable` and `hard_state`. */
void sim_checker_durable(struct sim_checker *checker, uint32_t node,
                         sim_tip durable, struct sim_hard_state hard_state);

/* The state machine of `node` has the state `state_hash` now that it has
 * applied the entry at `index`: the same as that of every other that has, by
 * State Machine Safety. Told for each index, after the step that applied it. */
void sim_checker_state(struct sim_checker *checker, uint32_t node,
                       uint64_t index, uint64_t state_hash);

/* A message of `node` leaves for `to`. */
void sim_checker_send(struct sim_checker *checker, uint32_t node, uint32_t to,
                      const struct sim_message *message);

void sim_checker_crash(struct sim_checker *checker, uint32_t node);

/* A wait for progress ended: `reached`, or with `missing` saying what was not
 * ("no leader", "node 3 applied 17 of 20"). */
void sim_checker_progress(struct sim_checker *checker, bool reached,
                          const char *missing);

/* The first violation, or NULL. Owned by the checker. */
const struct sim_violation *
sim_checker_violation(const struct sim_checker *checker);

/* How many times a property was really evaluated so far: a comparison that
 * could have failed was made. */
uint64_t sim_checker_evaluated(const struct sim_checker *checker,
                               enum sim_property property);

/* Entries 1 to this index are known to be committed, by any node at any time.
 */
uint64_t sim_checker_committed(const struct sim_checker *checker);

#endif
