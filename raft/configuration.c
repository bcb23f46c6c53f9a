/* Members as bytes: in entries and in snapshots. */
#undef NDEBUG
#include "raft/bytes.h"
#include "raft/raft.h"

#include <assert.h>
#include <string.h>

/* A member's 16 bytes: id (8), flags (1), priority (1), zeros (6). */
enum { FLAGS_AT = 8, PRIORITY_AT = 9, ZEROS_AT = 10 };

void raft_configuration_encode(const struct raft_member *members, uint32_t n,
                               uint8_t *bytes)
{
    raft_id previous = RAFT_NONE;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *at = bytes + i * RAFT_MEMBER_SIZE;
        assert(members[i].id > previous);
        previous = members[i].id;
        memset(at, 0, RAFT_MEMBER_SIZE);
        raft__put64(at, members[i].id);
        at[FLAGS_AT] = members[i].flags;
        at[PRIORITY_AT] = members[i].priority;
    }
}

/* Whether somebody can be that. A voter turns into a learner by way of the
 * joint configuration; a witness is a voter all its life. */
static bool flags_make_sense(unsigned flags)
{
    switch (flags) {
    case RAFT_MEMBER_VOTER:
    case RAFT_MEMBER_OLD_VOTER:
    case RAFT_MEMBER_OLD_VOTER | RAFT_MEMBER_VOTER:
    case RAFT_MEMBER_LEARNER:
    case RAFT_MEMBER_OLD_VOTER | RAFT_MEMBER_LEARNER:
    case RAFT_MEMBER_WITNESS | RAFT_MEMBER_VOTER:
    case RAFT_MEMBER_WITNESS | RAFT_MEMBER_OLD_VOTER:
    case RAFT_MEMBER_WITNESS | RAFT_MEMBER_OLD_VOTER | RAFT_MEMBER_VOTER:
        return true;
    }
    return false;
}

/* Reads one member, whose id must lie above `previous`. */
static bool decode_member(const uint8_t *bytes, raft_id previous,
                          struct raft_member *member)
{
    for (size_t i = ZEROS_AT; i < RAFT_MEMBER_SIZE; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    *member = (struct raft_member){.id = raft__get64(bytes),
                                   .flags = bytes[FLAGS_AT],
                                   .priority = bytes[PRIORITY_AT]};
    return member->id > previous && member->id <= RAFT_MAX_ID &&
           flags_make_sense(member->flags);
}

bool raft_configuration_decode(const uint8_t *bytes, size_t size,
                               struct raft_member *members, uint32_t *n)
{
    size_t count = size / RAFT_MEMBER_SIZE;
    if (size % RAFT_MEMBER_SIZE != 0 || count > RAFT_MAX_MEMBERS) {
        return false;
    }
    bool has_voter = false;
    raft_id previous = RAFT_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!decode_member(bytes + i * RAFT_MEMBER_SIZE, previous,
                           &members[i])) {
            return false;
        }
        previous = members[i].id;
        has_voter = has_voter || (members[i].flags & RAFT_MEMBER_VOTER) != 0;
    }
    if (count > 0 && !has_voter) {
        return false;
    }
    *n = (uint32_t)count;
    return true;
}
