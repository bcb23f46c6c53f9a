/* Adapters that are not as they should be, from the nodes that are built in.
 * The macro STRANGE says in which way: DIES      the node ends its process when
 * the 20th entry is committed in a term above 1: as the environment variable
 * STRANGE says, by "abort", "raise", "kill" or "exit"; without it, the node is
 * sound STUCK     its timer is due again at once, for ever ABI, SIZE, NAME,
 * STEP    the table says another interface, too small a size, a name that is
 * none, no step() NOTHING   there is no table STORM     each message goes back,
 * twice
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/raft_node.h"

#define DIES 1
#define STUCK 2
#define ABI 3
#define SIZE 4
#define NAME 5
#define STEP 6
#define NOTHING 7
#define STORM 8

static void die(void)
{
    const char *how = getenv("STRANGE");
    if (how == NULL) {
        return;
    }
    if (strcmp(how, "abort") == 0) {
        abort();
    }
    if (strcmp(how, "raise") == 0) {
        raise(SIGABRT);
    }
    if (strcmp(how, "kill") == 0) {
        raise(SIGKILL); /* sanitizers catch most others */
    }
    _exit(7);
}

/* The same message, back to its sender, twice. */
static enum sim_node_status send_back(const struct sim_input *input,
                                      struct sim_outputs *outputs)
{
    static struct sim_output more[2];
    static uint8_t bytes[4096];
    size_t size =
        input->message.size < sizeof bytes ? input->message.size : sizeof bytes;
    memcpy(bytes, input->message.bytes, size);
    for (uint32_t i = 0; i < 2; i++) {
        more[i] = (struct sim_output){.kind = SIM_OUTPUT_SEND};
        more[i].send.to = input->message.from;
        more[i].send.bytes = bytes;
        more[i].send.size = size;
    }
    *outputs = (struct sim_outputs){more, 2};
    return SIM_NODE_OK;
}

static enum sim_node_status strange_step(struct sim_node *node,
                                         const struct sim_input *input,
                                         struct sim_outputs *outputs)
{
    static struct sim_output again;
    if (STRANGE == STUCK && input->kind == SIM_INPUT_TIMER) {
        again.kind = SIM_OUTPUT_TIMER;
        again.timer.deadline_us = input->now_us;
        *outputs = (struct sim_outputs){&again, 1};
        return SIM_NODE_OK;
    }
    if (STRANGE == STORM && input->kind == SIM_INPUT_MESSAGE) {
        return send_back(input, outputs);
    }
    enum sim_node_status status = sim_raft_node_type.step(node, input, outputs);
    struct sim_view view;
    sim_raft_node_type.inspect(node, &view);
    if (STRANGE == DIES && view.commit_index >= 20 &&
        view.hard_state.term > 1) {
        die();
    }
    return status;
}

/* The table of the nodes that are built in cannot be copied before the program
 * runs: all its functions, by another name. */
#define CALL(name) sim_raft_node_type.name

static struct sim_node *create(const struct sim_node_options *options,
                               const struct sim_image *image)
{
    return CALL(create)(options, image);
}

static void inspect(const struct sim_node *node, struct sim_view *view)
{
    CALL(inspect)(node, view);
}

static void members(const struct sim_node *node,
                    struct sim_configuration *configuration)
{
    CALL(members)(node, configuration);
}

static void destroy(struct sim_node *node)
{
    CALL(destroy)(node);
}

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    CALL(classify)(bytes, size, message);
}

static size_t bootstrap(const struct sim_configuration *configuration,
                        uint8_t *bytes)
{
    return CALL(bootstrap)(configuration, bytes);
}

static bool configuration(const uint8_t *payload, size_t size,
                          struct sim_configuration *members_of)
{
    return CALL(configuration)(payload, size, members_of);
}

static bool snapshot_configuration(const uint8_t *meta, size_t size,
                                   struct sim_configuration *members_of)
{
    return CALL(snapshot_configuration)(meta, size, members_of);
}

static void describe(const uint8_t *bytes, size_t size, char *text)
{
    CALL(describe)(bytes, size, text);
}

#if STRANGE == NOTHING
#define raftsim_node_type raftsim_other_type
#endif

extern const struct sim_node_type raftsim_node_type;

const struct sim_node_type raftsim_node_type = {
    .abi = SIM_NODE_ABI + (STRANGE == ABI ? 1 : 0),
    .size = STRANGE == SIZE ? 16 : sizeof(struct sim_node_type),
    .name = STRANGE == NAME ? "no name" : "strange",
    .features = SIM_FEATURES_ALL,
    .shows = SIM_SHOWS_ALL,
    .create = create,
    .step = STRANGE == STEP ? NULL : strange_step,
    .inspect = inspect,
    .members = members,
    .destroy = destroy,
    .classify = classify,
    .bootstrap = bootstrap,
    .configuration = configuration,
    .snapshot_configuration = snapshot_configuration,
    .describe = describe,
};
