#include "sim/checker_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A server's snapshot is never replaced by an older one. */
static bool goes_on(struct sim_checker *checker, uint32_t id, uint64_t index,
                    uint64_t before)
{
    if (before > 0) {
        checker__count(checker, SIM_SNAPSHOT_OF_COMMITTED);
    }
    if (index >= before) {
        return true;
    }
    return checker__violate(checker, SIM_SNAPSHOT_OF_COMMITTED, id, SIM_NONE,
                            "node %" PRIu32
                            " had a snapshot up to entry %" PRIu64
                            " and now has one up to entry %" PRIu64 " only.",
                            id, before, index);
}

static bool covers_committed(struct sim_checker *checker, uint32_t id,
                             sim_tip tip)
{
    uint64_t index = sim_log_tree_position(checker->tree, tip).index;
    checker__count(checker, SIM_SNAPSHOT_OF_COMMITTED);
    if (checker__is_committed(checker, index, tip)) {
        return true;
    }
    uint64_t known = checker->n_committed;
    return checker__violate(
        checker, SIM_SNAPSHOT_OF_COMMITTED, id, SIM_NONE,
        "node %" PRIu32
        " has a snapshot up to %s, which is not committed: up to %" PRIu64
        " entries are, the last of them %s.",
        id, checker__entry(checker, tip).text, known,
        checker__entry(checker, checker__committed(checker, known)->tip).text);
}

bool checker__first_snapshot(struct sim_checker *checker, uint32_t id,
                             struct sim_position shown)
{
    struct checker_node *node = &checker->nodes[id];
    if (!goes_on(checker, id, shown.index, node->had_snapshot)) {
        return false;
    }
    node->snapshot = shown.index;
    node->had_snapshot = shown.index;
    if (shown.index == 0) {
        return true;
    }
    sim_tip tip = sim_log_tree_ancestor(checker->tree, node->tip, shown.index);
    checker__count(checker, SIM_SNAPSHOT_OF_COMMITTED);
    if (tip == SIM_NO_TIP ||
        sim_log_tree_position(checker->tree, tip).term != shown.term) {
        return checker__violate(
            checker, SIM_SNAPSHOT_OF_COMMITTED, id, SIM_NONE,
            "node %" PRIu32
            " begins with a snapshot up to %s, where its log has %s.",
            id, checker__place(shown).text,
            checker__entry_at(checker, node->tip, shown.index).text);
    }
    return covers_committed(checker, id, tip);
}

static void describe(const struct sim_configuration *members, char *text)
{
    if (members != NULL) {
        sim_configuration_describe(members, text);
    } else {
        snprintf(text, SIM_CONFIGURATION_TEXT_SIZE, "nobody can read whom");
    }
}

static bool report_members(struct sim_checker *checker, uint32_t id,
                           sim_tip tip, const struct sim_configuration *members)
{
    char by_snapshot[SIM_CONFIGURATION_TEXT_SIZE];
    char by_log[SIM_CONFIGURATION_TEXT_SIZE];
    describe(members, by_snapshot);
    describe(sim_memberships_of(checker->memberships, tip), by_log);
    return checker__violate(
        checker, SIM_SNAPSHOT_EQUALS_REPLAY, id, SIM_NONE,
        "the members after %s are %s by the log, but %s by the snapshot of "
        "node %" PRIu32 "%s.",
        checker__entry(checker, tip).text, by_log, by_snapshot, id,
        strcmp(by_log, by_snapshot) == 0 ? ", with other priorities" : "");
}

bool checker__snapshot(struct sim_checker *checker, uint32_t id, sim_tip tip,
                       const struct sim_configuration *members)
{
    struct checker_node *node = &checker->nodes[id];
    uint64_t index = sim_log_tree_position(checker->tree, tip).index;
    if (!covers_committed(checker, id, tip) ||
        !goes_on(checker, id, index, node->snapshot)) {
        return false;
    }
    node->snapshot = index;
    checker__count(checker, SIM_SNAPSHOT_EQUALS_REPLAY);
    if (members != NULL && checker__knows(checker, id, tip, members)) {
        return true;
    }
    return report_members(checker, id, tip, members);
}

bool checker__restore(struct sim_checker *checker, uint32_t id,
                      struct sim_position position)
{
    struct checker_node *node = &checker->nodes[id];
    uint64_t index = position.index;
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (index < node->applied || index > node->commit_index) {
        return checker__violate(
            checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
            "node %" PRIu32 " took the state after entry %" PRIu64
            ", when it had applied entries up to %" PRIu64
            " and held its log committed up to %" PRIu64 ".",
            id, index, node->applied, node->commit_index);
    }
    if (checker__is_gone(checker, index)) {
        return checker__violate(
            checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
            "node %" PRIu32 " took the state after %s, which it can have from "
            "nowhere: all servers have snapshots up to %" PRIu64 " at least.",
            id, checker__place(position).text, checker->committed.first);
    }
    sim_tip committed = checker__committed(checker, index)->tip;
    if (sim_log_tree_position(checker->tree, committed).term != position.term) {
        return checker__violate(
            checker, SIM_STATE_MACHINE_SAFETY, id,
            checker__committed(checker, index)->node,
            "node %" PRIu32 " took the state after %s, where %s is committed.",
            id, checker__place(position).text,
            checker__entry(checker, committed).text);
    }
    checker__count(checker, SIM_SNAPSHOT_EQUALS_REPLAY);
    if (index > checker->n_applied) {
        return checker__violate(
            checker, SIM_SNAPSHOT_EQUALS_REPLAY, id, SIM_NONE,
            "node %" PRIu32 " took the state after entry %" PRIu64
            ", which nobody applied: up to %" PRIu64 " entries were.",
            id, index, checker->n_applied);
    }
    node->applied = index;
    return true;
}

bool checker__restored(struct sim_checker *checker, uint32_t id, sim_tip tip,
                       uint64_t state_hash)
{
    uint64_t index = sim_log_tree_position(checker->tree, tip).index;
    if (index == 0) {
        return true; /* nothing was ever applied */
    }
    if (!covers_committed(checker, id, tip)) {
        return false;
    }
    checker__count(checker, SIM_SNAPSHOT_EQUALS_REPLAY);
    if (index > checker->n_states) {
        return checker__violate(
            checker, SIM_SNAPSHOT_EQUALS_REPLAY, id, SIM_NONE,
            "node %" PRIu32 " took the state after entry %" PRIu64
            " from a snapshot, but no state machine ever had that: they came "
            "to %" PRIu64 ".",
            id, index, checker->n_states);
    }
    const struct checker_state *first =
        sim_window_at(&checker->states, index, sizeof *first);
    return state_hash == first->hash ||
           checker__violate(
               checker, SIM_SNAPSHOT_EQUALS_REPLAY, id, first->node,
               "node %" PRIu32 " has another state by its snapshot than node "
               "%" PRIu32 " had by its log, after entry %" PRIu64 ".",
               id, first->node, index);
}
