/* Memory for the simulator: taken when things are created, or grown here.
 *
 * A simulator that runs out of memory has nothing to save: these functions
 * print one line to stderr and end the process with exit code 3. They never
 * return NULL. (The Raft library under test has its own allocator and must
 * survive a refusal.)
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stddef.h>

/* `count` zeroed elements of `size` bytes; free() them. */
void *sim_calloc(size_t count, size_t size);

/* Like realloc() for `count` elements of `size` bytes, overflow included. */
void *sim_realloc(void *block, size_t count, size_t size);

/* sim_grow() where there is no room yet. */
void *sim_grow_more(void *block, size_t *capacity, size_t needed, size_t size);

/* Makes room for at least `needed` elements in a growing array: returns the
 * block, moved or not, and the new capacity in `*capacity`. New elements are
 * not initialised. */
static inline void *sim_grow(void *block, size_t *capacity, size_t needed,
                             size_t size)
{
    return needed <= *capacity ? block
                               : sim_grow_more(block, capacity, needed, size);
}

/* A copy of a string. */
char *sim_strdup(const char *text);

#endif
