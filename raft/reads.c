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
 * A follower asks the leader for the index, and answers by itself. There each
 * answer of the leader costs a look at all reads that wait, of which there are
 * max_pending_reads at most. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/internal.h"

/* What becomes of a read that is looked at. */
enum fate { STAYS, GOES };

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What says, without a look at each, whether there is anything to do. */
static void count_in(struct raft__reads *reads, const struct raft__read *read)
{
    switch (read->state) {
    case RAFT__READ_FORWARDED:
        reads->until_us = least(reads->until_us, read->until_us);
        break;
    case RAFT__READ_ASKING:
        reads->n_asking++;
        break;
    case RAFT__READ_GRANTED:
        reads->ready_index = least(reads->ready_index, read->index);
        break;
    }
}

/* Looks at all reads, and keeps those that stay, in their order. */
static void look_at_all(struct raft *raft,
                        enum fate (*look)(struct raft *, struct raft__read *))
{
    struct raft__reads *reads = &raft->reads;
    size_t kept = 0;
    reads->n_asking = 0;
    reads->ready_index = UINT64_MAX;
    reads->until_us = UINT64_MAX;
    for (size_t i = 0; i < reads->count; i++) {
        struct raft__read read = reads->items[i];
        if (look(raft, &read) == STAYS) {
            reads->items[kept] = read;
            kept++;
            count_in(reads, &read);
        }
    }
    reads->count = kept;
}

static void note(struct raft *raft, const struct raft__read *read)
{
    struct raft__reads *reads = &raft->reads;
    assert(reads->count < reads->capacity);
    reads->items[reads->count] = *read;
    reads->count++;
    count_in(reads, read);
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
    raft__send(raft, to, RAFT__AFTER_TERM, &message);
}

/* A witness has no state to read; nor has one that is about to become one, and
 * learns from the leader's messages only that it is sent no commands. */
static bool has_state(const struct raft *raft)
{
    return !raft->holds_omitted && !raft->is_blind &&
           (raft->self == RAFT__NO_SELF ||
            (raft->peers[raft->self].flags & RAFT_MEMBER_WITNESS) == 0);
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

/* The leader is one: a follower's read is answered, one of the own host waits
 * for the log. */
static enum fate grant(struct raft *raft, struct raft__read *read)
{
    if (read->from != RAFT_NONE) {
        answer(raft, read->from, read->id, true, read->index);
        return GOES;
    }
    read->state = RAFT__READ_GRANTED;
    return STAYS;
}

static enum fate grant_if_confirmed(struct raft *raft, struct raft__read *read)
{
    return read->state == RAFT__READ_ASKING &&
                   read->sequence <= raft->reads.confirmed_sequence
               ? grant(raft, read)
               : STAYS;
}

void raft__reads_look(struct raft *raft)
{
    struct raft__reads *reads = &raft->reads;
    if (raft->role != RAFT_LEADER || reads->n_asking == 0) {
        return;
    }
    uint64_t next = reads->confirmed_sequence + 1;
    uint64_t round = reads->round_sequence;
    if (!raft__quorum_reaches(raft, RAFT__ACKED, next < round ? next : round)) {
        return;
    }
    uint64_t confirmed = raft__quorum(raft, RAFT__ACKED);
    if (confirmed > reads->confirmed_sequence) {
        reads->confirmed_sequence = confirmed;
        look_at_all(raft, grant_if_confirmed);
    }
    if (reads->n_asking > 0 && reads->round_sequence <= confirmed) {
        reads->round_sequence = raft->sequence;
        raft__send_heartbeats(raft);
    }
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
    bool confirmed = (lease && has_lease(raft)) ||
                     raft__quorum(raft, RAFT__ACKED) >= raft->sequence;
    if (!confirmed || grant(raft, &read) == STAYS) {
        note(raft, &read);
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
    raft__send(raft, raft->leader, RAFT__AFTER_TERM, &message);
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
static struct raft__read *forwarded(struct raft *raft, uint64_t id)
{
    for (size_t i = 0; i < raft->reads.count; i++) {
        struct raft__read *read = &raft->reads.items[i];
        if (read->state == RAFT__READ_FORWARDED && read->id == id) {
            return read;
        }
    }
    return NULL;
}

void raft__handle_read_response(struct raft *raft, raft_id from,
                                const struct raft_message *message)
{
    if (from != raft->leader) {
        return;
    }
    struct raft__read *read = forwarded(raft, message->read_response.id);
    if (read == NULL) {
        return;
    }
    if (message->read_response.granted) {
        read->state = RAFT__READ_GRANTED;
        read->index = message->read_response.index;
    } else {
        read->until_us = raft->now_us; /* it is given up when the step ends */
    }
    count_in(&raft->reads, read);
}

/* Granted ones stay: they only wait for the log. */
static enum fate fail(struct raft *raft, struct raft__read *read)
{
    if (read->state == RAFT__READ_GRANTED) {
        return STAYS;
    }
    if (read->from == RAFT_NONE) {
        raft__reject(raft, read->tag, RAFT_LEADERSHIP_LOST);
    } else {
        answer(raft, read->from, read->id, false, 0);
    }
    return GOES;
}

void raft__reads_fail(struct raft *raft)
{
    look_at_all(raft, fail);
}

static enum fate finish(struct raft *raft, struct raft__read *read)
{
    bool granted = read->state == RAFT__READ_GRANTED;
    bool overdue =
        read->state == RAFT__READ_FORWARDED && read->until_us <= raft->now_us;
    if (overdue || (granted && !has_state(raft))) {
        raft__reject(raft, read->tag, RAFT_LEADERSHIP_LOST);
        return GOES;
    }
    if (granted && read->index <= raft->last_applied) {
        struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_READY);
        output->ready.tag = read->tag;
        output->ready.index = read->index;
        return GOES;
    }
    return STAYS;
}

void raft__reads_finish(struct raft *raft)
{
    if (raft->reads.ready_index <= raft->last_applied ||
        raft->reads.until_us <= raft->now_us) {
        look_at_all(raft, finish);
    }
}
