/* The replicated map: its commands, its state, its hash. */
#include "sim/kv.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/prng.h"

static struct sim_command set(uint32_t client, uint64_t sequence,
                              const char *key, const char *value)
{
    return (struct sim_command){
        .op = SIM_COMMAND_SET,
        .client = client,
        .sequence = sequence,
        .key = (const uint8_t *)key,
        .value = (const uint8_t *)value,
        .key_size = (uint32_t)strlen(key),
        .value_size = (uint32_t)strlen(value),
    };
}

/* Applies a command at the next index. */
static struct sim_kv_result apply(struct sim_kv *kv,
                                  const struct sim_command *command)
{
    uint8_t bytes[256];
    cr_assert_leq(sim_command_size(command), sizeof bytes);
    struct sim_entry entry = {
        .term = 1,
        .data = bytes,
        .size = sim_command_encode(command, bytes),
        .kind = SIM_ENTRY_COMMAND,
    };
    return sim_kv_apply(kv, sim_kv_applied(kv) + 1, &entry);
}

static struct sim_kv_result apply_set(struct sim_kv *kv, uint32_t client,
                                      uint64_t sequence, const char *key,
                                      const char *value)
{
    struct sim_command command = set(client, sequence, key, value);
    return apply(kv, &command);
}

static struct sim_kv_result
apply_bytes(struct sim_kv *kv, enum sim_entry_kind kind, const char *bytes)
{
    struct sim_entry entry = {
        .term = 1,
        .data = (const uint8_t *)bytes,
        .size = (uint32_t)strlen(bytes),
        .kind = kind,
    };
    return sim_kv_apply(kv, sim_kv_applied(kv) + 1, &entry);
}

/* --- commands ------------------------------------------------------------ */

Test(kv, command_has_the_documented_bytes)
{
    static const uint8_t golden[] = {1,    0,    0,    0,    /* set */
                                     0x04, 0x03, 0x02, 0x01, /* client */
                                     0x88, 0x77, 0x66, 0x55, 0x44,
                                     0x33, 0x22, 0x11,    /* sequence */
                                     2,    0,    0,    0, /* key's size */
                                     3,    0,    0,    0, /* value's size */
                                     'k',  '7',  'a',  'b',  'c'};
    struct sim_command command =
        set(0x01020304, UINT64_C(0x1122334455667788), "k7", "abc");
    uint8_t bytes[sizeof golden];
    cr_assert_eq(sim_command_size(&command), sizeof golden);
    cr_assert_eq(sim_command_encode(&command, bytes), sizeof golden);
    cr_assert_arr_eq(bytes, golden, sizeof golden);

    struct sim_command back;
    cr_assert(sim_command_decode(golden, sizeof golden, &back));
    cr_assert_eq(back.op, SIM_COMMAND_SET);
    cr_assert_eq(back.client, command.client);
    cr_assert_eq(back.sequence, command.sequence);
    cr_assert_eq(back.key_size, 2);
    cr_assert_eq(back.value_size, 3);
    cr_assert_arr_eq(back.key, "k7", 2);
    cr_assert_arr_eq(back.value, "abc", 3);
}

/* Each try lies in a block of exactly its size, so that a read beyond it is
 * seen by a sanitizer. */
static bool decodes(const uint8_t *bytes, size_t size,
                    struct sim_command *command)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, bytes, size);
    bool ok = sim_command_decode(exact, size, command);
    if (ok) {
        uint8_t again[256];
        cr_assert_eq(sim_command_encode(command, again), size);
        cr_assert_arr_eq(again, bytes, size);
    }
    free(exact);
    return ok;
}

Test(kv, decoding_refuses_what_is_cut_or_appended)
{
    struct sim_command command = set(3, 9, "key", "value");
    uint8_t bytes[64] = {0};
    size_t size = sim_command_encode(&command, bytes);
    struct sim_command back;
    for (size_t n = 0; n <= sizeof bytes; n++) {
        cr_assert_eq(decodes(bytes, n, &back), n == size, "%zu bytes", n);
    }
    cr_assert_not(sim_command_decode(NULL, 0, &back));
}

Test(kv, decoding_refuses_other_operations_and_sizes)
{
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
    } cases[] = {
        {"operation 0", 0, 0},      {"operation 2", 0, 2},
        {"operation 257", 1, 1},    {"operation 2^24 + 1", 3, 1},
        {"no key", 16, 0},          {"a longer key", 16, 4},
        {"a shorter key", 16, 2},   {"a huge key", 19, 0xff},
        {"a longer value", 20, 6},  {"a shorter value", 20, 4},
        {"a huge value", 23, 0xff},
    };
    struct sim_command command = set(3, 9, "key", "value");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[64];
        size_t size = sim_command_encode(&command, bytes);
        bytes[cases[i].at] = cases[i].value;
        struct sim_command back;
        cr_assert_not(decodes(bytes, size, &back), "%s", cases[i].what);
    }
    /* Two sizes whose 32-bit sum is right by overflow. */
    uint8_t bytes[64];
    size_t size = sim_command_encode(&command, bytes);
    memset(bytes + 16, 0xff, 4);
    bytes[20] = 9;
    struct sim_command back;
    cr_assert_not(decodes(bytes, size, &back));
    /* No key, but a value of all that is left. */
    size = sim_command_encode(&command, bytes);
    bytes[16] = 0;
    bytes[20] = 8;
    cr_assert_not(decodes(bytes, size, &back));
}

Test(kv, decoding_accepts_only_what_encoding_gives)
{
    uint32_t accepted = 0;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        uint8_t bytes[64] = {1};
        size_t size = (size_t)sim_prng_below(&prng, 40);
        for (size_t i = 4; i < 24; i++) {
            bytes[i] = (uint8_t)sim_prng_below(&prng, 2);
        }
        memset(bytes + 17, 0, 3);
        memset(bytes + 21, 0, 3);
        bytes[16] = (uint8_t)sim_prng_below(&prng, 12);
        bytes[20] = (uint8_t)sim_prng_below(&prng, 12);
        struct sim_command back;
        accepted += decodes(bytes, size, &back); /* compares the bytes */
    }
    cr_assert_gt(accepted, 100);
}

Test(kv, commands_read_as_a_line)
{
    static const char longest[] =
        "01234567890123456789012345678901234567890123456789012345678901234";
    static const struct {
        const char *key, *value, *text;
    } cases[] = {
        {"x", "1", "client 3 command 7: sets x = 1"},
        {"k12", "", "client 3 command 7: sets k12 (0 bytes)"},
        {"k12", "two words", "client 3 command 7: sets k12 (9 bytes)"},
        {"\x01", "\xff", "client 3 command 7: sets a key of 1 bytes (1 bytes)"},
        {longest, longest,
         "client 3 command 7: sets a key of 65 bytes (65 bytes)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_command command = set(3, 7, cases[i].key, cases[i].value);
        uint8_t bytes[256];
        char text[SIM_COMMAND_TEXT_SIZE];
        uint32_t size = sim_command_encode(&command, bytes);
        sim_command_describe(bytes, size, text);
        cr_assert_str_eq(text, cases[i].text);
    }
    char text[SIM_COMMAND_TEXT_SIZE];
    sim_command_describe((const uint8_t *)"abc", 3, text);
    cr_assert_str_eq(text, "3 bytes that are no command");

    struct sim_command command =
        set(UINT32_MAX, UINT64_MAX, "012345678901234567890123",
            "012345678901234567890123");
    uint8_t bytes[256];
    sim_command_describe(bytes, sim_command_encode(&command, bytes), text);
    cr_assert_str_eq(text, "client 4294967295 command 18446744073709551615: "
                           "sets 012345678901234567890123 = "
                           "012345678901234567890123");
}

/* --- the map ------------------------------------------------------------- */

static void expect_value(const struct sim_kv *kv, const char *key,
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

Test(kv, set_and_get)
{
    struct sim_kv *kv = sim_kv_new();
    expect_value(kv, "a", NULL);
    cr_assert_eq(apply_set(kv, 1, 1, "a", "one").outcome, SIM_KV_APPLIED);
    expect_value(kv, "a", "one");
    expect_value(kv, "aa", NULL);
    apply_set(kv, 1, 2, "a", "longer than before");
    expect_value(kv, "a", "longer than before");
    apply_set(kv, 1, 3, "a", "");
    expect_value(kv, "a", "");
    apply_set(kv, 1, 4, "aa", "two");
    expect_value(kv, "a", "");
    expect_value(kv, "aa", "two");
    cr_assert_eq(sim_kv_applied(kv), 4);
    sim_kv_clear(kv);
    expect_value(kv, "a", NULL);
    cr_assert_eq(sim_kv_applied(kv), 0);
    sim_kv_free(kv);
}

Test(kv, a_command_takes_effect_once)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_kv_result result = apply_set(kv, 5, 2, "x", "new");
    cr_assert_eq(result.outcome, SIM_KV_APPLIED);
    cr_assert_eq(result.client, 5);
    cr_assert_eq(result.sequence, 2);
    result = apply_set(kv, 5, 2, "x", "again");
    cr_assert_eq(result.outcome, SIM_KV_REPEATED);
    cr_assert_eq(result.client, 5);
    cr_assert_eq(result.sequence, 2);
    cr_assert_eq(apply_set(kv, 5, 1, "x", "old").outcome, SIM_KV_REPEATED);
    expect_value(kv, "x", "new");
    cr_assert_eq(apply_set(kv, 6, 1, "x", "other").outcome, SIM_KV_APPLIED);
    expect_value(kv, "x", "other");
    cr_assert_eq(apply_set(kv, 5, 4, "x", "gap").outcome, SIM_KV_APPLIED);
    expect_value(kv, "x", "gap");
    sim_kv_free(kv);
}

Test(kv, what_is_no_command_changes_nothing)
{
    struct sim_kv *kv = sim_kv_new();
    apply_set(kv, 1, 1, "x", "1");
    struct sim_kv_result result = apply_bytes(kv, SIM_ENTRY_COMMAND, "hello");
    cr_assert_eq(result.outcome, SIM_KV_IGNORED);
    cr_assert_eq(result.client, 0);
    cr_assert_eq(result.sequence, 0);
    result = apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
    cr_assert_eq(result.outcome, SIM_KV_IGNORED);
    expect_value(kv, "x", "1");
    cr_assert_eq(sim_kv_applied(kv), 3);
    sim_kv_free(kv);
}

/* The node's own entries are not for the map, whatever is in them. */
Test(kv, an_internal_entry_is_no_command)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_command command = set(1, 1, "x", "1");
    uint8_t bytes[64];
    struct sim_entry entry = {
        .term = 1,
        .data = bytes,
        .size = sim_command_encode(&command, bytes),
        .kind = SIM_ENTRY_INTERNAL,
    };
    cr_assert_eq(sim_kv_apply(kv, 1, &entry).outcome, SIM_KV_IGNORED);
    expect_value(kv, "x", NULL);
    entry.kind = SIM_ENTRY_COMMAND;
    cr_assert_eq(sim_kv_apply(kv, 2, &entry).outcome, SIM_KV_APPLIED);
    expect_value(kv, "x", "1");
    sim_kv_free(kv);
}

Test(kv, an_index_left_out_is_a_mistake, .signal = SIGABRT)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_entry entry = {.term = 1, .kind = SIM_ENTRY_INTERNAL};
    sim_kv_apply(kv, 2, &entry);
}

/* --- the hash ------------------------------------------------------------ */

/* Each story leads to a state of its own. */
static void tell(struct sim_kv *kv, uint32_t story)
{
    switch (story) {
    case 0:
        break;
    case 1:
        apply_set(kv, 1, 1, "a", "bc");
        break;
    case 2: /* another cut between key and value */
        apply_set(kv, 1, 1, "ab", "c");
        break;
    case 3:
        apply_set(kv, 1, 1, "a", "bd");
        break;
    case 4:
        apply_set(kv, 2, 1, "a", "bc");
        break;
    case 5:
        apply_set(kv, 1, 2, "a", "bc");
        break;
    case 6: /* the same content, one entry later */
        apply_set(kv, 1, 1, "a", "bc");
        apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        break;
    case 7:
        apply_bytes(kv, SIM_ENTRY_COMMAND, "x");
        break;
    case 8:
        apply_bytes(kv, SIM_ENTRY_COMMAND, "y");
        break;
    case 9:
        apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        break;
    case 10: /* the same payload at another index */
        apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        apply_bytes(kv, SIM_ENTRY_COMMAND, "x");
        break;
    case 11:
        apply_bytes(kv, SIM_ENTRY_COMMAND, "x");
        apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        break;
    case 12: /* two keys that swap their values */
        apply_set(kv, 1, 1, "a", "1");
        apply_set(kv, 1, 2, "b", "2");
        break;
    case 13:
        apply_set(kv, 1, 1, "a", "2");
        apply_set(kv, 1, 2, "b", "1");
        break;
    case 14: /* trailing zeros count */
        apply_set(kv, 1, 1, "a", "");
        break;
    default:
        cr_assert(false);
    }
}

Test(kv, different_states_have_different_hashes)
{
    uint64_t hashes[15];
    for (uint32_t i = 0; i < 15; i++) {
        struct sim_kv *kv = sim_kv_new();
        tell(kv, i);
        hashes[i] = sim_kv_hash(kv);
        for (uint32_t j = 0; j < i; j++) {
            cr_assert_neq(hashes[i], hashes[j], "stories %u and %u", i, j);
        }
        sim_kv_clear(kv);
        cr_assert_eq(sim_kv_hash(kv), hashes[0], "story %u cleared", i);
        tell(kv, i);
        cr_assert_eq(sim_kv_hash(kv), hashes[i], "story %u again", i);
        sim_kv_free(kv);
    }
}

Test(kv, the_hash_is_of_the_content_and_not_of_its_order)
{
    struct sim_kv *one = sim_kv_new();
    struct sim_kv *two = sim_kv_new();
    apply_set(one, 1, 1, "a", "1");
    apply_set(one, 2, 1, "b", "2");
    apply_set(one, 3, 1, "a", "3");
    apply_set(two, 2, 1, "b", "2");
    apply_set(two, 1, 1, "a", "1");
    cr_assert_neq(sim_kv_hash(one), sim_kv_hash(two));
    apply_set(two, 3, 1, "a", "3");
    cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
    sim_kv_free(one);
    sim_kv_free(two);
}

/* What was overwritten does not count. */
Test(kv, the_hash_is_of_the_content_and_not_of_its_past)
{
    struct sim_kv *one = sim_kv_new();
    struct sim_kv *two = sim_kv_new();
    apply_set(one, 1, 1, "a", "1");
    apply_set(two, 1, 1, "a", "another");
    cr_assert_neq(sim_kv_hash(one), sim_kv_hash(two));
    apply_set(one, 1, 2, "a", "2");
    apply_set(two, 1, 2, "a", "2");
    cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
    sim_kv_free(one);
    sim_kv_free(two);
}

/* Part of the identity of every run: the same on every machine. */
Test(kv, the_hash_is_the_same_everywhere)
{
    struct sim_kv *kv = sim_kv_new();
    cr_assert_eq(sim_kv_hash(kv), UINT64_C(0xca489ca5ed8c1a61));
    apply_set(kv, 1, 1, "a", "bc");
    apply_bytes(kv, SIM_ENTRY_COMMAND, "no command");
    apply_set(kv, 2, 1, "key", "a value of more than eight bytes");
    cr_assert_eq(sim_kv_hash(kv), UINT64_C(0xd93d433f1fd619d8));
    sim_kv_free(kv);
}

/* --- against a naive model ----------------------------------------------- */

#define MODEL_KEYS 600u
#define MODEL_CLIENTS 100u

struct model {
    bool present[MODEL_KEYS];
    char values[MODEL_KEYS][16];
    uint64_t latest[MODEL_CLIENTS];
};

static void random_command(struct sim_prng *prng, uint32_t keys,
                           struct model *model, struct sim_kv *one,
                           struct sim_kv *two)
{
    uint32_t place = (uint32_t)sim_prng_below(prng, keys);
    uint32_t client = (uint32_t)sim_prng_below(prng, MODEL_CLIENTS);
    uint64_t sequence = model->latest[client] + sim_prng_below(prng, 3);
    char key[16];
    char value[16];
    snprintf(key, sizeof key, "k%u", place);
    snprintf(value, sizeof value, "%.*u", (int)sim_prng_below(prng, 10),
             (unsigned)sim_prng_below(prng, 1000));
    bool fresh = sequence > model->latest[client];
    enum sim_kv_outcome expected = fresh ? SIM_KV_APPLIED : SIM_KV_REPEATED;
    if (fresh) {
        model->latest[client] = sequence;
        model->present[place] = true;
        memcpy(model->values[place], value, sizeof value);
    }
    cr_assert_eq(apply_set(one, client, sequence, key, value).outcome,
                 expected);
    cr_assert_eq(apply_set(two, client, sequence, key, value).outcome,
                 expected);
}

Test(kv, behaves_like_an_array_of_values)
{
    static struct model model;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
        uint32_t keys = (uint32_t)sim_prng_between(&prng, 1, MODEL_KEYS);
        struct sim_kv *one = sim_kv_new();
        struct sim_kv *two = sim_kv_new();
        memset(&model, 0, sizeof model);
        for (uint64_t i = 0; i < seed; i++) { /* another past */
            apply_set(two, 0, i + 1, "past", "gone");
        }
        sim_kv_clear(two);
        for (uint32_t step = 0; step < 1500; step++) {
            random_command(&prng, keys, &model, one, two);
            cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
        }
        for (uint32_t place = 0; place < MODEL_KEYS; place++) {
            char key[16];
            snprintf(key, sizeof key, "k%u", place);
            expect_value(one, key,
                         model.present[place] ? model.values[place] : NULL);
        }
        sim_kv_free(one);
        sim_kv_free(two);
    }
}
