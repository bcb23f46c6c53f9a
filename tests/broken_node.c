#include "tests/broken_node.h"

#include "raft/message.h"
#include "sim/memory.h"
#include "sim/raft_node.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct broken_node {
    struct sim_node base;
    struct sim_node *inner; /* of sim_raft_node_type */
    uint32_t id;
    uint32_t n_nodes;
    struct sim_view before; /* the inner node around the last step */
    struct sim_view after;

    struct sim_output *items; /* the answer, with room for one more */
    size_t items_capacity;
    size_t count;
    struct sim_entry *entries; /* those of an altered output */
    size_t entries_capacity;
    uint8_t *bytes; /* an altered message or payload: one a step */
    size_t bytes_capacity;

    /* For those defects that need a memory of their own: */
    uint64_t commit_index;
    uint64_t match[SIM_MAX_NODES + 1]; /* as acknowledged, by node */
    uint64_t written_id;               /* the last one that inner was told */
};

/* --- a node's life -------------------------------------------------------- */

static const struct broken_type *type_of(const struct broken_node *self)
{
    return (const struct broken_type *)self->base.type;
}

static struct sim_node *create(const struct broken_type *type,
                               const struct sim_node_options *options,
                               const struct sim_image *image)
{
    struct sim_image altered = *image;
    if (type->image != NULL && !type->image(&altered)) {
        return NULL;
    }
    struct sim_node *inner = sim_raft_node_type.create(options, &altered);
    if (inner == NULL) {
        return NULL;
    }
    struct broken_node *self = sim_calloc(1, sizeof *self);
    self->base.type = &type->base;
    self->inner = inner;
    self->id = options->id;
    self->n_nodes = options->n_nodes;
    self->match[self->id] = image->n_entries;
    sim_raft_node_type.inspect(inner, &self->after);
    return &self->base;
}

static void take_answer(struct broken_node *self,
                        const struct sim_outputs *answer)
{
    self->items = sim_grow(self->items, &self->items_capacity,
                           answer->count + 1, sizeof *self->items);
    for (size_t i = 0; i < answer->count; i++) {
        self->items[i] = answer->items[i];
    }
    self->count = answer->count;
}

static enum sim_node_status step(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs)
{
    struct broken_node *self = (struct broken_node *)node;
    const struct broken_type *type = type_of(self);
    struct sim_input altered = *input;
    struct sim_outputs answer = {NULL, 0};
    self->before = self->after;
    if (input->kind == SIM_INPUT_TIMER && type->timer_status != SIM_NODE_OK) {
        return type->timer_status;
    }
    if (type->input == NULL || type->input(self, &altered)) {
        enum sim_node_status status =
            sim_raft_node_type.step(self->inner, &altered, &answer);
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

static void inspect(const struct sim_node *node, struct sim_view *view)
{
    const struct broken_node *self = (const struct broken_node *)node;
    sim_raft_node_type.inspect(self->inner, view);
    if (type_of(self)->view != NULL) {
        type_of(self)->view(self, view);
    }
}

static void destroy(struct sim_node *node)
{
    struct broken_node *self = (struct broken_node *)node;
    sim_raft_node_type.destroy(self->inner);
    free(self->items);
    free(self->entries);
    free(self->bytes);
    free(self);
}

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    sim_raft_node_type.classify(bytes, size, message);
}

static void describe(const uint8_t *bytes, size_t size, char *text)
{
    sim_raft_node_type.describe(bytes, size, text);
}

/* Defines the type broken_`name` with the given members. A type needs a
 * create() of its own, for that is told of no type. */
#define BROKEN_TYPE(name, ...)                                                 \
    static struct sim_node *create_##name(                                     \
        const struct sim_node_options *options, const struct sim_image *image) \
    {                                                                          \
        return create(&broken_##name, options, image);                         \
    }                                                                          \
    const struct broken_type broken_##name = {.base = {#name, create_##name,   \
                                                       step, inspect, destroy, \
                                                       classify, describe},    \
                                              __VA_ARGS__}

/* --- messages ------------------------------------------------------------- */

/* A message of this kind and of the node's own term has come. */
static bool hears(const struct broken_node *self, const struct sim_input *input,
                  enum raft_message_kind kind, struct raft_message *message)
{
    return input->kind == SIM_INPUT_MESSAGE &&
           raft_message_decode(input->message.bytes, input->message.size,
                               message) &&
           message->kind == kind &&
           message->term == self->before.hard_state.term;
}

/* A message of this kind is sent. */
static bool says(const struct sim_output *output, enum raft_message_kind kind,
                 struct raft_message *message)
{
    return output->kind == SIM_OUTPUT_SEND &&
           raft_message_decode(output->send.bytes, output->send.size,
                               message) &&
           message->kind == kind;
}

/* The message as bytes of this step. */
static const uint8_t *encode(struct broken_node *self,
                             const struct raft_message *message, size_t *size)
{
    *size = raft_message_size(message);
    self->bytes = sim_grow(self->bytes, &self->bytes_capacity, *size, 1);
    raft_message_encode(message, self->bytes);
    return self->bytes;
}

static void replace_input(struct broken_node *self, struct sim_input *input,
                          const struct raft_message *message)
{
    input->message.bytes = encode(self, message, &input->message.size);
}

/* Makes a command another one; an entry without a payload stays as it is. */
static void flip_a_bit(struct broken_node *self, struct sim_entry *entry)
{
    if (entry->size == 0) {
        return;
    }
    self->bytes = sim_grow(self->bytes, &self->bytes_capacity, entry->size, 1);
    memcpy(self->bytes, entry->data, entry->size);
    self->bytes[entry->size - 1] ^= 1;
    entry->data = self->bytes;
}

/* `n` entries that may be altered, in the place of those that may not. */
static struct sim_entry *copy_entries(struct broken_node *self,
                                      const struct sim_entry **entries,
                                      uint32_t n)
{
    self->entries = sim_grow(self->entries, &self->entries_capacity, n,
                             sizeof *self->entries);
    for (uint32_t i = 0; i < n; i++) {
        self->entries[i] = (*entries)[i];
    }
    *entries = self->entries;
    return self->entries;
}

/* The first output of a kind, or NULL. */
static struct sim_output *output_of(struct broken_node *self,
                                    enum sim_output_kind kind)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].kind == kind) {
            return &self->items[i];
        }
    }
    return NULL;
}

static struct sim_output *add_output(struct broken_node *self,
                                     enum sim_output_kind kind)
{
    assert(self->count < self->items_capacity);
    struct sim_output *output = &self->items[self->count];
    self->count++;
    *output = (struct sim_output){.kind = kind};
    return output;
}

/* --- votes ---------------------------------------------------------------- */

static bool hear_a_vote(struct broken_node *self, struct sim_input *input)
{
    struct raft_message message;
    if (hears(self, input, RAFT_MESSAGE_VOTE_RESPONSE, &message)) {
        message.vote_response.granted = true;
        replace_input(self, input, &message);
    }
    return true;
}

BROKEN_TYPE(counts_refusals, .input = hear_a_vote);

static bool hear_a_long_log(struct broken_node *self, struct sim_input *input)
{
    struct raft_message message;
    if (input->kind == SIM_INPUT_MESSAGE &&
        raft_message_decode(input->message.bytes, input->message.size,
                            &message) &&
        message.kind == RAFT_MESSAGE_VOTE_REQUEST) {
        message.vote_request.last =
            (struct raft_position){UINT64_MAX, UINT64_MAX};
        replace_input(self, input, &message);
    }
    return true;
}

BROKEN_TYPE(ignores_candidates_log, .input = hear_a_long_log);

static void grant(struct broken_node *self, const struct sim_input *input)
{
    (void)input;
    for (size_t i = 0; i < self->count; i++) {
        struct raft_message message;
        struct sim_output *output = &self->items[i];
        if (says(output, RAFT_MESSAGE_VOTE_RESPONSE, &message)) {
            message.vote_response.granted = true;
            output->send.bytes = encode(self, &message, &output->send.size);
        }
    }
}

BROKEN_TYPE(votes_for_all, .outputs = grant);

static bool lose_the_vote(struct sim_image *image)
{
    image->hard_state.vote = SIM_NONE;
    return true;
}

BROKEN_TYPE(forgets_its_vote, .image = lose_the_vote);

static bool lose_the_term(struct sim_image *image)
{
    image->hard_state.vote = SIM_NONE;
    image->hard_state.term =
        image->n_entries > 0 ? image->entries[image->n_entries - 1].term : 0;
    return true;
}

BROKEN_TYPE(forgets_its_term, .image = lose_the_term);

/* --- logs ----------------------------------------------------------------- */

static void write_over_the_last(struct broken_node *self,
                                const struct sim_input *input)
{
    struct sim_output *write = output_of(self, SIM_OUTPUT_WRITE);
    if (input->kind == SIM_INPUT_PROPOSAL && write != NULL) {
        write->write.first_index--;
        write->write.truncate_from = write->write.first_index;
    }
}

BROKEN_TYPE(leader_overwrites, .outputs = write_over_the_last);

static void write_another_command(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = output_of(self, SIM_OUTPUT_WRITE);
    if (write != NULL && write->write.n_entries > 0 &&
        self->after.role == SIM_FOLLOWER) {
        flip_a_bit(self, copy_entries(self, &write->write.entries,
                                      write->write.n_entries));
    }
}

BROKEN_TYPE(flips_a_bit, .outputs = write_another_command);

static void show_an_entry_less(const struct broken_node *self,
                               struct sim_view *view)
{
    (void)self;
    if (view->role == SIM_FOLLOWER && view->last.index > 0) {
        view->last.index--;
    }
}

BROKEN_TYPE(lags_its_disk, .view = show_an_entry_less);

static bool hear_of_the_own_end(struct broken_node *self,
                                struct sim_input *input)
{
    struct raft_message message;
    if (!hears(self, input, RAFT_MESSAGE_APPEND_REQUEST, &message) ||
        message.append_request.prev.index <= self->before.last.index) {
        return true;
    }
    uint32_t n = message.append_request.n_entries;
    struct raft_entry *entries = sim_calloc((size_t)n + 1, sizeof *entries);
    for (uint32_t i = 0; i < n; i++) {
        bool found =
            raft_entry_cursor_next(&message.append_request.cursor, &entries[i]);
        assert(found);
    }
    message.append_request.entries = entries;
    message.append_request.prev =
        (struct raft_position){self->before.last.term, self->before.last.index};
    replace_input(self, input, &message);
    free(entries);
    return true;
}

BROKEN_TYPE(appends_anywhere, .input = hear_of_the_own_end);

/* --- commits -------------------------------------------------------------- */

/* What was on the disk at the start, and on others as they say, is on a
 * majority. */
static bool is_on_majority(const struct broken_node *self, uint64_t index)
{
    uint32_t n = 0;
    for (uint32_t node = 1; node <= self->n_nodes; node++) {
        n += self->match[node] >= index ? 1 : 0;
    }
    return n > self->n_nodes / 2;
}

static bool count_replicas(struct broken_node *self, struct sim_input *input)
{
    struct raft_message message;
    if (self->before.role != SIM_LEADER ||
        !hears(self, input, RAFT_MESSAGE_APPEND_RESPONSE, &message) ||
        !message.append_response.success) {
        return true;
    }
    self->match[input->message.from] = message.append_response.match_index;
    while (is_on_majority(self, self->commit_index + 1)) {
        self->commit_index++;
    }
    return true;
}

/* Follows the leader's commit index as it stands in each request that the node
 * takes: min() with what the request covers, but no max() with what it knew. */
static void commit_as_told(struct broken_node *self,
                           const struct sim_input *input)
{
    struct raft_message answer;
    struct raft_message request;
    self->commit_index = self->after.role == SIM_FOLLOWER
                             ? self->commit_index
                             : self->after.commit_index;
    for (size_t i = 0; i < self->count; i++) {
        if (says(&self->items[i], RAFT_MESSAGE_APPEND_RESPONSE, &answer) &&
            answer.append_response.success &&
            raft_message_decode(input->message.bytes, input->message.size,
                                &request)) {
            uint64_t covered = answer.append_response.match_index;
            uint64_t commit = request.append_request.leader_commit;
            self->commit_index = commit < covered ? commit : covered;
        }
    }
}

/* The same with max(), but without min(). */
static void commit_all_told(struct broken_node *self,
                            const struct sim_input *input)
{
    struct raft_message request;
    if (input->kind == SIM_INPUT_MESSAGE &&
        raft_message_decode(input->message.bytes, input->message.size,
                            &request) &&
        request.kind == RAFT_MESSAGE_APPEND_REQUEST &&
        request.append_request.leader_commit > self->commit_index) {
        self->commit_index = request.append_request.leader_commit;
    }
}

static void show_own_commit(const struct broken_node *self,
                            struct sim_view *view)
{
    view->commit_index = self->commit_index;
}

BROKEN_TYPE(commit_goes_back, .outputs = commit_as_told,
            .view = show_own_commit);

static void show_higher_commit(const struct broken_node *self,
                               struct sim_view *view)
{
    if (self->commit_index > view->commit_index) {
        view->commit_index = self->commit_index;
    }
}

BROKEN_TYPE(counts_old_terms, .input = count_replicas,
            .view = show_higher_commit);

BROKEN_TYPE(commit_runs_ahead, .outputs = commit_all_told,
            .view = show_higher_commit);

static bool hear_all_is_stored(struct broken_node *self,
                               struct sim_input *input)
{
    struct raft_message message;
    if (hears(self, input, RAFT_MESSAGE_APPEND_RESPONSE, &message)) {
        memset(&message.append_response, 0, sizeof message.append_response);
        message.append_response.success = true;
        message.append_response.match_index = self->before.last.index;
        replace_input(self, input, &message);
    }
    return true;
}

BROKEN_TYPE(counts_unsent, .input = hear_all_is_stored);

/* --- applying ------------------------------------------------------------- */

static void apply_another_command(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *apply = output_of(self, SIM_OUTPUT_APPLY);
    if (apply != NULL) {
        flip_a_bit(self, copy_entries(self, &apply->apply.entries,
                                      apply->apply.n_entries));
    }
}

BROKEN_TYPE(applies_another_command, .outputs = apply_another_command);

static void apply_what_is_written(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = output_of(self, SIM_OUTPUT_WRITE);
    if (write == NULL || write->write.n_entries == 0 ||
        write->write.first_index != self->after.last_applied + 1 ||
        output_of(self, SIM_OUTPUT_APPLY) != NULL) {
        return;
    }
    struct sim_write written = write->write;
    struct sim_output *apply = add_output(self, SIM_OUTPUT_APPLY);
    apply->apply.first_index = written.first_index;
    apply->apply.entries = written.entries;
    apply->apply.n_entries = written.n_entries;
}

BROKEN_TYPE(applies_uncommitted, .outputs = apply_what_is_written);

static void apply_as_leader_only(struct broken_node *self,
                                 const struct sim_input *input)
{
    (void)input;
    if (self->after.role != SIM_LEADER &&
        output_of(self, SIM_OUTPUT_APPLY) != NULL) {
        self->count--; /* APPLY is the last of a step */
        assert(self->items[self->count].kind == SIM_OUTPUT_APPLY);
    }
}

BROKEN_TYPE(followers_never_apply, .outputs = apply_as_leader_only);

/* --- durability and deafness ---------------------------------------------- */

static void send_at_once(struct broken_node *self, enum raft_message_kind kind)
{
    for (size_t i = 0; i < self->count; i++) {
        struct raft_message message;
        if (says(&self->items[i], kind, &message)) {
            self->items[i].send.after_write = 0;
        }
    }
}

static void send_votes_at_once(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    send_at_once(self, RAFT_MESSAGE_VOTE_RESPONSE);
}

BROKEN_TYPE(hasty_vote, .outputs = send_votes_at_once);

static void ask_for_votes_at_once(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    send_at_once(self, RAFT_MESSAGE_VOTE_REQUEST);
}

BROKEN_TYPE(hasty_candidate, .outputs = ask_for_votes_at_once);

static void acknowledge_at_once(struct broken_node *self,
                                const struct sim_input *input)
{
    (void)input;
    send_at_once(self, RAFT_MESSAGE_APPEND_RESPONSE);
}

BROKEN_TYPE(hasty_follower, .outputs = acknowledge_at_once);

static bool ignore_timers(struct broken_node *self, struct sim_input *input)
{
    (void)self;
    return input->kind != SIM_INPUT_TIMER;
}

BROKEN_TYPE(ignores_timers, .input = ignore_timers);

static bool ignore_proposals(struct broken_node *self, struct sim_input *input)
{
    (void)self;
    return input->kind != SIM_INPUT_PROPOSAL;
}

BROKEN_TYPE(ignores_clients, .input = ignore_proposals);

/* --- breaches of the contract --------------------------------------------- */

static void write_next_but_one(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = output_of(self, SIM_OUTPUT_WRITE);
    if (write != NULL) {
        write->write.id++;
    }
}

BROKEN_TYPE(skips_a_write_id, .outputs = write_next_but_one);

static void write_with_a_gap(struct broken_node *self,
                             const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = output_of(self, SIM_OUTPUT_WRITE);
    if (write != NULL && write->write.n_entries > 0) {
        write->write.first_index++;
    }
}

BROKEN_TYPE(writes_with_a_gap, .outputs = write_with_a_gap);

static void truncate_beyond(struct broken_node *self,
                            const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = output_of(self, SIM_OUTPUT_WRITE);
    if (write != NULL) {
        write->write.truncate_from = self->before.last.index + 2;
    }
}

BROKEN_TYPE(truncates_beyond_its_log, .outputs = truncate_beyond);

static void send_to(struct broken_node *self, uint32_t to)
{
    struct sim_output *send = output_of(self, SIM_OUTPUT_SEND);
    if (send != NULL) {
        send->send.to = to;
    }
}

static void send_to_itself(struct broken_node *self,
                           const struct sim_input *input)
{
    (void)input;
    send_to(self, self->id);
}

BROKEN_TYPE(sends_to_itself, .outputs = send_to_itself);

static void send_to_nobody(struct broken_node *self,
                           const struct sim_input *input)
{
    (void)input;
    send_to(self, SIM_NONE);
}

BROKEN_TYPE(sends_to_nobody, .outputs = send_to_nobody);

static void send_to_a_stranger(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    send_to(self, self->n_nodes + 1);
}

BROKEN_TYPE(sends_to_a_stranger, .outputs = send_to_a_stranger);

static void wait_for_a_future_write(struct broken_node *self,
                                    const struct sim_input *input)
{
    (void)input;
    struct sim_output *send = output_of(self, SIM_OUTPUT_SEND);
    struct sim_output *write = output_of(self, SIM_OUTPUT_WRITE);
    if (send != NULL && write != NULL) {
        send->send.after_write = write->write.id + 1;
    }
}

BROKEN_TYPE(waits_for_a_future_write, .outputs = wait_for_a_future_write);

static void skip_an_apply(struct broken_node *self,
                          const struct sim_input *input)
{
    (void)input;
    struct sim_output *apply = output_of(self, SIM_OUTPUT_APPLY);
    if (apply != NULL) {
        apply->apply.first_index++;
    }
}

BROKEN_TYPE(skips_an_apply, .outputs = skip_an_apply);

static void accept_unasked(struct broken_node *self,
                           const struct sim_input *input)
{
    if (input->kind == SIM_INPUT_TIMER) {
        add_output(self, SIM_OUTPUT_ACCEPTED)->accepted.position =
            (struct sim_position){1, 1};
    }
}

BROKEN_TYPE(accepts_unasked, .outputs = accept_unasked);

static void reject_unasked(struct broken_node *self,
                           const struct sim_input *input)
{
    if (input->kind == SIM_INPUT_TIMER) {
        add_output(self, SIM_OUTPUT_REJECTED);
    }
}

BROKEN_TYPE(rejects_unasked, .outputs = reject_unasked);

static void answer_another(struct broken_node *self,
                           const struct sim_input *input)
{
    (void)input;
    struct sim_output *accepted = output_of(self, SIM_OUTPUT_ACCEPTED);
    if (accepted != NULL) {
        accepted->accepted.tag++;
    }
}

BROKEN_TYPE(answers_another, .outputs = answer_another);

static void answer_twice(struct broken_node *self,
                         const struct sim_input *input)
{
    (void)input;
    struct sim_output *accepted = output_of(self, SIM_OUTPUT_ACCEPTED);
    if (accepted != NULL) {
        *add_output(self, SIM_OUTPUT_ACCEPTED) = *accepted;
    }
}

BROKEN_TYPE(answers_twice, .outputs = answer_twice);

static bool refuse_a_used_disk(struct sim_image *image)
{
    return image->hard_state.term == 0;
}

BROKEN_TYPE(refuses_to_start, .image = refuse_a_used_disk);

BROKEN_TYPE(refuses_timers, .timer_status = SIM_NODE_REFUSED);

BROKEN_TYPE(finds_no_memory, .timer_status = SIM_NODE_NO_MEMORY);

/* The inner node's write k goes as the writes 2k - 1 and 2k. */
static void write_twice(struct broken_node *self, const struct sim_input *input)
{
    (void)input;
    struct sim_output *first = output_of(self, SIM_OUTPUT_WRITE);
    if (first != NULL) {
        struct sim_write whole = first->write;
        first->write =
            (struct sim_write){.id = 2 * whole.id - 1,
                               .has_hard_state = whole.has_hard_state,
                               .hard_state = whole.hard_state};
        struct sim_write *second = &add_output(self, SIM_OUTPUT_WRITE)->write;
        *second = whole;
        second->id = 2 * whole.id;
        second->has_hard_state = false;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].kind == SIM_OUTPUT_SEND) {
            self->items[i].send.after_write *= 2;
        }
    }
}

static bool hear_of_second_writes(struct broken_node *self,
                                  struct sim_input *input)
{
    if (input->kind != SIM_INPUT_WRITTEN) {
        return true;
    }
    input->written.write_id /= 2;
    bool is_new = input->written.write_id > self->written_id;
    self->written_id = input->written.write_id;
    return is_new;
}

BROKEN_TYPE(writes_twice, .input = hear_of_second_writes,
            .outputs = write_twice);
