/* Where a search stands, and the moves from there. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

#define WORD_BITS 64u

/* The head of the list, also its end. Operation i's call is 2 i + 1 and its
 * return 2 i + 2. */
#define HEAD 0u

/* --- the situation ------------------------------------------------------- */

static uint32_t get_place(const struct linear_stand *stand)
{
    return (uint32_t)(stand->now[0] >> 32);
}

static uint32_t get_value(const struct linear_stand *stand)
{
    return (uint32_t)stand->now[0];
}

static void set_place(struct linear_stand *stand, uint32_t place)
{
    stand->now[0] = (uint64_t)place << 32 | get_value(stand);
}

static void set_value(struct linear_stand *stand, uint32_t value)
{
    stand->now[0] = (uint64_t)get_place(stand) << 32 | value;
}

static bool has_happened(const struct linear_stand *stand,
                         const struct linear_op *op)
{
    return (stand->now[1 + op->slot / WORD_BITS] >> op->slot % WORD_BITS & 1) !=
           0;
}

static void set_happened(struct linear_stand *stand, const struct linear_op *op)
{
    stand->now[1 + op->slot / WORD_BITS] |= UINT64_C(1) << op->slot % WORD_BITS;
}

static void clear_happened(struct linear_stand *stand,
                           const struct linear_op *op)
{
    stand->now[1 + op->slot / WORD_BITS] &=
        ~(UINT64_C(1) << op->slot % WORD_BITS);
}

static bool suits(const struct linear_op *op, uint32_t value)
{
    switch (op->need) {
    case LINEAR_NEED_NOTHING:
        return true;
    case LINEAR_NEED_EQUAL:
        return value == op->needed;
    case LINEAR_NEED_OTHER:
        return value != op->needed;
    }
    return false;
}

/* --- the list ------------------------------------------------------------ */

static bool is_call(uint32_t entry)
{
    return entry % 2 == 1;
}

static uint32_t op_of(uint32_t entry)
{
    return (entry - 1) / 2;
}

static uint32_t append(struct linear_stand *stand, uint32_t last,
                       uint32_t entry)
{
    stand->next[last] = entry;
    stand->previous[entry] = last;
    return entry;
}

/* All stand in the list, by the order of the events. */
static void fill_list(struct linear_stand *stand)
{
    const struct linear_problem *problem = stand->problem;
    const struct linear_op *ops = problem->ops;
    uint32_t last = HEAD;
    uint32_t i = 0;
    for (uint32_t place = 0; place < problem->n_returns; place++) {
        uint32_t returning = problem->returns[place];
        for (; i < problem->n_ops && ops[i].invoked < ops[returning].returned;
             i++) {
            if (ops[i].returned != LINEAR_NEVER) {
                last = append(stand, last, 2 * i + 1);
            }
        }
        last = append(stand, last, 2 * returning + 2);
    }
    append(stand, last, HEAD);
}

/* Counts an operation out, or in again. */
static void count(struct linear_stand *stand, const struct linear_op *op,
                  uint32_t change)
{
    if ((op->certain || op->looms) && op->need == LINEAR_NEED_EQUAL) {
        stand->needers[op->needed] += change;
    }
    if (op->changes) {
        stand->left_givers[op->given] += change;
    }
}

static void take_out(struct linear_stand *stand, uint32_t i)
{
    const struct linear_op *op = &stand->problem->ops[i];
    if (op->returned != LINEAR_NEVER) {
        for (uint32_t entry = 2 * i + 1; entry <= 2 * i + 2; entry++) {
            stand->next[stand->previous[entry]] = stand->next[entry];
            stand->previous[stand->next[entry]] = stand->previous[entry];
        }
    }
    count(stand, op, UINT32_MAX); /* minus one */
    stand->trail[stand->n_trail++] = i;
}

/* Puts back what was taken out last until `n_trail` are out. */
static void put_back(struct linear_stand *stand, uint32_t n_trail)
{
    while (stand->n_trail > n_trail) {
        uint32_t i = stand->trail[--stand->n_trail];
        const struct linear_op *op = &stand->problem->ops[i];
        count(stand, op, 1);
        if (op->returned == LINEAR_NEVER) {
            continue;
        }
        for (uint32_t entry = 2 * i + 2; entry >= 2 * i + 1; entry--) {
            stand->next[stand->previous[entry]] = entry;
            stand->previous[stand->next[entry]] = entry;
        }
    }
}

/* --- moves --------------------------------------------------------------- */

/* Goes on to a return: the slots of what returned before are free again. */
static void pass(struct linear_stand *stand, uint32_t place)
{
    const struct linear_problem *problem = stand->problem;
    for (uint32_t past = get_place(stand); past < place; past++) {
        clear_happened(stand, &problem->ops[problem->returns[past]]);
        for (uint32_t i = problem->retiring[past]; i != LINEAR_NONE;
             i = problem->ops[i].next_retiring) {
            clear_happened(stand, &problem->ops[i]);
        }
    }
    set_place(stand, place);
}

/* Whether it makes no difference that the operation takes effect at once. An
 * unseen value on top of another changes nothing that anyone could tell; later
 * it could only be in the way of a value that is seen. */
static bool is_idle(const struct linear_stand *stand,
                    const struct linear_op *op, uint32_t value)
{
    if (!op->changes) {
        return suits(op, value);
    }
    return stand->problem->merges && value == LINEAR_UNSEEN &&
           op->given == LINEAR_UNSEEN && op->need == LINEAR_NEED_NOTHING;
}

/* Lets everything happen that changes nothing, and goes on to the first return
 * of what is left. What is on the trail from `n_trail` on is news. */
static void settle(struct linear_stand *stand, uint32_t n_trail)
{
    const struct linear_problem *problem = stand->problem;
    const struct linear_op *ops = problem->ops;
    uint32_t value = get_value(stand);
    uint32_t before = HEAD;
    uint32_t entry;
    while (is_call(entry = stand->next[before])) {
        const struct linear_op *op = &ops[op_of(entry)];
        if (is_idle(stand, op, value)) {
            take_out(stand, op_of(entry));
        } else {
            before = entry;
        }
    }
    pass(stand, entry == HEAD ? problem->n_returns : ops[op_of(entry)].place);
    /* Only now: one of these may have a slot that became free. */
    for (uint32_t i = n_trail; i < stand->n_trail; i++) {
        const struct linear_op *op = &ops[stand->trail[i]];
        if (op->place >= get_place(stand)) {
            set_happened(stand, op);
        }
    }
}

/* Whether a certain operation needs a value that cannot come any more. */
static bool is_missed(const struct linear_stand *stand, uint32_t value)
{
    return value != get_value(stand) && stand->needers[value] > 0 &&
           stand->left_givers[value] == 0;
}

static enum linear_outlook outlook(const struct linear_stand *stand)
{
    return get_place(stand) >= stand->problem->n_due ? LINEAR_DONE
                                                     : LINEAR_OPEN;
}

/* The operation of that number; one that was dropped makes no difference. */
static uint32_t find_op(const struct linear_problem *problem, uint32_t id)
{
    uint32_t low = 0;
    uint32_t high = problem->n_ops;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (problem->ops[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < problem->n_ops && problem->ops[low].id == id ? low
                                                              : LINEAR_NONE;
}

enum linear_outlook linear__start(struct linear_stand *stand, uint32_t initial,
                                  const uint32_t *done, uint32_t n_done)
{
    put_back(stand, 0);
    memset(stand->now, 0, stand->n_words * sizeof(*stand->now));
    set_value(stand, initial);
    for (uint32_t i = 0; i < n_done; i++) {
        uint32_t op = find_op(stand->problem, done[i]);
        if (op != LINEAR_NONE) {
            take_out(stand, op);
        }
    }
    for (uint32_t value = 0; value < stand->problem->n_values; value++) {
        if (is_missed(stand, value)) {
            return LINEAR_DEAD;
        }
    }
    settle(stand, 0);
    return outlook(stand);
}

enum linear_outlook linear__move(struct linear_stand *stand, uint32_t move)
{
    const struct linear_problem *problem = stand->problem;
    uint32_t n_trail = stand->n_trail;
    uint32_t gone = get_value(stand); /* a value that there may be less of */
    if (move == LINEAR_DID_NOT_HAPPEN) {
        uint32_t did_not = problem->returns[get_place(stand)];
        gone = problem->ops[did_not].given;
        take_out(stand, did_not);
    } else {
        const struct linear_op *op = &problem->ops[move];
        set_value(stand, op->given);
        set_happened(stand, op);
        take_out(stand, move);
    }
    n_trail++;
    if (is_missed(stand, gone)) {
        return LINEAR_DEAD;
    }
    settle(stand, n_trail);
    return outlook(stand);
}

void linear__go_back(struct linear_stand *stand, uint32_t n_trail,
                     const uint64_t *words)
{
    put_back(stand, n_trail);
    memcpy(stand->now, words, stand->n_words * sizeof(*words));
}

static void add_move(struct linear_stand *stand, uint32_t move)
{
    stand->moves = sim_grow(stand->moves, &stand->moves_capacity,
                            stand->n_moves + 1, sizeof(*stand->moves));
    stand->moves[stand->n_moves++] = move;
}

static void want(struct linear_stand *stand, uint32_t value)
{
    if (!stand->is_wanted[value]) {
        stand->is_wanted[value] = true;
        stand->wanted[stand->n_wanted++] = value;
    }
}

/* Any value would do but the one that is there. */
static void want_any_other(struct linear_stand *stand)
{
    const struct linear_problem *problem = stand->problem;
    uint32_t n_givers = problem->first_giver[problem->n_values];
    for (uint32_t i = 0; i < n_givers;) {
        uint32_t value = problem->ops[problem->givers[i]].given;
        if (value != get_value(stand)) {
            want(stand, value);
        }
        i = problem->first_giver[value + 1];
    }
}

/* Adds the operations without return that give a wanted value. If one of them
 * needs another value first, that one is wanted too. */
static void add_givers(struct linear_stand *stand, uint32_t wanted)
{
    const struct linear_problem *problem = stand->problem;
    const struct linear_op *ops = problem->ops;
    uint64_t now = ops[problem->returns[get_place(stand)]].returned;
    bool written = false;
    bool exchanged = false;
    for (uint32_t i = problem->first_giver[wanted];
         i < problem->first_giver[wanted + 1]; i++) {
        uint32_t giver = problem->givers[i];
        const struct linear_op *op = &ops[giver];
        if (op->invoked > now) {
            break;
        }
        if (has_happened(stand, op)) {
            continue;
        }
        if (op->need == LINEAR_NEED_NOTHING) {
            if (!written) {
                add_move(stand, giver);
            }
            written = true;
        } else if (suits(op, get_value(stand))) {
            if (!exchanged) {
                add_move(stand, giver);
            }
            exchanged = true;
        } else {
            want(stand, op->needed);
        }
    }
}

void linear__add_moves(struct linear_stand *stand)
{
    const struct linear_op *ops = stand->problem->ops;
    uint32_t value = get_value(stand);
    if (!ops[stand->problem->returns[get_place(stand)]].certain) {
        add_move(stand, LINEAR_DID_NOT_HAPPEN);
    }
    bool any_other = false;
    for (uint32_t entry = stand->next[HEAD]; is_call(entry);
         entry = stand->next[entry]) {
        const struct linear_op *op = &ops[op_of(entry)];
        if (suits(op, value)) {
            add_move(stand, op_of(entry));
        } else if (op->need == LINEAR_NEED_EQUAL) {
            want(stand, op->needed);
        } else {
            any_other = true;
        }
    }
    if (any_other) {
        want_any_other(stand);
    }
    for (uint32_t i = 0; i < stand->n_wanted; i++) {
        add_givers(stand, stand->wanted[i]);
    }
    while (stand->n_wanted > 0) {
        stand->is_wanted[stand->wanted[--stand->n_wanted]] = false;
    }
}

/* --- life ---------------------------------------------------------------- */

struct linear_stand linear__stand_new(const struct linear_problem *problem)
{
    assert(problem->n_ops < UINT32_MAX / 2);
    size_t n_entries = 2 * (size_t)problem->n_ops + 1;
    struct linear_stand stand = {
        .problem = problem,
        .n_words = 1 + (problem->n_slots + WORD_BITS - 1) / WORD_BITS,
        .next = sim_calloc(n_entries, sizeof(uint32_t)),
        .previous = sim_calloc(n_entries, sizeof(uint32_t)),
        .trail = sim_calloc(problem->n_ops, sizeof(uint32_t)),
        .needers = sim_calloc(problem->n_values, sizeof(uint32_t)),
        .left_givers = sim_calloc(problem->n_values, sizeof(uint32_t)),
        .wanted = sim_calloc(problem->n_values, sizeof(uint32_t)),
        .is_wanted = sim_calloc(problem->n_values, sizeof(bool)),
    };
    stand.now = sim_calloc(stand.n_words, sizeof(*stand.now));
    fill_list(&stand);
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        count(&stand, &problem->ops[i], 1);
    }
    for (uint32_t value = 0; problem->cuts && value < problem->n_values;
         value++) {
        stand.needers[value] += problem->later_needers[value];
        stand.left_givers[value] += problem->later_givers[value];
    }
    return stand;
}

void linear__stand_free(struct linear_stand *stand)
{
    free(stand->now);
    free(stand->next);
    free(stand->previous);
    free(stand->trail);
    free(stand->needers);
    free(stand->left_givers);
    free(stand->moves);
    free(stand->wanted);
    free(stand->is_wanted);
}
