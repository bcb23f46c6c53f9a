/* A scenario's text with nothing left to draw before its run: what a seed makes
 * of it, said in the text itself. Beside each "one_of" stands which one was
 * "drawn", the "chance" of each nemesis is 1 or 0, and "seed" is the seed. It
 * is the same scenario for every seed now, but for what happens in its run. */
#ifndef SIM_SCENARIO_EXPAND_H
#define SIM_SCENARIO_EXPAND_H

#include <stddef.h>
#include <stdint.h>

/* `text` (`size` bytes) is a valid scenario: sim_scenario_parse() takes it. The
 * expanded text, JSON without spaces and newlines, ended by a NUL; to be freed.
 */
char *sim_scenario_expand(const char *text, size_t size, uint64_t seed);

#endif
