/* One input in, outputs out; and what can be seen of a node. */
#include "raft/internal.h"

/* --- small parts ---------------------------------------------------------- */

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static uint64_t random_next(struct raft *raft)
{
    raft->random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = raft->random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t raft__random_between(struct raft *raft, uint64_t low, uint64_t high)
{
    uint64_t range = high - low + 1;
    uint64_t unbiased = range == 0 ? 0 : UINT64_MAX - UINT64_MAX % range;
    uint64_t value = random_next(raft);
    while (range != 0 && value >= unbiased) {
        value = random_next(raft);
    }
    return range == 0 ? value : low + value % range;
}

/* --- a step --------------------------------------------------------------- */

/* Paper, 5.1: "if RPC request or response contains term T > currentTerm: set
 * currentTerm = T, convert to follower". What speaks of a term that nobody is
 * in yet does not count: pre-vote requests and their granted responses. False
 * if the message is to be ignored. */
static bool meet_term(struct raft *raft, const struct raft_message *message)
{
    uint64_t term = raft->hard_state.current_term;
    bool speaks_of_future = message->kind == RAFT_MESSAGE_PRE_VOTE_REQUEST ||
                            (message->kind == RAFT_MESSAGE_PRE_VOTE_RESPONSE &&
                             message->vote_response.granted);
    if (speaks_of_future) {
        return true;
    }
    if (message->kind == RAFT_MESSAGE_VOTE_REQUEST &&
        raft->config.check_quorum && message->term > term &&
        !message->vote_request.transfer && raft__leader_is_alive(raft)) {
        return false; /* dissertation, 4.2.3; for transfers, 3.10 */
    }
    if (message->term > term) {
        raft__become_follower(raft, message->term, RAFT_NONE);
    }
    return message->term >= term || raft__is_request(message->kind);
}

static void handle_message(struct raft *raft, raft_id from,
                           const struct raft_message *message)
{
    if (!meet_term(raft, message)) {
        return;
    }
    switch (message->kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        raft__handle_pre_vote_request(raft, from, message);
        break;
    case RAFT_MESSAGE_VOTE_REQUEST:
        raft__handle_vote_request(raft, from, message);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        raft__handle_vote_response(raft, from, message);
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        raft__handle_append_request(raft, from, message);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        raft__handle_append_response(raft, from, message);
        break;
    case RAFT_MESSAGE_INSTALL_REQUEST:
        raft__handle_install_request(raft, from, message);
        break;
    case RAFT_MESSAGE_INSTALL_RESPONSE:
        raft__handle_install_response(raft, from, message);
        break;
    case RAFT_MESSAGE_TIMEOUT_NOW:
        raft__handle_timeout_now(raft, from);
        break;
    case RAFT_MESSAGE_READ_REQUEST:
        raft__handle_read_request(raft, from, message);
        break;
    case RAFT_MESSAGE_READ_RESPONSE:
        raft__handle_read_response(raft, from, message);
        break;
    }
}

/* What a crash left of a log that a snapshot had replaced goes now. */
static void handle_start(struct raft *raft)
{
    raft->started = true;
    raft->started_us = raft->now_us;
    raft->was_used = raft->hard_state.current_term > 0;
    raft->truncate_from = raft->void_log_from;
    raft__restart_election_timer(raft);
}

static void handle_timer(struct raft *raft)
{
    raft->timer_us = 0; /* it was used up: give the next one in any case */
    if (raft->role == RAFT_LEADER) {
        raft__leader_due(raft);
    } else if (raft->election_deadline_us <= raft->now_us) {
        raft__election_due(raft);
    }
}

static void handle_written(struct raft *raft, uint64_t write_id)
{
    uint64_t last_index = raft->durable_index;
    while (raft->pending_count > 0 &&
           raft->pending[raft->pending_first].id <= write_id) {
        last_index = raft->pending[raft->pending_first].last_index;
        raft->pending_first =
            (raft->pending_first + 1) % raft->pending_capacity;
        raft->pending_count--;
    }
    raft->durable_write_id = write_id;
    raft__log_durable(raft, last_index);
    if (raft->own_vote_write != 0 && raft->own_vote_write <= write_id) {
        raft__own_vote_durable(raft);
    }
}

static void dispatch(struct raft *raft, const struct raft_input *input,
                     const struct raft_message *message)
{
    switch (input->kind) {
    case RAFT_INPUT_START:
        handle_start(raft);
        break;
    case RAFT_INPUT_MESSAGE:
        handle_message(raft, input->message.from, message);
        break;
    case RAFT_INPUT_TIMER:
        handle_timer(raft);
        break;
    case RAFT_INPUT_WRITTEN:
        handle_written(raft, input->written.write_id);
        break;
    case RAFT_INPUT_FAILED:
        break; /* raft_step() ends with it */
    case RAFT_INPUT_PROPOSAL:
        raft__propose(raft, input);
        break;
    case RAFT_INPUT_SESSION:
        raft__open_session(raft, input);
        break;
    case RAFT_INPUT_CHANGE:
        raft__change(raft, input);
        break;
    case RAFT_INPUT_TRANSFER:
        raft__transfer(raft, input);
        break;
    case RAFT_INPUT_READ:
        raft__read(raft, input);
        break;
    case RAFT_INPUT_SNAPSHOT:
        raft__compact(raft, input);
        break;
    }
}

enum raft_status raft_step(struct raft *raft, const struct raft_input *input,
                           struct raft_outputs *outputs)
{
    struct raft_message message;
    outputs->items = NULL;
    outputs->count = 0;
    if (raft->stopped) {
        return RAFT_STOPPED;
    }
    enum raft_status status = raft__check_input(raft, input, &message);
    if (status != RAFT_OK) {
        return status;
    }
    if (input->kind == RAFT_INPUT_FAILED) {
        raft->stopped = true; /* no step comes to an end any more, so what waits
                                 for the write counts for nothing */
        return RAFT_STOPPED;
    }
    if (!raft__reserve(raft, input, &message)) {
        return RAFT_NO_MEMORY;
    }
    raft->now_us = input->now_us;
    raft->sequence++;
    raft__outbox_begin(raft);
    dispatch(raft, input, &message);
    raft__outbox_finish(raft, outputs);
    return RAFT_OK;
}

void raft_inspect(const struct raft *raft, struct raft_view *view)
{
    view->id = raft->config.id;
    view->role = raft->role;
    view->hard_state = raft->hard_state;
    view->leader = raft->leader;
    view->last = raft__log_last(&raft->log);
    view->first_index = raft->log.base.index + 1;
    view->durable_index = raft->durable_index;
    view->commit_index = raft->commit_index;
    view->last_applied = raft->last_applied;
    view->snapshot = raft__snapshot_position(raft);
    view->configuration = raft->configuration;
    view->transfer_to =
        raft->role == RAFT_LEADER ? raft->transfer_to : RAFT_NONE;
}

const struct raft_member *raft_members(const struct raft *raft, uint32_t *n)
{
    *n = raft->n_peers;
    return raft->members;
}

bool raft_follow(const struct raft *raft, raft_id id,
                 struct raft_progress *progress)
{
    const struct raft__peer *peer = raft__peer(raft, id);
    if (raft->role != RAFT_LEADER || peer == NULL || id == raft->config.id) {
        return false;
    }
    *progress = (struct raft_progress){
        .state = peer->state,
        .match_index = peer->match_index,
        .next_index = peer->next_index,
        .snapshot_offset = peer->state == RAFT_SNAPSHOT ? peer->offset : 0,
        .caught_up = raft__is_caught_up(raft, peer),
    };
    return true;
}

const struct raft_entry *raft_entry_at(const struct raft *raft, uint64_t index)
{
    return index <= raft->log.base.index ? NULL
                                         : raft__log_from(&raft->log, index);
}
