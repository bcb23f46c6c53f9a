/* The node of sim/raft_node.h, but for a static counter: every so many steps,
 * of all runs of the process, it asks for its timer a microsecond later than it
 * should. Linked into a raftsim of its own, in the place of the sound one. */
#define sim_raft_node_type sound_raft_node_type
#include "sim/raft_node.c" /* NOLINT */
#undef sim_raft_node_type

#define EVERY_STEPS 1009u

extern const struct sim_node_type sim_raft_node_type;

static struct sim_node *
unrepeatable_create(const struct sim_node_options *options,
                    const struct sim_image *image)
{
    struct sim_node *node = sound_raft_node_type.create(options, image);
    if (node != NULL) {
        node->type = &sim_raft_node_type;
    }
    return node;
}

static enum sim_node_status unrepeatable_step(struct sim_node *node,
                                              const struct sim_input *input,
                                              struct sim_outputs *outputs)
{
    static uint64_t steps;
    static struct sim_output items[1024];
    enum sim_node_status status =
        sound_raft_node_type.step(node, input, outputs);
    steps++;
    if (status == SIM_NODE_OK && steps >= EVERY_STEPS &&
        outputs->count <= sizeof items / sizeof *items) {
        for (size_t i = 0; i < outputs->count; i++) {
            items[i] = outputs->items[i];
            if (items[i].kind == SIM_OUTPUT_TIMER) {
                items[i].timer.deadline_us++;
                steps = 0;
            }
        }
        outputs->items = items;
    }
    return status;
}

const struct sim_node_type sim_raft_node_type = {
    .name = "unrepeatable",
    .shows = SIM_SHOWS_ALL,
    .features = SIM_FEATURES_ALL,
    .create = unrepeatable_create,
    .step = unrepeatable_step,
    .inspect = inspect,
    .members = members_of,
    .destroy = destroy,
    .classify = raft_node__classify,
    .bootstrap = raft_node__bootstrap,
    .configuration = raft_node__configuration,
    .snapshot_configuration = raft_node__snapshot_configuration,
    .describe = raft_node__describe,
};
