#include "sim/checker_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/memory.h"

/* The log of node `id`, which it holds committed up to `commit_index`, has at
 * `index` what was committed there, and so before it. */
static bool on_path(struct sim_checker *checker, uint32_t id, uint64_t index,
                    uint64_t commit_index)
{
    if (index == 0) {
        return true;
    }
    sim_tip tip = checker->nodes[id].tip;
    sim_tip committed = checker->committed[index].tip;
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (sim_log_tree_ancestor(checker->tree, tip, index) == committed) {
        return true;
    }
    uint64_t first = checker__fork(checker, tip, committed);
    const struct checker_commit *commit = &checker->committed[first];
    return checker__violate(
        checker, SIM_STATE_MACHINE_SAFETY, id, commit->node,
        "node %" PRIu32 " holds its log committed up to %" PRIu64
        ", but the log has %s where node %" PRIu32
        " held %s committed in term %" PRIu64 ".",
        id, commit_index, checker__entry_at(checker, tip, first).text,
        commit->node, checker__entry(checker, commit->tip).text, commit->term);
}

/* Adds node `id` as the `nth` to "1, 4": after some, only "and more". */
static void list_holder(struct checker_text *list, uint32_t id, uint32_t nth)
{
    size_t used = strlen(list->text);
    if (nth <= SIM_VIOLATION_MAX_NODES) {
        snprintf(list->text + used, sizeof(list->text) - used, "%s%" PRIu32,
                 nth == 1 ? "" : ", ", id);
    } else if (nth == SIM_VIOLATION_MAX_NODES + 1) {
        snprintf(list->text + used, sizeof(list->text) - used, " and more");
    }
}

/* A minority of the disks holds `entry`; `deed` says what node `id` has to do
 * with it. */
static bool report_minority(struct sim_checker *checker, uint32_t id,
                            const char *deed, sim_tip entry)
{
    struct checker_text holders = {""};
    uint32_t count = 0;
    for (uint32_t other = 1; other <= checker->n_nodes; other++) {
        sim_tip durable = checker->nodes[other].durable;
        if (sim_log_tree_contains(checker->tree, durable, entry)) {
            list_holder(&holders, other, ++count);
        }
    }
    return checker__violate(
        checker, SIM_COMMITTED_ON_QUORUM, id, SIM_NONE,
        "node %" PRIu32 " %s %s, which only %" PRIu32 " of %" PRIu32
        " disks hold (%s%s) where %" PRIu32 " must.",
        id, deed, checker__entry(checker, entry).text, count, checker->n_nodes,
        count == 0   ? "none"
        : count == 1 ? "node "
                     : "nodes ",
        holders.text, checker->n_nodes / 2 + 1);
}

/* The disks of a majority hold `entry` (paper, 5.3). Disks of servers that are
 * down count. */
static bool on_quorum(struct sim_checker *checker, uint32_t id,
                      const char *deed, sim_tip entry)
{
    uint32_t missing = checker->n_nodes / 2 + 1;
    checker__count(checker, SIM_COMMITTED_ON_QUORUM);
    for (uint32_t other = 1; other <= checker->n_nodes; other++) {
        sim_tip durable = checker->nodes[other].durable;
        if (sim_log_tree_contains(checker->tree, durable, entry) &&
            --missing == 0) {
            return true;
        }
    }
    return report_minority(checker, id, deed, entry);
}

bool checker__store(struct sim_checker *checker, uint32_t id, sim_tip durable)
{
    sim_tip before = checker->nodes[id].durable;
    checker->nodes[id].durable = durable;
    if (checker->n_committed == 0 ||
        sim_log_tree_contains(checker->tree, durable, before)) {
        return true;
    }
    /* A disk may drop what is committed as long as a majority keeps it: an old
     * leader can still overwrite a server that the new one has not reached. A
     * majority kept it so far: if none does now, it is this disk's doing. */
    return on_quorum(checker, id, "dropped from its disk the committed",
                     checker->committed[checker->n_committed].tip);
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
    if (index > known) {
        checker->committed =
            sim_grow(checker->committed, &checker->committed_capacity,
                     (size_t)index + 1, sizeof(*checker->committed));
        checker->n_committed = index;
    }
    for (; index > known || checker->committed[index].term > term; index--) {
        checker->committed[index] =
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
    sim_tip entry = sim_log_tree_ancestor(checker->tree, node->tip, index);
    if (index > known && !on_quorum(checker, id, "holds committed", entry)) {
        return false;
    }
    if (index > known || checker->committed[index].term > term) {
        if (!in_later_leaders(checker, id, term, entry)) {
            return false;
        }
        enter(checker, id, term, entry, index);
    }
    return true;
}

/* `given` is the committed entry. */
static bool applies(struct sim_checker *checker, uint32_t id, uint64_t index,
                    const struct sim_entry *given)
{
    const struct checker_commit *commit = &checker->committed[index];
    struct sim_entry entry = sim_log_tree_entry(checker->tree, commit->tip);
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (given->term == entry.term && given->kind == entry.kind &&
        given->size == entry.size &&
        (entry.size == 0 || memcmp(given->data, entry.data, entry.size) == 0)) {
        return true;
    }
    return checker__violate(
        checker, SIM_STATE_MACHINE_SAFETY, id, commit->node,
        "node %" PRIu32 " applied another entry at %" PRIu64
        " than the committed one: its own is of term %" PRIu64 " with %" PRIu32
        " bytes; node %" PRIu32 " held %s with %" PRIu32
        " bytes committed in term %" PRIu64 ".",
        id, index, given->term, given->size, commit->node,
        checker__entry(checker, commit->tip).text, entry.size, commit->term);
}

bool checker__apply(struct sim_checker *checker, uint32_t id,
                    uint64_t first_index, const struct sim_entry *entries,
                    uint32_t n_entries)
{
    struct checker_node *node = &checker->nodes[id];
    checker__count(checker, SIM_STATE_MACHINE_SAFETY);
    if (first_index != node->applied + 1) {
        return checker__violate(checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
                                "node %" PRIu32 " applied entry %" PRIu64
                                " after entry %" PRIu64 ", out of order.",
                                id, first_index, node->applied);
    }
    for (uint32_t i = 0; i < n_entries; i++) {
        uint64_t index = first_index + i;
        if (index > node->commit_index) {
            return checker__violate(
                checker, SIM_STATE_MACHINE_SAFETY, id, SIM_NONE,
                "node %" PRIu32 " applied entry %" PRIu64
                ", but holds its log committed up to %" PRIu64 " only.",
                id, index, node->commit_index);
        }
        if (!applies(checker, id, index, &entries[i])) {
            return false;
        }
        node->applied = index;
    }
    return true;
}
