/* What is to be ordered, made ready for the search. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

/* --- what makes a difference --------------------------------------------- */

/* Until when somebody can need a value, as the last return of those that do.
 * What can happen at any time needs it for ever. */
struct needs {
    uint64_t *equal; /* by value */
    uint64_t other;  /* somebody needs any value but some */
};

/* Up to when it can matter that an operation changed the value. */
static uint64_t useful_until(const struct needs *needs,
                             const struct linear_op *op)
{
    uint64_t equal = needs->equal[op->given];
    return equal > needs->other ? equal : needs->other;
}

static void add_need(struct needs *needs, const struct linear_op *op)
{
    uint64_t *until = NULL;
    switch (op->need) {
    case LINEAR_NEED_NOTHING:
        return;
    case LINEAR_NEED_EQUAL:
        until = &needs->equal[op->needed];
        break;
    case LINEAR_NEED_OTHER:
        until = &needs->other;
        break;
    }
    if (*until < op->returned) {
        *until = op->returned;
    }
}

/* Drops the operations that need not have happened and whose value nobody can
 * need afterwards. In any order that has one of these, the next that changes
 * the value after it does so whatever it was, and what is between them asks
 * about nothing; so the order without it is as good. Others may then have lost
 * the only one that needed theirs: an operation is kept only for one that is
 * kept. */
static void keep_useful(struct linear_problem *problem, struct needs *needs)
{
    struct linear_op *ops = problem->ops;
    bool *kept = sim_calloc(problem->n_ops, sizeof(*kept));
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        if (ops[i].certain || ops[i].stays) {
            kept[i] = true;
            add_need(needs, &ops[i]);
        }
    }
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = problem->n_ops; i-- > 0;) {
            if (!kept[i] && ops[i].invoked < useful_until(needs, &ops[i])) {
                kept[i] = true;
                add_need(needs, &ops[i]);
                more = true;
            }
        }
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        if (kept[i]) {
            ops[n++] = ops[i];
        } else {
            problem->later_givers[ops[i].given]++;
        }
    }
    problem->n_ops = n;
    free(kept);
}

/* Leaves only the needs of what comes after the cut. */
static void look_ahead(struct linear_problem *problem)
{
    const struct linear_op *ops = problem->ops;
    uint32_t n = problem->n_ops;
    for (; n > 0 && ops[n - 1].later; n--) {
        const struct linear_op *op = &ops[n - 1];
        if (op->looms && op->need == LINEAR_NEED_EQUAL) {
            problem->later_needers[op->needed]++;
        }
        if (op->changes) {
            problem->later_givers[op->given]++;
        }
        problem->merges = problem->merges && op->need != LINEAR_NEED_OTHER;
    }
    problem->n_ops = n;
}

/* --- tables -------------------------------------------------------------- */

struct event {
    uint64_t order;
    uint32_t op;
};

static int by_order(const void *x, const void *y)
{
    const struct event *a = x;
    const struct event *b = y;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void order_returns(struct linear_problem *problem, uint64_t cut)
{
    struct event *events = sim_calloc(problem->n_ops, sizeof(*events));
    uint32_t n = 0;
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        if (problem->ops[i].returned != LINEAR_NEVER) {
            events[n++] = (struct event){problem->ops[i].returned, i};
        }
    }
    qsort(events, n, sizeof(*events), by_order);
    problem->returns = sim_calloc(n, sizeof(*problem->returns));
    problem->n_returns = n;
    problem->n_due = n;
    while (problem->n_due > 0 && events[problem->n_due - 1].order > cut) {
        problem->n_due--;
    }
    for (uint32_t place = 0; place < n; place++) {
        problem->returns[place] = events[place].op;
        problem->ops[events[place].op].place = place;
    }
    free(events);
}

/* The place of the return at `order`. */
static uint32_t place_of(const struct linear_problem *problem, uint64_t order)
{
    uint32_t low = 0;
    uint32_t high = problem->n_returns;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (problem->ops[problem->returns[middle]].returned < order) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low < problem->n_returns);
    return low;
}

/* Notes for each operation without return where it ceases to be of use: with a
 * cut nowhere, as it has to be told there which of them took effect. */
static void retire(struct linear_problem *problem, const struct needs *needs)
{
    problem->retiring =
        sim_calloc(problem->n_returns, sizeof(*problem->retiring));
    for (uint32_t place = 0; place < problem->n_returns; place++) {
        problem->retiring[place] = LINEAR_NONE;
    }
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        struct linear_op *op = &problem->ops[i];
        if (op->returned != LINEAR_NEVER) {
            continue;
        }
        uint64_t until = useful_until(needs, op);
        op->place = until == LINEAR_NEVER || problem->cuts
                        ? LINEAR_NONE
                        : place_of(problem, until);
        if (op->place != LINEAR_NONE) {
            op->next_retiring = problem->retiring[op->place];
            problem->retiring[op->place] = i;
        }
    }
}

/* Gives each operation the number of a slot that is free from its invocation to
 * the return at its place. So few slots tell which of the open operations have
 * taken effect. */
static void give_slots(struct linear_problem *problem)
{
    struct linear_op *ops = problem->ops;
    uint32_t *unused = sim_calloc(problem->n_ops, sizeof(*unused));
    uint32_t n_unused = 0;
    uint32_t place = 0;
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        for (; place < problem->n_returns &&
               ops[problem->returns[place]].returned < ops[i].invoked;
             place++) {
            unused[n_unused++] = ops[problem->returns[place]].slot;
            for (uint32_t j = problem->retiring[place]; j != LINEAR_NONE;
                 j = ops[j].next_retiring) {
                unused[n_unused++] = ops[j].slot;
            }
        }
        ops[i].slot = n_unused > 0 ? unused[--n_unused] : problem->n_slots++;
    }
    free(unused);
}

static void index_givers(struct linear_problem *problem)
{
    uint32_t *first = sim_calloc((size_t)problem->n_values + 1, sizeof(*first));
    problem->givers = sim_calloc(problem->n_ops, sizeof(*problem->givers));
    /* Count into the next value's place, sum up, then fill from behind, which
     * brings each first one down to where it belongs. */
    for (uint32_t i = 0; i < problem->n_ops; i++) {
        if (problem->ops[i].returned == LINEAR_NEVER) {
            first[problem->ops[i].given]++;
        }
    }
    for (uint32_t value = 0; value < problem->n_values; value++) {
        first[value + 1] += first[value];
    }
    for (uint32_t i = problem->n_ops; i-- > 0;) {
        if (problem->ops[i].returned == LINEAR_NEVER) {
            problem->givers[--first[problem->ops[i].given]] = i;
        }
    }
    problem->first_giver = first;
}

struct linear_problem *linear__problem_new(struct linear_op *ops, uint32_t n,
                                           uint32_t n_values, uint64_t cut)
{
    struct linear_problem *problem = sim_calloc(1, sizeof(*problem));
    problem->ops = ops;
    problem->n_ops = n;
    problem->n_values = n_values;
    struct needs needs = {.equal = sim_calloc(n_values, sizeof(uint64_t))};
    problem->cuts = cut != LINEAR_NEVER;
    problem->merges = problem->cuts;
    problem->later_needers = sim_calloc(n_values, sizeof(uint32_t));
    problem->later_givers = sim_calloc(n_values, sizeof(uint32_t));
    look_ahead(problem);
    keep_useful(problem, &needs);
    problem->merges = problem->merges && needs.other == 0;
    order_returns(problem, cut);
    retire(problem, &needs);
    give_slots(problem);
    index_givers(problem);
    free(needs.equal);
    return problem;
}

void linear__problem_free(struct linear_problem *problem)
{
    free(problem->ops);
    free(problem->later_needers);
    free(problem->later_givers);
    free(problem->returns);
    free(problem->retiring);
    free(problem->first_giver);
    free(problem->givers);
    free(problem);
}
