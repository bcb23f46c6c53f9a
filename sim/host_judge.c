/* What observes a step: the trace, the checkers, the situations, and who will
 * ask why. All see the same, and none of them can change it. */
#include "sim/cluster_internal.h"

/* Of the snapshot that the step wrote, and the one that it took over. */
static void judge_snapshots(struct sim_cluster *cluster, uint32_t node,
                            const struct sim_outputs *outputs)
{
    const struct sim_node_type *type = cluster->type;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct sim_output *output = &outputs->items[i];
        if (output->kind == SIM_OUTPUT_WRITE && output->write.has_snapshot &&
            cluster->snapshot_tip != SIM_NO_TIP) {
            const struct sim_snapshot *snapshot = &output->write.snapshot;
            struct sim_configuration members;
            bool readable = type->snapshot_configuration != NULL &&
                            type->snapshot_configuration(
                                snapshot->meta, snapshot->meta_size, &members);
            sim_checker_snapshot(cluster->checker, node, cluster->snapshot_tip,
                                 readable ? &members : NULL);
        }
    }
    if (cluster->restored) {
        sim_checker_restored(cluster->checker, node, cluster->restored_tip,
                             cluster->restored_state);
    }
}

static void look_at_situations(struct sim_cluster *cluster,
                               const struct sim_input *input,
                               const struct sim_observation *seen)
{
    const struct sim_letter *letter = cluster->delivered;
    struct sim_situation_step step = {.seen = seen, .input = input};
    if (letter != NULL) {
        step.message = &letter->message;
        step.posted_us = letter->posted_us;
    }
    sim_situations_step(cluster->situations, &step);
}

static void look_why(struct sim_cluster *cluster, const struct sim_input *input,
                     const struct sim_observation *seen)
{
    const struct sim_letter *letter = cluster->delivered;
    struct sim_why_step step = {.seen = seen,
                                .input = input,
                                .letter = letter == NULL ? SIM_WHY_NO_LETTER
                                                         : letter->why_letter};
    if (cluster->why != NULL) {
        sim_why_step(cluster->why, &step);
    }
}

void cluster__judge(struct sim_cluster *cluster, uint32_t node,
                    const struct sim_input *input,
                    const struct sim_outputs *outputs,
                    const struct sim_view *before, sim_tip tip_before,
                    const struct sim_configuration *members)
{
    const struct sim_machine *machine = &cluster->machines[node];
    sim_trace_step(cluster->trace,
                   &(struct sim_trace_step){.step = cluster->step,
                                            .time_us = cluster->now_us,
                                            .node = node,
                                            .input = input,
                                            .outputs = outputs,
                                            .before = before,
                                            .after = &machine->view,
                                            .members = members});
    if (cluster->checker == NULL) {
        return;
    }
    struct sim_observation seen = {.step = cluster->step,
                                   .time_us = cluster->now_us,
                                   .node = node,
                                   .before = before,
                                   .after = &machine->view,
                                   .outputs = outputs,
                                   .tip_before = tip_before,
                                   .tip_after = machine->tip,
                                   .members = members};
    look_why(cluster, input, &seen);
    sim_checker_step(cluster->checker, &seen);
    look_at_situations(cluster, input, &seen);
    judge_snapshots(cluster, node, outputs);
    uint64_t first = machine->last_applied + 1 - cluster->n_states;
    for (size_t i = 0; i < cluster->n_states; i++) {
        sim_checker_state(cluster->checker, node, first + i,
                          cluster->states[i]);
    }
}
