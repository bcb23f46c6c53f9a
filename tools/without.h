/* Nemeses that are left out of a run: "/nemeses/3,/nemeses/7".
 *
 * They never act. Each nemesis draws from a stream of its own, and a scenario
 * draws by place in the file, so everything else is drawn as it was before: of
 * two runs of one seed, with and without a nemesis, the first difference is
 * what that nemesis did. */
#ifndef TOOLS_WITHOUT_H
#define TOOLS_WITHOUT_H

#include "sim/scenario.h"

struct without {
    const char *text; /* as typed; NULL: nothing is left out */
    uint32_t *places; /* in the scenario's list, as typed */
    size_t count, capacity;
};

/* Reads a list; false if it is none, after saying so on stderr. `text` must
 * outlive it. */
bool without_parse(const char *text, struct without *without);

/* Leaves them out of a scenario; false if it has not so many nemeses, after
 * saying so on stderr. `path`: the scenario's, for the message. */
bool without_apply(const struct without *without, struct sim_scenario *scenario,
                   const char *path);

void without_free(struct without *without);

#endif
