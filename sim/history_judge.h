/* What clients ask for and are told, in their own words: line by line in the
 * story of a run, and at its end whether it can be put into one order
 * (sim/linearizability.h).
 */
#ifndef SIM_HISTORY_JUDGE_H
#define SIM_HISTORY_JUDGE_H

#include "sim/checker.h"
#include "sim/clients.h"
#include "sim/trace_records.h"

/* Tells what a client was told, and what it asks for next, if this action is
 * the end or the beginning of an operation. The line of an end has the words
 * that the judge has for the operation. */
void sim_history_tell(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_client_action *action);

/* Judges the history so far and tells the checker (NULL: nothing is done).
 * Returns how many operations were judged: none if it could not be decided
 * within a sensible time, which is no evaluation. */
uint64_t sim_history_judge(const struct sim_clients *clients,
                           struct sim_checker *checker);

#endif
