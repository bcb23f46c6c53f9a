/* What the files of the trace share: the record of text that is being made. */
#ifndef SIM_TRACE_INTERNAL_H
#define SIM_TRACE_INTERNAL_H

#include <stdarg.h>

#include "sim/json_write.h"
#include "sim/trace.h"

/* A record longer than the first goes to the sink in parts; a line longer than
 * the second, which has room for any configuration, is cut. */
#define TRACE_RECORD_SIZE 16384u
#define TRACE_LINE_SIZE 1280u

struct sim_trace {
    const struct sim_node_type *node_type;
    struct sim_trace_sink *sink;
    struct sim_trace_sink *hearer;    /* of events; NULL: none */
    struct sim_step_watcher *watcher; /* NULL: none */
    enum sim_trace_format format;
    struct sim_json_writer json; /* the line of JSON that is being made */
    struct trace_etcd *etcd;     /* NULL: another format */
    uint64_t from_step;
    bool unhashed;
    uint64_t last_step;
    struct sim_hash hash;
    struct sim_hash begun_hash; /* with the input of step `begun` */
    uint64_t begun;
    const char *cause_list; /* NULL: events have no cause in the scenario */
    uint32_t cause_place;
    size_t size; /* of the record so far, whole lines */
    size_t line; /* of the line being made, which lies after it */
    char record[TRACE_RECORD_SIZE];
};

/* Begins a line about a node, or with SIM_NONE about the world. */
void trace__begin_line(struct sim_trace *trace, uint64_t time_us,
                       uint32_t node);

/* More of that line; `format` is printf's. */
void trace__add(struct sim_trace *trace, const char *format, ...);
void trace__add_list(struct sim_trace *trace, const char *format, va_list list);

/* type->describe(), of SIM_DESCRIPTION_SIZE bytes at most. */
void trace__describe(const struct sim_trace *trace, const uint8_t *bytes,
                     size_t size, char *text);

/* "append_request lost: term 3, …"; a `fate` of NULL is left out. */
void trace__add_message(struct sim_trace *trace, const uint8_t *bytes,
                        size_t size, const char *fate);

/* Ends that line. */
void trace__end_line(struct sim_trace *trace);

/* Hands the lines made so far to the sink. */
void trace__flush(struct sim_trace *trace);

/* A whole line about the step's node. */
void trace__tell(struct sim_trace *trace, const struct sim_trace_step *step,
                 const char *format, ...);

/* "(120 bytes)" */
void trace__add_size(struct sim_trace *trace, size_t size);

/* The lines of one step, as one record. */
void trace__tell_step(struct sim_trace *trace,
                      const struct sim_trace_step *step);

/* Those of one of its outputs. */
void trace__tell_output(struct sim_trace *trace,
                        const struct sim_trace_step *step,
                        const struct sim_output *output);

/* Fold in all that the step is, see sim_trace_step: first what went in, then
 * what came out. */
void trace__fold_input(struct sim_hash *hash,
                       const struct sim_trace_step *step);
void trace__fold_answer(struct sim_hash *hash,
                        const struct sim_trace_step *step);

#endif
