/* What a server stores, and what servers and hosts tell each other: places in
 * the log, entries, members, snapshots. */
#ifndef RAFT_DATA_H
#define RAFT_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The identity of a server: 1 to RAFT_MAX_ID, never reused. 0 means "none". */
typedef uint64_t raft_id;

#define RAFT_NONE ((raft_id)0)
#define RAFT_MAX_ID ((raft_id)1 << 62)

/* Room for any cluster in use (the largest documented ones have 9 voters), and
 * for the simulated ones of 101. */
#define RAFT_MAX_MEMBERS 128

/* One command's bytes at most: a message carries whole entries, and its sizes
 * are 32-bit. */
#define RAFT_MAX_COMMAND_BYTES (16u << 20)

/* The place of an entry in a log. Term and index travel together: by the Log
 * Matching Property (paper, 5.3) they name the entry and all before it.
 * {0, 0} is the place before the first entry; the first entry has index 1. */
struct raft_position {
    uint64_t term;
    uint64_t index;
};

/* The order of "at least as up-to-date" (paper, 5.4.1): the later term wins,
 * then the longer log. Negative, 0 or positive like memcmp. */
int raft_position_compare(struct raft_position a, struct raft_position b);

enum raft_entry_kind {
    RAFT_ENTRY_NOOP = 0,          /* a new leader's first entry; no payload */
    RAFT_ENTRY_COMMAND = 1,       /* a client's command, opaque */
    RAFT_ENTRY_CONFIGURATION = 2, /* the members from here on: the payload is
                                     raft_configuration_encode()'s */
    RAFT_ENTRY_SESSION = 3,       /* opens a client's session; no payload */
};

/* What the session of an applied command says about it (6.3). */
enum raft_verdict {
    RAFT_FRESH = 0, /* to be applied; also every command without a session */
    RAFT_REPEATED,  /* was applied before, or a later one of its session was:
                       not to be applied; the answer is that of the first time */
    RAFT_EXPIRED,   /* its session is not open any more: not to be applied, and
                       nobody knows whether it was */
};

/* One entry of the log. `data` points to `size` bytes (NULL when size is 0).
 *
 * Of what a write holds, the host stores term, kind, data, omitted, session and
 * sequence, and gives them back in the image; `verdict`, and the `session` of a
 * SESSION entry, are found anew whenever it is applied, and ignored there. */
struct raft_entry {
    uint64_t term;
    const uint8_t *data;
    uint32_t size;
    enum raft_entry_kind kind;
    bool omitted; /* the command's payload is not stored here (on a witness);
                     size is 0 then */
    enum raft_verdict verdict; /* of a COMMAND in an APPLY; else RAFT_FRESH */
    /* COMMAND: its session, by the index of the entry that opened it; 0: none.
     * SESSION, in an APPLY: the session that was closed to make room, or 0. */
    uint64_t session;
    /* COMMAND: its number in the session, rising from 1. SESSION: how many
     * sessions are kept, this one included; 1 or more. */
    uint64_t sequence;
};

/* --- members ------------------------------------------------------------ */

/* What a member of the cluster does: one of VOTER, LEARNER or WITNESS and
 * VOTER; OLD_VOTER is set by the library during a joint configuration. */
enum {
    RAFT_MEMBER_VOTER = 1,     /* counts in the majority of the (new) members */
    RAFT_MEMBER_OLD_VOTER = 2, /* counts in the majority of the old members; a
                                  configuration with one of these is joint
                                  (4.3). Without VOTER and LEARNER it leaves
                                  with the joint configuration */
    RAFT_MEMBER_LEARNER = 4,   /* gets the log, counts in nothing (4.2.1) */
    RAFT_MEMBER_WITNESS = 8,   /* beside VOTER or OLD_VOTER: gets the log
                                  without commands, never leads, has no state
                                  to read; see below */
};

/* With a witness, two full servers tolerate the loss of one of them. What is
 * committed is durable on a full voter besides, and so is what a witness holds.
 * The price: of two full voters and a witness, where one lags behind and the
 * other stops, the witness votes for neither, and nobody leads until it is
 * back.
 *
 * An id that was ever proposed as a witness, committed or not, stays one: it
 * can leave, and come back as a witness. */
struct raft_member {
    raft_id id;
    uint8_t flags;
    uint8_t priority; /* who leads if several could: the higher */
};

/* The payload of a configuration entry: 16 bytes a member, by rising id. */
#define RAFT_MEMBER_SIZE ((size_t)16)

/* Writes `n` members to `bytes`, which has room for n * RAFT_MEMBER_SIZE. */
void raft_configuration_encode(const struct raft_member *members, uint32_t n,
                               uint8_t *bytes);

/* Reads a configuration: into `members`, with room for RAFT_MAX_MEMBERS, and
 * `*n`. False if `bytes` are not exactly one: ids rise, are neither 0 nor
 * beyond RAFT_MAX_MEMBERS in number, the flags make sense, there is a voter. No
 * bytes at all are the configuration of a server that knows nobody yet. */
bool raft_configuration_decode(const uint8_t *bytes, size_t size,
                               struct raft_member *members, uint32_t *n);

/* What a server must not forget besides its log (paper, Figure 2). */
struct raft_hard_state {
    uint64_t current_term; /* 0 before the first election */
    raft_id voted_for;     /* in current_term; RAFT_NONE if nobody yet */
};

/* The state that the log up to `position` gives (5.1). `meta` is the library's:
 * the members and the sessions at that place; `image` is the state machine's.
 * Both are opaque to the host, who stores and returns them. */
struct raft_snapshot {
    struct raft_position position;
    const uint8_t *meta;
    size_t meta_size;
    const uint8_t *image;
    size_t image_size;
};

/* Everything that survives a crash: what a node is created from. All zero is a
 * server that never ran and knows nobody: it waits for a leader to speak to it.
 * A server of a new cluster has a snapshot at {0, 0} with the `meta` that
 * raft_bootstrap() makes of its members, and no image; all of them the same.
 *
 * The entries have the indexes from `first_index` on; there is no gap between
 * them and the snapshot, but they may begin before it, and where a crash came
 * between the two, may even contradict it: then the snapshot counts. Terms
 * never decrease and never exceed current_term, which is below 2^62, as all
 * indexes are. The node copies what it needs. */
struct raft_image {
    struct raft_hard_state hard_state;
    struct raft_snapshot snapshot;
    uint64_t first_index; /* of `entries`; any if there are none */
    const struct raft_entry *entries;
    uint64_t n_entries;
};

/* The `meta` of a new cluster's snapshot at {0, 0}: `bytes` has room for
 * raft_bootstrap_size(n). The members are valid as in
 * raft_configuration_decode(). */
size_t raft_bootstrap_size(uint32_t n);
void raft_bootstrap(const struct raft_member *members, uint32_t n,
                    uint8_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
