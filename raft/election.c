/* Time-outs, votes and roles (paper, 5.2 and 5.4.1; dissertation, 9.6 for
 * pre-vote, 4.2.3 for leaders that are alive). */
#undef NDEBUG
#include <assert.h>

#include "raft/internal.h"

/* Servers of lower priority let those of a higher one go first: each of these
 * is worth half of the least timeout. */
void raft__restart_election_timer(struct raft *raft)
{
    raft->election_deadline_us =
        raft->now_us + raft->rank * (raft->config.election_timeout_min_us / 2) +
        raft__random_between(raft, raft->config.election_timeout_min_us,
                             raft->config.election_timeout_max_us);
}

static struct raft_position last_position(const struct raft *raft)
{
    return raft__log_last(&raft->log);
}

static void clear_votes(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft->peers[i].granted = false;
    }
}

static void grant_own_vote(struct raft *raft)
{
    if (raft->self != RAFT__NO_SELF) {
        raft->peers[raft->self].granted = true;
    }
}

/* A new term begins with no vote given (Figure 2). */
static void raise_term(struct raft *raft, uint64_t term, raft_id vote)
{
    raft->hard_state.current_term = term;
    raft->hard_state.voted_for = vote;
    raft->hard_state_changed = true;
}

static void stop_leading(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft__stop_installing(raft, &raft->peers[i]);
    }
    raft->transfer_to = RAFT_NONE;
    raft__restart_election_timer(raft);
}

void raft__become_follower(struct raft *raft, uint64_t term, raft_id leader)
{
    assert(term >= raft->hard_state.current_term);
    bool other_leader = leader != raft->leader;
    if (term > raft->hard_state.current_term) {
        raise_term(raft, term, RAFT_NONE);
        other_leader = true;
    }
    if (raft->role == RAFT_LEADER) {
        stop_leading(raft);
    }
    raft->role = RAFT_FOLLOWER;
    raft->leader = leader;
    raft->own_vote_write = 0;
    if (other_leader) {
        raft__reads_fail(raft);
    }
}

void raft__hear_leader(struct raft *raft, raft_id leader)
{
    raft__become_follower(raft, raft->hard_state.current_term, leader);
    raft->leader_heard_us = raft->now_us;
    raft->heard_any_leader = true;
    raft__restart_election_timer(raft);
}

/* Where leases are in use the promise outlives the term and the leader that it
 * was given to, and a restart: it may have been given right before (6.4.1). */
static bool keeps_promise(const struct raft *raft)
{
    uint64_t least_us = raft->config.election_timeout_min_us;
    bool heard = raft->heard_any_leader &&
                 raft->now_us - raft->leader_heard_us < least_us;
    bool restarted =
        raft->was_used && raft->now_us - raft->started_us < least_us;
    return raft->config.lease_reads && (heard || restarted);
}

bool raft__leader_is_alive(const struct raft *raft)
{
    if (raft->role == RAFT_LEADER || keeps_promise(raft)) {
        return true;
    }
    return raft->leader != RAFT_NONE &&
           raft->now_us - raft->leader_heard_us <
               raft->config.election_timeout_min_us;
}

/* --- campaigns ------------------------------------------------------------ */

static void ask_for_votes(struct raft *raft, enum raft_message_kind kind,
                          uint64_t term, bool transfer, enum raft__after after)
{
    struct raft_message message = {.kind = kind, .term = term};
    message.vote_request.last = last_position(raft);
    message.vote_request.transfer = transfer;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if (i != raft->self && raft__is_voter(&raft->peers[i])) {
            raft__send(raft, raft->peers[i].id, after, &message);
        }
    }
}

static void stop_following(struct raft *raft)
{
    raft->leader = RAFT_NONE;
    raft__reads_fail(raft);
}

/* Paper, 5.2. The own vote is a promise like any other: it counts, and the
 * requests leave, once it is durable. */
static void campaign(struct raft *raft, bool transfer)
{
    raise_term(raft, raft->hard_state.current_term + 1, raft->config.id);
    raft->role = RAFT_CANDIDATE;
    stop_following(raft);
    raft->own_vote_write = raft->last_write_id + 1;
    clear_votes(raft);
    raft__restart_election_timer(raft);
    ask_for_votes(raft, RAFT_MESSAGE_VOTE_REQUEST,
                  raft->hard_state.current_term, transfer, RAFT__AFTER_WRITES);
}

/* Dissertation, 9.6. Nothing is promised, so nothing waits for the disk. */
static void pre_campaign(struct raft *raft)
{
    raft->role = RAFT_PRE_CANDIDATE;
    stop_following(raft);
    raft->own_vote_write = 0;
    clear_votes(raft);
    grant_own_vote(raft);
    if (raft__quorum(raft, RAFT__GRANTED) > 0) {
        campaign(raft, false);
        return;
    }
    raft__restart_election_timer(raft);
    ask_for_votes(raft, RAFT_MESSAGE_PRE_VOTE_REQUEST,
                  raft->hard_state.current_term + 1, false, RAFT__AT_ONCE);
}

/* The terms that can be counted are never used up in earnest. */
static bool can_campaign(const struct raft *raft)
{
    return raft->hard_state.current_term + 1 < RAFT__MAX_COUNTER &&
           raft__may_campaign(raft);
}

void raft__election_due(struct raft *raft)
{
    if (!can_campaign(raft)) {
        raft__become_follower(raft, raft->hard_state.current_term, RAFT_NONE);
        raft__restart_election_timer(raft);
    } else if (raft->config.pre_vote) {
        pre_campaign(raft);
    } else {
        campaign(raft, false);
    }
}

/* Without a pre-vote: the leader itself wants it. The voters are told so, since
 * they still hear from it (4.2.3). Their logs are compared as ever. */
void raft__handle_timeout_now(struct raft *raft, raft_id from)
{
    if (raft->role == RAFT_FOLLOWER && raft->leader == from &&
        can_campaign(raft)) {
        campaign(raft, true);
    }
}

void raft__own_vote_durable(struct raft *raft)
{
    assert(raft->role == RAFT_CANDIDATE);
    raft->own_vote_write = 0;
    grant_own_vote(raft);
    if (raft__quorum(raft, RAFT__GRANTED) > 0) {
        raft__lead(raft);
    }
}

/* --- votes ---------------------------------------------------------------- */

static void answer_vote(struct raft *raft, raft_id to,
                        enum raft_message_kind kind, uint64_t term,
                        bool granted)
{
    struct raft_message message = {.kind = kind, .term = term};
    message.vote_response.granted = granted;
    raft__send(raft, to, RAFT__AFTER_WRITES, &message);
}

/* Paper, 5.4.1: the voter's own log must not be more up-to-date. */
static bool is_up_to_date(const struct raft *raft,
                          const struct raft_message *request)
{
    return raft_position_compare(request->vote_request.last,
                                 last_position(raft)) >= 0;
}

/* A pre-vote says "I would vote for you"; it changes nothing here. A refusal
 * carries the own term, so that a server left behind learns of it. */
void raft__handle_pre_vote_request(struct raft *raft, raft_id from,
                                   const struct raft_message *message)
{
    bool granted = message->term > raft->hard_state.current_term &&
                   !raft__leader_is_alive(raft) && is_up_to_date(raft, message);
    answer_vote(raft, from, RAFT_MESSAGE_PRE_VOTE_RESPONSE,
                granted ? message->term : raft->hard_state.current_term,
                granted);
}

void raft__handle_vote_request(struct raft *raft, raft_id from,
                               const struct raft_message *message)
{
    bool current = message->term == raft->hard_state.current_term;
    bool given = raft->hard_state.voted_for == from;
    bool held = keeps_promise(raft) && !message->vote_request.transfer;
    bool free_vote = raft->hard_state.voted_for == RAFT_NONE && !held;
    bool granted =
        current && (given || free_vote) && is_up_to_date(raft, message);
    if (granted) {
        if (!given) {
            raft->hard_state.voted_for = from;
            raft->hard_state_changed = true;
        }
        raft__restart_election_timer(raft);
    }
    answer_vote(raft, from, RAFT_MESSAGE_VOTE_RESPONSE,
                raft->hard_state.current_term, granted);
}

void raft__handle_vote_response(struct raft *raft, raft_id from,
                                const struct raft_message *message)
{
    bool pre_vote = message->kind == RAFT_MESSAGE_PRE_VOTE_RESPONSE;
    enum raft_role asking = pre_vote ? RAFT_PRE_CANDIDATE : RAFT_CANDIDATE;
    uint64_t term = raft->hard_state.current_term + (pre_vote ? 1 : 0);
    struct raft__peer *peer = raft__peer(raft, from);
    if (raft->role != asking || message->term != term || peer == NULL ||
        !message->vote_response.granted) {
        return;
    }
    peer->granted = true;
    if (raft__quorum(raft, RAFT__GRANTED) == 0) {
        return;
    }
    if (pre_vote) {
        campaign(raft, false);
    } else {
        raft__lead(raft);
    }
}
