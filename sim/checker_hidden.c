/* What cannot be judged of nodes that show little, or do little. */
#include "sim/checker_internal.h"

/* Who leads is seen from a node's role, or from what it sends. */
static const char *without_leaders(const struct sim_node_type *type)
{
    bool sees = (type->shows & SIM_SHOWS_ROLE) != 0 || type->classify != NULL;
    return sees ? NULL : "it shows no role, and its messages tell nothing";
}

static const char *without_feature(const struct sim_node_type *type,
                                   uint32_t feature, const char *reason)
{
    return (type->features & feature) != 0 ? NULL : reason;
}

const char *sim_property_hidden(enum sim_property property,
                                const struct sim_node_type *type)
{
    switch (property) {
    case SIM_ELECTION_SAFETY:
    case SIM_LEADER_APPEND_ONLY:
    case SIM_LEADER_COMPLETENESS:
        return without_leaders(type);
    case SIM_MONOTONIC_COMMIT:
        return (type->shows & SIM_SHOWS_COMMIT_INDEX) != 0
                   ? NULL
                   : "it does not show its commit index";
    case SIM_DURABLE_BEFORE_ACKNOWLEDGED:
        return type->classify != NULL ? NULL : "its messages tell nothing";
    case SIM_ONE_CHANGE_AT_A_TIME: {
        const char *reason = without_feature(type, SIM_FEATURE_MEMBERS,
                                             "it does not change its members");
        return reason != NULL ? reason : without_leaders(type);
    }
    case SIM_CONFIGURATION_MATCHES_LOG:
        return type->members != NULL ||
                       (type->shows & SIM_SHOWS_CONFIGURATION) != 0
                   ? NULL
                   : "it does not show its members";
    case SIM_SNAPSHOT_OF_COMMITTED:
    case SIM_SNAPSHOT_EQUALS_REPLAY:
        return without_feature(type, SIM_FEATURE_SNAPSHOTS,
                               "it takes no snapshots");
    case SIM_EXACTLY_ONCE:
        return without_feature(type, SIM_FEATURE_SESSIONS,
                               "it has no sessions");
    case SIM_LOG_MATCHING:
    case SIM_STATE_MACHINE_SAFETY:
    case SIM_ONE_VOTE_PER_TERM:
    case SIM_MONOTONIC_TERM:
    case SIM_COMMITTED_ON_QUORUM:
    case SIM_LINEARIZABILITY:
    case SIM_PROGRESS:
    case SIM_PROPERTY_COUNT:
        return NULL;
    }
    return NULL;
}

void sim_checker_set_type(struct sim_checker *checker,
                          const struct sim_node_type *type)
{
    for (int i = 0; i < SIM_PROPERTY_COUNT; i++) {
        checker->hidden[i] =
            sim_property_hidden((enum sim_property)i, type) != NULL;
    }
}
