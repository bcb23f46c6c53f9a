#undef NDEBUG
#include "sim/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

void *sim_window_add(struct sim_window *window)
{
    size_t count = (size_t)(window->end - window->origin);
    if (count == window->capacity) {
        window->items =
            sim_grow(window->items, &window->capacity, count + 1, window->size);
    }
    window->end++;
    return window->items + count * window->size;
}

void sim_window_drop(struct sim_window *window, uint64_t first)
{
    assert(first <= window->end);
    if (first <= window->first) {
        return;
    }
    window->first = first;
    size_t gone = (size_t)(first - window->origin);
    size_t left = (size_t)(window->end - first);
    if (gone <= left) {
        return;
    }
    if (left > 0) {
        memmove(window->items, window->items + gone * window->size,
                left * window->size);
    }
    window->origin = first;
    /* Less than half of the room is used by now. */
    window->capacity = left + left / 2 + 8;
    window->items = sim_realloc(window->items, window->capacity, window->size);
}

void sim_window_free(struct sim_window *window)
{
    free(window->items);
    *window = (struct sim_window){0};
}
