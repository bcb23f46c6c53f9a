/* What a majority of the members decides: the one place that knows which
 * members count, and how many of them are enough. */
#include "raft/state.h"

/* More than half. */
static uint32_t majority(const struct raft *raft)
{
    return raft->n_peers / 2 + 1;
}

bool raft__quorum_granted(const struct raft *raft)
{
    uint32_t votes = 0;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        votes += raft->peers[i].granted ? 1 : 0;
    }
    return votes >= majority(raft);
}

bool raft__quorum_heard(const struct raft *raft)
{
    uint32_t heard = 1;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        heard += i != raft->self && raft->peers[i].heard ? 1 : 0;
    }
    return heard >= majority(raft);
}

uint64_t raft__quorum_match(struct raft *raft)
{
    uint64_t *matches = raft->matches; /* in falling order */
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        uint64_t match =
            i == raft->self ? raft->durable_index : raft->peers[i].match_index;
        uint32_t at = i;
        for (; at > 0 && matches[at - 1] < match; at--) {
            matches[at] = matches[at - 1];
        }
        matches[at] = match;
    }
    return matches[majority(raft) - 1];
}
