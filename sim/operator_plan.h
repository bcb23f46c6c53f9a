/* What a wish comes to: in words; and of one about members, the members it is
 * after, the next change on the way there, and whom it cannot have. Pure
 * functions of the members of the moment.
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

/* Room for a wish in words, its NUL included. */
#define SIM_WISH_TEXT_SIZE 96u

/* "add 3 as voter": the nodes by their numbers, cut after some with "...". */
void sim_wish_describe(const struct sim_action *action,
                       const struct sim_wish_targets *targets,
                       char text[SIM_WISH_TEXT_SIZE]);

/* The members that `action` (from SIM_ACTION_ADD to SIM_ACTION_MEMBERS) makes
 * of these, old voters left out. Who is what he shall be stays as he is, and so
 * does who cannot become it (see sim_wish_obstacle()). Who comes in has his
 * priority of `initial`. Once a witness, always a witness, because nobody knows
 * which payloads his log lacks: one of `witnesses` stays one, and comes back as
 * one where "replace" or "members" make him a voter, which a witness is. */
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

/* Somebody who does not become what a wish says, and why: "was a witness, and
 * becomes nothing else". */
struct sim_wish_obstacle {
    uint32_t node; /* SIM_NONE: nobody stands in its way */
    const char *why;
};

/* The first such of the targets, once the members are the wish's `goal`. It
 * stays so: nothing but wishes changes members, and there is one at a time. */
struct sim_wish_obstacle sim_wish_obstacle(
    const struct sim_action *action, const struct sim_wish_targets *targets,
    const struct sim_configuration *goal, const struct sim_set *witnesses);

/* Whether there is a voter who stores commands. */
bool sim_members_can_lead(const struct sim_configuration *members);

#endif
