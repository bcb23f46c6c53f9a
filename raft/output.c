/* What the current step answers: outputs are collected while the step goes on,
 * and finished when it ends: one write of all that changed, the messages that
 * wait for it, the next deadline, what to apply. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/internal.h"

void raft__outbox_begin(struct raft *raft)
{
    raft->outbox.count = 1; /* slot 0 is the write's */
    raft->outbox.bytes_used = 0;
    raft->outbox.has_shared = false;
    raft->hard_state_changed = false;
    raft->snapshot_changed = false;
    raft->truncate_from = 0;
    raft->drop_before = 0;
    raft->appended_first = 0;
}

struct raft_output *raft__emit(struct raft *raft, enum raft_output_kind kind)
{
    assert(raft->outbox.count < raft->outbox.capacity);
    struct raft_output *output = &raft->outbox.items[raft->outbox.count];
    raft->outbox.count++;
    output->kind = kind;
    return output;
}

static bool reserve_bytes(struct raft *raft, size_t size)
{
    struct raft__outbox *outbox = &raft->outbox;
    if (size <= outbox->bytes_capacity - outbox->bytes_used) {
        return true;
    }
    size_t capacity = outbox->bytes_capacity * 2 + size;
    uint8_t *bytes = raft->allocator->resize(raft->allocator, outbox->bytes,
                                             outbox->bytes_capacity, capacity);
    if (bytes == NULL) {
        return false;
    }
    outbox->bytes = bytes;
    outbox->bytes_capacity = capacity;
    return true;
}

/* TIMER, RESTORE, APPLY and all answers to the host always find room. */
static bool has_room_to_send(const struct raft *raft)
{
    return raft->outbox.count + raft->outbox.kept < raft->outbox.capacity;
}

void raft__accept(struct raft *raft, uint64_t tag,
                  struct raft_position position)
{
    struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_ACCEPTED);
    output->accepted.tag = tag;
    output->accepted.position = position;
}

void raft__reject(struct raft *raft, uint64_t tag, enum raft_reason reason)
{
    struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_REJECTED);
    output->rejected.tag = tag;
    output->rejected.reason = reason;
    output->rejected.leader = raft->leader;
}

static void emit_send(struct raft *raft, raft_id to, enum raft__after after,
                      size_t offset, size_t size)
{
    raft->outbox.offsets[raft->outbox.count] = offset;
    struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_SEND);
    output->send.to = to;
    output->send.after_write = (uint64_t)after; /* see finish_sends() */
    output->send.size = size;
}

static bool encode(struct raft *raft, const struct raft_message *message,
                   size_t *offset, size_t *size)
{
    *size = raft_message_size(message);
    if (!has_room_to_send(raft) || !reserve_bytes(raft, *size)) {
        return false;
    }
    *offset = raft->outbox.bytes_used;
    raft_message_encode(message, raft->outbox.bytes + *offset);
    raft->outbox.bytes_used += *size;
    return true;
}

void raft__send(struct raft *raft, raft_id to, enum raft__after after,
                const struct raft_message *message)
{
    size_t offset;
    size_t size;
    if (encode(raft, message, &offset, &size)) {
        emit_send(raft, to, after, offset, size);
    }
}

bool raft__send_append(struct raft *raft, raft_id to,
                       const struct raft_message *message)
{
    struct raft__outbox *outbox = &raft->outbox;
    bool same = outbox->has_shared &&
                outbox->shared_prev == message->append_request.prev.index &&
                outbox->shared_omits == message->append_request.omit_commands &&
                outbox->shared_n == message->append_request.n_entries;
    if (!same) {
        outbox->has_shared =
            encode(raft, message, &outbox->shared_offset, &outbox->shared_size);
        outbox->shared_prev = message->append_request.prev.index;
        outbox->shared_omits = message->append_request.omit_commands;
        outbox->shared_n = message->append_request.n_entries;
    }
    if (!outbox->has_shared || !has_room_to_send(raft)) {
        return false;
    }
    emit_send(raft, to, RAFT__AT_ONCE, outbox->shared_offset,
              outbox->shared_size);
    return true;
}

static bool step_writes(const struct raft *raft)
{
    return raft->hard_state_changed || raft->snapshot_changed ||
           raft->truncate_from != 0 || raft->drop_before != 0 ||
           raft->appended_first != 0;
}

/* Room in the ring was reserved before the step. */
static void remember_pending(struct raft *raft)
{
    assert(raft->pending_count < raft->pending_capacity);
    size_t at =
        (raft->pending_first + raft->pending_count) % raft->pending_capacity;
    raft->pending[at].id = raft->last_write_id;
    raft->pending[at].last_index = raft__log_last_index(&raft->log);
    raft->pending_count++;
}

static void finish_write(struct raft *raft)
{
    raft->last_write_id++;
    struct raft_output *output = &raft->outbox.items[0];
    output->kind = RAFT_OUTPUT_WRITE;
    struct raft_write *write = &output->write;
    memset(write, 0, sizeof *write);
    write->id = raft->last_write_id;
    write->has_hard_state = raft->hard_state_changed;
    if (raft->hard_state_changed) {
        raft->hard_state_write = write->id;
    }
    write->hard_state = raft->hard_state;
    write->has_snapshot = raft->snapshot_changed;
    if (raft->snapshot_changed) {
        write->snapshot = raft__blob_snapshot(raft->snapshot);
    }
    write->truncate_from = raft->truncate_from;
    write->drop_before = raft->drop_before;
    uint64_t last = raft__log_last_index(&raft->log);
    write->first_index = last + 1;
    if (raft->appended_first != 0) {
        write->first_index = raft->appended_first;
        write->entries = raft__log_from(&raft->log, raft->appended_first);
        write->n_entries = (uint32_t)(last + 1 - raft->appended_first);
    }
    remember_pending(raft);
}

static uint64_t earlier(uint64_t a_us, uint64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

static void finish_timer(struct raft *raft)
{
    uint64_t deadline = raft->election_deadline_us;
    if (raft->role == RAFT_LEADER) {
        deadline =
            earlier(raft->heartbeat_deadline_us, raft->quorum_deadline_us);
        if (raft->transfer_to != RAFT_NONE) {
            deadline = earlier(deadline, raft->transfer_deadline_us);
        }
    }
    if (deadline != raft->timer_us) {
        raft->timer_us = deadline;
        raft__emit(raft, RAFT_OUTPUT_TIMER)->timer.deadline_us = deadline;
    }
}

/* Notes on each entry what the sessions say. */
static void use_sessions(struct raft *raft, uint64_t first_index, uint32_t n)
{
    for (uint64_t index = first_index; index < first_index + n; index++) {
        struct raft_entry *entry = raft__log_at(&raft->log, index);
        if (entry->kind == RAFT_ENTRY_COMMAND && entry->session != 0) {
            entry->verdict = raft__sessions_use(&raft->sessions, entry->session,
                                                entry->sequence, index);
        } else if (entry->kind == RAFT_ENTRY_SESSION) {
            entry->session =
                raft__sessions_open(&raft->sessions, index, entry->sequence);
            raft->unapplied_sessions--;
        }
    }
}

/* A snapshot is handed out when it is durable. */
static bool finish_restore(struct raft *raft)
{
    if (raft->last_applied >= raft__snapshot_position(raft).index) {
        return true;
    }
    if (raft->snapshot_write > raft->durable_write_id) {
        return false;
    }
    struct raft_snapshot snapshot = raft__blob_snapshot(raft->snapshot);
    struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_RESTORE);
    output->restore.position = snapshot.position;
    output->restore.image = snapshot.image;
    output->restore.size = snapshot.image_size;
    raft->last_applied = snapshot.position.index;
    return true;
}

/* Applied is what is committed and on the own disk as well: a state machine
 * with a disk of its own then never runs ahead of its log. */
static void finish_apply(struct raft *raft)
{
    uint64_t until = raft->commit_index < raft->durable_index
                         ? raft->commit_index
                         : raft->durable_index;
    if (!finish_restore(raft) || until <= raft->last_applied) {
        return;
    }
    uint64_t n = until - raft->last_applied;
    if (n > UINT32_MAX) {
        n = UINT32_MAX;
    }
    use_sessions(raft, raft->last_applied + 1, (uint32_t)n);
    struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_APPLY);
    output->apply.first_index = raft->last_applied + 1;
    output->apply.entries = raft__log_from(&raft->log, raft->last_applied + 1);
    output->apply.n_entries = (uint32_t)n;
    raft->last_applied += n;
}

/* The place of messages in the buffer, and the write that they wait for. */
static void finish_sends(struct raft *raft)
{
    const uint64_t writes[] = {
        [RAFT__AT_ONCE] = 0,
        [RAFT__AFTER_TERM] = raft->hard_state_write,
        [RAFT__AFTER_WRITES] = raft->last_write_id,
    };
    for (size_t i = 1; i < raft->outbox.count; i++) {
        struct raft_output *output = &raft->outbox.items[i];
        if (output->kind == RAFT_OUTPUT_SEND) {
            output->send.bytes = raft->outbox.bytes + raft->outbox.offsets[i];
            uint64_t write = writes[output->send.after_write];
            output->send.after_write =
                write > raft->durable_write_id ? write : 0;
        }
    }
}

void raft__outbox_finish(struct raft *raft, struct raft_outputs *outputs)
{
    bool writes = step_writes(raft);
    if (writes) {
        finish_write(raft);
    }
    finish_sends(raft);
    finish_timer(raft);
    finish_apply(raft);
    raft__reads_finish(raft);
    outputs->items = writes ? raft->outbox.items : raft->outbox.items + 1;
    outputs->count = writes ? raft->outbox.count : raft->outbox.count - 1;
}
