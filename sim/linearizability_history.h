/* What is kept of a history; shared by the judge's files only.
 *
 *   linearizability_history.c  operations come, end, and are forgotten
 *   linearizability_cut.c      a key's past becomes the states that it left
 *
 * A cut is a moment of the history, told by the last event before it: of the
 * operations of a key, those that are over by then have happened or never will,
 * those that are open at the cut may have taken effect before it or may yet.
 * So all that the past means for what follows is which states are possible at
 * the cut: a state is the value, and which of the open operations have taken
 * effect. These are found by a search of all orders up to the cut, and then the
 * past can be forgotten: nothing of the verdict is lost.
 *
 * Each key has two cuts: at the second, the states are known, and what comes
 * after it waits to be judged; at the first begins what is kept. What lies
 * between them is there to tell a failure well. When the second moves on, the
 * first takes its place.
 */
#ifndef SIM_LINEARIZABILITY_HISTORY_H
#define SIM_LINEARIZABILITY_HISTORY_H

#include "sim/linearizability.h"

/* Never over. */
#define HISTORY_OPEN UINT64_MAX

/* What a key can be in at a cut. */
struct linear_state {
    uint64_t value; /* 0 if it is unseen */
    bool unseen;    /* nobody asked about the value, and nobody will see it */
    uint32_t first_done; /* the operations open at the cut that have taken
                            effect: done[first_done] and the next */
    uint32_t n_done;
};

/* Those whose effect all states have are not told: they are over. */
struct linear_states {
    struct linear_state *states;
    size_t n, capacity;
    uint32_t *done; /* operations, rising within a state */
    size_t n_done, done_capacity;
};

struct history_operation {
    struct sim_history_operation told;
    uint64_t over; /* the event from which on it asks for nothing any more: its
                      return; its refusal; for a read its giving up; for others
                      that were given up the cut by which they have surely taken
                      effect. HISTORY_OPEN: none yet */
    uint32_t id;
    bool given_up; /* never to be answered */
    bool forgotten;
};

struct history_key {
    uint64_t key;
    uint32_t *ids; /* of its operations that are kept, rising */
    size_t n_ids, ids_capacity;
    uint64_t first_cut; /* 0: the history's start */
    uint64_t cut;       /* the second */
    struct linear_states first_states;
    struct linear_states states;
    uint32_t n_over;     /* operations that were over since the second cut */
    uint32_t due;        /* try to cut when they are so many */
    uint32_t n_given_up; /* kept, that may yet take effect */
    size_t n_forgotten;  /* that counted */
    uint64_t highest_forgotten; /* no value above was written by one of these */
    uint64_t work;              /* of the cuts */
    bool fails;                 /* no order: nothing more is forgotten */
};

struct sim_history {
    struct history_operation *operations; /* that are kept, rising, and some
                                             that are not any more */
    size_t n_operations, capacity;
    size_t n_forgotten; /* of these */
    size_t dense;       /* from this place on none is missing */
    uint32_t n_invoked;
    uint64_t n_events; /* invocations and returns */

    struct history_key *keys; /* as they came */
    uint32_t n_keys;
    size_t keys_capacity;
    uint32_t *table; /* open addressing: a key's place plus one, or 0 */
    size_t table_size;

    size_t limit; /* 0: all is kept */
    uint64_t n_forgettings;
};

/* The operation, which is kept. */
struct history_operation *history__get(const struct sim_history *history,
                                       uint32_t id);

/* The key of an operation. */
struct history_key *history__key(const struct sim_history *history,
                                 uint64_t key);

/* Whether anything can be learnt from an operation. */
bool history__counts(const struct sim_history_operation *operation);

/* The key's operations that are over by its first cut are gone. */
void history__forget(struct sim_history *history, struct history_key *key);

/* Moves the key's cuts on, if enough is over and not too much is open. */
void linear__cut(struct sim_history *history, struct history_key *key);

/* Adds a state, whose place in `done` is set; `done` are rising. */
void linear__add_state(struct linear_states *states, struct linear_state state,
                       const uint32_t *done);
void linear__states_clear(struct linear_states *states);

#endif
