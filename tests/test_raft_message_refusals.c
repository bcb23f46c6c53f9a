/* What the codec must refuse behind a checksum that is right: bytes that
 * encoding does not give, sizes that do not fit, messages that make no sense by
 * the comments in raft/message.h and raft/raft.h. Each test also shows what is
 * next to it and accepted. */
#include "raft/message.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/message_forge.h"

enum { N_KINDS = 11, MAX_MESSAGE = 256 };

/* Whether the message, as it is encoded, is accepted. */
static bool is_accepted(const struct raft_message *message)
{
    uint8_t bytes[MAX_MESSAGE];
    size_t size = raft_message_size(message);
    cr_assert_leq(size, sizeof bytes);
    raft_message_encode(message, bytes);
    return message_decodes(bytes, size, 0);
}

/* --- bytes ---------------------------------------------------------------- */

/* The byte at `offset` takes its `good` values, and no other of the 256. */
static void check_byte(const uint8_t *bytes, size_t size, size_t offset,
                       const uint8_t *good, size_t n_good)
{
    for (unsigned value = 0; value < 256; value++) {
        uint8_t altered[MAX_MESSAGE];
        memcpy(altered, bytes, size);
        altered[offset] = (uint8_t)value;
        message_seal(altered, size);
        bool want = n_good > 0 && memchr(good, (int)value, n_good) != NULL;
        cr_assert_eq(message_decodes(altered, size, 0), want,
                     "%s, offset %zu: %u",
                     raft_message_kind_name((enum raft_message_kind)bytes[1]),
                     offset, value);
    }
}

/* The header: every value of version, kind, flags and the zero. */
Test(raft_message_refusals, headers_are_exact)
{
    static const struct {
        uint8_t kind;
        uint8_t flags;   /* how many values: 1 or 2 */
        uint8_t like[4]; /* the kinds that these bytes could as well be */
        uint8_t n_like;
    } kinds[] = {
        {1, 1, {1, 3}, 2}, /* not 11: without the flag its index is 0 */
        {2, 2, {2, 4, 9}, 3},   {3, 2, {1, 3}, 2},    {4, 2, {2, 4, 9}, 3},
        {5, 2, {5, 6}, 2},      {6, 2, {5, 6}, 2},    {7, 2, {7}, 1},
        {8, 2, {8}, 1},         {9, 1, {2, 4, 9}, 3}, {10, 2, {10}, 1},
        {11, 2, {1, 3, 11}, 3},
    };
    static const uint8_t zero_and_one[] = {0, 1}, version[] = {2};
    for (size_t k = 0; k < N_KINDS; k++) {
        struct raft_message m = {.kind = (enum raft_message_kind)kinds[k].kind,
                                 .term = 1};
        uint8_t bytes[MAX_MESSAGE];
        if (m.kind == RAFT_MESSAGE_INSTALL_REQUEST)
            m.install_request.total = 8;
        if (m.kind == RAFT_MESSAGE_PRE_VOTE_REQUEST ||
            m.kind == RAFT_MESSAGE_VOTE_REQUEST)
            m.vote_request.last.index = 1;
        size_t size = raft_message_encode(&m, bytes);
        check_byte(bytes, size, 0, version, 1);
        check_byte(bytes, size, 1, kinds[k].like, kinds[k].n_like);
        check_byte(bytes, size, 2, zero_and_one, kinds[k].flags);
        check_byte(bytes, size, 3, zero_and_one, 1); /* 0 only */
    }
}

/* The zeros and the padding of entries and chunks, `omitted`, the kind. */
Test(raft_message_refusals, zeros_are_zeros)
{
    static const uint8_t zero = 0, command = RAFT_ENTRY_COMMAND;
    static const uint8_t noop_or_command[] = {0, 1}, not_omitted[] = {0};
    const struct raft_entry entries[] = {
        {.term = 1, .kind = RAFT_ENTRY_COMMAND},
        {.term = 1,
         .kind = RAFT_ENTRY_COMMAND,
         .data = (const uint8_t *)"abc",
         .size = 3}};
    struct raft_message append = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .append_request = {.n_entries = 2, .entries = entries}};
    struct raft_message install = {
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .install_request = {
            .total = 9, .size = 3, .bytes = (const uint8_t *)"abc"}};
    uint8_t bytes[MAX_MESSAGE];
    size_t size = raft_message_encode(&append, bytes);
    const size_t first = 56, second = first + 32;
    for (size_t i = 52; i < 56; i++) /* behind the count */
        check_byte(bytes, size, i, &zero, 1);
    check_byte(bytes, size, first + 13, noop_or_command, 2); /* omitted */
    check_byte(bytes, size, second + 12, &command, 1);
    check_byte(bytes, size, second + 13, not_omitted, 1);
    for (size_t i = 14; i < 16; i++)
        check_byte(bytes, size, second + i, &zero, 1);
    for (size_t i = 3; i < 8; i++)
        check_byte(bytes, size, second + 32 + i, &zero, 1);
    size = raft_message_encode(&install, bytes);
    for (size_t i = 60; i < 64; i++) /* behind the size */
        check_byte(bytes, size, i, &zero, 1);
    for (size_t i = 64 + 3; i < 64 + 8; i++)
        check_byte(bytes, size, i, &zero, 1);
}

/* Counts and sizes that the buffer does not hold. */
Test(raft_message_refusals, huge_counts_are_refused)
{
    const struct raft_entry entry = {.term = 1,
                                     .kind = RAFT_ENTRY_COMMAND,
                                     .data = (const uint8_t *)"abc",
                                     .size = 3};
    struct raft_message append = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .append_request = {.n_entries = 1, .entries = &entry}};
    struct raft_message install = {
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .install_request = {
            .total = UINT64_MAX, .size = 3, .bytes = (const uint8_t *)"abc"}};
    const struct {
        const struct raft_message *message;
        size_t offset;
    } fields[] = {{&append, 48}, {&append, 56 + 8}, {&install, 64}};
    const uint32_t values[] = {0,           2,           9,
                               0x10000000u, 0x40000001u, 0x7fffffffu,
                               0xfffffff8u, 0xfffffff9u, 0xffffffffu};
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            uint8_t bytes[MAX_MESSAGE];
            size_t size = raft_message_encode(fields[f].message, bytes);
            cr_assert(message_decodes(bytes, size, 0));
            for (size_t i = 0; i < 4; i++)
                bytes[fields[f].offset + i] = (uint8_t)(values[v] >> (8 * i));
            message_seal(bytes, size);
            cr_assert_not(message_decodes(bytes, size, 0), "field %zu, %u", f,
                          values[v]);
        }
}

/* A chunk whose padded size a 32-bit size_t counts as 0 is not an empty one. */
Test(raft_message_refusals, sizes_do_not_wrap)
{
    const struct raft_message asks = {.kind = RAFT_MESSAGE_INSTALL_REQUEST,
                                      .install_request = {.total = UINT64_MAX}};
    for (unsigned last = 0xf8; last <= 0xff; last++) {
        uint8_t bytes[MAX_MESSAGE];
        size_t size = raft_message_encode(&asks, bytes);
        cr_assert(message_decodes(bytes, size, 0));
        memset(bytes + 64, 0xff, 4);
        bytes[64] = (uint8_t)last;
        message_seal(bytes, size);
        cr_assert_not(message_decodes(bytes, size, 0), "%x", last);
    }
}

/* --- what makes no sense -------------------------------------------------- */

static bool entry_is_accepted(struct raft_entry entry)
{
    entry.term = 1;
    struct raft_message m = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .append_request = {.n_entries = 1, .entries = &entry}};
    return is_accepted(&m);
}

/* Every combination of kind, payload, omitted, session and sequence. */
Test(raft_message_refusals, entries_have_what_their_kind_has)
{
    const struct raft_member voter = {1, RAFT_MEMBER_VOTER, 0};
    uint8_t members[RAFT_MEMBER_SIZE];
    raft_configuration_encode(&voter, 1, members);
    for (unsigned bits = 0; bits < 128; bits++) {
        enum raft_entry_kind kind = (enum raft_entry_kind)(bits % 4);
        bool payload = bits & 4, omitted = bits & 8;
        uint64_t session = bits & 16 ? UINT64_MAX : 0;
        uint64_t sequence = bits & 32 ? UINT64_C(1) << 63 : 0;
        struct raft_entry entry = {.kind = kind,
                                   .data = payload ? members : NULL,
                                   .size = payload ? sizeof members : 0,
                                   .omitted = omitted,
                                   .session = session,
                                   .sequence = sequence};
        bool sound = false;
        if (kind != RAFT_ENTRY_COMMAND && session != 0)
            continue; /* does not travel: see below */
        switch (kind) {
        case RAFT_ENTRY_NOOP:
            sound = !payload && !omitted && session == 0 && sequence == 0;
            break;
        case RAFT_ENTRY_COMMAND:
            sound = !(payload && omitted) && !session == !sequence;
            break;
        case RAFT_ENTRY_CONFIGURATION:
            sound = payload && !omitted && session == 0 && sequence == 0;
            break;
        case RAFT_ENTRY_SESSION:
            sound = !payload && !omitted && session == 0 && sequence != 0;
            break;
        }
        cr_assert_eq(entry_is_accepted(entry), sound, "%u", bits);
    }
    cr_assert_not(entry_is_accepted(
        (struct raft_entry){.kind = (enum raft_entry_kind)4}));
    cr_assert_not(entry_is_accepted(
        (struct raft_entry){.kind = (enum raft_entry_kind)255}));
}

/* Which session was closed for one, each server finds out by itself. */
Test(raft_message_refusals, only_commands_travel_with_a_session)
{
    const enum raft_entry_kind kinds[] = {RAFT_ENTRY_NOOP, RAFT_ENTRY_SESSION};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct raft_entry entry = {.kind = kinds[i],
                                   .term = 1,
                                   .session = 7,
                                   .sequence =
                                       kinds[i] == RAFT_ENTRY_SESSION ? 1 : 0};
        struct raft_message m = {
            .kind = RAFT_MESSAGE_APPEND_REQUEST,
            .append_request = {.n_entries = 1, .entries = &entry}};
        uint8_t bytes[MAX_MESSAGE];
        size_t size = raft_message_encode(&m, bytes);
        cr_assert(message_decodes(bytes, size, 0));
        cr_assert_eq(bytes[size - 16], 0);
        bytes[size - 16] = 7;
        message_seal(bytes, size);
        cr_assert_not(message_decodes(bytes, size, 0));
    }
}

/* A configuration entry is one of raft_configuration_encode()'s. */
Test(raft_message_refusals, configurations_are_valid)
{
    struct raft_member members[2] = {{1, RAFT_MEMBER_VOTER, 0},
                                     {2, RAFT_MEMBER_LEARNER, 9}};
    uint8_t bytes[2 * RAFT_MEMBER_SIZE];
    struct raft_entry entry = {
        .kind = RAFT_ENTRY_CONFIGURATION, .data = bytes, .size = sizeof bytes};
    raft_configuration_encode(members, 2, bytes);
    cr_assert(entry_is_accepted(entry));
    entry.size--;
    cr_assert_not(entry_is_accepted(entry), "not whole");
    entry.size = sizeof bytes;
    memcpy(bytes + RAFT_MEMBER_SIZE, bytes, RAFT_MEMBER_SIZE);
    cr_assert_not(entry_is_accepted(entry), "twice the same");
    members[0].flags = RAFT_MEMBER_LEARNER;
    raft_configuration_encode(members, 2, bytes);
    cr_assert_not(entry_is_accepted(entry), "no voter");
}

/* The largest command and no larger one. */
Test(raft_message_refusals, commands_are_bounded)
{
    const size_t room = 56 + 32 + RAFT_MAX_COMMAND_BYTES + 8;
    uint8_t *payload = calloc(1, RAFT_MAX_COMMAND_BYTES + 1);
    uint8_t *bytes = malloc(room);
    cr_assert(payload != NULL && bytes != NULL);
    struct raft_entry entry = {
        .term = 1, .kind = RAFT_ENTRY_COMMAND, .data = payload};
    struct raft_message back,
        m = {.kind = RAFT_MESSAGE_APPEND_REQUEST,
             .append_request = {.n_entries = 1, .entries = &entry}};
    for (uint32_t more = 0; more < 2; more++) {
        entry.size = RAFT_MAX_COMMAND_BYTES + more;
        cr_assert_leq(raft_message_size(&m), room);
        size_t size = raft_message_encode(&m, bytes);
        cr_assert_eq(raft_message_decode(bytes, size, &back), more == 0);
    }
    free(payload);
    free(bytes);
}

static bool chunk_is_accepted(uint64_t total, uint64_t offset, uint32_t size)
{
    struct raft_message m = {
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .install_request = {.total = total,
                            .offset = offset,
                            .size = size,
                            .bytes = (const uint8_t *)"abcdefgh"}};
    return is_accepted(&m);
}

Test(raft_message_refusals, chunks_lie_in_their_snapshot)
{
    static const struct {
        uint64_t total, offset;
        uint32_t size;
        bool accepted;
    } cases[] = {
        {8, 0, 0, true},
        {7, 0, 0, false}, /* without room for a size */
        {0, 0, 0, false},
        {8, 0, 8, true},
        {8, 1, 8, false},
        {8, 8, 0, true},
        {8, 9, 0, false},
        {8, 7, 1, true},
        {8, 7, 2, false},
        {8, 8, 1, false},
        {9, 2, 7, true},
        {UINT64_MAX, UINT64_MAX - 1, 1, true},
        {UINT64_MAX, UINT64_MAX, 0, true},
        {UINT64_MAX, UINT64_MAX, 1, false},
        {8, UINT64_MAX, 1, false}, /* offset + size is 0 */
        {8, UINT64_MAX - 6, 8, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(
            chunk_is_accepted(cases[i].total, cases[i].offset, cases[i].size),
            cases[i].accepted, "%zu", i);
}

/* What the header says to be 0 on the one side of a flag, is. */
Test(raft_message_refusals, a_flag_decides_about_the_fields)
{
    struct raft_message append = {.kind = RAFT_MESSAGE_APPEND_RESPONSE};
    struct raft_message install = {.kind = RAFT_MESSAGE_INSTALL_RESPONSE};
    struct raft_message read = {.kind = RAFT_MESSAGE_READ_RESPONSE};
    for (int side = 0; side < 2; side++) {
        bool yes = side == 1;
        append.append_response.success = yes;
        install.install_response.installed = yes;
        read.read_response.granted = yes;
        append.append_response.match_index = 1;
        cr_assert_eq(is_accepted(&append), yes);
        append.append_response.match_index = 0;
        append.append_response.rejected = 1;
        cr_assert_eq(is_accepted(&append), !yes);
        append.append_response.rejected = 0;
        cr_assert(is_accepted(&append));
        install.install_response.index = 1;
        cr_assert(is_accepted(&install));
        install.install_response.offset = 1;
        cr_assert_eq(is_accepted(&install), !yes);
        install.install_response.offset = 0;
        read.read_response.id = 1;
        cr_assert(is_accepted(&read));
        read.read_response.index = 1;
        cr_assert_eq(is_accepted(&read), yes);
        read.read_response.index = 0;
    }
}

/* --- the cursor ----------------------------------------------------------- */

/* xorshift64*: any small generator will do. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static bool draw_bool(uint64_t *state)
{
    return draw(state) % 2 == 0;
}

/* A cursor over bytes that no decoder has looked at stops; it never reads
 * beyond its size. */
Test(raft_message_refusals, a_cursor_stays_within_its_bytes)
{
    uint64_t state = 6;
    unsigned most = 0;
    for (int i = 0; i < 20000; i++) {
        size_t size = draw(&state) % 128;
        uint8_t *bytes = malloc(size > 0 ? size : 1);
        cr_assert_not_null(bytes);
        for (size_t j = 0; j < size; j++)
            bytes[j] = draw_bool(&state) ? 0 : (uint8_t)draw(&state);
        for (size_t j = 8; j + 8 <= size && draw_bool(&state); j += 32) {
            memset(bytes + j, 0, 4);
            bytes[j] = (uint8_t)(draw_bool(&state) ? 0 : draw(&state) % 128);
        }
        struct raft_entry_cursor cursor = {bytes, size};
        struct raft_entry entry;
        uint64_t sum = 0;
        unsigned n = 0;
        for (; raft_entry_cursor_next(&cursor, &entry); n++) {
            cr_assert_lt(n, 4);
            for (uint32_t j = 0; j < entry.size; j++)
                sum += entry.data[j];
            cr_assert_eq(cursor.bytes + cursor.size, bytes + size);
        }
        cr_assert_neq(sum, UINT64_MAX);
        most = n > most ? n : most;
        free(bytes);
    }
    cr_assert_eq(most, 3);
}
