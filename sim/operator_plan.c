#undef NDEBUG
#include "sim/operator_plan.h"

#include <assert.h>
#include <stdio.h>

/* --- sets ----------------------------------------------------------------- */

static struct sim_set set_of(const struct sim_node_list *list)
{
    struct sim_set set = {{0}};
    for (uint32_t i = 0; i < list->count; i++) {
        sim_set_add(&set, list->nodes[i]);
    }
    return set;
}

/* Those that are in both. */
static struct sim_set both(const struct sim_set *a, const struct sim_set *b)
{
    struct sim_set others = sim_set_without(a, b);
    return sim_set_without(a, &others);
}

static void join(struct sim_set *set, const struct sim_set *more)
{
    *set = sim_set_union(set, more);
}

static void leave(struct sim_set *set, const struct sim_set *less)
{
    *set = sim_set_without(set, less);
}

/* The lowest number in it, which is not empty. */
static uint32_t first_of(const struct sim_set *set)
{
    uint32_t node = 1;
    while (!sim_set_has(set, node)) {
        node++;
    }
    return node;
}

struct sim_wish_targets sim_wish_targets(const struct sim_node_list *nodes,
                                         const struct sim_node_list *by)
{
    return (struct sim_wish_targets){.nodes = set_of(nodes),
                                     .by = set_of(by),
                                     .first = nodes->count > 0 ? nodes->nodes[0]
                                                               : SIM_NONE};
}

/* --- in words ------------------------------------------------------------- */

/* The longest of what may follow a list: " as learner", and a NUL. */
#define TAIL_SIZE 12u

/* A space and the longest number of a node; " ..." is no longer. */
#define NUMBER_SIZE 4u

/* Adds `word`, for which there is room. */
static size_t add_text(char text[SIM_WISH_TEXT_SIZE], size_t used,
                       const char *word)
{
    int added = snprintf(text + used, SIM_WISH_TEXT_SIZE - used, "%s", word);
    assert(added >= 0);
    assert((size_t)added < SIM_WISH_TEXT_SIZE - used);
    return used + (size_t)added;
}

/* " 1 2 3", up to `end`. */
static size_t add_nodes(char text[SIM_WISH_TEXT_SIZE], size_t used,
                        const struct sim_set *nodes, size_t end)
{
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        if (!sim_set_has(nodes, node)) {
            continue;
        }
        if (used + 2 * NUMBER_SIZE > end) {
            return add_text(text, used, " ...");
        }
        char number[16];
        snprintf(number, sizeof number, " %u", (unsigned)node);
        used = add_text(text, used, number);
    }
    return used;
}

static const char *membership_words(enum sim_membership as)
{
    switch (as) {
    case SIM_AS_VOTER:
        return " as voter";
    case SIM_AS_LEARNER:
        return " as learner";
    case SIM_AS_WITNESS:
        return " as witness";
    }
    return "";
}

void sim_wish_describe(const struct sim_action *action,
                       const struct sim_wish_targets *targets,
                       char text[SIM_WISH_TEXT_SIZE])
{
    size_t used = add_text(text, 0, sim_action_name(action->kind));
    size_t end = SIM_WISH_TEXT_SIZE - TAIL_SIZE;
    if (action->kind == SIM_ACTION_REPLACE) {
        used = add_nodes(text, used, &targets->nodes, end / 2);
        used = add_text(text, used, " by");
        add_nodes(text, used, &targets->by, end);
        return;
    }
    used = add_nodes(text, used, &targets->nodes, end);
    if (action->kind == SIM_ACTION_ADD) {
        add_text(text, used, membership_words(action->as));
    } else if (action->kind == SIM_ACTION_TRANSFER &&
               targets->first == SIM_NONE) {
        add_text(text, used, " any");
    }
}

/* --- the goal ------------------------------------------------------------- */

static void become_voters(struct sim_configuration *goal,
                          const struct sim_set *nodes)
{
    join(&goal->voters, nodes);
    leave(&goal->learners, nodes);
}

static void go(struct sim_configuration *goal, const struct sim_set *nodes)
{
    leave(&goal->voters, nodes);
    leave(&goal->learners, nodes);
    leave(&goal->witnesses, nodes);
}

static void add(struct sim_configuration *goal, const struct sim_set *nodes,
                enum sim_membership as, const struct sim_set *witnesses)
{
    struct sim_set members = sim_configuration_members(goal);
    struct sim_set strangers = sim_set_without(nodes, &members);
    struct sim_set full = sim_set_without(nodes, witnesses);
    switch (as) {
    case SIM_AS_VOTER:
        become_voters(goal, &full);
        break;
    case SIM_AS_LEARNER:
        join(&goal->learners, &strangers);
        break;
    case SIM_AS_WITNESS:
        join(&goal->voters, &strangers);
        join(&goal->witnesses, &strangers);
        break;
    }
}

static void demote(struct sim_configuration *goal, const struct sim_set *nodes)
{
    struct sim_set demoted = both(&goal->voters, nodes);
    leave(&demoted, &goal->witnesses);
    leave(&goal->voters, &demoted);
    join(&goal->learners, &demoted);
}

/* Who is no member has none. */
static void set_priorities(struct sim_configuration *goal,
                           const struct sim_configuration *members,
                           const struct sim_configuration *initial)
{
    struct sim_set before = sim_configuration_members(members);
    struct sim_set after = sim_configuration_members(goal);
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        uint8_t priority = 0;
        if (sim_set_has(&after, node)) {
            priority = sim_set_has(&before, node)
                           ? members->priorities[node - 1]
                           : initial->priorities[node - 1];
        }
        goal->priorities[node - 1] = priority;
    }
}

struct sim_configuration sim_wish_goal(const struct sim_action *action,
                                       const struct sim_wish_targets *targets,
                                       const struct sim_configuration *members,
                                       const struct sim_configuration *initial,
                                       const struct sim_set *witnesses)
{
    struct sim_configuration goal = *members;
    const struct sim_set *nodes = &targets->nodes;
    struct sim_set promoted = both(&goal.learners, nodes);
    goal.old_voters = (struct sim_set){{0}};
    if (action->kind == SIM_ACTION_ADD) {
        add(&goal, nodes, action->as, witnesses);
    } else if (action->kind == SIM_ACTION_REMOVE) {
        go(&goal, nodes);
    } else if (action->kind == SIM_ACTION_PROMOTE) {
        become_voters(&goal, &promoted);
    } else if (action->kind == SIM_ACTION_DEMOTE) {
        demote(&goal, nodes);
    } else if (action->kind == SIM_ACTION_REPLACE) {
        go(&goal, nodes);
        become_voters(&goal, &targets->by);
    } else if (action->kind == SIM_ACTION_MEMBERS) {
        goal.voters = *nodes;
        goal.learners = (struct sim_set){{0}};
    }
    struct sim_set again = both(&goal.voters, witnesses);
    goal.witnesses = both(&goal.witnesses, &goal.voters);
    join(&goal.witnesses, &again);
    leave(&goal.learners, witnesses);
    set_priorities(&goal, members, initial);
    return goal;
}

/* --- who stands in its way ------------------------------------------------ */

static const char was_a_witness[] = "was a witness, and becomes nothing else";

/* Why `node` is no learner, though he shall be one. */
static const char *why_no_learner(const struct sim_set *witnesses,
                                  uint32_t node, const char *otherwise)
{
    return sim_set_has(witnesses, node) ? was_a_witness : otherwise;
}

/* Why `node` is not what the wish says; NULL if he is. */
static const char *why_not(const struct sim_action *action, uint32_t node,
                           const struct sim_configuration *goal,
                           const struct sim_set *witnesses)
{
    bool voter = sim_set_has(&goal->voters, node);
    bool learner = sim_set_has(&goal->learners, node);
    bool witness = sim_set_has(&goal->witnesses, node);
    if (action->kind == SIM_ACTION_PROMOTE) {
        return voter ? NULL : "is no member to promote";
    }
    if (action->kind == SIM_ACTION_DEMOTE) {
        return learner
                   ? NULL
                   : why_no_learner(witnesses, node, "is no member to demote");
    }
    if (action->kind != SIM_ACTION_ADD) {
        return NULL; /* a witness is a voter as well */
    }
    switch (action->as) {
    case SIM_AS_VOTER:
        return voter && !witness ? NULL : was_a_witness;
    case SIM_AS_LEARNER:
        return learner ? NULL
                       : why_no_learner(witnesses, node,
                                        "is a voter; \"demote\" makes him a "
                                        "learner");
    case SIM_AS_WITNESS:
        return witness ? NULL
                       : "is a full member, and no witness before he is "
                         "removed";
    }
    return NULL;
}

struct sim_wish_obstacle sim_wish_obstacle(
    const struct sim_action *action, const struct sim_wish_targets *targets,
    const struct sim_configuration *goal, const struct sim_set *witnesses)
{
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        if (sim_set_has(&targets->nodes, node)) {
            const char *why = why_not(action, node, goal, witnesses);
            if (why != NULL) {
                return (struct sim_wish_obstacle){node, why};
            }
        }
    }
    return (struct sim_wish_obstacle){.node = SIM_NONE};
}

bool sim_members_can_lead(const struct sim_configuration *members)
{
    struct sim_set full =
        sim_set_without(&members->voters, &members->witnesses);
    return !sim_set_is_empty(&full);
}

/* --- the next change ------------------------------------------------------ */

/* One voter comes, if one is to come; else one goes. What `goal` makes of him
 * otherwise comes with it. */
static void change_one_voter(struct sim_configuration *next,
                             const struct sim_configuration *goal,
                             const struct sim_set *coming,
                             const struct sim_set *going)
{
    if (!sim_set_is_empty(coming)) {
        uint32_t node = first_of(coming);
        sim_set_add(&next->voters, node);
        sim_set_remove(&next->learners, node);
        if (sim_set_has(&goal->witnesses, node)) {
            sim_set_add(&next->witnesses, node);
        }
        return;
    }
    uint32_t node = first_of(going);
    sim_set_remove(&next->voters, node);
    sim_set_remove(&next->witnesses, node);
    if (sim_set_has(&goal->learners, node)) {
        sim_set_add(&next->learners, node);
    }
}

struct sim_configuration sim_wish_next(const struct sim_action *action,
                                       const struct sim_configuration *goal,
                                       const struct sim_configuration *members,
                                       bool catch_up, bool *joint)
{
    struct sim_configuration next = *members;
    struct sim_set coming = sim_set_without(&goal->voters, &members->voters);
    struct sim_set going = sim_set_without(&members->voters, &goal->voters);
    uint32_t n_voters = sim_set_count(&coming) + sim_set_count(&going);
    struct sim_set unprepared = sim_set_without(&coming, &members->learners);
    leave(&unprepared, &goal->witnesses);
    *joint = false;
    if (catch_up && !sim_set_is_empty(&unprepared)) {
        join(&next.learners, &unprepared);
        set_priorities(&next, members, goal);
        return next;
    }
    if (action->joint == SIM_JOINT_NEVER && n_voters > 1) {
        change_one_voter(&next, goal, &coming, &going);
        set_priorities(&next, members, goal);
        return next;
    }
    *joint =
        n_voters > 1 || (action->joint == SIM_JOINT_ALWAYS && n_voters > 0);
    return *goal;
}
