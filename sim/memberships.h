/* Which members each log says there are.
 *
 * The configuration in force in a log is the one of its last configuration
 * entry, or that of the start. Each is decoded once, when it is first asked
 * for.
 */
#ifndef SIM_MEMBERSHIPS_H
#define SIM_MEMBERSHIPS_H

#include "sim/configuration.h"
#include "sim/log_tree.h"
#include "sim/node.h"

struct sim_memberships;

/* `initial` is the configuration of the empty log. Tree and type outlive the
 * memberships. */
struct sim_memberships *
sim_memberships_new(const struct sim_log_tree *tree,
                    const struct sim_node_type *type,
                    const struct sim_configuration *initial);
void sim_memberships_free(struct sim_memberships *memberships);

/* The configuration in force in the log `tip`. NULL if its configuration entry
 * is none that the type can read. Valid as long as the memberships, unless it
 * is let go. */
const struct sim_configuration *
sim_memberships_of(struct sim_memberships *memberships, sim_tip tip);

/* Lets go the configurations before the one in force in `base`, which the tree
 * will let go next, but for the `n_held` of `held`, which stay where they are
 * (NULL: none). */
void sim_memberships_reclaim(struct sim_memberships *memberships, sim_tip base,
                             const struct sim_configuration *const *held,
                             size_t n_held);

#endif
