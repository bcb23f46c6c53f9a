/* How the members change (dissertation, chapter 4): by one server at a time, or
 * by way of a joint configuration to any others. What cannot be is refused with
 * the reason; a joint configuration is left as soon as it is committed. */
#include <string.h>

#include "raft/internal.h"

#define VOTER RAFT_MEMBER_VOTER
#define OLD_VOTER RAFT_MEMBER_OLD_VOTER
#define LEARNER RAFT_MEMBER_LEARNER
#define WITNESS RAFT_MEMBER_WITNESS

static uint8_t flags_of(const struct raft *raft, raft_id id)
{
    const struct raft__peer *peer = raft__peer(raft, id);
    return peer == NULL ? 0 : peer->flags;
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
        if (!rises || !same_kind || !known || next[i].id > RAFT_MAX_ID) {
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
