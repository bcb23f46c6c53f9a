/* What was done in a run, by whom it was meant to be broken and by those who
 * asked for something, with everything that was left open settled: the acts of
 * a recording. A script could say the same.
 *
 *   {"time_us": 34042, "list": "/nemeses", "place": 8, "for_us": 157597,
 *    "nodes": [2], "to": [1, 3], "by": [], "ask": 1, "sides": [0, 1, 0]}
 *       an action of the scenario took effect: whom it meant, in the order in
 *       which they were named; "sides" for each node from 1 on, of a partition
 *       or a bridge (whose own nodes are on side 0).
 *   {"time_us": 50000, "operation": "set", "client": 3, "node": 2, "key": "k1",
 *    "value": 17}
 *       a client of the workload begins an operation, at this node first; the
 *       value is told by its number. "session": it opens one, for what follows.
 *   {"time_us": 180233, "campaign": 2}
 *       a node's timer made it a candidate, or a pre-candidate, once more.
 */
#ifndef SIM_RECORDING_ACTS_H
#define SIM_RECORDING_ACTS_H

#include "sim/reach.h"
#include "sim/recording.h"

/* `recording` may be NULL: then nothing is noted. */

/* `duration_us` is NULL if it stays. */
void sim_recording_act(struct sim_recording *recording, uint64_t time_us,
                       uint32_t n_nodes, const struct sim_action *action,
                       const struct sim_reach *reach,
                       const uint64_t *duration_us);

/* `value` is 0 for a read. */
void sim_recording_operation(struct sim_recording *recording, uint64_t time_us,
                             const char *operation, uint32_t client,
                             uint32_t node, const char *key, uint64_t value);

void sim_recording_campaign(struct sim_recording *recording, uint64_t time_us,
                            uint32_t node);

#endif
