/* Durations as scenarios write them. */
#ifndef TOOLS_DURATIONS_H
#define TOOLS_DURATIONS_H

#include <stdbool.h>
#include <stdint.h>

#define DURATIONS_SIZE 32u

/* "1500us", "12ms", "3s": in the largest unit in which it is whole. Returns
 * `text`, of DURATIONS_SIZE bytes. */
const char *durations_print(uint64_t us, char *text);

/* Reads one that is valid in a scenario; false if it is none. */
bool durations_read(const char *text, uint64_t *us);

#endif
