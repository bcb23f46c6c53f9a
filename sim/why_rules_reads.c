/* Reads that the dissertation forbids to answer. */
#include <inttypes.h>

#include "sim/why_rules.h"

uint32_t why__asked(const struct sim_why *why, uint32_t record, size_t nth)
{
    const struct why_record *r = why__get(why, record);
    uint64_t tag = why->tags[r->ready + nth];
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_record *step = why__get(why, at);
        if (step->kind == WHY_STEP && step->input == SIM_INPUT_READ &&
            step->tag == tag) {
            return at;
        }
    }
    return WHY_NONE;
}

struct sim_set why__heard_from(const struct sim_why *why, uint32_t from,
                               uint32_t to, struct sim_set *doubtful)
{
    struct sim_set heard = {{0}};
    *doubtful = heard;
    sim_set_add(&heard, why__get(why, to)->node);
    for (uint32_t at = to; at != WHY_NONE && at > from;
         at = why__get(why, at)->before) {
        const struct why_letter *answer = why__letter(why, at);
        if (answer == NULL ||
            answer->message.term != why__get(why, to)->view.hard_state.term) {
            continue;
        }
        const struct why_letter *question = why__letter(why, answer->made);
        if (question == NULL || question->from != why__get(why, to)->node) {
            sim_set_add(doubtful, answer->from);
        } else if (question->made >= from) {
            sim_set_add(&heard, answer->from);
        }
    }
    *doubtful = sim_set_without(doubtful, &heard);
    return heard;
}

/* Another node that leads a later term by then; SIM_NONE. */
static uint32_t later_leader(const struct sim_why *why, uint32_t record,
                             uint64_t *term)
{
    const struct why_record *r = why__get(why, record);
    *term = r->view.hard_state.term;
    uint32_t found = SIM_NONE;
    for (uint32_t node = 1; node <= why->n; node++) {
        uint32_t at = why__at(why, node, record);
        if (at != WHY_NONE && why__get(why, at)->kind != WHY_CRASH &&
            why__get(why, at)->view.role == SIM_LEADER &&
            why__get(why, at)->view.hard_state.term > *term) {
            *term = why__get(why, at)->view.hard_state.term;
            found = node;
        }
    }
    return found;
}

/* Where each node's latest answer was asked for: the step of the leader that
 * sent the message, in its term and before `record`; WHY_NONE: no answer. */
static void find_answers(const struct sim_why *why, uint32_t record,
                         uint32_t *sent)
{
    const struct why_record *r = why__get(why, record);
    for (uint32_t node = 0; node <= SIM_MAX_NODES; node++) {
        sent[node] = WHY_NONE;
    }
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_letter *answer = why__letter(why, at);
        if (why__get(why, at)->view.hard_state.term !=
            r->view.hard_state.term) {
            break;
        }
        const struct why_letter *question =
            answer == NULL ? NULL : why__letter(why, answer->made);
        if (question != NULL && question->from == r->node &&
            answer->message.term == r->view.hard_state.term &&
            (sent[answer->from] == WHY_NONE ||
             sent[answer->from] < question->made)) {
            sent[answer->from] = question->made;
        }
    }
}

/* The latest step such that a majority, the leader included, has answered what
 * it sent in that step or later: the most that a lease can count on. WHY_NONE:
 * that is not known. */
static uint32_t find_basis(const struct sim_why *why, uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    const struct sim_configuration *members = why__members(why, r->tip);
    uint32_t sent[SIM_MAX_NODES + 1];
    uint32_t found = WHY_NONE;
    find_answers(why, record, sent);
    for (uint32_t node = 1; node <= why->n && members != NULL; node++) {
        struct sim_set set = {{0}};
        sim_set_add(&set, r->node);
        for (uint32_t other = 1; other <= why->n; other++) {
            if (sent[other] != WHY_NONE && sent[node] != WHY_NONE &&
                sent[other] >= sent[node]) {
                sim_set_add(&set, other);
            }
        }
        if (sent[node] != WHY_NONE &&
            sim_configuration_is_quorum(members, &set) &&
            (found == WHY_NONE || sent[node] > found)) {
            found = sent[node];
        }
    }
    return found;
}

static void add_basis(struct why_text *text, const struct sim_why *why,
                      uint32_t record)
{
    const struct why_record *r = why__get(why, record);
    uint32_t basis = find_basis(why, record);
    if (basis == WHY_NONE) {
        return;
    }
    why__add(text, "; the last that a majority answered it had sent ");
    why__add_seconds(text, r->time_us - why__get(why, basis)->time_us);
    why__add(text, " before, ");
    why__add_seconds(text, r->local_us - why__get(why, basis)->local_us);
    why__add(text, " by its own clock");
}

static enum why_rule of_lease(const struct sim_why *why, uint32_t record,
                              struct why_text *text)
{
    uint64_t term;
    uint32_t other = later_leader(why, record, &term);
    if (other == SIM_NONE) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though %" PRIu32 " leads term %" PRIu64 " by now", other,
             term);
    add_basis(text, why, record);
    return WHY_LEASE_EXCLUDES_LEADERS;
}

/* The least term of the leaders that allowed a read of the node meanwhile;
 * UINT64_MAX: none did. */
static uint64_t allowing_term(const struct sim_why *why, uint32_t record,
                              uint32_t asked)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t at = record; at != WHY_NONE && at > asked;
         at = why__get(why, at)->before) {
        const struct why_letter *letter = why__letter(why, at);
        if (letter != NULL && letter->message.granted &&
            letter->message.kind == SIM_MESSAGE_READ_RESPONSE &&
            letter->message.term < least) {
            least = letter->message.term;
        }
    }
    return least;
}

/* What was committed at the leader when the first such request came there;
 * UINT64_MAX: none came. */
static uint64_t least_committed(const struct sim_why *why, uint32_t record,
                                uint32_t asked)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = why__letters_from(why, asked);
         i < why->n_letters && why->letters[i].made < record; i++) {
        const struct why_letter *letter = &why->letters[i];
        if (letter->from == why__get(why, record)->node &&
            letter->message.kind == SIM_MESSAGE_READ_REQUEST &&
            letter->arrived != WHY_NONE && letter->arrived < record) {
            uint64_t committed =
                why__view_before(why, letter->arrived).commit_index;
            least = committed < least ? committed : least;
        }
    }
    return least;
}

/* A follower forwards the read. It may be allowed before the leader has
 * committed an entry of its own term, if it waits for that one to be applied
 * here. */
static enum why_rule of_forwarded(const struct sim_why *why, uint32_t record,
                                  uint32_t asked, struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    uint64_t least = least_committed(why, record, asked);
    if (least != UINT64_MAX && r->view.last_applied < least) {
        why__add(text,
                 ", though it has applied up to %" PRIu64 " only, and %" PRIu64
                 " was committed at the leader that it asked",
                 r->view.last_applied, least);
        return WHY_READ_OF_APPLIED;
    }
    uint64_t term = allowing_term(why, record, asked);
    sim_tip applied =
        sim_log_tree_ancestor(why->tree, r->tip, r->view.last_applied);
    if (term == UINT64_MAX || applied == SIM_NO_TIP ||
        sim_log_tree_position(why->tree, applied).term >= term) {
        return WHY_KEEPS_RULES;
    }
    why__add(text,
             ", though it has applied no entry of term %" PRIu64
             ", whose leader allowed it",
             term);
    return WHY_READ_AFTER_OWN_ENTRY;
}

static enum why_rule of_one(const struct sim_why *why, uint32_t record,
                            uint32_t asked, struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    const struct why_record *question = why__get(why, asked);
    if (question->view.role != SIM_LEADER) {
        return of_forwarded(why, record, asked, text);
    }
    if (r->view.role != SIM_LEADER ||
        question->view.hard_state.term != r->view.hard_state.term) {
        return WHY_KEEPS_RULES;
    }
    if (sim_log_tree_position(why->tree, why__commit_tip(why, record)).term !=
        r->view.hard_state.term) {
        why__add(text, ", though the last that it holds committed is ");
        why__add_place(text, sim_log_tree_position(
                                 why->tree, why__commit_tip(why, record)));
        return WHY_READ_AFTER_OWN_ENTRY;
    }
    if (r->view.last_applied < question->view.commit_index) {
        why__add(text,
                 ", though it has applied up to %" PRIu64 " only, and %" PRIu64
                 " was committed when it was asked",
                 r->view.last_applied, question->view.commit_index);
        return WHY_READ_OF_APPLIED;
    }
    if (question->lease) {
        return asked == record ? of_lease(why, record, text) : WHY_KEEPS_RULES;
    }
    struct sim_set doubtful;
    struct sim_set heard = why__heard_from(why, asked, record, &doubtful);
    struct sim_set most = sim_set_union(&heard, &doubtful);
    const struct sim_configuration *members = why__members(why, r->tip);
    if (members == NULL || sim_configuration_is_quorum(members, &most)) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though since it was asked no majority has answered what "
                   "it sent since");
    return WHY_READ_CONFIRMED;
}

enum why_rule why__breach_of_read(const struct sim_why *why, uint32_t record,
                                  struct why_text *text)
{
    enum why_rule rule = WHY_KEEPS_RULES;
    for (size_t i = 0;
         i < why__get(why, record)->n_ready && rule == WHY_KEEPS_RULES; i++) {
        uint32_t asked = why__asked(why, record, i);
        if (asked != WHY_NONE) {
            rule = of_one(why, record, asked, text);
        }
    }
    return rule;
}
