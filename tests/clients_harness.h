/* What the two suites of the clients share. */
#ifndef TESTS_CLIENTS_HARNESS_H
#define TESTS_CLIENTS_HARNESS_H

#include "sim/clients.h"
#include "sim/kv.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)

/* A workload of so many clients, with round numbers. */
struct sim_workload workload_of(uint32_t clients);

/* The command that the action sends. */
struct sim_command command_of(const struct sim_client_action *action);

/* Asserts that the action asks `node` and gives up at `timeout_at_us`. */
void expect_ask(const struct sim_client_action *action, uint32_t node,
                uint64_t timeout_at_us);

/* Asserts that it asks nobody, and wants to be woken then, or not at all. */
void expect_wake(const struct sim_client_action *action, uint64_t at_us);
void expect_nothing(const struct sim_client_action *action);

#endif
