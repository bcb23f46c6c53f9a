#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "raft/state.h"

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

/* --- a node's life -------------------------------------------------------- */

static bool image_is_sound(const struct raft_image *image)
{
    if (image->hard_state.current_term >= RAFT__MAX_COUNTER ||
        image->n_entries > RAFT__MAX_COUNTER) {
        return false;
    }
    uint64_t term = 1; /* no entry is of term 0 */
    for (uint64_t i = 0; i < image->n_entries; i++) {
        const struct raft_entry *entry = &image->entries[i];
        if (entry->term < term || entry->size > RAFT_MAX_COMMAND_BYTES) {
            return false;
        }
        term = entry->term;
    }
    bool has_vote = image->hard_state.voted_for != RAFT_NONE;
    return (image->n_entries == 0 || term <= image->hard_state.current_term) &&
           (!has_vote || image->hard_state.current_term > 0);
}

static void *allocate(struct raft_allocator *allocator, size_t size)
{
    void *block = allocator->resize(allocator, NULL, 0, size);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

static void release(struct raft *raft, void *block, size_t size)
{
    if (block != NULL) {
        raft->allocator->resize(raft->allocator, block, size, 0);
    }
}

/* The most outputs of a step: a write, a timer, a proposal's answer, entries to
 * apply; a full window to one follower and a message to each. Those for which
 * there is no room go with a later step. */
static size_t outbox_capacity(const struct raft_config *config)
{
    return 8 + 2 * (size_t)config->n_voters + config->max_inflight_messages;
}

static size_t inflight_count(const struct raft *raft)
{
    return (size_t)raft->n_peers * raft->config.max_inflight_messages;
}

/* Takes the memory whose size the configuration fixes. */
static bool allocate_parts(struct raft *raft)
{
    struct raft__outbox *outbox = &raft->outbox;
    outbox->capacity = outbox_capacity(&raft->config);
    outbox->items =
        allocate(raft->allocator, outbox->capacity * sizeof *outbox->items);
    outbox->offsets =
        allocate(raft->allocator, outbox->capacity * sizeof *outbox->offsets);
    raft->peers =
        allocate(raft->allocator, raft->n_peers * sizeof *raft->peers);
    raft->matches =
        allocate(raft->allocator, raft->n_peers * sizeof *raft->matches);
    raft->inflight = allocate(raft->allocator,
                              inflight_count(raft) * sizeof *raft->inflight);
    return outbox->items != NULL && outbox->offsets != NULL &&
           raft->peers != NULL && raft->matches != NULL &&
           raft->inflight != NULL;
}

static void copy_voters(struct raft *raft, const struct raft_config *config)
{
    for (uint32_t i = 0; i < config->n_voters; i++) {
        raft->peers[i].id = config->voters[i];
        raft->peers[i].inflight =
            raft->inflight + (size_t)i * config->max_inflight_messages;
        if (config->voters[i] == config->id) {
            raft->self = i;
        }
    }
}

static bool copy_log(struct raft *raft, const struct raft_image *image)
{
    size_t bytes = 0;
    for (uint64_t i = 0; i < image->n_entries; i++) {
        if (image->entries[i].size > SIZE_MAX - bytes) {
            return false;
        }
        bytes += image->entries[i].size;
    }
    if (!raft__log_reserve(&raft->log, image->n_entries, bytes)) {
        return false;
    }
    for (uint64_t i = 0; i < image->n_entries; i++) {
        raft__log_append(&raft->log, &image->entries[i]);
    }
    raft->durable_index = image->n_entries;
    return true;
}

enum raft_status raft_new(const struct raft_config *config,
                          const struct raft_image *image,
                          struct raft_allocator *allocator, struct raft **out)
{
    *out = NULL;
    if (raft_config_error(config) != NULL) {
        return RAFT_BAD_CONFIG;
    }
    if (!image_is_sound(image)) {
        return RAFT_BAD_IMAGE;
    }
    struct raft *raft = allocate(allocator, sizeof *raft);
    if (raft == NULL) {
        return RAFT_NO_MEMORY;
    }
    raft->allocator = allocator;
    raft->config = *config;
    raft->config.voters = NULL;
    raft->n_peers = config->n_voters;
    raft->random_state = config->random_seed;
    raft->hard_state = image->hard_state;
    raft->role = RAFT_FOLLOWER;
    raft__log_init(&raft->log, allocator);
    if (!allocate_parts(raft) || !copy_log(raft, image)) {
        raft_free(raft);
        return RAFT_NO_MEMORY;
    }
    copy_voters(raft, config);
    *out = raft;
    return RAFT_OK;
}

void raft_free(struct raft *raft)
{
    if (raft == NULL) {
        return;
    }
    struct raft__outbox *outbox = &raft->outbox;
    release(raft, outbox->items, outbox->capacity * sizeof *outbox->items);
    release(raft, outbox->offsets, outbox->capacity * sizeof *outbox->offsets);
    release(raft, outbox->bytes, outbox->bytes_capacity);
    release(raft, raft->peers, raft->n_peers * sizeof *raft->peers);
    release(raft, raft->matches, raft->n_peers * sizeof *raft->matches);
    release(raft, raft->inflight,
            inflight_count(raft) * sizeof *raft->inflight);
    release(raft, raft->pending,
            raft->pending_capacity * sizeof *raft->pending);
    raft__log_close(&raft->log);
    release(raft, raft, sizeof *raft);
}

/* --- before a step: is it allowed, is there memory ------------------------ */

static bool is_request(enum raft_message_kind kind)
{
    return kind == RAFT_MESSAGE_PRE_VOTE_REQUEST ||
           kind == RAFT_MESSAGE_VOTE_REQUEST ||
           kind == RAFT_MESSAGE_APPEND_REQUEST;
}

/* An AppendEntries that no leader would send. */
static bool entries_are_sound(const struct raft_message *message)
{
    struct raft_position prev = message->append_request.prev;
    if (prev.index > RAFT__MAX_COUNTER ||
        (prev.index == 0) != (prev.term == 0)) {
        return false;
    }
    struct raft_entry_cursor cursor = message->append_request.cursor;
    struct raft_entry entry;
    uint64_t term = prev.term > 0 ? prev.term : 1;
    while (raft_entry_cursor_next(&cursor, &entry)) {
        if (entry.term < term) {
            return false;
        }
        term = entry.term;
    }
    return term <= message->term;
}

static enum raft_status check_message(const struct raft *raft,
                                      const struct raft_input *input,
                                      struct raft_message *message)
{
    raft_id from = input->message.from;
    if (from == RAFT_NONE || from == raft->config.id) {
        return RAFT_BAD_INPUT;
    }
    if (!raft_message_decode(input->message.bytes, input->message.size,
                             message)) {
        return RAFT_CORRUPT;
    }
    /* Nobody campaigns or leads in term 0; only refusals may come from it. */
    bool sound = message->term < RAFT__MAX_COUNTER &&
                 (message->term > 0 || !is_request(message->kind));
    if (message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        sound = sound && entries_are_sound(message);
    }
    return sound ? RAFT_OK : RAFT_CORRUPT;
}

static enum raft_status check_input(const struct raft *raft,
                                    const struct raft_input *input,
                                    struct raft_message *message)
{
    bool starts = input->kind == RAFT_INPUT_START;
    if (starts == raft->started || input->now_us < raft->now_us ||
        input->now_us > UINT64_MAX / 2) {
        return RAFT_BAD_INPUT;
    }
    switch (input->kind) {
    case RAFT_INPUT_START:
    case RAFT_INPUT_TIMER:
        return RAFT_OK;
    case RAFT_INPUT_MESSAGE:
        return check_message(raft, input, message);
    case RAFT_INPUT_WRITTEN:
        return input->written.write_id > raft->durable_write_id &&
                       input->written.write_id <= raft->last_write_id
                   ? RAFT_OK
                   : RAFT_BAD_INPUT;
    case RAFT_INPUT_PROPOSAL:
        return input->proposal.size <= RAFT_MAX_COMMAND_BYTES ? RAFT_OK
                                                              : RAFT_BAD_INPUT;
    }
    return RAFT_BAD_INPUT;
}

static bool reserve_pending(struct raft *raft)
{
    if (raft->pending_count < raft->pending_capacity) {
        return true;
    }
    size_t old = raft->pending_capacity;
    size_t capacity = old < 16 ? 16 : old * 2;
    struct raft__pending_write *pending = raft->allocator->resize(
        raft->allocator, raft->pending, old * sizeof *pending,
        capacity * sizeof *pending);
    if (pending == NULL) {
        return false;
    }
    /* The ring is full: what lies before its first goes behind the old end. */
    memcpy(pending + old, pending, raft->pending_first * sizeof *pending);
    raft->pending = pending;
    raft->pending_capacity = capacity;
    return true;
}

/* All the memory that the step's changes may need, so that no change stops
 * half-way. Any step may also append one entry without a payload: a no-op. */
static bool reserve(struct raft *raft, const struct raft_input *input,
                    const struct raft_message *message)
{
    uint64_t n = 1;
    size_t bytes = 0;
    if (input->kind == RAFT_INPUT_PROPOSAL) {
        bytes = input->proposal.size;
    } else if (input->kind == RAFT_INPUT_MESSAGE &&
               message->kind == RAFT_MESSAGE_APPEND_REQUEST) {
        n += message->append_request.n_entries;
        bytes = message->append_request.cursor.size;
    }
    return raft__log_reserve(&raft->log, n, bytes) && reserve_pending(raft);
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
        raft__leader_is_alive(raft)) {
        return false; /* dissertation, 4.2.3 */
    }
    if (message->term > term) {
        raft__become_follower(raft, message->term, RAFT_NONE);
    }
    return message->term >= term || is_request(message->kind);
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
    }
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
        raft->started = true;
        raft__restart_election_timer(raft);
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
    case RAFT_INPUT_PROPOSAL:
        raft__propose(raft, input);
        break;
    }
}

enum raft_status raft_step(struct raft *raft, const struct raft_input *input,
                           struct raft_outputs *outputs)
{
    struct raft_message message;
    outputs->items = NULL;
    outputs->count = 0;
    enum raft_status status = check_input(raft, input, &message);
    if (status != RAFT_OK) {
        return status;
    }
    if (!reserve(raft, input, &message)) {
        return RAFT_NO_MEMORY;
    }
    raft->now_us = input->now_us;
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
    view->durable_index = raft->durable_index;
    view->commit_index = raft->commit_index;
    view->last_applied = raft->last_applied;
}

const struct raft_entry *raft_entry_at(const struct raft *raft, uint64_t index)
{
    return index == 0 ? NULL : raft__log_from(&raft->log, index);
}
