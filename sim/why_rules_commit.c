/* Commits, applied entries and snapshots that the paper forbids. */
#include <inttypes.h>

#include "sim/why_internal.h"

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
        why__add(text, ", which is no majority");
        return WHY_MAJORITY_COMMITS;
    }
    if (last.term != r->view.hard_state.term) {
        why__add(text, ", though that is an entry of term %" PRIu64, last.term);
        return WHY_OWN_TERM_COMMITS;
    }
    return WHY_KEEPS_RULES;
}

/* How far a message of its leader lets a follower go. */
static uint64_t covered(const struct sim_message *message, uint64_t term)
{
    uint64_t end = message->place.index + message->n_entries;
    if (message->term != term) {
        return 0;
    }
    switch (message->kind) {
    case SIM_MESSAGE_APPEND_REQUEST:
        return message->commit_index < end ? message->commit_index : end;
    case SIM_MESSAGE_INSTALL_REQUEST:
        return message->place.index;
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_VOTE_REQUEST:
    case SIM_MESSAGE_VOTE_RESPONSE:
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_RESPONSE:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return 0;
}

/* The furthest that any message of its life let it go. */
static enum why_rule of_follower(const struct sim_why *why, uint32_t record,
                                 struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    uint64_t best = 0;
    for (uint32_t at = record; at != WHY_NONE; at = why__get(why, at)->before) {
        const struct why_record *step = why__get(why, at);
        const struct why_letter *letter = why__letter(why, at);
        if (step->kind == WHY_LIFE) {
            best =
                step->view.commit_index > best ? step->view.commit_index : best;
            break;
        }
        uint64_t end = letter == NULL ? 0
                                      : covered(&letter->message,
                                                step->view.hard_state.term);
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
    if (r->view.commit_index > before) {
        rule = r->view.role == SIM_LEADER ? of_leader(why, record, text)
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
