/* Sets of seeds, and the batches and shards that they are cut into. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/batches.h"
#include "tools/ranges.h"

#define ALL UINT64_MAX

static void expect_set(struct ranges *ranges, const char *text)
{
    char got[512] = "";
    for (size_t i = 0; i < ranges->count; i++) {
        size_t size = strlen(got);
        snprintf(got + size, sizeof got - size, "%" PRIu64 "-%" PRIu64 " ",
                 ranges->items[i].first, ranges->items[i].last);
    }
    cr_expect_str_eq(got, text);
    ranges_clear(ranges);
}

static void add(struct ranges *ranges, uint64_t first, uint64_t last)
{
    ranges_add(ranges, (struct seeds){first, last});
}

Test(ranges, join_what_touches)
{
    struct ranges set = {0};
    add(&set, 10, 20);
    add(&set, 1, 5);
    add(&set, 30, 40);
    add(&set, 7, 8);
    expect_set(&set, "1-5 7-8 10-20 30-40 ");
    add(&set, 1, 5);
    add(&set, 6, 6);
    expect_set(&set, "1-6 ");
    add(&set, 1, 5);
    add(&set, 10, 20);
    add(&set, 25, 26);
    add(&set, 4, 30);
    expect_set(&set, "1-30 ");
    add(&set, 5, 9);
    add(&set, 6, 7);
    add(&set, 3, 6);
    add(&set, 9, 12);
    expect_set(&set, "3-12 ");
}

Test(ranges, know_the_ends_of_all_seeds)
{
    struct ranges set = {0};
    add(&set, ALL, ALL);
    add(&set, 0, 0);
    cr_expect_eq(ranges_size(&set), 2);
    cr_expect(ranges_hold(&set, 0));
    cr_expect(ranges_hold(&set, ALL));
    cr_expect_not(ranges_hold(&set, 1));
    expect_set(&set, "0-0 18446744073709551615-18446744073709551615 ");
    add(&set, 1, ALL - 1);
    add(&set, 0, 0);
    add(&set, ALL, ALL);
    cr_expect_eq(ranges_size(&set), ALL);
    expect_set(&set, "0-18446744073709551615 ");
}

Test(ranges, tell_what_is_missing)
{
    struct ranges all = {0}, some = {0}, missing = {0};
    add(&all, 1, 100);
    add(&all, 200, 300);
    add(&some, 1, 10);
    add(&some, 20, 30);
    add(&some, 90, 250);
    ranges_missing(&all, &some, &missing);
    expect_set(&missing, "11-19 31-89 251-300 ");
    ranges_missing(&some, &all, &missing);
    expect_set(&missing, "101-199 ");
    ranges_missing(&all, &all, &missing);
    cr_expect_eq(missing.count, 0);
    cr_expect(ranges_cover(&all, (struct seeds){200, 300}));
    cr_expect_not(ranges_cover(&all, (struct seeds){100, 200}));
    ranges_clear(&all);
    ranges_missing(&all, &some, &missing);
    cr_expect_eq(missing.count, 0);
    ranges_clear(&some);
}

/* Every set of numbers below ten, put together in two ways. */
Test(ranges, are_the_same_however_they_were_made)
{
    for (unsigned bits = 0; bits < 1024; bits++) {
        struct ranges up = {0}, down = {0};
        for (unsigned i = 0; i < 10; i++) {
            unsigned k = 9 - i;
            if ((bits & 1u << i) != 0) {
                add(&up, i, i);
            }
            if ((bits & 1u << k) != 0) {
                add(&down, k, k);
            }
        }
        cr_assert_eq(up.count, down.count);
        for (size_t i = 0; i < up.count; i++) {
            cr_expect_eq(up.items[i].first, down.items[i].first);
            cr_expect_eq(up.items[i].last, down.items[i].last);
            cr_expect(i == 0 || up.items[i].first > up.items[i - 1].last + 1);
        }
        for (unsigned i = 0; i < 10; i++) {
            cr_expect_eq(ranges_hold(&up, i), (bits & 1u << i) != 0);
        }
        ranges_clear(&up);
        ranges_clear(&down);
    }
}

Test(batches, have_every_seed_once)
{
    static const uint64_t seeds[] = {0,   1,       2,       25,     26,
                                     50,  51,      ALL - 1, ALL,    ALL - 15,
                                     975, 1000000, 1000001, 999999, ALL - 16};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        struct seeds batch = batch_seeds(batch_of(seeds[i]));
        cr_expect_leq(batch.first, seeds[i]);
        cr_expect_geq(batch.last, seeds[i]);
        cr_expect_lt(batch.last - batch.first, BATCH_SEEDS);
    }
    for (uint64_t batch = 0; batch < 100; batch++) {
        cr_expect_eq(batch_seeds(batch).last + 1, batch_seeds(batch + 1).first);
        cr_expect_eq(batch_of(batch_seeds(batch).first), batch);
    }
}

Test(batches, go_to_shards_in_turn)
{
    for (uint32_t shards = 1; shards < 9; shards++) {
        for (uint64_t batch = 1; batch < 40; batch++) {
            uint32_t shard = batch_shard(batch, shards);
            cr_expect_eq(shard, (batch - 1) % shards + 1);
            for (uint32_t other = 1; other <= shards; other++) {
                uint32_t ahead = batch_ahead(batch, other, shards);
                cr_expect_lt(ahead, shards);
                cr_expect_eq(batch_shard(batch + ahead, shards), other);
            }
        }
    }
    cr_expect_eq(batch_shard(0, 4), 4);
}

Test(ranges, count_multiples)
{
    struct ranges set = {0};
    cr_expect_eq(ranges_multiples(&set, 1), 0);
    ranges_add(&set, (struct seeds){0, 0});
    ranges_add(&set, (struct seeds){7, 14});
    ranges_add(&set, (struct seeds){16, 20});
    cr_expect_eq(ranges_multiples(&set, 1), ranges_size(&set));
    cr_expect_eq(ranges_multiples(&set, 7), 3);
    cr_expect_eq(ranges_multiples(&set, 15), 1);
    ranges_add(&set, (struct seeds){0, UINT64_MAX});
    cr_expect_eq(ranges_multiples(&set, 1), UINT64_MAX);
    cr_expect_eq(ranges_multiples(&set, UINT64_MAX), 2);
    ranges_clear(&set);
}
