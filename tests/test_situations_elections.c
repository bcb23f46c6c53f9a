/* Situations of elections: each played, and nearly. */
#include "tests/situation_harness.h"

#include <criterion/criterion.h>

static void split_vote(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    stage_campaign(s, 2, 1);
    if (nearly) {
        stage_vote(s, 1, 3, 1, true);
    } else {
        stage_campaign(s, 1, 2);
    }
    stage_campaign(s, 2, 2);
}

static void ask_for_vote(struct stage *s, uint32_t id, uint32_t from,
                         struct sim_position last, uint32_t vote)
{
    uint64_t term = s->nodes[from].view.hard_state.term;
    struct turn turn = turn_hears(s, id, from, SIM_MESSAGE_VOTE_REQUEST, term);
    turn.message.place = last;
    turn.after.role = SIM_FOLLOWER;
    turn.after.hard_state = (struct sim_hard_state){term, vote};
    turn_play(s, &turn);
}

/* Nearly: it refuses for some other reason. */
static void vote_refused_for_older_log(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 3, 1);
    stage_append(s, 2, 1, 1, stage_entry(s, SIM_ROOT, 1));
    stage_campaign(s, 3, 2);
    ask_for_vote(s, 2, 3, (struct sim_position){1, nearly ? 1 : 0}, SIM_NONE);
}

/* Nearly: it is asked again by the one that has its vote. */
static void vote_refused_as_given(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    stage_campaign(s, 3, 1);
    ask_for_vote(s, 2, 1, (struct sim_position){0, 0}, 1);
    ask_for_vote(s, 2, nearly ? 1 : 3, (struct sim_position){0, 0}, 1);
}

static void pre_campaign(struct stage *s, uint32_t id)
{
    struct turn turn = turn_of(s, id, SIM_INPUT_TIMER);
    turn.after.role = SIM_PRE_CANDIDATE;
    turn_play(s, &turn);
}

/* Nearly: it has followed somebody before the refusal comes. */
static void pre_vote_refused(struct stage *s, bool nearly)
{
    pre_campaign(s, 1);
    if (nearly) {
        stage_follow(s, 1, 2, 1);
    }
    struct turn turn =
        turn_hears(s, 1, 3, SIM_MESSAGE_PRE_VOTE_RESPONSE, nearly ? 1 : 0);
    turn_play(s, &turn);
}

/* Nearly: the third server could still vote. */
static void election_by_bare_majority(struct stage *s, bool nearly)
{
    if (!nearly) {
        stage_crash(s, 3);
    }
    stage_elect(s, 1, 2, 1);
}

static void leader_beside_older_leader(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_campaign(s, 3, 2);
    if (nearly) {
        stage_follow(s, 1, 3, 2);
    }
    stage_vote(s, 3, 2, 2, true);
}

static void step_down(struct stage *s, uint32_t id)
{
    struct turn turn = turn_of(s, id, SIM_INPUT_TIMER);
    turn.after.role = SIM_FOLLOWER;
    turn_play(s, &turn);
}

/* Nearly: it steps down because it was removed. */
static void leader_deposed_by_check_quorum(struct stage *s, bool nearly)
{
    struct sim_configuration others = sim_configuration_of(3);
    sim_set_remove(&others.voters, 1);
    stage_elect(s, 1, 2, 1);
    if (nearly) {
        stage_change(s, 1, &others);
    }
    step_down(s, 1);
}

static void leader_deposed_by_higher_term(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    if (nearly) {
        step_down(s, 1);
    }
    stage_follow(s, 1, 2, 2);
}

static void candidate_yields_to_leader(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    stage_follow(s, 1, 2, nearly ? 2 : 1);
}

static void pre_candidate_yields_to_leader(struct stage *s, bool nearly)
{
    stage_follow(s, 1, 2, 1);
    pre_campaign(s, 1);
    stage_follow(s, 1, 2, nearly ? 2 : 1);
}

static void candidate_overtaken(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    if (nearly) {
        stage_campaign(s, 1, 2);
    }
    stage_follow(s, 1, 2, 2);
}

static void late_vote(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    stage_campaign(s, 1, 2);
    stage_vote(s, 1, 2, nearly ? 2 : 1, false);
}

Test(situations_elections, are_told_from_what_nearly_happened)
{
    static const struct stage_case cases[] = {
        {SIM_SPLIT_VOTE, split_vote, 3, 3, 0, 0, false},
        {SIM_VOTE_REFUSED_FOR_OLDER_LOG, vote_refused_for_older_log, 3, 3, 0, 0,
         false},
        {SIM_VOTE_REFUSED_AS_GIVEN, vote_refused_as_given, 3, 3, 0, 0, false},
        {SIM_PRE_VOTE_REFUSED, pre_vote_refused, 3, 3, 0, 0, false},
        {SIM_ELECTION_BY_BARE_MAJORITY, election_by_bare_majority, 3, 3, 0, 0,
         false},
        {SIM_LEADER_BESIDE_OLDER_LEADER, leader_beside_older_leader, 3, 3, 0, 0,
         false},
        {SIM_LEADER_DEPOSED_BY_CHECK_QUORUM, leader_deposed_by_check_quorum, 3,
         3, 0, 0, false},
        {SIM_LEADER_DEPOSED_BY_HIGHER_TERM, leader_deposed_by_higher_term, 3, 3,
         0, 0, false},
        {SIM_CANDIDATE_YIELDS_TO_LEADER, candidate_yields_to_leader, 3, 3, 0, 0,
         false},
        {SIM_PRE_CANDIDATE_YIELDS_TO_LEADER, pre_candidate_yields_to_leader, 3,
         3, 0, 0, false},
        {SIM_CANDIDATE_OVERTAKEN, candidate_overtaken, 3, 3, 0, 0, false},
        {SIM_LATE_VOTE, late_vote, 3, 3, 0, 0, false},
    };
    stage_play_all(cases, sizeof(cases) / sizeof(cases[0]), SIM_SPLIT_VOTE,
                   SIM_TRUNCATION);
}

/* --- at the edges --------------------------------------------------------- */

/* Node 3 voted for itself; nearly: for the one elected, and its vote is still
 * on its way. */
static void others_vote_is_given(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    if (nearly) {
        ask_for_vote(s, 3, 1, (struct sim_position){0, 0}, 1);
    } else {
        stage_campaign(s, 3, 1);
    }
    stage_vote(s, 1, 2, 1, true);
}

/* Node 3 is in a later term; nearly: it voted as well. */
static void other_is_in_later_term(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    if (nearly) {
        stage_vote(s, 1, 3, 1, false);
    } else {
        stage_follow(s, 3, 2, 5);
    }
    stage_vote(s, 1, 2, 1, true);
}

/* Nearly: the other one leads a newer term. */
static void other_leads(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, nearly ? 5 : 1);
    stage_elect(s, 3, 2, 2);
}

/* Nearly: one of the two crashes, and did not give up. */
static void both_give_up(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    stage_campaign(s, 2, 1);
    if (nearly) {
        stage_crash(s, 1);
    } else {
        stage_follow(s, 1, 3, 2);
    }
    stage_follow(s, 2, 3, 2);
}

/* Of three, one crashes. Nearly: one of the others, too. */
static void two_of_three_give_up(struct stage *s, bool nearly)
{
    for (uint32_t id = 1; id <= 3; id++) {
        stage_campaign(s, id, 1);
    }
    stage_crash(s, 3);
    stage_follow(s, 1, 2, 2);
    if (nearly) {
        stage_crash(s, 2);
    } else {
        stage_follow(s, 2, 1, 2);
    }
}

Test(situations_elections, are_told_at_the_edges)
{
    static const struct stage_case cases[] = {
        {SIM_ELECTION_BY_BARE_MAJORITY, others_vote_is_given, 3, 3, 0, 0,
         false},
        {SIM_ELECTION_BY_BARE_MAJORITY, other_is_in_later_term, 3, 3, 0, 0,
         false},
        {SIM_LEADER_BESIDE_OLDER_LEADER, other_leads, 3, 3, 0, 0, false},
        {SIM_SPLIT_VOTE, both_give_up, 3, 3, 0, 0, false},
        {SIM_SPLIT_VOTE, two_of_three_give_up, 3, 3, 0, 0, false},
    };
    stage_play(cases, sizeof(cases) / sizeof(cases[0]));
}
