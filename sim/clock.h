/* A node's local clock: what it shows for each virtual time.
 *
 * It started somewhere (its offset) and runs faster or slower than virtual time
 * by a rate in parts per million, which a fault may change; it may also jump
 * forward. It never goes back and never stands still for good: this is a
 * monotonic clock as Raft's timers use it, not a wall clock that is corrected
 * backwards. It runs on while its node is down or paused.
 *
 *     local = base_local + floor((t - base) * (1000000 + rate_ppm) / 1000000)
 *
 * A change makes the moment of change the new base, so the clock shows the same
 * time just before and after a change of rate; the fraction of a microsecond
 * that it had at that moment is dropped.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdint.h>

#define SIM_CLOCK_MIN_RATE_PPM (-900000)
#define SIM_CLOCK_MAX_RATE_PPM 9000000

/* A value: copy and drop it as you like. Read it by the functions only. */
struct sim_clock {
    uint64_t base_us;       /* virtual time of the last change */
    uint64_t base_local_us; /* what it showed then */
    uint32_t speed_ppm;     /* of virtual time: 100000 to 10000000 */
};

/* A clock that shows `offset_us` (at most SIM_MAX_DURATION_US) at virtual time
 * 0 and gains `rate_ppm` (SIM_CLOCK_MIN_RATE_PPM to SIM_CLOCK_MAX_RATE_PPM) on
 * virtual time. */
struct sim_clock sim_clock_new(uint64_t offset_us, int32_t rate_ppm);

/* Runs at another rate from virtual time `now_us` on. In this and in
 * sim_clock_jump(), `now_us` is not before the last change. */
void sim_clock_set_rate(struct sim_clock *clock, uint64_t now_us,
                        int32_t rate_ppm);

/* Shows `by_us` more from virtual time `now_us` on. The jumps of a clock stop
 * at 2^62 microseconds of local time, so that it never overflows. */
void sim_clock_jump(struct sim_clock *clock, uint64_t now_us, uint64_t by_us);

/* What the clock shows at virtual time `t_us`, which is not before the last
 * change and at most SIM_MAX_DURATION_US after it. */
uint64_t sim_clock_local_from_virtual(const struct sim_clock *clock,
                                      uint64_t t_us);

/* The least virtual time, not before the last change, at which the clock shows
 * `local_us` or more, if nothing changes; UINT64_MAX if that is beyond 64
 * bits. After each change, ask again. */
uint64_t sim_clock_virtual_from_local(const struct sim_clock *clock,
                                      uint64_t local_us);

#endif
