/* What went wrong in a run, so that two failures can be told apart or be found
 * to be the same: not where and when it happened, and to whom, but what.
 *
 *   what                       kind
 *   a property's name          the words of the check that failed, its numbers
 *                              left out
 *   "contract"                 the words of the breach, in the same way
 *   "expectation"              the places in the scenario that were not met
 *   "step_limit"               (none)
 *   "time_limit"               (none)
 *   "not_repeatable"           (none)
 *   "died"                     how the process ended: "killed by SIGSEGV"
 */
#ifndef TOOLS_FAILURE_H
#define TOOLS_FAILURE_H

#include <stdbool.h>

#include "sim/simulation.h"

#define FAILURE_WHAT_SIZE 48u
#define FAILURE_KIND_SIZE 1024u
#define FAILURE_TEXT_SIZE (FAILURE_WHAT_SIZE + FAILURE_KIND_SIZE + 2)

struct failure {
    char what[FAILURE_WHAT_SIZE]; /* empty: nothing went wrong */
    char kind[FAILURE_KIND_SIZE];
};

/* Of a run that ended, or was interrupted, which is no failure. */
void failure_of(struct failure *failure, const struct sim_result *result,
                bool differs);

/* "SIGSEGV"; NULL for one without a name here. */
const char *failure_signal_name(int number);

/* What a run that ended says of it, with its numbers; "" if nothing. Valid as
 * long as the result. */
const char *failure_words(const struct sim_result *result);

/* The same thing went wrong, as far as is known: a kind that is empty is not.
 */
bool failure_equal(const struct failure *a, const struct failure *b);

/* Why such a failure cannot be made smaller, in a sentence without its end;
 * NULL if it can. A literal. */
const char *failure_unshrinkable(const struct failure *failure);

/* "election_safety: node _ became leader of term _, …"; `text` has room for
 * FAILURE_TEXT_SIZE bytes. Returns it. */
const char *failure_print(const struct failure *failure, char *text);

#endif
