/* How seeds are cut into batches, the pieces that workers and shards get.
 *
 * Batch b has the seeds 25 b - 24 to 25 b; seed 0 is a batch of its own, number
 * 0. So every seed is in the same batch in every sweep, whatever the range, the
 * number of workers or the machine: what is told batch by batch can be held
 * against each other.
 */
#ifndef TOOLS_BATCHES_H
#define TOOLS_BATCHES_H

#include <stdint.h>

#include "tools/seeds.h"

/* A fraction of a second of work: a worker's start is nothing beside it, and
 * little is lost at an interrupt. */
#define BATCH_SEEDS 25u

#define SHARDS_MAX 10000u

static inline uint64_t batch_of(uint64_t seed)
{
    return seed / BATCH_SEEDS + (seed % BATCH_SEEDS > 0 ? 1 : 0);
}

/* All seeds of a batch. The last one there is ends with the largest seed. */
static inline struct seeds batch_seeds(uint64_t batch)
{
    struct seeds seeds = {0, 0};
    if (batch > 0) {
        seeds.first = (batch - 1) * BATCH_SEEDS + 1;
        seeds.last = seeds.first > UINT64_MAX - (BATCH_SEEDS - 1)
                         ? UINT64_MAX
                         : seeds.first + BATCH_SEEDS - 1;
    }
    return seeds;
}

/* Which of so many shards has a batch, from 1. */
static inline uint32_t batch_shard(uint64_t batch, uint32_t shards)
{
    return (uint32_t)((batch % shards + shards - 1) % shards) + 1;
}

/* How many batches after this one the next batch of a shard is; 0: it is one.
 */
static inline uint32_t batch_ahead(uint64_t batch, uint32_t shard,
                                   uint32_t shards)
{
    uint32_t own = batch_shard(batch, shards);
    return shard >= own ? shard - own : shard + shards - own;
}

#endif
