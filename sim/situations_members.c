/* Situations of changes of the members, and of who counts. */
#include "sim/situations_internal.h"

static bool is_member(const struct sim_configuration *members, uint32_t node)
{
    return sim_configuration_is_voter(members, node) ||
           sim_set_has(&members->learners, node);
}

/* --- another configuration ------------------------------------------------ */

static bool promotes(const struct sim_configuration *before,
                     const struct sim_configuration *after)
{
    struct sim_set others = sim_set_without(&after->voters, &before->learners);
    return !sim_set_equal(&others, &after->voters);
}

static void appended(struct sim_situations *situations,
                     const struct situations_look *look, sim_tip former)
{
    const struct sim_configuration *before = &look->node->members;
    const struct sim_configuration *after = look->members;
    bool was_joint = sim_configuration_is_joint(before);
    bool is_joint = sim_configuration_is_joint(after);
    if (!was_joint && is_joint) {
        situations__count(situations, SIM_JOINT_ENTERED);
    }
    if (was_joint && !is_joint) {
        situations__count(situations, SIM_JOINT_LEFT);
        if (sim_log_tree_position(situations->tree, former).term <
            look->after->hard_state.term) {
            situations__count(situations, SIM_JOINT_LEFT_BY_LATER_LEADER);
        }
    }
    if (promotes(before, after)) {
        situations__count(situations, SIM_LEARNER_PROMOTED);
    }
    if (sim_set_has(&before->voters, look->id) &&
        !sim_set_has(&after->voters, look->id)) {
        situations__count(situations, SIM_LEADER_REMOVES_ITSELF);
    }
}

static void rolled_back(struct sim_situations *situations, sim_tip former)
{
    const struct sim_configuration *members =
        sim_memberships_of(situations->memberships, former);
    situations__count(situations, SIM_CONFIGURATION_ROLLED_BACK);
    if (members != NULL && sim_configuration_is_joint(members)) {
        situations__count(situations, SIM_JOINT_ROLLED_BACK);
    }
}

static void configuration_changed(struct sim_situations *situations,
                                  const struct situations_look *look)
{
    const struct sim_log_tree *tree = situations->tree;
    sim_tip former = sim_log_tree_configuration(tree, look->tip_before);
    sim_tip latest = sim_log_tree_configuration(tree, look->tip_after);
    if (situations__leads_on(look) && latest != former) {
        appended(situations, look, former);
    } else if (situations__hears(look, SIM_MESSAGE_APPEND_REQUEST) &&
               !sim_log_tree_contains(tree, look->tip_after, former)) {
        rolled_back(situations, former);
    }
}

/* --- changes that are refused --------------------------------------------- */

/* A node says only that it may be otherwise later. What comes first is a
 * transfer under way, which it may have begun of itself. */
static void change_refused(struct sim_situations *situations,
                           const struct situations_look *look)
{
    const struct situations_node *node = look->node;
    const struct sim_configuration *wanted = look->input->change.members;
    uint64_t term = look->after->hard_state.term;
    struct sim_set fresh =
        sim_set_without(&wanted->voters, &node->members.voters);
    if (look->reason != SIM_LATER || look->after->role != SIM_LEADER ||
        node->transfer_term == term) {
        return;
    }
    if (look->after->configuration.index > look->after->commit_index ||
        sim_configuration_is_joint(&node->members)) {
        situations__count(situations, SIM_CHANGE_REFUSED_AS_PENDING);
    } else if (node->committed_term != term) {
        situations__count(situations, SIM_CHANGE_REFUSED_BEFORE_NO_OP);
    } else if (!sim_set_is_empty(&fresh)) {
        situations__count(situations, SIM_PROMOTION_REFUSED);
    }
}

/* --- those who do not count ----------------------------------------------- */

/* A pre-vote changes nothing in any case; it is in vain for certain where the
 * log is too old. */
static void outsider_asks(struct sim_situations *situations,
                          const struct situations_look *look)
{
    const struct sim_configuration *members = &look->node->members;
    const struct sim_message *message = look->message;
    bool older = sim_position_compare(message->place, look->before->last) < 0;
    bool in_vain = message->kind == SIM_MESSAGE_VOTE_REQUEST || older;
    if (in_vain && message->term > look->before->hard_state.term &&
        look->after->hard_state.term == look->before->hard_state.term &&
        sim_configuration_is_voter(members, look->id) &&
        !is_member(members, look->from)) {
        situations__count(situations, SIM_OUTSIDER_CAMPAIGNS_IN_VAIN);
    }
}

static void look_at_message(struct sim_situations *situations,
                            const struct situations_look *look)
{
    enum sim_message_kind kind = look->message->kind;
    if (kind == SIM_MESSAGE_VOTE_REQUEST ||
        kind == SIM_MESSAGE_PRE_VOTE_REQUEST) {
        outsider_asks(situations, look);
    } else if (kind == SIM_MESSAGE_APPEND_REQUEST &&
               look->before->last.index == 0 && look->after->last.index > 0 &&
               !is_member(&look->node->members, look->id)) {
        situations__count(situations, SIM_STRANGER_GETS_FIRST_ENTRIES);
    }
}

/* --- those who decide ----------------------------------------------------- */

static bool needs_witness(const struct sim_configuration *members,
                          const struct sim_set *set)
{
    struct sim_set full = sim_set_without(set, &members->witnesses);
    return sim_configuration_is_quorum(members, set) &&
           !sim_configuration_is_quorum(members, &full);
}

void situations__elected_members(struct sim_situations *situations,
                                 const struct situations_look *look,
                                 const struct sim_set *votes)
{
    const struct sim_configuration *members = &look->node->members;
    if (sim_configuration_is_joint(members)) {
        situations__count(situations, SIM_JOINT_SPANS_LEADER_CHANGE);
    }
    if (look->before->configuration.index > look->before->commit_index) {
        situations__count(situations, SIM_LEADER_OF_UNCOMMITTED_MEMBERS);
    }
    if (needs_witness(members, votes)) {
        situations__count(situations, SIM_WITNESS_DECIDES_VOTE);
    }
}

void situations__committed_members(struct sim_situations *situations,
                                   const struct situations_look *look)
{
    const struct sim_configuration *members = &look->node->members;
    uint64_t index = look->after->commit_index;
    uint64_t term = look->after->hard_state.term;
    struct sim_set holders = {{0}};
    if (sim_set_is_empty(&members->witnesses)) {
        return;
    }
    for (uint32_t i = 1; i <= situations->n; i++) {
        uint64_t match =
            i == look->id
                ? look->node->durable_index
                : situations__pair(situations, look->id, term, i)->match;
        if (match >= index) {
            sim_set_add(&holders, i);
        }
    }
    if (needs_witness(members, &holders)) {
        situations__count(situations, SIM_WITNESS_DECIDES_COMMIT);
    }
}

void situations__members(struct sim_situations *situations,
                         const struct situations_look *look)
{
    if (look->members != NULL) {
        configuration_changed(situations, look);
    }
    if (look->input->kind == SIM_INPUT_CHANGE && look->rejected) {
        change_refused(situations, look);
    }
    if (look->message != NULL) {
        look_at_message(situations, look);
    }
}
