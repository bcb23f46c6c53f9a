/* What the answer to a read rests on. */
#include "sim/why_rules.h"

/* The last answer of the node that the leader of the record had by then. */
static void rest_on_last_answer(struct why_walk *walk, uint32_t record,
                                uint32_t node)
{
    const struct sim_why *why = walk->why;
    uint64_t term = why__get(why, record)->view.hard_state.term;
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_letter *letter = why__letter(why, at);
        if (letter != NULL && letter->from == node &&
            letter->message.term == term &&
            (letter->message.kind == SIM_MESSAGE_APPEND_RESPONSE ||
             letter->message.kind == SIM_MESSAGE_INSTALL_RESPONSE)) {
            why__rest_on_number(walk, 1, WHY_OF_LETTER, letter->left,
                                why__get(why, at)->letter);
            why__rest_on(walk, 1, WHY_OF_CRASH,
                         why__crash_between(why, node, letter->made, record));
            return;
        }
    }
}

/* Who elected another leader while the one of the record trusted its lease, and
 * what they had answered it. */
static void of_lease(struct why_walk *walk, uint32_t record, uint32_t elected)
{
    const struct sim_why *why = walk->why;
    struct sim_set stale;
    struct sim_set votes = why__votes(why, elected, &stale);
    walk->lease = true;
    why__rest_on(walk, 0, WHY_OF_ROLE, elected);
    for (uint32_t node = 1; node <= why->n; node++) {
        if (sim_set_has(&votes, node)) {
            rest_on_last_answer(walk, record, node);
        }
    }
}

/* The last word of a leader that a forwarded read may be answered. */
static void rest_on_allowance(struct why_walk *walk, uint32_t record)
{
    const struct sim_why *why = walk->why;
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_letter *letter = why__letter(why, at);
        if (letter != NULL && letter->message.granted &&
            letter->message.kind == SIM_MESSAGE_READ_RESPONSE) {
            why__rest_on_number(walk, 1, WHY_OF_LETTER, letter->left,
                                why__get(why, at)->letter);
            return;
        }
    }
}

void why__causes_of_answer(struct why_walk *walk, const struct why_fact *fact)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, fact->record);
    for (size_t i = 0; i < r->n_ready && i < 2; i++) {
        uint32_t asked = why__asked(why, fact->record, i);
        if (asked != fact->record) {
            why__rest_on(walk, 1, WHY_OF_QUESTION, asked);
        }
    }
    if (r->view.role != SIM_LEADER) {
        rest_on_allowance(walk, fact->record);
    }
    uint32_t leader = r->view.role == SIM_LEADER ? r->node : r->view.leader;
    if (leader != SIM_NONE && leader <= why->n) {
        why__rest_on(
            walk, 1, WHY_OF_ROLE,
            why__led(why, leader, r->view.hard_state.term, fact->record));
    }
    for (uint32_t node = 1; node <= why->n; node++) {
        uint32_t at = why__at(why, node, fact->record);
        if (node != leader && at != WHY_NONE &&
            why__get(why, at)->kind != WHY_CRASH &&
            why__get(why, at)->view.role == SIM_LEADER) {
            const struct sim_view *view = &why__get(why, at)->view;
            uint32_t elected = why__led(why, node, view->hard_state.term, at);
            if (fact->breach && r->lease && elected != WHY_NONE &&
                view->hard_state.term > r->view.hard_state.term) {
                of_lease(walk, fact->record, elected);
            }
            why__rest_on(walk, 1, WHY_OF_ROLE, elected);
        }
    }
}
