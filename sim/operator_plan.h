/* What a wish about members comes to: the members it is after, and the next
 * change on the way there. Pure functions of the members of the moment.
 */
#ifndef SIM_OPERATOR_PLAN_H
#define SIM_OPERATOR_PLAN_H

#include "sim/configuration.h"
#include "sim/targets.h"

/* Whom a wish names. */
struct sim_wish_targets {
    struct sim_set nodes;
    struct sim_set by; /* replace */
    uint32_t first;    /* of the nodes, as named; SIM_NONE if none is */
};

struct sim_wish_targets sim_wish_targets(const struct sim_node_list *nodes,
                                         const struct sim_node_list *by);

/* The members that `action` (from SIM_ACTION_ADD to SIM_ACTION_MEMBERS) makes *
 * of these, old voters left out. Who is what he shall be stays as he is. Who
 * comes in has his priority of `initial`. Once a witness, always a witness: one
 * of `witnesses` stays one and comes back as one, as a learner not at all,
 * because nobody knows which payloads his log lacks. */
struct sim_configuration sim_wish_goal(const struct sim_action *action,
                                       const struct sim_wish_targets *targets,
                                       const struct sim_configuration *members,
                                       const struct sim_configuration *initial,
                                       const struct sim_set *witnesses);

/* The change to propose next on the way from `members`, which are not joint, to
 * `goal`, which is another configuration; `*joint` says how. */
struct sim_configuration sim_wish_next(const struct sim_action *action,
                                       const struct sim_configuration *goal,
                                       const struct sim_configuration *members,
                                       bool catch_up, bool *joint);

/* Whether there is a voter who stores commands. */
bool sim_members_can_lead(const struct sim_configuration *members);

#endif
