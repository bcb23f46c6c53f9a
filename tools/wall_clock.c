#define _POSIX_C_SOURCE 200809L

#include "tools/wall_clock.h"

#include <time.h>

uint64_t wall_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}
