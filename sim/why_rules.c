/* What a correct node does, and who did not. */
#undef NDEBUG
#include "sim/why_rules.h"

#include <assert.h>
#include <inttypes.h>

static const char *const rules[WHY_RULE_COUNT] = {
    [WHY_ONE_VOTE] = "A server votes for at most one candidate in a term, also "
                     "across crashes (paper, 5.2).",
    [WHY_NO_VOTE_IN_NEW_TERM] =
        "A server that takes a new term has voted for nobody in it yet (paper, "
        "5.2).",
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
    [WHY_ACKNOWLEDGES_MATCH] =
        "A follower acknowledges what its log has in common with the leader's: "
        "no more than what a request covers that passed the consistency check "
        "(paper, 5.3).",
    [WHY_APPENDS_WHAT_IS_SENT] =
        "A follower appends the entries of a request that its log does not "
        "have, each at its own index (paper, Figure 2).",
    [WHY_CONFLICT_IS_DELETED] =
        "A follower deletes an entry that conflicts with a new one, and all "
        "that follow it, and appends what it does not have (paper, Figure 2).",
    [WHY_NO_MATCH_IS_DELETED] =
        "A follower deletes entries only if one of them conflicts with a new "
        "one (paper, Figure 2).",
    [WHY_LEADER_APPENDS] = "A leader never overwrites or deletes entries in "
                           "its own log (paper, 5.3).",
    [WHY_LOG_AS_WRITTEN] = "A server's log and term are what it has written to "
                           "stable storage, or is writing (paper, Figure 2).",
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
    [WHY_CHANGE_BY_MAJORITIES] =
        "A change adds or removes one voter (dissertation, 4.1), or goes by a "
        "joint configuration of the old and the new voters, which is left for "
        "the new ones (4.3).",
    [WHY_LATEST_MEMBERS] =
        "A server uses the latest configuration in its log, committed or not "
        "(dissertation, 4.1).",
    [WHY_SNAPSHOT_OF_APPLIED] = "A server's snapshot stands for what it has "
                                "applied (dissertation, 5.1).",
    [WHY_SNAPSHOT_BY_TERM] =
        "A server that gets a snapshot keeps its log only if it has an entry "
        "with the index and the term of the snapshot's last one (dissertation, "
        "5.3).",
    [WHY_BEGINS_WITH_SNAPSHOT] =
        "A server begins a life with the state of its snapshot, and applies "
        "its log from there on (dissertation, 5.1).",
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

const char *why__rule_of_property(enum sim_property property)
{
    switch (property) {
    case SIM_EXACTLY_ONCE:
        return "Each server keeps the sessions and their latest numbers as a "
               "part of the state that the log gives, also as a follower and "
               "across snapshots, and so takes a command in the same way as "
               "all others (dissertation, 6.3).";
    case SIM_CONFIGURATION_MATCHES_LOG:
        return rules[WHY_LATEST_MEMBERS];
    case SIM_SNAPSHOT_EQUALS_REPLAY:
    case SIM_SNAPSHOT_OF_COMMITTED:
        return "A snapshot is the state, with the members and sessions, that "
               "the committed log up to it gives (dissertation, 5.1).";
    case SIM_ELECTION_SAFETY:
    case SIM_LEADER_APPEND_ONLY:
    case SIM_LOG_MATCHING:
    case SIM_LEADER_COMPLETENESS:
    case SIM_STATE_MACHINE_SAFETY:
    case SIM_ONE_VOTE_PER_TERM:
    case SIM_MONOTONIC_TERM:
    case SIM_MONOTONIC_COMMIT:
    case SIM_DURABLE_BEFORE_ACKNOWLEDGED:
    case SIM_COMMITTED_ON_QUORUM:
    case SIM_ONE_CHANGE_AT_A_TIME:
    case SIM_LINEARIZABILITY:
    case SIM_PROGRESS:
    case SIM_PROPERTY_COUNT:
        break;
    }
    return NULL;
}

/* A life that begins with something else than what is on the disk. */
static enum why_rule of_life(const struct sim_why *why, uint32_t record,
                             struct why_text *text)
{
    const struct why_record *r = why__get(why, record);
    if (r->view.hard_state.term < r->disk.term) {
        why__add(text, ", and begins with term %" PRIu64,
                 r->view.hard_state.term);
        return WHY_TERM_NEVER_FALLS;
    }
    if (r->view.hard_state.term == r->disk.term &&
        r->view.hard_state.vote != r->disk.vote) {
        why__add(text, ", and begins without that vote");
        return WHY_ONE_VOTE;
    }
    return why__breach_of_end(why, record, text);
}

/* What was in force or in use is looked at in the order in which one thing
 * leads to another. */
enum why_rule why__breach_of_step(const struct sim_why *why, uint32_t record,
                                  struct why_text *text)
{
    if (why__get(why, record)->kind == WHY_LIFE) {
        return of_life(why, record, text);
    }
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
    return rule == WHY_KEEPS_RULES ? why__breach_of_end(why, record, text)
                                   : rule;
}

/* --- where they show ------------------------------------------------------ */

enum why_aspect why__aspect_of_rule(enum why_rule rule)
{
    switch (rule) {
    case WHY_ONE_VOTE:
    case WHY_VOTE_FOR_NEWER_LOG:
        return WHY_OF_VOTE;
    case WHY_NO_VOTE_IN_NEW_TERM:
    case WHY_MAJORITY_ELECTS:
        return WHY_OF_ROLE;
    case WHY_CONSISTENCY_CHECK:
    case WHY_APPENDS_WHAT_IS_SENT:
    case WHY_CONFLICT_IS_DELETED:
    case WHY_NO_MATCH_IS_DELETED:
    case WHY_LEADER_APPENDS:
    case WHY_LOG_AS_WRITTEN:
    case WHY_COMMITTED_STAYS:
    case WHY_CHANGES_ONE_BY_ONE:
    case WHY_CHANGE_AFTER_OWN_ENTRY:
    case WHY_CHANGE_BY_MAJORITIES:
    case WHY_LATEST_MEMBERS:
        return WHY_OF_LOG;
    case WHY_MAJORITY_COMMITS:
    case WHY_OWN_TERM_COMMITS:
    case WHY_COMMIT_WITHIN_REQUEST:
    case WHY_COMMIT_NEVER_FALLS:
    case WHY_SNAPSHOT_BY_TERM:
        return WHY_OF_COMMIT;
    case WHY_SNAPSHOT_OF_APPLIED:
    case WHY_BEGINS_WITH_SNAPSHOT:
        return WHY_OF_SNAPSHOT;
    case WHY_APPLIES_COMMITTED:
        return WHY_OF_APPLY;
    case WHY_READ_AFTER_OWN_ENTRY:
    case WHY_READ_OF_APPLIED:
    case WHY_READ_CONFIRMED:
    case WHY_LEASE_EXCLUDES_LEADERS:
        return WHY_OF_ANSWER;
    case WHY_ACKNOWLEDGES_MATCH:
    case WHY_DURABLE_FIRST:
    case WHY_TRANSFER_TO_COMPLETE_LOG:
        return WHY_OF_LETTER;
    case WHY_KEEPS_RULES:
    case WHY_HIGHER_TERM_WINS:
    case WHY_TERM_NEVER_FALLS:
    case WHY_RULE_COUNT:
        break;
    }
    return WHY_OF_BREACH;
}
