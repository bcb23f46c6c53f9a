/* Answers that cannot be used end the run before anything is done with them,
 * and the breach says what they are. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/sim_harness.h"

/* --- a node that answers so ----------------------------------------------- */

/* What is wrong with one output, in a place of its own. */
typedef void spoil(struct sim_output *output);

static struct {
    enum sim_output_kind kind; /* which of the answers */
    spoil *spoil;
    struct sim_output items[64];
} evil;

static enum sim_node_status step(struct sim_node *node,
                                 const struct sim_input *input,
                                 struct sim_outputs *outputs)
{
    enum sim_node_status status = sim_raft_node_type.step(node, input, outputs);
    cr_assert_leq(outputs->count, 64);
    if (outputs->count > 0) {
        memcpy(evil.items, outputs->items,
               outputs->count * sizeof *outputs->items);
    }
    for (size_t i = 0; i < outputs->count; i++) {
        if (evil.items[i].kind == evil.kind) {
            evil.spoil(&evil.items[i]);
        }
    }
    outputs->items = evil.items;
    return status;
}

static void write_null(struct sim_output *output)
{
    output->write.entries = NULL;
    output->write.n_entries = 1;
}

static void write_many(struct sim_output *output)
{
    output->write.n_entries = 1000001;
}

static struct sim_entry entry;

static void write_one(struct sim_output *output)
{
    output->write.entries = &entry;
    output->write.n_entries = 1;
}

static void write_data_null(struct sim_output *output)
{
    entry = (struct sim_entry){.size = 1};
    write_one(output);
}

static void write_kind(struct sim_output *output)
{
    entry = (struct sim_entry){.kind = (enum sim_entry_kind)4};
    write_one(output);
}

static void write_omitted(struct sim_output *output)
{
    entry = (struct sim_entry){
        .data = (const uint8_t *)"a", .size = 1, .omitted = true};
    write_one(output);
}

static void write_snapshot(struct sim_output *output)
{
    output->write.has_snapshot = true;
    output->write.snapshot = (struct sim_snapshot){.meta_size = 1};
}

static void write_vote(struct sim_output *output)
{
    output->write.has_hard_state = true;
    output->write.hard_state.vote = 4;
}

static void send_null(struct sim_output *output)
{
    output->send.bytes = NULL;
}

static void send_huge(struct sim_output *output)
{
    output->send.size = ((size_t)1 << 30) + 1;
}

static void reject_reason(struct sim_output *output)
{
    output->rejected.reason = (enum sim_reason)(SIM_READ_LOST + 1);
}

static void reject_leader(struct sim_output *output)
{
    output->rejected.leader = 4;
}

static void apply_verdict(struct sim_output *output)
{
    entry = (struct sim_entry){.verdict = (enum sim_verdict_of_session)3};
    output->apply.entries = &entry;
}

static void no_kind(struct sim_output *output)
{
    output->kind = (enum sim_output_kind)(SIM_OUTPUT_READY + 1);
}

static void no_harm(struct sim_output *output)
{
    (void)output;
}

static struct sim_result run_with(const struct sim_node_type *type)
{
    return harness_run("{'description': 'x', 'duration': '2s'}", 1,
                       &(struct harness_options){.type = type});
}

static void expect_breach(const struct sim_node_type *type, const char *text)
{
    struct sim_result result = run_with(type);
    cr_expect_eq(result.verdict, SIM_VERDICT_CONTRACT, "%s", text);
    cr_expect_not_null(strstr(result.contract, text), "%s, not %s",
                       result.contract, text);
}

Test(host_gate, looks_at_answers)
{
    static const struct {
        enum sim_output_kind kind;
        spoil *spoil;
        const char *text;
    } cases[] = {
        {SIM_OUTPUT_WRITE, write_null, ": WRITE with entries that are NULL"},
        {SIM_OUTPUT_WRITE, write_many, ": WRITE with more than a million"},
        {SIM_OUTPUT_WRITE, write_data_null, ": WRITE with bytes that are NULL"},
        {SIM_OUTPUT_WRITE, write_kind, ": WRITE with an entry of a kind that"},
        {SIM_OUTPUT_WRITE, write_omitted, "payload is omitted and there"},
        {SIM_OUTPUT_WRITE, write_snapshot, ": WRITE with bytes that are NULL"},
        {SIM_OUTPUT_WRITE, write_vote, "a vote for a node that there is not"},
        {SIM_OUTPUT_SEND, send_null, ": SEND with bytes that are NULL"},
        {SIM_OUTPUT_SEND, send_huge, ": SEND with more than a GiB"},
        {SIM_OUTPUT_REJECTED, reject_reason, "a reason that there is not"},
        {SIM_OUTPUT_REJECTED, reject_leader, "a leader that there is not"},
        {SIM_OUTPUT_APPLY, apply_verdict, ": APPLY with an entry of a kind"},
        {SIM_OUTPUT_TIMER, no_kind, "step() with an output of a kind that"},
    };
    struct sim_node_type type = sim_raft_node_type;
    type.step = step;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        evil.kind = cases[i].kind;
        evil.spoil = cases[i].spoil;
        expect_breach(&type, cases[i].text);
    }
    evil.spoil = no_harm;
    cr_expect_eq(run_with(&type).verdict, SIM_VERDICT_AS_EXPECTED);
}

/* --- lists that are none -------------------------------------------------- */

static enum sim_node_status step_null(struct sim_node *node,
                                      const struct sim_input *input,
                                      struct sim_outputs *outputs)
{
    (void)node;
    (void)input;
    *outputs = (struct sim_outputs){NULL, 1};
    return SIM_NODE_OK;
}

static enum sim_node_status step_many(struct sim_node *node,
                                      const struct sim_input *input,
                                      struct sim_outputs *outputs)
{
    (void)node;
    (void)input;
    *outputs = (struct sim_outputs){evil.items, 1000001};
    return SIM_NODE_OK;
}

Test(host_gate, looks_at_the_list)
{
    struct sim_node_type type = sim_raft_node_type;
    type.step = step_null;
    expect_breach(&type, "step() answers with outputs that are NULL");
    type.step = step_many;
    expect_breach(&type, "step() answers with more than a million outputs");
}

/* --- what it shows -------------------------------------------------------- */

static struct sim_view lie;

static void inspect(const struct sim_node *node, struct sim_view *view)
{
    sim_raft_node_type.inspect(node, view);
    view->role = lie.role != SIM_FOLLOWER ? lie.role : view->role;
    view->leader = lie.leader != SIM_NONE ? lie.leader : view->leader;
    view->hard_state.vote = lie.hard_state.vote != SIM_NONE
                                ? lie.hard_state.vote
                                : view->hard_state.vote;
}

static void classify(const uint8_t *bytes, size_t size,
                     struct sim_message *message)
{
    sim_raft_node_type.classify(bytes, size, message);
    message->kind = SIM_MESSAGE_KIND_COUNT;
}

static void members(const struct sim_node *node,
                    struct sim_configuration *configuration)
{
    sim_raft_node_type.members(node, configuration);
    sim_set_add(&configuration->learners, 4);
}

static size_t bootstrap(const struct sim_configuration *configuration,
                        uint8_t *bytes)
{
    (void)configuration;
    (void)bytes;
    return SIZE_MAX;
}

Test(host_gate, looks_at_what_is_shown)
{
    struct sim_node_type type = sim_raft_node_type;
    type.inspect = inspect;
    cr_expect_eq(run_with(&type).verdict, SIM_VERDICT_AS_EXPECTED);
    lie = (struct sim_view){.role = (enum sim_role)(SIM_LEADER + 1)};
    expect_breach(&type, "inspect() shows a role that there is not");
    lie = (struct sim_view){.leader = 4};
    expect_breach(&type, "inspect() shows a leader that there is not");
    lie = (struct sim_view){.hard_state = {.vote = 4}};
    expect_breach(&type, "inspect() shows a vote for a node");

    type = sim_raft_node_type;
    type.classify = classify;
    expect_breach(&type, "classify() knows a kind of message");
    type = sim_raft_node_type;
    type.members = members;
    expect_breach(&type, "members() has nodes that there are not");
    type = sim_raft_node_type;
    type.bootstrap = bootstrap;
    expect_breach(&type, "bootstrap() wants 18446744073709551615 bytes");
}
