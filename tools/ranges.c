#include "tools/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* The first range that ends at `seed` or later; `count` if there is none. */
static size_t find(const struct ranges *ranges, uint64_t seed)
{
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->items[middle].last < seed) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void ranges_add(struct ranges *ranges, struct seeds seeds)
{
    /* One that ends right before it is joined as well. */
    size_t from = find(ranges, seeds.first > 0 ? seeds.first - 1 : 0);
    size_t to = from;
    while (to < ranges->count && (seeds.last == UINT64_MAX ||
                                  ranges->items[to].first <= seeds.last + 1)) {
        const struct seeds *item = &ranges->items[to];
        seeds.first = item->first < seeds.first ? item->first : seeds.first;
        seeds.last = item->last > seeds.last ? item->last : seeds.last;
        to++;
    }
    ranges->items = sim_grow(ranges->items, &ranges->capacity,
                             ranges->count + 1, sizeof *ranges->items);
    memmove(ranges->items + from + 1, ranges->items + to,
            (ranges->count - to) * sizeof *ranges->items);
    ranges->items[from] = seeds;
    ranges->count = ranges->count + 1 - (to - from);
}

void ranges_join(struct ranges *ranges, const struct ranges *other)
{
    for (size_t i = 0; i < other->count; i++) {
        ranges_add(ranges, other->items[i]);
    }
}

bool ranges_cover(const struct ranges *ranges, struct seeds seeds)
{
    size_t at = find(ranges, seeds.first);
    return at < ranges->count && ranges->items[at].first <= seeds.first &&
           ranges->items[at].last >= seeds.last;
}

bool ranges_hold(const struct ranges *ranges, uint64_t seed)
{
    return ranges_cover(ranges, (struct seeds){seed, seed});
}

uint64_t ranges_size(const struct ranges *ranges)
{
    uint64_t size = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        uint64_t more = ranges->items[i].last - ranges->items[i].first;
        size = more >= UINT64_MAX - size ? UINT64_MAX : size + more + 1;
    }
    return size;
}

uint64_t ranges_multiples(const struct ranges *ranges, uint64_t divisor)
{
    uint64_t size = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct seeds *seeds = &ranges->items[i];
        uint64_t below = seeds->first == 0 ? 0 : (seeds->first - 1) / divisor;
        uint64_t more = seeds->last / divisor - below;
        more += seeds->first == 0 && more < UINT64_MAX ? 1 : 0;
        size = more > UINT64_MAX - size ? UINT64_MAX : size + more;
    }
    return size;
}

/* What of one range is not in `some`. */
static void add_missing(struct seeds seeds, const struct ranges *some,
                        struct ranges *missing)
{
    for (size_t i = find(some, seeds.first);
         i < some->count && some->items[i].first <= seeds.last; i++) {
        if (some->items[i].first > seeds.first) {
            ranges_add(missing,
                       (struct seeds){seeds.first, some->items[i].first - 1});
        }
        if (some->items[i].last >= seeds.last) {
            return;
        }
        seeds.first = some->items[i].last + 1;
    }
    ranges_add(missing, seeds);
}

void ranges_missing(const struct ranges *all, const struct ranges *some,
                    struct ranges *missing)
{
    for (size_t i = 0; i < all->count; i++) {
        add_missing(all->items[i], some, missing);
    }
}

void ranges_clear(struct ranges *ranges)
{
    free(ranges->items);
    *ranges = (struct ranges){0};
}
