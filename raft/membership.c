/* Who the members are (dissertation, chapter 4). The configuration in force is
 * the latest in the log, committed or not; where its entry is truncated, the
 * one before it is in force again. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/state.h"

#define VOTER RAFT_MEMBER_VOTER
#define OLD_VOTER RAFT_MEMBER_OLD_VOTER
#define LEARNER RAFT_MEMBER_LEARNER
#define WITNESS RAFT_MEMBER_WITNESS

/* --- questions ------------------------------------------------------------ */

struct raft__peer *raft__peer(struct raft *raft, raft_id id)
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
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if ((raft->peers[i].flags & OLD_VOTER) != 0) {
            return true;
        }
    }
    return false;
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

/* A member that was one before keeps what is known of it, and its ring. */
static void take_over(struct raft *raft, const struct raft_member *members,
                      uint32_t n)
{
    bool used[RAFT_MAX_MEMBERS] = {false};
    struct raft__peer *fresh = raft->peers_scratch;
    raft->self = RAFT__NO_SELF;
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

/* --- changes -------------------------------------------------------------- */

static uint8_t flags_of(const struct raft *raft, raft_id id)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if (raft->peers[i].id == id) {
            return raft->peers[i].flags;
        }
    }
    return 0;
}

/* Takes the wanted members into `next`, by rising id. */
static bool sort_members(const struct raft_input *input,
                         struct raft_member *next, uint32_t *n)
{
    if (input->change.n_members > RAFT_MAX_MEMBERS) {
        return false;
    }
    *n = 0;
    for (uint32_t i = 0; i < input->change.n_members; i++) {
        struct raft_member member = input->change.members[i];
        uint32_t at = *n;
        for (; at > 0 && next[at - 1].id > member.id; at--) {
            next[at] = next[at - 1];
        }
        next[at] = member;
        (*n)++;
    }
    return true;
}

/* Whether they could be the members at all: there is somebody who could lead,
 * and nobody becomes, or ceases to be, a witness. */
static bool is_possible(const struct raft *raft, const struct raft_member *next,
                        uint32_t n)
{
    bool has_full_voter = false;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t now = flags_of(raft, next[i].id);
        bool rises = i == 0 ? next[i].id != 0 : next[i].id > next[i - 1].id;
        bool same_kind =
            now == 0 || (now & WITNESS) == (next[i].flags & WITNESS);
        bool known = next[i].flags == VOTER || next[i].flags == LEARNER ||
                     next[i].flags == (VOTER | WITNESS);
        if (!rises || !same_kind || !known || next[i].id > RAFT__MAX_COUNTER) {
            return false;
        }
        has_full_voter = has_full_voter || next[i].flags == VOTER;
    }
    return has_full_voter;
}

bool raft__is_caught_up(const struct raft *raft, const struct raft__peer *peer)
{
    return peer->caught_up && raft->now_us - peer->round_us <=
                                  raft->config.election_timeout_max_us;
}

/* Whether all that are to become voters have caught up as learners. A witness
 * has little to catch up with. */
static bool are_caught_up(struct raft *raft, const struct raft_member *next,
                          uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        bool joins =
            next[i].flags == VOTER && (flags_of(raft, next[i].id) & VOTER) == 0;
        const struct raft__peer *peer = raft__peer(raft, next[i].id);
        if (joins && (peer == NULL || !raft__is_caught_up(raft, peer))) {
            return false;
        }
    }
    return true;
}

/* How many servers become voters, or cease to be. */
static uint32_t voters_that_change(const struct raft *raft,
                                   const struct raft_member *next, uint32_t n)
{
    uint32_t changes = 0;
    uint32_t stay = 0;
    for (uint32_t i = 0; i < n; i++) {
        if ((next[i].flags & VOTER) != 0) {
            bool voter = (flags_of(raft, next[i].id) & VOTER) != 0;
            changes += voter ? 0 : 1;
            stay += voter ? 1 : 0;
        }
    }
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        changes += (raft->peers[i].flags & VOTER) != 0 ? 1 : 0;
    }
    return changes - stay;
}

static bool is_the_same(const struct raft *raft, const struct raft_member *next,
                        uint32_t n)
{
    bool same = n == raft->n_peers;
    for (uint32_t i = 0; i < n && same; i++) {
        same = next[i].id == raft->peers[i].id &&
               next[i].flags == raft->peers[i].flags &&
               next[i].priority == raft->peers[i].priority;
    }
    return same;
}

/* The members of the joint configuration: those of both sides (4.3). */
static bool join(const struct raft *raft, struct raft_member *next, uint32_t *n)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        const struct raft__peer *peer = &raft->peers[i];
        if ((peer->flags & VOTER) == 0) {
            continue;
        }
        uint32_t at = 0;
        while (at < *n && next[at].id < peer->id) {
            at++;
        }
        if (at == *n || next[at].id != peer->id) {
            if (*n == RAFT_MAX_MEMBERS) {
                return false;
            }
            memmove(&next[at + 1], &next[at], (*n - at) * sizeof *next);
            next[at] = (struct raft_member){
                .id = peer->id,
                .flags = (uint8_t)(peer->flags & WITNESS),
                .priority = peer->priority,
            };
            (*n)++;
        }
        next[at].flags |= OLD_VOTER;
    }
    return true;
}

static void append_configuration(struct raft *raft,
                                 const struct raft_member *members, uint32_t n)
{
    uint8_t bytes[RAFT_MAX_MEMBERS * RAFT_MEMBER_SIZE];
    raft_configuration_encode(members, n, bytes);
    struct raft_entry entry = {
        .term = raft->hard_state.current_term,
        .kind = RAFT_ENTRY_CONFIGURATION,
        .data = bytes,
        .size = (uint32_t)(n * RAFT_MEMBER_SIZE),
    };
    raft__append(raft, &entry);
    raft__transfer_look(raft);
    raft__replicate_to_all(raft);
    raft__reads_look(raft); /* those that are left may have answered */
}

/* Why these cannot be the members now, or ever; false if they can. `next` is
 * what is to be appended. */
static bool refuses(struct raft *raft, const struct raft_input *input,
                    struct raft_member *next, uint32_t *n,
                    enum raft_reason *reason)
{
    bool joint = input->change.joint;
    if (raft->role != RAFT_LEADER) {
        *reason = RAFT_NOT_LEADER;
    } else if (raft->transfer_to != RAFT_NONE) {
        *reason = RAFT_TRANSFERRING;
    } else if (raft->configuration.index > raft->commit_index ||
               raft__is_joint(raft)) {
        *reason = RAFT_CHANGE_PENDING;
    } else if (raft->commit_index < raft->term_start) {
        *reason = RAFT_TERM_TOO_YOUNG;
    } else if (!sort_members(input, next, n) || !is_possible(raft, next, *n) ||
               is_the_same(raft, next, *n)) {
        *reason = RAFT_NO_SUCH_CHANGE;
    } else if (!joint && voters_that_change(raft, next, *n) > 1) {
        *reason = RAFT_TOO_FAR_APART;
    } else if (raft->config.catch_up && !are_caught_up(raft, next, *n)) {
        *reason = RAFT_NOT_CAUGHT_UP;
    } else if (joint && !join(raft, next, n)) {
        *reason = RAFT_NO_SUCH_CHANGE;
    } else {
        return false;
    }
    return true;
}

void raft__change(struct raft *raft, const struct raft_input *input)
{
    struct raft_member next[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    enum raft_reason reason;
    if (refuses(raft, input, next, &n, &reason)) {
        raft__reject(raft, input->change.tag, reason);
        return;
    }
    uint64_t index = raft__log_last_index(&raft->log) + 1;
    raft__accept(raft, input->change.tag,
                 (struct raft_position){raft->hard_state.current_term, index});
    append_configuration(raft, next, n);
}

/* The members without the old ones. */
static void leave_joint(struct raft *raft)
{
    struct raft_member next[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        const struct raft__peer *peer = &raft->peers[i];
        if ((peer->flags & (VOTER | LEARNER)) != 0) {
            next[n] = (struct raft_member){
                .id = peer->id,
                .flags = (uint8_t)(peer->flags & ~OLD_VOTER),
                .priority = peer->priority,
            };
            n++;
        }
    }
    append_configuration(raft, next, n);
}

/* 4.3: "once C_old,new has been committed, ... it is now safe for the leader to
 * create a log entry describing C_new"; 4.2.2: a leader that is not in the
 * committed C_new steps down. */
void raft__configuration_look(struct raft *raft)
{
    if (raft->role != RAFT_LEADER ||
        raft->configuration.index > raft->commit_index) {
        return;
    }
    if (raft__is_joint(raft)) {
        leave_joint(raft);
        return;
    }
    bool leads_on =
        raft->self != RAFT__NO_SELF && raft__is_voter(&raft->peers[raft->self]);
    if (!leads_on) {
        raft__leave_leadership(raft);
    }
}
