/* Situations of entries on their way, and of commits. */
#include "sim/situations_internal.h"

/* --- the follower --------------------------------------------------------- */

/* Whether the log `tip` has an entry of that index and term. */
static bool has(const struct sim_situations *situations, sim_tip tip,
                struct sim_position place)
{
    sim_tip at = sim_log_tree_ancestor(situations->tree, tip, place.index);
    return at != SIM_NO_TIP &&
           sim_log_tree_position(situations->tree, at).term == place.term;
}

static void entries_came(struct sim_situations *situations,
                         const struct situations_look *look)
{
    const struct sim_message *message = look->message;
    uint64_t end = message->place.index + message->n_entries;
    if (message->n_entries == 0) {
        return;
    }
    if (message->place.index > look->before->last.index) {
        situations__count(situations, SIM_APPEND_BEYOND_END);
    } else if (end <= look->before->commit_index) {
        situations__count(situations, SIM_APPEND_BELOW_COMMIT);
    } else if (end <= look->before->last.index &&
               look->tip_after == look->tip_before &&
               has(situations, look->tip_before, message->place)) {
        situations__count(situations, SIM_APPEND_REPEATED);
    }
}

/* What is dropped and written again in one step was not in conflict. */
static void look_at_truncation(struct sim_situations *situations,
                               const struct situations_look *look)
{
    uint64_t from = look->write->truncate_from;
    uint64_t end = look->before->last.index;
    if (from == 0 || from > end || look->write->has_snapshot ||
        sim_log_tree_contains(situations->tree, look->tip_after,
                              look->tip_before)) {
        return;
    }
    situations__count(situations, SIM_TRUNCATION);
    if (end > from) {
        situations__count(situations, SIM_TRUNCATION_OF_SEVERAL);
    }
}

/* --- the leader sends ----------------------------------------------------- */

/* What was there before the step, follows on what was sent last, and leaves
 * with an acknowledgement, had waited for it. */
void situations__send_entries(struct sim_situations *situations, uint32_t id,
                              uint32_t to, const struct sim_message *message)
{
    struct situations_pair *pair =
        situations__pair(situations, id, message->term, to);
    uint64_t end = message->place.index + message->n_entries;
    pair->installing = false;
    if (message->n_entries == 0) {
        return;
    }
    if (pair->acked_step == situations->step &&
        message->place.index == pair->sent &&
        message->place.index < situations->nodes[id].old_end) {
        situations__count(situations, SIM_WINDOW_FULL);
        pair->acked_step = 0;
    }
    if (end > pair->sent) {
        pair->sent = end;
    }
}

static void answer_came(struct sim_situations *situations,
                        const struct situations_look *look)
{
    const struct sim_message *message = look->message;
    struct situations_pair *pair =
        situations__pair(situations, look->id, message->term, look->from);
    if (message->granted) {
        pair->refused_at = 0;
        if (message->match_index > pair->match) {
            pair->match = message->match_index;
        }
        if (pair->sent > pair->match) {
            pair->acked_step = situations->step;
        }
        return;
    }
    if (message->place.term != 0 && message->place.index < pair->refused_at) {
        situations__count(situations, SIM_BACK_OFF_IN_STEPS);
    }
    pair->refused_at = message->place.index;
}

static void snapshot_answered(struct sim_situations *situations,
                              const struct situations_look *look)
{
    const struct sim_message *message = look->message;
    struct situations_pair *pair =
        situations__pair(situations, look->id, message->term, look->from);
    if (message->granted) {
        pair->installing = false;
        if (message->match_index > pair->match) {
            pair->match = message->match_index;
        }
    }
}

/* --- the leader commits --------------------------------------------------- */

static bool began_with_older(const struct sim_situations *situations,
                             const struct situations_look *look)
{
    sim_tip first = sim_log_tree_ancestor(situations->tree, look->tip_before,
                                          look->before->commit_index + 1);
    return first != SIM_NO_TIP &&
           sim_log_tree_position(situations->tree, first).term <
               look->after->hard_state.term;
}

static void commits(struct sim_situations *situations,
                    const struct situations_look *look)
{
    struct situations_node *node = look->node;
    uint64_t term = look->after->hard_state.term;
    if (node->committed_term != term) {
        node->committed_term = term;
        if (began_with_older(situations, look)) {
            situations__count(situations, SIM_OLD_ENTRY_COMMITTED_BY_NEW);
        }
    }
    if (look->after->commit_index > node->durable_index) {
        situations__count(situations, SIM_COMMIT_BEFORE_OWN_DISK);
    }
    if (look->input->kind == SIM_INPUT_WRITTEN &&
        sim_set_has(&node->members.voters, look->id) && node->n_voters > 1) {
        situations__count(situations, SIM_COMMIT_BY_OWN_DISK);
    }
    situations__committed_members(situations, look);
}

/* Of messages of its term that reach a leader. */
static void look_at_answers(struct sim_situations *situations,
                            const struct situations_look *look)
{
    if (situations__hears(look, SIM_MESSAGE_APPEND_RESPONSE)) {
        answer_came(situations, look);
    } else if (situations__hears(look, SIM_MESSAGE_INSTALL_RESPONSE)) {
        snapshot_answered(situations, look);
    }
}

void situations__replication(struct sim_situations *situations,
                             const struct situations_look *look)
{
    if (situations__leads_on(look)) {
        look_at_answers(situations, look);
        if (look->after->commit_index > look->before->commit_index) {
            commits(situations, look);
        }
    }
    if (look->message != NULL &&
        look->message->kind == SIM_MESSAGE_APPEND_REQUEST) {
        if (look->message->term < look->before->hard_state.term) {
            situations__count(situations, SIM_APPEND_OF_DEPOSED_LEADER);
        } else {
            entries_came(situations, look);
        }
    }
    if (look->write != NULL) {
        look_at_truncation(situations, look);
    }
}
