/* The bytes of a configuration, from raft/raft.h: what goes in comes out, and
 * nothing comes in that could not have gone out. */
#include "raft/raft.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    V = RAFT_MEMBER_VOTER,
    O = RAFT_MEMBER_OLD_VOTER,
    L = RAFT_MEMBER_LEARNER,
    W = RAFT_MEMBER_WITNESS,
};

#define MAX_ID (UINT64_C(1) << 62)

/* All that a member can be. */
static const uint8_t good_flags[] = {V,     O,     V | O, L,
                                     O | L, V | W, O | W, V | O | W};

/* xorshift64*: any small generator will do. */
static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (*random * UINT64_C(2685821657736338717) >> 11) % below;
}

/* Decodes from a block of just that size, so that a byte read too many is
 * seen. */
static bool decode(const uint8_t *bytes, size_t size,
                   struct raft_member *members, uint32_t *n)
{
    uint8_t *copy = size > 0 ? malloc(size) : NULL;
    if (size > 0)
        memcpy(copy, bytes, size);
    bool good = raft_configuration_decode(copy, size, members, n);
    free(copy);
    return good;
}

static bool is_good(const uint8_t *bytes, size_t size)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n;
    return decode(bytes, size, members, &n);
}

/* The bytes of member `i` of `bytes`, made of its parts. */
static void put_member(uint8_t *bytes, size_t i, uint64_t id, uint8_t flags)
{
    raft_configuration_encode(&(struct raft_member){.id = 1, .flags = flags}, 1,
                              bytes + i * RAFT_MEMBER_SIZE);
    for (unsigned j = 0; j < 8; j++)
        bytes[i * RAFT_MEMBER_SIZE + j] = (uint8_t)(id >> (8 * j));
}

Test(raft_configuration, bytes_as_written_down)
{
    static const struct raft_member members[] = {
        {.id = 3, .flags = V | W, .priority = 7},
        {.id = UINT64_C(0x0102030405060708), .flags = O | L, .priority = 255},
    };
    static const uint8_t golden[] = {
        3, 0, 0, 0, 0, 0, 0, 0, 9, 7,   0, 0, 0, 0, 0, 0, /* voter, witness */
        8, 7, 6, 5, 4, 3, 2, 1, 6, 255, 0, 0, 0, 0, 0, 0, /* steps down */
    };
    uint8_t bytes[sizeof golden];
    memset(bytes, 0xa5, sizeof bytes);
    raft_configuration_encode(members, 2, bytes);
    cr_assert_eq(memcmp(bytes, golden, sizeof golden), 0);
}

static uint32_t draw_members(uint64_t *random, struct raft_member *members)
{
    uint32_t n = 1 + (uint32_t)draw(random, RAFT_MAX_MEMBERS);
    uint64_t step = UINT64_C(1) << draw(random, 55);
    raft_id id = 0;
    for (uint32_t i = 0; i < n; i++) {
        id += 1 + draw(random, step);
        members[i] = (struct raft_member){
            .id = id,
            .flags = good_flags[draw(random, sizeof good_flags)],
            .priority = (uint8_t)draw(random, 256)};
    }
    members[draw(random, n)].flags |= V;
    for (uint32_t i = 0; i < n; i++)
        if ((members[i].flags & V) != 0)
            members[i].flags &= (uint8_t)~L;
    return n;
}

Test(raft_configuration, what_goes_in_comes_out)
{
    uint64_t random = 1;
    for (int round = 0; round < 2000; round++) {
        struct raft_member members[RAFT_MAX_MEMBERS];
        struct raft_member out[RAFT_MAX_MEMBERS];
        uint8_t bytes[RAFT_MAX_MEMBERS * RAFT_MEMBER_SIZE];
        uint32_t n = draw_members(&random, members);
        uint32_t n_out;
        raft_configuration_encode(members, n, bytes);
        cr_assert(decode(bytes, n * RAFT_MEMBER_SIZE, out, &n_out));
        cr_assert_eq(n_out, n);
        for (uint32_t i = 0; i < n; i++) {
            cr_assert_eq(out[i].id, members[i].id);
            cr_assert_eq(out[i].flags, members[i].flags);
            cr_assert_eq(out[i].priority, members[i].priority);
        }
    }
}

/* Bytes that were bent are refused, or are those of other members. */
Test(raft_configuration, what_comes_in_could_have_gone_out)
{
    uint64_t random = 2;
    int n_good = 0;
    for (int round = 0; round < 20000; round++) {
        struct raft_member members[RAFT_MAX_MEMBERS];
        uint8_t bytes[8 * RAFT_MEMBER_SIZE];
        uint8_t again[8 * RAFT_MEMBER_SIZE];
        uint32_t n = draw_members(&random, members);
        n = n > 8 ? 8 : n;
        members[0].flags = V;
        raft_configuration_encode(members, n, bytes);
        for (uint64_t bends = 1 + draw(&random, 2); bends > 0; bends--) {
            uint64_t at = draw(&random, n * RAFT_MEMBER_SIZE);
            bytes[at] ^= (uint8_t)(1u << draw(&random, 8));
        }
        if (!decode(bytes, n * RAFT_MEMBER_SIZE, members, &n))
            continue;
        n_good++;
        raft_configuration_encode(members, n, again);
        cr_assert_eq(memcmp(bytes, again, n * RAFT_MEMBER_SIZE), 0);
    }
    cr_assert_gt(n_good, 0);
}

Test(raft_configuration, nobody_is_a_configuration)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 1;
    cr_assert(raft_configuration_decode(NULL, 0, members, &n));
    cr_assert_eq(n, 0);
    raft_configuration_encode(members, 0, NULL);
}

Test(raft_configuration, flags_make_sense)
{
    for (unsigned flags = 0; flags < 256; flags++) {
        uint8_t bytes[2 * RAFT_MEMBER_SIZE];
        bool good = false;
        for (size_t i = 0; i < sizeof good_flags; i++)
            good = good || good_flags[i] == flags;
        put_member(bytes, 0, 1, V);
        put_member(bytes, 1, 2, (uint8_t)flags);
        cr_assert_eq(is_good(bytes, sizeof bytes), good, "flags %u", flags);
        put_member(bytes, 0, 2, (uint8_t)flags);
        cr_assert_eq(is_good(bytes, RAFT_MEMBER_SIZE), good && (flags & V) != 0,
                     "alone, flags %u", flags);
    }
}

Test(raft_configuration, ids_rise_within_their_range)
{
    static const struct {
        uint64_t first;
        uint64_t second;
        bool good;
    } cases[] = {
        {1, 2, true},
        {0, 2, false},
        {2, 2, false},
        {3, 2, false},
        {1, 0, false},
        {255, 256, true},
        {256, 255, false},
        {1, MAX_ID, true},
        {MAX_ID - 1, MAX_ID, true},
        {1, MAX_ID + 1, false},
        {1, UINT64_MAX, false},
        {MAX_ID + 1, MAX_ID + 2, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[2 * RAFT_MEMBER_SIZE];
        put_member(bytes, 0, cases[i].first, V);
        put_member(bytes, 1, cases[i].second, V);
        cr_assert_eq(is_good(bytes, sizeof bytes), cases[i].good, "case %zu",
                     i);
    }
}

Test(raft_configuration, zeros_are_zeros)
{
    for (size_t at = 10; at < RAFT_MEMBER_SIZE; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t bytes[RAFT_MEMBER_SIZE];
            put_member(bytes, 0, 1, V);
            cr_assert(is_good(bytes, sizeof bytes));
            bytes[at] = (uint8_t)(1u << bit);
            cr_assert_not(is_good(bytes, sizeof bytes));
        }
    }
}

Test(raft_configuration, sizes_fit)
{
    uint8_t bytes[(RAFT_MAX_MEMBERS + 2) * RAFT_MEMBER_SIZE];
    for (size_t i = 0; i < RAFT_MAX_MEMBERS + 2; i++)
        put_member(bytes, i, i + 1, V);
    for (size_t size = 0; size <= sizeof bytes; size++)
        cr_assert_eq(is_good(bytes, size),
                     size % RAFT_MEMBER_SIZE == 0 &&
                         size <= RAFT_MAX_MEMBERS * RAFT_MEMBER_SIZE,
                     "%zu bytes", size);
}

static void encode_pair(raft_id first, raft_id second)
{
    const struct raft_member members[] = {{.id = first, .flags = V},
                                          {.id = second, .flags = V}};
    uint8_t bytes[2 * RAFT_MEMBER_SIZE];
    raft_configuration_encode(members, 2, bytes);
}

Test(raft_configuration, no_member_comes_twice, .signal = SIGABRT)
{
    encode_pair(2, 2);
}

Test(raft_configuration, members_come_in_order, .signal = SIGABRT)
{
    encode_pair(2, 1);
}

Test(raft_configuration, members_have_ids, .signal = SIGABRT)
{
    uint8_t bytes[RAFT_MEMBER_SIZE];
    raft_configuration_encode(&(struct raft_member){.flags = V}, 1, bytes);
}
