/* The search goes from situation to situation, first into the depth, and
 * through each but once: all that were met are kept, whole (Lowe, 2017).
 *
 * Four things keep their number low. None of them loses an order:
 *
 *   - An operation that changes nothing and that the value suits takes effect
 *     at once: in any order that goes on from here it can as well come first.
 *   - A situation is left when a certain operation needs a value that is not
 *     there and that nothing is left to give.
 *   - An operation without return takes effect only right before one that needs
 *     it to. In any order where the next one could do without it, it can come
 *     after that one or, if that one puts a value whatever was there, be left
 *     out. Of those that do the same the earliest comes first.
 *   - What can make no difference at all is not there (keep_useful() in
 *     linearizability_problem.c).
 */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/hash.h"
#include "sim/linearizability_internal.h"
#include "sim/memory.h"

#define FIRST_TABLE_SIZE ((size_t)64)

/* A situation on the path from the start. Its moves that are left to try are on
 * the stack of moves from `next_move` on, up to the next frame's. */
struct frame {
    uint32_t situation;
    uint32_t n_trail;
    size_t first_move;
    size_t next_move;
};

struct search {
    struct linear_stand stand;
    uint64_t max_work;

    uint64_t *situations; /* all that were met, each some words long */
    size_t n_situations;
    size_t capacity;
    uint32_t *table; /* open addressing, at most half full; a situation's number
                        plus one, or 0 */
    size_t table_size; /* a power of two */

    struct frame *frames;
    size_t n_frames;
    size_t frames_capacity;

    const struct linear_key *key; /* whose states are to be found; or NULL */
    struct linear_states *after;
    size_t max_states;
};

/* --- situations that were met -------------------------------------------- */

static const uint64_t *situation(const struct search *search, uint32_t number)
{
    return search->situations + number * search->stand.n_words;
}

/* Where the table has the situation, or could have it. */
static size_t find(const struct search *search, const uint64_t *words)
{
    size_t n_words = search->stand.n_words;
    struct sim_hash hash = {0};
    for (size_t i = 0; i < n_words; i++) {
        sim_hash_word(&hash, words[i]);
    }
    size_t mask = search->table_size - 1;
    size_t at = (size_t)sim_hash_value(&hash) & mask;
    while (search->table[at] != 0 &&
           memcmp(situation(search, search->table[at] - 1), words,
                  n_words * sizeof(*words)) != 0) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow_table(struct search *search)
{
    free(search->table);
    search->table_size *= 2;
    search->table = sim_calloc(search->table_size, sizeof(*search->table));
    for (uint32_t i = 0; i < search->n_situations; i++) {
        search->table[find(search, situation(search, i))] = i + 1;
    }
}

/* Keeps the situation. Returns false if it was met before. */
static bool keep(struct search *search)
{
    const struct linear_stand *stand = &search->stand;
    size_t at = find(search, stand->now);
    if (search->table[at] != 0) {
        return false;
    }
    assert(search->n_situations < UINT32_MAX - 1);
    search->table[at] = (uint32_t)search->n_situations + 1;
    search->situations = sim_grow(search->situations, &search->capacity,
                                  (search->n_situations + 1) * stand->n_words,
                                  sizeof(*stand->now));
    memcpy(search->situations + search->n_situations * stand->n_words,
           stand->now, stand->n_words * sizeof(*stand->now));
    search->n_situations++;
    if (search->n_situations > search->table_size / 2) {
        grow_table(search);
    }
    return true;
}

/* --- the search ---------------------------------------------------------- */

/* Prepares to go on from where the search stands, unless it was there before.
 */
static void enter(struct search *search)
{
    if (!keep(search)) {
        return;
    }
    search->frames = sim_grow(search->frames, &search->frames_capacity,
                              search->n_frames + 1, sizeof(*search->frames));
    search->frames[search->n_frames++] = (struct frame){
        .situation = (uint32_t)search->n_situations - 1,
        .n_trail = search->stand.n_trail,
        .first_move = search->stand.n_moves,
        .next_move = search->stand.n_moves,
    };
    linear__add_moves(&search->stand);
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x;
    uint32_t b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* The search got to the cut. Notes in which state, unless that is known. */
static void note(struct search *search)
{
    const struct linear_stand *stand = &search->stand;
    const struct linear_op *ops = stand->problem->ops;
    uint32_t value = (uint32_t)stand->now[0];
    if (!keep(search)) {
        return;
    }
    assert(value != LINEAR_IMPOSSIBLE);
    uint32_t *done = sim_calloc(stand->n_trail, sizeof(*done));
    uint32_t n_done = 0;
    for (uint32_t i = 0; i < stand->n_trail; i++) {
        const struct linear_op *op = &ops[stand->trail[i]];
        if (!op->certain) {
            done[n_done++] = op->id;
        }
    }
    qsort(done, n_done, sizeof(*done), by_number);
    struct linear_state state = {.unseen = value == LINEAR_UNSEEN,
                                 .n_done = n_done};
    if (!state.unseen) {
        state.value = search->key->values[value - LINEAR_FIRST_VALUE];
    }
    linear__add_state(search->after, state, done);
    free(done);
}

/* Goes on until all is in order, or nothing is left to try. */
static enum sim_linearizability_verdict explore(struct search *search)
{
    struct linear_stand *stand = &search->stand;
    while (search->n_frames > 0) {
        if ((search->max_work != 0 &&
             search->n_situations >= search->max_work) ||
            (search->after != NULL && search->after->n > search->max_states)) {
            return SIM_LINEARIZABILITY_UNDECIDED;
        }
        struct frame *frame = &search->frames[search->n_frames - 1];
        if (frame->next_move == stand->n_moves) {
            stand->n_moves = frame->first_move;
            search->n_frames--;
            continue;
        }
        linear__go_back(stand, frame->n_trail,
                        situation(search, frame->situation));
        switch (linear__move(stand, stand->moves[frame->next_move++])) {
        case LINEAR_DONE:
            if (search->after == NULL) {
                return SIM_LINEARIZABLE;
            }
            note(search);
            break;
        case LINEAR_OPEN:
            enter(search);
            break;
        case LINEAR_DEAD:
            break;
        }
    }
    return SIM_NOT_LINEARIZABLE;
}

static enum sim_linearizability_verdict explore_from(struct search *search,
                                                     uint32_t initial,
                                                     const uint32_t *done,
                                                     uint32_t n_done)
{
    switch (linear__start(&search->stand, initial, done, n_done)) {
    case LINEAR_DONE:
        if (search->after == NULL) {
            return SIM_LINEARIZABLE;
        }
        note(search);
        return SIM_NOT_LINEARIZABLE;
    case LINEAR_OPEN:
        enter(search);
        return explore(search);
    case LINEAR_DEAD:
        return SIM_NOT_LINEARIZABLE;
    }
    return SIM_NOT_LINEARIZABLE;
}

/* Tries all initial values that make a difference: those that somebody asks
 * about, and one for all others. */
static enum sim_linearizability_verdict explore_from_any(struct search *search)
{
    const struct linear_problem *problem = search->stand.problem;
    bool *matters = sim_calloc(problem->n_values, sizeof(*matters));
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        if (problem->ops[i].need != LINEAR_NEED_NOTHING) {
            matters[problem->ops[i].needed] = true;
        }
    }
    matters[LINEAR_UNSEEN] = true;
    matters[LINEAR_IMPOSSIBLE] = false;
    enum sim_linearizability_verdict verdict = SIM_NOT_LINEARIZABLE;
    for (uint32_t value = 0;
         value < problem->n_values && verdict == SIM_NOT_LINEARIZABLE;
         value++) {
        if (matters[value]) {
            verdict = explore_from(search, value, NULL, 0);
        }
    }
    free(matters);
    return verdict;
}

/* Tries the states until one leads on; all of them if all orders are looked
 * for. */
static enum sim_linearizability_verdict
explore_from_states(struct search *search, const struct linear_starts *starts)
{
    const struct linear_states *states = starts->states;
    enum sim_linearizability_verdict verdict = SIM_NOT_LINEARIZABLE;
    for (size_t i = 0; i < states->n && verdict == SIM_NOT_LINEARIZABLE; i++) {
        const struct linear_state *state = &states->states[i];
        verdict = explore_from(
            search, starts->values[i],
            state->n_done > 0 ? states->done + state->first_done : NULL,
            state->n_done);
    }
    return verdict;
}

static struct search search_new(const struct linear_problem *problem,
                                uint64_t max_work)
{
    return (struct search){
        .stand = linear__stand_new(problem),
        .max_work = max_work,
        .table = sim_calloc(FIRST_TABLE_SIZE, sizeof(uint32_t)),
        .table_size = FIRST_TABLE_SIZE,
    };
}

static void search_free(struct search *search)
{
    linear__stand_free(&search->stand);
    free(search->situations);
    free(search->table);
    free(search->frames);
}

struct linear_answer linear__search(const struct linear_problem *problem,
                                    const struct linear_starts *starts,
                                    uint64_t max_work)
{
    assert(!problem->cuts);
    struct search search = search_new(problem, max_work);
    struct linear_answer answer = {
        .verdict = starts != NULL ? explore_from_states(&search, starts)
                                  : explore_from_any(&search),
    };
    answer.work = search.n_situations;
    search_free(&search);
    return answer;
}

struct linear_answer linear__search_all(const struct linear_problem *problem,
                                        const struct linear_key *key,
                                        uint64_t max_work, size_t max_states,
                                        struct linear_states *after)
{
    assert(problem->cuts);
    struct search search = search_new(problem, max_work);
    search.key = key;
    search.after = after;
    search.max_states = max_states;
    struct linear_answer answer = {
        .verdict = explore_from_states(&search, &key->starts),
    };
    if (answer.verdict == SIM_NOT_LINEARIZABLE && after->n > 0) {
        answer.verdict = SIM_LINEARIZABLE;
    }
    answer.work = search.n_situations;
    search_free(&search);
    return answer;
}
