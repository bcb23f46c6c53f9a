#include "sim/history_judge.h"

/* So many situations of one key are looked through at most before the judge
 * gives up: some seconds, and about 100 MB. */
#define MAX_WORK UINT64_C(2000000)

/* The words of the history are those of the clients. */
struct words {
    struct sim_history_words base;
    const struct sim_clients *clients;
};

static const char *key_words(const struct sim_history_words *base, uint64_t key,
                             char *text, size_t size)
{
    const struct words *words = (const struct words *)base;
    return sim_clients_key_words(words->clients, key, text, size);
}

static const char *value_words(const struct sim_history_words *base,
                               uint64_t value, char *text, size_t size)
{
    const struct words *words = (const struct words *)base;
    return sim_clients_value_words(words->clients, value, text, size);
}

uint64_t sim_history_judge(const struct sim_clients *clients,
                           struct sim_checker *checker)
{
    const struct sim_history *history = sim_clients_history(clients);
    struct words words = {{key_words, value_words}, clients};
    struct sim_linearizability found;
    char text[SIM_VIOLATION_TEXT_SIZE];
    uint64_t judged = 0;
    if (checker == NULL) {
        return 0;
    }
    sim_linearizability_check(history, MAX_WORK, &found);
    bool fails = found.verdict == SIM_NOT_LINEARIZABLE;
    if (fails) {
        sim_linearizability_describe(history, &found, &words.base, text,
                                     sizeof text);
    }
    if (found.verdict != SIM_LINEARIZABILITY_UNDECIDED) {
        judged = found.n_operations;
        sim_checker_history(checker, found.n_operations, fails ? text : NULL);
    }
    sim_linearizability_free(&found);
    return judged;
}
