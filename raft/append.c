/* The follower's side of the log (paper, 5.3). */
#undef NDEBUG
#include <assert.h>

#include "raft/internal.h"

static void refuse(struct raft *raft, raft_id to,
                   const struct raft_message *message)
{
    uint64_t rejected = message->append_request.prev.index;
    struct raft_message answer = {
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = raft->hard_state.current_term,
    };
    uint64_t last = raft__log_last_index(&raft->log);
    /* What an older life of the leader sent says nothing about this one. */
    bool current = message->term == raft->hard_state.current_term;
    answer.append_response.sequence =
        current ? message->append_request.sequence : 0;
    answer.append_response.rejected = rejected;
    answer.append_response.conflict = (struct raft_position){0, last + 1};
    if (rejected <= last && rejected > raft->log.base.index) {
        answer.append_response.conflict.term =
            raft__log_term(&raft->log, rejected);
        answer.append_response.conflict.index =
            raft__log_term_start(&raft->log, rejected);
    }
    raft__send(raft, to, RAFT__AFTER_WRITES, &answer);
}

static void forget_sessions(struct raft *raft, uint64_t index)
{
    for (uint64_t i = index; i <= raft__log_last_index(&raft->log); i++) {
        if (raft__log_from(&raft->log, i)->kind == RAFT_ENTRY_SESSION) {
            raft->unapplied_sessions--;
        }
    }
}

/* Paper, 5.3: "delete the existing entry and all that follow it". What was
 * handed to the disk and is now dropped will not become durable. */
void raft__truncate(struct raft *raft, uint64_t index)
{
    assert(index > raft->commit_index);
    forget_sessions(raft, index);
    raft__log_truncate(&raft->log, index);
    raft__unconfigure(raft, index);
    if (raft->truncate_from == 0 || index < raft->truncate_from) {
        raft->truncate_from = index;
    }
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

/* Skips the entries that the log has already, or had before a snapshot;
 * truncates at the first that differs, appends the rest. A late or repeated
 * request thus never undoes a newer one. False if committed entries would have
 * to go: then the sender is no Raft leader, and nothing is changed. */
static bool merge_entries(struct raft *raft, const struct raft_message *message)
{
    struct raft_entry_cursor cursor = message->append_request.cursor;
    uint64_t index = message->append_request.prev.index;
    struct raft_entry entry;
    while (raft_entry_cursor_next(&cursor, &entry)) {
        index++;
        if (index <= raft->log.base.index) {
            continue;
        }
        if (index <= raft__log_last_index(&raft->log)) {
            if (raft__log_term(&raft->log, index) == entry.term) {
                continue;
            }
            if (index <= raft->commit_index) {
                return false;
            }
            raft__truncate(raft, index);
        }
        raft__append(raft, &entry);
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
    if (raft->incoming != NULL &&
        raft->incoming->position.index <= raft->commit_index) {
        raft__forget_incoming(raft);
    }
    struct raft_message answer = {
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = raft->hard_state.current_term,
    };
    answer.append_response.sequence = message->append_request.sequence;
    answer.append_response.success = true;
    answer.append_response.match_index = covered;
    raft__send(raft, to, RAFT__AFTER_WRITES, &answer);
}

/* What a snapshot has replaced was committed, and is in every leader's log. */
static bool matches(const struct raft *raft, struct raft_position prev)
{
    return prev.index < raft->log.base.index ||
           (raft__log_knows(&raft->log, prev.index) &&
            raft__log_term(&raft->log, prev.index) == prev.term);
}

void raft__handle_append_request(struct raft *raft, raft_id from,
                                 const struct raft_message *message)
{
    if (message->term < raft->hard_state.current_term) {
        refuse(raft, from, message);
        return;
    }
    if (raft->role == RAFT_LEADER) {
        return; /* two leaders in a term: not by Raft; keep out of it */
    }
    raft__hear_leader(raft, from);
    raft->is_blind = message->append_request.omit_commands;
    if (!matches(raft, message->append_request.prev)) {
        refuse(raft, from, message);
    } else if (merge_entries(raft, message)) {
        acknowledge(raft, from, message);
    }
}
