/* A table from byte strings to byte strings, each of them possibly empty (and
 * then possibly NULL).
 *
 * Exact: keys are compared byte by byte, the hash only says where to look. No
 * operation depends on the order in which pairs came, except where they lie in
 * the table, which nobody sees: whoever needs all of them gets them sorted.
 */
#ifndef SIM_TABLE_H
#define SIM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pair; a free place as long as `bytes` is NULL. */
struct sim_table_pair {
    uint64_t hash;   /* of the key */
    uint64_t digest; /* of key and value */
    uint8_t *bytes;  /* key, then value; they stay where they are until the
                        pair's value has another size, or it is removed */
    uint32_t key_size;
    uint32_t value_size;
};

/* All zero is an empty table. */
struct sim_table {
    struct sim_table_pair *pairs; /* `capacity` places, at most half in use */
    size_t capacity;              /* 0 or a power of two */
    size_t count;                 /* pairs */
    uint64_t digest; /* the sum of the pairs' digests: equal for equal content,
                        whatever its past */
};

/* Sets the value of a key. Both are copied; neither may lie in the table. Gives
 * the copy of the value, which sim_table_get() would give. */
const uint8_t *sim_table_put(struct sim_table *table, const uint8_t *key,
                             uint32_t key_size, const uint8_t *value,
                             uint32_t value_size);

/* Removes a key; false if it was not there. */
bool sim_table_remove(struct sim_table *table, const uint8_t *key,
                      uint32_t key_size);

/* A key's value, valid until it changes; false if the key is not there. */
bool sim_table_get(const struct sim_table *table, const uint8_t *key,
                   uint32_t key_size, const uint8_t **value,
                   uint32_t *value_size);

/* The order of two byte strings: below 0, 0 or above 0. By their first
 * different byte; of two that agree as far as they go, the shorter is less. */
int sim_table_compare(const uint8_t *a, uint32_t a_size, const uint8_t *b,
                      uint32_t b_size);

/* All pairs by rising key: `count` pointers in an array to free(). */
const struct sim_table_pair **sim_table_sort(const struct sim_table *table);

/* Frees all that is in it; it is empty then. */
void sim_table_clear(struct sim_table *table);

#endif
