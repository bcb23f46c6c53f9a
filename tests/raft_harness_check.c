#include "tests/raft_harness_internal.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What one step is judged with. */
struct judge {
    struct harness *h;
    const struct raft_input *input;
    const struct raft_view *before;
    struct raft_view now;
    const struct raft_member *members; /* in force now */
    uint32_t n_members;
    bool has_message; /* the input is one, and here it is */
    struct raft_message message;
    bool restored;
    bool applied;
    bool answered; /* the input */
};

static bool same_position(struct raft_position a, struct raft_position b)
{
    return raft_position_compare(a, b) == 0;
}

static bool same_bytes(const uint8_t *a, size_t a_size, const uint8_t *b,
                       size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

bool harness_same_entry(const struct raft_entry *a, const struct raft_entry *b)
{
    return a->term == b->term && a->kind == b->kind &&
           a->omitted == b->omitted && a->sequence == b->sequence &&
           (a->kind != RAFT_ENTRY_COMMAND || a->session == b->session) &&
           same_bytes(a->data, a->size, b->data, b->size);
}

static bool same_view(const struct raft_view *a, const struct raft_view *b)
{
    return a->id == b->id && a->role == b->role &&
           a->hard_state.current_term == b->hard_state.current_term &&
           a->hard_state.voted_for == b->hard_state.voted_for &&
           a->leader == b->leader && same_position(a->last, b->last) &&
           a->first_index == b->first_index &&
           a->durable_index == b->durable_index &&
           a->commit_index == b->commit_index &&
           a->last_applied == b->last_applied &&
           same_position(a->snapshot, b->snapshot) &&
           same_position(a->configuration, b->configuration) &&
           a->transfer_to == b->transfer_to;
}

static const struct raft_member *find(const struct raft_member *members,
                                      uint32_t n, raft_id id)
{
    for (uint32_t i = 0; i < n; i++)
        if (members[i].id == id)
            return &members[i];
    return NULL;
}

/* The member by the configuration in force, or by the one before the step: it
 * may be told what came before, or that it leaves. */
static const struct raft_member *member_of(const struct judge *j, raft_id id)
{
    const struct raft_member *now = find(j->members, j->n_members, id);
    return now != NULL ? now : find(j->h->members, j->h->n_members, id);
}

static bool leads(const struct judge *j)
{
    return j->now.role == RAFT_LEADER || j->before->role == RAFT_LEADER;
}

/* Once this write is durable, is that one? */
static bool covered(const struct harness *h, uint64_t write_id, uint64_t after)
{
    return write_id <= after || write_id <= h->durable_write;
}

/* --- writes --------------------------------------------------------------- */

static void check_snapshot_write(const struct judge *j,
                                 const struct raft_write *write)
{
    const struct harness *h = j->h;
    const struct raft_snapshot *snapshot = &write->snapshot;
    struct raft_position place = snapshot->position;
    assert(place.index > h->written.snapshot.position.index);
    assert(same_position(harness__meta_position(snapshot->meta), place));
    if (j->input->kind == RAFT_INPUT_SNAPSHOT) {
        assert(place.index == j->input->snapshot.index);
        assert(place.index <= h->applied);
        assert(place.term == harness__disk_term(&h->written, place.index));
        assert(same_bytes(snapshot->meta, snapshot->meta_size,
                          j->input->snapshot.meta,
                          j->input->snapshot.meta_size));
        assert(same_bytes(snapshot->image, snapshot->image_size,
                          j->input->snapshot.image, j->input->snapshot.size));
        return;
    }
    /* taken over: of what is not in the log; and the log goes */
    assert(j->has_message && j->message.kind == RAFT_MESSAGE_INSTALL_REQUEST);
    assert(same_position(place, j->message.install_request.position));
    assert(place.index > j->before->commit_index);
    assert(harness__disk_entry(&h->written, place.index) == NULL ||
           harness__disk_term(&h->written, place.index) != place.term);
    assert(8 + snapshot->meta_size + snapshot->image_size ==
           j->message.install_request.total);
    assert(h->written.log.count == 0 || write->truncate_from > 0);
}

static void check_truncation(const struct judge *j,
                             const struct raft_write *write)
{
    const struct harness *h = j->h;
    if (write->has_snapshot) {
        assert(j->input->kind != RAFT_INPUT_SNAPSHOT);
    } else if (harness__disk_is_void(&h->written)) {
        assert(j->input->kind == RAFT_INPUT_START);
        assert(write->truncate_from == h->written.log.first_index);
    } else {
        assert(write->truncate_from > j->before->commit_index);
        assert(write->truncate_from > h->applied);
        assert(write->truncate_from <= harness__disk_last(&h->written).index);
        assert(j->before->role != RAFT_LEADER || j->now.role != RAFT_LEADER);
    }
}

static void keep_snapshot(struct harness *h, const struct raft_snapshot *s)
{
    h->snapshots = harness__grow(h->snapshots,
                                 (h->n_snapshots + 1) * sizeof *h->snapshots);
    h->snapshots[h->n_snapshots++] = harness__copy_snapshot(s);
}

static void check_write(const struct judge *j, const struct raft_write *write)
{
    struct harness *h = j->h;
    assert(write->id == h->last_write + 1);
    assert(write->has_hard_state || write->has_snapshot ||
           write->truncate_from > 0 || write->drop_before > 0 ||
           write->n_entries > 0);
    h->last_write = write->id;
    if (write->has_hard_state)
        h->hard_state_write = write->id;
    if (write->has_snapshot)
        check_snapshot_write(j, write);
    if (write->truncate_from > 0)
        check_truncation(j, write);
    if (write->drop_before > 0) {
        assert(j->input->kind == RAFT_INPUT_SNAPSHOT);
        assert(write->has_snapshot);
        assert(write->drop_before == j->input->snapshot.keep_from);
        assert(write->drop_before <= write->snapshot.position.index + 1);
    }
    harness__disk_write(&h->written, write, UINT64_MAX);
    if (write->has_snapshot && j->input->kind != RAFT_INPUT_SNAPSHOT)
        assert(h->written.log.count == write->n_entries);
    if (write->has_snapshot)
        keep_snapshot(h, &write->snapshot);
}

/* --- messages ------------------------------------------------------------- */

static void check_vote_request(const struct judge *j, uint64_t after,
                               const struct raft_message *m)
{
    const struct harness *h = j->h;
    assert(j->now.role == RAFT_CANDIDATE);
    assert(m->term == j->now.hard_state.current_term);
    assert(same_position(m->vote_request.last, j->now.last));
    assert(j->now.hard_state.voted_for == h->config.id);
    assert(covered(h, h->hard_state_write, after));
    assert(m->vote_request.transfer ==
           (j->has_message && j->message.kind == RAFT_MESSAGE_TIMEOUT_NOW));
}

/* What a witness is sent of an entry. */
static struct raft_entry without_command(const struct raft_entry *entry)
{
    struct raft_entry bare = *entry;
    if (entry->kind == RAFT_ENTRY_COMMAND) {
        bare.omitted = true;
        bare.data = NULL;
        bare.size = 0;
    }
    return bare;
}

static void check_append_request(const struct judge *j, uint64_t after,
                                 const struct raft_message *m, bool witness)
{
    const struct harness *h = j->h;
    struct raft_position prev = m->append_request.prev;
    struct raft_entry_cursor cursor = m->append_request.cursor;
    struct raft_entry entry;
    uint64_t index = prev.index;
    uint64_t n_bytes = 0;
    assert(leads(j));
    assert(after == 0); /* dissertation, 10.2.1 */
    assert(m->term == j->now.hard_state.current_term);
    assert(prev.index <= harness__disk_last(&h->written).index);
    assert(prev.term == harness__disk_term(&h->written, prev.index));
    assert(m->append_request.leader_commit <= j->now.commit_index);
    while (raft_entry_cursor_next(&cursor, &entry)) {
        index++;
        const struct raft_entry *own = harness__disk_entry(&h->written, index);
        assert(own != NULL);
        struct raft_entry bare = without_command(own);
        assert(harness_same_entry(&entry, witness ? &bare : own));
        n_bytes += entry.size;
    }
    assert(index - prev.index == m->append_request.n_entries);
    assert(index - prev.index <= h->config.max_entries_per_message);
    assert(n_bytes <= h->config.max_bytes_per_message ||
           index - prev.index == 1);
}

/* A part of a snapshot of this life, or of the one on the disk before it. */
static void check_install_request(const struct judge *j, uint64_t after,
                                  const struct raft_message *m, bool witness)
{
    const struct harness *h = j->h;
    bool known = false;
    assert(leads(j));
    assert(after == 0);
    assert(m->term == j->now.hard_state.current_term);
    assert(m->install_request.size <= h->config.max_bytes_per_message);
    for (size_t i = 0; i < h->n_snapshots; i++) {
        if (!same_position(h->snapshots[i].position,
                           m->install_request.position))
            continue;
        size_t size;
        uint8_t *bytes = harness_travel_form(&h->snapshots[i], witness, &size);
        known = true;
        assert(m->install_request.total == size);
        assert(m->install_request.digest == harness_digest(bytes, size));
        assert(m->install_request.offset <= size);
        assert(m->install_request.size <= size - m->install_request.offset);
        assert(same_bytes(m->install_request.bytes, m->install_request.size,
                          bytes + m->install_request.offset,
                          m->install_request.size));
        free(bytes);
    }
    assert(known);
}

/* An answer goes to whom asked, and says nothing that a crash could undo. */
static void check_response(const struct judge *j, const struct raft_output *o,
                           const struct raft_message *m,
                           enum raft_message_kind asked, uint64_t index)
{
    const struct harness *h = j->h;
    assert(j->has_message && j->message.kind == asked);
    assert(o->send.to == j->input->message.from);
    assert(m->term == j->now.hard_state.current_term);
    assert(index <= harness__disk_last(&h->written).index);
    assert(covered(h, h->hard_state_write, o->send.after_write));
    assert(covered(h, harness__disk_needs(&h->written, index),
                   o->send.after_write));
}

static void check_vote_response(const struct judge *j,
                                const struct raft_output *o,
                                const struct raft_message *m)
{
    bool pre_vote = m->kind == RAFT_MESSAGE_PRE_VOTE_RESPONSE;
    assert(j->has_message && o->send.to == j->input->message.from);
    assert(j->message.kind == (pre_vote ? RAFT_MESSAGE_PRE_VOTE_REQUEST
                                        : RAFT_MESSAGE_VOTE_REQUEST));
    if (pre_vote && m->vote_response.granted)
        return;
    assert(m->term == j->now.hard_state.current_term);
    if (m->vote_response.granted) {
        assert(j->now.hard_state.voted_for == o->send.to);
        assert(covered(j->h, j->h->hard_state_write, o->send.after_write));
    }
}

static void keep_sequence(struct harness *h, raft_id to, uint64_t sequence)
{
    size_t i = 0;
    while (i < h->n_sent && h->sent[i].to != to)
        i++;
    if (i == h->n_sent) {
        h->sent = harness__grow(h->sent, (i + 1) * sizeof *h->sent);
        h->n_sent++;
    } else {
        assert(sequence >= h->sent[i].sequence);
    }
    h->sent[i].to = to;
    h->sent[i].sequence = sequence;
}

static void check_send(const struct judge *j, const struct raft_output *send)
{
    struct harness *h = j->h;
    struct raft_message m;
    uint64_t after = send->send.after_write;
    const struct raft_member *member = member_of(j, send->send.to);
    bool witness = member != NULL && (member->flags & RAFT_MEMBER_WITNESS) != 0;
    bool votes = member != NULL &&
                 (member->flags & (RAFT_MEMBER_VOTER | RAFT_MEMBER_OLD_VOTER));
    assert(send->send.to != h->config.id && send->send.to != RAFT_NONE);
    assert(after <= h->last_write);
    assert(raft_message_decode(send->send.bytes, send->send.size, &m));
    switch (m.kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        assert(member != NULL);
        assert(h->config.pre_vote);
        assert(j->now.role == RAFT_PRE_CANDIDATE);
        assert(m.term == j->now.hard_state.current_term + 1);
        assert(same_position(m.vote_request.last, j->now.last));
        break;
    case RAFT_MESSAGE_VOTE_REQUEST:
        assert(member != NULL);
        check_vote_request(j, after, &m);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        check_vote_response(j, send, &m);
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        assert(member != NULL);
        check_append_request(j, after, &m, witness);
        keep_sequence(h, send->send.to, m.append_request.sequence);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        check_response(j, send, &m, RAFT_MESSAGE_APPEND_REQUEST,
                       m.append_response.match_index);
        assert(m.append_response.sequence ==
               (m.term == j->message.term ? j->message.append_request.sequence
                                          : 0));
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        assert(member != NULL);
        check_install_request(j, after, &m, witness);
        keep_sequence(h, send->send.to, m.install_request.sequence);
        break;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        check_response(j, send, &m, RAFT_MESSAGE_INSTALL_REQUEST,
                       m.install_response.installed ? m.install_response.index
                                                    : 0);
        assert(m.install_response.sequence ==
               (m.term == j->message.term ? j->message.install_request.sequence
                                          : 0));
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        assert(leads(j));
        assert(votes && !witness);
        break;
    case RAFT_MESSAGE_READ_REQUEST:
        assert(j->input->kind == RAFT_INPUT_READ);
        assert(send->send.to == j->now.leader);
        h->last_read = m.read_request.id;
        break;
    case RAFT_MESSAGE_READ_RESPONSE:
        assert(!m.read_response.granted || leads(j));
        assert(m.read_response.index <= j->now.last.index);
        break;
    }
}

/* --- applying ------------------------------------------------------------- */

/* The naive twin of the sessions (dissertation, 6.3). */
static enum raft_verdict use_session(struct harness *h, uint64_t name,
                                     uint64_t sequence, uint64_t index)
{
    if (name == 0)
        return RAFT_FRESH;
    for (size_t i = 0; i < h->n_sessions; i++) {
        struct harness_session *session = &h->sessions[i];
        if (session->name != name)
            continue;
        session->used = index;
        if (sequence <= session->sequence)
            return RAFT_REPEATED;
        session->sequence = sequence;
        return RAFT_FRESH;
    }
    return RAFT_EXPIRED;
}

static uint64_t open_session(struct harness *h, uint64_t index, uint64_t keep)
{
    uint64_t closed = 0;
    if (h->n_sessions >= keep) {
        size_t least = 0;
        for (size_t i = 1; i < h->n_sessions; i++)
            if (h->sessions[i].used < h->sessions[least].used)
                least = i;
        closed = h->sessions[least].name;
        h->n_sessions--;
        memmove(&h->sessions[least], &h->sessions[least + 1],
                (h->n_sessions - least) * sizeof *h->sessions);
    }
    h->sessions =
        harness__grow(h->sessions, (h->n_sessions + 1) * sizeof *h->sessions);
    h->sessions[h->n_sessions++] = (struct harness_session){index, 0, index};
    return closed;
}

static void check_restore(struct judge *j, const struct raft_output *o)
{
    struct harness *h = j->h;
    const struct raft_snapshot *snapshot = &h->written.snapshot;
    assert(!j->restored && !j->applied);
    j->restored = true;
    assert(h->written.snapshot_write <= h->durable_write);
    assert(same_position(o->restore.position, snapshot->position));
    assert(same_bytes(o->restore.image, o->restore.size, snapshot->image,
                      snapshot->image_size));
    assert(o->restore.position.index > h->applied);
    h->applied = o->restore.position.index;
    free(h->sessions);
    h->sessions = harness__meta_sessions(snapshot->meta, snapshot->meta_size,
                                         &h->n_sessions);
}

static void check_apply(struct judge *j, const struct raft_output *o)
{
    struct harness *h = j->h;
    assert(!j->applied);
    j->applied = true;
    assert(o->apply.n_entries > 0);
    assert(o->apply.first_index == h->applied + 1);
    for (uint32_t i = 0; i < o->apply.n_entries; i++) {
        const struct raft_entry *entry = &o->apply.entries[i];
        uint64_t index = ++h->applied;
        assert(index <= j->now.commit_index);
        assert(index <= j->now.durable_index);
        assert(harness__disk_entry(&h->written, index) != NULL);
        assert(
            harness_same_entry(entry, harness__disk_entry(&h->written, index)));
        if (entry->kind == RAFT_ENTRY_COMMAND)
            assert(entry->verdict ==
                   use_session(h, entry->session, entry->sequence, index));
        else
            assert(entry->verdict == RAFT_FRESH);
        if (entry->kind == RAFT_ENTRY_SESSION)
            assert(entry->session == open_session(h, index, entry->sequence));
    }
}

/* --- answers to the host -------------------------------------------------- */

/* The tag that this input waits for an answer to, in the same step. */
static bool asks_now(const struct raft_input *input, uint64_t *tag)
{
    switch (input->kind) {
    case RAFT_INPUT_PROPOSAL:
        *tag = input->proposal.tag;
        return true;
    case RAFT_INPUT_SESSION:
        *tag = input->session.tag;
        return true;
    case RAFT_INPUT_CHANGE:
        *tag = input->change.tag;
        return true;
    case RAFT_INPUT_TRANSFER:
        *tag = input->transfer.tag;
        return true;
    case RAFT_INPUT_START:
    case RAFT_INPUT_MESSAGE:
    case RAFT_INPUT_TIMER:
    case RAFT_INPUT_WRITTEN:
    case RAFT_INPUT_FAILED:
    case RAFT_INPUT_READ:
    case RAFT_INPUT_SNAPSHOT:
        break;
    }
    return false;
}

static bool take_read(struct harness *h, uint64_t tag,
                      struct harness_read *read)
{
    for (size_t i = 0; i < h->n_reads; i++) {
        if (h->reads[i].tag != tag)
            continue;
        *read = h->reads[i];
        h->n_reads--;
        memmove(&h->reads[i], &h->reads[i + 1],
                (h->n_reads - i) * sizeof *h->reads);
        return true;
    }
    return false;
}

static void check_accepted(struct judge *j, const struct raft_output *o)
{
    uint64_t tag;
    struct raft_position place = {j->now.hard_state.current_term,
                                  j->before->last.index + 1};
    bool asks = asks_now(j->input, &tag);
    assert(asks && tag == o->accepted.tag);
    assert(!j->answered);
    j->answered = true;
    assert(j->before->role == RAFT_LEADER);
    if (j->input->kind == RAFT_INPUT_TRANSFER)
        place = (struct raft_position){0, 0};
    assert(same_position(o->accepted.position, place));
}

static void check_rejected(struct judge *j, const struct raft_output *o)
{
    uint64_t tag;
    struct harness_read read;
    raft_id leader = o->rejected.leader;
    assert(leader == j->now.leader || leader == RAFT_NONE);
    if (!j->answered && asks_now(j->input, &tag) && tag == o->rejected.tag) {
        j->answered = true;
        assert(o->rejected.reason != RAFT_LEADERSHIP_LOST);
        assert(leader == j->now.leader);
        assert((o->rejected.reason == RAFT_NOT_LEADER) ==
               (j->now.role != RAFT_LEADER));
        return;
    }
    assert(take_read(j->h, o->rejected.tag, &read));
    assert(o->rejected.reason == RAFT_LEADERSHIP_LOST ||
           (j->input->kind == RAFT_INPUT_READ &&
            o->rejected.tag == j->input->read.tag &&
            (o->rejected.reason == RAFT_NOT_LEADER ||
             o->rejected.reason == RAFT_BUSY)));
}

static void check_ready(struct judge *j, const struct raft_output *o)
{
    struct harness_read read;
    assert(take_read(j->h, o->ready.tag, &read));
    assert(o->ready.index <= j->now.last_applied);
    assert(o->ready.index >= read.floor || j->h->forged);
}

/* --- what holds after a step ---------------------------------------------- */

static void check_members(const struct harness *h, const struct raft_view *now)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    uint32_t n_now;
    const struct raft_member *in_force = raft_members(h->raft, &n_now);
    struct raft_position place = harness__disk_members(
        &h->written, harness__disk_last(&h->written).index, members, &n);
    assert(same_position(now->configuration, place));
    assert(n_now == n);
    for (uint32_t i = 0; i < n; i++) {
        assert(in_force[i].id == members[i].id);
        assert(in_force[i].flags == members[i].flags);
        assert(in_force[i].priority == members[i].priority);
    }
}

/* A log in memory may lack the first entry of that on the disk: it serves as
 * its base. */
static void check_log(const struct harness *h, const struct raft_view *now)
{
    const struct harness_log *log = &h->written.log;
    struct raft_position last = harness__disk_last(&h->written);
    uint64_t term = 0;
    assert(same_position(now->last, last));
    assert(now->first_index == log->first_index ||
           (now->first_index == log->first_index + 1 &&
            log->first_index <= now->snapshot.index));
    for (uint64_t index = now->first_index; index <= last.index; index++) {
        const struct raft_entry *entry = raft_entry_at(h->raft, index);
        assert(entry != NULL);
        assert(
            harness_same_entry(entry, harness__disk_entry(&h->written, index)));
        assert(entry->term >= term);
        term = entry->term;
    }
    assert(last.term <= h->written.hard_state.current_term);
    assert(raft_entry_at(h->raft, now->first_index - 1) == NULL);
    assert(raft_entry_at(h->raft, last.index + 1) == NULL);
}

static void check_durable(const struct harness *h, const struct raft_view *now)
{
    const struct harness_log *log = &h->written.log;
    uint64_t n = 0;
    if (log->base_write > h->durable_write) {
        assert(now->durable_index <= log->base.index);
        return;
    }
    while (n < log->count && log->write_ids[n] <= h->durable_write)
        n++;
    assert(now->durable_index == log->first_index - 1 + n);
}

/* What holds between any two states of one life (paper, Figures 2 and 3). */
static void check_change(const struct harness *h, const struct raft_view *a,
                         const struct raft_view *b)
{
    struct raft_hard_state old = a->hard_state, new = b->hard_state;
    assert(new.current_term >= old.current_term);
    if (new.current_term == old.current_term && old.voted_for != RAFT_NONE)
        assert(new.voted_for == old.voted_for);
    assert(new.current_term == h->written.hard_state.current_term);
    assert(new.voted_for == h->written.hard_state.voted_for);
    assert(b->commit_index >= a->commit_index);
    assert(b->commit_index <= b->last.index);
    assert(b->snapshot.index <= b->commit_index);
    assert(same_position(b->snapshot, h->written.snapshot.position));
    assert(b->last_applied == h->applied);
    if (h->written.snapshot_write <= h->durable_write)
        assert(b->last_applied >= b->snapshot.index);
    if (a->role == RAFT_LEADER && b->role == RAFT_LEADER &&
        old.current_term == new.current_term)
        assert(b->last.index >= a->last.index);
    if (b->role == RAFT_LEADER)
        assert(b->leader == h->config.id);
    else
        assert(b->transfer_to == RAFT_NONE);
    if (b->role == RAFT_CANDIDATE)
        assert(new.voted_for == h->config.id);
    check_durable(h, b);
}

static void keep_members(struct harness *h)
{
    const struct raft_member *members = raft_members(h->raft, &h->n_members);
    if (h->n_members > 0)
        memcpy(h->members, members, h->n_members * sizeof *members);
}

static void begin(struct judge *j)
{
    const struct raft_input *input = j->input;
    struct harness *h = j->h;
    j->now = harness_view(h);
    j->members = raft_members(h->raft, &j->n_members);
    if (input->kind == RAFT_INPUT_MESSAGE) {
        j->has_message = raft_message_decode(input->message.bytes,
                                             input->message.size, &j->message);
        assert(j->has_message);
    } else if (input->kind == RAFT_INPUT_READ) {
        h->reads = harness__grow(h->reads, (h->n_reads + 1) * sizeof *h->reads);
        h->reads[h->n_reads++] = (struct harness_read){
            input->read.tag,
            j->before->role == RAFT_LEADER ? j->before->commit_index : 0};
    }
}

void harness__check_answer(struct harness *h, const struct raft_input *input,
                           const struct raft_view *before)
{
    struct judge j = {.h = h, .input = input, .before = before};
    uint64_t tag;
    begin(&j);
    for (size_t i = 0; i < h->n_items; i++) {
        const struct raft_output *item = &h->items[i];
        switch (item->kind) {
        case RAFT_OUTPUT_WRITE:
            assert(i == 0); /* at most one, before everything else */
            check_write(&j, &item->write);
            break;
        case RAFT_OUTPUT_SEND:
            check_send(&j, item);
            break;
        case RAFT_OUTPUT_TIMER:
            /* in the past only if another deadline is overdue as well */
            assert(item->timer.deadline_us >= h->now_us ||
                   h->deadline_us <= h->now_us);
            break;
        case RAFT_OUTPUT_ACCEPTED:
            check_accepted(&j, item);
            break;
        case RAFT_OUTPUT_REJECTED:
            check_rejected(&j, item);
            break;
        case RAFT_OUTPUT_RESTORE:
            check_restore(&j, item);
            break;
        case RAFT_OUTPUT_APPLY:
            check_apply(&j, item);
            break;
        case RAFT_OUTPUT_READY:
            check_ready(&j, item);
            break;
        }
    }
    assert(j.answered == asks_now(input, &tag));
    assert(h->n_reads <= h->config.max_pending_reads);
    check_change(h, before, &j.now);
    if (h->n_items > 0 && h->items[0].kind == RAFT_OUTPUT_WRITE) {
        check_log(h, &j.now);
        check_members(h, &j.now);
    }
    keep_members(h);
}

void harness__check_start(struct harness *h)
{
    struct raft_view now = harness_view(h);
    assert(!harness__disk_is_void(&h->written));
    assert(now.role == RAFT_FOLLOWER);
    assert(now.commit_index == h->written.snapshot.position.index);
    check_log(h, &now);
    check_members(h, &now);
}

void harness__check_refusal(const struct harness *h,
                            const struct raft_view *before)
{
    struct raft_view after = harness_view(h);
    uint32_t n;
    const struct raft_member *members = raft_members(h->raft, &n);
    assert(same_view(before, &after));
    assert(n == h->n_members);
    for (uint32_t i = 0; i < n; i++)
        assert(members[i].id == h->members[i].id &&
               members[i].flags == h->members[i].flags);
}
