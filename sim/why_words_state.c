/* The words for a message, for what a step was about, and for how a node stands
 * at the end. */
#include <inttypes.h>

#include "sim/why_internal.h"

static const char *deed_of(const struct sim_message *message)
{
    switch (message->kind) {
    case SIM_MESSAGE_OTHER:
        return "sends a message to";
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
        return "asks for a pre-vote of";
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
        return message->granted ? "gives a pre-vote to"
                                : "refuses a pre-vote to";
    case SIM_MESSAGE_VOTE_REQUEST:
        return "asks for the vote of";
    case SIM_MESSAGE_VOTE_RESPONSE:
        return message->granted ? "sends its vote to" : "refuses its vote to";
    case SIM_MESSAGE_APPEND_REQUEST:
        return message->n_entries > 0 ? "sends entries to"
                                      : "sends a heartbeat to";
    case SIM_MESSAGE_APPEND_RESPONSE:
        return message->granted ? "acknowledges entries to"
                                : "refuses entries of";
    case SIM_MESSAGE_INSTALL_REQUEST:
        return "sends a snapshot to";
    case SIM_MESSAGE_INSTALL_RESPONSE:
        return message->granted ? "acknowledges the snapshot of"
                                : "has not installed the snapshot of";
    case SIM_MESSAGE_TIMEOUT_NOW:
        return "hands over the leadership to";
    case SIM_MESSAGE_READ_REQUEST:
        return "forwards a read to";
    case SIM_MESSAGE_READ_RESPONSE:
        return message->granted ? "allows the forwarded read of"
                                : "refuses the forwarded read of";
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return "sends something to";
}

static const char *fate_of(enum sim_why_loss loss)
{
    switch (loss) {
    case SIM_WHY_ARRIVED:
    case SIM_WHY_UNDER_WAY:
        return "";
    case SIM_WHY_NEVER_LEFT:
        return "; it never left";
    case SIM_WHY_LOST_BY_CHANCE:
        return "; it is lost";
    case SIM_WHY_LOST_BY_CUT:
        return "; it is lost, nothing passes there";
    case SIM_WHY_FOUND_DOWN:
        return "; it finds the node down";
    }
    return "";
}

static bool is_answer(enum sim_message_kind kind)
{
    switch (kind) {
    case SIM_MESSAGE_VOTE_RESPONSE:
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_RESPONSE:
        return true;
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_VOTE_REQUEST:
    case SIM_MESSAGE_APPEND_REQUEST:
    case SIM_MESSAGE_INSTALL_REQUEST:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return false;
}

/* Of an answer: when it was asked for, and when it came. */
static void add_times(struct why_text *text, const struct sim_why *why,
                      const struct why_letter *letter)
{
    const struct why_letter *question = why__letter(why, letter->made);
    if (question == NULL || question->from != letter->to ||
        !is_answer(letter->message.kind)) {
        return;
    }
    why__add(text, ", in answer to what was sent at ");
    why__add_seconds(text, question->left_us);
    if (letter->arrived != WHY_NONE) {
        why__add(text, "; it arrives at ");
        why__add_seconds(text, why__get(why, letter->arrived)->time_us);
    }
}

void why__words_of_letter(const struct sim_why *why, uint32_t number,
                          struct why_text *text)
{
    const struct why_letter *letter = &why->letters[number];
    const struct sim_message *message = &letter->message;
    why__add(text, "%s %" PRIu32 " in term %" PRIu64, deed_of(message),
             letter->to, message->term);
    switch (message->kind) {
    case SIM_MESSAGE_APPEND_REQUEST:
        if (message->n_entries > 0) {
            why__add(text, ": %" PRIu64 "..%" PRIu64, message->place.index + 1,
                     message->place.index + message->n_entries);
        }
        why__add(text, ", after ");
        why__add_place(text, message->place);
        why__add(text, ", %" PRIu64 " committed", message->commit_index);
        break;
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_RESPONSE:
        if (message->granted) {
            why__add(text, ": it has all up to %" PRIu64, message->match_index);
        }
        break;
    case SIM_MESSAGE_INSTALL_REQUEST:
        why__add(text, ", up to ");
        why__add_place(text, message->place);
        break;
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_VOTE_REQUEST:
    case SIM_MESSAGE_VOTE_RESPONSE:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    add_times(text, why, letter);
    why__add(text, "%s", fate_of(letter->loss));
}

/* What the node got, where nothing that came of it is told. */
void why__words_of_breach(const struct sim_why *why, uint32_t record,
                          struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    const struct why_letter *letter = why__letter(why, record);
    if (letter != NULL) {
        why__add(text, "gets the %s of %" PRIu32 " of term %" PRIu64,
                 sim_message_kind_name(letter->message.kind), letter->from,
                 letter->message.term);
        return;
    }
    why__add(text, "is %s of term %" PRIu64, sim_role_name(r->view.role),
             r->view.hard_state.term);
}

/* Since when its term, role and commit index are as they are. */
static uint64_t since_us(const struct sim_why *why, uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    uint32_t at = record;
    while (why__get(why, at)->before != WHY_NONE) {
        const struct sim_view *before =
            &why__get(why, why__get(why, at)->before)->view;
        if (before->role != r->view.role ||
            before->hard_state.term != r->view.hard_state.term ||
            before->commit_index != r->view.commit_index) {
            break;
        }
        at = why__get(why, at)->before;
    }
    return why__get(why, at)->time_us;
}

void why__words_of_state(const struct sim_why *why, uint32_t node,
                         struct why_text *text)
{
    uint32_t record = why__at(why, node, (uint32_t)why->n_records);
    const struct why_record *r = why__get(why, record);
    if (r->kind == WHY_CRASH) {
        why__add(text, "is down");
        return;
    }
    why__add(text, "is %s of term %" PRIu64, sim_role_name(r->view.role),
             r->view.hard_state.term);
    if (r->view.role == SIM_FOLLOWER && r->view.leader != SIM_NONE) {
        why__add(text, " (it follows %" PRIu32 ")", r->view.leader);
    }
    uint64_t since = since_us(why, record);
    why__add(text,
             ", log up to %" PRIu64 " of term %" PRIu64 ", %" PRIu64
             " committed, %" PRIu64 " applied; as such since %" PRIu64
             ".%06" PRIu64 " s",
             r->view.last.index, r->view.last.term, r->view.commit_index,
             why__applied(why, node, record), since / 1000000, since % 1000000);
}
