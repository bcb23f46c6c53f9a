/* Whom a step of the script means, in each state of the cluster. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "sim/targets.h"
#include "tests/sim_harness.h"

#define N_SEEDS 200u

/* A cluster of echo nodes whose roles the test sets. */
static struct rig *cluster_of(uint32_t n)
{
    char text[128];
    snprintf(text, sizeof text,
             "{'description': 'x', 'nodes': %u, 'workload': {'clients': 0}}",
             (unsigned)n);
    return rig_new(text, 1, &echo_node_type);
}

static void set_role(struct rig *rig, uint32_t node, enum sim_role role)
{
    struct sim_machine *machine = &rig->cluster->machines[node];
    machine->view.role = role;
    machine->view.hard_state.term = 1;
    if (role == SIM_LEADER) {
        rig->cluster->leader = node;
    }
}

static bool resolve(struct rig *rig, enum sim_action_kind action,
                    enum sim_target_kind kind, uint32_t number,
                    struct sim_node_list *list)
{
    struct sim_target target = {.kind = kind, .node = number};
    struct sim_targets targets = {.items = &target, .count = 1};
    struct sim_naming naming = sim_naming_new(rig->cluster, &rig->prng, action);
    return sim_naming_resolve(&naming, &targets, list);
}

/* The set of all nodes that a target gave in many tries, one bit each; all
 * tries give `size` nodes, none of them twice. */
static uint64_t seen(struct rig *rig, enum sim_action_kind action,
                     enum sim_target_kind kind, uint32_t size)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < N_SEEDS; i++) {
        struct sim_node_list list;
        cr_assert(resolve(rig, action, kind, 0, &list), "target %d", kind);
        cr_assert_eq(list.count, size, "target %d: %u nodes", kind, list.count);
        uint64_t one = 0;
        for (uint32_t j = 0; j < list.count; j++) {
            one |= UINT64_C(1) << list.nodes[j];
            cr_assert(sim_node_list_has(&list, list.nodes[j]));
        }
        uint32_t bits = 0;
        for (uint64_t rest = one; rest != 0; rest &= rest - 1) {
            bits++;
        }
        cr_assert_eq(bits, size);
        set |= one;
    }
    return set;
}

static void expect_none(struct rig *rig, enum sim_action_kind action,
                        enum sim_target_kind kind)
{
    struct sim_node_list list;
    cr_expect_not(resolve(rig, action, kind, 0, &list), "target %d", kind);
}

/* --- single nodes --------------------------------------------------------- */

Test(targets, numbers_beyond_the_cluster_name_nobody)
{
    struct rig *rig = cluster_of(3);
    struct sim_node_list list;
    cr_expect(resolve(rig, SIM_ACTION_CRASH, SIM_TARGET_NODE, 3, &list));
    cr_expect_eq(list.count, 1);
    cr_expect_eq(list.nodes[0], 3);
    cr_expect_not(resolve(rig, SIM_ACTION_CRASH, SIM_TARGET_NODE, 4, &list));
    cr_expect_not(sim_node_list_has(&list, 4));
    rig_free(rig);
}

/* A node is named by its number whatever its state. */
Test(targets, a_number_may_be_down)
{
    struct rig *rig = cluster_of(3);
    struct sim_node_list list;
    sim_cluster_crash(rig->cluster, 2, SIM_UNFINISHED_LOST);
    cr_expect(resolve(rig, SIM_ACTION_CRASH, SIM_TARGET_NODE, 2, &list));
    rig_free(rig);
}

Test(targets, roles)
{
    struct rig *rig = cluster_of(5);
    expect_none(rig, SIM_ACTION_CRASH, SIM_TARGET_LEADER);
    expect_none(rig, SIM_ACTION_CRASH, SIM_TARGET_CANDIDATE);
    set_role(rig, 2, SIM_LEADER);
    set_role(rig, 3, SIM_PRE_CANDIDATE);
    set_role(rig, 4, SIM_CANDIDATE);
    cr_expect_eq(seen(rig, SIM_ACTION_CRASH, SIM_TARGET_LEADER, 1), 1u << 2);
    cr_expect_eq(seen(rig, SIM_ACTION_CRASH, SIM_TARGET_CANDIDATE, 1),
                 1u << 3 | 1u << 4);
    cr_expect_eq(seen(rig, SIM_ACTION_CRASH, SIM_TARGET_FOLLOWER, 1),
                 1u << 1 | 1u << 5);
    cr_expect_eq(seen(rig, SIM_ACTION_CRASH, SIM_TARGET_FOLLOWERS, 2),
                 1u << 1 | 1u << 5);
    rig_free(rig);
}

/* The view of a machine that is down is of its last moment. */
Test(targets, those_that_are_down_have_no_role)
{
    struct rig *rig = cluster_of(3);
    set_role(rig, 2, SIM_CANDIDATE);
    for (uint32_t node = 1; node <= 3; node++) {
        sim_cluster_crash(rig->cluster, node, SIM_UNFINISHED_LOST);
    }
    expect_none(rig, SIM_ACTION_CRASH, SIM_TARGET_LEADER);
    expect_none(rig, SIM_ACTION_CRASH, SIM_TARGET_FOLLOWER);
    expect_none(rig, SIM_ACTION_CRASH, SIM_TARGET_CANDIDATE);
    expect_none(rig, SIM_ACTION_CRASH, SIM_TARGET_ANY);
    seen(rig, SIM_ACTION_CRASH, SIM_TARGET_FOLLOWERS, 0);
    seen(rig, SIM_ACTION_CRASH, SIM_TARGET_CRASHED, 3);
    cr_expect_eq(seen(rig, SIM_ACTION_RESTART, SIM_TARGET_ALL, 3), 0xe);
    rig_free(rig);
}

/* --- "a node" ------------------------------------------------------------- */

/* 1 is down, 2 and 3 are paused, 4 and 5 run. */
static struct rig *mixed_cluster(void)
{
    struct rig *rig = cluster_of(5);
    sim_cluster_crash(rig->cluster, 1, SIM_UNFINISHED_LOST);
    sim_cluster_pause(rig->cluster, 2);
    sim_cluster_pause(rig->cluster, 3);
    return rig;
}

Test(targets, a_node_is_one_to_which_it_can_happen)
{
    static const struct {
        enum sim_action_kind action;
        uint64_t nodes;
    } list[] = {
        {SIM_ACTION_RESTART, 1u << 1},
        {SIM_ACTION_RESUME, 1u << 2 | 1u << 3},
        {SIM_ACTION_PAUSE, 1u << 4 | 1u << 5},
        {SIM_ACTION_CRASH, 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5},
        {SIM_ACTION_CUT, 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5},
        {SIM_ACTION_EXPIRE, 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5},
    };
    struct rig *rig = mixed_cluster();
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        cr_expect_eq(seen(rig, list[i].action, SIM_TARGET_ANY, 1),
                     list[i].nodes, "action %d", list[i].action);
    }
    rig_free(rig);
}

Test(targets, a_node_may_not_exist)
{
    struct rig *rig = cluster_of(2);
    expect_none(rig, SIM_ACTION_RESTART, SIM_TARGET_ANY);
    expect_none(rig, SIM_ACTION_RESUME, SIM_TARGET_ANY);
    sim_cluster_pause(rig->cluster, 1);
    sim_cluster_pause(rig->cluster, 2);
    expect_none(rig, SIM_ACTION_PAUSE, SIM_TARGET_ANY);
    rig_free(rig);
}

Test(targets, states)
{
    struct rig *rig = mixed_cluster();
    cr_expect_eq(seen(rig, SIM_ACTION_CUT, SIM_TARGET_CRASHED, 1), 1u << 1);
    cr_expect_eq(seen(rig, SIM_ACTION_CUT, SIM_TARGET_PAUSED, 2),
                 1u << 2 | 1u << 3);
    cr_expect_eq(seen(rig, SIM_ACTION_CUT, SIM_TARGET_ALL, 5), 0x3e);
    cr_expect_eq(seen(rig, SIM_ACTION_CUT, SIM_TARGET_FOLLOWERS, 4), 0x3c);
    rig_free(rig);
}

/* --- sets ----------------------------------------------------------------- */

Test(targets, majority_and_minority_of_each_size)
{
    static const struct {
        uint32_t n, majority, minority;
    } list[] = {{1, 1, 0}, {2, 2, 0}, {3, 2, 1},   {4, 3, 1},
                {5, 3, 2}, {6, 4, 2}, {49, 25, 24}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct rig *rig = cluster_of(list[i].n);
        uint64_t all = ((UINT64_C(1) << list[i].n) - 1) << 1;
        cr_expect_eq(
            seen(rig, SIM_ACTION_CUT, SIM_TARGET_MAJORITY, list[i].majority),
            all);
        cr_expect_eq(
            seen(rig, SIM_ACTION_CUT, SIM_TARGET_MINORITY, list[i].minority),
            list[i].minority > 0 ? all : 0);
        rig_free(rig);
    }
}

Test(targets, sets_with_the_leader_hold_it)
{
    static const uint32_t sizes[] = {1, 3, 4, 5, 49};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t n = sizes[i];
        struct rig *rig = cluster_of(n);
        struct sim_node_list list;
        expect_none(rig, SIM_ACTION_CUT, SIM_TARGET_MAJORITY_WITH_LEADER);
        expect_none(rig, SIM_ACTION_CUT, SIM_TARGET_MINORITY_WITH_LEADER);
        set_role(rig, n, SIM_LEADER);
        for (uint32_t k = 0; k < N_SEEDS; k++) {
            cr_assert(resolve(rig, SIM_ACTION_CUT,
                              SIM_TARGET_MAJORITY_WITH_LEADER, 0, &list));
            cr_assert_eq(list.count, n / 2 + 1);
            cr_assert(sim_node_list_has(&list, n));
            cr_assert(resolve(rig, SIM_ACTION_CUT,
                              SIM_TARGET_MINORITY_WITH_LEADER, 0, &list));
            cr_assert_eq(list.count, n > 1 ? (n - 1) / 2 : 1);
            cr_assert(sim_node_list_has(&list, n));
        }
        rig_free(rig);
    }
}

/* The largest cluster: no list overflows, nobody is named twice. */
Test(targets, sets_of_128)
{
    struct rig *rig = cluster_of(SIM_MAX_NODES);
    struct sim_target items[] = {{.kind = SIM_TARGET_MAJORITY},
                                 {.kind = SIM_TARGET_REST},
                                 {.kind = SIM_TARGET_ALL},
                                 {.kind = SIM_TARGET_NODE, .node = 128}};
    struct sim_targets targets = {.items = items, .count = 4};
    struct sim_naming naming =
        sim_naming_new(rig->cluster, &rig->prng, SIM_ACTION_ISOLATE);
    struct sim_node_list list;
    cr_assert(sim_naming_resolve(&naming, &targets, &list));
    cr_assert_eq(list.count, SIM_MAX_NODES);
    bool found[SIM_MAX_NODES + 1] = {false};
    for (uint32_t i = 0; i < list.count; i++) {
        cr_assert_not(found[list.nodes[i]]);
        found[list.nodes[i]] = true;
    }
    rig_free(rig);
}

/* --- one step's choices --------------------------------------------------- */

/* Three lists of one step never share a node, and cover the cluster. */
Test(targets, random_choices_of_a_step_are_disjoint)
{
    struct rig *rig = cluster_of(5);
    for (uint32_t k = 0; k < N_SEEDS; k++) {
        struct sim_target items[] = {{.kind = SIM_TARGET_MINORITY},
                                     {.kind = SIM_TARGET_ANY},
                                     {.kind = SIM_TARGET_REST}};
        struct sim_naming naming =
            sim_naming_new(rig->cluster, &rig->prng, SIM_ACTION_PARTITION);
        uint64_t all = 0;
        for (uint32_t i = 0; i < 3; i++) {
            struct sim_targets targets = {.items = &items[i], .count = 1};
            struct sim_node_list list;
            cr_assert(sim_naming_resolve(&naming, &targets, &list));
            cr_assert_eq(list.count, i == 1 ? 1 : 2);
            for (uint32_t j = 0; j < list.count; j++) {
                cr_assert_eq(all >> list.nodes[j] & 1, 0);
                all |= UINT64_C(1) << list.nodes[j];
            }
        }
        cr_assert_eq(all, 0x3e);
    }
    rig_free(rig);
}

Test(targets, rest_leaves_out_what_was_named_by_any_word)
{
    struct rig *rig = cluster_of(4);
    set_role(rig, 3, SIM_LEADER);
    struct sim_target first[] = {{.kind = SIM_TARGET_LEADER},
                                 {.kind = SIM_TARGET_NODE, .node = 1}};
    struct sim_target rest = {.kind = SIM_TARGET_REST};
    struct sim_naming naming =
        sim_naming_new(rig->cluster, &rig->prng, SIM_ACTION_PARTITION);
    struct sim_node_list list;
    cr_assert(sim_naming_resolve(
        &naming, &(struct sim_targets){.items = first, .count = 2}, &list));
    cr_assert(sim_naming_resolve(
        &naming, &(struct sim_targets){.items = &rest, .count = 1}, &list));
    cr_assert_eq(list.count, 2);
    cr_expect_eq(list.nodes[0], 2);
    cr_expect_eq(list.nodes[1], 4);
    /* All are named now: "rest" is a set and may be empty, a choice is not. */
    cr_assert(sim_naming_resolve(
        &naming, &(struct sim_targets){.items = &rest, .count = 1}, &list));
    cr_expect_eq(list.count, 0);
    rest.kind = SIM_TARGET_FOLLOWER;
    cr_expect_not(sim_naming_resolve(
        &naming, &(struct sim_targets){.items = &rest, .count = 1}, &list));
    rig_free(rig);
}

Test(targets, a_node_named_twice_counts_once)
{
    struct rig *rig = cluster_of(3);
    set_role(rig, 2, SIM_LEADER);
    struct sim_target items[] = {{.kind = SIM_TARGET_NODE, .node = 2},
                                 {.kind = SIM_TARGET_LEADER},
                                 {.kind = SIM_TARGET_NODE, .node = 2}};
    struct sim_naming naming =
        sim_naming_new(rig->cluster, &rig->prng, SIM_ACTION_CRASH);
    struct sim_node_list list;
    cr_assert(sim_naming_resolve(
        &naming, &(struct sim_targets){.items = items, .count = 3}, &list));
    cr_expect_eq(list.count, 1);
    rig_free(rig);
}

/* --- members -------------------------------------------------------------- */

/* Of seven: 1 leads, 2 and 3 are voters, 4 was one before, 5 and 6 are
 * learners, 7 is a stranger; 3 and 6 are down. */
static struct rig *members_of_seven(struct sim_configuration *members)
{
    struct rig *rig = cluster_of(7);
    *members = sim_configuration_of(3);
    sim_set_add(&members->old_voters, 1);
    sim_set_add(&members->old_voters, 4);
    sim_set_add(&members->learners, 5);
    sim_set_add(&members->learners, 6);
    sim_cluster_crash(rig->cluster, 3, SIM_UNFINISHED_LOST);
    sim_cluster_crash(rig->cluster, 6, SIM_UNFINISHED_LOST);
    rig->cluster->members = members;
    set_role(rig, 1, SIM_LEADER);
    return rig;
}

#define BIT(node) (UINT64_C(1) << (node))

Test(targets, members_learners_and_strangers)
{
    static const struct {
        enum sim_target_kind kind;
        uint32_t size;
        uint64_t set;
    } cases[] = {
        {SIM_TARGET_MEMBER, 1, BIT(1) | BIT(2) | BIT(4)},
        {SIM_TARGET_LEARNER, 1, BIT(5)},
        {SIM_TARGET_STRANGER, 1, BIT(7)},
        {SIM_TARGET_LEARNERS, 1, BIT(5)},
        {SIM_TARGET_STRANGERS, 1, BIT(7)},
        {SIM_TARGET_FOLLOWER, 1, BIT(2) | BIT(4)},
        {SIM_TARGET_FOLLOWERS, 2, BIT(2) | BIT(4)},
        {SIM_TARGET_MAJORITY, 3, BIT(1) | BIT(2) | BIT(3) | BIT(4)},
        {SIM_TARGET_MINORITY, 1, BIT(1) | BIT(2) | BIT(3) | BIT(4)},
        {SIM_TARGET_MAJORITY_WITH_LEADER, 3, BIT(1) | BIT(2) | BIT(3) | BIT(4)},
        {SIM_TARGET_REST, 7, 0xfe},
        {SIM_TARGET_ALL, 7, 0xfe},
    };
    struct sim_configuration members;
    struct rig *rig = members_of_seven(&members);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(seen(rig, SIM_ACTION_CRASH, cases[i].kind, cases[i].size),
                     cases[i].set, "target %d", cases[i].kind);
    }
    rig_free(rig);
}

Test(targets, nobody_may_be_a_learner_or_a_stranger)
{
    struct rig *rig = cluster_of(3);
    struct sim_node_list list;
    expect_none(rig, SIM_ACTION_ADD, SIM_TARGET_LEARNER);
    expect_none(rig, SIM_ACTION_ADD, SIM_TARGET_STRANGER);
    cr_expect(resolve(rig, SIM_ACTION_ADD, SIM_TARGET_LEARNERS, 0, &list));
    cr_expect_eq(list.count, 0);
    cr_expect(resolve(rig, SIM_ACTION_ADD, SIM_TARGET_STRANGERS, 0, &list));
    cr_expect_eq(list.count, 0);
    rig_free(rig);
}
