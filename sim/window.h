/* An array by index of which the earlier part may be let go: what lies below
 * its first index is gone, what lies from there on stays where its index says.
 *
 * Room is given back once more than half of what was there is gone, so that an
 * element is moved O(1) times on average, and memory follows what is left.
 */
#ifndef SIM_WINDOW_H
#define SIM_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct sim_window {
    uint8_t *items;
    size_t size;     /* of an element */
    size_t capacity; /* elements, from `origin` on */
    uint64_t origin; /* the index that lies at `items`: `first`, or below */
    uint64_t first;  /* the lowest index that is there, */
    uint64_t end;    /* and one above the highest */
};

/* Empty; `first` is the index of what is added first. */
static inline struct sim_window sim_window_new(size_t size, uint64_t first)
{
    return (struct sim_window){
        .size = size, .origin = first, .first = first, .end = first};
}

/* The element at `index`, from `first` on and below `end`. `size` is that of an
 * element, which the compiler knows. Valid until one is added, or let go. */
static inline void *sim_window_at(const struct sim_window *window,
                                  uint64_t index, size_t size)
{
    return window->items + (size_t)(index - window->origin) * size;
}

/* Adds the element at `end`; not initialised. */
void *sim_window_add(struct sim_window *window);

/* Lets go what lies below `first`, which is at most `end`. */
void sim_window_drop(struct sim_window *window, uint64_t first);

void sim_window_free(struct sim_window *window);

#endif
