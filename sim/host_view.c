/* What a node does not show of itself, concluded from what went in and came
 * out. Nothing is concluded that a step did not give away: a leader that steps
 * down in silence is one until something says otherwise. */
#include "sim/cluster_internal.h"

/* --- from messages -------------------------------------------------------- */

/* A message of `term` leaves or came: nobody is in an older one by then. */
static void enter_term(struct sim_view *view, uint32_t shows, uint64_t term)
{
    if ((shows & SIM_SHOWS_HARD_STATE) == 0 && term > view->hard_state.term) {
        view->hard_state = (struct sim_hard_state){.term = term};
    }
}

static void take_role(struct sim_view *view, uint32_t shows, enum sim_role role)
{
    if ((shows & SIM_SHOWS_ROLE) == 0) {
        view->role = role;
    }
}

/* What the sender of a message is. */
static void conclude_from_send(struct sim_view *view, uint32_t shows,
                               const struct sim_message *message)
{
    switch (message->kind) {
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
        take_role(view, shows, SIM_PRE_CANDIDATE);
        return;
    case SIM_MESSAGE_VOTE_REQUEST:
        enter_term(view, shows, message->term);
        take_role(view, shows, SIM_CANDIDATE);
        return;
    case SIM_MESSAGE_APPEND_REQUEST:
    case SIM_MESSAGE_INSTALL_REQUEST:
    case SIM_MESSAGE_TIMEOUT_NOW:
        enter_term(view, shows, message->term);
        take_role(view, shows, SIM_LEADER);
        if ((shows & SIM_SHOWS_COMMIT_INDEX) == 0 &&
            message->commit_index > view->commit_index) {
            view->commit_index = message->commit_index;
        }
        return;
    case SIM_MESSAGE_VOTE_RESPONSE:
    case SIM_MESSAGE_APPEND_RESPONSE:
    case SIM_MESSAGE_INSTALL_RESPONSE:
        enter_term(view, shows, message->term);
        if (message->granted) {
            take_role(view, shows, SIM_FOLLOWER);
        }
        return;
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_KIND_COUNT:
        return;
    }
}

/* Whoever answers a leader knows that it is one. */
static void conclude_leader(const struct sim_cluster *cluster, uint32_t node,
                            const struct sim_view *before)
{
    struct sim_view *view = &cluster->machines[node].view;
    const struct sim_letter *letter = cluster->delivered;
    if (view->role == SIM_LEADER) {
        view->leader = node;
    } else if (letter != NULL &&
               (letter->message.kind == SIM_MESSAGE_APPEND_REQUEST ||
                letter->message.kind == SIM_MESSAGE_INSTALL_REQUEST) &&
               letter->message.term == view->hard_state.term) {
        view->leader = letter->from;
    } else {
        view->leader = view->hard_state.term == before->hard_state.term
                           ? before->leader
                           : SIM_NONE;
    }
}

static void conclude_from_outputs(const struct sim_cluster *cluster,
                                  struct sim_view *view,
                                  const struct sim_view *before,
                                  const struct sim_outputs *outputs)
{
    const struct sim_node_type *type = cluster->type;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct sim_output *output = &outputs->items[i];
        if (output->kind == SIM_OUTPUT_WRITE && output->write.has_hard_state &&
            (type->shows & SIM_SHOWS_HARD_STATE) == 0) {
            view->hard_state = output->write.hard_state;
        }
    }
    if (view->hard_state.term != before->hard_state.term) {
        take_role(view, type->shows, SIM_FOLLOWER);
    }
    for (size_t i = 0; i < outputs->count; i++) {
        const struct sim_output *output = &outputs->items[i];
        if (output->kind == SIM_OUTPUT_SEND) {
            struct sim_message message;
            type->classify(output->send.bytes, output->send.size, &message);
            conclude_from_send(view, type->shows, &message);
        }
    }
}

/* --- from what was written and applied ------------------------------------ */

static void conclude_from_log(const struct sim_cluster *cluster, uint32_t node,
                              struct sim_view *view)
{
    const struct sim_machine *machine = &cluster->machines[node];
    const struct sim_log_tree *tree = cluster->tree;
    uint32_t shows = cluster->type->shows;
    if ((shows & SIM_SHOWS_LAST) == 0) {
        view->last = sim_log_tree_position(tree, machine->tip);
    }
    if ((shows & SIM_SHOWS_SNAPSHOT) == 0) {
        view->snapshot = sim_log_tree_position(
            tree,
            sim_log_tree_ancestor(tree, machine->tip, machine->snapshot_index));
    }
    if ((shows & SIM_SHOWS_CONFIGURATION) == 0) {
        view->configuration = sim_log_tree_position(
            tree, sim_log_tree_configuration(tree, machine->tip));
    }
    if ((shows & SIM_SHOWS_LAST_APPLIED) == 0) {
        view->last_applied = machine->last_applied;
    }
    if ((shows & SIM_SHOWS_COMMIT_INDEX) == 0 &&
        machine->last_applied > view->commit_index) {
        view->commit_index = machine->last_applied;
    }
}

/* --- both ----------------------------------------------------------------- */

void cluster__begin_view(struct sim_cluster *cluster, uint32_t node)
{
    struct sim_machine *machine = &cluster->machines[node];
    machine->view =
        (struct sim_view){.hard_state = sim_disk_hard_state(machine->disk)};
    conclude_from_log(cluster, node, &machine->view);
    cluster->type->inspect(machine->node, &machine->view);
    cluster__look_at_view(cluster, node);
}

void cluster__complete_view(struct sim_cluster *cluster, uint32_t node,
                            const struct sim_view *before,
                            const struct sim_outputs *outputs)
{
    struct sim_view *view = &cluster->machines[node].view;
    if (cluster->type->shows == SIM_SHOWS_ALL) {
        return;
    }
    conclude_from_outputs(cluster, view, before, outputs);
    conclude_from_log(cluster, node, view);
    if ((cluster->type->shows & SIM_SHOWS_LEADER) == 0) {
        conclude_leader(cluster, node, before);
    }
}
