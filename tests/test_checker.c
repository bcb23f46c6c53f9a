/* The checker, fed by hand: what is legal, what is counted, what is reported.
 */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>

/* --- what is legal -------------------------------------------------------- */

/* A follower truncates what was never committed, in memory and on its disk. */
Test(checker, spares_the_truncation_of_uncommitted_entries)
{
    struct paper *c = paper_start_with_leader(2);
    paper_commit(c, 3, 2);
    paper_elect(c, 3, 2);
    paper_append(c, 3, "lost");
    paper_store(c, 3);
    paper_elect(c, 1, 3);
    paper_append(c, 1, "d");
    paper_store(c, 1);
    paper_replicate(c, 1, 3);
    paper_acknowledge(c, 3, 1, 3, 4);
    paper_commit(c, 1, 4);
    paper_commit(c, 3, 4);
    for (uint64_t index = 1; index <= 4; index++)
        paper_apply_own(c, 3, index);
    cr_assert_eq(sim_checker_committed(c->checker), 4);
    paper_finish(c, HOLDS);
}

/* Disks that are not empty at the start (Figure 7): equal entries of different
 * servers are no twins. */
Test(checker, takes_disks_that_hold_logs_already)
{
    static const char *const commands[] = {"a", "b", "c"};
    struct sim_configuration all = sim_configuration_of(3);
    struct paper *c = paper_new(3, &all);
    for (uint32_t id = 1; id <= 3; id++) {
        struct paper_server *s = &c->servers[id];
        s->disk = (struct sim_hard_state){7, SIM_NONE};
        for (uint32_t i = 0; i < id; i++)
            s->durable = paper_extend(c, s->durable, 1 + i, commands[i]);
        paper_boot(c, id);
    }
    paper_elect(c, 3, 8);
    paper_replicate(c, 3, 1);
    paper_commit(c, 3, 3);
    paper_finish(c, HOLDS);
}

/* --- the record ----------------------------------------------------------- */

Test(checker, progress)
{
    for (int reached = 0; reached <= 1; reached++) {
        struct paper *c = paper_start(3);
        sim_checker_progress(c->checker, reached, "no leader,\nno commit");
        if (!reached) {
            const char *text = sim_checker_violation(c->checker)->text;
            cr_assert_not_null(strstr(text, "no leader, no commit"));
        }
        cr_assert_eq(sim_checker_evaluated(c->checker, SIM_PROGRESS), 1);
        paper_finish(c, reached ? HOLDS : SIM_PROGRESS);
    }
}

static void expect_counted(const struct paper *c)
{
    for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
        cr_assert_gt(
            sim_checker_evaluated(c->checker, (enum sim_property)property), 0,
            "%s", sim_property_name((enum sim_property)property));
    }
}

Test(checker, counts_what_it_evaluates)
{
    struct paper *c = paper_start(3);
    for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
        bool at_boot = property == SIM_MONOTONIC_TERM ||
                       property == SIM_LOG_MATCHING ||
                       property == SIM_CONFIGURATION_MATCHES_LOG;
        uint64_t count =
            sim_checker_evaluated(c->checker, (enum sim_property)property);
        cr_assert_eq(count > 0, at_boot, "%s",
                     sim_property_name((enum sim_property)property));
    }
    paper_finish(c, HOLDS);

    c = paper_start_with_leader(3);
    struct sim_configuration members = sim_configuration_of(3);
    members.priorities[2] = 1;
    paper_change(c, 1, &members);
    paper_apply_own(c, 1, 1);
    sim_checker_state(c->checker, 1, 1, 5);
    sim_tip one = sim_log_tree_ancestor(c->tree, c->servers[1].tip, 1);
    sim_checker_snapshot(c->checker, 1, one,
                         sim_memberships_of(c->memberships, one));
    sim_checker_restored(c->checker, 2, one, 5);
    struct sim_entry entry = sim_log_tree_entry(
        c->tree, sim_log_tree_ancestor(c->tree, c->servers[1].tip, 2));
    paper_apply(c, 1, 2, entry);
    paper_vote(c, 2, 2, 3);
    paper_store(c, 2);
    paper_grant(c, 2, 3, 2);
    paper_elect(c, 3, 2);
    sim_checker_progress(c->checker, true, "");
    sim_checker_history(c->checker, 12, NULL);
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_LINEARIZABILITY), 12);
    /* All but one: no client has a session. */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_EXACTLY_ONCE), 0);
    struct sim_entry opens = {.term = 2, .kind = SIM_ENTRY_SESSION};
    struct sim_entry command = {
        .term = 2, .kind = SIM_ENTRY_COMMAND, .session = 4, .sequence = 1};
    sim_tip tip = sim_log_tree_append(c->tree, c->servers[3].tip, &opens, NULL);
    paper_hold(c, 3, sim_log_tree_append(c->tree, tip, &command, NULL));
    paper_store(c, 3);
    paper_replicate(c, 3, 2);
    paper_commit(c, 3, 5);
    for (uint64_t index = 1; index <= 5; index++) {
        paper_apply_own(c, 3, index);
    }
    expect_counted(c);
    paper_finish(c, HOLDS);
}

/* A step that adds nothing to a leader's log is no evaluation of what may be
 * added, and one of a follower none of who leads. */
Test(checker, does_not_count_what_could_not_fail)
{
    struct paper *c = paper_start_with_leader(0);
    uint64_t appended =
        sim_checker_evaluated(c->checker, SIM_LEADER_APPEND_ONLY);
    uint64_t elected = sim_checker_evaluated(c->checker, SIM_ELECTION_SAFETY);
    uint64_t safe = sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY);
    paper_become(c, 1, SIM_LEADER, 1, 1);
    paper_follow(c, 2, 1);
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_LEADER_APPEND_ONLY),
                 appended);
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_ELECTION_SAFETY),
                 elected + 1);
    paper_commit(c, 1, 2); /* the first commit: no other to compare it with */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY),
                 safe);
    paper_commit(c, 2, 2);
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_STATE_MACHINE_SAFETY),
                 safe + 1);
    uint64_t voted = sim_checker_evaluated(c->checker, SIM_ONE_VOTE_PER_TERM);
    uint64_t quorums =
        sim_checker_evaluated(c->checker, SIM_COMMITTED_ON_QUORUM);
    paper_store(c, 1); /* the vote that it had there before */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_ONE_VOTE_PER_TERM),
                 voted);
    paper_append(c, 1, "d");
    paper_store(c, 1); /* more on the disk: no majority can be lost by that */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_COMMITTED_ON_QUORUM),
                 quorums);
    paper_finish(c, HOLDS);

    c = paper_start_with_leader(0);
    paper_follow(c, 2, 1);
    paper_hold(c, 2, SIM_ROOT);
    paper_store(c, 2); /* less on the disk, but nothing was committed */
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_COMMITTED_ON_QUORUM), 0);
    paper_finish(c, HOLDS);
}

/* The report names what clashes; nothing changes it afterwards. */
Test(checker, keeps_the_first_violation)
{
    struct paper *c = paper_start(3);
    paper_elect(c, 1, 3);
    paper_elect(c, 2, 3);
    const struct sim_violation *violation = sim_checker_violation(c->checker);
    cr_assert_str_eq(
        violation->text,
        "Election Safety (paper, Figure 3) is broken at 0.006000 s: node 2 "
        "became leader of term 3, in which node 1 was elected at 0.003000 s.");
    cr_assert_eq(violation->step, 6);
    cr_assert_eq(violation->n_nodes, 2);
    cr_assert_eq(violation->nodes[0], 1);
    cr_assert_eq(violation->nodes[1], 2);

    struct sim_violation kept = *violation;
    uint64_t counts[SIM_PROPERTY_COUNT];
    for (int i = 0; i < SIM_PROPERTY_COUNT; i++)
        counts[i] = sim_checker_evaluated(c->checker, (enum sim_property)i);
    paper_follow(c, 1, 1);
    paper_append(c, 3, "x");
    paper_store(c, 3);
    paper_commit(c, 3, 1);
    paper_grant(c, 3, 1, 9);
    paper_restart(c, 2);
    sim_checker_progress(c->checker, false, "nothing");
    sim_checker_history(c->checker, 1, "nothing");
    sim_checker_snapshot(c->checker, 3, SIM_ROOT, NULL);
    sim_checker_restored(c->checker, 3, c->servers[3].tip, 1);
    cr_assert_eq(sim_checker_violation(c->checker), violation);
    cr_assert_eq(violation->property, kept.property);
    cr_assert_eq(violation->step, kept.step);
    cr_assert_eq(violation->n_nodes, kept.n_nodes);
    cr_assert_str_eq(violation->text, kept.text);
    cr_assert_eq(sim_checker_committed(c->checker), 0);
    for (int i = 0; i < SIM_PROPERTY_COUNT; i++) {
        cr_assert_eq(counts[i],
                     sim_checker_evaluated(c->checker, (enum sim_property)i));
    }
    paper_finish(c, SIM_ELECTION_SAFETY);
}

Test(checker, linearizability)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct paper *c = paper_start(3);
        const char *text = broken ? "key k1: two reads\ndisagree" : NULL;
        sim_checker_history(c->checker, 4, text);
        if (broken) {
            cr_assert_str_eq(sim_checker_violation(c->checker)->text,
                             "Linearizability (dissertation, 6.3 and 6.4) is "
                             "broken, judged at 0.000000 s: key k1: two reads "
                             "disagree.");
        }
        paper_finish(c, broken ? SIM_LINEARIZABILITY : HOLDS);
    }
}

Test(checker, names_every_property_once)
{
    for (int a = 0; a < SIM_PROPERTY_COUNT; a++) {
        const char *name = sim_property_name((enum sim_property)a);
        cr_assert_not_null(name);
        cr_assert_not_null(sim_property_title((enum sim_property)a));
        for (int b = 0; b < a; b++) {
            cr_assert_str_neq(name, sim_property_name((enum sim_property)b));
        }
    }
    cr_assert_str_eq(sim_property_name(SIM_COMMITTED_ON_QUORUM),
                     "committed_on_quorum");
}

Test(checker, is_freed_without_being_there)
{
    sim_checker_free(NULL);
}
