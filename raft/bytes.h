/* Numbers as bytes, little-endian: the same on every machine, and at any
 * alignment. Each function touches exactly the bytes that its number takes. */
#ifndef RAFT_BYTES_H
#define RAFT_BYTES_H

#include <stdint.h>

static inline void raft__put32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
}

static inline void raft__put64(uint8_t *bytes, uint64_t value)
{
    raft__put32(bytes, (uint32_t)value);
    raft__put32(bytes + 4, (uint32_t)(value >> 32));
}

static inline uint32_t raft__get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
           (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t raft__get64(const uint8_t *bytes)
{
    return (uint64_t)raft__get32(bytes) | (uint64_t)raft__get32(bytes + 4)
                                              << 32;
}

#endif
