#undef NDEBUG
#include "sim/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/trace_etcd.h"
#include "sim/trace_json.h"

struct sim_trace *sim_trace_new(const struct sim_node_type *node_type,
                                struct sim_trace_sink *sink, uint64_t from_step)
{
    struct sim_trace *trace = sim_calloc(1, sizeof *trace);
    trace->node_type = node_type;
    trace->sink = sink;
    trace->from_step = from_step;
    return trace;
}

void sim_trace_free(struct sim_trace *trace)
{
    if (trace != NULL) {
        sim_json_writer_clear(&trace->json);
        trace_etcd__free(trace->etcd);
    }
    free(trace);
}

void sim_trace_set_format(struct sim_trace *trace, enum sim_trace_format format)
{
    trace->format = format;
}

void sim_trace_leave_unhashed(struct sim_trace *trace)
{
    trace->unhashed = true;
}

uint64_t sim_trace_hash(const struct sim_trace *trace)
{
    return sim_hash_value(&trace->hash);
}

/* --- lines --------------------------------------------------------------- */

void trace__flush(struct sim_trace *trace)
{
    if (trace->size > 0) {
        trace->sink->line(trace->sink, trace->record, trace->size);
        trace->size = 0;
    }
}

void trace__add_list(struct sim_trace *trace, const char *format, va_list list)
{
    size_t room = TRACE_LINE_SIZE - trace->line;
    int n = vsnprintf(trace->record + trace->size + trace->line, room, format,
                      list);
    if (n > 0) {
        /* vsnprintf's NUL takes the place of the newline. */
        trace->line += (size_t)n < room ? (size_t)n : room - 1;
    }
}

void trace__add(struct sim_trace *trace, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    trace__add_list(trace, format, list);
    va_end(list);
}

void trace__begin_line(struct sim_trace *trace, uint64_t time_us, uint32_t node)
{
    if (TRACE_RECORD_SIZE - trace->size < TRACE_LINE_SIZE) {
        trace__flush(trace);
    }
    trace->line = 0;
    trace__add(trace, "[%4" PRIu64 ".%06" PRIu64 "] ", time_us / 1000000,
               time_us % 1000000);
    if (node == SIM_NONE) {
        trace__add(trace, "-- ");
    } else {
        trace__add(trace, "%-2" PRIu32 " ", node);
    }
}

void trace__end_line(struct sim_trace *trace)
{
    trace->record[trace->size + trace->line] = '\n';
    trace->size += trace->line + 1;
    trace->line = 0;
}

/* One line of what steers no terminal, and no more than there is room for. */
void trace__describe(const struct sim_trace *trace, const uint8_t *bytes,
                     size_t size, char *text)
{
    trace->node_type->describe(bytes, size, text);
    text[SIM_DESCRIPTION_SIZE - 1] = '\0';
    for (char *byte = text; *byte != '\0'; byte++) {
        if ((unsigned char)*byte < 0x20 || (unsigned char)*byte == 0x7f) {
            *byte = '?';
        }
    }
}

void trace__add_message(struct sim_trace *trace, const uint8_t *bytes,
                        size_t size, const char *fate)
{
    struct sim_message message = {.kind = SIM_MESSAGE_OTHER};
    trace->node_type->classify(bytes, size, &message);
    char text[SIM_DESCRIPTION_SIZE] = "";
    trace__describe(trace, bytes, size, text);
    trace__add(trace, "%s%s%s: %s", sim_message_kind_name(message.kind),
               fate != NULL ? " " : "", fate != NULL ? fate : "", text);
}

/* --- calls --------------------------------------------------------------- */

void sim_trace_set_hearer(struct sim_trace *trace,
                          struct sim_trace_sink *hearer)
{
    trace->hearer = hearer;
}

void sim_trace_set_watcher(struct sim_trace *trace,
                           struct sim_step_watcher *watcher)
{
    trace->watcher = watcher;
}

bool sim_trace_wants_text(const struct sim_trace *trace)
{
    return trace->sink != NULL && trace->last_step + 1 >= trace->from_step;
}

bool sim_trace_wants_event(const struct sim_trace *trace)
{
    return trace->hearer != NULL || sim_trace_wants_text(trace);
}

static void tell_step(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    switch (trace->format) {
    case SIM_TRACE_STORY:
        trace__tell_step(trace, step);
        break;
    case SIM_TRACE_JSONL:
        trace_json__step(trace, step);
        break;
    case SIM_TRACE_ETCD_TLA:
        trace_etcd__step(trace, step);
        break;
    }
}

void sim_trace_begin_step(struct sim_trace *trace,
                          const struct sim_trace_step *step)
{
    if (!trace->unhashed) {
        trace->begun = step->step;
        trace->begun_hash = trace->hash;
        trace__fold_input(&trace->begun_hash, step);
    }
}

void sim_trace_step(struct sim_trace *trace, const struct sim_trace_step *step)
{
    assert(step->step > trace->last_step);
    if (!trace->unhashed) {
        if (trace->begun != step->step) {
            sim_trace_begin_step(trace, step);
        }
        trace->hash = trace->begun_hash;
        trace__fold_answer(&trace->hash, step);
    }
    if (trace->sink != NULL && step->step >= trace->from_step) {
        tell_step(trace, step);
    }
    trace->last_step = step->step;
    if (trace->watcher != NULL) {
        trace->watcher->step(trace->watcher, step,
                             sim_hash_value(&trace->hash));
    }
}

void sim_trace_set_cause(struct sim_trace *trace, const char *list,
                         uint32_t place)
{
    trace->cause_list = list;
    trace->cause_place = place;
}

/* The words of an event, and what caused it. */
static void add_event(struct sim_trace *trace, const char *format, va_list list)
{
    trace__add_list(trace, format, list);
    if (trace->cause_list != NULL) {
        trace__add(trace, " (%s/%" PRIu32 ")", trace->cause_list,
                   trace->cause_place);
    }
}

static void tell_event(struct sim_trace *trace, uint64_t time_us,
                       const char *format, va_list list)
{
    if (!sim_trace_wants_text(trace)) {
        return;
    }
    switch (trace->format) {
    case SIM_TRACE_STORY:
        trace__begin_line(trace, time_us, SIM_NONE);
        add_event(trace, format, list);
        trace__end_line(trace);
        trace__flush(trace);
        break;
    case SIM_TRACE_JSONL:
        trace->line = 0;
        add_event(trace, format, list);
        trace->record[trace->line] = '\0';
        trace_json__event(trace, time_us, trace->record);
        break;
    case SIM_TRACE_ETCD_TLA:
        break;
    }
}

/* Nothing is being made: the record's room is free. */
static void let_hear(struct sim_trace *trace, const char *format, va_list list)
{
    trace->line = 0;
    add_event(trace, format, list);
    trace->hearer->line(trace->hearer, trace->record + trace->size,
                        trace->line);
    trace->line = 0;
}

void sim_trace_event(struct sim_trace *trace, uint64_t time_us,
                     const char *format, ...)
{
    va_list list;
    if (trace->hearer != NULL) {
        va_start(list, format);
        let_hear(trace, format, list);
        va_end(list);
    }
    va_start(list, format);
    tell_event(trace, time_us, format, list);
    va_end(list);
}

void sim_trace_client_event(struct sim_trace *trace, uint64_t time_us,
                            const char *format, ...)
{
    va_list list;
    va_start(list, format);
    tell_event(trace, time_us, format, list);
    va_end(list);
}

void sim_trace_message(struct sim_trace *trace, uint64_t time_us, uint32_t from,
                       uint32_t to, const uint8_t *bytes, size_t size,
                       const char *fate)
{
    if (!sim_trace_wants_text(trace)) {
        return;
    }
    switch (trace->format) {
    case SIM_TRACE_STORY:
        trace__begin_line(trace, time_us, SIM_NONE);
        trace__add(trace, "%" PRIu32 " -> %" PRIu32 "  ", from, to);
        trace__add_message(trace, bytes, size, fate);
        trace__end_line(trace);
        trace__flush(trace);
        break;
    case SIM_TRACE_JSONL:
        trace_json__fate(trace, time_us, from, to, bytes, size, fate);
        break;
    case SIM_TRACE_ETCD_TLA:
        trace_etcd__fate(trace, fate);
        break;
    }
}
