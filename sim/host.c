/* The part of the cluster around one node: inputs in, outputs walked. */
#undef NDEBUG
#include <assert.h>
#include <inttypes.h>

#include "sim/cluster_internal.h"
#include "sim/recording_acts.h"

/* --- timers --------------------------------------------------------------- */

/* An event that comes too early looks again; so a deadline that moves back, as
 * with each heartbeat, costs nothing. */
void cluster__arm_timer(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (machine->node == NULL || !machine->has_timer) {
        return;
    }
    uint64_t due_us =
        sim_clock_virtual_from_local(&machine->clock, machine->timer_local_us);
    if (due_us < cluster->now_us) {
        due_us = cluster->now_us;
    }
    if (due_us >= machine->timer_event_us || due_us == SIM_NO_EVENT) {
        return;
    }
    machine->timer_generation++;
    machine->timer_event_us = due_us;
    sim_event_queue_push(cluster->queue, due_us, SIM_QUEUE_TIMER, node,
                         machine->timer_generation);
}

/* --- answers -------------------------------------------------------------- */

/* Whether the input has to be answered in its own step: a read may wait. */
static bool is_question(const struct sim_input *input, uint64_t *tag)
{
    return input->kind != SIM_INPUT_READ && sim_input_asks(input, tag);
}

/* Of the operator, who looks at the answer himself. */
static bool is_order(const struct sim_input *input)
{
    return input->kind == SIM_INPUT_CHANGE || input->kind == SIM_INPUT_TRANSFER;
}

/* ACCEPTED or REJECTED. True if it answers the step's input; a read of a step
 * before may be rejected as well. */
static bool take_answer(struct sim_cluster *cluster, uint32_t node,
                        const struct sim_input *input,
                        const struct sim_output *output, bool answered)
{
    bool accepted = output->kind == SIM_OUTPUT_ACCEPTED;
    uint64_t tag = accepted ? output->accepted.tag : output->rejected.tag;
    uint64_t asked = 0;
    bool is_asked = is_question(input, &asked) && asked == tag;
    if (!is_asked && !accepted && cluster__refuse_read(cluster, node, output)) {
        return false;
    }
    if (!is_asked || answered) {
        sim_cluster_breach(cluster, "node %u: %s %" PRIu64 " %s", node,
                           accepted ? "ACCEPTED" : "REJECTED", tag,
                           is_asked ? "a second time" : "that was not asked");
        return false;
    }
    if (is_order(input)) {
        cluster->order.accepted = accepted;
        cluster->order.reason =
            accepted ? SIM_NOT_LEADER : output->rejected.reason;
    } else if (accepted) {
        cluster__await_command(cluster, node, output);
    } else {
        cluster__refuse(cluster, node, output);
    }
    return true;
}

/* After everything else: the state machine is what the step made of it. */
static void take_ready(struct sim_cluster *cluster, uint32_t node,
                       const struct sim_output *output)
{
    uint64_t applied = cluster->machines[node].last_applied;
    if (output->ready.index > applied) {
        sim_cluster_breach(
            cluster, "node %u: READY at %" PRIu64 ", applied is up to %" PRIu64,
            node, output->ready.index, applied);
    } else if (cluster->machines[node].blind) {
        sim_cluster_breach(cluster,
                           "node %u: READY %" PRIu64
                           ", but its state lacks commands, as a witness'",
                           node, output->ready.tag);
    } else if (!cluster__answer_read(cluster, node, output->ready.tag)) {
        sim_cluster_breach(cluster,
                           "node %u: READY %" PRIu64 ", which nobody waits for",
                           node, output->ready.tag);
    }
}

/* --- outputs -------------------------------------------------------------- */

static void take_timer(struct sim_cluster *cluster, uint32_t node,
                       const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    machine->has_timer = true;
    machine->timer_local_us = output->timer.deadline_us;
    cluster__arm_timer(cluster, node);
}

/* All outputs but the messages, which leave when the step was judged, and the
 * reads, which see all that was applied. */
static void take_outputs(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_input *input,
                         const struct sim_outputs *outputs)
{
    uint64_t asked;
    uint32_t writes = 0;
    bool answered = false;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct sim_output *output = &outputs->items[i];
        switch (output->kind) {
        case SIM_OUTPUT_WRITE:
            if (writes++ > 0) {
                sim_cluster_breach(cluster, "node %u: two WRITEs in a step",
                                   node);
            }
            cluster__take_write(cluster, node, &output->write);
            break;
        case SIM_OUTPUT_TIMER:
            take_timer(cluster, node, output);
            break;
        case SIM_OUTPUT_ACCEPTED:
        case SIM_OUTPUT_REJECTED:
            answered =
                take_answer(cluster, node, input, output, answered) || answered;
            break;
        case SIM_OUTPUT_RESTORE:
            cluster__take_restore(cluster, node, input, output);
            break;
        case SIM_OUTPUT_APPLY:
            cluster__take_apply(cluster, node, output);
            break;
        case SIM_OUTPUT_SEND:
        case SIM_OUTPUT_READY:
            break;
        }
    }
    for (size_t i = 0; i < outputs->count; i++) {
        if (outputs->items[i].kind == SIM_OUTPUT_READY) {
            take_ready(cluster, node, &outputs->items[i]);
        }
    }
    if (is_question(input, &asked) && !answered) {
        sim_cluster_breach(cluster,
                           "node %u: neither ACCEPTED nor REJECTED what it was "
                           "asked with tag %" PRIu64,
                           node, asked);
    }
}

/* --- the step is over ----------------------------------------------------- */

/* A timer made it ask for votes, or for pre-votes. */
static void note_campaign(struct sim_cluster *cluster, uint32_t node,
                          const struct sim_input *input)
{
    enum sim_role role = cluster->machines[node].view.role;
    if (input->kind == SIM_INPUT_TIMER &&
        (role == SIM_CANDIDATE || role == SIM_PRE_CANDIDATE)) {
        sim_recording_campaign(cluster->recording, cluster->now_us, node);
    }
}

static void note_view(struct sim_cluster *cluster, uint32_t node,
                      const struct sim_view *before)
{
    const struct sim_view *after = &cluster->machines[node].view;
    uint64_t term = after->hard_state.term;
    bool new_term = term != before->hard_state.term;
    if (term > cluster->highest_term) {
        cluster->highest_term = term;
    }
    if (new_term) {
        cluster__note(cluster, &(struct sim_happening){.kind = SIM_EVENT_TERM,
                                                       .node = node,
                                                       .term = term});
    }
    if (after->commit_index > before->commit_index) {
        if (after->commit_index > cluster->committed) {
            cluster->committed = after->commit_index;
        }
        cluster__note(cluster,
                      &(struct sim_happening){.kind = SIM_EVENT_COMMITTED,
                                              .node = node,
                                              .index = after->commit_index});
    }
    if (after->role != before->role || new_term) {
        if (after->role == SIM_LEADER) {
            cluster->elections++;
            cluster__note(cluster, &(struct sim_happening){
                                       .kind = SIM_EVENT_LEADER_ELECTED,
                                       .node = node,
                                       .term = term});
        }
        cluster__find_leader(cluster);
    }
}

/* The members, if the step may have changed them; else NULL. */
static const struct sim_configuration *
note_members(struct sim_cluster *cluster, uint32_t node,
             const struct sim_view *before, sim_tip tip_before)
{
    const struct sim_machine *machine = &cluster->machines[node];
    bool logged = machine->tip != tip_before &&
                  sim_log_tree_configuration(cluster->tree, machine->tip) !=
                      sim_log_tree_configuration(cluster->tree, tip_before);
    const struct sim_view *after = &machine->view;
    bool shown =
        sim_position_compare(after->configuration, before->configuration) != 0;
    if (!logged && !shown) {
        return NULL;
    }
    if (logged && after->role == SIM_LEADER) {
        cluster->configurations++;
    }
    if (cluster__look_at_members(cluster, node)) {
        cluster__note(cluster, &(struct sim_happening){
                                   .kind = SIM_EVENT_CONFIGURED,
                                   .node = node,
                                   .joint = sim_configuration_is_joint(
                                       &machine->members)});
    }
    return &machine->members;
}

/* A snapshot of its own is of what it has applied; a leader's is of more, or it
 * was restored in this very step. */
static void count_snapshot(struct sim_cluster *cluster, uint32_t node)
{
    sim_tip tip = cluster->snapshot_tip;
    bool is_installed = cluster->restored && cluster->restored_tip == tip;
    if (tip != SIM_NO_TIP && !is_installed &&
        sim_log_tree_position(cluster->tree, tip).index <=
            cluster->machines[node].last_applied) {
        cluster->snapshots++;
    }
}

static const char *complaint(enum sim_node_status status)
{
    switch (status) {
    case SIM_NODE_OK:
        break;
    case SIM_NODE_NO_MEMORY:
        return "found no memory";
    case SIM_NODE_REFUSED:
        return "refused its input";
    case SIM_NODE_STOPPED:
        return "stopped, and no write had failed";
    }
    return "gave a status that there is not";
}

static void record_step(struct sim_cluster *cluster, uint32_t node,
                        const struct sim_input *input)
{
    struct sim_recorded_step step = {.time_us = cluster->now_us,
                                     .node = node,
                                     .input = (uint8_t)input->kind};
    if (cluster->delivered != NULL) {
        step.message = (uint8_t)cluster->delivered->message.kind;
        step.from = cluster->delivered->from;
    }
    sim_recording_step(cluster->recording, &step);
}

/* The node's answer to the input; false if the step came to nothing. */
static bool call_node(struct sim_cluster *cluster, uint32_t node,
                      struct sim_input *input, struct sim_outputs *outputs)
{
    struct sim_machine *machine = &cluster->machines[node];
    *outputs = (struct sim_outputs){NULL, 0};
    input->now_us =
        sim_clock_local_from_virtual(&machine->clock, cluster->now_us);
    cluster->step++;
    if (cluster->recording != NULL) {
        record_step(cluster, node, input);
    }
    /* The hash is one long chain: begun here, its first part goes on while the
     * processor is at the node's step. */
    sim_trace_begin_step(cluster->trace,
                         &(struct sim_trace_step){.step = cluster->step,
                                                  .time_us = cluster->now_us,
                                                  .node = node,
                                                  .input = input});
    cluster->calling = node;
    enum sim_node_status status =
        cluster->type->step(machine->node, input, outputs);
    cluster->calling = SIM_NONE;
    machine->stopped =
        status == SIM_NODE_STOPPED && input->kind == SIM_INPUT_FAILED;
    if (status != SIM_NODE_OK && !machine->stopped) {
        sim_cluster_breach(cluster, "node %u: step() %s", node,
                           complaint(status));
        return false;
    }
    if (machine->stopped && outputs->count > 0) {
        sim_cluster_breach(cluster, "node %u: stopped, and answered", node);
        return false;
    }
    if (!cluster__look_at_outputs(cluster, node, outputs)) {
        return false;
    }
    cluster->type->inspect(machine->node, &machine->view);
    if (!cluster__look_at_view(cluster, node)) {
        return false;
    }
    cluster->n_states = 0;
    cluster->restored = false;
    cluster->snapshot_tip = SIM_NO_TIP;
    return true;
}

void cluster__step(struct sim_cluster *cluster, uint32_t node,
                   struct sim_input *input)
{
    struct sim_machine *machine = &cluster->machines[node];
    assert(machine->node != NULL);
    struct sim_view before = machine->view;
    sim_tip tip_before = machine->tip;
    uint64_t applied_before = machine->last_applied;
    struct sim_outputs outputs;
    if (!call_node(cluster, node, input, &outputs)) {
        return;
    }
    take_outputs(cluster, node, input, &outputs);
    cluster__complete_view(cluster, node, &before, &outputs);
    const struct sim_configuration *members =
        note_members(cluster, node, &before, tip_before);
    note_view(cluster, node, &before);
    note_campaign(cluster, node, input);
    cluster__keep_hard_state(cluster, node, &outputs);
    cluster__judge(cluster, node, input, &outputs, &before, tip_before,
                   members);
    cluster__tell_hard_state(cluster, node, &outputs);
    bool has_sent = false;
    for (size_t i = 0; i < outputs.count; i++) {
        if (outputs.items[i].kind == SIM_OUTPUT_SEND) {
            cluster__take_send(cluster, node, &outputs.items[i]);
            has_sent = true;
        }
    }
    if (machine->hurry > 0 && input->kind == SIM_INPUT_TIMER) {
        cluster__hurry(cluster, node, has_sent);
    }
    count_snapshot(cluster, node);
    if (machine->last_applied > applied_before) {
        cluster__look_at_policy(cluster, node);
    }
}

struct sim_order_answer sim_cluster_order(struct sim_cluster *cluster,
                                          uint32_t node,
                                          struct sim_input *input)
{
    assert(sim_cluster_runs(cluster, node));
    assert(is_order(input));
    cluster->order = (struct sim_order_answer){.reason = SIM_LATER};
    cluster__step(cluster, node, input);
    if (input->kind == SIM_INPUT_CHANGE && cluster->order.accepted) {
        cluster->changes++;
    }
    return cluster->order;
}
