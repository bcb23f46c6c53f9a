/* JSON for people: two spaces a level, in lines of at most 80 columns where
 * that is possible. What fits on the line stays on it; a list of plain values
 * fills its lines, everything else takes a line for each value. */
#ifndef SIM_JSON_PRETTY_H
#define SIM_JSON_PRETTY_H

#include <stddef.h>

/* `text` (`size` bytes) is valid JSON without any space between its tokens, as
 * sim/json_write.h makes it. Ended by a newline and a NUL; to be freed. */
char *sim_json_pretty(const char *text, size_t size);

#endif
