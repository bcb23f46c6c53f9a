#include "tests/clients_harness.h"

#include <criterion/criterion.h>

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
    };
}

struct sim_command command_of(const struct sim_client_action *action)
{
    struct sim_command command;
    cr_assert(sim_command_decode(action->data, action->size, &command));
    return command;
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
