#undef NDEBUG
#include "sim/raft_node.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raft/message.h"
#include "raft/raft.h"
#include "sim/memory.h"

struct raft_node {
    struct sim_node base;
    struct raft_allocator allocator;
    struct raft *raft;
    struct sim_output *outputs; /* the last step's, translated */
    size_t outputs_capacity;
    struct sim_entry *entries; /* those of its WRITE, then those of its APPLY */
    size_t entries_capacity;
};

static void *resize(struct raft_allocator *self, void *block, size_t old_size,
                    size_t new_size)
{
    (void)self;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

/* Ids of the library are wider than the simulator's; what is no node's number
 * must not become one. */
static uint32_t sim_id(raft_id id)
{
    return id <= UINT32_MAX ? (uint32_t)id : UINT32_MAX;
}

/* --- values of one side as values of the other ---------------------------- */

static enum sim_entry_kind sim_kind(enum raft_entry_kind kind)
{
    switch (kind) {
    case RAFT_ENTRY_NOOP:
        return SIM_ENTRY_INTERNAL;
    case RAFT_ENTRY_COMMAND:
        return SIM_ENTRY_COMMAND;
    }
    return SIM_ENTRY_INTERNAL;
}

static enum sim_role sim_role(enum raft_role role)
{
    switch (role) {
    case RAFT_FOLLOWER:
        return SIM_FOLLOWER;
    case RAFT_PRE_CANDIDATE:
        return SIM_PRE_CANDIDATE;
    case RAFT_CANDIDATE:
        return SIM_CANDIDATE;
    case RAFT_LEADER:
        return SIM_LEADER;
    }
    return SIM_FOLLOWER;
}

static enum sim_message_kind sim_message_kind(enum raft_message_kind kind)
{
    switch (kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
        return SIM_MESSAGE_PRE_VOTE_REQUEST;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
        return SIM_MESSAGE_PRE_VOTE_RESPONSE;
    case RAFT_MESSAGE_VOTE_REQUEST:
        return SIM_MESSAGE_VOTE_REQUEST;
    case RAFT_MESSAGE_VOTE_RESPONSE:
        return SIM_MESSAGE_VOTE_RESPONSE;
    case RAFT_MESSAGE_APPEND_REQUEST:
        return SIM_MESSAGE_APPEND_REQUEST;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        return SIM_MESSAGE_APPEND_RESPONSE;
    }
    return SIM_MESSAGE_OTHER;
}

static struct sim_entry sim_entry(const struct raft_entry *entry)
{
    return (struct sim_entry){.term = entry->term,
                              .data = entry->data,
                              .size = entry->size,
                              .kind = sim_kind(entry->kind)};
}

/* --- create --------------------------------------------------------------- */

static struct raft_config config_of(const struct sim_node_options *options,
                                    const raft_id *voters)
{
    return (struct raft_config){
        .id = options->id,
        .voters = voters,
        .n_voters = options->n_nodes,
        .random_seed = options->random_seed,
        .election_timeout_min_us = options->election_timeout_min_us,
        .election_timeout_max_us = options->election_timeout_max_us,
        .heartbeat_interval_us = options->heartbeat_interval_us,
        .max_entries_per_message = options->max_entries_per_message,
        .max_bytes_per_message = options->max_bytes_per_message,
        .max_inflight_messages = options->max_inflight_messages,
        .pre_vote = options->pre_vote,
        .check_quorum = options->check_quorum,
    };
}

static struct raft_entry *raft_entries(const struct sim_image *image)
{
    struct raft_entry *entries =
        sim_calloc((size_t)image->n_entries + 1, sizeof *entries);
    for (uint64_t i = 0; i < image->n_entries; i++) {
        const struct sim_entry *entry = &image->entries[i];
        entries[i] = (struct raft_entry){
            .term = entry->term,
            .data = entry->data,
            .size = entry->size,
            .kind = entry->kind == SIM_ENTRY_COMMAND ? RAFT_ENTRY_COMMAND
                                                     : RAFT_ENTRY_NOOP,
        };
    }
    return entries;
}

static struct sim_node *create(const struct sim_node_options *options,
                               const struct sim_image *image)
{
    assert(options->n_nodes <= SIM_MAX_NODES);
    raft_id voters[SIM_MAX_NODES];
    for (uint32_t i = 0; i < options->n_nodes; i++) {
        voters[i] = i + 1;
    }
    struct raft_node *self = sim_calloc(1, sizeof *self);
    self->base.type = &sim_raft_node_type;
    self->allocator.resize = resize;
    struct raft_entry *entries = raft_entries(image);
    struct raft_config config = config_of(options, voters);
    struct raft_image raft_image = {
        .hard_state = {.current_term = image->hard_state.term,
                       .voted_for = image->hard_state.vote},
        .entries = entries,
        .n_entries = image->n_entries,
    };
    enum raft_status status =
        raft_new(&config, &raft_image, &self->allocator, &self->raft);
    free(entries);
    if (status != RAFT_OK) {
        free(self);
        return NULL;
    }
    return &self->base;
}

static void destroy(struct sim_node *node)
{
    struct raft_node *self = (struct raft_node *)node;
    raft_free(self->raft);
    free(self->outputs);
    free(self->entries);
    free(self);
}

/* --- step ----------------------------------------------------------------- */

static struct raft_input raft_input(const struct sim_input *input)
{
    struct raft_input out = {.now_us = input->now_us};
    switch (input->kind) {
    case SIM_INPUT_START:
        out.kind = RAFT_INPUT_START;
        break;
    case SIM_INPUT_MESSAGE:
        out.kind = RAFT_INPUT_MESSAGE;
        out.message.from = input->message.from;
        out.message.bytes = input->message.bytes;
        out.message.size = input->message.size;
        break;
    case SIM_INPUT_TIMER:
        out.kind = RAFT_INPUT_TIMER;
        break;
    case SIM_INPUT_WRITTEN:
        out.kind = RAFT_INPUT_WRITTEN;
        out.written.write_id = input->written.write_id;
        break;
    case SIM_INPUT_PROPOSAL:
        out.kind = RAFT_INPUT_PROPOSAL;
        out.proposal.tag = input->proposal.tag;
        out.proposal.data = input->proposal.data;
        out.proposal.size = input->proposal.size;
        break;
    }
    return out;
}

/* Room for all entries of the step, so that they do not move. */
static void reserve(struct raft_node *self, const struct raft_outputs *outputs)
{
    size_t n = 0;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct raft_output *output = &outputs->items[i];
        if (output->kind == RAFT_OUTPUT_WRITE) {
            n += output->write.n_entries;
        } else if (output->kind == RAFT_OUTPUT_APPLY) {
            n += output->apply.n_entries;
        }
    }
    self->entries = sim_grow(self->entries, &self->entries_capacity, n,
                             sizeof *self->entries);
    self->outputs = sim_grow(self->outputs, &self->outputs_capacity,
                             outputs->count, sizeof *self->outputs);
}

static const struct sim_entry *put_entries(struct raft_node *self, size_t *used,
                                           const struct raft_entry *entries,
                                           uint32_t n)
{
    if (n == 0) {
        return NULL;
    }
    struct sim_entry *first = self->entries + *used;
    for (uint32_t i = 0; i < n; i++) {
        first[i] = sim_entry(&entries[i]);
    }
    *used += n;
    return first;
}

static struct sim_write sim_write(struct raft_node *self, size_t *used,
                                  const struct raft_write *write)
{
    return (struct sim_write){
        .id = write->id,
        .has_hard_state = write->has_hard_state,
        .hard_state = {.term = write->hard_state.current_term,
                       .vote = sim_id(write->hard_state.voted_for)},
        .truncate_from = write->truncate_from,
        .first_index = write->first_index,
        .entries = put_entries(self, used, write->entries, write->n_entries),
        .n_entries = write->n_entries,
    };
}

static void put_output(struct raft_node *self, size_t *used,
                       struct sim_output *out, const struct raft_output *output)
{
    switch (output->kind) {
    case RAFT_OUTPUT_WRITE:
        out->kind = SIM_OUTPUT_WRITE;
        out->write = sim_write(self, used, &output->write);
        break;
    case RAFT_OUTPUT_SEND:
        out->kind = SIM_OUTPUT_SEND;
        out->send.to = sim_id(output->send.to);
        out->send.after_write = output->send.after_write;
        out->send.bytes = output->send.bytes;
        out->send.size = output->send.size;
        break;
    case RAFT_OUTPUT_TIMER:
        out->kind = SIM_OUTPUT_TIMER;
        out->timer.deadline_us = output->timer.deadline_us;
        break;
    case RAFT_OUTPUT_ACCEPTED:
        out->kind = SIM_OUTPUT_ACCEPTED;
        out->accepted.tag = output->accepted.tag;
        out->accepted.position.term = output->accepted.position.term;
        out->accepted.position.index = output->accepted.position.index;
        break;
    case RAFT_OUTPUT_REJECTED:
        out->kind = SIM_OUTPUT_REJECTED;
        out->rejected.tag = output->rejected.tag;
        out->rejected.leader = sim_id(output->rejected.leader);
        break;
    case RAFT_OUTPUT_APPLY:
        out->kind = SIM_OUTPUT_APPLY;
        out->apply.first_index = output->apply.first_index;
        out->apply.n_entries = output->apply.n_entries;
        out->apply.entries = put_entries(self, used, output->apply.entries,
                                         output->apply.n_entries);
        break;
    }
}

static enum sim_node_status step(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs)
{
    struct raft_node *self = (struct raft_node *)node;
    struct raft_input raft_in = raft_input(input);
    struct raft_outputs raft_out;
    enum raft_status status = raft_step(self->raft, &raft_in, &raft_out);
    outputs->items = NULL;
    outputs->count = 0;
    if (status == RAFT_NO_MEMORY) {
        return SIM_NODE_NO_MEMORY;
    }
    if (status != RAFT_OK) {
        return SIM_NODE_REFUSED;
    }
    reserve(self, &raft_out);
    size_t used = 0;
    for (size_t i = 0; i < raft_out.count; i++) {
        put_output(self, &used, &self->outputs[i], &raft_out.items[i]);
    }
    outputs->items = self->outputs;
    outputs->count = raft_out.count;
    return SIM_NODE_OK;
}

static void inspect(const struct sim_node *node, struct sim_view *view)
{
    const struct raft_node *self = (const struct raft_node *)node;
    struct raft_view raft_view;
    raft_inspect(self->raft, &raft_view);
    view->role = sim_role(raft_view.role);
    view->hard_state.term = raft_view.hard_state.current_term;
    view->hard_state.vote = sim_id(raft_view.hard_state.voted_for);
    view->leader = sim_id(raft_view.leader);
    view->last.term = raft_view.last.term;
    view->last.index = raft_view.last.index;
    view->commit_index = raft_view.commit_index;
    view->last_applied = raft_view.last_applied;
}

/* --- messages ------------------------------------------------------------- */

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    struct raft_message raft_message;
    memset(message, 0, sizeof *message);
    if (!raft_message_decode(bytes, size, &raft_message)) {
        return;
    }
    message->kind = sim_message_kind(raft_message.kind);
    message->term = raft_message.term;
    switch (raft_message.kind) {
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        message->granted = raft_message.vote_response.granted;
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        message->n_entries = raft_message.append_request.n_entries;
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        message->granted = raft_message.append_response.success;
        message->match_index = raft_message.append_response.match_index;
        break;
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        break;
    }
}

static void describe_append(const struct raft_message *message, char *text)
{
    uint64_t first = message->append_request.prev.index + 1;
    char entries[64] = "heartbeat";
    if (message->append_request.n_entries == 1) {
        snprintf(entries, sizeof entries, "entry %" PRIu64, first);
    } else if (message->append_request.n_entries > 1) {
        snprintf(entries, sizeof entries, "entries %" PRIu64 "..%" PRIu64,
                 first, first + message->append_request.n_entries - 1);
    }
    snprintf(text, SIM_DESCRIPTION_SIZE,
             "term %" PRIu64 ", %s after %" PRIu64 "/%" PRIu64
             ", commit %" PRIu64,
             message->term, entries, message->append_request.prev.index,
             message->append_request.prev.term,
             message->append_request.leader_commit);
}

static void describe_append_response(const struct raft_message *message,
                                     char *text)
{
    uint64_t term = message->term;
    if (message->append_response.success) {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", matches up to %" PRIu64, term,
                 message->append_response.match_index);
        return;
    }
    uint64_t rejected = message->append_response.rejected;
    uint64_t index = message->append_response.conflict.index;
    if (message->append_response.conflict.term == 0) {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", refused at %" PRIu64
                 ": its log ends at %" PRIu64,
                 term, rejected, index - 1);
    } else {
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", refused at %" PRIu64
                 ": it has term %" PRIu64 " there, from %" PRIu64,
                 term, rejected, message->append_response.conflict.term, index);
    }
}

static void describe(const uint8_t *bytes, size_t size, char *text)
{
    struct raft_message message;
    if (!raft_message_decode(bytes, size, &message)) {
        snprintf(text, SIM_DESCRIPTION_SIZE, "%zu bytes that are no message",
                 size);
        return;
    }
    switch (message.kind) {
    case RAFT_MESSAGE_PRE_VOTE_REQUEST:
    case RAFT_MESSAGE_VOTE_REQUEST:
        snprintf(text, SIM_DESCRIPTION_SIZE,
                 "term %" PRIu64 ", last entry %" PRIu64 "/%" PRIu64,
                 message.term, message.vote_request.last.index,
                 message.vote_request.last.term);
        break;
    case RAFT_MESSAGE_PRE_VOTE_RESPONSE:
    case RAFT_MESSAGE_VOTE_RESPONSE:
        snprintf(text, SIM_DESCRIPTION_SIZE, "term %" PRIu64 ", %s",
                 message.term,
                 message.vote_response.granted ? "granted" : "refused");
        break;
    case RAFT_MESSAGE_APPEND_REQUEST:
        describe_append(&message, text);
        break;
    case RAFT_MESSAGE_APPEND_RESPONSE:
        describe_append_response(&message, text);
        break;
    }
}

const struct sim_node_type sim_raft_node_type = {
    .name = "builtin",
    .create = create,
    .step = step,
    .inspect = inspect,
    .destroy = destroy,
    .classify = classify,
    .describe = describe,
};
