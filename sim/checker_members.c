#include "sim/checker_internal.h"

#include <inttypes.h>
#include <string.h>

bool checker__knows(const struct sim_checker *checker, uint32_t id, sim_tip tip,
                    const struct sim_configuration *members)
{
    const struct sim_configuration *in_force =
        sim_memberships_of(checker->memberships, tip);
    if (in_force == NULL) {
        return false;
    }
    if (sim_configuration_equal(members, in_force)) {
        return true;
    }
    /* A server that is no member of a new cluster was not told of those who
     * are. It learns it from a snapshot, or never needs to: the next
     * configuration in its log tells it all. */
    struct sim_set first = sim_configuration_members(
        sim_memberships_of(checker->memberships, SIM_ROOT));
    return sim_configuration_is_empty(members) &&
           sim_log_tree_configuration(checker->tree, tip) == SIM_ROOT &&
           !sim_set_has(&first, id) && !checker->nodes[id].knows_start;
}

static bool report_members(struct sim_checker *checker, uint32_t id,
                           const struct sim_configuration *members)
{
    char in_force[SIM_CONFIGURATION_TEXT_SIZE];
    char shown[SIM_CONFIGURATION_TEXT_SIZE];
    const struct checker_node *node = &checker->nodes[id];
    sim_configuration_describe(
        sim_memberships_of(checker->memberships, node->tip), in_force);
    sim_configuration_describe(members, shown);
    return checker__violate(
        checker, SIM_CONFIGURATION_MATCHES_LOG, id, SIM_NONE,
        "the members are %s by the latest configuration in the log of node "
        "%" PRIu32 ", that of %s, but the node has %s%s.",
        in_force, id, checker__place(node->configured).text, shown,
        strcmp(in_force, shown) == 0 ? ", with other priorities" : "");
}

bool checker__configuration(struct sim_checker *checker, uint32_t id,
                            struct sim_position shown,
                            const struct sim_configuration *members)
{
    struct checker_node *node = &checker->nodes[id];
    sim_tip latest = sim_log_tree_configuration(checker->tree, node->tip);
    bool is_new = latest != node->configuration;
    if (is_new) {
        node->configuration = latest;
        node->configured = sim_log_tree_position(checker->tree, latest);
    }
    bool is_shown = shown.term == node->configured.term &&
                    shown.index == node->configured.index;
    if (is_shown && !is_new && members == NULL) {
        return true;
    }
    checker__count(checker, SIM_CONFIGURATION_MATCHES_LOG);
    const struct sim_configuration *in_force =
        sim_memberships_of(checker->memberships, latest);
    if (in_force == NULL) {
        return checker__violate(
            checker, SIM_CONFIGURATION_MATCHES_LOG, id, SIM_NONE,
            "the log of node %" PRIu32
            " has a configuration that nobody can read: %s.",
            id, checker__entry(checker, latest).text);
    }
    if (!is_shown) {
        return checker__violate(
            checker, SIM_CONFIGURATION_MATCHES_LOG, id, SIM_NONE,
            "the latest configuration in the log of node %" PRIu32
            " is that of %s, but the node goes by that of %s.",
            id, checker__place(node->configured).text,
            checker__place(shown).text);
    }
    checker->witnesses =
        sim_set_union(&checker->witnesses, &in_force->witnesses);
    if (members == NULL) {
        return true;
    }
    if (!checker__knows(checker, id, node->tip, members)) {
        return report_members(checker, id, members);
    }
    if (latest == SIM_ROOT && !sim_configuration_is_empty(members)) {
        node->knows_start = true;
    }
    return true;
}

/* Configurations that nobody can read are reported elsewhere. */
static bool follows(struct sim_checker *checker, uint32_t id, uint64_t term,
                    sim_tip entry, sim_tip former)
{
    const struct sim_configuration *before =
        sim_memberships_of(checker->memberships, former);
    const struct sim_configuration *next =
        sim_memberships_of(checker->memberships, entry);
    const char *wrong = before == NULL || next == NULL
                            ? NULL
                            : sim_configuration_misstep(before, next);
    return wrong == NULL ||
           checker__violate(
               checker, SIM_ONE_CHANGE_AT_A_TIME, id, SIM_NONE,
               "node %" PRIu32 ", leader of term %" PRIu64
               ", changed the members with %s after those of %s: %s.",
               id, term, checker__entry(checker, entry).text,
               checker__entry(checker, former).text, wrong);
}

/* The configuration entry `entry` of the leader of `term`, appended when its
 * log was held committed up to `known`. */
static bool change_may_begin(struct sim_checker *checker, uint32_t id,
                             uint64_t term, sim_tip entry, uint64_t known)
{
    const struct sim_log_tree *tree = checker->tree;
    sim_tip former =
        sim_log_tree_configuration(tree, sim_log_tree_parent(tree, entry));
    checker__count(checker, SIM_ONE_CHANGE_AT_A_TIME);
    if (!follows(checker, id, term, entry, former)) {
        return false;
    }
    if (sim_log_tree_position(tree, former).index > known) {
        return checker__violate(
            checker, SIM_ONE_CHANGE_AT_A_TIME, id, SIM_NONE,
            "node %" PRIu32 ", leader of term %" PRIu64
            ", changed the members with %s while the change before, with %s, "
            "was not committed: it held its log committed up to %" PRIu64 ".",
            id, term, checker__entry(checker, entry).text,
            checker__entry(checker, former).text, known);
    }
    sim_tip committed =
        sim_log_tree_ancestor(tree, entry, checker__known(checker, known));
    if (sim_log_tree_position(tree, committed).term == term) {
        return true;
    }
    return checker__violate(
        checker, SIM_ONE_CHANGE_AT_A_TIME, id, SIM_NONE,
        "node %" PRIu32 ", leader of term %" PRIu64
        ", changed the members with %s before anything of its own term was "
        "committed: the last that it held committed was %s.",
        id, term, checker__entry(checker, entry).text,
        checker__entry(checker, committed).text);
}

bool checker__changes(struct sim_checker *checker, uint32_t id, uint64_t term,
                      uint64_t commit_index)
{
    const struct sim_log_tree *tree = checker->tree;
    const struct checker_node *node = &checker->nodes[id];
    uint64_t old_end = sim_log_tree_position(tree, node->before).index;
    sim_tip entry = node->configuration;
    struct sim_position place = node->configured;
    while (place.index > old_end) {
        /* It was appended after all that is before it. */
        uint64_t known =
            commit_index < place.index ? commit_index : place.index - 1;
        if (!change_may_begin(checker, id, term, entry, known)) {
            return false;
        }
        entry =
            sim_log_tree_configuration(tree, sim_log_tree_parent(tree, entry));
        place = sim_log_tree_position(tree, entry);
    }
    return true;
}
