/* Situations of reads, sessions and transfers: each played, and nearly. */
#include "tests/situation_harness.h"

#include <criterion/criterion.h>

#define TAG UINT64_C(7)

/* --- reads ---------------------------------------------------------------- */

static struct turn read_of(const struct stage *s, uint32_t id, bool lease)
{
    struct turn turn = turn_of(s, id, SIM_INPUT_READ);
    turn.input.read.tag = TAG;
    turn.input.read.lease = lease;
    return turn;
}

/* A read that was asked is answered in this turn. */
static void play_ready(struct stage *s, struct turn *turn)
{
    turn_says(turn, SIM_OUTPUT_READY)->ready.tag = TAG;
    turn_play(s, turn);
}

static void play_lost(struct stage *s, struct turn *turn)
{
    struct sim_output *output = turn_says(turn, SIM_OUTPUT_REJECTED);
    output->rejected.tag = TAG;
    output->rejected.reason = SIM_READ_LOST;
    turn_play(s, turn);
}

static void lead_and_commit(struct stage *s)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_acknowledge(s, 1, 2, 1, 1);
}

/* Nearly: it asks nobody. */
static void read_confirmed_by_round(struct stage *s, bool nearly)
{
    lead_and_commit(s);
    struct turn turn = read_of(s, 1, false);
    if (nearly) {
        play_ready(s, &turn);
        return;
    }
    turn_play(s, &turn);
    struct turn answer = turn_hears(s, 1, 2, SIM_MESSAGE_APPEND_RESPONSE, 1);
    play_ready(s, &answer);
}

/* A leader with a read steps down, by its timer or for a term. */
static void read_refused(struct stage *s, bool by_timer)
{
    lead_and_commit(s);
    struct turn turn = by_timer
                           ? turn_of(s, 1, SIM_INPUT_TIMER)
                           : turn_hears(s, 1, 2, SIM_MESSAGE_VOTE_REQUEST, 2);
    turn.after.role = SIM_FOLLOWER;
    turn.after.hard_state.term = by_timer ? 1 : 2;
    play_lost(s, &turn);
}

static void read_refused_without_quorum(struct stage *s, bool nearly)
{
    read_refused(s, !nearly);
}

static void read_refused_leader_lost(struct stage *s, bool nearly)
{
    read_refused(s, nearly);
}

static void read_waits_for_no_op(struct stage *s, bool nearly)
{
    if (nearly) {
        lead_and_commit(s);
    } else {
        stage_elect(s, 1, 2, 1);
    }
    struct turn turn = read_of(s, 1, false);
    turn_play(s, &turn);
}

/* Nearly: the one that answers leads. */
static void read_forwarded(struct stage *s, bool nearly)
{
    lead_and_commit(s);
    struct turn turn =
        turn_hears(s, nearly ? 1 : 2, 3, SIM_MESSAGE_READ_RESPONSE, 1);
    play_ready(s, &turn);
}

/* Nearly: it does not even begin. */
static void forwarded_read_lost(struct stage *s, bool nearly)
{
    struct turn turn =
        nearly ? read_of(s, 2, false) : turn_of(s, 2, SIM_INPUT_TIMER);
    play_lost(s, &turn);
}

static void lease_read_served(struct stage *s, bool nearly)
{
    lead_and_commit(s);
    struct turn turn = read_of(s, 1, !nearly);
    play_ready(s, &turn);
}

static void lease_read_asks(struct stage *s, bool nearly)
{
    lead_and_commit(s);
    struct turn turn = read_of(s, 1, true);
    if (nearly) {
        play_ready(s, &turn);
    } else {
        turn_play(s, &turn);
    }
}

/* --- sessions ------------------------------------------------------------- */

static void apply(struct stage *s, uint32_t id, const struct sim_entry *entry)
{
    struct turn turn = turn_of(s, id, SIM_INPUT_TIMER);
    struct sim_output *output = turn_says(&turn, SIM_OUTPUT_APPLY);
    output->apply.entries = entry;
    output->apply.n_entries = 1;
    turn_play(s, &turn);
}

/* Nearly: at a follower, where it is not looked at. */
static void session_opened(struct stage *s, bool nearly)
{
    struct sim_entry entry = {.term = 1, .kind = SIM_ENTRY_SESSION};
    stage_elect(s, 1, 2, 1);
    apply(s, nearly ? 2 : 1, &entry);
}

static void session_expired(struct stage *s, bool nearly)
{
    struct sim_entry entry = {
        .term = 1, .kind = SIM_ENTRY_SESSION, .session = nearly ? 0 : 4};
    stage_elect(s, 1, 2, 1);
    apply(s, 1, &entry);
}

static void apply_command(struct stage *s, enum sim_verdict_of_session verdict)
{
    struct sim_entry entry = {
        .term = 1, .kind = SIM_ENTRY_COMMAND, .verdict = verdict};
    stage_elect(s, 1, 2, 1);
    apply(s, 1, &entry);
}

static void retry_repeated(struct stage *s, bool nearly)
{
    apply_command(s, nearly ? SIM_COMMAND_FRESH : SIM_COMMAND_REPEATED);
}

static void command_of_expired_session(struct stage *s, bool nearly)
{
    apply_command(s, nearly ? SIM_COMMAND_REPEATED : SIM_COMMAND_EXPIRED);
}

/* --- transfers ------------------------------------------------------------ */

static void order(struct stage *s)
{
    struct turn turn = turn_of(s, 1, SIM_INPUT_TRANSFER);
    turn.input.transfer.to = 2;
    turn_says(&turn, SIM_OUTPUT_ACCEPTED);
    turn_play(s, &turn);
}

/* Node 2 is told to campaign at once, and does. */
static void be_told(struct stage *s)
{
    stage_send(s, 1, 2, SIM_MESSAGE_TIMEOUT_NOW);
    struct turn turn = turn_hears(s, 2, 1, SIM_MESSAGE_TIMEOUT_NOW, 1);
    turn.after.role = SIM_CANDIDATE;
    turn.after.hard_state = (struct sim_hard_state){2, 2};
    turn_play(s, &turn);
}

static void refuse_command(struct stage *s)
{
    struct turn turn = turn_of(s, 1, SIM_INPUT_PROPOSAL);
    turn_says(&turn, SIM_OUTPUT_REJECTED)->rejected.reason = SIM_LATER;
    turn_play(s, &turn);
}

/* Nearly: it campaigns because its own timer fires. */
static void transfer_succeeded(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    order(s);
    if (nearly) {
        stage_send(s, 1, 2, SIM_MESSAGE_TIMEOUT_NOW);
        stage_campaign(s, 2, 2);
    } else {
        be_told(s);
    }
    stage_vote(s, 2, 3, 2, true);
}

static void transfer_aborted(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    order(s);
    if (nearly) {
        refuse_command(s);
    } else {
        stage_propose(s, 1);
    }
}

static void transfer_target_behind(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    stage_propose(s, 1);
    stage_acknowledge(s, 1, nearly ? 2 : 3, 1, 1);
    order(s);
}

static void proposal_refused_in_transfer(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    if (!nearly) {
        order(s);
    }
    refuse_command(s);
}

static void takeover_by_priority(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    if (nearly) {
        order(s);
    }
    be_told(s);
    stage_vote(s, 2, 3, 2, true);
}

Test(situations_requests, are_told_from_what_nearly_happened)
{
    static const struct stage_case cases[] = {
        {SIM_READ_CONFIRMED_BY_ROUND, read_confirmed_by_round, 3, 3, 0, 0,
         false},
        {SIM_READ_REFUSED_WITHOUT_QUORUM, read_refused_without_quorum, 3, 3, 0,
         0, false},
        {SIM_READ_REFUSED_LEADER_LOST, read_refused_leader_lost, 3, 3, 0, 0,
         false},
        {SIM_READ_WAITS_FOR_NO_OP, read_waits_for_no_op, 3, 3, 0, 0, false},
        {SIM_READ_FORWARDED, read_forwarded, 3, 3, 0, 0, false},
        {SIM_FORWARDED_READ_LOST, forwarded_read_lost, 3, 3, 0, 0, false},
        {SIM_LEASE_READ_SERVED, lease_read_served, 3, 3, 0, 0, true},
        {SIM_LEASE_READ_ASKS, lease_read_asks, 3, 3, 0, 0, true},
        {SIM_SESSION_OPENED, session_opened, 3, 3, 0, 0, false},
        {SIM_SESSION_EXPIRED, session_expired, 3, 3, 0, 0, false},
        {SIM_RETRY_REPEATED, retry_repeated, 3, 3, 0, 0, false},
        {SIM_COMMAND_OF_EXPIRED_SESSION, command_of_expired_session, 3, 3, 0, 0,
         false},
        {SIM_TRANSFER_SUCCEEDED, transfer_succeeded, 3, 3, 0, 0, false},
        {SIM_TRANSFER_ABORTED, transfer_aborted, 3, 3, 0, 0, false},
        {SIM_TRANSFER_TARGET_BEHIND, transfer_target_behind, 3, 3, 0, 0, false},
        {SIM_PROPOSAL_REFUSED_IN_TRANSFER, proposal_refused_in_transfer, 3, 3,
         0, 0, false},
        {SIM_TAKEOVER_BY_PRIORITY, takeover_by_priority, 3, 3, 0, 0, false},
    };
    stage_play_all(cases, sizeof(cases) / sizeof(cases[0]),
                   SIM_READ_CONFIRMED_BY_ROUND, SIM_VOTE_STORED_BUT_NEVER_SENT);
}

/* --- at the edges --------------------------------------------------------- */

/* A chunk's answer is one as well; nearly: the read waited for the log. */
static void read_confirmed_by_chunk(struct stage *s, bool nearly)
{
    lead_and_commit(s);
    struct turn turn =
        nearly ? turn_of(s, 1, SIM_INPUT_WRITTEN)
               : turn_hears(s, 1, 2, SIM_MESSAGE_INSTALL_RESPONSE, 1);
    play_ready(s, &turn);
}

/* Nearly: it is refused. */
static void read_waits(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    struct turn turn = read_of(s, 1, false);
    if (nearly) {
        play_lost(s, &turn);
    } else {
        turn_play(s, &turn);
    }
}

/* Nearly: a leader that is alone needs no lease. */
static void lease_of_several(struct stage *s, bool nearly)
{
    struct sim_configuration members = sim_configuration_of(nearly ? 1 : 2);
    stage_elect(s, 1, 2, 1);
    stage_change(s, 1, &members);
    stage_acknowledge(s, 1, 2, 1, 1);
    struct turn turn = read_of(s, 1, true);
    play_ready(s, &turn);
}

/* Nearly: another read is ready in the step in which this one is asked. */
static void lease_of_this_read(struct stage *s, bool nearly)
{
    lead_and_commit(s);
    struct turn turn = read_of(s, 1, true);
    turn_says(&turn, SIM_OUTPUT_READY)->ready.tag = nearly ? TAG + 1 : TAG;
    turn_play(s, &turn);
}

/* Nearly: it is a command that is refused, with the tag of no read. */
static void read_lost_beside(struct stage *s, bool nearly)
{
    struct turn turn = turn_of(s, 2, SIM_INPUT_PROPOSAL);
    turn.input.proposal.tag = nearly ? TAG : TAG + 1;
    play_lost(s, &turn);
}

/* Nearly: what it was told is lost, and its pre-votes suffice. */
static void campaigns_as_told(struct stage *s, bool nearly)
{
    stage_elect(s, 1, 2, 1);
    order(s);
    if (nearly) {
        stage_send(s, 1, 2, SIM_MESSAGE_TIMEOUT_NOW);
        struct turn turn =
            turn_hears(s, 2, 3, SIM_MESSAGE_PRE_VOTE_RESPONSE, 2);
        turn.message.granted = true;
        turn.after.role = SIM_CANDIDATE;
        turn.after.hard_state = (struct sim_hard_state){2, 2};
        turn_play(s, &turn);
    } else {
        be_told(s);
    }
    stage_vote(s, 2, 3, 2, true);
}

Test(situations_requests, are_told_at_the_edges)
{
    static const struct stage_case cases[] = {
        {SIM_READ_CONFIRMED_BY_ROUND, read_confirmed_by_chunk, 3, 3, 0, 0,
         false},
        {SIM_READ_WAITS_FOR_NO_OP, read_waits, 3, 3, 0, 0, false},
        {SIM_LEASE_READ_SERVED, lease_of_several, 3, 3, 0, 0, true},
        {SIM_LEASE_READ_SERVED, lease_of_this_read, 3, 3, 0, 0, true},
        {SIM_TRANSFER_SUCCEEDED, campaigns_as_told, 3, 3, 0, 0, false},
        {SIM_FORWARDED_READ_LOST, read_lost_beside, 3, 3, 0, 0, false},
    };
    stage_play(cases, sizeof(cases) / sizeof(cases[0]));
}
