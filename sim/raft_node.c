#undef NDEBUG
#include "sim/raft_node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/raft_node_words.h"

struct raft_node {
    struct sim_node base;
    struct raft_allocator allocator;
    struct raft *raft;
    struct sim_output *outputs; /* the last step's, translated */
    size_t outputs_capacity;
    struct sim_entry *entries; /* those of its WRITE, then those of its APPLY */
    size_t entries_capacity;
    uint8_t *meta; /* the library's part of a snapshot */
    size_t meta_capacity;
    struct raft_member members[RAFT_MAX_MEMBERS]; /* of a change */
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

/* --- create --------------------------------------------------------------- */

static struct raft_config config_of(const struct sim_node_options *options)
{
    return (struct raft_config){
        .id = options->id,
        .random_seed = options->random_seed,
        .election_timeout_min_us = options->election_timeout_min_us,
        .election_timeout_max_us = options->election_timeout_max_us,
        .heartbeat_interval_us = options->heartbeat_interval_us,
        .max_entries_per_message = options->max_entries_per_message,
        .max_bytes_per_message = options->max_bytes_per_message,
        .max_inflight_messages = options->max_inflight_messages,
        .max_inflight_bytes = options->max_inflight_bytes,
        .max_uncommitted_bytes = options->max_uncommitted_bytes,
        .max_pending_reads = options->max_pending_reads,
        .max_sessions = options->max_sessions,
        .pre_vote = options->pre_vote,
        .check_quorum = options->check_quorum,
        .catch_up = options->catch_up,
        .priority_takeover = options->priority_takeover,
        .lease_reads = options->lease_reads,
        .clock_drift_ppm = options->clock_drift_ppm,
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
            .kind = raft_node__kind(entry->kind),
            .omitted = entry->omitted,
            .session = entry->kind == SIM_ENTRY_COMMAND ? entry->session : 0,
            .sequence = entry->sequence,
        };
    }
    return entries;
}

static struct sim_node *create(const struct sim_node_options *options,
                               const struct sim_image *image)
{
    assert(options->n_nodes <= SIM_MAX_NODES);
    struct raft_node *self = sim_calloc(1, sizeof *self);
    self->base.type = &sim_raft_node_type;
    self->allocator.resize = resize;
    struct raft_entry *entries = raft_entries(image);
    struct raft_config config = config_of(options);
    struct raft_image raft_image = {
        .hard_state = {.current_term = image->hard_state.term,
                       .voted_for = image->hard_state.vote},
        .snapshot = {.position = {image->snapshot.position.term,
                                  image->snapshot.position.index},
                     .meta = image->snapshot.meta,
                     .meta_size = image->snapshot.meta_size,
                     .image = image->snapshot.image,
                     .image_size = image->snapshot.image_size},
        .first_index = image->first_index,
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
    free(self->meta);
    free(self);
}

/* --- step ----------------------------------------------------------------- */

/* The library's part of the snapshot is taken with the image: what is applied
 * has not moved since. */
static void put_snapshot(struct raft_node *self, const struct sim_input *input,
                         struct raft_input *out)
{
    size_t size = raft_meta_size(self->raft);
    self->meta = sim_grow(self->meta, &self->meta_capacity, size, 1);
    raft_meta(self->raft, self->meta);
    out->snapshot.index = input->snapshot.index;
    out->snapshot.meta = self->meta;
    out->snapshot.meta_size = size;
    out->snapshot.keep_from = input->snapshot.keep_from;
    out->snapshot.image = input->snapshot.image;
    out->snapshot.size = input->snapshot.size;
}

static struct raft_input raft_input(struct raft_node *self,
                                    const struct sim_input *input)
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
    case SIM_INPUT_FAILED:
        out.kind = RAFT_INPUT_FAILED;
        out.failed.write_id = input->failed.write_id;
        break;
    case SIM_INPUT_PROPOSAL:
        out.kind = RAFT_INPUT_PROPOSAL;
        out.proposal.tag = input->proposal.tag;
        out.proposal.session = input->proposal.session;
        out.proposal.sequence = input->proposal.sequence;
        out.proposal.data = input->proposal.data;
        out.proposal.size = input->proposal.size;
        break;
    case SIM_INPUT_SESSION:
        out.kind = RAFT_INPUT_SESSION;
        out.session.tag = input->session.tag;
        break;
    case SIM_INPUT_CHANGE:
        out.kind = RAFT_INPUT_CHANGE;
        out.change.tag = input->change.tag;
        out.change.members = self->members;
        out.change.n_members =
            raft_node__list(input->change.members, self->members);
        out.change.joint = input->change.joint;
        break;
    case SIM_INPUT_TRANSFER:
        out.kind = RAFT_INPUT_TRANSFER;
        out.transfer.tag = input->transfer.tag;
        out.transfer.to = input->transfer.to;
        break;
    case SIM_INPUT_READ:
        out.kind = RAFT_INPUT_READ;
        out.read.tag = input->read.tag;
        out.read.lease = input->read.lease;
        break;
    case SIM_INPUT_SNAPSHOT:
        out.kind = RAFT_INPUT_SNAPSHOT;
        put_snapshot(self, input, &out);
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
        first[i] = raft_node__entry(&entries[i]);
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
                       .vote = raft_node__id(write->hard_state.voted_for)},
        .has_snapshot = write->has_snapshot,
        .snapshot = {.position = raft_node__position(write->snapshot.position),
                     .meta = write->snapshot.meta,
                     .meta_size = write->snapshot.meta_size,
                     .image = write->snapshot.image,
                     .image_size = write->snapshot.image_size},
        .truncate_from = write->truncate_from,
        .drop_before = write->drop_before,
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
        out->send.to = raft_node__id(output->send.to);
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
        out->accepted.position = raft_node__position(output->accepted.position);
        break;
    case RAFT_OUTPUT_REJECTED:
        out->kind = SIM_OUTPUT_REJECTED;
        out->rejected.tag = output->rejected.tag;
        out->rejected.reason = raft_node__reason(output->rejected.reason);
        out->rejected.leader = raft_node__id(output->rejected.leader);
        break;
    case RAFT_OUTPUT_RESTORE:
        out->kind = SIM_OUTPUT_RESTORE;
        out->restore.position = raft_node__position(output->restore.position);
        out->restore.image = output->restore.image;
        out->restore.size = output->restore.size;
        break;
    case RAFT_OUTPUT_APPLY:
        out->kind = SIM_OUTPUT_APPLY;
        out->apply.first_index = output->apply.first_index;
        out->apply.n_entries = output->apply.n_entries;
        out->apply.entries = put_entries(self, used, output->apply.entries,
                                         output->apply.n_entries);
        break;
    case RAFT_OUTPUT_READY:
        out->kind = SIM_OUTPUT_READY;
        out->ready.tag = output->ready.tag;
        out->ready.index = output->ready.index;
        break;
    }
}

static enum sim_node_status step(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs)
{
    struct raft_node *self = (struct raft_node *)node;
    struct raft_input raft_in = raft_input(self, input);
    struct raft_outputs raft_out;
    enum raft_status status = raft_step(self->raft, &raft_in, &raft_out);
    outputs->items = NULL;
    outputs->count = 0;
    if (status == RAFT_NO_MEMORY) {
        return SIM_NODE_NO_MEMORY;
    }
    if (status == RAFT_STOPPED) {
        return SIM_NODE_STOPPED;
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

static void members_of(const struct sim_node *node,
                       struct sim_configuration *configuration)
{
    const struct raft_node *self = (const struct raft_node *)node;
    uint32_t n = 0;
    const struct raft_member *members = raft_members(self->raft, &n);
    raft_node__members(members, n, configuration);
}

static void inspect(const struct sim_node *node, struct sim_view *view)
{
    const struct raft_node *self = (const struct raft_node *)node;
    struct raft_view raft_view;
    raft_inspect(self->raft, &raft_view);
    view->role = raft_node__role(raft_view.role);
    view->hard_state.term = raft_view.hard_state.current_term;
    view->hard_state.vote = raft_node__id(raft_view.hard_state.voted_for);
    view->leader = raft_node__id(raft_view.leader);
    view->last = raft_node__position(raft_view.last);
    view->commit_index = raft_view.commit_index;
    view->last_applied = raft_view.last_applied;
    view->snapshot = raft_node__position(raft_view.snapshot);
    view->configuration = raft_node__position(raft_view.configuration);
}

const struct sim_node_type sim_raft_node_type = {
    .abi = SIM_NODE_ABI,
    .size = sizeof(struct sim_node_type),
    .name = "builtin",
    .shows = SIM_SHOWS_ALL,
    .features = SIM_FEATURES_ALL,
    .create = create,
    .step = step,
    .inspect = inspect,
    .members = members_of,
    .destroy = destroy,
    .classify = raft_node__classify,
    .bootstrap = raft_node__bootstrap,
    .configuration = raft_node__configuration,
    .snapshot_configuration = raft_node__snapshot_configuration,
    .describe = raft_node__describe,
};
