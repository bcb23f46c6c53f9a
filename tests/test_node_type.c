#include "sim/node_type.h"

#include <criterion/criterion.h>
#include <string.h>

#include "sim/raft_node.h"
#include "tests/broken_node.h"
#include "tests/broken_run.h"

/* --- what is right for a table -------------------------------------------- */

static const char *problem_of(struct sim_node_type type)
{
    static char problem[SIM_NODE_TYPE_PROBLEM_SIZE];
    return sim_node_type_check(&type, problem) ? "none" : problem;
}

#define EXPECT(change, problem)                                                \
    do {                                                                       \
        struct sim_node_type type = sim_raft_node_type;                        \
        change;                                                                \
        cr_expect_str_eq(problem_of(type), problem);                           \
    } while (0)

Test(node_type, names_what_is_wrong)
{
    EXPECT((void)0, "none");
    EXPECT(type.abi = 2, "it is made for interface 2, and this is 1");
    EXPECT(type.size -= 8, "its table has 112 bytes, too few");
    EXPECT(type.size += 8, "none"); /* of a later one, with more functions */
    EXPECT(type.create = NULL, "create() is NULL");
    EXPECT(type.step = NULL, "step() is NULL");
    EXPECT(type.destroy = NULL, "destroy() is NULL");
    EXPECT(type.inspect = NULL,
           "inspect() is NULL, and it is to show something");
    EXPECT(type.members = NULL, "none");
    EXPECT(type.bootstrap = NULL, "bootstrap() is NULL, and it has members");
    EXPECT(type.configuration = NULL,
           "configuration() is NULL, and it has members");
    EXPECT(type.snapshot_configuration = NULL,
           "snapshot_configuration() is NULL, and it has snapshots");
    EXPECT(type.classify = NULL, "none");
    EXPECT(type.describe = NULL, "none");
    EXPECT((type.inspect = NULL, type.shows = 0), "none");
    EXPECT((type.members = NULL, type.bootstrap = NULL,
            type.configuration = NULL, type.features = 0),
           "none");
    static const char *const bad[] = {NULL,
                                      "",
                                      "-a",
                                      "a b",
                                      "a/b",
                                      "a\n",
                                      "thirty-three-letters-are-too-many"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPECT(type.name = bad[i], "its name is none: letters, digits, '-' and "
                                   "'.', at most 32");
    }
}

/* --- nodes that show little ----------------------------------------------- */

#define BUSY(whom)                                                             \
    BROKEN_BUSY ", 'snapshots': {'every': 50}, 'faults': ["                    \
                "{'at': '1s', 'crash': '" whom "', 'for': '300ms'},"           \
                "{'at': '2s', 'isolate': '" whom "', 'for': '300ms'}]"

static struct sim_result run_shy(struct sim_node_type type, uint64_t seed)
{
    bool knows = sim_property_hidden(SIM_ELECTION_SAFETY, &type) == NULL;
    struct sim_result result = broken_run(
        knows ? BUSY("leader") : BUSY("a node"), "none", &type, seed);
    cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "seed %d: %s %s %s",
                 (int)seed, result.contract, result.violation.text,
                 result.unmet[0].text);
    for (int i = 0; i < SIM_PROPERTY_COUNT; i++) {
        const char *hidden = sim_property_hidden((enum sim_property)i, &type);
        cr_expect(hidden == NULL || result.evaluated[i] == 0, "%s: %s",
                  sim_property_name((enum sim_property)i), hidden);
    }
    return result;
}

/* Whatever is not shown, is concluded so that nothing sound is blamed. */
Test(node_type, a_sound_node_may_show_anything)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_node_type type = sim_raft_node_type;
        struct sim_result all = run_shy(type, seed);
        for (uint32_t part = 1; part <= SIM_SHOWS_ALL; part <<= 1) {
            type.shows = SIM_SHOWS_ALL & ~part;
            run_shy(type, seed);
            type.shows = part;
            run_shy(type, seed);
        }
        type.shows = 0;
        struct sim_result none = run_shy(type, seed);
        cr_expect_eq(none.steps, all.steps);
        cr_expect_eq(none.elections, all.elections);
        cr_expect_eq(none.highest_term, all.highest_term);
        cr_expect_eq(none.commits, all.commits);
        cr_expect_gt(none.evaluated[SIM_ELECTION_SAFETY], 0);
        cr_expect_gt(none.evaluated[SIM_LEADER_COMPLETENESS], 0);
        cr_expect_gt(none.evaluated[SIM_COMMITTED_ON_QUORUM], 0);
        cr_expect_gt(none.evaluated[SIM_DURABLE_BEFORE_ACKNOWLEDGED], 0);
        cr_expect_gt(none.evaluated[SIM_CONFIGURATION_MATCHES_LOG], 0);
        cr_expect_eq(none.evaluated[SIM_MONOTONIC_COMMIT], 0);
    }
}

/* Whose hard state is durable when the step is over: its other writes are as
 * slow as ever. */
Test(node_type, a_hard_state_may_be_durable_at_once)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_node_type type = sim_raft_node_type;
        struct sim_result late = run_shy(type, seed);
        type.assumes = SIM_ASSUMES_HARD_STATE_AT_ONCE | SIM_ASSUMES_FIFO;
        struct sim_result soon = run_shy(type, seed);
        cr_expect_gt(soon.evaluated[SIM_ONE_VOTE_PER_TERM], 0);
        cr_expect_gt(soon.evaluated[SIM_DURABLE_BEFORE_ACKNOWLEDGED], 0);
        cr_expect_neq(soon.hash, late.hash);
    }
}

/* Not who leads, and not what messages say. */
Test(node_type, a_sound_node_may_show_nothing)
{
    struct sim_node_type type = sim_raft_node_type;
    type.shows = 0;
    type.inspect = NULL;
    type.classify = NULL;
    type.describe = NULL;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_result result = run_shy(type, seed);
        cr_expect_gt(result.commits, 100);
        cr_expect_gt(result.evaluated[SIM_PROGRESS], 0);
        cr_expect_gt(result.evaluated[SIM_STATE_MACHINE_SAFETY], 0);
        cr_expect_gt(result.evaluated[SIM_LOG_MATCHING], 0);
        cr_expect_gt(result.evaluated[SIM_COMMITTED_ON_QUORUM], 0);
        cr_expect_eq(result.evaluated[SIM_ELECTION_SAFETY], 0);
    }
}
