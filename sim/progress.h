/* Waits for progress, which is the one promise that takes time.
 *
 * A wait begins when all is well (see sim_faults_is_calm()): the probe proposes
 * a command. It is reached when there is a leader, the command is committed,
 * and every member by the leader's log has applied it: voters, old ones
 * included, learners and witnesses, but nobody who is a stranger, was removed,
 * or is down for good. It is missed when the scenario's progress_within is
 * over. A fault ends it unjudged; the next good moment begins another. So does
 * a change of the members that the operator got accepted: who comes in has to
 * catch up first. When the scenario's duration is over there is a last wait,
 * though nothing was wrong.
 */
#ifndef SIM_PROGRESS_H
#define SIM_PROGRESS_H

#include "sim/clients.h"
#include "sim/cluster.h"
#include "sim/faults.h"

struct sim_progress {
    struct sim_cluster *cluster;
    struct sim_clients *clients;
    const struct sim_faults *faults;
    bool waits;
    uint64_t number;       /* of the wait */
    bool committed;        /* the probe's command is */
    uint64_t needs_index;  /* then: what every member has to apply */
    uint64_t seen_faults;  /* at the last look */
    uint64_t seen_changes; /* of the members, at the last look */
    bool was_calm;         /* at the last look */
    bool is_last_due;      /* the last wait has not begun */
};

/* Nothing is waited for yet. All three outlive it. */
struct sim_progress sim_progress_new(struct sim_cluster *cluster,
                                     struct sim_clients *clients,
                                     const struct sim_faults *faults);

/* The scenario's duration is over: the next look begins the last wait, if all
 * is well and none goes on. */
void sim_progress_end(struct sim_progress *progress);

/* After each event, in which a damage was `undone` or not: begins a wait, ends
 * one, or sees that it is reached, which it tells the checker. */
void sim_progress_look(struct sim_progress *progress, bool undone);

/* SIM_QUEUE_DEADLINE: if the wait of this number still goes on it is missed,
 * which it tells the checker. */
void sim_progress_deadline(struct sim_progress *progress, uint64_t number);

#endif
