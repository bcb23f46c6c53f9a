#include "raft/raft.h"

/* A ring of this many indexes is set aside for each follower. */
#define MAX_INFLIGHT 1024u

/* So that the size of a message fits 32 bits with room to spare. */
#define MAX_MESSAGE_BYTES (1u << 30)

static const char *voters_error(const struct raft_config *config)
{
    if (config->n_voters < 1 || config->n_voters > RAFT_MAX_VOTERS) {
        return "n_voters is not between 1 and RAFT_MAX_VOTERS";
    }
    bool found = false;
    for (uint32_t i = 0; i < config->n_voters; i++) {
        if (config->voters[i] == RAFT_NONE) {
            return "a voter's id is 0";
        }
        for (uint32_t j = 0; j < i; j++) {
            if (config->voters[i] == config->voters[j]) {
                return "a voter is listed twice";
            }
        }
        found = found || config->voters[i] == config->id;
    }
    return found ? NULL : "id is not one of the voters";
}

const char *raft_config_error(const struct raft_config *config)
{
    if (config->election_timeout_min_us < 1) {
        return "election_timeout_min_us is 0";
    }
    if (config->election_timeout_max_us < config->election_timeout_min_us) {
        return "election_timeout_max_us is below election_timeout_min_us";
    }
    if (config->election_timeout_max_us > UINT64_MAX / 4) {
        return "election_timeout_max_us is above UINT64_MAX / 4";
    }
    if (config->heartbeat_interval_us < 1) {
        return "heartbeat_interval_us is 0";
    }
    if (config->heartbeat_interval_us >= config->election_timeout_min_us) {
        return "heartbeat_interval_us is not below election_timeout_min_us";
    }
    if (config->max_entries_per_message < 1) {
        return "max_entries_per_message is 0";
    }
    if (config->max_bytes_per_message < 1) {
        return "max_bytes_per_message is 0";
    }
    if (config->max_bytes_per_message > MAX_MESSAGE_BYTES) {
        return "max_bytes_per_message is above 1 GiB";
    }
    if (config->max_inflight_messages < 1 ||
        config->max_inflight_messages > MAX_INFLIGHT) {
        return "max_inflight_messages is not between 1 and 1024";
    }
    return voters_error(config);
}

int raft_position_compare(struct raft_position a, struct raft_position b)
{
    if (a.term != b.term) {
        return a.term < b.term ? -1 : 1;
    }
    if (a.index != b.index) {
        return a.index < b.index ? -1 : 1;
    }
    return 0;
}
