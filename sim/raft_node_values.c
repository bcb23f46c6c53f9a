/* Values of raft/ as values of the simulator, and back. */
#include <string.h>

#include "sim/raft_node_words.h"

/* Ids of the library are wider than the simulator's; what is no node's number
 * must not become one. */
uint32_t raft_node__id(raft_id id)
{
    return id <= UINT32_MAX ? (uint32_t)id : UINT32_MAX;
}

/* --- values of one side as values of the other ---------------------------- */

static enum sim_entry_kind sim_kind(enum raft_entry_kind kind)
{
    switch (kind) {
    case RAFT_ENTRY_NOOP:
        return SIM_ENTRY_INTERNAL;
    case RAFT_ENTRY_COMMAND:
        return SIM_ENTRY_COMMAND;
    case RAFT_ENTRY_CONFIGURATION:
        return SIM_ENTRY_CONFIGURATION;
    case RAFT_ENTRY_SESSION:
        return SIM_ENTRY_SESSION;
    }
    return SIM_ENTRY_INTERNAL;
}

enum sim_role raft_node__role(enum raft_role role)
{
    switch (role) {
    case RAFT_FOLLOWER:
        return SIM_FOLLOWER;
    case RAFT_PRE_CANDIDATE:
        return SIM_PRE_CANDIDATE;
    case RAFT_CANDIDATE:
        return SIM_CANDIDATE;
    case RAFT_LEADER:
        return SIM_LEADER;
    }
    return SIM_FOLLOWER;
}

enum raft_entry_kind raft_node__kind(enum sim_entry_kind kind)
{
    switch (kind) {
    case SIM_ENTRY_INTERNAL:
        return RAFT_ENTRY_NOOP;
    case SIM_ENTRY_COMMAND:
        return RAFT_ENTRY_COMMAND;
    case SIM_ENTRY_CONFIGURATION:
        return RAFT_ENTRY_CONFIGURATION;
    case SIM_ENTRY_SESSION:
        return RAFT_ENTRY_SESSION;
    }
    return RAFT_ENTRY_NOOP;
}

static enum sim_verdict_of_session sim_verdict(enum raft_verdict verdict)
{
    switch (verdict) {
    case RAFT_FRESH:
        return SIM_COMMAND_FRESH;
    case RAFT_REPEATED:
        return SIM_COMMAND_REPEATED;
    case RAFT_EXPIRED:
        return SIM_COMMAND_EXPIRED;
    }
    return SIM_COMMAND_FRESH;
}

enum sim_reason raft_node__reason(enum raft_reason reason)
{
    switch (reason) {
    case RAFT_NOT_LEADER:
        return SIM_NOT_LEADER;
    case RAFT_BUSY:
    case RAFT_TRANSFERRING:
    case RAFT_CHANGE_PENDING:
    case RAFT_TERM_TOO_YOUNG:
    case RAFT_NOT_CAUGHT_UP:
        return SIM_LATER;
    case RAFT_TOO_FAR_APART:
    case RAFT_NO_SUCH_CHANGE:
        return SIM_NEVER_SO;
    case RAFT_LEADERSHIP_LOST:
        return SIM_READ_LOST;
    }
    return SIM_NOT_LEADER;
}

struct sim_entry raft_node__entry(const struct raft_entry *entry)
{
    return (struct sim_entry){.term = entry->term,
                              .data = entry->data,
                              .size = entry->size,
                              .kind = sim_kind(entry->kind),
                              .omitted = entry->omitted,
                              .verdict = sim_verdict(entry->verdict),
                              .session = entry->session,
                              .sequence = entry->sequence};
}

struct sim_position raft_node__position(struct raft_position position)
{
    return (struct sim_position){position.term, position.index};
}

/* --- members -------------------------------------------------------------- */

void raft_node__members(const struct raft_member *members, uint32_t n,
                        struct sim_configuration *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t node = raft_node__id(members[i].id);
        if (node == SIM_NONE || node > SIM_MAX_NODES) {
            continue;
        }
        uint8_t flags = members[i].flags;
        if ((flags & RAFT_MEMBER_VOTER) != 0) {
            sim_set_add(&out->voters, node);
        }
        if ((flags & RAFT_MEMBER_OLD_VOTER) != 0) {
            sim_set_add(&out->old_voters, node);
        }
        if ((flags & RAFT_MEMBER_LEARNER) != 0) {
            sim_set_add(&out->learners, node);
        }
        if ((flags & RAFT_MEMBER_WITNESS) != 0) {
            sim_set_add(&out->witnesses, node);
        }
        out->priorities[node - 1] = members[i].priority;
    }
}

uint32_t raft_node__list(const struct sim_configuration *configuration,
                         struct raft_member *members)
{
    uint32_t n = 0;
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        bool witness = sim_set_has(&configuration->witnesses, node);
        unsigned flags = 0;
        flags |=
            sim_set_has(&configuration->voters, node) ? RAFT_MEMBER_VOTER : 0u;
        flags |= sim_set_has(&configuration->old_voters, node)
                     ? RAFT_MEMBER_OLD_VOTER
                     : 0u;
        flags |= sim_set_has(&configuration->learners, node)
                     ? RAFT_MEMBER_LEARNER
                     : 0u;
        if (flags != 0) {
            flags |= witness ? RAFT_MEMBER_WITNESS : 0u;
            members[n] = (struct raft_member){
                .id = node,
                .flags = (uint8_t)flags,
                .priority = configuration->priorities[node - 1]};
            n++;
        }
    }
    return n;
}

size_t raft_node__bootstrap(const struct sim_configuration *configuration,
                            uint8_t *bytes)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = raft_node__list(configuration, members);
    if (bytes != NULL) {
        raft_bootstrap(members, n, bytes);
    }
    return raft_bootstrap_size(n);
}

bool raft_node__configuration(const uint8_t *payload, size_t size,
                              struct sim_configuration *configuration)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    if (!raft_configuration_decode(payload, size, members, &n)) {
        return false;
    }
    raft_node__members(members, n, configuration);
    return true;
}

bool raft_node__snapshot_configuration(const uint8_t *meta, size_t size,
                                       struct sim_configuration *configuration)
{
    struct raft_member members[RAFT_MAX_MEMBERS];
    uint32_t n = 0;
    if (!raft_meta_members(meta, size, members, &n)) {
        return false;
    }
    raft_node__members(members, n, configuration);
    return true;
}
