/* The codec, from the layout in raft/message.h: what goes in comes out, and
 * nothing else comes in. What must not come in, field by field, is in
 * tests/test_raft_message_refusals.c. */
#include "raft/message.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/message_forge.h"

enum {
    N_KINDS = 11,
    MAX_ENTRIES = 6,
    MAX_PAYLOAD = 40,
    MAX_MESSAGE = 56 + MAX_ENTRIES * (32 + MAX_PAYLOAD)
};

/* xorshift64*: any small generator will do. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* Small, large and extreme numbers alike. */
static uint64_t draw_number(uint64_t *state)
{
    uint64_t value = draw(state);
    return value >> (draw(state) % 64);
}

static bool draw_bool(uint64_t *state)
{
    return draw(state) % 2 == 0;
}

struct sample {
    struct raft_message message;
    struct raft_entry entries[MAX_ENTRIES];
    uint8_t payloads[MAX_ENTRIES][MAX_PAYLOAD];
    uint8_t chunk[MAX_PAYLOAD];
};

static uint32_t draw_bytes(uint8_t *bytes, uint64_t *state)
{
    uint32_t size = (uint32_t)(draw(state) % (MAX_PAYLOAD + 1));
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)draw(state);
    return size;
}

/* One or two members, the first of them a voter. */
static uint32_t draw_members(uint8_t *bytes, uint64_t *state)
{
    static const uint8_t flags[] = {RAFT_MEMBER_VOTER, RAFT_MEMBER_LEARNER,
                                    RAFT_MEMBER_VOTER | RAFT_MEMBER_WITNESS};
    struct raft_member members[2];
    uint32_t n = 1 + (uint32_t)(draw(state) % 2);
    for (uint32_t i = 0; i < n; i++)
        members[i] = (struct raft_member){
            .id = (i == 0 ? 1 : 1 + (UINT64_C(1) << 40)) + draw(state) % 1000,
            .flags = flags[i == 0 ? 0 : draw(state) % 3],
            .priority = (uint8_t)draw(state)};
    raft_configuration_encode(members, n, bytes);
    return n * (uint32_t)RAFT_MEMBER_SIZE;
}

static void draw_entry(struct raft_entry *entry, uint8_t *payload,
                       uint64_t *state)
{
    *entry = (struct raft_entry){
        .term = draw_number(state),
        .kind = (enum raft_entry_kind)(draw(state) % 4),
        .verdict = RAFT_REPEATED, /* is not part of a message */
    };
    switch (entry->kind) {
    case RAFT_ENTRY_NOOP:
        break;
    case RAFT_ENTRY_COMMAND:
        entry->omitted = draw(state) % 4 == 0;
        entry->size = entry->omitted ? 0 : draw_bytes(payload, state);
        if (draw_bool(state)) {
            entry->session = draw_number(state) | 1;
            entry->sequence = draw_number(state) | 1;
        }
        break;
    case RAFT_ENTRY_CONFIGURATION:
        entry->size = draw_members(payload, state);
        break;
    case RAFT_ENTRY_SESSION:
        entry->sequence = draw_number(state) | 1;
        break;
    }
    entry->data = entry->size > 0 ? payload : NULL;
}

static void draw_append(struct sample *s, uint64_t *state)
{
    struct raft_message *m = &s->message;
    m->append_request.prev.term = draw_number(state);
    m->append_request.prev.index = draw_number(state);
    m->append_request.leader_commit = draw_number(state);
    m->append_request.sequence = draw_number(state);
    m->append_request.n_entries = (uint32_t)(draw(state) % (MAX_ENTRIES + 1));
    m->append_request.entries = s->entries;
    m->append_request.omit_commands = true;
    for (uint32_t i = 0; i < m->append_request.n_entries; i++) {
        struct raft_entry *entry = &s->entries[i];
        draw_entry(entry, s->payloads[i], state);
        if (entry->kind == RAFT_ENTRY_COMMAND && !entry->omitted)
            m->append_request.omit_commands = false;
    }
}

static void draw_append_response(struct raft_message *m, uint64_t *state)
{
    m->append_response.sequence = draw_number(state);
    m->append_response.success = draw_bool(state);
    if (m->append_response.success) {
        m->append_response.match_index = draw_number(state);
    } else {
        m->append_response.rejected = draw_number(state);
        m->append_response.conflict.term = draw_number(state);
        m->append_response.conflict.index = draw_number(state);
    }
}

/* A chunk in the middle or at the end of a snapshot. */
static void draw_install(struct sample *s, uint64_t *state)
{
    struct raft_message *m = &s->message;
    uint32_t size = draw_bytes(s->chunk, state);
    uint64_t behind = draw_bool(state) ? 0 : draw_number(state) / 4;
    m->install_request.position.term = draw_number(state);
    m->install_request.position.index = draw_number(state);
    m->install_request.sequence = draw_number(state);
    m->install_request.digest = draw_number(state);
    m->install_request.offset = 8 + draw_number(state) / 4;
    m->install_request.total = m->install_request.offset + size + behind;
    m->install_request.size = size;
    m->install_request.omit_image = draw_bool(state);
    m->install_request.bytes = size > 0 ? s->chunk : NULL;
}

static void draw_message_of(enum raft_message_kind kind, struct sample *s,
                            uint64_t *state)
{
    struct raft_message *m = &s->message;
    *m = (struct raft_message){.kind = kind, .term = draw_number(state)};
    switch (m->kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        m->vote_request.last.term = draw_number(state);
        m->vote_request.last.index = draw_number(state);
        m->vote_request.transfer =
            kind == RAFT_MESSAGE_VOTE_REQUEST && draw_bool(state);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        m->vote_response.granted = draw_bool(state);
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        draw_append(s, state);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        draw_append_response(m, state);
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        draw_install(s, state);
        break;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        m->install_response.sequence = draw_number(state);
        m->install_response.installed = draw_bool(state);
        m->install_response.index = draw_number(state);
        m->install_response.offset =
            m->install_response.installed ? 0 : draw_number(state);
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        break;
    case RAFT_MESSAGE_READ_REQUEST:
        m->read_request.id = draw_number(state);
        m->read_request.lease = draw_bool(state);
        break;
    case RAFT_MESSAGE_READ_RESPONSE:
        m->read_response.id = draw_number(state);
        m->read_response.granted = draw_bool(state);
        m->read_response.index =
            m->read_response.granted ? draw_number(state) : 0;
        break;
    }
}

/* The kinds in turn. */
static void draw_message(struct sample *s, unsigned turn, uint64_t *state)
{
    draw_message_of((enum raft_message_kind)(1 + turn % N_KINDS), s, state);
}

/* --- equality ------------------------------------------------------------- */

static void check_position(struct raft_position a, struct raft_position b)
{
    cr_assert_eq(a.term, b.term);
    cr_assert_eq(a.index, b.index);
}

static void check_append(const struct raft_message *a,
                         const struct raft_message *b)
{
    struct raft_entry_cursor cursor = b->append_request.cursor;
    struct raft_entry entry;
    cr_assert_null(b->append_request.entries);
    check_position(a->append_request.prev, b->append_request.prev);
    cr_assert_eq(a->append_request.leader_commit,
                 b->append_request.leader_commit);
    cr_assert_eq(a->append_request.sequence, b->append_request.sequence);
    cr_assert_eq(a->append_request.n_entries, b->append_request.n_entries);
    cr_assert_eq(a->append_request.omit_commands,
                 b->append_request.omit_commands);
    for (uint32_t i = 0; i < a->append_request.n_entries; i++) {
        const struct raft_entry *want = &a->append_request.entries[i];
        memset(&entry, 1, sizeof entry); /* nothing stays as it was */
        cr_assert(raft_entry_cursor_next(&cursor, &entry));
        cr_assert_eq(entry.term, want->term);
        cr_assert_eq(entry.size, want->size);
        cr_assert_eq(entry.kind, want->kind);
        cr_assert_eq(entry.omitted, want->omitted);
        cr_assert_eq(entry.verdict, RAFT_FRESH);
        cr_assert_eq(entry.session, want->session);
        cr_assert_eq(entry.sequence, want->sequence);
        cr_assert_eq(entry.data == NULL, want->size == 0);
        cr_assert(want->size == 0 ||
                  memcmp(entry.data, want->data, want->size) == 0);
    }
    cr_assert_not(raft_entry_cursor_next(&cursor, &entry));
    cr_assert_eq(cursor.size, 0);
}

static void check_install(const struct raft_message *a,
                          const struct raft_message *b)
{
    cr_assert_eq(a->install_request.omit_image, b->install_request.omit_image);
    uint32_t size = a->install_request.size;
    check_position(a->install_request.position, b->install_request.position);
    cr_assert_eq(a->install_request.sequence, b->install_request.sequence);
    cr_assert_eq(a->install_request.total, b->install_request.total);
    cr_assert_eq(a->install_request.digest, b->install_request.digest);
    cr_assert_eq(a->install_request.offset, b->install_request.offset);
    cr_assert_eq(size, b->install_request.size);
    cr_assert_eq(b->install_request.bytes == NULL, size == 0);
    cr_assert(size == 0 || memcmp(a->install_request.bytes,
                                  b->install_request.bytes, size) == 0);
}

/* `a` as it was encoded, `b` as it was decoded. */
static void check_equal(const struct raft_message *a,
                        const struct raft_message *b)
{
    cr_assert_eq(a->kind, b->kind);
    cr_assert_eq(a->term, b->term);
    switch (a->kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        check_position(a->vote_request.last, b->vote_request.last);
        cr_assert_eq(a->vote_request.transfer, b->vote_request.transfer);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        cr_assert_eq(a->vote_response.granted, b->vote_response.granted);
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        check_append(a, b);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        cr_assert_eq(a->append_response.sequence, b->append_response.sequence);
        cr_assert_eq(a->append_response.success, b->append_response.success);
        cr_assert_eq(a->append_response.match_index,
                     b->append_response.match_index);
        cr_assert_eq(a->append_response.rejected, b->append_response.rejected);
        check_position(a->append_response.conflict,
                       b->append_response.conflict);
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        check_install(a, b);
        break;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        cr_assert_eq(a->install_response.sequence,
                     b->install_response.sequence);
        cr_assert_eq(a->install_response.installed,
                     b->install_response.installed);
        cr_assert_eq(a->install_response.index, b->install_response.index);
        cr_assert_eq(a->install_response.offset, b->install_response.offset);
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        break;
    case RAFT_MESSAGE_READ_REQUEST:
        cr_assert_eq(a->read_request.id, b->read_request.id);
        cr_assert_eq(a->read_request.lease, b->read_request.lease);
        break;
    case RAFT_MESSAGE_READ_RESPONSE:
        cr_assert_eq(a->read_response.id, b->read_response.id);
        cr_assert_eq(a->read_response.granted, b->read_response.granted);
        cr_assert_eq(a->read_response.index, b->read_response.index);
        break;
    }
}

/* --- what goes in comes out ----------------------------------------------- */

Test(raft_message, round_trips)
{
    uint64_t state = 1;
    for (unsigned i = 0; i < 3000 * N_KINDS; i++) {
        struct sample s;
        uint8_t bytes[MAX_MESSAGE + 8];
        struct raft_message back;
        draw_message(&s, i, &state);
        size_t shift = draw(&state) % 8; /* unaligned as well */
        size_t size = raft_message_size(&s.message);
        cr_assert_leq(size, MAX_MESSAGE);
        memset(bytes, 0x5a, sizeof bytes);
        cr_assert_eq(raft_message_encode(&s.message, bytes + shift), size);
        for (size_t j = 0; j < sizeof bytes; j++) /* and no byte beside it */
            cr_assert((j >= shift && j < shift + size) || bytes[j] == 0x5a);
        memset(&back, 1, sizeof back); /* nothing stays as it was */
        cr_assert(raft_message_decode(bytes + shift, size, &back), "%s",
                  raft_message_kind_name(s.message.kind));
        check_equal(&s.message, &back);
        cr_assert(message_decodes(bytes + shift, size, shift));
    }
}

/* A peek says the same, but for what comes after the fields, and of any bytes
 * that are cut. */
Test(raft_message, a_peek_shows_the_fields)
{
    uint64_t state = 7;
    for (unsigned i = 0; i < 300 * N_KINDS; i++) {
        struct sample s;
        uint8_t bytes[MAX_MESSAGE];
        struct raft_message back;
        draw_message(&s, i, &state);
        size_t size = raft_message_encode(&s.message, bytes);
        bytes[4] ^= 1; /* of the checksum */
        memset(&back, 1, sizeof back);
        cr_assert(raft_message_peek(bytes, size, &back));
        if (s.message.kind == RAFT_MESSAGE_APPEND_REQUEST) {
            cr_assert_null(back.append_request.cursor.bytes);
            back.append_request.cursor =
                (struct raft_entry_cursor){bytes + 56, size - 56};
        } else if (s.message.kind == RAFT_MESSAGE_INSTALL_REQUEST) {
            cr_assert_null(back.install_request.bytes);
            back.install_request.bytes =
                s.message.install_request.size > 0 ? bytes + 72 : NULL;
        }
        check_equal(&s.message, &back);
        cr_assert_not(raft_message_peek(bytes, 8, &back));
        cr_assert_not(raft_message_peek(bytes, size - 1, &back));
        bytes[1] = 0;
        cr_assert_not(raft_message_peek(bytes, size, &back));
    }
}

/* The same message gives the same bytes, whatever lay there before. */
Test(raft_message, encoding_leaves_no_byte_as_it_was)
{
    uint64_t state = 2;
    for (unsigned i = 0; i < 300 * N_KINDS; i++) {
        struct sample s;
        uint8_t a[MAX_MESSAGE], b[MAX_MESSAGE];
        draw_message(&s, i, &state);
        memset(a, 0x00, sizeof a);
        memset(b, 0xff, sizeof b);
        size_t size = raft_message_encode(&s.message, a);
        raft_message_encode(&s.message, b);
        cr_assert_eq(memcmp(a, b, size), 0);
    }
}

/* --- golden bytes --------------------------------------------------------- */

/* The message gives these bytes, and these bytes the message. `golden` has
 * zeros for the checksum. */
static void check_golden(const struct raft_message *message,
                         const uint8_t *golden, size_t size)
{
    uint8_t sealed[MAX_MESSAGE];
    uint8_t bytes[MAX_MESSAGE];
    struct raft_message back;
    memcpy(sealed, golden, size);
    message_seal(sealed, size);
    cr_assert_eq(raft_message_size(message), size);
    cr_assert_eq(raft_message_encode(message, bytes), size);
    for (size_t i = 0; i < size; i++)
        cr_assert_eq(bytes[i], sealed[i], "%s, offset %zu",
                     raft_message_kind_name(message->kind), i);
    cr_assert(raft_message_decode(sealed, size, &back));
    check_equal(message, &back);
}

Test(raft_message, layout_of_votes)
{
    static const uint8_t request[32] = {
        2, 1, 0, 0, 0, 0, 0, 0, /* version, kind, flags, 0, checksum */
        8, 7, 6, 5, 4, 3, 2, 1, /* term */
        9, 0, 0, 0, 0, 0, 0, 0, /* last term */
        0, 1, 0, 0, 0, 0, 0, 8, /* last index */
    };
    static const uint8_t response[16] = {
        2, 2, 1, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1,
    };
    uint8_t golden[32];
    for (unsigned kind = 1; kind <= 4; kind++) {
        struct raft_message m = {.kind = (enum raft_message_kind)kind,
                                 .term = UINT64_C(0x0102030405060708)};
        bool asks = kind % 2 == 1;
        if (asks)
            m.vote_request.last =
                (struct raft_position){9, UINT64_C(0x0800000000000100)};
        else
            m.vote_response.granted = true;
        memcpy(golden, asks ? request : response, asks ? 32 : 16);
        golden[1] = (uint8_t)kind;
        check_golden(&m, golden, asks ? 32 : 16);
        if (kind == RAFT_MESSAGE_VOTE_REQUEST) {
            m.vote_request.transfer = true;
            golden[2] = 1;
            check_golden(&m, golden, 32);
        } else if (!asks) {
            m.vote_response.granted = false;
            golden[2] = 0;
            check_golden(&m, golden, 16);
        }
    }
}

Test(raft_message, layout_of_append_request)
{
    static const uint8_t start[56] = {
        2, 5, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, /* header, term */
        7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, /* prev */
        6, 5, 4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, /* commit, sequence */
        5, 0, 0, 0, 0, 0, 0, 0,                         /* count, zeros */
    };
    /* Of each entry: term; size, kind, omitted, zeros; session; sequence. */
    static const uint8_t entries[5][32] = {
        {8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
        {9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0},
        {9, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0,
         5, 1, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 2},
        {9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
         0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0},
        {9, 1, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0},
    };
    const struct raft_member member = {7, RAFT_MEMBER_VOTER, 3};
    uint8_t members[RAFT_MEMBER_SIZE];
    raft_configuration_encode(&member, 1, members);
    const struct raft_entry given[5] = {
        {.term = 8, .kind = RAFT_ENTRY_NOOP},
        {.term = 9, .kind = RAFT_ENTRY_COMMAND, .omitted = true},
        {.term = 9,
         .kind = RAFT_ENTRY_COMMAND,
         .data = (const uint8_t *)"abc",
         .size = 3,
         .session = 0x105,
         .sequence = UINT64_C(0x0200000000000006)},
        {.term = 9, .kind = RAFT_ENTRY_SESSION, .sequence = 1024},
        {.term = 265,
         .kind = RAFT_ENTRY_CONFIGURATION,
         .data = members,
         .size = sizeof members},
    };
    uint8_t golden[56 + 5 * 32 + 8 + 16];
    memcpy(golden, start, 56);
    memcpy(golden + 56, entries, 3 * 32);
    memcpy(golden + 56 + 3 * 32, "abc\0\0\0\0\0", 8);
    memcpy(golden + 56 + 3 * 32 + 8, entries[3], 2 * 32);
    memcpy(golden + 56 + 5 * 32 + 8, members, sizeof members);
    struct raft_message m = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .term = 9,
        .append_request = {.prev = {7, 256},
                           .leader_commit = UINT64_C(0x010203040506),
                           .sequence = UINT64_C(0x0807060504030201),
                           .n_entries = 5,
                           .entries = given}};
    check_golden(&m, golden, sizeof golden);
}

Test(raft_message, layout_of_append_response)
{
    static const uint8_t success[56] = {
        2, 6, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, /* header, term */
        1, 0, 0, 0, 0, 0, 0, 2,                         /* sequence */
        3, 0, 0, 0, 0, 0, 0, 4,                         /* match */
    };
    static const uint8_t failure[56] = {
        2, 6, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, /* header, term */
        0, 1, 0, 0, 0, 0, 0, 0,                         /* sequence */
        0, 0, 0, 0, 0, 0, 0, 0,                         /* match */
        3, 0, 0, 0, 0, 0, 0, 0,                         /* rejected */
        4, 0, 0, 0, 0, 0, 0, 0,                         /* conflict: term */
        5, 0, 0, 0, 0, 0, 0, 0,                         /* and index */
    };
    struct raft_message m = {
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = 2,
        .append_response = {.sequence = UINT64_C(0x0200000000000001),
                            .success = true,
                            .match_index = UINT64_C(0x0400000000000003)}};
    check_golden(&m, success, sizeof success);
    m.append_response.sequence = 256;
    m.append_response.success = false;
    m.append_response.match_index = 0;
    m.append_response.rejected = 3;
    m.append_response.conflict = (struct raft_position){4, 5};
    check_golden(&m, failure, sizeof failure);
}

Test(raft_message, layout_of_install_request)
{
    static const uint8_t golden[72 + 8] = {
        2,  7,  0,  0,  0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, /* header, term */
        3,  0,  0,  0,  0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, /* position */
        5,  0,  0,  0,  0, 0, 0, 0,                         /* sequence */
        9,  0,  0,  0,  0, 0, 0, 1,                         /* total */
        7,  0,  0,  0,  0, 0, 1, 0,                         /* digest */
        6,  0,  0,  0,  0, 1, 0, 0,                         /* offset */
        4,  0,  0,  0,  0, 0, 0, 0,                         /* size, zeros */
        97, 98, 99, 88, 0, 0, 0, 0,                         /* "abcX", zeros */
    };
    uint8_t asks[72];
    struct raft_message m = {
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .term = 2,
        .install_request = {.position = {3, 4},
                            .sequence = 5,
                            .total = UINT64_C(0x0100000000000009),
                            .digest = UINT64_C(0x0001000000000007),
                            .offset = UINT64_C(0x0000010000000006),
                            .size = 4,
                            .bytes = (const uint8_t *)"abcX"}};
    check_golden(&m, golden, sizeof golden);
    m.install_request.size = 0;
    m.install_request.bytes = NULL;
    memcpy(asks, golden, sizeof asks);
    asks[64] = 0;
    check_golden(&m, asks, sizeof asks);
}

Test(raft_message, layout_of_install_response)
{
    uint8_t golden[40] = {
        2, 8, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
        1, 0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 4, /* sequence, index */
        0, 0, 0, 0, 0, 0, 0, 0,                         /* offset */
    };
    struct raft_message m = {
        .kind = RAFT_MESSAGE_INSTALL_RESPONSE,
        .term = 2,
        .install_response = {.sequence = UINT64_C(0x0200000000000001),
                             .installed = true,
                             .index = UINT64_C(0x0400000000000003)}};
    check_golden(&m, golden, sizeof golden);
    m.install_response.installed = false;
    m.install_response.offset = UINT64_C(0x0600000000000005);
    golden[2] = 0;
    golden[32] = 5;
    golden[39] = 6;
    check_golden(&m, golden, sizeof golden);
}

Test(raft_message, layout_of_timeout_now)
{
    static const uint8_t golden[16] = {2, 9, 0, 0, 0, 0, 0, 0,
                                       2, 0, 0, 0, 0, 0, 0, 3};
    struct raft_message m = {.kind = RAFT_MESSAGE_TIMEOUT_NOW,
                             .term = UINT64_C(0x0300000000000002)};
    check_golden(&m, golden, sizeof golden);
}

Test(raft_message, layout_of_reads)
{
    uint8_t request[24] = {
        2, 10, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, /* header, term */
        1, 0,  0, 0, 0, 0, 0, 3,                         /* id */
    };
    uint8_t response[32] = {
        2, 11, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
        1, 0,  0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 5, /* id, index */
    };
    const uint64_t id = UINT64_C(0x0300000000000001);
    struct raft_message m = {.kind = RAFT_MESSAGE_READ_REQUEST,
                             .term = 2,
                             .read_request = {.id = id, .lease = false}};
    check_golden(&m, request, sizeof request);
    m.read_request.lease = true;
    request[2] = 1;
    check_golden(&m, request, sizeof request);
    struct raft_message r = {
        .kind = RAFT_MESSAGE_READ_RESPONSE,
        .term = 2,
        .read_response = {
            .id = id, .granted = true, .index = UINT64_C(0x0500000000000004)}};
    check_golden(&r, response, sizeof response);
    r.read_response.granted = false;
    r.read_response.index = 0;
    response[2] = 0;
    memset(response + 24, 0, 8);
    check_golden(&r, response, sizeof response);
}

Test(raft_message, kinds_have_names)
{
    static const char *const names[] = {"",
                                        "pre_vote_request",
                                        "pre_vote_response",
                                        "vote_request",
                                        "vote_response",
                                        "append_request",
                                        "append_response",
                                        "install_request",
                                        "install_response",
                                        "timeout_now",
                                        "read_request",
                                        "read_response"};
    for (unsigned kind = 1; kind <= N_KINDS; kind++)
        cr_assert_str_eq(raft_message_kind_name((enum raft_message_kind)kind),
                         names[kind]);
    for (unsigned kind = N_KINDS + 1; kind < 256; kind++)
        cr_assert_null(raft_message_kind_name((enum raft_message_kind)kind));
    cr_assert_null(raft_message_kind_name((enum raft_message_kind)0));
}

/* --- nothing else comes in ------------------------------------------------ */

Test(raft_message, every_flipped_bit_is_refused)
{
    uint64_t state = 3;
    for (unsigned i = 0; i < 40 * N_KINDS; i++) {
        struct sample s;
        uint8_t bytes[MAX_MESSAGE];
        draw_message(&s, i, &state);
        size_t size = raft_message_encode(&s.message, bytes);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            cr_assert_not(message_decodes(bytes, size, 0), "bit %zu of %s", bit,
                          raft_message_kind_name(s.message.kind));
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        cr_assert(message_decodes(bytes, size, 0));
    }
}

/* With a checksum that is right as well as with one that is not. */
Test(raft_message, every_cut_and_every_extension_is_refused)
{
    uint64_t state = 4;
    for (unsigned i = 0; i < 60 * N_KINDS; i++) {
        struct sample s;
        uint8_t whole[MAX_MESSAGE];
        uint8_t bytes[MAX_MESSAGE + 64];
        draw_message(&s, i, &state);
        size_t size = raft_message_encode(&s.message, whole);
        for (size_t n = 0; n <= size + 64; n++) {
            if (n == size)
                continue;
            memset(bytes, n % 16 < 8 ? 0 : 0xa5, sizeof bytes);
            memcpy(bytes, whole, size);
            cr_assert_not(message_decodes(bytes, n, n % 8));
            if (n >= 16 && n % 8 == 0) {
                message_seal(bytes, n);
                cr_assert_not(message_decodes(bytes, n, 0), "%zu of %zu, %s", n,
                              size, raft_message_kind_name(s.message.kind));
            }
        }
    }
}

/* The bytes of a decoded message, encoded again. */
static size_t encode_again(struct raft_message *m, uint8_t *bytes)
{
    struct raft_entry entries[MAX_ENTRIES];
    if (m->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        struct raft_entry_cursor cursor = m->append_request.cursor;
        uint32_t n = m->append_request.n_entries;
        cr_assert_leq(n, MAX_ENTRIES);
        for (uint32_t i = 0; i < n; i++)
            cr_assert(raft_entry_cursor_next(&cursor, &entries[i]));
        m->append_request.entries = entries;
    }
    return raft_message_encode(m, bytes);
}

/* Behind the checksum: one to three altered bits either make another message,
 * and then the very one that encoding gives, or are refused. */
Test(raft_message, what_is_accepted_is_what_encoding_gives)
{
    uint64_t state = 5;
    uint64_t accepted = 0, refused = 0;
    for (unsigned i = 0; i < 300 * N_KINDS; i++) {
        struct sample s;
        uint8_t bytes[MAX_MESSAGE], altered[MAX_MESSAGE], again[MAX_MESSAGE];
        struct raft_message back;
        draw_message(&s, i, &state);
        size_t size = raft_message_encode(&s.message, bytes);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            memcpy(altered, bytes, size);
            altered[bit / 8] ^= (uint8_t)(1u << bit % 8);
            for (uint64_t more = draw(&state) % 3; more > 0; more--)
                altered[draw(&state) % size] ^=
                    (uint8_t)(1u << draw(&state) % 8);
            message_seal(altered, size);
            if (!raft_message_decode(altered, size, &back)) {
                refused++;
                continue;
            }
            accepted++;
            cr_assert_eq(encode_again(&back, again), size);
            cr_assert_eq(memcmp(again, altered, size), 0, "bit %zu of %s", bit,
                         raft_message_kind_name(s.message.kind));
        }
    }
    cr_assert_gt(accepted, 100000);
    cr_assert_gt(refused, 20000);
}
