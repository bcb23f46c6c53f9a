/* Members, by hand: Configuration Matches Log, One Change at a Time. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>
#include <string.h>

/* Voters 1 to 3, and node 4 in some role. */
static struct sim_configuration with_learner(void)
{
    struct sim_configuration members = sim_configuration_of(3);
    sim_set_add(&members.learners, 4);
    return members;
}

static struct sim_configuration joint(void)
{
    struct sim_configuration members = sim_configuration_of(4);
    members.old_voters = sim_configuration_of(3).voters;
    return members;
}

/* --- Configuration Matches Log -------------------------------------------- */

/* Node 2 takes over a configuration entry, and shows its members one way or
 * another. */
Test(checker_members, configuration_of_a_new_entry)
{
    enum { RIGHT, OLD_PLACE, OLD_MEMBERS, OLD_BOTH, PRIORITY, CASES };
    for (int i = 0; i < CASES; i++) {
        struct paper *c = paper_start_with_leader(1);
        struct sim_configuration members = with_learner();
        paper_change(c, 1, &members);
        struct paper_server *s = &c->servers[2];
        struct paper_server before = *s;
        paper_set_log(c, 2, c->servers[1].tip);
        if (i == OLD_PLACE || i == OLD_BOTH) {
            s->view.configuration = before.view.configuration;
        }
        if (i == OLD_MEMBERS || i == OLD_BOTH) {
            s->members = before.members;
        }
        if (i == PRIORITY) {
            s->members.priorities[1] = 3;
        }
        paper_observe(c, 2, before.tip, NULL);
        paper_finish(c, i == RIGHT ? HOLDS : SIM_CONFIGURATION_MATCHES_LOG);
    }
}

/* The entry goes, and with it what it said (4.1). */
Test(checker_members, configuration_after_a_truncation)
{
    for (int broken = 0; broken <= 1; broken++) {
        struct paper *c = paper_start_with_leader(1);
        struct sim_configuration members = with_learner();
        paper_change(c, 1, &members);
        paper_replicate(c, 1, 2);
        paper_follow(c, 2, 2);
        struct paper_server *s = &c->servers[2];
        struct paper_server before = *s;
        sim_tip three = sim_log_tree_ancestor(c->tree, s->tip, 3);
        paper_set_log(c, 2, paper_extend(c, three, 2, "x"));
        if (broken) {
            s->view.configuration = before.view.configuration;
            s->members = before.members;
        }
        paper_observe(c, 2, before.tip, NULL);
        paper_finish(c, broken ? SIM_CONFIGURATION_MATCHES_LOG : HOLDS);
    }
}

/* Also in a step that has nothing to do with members. */
Test(checker_members, configuration_at_any_time)
{
    enum { RIGHT, PLACE, MEMBERS, CASES };
    for (int i = 0; i < CASES; i++) {
        struct paper *c = paper_start_with_leader(1);
        struct paper_server *s = &c->servers[2];
        if (i == PLACE) {
            s->view.configuration = (struct sim_position){1, 2};
        }
        if (i == MEMBERS) {
            s->members = with_learner();
        }
        s->tells = i != PLACE;
        paper_follow(c, 2, 1);
        paper_finish(c, i == RIGHT ? HOLDS : SIM_CONFIGURATION_MATCHES_LOG);
    }
}

Test(checker_members, configuration_at_boot)
{
    enum { RIGHT, PLACE, MEMBERS, NOBODY, CASES };
    for (int i = 0; i < CASES; i++) {
        struct paper *c = paper_start_with_leader(1);
        struct sim_configuration members = with_learner();
        paper_change(c, 1, &members);
        paper_replicate(c, 1, 2);
        paper_crash(c, 2);
        struct paper_server *s = &c->servers[2];
        s->view = (struct sim_view){.hard_state = s->disk};
        paper_set_log(c, 2, s->durable);
        switch (i) {
        case PLACE:
            s->view.configuration = (struct sim_position){0, 0};
            break;
        case MEMBERS:
            s->members = sim_configuration_of(3);
            break;
        case NOBODY:
            s->members = (struct sim_configuration){0};
            break;
        }
        paper_boot_as_it_is(c, 2);
        paper_finish(c, i == RIGHT ? HOLDS : SIM_CONFIGURATION_MATCHES_LOG);
    }
}

Test(checker_members, configuration_that_nobody_can_read)
{
    for (int readable = 0; readable <= 1; readable++) {
        struct paper *c = paper_start_with_leader(1);
        struct paper_server *s = &c->servers[1];
        struct sim_configuration members = with_learner();
        struct sim_entry entry = {.term = 1,
                                  .data = (const uint8_t *)&members,
                                  .size = readable ? sizeof(members) : 5,
                                  .kind = SIM_ENTRY_CONFIGURATION};
        paper_hold(c, 1, sim_log_tree_append(c->tree, s->tip, &entry, NULL));
        paper_finish(c, readable ? HOLDS : SIM_CONFIGURATION_MATCHES_LOG);
    }
}

/* Node 4 is no member at the start. It may know nobody, with entries or
 * without, until its log tells; node 3 may not. */
Test(checker_members, configuration_of_a_stranger)
{
    for (uint32_t id = 3; id <= 4; id++) {
        for (int entries = 0; entries <= 1; entries++) {
            struct sim_configuration first = sim_configuration_of(3);
            struct paper *c = paper_new(4, &first);
            c->servers[id].stranger = true;
            for (uint32_t other = 1; other <= 4; other++) {
                if (entries) {
                    c->servers[other].disk.term = 1;
                    c->servers[other].durable =
                        paper_extend(c, SIM_ROOT, 1, "a");
                }
                paper_boot(c, other);
            }
            paper_finish(c, id == 4 ? HOLDS : SIM_CONFIGURATION_MATCHES_LOG);
        }
    }
}

/* It may not know others than there are, nor nobody once its log tells. */
Test(checker_members, configuration_of_a_stranger_is_the_logs)
{
    enum { NOBODY, OTHERS, RIGHT, NOBODY_STILL, CASES };
    for (int i = 0; i < CASES; i++) {
        struct sim_configuration first = sim_configuration_of(3);
        struct sim_configuration change = with_learner();
        struct paper *c = paper_start_of(4, &first);
        struct paper_server *s = &c->servers[4];
        s->tells = true;
        if (i == OTHERS) {
            s->members = change;
        }
        if (i >= RIGHT) {
            paper_follow(c, 4, 1);
            paper_set_log(c, 4, paper_configure(c, SIM_ROOT, 1, &change));
        }
        if (i == NOBODY_STILL) {
            s->members = (struct sim_configuration){0};
        }
        paper_observe(c, 4, SIM_ROOT, NULL);
        bool right = i == NOBODY || i == RIGHT;
        paper_finish(c, right ? HOLDS : SIM_CONFIGURATION_MATCHES_LOG);
    }
}

/* Once it was told, by a snapshot say, it does not forget: not in that life,
 * and not in the next if its disk had it. */
Test(checker_members, configuration_that_a_stranger_was_told)
{
    for (int forgets = 0; forgets <= 1; forgets++) {
        for (int stored = 0; stored <= 1; stored++) {
            for (int crashes = 0; crashes <= 1; crashes++) {
                struct sim_configuration first = sim_configuration_of(3);
                struct paper *c = paper_start_of(4, &first);
                struct paper_server *s = &c->servers[4];
                s->tells = true;
                s->members = first;
                paper_follow(c, 4, 1);
                if (stored) {
                    paper_crash(c, 4);
                    paper_boot_as_it_is(c, 4);
                }
                if (forgets) {
                    s->members = (struct sim_configuration){0};
                }
                if (crashes) {
                    paper_crash(c, 4);
                    s->view.hard_state = s->disk;
                    paper_boot_as_it_is(c, 4);
                } else {
                    paper_follow(c, 4, 1);
                }
                bool broken = forgets && (stored || !crashes);
                paper_finish(c, broken ? SIM_CONFIGURATION_MATCHES_LOG : HOLDS);
            }
        }
    }
}

Test(checker_members, configuration_in_words)
{
    struct paper *c = paper_start_with_leader(1);
    struct paper_server *s = &c->servers[2];
    s->members = with_learner();
    s->tells = true;
    paper_follow(c, 2, 1);
    const char *text = sim_checker_violation(c->checker)->text;
    cr_assert_not_null(
        strstr(text, "the members are 1, 2, 3 by the latest configuration in "
                     "the log of node 2, that of the start, but the node has "
                     "1, 2, 3 and learner 4."),
        "%s", text);
    paper_finish(c, SIM_CONFIGURATION_MATCHES_LOG);
}

/* --- One Change at a Time ------------------------------------------------- */

/* The change before is committed, or not yet when the next one begins. */
Test(checker_members, one_change_at_a_time)
{
    for (uint64_t committed = 3; committed <= 5; committed++) {
        struct sim_configuration first = sim_configuration_of(3);
        struct paper *c = paper_start_of(4, &first);
        struct sim_configuration changes[] = {with_learner(),
                                              sim_configuration_of(4)};
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_append(c, 1, "b");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_commit(c, 1, 2);
        paper_append(c, 1, "c");
        paper_change(c, 1, &changes[0]);
        paper_append(c, 1, "d");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_commit(c, 1, committed);
        paper_change(c, 1, &changes[1]);
        paper_finish(c, committed < 4 ? SIM_ONE_CHANGE_AT_A_TIME : HOLDS);
    }
}

static struct sim_set set_of(unsigned bits)
{
    struct sim_set set = {{0}};
    for (uint32_t node = 1; node <= 8; node++) {
        if (bits >> (node - 1) & 1) {
            sim_set_add(&set, node);
        }
    }
    return set;
}

/* Each follows from the one before: by one voter, or into a joint one with the
 * voters of before, or out of it. Sets are bits: 1 is node 1, 2 is node 2. */
Test(checker_members, one_change_follows_from_the_one_before)
{
    static const struct {
        unsigned voters[2], old_voters[2], learners[2];
        bool good;
    } cases[] = {
        {{7, 15}, {0, 0}, {0, 0}, true},
        {{7, 3}, {0, 0}, {0, 0}, true},
        {{7, 7}, {0, 0}, {0, 8}, true},
        {{7, 11}, {0, 0}, {0, 0}, false}, /* one for another */
        {{3, 15}, {0, 0}, {0, 0}, false},
        {{7, 8}, {0, 7}, {0, 0}, true},
        {{7, 8}, {0, 3}, {0, 0}, false},
        {{7, 8}, {0, 15}, {0, 0}, false},
        {{11, 11}, {7, 0}, {0, 0}, true},
        {{11, 3}, {7, 0}, {0, 0}, false},
        {{11, 15}, {7, 0}, {0, 0}, false},
        {{11, 11}, {7, 0}, {4, 4}, true},
        {{11, 11}, {7, 0}, {4, 0}, false},  /* the learner is gone */
        {{11, 11}, {7, 11}, {0, 0}, false}, /* joint again */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_configuration both[2];
        for (int k = 0; k < 2; k++) {
            both[k] = (struct sim_configuration){
                .voters = set_of(cases[i].voters[k]),
                .old_voters = set_of(cases[i].old_voters[k]),
                .learners = set_of(cases[i].learners[k])};
        }
        struct paper *c = paper_start_of(4, &both[0]);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        for (uint32_t id = 2; id <= 4; id++) {
            paper_replicate(c, 1, id);
        }
        paper_commit(c, 1, 1);
        paper_change(c, 1, &both[1]);
        paper_finish(c, cases[i].good ? HOLDS : SIM_ONE_CHANGE_AT_A_TIME);
    }
}

/* In the step that commits the one before, the next may begin; a joint
 * configuration is left like this (4.3). Two in one step may not. */
Test(checker_members, one_change_at_a_time_within_a_step)
{
    enum { COMMITS, DOES_NOT, TWO, CASES };
    for (int i = 0; i < CASES; i++) {
        struct sim_configuration first = sim_configuration_of(3);
        struct sim_configuration changes[] = {joint(), sim_configuration_of(4)};
        struct paper *c = paper_start_of(4, &first);
        struct paper_server *s = &c->servers[1];
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_replicate(c, 1, 3);
        paper_commit(c, 1, 1);
        sim_tip tip = s->tip;
        if (i != TWO) {
            paper_change(c, 1, &changes[0]);
            paper_store(c, 1);
            paper_replicate(c, 1, 2);
            paper_replicate(c, 1, 3);
            tip = s->tip;
        } else {
            tip = paper_configure(c, tip, 1, &changes[0]);
        }
        s->view.commit_index = i == COMMITS ? 2 : 1;
        paper_hold(c, 1, paper_configure(c, tip, 1, &changes[1]));
        paper_finish(c, i == COMMITS ? HOLDS : SIM_ONE_CHANGE_AT_A_TIME);
    }
}

/* The correction of 2015: a new leader first commits something of its own term,
 * even if it knows all of its log to be committed. */
Test(checker_members, one_change_needs_a_commit_of_the_term)
{
    enum { NOTHING, APPENDED, COMMITTED, CASES };
    for (int i = 0; i < CASES; i++) {
        struct paper *c = paper_start_with_leader(3);
        struct sim_configuration members = sim_configuration_of(2);
        paper_commit(c, 2, 3);
        paper_elect(c, 2, 2);
        if (i >= APPENDED) {
            paper_append(c, 2, "d");
            paper_store(c, 2);
            paper_replicate(c, 2, 3);
        }
        if (i == COMMITTED) {
            paper_commit(c, 2, 4);
        }
        paper_change(c, 2, &members);
        paper_finish(c, i == COMMITTED ? HOLDS : SIM_ONE_CHANGE_AT_A_TIME);
    }
}

/* A change does not allow itself: on a disk without delay, a cluster of one may
 * commit what it appends in the same step. Nor does it allow one before it. */
Test(checker_members, one_change_comes_after_the_commit_of_the_term)
{
    enum { AFTER_A_COMMAND, AT_ONCE, TWO_AT_ONCE, CASES };
    for (int i = 0; i < CASES; i++) {
        struct sim_configuration alone = sim_configuration_of(1);
        struct sim_configuration changes[] = {alone, alone};
        changes[0].priorities[0] = 1;
        changes[1].priorities[0] = 2;
        struct paper *c = paper_start_of(1, &alone);
        struct paper_server *s = &c->servers[1];
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        paper_commit(c, 1, 1);
        paper_elect(c, 1, 2);
        sim_tip tip = s->tip;
        if (i == AFTER_A_COMMAND) {
            tip = paper_extend(c, tip, 2, "b");
        }
        tip = paper_configure(c, tip, 2, &changes[0]);
        sim_tip end = tip;
        if (i == TWO_AT_ONCE) {
            end = paper_configure(c, tip, 2, &changes[1]);
        }
        s->durable = tip;
        sim_checker_durable(c->checker, 1, tip, s->disk);
        s->view.commit_index = sim_log_tree_position(c->tree, tip).index;
        paper_hold(c, 1, end);
        paper_finish(c,
                     i == AFTER_A_COMMAND ? HOLDS : SIM_ONE_CHANGE_AT_A_TIME);
    }
}

/* In the very step that makes it leader. */
Test(checker_members, one_change_at_the_election)
{
    for (int changes = 0; changes <= 1; changes++) {
        struct paper *c = paper_start_with_leader(3);
        struct sim_configuration members = sim_configuration_of(2);
        struct paper_server *s = &c->servers[2];
        paper_commit(c, 2, 3);
        paper_vote(c, 2, 2, 2);
        paper_store(c, 2);
        s->view.role = SIM_LEADER;
        paper_hold(c, 2,
                   changes ? paper_configure(c, s->tip, 2, &members)
                           : paper_extend(c, s->tip, 2, "d"));
        paper_finish(c, changes ? SIM_ONE_CHANGE_AT_A_TIME : HOLDS);
    }
}

/* Followers take over what leaders began, however much of it. And a leader is
 * judged by what it appended itself. */
Test(checker_members, one_change_is_the_leaders_matter)
{
    struct sim_configuration changes[] = {joint(), sim_configuration_of(4)};
    struct sim_configuration first = sim_configuration_of(3);
    struct paper *c = paper_start_of(4, &first);
    paper_elect(c, 1, 1);
    paper_append(c, 1, "a");
    paper_store(c, 1);
    paper_replicate(c, 1, 2);
    paper_commit(c, 1, 1);
    paper_change(c, 1, &changes[0]);
    paper_store(c, 1);
    paper_replicate(c, 1, 2);
    paper_replicate(c, 1, 3);
    paper_commit(c, 1, 2);
    paper_change(c, 1, &changes[1]);
    uint64_t count =
        sim_checker_evaluated(c->checker, SIM_ONE_CHANGE_AT_A_TIME);
    cr_assert_eq(count, 2);
    paper_replicate(c, 1, 4);
    paper_elect(c, 4, 2);
    paper_append(c, 4, "b");
    cr_assert_eq(sim_checker_evaluated(c->checker, SIM_ONE_CHANGE_AT_A_TIME),
                 count);
    paper_finish(c, HOLDS);
}

/* The case of 2015: two leaders change the members at the same time, each by
 * one server, and their majorities do not meet. Nobody broke anything until the
 * first of them went on without a commit of its own term. */
Test(checker_members, one_change_in_the_case_of_2015)
{
    struct sim_configuration first = sim_configuration_of(4);
    struct sim_configuration with_five = sim_configuration_of(5);
    struct paper *c = paper_start_of(5, &first);
    for (uint32_t id = 1; id <= 4; id++) {
        paper_crash(c, id);
        c->servers[id].durable = paper_extend(c, SIM_ROOT, 1, "a");
        c->servers[id].disk.term = 1;
        paper_boot(c, id);
    }
    paper_elect(c, 1, 2);
    paper_change(c, 1, &with_five);
    const char *text = sim_checker_violation(c->checker)->text;
    cr_assert_not_null(strstr(text, "node 1, leader of term 2, changed the "
                                    "members with entry 2 of term 2 before "
                                    "anything of its own term was committed: "
                                    "the last that it held committed was no "
                                    "entry."),
                       "%s", text);
    paper_finish(c, SIM_ONE_CHANGE_AT_A_TIME);
}
