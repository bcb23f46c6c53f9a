#include "sim/trace_json.h"

#include <inttypes.h>
#include <stdio.h>

/* --- lines ---------------------------------------------------------------- */

void trace_json__begin(struct sim_trace *trace, const char *record)
{
    sim_json_rewind(&trace->json);
    sim_json_open_object(&trace->json, NULL);
    sim_json_put_text(&trace->json, "record", record);
}

void trace_json__begin_at(struct sim_trace *trace, const char *record,
                          struct sim_trace_moment at)
{
    trace_json__begin(trace, record);
    sim_json_put_number(&trace->json, "step", at.step);
    sim_json_put_number(&trace->json, "time_us", at.time_us);
}

void trace_json__end_line(struct sim_trace *trace)
{
    sim_json_close_object(&trace->json);
    sim_json_end_line(&trace->json);
    trace->sink->line(trace->sink, trace->json.text, trace->json.size);
}

/* --- the run -------------------------------------------------------------- */

void trace_json__run(struct sim_trace *trace, const struct sim_trace_run *run)
{
    struct sim_json_writer *json = &trace->json;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    trace_json__begin(trace, "run");
    sim_json_put_number(json, "version", TRACE_JSON_VERSION);
    sim_json_put_text(json, "scenario", run->scenario->description);
    sim_json_put_text(json, "seed", seed);
    sim_json_put_text(json, "node_type", trace->node_type->name);
    sim_json_put_number(json, "nodes", run->scenario->nodes);
    trace_json__configuration(trace, "members", run->members);
    trace_json__end_line(trace);
}

void trace_json__end(struct sim_trace *trace, struct sim_trace_moment at,
                     bool complete)
{
    trace_json__begin_at(trace, "end", at);
    sim_json_put_bool(&trace->json, "complete", complete);
    trace_json__end_line(trace);
}

/* --- machines ------------------------------------------------------------- */

void trace_json__life(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_trace_life *life)
{
    struct sim_json_writer *json = &trace->json;
    const struct sim_image *image = life->image;
    bool has_snapshot = image->snapshot.meta_size > 0;
    trace_json__begin_at(trace, "life", at);
    sim_json_put_number(json, "node", life->node);
    sim_json_put_number(json, "life", life->life);
    sim_json_open_object(json, "disk");
    sim_json_put_number(json, "term", image->hard_state.term);
    sim_json_put_number(json, "vote", image->hard_state.vote);
    trace_json__snapshot(trace, "snapshot",
                         has_snapshot ? &image->snapshot : NULL);
    sim_json_put_number(json, "first_index", image->first_index);
    trace_json__entries(trace, "entries", image->entries, image->n_entries,
                        false);
    sim_json_close_object(json);
    trace_json__view(trace, "view", life->view);
    trace_json__configuration(trace, "members", life->members);
    trace_json__end_line(trace);
}

void trace_json__durable(struct sim_trace *trace, struct sim_trace_moment at,
                         const struct sim_trace_durable *durable)
{
    struct sim_json_writer *json = &trace->json;
    trace_json__begin_at(trace, "durable", at);
    sim_json_put_number(json, "node", durable->node);
    sim_json_put_number(json, "write", durable->write_id);
    sim_json_put_bool(json, "crash", durable->crash);
    sim_json_put_bool(json, "hard_state", durable->hard_state);
    sim_json_put_bool(json, "snapshot", durable->snapshot);
    sim_json_put_bool(json, "truncated", durable->truncated);
    sim_json_put_bool(json, "dropped", durable->dropped);
    sim_json_put_number(json, "entries", durable->n_entries);
    trace_json__end_line(trace);
}

void trace_json__crash(struct sim_trace *trace, struct sim_trace_moment at,
                       uint32_t node)
{
    trace_json__begin_at(trace, "crash", at);
    sim_json_put_number(&trace->json, "node", node);
    trace_json__end_line(trace);
}

/* --- messages ------------------------------------------------------------- */

void trace_json__leave(struct sim_trace *trace, struct sim_trace_moment at,
                       uint32_t from, uint32_t to, const uint8_t *bytes,
                       size_t size)
{
    trace_json__begin_at(trace, "leave", at);
    sim_json_put_number(&trace->json, "from", from);
    sim_json_put_number(&trace->json, "to", to);
    trace_json__message(trace, "message", bytes, size);
    trace_json__end_line(trace);
}

void trace_json__fate(struct sim_trace *trace, uint64_t time_us, uint32_t from,
                      uint32_t to, const uint8_t *bytes, size_t size,
                      const char *fate)
{
    trace_json__begin_at(trace, "fate",
                         (struct sim_trace_moment){trace->last_step, time_us});
    sim_json_put_number(&trace->json, "from", from);
    sim_json_put_number(&trace->json, "to", to);
    sim_json_put_text(&trace->json, "fate", fate);
    trace_json__message(trace, "message", bytes, size);
    trace_json__end_line(trace);
}

void trace_json__event(struct sim_trace *trace, uint64_t time_us,
                       const char *text)
{
    trace_json__begin_at(trace, "event",
                         (struct sim_trace_moment){trace->last_step, time_us});
    sim_json_put_text(&trace->json, "text", text);
    trace_json__end_line(trace);
}

/* --- clients -------------------------------------------------------------- */

static const char *kind_name(enum sim_history_kind kind)
{
    switch (kind) {
    case SIM_HISTORY_READ:
        return "read";
    case SIM_HISTORY_WRITE:
        return "write";
    case SIM_HISTORY_COMPARE_AND_SET:
        return "compare_and_set";
    }
    return "unknown";
}

/* NULL is that there is none. */
static void put_value(struct sim_json_writer *json, const char *name,
                      const uint8_t *value, uint32_t size)
{
    if (value == NULL) {
        sim_json_put_null(json, name);
    } else {
        sim_json_put_bytes(json, name, value, size);
    }
}

void trace_json__call(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_trace_call *call)
{
    struct sim_json_writer *json = &trace->json;
    trace_json__begin_at(trace, "call", at);
    sim_json_put_number(json, "operation", call->number);
    sim_json_put_number(json, "client", call->client);
    sim_json_put_text(json, "kind", kind_name(call->kind));
    sim_json_put_bytes(json, "key", call->key, call->key_size);
    if (call->kind != SIM_HISTORY_READ) {
        put_value(json, "value", call->value, call->value_size);
    }
    if (call->kind == SIM_HISTORY_COMPARE_AND_SET) {
        put_value(json, "expected", call->expected, call->expected_size);
    }
    trace_json__end_line(trace);
}

void trace_json__answer(struct sim_trace *trace, struct sim_trace_moment at,
                        const struct sim_trace_answer *answer)
{
    struct sim_json_writer *json = &trace->json;
    trace_json__begin_at(trace, "answer", at);
    sim_json_put_number(json, "operation", answer->number);
    sim_json_put_number(json, "node", answer->node);
    if (answer->kind == SIM_HISTORY_COMPARE_AND_SET) {
        sim_json_put_bool(json, "succeeded", answer->succeeded);
    }
    if (answer->kind != SIM_HISTORY_WRITE) {
        put_value(json, "value", answer->value, answer->value_size);
    }
    trace_json__end_line(trace);
}

/* --- waits ---------------------------------------------------------------- */

void trace_json__wait(struct sim_trace *trace, struct sim_trace_moment at,
                      uint64_t number, const uint8_t *command, size_t size,
                      uint64_t deadline_us)
{
    trace_json__begin_at(trace, "wait", at);
    sim_json_put_number(&trace->json, "number", number);
    sim_json_put_bytes(&trace->json, "command", command, size);
    sim_json_put_number(&trace->json, "deadline_us", deadline_us);
    trace_json__end_line(trace);
}

void trace_json__number(struct sim_trace *trace, struct sim_trace_moment at,
                        const char *record, uint64_t number)
{
    trace_json__begin_at(trace, record, at);
    sim_json_put_number(&trace->json, "number", number);
    trace_json__end_line(trace);
}
