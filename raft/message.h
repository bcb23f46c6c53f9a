/* The messages between servers and their encoding.
 *
 * A message is fixed-width little-endian, the same on every machine:
 *
 *   offset size
 *        0    1  version, RAFT_MESSAGE_VERSION
 *        1    1  kind
 *        2    1  flags: bit 0 is `granted` or `success`; the others are 0
 *        3    1  0
 *        4    4  checksum of all the other bytes
 *        8    8  term
 *       16    …  the kind's fields in the order of the struct, 8 bytes each
 *
 * AppendEntries goes on with a 4-byte count, 4 zero bytes and its entries:
 * term (8), size (4), kind (1), three zero bytes, payload, zeros up to a
 * multiple of 8. Decoding accepts exactly what encoding gives: every other
 * byte string is refused, whatever was cut, flipped or appended, and no byte
 * outside of it is read.
 */
#ifndef RAFT_MESSAGE_H
#define RAFT_MESSAGE_H

#include "raft/raft.h"

#define RAFT_MESSAGE_VERSION 1

enum raft_message_kind {
    RAFT_MESSAGE_PRE_VOTE_REQUEST = 1, /* dissertation, 9.6 */
    RAFT_MESSAGE_PRE_VOTE_RESPONSE,
    RAFT_MESSAGE_VOTE_REQUEST, /* paper, Figure 2: RequestVote */
    RAFT_MESSAGE_VOTE_RESPONSE,
    RAFT_MESSAGE_APPEND_REQUEST, /* paper, Figure 2: AppendEntries */
    RAFT_MESSAGE_APPEND_RESPONSE,
};

/* Entries as they lie in a message: walk them with raft_entry_cursor_next(). */
struct raft_entry_cursor {
    const uint8_t *bytes;
    size_t size; /* bytes left; 0 when all are read */
};

struct raft_message {
    enum raft_message_kind kind;
    uint64_t
        term; /* the sender's current term; in a pre-vote request, and in
                 its granted response, the term that it would campaign in */
    union {
        struct {
            struct raft_position last; /* the candidate's last entry */
        } vote_request;                /* and of a pre-vote request */
        struct {
            bool granted;
        } vote_response; /* and of a pre-vote response */
        struct {
            struct raft_position prev; /* directly before the entries */
            uint64_t leader_commit;
            uint32_t n_entries;
            const struct raft_entry *entries; /* encoding: what to send */
            struct raft_entry_cursor cursor;  /* decoding: what came */
        } append_request;
        struct {
            bool success;
            uint64_t match_index; /* success: the log equals the leader's up to
                                     here; else 0 */
            uint64_t rejected;    /* failure: the prev index that did not match;
                                     else 0 */
            struct raft_position
                conflict; /* failure (paper, 5.3, fast back-off):
the term found at `rejected` and the first index of that term;
if the log ends before, term 0 and the index after its end */
        } append_response;
    };
};

/* The name of a kind: "append_request"; NULL for none of them. */
const char *raft_message_kind_name(enum raft_message_kind kind);

/* How many bytes the message takes. */
size_t raft_message_size(const struct raft_message *message);

/* Writes the message to `bytes`, which must have room for raft_message_size()
 * of them. Returns that size. */
size_t raft_message_encode(const struct raft_message *message, uint8_t *bytes);

/* Reads a message; false if `bytes` are not exactly one. The cursor of an
 * AppendEntries points into `bytes`. */
bool raft_message_decode(const uint8_t *bytes, size_t size,
                         struct raft_message *message);

/* Takes the next entry off a decoded cursor, its data pointing into the
 * message. False when there is none left. */
bool raft_entry_cursor_next(struct raft_entry_cursor *cursor,
                            struct raft_entry *entry);

#endif
