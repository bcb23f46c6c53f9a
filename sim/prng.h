/* Pseudo-random streams, split from one root seed.
 *
 * Each purpose has a stream of its own for each object (each directed link,
 * each disk, each node), so one more draw in one place moves nothing
 * elsewhere. A stream is 64 bits of state: SplitMix64 (Steele, Lea and Flood,
 * 2014), whose start is a hash of the root seed, the purpose and the object.
 * The same numbers on every machine. Not for secrets.
 */
#ifndef SIM_PRNG_H
#define SIM_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct sim_track;

struct sim_prng {
    uint64_t state;
    struct sim_track *track; /* what is decided by this stream is recorded
                                there, or comes from there: sim/recording.h.
                                NULL: neither */
};

/* What a stream is for. The values are part of every run's identity: never
 * renumber them. */
enum sim_stream {
    SIM_STREAM_SCENARIO = 1, /* the choices a scenario leaves to the seed */
    SIM_STREAM_NODE = 2,     /* (node, 0): seeds handed to a node's lives */
    SIM_STREAM_LINK = 3,     /* (from, to): loss, delay, duplicates */
    SIM_STREAM_DISK = 4,     /* (node, 0): latencies */
    SIM_STREAM_CRASH = 5,    /* (node, 0): what of unfinished writes survives */
    SIM_STREAM_FAULT = 6,    /* (fault's place in the list, 0) */
    SIM_STREAM_NEMESIS = 7,  /* (nemesis's place in the list, 0) */
    SIM_STREAM_CLIENT = 8,   /* (client, 0) */
    SIM_STREAM_SILENCE = 9,  /* (0, 0): when all clients are silent */
};

struct sim_prng sim_prng_stream(uint64_t seed, enum sim_stream purpose,
                                uint64_t a, uint64_t b);

/* The next 64 bits. */
uint64_t sim_prng_next(struct sim_prng *prng);

/* Uniform in [0, bound), without bias; `bound` is 1 or more. */
uint64_t sim_prng_below(struct sim_prng *prng, uint64_t bound);

/* Uniform in [low, high], both included; low <= high. */
uint64_t sim_prng_between(struct sim_prng *prng, uint64_t low, uint64_t high);

/* True `ppm` times in a million; 0 never and 1000000 always, both without
 * taking a number from the stream. */
bool sim_prng_chance(struct sim_prng *prng, uint32_t ppm);

#endif
