/* What goes to each follower, and how much of it: one message at a time while
 * it is not known where the logs agree, a window of them when it is (probe,
 * replicate), a snapshot where the log does not reach back; each within the
 * limits of bytes (dissertation, 10.2.2). */
#include "raft/internal.h"

/* A witness gets what a full voter of these members holds durably. More, and it
 * could have entries that nobody else has any more, whom it would then vote for
 * no more, and which it cannot give back. */
static uint64_t last_to_send(const struct raft *raft,
                             const struct raft__peer *peer)
{
    return (peer->flags & RAFT_MEMBER_WITNESS) != 0
               ? raft__full_match(raft)
               : raft__log_last_index(&raft->log);
}

/* How many entries that the follower needs next fit into one message of so many
 * bytes, and the bytes of their payload: within the limits, but at least one if
 * there is one. */
static uint32_t batch_size(const struct raft *raft,
                           const struct raft__peer *peer, uint64_t max_bytes,
                           uint64_t *bytes)
{
    uint64_t index = peer->next_index;
    uint64_t last = last_to_send(raft, peer);
    uint64_t available = last < index ? 0 : last + 1 - index;
    uint64_t limit = raft->config.max_entries_per_message;
    if (available < limit) {
        limit = available;
    }
    if (max_bytes > raft->config.max_bytes_per_message) {
        max_bytes = raft->config.max_bytes_per_message;
    }
    const struct raft_entry *entries = raft__log_from(&raft->log, index);
    *bytes = 0;
    for (uint32_t n = 0; n < limit; n++) {
        uint64_t size = entries[n].size;
        if (n > 0 && *bytes + size > max_bytes) {
            return n;
        }
        *bytes += size;
    }
    return (uint32_t)limit;
}

void raft__note_sent(struct raft *raft, struct raft__peer *peer)
{
    if (!peer->has_sample) {
        peer->has_sample = true;
        peer->sample_sequence = raft->sequence;
        peer->sample_us = raft->now_us;
    }
}

/* The place before what is to be sent next is in the log, or its base. */
static bool send_append(struct raft *raft, struct raft__peer *peer, uint32_t n)
{
    struct raft_message message = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .term = raft->hard_state.current_term,
    };
    uint64_t prev = peer->next_index - 1;
    message.append_request.prev =
        (struct raft_position){raft__log_term(&raft->log, prev), prev};
    message.append_request.leader_commit = raft->commit_index;
    message.append_request.sequence = raft->sequence;
    message.append_request.omit_commands =
        (peer->flags & RAFT_MEMBER_WITNESS) != 0;
    message.append_request.n_entries = n;
    message.append_request.entries =
        n > 0 ? raft__log_from(&raft->log, peer->next_index) : NULL;
    raft__note_sent(raft, peer);
    return raft__send_append(raft, peer->id, &message);
}

static struct raft__inflight *ring_of(struct raft *raft,
                                      const struct raft__peer *peer, uint32_t i)
{
    uint32_t size = raft->config.max_inflight_messages;
    return &raft->inflight[(size_t)peer->slot * size +
                           (peer->inflight_first + i) % size];
}

static void remember_inflight(struct raft *raft, struct raft__peer *peer,
                              uint64_t last_index, uint64_t bytes)
{
    *ring_of(raft, peer, peer->inflight_count) =
        (struct raft__inflight){last_index, bytes};
    peer->inflight_count++;
    peer->inflight_bytes += bytes;
}

void raft__forget_inflight(struct raft *raft, struct raft__peer *peer,
                           uint64_t match_index)
{
    while (peer->inflight_count > 0) {
        const struct raft__inflight *first = ring_of(raft, peer, 0);
        if (first->last_index > match_index) {
            return;
        }
        peer->inflight_bytes -= first->bytes;
        peer->inflight_first =
            (peer->inflight_first + 1) % raft->config.max_inflight_messages;
        peer->inflight_count--;
    }
}

/* The payload that may still go on its way. */
static uint64_t room_in_window(const struct raft *raft,
                               const struct raft__peer *peer)
{
    uint64_t most = raft->config.max_inflight_bytes;
    return peer->inflight_bytes < most ? most - peer->inflight_bytes : 0;
}

/* One message is always allowed. */
static bool fits_window(const struct raft *raft, const struct raft__peer *peer,
                        uint64_t bytes)
{
    return peer->inflight_count < peer->window &&
           (peer->inflight_count == 0 || bytes <= room_in_window(raft, peer));
}

/* What it needs next lies before what the log still holds. */
static bool is_compacted(const struct raft *raft, const struct raft__peer *peer)
{
    return !raft__log_knows(&raft->log, peer->next_index - 1);
}

/* Sends what the follower lacks, as far as the window allows. */
void raft__replicate(struct raft *raft, struct raft__peer *peer)
{
    uint64_t bytes;
    if (peer->state == RAFT_SNAPSHOT) {
        return;
    }
    if (is_compacted(raft, peer)) {
        raft__start_installing(raft, peer);
        return;
    }
    if (peer->state == RAFT_PROBE) {
        if (!peer->probe_sent) {
            uint32_t n = batch_size(raft, peer, UINT64_MAX, &bytes);
            peer->probe_sent = send_append(raft, peer, n);
        }
        return;
    }
    for (;;) {
        uint32_t n = batch_size(raft, peer, room_in_window(raft, peer), &bytes);
        if (n == 0 || !fits_window(raft, peer, bytes) ||
            !send_append(raft, peer, n)) {
            return;
        }
        peer->next_index += n;
        remember_inflight(raft, peer, peer->next_index - 1, bytes);
    }
}

void raft__replicate_to_all(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if (i != raft->self) {
            raft__replicate(raft, &raft->peers[i]);
        }
    }
}

/* What full voters hold durably moved. */
void raft__replicate_to_witnesses(struct raft *raft)
{
    if ((raft->all_flags & RAFT_MEMBER_WITNESS) == 0) {
        return;
    }
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if ((raft->peers[i].flags & RAFT_MEMBER_WITNESS) != 0 &&
            i != raft->self) {
            raft__replicate(raft, &raft->peers[i]);
        }
    }
}

void raft__probe_from(struct raft *raft, struct raft__peer *peer,
                      uint64_t next_index)
{
    peer->state = RAFT_PROBE;
    peer->probe_sent = false;
    peer->probe_sequence = raft->sequence;
    peer->next_index = next_index;
    peer->inflight_first = 0;
    peer->inflight_count = 0;
    peer->inflight_bytes = 0;
}

/* Heartbeats carry no entries. They are checked like all AppendEntries: where
 * entries were lost on the way, the follower's refusal says so. */
void raft__send_heartbeats(struct raft *raft)
{
    raft->heartbeat_deadline_us =
        raft->now_us + raft->config.heartbeat_interval_us;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        struct raft__peer *peer = &raft->peers[i];
        if (i == raft->self) {
            continue;
        }
        if (peer->state == RAFT_SNAPSHOT) {
            raft__ask_installing(raft, peer);
        } else if (is_compacted(raft, peer)) {
            raft__start_installing(raft, peer);
        } else {
            send_append(raft, peer, 0);
        }
    }
}
