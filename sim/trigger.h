/* Whether what a step of the script waits for is so, or has just happened. */
#ifndef SIM_TRIGGER_H
#define SIM_TRIGGER_H

#include "sim/cluster.h"

/* Whether it is so already: a state that is reached need not be reached again.
 * False for what is no state but an event. */
bool sim_trigger_holds(const struct sim_trigger *trigger,
                       const struct sim_cluster *cluster);

/* Whether what happened is what the trigger waits for. */
bool sim_trigger_fits(const struct sim_trigger *trigger,
                      const struct sim_happening *happening);

/* Room for an event in words, its NUL included. */
#define SIM_TRIGGER_TEXT_SIZE 80u

/* The event that a "when" waits for, as a scenario writes it:
 * {"configured": 2, "joint": true}. */
void sim_trigger_describe(const struct sim_trigger *trigger,
                          char text[SIM_TRIGGER_TEXT_SIZE]);

#endif
