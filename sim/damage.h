/* What faults do to a cluster, and how it is undone.
 *
 * A damage is one action that took effect. Those that last (a cut, other
 * weather, a slow disk, a drifting clock, machines down or paused "for" a time)
 * are remembered until they are undone or healed. Damages overlap freely: a
 * link is open when nothing blocks it any more. What is wished about members
 * and leaders is no damage: see sim/operator.h.
 */
#ifndef SIM_DAMAGE_H
#define SIM_DAMAGE_H

#include "sim/clients.h"
#include "sim/cluster.h"

struct sim_damages;

/* `clients` get the script's proposals. Both outlive the damages. */
struct sim_damages *sim_damages_new(struct sim_cluster *cluster,
                                    struct sim_clients *clients);
void sim_damages_free(struct sim_damages *damages);

enum sim_damage_outcome {
    SIM_DAMAGE_NO_TARGET =
        0,                /* a target does not exist now: nothing was done */
    SIM_DAMAGE_NO_EFFECT, /* all is as it was: a crash of what is down, a
                             partition of one node */
    SIM_DAMAGE_DONE,
};

/* The action happens, if its targets exist now; `prng` makes its choices.
 * `action` outlives the damage. If it lasts, an event to undo it comes after
 * `*duration_us` (NULL: it stays). */
enum sim_damage_outcome sim_damage_do(struct sim_damages *damages,
                                      const struct sim_action *action,
                                      struct sim_prng *prng,
                                      const uint64_t *duration_us);

/* SIM_QUEUE_UNDO. False if it was healed meanwhile: then nothing is done. */
bool sim_damage_undo(struct sim_damages *damages, uint32_t slot,
                     uint64_t serial);

/* All is well again: nothing lasts, every machine is up and runs. */
void sim_damages_heal(struct sim_damages *damages);

/* Damages that last at this moment, apart from machines that are down or
 * paused: the cluster knows of those. */
uint32_t sim_damages_count(const struct sim_damages *damages);

#endif
