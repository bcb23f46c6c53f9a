#include <stdlib.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

/* A part of a key's history in which some operations are taken for certain and
 * all others may have happened or not. */
struct window {
    const struct linear_key *key;
    uint64_t max_work;
    uint64_t start; /* what returned before is gone; 0: the key's start */
    uint64_t end;   /* the return at which it ends */
    bool *certain;  /* by operation */
    bool undecided; /* a search reached its limit */
};

/* The operations of the window as a problem of their own. */
static struct linear_problem *problem_of(const struct window *window)
{
    const struct linear_key *key = window->key;
    struct linear_op *ops = sim_calloc(key->n_ops, sizeof(*ops));
    uint32_t n = 0;
    for (uint32_t i = 0; i < key->n_ops && key->ops[i].invoked < window->end;
         i++) {
        struct linear_op op = key->ops[i];
        op.certain = window->certain[i];
        if (op.returned < window->start || (!op.certain && !op.changes)) {
            continue;
        }
        if (op.returned > window->end) {
            op.returned = LINEAR_NEVER;
        }
        ops[n++] = op;
    }
    return linear__problem_new(ops, n, key->n_values, LINEAR_NEVER);
}

/* Whether it is certain that the window has no order. The more operations are
 * certain, and the earlier it starts, the more it has none. */
static bool fails(struct window *window)
{
    struct linear_problem *problem = problem_of(window);
    struct linear_answer answer = linear__search(
        problem, window->start == 0 ? &window->key->starts : NULL,
        window->max_work);
    linear__problem_free(problem);
    if (answer.verdict == SIM_LINEARIZABILITY_UNDECIDED) {
        window->undecided = true;
    }
    return answer.verdict == SIM_NOT_LINEARIZABLE;
}

/* Makes `n` operations certain or not. */
static void make_certain(struct window *window, const uint32_t *returned,
                         uint32_t n, bool certain)
{
    for (uint32_t i = 0; i < n; i++) {
        window->certain[returned[i]] = certain;
    }
}

/* Lets the window start with the last of the operations that it can start with.
 * Returns which one that is. */
static uint32_t find_start(struct window *window, const uint32_t *returned,
                           uint32_t n)
{
    const struct linear_op *ops = window->key->ops;
    /* What was open at the key's start may have met operations that are
     * forgotten: no window can start with it. */
    uint32_t n_met = 0;
    while (n_met < n && ops[returned[n_met]].invoked < window->key->first_cut) {
        n_met++;
    }
    /* Start `n_met` is the key's, a higher start s is the invocation of
     * operation s - 1. Start `low` fails, start `high` does not. */
    uint32_t low = n_met;
    uint32_t high = n + 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        make_certain(window, returned, middle - 1, false);
        make_certain(window, returned + middle - 1, n - (middle - 1), true);
        window->start = ops[returned[middle - 1]].invoked;
        if (fails(window)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    window->start = low == n_met ? 0 : ops[returned[low - 1]].invoked;
    return low == n_met ? 0 : low - 1;
}

/* Leaves as many of `n` operations certain as are needed. Each time around, the
 * least number is found such that the window fails with the first so many of
 * them; then the last of these is needed, and those after it are not. */
static void drop(struct window *window, const uint32_t *returned, uint32_t n)
{
    make_certain(window, returned, n, false);
    while (!fails(window)) {
        /* With the first `high` it fails, with the first `low` it does not. */
        uint32_t low = 0;
        uint32_t high = n;
        while (high - low > 1) {
            uint32_t middle = low + (high - low) / 2;
            make_certain(window, returned, middle, true);
            if (fails(window)) {
                high = middle;
            } else {
                low = middle;
            }
            make_certain(window, returned, middle, false);
        }
        if (high == 0) {
            break;
        }
        n = high - 1;
        window->certain[returned[n]] = true;
    }
}

/* The operations that returned until `end`, by invocation, in `returned`.
 * Returns how many they are. */
static uint32_t find_returned(const struct linear_key *key, uint64_t end,
                              uint32_t *returned)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < key->n_ops; i++) {
        if (key->ops[i].returned <= end) {
            returned[n++] = i;
        }
    }
    return n;
}

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* Whether the prefix that ends with the return `window->end` has no order. */
static bool prefix_fails(struct window *window)
{
    for (uint32_t i = 0; i < window->key->n_ops; i++) {
        window->certain[i] = window->key->ops[i].returned <= window->end;
    }
    return fails(window);
}

uint64_t linear__find_end(const struct linear_key *key, uint64_t max_work,
                          bool *exact)
{
    struct window window = {
        .key = key,
        .max_work = max_work,
        .certain = sim_calloc(key->n_ops, sizeof(*window.certain)),
    };
    uint64_t *ends = sim_calloc(key->n_ops, sizeof(*ends));
    uint32_t n = 0;
    for (uint32_t i = 0; i < key->n_ops; i++) {
        if (key->ops[i].returned != LINEAR_NEVER) {
            ends[n++] = key->ops[i].returned;
        }
    }
    qsort(ends, n, sizeof(*ends), by_number);
    /* With the first `high` returns there is no order, with the first `low`
     * there is one. */
    uint32_t low = 0;
    uint32_t high = n;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        window.end = ends[middle - 1];
        if (prefix_fails(&window)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    uint64_t end = ends[high - 1];
    *exact = !window.undecided;
    free(ends);
    free(window.certain);
    return end;
}

/* The key may have had this value at first. */
static void note_first(struct sim_linearizability *verdict,
                       const struct linear_state *state)
{
    uint64_t value = state->value;
    if (state->unseen) {
        verdict->first_unseen = true;
        return;
    }
    for (size_t i = 0; i < verdict->n_first; i++) {
        if (verdict->first[i] == value) {
            return;
        }
    }
    if (verdict->n_first < SIM_LINEARIZABILITY_FIRST) {
        verdict->first[verdict->n_first] = value;
    }
    verdict->n_first++;
}

void linear__narrow(const struct linear_key *key, uint64_t end,
                    uint64_t max_work, struct sim_linearizability *verdict)
{
    struct window window = {
        .key = key,
        .max_work = max_work,
        .end = end,
        .certain = sim_calloc(key->n_ops, sizeof(*window.certain)),
    };
    uint32_t *returned = sim_calloc(key->n_ops, sizeof(*returned));
    uint32_t n = find_returned(key, end, returned);
    uint32_t first = find_start(&window, returned, n);
    make_certain(&window, returned, first, false);
    drop(&window, returned + first, n - first);

    verdict->from_start = window.start == 0 && key->first_cut == 0;
    verdict->from_cut = window.start == 0 && key->first_cut > 0;
    for (size_t i = 0; verdict->from_cut && i < key->starts.states->n; i++) {
        note_first(verdict, &key->starts.states->states[i]);
    }
    verdict->smallest = verdict->smallest && !window.undecided;
    verdict->window = sim_calloc(n, sizeof(*verdict->window));
    for (uint32_t i = 0; i < n; i++) {
        if (window.certain[returned[i]]) {
            verdict->window[verdict->n_window++] = key->ops[returned[i]].id;
        }
    }
    free(returned);
    free(window.certain);
}
