#undef NDEBUG
#include <assert.h>

#include "raft/state.h"

/* --- the leader sends ----------------------------------------------------- */

/* How many entries from `index` on fit into one message: within the limits, but
 * at least one if there is one. */
static uint32_t batch_size(const struct raft *raft, uint64_t index)
{
    uint64_t available = raft__log_last_index(&raft->log) + 1 - index;
    uint64_t limit = raft->config.max_entries_per_message;
    if (available < limit) {
        limit = available;
    }
    const struct raft_entry *entries = raft__log_from(&raft->log, index);
    uint64_t bytes = 0;
    for (uint32_t n = 0; n < limit; n++) {
        bytes += entries[n].size;
        if (n > 0 && bytes > raft->config.max_bytes_per_message) {
            return n;
        }
    }
    return (uint32_t)limit;
}

static bool send_append(struct raft *raft, const struct raft__peer *peer,
                        uint32_t n)
{
    struct raft_message message = {
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .term = raft->hard_state.current_term,
    };
    uint64_t prev = peer->next_index - 1;
    message.append_request.prev =
        (struct raft_position){raft__log_term(&raft->log, prev), prev};
    message.append_request.leader_commit = raft->commit_index;
    message.append_request.n_entries = n;
    message.append_request.entries =
        n > 0 ? raft__log_from(&raft->log, peer->next_index) : NULL;
    return raft__send_append(raft, peer->id, &message);
}

static void remember_inflight(struct raft *raft, struct raft__peer *peer,
                              uint64_t last_index)
{
    uint32_t at = (peer->inflight_first + peer->inflight_count) %
                  raft->config.max_inflight_messages;
    peer->inflight[at] = last_index;
    peer->inflight_count++;
}

static void forget_inflight(struct raft *raft, struct raft__peer *peer,
                            uint64_t match_index)
{
    while (peer->inflight_count > 0 &&
           peer->inflight[peer->inflight_first] <= match_index) {
        peer->inflight_first =
            (peer->inflight_first + 1) % raft->config.max_inflight_messages;
        peer->inflight_count--;
    }
}

/* Sends what the follower lacks, as far as the window allows. */
static void replicate(struct raft *raft, struct raft__peer *peer)
{
    if (peer->probing) {
        if (!peer->probe_sent) {
            uint32_t n = batch_size(raft, peer->next_index);
            peer->probe_sent = send_append(raft, peer, n);
        }
        return;
    }
    while (peer->inflight_count < peer->window) {
        uint32_t n = batch_size(raft, peer->next_index);
        if (n == 0 || !send_append(raft, peer, n)) {
            return;
        }
        peer->next_index += n;
        remember_inflight(raft, peer, peer->next_index - 1);
    }
}

static void replicate_to_all(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if (i != raft->self) {
            replicate(raft, &raft->peers[i]);
        }
    }
}

static void probe_from(struct raft__peer *peer, uint64_t next_index)
{
    peer->probing = true;
    peer->probe_sent = false;
    peer->next_index = next_index;
    peer->inflight_count = 0;
}

/* --- leadership ----------------------------------------------------------- */

static void append(struct raft *raft, const struct raft_entry *entry)
{
    raft__log_append(&raft->log, entry);
    if (raft->appended_first == 0) {
        raft->appended_first = raft__log_last_index(&raft->log);
    }
}

static void restart_quorum_check(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft->peers[i].heard = false;
    }
    raft->quorum_deadline_us =
        raft->now_us + raft->config.election_timeout_max_us;
}

void raft__lead(struct raft *raft)
{
    assert(raft->role == RAFT_CANDIDATE);
    raft->role = RAFT_LEADER;
    raft->leader = raft->config.id;
    raft->own_vote_write = 0;
    uint64_t next_index = raft__log_last_index(&raft->log) + 1;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        raft->peers[i].match_index = 0;
        raft->peers[i].window = raft->config.max_inflight_messages;
        probe_from(&raft->peers[i], next_index);
    }
    restart_quorum_check(raft);
    raft->heartbeat_deadline_us =
        raft->now_us + raft->config.heartbeat_interval_us;
    struct raft_entry noop = {.term = raft->hard_state.current_term,
                              .kind = RAFT_ENTRY_NOOP};
    append(raft, &noop);
    replicate_to_all(raft);
}

/* Dissertation, 6.2: a leader that cannot reach a majority makes way, so that
 * its clients look elsewhere. */
static void check_quorum(struct raft *raft)
{
    if (!raft__quorum_heard(raft)) {
        raft__become_follower(raft, raft->hard_state.current_term, RAFT_NONE);
    } else {
        restart_quorum_check(raft);
    }
}

/* Heartbeats carry no entries. They are checked like all AppendEntries: where
 * entries were lost on the way, the follower's refusal says so. */
static void send_heartbeats(struct raft *raft)
{
    raft->heartbeat_deadline_us =
        raft->now_us + raft->config.heartbeat_interval_us;
    for (uint32_t i = 0; i < raft->n_peers; i++) {
        if (i != raft->self) {
            send_append(raft, &raft->peers[i], 0);
        }
    }
}

void raft__leader_due(struct raft *raft)
{
    if (raft->config.check_quorum && raft->quorum_deadline_us <= raft->now_us) {
        check_quorum(raft);
    }
    if (raft->role == RAFT_LEADER &&
        raft->heartbeat_deadline_us <= raft->now_us) {
        send_heartbeats(raft);
    }
}

void raft__propose(struct raft *raft, const struct raft_input *input)
{
    if (raft->role != RAFT_LEADER) {
        struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_REJECTED);
        output->rejected.tag = input->proposal.tag;
        output->rejected.leader = raft->leader;
        return;
    }
    struct raft_entry entry = {
        .term = raft->hard_state.current_term,
        .kind = RAFT_ENTRY_COMMAND,
        .data = input->proposal.data,
        .size = input->proposal.size,
    };
    append(raft, &entry);
    struct raft_output *output = raft__emit(raft, RAFT_OUTPUT_ACCEPTED);
    output->accepted.tag = input->proposal.tag;
    output->accepted.position = raft__log_last(&raft->log);
    replicate_to_all(raft);
}

/* --- commit --------------------------------------------------------------- */

/* Paper, 5.4.2: only entries of the own term are committed by counting; those
 * before them are then committed as well. */
static void advance_commit(struct raft *raft)
{
    uint64_t index = raft__quorum_match(raft);
    if (index > raft->commit_index &&
        raft__log_term(&raft->log, index) == raft->hard_state.current_term) {
        raft->commit_index = index;
    }
}

void raft__log_durable(struct raft *raft, uint64_t index)
{
    if (index <= raft->durable_index) {
        return;
    }
    raft->durable_index = index;
    if (raft->role == RAFT_LEADER) {
        advance_commit(raft);
    }
}

/* --- the follower receives ------------------------------------------------ */

static void refuse_append(struct raft *raft, raft_id to,
                          struct raft_position prev)
{
    struct raft_message answer = {
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = raft->hard_state.current_term,
    };
    uint64_t last = raft__log_last_index(&raft->log);
    answer.append_response.rejected = prev.index;
    answer.append_response.conflict = (struct raft_position){0, last + 1};
    if (prev.index <= last) {
        answer.append_response.conflict.term =
            raft__log_term(&raft->log, prev.index);
        answer.append_response.conflict.index =
            raft__log_term_start(&raft->log, prev.index);
    }
    raft__send(raft, to, RAFT__AFTER_WRITES, &answer);
}

/* Paper, 5.3: "delete the existing entry and all that follow it". What was
 * handed to the disk and is now dropped will not become durable. */
static void truncate(struct raft *raft, uint64_t index)
{
    assert(index > raft->commit_index);
    raft__log_truncate(&raft->log, index);
    raft->truncate_from = index;
    if (raft->durable_index >= index) {
        raft->durable_index = index - 1;
    }
    for (size_t i = 0; i < raft->pending_count; i++) {
        size_t at = (raft->pending_first + i) % raft->pending_capacity;
        if (raft->pending[at].last_index >= index) {
            raft->pending[at].last_index = index - 1;
        }
    }
}

/* Skips the entries that the log has already, truncates at the first that
 * differs, appends the rest. A late or repeated request thus never undoes a
 * newer one. False if committed entries would have to go: then the sender is no
 * Raft leader, and nothing is changed. */
static bool merge_entries(struct raft *raft, const struct raft_message *message)
{
    struct raft_entry_cursor cursor = message->append_request.cursor;
    uint64_t index = message->append_request.prev.index;
    struct raft_entry entry;
    while (raft_entry_cursor_next(&cursor, &entry)) {
        index++;
        if (index <= raft__log_last_index(&raft->log)) {
            if (raft__log_term(&raft->log, index) == entry.term) {
                continue;
            }
            if (index <= raft->commit_index) {
                return false;
            }
            truncate(raft, index);
        }
        append(raft, &entry);
    }
    return true;
}

/* What the request covers is known to equal the leader's log, and no more. */
static void acknowledge(struct raft *raft, raft_id to,
                        const struct raft_message *message)
{
    uint64_t covered =
        message->append_request.prev.index + message->append_request.n_entries;
    uint64_t commit = message->append_request.leader_commit;
    if (commit > covered) {
        commit = covered;
    }
    if (commit > raft->commit_index) {
        raft->commit_index = commit;
    }
    struct raft_message answer = {
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = raft->hard_state.current_term,
    };
    answer.append_response.success = true;
    answer.append_response.match_index = covered;
    raft__send(raft, to, RAFT__AFTER_WRITES, &answer);
}

void raft__handle_append_request(struct raft *raft, raft_id from,
                                 const struct raft_message *message)
{
    struct raft_position prev = message->append_request.prev;
    if (message->term < raft->hard_state.current_term) {
        refuse_append(raft, from, prev);
        return;
    }
    if (raft->role == RAFT_LEADER) {
        return; /* two leaders in a term: not by Raft; keep out of it */
    }
    raft__hear_leader(raft, from);
    if (prev.index > raft__log_last_index(&raft->log) ||
        raft__log_term(&raft->log, prev.index) != prev.term) {
        refuse_append(raft, from, prev);
        return;
    }
    if (merge_entries(raft, message)) {
        acknowledge(raft, from, message);
    }
}

/* --- the leader hears back ------------------------------------------------ */

static void follower_matches(struct raft *raft, struct raft__peer *peer,
                             uint64_t match_index)
{
    if (match_index > raft__log_last_index(&raft->log)) {
        return; /* beyond what was ever sent */
    }
    bool advanced = match_index > peer->match_index;
    if (advanced) {
        peer->match_index = match_index;
        if (peer->window < raft->config.max_inflight_messages) {
            peer->window++;
        }
    }
    if (peer->probing) {
        peer->probing = false;
        peer->next_index = peer->match_index + 1;
    } else {
        if (peer->next_index <= peer->match_index) {
            peer->next_index = peer->match_index + 1;
        }
        forget_inflight(raft, peer, peer->match_index);
    }
    if (advanced) {
        advance_commit(raft);
    }
    replicate(raft, peer);
}

/* Paper, end of 5.3: skips the whole conflicting term at once. If the leader
 * has entries of that term, the logs may agree up to the last of them. If not,
 * they part before its first; and as all that the follower has before that is
 * of smaller terms, they part before the leader's first entry of a larger one.
 */
static void follower_refuses(struct raft *raft, struct raft__peer *peer,
                             const struct raft_message *message)
{
    uint64_t rejected = message->append_response.rejected;
    struct raft_position conflict = message->append_response.conflict;
    bool expected = peer->probing
                        ? rejected + 1 == peer->next_index
                        : rejected > peer->match_index &&
                              rejected <= raft__log_last_index(&raft->log);
    if (!expected || rejected <= peer->match_index) {
        return; /* an answer to an older probe */
    }
    uint64_t next_index = conflict.index;
    if (conflict.term != 0) {
        uint64_t last =
            raft__log_last_with_term_up_to(&raft->log, rejected, conflict.term);
        if (raft__log_term(&raft->log, last) == conflict.term ||
            last + 1 < next_index) {
            next_index = last + 1;
        }
    }
    if (next_index > rejected) {
        next_index = rejected;
    }
    if (next_index <= peer->match_index) {
        next_index = peer->match_index + 1;
    }
    peer->window = (peer->window + 1) / 2;
    probe_from(peer, next_index);
    replicate(raft, peer);
}

void raft__handle_append_response(struct raft *raft, raft_id from,
                                  const struct raft_message *message)
{
    struct raft__peer *peer = raft__peer(raft, from);
    if (raft->role != RAFT_LEADER || peer == NULL ||
        message->term < raft->hard_state.current_term) {
        return;
    }
    peer->heard = true;
    if (message->append_response.success) {
        follower_matches(raft, peer, message->append_response.match_index);
    } else {
        follower_refuses(raft, peer, message);
    }
}
