/* The log tree that lets go of the past, beside one that does not. */
#include "sim/log_tree.h"
#include "sim/prng.h"

#include <criterion/criterion.h>
#include <string.h>

#define LOGS 4u
#define ASKED 6u

/* The same entries go into both, by logs that grow, are cut, and take over each
 * other, as those of servers do. */
struct pair {
    struct sim_log_tree *whole;
    struct sim_log_tree *tree; /* lets go */
    struct sim_prng prng;
    sim_tip logs[LOGS];
    sim_tip asked[ASKED]; /* logs of the past */
    uint8_t bytes[3000];
};

static uint64_t draw(struct pair *pair, uint64_t bound)
{
    return sim_prng_below(&pair->prng, bound);
}

static uint64_t end_of(const struct pair *pair, sim_tip tip)
{
    return sim_log_tree_position(pair->whole, tip).index;
}

static uint64_t base_index(const struct pair *pair)
{
    return end_of(pair, sim_log_tree_base(pair->tree));
}

static struct pair *pair_new(uint64_t seed)
{
    static struct pair pair;
    pair = (struct pair){
        .whole = sim_log_tree_new(),
        .tree = sim_log_tree_new(),
        .prng = sim_prng_stream(seed, SIM_STREAM_SCENARIO, 0, 0),
    };
    for (size_t i = 0; i < sizeof pair.bytes; i++) {
        pair.bytes[i] = (uint8_t)(i * 7);
    }
    return &pair;
}

static void pair_free(struct pair *pair)
{
    sim_log_tree_free(pair->whole);
    sim_log_tree_free(pair->tree);
}

/* Few terms and payloads, so that entries come again, and twins come up. */
static void append(struct pair *pair, uint32_t log)
{
    static const enum sim_entry_kind kinds[] = {
        SIM_ENTRY_COMMAND, SIM_ENTRY_COMMAND, SIM_ENTRY_INTERNAL,
        SIM_ENTRY_CONFIGURATION};
    sim_tip tip = pair->logs[log];
    uint8_t *bytes = pair->bytes + draw(pair, 4);
    struct sim_entry entry = {
        .term = 1 + end_of(pair, tip) / 40 + draw(pair, 3),
        .kind = kinds[draw(pair, 4)],
        .data = bytes,
        .size = (uint32_t)(draw(pair, 20) == 0 ? 2000 + draw(pair, 900)
                                               : draw(pair, 3)),
        .omitted = draw(pair, 10) == 0,
    };
    if (entry.omitted) {
        entry.data = NULL;
        entry.size = 0;
    }
    bool created[2];
    sim_tip expected =
        sim_log_tree_append(pair->whole, tip, &entry, &created[0]);
    pair->logs[log] = sim_log_tree_append(pair->tree, tip, &entry, &created[1]);
    cr_assert_eq(pair->logs[log], expected);
    cr_assert_eq(created[1], created[0]);
}

static void change_logs(struct pair *pair)
{
    uint32_t log = (uint32_t)draw(pair, LOGS);
    uint64_t end = end_of(pair, pair->logs[log]);
    uint64_t left = end - base_index(pair);
    switch (draw(pair, 12)) {
    case 0:
        pair->logs[log] = sim_log_tree_ancestor(
            pair->tree, pair->logs[log],
            end - draw(pair, (left < 12 ? left : 12) + 1));
        break;
    case 1:
    case 2:
        pair->logs[log] = pair->logs[draw(pair, LOGS)];
        break;
    case 3:
        pair->asked[draw(pair, ASKED)] = pair->logs[log];
        break;
    default:
        append(pair, log);
    }
}

/* --- letting go ----------------------------------------------------------- */

/* Some log, from the base on, that all contain. */
static sim_tip draw_base(struct pair *pair)
{
    uint64_t common = end_of(pair, pair->logs[0]);
    for (uint32_t i = 1; i < LOGS; i++) {
        uint64_t shared =
            sim_log_tree_common(pair->whole, pair->logs[0], pair->logs[i]);
        common = shared < common ? shared : common;
    }
    uint64_t first = base_index(pair);
    return sim_log_tree_ancestor(pair->whole, pair->logs[0],
                                 first + draw(pair, common - first + 1));
}

static void reclaim(struct pair *pair)
{
    sim_tip base = draw_base(pair);
    struct sim_tips asked = {0};
    for (uint32_t i = 0; i < ASKED; i++) {
        sim_tips_add(&asked, pair->asked[i]);
    }
    sim_log_tree_reclaim(pair->tree, base, &asked);
    sim_tips_free(&asked);
    cr_assert_eq(sim_log_tree_base(pair->tree), base);
    cr_assert_eq(sim_log_tree_count(pair->tree),
                 sim_log_tree_count(pair->whole));
}

/* --- the same answers ----------------------------------------------------- */

static void compare_place(const struct pair *pair, sim_tip tip)
{
    struct sim_position place = sim_log_tree_position(pair->tree, tip);
    struct sim_position expected = sim_log_tree_position(pair->whole, tip);
    cr_assert_eq(sim_position_compare(place, expected), 0);
}

static void compare_entry(const struct pair *pair, sim_tip tip)
{
    compare_place(pair, tip);
    if (tip == SIM_ROOT) {
        return;
    }
    struct sim_entry entry = sim_log_tree_entry(pair->tree, tip);
    struct sim_entry expected = sim_log_tree_entry(pair->whole, tip);
    cr_assert_eq(entry.term, expected.term);
    cr_assert_eq(entry.kind, expected.kind);
    cr_assert_eq(entry.omitted, expected.omitted);
    cr_assert_eq(entry.size, expected.size);
    cr_assert(entry.size == 0 ||
              memcmp(entry.data, expected.data, entry.size) == 0);
}

/* All that the log has, back to the base, and nothing before that. */
static void compare_log(const struct pair *pair, sim_tip log)
{
    uint64_t first = base_index(pair);
    uint64_t end = end_of(pair, log);
    for (uint64_t index = first; index <= end + 1; index++) {
        sim_tip tip = sim_log_tree_ancestor(pair->tree, log, index);
        cr_assert_eq(tip, sim_log_tree_ancestor(pair->whole, log, index));
        if (index > end) {
            continue;
        }
        compare_entry(pair, tip);
        cr_assert_eq(sim_log_tree_twin(pair->tree, tip),
                     sim_log_tree_twin(pair->whole, tip));
        if (index > first) {
            cr_assert_eq(sim_log_tree_parent(pair->tree, tip),
                         sim_log_tree_parent(pair->whole, tip));
        }
        sim_tip configuration = sim_log_tree_configuration(pair->tree, tip);
        cr_assert_eq(configuration,
                     sim_log_tree_configuration(pair->whole, tip));
        compare_entry(pair, configuration);
        cr_assert(sim_log_tree_contains(pair->tree, log, configuration));
    }
    for (uint64_t index = 1; index < first; index++) {
        cr_assert_eq(sim_log_tree_ancestor(pair->tree, log, index), SIM_NO_TIP);
    }
    cr_assert_eq(sim_log_tree_ancestor(pair->tree, log, 0), SIM_ROOT);
    cr_assert(sim_log_tree_contains(pair->tree, log, SIM_ROOT));
}

static void compare_two(const struct pair *pair, sim_tip a, sim_tip b)
{
    cr_assert_eq(sim_log_tree_contains(pair->tree, a, b),
                 sim_log_tree_contains(pair->whole, a, b));
    cr_assert_eq(sim_log_tree_contains(pair->tree, b, a),
                 sim_log_tree_contains(pair->whole, b, a));
    cr_assert_eq(sim_log_tree_common(pair->tree, a, b),
                 sim_log_tree_common(pair->whole, a, b));
    cr_assert_eq(sim_log_tree_common(pair->tree, b, a),
                 sim_log_tree_common(pair->whole, b, a));
}

/* Two of the past, of which one was on the way to the base. */
static void compare_asked(const struct pair *pair)
{
    sim_tip base = sim_log_tree_base(pair->tree);
    for (uint32_t i = 0; i < ASKED; i++) {
        sim_tip prefix = pair->asked[i];
        bool is_on_the_way = sim_log_tree_contains(pair->whole, base, prefix);
        cr_assert_eq(sim_log_tree_contains(pair->tree, base, prefix),
                     is_on_the_way);
        for (uint32_t j = 0; j < ASKED && is_on_the_way; j++) {
            compare_two(pair, pair->asked[j], prefix);
        }
    }
}

static void compare(const struct pair *pair)
{
    compare_asked(pair);
    for (uint32_t i = 0; i < LOGS; i++) {
        compare_log(pair, pair->logs[i]);
        for (uint32_t j = 0; j < LOGS; j++) {
            compare_two(pair, pair->logs[i], pair->logs[j]);
        }
        for (uint32_t j = 0; j < ASKED; j++) {
            compare_place(pair, pair->asked[j]);
            compare_two(pair, pair->logs[i], pair->asked[j]);
        }
        compare_two(pair, pair->logs[i], SIM_ROOT);
    }
}

Test(log_tree_reclaim, answers_like_a_tree_that_keeps_all)
{
    uint64_t let_go = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct pair *pair = pair_new(seed);
        uint64_t often = 1 + draw(pair, 100);
        for (int i = 0; i < 600; i++) {
            change_logs(pair);
            if (draw(pair, often) == 0) {
                reclaim(pair);
                compare(pair);
            }
        }
        compare(pair);
        let_go += sim_log_tree_base(pair->tree);
        pair_free(pair);
    }
    cr_assert_gt(let_go, 60 * 200);
}

/* --- by hand -------------------------------------------------------------- */

static sim_tip extend(struct sim_log_tree *tree, sim_tip tip, uint64_t term)
{
    struct sim_entry entry = {.term = term};
    return sim_log_tree_append(tree, tip, &entry, NULL);
}

/* An entry with index and term of one that is older than the base, and is in no
 * log any more, is told apart from it. */
Test(log_tree_reclaim, finds_twins_of_what_no_log_has)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    sim_tip old = extend(tree, extend(tree, SIM_ROOT, 1), 1);
    sim_tip base = extend(tree, SIM_ROOT, 2);
    sim_log_tree_reclaim(tree, base, &(struct sim_tips){0});
    sim_tip tip = extend(tree, base, 1);
    cr_assert_eq(sim_log_tree_twin(tree, tip), old);
    cr_assert_eq(sim_log_tree_position(tree, old).index, 2);
    cr_assert_not(sim_log_tree_contains(tree, tip, old));
    sim_log_tree_free(tree);
}

/* It leads back to what is gone. */
Test(log_tree_reclaim, has_no_parent_below_the_base)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    sim_tip one = extend(tree, SIM_ROOT, 1);
    sim_tip two = extend(tree, one, 1);
    sim_log_tree_reclaim(tree, two, &(struct sim_tips){0});
    cr_assert_eq(sim_log_tree_parent(tree, two), SIM_NO_TIP);
    cr_assert_eq(sim_log_tree_parent(tree, SIM_ROOT), SIM_ROOT);
    cr_assert_eq(sim_log_tree_ancestor(tree, two, 1), SIM_NO_TIP);
    cr_assert_eq(sim_log_tree_ancestor(tree, two, 0), SIM_ROOT);
    cr_assert_eq(sim_log_tree_configuration(tree, two), SIM_ROOT);
    sim_log_tree_free(tree);
}

/* It is the members that count, so its payload stays; and it can be asked for
 * by whatever comes. */
Test(log_tree_reclaim, keeps_the_configuration_in_force)
{
    struct sim_log_tree *tree = sim_log_tree_new();
    struct sim_entry entry = {.term = 1,
                              .kind = SIM_ENTRY_CONFIGURATION,
                              .data = (const uint8_t *)"members",
                              .size = 7};
    sim_tip configuration = sim_log_tree_append(tree, SIM_ROOT, &entry, NULL);
    sim_tip tip = extend(tree, configuration, 1);
    for (int i = 0; i < 200; i++) {
        sim_log_tree_reclaim(tree, tip, &(struct sim_tips){0});
        tip = extend(tree, tip, 1);
        cr_assert_eq(sim_log_tree_configuration(tree, tip), configuration);
        cr_assert_eq(
            memcmp(sim_log_tree_entry(tree, configuration).data, "members", 7),
            0);
        cr_assert(sim_log_tree_contains(tree, tip, configuration));
    }
    sim_log_tree_free(tree);
}
