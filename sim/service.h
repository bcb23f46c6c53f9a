/* How well a cluster served: for how long nobody led, and how long after each
 * damage it took until something new was committed.
 *
 * A damage is an action that breaks something: a crash, a pause, a cut, a disk
 * that fails, a clock that jumps, ... (what mends, asks for something or
 * compacts is none). The cluster has recovered from it when an entry is
 * committed that did not exist when the damage was done; so that is measured
 * only while there is work, from clients or from new leaders.
 *
 * Only looks; the run is the same without it.
 */
#ifndef SIM_SERVICE_H
#define SIM_SERVICE_H

#include "sim/cluster.h"

struct sim_service {
    uint64_t leaderless_us;
    uint64_t recoveries;
    uint64_t recovery_us; /* of all of them together, */
    uint64_t longest_us;  /* and the longest */

    /* Its own. */
    uint64_t seen_us, seen_damages, seen_commits;
    struct sim_service_damage *open; /* not recovered from, oldest first */
    size_t n_open, capacity;
};

/* All zero is a service that nothing was seen of. */
void sim_service_free(struct sim_service *service);

/* Time goes on: the leader of now was so until `time_us`. */
void sim_service_pass(struct sim_service *service,
                      const struct sim_cluster *cluster, uint64_t time_us);

/* After each event; `damages`: how many were done so far. */
void sim_service_look(struct sim_service *service,
                      const struct sim_cluster *cluster, uint64_t damages);

#endif
