#include "tests/clients_harness.h"

#include <criterion/criterion.h>
#include <string.h>

struct sim_workload workload_of(uint32_t clients)
{
    return (struct sim_workload){
        .clients = clients,
        .interval_us = 10 * MS,
        .keys = 16,
        .value_bytes = 16,
        .timeout_us = 500 * MS,
        .start_us = 0,
        .stop_us = 100 * S,
        .give_up_us = SIM_UNLIMITED,
        .weights = {[SIM_OPERATION_SET] = 1},
    };
}

struct sim_command command_of(const struct sim_client_action *action)
{
    struct sim_command command;
    cr_assert(sim_command_decode(action->data, action->size, &command));
    return command;
}

void give_answer(struct sim_clients *clients, uint64_t tag,
                 enum sim_answer answer, uint32_t leader, uint64_t now_us,
                 struct sim_client_action *action)
{
    struct sim_reply reply = {
        .answer = answer,
        .tag = tag,
        .leader = leader,
        .success = answer == SIM_ANSWER_DONE,
    };
    sim_clients_answer(clients, &reply, now_us, action);
}

void give_value(struct sim_clients *clients, uint64_t tag, bool success,
                const char *value, uint64_t now_us,
                struct sim_client_action *action)
{
    struct sim_reply reply = {
        .answer = SIM_ANSWER_DONE,
        .tag = tag,
        .success = success,
        .has_value = value != NULL,
        .value = (const uint8_t *)value,
        .value_size = value != NULL ? (uint32_t)strlen(value) : 0,
    };
    sim_clients_answer(clients, &reply, now_us, action);
}

void give_session(struct sim_clients *clients, uint64_t tag, uint64_t session,
                  uint64_t now_us, struct sim_client_action *action)
{
    struct sim_reply reply = {
        .answer = SIM_ANSWER_DONE,
        .tag = tag,
        .session = session,
    };
    sim_clients_answer(clients, &reply, now_us, action);
}

void expect_ask(const struct sim_client_action *action, uint32_t node,
                uint64_t timeout_at_us)
{
    cr_assert(action->send);
    cr_assert_eq(action->node, node, "asks %u and not %u", action->node, node);
    cr_assert_eq(action->wake_at_us, timeout_at_us);
    cr_assert_neq(action->tag, 0);
}

void expect_wake(const struct sim_client_action *action, uint64_t at_us)
{
    cr_assert_not(action->send);
    cr_assert_eq(action->wake_at_us, at_us, "wakes at %lu",
                 (unsigned long)action->wake_at_us);
}

void expect_nothing(const struct sim_client_action *action)
{
    expect_wake(action, SIM_NEVER);
}

void expect_in_session(const struct sim_client_action *action, uint64_t session,
                       uint64_t sequence, uint64_t number)
{
    cr_assert(action->send);
    cr_assert_eq(action->request, SIM_REQUEST_COMMAND);
    cr_assert_eq(action->session, session);
    cr_assert_eq(action->sequence, sequence);
    cr_assert_eq(command_of(action).number, number);
}

void expect_open(const struct sim_client_action *action)
{
    cr_assert(action->send);
    cr_assert_eq(action->request, SIM_REQUEST_SESSION);
    cr_assert_eq(action->session, 0);
    cr_assert_eq(action->sequence, 0);
    cr_assert_eq(action->size, 0);
}
