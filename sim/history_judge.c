#include "sim/history_judge.h"

#include <inttypes.h>

/* So many situations of one key are looked through at most before the judge
 * gives up: some seconds, and about 100 MB. */
#define MAX_WORK UINT64_C(2000000)

static const struct sim_history_operation *
operation_of(const struct sim_clients *clients, uint32_t number)
{
    return sim_history_get(sim_clients_history(clients), number);
}

static void record_answer(struct sim_trace *trace, struct sim_trace_moment at,
                          const struct sim_clients *clients, uint32_t number)
{
    const struct sim_history_operation *operation =
        operation_of(clients, number);
    struct sim_trace_answer answer = {
        .number = number,
        .node = operation->result.node,
        .kind = operation->request.kind,
        .succeeded = operation->result.succeeded,
    };
    answer.value =
        sim_clients_value(clients, operation->result.value, &answer.value_size);
    sim_trace_answer(trace, at, &answer);
}

static void record_call(struct sim_trace *trace, struct sim_trace_moment at,
                        const struct sim_clients *clients, uint32_t number)
{
    const struct sim_history_operation *operation =
        operation_of(clients, number);
    const struct sim_history_request *request = &operation->request;
    struct sim_trace_call call = {
        .number = number,
        .client = operation->client,
        .kind = request->kind,
    };
    call.key = sim_clients_key(clients, request->key, &call.key_size);
    call.value = sim_clients_value(clients, request->value, &call.value_size);
    call.expected =
        sim_clients_value(clients, request->expected, &call.expected_size);
    sim_trace_call(trace, at, &call);
}

void sim_history_tell(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_client_action *action)
{
    const struct sim_clients *clients = action->clients;
    char text[SIM_OPERATION_TEXT_SIZE];
    if (clients == NULL || !sim_trace_wants_text(trace)) {
        return;
    }
    bool records = sim_trace_wants_records(trace);
    if (action->ended != SIM_NO_OPERATION) {
        sim_trace_client_event(
            trace, at.time_us, "%s",
            sim_clients_describe(clients, action->ended, text));
        if (records) {
            record_answer(trace, at, clients, action->ended);
        }
    }
    if (action->begun != SIM_NO_OPERATION) {
        sim_trace_client_event(
            trace, at.time_us, "%s, node %" PRIu32 " first",
            sim_clients_describe(clients, action->begun, text), action->node);
        if (records) {
            record_call(trace, at, clients, action->begun);
        }
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
