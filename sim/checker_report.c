#undef NDEBUG
#include "sim/checker_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MICROSECONDS_PER_SECOND UINT64_C(1000000)

static const struct {
    const char *name;
    const char *title;
    const char *text;
} properties[SIM_PROPERTY_COUNT] = {
    [SIM_ELECTION_SAFETY] =
        {"election_safety", "Election Safety (paper, Figure 3)",
         "At most one leader can be elected in a given term, ever."},
    [SIM_LEADER_APPEND_ONLY] = {"leader_append_only",
                                "Leader Append-Only (paper, Figure 3)",
                                "A leader never overwrites or deletes entries "
                                "in its log; it only appends new ones."},
    [SIM_LOG_MATCHING] = {"log_matching", "Log Matching (paper, Figure 3)",
                          "If two logs have an entry with the same index and "
                          "term, they are identical up to it."},
    [SIM_LEADER_COMPLETENESS] = {"leader_completeness",
                                 "Leader Completeness (paper, Figure 3)",
                                 "An entry that is committed in a term is in "
                                 "the logs of the leaders of all later terms."},
    [SIM_STATE_MACHINE_SAFETY] =
        {"state_machine_safety", "State Machine Safety (paper, Figure 3)",
         "All servers apply the same entry at an index, in the same order."},
    [SIM_ONE_VOTE_PER_TERM] =
        {"one_vote_per_term", "One Vote per Term (paper, 5.2)",
         "A server gives at most one vote in a term, also across crashes."},
    [SIM_MONOTONIC_TERM] =
        {"monotonic_term", "Monotonic Term (paper, 5.1)",
         "A server's term never goes back, also across crashes."},
    [SIM_MONOTONIC_COMMIT] = {"monotonic_commit",
                              "Monotonic Commit Index (paper, Figure 2)",
                              "A server's commit index never goes back within "
                              "one life, and never passes the end of its log."},
    [SIM_DURABLE_BEFORE_ACKNOWLEDGED] =
        {"durable_before_acknowledged",
         "Durable before Acknowledged (paper, Figure 2)",
         "A vote or an acknowledgement leaves only when what it promises is "
         "durable."},
    [SIM_COMMITTED_ON_QUORUM] = {"committed_on_quorum",
                                 "Committed on a Quorum (paper, 5.3)",
                                 "What a server holds committed is durable on "
                                 "a majority of the voters, on both majorities "
                                 "while the members are joint, and stays so."},
    [SIM_ONE_CHANGE_AT_A_TIME] =
        {"one_change_at_a_time", "One Change at a Time (dissertation, 4.1)",
         "A leader begins a change of the members only when the one before, "
         "and something of its own term, is committed; it changes one voter, "
         "or goes by a joint configuration."},
    [SIM_CONFIGURATION_MATCHES_LOG] =
        {"configuration_matches_log",
         "Configuration Matches Log (dissertation, 4.1)",
         "A server's members are those of the latest configuration in its log, "
         "committed or not."},
    [SIM_SNAPSHOT_OF_COMMITTED] =
        {"snapshot_of_committed",
         "Snapshot of Committed Entries "
         "(dissertation, 5.1)",
         "A snapshot stands for committed entries only, and takes the place of "
         "none that stands for more."},
    [SIM_SNAPSHOT_EQUALS_REPLAY] = {"snapshot_equals_replay",
                                    "Snapshot Equals Replay (dissertation, "
                                    "5.1)",
                                    "A snapshot's state and members are those "
                                    "that the log up to it gives."},
    [SIM_EXACTLY_ONCE] = {"exactly_once", "Exactly Once (dissertation, 6.3)",
                          "A command of a session is applied once, and never "
                          "after the session was closed."},
    [SIM_LINEARIZABILITY] =
        {"linearizability", "Linearizability (dissertation, 6.3 and 6.4)",
         "What clients were told can be put into one order in which each "
         "operation happens at once, between its call and its answer."},
    [SIM_PROGRESS] = {"progress", "Progress when all is well (paper, 5.6)",
                      "When all is well, there is a leader, a new commit, and "
                      "all members apply it, in the stated time."},
};

const char *sim_property_name(enum sim_property property)
{
    assert((unsigned)property < SIM_PROPERTY_COUNT);
    return properties[property].name;
}

const char *sim_property_title(enum sim_property property)
{
    assert((unsigned)property < SIM_PROPERTY_COUNT);
    return properties[property].title;
}

const char *sim_property_text(enum sim_property property)
{
    assert((unsigned)property < SIM_PROPERTY_COUNT);
    return properties[property].text;
}

/* One more node that the violation is about. */
static void involve(struct sim_violation *violation, uint32_t id)
{
    if (id == SIM_NONE ||
        (violation->n_nodes > 0 && violation->nodes[0] == id)) {
        return;
    }
    assert(violation->n_nodes < SIM_VIOLATION_MAX_NODES);
    violation->nodes[violation->n_nodes++] = id;
}

bool checker__violate(struct sim_checker *checker, enum sim_property property,
                      uint32_t a, uint32_t b, const char *format, ...)
{
    assert(!checker->violated);
    checker->violated = true;
    struct sim_violation *violation = &checker->violation;
    violation->property = property;
    violation->kind = format;
    violation->step = checker->step;
    violation->time_us = checker->time_us;
    involve(violation, a);
    involve(violation, b);

    char *text = violation->text;
    int title = snprintf(text, SIM_VIOLATION_TEXT_SIZE,
                         "%s is broken%s at %s: ", sim_property_title(property),
                         property == SIM_LINEARIZABILITY ? ", judged" : "",
                         checker__seconds(checker->time_us).text);
    assert(title > 0 && (size_t)title < SIM_VIOLATION_TEXT_SIZE);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + title, SIM_VIOLATION_TEXT_SIZE - (size_t)title, format,
              arguments);
    va_end(arguments);
    for (char *c = strchr(text, '\n'); c != NULL; c = strchr(c, '\n')) {
        *c = ' ';
    }
    return false;
}

struct checker_text checker__seconds(uint64_t time_us)
{
    struct checker_text piece;
    snprintf(piece.text, sizeof(piece.text), "%" PRIu64 ".%06" PRIu64 " s",
             time_us / MICROSECONDS_PER_SECOND,
             time_us % MICROSECONDS_PER_SECOND);
    return piece;
}

struct checker_text checker__entry(const struct sim_checker *checker,
                                   sim_tip tip)
{
    if (tip == SIM_ROOT) {
        return (struct checker_text){"no entry"};
    }
    if (tip == SIM_NO_TIP) {
        return (struct checker_text){"an entry of the past"};
    }
    return checker__place(sim_log_tree_position(checker->tree, tip));
}

struct checker_text checker__entry_at(const struct sim_checker *checker,
                                      sim_tip tip, uint64_t index)
{
    sim_tip entry = sim_log_tree_ancestor(checker->tree, tip, index);
    if (entry != SIM_NO_TIP) {
        return checker__entry(checker, entry);
    }
    struct checker_text piece;
    uint64_t end = sim_log_tree_position(checker->tree, tip).index;
    if (index < end) {
        snprintf(piece.text, sizeof(piece.text),
                 "an entry %" PRIu64 " of the past", index);
    } else {
        snprintf(piece.text, sizeof(piece.text),
                 "no entry %" PRIu64 " (its log ends at %" PRIu64 ")", index,
                 end);
    }
    return piece;
}

uint64_t checker__fork(const struct sim_checker *checker, sim_tip a, sim_tip b)
{
    return sim_log_tree_common(checker->tree, a, b) + 1;
}

struct checker_text checker__place(struct sim_position position)
{
    struct checker_text piece = {"the start"};
    if (position.index > 0) {
        snprintf(piece.text, sizeof(piece.text),
                 "entry %" PRIu64 " of term %" PRIu64, position.index,
                 position.term);
    }
    return piece;
}

struct checker_text checker__hard_state(struct sim_hard_state hard_state)
{
    struct checker_text piece;
    if (hard_state.vote == SIM_NONE) {
        snprintf(piece.text, sizeof(piece.text), "term %" PRIu64 " and no vote",
                 hard_state.term);
    } else {
        snprintf(piece.text, sizeof(piece.text),
                 "term %" PRIu64 " and a vote for node %" PRIu32,
                 hard_state.term, hard_state.vote);
    }
    return piece;
}
