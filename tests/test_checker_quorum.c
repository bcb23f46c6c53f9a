/* Commits and disks, by hand: Committed on a Quorum. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>
#include <string.h>

/* --- Committed on a Quorum ------------------------------------------------ */

Test(checker_quorum, committed_on_quorum)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 9, 49, 101, SIM_MAX_NODES};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t quorum = sizes[i] / 2 + 1;
        for (uint32_t holders = quorum - 1; holders <= quorum; holders++) {
            struct paper *c = paper_start(sizes[i]);
            paper_elect(c, 1, 1);
            paper_append(c, 1, "a");
            if (holders > 0)
                paper_store(c, 1);
            for (uint32_t id = 2; id <= holders; id++)
                paper_replicate(c, 1, id);
            paper_commit(c, 1, 1);
            paper_finish(c, holders < quorum ? SIM_COMMITTED_ON_QUORUM : HOLDS);
        }
    }
}

/* Replicas that are only in memory, or hold another entry, do not count. */
Test(checker_quorum, committed_on_quorum_counts_disks)
{
    for (int i = 0; i < 3; i++) {
        struct paper *c = paper_start(3);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        paper_follow(c, 2, 2);
        paper_hold(
            c, 2,
            paper_extend(c, SIM_ROOT, i == 1 ? 2 : 1, i == 1 ? "b" : "a"));
        if (i != 0)
            paper_store(c, 2);
        if (i == 2)
            paper_crash(c, 2); /* its disk is there still */
        paper_commit(c, 1, 1);
        paper_finish(c, i == 2 ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}

/* A follower may run ahead of the leader's own commit index, not of the disks.
 */
Test(checker_quorum, committed_on_quorum_of_a_follower)
{
    for (int stored = 0; stored <= 1; stored++) {
        struct paper *c = paper_start_with_leader(3);
        paper_append(c, 1, "d");
        paper_hold(c, 2, c->servers[1].tip);
        if (stored) {
            paper_store(c, 1);
            paper_store(c, 2);
        }
        paper_commit(c, 2, 3);
        paper_commit(c, 2, 4);
        paper_finish(c, stored ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}

/* Disks drop a committed entry: one of three may, as in Figure 8. */
Test(checker_quorum, committed_stays_on_quorum)
{
    for (uint32_t dropping = 1; dropping <= 2; dropping++) {
        struct paper *c = paper_start_with_leader(3);
        for (uint32_t id = 2; id <= 1 + dropping; id++) {
            paper_follow(c, id, 1);
            paper_hold(c, id, SIM_ROOT);
            paper_store(c, id);
        }
        paper_finish(c, dropping == 2 ? SIM_COMMITTED_ON_QUORUM : HOLDS);
    }
}

/* Disks that come back without it after a crash. */
Test(checker_quorum, committed_stays_on_quorum_across_crashes)
{
    for (uint32_t losing = 1; losing <= 2; losing++) {
        struct paper *c = paper_start_with_leader(3);
        for (uint32_t id = 2; id <= 1 + losing; id++) {
            paper_crash(c, id);
            c->servers[id].durable =
                sim_log_tree_parent(c->tree, c->servers[id].durable);
            paper_boot(c, id);
        }
        paper_finish(c, losing == 2 ? SIM_COMMITTED_ON_QUORUM : HOLDS);
    }
}

/* --- whose disks count ---------------------------------------------------- */

/* Sets of nodes as bits: 1 is node 1, 2 is node 2, 4 is node 3, 8 is node 4. */
static struct sim_set set_of(unsigned bits)
{
    struct sim_set set = {{0}};
    for (uint32_t node = 1; node <= SIM_MAX_NODES && bits >> (node - 1);
         node++) {
        if (bits >> (node - 1) & 1) {
            sim_set_add(&set, node);
        }
    }
    return set;
}

/* The entry "a" of term 1 on the disks of `holders` and node 1's, if that is
 * among them; held committed by node 1, its leader. */
static void commit_on(struct paper *c, unsigned holders)
{
    paper_append(c, 1, "a");
    if (holders & 1) {
        paper_store(c, 1);
    }
    for (uint32_t id = 2; id <= c->n_nodes; id++) {
        if (holders >> (id - 1) & 1) {
            paper_replicate(c, 1, id);
        }
    }
    paper_commit(c, 1, c->servers[1].view.last.index);
}

/* All subsets of four disks, under configurations of all kinds. */
Test(checker_quorum, counts_the_disks_of_the_configuration)
{
    static const struct {
        unsigned voters, old_voters, learners, witnesses;
    } cases[] = {
        {7, 0, 0, 0}, {7, 0, 8, 0},   {15, 0, 0, 0}, {1, 0, 14, 0},
        {3, 0, 4, 0}, {14, 0, 0, 0},  {7, 0, 8, 4},  {15, 0, 0, 12},
        {3, 7, 0, 0}, {12, 3, 0, 0},  {8, 1, 0, 0},  {15, 1, 0, 0},
        {6, 3, 8, 4}, {14, 15, 0, 2}, {7, 0, 0, 6},  {7, 8, 0, 6},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned holders = 0; holders < 16; holders++) {
            struct sim_configuration members = {
                .voters = set_of(cases[i].voters),
                .old_voters = set_of(cases[i].old_voters),
                .learners = set_of(cases[i].learners),
                .witnesses = set_of(cases[i].witnesses),
            };
            struct sim_set disks = set_of(holders);
            unsigned full =
                (cases[i].voters | cases[i].old_voters) & ~cases[i].witnesses;
            bool enough = sim_configuration_is_quorum(&members, &disks) &&
                          (holders & full) != 0;
            struct paper *c = paper_start_of(4, &members);
            paper_elect(c, 1, 1);
            commit_on(c, holders);
            paper_finish(c, enough ? HOLDS : SIM_COMMITTED_ON_QUORUM);
        }
    }
}

/* The latest configuration in the leader's log counts, committed or not. */
Test(checker_quorum, counts_by_the_latest_configuration)
{
    for (int grows = 0; grows <= 1; grows++) {
        for (unsigned holders = 0; holders < 16; holders++) {
            struct sim_configuration first =
                sim_configuration_of(grows ? 3 : 4);
            struct sim_configuration second =
                sim_configuration_of(grows ? 4 : 3);
            struct paper *c = paper_start_of(4, &first);
            paper_elect(c, 1, 1);
            commit_on(c, 7);
            paper_change(c, 1, &second);
            commit_on(c, holders);
            struct sim_set disks = set_of(holders);
            bool enough = sim_configuration_is_quorum(&second, &disks);
            paper_finish(c, enough ? HOLDS : SIM_COMMITTED_ON_QUORUM);
        }
    }
}

/* A leader that is no member any more counts the others only (4.2.2). */
Test(checker_quorum, does_not_count_a_removed_leader)
{
    for (unsigned holders = 1; holders < 8; holders += 2) {
        struct paper *c = paper_start(3);
        struct sim_configuration rest = {.voters = set_of(6)};
        paper_elect(c, 1, 1);
        commit_on(c, 7);
        paper_change(c, 1, &rest);
        commit_on(c, holders);
        paper_finish(c, holders == 7 ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}

/* A joint configuration is committed, and left, in one step: its own two
 * majorities must have it, though the log ends with the next one already. */
Test(checker_quorum, holds_a_joint_configuration_to_both_majorities)
{
    for (unsigned holders = 1; holders < 32; holders += 2) {
        struct sim_configuration first = sim_configuration_of(3);
        struct sim_configuration joint = {.voters = set_of(25),
                                          .old_voters = set_of(7)};
        struct sim_configuration last = {.voters = set_of(25)};
        struct paper *c = paper_start_of(5, &first);
        struct paper_server *s = &c->servers[1];
        paper_elect(c, 1, 1);
        commit_on(c, 7);
        paper_change(c, 1, &joint);
        paper_store(c, 1);
        for (uint32_t id = 2; id <= 5; id++) {
            if (holders >> (id - 1) & 1) {
                paper_replicate(c, 1, id);
            }
        }
        s->view.commit_index = 2;
        paper_change(c, 1, &last);
        struct sim_set disks = set_of(holders);
        bool enough = sim_configuration_is_quorum(&joint, &disks);
        paper_finish(c, enough ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}

/* That is looked at once: what is committed already was. */
Test(checker_quorum, counts_one_look_for_each_commit)
{
    struct sim_configuration change = sim_configuration_of(3);
    change.priorities[1] = 1;
    struct paper *c = paper_start(3);
    paper_elect(c, 1, 1);
    commit_on(c, 7);
    paper_change(c, 1, &change);
    for (uint64_t commits = 2; commits <= 4; commits++) {
        cr_assert_eq(sim_checker_evaluated(c->checker, SIM_COMMITTED_ON_QUORUM),
                     commits - 1);
        commit_on(c, 7);
    }
    paper_finish(c, HOLDS);
}

/* In the step that begins a change, a leader may have counted before, or after:
 * entry 3 is on the disks of nodes 1 and 2, or 1, 2 and 3. */
Test(checker_quorum, takes_either_configuration_in_the_step_of_a_change)
{
    for (int grows = 0; grows <= 1; grows++) {
        for (uint32_t copies = 1; copies <= 3; copies++) {
            struct sim_configuration first =
                sim_configuration_of(grows ? 3 : 4);
            struct sim_configuration second =
                sim_configuration_of(grows ? 4 : 3);
            struct paper *c = paper_start_of(4, &first);
            struct paper_server *s = &c->servers[1];
            paper_elect(c, 1, 1);
            commit_on(c, 7);
            paper_append(c, 1, "b");
            paper_store(c, 1);
            for (uint32_t id = 2; id <= copies; id++) {
                paper_replicate(c, 1, id);
            }
            s->view.commit_index = 2;
            paper_change(c, 1, &second);
            paper_finish(c, copies < 2 ? SIM_COMMITTED_ON_QUORUM : HOLDS);
        }
    }
}

/* But what the step appended itself is not for those of before. */
Test(checker_quorum, takes_the_new_configuration_for_the_change_itself)
{
    for (int grows = 0; grows <= 1; grows++) {
        struct sim_configuration first = {.voters = set_of(grows ? 1 : 3)};
        struct sim_configuration second = {.voters = set_of(grows ? 3 : 1)};
        struct paper *c = paper_start_of(2, &first);
        struct paper_server *s = &c->servers[1];
        paper_elect(c, 1, 1);
        commit_on(c, 3);
        sim_tip tip = paper_configure(c, s->tip, 1, &second);
        s->durable = tip; /* a disk without delay */
        sim_checker_durable(c->checker, 1, tip, s->disk);
        s->view.commit_index = 2;
        paper_change(c, 1, &second);
        paper_finish(c, grows ? SIM_COMMITTED_ON_QUORUM : HOLDS);
    }
}

/* --- and stay ------------------------------------------------------------- */

/* Disks may drop what is committed as long as a majority of those who decided
 * keeps it: of voters 1 to 3, when 4 and 5 are learners with the entry. */
Test(checker_quorum, is_kept_by_those_who_decided)
{
    for (unsigned dropping = 0; dropping < 16; dropping++) {
        struct sim_configuration first = sim_configuration_of(3);
        first.learners = set_of(24);
        struct paper *c = paper_start_of(5, &first);
        paper_elect(c, 1, 1);
        commit_on(c, 31);
        struct sim_set kept = {{1}};
        for (uint32_t id = 2; id <= 5; id++) {
            if (dropping >> (id - 2) & 1) {
                paper_hold(c, id, SIM_ROOT);
                paper_store(c, id);
            } else {
                sim_set_add(&kept, id);
            }
        }
        bool enough = sim_configuration_is_quorum(&first, &kept);
        paper_finish(c, enough ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}

/* The members of now do not matter to what was committed before: a leader that
 * counted by a configuration that never was committed itself is followed by
 * one that goes by the one before. */
Test(checker_quorum, is_kept_by_those_of_a_configuration_that_is_gone)
{
    for (uint32_t id = 2; id <= 3; id++) {
        struct sim_configuration first = sim_configuration_of(4);
        struct sim_configuration second = sim_configuration_of(3);
        struct paper *c = paper_start_of(4, &first);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_replicate(c, 1, 3);
        paper_commit(c, 1, 1);
        paper_append(c, 1, "b");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_change(c, 1, &second); /* lost with its leader's memory */
        paper_commit(c, 1, 2);
        paper_restart(c, 1);
        paper_hold(c, id, SIM_ROOT);
        paper_store(c, id);
        paper_finish(c, id == 2 ? SIM_COMMITTED_ON_QUORUM : HOLDS);
    }
}

Test(checker_quorum, says_which_voters_are_missing)
{
    static const struct {
        unsigned voters, old_voters, holders;
        const char *text;
    } cases[] = {
        {7, 0, 1,
         "which only 1 of the disks of 3 voters hold (node 1) where 2 "
         "must."},
        {7, 0, 8,
         "which only 0 of the disks of 3 voters hold (none) where 2 "
         "must."},
        {14, 1, 1,
         "which only 0 of the disks of 3 new voters hold (none) where "
         "2 must."},
        {14, 15, 14, NULL},
        {14, 7, 9,
         "which only 1 of the disks of 3 new voters hold (node 4) "
         "where 2 must."},
        {12, 15, 12,
         "which only 2 of the disks of 4 old voters hold (nodes 3, "
         "4) where 3 must."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_configuration members = {
            .voters = set_of(cases[i].voters),
            .old_voters = set_of(cases[i].old_voters),
        };
        struct paper *c = paper_start_of(4, &members);
        paper_elect(c, 1, 1);
        commit_on(c, cases[i].holders);
        if (cases[i].text != NULL) {
            const char *text = sim_checker_violation(c->checker)->text;
            cr_assert_not_null(strstr(text, cases[i].text), "%s", text);
        }
        paper_finish(c,
                     cases[i].text == NULL ? HOLDS : SIM_COMMITTED_ON_QUORUM);
    }
}
