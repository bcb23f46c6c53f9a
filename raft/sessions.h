/* The clients' sessions (dissertation, 6.3): which commands were applied
 * before.
 *
 * A session is opened by an entry of the log and has its index as name. For
 * each open session the latest sequence is kept: a client has one command
 * outstanding at a time, so an equal or lower one is a retry. When a session is
 * opened and enough are open, the one that was used least recently is closed
 * (by the index of its last command, or of its opening), so that all servers
 * close the same one.
 *
 * The sessions are part of a snapshot: `count` (4 bytes), 4 zero bytes, then
 * for each session, by rising name, name, sequence and the index of its last
 * use (8 bytes each), little-endian.
 */
#ifndef RAFT_SESSIONS_H
#define RAFT_SESSIONS_H

#include "raft/raft.h"

struct raft__session {
    uint64_t name;
    uint64_t sequence; /* the latest applied; 0: none yet */
    uint64_t used;     /* the index of the entry that used it last */
};

struct raft__sessions {
    struct raft_allocator *allocator;
    struct raft__session *items; /* by rising name */
    size_t count;
    size_t capacity;
};

void raft__sessions_init(struct raft__sessions *sessions,
                         struct raft_allocator *allocator);
void raft__sessions_close(struct raft__sessions *sessions);

/* Makes room for `n` more to be opened. False: no memory, nothing changed. */
bool raft__sessions_reserve(struct raft__sessions *sessions, uint64_t n);

/* Applies a SESSION entry at `index`, above all names: opens a session, with at
 * most `keep` (1 or more) then open. Gives the name of the one that was closed
 * for it, or 0; at most one is closed, whatever `keep`. Room must have been
 * reserved, unless it closes one. */
uint64_t raft__sessions_open(struct raft__sessions *sessions, uint64_t index,
                             uint64_t keep);

/* Applies a COMMAND entry at `index` of the session `name` (0: RAFT_FRESH). */
enum raft_verdict raft__sessions_use(struct raft__sessions *sessions,
                                     uint64_t name, uint64_t sequence,
                                     uint64_t index);

/* The sessions as bytes. */
size_t raft__sessions_size(const struct raft__sessions *sessions);
void raft__sessions_encode(const struct raft__sessions *sessions,
                           uint8_t *bytes);

/* Whether `bytes` are sessions as encoded, and how many. Reads nothing outside
 * of them. */
bool raft__sessions_check(const uint8_t *bytes, size_t size, size_t *count);

/* In place of all sessions those of `bytes`, which were checked. Room for their
 * number must be there: reserved on top of those open now is enough. */
void raft__sessions_decode(struct raft__sessions *sessions,
                           const uint8_t *bytes);

#endif
