/* What a scenario asks of nodes beyond elections and replication. A node that
 * lacks some of it may run the scenario all the same; whether that ends as the
 * scenario expects is another matter, and the report says what was lacking. */
#ifndef SIM_ASKS_H
#define SIM_ASKS_H

#include "sim/scenario.h"

/* A sum of SIM_FEATURE_…: those without which a step of the script cannot
 * happen (optional ones left out), an expectation cannot be met, or an option
 * of /raft that is off by default means nothing. */
uint32_t sim_scenario_asks(const struct sim_scenario *scenario);

/* Those that it makes use of and can be run without, other than those above:
 * what is on by default in /raft, and what nemeses do. */
uint32_t sim_scenario_uses(const struct sim_scenario *scenario);

/* Of one SIM_FEATURE_…: "pre_vote"; NULL if there is no such feature. */
const char *sim_feature_name(uint32_t feature);

#endif
