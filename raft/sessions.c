/* The clients' sessions (dissertation, 6.3): part of the state that the log
 * gives, the same on all servers. */
#undef NDEBUG
#include "raft/sessions.h"

#include "raft/bytes.h"

#include <assert.h>
#include <string.h>

#define HEADER_SIZE ((size_t)8)
#define SESSION_SIZE ((size_t)24)

/* The count has 4 bytes, and both growth and the encoded size must not
 * overflow a size_t. */
#define MAX_SESSIONS                                                           \
    (SIZE_MAX / 64 < UINT32_MAX ? SIZE_MAX / 64 : (size_t)UINT32_MAX)

void raft__sessions_init(struct raft__sessions *sessions,
                         struct raft_allocator *allocator)
{
    *sessions = (struct raft__sessions){.allocator = allocator};
}

void raft__sessions_close(struct raft__sessions *sessions)
{
    if (sessions->items != NULL) {
        sessions->allocator->resize(
            sessions->allocator, sessions->items,
            sessions->capacity * sizeof *sessions->items, 0);
    }
    memset(sessions, 0, sizeof *sessions);
}

bool raft__sessions_reserve(struct raft__sessions *sessions, uint64_t n)
{
    if (n > MAX_SESSIONS - sessions->count) {
        return false;
    }
    if (n <= sessions->capacity - sessions->count) {
        return true;
    }
    size_t capacity = sessions->capacity < 4 ? 8 : sessions->capacity * 2;
    if (capacity < sessions->count + (size_t)n) {
        capacity = sessions->count + (size_t)n;
    }
    struct raft__session *items = sessions->allocator->resize(
        sessions->allocator, sessions->items,
        sessions->capacity * sizeof *items, capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    sessions->items = items;
    sessions->capacity = capacity;
    return true;
}

/* Closes the session used least recently and gives its name. Of equals, which
 * no log can make, the first: all servers must choose the same. */
static uint64_t close_one(struct raft__sessions *sessions)
{
    size_t oldest = 0;
    for (size_t i = 1; i < sessions->count; i++) {
        if (sessions->items[i].used < sessions->items[oldest].used) {
            oldest = i;
        }
    }
    struct raft__session *at = &sessions->items[oldest];
    uint64_t name = at->name;
    sessions->count--;
    memmove(at, at + 1, (sessions->count - oldest) * sizeof *at);
    return name;
}

uint64_t raft__sessions_open(struct raft__sessions *sessions, uint64_t index,
                             uint64_t keep)
{
    assert(keep >= 1);
    assert(index >= 1);
    assert(sessions->count == 0 ||
           index > sessions->items[sessions->count - 1].name);
    uint64_t closed = 0;
    if (sessions->count >= keep) {
        closed = close_one(sessions);
    }
    assert(sessions->count < sessions->capacity);
    sessions->items[sessions->count] =
        (struct raft__session){.name = index, .used = index};
    sessions->count++;
    return closed;
}

/* The session `name`, or NULL: a binary search, the names rise. */
static struct raft__session *find(const struct raft__sessions *sessions,
                                  uint64_t name)
{
    size_t low = 0;
    size_t high = sessions->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sessions->items[middle].name < name) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < sessions->count && sessions->items[low].name == name;
    return found ? &sessions->items[low] : NULL;
}

enum raft_verdict raft__sessions_use(struct raft__sessions *sessions,
                                     uint64_t name, uint64_t sequence,
                                     uint64_t index)
{
    if (name == 0) {
        return RAFT_FRESH;
    }
    struct raft__session *session = find(sessions, name);
    if (session == NULL) {
        return RAFT_EXPIRED;
    }
    /* Also a retry shows that the client is alive. */
    session->used = index;
    if (sequence <= session->sequence) {
        return RAFT_REPEATED;
    }
    session->sequence = sequence;
    return RAFT_FRESH;
}

/* --- as bytes ------------------------------------------------------------- */

static struct raft__session get_session(const uint8_t *bytes, size_t i)
{
    const uint8_t *at = bytes + HEADER_SIZE + i * SESSION_SIZE;
    return (struct raft__session){.name = raft__get64(at),
                                  .sequence = raft__get64(at + 8),
                                  .used = raft__get64(at + 16)};
}

size_t raft__sessions_size(const struct raft__sessions *sessions)
{
    return HEADER_SIZE + sessions->count * SESSION_SIZE;
}

void raft__sessions_encode(const struct raft__sessions *sessions,
                           uint8_t *bytes)
{
    raft__put32(bytes, (uint32_t)sessions->count);
    raft__put32(bytes + 4, 0);
    for (size_t i = 0; i < sessions->count; i++) {
        uint8_t *at = bytes + HEADER_SIZE + i * SESSION_SIZE;
        raft__put64(at, sessions->items[i].name);
        raft__put64(at + 8, sessions->items[i].sequence);
        raft__put64(at + 16, sessions->items[i].used);
    }
}

bool raft__sessions_check(const uint8_t *bytes, size_t size, size_t *count)
{
    if (size < HEADER_SIZE || raft__get32(bytes + 4) != 0) {
        return false;
    }
    size_t n = (size - HEADER_SIZE) / SESSION_SIZE;
    if (size != HEADER_SIZE + n * SESSION_SIZE || raft__get32(bytes) != n ||
        n > MAX_SESSIONS) {
        return false;
    }
    uint64_t previous = 0;
    for (size_t i = 0; i < n; i++) {
        struct raft__session session = get_session(bytes, i);
        if (session.name <= previous || session.used < session.name) {
            return false;
        }
        previous = session.name;
    }
    *count = n;
    return true;
}

void raft__sessions_decode(struct raft__sessions *sessions,
                           const uint8_t *bytes)
{
    size_t n = raft__get32(bytes);
    assert(n <= sessions->capacity);
    for (size_t i = 0; i < n; i++) {
        sessions->items[i] = get_session(bytes, i);
    }
    sessions->count = n;
}
