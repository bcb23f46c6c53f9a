/* What a correct node does, and who did not. */
#undef NDEBUG
#include "sim/why_internal.h"

#include <assert.h>
#include <inttypes.h>

static const char *const rules[WHY_RULE_COUNT] = {
    [WHY_ONE_VOTE] = "A server votes for at most one candidate in a term, also "
                     "across crashes (paper, 5.2).",
    [WHY_VOTE_FOR_NEWER_LOG] =
        "A server denies its vote if its own log is more up-to-date than the "
        "candidate's: if it ends with a later term, or with the same term and "
        "is longer (paper, 5.4.1).",
    [WHY_MAJORITY_ELECTS] =
        "A candidate wins an election with votes of its term from a majority "
        "of the voters (paper, 5.2), of the old ones as well while the members "
        "are joint (dissertation, 4.3).",
    [WHY_HIGHER_TERM_WINS] =
        "A server that learns of a higher term takes that term and becomes a "
        "follower (paper, 5.1).",
    [WHY_TERM_NEVER_FALLS] =
        "A server's current term increases monotonically (paper, 5.1).",
    [WHY_CONSISTENCY_CHECK] =
        "A follower refuses new entries if its log has no entry at the index "
        "before them with the term that the leader says (paper, 5.3).",
    [WHY_CONFLICT_IS_DELETED] =
        "A follower deletes an entry that conflicts with a new one, and all "
        "that follow it, and appends what it does not have (paper, Figure 2).",
    [WHY_NO_MATCH_IS_DELETED] =
        "A follower deletes entries only if one of them conflicts with a new "
        "one (paper, Figure 2).",
    [WHY_LEADER_APPENDS] = "A leader never overwrites or deletes entries in "
                           "its own log (paper, 5.3).",
    [WHY_DURABLE_FIRST] = "A server updates its term, vote and log on stable "
                          "storage before it answers (paper, Figure 2).",
    [WHY_MAJORITY_COMMITS] =
        "A leader commits an entry once it is stored on a majority of the "
        "voters (paper, 5.3), of the old ones as well while the members are "
        "joint (dissertation, 4.3).",
    [WHY_OWN_TERM_COMMITS] =
        "A leader commits by counting replicas only an entry of its own term; "
        "the ones before it are committed with it (paper, 5.4.2).",
    [WHY_COMMIT_WITHIN_REQUEST] =
        "A follower sets its commit index to the leader's, but not beyond the "
        "last entry that the leader's request covers (paper, Figure 2).",
    [WHY_COMMIT_NEVER_FALLS] =
        "A server's commit index increases monotonically (paper, Figure 2).",
    [WHY_COMMITTED_STAYS] =
        "What is committed stays in the log, or in a snapshot that stands for "
        "it (paper, 5.4; dissertation, 5.1).",
    [WHY_APPLIES_COMMITTED] =
        "A server applies an entry once it is committed (paper, 5.3).",
    [WHY_CHANGES_ONE_BY_ONE] =
        "A leader begins a change of the members only when the one before is "
        "committed (dissertation, 4.1).",
    [WHY_CHANGE_AFTER_OWN_ENTRY] =
        "A leader begins a change of the members only when an entry of its own "
        "term is committed (the correction of 2015 to the dissertation, 4.1).",
    [WHY_LATEST_MEMBERS] =
        "A server uses the latest configuration in its log, committed or not "
        "(dissertation, 4.1).",
    [WHY_SNAPSHOT_OF_APPLIED] = "A server's snapshot stands for what it has "
                                "applied (dissertation, 5.1).",
    [WHY_TRANSFER_TO_COMPLETE_LOG] =
        "A leader tells a server to campaign only when that server's log is "
        "as long as its own (dissertation, 3.10).",
    [WHY_READ_AFTER_OWN_ENTRY] =
        "A leader serves reads only when an entry of its own term is committed "
        "(dissertation, 6.4).",
    [WHY_READ_OF_APPLIED] =
        "A read waits until the state machine has applied all that was "
        "committed when it was asked for (dissertation, 6.4).",
    [WHY_READ_CONFIRMED] =
        "A leader answers a read only after a majority answered a message that "
        "it sent after the read had come (dissertation, 6.4).",
    [WHY_LEASE_EXCLUDES_LEADERS] =
        "A lease lasts no longer than other servers certainly refuse to elect "
        "another leader (dissertation, 6.4.1).",
};

const char *why__rule_text(enum why_rule rule)
{
    assert((unsigned)rule < WHY_RULE_COUNT);
    return rules[rule];
}

/* What was in force or in use is looked at in the order in which one thing
 * leads to another. */
enum why_rule why__breach_of_step(const struct sim_why *why, uint32_t record,
                                  struct why_text *text)
{
    if (why__get(why, record)->kind != WHY_STEP) {
        return WHY_KEEPS_RULES;
    }
    enum why_rule rule = why__breach_of_vote(why, record, text);
    if (rule == WHY_KEEPS_RULES) {
        rule = why__breach_of_log(why, record, text);
    }
    if (rule == WHY_KEEPS_RULES) {
        rule = why__breach_of_commit(why, record, text);
    }
    if (rule == WHY_KEEPS_RULES) {
        rule = why__breach_of_read(why, record, text);
    }
    return rule;
}

/* --- messages ------------------------------------------------------------- */

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
    return WHY_DURABLE_FIRST;
}

static enum why_rule of_match(const struct sim_why *why,
                              const struct why_letter *letter,
                              const struct why_record *disk,
                              struct why_text *text)
{
    sim_tip tip = why__get(why, letter->made)->tip;
    uint64_t match = letter->message.match_index;
    sim_tip entry = sim_log_tree_ancestor(why->tree, tip, match);
    if (entry != SIM_NO_TIP &&
        sim_log_tree_contains(why->tree, disk->tip, entry)) {
        return WHY_KEEPS_RULES;
    }
    why__add(text, ", though its disk has ");
    why__add_entry_at(text, why, disk->tip, match);
    return WHY_DURABLE_FIRST;
}

/* The target's acknowledgements are what the leader can know. */
static enum why_rule of_transfer(const struct sim_why *why,
                                 const struct why_letter *letter,
                                 struct why_text *text)
{
    struct sim_position last = why__get(why, letter->made)->view.last;
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
