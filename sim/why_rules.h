/* What a correct node does, as far as it can be seen from outside, and which
 * steps and messages of a run were otherwise.
 *
 * A rule is one of the paper or the dissertation that a single step can break.
 * A step is held against it by what was observed up to then; where that does
 * not tell, it is no breach. So a sound library has none, whatever happens to
 * it.
 */
#ifndef SIM_WHY_RULES_H
#define SIM_WHY_RULES_H

#include "sim/why_internal.h"

enum why_rule {
    WHY_KEEPS_RULES,
    WHY_ONE_VOTE,
    WHY_NO_VOTE_IN_NEW_TERM,
    WHY_VOTE_FOR_NEWER_LOG,
    WHY_MAJORITY_ELECTS,
    WHY_HIGHER_TERM_WINS,
    WHY_TERM_NEVER_FALLS,
    WHY_CONSISTENCY_CHECK,
    WHY_ACKNOWLEDGES_MATCH,
    WHY_APPENDS_WHAT_IS_SENT,
    WHY_CONFLICT_IS_DELETED,
    WHY_NO_MATCH_IS_DELETED,
    WHY_LEADER_APPENDS,
    WHY_LOG_AS_WRITTEN,
    WHY_DURABLE_FIRST,
    WHY_MAJORITY_COMMITS,
    WHY_OWN_TERM_COMMITS,
    WHY_COMMIT_WITHIN_REQUEST,
    WHY_COMMIT_NEVER_FALLS,
    WHY_COMMITTED_STAYS,
    WHY_APPLIES_COMMITTED,
    WHY_CHANGES_ONE_BY_ONE,
    WHY_CHANGE_AFTER_OWN_ENTRY,
    WHY_CHANGE_BY_MAJORITIES,
    WHY_LATEST_MEMBERS,
    WHY_SNAPSHOT_OF_APPLIED,
    WHY_SNAPSHOT_BY_TERM,
    WHY_BEGINS_WITH_SNAPSHOT,
    WHY_TRANSFER_TO_COMPLETE_LOG,
    WHY_READ_AFTER_OWN_ENTRY,
    WHY_READ_OF_APPLIED,
    WHY_READ_CONFIRMED,
    WHY_LEASE_EXCLUDES_LEADERS,
    WHY_RULE_COUNT
};

/* The rule and its section, in one sentence; NULL for WHY_KEEPS_RULES. */
const char *why__rule_text(enum why_rule rule);

/* The rule that the step of a violation breaks by itself, as the property says;
 * NULL if it takes several steps that contradict each other. */
const char *why__rule_of_property(enum sim_property property);

/* Whether the step, or the message as it left, is one that the paper forbids.
 * If so, the words for how are added to `text`, to go on a line about it:
 * "though it had voted for 2 in this term". */
enum why_rule why__breach_of_step(const struct sim_why *why, uint32_t record,
                                  struct why_text *text);
enum why_rule why__breach_of_letter(const struct sim_why *why, uint32_t letter,
                                    struct why_text *text);

/* Its parts, by file: why_rules_votes.c, why_rules_log.c, why_rules_commit.c,
 * why_rules_reads.c. */
enum why_rule why__breach_of_vote(const struct sim_why *why, uint32_t record,
                                  struct why_text *text);
enum why_rule why__breach_of_log(const struct sim_why *why, uint32_t record,
                                 struct why_text *text);
enum why_rule why__breach_of_commit(const struct sim_why *why, uint32_t record,
                                    struct why_text *text);
enum why_rule why__breach_of_read(const struct sim_why *why, uint32_t record,
                                  struct why_text *text);

/* Whether what the node shows as its log's end is not what it wrote. */
enum why_rule why__breach_of_end(const struct sim_why *why, uint32_t record,
                                 struct why_text *text);

/* Which side of a step a rule is about. */
enum why_aspect why__aspect_of_rule(enum why_rule rule);

/* Where the read that may be answered as number `nth` of the record was asked
 * for, at the same node; WHY_NONE. */
uint32_t why__asked(const struct sim_why *why, uint32_t record, size_t nth);

/* Whose answers the node got between two records to messages that it made from
 * the first on; itself included. Where an answer was not made by the step that
 * got the message, it is not known to which it is: `doubtful` has these. */
struct sim_set why__heard_from(const struct sim_why *why, uint32_t from,
                               uint32_t to, struct sim_set *doubtful);

#endif
