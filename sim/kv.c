#undef NDEBUG
#include "sim/kv_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bytes.h"
#include "sim/memory.h"

struct sim_kv *sim_kv_new(void)
{
    return sim_calloc(1, sizeof(struct sim_kv));
}

/* --- answers ------------------------------------------------------------- */

struct asker {
    uint8_t bytes[ASKER_SIZE];
};

static struct asker asker_of(uint64_t session, uint32_t client)
{
    struct asker asker;
    sim_put_le(asker.bytes, session, 8);
    sim_put_le(asker.bytes + 8, session != 0 ? 0 : client, 4);
    return asker;
}

/* The latest answer to the asker, and its command's number; false if none is
 * kept. */
static bool kept_answer(const struct sim_kv *kv, const struct asker *asker,
                        uint64_t *number, struct sim_kv_answer *answer)
{
    const uint8_t *bytes;
    uint32_t size;
    if (!sim_table_get(&kv->answers, asker->bytes, ASKER_SIZE, &bytes, &size)) {
        return false;
    }
    *number = sim_get_le(bytes, 8);
    *answer = (struct sim_kv_answer){
        .success = (bytes[8] & FLAG_SUCCESS) != 0,
        .has_value = (bytes[8] & FLAG_HAS_VALUE) != 0,
        .value = bytes + ANSWER_HEADER_SIZE,
        .value_size = size - ANSWER_HEADER_SIZE,
    };
    return true;
}

/* Keeps the answer in place of the asker's one before: its value is then the
 * kept one. */
static void keep_answer(struct sim_kv *kv, const struct asker *asker,
                        uint64_t number, struct sim_kv_answer *answer)
{
    uint32_t size = ANSWER_HEADER_SIZE + answer->value_size;
    kv->scratch = sim_grow(kv->scratch, &kv->scratch_capacity, size, 1);
    sim_put_le(kv->scratch, number, 8);
    kv->scratch[8] = (uint8_t)((answer->success ? FLAG_SUCCESS : 0) |
                               (answer->has_value ? FLAG_HAS_VALUE : 0));
    if (answer->value_size > 0) {
        memcpy(kv->scratch + ANSWER_HEADER_SIZE, answer->value,
               answer->value_size);
    }
    answer->value = sim_table_put(&kv->answers, asker->bytes, ASKER_SIZE,
                                  kv->scratch, size) +
                    ANSWER_HEADER_SIZE;
}

/* --- entries ------------------------------------------------------------- */

/* Whether the key's value is the one that a compare-and-set expects. */
static bool is_expected(const struct sim_command *command,
                        const struct sim_kv_answer *before)
{
    if (command->expected == NULL || !before->has_value) {
        return command->expected == NULL && !before->has_value;
    }
    return sim_table_compare(command->expected, command->expected_size,
                             before->value, before->value_size) == 0;
}

static struct sim_kv_result carry_out(struct sim_kv *kv,
                                      const struct asker *asker,
                                      const struct sim_command *command)
{
    struct sim_kv_answer answer = {.success = true};
    bool sets = false;
    switch (command->op) {
    case SIM_COMMAND_SET:
        sets = true;
        break;
    case SIM_COMMAND_COMPARE_AND_SET:
        answer.has_value =
            sim_table_get(&kv->content, command->key, command->key_size,
                          &answer.value, &answer.value_size);
        sets = is_expected(command, &answer);
        answer.success = sets;
        break;
    case SIM_COMMAND_GET:
        answer.has_value =
            sim_table_get(&kv->content, command->key, command->key_size,
                          &answer.value, &answer.value_size);
        break;
    }
    /* Kept before the value changes: the answer points to the one before. */
    keep_answer(kv, asker, command->number, &answer);
    if (sets) {
        sim_table_put(&kv->content, command->key, command->key_size,
                      command->value, command->value_size);
    }
    return (struct sim_kv_result){.outcome = SIM_KV_APPLIED, .answer = answer};
}

/* The answer of then, if the command is the asker's latest. */
static struct sim_kv_result answer_again(const struct sim_kv *kv,
                                         const struct asker *asker,
                                         const struct sim_command *command)
{
    struct sim_kv_result result = {.outcome = SIM_KV_REPEATED};
    uint64_t number;
    if (!kept_answer(kv, asker, &number, &result.answer) ||
        number != command->number) {
        return (struct sim_kv_result){.outcome = SIM_KV_STALE};
    }
    return result;
}

/* Without a session the latest number of the client tells what is new. */
static enum sim_verdict_of_session
verdict_by_number(const struct sim_kv *kv, const struct asker *asker,
                  const struct sim_command *command)
{
    uint64_t latest = 0;
    struct sim_kv_answer answer;
    kept_answer(kv, asker, &latest, &answer);
    return command->number > latest ? SIM_COMMAND_FRESH : SIM_COMMAND_REPEATED;
}

static struct sim_kv_result apply_command(struct sim_kv *kv,
                                          const struct sim_entry *entry,
                                          const struct sim_command *command)
{
    struct asker asker = asker_of(entry->session, command->client);
    enum sim_verdict_of_session verdict =
        entry->session != 0 ? entry->verdict
                            : verdict_by_number(kv, &asker, command);
    switch (verdict) {
    case SIM_COMMAND_FRESH:
        return carry_out(kv, &asker, command);
    case SIM_COMMAND_REPEATED:
        return answer_again(kv, &asker, command);
    case SIM_COMMAND_EXPIRED:
        break;
    }
    return (struct sim_kv_result){.outcome = SIM_KV_EXPIRED};
}

struct sim_kv_result sim_kv_apply(struct sim_kv *kv, uint64_t index,
                                  const struct sim_entry *entry)
{
    assert(index == kv->applied + 1);
    kv->applied = index;
    struct sim_kv_result ignored = {.outcome = SIM_KV_IGNORED};
    switch (entry->kind) {
    case SIM_ENTRY_INTERNAL:
    case SIM_ENTRY_CONFIGURATION:
        return ignored;
    case SIM_ENTRY_SESSION:
        if (entry->session != 0) {
            struct asker asker = asker_of(entry->session, 0);
            sim_table_remove(&kv->answers, asker.bytes, ASKER_SIZE);
        }
        return ignored;
    case SIM_ENTRY_COMMAND:
        break;
    }
    struct sim_command command;
    if (entry->omitted) {
        sim_hash_word(&kv->ignored, index);
        return ignored;
    }
    if (!sim_command_decode(entry->data, entry->size, &command)) {
        sim_hash_word(&kv->ignored, index);
        sim_hash_bytes(&kv->ignored, entry->data, entry->size);
        return ignored;
    }
    return apply_command(kv, entry, &command);
}

/* --- the rest of its life ------------------------------------------------ */

void sim_kv_clear(struct sim_kv *kv)
{
    sim_table_clear(&kv->content);
    sim_table_clear(&kv->answers);
    free(kv->scratch);
    *kv = (struct sim_kv){0};
}

bool sim_kv_get(const struct sim_kv *kv, const uint8_t *key, uint32_t key_size,
                const uint8_t **value, uint32_t *value_size)
{
    return sim_table_get(&kv->content, key, key_size, value, value_size);
}

uint64_t sim_kv_applied(const struct sim_kv *kv)
{
    return kv->applied;
}

uint64_t sim_kv_hash(const struct sim_kv *kv)
{
    struct sim_hash hash = kv->ignored;
    sim_hash_word(&hash, kv->content.digest);
    sim_hash_word(&hash, kv->answers.digest);
    sim_hash_word(&hash, kv->applied);
    return sim_hash_value(&hash);
}

void sim_kv_free(struct sim_kv *kv)
{
    if (kv != NULL) {
        sim_kv_clear(kv);
        free(kv);
    }
}
