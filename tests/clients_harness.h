/* What the suites of the clients share. */
#ifndef TESTS_CLIENTS_HARNESS_H
#define TESTS_CLIENTS_HARNESS_H

#include "sim/clients.h"
#include "sim/kv.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)

/* A workload of so many clients, with round numbers, that sets values without
 * sessions and never gives up. */
struct sim_workload workload_of(uint32_t clients);

/* The command that the action sends. */
struct sim_command command_of(const struct sim_client_action *action);

/* An answer that tells no value: DONE with success. */
void give_answer(struct sim_clients *clients, uint64_t tag,
                 enum sim_answer answer, uint32_t leader, uint64_t now_us,
                 struct sim_client_action *action);

/* The command is done, with this value; NULL: with none. */
void give_value(struct sim_clients *clients, uint64_t tag, bool success,
                const char *value, uint64_t now_us,
                struct sim_client_action *action);

/* The session is opened. */
void give_session(struct sim_clients *clients, uint64_t tag, uint64_t session,
                  uint64_t now_us, struct sim_client_action *action);

/* Asserts that the action asks `node` and gives up at `timeout_at_us`. */
void expect_ask(const struct sim_client_action *action, uint32_t node,
                uint64_t timeout_at_us);

/* Asserts that it asks for a command of this number in a session, or without
 * one (0, 0). */
void expect_in_session(const struct sim_client_action *action, uint64_t session,
                       uint64_t sequence, uint64_t number);

/* Asserts that it asks for a session. */
void expect_open(const struct sim_client_action *action);

/* Asserts that it asks nobody, and wants to be woken then, or not at all. */
void expect_wake(const struct sim_client_action *action, uint64_t at_us);
void expect_nothing(const struct sim_client_action *action);

#endif
