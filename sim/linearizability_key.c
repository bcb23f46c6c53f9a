/* A key: its operations and values, with numbers of its own. */
#include <stdlib.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

/* The values that somebody asks about, or that are to be told apart for
 * another reason, in order, each once. */
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

/* Whether an operation that happened puts a value, whatever was there. */
static bool overwrites(const struct sim_history_operation *operation)
{
    const struct sim_history_request *request = &operation->request;
    switch (request->kind) {
    case SIM_HISTORY_READ:
        return false;
    case SIM_HISTORY_WRITE:
        return true;
    case SIM_HISTORY_COMPARE_AND_SET:
        return operation->outcome == SIM_HISTORY_RETURNED &&
               operation->result.succeeded &&
               request->value != request->expected;
    }
    return false;
}

/* When the last operation was invoked that is known to have put a value between
 * the last cut and the end: what returned before that nobody can see who is not
 * known. 0: none. */
static uint64_t last_put(const struct history_operation *const *operations,
                         uint32_t n, struct linear_cut cut)
{
    for (uint32_t i = n; i > 0; i--) {
        const struct sim_history_operation *operation =
            &operations[i - 1]->told;
        if (operation->invoked > cut.last &&
            operation->outcome == SIM_HISTORY_RETURNED &&
            operation->returned < cut.end && overwrites(operation)) {
            return operation->invoked;
        }
    }
    return 0;
}

/* Whether somebody who is not known yet can see the value of the operation. */
static bool can_be_seen(const struct sim_history_operation *operation,
                        uint64_t last)
{
    return operation->request.kind != SIM_HISTORY_READ &&
           (operation->outcome != SIM_HISTORY_RETURNED ||
            operation->returned > last);
}

static struct values
collect_values(const struct history_operation *const *operations, uint32_t n,
               const struct linear_states *states, struct linear_cut cut)
{
    struct values values = {
        .values = sim_calloc(2 * (size_t)n + states->n, sizeof(uint64_t))};
    uint32_t count = 0;
    bool cuts = cut.at != LINEAR_NEVER;
    uint64_t last = cuts ? last_put(operations, n, cut) : 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct sim_history_operation *operation = &operations[i]->told;
        uint64_t value;
        if (asks_about(operation, &value)) {
            values.values[count++] = value;
        }
        if (cuts && can_be_seen(operation, last)) {
            values.values[count++] = operation->request.value;
        }
    }
    for (size_t i = 0; cuts && last == 0 && i < states->n; i++) {
        if (!states->states[i].unseen) {
            values.values[count++] = states->states[i].value;
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

static struct linear_op translate(const struct history_operation *kept,
                                  const struct values *values,
                                  struct linear_cut cut)
{
    const struct sim_history_operation *operation = &kept->told;
    const struct sim_history_request *request = &operation->request;
    bool returned = operation->outcome == SIM_HISTORY_RETURNED;
    bool crosses = returned && operation->returned > cut.at;
    struct linear_op op = {
        .id = kept->id,
        .invoked = operation->invoked,
        .returned = returned ? operation->returned : LINEAR_NEVER,
        .certain = returned && !crosses,
        .later = operation->invoked > cut.at,
        .looms = crosses && operation->returned < cut.end,
        .stays = crosses,
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

/* What has taken effect in some of the states but not in all has to be told
 * later, too. */
static void let_stay(struct linear_key *key, const struct linear_states *states)
{
    for (size_t i = 0; i < states->n_done; i++) {
        uint32_t low = 0;
        uint32_t high = key->n_ops;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (key->ops[middle].id < states->done[i]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < key->n_ops && key->ops[low].id == states->done[i]) {
            key->ops[low].stays = !key->ops[low].certain;
        }
    }
}

struct linear_key *
linear__key_new(const struct history_operation *const *operations, uint32_t n,
                const struct linear_states *states, struct linear_cut cut)
{
    struct values values = collect_values(operations, n, states, cut);
    struct linear_key *key = sim_calloc(1, sizeof(*key));
    key->ops = sim_calloc(n, sizeof(*key->ops));
    key->n_values = LINEAR_FIRST_VALUE + values.n;
    key->values = values.values;
    key->starts.states = states;
    key->starts.values = sim_calloc(states->n, sizeof(*key->starts.values));
    for (size_t i = 0; i < states->n; i++) {
        const struct linear_state *state = &states->states[i];
        key->starts.values[i] =
            state->unseen ? LINEAR_UNSEEN : number_of(&values, state->value);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct linear_op op = translate(operations[i], &values, cut);
        if (op.certain || op.stays || op.changes) {
            key->ops[key->n_ops++] = op;
        }
    }
    if (cut.at != LINEAR_NEVER) {
        let_stay(key, states);
    }
    return key;
}

void linear__key_free(struct linear_key *key)
{
    if (key == NULL) {
        return;
    }
    free(key->ops);
    free(key->values);
    free(key->starts.values);
    free(key);
}
