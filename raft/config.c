/* Whether a configuration of the node may be. */
#include "raft/raft.h"

/* A ring of this many indexes is set aside for each follower. */
#define MAX_INFLIGHT 1024u

/* So that the size of a message fits 32 bits with room to spare. */
#define MAX_MESSAGE_BYTES (1u << 30)

/* So that every sum of a few timeouts fits. */
#define MAX_TIMEOUT_US (UINT64_MAX / 64)

#define MAX_READS 65536u
#define MILLION 1000000u

static const char *timeouts_error(const struct raft_config *config)
{
    if (config->election_timeout_min_us < 1) {
        return "election_timeout_min_us is 0";
    }
    if (config->election_timeout_max_us < config->election_timeout_min_us) {
        return "election_timeout_max_us is below election_timeout_min_us";
    }
    if (config->election_timeout_max_us > MAX_TIMEOUT_US) {
        return "election_timeout_max_us is above UINT64_MAX / 64";
    }
    if (config->heartbeat_interval_us < 1) {
        return "heartbeat_interval_us is 0";
    }
    if (config->heartbeat_interval_us >= config->election_timeout_min_us) {
        return "heartbeat_interval_us is not below election_timeout_min_us";
    }
    return NULL;
}

static const char *messages_error(const struct raft_config *config)
{
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
    if (config->max_inflight_bytes < 1) {
        return "max_inflight_bytes is 0";
    }
    if (config->max_uncommitted_bytes < 1) {
        return "max_uncommitted_bytes is 0";
    }
    return NULL;
}

static const char *clients_error(const struct raft_config *config)
{
    if (config->max_pending_reads < 1 ||
        config->max_pending_reads > MAX_READS) {
        return "max_pending_reads is not between 1 and 65536";
    }
    if (config->max_sessions < 1) {
        return "max_sessions is 0";
    }
    if (config->lease_reads && !config->check_quorum) {
        return "lease_reads without check_quorum";
    }
    if (config->clock_drift_ppm >= MILLION) {
        return "clock_drift_ppm is not below 1000000";
    }
    return NULL;
}

const char *raft_config_error(const struct raft_config *config)
{
    const char *error = timeouts_error(config);
    if (error == NULL) {
        error = messages_error(config);
    }
    if (error == NULL) {
        error = clients_error(config);
    }
    if (error == NULL && config->id == RAFT_NONE) {
        error = "id is 0";
    }
    if (error == NULL && config->id > RAFT_MAX_ID) {
        error = "id is above RAFT_MAX_ID";
    }
    return error;
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
