/* The codec, from the layout in raft/message.h: what goes in comes out, and
 * nothing else comes in. The checksum's algorithm is the codec's own; its four
 * bytes are left out of the golden bytes, and a flip of any bit tests it. */
#include "raft/message.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ENTRIES = 6, MAX_PAYLOAD = 40, MAX_MESSAGE = 48 + 6 * 56 };

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

struct sample {
    struct raft_message message;
    struct raft_entry entries[MAX_ENTRIES];
    uint8_t payloads[MAX_ENTRIES][MAX_PAYLOAD];
};

static void draw_append(struct sample *s, uint64_t *state)
{
    struct raft_message *m = &s->message;
    m->append_request.prev.term = draw_number(state);
    m->append_request.prev.index = draw_number(state);
    m->append_request.leader_commit = draw_number(state);
    m->append_request.n_entries = (uint32_t)(draw(state) % (MAX_ENTRIES + 1));
    m->append_request.entries = s->entries;
    for (uint32_t i = 0; i < m->append_request.n_entries; i++) {
        bool noop = draw(state) % 4 == 0;
        uint32_t size = noop ? 0 : (uint32_t)(draw(state) % MAX_PAYLOAD);
        for (uint32_t j = 0; j < size; j++)
            s->payloads[i][j] = (uint8_t)draw(state);
        s->entries[i] = (struct raft_entry){
            .term = draw_number(state),
            .data = size > 0 ? s->payloads[i] : NULL,
            .size = size,
            .kind = noop ? RAFT_ENTRY_NOOP : RAFT_ENTRY_COMMAND};
    }
}

static void draw_message(struct sample *s, uint64_t *state)
{
    struct raft_message *m = &s->message;
    *m = (struct raft_message){
        .kind = (enum raft_message_kind)(1 + draw(state) % 6),
        .term = draw_number(state)};
    switch (m->kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        m->vote_request.last.term = draw_number(state);
        m->vote_request.last.index = draw_number(state);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        m->vote_response.granted = draw(state) % 2 == 0;
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        draw_append(s, state);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        m->append_response.success = draw(state) % 2 == 0;
        if (m->append_response.success) {
            m->append_response.match_index = draw_number(state);
        } else {
            m->append_response.rejected = draw_number(state);
            m->append_response.conflict.term = draw_number(state);
            m->append_response.conflict.index = draw_number(state);
        }
        break;
    }
}

static void check_append(const struct raft_message *a,
                         const struct raft_message *b)
{
    struct raft_entry_cursor cursor = b->append_request.cursor;
    struct raft_entry entry;
    cr_assert_eq(
        raft_position_compare(a->append_request.prev, b->append_request.prev),
        0);
    cr_assert_eq(a->append_request.leader_commit,
                 b->append_request.leader_commit);
    cr_assert_eq(a->append_request.n_entries, b->append_request.n_entries);
    for (uint32_t i = 0; i < a->append_request.n_entries; i++) {
        const struct raft_entry *want = &a->append_request.entries[i];
        cr_assert(raft_entry_cursor_next(&cursor, &entry));
        cr_assert_eq(entry.term, want->term);
        cr_assert_eq(entry.size, want->size);
        cr_assert_eq(entry.kind, want->kind);
        cr_assert_eq(entry.data == NULL, want->size == 0);
        cr_assert(want->size == 0 ||
                  memcmp(entry.data, want->data, want->size) == 0);
    }
    cr_assert_not(raft_entry_cursor_next(&cursor, &entry));
    cr_assert_eq(cursor.size, 0);
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
        cr_assert_eq(
            raft_position_compare(a->vote_request.last, b->vote_request.last),
            0);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        cr_assert_eq(a->vote_response.granted, b->vote_response.granted);
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        check_append(a, b);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        cr_assert_eq(a->append_response.success, b->append_response.success);
        cr_assert_eq(a->append_response.match_index,
                     b->append_response.match_index);
        cr_assert_eq(a->append_response.rejected, b->append_response.rejected);
        cr_assert_eq(raft_position_compare(a->append_response.conflict,
                                           b->append_response.conflict),
                     0);
        break;
    }
}

/* A copy that ends where its block does, so that a sanitizer sees every byte
 * read beyond it; at `shift` bytes from an aligned address. */
static bool decodes(const uint8_t *bytes, size_t size, size_t shift)
{
    struct raft_message m;
    uint8_t *block = malloc(size + shift + 1);
    cr_assert_not_null(block);
    uint8_t *copy = realloc(block, size + shift > 0 ? size + shift : 1);
    cr_assert_not_null(copy);
    if (size > 0)
        memcpy(copy + shift, bytes, size);
    bool ok = raft_message_decode(copy + shift, size, &m);
    free(copy);
    return ok;
}

/* --- what goes in comes out ----------------------------------------------- */

Test(raft_message, round_trips)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        struct sample s;
        uint8_t bytes[MAX_MESSAGE + 8];
        struct raft_message back;
        draw_message(&s, &state);
        size_t shift = draw(&state) % 8; /* unaligned as well */
        size_t size = raft_message_size(&s.message);
        cr_assert_leq(size, MAX_MESSAGE);
        memset(bytes, 0x5a, sizeof bytes);
        cr_assert_eq(raft_message_encode(&s.message, bytes + shift), size);
        for (size_t j = 0; j < sizeof bytes; j++) /* and no byte beside it */
            cr_assert((j >= shift && j < shift + size) || bytes[j] == 0x5a);
        cr_assert(raft_message_decode(bytes + shift, size, &back));
        check_equal(&s.message, &back);
        cr_assert(decodes(bytes + shift, size, shift));
    }
}

/* The same message gives the same bytes, whatever lay there before. */
Test(raft_message, encoding_leaves_no_byte_as_it_was)
{
    uint64_t state = 2;
    for (int i = 0; i < 2000; i++) {
        struct sample s;
        uint8_t a[MAX_MESSAGE], b[MAX_MESSAGE];
        draw_message(&s, &state);
        memset(a, 0x00, sizeof a);
        memset(b, 0xff, sizeof b);
        size_t size = raft_message_encode(&s.message, a);
        raft_message_encode(&s.message, b);
        cr_assert_eq(memcmp(a, b, size), 0);
    }
}

/* --- golden bytes --------------------------------------------------------- */

static void check_golden(const struct raft_message *message,
                         const uint8_t *golden, size_t size)
{
    uint8_t bytes[MAX_MESSAGE];
    cr_assert_eq(raft_message_size(message), size);
    cr_assert_eq(raft_message_encode(message, bytes), size);
    for (size_t i = 0; i < size; i++)
        if (i < 4 || i >= 8) /* the checksum */
            cr_assert_eq(bytes[i], golden[i], "%s, offset %zu",
                         raft_message_kind_name(message->kind), i);
}

Test(raft_message, layout_of_votes)
{
    static const uint8_t request[32] = {
        1,    1,    0,    0,
        0,    0,    0,    0, /* version, kind, flags, 0, checksum */
        0x08, 0x07, 0x06, 0x05,
        0x04, 0x03, 0x02, 0x01, /* term */
        0x0d, 0,    0,    0,
        0,    0,    0,    0, /* last term */
        0x00, 0x01, 0,    0,
        0,    0,    0,    0x80, /* last index */
    };
    static const uint8_t response[16] = {
        1, 2, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    };
    uint8_t golden[32];
    for (unsigned kind = 1; kind <= 4; kind++) {
        struct raft_message m = {.kind = (enum raft_message_kind)kind};
        bool asks = kind % 2 == 1;
        if (asks) {
            m.term = UINT64_C(0x0102030405060708);
            m.vote_request.last.term = 13;
            m.vote_request.last.index = UINT64_C(0x8000000000000100);
        } else {
            m.term = UINT64_MAX;
            m.vote_response.granted = true;
        }
        memcpy(golden, asks ? request : response, asks ? 32 : 16);
        golden[1] = (uint8_t)kind;
        check_golden(&m, golden, asks ? 32 : 16);
        if (!asks) {
            m.vote_response.granted = false;
            golden[2] = 0;
            check_golden(&m, golden, 16);
        }
    }
}

Test(raft_message, layout_of_append_request)
{
    static const uint8_t golden[48 + 16 + 16 + 24] = {
        1,   5,   0,   0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, /* header, term */
        7,   0,   0,   0, 0, 0, 0, 0,                         /* prev term */
        0,   1,   0,   0, 0, 0, 0, 0,                         /* prev index */
        6,   5,   4,   3, 2, 1, 0, 0, /* leader commit */
        3,   0,   0,   0, 0, 0, 0, 0, /* count, zeros */
        8,   0,   0,   0, 0, 0, 0, 0, /* entry 1: term, */
        0,   0,   0,   0, 0, 0, 0, 0, /* size, no-op */
        9,   0,   0,   0, 0, 0, 0, 0, /* entry 2: */
        0,   0,   0,   0, 1, 0, 0, 0, /* an empty command */
        9,   0,   0,   0, 0, 0, 0, 0, /* entry 3: */
        3,   0,   0,   0, 1, 0, 0, 0, /* a command, */
        'a', 'b', 'c', 0, 0, 0, 0, 0, /* padded to 8 */
    };
    const struct raft_entry entries[] = {
        {8, NULL, 0, RAFT_ENTRY_NOOP},
        {9, NULL, 0, RAFT_ENTRY_COMMAND},
        {9, (const uint8_t *)"abc", 3, RAFT_ENTRY_COMMAND},
    };
    struct raft_message m = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .term = 9,
        .append_request = {.prev = {7, 256},
                           .leader_commit = UINT64_C(0x010203040506),
                           .n_entries = 3,
                           .entries = entries}};
    check_golden(&m, golden, sizeof golden);
}

Test(raft_message, layout_of_append_response)
{
    static const uint8_t success[48] = {
        1, 6, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe,
    };
    static const uint8_t failure[48] = {
        1, 6, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, /* header, term */
        0, 0, 0, 0, 0, 0, 0, 0,                         /* match */
        3, 0, 0, 0, 0, 0, 0, 0,                         /* rejected */
        4, 0, 0, 0, 0, 0, 0, 0,                         /* conflict: term */
        5, 0, 0, 0, 0, 0, 0, 0,                         /* and index */
    };
    struct raft_message m = {
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = 2,
        .append_response = {.success = true, .match_index = 0xfeff}};
    check_golden(&m, success, sizeof success);
    m.append_response.success = false;
    m.append_response.match_index = 0;
    m.append_response.rejected = 3;
    m.append_response.conflict = (struct raft_position){4, 5};
    check_golden(&m, failure, sizeof failure);
}

Test(raft_message, kinds_have_names)
{
    static const char *const names[] = {NULL,
                                        "pre_vote_request",
                                        "pre_vote_response",
                                        "vote_request",
                                        "vote_response",
                                        "append_request",
                                        "append_response"};
    for (unsigned kind = 1; kind <= 6; kind++)
        cr_assert_str_eq(raft_message_kind_name((enum raft_message_kind)kind),
                         names[kind]);
    cr_assert_null(raft_message_kind_name((enum raft_message_kind)0));
    cr_assert_null(raft_message_kind_name((enum raft_message_kind)7));
}

/* --- nothing else comes in ------------------------------------------------ */

Test(raft_message, every_flipped_bit_is_refused)
{
    uint64_t state = 3;
    for (int i = 0; i < 300; i++) {
        struct sample s;
        uint8_t bytes[MAX_MESSAGE];
        draw_message(&s, &state);
        size_t size = raft_message_encode(&s.message, bytes);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            cr_assert_not(decodes(bytes, size, 0), "bit %zu of %s", bit,
                          raft_message_kind_name(s.message.kind));
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        cr_assert(decodes(bytes, size, 0));
    }
}

Test(raft_message, every_cut_and_every_extension_is_refused)
{
    uint64_t state = 4;
    for (int i = 0; i < 600; i++) {
        struct sample s;
        uint8_t bytes[MAX_MESSAGE + 64];
        draw_message(&s, &state);
        size_t size = raft_message_encode(&s.message, bytes);
        for (size_t cut = 0; cut < size; cut++)
            cr_assert_not(decodes(bytes, cut, cut % 8));
        for (int fill = 0; fill < 2; fill++) {
            memset(bytes + size, fill == 0 ? 0 : 0xa5, 64);
            for (size_t more = 1; more <= 64; more++)
                cr_assert_not(decodes(bytes, size + more, 0));
        }
    }
}

/* Counts and sizes that the buffer does not hold. The checksum refuses them
 * already; what is behind it is for the fuzzer. */
Test(raft_message, huge_counts_are_refused)
{
    const struct raft_entry entry = {1, (const uint8_t *)"abc", 3,
                                     RAFT_ENTRY_COMMAND};
    struct raft_message m = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .term = 1,
        .append_request = {.n_entries = 1, .entries = &entry}};
    const size_t fields[] = {40, 56}; /* the count; the entry's size */
    const uint32_t values[] = {
        0, 2, 4, 0x10000000u, 0x7fffffffu, 0xfffffff8u, 0xffffffffu};
    for (size_t f = 0; f < 2; f++)
        for (size_t v = 0; v < 7; v++) {
            uint8_t bytes[MAX_MESSAGE];
            size_t size = raft_message_encode(&m, bytes);
            for (size_t i = 0; i < 4; i++)
                bytes[fields[f] + i] = (uint8_t)(values[v] >> (8 * i));
            cr_assert_not(decodes(bytes, size, 0));
        }
}

/* A cursor over bytes that no decoder has looked at stops; it never reads
 * beyond its size. */
Test(raft_message, a_cursor_stays_within_its_bytes)
{
    uint64_t state = 5;
    for (int i = 0; i < 20000; i++) {
        size_t size = draw(&state) % 64;
        uint8_t *bytes = malloc(size > 0 ? size : 1);
        cr_assert_not_null(bytes);
        for (size_t j = 0; j < size; j++)
            bytes[j] = draw(&state) % 2 == 0 ? 0 : (uint8_t)draw(&state);
        if (size >= 16 && draw(&state) % 2 == 0) {
            memset(bytes + 8, 0, 8);
            bytes[8] = (uint8_t)(draw(&state) % 64);
        }
        struct raft_entry_cursor cursor = {bytes, size};
        struct raft_entry entry;
        uint64_t sum = 0;
        for (int n = 0; raft_entry_cursor_next(&cursor, &entry); n++) {
            cr_assert_lt(n, 5);
            for (uint32_t j = 0; j < entry.size; j++)
                sum += entry.data[j];
            cr_assert_leq(cursor.size, size);
        }
        cr_assert_neq(sum, UINT64_MAX);
        free(bytes);
    }
}
