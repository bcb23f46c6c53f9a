/* Reads that bypass the log (dissertation, 6.4). The leader notes how far its
 * log is committed, makes sure that it is still the leader, and the read may be
 * answered once that much is applied. It makes sure by an answer of a majority
 * to something that was sent after the read came; or, without asking, by a
 * lease: such answers to what it sent a while ago, as long as no other leader
 * can have been elected since (6.4.1). Reads share the question: while one is
 * on its way, others wait for the next.
 *
 * The commit index of a new leader says little before an entry of its term is
 * committed: the read then waits for that entry.
 *
 * A follower asks the leader for the index, and answers by itself. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/state.h"

static void drop(struct raft *raft, size_t i)
{
    struct raft__reads *reads = &raft->reads;
    reads->count--;
    memmove(&reads->items[i], &reads->items[i + 1],
            (reads->count - i) * sizeof *reads->items);
}

static void answer(struct raft *raft, raft_id to, uint64_t id, bool granted,
                   uint64_t index)
{
    struct raft_message message = {
        .kind = RAFT_MESSAGE_READ_RESPONSE,
        .term = raft->hard_state.current_term,
    };
    message.read_response.id = id;
    message.read_response.granted = granted;
    message.read_response.index = granted ? index : 0;
    raft__send(raft, to, RAFT__AFTER_WRITES, &message);
}

/* How long after a message was sent no other leader can be elected, if it was
 * answered by a majority: followers wait for the least election timeout, on
 * clocks that may be fast, this one's may be slow. */
static uint64_t lease_us(const struct raft *raft)
{
    const uint64_t million = 1000000;
    uint64_t drift = raft->config.clock_drift_ppm;
    return raft->config.election_timeout_min_us / (million + drift) *
               (million - drift) +
           raft->config.election_timeout_min_us % (million + drift) *
               (million - drift) / (million + drift);
}

static bool has_lease(struct raft *raft)
{
    if (!raft->config.lease_reads || raft->lease_is_void ||
        raft->commit_index < raft->term_start) {
        return false;
    }
    uint64_t heard_us = raft__quorum(raft, RAFT__LEASE);
    return heard_us > 0 && raft->now_us - heard_us < lease_us(raft);
}

/* --- at the leader -------------------------------------------------------- */

static uint64_t read_index(const struct raft *raft)
{
    return raft->commit_index > raft->term_start ? raft->commit_index
                                                 : raft->term_start;
}

static void grant(struct raft *raft, size_t i)
{
    struct raft__read *read = &raft->reads.items[i];
    if (read->from == RAFT_NONE) {
        read->state = RAFT__READ_GRANTED;
        return;
    }
    answer(raft, read->from, read->id, true, read->index);
    drop(raft, i);
}

void raft__reads_look(struct raft *raft)
{
    struct raft__reads *reads = &raft->reads;
    if (raft->role != RAFT_LEADER || reads->count == 0) {
        return;
    }
    uint64_t confirmed = raft__quorum(raft, RAFT__ACKED);
    bool asking = false;
    for (size_t i = 0; i < reads->count;) {
        size_t count = reads->count;
        if (reads->items[i].state == RAFT__READ_ASKING) {
            if (reads->items[i].sequence <= confirmed) {
                grant(raft, i);
            } else {
                asking = true;
            }
        }
        i += reads->count == count ? 1 : 0;
    }
    if (asking && reads->round_sequence <= confirmed) {
        reads->round_sequence = raft->sequence;
        raft__send_heartbeats(raft);
    }
}

static void note(struct raft *raft, const struct raft__read *read)
{
    assert(raft->reads.count < raft->reads.capacity);
    raft->reads.items[raft->reads.count] = *read;
    raft->reads.count++;
}

/* A read of the own host, or of a follower. */
static void lead_read(struct raft *raft, raft_id from, uint64_t tag,
                      uint64_t id, bool lease)
{
    struct raft__read read = {
        .state = RAFT__READ_ASKING,
        .from = from,
        .tag = tag,
        .id = id,
        .sequence = raft->sequence,
        .index = read_index(raft),
    };
    note(raft, &read);
    if (lease && has_lease(raft)) {
        grant(raft, raft->reads.count - 1);
    }
    raft__reads_look(raft);
}

void raft__handle_read_request(struct raft *raft, raft_id from,
                               const struct raft_message *message)
{
    if (raft->role != RAFT_LEADER ||
        message->term < raft->hard_state.current_term ||
        raft->reads.count >= raft->config.max_pending_reads) {
        answer(raft, from, message->read_request.id, false, 0);
        return;
    }
    lead_read(raft, from, 0, message->read_request.id,
              message->read_request.lease);
}

/* --- at any server -------------------------------------------------------- */

static void forward(struct raft *raft, const struct raft_input *input)
{
    raft->reads.last_id++;
    struct raft__read read = {
        .state = RAFT__READ_FORWARDED,
        .tag = input->read.tag,
        .id = raft->reads.last_id,
        .until_us = raft->now_us + raft->config.election_timeout_max_us,
    };
    note(raft, &read);
    struct raft_message message = {
        .kind = RAFT_MESSAGE_READ_REQUEST,
        .term = raft->hard_state.current_term,
    };
    message.read_request.id = read.id;
    message.read_request.lease = input->read.lease;
    raft__send(raft, raft->leader, RAFT__AFTER_WRITES, &message);
}

/* A witness has no state to read. */
static bool has_state(const struct raft *raft)
{
    return !raft->holds_omitted &&
           (raft->self == RAFT__NO_SELF ||
            (raft->peers[raft->self].flags & RAFT_MEMBER_WITNESS) == 0);
}

void raft__read(struct raft *raft, const struct raft_input *input)
{
    bool nobody = raft->role != RAFT_LEADER && raft->leader == RAFT_NONE;
    if (nobody || !has_state(raft)) {
        raft__reject(raft, input->read.tag, RAFT_NOT_LEADER);
    } else if (raft->reads.count >= raft->config.max_pending_reads) {
        raft__reject(raft, input->read.tag, RAFT_BUSY);
    } else if (raft->role == RAFT_LEADER) {
        lead_read(raft, RAFT_NONE, input->read.tag, 0, input->read.lease);
    } else {
        forward(raft, input);
    }
}

/* The id is of this life and of this question alone. */
void raft__handle_read_response(struct raft *raft, raft_id from,
                                const struct raft_message *message)
{
    if (from != raft->leader) {
        return;
    }
    for (size_t i = 0; i < raft->reads.count; i++) {
        struct raft__read *read = &raft->reads.items[i];
        if (read->state != RAFT__READ_FORWARDED ||
            read->id != message->read_response.id) {
            continue;
        }
        if (message->read_response.granted) {
            read->state = RAFT__READ_GRANTED;
            read->index = message->read_response.index;
        } else {
            raft__reject(raft, read->tag, RAFT_LEADERSHIP_LOST);
            drop(raft, i);
        }
        return;
    }
}

/* Granted ones stay: they only wait for the log. */
void raft__reads_fail(struct raft *raft)
{
    struct raft__reads *reads = &raft->reads;
    for (size_t i = 0; i < reads->count;) {
        const struct raft__read *read = &reads->items[i];
        if (read->state == RAFT__READ_GRANTED) {
            i++;
            continue;
        }
        if (read->from == RAFT_NONE) {
            raft__reject(raft, read->tag, RAFT_LEADERSHIP_LOST);
        } else {
            answer(raft, read->from, read->id, false, 0);
        }
        drop(raft, i);
    }
}

void raft__reads_finish(struct raft *raft)
{
    struct raft__reads *reads = &raft->reads;
    for (size_t i = 0; i < reads->count;) {
        const struct raft__read *read = &reads->items[i];
        if (read->state == RAFT__READ_GRANTED &&
            read->index <= raft->last_applied) {
            struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_READY);
            output->ready.tag = read->tag;
            output->ready.index = read->index;
            drop(raft, i);
        } else if (read->state == RAFT__READ_FORWARDED &&
                   read->until_us <= raft->now_us) {
            raft__reject(raft, read->tag, RAFT_LEADERSHIP_LOST);
            drop(raft, i);
        } else {
            i++;
        }
    }
}
