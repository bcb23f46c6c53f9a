/* Defects of sessions, reads, and answers to clients. */
#include <string.h>

#include "raft/bytes.h"
#include "raft/raft.h"
#include "tests/broken_internal.h"

/* --- sessions ------------------------------------------------------------- */

static void take_as_new(struct broken_node *self,
                        enum sim_verdict_of_session verdict)
{
    struct sim_output *apply = broken__output(self, SIM_OUTPUT_APPLY);
    if (apply == NULL) {
        return;
    }
    uint32_t n = apply->apply.n_entries;
    struct sim_entry *entries = broken__entries(self, &apply->apply.entries, n);
    for (uint32_t i = 0; i < n; i++) {
        if (entries[i].verdict == verdict) {
            entries[i].verdict = SIM_COMMAND_FRESH;
        }
    }
}

static void take_repeated_as_new(struct broken_node *self,
                                 const struct sim_input *input)
{
    (void)input;
    take_as_new(self, SIM_COMMAND_REPEATED);
}

BROKEN_TYPE(applies_repetitions, .outputs = take_repeated_as_new);

static void take_expired_as_new(struct broken_node *self,
                                const struct sim_input *input)
{
    (void)input;
    take_as_new(self, SIM_COMMAND_EXPIRED);
}

BROKEN_TYPE(uses_closed_sessions, .outputs = take_expired_as_new);

static void close_no_session(struct broken_node *self,
                             const struct sim_input *input)
{
    (void)input;
    struct sim_output *apply = broken__output(self, SIM_OUTPUT_APPLY);
    if (apply == NULL || self->after.role == SIM_LEADER) {
        return;
    }
    uint32_t n = apply->apply.n_entries;
    struct sim_entry *entries = broken__entries(self, &apply->apply.entries, n);
    for (uint32_t i = 0; i < n; i++) {
        if (entries[i].kind == SIM_ENTRY_SESSION) {
            entries[i].session = 0;
        }
    }
}

BROKEN_TYPE(closes_no_session, .outputs = close_no_session);

/* The meta goes on with 8 bytes for no session, after its members: see
 * raft/snapshot.c. */
static bool lose_the_sessions(struct broken_node *self, struct sim_image *image)
{
    const uint8_t *meta = image->snapshot.meta;
    if (image->snapshot.meta_size > 0) {
        size_t size = 40 + (size_t)raft__get64(meta + 32) * RAFT_MEMBER_SIZE;
        uint8_t *bytes = broken__bytes(self, meta, size, 8);
        memset(bytes + size, 0, 8);
        image->snapshot.meta = bytes;
        image->snapshot.meta_size = size + 8;
    }
    return true;
}

BROKEN_TYPE(forgets_its_sessions, .image = lose_the_sessions);

/* --- reads ---------------------------------------------------------------- */

static bool take_the_read(struct broken_node *self, struct sim_input *input)
{
    self->answered = input->kind == SIM_INPUT_READ;
    self->tag = self->answered ? input->read.tag : self->tag;
    return !self->answered;
}

static void be_ready(struct broken_node *self, const struct sim_input *input)
{
    (void)input;
    if (self->answered) {
        struct sim_output *ready = broken__add(self, SIM_OUTPUT_READY);
        ready->ready.tag = self->tag;
        ready->ready.index = self->after.last_applied;
    }
}

BROKEN_TYPE(reads_at_once, .input = take_the_read, .outputs = be_ready);

static bool take_the_read_as_leader(struct broken_node *self,
                                    struct sim_input *input)
{
    return self->before.role != SIM_LEADER || take_the_read(self, input);
}

BROKEN_TYPE(leader_reads_at_once, .input = take_the_read_as_leader,
            .outputs = be_ready);

static bool hear_of_index_0(struct broken_node *self, struct sim_input *input)
{
    struct raft_message message;
    if (broken__hears(self, input, RAFT_MESSAGE_READ_RESPONSE, &message) &&
        message.read_response.granted) {
        message.read_response.index = 0;
        broken__replace(self, input, &message);
    }
    return true;
}

BROKEN_TYPE(reads_before_it_applied, .input = hear_of_index_0);

BROKEN_TYPE(loses_reads, .deaf_to = 1u << SIM_INPUT_READ);

/* --- commands ------------------------------------------------------------- */

static void tell_the_place_before(struct broken_node *self,
                                  const struct sim_input *input)
{
    struct sim_output *accepted = broken__output(self, SIM_OUTPUT_ACCEPTED);
    if (input->kind == SIM_INPUT_PROPOSAL && accepted != NULL) {
        accepted->accepted.position.index--;
    }
}

BROKEN_TYPE(tells_the_place_before, .outputs = tell_the_place_before);
