#undef NDEBUG
#include "sim/linearizability_history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/hash.h"
#include "sim/memory.h"

#define FIRST_TABLE_SIZE ((size_t)16)

struct sim_history *sim_history_new(void)
{
    return sim_calloc(1, sizeof(struct sim_history));
}

void sim_history_keep(struct sim_history *history, size_t limit)
{
    assert(history->n_invoked == 0);
    history->limit = limit;
}

void sim_history_free(struct sim_history *history)
{
    if (history == NULL) {
        return;
    }
    for (uint32_t i = 0; i < history->n_keys; i++) {
        free(history->keys[i].ids);
        linear__states_clear(&history->keys[i].first_states);
        linear__states_clear(&history->keys[i].states);
    }
    free(history->keys);
    free(history->table);
    free(history->operations);
    free(history);
}

/* --- keys ----------------------------------------------------------------- */

/* Where the table has the key, or could have it. */
static size_t find_key(const struct sim_history *history, uint64_t key)
{
    struct sim_hash hash = {0};
    sim_hash_word(&hash, key);
    size_t mask = history->table_size - 1;
    size_t at = (size_t)sim_hash_value(&hash) & mask;
    while (history->table[at] != 0 &&
           history->keys[history->table[at] - 1].key != key) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow_table(struct sim_history *history)
{
    free(history->table);
    history->table_size =
        history->table_size == 0 ? FIRST_TABLE_SIZE : history->table_size * 2;
    history->table = sim_calloc(history->table_size, sizeof(*history->table));
    for (uint32_t i = 0; i < history->n_keys; i++) {
        history->table[find_key(history, history->keys[i].key)] = i + 1;
    }
}

struct history_key *history__key(const struct sim_history *history,
                                 uint64_t key)
{
    uint32_t place = history->table[find_key(history, key)];
    assert(place > 0);
    return &history->keys[place - 1];
}

/* The key, which may be new. */
static struct history_key *add_key(struct sim_history *history, uint64_t key)
{
    if ((size_t)history->n_keys * 2 >= history->table_size) {
        grow_table(history);
    }
    size_t at = find_key(history, key);
    if (history->table[at] == 0) {
        history->keys =
            sim_grow(history->keys, &history->keys_capacity,
                     (size_t)history->n_keys + 1, sizeof(*history->keys));
        history->table[at] = ++history->n_keys;
        struct history_key *new = &history->keys[history->n_keys - 1];
        struct linear_state nothing = {0};
        *new = (struct history_key){.key = key};
        linear__add_state(&new->first_states, nothing, NULL);
        linear__add_state(&new->states, nothing, NULL);
    }
    return &history->keys[history->table[at] - 1];
}

/* --- operations ----------------------------------------------------------- */

/* The place of an operation; if it is not kept, of the first after it. */
static size_t place_of(const struct sim_history *history, uint32_t id)
{
    size_t n_dense = history->n_operations - history->dense;
    size_t from_end = history->n_invoked - id;
    if (from_end <= n_dense) {
        return history->n_operations - from_end;
    }
    size_t low = 0;
    size_t high = history->dense;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (history->operations[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct history_operation *history__get(const struct sim_history *history,
                                       uint32_t id)
{
    assert(id < history->n_invoked);
    struct history_operation *found =
        &history->operations[place_of(history, id)];
    assert(found->id == id);
    assert(!found->forgotten);
    return found;
}

uint32_t sim_history_invoke(struct sim_history *history, uint32_t client,
                            uint64_t time_us,
                            const struct sim_history_request *request)
{
    assert(history->n_invoked < UINT32_MAX);
    uint32_t id = history->n_invoked++;
    size_t place = history->n_operations++;
    history->operations =
        sim_grow(history->operations, &history->capacity, history->n_operations,
                 sizeof(*history->operations));
    history->operations[place] = (struct history_operation){
        .told = {.client = client,
                 .outcome = SIM_HISTORY_UNANSWERED,
                 .request = *request,
                 .invoked = ++history->n_events,
                 .invoked_us = time_us},
        .over = HISTORY_OPEN,
        .id = id,
    };
    struct history_key *key = add_key(history, request->key);
    key->ids =
        sim_grow(key->ids, &key->ids_capacity, key->n_ids + 1, sizeof(id));
    key->ids[key->n_ids++] = id;
    return id;
}

/* The operation `id`, which waits for its answer. */
static struct history_operation *waiting(struct sim_history *history,
                                         uint32_t id)
{
    struct history_operation *operation = history__get(history, id);
    assert(operation->told.outcome == SIM_HISTORY_UNANSWERED);
    assert(!operation->given_up);
    return operation;
}

/* An operation of the key came to its end: perhaps it is time to cut. */
static void go_on(struct sim_history *history, uint64_t key)
{
    if (history->limit > 0) {
        struct history_key *of = history__key(history, key);
        of->n_over++;
        linear__cut(history, of);
    }
}

void sim_history_return(struct sim_history *history, uint32_t id,
                        uint64_t time_us,
                        const struct sim_history_result *result)
{
    struct history_operation *operation = waiting(history, id);
    operation->told.outcome = SIM_HISTORY_RETURNED;
    operation->told.result = *result;
    operation->told.returned = ++history->n_events;
    operation->told.returned_us = time_us;
    operation->over = operation->told.returned;
    go_on(history, operation->told.request.key);
}

void sim_history_fail(struct sim_history *history, uint32_t id)
{
    struct history_operation *operation = waiting(history, id);
    operation->told.outcome = SIM_HISTORY_FAILED;
    operation->over = history->n_events;
    go_on(history, operation->told.request.key);
}

void sim_history_give_up(struct sim_history *history, uint32_t id)
{
    struct history_operation *operation = waiting(history, id);
    operation->given_up = true;
    if (operation->told.request.kind == SIM_HISTORY_READ) {
        operation->over = history->n_events;
    } else {
        history__key(history, operation->told.request.key)->n_given_up++;
    }
    go_on(history, operation->told.request.key);
}

size_t sim_history_count(const struct sim_history *history)
{
    return history->n_invoked;
}

const struct sim_history_operation *
sim_history_get(const struct sim_history *history, uint32_t id)
{
    return &history__get(history, id)->told;
}

bool history__counts(const struct sim_history_operation *operation)
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

/* --- what is kept --------------------------------------------------------- */

size_t sim_history_kept(const struct sim_history *history)
{
    return history->n_operations - history->n_forgotten;
}

uint32_t sim_history_next(const struct sim_history *history, uint32_t id)
{
    size_t place =
        id < history->n_invoked ? place_of(history, id) : history->n_operations;
    while (place < history->n_operations &&
           history->operations[place].forgotten) {
        place++;
    }
    return place < history->n_operations ? history->operations[place].id
                                         : history->n_invoked;
}

uint64_t sim_history_forgettings(const struct sim_history *history)
{
    return history->n_forgettings;
}

void sim_history_each_value(const struct sim_history *history,
                            struct sim_history_visitor *visitor)
{
    for (size_t i = 0; i < history->n_operations; i++) {
        const struct history_operation *operation = &history->operations[i];
        if (!operation->forgotten) {
            visitor->visit(visitor, operation->told.request.value);
            visitor->visit(visitor, operation->told.request.expected);
            visitor->visit(visitor, operation->told.result.value);
        }
    }
    for (uint32_t i = 0; i < history->n_keys; i++) {
        const struct history_key *key = &history->keys[i];
        for (size_t j = 0; j < key->first_states.n; j++) {
            visitor->visit(visitor, key->first_states.states[j].value);
        }
        for (size_t j = 0; j < key->states.n; j++) {
            visitor->visit(visitor, key->states.states[j].value);
        }
    }
}

/* Closes the gaps, once half of the places are empty. */
static void compact(struct sim_history *history)
{
    if (history->n_forgotten * 2 < history->n_operations) {
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < history->n_operations; i++) {
        if (!history->operations[i].forgotten) {
            history->operations[n++] = history->operations[i];
        }
    }
    history->n_operations = n;
    history->n_forgotten = 0;
    history->dense = n;
    while (history->dense > 0 && history->operations[history->dense - 1].id +
                                         (n - history->dense + 1) ==
                                     history->n_invoked) {
        history->dense--;
    }
}

void history__forget(struct sim_history *history, struct history_key *key)
{
    size_t n = 0;
    for (size_t i = 0; i < key->n_ids; i++) {
        struct history_operation *operation =
            history__get(history, key->ids[i]);
        const struct sim_history_request *request = &operation->told.request;
        if (operation->over > key->first_cut) {
            key->ids[n++] = key->ids[i];
            continue;
        }
        operation->forgotten = true;
        history->n_forgotten++;
        key->n_forgotten += history__counts(&operation->told);
        if (request->kind != SIM_HISTORY_READ &&
            key->highest_forgotten < request->value) {
            key->highest_forgotten = request->value;
        }
    }
    key->n_ids = n;
    history->n_forgettings++;
    compact(history);
}

/* --- states --------------------------------------------------------------- */

void linear__add_state(struct linear_states *states, struct linear_state state,
                       const uint32_t *done)
{
    state.first_done = (uint32_t)states->n_done;
    states->states = sim_grow(states->states, &states->capacity, states->n + 1,
                              sizeof(*states->states));
    states->states[states->n++] = state;
    if (state.n_done > 0) {
        states->done =
            sim_grow(states->done, &states->done_capacity,
                     states->n_done + state.n_done, sizeof(*states->done));
        memcpy(states->done + states->n_done, done,
               state.n_done * sizeof(*done));
        states->n_done += state.n_done;
    }
}

void linear__states_clear(struct linear_states *states)
{
    free(states->states);
    free(states->done);
    *states = (struct linear_states){0};
}
