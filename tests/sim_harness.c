#include "tests/sim_harness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

static void take_line(struct sim_trace_sink *base, const char *text,
                      size_t size)
{
    struct harness_text *sink = (struct harness_text *)base;
    sink->text =
        sim_grow(sink->text, &sink->capacity, sink->size + size + 1, 1);
    memcpy(sink->text + sink->size, text, size);
    sink->size += size;
    sink->text[sink->size] = '\0';
}

struct sim_scenario *harness_parse_text(const char *text, uint64_t seed)
{
    struct sim_scenario_problems problems;
    struct sim_scenario *scenario =
        sim_scenario_parse(text, strlen(text), &seed, &problems);
    cr_assert_not_null(scenario, "%s: %s", problems.items[0].pointer,
                       problems.items[0].message);
    sim_scenario_problems_free(&problems);
    return scenario;
}

struct sim_scenario *harness_parse(const char *text, uint64_t seed)
{
    char *json = sim_strdup(text);
    for (char *c = json; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    struct sim_scenario *scenario = harness_parse_text(json, seed);
    free(json);
    return scenario;
}

char *harness_read_file(const char *name, size_t *size)
{
    const char *root = getenv("RAFTSIM_SOURCE");
    char path[4096];
    size_t room = (size_t)1 << 20;
    int length =
        snprintf(path, sizeof path, "%s/%s", root != NULL ? root : ".", name);
    cr_assert(length > 0 && (size_t)length < sizeof path);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "cannot open %s", path);
    char *text = sim_calloc(room, 1);
    size_t got = fread(text, 1, room - 1, file);
    cr_assert(feof(file) && !ferror(file), "%s", path);
    cr_assert_gt(got, 0);
    fclose(file);
    if (size != NULL) {
        *size = got;
    }
    return text;
}

struct sim_result harness_run(const char *text, uint64_t seed,
                              const struct harness_options *options)
{
    const struct harness_options usual = {.type = NULL};
    options = options == NULL ? &usual : options;
    struct sim_scenario *scenario = harness_parse(text, seed);
    struct sim_options how = {
        .seed = seed,
        .node_type =
            options->type != NULL ? options->type : &sim_raft_node_type,
        .checks = !options->no_checks,
        .max_steps =
            options->max_steps > 0 ? options->max_steps : SIM_UNLIMITED,
        .max_time_us = options->max_time_us,
    };
    if (options->trace != NULL) {
        *options->trace = (struct harness_text){.base = {take_line}};
        how.trace = &options->trace->base;
    }
    struct sim_simulation *simulation = sim_simulation_new(scenario, &how);
    uint64_t slice = options->slice > 0 ? options->slice : UINT64_MAX;
    while (sim_simulation_advance(simulation, slice) == SIM_VERDICT_RUNNING) {
    }
    struct sim_result result = *sim_simulation_result(simulation);
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
    return result;
}

bool harness_unmet(const struct sim_result *result, const char *pointer)
{
    for (uint32_t i = 0; i < result->n_unmet; i++) {
        if (strcmp(result->unmet[i].pointer, pointer) == 0) {
            return true;
        }
    }
    return false;
}

/* --- the rig -------------------------------------------------------------- */

struct rig *rig_new(const char *text, uint64_t seed,
                    const struct sim_node_type *type)
{
    struct rig *rig = sim_calloc(1, sizeof *rig);
    rig->scenario = harness_parse(text, seed);
    rig->queue = sim_event_queue_new();
    rig->trace.base.line = take_line;
    rig->prng = sim_prng_stream(seed, SIM_STREAM_FAULT, 1000, 0);
    struct sim_options options = {
        .seed = seed,
        .node_type = type != NULL ? type : &sim_raft_node_type,
        .checks = type == NULL,
        .trace = &rig->trace.base,
        .max_steps = SIM_UNLIMITED,
    };
    rig->cluster = sim_cluster_new(rig->scenario, &options, rig->queue);
    rig->clients =
        sim_clients_new(&rig->scenario->workload, rig->scenario->nodes,
                        options.node_type->features, seed);
    rig->damages = sim_damages_new(rig->cluster, rig->clients);
    rig->op = sim_operator_new(rig->cluster);
    rig->faults = sim_faults_new(rig->cluster, rig->damages, rig->op, seed);
    for (uint32_t node = 1; node <= rig->scenario->nodes; node++) {
        sim_cluster_start(rig->cluster, node);
    }
    for (uint32_t c = 0; c < rig->scenario->workload.clients; c++) {
        struct sim_client_action action;
        sim_clients_start(rig->clients, c, &action);
        sim_cluster_carry_out(rig->cluster, &action);
    }
    return rig;
}

void rig_free(struct rig *rig)
{
    sim_faults_free(rig->faults);
    sim_operator_free(rig->op);
    sim_damages_free(rig->damages);
    sim_clients_free(rig->clients);
    sim_cluster_free(rig->cluster);
    sim_event_queue_free(rig->queue);
    sim_scenario_free(rig->scenario);
    free(rig->trace.text);
    free(rig);
}

/* No client's tag, and no operator's. */
#define ASKED_TAG (UINT64_C(1) << 62)

void rig_ask(struct rig *rig, uint32_t node, enum sim_request_kind request,
             const char *key, const char *value)
{
    uint8_t bytes[256];
    struct sim_command command = {
        .op = value == NULL ? SIM_COMMAND_GET : SIM_COMMAND_SET,
        .client = 1000000,
        .number = ++rig->asked,
        .key = (const uint8_t *)key,
        .key_size = key == NULL ? 0 : (uint32_t)strlen(key),
        .value = (const uint8_t *)value,
        .value_size = value == NULL ? 0 : (uint32_t)strlen(value),
    };
    struct sim_client_action action = {.send = true,
                                       .request = request,
                                       .node = node,
                                       .tag = ASKED_TAG + rig->asked,
                                       .data = bytes,
                                       .wake_at_us = SIM_NEVER};
    if (key != NULL) {
        cr_assert_lt(sim_command_size(&command), sizeof bytes);
        action.size = sim_command_encode(&command, bytes);
    }
    sim_cluster_carry_out(rig->cluster, &action);
}

static void take_reply(struct rig *rig, const struct sim_reply *reply)
{
    size_t size = reply->value_size < sizeof rig->value - 1
                      ? reply->value_size
                      : sizeof rig->value - 1;
    rig->reply = *reply;
    rig->answers[reply->answer]++;
    memset(rig->value, 0, sizeof rig->value);
    if (size > 0) {
        memcpy(rig->value, reply->value, size);
    }
}

static void handle_client(struct rig *rig, const struct sim_event *event)
{
    struct sim_client_action action;
    if (event->kind == SIM_QUEUE_ANSWER) {
        uint32_t slot = (uint32_t)event->b;
        struct sim_reply reply = sim_mail_reply(rig->cluster->mail, slot);
        take_reply(rig, &reply);
        if (reply.tag < ASKED_TAG) {
            sim_clients_answer(rig->clients, &reply, event->time_us, &action);
        } else {
            action = (struct sim_client_action){.wake_at_us = SIM_NEVER};
        }
        sim_mail_drop(rig->cluster->mail, slot);
    } else if (!sim_cluster_is_waking(rig->cluster, event)) {
        return;
    } else {
        sim_clients_wake(rig->clients, event->a, event->time_us, &action);
    }
    sim_cluster_carry_out(rig->cluster, &action);
}

void rig_step(struct rig *rig)
{
    struct sim_event event;
    cr_assert(sim_event_queue_pop(rig->queue, &event));
    rig->cluster->now_us = event.time_us;
    switch ((enum sim_queue_kind)event.kind) {
    case SIM_QUEUE_ARRIVAL:
    case SIM_QUEUE_RECEIPT:
    case SIM_QUEUE_TIMER:
    case SIM_QUEUE_DISK:
    case SIM_QUEUE_REQUEST:
    case SIM_QUEUE_COMPACT:
        sim_cluster_handle(rig->cluster, &event);
        break;
    case SIM_QUEUE_ANSWER:
    case SIM_QUEUE_WAKE:
        handle_client(rig, &event);
        break;
    case SIM_QUEUE_OPERATOR:
        sim_operator_due(rig->op, event.b);
        break;
    case SIM_QUEUE_FAULT:
        sim_faults_step_due(rig->faults, event.a);
        break;
    case SIM_QUEUE_UNDO:
        sim_damage_undo(rig->damages, event.a, event.b);
        break;
    case SIM_QUEUE_NEMESIS:
        sim_faults_nemesis_due(rig->faults, event.a, (uint32_t)event.b);
        break;
    case SIM_QUEUE_END:
    case SIM_QUEUE_DEADLINE:
        cr_assert_fail("a rig has no end, and waits for no progress");
    }
    sim_operator_look(rig->op);
    sim_faults_look(rig->faults);
    cr_assert(rig->may_breach || rig->cluster->contract[0] == '\0', "%s",
              rig->cluster->contract);
    const struct sim_violation *violation =
        rig->cluster->checker == NULL
            ? NULL
            : sim_checker_violation(rig->cluster->checker);
    cr_assert_null(violation, "%s", violation->text);
}

void rig_run_until(struct rig *rig, uint64_t time_us)
{
    while (sim_event_queue_next_us(rig->queue) <= time_us) {
        rig_step(rig);
    }
    rig->cluster->now_us = time_us;
}

uint32_t rig_find_leader(struct rig *rig)
{
    while (rig->cluster->leader == SIM_NONE) {
        rig_step(rig);
    }
    return rig->cluster->leader;
}

bool rig_do(struct rig *rig, uint32_t place)
{
    const struct sim_fault *fault = &rig->scenario->faults[place];
    if (sim_action_is_wish(&fault->action)) {
        struct sim_reach reach = {0};
        bool found =
            sim_reach_find(&reach, &fault->action, rig->cluster, &rig->prng);
        if (found) {
            rig->wish =
                sim_operator_wish(rig->op, &fault->action, &reach, true);
        }
        free(reach.links);
        return found;
    }
    return sim_damage_do(rig->damages, &fault->action, &rig->prng,
                         fault->has_duration ? &fault->duration_us : NULL);
}

uint64_t rig_open_links(const struct rig *rig, uint32_t from)
{
    uint64_t open = 0;
    cr_assert(rig->cluster->n < 64);
    for (uint32_t to = 1; to <= rig->cluster->n; to++) {
        if (to != from &&
            !sim_network_is_blocked(rig->cluster->network, from, to)) {
            open |= UINT64_C(1) << to;
        }
    }
    return open;
}

static bool is_message(const struct rig *rig, const struct sim_event *event)
{
    return (event->kind == SIM_QUEUE_ARRIVAL ||
            event->kind == SIM_QUEUE_RECEIPT) &&
           sim_mail_letter(rig->cluster->mail, (uint32_t)event->b)->from !=
               SIM_NONE;
}

uint64_t rig_drain_messages(struct rig *rig)
{
    uint64_t count = 0;
    struct sim_event event;
    sim_network_heal(rig->cluster->network);
    sim_cluster_forward_released(rig->cluster);
    while (sim_event_queue_pop(rig->queue, &event)) {
        count += is_message(rig, &event);
    }
    for (uint32_t node = 1; node <= rig->cluster->n; node++) {
        const struct sim_machine *machine = &rig->cluster->machines[node];
        for (size_t i = 0; i < machine->piled_count; i++) {
            count += is_message(rig, &machine->piled[i]);
        }
    }
    return count;
}

/* --- the echo node -------------------------------------------------------- */

static struct sim_node *echo_create(const struct sim_node_options *options,
                                    const struct sim_image *image)
{
    struct echo_node *echo = sim_calloc(1, sizeof *echo);
    echo->base.type = &echo_node_type;
    echo->id = options->id;
    echo->n_nodes = options->n_nodes;
    echo->hard_state = image->hard_state;
    echo->n_entries = image->n_entries;
    echo->last_index = image->n_entries;
    return &echo->base;
}

static void echo_destroy(struct sim_node *node)
{
    struct echo_node *echo = (struct echo_node *)node;
    free(echo->inputs);
    free(echo);
}

static void echo_inspect(const struct sim_node *node, struct sim_view *view)
{
    const struct echo_node *echo = (const struct echo_node *)node;
    *view = (struct sim_view){
        .role = SIM_FOLLOWER,
        .hard_state = echo->hard_state,
        .last = {1, echo->last_index},
        .commit_index = echo->applied,
        .last_applied = echo->applied,
    };
}

static struct sim_output *put(struct echo_node *echo, enum sim_output_kind kind)
{
    struct sim_output *output = &echo->outputs[echo->n_outputs++];
    *output = (struct sim_output){.kind = kind};
    return output;
}

static void put_messages(struct echo_node *echo, uint64_t number,
                         uint64_t after_write)
{
    for (unsigned i = 0; i < 8; i++) {
        echo->bytes[i] = (uint8_t)(number >> (8 * i));
    }
    for (uint32_t to = 1; to <= echo->n_nodes; to++) {
        if (to != echo->id) {
            struct sim_output *output = put(echo, SIM_OUTPUT_SEND);
            output->send.to = to;
            output->send.after_write = after_write;
            output->send.bytes = echo->bytes;
            output->send.size = sizeof echo->bytes;
        }
    }
}

static void put_timer(struct echo_node *echo, uint64_t now_us)
{
    echo->deadline_us = now_us + ECHO_TICK_US;
    put(echo, SIM_OUTPUT_TIMER)->timer.deadline_us = echo->deadline_us;
}

static void take_proposal(struct echo_node *echo, const struct sim_input *input)
{
    echo->last_write++;
    echo->last_index++;
    echo->entry = (struct sim_entry){.term = 1,
                                     .data = input->proposal.data,
                                     .size = input->proposal.size,
                                     .kind = SIM_ENTRY_COMMAND};
    struct sim_output *write = put(echo, SIM_OUTPUT_WRITE);
    write->write.id = echo->last_write;
    write->write.first_index = echo->last_index;
    write->write.entries = &echo->entry;
    write->write.n_entries = 1;
    struct sim_output *accepted = put(echo, SIM_OUTPUT_ACCEPTED);
    accepted->accepted.tag = input->proposal.tag;
    accepted->accepted.position = (struct sim_position){1, echo->last_index};
    put_messages(echo, UINT64_C(1000000) + echo->last_write, echo->last_write);
}

static uint64_t number_of(const struct sim_input *input)
{
    uint64_t number = 0;
    switch (input->kind) {
    case SIM_INPUT_START:
    case SIM_INPUT_TIMER:
        break;
    case SIM_INPUT_MESSAGE:
        cr_assert_eq(input->message.size, 8);
        for (unsigned i = 0; i < 8; i++) {
            number |= (uint64_t)input->message.bytes[i] << (8 * i);
        }
        break;
    case SIM_INPUT_WRITTEN:
        return input->written.write_id;
    case SIM_INPUT_FAILED:
        return input->failed.write_id;
    case SIM_INPUT_PROPOSAL:
        return input->proposal.tag;
    case SIM_INPUT_SESSION:
    case SIM_INPUT_CHANGE:
    case SIM_INPUT_TRANSFER:
    case SIM_INPUT_READ:
    case SIM_INPUT_SNAPSHOT:
        cr_assert_fail("the echo node has no features");
    }
    return number;
}

static enum sim_node_status echo_step(struct sim_node *node,
                                      const struct sim_input *input,
                                      struct sim_outputs *outputs)
{
    struct echo_node *echo = (struct echo_node *)node;
    echo->inputs = sim_grow(echo->inputs, &echo->inputs_capacity,
                            echo->n_inputs + 1, sizeof *echo->inputs);
    echo->inputs[echo->n_inputs++] = (struct echo_input){
        .kind = input->kind,
        .now_us = input->now_us,
        .from =
            input->kind == SIM_INPUT_MESSAGE ? input->message.from : SIM_NONE,
        .number = number_of(input),
    };
    echo->n_outputs = 0;
    switch (input->kind) {
    case SIM_INPUT_START:
        put_timer(echo, input->now_us);
        break;
    case SIM_INPUT_TIMER:
        echo->ticks++;
        put_messages(echo, echo->ticks, 0);
        put_timer(echo, input->now_us);
        break;
    case SIM_INPUT_PROPOSAL:
        take_proposal(echo, input);
        break;
    case SIM_INPUT_MESSAGE:
    case SIM_INPUT_WRITTEN:
    case SIM_INPUT_FAILED:
    case SIM_INPUT_SESSION:
    case SIM_INPUT_CHANGE:
    case SIM_INPUT_TRANSFER:
    case SIM_INPUT_READ:
    case SIM_INPUT_SNAPSHOT:
        break;
    }
    *outputs = (struct sim_outputs){echo->outputs, echo->n_outputs};
    return SIM_NODE_OK;
}

static void echo_classify(const uint8_t *bytes, size_t size,
                          struct sim_message *message)
{
    (void)bytes;
    (void)size;
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
}

static void echo_describe(const uint8_t *bytes, size_t size, char *text)
{
    snprintf(text, SIM_DESCRIPTION_SIZE, "%zu bytes, the first %u", size,
             bytes[0]);
}

const struct sim_node_type echo_node_type = {
    .shows = SIM_SHOWS_ALL,
    .name = "echo",
    .create = echo_create,
    .step = echo_step,
    .inspect = echo_inspect,
    .destroy = echo_destroy,
    .classify = echo_classify,
    .describe = echo_describe,
};

struct echo_node *rig_echo(const struct rig *rig, uint32_t node)
{
    cr_assert(sim_cluster_is_up(rig->cluster, node));
    return (struct echo_node *)rig->cluster->machines[node].node;
}
