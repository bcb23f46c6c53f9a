/* Scenarios with fewer nodes, or a shorter run, kept valid. */
#ifndef TOOLS_SHRINK_NODES_H
#define TOOLS_SHRINK_NODES_H

struct cJSON;

/* Leaves out whatever names a node above `n`: steps, nemeses, members, links,
 * clocks. */
void shrink_keep_nodes(struct cJSON *scenario, unsigned n);

/* Leaves out times that are beyond the scenario's duration: what a nemesis and
 * the workload have to say about when they end. */
void shrink_end_within(struct cJSON *scenario);

#endif
