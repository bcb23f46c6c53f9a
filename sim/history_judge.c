#include "sim/history_judge.h"

#include <inttypes.h>

/* So many situations of one key are looked through at most before the judge
 * gives up: some seconds, and about 100 MB. */
#define MAX_WORK UINT64_C(2000000)

void sim_history_tell(struct sim_trace *trace, uint64_t now_us,
                      const struct sim_client_action *action)
{
    char text[SIM_OPERATION_TEXT_SIZE];
    if (action->clients == NULL || !sim_trace_wants_text(trace)) {
        return;
    }
    if (action->ended != SIM_NO_OPERATION) {
        sim_trace_event(
            trace, now_us, "%s",
            sim_clients_describe(action->clients, action->ended, text));
    }
    if (action->begun != SIM_NO_OPERATION) {
        sim_trace_event(
            trace, now_us, "%s, node %" PRIu32 " first",
            sim_clients_describe(action->clients, action->begun, text),
            action->node);
    }
}

uint64_t sim_history_judge(const struct sim_clients *clients,
                           struct sim_checker *checker)
{
    const struct sim_history *history = sim_clients_history(clients);
    struct sim_clients_words words = sim_clients_words(clients);
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
