/* Cuts: what a key's past can have left, found out as the history goes on.
 *
 * A key is tried each time that enough of its operations have ended since its
 * last cut. All that is open at a cut must have ended by the time it is made,
 * or have been given up: then each of them is known to have taken effect some
 * day, and with which result, or need not ever. Of all such moments the one
 * with the fewest operations open leaves the fewest states. Where too many are
 * left, or the search takes too long, the key is tried again when twice as much
 * has gathered; nothing is lost but room. */
#include <stdlib.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

/* A cut is worth its cost for so many operations, unless even fewer are to be
 * kept. */
#define LEAST_OPERATIONS 64u

/* So many situations are looked through for each operation at most. About one
 * is usual, and two where thirty clients read and write the same key. */
#define WORK_FOR_EACH UINT64_C(8)
#define WORK_FOR_ALL UINT64_C(4096)

/* More states than this are not carried on. Some tens are many. */
#define MAX_STATES ((size_t)2048)

/* The part of a key's history in which the cut may be. */
struct zone {
    const struct history_operation *
        *operations; /* that count and were open at
                        the last cut, or came later */
    uint32_t n_operations;
    uint64_t end;      /* what was invoked before has ended */
    uint64_t *returns; /* up to there, rising */
    uint32_t n_returns;
};

static int by_number(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static void zone_free(struct zone *zone)
{
    free(zone->operations);
    free(zone->returns);
}

/* What waits for an answer ends the zone. */
static struct zone zone_new(const struct sim_history *history,
                            const struct history_key *key)
{
    struct zone zone = {
        .operations = sim_calloc(key->n_ids, sizeof(*zone.operations)),
        .returns = sim_calloc(key->n_ids, sizeof(*zone.returns)),
        .end = LINEAR_NEVER,
    };
    for (size_t i = 0; i < key->n_ids; i++) {
        const struct history_operation *operation =
            history__get(history, key->ids[i]);
        if (operation->told.outcome == SIM_HISTORY_UNANSWERED &&
            !operation->given_up) {
            zone.end = operation->told.invoked;
            break;
        }
        if (operation->over > key->cut && history__counts(&operation->told)) {
            zone.operations[zone.n_operations++] = operation;
        }
    }
    for (uint32_t i = 0; i < zone.n_operations; i++) {
        const struct sim_history_operation *operation =
            &zone.operations[i]->told;
        if (operation->outcome == SIM_HISTORY_RETURNED &&
            operation->returned < zone.end) {
            zone.returns[zone.n_returns++] = operation->returned;
        }
    }
    qsort(zone.returns, zone.n_returns, sizeof(*zone.returns), by_number);
    return zone;
}

/* The last of the returns in the zone's later half after which the fewest
 * operations are open that were not given up. The very last are left to tell
 * what became of those. */
static uint64_t best_cut(const struct zone *zone)
{
    uint64_t best = 0;
    uint32_t fewest = UINT32_MAX;
    uint32_t next = 0;
    uint32_t n_invoked = 0;
    for (uint32_t i = 0; i + zone->n_returns / 8 < zone->n_returns; i++) {
        for (; next < zone->n_operations; next++) {
            const struct sim_history_operation *operation =
                &zone->operations[next]->told;
            if (operation->invoked > zone->returns[i]) {
                break;
            }
            n_invoked += operation->outcome == SIM_HISTORY_RETURNED;
        }
        uint32_t n_open = n_invoked - (i + 1);
        if (i >= zone->n_returns / 2 && n_open <= fewest) {
            fewest = n_open;
            best = zone->returns[i];
        }
    }
    return best;
}

/* All states that are possible at the cut. */
static enum sim_linearizability_verdict find_states(struct history_key *key,
                                                    const struct zone *zone,
                                                    uint64_t cut,
                                                    struct linear_states *after)
{
    struct linear_key *part = linear__key_new(
        zone->operations, zone->n_operations, &key->states,
        (struct linear_cut){.last = key->cut, .at = cut, .end = zone->end});
    struct linear_op *ops = part->ops;
    part->ops = NULL;
    struct linear_problem *problem =
        linear__problem_new(ops, part->n_ops, part->n_values, cut);
    struct linear_answer answer = linear__search_all(
        problem, part, WORK_FOR_ALL + WORK_FOR_EACH * zone->n_operations,
        MAX_STATES, after);
    key->work += answer.work;
    linear__problem_free(problem);
    linear__key_free(part);
    return answer.verdict;
}

static int by_id(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x;
    uint32_t b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* The operation has taken effect whatever the state. */
static void settle(struct sim_history *history, struct history_key *key,
                   uint32_t id, uint64_t cut)
{
    struct history_operation *operation = history__get(history, id);
    operation->over = cut;
    key->n_given_up -= operation->given_up;
}

/* Settles what all states have done, and leaves it out of them. */
static void settle_common(struct sim_history *history, struct history_key *key,
                          uint64_t cut, struct linear_states *states)
{
    uint32_t *all = sim_calloc(states->n_done, sizeof(*all));
    uint32_t n_common = 0;
    for (size_t i = 0; i < states->n_done; i++) {
        all[i] = states->done[i];
    }
    qsort(all, states->n_done, sizeof(*all), by_id);
    for (size_t first = 0, end; first < states->n_done; first = end) {
        for (end = first + 1; end < states->n_done && all[end] == all[first];
             end++) {
        }
        if (end - first == states->n) {
            all[n_common++] = all[first];
            settle(history, key, all[n_common - 1], cut);
        }
    }
    for (size_t i = 0; i < states->n; i++) {
        struct linear_state *state = &states->states[i];
        uint32_t n = 0;
        for (uint32_t j = 0; j < state->n_done; j++) {
            uint32_t done = states->done[state->first_done + j];
            if (bsearch(&done, all, n_common, sizeof(*all), by_id) == NULL) {
                states->done[state->first_done + n] = done;
                n++;
            }
        }
        state->n_done = n;
    }
    free(all);
}

/* How many operations that have ended make a cut worth while: as many as let
 * all keys together stay within the limit, and more than have to be carried on
 * each time. */
static uint32_t due(const struct sim_history *history,
                    const struct history_key *key)
{
    size_t n = history->limit / (2 * (size_t)history->n_keys);
    size_t carried = 2 * (size_t)key->n_given_up;
    size_t least =
        history->limit < LEAST_OPERATIONS ? history->limit : LEAST_OPERATIONS;
    n = n > least ? n : least;
    n = n > carried ? n : carried;
    return n < UINT32_MAX / 4 ? (uint32_t)n : UINT32_MAX / 4;
}

static void move_on(struct sim_history *history, struct history_key *key,
                    uint64_t cut, struct linear_states *states)
{
    settle_common(history, key, cut, states);
    linear__states_clear(&key->first_states);
    key->first_states = key->states;
    key->first_cut = key->cut;
    key->states = *states;
    key->cut = cut;
    history__forget(history, key);
}

void linear__cut(struct sim_history *history, struct history_key *key)
{
    if (key->fails || key->n_over < due(history, key) ||
        key->n_over < key->due) {
        return;
    }
    struct zone zone = zone_new(history, key);
    uint64_t cut = 0;
    if (zone.n_returns >= key->n_over / 2) {
        cut = best_cut(&zone);
    }
    struct linear_states states = {0};
    enum sim_linearizability_verdict verdict =
        cut > 0 ? find_states(key, &zone, cut, &states)
                : SIM_LINEARIZABILITY_UNDECIDED;
    switch (verdict) {
    case SIM_LINEARIZABLE:
        move_on(history, key, cut, &states);
        key->due = 0;
        key->n_over = 0;
        for (uint32_t i = 0; i < zone.n_returns; i++) {
            key->n_over += zone.returns[i] > cut;
        }
        break;
    case SIM_LINEARIZABILITY_UNDECIDED:
        linear__states_clear(&states);
        key->due = key->n_over < UINT32_MAX / 4 ? 2 * key->n_over : UINT32_MAX;
        break;
    case SIM_NOT_LINEARIZABLE:
        linear__states_clear(&states);
        key->fails = true;
        break;
    }
    zone_free(&zone);
}
