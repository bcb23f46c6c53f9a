#define _DEFAULT_SOURCE /* clock_gettime(), getrusage() */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "tools/benchmark/meter.h"

uint64_t meter_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Without /proc, the figure of getrusage() is the best there is. */
static uint64_t usage_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

uint64_t meter_peak_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    uint64_t kib = 0;
    if (file == NULL) {
        return usage_bytes();
    }
    while (kib == 0 && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %" SCNu64, &kib) != 1) {
            kib = 0;
        }
    }
    fclose(file);
    return kib > 0 ? kib * 1024 : usage_bytes();
}
