/* What a shrunk scenario says of itself. */
#ifndef TOOLS_SHRINK_WORDS_H
#define TOOLS_SHRINK_WORDS_H

#include "tools/shrink.h"

/* Gives the best its description (what happens in it, and what goes wrong),
 * leaves out what says nothing any more, and puts the rest in the order in
 * which a person would. `file` and `seed` are where the failure came from;
 * `certain` says that no chance is left. */
void shrink_describe(struct shrink *shrink, const char *file,
                     unsigned long long seed, bool certain);

#endif
