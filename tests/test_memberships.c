#include "sim/memberships.h"

#include <criterion/criterion.h>

/* A configuration entry's payload: the numbers of its voters. */
static bool read_voters(const uint8_t *payload, size_t size,
                        struct sim_configuration *configuration)
{
    *configuration = (struct sim_configuration){0};
    for (size_t i = 0; i < size; i++) {
        if (payload[i] == 0) {
            return false;
        }
        sim_set_add(&configuration->voters, payload[i]);
    }
    return true;
}

static const struct sim_node_type type = {.configuration = read_voters};

struct stage {
    struct sim_log_tree *tree;
    struct sim_memberships *memberships;
};

static struct stage set_stage(const struct sim_node_type *node_type)
{
    struct sim_configuration initial = sim_configuration_of(3);
    struct stage stage = {.tree = sim_log_tree_new()};
    stage.memberships = sim_memberships_new(stage.tree, node_type, &initial);
    return stage;
}

static void clear_stage(struct stage *stage)
{
    sim_memberships_free(stage->memberships);
    sim_log_tree_free(stage->tree);
}

static sim_tip append(struct stage *stage, sim_tip tip, uint64_t term,
                      enum sim_entry_kind kind, uint8_t voter)
{
    struct sim_entry entry = {
        .term = term, .kind = kind, .data = &voter, .size = 1};
    return sim_log_tree_append(stage->tree, tip, &entry, NULL);
}

static sim_tip configure(struct stage *stage, sim_tip tip, uint8_t voter)
{
    return append(stage, tip, 1, SIM_ENTRY_CONFIGURATION, voter);
}

/* The only voter; 0 for any other configuration. */
static uint32_t voter_of(struct stage *stage, sim_tip tip)
{
    const struct sim_configuration *configuration =
        sim_memberships_of(stage->memberships, tip);
    if (sim_set_count(&configuration->voters) == 1) {
        for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
            if (sim_set_has(&configuration->voters, node)) {
                return node;
            }
        }
    }
    return 0;
}

Test(memberships, begin_with_the_initial_ones)
{
    struct stage stage = set_stage(&type);
    struct sim_configuration initial = sim_configuration_of(3);
    sim_tip tip = append(&stage, SIM_ROOT, 1, SIM_ENTRY_COMMAND, 9);
    cr_assert(sim_configuration_equal(
        sim_memberships_of(stage.memberships, SIM_ROOT), &initial));
    cr_assert(sim_configuration_equal(
        sim_memberships_of(stage.memberships, tip), &initial));
    clear_stage(&stage);
}

/* Many branches, asked for in an order that is not theirs. */
Test(memberships, are_those_of_each_log)
{
    enum { BRANCHES = 100 };
    struct stage stage = set_stage(&type);
    sim_tip logs[BRANCHES + 1];
    for (uint8_t i = 1; i <= BRANCHES; i++) {
        sim_tip tip = append(&stage, SIM_ROOT, i, SIM_ENTRY_COMMAND, 1);
        tip = configure(&stage, tip, i % 2 == 0 ? 127 : 126);
        tip = append(&stage, tip, 200, SIM_ENTRY_INTERNAL, 1);
        tip = append(&stage, tip, 200, SIM_ENTRY_CONFIGURATION, i);
        logs[i] = append(&stage, tip, 200, SIM_ENTRY_SESSION, 1);
    }
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 1; i <= BRANCHES; i++) {
            uint32_t branch = i * 37 % (BRANCHES + 1);
            cr_assert_eq(voter_of(&stage, logs[branch]), branch);
            sim_tip before = sim_log_tree_ancestor(stage.tree, logs[branch], 3);
            cr_assert_eq(voter_of(&stage, before),
                         branch % 2 == 0 ? 127u : 126u);
        }
    }
    clear_stage(&stage);
}

/* Each is read once and stays where it is, however many follow. */
Test(memberships, stay_where_they_are)
{
    enum { LENGTH = 100 };
    const struct sim_configuration *kept[LENGTH];
    struct stage stage = set_stage(&type);
    for (int round = 0; round < 2; round++) {
        sim_tip tip = SIM_ROOT;
        for (uint8_t i = 0; i < LENGTH; i++) {
            tip = configure(&stage, tip, i + 1);
            const struct sim_configuration *found =
                sim_memberships_of(stage.memberships, tip);
            cr_assert(sim_set_has(&found->voters, i + 1));
            if (round == 0) {
                kept[i] = found;
            }
            cr_assert_eq(found, kept[i]);
        }
    }
    clear_stage(&stage);
}

Test(memberships, may_be_unreadable)
{
    for (int readable = 0; readable <= 1; readable++) {
        static const struct sim_node_type illiterate = {.name = "illiterate"};
        struct stage stage = set_stage(&type);
        sim_tip tip = configure(&stage, SIM_ROOT, readable ? 1 : 0);
        for (int round = 0; round < 2; round++) {
            const struct sim_configuration *found =
                sim_memberships_of(stage.memberships, tip);
            cr_assert_eq(found != NULL, readable);
        }
        sim_tip next = configure(&stage, tip, 5);
        cr_assert_eq(voter_of(&stage, next), 5);
        clear_stage(&stage);

        stage = set_stage(&illiterate);
        tip = configure(&stage, SIM_ROOT, 1);
        cr_assert_null(sim_memberships_of(stage.memberships, tip));
        clear_stage(&stage);
    }
}

Test(memberships, are_freed_without_being_there)
{
    sim_memberships_free(NULL);
}

/* What was before the base is read no more, unless somebody holds on to it. */
Test(memberships, lets_the_past_go)
{
    struct stage stage = set_stage(&type);
    sim_tip first = configure(&stage, SIM_ROOT, 1);
    sim_tip second = configure(&stage, first, 2);
    sim_tip third = configure(&stage, second, 3);
    sim_tip last = append(&stage, third, 1, SIM_ENTRY_COMMAND, 9);
    for (sim_tip tip = first; tip <= last; tip++) {
        sim_memberships_of(stage.memberships, tip);
    }
    const struct sim_configuration *held[] = {
        NULL, sim_memberships_of(stage.memberships, first)};
    const struct sim_configuration *latest =
        sim_memberships_of(stage.memberships, last);
    sim_memberships_reclaim(stage.memberships, last, held, 2);
    sim_log_tree_reclaim(stage.tree, last, &(struct sim_tips){0});
    cr_assert(sim_set_has(&held[1]->voters, 1));
    cr_assert_eq(sim_memberships_of(stage.memberships, last), latest);
    sim_tip next = configure(&stage, last, 4);
    cr_assert_eq(voter_of(&stage, next), 4);
    cr_assert_eq(voter_of(&stage, last), 3);
    cr_assert_neq(voter_of(&stage, SIM_ROOT), 1);
    clear_stage(&stage);
}

/* And is read again from what the tree kept, if nobody had asked so far. */
Test(memberships, reads_what_the_tree_kept)
{
    struct stage stage = set_stage(&type);
    sim_tip tip = configure(&stage, configure(&stage, SIM_ROOT, 1), 2);
    tip = append(&stage, tip, 1, SIM_ENTRY_COMMAND, 9);
    sim_memberships_reclaim(stage.memberships, tip, NULL, 0);
    sim_log_tree_reclaim(stage.tree, tip, &(struct sim_tips){0});
    cr_assert_eq(voter_of(&stage, tip), 2);
    clear_stage(&stage);
}
