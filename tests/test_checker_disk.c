/* Promises, by hand: One Vote per Term, Monotonic Term, Durable before
 * Acknowledged. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>

/* --- One Vote per Term ---------------------------------------------------- */

Test(checker_disk, one_vote_per_term)
{
    for (uint64_t second_term = 3; second_term <= 4; second_term++) {
        for (int through_crash = 0; through_crash <= 1; through_crash++) {
            struct paper *c = paper_start(3);
            paper_vote(c, 3, 3, 1);
            paper_store(c, 3);
            if (through_crash)
                paper_restart(c, 3);
            paper_vote(c, 3, second_term, 2);
            paper_store(c, 3);
            paper_finish(c, second_term == 3 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
        }
    }
}

/* The vote is forgotten between the two; the same one again is no second. */
Test(checker_disk, one_vote_per_term_is_not_forgotten)
{
    for (uint32_t second = 1; second <= 2; second++) {
        struct paper *c = paper_start(3);
        paper_vote(c, 3, 3, 1);
        paper_store(c, 3);
        paper_vote(c, 3, 3, SIM_NONE);
        paper_store(c, 3);
        paper_vote(c, 3, 3, second);
        paper_store(c, 3);
        paper_finish(c, second == 2 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
    }
}

/* A vote that was only in memory died with it: nobody heard of it. */
Test(checker_disk, one_vote_per_term_spares_a_vote_lost_in_a_crash)
{
    for (int lost = 0; lost <= 1; lost++) {
        struct paper *c = paper_start(3);
        paper_follow(c, 3, 3);
        paper_store(c, 3);
        paper_vote(c, 3, 3, 1);
        if (!lost)
            paper_store(c, 3);
        paper_restart(c, 3);
        paper_vote(c, 3, 3, 2);
        paper_store(c, 3);
        paper_grant(c, 3, 2, 3);
        paper_finish(c, lost ? HOLDS : SIM_ONE_VOTE_PER_TERM);
    }
}

/* It answers both candidates, though the disk has one vote only. */
Test(checker_disk, one_vote_per_term_of_messages)
{
    for (uint32_t second = 1; second <= 2; second++) {
        struct paper *c = paper_start(3);
        paper_vote(c, 3, 3, 1);
        paper_store(c, 3);
        paper_grant(c, 3, 1, 3);
        paper_grant(c, 3, second, 3);
        paper_finish(c, second == 2 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
    }
}

/* To lead, or to ask for votes, is to have voted for oneself. */
Test(checker_disk, one_vote_per_term_of_candidates)
{
    for (uint32_t voted = 1; voted <= 2; voted++) {
        for (int leads = 0; leads <= 1; leads++) {
            struct paper *c = paper_start(3);
            paper_vote(c, 1, 3, voted);
            paper_store(c, 1);
            if (leads) {
                paper_become(c, 1, SIM_LEADER, 3, 1);
            } else {
                paper_send(c, 1, 2,
                           (struct sim_message){
                               .kind = SIM_MESSAGE_VOTE_REQUEST, .term = 3});
            }
            paper_finish(c, voted == 2 ? SIM_ONE_VOTE_PER_TERM : HOLDS);
        }
    }
}

/* --- Monotonic Term ------------------------------------------------------- */

Test(checker_disk, monotonic_term_within_a_life)
{
    for (uint64_t term = 2; term <= 4; term++) {
        struct paper *c = paper_start(3);
        paper_follow(c, 2, 3);
        paper_follow(c, 2, term);
        paper_finish(c, term < 3 ? SIM_MONOTONIC_TERM : HOLDS);
    }
}

Test(checker_disk, monotonic_term_of_the_disk)
{
    for (uint64_t term = 2; term <= 4; term++) {
        struct paper *c = paper_start(3);
        struct sim_hard_state three = {3, 1};
        struct sim_hard_state next = {term, SIM_NONE};
        sim_checker_durable(c->checker, 2, SIM_ROOT, three);
        sim_checker_durable(c->checker, 2, SIM_ROOT, next);
        paper_finish(c, term < 3 ? SIM_MONOTONIC_TERM : HOLDS);
    }
}

/* A life begins with the durable term: on the disk, and as the node shows it. A
 * term that was only in memory is lost. */
Test(checker_disk, monotonic_term_across_a_crash)
{
    for (uint64_t disk = 2; disk <= 4; disk++) {
        for (uint64_t shown = 2; shown <= 4; shown++) {
            struct paper *c = paper_start(3);
            paper_follow(c, 2, 3);
            paper_store(c, 2);
            paper_follow(c, 2, 5);
            paper_crash(c, 2);
            c->servers[2].disk = (struct sim_hard_state){disk, SIM_NONE};
            c->servers[2].view = (struct sim_view){.hard_state = {shown, 0}};
            paper_boot_as_it_is(c, 2);
            bool back = disk < 3 || shown < disk;
            paper_finish(c, back ? SIM_MONOTONIC_TERM : HOLDS);
        }
    }
}

/* --- Durable before Acknowledged ------------------------------------------ */

Test(checker_disk, durable_before_a_vote_is_granted)
{
    for (int stored = 0; stored <= 1; stored++) {
        struct paper *c = paper_start(3);
        paper_vote(c, 3, 3, 1);
        if (stored)
            paper_store(c, 3);
        paper_grant(c, 3, 1, 3);
        paper_finish(c, stored ? HOLDS : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
    }
}

/* The disk has the term, but not the vote. */
Test(checker_disk, durable_vote_and_not_only_its_term)
{
    for (int stored = 0; stored <= 1; stored++) {
        struct paper *c = paper_start(3);
        paper_follow(c, 3, 3);
        paper_store(c, 3);
        paper_vote(c, 3, 3, 1);
        if (stored)
            paper_store(c, 3);
        paper_grant(c, 3, 1, 3);
        paper_finish(c, stored ? HOLDS : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
    }
}

Test(checker_disk, durable_before_a_candidate_asks_or_leads)
{
    for (int stored = 0; stored <= 1; stored++) {
        for (int leads = 0; leads <= 1; leads++) {
            struct paper *c = paper_start(3);
            paper_vote(c, 1, 3, 1);
            if (stored)
                paper_store(c, 1);
            if (leads) {
                paper_become(c, 1, SIM_LEADER, 3, 1);
            } else {
                paper_send(c, 1, 2,
                           (struct sim_message){
                               .kind = SIM_MESSAGE_VOTE_REQUEST, .term = 3});
            }
            paper_finish(c, stored ? HOLDS : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
        }
    }
}

/* Nothing is said in a term that a crash would take back; a pre-vote speaks of
 * a term that nobody is in yet. A candidate of an older term has no vote. */
Test(checker_disk, durable_term_of_every_message)
{
    for (int kind = 0; kind < SIM_MESSAGE_KIND_COUNT; kind++) {
        for (uint64_t term = 2; term <= 4; term++) {
            struct paper *c = paper_start(3);
            paper_vote(c, 1, 3, 1);
            paper_store(c, 1);
            paper_vote(c, 1, 4, 1);
            paper_send(c, 1, 2,
                       (struct sim_message){.kind = (enum sim_message_kind)kind,
                                            .term = term});
            bool speaks = kind != SIM_MESSAGE_OTHER &&
                          kind != SIM_MESSAGE_PRE_VOTE_REQUEST &&
                          kind != SIM_MESSAGE_PRE_VOTE_RESPONSE;
            bool broken = kind == SIM_MESSAGE_VOTE_REQUEST
                              ? term != 3
                              : speaks && term == 4;
            paper_finish(c, broken ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
        }
    }
}

Test(checker_disk, durable_before_entries_are_acknowledged)
{
    for (uint64_t match = 0; match <= 4; match++) {
        struct paper *c = paper_start_with_leader(0);
        paper_append(c, 1, "d");
        paper_hold(c, 2, c->servers[1].tip);
        paper_acknowledge(c, 2, 1, 1, match);
        paper_finish(c, match == 4 ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}

/* The disk of node 3 has as many entries, but not those of the leader. */
Test(checker_disk, durable_entries_are_those_of_the_leader)
{
    for (uint64_t match = 2; match <= 3; match++) {
        for (int stored = 0; stored <= 1; stored++) {
            struct paper *c = paper_start_with_leader(0);
            paper_elect(c, 2, 2);
            paper_hold(c, 2, paper_extend(c, c->servers[2].tip, 2, "d"));
            paper_follow(c, 3, 3);
            paper_hold(c, 3,
                       sim_log_tree_ancestor(c->tree, c->servers[3].tip, 2));
            paper_hold(c, 3, paper_extend(c, c->servers[3].tip, 3, "x"));
            paper_store(c, 3);
            paper_elect(c, 1, 4);
            paper_follow(c, 3, 4);
            paper_store(c, 3);
            paper_hold(c, 3, c->servers[1].tip);
            if (stored)
                paper_store(c, 3);
            paper_acknowledge(c, 3, 1, 4, match);
            paper_finish(c, match == 2 || stored
                                ? HOLDS
                                : SIM_DURABLE_BEFORE_ACKNOWLEDGED);
        }
    }
}

/* The acknowledgement waited for a write that is durable; a later one, which
 * drops the entries, is under way. Once that is durable it is too late. */
Test(checker_disk, durable_counts_and_not_what_is_under_way)
{
    for (int dropped = 0; dropped <= 1; dropped++) {
        struct paper *c = paper_start_with_leader(0);
        paper_elect(c, 2, 2);
        paper_append(c, 2, "d");
        paper_follow(c, 3, 3);
        paper_hold(c, 3, SIM_ROOT);
        paper_hold(c, 3, paper_extend(c, SIM_ROOT, 3, "x"));
        if (dropped)
            paper_store(c, 3);
        paper_acknowledge(c, 3, 1, 1, 3);
        paper_finish(c, dropped ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}

/* It acknowledges in term 1 when its disk is in term 2 already: it may have
 * voted for a leader without these entries. */
Test(checker_disk, durable_term_of_an_acknowledgement)
{
    for (uint64_t term = 1; term <= 2; term++) {
        struct paper *c = paper_start_with_leader(0);
        paper_follow(c, 3, term);
        paper_store(c, 3);
        paper_acknowledge(c, 3, 1, 1, 3);
        paper_finish(c, term == 2 ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}

/* A leader that is gone since was acknowledged by what it had. Whoever was not
 * leader of the term is not to be acknowledged at all. */
Test(checker_disk, durable_entries_of_a_leader_of_the_past)
{
    for (uint64_t match = 3; match <= 4; match++) {
        for (uint32_t to = 1; to <= 3; to += 2) {
            struct paper *c = paper_start_with_leader(0);
            paper_hold(c, 2, paper_extend(c, c->servers[2].tip, 1, "x"));
            paper_store(c, 2);
            paper_restart(c, 1);
            paper_acknowledge(c, 2, to, 1, match);
            paper_finish(c, match == 4 || to != 1
                                ? SIM_DURABLE_BEFORE_ACKNOWLEDGED
                                : HOLDS);
        }
    }
}
