/* One key's part of a history, and what the judge's files call of each other.
 *
 *   linearizability_history.h  what is kept of a history, and cuts
 *   linearizability.c          the check, key by key
 *   linearizability_key.c      its operations and values, in numbers of its own
 *   linearizability_problem.c  what is to be ordered, made ready for the search
 *   linearizability_search.c   the search for an order
 *   linearizability_moves.c    where it stands, and the moves from there
 *   linearizability_window.c   the smallest window of a failure
 *   linearizability_words.c    the same for people
 */
#ifndef SIM_LINEARIZABILITY_INTERNAL_H
#define SIM_LINEARIZABILITY_INTERNAL_H

#include "sim/linearizability_history.h"

/* Later than all events: the return of what has none. */
#define LINEAR_NEVER UINT64_MAX

/* No operation. */
#define LINEAR_NONE UINT32_MAX

/* Values are numbered within a key, from 0 without a gap. Those that no
 * operation asks about cannot be told apart: they share one number. */
#define LINEAR_UNSEEN 0u     /* all values that nobody asks about */
#define LINEAR_IMPOSSIBLE 1u /* a value that the key never has */
#define LINEAR_FIRST_VALUE 2u

/* What the value must be when an operation takes effect. */
enum linear_need {
    LINEAR_NEED_NOTHING,
    LINEAR_NEED_EQUAL, /* `needed` */
    LINEAR_NEED_OTHER, /* any but `needed`: a failed compare-and-set */
};

/* An operation of one key. Either it is certain, with a return: it took effect
 * between the two. Or it may have taken effect between the two, or, without a
 * return, any time after its invocation. */
struct linear_op {
    uint32_t id; /* in the history */
    uint64_t invoked;
    uint64_t returned; /* LINEAR_NEVER: none; then it is not certain */
    bool certain;
    bool later; /* invoked after the cut */
    bool looms; /* over after the cut, but certain to take effect, and all that
                   was invoked before its return is known */
    bool stays; /* not certain, but what became of it must be told */
    bool changes; /* the value becomes `given`; if not, it is certain, or it
                     stays */
    enum linear_need need;
    uint32_t needed;
    uint32_t given;

    /* Set by linear__problem_new(): */
    uint32_t place; /* with a return: its place among the returns; without: the
                       place of the last return for which it can be of use, or
                       LINEAR_NONE if there is no last */
    uint32_t slot;  /* its number among those that are open with it, from its
                       invocation to the return at `place` */
    uint32_t next_retiring;
};

/* What a search starts from: any of some states. */
struct linear_starts {
    const struct linear_states *states;
    uint32_t *values; /* of each state, by their numbers here */
};

/* Up to where the states are to be found. */
struct linear_cut {
    uint64_t last; /* the cut before */
    uint64_t at;   /* LINEAR_NEVER: nowhere, all is to be ordered */
    uint64_t end;  /* what was invoked before has ended */
};

/* All operations of a key that count. */
struct linear_key {
    struct linear_op *ops; /* by invocation */
    uint32_t n_ops;
    uint32_t n_values;  /* their numbers are below */
    uint64_t *values;   /* from LINEAR_FIRST_VALUE on, as in the history */
    uint64_t first_cut; /* 0: the start of the history */
    struct linear_starts starts;
};

/* Operations to be put in order, and tables for the search. */
struct linear_problem {
    struct linear_op *ops; /* by invocation */
    uint32_t n_ops;
    uint32_t n_values;
    uint32_t *returns; /* the operations that have one, by return */
    uint32_t n_returns;
    uint32_t n_due; /* of these, that an order has to get past: all, or those up
                       to the cut */
    bool cuts;      /* all states are to be found in which an order can end */
    bool merges;    /* unseen values may be put one on top of the other at once:
                       nobody asks for any value but some */
    uint32_t *later_needers; /* by value: the operations after the cut that */
    uint32_t *later_givers;  /* loom and need it, and those that may give it */
    uint32_t n_slots;
    uint32_t *retiring; /* by return: the first of the operations without return
                           that retire there, the others follow by
                           `next_retiring` */
    /* The operations without return that give value v, by invocation, are
     * givers[first_giver[v]] up to givers[first_giver[v + 1]]. */
    uint32_t *first_giver;
    uint32_t *givers;
};

/* What a search found. */
struct linear_answer {
    enum sim_linearizability_verdict verdict;
    uint64_t work; /* situations */
    uint64_t end; /* NOT_LINEARIZABLE: the return that no order gets past; up to
                     the one before it there is an order */
};

/* A move that is no operation: the one that returns first did not happen. */
#define LINEAR_DID_NOT_HAPPEN LINEAR_NONE

/* Where a search stands: which operations have taken effect, and which value is
 * there. Those with a return that have not taken effect yet stand in a list of
 * their calls and returns, as Wing and Gong have it: the next to take effect is
 * one whose call comes before all returns in the list.
 *
 * That is told by the place of the first return in the list, the value, and one
 * bit for each operation that is open there: all that returned before have
 * taken effect, and what is invoked later has not. */
struct linear_stand {
    const struct linear_problem *problem;
    uint64_t *now; /* place and value, then a bit for each slot */
    size_t n_words;

    uint32_t *next;
    uint32_t *previous;
    uint32_t *trail; /* operations that took effect or did not happen, in that
                        order */
    uint32_t n_trail;

    /* By value: how many certain operations that need it, and operations that
     * may or must give it, are left. */
    uint32_t *needers;
    uint32_t *left_givers;

    uint32_t *moves; /* a stack */
    size_t n_moves;
    size_t moves_capacity;
    uint32_t *wanted; /* values that would let an open operation take effect */
    uint32_t n_wanted;
    bool *is_wanted; /* by value */
};

/* What is to be expected from where a search stands. */
enum linear_outlook {
    LINEAR_DONE, /* all that is certain took effect */
    LINEAR_OPEN,
    LINEAR_DEAD, /* a certain operation can never take effect */
};

/* Takes what counts of `n` operations of one key, by invocation, which can
 * start in any of the states. With a cut those that are over only afterwards
 * need not have happened, those that were invoked only afterwards just tell
 * what will be needed, and a value is unseen only if nobody can see it at the
 * end. */
struct linear_key *
linear__key_new(const struct history_operation *const *operations, uint32_t n,
                const struct linear_states *states, struct linear_cut cut);
void linear__key_free(struct linear_key *key);

/* Takes over `ops`, `n` operations by invocation, and drops those that cannot
 * make a difference. `cut`: where it is, or LINEAR_NEVER. */
struct linear_problem *linear__problem_new(struct linear_op *ops, uint32_t n,
                                           uint32_t n_values, uint64_t cut);
void linear__problem_free(struct linear_problem *problem);

/* Stands nowhere yet. */
struct linear_stand linear__stand_new(const struct linear_problem *problem);
void linear__stand_free(struct linear_stand *stand);

/* Stands at the start, when the value was `initial` and `n_done` operations,
 * rising in `done`, had taken effect. */
enum linear_outlook linear__start(struct linear_stand *stand, uint32_t initial,
                                  const uint32_t *done, uint32_t n_done);

/* Makes a move, and then lets everything happen that changes nothing. */
enum linear_outlook linear__move(struct linear_stand *stand, uint32_t move);

/* Goes back to where it stood when `n_trail` operations were on the trail and
 * its words were these. */
void linear__go_back(struct linear_stand *stand, uint32_t n_trail,
                     const uint64_t *words);

/* Puts the moves from here on the stack. There is no certain operation that
 * changes nothing and could take effect. */
void linear__add_moves(struct linear_stand *stand);

/* Searches for an order, from `*starts`, or from any value if it is NULL.
 * `max_work` 0: without limit. */
struct linear_answer linear__search(const struct linear_problem *problem,
                                    const struct linear_starts *starts,
                                    uint64_t max_work);

/* Searches for all orders of a problem with a cut. Unless it is undecided,
 * which it also is when there are more than `max_states`, adds to `*after` all
 * states in which they can end; values as in the history. */
struct linear_answer linear__search_all(const struct linear_problem *problem,
                                        const struct linear_key *key,
                                        uint64_t max_work, size_t max_states,
                                        struct linear_states *after);

/* Where the key's shortest prefix ends that has no order: at a return. All of
 * the key has none. `*exact` becomes false if the limit was reached: then it
 * may end earlier. */
uint64_t linear__find_end(const struct linear_key *key, uint64_t max_work,
                          bool *exact);

/* Fills in the window of a key whose shortest prefix without an order ends with
 * the return `end`. */
void linear__narrow(const struct linear_key *key, uint64_t end,
                    uint64_t max_work, struct sim_linearizability *verdict);

#endif
