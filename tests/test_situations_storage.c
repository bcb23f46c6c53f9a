/* Situations of storage, clocks and links: each played, and nearly. */
#include "tests/situation_harness.h"

#include <criterion/criterion.h>

/* Node 2 votes for node 1 and crashes; before, or in that, the vote becomes
 * durable, or not at all. */
static void vote_and_crash(struct stage *s, bool stored_before, bool stored_in)
{
    stage_campaign(s, 1, 1);
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_VOTE_REQUEST, 1);
    turn.after.hard_state = (struct sim_hard_state){1, 1};
    turn_play(s, &turn);
    if (stored_before) {
        stage_store(s, 2);
    }
    stage_crash(s, 2);
    if (stored_in) {
        stage_store(s, 2);
    }
    stage_boot(s, 2);
}

static void vote_stored_but_never_sent(struct stage *s, bool nearly)
{
    vote_and_crash(s, nearly, !nearly);
}

static void vote_lost_in_crash(struct stage *s, bool nearly)
{
    vote_and_crash(s, false, nearly);
}

/* Node 2 crashes while it writes two entries, of which `n` survive. */
static void write_and_crash(struct stage *s, uint64_t n)
{
    sim_tip tip = stage_entry(s, stage_entry(s, SIM_ROOT, 1), 1);
    stage_elect(s, 1, 2, 1);
    stage_append(s, 2, 1, 1, tip);
    stage_crash(s, 2);
    s->nodes[2].durable = sim_log_tree_ancestor(s->tree, tip, n);
    sim_situations_durable(s->situations, 2, s->nodes[2].durable,
                           s->nodes[2].disk);
    stage_boot(s, 2);
}

static void writes_partly_survive(struct stage *s, bool nearly)
{
    write_and_crash(s, nearly ? 2 : 1);
}

static void writes_lost(struct stage *s, bool nearly)
{
    write_and_crash(s, nearly ? 1 : 0);
}

static void former_leader_restarts(struct stage *s, bool nearly)
{
    uint32_t id = nearly ? 2 : 1;
    stage_elect(s, 1, 2, 1);
    stage_crash(s, id);
    stage_boot(s, id);
}

static void all_down(struct stage *s, bool nearly)
{
    stage_crash(s, 1);
    stage_crash(s, 2);
    if (nearly) {
        stage_boot(s, 1);
    }
    stage_crash(s, 3);
}

/* Nearly: the timer fires later. */
static void clock_jump_fires_timer(struct stage *s, bool nearly)
{
    sim_situations_jump(s->situations, 1, s->time_us);
    if (nearly) {
        stage_follow(s, 1, 2, 1);
    }
    struct turn turn = turn_of(s, 1, SIM_INPUT_TIMER);
    turn_play(s, &turn);
}

/* A message from 1 to 2, before or after node `id` comes back. */
static void post_and_restart(struct stage *s, uint32_t id, bool after)
{
    uint64_t posted_us = s->time_us;
    s->time_us += 1000;
    stage_crash(s, id);
    stage_boot(s, id);
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_APPEND_REQUEST, 0);
    if (!after) {
        turn.posted_us = posted_us;
    }
    turn_play(s, &turn);
}

static void mail_to_later_life(struct stage *s, bool nearly)
{
    post_and_restart(s, 2, nearly);
}

static void mail_of_earlier_life(struct stage *s, bool nearly)
{
    post_and_restart(s, 1, nearly);
}

/* Nearly: over another link. */
static void mail_after_cut(struct stage *s, bool nearly)
{
    sim_situations_cut(s->situations, 1, 2);
    for (int i = 0; i < 2; i++) {
        struct turn turn =
            turn_hears(s, 2, nearly ? 3 : 1, SIM_MESSAGE_APPEND_REQUEST, 0);
        turn_play(s, &turn);
    }
}

/* The disk of this one cannot write any more. */
static void fail_write(struct stage *s, uint32_t id)
{
    struct turn turn = turn_of(s, id, SIM_INPUT_FAILED);
    turn_play(s, &turn);
}

static void write_failed_at_leader(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    fail_write(s, nearly ? 2 : 1);
}

/* Node 2 votes for node 1. Nearly: that was durable before. */
static void vote_write_failed(struct stage *s, bool nearly)
{
    stage_campaign(s, 1, 1);
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_VOTE_REQUEST, 1);
    turn.after.hard_state = (struct sim_hard_state){1, 1};
    turn_play(s, &turn);
    if (nearly) {
        stage_store(s, 2);
    }
    fail_write(s, 2);
}

/* Node 2 crashes, and a start finds this. */
static void crash_and_start(struct stage *s, struct sim_situation_start found)
{
    stage_crash(s, 2);
    sim_situations_start(s->situations, 2, &found);
    if (!found.rotten) {
        stage_boot(s, 2);
    }
}

/* Nearly: it was lost as a whole. */
static void torn_entry_dropped(struct stage *s, bool nearly)
{
    crash_and_start(s, (struct sim_situation_start){.torn = !nearly});
}

/* Nearly: no life begins from it. */
static void log_void_after_crash(struct stage *s, bool nearly)
{
    crash_and_start(
        s, (struct sim_situation_start){.void_log = true, .rotten = nearly});
}

/* Nearly: what does not fit was never reported. */
static void start_refused_by_rot(struct stage *s, bool nearly)
{
    crash_and_start(
        s, (struct sim_situation_start){.torn = nearly, .rotten = !nearly});
}

/* Nearly: a start had read it. */
static void rot_overwritten_unseen(struct stage *s, bool nearly)
{
    sim_situations_rot(s->situations, 2, true);
    if (nearly) {
        crash_and_start(s, (struct sim_situation_start){.rotten = true});
    }
    sim_situations_rot(s->situations, 2, false);
}

Test(situations_storage, are_told_from_what_nearly_happened)
{
    static const struct stage_case cases[] = {
        {SIM_VOTE_STORED_BUT_NEVER_SENT, vote_stored_but_never_sent, 3, 3, 0, 0,
         false},
        {SIM_VOTE_LOST_IN_CRASH, vote_lost_in_crash, 3, 3, 0, 0, false},
        {SIM_WRITES_PARTLY_SURVIVE, writes_partly_survive, 3, 3, 0, 0, false},
        {SIM_WRITES_LOST, writes_lost, 3, 3, 0, 0, false},
        {SIM_FORMER_LEADER_RESTARTS, former_leader_restarts, 3, 3, 0, 0, false},
        {SIM_ALL_DOWN, all_down, 3, 3, 0, 0, false},
        {SIM_CLOCK_JUMP_FIRES_TIMER, clock_jump_fires_timer, 3, 3, 0, 0, false},
        {SIM_MAIL_TO_LATER_LIFE, mail_to_later_life, 3, 3, 0, 0, false},
        {SIM_MAIL_OF_EARLIER_LIFE, mail_of_earlier_life, 3, 3, 0, 0, false},
        {SIM_MAIL_AFTER_CUT, mail_after_cut, 3, 3, 0, 0, false},
        {SIM_WRITE_FAILED_AT_LEADER, write_failed_at_leader, 3, 3, 0, 0, false},
        {SIM_VOTE_WRITE_FAILED, vote_write_failed, 3, 3, 0, 0, false},
        {SIM_TORN_ENTRY_DROPPED, torn_entry_dropped, 3, 3, 0, 0, false},
        {SIM_LOG_VOID_AFTER_CRASH, log_void_after_crash, 3, 3, 0, 0, false},
        {SIM_START_REFUSED_BY_ROT, start_refused_by_rot, 3, 3, 0, 0, false},
        {SIM_ROT_OVERWRITTEN_UNSEEN, rot_overwritten_unseen, 3, 3, 0, 0, false},
    };
    stage_play_all(cases, sizeof(cases) / sizeof(cases[0]),
                   SIM_VOTE_STORED_BUT_NEVER_SENT, SIM_SITUATION_COUNT);
}

/* --- at the edges --------------------------------------------------------- */

/* The disk has the vote of an older term. Nearly: of this one. */
static void vote_of_another_term(struct stage *s, bool nearly)
{
    for (uint64_t term = 1; term <= 2; term++) {
        struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_VOTE_REQUEST, term);
        turn.after.hard_state = (struct sim_hard_state){term, 1};
        turn_play(s, &turn);
        if (term == 1 || nearly) {
            stage_store(s, 2);
        }
    }
    stage_crash(s, 2);
    stage_boot(s, 2);
}

/* Nearly: for itself. */
static void vote_for_somebody(struct stage *s, bool nearly)
{
    struct turn turn = turn_of(s, 2, SIM_INPUT_TIMER);
    turn.after.hard_state = (struct sim_hard_state){1, nearly ? 2 : 1};
    turn_play(s, &turn);
    stage_crash(s, 2);
    stage_boot(s, 2);
}

/* Nearly: what was lost would have taken the place of what is stored. */
static void writes_behind_the_stored(struct stage *s, bool nearly)
{
    sim_tip tip = stage_entry(s, SIM_ROOT, 1);
    stage_elect(s, 1, 2, 1);
    stage_append(s, 2, 1, 1, tip);
    stage_store(s, 2);
    stage_elect(s, 3, 1, 2);
    stage_append(s, 2, 3, nearly ? 1 : 2,
                 stage_entry(s, nearly ? SIM_ROOT : tip, 2));
    stage_crash(s, 2);
    stage_boot(s, 2);
}

/* Nearly: posted in the moment in which it came back. */
static void post_at_boot(struct stage *s, uint32_t id, bool at)
{
    stage_crash(s, id);
    uint64_t booted_us = s->time_us;
    stage_boot(s, id);
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_APPEND_REQUEST, 0);
    turn.posted_us = at ? booted_us : booted_us - 1;
    turn_play(s, &turn);
}

static void mail_right_before_life(struct stage *s, bool nearly)
{
    post_at_boot(s, 2, nearly);
}

static void mail_right_before_senders_life(struct stage *s, bool nearly)
{
    post_at_boot(s, 1, nearly);
}

/* A candidate's vote for itself. Nearly: it has none in its new term. */
static void own_vote_is_not_written(struct stage *s, bool nearly)
{
    stage_campaign(s, 2, 1);
    struct turn turn = turn_of(s, 2, SIM_INPUT_TIMER);
    turn.after.hard_state = (struct sim_hard_state){2, nearly ? SIM_NONE : 2};
    turn_play(s, &turn);
    fail_write(s, 2);
}

/* Each start drops what it finds; the one that is refused does so too. Nearly:
 * of the disk of another one. */
static void torn_entry_beside_rot(struct stage *s, bool nearly)
{
    crash_and_start(
        s, (struct sim_situation_start){.torn = !nearly, .rotten = true});
}

/* Told twice. Nearly: there was none. */
static void rot_is_gone_once(struct stage *s, bool nearly)
{
    sim_situations_rot(s->situations, 2, !nearly);
    sim_situations_rot(s->situations, 2, false);
    sim_situations_rot(s->situations, 2, false);
}

Test(situations_storage, are_told_at_the_edges)
{
    static const struct stage_case cases[] = {
        {SIM_VOTE_LOST_IN_CRASH, vote_of_another_term, 3, 3, 0, 0, false},
        {SIM_VOTE_LOST_IN_CRASH, vote_for_somebody, 3, 3, 0, 0, false},
        {SIM_WRITES_LOST, writes_behind_the_stored, 3, 3, 0, 0, false},
        {SIM_MAIL_TO_LATER_LIFE, mail_right_before_life, 3, 3, 0, 0, false},
        {SIM_MAIL_OF_EARLIER_LIFE, mail_right_before_senders_life, 3, 3, 0, 0,
         false},
        {SIM_VOTE_WRITE_FAILED, own_vote_is_not_written, 3, 3, 0, 0, false},
        {SIM_TORN_ENTRY_DROPPED, torn_entry_beside_rot, 3, 3, 0, 0, false},
        {SIM_ROT_OVERWRITTEN_UNSEEN, rot_is_gone_once, 3, 3, 0, 0, false},
    };
    stage_play(cases, sizeof(cases) / sizeof(cases[0]));
}
