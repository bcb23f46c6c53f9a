/* What is left on standard error by a run whose node takes the process with it
 * (an assertion, a bad pointer): in which step that was, and what survives it.
 */
#ifndef TOOLS_DEATH_H
#define TOOLS_DEATH_H

#include "sim/simulation.h"

/* From now on a signal that ends the process says where `simulation` was, which
 * has this seed. Not if another one than the default would happen. */
void death_watch(const struct sim_simulation *simulation, uint64_t seed);

/* The simulation is about to be freed. */
void death_unwatch(void);

#endif
