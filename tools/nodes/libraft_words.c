/* Messages for those who look on. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/nodes/libraft.h"

static void classify_append(struct reader *reader, struct sim_message *message)
{
    message->kind = SIM_MESSAGE_APPEND_REQUEST;
    message->place.index = bytes_get_number(reader);
    message->place.term = bytes_get_number(reader);
    message->commit_index = bytes_get_number(reader);
    message->n_entries = (uint32_t)bytes_get_number(reader);
}

/* It answers a snapshot in the same way. What it says is where its log ends,
 * which may be beyond what it shares with the leader: no promise can be read
 * from it (the leader takes no more of it than it has itself). */
static void classify_append_result(struct reader *reader,
                                   struct sim_message *message)
{
    message->kind = SIM_MESSAGE_APPEND_RESPONSE;
    message->granted = bytes_get_number(reader) == 0;
}

static void classify_vote_request(struct reader *reader,
                                  struct sim_message *message)
{
    bytes_get_number(reader); /* the candidate */
    message->place.index = bytes_get_number(reader);
    message->place.term = bytes_get_number(reader);
    bytes_get_number(reader);
    message->kind = bytes_get_number(reader) != 0 ? SIM_MESSAGE_PRE_VOTE_REQUEST
                                                  : SIM_MESSAGE_VOTE_REQUEST;
}

void wire_classify(const uint8_t *bytes, size_t size,
                   struct sim_message *message)
{
    struct reader reader = {bytes, size, true};
    const uint8_t *type = bytes_get(&reader, 1);
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
    if (type == NULL) {
        return;
    }
    message->term = bytes_get_number(&reader);
    switch (*type) {
    case RAFT_IO_REQUEST_VOTE:
        classify_vote_request(&reader, message);
        break;
    case RAFT_IO_REQUEST_VOTE_RESULT:
        message->granted = bytes_get_number(&reader) != 0;
        message->kind = bytes_get_number(&reader) == raft_tribool_true
                            ? SIM_MESSAGE_PRE_VOTE_RESPONSE
                            : SIM_MESSAGE_VOTE_RESPONSE;
        break;
    case RAFT_IO_APPEND_ENTRIES:
        classify_append(&reader, message);
        break;
    case RAFT_IO_APPEND_ENTRIES_RESULT:
        classify_append_result(&reader, message);
        break;
    case RAFT_IO_INSTALL_SNAPSHOT:
        message->kind = SIM_MESSAGE_INSTALL_REQUEST;
        message->place.index = bytes_get_number(&reader);
        message->place.term = bytes_get_number(&reader);
        break;
    case RAFT_IO_TIMEOUT_NOW:
        message->kind = SIM_MESSAGE_TIMEOUT_NOW;
        break;
    default:
        break;
    }
}

static void describe_request(const struct sim_message *message, char *text)
{
    uint64_t first = message->place.index + 1;
    char entries[64] = "heartbeat";
    if (message->n_entries > 0) {
        snprintf(entries, sizeof entries, "entries %" PRIu64 "..%" PRIu64,
                 first, message->place.index + message->n_entries);
    }
    snprintf(text, SIM_DESCRIPTION_SIZE,
             "term %" PRIu64 ", %s after %" PRIu64 "/%" PRIu64
             ", commit %" PRIu64,
             message->term, entries, message->place.index, message->place.term,
             message->commit_index);
}

void wire_describe(const uint8_t *bytes, size_t size, char *text)
{
    struct sim_message message;
    struct reader reader = {bytes, size, true};
    const size_t room = SIM_DESCRIPTION_SIZE;
    wire_classify(bytes, size, &message);
    switch (message.kind) {
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_VOTE_REQUEST:
        snprintf(text, room,
                 "term %" PRIu64 ", last entry %" PRIu64 "/%" PRIu64,
                 message.term, message.place.index, message.place.term);
        return;
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_VOTE_RESPONSE:
        snprintf(text, room, "term %" PRIu64 ", %s", message.term,
                 message.granted ? "granted" : "refused");
        return;
    case SIM_MESSAGE_APPEND_REQUEST:
        describe_request(&message, text);
        return;
    case SIM_MESSAGE_APPEND_RESPONSE:
        bytes_get(&reader, 9);
        uint64_t rejected = bytes_get_number(&reader);
        uint64_t last = bytes_get_number(&reader);
        snprintf(text, room, "term %" PRIu64 ", %s%.0" PRIu64 ", last %" PRIu64,
                 message.term, rejected == 0 ? "accepted" : "refused at ",
                 rejected, last);
        return;
    case SIM_MESSAGE_INSTALL_REQUEST:
        snprintf(text, room,
                 "term %" PRIu64 ", snapshot %" PRIu64 "/%" PRIu64
                 ", %zu bytes",
                 message.term, message.place.index, message.place.term, size);
        return;
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_INSTALL_RESPONSE:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        snprintf(text, room, "term %" PRIu64, message.term);
        return;
    }
}
