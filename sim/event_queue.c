#undef NDEBUG
#include "sim/event_queue.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

/* Children of a heap node. Four make the heap half as deep as two, and four
 * events of 32 bytes lie side by side in two cache lines. */
#define ARITY ((size_t)4)

struct sim_event_queue {
    struct sim_event *heap; /* no event is before its parent, (i - 1) / ARITY */
    size_t count;
    size_t capacity;
    uint64_t next_sequence;
    uint64_t now_us; /* time of the event popped last */
};

static bool is_before(const struct sim_event *x, const struct sim_event *y)
{
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us;
    }
    return x->sequence < y->sequence;
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

/* The least child of `i` among `count` events; `count` if it has none. */
static size_t least_child(const struct sim_event *heap, size_t count, size_t i)
{
    size_t first = i * ARITY + 1;
    if (first >= count) {
        return count;
    }
    size_t end = count - first < ARITY ? count : first + ARITY;
    size_t least = first;
    for (size_t child = first + 1; child < end; child++) {
        if (is_before(&heap[child], &heap[least])) {
            least = child;
        }
    }
    return least;
}

/* Moves the hole at the root down until `event` may fill it. */
static void fill_downwards(struct sim_event *heap, size_t count,
                           const struct sim_event *event)
{
    size_t i = 0;
    for (;;) {
        size_t child = least_child(heap, count, i);
        if (child == count || is_before(event, &heap[child])) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = *event;
}

struct sim_event_queue *sim_event_queue_new(void)
{
    return sim_calloc(1, sizeof(struct sim_event_queue));
}

uint64_t sim_event_queue_push(struct sim_event_queue *queue, uint64_t time_us,
                              uint32_t kind, uint32_t a, uint64_t b)
{
    assert(time_us >= queue->now_us);
    assert(time_us != SIM_NO_EVENT);
    struct sim_event event = {
        .time_us = time_us,
        .sequence = queue->next_sequence++,
        .kind = kind,
        .a = a,
        .b = b,
    };
    queue->heap = sim_grow(queue->heap, &queue->capacity, queue->count + 1,
                           sizeof *queue->heap);
    fill_upwards(queue->heap, queue->count++, &event);
    return event.sequence;
}

bool sim_event_queue_pop(struct sim_event_queue *queue, struct sim_event *event)
{
    if (queue->count == 0) {
        return false;
    }
    *event = queue->heap[0];
    queue->now_us = event->time_us;
    queue->count--;
    if (queue->count > 0) {
        struct sim_event last = queue->heap[queue->count];
        fill_downwards(queue->heap, queue->count, &last);
    }
    return true;
}

uint64_t sim_event_queue_next_us(const struct sim_event_queue *queue)
{
    return queue->count > 0 ? queue->heap[0].time_us : SIM_NO_EVENT;
}

void sim_event_queue_free(struct sim_event_queue *queue)
{
    if (queue != NULL) {
        free(queue->heap);
        free(queue);
    }
}
