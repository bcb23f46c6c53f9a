#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/raft_node_words.h"
#include "tests/broken_internal.h"

/* --- a node's life -------------------------------------------------------- */

static const struct broken_type *type_of(const struct broken_node *self)
{
    return (const struct broken_type *)self->base.type;
}

struct sim_node *broken__create(const struct broken_type *type,
                                const struct sim_node_options *options,
                                const struct sim_image *image)
{
    struct broken_node *self = sim_calloc(1, sizeof *self);
    struct sim_image altered = *image;
    bool creates = type->image == NULL || type->image(self, &altered);
    self->inner = creates ? sim_raft_node_type.create(options, &altered) : NULL;
    if (self->inner == NULL) {
        free(self->bytes);
        free(self);
        return NULL;
    }
    self->base.type = &type->base;
    self->id = options->id;
    self->n_nodes = options->n_nodes;
    self->match[self->id] = image->n_entries;
    sim_raft_node_type.inspect(self->inner, &self->after);
    return &self->base;
}

static void take_answer(struct broken_node *self,
                        const struct sim_outputs *answer)
{
    self->items = sim_grow(self->items, &self->items_capacity,
                           answer->count + 1, sizeof *self->items);
    for (size_t i = 0; i < answer->count; i++) {
        self->items[i] = answer->items[i];
        if (answer->items[i].kind == SIM_OUTPUT_WRITE) {
            self->last_write_id = answer->items[i].write.id;
        }
    }
    self->count = answer->count;
}

enum sim_node_status broken__step(struct sim_node *node,
                                  const struct sim_input *input,
                                  struct sim_outputs *outputs)
{
    struct broken_node *self = (struct broken_node *)node;
    const struct broken_type *type = type_of(self);
    struct sim_input altered = *input;
    struct sim_outputs answer = {NULL, 0};
    self->before = self->after;
    self->answered = false;
    if (input->kind == SIM_INPUT_TIMER && type->timer_status != SIM_NODE_OK) {
        return type->timer_status;
    }
    if ((type->deaf_to >> input->kind & 1u) == 0 &&
        (type->input == NULL || type->input(self, &altered))) {
        enum sim_node_status status =
            sim_raft_node_type.step(self->inner, &altered, &answer);
        if (status == SIM_NODE_STOPPED && type->answers_when_it_stops) {
            take_answer(self, &answer);
            broken__add(self, SIM_OUTPUT_TIMER);
            *outputs = (struct sim_outputs){self->items, self->count};
        }
        if (status != SIM_NODE_OK) {
            return status;
        }
    }
    sim_raft_node_type.inspect(self->inner, &self->after);
    take_answer(self, &answer);
    if (type->outputs != NULL) {
        type->outputs(self, &altered);
    }
    outputs->items = self->items;
    outputs->count = self->count;
    return SIM_NODE_OK;
}

void broken__inspect(const struct sim_node *node, struct sim_view *view)
{
    const struct broken_node *self = (const struct broken_node *)node;
    sim_raft_node_type.inspect(self->inner, view);
    if (type_of(self)->view != NULL) {
        type_of(self)->view(self, view);
    }
}

void broken__members(const struct sim_node *node,
                     struct sim_configuration *configuration)
{
    const struct broken_node *self = (const struct broken_node *)node;
    sim_raft_node_type.members(self->inner, configuration);
    if (type_of(self)->members != NULL) {
        type_of(self)->members(self, configuration);
    }
}

void broken__destroy(struct sim_node *node)
{
    struct broken_node *self = (struct broken_node *)node;
    sim_raft_node_type.destroy(self->inner);
    free(self->items);
    free(self->entries);
    free(self->bytes);
    free(self);
}

void broken__classify(const uint8_t *bytes, size_t size,
                      struct sim_message *message)
{
    sim_raft_node_type.classify(bytes, size, message);
}

size_t broken__bootstrap(const struct sim_configuration *configuration,
                         uint8_t *bytes)
{
    return sim_raft_node_type.bootstrap(configuration, bytes);
}

bool broken__configuration(const uint8_t *payload, size_t size,
                           struct sim_configuration *configuration)
{
    return sim_raft_node_type.configuration(payload, size, configuration);
}

bool broken__snapshot_configuration(const uint8_t *meta, size_t size,
                                    struct sim_configuration *configuration)
{
    return sim_raft_node_type.snapshot_configuration(meta, size, configuration);
}

void broken__describe(const uint8_t *bytes, size_t size, char *text)
{
    sim_raft_node_type.describe(bytes, size, text);
}

/* --- inputs --------------------------------------------------------------- */

bool broken__hears(const struct broken_node *self,
                   const struct sim_input *input, enum raft_message_kind kind,
                   struct raft_message *message)
{
    return input->kind == SIM_INPUT_MESSAGE &&
           raft_message_decode(input->message.bytes, input->message.size,
                               message) &&
           message->kind == kind &&
           message->term == self->before.hard_state.term;
}

void broken__replace(struct broken_node *self, struct sim_input *input,
                     const struct raft_message *message)
{
    input->message.bytes = broken__encode(self, message, &input->message.size);
}

/* --- outputs -------------------------------------------------------------- */

bool broken__says(const struct sim_output *output, enum raft_message_kind kind,
                  struct raft_message *message)
{
    return output->kind == SIM_OUTPUT_SEND &&
           raft_message_decode(output->send.bytes, output->send.size,
                               message) &&
           message->kind == kind;
}

const uint8_t *broken__encode(struct broken_node *self,
                              const struct raft_message *message, size_t *size)
{
    *size = raft_message_size(message);
    self->bytes = sim_grow(self->bytes, &self->bytes_capacity, *size, 1);
    raft_message_encode(message, self->bytes);
    return self->bytes;
}

struct sim_output *broken__output(struct broken_node *self,
                                  enum sim_output_kind kind)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].kind == kind) {
            return &self->items[i];
        }
    }
    return NULL;
}

struct sim_output *broken__add(struct broken_node *self,
                               enum sim_output_kind kind)
{
    assert(self->count < self->items_capacity);
    struct sim_output *output = &self->items[self->count];
    self->count++;
    *output = (struct sim_output){.kind = kind};
    return output;
}

void broken__drop(struct broken_node *self, struct sim_output *output)
{
    self->count--;
    for (struct sim_output *i = output; i < self->items + self->count; i++) {
        *i = *(i + 1);
    }
}

/* --- entries -------------------------------------------------------------- */

struct sim_entry *broken__entries(struct broken_node *self,
                                  const struct sim_entry **entries, uint32_t n)
{
    self->entries = sim_grow(self->entries, &self->entries_capacity,
                             (size_t)n + 1, sizeof *self->entries);
    for (uint32_t i = 0; i < n; i++) {
        self->entries[i] = (*entries)[i];
    }
    *entries = self->entries;
    return self->entries;
}

uint8_t *broken__bytes(struct broken_node *self, const uint8_t *bytes,
                       size_t size, size_t extra)
{
    self->bytes = sim_grow(self->bytes, &self->bytes_capacity, size + extra, 1);
    if (size > 0) {
        memcpy(self->bytes, bytes, size);
    }
    return self->bytes;
}

void broken__flip_a_bit(struct broken_node *self, struct sim_entry *entry)
{
    if (entry->size > 0) {
        uint8_t *bytes = broken__bytes(self, entry->data, entry->size, 0);
        bytes[entry->size - 1] ^= 1;
        entry->data = bytes;
    }
}

void broken__put_members(struct broken_node *self, struct sim_entry *entry,
                         const struct sim_configuration *members)
{
    struct raft_member list[RAFT_MAX_MEMBERS];
    uint32_t n = raft_node__list(members, list);
    uint8_t *bytes = broken__bytes(self, NULL, 0, n * RAFT_MEMBER_SIZE);
    raft_configuration_encode(list, n, bytes);
    *entry = (struct sim_entry){.term = entry->term,
                                .data = bytes,
                                .size = (uint32_t)(n * RAFT_MEMBER_SIZE),
                                .kind = SIM_ENTRY_CONFIGURATION};
}
