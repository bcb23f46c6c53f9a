/* What is still to happen, in a total order: by virtual time, then by the order
 * in which it was asked for.
 *
 * Each event gets a sequence number when it is pushed, rising for ever, so two
 * events of the same microsecond leave in the order in which they came and no
 * other: the order of a run hangs on no address and no heap shape. Events are
 * small values; what `kind`, `a` and `b` mean is the caller's affair. There is
 * no removal: an event that no longer matters is recognised by its owner when
 * it comes (by a generation number, say).
 *
 * A 4-ary heap: push and pop are O(log n), and memory is taken only when the
 * queue is longer than it ever was.
 */
#ifndef SIM_EVENT_QUEUE_H
#define SIM_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_event {
    uint64_t time_us;  /* virtual */
    uint64_t sequence; /* given by the queue, from 0; unique */
    uint32_t kind;
    uint32_t a;
    uint64_t b;
};

/* The time of the next event of an empty queue. */
#define SIM_NO_EVENT UINT64_MAX

struct sim_event_queue;

/* An empty queue at virtual time 0. Never NULL (see sim/memory.h). */
struct sim_event_queue *sim_event_queue_new(void);

/* Adds an event, after all those of the same time that are in the queue.
 * `time_us` is not before that of the event popped last, because virtual time
 * never goes back, and is not SIM_NO_EVENT. Returns its sequence number. */
uint64_t sim_event_queue_push(struct sim_event_queue *queue, uint64_t time_us,
                              uint32_t kind, uint32_t a, uint64_t b);

/* The next sequence number, for an event that may be inserted later as if it
 * had been pushed now. */
uint64_t sim_event_queue_number(struct sim_event_queue *queue);

/* Adds an event with a sequence number that sim_event_queue_number() gave for
 * it, or that it had when it was in the queue before; its time is as
 * sim_event_queue_push() wants it. */
void sim_event_queue_insert(struct sim_event_queue *queue,
                            const struct sim_event *event);

/* Takes the least event by (time_us, sequence) out, into `*event`. False, and
 * `*event` untouched, if the queue is empty. */
bool sim_event_queue_pop(struct sim_event_queue *queue,
                         struct sim_event *event);

/* The time of the event that pop would give; SIM_NO_EVENT if there is none. */
uint64_t sim_event_queue_next_us(struct sim_event_queue *queue);

/* `queue` may be NULL. */
void sim_event_queue_free(struct sim_event_queue *queue);

#endif
