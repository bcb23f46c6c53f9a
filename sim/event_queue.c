#undef NDEBUG
#include "sim/event_queue.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

/* Children of a heap node. Four make the heap half as deep as two, and four
 * events of 32 bytes lie side by side in two cache lines. */
#define ARITY ((size_t)4)

struct sim_event_queue {
    struct sim_event *heap; /* no event is before its parent, (i - 1) / ARITY;
                               from `count` on they are `nothing`, so that there
                               are always four children to compare */
    size_t count;           /* places in use, the hole included */
    bool hole; /* the root was popped, and nothing has taken its place yet: most
                  events ask for another one, which then sinks from there */
    size_t capacity;
    uint64_t next_sequence;
    uint64_t now_us; /* time of the event popped last */
};

/* After all events. */
static const struct sim_event nothing = {.time_us = UINT64_MAX,
                                         .sequence = UINT64_MAX};

/* As one number of 128 bits, where the compiler has such: no jump that the
 * processor would have to guess. */
static bool is_before(const struct sim_event *x, const struct sim_event *y)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    return ((wide)x->time_us << 64 | x->sequence) <
           ((wide)y->time_us << 64 | y->sequence);
#else
    return x->time_us != y->time_us ? x->time_us < y->time_us
                                    : x->sequence < y->sequence;
#endif
}

/* Moves the hole at `i` up until `event` may fill it. */
static void fill_upwards(struct sim_event *heap, size_t i,
                         const struct sim_event *event)
{
    while (i > 0) {
        size_t parent = (i - 1) / ARITY;
        if (!is_before(event, &heap[parent])) {
            break;
        }
        heap[i] = heap[parent];
        i = parent;
    }
    heap[i] = *event;
}

/* The least of the four at `first`. */
static size_t least_of_four(const struct sim_event *heap, size_t first)
{
    size_t a = first + is_before(&heap[first + 1], &heap[first]);
    size_t b = first + 2 + is_before(&heap[first + 3], &heap[first + 2]);
    return a + (b - a) * is_before(&heap[b], &heap[a]);
}

/* Moves the hole at the root down until `event` may fill it. */
static void fill_downwards(struct sim_event *heap, size_t count,
                           const struct sim_event *event)
{
    size_t i = 0;
    for (size_t first = 1; first < count; first = i * ARITY + 1) {
        size_t child = least_of_four(heap, first);
        if (is_before(event, &heap[child])) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = *event;
}

/* Fills the hole with the last event. */
static void fill_hole(struct sim_event_queue *queue)
{
    queue->hole = false;
    queue->count--;
    struct sim_event last = queue->heap[queue->count];
    queue->heap[queue->count] = nothing;
    if (queue->count > 0) {
        fill_downwards(queue->heap, queue->count, &last);
    }
}

struct sim_event_queue *sim_event_queue_new(void)
{
    return sim_calloc(1, sizeof(struct sim_event_queue));
}

uint64_t sim_event_queue_number(struct sim_event_queue *queue)
{
    return queue->next_sequence++;
}

static void grow(struct sim_event_queue *queue)
{
    queue->heap = sim_grow(queue->heap, &queue->capacity,
                           queue->count + ARITY + 1, sizeof *queue->heap);
    for (size_t i = queue->count; i < queue->capacity; i++) {
        queue->heap[i] = nothing;
    }
}

void sim_event_queue_insert(struct sim_event_queue *queue,
                            const struct sim_event *event)
{
    assert(event->time_us >= queue->now_us);
    assert(event->time_us != SIM_NO_EVENT);
    assert(event->sequence < queue->next_sequence);
    if (queue->hole) {
        queue->hole = false;
        fill_downwards(queue->heap, queue->count, event);
        return;
    }
    if (queue->count + ARITY >= queue->capacity) {
        grow(queue);
    }
    fill_upwards(queue->heap, queue->count++, event);
}

uint64_t sim_event_queue_push(struct sim_event_queue *queue, uint64_t time_us,
                              uint32_t kind, uint32_t a, uint64_t b)
{
    struct sim_event event = {
        .time_us = time_us,
        .sequence = queue->next_sequence++,
        .kind = kind,
        .a = a,
        .b = b,
    };
    sim_event_queue_insert(queue, &event);
    return event.sequence;
}

bool sim_event_queue_pop(struct sim_event_queue *queue, struct sim_event *event)
{
    if (queue->hole) {
        fill_hole(queue);
    }
    if (queue->count == 0) {
        return false;
    }
    *event = queue->heap[0];
    queue->now_us = event->time_us;
    queue->hole = true;
    return true;
}

uint64_t sim_event_queue_next_us(struct sim_event_queue *queue)
{
    if (queue->hole) {
        fill_hole(queue);
    }
    return queue->count > 0 ? queue->heap[0].time_us : SIM_NO_EVENT;
}

void sim_event_queue_free(struct sim_event_queue *queue)
{
    if (queue != NULL) {
        free(queue->heap);
        free(queue);
    }
}
