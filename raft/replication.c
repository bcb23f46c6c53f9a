/* The leader's side of the log: it begins, takes what clients want, commits
 * what a majority holds, and hears from the followers how far they are
 * (paper, 5.3 and 5.4.2). */
#undef NDEBUG
#include <assert.h>

#include "raft/internal.h"

/* --- leadership ----------------------------------------------------------- */

/* What a client's entry of so many bytes counts towards max_uncommitted_bytes:
 * also what costs no payload costs memory. */
static uint64_t cost_of_bytes(uint32_t size)
{
    return (uint64_t)size + 32;
}

/* The leader's own entries are few, and must not be in the clients' way. */
static uint64_t cost_of(const struct raft_entry *entry)
{
    switch (entry->kind) {
    case RAFT_ENTRY_COMMAND:
    case RAFT_ENTRY_SESSION:
        return cost_of_bytes(entry->size);
    case RAFT_ENTRY_NOOP:
    case RAFT_ENTRY_CONFIGURATION:
        break;
    }
    return 0;
}

void raft__append(struct raft *raft, const struct raft_entry *entry)
{
    raft__log_append(&raft->log, entry);
    uint64_t index = raft__log_last_index(&raft->log);
    if (raft->appended_first == 0) {
        raft->appended_first = index;
    }
    if (entry->kind == RAFT_ENTRY_CONFIGURATION) {
        raft__configure(raft, index);
    } else if (entry->kind == RAFT_ENTRY_SESSION) {
        raft->unapplied_sessions++;
    }
    raft->uncommitted_bytes += cost_of(entry);
    raft->holds_omitted = raft->holds_omitted || entry->omitted;
}

static void restart_quorum_check(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft->peers[i].heard = false;
    }
    raft->quorum_deadline_us =
        raft->now_us + raft->config.election_timeout_max_us;
}

void raft__start_following(struct raft *raft, struct raft__peer *peer)
{
    peer->heard = false;
    peer->window = raft->config.max_inflight_messages;
    peer->match_index = 0;
    peer->acked_sequence = 0;
    peer->has_sample = false;
    peer->heard_us = 0;
    peer->caught_up = false;
    peer->round_us = raft->now_us;
    peer->round_index = raft__log_last_index(&raft->log);
    raft__probe_from(raft, peer, raft__log_last_index(&raft->log) + 1);
}

/* What was taken by leaders before counts as well: it is still under way. */
static void count_uncommitted(struct raft *raft)
{
    raft->uncommitted_bytes = 0;
    for (uint64_t i = raft->commit_index + 1;
         i <= raft__log_last_index(&raft->log); i++) {
        raft->uncommitted_bytes += cost_of(raft__log_from(&raft->log, i));
    }
}

void raft__lead(struct raft *raft)
{
    assert(raft->role == RAFT_CANDIDATE);
    raft->role = RAFT_LEADER;
    raft->leader = raft->config.id;
    raft->own_vote_write = 0;
    raft->transfer_to = RAFT_NONE;
    raft->lease_is_void = false;
    raft__forget_incoming(raft);
    raft->takeover_us = raft->now_us + raft->config.election_timeout_max_us;
    raft->reads.round_sequence = 0;
    raft->reads.confirmed_sequence = 0;
    raft->term_start = raft__log_last_index(&raft->log) + 1;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft__start_following(raft, &raft->peers[i]);
    }
    count_uncommitted(raft);
    restart_quorum_check(raft);
    raft->heartbeat_deadline_us =
        raft->now_us + raft->config.heartbeat_interval_us;
    struct raft_entry noop = {.term = raft->hard_state.current_term,
                              .kind = RAFT_ENTRY_NOOP};
    raft__append(raft, &noop);
    raft__replicate_to_all(raft);
}

/* Dissertation, 6.2: a leader that cannot reach a majority makes way, so that
 * its clients look elsewhere. */
static void check_quorum(struct raft *raft)
{
    if (raft->config.check_quorum && raft__quorum(raft, RAFT__HEARD) == 0) {
        raft__become_follower(raft, raft->hard_state.current_term, RAFT_NONE);
    } else {
        restart_quorum_check(raft);
    }
}

void raft__leader_due(struct raft *raft)
{
    if (raft->quorum_deadline_us <= raft->now_us) {
        check_quorum(raft);
    }
    if (raft->role != RAFT_LEADER) {
        return;
    }
    if (raft->transfer_to != RAFT_NONE &&
        raft->transfer_deadline_us <= raft->now_us) {
        raft__transfer_abort(raft);
    }
    if (raft->role != RAFT_LEADER) {
        return;
    }
    if (raft->heartbeat_deadline_us <= raft->now_us) {
        raft__send_heartbeats(raft);
        raft__transfer_look(raft);
        raft__takeover_look(raft);
    }
}

/* --- what clients want ---------------------------------------------------- */

/* False if it was refused. */
static bool takes_proposals(struct raft *raft, uint64_t tag, uint32_t size)
{
    uint64_t bytes = raft->uncommitted_bytes;
    if (raft->role != RAFT_LEADER) {
        raft__reject(raft, tag, RAFT_NOT_LEADER);
        return false;
    }
    if (raft->transfer_to != RAFT_NONE) {
        raft__reject(raft, tag, RAFT_TRANSFERRING);
        return false;
    }
    if (bytes > 0 &&
        bytes + cost_of_bytes(size) > raft->config.max_uncommitted_bytes) {
        raft__reject(raft, tag, RAFT_BUSY);
        return false;
    }
    return true;
}

static void take(struct raft *raft, uint64_t tag,
                 const struct raft_entry *entry)
{
    raft__append(raft, entry);
    raft__accept(raft, tag, raft__log_last(&raft->log));
    raft__replicate_to_all(raft);
}

void raft__propose(struct raft *raft, const struct raft_input *input)
{
    if (takes_proposals(raft, input->proposal.tag, input->proposal.size)) {
        struct raft_entry entry = {
            .term = raft->hard_state.current_term,
            .kind = RAFT_ENTRY_COMMAND,
            .data = input->proposal.data,
            .size = input->proposal.size,
            .session = input->proposal.session,
            .sequence = input->proposal.sequence,
        };
        take(raft, input->proposal.tag, &entry);
    }
}

void raft__open_session(struct raft *raft, const struct raft_input *input)
{
    if (takes_proposals(raft, input->session.tag, 0)) {
        struct raft_entry entry = {
            .term = raft->hard_state.current_term,
            .kind = RAFT_ENTRY_SESSION,
            .sequence = raft->config.max_sessions,
        };
        take(raft, input->session.tag, &entry);
    }
}

/* --- commit --------------------------------------------------------------- */

/* Paper, 5.4.2: only entries of the own term are committed by counting; those
 * before them are then committed as well. */
void raft__advance_commit(struct raft *raft)
{
    raft->quorum_is_new = false;
    if (!raft__quorum_reaches(raft, RAFT__MATCH, raft->commit_index + 1)) {
        return; /* most answers: to find the index itself takes longer */
    }
    uint64_t index = raft__quorum(raft, RAFT__MATCH);
    uint64_t full = raft__full_match(raft);
    index = full < index ? full : index;
    if (index <= raft->commit_index ||
        raft__log_term(&raft->log, index) != raft->hard_state.current_term) {
        return;
    }
    const struct raft_entry *entries =
        raft__log_from(&raft->log, raft->commit_index + 1);
    for (uint64_t i = 0; i < index - raft->commit_index; i++) {
        raft->uncommitted_bytes -= cost_of(&entries[i]);
    }
    raft->commit_index = index;
    raft__configuration_look(raft);
}

void raft__log_durable(struct raft *raft, uint64_t index)
{
    if (index <= raft->durable_index) {
        return;
    }
    raft->durable_index = index;
    if (raft->role == RAFT_LEADER) {
        raft__replicate_to_witnesses(raft);
        raft__advance_commit(raft);
    }
}

/* --- the leader hears back ------------------------------------------------ */

void raft__note_answer(struct raft *raft, struct raft__peer *peer,
                       uint64_t sequence)
{
    peer->heard = true;
    if (sequence > peer->acked_sequence && sequence <= raft->sequence) {
        peer->acked_sequence = sequence;
    }
    if (peer->has_sample && peer->acked_sequence >= peer->sample_sequence) {
        peer->has_sample = false;
        peer->heard_us = peer->sample_us;
    }
}

/* Dissertation, 4.2.1: rounds in which it gets what the log had when the round
 * began; if they grow short, it has caught up. */
static void note_round(struct raft *raft, struct raft__peer *peer)
{
    if (peer->match_index >= peer->round_index) {
        peer->caught_up = raft->now_us - peer->round_us <=
                          raft->config.election_timeout_max_us;
        peer->round_us = raft->now_us;
        peer->round_index = raft__log_last_index(&raft->log);
    }
}

/* Where the logs agree is known. */
static void replicate_from(struct raft *raft, struct raft__peer *peer)
{
    raft__probe_from(raft, peer, peer->match_index + 1);
    peer->state = RAFT_REPLICATE;
}

void raft__follower_matches(struct raft *raft, struct raft__peer *peer,
                            uint64_t match_index)
{
    bool advanced = match_index > peer->match_index;
    if (advanced) {
        peer->match_index = match_index;
        if (peer->window < raft->config.max_inflight_messages) {
            peer->window++;
        }
    }
    switch (peer->state) {
    case RAFT_SNAPSHOT:
        if (peer->match_index < peer->sending->position.index) {
            return; /* a late answer: it still needs the snapshot */
        }
        raft__stop_installing(raft, peer);
        replicate_from(raft, peer);
        break;
    case RAFT_PROBE:
        replicate_from(raft, peer);
        break;
    case RAFT_REPLICATE:
        if (peer->next_index <= peer->match_index) {
            peer->next_index = peer->match_index + 1;
        }
        raft__forget_inflight(raft, peer, peer->match_index);
        break;
    }
    note_round(raft, peer);
    raft_id id = peer->id;
    if (advanced) {
        raft__replicate_to_witnesses(raft);
        if (match_index > raft->commit_index || raft->quorum_is_new) {
            raft__advance_commit(raft);
        }
    }
    /* The commit may have ended the leadership, or the membership. */
    peer = raft__peer(raft, id);
    if (raft->role == RAFT_LEADER && peer != NULL) {
        raft__replicate(raft, peer);
        if (id == raft->transfer_to) {
            raft__transfer_look(raft);
        }
    }
}

/* Paper, end of 5.3: skips the whole conflicting term at once. If the leader
 * has entries of that term, the logs may agree up to the last of them. If not,
 * they part before its first; and as all that the follower has before that is
 * of smaller terms, they part before the leader's first entry of a larger one.
 */
static uint64_t next_after_refusal(const struct raft *raft, uint64_t rejected,
                                   struct raft_position conflict)
{
    uint64_t next_index = conflict.index;
    if (conflict.term != 0 && raft__log_knows(&raft->log, rejected)) {
        uint64_t last =
            raft__log_last_with_term_up_to(&raft->log, rejected, conflict.term);
        if (raft__log_term(&raft->log, last) == conflict.term ||
            last + 1 < next_index) {
            next_index = last + 1;
        }
    }
    return next_index > rejected ? rejected : next_index;
}

/* Refusals of what was sent before the present probing began are late: what
 * they say is known. */
static void follower_refuses(struct raft *raft, struct raft__peer *peer,
                             const struct raft_message *message)
{
    uint64_t rejected = message->append_response.rejected;
    bool expected = false;
    switch (peer->state) {
    case RAFT_PROBE:
        expected = message->append_response.sequence >= peer->probe_sequence &&
                   rejected + 1 == peer->next_index;
        break;
    case RAFT_REPLICATE:
        expected = message->append_response.sequence >= peer->probe_sequence &&
                   rejected <= raft__log_last_index(&raft->log);
        break;
    case RAFT_SNAPSHOT:
        break;
    }
    if (!expected || rejected <= peer->match_index) {
        return;
    }
    uint64_t next_index =
        next_after_refusal(raft, rejected, message->append_response.conflict);
    if (next_index <= peer->match_index) {
        next_index = peer->match_index + 1;
    }
    peer->window = (peer->window + 1) / 2;
    raft__probe_from(raft, peer, next_index);
    raft__replicate(raft, peer);
}

void raft__handle_append_response(struct raft *raft, raft_id from,
                                  const struct raft_message *message)
{
    struct raft__peer *peer = raft__peer(raft, from);
    if (raft->role != RAFT_LEADER || peer == NULL ||
        message->term < raft->hard_state.current_term) {
        return;
    }
    raft__note_answer(raft, peer, message->append_response.sequence);
    uint64_t match_index = message->append_response.match_index;
    if (!message->append_response.success) {
        follower_refuses(raft, peer, message);
    } else if (match_index <= raft__log_last_index(&raft->log)) {
        raft__follower_matches(raft, peer, match_index);
    }
    raft__reads_look(raft);
}
