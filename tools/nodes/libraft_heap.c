#include <stdlib.h>
#include <string.h>

#include "tools/nodes/libraft.h"

/* In front of each block; what is aligned for it is for all that is small. */
struct heap_block {
    struct heap_block *next, **link; /* what points to this one */
    size_t size;
    void *raw; /* what malloc() gave */
};

#define USUAL_ALIGNMENT 16u

static struct heap_block *block_of(void *memory)
{
    return (struct heap_block *)memory - 1;
}

static void *take(struct heap *heap, size_t alignment, size_t size)
{
    size_t head = sizeof(struct heap_block) + alignment;
    /* Zeroed: libraft pads what it encodes with bytes that it never wrote, and
     * a run has to repeat. */
    char *raw = size > SIZE_MAX - head ? NULL : calloc(1, head + size);
    if (raw == NULL) {
        return NULL;
    }
    uintptr_t at = (uintptr_t)raw + head;
    char *memory = raw + head - at % alignment;
    struct heap_block *block = block_of(memory);
    *block = (struct heap_block){
        .next = heap->blocks, .link = &heap->blocks, .size = size, .raw = raw};
    if (heap->blocks != NULL) {
        heap->blocks->link = &block->next;
    }
    heap->blocks = block;
    return memory;
}

static void *heap_malloc(void *data, size_t size)
{
    return take(data, USUAL_ALIGNMENT, size);
}

static void heap_free(void *data, void *memory)
{
    (void)data;
    if (memory == NULL) {
        return;
    }
    struct heap_block *block = block_of(memory);
    *block->link = block->next;
    if (block->next != NULL) {
        block->next->link = block->link;
    }
    free(block->raw);
}

static void *heap_calloc(void *data, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *memory = heap_malloc(data, count * size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

static void *heap_realloc(void *data, void *memory, size_t size)
{
    void *moved = heap_malloc(data, size);
    if (memory == NULL || moved == NULL) {
        return moved;
    }
    size_t old = block_of(memory)->size;
    memcpy(moved, memory, old < size ? old : size);
    heap_free(data, memory);
    return moved;
}

static void *heap_aligned_alloc(void *data, size_t alignment, size_t size)
{
    return take(data, alignment < USUAL_ALIGNMENT ? USUAL_ALIGNMENT : alignment,
                size);
}

static void heap_aligned_free(void *data, size_t alignment, void *memory)
{
    (void)alignment;
    heap_free(data, memory);
}

void heap_init(struct heap *heap)
{
    heap->blocks = NULL;
    heap->functions = (struct raft_heap){
        .data = heap,
        .malloc = heap_malloc,
        .free = heap_free,
        .calloc = heap_calloc,
        .realloc = heap_realloc,
        .aligned_alloc = heap_aligned_alloc,
        .aligned_free = heap_aligned_free,
    };
}

void heap_drop(struct heap *heap)
{
    while (heap->blocks != NULL) {
        struct heap_block *block = heap->blocks;
        heap->blocks = block->next;
        free(block->raw);
    }
}
