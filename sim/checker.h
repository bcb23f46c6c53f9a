/* The properties that Raft promises, checked after every step.
 *
 * The checker is told what happened and keeps its own history; it never holds
 * a node, never draws a random number and never changes the run. Each call
 * costs what the step changed (times log n for ancestor look-ups), never the
 * length of the logs or the number of steps before.
 *
 * The order of calls for one node:
 *   boot            a life begins: the log and hard state that were durable;
 *   step            after each input handed to it; then, for that step,
 *     snapshot      if it wrote one,
 *     restored      if its state machine took one,
 *     state         for each entry that its state machine applied;
 *   durable         a write (or, in a crash, the part of it that survived)
 *                   reached the disk; writes of one node in order;
 *   send            a message leaves: after the writes it waited for were
 *                   reported, and before any later write is;
 *   crash           the life ended: memory is gone, the disk stays;
 * and for the cluster: `progress` when a wait for it ended, `history` when the
 * clients' was judged.
 *
 * The first violation is kept; calls after it do nothing.
 */
#ifndef SIM_CHECKER_H
#define SIM_CHECKER_H

#include "sim/log_tree.h"
#include "sim/memberships.h"
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
     * first does, and stays so. The majority is that of the configuration in
     * its log, both majorities where it is joint (dissertation, 4.3); for what
     * is committed in the very step that appends a configuration, that one or
     * the one before. It stays with those who decided, whoever is a member
     * later. */
    SIM_COMMITTED_ON_QUORUM,
    /* A leader begins a change of the members only when the one before is
     * committed (dissertation, 4.1), and something of its own term is (the
     * correction of 2015). */
    SIM_ONE_CHANGE_AT_A_TIME,
    /* A server's members are those of the latest configuration in its log,
     * committed or not (4.1); after a truncation, those of before. A server
     * that is no member at the start may know nobody until its log has a
     * configuration, or a snapshot told it. */
    SIM_CONFIGURATION_MATCHES_LOG,
    /* A snapshot stands for committed entries only (5.1), and takes the place
     * of none that stands for more. */
    SIM_SNAPSHOT_OF_COMMITTED,
    /* A snapshot's state is the one that the log up to it gives, its members
     * are those of the log at that place. */
    SIM_SNAPSHOT_EQUALS_REPLAY,
    /* A command of a session is applied once (6.3), and never after its session
     * was closed. */
    SIM_EXACTLY_ONCE,
    /* What clients were told can be put into one order in which each operation
     * happens at once, somewhere between its call and its answer (6.4;
     * Herlihy and Wing, 1990). Judged at the end of the run. */
    SIM_LINEARIZABILITY,
    /* When all is well, or well again, there is a leader, a new commit, and all
     * members apply it, within the stated time; the members are not joint any
     * more, and the leader is one. */
    SIM_PROGRESS,
    SIM_PROPERTY_COUNT
};

/* "election_safety": the name in scenarios and summaries. */
const char *sim_property_name(enum sim_property property);

/* The same for people, with its source: "Election Safety (paper, Figure 3)". */
const char *sim_property_title(enum sim_property property);

/* What it says, in one sentence: "At most one leader can be elected in …". */
const char *sim_property_text(enum sim_property property);

/* Why the property cannot be judged for nodes of this type, whatever happens:
 * "it does not show its commit index"; NULL if it can. A literal. */
const char *sim_property_hidden(enum sim_property property,
                                const struct sim_node_type *type);

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
    /* What type->members() gives; NULL if neither view.configuration nor the
     * log's configuration changed in this step, or if the type does not tell.
     */
    const struct sim_configuration *members;
};

#define SIM_VIOLATION_TEXT_SIZE 1024u
#define SIM_VIOLATION_MAX_NODES 8u

struct sim_violation {
    enum sim_property property;
    const char *kind; /* which of the property's checks: its words, as a format
                         of printf(). Lives for ever */
    uint64_t step;
    uint64_t time_us;
    uint32_t nodes[SIM_VIOLATION_MAX_NODES]; /* those the paragraph is about */
    uint32_t n_nodes;
    char text[SIM_VIOLATION_TEXT_SIZE]; /* one readable paragraph: what was
        promised, which nodes, terms and entries break it. No newline. */
};

struct sim_checker;

/* `tree` holds the logs; it and the memberships outlive the checker. */
struct sim_checker *sim_checker_new(struct sim_log_tree *tree,
                                    struct sim_memberships *memberships,
                                    uint32_t n_nodes);

/* Before the first call: the nodes are of this type, so that what only repeats
 * their inputs and outputs does not count as evaluated. Without it, of one that
 * shows all. */
void sim_checker_set_type(struct sim_checker *checker,
                          const struct sim_node_type *type);
void sim_checker_free(struct sim_checker *checker);

/* Time and step of the calls that come with none, and of violations they find.
 */
void sim_checker_set_time(struct sim_checker *checker, uint64_t step,
                          uint64_t time_us);

/* A life of `node` begins from the log `durable` (sim_disk_log()) with
 * `hard_state`; `view` is the node as created, with nothing applied; `members`
 * what it says of its members (NULL: its type does not tell). */
void sim_checker_boot(struct sim_checker *checker, uint32_t node,
                      sim_tip durable, struct sim_hard_state hard_state,
                      const struct sim_view *view,
                      const struct sim_configuration *members);

void sim_checker_step(struct sim_checker *checker,
                      const struct sim_observation *observation);

/* `node`'s disk now holds the log `durable` (sim_disk_log()) and `hard_state`.
 */
void sim_checker_durable(struct sim_checker *checker, uint32_t node,
                         sim_tip durable, struct sim_hard_state hard_state);

/* The state machine of `node` has the state `state_hash` now that it has
 * applied the entry at `index`: the same as that of every other that has, by
 * State Machine Safety. Told for each index, after the step that applied it. */
void sim_checker_state(struct sim_checker *checker, uint32_t node,
                       uint64_t index, uint64_t state_hash);

/* `node` writes a snapshot that stands for the log `tip`, with the members
 * `members` (NULL: they cannot be read, which is a violation). Told after the
 * step that wrote it. */
void sim_checker_snapshot(struct sim_checker *checker, uint32_t node,
                          sim_tip tip, const struct sim_configuration *members);

/* The state machine of `node` took a snapshot's image for the log `tip` and has
 * the state `state_hash` now. Told before sim_checker_state() of what the same
 * step applied after it. */
void sim_checker_restored(struct sim_checker *checker, uint32_t node,
                          sim_tip tip, uint64_t state_hash);

/* The clients' history of `n_operations` was judged: `text` is NULL if it is
 * linearizable, else what cannot be ordered, without a full stop. */
void sim_checker_history(struct sim_checker *checker, uint64_t n_operations,
                         const char *text);

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

/* --- the past: see sim/cluster_reclaim.c ---------------------------------- */

/* The highest index, at most `index`, below which no check will look any more
 * at single entries, as long as no server goes back behind what is durable, and
 * those in `gone` never start again; 0 if there is none above what was let go
 * before. What lies up to it is committed, and was applied. */
uint64_t sim_checker_bound(const struct sim_checker *checker, uint64_t index,
                           const struct sim_set *gone);

/* The committed entry at an index that was not let go. */
sim_tip sim_checker_committed_tip(const struct sim_checker *checker,
                                  uint64_t index);

/* Adds the logs that the checker will ask about: those that servers go on from
 * to `live`, others to `asked` (see sim_log_tree_reclaim()). */
void sim_checker_tips(const struct sim_checker *checker,
                      const struct sim_set *gone, struct sim_tips *live,
                      struct sim_tips *asked);

/* Configurations of sim_memberships_of() that it holds on to; NULL: none. */
void sim_checker_rulers(const struct sim_checker *checker,
                        const struct sim_configuration *rulers[2]);

/* Lets go what is known of entries below `index`, which is such a bound. A
 * server that applies one of them again breaks State Machine Safety. */
void sim_checker_reclaim(struct sim_checker *checker, uint64_t index,
                         const struct sim_set *gone);

#endif
