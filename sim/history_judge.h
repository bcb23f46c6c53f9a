/* At the end of a run: whether what its clients were told can be put into one
 * order (sim/linearizability.h), in the clients' own words.
 */
#ifndef SIM_HISTORY_JUDGE_H
#define SIM_HISTORY_JUDGE_H

#include "sim/checker.h"
#include "sim/clients.h"

/* Judges the history so far and tells the checker (NULL: nothing is done).
 * Returns how many operations were judged: none if it could not be decided
 * within a sensible time, which is no evaluation. */
uint64_t sim_history_judge(const struct sim_clients *clients,
                           struct sim_checker *checker);

#endif
