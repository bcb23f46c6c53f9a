/* The checker's memory, and what its files call of each other.
 *
 *   checker.c         a life's calls in order, and the questions
 *   checker_leader.c  elections: Election Safety, Leader Append-Only, Leader
 *                     Completeness of a new leader
 *   checker_log.c     logs: Log Matching
 *   checker_commit.c  commits: Leader Completeness of a late commit, State
 *                     Machine Safety, Committed on a Quorum
 *   checker_disk.c    promises: One Vote per Term, Monotonic Term, Durable
 *                     before Acknowledged
 *   checker_report.c  names and words
 *
 * A function that checks returns whether all holds; when it does not, the
 * violation is kept and the caller returns at once.
 */
#ifndef SIM_CHECKER_INTERNAL_H
#define SIM_CHECKER_INTERNAL_H

#include "sim/checker.h"

/* What is known of one node. */
struct checker_node {
    bool alive;
    /* In its memory, as of the last call. Of no meaning while it is down. */
    sim_tip tip;
    struct sim_position last; /* the place of `tip` */
    uint64_t term;
    uint64_t commit_index;
    uint64_t applied; /* the last entry that it gave to the state machine */
    /* On its disk. */
    sim_tip durable;
    struct sim_hard_state hard_state;
    /* The last vote that was durable or acted upon: what can never be taken
     * back. A vote that was only in memory and died with it does not count. */
    struct sim_hard_state vote;
};

/* The leader of a term, for ever. */
struct checker_election {
    uint64_t term;
    uint64_t time_us;
    uint32_t node;
    sim_tip elected_tip; /* its log when it was elected */
    sim_tip tip;         /* its log when it was last seen as leader of `term` */
};

/* A state machine's state after an entry, and whose it was. */
struct checker_state {
    uint64_t hash;
    uint32_t node;
};

/* A committed entry. */
struct checker_commit {
    uint64_t term; /* the lowest term in which a node held it committed; along
                      the path these terms never decrease, because to commit an
                      entry is to commit all before it */
    sim_tip tip;
    uint32_t node; /* the first that held it committed in `term` */
};

struct sim_checker {
    struct sim_log_tree *tree;
    uint32_t n_nodes;
    struct checker_node *nodes; /* by id; [SIM_NONE] is unused */

    struct checker_election *elections; /* by rising term, one a term */
    size_t n_elections;
    size_t elections_capacity;

    struct checker_commit *committed; /* by index; [0] is the root */
    uint64_t n_committed;             /* the highest index */
    size_t committed_capacity;

    struct checker_state *states; /* by index - 1, as first seen */
    uint64_t n_states;
    size_t states_capacity;

    uint32_t n_judged; /* tree nodes with lower numbers were compared */

    uint64_t step;
    uint64_t time_us;
    uint64_t evaluated[SIM_PROPERTY_COUNT];
    bool violated;
    struct sim_violation violation;
};

/* A comparison that may fail is about to be made. */
static inline void checker__count(struct sim_checker *checker,
                                  enum sim_property property)
{
    checker->evaluated[property]++;
}

/* --- checker_leader.c ---------------------------------------------------- */

/* Node `id`, with the log `tip` now and the one in its record before, is leader
 * of `term` after a step. */
bool checker__leader(struct sim_checker *checker, uint32_t id, uint64_t term,
                     sim_tip tip);

/* The leader of `term`, or NULL if none was seen. Valid until the next
 * election. */
struct checker_election *checker__election(const struct sim_checker *checker,
                                           uint64_t term);

/* --- checker_log.c ------------------------------------------------------- */

/* Node `id` holds the log `tip` in its memory from now on. `view` is the node
 * as it shows itself. */
bool checker__log(struct sim_checker *checker, uint32_t id, sim_tip tip,
                  const struct sim_view *view);

/* What the node shows as its last entry is the one that it wrote last. */
bool checker__last(struct sim_checker *checker, uint32_t id,
                   struct sim_position last);

/* --- checker_commit.c ---------------------------------------------------- */

/* Node `id`, in `term`, holds its log committed up to `index`: this or the log
 * before it changed. */
bool checker__commit(struct sim_checker *checker, uint32_t id, uint64_t term,
                     uint64_t index);

/* The disk of node `id` holds the log `durable` from now on. */
bool checker__store(struct sim_checker *checker, uint32_t id, sim_tip durable);

/* Node `id` gives `n_entries` entries from `first_index` on to its state
 * machine. */
bool checker__apply(struct sim_checker *checker, uint32_t id,
                    uint64_t first_index, const struct sim_entry *entries,
                    uint32_t n_entries);

/* --- checker_disk.c ------------------------------------------------------ */

/* Node `id` shows itself in `term`. */
bool checker__term(struct sim_checker *checker, uint32_t id, uint64_t term);

/* The disk of node `id` holds `hard_state`. */
bool checker__disk(struct sim_checker *checker, uint32_t id,
                   struct sim_hard_state hard_state);

/* Node `id` lets others see that it voted for `candidate` in `term`; `deed`
 * says how, after its name: "leads", "asks for votes". */
bool checker__voted(struct sim_checker *checker, uint32_t id, uint64_t term,
                    uint32_t candidate, const char *deed);

/* A message of node `id` leaves for `to`. */
bool checker__message(struct sim_checker *checker, uint32_t id, uint32_t to,
                      const struct sim_message *message);

/* --- checker_report.c ---------------------------------------------------- */

/* Keeps the violation and returns false. `a` and `b` are the nodes it is about,
 * SIM_NONE for none; the text is the property's title, the time, and
 * `format`. */
bool checker__violate(struct sim_checker *checker, enum sim_property property,
                      uint32_t a, uint32_t b, const char *format, ...);

/* A piece of a sentence, to use within one. */
struct checker_text {
    char text[96];
};

/* "1.204311 s" */
struct checker_text checker__seconds(uint64_t time_us);

/* "entry 8 of term 3"; "no entry" for the root. */
struct checker_text checker__entry(const struct sim_checker *checker,
                                   sim_tip tip);

/* What the log `tip` has at `index`: "entry 8 of term 3", or "no entry 8 (its
 * log ends at 7)". */
struct checker_text checker__entry_at(const struct sim_checker *checker,
                                      sim_tip tip, uint64_t index);

/* The first index at which two logs differ. Follows both: for reports only. */
uint64_t checker__fork(const struct sim_checker *checker, sim_tip a, sim_tip b);

/* "term 4 and a vote for node 2", "term 4 and no vote" */
struct checker_text checker__hard_state(struct sim_hard_state hard_state);

#endif
