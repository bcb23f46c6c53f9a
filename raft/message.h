/* The messages between servers and their encoding.
 *
 * A message is fixed-width little-endian, the same on every machine:
 *
 *   offset size
 *        0    1  version, RAFT_MESSAGE_VERSION
 *        1    1  kind
 *        2    1  flags: bit 0 is `granted`, `success`, `transfer`, `lease` or
 *                `installed`, whichever the kind has; the others are 0
 *        3    1  0
 *        4    4  checksum of all the other bytes
 *        8    8  term
 *       16    …  the kind's fields in the order of the struct, 8 bytes each
 *
 * AppendEntries goes on with a 4-byte count, 4 zero bytes and its entries: term
 * (8), size (4), kind (1), omitted (1: 0 or 1), two zero bytes, session (8),
 * sequence (8), payload, zeros up to a multiple of 8. InstallSnapshot goes on
 * with its chunk: size (4), 4 zero bytes, bytes, zeros up to a multiple of 8.
 * Decoding accepts exactly what encoding gives: every other byte string is
 * refused, whatever was cut, flipped or appended, and no byte outside of it is
 * read.
 */
#ifndef RAFT_MESSAGE_H
#define RAFT_MESSAGE_H

#include "raft/raft.h"

#define RAFT_MESSAGE_VERSION 2

enum raft_message_kind {
    RAFT_MESSAGE_PRE_VOTE_REQUEST = 1, /* dissertation, 9.6 */
    RAFT_MESSAGE_PRE_VOTE_RESPONSE,
    RAFT_MESSAGE_VOTE_REQUEST, /* paper, Figure 2: RequestVote */
    RAFT_MESSAGE_VOTE_RESPONSE,
    RAFT_MESSAGE_APPEND_REQUEST, /* paper, Figure 2: AppendEntries */
    RAFT_MESSAGE_APPEND_RESPONSE,
    RAFT_MESSAGE_INSTALL_REQUEST, /* paper, Figure 13: InstallSnapshot */
    RAFT_MESSAGE_INSTALL_RESPONSE,
    RAFT_MESSAGE_TIMEOUT_NOW,  /* dissertation, 3.10: campaign at once */
    RAFT_MESSAGE_READ_REQUEST, /* dissertation, 6.4: of a follower */
    RAFT_MESSAGE_READ_RESPONSE,
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
            bool transfer; /* by the leader's own wish (3.10); never in a
                              pre-vote request */
        } vote_request;    /* and of a pre-vote request */
        struct {
            bool granted;
        } vote_response; /* and of a pre-vote response */
        struct {
            struct raft_position prev; /* directly before the entries */
            uint64_t leader_commit;
            uint64_t sequence; /* of the leader's step that sent it: comes back
                                  in the answer, so that an answer tells which
                                  questions it is later than (6.4) */
            uint32_t n_entries;
            bool omit_commands; /* to a witness: commands go without payload, as
                                   `omitted` */
            const struct raft_entry *entries; /* encoding: what to send */
            struct raft_entry_cursor cursor;  /* decoding: what came */
        } append_request;
        struct {
            uint64_t sequence; /* of the request; 0 if that was of an older
                                  term: servers count anew after a restart */
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
        struct {
            struct raft_position position; /* of the snapshot */
            uint64_t sequence;             /* as in append_request */
            uint64_t total;  /* bytes of its meta, its image, and 8 for the
                                size of its meta, which comes first */
            uint64_t digest; /* of those: another leader's snapshot of the same
                                place may have other bytes */
            uint64_t offset; /* of the chunk in those */
            bool omit_image; /* to a witness: the whole is the meta alone */
            uint32_t size;   /* of the chunk; 0: only asks how far it is */
            const uint8_t *bytes;
        } install_request;
        struct {
            uint64_t sequence; /* as in append_response */
            bool installed;    /* durable: the log equals the leader's up to
                                  `index` */
            uint64_t index;    /* of the snapshot; installed: at least */
            uint64_t offset;   /* bytes that arrived; installed: 0 */
        } install_response;
        struct {
            uint64_t id; /* the asking server's, comes back */
            bool lease;
        } read_request;
        struct {
            uint64_t id;
            bool granted;   /* else that server does not lead */
            uint64_t index; /* granted: what must be applied first; else 0 */
        } read_response;
    };
};

/* The name of a kind: "append_request"; NULL for none of them. */
const char *raft_message_kind_name(enum raft_message_kind kind);

/* How many bytes the message takes. */
size_t raft_message_size(const struct raft_message *message);

/* Writes the message to `bytes`, which must have room for raft_message_size()
 * of them. Returns that size. */
size_t raft_message_encode(const struct raft_message *message, uint8_t *bytes);

/* Reads what a message says before its entries or its chunk, of which there is
 * neither cursor nor pointer. For bytes that the own process encoded: neither
 * the checksum nor what follows is looked at. False if they are none. */
bool raft_message_peek(const uint8_t *bytes, size_t size,
                       struct raft_message *message);

/* Reads a message; false if `bytes` are not exactly one. The cursor of an
 * AppendEntries and the chunk of an InstallSnapshot point into `bytes`. */
bool raft_message_decode(const uint8_t *bytes, size_t size,
                         struct raft_message *message);

/* Whether there can be such an entry in a log: what its kind does not have is
 * zero, a configuration is one. Its term is not looked at. */
bool raft_entry_is_sound(const struct raft_entry *entry);

/* Takes the next entry off a decoded cursor, its data pointing into the
 * message. False when there is none left. */
bool raft_entry_cursor_next(struct raft_entry_cursor *cursor,
                            struct raft_entry *entry);

#endif
