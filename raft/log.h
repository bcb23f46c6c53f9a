/* The log in a node's memory: entries with their payloads, from the place on
 * where a snapshot allowed to drop those before (dissertation, 5.1).
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
    struct raft__chunk *next;
    uint64_t first_index; /* the first entry put into it */
    size_t capacity;      /* bytes of payload */
    size_t used;
    uint8_t bytes[];
};

struct raft__log {
    struct raft_allocator *allocator;
    struct raft_position base; /* directly before the first entry */
    struct raft_entry
        *entries; /* entries[start + i]: index base.index + 1 + i */
    size_t capacity;
    size_t start; /* what was dropped lies before it, until room is needed */
    uint64_t count;
    struct raft__chunk *head;  /* the oldest chunk, or NULL */
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

/* Drops the entries from `index` on; base.index < index. */
void raft__log_truncate(struct raft__log *log, uint64_t index);

/* Drops the entries before `index`, at most the last one's index + 1; none if
 * they are dropped already. Their chunks are freed as far as nothing else lies
 * in them. What is left does not move before the next reserve. */
void raft__log_drop_before(struct raft__log *log, uint64_t index);

/* Drops everything: the log begins after `base`. What was reserved stays so. */
void raft__log_reset(struct raft__log *log, struct raft_position base);

uint64_t raft__log_last_index(const struct raft__log *log);

/* The last entry's place, or the base's. */
struct raft_position raft__log_last(const struct raft__log *log);

/* Whether the term at `index` is known: from the base's to the last entry's. */
bool raft__log_knows(const struct raft__log *log, uint64_t index);

/* The term of the entry at `index`, which is known. */
uint64_t raft__log_term(const struct raft__log *log, uint64_t index);

/* The first entry of those from `index` on, above the base; NULL at the end. */
const struct raft_entry *raft__log_from(const struct raft__log *log,
                                        uint64_t index);

/* The same, to note the verdicts of sessions in them. */
struct raft_entry *raft__log_at(struct raft__log *log, uint64_t index);

/* The first index, above the base, from which all entries up to `index`, which
 * is above the base as well, have its term. */
uint64_t raft__log_term_start(const struct raft__log *log, uint64_t index);

/* The last index, at most `limit`, whose term is at most `term`; the base's if
 * there is none above it. base.index <= limit <= the last index. */
uint64_t raft__log_last_with_term_up_to(const struct raft__log *log,
                                        uint64_t limit, uint64_t term);

#endif
