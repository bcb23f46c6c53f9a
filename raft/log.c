#undef NDEBUG
#include "raft/log.h"

#include <assert.h>
#include <string.h>

/* Small enough that an idle node stays small, large enough that a busy one
 * seldom asks for memory. */
#define CHUNK_BYTES ((size_t)16384)

void raft__log_init(struct raft__log *log, struct raft_allocator *allocator)
{
    memset(log, 0, sizeof *log);
    log->allocator = allocator;
}

static void free_chunk(struct raft__log *log, struct raft__chunk *chunk)
{
    if (chunk != NULL) {
        log->allocator->resize(log->allocator, chunk,
                               sizeof *chunk + chunk->capacity, 0);
    }
}

void raft__log_close(struct raft__log *log)
{
    while (log->tail != NULL) {
        struct raft__chunk *previous = log->tail->previous;
        free_chunk(log, log->tail);
        log->tail = previous;
    }
    free_chunk(log, log->spare);
    if (log->entries != NULL) {
        log->allocator->resize(log->allocator, log->entries,
                               log->capacity * sizeof *log->entries, 0);
    }
    memset(log, 0, sizeof *log);
}

static bool reserve_entries(struct raft__log *log, uint64_t n)
{
    if (n <= log->capacity - log->count) {
        return true;
    }
    const uint64_t most = SIZE_MAX / sizeof *log->entries / 2;
    if (log->capacity > most || n > most || log->count > most - n) {
        return false;
    }
    size_t capacity = log->capacity * 2;
    if (capacity < log->count + n) {
        capacity = (size_t)(log->count + n);
    }
    if (capacity < 64) {
        capacity = 64;
    }
    struct raft_entry *entries = log->allocator->resize(
        log->allocator, log->entries, log->capacity * sizeof *entries,
        capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    log->entries = entries;
    log->capacity = capacity;
    return true;
}

static bool reserve_bytes(struct raft__log *log, size_t bytes)
{
    bool in_tail =
        log->tail != NULL && bytes <= log->tail->capacity - log->tail->used;
    bool in_spare = log->spare != NULL && bytes <= log->spare->capacity;
    if (bytes == 0 || in_tail || in_spare) {
        return true;
    }
    if (bytes > SIZE_MAX - sizeof(struct raft__chunk)) {
        return false;
    }
    size_t capacity = bytes < CHUNK_BYTES ? CHUNK_BYTES : bytes;
    struct raft__chunk *chunk = log->allocator->resize(
        log->allocator, NULL, 0, sizeof *chunk + capacity);
    if (chunk == NULL) {
        return false;
    }
    chunk->capacity = capacity;
    chunk->used = 0;
    free_chunk(log, log->spare);
    log->spare = chunk;
    return true;
}

bool raft__log_reserve(struct raft__log *log, uint64_t n, size_t bytes)
{
    return reserve_entries(log, n) && reserve_bytes(log, bytes);
}

/* The place of `size` bytes for the entry that comes next. */
static uint8_t *take_bytes(struct raft__log *log, size_t size)
{
    if (log->tail == NULL || size > log->tail->capacity - log->tail->used) {
        assert(log->spare != NULL);
        struct raft__chunk *chunk = log->spare;
        log->spare = NULL;
        chunk->previous = log->tail;
        chunk->first_index = log->count + 1;
        chunk->used = 0;
        log->tail = chunk;
    }
    assert(size <= log->tail->capacity - log->tail->used);
    uint8_t *bytes = log->tail->bytes + log->tail->used;
    log->tail->used += size;
    return bytes;
}

void raft__log_append(struct raft__log *log, const struct raft_entry *entry)
{
    assert(log->count < log->capacity);
    struct raft_entry copy = *entry;
    copy.data = NULL;
    if (entry->size > 0) {
        uint8_t *bytes = take_bytes(log, entry->size);
        memcpy(bytes, entry->data, entry->size);
        copy.data = bytes;
    }
    log->entries[log->count] = copy;
    log->count++;
}

/* Takes the tail off; the larger of it and the spare one stays as the spare, so
 * that what was reserved is still there after a truncation. */
static void drop_tail(struct raft__log *log)
{
    struct raft__chunk *chunk = log->tail;
    log->tail = chunk->previous;
    if (log->spare == NULL || log->spare->capacity < chunk->capacity) {
        free_chunk(log, log->spare);
        log->spare = chunk;
    } else {
        free_chunk(log, chunk);
    }
}

void raft__log_truncate(struct raft__log *log, uint64_t index)
{
    assert(index >= 1);
    if (index > log->count) {
        return;
    }
    log->count = index - 1;
    while (log->tail != NULL && log->tail->first_index > log->count) {
        drop_tail(log);
    }
    if (log->tail == NULL) {
        return;
    }
    for (uint64_t i = log->count; i >= log->tail->first_index; i--) {
        const struct raft_entry *entry = &log->entries[i - 1];
        if (entry->size > 0) {
            log->tail->used =
                (size_t)(entry->data - log->tail->bytes) + entry->size;
            return;
        }
    }
    log->tail->used = 0;
}

uint64_t raft__log_last_index(const struct raft__log *log)
{
    return log->count;
}

struct raft_position raft__log_last(const struct raft__log *log)
{
    return (struct raft_position){raft__log_term(log, log->count), log->count};
}

uint64_t raft__log_term(const struct raft__log *log, uint64_t index)
{
    assert(index <= log->count);
    return index == 0 ? 0 : log->entries[index - 1].term;
}

const struct raft_entry *raft__log_from(const struct raft__log *log,
                                        uint64_t index)
{
    assert(index >= 1);
    return index > log->count ? NULL : &log->entries[index - 1];
}

uint64_t raft__log_term_start(const struct raft__log *log, uint64_t index)
{
    uint64_t term = raft__log_term(log, index);
    if (term == 0) {
        return index;
    }
    return raft__log_last_with_term_up_to(log, index, term - 1) + 1;
}

/* Terms never decrease along a log, so this is a binary search. */
uint64_t raft__log_last_with_term_up_to(const struct raft__log *log,
                                        uint64_t limit, uint64_t term)
{
    assert(limit <= log->count);
    uint64_t low = 0;
    uint64_t high = limit;
    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        if (raft__log_term(log, middle) <= term) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}
