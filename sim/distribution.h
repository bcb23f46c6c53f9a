/* Distributions of durations, in integers only: the same on every machine. */
#ifndef SIM_DISTRIBUTION_H
#define SIM_DISTRIBUTION_H

#include "sim/prng.h"

enum sim_distribution_kind {
    SIM_FIXED,       /* always low_us */
    SIM_UNIFORM,     /* low_us to high_us, both included */
    SIM_EXPONENTIAL, /* low_us plus an exponential of mean high_us, which is cut
                        at 44 times its mean (once in 2^64) */
    SIM_PERCENTILES, /* the inverse of the points, linear between them */
};

#define SIM_MAX_PERCENTILES 16u

/* Durations are at most this, so that sums of them never overflow: a thousand
 * years, in microseconds, is 3.2e16. */
#define SIM_MAX_DURATION_US UINT64_C(31557600000000000)

/* A scenario's own durations are at most this, a hundred years: a run lasts its
 * duration and one wait for progress, and its messages and timers look ahead by
 * one duration more, all of it below SIM_MAX_DURATION_US. */
#define SIM_MAX_SCENARIO_US (SIM_MAX_DURATION_US / 10)

struct sim_distribution {
    enum sim_distribution_kind kind;
    uint64_t low_us;
    uint64_t high_us;
    uint32_t n_points; /* 2 or more; from 0 ppm to 1000000 ppm, both given */
    struct {
        uint32_t ppm;      /* rising */
        uint64_t value_us; /* not falling */
    } points[SIM_MAX_PERCENTILES];
};

/* A distribution that always gives `us`. */
struct sim_distribution sim_distribution_fixed(uint64_t us);

/* One duration. A fixed distribution takes nothing from the stream. */
uint64_t sim_distribution_draw(const struct sim_distribution *distribution,
                               struct sim_prng *prng);

#endif
