#include "sim/distribution.h"

#include <criterion/criterion.h>
#include <signal.h>

/* A stream whose next number is `wanted`: SplitMix64 run backwards. */
static struct sim_prng rigged(uint64_t wanted)
{
    uint64_t x = wanted;
    x ^= x >> 31 ^ x >> 62;
    x *= UINT64_C(0x319642b2d24d8ec3);
    x ^= x >> 27 ^ x >> 54;
    x *= UINT64_C(0x96de1b173f119089);
    x ^= x >> 30 ^ x >> 60;
    struct sim_prng prng = {.state = x - UINT64_C(0x9e3779b97f4a7c15)};
    struct sim_prng copy = prng;
    cr_assert_eq(sim_prng_next(&copy), wanted);
    return prng;
}

static struct sim_distribution exponential(uint64_t low_us, uint64_t mean_us)
{
    return (struct sim_distribution){
        .kind = SIM_EXPONENTIAL, .low_us = low_us, .high_us = mean_us};
}

static uint64_t draw_rigged(struct sim_distribution distribution,
                            uint64_t number)
{
    struct sim_prng prng = rigged(number);
    return sim_distribution_draw(&distribution, &prng);
}

static const struct sim_distribution long_tail = {
    .kind = SIM_PERCENTILES,
    .n_points = 5,
    .points = {{0, 100},
               {500000, 200},
               {900000, 200},
               {990000, 5000},
               {1000000, 80000}},
};

/* A change here changes every run that anyone has noted down. */
Test(distribution, draws_keep_their_values)
{
    const struct sim_distribution uniform = {
        .kind = SIM_UNIFORM, .low_us = 1000, .high_us = 5000};
    const struct sim_distribution poisson = exponential(500, 20000);
    const struct {
        const struct sim_distribution *distribution;
        uint64_t expected[6];
    } cases[] = {
        {&uniform, {2461, 1376, 2960, 4621, 2418, 2298}},
        {&poisson, {37970, 7548, 21056, 2098, 114411, 14916}},
        {&long_tail, {200, 165, 195, 105, 181, 4141}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_prng prng = sim_prng_stream(7, SIM_STREAM_LINK, 1, 2);
        for (size_t n = 0; n < 6; n++) {
            cr_assert_eq(sim_distribution_draw(cases[i].distribution, &prng),
                         cases[i].expected[n], "case %zu, draw %zu", i, n);
        }
    }
}

Test(distribution, fixed_takes_no_number)
{
    struct sim_distribution fixed = sim_distribution_fixed(1234);
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_LINK, 1, 2);
    struct sim_prng before = prng;
    cr_assert_eq(fixed.kind, SIM_FIXED);
    cr_assert_eq(sim_distribution_draw(&fixed, &prng), 1234u);
    cr_assert_eq(prng.state, before.state);
}

Test(distribution, uniform_includes_both_ends)
{
    struct sim_distribution uniform = {
        .kind = SIM_UNIFORM, .low_us = 10, .high_us = 14};
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_LINK, 1, 2);
    unsigned seen[5] = {0};
    for (int n = 0; n < 20000; n++) {
        uint64_t drawn_us = sim_distribution_draw(&uniform, &prng);
        cr_assert(drawn_us >= 10 && drawn_us <= 14);
        seen[drawn_us - 10]++;
    }
    for (int i = 0; i < 5; i++) {
        cr_assert(seen[i] > 3700 && seen[i] < 4300);
    }
}

/* The number n stands for u = (n + 1) / 2^64, whose exponential of mean 10^9 is
 * -ln(u) * 10^9, computed here with 60 digits. */
Test(distribution, exponential_is_the_logarithm)
{
    static const struct {
        uint64_t number, expected;
    } cases[] = {
        {UINT64_C(0x1), UINT64_C(43668272375)},
        {UINT64_C(0x2), UINT64_C(43262807267)},
        {UINT64_C(0x9), UINT64_C(42058834463)},
        {UINT64_C(0x3e7), UINT64_C(37453664277)},
        {UINT64_C(0xfffff), UINT64_C(30498475945)},
        {UINT64_C(0x100003038), UINT64_C(22180706904)},
        {UINT64_C(0x38d7ea4c67fff), UINT64_C(9822643161)},
        {UINT64_C(0x4189374bc6a7ee), UINT64_C(6907755279)},
        {UINT64_C(0x28f5c28f5c28f5b), UINT64_C(4605170186)},
        {UINT64_C(0x1999999999999998), UINT64_C(2302585093)},
        {UINT64_C(0x3333333333333332), UINT64_C(1609437912)},
        {UINT64_C(0x3fffffffffffffff), UINT64_C(1386294361)},
        {UINT64_C(0x5555555555555554), UINT64_C(1098612289)},
        {UINT64_C(0x6666666666666665), UINT64_C(916290732)},
        {UINT64_C(0x7fffffffffffffff), UINT64_C(693147181)},
        {UINT64_C(0x9999999999999998), UINT64_C(510825624)},
        {UINT64_C(0xaaaaaaaaaaaaaaa9), UINT64_C(405465108)},
        {UINT64_C(0xbfffffffffffffff), UINT64_C(287682072)},
        {UINT64_C(0xcccccccccccccccb), UINT64_C(223143551)},
        {UINT64_C(0xe666666666666665), UINT64_C(105360516)},
        {UINT64_C(0xfd70a3d70a3d70a2), UINT64_C(10050336)},
        {UINT64_C(0xffbe76c8b439580f), UINT64_C(1000500)},
        {UINT64_C(0xfff972474538ef33), UINT64_C(100005)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t drawn =
            draw_rigged(exponential(0, 1000000000), cases[i].number);
        uint64_t expected = cases[i].expected;
        uint64_t off = drawn > expected ? drawn - expected : expected - drawn;
        /* In fact 0.03%. */
        cr_assert_leq(off, expected / 1000, "%llu, expected %llu",
                      (unsigned long long)drawn, (unsigned long long)expected);
    }
}

/* u = (64 + i)/128, where the parabolas begin and in their middles: -ln(u) *
 * 10^9, computed in the same way. */
Test(distribution, exponential_is_exact_along_its_table)
{
    static const uint64_t expected[64] = {
        693147181, 677642994, 662375522, 647337645, 632522559, 617923759,
        603535022, 589350387, 575364145, 561570823, 547965171, 534542150,
        521296924, 508224842, 495321437, 482582411, 470003629, 457581109,
        445311017, 433189656, 421213465, 409379007, 397682968, 386122145,
        374693449, 363393894, 352220594, 341170757, 330241687, 319430771,
        308735482, 298153372, 287682072, 277319285, 267062785, 256910414,
        246860078, 236909747, 227057451, 217301276, 207639365, 198069914,
        188591170, 179201429, 169899037, 160682382, 151549898, 142500063,
        133531393, 124642445, 115831816, 107098136, 98440073,  89856329,
        81345639,  72906771,  64538521,  56239718,  48009219,  39845909,
        31748698,  23716527,  15748357,  7843177};
    for (uint64_t i = 0; i < 64; i++) {
        uint64_t number = ((64 + i) << 57) - 1;
        uint64_t drawn = draw_rigged(exponential(0, 1000000000), number);
        uint64_t off =
            drawn > expected[i] ? drawn - expected[i] : expected[i] - drawn;
        cr_assert_leq(off, 4500u, "at %d, off by %d", (int)i, (int)off);
    }
}

Test(distribution, exponential_ends_at_0_and_at_44_means)
{
    cr_assert_eq(draw_rigged(exponential(0, 1000), UINT64_MAX), 0u);
    cr_assert_eq(draw_rigged(exponential(0, 1000), 0), 44000u);
    cr_assert_lt(draw_rigged(exponential(0, 1000), 1), 43700u);
    cr_assert_eq(draw_rigged(exponential(7, 0), 1), 7u);
}

/* Also where one segment of the table meets the next, and at powers of two. */
Test(distribution, exponential_falls_with_the_number)
{
    struct sim_distribution wide = exponential(0, UINT64_C(1) << 40);
    for (unsigned shift = 8; shift < 64; shift += 5) {
        uint64_t previous_us = UINT64_MAX;
        for (uint64_t step = 128; step < 256; step++) {
            uint64_t base = shift < 56 ? step << shift : step << 56;
            uint64_t around[] = {base - (base >> 14), base - 1, base, base + 1,
                                 base + (base >> 14)};
            for (size_t i = 0; i < 5; i++) {
                uint64_t drawn_us = draw_rigged(wide, around[i]);
                cr_assert_leq(drawn_us, previous_us);
                previous_us = drawn_us;
            }
        }
    }
}

Test(distribution, exponential_scales_with_its_mean)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_LINK, 1, 2);
        uint64_t number = sim_prng_next(&prng);
        uint64_t unit_us = draw_rigged(exponential(0, 1 << 24), number);
        for (unsigned shift = 1; shift <= 24; shift++) {
            uint64_t mean_us = UINT64_C(1) << (24 + shift);
            cr_assert_eq(draw_rigged(exponential(0, mean_us), number),
                         unit_us << shift);
            cr_assert_eq(draw_rigged(exponential(3, mean_us + 1), number),
                         3 + (unit_us << shift) + (unit_us >> 24));
        }
    }
}

Test(distribution, exponential_has_its_mean)
{
    struct sim_distribution distribution = exponential(1000, 20000);
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_LINK, 1, 2);
    uint64_t sum_us = 0;
    for (int n = 0; n < 100000; n++) {
        uint64_t drawn_us = sim_distribution_draw(&distribution, &prng);
        cr_assert_geq(drawn_us, 1000u);
        sum_us += drawn_us;
    }
    /* Five standard deviations are 316. */
    cr_assert_gt(sum_us / 100000, 20680u);
    cr_assert_lt(sum_us / 100000, 21320u);
}

Test(distribution, never_longer_than_the_longest_duration)
{
    struct sim_distribution longest =
        exponential(SIM_MAX_DURATION_US, SIM_MAX_DURATION_US);
    cr_assert_eq(draw_rigged(longest, 0), SIM_MAX_DURATION_US);
    cr_assert_eq(draw_rigged(longest, UINT64_MAX), SIM_MAX_DURATION_US);
    longest.low_us = 0;
    cr_assert_eq(draw_rigged(longest, 0), SIM_MAX_DURATION_US);
    /* ln 2 of it, by products that do not overflow. */
    uint64_t median_us = draw_rigged(longest, UINT64_C(1) << 63);
    cr_assert_gt(median_us, UINT64_C(21874050000000000));
    cr_assert_lt(median_us, UINT64_C(21874070000000000));
}

Test(distribution, percentiles_hold_their_shares)
{
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_LINK, 1, 2);
    enum { DRAWS = 200000 };
    unsigned low = 0, flat = 0, high = 0, tail = 0;
    uint64_t low_sum = 0, tail_sum = 0;
    for (int n = 0; n < DRAWS; n++) {
        uint64_t drawn_us = sim_distribution_draw(&long_tail, &prng);
        cr_assert(drawn_us >= 100 && drawn_us <= 80000);
        if (drawn_us < 200) {
            low++;
            low_sum += drawn_us;
        } else if (drawn_us == 200) {
            flat++;
        } else if (drawn_us < 5000) {
            high++;
        } else {
            tail++;
            tail_sum += drawn_us;
        }
    }
    /* Shares of 50% less one in 101, 40% and that one, 9% and 1%. */
    cr_assert(low > 97900 && low < 100200, "%u", low);
    cr_assert(flat > 79900 && flat < 82100, "%u", flat);
    cr_assert(high > 17300 && high < 18700, "%u", high);
    cr_assert(tail > 1750 && tail < 2250, "%u", tail);
    /* Linear between the points: the means are in the middle. */
    cr_assert(low_sum / low == 149 || low_sum / low == 150);
    cr_assert(tail_sum / tail > 39500 && tail_sum / tail < 45500);
}

Test(distribution, percentiles_reach_both_ends)
{
    struct sim_distribution short_one = {.kind = SIM_PERCENTILES,
                                         .n_points = 2,
                                         .points = {{0, 3}, {1000000, 5}}};
    struct sim_prng prng = sim_prng_stream(1, SIM_STREAM_LINK, 1, 2);
    unsigned seen[3] = {0};
    for (int n = 0; n < 3000; n++) {
        seen[sim_distribution_draw(&short_one, &prng) - 3]++;
    }
    for (int i = 0; i < 3; i++) {
        cr_assert(seen[i] > 800 && seen[i] < 1200);
    }
}

Test(distribution, percentiles_without_an_end_are_refused, .signal = SIGABRT)
{
    struct sim_distribution broken = {.kind = SIM_PERCENTILES,
                                      .n_points = 2,
                                      .points = {{0, 3}, {999999, 5}}};
    struct sim_prng prng = {.state = 0};
    sim_distribution_draw(&broken, &prng);
}

Test(distribution, a_fixed_duration_has_a_limit, .signal = SIGABRT)
{
    sim_distribution_fixed(SIM_MAX_DURATION_US + 1);
}
