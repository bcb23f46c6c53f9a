/* The outputs of one step as lines for people. */
#include <inttypes.h>

#include "sim/clients.h"
#include "sim/trace_internal.h"

static void add_entries(struct sim_trace *trace, uint64_t first_index,
                        uint32_t n_entries)
{
    if (n_entries == 1) {
        trace__add(trace, "%" PRIu64, first_index);
    } else {
        trace__add(trace, "%" PRIu64 "..%" PRIu64, first_index,
                   first_index + n_entries - 1);
    }
}

/* --- writes --------------------------------------------------------------- */

static void add_hard_state(struct sim_trace *trace,
                           struct sim_hard_state hard_state)
{
    trace__add(trace, "term %" PRIu64 ", ", hard_state.term);
    if (hard_state.vote == SIM_NONE) {
        trace__add(trace, "no vote");
    } else {
        trace__add(trace, "vote %" PRIu32, hard_state.vote);
    }
}

/* A snapshot that came in a message is the leader's. */
static void add_snapshot(struct sim_trace *trace,
                         const struct sim_trace_step *step,
                         const struct sim_snapshot *snapshot)
{
    const char *whose =
        step->input->kind == SIM_INPUT_MESSAGE ? "the leader's " : "";
    trace__add(trace, "%ssnapshot up to %" PRIu64 " of term %" PRIu64, whose,
               snapshot->position.index, snapshot->position.term);
    trace__add_size(trace, snapshot->image_size);
}

static void add_written_entries(struct sim_trace *trace,
                                const struct sim_write *write)
{
    uint64_t first_term = write->entries[0].term;
    uint64_t last_term = write->entries[write->n_entries - 1].term;
    uint32_t n_omitted = 0;
    for (uint32_t i = 0; i < write->n_entries; i++) {
        n_omitted += write->entries[i].omitted ? 1 : 0;
    }
    trace__add(trace, "%s ", write->n_entries == 1 ? "entry" : "entries");
    add_entries(trace, write->first_index, write->n_entries);
    if (first_term == last_term) {
        trace__add(trace, " of term %" PRIu64, first_term);
    } else {
        trace__add(trace, " of terms %" PRIu64 "..%" PRIu64, first_term,
                   last_term);
    }
    if (n_omitted > 0) {
        trace__add(trace, ", %" PRIu32 " without payload", n_omitted);
    }
}

/* What goes before the next part of a write. */
static void add_joint(struct sim_trace *trace, uint32_t *n_parts)
{
    trace__add(trace, "%s", *n_parts == 0 ? ": " : "; ");
    (*n_parts)++;
}

/* Its parts in the order in which they become durable. */
static void tell_write(struct sim_trace *trace,
                       const struct sim_trace_step *step,
                       const struct sim_write *write)
{
    uint32_t n_parts = 0;
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "writes #%" PRIu64, write->id);
    if (write->has_hard_state) {
        add_joint(trace, &n_parts);
        add_hard_state(trace, write->hard_state);
    }
    if (write->has_snapshot) {
        add_joint(trace, &n_parts);
        add_snapshot(trace, step, &write->snapshot);
    }
    if (write->truncate_from > 0) {
        add_joint(trace, &n_parts);
        trace__add(trace, "truncates from %" PRIu64, write->truncate_from);
    }
    if (write->drop_before > 0) {
        add_joint(trace, &n_parts);
        trace__add(trace, "drops what is before %" PRIu64, write->drop_before);
    }
    if (write->n_entries > 0) {
        add_joint(trace, &n_parts);
        add_written_entries(trace, write);
    }
    trace__end_line(trace);
}

/* --- answers -------------------------------------------------------------- */

/* Whether the request with this tag is this step's input. */
static bool is_asked_now(const struct sim_input *input, uint64_t tag)
{
    switch (input->kind) {
    case SIM_INPUT_PROPOSAL:
        return input->proposal.tag == tag;
    case SIM_INPUT_SESSION:
        return input->session.tag == tag;
    case SIM_INPUT_CHANGE:
        return input->change.tag == tag;
    case SIM_INPUT_TRANSFER:
        return input->transfer.tag == tag;
    case SIM_INPUT_READ:
        return input->read.tag == tag;
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

static const char *request_words(const struct sim_trace_step *step,
                                 uint64_t tag)
{
    return is_asked_now(step->input, tag) ? "it" : "an earlier request";
}

/* "the read", or whose it is. */
static void add_read(struct sim_trace *trace, const struct sim_trace_step *step,
                     uint64_t tag)
{
    if (is_asked_now(step->input, tag)) {
        trace__add(trace, "the read");
    } else {
        trace__add(trace, "the earlier read of client %" PRIu32,
                   sim_clients_number(tag));
    }
}

/* A read that was taken first. */
static void tell_lost(struct sim_trace *trace,
                      const struct sim_trace_step *step, uint64_t tag)
{
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "gives up ");
    add_read(trace, step, tag);
    trace__add(trace, ": who was to allow it leads no more");
    trace__end_line(trace);
}

static void tell_ready(struct sim_trace *trace,
                       const struct sim_trace_step *step,
                       const struct sim_output *output)
{
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "may answer ");
    add_read(trace, step, output->ready.tag);
    trace__add(trace, " at %" PRIu64, output->ready.index);
    trace__end_line(trace);
}

static void tell_accepted(struct sim_trace *trace,
                          const struct sim_trace_step *step,
                          const struct sim_output *output)
{
    const char *what = request_words(step, output->accepted.tag);
    if (step->input->kind == SIM_INPUT_TRANSFER &&
        output->accepted.tag == step->input->transfer.tag) {
        trace__tell(trace, step, "begins the transfer");
        return;
    }
    trace__tell(trace, step, "takes %s as entry %" PRIu64 " of term %" PRIu64,
                what, output->accepted.position.index,
                output->accepted.position.term);
}

static void tell_rejected(struct sim_trace *trace,
                          const struct sim_trace_step *step,
                          const struct sim_output *output)
{
    uint64_t tag = output->rejected.tag;
    const char *what = request_words(step, tag);
    switch (output->rejected.reason) {
    case SIM_NOT_LEADER:
        if (output->rejected.leader == SIM_NONE) {
            trace__tell(trace, step, "refuses %s: knows no leader", what);
        } else {
            trace__tell(trace, step, "refuses %s: the leader is %" PRIu32, what,
                        output->rejected.leader);
        }
        break;
    case SIM_LATER:
        trace__tell(trace, step, "refuses %s for now: something else is first",
                    what);
        break;
    case SIM_NEVER_SO:
        trace__tell(trace, step, "refuses %s: not possible in this form", what);
        break;
    case SIM_READ_LOST:
        tell_lost(trace, step, tag);
        break;
    }
}

/* --- the state machine ---------------------------------------------------- */

static void tell_session(struct sim_trace *trace,
                         const struct sim_trace_step *step, uint64_t index,
                         const struct sim_entry *entry)
{
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "opens session %" PRIu64, index);
    if (entry->session != 0) {
        trace__add(trace, ", closes session %" PRIu64 " for it",
                   entry->session);
    }
    trace__end_line(trace);
}

static void tell_command(struct sim_trace *trace,
                         const struct sim_trace_step *step, uint64_t index,
                         const struct sim_entry *entry)
{
    switch (entry->verdict) {
    case SIM_COMMAND_FRESH:
        break;
    case SIM_COMMAND_REPEATED:
        trace__tell(trace, step,
                    "%" PRIu64 " is a repetition: number %" PRIu64
                    " of session %" PRIu64 " was applied before",
                    index, entry->sequence, entry->session);
        break;
    case SIM_COMMAND_EXPIRED:
        trace__tell(trace, step,
                    "%" PRIu64 " is not applied: session %" PRIu64 " is closed",
                    index, entry->session);
        break;
    }
}

/* A range in one line, and what is special in it in a line each. */
static void tell_apply(struct sim_trace *trace,
                       const struct sim_trace_step *step,
                       const struct sim_output *output)
{
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "applies ");
    add_entries(trace, output->apply.first_index, output->apply.n_entries);
    trace__end_line(trace);
    for (uint32_t i = 0; i < output->apply.n_entries; i++) {
        const struct sim_entry *entry = &output->apply.entries[i];
        uint64_t index = output->apply.first_index + i;
        switch (entry->kind) {
        case SIM_ENTRY_INTERNAL:
            break;
        case SIM_ENTRY_COMMAND:
            tell_command(trace, step, index, entry);
            break;
        case SIM_ENTRY_CONFIGURATION:
            trace__tell(trace, step,
                        "the members of entry %" PRIu64 " are committed",
                        index);
            break;
        case SIM_ENTRY_SESSION:
            tell_session(trace, step, index, entry);
            break;
        }
    }
}

static void tell_restore(struct sim_trace *trace,
                         const struct sim_trace_step *step,
                         const struct sim_output *output)
{
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "restores the state up to %" PRIu64 " of term %" PRIu64,
               output->restore.position.index, output->restore.position.term);
    trace__add_size(trace, output->restore.size);
    trace__end_line(trace);
}

/* -------------------------------------------------------------------------- */

static void tell_send(struct sim_trace *trace,
                      const struct sim_trace_step *step,
                      const struct sim_output *output)
{
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "-> %" PRIu32 "  ", output->send.to);
    trace__add_message(trace, output->send.bytes, output->send.size, NULL);
    if (output->send.after_write > 0) {
        trace__add(trace, " (after write %" PRIu64 ")",
                   output->send.after_write);
    }
    trace__end_line(trace);
}

void trace__tell_output(struct sim_trace *trace,
                        const struct sim_trace_step *step,
                        const struct sim_output *output)
{
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        tell_write(trace, step, &output->write);
        break;
    case SIM_OUTPUT_SEND:
        tell_send(trace, step, output);
        break;
    case SIM_OUTPUT_TIMER:
        break;
    case SIM_OUTPUT_ACCEPTED:
        tell_accepted(trace, step, output);
        break;
    case SIM_OUTPUT_REJECTED:
        tell_rejected(trace, step, output);
        break;
    case SIM_OUTPUT_RESTORE:
        tell_restore(trace, step, output);
        break;
    case SIM_OUTPUT_APPLY:
        tell_apply(trace, step, output);
        break;
    case SIM_OUTPUT_READY:
        tell_ready(trace, step, output);
        break;
    }
}
