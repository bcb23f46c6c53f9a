/* What the formats for programs tell beside the steps (sim/trace.h): what lay
 * on disks, what became durable, what left, what clients asked for and were
 * told, and when progress was waited for. Together with the steps it is enough
 * to judge every property from outside. The story has lines of its own for what
 * people want of it; for it these calls do nothing.
 *
 * Nothing here is in the hash, and nothing here changes the run.
 */
#ifndef SIM_TRACE_RECORDS_H
#define SIM_TRACE_RECORDS_H

#include "sim/linearizability.h"
#include "sim/trace.h"

/* When something happened that is no step: at `time_us`, after the step
 * `step`. */
struct sim_trace_moment {
    uint64_t step;
    uint64_t time_us;
};

/* A run, before anything happened. */
struct sim_trace_run {
    const struct sim_scenario *scenario;
    uint64_t seed;
    const struct sim_configuration *members; /* of the empty log */
};

/* A life of a node begins. */
struct sim_trace_life {
    uint32_t node;
    uint32_t life;                           /* 1, 2, 3 ... */
    const struct sim_image *image;           /* what was on its disk */
    const struct sim_view *view;             /* of the node as created */
    const struct sim_configuration *members; /* what it says of them */
};

/* A write, or in a crash the first parts of one, reached the disk. */
struct sim_trace_durable {
    uint32_t node;
    uint64_t write_id;
    bool crash;      /* it survived one; the node never heard of it */
    bool hard_state; /* these parts of the write are durable */
    bool snapshot;
    bool truncated; /* so is its truncation, and it had one to make */
    bool dropped;
    uint64_t n_entries; /* so are the first of its entries */
};

/* A client asks for something: the `number`th operation of the history. */
struct sim_trace_call {
    uint32_t number;
    uint32_t client;
    enum sim_history_kind kind;
    const uint8_t *key, *value, *expected; /* value and expected: NULL where the
                                              kind has none; expected: also
                                              where the key shall have none */
    uint32_t key_size, value_size, expected_size;
};

/* And is told this. */
struct sim_trace_answer {
    uint32_t number;
    uint32_t node; /* who told it */
    enum sim_history_kind kind;
    bool succeeded;       /* a compare-and-set */
    const uint8_t *value; /* read; a compare-and-set's value before it. NULL:
                             there is none */
    uint32_t value_size;
};

/* Whether the calls below make anything: to spare the caller preparing them. */
bool sim_trace_wants_records(const struct sim_trace *trace);

/* The first record. */
void sim_trace_run(struct sim_trace *trace, const struct sim_trace_run *run);

/* Before the step that starts the node. */
void sim_trace_life(struct sim_trace *trace, struct sim_trace_moment at,
                    const struct sim_trace_life *life);

void sim_trace_durable(struct sim_trace *trace, struct sim_trace_moment at,
                       const struct sim_trace_durable *durable);

/* A message leaves its machine: what it promises has to be so by now. */
void sim_trace_leave(struct sim_trace *trace, struct sim_trace_moment at,
                     uint32_t from, uint32_t to, const uint8_t *bytes,
                     size_t size);

/* The node is gone; what survived of its writes was told before. */
void sim_trace_crash(struct sim_trace *trace, struct sim_trace_moment at,
                     uint32_t node);

void sim_trace_call(struct sim_trace *trace, struct sim_trace_moment at,
                    const struct sim_trace_call *call);
void sim_trace_answer(struct sim_trace *trace, struct sim_trace_moment at,
                      const struct sim_trace_answer *answer);

/* The wait `number` for progress begins, in place of any other: `command` was
 * proposed and has until `deadline_us`. */
void sim_trace_wait(struct sim_trace *trace, struct sim_trace_moment at,
                    uint64_t number, const uint8_t *command, size_t size,
                    uint64_t deadline_us);

/* The wait is over, unjudged: something is wrong again. */
void sim_trace_wait_off(struct sim_trace *trace, struct sim_trace_moment at,
                        uint64_t number);

/* The deadline of the wait `number` has come, reached, off or not. */
void sim_trace_deadline(struct sim_trace *trace, struct sim_trace_moment at,
                        uint64_t number);

/* The run is over. `complete`: it came to its own end, and the clients' history
 * is judged. */
void sim_trace_end(struct sim_trace *trace, struct sim_trace_moment at,
                   bool complete);

#endif
