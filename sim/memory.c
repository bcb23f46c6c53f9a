#undef NDEBUG
#include "sim/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_BROKEN 3
#define SMALLEST_CAPACITY ((size_t)16)

static void *granted(void *block)
{
    if (block == NULL) {
        fputs("raftsim: out of memory\n", stderr);
        exit(EXIT_BROKEN);
    }
    return block;
}

void *sim_calloc(size_t count, size_t size)
{
    /* The C library may answer a request for nothing with NULL. */
    if (count == 0 || size == 0) {
        count = 1;
        size = 1;
    }
    return granted(calloc(count, size));
}

void *sim_realloc(void *block, size_t count, size_t size)
{
    if (count == 0 || size == 0) {
        count = 1;
        size = 1;
    }
    if (count > SIZE_MAX / size) {
        return granted(NULL);
    }
    return granted(realloc(block, count * size));
}

void *sim_grow_more(void *block, size_t *capacity, size_t needed, size_t size)
{
    assert(size > 0);
    assert(needed > *capacity);
    /* Doubling makes n additions cost O(n) in all. A doubled capacity that
     * would overflow is refused by sim_realloc(). */
    size_t grown = *capacity > SIZE_MAX / 2 ? SIZE_MAX : *capacity * 2;
    if (grown < SMALLEST_CAPACITY) {
        grown = SMALLEST_CAPACITY;
    }
    if (grown < needed) {
        grown = needed;
    }
    block = sim_realloc(block, grown, size);
    *capacity = grown;
    return block;
}

char *sim_strdup(const char *text)
{
    assert(text != NULL);
    size_t size = strlen(text) + 1;
    char *copy = sim_realloc(NULL, size, 1);
    memcpy(copy, text, size);
    return copy;
}
