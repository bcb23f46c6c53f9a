/* Whether an input is one that the host may give, or a server have sent. What
 * is not changes nothing. */
#include "raft/internal.h"

bool raft__is_request(enum raft_message_kind kind)
{
    return kind == RAFT_MESSAGE_PRE_VOTE_REQUEST ||
           kind == RAFT_MESSAGE_VOTE_REQUEST ||
           kind == RAFT_MESSAGE_APPEND_REQUEST ||
           kind == RAFT_MESSAGE_INSTALL_REQUEST ||
           kind == RAFT_MESSAGE_READ_REQUEST;
}

/* An AppendEntries that no leader would send. */
static bool entries_are_sound(const struct raft_message *message)
{
    struct raft_position prev = message->append_request.prev;
    if (prev.index > RAFT__MAX_COUNTER ||
        (prev.index == 0) != (prev.term == 0)) {
        return false;
    }
    struct raft_entry_cursor cursor = message->append_request.cursor;
    struct raft_entry entry;
    uint64_t term = prev.term > 0 ? prev.term : 1;
    while (raft_entry_cursor_next(&cursor, &entry)) {
        if (entry.term < term) {
            return false;
        }
        term = entry.term;
    }
    return term <= message->term;
}

static enum raft_status check_message(const struct raft *raft,
                                      const struct raft_input *input,
                                      struct raft_message *message)
{
    raft_id from = input->message.from;
    if (from == RAFT_NONE || from > RAFT_MAX_ID || from == raft->config.id) {
        return RAFT_BAD_INPUT;
    }
    if (!raft_message_decode(input->message.bytes, input->message.size,
                             message)) {
        return RAFT_CORRUPT;
    }
    /* Nobody campaigns or leads in term 0; only refusals may come from it. */
    bool sound = message->term < RAFT__MAX_COUNTER &&
                 (message->term > 0 || !raft__is_request(message->kind));
    if (message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        sound = sound && entries_are_sound(message);
    } else if (message->kind == RAFT_MESSAGE_INSTALL_REQUEST) {
        struct raft_position place = message->install_request.position;
        sound = sound && place.index > 0 && place.index <= RAFT__MAX_COUNTER &&
                place.term > 0 && place.term <= message->term;
    }
    return sound ? RAFT_OK : RAFT_CORRUPT;
}

/* One that comes too late is ignored, whatever it says: its meta may have been
 * taken while a newer snapshot was on its way to the disk. */
static bool snapshot_is_sound(const struct raft *raft,
                              const struct raft_input *input)
{
    struct raft__meta meta;
    uint64_t index = input->snapshot.index;
    if (index > raft->last_applied || input->snapshot.keep_from < 1 ||
        input->snapshot.keep_from > index + 1) {
        return false;
    }
    return index <= raft__snapshot_position(raft).index ||
           (raft__meta_decode(input->snapshot.meta, input->snapshot.meta_size,
                              &meta) &&
            meta.position.index == index &&
            meta.position.term == raft__log_term(&raft->log, index));
}

static bool is_pending(const struct raft *raft, uint64_t write_id)
{
    return write_id > raft->durable_write_id && write_id <= raft->last_write_id;
}

enum raft_status raft__check_input(const struct raft *raft,
                                   const struct raft_input *input,
                                   struct raft_message *message)
{
    bool starts = input->kind == RAFT_INPUT_START;
    if (starts == raft->started || input->now_us < raft->now_us ||
        input->now_us > UINT64_MAX / 2) {
        return RAFT_BAD_INPUT;
    }
    switch (input->kind) {
    case RAFT_INPUT_START:
    case RAFT_INPUT_TIMER:
    case RAFT_INPUT_SESSION:
    case RAFT_INPUT_CHANGE:
    case RAFT_INPUT_TRANSFER:
    case RAFT_INPUT_READ:
        return RAFT_OK;
    case RAFT_INPUT_MESSAGE:
        return check_message(raft, input, message);
    case RAFT_INPUT_WRITTEN:
        return is_pending(raft, input->written.write_id) ? RAFT_OK
                                                         : RAFT_BAD_INPUT;
    case RAFT_INPUT_FAILED:
        return is_pending(raft, input->failed.write_id) ? RAFT_OK
                                                        : RAFT_BAD_INPUT;
    case RAFT_INPUT_PROPOSAL:
        return input->proposal.size <= RAFT_MAX_COMMAND_BYTES &&
                       (input->proposal.session == 0) ==
                           (input->proposal.sequence == 0)
                   ? RAFT_OK
                   : RAFT_BAD_INPUT;
    case RAFT_INPUT_SNAPSHOT:
        return snapshot_is_sound(raft, input) ? RAFT_OK : RAFT_BAD_INPUT;
    }
    return RAFT_BAD_INPUT;
}
