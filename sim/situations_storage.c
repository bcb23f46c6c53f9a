/* Situations of crashes, disks, clocks and links. */
#include "sim/situations_internal.h"

/* --- what a crash left ---------------------------------------------------- */

static void look_at_vote(struct sim_situations *situations, uint32_t id,
                         const struct situations_death *death,
                         struct sim_hard_state now)
{
    struct sim_hard_state had = death->view.hard_state;
    bool was_stored =
        death->disk.term == had.term && death->disk.vote == had.vote;
    bool is_stored = now.term == had.term && now.vote == had.vote;
    if (had.vote == SIM_NONE || had.vote == id || was_stored) {
        return;
    }
    situations__count(situations, is_stored ? SIM_VOTE_STORED_BUT_NEVER_SENT
                                            : SIM_VOTE_LOST_IN_CRASH);
}

/* Entries that were on their way to the disk. */
static void look_at_entries(struct sim_situations *situations,
                            const struct situations_death *death, sim_tip now)
{
    const struct sim_log_tree *tree = situations->tree;
    if (death->tip == death->durable ||
        !sim_log_tree_contains(tree, death->tip, death->durable)) {
        return;
    }
    if (now == death->durable) {
        situations__count(situations, SIM_WRITES_LOST);
    } else if (now != death->tip &&
               sim_log_tree_contains(tree, death->tip, now)) {
        situations__count(situations, SIM_WRITES_PARTLY_SURVIVE);
    }
}

void situations__reborn(struct sim_situations *situations, uint32_t id,
                        sim_tip durable, struct sim_hard_state hard_state,
                        const struct sim_view *view)
{
    const struct situations_death *death = &situations->nodes[id].death;
    look_at_vote(situations, id, death, hard_state);
    look_at_entries(situations, death, durable);
    if (death->view.role == SIM_LEADER) {
        situations__count(situations, SIM_FORMER_LEADER_RESTARTS);
    }
    if (view->snapshot.index < death->view.snapshot_index) {
        situations__count(situations, SIM_SNAPSHOT_LOST_IN_CRASH);
    }
}

/* --- a step --------------------------------------------------------------- */

static void delivered(struct sim_situations *situations,
                      const struct situations_look *look)
{
    struct situations_pair *link =
        situations__link(situations, look->from, look->id);
    if (look->posted_us < look->node->booted_us) {
        situations__count(situations, SIM_MAIL_TO_LATER_LIFE);
    }
    if (look->posted_us < situations->nodes[look->from].booted_us) {
        situations__count(situations, SIM_MAIL_OF_EARLIER_LIFE);
    }
    if (link->cut) {
        situations__count(situations, SIM_MAIL_AFTER_CUT);
        link->cut = false;
    }
}

/* Of all that the disk had not reported nothing will ever be. */
static void write_failed(struct sim_situations *situations,
                         const struct situations_look *look)
{
    struct sim_hard_state has = look->before->hard_state;
    struct sim_hard_state stored = look->node->disk;
    if (look->before->role == SIM_LEADER) {
        situations__count(situations, SIM_WRITE_FAILED_AT_LEADER);
    }
    if (has.vote != SIM_NONE &&
        (stored.term != has.term || stored.vote != has.vote)) {
        situations__count(situations, SIM_VOTE_WRITE_FAILED);
    }
}

void situations__storage(struct sim_situations *situations,
                         const struct situations_look *look)
{
    if (look->message != NULL) {
        delivered(situations, look);
    } else if (look->input->kind == SIM_INPUT_TIMER && look->node->jumped &&
               look->node->jumped_us == look->time_us) {
        situations__count(situations, SIM_CLOCK_JUMP_FIRES_TIMER);
    } else if (look->input->kind == SIM_INPUT_FAILED) {
        write_failed(situations, look);
    }
}
