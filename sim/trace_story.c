/* One step as lines for people: what the node got and what it became. */
#include "sim/trace_internal.h"

#include <inttypes.h>

#include "sim/clients.h"
#include "sim/kv.h"

void trace__tell(struct sim_trace *trace, const struct sim_trace_step *step,
                 const char *format, ...)
{
    trace__begin_line(trace, step->time_us, step->node);
    va_list list;
    va_start(list, format);
    trace__add_list(trace, format, list);
    va_end(list);
    trace__end_line(trace);
}

void trace__add_size(struct sim_trace *trace, size_t size)
{
    trace__add(trace, " (%zu byte%s)", size, size == 1 ? "" : "s");
}

static void add_members(struct sim_trace *trace,
                        const struct sim_configuration *members)
{
    char text[SIM_CONFIGURATION_TEXT_SIZE];
    sim_configuration_describe(members, text);
    trace__add(trace, "%s", text);
}

/* --- what it got ---------------------------------------------------------- */

static void tell_start(struct sim_trace *trace,
                       const struct sim_trace_step *step)
{
    const struct sim_view *view = step->before;
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "starts: term %" PRIu64, view->hard_state.term);
    if (view->hard_state.vote != SIM_NONE) {
        trace__add(trace, ", vote %" PRIu32, view->hard_state.vote);
    }
    if (view->snapshot.index > 0) {
        trace__add(trace, ", snapshot up to %" PRIu64 " of term %" PRIu64,
                   view->snapshot.index, view->snapshot.term);
    }
    if (view->last.index == 0) {
        trace__add(trace, ", empty log");
    } else {
        trace__add(trace, ", log to %" PRIu64 " of term %" PRIu64,
                   view->last.index, view->last.term);
    }
    if (step->members != NULL) {
        trace__add(trace, ", members: ");
        add_members(trace, step->members);
    }
    trace__end_line(trace);
}

static const char *timer_reason(const struct sim_view *before,
                                const struct sim_view *after)
{
    switch (before->role) {
    case SIM_FOLLOWER:
        return after->role == SIM_FOLLOWER ? "" : ": heard from no leader";
    case SIM_PRE_CANDIDATE:
        return ": too few pre-votes";
    case SIM_CANDIDATE:
        return ": too few votes";
    case SIM_LEADER:
        return after->role == SIM_LEADER ? "" : ": heard from no majority";
    }
    return "";
}

/* Whether the timer was one of many ticks, at which nothing happened. */
static bool is_tick(const struct sim_trace_step *step)
{
    const struct sim_view *before = step->before, *after = step->after;
    for (size_t i = 0; i < step->outputs->count; i++) {
        if (step->outputs->items[i].kind == SIM_OUTPUT_SEND) {
            return false;
        }
    }
    return before->role == after->role &&
           before->hard_state.term == after->hard_state.term;
}

/* A node that starts over in the role it had asks again: worth saying even
 * though its view may not have changed. */
static void tell_timer(struct sim_trace *trace,
                       const struct sim_trace_step *step)
{
    const struct sim_view *after = step->after;
    if ((trace->node_type->assumes & SIM_ASSUMES_TICKS) != 0 && is_tick(step)) {
        trace__tell(trace, step, "timer");
        return;
    }
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "timer%s", timer_reason(step->before, after));
    if (after->role == SIM_PRE_CANDIDATE) {
        trace__add(trace, ", asks for pre-votes in term %" PRIu64,
                   after->hard_state.term);
    } else if (after->role == SIM_CANDIDATE) {
        trace__add(trace, ", campaigns in term %" PRIu64,
                   after->hard_state.term);
    }
    trace__end_line(trace);
}

static void tell_proposal(struct sim_trace *trace,
                          const struct sim_trace_step *step)
{
    const struct sim_input *input = step->input;
    char text[SIM_COMMAND_TEXT_SIZE];
    sim_command_describe(input->proposal.data, input->proposal.size, text);
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "proposal: %s", text);
    if (input->proposal.session != 0) {
        trace__add(trace, " (session %" PRIu64 ", number %" PRIu64 ")",
                   input->proposal.session, input->proposal.sequence);
    }
    trace__end_line(trace);
}

static void tell_read(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    const struct sim_input *input = step->input;
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "is asked for a read%s by client %" PRIu32,
               input->read.lease ? " by lease" : "",
               sim_clients_number(input->read.tag));
    trace__end_line(trace);
}

static void tell_transfer(struct sim_trace *trace,
                          const struct sim_trace_step *step)
{
    uint32_t to = step->input->transfer.to;
    if (to == SIM_NONE) {
        trace__tell(trace, step, "is asked to let the best suited lead");
    } else {
        trace__tell(trace, step, "is asked to let %" PRIu32 " lead", to);
    }
}

static void tell_snapshot(struct sim_trace *trace,
                          const struct sim_trace_step *step)
{
    const struct sim_input *input = step->input;
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "makes a snapshot up to %" PRIu64, input->snapshot.index);
    trace__add_size(trace, input->snapshot.size);
    if (input->snapshot.keep_from <= input->snapshot.index) {
        trace__add(trace, ", keeps entries from %" PRIu64,
                   input->snapshot.keep_from);
    } else {
        trace__add(trace, ", keeps no entry of it");
    }
    trace__end_line(trace);
}

static void tell_input(struct sim_trace *trace,
                       const struct sim_trace_step *step)
{
    const struct sim_input *input = step->input;
    switch (input->kind) {
    case SIM_INPUT_START:
        tell_start(trace, step);
        break;
    case SIM_INPUT_MESSAGE:
        trace__begin_line(trace, step->time_us, step->node);
        trace__add(trace, "<- %" PRIu32 "  ", input->message.from);
        trace__add_message(trace, input->message.bytes, input->message.size,
                           NULL);
        trace__end_line(trace);
        break;
    case SIM_INPUT_TIMER:
        tell_timer(trace, step);
        break;
    case SIM_INPUT_WRITTEN:
        trace__tell(trace, step, "write %" PRIu64 " durable",
                    input->written.write_id);
        break;
    case SIM_INPUT_FAILED:
        trace__tell(trace, step, "write %" PRIu64 " failed",
                    input->failed.write_id);
        break;
    case SIM_INPUT_PROPOSAL:
        tell_proposal(trace, step);
        break;
    case SIM_INPUT_SESSION:
        trace__tell(trace, step, "is asked for a session by client %" PRIu32,
                    sim_clients_number(input->session.tag));
        break;
    case SIM_INPUT_CHANGE:
        trace__begin_line(trace, step->time_us, step->node);
        trace__add(trace, "is asked for members ");
        add_members(trace, input->change.members);
        trace__add(trace, "%s", input->change.joint ? "; joint" : "");
        trace__end_line(trace);
        break;
    case SIM_INPUT_TRANSFER:
        tell_transfer(trace, step);
        break;
    case SIM_INPUT_READ:
        tell_read(trace, step);
        break;
    case SIM_INPUT_SNAPSHOT:
        tell_snapshot(trace, step);
        break;
    }
}

/* --- what it became ------------------------------------------------------- */

static void tell_as_follower(struct sim_trace *trace,
                             const struct sim_trace_step *step)
{
    const struct sim_view *before = step->before;
    const struct sim_view *after = step->after;
    bool new_term = after->hard_state.term != before->hard_state.term;
    bool new_leader = after->leader != SIM_NONE &&
                      (new_term || after->leader != before->leader);
    if (before->role == after->role && !new_term && !new_leader) {
        return;
    }
    trace__begin_line(trace, step->time_us, step->node);
    switch (before->role) {
    case SIM_FOLLOWER:
        break;
    case SIM_PRE_CANDIDATE:
    case SIM_CANDIDATE:
        trace__add(trace, "gives up, ");
        break;
    case SIM_LEADER:
        trace__add(trace, "steps down, ");
        break;
    }
    if (after->leader != SIM_NONE) {
        trace__add(trace, "follows %" PRIu32 " in term %" PRIu64, after->leader,
                   after->hard_state.term);
    } else {
        trace__add(trace, "follower in term %" PRIu64, after->hard_state.term);
    }
    trace__end_line(trace);
}

/* What the node became, unless the timer's line has said it. */
static void tell_role(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    const struct sim_view *before = step->before;
    const struct sim_view *after = step->after;
    bool same = before->role == after->role &&
                before->hard_state.term == after->hard_state.term;
    bool said = step->input->kind == SIM_INPUT_TIMER;
    uint64_t term = after->hard_state.term;
    switch (after->role) {
    case SIM_FOLLOWER:
        tell_as_follower(trace, step);
        break;
    case SIM_PRE_CANDIDATE:
        if (!same && !said) {
            trace__tell(trace, step, "asks for pre-votes in term %" PRIu64,
                        term);
        }
        break;
    case SIM_CANDIDATE:
        if (!same && !said) {
            trace__tell(trace, step, "campaigns in term %" PRIu64, term);
        }
        break;
    case SIM_LEADER:
        if (!same) {
            trace__tell(trace, step, "becomes leader of term %" PRIu64, term);
        }
        break;
    }
}

/* Whether the configuration that was in force is cut off in this very step, and
 * the one in force is of before the cut. */
static bool went_back(const struct sim_trace_step *step)
{
    for (size_t i = 0; i < step->outputs->count; i++) {
        const struct sim_output *output = &step->outputs->items[i];
        if (output->kind == SIM_OUTPUT_WRITE &&
            output->write.truncate_from > 0) {
            return step->before->configuration.index >=
                       output->write.truncate_from &&
                   step->after->configuration.index <
                       output->write.truncate_from;
        }
    }
    return false;
}

/* Those of a start are in its line. */
static void tell_members(struct sim_trace *trace,
                         const struct sim_trace_step *step)
{
    uint64_t index = step->after->configuration.index;
    if (step->members == NULL || step->input->kind == SIM_INPUT_START) {
        return;
    }
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "members by its log are %s ",
               went_back(step) ? "again" : "now");
    add_members(trace, step->members);
    if (index == 0) {
        trace__add(trace, " (as at the start)");
    } else {
        trace__add(trace, " (entry %" PRIu64 ")", index);
    }
    trace__end_line(trace);
}

void trace__tell_step(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    tell_input(trace, step);
    tell_role(trace, step);
    if (step->after->commit_index != step->before->commit_index) {
        trace__tell(trace, step, "commit %" PRIu64 " -> %" PRIu64,
                    step->before->commit_index, step->after->commit_index);
    }
    tell_members(trace, step);
    for (size_t i = 0; i < step->outputs->count; i++) {
        trace__tell_output(trace, step, &step->outputs->items[i]);
    }
    trace__flush(trace);
}
