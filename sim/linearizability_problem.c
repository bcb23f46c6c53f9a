#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

/* --- a key --------------------------------------------------------------- */

/* The values that somebody asks about, in order, each once. */
struct values {
    uint64_t *values;
    uint32_t n;
};

static int compare_values(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* What an operation asks about; false if nothing, or if what it saw cannot be.
 */
static bool asks_about(const struct sim_history_operation *operation,
                       uint64_t *value)
{
    const struct sim_history_request *request = &operation->request;
    const struct sim_history_result *result = &operation->result;
    bool returned = operation->outcome == SIM_HISTORY_RETURNED;
    switch (request->kind) {
    case SIM_HISTORY_READ:
        *value = result->value;
        return true;
    case SIM_HISTORY_WRITE:
        return false;
    case SIM_HISTORY_COMPARE_AND_SET:
        *value = request->expected;
        if (returned && result->saw_value) {
            *value = result->value;
            return (result->value == request->expected) == result->succeeded;
        }
        return true;
    }
    return false;
}

static struct values collect_values(const struct sim_history *history,
                                    const uint32_t *ids, uint32_t n)
{
    struct values values = {.values = sim_calloc(n, sizeof(*values.values))};
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t value;
        if (asks_about(sim_history_get(history, ids[i]), &value)) {
            values.values[count++] = value;
        }
    }
    qsort(values.values, count, sizeof(*values.values), compare_values);
    for (uint32_t i = 0; i < count; i++) {
        if (values.n == 0 || values.values[values.n - 1] != values.values[i]) {
            values.values[values.n++] = values.values[i];
        }
    }
    return values;
}

static uint32_t number_of(const struct values *values, uint64_t value)
{
    const uint64_t *found = bsearch(&value, values->values, values->n,
                                    sizeof(value), compare_values);
    return found == NULL
               ? LINEAR_UNSEEN
               : LINEAR_FIRST_VALUE + (uint32_t)(found - values->values);
}

static struct linear_op translate(const struct sim_history_operation *operation,
                                  const struct values *values)
{
    const struct sim_history_request *request = &operation->request;
    bool returned = operation->outcome == SIM_HISTORY_RETURNED;
    struct linear_op op = {
        .invoked = operation->invoked,
        .returned = returned ? operation->returned : LINEAR_NEVER,
        .certain = returned,
        .need = LINEAR_NEED_NOTHING,
    };
    uint64_t value;
    if (asks_about(operation, &value)) {
        op.need = LINEAR_NEED_EQUAL;
        op.needed = number_of(values, value);
    } else if (request->kind == SIM_HISTORY_COMPARE_AND_SET) {
        op.need = LINEAR_NEED_EQUAL;
        op.needed = LINEAR_IMPOSSIBLE;
    }
    if (request->kind == SIM_HISTORY_WRITE) {
        op.changes = true;
        op.given = number_of(values, request->value);
    }
    if (request->kind == SIM_HISTORY_COMPARE_AND_SET) {
        if (!returned || operation->result.succeeded) {
            op.changes = request->value != request->expected;
            op.given = number_of(values, request->value);
        } else if (!operation->result.saw_value) {
            op.need = LINEAR_NEED_OTHER;
        }
    }
    return op;
}

struct linear_key *linear__key_new(const struct sim_history *history,
                                   const uint32_t *ids, uint32_t n)
{
    struct values values = collect_values(history, ids, n);
    struct linear_key *key = sim_calloc(1, sizeof(*key));
    key->ops = sim_calloc(n, sizeof(*key->ops));
    key->ids = sim_calloc(n, sizeof(*key->ids));
    key->n_values = LINEAR_FIRST_VALUE + values.n;
    key->initial = number_of(&values, 0);
    for (uint32_t i = 0; i < n; i++) {
        struct linear_op op =
            translate(sim_history_get(history, ids[i]), &values);
        if (op.certain || op.changes) {
            key->ops[key->n_ops] = op;
            key->ids[key->n_ops] = ids[i];
            key->n_ops++;
        }
    }
    free(values.values);
    return key;
}

void linear__key_free(struct linear_key *key)
{
    if (key == NULL) {
        return;
    }
    free(key->ops);
    free(key->ids);
    free(key);
}

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
        if (ops[i].certain) {
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
        }
    }
    problem->n_ops = n;
    free(kept);
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

static void order_returns(struct linear_problem *problem)
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

/* Notes for each operation without return where it ceases to be of use. */
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
        op->place =
            until == LINEAR_NEVER ? LINEAR_NONE : place_of(problem, until);
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
                                           uint32_t n_values)
{
    struct linear_problem *problem = sim_calloc(1, sizeof(*problem));
    problem->ops = ops;
    problem->n_ops = n;
    problem->n_values = n_values;
    struct needs needs = {.equal = sim_calloc(n_values, sizeof(uint64_t))};
    keep_useful(problem, &needs);
    order_returns(problem);
    retire(problem, &needs);
    give_slots(problem);
    index_givers(problem);
    free(needs.equal);
    return problem;
}

void linear__problem_free(struct linear_problem *problem)
{
    free(problem->ops);
    free(problem->returns);
    free(problem->retiring);
    free(problem->first_giver);
    free(problem->givers);
    free(problem);
}
