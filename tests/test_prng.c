#include "sim/prng.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#define PPM 1000000u

/* The first numbers of SplitMix64 from the state 1234567, as published with the
 * algorithm. */
Test(prng, is_splitmix64)
{
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317),  UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),  UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821),
    };
    struct sim_prng prng = {.state = 1234567};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        cr_assert_eq(sim_prng_next(&prng), expected[i], "number %zu", i);
    }
}

/* A change here changes every run that anyone has noted down. */
Test(prng, streams_keep_their_numbers)
{
    static const struct {
        uint64_t seed;
        enum sim_stream purpose;
        uint64_t a, b, first, second;
    } cases[] = {
        {0, SIM_STREAM_SCENARIO, 0, 0, UINT64_C(0xf9ac6e337c2f0f1e),
         UINT64_C(0xcff0e06f1187f3de)},
        {1, SIM_STREAM_SCENARIO, 0, 0, UINT64_C(0xb55dcab4e1ed522),
         UINT64_C(0x182709903e1e6c9)},
        {7, SIM_STREAM_NODE, 3, 0, UINT64_C(0x16a2fe84b1c36df0),
         UINT64_C(0x72f304837d056f2)},
        {7, SIM_STREAM_LINK, 1, 2, UINT64_C(0x2751234035865aed),
         UINT64_C(0xb3f5e43ade24010a)},
        {7, SIM_STREAM_LINK, 2, 1, UINT64_C(0xb314dc842885823a),
         UINT64_C(0x67fdbb24c48861c6)},
        {7, SIM_STREAM_DISK, 1, 0, UINT64_C(0x75ef52ae26ae580d),
         UINT64_C(0x4a9858794d47ac30)},
        {7, SIM_STREAM_CRASH, 1, 0, UINT64_C(0xcb2712f2311fc54f),
         UINT64_C(0x327e2d86c42b03b0)},
        {7, SIM_STREAM_FAULT, 0, 0, UINT64_C(0x41f3aaccd8fcbff2),
         UINT64_C(0x4610ef0dd1672660)},
        {7, SIM_STREAM_NEMESIS, 0, 0, UINT64_C(0x37a7c1408a1009cd),
         UINT64_C(0xc0d42afa1e375966)},
        {7, SIM_STREAM_CLIENT, 1023, 0, UINT64_C(0x82f0f6d7e29441c1),
         UINT64_C(0x5d0da6cd34887f41)},
        {UINT64_MAX, SIM_STREAM_LINK, 128, 127, UINT64_C(0x7a9b09c85b744be9),
         UINT64_C(0xfc6f5060bf69e352)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_prng prng = sim_prng_stream(cases[i].seed, cases[i].purpose,
                                               cases[i].a, cases[i].b);
        cr_assert_eq(sim_prng_next(&prng), cases[i].first, "case %zu", i);
        cr_assert_eq(sim_prng_next(&prng), cases[i].second, "case %zu", i);
    }
}

static int compare(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

Test(prng, no_two_streams_start_alike)
{
    enum { SEEDS = 8, PURPOSES = 8, OBJECTS = 24 };
    static uint64_t starts[SEEDS * PURPOSES * OBJECTS * OBJECTS];
    size_t count = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (unsigned purpose = 1; purpose <= PURPOSES; purpose++) {
            for (uint64_t a = 0; a < OBJECTS; a++) {
                for (uint64_t b = 0; b < OBJECTS; b++) {
                    starts[count++] =
                        sim_prng_stream(seed, (enum sim_stream)purpose, a, b)
                            .state;
                }
            }
        }
    }
    qsort(starts, count, sizeof *starts, compare);
    for (size_t i = 1; i < count; i++) {
        cr_assert_neq(starts[i - 1], starts[i]);
    }
}

/* Refuses what lies beyond the last whole multiple of `bound`, the plain way.
 */
static uint64_t naive_below(struct sim_prng *prng, uint64_t bound)
{
    uint64_t beyond = (UINT64_MAX % bound + 1) % bound;
    uint64_t drawn;
    do {
        drawn = sim_prng_next(prng);
    } while (drawn > UINT64_MAX - beyond);
    return drawn % bound;
}

Test(prng, below_agrees_with_the_plain_way)
{
    static const uint64_t bounds[] = {
        1,
        2,
        3,
        7,
        PPM,
        UINT64_C(1) << 32,
        (UINT64_C(1) << 63) - 1,
        UINT64_C(1) << 63,
        (UINT64_C(1) << 63) + 1, /* refuses almost every second number */
        UINT64_C(3) << 62,
        UINT64_MAX - 1,
        UINT64_MAX,
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct sim_prng prng = sim_prng_stream(i, SIM_STREAM_NODE, 1, 0);
        struct sim_prng naive = prng;
        for (int n = 0; n < 2000; n++) {
            uint64_t drawn = sim_prng_below(&prng, bounds[i]);
            cr_assert_lt(drawn, bounds[i]);
            cr_assert_eq(drawn, naive_below(&naive, bounds[i]));
            cr_assert_eq(prng.state, naive.state, "as many numbers taken");
        }
    }
}

/* A number taken modulo 3 * 2^62 without refusal would fall below 2^62 half of
 * the time. */
Test(prng, below_has_no_bias)
{
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_NODE, 1, 0);
    unsigned low = 0;
    for (int n = 0; n < 30000; n++) {
        low += sim_prng_below(&prng, UINT64_C(3) << 62) < UINT64_C(1) << 62;
    }
    cr_assert_gt(low, 9600u);
    cr_assert_lt(low, 10400u);
}

Test(prng, below_spreads_evenly)
{
    for (uint64_t bound = 2; bound <= 20; bound++) {
        struct sim_prng prng = sim_prng_stream(bound, SIM_STREAM_NODE, 1, 0);
        unsigned counts[20] = {0};
        for (uint64_t n = 0; n < 4000 * bound; n++) {
            counts[sim_prng_below(&prng, bound)]++;
        }
        /* 4000 each, give or take six standard deviations. */
        for (uint64_t i = 0; i < bound; i++) {
            cr_assert_gt(counts[i], 3620u);
            cr_assert_lt(counts[i], 4380u);
        }
    }
}

Test(prng, between_includes_both_ends)
{
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_NODE, 1, 0);
    unsigned seen[4] = {0};
    for (int n = 0; n < 1000; n++) {
        uint64_t drawn = sim_prng_between(&prng, 5, 8);
        cr_assert(drawn >= 5 && drawn <= 8);
        seen[drawn - 5]++;
    }
    for (int i = 0; i < 4; i++) {
        cr_assert_gt(seen[i], 150u);
    }
    cr_assert_eq(sim_prng_between(&prng, 9, 9), 9u);
    cr_assert_eq(sim_prng_between(&prng, UINT64_MAX, UINT64_MAX), UINT64_MAX);
}

Test(prng, between_over_all_numbers_is_the_next_number)
{
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_NODE, 1, 0);
    struct sim_prng copy = prng;
    cr_assert_eq(sim_prng_between(&prng, 0, UINT64_MAX), sim_prng_next(&copy));
    cr_assert_eq(prng.state, copy.state);
}

Test(prng, a_sure_chance_takes_no_number)
{
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_NODE, 1, 0);
    struct sim_prng before = prng;
    for (int n = 0; n < 100; n++) {
        cr_assert_not(sim_prng_chance(&prng, 0));
        cr_assert(sim_prng_chance(&prng, PPM));
    }
    cr_assert_eq(prng.state, before.state);
    sim_prng_chance(&prng, 1);
    cr_assert_neq(prng.state, before.state);
}

Test(prng, chance_is_per_million)
{
    /* Bounds: at least five standard deviations of a million tries. */
    static const struct {
        uint32_t ppm, low, high;
    } cases[] = {
        {25, 3, 50},
        {1000, 840, 1160},
        {250000, 247800, 252200},
        {999000, 998840, 999160},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_prng prng = sim_prng_stream(i, SIM_STREAM_NODE, 1, 0);
        uint32_t hits = 0;
        for (uint32_t n = 0; n < PPM; n++) {
            hits += sim_prng_chance(&prng, cases[i].ppm);
        }
        cr_assert(hits >= cases[i].low && hits <= cases[i].high,
                  "%u ppm came %u times", cases[i].ppm, hits);
    }
}

/* More loss in a scenario loses what was lost before, and more: one number
 * below a million is drawn, and compared with the chance. */
Test(prng, a_greater_chance_includes_the_smaller)
{
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct sim_prng start = sim_prng_stream(seed, SIM_STREAM_NODE, 1, 0);
        struct sim_prng copy = start;
        uint64_t drawn_ppm = sim_prng_below(&copy, PPM);
        for (uint32_t ppm = 1; ppm < PPM; ppm += 7919) {
            struct sim_prng prng = start;
            cr_assert_eq(sim_prng_chance(&prng, ppm), drawn_ppm < ppm);
            cr_assert_eq(prng.state, copy.state);
        }
    }
}

Test(prng, below_nothing_is_refused, .signal = SIGABRT)
{
    struct sim_prng prng = {.state = 0};
    sim_prng_below(&prng, 0);
}

Test(prng, between_turned_around_is_refused, .signal = SIGABRT)
{
    struct sim_prng prng = {.state = 0};
    sim_prng_between(&prng, 2, 1);
}

Test(prng, more_than_certain_is_refused, .signal = SIGABRT)
{
    struct sim_prng prng = {.state = 0};
    sim_prng_chance(&prng, PPM + 1);
}
