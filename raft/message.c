/* Messages as bytes, and back. What comes from the network is looked at down to
 * the last bit before it is believed: a checksum, exact sizes, sound fields. */
#undef NDEBUG
#include "raft/message.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "raft/bytes.h"

#define HEADER_SIZE ((size_t)16)
#define ENTRY_HEADER_SIZE ((size_t)32)

/* The bytes of a chunk at most: far more than anybody sends, and with its
 * header it still counts in a 32-bit size_t. */
#define MAX_CHUNK_BYTES (UINT32_C(1) << 30)

/* The bytes of a snapshot at least: those of the size of its meta. */
#define MIN_SNAPSHOT_BYTES 8

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
    case RAFT_MESSAGE_INSTALL_REQUEST:
        return "install_request";
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        return "install_response";
    case RAFT_MESSAGE_TIMEOUT_NOW:
        return "timeout_now";
    case RAFT_MESSAGE_READ_REQUEST:
        return "read_request";
    case RAFT_MESSAGE_READ_RESPONSE:
        return "read_response";
    }
    return NULL;
}

/* --- words ---------------------------------------------------------------- */

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
    state = (state ^ (uint64_t)raft__get32(bytes)) * multiplier;
    state ^= state >> 32;
    for (size_t at = 8; at < size; at += 8) {
        state = (state ^ raft__get64(bytes + at)) * multiplier;
        state ^= state >> 32;
    }
    state *= multiplier;
    return (uint32_t)(state >> 32);
}

/* --- the layout ----------------------------------------------------------- */

/* Where a message's values are in its struct, in the order of its bytes:
 * written down once, for both directions. At 0 is the kind: no other value is.
 */
struct layout {
    uint16_t fields[6]; /* of 64 bits each */
    uint16_t n_fields;
    uint16_t count; /* of what follows, 32 bits; 0: nothing does */
    uint16_t flag;  /* a bool; 0: the kind has none */
};

#define AT(value) ((uint16_t)offsetof(struct raft_message, value))
#define AT_POSITION(value) AT(value.term), AT(value.index)

static const struct layout layouts[] = {
    [RAFT_MESSAGE_PRE_VOTE_REQUEST] = {.fields = {AT_POSITION(
                                           vote_request.last)},
                                       .n_fields = 2},
    [RAFT_MESSAGE_PRE_VOTE_RESPONSE] = {.flag = AT(vote_response.granted)},
    [RAFT_MESSAGE_VOTE_REQUEST] = {.fields = {AT_POSITION(vote_request.last)},
                                   .n_fields = 2,
                                   .flag = AT(vote_request.transfer)},
    [RAFT_MESSAGE_VOTE_RESPONSE] = {.flag = AT(vote_response.granted)},
    [RAFT_MESSAGE_APPEND_REQUEST] =
        {.fields = {AT_POSITION(append_request.prev),
                    AT(append_request.leader_commit),
                    AT(append_request.sequence)},
         .n_fields = 4,
         .count = AT(append_request.n_entries),
         .flag = AT(append_request.omit_commands)},
    [RAFT_MESSAGE_APPEND_RESPONSE] =
        {.fields = {AT(append_response.sequence),
                    AT(append_response.match_index),
                    AT(append_response.rejected),
                    AT_POSITION(append_response.conflict)},
         .n_fields = 5,
         .flag = AT(append_response.success)},
    [RAFT_MESSAGE_INSTALL_REQUEST] =
        {.fields = {AT_POSITION(install_request.position),
                    AT(install_request.sequence), AT(install_request.total),
                    AT(install_request.digest), AT(install_request.offset)},
         .n_fields = 6,
         .count = AT(install_request.size),
         .flag = AT(install_request.omit_image)},
    [RAFT_MESSAGE_INSTALL_RESPONSE] = {.fields = {AT(install_response.sequence),
                                                  AT(install_response.index),
                                                  AT(install_response.offset)},
                                       .n_fields = 3,
                                       .flag = AT(install_response.installed)},
    [RAFT_MESSAGE_TIMEOUT_NOW] = {.n_fields = 0},
    [RAFT_MESSAGE_READ_REQUEST] = {.fields = {AT(read_request.id)},
                                   .n_fields = 1,
                                   .flag = AT(read_request.lease)},
    [RAFT_MESSAGE_READ_RESPONSE] = {.fields = {AT(read_response.id),
                                               AT(read_response.index)},
                                    .n_fields = 2,
                                    .flag = AT(read_response.granted)},
};

/* The message as the bytes that the layouts speak of. */
static const unsigned char *inside(const struct raft_message *message)
{
    return (const unsigned char *)message;
}

/* What every message of the kind has: its header, fields and count. */
static size_t fixed_size(const struct layout *layout)
{
    return HEADER_SIZE + (size_t)8 * layout->n_fields +
           (layout->count != 0 ? 8 : 0);
}

/* --- encoding ------------------------------------------------------------- */

/* The entry as it travels. Which session was closed for one is each server's
 * own finding; a witness stores no commands. */
static struct raft_entry travelling(const struct raft_message *message,
                                    uint32_t i)
{
    struct raft_entry entry = message->append_request.entries[i];
    bool command = entry.kind == RAFT_ENTRY_COMMAND;
    if (command && message->append_request.omit_commands) {
        entry.omitted = true;
        entry.data = NULL;
        entry.size = 0;
    }
    if (!command) {
        entry.session = 0;
    }
    return entry;
}

size_t raft_message_size(const struct raft_message *message)
{
    size_t size = fixed_size(&layouts[message->kind]);
    if (message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        for (uint32_t i = 0; i < message->append_request.n_entries; i++) {
            size += ENTRY_HEADER_SIZE + padded(travelling(message, i).size);
        }
    } else if (message->kind == RAFT_MESSAGE_INSTALL_REQUEST) {
        size += padded(message->install_request.size);
    }
    return size;
}

/* Gives the place behind them. */
static uint8_t *put_payload(uint8_t *at, const uint8_t *data, uint32_t size)
{
    if (size == 0) {
        return at;
    }
    uint8_t *end = at + padded(size);
    memset(end - 8, 0, 8);
    memcpy(at, data, size);
    return end;
}

static uint8_t *put_entries(uint8_t *at, const struct raft_message *message)
{
    for (uint32_t i = 0; i < message->append_request.n_entries; i++) {
        struct raft_entry entry = travelling(message, i);
        raft__put64(at, entry.term);
        raft__put32(at + 8, entry.size);
        at[12] = (uint8_t)entry.kind;
        at[13] = entry.omitted ? 1 : 0;
        at[14] = 0;
        at[15] = 0;
        raft__put64(at + 16, entry.session);
        raft__put64(at + 24, entry.sequence);
        at = put_payload(at + ENTRY_HEADER_SIZE, entry.data, entry.size);
    }
    return at;
}

/* The fields and the count. Gives the place behind them. */
static uint8_t *put_fields(uint8_t *at, const struct raft_message *message,
                           const struct layout *layout)
{
    for (size_t i = 0; i < layout->n_fields; i++, at += 8) {
        uint64_t value;
        memcpy(&value, inside(message) + layout->fields[i], sizeof value);
        raft__put64(at, value);
    }
    if (layout->count != 0) {
        uint32_t count;
        memcpy(&count, inside(message) + layout->count, sizeof count);
        raft__put64(at, count);
        at += 8;
    }
    return at;
}

static bool flag_of(const struct raft_message *message,
                    const struct layout *layout)
{
    bool flag = false;
    if (layout->flag != 0) {
        memcpy(&flag, inside(message) + layout->flag, sizeof flag);
    }
    return flag;
}

size_t raft_message_encode(const struct raft_message *message, uint8_t *bytes)
{
    assert(raft_message_kind_name(message->kind) != NULL);
    const struct layout *layout = &layouts[message->kind];
    bytes[0] = RAFT_MESSAGE_VERSION;
    bytes[1] = (uint8_t)message->kind;
    bytes[2] = flag_of(message, layout) ? 1 : 0;
    bytes[3] = 0;
    raft__put64(bytes + 8, message->term);
    uint8_t *at = put_fields(bytes + HEADER_SIZE, message, layout);
    if (message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        at = put_entries(at, message);
    } else if (message->kind == RAFT_MESSAGE_INSTALL_REQUEST) {
        at = put_payload(at, message->install_request.bytes,
                         message->install_request.size);
    }
    size_t size = (size_t)(at - bytes);
    raft__put32(bytes + 4, checksum(bytes, size));
    return size;
}

/* --- decoding: entries ---------------------------------------------------- */

/* Decoding a message has judged its entries once; what is left to do here is
 * to stay within the bytes. */
bool raft_entry_cursor_next(struct raft_entry_cursor *cursor,
                            struct raft_entry *entry)
{
    if (cursor->size < ENTRY_HEADER_SIZE) {
        return false;
    }
    const uint8_t *at = cursor->bytes;
    size_t room = cursor->size - ENTRY_HEADER_SIZE;
    uint32_t size = raft__get32(at + 8);
    if (size > room || padded(size) > room) {
        return false;
    }
    *entry = (struct raft_entry){
        .term = raft__get64(at),
        .data = size > 0 ? at + ENTRY_HEADER_SIZE : NULL,
        .size = size,
        .kind = (enum raft_entry_kind)at[12],
        .omitted = at[13] != 0,
        .verdict = RAFT_FRESH,
        .session = raft__get64(at + 16),
        .sequence = raft__get64(at + 24),
    };
    cursor->bytes = at + ENTRY_HEADER_SIZE + padded(size);
    cursor->size = room - padded(size);
    return true;
}

static bool is_configuration(const uint8_t *bytes, size_t size)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n;
    return raft_configuration_decode(bytes, size, members, &n) && n > 0;
}

bool raft_entry_is_sound(const struct raft_entry *entry)
{
    switch (entry->kind) {
    case RAFT_ENTRY_NOOP:
        return entry->size == 0 && !entry->omitted && entry->session == 0 &&
               entry->sequence == 0;
    case RAFT_ENTRY_COMMAND:
        return entry->size <= RAFT_MAX_COMMAND_BYTES &&
               !(entry->omitted && entry->size > 0) &&
               (entry->session == 0) == (entry->sequence == 0);
    case RAFT_ENTRY_CONFIGURATION:
        return !entry->omitted && entry->session == 0 && entry->sequence == 0 &&
               is_configuration(entry->data, entry->size);
    case RAFT_ENTRY_SESSION:
        return entry->size == 0 && !entry->omitted && entry->session == 0 &&
               entry->sequence >= 1;
    }
    return false;
}

static bool padding_is_zero(const uint8_t *data, uint32_t size)
{
    for (size_t i = size; i < padded(size); i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Whether the message holds exactly the announced number of entries, each in
 * the bytes that encoding gives. */
static bool entries_are_whole(const struct raft_message *message)
{
    struct raft_entry_cursor cursor = message->append_request.cursor;
    for (uint32_t i = 0; i < message->append_request.n_entries; i++) {
        const uint8_t *at = cursor.bytes;
        struct raft_entry entry;
        if (!raft_entry_cursor_next(&cursor, &entry)) {
            return false;
        }
        if (at[13] > 1 || at[14] != 0 || at[15] != 0 ||
            !padding_is_zero(entry.data, entry.size) ||
            !raft_entry_is_sound(&entry) ||
            (message->append_request.omit_commands &&
             entry.kind == RAFT_ENTRY_COMMAND && !entry.omitted)) {
            return false;
        }
    }
    return cursor.size == 0;
}

/* --- decoding: messages --------------------------------------------------- */

/* Takes the entries or the chunk, all of the `rest` bytes at `at`. */
static bool take_tail(struct raft_message *message, const uint8_t *at,
                      size_t rest)
{
    if (message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        message->append_request.entries = NULL;
        message->append_request.cursor = (struct raft_entry_cursor){at, rest};
        return entries_are_whole(message);
    }
    if (message->kind == RAFT_MESSAGE_INSTALL_REQUEST) {
        uint32_t size = message->install_request.size;
        message->install_request.bytes = size > 0 ? at : NULL;
        return size <= MAX_CHUNK_BYTES && padded(size) == rest &&
               padding_is_zero(at, size);
    }
    return rest == 0;
}

/* Whether the fields fit together: what the header says to be 0 is. */
static bool message_is_sound(const struct raft_message *message)
{
    switch (message->kind) {
    case RAFT_MESSAGE_APPEND_RESPONSE:
        return message->append_response.success
                   ? message->append_response.rejected == 0
                   : message->append_response.match_index == 0;
    case RAFT_MESSAGE_INSTALL_REQUEST: {
        uint64_t total = message->install_request.total;
        uint64_t offset = message->install_request.offset;
        return total >= MIN_SNAPSHOT_BYTES && offset <= total &&
               message->install_request.size <= total - offset;
    }
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        return !message->install_response.installed ||
               message->install_response.offset == 0;
    case RAFT_MESSAGE_READ_RESPONSE:
        return message->read_response.granted ||
               message->read_response.index == 0;
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_RESPONSE:
    case RAFT_MESSAGE_APPEND_REQUEST:
    case RAFT_MESSAGE_TIMEOUT_NOW:
    case RAFT_MESSAGE_READ_REQUEST:
        return true;
    }
    return false;
}

/* Takes the fields and the count, at `at`. */
static bool take_fields(struct raft_message *message,
                        const struct layout *layout, const uint8_t *at)
{
    unsigned char *to = (unsigned char *)message;
    for (size_t i = 0; i < layout->n_fields; i++, at += 8) {
        uint64_t value = raft__get64(at);
        memcpy(to + layout->fields[i], &value, sizeof value);
    }
    if (layout->count == 0) {
        return true;
    }
    uint32_t count = raft__get32(at);
    memcpy(to + layout->count, &count, sizeof count);
    return raft__get32(at + 4) == 0;
}

/* The header and the fields; what follows them is at `*tail`. */
static bool decode_fields(const uint8_t *bytes, size_t size,
                          struct raft_message *message, size_t *tail)
{
    if (size < HEADER_SIZE || size % 8 != 0) {
        return false;
    }
    if (bytes[0] != RAFT_MESSAGE_VERSION || bytes[2] > 1 || bytes[3] != 0 ||
        raft_message_kind_name((enum raft_message_kind)bytes[1]) == NULL) {
        return false;
    }
    *message = (struct raft_message){
        .kind = (enum raft_message_kind)bytes[1],
        .term = raft__get64(bytes + 8),
    };
    const struct layout *layout = &layouts[message->kind];
    *tail = fixed_size(layout);
    if (size < *tail) {
        return false;
    }
    bool flag = bytes[2] == 1;
    if (layout->flag != 0) {
        memcpy((unsigned char *)message + layout->flag, &flag, sizeof flag);
    } else if (flag) {
        return false;
    }
    return take_fields(message, layout, bytes + HEADER_SIZE);
}

bool raft_message_peek(const uint8_t *bytes, size_t size,
                       struct raft_message *message)
{
    size_t tail;
    return decode_fields(bytes, size, message, &tail);
}

bool raft_message_decode(const uint8_t *bytes, size_t size,
                         struct raft_message *message)
{
    size_t tail;
    return decode_fields(bytes, size, message, &tail) &&
           raft__get32(bytes + 4) == checksum(bytes, size) &&
           message_is_sound(message) &&
           take_tail(message, bytes + tail, size - tail);
}
