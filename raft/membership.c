/* Who the members are (dissertation, chapter 4). The configuration in force is
 * the latest in the log, committed or not; where its entry is truncated, the
 * one before it is in force again. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/internal.h"

#define VOTER RAFT_MEMBER_VOTER
#define OLD_VOTER RAFT_MEMBER_OLD_VOTER
#define LEARNER RAFT_MEMBER_LEARNER
#define WITNESS RAFT_MEMBER_WITNESS

/* --- questions ------------------------------------------------------------ */

struct raft__peer *raft__peer(const struct raft *raft, raft_id id)
{
    if (id - 1 < raft->n_peers && raft->peers[id - 1].id == id) {
        return &raft->peers[id - 1]; /* the usual numbering: 1 to n */
    }
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if (raft->peers[i].id == id) {
            return &raft->peers[i];
        }
    }
    return NULL;
}

bool raft__is_joint(const struct raft *raft)
{
    return (raft->all_flags & OLD_VOTER) != 0;
}

static bool votes(uint8_t flags)
{
    return (flags & (VOTER | OLD_VOTER)) != 0;
}

static bool votes_in_full(uint8_t flags)
{
    return votes(flags) && (flags & WITNESS) == 0;
}

bool raft__is_voter(const struct raft__peer *peer)
{
    return votes(peer->flags);
}

bool raft__is_full_voter(const struct raft__peer *peer)
{
    return votes_in_full(peer->flags);
}

bool raft__may_lead_on(const struct raft__peer *peer)
{
    return (peer->flags & (VOTER | WITNESS)) == VOTER;
}

const uint8_t *raft__configuration_at(const struct raft *raft, uint64_t index,
                                      size_t *size,
                                      struct raft_position *position)
{
    size_t n = raft->n_configurations;
    while (n > 0 && raft->configurations[n - 1] > index) {
        n--;
    }
    if (n > 0) {
        uint64_t at = raft->configurations[n - 1];
        const struct raft_entry *entry = raft__log_from(&raft->log, at);
        *position = (struct raft_position){entry->term, at};
        *size = entry->size;
        return entry->data;
    }
    struct raft__meta meta = raft__blob_meta(raft->snapshot);
    *position = meta.configuration;
    *size = meta.members_size;
    return meta.members;
}

/* This server's flags by the configuration at `index`; 0 if it is no member. */
static uint8_t own_flags_at(const struct raft *raft, uint64_t index)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    size_t size;
    struct raft_position position;
    const uint8_t *bytes =
        raft__configuration_at(raft, index, &size, &position);
    bool sound = raft_configuration_decode(bytes, size, members, &n);
    assert(sound);
    for (uint32_t i = 0; i < n; i++) {
        if (members[i].id == raft->config.id) {
            return members[i].flags;
        }
    }
    return 0;
}

/* "A server that is not part of its own latest configuration should still start
 * elections, as it might be needed until that is committed" (4.2.2). One that
 * holds entries without their payload can never lead. */
bool raft__may_campaign(const struct raft *raft)
{
    if (raft->holds_omitted) {
        return false;
    }
    if (raft->self != RAFT__NO_SELF &&
        raft__is_full_voter(&raft->peers[raft->self])) {
        return true;
    }
    uint64_t index = raft->configuration.index;
    return index > raft->commit_index &&
           votes_in_full(own_flags_at(raft, index - 1));
}

/* --- another configuration in force --------------------------------------- */

/* The place among the rings of one that nobody keeps. */
static uint32_t free_slot(bool *used)
{
    uint32_t slot = 0;
    while (used[slot]) {
        slot++;
    }
    used[slot] = true;
    return slot;
}

static void fill_members(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft->members[i].id = raft->peers[i].id;
        raft->members[i].flags = raft->peers[i].flags;
        raft->members[i].priority = raft->peers[i].priority;
    }
}

/* How many could lead and have a higher priority than this server. */
static uint8_t find_rank(const struct raft *raft)
{
    uint8_t higher = 0;
    if (raft->self == RAFT__NO_SELF) {
        return 0;
    }
    for (uint32_t i = 0; i < raft->n_peers && higher < RAFT__MAX_RANK; i++) {
        const struct raft__peer *peer = &raft->peers[i];
        if (raft__may_lead_on(peer) &&
            peer->priority > raft->peers[raft->self].priority) {
            higher++;
        }
    }
    return higher;
}

/* A member that was one before keeps what is known of it, and its ring. */
static void take_over(struct raft *raft, const struct raft_member *members,
                      uint32_t n)
{
    bool used[RAFT_MAX_MEMBERS] = {false};
    struct raft__peer *fresh = raft->peers_scratch;
    raft->self = RAFT__NO_SELF;
    raft->all_flags = 0;
    raft->quorum_is_new = true;
    for (uint32_t i = 0; i < n; i++) {
        struct raft__peer *old = raft__peer(raft, members[i].id);
        fresh[i] = (struct raft__peer){.slot = RAFT_MAX_MEMBERS};
        if (old != NULL) {
            fresh[i] = *old;
            old->sending = NULL;
            used[old->slot] = true;
        }
        fresh[i].id = members[i].id;
        fresh[i].flags = members[i].flags;
        raft->all_flags |= members[i].flags;
        fresh[i].priority = members[i].priority;
        if (members[i].id == raft->config.id) {
            raft->self = i;
        }
    }
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft__stop_installing(raft, &raft->peers[i]); /* of those that left */
    }
    raft->peers_scratch = raft->peers;
    raft->peers = fresh;
    raft->n_peers = n;
    raft->rank = find_rank(raft);
    for (uint32_t i = 0; i < n; i++) {
        if (fresh[i].slot == RAFT_MAX_MEMBERS) {
            fresh[i].slot = free_slot(used);
            if (raft->role == RAFT_LEADER) {
                raft__start_following(raft, &fresh[i]);
            }
        }
    }
    fill_members(raft);
}

/* The configuration at the log's end is in force. Room was reserved. */
static void put_in_force(struct raft *raft)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    size_t size;
    const uint8_t *bytes =
        raft__configuration_at(raft, UINT64_MAX, &size, &raft->configuration);
    bool sound = raft_configuration_decode(bytes, size, members, &n);
    assert(sound);
    assert(n <= raft->peers_capacity);
    take_over(raft, members, n);
}

void raft__configure(struct raft *raft, uint64_t index)
{
    assert(raft->n_configurations < raft->configurations_capacity);
    raft->configurations[raft->n_configurations] = index;
    raft->n_configurations++;
    put_in_force(raft);
}

void raft__unconfigure(struct raft *raft, uint64_t index)
{
    size_t n = raft->n_configurations;
    while (n > 0 && raft->configurations[n - 1] >= index) {
        n--;
    }
    if (n < raft->n_configurations) {
        raft->n_configurations = n;
        put_in_force(raft);
    }
}

/* Those up to the snapshot are in its meta. */
void raft__configure_from_snapshot(struct raft *raft)
{
    uint64_t index = raft__snapshot_position(raft).index;
    size_t gone = 0;
    while (gone < raft->n_configurations &&
           raft->configurations[gone] <= index) {
        gone++;
    }
    raft->n_configurations -= gone;
    if (gone > 0) {
        memmove(raft->configurations, raft->configurations + gone,
                raft->n_configurations * sizeof *raft->configurations);
    }
    put_in_force(raft);
}
