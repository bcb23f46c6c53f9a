/* The part of the cluster around one node: inputs in, outputs walked. */
#undef NDEBUG
#include <assert.h>
#include <inttypes.h>

#include "sim/clients.h"
#include "sim/cluster.h"
#include "sim/memory.h"

/* --- timers --------------------------------------------------------------- */

/* An event that comes too early looks again; so a deadline that moves back, as
 * with each heartbeat, costs nothing. */
void sim__host_arm_timer(struct sim_cluster *cluster, uint32_t node)
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

/* --- commands of clients -------------------------------------------------- */

static struct sim_pending_command *command_at(struct sim_machine *machine,
                                              size_t i)
{
    return &machine->commands[(machine->commands_first + i) %
                              machine->commands_capacity];
}

/* Makes a full ring larger: what lies before its first goes behind the old
 * end. The same for all rings of a machine. */
static void *grow_ring(void *ring, size_t *capacity, size_t first, size_t count,
                       size_t size)
{
    if (count < *capacity) {
        return ring;
    }
    size_t old = *capacity;
    uint8_t *bytes = sim_grow(ring, capacity, old * 2 + 8, size);
    for (size_t i = 0; i < first * size; i++) {
        bytes[old * size + i] = bytes[i];
    }
    return bytes;
}

/* An entry accepted at an index that was accepted before: the older one was
 * truncated. */
static void accept_command(struct sim_cluster *cluster, uint32_t node,
                           const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_position position = output->accepted.position;
    while (machine->commands_count > 0) {
        struct sim_pending_command *last =
            command_at(machine, machine->commands_count - 1);
        if (last->position.index < position.index) {
            break;
        }
        sim__post_answer(cluster, node, last->tag, SIM_ANSWER_UNKNOWN,
                         SIM_NONE);
        machine->commands_count--;
    }
    machine->commands = grow_ring(
        machine->commands, &machine->commands_capacity, machine->commands_first,
        machine->commands_count, sizeof *machine->commands);
    machine->commands_count++;
    *command_at(machine, machine->commands_count - 1) =
        (struct sim_pending_command){position, output->accepted.tag};
}

static void answer_commands(struct sim_cluster *cluster, uint32_t node,
                            struct sim_position applied)
{
    struct sim_machine *machine = &cluster->machines[node];
    while (machine->commands_count > 0) {
        struct sim_pending_command *first = command_at(machine, 0);
        if (first->position.index > applied.index) {
            return;
        }
        bool same = first->position.index == applied.index &&
                    first->position.term == applied.term;
        sim__post_answer(cluster, node, first->tag,
                         same ? SIM_ANSWER_DONE : SIM_ANSWER_UNKNOWN, SIM_NONE);
        machine->commands_first =
            (machine->commands_first + 1) % machine->commands_capacity;
        machine->commands_count--;
    }
}

/* --- writes --------------------------------------------------------------- */

static void note_writing(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_write *write)
{
    sim__cluster_note(cluster, &(struct sim_happening){
                                   .kind = SIM_EVENT_WRITING,
                                   .node = node,
                                   .vote = write->has_hard_state &&
                                           write->hard_state.vote != SIM_NONE,
                                   .entries = write->n_entries > 0});
}

/* The log's end after the write's truncation, or SIM_NO_TIP if the write does
 * not fit to the log. */
static sim_tip base_of(struct sim_cluster *cluster, uint32_t node,
                       const struct sim_write *write)
{
    const struct sim_machine *machine = &cluster->machines[node];
    uint64_t end = sim_log_tree_position(cluster->tree, machine->tip).index;
    if (write->id != machine->last_write_id + 1) {
        sim__cluster_breach(
            cluster, "node %u: WRITE has id %" PRIu64 ", expected %" PRIu64,
            node, write->id, machine->last_write_id + 1);
        return SIM_NO_TIP;
    }
    if (write->truncate_from > end + 1) {
        sim__cluster_breach(cluster,
                            "node %u: WRITE truncates from %" PRIu64
                            ", its log ends at %" PRIu64,
                            node, write->truncate_from, end);
        return SIM_NO_TIP;
    }
    sim_tip base = machine->tip;
    if (write->truncate_from > 0) {
        end = write->truncate_from - 1;
        base = sim_log_tree_ancestor(cluster->tree, machine->tip, end);
    }
    if (write->n_entries > 0 && write->first_index != end + 1) {
        sim__cluster_breach(cluster,
                            "node %u: WRITE begins at %" PRIu64
                            ", its log ends at %" PRIu64,
                            node, write->first_index, end);
        return SIM_NO_TIP;
    }
    return base;
}

static void take_write(struct sim_cluster *cluster, uint32_t node,
                       const struct sim_write *write)
{
    struct sim_machine *machine = &cluster->machines[node];
    sim_tip base = base_of(cluster, node, write);
    if (base == SIM_NO_TIP) {
        return;
    }
    machine->last_write_id = write->id;
    machine->tip = base;
    for (uint32_t i = 0; i < write->n_entries; i++) {
        machine->tip = sim_log_tree_append(cluster->tree, machine->tip,
                                           &write->entries[i], NULL);
    }
    cluster->tips[node] = machine->tip;
    struct sim_disk_write disk_write = {
        .id = write->id,
        .has_hard_state = write->has_hard_state,
        .hard_state = write->hard_state,
        .base = base,
        .tip = machine->tip,
    };
    uint64_t completes_us;
    if (sim_disk_submit(machine->disk, cluster->now_us, &disk_write,
                        &completes_us)) {
        sim_event_queue_push(cluster->queue, completes_us, SIM_QUEUE_DISK, node,
                             sim_disk_generation(machine->disk));
    }
    note_writing(cluster, node, write);
}

static void release_sends(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    while (machine->sends_count > 0) {
        struct sim_waiting_send *send = &machine->sends[machine->sends_first];
        if (send->after_write > machine->durable_write_id) {
            return;
        }
        uint32_t slot = send->letter;
        machine->sends_first =
            (machine->sends_first + 1) % machine->sends_capacity;
        machine->sends_count--;
        struct sim_letter letter = *sim_mail_letter(cluster->mail, slot);
        sim__post_send(cluster, node, letter.to, letter.bytes, letter.size);
        sim_mail_drop(cluster->mail, slot);
    }
}

void sim__host_walk_durable(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    struct sim_disk_write write;
    while (sim_disk_next_durable(machine->disk, &write)) {
        cluster->writes++;
        sim_tip tip = sim_disk_tip(machine->disk);
        if (cluster->checker != NULL) {
            sim_checker_set_time(cluster->checker, cluster->step,
                                 cluster->now_us);
            sim_checker_durable(cluster->checker, node, tip,
                                sim_disk_hard_state(machine->disk));
        }
        machine->durable_write_id = write.id;
        sim__cluster_note(
            cluster,
            &(struct sim_happening){
                .kind = SIM_EVENT_STORED,
                .node = node,
                .index = sim_log_tree_position(cluster->tree, tip).index});
        release_sends(cluster, node);
    }
}

void sim__host_disk(struct sim_cluster *cluster, uint32_t node,
                    uint64_t generation)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (!sim_disk_complete(machine->disk, generation)) {
        return;
    }
    sim__host_walk_durable(cluster, node);
    uint64_t completes_us;
    if (sim_disk_start_next(machine->disk, cluster->now_us, &completes_us)) {
        sim_event_queue_push(cluster->queue, completes_us, SIM_QUEUE_DISK, node,
                             sim_disk_generation(machine->disk));
    }
    struct sim_input input = {.kind = SIM_INPUT_WRITTEN};
    input.written.write_id = machine->durable_write_id;
    sim__host_step(cluster, node, &input);
}

/* --- the other outputs ---------------------------------------------------- */

static void take_apply(struct sim_cluster *cluster, uint32_t node,
                       const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    if (output->apply.first_index != machine->last_applied + 1) {
        sim__cluster_breach(cluster,
                            "node %u: APPLY begins at %" PRIu64
                            ", the last one ended at %" PRIu64,
                            node, output->apply.first_index,
                            machine->last_applied);
        return;
    }
    cluster->states = sim_grow(cluster->states, &cluster->states_capacity,
                               cluster->n_states + output->apply.n_entries,
                               sizeof *cluster->states);
    for (uint32_t i = 0; i < output->apply.n_entries; i++) {
        const struct sim_entry *entry = &output->apply.entries[i];
        machine->last_applied++;
        sim_kv_apply(machine->kv, machine->last_applied, entry);
        cluster->states[cluster->n_states] = sim_kv_hash(machine->kv);
        cluster->n_states++;
        answer_commands(
            cluster, node,
            (struct sim_position){entry->term, machine->last_applied});
    }
}

static struct sim_waiting_send *send_at(struct sim_machine *machine, size_t i)
{
    return &machine
                ->sends[(machine->sends_first + i) % machine->sends_capacity];
}

/* Messages wait in the order of their writes, and of coming. */
static void take_send(struct sim_cluster *cluster, uint32_t node,
                      const struct sim_output *output)
{
    struct sim_machine *machine = &cluster->machines[node];
    uint32_t to = output->send.to;
    if (to < 1 || to > cluster->n || to == node) {
        sim__cluster_breach(cluster, "node %u: SEND to %u, which is no peer",
                            node, to);
        return;
    }
    if (output->send.after_write > machine->last_write_id) {
        sim__cluster_breach(
            cluster,
            "node %u: SEND after write %" PRIu64 ", the last one is %" PRIu64,
            node, output->send.after_write, machine->last_write_id);
        return;
    }
    if (output->send.after_write <= machine->durable_write_id) {
        sim__post_send(cluster, node, to, output->send.bytes,
                       output->send.size);
        return;
    }
    machine->sends = grow_ring(machine->sends, &machine->sends_capacity,
                               machine->sends_first, machine->sends_count,
                               sizeof *machine->sends);
    struct sim_waiting_send send = {
        .after_write = output->send.after_write,
        .letter = sim_mail_put(cluster->mail, node, to, output->send.bytes,
                               output->send.size, 1),
    };
    size_t at = machine->sends_count;
    machine->sends_count++;
    for (; at > 0 && send_at(machine, at - 1)->after_write > send.after_write;
         at--) {
        *send_at(machine, at) = *send_at(machine, at - 1);
    }
    *send_at(machine, at) = send;
}

static void take_answer(struct sim_cluster *cluster, uint32_t node,
                        uint64_t tag, const struct sim_output *output)
{
    bool accepted = output->kind == SIM_OUTPUT_ACCEPTED;
    uint64_t answered = accepted ? output->accepted.tag : output->rejected.tag;
    if (answered != tag) {
        sim__cluster_breach(cluster,
                            "node %u: answers proposal %" PRIu64
                            ", asked was %" PRIu64,
                            node, answered, tag);
    } else if (accepted) {
        accept_command(cluster, node, output);
    } else {
        uint32_t leader = output->rejected.leader;
        sim__post_answer(cluster, node, tag, SIM_ANSWER_NOT_LEADER,
                         leader <= cluster->n ? leader : SIM_NONE);
    }
}

/* All outputs but the messages: those leave when the step was judged. */
static void take_outputs(struct sim_cluster *cluster, uint32_t node,
                         const struct sim_input *input,
                         const struct sim_outputs *outputs)
{
    struct sim_machine *machine = &cluster->machines[node];
    uint32_t writes = 0;
    uint32_t answers = 0;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct sim_output *output = &outputs->items[i];
        switch (output->kind) {
        case SIM_OUTPUT_WRITE:
            if (writes++ > 0) {
                sim__cluster_breach(cluster, "node %u: two WRITEs in a step",
                                    node);
            }
            take_write(cluster, node, &output->write);
            break;
        case SIM_OUTPUT_SEND:
            break;
        case SIM_OUTPUT_TIMER:
            machine->has_timer = true;
            machine->timer_local_us = output->timer.deadline_us;
            sim__host_arm_timer(cluster, node);
            break;
        case SIM_OUTPUT_ACCEPTED:
        case SIM_OUTPUT_REJECTED:
            if (input->kind != SIM_INPUT_PROPOSAL || answers++ > 0) {
                sim__cluster_breach(
                    cluster, "node %u: %s a proposal that was not made", node,
                    output->kind == SIM_OUTPUT_ACCEPTED ? "ACCEPTED"
                                                        : "REJECTED");
                break;
            }
            take_answer(cluster, node, input->proposal.tag, output);
            break;
        case SIM_OUTPUT_APPLY:
            take_apply(cluster, node, output);
            break;
        }
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
        sim__cluster_note(
            cluster, &(struct sim_happening){
                         .kind = SIM_EVENT_TERM, .node = node, .term = term});
    }
    if (after->commit_index > before->commit_index) {
        if (after->commit_index > cluster->committed) {
            cluster->committed = after->commit_index;
        }
        sim__cluster_note(
            cluster, &(struct sim_happening){.kind = SIM_EVENT_COMMITTED,
                                             .node = node,
                                             .index = after->commit_index});
    }
    if (after->role != before->role || new_term) {
        if (after->role == SIM_LEADER) {
            cluster->elections++;
            sim__cluster_note(cluster, &(struct sim_happening){
                                           .kind = SIM_EVENT_LEADER_ELECTED,
                                           .node = node,
                                           .term = term});
        }
        sim__cluster_find_leader(cluster);
    }
}

static void judge(struct sim_cluster *cluster, uint32_t node,
                  const struct sim_input *input,
                  const struct sim_outputs *outputs,
                  const struct sim_view *before, sim_tip tip_before)
{
    const struct sim_machine *machine = &cluster->machines[node];
    sim_trace_step(cluster->trace,
                   &(struct sim_trace_step){.step = cluster->step,
                                            .time_us = cluster->now_us,
                                            .node = node,
                                            .input = input,
                                            .outputs = outputs,
                                            .before = before,
                                            .after = &machine->view});
    if (cluster->checker == NULL) {
        return;
    }
    sim_checker_step(cluster->checker,
                     &(struct sim_observation){.step = cluster->step,
                                               .time_us = cluster->now_us,
                                               .node = node,
                                               .before = before,
                                               .after = &machine->view,
                                               .outputs = outputs,
                                               .tip_before = tip_before,
                                               .tip_after = machine->tip});
    uint64_t first = machine->last_applied + 1 - cluster->n_states;
    for (size_t i = 0; i < cluster->n_states; i++) {
        sim_checker_state(cluster->checker, node, first + i,
                          cluster->states[i]);
    }
}

void sim__host_step(struct sim_cluster *cluster, uint32_t node,
                    struct sim_input *input)
{
    struct sim_machine *machine = &cluster->machines[node];
    assert(machine->node != NULL);
    struct sim_view before = machine->view;
    sim_tip tip_before = machine->tip;
    struct sim_outputs outputs = {NULL, 0};
    input->now_us =
        sim_clock_local_from_virtual(&machine->clock, cluster->now_us);
    cluster->step++;
    enum sim_node_status status =
        cluster->type->step(machine->node, input, &outputs);
    if (status != SIM_NODE_OK) {
        sim__cluster_breach(cluster, "node %u: step() %s", node,
                            status == SIM_NODE_NO_MEMORY ? "found no memory"
                                                         : "refused its input");
        return;
    }
    cluster->type->inspect(machine->node, &machine->view);
    cluster->n_states = 0;
    take_outputs(cluster, node, input, &outputs);
    note_view(cluster, node, &before);
    judge(cluster, node, input, &outputs, &before, tip_before);
    for (size_t i = 0; i < outputs.count; i++) {
        if (outputs.items[i].kind == SIM_OUTPUT_SEND) {
            take_send(cluster, node, &outputs.items[i]);
        }
    }
}
