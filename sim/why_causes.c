/* What a fact rests on. The distances say what belongs together: what is 1 away
 * is as good as part of it, 3 or more is how things were. */
#include "sim/why_rules.h"

/* How the members by the node's log came to be what they are. */
static void rest_on_members(struct why_walk *walk, uint32_t further,
                            uint32_t node, sim_tip tip, uint32_t record)
{
    why__rest_on_entry(walk, further, node,
                       sim_log_tree_configuration(walk->why->tree, tip),
                       record);
}

/* --- roles and votes ------------------------------------------------------ */

static void of_votes(struct why_walk *walk, uint32_t record, uint32_t further)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    uint64_t term = r->view.hard_state.term;
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        if (why__view_before(why, at).hard_state.term != term) {
            break;
        }
        const struct why_letter *letter = why__letter(why, at);
        if (letter == NULL ||
            letter->message.kind != SIM_MESSAGE_VOTE_RESPONSE ||
            !letter->message.granted) {
            continue;
        }
        uint32_t voted = why__voted(why, letter->from, letter->message.term,
                                    r->node, letter->made);
        why__rest_on(walk, further, WHY_OF_VOTE, voted);
    }
}

static void of_role(struct why_walk *walk, const struct why_fact *fact)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, fact->record);
    uint64_t term = r->view.hard_state.term;
    const struct why_letter *letter = why__letter(why, fact->record);
    bool near = fact->cost == 0 || fact->breach;
    switch (r->view.role) {
    case SIM_LEADER:
        why__rest_on(walk, near ? 1 : 2, WHY_OF_ROLE,
                     why__campaigned(why, r->node, term, fact->record));
        of_votes(walk, fact->record, near ? 1 : 3);
        rest_on_members(walk, 4, r->node, why__tip_before(why, fact->record),
                        fact->record);
        break;
    case SIM_CANDIDATE:
        if (letter != NULL && letter->message.kind == SIM_MESSAGE_TIMEOUT_NOW) {
            why__rest_on_number(walk, 1, WHY_OF_LETTER, letter->left,
                                r->letter);
        }
        why__rest_on_entry(walk, 4, r->node, why__tip_before(why, fact->record),
                           fact->record);
        break;
    case SIM_FOLLOWER:
    case SIM_PRE_CANDIDATE:
        break;
    }
}

static void of_vote(struct why_walk *walk, const struct why_fact *fact)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, fact->record);
    uint64_t term = r->view.hard_state.term;
    if (r->before != WHY_NONE) {
        why__rest_on_vote(walk, 0,
                          why__voted(why, r->node, term, SIM_NONE, r->before));
    }
    why__rest_on(
        walk, 1, WHY_OF_ROLE,
        why__campaigned(why, r->view.hard_state.vote, term, fact->record));
    why__rest_on_entry(walk, fact->breach ? 1 : 4, r->node,
                       why__tip_before(why, fact->record), fact->record);
}

/* --- logs ----------------------------------------------------------------- */

static void of_log(struct why_walk *walk, const struct why_fact *fact)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, fact->record);
    const struct why_letter *letter = why__letter(why, fact->record);
    sim_tip entry = fact->entry == SIM_NO_TIP ? r->tip : fact->entry;
    uint64_t term = r->view.hard_state.term;
    if (r->view.role == SIM_LEADER) {
        why__rest_on(walk, 2, WHY_OF_ROLE,
                     why__led(why, r->node, term, fact->record));
        return;
    }
    if (letter == NULL) {
        return;
    }
    why__rest_on_entry(walk, 1, letter->from, entry, letter->made);
    why__rest_on(
        walk, 2, WHY_OF_ROLE,
        why__led(why, letter->from, letter->message.term, letter->made));
    if (fact->breach) {
        why__rest_on_entry(walk, 1, r->node, why__tip_before(why, fact->record),
                           r->before);
    }
}

/* --- commits -------------------------------------------------------------- */

/* The messages by which others acknowledged it that promised too much. */
static void of_acknowledgements(struct why_walk *walk, uint32_t record,
                                uint64_t index)
{
    const struct sim_why *why = walk->why;
    uint64_t term = why__get(why, record)->view.hard_state.term;
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_record *step = why__get(why, at);
        const struct why_letter *letter = why__letter(why, at);
        char room[SIM_WHY_LINE_SIZE];
        struct why_text text = {room, sizeof room, 0};
        if (step->view.hard_state.term != term || !why__leads(why, at)) {
            break;
        }
        if (letter != NULL && letter->message.granted &&
            letter->message.match_index >= index &&
            why__breach_of_letter(why, step->letter, &text) !=
                WHY_KEEPS_RULES) {
            why__rest_on_number(walk, 1, WHY_OF_LETTER, letter->left,
                                step->letter);
        }
    }
}

/* The node acknowledged the entry, and its disk does not have it: how it lost
 * it again, or never had it. */
static void rest_on_loss(struct why_walk *walk, uint32_t node, sim_tip entry,
                         uint32_t record)
{
    uint32_t lost = why__lost(walk->why, node, entry, record);
    if (lost != WHY_NONE) {
        why__rest_on_step(walk, 1, lost);
    }
    why__rest_on_entry(walk, 2, node, entry, record);
}

static void of_leaders_commit(struct why_walk *walk, uint32_t record,
                              uint32_t further)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    sim_tip entry = why__commit_tip(why, record);
    struct sim_set set = why__acknowledged(why, record, r->view.commit_index);
    for (uint32_t node = 1; node <= why->n; node++) {
        if (!sim_set_has(&set, node)) {
            continue;
        }
        const struct why_record *disk = why__disk(why, node, record);
        if (sim_log_tree_contains(why->tree, disk->tip, entry)) {
            why__rest_on_entry(walk, node == r->node ? 1 : further, node, entry,
                               record);
        } else {
            rest_on_loss(walk, node, entry, record);
        }
    }
    of_acknowledgements(walk, record, r->view.commit_index);
    why__rest_on(walk, 1, WHY_OF_ROLE,
                 why__led(why, r->node, r->view.hard_state.term, record));
    rest_on_members(walk, 4, r->node, r->tip, record);
}

static void of_commit(struct why_walk *walk, const struct why_fact *fact)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, fact->record);
    uint32_t record = fact->record;
    if (why__leads(why, record)) {
        of_leaders_commit(walk, record, fact->cost <= 1 ? 1 : 3);
        return;
    }
    why__rest_on_entry(walk, 1, r->node, why__commit_tip(why, record), record);
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_letter *letter = why__letter(why, at);
        if (letter == NULL ||
            letter->message.commit_index < r->view.commit_index) {
            continue;
        }
        why__rest_on(walk, 2, WHY_OF_COMMIT,
                     why__committed(why, letter->from, r->view.commit_index,
                                    letter->made));
        return;
    }
}

static void of_apply(struct why_walk *walk, const struct why_fact *fact)
{
    const struct why_record *r = why__get(walk->why, fact->record);
    uint64_t last = r->applied_from + r->n_applied - 1;
    uint32_t committed = why__committed(walk->why, r->node, last, fact->record);
    if (committed != WHY_NONE &&
        why__get(walk->why, committed)->kind == WHY_STEP) {
        why__rest_on(walk, 1, WHY_OF_COMMIT, committed);
    }
}

/* --- snapshots ------------------------------------------------------------ */

static uint32_t made_snapshot(const struct sim_why *why, uint32_t node,
                              uint64_t index, uint32_t record)
{
    for (uint32_t at = why__at(why, node, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        if (why__get(why, at)->snapshot.index == index) {
            return at;
        }
    }
    return WHY_NONE;
}

static void of_snapshot(struct why_walk *walk, const struct why_fact *fact)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, fact->record);
    const struct why_letter *letter = why__letter(why, fact->record);
    uint64_t index =
        r->snapshot.index > 0 ? r->snapshot.index : r->restored.index;
    if (letter != NULL) {
        why__rest_on(walk, 1, WHY_OF_SNAPSHOT,
                     made_snapshot(why, letter->from, index, letter->made));
        why__rest_on(
            walk, 2, WHY_OF_ROLE,
            why__led(why, letter->from, letter->message.term, letter->made));
    } else if (r->input == SIM_INPUT_START && r->before != WHY_NONE) {
        why__rest_on(walk, 1, WHY_OF_LIFE, r->before);
        why__rest_on(walk, 2, WHY_OF_SNAPSHOT,
                     made_snapshot(why, r->node, index, r->before));
    } else if (r->input != SIM_INPUT_SNAPSHOT) {
        why__rest_on(walk, 1, WHY_OF_SNAPSHOT,
                     made_snapshot(why, r->node, index, r->before));
    } else {
        uint32_t at = why__committed(why, r->node, index, fact->record);
        if (at != WHY_NONE && why__get(why, at)->kind == WHY_STEP) {
            why__rest_on(walk, 3, WHY_OF_COMMIT, at);
        }
    }
}

/* --- messages ------------------------------------------------------------- */

static void of_letter(struct why_walk *walk, const struct why_fact *fact)
{
    const struct sim_why *why = walk->why;
    const struct why_letter *letter = &why->letters[fact->number];
    const struct why_record *made = why__get(why, letter->made);
    if (letter->message.granted && letter->message.match_index > 0) {
        why__rest_on_entry(walk, 1, letter->from,
                           sim_log_tree_ancestor(why->tree, made->tip,
                                                 letter->message.match_index),
                           letter->made);
        why__rest_on(
            walk, 1, WHY_OF_ROLE,
            why__led(why, letter->to, letter->message.term, letter->left));
    }
    if (letter->message.kind == SIM_MESSAGE_VOTE_RESPONSE &&
        letter->message.granted) {
        why__rest_on(walk, 1, WHY_OF_VOTE,
                     why__voted(why, letter->from, letter->message.term,
                                letter->to, letter->made));
    }
    if (letter->message.kind == SIM_MESSAGE_VOTE_REQUEST) {
        why__rest_on(walk, 1, WHY_OF_ROLE,
                     why__campaigned(why, letter->from, letter->message.term,
                                     letter->made));
    }
    why__rest_on(
        walk, 2, WHY_OF_ROLE,
        why__led(why, letter->from, letter->message.term, letter->made));
}

/* The life after a crash; WHY_NONE: there is none. */
static uint32_t next_life(const struct sim_why *why, uint32_t crash)
{
    for (uint32_t at = crash + 1; at < why->n_records; at++) {
        if (why__get(why, at)->before == crash &&
            why__get(why, at)->kind == WHY_LIFE) {
            return at;
        }
    }
    return WHY_NONE;
}

void why__find_causes(struct why_walk *walk, const struct why_fact *fact)
{
    switch (fact->aspect) {
    case WHY_OF_LIFE:
        why__rest_on(walk, 1, WHY_OF_CRASH,
                     why__get(walk->why, fact->record)->before);
        break;
    case WHY_OF_CRASH:
        why__rest_on(walk, 0, WHY_OF_LIFE, next_life(walk->why, fact->record));
        break;
    case WHY_OF_ROLE:
        of_role(walk, fact);
        break;
    case WHY_OF_VOTE:
        of_vote(walk, fact);
        break;
    case WHY_OF_LOG:
        of_log(walk, fact);
        break;
    case WHY_OF_COMMIT:
        of_commit(walk, fact);
        break;
    case WHY_OF_APPLY:
        of_apply(walk, fact);
        break;
    case WHY_OF_SNAPSHOT:
        of_snapshot(walk, fact);
        break;
    case WHY_OF_ANSWER:
        why__causes_of_answer(walk, fact);
        break;
    case WHY_OF_LETTER:
        of_letter(walk, fact);
        break;
    case WHY_OF_QUESTION:
    case WHY_OF_BREACH:
    case WHY_OF_OPERATION:
    case WHY_OF_EVENT:
    case WHY_OF_STATE:
    case WHY_ASPECT_COUNT:
        break;
    }
}
