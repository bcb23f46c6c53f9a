/* What a majority of the members decides: the one place that knows which
 * members count, and how many of them are enough. */
#include "raft/internal.h"

static uint64_t value_of(const struct raft *raft, uint32_t place,
                         enum raft__measure measure)
{
    const struct raft__peer *peer = &raft->peers[place];
    bool self = place == raft->self;
    switch (measure) {
    case RAFT__GRANTED:
        return peer->granted ? 1 : 0;
    case RAFT__HEARD:
        return self || peer->heard ? 1 : 0;
    case RAFT__MATCH:
        return self ? raft->durable_index : peer->match_index;
    case RAFT__ACKED:
        return self ? raft->sequence : peer->acked_sequence;
    case RAFT__LEASE:
        return self ? raft->now_us : peer->heard_us;
    }
    return 0;
}

/* Of the members with this flag: more than half have reached the value in the
 * middle of the falling order, or the one after the middle. */
static uint64_t majority(struct raft *raft, uint8_t flag,
                         enum raft__measure measure)
{
    uint64_t *values = raft->values; /* in falling order */
    uint32_t n = 0;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if ((raft->peers[i].flags & flag) == 0) {
            continue;
        }
        uint64_t value = value_of(raft, i, measure);
        uint32_t at = n;
        for (; at > 0 && values[at - 1] < value; at--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
        n++;
    }
    return n == 0 ? 0 : values[n / 2];
}

uint64_t raft__quorum(struct raft *raft, enum raft__measure measure)
{
    uint64_t value = majority(raft, RAFT_MEMBER_VOTER, measure);
    if (raft__is_joint(raft)) {
        uint64_t old = majority(raft, RAFT_MEMBER_OLD_VOTER, measure);
        value = old < value ? old : value;
    }
    return value;
}

/* Whether more than half of the members with this flag have reached `least`. */
static bool majority_reaches(const struct raft *raft, uint8_t flag,
                             enum raft__measure measure, uint64_t least)
{
    uint32_t n = 0;
    uint32_t reached = 0;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if ((raft->peers[i].flags & flag) != 0) {
            n++;
            reached += value_of(raft, i, measure) >= least ? 1 : 0;
        }
    }
    return reached > n / 2;
}

bool raft__quorum_reaches(const struct raft *raft, enum raft__measure measure,
                          uint64_t least)
{
    return majority_reaches(raft, RAFT_MEMBER_VOTER, measure, least) &&
           (!raft__is_joint(raft) ||
            majority_reaches(raft, RAFT_MEMBER_OLD_VOTER, measure, least));
}

uint64_t raft__full_match(const struct raft *raft)
{
    uint64_t furthest = 0;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if (raft__is_full_voter(&raft->peers[i])) {
            uint64_t match = value_of(raft, i, RAFT__MATCH);
            furthest = match > furthest ? match : furthest;
        }
    }
    return furthest;
}
