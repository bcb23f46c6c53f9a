/* The inside of the damages, shared by its files:
 *
 *   damage.c      what an action does, and what is remembered of it
 *   damage_mix.c  how damages that last mix, and what is left when one ends
 */
#ifndef SIM_DAMAGE_INTERNAL_H
#define SIM_DAMAGE_INTERNAL_H

#include "sim/damage.h"
#include "sim/reach.h"

struct damage {
    uint64_t serial; /* 0: the slot is free */
    const struct sim_action *action;
    struct sim_reach reach;
};

struct sim_damages {
    struct sim_cluster *cluster;
    struct sim_clients *clients;
    struct damage *items;
    size_t capacity;
    uint32_t n_items;
    uint32_t n_active;
    uint64_t last_serial;
    struct damage fresh; /* the one being made */
};

/* Machines that are down or paused say so themselves. */
static inline bool damage__is_about_lives(const struct damage *damage)
{
    return damage->action->kind == SIM_ACTION_CRASH ||
           damage->action->kind == SIM_ACTION_PAUSE;
}

static inline bool damage__is_about_links(const struct damage *damage)
{
    return damage->action->kind >= SIM_ACTION_PARTITION &&
           damage->action->kind <= SIM_ACTION_LINK;
}

/* A line for people: the action and whom it reaches. */
void damage__tell(const struct sim_damages *damages,
                  const struct damage *damage, const char *prefix);

/* The node's disk becomes what all damages that last make of it. */
void damage__mix_disk(struct sim_damages *damages, uint32_t node);

/* The damage is over: its slot may be taken. */
void damage__free_slot(struct sim_damages *damages, struct damage *damage);

/* No link is blocked or held any more, or has other weather. */
void damage__heal_network(struct sim_damages *damages);

#endif
