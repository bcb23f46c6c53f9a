#undef NDEBUG
#include "sim/targets.h"

#include <assert.h>

struct sim_naming sim_naming_new(const struct sim_cluster *cluster,
                                 struct sim_prng *prng,
                                 enum sim_action_kind action)
{
    return (struct sim_naming){
        .cluster = cluster, .prng = prng, .action = action};
}

bool sim_node_list_has(const struct sim_node_list *list, uint32_t node)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->nodes[i] == node) {
            return true;
        }
    }
    return false;
}

bool sim_node_list_remove(struct sim_node_list *list, uint32_t node)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->nodes[i] != node) {
            list->nodes[kept] = list->nodes[i];
            kept++;
        }
    }
    bool removed = kept < list->count;
    list->count = kept;
    return removed;
}

static void add(struct sim_naming *naming, struct sim_node_list *list,
                uint32_t node)
{
    naming->named[node] = true;
    if (!sim_node_list_has(list, node)) {
        list->nodes[list->count] = node;
        list->count++;
    }
}

/* Whether a node can be the one that "a node" means. */
static bool is_eligible(const struct sim_naming *naming, uint32_t node)
{
    const struct sim_machine *machine = &naming->cluster->machines[node];
    switch (naming->action) {
    case SIM_ACTION_RESTART:
        return machine->node == NULL;
    case SIM_ACTION_RESUME:
        return machine->paused;
    case SIM_ACTION_PAUSE:
        return machine->node != NULL && !machine->paused;
    case SIM_ACTION_CRASH:
    case SIM_ACTION_PARTITION:
    case SIM_ACTION_ISOLATE:
    case SIM_ACTION_CUT:
    case SIM_ACTION_BRIDGE:
    case SIM_ACTION_MESH:
    case SIM_ACTION_CLOG:
    case SIM_ACTION_LINK:
    case SIM_ACTION_DISK:
    case SIM_ACTION_CORRUPT:
    case SIM_ACTION_CLOCK:
    case SIM_ACTION_EXPIRE:
    case SIM_ACTION_PROPOSE:
    case SIM_ACTION_READ:
    case SIM_ACTION_ADD:
    case SIM_ACTION_REMOVE:
    case SIM_ACTION_PROMOTE:
    case SIM_ACTION_DEMOTE:
    case SIM_ACTION_REPLACE:
    case SIM_ACTION_MEMBERS:
    case SIM_ACTION_TRANSFER:
    case SIM_ACTION_COMPACT:
    case SIM_ACTION_HEAL:
    case SIM_ACTION_KIND_COUNT:
        return machine->node != NULL;
    }
    return false;
}

static bool is_voter(const struct sim_naming *naming, uint32_t node)
{
    return sim_configuration_is_voter(sim_cluster_members(naming->cluster),
                                      node);
}

static bool is_learner(const struct sim_naming *naming, uint32_t node)
{
    return sim_set_has(&sim_cluster_members(naming->cluster)->learners, node);
}

static bool is_live_voter(const struct sim_naming *naming, uint32_t node)
{
    return sim_cluster_is_up(naming->cluster, node) && is_voter(naming, node);
}

static bool is_live_learner(const struct sim_naming *naming, uint32_t node)
{
    return sim_cluster_is_up(naming->cluster, node) && is_learner(naming, node);
}

static bool is_live_stranger(const struct sim_naming *naming, uint32_t node)
{
    return sim_cluster_is_up(naming->cluster, node) &&
           !is_voter(naming, node) && !is_learner(naming, node);
}

static bool is_follower(const struct sim_naming *naming, uint32_t node)
{
    return is_live_voter(naming, node) &&
           naming->cluster->machines[node].view.role == SIM_FOLLOWER;
}

static bool is_candidate(const struct sim_naming *naming, uint32_t node)
{
    const struct sim_machine *machine = &naming->cluster->machines[node];
    return machine->node != NULL && (machine->view.role == SIM_CANDIDATE ||
                                     machine->view.role == SIM_PRE_CANDIDATE);
}

static bool is_down(const struct sim_naming *naming, uint32_t node)
{
    return naming->cluster->machines[node].node == NULL;
}

static bool is_paused(const struct sim_naming *naming, uint32_t node)
{
    return naming->cluster->machines[node].paused;
}

static bool is_any(const struct sim_naming *naming, uint32_t node)
{
    (void)naming;
    (void)node;
    return true;
}

typedef bool (*predicate)(const struct sim_naming *, uint32_t);

/* One of those that are not named yet, each as likely as the other. */
static bool add_random(struct sim_naming *naming, struct sim_node_list *list,
                       predicate fits)
{
    uint32_t candidates[SIM_MAX_NODES];
    uint32_t n = 0;
    for (uint32_t node = 1; node <= naming->cluster->n; node++) {
        if (!naming->named[node] && fits(naming, node)) {
            candidates[n] = node;
            n++;
        }
    }
    if (n == 0) {
        return false;
    }
    add(naming, list, candidates[sim_prng_below(naming->prng, n)]);
    return true;
}

static bool add_all(struct sim_naming *naming, struct sim_node_list *list,
                    predicate fits, bool named_too)
{
    for (uint32_t node = 1; node <= naming->cluster->n; node++) {
        if ((named_too || !naming->named[node]) && fits(naming, node)) {
            add(naming, list, node);
        }
    }
    return true;
}

static uint32_t count_voters(const struct sim_naming *naming)
{
    uint32_t n = 0;
    for (uint32_t node = 1; node <= naming->cluster->n; node++) {
        n += is_voter(naming, node) ? 1 : 0;
    }
    return n;
}

/* A random set of `size` voters, or of all that are not named yet. */
static bool add_some(struct sim_naming *naming, struct sim_node_list *list,
                     uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        add_random(naming, list, is_voter);
    }
    return true;
}

static bool add_leader(struct sim_naming *naming, struct sim_node_list *list)
{
    if (naming->cluster->leader == SIM_NONE) {
        return false;
    }
    add(naming, list, naming->cluster->leader);
    return true;
}

static bool add_it(struct sim_naming *naming, struct sim_node_list *list)
{
    assert(naming->cluster->it != SIM_NONE);
    add(naming, list, naming->cluster->it);
    return true;
}

static bool resolve_one(struct sim_naming *naming,
                        const struct sim_target *target,
                        struct sim_node_list *list)
{
    uint32_t n = naming->cluster->n;
    uint32_t n_voters = count_voters(naming);
    uint32_t majority = n_voters / 2 + 1;
    uint32_t minority = (n_voters - 1) / 2;
    switch (target->kind) {
    case SIM_TARGET_NODE:
        if (target->node > n) {
            return false;
        }
        add(naming, list, target->node);
        return true;
    case SIM_TARGET_LEADER:
        return add_leader(naming, list);
    case SIM_TARGET_FOLLOWER:
        return add_random(naming, list, is_follower);
    case SIM_TARGET_FOLLOWERS:
        return add_all(naming, list, is_follower, true);
    case SIM_TARGET_CANDIDATE:
        return add_random(naming, list, is_candidate);
    case SIM_TARGET_ANY:
        return add_random(naming, list, is_eligible);
    case SIM_TARGET_ALL:
        return add_all(naming, list, is_any, true);
    case SIM_TARGET_CRASHED:
        return add_all(naming, list, is_down, true);
    case SIM_TARGET_PAUSED:
        return add_all(naming, list, is_paused, true);
    case SIM_TARGET_MAJORITY:
        return add_some(naming, list, majority);
    case SIM_TARGET_MINORITY:
        return add_some(naming, list, minority);
    case SIM_TARGET_MAJORITY_WITH_LEADER:
        return add_leader(naming, list) && add_some(naming, list, majority - 1);
    case SIM_TARGET_MINORITY_WITH_LEADER:
        return add_leader(naming, list) &&
               add_some(naming, list, minority > 0 ? minority - 1 : 0);
    case SIM_TARGET_REST:
        return add_all(naming, list, is_any, false);
    case SIM_TARGET_MEMBER:
        return add_random(naming, list, is_live_voter);
    case SIM_TARGET_LEARNER:
        return add_random(naming, list, is_live_learner);
    case SIM_TARGET_STRANGER:
        return add_random(naming, list, is_live_stranger);
    case SIM_TARGET_LEARNERS:
        return add_all(naming, list, is_live_learner, true);
    case SIM_TARGET_STRANGERS:
        return add_all(naming, list, is_live_stranger, true);
    case SIM_TARGET_IT:
        return add_it(naming, list);
    }
    return false;
}

bool sim_naming_resolve(struct sim_naming *naming,
                        const struct sim_targets *targets,
                        struct sim_node_list *list)
{
    list->count = 0;
    for (uint32_t i = 0; i < targets->count; i++) {
        if (!resolve_one(naming, &targets->items[i], list)) {
            return false;
        }
    }
    return true;
}
