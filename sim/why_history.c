/* What led to the answers of clients, and to a standstill. */
#include "sim/why_internal.h"

/* As much as the judge of a run (sim/history_judge.c) gives a key. */
#define MAX_WORK UINT64_C(2000000)

/* Of a large window the last operations are told: they end the contradiction.
 */
#define TOLD_OPERATIONS 5u

/* --- operations ----------------------------------------------------------- */

/* The first record that is not before `time_us`: the number of them if none
 * is. */
static uint32_t place_of(const struct sim_why *why, uint64_t time_us)
{
    uint32_t at = (uint32_t)why->n_records;
    while (at > 0 && why__get(why, at - 1)->time_us > time_us) {
        at--;
    }
    return at;
}

/* The node let a read of the client be answered in that time. */
static uint32_t answered(const struct sim_why *why,
                         const struct sim_history_operation *operation)
{
    uint32_t place = place_of(why, operation->returned_us);
    for (uint32_t at = why__at(why, operation->result.node, place);
         at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_record *r = why__get(why, at);
        if (r->time_us < operation->invoked_us) {
            break;
        }
        for (size_t i = 0; i < r->n_ready && at < place; i++) {
            if (sim_clients_number(why->tags[r->ready + i]) ==
                operation->client) {
                return at;
            }
        }
    }
    return WHY_NONE;
}

/* The entry that a leader made of what the client asked for in that time. */
static uint32_t appended(const struct sim_why *why,
                         const struct sim_history_operation *operation)
{
    for (uint32_t at = place_of(why, operation->returned_us); at > 0; at--) {
        const struct why_record *r = why__get(why, at - 1);
        if (r->time_us < operation->invoked_us) {
            break;
        }
        if (r->kind == WHY_STEP && r->accepted &&
            r->input == SIM_INPUT_PROPOSAL &&
            sim_clients_number(r->tag) == operation->client) {
            return at - 1;
        }
    }
    return WHY_NONE;
}

/* Where the node applied the entry, by the operation's end. */
static uint32_t applied(const struct sim_why *why,
                        const struct sim_history_operation *operation,
                        uint64_t index)
{
    uint32_t place = place_of(why, operation->returned_us);
    for (uint32_t at = why__at(why, operation->result.node, place);
         at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_record *r = why__get(why, at);
        if (r->n_applied > 0 && r->applied_from <= index &&
            index < r->applied_from + r->n_applied) {
            return at;
        }
    }
    return WHY_NONE;
}

static void of_operation(struct why_walk *walk, uint32_t number, uint32_t cost)
{
    const struct sim_why *why = walk->why;
    const struct sim_history_operation *operation =
        sim_history_get(sim_clients_history(walk->clients), number);
    why__rest_on_number(walk, 0, WHY_OF_OPERATION,
                        place_of(why, operation->returned_us), number);
    if (operation->request.kind == SIM_HISTORY_READ &&
        operation->result.way != SIM_WAY_LOG) {
        why__rest_on(walk, cost, WHY_OF_ANSWER, answered(why, operation));
        return;
    }
    uint32_t at = appended(why, operation);
    if (at == WHY_NONE) {
        return;
    }
    const struct why_record *r = why__get(why, at);
    why__rest_on_entry(walk, cost, r->node,
                       sim_log_tree_ancestor(why->tree, r->tip, r->place.index),
                       at);
    why__rest_on(walk, cost + 1, WHY_OF_APPLY,
                 applied(why, operation, r->place.index));
}

void why__find_operations(struct why_walk *walk)
{
    const struct sim_history *history = sim_clients_history(walk->clients);
    struct sim_linearizability found;
    sim_linearizability_check(history, MAX_WORK, &found);
    if (found.verdict == SIM_NOT_LINEARIZABLE) {
        size_t first = found.n_window > TOLD_OPERATIONS
                           ? found.n_window - TOLD_OPERATIONS
                           : 0;
        for (size_t i = first; i < found.n_window; i++) {
            bool last = i + 1 == found.n_window;
            of_operation(walk, found.window[i], last ? 0 : 2);
        }
    }
    sim_linearizability_free(&found);
}

/* --- a standstill --------------------------------------------------------- */

/* The last message that the one sent to the other; `entries`: with entries, or
 * a snapshot. */
static void of_pair(struct why_walk *walk, uint32_t from, uint32_t to,
                    bool entries)
{
    const struct sim_why *why = walk->why;
    for (size_t i = why->n_letters; i > 0; i--) {
        const struct why_letter *letter = &why->letters[i - 1];
        bool carries = letter->message.n_entries > 0 ||
                       letter->message.kind == SIM_MESSAGE_INSTALL_REQUEST;
        if (letter->from == from && letter->to == to &&
            letter->left_us != SIM_NEVER && (carries || !entries)) {
            why__rest_on_number(walk, 1, WHY_OF_LETTER, letter->left,
                                (uint32_t)i - 1);
            return;
        }
    }
}

/* The last campaign of all, and what became of it. */
static void of_campaign(struct why_walk *walk)
{
    const struct sim_why *why = walk->why;
    uint32_t last = WHY_NONE;
    for (uint32_t node = 1; node <= why->n; node++) {
        uint32_t at = why__at(why, node, (uint32_t)why->n_records);
        while (at != WHY_NONE &&
               why__get(why, at)->view.role != SIM_CANDIDATE) {
            at = why__get(why, at)->before;
        }
        if (at != WHY_NONE && (last == WHY_NONE ||
                               why__get(why, at)->view.hard_state.term >
                                   why__get(why, last)->view.hard_state.term)) {
            last = at;
        }
    }
    if (last == WHY_NONE) {
        return;
    }
    const struct why_record *r = why__get(why, last);
    uint64_t term = r->view.hard_state.term;
    why__rest_on(walk, 0, WHY_OF_ROLE,
                 why__campaigned(why, r->node, term, last));
    for (uint32_t i = 0; i < why->n_letters; i++) {
        const struct why_letter *letter = &why->letters[i];
        if (letter->message.term == term && letter->left_us != SIM_NEVER &&
            ((letter->to == r->node &&
              letter->message.kind == SIM_MESSAGE_VOTE_RESPONSE) ||
             (letter->from == r->node && letter->loss != SIM_WHY_ARRIVED &&
              letter->message.kind == SIM_MESSAGE_VOTE_REQUEST))) {
            why__rest_on_number(walk, 1, WHY_OF_LETTER, letter->left, i);
        }
    }
}

static bool is_member(const struct sim_why *why, sim_tip tip, uint32_t node)
{
    const struct sim_configuration *members = why__members(why, tip);
    struct sim_set set = {{0}};
    if (members != NULL) {
        set = sim_configuration_members(members);
    }
    return members == NULL || sim_set_has(&set, node);
}

/* Who stands still: the leader, who has not applied what it has, and everybody
 * if nobody leads. */
static void of_leader(struct why_walk *walk, uint32_t leader)
{
    const struct sim_why *why = walk->why;
    uint32_t end = (uint32_t)why->n_records;
    const struct why_record *led = why__get(why, leader);
    why__rest_on(walk, 1, WHY_OF_ROLE,
                 why__led(why, led->node, led->view.hard_state.term, leader));
    why__rest_on_entry(walk, 1, led->node,
                       sim_log_tree_configuration(why->tree, led->tip), leader);
    for (uint32_t node = 1; node <= why->n; node++) {
        uint32_t at = why__at(why, node, end);
        if (at == WHY_NONE) {
            continue;
        }
        bool behind = is_member(why, led->tip, node) &&
                      (why__applied(why, node, end) < led->view.last.index ||
                       why__get(why, at)->kind == WHY_CRASH);
        why__rest_on_number(walk, behind || node == led->node ? 0 : 7,
                            WHY_OF_STATE, end, node);
        if (behind && node != led->node) {
            of_pair(walk, led->node, node, true);
            of_pair(walk, led->node, node, false);
            of_pair(walk, node, led->node, false);
        }
    }
}

void why__find_end(struct why_walk *walk)
{
    const struct sim_why *why = walk->why;
    uint32_t end = (uint32_t)why->n_records;
    uint32_t leader = WHY_NONE;
    for (uint32_t node = 1; node <= why->n; node++) {
        uint32_t at = why__at(why, node, end);
        if (at == WHY_NONE) {
            continue;
        }
        const struct why_record *r = why__get(why, at);
        if (r->kind == WHY_STEP && r->view.role == SIM_LEADER &&
            (leader == WHY_NONE ||
             r->view.hard_state.term >
                 why__get(why, leader)->view.hard_state.term)) {
            leader = at;
        }
    }
    if (leader != WHY_NONE) {
        of_leader(walk, leader);
        return;
    }
    for (uint32_t node = 1; node <= why->n; node++) {
        if (why__at(why, node, end) != WHY_NONE) {
            why__rest_on_number(walk, 0, WHY_OF_STATE, end, node);
        }
    }
    of_campaign(walk);
}
