/* Situations of snapshots made, sent and taken over. */
#include "sim/situations_internal.h"

/* --- made ----------------------------------------------------------------- */

static bool is_sending(const struct sim_situations *situations,
                       const struct situations_look *look)
{
    const struct situations_pair *pairs =
        &situations->pairs[(size_t)(look->id - 1) * situations->n];
    for (uint32_t i = 0; i < situations->n; i++) {
        if (pairs[i].installing &&
            pairs[i].term == look->after->hard_state.term) {
            return true;
        }
    }
    return false;
}

static void made(struct sim_situations *situations,
                 const struct situations_look *look)
{
    if (look->write == NULL || !look->write->has_snapshot) {
        return;
    }
    situations__count(situations, SIM_SNAPSHOT_MADE);
    if (look->write->drop_before > 0 && look->after->role == SIM_LEADER &&
        is_sending(situations, look)) {
        situations__count(situations, SIM_LOG_COMPACTED_WHILE_SENDING);
    }
}

/* --- taken over -------------------------------------------------------------
 * That is when it is whole and written; the state machine gets it later. */

/* What arrived of a snapshot is of no use once the log has it all. */
static bool is_arriving(const struct situations_look *look)
{
    return look->node->arriving &&
           look->node->arriving_place.index > look->before->commit_index;
}

static void installed(struct sim_situations *situations,
                      const struct situations_look *look)
{
    struct situations_node *node = look->node;
    situations__count(situations, SIM_SNAPSHOT_INSTALLED);
    if (look->message->offset > 0) {
        situations__count(situations, SIM_SNAPSHOT_INSTALLED_IN_CHUNKS);
    }
    if (node->arrival_died) {
        situations__count(situations, SIM_SNAPSHOT_INSTALLED_AFTER_CRASH);
    }
    if (node->installed) {
        situations__count(situations, SIM_SNAPSHOT_TWICE_IN_A_ROW);
    }
    node->installed = true;
    node->arriving = false;
    node->arrival_died = false;
}

static void chunk_came(struct sim_situations *situations,
                       const struct situations_look *look)
{
    const struct sim_message *message = look->message;
    struct situations_node *node = look->node;
    bool was_arriving = is_arriving(look);
    bool goes_on =
        was_arriving && message->offset > 0 &&
        sim_position_compare(message->place, node->arriving_place) == 0;
    if (goes_on && look->from != node->arriving_from) {
        situations__count(situations, SIM_SNAPSHOT_CONTINUED_BY_NEXT_LEADER);
    }
    if (was_arriving && message->offset == 0 &&
        message->place.index > node->arriving_place.index) {
        situations__count(situations, SIM_SNAPSHOT_SUPERSEDED);
    }
    if (look->write != NULL && look->write->has_snapshot) {
        installed(situations, look);
    } else if (goes_on || message->offset == 0) {
        node->arriving = true;
        node->arriving_place = message->place;
        node->arriving_from = look->from;
    }
}

/* Empty chunks only ask how far it is. */
static void install_request(struct sim_situations *situations,
                            const struct situations_look *look)
{
    if (look->message->place.index <= look->before->commit_index) {
        situations__count(situations, SIM_SNAPSHOT_NOT_NEEDED);
    } else if (look->message->chunk_size > 0) {
        chunk_came(situations, look);
    }
}

void situations__snapshots(struct sim_situations *situations,
                           const struct situations_look *look)
{
    if (look->input->kind == SIM_INPUT_SNAPSHOT) {
        made(situations, look);
    } else if (look->input->kind == SIM_INPUT_START) {
        if (look->restored != NULL && look->restored->index > 0) {
            situations__count(situations, SIM_RESTART_FROM_SNAPSHOT);
        }
    } else if (situations__hears(look, SIM_MESSAGE_INSTALL_REQUEST)) {
        install_request(situations, look);
    } else if (look->write != NULL && look->write->n_entries > 0) {
        look->node->installed = false;
    }
}
