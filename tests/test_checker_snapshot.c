/* Snapshots, by hand: Snapshot of Committed, Snapshot Equals Replay, and what
 * they mean to the other properties. */
#include "tests/checker_harness.h"

#include <criterion/criterion.h>
#include <string.h>

/* Node 1 leads with "a", "b" and "c" committed, and has applied all. */
static struct paper *start_applied(void)
{
    struct paper *c = paper_start_with_leader(3);
    for (uint64_t index = 1; index <= 3; index++) {
        paper_apply_own(c, 1, index);
        sim_checker_state(c->checker, 1, index, 100 + index);
    }
    return c;
}

/* The log of node `id` up to `index`. */
static sim_tip log_up_to(const struct paper *c, uint32_t id, uint64_t index)
{
    return sim_log_tree_ancestor(c->tree, c->servers[id].tip, index);
}

static void snapshot(struct paper *c, uint32_t id, sim_tip tip)
{
    sim_checker_snapshot(c->checker, id, tip,
                         sim_memberships_of(c->memberships, tip));
}

/* Node `id` holds its log committed up to `index` and takes the image of a
 * snapshot there. */
static void restore(struct paper *c, uint32_t id, struct sim_position position,
                    uint64_t commit_index)
{
    struct sim_output output = {.kind = SIM_OUTPUT_RESTORE,
                                .restore = {.position = position}};
    c->servers[id].view.commit_index = commit_index;
    paper_observe(c, id, c->servers[id].tip, &output);
}

/* --- Snapshot of Committed ------------------------------------------------ */

Test(checker_snapshot, covers_committed_entries_only)
{
    for (uint64_t index = 0; index <= 3; index++) {
        struct paper *c = paper_start_with_leader(2);
        snapshot(c, 1, log_up_to(c, 1, index));
        paper_finish(c, index == 3 ? SIM_SNAPSHOT_OF_COMMITTED : HOLDS);
    }
}

/* There is an entry committed at that index, but another one. */
Test(checker_snapshot, covers_the_committed_entries)
{
    for (int other = 0; other <= 1; other++) {
        struct paper *c = paper_start_with_leader(2);
        paper_follow(c, 3, 2);
        sim_tip tip = paper_extend(c, log_up_to(c, 3, 1), 2, "x");
        paper_hold(c, 3, tip);
        snapshot(c, 3, other ? tip : log_up_to(c, 1, 2));
        paper_finish(c, other ? SIM_SNAPSHOT_OF_COMMITTED : HOLDS);
    }
}

Test(checker_snapshot, never_goes_back)
{
    for (uint64_t second = 1; second <= 3; second++) {
        struct paper *c = start_applied();
        snapshot(c, 1, log_up_to(c, 1, 2));
        snapshot(c, 1, log_up_to(c, 1, second));
        paper_finish(c, second < 2 ? SIM_SNAPSHOT_OF_COMMITTED : HOLDS);
    }
}

/* What was on the disk once is never replaced by less: in a later life neither.
 * What a crash lost before it was there, does not count. */
Test(checker_snapshot, never_goes_back_across_lives)
{
    for (uint64_t found = 0; found <= 2; found++) {
        for (uint64_t next = 1; next <= 3; next++) {
            struct paper *c = start_applied();
            snapshot(c, 1, log_up_to(c, 1, 3)); /* lost in the crash */
            paper_crash(c, 1);
            c->servers[1].view.role = SIM_FOLLOWER;
            c->servers[1].view.snapshot =
                (struct sim_position){found > 0, found};
            paper_boot_as_it_is(c, 1);
            snapshot(c, 1, log_up_to(c, 1, next));
            paper_finish(c, next < found ? SIM_SNAPSHOT_OF_COMMITTED : HOLDS);
        }
    }
    for (uint64_t second = 1; second <= 3; second++) {
        struct paper *c = start_applied();
        for (int life = 0; life <= 1; life++) {
            paper_crash(c, 1);
            c->servers[1].view.role = SIM_FOLLOWER;
            c->servers[1].view.snapshot =
                (struct sim_position){1, life == 0 ? 2 : second};
            paper_boot_as_it_is(c, 1);
        }
        paper_finish(c, second < 2 ? SIM_SNAPSHOT_OF_COMMITTED : HOLDS);
    }
}

/* A life begins with a snapshot: of its own log, and committed. */
Test(checker_snapshot, is_of_the_log_at_boot)
{
    static const struct {
        struct sim_position shown;
        enum sim_property broken;
    } cases[] = {
        {{1, 1}, HOLDS},
        {{1, 2}, HOLDS},
        {{2, 2}, SIM_SNAPSHOT_OF_COMMITTED},
        {{1, 3}, SIM_SNAPSHOT_OF_COMMITTED}, /* not committed */
        {{1, 4}, SIM_SNAPSHOT_OF_COMMITTED}, /* not there */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct paper *c = paper_start_with_leader(2);
        paper_crash(c, 3);
        c->servers[3].view.snapshot = cases[i].shown;
        paper_boot_as_it_is(c, 3);
        paper_finish(c, cases[i].broken);
    }
}

/* The commit index of a new life may be that of its snapshot. */
Test(checker_snapshot, is_committed_at_boot)
{
    for (uint64_t index = 2; index <= 4; index++) {
        struct paper *c = paper_start_with_leader(3);
        paper_crash(c, 3);
        c->servers[3].view.snapshot = (struct sim_position){1, 2};
        c->servers[3].view.commit_index = index;
        paper_boot_as_it_is(c, 3);
        paper_finish(c, index == 4 ? SIM_MONOTONIC_COMMIT : HOLDS);
    }
}

/* --- Snapshot Equals Replay: members -------------------------------------- */

/* A snapshot up to `index` has the members there, not those of now. */
Test(checker_snapshot, has_the_members_of_its_place)
{
    enum { BEFORE, AFTER, PRIORITY, UNREADABLE, N_MEMBERS };
    for (uint64_t index = 3; index <= 4; index++) {
        for (int i = 0; i < N_MEMBERS; i++) {
            struct paper *c = start_applied();
            struct sim_configuration members = sim_configuration_of(3);
            struct sim_configuration change = sim_configuration_of(2);
            paper_change(c, 1, &change);
            paper_store(c, 1);
            paper_replicate(c, 1, 2);
            paper_commit(c, 1, 4);
            if (i != BEFORE) {
                members = change;
            }
            if (i == PRIORITY) {
                members.priorities[0] = 1;
            }
            sim_checker_snapshot(c->checker, 1, log_up_to(c, 1, index),
                                 i == UNREADABLE ? NULL : &members);
            bool right = i == (index == 3 ? BEFORE : AFTER);
            paper_finish(c, right ? HOLDS : SIM_SNAPSHOT_EQUALS_REPLAY);
        }
    }
}

/* A stranger makes a snapshot before it was told who the members are. */
Test(checker_snapshot, of_a_stranger_knows_nobody)
{
    for (uint32_t id = 3; id <= 4; id++) {
        struct sim_configuration first = sim_configuration_of(3);
        struct sim_configuration nobody = {0};
        struct paper *c = paper_start_of(4, &first);
        paper_elect(c, 1, 1);
        paper_append(c, 1, "a");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_replicate(c, 1, id);
        paper_commit(c, 1, 1);
        sim_checker_snapshot(c->checker, id, c->servers[id].tip, &nobody);
        paper_finish(c, id == 4 ? HOLDS : SIM_SNAPSHOT_EQUALS_REPLAY);
    }
}

Test(checker_snapshot, says_whose_members_differ)
{
    struct paper *c = start_applied();
    struct sim_configuration members = sim_configuration_of(2);
    sim_checker_snapshot(c->checker, 1, log_up_to(c, 1, 3), &members);
    const char *text = sim_checker_violation(c->checker)->text;
    cr_assert_not_null(strstr(text, "the members after entry 3 of term 1 are "
                                    "1, 2, 3 by the log, but 1, 2 by the "
                                    "snapshot of node 1."),
                       "%s", text);
    paper_finish(c, SIM_SNAPSHOT_EQUALS_REPLAY);
}

/* --- Snapshot Equals Replay: states --------------------------------------- */

Test(checker_snapshot, gives_the_state_of_the_log)
{
    for (uint64_t index = 0; index <= 3; index++) {
        for (uint64_t error = 0; error <= 1; error++) {
            struct paper *c = start_applied();
            sim_checker_restored(c->checker, 2, log_up_to(c, 1, index),
                                 100 + index + error);
            bool broken = index > 0 && error > 0;
            paper_finish(c, broken ? SIM_SNAPSHOT_EQUALS_REPLAY : HOLDS);
        }
    }
}

/* Of a place to which no state machine came. */
Test(checker_snapshot, gives_a_state_that_somebody_had)
{
    for (uint64_t known = 0; known <= 2; known++) {
        struct paper *c = paper_start_with_leader(3);
        for (uint64_t index = 1; index <= known; index++) {
            paper_apply_own(c, 1, index);
            sim_checker_state(c->checker, 1, index, 7);
        }
        sim_checker_restored(c->checker, 2, log_up_to(c, 1, 2), 7);
        paper_finish(c, known < 2 ? SIM_SNAPSHOT_EQUALS_REPLAY : HOLDS);
    }
}

/* The log it stands for is no committed one. */
Test(checker_snapshot, gives_the_state_of_a_committed_log)
{
    for (int other = 0; other <= 1; other++) {
        struct paper *c = start_applied();
        sim_tip tip = log_up_to(c, 1, 2);
        if (other) {
            tip = paper_extend(c, log_up_to(c, 1, 1), 2, "x");
        }
        sim_checker_restored(c->checker, 2, tip, 102);
        paper_finish(c, other ? SIM_SNAPSHOT_OF_COMMITTED : HOLDS);
    }
}

/* --- what a state machine takes ------------------------------------------- */

Test(checker_snapshot, is_followed_by_the_next_entry)
{
    for (uint64_t next = 2; next <= 4; next++) {
        struct paper *c = start_applied();
        paper_append(c, 1, "d");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_commit(c, 1, 4);
        restore(c, 2, (struct sim_position){1, 2}, 4);
        paper_apply_own(c, 2, next);
        paper_finish(c, next == 3 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* The image and the entries after it in one step. */
Test(checker_snapshot, is_followed_by_entries_in_the_same_step)
{
    for (uint64_t next = 2; next <= 3; next++) {
        struct paper *c = start_applied();
        struct sim_entry entry =
            sim_log_tree_entry(c->tree, log_up_to(c, 2, next));
        struct sim_output items[] = {
            {.kind = SIM_OUTPUT_RESTORE, .restore = {.position = {1, 2}}},
            {.kind = SIM_OUTPUT_APPLY,
             .apply = {.first_index = next, .entries = &entry, .n_entries = 1}},
        };
        struct sim_outputs outputs = {items, 2};
        struct paper_server *s = &c->servers[2];
        struct sim_view before = s->view;
        s->view.commit_index = 3;
        sim_checker_step(c->checker,
                         &(struct sim_observation){.step = c->step,
                                                   .time_us = c->step * 1000,
                                                   .node = 2,
                                                   .before = &before,
                                                   .after = &s->view,
                                                   .outputs = &outputs,
                                                   .tip_before = s->tip,
                                                   .tip_after = s->tip});
        paper_finish(c, next == 3 ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

Test(checker_snapshot, is_taken_if_it_is_ahead_committed_and_applied)
{
    static const struct {
        struct sim_position position;
        uint64_t commit_index;
        enum sim_property broken;
    } cases[] = {
        {{1, 2}, 3, HOLDS},
        {{1, 3}, 3, HOLDS},
        {{1, 1}, 3, SIM_STATE_MACHINE_SAFETY},   /* had applied 2 */
        {{1, 3}, 2, SIM_STATE_MACHINE_SAFETY},   /* not committed to it */
        {{2, 3}, 3, SIM_STATE_MACHINE_SAFETY},   /* another entry */
        {{1, 4}, 4, SIM_SNAPSHOT_EQUALS_REPLAY}, /* nobody applied that */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct paper *c = start_applied();
        paper_append(c, 1, "d");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_commit(c, 1, 4);
        paper_commit(c, 2, 2);
        paper_apply_own(c, 2, 1);
        paper_apply_own(c, 2, 2);
        restore(c, 2, cases[i].position, cases[i].commit_index);
        paper_finish(c, cases[i].broken);
    }
}

/* A new life begins below what the one before had applied. */
Test(checker_snapshot, is_taken_anew_in_each_life)
{
    for (int crashes = 0; crashes <= 1; crashes++) {
        struct paper *c = start_applied();
        if (crashes) {
            paper_restart(c, 1);
        }
        restore(c, 1, (struct sim_position){1, 2}, 3);
        paper_finish(c, crashes ? HOLDS : SIM_STATE_MACHINE_SAFETY);
    }
}

/* --- logs across compaction ----------------------------------------------- */

/* A follower gets a snapshot in place of its log, which has other entries: the
 * commit index jumps, the log goes on after it, and all that its disk had of
 * committed entries is on a quorum elsewhere. */
Test(checker_snapshot, stands_for_a_log_like_any_other)
{
    for (int acknowledged = 0; acknowledged <= 1; acknowledged++) {
        struct paper *c = start_applied();
        snapshot(c, 1, log_up_to(c, 1, 3));
        paper_follow(c, 3, 2);
        paper_hold(c, 3, paper_extend(c, log_up_to(c, 3, 1), 2, "x"));
        paper_store(c, 3);
        paper_elect(c, 1, 3);
        paper_append(c, 1, "d");
        paper_store(c, 1);
        paper_replicate(c, 1, 2);
        paper_commit(c, 1, 4);
        paper_follow(c, 3, 3);
        paper_hold(c, 3, log_up_to(c, 1, 3));
        snapshot(c, 3, c->servers[3].tip);
        if (!acknowledged) {
            paper_store(c, 3);
        }
        paper_send(c, 3, 1,
                   (struct sim_message){.kind = SIM_MESSAGE_INSTALL_RESPONSE,
                                        .term = 3,
                                        .granted = true,
                                        .match_index = 3});
        if (!acknowledged) {
            restore(c, 3, (struct sim_position){1, 3}, 3);
            sim_checker_restored(c->checker, 3, c->servers[3].tip, 103);
            paper_replicate(c, 1, 3);
            paper_commit(c, 3, 4);
            paper_apply_own(c, 3, 4);
        }
        paper_finish(c, acknowledged ? SIM_DURABLE_BEFORE_ACKNOWLEDGED : HOLDS);
    }
}
