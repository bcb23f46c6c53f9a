/* Runs and lives of nodes for the trace of etcd-io/raft's specification, and
 * when what they did is durable there. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/trace_etcd.h"

void trace_etcd__run(struct sim_trace *trace, const struct sim_trace_run *run)
{
    uint32_t n = run->scenario->nodes;
    struct trace_etcd *etcd = sim_calloc(1, sizeof *etcd);
    trace->etcd = etcd;
    etcd->n = n;
    etcd->nodes = sim_calloc((size_t)n + 1, sizeof *etcd->nodes);
    if (sim_set_count(&run->members->voters) != n) {
        trace_etcd__stop(trace, "not all nodes are voters");
    } else if (run->scenario->n_initial > 0) {
        trace_etcd__stop(trace, "disks are not empty at the start");
    }
}

void trace_etcd__free(struct trace_etcd *etcd)
{
    if (etcd == NULL) {
        return;
    }
    for (uint32_t node = 1; node <= etcd->n; node++) {
        free(etcd->nodes[node].own_entries);
    }
    free(etcd->nodes);
    free(etcd->flights);
    free(etcd);
}

bool trace_etcd__is_over(const struct sim_trace *trace)
{
    assert(trace->etcd != NULL);
    return trace->etcd->ended;
}

/* Restart: the variables become those that are durable. */
void trace_etcd__life(struct sim_trace *trace,
                      const struct sim_trace_life *life)
{
    if (trace_etcd__is_over(trace)) {
        return;
    }
    struct etcd_node *state = &trace->etcd->nodes[life->node];
    const struct etcd_durable *durable = &state->durable;
    const struct sim_view *view = life->view;
    if (view->hard_state.term != durable->term ||
        view->hard_state.vote != durable->vote ||
        view->last.index != durable->last.index ||
        view->last.term != durable->last.term) {
        trace_etcd__stop(trace, "a crash left another state than the last "
                                "Ready made durable");
        return;
    }
    state->role = SIM_FOLLOWER;
    state->term = durable->term;
    state->vote = durable->vote;
    state->commit = durable->commit;
    state->last = durable->last;
    state->pending = false;
    state->written = 0;
    state->durable_write = 0;
    state->own_vote.waits = false;
    state->n_own = 0;
    trace_etcd__line(trace, life->node, "InitState", NULL);
}

void trace_etcd__durable(struct sim_trace *trace,
                         const struct sim_trace_durable *durable)
{
    if (trace_etcd__is_over(trace)) {
        return;
    }
    struct etcd_node *state = &trace->etcd->nodes[durable->node];
    state->durable_write = durable->write_id;
    if (state->durable_write == state->written) {
        trace_etcd__ready(trace, durable->node);
    }
}

void trace_etcd__leave(struct sim_trace *trace, uint32_t from)
{
    if (!trace_etcd__is_over(trace) && trace->etcd->nodes[from].pending) {
        trace_etcd__ready(trace, from);
    }
}

void trace_etcd__fate(struct sim_trace *trace, const char *fate)
{
    if (!trace_etcd__is_over(trace) && strcmp(fate, "doubled") == 0) {
        trace_etcd__stop(trace, "the network doubled a message");
    }
}
