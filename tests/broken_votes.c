/* Defects of elections and terms, and of what has to be durable first. */
#include "tests/broken_internal.h"

/* --- votes ---------------------------------------------------------------- */

static bool hear_a_vote(struct broken_node *self, struct sim_input *input)
{
    struct raft_message message;
    if (broken__hears(self, input, RAFT_MESSAGE_VOTE_RESPONSE, &message)) {
        message.vote_response.granted = true;
        broken__replace(self, input, &message);
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
        broken__replace(self, input, &message);
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
        if (broken__says(output, RAFT_MESSAGE_VOTE_RESPONSE, &message)) {
            message.vote_response.granted = true;
            output->send.bytes =
                broken__encode(self, &message, &output->send.size);
        }
    }
}

BROKEN_TYPE(votes_for_all, .outputs = grant);

static bool lose_the_vote(struct broken_node *self, struct sim_image *image)
{
    (void)self;
    image->hard_state.vote = SIM_NONE;
    return true;
}

BROKEN_TYPE(forgets_its_vote, .image = lose_the_vote);

static bool lose_the_term(struct broken_node *self, struct sim_image *image)
{
    (void)self;
    image->hard_state.vote = SIM_NONE;
    image->hard_state.term =
        image->n_entries > 0 ? image->entries[image->n_entries - 1].term : 0;
    return true;
}

BROKEN_TYPE(forgets_its_term, .image = lose_the_term);

/* --- what is durable ------------------------------------------------------ */

static void send_at_once(struct broken_node *self, enum raft_message_kind kind)
{
    for (size_t i = 0; i < self->count; i++) {
        struct raft_message message;
        if (broken__says(&self->items[i], kind, &message)) {
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

static void have_installed_at_once(struct broken_node *self,
                                   const struct sim_input *input)
{
    (void)input;
    send_at_once(self, RAFT_MESSAGE_INSTALL_RESPONSE);
}

BROKEN_TYPE(hasty_installer, .outputs = have_installed_at_once);

/* --- disks that fail ------------------------------------------------------ */

/* As a host that tries the fsync again and believes the success. */
static bool hear_that_it_is_written(struct broken_node *self,
                                    struct sim_input *input)
{
    if (input->kind == SIM_INPUT_WRITTEN) {
        self->written_id = input->written.write_id;
    }
    if (input->kind != SIM_INPUT_FAILED) {
        return true;
    }
    bool is_new = self->last_write_id > self->written_id;
    self->written_id = self->last_write_id;
    input->kind = SIM_INPUT_WRITTEN;
    input->written.write_id = self->last_write_id;
    return is_new;
}

BROKEN_TYPE(goes_on_when_a_write_fails, .input = hear_that_it_is_written);

BROKEN_TYPE(ignores_failed_writes, .deaf_to = 1u << SIM_INPUT_FAILED);
