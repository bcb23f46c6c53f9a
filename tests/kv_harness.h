/* What the suites of the replicated map share. */
#ifndef TESTS_KV_HARNESS_H
#define TESTS_KV_HARNESS_H

#include "sim/kv.h"

/* A command of client 1. `value` and `expected` may be NULL. */
struct sim_command kv_command(enum sim_command_op op, uint64_t number,
                              const char *key, const char *value,
                              const char *expected);

/* Each of these applies an entry at the next index. First a command, in a
 * session (or none) and with the session's verdict. */
struct sim_kv_result kv_apply_in(struct sim_kv *kv, uint64_t session,
                                 enum sim_verdict_of_session verdict,
                                 const struct sim_command *given);

/* A command without a session. */
struct sim_kv_result kv_apply(struct sim_kv *kv,
                              const struct sim_command *given);

struct sim_kv_result kv_apply_set(struct sim_kv *kv, uint32_t client,
                                  uint64_t number, const char *key,
                                  const char *value);

/* Compare-and-sets and gets of client 1. */
struct sim_kv_result kv_apply_swap(struct sim_kv *kv, uint64_t number,
                                   const char *key, const char *expected,
                                   const char *value);
struct sim_kv_result kv_apply_get(struct sim_kv *kv, uint64_t number,
                                  const char *key);

/* An entry of these bytes. */
struct sim_kv_result kv_apply_bytes(struct sim_kv *kv, enum sim_entry_kind kind,
                                    const char *bytes);

/* An entry without a payload. */
struct sim_kv_result kv_apply_empty(struct sim_kv *kv, enum sim_entry_kind kind,
                                    uint64_t session, bool omitted);

/* Asserts that the key has this value; NULL: none. */
void kv_expect_value(const struct sim_kv *kv, const char *key,
                     const char *expected);

/* Asserts the outcome and its answer; NULL: no value was told. */
void kv_expect_answer(const struct sim_kv_result *result,
                      enum sim_kv_outcome outcome, bool success,
                      const char *value);

#endif
