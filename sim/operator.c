#undef NDEBUG
#include "sim/operator.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/operator_plan.h"

/* Clients' tags count them in the upper half; they never come so far. */
#define FIRST_TAG (UINT64_C(1) << 63)

struct wish {
    uint64_t number; /* 0: none was ever made */
    enum sim_wish_state state;
    bool patient;
    const struct sim_action *action;
    struct sim_wish_targets targets;
    uint32_t ask;
    const char *reason;  /* why it has not come true */
    uint64_t seen_views; /* of the cluster, when it was last looked at */
};

struct sim_operator {
    struct sim_cluster *cluster;
    struct wish members, leader;
    uint64_t last_number;
    uint64_t last_tag;
};

struct sim_operator *sim_operator_new(struct sim_cluster *cluster)
{
    struct sim_operator *op = sim_calloc(1, sizeof *op);
    op->cluster = cluster;
    return op;
}

void sim_operator_free(struct sim_operator *op)
{
    free(op);
}

bool sim_action_is_wish(const struct sim_action *action)
{
    return action->kind >= SIM_ACTION_ADD &&
           action->kind <= SIM_ACTION_TRANSFER;
}

/* --- attempts ------------------------------------------------------------- */

/* Who is asked now; SIM_NONE if there is nobody, or he does not run. */
static uint32_t asked_node(const struct sim_operator *op,
                           const struct wish *wish)
{
    const struct sim_cluster *cluster = op->cluster;
    uint32_t node = wish->ask != SIM_NONE ? wish->ask : cluster->leader;
    return node != SIM_NONE && sim_cluster_runs(cluster, node) ? node
                                                               : SIM_NONE;
}

static void take_refusal(struct wish *wish, enum sim_reason reason)
{
    switch (reason) {
    case SIM_NOT_LEADER:
    case SIM_READ_LOST:
        wish->reason = "the server that was asked does not lead";
        return;
    case SIM_LATER:
        wish->reason = "the leader puts it off";
        return;
    case SIM_NEVER_SO:
        wish->reason = "the leader refuses such a change";
        if (!wish->patient) {
            wish->state = SIM_WISH_GIVEN_UP;
        }
        return;
    }
}

/* Whether the members are as wished, by the log of the server that is asked. */
static void look_at_members(struct sim_operator *op)
{
    struct wish *wish = &op->members;
    const struct sim_cluster *cluster = op->cluster;
    uint32_t node = asked_node(op, wish);
    if (wish->state != SIM_WISH_UNDER_WAY || node == SIM_NONE) {
        return;
    }
    const struct sim_configuration *members = &cluster->machines[node].members;
    struct sim_configuration goal =
        sim_wish_goal(wish->action, &wish->targets, members, &cluster->initial,
                      &cluster->witnesses);
    if (sim_configuration_equal(&goal, members)) {
        wish->state = SIM_WISH_TRUE;
    }
}

static void propose_members(struct sim_operator *op, uint32_t node)
{
    struct wish *wish = &op->members;
    struct sim_cluster *cluster = op->cluster;
    const struct sim_configuration *members = &cluster->machines[node].members;
    struct sim_configuration goal =
        sim_wish_goal(wish->action, &wish->targets, members, &cluster->initial,
                      &cluster->witnesses);
    if (sim_configuration_is_joint(members)) {
        wish->reason = "the members are joint";
        return;
    }
    struct sim_input input = {.kind = SIM_INPUT_CHANGE};
    struct sim_configuration next =
        sim_wish_next(wish->action, &goal, members,
                      cluster->scenario->raft.catch_up, &input.change.joint);
    if (!sim_members_can_lead(&goal) || !sim_members_can_lead(&next)) {
        take_refusal(wish, SIM_NEVER_SO);
        wish->reason = "no voter would store commands";
        return;
    }
    op->last_tag++;
    input.change.tag = FIRST_TAG + op->last_tag;
    input.change.members = &next;
    struct sim_order_answer answer = sim_cluster_order(cluster, node, &input);
    if (answer.accepted) {
        wish->reason = "its last change is not in the leader's log";
    } else {
        take_refusal(wish, answer.reason);
    }
}

static void propose_leader(struct sim_operator *op, uint32_t node)
{
    struct wish *wish = &op->leader;
    struct sim_input input = {.kind = SIM_INPUT_TRANSFER};
    op->last_tag++;
    input.transfer.tag = FIRST_TAG + op->last_tag;
    input.transfer.to = wish->targets.first;
    struct sim_order_answer answer =
        sim_cluster_order(op->cluster, node, &input);
    if (answer.accepted) {
        wish->state = SIM_WISH_TRUE;
    } else {
        take_refusal(wish, answer.reason);
        if (!wish->patient) {
            wish->state = SIM_WISH_GIVEN_UP;
        }
    }
}

static void attempt(struct sim_operator *op, struct wish *wish)
{
    uint32_t node = asked_node(op, wish);
    if (node == SIM_NONE) {
        wish->reason = wish->ask != SIM_NONE
                           ? "the server that is asked does not run"
                           : "there was no leader to ask";
        if (wish == &op->leader && !wish->patient) {
            wish->state = SIM_WISH_GIVEN_UP;
        }
        return;
    }
    if (wish == &op->leader) {
        propose_leader(op, node);
        return;
    }
    look_at_members(op);
    if (wish->state == SIM_WISH_UNDER_WAY) {
        propose_members(op, node);
        look_at_members(op);
    }
}

static bool is_under_way(const struct wish *wish)
{
    return wish->number != 0 && wish->state == SIM_WISH_UNDER_WAY;
}

/* One attempt, and the event for the next. */
static void try_wish(struct sim_operator *op, struct wish *wish)
{
    attempt(op, wish);
    if (is_under_way(wish)) {
        sim_event_queue_push(op->cluster->queue,
                             op->cluster->now_us + SIM_OPERATOR_PAUSE_US,
                             SIM_QUEUE_OPERATOR, 0, wish->number);
    }
}

static struct wish *find(struct sim_operator *op, uint64_t number)
{
    assert(number > 0);
    return number == op->members.number  ? &op->members
           : number == op->leader.number ? &op->leader
                                         : NULL;
}

/* --- calls, in the order of a wish's life --------------------------------- */

static void tell(struct sim_operator *op, const struct sim_action *action,
                 const struct sim_reach *reach)
{
    if (!sim_trace_wants_text(op->cluster->trace)) {
        return;
    }
    char text[256] = "";
    int used = 0;
    for (uint32_t i = 0; i < reach->nodes.count && used < 200; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, " %u",
                         reach->nodes.nodes[i]);
    }
    for (uint32_t i = 0; i < reach->by.count && used < 200; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s %u",
                         i == 0 ? " by" : "", reach->by.nodes[i]);
    }
    sim_trace_event(op->cluster->trace, op->cluster->now_us, "wish: %s%s%s",
                    sim_action_name(action->kind), text,
                    used >= 200 ? " ..." : "");
}

uint64_t sim_operator_wish(struct sim_operator *op,
                           const struct sim_action *action,
                           const struct sim_reach *reach, bool patient)
{
    assert(sim_action_is_wish(action));
    bool about_leader = action->kind == SIM_ACTION_TRANSFER;
    struct wish *wish = about_leader ? &op->leader : &op->members;
    op->last_number++;
    *wish = (struct wish){
        .number = op->last_number,
        .patient = patient,
        .action = action,
        .targets = sim_wish_targets(&reach->nodes, &reach->by),
        .ask = reach->ask,
        .seen_views = op->cluster->views,
    };
    tell(op, action, reach);
    try_wish(op, wish);
    return wish->number;
}

void sim_operator_due(struct sim_operator *op, uint64_t number)
{
    struct wish *wish = find(op, number);
    if (wish != NULL && is_under_way(wish)) {
        try_wish(op, wish);
    }
}

void sim_operator_look(struct sim_operator *op)
{
    struct wish *wish = &op->members;
    if (is_under_way(wish) && wish->seen_views != op->cluster->views) {
        wish->seen_views = op->cluster->views;
        look_at_members(op);
    }
}

static void drop(struct wish *wish, bool patient_too)
{
    if (is_under_way(wish) && (patient_too || !wish->patient)) {
        wish->state = SIM_WISH_GIVEN_UP;
    }
}

void sim_operator_drop(struct sim_operator *op, bool patient_too)
{
    drop(&op->members, patient_too);
    drop(&op->leader, patient_too);
}

enum sim_wish_state sim_operator_state(struct sim_operator *op, uint64_t number)
{
    const struct wish *wish = find(op, number);
    return wish == NULL ? SIM_WISH_REPLACED : wish->state;
}

const char *sim_operator_reason(struct sim_operator *op, uint64_t number)
{
    const struct wish *wish = find(op, number);
    return wish == NULL ? "a newer wish took its place" : wish->reason;
}
