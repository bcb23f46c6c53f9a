/* The messages of raft/ in the simulator's words. */
#include "sim/raft_node_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "raft/message.h"

static enum sim_message_kind sim_message_kind(enum raft_message_kind kind)
{
    switch (kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        return SIM_MESSAGE_PRE_VOTE_REQUEST;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
        return SIM_MESSAGE_PRE_VOTE_RESPONSE;
    case RAFT_MESSAGE_VOTE_REQUEST:
        return SIM_MESSAGE_VOTE_REQUEST;
    case RAFT_MESSAGE_VOTE_RESPONSE:
        return SIM_MESSAGE_VOTE_RESPONSE;
    case RAFT_MESSAGE_APPEND_REQUEST:
        return SIM_MESSAGE_APPEND_REQUEST;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        return SIM_MESSAGE_APPEND_RESPONSE;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        return SIM_MESSAGE_INSTALL_REQUEST;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        return SIM_MESSAGE_INSTALL_RESPONSE;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        return SIM_MESSAGE_TIMEOUT_NOW;
    case RAFT_MESSAGE_READ_REQUEST:
        return SIM_MESSAGE_READ_REQUEST;
    case RAFT_MESSAGE_READ_RESPONSE:
        return SIM_MESSAGE_READ_RESPONSE;
    }
    return SIM_MESSAGE_OTHER;
}

void raft_node__classify(const uint8_t *bytes, size_t size,
                         struct sim_message *message)
{
    struct raft_message raft_message;
    memset(message, 0, sizeof *message);
    if (!raft_message_peek(bytes, size, &raft_message)) {
        return;
    }
    message->kind = sim_message_kind(raft_message.kind);
    message->term = raft_message.term;
    switch (raft_message.kind) {
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        message->granted = raft_message.vote_response.granted;
        break;
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        message->place = raft_node__position(raft_message.vote_request.last);
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        message->n_entries = raft_message.append_request.n_entries;
        message->place = raft_node__position(raft_message.append_request.prev);
        message->commit_index = raft_message.append_request.leader_commit;
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        message->granted = raft_message.append_response.success;
        message->match_index = raft_message.append_response.match_index;
        message->place =
            raft_node__position(raft_message.append_response.conflict);
        break;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        message->granted = raft_message.install_response.installed;
        message->match_index = raft_message.install_response.installed
                                   ? raft_message.install_response.index
                                   : 0;
        break;
    case RAFT_MESSAGE_READ_RESPONSE:
        message->granted = raft_message.read_response.granted;
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        message->place =
            raft_node__position(raft_message.install_request.position);
        message->offset = raft_message.install_request.offset;
        message->chunk_size = raft_message.install_request.size;
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
    case RAFT_MESSAGE_READ_REQUEST:
        break;
    }
}

static void describe_append(const struct raft_message *message, char *text)
{
    uint64_t first = message->append_request.prev.index + 1;
    char entries[64] = "heartbeat";
    if (message->append_request.n_entries == 1) {
        snprintf(entries, sizeof entries, "entry %" PRIu64, first);
    } else if (message->append_request.n_entries > 1) {
        snprintf(entries, sizeof entries, "entries %" PRIu64 "..%" PRIu64,
                 first, first + message->append_request.n_entries - 1);
    }
    snprintf(text, SIM_DESCRIPTION_SIZE,
             "term %" PRIu64 ", %s after %" PRIu64 "/%" PRIu64
             ", commit %" PRIu64,
             message->term, entries, message->append_request.prev.index,
             message->append_request.prev.term,
             message->append_request.leader_commit);
}

static void describe_append_response(const struct raft_message *message,
                                     char *text)
{
    uint64_t term = message->term;
    if (message->append_response.success) {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", matches up to %" PRIu64, term,
                 message->append_response.match_index);
        return;
    }
    uint64_t rejected = message->append_response.rejected;
    uint64_t index = message->append_response.conflict.index;
    if (message->append_response.conflict.term == 0) {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", refused at %" PRIu64
                 ": its log ends at %" PRIu64,
                 term, rejected, index - 1);
    } else {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", refused at %" PRIu64
                 ": it has term %" PRIu64 " there, from %" PRIu64,
                 term, rejected, message->append_response.conflict.term, index);
    }
}

static void describe_install(const struct raft_message *message, char *text)
{
    uint64_t term = message->term;
    if (message->kind == RAFT_MESSAGE_INSTALL_REQUEST) {
        struct raft_position place = message->install_request.position;
        uint64_t offset = message->install_request.offset;
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", snapshot to %" PRIu64 "/%" PRIu64
                 ", bytes %" PRIu64 "..%" PRIu64 " of %" PRIu64,
                 term, place.index, place.term, offset,
                 offset + message->install_request.size,
                 message->install_request.total);
    } else if (message->install_response.installed) {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", installed up to %" PRIu64, term,
                 message->install_response.index);
    } else {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", has %" PRIu64
                 " bytes of the snapshot to %" PRIu64,
                 term, message->install_response.offset,
                 message->install_response.index);
    }
}

/* Ids are arbitrary: they say nothing. */
static void describe_read(const struct raft_message *message, char *text)
{
    uint64_t term = message->term;
    if (message->kind == RAFT_MESSAGE_READ_REQUEST) {
        snprintf(text, SIM_DESCRIPTION_SIZE, "term %" PRIu64 "%s", term,
                 message->read_request.lease ? ", by lease if it may" : "");
    } else if (message->read_response.granted) {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", granted at %" PRIu64, term,
                 message->read_response.index);
    } else {
        snprintf(text, SIM_DESCRIPTION_SIZE, "term %" PRIu64 ", refused", term);
    }
}

void raft_node__describe(const uint8_t *bytes, size_t size, char *text)
{
    struct raft_message message;
    if (!raft_message_decode(bytes, size, &message)) {
        snprintf(text, SIM_DESCRIPTION_SIZE, "%zu bytes that are no message",
                 size);
        return;
    }
    switch (message.kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", last entry %" PRIu64 "/%" PRIu64 "%s",
                 message.term, message.vote_request.last.index,
                 message.vote_request.last.term,
                 message.vote_request.transfer ? ", by the leader's wish" : "");
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        snprintf(text, SIM_DESCRIPTION_SIZE, "term %" PRIu64 ", %s",
                 message.term,
                 message.vote_response.granted ? "granted" : "refused");
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        describe_append(&message, text);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        describe_append_response(&message, text);
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        describe_install(&message, text);
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        snprintf(text, SIM_DESCRIPTION_SIZE, "term %" PRIu64, message.term);
        break;
    case RAFT_MESSAGE_READ_REQUEST:
    case RAFT_MESSAGE_READ_RESPONSE:
        describe_read(&message, text);
        break;
    }
}
