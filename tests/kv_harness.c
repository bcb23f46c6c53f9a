#include "tests/kv_harness.h"

#include <criterion/criterion.h>
#include <string.h>

/* A command of client 1 unless it is changed. */
struct sim_command kv_command(enum sim_command_op op, uint64_t number,
                              const char *key, const char *value,
                              const char *expected)
{
    return (struct sim_command){
        .op = op,
        .client = 1,
        .number = number,
        .key = (const uint8_t *)key,
        .value = (const uint8_t *)value,
        .expected = (const uint8_t *)expected,
        .key_size = (uint32_t)strlen(key),
        .value_size = value != NULL ? (uint32_t)strlen(value) : 0,
        .expected_size = expected != NULL ? (uint32_t)strlen(expected) : 0,
    };
}

/* Applies a command at the next index, in a session with a verdict. */
struct sim_kv_result kv_apply_in(struct sim_kv *kv, uint64_t session,
                                 enum sim_verdict_of_session verdict,
                                 const struct sim_command *given)
{
    uint8_t bytes[256];
    cr_assert_leq(sim_command_size(given), sizeof bytes);
    struct sim_entry entry = {
        .term = 1,
        .data = bytes,
        .size = sim_command_encode(given, bytes),
        .kind = SIM_ENTRY_COMMAND,
        .verdict = verdict,
        .session = session,
        .sequence = session != 0 ? given->number : 0,
    };
    struct sim_kv_result result =
        sim_kv_apply(kv, sim_kv_applied(kv) + 1, &entry);
    memset(bytes, 0xee, sizeof bytes); /* nothing of it is needed any more */
    return result;
}

struct sim_kv_result kv_apply(struct sim_kv *kv,
                              const struct sim_command *given)
{
    return kv_apply_in(kv, 0, SIM_COMMAND_FRESH, given);
}

struct sim_kv_result kv_apply_set(struct sim_kv *kv, uint32_t client,
                                  uint64_t number, const char *key,
                                  const char *value)
{
    struct sim_command given =
        kv_command(SIM_COMMAND_SET, number, key, value, NULL);
    given.client = client;
    return kv_apply(kv, &given);
}

struct sim_kv_result kv_apply_swap(struct sim_kv *kv, uint64_t number,
                                   const char *key, const char *expected,
                                   const char *value)
{
    struct sim_command given =
        kv_command(SIM_COMMAND_COMPARE_AND_SET, number, key, value, expected);
    return kv_apply(kv, &given);
}

struct sim_kv_result kv_apply_get(struct sim_kv *kv, uint64_t number,
                                  const char *key)
{
    struct sim_command given =
        kv_command(SIM_COMMAND_GET, number, key, NULL, NULL);
    return kv_apply(kv, &given);
}

struct sim_kv_result kv_apply_bytes(struct sim_kv *kv, enum sim_entry_kind kind,
                                    const char *bytes)
{
    struct sim_entry entry = {
        .term = 1,
        .data = (const uint8_t *)bytes,
        .size = (uint32_t)strlen(bytes),
        .kind = kind,
    };
    return sim_kv_apply(kv, sim_kv_applied(kv) + 1, &entry);
}

/* An entry without a payload. */
struct sim_kv_result kv_apply_empty(struct sim_kv *kv, enum sim_entry_kind kind,
                                    uint64_t session, bool omitted)
{
    struct sim_entry entry = {
        .term = 1, .kind = kind, .session = session, .omitted = omitted};
    return sim_kv_apply(kv, sim_kv_applied(kv) + 1, &entry);
}

/* NULL: the key has no value. */
void kv_expect_value(const struct sim_kv *kv, const char *key,
                     const char *expected)
{
    const uint8_t *value = NULL;
    uint32_t size = 0;
    bool found = sim_kv_get(kv, (const uint8_t *)key, (uint32_t)strlen(key),
                            &value, &size);
    cr_assert_eq(found, expected != NULL, "key %s", key);
    if (expected != NULL) {
        cr_assert_eq(size, strlen(expected), "key %s", key);
        cr_assert(size == 0 || memcmp(value, expected, size) == 0, "key %s",
                  key);
    }
}

/* NULL: no value was told. */
void kv_expect_answer(const struct sim_kv_result *result,
                      enum sim_kv_outcome outcome, bool success,
                      const char *value)
{
    const struct sim_kv_answer *answer = &result->answer;
    cr_assert_eq(result->outcome, outcome, "outcome %d", (int)result->outcome);
    cr_assert_eq(answer->success, success);
    cr_assert_eq(answer->has_value, value != NULL);
    cr_assert_eq(answer->value_size, value != NULL ? strlen(value) : 0);
    cr_assert(answer->value_size == 0 ||
              memcmp(answer->value, value, answer->value_size) == 0);
}
