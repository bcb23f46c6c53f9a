/* What a step may need is taken before it changes anything: no change stops
 * half-way for want of memory. */
#include <string.h>

#include "raft/internal.h"

void *raft__allocate(struct raft *raft, size_t size)
{
    void *block = raft->allocator->resize(raft->allocator, NULL, 0, size);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

void raft__release(struct raft *raft, void *block, size_t size)
{
    if (block != NULL) {
        raft->allocator->resize(raft->allocator, block, size, 0);
    }
}

/* `block` points to a pointer to items of some kind, which is copied as bytes:
 * no two kinds of pointers are mixed. */
bool raft__grow(struct raft *raft, void *block, size_t *capacity, size_t n,
                size_t size)
{
    if (n <= *capacity) {
        return true;
    }
    size_t larger = *capacity + *capacity / 2;
    larger = larger < n ? n : larger;
    if (larger > SIZE_MAX / 2 / size) {
        return false;
    }
    void *old;
    memcpy(&old, block, sizeof old);
    void *items = raft->allocator->resize(raft->allocator, old,
                                          *capacity * size, larger * size);
    if (items == NULL) {
        return false;
    }
    memcpy(block, &items, sizeof items);
    *capacity = larger;
    return true;
}

/* --- members -------------------------------------------------------------- */

/* Makes `*items`, a pointer to items of some kind, point to `at`, with the
 * `old` ones that it had; returns what lies behind `n` of them. */
static unsigned char *place(void *items, unsigned char *at, uint32_t old,
                            uint32_t n, size_t size)
{
    void *before;
    void *now = at;
    memcpy(&before, items, sizeof before);
    if (old > 0) {
        memcpy(at, before, old * size);
    }
    memcpy(items, &now, sizeof now);
    return at + n * size;
}

static size_t ring_size(const struct raft *raft)
{
    return raft->config.max_inflight_messages * sizeof *raft->inflight;
}

static size_t room_size(const struct raft *raft, uint32_t n)
{
    size_t each = 2 * sizeof *raft->peers + ring_size(raft) +
                  sizeof *raft->values + sizeof *raft->members;
    return n * each;
}

/* What goes with the members lies in one block: there is room for all of it, or
 * for none. */
bool raft__reserve_peers(struct raft *raft, uint32_t n)
{
    uint32_t old = raft->peers_capacity;
    if (n <= old) {
        return true;
    }
    unsigned char *room = raft__allocate(raft, room_size(raft, n));
    if (room == NULL) {
        return false;
    }
    unsigned char *at = room;
    at = place(&raft->peers, at, old, n, sizeof *raft->peers);
    at = place(&raft->peers_scratch, at, 0, n, sizeof *raft->peers);
    at = place(&raft->inflight, at, old, n, ring_size(raft));
    at = place(&raft->values, at, 0, n, sizeof *raft->values);
    place(&raft->members, at, old, n, sizeof *raft->members);
    raft__release_peers(raft);
    raft->peers_room = room;
    raft->peers_capacity = n;
    return true;
}

void raft__release_peers(struct raft *raft)
{
    raft__release(raft, raft->peers_room,
                  room_size(raft, raft->peers_capacity));
}

static bool reserve_configurations(struct raft *raft, size_t n)
{
    return raft__grow(raft, &raft->configurations,
                      &raft->configurations_capacity,
                      raft->n_configurations + n, sizeof *raft->configurations);
}

/* --- the log -------------------------------------------------------------- */

/* What a step may append. */
struct appends {
    uint64_t n;
    size_t bytes;
    size_t configurations;
    uint64_t sessions;
    uint32_t members; /* of the largest configuration */
};

static void add_configuration(struct appends *appends, size_t bytes)
{
    uint32_t members = (uint32_t)(bytes / RAFT_MEMBER_SIZE);
    appends->n++;
    appends->bytes += bytes;
    appends->configurations++;
    appends->members = members > appends->members ? members : appends->members;
}

static void add_message(struct appends *appends,
                        const struct raft_message *message)
{
    struct raft_entry_cursor cursor = message->append_request.cursor;
    struct raft_entry entry;
    while (raft_entry_cursor_next(&cursor, &entry)) {
        if (entry.kind == RAFT_ENTRY_CONFIGURATION) {
            add_configuration(appends, entry.size);
        } else {
            appends->n++;
            appends->bytes += entry.size;
            appends->sessions += entry.kind == RAFT_ENTRY_SESSION ? 1 : 0;
        }
    }
}

/* Any step may append a no-op; one by which a joint configuration is committed
 * appends the configuration after it. */
static struct appends count_appends(const struct raft *raft,
                                    const struct raft_input *input,
                                    const struct raft_message *message)
{
    struct appends appends = {.n = 1};
    if (raft->role == RAFT_LEADER) {
        add_configuration(&appends, raft->n_peers * RAFT_MEMBER_SIZE);
    }
    switch (input->kind) {
    case RAFT_INPUT_MESSAGE:
        if (message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
            add_message(&appends, message);
        }
        break;
    case RAFT_INPUT_PROPOSAL:
        appends.n++;
        appends.bytes += input->proposal.size;
        break;
    case RAFT_INPUT_SESSION:
        appends.n++;
        appends.sessions++;
        break;
    case RAFT_INPUT_CHANGE:
        add_configuration(&appends, RAFT_MAX_MEMBERS * RAFT_MEMBER_SIZE);
        break;
    case RAFT_INPUT_START:
    case RAFT_INPUT_TIMER:
    case RAFT_INPUT_WRITTEN:
    case RAFT_INPUT_FAILED:
    case RAFT_INPUT_TRANSFER:
    case RAFT_INPUT_READ:
    case RAFT_INPUT_SNAPSHOT:
        break;
    }
    return appends;
}

static bool reserve_log(struct raft *raft, const struct appends *appends)
{
    return raft__log_reserve(&raft->log, appends->n, appends->bytes) &&
           reserve_configurations(raft, appends->configurations) &&
           raft__reserve_peers(raft, appends->members) &&
           raft__sessions_reserve(&raft->sessions,
                                  raft->unapplied_sessions + appends->sessions);
}

/* --- the answer ----------------------------------------------------------- */

static bool reserve_pending(struct raft *raft)
{
    if (raft->pending_count < raft->pending_capacity) {
        return true;
    }
    size_t old = raft->pending_capacity;
    size_t capacity = old < 16 ? 16 : old * 2;
    struct raft__pending_write *pending = raft->allocator->resize(
        raft->allocator, raft->pending, old * sizeof *pending,
        capacity * sizeof *pending);
    if (pending == NULL) {
        return false;
    }
    /* The ring is full: what lies before its first goes behind the old end. */
    memcpy(pending + old, pending, raft->pending_first * sizeof *pending);
    raft->pending = pending;
    raft->pending_capacity = capacity;
    return true;
}

/* The most outputs of a step: a write, a timer, a snapshot and entries to
 * apply, an answer to the input; an answer to each pending read, which is an
 * output of its own for the own host and a message for another server; a full
 * window to one follower and a few messages to each. Entries for which there is
 * no room go with a later step. */
static bool reserve_outbox(struct raft *raft)
{
    struct raft__outbox *outbox = &raft->outbox;
    outbox->kept = 6 + raft->reads.count;
    size_t n = 10 + 2 * raft->reads.capacity +
               3 * (size_t)raft->peers_capacity +
               raft->config.max_inflight_messages;
    if (n <= outbox->capacity) {
        return true;
    }
    struct raft_output *items = raft__allocate(raft, n * sizeof *items);
    size_t *offsets = raft__allocate(raft, n * sizeof *offsets);
    if (items == NULL || offsets == NULL) {
        raft__release(raft, items, n * sizeof *items);
        raft__release(raft, offsets, n * sizeof *offsets);
        return false;
    }
    raft__release(raft, outbox->items, outbox->capacity * sizeof *items);
    raft__release(raft, outbox->offsets, outbox->capacity * sizeof *offsets);
    outbox->items = items;
    outbox->offsets = offsets;
    outbox->capacity = n;
    return true;
}

static bool reserve_reads(struct raft *raft)
{
    return raft__grow(raft, &raft->reads.items, &raft->reads.capacity,
                      raft->reads.count + 1, sizeof *raft->reads.items);
}

static bool reserve_blob(struct raft *raft, const struct raft_input *input)
{
    const size_t most = SIZE_MAX / 4;
    if (input->snapshot.size > most || input->snapshot.meta_size > most) {
        return false;
    }
    size_t size =
        RAFT__BLOB_HEAD_SIZE + input->snapshot.meta_size + input->snapshot.size;
    if (raft->spare == NULL || raft->spare->capacity < size) {
        raft__blob_release(raft, raft->spare);
        raft->spare = raft__blob_new(raft, size);
    }
    return raft->spare != NULL;
}

bool raft__reserve(struct raft *raft, const struct raft_input *input,
                   const struct raft_message *message)
{
    struct appends appends = count_appends(raft, input, message);
    if (input->kind == RAFT_INPUT_SNAPSHOT && !reserve_blob(raft, input)) {
        return false;
    }
    if (input->kind == RAFT_INPUT_MESSAGE &&
        message->kind == RAFT_MESSAGE_INSTALL_REQUEST &&
        !raft__reserve_install(raft, message)) {
        return false;
    }
    return reserve_log(raft, &appends) && reserve_reads(raft) &&
           reserve_pending(raft) && reserve_outbox(raft);
}
