#include <string.h>

#include "tools/nodes/libraft.h"

/* A message is its type, and then the numbers of it in the order of its struct.
 */
static void put_entries(const struct raft_append_entries *p, struct bytes *to)
{
    bytes_put_number(to, p->n_entries);
    for (unsigned i = 0; i < p->n_entries; i++) {
        const struct raft_entry *entry = &p->entries[i];
        bytes_put_number(to, entry->term);
        bytes_put_number(to, entry->type);
        bytes_put_number(to, entry->buf.len);
        bytes_put(to, entry->buf.base, entry->buf.len);
    }
}

static void put_snapshot(const struct raft_install_snapshot *p,
                         struct bytes *to)
{
    bytes_put_number(to, p->term);
    bytes_put_number(to, p->last_index);
    bytes_put_number(to, p->last_term);
    bytes_put_number(to, p->conf_index);
    wire_put_configuration(&p->conf, to);
    bytes_put_number(to, p->data.len);
    bytes_put(to, p->data.base, p->data.len);
}

void wire_encode(const struct raft_message *message, struct bytes *to)
{
    uint8_t type = (uint8_t)message->type;
    bytes_put(to, &type, 1);
    switch (message->type) {
    case RAFT_IO_REQUEST_VOTE:
        bytes_put_number(to, message->request_vote.term);
        bytes_put_number(to, message->request_vote.candidate_id);
        bytes_put_number(to, message->request_vote.last_log_index);
        bytes_put_number(to, message->request_vote.last_log_term);
        bytes_put_number(to, message->request_vote.disrupt_leader);
        bytes_put_number(to, message->request_vote.pre_vote);
        break;
    case RAFT_IO_REQUEST_VOTE_RESULT:
        bytes_put_number(to, message->request_vote_result.term);
        bytes_put_number(to, message->request_vote_result.vote_granted);
        bytes_put_number(to, message->request_vote_result.pre_vote);
        break;
    case RAFT_IO_APPEND_ENTRIES:
        bytes_put_number(to, message->append_entries.term);
        bytes_put_number(to, message->append_entries.prev_log_index);
        bytes_put_number(to, message->append_entries.prev_log_term);
        bytes_put_number(to, message->append_entries.leader_commit);
        put_entries(&message->append_entries, to);
        break;
    case RAFT_IO_APPEND_ENTRIES_RESULT:
        bytes_put_number(to, message->append_entries_result.term);
        bytes_put_number(to, message->append_entries_result.rejected);
        bytes_put_number(to, message->append_entries_result.last_log_index);
        break;
    case RAFT_IO_INSTALL_SNAPSHOT:
        put_snapshot(&message->install_snapshot, to);
        break;
    case RAFT_IO_TIMEOUT_NOW:
        bytes_put_number(to, message->timeout_now.term);
        bytes_put_number(to, message->timeout_now.last_log_index);
        bytes_put_number(to, message->timeout_now.last_log_term);
        break;
    default:
        break;
    }
}

/* All payloads in one block, as libraft expects: the batch of each entry. */
static bool get_entries(struct reader *reader, struct raft_append_entries *p)
{
    uint64_t n = bytes_get_number(reader);
    if (!reader->good || n > reader->left) {
        return false;
    }
    p->n_entries = (unsigned)n;
    p->entries = n == 0 ? NULL : raft_calloc(n, sizeof *p->entries);
    uint8_t *batch = n == 0 ? NULL : raft_malloc(reader->left + 1);
    uint8_t *at = batch;
    for (uint64_t i = 0; i < n; i++) {
        struct raft_entry *entry = &p->entries[i];
        entry->term = bytes_get_number(reader);
        entry->type = (unsigned short)bytes_get_number(reader);
        entry->buf.len = bytes_get_number(reader);
        const uint8_t *payload = bytes_get(reader, entry->buf.len);
        if (payload == NULL) {
            return false;
        }
        memcpy(at, payload, entry->buf.len);
        entry->buf.base = at;
        entry->batch = batch;
        at += entry->buf.len;
    }
    return reader->good;
}

static bool get_snapshot(struct reader *reader, struct raft_install_snapshot *p)
{
    p->term = bytes_get_number(reader);
    p->last_index = bytes_get_number(reader);
    p->last_term = bytes_get_number(reader);
    p->conf_index = bytes_get_number(reader);
    if (!reader->good || !wire_get_configuration(reader, &p->conf)) {
        return false;
    }
    p->data.len = bytes_get_number(reader);
    const uint8_t *data = bytes_get(reader, p->data.len);
    p->data.base = data == NULL ? NULL : raft_malloc(p->data.len + 1);
    if (p->data.base != NULL) {
        memcpy(p->data.base, data, p->data.len);
    }
    return reader->good;
}

static bool get_message(struct reader *reader, struct raft_message *message)
{
    const uint8_t *type = bytes_get(reader, 1);
    message->type = type == NULL ? 0 : *type;
    switch (message->type) {
    case RAFT_IO_REQUEST_VOTE:
        message->request_vote.term = bytes_get_number(reader);
        message->request_vote.candidate_id = bytes_get_number(reader);
        message->request_vote.last_log_index = bytes_get_number(reader);
        message->request_vote.last_log_term = bytes_get_number(reader);
        message->request_vote.disrupt_leader = bytes_get_number(reader) != 0;
        message->request_vote.pre_vote = bytes_get_number(reader) != 0;
        return reader->good;
    case RAFT_IO_REQUEST_VOTE_RESULT:
        message->request_vote_result.term = bytes_get_number(reader);
        message->request_vote_result.vote_granted =
            bytes_get_number(reader) != 0;
        message->request_vote_result.pre_vote =
            (raft_tribool)bytes_get_number(reader);
        return reader->good;
    case RAFT_IO_APPEND_ENTRIES:
        message->append_entries.term = bytes_get_number(reader);
        message->append_entries.prev_log_index = bytes_get_number(reader);
        message->append_entries.prev_log_term = bytes_get_number(reader);
        message->append_entries.leader_commit = bytes_get_number(reader);
        return get_entries(reader, &message->append_entries);
    case RAFT_IO_APPEND_ENTRIES_RESULT:
        message->append_entries_result.term = bytes_get_number(reader);
        message->append_entries_result.rejected = bytes_get_number(reader);
        message->append_entries_result.last_log_index =
            bytes_get_number(reader);
        return reader->good;
    case RAFT_IO_INSTALL_SNAPSHOT:
        return get_snapshot(reader, &message->install_snapshot);
    case RAFT_IO_TIMEOUT_NOW:
        message->timeout_now.term = bytes_get_number(reader);
        message->timeout_now.last_log_index = bytes_get_number(reader);
        message->timeout_now.last_log_term = bytes_get_number(reader);
        return reader->good;
    default:
        return false;
    }
}

bool wire_decode(const uint8_t *bytes, size_t size,
                 struct raft_message *message)
{
    struct reader reader = {bytes, size, true};
    memset(message, 0, sizeof *message);
    return get_message(&reader, message);
}
