/* Which format is told what. */
#include "sim/trace_records.h"

#include "sim/trace_etcd.h"
#include "sim/trace_json.h"

static bool wants(const struct sim_trace *trace, enum sim_trace_format format)
{
    return trace->format == format && sim_trace_wants_text(trace);
}

bool sim_trace_wants_records(const struct sim_trace *trace)
{
    return trace->format != SIM_TRACE_STORY && sim_trace_wants_text(trace);
}

void sim_trace_run(struct sim_trace *trace, const struct sim_trace_run *run)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__run(trace, run);
    } else if (wants(trace, SIM_TRACE_ETCD_TLA)) {
        trace_etcd__run(trace, run);
    }
}

void sim_trace_life(struct sim_trace *trace, struct sim_trace_moment at,
                    const struct sim_trace_life *life)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__life(trace, at, life);
    } else if (wants(trace, SIM_TRACE_ETCD_TLA)) {
        trace_etcd__life(trace, life);
    }
}

void sim_trace_durable(struct sim_trace *trace, struct sim_trace_moment at,
                       const struct sim_trace_durable *durable)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__durable(trace, at, durable);
    } else if (wants(trace, SIM_TRACE_ETCD_TLA)) {
        trace_etcd__durable(trace, durable);
    }
}

void sim_trace_leave(struct sim_trace *trace, struct sim_trace_moment at,
                     uint32_t from, uint32_t to, const uint8_t *bytes,
                     size_t size)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__leave(trace, at, from, to, bytes, size);
    } else if (wants(trace, SIM_TRACE_ETCD_TLA)) {
        trace_etcd__leave(trace, from);
    }
}

void sim_trace_crash(struct sim_trace *trace, struct sim_trace_moment at,
                     uint32_t node)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__crash(trace, at, node);
    }
}

void sim_trace_call(struct sim_trace *trace, struct sim_trace_moment at,
                    const struct sim_trace_call *call)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__call(trace, at, call);
    }
}

void sim_trace_answer(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_trace_answer *answer)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__answer(trace, at, answer);
    }
}

void sim_trace_wait(struct sim_trace *trace, struct sim_trace_moment at,
                    uint64_t number, const uint8_t *command, size_t size,
                    uint64_t deadline_us)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__wait(trace, at, number, command, size, deadline_us);
    }
}

void sim_trace_wait_off(struct sim_trace *trace, struct sim_trace_moment at,
                        uint64_t number)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__number(trace, at, "wait_off", number);
    }
}

void sim_trace_deadline(struct sim_trace *trace, struct sim_trace_moment at,
                        uint64_t number)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__number(trace, at, "deadline", number);
    }
}

void sim_trace_end(struct sim_trace *trace, struct sim_trace_moment at,
                   bool complete)
{
    if (wants(trace, SIM_TRACE_JSONL)) {
        trace_json__end(trace, at, complete);
    }
}
