/* Situations of members: each played, and nearly. */
#include "tests/situation_harness.h"

#include <criterion/criterion.h>

/* Of voters 1 to 3 and a fourth. */
static struct sim_configuration joint(void)
{
    struct sim_configuration members = sim_configuration_of(4);
    members.old_voters = sim_configuration_of(3).voters;
    return members;
}

static struct sim_configuration without(uint32_t node)
{
    struct sim_configuration members = sim_configuration_of(3);
    sim_set_remove(&members.voters, node);
    return members;
}

/* Node 1 leads term 1, and appends the joint members or `single` ones. */
static void begin_change(struct stage *s, bool single)
{
    struct sim_configuration members =
        single ? sim_configuration_of(4) : joint();
    stage_elect(s, 1, 2, 1);
    stage_change(s, 1, &members);
}

static void joint_entered(struct stage *s, bool nearly)
{
    begin_change(s, nearly);
}

/* Nearly: members change, but were not joint. */
static void joint_left(struct stage *s, bool nearly)
{
    struct sim_configuration end = sim_configuration_of(4);
    struct sim_configuration other = without(3);
    begin_change(s, nearly);
    stage_change(s, 1, nearly ? &other : &end);
}

static void joint_left_by_later_leader(struct stage *s, bool nearly)
{
    struct sim_configuration end = sim_configuration_of(4);
    begin_change(s, false);
    if (!nearly) {
        stage_follow(s, 1, 2, 2);
        stage_elect(s, 1, 2, 3);
    }
    stage_change(s, 1, &end);
}

static void joint_spans_leader_change(struct stage *s, bool nearly)
{
    begin_change(s, nearly);
    stage_follow(s, 1, 2, 2);
    stage_elect(s, 1, 2, 3);
}

/* Node 2 loses the entry `tip` of term 1 to node 3. */
static void lose(struct stage *s, sim_tip tip)
{
    stage_elect(s, 1, 2, 1);
    stage_append(s, 2, 1, 1, tip);
    stage_elect(s, 3, 2, 2);
    stage_append(s, 2, 3, 1, stage_entry(s, SIM_ROOT, 2));
}

static void joint_rolled_back(struct stage *s, bool nearly)
{
    struct sim_configuration members =
        nearly ? sim_configuration_of(4) : joint();
    lose(s, stage_members(s, SIM_ROOT, 1, &members));
}

static void configuration_rolled_back(struct stage *s, bool nearly)
{
    struct sim_configuration members = sim_configuration_of(4);
    lose(s, nearly ? stage_entry(s, SIM_ROOT, 1)
                   : stage_members(s, SIM_ROOT, 1, &members));
}

/* Node 1 refuses to make a voter of node 4. */
static void refuse(struct stage *s, enum sim_reason reason)
{
    struct sim_configuration members = sim_configuration_of(4);
    struct turn turn = turn_of(s, 1, SIM_INPUT_CHANGE);
    turn.input.change.members = &members;
    turn_says(&turn, SIM_OUTPUT_REJECTED)->rejected.reason = reason;
    turn_play(s, &turn);
}

static void lead_and_commit(struct stage *s)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_acknowledge(s, 1, 2, 1, 1);
}

static void change_refused_before_no_op(struct stage *s, bool nearly)
{
    if (nearly) {
        lead_and_commit(s);
    } else {
        stage_elect(s, 1, 2, 1);
    }
    refuse(s, SIM_LATER);
}

static void change_refused_as_pending(struct stage *s, bool nearly)
{
    struct sim_configuration members = without(3);
    lead_and_commit(s);
    stage_change(s, 1, &members);
    if (nearly) {
        stage_acknowledge(s, 1, 2, 2, 2);
    }
    refuse(s, SIM_LATER);
}

/* Nearly: the learner stays one. */
static void learner_promoted(struct stage *s, bool nearly)
{
    struct sim_configuration members = sim_configuration_of(nearly ? 3 : 4);
    if (nearly) {
        sim_set_add(&members.learners, 4);
        members.priorities[0] = 1;
    }
    stage_elect(s, 1, 2, 1);
    stage_change(s, 1, &members);
}

static void promotion_refused(struct stage *s, bool nearly)
{
    lead_and_commit(s);
    refuse(s, nearly ? SIM_NEVER_SO : SIM_LATER);
}

static void leader_removes_itself(struct stage *s, bool nearly)
{
    struct sim_configuration members = without(nearly ? 3 : 1);
    stage_elect(s, 1, 2, 1);
    stage_change(s, 1, &members);
}

/* Nearly: the leader that hands over still votes. */
static void removed_leader_hands_over(struct stage *s, bool nearly)
{
    struct sim_configuration members = without(nearly ? 3 : 1);
    stage_elect(s, 1, 2, 1);
    stage_change(s, 1, &members);
    stage_send(s, 1, 2, SIM_MESSAGE_TIMEOUT_NOW);
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_TIMEOUT_NOW, 1);
    turn.after.role = SIM_CANDIDATE;
    turn.after.hard_state = (struct sim_hard_state){2, 2};
    turn_play(s, &turn);
    stage_vote(s, 2, 3, 2, true);
}

static void outsider_campaigns_in_vain(struct stage *s, bool nearly)
{
    struct turn turn =
        turn_hears(s, 2, nearly ? 3 : 4, SIM_MESSAGE_VOTE_REQUEST, 5);
    turn_play(s, &turn);
}

/* Nearly: it is a member, whose log is empty as well. */
static void stranger_gets_first_entries(struct stage *s, bool nearly)
{
    uint32_t id = nearly ? 3 : 4;
    sim_tip tip = stage_entry(s, SIM_ROOT, 1);
    stage_elect(s, 1, 2, 1);
    stage_append(s, id, 1, 1, tip);
    stage_append(s, id, 1, 2, stage_entry(s, tip, 1));
}

static void leader_of_uncommitted_members(struct stage *s, bool nearly)
{
    begin_change(s, true);
    if (nearly) {
        stage_acknowledge(s, 1, 2, 1, 1);
    }
    stage_follow(s, 1, 2, 2);
    stage_elect(s, 1, 2, 3);
}

static void witness_decides_vote(struct stage *s, bool nearly)
{
    stage_elect(s, 1, nearly ? 2 : 3, 1);
}

static void witness_decides_commit(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_store(s, 1);
    stage_acknowledge(s, 1, nearly ? 2 : 3, 1, 1);
}

Test(situations_members, are_told_from_what_nearly_happened)
{
    static const struct stage_case cases[] = {
        {SIM_JOINT_ENTERED, joint_entered, 4, 3, 0, 0, false},
        {SIM_JOINT_LEFT, joint_left, 4, 3, 0, 0, false},
        {SIM_JOINT_LEFT_BY_LATER_LEADER, joint_left_by_later_leader, 4, 3, 0, 0,
         false},
        {SIM_JOINT_SPANS_LEADER_CHANGE, joint_spans_leader_change, 4, 3, 0, 0,
         false},
        {SIM_JOINT_ROLLED_BACK, joint_rolled_back, 4, 3, 0, 0, false},
        {SIM_CONFIGURATION_ROLLED_BACK, configuration_rolled_back, 4, 3, 0, 0,
         false},
        {SIM_CHANGE_REFUSED_BEFORE_NO_OP, change_refused_before_no_op, 4, 3, 0,
         4, false},
        {SIM_CHANGE_REFUSED_AS_PENDING, change_refused_as_pending, 4, 3, 0, 4,
         false},
        {SIM_LEARNER_PROMOTED, learner_promoted, 4, 3, 0, 4, false},
        {SIM_PROMOTION_REFUSED, promotion_refused, 4, 3, 0, 4, false},
        {SIM_LEADER_REMOVES_ITSELF, leader_removes_itself, 3, 3, 0, 0, false},
        {SIM_REMOVED_LEADER_HANDS_OVER, removed_leader_hands_over, 3, 3, 0, 0,
         false},
        {SIM_OUTSIDER_CAMPAIGNS_IN_VAIN, outsider_campaigns_in_vain, 4, 3, 0, 0,
         false},
        {SIM_STRANGER_GETS_FIRST_ENTRIES, stranger_gets_first_entries, 4, 3, 0,
         0, false},
        {SIM_LEADER_OF_UNCOMMITTED_MEMBERS, leader_of_uncommitted_members, 4, 3,
         0, 0, false},
        {SIM_WITNESS_DECIDES_VOTE, witness_decides_vote, 3, 3, 3, 0, false},
        {SIM_WITNESS_DECIDES_COMMIT, witness_decides_commit, 3, 3, 3, 0, false},
    };
    stage_play_all(cases, sizeof(cases) / sizeof(cases[0]), SIM_JOINT_ENTERED,
                   SIM_READ_CONFIRMED_BY_ROUND);
}

/* --- at the edges --------------------------------------------------------- */

/* Node 4 asks node 2, whose last entry is {2, 2}, for a pre-vote. */
static void ask_for_pre_vote(struct stage *s, struct sim_position last)
{
    sim_tip tip = stage_entry(s, stage_entry(s, SIM_ROOT, 1), 2);
    stage_elect(s, 1, 3, 2);
    stage_append(s, 2, 1, 1, tip);
    struct turn turn = turn_hears(s, 2, 4, SIM_MESSAGE_PRE_VOTE_REQUEST, 9);
    turn.message.place = last;
    turn_play(s, &turn);
}

/* Nearly: its log is as long, and it may get that pre-vote. */
static void outsider_with_shorter_log(struct stage *s, bool nearly)
{
    ask_for_pre_vote(s, (struct sim_position){2, nearly ? 2 : 1});
}

static void outsider_with_older_log(struct stage *s, bool nearly)
{
    ask_for_pre_vote(s, (struct sim_position){nearly ? 3 : 1, 9});
}

/* Nearly: its term is no higher. */
static void outsider_of_higher_term(struct stage *s, bool nearly)
{
    struct turn turn =
        turn_hears(s, 2, 4, SIM_MESSAGE_VOTE_REQUEST, nearly ? 0 : 1);
    turn_play(s, &turn);
}

/* Nearly: none of the leader's messages had an entry. */
static void stranger_gets_one_entry(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    if (nearly) {
        stage_follow(s, 4, 1, 1);
    } else {
        stage_append(s, 4, 1, 1, stage_entry(s, SIM_ROOT, 1));
    }
}

/* Nearly: what comes first is that it hands over. */
static void change_refused_for_no_op(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    if (nearly) {
        struct turn turn = turn_of(s, 1, SIM_INPUT_TRANSFER);
        turn_says(&turn, SIM_OUTPUT_ACCEPTED);
        turn_play(s, &turn);
    }
    refuse(s, SIM_LATER);
}

/* Nearly: three full voters of five have it, too. */
static void witness_of_five_decides(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_store(s, 1);
    stage_acknowledge(s, 1, 2, 1, 0);
    if (nearly) {
        stage_acknowledge(s, 1, 4, 1, 0);
    }
    stage_acknowledge(s, 1, 3, 1, 1);
}

Test(situations_members, are_told_at_the_edges)
{
    static const struct stage_case cases[] = {
        {SIM_OUTSIDER_CAMPAIGNS_IN_VAIN, outsider_with_shorter_log, 4, 3, 0, 0,
         false},
        {SIM_OUTSIDER_CAMPAIGNS_IN_VAIN, outsider_with_older_log, 4, 3, 0, 0,
         false},
        {SIM_OUTSIDER_CAMPAIGNS_IN_VAIN, outsider_of_higher_term, 4, 3, 0, 0,
         false},
        {SIM_STRANGER_GETS_FIRST_ENTRIES, stranger_gets_one_entry, 4, 3, 0, 0,
         false},
        {SIM_CHANGE_REFUSED_BEFORE_NO_OP, change_refused_for_no_op, 4, 3, 0, 4,
         false},
        {SIM_WITNESS_DECIDES_COMMIT, witness_of_five_decides, 5, 5, 3, 0,
         false},
    };
    stage_play(cases, sizeof(cases) / sizeof(cases[0]));
}
