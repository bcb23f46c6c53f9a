/* The adapter that puts the Raft library of raft/ behind the simulator's node
 * interface: the only place in sim/ that knows it. */
#ifndef SIM_RAFT_NODE_H
#define SIM_RAFT_NODE_H

#include "sim/node.h"

/* Named "builtin". */
extern const struct sim_node_type sim_raft_node_type;

#endif
