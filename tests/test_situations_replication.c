/* Situations of replication: each played, and nearly. */
#include "tests/situation_harness.h"

#include <criterion/criterion.h>

/* Node 2 has `n` entries of node 1, and node 3 leads term 2. */
static sim_tip fall_behind(struct stage *s, uint32_t n)
{
    sim_tip tip = SIM_ROOT;
    stage_elect(s, 1, 2, 1);
    for (uint32_t i = 0; i < n; i++) {
        tip = stage_entry(s, tip, 1);
    }
    stage_append(s, 2, 1, 1, tip);
    stage_elect(s, 3, 1, 2);
    return tip;
}

/* Nearly: the new leader's entry goes behind. */
static void truncation(struct stage *s, bool nearly)
{
    sim_tip tip = fall_behind(s, 1);
    sim_tip base = nearly ? tip : SIM_ROOT;
    stage_append(s, 2, 3, nearly ? 2 : 1, stage_entry(s, base, 2));
}

static void truncation_of_several(struct stage *s, bool nearly)
{
    sim_tip tip = fall_behind(s, 2);
    sim_tip base = nearly ? sim_log_tree_parent(s->tree, tip) : SIM_ROOT;
    stage_append(s, 2, 3, nearly ? 2 : 1, stage_entry(s, base, 2));
}

static void refuse(struct stage *s, struct sim_position place)
{
    struct turn turn = turn_hears(s, 1, 2, SIM_MESSAGE_APPEND_RESPONSE, 1);
    turn.message.place = place;
    turn_play(s, &turn);
}

/* Nearly: the second refusal says nothing that the first did not. */
static void back_off_in_steps(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    refuse(s, (struct sim_position){0, 9});
    refuse(s,
           nearly ? (struct sim_position){0, 9} : (struct sim_position){1, 4});
}

/* Nearly: the entry of term 1 was committed in term 1. */
static void old_entry_committed_by_new(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    if (nearly) {
        stage_acknowledge(s, 1, 2, 1, 1);
    }
    stage_follow(s, 1, 3, 2);
    stage_elect(s, 1, 2, 3);
    stage_propose(s, 1);
    stage_acknowledge(s, 1, 2, 2, 2);
}

static void commit_before_own_disk(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_acknowledge(s, 1, 2, 1, 0);
    if (nearly) {
        stage_store(s, 1);
    }
    stage_acknowledge(s, 1, 3, 1, 1);
}

/* Nearly: the own disk is not the last. */
static void commit_by_own_disk(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    if (!nearly) {
        stage_acknowledge(s, 1, 2, 1, 0);
    }
    stage_store(s, 1);
    struct turn turn = turn_of(s, 1, SIM_INPUT_WRITTEN);
    turn.after.commit_index = nearly ? 0 : 1;
    turn_play(s, &turn);
    if (nearly) {
        stage_acknowledge(s, 1, 2, 1, 1);
    }
}

static void append_twice(struct stage *s, bool committed)
{
    sim_tip tip = stage_entry(s, SIM_ROOT, 1);
    stage_elect(s, 1, 2, 1);
    stage_append(s, 2, 1, 1, tip);
    s->nodes[2].view.commit_index = committed ? 1 : 0;
    stage_append(s, 2, 1, 1, tip);
}

static void append_repeated(struct stage *s, bool nearly)
{
    append_twice(s, nearly);
}

static void append_below_commit(struct stage *s, bool nearly)
{
    append_twice(s, !nearly);
}

/* Nearly: it carries no entries. */
static void append_beyond_end(struct stage *s, bool nearly)
{
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_APPEND_REQUEST, 0);
    turn.message.place = (struct sim_position){0, 5};
    turn.message.n_entries = nearly ? 0 : 1;
    turn_play(s, &turn);
}

static void append_of_deposed_leader(struct stage *s, bool nearly)
{
    stage_follow(s, 2, 1, 5);
    struct turn turn =
        turn_hears(s, 2, 3, SIM_MESSAGE_APPEND_REQUEST, nearly ? 5 : 4);
    turn_play(s, &turn);
}

/* Nearly: the third entry is new when it leaves. */
static void window_full(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_propose(s, 1);
    stage_send_entries(s, 1, 2, 0, 1);
    stage_send_entries(s, 1, 2, 1, 1);
    if (!nearly) {
        stage_propose(s, 1);
    }
    stage_acknowledge(s, 1, 2, 1, 0);
    if (nearly) {
        stage_propose(s, 1);
    }
    stage_send_entries(s, 1, 2, 2, 1);
}

/* Nearly: it hands over. */
static void back_pressure(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    if (nearly) {
        struct turn order = turn_of(s, 1, SIM_INPUT_TRANSFER);
        turn_says(&order, SIM_OUTPUT_ACCEPTED);
        turn_play(s, &order);
    }
    struct turn turn = turn_of(s, 1, SIM_INPUT_PROPOSAL);
    turn_says(&turn, SIM_OUTPUT_REJECTED)->rejected.reason = SIM_LATER;
    turn_play(s, &turn);
}

Test(situations_replication, are_told_from_what_nearly_happened)
{
    static const struct stage_case cases[] = {
        {SIM_TRUNCATION, truncation, 3, 3, 0, 0, false},
        {SIM_TRUNCATION_OF_SEVERAL, truncation_of_several, 3, 3, 0, 0, false},
        {SIM_BACK_OFF_IN_STEPS, back_off_in_steps, 3, 3, 0, 0, false},
        {SIM_OLD_ENTRY_COMMITTED_BY_NEW, old_entry_committed_by_new, 3, 3, 0, 0,
         false},
        {SIM_COMMIT_BEFORE_OWN_DISK, commit_before_own_disk, 3, 3, 0, 0, false},
        {SIM_COMMIT_BY_OWN_DISK, commit_by_own_disk, 3, 3, 0, 0, false},
        {SIM_APPEND_REPEATED, append_repeated, 3, 3, 0, 0, false},
        {SIM_APPEND_BELOW_COMMIT, append_below_commit, 3, 3, 0, 0, false},
        {SIM_APPEND_BEYOND_END, append_beyond_end, 3, 3, 0, 0, false},
        {SIM_APPEND_OF_DEPOSED_LEADER, append_of_deposed_leader, 3, 3, 0, 0,
         false},
        {SIM_WINDOW_FULL, window_full, 3, 3, 0, 0, false},
        {SIM_BACK_PRESSURE, back_pressure, 3, 3, 0, 0, false},
    };
    stage_play_all(cases, sizeof(cases) / sizeof(cases[0]), SIM_TRUNCATION,
                   SIM_SNAPSHOT_MADE);
}

/* --- at the edges --------------------------------------------------------- */

/* Nearly: what is refused now has nothing to do with a term. */
static void refused_for_a_term(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    refuse(s, (struct sim_position){1, 9});
    refuse(s, (struct sim_position){nearly ? 0 : 1, 4});
}

/* Nearly: at the same place. */
static void refused_further_back(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    refuse(s, (struct sim_position){0, 9});
    refuse(s, (struct sim_position){1, nearly ? 9 : 8});
}

/* Nearly: the leader is the only voter. */
static void own_disk_of_several(struct stage *s, bool nearly)
{
    struct sim_configuration members = sim_configuration_of(nearly ? 1 : 2);
    stage_elect(s, 1, 2, 1);
    stage_change(s, 1, &members);
    stage_store(s, 1);
    struct turn turn = turn_of(s, 1, SIM_INPUT_WRITTEN);
    turn.after.commit_index = 1;
    turn_play(s, &turn);
}

/* Nearly: it begins right behind the log's end. */
static void append_with_gap(struct stage *s, bool nearly)
{
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_APPEND_REQUEST, 0);
    turn.message.place = (struct sim_position){0, nearly ? 0 : 1};
    turn.message.n_entries = 1;
    turn_play(s, &turn);
}

/* Two entries are there, and one comes after the first of them. Nearly: it has
 * another term there. */
static void append_that_matches(struct stage *s, bool nearly)
{
    sim_tip tip = stage_entry(s, stage_entry(s, SIM_ROOT, 1), 1);
    stage_elect(s, 1, 2, 1);
    stage_append(s, 2, 1, 1, tip);
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_APPEND_REQUEST, 1);
    turn.message.place = (struct sim_position){nearly ? 2 : 1, 1};
    turn.message.n_entries = 1;
    turn_play(s, &turn);
}

/* Nearly: by a snapshot, which takes the place of the whole log. */
static void log_replaced(struct stage *s, bool nearly)
{
    fall_behind(s, 1);
    struct turn turn = turn_hears(s, 2, 3, SIM_MESSAGE_APPEND_REQUEST, 2);
    turn.tip = stage_entry(s, SIM_ROOT, 2);
    turn_says(&turn, SIM_OUTPUT_WRITE)->write.truncate_from = 1;
    turn.outputs[0].write.has_snapshot = nearly;
    turn_play(s, &turn);
}

/* Nearly: the step of the acknowledgement itself appended the entry. */
static void entries_waited(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_propose(s, 1);
    stage_send_entries(s, 1, 2, 0, 2);
    if (!nearly) {
        stage_propose(s, 1);
    }
    struct turn turn = turn_hears(s, 1, 2, SIM_MESSAGE_APPEND_RESPONSE, 1);
    turn.message.granted = true;
    turn.message.match_index = 1;
    if (nearly) {
        turn.tip = stage_entry(s, turn.tip, 1);
    }
    turn_play(s, &turn);
    stage_send_entries(s, 1, 2, 2, 1);
}

/* Nearly: all that was sent is acknowledged, as while it probes. */
static void others_under_way(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_propose(s, 1);
    stage_propose(s, 1);
    stage_send_entries(s, 1, 2, 0, 2);
    stage_acknowledge(s, 1, 2, nearly ? 2 : 1, 0);
    stage_send_entries(s, 1, 2, 2, 1);
}

/* Nearly: for another reason. */
static void command_refused(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    struct turn turn = turn_of(s, 1, SIM_INPUT_PROPOSAL);
    turn_says(&turn, SIM_OUTPUT_REJECTED)->rejected.reason =
        nearly ? SIM_NOT_LEADER : SIM_LATER;
    turn_play(s, &turn);
}

/* Nearly: node 2 has a higher priority, and may be on its way to lead. */
static void command_refused_by_the_first(struct stage *s, bool nearly)
{
    struct sim_configuration members = sim_configuration_of(3);
    members.priorities[nearly ? 1 : 0] = 5;
    stage_elect(s, 1, 2, 1);
    stage_change(s, 1, &members);
    struct turn turn = turn_of(s, 1, SIM_INPUT_PROPOSAL);
    turn_says(&turn, SIM_OUTPUT_REJECTED)->rejected.reason = SIM_LATER;
    turn_play(s, &turn);
}

Test(situations_replication, are_told_at_the_edges)
{
    static const struct stage_case cases[] = {
        {SIM_BACK_OFF_IN_STEPS, refused_for_a_term, 3, 3, 0, 0, false},
        {SIM_BACK_OFF_IN_STEPS, refused_further_back, 3, 3, 0, 0, false},
        {SIM_COMMIT_BY_OWN_DISK, own_disk_of_several, 3, 3, 0, 0, false},
        {SIM_APPEND_BEYOND_END, append_with_gap, 3, 3, 0, 0, false},
        {SIM_APPEND_REPEATED, append_that_matches, 3, 3, 0, 0, false},
        {SIM_TRUNCATION, log_replaced, 3, 3, 0, 0, false},
        {SIM_WINDOW_FULL, entries_waited, 3, 3, 0, 0, false},
        {SIM_WINDOW_FULL, others_under_way, 3, 3, 0, 0, false},
        {SIM_BACK_PRESSURE, command_refused, 3, 3, 0, 0, false},
        {SIM_BACK_PRESSURE, command_refused_by_the_first, 3, 3, 0, 0, false},
    };
    stage_play(cases, sizeof(cases) / sizeof(cases[0]));
}
