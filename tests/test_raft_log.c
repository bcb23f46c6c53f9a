/* The log in memory, from raft/log.h: held to an array that does everything the
 * slow way, under an allocator that refuses on demand, moves every block it
 * resizes and knows what is held. What was reserved must be there after all
 * that may come before an append; a payload stays where it is. */
#include "raft/log.h"
#include "tests/raft_harness.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ENTRIES = 160, MAX_BATCH = 12, MAX_PAYLOAD = 20000 };

/* Entry i (from 0) has the index base.index + 1 + i. */
struct model {
    struct raft_position base;
    uint64_t count;
    struct raft_entry entries[MAX_ENTRIES]; /* `data` is the model's copy */
    const uint8_t *kept[MAX_ENTRIES];       /* where the log's copy lies */
};

struct bench {
    struct harness_memory memory;
    struct raft__log log;
    struct model model;
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
    raft__log_init(&b->log, &b->memory.base);
    b->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t model_last(const struct model *m)
{
    return m->base.index + m->count;
}

static uint64_t model_term(const struct model *m, uint64_t index)
{
    return index == m->base.index ? m->base.term
                                  : m->entries[index - m->base.index - 1].term;
}

static void model_truncate(struct model *m, uint64_t index)
{
    while (m->count > 0 && model_last(m) >= index) {
        m->count--;
        free((void *)m->entries[m->count].data);
    }
}

static void model_drop_before(struct model *m, uint64_t index)
{
    while (m->base.index + 1 < index) {
        m->base.term = m->entries[0].term;
        m->base.index++;
        m->count--;
        free((void *)m->entries[0].data);
        memmove(m->entries, m->entries + 1, m->count * sizeof *m->entries);
        memmove(m->kept, m->kept + 1, m->count * sizeof *m->kept);
    }
}

static void bench_free(struct bench *b)
{
    raft__log_close(&b->log);
    cr_assert_eq(b->memory.n_blocks, 0);
    model_truncate(&b->model, 0);
}

/* --- the log against the model -------------------------------------------- */

static void check_entry(const struct raft_entry *a, const struct raft_entry *b)
{
    cr_assert_eq(a->term, b->term);
    cr_assert_eq(a->kind, b->kind);
    cr_assert_eq(a->omitted, b->omitted);
    cr_assert_eq(a->verdict, b->verdict);
    cr_assert_eq(a->session, b->session);
    cr_assert_eq(a->sequence, b->sequence);
    cr_assert_eq(a->size, b->size);
    cr_assert_eq(a->data == NULL, a->size == 0);
    cr_assert(a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static void check_entries(struct bench *b)
{
    const struct model *m = &b->model;
    uint64_t last = model_last(m);
    for (uint64_t i = 0; i < m->count; i++) {
        uint64_t index = m->base.index + 1 + i;
        const struct raft_entry *entry = raft__log_from(&b->log, index);
        cr_assert_eq(entry, raft__log_from(&b->log, m->base.index + 1) + i);
        cr_assert_eq(entry, raft__log_at(&b->log, index));
        cr_assert_eq(raft__log_term(&b->log, index), m->entries[i].term);
        check_entry(entry, &m->entries[i]);
        cr_assert_eq(entry->data, m->kept[i]);
    }
    cr_assert_null(raft__log_from(&b->log, last + 1));
    cr_assert_null(raft__log_at(&b->log, last + 1));
}

static void check_ends(struct bench *b)
{
    const struct model *m = &b->model;
    uint64_t last = model_last(m);
    cr_assert_eq(raft__log_last_index(&b->log), last);
    cr_assert_eq(raft__log_last(&b->log).index, last);
    cr_assert_eq(raft__log_last(&b->log).term, model_term(m, last));
    cr_assert_eq(raft__log_term(&b->log, m->base.index), m->base.term);
    cr_assert(raft__log_knows(&b->log, m->base.index));
    cr_assert(raft__log_knows(&b->log, last));
    cr_assert_not(raft__log_knows(&b->log, last + 1));
    cr_assert_not(raft__log_knows(&b->log, UINT64_MAX));
    if (m->base.index > 0)
        cr_assert_not(raft__log_knows(&b->log, m->base.index - 1));
}

/* The two searches by term, at a few places. */
static void check_searches(struct bench *b)
{
    const struct model *m = &b->model;
    for (int i = 0; i < 4; i++) {
        uint64_t limit = m->base.index + draw(b, m->count + 1);
        uint64_t near = model_term(m, m->base.index + draw(b, m->count + 1));
        uint64_t term = near + draw(b, 3) - (near > 0 ? 1 : 0);
        uint64_t want = limit;
        while (want > m->base.index && model_term(m, want) > term)
            want--;
        cr_assert_eq(raft__log_last_with_term_up_to(&b->log, limit, term),
                     want);
        if (limit > m->base.index) {
            uint64_t start = limit;
            while (start > m->base.index + 1 &&
                   model_term(m, start - 1) == model_term(m, limit))
                start--;
            cr_assert_eq(raft__log_term_start(&b->log, limit), start);
        }
    }
}

/* Nothing is held but the array, a spare chunk, and chunks that end with the
 * tail, of which each but the tail has an entry that is not dropped. */
static void check_chunks(const struct bench *b)
{
    const struct raft__log *log = &b->log;
    uint64_t n_blocks = 0;
    if (log->entries != NULL)
        n_blocks++;
    if (log->spare != NULL)
        n_blocks++;
    const struct raft__chunk *previous = NULL;
    for (const struct raft__chunk *c = log->head; c != NULL; c = c->next) {
        cr_assert_eq(c->previous, previous);
        cr_assert_leq(c->used, c->capacity);
        cr_assert_leq(c->first_index, raft__log_last_index(log));
        cr_assert(previous == NULL || c->first_index > log->base.index + 1);
        cr_assert(previous == NULL || c->first_index > previous->first_index);
        previous = c;
        n_blocks++;
    }
    cr_assert_eq(log->tail, previous);
    cr_assert(log->count > 0 || log->tail == NULL);
    cr_assert_eq(b->memory.n_blocks, n_blocks);
}

static void check(struct bench *b)
{
    check_ends(b);
    check_entries(b);
    check_searches(b);
    check_chunks(b);
}

/* --- operations on both --------------------------------------------------- */

static void truncate_somewhere(struct bench *b)
{
    struct model *m = &b->model;
    uint64_t at = b->model.base.index + 1 + draw(b, m->count + 2);
    const struct raft_entry *first = raft__log_from(&b->log, m->base.index + 1);
    raft__log_truncate(&b->log, at);
    model_truncate(m, at);
    if (m->count > 0)
        cr_assert_eq(raft__log_from(&b->log, m->base.index + 1), first);
}

static void drop_somewhere(struct bench *b)
{
    struct model *m = &b->model;
    uint64_t at = m->base.index + 1 + draw(b, m->count + 1);
    if (draw(b, 8) == 0)
        at = draw(b, at + 1);
    uint64_t first = at > m->base.index ? at : m->base.index + 1;
    const struct raft_entry *left = raft__log_from(&b->log, first);
    raft__log_drop_before(&b->log, at);
    model_drop_before(m, at);
    cr_assert_eq(raft__log_from(&b->log, first), left);
}

static void reset_somewhere(struct bench *b)
{
    struct raft_position base = {draw(b, 20), draw(b, 3) * draw(b, 1000)};
    raft__log_reset(&b->log, base);
    model_truncate(&b->model, 0);
    b->model.base = base;
}

static void change_first(struct bench *b)
{
    for (uint64_t n = draw(b, 3); n > 0; n--) {
        switch (draw(b, 6)) {
        case 0:
        case 1:
            truncate_somewhere(b);
            break;
        case 2:
        case 3:
        case 4:
            drop_somewhere(b);
            break;
        case 5:
            if (draw(b, 8) == 0)
                reset_somewhere(b);
            break;
        }
    }
}

/* Small and large payloads, and one in three without: as on a witness. */
static struct raft_entry draw_entry(struct bench *b)
{
    static const uint32_t sizes[] = {0, 0, 1, 40, 3000, MAX_PAYLOAD};
    uint32_t size = sizes[draw(b, draw(b, 4) == 0 ? 6 : 4)];
    uint8_t *data = size > 0 ? malloc(size) : NULL;
    for (uint32_t i = 0; i < size; i++)
        data[i] = (uint8_t)draw(b, 256);
    return (struct raft_entry){
        .data = data,
        .size = size,
        .kind = (enum raft_entry_kind)draw(b, 4),
        .omitted = size == 0 && draw(b, 2) == 0,
        .verdict = (enum raft_verdict)draw(b, 3),
        .session = draw(b, 1000),
        .sequence = draw(b, 1000),
    };
}

static void append(struct bench *b, struct raft_entry *entry)
{
    struct model *m = &b->model;
    entry->term = model_term(m, model_last(m));
    if (draw(b, 4) == 0)
        entry->term++;
    raft__log_append(&b->log, entry);
    m->entries[m->count] = *entry;
    m->kept[m->count] = raft__log_from(&b->log, model_last(m) + 1)->data;
    m->count++;
}

/* A refusal changes nothing; what was granted is there whatever comes first,
 * and nothing asks for memory any more. */
static void append_batch(struct bench *b)
{
    struct raft_entry entries[MAX_BATCH];
    uint64_t n = draw(b, MAX_BATCH + 1);
    size_t bytes = 0;
    for (uint64_t i = 0; i < n; i++) {
        entries[i] = draw_entry(b);
        bytes += entries[i].size;
    }
    b->memory.refuse_in = draw(b, 3);
    if (!raft__log_reserve(&b->log, n, bytes)) {
        cr_assert(b->memory.refused);
        b->memory.refused = false;
        check(b);
        b->memory.refuse_in = 0;
        cr_assert(raft__log_reserve(&b->log, n, bytes));
    }
    cr_assert_not(b->memory.refused);
    b->memory.refuse_in = 0;
    uint64_t n_requests = b->memory.n_requests;
    change_first(b);
    if (b->model.count + n > MAX_ENTRIES) {
        raft__log_drop_before(&b->log, model_last(&b->model) - 2);
        model_drop_before(&b->model, model_last(&b->model) - 2);
    }
    uint64_t taken = draw(b, 4) == 0 ? draw(b, n + 1) : n;
    for (uint64_t i = 0; i < n; i++) {
        if (i < taken)
            append(b, &entries[i]);
        else
            free((void *)entries[i].data);
    }
    cr_assert_eq(b->memory.n_requests, n_requests);
}

Test(raft_log, does_what_an_array_does)
{
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct bench *b = malloc(sizeof *b);
        bench_init(b, seed);
        check(b);
        for (int step = 0; step < 150; step++) {
            if (draw(b, 3) > 0)
                append_batch(b);
            else
                change_first(b);
            check(b);
        }
        bench_free(b);
        free(b);
    }
}

/* --- costs ---------------------------------------------------------------- */

enum { SMALL = 100 };

/* Appends a small entry; gives how many entries the array moved for it. */
static uint64_t append_small(struct bench *b)
{
    static const uint8_t payload[SMALL] = {0};
    const struct raft_entry entry = {.term = 1, .data = payload, .size = SMALL};
    size_t start = b->log.start;
    size_t capacity = b->log.capacity;
    uint64_t moved = 0;
    cr_assert(raft__log_reserve(&b->log, 1, SMALL));
    if (b->log.capacity != capacity)
        moved += capacity;
    if (b->log.start != start)
        moved += b->log.count;
    raft__log_append(&b->log, &entry);
    return moved;
}

/* A window that slides over a long log: entries that the array moves, per entry
 * that was appended, and what is held against the window's size. */
static void check_window(uint64_t window, uint64_t period)
{
    enum { N = 20000 };
    struct bench b;
    uint64_t moved = 0;
    bench_init(&b, 0);
    for (uint64_t i = 1; i <= N; i++) {
        moved += append_small(&b);
        if (i % period == 0 && i > window)
            raft__log_drop_before(&b.log, i + 1 - window);
        uint64_t chunks = b.log.count * SMALL / 16000 + 2;
        cr_assert_leq(b.memory.n_blocks, chunks + 2);
    }
    cr_assert_leq(moved, 3 * N);
    cr_assert_leq(b.log.capacity, 64 + 2 * (window + period));
    bench_free(&b);
}

Test(raft_log, a_sliding_window_costs_a_constant)
{
    static const uint64_t windows[] = {0, 1, 7, 63, 100, 1000, 9000};
    static const uint64_t periods[] = {1, 10, 1000};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        for (size_t j = 0; j < sizeof periods / sizeof *periods; j++)
            check_window(windows[i], periods[j]);
}

/* The worst moment to grow: nearly half of the array is of no use any more, and
 * no more is dropped. */
Test(raft_log, growth_costs_a_constant)
{
    struct bench b;
    uint64_t moved = 0;
    uint64_t n = 0;
    bench_init(&b, 0);
    for (; n < 10000 || b.log.count < b.log.capacity; n++)
        moved += append_small(&b);
    raft__log_drop_before(&b.log, n / 2);
    for (uint64_t end = 2 * n; n < end; n++)
        moved += append_small(&b);
    cr_assert_leq(moved, 3 * n);
    bench_free(&b);
}

/* What is appended and truncated for ever takes the same memory each time: the
 * rest of a chunk, or the spare one. */
Test(raft_log, a_truncation_leaves_room)
{
    static uint8_t payload[MAX_PAYLOAD];
    static const uint32_t sizes[] = {100, 5000, MAX_PAYLOAD};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct bench b;
        uint64_t n_requests = 0;
        struct raft_entry entry = {.term = 1, .data = payload, .size = 14000};
        bench_init(&b, 0);
        cr_assert(raft__log_reserve(&b.log, 1, entry.size));
        raft__log_append(&b.log, &entry);
        entry.size = sizes[i];
        for (int round = 0; round < 1000; round++) {
            cr_assert(raft__log_reserve(&b.log, 1, entry.size));
            raft__log_append(&b.log, &entry);
            raft__log_truncate(&b.log, 2);
            if (round == 0)
                n_requests = b.memory.n_requests;
        }
        cr_assert_eq(b.memory.n_requests, n_requests);
        bench_free(&b);
    }
}

Test(raft_log, what_nobody_can_hold_is_refused)
{
    struct bench b;
    bench_init(&b, 0);
    cr_assert_not(raft__log_reserve(&b.log, UINT64_MAX, 0));
    cr_assert_not(
        raft__log_reserve(&b.log, SIZE_MAX / sizeof(struct raft_entry) + 1, 0));
    cr_assert_eq(b.memory.n_requests, 0);
    cr_assert_not(raft__log_reserve(&b.log, 0, SIZE_MAX));
    cr_assert_eq(b.memory.n_requests, 0);
    raft__log_reset(&b.log, (struct raft_position){7, UINT64_C(1) << 61});
    cr_assert(raft__log_reserve(&b.log, 3, 0));
    for (int i = 0; i < 3; i++)
        raft__log_append(&b.log, &(struct raft_entry){.term = 7});
    uint64_t n_requests = b.memory.n_requests;
    cr_assert_not(raft__log_reserve(&b.log, UINT64_MAX - 2, 0));
    cr_assert_not(
        raft__log_reserve(&b.log, SIZE_MAX / sizeof(struct raft_entry) / 2, 0));
    cr_assert_eq(b.memory.n_requests, n_requests);
    check_chunks(&b);
    bench_free(&b);
}

/* --- beyond the edges ----------------------------------------------------- */

/* Entries 11 to 13 of term 4, after a base at {3, 10}. */
static void bench_short(struct bench *b)
{
    bench_init(b, 0);
    raft__log_reset(&b->log, (struct raft_position){3, 10});
    cr_assert(raft__log_reserve(&b->log, 3, 0));
    for (int i = 0; i < 3; i++)
        raft__log_append(&b->log, &(struct raft_entry){.term = 4});
}

Test(raft_log, the_base_is_a_place_and_no_entry)
{
    struct bench b;
    bench_short(&b);
    cr_assert_eq(raft__log_term(&b.log, 10), 3);
    cr_assert_eq(raft__log_term_start(&b.log, 13), 11);
    cr_assert_eq(raft__log_last_with_term_up_to(&b.log, 13, 3), 10);
    cr_assert_eq(raft__log_last_with_term_up_to(&b.log, 13, 2), 10);
    raft__log_truncate(&b.log, 11);
    cr_assert_eq(raft__log_last(&b.log).term, 3);
    cr_assert_eq(raft__log_last(&b.log).index, 10);
    bench_free(&b);
}

/* A verdict that is noted in an entry stays with it. */
Test(raft_log, an_entry_can_be_marked)
{
    struct bench b;
    bench_short(&b);
    raft__log_at(&b.log, 12)->verdict = RAFT_REPEATED;
    raft__log_drop_before(&b.log, 12);
    cr_assert(raft__log_reserve(&b.log, 1000, 0));
    cr_assert_eq(raft__log_from(&b.log, 12)->verdict, RAFT_REPEATED);
    cr_assert_eq(raft__log_from(&b.log, 13)->verdict, RAFT_FRESH);
    bench_free(&b);
}

Test(raft_log, an_entry_needs_room, .signal = SIGABRT)
{
    struct bench b;
    bench_init(&b, 0);
    raft__log_append(&b.log, &(struct raft_entry){.term = 1});
}

Test(raft_log, a_payload_needs_room, .signal = SIGABRT)
{
    struct bench b;
    bench_init(&b, 0);
    cr_assert(raft__log_reserve(&b.log, 1, 0));
    raft__log_append(&b.log, &(struct raft_entry){
                                 .term = 1, .data = (uint8_t[]){1}, .size = 1});
}

Test(raft_log, no_term_before_the_base, .signal = SIGABRT)
{
    struct bench b;
    bench_short(&b);
    raft__log_term(&b.log, 9);
}

Test(raft_log, no_term_after_the_end, .signal = SIGABRT)
{
    struct bench b;
    bench_short(&b);
    raft__log_term(&b.log, 14);
}

Test(raft_log, no_search_before_the_base, .signal = SIGABRT)
{
    struct bench b;
    bench_short(&b);
    raft__log_last_with_term_up_to(&b.log, 9, 3);
}

Test(raft_log, no_term_starts_at_the_base, .signal = SIGABRT)
{
    struct bench b;
    bench_short(&b);
    raft__log_term_start(&b.log, 10);
}

Test(raft_log, no_entry_at_the_base, .signal = SIGABRT)
{
    struct bench b;
    bench_short(&b);
    raft__log_from(&b.log, 10);
}

Test(raft_log, the_base_is_not_truncated, .signal = SIGABRT)
{
    struct bench b;
    bench_short(&b);
    raft__log_truncate(&b.log, 10);
}

Test(raft_log, what_is_not_there_is_not_dropped, .signal = SIGABRT)
{
    struct bench b;
    bench_short(&b);
    raft__log_drop_before(&b.log, 15);
}
