/* Numbers as bytes, little-endian: the same on every machine, and at any
 * alignment. */
#ifndef SIM_BYTES_H
#define SIM_BYTES_H

#include <stdint.h>

/* Writes the lowest `n` bytes of `value`, 1 to 8. */
static inline void sim_put_le(uint8_t *bytes, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The number in `n` bytes, 1 to 8. */
static inline uint64_t sim_get_le(const uint8_t *bytes, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

#endif
