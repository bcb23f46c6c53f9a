/* Time and memory of this process: what measure.c and fixture.c both read. */
#ifndef TOOLS_BENCHMARK_METER_H
#define TOOLS_BENCHMARK_METER_H

#include <stdint.h>

/* Before the function `measured`: nothing is inlined into it, and it into
 * nothing (nor copied): callgrind is told to count in there
 * (--toggle-collect=measured). */
#if defined(__GNUC__) && !defined(__clang__)
#define METER_ALONE __attribute__((noinline, noclone))
#else
#define METER_ALONE __attribute__((noinline))
#endif

/* Of the processor, for this process alone: what else the machine does counts
 * as little as it can. */
uint64_t meter_now_ns(void);

/* The most memory that was resident at a time; of this program, and not of the
 * one that started it, which is in getrusage()'s figure. */
uint64_t meter_peak_bytes(void);

#endif
