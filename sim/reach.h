/* What an action reaches at the moment it happens: nodes, or directed links. */
#ifndef SIM_REACH_H
#define SIM_REACH_H

#include "sim/targets.h"

struct sim_reach {
    struct sim_node_list nodes; /* those named; empty for partition and mesh */
    struct sim_node_list to;    /* cut, clog and link: the other end */
    struct sim_node_list by;    /* replace: by whom */
    bool has_sides;             /* partition, bridge: */
    uint8_t side[SIM_MAX_NODES + 1]; /* of each node; of a bridge's own: 0 */
    uint32_t ask; /* who is asked to change the members, or to hand over; the
                     first if more are named; SIM_NONE: whoever leads */
    struct sim_pair *links; /* from a to b: to block, hold or change; each
                               as often as it is meant */
    size_t links_capacity;
    uint32_t n_links;
};

/* Finds it anew, in the memory that `reach` has; the caller frees
 * `reach->links` in the end. `prng` makes the choices. False if a target does
 * not exist now. */
bool sim_reach_find(struct sim_reach *reach, const struct sim_action *action,
                    const struct sim_cluster *cluster, struct sim_prng *prng);

#endif
