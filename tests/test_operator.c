/* Wishes about members and leaders: what is proposed, how often, and when it is
 * done. */
#include "sim/operator.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/operator_plan.h"
#include "tests/ruler_node.h"
#include "tests/sim_harness.h"

#define MS UINT64_C(1000)

/* --- the plan ------------------------------------------------------------- */

/* "1 2 w3 l4 o5": voters, witness, learner, old voter. */
static struct sim_configuration members_of(const char *text)
{
    struct sim_configuration members = {0};
    while (*text != '\0') {
        char *end = NULL;
        char form = *text >= 'a' ? *text : 'v';
        text += *text >= 'a' ? 1 : 0;
        uint32_t node = (uint32_t)strtoul(text, &end, 10);
        if (form == 'l') {
            sim_set_add(&members.learners, node);
        } else if (form == 'o') {
            sim_set_add(&members.old_voters, node);
        } else {
            sim_set_add(&members.voters, node);
        }
        if (form == 'w') {
            sim_set_add(&members.witnesses, node);
        }
        text = *end == ' ' ? end + 1 : end;
    }
    return members;
}

static struct sim_set set_of(const char *text)
{
    return members_of(text).voters;
}

static void expect_members(const struct sim_configuration *found,
                           const char *wanted, const char *name)
{
    struct sim_configuration members = members_of(wanted);
    char text[SIM_CONFIGURATION_TEXT_SIZE];
    sim_configuration_describe(found, text);
    cr_expect(sim_configuration_equal(found, &members), "%s: %s, not %s", name,
              text, wanted);
}

Test(operator, a_wish_has_a_goal)
{
    static const struct {
        const char *name;
        struct sim_action action;
        const char *nodes, *by, *members, *goal;
    } cases[] = {
        {"add a voter", {.kind = SIM_ACTION_ADD}, "4", "", "1 2", "1 2 4"},
        {"add a learner who is one to the voters",
         {.kind = SIM_ACTION_ADD},
         "4",
         "",
         "1 2 l4",
         "1 2 4"},
        {"add learners",
         {.kind = SIM_ACTION_ADD, .as = SIM_AS_LEARNER},
         "2 4",
         "",
         "1 2",
         "1 2 l4"},
        {"add a witness",
         {.kind = SIM_ACTION_ADD, .as = SIM_AS_WITNESS},
         "2 4",
         "",
         "1 2",
         "1 2 w4"},
        {"remove", {.kind = SIM_ACTION_REMOVE}, "2 4", "", "1 2 l4 w5", "1 w5"},
        {"remove a witness",
         {.kind = SIM_ACTION_REMOVE},
         "5",
         "",
         "1 2 w5",
         "1 2"},
        {"promote learners only",
         {.kind = SIM_ACTION_PROMOTE},
         "3 4",
         "",
         "1 2 l3",
         "1 2 3"},
        {"demote voters, no witness",
         {.kind = SIM_ACTION_DEMOTE},
         "2 5 7",
         "",
         "1 2 w5",
         "1 l2 w5"},
        {"replace", {.kind = SIM_ACTION_REPLACE}, "2", "4", "1 2 3", "1 3 4"},
        {"these and nobody else",
         {.kind = SIM_ACTION_MEMBERS},
         "3 4 5 6",
         "",
         "1 2 3 w5 l4",
         "3 4 w5 6"},
        {"what is joint counts as the new one",
         {.kind = SIM_ACTION_REMOVE},
         "3",
         "",
         "1 3 4 o1 o2 o3",
         "1 4"},
    };
    struct sim_configuration nobody = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_wish_targets targets = {.nodes = set_of(cases[i].nodes),
                                           .by = set_of(cases[i].by)};
        struct sim_configuration members = members_of(cases[i].members);
        struct sim_configuration goal = sim_wish_goal(
            &cases[i].action, &targets, &members, &nobody, &members.witnesses);
        expect_members(&goal, cases[i].goal, cases[i].name);
        struct sim_configuration again = sim_wish_goal(
            &cases[i].action, &targets, &goal, &nobody, &members.witnesses);
        cr_expect(sim_configuration_equal(&again, &goal), "%s, again",
                  cases[i].name);
    }
}

/* Who has been a witness once may lack payloads. */
Test(operator, a_former_witness_comes_back_as_one_or_not_at_all)
{
    static const struct {
        struct sim_action action;
        const char *nodes, *by, *goal;
    } cases[] = {
        {{.kind = SIM_ACTION_ADD, .as = SIM_AS_VOTER}, "4", "", "1 2"},
        {{.kind = SIM_ACTION_ADD, .as = SIM_AS_WITNESS}, "4", "", "1 2 w4"},
        {{.kind = SIM_ACTION_ADD, .as = SIM_AS_LEARNER}, "4", "", "1 2"},
        {{.kind = SIM_ACTION_ADD, .as = SIM_AS_VOTER}, "3 4", "", "1 2 3"},
        {{.kind = SIM_ACTION_REPLACE}, "2", "4", "1 w4"},
        {{.kind = SIM_ACTION_MEMBERS}, "1 4", "", "1 w4"},
    };
    struct sim_configuration members = members_of("1 2");
    struct sim_set witnesses = set_of("4 5");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_wish_targets targets = {.nodes = set_of(cases[i].nodes),
                                           .by = set_of(cases[i].by)};
        struct sim_configuration goal = sim_wish_goal(
            &cases[i].action, &targets, &members, &members, &witnesses);
        expect_members(&goal, cases[i].goal, "former witness");
    }
}

#define WITNESS_FOR_EVER "was a witness, and becomes nothing else"

/* Of the members 1 (a voter), 3 (a witness) and 5 (a learner); 4 was a witness.
 */
Test(operator, names_who_does_not_become_what_is_wished)
{
    static const struct {
        enum sim_action_kind kind;
        enum sim_membership as;
        const char *nodes;
        uint32_t node;
        const char *why;
    } cases[] = {
        {SIM_ACTION_ADD, SIM_AS_VOTER, "1 2 5", SIM_NONE, NULL},
        {SIM_ACTION_ADD, SIM_AS_VOTER, "2 3", 3, WITNESS_FOR_EVER},
        {SIM_ACTION_ADD, SIM_AS_VOTER, "4", 4, WITNESS_FOR_EVER},
        {SIM_ACTION_ADD, SIM_AS_LEARNER, "2 5", SIM_NONE, NULL},
        {SIM_ACTION_ADD, SIM_AS_LEARNER, "4 1", 1,
         "is a voter; \"demote\" makes him a learner"},
        {SIM_ACTION_ADD, SIM_AS_LEARNER, "3", 3, WITNESS_FOR_EVER},
        {SIM_ACTION_ADD, SIM_AS_LEARNER, "4", 4, WITNESS_FOR_EVER},
        {SIM_ACTION_ADD, SIM_AS_WITNESS, "2 3 4", SIM_NONE, NULL},
        {SIM_ACTION_ADD, SIM_AS_WITNESS, "1", 1,
         "is a full member, and no witness before he is removed"},
        {SIM_ACTION_ADD, SIM_AS_WITNESS, "5", 5,
         "is a full member, and no witness before he is removed"},
        {SIM_ACTION_PROMOTE, SIM_AS_VOTER, "1 3 5", SIM_NONE, NULL},
        {SIM_ACTION_PROMOTE, SIM_AS_VOTER, "2", 2, "is no member to promote"},
        {SIM_ACTION_DEMOTE, SIM_AS_VOTER, "1 5", SIM_NONE, NULL},
        {SIM_ACTION_DEMOTE, SIM_AS_VOTER, "3", 3, WITNESS_FOR_EVER},
        {SIM_ACTION_DEMOTE, SIM_AS_VOTER, "2", 2, "is no member to demote"},
        {SIM_ACTION_REMOVE, SIM_AS_VOTER, "1 2 3 4 5", SIM_NONE, NULL},
        {SIM_ACTION_MEMBERS, SIM_AS_VOTER, "1 2 3 4 5", SIM_NONE, NULL},
    };
    struct sim_configuration members = members_of("1 w3 l5");
    struct sim_set witnesses = set_of("3 4");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_action action = {.kind = cases[i].kind, .as = cases[i].as};
        struct sim_wish_targets targets = {.nodes = set_of(cases[i].nodes)};
        struct sim_configuration goal =
            sim_wish_goal(&action, &targets, &members, &members, &witnesses);
        struct sim_wish_obstacle obstacle =
            sim_wish_obstacle(&action, &targets, &goal, &witnesses);
        cr_expect_eq(obstacle.node, cases[i].node, "case %zu: %u", i,
                     (unsigned)obstacle.node);
        if (obstacle.node != SIM_NONE && cases[i].why != NULL) {
            cr_expect_str_eq(obstacle.why, cases[i].why);
        }
    }
}

static void expect_words(struct sim_action action, const char *nodes,
                         const char *by, const char *wanted)
{
    struct sim_wish_targets targets = {.nodes = set_of(nodes),
                                       .by = set_of(by)};
    char text[SIM_WISH_TEXT_SIZE];
    targets.first = *nodes != '\0' ? 1 : SIM_NONE;
    sim_wish_describe(&action, &targets, text);
    cr_expect_str_eq(text, wanted);
}

Test(operator, a_wish_in_words)
{
    struct sim_action all = {.kind = SIM_ACTION_REPLACE};
    struct sim_wish_targets targets = {.first = 1};
    char text[SIM_WISH_TEXT_SIZE];
    expect_words((struct sim_action){.kind = SIM_ACTION_ADD}, "3", "",
                 "add 3 as voter");
    expect_words(
        (struct sim_action){.kind = SIM_ACTION_ADD, .as = SIM_AS_WITNESS},
        "30 4", "", "add 4 30 as witness");
    expect_words((struct sim_action){.kind = SIM_ACTION_REPLACE}, "2", "3 128",
                 "replace 2 by 3 128");
    expect_words((struct sim_action){.kind = SIM_ACTION_TRANSFER}, "", "",
                 "transfer any");
    expect_words((struct sim_action){.kind = SIM_ACTION_REMOVE}, "", "",
                 "remove");
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        sim_set_add(&targets.nodes, node);
        sim_set_add(&targets.by, node);
    }
    sim_wish_describe(&all, &targets, text);
    cr_expect_str_eq(text, "replace 1 2 3 4 5 6 7 8 9 10 11 12 13 ... by 1 2 3 "
                           "4 5 6 7 8 9 10 11 12 13 14 ...");
}

Test(operator, priorities_stay_and_come_with_the_member)
{
    struct sim_action action = {.kind = SIM_ACTION_REPLACE};
    struct sim_wish_targets targets = {.nodes = set_of("2"), .by = set_of("4")};
    struct sim_configuration members = members_of("1 2 3");
    struct sim_configuration initial = members_of("1 2 3");
    members.priorities[0] = 5;
    members.priorities[1] = 6;
    initial.priorities[0] = 1;
    initial.priorities[3] = 9;
    struct sim_configuration goal = sim_wish_goal(&action, &targets, &members,
                                                  &initial, &members.witnesses);
    cr_expect_eq(goal.priorities[0], 5);
    cr_expect_eq(goal.priorities[1], 0);
    cr_expect_eq(goal.priorities[3], 9);
}

Test(operator, the_next_change_on_the_way)
{
    static const struct {
        const char *members, *goal;
        enum sim_joint how;
        bool catch_up;
        const char *next;
        bool joint;
    } cases[] = {
        {"1 2 3", "1 2 3 4", SIM_JOINT_AUTO, true, "1 2 3 l4", false},
        {"1 2 3 l4", "1 2 3 4", SIM_JOINT_AUTO, true, "1 2 3 4", false},
        {"1 2 3", "1 2 3 4", SIM_JOINT_AUTO, false, "1 2 3 4", false},
        {"1 2 3", "1 2 3 4", SIM_JOINT_ALWAYS, false, "1 2 3 4", true},
        {"1 2 3", "4 5 w6", SIM_JOINT_AUTO, true, "1 2 3 l4 l5", false},
        {"1 2 3 l4 l5", "4 5 w6", SIM_JOINT_AUTO, true, "4 5 w6", true},
        {"1 2 3", "1 2 w4", SIM_JOINT_AUTO, true, "1 2 w4", true},
        {"1 2", "1 2 w4", SIM_JOINT_AUTO, true, "1 2 w4", false},
        {"1 2 3", "1 2 3 l4 l5", SIM_JOINT_ALWAYS, true, "1 2 3 l4 l5", false},
        {"1 2 3", "1 l2 4 w5", SIM_JOINT_NEVER, false, "1 2 3 4", false},
        {"1 2 3 4", "1 l2 4 w5", SIM_JOINT_NEVER, false, "1 2 3 4 w5", false},
        {"1 2 3 4 w5", "1 l2 4 w5", SIM_JOINT_NEVER, false, "1 l2 3 4 w5",
         false},
        {"1 l2 3 4 w5", "1 l2 4 w5", SIM_JOINT_NEVER, false, "1 l2 4 w5",
         false},
        {"1 2 w3 w4", "1 2", SIM_JOINT_NEVER, true, "1 2 w4", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_action action = {.kind = SIM_ACTION_MEMBERS,
                                    .joint = cases[i].how};
        struct sim_configuration members = members_of(cases[i].members);
        struct sim_configuration goal = members_of(cases[i].goal);
        bool joint = !cases[i].joint;
        struct sim_configuration next =
            sim_wish_next(&action, &goal, &members, cases[i].catch_up, &joint);
        char name[32];
        snprintf(name, sizeof name, "case %zu", i);
        expect_members(&next, cases[i].next, name);
        cr_expect_eq(joint, cases[i].joint, "case %zu", i);
    }
}

/* --- the operator at work ------------------------------------------------- */

#define STAGE                                                                  \
    "{'description': 'x', 'nodes': 5, 'duration': '100s', 'members': [1, 2],"  \
    " 'disk': {'write': '0us', 'fsync': '1ms'}, 'workload': {'clients': 0}"

static enum sim_wish_state state_of(const struct rig *rig)
{
    return sim_operator_state(rig->op, rig->wish);
}

Test(operator, adds_as_a_learner_first_and_tries_again_until_it_is_taken)
{
    struct rig *rig = rig_new(STAGE ", 'faults': [{'at': '99s', 'add': 4}]}", 1,
                              &ruler_node_type);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    ruler->refuses_changes = 3;
    ruler->reason = SIM_LATER;
    cr_assert(rig_do(rig, 0));
    cr_expect_eq(ruler->n_changes, 1, "at once");
    rig_run_until(rig, 3 * SIM_OPERATOR_PAUSE_US - 1);
    cr_expect_eq(ruler->n_changes, 3, "every 10 ms");
    cr_expect(!sim_set_has(&ruler->members.learners, 4));
    rig_run_until(rig, 3 * SIM_OPERATOR_PAUSE_US);
    cr_expect(sim_set_has(&ruler->members.learners, 4));
    cr_expect_eq(state_of(rig), SIM_WISH_UNDER_WAY);
    cr_expect_str_eq(sim_operator_reason(rig->op, rig->wish),
                     "its last change is not in the leader's log");
    rig_run_until(rig, 4 * SIM_OPERATOR_PAUSE_US);
    cr_expect(sim_set_has(&ruler->members.voters, 4));
    cr_expect(!sim_set_has(&ruler->members.learners, 4));
    cr_expect(!ruler->joint);
    cr_expect_eq(state_of(rig), SIM_WISH_TRUE);
    rig_run_until(rig, 20 * SIM_OPERATOR_PAUSE_US);
    cr_expect_eq(ruler->n_changes, 5, "no more then");
    cr_expect_eq(rig->cluster->changes, 2);
    cr_expect_eq(rig->cluster->configurations, 2);
    cr_expect(sim_set_has(&sim_cluster_members(rig->cluster)->voters, 4));
    rig_free(rig);
}

/* It has come true when the joint configuration is left. */
Test(operator, waits_for_the_end_of_a_joint_configuration)
{
    struct rig *rig =
        rig_new(STAGE ", 'raft': {'catch_up': false}, 'faults': [{'at': '99s',"
                      " 'members': [3, 4, 5]}]}",
                1, &ruler_node_type);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    rig->cluster->watched = 1u << SIM_EVENT_CONFIGURED;
    cr_assert(rig_do(rig, 0));
    cr_expect(ruler->joint);
    cr_expect(sim_configuration_is_joint(&ruler->members));
    cr_expect_eq(state_of(rig), SIM_WISH_UNDER_WAY);
    cr_expect_eq(rig->cluster->n_happenings, 1);
    cr_expect(rig->cluster->happenings[0].joint);
    rig_run_until(rig, 1 * MS);
    cr_expect(!sim_configuration_is_joint(&ruler->members));
    cr_expect_eq(state_of(rig), SIM_WISH_TRUE, "seen when it happens");
    cr_expect_eq(rig->cluster->changes, 1);
    cr_expect_eq(rig->cluster->configurations, 2);
    rig_free(rig);
}

Test(operator, proposes_nothing_while_the_members_are_joint)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 5, 'duration': '100s',"
                " 'disk': {'fsync': '55ms'}, 'raft': {'catch_up': false},"
                " 'workload': {'clients': 0}, 'faults': [{'at': '99s',"
                " 'members': [1, 2, 3]}]}",
                1, &ruler_node_type);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 50 * MS);
    cr_expect(sim_configuration_is_joint(&ruler->members));
    cr_expect_eq(ruler->n_changes, 1);
    cr_expect_str_eq(sim_operator_reason(rig->op, rig->wish),
                     "the members are joint");
    rig_run_until(rig, 200 * MS);
    cr_expect_eq(ruler->n_changes, 1);
    cr_expect_eq(state_of(rig), SIM_WISH_TRUE);
    rig_free(rig);
}

Test(operator, one_at_a_time_if_it_is_never_to_be_joint)
{
    struct rig *rig =
        rig_new(STAGE ", 'faults': [{'at': '99s', 'members': [1, 4, 5],"
                      " 'joint': false}]}",
                1, &ruler_node_type);
    static const char *const steps[] = {"1 2 l4 l5", "1 2 4 l5", "1 2 4 5",
                                        "1 4 5"};
    struct ruler_node *ruler = rig_ruler(rig, 1);
    cr_assert(rig_do(rig, 0));
    for (uint64_t i = 0; i < 4; i++) {
        rig_run_until(rig, i * SIM_OPERATOR_PAUSE_US);
        expect_members(&ruler->members, steps[i], "step");
        cr_expect(!ruler->joint);
    }
    cr_expect_eq(state_of(rig), SIM_WISH_TRUE);
    rig_free(rig);
}

Test(operator, keeps_a_voter_who_stores_commands)
{
    struct rig *rig =
        rig_new("{'description': 'x', 'nodes': 4, 'duration': '100s',"
                " 'members': [1, {'node': 2, 'as': 'witness'},"
                " {'node': 3, 'as': 'learner'}], 'workload': {'clients': 0},"
                " 'faults': [{'at': '99s', 'remove': 1},"
                " {'at': '99s', 'demote': 1}]}",
                1, &ruler_node_type);
    for (uint32_t place = 0; place < 2; place++) {
        cr_assert(rig_do(rig, place));
        rig_run_until(rig, 100 * MS);
        cr_expect_eq(state_of(rig), SIM_WISH_GIVEN_UP);
        cr_expect_not_null(strstr(sim_operator_reason(rig->op, rig->wish),
                                  "for good: no voter would store commands"));
    }
    cr_expect_eq(rig_ruler(rig, 1)->n_changes, 0);
    rig_free(rig);
}

/* Nothing but wishes changes members: to wait would not help. */
Test(operator, a_change_that_is_impossible_is_refused_for_good)
{
    struct rig *rig = rig_new(STAGE ", 'faults': [{'at': '99s', 'remove': 2}]}",
                              1, &ruler_node_type);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    ruler->refuses_changes = 2;
    ruler->reason = SIM_NEVER_SO;
    cr_assert(rig_do(rig, 0));
    cr_expect_str_eq(
        sim_operator_reason(rig->op, rig->wish),
        "\"remove 2\" is refused for good: the leader refuses such a change");
    cr_expect_eq(state_of(rig), SIM_WISH_GIVEN_UP);
    rig_run_until(rig, 50 * MS);
    cr_expect_eq(ruler->n_changes, 1);
    cr_expect_eq(sim_operator_count(rig->op).refused, 1);
    rig_free(rig);
}

/* What can be done is done. */
Test(operator, who_was_a_witness_is_refused_for_good)
{
    static const struct {
        const char *step, *members, *reason;
    } cases[] = {
        {"'add': [4, 5]", "1 2 5",
         "\"add 4 5 as voter\" is refused for good: 4 " WITNESS_FOR_EVER},
        {"'add': 4, 'as': 'learner'", "1 2",
         "\"add 4 as learner\" is refused for good: 4 " WITNESS_FOR_EVER},
        {"'add': 2, 'as': 'witness'", "1 2",
         "\"add 2 as witness\" is refused for good: 2 is a full member, and "
         "no witness before he is removed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 STAGE ", 'raft': {'catch_up': false}, 'faults': ["
                       "{'at': '99s', 'add': 4, 'as': 'witness'},"
                       "{'at': '99s', 'remove': 4}, {'at': '99s', %s}]}",
                 cases[i].step);
        struct rig *rig = rig_new(text, 1, &ruler_node_type);
        for (uint32_t place = 0; place < 3; place++) {
            cr_assert(rig_do(rig, place));
            rig_run_until(rig, (place + 1) * 50 * MS);
            cr_expect_eq(state_of(rig),
                         place < 2 ? SIM_WISH_TRUE : SIM_WISH_GIVEN_UP);
        }
        expect_members(&rig_ruler(rig, 1)->members, cases[i].members,
                       cases[i].step);
        cr_expect_str_eq(sim_operator_reason(rig->op, rig->wish),
                         cases[i].reason);
        struct sim_wish_counts counts = sim_operator_count(rig->op);
        cr_expect(counts.made == 3 && counts.came_true == 2 &&
                  counts.refused == 1);
        rig_free(rig);
    }
}

static unsigned lines_with(const struct rig *rig, const char *what)
{
    unsigned n = 0;
    for (const char *at = rig->trace.text; (at = strstr(at, what)) != NULL;
         at++) {
        n++;
    }
    return n;
}

Test(operator, the_trace_tells_once_that_a_wish_is_put_off)
{
    struct rig *rig = rig_new(STAGE ", 'faults': [{'at': '99s', 'add': 4},"
                                    " {'at': '99s', 'demote': 5}]}",
                              1, &ruler_node_type);
    rig_ruler(rig, 1)->refuses_changes = 5;
    rig_ruler(rig, 1)->reason = SIM_LATER;
    cr_assert(rig_do(rig, 0));
    rig_run_until(rig, 200 * MS);
    cr_expect_eq(state_of(rig), SIM_WISH_TRUE);
    cr_expect_eq(lines_with(rig, "-- wish: add 4 as voter (/faults/0)\n"), 1);
    cr_expect_eq(lines_with(rig, "-- wish: add 4 as voter: not yet, will be "
                                 "tried again: the leader puts it off "
                                 "(/faults/0)\n"),
                 1);
    cr_expect_eq(lines_with(rig, "-- wish: add 4"), 2);
    cr_assert(rig_do(rig, 1));
    cr_expect_eq(lines_with(rig, "-- wish: demote 5: refused for good: 5 is no "
                                 "member to demote (/faults/1)\n"),
                 1);
    rig_free(rig);
}

Test(operator, a_newer_wish_takes_the_place_of_an_older_one)
{
    struct rig *rig = rig_new(STAGE ", 'faults': [{'at': '99s', 'add': 4},"
                                    " {'at': '99s', 'transfer': 2},"
                                    " {'at': '99s', 'add': 5}]}",
                              1, &ruler_node_type);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    ruler->refuses_changes = ruler->refuses_transfers = 1000;
    ruler->reason = SIM_LATER;
    uint64_t wishes[3];
    for (uint32_t place = 0; place < 3; place++) {
        cr_assert(rig_do(rig, place));
        wishes[place] = rig->wish;
        rig_run_until(rig, (place + 1) * 50 * MS);
    }
    cr_expect_eq(sim_operator_state(rig->op, wishes[0]), SIM_WISH_REPLACED);
    cr_expect_str_eq(sim_operator_reason(rig->op, wishes[0]),
                     "a newer wish took its place");
    cr_expect_eq(sim_operator_state(rig->op, wishes[1]), SIM_WISH_UNDER_WAY);
    cr_expect_eq(sim_operator_state(rig->op, wishes[2]), SIM_WISH_UNDER_WAY);
    ruler->refuses_changes = ruler->refuses_transfers = 0;
    rig_run_until(rig, 300 * MS);
    expect_members(&ruler->members, "1 2 5", "the newer one");
    cr_expect_eq(sim_operator_state(rig->op, wishes[1]), SIM_WISH_TRUE);
    rig_free(rig);
}

Test(operator, hands_over_to_whom_it_is_told)
{
    static const struct {
        const char *to;
        uint32_t node;
    } cases[] = {{"2", 2}, {"'any'", SIM_NONE}};
    for (size_t i = 0; i < 2; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 STAGE ", 'faults': [{'at': '99s', 'transfer': %s}]}",
                 cases[i].to);
        struct rig *rig = rig_new(text, 1, &ruler_node_type);
        struct ruler_node *ruler = rig_ruler(rig, 1);
        ruler->refuses_transfers = 2;
        ruler->reason = SIM_LATER;
        cr_assert(rig_do(rig, 0));
        rig_run_until(rig, 2 * SIM_OPERATOR_PAUSE_US - 1);
        cr_expect_eq(ruler->n_transfers, 2);
        cr_expect_eq(state_of(rig), SIM_WISH_UNDER_WAY);
        rig_run_until(rig, 100 * MS);
        cr_expect_eq(ruler->n_transfers, 3);
        cr_expect_eq(ruler->transfer_to, cases[i].node);
        cr_expect_eq(state_of(rig), SIM_WISH_TRUE);
        cr_expect_eq(rig->cluster->changes, 0);
        rig_free(rig);
    }
}

/* Who leads, and who could, may change while a patient wish waits. */
Test(operator, says_why_a_transfer_is_refused)
{
    static const struct {
        const char *to, *reason;
        enum sim_wish_state state;
    } cases[] = {
        {"1", "that one leads already", SIM_WISH_UNDER_WAY},
        {"2",
         "the leader refuses such a transfer: that one is no voter who could "
         "lead",
         SIM_WISH_UNDER_WAY},
        {"'any'", "there is no other voter who could lead", SIM_WISH_UNDER_WAY},
        {"3",
         "\"transfer 3\" is refused for good: 3 was a witness, and never leads",
         SIM_WISH_GIVEN_UP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': 3, 'duration': '100s',"
                 " 'members': [1, 2, {'node': 3, 'as': 'witness'}],"
                 " 'workload': {'clients': 0}, 'faults': [{'at': '99s',"
                 " 'transfer': %s}]}",
                 cases[i].to);
        for (int patient = 0; patient < 2; patient++) {
            struct rig *rig = rig_new(text, 1, &ruler_node_type);
            rig_ruler(rig, 1)->refuses_transfers = 1000;
            rig_ruler(rig, 1)->reason = SIM_NEVER_SO;
            struct sim_reach reach = {0};
            const struct sim_action *action = &rig->scenario->faults[0].action;
            cr_assert(sim_reach_find(&reach, action, rig->cluster, &rig->prng));
            rig->wish =
                sim_operator_wish(rig->op, action, &reach, patient == 1);
            free(reach.links);
            rig_run_until(rig, 30 * MS);
            cr_expect_str_eq(sim_operator_reason(rig->op, rig->wish),
                             cases[i].reason);
            bool waits = patient && cases[i].state == SIM_WISH_UNDER_WAY;
            cr_expect_eq(state_of(rig),
                         waits ? SIM_WISH_UNDER_WAY : SIM_WISH_GIVEN_UP);
            cr_expect_eq(sim_operator_count(rig->op).refused, waits ? 0 : 1);
            cr_expect_eq(rig_ruler(rig, 1)->n_transfers, waits ? 4 : 1);
            rig_free(rig);
        }
    }
}

/* A patient wish that ended is not forgotten for a newer one. */
Test(operator, remembers_what_became_of_patient_wishes)
{
    struct rig *rig = rig_new(STAGE ", 'faults': [{'at': '99s', 'remove': 4},"
                                    " {'at': '99s', 'promote': 5},"
                                    " {'at': '99s', 'add': 4}]}",
                              1, &ruler_node_type);
    uint64_t wishes[2];
    for (uint32_t place = 0; place < 3; place++) {
        cr_assert(rig_do(rig, place));
        wishes[place < 2 ? place : 0] = place < 2 ? rig->wish : wishes[0];
    }
    cr_expect_eq(sim_operator_state(rig->op, wishes[0]), SIM_WISH_TRUE);
    cr_expect_eq(sim_operator_state(rig->op, wishes[1]), SIM_WISH_GIVEN_UP);
    cr_expect_not_null(strstr(sim_operator_reason(rig->op, wishes[1]),
                              "5 is no member to promote"));
    rig_free(rig);
}

Test(operator, asks_whom_it_is_told_to_ask_while_that_one_runs)
{
    struct rig *rig =
        rig_new(STAGE ", 'faults': [{'at': '99s', 'add': 4, 'ask': 2},"
                      " {'at': '99s', 'transfer': 2}]}",
                1, &ruler_node_type);
    cr_assert(rig_do(rig, 0));
    cr_expect_eq(rig_ruler(rig, 2)->n_changes, 1);
    cr_expect_str_eq(sim_operator_reason(rig->op, rig->wish),
                     "the server that was asked does not lead");
    sim_cluster_pause(rig->cluster, 2);
    rig_run_until(rig, 100 * MS);
    cr_expect_eq(rig_ruler(rig, 2)->n_changes, 1);
    cr_expect_str_eq(sim_operator_reason(rig->op, rig->wish),
                     "the server that is asked does not run");
    cr_expect_eq(rig_ruler(rig, 1)->n_changes, 0);
    sim_cluster_crash(rig->cluster, 1, SIM_UNFINISHED_LOST);
    cr_assert(rig_do(rig, 1));
    cr_expect_str_eq(sim_operator_reason(rig->op, rig->wish),
                     "there was no leader to ask");
    rig_free(rig);
}

/* --- wishes of the script and of nemeses ---------------------------------- */

/* The step below happens when the wish has come true, and not before. */
Test(operator, a_step_of_the_script_happens_when_its_wish_comes_true)
{
    struct rig *rig =
        rig_new(STAGE ", 'faults': [{'after': '15ms', 'add': [3, 4]},"
                      " {'after': '5ms', 'crash': 5}]}",
                1, &ruler_node_type);
    rig_ruler(rig, 1)->refuses_changes = 4;
    rig_ruler(rig, 1)->reason = SIM_LATER;
    rig_run_until(rig, 65 * MS); /* 15 + 4 * 10, then as voters */
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 0);
    rig_run_until(rig, 65 * MS + 1 * MS); /* joint for one write */
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 1);
    rig_run_until(rig, 71 * MS - 1);
    cr_expect(sim_cluster_is_up(rig->cluster, 5));
    rig_run_until(rig, 71 * MS);
    cr_expect(!sim_cluster_is_up(rig->cluster, 5));
    cr_expect_eq(sim_faults_count(rig->faults), 1, "a wish is no fault");
    rig_free(rig);
}

Test(operator, a_wish_that_never_comes_true_is_reported)
{
    static const struct {
        const char *step, *reason;
    } cases[] = {
        {"'add': 4", "this node cannot change its members"},
        {"'transfer': 'any'", "this node cannot hand over its leadership"},
        {"'compact': 1", "this node cannot make snapshots"},
    };
    const struct harness_options options = {.type = &echo_node_type,
                                            .no_checks = true};
    for (size_t i = 0; i < 3; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': 4, 'duration': '1s',"
                 " 'workload': {'clients': 0}, 'expect': {'progress_within':"
                 " '1ms'}, 'faults': [{'at': '10ms', %s}], 'nemeses':"
                 " [{'every': '50ms', %s}]}",
                 cases[i].step, cases[i].step);
        struct sim_result result = harness_run(text, 1, &options);
        cr_expect_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
        cr_assert_eq(result.n_unmet, 1);
        cr_expect_str_eq(result.unmet[0].pointer, "/faults/0");
        cr_expect_not_null(strstr(result.unmet[0].text, cases[i].reason), "%s",
                           result.unmet[0].text);
        cr_expect_eq(result.faults, 0);
    }
}

/* By the real Raft, from the outside. */
Test(operator, a_step_whose_wish_is_refused_for_good_fails_the_run)
{
    static const struct {
        const char *step, *text;
    } cases[] = {
        {"'add': 3", "the step \"add\" never happened: \"add 3 as voter\" is "
                     "refused for good: 3 " WITNESS_FOR_EVER},
        {"'demote': 4", "the step \"demote\" never happened: \"demote 4\" is "
                        "refused for good: 4 " WITNESS_FOR_EVER},
        {"'add': 1, 'as': 'witness'",
         "the step \"add\" never happened: \"add 1 as witness\" is refused "
         "for good: 1 is a full member, and no witness before he is removed"},
        {"'add': 3, 'as': 'witness'", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{'description': 'x', 'nodes': 4, 'duration': '3s',"
                 " 'members': [1, 2, {'node': 3, 'as': 'witness'},"
                 " {'node': 4, 'as': 'witness'}], 'faults': ["
                 "{'at': '1s', 'remove': 3}, {'after': '100ms', %s}]}",
                 cases[i].step);
        struct sim_result result = harness_run(text, 1, NULL);
        cr_expect_eq(result.n_unmet, cases[i].text != NULL ? 1 : 0);
        cr_expect_eq(result.verdict, cases[i].text != NULL
                                         ? SIM_VERDICT_UNEXPECTED
                                         : SIM_VERDICT_AS_EXPECTED);
        if (cases[i].text != NULL && result.n_unmet > 0) {
            cr_expect_str_eq(result.unmet[0].pointer, "/faults/1");
            cr_expect_str_eq(result.unmet[0].text, cases[i].text);
        }
    }
}

Test(operator, the_wishes_of_nemeses_end_when_all_is_healed)
{
    struct rig *rig =
        rig_new(STAGE ", 'nemeses': [{'every': '100ms', 'add': 'a stranger'}],"
                      " 'faults': [{'at': '250ms', 'heal': 'all'}]}",
                1, &ruler_node_type);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    ruler->refuses_changes = 1000;
    ruler->reason = SIM_LATER;
    rig_run_until(rig, 240 * MS);
    cr_expect_eq(ruler->n_changes, 15, "at 100, 110 ... 240");
    rig_run_until(rig, 500 * MS);
    cr_expect_leq(ruler->n_changes, 16);
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 1);
    rig_free(rig);
}

Test(operator, healing_leaves_the_wishes_of_the_script)
{
    struct rig *rig = rig_new(STAGE ", 'faults': [{'at': '10ms', 'add': 4},"
                                    " {'at': '30ms', 'heal': 'all'}]}",
                              1, &ruler_node_type);
    rig_ruler(rig, 1)->refuses_changes = 5;
    rig_ruler(rig, 1)->reason = SIM_LATER;
    rig_run_until(rig, 200 * MS);
    cr_expect(sim_set_has(&rig_ruler(rig, 1)->members.voters, 4));
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 2);
    rig_free(rig);
}

Test(operator, nothing_is_wished_for_after_the_end)
{
    struct rig *rig = rig_new(STAGE ", 'faults': [{'at': '10ms', 'add': 4}]}",
                              1, &ruler_node_type);
    struct ruler_node *ruler = rig_ruler(rig, 1);
    ruler->refuses_changes = 1000;
    ruler->reason = SIM_LATER;
    rig_run_until(rig, 55 * MS);
    uint64_t asked = ruler->n_changes;
    cr_expect_eq(asked, 5);
    sim_faults_end(rig->faults);
    rig_run_until(rig, 200 * MS);
    cr_expect_eq(ruler->n_changes, asked);
    cr_expect_eq(sim_faults_missing(rig->faults, 0), 0);
    cr_expect_str_eq(sim_faults_reason(rig->faults, 0),
                     "the leader puts it off");
    rig_free(rig);
}
