#undef NDEBUG
#include "sim/distribution.h"

#include <assert.h>
#include <stddef.h>

#include "sim/recording.h"

#define PPM UINT32_C(1000000)

/* Logarithms are fixed point numbers: LOG2_BITS or LN_BITS bits of fraction. */
#define LOG2_BITS 30
#define LN_BITS 24
#define LN_2 UINT64_C(11629080) /* ln 2, LN_BITS */
#define LN_CUT (UINT64_C(44) << LN_BITS)

/* log2(1 + i/32), LOG2_BITS; one segment more than the unit interval has, for
 * the parabola over the last. */
#define SEGMENT_BITS 5
#define PLACE_BITS 24
#define PLACES (UINT64_C(1) << PLACE_BITS)
static const uint32_t log2_table[34] = {
    0,          47667823,   93912511,   138816582,  182455581, 224898839,
    266210141,  306448299,  345667660,  383918542,  421247625, 457698295,
    493310944,  528123241,  562170370,  595485245,  628098702, 660039669,
    691335320,  722011213,  752091421,  781598637,  810554283, 838978604,
    866890747,  894308843,  921250079,  947730758,  973766362, 999371606,
    1024560487, 1049346328, 1073741824, 1097759080,
};

/* log2 of 1 + (the lower 63 bits of `x`) / 2^63, LOG2_BITS, by the parabola
 * through three neighbours of the table. Off by less than 6e-6. */
static uint64_t log2_of_fraction(uint64_t x)
{
    size_t i = (size_t)(x >> (63 - SEGMENT_BITS)) & 31;
    /* The place in the segment, from 0 to PLACES; exact enough for results
     * near 0. */
    uint64_t place = x >> (63 - SEGMENT_BITS - PLACE_BITS) & (PLACES - 1);
    uint64_t rise = log2_table[i + 1] - log2_table[i];
    uint64_t next_rise = log2_table[i + 2] - log2_table[i + 1];
    /* The logarithm bends down, so it runs above the chord. */
    uint64_t bend = rise - next_rise;
    uint64_t above = place * (PLACES - place) >> (PLACE_BITS + 1);
    return log2_table[i] + (place * rise + above * bend) / PLACES;
}

/* -ln(u), LN_BITS, for u uniform in the multiples of 2^-64 above 0 up to 1. */
static uint64_t exponential_unit(struct sim_prng *prng)
{
    uint64_t u = sim_prng_next(prng) + 1;
    if (u == 0) {
        return 0; /* 2^64 / 2^64: the logarithm of 1 */
    }
    /* u = 2^(63 - zeros) * (1 + fraction) */
    uint64_t zeros = 0;
    for (unsigned step = 32; step > 0; step /= 2) {
        if (u >> (64 - step) == 0) {
            u <<= step;
            zeros += step;
        }
    }
    uint64_t log2 = ((zeros + 1) << LOG2_BITS) - log2_of_fraction(u);
    uint64_t ln = log2 * LN_2 >> LOG2_BITS;
    return ln < LN_CUT ? ln : LN_CUT;
}

/* mean * factor, `factor` with LN_BITS and at most LN_CUT. The mean is taken in
 * two halves of 32 bits, because the whole product needs 85. */
static uint64_t scale(uint64_t mean, uint64_t factor)
{
    uint64_t high = (mean >> 32) * factor << (32 - LN_BITS);
    uint64_t low = (mean & UINT32_MAX) * factor >> LN_BITS;
    return high + low;
}

/* The segment of the curve is drawn first, then the place on it: as exact as
 * drawing one real number, without products that overflow. */
static uint64_t draw_percentiles(const struct sim_distribution *distribution,
                                 struct sim_prng *prng)
{
    assert(distribution->n_points >= 2);
    assert(distribution->n_points <= SIM_MAX_PERCENTILES);
    assert(distribution->points[0].ppm == 0);
    assert(distribution->points[distribution->n_points - 1].ppm == PPM);
    uint64_t drawn_ppm = sim_prng_below(prng, PPM);
    uint32_t i = 1;
    while (distribution->points[i].ppm <= drawn_ppm) {
        i++;
    }
    return sim_prng_between(prng, distribution->points[i - 1].value_us,
                            distribution->points[i].value_us);
}

struct sim_distribution sim_distribution_fixed(uint64_t us)
{
    assert(us <= SIM_MAX_DURATION_US);
    return (struct sim_distribution){.kind = SIM_FIXED, .low_us = us};
}

static uint64_t draw(const struct sim_distribution *distribution,
                     struct sim_prng *prng)
{
    uint64_t drawn_us = 0;
    switch (distribution->kind) {
    case SIM_FIXED:
        drawn_us = distribution->low_us;
        break;
    case SIM_UNIFORM:
        drawn_us =
            sim_prng_between(prng, distribution->low_us, distribution->high_us);
        break;
    case SIM_EXPONENTIAL:
        assert(distribution->high_us <= SIM_MAX_DURATION_US);
        drawn_us = distribution->low_us +
                   scale(distribution->high_us, exponential_unit(prng));
        break;
    case SIM_PERCENTILES:
        drawn_us = draw_percentiles(distribution, prng);
        break;
    }
    /* Long means have tails beyond the longest duration. */
    return drawn_us < SIM_MAX_DURATION_US ? drawn_us : SIM_MAX_DURATION_US;
}

uint64_t sim_distribution_draw(const struct sim_distribution *distribution,
                               struct sim_prng *prng)
{
    assert(distribution != NULL);
    if (distribution->kind == SIM_FIXED) {
        return draw(distribution, prng);
    }
    /* The duration is what is decided, not the numbers that it comes from. */
    struct sim_prng numbers = {.state = prng->state};
    uint64_t drawn_us = draw(distribution, &numbers);
    prng->state = numbers.state;
    return sim_track_decide(prng->track, drawn_us, 0, SIM_MAX_DURATION_US);
}
