#include "tests/ruler_node.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* --- configurations ------------------------------------------------------- */

enum { IN_VOTERS = 1, IN_OLD = 2, IN_LEARNERS = 4, IN_WITNESSES = 8 };

void ruler_encode(const struct sim_configuration *members, uint8_t *bytes)
{
    memset(bytes, 0, RULER_META_SIZE);
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        uint8_t *place = bytes + (size_t)3 * (node - 1);
        place[0] =
            (uint8_t)((sim_set_has(&members->voters, node) ? IN_VOTERS : 0) |
                      (sim_set_has(&members->old_voters, node) ? IN_OLD : 0) |
                      (sim_set_has(&members->learners, node) ? IN_LEARNERS
                                                             : 0) |
                      (sim_set_has(&members->witnesses, node) ? IN_WITNESSES
                                                              : 0));
        place[1] = members->priorities[node - 1];
        place[2] = 0x5a;
    }
}

static bool decode(const uint8_t *bytes, size_t size,
                   struct sim_configuration *members)
{
    *members = (struct sim_configuration){0};
    if (size != RULER_META_SIZE) {
        return false;
    }
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        const uint8_t *place = bytes + (size_t)3 * (node - 1);
        struct sim_set *sets[] = {&members->voters, &members->old_voters,
                                  &members->learners, &members->witnesses};
        for (unsigned i = 0; i < 4; i++) {
            if ((place[0] >> i & 1) != 0) {
                sim_set_add(sets[i], node);
            }
        }
        members->priorities[node - 1] = place[1];
        if (place[2] != 0x5a) {
            return false;
        }
    }
    return true;
}

static size_t bootstrap(const struct sim_configuration *members, uint8_t *bytes)
{
    if (bytes != NULL) {
        ruler_encode(members, bytes);
    }
    return RULER_META_SIZE;
}

/* --- a life --------------------------------------------------------------- */

static void keep(struct ruler_node *self, const struct sim_entry *entry)
{
    self->entries = sim_grow(self->entries, &self->entries_capacity,
                             (size_t)self->last + 1, sizeof *self->entries);
    struct ruler_entry *kept = &self->entries[self->last];
    kept->entry = *entry;
    kept->bytes = sim_calloc((size_t)entry->size + 1, 1);
    if (entry->size > 0) {
        memcpy(kept->bytes, entry->data, entry->size);
    }
    kept->entry.data = kept->bytes;
    self->last++;
    if (entry->kind == SIM_ENTRY_CONFIGURATION) {
        cr_assert(decode(entry->data, entry->size, &self->members));
        self->configuration = (struct sim_position){entry->term, self->last};
    }
}

static uint8_t *copy(const uint8_t *bytes, size_t size)
{
    uint8_t *block = sim_calloc(size + 1, 1);
    if (size > 0) {
        memcpy(block, bytes, size);
    }
    return block;
}

static struct sim_node *create(const struct sim_node_options *options,
                               const struct sim_image *image)
{
    struct ruler_node *self = sim_calloc(1, sizeof *self);
    self->base.type = &ruler_node_type;
    self->id = options->id;
    self->hard_state = image->hard_state;
    self->snapshot = image->snapshot.position;
    self->meta_size = image->snapshot.meta_size;
    self->meta = copy(image->snapshot.meta, self->meta_size);
    self->image_size = image->snapshot.image_size;
    self->image = copy(image->snapshot.image, self->image_size);
    if (self->meta_size > 0) {
        cr_assert(decode(self->meta, self->meta_size, &self->members));
    }
    self->image_first = image->first_index;
    self->image_entries = image->n_entries;
    if (image->n_entries > 0) {
        cr_assert_leq(image->first_index, self->snapshot.index + 1);
    }
    uint64_t first =
        image->n_entries > 0 ? image->first_index : self->snapshot.index + 1;
    for (self->last = 0; self->last + 1 < first;) {
        keep(self, &(struct sim_entry){.kind = SIM_ENTRY_INTERNAL});
    }
    for (uint64_t i = 0; i < image->n_entries; i++) {
        keep(self, &image->entries[i]);
        self->image_omitted += image->entries[i].omitted ? 1 : 0;
    }
    self->durable = self->last;
    return &self->base;
}

static void forget(struct ruler_node *self)
{
    for (uint64_t i = 0; i < self->last; i++) {
        free(self->entries[i].bytes);
    }
    self->last = 0;
}

static void destroy(struct sim_node *node)
{
    struct ruler_node *self = (struct ruler_node *)node;
    forget(self);
    free(self->entries);
    free(self->meta);
    free(self->image);
    free(self->reads);
    free(self->apply);
    free(self);
}

static bool leads(const struct ruler_node *self)
{
    return self->leads;
}

static void inspect(const struct sim_node *node, struct sim_view *view)
{
    const struct ruler_node *self = (const struct ruler_node *)node;
    *view = (struct sim_view){
        .role = leads(self) ? SIM_LEADER : SIM_FOLLOWER,
        .hard_state = {.term = leads(self) ? 1 : 0},
        .leader = 1,
        .last = {1, self->last},
        .commit_index = self->applied,
        .last_applied = self->applied,
        .snapshot = self->snapshot,
        .configuration = self->configuration,
    };
}

static void members(const struct sim_node *node,
                    struct sim_configuration *configuration)
{
    *configuration = ((const struct ruler_node *)node)->members;
}

/* --- outputs -------------------------------------------------------------- */

static struct sim_output *put(struct ruler_node *self,
                              enum sim_output_kind kind)
{
    struct sim_output *output = &self->outputs[self->n_outputs++];
    *output = (struct sim_output){.kind = kind};
    return output;
}

static struct sim_write *put_write(struct ruler_node *self)
{
    self->last_write++;
    struct sim_write *write = &put(self, SIM_OUTPUT_WRITE)->write;
    write->id = self->last_write;
    write->first_index = self->last + 1;
    return write;
}

static void append(struct ruler_node *self, struct sim_entry entry)
{
    struct sim_write *write = put_write(self);
    entry.term = 1;
    if (self->omits && entry.kind == SIM_ENTRY_COMMAND) {
        entry.omitted = true;
        entry.size = 0;
    }
    keep(self, &entry);
    self->entries[self->last - 1].entry.data =
        entry.size > 0 ? self->entries[self->last - 1].bytes : NULL;
    write->entries = &self->entries[self->last - 1].entry;
    write->n_entries = 1;
}

static void put_accepted(struct ruler_node *self, uint64_t tag, uint64_t index)
{
    struct sim_output *output = put(self, SIM_OUTPUT_ACCEPTED);
    output->accepted.tag = tag;
    output->accepted.position = (struct sim_position){index > 0 ? 1 : 0, index};
}

static void put_rejected(struct ruler_node *self, uint64_t tag,
                         enum sim_reason reason)
{
    struct sim_output *output = put(self, SIM_OUTPUT_REJECTED);
    output->rejected.tag = tag;
    output->rejected.reason = reason;
    output->rejected.leader = 1;
}

static void put_apply(struct ruler_node *self)
{
    uint64_t n = self->durable - self->applied;
    if (n == 0) {
        return;
    }
    self->apply = sim_grow(self->apply, &self->apply_capacity, (size_t)n,
                           sizeof *self->apply);
    for (uint64_t i = 0; i < n; i++) {
        self->apply[i] = self->entries[self->applied + i].entry;
    }
    struct sim_output *output = put(self, SIM_OUTPUT_APPLY);
    output->apply.first_index = self->applied + 1;
    output->apply.entries = self->apply;
    output->apply.n_entries = (uint32_t)n;
    self->applied = self->durable;
}

static void put_ready(struct ruler_node *self, uint64_t tag)
{
    struct sim_output *output = put(self, SIM_OUTPUT_READY);
    output->ready.tag = tag;
    output->ready.index = self->applied;
}

/* --- inputs --------------------------------------------------------------- */

static void start(struct ruler_node *self, uint64_t now_us)
{
    self->leads = self->id == 1;
    put(self, SIM_OUTPUT_TIMER)->timer.deadline_us = now_us + RULER_TICK_US;
    if (self->meta_size > 0) {
        struct sim_output *output = put(self, SIM_OUTPUT_RESTORE);
        output->restore.position = self->snapshot;
        output->restore.image = self->image;
        output->restore.size = self->image_size;
        self->applied = self->snapshot.index;
    }
    if (leads(self)) {
        put_apply(self);
    }
}

static void tick(struct ruler_node *self, uint64_t now_us)
{
    put(self, SIM_OUTPUT_TIMER)->timer.deadline_us = now_us + RULER_TICK_US;
    if (self->forced != NULL) {
        put(self, SIM_OUTPUT_WRITE)->write = *self->forced;
        self->last_write = self->forced->id;
        self->forced = NULL;
    }
    if (self->extra != NULL) {
        *put(self, self->extra->kind) = *self->extra;
        if (self->extra->kind == SIM_OUTPUT_RESTORE) {
            self->applied = self->extra->restore.position.index;
        }
        self->extra = NULL;
    }
    while (self->n_reads > 0 && self->n_outputs < 8) {
        uint64_t tag = self->reads[--self->n_reads];
        if (self->refuses_reads) {
            put_rejected(self, tag, SIM_READ_LOST);
        } else {
            put_ready(self, tag);
        }
    }
}

static void take_change(struct ruler_node *self, const struct sim_input *input)
{
    self->n_changes++;
    self->joint = input->change.joint;
    self->proposed = *input->change.members;
    if (!leads(self) || self->refuses_changes > 0) {
        self->refuses_changes -= leads(self) ? 1 : 0;
        put_rejected(self, input->change.tag,
                     leads(self) ? self->reason : SIM_NOT_LEADER);
        return;
    }
    struct sim_configuration next = *input->change.members;
    if (input->change.joint) {
        next.old_voters = self->members.voters;
        self->leaves_joint = true;
    }
    ruler_encode(&next, self->payload);
    append(self, (struct sim_entry){.kind = SIM_ENTRY_CONFIGURATION,
                                    .data = self->payload,
                                    .size = sizeof self->payload});
    put_accepted(self, input->change.tag, self->last);
}

static void take_transfer(struct ruler_node *self,
                          const struct sim_input *input)
{
    self->n_transfers++;
    self->transfer_to = input->transfer.to;
    if (!leads(self) || self->refuses_transfers > 0) {
        self->refuses_transfers -= leads(self) ? 1 : 0;
        put_rejected(self, input->transfer.tag,
                     leads(self) ? self->reason : SIM_NOT_LEADER);
    } else {
        put_accepted(self, input->transfer.tag, 0);
    }
}

static void take_read(struct ruler_node *self, const struct sim_input *input)
{
    self->n_reads_asked++;
    self->lease = input->read.lease;
    if (!self->holds_reads && !self->silent) {
        put_ready(self, input->read.tag);
        return;
    }
    self->reads = sim_grow(self->reads, &self->reads_capacity,
                           self->n_reads + 1, sizeof *self->reads);
    self->reads[self->n_reads++] = input->read.tag;
}

static void take_snapshot(struct ruler_node *self,
                          const struct sim_input *input)
{
    struct sim_write *write = put_write(self);
    self->n_snapshots++;
    self->keep_from = input->snapshot.keep_from;
    ruler_encode(&self->members, self->payload);
    self->snapshot = (struct sim_position){1, input->snapshot.index};
    write->has_snapshot = true;
    write->snapshot = (struct sim_snapshot){
        .position = self->snapshot,
        .meta = self->payload,
        .meta_size = sizeof self->payload,
        .image = input->snapshot.image,
        .image_size = input->snapshot.size,
    };
    write->drop_before = input->snapshot.keep_from;
}

static void take_written(struct ruler_node *self)
{
    self->durable = self->last;
    if (leads(self)) {
        put_apply(self);
    }
    if (self->leaves_joint) {
        self->leaves_joint = false;
        struct sim_configuration next = self->members;
        next.old_voters = (struct sim_set){{0}};
        ruler_encode(&next, self->payload);
        append(self, (struct sim_entry){.kind = SIM_ENTRY_CONFIGURATION,
                                        .data = self->payload,
                                        .size = sizeof self->payload});
    }
}

static void take_command(struct ruler_node *self, uint64_t tag,
                         struct sim_entry entry)
{
    if (self->silent) {
        return;
    }
    if (!leads(self)) {
        put_rejected(self, tag, SIM_NOT_LEADER);
        return;
    }
    append(self, entry);
    put_accepted(self, tag, self->last);
}

static enum sim_node_status step(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs)
{
    struct ruler_node *self = (struct ruler_node *)node;
    self->n_outputs = 0;
    switch (input->kind) {
    case SIM_INPUT_START:
        start(self, input->now_us);
        break;
    case SIM_INPUT_TIMER:
        tick(self, input->now_us);
        break;
    case SIM_INPUT_WRITTEN:
        take_written(self);
        break;
    case SIM_INPUT_PROPOSAL:
        take_command(self, input->proposal.tag,
                     (struct sim_entry){.kind = SIM_ENTRY_COMMAND,
                                        .data = input->proposal.data,
                                        .size = input->proposal.size,
                                        .session = input->proposal.session,
                                        .sequence = input->proposal.sequence});
        break;
    case SIM_INPUT_SESSION:
        take_command(
            self, input->session.tag,
            (struct sim_entry){.kind = SIM_ENTRY_SESSION, .sequence = 1});
        break;
    case SIM_INPUT_CHANGE:
        take_change(self, input);
        break;
    case SIM_INPUT_TRANSFER:
        take_transfer(self, input);
        break;
    case SIM_INPUT_READ:
        take_read(self, input);
        break;
    case SIM_INPUT_SNAPSHOT:
        take_snapshot(self, input);
        break;
    case SIM_INPUT_MESSAGE:
    case SIM_INPUT_FAILED:
        break;
    }
    *outputs = (struct sim_outputs){self->outputs, self->n_outputs};
    return SIM_NODE_OK;
}

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    (void)bytes;
    (void)size;
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
}

static void describe(const uint8_t *bytes, size_t size, char *text)
{
    (void)bytes;
    (void)size;
    text[0] = '\0';
}

const struct sim_node_type ruler_node_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "ruler",
    .features = SIM_FEATURES_ALL &
                ~(SIM_FEATURE_DISK_ERRORS | SIM_FEATURE_APPLIES_DURABLE),
    .create = create,
    .step = step,
    .inspect = inspect,
    .members = members,
    .destroy = destroy,
    .classify = classify,
    .bootstrap = bootstrap,
    .configuration = decode,
    .snapshot_configuration = decode,
    .describe = describe,
};

struct ruler_node *rig_ruler(const struct rig *rig, uint32_t node)
{
    cr_assert(sim_cluster_is_up(rig->cluster, node));
    return (struct ruler_node *)rig->cluster->machines[node].node;
}
