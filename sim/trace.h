/* The record of a run: a hash over every step, and a story for people, or in
 * its place one of two formats for programs (sim/trace_json.h and
 * sim/trace_etcd.h), which are told more than the steps (sim/trace_records.h).
 *
 * The hash folds in each step completely: its number and time, the node, the
 * input with its bytes, the outputs in order with their bytes, entries and
 * snapshots, and the view after. Two runs with the same hash did the same.
 * Whether text is made changes nothing in it.
 *
 * The story has a few lines a step, in Raft's words: what the node got, what it
 * became, what it wrote, sent, committed and applied.
 *
 *   [   0.152340] 2  timer: heard from no leader, asks for pre-votes in term 0
 *   [   0.152340] 2  -> 1  pre_vote_request: term 1, …
 *   [   0.154812] 1  <- 2  pre_vote_request: term 1, …
 *   [   0.160001] 2  becomes leader of term 1
 *   [   0.160001] 2  writes #4: entry 1 of term 1
 *   [   0.161230] 2  write 4 durable
 *   [   0.900120] 2  is asked for members 1, 2, 3, 4; joint
 *   [   0.900120] 2  members by its log are now 1, 2, 3, 4 with … (entry 17)
 *   [   0.950000] 2  makes a snapshot up to 40 (120 bytes), keeps entries …
 *   [   0.959500] -- key k3: client 8 asks to read, node 2 first
 *   [   0.960000] 2  is asked for a read by client 8
 *   [   0.962115] 2  may answer the earlier read of client 8 at 40
 *   [   0.962615] -- key k3: client 8 read v46 (written by client 1) from …
 *   [   1.000000] -- crash: node 2, unfinished writes lost (/nemeses/5)
 *
 * Times are virtual seconds; "--" is what happens to the world and not in a
 * node. Deadlines are left out. A line longer than the buffer is cut; memory is
 * taken only when the trace is created. (The formats for programs cut nothing,
 * and take memory as they need it.)
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "sim/hash.h"
#include "sim/node.h"
#include "sim/simulation.h"

/* One step, while its input and outputs are still valid. */
struct sim_trace_step {
    uint64_t step; /* from 1 */
    uint64_t time_us;
    uint32_t node;
    const struct sim_input *input;
    const struct sim_outputs *outputs;
    const struct sim_view *before; /* the input */
    const struct sim_view *after;
    /* What type->members() gives; NULL if that did not change in this step.
     * For the story only. */
    const struct sim_configuration *members;
};

/* Is told of each step as soon as it is in the hash, and after its text,
 * whether text is made or not. Derive from it to add context. */
struct sim_step_watcher {
    void (*step)(struct sim_step_watcher *self,
                 const struct sim_trace_step *step, uint64_t hash);
};

/* What a step is made of, besides its number. */
enum sim_step_part {
    SIM_PART_MOMENT, /* its time and node */
    SIM_PART_INPUT,
    SIM_PART_OUTPUTS,
    SIM_PART_STATE, /* the view after it */
    SIM_PART_COUNT,
};

struct sim_trace;

/* A trace of nodes of `node_type`. Text goes to `sink` (NULL: none is made),
 * beginning with the step `from_step`, and with the events directly before it;
 * both outlive the trace. */
struct sim_trace *sim_trace_new(const struct sim_node_type *node_type,
                                struct sim_trace_sink *sink,
                                uint64_t from_step);

/* The text is in this format, not in that of the story. Before any call below.
 */
void sim_trace_set_format(struct sim_trace *trace,
                          enum sim_trace_format format);

/* What goes into a step is known, before what comes out of it: `step` has no
 * outputs and no view yet. May be left out; then sim_trace_step() does it. A
 * step that is begun and never taken leaves no trace. */
void sim_trace_begin_step(struct sim_trace *trace,
                          const struct sim_trace_step *step);

/* Takes one step: into the hash, and as one record of text. */
void sim_trace_step(struct sim_trace *trace, const struct sim_trace_step *step);

/* From now on `hearer` gets the words of each sim_trace_event(), without its
 * time, whether text is made or not; it outlives the trace. */
void sim_trace_set_hearer(struct sim_trace *trace,
                          struct sim_trace_sink *hearer);

/* No hash is made: it stays what it is for no step. */
void sim_trace_leave_unhashed(struct sim_trace *trace);

/* From now on `watcher` is told of each step; it outlives the trace. NULL:
 * nobody is. */
void sim_trace_set_watcher(struct sim_trace *trace,
                           struct sim_step_watcher *watcher);

/* A hash over one part of a step alone. */
uint64_t sim_trace_part_hash(const struct sim_trace_step *step,
                             enum sim_step_part part);

/* Whether text is wanted now: to spare the caller preparing it. */
bool sim_trace_wants_text(const struct sim_trace *trace);

/* The same of an event of the world, which may have a hearer. */
bool sim_trace_wants_event(const struct sim_trace *trace);

/* Until the next call, lines about the world end with the place in the scenario
 * that caused them, " (/faults/2)": item `place` of `list`, a string literal.
 * NULL: nothing in it did. */
void sim_trace_set_cause(struct sim_trace *trace, const char *list,
                         uint32_t place);

/* One line about the world: faults and what came of them. `format` is printf's,
 * without a newline: "crash: node %u". Not in the hash. */
void sim_trace_event(struct sim_trace *trace, uint64_t time_us,
                     const char *format, ...);

/* The same line about a client; it has no hearer. */
void sim_trace_client_event(struct sim_trace *trace, uint64_t time_us,
                            const char *format, ...);

/* One line about a message that the network holds, loses, doubles or lets go:
 * "-- 2 -> 1  append_request lost: term 3, …". `fate` is a word or two. Not in
 * the hash. */
void sim_trace_message(struct sim_trace *trace, uint64_t time_us, uint32_t from,
                       uint32_t to, const uint8_t *bytes, size_t size,
                       const char *fate);

/* The hash over all the steps so far. */
uint64_t sim_trace_hash(const struct sim_trace *trace);

void sim_trace_free(struct sim_trace *trace);

#endif
