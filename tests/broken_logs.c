/* Defects of logs, of what is committed, and of what is applied. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tests/broken_internal.h"

/* --- logs ----------------------------------------------------------------- */

static void write_over_the_last(struct broken_node *self,
                                const struct sim_input *input)
{
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
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
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
    if (write != NULL && write->write.n_entries > 0 &&
        self->after.role == SIM_FOLLOWER) {
        broken__flip_a_bit(self, broken__entries(self, &write->write.entries,
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
    if (!broken__hears(self, input, RAFT_MESSAGE_APPEND_REQUEST, &message) ||
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
    broken__replace(self, input, &message);
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
        !broken__hears(self, input, RAFT_MESSAGE_APPEND_RESPONSE, &message) ||
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
        if (broken__says(&self->items[i], RAFT_MESSAGE_APPEND_RESPONSE,
                         &answer) &&
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
    if (broken__hears(self, input, RAFT_MESSAGE_APPEND_RESPONSE, &message)) {
        memset(&message.append_response, 0, sizeof message.append_response);
        message.append_response.success = true;
        message.append_response.match_index = self->before.last.index;
        broken__replace(self, input, &message);
    }
    return true;
}

BROKEN_TYPE(counts_unsent, .input = hear_all_is_stored);

/* --- applying ------------------------------------------------------------- */

static void apply_another_command(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *apply = broken__output(self, SIM_OUTPUT_APPLY);
    if (apply != NULL) {
        broken__flip_a_bit(self, broken__entries(self, &apply->apply.entries,
                                                 apply->apply.n_entries));
    }
}

BROKEN_TYPE(applies_another_command, .outputs = apply_another_command);

static void apply_what_is_written(struct broken_node *self,
                                  const struct sim_input *input)
{
    (void)input;
    struct sim_output *write = broken__output(self, SIM_OUTPUT_WRITE);
    if (write == NULL || write->write.n_entries == 0 ||
        write->write.first_index != self->after.last_applied + 1 ||
        broken__output(self, SIM_OUTPUT_APPLY) != NULL) {
        return;
    }
    struct sim_write written = write->write;
    struct sim_output *apply = broken__add(self, SIM_OUTPUT_APPLY);
    apply->apply.first_index = written.first_index;
    apply->apply.entries = written.entries;
    apply->apply.n_entries = written.n_entries;
}

BROKEN_TYPE(applies_uncommitted, .outputs = apply_what_is_written);

static void apply_as_leader_only(struct broken_node *self,
                                 const struct sim_input *input)
{
    (void)input;
    struct sim_output *apply = broken__output(self, SIM_OUTPUT_APPLY);
    if (self->after.role != SIM_LEADER && apply != NULL) {
        broken__drop(self, apply);
    }
}

BROKEN_TYPE(followers_never_apply, .outputs = apply_as_leader_only);

/* --- clients -------------------------------------------------------------- */

static bool take_no_command(struct broken_node *self, struct sim_input *input)
{
    self->answered = input->kind == SIM_INPUT_PROPOSAL;
    self->tag = self->answered ? input->proposal.tag : self->tag;
    return !self->answered;
}

static void refuse_the_command(struct broken_node *self,
                               const struct sim_input *input)
{
    (void)input;
    if (self->answered) {
        broken__add(self, SIM_OUTPUT_REJECTED)->rejected.tag = self->tag;
    }
}

BROKEN_TYPE(refuses_clients, .input = take_no_command,
            .outputs = refuse_the_command);

BROKEN_TYPE(ignores_timers, .deaf_to = 1u << SIM_INPUT_TIMER);

static bool hear_at_first(struct broken_node *self, struct sim_input *input)
{
    return input->kind != SIM_INPUT_MESSAGE || self->before.commit_index < 100;
}

BROKEN_TYPE(goes_deaf, .input = hear_at_first);
