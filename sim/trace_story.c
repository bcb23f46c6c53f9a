/* One step as lines for people. */
#include "sim/trace_internal.h"

#include <inttypes.h>

#include "sim/kv.h"

/* A whole line about the step's node. */
static void tell(struct sim_trace *trace, const struct sim_trace_step *step,
                 const char *format, ...)
{
    trace__begin_line(trace, step->time_us, step->node);
    va_list list;
    va_start(list, format);
    trace__add_list(trace, format, list);
    va_end(list);
    trace__end_line(trace);
}

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

static void tell_start(struct sim_trace *trace,
                       const struct sim_trace_step *step)
{
    const struct sim_view *view = step->before;
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "starts: term %" PRIu64, view->hard_state.term);
    if (view->hard_state.vote != SIM_NONE) {
        trace__add(trace, ", vote %" PRIu32, view->hard_state.vote);
    }
    if (view->last.index == 0) {
        trace__add(trace, ", empty log");
    } else {
        trace__add(trace, ", log to %" PRIu64 " of term %" PRIu64,
                   view->last.index, view->last.term);
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

/* A node that starts over in the role it had asks again: worth saying even
 * though its view may not have changed. */
static void tell_timer(struct sim_trace *trace,
                       const struct sim_trace_step *step)
{
    const struct sim_view *after = step->after;
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
        tell(trace, step, "write %" PRIu64 " durable", input->written.write_id);
        break;
    case SIM_INPUT_PROPOSAL: {
        char text[SIM_COMMAND_TEXT_SIZE];
        sim_command_describe(input->proposal.data, input->proposal.size, text);
        tell(trace, step, "proposal: %s", text);
        break;
    }
    }
}

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
            tell(trace, step, "asks for pre-votes in term %" PRIu64, term);
        }
        break;
    case SIM_CANDIDATE:
        if (!same && !said) {
            tell(trace, step, "campaigns in term %" PRIu64, term);
        }
        break;
    case SIM_LEADER:
        if (!same) {
            tell(trace, step, "becomes leader of term %" PRIu64, term);
        }
        break;
    }
}

static void tell_write(struct sim_trace *trace,
                       const struct sim_trace_step *step,
                       const struct sim_write *write)
{
    trace__begin_line(trace, step->time_us, step->node);
    trace__add(trace, "writes #%" PRIu64, write->id);
    const char *between = ": ";
    if (write->has_hard_state) {
        trace__add(trace, "%sterm %" PRIu64 ", ", between,
                   write->hard_state.term);
        if (write->hard_state.vote == SIM_NONE) {
            trace__add(trace, "no vote");
        } else {
            trace__add(trace, "vote %" PRIu32, write->hard_state.vote);
        }
        between = "; ";
    }
    if (write->truncate_from > 0) {
        trace__add(trace, "%struncates from %" PRIu64, between,
                   write->truncate_from);
        between = "; ";
    }
    if (write->n_entries > 0) {
        uint64_t first_term = write->entries[0].term;
        uint64_t last_term = write->entries[write->n_entries - 1].term;
        trace__add(trace, "%s%s ", between,
                   write->n_entries == 1 ? "entry" : "entries");
        add_entries(trace, write->first_index, write->n_entries);
        if (first_term == last_term) {
            trace__add(trace, " of term %" PRIu64, first_term);
        } else {
            trace__add(trace, " of terms %" PRIu64 "..%" PRIu64, first_term,
                       last_term);
        }
    }
    trace__end_line(trace);
}

/* "it" for the proposal of this very step. */
static void add_proposal(struct sim_trace *trace,
                         const struct sim_trace_step *step, uint64_t tag)
{
    if (step->input->kind == SIM_INPUT_PROPOSAL &&
        step->input->proposal.tag == tag) {
        trace__add(trace, "it");
    } else {
        trace__add(trace, "an earlier proposal");
    }
}

static void tell_output(struct sim_trace *trace,
                        const struct sim_trace_step *step,
                        const struct sim_output *output)
{
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        tell_write(trace, step, &output->write);
        return;
    case SIM_OUTPUT_TIMER:
        return;
    case SIM_OUTPUT_SEND:
        trace__begin_line(trace, step->time_us, step->node);
        trace__add(trace, "-> %" PRIu32 "  ", output->send.to);
        trace__add_message(trace, output->send.bytes, output->send.size, NULL);
        if (output->send.after_write > 0) {
            trace__add(trace, " (after write %" PRIu64 ")",
                       output->send.after_write);
        }
        break;
    case SIM_OUTPUT_ACCEPTED:
        trace__begin_line(trace, step->time_us, step->node);
        trace__add(trace, "takes ");
        add_proposal(trace, step, output->accepted.tag);
        trace__add(trace, " as entry %" PRIu64 " of term %" PRIu64,
                   output->accepted.position.index,
                   output->accepted.position.term);
        break;
    case SIM_OUTPUT_REJECTED:
        trace__begin_line(trace, step->time_us, step->node);
        trace__add(trace, "refuses ");
        add_proposal(trace, step, output->rejected.tag);
        if (output->rejected.leader == SIM_NONE) {
            trace__add(trace, ": knows no leader");
        } else {
            trace__add(trace, ": the leader is %" PRIu32,
                       output->rejected.leader);
        }
        break;
    case SIM_OUTPUT_APPLY:
        trace__begin_line(trace, step->time_us, step->node);
        trace__add(trace, "applies ");
        add_entries(trace, output->apply.first_index, output->apply.n_entries);
        break;
    }
    trace__end_line(trace);
}

void trace__tell_step(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    tell_input(trace, step);
    tell_role(trace, step);
    if (step->after->commit_index != step->before->commit_index) {
        tell(trace, step, "commit %" PRIu64 " -> %" PRIu64,
             step->before->commit_index, step->after->commit_index);
    }
    for (size_t i = 0; i < step->outputs->count; i++) {
        tell_output(trace, step, &step->outputs->items[i]);
    }
    trace__flush(trace);
}
