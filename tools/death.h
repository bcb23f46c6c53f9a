/* What is left on standard error by a run whose node takes the process with it
 * (an assertion, a bad pointer): in which step that was, and what survives it.
 */
#ifndef TOOLS_DEATH_H
#define TOOLS_DEATH_H

#include "sim/simulation.h"

/* From now on a signal that ends the process says so of the run with this seed.
 * Not if anything but the default would happen. */
void death_watch(uint64_t seed);

/* The run's simulation, once it is there: then it says where that was. */
void death_watch_steps(const struct sim_simulation *simulation);

/* The run is over. */
void death_unwatch(void);

#endif
