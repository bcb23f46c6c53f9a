/* libraft as a node: the objects that the distribution ships, behind the
 * simulator's interface.
 *
 * What it takes for granted: links that keep the order of messages; a term and
 * a vote that are durable when set_term() and set_vote() return, in a file of
 * their own; ticks, at which it looks at its time-outs; the members in the
 * first entry of the log; and a global allocator, which is switched to the
 * node's own before each call, so that a crash can free all of it at once.
 * raft_close() is never called: a crash does not.
 *
 * What one step asks of the disk is one write here. The truncation of a log is
 * in it, before the entries: as in libraft's own back end, where both go
 * through one queue. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/nodes/libraft.h"

/* --- a step --------------------------------------------------------------- */

static void begin_step(struct libraft *self, uint64_t now_us)
{
    raft_heap_set(&self->heap.functions);
    self->now_us = now_us;
    sim_answers_begin(&self->answers);
}

static void end_step(struct libraft *self, struct sim_outputs *outputs)
{
    libraft_io_settle(self);
    libraft_state_settle(self);
    sim_answers_end(&self->answers, outputs);
}

/* --- its life ------------------------------------------------------------- */

static void no_trace(struct raft_tracer *tracer, const char *file, int line,
                     const char *message)
{
    (void)tracer;
    (void)file;
    (void)line;
    (void)message;
}

/* All payloads in one block, as libraft expects: the batch of each entry. */
static void take_entries(struct libraft *self, const struct sim_image *image)
{
    size_t size = 1;
    for (uint64_t i = 0; i < image->n_entries; i++) {
        size += image->entries[i].size;
    }
    self->n_entries = (size_t)image->n_entries;
    self->entries = raft_calloc(self->n_entries + 1, sizeof *self->entries);
    uint8_t *batch = raft_malloc(size);
    uint8_t *at = batch;
    for (uint64_t i = 0; i < image->n_entries; i++) {
        const struct sim_entry *entry = &image->entries[i];
        struct raft_entry *to = &self->entries[i];
        if (entry->size > 0) {
            memcpy(at, entry->data, entry->size);
        }
        to->term = entry->term;
        to->type = entry->kind == SIM_ENTRY_COMMAND         ? RAFT_COMMAND
                   : entry->kind == SIM_ENTRY_CONFIGURATION ? RAFT_CHANGE
                                                            : RAFT_BARRIER;
        to->buf.base = at;
        to->buf.len = entry->size;
        to->batch = batch;
        at += entry->size;
    }
}

static void take_image(struct libraft *self, const struct sim_image *image)
{
    const struct sim_snapshot *snapshot = &image->snapshot;
    sim_answers_init(&self->answers, image, false);
    self->hard_state = image->hard_state;
    self->last = snapshot->position;
    if (snapshot->position.index > 0) {
        self->snapshot.position = snapshot->position;
        bytes_put(&self->snapshot.meta, snapshot->meta, snapshot->meta_size);
        bytes_put(&self->snapshot.image, snapshot->image, snapshot->image_size);
    }
    if (image->n_entries > 0 && !self->answers.log_is_void) {
        self->last = (struct sim_position){
            image->entries[image->n_entries - 1].term, self->answers.end};
        take_entries(self, image);
    }
}

static void destroy(struct sim_node *node)
{
    struct libraft *self = (struct libraft *)node;
    begin_step(self, 0);
    heap_drop(&self->heap);
    raft_heap_set_default();
    bytes_free(&self->snapshot.meta);
    bytes_free(&self->snapshot.image);
    bytes_free(&self->next_snapshot.meta);
    bytes_free(&self->next_snapshot.image);
    self->options.state_machine->destroy(self->machine);
    sim_answers_free(&self->answers);
    free(self->pending);
    free(self->dues);
    free(self);
}

static struct sim_node *create(const struct sim_node_options *options,
                               const struct sim_image *image)
{
    struct libraft *self = calloc(1, sizeof *self);
    char address[WIRE_ADDRESS_SIZE];
    if (self == NULL) {
        return NULL;
    }
    self->base.type = &raftsim_node_type;
    self->options = *options;
    self->random = options->random_seed | 1;
    self->tracer.emit = no_trace;
    self->machine = options->state_machine->create();
    heap_init(&self->heap);
    raft_heap_set(&self->heap.functions);
    libraft_io_init(self);
    libraft_fsm_init(self);
    take_image(self, image);
    snprintf(address, sizeof address, "%u", (unsigned)options->id);
    if (raft_init(&self->raft, &self->io, &self->fsm, options->id, address) !=
        0) {
        destroy(&self->base);
        return NULL;
    }
    self->raft.tracer = &self->tracer;
    raft_set_election_timeout(
        &self->raft, (unsigned)(options->election_timeout_min_us / 1000));
    raft_set_heartbeat_timeout(
        &self->raft, (unsigned)(options->heartbeat_interval_us / 1000));
    raft_set_install_snapshot_timeout(
        &self->raft, SNAPSHOT_TIMEOUTS *
                         (unsigned)(options->election_timeout_min_us / 1000));
    raft_set_pre_vote(&self->raft, options->pre_vote);
    raft_set_snapshot_threshold(&self->raft, SNAPSHOT_NEVER);
    return &self->base;
}

/* --- its inputs ----------------------------------------------------------- */

static bool start(struct libraft *self)
{
    self->started = true;
    if (raft_start(&self->raft) != 0) {
        return false;
    }
    /* Ticks of machines that start together do not come together. */
    self->next_tick_us =
        self->now_us + 1 + self->options.random_seed % self->tick_us;
    return true;
}

static void take_timer(struct libraft *self)
{
    if (self->now_us >= self->next_tick_us) {
        self->next_tick_us = self->now_us + self->tick_us;
        self->tick(&self->io);
    }
}

static bool take_message(struct libraft *self, const struct sim_input *input)
{
    struct raft_message message;
    char address[WIRE_ADDRESS_SIZE]; /* libraft copies it */
    if (!wire_decode(input->message.bytes, input->message.size, &message)) {
        return false;
    }
    snprintf(address, sizeof address, "%u", (unsigned)input->message.from);
    message.server_id = input->message.from;
    message.server_address = address;
    self->recv(&self->io, &message);
    return true;
}

static enum sim_node_status step(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs)
{
    struct libraft *self = (struct libraft *)node;
    uint64_t tick_before_us = self->next_tick_us;
    bool good = true;
    begin_step(self, input->now_us);
    switch (input->kind) {
    case SIM_INPUT_START:
        good = start(self);
        break;
    case SIM_INPUT_MESSAGE:
        good = take_message(self, input);
        break;
    case SIM_INPUT_TIMER:
        take_timer(self);
        break;
    case SIM_INPUT_WRITTEN:
        sim_answers_written(&self->answers, input->written.write_id);
        libraft_io_written(self, input->written.write_id);
        break;
    case SIM_INPUT_PROPOSAL:
        libraft_take_proposal(self, input);
        break;
    case SIM_INPUT_CHANGE:
        libraft_take_change(self, input);
        break;
    case SIM_INPUT_TRANSFER:
        libraft_take_transfer(self, input);
        break;
    case SIM_INPUT_SNAPSHOT:
        libraft_take_snapshot(self, input);
        break;
    case SIM_INPUT_SESSION:
    case SIM_INPUT_READ:
    case SIM_INPUT_FAILED:
        good = false; /* see `features` */
        break;
    }
    if (self->next_tick_us != tick_before_us ||
        input->kind == SIM_INPUT_TIMER) {
        sim_answers_timer(&self->answers, self->next_tick_us);
    }
    end_step(self, outputs);
    return good ? SIM_NODE_OK : SIM_NODE_REFUSED;
}

/* --- the table ------------------------------------------------------------ */

static const char *const differences[] = {
    "A new leader appends no entry of its own term, and commits entries of "
    "older terms by counting.",
    "The only voter leads without an election, in the term that it is in.",
    "A server that knows a leader refuses its vote, and does not take over the "
    "candidate's term.",
    "A leader that hears no majority steps down, and who hears a leader does "
    "not vote: check_quorum cannot be switched off.",
    "After a refusal the leader goes back by one entry with each heartbeat.",
    "A follower goes by a new configuration when that is durable.",
    "A new member is added without a vote first, and promoted by a second "
    "change.",
    "A leader that is removed steps down, and hands its leadership to nobody.",
    "A transfer is given up after an election time-out.",
    "A snapshot is one message, sent again after 30 election time-outs (its "
    "default).",
    NULL,
};

const struct sim_node_type raftsim_node_type = {
    .abi = SIM_NODE_ABI,
    .size = sizeof(struct sim_node_type),
    .name = "libraft",
    .features = SIM_FEATURE_SNAPSHOTS | SIM_FEATURE_MEMBERS |
                SIM_FEATURE_TRANSFER | SIM_FEATURE_PRE_VOTE |
                SIM_FEATURE_CHECK_QUORUM,
    .assumes = SIM_ASSUMES_FIFO | SIM_ASSUMES_HARD_STATE_AT_ONCE |
               SIM_ASSUMES_FIRST_ENTRY | SIM_ASSUMES_TICKS,
    .shows = SIM_SHOWS_ROLE | SIM_SHOWS_HARD_STATE | SIM_SHOWS_LEADER |
             SIM_SHOWS_LAST | SIM_SHOWS_COMMIT_INDEX | SIM_SHOWS_LAST_APPLIED,
    .differences = differences,
    .create = create,
    .step = step,
    .inspect = libraft_inspect,
    .destroy = destroy,
    .classify = wire_classify,
    .bootstrap = wire_bootstrap,
    .configuration = wire_configuration,
    .snapshot_configuration = wire_snapshot_configuration,
    .describe = wire_describe,
};
