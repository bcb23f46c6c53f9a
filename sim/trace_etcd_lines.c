/* The specification's variables of nodes, and the lines made of them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/trace_etcd.h"

/* --- lines ---------------------------------------------------------------- */

static const char *role_name(enum sim_role role)
{
    switch (role) {
    case SIM_FOLLOWER:
    case SIM_PRE_CANDIDATE:
        return "StateFollower";
    case SIM_CANDIDATE:
        return "StateCandidate";
    case SIM_LEADER:
        return "StateLeader";
    }
    return "StateFollower";
}

static const char *type_name(enum sim_message_kind kind)
{
    if (kind == SIM_MESSAGE_VOTE_REQUEST) {
        return "MsgVote";
    }
    if (kind == SIM_MESSAGE_VOTE_RESPONSE) {
        return "MsgVoteResp";
    }
    return kind == SIM_MESSAGE_APPEND_REQUEST ? "MsgApp" : "MsgAppResp";
}

/* Ids are strings there; "0" is nobody. */
static void put_id(struct sim_json_writer *json, const char *name, uint32_t id)
{
    char text[12];
    snprintf(text, sizeof text, "%" PRIu32, id);
    sim_json_put_text(json, name, text);
}

static void put_message(struct sim_json_writer *json,
                        const struct etcd_message *message)
{
    sim_json_open_object(json, "msg");
    sim_json_put_text(json, "type", type_name(message->kind));
    sim_json_put_number(json, "term", message->term);
    put_id(json, "from", message->from);
    put_id(json, "to", message->to);
    sim_json_put_number(json, "entries", message->n_entries);
    sim_json_put_number(json, "logTerm", message->log_term);
    sim_json_put_number(json, "index", message->index);
    sim_json_put_number(json, "commit", message->commit);
    put_id(json, "vote", SIM_NONE);
    sim_json_put_bool(json, "reject", message->reject);
    sim_json_put_number(json, "rejectHint", 0);
    sim_json_close_object(json);
}

static void end_line(struct sim_trace *trace)
{
    sim_json_end_line(&trace->json);
    trace->sink->line(trace->sink, trace->json.text, trace->json.size);
}

void trace_etcd__line(struct sim_trace *trace, uint32_t node, const char *name,
                      const struct etcd_message *message)
{
    struct sim_json_writer *json = &trace->json;
    const struct trace_etcd *etcd = trace->etcd;
    const struct etcd_node *state = &etcd->nodes[node];
    sim_json_rewind(json);
    sim_json_open_object(json, NULL);
    sim_json_put_text(json, "tag", "trace");
    sim_json_open_object(json, "event");
    sim_json_put_text(json, "name", name);
    put_id(json, "nid", node);
    sim_json_open_object(json, "state");
    sim_json_put_number(json, "term", state->term);
    put_id(json, "vote", state->vote);
    sim_json_put_number(json, "commit", state->commit);
    sim_json_close_object(json);
    sim_json_put_text(json, "role", role_name(state->role));
    sim_json_put_number(json, "log", state->last.index);
    sim_json_open_list(json, "conf");
    sim_json_open_list(json, NULL);
    for (uint32_t voter = 1; voter <= etcd->n; voter++) {
        put_id(json, NULL, voter);
    }
    sim_json_close_list(json);
    sim_json_open_list(json, NULL);
    sim_json_close_list(json);
    sim_json_close_list(json);
    if (message != NULL) {
        put_message(json, message);
    }
    sim_json_close_object(json);
    sim_json_close_object(json);
    end_line(trace);
}

void trace_etcd__stop(struct sim_trace *trace, const char *reason)
{
    struct sim_json_writer *json = &trace->json;
    trace->etcd->ended = true;
    sim_json_rewind(json);
    sim_json_open_object(json, NULL);
    sim_json_put_text(json, "tag", "raftsim");
    sim_json_put_text(json, "unmapped", reason);
    sim_json_put_number(json, "after_step", trace->last_step);
    sim_json_close_object(json);
    end_line(trace);
}

/* --- messages ------------------------------------------------------------- */

bool trace_etcd__read(const struct sim_trace *trace, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t size,
                      struct etcd_message *message)
{
    struct sim_message said;
    trace->node_type->classify(bytes, size, &said);
    *message = (struct etcd_message){
        .kind = said.kind, .from = from, .to = to, .term = said.term};
    switch (said.kind) {
    case SIM_MESSAGE_VOTE_REQUEST:
        message->log_term = said.place.term;
        message->index = said.place.index;
        return true;
    case SIM_MESSAGE_VOTE_RESPONSE:
        message->reject = !said.granted;
        return true;
    case SIM_MESSAGE_APPEND_REQUEST:
        message->log_term = said.place.term;
        message->index = said.place.index;
        message->n_entries = said.n_entries;
        message->commit = said.commit_index;
        if (message->commit > message->index + message->n_entries) {
            message->commit = message->index + message->n_entries;
        }
        return true;
    case SIM_MESSAGE_APPEND_RESPONSE:
        message->reject = !said.granted;
        message->index = said.match_index;
        return true;
    case SIM_MESSAGE_OTHER:
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_INSTALL_REQUEST:
    case SIM_MESSAGE_INSTALL_RESPONSE:
    case SIM_MESSAGE_TIMEOUT_NOW:
    case SIM_MESSAGE_READ_REQUEST:
    case SIM_MESSAGE_READ_RESPONSE:
    case SIM_MESSAGE_KIND_COUNT:
        break;
    }
    return false;
}

static bool same_message(const struct etcd_message *a,
                         const struct etcd_message *b)
{
    return a->kind == b->kind && a->from == b->from && a->to == b->to &&
           a->term == b->term && a->log_term == b->log_term &&
           a->index == b->index && a->commit == b->commit &&
           a->n_entries == b->n_entries && a->reject == b->reject;
}

static void put_value(struct etcd_message *message, uint64_t value)
{
    if (message->kind == SIM_MESSAGE_APPEND_REQUEST) {
        message->commit = value;
    } else {
        message->index = value;
    }
}

void trace_etcd__differs(struct trace_etcd *etcd,
                         const struct etcd_message *message, uint64_t value)
{
    struct etcd_message other = *message;
    put_value(&other, value);
    if (same_message(message, &other)) {
        return;
    }
    etcd->flights = sim_grow(etcd->flights, &etcd->flights_capacity,
                             etcd->n_flights + 1, sizeof *etcd->flights);
    etcd->flights[etcd->n_flights] =
        (struct etcd_flight){.message = *message, .value = value};
    etcd->n_flights++;
}

/* Where two messages under way look alike, either may arrive first: there, both
 * are under way. */
void trace_etcd__correct(struct trace_etcd *etcd, struct etcd_message *message)
{
    for (size_t i = 0; i < etcd->n_flights; i++) {
        struct etcd_flight flight = etcd->flights[i];
        if (same_message(&flight.message, message)) {
            put_value(message, flight.value);
            etcd->n_flights--;
            memmove(&etcd->flights[i], &etcd->flights[i + 1],
                    (etcd->n_flights - i) * sizeof *etcd->flights);
            return;
        }
    }
}

/* --- durability ----------------------------------------------------------- */

void trace_etcd__ready(struct sim_trace *trace, uint32_t node)
{
    struct etcd_node *state = &trace->etcd->nodes[node];
    struct etcd_durable now = {.term = state->term,
                               .vote = state->vote,
                               .commit = state->commit,
                               .last = state->last};
    bool is_new = now.term != state->durable.term ||
                  now.vote != state->durable.vote ||
                  now.commit != state->durable.commit ||
                  now.last.term != state->durable.last.term ||
                  now.last.index != state->durable.last.index;
    if (state->pending || is_new) {
        state->pending = false;
        state->durable = now;
        trace_etcd__line(trace, node, "Ready", NULL);
    }
}
