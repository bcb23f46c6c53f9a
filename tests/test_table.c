/* The table of byte strings: its content, its digest, its order. */
#include "sim/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/prng.h"

static void put(struct sim_table *table, const char *key, const char *value)
{
    sim_table_put(table, (const uint8_t *)key, (uint32_t)strlen(key),
                  (const uint8_t *)value, (uint32_t)strlen(value));
}

static bool take(struct sim_table *table, const char *key)
{
    return sim_table_remove(table, (const uint8_t *)key, (uint32_t)strlen(key));
}

/* NULL: the key is not there. */
static void expect_value(const struct sim_table *table, const char *key,
                         const char *expected)
{
    const uint8_t *value = NULL;
    uint32_t size = 0;
    bool found = sim_table_get(table, (const uint8_t *)key,
                               (uint32_t)strlen(key), &value, &size);
    cr_assert_eq(found, expected != NULL, "key '%s'", key);
    if (expected != NULL) {
        cr_assert_eq(size, strlen(expected), "key '%s'", key);
        cr_assert(size == 0 || memcmp(value, expected, size) == 0, "key '%s'",
                  key);
    }
}

Test(table, put_get_and_remove)
{
    struct sim_table table = {0};
    expect_value(&table, "a", NULL);
    cr_assert_not(take(&table, "a"));
    put(&table, "a", "one");
    put(&table, "aa", "");
    expect_value(&table, "a", "one");
    expect_value(&table, "aa", "");
    put(&table, "a", "longer than before");
    expect_value(&table, "a", "longer than before");
    cr_assert_eq(table.count, 2);
    cr_assert_not(take(&table, "b"));
    cr_assert(take(&table, "a"));
    cr_assert_not(take(&table, "a"));
    expect_value(&table, "a", NULL);
    expect_value(&table, "aa", "");
    cr_assert_eq(table.count, 1);
    sim_table_clear(&table);
    expect_value(&table, "aa", NULL);
    cr_assert_eq(table.count, 0);
    cr_assert_eq(table.digest, 0);
}

Test(table, the_empty_key_is_a_key)
{
    struct sim_table table = {0};
    expect_value(&table, "", NULL);
    sim_table_put(&table, NULL, 0, NULL, 0);
    expect_value(&table, "", "");
    put(&table, "", "x");
    expect_value(&table, "", "x");
    cr_assert_eq(table.count, 1);
    cr_assert(sim_table_remove(&table, NULL, 0));
    expect_value(&table, "", NULL);
    sim_table_clear(&table);
}

Test(table, the_digest_is_of_the_content_only)
{
    struct sim_table one = {0};
    struct sim_table two = {0};
    put(&one, "a", "1");
    put(&one, "b", "2");
    put(&two, "b", "other");
    put(&two, "c", "3");
    put(&two, "a", "1");
    cr_assert_neq(one.digest, two.digest);
    put(&two, "b", "2");
    cr_assert_neq(one.digest, two.digest);
    take(&two, "c");
    cr_assert_eq(one.digest, two.digest);
    put(&two, "a", "2");
    put(&two, "b", "1");
    cr_assert_neq(one.digest, two.digest);
    sim_table_clear(&one);
    sim_table_clear(&two);
}

Test(table, strings_have_an_order)
{
    static const char *const rising[] = {
        "", "a", "aa", "aab", "ab", "b", "ba", "\x7f", "\x80", "\xff", "\xffz"};
    size_t n = sizeof rising / sizeof *rising;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            int order = sim_table_compare(
                (const uint8_t *)rising[i], (uint32_t)strlen(rising[i]),
                (const uint8_t *)rising[j], (uint32_t)strlen(rising[j]));
            cr_assert_eq(order < 0, i < j, "%zu and %zu", i, j);
            cr_assert_eq(order > 0, i > j, "%zu and %zu", i, j);
        }
    }
}

/* --- against a naive model ----------------------------------------------- */

#define KEYS 300u

struct model {
    bool present[KEYS];
    char values[KEYS][16];
};

static void expect_same(const struct sim_table *table,
                        const struct model *model)
{
    size_t count = 0;
    for (uint32_t k = 0; k < KEYS; k++) {
        char key[16];
        snprintf(key, sizeof key, "%u", k);
        expect_value(table, key, model->present[k] ? model->values[k] : NULL);
        count += model->present[k];
    }
    cr_assert_eq(table->count, count);
    const struct sim_table_pair **sorted = sim_table_sort(table);
    for (size_t i = 1; i < count; i++) {
        cr_assert_lt(sim_table_compare(sorted[i - 1]->bytes,
                                       sorted[i - 1]->key_size,
                                       sorted[i]->bytes, sorted[i]->key_size),
                     0);
    }
    free(sorted);
}

/* Tables that are small for their keys, so that pairs lie in each other's
 * places, and keys come and go all the time. */
Test(table, behaves_like_an_array_of_values)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        uint32_t keys = (uint32_t)sim_prng_between(&prng, 8, KEYS);
        uint64_t removals = sim_prng_between(&prng, 20, 80);
        struct model model;
        memset(&model, 0, sizeof model);
        struct sim_table table = {0};
        for (uint32_t step = 0; step < 1000; step++) {
            uint32_t place = (uint32_t)sim_prng_below(&prng, keys);
            char key[16];
            snprintf(key, sizeof key, "%u", place);
            if (sim_prng_below(&prng, 100) < removals) {
                cr_assert_eq(take(&table, key), model.present[place]);
                model.present[place] = false;
            } else {
                snprintf(model.values[place], 16, "%.*u",
                         (int)sim_prng_below(&prng, 10), (unsigned)step);
                model.present[place] = true;
                put(&table, key, model.values[place]);
            }
            if (step % 50 == 0) {
                expect_same(&table, &model);
            }
        }
        expect_same(&table, &model);
        for (uint32_t k = 0; k < KEYS; k++) {
            char key[16];
            snprintf(key, sizeof key, "%u", k);
            cr_assert_eq(take(&table, key), model.present[k]);
        }
        cr_assert_eq(table.count, 0);
        cr_assert_eq(table.digest, 0);
        sim_table_clear(&table);
    }
}
