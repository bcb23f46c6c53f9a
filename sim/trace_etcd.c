#include "sim/trace_etcd.h"

#include <string.h>

#include "sim/memory.h"

/* --- what comes ----------------------------------------------------------- */

static void become_follower(struct sim_trace *trace, uint32_t node)
{
    trace->etcd->nodes[node].role = SIM_FOLLOWER;
    trace_etcd__line(trace, node, "BecomeFollower", NULL);
}

static const char *receive_name(enum sim_message_kind kind)
{
    if (kind == SIM_MESSAGE_VOTE_REQUEST) {
        return "ReceiveRequestVoteRequest";
    }
    if (kind == SIM_MESSAGE_VOTE_RESPONSE) {
        return "ReceiveRequestVoteResponse";
    }
    return kind == SIM_MESSAGE_APPEND_REQUEST ? "ReceiveAppendEntriesRequest"
                                              : "ReceiveAppendEntriesResponse";
}

/* The log and the commit index by an append_request that was accepted; or the
 * answer's index, where it was not looked at. */
static void append(struct etcd_node *state, const struct sim_view *after,
                   const struct etcd_message *message)
{
    uint64_t end = message->index + message->n_entries;
    uint64_t commit = message->commit < end ? message->commit : end;
    if (message->index >= state->commit) {
        state->last = after->last;
        state->commit = commit > state->commit ? commit : state->commit;
    }
}

/* Whether the append_request is one that the node accepts: it answers so. */
static bool accepts(const struct sim_trace *trace,
                    const struct sim_trace_step *step)
{
    for (size_t i = 0; i < step->outputs->count; i++) {
        const struct sim_output *output = &step->outputs->items[i];
        struct etcd_message answer;
        if (output->kind == SIM_OUTPUT_SEND &&
            trace_etcd__read(trace, step->node, output->send.to,
                             output->send.bytes, output->send.size, &answer) &&
            answer.kind == SIM_MESSAGE_APPEND_RESPONSE) {
            return !answer.reject;
        }
    }
    return false;
}

static void receive(struct sim_trace *trace, const struct sim_trace_step *step,
                    const struct etcd_message *said)
{
    struct etcd_node *state = &trace->etcd->nodes[step->node];
    struct etcd_message message = *said;
    if (message.term > step->after->hard_state.term) {
        return; /* it does not listen now */
    }
    trace_etcd__correct(trace->etcd, &message);
    trace_etcd__line(trace, step->node, receive_name(message.kind), &message);
    if (message.term > state->term) {
        state->term = message.term;
        state->vote = SIM_NONE;
        become_follower(trace, step->node);
    } else if (message.term == state->term && state->role == SIM_CANDIDATE &&
               message.kind == SIM_MESSAGE_APPEND_REQUEST) {
        become_follower(trace, step->node);
    }
    if (message.kind == SIM_MESSAGE_VOTE_REQUEST &&
        step->after->hard_state.vote == message.from &&
        message.term == state->term) {
        state->vote = message.from;
    }
    if (message.kind == SIM_MESSAGE_APPEND_REQUEST &&
        message.term == state->term && accepts(trace, step)) {
        append(state, step->after, &message);
    }
}

/* What the node sent to itself arrives when it is durable. */
static void receive_own(struct sim_trace *trace, uint32_t node)
{
    struct etcd_node *state = &trace->etcd->nodes[node];
    struct etcd_to_self *vote = &state->own_vote;
    struct etcd_message message = {.from = node, .to = node};
    if (vote->waits && vote->write_id <= state->durable_write) {
        vote->waits = false;
        message.kind = SIM_MESSAGE_VOTE_RESPONSE;
        message.term = vote->term;
        trace_etcd__line(trace, node, receive_name(message.kind), &message);
    }
    size_t n = 0;
    while (n < state->n_own &&
           state->own_entries[n].write_id <= state->durable_write) {
        if (state->pending) {
            trace_etcd__ready(trace, node);
        }
        message.kind = SIM_MESSAGE_APPEND_RESPONSE;
        message.term = state->own_entries[n].term;
        message.index = state->own_entries[n].index;
        trace_etcd__line(trace, node, receive_name(message.kind), &message);
        n++;
    }
    if (n > 0) {
        state->n_own -= n;
        memmove(state->own_entries, state->own_entries + n,
                state->n_own * sizeof *state->own_entries);
    }
}

/* --- what becomes of the node --------------------------------------------- */

static const struct sim_write *write_of(const struct sim_trace_step *step)
{
    for (size_t i = 0; i < step->outputs->count; i++) {
        if (step->outputs->items[i].kind == SIM_OUTPUT_WRITE) {
            return &step->outputs->items[i].write;
        }
    }
    return NULL;
}

static void campaign(struct sim_trace *trace, const struct sim_trace_step *step)
{
    struct etcd_node *state = &trace->etcd->nodes[step->node];
    struct etcd_message own = {.kind = SIM_MESSAGE_VOTE_RESPONSE,
                               .from = step->node,
                               .to = step->node};
    state->role = SIM_CANDIDATE;
    state->term++;
    state->vote = step->node;
    own.term = state->term;
    trace_etcd__line(trace, step->node, "BecomeCandidate", NULL);
    trace_etcd__line(trace, step->node, "SendRequestVoteResponse", &own);
    state->own_vote = (struct etcd_to_self){
        .waits = true, .write_id = state->written, .term = state->term};
    state->pending = true;
}

static void replicate(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    struct etcd_node *state = &trace->etcd->nodes[step->node];
    const struct sim_write *write = write_of(step);
    if (write == NULL || write->n_entries == 0) {
        return;
    }
    for (uint32_t i = 0; i < write->n_entries; i++) {
        trace_etcd__line(trace, step->node, "Replicate", NULL);
        state->last = (struct sim_position){.term = write->entries[i].term,
                                            .index = state->last.index + 1};
    }
    struct etcd_message own = {.kind = SIM_MESSAGE_APPEND_RESPONSE,
                               .from = step->node,
                               .to = step->node,
                               .term = state->term,
                               .index = state->last.index};
    trace_etcd__line(trace, step->node, "SendAppendEntriesResponse", &own);
    state->pending = true;
    state->own_entries = sim_grow(state->own_entries, &state->own_capacity,
                                  state->n_own + 1, sizeof *state->own_entries);
    state->own_entries[state->n_own] =
        (struct etcd_to_self){.waits = true,
                              .write_id = write->id,
                              .term = state->term,
                              .index = state->last.index};
    state->n_own++;
}

static enum sim_role role_there(enum sim_role role)
{
    return role == SIM_PRE_CANDIDATE ? SIM_FOLLOWER : role;
}

/* From the variables as they are after what came, to those of the view. */
static void change(struct sim_trace *trace, const struct sim_trace_step *step)
{
    struct etcd_node *state = &trace->etcd->nodes[step->node];
    const struct sim_view *after = step->after;
    enum sim_role role = role_there(after->role);
    bool campaigns = role != SIM_FOLLOWER &&
                     after->hard_state.term == state->term + 1 &&
                     after->hard_state.vote == step->node;
    if (campaigns) {
        campaign(trace, step);
    }
    if (role == SIM_LEADER && state->role == SIM_CANDIDATE) {
        receive_own(trace, step->node);
        state->role = SIM_LEADER;
        trace_etcd__line(trace, step->node, "BecomeLeader", NULL);
    }
    if (role == SIM_FOLLOWER && state->role != SIM_FOLLOWER) {
        become_follower(trace, step->node);
    }
    if (role == SIM_LEADER) {
        if (after->commit_index > state->commit) {
            state->commit = after->commit_index;
            trace_etcd__line(trace, step->node, "Commit", NULL);
        }
        replicate(trace, step);
    }
}

/* --- what goes ------------------------------------------------------------ */

/* What the specification answers to the append_request of this step. */
static uint64_t answered_index(const struct sim_trace *trace,
                               const struct sim_trace_step *step,
                               uint64_t commit_before,
                               const struct etcd_message *answer)
{
    struct etcd_message request;
    if (answer->reject || step->input->kind != SIM_INPUT_MESSAGE ||
        !trace_etcd__read(trace, step->input->message.from, step->node,
                          step->input->message.bytes, step->input->message.size,
                          &request) ||
        request.kind != SIM_MESSAGE_APPEND_REQUEST) {
        return answer->index;
    }
    return request.index >= commit_before ? answer->index : commit_before;
}

static const char *send_name(enum sim_message_kind kind)
{
    if (kind == SIM_MESSAGE_VOTE_REQUEST) {
        return "SendRequestVoteRequest";
    }
    if (kind == SIM_MESSAGE_VOTE_RESPONSE) {
        return "SendRequestVoteResponse";
    }
    return kind == SIM_MESSAGE_APPEND_REQUEST ? "SendAppendEntriesRequest"
                                              : "SendAppendEntriesResponse";
}

static void send(struct sim_trace *trace, const struct sim_trace_step *step,
                 uint64_t commit_before, const struct sim_output *output)
{
    struct etcd_node *state = &trace->etcd->nodes[step->node];
    struct etcd_message said;
    if (!trace_etcd__read(trace, step->node, output->send.to,
                          output->send.bytes, output->send.size, &said)) {
        return;
    }
    struct etcd_message message = said;
    uint64_t end = said.index + said.n_entries;
    if (said.kind == SIM_MESSAGE_APPEND_REQUEST) {
        message.commit = state->commit < end ? state->commit : end;
        trace_etcd__differs(trace->etcd, &said, message.commit);
    } else if (said.kind == SIM_MESSAGE_APPEND_RESPONSE) {
        message.index = answered_index(trace, step, commit_before, &said);
        trace_etcd__differs(trace->etcd, &said, message.index);
    }
    trace_etcd__line(trace, step->node, send_name(message.kind), &message);
    state->pending = true;
}

/* --- a step --------------------------------------------------------------- */

/* Whether an append_request begins below the commit index, where it is answered
 * with that index, and has entries beyond it, which are not looked at there. */
static bool reaches_beyond(const struct sim_trace *trace,
                           const struct sim_trace_step *step)
{
    const struct sim_input *input = step->input;
    uint64_t commit = trace->etcd->nodes[step->node].commit;
    struct etcd_message message;
    return input->kind == SIM_INPUT_MESSAGE &&
           trace_etcd__read(trace, input->message.from, step->node,
                            input->message.bytes, input->message.size,
                            &message) &&
           message.kind == SIM_MESSAGE_APPEND_REQUEST &&
           message.index < commit &&
           message.index + message.n_entries > commit && accepts(trace, step);
}

/* Whether the node took the term of a message that is not told, such as a
 * refused pre-vote. */
static bool learns_term(const struct sim_trace *trace,
                        const struct sim_trace_step *step)
{
    const struct sim_input *input = step->input;
    struct etcd_message message;
    return input->kind == SIM_INPUT_MESSAGE &&
           !trace_etcd__read(trace, input->message.from, step->node,
                             input->message.bytes, input->message.size,
                             &message) &&
           step->after->hard_state.term > trace->etcd->nodes[step->node].term;
}

/* Why the step has no counterpart, or NULL. */
static const char *unmapped(const struct sim_trace *trace,
                            const struct sim_trace_step *step)
{
    const struct sim_write *write = write_of(step);
    const struct sim_view *after = step->after;
    const struct etcd_node *state = &trace->etcd->nodes[step->node];
    for (uint32_t i = 0; write != NULL && i < write->n_entries; i++) {
        if (write->entries[i].kind == SIM_ENTRY_CONFIGURATION) {
            return "the members change";
        }
    }
    if (write != NULL && write->has_snapshot &&
        step->input->kind == SIM_INPUT_MESSAGE) {
        return "a snapshot is installed";
    }
    if (reaches_beyond(trace, step)) {
        return "a request begins below the commit index and reaches beyond";
    }
    if (learns_term(trace, step)) {
        return "a higher term came with a message that has no counterpart";
    }
    if (after->hard_state.term != state->term ||
        after->hard_state.vote != state->vote ||
        role_there(after->role) != state->role ||
        after->last.index != state->last.index ||
        after->commit_index > state->commit) {
        return "the node did what the specification does not";
    }
    return NULL;
}

void trace_etcd__step(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    if (trace_etcd__is_over(trace)) {
        return;
    }
    struct etcd_node *state = &trace->etcd->nodes[step->node];
    const struct sim_write *write = write_of(step);
    const struct sim_input *input = step->input;
    uint64_t commit_before = state->commit;
    struct etcd_message message;
    if (write != NULL) {
        state->written = write->id;
    }
    if (input->kind == SIM_INPUT_MESSAGE &&
        trace_etcd__read(trace, input->message.from, step->node,
                         input->message.bytes, input->message.size, &message)) {
        receive(trace, step, &message);
    } else if (input->kind == SIM_INPUT_WRITTEN) {
        receive_own(trace, step->node);
    }
    change(trace, step);
    const char *reason = unmapped(trace, step);
    if (reason != NULL) {
        trace_etcd__stop(trace, reason);
        return;
    }
    for (size_t i = 0; i < step->outputs->count; i++) {
        if (step->outputs->items[i].kind == SIM_OUTPUT_SEND) {
            send(trace, step, commit_before, &step->outputs->items[i]);
        }
    }
}
