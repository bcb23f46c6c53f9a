#undef NDEBUG
#include "sim/prng.h"

#include <assert.h>
#include <stddef.h>

#include "sim/recording.h"

#define PPM UINT64_C(1000000)

/* The step of the state: 2^64 divided by the golden ratio, odd, so that the
 * state visits all 2^64 values. */
#define STEP UINT64_C(0x9e3779b97f4a7c15)

/* A bijection of 64 bits in which each input bit flips each output bit about
 * half of the time: SplitMix64's finaliser (Stafford's variant 13). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The hash so far, with one more word in it. */
static uint64_t absorb(uint64_t hash, uint64_t word)
{
    return mix((hash ^ word) + STEP);
}

struct sim_prng sim_prng_stream(uint64_t seed, enum sim_stream purpose,
                                uint64_t a, uint64_t b)
{
    uint64_t hash = absorb(0, seed);
    hash = absorb(hash, (uint64_t)purpose);
    hash = absorb(hash, a);
    hash = absorb(hash, b);
    return (struct sim_prng){.state = hash};
}

static uint64_t next(struct sim_prng *prng)
{
    prng->state += STEP;
    return mix(prng->state);
}

static uint64_t below(struct sim_prng *prng, uint64_t bound)
{
    for (;;) {
        uint64_t drawn = next(prng);
        uint64_t rest = drawn % bound;
        /* `drawn - rest` starts a run of `bound` numbers. The last run is
         * refused unless all of it lies below 2^64: 2^64 - bound is the
         * highest start of a whole one. */
        if (drawn - rest <= UINT64_C(0) - bound) {
            return rest;
        }
    }
}

uint64_t sim_prng_next(struct sim_prng *prng)
{
    assert(prng != NULL);
    return sim_track_decide(prng->track, next(prng), 0, UINT64_MAX);
}

uint64_t sim_prng_below(struct sim_prng *prng, uint64_t bound)
{
    assert(bound > 0);
    return sim_track_decide(prng->track, below(prng, bound), 0, bound - 1);
}

uint64_t sim_prng_between(struct sim_prng *prng, uint64_t low, uint64_t high)
{
    assert(low <= high);
    uint64_t drawn = high - low == UINT64_MAX
                         ? next(prng)
                         : low + below(prng, high - low + 1);
    return sim_track_decide(prng->track, drawn, low, high);
}

bool sim_prng_chance(struct sim_prng *prng, uint32_t ppm)
{
    assert(ppm <= PPM);
    if (ppm == 0) {
        return false;
    }
    if (ppm == PPM) {
        return true;
    }
    return sim_track_decide(prng->track, below(prng, PPM) < ppm ? 1 : 0, 0,
                            1) == 1;
}
