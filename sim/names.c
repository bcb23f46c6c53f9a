/* The words for what sim/node.h counts. */
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
