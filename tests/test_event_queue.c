#include "sim/event_queue.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "sim/prng.h"

/* The same promise, kept the plain way: the least of a list. */
struct naive {
    struct sim_event events[4096];
    size_t count;
    uint64_t next_sequence;
};

static void naive_push(struct naive *naive, struct sim_event event)
{
    event.sequence = naive->next_sequence++;
    naive->events[naive->count++] = event;
}

static struct sim_event naive_pop(struct naive *naive)
{
    size_t least = 0;
    for (size_t i = 1; i < naive->count; i++) {
        const struct sim_event *x = &naive->events[i];
        const struct sim_event *y = &naive->events[least];
        if (x->time_us < y->time_us ||
            (x->time_us == y->time_us && x->sequence < y->sequence)) {
            least = i;
        }
    }
    struct sim_event event = naive->events[least];
    naive->events[least] = naive->events[--naive->count];
    return event;
}

static void assert_same(const struct sim_event *x, const struct sim_event *y)
{
    cr_assert_eq(x->time_us, y->time_us);
    cr_assert_eq(x->sequence, y->sequence);
    cr_assert_eq(x->kind, y->kind);
    cr_assert_eq(x->a, y->a);
    cr_assert_eq(x->b, y->b);
}

/* Pushes and pops at random, with many events of the same time, some of them
 * with numbers from before; each seed has another balance, so queues stay short
 * or grow long. */
static void run_against_naive(uint64_t seed, struct naive *naive)
{
    struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 0, 0);
    uint64_t spread_us = UINT64_C(1) << sim_prng_below(&prng, 12);
    uint32_t push_ppm = (uint32_t)sim_prng_between(&prng, 300000, 800000);
    struct sim_event_queue *queue = sim_event_queue_new();
    struct sim_event put_off[1000];
    size_t n_put_off = 0;
    uint64_t now_us = 0;
    naive->count = 0;
    naive->next_sequence = 0;
    for (int n = 0; n < 1000; n++) {
        if (sim_prng_chance(&prng, push_ppm)) {
            struct sim_event event = {
                .time_us = now_us + sim_prng_below(&prng, spread_us),
                .kind = (uint32_t)sim_prng_next(&prng),
                .a = (uint32_t)sim_prng_next(&prng),
                .b = sim_prng_next(&prng),
            };
            naive_push(naive, event);
            sim_event_queue_push(queue, event.time_us, event.kind, event.a,
                                 event.b);
        } else if (sim_prng_chance(&prng, 100000)) {
            uint64_t sequence = sim_event_queue_number(queue);
            cr_assert_eq(sequence, naive->next_sequence++);
            put_off[n_put_off++] = (struct sim_event){.sequence = sequence};
        } else if (n_put_off > 0 && sim_prng_chance(&prng, 200000)) {
            struct sim_event event = put_off[--n_put_off];
            event.time_us = now_us + sim_prng_below(&prng, spread_us);
            naive->events[naive->count++] = event;
            sim_event_queue_insert(queue, &event);
        } else if (naive->count > 0) {
            struct sim_event expected = naive_pop(naive);
            struct sim_event event;
            cr_assert_eq(sim_event_queue_next_us(queue), expected.time_us);
            cr_assert(sim_event_queue_pop(queue, &event));
            assert_same(&event, &expected);
            now_us = event.time_us;
        }
    }
    struct sim_event event;
    while (naive->count > 0) {
        struct sim_event expected = naive_pop(naive);
        cr_assert(sim_event_queue_pop(queue, &event));
        assert_same(&event, &expected);
    }
    cr_assert_not(sim_event_queue_pop(queue, &event));
    sim_event_queue_free(queue);
}

Test(event_queue, gives_the_least_of_a_list)
{
    static struct naive naive;
    for (uint64_t seed = 0; seed < 300; seed++) {
        run_against_naive(seed, &naive);
    }
}

/* All orders in which 7 events may come, by Heap's method. */
static void for_all_orders(uint64_t *times, size_t n,
                           void (*check)(const uint64_t *times))
{
    if (n == 1) {
        check(times);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        for_all_orders(times, n - 1, check);
        size_t other = n % 2 == 0 ? i : 0;
        uint64_t swapped = times[other];
        times[other] = times[n - 1];
        times[n - 1] = swapped;
    }
}

static void check_sorted(const uint64_t *times)
{
    struct sim_event_queue *queue = sim_event_queue_new();
    for (uint32_t i = 0; i < 7; i++) {
        sim_event_queue_push(queue, times[i], 0, i, 0);
    }
    struct sim_event last = {0};
    for (int i = 0; i < 7; i++) {
        struct sim_event event;
        cr_assert(sim_event_queue_pop(queue, &event));
        cr_assert_eq(event.time_us, times[event.a]);
        cr_assert(
            i == 0 || event.time_us > last.time_us ||
            (event.time_us == last.time_us && event.sequence > last.sequence));
        last = event;
    }
    sim_event_queue_free(queue);
}

Test(event_queue, sorts_every_order_of_seven)
{
    uint64_t times[7] = {1, 2, 2, 3, 4, 4, 4};
    for_all_orders(times, 7, check_sorted);
}

Test(event_queue, events_of_one_time_leave_as_they_came)
{
    struct sim_event_queue *queue = sim_event_queue_new();
    for (uint32_t i = 0; i < 1000; i++) {
        sim_event_queue_push(queue, 5, 0, i, 0);
    }
    for (uint32_t i = 0; i < 2000; i++) {
        struct sim_event event;
        cr_assert(sim_event_queue_pop(queue, &event));
        cr_assert_eq(event.a, i);
        if (i < 1000) {
            sim_event_queue_push(queue, 5, 0, 1000 + i, 0);
        }
    }
    sim_event_queue_free(queue);
}

Test(event_queue, sequence_numbers_rise_for_ever)
{
    struct sim_event_queue *queue = sim_event_queue_new();
    struct sim_event event;
    for (uint64_t i = 0; i < 100; i++) {
        cr_assert_eq(sim_event_queue_push(queue, 100 + i, 1, 2, 3), i);
        cr_assert(sim_event_queue_pop(queue, &event));
        cr_assert_eq(event.sequence, i);
    }
    sim_event_queue_free(queue);
}

Test(event_queue, an_empty_queue_gives_nothing)
{
    struct sim_event_queue *queue = sim_event_queue_new();
    struct sim_event event = {.time_us = 9, .sequence = 8, .kind = 7};
    const struct sim_event untouched = event;
    for (int i = 0; i < 2; i++) {
        cr_assert_not(sim_event_queue_pop(queue, &event));
        assert_same(&event, &untouched);
        cr_assert_eq(sim_event_queue_next_us(queue), SIM_NO_EVENT);
        struct sim_event other;
        sim_event_queue_push(queue, 10, 0, 0, 0);
        cr_assert(sim_event_queue_pop(queue, &other));
    }
    sim_event_queue_free(queue);
    sim_event_queue_free(NULL);
}

Test(event_queue, takes_the_last_time_there_is)
{
    struct sim_event_queue *queue = sim_event_queue_new();
    struct sim_event event;
    sim_event_queue_push(queue, SIM_NO_EVENT - 1, 0, 1, 0);
    sim_event_queue_push(queue, 0, 0, 2, 0);
    cr_assert(sim_event_queue_pop(queue, &event));
    cr_assert_eq(event.a, 2u);
    cr_assert_eq(sim_event_queue_next_us(queue), SIM_NO_EVENT - 1);
    sim_event_queue_free(queue);
}

Test(event_queue, the_past_is_refused, .signal = SIGABRT)
{
    struct sim_event_queue *queue = sim_event_queue_new();
    struct sim_event event;
    sim_event_queue_push(queue, 10, 0, 0, 0);
    sim_event_queue_pop(queue, &event);
    sim_event_queue_push(queue, 9, 0, 0, 0);
}

Test(event_queue, never_is_refused, .signal = SIGABRT)
{
    struct sim_event_queue *queue = sim_event_queue_new();
    sim_event_queue_push(queue, SIM_NO_EVENT, 0, 0, 0);
}
