/* When faults happen: the script's steps in their order, and the nemeses.
 *
 * Steps with "at" happen at their time. Steps with "when" and "after" happen
 * one after the other: such a step begins to wait when all steps above it have
 * happened. A step that is due but whose target does not exist yet is tried
 * again after each event until it does. One that is a wish (see
 * sim/operator.h) happens when the wish has come true.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "sim/damage.h"
#include "sim/operator.h"

struct sim_faults;

/* The faults of the cluster's scenario; puts the first events in the queue. All
 * three outlive it. */
struct sim_faults *sim_faults_new(struct sim_cluster *cluster,
                                  struct sim_damages *damages,
                                  struct sim_operator *op, uint64_t seed);
void sim_faults_free(struct sim_faults *faults);

/* SIM_QUEUE_FAULT and SIM_QUEUE_NEMESIS. `it` is whom the event happened to
 * that the nemesis acts on; SIM_NONE where it follows none. */
void sim_faults_step_due(struct sim_faults *faults, uint32_t step);
void sim_faults_nemesis_due(struct sim_faults *faults, uint32_t nemesis,
                            uint32_t it);

/* SIM_QUEUE_END: no step and no nemesis begins any more, nothing is wished for,
 * and what is still broken is mended. */
void sim_faults_end(struct sim_faults *faults);

/* After each event: looks at what happened in it, and tries waiting steps. */
void sim_faults_look(struct sim_faults *faults);

/* Whether all is well and no nemesis is to come: no damage lasts, every machine
 * is up and runs (but for those that are down for good: see
 * sim_cluster_is_whole()). What the script does later does not count. */
bool sim_faults_is_calm(const struct sim_faults *faults);

/* Actions that took effect so far, proposals and wishes left out. */
uint64_t sim_faults_count(const struct sim_faults *faults);

/* Those of them that break something, and do not mend it. */
uint64_t sim_faults_damages(const struct sim_faults *faults);

/* The steps that did not happen and are not optional: the first of them from
 * `from` on, or the number of all steps. */
uint32_t sim_faults_missing(const struct sim_faults *faults, uint32_t from);

/* Why a step has not happened, for people: "it waits since 2.500000 s for
 * {"configured": 2}, which was so at 2.100000 s, while a step above held the
 * script". Lives until the next call. */
const char *sim_faults_reason(struct sim_faults *faults, uint32_t step);

#endif
