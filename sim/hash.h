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

/* The number in eight bytes, and in four. */
static inline uint64_t sim_hash_load8(const uint8_t *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 |
           (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 |
           (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

static inline uint64_t sim_hash_load4(const uint8_t *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 |
           (uint64_t)b[3] << 24;
}

/* The number in `n` bytes, 1 to 7: read in two or three parts that overlap,
 * where a byte that is in two of them is the same in both. */
static inline uint64_t sim_hash_load(const uint8_t *bytes, size_t n)
{
    if (n >= 4) {
        return sim_hash_load4(bytes) | sim_hash_load4(bytes + n - 4)
                                           << (8 * (n - 4));
    }
    return (uint64_t)bytes[0] | (uint64_t)bytes[n / 2] << (8 * (n / 2)) |
           (uint64_t)bytes[n - 1] << (8 * (n - 1));
}

/* Folds in `size` and the bytes, eight at a time; the last word is filled up
 * with zeros. `bytes` may be NULL when `size` is 0. */
static inline void sim_hash_bytes(struct sim_hash *hash, const uint8_t *bytes,
                                  size_t size)
{
    sim_hash_word(hash, size);
    size_t rest = size % 8;
    for (size_t i = 0; i < size / 8; i++) {
        sim_hash_word(hash, sim_hash_load8(bytes + 8 * i));
    }
    if (rest == 0) {
        return;
    }
    sim_hash_word(hash,
                  size > 8 ? sim_hash_load8(bytes + size - 8) >> (64 - 8 * rest)
                           : sim_hash_load(bytes, rest));
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
