/* Messages as bytes, and back. What comes from the network is looked at down to
 * the last bit before it is believed: a checksum, exact sizes, sound fields. */
#undef NDEBUG
#include "raft/message.h"

#include <assert.h>
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

/* Where a message's values are, in the order of its bytes: written down once,
 * for both directions. */
struct layout {
    uint64_t *fields[6];
    size_t n_fields;
    uint32_t *count; /* of what follows; NULL: nothing does */
    bool *flag;      /* NULL: the kind has none */
};

static void add(struct layout *layout, uint64_t *field)
{
    layout->fields[layout->n_fields++] = field;
}

static void add_position(struct layout *layout, struct raft_position *position)
{
    add(layout, &position->term);
    add(layout, &position->index);
}

static struct layout layout_of(struct raft_message *message)
{
    struct layout layout = {.n_fields = 0};
    switch (message->kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        add_position(&layout, &message->vote_request.last);
        break;
    case RAFT_MESSAGE_VOTE_REQUEST:
        add_position(&layout, &message->vote_request.last);
        layout.flag = &message->vote_request.transfer;
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        layout.flag = &message->vote_response.granted;
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        add_position(&layout, &message->append_request.prev);
        add(&layout, &message->append_request.leader_commit);
        add(&layout, &message->append_request.sequence);
        layout.count = &message->append_request.n_entries;
        layout.flag = &message->append_request.omit_commands;
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        add(&layout, &message->append_response.sequence);
        add(&layout, &message->append_response.match_index);
        add(&layout, &message->append_response.rejected);
        add_position(&layout, &message->append_response.conflict);
        layout.flag = &message->append_response.success;
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        add_position(&layout, &message->install_request.position);
        add(&layout, &message->install_request.sequence);
        add(&layout, &message->install_request.total);
        add(&layout, &message->install_request.digest);
        add(&layout, &message->install_request.offset);
        layout.count = &message->install_request.size;
        layout.flag = &message->install_request.omit_image;
        break;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        add(&layout, &message->install_response.sequence);
        add(&layout, &message->install_response.index);
        add(&layout, &message->install_response.offset);
        layout.flag = &message->install_response.installed;
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        break;
    case RAFT_MESSAGE_READ_REQUEST:
        add(&layout, &message->read_request.id);
        layout.flag = &message->read_request.lease;
        break;
    case RAFT_MESSAGE_READ_RESPONSE:
        add(&layout, &message->read_response.id);
        add(&layout, &message->read_response.index);
        layout.flag = &message->read_response.granted;
        break;
    }
    return layout;
}

/* What every message of the kind has: its header, fields and count. */
static size_t fixed_size(const struct layout *layout)
{
    return HEADER_SIZE + 8 * layout->n_fields + (layout->count != NULL ? 8 : 0);
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
    struct raft_message copy = *message;
    struct layout layout = layout_of(&copy);
    size_t size = fixed_size(&layout);
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

size_t raft_message_encode(const struct raft_message *message, uint8_t *bytes)
{
    assert(raft_message_kind_name(message->kind) != NULL);
    struct raft_message copy = *message;
    struct layout layout = layout_of(&copy);
    bytes[0] = RAFT_MESSAGE_VERSION;
    bytes[1] = (uint8_t)message->kind;
    bytes[2] = layout.flag != NULL && *layout.flag ? 1 : 0;
    bytes[3] = 0;
    raft__put64(bytes + 8, message->term);
    uint8_t *at = bytes + HEADER_SIZE;
    for (size_t i = 0; i < layout.n_fields; i++, at += 8) {
        raft__put64(at, *layout.fields[i]);
    }
    if (layout.count != NULL) {
        raft__put64(at, *layout.count);
        at += 8;
    }
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

/* The header and the fields; what follows them is at `*tail`. */
static bool decode_fields(const uint8_t *bytes, size_t size,
                          struct raft_message *message, size_t *tail)
{
    if (size < HEADER_SIZE || size % 8 != 0) {
        return false;
    }
    if (bytes[0] != RAFT_MESSAGE_VERSION || bytes[2] > 1 || bytes[3] != 0) {
        return false;
    }
    *message = (struct raft_message){
        .kind = (enum raft_message_kind)bytes[1],
        .term = raft__get64(bytes + 8),
    };
    if (raft_message_kind_name(message->kind) == NULL) {
        return false;
    }
    struct layout layout = layout_of(message);
    *tail = fixed_size(&layout);
    if (size < *tail) {
        return false;
    }
    if (layout.flag != NULL) {
        *layout.flag = bytes[2] == 1;
    } else if (bytes[2] != 0) {
        return false;
    }
    const uint8_t *at = bytes + HEADER_SIZE;
    for (size_t i = 0; i < layout.n_fields; i++, at += 8) {
        *layout.fields[i] = raft__get64(at);
    }
    if (layout.count != NULL) {
        *layout.count = raft__get32(at);
        return raft__get32(at + 4) == 0;
    }
    return true;
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
