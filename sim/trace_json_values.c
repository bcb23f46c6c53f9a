/* The values that records of the trace in JSON Lines are made of. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/trace_json.h"

void trace_json__position(struct sim_trace *trace, const char *name,
                          struct sim_position position)
{
    struct sim_json_writer *json = &trace->json;
    sim_json_open_object(json, name);
    sim_json_put_number(json, "term", position.term);
    sim_json_put_number(json, "index", position.index);
    sim_json_close_object(json);
}

/* --- members -------------------------------------------------------------- */

static void put_set(struct sim_json_writer *json, const char *name,
                    const struct sim_set *set)
{
    sim_json_open_list(json, name);
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        if (sim_set_has(set, node)) {
            sim_json_put_number(json, NULL, node);
        }
    }
    sim_json_close_list(json);
}

void trace_json__configuration(struct sim_trace *trace, const char *name,
                               const struct sim_configuration *configuration)
{
    struct sim_json_writer *json = &trace->json;
    if (configuration == NULL) {
        sim_json_put_null(json, name);
        return;
    }
    sim_json_open_object(json, name);
    put_set(json, "voters", &configuration->voters);
    put_set(json, "old_voters", &configuration->old_voters);
    put_set(json, "learners", &configuration->learners);
    put_set(json, "witnesses", &configuration->witnesses);
    sim_json_open_object(json, "priorities");
    for (uint32_t node = 1; node <= SIM_MAX_NODES; node++) {
        char id[12];
        if (configuration->priorities[node - 1] > 0) {
            snprintf(id, sizeof id, "%" PRIu32, node);
            sim_json_put_number(json, id, configuration->priorities[node - 1]);
        }
    }
    sim_json_close_object(json);
    sim_json_close_object(json);
}

/* --- entries -------------------------------------------------------------- */

static const char *kind_name(enum sim_entry_kind kind)
{
    switch (kind) {
    case SIM_ENTRY_INTERNAL:
        return "internal";
    case SIM_ENTRY_COMMAND:
        return "command";
    case SIM_ENTRY_CONFIGURATION:
        return "configuration";
    case SIM_ENTRY_SESSION:
        return "session";
    }
    return "unknown";
}

static const char *verdict_name(enum sim_verdict_of_session verdict)
{
    switch (verdict) {
    case SIM_COMMAND_FRESH:
        return "fresh";
    case SIM_COMMAND_REPEATED:
        return "repeated";
    case SIM_COMMAND_EXPIRED:
        return "expired";
    }
    return "unknown";
}

static void put_payload(struct sim_trace *trace, const struct sim_entry *entry)
{
    struct sim_json_writer *json = &trace->json;
    const struct sim_node_type *type = trace->node_type;
    if (entry->omitted) {
        sim_json_put_null(json, "payload");
        return;
    }
    sim_json_put_bytes(json, "payload", entry->data, entry->size);
    if (entry->kind == SIM_ENTRY_CONFIGURATION) {
        struct sim_configuration members;
        bool readable = type->configuration != NULL &&
                        type->configuration(entry->data, entry->size, &members);
        trace_json__configuration(trace, "members", readable ? &members : NULL);
    }
}

static void put_entry(struct sim_trace *trace, const struct sim_entry *entry,
                      bool verdicts)
{
    struct sim_json_writer *json = &trace->json;
    sim_json_open_object(json, NULL);
    sim_json_put_number(json, "term", entry->term);
    sim_json_put_text(json, "kind", kind_name(entry->kind));
    put_payload(trace, entry);
    if (entry->session != 0) {
        sim_json_put_number(json, "session", entry->session);
    }
    if (entry->sequence != 0) {
        sim_json_put_number(json, "sequence", entry->sequence);
    }
    if (verdicts && entry->kind == SIM_ENTRY_COMMAND) {
        sim_json_put_text(json, "verdict", verdict_name(entry->verdict));
    }
    sim_json_close_object(json);
}

void trace_json__entries(struct sim_trace *trace, const char *name,
                         const struct sim_entry *entries, uint64_t n,
                         bool verdicts)
{
    sim_json_open_list(&trace->json, name);
    for (uint64_t i = 0; i < n; i++) {
        put_entry(trace, &entries[i], verdicts);
    }
    sim_json_close_list(&trace->json);
}

void trace_json__snapshot(struct sim_trace *trace, const char *name,
                          const struct sim_snapshot *snapshot)
{
    struct sim_json_writer *json = &trace->json;
    const struct sim_node_type *type = trace->node_type;
    struct sim_configuration members;
    if (snapshot == NULL) {
        sim_json_put_null(json, name);
        return;
    }
    bool readable = type->snapshot_configuration != NULL &&
                    type->snapshot_configuration(snapshot->meta,
                                                 snapshot->meta_size, &members);
    sim_json_open_object(json, name);
    sim_json_put_number(json, "term", snapshot->position.term);
    sim_json_put_number(json, "index", snapshot->position.index);
    trace_json__configuration(trace, "members", readable ? &members : NULL);
    sim_json_put_bytes(json, "meta", snapshot->meta, snapshot->meta_size);
    sim_json_put_bytes(json, "image", snapshot->image, snapshot->image_size);
    sim_json_close_object(json);
}

/* --- messages and views --------------------------------------------------- */

void trace_json__message(struct sim_trace *trace, const char *name,
                         const uint8_t *bytes, size_t size)
{
    struct sim_json_writer *json = &trace->json;
    struct sim_message message = {.kind = SIM_MESSAGE_OTHER};
    char text[SIM_DESCRIPTION_SIZE] = "";
    trace->node_type->classify(bytes, size, &message);
    trace__describe(trace, bytes, size, text);
    sim_json_open_object(json, name);
    sim_json_put_text(json, "kind", sim_message_kind_name(message.kind));
    sim_json_put_number(json, "term", message.term);
    sim_json_put_bool(json, "granted", message.granted);
    sim_json_put_number(json, "match", message.match_index);
    sim_json_put_number(json, "n_entries", message.n_entries);
    trace_json__position(trace, "place", message.place);
    sim_json_put_number(json, "commit", message.commit_index);
    sim_json_put_text(json, "text", text);
    sim_json_close_object(json);
}

void trace_json__view(struct sim_trace *trace, const char *name,
                      const struct sim_view *view)
{
    struct sim_json_writer *json = &trace->json;
    sim_json_open_object(json, name);
    sim_json_put_text(json, "role", sim_role_name(view->role));
    sim_json_put_number(json, "term", view->hard_state.term);
    sim_json_put_number(json, "vote", view->hard_state.vote);
    sim_json_put_number(json, "leader", view->leader);
    trace_json__position(trace, "last", view->last);
    sim_json_put_number(json, "commit", view->commit_index);
    sim_json_put_number(json, "applied", view->last_applied);
    trace_json__position(trace, "snapshot", view->snapshot);
    trace_json__position(trace, "configuration", view->configuration);
    sim_json_close_object(json);
}
