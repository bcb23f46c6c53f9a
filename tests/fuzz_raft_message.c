/* libFuzzer target: the decoder on any bytes, as they are and once more with a
 * checksum that is right. What it accepts, encoding gives back byte for byte;
 * what it refuses, it refuses without reading beyond the end (the sanitizers
 * watch). */
#include "raft/message.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/message_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The entries of a decoded AppendEntries as an array, for encoding. */
static struct raft_entry *collect_entries(struct raft_message *message)
{
    struct raft_entry_cursor cursor = message->append_request.cursor;
    uint32_t n = message->append_request.n_entries;
    assert(n <= cursor.size / 32);
    struct raft_entry *entries = malloc((n + (size_t)1) * sizeof *entries);
    assert(entries != NULL);
    for (uint32_t i = 0; i < n; i++) {
        assert(raft_entry_cursor_next(&cursor, &entries[i]));
        assert(entries[i].size <= RAFT_MAX_COMMAND_BYTES);
        assert(!entries[i].omitted || entries[i].size == 0);
        assert(entries[i].verdict == RAFT_FRESH);
    }
    assert(!raft_entry_cursor_next(&cursor, &entries[n]));
    message->append_request.entries = entries;
    return entries;
}

static void try_bytes(const uint8_t *data, size_t size)
{
    struct raft_message message;
    struct raft_entry *entries = NULL;
    if (!raft_message_decode(data, size, &message))
        return;
    assert(raft_message_kind_name(message.kind) != NULL);
    if (message.kind == RAFT_MESSAGE_APPEND_REQUEST)
        entries = collect_entries(&message);
    if (message.kind == RAFT_MESSAGE_INSTALL_REQUEST)
        assert(message.install_request.size <= message.install_request.total);
    assert(raft_message_size(&message) == size);
    uint8_t *again = malloc(size);
    assert(again != NULL);
    assert(raft_message_encode(&message, again) == size);
    assert(memcmp(again, data, size) == 0);
    free(again);
    free(entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_bytes(data, size);
    if (size < 16 || size % 8 != 0)
        return 0;
    uint8_t *sealed = malloc(size);
    assert(sealed != NULL);
    memcpy(sealed, data, size);
    message_seal(sealed, size);
    try_bytes(sealed, size);
    free(sealed);
    return 0;
}
