/* Entries in an array, their payload in chunks; see raft/log.h. */
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

/* Takes the oldest chunk off. It must not be the only one. */
static void drop_head(struct raft__log *log)
{
    struct raft__chunk *chunk = log->head;
    log->head = chunk->next;
    log->head->previous = NULL;
    free_chunk(log, chunk);
}

/* Takes the tail off; the larger of it and the spare one stays as the spare, so
 * that what was reserved is still there afterwards. */
static void drop_tail(struct raft__log *log)
{
    struct raft__chunk *chunk = log->tail;
    log->tail = chunk->previous;
    if (log->tail == NULL) {
        log->head = NULL;
    } else {
        log->tail->next = NULL;
    }
    if (log->spare == NULL || log->spare->capacity < chunk->capacity) {
        free_chunk(log, log->spare);
        log->spare = chunk;
    } else {
        free_chunk(log, chunk);
    }
}

/* Drops all that is left. An empty log has no chunks but a spare one. */
static void drop_all(struct raft__log *log)
{
    log->count = 0;
    while (log->head != log->tail) {
        drop_head(log);
    }
    if (log->tail != NULL) {
        drop_tail(log);
    }
}

void raft__log_close(struct raft__log *log)
{
    drop_all(log);
    free_chunk(log, log->spare);
    if (log->entries != NULL) {
        log->allocator->resize(log->allocator, log->entries,
                               log->capacity * sizeof *log->entries, 0);
    }
    memset(log, 0, sizeof *log);
}

/* Where the entry at `index` is, or would be. */
static struct raft_entry *place(const struct raft__log *log, uint64_t index)
{
    return &log->entries[log->start + (index - log->base.index - 1)];
}

static void move_down(struct raft__log *log)
{
    if (log->start > 0) {
        memmove(log->entries, log->entries + log->start,
                (size_t)log->count * sizeof *log->entries);
        log->start = 0;
    }
}

/* An append costs O(1) on average: entries move down once as many were dropped
 * as are to be moved, and the array grows to twice what is needed. Its size
 * stays within a small multiple of the most entries that were there at once. */
static bool reserve_entries(struct raft__log *log, uint64_t n)
{
    if (n <= log->capacity - log->start - log->count) {
        return true;
    }
    if (log->start >= log->count && n <= log->capacity - log->count) {
        move_down(log);
        return true;
    }
    const uint64_t most = SIZE_MAX / sizeof *log->entries / 2;
    if (n > most || log->count > most - n) {
        return false;
    }
    size_t capacity = (size_t)(log->count + n) * 2;
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
    move_down(log);
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
        chunk->next = NULL;
        chunk->first_index = raft__log_last_index(log) + 1;
        chunk->used = 0;
        if (log->tail == NULL) {
            log->head = chunk;
        } else {
            log->tail->next = chunk;
        }
        log->tail = chunk;
    }
    assert(size <= log->tail->capacity - log->tail->used);
    uint8_t *bytes = log->tail->bytes + log->tail->used;
    log->tail->used += size;
    return bytes;
}

void raft__log_append(struct raft__log *log, const struct raft_entry *entry)
{
    assert(log->count < log->capacity - log->start);
    struct raft_entry copy = *entry;
    copy.data = NULL;
    if (entry->size > 0) {
        uint8_t *bytes = take_bytes(log, entry->size);
        memcpy(bytes, entry->data, entry->size);
        copy.data = bytes;
    }
    log->entries[log->start + log->count] = copy;
    log->count++;
}

/* The payloads of the entries from a chunk's first up to the next chunk's first
 * lie in that chunk, in the order of the log. */
void raft__log_truncate(struct raft__log *log, uint64_t index)
{
    assert(index > log->base.index);
    uint64_t end = raft__log_last_index(log) + 1;
    if (index >= end) {
        return;
    }
    log->count = index - log->base.index - 1;
    if (log->count == 0) {
        drop_all(log);
        return;
    }
    while (log->tail != NULL && log->tail->first_index >= index) {
        end = log->tail->first_index;
        drop_tail(log);
    }
    for (uint64_t i = index; i < end; i++) {
        const struct raft_entry *entry = place(log, i);
        if (entry->size > 0) {
            log->tail->used = (size_t)(entry->data - log->tail->bytes);
            return;
        }
    }
}

void raft__log_drop_before(struct raft__log *log, uint64_t index)
{
    if (index <= log->base.index + 1) {
        return;
    }
    struct raft_position base = {raft__log_term(log, index - 1), index - 1};
    uint64_t n = base.index - log->base.index;
    log->base = base;
    log->start += (size_t)n;
    log->count -= n;
    if (log->count == 0) {
        drop_all(log);
        return;
    }
    while (log->head != log->tail && log->head->next->first_index <= index) {
        drop_head(log);
    }
}

void raft__log_reset(struct raft__log *log, struct raft_position base)
{
    drop_all(log);
    log->base = base;
}

uint64_t raft__log_last_index(const struct raft__log *log)
{
    return log->base.index + log->count;
}

struct raft_position raft__log_last(const struct raft__log *log)
{
    uint64_t index = raft__log_last_index(log);
    return (struct raft_position){raft__log_term(log, index), index};
}

bool raft__log_knows(const struct raft__log *log, uint64_t index)
{
    return index >= log->base.index && index <= raft__log_last_index(log);
}

uint64_t raft__log_term(const struct raft__log *log, uint64_t index)
{
    assert(raft__log_knows(log, index));
    return index == log->base.index ? log->base.term : place(log, index)->term;
}

const struct raft_entry *raft__log_from(const struct raft__log *log,
                                        uint64_t index)
{
    assert(index > log->base.index);
    return index > raft__log_last_index(log) ? NULL : place(log, index);
}

struct raft_entry *raft__log_at(struct raft__log *log, uint64_t index)
{
    assert(index > log->base.index);
    return index > raft__log_last_index(log) ? NULL : place(log, index);
}

uint64_t raft__log_term_start(const struct raft__log *log, uint64_t index)
{
    assert(index > log->base.index);
    uint64_t term = raft__log_term(log, index);
    if (term == 0) {
        return log->base.index + 1;
    }
    return raft__log_last_with_term_up_to(log, index, term - 1) + 1;
}

/* Terms never decrease along a log, so this is a binary search. */
uint64_t raft__log_last_with_term_up_to(const struct raft__log *log,
                                        uint64_t limit, uint64_t term)
{
    assert(raft__log_knows(log, limit));
    uint64_t low = log->base.index;
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
