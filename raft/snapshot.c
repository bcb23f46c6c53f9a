/* Snapshots: what a state machine's image stands for, and the log before it
 * that may go (dissertation, chapter 5).
 *
 * The meta of a snapshot, all numbers little-endian of 8 bytes:
 *
 *   offset size
 *        0   16  the place up to which it stands for the log: term, index
 *       16   16  the place of the entry that made the members what they are
 *       32    8  the number of members
 *       40    …  the members, as in a configuration entry
 *        …    …  the sessions (see raft/sessions.h)
 */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/bytes.h"
#include "raft/internal.h"

#define HEAD_SIZE ((size_t)40)

/* --- meta ----------------------------------------------------------------- */

static struct raft_position get_position(const uint8_t *bytes)
{
    return (struct raft_position){raft__get64(bytes), raft__get64(bytes + 8)};
}

static void put_position(uint8_t *bytes, struct raft_position position)
{
    raft__put64(bytes, position.term);
    raft__put64(bytes + 8, position.index);
}

static bool is_place(struct raft_position position)
{
    return position.index <= RAFT__MAX_COUNTER &&
           position.term < RAFT__MAX_COUNTER &&
           (position.index == 0) == (position.term == 0);
}

/* They were all used at or before the snapshot's place. */
static bool sessions_are_older(const struct raft__meta *meta)
{
    const uint8_t *used = meta->sessions + meta->sessions_size;
    for (size_t i = 0; i < meta->n_sessions; i++) {
        used -= 24;
        if (raft__get64(used + 16) > meta->position.index) {
            return false;
        }
    }
    return true;
}

bool raft__meta_decode(const uint8_t *bytes, size_t size,
                       struct raft__meta *meta)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    *meta = (struct raft__meta){.members = bytes};
    if (size == 0) {
        return true;
    }
    if (size < HEAD_SIZE) {
        return false;
    }
    meta->position = get_position(bytes);
    meta->configuration = get_position(bytes + 16);
    uint64_t count = raft__get64(bytes + 32);
    if (count > RAFT_MAX_MEMBERS ||
        count * RAFT_MEMBER_SIZE > size - HEAD_SIZE) {
        return false;
    }
    meta->members = bytes + HEAD_SIZE;
    meta->members_size = (size_t)count * RAFT_MEMBER_SIZE;
    meta->sessions = meta->members + meta->members_size;
    meta->sessions_size = size - HEAD_SIZE - meta->members_size;
    return is_place(meta->position) && is_place(meta->configuration) &&
           meta->configuration.index <= meta->position.index &&
           meta->configuration.term <= meta->position.term &&
           raft_configuration_decode(meta->members, meta->members_size, members,
                                     &n) &&
           raft__sessions_check(meta->sessions, meta->sessions_size,
                                &meta->n_sessions) &&
           sessions_are_older(meta);
}

bool raft_meta_members(const uint8_t *bytes, size_t size,
                       struct raft_member *members, uint32_t *n)
{
    struct raft__meta meta;
    return raft__meta_decode(bytes, size, &meta) &&
           raft_configuration_decode(meta.members, meta.members_size, members,
                                     n);
}

/* Without the sessions, whose place it returns. */
static uint8_t *encode_head(uint8_t *bytes, struct raft_position position,
                            struct raft_position configuration,
                            const uint8_t *members, size_t members_size)
{
    put_position(bytes, position);
    put_position(bytes + 16, configuration);
    raft__put64(bytes + 32, members_size / RAFT_MEMBER_SIZE);
    if (members_size > 0) {
        memcpy(bytes + HEAD_SIZE, members, members_size);
    }
    return bytes + HEAD_SIZE + members_size;
}

size_t raft_bootstrap_size(uint32_t n)
{
    struct raft__sessions none = {.count = 0};
    return HEAD_SIZE + n * RAFT_MEMBER_SIZE + raft__sessions_size(&none);
}

void raft_bootstrap(const struct raft_member *members, uint32_t n,
                    uint8_t *bytes)
{
    struct raft__sessions none = {.count = 0};
    uint8_t encoded[RAFT_MAX_MEMBERS * RAFT_MEMBER_SIZE];
    assert(n <= RAFT_MAX_MEMBERS);
    struct raft_position start = {0, 0};
    raft_configuration_encode(members, n, encoded);
    raft__sessions_encode(
        &none, encode_head(bytes, start, start, encoded, n * RAFT_MEMBER_SIZE));
}

size_t raft_meta_size(const struct raft *raft)
{
    size_t members_size;
    struct raft_position position;
    raft__configuration_at(raft, raft->last_applied, &members_size, &position);
    return HEAD_SIZE + members_size + raft__sessions_size(&raft->sessions);
}

void raft_meta(const struct raft *raft, uint8_t *bytes)
{
    size_t members_size;
    struct raft_position configuration;
    const uint8_t *members = raft__configuration_at(
        raft, raft->last_applied, &members_size, &configuration);
    struct raft_position applied = {0, raft->last_applied};
    if (raft__log_knows(&raft->log, applied.index)) {
        applied.term = raft__log_term(&raft->log, applied.index);
    }
    raft__sessions_encode(
        &raft->sessions,
        encode_head(bytes, applied, configuration, members, members_size));
}

/* --- blobs ---------------------------------------------------------------- */

struct raft__blob *raft__blob_new(struct raft *raft, size_t capacity)
{
    struct raft__blob *blob = NULL;
    if (capacity <= SIZE_MAX - sizeof *blob) {
        blob = raft->allocator->resize(raft->allocator, NULL, 0,
                                       sizeof *blob + capacity);
    }
    if (blob != NULL) {
        *blob = (struct raft__blob){.holders = 1, .capacity = capacity};
    }
    return blob;
}

void raft__blob_release(struct raft *raft, struct raft__blob *blob)
{
    if (blob != NULL && --blob->holders == 0) {
        raft__release(raft, blob, sizeof *blob + blob->capacity);
    }
}

void raft__blob_fill(struct raft__blob *blob,
                     const struct raft_snapshot *snapshot)
{
    size_t size =
        RAFT__BLOB_HEAD_SIZE + snapshot->meta_size + snapshot->image_size;
    assert(blob->capacity >= size);
    blob->size = size;
    blob->meta_size = snapshot->meta_size;
    blob->position = snapshot->position;
    raft__put64(blob->bytes, snapshot->meta_size);
    if (snapshot->meta_size > 0) {
        memcpy(blob->bytes + RAFT__BLOB_HEAD_SIZE, snapshot->meta,
               snapshot->meta_size);
    }
    if (snapshot->image_size > 0) {
        memcpy(blob->bytes + RAFT__BLOB_HEAD_SIZE + snapshot->meta_size,
               snapshot->image, snapshot->image_size);
    }
}

/* Over whole words, the last filled up with zeros; each word passes through a
 * bijection of the state. */
uint64_t raft__blob_digest(const struct raft__blob *blob, size_t size)
{
    const uint64_t multiplier = UINT64_C(0xd6e8feb86659fd93);
    uint64_t state = (uint64_t)size * multiplier;
    size_t at = 0;
    for (; size - at >= 8; at += 8) {
        state = (state ^ raft__get64(blob->bytes + at)) * multiplier;
        state ^= state >> 32;
    }
    uint8_t rest[8] = {0};
    memcpy(rest, blob->bytes + at, size - at);
    state = (state ^ raft__get64(rest)) * multiplier;
    return state ^ state >> 32;
}

struct raft_snapshot raft__blob_snapshot(const struct raft__blob *blob)
{
    if (blob == NULL) {
        return (struct raft_snapshot){.meta_size = 0};
    }
    size_t before = RAFT__BLOB_HEAD_SIZE + blob->meta_size;
    return (struct raft_snapshot){
        .position = blob->position,
        .meta = blob->bytes + RAFT__BLOB_HEAD_SIZE,
        .meta_size = blob->meta_size,
        .image = blob->bytes + before,
        .image_size = blob->size - before,
    };
}

struct raft__meta raft__blob_meta(const struct raft__blob *blob)
{
    struct raft__meta meta;
    struct raft_snapshot snapshot = raft__blob_snapshot(blob);
    bool sound = raft__meta_decode(snapshot.meta, snapshot.meta_size, &meta);
    assert(sound);
    return meta;
}

struct raft_position raft__snapshot_position(const struct raft *raft)
{
    return raft->snapshot == NULL ? (struct raft_position){0, 0}
                                  : raft->snapshot->position;
}

/* --- compaction ----------------------------------------------------------- */

static void release_spare(struct raft *raft)
{
    raft__blob_release(raft, raft->spare);
    raft->spare = NULL;
}

/* 5.1. Of the log in memory only what is applied goes, whatever the host wants:
 * it is handed out from there. */
void raft__compact(struct raft *raft, const struct raft_input *input)
{
    struct raft__meta meta;
    if (input->snapshot.index <= raft__snapshot_position(raft).index) {
        release_spare(raft); /* a newer one came in between */
        return;
    }
    /* Who joins a cluster learns its members when it applies the entry by which
     * it joined. A snapshot from before says of nobody that he is a member, and
     * would spread that. */
    bool sound = raft__meta_decode(input->snapshot.meta,
                                   input->snapshot.meta_size, &meta);
    assert(sound);
    if (meta.members_size == 0) {
        release_spare(raft);
        return;
    }
    struct raft_snapshot snapshot = {
        .position = {raft__log_term(&raft->log, input->snapshot.index),
                     input->snapshot.index},
        .meta = input->snapshot.meta,
        .meta_size = input->snapshot.meta_size,
        .image = input->snapshot.image,
        .image_size = input->snapshot.size,
    };
    raft__blob_fill(raft->spare, &snapshot);
    raft__blob_release(raft, raft->snapshot);
    raft->snapshot = raft->spare;
    raft->spare = NULL;
    raft->snapshot_changed = true;
    raft->snapshot_write = raft->last_write_id + 1;
    if (input->snapshot.keep_from > raft->stored_from) {
        raft__log_drop_before(&raft->log, input->snapshot.keep_from);
        raft->drop_before = input->snapshot.keep_from;
        raft->stored_from = input->snapshot.keep_from;
    }
    raft__configure_from_snapshot(raft);
}
