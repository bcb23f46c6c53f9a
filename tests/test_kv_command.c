/* The commands of the replicated map: their bytes and their words. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kv.h"
#include "sim/prng.h"

static const uint8_t *as_bytes(const char *text)
{
    return (const uint8_t *)text;
}

static uint32_t length_of(const char *text)
{
    return text == NULL ? 0 : (uint32_t)strlen(text);
}

static struct sim_command command(enum sim_command_op op, const char *key,
                                  const char *value, const char *expected)
{
    return (struct sim_command){
        .op = op,
        .client = 3,
        .number = 7,
        .key = as_bytes(key),
        .value = as_bytes(value),
        .expected = as_bytes(expected),
        .key_size = length_of(key),
        .value_size = length_of(value),
        .expected_size = length_of(expected),
    };
}

static struct sim_command set(const char *key, const char *value)
{
    return command(SIM_COMMAND_SET, key, value, NULL);
}

static struct sim_command swap(const char *key, const char *expected,
                               const char *value)
{
    return command(SIM_COMMAND_COMPARE_AND_SET, key, value, expected);
}

static struct sim_command get(const char *key)
{
    return command(SIM_COMMAND_GET, key, NULL, NULL);
}

/* --- bytes --------------------------------------------------------------- */

static void expect_bytes(const struct sim_command *given, const uint8_t *golden,
                         size_t size)
{
    uint8_t bytes[64];
    cr_assert_leq(size, sizeof bytes);
    cr_assert_eq(sim_command_size(given), size);
    cr_assert_eq(sim_command_encode(given, bytes), size);
    cr_assert_arr_eq(bytes, golden, size);

    struct sim_command back;
    cr_assert(sim_command_decode(golden, size, &back));
    cr_assert_eq(back.op, given->op);
    cr_assert_eq(back.client, given->client);
    cr_assert_eq(back.number, given->number);
    cr_assert_eq(back.key_size, given->key_size);
    cr_assert_eq(back.value_size, given->value_size);
    cr_assert_eq(back.expected_size, given->expected_size);
    cr_assert_arr_eq(back.key, given->key, given->key_size);
    cr_assert(given->value_size == 0 ||
              memcmp(back.value, given->value, given->value_size) == 0);
    cr_assert_eq(back.expected == NULL, given->expected == NULL);
    cr_assert(given->expected_size == 0 ||
              memcmp(back.expected, given->expected, given->expected_size) ==
                  0);
}

Test(kv_command, a_set_has_the_documented_bytes)
{
    static const uint8_t golden[] = {
        1,    0,    0,    0,                            /* set */
        0x04, 0x03, 0x02, 0x01,                         /* client */
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* number */
        2,    0,    0,    0,                            /* key's size */
        3,    0,    0,    0,                            /* value's size */
        0xff, 0xff, 0xff, 0xff,                         /* none expected */
        0,    0,    0,    0,    'k',  '7',  'a',  'b',  'c'};
    struct sim_command given = set("k7", "abc");
    given.client = 0x01020304;
    given.number = UINT64_C(0x1122334455667788);
    expect_bytes(&given, golden, sizeof golden);
}

Test(kv_command, a_compare_and_set_has_the_documented_bytes)
{
    static const uint8_t golden[] = {2, 0, 0, 0, /* compare-and-set */
                                     3, 0, 0, 0, /* client */
                                     7, 0, 0, 0, 0,   0,   0,   0, /* number */
                                     1, 0, 0, 0, /* key's size */
                                     2, 0, 0, 0, /* value's size */
                                     3, 0, 0, 0, /* expected value's size */
                                     0, 0, 0, 0, 'k', 'v', 'w', 'o', 'l', 'd'};
    struct sim_command given = swap("k", "old", "vw");
    expect_bytes(&given, golden, sizeof golden);
}

/* That no value is expected is another thing than the empty value. */
Test(kv_command, the_empty_value_is_a_value)
{
    static const uint8_t empty[] = {2, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0,
                                    0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'k'};
    uint8_t none[sizeof empty];
    memcpy(none, empty, sizeof none);
    memset(none + 24, 0xff, 4);
    struct sim_command given = swap("k", "", "");
    expect_bytes(&given, empty, sizeof empty);
    given = swap("k", NULL, "");
    expect_bytes(&given, none, sizeof none);
}

Test(kv_command, a_get_has_the_documented_bytes)
{
    static const uint8_t golden[] = {
        3, 0, 0, 0, 3, 0, 0, 0,    7,    0,    0,    0, 0, 0, 0, 0,   2,
        0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 'k', '7'};
    struct sim_command given = get("k7");
    expect_bytes(&given, golden, sizeof golden);
}

/* Each try lies in a block of exactly its size, so that a read beyond it is
 * seen by a sanitizer. */
static bool decodes(const uint8_t *bytes, size_t size)
{
    struct sim_command back;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, bytes, size);
    bool ok = sim_command_decode(exact, size, &back);
    if (ok) {
        uint8_t again[256];
        cr_assert_eq(sim_command_encode(&back, again), size);
        cr_assert_arr_eq(again, bytes, size);
    }
    free(exact);
    return ok;
}

Test(kv_command, decoding_refuses_what_is_cut_or_appended)
{
    struct sim_command list[] = {set("key", "value"), get("key"),
                                 swap("key", "old", "value"),
                                 swap("key", NULL, "value")};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        uint8_t bytes[64] = {0};
        size_t size = sim_command_encode(&list[i], bytes);
        for (size_t n = 0; n <= sizeof bytes; n++) {
            cr_assert_eq(decodes(bytes, n), n == size, "%zu: %zu bytes", i, n);
        }
    }
    struct sim_command back;
    cr_assert_not(sim_command_decode(NULL, 0, &back));
}

Test(kv_command, decoding_refuses_other_operations_and_sizes)
{
    struct sim_command a_set = set("key", "value");
    struct sim_command a_swap = swap("key", "old", "value");
    struct sim_command a_get = get("key");
    struct sim_command from_none = swap("key", NULL, "value");
    const struct {
        const char *what;
        const struct sim_command *of;
        size_t at;
        uint8_t value;
    } cases[] = {
        {"operation 0", &a_set, 0, 0},
        {"operation 4", &a_set, 0, 4},
        {"operation 257", &a_set, 1, 1},
        {"operation 2^24 + 1", &a_set, 3, 1},
        {"no key", &a_set, 16, 0},
        {"a longer key", &a_set, 16, 4},
        {"a shorter key", &a_set, 16, 2},
        {"a huge key", &a_set, 19, 0xff},
        {"a longer value", &a_set, 20, 6},
        {"a shorter value", &a_set, 20, 4},
        {"a huge value", &a_set, 23, 0xff},
        {"words that mean nothing", &a_set, 28, 1},
        {"more of them", &a_set, 31, 0x80},
        {"a get with a value", &a_set, 0, SIM_COMMAND_GET},
        {"a set that expects", &a_swap, 0, SIM_COMMAND_SET},
        {"a get that expects", &a_swap, 0, SIM_COMMAND_GET},
        {"a longer expectation", &a_swap, 24, 4},
        {"a shorter expectation", &a_swap, 24, 2},
        {"a huge expectation", &a_swap, 27, 0xff},
        {"a get with a longer key", &a_get, 16, 4},
        {"nearly none expected", &from_none, 24, 0xfe},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[64];
        size_t size = sim_command_encode(cases[i].of, bytes);
        cr_assert(decodes(bytes, size));
        bytes[cases[i].at] = cases[i].value;
        cr_assert_not(decodes(bytes, size), "%s", cases[i].what);
    }
}

/* Sizes whose 32-bit sum is right by overflow, and a key of no bytes where the
 * sum is right without it. */
Test(kv_command, decoding_adds_sizes_without_overflow)
{
    struct sim_command given = swap("key", "old", "value");
    uint8_t bytes[64];
    size_t size = sim_command_encode(&given, bytes);
    memset(bytes + 16, 0xff, 4);
    bytes[20] = 9;
    cr_assert_not(decodes(bytes, size));
    size = sim_command_encode(&given, bytes);
    memset(bytes + 20, 0xff, 4);
    bytes[24] = 9;
    cr_assert_not(decodes(bytes, size));
    size = sim_command_encode(&given, bytes);
    bytes[16] = 0;
    bytes[20] = 8;
    cr_assert_not(decodes(bytes, size));
}

Test(kv_command, decoding_accepts_only_what_encoding_gives)
{
    uint32_t accepted[4] = {0};
    for (uint64_t seed = 0; seed < 60000; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        uint8_t bytes[64] = {0};
        size_t size = (size_t)sim_prng_between(&prng, 28, 46);
        bytes[0] = (uint8_t)sim_prng_below(&prng, 5);
        bytes[4] = (uint8_t)sim_prng_next(&prng);
        bytes[8] = (uint8_t)sim_prng_next(&prng);
        bytes[16] = (uint8_t)sim_prng_below(&prng, 6);
        if (bytes[0] != SIM_COMMAND_GET) {
            bytes[20] = (uint8_t)sim_prng_below(&prng, 6);
        }
        bytes[24] = (uint8_t)sim_prng_below(&prng, 6);
        if (sim_prng_chance(&prng, 700000)) {
            memset(bytes + 24, 0xff, 4);
        }
        bytes[28] = (uint8_t)(sim_prng_below(&prng, 8) == 0);
        if (decodes(bytes, size)) { /* compares the bytes */
            cr_assert(bytes[0] >= 1 && bytes[0] <= 3);
            accepted[bytes[0]]++;
        }
    }
    for (uint32_t op = 1; op <= 3; op++) {
        cr_assert_gt(accepted[op], 100, "operation %u", op);
    }
}

Test(kv_command, a_command_is_at_most_so_large)
{
    uint8_t *bytes = calloc(SIM_COMMAND_HEADER_SIZE + SIM_COMMAND_MAX_BYTES, 1);
    uint8_t *value = calloc(SIM_COMMAND_MAX_BYTES, 1);
    struct sim_command given = set("k", "");
    given.value = value;
    given.value_size = SIM_COMMAND_MAX_BYTES - 1;
    uint32_t size = sim_command_encode(&given, bytes);
    cr_assert_eq(size, SIM_COMMAND_HEADER_SIZE + SIM_COMMAND_MAX_BYTES);
    struct sim_command back;
    cr_assert(sim_command_decode(bytes, size, &back));
    cr_assert_eq(back.value_size, given.value_size);
    free(bytes);
    free(value);
}

Test(kv_command, a_larger_command_is_a_mistake, .signal = SIGABRT)
{
    struct sim_command given = swap("k", "e", "");
    given.value_size = SIM_COMMAND_MAX_BYTES - 1;
    sim_command_size(&given);
}

Test(kv_command, a_read_with_a_value_is_a_mistake, .signal = SIGABRT)
{
    struct sim_command given = command(SIM_COMMAND_GET, "k", "v", NULL);
    uint8_t bytes[64];
    sim_command_encode(&given, bytes);
}

Test(kv_command, a_set_that_expects_is_a_mistake, .signal = SIGABRT)
{
    struct sim_command given = command(SIM_COMMAND_SET, "k", "v", "");
    uint8_t bytes[64];
    sim_command_encode(&given, bytes);
}

/* --- words --------------------------------------------------------------- */

#define LONGEST "012345678901234567890123"

static void expect_words(const struct sim_command *given, const char *expected)
{
    uint8_t bytes[256];
    char text[SIM_COMMAND_TEXT_SIZE];
    sim_command_describe(bytes, sim_command_encode(given, bytes), text);
    cr_assert_str_eq(text, expected, "'%s' and not '%s'", text, expected);
}

Test(kv_command, commands_read_as_a_line)
{
    const struct {
        struct sim_command command;
        const char *text; /* behind "client 3 command 7: " */
    } cases[] = {
        {set("x", "1"), "sets x = 1"},
        {set("k12", ""), "sets k12 (0 bytes)"},
        {set("k12", "two words"), "sets k12 (9 bytes)"},
        {set("\x01", "\xff"), "sets a key of 1 bytes (1 bytes)"},
        {set(LONGEST "4", LONGEST "4"), "sets a key of 25 bytes (25 bytes)"},
        {set(SIM_PROBE_KEY, "x"), "sets probe = x"},
        {swap("k12", "old", "new"), "compares and sets k12 from old to new"},
        {swap("k12", NULL, "new"), "compares and sets k12 from nothing to new"},
        {swap("k12", "", "two words"),
         "compares and sets k12 from 0 bytes to 9 bytes"},
        {swap(SIM_PROBE_KEY, NULL, ""),
         "compares and sets probe from nothing to 0 bytes"},
        {get("k3"), "reads k3"},
        {get("two words"), "reads a key of 9 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[128] = "client 3 command 7: ";
        strcat(expected, cases[i].text);
        expect_words(&cases[i].command, expected);
    }
    struct sim_command probe = set(SIM_PROBE_KEY, "");
    expect_words(&probe, "the simulator's probe 7");
}

Test(kv_command, what_is_no_command_is_told_by_its_size)
{
    char text[SIM_COMMAND_TEXT_SIZE];
    sim_command_describe(as_bytes("abc"), 3, text);
    cr_assert_str_eq(text, "3 bytes that are no command");
    sim_command_describe(NULL, 0, text);
    cr_assert_str_eq(text, "0 bytes that are no command");
}

Test(kv_command, the_longest_line_fits)
{
    struct sim_command given = swap(LONGEST, LONGEST, LONGEST);
    given.client = UINT32_MAX;
    given.number = UINT64_MAX;
    expect_words(&given,
                 "client 4294967295 command 18446744073709551615: "
                 "compares and sets " LONGEST " from " LONGEST " to " LONGEST);
}

Test(kv_command, short_and_readable_strings_are_shown)
{
    char text[SIM_COMMAND_MAX_SHOWN + 1];
    cr_assert(sim_command_show(as_bytes(LONGEST), 24, text));
    cr_assert_str_eq(text, LONGEST);
    cr_assert(sim_command_show(as_bytes("!~"), 2, text));
    cr_assert_str_eq(text, "!~");
    cr_assert_not(sim_command_show(as_bytes(LONGEST "4"), 25, text));
    cr_assert_not(sim_command_show(as_bytes(""), 0, text));
    cr_assert_not(sim_command_show(NULL, 0, text));
    cr_assert_not(sim_command_show(as_bytes("a b"), 3, text));
    cr_assert_not(sim_command_show(as_bytes("a\x7f"), 2, text));
    cr_assert_not(sim_command_show(as_bytes("a\0"), 2, text));
}
