#include "sim/configuration.h"
#include "sim/prng.h"

#include <criterion/criterion.h>
#include <string.h>

/* --- sets ----------------------------------------------------------------- */

/* A set as an array of flags, by node. */
struct model {
    bool has[SIM_MAX_NODES + 1];
};

static uint32_t model_count(const struct model *model)
{
    uint32_t count = 0;
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        count += model->has[node];
    }
    return count;
}

/* Sparse ones, full ones, and all between. */
static void draw(struct sim_prng *prng, struct sim_set *set,
                 struct model *model)
{
    uint32_t ppm = (uint32_t)sim_prng_between(prng, 0, 4) * 250000;
    *set = (struct sim_set){{0}};
    memset(model, 0, sizeof(*model));
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        if (sim_prng_chance(prng, ppm)) {
            sim_set_add(set, node);
            model->has[node] = true;
        } else {
            sim_set_remove(set, node);
        }
    }
    uint32_t changed = (uint32_t)sim_prng_between(prng, 1, SIM_MAX_NODES);
    model->has[changed] = !model->has[changed];
    if (model->has[changed]) {
        sim_set_add(set, changed);
    } else {
        sim_set_remove(set, changed);
    }
}

static void compare(const struct sim_set *set, const struct model *model)
{
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        cr_assert_eq(sim_set_has(set, node), model->has[node]);
    }
    cr_assert_eq(sim_set_count(set), model_count(model));
    cr_assert_eq(sim_set_is_empty(set), model_count(model) == 0);
}

Test(configuration, sets_are_like_lists_of_flags)
{
    unsigned n_empty = 0;
    unsigned n_equal = 0;
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_SCENARIO, 0, 0);
    for (int i = 0; i < 2000; i++) {
        struct sim_set a, b;
        struct model model_a, model_b;
        draw(&prng, &a, &model_a);
        draw(&prng, &b, &model_b);
        compare(&a, &model_a);
        compare(&b, &model_b);
        bool equal = memcmp(&model_a, &model_b, sizeof(model_a)) == 0;
        cr_assert_eq(sim_set_equal(&a, &b), equal);
        n_empty += sim_set_is_empty(&a);
        n_equal += equal;

        uint32_t common = 0;
        struct model both, rest;
        for (uint32_t node = 0; node <= SIM_MAX_NODES; node++) {
            common += model_a.has[node] && model_b.has[node];
            both.has[node] = model_a.has[node] || model_b.has[node];
            rest.has[node] = model_a.has[node] && !model_b.has[node];
        }
        struct sim_set either = sim_set_union(&a, &b);
        compare(&either, &both);
        struct sim_set others = sim_set_without(&a, &b);
        compare(&others, &rest);
        cr_assert_eq(sim_set_has_majority(&a, &b),
                     2 * common > model_count(&model_b));
    }
    cr_assert_gt(n_equal, 0);
    cr_assert_lt(n_empty, 2000);
}

Test(configuration, sets_differ_in_any_node)
{
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        struct sim_set empty = {{0}};
        struct sim_set one = {{0}};
        sim_set_add(&one, node);
        cr_assert_not(sim_set_equal(&empty, &one));
        cr_assert_not(sim_set_is_empty(&one));
        sim_set_remove(&one, node);
        cr_assert(sim_set_equal(&empty, &one));
        cr_assert(sim_set_is_empty(&one));
    }
}

/* --- configurations ------------------------------------------------------- */

static struct sim_set set_of(const char *nodes)
{
    struct sim_set set = {{0}};
    for (; *nodes != '\0'; nodes++) {
        sim_set_add(&set, (uint32_t)(*nodes - '0'));
    }
    return set;
}

static struct sim_configuration members(const char *voters, const char *old,
                                        const char *learners,
                                        const char *witnesses)
{
    return (struct sim_configuration){.voters = set_of(voters),
                                      .old_voters = set_of(old),
                                      .learners = set_of(learners),
                                      .witnesses = set_of(witnesses)};
}

Test(configuration, begins_with_voters_alone)
{
    for (uint32_t n = 0; n <= SIM_MAX_NODES; n++) {
        struct sim_configuration all = sim_configuration_of(n);
        for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
            cr_assert_eq(sim_set_has(&all.voters, node), node <= n);
        }
        struct sim_configuration rest = all;
        rest.voters = (struct sim_set){{0}};
        struct sim_configuration nobody = {0};
        cr_assert(sim_configuration_equal(&rest, &nobody));
        cr_assert_not(sim_configuration_is_joint(&all));
        cr_assert_eq(sim_configuration_is_empty(&all), n == 0);
    }
}

Test(configuration, has_members_of_three_kinds)
{
    struct sim_configuration all = members("12", "23", "4", "2");
    struct sim_set expected = set_of("1234");
    struct sim_set found = sim_configuration_members(&all);
    cr_assert(sim_set_equal(&found, &expected));
    cr_assert(sim_configuration_is_joint(&all));
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        cr_assert_eq(sim_configuration_is_voter(&all, node), node <= 3);
    }
    struct sim_configuration some[] = {members("1", "", "", ""),
                                       members("", "1", "", ""),
                                       members("", "", "1", "")};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_not(sim_configuration_is_empty(&some[i]));
        cr_assert_eq(sim_configuration_is_joint(&some[i]), i == 1);
    }
}

Test(configuration, is_equal_in_every_part)
{
    for (int part = 0; part <= 6; part++) {
        struct sim_configuration a = members("12", "23", "4", "2");
        struct sim_configuration b = a;
        switch (part) {
        case 1:
            sim_set_remove(&b.voters, 2);
            break;
        case 2:
            sim_set_add(&b.old_voters, 128);
            break;
        case 3:
            sim_set_add(&b.learners, 5);
            break;
        case 4:
            sim_set_add(&b.witnesses, 3);
            break;
        case 5:
            b.priorities[0] = 1;
            break;
        case 6:
            b.priorities[SIM_MAX_NODES - 1] = 1;
            break;
        }
        cr_assert_eq(sim_configuration_equal(&a, &b), part == 0);
        cr_assert_eq(sim_configuration_equal(&b, &a), part == 0);
    }
}

Test(configuration, decides_by_majorities)
{
    static const struct {
        const char *voters, *old, *set;
        bool quorum;
    } cases[] = {
        {"1", "", "1", true},         {"1", "", "2", false},
        {"12", "", "1", false},       {"12", "", "12", true},
        {"123", "", "13", true},      {"123", "", "3456", false},
        {"1234", "", "12", false},    {"1234", "", "124", true},
        {"12345", "", "12", false},   {"12345", "", "125", true},
        {"123", "345", "12", false},  {"123", "345", "45", false},
        {"123", "345", "1245", true}, {"123", "345", "134", true},
        {"123", "1234", "12", false}, {"123", "1234", "123", true},
        {"", "", "", false},          {"", "", "123", false},
        {"", "123", "123", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_configuration all =
            members(cases[i].voters, cases[i].old, "789", "");
        struct sim_set set = set_of(cases[i].set);
        cr_assert_eq(sim_configuration_is_quorum(&all, &set), cases[i].quorum,
                     "case %zu", i);
        for (uint32_t node = 7; node <= 9; node++) { /* learners */
            sim_set_add(&set, node);
        }
        cr_assert_eq(sim_configuration_is_quorum(&all, &set), cases[i].quorum,
                     "case %zu with learners", i);
    }
}

/* --- words ---------------------------------------------------------------- */

Test(configuration, is_told_in_words)
{
    static const struct {
        const char *voters, *old, *learners, *witnesses, *text;
    } cases[] = {
        {"", "", "", "", "nobody"},
        {"1", "", "", "", "1"},
        {"123", "", "", "", "1, 2, 3"},
        {"12345", "", "", "", "1, 2, 3, 4, 5"},
        {"123456", "", "", "", "1 to 6"},
        {"1345678", "", "", "", "1, 3 to 8"},
        {"1234568", "", "", "", "1 to 6, 8"},
        {"123", "", "4", "", "1, 2, 3 and learner 4"},
        {"123", "", "46", "", "1, 2, 3 and learners 4, 6"},
        {"123", "345", "", "", "1, 2, 3 with 3, 4, 5 as old ones"},
        {"123", "", "", "3", "1, 2, 3 (3 is a witness)"},
        {"123", "", "4", "23", "1, 2, 3 and learner 4 (2, 3 are witnesses)"},
        {"12", "13", "4", "3",
         "1, 2 with 1, 3 as old ones and learner 4 (3 is a witness)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_configuration all =
            members(cases[i].voters, cases[i].old, cases[i].learners,
                    cases[i].witnesses);
        char text[SIM_CONFIGURATION_TEXT_SIZE];
        sim_configuration_describe(&all, text);
        cr_assert_str_eq(text, cases[i].text);
    }
}

/* The longest texts there are: every sixth node is missing, so that no row is
 * told by its ends. */
Test(configuration, is_told_to_the_end)
{
    for (uint32_t missing = 0; missing < 6; missing++) {
        struct sim_set most = {{0}};
        for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
            if (node % 6 != missing) {
                sim_set_add(&most, node);
            }
        }
        struct sim_configuration all = {.voters = most,
                                        .old_voters = most,
                                        .learners = most,
                                        .witnesses = most};
        char text[SIM_CONFIGURATION_TEXT_SIZE];
        sim_configuration_describe(&all, text);
        size_t length = strlen(text);
        const char *end = "are witnesses)";
        cr_assert_str_eq(text + length - strlen(end), end);
    }
    struct sim_configuration all = sim_configuration_of(SIM_MAX_NODES);
    char text[SIM_CONFIGURATION_TEXT_SIZE];
    sim_configuration_describe(&all, text);
    cr_assert_str_eq(text, "1 to 128");
}
