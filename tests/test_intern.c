/* Numbers for byte strings. */
#include "sim/intern.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/prng.h"

static uint64_t add(struct sim_intern *intern, const char *text)
{
    return sim_intern_add(intern, (const uint8_t *)text,
                          (uint32_t)strlen(text));
}

static void expect_bytes(const struct sim_intern *intern, uint64_t number,
                         const void *bytes, uint32_t size)
{
    uint32_t found = UINT32_MAX;
    const uint8_t *at = sim_intern_bytes(intern, number, &found);
    cr_assert_not_null(at);
    cr_assert_eq(found, size);
    cr_assert(size == 0 || memcmp(at, bytes, size) == 0);
}

Test(intern, numbers_count_up_in_order_of_coming)
{
    struct sim_intern *intern = sim_intern_new();
    cr_assert_eq(add(intern, "b"), 1);
    cr_assert_eq(add(intern, "a"), 2);
    cr_assert_eq(add(intern, "b"), 1);
    cr_assert_eq(add(intern, "ab"), 3);
    cr_assert_eq(add(intern, "a"), 2);
    expect_bytes(intern, 1, "b", 1);
    expect_bytes(intern, 2, "a", 1);
    expect_bytes(intern, 3, "ab", 2);
    sim_intern_free(intern);
}

/* No byte is special, and the size counts. */
Test(intern, the_empty_string_and_zeros_are_strings)
{
    static const uint8_t zeros[3] = {0};
    struct sim_intern *intern = sim_intern_new();
    cr_assert_eq(sim_intern_add(intern, NULL, 0), 1);
    cr_assert_eq(sim_intern_add(intern, zeros, 0), 1);
    for (uint32_t size = 1; size <= 3; size++) {
        cr_assert_eq(sim_intern_add(intern, zeros, size), 1 + size);
    }
    cr_assert_eq(sim_intern_add(intern, NULL, 0), 1);
    expect_bytes(intern, 1, "", 0);
    expect_bytes(intern, 4, zeros, 3);
    sim_intern_free(intern);
}

/* However many come after it, a long string stays where it is, and a short one
 * stays what it is. */
Test(intern, bytes_stay_valid)
{
    struct sim_intern *intern = sim_intern_new();
    uint64_t first = add(intern, "the first of many");
    uint32_t size;
    const uint8_t *bytes = sim_intern_bytes(intern, first, &size);
    for (uint32_t i = 0; i < 10000; i++) {
        uint8_t number[4] = {(uint8_t)i, (uint8_t)(i >> 8)};
        cr_assert_eq(sim_intern_add(intern, number, sizeof number), i + 2);
    }
    cr_assert_eq(sim_intern_bytes(intern, first, &size), bytes);
    expect_bytes(intern, first, "the first of many", 17);
    for (uint32_t i = 0; i < 10000; i++) {
        uint8_t number[4] = {(uint8_t)i, (uint8_t)(i >> 8)};
        expect_bytes(intern, i + 2, number, sizeof number);
    }
    sim_intern_free(intern);
}

#define MODEL_STRINGS 400u
#define MODEL_BYTES 6u

struct model {
    uint32_t count;
    uint32_t sizes[MODEL_STRINGS];
    uint8_t strings[MODEL_STRINGS][MODEL_BYTES];
};

static uint64_t model_add(struct model *model, const uint8_t *bytes,
                          uint32_t size)
{
    for (uint32_t i = 0; i < model->count; i++) {
        if (model->sizes[i] == size &&
            memcmp(model->strings[i], bytes, size) == 0) {
            return i + 1;
        }
    }
    memcpy(model->strings[model->count], bytes, size);
    model->sizes[model->count] = size;
    return ++model->count;
}

Test(intern, behaves_like_a_list_of_strings)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        static struct model model;
        model.count = 0;
        struct sim_intern *intern = sim_intern_new();
        for (uint32_t step = 0; step < MODEL_STRINGS; step++) {
            uint8_t bytes[MODEL_BYTES];
            uint32_t size = (uint32_t)sim_prng_below(&prng, MODEL_BYTES + 1);
            for (uint32_t i = 0; i < size; i++) {
                bytes[i] = (uint8_t)sim_prng_below(&prng, 3);
            }
            cr_assert_eq(sim_intern_add(intern, bytes, size),
                         model_add(&model, bytes, size));
        }
        cr_assert_gt(model.count, 100);
        cr_assert_lt(model.count, MODEL_STRINGS);
        sim_intern_free(intern);
    }
}

Test(intern, zero_is_nobody, .signal = SIGABRT)
{
    struct sim_intern *intern = sim_intern_new();
    add(intern, "a");
    uint32_t size;
    sim_intern_bytes(intern, 0, &size);
}

Test(intern, what_never_came_has_no_bytes, .signal = SIGABRT)
{
    struct sim_intern *intern = sim_intern_new();
    add(intern, "a");
    uint32_t size;
    sim_intern_bytes(intern, 2, &size);
}

/* --- what is dropped ------------------------------------------------------ */

#define SWEPT_STRINGS 500u

static void number_text(uint32_t i, char text[40])
{
    snprintf(text, 40, i % 3 == 0 ? "%u" : "a rather long string, number %u",
             (unsigned)(i % 1000));
}

/* Of the strings those stay that were marked since the last sweep, with their
 * numbers and notes; what is dropped and comes again is new. */
Test(intern, keeps_what_is_marked)
{
    struct sim_intern *intern = sim_intern_new();
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_CLIENT, 0, 0);
    uint64_t numbers[SWEPT_STRINGS] = {0}; /* 0: not there */
    uint64_t given = 0;
    for (uint32_t round = 0; round < 20; round++) {
        size_t count = 0;
        char text[40];
        for (uint32_t i = 0; i < SWEPT_STRINGS; i++) {
            number_text(i, text);
            if (sim_prng_chance(&prng, 300000)) {
                given += numbers[i] == 0;
                numbers[i] = numbers[i] == 0 ? given : numbers[i];
                cr_assert_eq(add(intern, text), numbers[i]);
                *sim_intern_note(intern, numbers[i]) = i;
            }
            count += numbers[i] != 0;
        }
        cr_assert_eq(sim_intern_count(intern), count);
        for (uint32_t i = 0; i < SWEPT_STRINGS; i++) {
            if (sim_prng_chance(&prng, 500000)) {
                sim_intern_mark(intern, numbers[i]);
            } else {
                numbers[i] = 0;
            }
        }
        sim_intern_sweep(intern);
        for (uint32_t i = 0; i < SWEPT_STRINGS; i++) {
            if (numbers[i] != 0) {
                number_text(i, text);
                expect_bytes(intern, numbers[i], text, (uint32_t)strlen(text));
                cr_assert_eq(*sim_intern_note(intern, numbers[i]), i);
            }
        }
    }
    sim_intern_free(intern);
}

Test(intern, what_was_dropped_has_no_bytes, .signal = SIGABRT)
{
    struct sim_intern *intern = sim_intern_new();
    add(intern, "a");
    sim_intern_mark(intern, add(intern, "b"));
    sim_intern_sweep(intern);
    uint32_t size;
    sim_intern_bytes(intern, 1, &size);
}
