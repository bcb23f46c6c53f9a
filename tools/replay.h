/* A failure that was kept, run again from its decisions. */
#ifndef TOOLS_REPLAY_H
#define TOOLS_REPLAY_H

#include <stdio.h>

#include "tools/artifact.h"

/* What became of a failure. */
enum replay_end {
    REPLAY_SAME,        /* the same thing goes wrong */
    REPLAY_OTHER,       /* something else does */
    REPLAY_FIXED,       /* nothing does any more */
    REPLAY_INTERRUPTED, /* by Ctrl-C: nothing is known */
};

struct replay {
    enum replay_end end;
    struct failure failure; /* of this run */
    bool follows;           /* there were decisions to follow */
    struct sim_parting parting;
    bool same_hash; /* the very same run */
    bool twice;     /* it was run twice, */
    bool differs;   /* and does not repeat still: */
    struct sim_difference difference;
};

/* Runs it again, from its decisions; one that did not repeat from its seed, and
 * twice, side by side. `options` say how it is told, the artifact gives the
 * rest. To be cleared. */
void replay_run(struct artifact *artifact, struct runner_options *options,
                struct runner_outcome *outcome, struct replay *replay);

/* It was run once more, and was not the same run: that is what fails. */
void replay_differs(const struct artifact *artifact, struct replay *replay);

void replay_clear(struct replay *replay);

/* "same", "other", "fixed", "interrupted" */
const char *replay_word(enum replay_end end);

/* What became of it, for people: a few lines. */
void replay_print(const struct artifact *artifact, const struct replay *replay,
                  FILE *out);

#endif
