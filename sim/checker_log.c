#include "sim/checker_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* A node whose log holds the entry `tip`, `likely` if it does; SIM_NONE if no
 * log holds it any more. It asks them all: for the words of a report only. */
static uint32_t holder(const struct sim_checker *checker, sim_tip tip,
                       uint32_t likely)
{
    uint32_t found = SIM_NONE;
    for (uint32_t id = 1; id <= checker->n_nodes; id++) {
        const struct checker_node *node = &checker->nodes[id];
        bool holds = (node->alive &&
                      sim_log_tree_contains(checker->tree, node->tip, tip)) ||
                     sim_log_tree_contains(checker->tree, node->durable, tip);
        if (holds && (found == SIM_NONE || id == likely)) {
            found = id;
        }
    }
    return found;
}

/* "the log of node 3" */
static struct checker_text log_words(uint32_t id)
{
    struct checker_text piece = {"a log of the past"};
    if (id != SIM_NONE) {
        snprintf(piece.text, sizeof(piece.text), "the log of node %" PRIu32,
                 id);
    }
    return piece;
}

static const char *kind_words(enum sim_entry_kind kind)
{
    switch (kind) {
    case SIM_ENTRY_INTERNAL:
        return "internal entry";
    case SIM_ENTRY_COMMAND:
        return "command";
    case SIM_ENTRY_CONFIGURATION:
        return "configuration";
    case SIM_ENTRY_SESSION:
        return "session";
    }
    return "entry of an unknown kind";
}

static bool report_twins(struct sim_checker *checker, uint32_t id, sim_tip tip,
                         sim_tip twin)
{
    const struct sim_log_tree *tree = checker->tree;
    uint32_t a = holder(checker, tip, id);
    uint32_t b = holder(checker, twin, SIM_NONE);
    sim_tip before_a = sim_log_tree_parent(tree, tip);
    sim_tip before_b = sim_log_tree_parent(tree, twin);
    if (before_a != before_b) {
        return checker__violate(
            checker, SIM_LOG_MATCHING, a, b,
            "two logs have %s, but differ before it: it follows %s in %s, and "
            "%s in %s.",
            checker__entry(checker, tip).text,
            checker__entry(checker, before_a).text, log_words(a).text,
            checker__entry(checker, before_b).text, log_words(b).text);
    }
    struct sim_entry entry_a = sim_log_tree_entry(tree, tip);
    struct sim_entry entry_b = sim_log_tree_entry(tree, twin);
    return checker__violate(
        checker, SIM_LOG_MATCHING, a, b,
        "%s is not the same in two logs: one %s of size %" PRIu32
        " in %s, another %s of size %" PRIu32 " in %s.",
        checker__entry(checker, tip).text, kind_words(entry_a.kind),
        entry_a.size, log_words(a).text, kind_words(entry_b.kind), entry_b.size,
        log_words(b).text);
}

/* Index and term name an entry and all before it (paper, 5.3): a tree node that
 * shares them with another is a log that differs where it may not. Compared
 * once for each tree node, when it is new; an entry that finds its tree node
 * there was compared in finding it. */
static bool judge_new(struct sim_checker *checker, uint32_t id)
{
    const struct sim_log_tree *tree = checker->tree;
    uint32_t count = sim_log_tree_count(tree);
    for (; checker->n_judged < count; checker->n_judged++) {
        sim_tip tip = checker->n_judged;
        sim_tip twin = sim_log_tree_twin(tree, tip);
        if (twin != SIM_NO_TIP) {
            return report_twins(checker, id, tip, twin);
        }
        sim_tip parent = sim_log_tree_parent(tree, tip);
        if (sim_log_tree_position(tree, tip).term <
            sim_log_tree_position(tree, parent).term) {
            uint32_t who = holder(checker, tip, id);
            return checker__violate(checker, SIM_LOG_MATCHING, who, SIM_NONE,
                                    "the terms in %s decrease: %s follows %s.",
                                    log_words(who).text,
                                    checker__entry(checker, tip).text,
                                    checker__entry(checker, parent).text);
        }
    }
    return true;
}

bool checker__last(struct sim_checker *checker, uint32_t id,
                   struct sim_position last)
{
    const struct checker_node *node = &checker->nodes[id];
    if (sim_position_compare(last, node->last) == 0) {
        return true;
    }
    return checker__violate(
        checker, SIM_LOG_MATCHING, id, SIM_NONE,
        "the log of node %" PRIu32 " in memory is not the one it writes: it "
        "shows entry %" PRIu64 " of term %" PRIu64
        " as its last, but what it wrote ends with %s.",
        id, last.index, last.term, checker__entry(checker, node->tip).text);
}

bool checker__log(struct sim_checker *checker, uint32_t id, sim_tip tip,
                  const struct sim_view *view)
{
    struct checker_node *node = &checker->nodes[id];
    node->tip = tip;
    node->last = sim_log_tree_position(checker->tree, tip);
    checker__count(checker, SIM_LOG_MATCHING);
    if (!checker__last(checker, id, view->last) || !judge_new(checker, id)) {
        return false;
    }
    if (node->last.term <= view->hard_state.term) {
        return true;
    }
    return checker__violate(
        checker, SIM_LOG_MATCHING, id, SIM_NONE,
        "the log of node %" PRIu32
        " ends with %s, but the node is in term %" PRIu64 " only.",
        id, checker__entry(checker, tip).text, view->hard_state.term);
}
