#include "sim/clock.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "sim/distribution.h"
#include "sim/prng.h"

static const int32_t rates_ppm[] = {
    SIM_CLOCK_MIN_RATE_PPM,
    -899999,
    -500000,
    -100000,
    -333,
    -1,
    0,
    1,
    333,
    50000,
    100000,
    1234567,
    8999999,
    SIM_CLOCK_MAX_RATE_PPM,
};
enum { N_RATES = sizeof rates_ppm / sizeof *rates_ppm };

static int32_t random_rate(struct sim_prng *prng)
{
    uint64_t gained = sim_prng_between(
        prng, 0, SIM_CLOCK_MAX_RATE_PPM - SIM_CLOCK_MIN_RATE_PPM);
    return (int32_t)gained + SIM_CLOCK_MIN_RATE_PPM;
}

/* Numbers of all magnitudes, 0 to `high`. */
static uint64_t random_up_to(struct sim_prng *prng, uint64_t high)
{
    uint64_t bits = sim_prng_below(prng, 64);
    uint64_t drawn = sim_prng_next(prng) >> bits;
    return drawn <= high ? drawn : sim_prng_between(prng, 0, high);
}

Test(clock, shows_what_is_written_on_the_box)
{
    static const struct {
        uint64_t offset_us;
        int32_t rate_ppm;
        uint64_t t_us, local_us;
    } cases[] = {
        {0, 0, 0, 0},
        {5, 0, 7, 12},
        {1000, 100000, 1000000, 1101000},
        {1000, -100000, 1000000, 901000},
        {0, 1, 999999, 999999},
        {0, 1, 1000000, 1000001},
        {0, -1, 1, 0},
        {0, -1, 1000000, 999999},
        {0, 500000, 3, 4},
        {0, SIM_CLOCK_MIN_RATE_PPM, 19, 1},
        {0, SIM_CLOCK_MAX_RATE_PPM, 19, 190},
        {0, SIM_CLOCK_MAX_RATE_PPM, SIM_MAX_DURATION_US,
         SIM_MAX_DURATION_US * 10},
        {SIM_MAX_DURATION_US, SIM_CLOCK_MIN_RATE_PPM, SIM_MAX_DURATION_US,
         SIM_MAX_DURATION_US / 10 * 11},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_clock clock =
            sim_clock_new(cases[i].offset_us, cases[i].rate_ppm);
        cr_assert_eq(sim_clock_local_from_virtual(&clock, cases[i].t_us),
                     cases[i].local_us, "case %zu", i);
    }
}

/* The formula as it stands, where it does not overflow; and a second is worth
 * the clock's speed, exactly, wherever it lies. Together: everywhere. */
Test(clock, keeps_to_its_formula)
{
    for (size_t i = 0; i < N_RATES; i++) {
        struct sim_prng prng = sim_prng_stream(i, SIM_STREAM_NODE, 1, 0);
        struct sim_clock clock = sim_clock_new(77, rates_ppm[i]);
        uint64_t speed = (uint64_t)(1000000 + rates_ppm[i]);
        for (int n = 0; n < 2000; n++) {
            uint64_t t_us = random_up_to(&prng, UINT64_C(1000000000000));
            uint64_t local_us = sim_clock_local_from_virtual(&clock, t_us);
            cr_assert_eq(local_us, 77 + t_us * speed / 1000000);
            t_us = random_up_to(&prng, SIM_MAX_DURATION_US - 1000000);
            local_us = sim_clock_local_from_virtual(&clock, t_us);
            cr_assert_eq(sim_clock_local_from_virtual(&clock, t_us + 1000000),
                         local_us + speed);
        }
    }
}

/* The least virtual time: there the deadline is reached, and a microsecond
 * before it is not. */
static void check_deadline(const struct sim_clock *clock, uint64_t deadline_us)
{
    uint64_t t_us = sim_clock_virtual_from_local(clock, deadline_us);
    cr_assert_geq(t_us, clock->base_us);
    if (t_us - clock->base_us > SIM_MAX_DURATION_US) {
        uint64_t last_us = clock->base_us + SIM_MAX_DURATION_US;
        cr_assert_lt(sim_clock_local_from_virtual(clock, last_us), deadline_us);
        return;
    }
    cr_assert_geq(sim_clock_local_from_virtual(clock, t_us), deadline_us);
    if (t_us > clock->base_us) {
        cr_assert_lt(sim_clock_local_from_virtual(clock, t_us - 1),
                     deadline_us);
    }
}

Test(clock, deadlines_are_met_at_the_first_moment)
{
    for (size_t i = 0; i < N_RATES; i++) {
        struct sim_prng prng = sim_prng_stream(i, SIM_STREAM_NODE, 2, 0);
        struct sim_clock clock = sim_clock_new(1000, rates_ppm[i]);
        for (uint64_t deadline_us = 0; deadline_us < 3000; deadline_us++) {
            check_deadline(&clock, deadline_us);
        }
        for (int n = 0; n < 3000; n++) {
            check_deadline(&clock, random_up_to(&prng, UINT64_MAX));
        }
    }
}

/* All of a small world, by looking at each moment. */
Test(clock, deadlines_agree_with_a_search)
{
    for (size_t i = 0; i < N_RATES; i++) {
        struct sim_clock clock = sim_clock_new(3, rates_ppm[i]);
        uint64_t t_us = 0;
        for (uint64_t deadline_us = 0; deadline_us < 200; deadline_us++) {
            while (sim_clock_local_from_virtual(&clock, t_us) < deadline_us) {
                t_us++;
            }
            cr_assert_eq(sim_clock_virtual_from_local(&clock, deadline_us),
                         t_us);
        }
    }
}

Test(clock, deadlines_beyond_all_time_are_never)
{
    for (size_t i = 0; i < N_RATES && rates_ppm[i] < 0; i++) {
        struct sim_clock clock = sim_clock_new(0, rates_ppm[i]);
        cr_assert_eq(sim_clock_virtual_from_local(&clock, UINT64_MAX),
                     UINT64_MAX);
    }
    struct sim_clock even = sim_clock_new(0, 0);
    cr_assert_eq(sim_clock_virtual_from_local(&even, UINT64_MAX), UINT64_MAX);
    sim_clock_set_rate(&even, 1000, 0);
    cr_assert_eq(sim_clock_virtual_from_local(&even, UINT64_MAX - 1),
                 UINT64_MAX - 1);
    sim_clock_jump(&even, 1000, 500);
    cr_assert_eq(sim_clock_virtual_from_local(&even, UINT64_MAX),
                 UINT64_MAX - 500);
    sim_clock_set_rate(&even, 2000, SIM_CLOCK_MIN_RATE_PPM);
    cr_assert_eq(sim_clock_virtual_from_local(&even, 10000 + UINT64_MAX / 10),
                 UINT64_MAX);
    cr_assert_lt(sim_clock_virtual_from_local(&even, UINT64_MAX / 10),
                 UINT64_MAX);
}

Test(clock, a_change_of_rate_is_continuous)
{
    struct sim_clock clock = sim_clock_new(0, 500000);
    sim_clock_set_rate(&clock, 1001, -500000);
    /* 1501.5 before; the half is dropped. */
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 1001), 1501u);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 1002), 1501u);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 1003), 1502u);
    cr_assert_eq(sim_clock_virtual_from_local(&clock, 1000), 1001u);
    cr_assert_eq(sim_clock_virtual_from_local(&clock, 1502), 1003u);
    sim_clock_set_rate(&clock, 1011, SIM_CLOCK_MAX_RATE_PPM);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 1011), 1506u);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 1012), 1516u);
}

Test(clock, a_jump_is_exact)
{
    struct sim_clock clock = sim_clock_new(10, 1000000);
    sim_clock_jump(&clock, 5, 100);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 5), 120u);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 6), 122u);
    cr_assert_eq(sim_clock_virtual_from_local(&clock, 119), 5u);
    cr_assert_eq(sim_clock_virtual_from_local(&clock, 121), 6u);
    sim_clock_jump(&clock, 6, 0);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 6), 122u);
}

/* To the deadline of a timer, as "expire_timer" does it. */
Test(clock, a_jump_reaches_a_deadline_at_once)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_NODE, 3, 0);
        struct sim_clock clock = sim_clock_new(
            random_up_to(&prng, SIM_MAX_DURATION_US), random_rate(&prng));
        uint64_t now_us = random_up_to(&prng, SIM_MAX_DURATION_US);
        uint64_t local_us = sim_clock_local_from_virtual(&clock, now_us);
        uint64_t deadline_us = local_us + 1 + random_up_to(&prng, 1000000000);
        sim_clock_jump(&clock, now_us, deadline_us - local_us);
        cr_assert_eq(sim_clock_local_from_virtual(&clock, now_us), deadline_us);
        cr_assert_eq(sim_clock_virtual_from_local(&clock, deadline_us), now_us);
    }
}

/* A life of changes at random moments. */
Test(clock, never_goes_back)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_NODE, 4, 0);
        struct sim_clock clock = sim_clock_new(
            random_up_to(&prng, SIM_MAX_DURATION_US), random_rate(&prng));
        uint64_t now_us = 0, shown_us = 0;
        for (int n = 0; n < 100; n++) {
            now_us += random_up_to(&prng, SIM_MAX_DURATION_US / 100);
            uint64_t local_us = sim_clock_local_from_virtual(&clock, now_us);
            cr_assert_geq(local_us, shown_us);
            shown_us = local_us;
            if (sim_prng_chance(&prng, 500000)) {
                sim_clock_set_rate(&clock, now_us, random_rate(&prng));
                local_us = sim_clock_local_from_virtual(&clock, now_us);
                cr_assert_eq(local_us, shown_us);
            } else {
                uint64_t by_us = random_up_to(&prng, SIM_MAX_DURATION_US);
                sim_clock_jump(&clock, now_us, by_us);
                local_us = sim_clock_local_from_virtual(&clock, now_us);
                cr_assert_eq(local_us, shown_us + by_us);
                shown_us = local_us;
            }
            check_deadline(&clock, shown_us + random_up_to(&prng, 1 << 30));
        }
    }
}

Test(clock, jumps_do_not_overflow)
{
    struct sim_clock clock = sim_clock_new(0, SIM_CLOCK_MAX_RATE_PPM);
    sim_clock_jump(&clock, 10, UINT64_MAX);
    uint64_t end_us = UINT64_C(1) << 62;
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 10), end_us);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, SIM_MAX_DURATION_US),
                 end_us + SIM_MAX_DURATION_US * 10 - 100);
    sim_clock_jump(&clock, 20, 1);
    cr_assert_eq(sim_clock_local_from_virtual(&clock, 20), end_us + 100);
}

Test(clock, a_rate_too_slow_is_refused, .signal = SIGABRT)
{
    sim_clock_new(0, SIM_CLOCK_MIN_RATE_PPM - 1);
}

Test(clock, a_rate_too_fast_is_refused, .signal = SIGABRT)
{
    sim_clock_new(0, SIM_CLOCK_MAX_RATE_PPM + 1);
}

Test(clock, the_past_is_refused, .signal = SIGABRT)
{
    struct sim_clock clock = sim_clock_new(0, 0);
    sim_clock_set_rate(&clock, 10, 1);
    sim_clock_local_from_virtual(&clock, 9);
}
