/* Commits, applied entries and snapshots that the paper forbids. */
#include <inttypes.h>

#include "sim/why_rules.h"

/* Entries that the leader appends in the very step may count by the members of
 * before it. */
static bool is_quorum(const struct sim_why *why, uint32_t record,
                      const struct sim_set *set)
{
    const struct sim_configuration *after =
        why__members(why, why__get(why, record)->tip);
    const struct sim_configuration *before =
        why__members(why, why__tip_before(why, record));
    return (after != NULL && sim_configuration_is_quorum(after, set)) ||
           (before != NULL && sim_configuration_is_quorum(before, set));
}

static enum why_rule of_leader(const struct sim_why *why, uint32_t record,
                               struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    struct sim_position last =
        sim_log_tree_position(why->tree, why__commit_tip(why, record));
    struct sim_set set = why__acknowledged(why, record, r->view.commit_index);
    if (!is_quorum(why, record, &set)) {
        why__add(text, ", which is no majority of ");
        why__add_members(text, why__members(why, r->tip));
        return WHY_MAJORITY_COMMITS;
    }
    if (last.term != r->view.hard_state.term) {
        why__add(text, ", though that is an entry of term %" PRIu64, last.term);
        return WHY_OWN_TERM_COMMITS;
    }
    return WHY_KEEPS_RULES;
}

/* How far a message of its leader lets a follower go. A request that does not
 * fit to its log, by the entry before, lets it go nowhere. */
static uint64_t covered(const struct sim_why *why, uint32_t record)
{
    const struct why_letter *letter = why__letter(why, record);
    if (letter == NULL ||
        letter->message.term != why__get(why, record)->view.hard_state.term) {
        return 0;
    }
    const struct sim_message *message = &letter->message;
    if (message->kind == SIM_MESSAGE_INSTALL_REQUEST) {
        return message->place.index;
    }
    sim_tip own = sim_log_tree_ancestor(why->tree, why__tip_before(why, record),
                                        message->place.index);
    if (message->kind != SIM_MESSAGE_APPEND_REQUEST || own == SIM_NO_TIP ||
        sim_log_tree_position(why->tree, own).term != message->place.term) {
        return 0;
    }
    uint64_t end = message->place.index + message->n_entries;
    return message->commit_index < end ? message->commit_index : end;
}

/* The furthest that any message of its life let it go. */
static enum why_rule of_follower(const struct sim_why *why, uint32_t record,
                                 struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    uint64_t best = 0;
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_record *step = why__get(why, at);
        if (step->kind == WHY_LIFE) {
            best =
                step->view.commit_index > best ? step->view.commit_index : best;
            break;
        }
        uint64_t end = covered(why, at);
        best = end > best ? end : best;
        if (best >= r->view.commit_index) {
            return WHY_KEEPS_RULES;
        }
    }
    if (best >= r->view.commit_index) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though what it was sent covers %" PRIu64 " at most",
             best);
    return WHY_COMMIT_WITHIN_REQUEST;
}

static enum why_rule of_snapshot(const struct sim_why *why, uint32_t record,
                                 struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    if (r->snapshot.index <= r->view.commit_index) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though only %" PRIu64 " is committed",
             r->view.commit_index);
    return WHY_SNAPSHOT_OF_APPLIED;
}

/* A snapshot is taken to be in the log by its index alone. */
static enum why_rule of_install(const struct sim_why *why, uint32_t record,
                                struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    const struct why_letter *letter = why__letter(why, record);
    if (letter == NULL || letter->message.kind != SIM_MESSAGE_INSTALL_REQUEST ||
        letter->message.term != r->view.hard_state.term ||
        r->view.commit_index < letter->message.place.index) {
        return WHY_KEEPS_RULES;
    }
    sim_tip own =
        sim_log_tree_ancestor(why->tree, r->tip, letter->message.place.index);
    if (own == SIM_NO_TIP || sim_log_tree_position(why->tree, own).term ==
                                 letter->message.place.term) {
        return WHY_KEEPS_RULES;
    }
    why__add(text,
             ", though the snapshot of %" PRIu32 " that says so is up to ",
             letter->from);
    why__add_place(text, letter->message.place);
    why__add(text, ", and its own log has ");
    why__add_entry_at(text, why, r->tip, letter->message.place.index);
    return WHY_SNAPSHOT_BY_TERM;
}

/* The state that a life begins with. */
static enum why_rule of_start(const struct sim_why *why, uint32_t record,
                              struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    uint64_t had = why__view_before(why, record).snapshot.index;
    if (r->input != SIM_INPUT_START || r->restored.index == had ||
        r->restored.index + had == 0) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though its snapshot is up to %" PRIu64, had);
    return WHY_BEGINS_WITH_SNAPSHOT;
}

enum why_rule why__breach_of_commit(const struct sim_why *why, uint32_t record,
                                    struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    uint64_t before = why__view_before(why, record).commit_index;
    enum why_rule rule = WHY_KEEPS_RULES;
    if (r->view.commit_index < before) {
        why__add(text, ", though it held its log committed up to %" PRIu64,
                 before);
        return WHY_COMMIT_NEVER_FALLS;
    }
    if (r->view.commit_index > r->view.last.index) {
        why__add(text, ", though its log ends at %" PRIu64, r->view.last.index);
        return WHY_COMMIT_WITHIN_REQUEST;
    }
    rule = of_install(why, record, text);
    if (rule == WHY_KEEPS_RULES) {
        rule = of_start(why, record, text);
    }
    if (rule == WHY_KEEPS_RULES && r->view.commit_index > before) {
        rule = why__leads(why, record) ? of_leader(why, record, text)
                                       : of_follower(why, record, text);
    }
    uint64_t applied = r->applied_from + r->n_applied;
    if (rule == WHY_KEEPS_RULES && r->n_applied > 0 &&
        applied > r->view.commit_index + 1) {
        why__add(text, ", though only %" PRIu64 " is committed",
                 r->view.commit_index);
        rule = WHY_APPLIES_COMMITTED;
    }
    return rule == WHY_KEEPS_RULES ? of_snapshot(why, record, text) : rule;
}
