#undef NDEBUG
#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/situations_internal.h"

struct sim_situations *sim_situations_new(const struct sim_log_tree *tree,
                                          struct sim_memberships *memberships,
                                          uint32_t n_nodes, bool lease_reads)
{
    assert(tree != NULL);
    assert(memberships != NULL);
    assert(n_nodes >= 1);
    assert(n_nodes <= SIM_MAX_NODES);
    struct sim_situations *situations = sim_calloc(1, sizeof *situations);
    situations->tree = tree;
    situations->memberships = memberships;
    situations->n = n_nodes;
    situations->lease_reads = lease_reads;
    situations->nodes =
        sim_calloc((size_t)n_nodes + 1, sizeof(*situations->nodes));
    situations->pairs =
        sim_calloc((size_t)n_nodes * n_nodes, sizeof(*situations->pairs));
    return situations;
}

void sim_situations_free(struct sim_situations *situations)
{
    if (situations == NULL) {
        return;
    }
    free(situations->nodes);
    free(situations->pairs);
    free(situations);
}

static struct situations_node *node_of(struct sim_situations *situations,
                                       uint32_t id)
{
    assert(id >= 1);
    assert(id <= situations->n);
    return &situations->nodes[id];
}

static struct situations_view view_of(const struct sim_view *view)
{
    return (struct situations_view){.role = view->role,
                                    .hard_state = view->hard_state,
                                    .snapshot_index = view->snapshot.index};
}

/* --- a life --------------------------------------------------------------- */

static void store(struct sim_situations *situations,
                  struct situations_node *node, sim_tip durable,
                  struct sim_hard_state hard_state)
{
    node->durable = durable;
    node->durable_index =
        sim_log_tree_position(situations->tree, durable).index;
    node->disk = hard_state;
}

static void take_members(struct situations_node *node,
                         const struct sim_configuration *members)
{
    node->members = *members;
    node->n_voters = sim_set_count(&members->voters);
}

void sim_situations_start(struct sim_situations *situations, uint32_t id,
                          const struct sim_situation_start *start)
{
    struct situations_node *node = node_of(situations, id);
    assert(!node->alive);
    node->rot_is_unseen = false;
    if (start->torn) {
        situations__count(situations, SIM_TORN_ENTRY_DROPPED);
    }
    if (start->rotten) {
        situations__count(situations, SIM_START_REFUSED_BY_ROT);
    } else if (start->void_log) {
        situations__count(situations, SIM_LOG_VOID_AFTER_CRASH);
    }
}

void sim_situations_rot(struct sim_situations *situations, uint32_t id,
                        bool rotten)
{
    struct situations_node *node = node_of(situations, id);
    if (!rotten && node->rot_is_unseen) {
        situations__count(situations, SIM_ROT_OVERWRITTEN_UNSEEN);
    }
    node->rot_is_unseen = rotten;
}

void sim_situations_boot(struct sim_situations *situations, uint32_t id,
                         uint64_t time_us, sim_tip durable,
                         struct sim_hard_state hard_state,
                         const struct sim_view *view,
                         const struct sim_configuration *members)
{
    struct situations_node *node = node_of(situations, id);
    assert(!node->alive);
    if (node->death.is_known) {
        situations__reborn(situations, id, durable, hard_state, view);
    }
    store(situations, node, durable, hard_state);
    node->alive = true;
    node->booted_us = time_us;
    node->view = view_of(view);
    node->tip = durable;
    node->members = (struct sim_configuration){0};
    node->n_voters = 0;
    if (members != NULL) {
        take_members(node, members);
    }
    node->votes = (struct sim_set){0};
    node->arriving = false;
    node->told_term = 0;
    node->jumped = false;
}

void sim_situations_durable(struct sim_situations *situations, uint32_t id,
                            sim_tip durable, struct sim_hard_state hard_state)
{
    store(situations, node_of(situations, id), durable, hard_state);
}

void sim_situations_crash(struct sim_situations *situations, uint32_t id)
{
    struct situations_node *node = node_of(situations, id);
    assert(node->alive);
    node->alive = false;
    node->death = (struct situations_death){.is_known = true,
                                            .view = node->view,
                                            .tip = node->tip,
                                            .durable = node->durable,
                                            .disk = node->disk};
    node->arrival_died = node->arrival_died || node->arriving;
    if (node->view.role == SIM_CANDIDATE) {
        situations__end_campaign(situations, node->view.hard_state.term, true);
    }
    for (uint32_t i = 1; i <= situations->n; i++) {
        if (situations->nodes[i].alive) {
            return;
        }
    }
    if (situations->n > 1) {
        situations__count(situations, SIM_ALL_DOWN);
    }
}

/* --- a step --------------------------------------------------------------- */

/* Reads of the past are answered beside the input of the step. */
static bool is_answer(const struct situations_look *look, uint64_t tag)
{
    uint64_t asked;
    return sim_input_asks(look->input, &asked) && asked == tag;
}

static void sort_output(struct situations_look *look,
                        const struct sim_output *output)
{
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        look->write = &output->write;
        break;
    case SIM_OUTPUT_ACCEPTED:
        look->accepted = true;
        break;
    case SIM_OUTPUT_REJECTED:
        if (is_answer(look, output->rejected.tag)) {
            look->rejected = true;
            look->reason = output->rejected.reason;
        } else {
            look->n_lost++;
        }
        break;
    case SIM_OUTPUT_RESTORE:
        look->restored = &output->restore.position;
        break;
    case SIM_OUTPUT_APPLY:
        look->applies = true;
        break;
    case SIM_OUTPUT_READY:
        look->n_ready++;
        if (look->input->kind == SIM_INPUT_READ &&
            is_answer(look, output->ready.tag)) {
            look->accepted = true;
        }
        break;
    case SIM_OUTPUT_SEND:
    case SIM_OUTPUT_TIMER:
        break;
    }
}

void sim_situations_step(struct sim_situations *situations,
                         const struct sim_situation_step *step)
{
    const struct sim_observation *seen = step->seen;
    struct situations_node *node = node_of(situations, seen->node);
    assert(node->alive);
    struct situations_look look = {
        .id = seen->node,
        .node = node,
        .before = seen->before,
        .after = seen->after,
        .tip_before = seen->tip_before,
        .tip_after = seen->tip_after,
        .members = seen->members,
        .input = step->input,
        .message = step->message,
        .from = step->message != NULL ? step->input->message.from : SIM_NONE,
        .posted_us = step->posted_us,
        .time_us = seen->time_us,
        .outputs = seen->outputs,
    };
    for (size_t i = 0; i < seen->outputs->count; i++) {
        sort_output(&look, &seen->outputs->items[i]);
    }
    situations->step = seen->step;
    situations__elections(situations, &look);
    situations__replication(situations, &look);
    situations__snapshots(situations, &look);
    situations__members(situations, &look);
    situations__requests(situations, &look);
    situations__storage(situations, &look);
    node->old_end = seen->before->last.index;
    node->view = view_of(seen->after);
    node->tip = seen->tip_after;
    if (seen->members != NULL) {
        take_members(node, seen->members);
    }
}

/* --- besides -------------------------------------------------------------- */

void sim_situations_send(struct sim_situations *situations, uint32_t id,
                         uint32_t to, const struct sim_message *message)
{
    const struct situations_node *node = node_of(situations, id);
    node_of(situations, to);
    if (message->term != node->view.hard_state.term) {
        return; /* it leaves late, after its term */
    }
    if (message->kind == SIM_MESSAGE_APPEND_REQUEST) {
        situations__send_entries(situations, id, to, message);
    } else if (message->kind == SIM_MESSAGE_INSTALL_REQUEST) {
        situations__pair(situations, id, message->term, to)->installing = true;
    } else if (message->kind == SIM_MESSAGE_TIMEOUT_NOW) {
        situations__send_timeout_now(situations, id, to);
    }
}

void sim_situations_jump(struct sim_situations *situations, uint32_t id,
                         uint64_t time_us)
{
    struct situations_node *node = node_of(situations, id);
    node->jumped = true;
    node->jumped_us = time_us;
}

void sim_situations_cut(struct sim_situations *situations, uint32_t from,
                        uint32_t to)
{
    node_of(situations, from);
    node_of(situations, to);
    situations__link(situations, from, to)->cut = true;
}

uint64_t sim_situations_count(const struct sim_situations *situations,
                              enum sim_situation situation)
{
    assert((unsigned)situation < SIM_SITUATION_COUNT);
    return situations->counts[situation];
}

void sim_situations_tips(const struct sim_situations *situations,
                         const struct sim_set *gone, struct sim_tips *tips)
{
    for (uint32_t id = 1; id <= situations->n; id++) {
        const struct situations_node *node = &situations->nodes[id];
        if (sim_set_has(gone, id)) {
            continue;
        }
        sim_tips_add(tips, node->durable);
        if (node->alive) {
            sim_tips_add(tips, node->tip);
        } else if (node->death.is_known) {
            sim_tips_add(tips, node->death.tip);
            sim_tips_add(tips, node->death.durable);
        }
    }
}
