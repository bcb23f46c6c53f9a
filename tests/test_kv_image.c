/* The image of the replicated map: one state, one image; and nothing else is
 * taken for one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kv.h"
#include "sim/prng.h"
#include "tests/kv_harness.h"

struct image {
    uint8_t *bytes;
    size_t size;
};

/* The image, in a block of exactly its size. */
static struct image image_of(const struct sim_kv *kv)
{
    struct image image = {.size = sim_kv_image_size(kv)};
    image.bytes = malloc(image.size);
    sim_kv_image(kv, image.bytes);
    return image;
}

static void expect_same_image(const struct image *a, const struct image *b)
{
    cr_assert_eq(a->size, b->size);
    cr_assert_arr_eq(a->bytes, b->bytes, a->size);
}

/* Restores from a block of exactly the size, so that a read beyond it is seen
 * by a sanitizer. The map was something else before. What is accepted must be
 * the image of what came out, what is refused leaves an empty map. */
static bool restores(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, bytes, size);
    struct sim_kv *kv = sim_kv_new();
    kv_apply_set(kv, 1, 1, "past", "gone");
    bool ok = sim_kv_restore(kv, exact, size);
    memset(exact, 0xee, size);
    if (ok) {
        struct image again = image_of(kv);
        cr_assert_eq(again.size, size);
        cr_assert_arr_eq(again.bytes, bytes, size);
        free(again.bytes);
        struct sim_kv *empty = sim_kv_new();
        cr_assert_eq(sim_kv_hash(kv) == sim_kv_hash(empty),
                     sim_kv_image_size(empty) == size &&
                         sim_kv_applied(kv) == 0);
        sim_kv_free(empty);
    } else {
        struct sim_kv *empty = sim_kv_new();
        cr_assert_eq(sim_kv_hash(kv), sim_kv_hash(empty));
        cr_assert_eq(sim_kv_applied(kv), 0);
        sim_kv_free(empty);
    }
    free(exact);
    sim_kv_free(kv);
    return ok;
}

/* A map with a bit of everything in it. */
static struct sim_kv *small_map(void)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_command set =
        kv_command(SIM_COMMAND_SET, 2, "a", "in a session", NULL);
    kv_apply_set(kv, 7, 1, "b", "one");
    kv_apply_set(kv, 7, 2, "ba", "");
    kv_apply_bytes(kv, SIM_ENTRY_COMMAND, "no command");
    kv_apply_swap(kv, 1, "b", "one", "two");
    kv_apply_in(kv, 300, SIM_COMMAND_FRESH, &set);
    kv_apply_empty(kv, SIM_ENTRY_INTERNAL, 0, false);
    return kv;
}

Test(kv_image, has_the_documented_bytes)
{
    static const uint8_t golden[] = {
        3,  0, 0, 0, 0,  0, 0, 0,                   /* applied */
        0,  0, 0, 0, 0,  0, 0, 0,                   /* nothing was no command */
        2,  0, 0, 0, 0,  0, 0, 0,                   /* keys */
        2,  0, 0, 0, 0,  0, 0, 0,                   /* answers */
        1,  0, 0, 0, 2,  0, 0, 0, 'k', 'v', 'w',    /* k: vw */
        2,  0, 0, 0, 0,  0, 0, 0, 'k', '1',         /* k1: empty */
        12, 0, 0, 0, 11, 0, 0, 0,                   /* client 1: */
        0,  0, 0, 0, 0,  0, 0, 0, 1,   0,   0,   0, /* */
        9,  0, 0, 0, 0,  0, 0, 0, 3,   'v', 'w',    /* 9: success, vw */
        12, 0, 0, 0, 9,  0, 0, 0,                   /* session 258: */
        2,  1, 0, 0, 0,  0, 0, 0, 0,   0,   0,   0, /* */
        5,  0, 0, 0, 0,  0, 0, 0, 1,                /* 5: success */
    };
    struct sim_kv *kv = sim_kv_new();
    kv_apply_set(kv, 1, 1, "k", "vw");
    struct sim_command set = kv_command(SIM_COMMAND_SET, 5, "k1", "", NULL);
    kv_apply_in(kv, 258, SIM_COMMAND_FRESH, &set);
    kv_apply_get(kv, 9, "k");
    cr_assert_eq(sim_kv_image_size(kv), sizeof golden);
    uint8_t bytes[sizeof golden];
    sim_kv_image(kv, bytes);
    cr_assert_arr_eq(bytes, golden, sizeof golden);
    cr_assert(restores(golden, sizeof golden));
    sim_kv_free(kv);
}

Test(kv_image, of_an_empty_map_is_an_image)
{
    struct sim_kv *kv = sim_kv_new();
    struct image image = image_of(kv);
    cr_assert(restores(image.bytes, image.size));
    cr_assert_not(restores(image.bytes, 0));
    cr_assert_not(sim_kv_restore(kv, NULL, 0));
    free(image.bytes);
    sim_kv_free(kv);
}

Test(kv_image, goes_on_where_the_map_was)
{
    struct sim_kv *one = small_map();
    struct sim_kv *two = sim_kv_new();
    kv_apply_set(two, 1, 1, "past", "gone");
    struct image image = image_of(one);
    cr_assert(sim_kv_restore(two, image.bytes, image.size));
    free(image.bytes);
    cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
    cr_assert_eq(sim_kv_applied(two), sim_kv_applied(one));
    kv_expect_value(two, "b", "two");
    kv_expect_value(two, "ba", "");
    kv_expect_value(two, "past", NULL);

    /* Answers are as they were, and what comes next goes as it would have. */
    struct sim_kv *maps[2] = {one, two};
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_kv_result result =
            kv_apply_swap(maps[i], 1, "b", "one", "two");
        kv_expect_answer(&result, SIM_KV_REPEATED, true, "one");
        result = kv_apply_swap(maps[i], 2, "a", "in a session", "x");
        kv_expect_answer(&result, SIM_KV_APPLIED, true, "in a session");
        kv_apply_bytes(maps[i], SIM_ENTRY_COMMAND, "no command either");
        kv_apply_empty(maps[i], SIM_ENTRY_SESSION, 300, false);
    }
    cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
    sim_kv_free(one);
    sim_kv_free(two);
}

/* Many keys and answers, set in another order, with another past. */
Test(kv_image, is_the_same_for_the_same_state)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        uint32_t n = (uint32_t)sim_prng_between(&prng, 1, 120);
        struct sim_kv *one = sim_kv_new();
        struct sim_kv *two = sim_kv_new();
        for (uint32_t i = 0; i < n; i++) {
            char key[16], value[16];
            snprintf(key, sizeof key, "k%u", i);
            snprintf(value, sizeof value, "%u", i % 7);
            kv_apply_set(one, i, 1, key, "before");
            kv_apply_set(one, i, 2, key, value);
            snprintf(key, sizeof key, "k%u", n - 1 - i);
            snprintf(value, sizeof value, "%u", (n - 1 - i) % 7);
            kv_apply_set(two, n - 1 - i, 1, key, "longer than before");
            struct sim_command get =
                kv_command(SIM_COMMAND_GET, 1, key, NULL, NULL);
            kv_apply_in(two, i + 1, SIM_COMMAND_FRESH, &get);
            kv_apply_set(two, n - 1 - i, 2, key, value);
        }
        for (uint32_t i = 0; i < n; i++) { /* sessions that come and go */
            kv_apply_empty(two, SIM_ENTRY_SESSION, i + 1, false);
        }
        while (sim_kv_applied(one) < sim_kv_applied(two)) {
            kv_apply_empty(one, SIM_ENTRY_INTERNAL, 0, false);
        }
        struct image a = image_of(one);
        struct image b = image_of(two);
        expect_same_image(&a, &b);
        cr_assert(restores(a.bytes, a.size));
        kv_apply_empty(two, SIM_ENTRY_INTERNAL, 0, false);
        struct image c = image_of(two);
        cr_assert(memcmp(b.bytes, c.bytes, b.size) != 0, "applied counts");
        free(a.bytes);
        free(b.bytes);
        free(c.bytes);
        sim_kv_free(one);
        sim_kv_free(two);
    }
}

/* --- what is no image ---------------------------------------------------- */

Test(kv_image, cut_or_appended_is_none)
{
    struct sim_kv *kv = small_map();
    struct image image = image_of(kv);
    uint8_t *longer = calloc(image.size + 64, 1);
    memcpy(longer, image.bytes, image.size);
    for (size_t n = 0; n <= image.size + 64; n++) {
        cr_assert_eq(restores(longer, n), n == image.size, "%zu bytes", n);
    }
    free(longer);
    free(image.bytes);
    sim_kv_free(kv);
}

/* A builder of images, right or wrong. */
struct builder {
    uint8_t bytes[256];
    size_t size;
};

static void add_number(struct builder *builder, uint64_t number, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, number >>= 8) {
        builder->bytes[builder->size++] = (uint8_t)(number & 0xff);
    }
}

static void begin(struct builder *builder, uint64_t keys, uint64_t answers)
{
    builder->size = 0;
    add_number(builder, 9, 8);
    add_number(builder, 0, 8);
    add_number(builder, keys, 8);
    add_number(builder, answers, 8);
}

static void add_pair(struct builder *builder, const char *key,
                     const char *value)
{
    add_number(builder, strlen(key), 4);
    add_number(builder, strlen(value), 4);
    memcpy(builder->bytes + builder->size, key, strlen(key));
    builder->size += strlen(key);
    memcpy(builder->bytes + builder->size, value, strlen(value));
    builder->size += strlen(value);
}

static void add_answer(struct builder *builder, uint64_t session,
                       uint32_t client, uint64_t number, uint8_t flags,
                       uint32_t value_size)
{
    add_number(builder, 12, 4);
    add_number(builder, 9 + value_size, 4);
    add_number(builder, session, 8);
    add_number(builder, client, 4);
    add_number(builder, number, 8);
    add_number(builder, flags, 1);
    add_number(builder, 0, value_size);
}

static bool built(const struct builder *builder)
{
    return restores(builder->bytes, builder->size);
}

Test(kv_image, keys_are_sorted_and_different)
{
    static const struct {
        const char *first, *second;
        bool valid;
    } cases[] = {
        {"a", "b", true},     {"a", "ab", true}, {"a", "\xff", true},
        {"b", "a", false},    {"a", "a", false}, {"ab", "a", false},
        {"\xff", "a", false}, {"", "a", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder builder;
        begin(&builder, 2, 0);
        add_pair(&builder, cases[i].first, "x");
        add_pair(&builder, cases[i].second, "y");
        cr_assert_eq(built(&builder), cases[i].valid, "%zu", i);
    }
}

Test(kv_image, counts_are_those_of_what_follows)
{
    static const struct {
        uint64_t keys, answers;
        bool valid;
    } cases[] = {
        {2, 1, true},
        {1, 1, false},
        {3, 0, false},
        {2, 0, false},
        {3, 1, false},
        {2, 2, false},
        {UINT64_MAX, 1, false},
        {2, UINT64_MAX, false},
        {UINT64_C(1) << 32 | 2, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder builder;
        begin(&builder, cases[i].keys, cases[i].answers);
        add_pair(&builder, "a", "x");
        add_pair(&builder, "b", "y");
        add_answer(&builder, 0, 1, 1, 1, 0);
        cr_assert_eq(built(&builder), cases[i].valid, "%zu", i);
    }
}

Test(kv_image, answers_are_such_as_the_map_keeps)
{
    static const struct {
        const char *what;
        uint64_t session, number;
        uint32_t client;
        uint8_t flags;
        uint32_t value_size;
        bool valid;
    } cases[] = {
        {"a client's", 0, 1, 5, 1, 0, true},
        {"client 0's", 0, 1, 0, 1, 0, true},
        {"a session's", 4, 1, 0, 1, 0, true},
        {"a session's, with number 0", 4, 0, 0, 1, 0, true},
        {"a client's, with number 0", 0, 0, 5, 1, 0, false},
        {"a session's with a client", 4, 1, 5, 1, 0, false},
        {"a failure", 0, 1, 5, 0, 0, true},
        {"with a value", 0, 1, 5, 3, 4, true},
        {"with an empty value", 0, 1, 5, 2, 0, true},
        {"a value that is none", 0, 1, 5, 1, 4, false},
        {"another flag", 0, 1, 5, 4, 0, false},
        {"all flags", 0, 1, 5, 0xff, 4, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder builder;
        begin(&builder, 0, 1);
        add_answer(&builder, cases[i].session, cases[i].client, cases[i].number,
                   cases[i].flags, cases[i].value_size);
        cr_assert_eq(built(&builder), cases[i].valid, "%s", cases[i].what);
    }
}

Test(kv_image, answers_are_sorted_and_of_the_right_size)
{
    struct builder builder;
    begin(&builder, 0, 2);
    add_answer(&builder, 0, 1, 1, 1, 0);
    add_answer(&builder, 0, 2, 1, 1, 0);
    cr_assert(built(&builder));
    begin(&builder, 0, 2);
    add_answer(&builder, 0, 2, 1, 1, 0);
    add_answer(&builder, 0, 1, 1, 1, 0);
    cr_assert_not(built(&builder));
    begin(&builder, 0, 2);
    add_answer(&builder, 3, 0, 1, 1, 0);
    add_answer(&builder, 3, 0, 2, 1, 0);
    cr_assert_not(built(&builder));
    static const char *const askers[] = {"", "12345678901", "123456789012345"};
    for (size_t i = 0; i < sizeof askers / sizeof *askers; i++) {
        begin(&builder, 0, 1);
        add_pair(&builder, askers[i], "123456789");
        cr_assert_not(built(&builder), "'%s'", askers[i]);
    }
    begin(&builder, 0, 1); /* session 4, and a byte more */
    add_number(&builder, 13, 4);
    add_number(&builder, 9, 4);
    add_number(&builder, 4, 8);
    add_number(&builder, 0, 5);
    add_number(&builder, 1, 8);
    add_number(&builder, 1, 1);
    cr_assert_not(built(&builder));
    begin(&builder, 0, 1); /* a value that is shorter than an answer */
    add_number(&builder, 12, 4);
    add_number(&builder, 8, 4);
    add_number(&builder, 4, 8);
    add_number(&builder, 0, 4);
    add_number(&builder, 0, 8);
    cr_assert_not(built(&builder));
}

/* A pair's sizes whose sum is right by overflow of 32 bits. */
Test(kv_image, sizes_add_without_overflow)
{
    struct builder builder;
    begin(&builder, 1, 0);
    add_number(&builder, UINT32_MAX, 4);
    add_number(&builder, 9, 4);
    add_number(&builder, 0x61616161, 8);
    cr_assert_not(built(&builder));
}

/* No map has a key and a value that together are larger than a command. */
Test(kv_image, has_no_larger_pairs_than_commands_have)
{
    for (uint32_t over = 0; over < 2; over++) {
        uint32_t value_size = SIM_COMMAND_MAX_BYTES - 1 + over;
        size_t size = 32 + 8 + 1 + (size_t)value_size;
        uint8_t *bytes = calloc(size, 1);
        struct builder builder;
        begin(&builder, 1, 0);
        add_number(&builder, 1, 4);
        add_number(&builder, value_size, 4);
        memcpy(bytes, builder.bytes, builder.size);
        cr_assert_eq(restores(bytes, size), over == 0);
        free(bytes);
    }
}

/* Flipped bits, and bytes that went from one place to another: whatever is
 * accepted is somebody's image, byte for byte. */
Test(kv_image, damage_is_refused_or_makes_another_image)
{
    struct sim_kv *kv = small_map();
    struct image image = image_of(kv);
    uint32_t accepted = 0;
    uint32_t refused = 0;
    for (size_t bit = 0; bit < image.size * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << bit % 8);
        image.bytes[bit / 8] ^= mask;
        bool ok = restores(image.bytes, image.size);
        accepted += ok;
        refused += !ok;
        image.bytes[bit / 8] ^= mask;
    }
    cr_assert_gt(accepted, 100);
    cr_assert_gt(refused, 500);
    uint8_t *damaged = malloc(image.size);
    for (uint64_t seed = 0; seed < 20000; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        memcpy(damaged, image.bytes, image.size);
        size_t size = image.size;
        for (uint64_t i = sim_prng_between(&prng, 1, 3); i > 0; i--) {
            size_t from = (size_t)sim_prng_below(&prng, size);
            size_t to = (size_t)sim_prng_below(&prng, size);
            size_t most = size - (from > to ? from : to);
            size_t n = (size_t)sim_prng_below(&prng, most) + 1;
            memmove(damaged + to, damaged + from, n < 20 ? n : 20);
        }
        size -= (size_t)sim_prng_below(&prng, 3) * 4;
        restores(damaged, size);
    }
    free(damaged);
    free(image.bytes);
    sim_kv_free(kv);
}
