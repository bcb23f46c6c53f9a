/* Elections, by hand: Election Safety, Leader Append-Only, Leader
 * Completeness. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>

/* --- Election Safety ------------------------------------------------------ */

Test(checker_leader, election_safety_one_leader_a_term)
{
    for (uint64_t other_term = 3; other_term <= 4; other_term++) {
        struct paper *c = paper_start(3);
        paper_elect(c, 1, 3);
        paper_elect(c, 2, other_term);
        paper_finish(c, other_term == 3 ? SIM_ELECTION_SAFETY : HOLDS);
    }
}

/* The first leaders are long gone, and one of an older term may come late. */
Test(checker_leader, election_safety_is_for_ever)
{
    for (uint64_t late = 2; late <= 4; late += 2) {
        for (uint64_t term = 1; term <= 7; term++) {
            struct paper *c = paper_start(5);
            paper_elect(c, 1, 3);
            paper_elect(c, 2, 5);
            paper_crash(c, 1);
            paper_elect(c, 3, 6);
            paper_elect(c, 4, late);
            paper_elect(c, 5, term);
            bool taken = term == 3 || term == 5 || term == 6 || term == late;
            paper_finish(c, taken ? SIM_ELECTION_SAFETY : HOLDS);
        }
    }
}

/* --- Leader Append-Only --------------------------------------------------- */

Test(checker_leader, leader_append_only)
{
    enum { SHORTEN, OVERWRITE, ADD, AS_FOLLOWER, CASES };
    for (int i = 0; i < CASES; i++) {
        struct paper *c = paper_start(3);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        sim_tip one = c->servers[1].tip;
        paper_append(c, 1, "b");
        switch (i) {
        case SHORTEN:
            paper_hold(c, 1, one);
            break;
        case OVERWRITE:
            paper_hold(c, 1,
                       paper_extend(c, paper_extend(c, one, 1, "x"), 1, "y"));
            break;
        case ADD:
            paper_hold(c, 1, paper_extend(c, c->servers[1].tip, 1, "c"));
            break;
        case AS_FOLLOWER: /* of the leader of a later term: its right */
            c->servers[1].view.role = SIM_FOLLOWER;
            c->servers[1].view.hard_state = (struct sim_hard_state){2, 0};
            paper_hold(c, 1, paper_extend(c, one, 2, "x"));
            break;
        }
        paper_finish(c, i <= OVERWRITE ? SIM_LEADER_APPEND_ONLY : HOLDS);
    }
}

/* In the very step that makes it leader, it may add but not take away. */
Test(checker_leader, leader_append_only_from_the_election_on)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct paper *c = paper_start_with_leader(0);
        struct paper_server *s = &c->servers[2];
        paper_vote(c, 2, 2, 2);
        paper_store(c, 2);
        s->view.role = SIM_LEADER;
        sim_tip kept = broken ? sim_log_tree_parent(c->tree, s->tip) : s->tip;
        paper_hold(c, 2, paper_extend(c, kept, 2, "d"));
        paper_finish(c, broken ? SIM_LEADER_APPEND_ONLY : HOLDS);
    }
}

/* --- Leader Completeness -------------------------------------------------- */

Test(checker_leader, leader_completeness_of_a_new_leader)
{
    for (uint64_t committed = 0; committed <= 3; committed++) {
        struct paper *c = paper_start_with_leader(committed);
        paper_crash(c,
                    3); /* its disk lost the last entry: two are left with it */
        c->servers[3].durable =
            sim_log_tree_parent(c->tree, c->servers[3].durable);
        paper_boot(c, 3);
        paper_elect(c, 3, 2);
        paper_finish(c, committed == 3 ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* Figure 8 of the paper: node 1 commits entry 2 of term 2 by counting replicas
 * in term 4; node 5 can still be elected. Made correct, it counts only after it
 * replicated an entry of its own term: entry 2 is not committed, or node 5 is
 * not electable (not shown). */
Test(checker_leader, leader_completeness_figure_8)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct paper *c = paper_start(5);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "1");
        for (uint32_t id = 2; id <= 5; id++)
            paper_replicate(c, 1, id);
        paper_elect(c, 1, 2);
        paper_append(c, 1, "2");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_elect(c, 5, 3);
        paper_append(c, 5, "3");
        paper_store(c, 5);
        paper_elect(c, 1, 4);
        paper_replicate(c, 1, 3);
        paper_commit(c, 1, broken ? 2 : 1);
        paper_elect(c, 5, 5);
        paper_finish(c, broken ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* Acknowledgements of term 1 arrive after the leader of term 2 was elected. */
Test(checker_leader, leader_completeness_of_a_late_commit)
{
    for (int complete = 0; complete <= 1; complete++) {
        struct paper *c = paper_start(5);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_replicate(c, 1, 3);
        paper_elect(c, complete ? 3 : 4, 2);
        paper_elect(c, complete ? 2 : 3, 3);
        paper_commit(c, 1, 1);
        paper_finish(c, complete ? HOLDS : SIM_LEADER_COMPLETENESS);
    }
}

/* What was first known to be committed in term 4 turns out to be committed in
 * term 2 already: the leader of term 3 should have had it, be it elected before
 * that or after. */
Test(checker_leader, leader_completeness_of_the_lowest_term_of_a_commit)
{
    for (uint64_t late_term = 2; late_term <= 4; late_term += 2) {
        for (int elected_first = 0; elected_first <= 1; elected_first++) {
            struct paper *c = paper_start(5);
            paper_elect(c, 1, 2);
            paper_append(c, 1, "a");
            paper_append(c, 1, "b");
            paper_store(c, 1);
            for (uint32_t id = 2; id <= 4; id++)
                paper_replicate(c, 1, id);
            if (elected_first)
                paper_elect(c, 5, 3);
            paper_elect(c, 2, 4);
            paper_commit(c, 2, 2);
            if (late_term == 4)
                paper_follow(c, 1, 4);
            paper_commit(c, 1, 1);
            if (!elected_first)
                paper_elect(c, 5, 3);
            paper_finish(c, late_term == 2 ? SIM_LEADER_COMPLETENESS : HOLDS);
        }
    }
}

/* Votes of term 2 were under way while term 3 elected a leader and committed:
 * the leader of term 2 need not have what a newer term committed. */
Test(checker_leader, leader_completeness_spares_the_leader_of_an_older_term)
{
    for (uint64_t term = 2; term <= 4; term += 2) {
        struct paper *c = paper_start_with_leader(2);
        paper_vote(c, 3, term, 3);
        paper_store(c, 3);
        paper_elect(c, 1, 3);
        paper_append(c, 1, "d");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_commit(c, 1, 4);
        paper_become(c, 3, SIM_LEADER, term, 3);
        paper_finish(c, term == 4 ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* Nor what was committed in its own term before it was seen to lead. */
Test(checker_leader, leader_completeness_is_about_older_terms)
{
    for (uint64_t term = 2; term <= 3; term++) {
        struct paper *c = paper_start(3);
        paper_follow(c, 1, 2);
        paper_hold(c, 1, paper_extend(c, SIM_ROOT, 1, "a"));
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_commit(c, 1, 1);
        paper_elect(c, 3, term);
        paper_finish(c, term == 3 ? SIM_LEADER_COMPLETENESS : HOLDS);
    }
}

/* What counts is the log at the election: to get the entry in that step, or
 * later, is too late. */
Test(checker_leader, leader_completeness_at_the_election)
{
    enum { BEFORE, AFTER, AFTER_AND_LATE, WITH_IT, WITH_IT_AND_LATE, CASES };
    for (int i = 0; i < CASES; i++) {
        struct paper *c = paper_start(3);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        sim_tip tip = c->servers[1].tip;
        bool late = i == AFTER_AND_LATE || i == WITH_IT_AND_LATE;
        if (!late)
            paper_commit(c, 1, 1);
        paper_vote(c, 3, 2, 3);
        if (i == BEFORE)
            paper_hold(c, 3, tip);
        paper_store(c, 3);
        if (i >= WITH_IT) {
            c->servers[3].view.role = SIM_LEADER;
            paper_hold(c, 3, tip);
        } else {
            paper_become(c, 3, SIM_LEADER, 2, 3);
        }
        if (i == AFTER || i == AFTER_AND_LATE)
            paper_hold(c, 3, tip);
        if (late)
            paper_commit(c, 1, 1);
        paper_finish(c, i == BEFORE ? HOLDS : SIM_LEADER_COMPLETENESS);
    }
}
