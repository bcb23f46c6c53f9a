/* The checker after it let go of the past: the same verdicts, and an end to
 * whoever comes with what nobody has any more. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>

/* Node 1 leads three with "a", "b" and "c", which all have stored, committed
 * and applied. */
static struct paper *start_applied(void)
{
    struct paper *c = paper_start_with_leader(3);
    for (uint32_t id = 2; id <= 3; id++) {
        paper_follow(c, id, 1);
        paper_commit(c, id, 3);
    }
    for (uint32_t id = 1; id <= 3; id++) {
        for (uint64_t index = 1; index <= 3; index++) {
            paper_apply_own(c, id, index);
            sim_checker_state(c->checker, id, index, 100 + index);
        }
    }
    return c;
}

/* As a cluster does it; gives the index. */
static uint64_t reclaim(struct paper *c, uint64_t index)
{
    struct sim_set gone = {{0}};
    struct sim_tips live = {0};
    struct sim_tips asked = {0};
    index = sim_checker_bound(c->checker, index, &gone);
    if (index > 0) {
        sim_tip base = sim_checker_committed_tip(c->checker, index);
        sim_checker_tips(c->checker, &gone, &live, &asked);
        for (size_t i = 0; i < live.count; i++) {
            cr_assert(sim_log_tree_contains(c->tree, live.items[i], base));
        }
        sim_memberships_reclaim(c->memberships, base, NULL, 0);
        sim_log_tree_reclaim(c->tree, base, &asked);
        sim_checker_reclaim(c->checker, index, &gone);
    }
    sim_tips_free(&live);
    sim_tips_free(&asked);
    return index;
}

static uint64_t evaluated(const struct paper *c, enum sim_property property)
{
    return sim_checker_evaluated(c->checker, property);
}

/* Not what some server has not applied, nor what was committed in a term that
 * some disk has not reached. */
Test(checker_reclaim, goes_no_further_than_what_all_have)
{
    for (uint64_t index = 0; index <= 4; index++) {
        struct paper *c = start_applied();
        cr_assert_eq(reclaim(c, index), index < 3 ? index : 3);
        paper_finish(c, HOLDS);
    }
    struct paper *c = paper_start_with_leader(3);
    for (uint64_t index = 1; index <= 3; index++) {
        paper_apply_own(c, 1, index);
        sim_checker_state(c->checker, 1, index, index);
    }
    cr_assert_eq(reclaim(c, 3), 0, "nodes 2 and 3 have applied nothing");
    paper_finish(c, HOLDS);
}

/* The bound is that of before, or above it. */
Test(checker_reclaim, goes_on_from_where_it_was)
{
    struct paper *c = start_applied();
    cr_assert_eq(reclaim(c, 2), 2);
    cr_assert_eq(reclaim(c, 1), 0);
    cr_assert_eq(reclaim(c, 2), 2);
    cr_assert_eq(reclaim(c, 3), 3);
    paper_finish(c, HOLDS);
}

/* The leader of the present was elected long ago; its log then is one that is
 * gone, and another one comes after it. */
Test(checker_reclaim, elections_go_on)
{
    struct paper *c = start_applied();
    cr_assert_eq(reclaim(c, 3), 3);
    uint64_t before = evaluated(c, SIM_LEADER_COMPLETENESS);
    paper_append(c, 1, "d");
    paper_store(c, 1);
    paper_replicate(c, 1, 2);
    paper_commit(c, 1, 4);
    paper_follow(c, 2, 2);
    paper_vote(c, 3, 2, 2);
    paper_elect(c, 2, 2);
    cr_assert_gt(evaluated(c, SIM_LEADER_COMPLETENESS), before);
    paper_finish(c, HOLDS);
}

/* Also who was not there when what it lacks was committed. */
Test(checker_reclaim, leaders_need_what_is_left)
{
    struct paper *c = start_applied();
    cr_assert_eq(reclaim(c, 3), 3);
    paper_append(c, 1, "d");
    paper_store(c, 1);
    paper_replicate(c, 1, 2);
    paper_commit(c, 1, 4);
    paper_elect(c, 3, 2);
    paper_finish(c, SIM_LEADER_COMPLETENESS);
}

/* An answer to a request of long ago. */
Test(checker_reclaim, acknowledges_what_is_gone)
{
    for (uint64_t match = 0; match <= 4; match++) {
        struct paper *c = start_applied();
        cr_assert_eq(reclaim(c, 3), 3);
        uint64_t before = evaluated(c, SIM_DURABLE_BEFORE_ACKNOWLEDGED);
        paper_acknowledge(c, 2, 1, 1, match);
        cr_assert_eq(evaluated(c, SIM_DURABLE_BEFORE_ACKNOWLEDGED), before + 1);
        paper_finish(c, match == 4 ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}

/* A server that starts again holds less committed than it did. */
Test(checker_reclaim, commits_what_is_gone)
{
    for (uint64_t index = 0; index <= 3; index++) {
        struct paper *c = start_applied();
        paper_crash(c, 2);
        cr_assert_eq(reclaim(c, 3), 3);
        uint64_t before = evaluated(c, SIM_STATE_MACHINE_SAFETY);
        c->servers[2].view.commit_index = index;
        paper_boot_as_it_is(c, 2);
        cr_assert_eq(evaluated(c, SIM_STATE_MACHINE_SAFETY),
                     before + (index > 0));
        paper_finish(c, HOLDS);
    }
}

/* From nowhere: the first entry, while it is left, and then. */
Test(checker_reclaim, applies_what_is_gone)
{
    for (uint64_t index = 1; index <= 3; index++) {
        struct paper *c = start_applied();
        sim_tip tip = sim_log_tree_ancestor(c->tree, c->servers[2].tip, 1);
        struct sim_entry entry = {.term = 1,
                                  .kind = sim_log_tree_entry(c->tree, tip).kind,
                                  .data = (const uint8_t *)"a",
                                  .size = 1};
        paper_crash(c, 2);
        cr_assert_eq(reclaim(c, index), index);
        paper_boot(c, 2);
        c->servers[2].view.commit_index = 3;
        paper_apply(c, 2, 1, entry);
        paper_finish(c, index == 1 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

static void restore(struct paper *c, uint32_t id, uint64_t index)
{
    struct sim_output output = {.kind = SIM_OUTPUT_RESTORE,
                                .restore = {.position = {1, index}}};
    c->servers[id].view.commit_index = 3;
    paper_observe(c, id, c->servers[id].tip, &output);
}

Test(checker_reclaim, restores_what_is_gone)
{
    for (uint64_t index = 1; index <= 3; index++) {
        struct paper *c = start_applied();
        paper_crash(c, 2);
        cr_assert_eq(reclaim(c, 2), 2);
        paper_boot(c, 2);
        restore(c, 2, index);
        paper_finish(c, index == 1 ? SIM_STATE_MACHINE_SAFETY : HOLDS);
    }
}

/* And has the state that others had there. */
Test(checker_reclaim, knows_the_state_that_is_left)
{
    for (uint64_t wrong = 0; wrong <= 1; wrong++) {
        struct paper *c = start_applied();
        paper_crash(c, 2);
        cr_assert_eq(reclaim(c, 3), 3);
        paper_boot(c, 2);
        restore(c, 2, 3);
        sim_checker_restored(c->checker, 2, c->servers[2].tip, 103 + wrong);
        paper_finish(c, wrong ? SIM_SNAPSHOT_EQUALS_REPLAY : HOLDS);
    }
}

/* A log that ends with the committed one, and then is another. */
Test(checker_reclaim, finds_logs_that_part)
{
    struct paper *c = start_applied();
    paper_follow(c, 3, 2);
    sim_tip other = paper_extend(c, c->servers[3].tip, 2, "x");
    paper_append(c, 1, "d");
    paper_store(c, 1);
    paper_replicate(c, 1, 2);
    paper_commit(c, 1, 4);
    cr_assert_eq(reclaim(c, 4), 3);
    paper_hold(c, 3, other);
    paper_commit(c, 3, 4);
    paper_finish(c, SIM_STATE_MACHINE_SAFETY);
}
