#include "sim/checker_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The nodes whose disks hold `entry`. Disks of servers that are down count. */
static struct sim_set holders_of(const struct sim_checker *checker,
                                 sim_tip entry)
{
    struct sim_set holders = {{0}};
    for (uint32_t id = 1; id <= checker->n_nodes; id++) {
        if (sim_log_tree_contains(checker->tree, checker->nodes[id].durable,
                                  entry)) {
            sim_set_add(&holders, id);
        }
    }
    return holders;
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

/* A witness has no commands to give back: what only witnesses hold is lost when
 * they are all that is left. */
static bool has_full_holder(const struct sim_checker *checker,
                            const struct sim_configuration *configuration,
                            const struct sim_set *holders)
{
    struct sim_set voters =
        sim_set_union(&configuration->voters, &configuration->old_voters);
    for (uint32_t id = 1; id <= checker->n_nodes; id++) {
        if (sim_set_has(&voters, id) && sim_set_has(holders, id) &&
            !sim_set_has(&configuration->witnesses, id)) {
            return true;
        }
    }
    return false;
}

static bool are_enough(const struct sim_checker *checker,
                       const struct sim_configuration *configuration,
                       const struct sim_set *holders)
{
    return configuration != NULL &&
           sim_configuration_is_quorum(configuration, holders) &&
           has_full_holder(checker, configuration, holders);
}

/* The voters that are too few, and what to call them. */
static const struct sim_set *
minority(const struct sim_configuration *configuration,
         const struct sim_set *holders, const char **name)
{
    *name = "voters";
    if (!sim_configuration_is_joint(configuration)) {
        return &configuration->voters;
    }
    if (!sim_set_has_majority(holders, &configuration->voters)) {
        *name = "new voters";
        return &configuration->voters;
    }
    *name = "old voters";
    return &configuration->old_voters;
}

static bool report_witnesses(struct sim_checker *checker, uint32_t id,
                             const char *deed, sim_tip entry)
{
    return checker__violate(
        checker, SIM_COMMITTED_ON_QUORUM, id, SIM_NONE,
        "node %" PRIu32 " %s %s, which of the disks of voters only those of "
        "witnesses hold: none of them has the command.",
        id, deed, checker__entry(checker, entry).text);
}

/* `deed` says what node `id` has to do with `entry`, which only `holders` have
 * on their disks. */
static bool report_minority(struct sim_checker *checker, uint32_t id,
                            const char *deed, sim_tip entry,
                            const struct sim_configuration *configuration,
                            const struct sim_set *holders)
{
    const char *name;
    const struct sim_set *voters = minority(configuration, holders, &name);
    struct checker_text list = {""};
    uint32_t count = 0;
    for (uint32_t voter = 1; voter <= checker->n_nodes; voter++) {
        if (sim_set_has(voters, voter) && sim_set_has(holders, voter)) {
            list_holder(&list, voter, ++count);
        }
    }
    uint32_t n_voters = sim_set_count(voters);
    return checker__violate(
        checker, SIM_COMMITTED_ON_QUORUM, id, SIM_NONE,
        "node %" PRIu32 " %s %s, which only %" PRIu32
        " of the disks of %" PRIu32 " %s hold (%s%s) where %" PRIu32 " must.",
        id, deed, checker__entry(checker, entry).text, count, n_voters, name,
        count == 0   ? "none"
        : count == 1 ? "node "
                     : "nodes ",
        list.text, n_voters / 2 + 1);
}

/* The disks of a majority hold `entry` (paper, 5.3), of both majorities where
 * the configuration is joint (dissertation, 4.3); one of them is no witness. */
static bool on_quorum(struct sim_checker *checker, uint32_t id,
                      const char *deed, sim_tip entry,
                      const struct checker_ruling *ruling)
{
    checker__count(checker, SIM_COMMITTED_ON_QUORUM);
    struct sim_set holders = holders_of(checker, entry);
    if (are_enough(checker, ruling->after, &holders) ||
        are_enough(checker, ruling->before, &holders)) {
        return true;
    }
    if (sim_configuration_is_quorum(ruling->after, &holders)) {
        return report_witnesses(checker, id, deed, entry);
    }
    return report_minority(checker, id, deed, entry, ruling->after, &holders);
}

/* A log that ends with a change of the members was allowed to, because the
 * configuration before was committed. If that becomes so only now, it was by
 * its own quorum: the later configuration came after. A joint configuration
 * that is left in the step that commits it is such a one. */
static bool former_on_quorum(struct sim_checker *checker, uint32_t id,
                             sim_tip entry)
{
    const struct sim_log_tree *tree = checker->tree;
    sim_tip latest = sim_log_tree_configuration(tree, checker->nodes[id].tip);
    if (sim_log_tree_position(tree, latest).index <= checker->n_committed) {
        return true; /* and so is the one before, which may be gone */
    }
    sim_tip former =
        sim_log_tree_configuration(tree, sim_log_tree_parent(tree, latest));
    if (sim_log_tree_position(tree, former).index <= checker->n_committed ||
        !sim_log_tree_contains(tree, entry, former)) {
        return true;
    }
    struct checker_ruling own = {
        .after = sim_memberships_of(checker->memberships, former)};
    /* One that nobody can read was hidden behind the latest when it came. */
    return own.after == NULL ||
           on_quorum(checker, id, "holds committed", former, &own);
}

bool checker__quorum(struct sim_checker *checker, uint32_t id, sim_tip entry,
                     struct checker_ruling *ruling)
{
    const struct sim_log_tree *tree = checker->tree;
    const struct checker_node *node = &checker->nodes[id];
    *ruling = (struct checker_ruling){
        .after = sim_memberships_of(checker->memberships, node->tip)};
    /* What the step itself appended cannot be committed by the log before. */
    if (sim_log_tree_contains(tree, node->tip, node->before) &&
        sim_log_tree_contains(tree, node->before, entry)) {
        ruling->before = sim_memberships_of(checker->memberships, node->before);
    }
    return former_on_quorum(checker, id, entry) &&
           on_quorum(checker, id, "holds committed", entry, ruling);
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
     * majority of those who decided kept it so far, whoever is a member since:
     * they acknowledged it in the term that committed it, so that only leaders
     * that have it can still reach them. If none does now, it is this disk's
     * doing. */
    return on_quorum(checker, id, "dropped from its disk the committed",
                     checker__committed(checker, checker->n_committed)->tip,
                     &checker->ruling);
}
