#include "tests/raft_harness.h"

struct raft_message harness_vote_request(uint64_t term, uint64_t last_term,
                                         uint64_t last_index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_VOTE_REQUEST,
        .term = term,
        .vote_request = {.last = {last_term, last_index}}};
}

struct raft_message harness_pre_vote_request(uint64_t term, uint64_t last_term,
                                             uint64_t last_index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_PRE_VOTE_REQUEST,
        .term = term,
        .vote_request = {.last = {last_term, last_index}}};
}

struct raft_message harness_vote_response(uint64_t term, bool granted)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_VOTE_RESPONSE,
                                 .term = term,
                                 .vote_response = {granted}};
}

struct raft_message harness_pre_vote_response(uint64_t term, bool granted)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_PRE_VOTE_RESPONSE,
                                 .term = term,
                                 .vote_response = {granted}};
}

struct raft_message harness_append(uint64_t term, uint64_t prev_term,
                                   uint64_t prev_index, uint64_t leader_commit,
                                   const struct raft_entry *entries,
                                   uint32_t n_entries)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_APPEND_REQUEST,
        .term = term,
        .append_request = {.prev = {prev_term, prev_index},
                           .leader_commit = leader_commit,
                           .n_entries = n_entries,
                           .entries = entries}};
}

struct raft_message harness_append_success(uint64_t term, uint64_t match_index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = term,
        .append_response = {.success = true, .match_index = match_index}};
}

struct raft_message harness_append_failure(uint64_t term, uint64_t rejected,
                                           uint64_t conflict_term,
                                           uint64_t conflict_index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_APPEND_RESPONSE,
        .term = term,
        .append_response = {.rejected = rejected,
                            .conflict = {conflict_term, conflict_index}}};
}

/* Written a second time: all servers must agree on it. */
uint64_t harness_digest(const uint8_t *bytes, size_t size)
{
    const uint64_t multiplier = UINT64_C(0xd6e8feb86659fd93);
    uint64_t state = (uint64_t)size * multiplier;
    for (size_t at = 0; at <= size / 8 * 8; at += 8) {
        for (size_t i = 0; i < 8 && at + i < size; i++)
            state ^= (uint64_t)bytes[at + i] << (8 * i);
        state *= multiplier;
        state ^= state >> 32;
    }
    return state;
}

struct raft_message harness_install(uint64_t term,
                                    struct raft_position position,
                                    const uint8_t *bytes, size_t total,
                                    size_t offset, uint32_t size)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_INSTALL_REQUEST,
        .term = term,
        .install_request = {.position = position,
                            .digest = harness_digest(bytes, total),
                            .total = total,
                            .offset = offset,
                            .size = size,
                            .bytes = bytes + offset}};
}

struct raft_message harness_installing(uint64_t term, uint64_t index,
                                       uint64_t offset)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_INSTALL_RESPONSE,
        .term = term,
        .install_response = {.index = index, .offset = offset}};
}

struct raft_message harness_installed(uint64_t term, uint64_t index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_INSTALL_RESPONSE,
        .term = term,
        .install_response = {.installed = true, .index = index}};
}

struct raft_message harness_timeout_now(uint64_t term)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_TIMEOUT_NOW,
                                 .term = term};
}

struct raft_message harness_read_request(uint64_t term, uint64_t id, bool lease)
{
    return (struct raft_message){.kind = RAFT_MESSAGE_READ_REQUEST,
                                 .term = term,
                                 .read_request = {.id = id, .lease = lease}};
}

struct raft_message harness_read_response(uint64_t term, uint64_t id,
                                          bool granted, uint64_t index)
{
    return (struct raft_message){
        .kind = RAFT_MESSAGE_READ_RESPONSE,
        .term = term,
        .read_response = {.id = id, .granted = granted, .index = index}};
}
