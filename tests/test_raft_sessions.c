/* Clients' sessions, from raft/sessions.h and the dissertation, 6.3: held to a
 * table by name that is searched from end to end, and to the bytes written down
 * in the header. */
#include "raft/sessions.h"
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { N_STEPS = 400 };

struct model_session {
    bool open;
    uint64_t sequence;
    uint64_t used;
};

struct bench {
    struct harness_memory memory;
    struct raft__sessions sessions;
    struct model_session model[N_STEPS + 1]; /* by name */
    uint64_t random;
};

/* xorshift64*: any small generator will do. */
static uint64_t draw(struct bench *b, uint64_t below)
{
    b->random ^= b->random >> 12;
    b->random ^= b->random << 25;
    b->random ^= b->random >> 27;
    return (b->random * UINT64_C(2685821657736338717) >> 11) % below;
}

static void bench_init(struct bench *b, uint64_t seed)
{
    memset(b, 0, sizeof *b);
    harness_memory_init(&b->memory);
    raft__sessions_init(&b->sessions, &b->memory.base);
    b->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void bench_free(struct bench *b)
{
    raft__sessions_close(&b->sessions);
    cr_assert_eq(b->memory.n_blocks, 0);
}

/* --- against the model ---------------------------------------------------- */

static void check_same(const struct bench *b,
                       const struct raft__sessions *sessions)
{
    size_t n = 0;
    for (uint64_t name = 1; name <= N_STEPS; name++) {
        if (!b->model[name].open)
            continue;
        cr_assert_lt(n, sessions->count);
        cr_assert_eq(sessions->items[n].name, name);
        cr_assert_eq(sessions->items[n].sequence, b->model[name].sequence);
        cr_assert_eq(sessions->items[n].used, b->model[name].used);
        n++;
    }
    cr_assert_eq(sessions->count, n);
}

/* The open session of the least `used`, and how many are open. */
static uint64_t model_oldest(const struct bench *b, uint64_t *n_open)
{
    uint64_t oldest = 0;
    *n_open = 0;
    for (uint64_t name = 1; name <= N_STEPS; name++) {
        if (!b->model[name].open)
            continue;
        (*n_open)++;
        if (oldest == 0 || b->model[name].used < b->model[oldest].used)
            oldest = name;
    }
    return oldest;
}

/* A refused reserve changes nothing; a closed session leaves its room. */
static void open_session(struct bench *b, uint64_t index, uint64_t keep)
{
    uint64_t n_open;
    uint64_t oldest = model_oldest(b, &n_open);
    bool closes = n_open >= keep;
    if (!closes) {
        b->memory.refuse_in = draw(b, 2);
        if (!raft__sessions_reserve(&b->sessions, 1)) {
            cr_assert(b->memory.refused);
            b->memory.refused = false;
            check_same(b, &b->sessions);
            cr_assert(raft__sessions_reserve(&b->sessions, 1));
        }
        b->memory.refuse_in = 0;
        cr_assert_not(b->memory.refused);
    }
    uint64_t n_requests = b->memory.n_requests;
    uint64_t closed = raft__sessions_open(&b->sessions, index, keep);
    cr_assert_eq(b->memory.n_requests, n_requests);
    cr_assert_eq(closed, closes ? oldest : 0);
    if (closes)
        b->model[oldest].open = false;
    b->model[index] = (struct model_session){.open = true, .used = index};
}

static void use_session(struct bench *b, uint64_t index)
{
    uint64_t name = draw(b, index + 2);
    struct model_session *m = &b->model[name];
    uint64_t sequence = m->sequence + draw(b, 4);
    if (sequence > 0 && draw(b, 3) == 0)
        sequence--;
    enum raft_verdict want = RAFT_FRESH;
    if (name > 0 && !m->open)
        want = RAFT_EXPIRED;
    else if (name > 0 && sequence <= m->sequence)
        want = RAFT_REPEATED;
    cr_assert_eq(raft__sessions_use(&b->sessions, name, sequence, index), want);
    if (name > 0 && m->open)
        m->used = index;
    if (name > 0 && want == RAFT_FRESH)
        m->sequence = sequence;
}

/* To bytes and back, on top of other sessions; and no byte more or less. */
static void check_bytes(struct bench *b)
{
    size_t size = raft__sessions_size(&b->sessions);
    uint8_t *bytes = malloc(size);
    size_t count;
    raft__sessions_encode(&b->sessions, bytes);
    cr_assert(raft__sessions_check(bytes, size, &count));
    cr_assert_eq(count, b->sessions.count);
    cr_assert_not(raft__sessions_check(bytes, size - 1, &count));

    struct raft__sessions others;
    raft__sessions_init(&others, &b->memory.base);
    uint64_t n_before = draw(b, 5);
    cr_assert(raft__sessions_reserve(&others, n_before));
    for (uint64_t i = 1; i <= n_before; i++)
        raft__sessions_open(&others, i, n_before);
    cr_assert(raft__sessions_reserve(&others, count));
    raft__sessions_decode(&others, bytes);
    check_same(b, &others);
    raft__sessions_close(&others);
    free(bytes);
}

Test(raft_sessions, do_what_a_table_does)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct bench *b = malloc(sizeof *b);
        bench_init(b, seed);
        uint64_t keep = 1 + draw(b, 20);
        for (uint64_t index = 1; index < N_STEPS; index++) {
            if (draw(b, 100) == 0)
                keep = 1 + draw(b, 20);
            if (draw(b, 4) == 0)
                open_session(b, index, keep);
            else
                use_session(b, index);
            check_same(b, &b->sessions);
            if (draw(b, 10) == 0)
                check_bytes(b);
        }
        bench_free(b);
        free(b);
    }
}

/* --- by hand -------------------------------------------------------------- */

/* Sessions 5 and 9, the first used at 12 by its command 3. */
static const uint8_t golden[56] = {
    2, 0, 0, 0, 0, 0, 0, 0, /* count, zeros */
    5, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0,
    9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,  0, 0, 0, 0, 0, 0, 0,
};

Test(raft_sessions, are_bytes_as_written_down)
{
    struct bench b;
    uint8_t bytes[sizeof golden];
    bench_init(&b, 0);
    cr_assert(raft__sessions_reserve(&b.sessions, 2));
    raft__sessions_open(&b.sessions, 5, 8);
    raft__sessions_open(&b.sessions, 9, 8);
    raft__sessions_use(&b.sessions, 5, 3, 12);
    cr_assert_eq(raft__sessions_size(&b.sessions), sizeof golden);
    memset(bytes, 0xa5, sizeof bytes);
    raft__sessions_encode(&b.sessions, bytes);
    cr_assert_eq(memcmp(bytes, golden, sizeof golden), 0);
    bench_free(&b);
}

Test(raft_sessions, no_other_bytes_are_sessions)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *why;
    } cases[] = {
        {0, 1, "fewer than there are"},
        {0, 3, "more than there are"},
        {3, 1, "many more than there are"},
        {4, 1, "a byte that must be zero"},
        {7, 128, "the last byte that must be zero"},
        {8, 0, "a session without a name"},
        {8, 9, "one name twice"},
        {8, 10, "names that fall"},
        {15, 1, "a large name before a small one"},
        {24, 4, "used before it was opened"},
        {48, 8, "the last one used before it was opened"},
    };
    uint8_t bytes[sizeof golden + 24];
    size_t count;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(bytes, golden, sizeof golden);
        bytes[cases[i].at] = cases[i].value;
        cr_assert_not(raft__sessions_check(bytes, sizeof golden, &count), "%s",
                      cases[i].why);
    }
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, golden, sizeof golden);
    for (size_t size = 0; size <= sizeof bytes; size++)
        cr_assert_eq(raft__sessions_check(bytes, size, &count),
                     size == sizeof golden);
    cr_assert_not(raft__sessions_check(NULL, 0, &count));
}

Test(raft_sessions, none_are_eight_bytes)
{
    struct bench b;
    uint8_t bytes[8] = {0};
    size_t count = 1;
    bench_init(&b, 0);
    cr_assert_eq(raft__sessions_size(&b.sessions), sizeof bytes);
    cr_assert(raft__sessions_check(bytes, sizeof bytes, &count));
    cr_assert_eq(count, 0);
    raft__sessions_decode(&b.sessions, bytes);
    cr_assert_eq(b.sessions.count, 0);
    bench_free(&b);
}

/* Bytes may say what no log can: two used by one entry. */
Test(raft_sessions, of_equals_the_first_is_closed)
{
    struct bench b;
    uint8_t bytes[sizeof golden];
    size_t count;
    bench_init(&b, 0);
    memcpy(bytes, golden, sizeof golden);
    bytes[48] = 12;
    cr_assert(raft__sessions_check(bytes, sizeof bytes, &count));
    cr_assert(raft__sessions_reserve(&b.sessions, count));
    raft__sessions_decode(&b.sessions, bytes);
    cr_assert_eq(raft__sessions_open(&b.sessions, 13, 2), 5);
    bench_free(&b);
}

Test(raft_sessions, room_grows_by_doubling)
{
    struct bench b;
    bench_init(&b, 0);
    for (uint64_t index = 1; index <= 10000; index++) {
        cr_assert(raft__sessions_reserve(&b.sessions, 1));
        raft__sessions_open(&b.sessions, index, UINT64_MAX);
    }
    cr_assert_leq(b.memory.n_requests, 14);
    cr_assert_eq(raft__sessions_use(&b.sessions, 1, 1, 10001), RAFT_FRESH);
    bench_free(&b);
}

/* A retry keeps a session alive; its command is not applied again. */
Test(raft_sessions, a_retry_is_a_use)
{
    struct bench b;
    bench_init(&b, 0);
    cr_assert(raft__sessions_reserve(&b.sessions, 3));
    cr_assert_eq(raft__sessions_open(&b.sessions, 1, 2), 0);
    cr_assert_eq(raft__sessions_open(&b.sessions, 2, 2), 0);
    cr_assert_eq(raft__sessions_use(&b.sessions, 1, 1, 3), RAFT_FRESH);
    cr_assert_eq(raft__sessions_use(&b.sessions, 2, 1, 4), RAFT_FRESH);
    cr_assert_eq(raft__sessions_use(&b.sessions, 1, 1, 5), RAFT_REPEATED);
    cr_assert_eq(raft__sessions_open(&b.sessions, 6, 2), 2);
    cr_assert_eq(raft__sessions_use(&b.sessions, 2, 1, 7), RAFT_EXPIRED);
    cr_assert_eq(raft__sessions_use(&b.sessions, 0, 1, 8), RAFT_FRESH);
    bench_free(&b);
}

Test(raft_sessions, what_nobody_can_hold_is_refused)
{
    struct bench b;
    bench_init(&b, 0);
    cr_assert_not(raft__sessions_reserve(&b.sessions, UINT64_MAX));
    cr_assert_not(
        raft__sessions_reserve(&b.sessions, (uint64_t)UINT32_MAX + 1));
    cr_assert_eq(b.memory.n_requests, 0);
    cr_assert(raft__sessions_reserve(&b.sessions, 1));
    raft__sessions_open(&b.sessions, 1, 1);
    cr_assert_not(raft__sessions_reserve(&b.sessions, UINT32_MAX));
    cr_assert_not(raft__sessions_reserve(&b.sessions, UINT64_MAX));
    cr_assert_eq(b.memory.n_requests, 1);
    bench_free(&b);
}

Test(raft_sessions, a_session_needs_room, .signal = SIGABRT)
{
    struct bench b;
    bench_init(&b, 0);
    raft__sessions_open(&b.sessions, 1, 1);
}

Test(raft_sessions, names_rise, .signal = SIGABRT)
{
    struct bench b;
    bench_init(&b, 0);
    cr_assert(raft__sessions_reserve(&b.sessions, 2));
    raft__sessions_open(&b.sessions, 4, 9);
    raft__sessions_open(&b.sessions, 4, 9);
}

Test(raft_sessions, names_begin_at_one, .signal = SIGABRT)
{
    struct bench b;
    bench_init(&b, 0);
    cr_assert(raft__sessions_reserve(&b.sessions, 1));
    raft__sessions_open(&b.sessions, 0, 9);
}

Test(raft_sessions, one_at_least_is_kept, .signal = SIGABRT)
{
    struct bench b;
    bench_init(&b, 0);
    cr_assert(raft__sessions_reserve(&b.sessions, 1));
    raft__sessions_open(&b.sessions, 4, 0);
}

Test(raft_sessions, what_is_decoded_needs_room, .signal = SIGABRT)
{
    struct bench b;
    bench_init(&b, 0);
    raft__sessions_decode(&b.sessions, golden);
}
