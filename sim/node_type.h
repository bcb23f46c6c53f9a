/* What is right for a table of functions of sim/node.h, and what stands in for
 * those that an implementation does not have. */
#ifndef SIM_NODE_TYPE_H
#define SIM_NODE_TYPE_H

#include "sim/node.h"

#define SIM_NODE_TYPE_PROBLEM_SIZE 128u

/* Whether a table that was compiled elsewhere can be used; if not, `problem`
 * says why: "is for interface 2, and this is 1", "step() is NULL". */
bool sim_node_type_check(const struct sim_node_type *type,
                         char problem[SIM_NODE_TYPE_PROBLEM_SIZE]);

/* The table with all its functions, for calling, but for those of members and
 * snapshots: NULL says that the type does not know of them. Messages without
 * classify() are SIM_MESSAGE_OTHER, those without describe() say nothing, and
 * inspect() of none shows nothing. */
struct sim_node_type sim_node_type_complete(const struct sim_node_type *type);

#endif
