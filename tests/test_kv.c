/* The replicated map: its content and its hash. */
#include "sim/kv.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/prng.h"
#include "tests/kv_harness.h"

/* --- commands ------------------------------------------------------------ */

Test(kv, set_and_get)
{
    struct sim_kv *kv = sim_kv_new();
    kv_expect_value(kv, "a", NULL);
    struct sim_kv_result result = kv_apply_set(kv, 1, 1, "a", "one");
    kv_expect_answer(&result, SIM_KV_APPLIED, true, NULL);
    kv_expect_value(kv, "a", "one");
    kv_expect_value(kv, "aa", NULL);
    kv_apply_set(kv, 1, 2, "a", "longer than before");
    kv_expect_value(kv, "a", "longer than before");
    kv_apply_set(kv, 1, 3, "a", "");
    kv_expect_value(kv, "a", "");
    kv_apply_set(kv, 1, 4, "aa", "two");
    kv_expect_value(kv, "a", "");
    kv_expect_value(kv, "aa", "two");
    cr_assert_eq(sim_kv_applied(kv), 4);
    sim_kv_clear(kv);
    kv_expect_value(kv, "a", NULL);
    cr_assert_eq(sim_kv_applied(kv), 0);
    sim_kv_free(kv);
}

Test(kv, a_get_answers_the_value)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_kv_result result = kv_apply_get(kv, 1, "a");
    kv_expect_answer(&result, SIM_KV_APPLIED, true, NULL);
    kv_apply_set(kv, 2, 1, "a", "one");
    result = kv_apply_get(kv, 2, "a");
    kv_expect_answer(&result, SIM_KV_APPLIED, true, "one");
    kv_apply_set(kv, 2, 2, "a", "");
    result = kv_apply_get(kv, 3, "a");
    kv_expect_answer(&result, SIM_KV_APPLIED, true, "");
    kv_expect_value(kv, "a", "");
    sim_kv_free(kv);
}

Test(kv, a_compare_and_set_sets_if_the_value_is_the_expected_one)
{
    static const struct {
        const char *before, *expected;
        bool success;
    } cases[] = {
        {NULL, NULL, true}, {NULL, "", false},  {NULL, "x", false},
        {"", NULL, false},  {"", "", true},     {"", "x", false},
        {"x", NULL, false}, {"x", "", false},   {"x", "x", true},
        {"x", "y", false},  {"x", "xx", false}, {"xx", "x", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_kv *kv = sim_kv_new();
        if (cases[i].before != NULL) {
            kv_apply_set(kv, 2, 1, "k", cases[i].before);
        }
        struct sim_kv_result result =
            kv_apply_swap(kv, 1, "k", cases[i].expected, "new");
        kv_expect_answer(&result, SIM_KV_APPLIED, cases[i].success,
                         cases[i].before);
        kv_expect_value(kv, "k", cases[i].success ? "new" : cases[i].before);
        sim_kv_free(kv);
    }
}

/* The answer tells the value of before, though it is gone from the map. */
Test(kv, a_compare_and_set_answers_the_value_before)
{
    struct sim_kv *kv = sim_kv_new();
    kv_apply_swap(kv, 1, "k", NULL, "a value of some size");
    struct sim_kv_result result =
        kv_apply_swap(kv, 2, "k", "a value of some size", "b");
    kv_expect_answer(&result, SIM_KV_APPLIED, true, "a value of some size");
    result = kv_apply_swap(kv, 3, "k", "b", "as large as it was..");
    kv_expect_answer(&result, SIM_KV_APPLIED, true, "b");
    sim_kv_free(kv);
}

Test(kv, what_is_no_command_changes_nothing)
{
    struct sim_kv *kv = sim_kv_new();
    kv_apply_set(kv, 1, 1, "x", "1");
    struct sim_kv_result result =
        kv_apply_bytes(kv, SIM_ENTRY_COMMAND, "hello");
    cr_assert_eq(result.outcome, SIM_KV_IGNORED);
    result = kv_apply_empty(kv, SIM_ENTRY_COMMAND, 0, true);
    cr_assert_eq(result.outcome, SIM_KV_IGNORED);
    kv_expect_value(kv, "x", "1");
    cr_assert_eq(sim_kv_applied(kv), 3);
    sim_kv_free(kv);
}

/* The node's own entries are not for the map, whatever is in them. */
Test(kv, an_entry_of_another_kind_is_no_command)
{
    static const enum sim_entry_kind kinds[] = {
        SIM_ENTRY_INTERNAL, SIM_ENTRY_CONFIGURATION, SIM_ENTRY_SESSION};
    struct sim_kv *kv = sim_kv_new();
    struct sim_kv *empty = sim_kv_new();
    struct sim_command given = kv_command(SIM_COMMAND_SET, 1, "x", "1", NULL);
    uint8_t bytes[64];
    struct sim_entry entry = {
        .term = 1,
        .data = bytes,
        .size = sim_command_encode(&given, bytes),
    };
    for (uint64_t i = 0; i < 3; i++) {
        entry.kind = kinds[i];
        cr_assert_eq(sim_kv_apply(kv, i + 1, &entry).outcome, SIM_KV_IGNORED);
        kv_apply_empty(empty, SIM_ENTRY_INTERNAL, 0, false);
        kv_expect_value(kv, "x", NULL);
        cr_assert_eq(sim_kv_hash(kv), sim_kv_hash(empty));
    }
    entry.kind = SIM_ENTRY_COMMAND;
    cr_assert_eq(sim_kv_apply(kv, 4, &entry).outcome, SIM_KV_APPLIED);
    kv_expect_value(kv, "x", "1");
    sim_kv_free(kv);
    sim_kv_free(empty);
}

Test(kv, an_index_left_out_is_a_mistake, .signal = SIGABRT)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_entry entry = {.term = 1, .kind = SIM_ENTRY_INTERNAL};
    sim_kv_apply(kv, 2, &entry);
}

/* --- the hash ------------------------------------------------------------ */

#define STORIES 21u

/* Each story leads to a state of its own. */
static void tell(struct sim_kv *kv, uint32_t story)
{
    switch (story) {
    case 0:
        break;
    case 1:
        kv_apply_set(kv, 1, 1, "a", "bc");
        break;
    case 2: /* another cut between key and value */
        kv_apply_set(kv, 1, 1, "ab", "c");
        break;
    case 3:
        kv_apply_set(kv, 1, 1, "a", "bd");
        break;
    case 4:
        kv_apply_set(kv, 2, 1, "a", "bc");
        break;
    case 5:
        kv_apply_set(kv, 1, 2, "a", "bc");
        break;
    case 6: /* the same content, one entry later */
        kv_apply_set(kv, 1, 1, "a", "bc");
        kv_apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        break;
    case 7:
        kv_apply_bytes(kv, SIM_ENTRY_COMMAND, "x");
        break;
    case 8:
        kv_apply_bytes(kv, SIM_ENTRY_COMMAND, "y");
        break;
    case 9:
        kv_apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        break;
    case 10: /* the same payload at another index */
        kv_apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        kv_apply_bytes(kv, SIM_ENTRY_COMMAND, "x");
        break;
    case 11:
        kv_apply_bytes(kv, SIM_ENTRY_COMMAND, "x");
        kv_apply_bytes(kv, SIM_ENTRY_INTERNAL, "");
        break;
    case 12: /* two keys that swap their values */
        kv_apply_set(kv, 1, 1, "a", "1");
        kv_apply_set(kv, 1, 2, "b", "2");
        break;
    case 13:
        kv_apply_set(kv, 1, 1, "a", "2");
        kv_apply_set(kv, 1, 2, "b", "1");
        break;
    case 14: /* trailing zeros count */
        kv_apply_set(kv, 1, 1, "a", "");
        break;
    case 15: /* the same content, another answer */
        kv_apply_swap(kv, 1, "a", NULL, "bc");
        kv_apply_swap(kv, 2, "a", "x", "y");
        break;
    case 16:
        kv_apply_swap(kv, 1, "a", NULL, "bc");
        kv_apply_get(kv, 2, "a");
        break;
    case 17:
        kv_apply_swap(kv, 1, "a", NULL, "bc");
        kv_apply_get(kv, 2, "b");
        break;
    case 18: /* an omitted command is no empty one */
        kv_apply_empty(kv, SIM_ENTRY_COMMAND, 0, true);
        break;
    case 19:
        kv_apply_empty(kv, SIM_ENTRY_COMMAND, 0, false);
        break;
    case 20: { /* in a session, and not without one */
        struct sim_command set =
            kv_command(SIM_COMMAND_SET, 1, "a", "bc", NULL);
        kv_apply_in(kv, 1, SIM_COMMAND_FRESH, &set);
        break;
    }
    default:
        cr_assert(false);
    }
}

Test(kv, different_states_have_different_hashes)
{
    uint64_t hashes[STORIES];
    for (uint32_t i = 0; i < STORIES; i++) {
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
    kv_apply_set(one, 1, 1, "a", "1");
    kv_apply_set(one, 2, 1, "b", "2");
    kv_apply_set(one, 3, 1, "a", "3");
    kv_apply_set(two, 2, 1, "b", "2");
    kv_apply_set(two, 1, 1, "a", "1");
    cr_assert_neq(sim_kv_hash(one), sim_kv_hash(two));
    kv_apply_set(two, 3, 1, "a", "3");
    cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
    sim_kv_free(one);
    sim_kv_free(two);
}

/* What was overwritten does not count. */
Test(kv, the_hash_is_of_the_content_and_not_of_its_past)
{
    struct sim_kv *one = sim_kv_new();
    struct sim_kv *two = sim_kv_new();
    kv_apply_set(one, 1, 1, "a", "1");
    kv_apply_set(two, 1, 1, "a", "another");
    cr_assert_neq(sim_kv_hash(one), sim_kv_hash(two));
    kv_apply_set(one, 1, 2, "a", "2");
    kv_apply_set(two, 1, 2, "a", "2");
    cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
    sim_kv_free(one);
    sim_kv_free(two);
}

/* Part of the identity of every run: the same on every machine. */
Test(kv, the_hash_is_the_same_everywhere)
{
    struct sim_kv *kv = sim_kv_new();
    struct sim_command set = kv_command(SIM_COMMAND_SET, 1, "a", "c", NULL);
    cr_assert_eq(sim_kv_hash(kv), UINT64_C(0xca489ca5ed8c1a61));
    kv_apply_set(kv, 1, 1, "a", "bc");
    kv_apply_bytes(kv, SIM_ENTRY_COMMAND, "no command");
    kv_apply_empty(kv, SIM_ENTRY_COMMAND, 0, true);
    kv_apply_set(kv, 2, 1, "key", "a value of more than eight bytes");
    kv_apply_swap(kv, 2, "a", "bc", "b");
    kv_apply_in(kv, 3, SIM_COMMAND_FRESH, &set);
    cr_assert_eq(sim_kv_hash(kv), UINT64_C(0x2ce4a4f3d4cb647b));
    sim_kv_free(kv);
}

/* --- against a naive model ----------------------------------------------- */

#define MODEL_KEYS 600u
#define MODEL_CLIENTS 100u

struct model {
    bool present[MODEL_KEYS];
    char values[MODEL_KEYS][16];
    uint64_t latest[MODEL_CLIENTS];
    struct {
        bool success, has_value;
        char value[16];
    } answers[MODEL_CLIENTS]; /* to the latest */
};

/* What the model makes of a fresh command. */
static void model_apply(struct model *model, const struct sim_command *given,
                        uint32_t place, const char *value, const char *expected)
{
    bool present = model->present[place];
    bool as_expected =
        expected == NULL
            ? !present
            : present && strcmp(model->values[place], expected) == 0;
    bool sets = given->op == SIM_COMMAND_SET ||
                (given->op == SIM_COMMAND_COMPARE_AND_SET && as_expected);
    model->latest[given->client] = given->number;
    model->answers[given->client].success =
        given->op != SIM_COMMAND_COMPARE_AND_SET || as_expected;
    model->answers[given->client].has_value =
        given->op != SIM_COMMAND_SET && present;
    memcpy(model->answers[given->client].value, model->values[place], 16);
    if (sets) {
        model->present[place] = true;
        snprintf(model->values[place], 16, "%s", value);
    }
}

static void random_command(struct sim_prng *prng, uint32_t keys,
                           struct model *model, struct sim_kv *one,
                           struct sim_kv *two)
{
    uint32_t place = (uint32_t)sim_prng_below(prng, keys);
    uint32_t client = (uint32_t)sim_prng_below(prng, MODEL_CLIENTS);
    uint64_t latest = model->latest[client];
    char key[16], value[16], expected[16];
    snprintf(key, sizeof key, "k%u", place);
    snprintf(value, sizeof value, "%.*u", (int)sim_prng_below(prng, 10),
             (unsigned)sim_prng_below(prng, 1000));
    memcpy(expected, model->values[place], sizeof expected);
    enum sim_command_op op = (enum sim_command_op)sim_prng_between(
        prng, SIM_COMMAND_SET, SIM_COMMAND_GET);
    bool none =
        op != SIM_COMMAND_COMPARE_AND_SET || sim_prng_chance(prng, 500000);
    struct sim_command given = kv_command(
        op, latest + sim_prng_below(prng, 3), key,
        op == SIM_COMMAND_GET ? NULL : value, none ? NULL : expected);
    given.client = client;
    if (given.number == latest && latest > 1 && sim_prng_chance(prng, 300000)) {
        given.number--;
    }
    enum sim_kv_outcome outcome = given.number > latest   ? SIM_KV_APPLIED
                                  : given.number < latest ? SIM_KV_STALE
                                  : latest == 0           ? SIM_KV_STALE
                                                          : SIM_KV_REPEATED;
    if (outcome == SIM_KV_APPLIED) {
        model_apply(model, &given, place, value, none ? NULL : expected);
    }
    struct sim_kv_result results[2] = {kv_apply(one, &given),
                                       kv_apply(two, &given)};
    for (uint32_t i = 0; i < 2; i++) {
        if (outcome == SIM_KV_STALE) {
            cr_assert_eq(results[i].outcome, SIM_KV_STALE);
        } else {
            kv_expect_answer(
                &results[i], outcome, model->answers[client].success,
                model->answers[client].has_value ? model->answers[client].value
                                                 : NULL);
        }
    }
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
            kv_apply_set(two, 0, i + 1, "past", "gone");
        }
        sim_kv_clear(two);
        for (uint32_t step = 0; step < 1500; step++) {
            random_command(&prng, keys, &model, one, two);
            cr_assert_eq(sim_kv_hash(one), sim_kv_hash(two));
        }
        for (uint32_t place = 0; place < MODEL_KEYS; place++) {
            char key[16];
            snprintf(key, sizeof key, "k%u", place);
            kv_expect_value(one, key,
                            model.present[place] ? model.values[place] : NULL);
        }
        sim_kv_free(one);
        sim_kv_free(two);
    }
}
