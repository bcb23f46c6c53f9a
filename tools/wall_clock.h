/* The time that people wait, as opposed to the virtual time of a run. */
#ifndef TOOLS_WALL_CLOCK_H
#define TOOLS_WALL_CLOCK_H

#include <stdint.h>

/* Microseconds since some moment of the past; never goes back. */
uint64_t wall_clock_us(void);

#endif
