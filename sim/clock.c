#undef NDEBUG
#include "sim/clock.h"

#include <assert.h>

#include "sim/distribution.h"

/* One second of virtual time in microseconds, and the speed of virtual time in
 * parts per million: a clock gains `speed_ppm` microseconds a second. */
#define MILLION UINT64_C(1000000)

/* Above all that a clock can gain by running (ten times SIM_MAX_DURATION_US)
 * and below the end of 64 bits by more than that. */
#define MAX_JUMPED_US (UINT64_C(1) << 62)

static uint32_t speed_from_rate(int32_t rate_ppm)
{
    assert(rate_ppm >= SIM_CLOCK_MIN_RATE_PPM);
    assert(rate_ppm <= SIM_CLOCK_MAX_RATE_PPM);
    return (uint32_t)((int32_t)MILLION + rate_ppm);
}

/* Makes `now_us` the base, so that what came before is settled. */
static void rebase(struct sim_clock *clock, uint64_t now_us)
{
    clock->base_local_us = sim_clock_local_from_virtual(clock, now_us);
    clock->base_us = now_us;
}

struct sim_clock sim_clock_new(uint64_t offset_us, int32_t rate_ppm)
{
    assert(offset_us <= SIM_MAX_DURATION_US);
    return (struct sim_clock){
        .base_us = 0,
        .base_local_us = offset_us,
        .speed_ppm = speed_from_rate(rate_ppm),
    };
}

void sim_clock_set_rate(struct sim_clock *clock, uint64_t now_us,
                        int32_t rate_ppm)
{
    rebase(clock, now_us);
    clock->speed_ppm = speed_from_rate(rate_ppm);
}

void sim_clock_jump(struct sim_clock *clock, uint64_t now_us, uint64_t by_us)
{
    rebase(clock, now_us);
    uint64_t room_us = clock->base_local_us < MAX_JUMPED_US
                           ? MAX_JUMPED_US - clock->base_local_us
                           : 0;
    clock->base_local_us += by_us < room_us ? by_us : room_us;
}

uint64_t sim_clock_local_from_virtual(const struct sim_clock *clock,
                                      uint64_t t_us)
{
    assert(t_us >= clock->base_us);
    assert(t_us - clock->base_us <= SIM_MAX_DURATION_US);
    if (clock->speed_ppm == MILLION) {
        return clock->base_local_us + (t_us - clock->base_us);
    }
    /* Whole seconds and the rest apart: the whole product needs 79 bits. */
    uint64_t elapsed_us = t_us - clock->base_us;
    uint64_t seconds = elapsed_us / MILLION;
    uint64_t rest_us = elapsed_us % MILLION;
    return clock->base_local_us + seconds * clock->speed_ppm +
           rest_us * clock->speed_ppm / MILLION;
}

uint64_t sim_clock_virtual_from_local(const struct sim_clock *clock,
                                      uint64_t local_us)
{
    if (local_us <= clock->base_local_us) {
        return clock->base_us;
    }
    uint64_t missing_us = local_us - clock->base_local_us;
    if (clock->speed_ppm == MILLION) {
        return missing_us <= UINT64_MAX - clock->base_us
                   ? clock->base_us + missing_us
                   : UINT64_MAX;
    }
    /* floor(e * speed / MILLION) >= missing if and only if
     * e * speed >= missing * MILLION, so the least e is that quotient rounded
     * up. The whole seconds of `missing` divide without a rest. */
    uint64_t seconds = missing_us / clock->speed_ppm;
    uint64_t rest_us = missing_us % clock->speed_ppm;
    uint64_t last_second_us =
        (rest_us * MILLION + clock->speed_ppm - 1) / clock->speed_ppm;
    uint64_t room_us = UINT64_MAX - clock->base_us - last_second_us;
    if (seconds > room_us / MILLION) {
        return UINT64_MAX;
    }
    return clock->base_us + seconds * MILLION + last_second_us;
}
