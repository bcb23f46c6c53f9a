/* Ranges of seeds, as command lines write them. */
#ifndef TOOLS_SEEDS_H
#define TOOLS_SEEDS_H

#include <stdbool.h>
#include <stdint.h>

/* Both are in it. */
struct seeds {
    uint64_t first, last;
};

/* Reads "A..B" with A <= B, each as options_number() does. False for anything
 * else, after saying so on stderr in the name of `option` ("seeds"). */
bool seeds_parse(const char *option, const char *text, struct seeds *seeds);

#endif
