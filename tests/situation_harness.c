#include "tests/situation_harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A configuration is written as it lies in memory. */
static bool read_members(const uint8_t *payload, size_t size,
                         struct sim_configuration *members)
{
    if (size != sizeof(*members)) {
        return false;
    }
    memcpy(members, payload, size);
    return true;
}

static const struct sim_node_type stage_type = {.name = "stage",
                                                .configuration = read_members};

/* --- the stage ------------------------------------------------------------ */

static struct sim_configuration first_members(const struct stage_case *one)
{
    struct sim_configuration members = sim_configuration_of(one->members);
    if (one->witness != 0) {
        sim_set_add(&members.witnesses, one->witness);
    }
    if (one->learner != 0) {
        sim_set_add(&members.learners, one->learner);
    }
    return members;
}

static struct stage *stage_new(const struct stage_case *one)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct sim_configuration members = first_members(one);
    stage->tree = sim_log_tree_new();
    stage->memberships =
        sim_memberships_new(stage->tree, &stage_type, &members);
    stage->situations = sim_situations_new(stage->tree, stage->memberships,
                                           one->n, one->lease_reads);
    stage->n = one->n;
    stage->time_us = 1000;
    for (uint32_t id = 1; id <= one->n; id++) {
        stage_boot(stage, id);
    }
    return stage;
}

static uint64_t play(const struct stage_case *one, bool nearly)
{
    struct stage *stage = stage_new(one);
    one->play(stage, nearly);
    uint64_t count = sim_situations_count(stage->situations, one->situation);
    sim_situations_free(stage->situations);
    sim_memberships_free(stage->memberships);
    sim_log_tree_free(stage->tree);
    free(stage);
    return count;
}

void stage_play(const struct stage_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct stage_case *one = &cases[i];
        const char *name = sim_situation_name(one->situation);
        cr_expect_eq(play(one, false), 1, "%s (%zu) is not recognised", name,
                     i);
        cr_expect_eq(play(one, true), 0, "%s (%zu) only nearly happened", name,
                     i);
    }
}

void stage_play_all(const struct stage_case *cases, size_t count,
                    enum sim_situation first, enum sim_situation end)
{
    unsigned played[SIM_SITUATION_COUNT] = {0};
    stage_play(cases, count);
    for (size_t i = 0; i < count; i++) {
        played[cases[i].situation]++;
    }
    for (int s = 0; s < SIM_SITUATION_COUNT; s++) {
        bool wanted = s >= (int)first && s < (int)end;
        cr_assert_eq(played[s], wanted ? 1 : 0, "cases of %s: %u",
                     sim_situation_name((enum sim_situation)s), played[s]);
    }
}

/* --- turns ---------------------------------------------------------------- */

struct turn turn_of(const struct stage *stage, uint32_t id,
                    enum sim_input_kind kind)
{
    struct turn turn = {.id = id};
    turn.input.kind = kind;
    turn.after = stage->nodes[id].view;
    turn.tip = stage->nodes[id].tip;
    return turn;
}

struct turn turn_hears(const struct stage *stage, uint32_t id, uint32_t from,
                       enum sim_message_kind kind, uint64_t term)
{
    struct turn turn = turn_of(stage, id, SIM_INPUT_MESSAGE);
    turn.input.message.from = from;
    turn.message.kind = kind;
    turn.message.term = term;
    turn.posted_us = stage->time_us;
    return turn;
}

struct sim_output *turn_says(struct turn *turn, enum sim_output_kind kind)
{
    cr_assert_lt(turn->n_outputs,
                 sizeof(turn->outputs) / sizeof(turn->outputs[0]));
    struct sim_output *output = &turn->outputs[turn->n_outputs];
    turn->n_outputs++;
    output->kind = kind;
    return output;
}

static void show_log(const struct stage *stage, struct sim_view *view,
                     sim_tip tip)
{
    view->last = sim_log_tree_position(stage->tree, tip);
    view->configuration = sim_log_tree_position(
        stage->tree, sim_log_tree_configuration(stage->tree, tip));
}

void turn_play(struct stage *stage, struct turn *turn)
{
    struct stage_node *node = &stage->nodes[turn->id];
    struct sim_outputs outputs = {turn->outputs, turn->n_outputs};
    cr_assert(node->up);
    show_log(stage, &turn->after, turn->tip);
    bool configures = sim_log_tree_configuration(stage->tree, node->tip) !=
                      sim_log_tree_configuration(stage->tree, turn->tip);
    stage->step++;
    struct sim_observation seen = {
        .step = stage->step,
        .time_us = stage->time_us,
        .node = turn->id,
        .before = &node->view,
        .after = &turn->after,
        .outputs = &outputs,
        .tip_before = node->tip,
        .tip_after = turn->tip,
        .members = configures
                       ? sim_memberships_of(stage->memberships, turn->tip)
                       : NULL,
    };
    bool hears = turn->input.kind == SIM_INPUT_MESSAGE;
    sim_situations_step(
        stage->situations,
        &(struct sim_situation_step){.seen = &seen,
                                     .input = &turn->input,
                                     .message = hears ? &turn->message : NULL,
                                     .posted_us = turn->posted_us});
    stage->time_us += 1000;
    node->view = turn->after;
    node->tip = turn->tip;
}

/* --- lives ---------------------------------------------------------------- */

static void tell_disk(struct stage *stage, uint32_t id)
{
    const struct stage_node *node = &stage->nodes[id];
    sim_situations_durable(stage->situations, id, node->durable, node->disk);
}

void stage_store(struct stage *stage, uint32_t id)
{
    struct stage_node *node = &stage->nodes[id];
    node->durable = node->tip;
    node->disk = node->view.hard_state;
    tell_disk(stage, id);
}

void stage_crash(struct stage *stage, uint32_t id)
{
    stage->nodes[id].up = false;
    sim_situations_crash(stage->situations, id);
}

void stage_boot(struct stage *stage, uint32_t id)
{
    struct stage_node *node = &stage->nodes[id];
    struct sim_position snapshot = node->view.snapshot;
    node->up = true;
    node->tip = node->durable;
    node->view =
        (struct sim_view){.hard_state = node->disk, .snapshot = snapshot};
    show_log(stage, &node->view, node->tip);
    sim_situations_boot(stage->situations, id, stage->time_us, node->durable,
                        node->disk, &node->view,
                        sim_memberships_of(stage->memberships, node->tip));
    stage->time_us += 1000;
}

/* --- elections ------------------------------------------------------------ */

void stage_campaign(struct stage *stage, uint32_t id, uint64_t term)
{
    struct turn turn = turn_of(stage, id, SIM_INPUT_TIMER);
    turn.after.role = SIM_CANDIDATE;
    turn.after.hard_state = (struct sim_hard_state){term, id};
    turn_play(stage, &turn);
    stage_store(stage, id);
}

void stage_vote(struct stage *stage, uint32_t id, uint32_t from, uint64_t term,
                bool wins)
{
    struct turn turn =
        turn_hears(stage, id, from, SIM_MESSAGE_VOTE_RESPONSE, term);
    turn.message.granted = true;
    turn.after.role = wins ? SIM_LEADER : turn.after.role;
    turn_play(stage, &turn);
}

void stage_elect(struct stage *stage, uint32_t id, uint32_t from, uint64_t term)
{
    stage_campaign(stage, id, term);
    stage_vote(stage, id, from, term, true);
}

void stage_follow(struct stage *stage, uint32_t id, uint32_t leader,
                  uint64_t term)
{
    struct turn turn =
        turn_hears(stage, id, leader, SIM_MESSAGE_APPEND_REQUEST, term);
    turn.after.role = SIM_FOLLOWER;
    turn.after.leader = leader;
    if (turn.after.hard_state.term < term) {
        turn.after.hard_state = (struct sim_hard_state){term, SIM_NONE};
    }
    turn_play(stage, &turn);
}

/* --- logs ----------------------------------------------------------------- */

sim_tip stage_entry(struct stage *stage, sim_tip tip, uint64_t term)
{
    struct sim_entry entry = {.term = term, .kind = SIM_ENTRY_COMMAND};
    return sim_log_tree_append(stage->tree, tip, &entry, NULL);
}

sim_tip stage_members(struct stage *stage, sim_tip tip, uint64_t term,
                      const struct sim_configuration *members)
{
    struct sim_entry entry = {.term = term,
                              .data = (const uint8_t *)members,
                              .size = (uint32_t)sizeof(*members),
                              .kind = SIM_ENTRY_CONFIGURATION};
    return sim_log_tree_append(stage->tree, tip, &entry, NULL);
}

static void accept(struct stage *stage, struct turn *turn)
{
    turn_says(turn, SIM_OUTPUT_WRITE)->write.n_entries = 1;
    turn_says(turn, SIM_OUTPUT_ACCEPTED);
    turn_play(stage, turn);
}

void stage_propose(struct stage *stage, uint32_t id)
{
    struct turn turn = turn_of(stage, id, SIM_INPUT_PROPOSAL);
    turn.tip = stage_entry(stage, turn.tip, turn.after.hard_state.term);
    accept(stage, &turn);
}

void stage_change(struct stage *stage, uint32_t id,
                  const struct sim_configuration *members)
{
    struct turn turn = turn_of(stage, id, SIM_INPUT_CHANGE);
    turn.input.change.members = members;
    turn.tip =
        stage_members(stage, turn.tip, turn.after.hard_state.term, members);
    accept(stage, &turn);
}

void stage_append(struct stage *stage, uint32_t id, uint32_t leader,
                  uint64_t from_index, sim_tip tip)
{
    uint64_t term = stage->nodes[leader].view.hard_state.term;
    struct turn turn =
        turn_hears(stage, id, leader, SIM_MESSAGE_APPEND_REQUEST, term);
    uint64_t end = sim_log_tree_position(stage->tree, tip).index;
    turn.message.place = sim_log_tree_position(
        stage->tree, sim_log_tree_ancestor(stage->tree, tip, from_index - 1));
    turn.message.n_entries = (uint32_t)(end + 1 - from_index);
    turn.after.role = SIM_FOLLOWER;
    if (turn.after.hard_state.term < term) {
        turn.after.hard_state = (struct sim_hard_state){term, SIM_NONE};
    }
    struct sim_write *write = &turn_says(&turn, SIM_OUTPUT_WRITE)->write;
    write->n_entries = turn.message.n_entries;
    write->first_index = from_index;
    if (from_index <= stage->nodes[id].view.last.index) {
        write->truncate_from = from_index;
    }
    turn.tip = tip;
    turn_play(stage, &turn);
}

void stage_acknowledge(struct stage *stage, uint32_t id, uint32_t from,
                       uint64_t match, uint64_t commit)
{
    struct turn turn = turn_hears(stage, id, from, SIM_MESSAGE_APPEND_RESPONSE,
                                  stage->nodes[id].view.hard_state.term);
    turn.message.granted = true;
    turn.message.match_index = match;
    turn.after.commit_index = commit;
    turn_play(stage, &turn);
}

void stage_send(struct stage *stage, uint32_t id, uint32_t to,
                enum sim_message_kind kind)
{
    sim_situations_send(
        stage->situations, id, to,
        &(struct sim_message){.kind = kind,
                              .term = stage->nodes[id].view.hard_state.term});
}

void stage_send_entries(struct stage *stage, uint32_t id, uint32_t to,
                        uint64_t prev, uint32_t n)
{
    sim_situations_send(
        stage->situations, id, to,
        &(struct sim_message){.kind = SIM_MESSAGE_APPEND_REQUEST,
                              .term = stage->nodes[id].view.hard_state.term,
                              .place = {.index = prev},
                              .n_entries = n});
}
