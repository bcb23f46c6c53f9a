/* A fast 64-bit hash over values, the same on every machine.
 *
 * It is defined on numbers and on strings of bytes, never on memory: what is
 * folded in is a word, or bytes read as little-endian words. It tells runs and
 * states apart; it is no defence against somebody who looks for collisions.
 */
#ifndef SIM_HASH_H
#define SIM_HASH_H

#include <stddef.h>
#include <stdint.h>

/* What was folded in so far. All zero is a good start. */
struct sim_hash {
    uint64_t state;
};

/* Folds in one word. For a given word the new state is a permutation of the old
 * one, and for a given state of the word: a difference never gets lost in the
 * step that brings it in. */
static inline void sim_hash_word(struct sim_hash *hash, uint64_t word)
{
    uint64_t mixed = hash->state + word * UINT64_C(0xd6e8feb86659fd93);
    mixed = (mixed << 29) | (mixed >> 35);
    hash->state = mixed * UINT64_C(0xa0761d6478bd642f) + 1;
}

/* Folds in `size` and the bytes, eight at a time; the last word is filled up
 * with zeros. `bytes` may be NULL when `size` is 0. */
static inline void sim_hash_bytes(struct sim_hash *hash, const uint8_t *bytes,
                                  size_t size)
{
    sim_hash_word(hash, size);
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
        const uint8_t *b = bytes + i;
        sim_hash_word(hash, (uint64_t)b[0] | (uint64_t)b[1] << 8 |
                                (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
                                (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 |
                                (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56);
    }
    if (i < size) {
        uint64_t word = 0;
        for (unsigned shift = 0; i < size; i++, shift += 8) {
            word |= (uint64_t)bytes[i] << shift;
        }
        sim_hash_word(hash, word);
    }
}

/* The hash of all that was folded in: every bit of it depends on all of the
 * state. More may be folded in afterwards. */
static inline uint64_t sim_hash_value(const struct sim_hash *hash)
{
    uint64_t value = hash->state;
    value = (value ^ (value >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    value = (value ^ (value >> 29)) * UINT64_C(0xa0761d6478bd642f);
    return value ^ (value >> 32);
}

#endif
