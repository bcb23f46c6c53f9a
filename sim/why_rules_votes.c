/* Terms, votes and elections that the paper forbids. */
#include <inttypes.h>

#include "sim/why_rules.h"

/* Whether the node takes it that the message's sender is in the message's term.
 * Pre-votes are about a term that nobody is in yet, and a request for a vote
 * may be ignored while a leader is heard (dissertation, 4.2.3 and 9.6). */
static bool tells_term(const struct sim_message *message)
{
    switch (message->kind) {
    case SIM_MESSAGE_APPEND_REQUEST:
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_REQUEST:
    case SIM_MESSAGE_INSTALL_RESPONSE:
    case SIM_MESSAGE_VOTE_RESPONSE:
        return true;
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_VOTE_REQUEST:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return false;
}

static enum why_rule of_term(const struct sim_why *why, uint32_t record,
                             struct why_text *text)
{
    const struct why_letter *letter = why__letter(why, record);
    uint64_t before = why__view_before(why, record).hard_state.term;
    uint64_t after = why__get(why, record)->view.hard_state.term;
    if (after < before) {
        why__add(text, ", though it was in term %" PRIu64, before);
        return WHY_TERM_NEVER_FALLS;
    }
    if (letter != NULL && tells_term(&letter->message) &&
        letter->message.term > after) {
        why__add(text,
                 ", and stays in term %" PRIu64
                 ", though the message is of term %" PRIu64,
                 after, letter->message.term);
        return WHY_HIGHER_TERM_WINS;
    }
    return WHY_KEEPS_RULES;
}

/* Whether an answer of the node that gave another candidate its vote of the
 * term left before the record. */
static uint32_t promised(const struct sim_why *why, uint32_t node,
                         uint64_t term, uint32_t candidate, uint32_t record)
{
    for (uint32_t i = why__letters_from(why, record); i > 0; i--) {
        const struct why_letter *letter = &why->letters[i - 1];
        if (letter->from != node) {
            continue;
        }
        if (why__get(why, letter->made)->view.hard_state.term < term) {
            break;
        }
        if (letter->to != candidate &&
            letter->message.kind == SIM_MESSAGE_VOTE_RESPONSE &&
            letter->message.granted && letter->message.term == term &&
            letter->left_us != SIM_NEVER && letter->left <= record) {
            return letter->to;
        }
    }
    return SIM_NONE;
}

static enum why_rule of_vote(const struct sim_why *why, uint32_t record,
                             struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_view before = why__view_before(why, record);
    struct sim_hard_state had = before.hard_state;
    struct sim_hard_state has = r->view.hard_state;
    if (had.term == has.term && had.vote == has.vote) {
        return WHY_KEEPS_RULES;
    }
    if (had.term == has.term && had.vote != SIM_NONE) {
        why__add(text, ", though it had voted for %" PRIu32 " in this term",
                 had.vote);
        return WHY_ONE_VOTE;
    }
    const struct why_letter *letter = why__letter(why, record);
    if (has.term > had.term && has.vote != SIM_NONE && has.vote != r->node &&
        (letter == NULL || letter->from != has.vote)) {
        why__add(text,
                 ", and has a vote for %" PRIu32
                 " in it, which did not ask for one",
                 has.vote);
        return WHY_NO_VOTE_IN_NEW_TERM;
    }
    uint32_t other = has.vote == SIM_NONE
                         ? SIM_NONE
                         : promised(why, r->node, has.term, has.vote, record);
    if (other != SIM_NONE) {
        why__add(text,
                 ", though it had given %" PRIu32
                 " its vote of this term before it crashed",
                 other);
        return WHY_ONE_VOTE;
    }
    if (letter != NULL && letter->message.kind == SIM_MESSAGE_VOTE_REQUEST &&
        has.vote == letter->from &&
        sim_position_compare(letter->message.place, before.last) < 0) {
        why__add(text, ", though its own log is more up-to-date");
        return WHY_VOTE_FOR_NEWER_LOG;
    }
    return WHY_KEEPS_RULES;
}

static enum why_rule of_election(const struct sim_why *why, uint32_t record,
                                 struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_view before = why__view_before(why, record);
    bool led = before.role == SIM_LEADER &&
               before.hard_state.term == r->view.hard_state.term;
    if (led || r->view.role != SIM_LEADER) {
        return WHY_KEEPS_RULES;
    }
    struct sim_set stale;
    struct sim_set votes = why__votes(why, record, &stale);
    const struct sim_configuration *members =
        why__members(why, why__tip_before(why, record));
    if (members == NULL || sim_configuration_is_quorum(members, &votes)) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", which is no majority of ");
    why__add_members(text, members);
    if (!sim_set_is_empty(&stale)) {
        why__add(text, "; ");
        why__add_set(text, &stale);
        why__add(text, " answered for an older term");
    }
    return WHY_MAJORITY_ELECTS;
}

enum why_rule why__breach_of_vote(const struct sim_why *why, uint32_t record,
                                  struct why_text *text)
{
    enum why_rule rule = of_term(why, record, text);
    if (rule == WHY_KEEPS_RULES) {
        rule = of_vote(why, record, text);
    }
    return rule == WHY_KEEPS_RULES ? of_election(why, record, text) : rule;
}
