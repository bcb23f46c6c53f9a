#include "sim/checker_internal.h"

#include <inttypes.h>

/* The log of node `id`, which it holds committed up to `commit_index`, has at
 * `index` what was committed there, and so before it. */
static bool on_path(struct sim_checker *checker, uint32_t id, uint64_t index,
                    uint64_t commit_index)
{
    if (index == 0) {
        return true;
    }
    sim_tip tip = checker->nodes[id].tip;
    uint64_t known = checker__known(checker, index);
    sim_tip committed = checker__committed(checker, known)->tip;
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (sim_log_tree_contains(checker->tree, tip, committed)) {
        return true;
    }
    uint64_t first =
        checker__known(checker, checker__fork(checker, tip, committed));
    const struct checker_commit *commit = checker__committed(checker, first);
    return checker__violate(
        checker, SIM_STATE_MACHINE_SAFETY, id, commit->node,
        "node %" PRIu32 " holds its log committed up to %" PRIu64
        ", but the log has %s where node %" PRIu32
        " held %s committed in term %" PRIu64 ".",
        id, commit_index, checker__entry_at(checker, tip, first).text,
        commit->node, checker__entry(checker, commit->tip).text, commit->term);
}

/* Leaders of later terms than `term` had `entry` when they were elected. That
 * they were elected first excuses nobody: a majority that stored the entry in
 * `term` shares a server with the majority that voted later. */
static bool in_later_leaders(struct sim_checker *checker, uint32_t id,
                             uint64_t term, sim_tip entry)
{
    for (size_t i = checker->n_elections; i > 0; i--) {
        const struct checker_election *election = &checker->elections[i - 1];
        if (election->term <= term) {
            break;
        }
        checker__count(checker, SIM_LEADER_COMPLETENESS);
        if (sim_log_tree_contains(checker->tree, election->elected_tip,
                                  entry)) {
            continue;
        }
        uint64_t index = sim_log_tree_position(checker->tree, entry).index;
        return checker__violate(
            checker, SIM_LEADER_COMPLETENESS, id, election->node,
            "node %" PRIu32 " holds %s committed in term %" PRIu64
            ", but node %" PRIu32 " became leader of term %" PRIu64
            " at %s without it: it had %s there.",
            id, checker__entry(checker, entry).text, term, election->node,
            election->term, checker__seconds(election->time_us).text,
            checker__entry_at(checker, election->elected_tip, index).text);
    }
    return true;
}

/* Enters the path to `entry` at `index` as committed in `term`: what is new,
 * and what was held to be committed in later terms only. */
static void enter(struct sim_checker *checker, uint32_t id, uint64_t term,
                  sim_tip entry, uint64_t index)
{
    uint64_t known = checker->n_committed;
    while (checker->n_committed < index) {
        sim_window_add(&checker->committed);
        checker->n_committed++;
    }
    for (; index >= checker->committed.first; index--) {
        struct checker_commit *commit =
            sim_window_at(&checker->committed, index, sizeof *commit);
        if (index <= known && commit->term <= term) {
            break;
        }
        *commit =
            (struct checker_commit){.term = term, .tip = entry, .node = id};
        entry = sim_log_tree_parent(checker->tree, entry);
    }
}

bool checker__commit(struct sim_checker *checker, uint32_t id, uint64_t term,
                     uint64_t index)
{
    const struct checker_node *node = &checker->nodes[id];
    uint64_t known = checker->n_committed;
    checker__count(checker, SIM_MONOTONIC_COMMIT);
    if (index > node->last.index) {
        return checker__violate(checker, SIM_MONOTONIC_COMMIT, id, SIM_NONE,
                                "node %" PRIu32
                                " holds its log committed up to %" PRIu64
                                ", but the log ends at %" PRIu64 ".",
                                id, index, node->last.index);
    }
    if (!on_path(checker, id, index < known ? index : known, index)) {
        return false;
    }
    if (index < checker->committed.first) {
        return true; /* no server is in a term before that of its commit */
    }
    if (index <= known && checker__committed(checker, index)->term <= term) {
        return true;
    }
    sim_tip entry = sim_log_tree_ancestor(checker->tree, node->tip, index);
    struct checker_ruling ruling = checker->ruling;
    if ((index > known && !checker__quorum(checker, id, entry, &ruling)) ||
        !in_later_leaders(checker, id, term, entry)) {
        return false;
    }
    enter(checker, id, term, entry, index);
    checker->ruling = ruling;
    return true;
}

bool checker__is_committed(const struct sim_checker *checker, uint64_t index,
                           sim_tip tip)
{
    return index <= checker->n_committed && !checker__is_gone(checker, index) &&
           checker__committed(checker, index)->tip == tip;
}
