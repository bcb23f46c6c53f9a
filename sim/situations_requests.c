/* Situations of what clients and operators ask for: reads, sessions, transfers.
 */
#include "sim/situations_internal.h"

/* --- reads ---------------------------------------------------------------- */

static void asked_to_read(struct sim_situations *situations,
                          const struct situations_look *look)
{
    const struct situations_node *node = look->node;
    bool young = node->committed_term != look->after->hard_state.term;
    bool by_lease = look->input->read.lease && situations->lease_reads &&
                    node->n_voters > 1;
    if (look->after->role != SIM_LEADER || look->rejected) {
        return;
    }
    if (look->accepted) {
        if (by_lease) {
            situations__count(situations, SIM_LEASE_READ_SERVED);
        }
    } else if (young) {
        situations__count(situations, SIM_READ_WAITS_FOR_NO_OP);
    } else if (by_lease) {
        situations__count(situations, SIM_LEASE_READ_ASKS);
    }
}

static void reads_lost(struct sim_situations *situations,
                       const struct situations_look *look)
{
    if (look->before->role != SIM_LEADER) {
        situations__count(situations, SIM_FORWARDED_READ_LOST);
    } else if (look->after->role != SIM_LEADER) {
        situations__count(situations, look->input->kind == SIM_INPUT_TIMER
                                          ? SIM_READ_REFUSED_WITHOUT_QUORUM
                                          : SIM_READ_REFUSED_LEADER_LOST);
    }
}

static void reads_answered(struct sim_situations *situations,
                           const struct situations_look *look)
{
    bool answer = look->message != NULL &&
                  (look->message->kind == SIM_MESSAGE_APPEND_RESPONSE ||
                   look->message->kind == SIM_MESSAGE_INSTALL_RESPONSE);
    if (look->after->role != SIM_LEADER) {
        situations__count(situations, SIM_READ_FORWARDED);
    } else if (answer) {
        situations__count(situations, SIM_READ_CONFIRMED_BY_ROUND);
    }
}

/* --- sessions ------------------------------------------------------------- */

static void entry_applied(struct sim_situations *situations,
                          const struct sim_entry *entry)
{
    if (entry->kind == SIM_ENTRY_SESSION) {
        situations__count(situations, SIM_SESSION_OPENED);
        if (entry->session != 0) {
            situations__count(situations, SIM_SESSION_EXPIRED);
        }
    } else if (entry->verdict == SIM_COMMAND_REPEATED) {
        situations__count(situations, SIM_RETRY_REPEATED);
    } else if (entry->verdict == SIM_COMMAND_EXPIRED) {
        situations__count(situations, SIM_COMMAND_OF_EXPIRED_SESSION);
    }
}

/* At leaders alone: one look at each entry is enough. */
static void look_at_applied(struct sim_situations *situations,
                            const struct situations_look *look)
{
    for (size_t i = 0; i < look->outputs->count; i++) {
        const struct sim_output *output = &look->outputs->items[i];
        if (output->kind != SIM_OUTPUT_APPLY) {
            continue;
        }
        for (uint32_t e = 0; e < output->apply.n_entries; e++) {
            entry_applied(situations, &output->apply.entries[e]);
        }
    }
}

/* --- transfers ------------------------------------------------------------ */

/* Whether the leader may be handing over of itself, without being told: then it
 * refuses commands, too, and does not say why. */
static bool may_be_handing_over(const struct situations_look *look)
{
    const struct sim_configuration *members = &look->node->members;
    if (!sim_configuration_is_voter(members, look->id)) {
        return true;
    }
    for (uint32_t i = 1; i <= SIM_MAX_NODES; i++) {
        if (members->priorities[i - 1] > members->priorities[look->id - 1] &&
            sim_set_has(&members->voters, i) &&
            !sim_set_has(&members->witnesses, i)) {
            return true;
        }
    }
    return false;
}

static void proposed(struct sim_situations *situations,
                     const struct situations_look *look)
{
    struct situations_node *node = look->node;
    bool handing_over = node->transfer_term == look->after->hard_state.term;
    if (look->accepted && handing_over) {
        situations__count(situations, SIM_TRANSFER_ABORTED);
        node->transfer_term = 0;
    } else if (look->rejected && look->reason == SIM_LATER) {
        if (handing_over) {
            situations__count(situations, SIM_PROPOSAL_REFUSED_IN_TRANSFER);
        } else if (!may_be_handing_over(look)) {
            situations__count(situations, SIM_BACK_PRESSURE);
        }
    }
}

static void ordered_to_hand_over(struct sim_situations *situations,
                                 const struct situations_look *look)
{
    uint64_t term = look->after->hard_state.term;
    uint32_t to = look->input->transfer.to;
    if (!look->accepted) {
        return;
    }
    look->node->transfer_term = term;
    if (to != SIM_NONE &&
        situations__pair(situations, look->id, term, to)->match <
            look->before->last.index) {
        situations__count(situations, SIM_TRANSFER_TARGET_BEHIND);
    }
}

void situations__send_timeout_now(struct sim_situations *situations,
                                  uint32_t id, uint32_t to)
{
    const struct situations_node *node = &situations->nodes[id];
    struct situations_node *told = &situations->nodes[to];
    if (node->transfer_term == node->view.hard_state.term) {
        told->told = SITUATIONS_BY_ORDER;
    } else if (!sim_configuration_is_voter(&node->members, id)) {
        told->told = SITUATIONS_BY_REMOVAL;
    } else {
        told->told = SITUATIONS_BY_PRIORITY;
    }
}

void situations__elected_by_wish(struct sim_situations *situations,
                                 const struct situations_look *look)
{
    if (look->node->told_term != look->after->hard_state.term) {
        return;
    }
    switch (look->node->told) {
    case SITUATIONS_NO_WISH:
        break;
    case SITUATIONS_BY_ORDER:
        situations__count(situations, SIM_TRANSFER_SUCCEEDED);
        break;
    case SITUATIONS_BY_PRIORITY:
        situations__count(situations, SIM_TAKEOVER_BY_PRIORITY);
        break;
    case SITUATIONS_BY_REMOVAL:
        situations__count(situations, SIM_REMOVED_LEADER_HANDS_OVER);
        break;
    }
}

/* --- a step --------------------------------------------------------------- */

static void look_at_input(struct sim_situations *situations,
                          const struct situations_look *look)
{
    switch (look->input->kind) {
    case SIM_INPUT_READ:
        asked_to_read(situations, look);
        break;
    case SIM_INPUT_PROPOSAL:
        proposed(situations, look);
        break;
    case SIM_INPUT_TRANSFER:
        ordered_to_hand_over(situations, look);
        break;
    case SIM_INPUT_MESSAGE:
        if (look->message != NULL &&
            look->message->kind == SIM_MESSAGE_TIMEOUT_NOW &&
            look->before->role != SIM_CANDIDATE &&
            look->after->role == SIM_CANDIDATE) {
            look->node->told_term = look->after->hard_state.term;
        }
        break;
    case SIM_INPUT_START:
    case SIM_INPUT_TIMER:
    case SIM_INPUT_WRITTEN:
    case SIM_INPUT_FAILED:
    case SIM_INPUT_SESSION:
    case SIM_INPUT_CHANGE:
    case SIM_INPUT_SNAPSHOT:
        break;
    }
}

void situations__requests(struct sim_situations *situations,
                          const struct situations_look *look)
{
    look_at_input(situations, look);
    if (look->n_lost > 0) {
        reads_lost(situations, look);
    }
    if (look->n_ready > 0) {
        reads_answered(situations, look);
    }
    if (look->applies && look->after->role == SIM_LEADER) {
        look_at_applied(situations, look);
    }
}
