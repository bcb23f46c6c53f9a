/* Commits, by hand: State Machine Safety, Monotonic Commit. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>

/* --- State Machine Safety ------------------------------------------------- */

/* Node 3 takes its own entry for the committed one: on its disk or not. */
Test(checker_commit, state_machine_safety_of_commit_indexes)
{
    for (uint64_t committed = 1; committed <= 4; committed++) {
        struct paper *c = paper_start_with_leader(2);
        sim_tip one = sim_log_tree_ancestor(c->tree, c->servers[3].tip, 1);
        paper_follow(c, 3, 2);
        sim_tip tip = paper_extend(c, paper_extend(c, one, 2, "x"), 2, "y");
        paper_hold(c, 3, paper_extend(c, tip, 2, "z"));
        paper_commit(c, 3, committed);
        paper_finish(c, committed == 1 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* A server drops entries that it holds committed for others. */
Test(checker_commit, state_machine_safety_of_a_truncation)
{
    for (uint64_t kept = 0; kept <= 2; kept++) {
        struct paper *c = paper_start_with_leader(2);
        paper_commit(c, 3, 2);
        sim_tip tip = sim_log_tree_ancestor(c->tree, c->servers[3].tip, kept);
        paper_follow(c, 3, 2);
        tip = paper_extend(c, paper_extend(c, tip, 2, "x"), 2, "y");
        paper_hold(c, 3, tip);
        paper_finish(c, kept < 2 ? SIM_STATE_MACHINE_SAFETY : HOLDS);
    }
}

Test(checker_commit, state_machine_safety_of_applied_entries)
{
    const struct sim_entry right = {
        .term = 1, .data = (const uint8_t *)"b", .size = 1, .kind = 1};
    for (int i = 0; i < 5; i++) {
        struct sim_entry given = right;
        switch (i) {
        case 1:
            given.term = 2;
            break;
        case 2:
            given.data = (const uint8_t *)"B";
            break;
        case 3:
            given.size = 0;
            break;
        case 4:
            given.kind = SIM_ENTRY_INTERNAL;
            break;
        }
        struct paper *c = paper_start_with_leader(3);
        paper_apply_own(c, 1, 1);
        paper_apply(c, 1, 2, given);
        paper_finish(c, i == 0 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

Test(checker_commit, state_machine_safety_of_the_order)
{
    static const struct {
        uint64_t indexes[3];
        enum sim_property broken;
    } cases[] = {
        {{1, 2, 3}, SIM_STATE_MACHINE_SAFETY}, /* 3 is not committed */
        {{1, 1, 2}, SIM_STATE_MACHINE_SAFETY},
        {{2, 1, 2}, SIM_STATE_MACHINE_SAFETY},
        {{1, 2, 0}, HOLDS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct paper *c = paper_start_with_leader(2);
        for (size_t k = 0; k < 3 && cases[i].indexes[k] != 0; k++)
            paper_apply_own(c, 1, cases[i].indexes[k]);
        paper_finish(c, cases[i].broken);
    }
}

/* A new life applies again from the start. */
Test(checker_commit, state_machine_safety_in_a_new_life)
{
    for (uint64_t first = 1; first <= 2; first++) {
        struct paper *c = paper_start_with_leader(2);
        paper_apply_own(c, 1, 1);
        paper_restart(c, 1);
        paper_commit(c, 1, 2);
        paper_apply_own(c, 1, first);
        paper_finish(c, first == 1 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* Nor does it help to say that it had applied something before. */
Test(checker_commit, state_machine_is_empty_in_a_new_life)
{
    for (uint64_t first = 1; first <= 2; first++) {
        struct paper *c = paper_start_with_leader(2);
        paper_apply_own(c, 1, 1);
        paper_crash(c, 1);
        c->servers[1].view.role = SIM_FOLLOWER;
        paper_boot_as_it_is(c, 1);
        cr_assert_eq(c->servers[1].view.last_applied, 1);
        paper_apply_own(c, 1, first);
        paper_finish(c, first == 1 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* A node that keeps its commit index on its disk begins with it. */
Test(checker_commit, state_machine_safety_at_boot)
{
    for (uint64_t index = 1; index <= 3; index++) {
        struct paper *c = paper_start_with_leader(2);
        struct paper_server *s = &c->servers[3];
        sim_tip one = sim_log_tree_ancestor(c->tree, s->tip, 1);
        paper_follow(c, 3, 2);
        paper_hold(c, 3, paper_extend(c, one, 2, "x"));
        paper_store(c, 3);
        paper_crash(c, 3);
        s->view.commit_index = index;
        paper_boot_as_it_is(c, 3);
        paper_finish(c, index == 1   ? HOLDS
                        : index == 2 ? SIM_STATE_MACHINE_SAFETY
                                     : SIM_MONOTONIC_COMMIT);
    }
}

/* Restarted servers apply again from the first entry. */
Test(checker_commit, state_machines_have_one_state_after_each_entry)
{
    for (uint64_t differs = 0; differs <= 3; differs++) {
        struct paper *c = paper_start_with_leader(3);
        for (uint64_t index = 1; index <= 3; index++) {
            sim_checker_state(c->checker, 1, index, 100 + index);
        }
        for (uint64_t index = 1; index <= 3; index++) {
            uint64_t error = index == differs ? 1 : 0;
            sim_checker_state(c->checker, 2, index, 100 + index + error);
        }
        cr_expect_geq(
            sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY),
            differs > 0 ? differs : 3);
        paper_finish(c, differs > 0 ? SIM_STATE_MACHINE_SAFETY : HOLDS);
    }
}

/* --- Monotonic Commit ----------------------------------------------------- */

Test(checker_commit, monotonic_commit_within_a_life)
{
    for (uint64_t index = 1; index <= 3; index++) {
        struct paper *c = paper_start_with_leader(2);
        paper_commit(c, 1, index);
        paper_finish(c, index < 2 ? SIM_MONOTONIC_COMMIT : HOLDS);
    }
}

Test(checker_commit, monotonic_commit_starts_again_after_a_crash)
{
    for (int crashed = 0; crashed <= 1; crashed++) {
        struct paper *c = paper_start_with_leader(2);
        if (crashed)
            paper_restart(c, 1);
        paper_commit(c, 1, 0);
        paper_commit(c, 1, 1);
        paper_finish(c, crashed ? HOLDS : SIM_MONOTONIC_COMMIT);
    }
}

/* It counts on entries that it does not have, or no longer has. */
Test(checker_commit, monotonic_commit_ends_with_the_log)
{
    for (uint64_t index = 3; index <= 4; index++) {
        struct paper *c = paper_start_with_leader(0);
        paper_commit(c, 2, index);
        paper_finish(c, index == 4 ? SIM_MONOTONIC_COMMIT : HOLDS);
    }
    for (uint64_t kept = 1; kept <= 2; kept++) {
        struct paper *c = paper_start_with_leader(2);
        paper_commit(c, 3, 2);
        paper_follow(c, 3, 2);
        paper_hold(c, 3,
                   sim_log_tree_ancestor(c->tree, c->servers[3].tip, kept));
        paper_finish(c, kept == 1 ? SIM_MONOTONIC_COMMIT : HOLDS);
    }
}
