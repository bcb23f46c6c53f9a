/* A snapshot's way to a follower (paper, section 7; dissertation, 5.1): in
 * chunks, one at a time, each answered with what has arrived so far. What is
 * lost is asked for again with the next heartbeat; a follower that restarts in
 * between begins anew. Leader and follower each keep the snapshot that they
 * began with, whatever newer ones there are. Another leader goes on where the
 * one before ended, if its snapshot has the same bytes: the digest says so, and
 * vouches for the whole. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/bytes.h"
#include "raft/internal.h"

/* --- the leader sends ----------------------------------------------------- */

static bool is_witness(const struct raft__peer *peer)
{
    return (peer->flags & RAFT_MEMBER_WITNESS) != 0;
}

/* A witness gets no image. */
static size_t total_for(const struct raft__peer *peer)
{
    const struct raft__blob *blob = peer->sending;
    return is_witness(peer) ? RAFT__BLOB_HEAD_SIZE + blob->meta_size
                            : blob->size;
}

/* A snapshot that nobody needs is not read for it. */
static uint64_t digest_for(const struct raft__peer *peer)
{
    struct raft__blob *blob = peer->sending;
    size_t without_image = RAFT__BLOB_HEAD_SIZE + blob->meta_size;
    if (!blob->has_digests) {
        blob->digest = raft__blob_digest(blob, blob->size);
        blob->meta_digest = raft__blob_digest(blob, without_image);
        blob->has_digests = true;
    }
    return is_witness(peer) ? blob->meta_digest : blob->digest;
}

static void send_chunk(struct raft *raft, struct raft__peer *peer,
                       uint32_t limit)
{
    size_t total = total_for(peer);
    size_t rest = total - (size_t)peer->offset;
    struct raft_message message = {
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .term = raft->hard_state.current_term,
    };
    message.install_request.position = peer->sending->position;
    message.install_request.sequence = raft->sequence;
    message.install_request.total = total;
    message.install_request.digest = digest_for(peer);
    message.install_request.omit_image = is_witness(peer);
    message.install_request.offset = peer->offset;
    message.install_request.size = rest < limit ? (uint32_t)rest : limit;
    message.install_request.bytes = peer->sending->bytes + peer->offset;
    raft__note_sent(raft, peer);
    raft__send(raft, peer->id, RAFT__AT_ONCE, &message);
}

static void send_next_chunk(struct raft *raft, struct raft__peer *peer)
{
    peer->chunk_us = raft->now_us;
    send_chunk(raft, peer, raft->config.max_bytes_per_message);
}

void raft__start_installing(struct raft *raft, struct raft__peer *peer)
{
    assert(peer->sending == NULL);
    assert(raft->snapshot != NULL);
    peer->state = RAFT_SNAPSHOT;
    peer->sending = raft->snapshot;
    peer->sending->holders++;
    peer->offset = 0;
    peer->inflight_count = 0;
    peer->inflight_bytes = 0;
    send_next_chunk(raft, peer);
}

void raft__stop_installing(struct raft *raft, struct raft__peer *peer)
{
    raft__blob_release(raft, peer->sending);
    peer->sending = NULL;
}

void raft__ask_installing(struct raft *raft, struct raft__peer *peer)
{
    send_chunk(raft, peer, 0);
}

/* A chunk counts as lost when nothing of it is heard for the time in which a
 * follower would start an election; before that it may be slow. */
static void note_offset(struct raft *raft, struct raft__peer *peer,
                        uint64_t offset)
{
    bool lost =
        raft->now_us - peer->chunk_us >= raft->config.election_timeout_min_us;
    if (offset < total_for(peer) && (offset > peer->offset || lost)) {
        peer->offset = offset;
        send_next_chunk(raft, peer);
    }
}

void raft__handle_install_response(struct raft *raft, raft_id from,
                                   const struct raft_message *message)
{
    struct raft__peer *peer = raft__peer(raft, from);
    if (raft->role != RAFT_LEADER || peer == NULL ||
        message->term < raft->hard_state.current_term) {
        return;
    }
    raft__note_answer(raft, peer, message->install_response.sequence);
    uint64_t index = message->install_response.index;
    if (message->install_response.installed) {
        if (index <= raft__log_last_index(&raft->log)) {
            raft__follower_matches(raft, peer, index);
        }
    } else if (peer->state == RAFT_SNAPSHOT &&
               index == peer->sending->position.index) {
        note_offset(raft, peer, message->install_response.offset);
    }
    raft__reads_look(raft);
}

/* --- the follower receives ------------------------------------------------ */

static bool is_expected(const struct raft *raft,
                        const struct raft_message *message)
{
    const struct raft__blob *blob = raft->incoming;
    return blob != NULL &&
           raft->incoming_digest == message->install_request.digest &&
           raft_position_compare(blob->position,
                                 message->install_request.position) == 0 &&
           raft->incoming_total == message->install_request.total;
}

/* The log has it all: by its entries, or by what they were compacted to. */
static bool has_already(const struct raft *raft, struct raft_position position)
{
    return position.index <= raft->commit_index ||
           (raft__log_knows(&raft->log, position.index) &&
            raft__log_term(&raft->log, position.index) == position.term);
}

void raft__forget_incoming(struct raft *raft)
{
    raft__blob_release(raft, raft->incoming);
    raft->incoming = NULL;
}

/* What this message's chunk belongs to. */
static struct raft__blob *arriving(const struct raft *raft)
{
    return raft->fresh != NULL ? raft->fresh : raft->incoming;
}

/* Makes room for what arrives. Another snapshot than before begins anew; until
 * the step is sure to happen, the one before stays. */
static bool make_room(struct raft *raft, const struct raft_message *message,
                      size_t size)
{
    struct raft__blob *blob =
        is_expected(raft, message) ? raft->incoming : NULL;
    if (blob != NULL && size <= blob->capacity) {
        return true;
    }
    uint64_t total = message->install_request.total;
    size_t capacity = blob != NULL ? blob->capacity * 2 : 0;
    capacity = capacity > total ? (size_t)total : capacity;
    capacity = capacity < size ? size : capacity;
    struct raft__blob *larger = raft__blob_new(raft, capacity);
    if (larger == NULL) {
        return false;
    }
    larger->position = message->install_request.position;
    if (blob == NULL) {
        raft->fresh = larger;
        return true;
    }
    larger->size = blob->size;
    memcpy(larger->bytes, blob->bytes, blob->size);
    raft__blob_release(raft, blob);
    raft->incoming = larger;
    return true;
}

/* The step happens: the chunk of another snapshot is the first of a new one. */
static void begin_anew(struct raft *raft, const struct raft_message *message)
{
    if (raft->fresh != NULL) {
        raft__blob_release(raft, raft->incoming);
        raft->incoming = raft->fresh;
        raft->incoming_digest = message->install_request.digest;
        raft->incoming_total = message->install_request.total;
        raft->fresh = NULL;
    }
}

/* Whether the bytes, all there, are a snapshot of that place; and room for what
 * it tells. False: no memory. */
static bool look_whether_whole(struct raft *raft,
                               const struct raft_message *message)
{
    struct raft__blob *blob = arriving(raft);
    size_t total = (size_t)message->install_request.total;
    struct raft__meta meta;
    uint64_t meta_size =
        total >= RAFT__BLOB_HEAD_SIZE ? raft__get64(blob->bytes) : UINT64_MAX;
    if (meta_size > total - RAFT__BLOB_HEAD_SIZE ||
        raft__blob_digest(blob, total) != message->install_request.digest ||
        !raft__meta_decode(blob->bytes + RAFT__BLOB_HEAD_SIZE,
                           (size_t)meta_size, &meta) ||
        raft_position_compare(meta.position, blob->position) != 0) {
        return true;
    }
    if (!raft__reserve_peers(
            raft, (uint32_t)(meta.members_size / RAFT_MEMBER_SIZE)) ||
        !raft__sessions_reserve(&raft->sessions, meta.n_sessions)) {
        return false;
    }
    blob->meta_size = (size_t)meta_size;
    raft->incoming_is_whole = true;
    return true;
}

/* A chunk that is not the next one is not looked at. */
bool raft__reserve_install(struct raft *raft,
                           const struct raft_message *message)
{
    uint64_t offset = message->install_request.offset;
    uint32_t size = message->install_request.size;
    uint64_t arrived = is_expected(raft, message) ? raft->incoming->size : 0;
    raft->incoming_is_whole = false;
    raft__blob_release(raft, raft->fresh); /* of a step that did not happen */
    raft->fresh = NULL;
    if (message->term < raft->hard_state.current_term || size == 0 ||
        offset != arrived ||
        has_already(raft, message->install_request.position)) {
        return true;
    }
    if (offset + size > SIZE_MAX / 4 ||
        !make_room(raft, message, (size_t)(offset + size))) {
        return false;
    }
    memcpy(arriving(raft)->bytes + offset, message->install_request.bytes,
           size);
    uint64_t total = message->install_request.total;
    return offset + size < total || look_whether_whole(raft, message);
}

/* The whole log goes; what was on its way to the disk will not be there. */
static void replace_log(struct raft *raft, struct raft_position position)
{
    uint64_t kept = raft->durable_index < raft->commit_index
                        ? raft->durable_index
                        : raft->commit_index;
    raft->truncate_from = raft->stored_from;
    raft__log_reset(&raft->log, position);
    raft->stored_from = position.index + 1;
    raft->durable_index = kept;
    for (size_t i = 0; i < raft->pending_count; i++) {
        size_t at = (raft->pending_first + i) % raft->pending_capacity;
        if (raft->pending[at].last_index > kept) {
            raft->pending[at].last_index = kept;
        }
    }
}

static void install(struct raft *raft)
{
    struct raft__blob *blob = raft->incoming;
    raft->incoming = NULL;
    blob->size = (size_t)raft->incoming_total;
    raft__blob_release(raft, raft->snapshot);
    raft->snapshot = blob;
    raft->snapshot_changed = true;
    raft->snapshot_write = raft->last_write_id + 1;
    replace_log(raft, blob->position);
    raft->commit_index = blob->position.index;
    raft->unapplied_sessions = 0;
    raft__sessions_decode(&raft->sessions, raft__blob_meta(blob).sessions);
    raft->n_configurations = 0;
    raft__configure_from_snapshot(raft);
}

static void answer(struct raft *raft, raft_id to,
                   const struct raft_message *request, bool installed,
                   uint64_t offset)
{
    struct raft_message message = {
        .kind = RAFT_MESSAGE_INSTALL_RESPONSE,
        .term = raft->hard_state.current_term,
    };
    /* What an older life of the leader sent says nothing about this one. */
    bool current = request->term == raft->hard_state.current_term;
    message.install_response.sequence =
        current ? request->install_request.sequence : 0;
    message.install_response.installed = installed;
    message.install_response.index = request->install_request.position.index;
    message.install_response.offset = offset;
    raft__send(raft, to, RAFT__AFTER_WRITES, &message);
}

/* Paper, Figure 13. Where the log reaches that far and agrees, it is as good as
 * the snapshot: the entries are committed, and applied one by one. */
void raft__handle_install_request(struct raft *raft, raft_id from,
                                  const struct raft_message *message)
{
    struct raft_position position = message->install_request.position;
    if (message->term < raft->hard_state.current_term) {
        answer(raft, from, message, false, 0);
        return;
    }
    if (raft->role == RAFT_LEADER) {
        return; /* two leaders in a term: not by Raft; keep out of it */
    }
    raft__hear_leader(raft, from);
    raft->is_blind = message->install_request.omit_image;
    if (has_already(raft, position)) {
        if (position.index > raft->commit_index) {
            raft->commit_index = position.index;
        }
        raft__forget_incoming(raft);
        answer(raft, from, message, true, 0);
        return;
    }
    begin_anew(raft, message);
    uint64_t arrived = is_expected(raft, message) ? raft->incoming->size : 0;
    uint64_t end =
        message->install_request.offset + message->install_request.size;
    if (raft->incoming_is_whole) {
        install(raft);
        answer(raft, from, message, true, 0);
        return;
    }
    if (message->install_request.size > 0 &&
        message->install_request.offset == arrived) {
        /* Whole, but no snapshot: it begins anew. */
        arrived = end < message->install_request.total ? end : 0;
        raft->incoming->size = (size_t)arrived;
    }
    answer(raft, from, message, false, arrived);
}
