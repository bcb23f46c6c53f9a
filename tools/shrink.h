/* Making a failure small: fewer faults, fewer clients, fewer nodes, no chance.
 *
 * A scenario that fails is changed, a bit at a time, and each change stays if
 * a run of it still fails in the same way: the same property, by the same
 * check. It goes in three parts:
 *
 *   1. While there is chance in it: whatever can be left out is, most at once
 *      first; and for each change not one seed is tried but many, for what
 *      matters is that the failure can still happen. Of the seeds that show it
 *      the one that does with the least is taken.
 *   2. That run is written down: each fault that fell becomes a step at its
 *      time with its nodes, each command of a client and each election too,
 *      each message that did not come like all others a rule. Nothing is left
 *      to chance.
 *   3. What was written down is made smaller, step by step and rule by rule;
 *      then times are made round.
 *
 * It is the scenario's JSON that is changed, so that all that the format can
 * say can be shrunk, and what comes out is what a person could have written. */
#ifndef TOOLS_SHRINK_H
#define TOOLS_SHRINK_H

#include "tools/progress_bar.h"
#include "tools/trials.h"

struct cJSON;
struct sim_recording;

struct shrink {
    struct trials trials;
    struct cJSON *best;        /* the smallest that fails so far, owned */
    struct trial_result found; /* its run */
    bool certain;              /* no chance is left: each seed has to fail */
    bool is_script;            /* and what is left is a script: a change must
                                  not make it heavier, but for `slack` */
    uint64_t slack;
    uint32_t patience;         /* else, the seeds that are tried for a change */
    uint64_t n_tried, n_taken; /* changes */
    const char *stage;         /* what goes on, for the progress bar */
    struct progress_bar bar;
    uint64_t started_us;
};

/* All of it, from the best and its run as found. `recording`, or NULL, has the
 * decisions of the run if the seed does not show the failure any more.
 * `*certain`: no chance is left. False if the failure does not show. */
bool shrink_all(struct shrink *shrink, struct sim_recording *recording,
                bool *certain);

/* --- shrink.c: one change at a time --------------------------------------- */

/* Tries a changed scenario (taken over) and keeps it if it fails in the same
 * way. The seed of the best comes first, then others. */
bool shrink_try(struct shrink *shrink, struct cJSON *changed);

/* The same, but only if there is less to read then. */
bool shrink_try_less(struct shrink *shrink, struct cJSON *changed);

/* How much there is to read of the best: steps and rules of the script, and
 * steps of the run. */
uint64_t shrink_weight(const struct shrink *shrink);

/* A copy of the best, to be changed. */
struct cJSON *shrink_copy(const struct shrink *shrink);

/* The best as text without spaces, to be freed. */
char *shrink_text(const struct cJSON *scenario);

/* Leaves out as many items as possible of a list of the scenario, by its key in
 * a section (NULL: at the top), most at once first. True if any. */
bool shrink_list(struct shrink *shrink, const char *section, const char *list);

bool shrink_is_over(const struct shrink *shrink);

/* --- shrink_chance.c: part 1 ---------------------------------------------- */

/* The alternatives that were drawn take the place of each "one_of". */
void shrink_resolve(struct cJSON *scenario);

/* Leaves out the nemeses that never come. Those behind them draw other luck. */
void shrink_drop_nemeses(struct cJSON *scenario);

void shrink_chance(struct shrink *shrink);

/* --- shrink_wishes.c ------------------------------------------------------ */

/* What can be said more simply of the nodes, the network, disks, clients; and
 * of the nemeses. */
bool shrink_nemesis_wishes(struct shrink *shrink);
bool shrink_wishes(struct shrink *shrink);
bool shrink_node_count(struct shrink *shrink);

/* Whether a script is over before a node would campaign by itself, so that the
 * script need not say when. */
bool shrink_may_elect_by_chance(const struct shrink *shrink);

/* A shorter run, for what is judged when it is over. */
bool shrink_duration(struct shrink *shrink);

/* --- shrink_write.c: part 2 ----------------------------------------------- */

/* Writes the best's run down, as it is by its seed, or follows `recording`.
 * False if no script shows the failure with each seed. */
bool shrink_write_down(struct shrink *shrink, struct sim_recording *recording);

/* Elections as steps of a script, if they were not so yet. */
bool shrink_write_elections(struct shrink *shrink);

/* --- shrink_steps.c: part 3 ----------------------------------------------- */

/* Parts 2 and 3. False if chance is left in the best. `recording` (NULL: none)
 * is followed, in place of the seed. */
bool shrink_steps(struct shrink *shrink, struct sim_recording *recording);

/* A run of the best; `recording` (NULL: none) is written or followed. Not of
 * one that ends its process. */
struct sim_result shrink_run(const struct shrink *shrink,
                             struct sim_recording *recording);

#endif
