#undef NDEBUG
#include "raft/message.h"

#include <assert.h>
#include <string.h>

#define HEADER_SIZE ((size_t)16)
#define ENTRY_HEADER_SIZE ((size_t)16)

const char *raft_message_kind_name(enum raft_message_kind kind)
{
    switch (kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        return "pre_vote_request";
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
        return "pre_vote_response";
    case RAFT_MESSAGE_VOTE_REQUEST:
        return "vote_request";
    case RAFT_MESSAGE_VOTE_RESPONSE:
        return "vote_response";
    case RAFT_MESSAGE_APPEND_REQUEST:
        return "append_request";
    case RAFT_MESSAGE_APPEND_RESPONSE:
        return "append_response";
    }
    return NULL;
}

/* --- numbers as bytes ----------------------------------------------------- */

static void put32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put64(uint8_t *bytes, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
           (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint64_t get64(const uint8_t *bytes)
{
    return (uint64_t)get32(bytes) | (uint64_t)get32(bytes + 4) << 32;
}

static size_t padded(uint32_t size)
{
    return ((size_t)size + 7) & ~(size_t)7;
}

/* Over whole words, the checksum's own bytes as zero. Each word passes through
 * a bijection of the state, so that no single changed word can cancel out
 * before the last fold to 32 bits. */
static uint32_t checksum(const uint8_t *bytes, size_t size)
{
    const uint64_t multiplier = UINT64_C(0xd6e8feb86659fd93);
    uint64_t state = (uint64_t)size * multiplier;
    state = (state ^ (uint64_t)get32(bytes)) * multiplier;
    state ^= state >> 32;
    for (size_t at = 8; at < size; at += 8) {
        state = (state ^ get64(bytes + at)) * multiplier;
        state ^= state >> 32;
    }
    state *= multiplier;
    return (uint32_t)(state >> 32);
}

/* --- encoding ------------------------------------------------------------- */

/* The fixed part behind the header. */
static size_t body_size(enum raft_message_kind kind)
{
    switch (kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        return 16;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        return 0;
    case RAFT_MESSAGE_APPEND_REQUEST:
    case RAFT_MESSAGE_APPEND_RESPONSE:
        return 32;
    }
    return 0;
}

size_t raft_message_size(const struct raft_message *message)
{
    size_t size = HEADER_SIZE + body_size(message->kind);
    if (message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        for (uint32_t i = 0; i < message->append_request.n_entries; i++) {
            size += ENTRY_HEADER_SIZE +
                    padded(message->append_request.entries[i].size);
        }
    }
    return size;
}

static void encode_entries(const struct raft_message *message, uint8_t *at)
{
    for (uint32_t i = 0; i < message->append_request.n_entries; i++) {
        const struct raft_entry *entry = &message->append_request.entries[i];
        put64(at, entry->term);
        put32(at + 8, entry->size);
        put32(at + 12, (uint32_t)entry->kind);
        at += ENTRY_HEADER_SIZE;
        if (entry->size > 0) {
            size_t whole = padded(entry->size);
            memset(at + whole - 8, 0, 8);
            memcpy(at, entry->data, entry->size);
            at += whole;
        }
    }
}

static bool flag_of(const struct raft_message *message)
{
    switch (message->kind) {
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        return message->vote_response.granted;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        return message->append_response.success;
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
    case RAFT_MESSAGE_APPEND_REQUEST:
        return false;
    }
    return false;
}

static void encode_body(const struct raft_message *message, uint8_t *body)
{
    switch (message->kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        put64(body, message->vote_request.last.term);
        put64(body + 8, message->vote_request.last.index);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        put64(body, message->append_request.prev.term);
        put64(body + 8, message->append_request.prev.index);
        put64(body + 16, message->append_request.leader_commit);
        put32(body + 24, message->append_request.n_entries);
        put32(body + 28, 0);
        encode_entries(message, body + 32);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        put64(body, message->append_response.match_index);
        put64(body + 8, message->append_response.rejected);
        put64(body + 16, message->append_response.conflict.term);
        put64(body + 24, message->append_response.conflict.index);
        break;
    }
}

size_t raft_message_encode(const struct raft_message *message, uint8_t *bytes)
{
    assert(raft_message_kind_name(message->kind) != NULL);
    size_t size = raft_message_size(message);
    bytes[0] = RAFT_MESSAGE_VERSION;
    bytes[1] = (uint8_t)message->kind;
    bytes[2] = flag_of(message) ? 1 : 0;
    bytes[3] = 0;
    put64(bytes + 8, message->term);
    encode_body(message, bytes + HEADER_SIZE);
    put32(bytes + 4, checksum(bytes, size));
    return size;
}

/* --- decoding ------------------------------------------------------------- */

bool raft_entry_cursor_next(struct raft_entry_cursor *cursor,
                            struct raft_entry *entry)
{
    if (cursor->size < ENTRY_HEADER_SIZE) {
        return false;
    }
    const uint8_t *at = cursor->bytes;
    uint32_t size = get32(at + 8);
    uint32_t kind = get32(at + 12);
    if (size > RAFT_MAX_COMMAND_BYTES ||
        padded(size) > cursor->size - ENTRY_HEADER_SIZE) {
        return false;
    }
    if (kind != RAFT_ENTRY_NOOP && kind != RAFT_ENTRY_COMMAND) {
        return false;
    }
    entry->term = get64(at);
    entry->size = size;
    entry->kind = (enum raft_entry_kind)kind;
    entry->data = size > 0 ? at + ENTRY_HEADER_SIZE : NULL;
    cursor->bytes += ENTRY_HEADER_SIZE + padded(size);
    cursor->size -= ENTRY_HEADER_SIZE + padded(size);
    return true;
}

static bool padding_is_zero(const struct raft_entry *entry)
{
    for (size_t i = entry->size; i < padded(entry->size); i++) {
        if (entry->data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Whether the cursor holds exactly the announced number of entries. */
static bool entries_are_whole(struct raft_entry_cursor cursor, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct raft_entry entry;
        if (!raft_entry_cursor_next(&cursor, &entry) ||
            !padding_is_zero(&entry)) {
            return false;
        }
    }
    return cursor.size == 0;
}

static bool decode_body(const uint8_t *bytes, size_t size, bool flag,
                        struct raft_message *message)
{
    const uint8_t *body = bytes + HEADER_SIZE;
    size_t rest = size - HEADER_SIZE - body_size(message->kind);
    switch (message->kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        message->vote_request.last.term = get64(body);
        message->vote_request.last.index = get64(body + 8);
        return rest == 0 && !flag;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        message->vote_response.granted = flag;
        return rest == 0;
    case RAFT_MESSAGE_APPEND_REQUEST:
        message->append_request.prev.term = get64(body);
        message->append_request.prev.index = get64(body + 8);
        message->append_request.leader_commit = get64(body + 16);
        message->append_request.n_entries = get32(body + 24);
        message->append_request.entries = NULL;
        message->append_request.cursor =
            (struct raft_entry_cursor){body + 32, rest};
        return !flag && get32(body + 28) == 0 &&
               entries_are_whole(message->append_request.cursor,
                                 message->append_request.n_entries);
    case RAFT_MESSAGE_APPEND_RESPONSE:
        message->append_response.success = flag;
        message->append_response.match_index = get64(body);
        message->append_response.rejected = get64(body + 8);
        message->append_response.conflict.term = get64(body + 16);
        message->append_response.conflict.index = get64(body + 24);
        return rest == 0;
    }
    return false;
}

bool raft_message_decode(const uint8_t *bytes, size_t size,
                         struct raft_message *message)
{
    if (size < HEADER_SIZE || size % 8 != 0) {
        return false;
    }
    if (bytes[0] != RAFT_MESSAGE_VERSION || bytes[2] > 1 || bytes[3] != 0) {
        return false;
    }
    message->kind = (enum raft_message_kind)bytes[1];
    if (raft_message_kind_name(message->kind) == NULL) {
        return false;
    }
    if (size < HEADER_SIZE + body_size(message->kind) ||
        get32(bytes + 4) != checksum(bytes, size)) {
        return false;
    }
    message->term = get64(bytes + 8);
    return decode_body(bytes, size, bytes[2] == 1, message);
}
