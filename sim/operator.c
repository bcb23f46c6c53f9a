#undef NDEBUG
#include "sim/operator.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/operator_plan.h"

/* Clients' tags count them in the upper half; they never come so far. */
#define FIRST_TAG (UINT64_C(1) << 63)

#define REPLACED "a newer wish took its place"

/* Why a wish does not come true; and with that, which one, and for how long. */
#define WHY_SIZE 96u
#define REASON_SIZE (SIM_WISH_TEXT_SIZE + WHY_SIZE + 32u)

enum sort { ABOUT_MEMBERS, ABOUT_LEADER, N_SORTS };

struct wish {
    uint64_t number; /* 0: none was ever made */
    enum sort sort;
    enum sim_wish_state state;
    bool patient;
    bool told; /* that it was put off */
    const struct sim_action *action;
    struct sim_wish_targets targets;
    uint32_t ask;
    char reason[REASON_SIZE]; /* why it has not come true */
    uint64_t seen_views;      /* of the cluster, when it was last looked at */
};

struct sim_operator {
    struct sim_cluster *cluster;
    struct wish wishes[N_SORTS]; /* the latest of each sort */
    struct wish *past;           /* patient ones before them */
    size_t past_capacity, n_past;
    uint64_t last_number;
    uint64_t last_tag;
    struct sim_wish_counts counts;
};

struct sim_operator *sim_operator_new(struct sim_cluster *cluster)
{
    struct sim_operator *op = sim_calloc(1, sizeof *op);
    op->cluster = cluster;
    return op;
}

void sim_operator_free(struct sim_operator *op)
{
    if (op != NULL) {
        free(op->past);
        free(op);
    }
}

bool sim_action_is_wish(const struct sim_action *action)
{
    return action->kind >= SIM_ACTION_ADD &&
           action->kind <= SIM_ACTION_TRANSFER;
}

/* --- what becomes of a wish ----------------------------------------------- */

/* One line: the wish, and what there is to say of it. */
static void tell(const struct sim_operator *op, const struct wish *wish,
                 const char *colon, const char *what)
{
    struct sim_cluster *cluster = op->cluster;
    char text[SIM_WISH_TEXT_SIZE];
    if (sim_trace_wants_event(cluster->trace)) {
        sim_wish_describe(wish->action, &wish->targets, text);
        sim_trace_set_cause(cluster->trace, wish->action->list,
                            wish->action->place);
        sim_trace_event(cluster->trace, cluster->now_us, "wish: %s%s%s", text,
                        colon, what);
        sim_trace_set_cause(cluster->trace, NULL, 0);
    }
}

static void come_true(struct sim_operator *op, struct wish *wish)
{
    wish->state = SIM_WISH_TRUE;
    op->counts.came_true++;
}

/* It cannot come true now: why that is. */
static void explain(struct wish *wish, const char *why)
{
    snprintf(wish->reason, sizeof wish->reason, "%s", why);
}

/* It was refused, but may be taken later. */
static void put_off(struct sim_operator *op, struct wish *wish, const char *why)
{
    explain(wish, why);
    if (wish->sort == ABOUT_LEADER && !wish->patient) {
        wish->state = SIM_WISH_GIVEN_UP;
        op->counts.refused++;
        tell(op, wish, ": refused: ", why);
    } else if (!wish->told) {
        wish->told = true;
        tell(op, wish, ": not yet, will be tried again: ", why);
    }
}

static void refuse_for_good(struct sim_operator *op, struct wish *wish,
                            const char *why)
{
    char text[SIM_WISH_TEXT_SIZE];
    wish->state = SIM_WISH_GIVEN_UP;
    op->counts.refused++;
    sim_wish_describe(wish->action, &wish->targets, text);
    snprintf(wish->reason, sizeof wish->reason,
             "\"%s\" is refused for good: %s", text, why);
    tell(op, wish, ": refused for good: ", why);
}

static void refuse_node(struct sim_operator *op, struct wish *wish,
                        uint32_t node, const char *why)
{
    char text[WHY_SIZE];
    snprintf(text, sizeof text, "%u %s", (unsigned)node, why);
    refuse_for_good(op, wish, text);
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

/* A change that is no change, or a transfer to one who could not lead. The
 * former stays so; the latter may become a voter, or lead no more. */
static void take_final_refusal(struct sim_operator *op, struct wish *wish,
                               uint32_t asked)
{
    uint32_t to = wish->targets.first;
    if (wish->sort == ABOUT_MEMBERS) {
        refuse_for_good(op, wish, "the leader refuses such a change");
    } else if (to == SIM_NONE) {
        put_off(op, wish, "there is no other voter who could lead");
    } else if (sim_set_has(&op->cluster->witnesses, to)) {
        refuse_node(op, wish, to, "was a witness, and never leads");
    } else {
        put_off(op, wish,
                to == asked ? "that one leads already"
                            : "the leader refuses such a transfer: that one is "
                              "no voter who could lead");
    }
}

static void take_refusal(struct sim_operator *op, struct wish *wish,
                         uint32_t asked, enum sim_reason reason)
{
    switch (reason) {
    case SIM_NOT_LEADER:
    case SIM_READ_LOST:
        put_off(op, wish, "the server that was asked does not lead");
        return;
    case SIM_LATER:
        put_off(op, wish, "the leader puts it off");
        return;
    case SIM_NEVER_SO:
        take_final_refusal(op, wish, asked);
        return;
    }
}

static struct sim_configuration goal_of(const struct sim_operator *op,
                                        const struct wish *wish,
                                        const struct sim_configuration *members)
{
    return sim_wish_goal(wish->action, &wish->targets, members,
                         &op->cluster->initial, &op->cluster->witnesses);
}

/* Whether the members are as wished, by the log of the server that is asked. */
static void look_at_members(struct sim_operator *op)
{
    struct wish *wish = &op->wishes[ABOUT_MEMBERS];
    const struct sim_cluster *cluster = op->cluster;
    uint32_t node = asked_node(op, wish);
    if (wish->state != SIM_WISH_UNDER_WAY || node == SIM_NONE) {
        return;
    }
    const struct sim_configuration *members = &cluster->machines[node].members;
    struct sim_configuration goal = goal_of(op, wish, members);
    if (!sim_configuration_equal(&goal, members)) {
        return;
    }
    struct sim_wish_obstacle obstacle = sim_wish_obstacle(
        wish->action, &wish->targets, &goal, &cluster->witnesses);
    if (obstacle.node == SIM_NONE) {
        come_true(op, wish);
    } else {
        refuse_node(op, wish, obstacle.node, obstacle.why);
    }
}

static void propose_members(struct sim_operator *op, uint32_t node)
{
    struct wish *wish = &op->wishes[ABOUT_MEMBERS];
    struct sim_cluster *cluster = op->cluster;
    const struct sim_configuration *members = &cluster->machines[node].members;
    struct sim_configuration goal = goal_of(op, wish, members);
    if (sim_configuration_is_joint(members)) {
        explain(wish, "the members are joint");
        return;
    }
    struct sim_input input = {.kind = SIM_INPUT_CHANGE};
    struct sim_configuration next =
        sim_wish_next(wish->action, &goal, members,
                      cluster->scenario->raft.catch_up, &input.change.joint);
    if (!sim_members_can_lead(&goal) || !sim_members_can_lead(&next)) {
        refuse_for_good(op, wish, "no voter would store commands");
        return;
    }
    op->last_tag++;
    input.change.tag = FIRST_TAG + op->last_tag;
    input.change.members = &next;
    struct sim_order_answer answer = sim_cluster_order(cluster, node, &input);
    if (answer.accepted) {
        explain(wish, "its last change is not in the leader's log");
    } else {
        take_refusal(op, wish, node, answer.reason);
    }
}

static void propose_leader(struct sim_operator *op, uint32_t node)
{
    struct wish *wish = &op->wishes[ABOUT_LEADER];
    struct sim_input input = {.kind = SIM_INPUT_TRANSFER};
    op->last_tag++;
    input.transfer.tag = FIRST_TAG + op->last_tag;
    input.transfer.to = wish->targets.first;
    struct sim_order_answer answer =
        sim_cluster_order(op->cluster, node, &input);
    if (answer.accepted) {
        come_true(op, wish);
    } else {
        take_refusal(op, wish, node, answer.reason);
    }
}

static void attempt(struct sim_operator *op, struct wish *wish)
{
    uint32_t node = asked_node(op, wish);
    if (node == SIM_NONE) {
        explain(wish, wish->ask != SIM_NONE
                          ? "the server that is asked does not run"
                          : "there was no leader to ask");
        if (wish->sort == ABOUT_LEADER && !wish->patient) {
            wish->state = SIM_WISH_GIVEN_UP;
        }
        return;
    }
    if (wish->sort == ABOUT_LEADER) {
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

/* --- calls, in the order of a wish's life --------------------------------- */

/* A newer wish takes its place. */
static void retire(struct sim_operator *op, const struct wish *wish)
{
    if (wish->number == 0 || !wish->patient) {
        return;
    }
    op->past = sim_grow(op->past, &op->past_capacity, op->n_past + 1,
                        sizeof *op->past);
    struct wish *past = &op->past[op->n_past];
    op->n_past++;
    *past = *wish;
    if (past->state == SIM_WISH_UNDER_WAY) {
        past->state = SIM_WISH_REPLACED;
        explain(past, REPLACED);
    }
}

uint64_t sim_operator_wish(struct sim_operator *op,
                           const struct sim_action *action,
                           const struct sim_reach *reach, bool patient)
{
    assert(sim_action_is_wish(action));
    enum sort sort =
        action->kind == SIM_ACTION_TRANSFER ? ABOUT_LEADER : ABOUT_MEMBERS;
    struct wish *wish = &op->wishes[sort];
    retire(op, wish);
    op->last_number++;
    op->counts.made++;
    *wish = (struct wish){
        .number = op->last_number,
        .sort = sort,
        .patient = patient,
        .action = action,
        .targets = sim_wish_targets(&reach->nodes, &reach->by),
        .ask = reach->ask,
        .seen_views = op->cluster->views,
    };
    tell(op, wish, "", "");
    try_wish(op, wish);
    return wish->number;
}

void sim_operator_due(struct sim_operator *op, uint64_t number)
{
    for (unsigned i = 0; i < N_SORTS; i++) {
        if (op->wishes[i].number == number && is_under_way(&op->wishes[i])) {
            try_wish(op, &op->wishes[i]);
        }
    }
}

void sim_operator_look(struct sim_operator *op)
{
    struct wish *wish = &op->wishes[ABOUT_MEMBERS];
    if (is_under_way(wish) && wish->seen_views != op->cluster->views) {
        wish->seen_views = op->cluster->views;
        look_at_members(op);
    }
}

void sim_operator_drop(struct sim_operator *op, bool patient_too)
{
    for (unsigned i = 0; i < N_SORTS; i++) {
        struct wish *wish = &op->wishes[i];
        if (is_under_way(wish) && (patient_too || !wish->patient)) {
            wish->state = SIM_WISH_GIVEN_UP;
        }
    }
}

/* --- questions ------------------------------------------------------------ */

static const struct wish *find(const struct sim_operator *op, uint64_t number)
{
    assert(number > 0);
    for (unsigned i = 0; i < N_SORTS; i++) {
        if (op->wishes[i].number == number) {
            return &op->wishes[i];
        }
    }
    for (size_t i = 0; i < op->n_past; i++) {
        if (op->past[i].number == number) {
            return &op->past[i];
        }
    }
    return NULL;
}

enum sim_wish_state sim_operator_state(const struct sim_operator *op,
                                       uint64_t number)
{
    const struct wish *wish = find(op, number);
    return wish == NULL ? SIM_WISH_REPLACED : wish->state;
}

const char *sim_operator_reason(const struct sim_operator *op, uint64_t number)
{
    const struct wish *wish = find(op, number);
    return wish == NULL ? REPLACED : wish->reason;
}

struct sim_wish_counts sim_operator_count(const struct sim_operator *op)
{
    return op->counts;
}
