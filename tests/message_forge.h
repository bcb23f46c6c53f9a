/* Messages put together by hand, for the tests of the codec. */
#ifndef MESSAGE_FORGE_H
#define MESSAGE_FORGE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "raft/message.h"

/* Makes the checksum right, so that a test reaches what lies behind it; `size`
 * is 16 or more and a multiple of 8. It is written here a second time, and by
 * bytes, because all servers must agree on it: a change of the codec's own
 * shows as a failed test. */
static inline void message_seal(uint8_t *bytes, size_t size)
{
    const uint64_t multiplier = UINT64_C(0xd6e8feb86659fd93);
    uint64_t state = multiplier * size;
    for (size_t i = 4; i < 8; i++) {
        bytes[i] = 0;
    }
    for (size_t i = 0; i < size; i++) {
        state ^= (uint64_t)bytes[i] << (8 * (i % 8));
        if (i % 8 == 7) {
            state *= multiplier;
            state ^= state >> 32;
        }
    }
    state *= multiplier;
    for (size_t i = 0; i < 4; i++) {
        bytes[4 + i] = (uint8_t)(state >> (32 + 8 * i));
    }
}

/* Whether a copy is accepted that ends where its block does, so that a
 * sanitizer sees every byte read beyond it; at `shift` bytes from an aligned
 * address. */
static inline bool message_decodes(const uint8_t *bytes, size_t size,
                                   size_t shift)
{
    struct raft_message message;
    uint8_t *copy = malloc(size + shift > 0 ? size + shift : 1);
    assert(copy != NULL);
    if (size > 0) {
        memcpy(copy + shift, bytes, size);
    }
    bool ok = raft_message_decode(copy + shift, size, &message);
    free(copy);
    return ok;
}

#endif
