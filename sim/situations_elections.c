/* Situations of votes, candidates and leaders. */
#include "sim/situations_internal.h"

/* --- campaigns ------------------------------------------------------------ */

static struct situations_term *term_of(struct sim_situations *situations,
                                       uint64_t term)
{
    return &situations->terms[term % SITUATIONS_TERMS];
}

static void begin_campaign(struct sim_situations *situations, uint64_t term)
{
    struct situations_term *slot = term_of(situations, term);
    if (slot->term < term) {
        *slot = (struct situations_term){.term = term};
    }
    if (slot->term == term) {
        slot->campaigning++;
    }
}

void situations__end_campaign(struct sim_situations *situations, uint64_t term,
                              bool crashed)
{
    struct situations_term *slot = term_of(situations, term);
    if (slot->term != term) {
        return;
    }
    slot->campaigning--;
    slot->gave_up += crashed ? 0 : 1;
    if (slot->campaigning == 0 && slot->gave_up >= 2 && !slot->elected) {
        situations__count(situations, SIM_SPLIT_VOTE);
        slot->gave_up = 0;
    }
}

/* --- elected -------------------------------------------------------------- */

/* Whether the voter might have voted for the one elected in `term`, or did. */
static bool may_vote_for(const struct situations_node *voter, uint32_t elected,
                         uint64_t term)
{
    const struct sim_hard_state *has = &voter->view.hard_state;
    return voter->alive &&
           (has->term < term || (has->term == term && (has->vote == SIM_NONE ||
                                                       has->vote == elected)));
}

static bool is_bare_majority(const struct sim_situations *situations,
                             const struct situations_look *look,
                             const struct sim_set *votes)
{
    const struct sim_configuration *members = &look->node->members;
    uint32_t others = 0;
    for (uint32_t i = 1; i <= situations->n; i++) {
        if (!sim_configuration_is_voter(members, i) || sim_set_has(votes, i)) {
            continue;
        }
        if (may_vote_for(&situations->nodes[i], look->id,
                         look->after->hard_state.term)) {
            return false;
        }
        others++;
    }
    return others > 0;
}

static bool is_beside_leader(const struct sim_situations *situations,
                             const struct situations_look *look)
{
    for (uint32_t i = 1; i <= situations->n; i++) {
        const struct situations_node *other = &situations->nodes[i];
        if (i != look->id && other->alive && other->view.role == SIM_LEADER &&
            other->view.hard_state.term < look->after->hard_state.term) {
            return true;
        }
    }
    return false;
}

static void elected(struct sim_situations *situations,
                    const struct situations_look *look)
{
    struct situations_term *slot =
        term_of(situations, look->after->hard_state.term);
    if (slot->term == look->after->hard_state.term) {
        slot->elected = true;
    }
    sim_set_add(&look->node->votes, look->id);
    if (is_bare_majority(situations, look, &look->node->votes)) {
        situations__count(situations, SIM_ELECTION_BY_BARE_MAJORITY);
    }
    if (is_beside_leader(situations, look)) {
        situations__count(situations, SIM_LEADER_BESIDE_OLDER_LEADER);
    }
    situations__elected_members(situations, look, &look->node->votes);
    situations__elected_by_wish(situations, look);
}

/* --- messages ------------------------------------------------------------- */

static void asked_for_vote(struct sim_situations *situations,
                           const struct situations_look *look)
{
    const struct sim_hard_state *before = &look->before->hard_state;
    const struct sim_hard_state *after = &look->after->hard_state;
    if (look->message->term != after->term) {
        return;
    }
    if (after->vote == SIM_NONE &&
        sim_position_compare(look->message->place, look->before->last) < 0) {
        situations__count(situations, SIM_VOTE_REFUSED_FOR_OLDER_LOG);
    }
    if (look->before->role == SIM_FOLLOWER && before->term == after->term &&
        before->vote != SIM_NONE && before->vote != look->from) {
        situations__count(situations, SIM_VOTE_REFUSED_AS_GIVEN);
    }
}

static void answered_for_vote(struct sim_situations *situations,
                              const struct situations_look *look)
{
    const struct sim_message *message = look->message;
    uint64_t term = look->before->hard_state.term;
    if (!message->granted) {
        return;
    }
    if (message->term < term) {
        situations__count(situations, SIM_LATE_VOTE);
    } else if (message->term == term && look->before->role == SIM_CANDIDATE) {
        sim_set_add(&look->node->votes, look->from);
    }
}

static void heard_leader(struct sim_situations *situations,
                         const struct situations_look *look)
{
    if (look->message->term != look->before->hard_state.term ||
        look->after->role != SIM_FOLLOWER) {
        return;
    }
    if (look->before->role == SIM_CANDIDATE) {
        situations__count(situations, SIM_CANDIDATE_YIELDS_TO_LEADER);
    } else if (look->before->role == SIM_PRE_CANDIDATE) {
        situations__count(situations, SIM_PRE_CANDIDATE_YIELDS_TO_LEADER);
    }
}

static void look_at_message(struct sim_situations *situations,
                            const struct situations_look *look)
{
    switch (look->message->kind) {
    case SIM_MESSAGE_VOTE_REQUEST:
        asked_for_vote(situations, look);
        break;
    case SIM_MESSAGE_VOTE_RESPONSE:
        answered_for_vote(situations, look);
        break;
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
        if (!look->message->granted &&
            look->before->role == SIM_PRE_CANDIDATE) {
            situations__count(situations, SIM_PRE_VOTE_REFUSED);
        }
        break;
    case SIM_MESSAGE_APPEND_REQUEST:
    case SIM_MESSAGE_INSTALL_REQUEST:
        heard_leader(situations, look);
        break;
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_RESPONSE:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
}

/* --- roles ---------------------------------------------------------------- */

static void leaves_leadership(struct sim_situations *situations,
                              const struct situations_look *look, bool new_term)
{
    if (new_term && look->message != NULL) {
        situations__count(situations, SIM_LEADER_DEPOSED_BY_HIGHER_TERM);
    } else if (!new_term && look->input->kind == SIM_INPUT_TIMER &&
               sim_configuration_is_voter(&look->node->members, look->id)) {
        situations__count(situations, SIM_LEADER_DEPOSED_BY_CHECK_QUORUM);
    }
}

static void change_role(struct sim_situations *situations,
                        const struct situations_look *look)
{
    enum sim_role before = look->before->role;
    enum sim_role after = look->after->role;
    uint64_t term = look->before->hard_state.term;
    bool new_term = look->after->hard_state.term != term;
    if (before == after && !new_term) {
        return;
    }
    if (after == SIM_LEADER) {
        elected(situations, look);
    }
    if (before == SIM_CANDIDATE) {
        if (new_term && look->message != NULL) {
            situations__count(situations, SIM_CANDIDATE_OVERTAKEN);
        }
        situations__end_campaign(situations, term, false);
    } else if (before == SIM_LEADER && after != SIM_LEADER) {
        leaves_leadership(situations, look, new_term);
    }
    if (after == SIM_CANDIDATE) {
        look->node->votes = (struct sim_set){0};
        begin_campaign(situations, look->after->hard_state.term);
    }
}

void situations__elections(struct sim_situations *situations,
                           const struct situations_look *look)
{
    if (look->message != NULL) {
        look_at_message(situations, look);
    }
    change_role(situations, look);
}
