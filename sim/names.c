/* The words for what sim/node.h counts, and what its inputs ask. */
#include "sim/node.h"

const char *sim_message_kind_name(enum sim_message_kind kind)
{
    switch (kind) {
    case SIM_MESSAGE_OTHER:
        return "other";
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
        return "pre_vote_request";
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
        return "pre_vote_response";
    case SIM_MESSAGE_VOTE_REQUEST:
        return "vote_request";
    case SIM_MESSAGE_VOTE_RESPONSE:
        return "vote_response";
    case SIM_MESSAGE_APPEND_REQUEST:
        return "append_request";
    case SIM_MESSAGE_APPEND_RESPONSE:
        return "append_response";
    case SIM_MESSAGE_INSTALL_REQUEST:
        return "install_request";
    case SIM_MESSAGE_INSTALL_RESPONSE:
        return "install_response";
    case SIM_MESSAGE_TIMEOUT_NOW:
        return "timeout_now";
    case SIM_MESSAGE_READ_REQUEST:
        return "read_request";
    case SIM_MESSAGE_READ_RESPONSE:
        return "read_response";
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return "unknown";
}

const char *sim_role_name(enum sim_role role)
{
    switch (role) {
    case SIM_FOLLOWER:
        return "follower";
    case SIM_PRE_CANDIDATE:
        return "pre-candidate";
    case SIM_CANDIDATE:
        return "candidate";
    case SIM_LEADER:
        return "leader";
    }
    return "unknown";
}

bool sim_input_asks(const struct sim_input *input, uint64_t *tag)
{
    switch (input->kind) {
    case SIM_INPUT_PROPOSAL:
        *tag = input->proposal.tag;
        return true;
    case SIM_INPUT_SESSION:
        *tag = input->session.tag;
        return true;
    case SIM_INPUT_CHANGE:
        *tag = input->change.tag;
        return true;
    case SIM_INPUT_TRANSFER:
        *tag = input->transfer.tag;
        return true;
    case SIM_INPUT_READ:
        *tag = input->read.tag;
        return true;
    case SIM_INPUT_START:
    case SIM_INPUT_MESSAGE:
    case SIM_INPUT_TIMER:
    case SIM_INPUT_WRITTEN:
    case SIM_INPUT_FAILED:
    case SIM_INPUT_SNAPSHOT:
        break;
    }
    return false;
}
