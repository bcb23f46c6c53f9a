/* The log in a node's memory: entries from index 1 on, with their payloads.
 *
 * Payloads lie in chunks that are filled from front to back, as a log is; so an
 * entry's data stays where it is until the entry is truncated. All memory for
 * an append is taken by raft__log_reserve() before anything changes.
 */
#ifndef RAFT_LOG_H
#define RAFT_LOG_H

#include "raft/raft.h"

struct raft__chunk {
    struct raft__chunk *previous;
    uint64_t first_index; /* the first entry put into it */
    size_t capacity;      /* bytes of payload */
    size_t used;
    uint8_t bytes[];
};

struct raft__log {
    struct raft_allocator *allocator;
    struct raft_entry *entries; /* entries[i] has index i + 1 */
    size_t capacity;
    uint64_t count;
    struct raft__chunk *tail;  /* the chunk being filled, or NULL */
    struct raft__chunk *spare; /* an empty one that was reserved, or NULL */
};

void raft__log_init(struct raft__log *log, struct raft_allocator *allocator);
void raft__log_close(struct raft__log *log);

/* Makes room for `n` more entries of `bytes` payload bytes together, also if a
 * truncation comes first. False: no memory, nothing changed. */
bool raft__log_reserve(struct raft__log *log, uint64_t n, size_t bytes);

/* Appends a copy; room must have been reserved. */
void raft__log_append(struct raft__log *log, const struct raft_entry *entry);

/* Drops the entries from `index` on; 1 <= index. */
void raft__log_truncate(struct raft__log *log, uint64_t index);

uint64_t raft__log_last_index(const struct raft__log *log);

/* The last entry's place; {0, 0} if the log is empty. */
struct raft_position raft__log_last(const struct raft__log *log);

/* The term of the entry at `index`; 0 at 0. `index` is not beyond the end. */
uint64_t raft__log_term(const struct raft__log *log, uint64_t index);

/* The first entry of those from `index` on; NULL at the end. */
const struct raft_entry *raft__log_from(const struct raft__log *log,
                                        uint64_t index);

/* The first index from which all entries up to `index` have its term. */
uint64_t raft__log_term_start(const struct raft__log *log, uint64_t index);

/* The last index, at most `limit`, whose term is at most `term`; 0 if none. */
uint64_t raft__log_last_with_term_up_to(const struct raft__log *log,
                                        uint64_t limit, uint64_t term);

#endif
