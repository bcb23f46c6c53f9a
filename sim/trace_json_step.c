/* A step as a line of JSON: the input, the view after it, the outputs. */
#include "sim/trace_json.h"

static void put_proposal(struct sim_trace *trace, const struct sim_input *input)
{
    struct sim_json_writer *json = &trace->json;
    sim_json_put_text(json, "kind", "proposal");
    sim_json_put_number(json, "tag", input->proposal.tag);
    sim_json_put_number(json, "session", input->proposal.session);
    sim_json_put_number(json, "sequence", input->proposal.sequence);
    sim_json_put_bytes(json, "command", input->proposal.data,
                       input->proposal.size);
}

static void put_change(struct sim_trace *trace, const struct sim_input *input)
{
    struct sim_json_writer *json = &trace->json;
    sim_json_put_text(json, "kind", "change");
    sim_json_put_number(json, "tag", input->change.tag);
    trace_json__configuration(trace, "members", input->change.members);
    sim_json_put_bool(json, "joint", input->change.joint);
}

static void put_snapshot_input(struct sim_trace *trace,
                               const struct sim_input *input)
{
    struct sim_json_writer *json = &trace->json;
    sim_json_put_text(json, "kind", "snapshot");
    sim_json_put_number(json, "index", input->snapshot.index);
    sim_json_put_number(json, "keep_from", input->snapshot.keep_from);
    sim_json_put_bytes(json, "image", input->snapshot.image,
                       input->snapshot.size);
}

/* What is in the object of the cause. */
static void put_input(struct sim_trace *trace, const struct sim_input *input)
{
    struct sim_json_writer *json = &trace->json;
    switch (input->kind) {
    case SIM_INPUT_START:
        sim_json_put_text(json, "kind", "start");
        break;
    case SIM_INPUT_MESSAGE:
        sim_json_put_text(json, "kind", "message");
        sim_json_put_number(json, "from", input->message.from);
        trace_json__message(trace, "message", input->message.bytes,
                            input->message.size);
        break;
    case SIM_INPUT_TIMER:
        sim_json_put_text(json, "kind", "timer");
        break;
    case SIM_INPUT_WRITTEN:
        sim_json_put_text(json, "kind", "written");
        sim_json_put_number(json, "write", input->written.write_id);
        break;
    case SIM_INPUT_FAILED:
        sim_json_put_text(json, "kind", "failed");
        sim_json_put_number(json, "write", input->failed.write_id);
        break;
    case SIM_INPUT_PROPOSAL:
        put_proposal(trace, input);
        break;
    case SIM_INPUT_SESSION:
        sim_json_put_text(json, "kind", "session");
        sim_json_put_number(json, "tag", input->session.tag);
        break;
    case SIM_INPUT_CHANGE:
        put_change(trace, input);
        break;
    case SIM_INPUT_TRANSFER:
        sim_json_put_text(json, "kind", "transfer");
        sim_json_put_number(json, "tag", input->transfer.tag);
        sim_json_put_number(json, "to", input->transfer.to);
        break;
    case SIM_INPUT_READ:
        sim_json_put_text(json, "kind", "read");
        sim_json_put_number(json, "tag", input->read.tag);
        sim_json_put_bool(json, "lease", input->read.lease);
        break;
    case SIM_INPUT_SNAPSHOT:
        put_snapshot_input(trace, input);
        break;
    }
    sim_json_put_number(json, "clock_us", input->now_us);
}

/* --- outputs -------------------------------------------------------------- */

static void put_write(struct sim_trace *trace, const struct sim_write *write)
{
    struct sim_json_writer *json = &trace->json;
    sim_json_put_text(json, "kind", "write");
    sim_json_put_number(json, "write", write->id);
    if (write->has_hard_state) {
        sim_json_open_object(json, "hard_state");
        sim_json_put_number(json, "term", write->hard_state.term);
        sim_json_put_number(json, "vote", write->hard_state.vote);
        sim_json_close_object(json);
    }
    if (write->has_snapshot) {
        trace_json__snapshot(trace, "snapshot", &write->snapshot);
    }
    sim_json_put_number(json, "truncate_from", write->truncate_from);
    sim_json_put_number(json, "drop_before", write->drop_before);
    sim_json_put_number(json, "first_index",
                        write->n_entries > 0 ? write->first_index : 0);
    trace_json__entries(trace, "entries", write->entries, write->n_entries,
                        false);
}

static const char *reason_name(enum sim_reason reason)
{
    switch (reason) {
    case SIM_NOT_LEADER:
        return "not_leader";
    case SIM_LATER:
        return "later";
    case SIM_NEVER_SO:
        return "never_so";
    case SIM_READ_LOST:
        return "read_lost";
    }
    return "unknown";
}

/* What is in the object of an output. */
static void put_output(struct sim_trace *trace, const struct sim_output *output)
{
    struct sim_json_writer *json = &trace->json;
    switch (output->kind) {
    case SIM_OUTPUT_WRITE:
        put_write(trace, &output->write);
        break;
    case SIM_OUTPUT_SEND:
        sim_json_put_text(json, "kind", "send");
        sim_json_put_number(json, "to", output->send.to);
        sim_json_put_number(json, "after_write", output->send.after_write);
        trace_json__message(trace, "message", output->send.bytes,
                            output->send.size);
        break;
    case SIM_OUTPUT_TIMER:
        sim_json_put_text(json, "kind", "timer");
        sim_json_put_number(json, "clock_us", output->timer.deadline_us);
        break;
    case SIM_OUTPUT_ACCEPTED:
        sim_json_put_text(json, "kind", "accepted");
        sim_json_put_number(json, "tag", output->accepted.tag);
        trace_json__position(trace, "place", output->accepted.position);
        break;
    case SIM_OUTPUT_REJECTED:
        sim_json_put_text(json, "kind", "rejected");
        sim_json_put_number(json, "tag", output->rejected.tag);
        sim_json_put_text(json, "reason", reason_name(output->rejected.reason));
        sim_json_put_number(json, "leader", output->rejected.leader);
        break;
    case SIM_OUTPUT_RESTORE:
        sim_json_put_text(json, "kind", "restore");
        trace_json__position(trace, "place", output->restore.position);
        sim_json_put_bytes(json, "image", output->restore.image,
                           output->restore.size);
        break;
    case SIM_OUTPUT_APPLY:
        sim_json_put_text(json, "kind", "apply");
        sim_json_put_number(json, "first_index", output->apply.first_index);
        trace_json__entries(trace, "entries", output->apply.entries,
                            output->apply.n_entries, true);
        break;
    case SIM_OUTPUT_READY:
        sim_json_put_text(json, "kind", "ready");
        sim_json_put_number(json, "tag", output->ready.tag);
        sim_json_put_number(json, "index", output->ready.index);
        break;
    }
}

void trace_json__step(struct sim_trace *trace,
                      const struct sim_trace_step *step)
{
    struct sim_json_writer *json = &trace->json;
    trace_json__begin_at(trace, "step",
                         (struct sim_trace_moment){step->step, step->time_us});
    sim_json_put_number(json, "node", step->node);
    sim_json_open_object(json, "cause");
    put_input(trace, step->input);
    sim_json_close_object(json);
    trace_json__view(trace, "view", step->after);
    if (step->members != NULL) {
        trace_json__configuration(trace, "members", step->members);
    }
    sim_json_open_list(json, "outputs");
    for (size_t i = 0; i < step->outputs->count; i++) {
        sim_json_open_object(json, NULL);
        put_output(trace, &step->outputs->items[i]);
        sim_json_close_object(json);
    }
    sim_json_close_list(json);
    trace_json__end_line(trace);
}
