#include "sim/asks.h"

#include "sim/operator.h"

/* --- the script ----------------------------------------------------------- */

static bool is_several(const struct sim_action *action)
{
    return action->nodes.count > 1 ||
           (action->nodes.count == 1 &&
            !sim_target_is_one(action->nodes.items[0].kind));
}

/* Whether more than one voter changes is known when the step happens; what is
 * sure before is that one node alone needs no joint consensus. */
static uint32_t asks_of_wish(const struct sim_action *action)
{
    uint32_t features = SIM_FEATURE_MEMBERS;
    bool is_joint =
        action->joint == SIM_JOINT_ALWAYS ||
        (action->joint == SIM_JOINT_AUTO &&
         (is_several(action) || action->kind == SIM_ACTION_REPLACE ||
          action->kind == SIM_ACTION_MEMBERS));
    if (is_joint) {
        features |= SIM_FEATURE_JOINT;
    }
    if (action->kind == SIM_ACTION_ADD && action->as == SIM_AS_WITNESS) {
        features |= SIM_FEATURE_WITNESSES;
    }
    return features;
}

static uint32_t asks_of_action(const struct sim_action *action)
{
    if (action->kind == SIM_ACTION_TRANSFER) {
        return SIM_FEATURE_TRANSFER;
    }
    if (sim_action_is_wish(action)) {
        return asks_of_wish(action);
    }
    return action->kind == SIM_ACTION_COMPACT ? SIM_FEATURE_SNAPSHOTS : 0;
}

/* What it waits for may never be. */
static uint32_t asks_of_trigger(const struct sim_trigger *trigger)
{
    if (trigger->kind != SIM_TRIGGER_WHEN) {
        return 0;
    }
    if (trigger->event == SIM_EVENT_CONFIGURED) {
        return SIM_FEATURE_MEMBERS |
               (trigger->has_joint && trigger->joint ? SIM_FEATURE_JOINT : 0u);
    }
    bool is_snapshot = trigger->event == SIM_EVENT_RESTORED ||
                       (trigger->event == SIM_EVENT_WRITING &&
                        trigger->writing == SIM_WRITING_SNAPSHOT);
    return is_snapshot ? SIM_FEATURE_SNAPSHOTS : 0u;
}

/* --- what is so from the start -------------------------------------------- */

static uint32_t asks_of_members(const struct sim_scenario *scenario)
{
    uint32_t features = scenario->n_members > 0 ? SIM_FEATURE_MEMBERS : 0;
    for (uint32_t i = 0; i < scenario->n_members; i++) {
        const struct sim_initial_member *member = &scenario->members[i];
        features |= member->as == SIM_AS_WITNESS ? SIM_FEATURE_WITNESSES : 0;
        features |= member->priority > 0 ? SIM_FEATURE_PRIORITIES : 0;
    }
    return features;
}

static uint32_t asks_of_options(const struct sim_node_options *raft)
{
    return (raft->lease_reads ? SIM_FEATURE_LEASES | SIM_FEATURE_READS : 0u) |
           (raft->max_uncommitted_bytes != SIM_USUAL_UNCOMMITTED_BYTES
                ? SIM_FEATURE_BACK_PRESSURE
                : 0u);
}

/* --- what is expected ----------------------------------------------------- */

static uint32_t asks_of_window(const struct sim_expect_window *window)
{
    return (window->snapshots_at_least + window->installs_at_least > 0
                ? SIM_FEATURE_SNAPSHOTS
                : 0u) |
           (window->reads_at_least > 0 ? SIM_FEATURE_READS : 0u);
}

uint32_t sim_scenario_asks(const struct sim_scenario *scenario)
{
    uint32_t features =
        asks_of_members(scenario) | asks_of_options(&scenario->raft);
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        if (!scenario->faults[i].optional) {
            features |= asks_of_trigger(&scenario->faults[i].trigger) |
                        asks_of_action(&scenario->faults[i].action);
        }
    }
    features |= asks_of_window(&scenario->expect.whole);
    for (uint32_t i = 0; i < scenario->expect.n_during; i++) {
        features |= asks_of_window(&scenario->expect.during[i]);
    }
    return features;
}

uint32_t sim_scenario_uses(const struct sim_scenario *scenario)
{
    const struct sim_node_options *raft = &scenario->raft;
    uint32_t features = (raft->pre_vote ? SIM_FEATURE_PRE_VOTE : 0u) |
                        (raft->check_quorum ? SIM_FEATURE_CHECK_QUORUM : 0u);
    for (uint32_t i = 0; i < scenario->n_nemeses; i++) {
        if (scenario->nemeses[i].enabled) {
            features |= asks_of_action(&scenario->nemeses[i].action);
        }
    }
    features |= scenario->snapshots.every > 0 ? SIM_FEATURE_SNAPSHOTS : 0u;
    return features & ~sim_scenario_asks(scenario);
}

/* --- words ---------------------------------------------------------------- */

const char *sim_feature_name(uint32_t feature)
{
    static const char *const names[] = {
        "snapshots",       "members",       "witnesses",   "transfer",
        "reads",           "sessions",      "disk_errors", "applies_durable",
        "pre_vote",        "check_quorum",  "leases",      "priorities",
        "joint_consensus", "back_pressure",
    };
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (feature == UINT32_C(1) << i) {
            return names[i];
        }
    }
    return NULL;
}
