#include "sim/table.h"

#include <stdlib.h>
#include <string.h>

#include "sim/hash.h"
#include "sim/memory.h"

/* Open addressing with linear probing: a pair lies at the place its hash names,
 * or behind it with no free place between. */

#define FIRST_CAPACITY 32u

static uint64_t hash_key(const uint8_t *key, uint32_t key_size)
{
    struct sim_hash hash = {0};
    sim_hash_bytes(&hash, key, key_size);
    return sim_hash_value(&hash);
}

/* A string of no bytes may be NULL, which memcpy() and memcmp() do not take. */
static void copy(uint8_t *to, const uint8_t *from, uint32_t size)
{
    if (size > 0) {
        memcpy(to, from, size);
    }
}

static int compare(const uint8_t *a, const uint8_t *b, uint32_t size)
{
    return size > 0 ? memcmp(a, b, size) : 0;
}

/* The key's pair, or the free place where it belongs. */
static struct sim_table_pair *find(const struct sim_table *table, uint64_t hash,
                                   const uint8_t *key, uint32_t key_size)
{
    size_t mask = table->capacity - 1;
    size_t at = (size_t)hash & mask;
    for (;; at = (at + 1) & mask) {
        struct sim_table_pair *pair = &table->pairs[at];
        if (pair->bytes == NULL ||
            (pair->hash == hash && pair->key_size == key_size &&
             compare(pair->bytes, key, key_size) == 0)) {
            return pair;
        }
    }
}

static void grow(struct sim_table *table)
{
    struct sim_table larger = *table;
    larger.capacity =
        table->capacity == 0 ? FIRST_CAPACITY : table->capacity * 2;
    larger.pairs = sim_calloc(larger.capacity, sizeof *larger.pairs);
    for (size_t i = 0; i < table->capacity; i++) {
        const struct sim_table_pair *pair = &table->pairs[i];
        if (pair->bytes != NULL) {
            *find(&larger, pair->hash, pair->bytes, pair->key_size) = *pair;
        }
    }
    free(table->pairs);
    *table = larger;
}

const uint8_t *sim_table_put(struct sim_table *table, const uint8_t *key,
                             uint32_t key_size, const uint8_t *value,
                             uint32_t value_size)
{
    if (table->count >= table->capacity / 2) {
        grow(table);
    }
    uint64_t hash = hash_key(key, key_size);
    struct sim_table_pair *pair = find(table, hash, key, key_size);
    table->count += pair->bytes == NULL;
    if (pair->bytes == NULL || pair->value_size != value_size) {
        pair->bytes =
            sim_realloc(pair->bytes, (size_t)key_size + value_size, 1);
        pair->hash = hash;
        pair->key_size = key_size;
        pair->value_size = value_size;
        copy(pair->bytes, key, key_size);
    }
    copy(pair->bytes + key_size, value, value_size);

    struct sim_hash digest = {hash};
    sim_hash_bytes(&digest, value, value_size);
    table->digest -= pair->digest;
    pair->digest = sim_hash_value(&digest);
    table->digest += pair->digest;
    return pair->bytes + key_size;
}

/* Frees the place `hole`. Of the pairs behind it, up to the next free place,
 * those move down that would not be found any more: whose own place is not
 * between the hole and where they lie. */
static void close_gap(struct sim_table *table, size_t hole)
{
    size_t mask = table->capacity - 1;
    size_t at = hole;
    for (;;) {
        at = (at + 1) & mask;
        struct sim_table_pair *pair = &table->pairs[at];
        if (pair->bytes == NULL) {
            break;
        }
        size_t from_own_place = (at - (size_t)pair->hash) & mask;
        size_t from_hole = (at - hole) & mask;
        if (from_own_place >= from_hole) {
            table->pairs[hole] = *pair;
            hole = at;
        }
    }
    table->pairs[hole] = (struct sim_table_pair){0};
}

bool sim_table_remove(struct sim_table *table, const uint8_t *key,
                      uint32_t key_size)
{
    if (table->count == 0) {
        return false;
    }
    struct sim_table_pair *pair =
        find(table, hash_key(key, key_size), key, key_size);
    if (pair->bytes == NULL) {
        return false;
    }
    table->digest -= pair->digest;
    table->count--;
    free(pair->bytes);
    close_gap(table, (size_t)(pair - table->pairs));
    return true;
}

bool sim_table_get(const struct sim_table *table, const uint8_t *key,
                   uint32_t key_size, const uint8_t **value,
                   uint32_t *value_size)
{
    if (table->count == 0) {
        return false;
    }
    const struct sim_table_pair *pair =
        find(table, hash_key(key, key_size), key, key_size);
    if (pair->bytes == NULL) {
        return false;
    }
    *value = pair->bytes + pair->key_size;
    *value_size = pair->value_size;
    return true;
}

int sim_table_compare(const uint8_t *a, uint32_t a_size, const uint8_t *b,
                      uint32_t b_size)
{
    int order = compare(a, b, a_size < b_size ? a_size : b_size);
    if (order != 0) {
        return order;
    }
    return (a_size > b_size) - (a_size < b_size);
}

static int compare_pairs(const void *left, const void *right)
{
    const struct sim_table_pair *const *a = left;
    const struct sim_table_pair *const *b = right;
    return sim_table_compare((*a)->bytes, (*a)->key_size, (*b)->bytes,
                             (*b)->key_size);
}

const struct sim_table_pair **sim_table_sort(const struct sim_table *table)
{
    const struct sim_table_pair **sorted =
        sim_calloc(table->count, sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->pairs[i].bytes != NULL) {
            sorted[count++] = &table->pairs[i];
        }
    }
    qsort(sorted, count, sizeof *sorted, compare_pairs);
    return sorted;
}

void sim_table_clear(struct sim_table *table)
{
    for (size_t i = 0; i < table->capacity; i++) {
        free(table->pairs[i].bytes);
    }
    free(table->pairs);
    *table = (struct sim_table){0};
}
