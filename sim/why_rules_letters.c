/* Messages that leave with a promise that the paper forbids. */
#include <inttypes.h>

#include "sim/why_rules.h"

static void add_disk(struct why_text *text, const struct why_record *disk)
{
    if (disk->disk.vote == SIM_NONE) {
        why__add(text, "term %" PRIu64 " and no vote", disk->disk.term);
    } else {
        why__add(text, "term %" PRIu64 " and a vote for %" PRIu32,
                 disk->disk.term, disk->disk.vote);
    }
}

static enum why_rule of_vote(const struct why_record *disk, uint64_t term,
                             uint32_t candidate, struct why_text *text)
{
    if (disk->disk.term == term && disk->disk.vote == candidate) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though its disk has ");
    add_disk(text, disk);
    return disk->disk.term == term && disk->disk.vote != SIM_NONE
               ? WHY_ONE_VOTE
               : WHY_DURABLE_FIRST;
}

static bool has_led(const struct sim_why *why, uint32_t record, uint64_t term)
{
    const struct sim_view *view = &why__get(why, record)->view;
    return view->role == SIM_LEADER && view->hard_state.term == term;
}

static enum why_rule of_match(const struct sim_why *why,
                              const struct why_letter *letter,
                              const struct why_record *disk,
                              struct why_text *text)
{
    sim_tip tip = why__get(why, letter->made)->tip;
    uint64_t match = letter->message.match_index;
    sim_tip entry = sim_log_tree_ancestor(why->tree, tip, match);
    if (entry == SIM_NO_TIP ||
        !sim_log_tree_contains(why->tree, disk->tip, entry)) {
        why__add(text, ", though its disk has ");
        why__add_entry_at(text, why, disk->tip, match);
        return WHY_DURABLE_FIRST;
    }
    uint32_t at = why__at(why, letter->to, letter->left);
    if (at == WHY_NONE || !has_led(why, at, letter->message.term) ||
        sim_log_tree_contains(why->tree, why__get(why, at)->tip, entry)) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though it has ");
    why__add_entry_at(text, why, tip, match);
    why__add(text, " where the leader has ");
    why__add_entry_at(text, why, why__get(why, at)->tip, match);
    return WHY_ACKNOWLEDGES_MATCH;
}

/* The target's acknowledgements are what the leader can know. One that was
 * removed may be in a hurry: there the committed entries are enough. */
static enum why_rule of_transfer(const struct sim_why *why,
                                 const struct why_letter *letter,
                                 struct why_text *text)
{
    const struct why_record *made = why__get(why, letter->made);
    struct sim_position last =
        made->view.role == SIM_LEADER
            ? made->view.last
            : sim_log_tree_position(why->tree,
                                    why__commit_tip(why, letter->made));
    struct sim_set has = why__acknowledged(why, letter->made, last.index);
    if (sim_set_has(&has, letter->to)) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", which has not acknowledged ");
    why__add_place(text, last);
    why__add(text, ", the last one here");
    return WHY_TRANSFER_TO_COMPLETE_LOG;
}

static enum why_rule of_term(const struct why_letter *letter,
                             const struct why_record *disk,
                             struct why_text *text)
{
    if (disk->disk.term >= letter->message.term) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though its disk has ");
    add_disk(text, disk);
    return WHY_DURABLE_FIRST;
}

static enum why_rule of_response(const struct sim_why *why,
                                 const struct why_letter *letter,
                                 const struct why_record *disk,
                                 struct why_text *text)
{
    enum why_rule rule = of_term(letter, disk, text);
    return rule == WHY_KEEPS_RULES && letter->message.granted
               ? of_match(why, letter, disk, text)
               : rule;
}

enum why_rule why__breach_of_letter(const struct sim_why *why, uint32_t number,
                                    struct why_text *text)
{
    const struct why_letter *letter = &why->letters[number];
    const struct sim_message *message = &letter->message;
    const struct why_record *disk = NULL;
    if (letter->left_us != SIM_NEVER) {
        disk = why__disk(why, letter->from, letter->left);
    }
    if (disk == NULL) {
        return WHY_KEEPS_RULES;
    }
    switch (message->kind) {
    case SIM_MESSAGE_VOTE_REQUEST:
        return of_vote(disk, message->term, letter->from, text);
    case SIM_MESSAGE_VOTE_RESPONSE:
        return message->granted ? of_vote(disk, message->term, letter->to, text)
                                : of_term(letter, disk, text);
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_RESPONSE:
        return of_response(why, letter, disk, text);
    case SIM_MESSAGE_TIMEOUT_NOW:
        return of_transfer(why, letter, text);
    case SIM_MESSAGE_APPEND_REQUEST:
    case SIM_MESSAGE_INSTALL_REQUEST:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
        return of_term(letter, disk, text);
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return WHY_KEEPS_RULES;
}
