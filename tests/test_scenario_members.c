/* What the loader makes of members, snapshots, reads, and the actions that
 * change them. */
#include "sim/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A valid scenario, drawn with `seed`. */
static struct sim_scenario *parse(const char *body, uint64_t seed)
{
    char text[2048];
    struct sim_scenario_problems problems;
    int length =
        snprintf(text, sizeof text, "{\"description\": \"d\", %s}", body);
    cr_assert(length > 0 && (size_t)length < sizeof text);
    struct sim_scenario *scenario =
        sim_scenario_parse(text, (size_t)length, &seed, &problems);
    cr_assert_not_null(scenario, "%s: %s", problems.items[0].pointer,
                       problems.items[0].message);
    sim_scenario_problems_free(&problems);
    return scenario;
}

/* --- at the start --------------------------------------------------------- */

Test(scenario_members, members_snapshots_and_operations)
{
    struct sim_scenario *s = parse(
        "\"nodes\": 5, \"raft\": {\"lease_reads\": "
        "true, \"clock_drift\": \"500ppm\", \"catch_up\": false, "
        "\"max_inflight_bytes\": \"2KiB\"}, \"members\": [5, {\"node\": 2, "
        "\"as\": \"witness\", \"priority\": 255}, {\"node\": 4, \"as\": "
        "\"learner\"}], \"snapshots\": {\"every\": 1000, \"keep\": 100}, "
        "\"workload\": {\"give_up\": \"1us\", \"sessions\": false, "
        "\"operations\": {\"read_log\": 3, \"set\": 1000000}}, \"expect\": "
        "{\"voters\": [1, 5]}",
        1);
    cr_expect(s->raft.lease_reads && !s->raft.catch_up);
    cr_expect_eq(s->raft.clock_drift_ppm, 500);
    cr_expect_eq(s->raft.max_inflight_bytes, 2048);
    cr_assert_eq(s->n_members, 3);
    cr_expect_eq(s->members[0].node, 5);
    cr_expect_eq(s->members[0].as, SIM_AS_VOTER);
    cr_expect_eq(s->members[0].priority, 0);
    cr_expect_eq(s->members[1].node, 2);
    cr_expect_eq(s->members[1].as, SIM_AS_WITNESS);
    cr_expect_eq(s->members[1].priority, 255);
    cr_expect_eq(s->members[2].as, SIM_AS_LEARNER);
    cr_expect_eq(s->snapshots.every, 1000);
    cr_expect_eq(s->snapshots.keep, 100);
    cr_expect_eq(s->workload.give_up_us, 1);
    cr_expect_not(s->workload.sessions);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_SET], 1000000);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_COMPARE_AND_SET], 0);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_READ], 0);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_READ_LOG], 3);
    cr_assert(s->expect.whole.has_voters);
    for (uint32_t node = 1; node <= 5; node++) {
        cr_expect_eq(sim_set_has(&s->expect.whole.voters, node),
                     node == 1 || node == 5);
    }
    sim_scenario_free(s);
}

Test(scenario_members, clients_give_up_late_or_never)
{
    static const struct {
        const char *workload;
        uint64_t give_up_us;
    } cases[] = {
        {"", SIM_UNLIMITED},
        {"\"give_up\": \"never\"", SIM_UNLIMITED},
        {"\"give_up\": \"2s\"", 2000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[128];
        snprintf(body, sizeof body, "\"workload\": {%s}", cases[i].workload);
        struct sim_scenario *s = parse(body, 1);
        cr_expect_eq(s->workload.give_up_us, cases[i].give_up_us, "%s", body);
        sim_scenario_free(s);
    }
}

/* Those beyond the nodes that were drawn are nobody; where that leaves no full
 * voter, all nodes are voters. */
Test(scenario_members, members_are_among_the_nodes_drawn)
{
    uint32_t seen[8] = {0};
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct sim_scenario *s =
            parse("\"nodes\": {\"one_of\": [2, 4, "
                  "7]}, \"members\": [{\"node\": 1, \"as\": \"witness\"}, 7, "
                  "3, {\"node\": 2, \"as\": \"learner\"}], \"expect\": "
                  "{\"voters\": [2, 7]}",
                  seed);
        seen[s->nodes]++;
        cr_assert_eq(s->n_members, s->nodes == 2 ? 0 : s->nodes == 4 ? 3 : 4);
        for (uint32_t i = 0; i < s->n_members; i++) {
            cr_assert_leq(s->members[i].node, s->nodes);
        }
        cr_assert(sim_set_has(&s->expect.whole.voters, 2));
        cr_assert_eq(sim_set_has(&s->expect.whole.voters, 7), s->nodes == 7);
        sim_scenario_free(s);
    }
    cr_expect(seen[2] > 0 && seen[4] > 0 && seen[7] > 0);
}

Test(scenario_members, leases_come_only_with_check_quorum)
{
    uint32_t leases = 0, checks = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct sim_scenario *s =
            parse("\"raft\": {\"lease_reads\": true, "
                  "\"check_quorum\": {\"one_of\": [true, false]}}",
                  seed);
        cr_assert_eq(s->raft.lease_reads, s->raft.check_quorum);
        leases += s->raft.lease_reads;
        checks++;
        sim_scenario_free(s);
    }
    cr_expect(leases > 0 && leases < checks);
}

/* --- changed -------------------------------------------------------------- */

Test(scenario_members, changes_of_members)
{
    static const struct {
        const char *step;
        enum sim_action_kind kind;
        enum sim_membership as;
        enum sim_joint joint;
        uint32_t ask; /* SIM_NONE: nobody */
    } cases[] = {
        {"\"add\": 4", SIM_ACTION_ADD, SIM_AS_VOTER, SIM_JOINT_AUTO, SIM_NONE},
        {"\"add\": 4, \"as\": \"voter\", \"ask\": 2", SIM_ACTION_ADD,
         SIM_AS_VOTER, SIM_JOINT_AUTO, 2},
        {"\"add\": 4, \"as\": \"learner\"", SIM_ACTION_ADD, SIM_AS_LEARNER,
         SIM_JOINT_AUTO, SIM_NONE},
        {"\"add\": 4, \"as\": \"witness\", \"joint\": false", SIM_ACTION_ADD,
         SIM_AS_WITNESS, SIM_JOINT_NEVER, SIM_NONE},
        {"\"remove\": 4, \"joint\": true", SIM_ACTION_REMOVE, SIM_AS_VOTER,
         SIM_JOINT_ALWAYS, SIM_NONE},
        {"\"promote\": 4, \"ask\": 3", SIM_ACTION_PROMOTE, SIM_AS_VOTER,
         SIM_JOINT_AUTO, 3},
        {"\"demote\": 4", SIM_ACTION_DEMOTE, SIM_AS_VOTER, SIM_JOINT_AUTO,
         SIM_NONE},
        {"\"members\": 4, \"joint\": true, \"ask\": 1", SIM_ACTION_MEMBERS,
         SIM_AS_VOTER, SIM_JOINT_ALWAYS, 1},
        {"\"replace\": {\"node\": 4, \"by\": [5, 1]}, \"joint\": true",
         SIM_ACTION_REPLACE, SIM_AS_VOTER, SIM_JOINT_ALWAYS, SIM_NONE},
        {"\"transfer\": 4, \"ask\": 1", SIM_ACTION_TRANSFER, SIM_AS_VOTER,
         SIM_JOINT_AUTO, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char step[256];
        snprintf(step, sizeof step,
                 "\"nodes\": 5, \"faults\": [{\"at\": \"1s\", %s}]",
                 cases[i].step);
        struct sim_scenario *s = parse(step, 1);
        const struct sim_action *is = &s->faults[0].action;
        uint32_t ask = is->ask.count > 0 ? is->ask.items[0].node : SIM_NONE;
        cr_expect(is->kind == cases[i].kind && is->as == cases[i].as &&
                      is->joint == cases[i].joint && ask == cases[i].ask,
                  "%s", cases[i].step);
        cr_assert_eq(is->nodes.count, 1, "%s", cases[i].step);
        cr_expect_eq(is->nodes.items[0].node, 4, "%s", cases[i].step);
        cr_expect_not(sim_action_lasts(is), "%s", cases[i].step);
        if (is->kind == SIM_ACTION_REPLACE) {
            cr_assert_eq(is->by.count, 2);
            cr_expect_eq(is->by.items[1].node, 1);
        }
        sim_scenario_free(s);
    }
}

Test(scenario_members, transfer_to_any_and_compact)
{
    struct sim_scenario *s =
        parse("\"nodes\": 5, \"faults\": ["
              "{\"at\": \"1s\", \"transfer\": \"any\"},"
              "{\"at\": \"1s\", \"transfer\": \"a member\"},"
              "{\"at\": \"1s\", \"compact\": [1, 2], \"keep\": 10},"
              "{\"at\": \"1s\", \"compact\": \"all\"}]",
              1);
    const struct sim_fault *f = s->faults;
    cr_assert_eq(s->n_faults, 4);
    cr_expect_eq(f[0].action.nodes.count, 0);
    cr_assert_eq(f[1].action.nodes.count, 1);
    cr_expect_eq(f[1].action.nodes.items[0].kind, SIM_TARGET_MEMBER);
    cr_expect_eq(f[2].action.kind, SIM_ACTION_COMPACT);
    cr_expect_eq(f[2].action.nodes.count, 2);
    cr_expect_eq(f[2].action.keep, 10);
    cr_expect_eq(f[3].action.keep, 0);
    sim_scenario_free(s);
}

#define SEEDS 300u

Test(scenario_members, what_stands_beside_an_action_is_drawn)
{
    uint32_t learners = 0, joint = 0, any = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_scenario *s = parse(
            "\"nodes\": 5, \"nemeses\": [{\"add\": 4, \"as\": {\"one_of\": "
            "[\"learner\", "
            "\"voter\"]}, \"joint\": {\"one_of\": [true, false]}, \"every\": "
            "\"1s\"}, {\"transfer\": {\"one_of\": [\"any\", 3]}, \"every\": "
            "\"1s\"}]",
            seed);
        const struct sim_action *add = &s->nemeses[0].action;
        const struct sim_targets *to = &s->nemeses[1].action.nodes;
        cr_assert_neq(add->joint, SIM_JOINT_AUTO);
        cr_assert(to->count == 0 || to->items[0].node == 3);
        learners += add->as == SIM_AS_LEARNER;
        joint += add->joint == SIM_JOINT_ALWAYS;
        any += to->count == 0;
        sim_scenario_free(s);
    }
    cr_expect(learners > SEEDS / 3 && learners < SEEDS - SEEDS / 3);
    cr_expect(joint > SEEDS / 3 && joint < SEEDS - SEEDS / 3);
    cr_expect(any > SEEDS / 3 && any < SEEDS - SEEDS / 3);
}
