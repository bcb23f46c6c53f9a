/* Who a step of the script means: symbolic targets, at the moment it happens.
 *
 * Members are those of sim_cluster_members(). Voters are its voters, and its
 * old voters while it is joint.
 */
#ifndef SIM_TARGETS_H
#define SIM_TARGETS_H

#include "sim/cluster.h"

/* Nodes in the order in which they were named. */
struct sim_node_list {
    uint32_t nodes[SIM_MAX_NODES];
    uint32_t count;
};

/* One step's choices: "rest", and each random choice, mean nodes that the same
 * step has not named before. */
struct sim_naming {
    const struct sim_cluster *cluster;
    struct sim_prng *prng;
    enum sim_action_kind action; /* "a node" is one to which it can happen */
    bool named[SIM_MAX_NODES + 1];
};

struct sim_naming sim_naming_new(const struct sim_cluster *cluster,
                                 struct sim_prng *prng,
                                 enum sim_action_kind action);

/* The nodes that `targets` are now. False if one of them does not exist: no
 * leader, no candidate, nobody to choose from, a number beyond the cluster. A
 * set ("followers", "crashed") may be empty. */
bool sim_naming_resolve(struct sim_naming *naming,
                        const struct sim_targets *targets,
                        struct sim_node_list *list);

bool sim_node_list_has(const struct sim_node_list *list, uint32_t node);

/* False if it was not there. The order of the others stays. */
bool sim_node_list_remove(struct sim_node_list *list, uint32_t node);

#endif
