#include "sim/linearizability.h"

#include <stdlib.h>
#include <string.h>

#include "sim/linearizability_internal.h"
#include "sim/memory.h"

/* Searches for an order of all that counts of a key. */
static struct linear_answer judge(const struct linear_key *key,
                                  uint64_t max_work)
{
    struct linear_op *ops = sim_calloc(key->n_ops, sizeof(*ops));
    if (key->n_ops > 0) {
        memcpy(ops, key->ops, key->n_ops * sizeof(*ops));
    }
    struct linear_problem *problem =
        linear__problem_new(ops, key->n_ops, key->n_values, LINEAR_NEVER);
    struct linear_answer answer =
        linear__search(problem, &key->starts, max_work);
    linear__problem_free(problem);
    return answer;
}

/* What is kept of a key and counts, from its first cut on. `*n` becomes how
 * many operations that are. */
static struct linear_key *take_key(const struct sim_history *history,
                                   const struct history_key *kept, uint32_t *n)
{
    const struct history_operation **operations =
        sim_calloc(kept->n_ids, sizeof(*operations));
    *n = 0;
    for (size_t i = 0; i < kept->n_ids; i++) {
        const struct history_operation *operation =
            history__get(history, kept->ids[i]);
        if (history__counts(&operation->told)) {
            operations[(*n)++] = operation;
        }
    }
    struct linear_cut nowhere = {.at = LINEAR_NEVER};
    struct linear_key *key =
        linear__key_new(operations, *n, &kept->first_states, nowhere);
    key->first_cut = kept->first_cut;
    free(operations);
    return key;
}

void sim_linearizability_check(const struct sim_history *history,
                               uint64_t max_work,
                               struct sim_linearizability *verdict)
{
    *verdict = (struct sim_linearizability){.verdict = SIM_LINEARIZABLE,
                                            .smallest = true};
    uint64_t first_end = LINEAR_NEVER;   /* of all keys that fail */
    struct linear_key *first_key = NULL; /* the one that ends there */
    for (uint32_t i = 0; i < history->n_keys; i++) {
        const struct history_key *kept = &history->keys[i];
        uint32_t n;
        struct linear_key *key = take_key(history, kept, &n);
        struct linear_answer answer = judge(key, max_work);
        verdict->n_operations += n + kept->n_forgotten;
        verdict->n_keys += n > 0 || kept->n_forgotten > 0;
        verdict->work += answer.work + kept->work;
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
                verdict->key = kept->key;
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
}

void sim_linearizability_free(struct sim_linearizability *verdict)
{
    free(verdict->window);
    verdict->window = NULL;
    verdict->n_window = 0;
}
