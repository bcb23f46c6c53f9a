/* A set of seeds, as the ranges that it is made of: in order, apart from each
 * other, with a gap between any two. The same set is always the same ranges,
 * whatever it was put together from. */
#ifndef TOOLS_RANGES_H
#define TOOLS_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/seeds.h"

/* All zero: the empty set. */
struct ranges {
    struct seeds *items;
    size_t count, capacity;
};

/* Adds all seeds of a range, those that are in it already as well. */
void ranges_add(struct ranges *ranges, struct seeds seeds);

/* Adds all seeds of another set. */
void ranges_join(struct ranges *ranges, const struct ranges *other);

bool ranges_hold(const struct ranges *ranges, uint64_t seed);

/* Whether all seeds of a range are in the set. */
bool ranges_cover(const struct ranges *ranges, struct seeds seeds);

/* How many seeds; UINT64_MAX for all that there are. */
uint64_t ranges_size(const struct ranges *ranges);

/* How many seeds `divisor`, above 0, divides; UINT64_MAX for more than that. */
uint64_t ranges_multiples(const struct ranges *ranges, uint64_t divisor);

/* The seeds of `all` that are not in `some`, added to `missing`. */
void ranges_missing(const struct ranges *all, const struct ranges *some,
                    struct ranges *missing);

/* Empties the set, and frees what it owns. */
void ranges_clear(struct ranges *ranges);

#endif
