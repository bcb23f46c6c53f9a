/* Numbers as bytes, little-endian: the same on every machine, and at any
 * alignment. */
#ifndef SIM_BYTES_H
#define SIM_BYTES_H

#include <stdint.h>

/* Writes the lowest `n` bytes of `value`, 1 to 8. */
static inline void sim_put_le(uint8_t *bytes, uint64_t value, unsigned n)
{
    if (n == 8) { /* written out, compilers know it as one store */
        bytes[0] = (uint8_t)value;
        bytes[1] = (uint8_t)(value >> 8);
        bytes[2] = (uint8_t)(value >> 16);
        bytes[3] = (uint8_t)(value >> 24);
        bytes[4] = (uint8_t)(value >> 32);
        bytes[5] = (uint8_t)(value >> 40);
        bytes[6] = (uint8_t)(value >> 48);
        bytes[7] = (uint8_t)(value >> 56);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The number in `n` bytes, 1 to 8. */
static inline uint64_t sim_get_le(const uint8_t *bytes, unsigned n)
{
    uint64_t value = 0;
    if (n == 8) {
        return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 |
               (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24 |
               (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 |
               (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56;
    }
    for (unsigned i = 0; i < n; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

#endif
