#undef NDEBUG
#include "sim/kv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/hash.h"
#include "sim/memory.h"

/* --- commands ------------------------------------------------------------ */

/* Keys and values above these sizes are described by their size. */
#define MAX_SHOWN_KEY 24u
#define MAX_SHOWN_VALUE 24u

static void put_le(uint8_t *bytes, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_le(const uint8_t *bytes, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

uint32_t sim_command_size(const struct sim_command *command)
{
    assert(command->key_size <= SIM_COMMAND_MAX_BYTES);
    assert(command->value_size <= SIM_COMMAND_MAX_BYTES - command->key_size);
    return SIM_COMMAND_HEADER_SIZE + command->key_size + command->value_size;
}

uint32_t sim_command_encode(const struct sim_command *command, uint8_t *bytes)
{
    uint32_t size = sim_command_size(command);
    assert(command->key_size > 0);
    put_le(bytes, (uint64_t)command->op, 4);
    put_le(bytes + 4, command->client, 4);
    put_le(bytes + 8, command->sequence, 8);
    put_le(bytes + 16, command->key_size, 4);
    put_le(bytes + 20, command->value_size, 4);
    bytes += SIM_COMMAND_HEADER_SIZE;
    memcpy(bytes, command->key, command->key_size);
    if (command->value_size > 0) {
        memcpy(bytes + command->key_size, command->value, command->value_size);
    }
    return size;
}

bool sim_command_decode(const uint8_t *bytes, size_t size,
                        struct sim_command *command)
{
    if (size <= SIM_COMMAND_HEADER_SIZE ||
        size - SIM_COMMAND_HEADER_SIZE > SIM_COMMAND_MAX_BYTES) {
        return false;
    }
    uint64_t key_size = get_le(bytes + 16, 4);
    uint64_t value_size = get_le(bytes + 20, 4);
    if (get_le(bytes, 4) != SIM_COMMAND_SET || key_size == 0 ||
        key_size + value_size != size - SIM_COMMAND_HEADER_SIZE) {
        return false;
    }
    *command = (struct sim_command){
        .op = SIM_COMMAND_SET,
        .client = (uint32_t)get_le(bytes + 4, 4),
        .sequence = get_le(bytes + 8, 8),
        .key = bytes + SIM_COMMAND_HEADER_SIZE,
        .value = bytes + SIM_COMMAND_HEADER_SIZE + key_size,
        .key_size = (uint32_t)key_size,
        .value_size = (uint32_t)value_size,
    };
    return true;
}

static bool is_readable(const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] <= 0x20 || bytes[i] >= 0x7f) {
            return false;
        }
    }
    return size > 0;
}

void sim_command_describe(const uint8_t *bytes, size_t size, char *text)
{
    struct sim_command command;
    if (!sim_command_decode(bytes, size, &command)) {
        snprintf(text, SIM_COMMAND_TEXT_SIZE, "%zu bytes that are no command",
                 size);
        return;
    }
    char key[MAX_SHOWN_KEY + 16];
    if (command.key_size <= MAX_SHOWN_KEY &&
        is_readable(command.key, command.key_size)) {
        snprintf(key, sizeof key, "%.*s", (int)command.key_size,
                 (const char *)command.key);
    } else {
        snprintf(key, sizeof key, "a key of %" PRIu32 " bytes",
                 command.key_size);
    }
    char value[MAX_SHOWN_VALUE + 16];
    if (command.value_size <= MAX_SHOWN_VALUE &&
        is_readable(command.value, command.value_size)) {
        snprintf(value, sizeof value, "= %.*s", (int)command.value_size,
                 (const char *)command.value);
    } else {
        snprintf(value, sizeof value, "(%" PRIu32 " bytes)",
                 command.value_size);
    }
    static const char probe[] = SIM_PROBE_KEY;
    if (command.key_size == sizeof probe - 1 && command.value_size == 0 &&
        memcmp(command.key, probe, sizeof probe - 1) == 0) {
        snprintf(text, SIM_COMMAND_TEXT_SIZE, "the simulator's probe %" PRIu64,
                 command.sequence);
        return;
    }
    snprintf(text, SIM_COMMAND_TEXT_SIZE,
             "client %" PRIu32 " command %" PRIu64 ": sets %s %s",
             command.client, command.sequence, key, value);
}

/* --- tables -------------------------------------------------------------- */

/* A pair of the table; free as long as `bytes` is NULL. */
struct slot {
    uint64_t hash;   /* of the key */
    uint64_t digest; /* of key and value */
    uint8_t *bytes;  /* key, then value */
    uint32_t key_size;
    uint32_t value_size;
};

/* Open addressing with linear probing; at most half full, a power of two of
 * slots; no pair is ever removed. `digest` is the sum over the pairs' digests,
 * so it does not depend on where they lie or in which order they came. */
struct table {
    struct slot *slots;
    size_t capacity;
    size_t count;
    uint64_t digest;
};

#define TABLE_FIRST_CAPACITY 32u

static uint64_t hash_key(const uint8_t *key, uint32_t key_size)
{
    struct sim_hash hash = {0};
    sim_hash_bytes(&hash, key, key_size);
    return sim_hash_value(&hash);
}

/* The key's slot, or the free one where it belongs. */
static struct slot *table_find(const struct table *table, uint64_t hash,
                               const uint8_t *key, uint32_t key_size)
{
    size_t mask = table->capacity - 1;
    size_t at = (size_t)hash & mask;
    for (;; at = (at + 1) & mask) {
        struct slot *slot = &table->slots[at];
        if (slot->bytes == NULL ||
            (slot->hash == hash && slot->key_size == key_size &&
             memcmp(slot->bytes, key, key_size) == 0)) {
            return slot;
        }
    }
}

static void table_grow(struct table *table)
{
    struct table larger = *table;
    larger.capacity =
        table->capacity == 0 ? TABLE_FIRST_CAPACITY : table->capacity * 2;
    larger.slots = sim_calloc(larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < table->capacity; i++) {
        const struct slot *slot = &table->slots[i];
        if (slot->bytes != NULL) {
            *table_find(&larger, slot->hash, slot->bytes, slot->key_size) =
                *slot;
        }
    }
    free(table->slots);
    *table = larger;
}

static void table_put(struct table *table, const uint8_t *key,
                      uint32_t key_size, const uint8_t *value,
                      uint32_t value_size)
{
    if (table->count >= table->capacity / 2) {
        table_grow(table);
    }
    uint64_t key_hash = hash_key(key, key_size);
    struct slot *slot = table_find(table, key_hash, key, key_size);
    if (slot->bytes == NULL || slot->value_size != value_size) {
        slot->bytes =
            sim_realloc(slot->bytes, (size_t)key_size + value_size, 1);
    }
    table->count += slot->key_size == 0; /* it was free: keys are not empty */
    slot->hash = key_hash;
    slot->key_size = key_size;
    slot->value_size = value_size;
    memcpy(slot->bytes, key, key_size);
    if (value_size > 0) {
        memcpy(slot->bytes + key_size, value, value_size);
    }

    struct sim_hash digest = {key_hash};
    sim_hash_bytes(&digest, value, value_size);
    table->digest -= slot->digest;
    slot->digest = sim_hash_value(&digest);
    table->digest += slot->digest;
}

static bool table_get(const struct table *table, const uint8_t *key,
                      uint32_t key_size, const uint8_t **value,
                      uint32_t *value_size)
{
    if (table->count == 0) {
        return false;
    }
    const struct slot *slot =
        table_find(table, hash_key(key, key_size), key, key_size);
    if (slot->bytes == NULL) {
        return false;
    }
    *value = slot->bytes + slot->key_size;
    *value_size = slot->value_size;
    return true;
}

static void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->capacity; i++) {
        free(table->slots[i].bytes);
    }
    free(table->slots);
    *table = (struct table){0};
}

/* --- the map ------------------------------------------------------------- */

struct sim_kv {
    struct table content;
    struct table sessions;   /* client (4 bytes) to its latest sequence (8) */
    struct sim_hash ignored; /* the payloads that were no commands */
    uint64_t applied;
};

struct sim_kv *sim_kv_new(void)
{
    return sim_calloc(1, sizeof(struct sim_kv));
}

/* Whether `sequence` is new of `client`; it is then the latest. */
static bool session_advance(struct sim_kv *kv, uint32_t client,
                            uint64_t sequence)
{
    uint8_t key[4];
    put_le(key, client, 4);
    const uint8_t *bytes;
    uint32_t size;
    uint64_t latest = 0;
    if (table_get(&kv->sessions, key, sizeof key, &bytes, &size)) {
        latest = get_le(bytes, 8);
    }
    if (sequence <= latest) {
        return false;
    }
    uint8_t value[8];
    put_le(value, sequence, 8);
    table_put(&kv->sessions, key, sizeof key, value, sizeof value);
    return true;
}

struct sim_kv_result sim_kv_apply(struct sim_kv *kv, uint64_t index,
                                  const struct sim_entry *entry)
{
    assert(index == kv->applied + 1);
    kv->applied = index;
    struct sim_kv_result result = {.outcome = SIM_KV_IGNORED};
    if (entry->kind == SIM_ENTRY_INTERNAL) {
        return result;
    }
    struct sim_command command;
    if (!sim_command_decode(entry->data, entry->size, &command)) {
        sim_hash_word(&kv->ignored, index);
        sim_hash_bytes(&kv->ignored, entry->data, entry->size);
        return result;
    }
    result.client = command.client;
    result.sequence = command.sequence;
    if (!session_advance(kv, command.client, command.sequence)) {
        result.outcome = SIM_KV_REPEATED;
        return result;
    }
    table_put(&kv->content, command.key, command.key_size, command.value,
              command.value_size);
    result.outcome = SIM_KV_APPLIED;
    return result;
}

void sim_kv_clear(struct sim_kv *kv)
{
    table_clear(&kv->content);
    table_clear(&kv->sessions);
    *kv = (struct sim_kv){0};
}

bool sim_kv_get(const struct sim_kv *kv, const uint8_t *key, uint32_t key_size,
                const uint8_t **value, uint32_t *value_size)
{
    return table_get(&kv->content, key, key_size, value, value_size);
}

uint64_t sim_kv_applied(const struct sim_kv *kv)
{
    return kv->applied;
}

uint64_t sim_kv_hash(const struct sim_kv *kv)
{
    struct sim_hash hash = kv->ignored;
    sim_hash_word(&hash, kv->content.digest);
    sim_hash_word(&hash, kv->sessions.digest);
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
