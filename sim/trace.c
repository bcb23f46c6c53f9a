#undef NDEBUG
#include "sim/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/trace_internal.h"

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
    free(trace);
}

uint64_t sim_trace_hash(const struct sim_trace *trace)
{
    return sim_hash_value(&trace->hash);
}

/* --- the hash ------------------------------------------------------------ */

static void fold_entries(struct sim_hash *hash, uint64_t first_index,
                         const struct sim_entry *entries, uint32_t n_entries)
{
    sim_hash_word(hash, first_index);
    sim_hash_word(hash, n_entries);
    for (uint32_t i = 0; i < n_entries; i++) {
        sim_hash_word(hash, entries[i].term);
        sim_hash_word(hash, (uint64_t)entries[i].kind);
        sim_hash_bytes(hash, entries[i].data, entries[i].size);
    }
}

static void fold_input(struct sim_hash *hash, const struct sim_input *input)
{
    sim_hash_word(hash, (uint64_t)input->kind);
    sim_hash_word(hash, input->now_us);
    switch (input->kind) {
    case SIM_INPUT_START:
    case SIM_INPUT_TIMER:
        break;
    case SIM_INPUT_MESSAGE:
        sim_hash_word(hash, input->message.from);
        sim_hash_bytes(hash, input->message.bytes, input->message.size);
        break;
    case SIM_INPUT_WRITTEN:
        sim_hash_word(hash, input->written.write_id);
        break;
    case SIM_INPUT_PROPOSAL:
        sim_hash_word(hash, input->proposal.tag);
        sim_hash_bytes(hash, input->proposal.data, input->proposal.size);
        break;
    }
}

static void fold_write(struct sim_hash *hash, const struct sim_write *write)
{
    sim_hash_word(hash, write->id);
    sim_hash_word(hash, write->has_hard_state);
    if (write->has_hard_state) {
        sim_hash_word(hash, write->hard_state.term);
        sim_hash_word(hash, write->hard_state.vote);
    }
    sim_hash_word(hash, write->truncate_from);
    fold_entries(hash, write->n_entries > 0 ? write->first_index : 0,
                 write->entries, write->n_entries);
}

static void fold_output(struct sim_hash *hash, const struct sim_output *output)
{
    sim_hash_word(hash, (uint64_t)output->kind);
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        fold_write(hash, &output->write);
        break;
    case SIM_OUTPUT_SEND:
        sim_hash_word(hash, output->send.to);
        sim_hash_word(hash, output->send.after_write);
        sim_hash_bytes(hash, output->send.bytes, output->send.size);
        break;
    case SIM_OUTPUT_TIMER:
        sim_hash_word(hash, output->timer.deadline_us);
        break;
    case SIM_OUTPUT_ACCEPTED:
        sim_hash_word(hash, output->accepted.tag);
        sim_hash_word(hash, output->accepted.position.term);
        sim_hash_word(hash, output->accepted.position.index);
        break;
    case SIM_OUTPUT_REJECTED:
        sim_hash_word(hash, output->rejected.tag);
        sim_hash_word(hash, output->rejected.leader);
        break;
    case SIM_OUTPUT_APPLY:
        fold_entries(hash, output->apply.first_index, output->apply.entries,
                     output->apply.n_entries);
        break;
    }
}

static void fold_view(struct sim_hash *hash, const struct sim_view *view)
{
    sim_hash_word(hash, (uint64_t)view->role);
    sim_hash_word(hash, view->hard_state.term);
    sim_hash_word(hash, view->hard_state.vote);
    sim_hash_word(hash, view->leader);
    sim_hash_word(hash, view->last.term);
    sim_hash_word(hash, view->last.index);
    sim_hash_word(hash, view->commit_index);
    sim_hash_word(hash, view->last_applied);
}

static void fold_step(struct sim_hash *hash, const struct sim_trace_step *step)
{
    sim_hash_word(hash, step->step);
    sim_hash_word(hash, step->time_us);
    sim_hash_word(hash, step->node);
    fold_input(hash, step->input);
    sim_hash_word(hash, step->outputs->count);
    for (size_t i = 0; i < step->outputs->count; i++) {
        fold_output(hash, &step->outputs->items[i]);
    }
    fold_view(hash, step->after);
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

void trace__add_message(struct sim_trace *trace, const uint8_t *bytes,
                        size_t size, const char *fate)
{
    struct sim_message message = {.kind = SIM_MESSAGE_OTHER};
    trace->node_type->classify(bytes, size, &message);
    char text[SIM_DESCRIPTION_SIZE] = "";
    trace->node_type->describe(bytes, size, text);
    trace__add(trace, "%s%s%s: %s", sim_message_kind_name(message.kind),
               fate != NULL ? " " : "", fate != NULL ? fate : "", text);
}

/* --- calls --------------------------------------------------------------- */

bool sim_trace_wants_text(const struct sim_trace *trace)
{
    return trace->sink != NULL && trace->last_step + 1 >= trace->from_step;
}

void sim_trace_step(struct sim_trace *trace, const struct sim_trace_step *step)
{
    assert(step->step > trace->last_step);
    fold_step(&trace->hash, step);
    if (trace->sink != NULL && step->step >= trace->from_step) {
        trace__tell_step(trace, step);
    }
    trace->last_step = step->step;
}

void sim_trace_event(struct sim_trace *trace, uint64_t time_us,
                     const char *format, ...)
{
    if (!sim_trace_wants_text(trace)) {
        return;
    }
    trace__begin_line(trace, time_us, SIM_NONE);
    va_list list;
    va_start(list, format);
    trace__add_list(trace, format, list);
    va_end(list);
    trace__end_line(trace);
    trace__flush(trace);
}

void sim_trace_message(struct sim_trace *trace, uint64_t time_us, uint32_t from,
                       uint32_t to, const uint8_t *bytes, size_t size,
                       const char *fate)
{
    if (!sim_trace_wants_text(trace)) {
        return;
    }
    trace__begin_line(trace, time_us, SIM_NONE);
    trace__add(trace, "%" PRIu32 " -> %" PRIu32 "  ", from, to);
    trace__add_message(trace, bytes, size, fate);
    trace__end_line(trace);
    trace__flush(trace);
}
