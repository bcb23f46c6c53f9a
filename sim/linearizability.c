#undef NDEBUG
#include "sim/linearizability.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

/* --- a history ----------------------------------------------------------- */

struct sim_history {
    struct sim_history_operation *operations;
    size_t n_operations;
    size_t capacity;
    uint64_t n_events; /* invocations and returns */
};

struct sim_history *sim_history_new(void)
{
    return sim_calloc(1, sizeof(struct sim_history));
}

uint32_t sim_history_invoke(struct sim_history *history, uint32_t client,
                            uint64_t time_us,
                            const struct sim_history_request *request)
{
    assert(history->n_operations < UINT32_MAX);
    size_t id = history->n_operations++;
    history->operations =
        sim_grow(history->operations, &history->capacity, history->n_operations,
                 sizeof(*history->operations));
    history->operations[id] = (struct sim_history_operation){
        .client = client,
        .outcome = SIM_HISTORY_UNANSWERED,
        .request = *request,
        .invoked = ++history->n_events,
        .invoked_us = time_us,
    };
    return (uint32_t)id;
}

/* The operation `id`, which waits for its answer. */
static struct sim_history_operation *waiting(struct sim_history *history,
                                             uint32_t id)
{
    assert(id < history->n_operations);
    struct sim_history_operation *operation = &history->operations[id];
    assert(operation->outcome == SIM_HISTORY_UNANSWERED);
    return operation;
}

void sim_history_return(struct sim_history *history, uint32_t id,
                        uint64_t time_us,
                        const struct sim_history_result *result)
{
    struct sim_history_operation *operation = waiting(history, id);
    operation->outcome = SIM_HISTORY_RETURNED;
    operation->result = *result;
    operation->returned = ++history->n_events;
    operation->returned_us = time_us;
}

void sim_history_fail(struct sim_history *history, uint32_t id)
{
    waiting(history, id)->outcome = SIM_HISTORY_FAILED;
}

size_t sim_history_count(const struct sim_history *history)
{
    return history->n_operations;
}

const struct sim_history_operation *
sim_history_get(const struct sim_history *history, uint32_t id)
{
    assert(id < history->n_operations);
    return &history->operations[id];
}

void sim_history_free(struct sim_history *history)
{
    if (history == NULL) {
        return;
    }
    free(history->operations);
    free(history);
}

/* --- the check ----------------------------------------------------------- */

/* The history, split by key. */
struct split {
    struct keyed {
        uint64_t key;
        uint32_t id;
    } * keyed;     /* by key, then by id */
    uint32_t *ids; /* the same ids */
    uint32_t n;
};

static int by_key(const void *x, const void *y)
{
    const struct keyed *a = x;
    const struct keyed *b = y;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Whether anything can be learnt from an operation. */
static bool counts(const struct sim_history_operation *operation)
{
    switch (operation->outcome) {
    case SIM_HISTORY_UNANSWERED:
        return operation->request.kind != SIM_HISTORY_READ;
    case SIM_HISTORY_RETURNED:
        return true;
    case SIM_HISTORY_FAILED:
        return false;
    }
    return false;
}

static struct split split_by_key(const struct sim_history *history)
{
    struct split split = {
        .keyed = sim_calloc(history->n_operations, sizeof(*split.keyed)),
        .ids = sim_calloc(history->n_operations, sizeof(*split.ids)),
    };
    for (uint32_t id = 0; id < history->n_operations; id++) {
        const struct sim_history_operation *operation =
            &history->operations[id];
        if (counts(operation)) {
            split.keyed[split.n++] =
                (struct keyed){.key = operation->request.key, .id = id};
        }
    }
    qsort(split.keyed, split.n, sizeof(*split.keyed), by_key);
    for (uint32_t i = 0; i < split.n; i++) {
        split.ids[i] = split.keyed[i].id;
    }
    return split;
}

/* One past the last operation of the key that starts at `first`. */
static uint32_t end_of_key(const struct split *split, uint32_t first)
{
    uint32_t end = first;
    while (end < split->n && split->keyed[end].key == split->keyed[first].key) {
        end++;
    }
    return end;
}

/* Searches for an order of all that counts of a key. */
static struct linear_answer judge(const struct linear_key *key,
                                  uint64_t max_work)
{
    struct linear_op *ops = sim_calloc(key->n_ops, sizeof(*ops));
    if (key->n_ops > 0) {
        memcpy(ops, key->ops, key->n_ops * sizeof(*ops));
    }
    struct linear_problem *problem =
        linear__problem_new(ops, key->n_ops, key->n_values);
    struct linear_answer answer =
        linear__search(problem, &key->initial, max_work);
    linear__problem_free(problem);
    return answer;
}

void sim_linearizability_check(const struct sim_history *history,
                               uint64_t max_work,
                               struct sim_linearizability *verdict)
{
    *verdict = (struct sim_linearizability){.verdict = SIM_LINEARIZABLE,
                                            .smallest = true};
    struct split split = split_by_key(history);
    verdict->n_operations = split.n;
    uint64_t first_end = LINEAR_NEVER;   /* of all keys that fail */
    struct linear_key *first_key = NULL; /* the one that ends there */
    for (uint32_t first = 0, end; first < split.n; first = end) {
        end = end_of_key(&split, first);
        struct linear_key *key =
            linear__key_new(history, split.ids + first, end - first);
        struct linear_answer answer = judge(key, max_work);
        verdict->n_keys++;
        verdict->work += answer.work;
        if (answer.verdict == SIM_LINEARIZABILITY_UNDECIDED) {
            verdict->n_undecided++;
        }
        if (answer.verdict == SIM_NOT_LINEARIZABLE) {
            bool exact;
            uint64_t key_end = linear__find_end(key, max_work, &exact);
            verdict->smallest = verdict->smallest && exact;
            if (key_end < first_end) {
                struct linear_key *later = first_key;
                first_end = key_end;
                first_key = key;
                key = later;
                verdict->key = split.keyed[first].key;
            }
        }
        linear__key_free(key);
    }
    if (first_key != NULL) {
        verdict->verdict = SIM_NOT_LINEARIZABLE;
        linear__narrow(first_key, first_end, max_work, verdict);
        linear__key_free(first_key);
    } else if (verdict->n_undecided > 0) {
        verdict->verdict = SIM_LINEARIZABILITY_UNDECIDED;
    }
    free(split.keyed);
    free(split.ids);
}

void sim_linearizability_free(struct sim_linearizability *verdict)
{
    free(verdict->window);
    verdict->window = NULL;
    verdict->n_window = 0;
}
