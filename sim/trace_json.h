/* The trace as JSON Lines: all that is needed to judge a run from outside, by a
 * program that has nothing of the simulator. tests/TRACE.md tells each record
 * field by field; tests/second_opinion.py reads them.
 *
 * Each line is one object with a "record": what it is. Numbers are whole and of
 * up to 64 bits; bytes are hexadecimal strings; what is not there is null or
 * left out.
 *
 *   trace_json.c         records beside the steps
 *   trace_json_step.c    steps: the input, the view after, the outputs
 *   trace_json_values.c  entries, configurations, snapshots, messages
 *
 * For the files of the trace only (sim/trace.h).
 */
#ifndef SIM_TRACE_JSON_H
#define SIM_TRACE_JSON_H

#include "sim/trace_internal.h"
#include "sim/trace_records.h"

/* The format's version: it rises when a reader could misread a newer trace. */
#define TRACE_JSON_VERSION 1u

/* --- trace_json.c --------------------------------------------------------- */

void trace_json__run(struct sim_trace *trace, const struct sim_trace_run *run);
void trace_json__life(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_trace_life *life);
void trace_json__durable(struct sim_trace *trace, struct sim_trace_moment at,
                         const struct sim_trace_durable *durable);
void trace_json__leave(struct sim_trace *trace, struct sim_trace_moment at,
                       uint32_t from, uint32_t to, const uint8_t *bytes,
                       size_t size);
void trace_json__crash(struct sim_trace *trace, struct sim_trace_moment at,
                       uint32_t node);
void trace_json__call(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_trace_call *call);
void trace_json__answer(struct sim_trace *trace, struct sim_trace_moment at,
                        const struct sim_trace_answer *answer);
void trace_json__wait(struct sim_trace *trace, struct sim_trace_moment at,
                      uint64_t number, const uint8_t *command, size_t size,
                      uint64_t deadline_us);

/* "wait_off" and "deadline". */
void trace_json__number(struct sim_trace *trace, struct sim_trace_moment at,
                        const char *record, uint64_t number);
void trace_json__end(struct sim_trace *trace, struct sim_trace_moment at,
                     bool complete);

/* A line of the story about the world; what became of a message there. */
void trace_json__event(struct sim_trace *trace, uint64_t time_us,
                       const char *text);
void trace_json__fate(struct sim_trace *trace, uint64_t time_us, uint32_t from,
                      uint32_t to, const uint8_t *bytes, size_t size,
                      const char *fate);

/* Begins a line, and ends one and hands it to the sink. */
void trace_json__begin(struct sim_trace *trace, const char *record);
void trace_json__begin_at(struct sim_trace *trace, const char *record,
                          struct sim_trace_moment at);
void trace_json__end_line(struct sim_trace *trace);

/* --- trace_json_step.c ---------------------------------------------------- */

void trace_json__step(struct sim_trace *trace,
                      const struct sim_trace_step *step);

/* --- trace_json_values.c -------------------------------------------------- */

void trace_json__position(struct sim_trace *trace, const char *name,
                          struct sim_position position);

/* NULL: null, which is members that cannot be read. */
void trace_json__configuration(struct sim_trace *trace, const char *name,
                               const struct sim_configuration *configuration);

/* `verdicts`: as entries of an APPLY have them. */
void trace_json__entries(struct sim_trace *trace, const char *name,
                         const struct sim_entry *entries, uint64_t n,
                         bool verdicts);

/* NULL: null. */
void trace_json__snapshot(struct sim_trace *trace, const char *name,
                          const struct sim_snapshot *snapshot);
void trace_json__message(struct sim_trace *trace, const char *name,
                         const uint8_t *bytes, size_t size);
void trace_json__view(struct sim_trace *trace, const char *name,
                      const struct sim_view *view);

#endif
