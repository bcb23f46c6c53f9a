/* What a violation rests on: the steps that contradict each other. They are
 * found again in the records by what the property says; where that fails, the
 * step of the violation is all that there is. */
#include "sim/why_rules.h"

/* The node's record of the violation's step; where it had no step then, the
 * last one by then. */
static uint32_t step_of(const struct sim_why *why,
                        const struct sim_violation *violation, uint32_t node)
{
    uint32_t found = WHY_NONE;
    for (uint32_t at = 0; at < why->n_records; at++) {
        const struct why_record *r = why__get(why, at);
        if (r->step > violation->step) {
            break;
        }
        if (r->node != node || r->kind == WHY_DURABLE || r->kind == WHY_EVENT) {
            continue;
        }
        found = at;
        if (r->kind == WHY_STEP && r->step == violation->step) {
            break;
        }
    }
    return found;
}

/* --- elections and votes -------------------------------------------------- */

static void of_election_safety(struct why_walk *walk, uint32_t record,
                               uint32_t first, uint32_t second)
{
    const struct sim_why *why = walk->why;
    uint64_t term = why__get(why, record)->view.hard_state.term;
    why__rest_on(walk, 0, WHY_OF_ROLE, why__led(why, first, term, record));
    why__rest_on(walk, 0, WHY_OF_ROLE, why__led(why, second, term, record));
}

/* A message of the node that left in the violation's step: the first that it
 * may not have sent; if there is none, the last to the other node.
 * SIM_WHY_NO_LETTER: there is none of these. */
static uint32_t letter_of(const struct sim_why *why,
                          const struct sim_violation *violation)
{
    uint32_t found = SIM_WHY_NO_LETTER;
    uint32_t last = SIM_WHY_NO_LETTER;
    for (uint32_t i = (uint32_t)why->n_letters; i > 0; i--) {
        const struct why_letter *letter = &why->letters[i - 1];
        char room[SIM_WHY_LINE_SIZE];
        struct why_text text = {room, sizeof room, 0};
        if (letter->from != violation->nodes[0] ||
            letter->left_us == SIM_NEVER ||
            letter->left_step != violation->step) {
            continue;
        }
        if (why__breach_of_letter(why, i - 1, &text) != WHY_KEEPS_RULES) {
            found = i - 1;
        }
        if (last == SIM_WHY_NO_LETTER && violation->n_nodes > 1 &&
            letter->to == violation->nodes[1]) {
            last = i - 1;
        }
    }
    return found != SIM_WHY_NO_LETTER ? found : last;
}

static void of_promise(struct why_walk *walk, uint32_t record,
                       const struct sim_violation *violation)
{
    const struct sim_why *why = walk->why;
    uint32_t letter = letter_of(why, violation);
    if (letter == SIM_WHY_NO_LETTER) {
        why__rest_on_step(walk, 0, record);
        return;
    }
    why__rest_on_number(walk, 0, WHY_OF_LETTER, why->letters[letter].left,
                        letter);
    why__rest_on_step(walk, 1, why->letters[letter].made);
}

/* The latest vote that is known of the node, in memory or in a message; and the
 * one before it in that term. */
static void of_one_vote(struct why_walk *walk, uint32_t record,
                        const struct sim_violation *violation)
{
    const struct sim_why *why = walk->why;
    uint32_t node = why__get(why, record)->node;
    uint64_t term = why__get(why, record)->view.hard_state.term;
    uint32_t vote = why__voted(why, node, term, SIM_NONE, record);
    uint32_t letter = letter_of(why, violation);
    why__rest_on_step(walk, 0, record);
    if (letter != SIM_WHY_NO_LETTER) {
        why__rest_on_number(walk, 0, WHY_OF_LETTER, why->letters[letter].left,
                            letter);
    }
    for (int i = 0; i < 4 && vote != WHY_NONE; i++) {
        why__rest_on_vote(walk, 0, vote);
        uint32_t before = why__get(why, vote)->before;
        vote = before == WHY_NONE
                   ? WHY_NONE
                   : why__voted(why, node, term, SIM_NONE, before);
    }
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        if (why__view_before(why, at).hard_state.term != term) {
            break;
        }
        struct sim_view before = why__view_before(why, at);
        if (before.hard_state.vote != SIM_NONE &&
            why__get(why, at)->kind == WHY_STEP &&
            before.hard_state.vote != why__get(why, at)->view.hard_state.vote) {
            why__rest_on(walk, 0, WHY_OF_BREACH, at);
        }
    }
}

/* --- logs ----------------------------------------------------------------- */

/* The commit of the node that is furthest back and has what `tip` lacks. */
static uint32_t commit_without(const struct sim_why *why, uint32_t node,
                               uint32_t record, sim_tip tip)
{
    uint32_t found = WHY_NONE;
    for (uint32_t at = why__at(why, node, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        const struct why_record *r = why__get(why, at);
        if (r->kind == WHY_STEP &&
            r->view.commit_index > why__view_before(why, at).commit_index &&
            !sim_log_tree_contains(why->tree, tip, why__commit_tip(why, at))) {
            found = at;
        }
    }
    return found;
}

static void of_completeness(struct why_walk *walk, uint32_t record,
                            uint32_t other)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    bool elected =
        r->view.role == SIM_LEADER &&
        why__led(why, r->node, r->view.hard_state.term, record) == record;
    why__rest_on_step(walk, 0, record);
    if (elected) {
        why__rest_on(
            walk, 0, WHY_OF_COMMIT,
            commit_without(why, other, record, why__tip_before(why, record)));
        return;
    }
    sim_tip committed = why__commit_tip(why, record);
    for (uint32_t at = why__at(why, other, record); at != WHY_NONE;
         at = why__get(why, at)->before) {
        const struct why_record *led = why__get(why, at);
        if (led->view.role == SIM_LEADER &&
            why__led(why, other, led->view.hard_state.term, at) == at &&
            !sim_log_tree_contains(why->tree, led->tip, committed)) {
            why__rest_on(walk, 0, WHY_OF_ROLE, at);
            return;
        }
    }
}

/* The step in which the node came to hold so much committed. */
static uint32_t own_commit(const struct sim_why *why, uint32_t record,
                           uint64_t index)
{
    uint32_t at =
        why__committed(why, why__get(why, record)->node, index, record);
    return at != WHY_NONE && why__get(why, at)->kind == WHY_STEP ? at
                                                                 : WHY_NONE;
}

/* The first commit of any node that is not on one path with the log here. */
static void of_state_machines(struct why_walk *walk, uint32_t record)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    sim_tip held = why__commit_tip(why, record);
    why__rest_on_step(walk, 0, record);
    for (uint32_t at = 0; at < record; at++) {
        const struct why_record *other = why__get(why, at);
        if (other->kind != WHY_STEP || other->node == r->node ||
            other->view.commit_index <=
                why__view_before(why, at).commit_index) {
            continue;
        }
        sim_tip tip = why__commit_tip(why, at);
        if (!sim_log_tree_contains(why->tree, held, tip) &&
            !sim_log_tree_contains(why->tree, tip, held)) {
            why__rest_on(walk, 0, WHY_OF_COMMIT, at);
            why__rest_on(walk, 0, WHY_OF_COMMIT,
                         own_commit(why, record, r->view.commit_index));
            why__rest_on_entry(walk, 1, r->node, held, record);
            return;
        }
    }
}

/* Where any node's log came to have the entry first. */
static uint32_t first_with(const struct sim_why *why, sim_tip entry)
{
    for (uint32_t at = 0; at < why->n_records; at++) {
        const struct why_record *r = why__get(why, at);
        if ((r->kind == WHY_STEP || r->kind == WHY_LIFE) &&
            sim_log_tree_contains(why->tree, r->tip, entry)) {
            return at;
        }
    }
    return WHY_NONE;
}

static void of_log_matching(struct why_walk *walk, uint32_t record)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    why__rest_on_step(walk, 0, record);
    for (sim_tip tip = r->tip; tip != SIM_ROOT;
         tip = sim_log_tree_parent(why->tree, tip)) {
        sim_tip twin = sim_log_tree_twin(why->tree, tip);
        if (twin != SIM_NO_TIP) {
            uint32_t at = first_with(why, twin);
            if (at != WHY_NONE) {
                why__rest_on_entry(walk, 0, why__get(why, at)->node, twin, at);
            }
            sim_tip before = sim_log_tree_parent(why->tree, tip);
            why__rest_on_entry(walk, 1, r->node, before, record);
            return;
        }
    }
}

/* Where the disk dropped it, or the commit that too few hold. */
static void of_quorum(struct why_walk *walk, uint32_t record)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    bool committed =
        r->view.commit_index > why__view_before(why, record).commit_index;
    why__rest_on_step(walk, 0, record);
    if (committed) {
        return;
    }
    uint32_t commit = WHY_NONE;
    for (uint32_t at = 0; at <= record; at++) {
        const struct why_record *other = why__get(why, at);
        if (other->kind == WHY_STEP &&
            other->view.commit_index > why__view_before(why, at).commit_index &&
            (commit == WHY_NONE ||
             other->view.commit_index >
                 why__get(why, commit)->view.commit_index)) {
            commit = at;
        }
    }
    if (commit != WHY_NONE) {
        why__rest_on(walk, 1, WHY_OF_COMMIT, commit);
        uint32_t lost =
            why__lost(why, r->node, why__commit_tip(why, commit), record);
        if (lost != WHY_NONE) {
            why__rest_on_step(walk, 0, lost);
        }
    }
}

static void of_members(struct why_walk *walk, uint32_t record)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    sim_tip latest = sim_log_tree_configuration(why->tree, r->tip);
    why__rest_on_step(walk, 0, record);
    why__rest_on_entry(walk, 1, r->node, latest, record);
    if (latest != SIM_ROOT) {
        why__rest_on_entry(
            walk, 1, r->node,
            sim_log_tree_configuration(why->tree,
                                       sim_log_tree_parent(why->tree, latest)),
            record);
    }
    why__rest_on(walk, 1, WHY_OF_ROLE,
                 why__led(why, r->node, r->view.hard_state.term, record));
    sim_tip before =
        sim_log_tree_configuration(why->tree, why__tip_before(why, record));
    why__rest_on_entry(walk, 1, r->node, before, record);
}

/* A term or a commit index that was higher before. */
static void of_lower(struct why_walk *walk, uint32_t record)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    uint64_t commit = why__view_before(why, record).commit_index;
    why__rest_on_step(walk, 0, record);
    if (commit > r->view.commit_index && r->before != WHY_NONE) {
        why__rest_on(walk, 1, WHY_OF_COMMIT,
                     why__committed(why, r->node, commit, r->before));
    }
}

/* -------------------------------------------------------------------------- */

void why__find_roots(struct why_walk *walk,
                     const struct sim_violation *violation)
{
    const struct sim_why *why = walk->why;
    uint32_t a = violation->n_nodes > 0 ? violation->nodes[0] : SIM_NONE;
    uint32_t b = violation->n_nodes > 1 ? violation->nodes[1] : a;
    uint32_t record = a == SIM_NONE ? WHY_NONE : step_of(why, violation, a);
    if (violation->property == SIM_LINEARIZABILITY) {
        why__find_operations(walk);
    } else if (violation->property == SIM_PROGRESS) {
        why__find_end(walk);
    }
    if (record == WHY_NONE) {
        return;
    }
    switch (violation->property) {
    case SIM_ELECTION_SAFETY:
        of_election_safety(walk, step_of(why, violation, b), a, b);
        break;
    case SIM_ONE_VOTE_PER_TERM:
        of_one_vote(walk, record, violation);
        break;
    case SIM_DURABLE_BEFORE_ACKNOWLEDGED:
        of_promise(walk, record, violation);
        break;
    case SIM_LEADER_COMPLETENESS:
        of_completeness(walk, record, b);
        break;
    case SIM_STATE_MACHINE_SAFETY:
        of_state_machines(walk, record);
        break;
    case SIM_LOG_MATCHING:
        of_log_matching(walk, record);
        break;
    case SIM_COMMITTED_ON_QUORUM:
        of_quorum(walk, record);
        break;
    case SIM_LEADER_APPEND_ONLY:
    case SIM_ONE_CHANGE_AT_A_TIME:
    case SIM_CONFIGURATION_MATCHES_LOG:
        of_members(walk, record);
        break;
    case SIM_SNAPSHOT_OF_COMMITTED:
    case SIM_SNAPSHOT_EQUALS_REPLAY:
    case SIM_EXACTLY_ONCE:
        why__find_applied(walk, record);
        break;
    case SIM_MONOTONIC_TERM:
    case SIM_MONOTONIC_COMMIT:
        of_lower(walk, record);
        break;
    case SIM_LINEARIZABILITY:
    case SIM_PROGRESS:
    case SIM_PROPERTY_COUNT:
        break;
    }
}
