/* Handing leadership over (dissertation, 3.10): no new entries, the target
 * catches up, is told to campaign at once, and has the deadline of an election
 * to win. Whoever is told so is no danger: it asks for votes like any other
 * candidate, only without waiting. But it is asked for by a leader who is
 * alive, so that votes are given which leases count on being refused: from then
 * on the leader has none in this term. */
#undef NDEBUG
#include <assert.h>

#include "raft/internal.h"

/* A takeover that did not succeed is not tried again for so many times the
 * longest election timeout. */
#define TAKEOVER_PAUSE 10u

static void say_timeout_now(struct raft *raft, raft_id to)
{
    struct raft_message message = {
        .kind = RAFT_MESSAGE_TIMEOUT_NOW,
        .term = raft->hard_state.current_term,
    };
    raft->lease_is_void = true;
    raft__send(raft, to, RAFT__AT_ONCE, &message);
}

/* Whether `a` is the better successor: it was heard lately, is further, has a
 * higher priority. */
static bool is_better(const struct raft__peer *a, const struct raft__peer *b)
{
    if (a->heard != b->heard) {
        return a->heard;
    }
    if (a->match_index != b->match_index) {
        return a->match_index > b->match_index;
    }
    return a->priority > b->priority;
}

/* Of those that could lead; RAFT_NONE if there is none. */
static raft_id best_suited(const struct raft *raft)
{
    const struct raft__peer *best = NULL;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        const struct raft__peer *peer = &raft->peers[i];
        if (i != raft->self && raft__may_lead_on(peer) &&
            (best == NULL || is_better(peer, best))) {
            best = peer;
        }
    }
    return best == NULL ? RAFT_NONE : best->id;
}

/* 4.2.2: a leader that the committed configuration does not count steps down.
 */
static void leave_if_removed(struct raft *raft)
{
    bool counts =
        raft->self != RAFT__NO_SELF && raft__is_voter(&raft->peers[raft->self]);
    if (!counts && raft->configuration.index <= raft->commit_index) {
        raft__become_follower(raft, raft->hard_state.current_term, RAFT_NONE);
    }
}

static void begin(struct raft *raft, raft_id to)
{
    raft->transfer_to = to;
    raft->transfer_deadline_us =
        raft->now_us + raft->config.election_timeout_max_us;
    raft__transfer_look(raft);
}

void raft__transfer(struct raft *raft, const struct raft_input *input)
{
    uint64_t tag = input->transfer.tag;
    if (raft->role != RAFT_LEADER) {
        raft__reject(raft, tag, RAFT_NOT_LEADER);
        return;
    }
    if (raft->transfer_to != RAFT_NONE) {
        raft__reject(raft, tag, RAFT_TRANSFERRING);
        return;
    }
    raft_id to = input->transfer.to;
    if (to == RAFT_NONE) {
        to = best_suited(raft);
    }
    const struct raft__peer *peer = raft__peer(raft, to);
    if (peer == NULL || to == raft->config.id || !raft__may_lead_on(peer)) {
        raft__reject(raft, tag, RAFT_NO_SUCH_CHANGE);
        return;
    }
    raft__accept(raft, tag, (struct raft_position){0, 0});
    begin(raft, to);
}

void raft__transfer_look(struct raft *raft)
{
    if (raft->transfer_to == RAFT_NONE) {
        return;
    }
    const struct raft__peer *peer = raft__peer(raft, raft->transfer_to);
    assert(peer != NULL); /* targets stay, whatever change is under way */
    if (peer->match_index == raft__log_last_index(&raft->log)) {
        say_timeout_now(raft, peer->id);
        leave_if_removed(raft);
    }
}

void raft__transfer_abort(struct raft *raft)
{
    raft->transfer_to = RAFT_NONE;
    leave_if_removed(raft);
}

void raft__takeover_look(struct raft *raft)
{
    if (!raft->config.priority_takeover || raft->self == RAFT__NO_SELF ||
        raft->transfer_to != RAFT_NONE || raft->now_us < raft->takeover_us ||
        raft->commit_index < raft->term_start) {
        return;
    }
    const struct raft__peer *best = &raft->peers[raft->self];
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        const struct raft__peer *peer = &raft->peers[i];
        if (raft__may_lead_on(peer) && peer->priority > best->priority &&
            peer->heard && peer->match_index >= raft->commit_index) {
            best = peer;
        }
    }
    if (best->id != raft->config.id) {
        raft->takeover_us =
            raft->now_us +
            TAKEOVER_PAUSE * raft->config.election_timeout_max_us;
        begin(raft, best->id);
    }
}

/* It hands over first, and takes no proposals meanwhile: whoever comes next
 * then has the whole log, and need not wait for an election timeout. */
void raft__leave_leadership(struct raft *raft)
{
    raft_id to = best_suited(raft);
    if (to == RAFT_NONE) {
        leave_if_removed(raft);
    } else if (raft->transfer_to == RAFT_NONE) {
        begin(raft, to);
    }
}
