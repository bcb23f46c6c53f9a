/* A run: a scenario, a seed, and the nodes, network, disks, clocks, clients and
 * faults that come of them, on one virtual clock.
 *
 * The same scenario, seed and build of the node give the same run, event for
 * event, on every compiler and machine. Checks and traces observe: turning them
 * on or off leaves the run and its hash as they were.
 */
#ifndef SIM_SIMULATION_H
#define SIM_SIMULATION_H

#include "sim/checker.h"
#include "sim/linearizability.h"
#include "sim/node.h"
#include "sim/recording.h"
#include "sim/scenario.h"
#include "sim/situations.h"

struct sim_simulation;

/* Takes the text of one record of the trace: one or more lines, each ended by a
 * newline. Derive from it to add context. */
struct sim_trace_sink {
    void (*line)(struct sim_trace_sink *self, const char *text, size_t size);
};

struct sim_step_watcher; /* sim/trace.h */

/* How a trace is written: see sim/trace.h. */
enum sim_trace_format {
    SIM_TRACE_STORY,    /* for people */
    SIM_TRACE_JSONL,    /* for programs that judge: sim/trace_json.h */
    SIM_TRACE_ETCD_TLA, /* for a TLA+ specification: sim/trace_etcd.h */
};

struct sim_options {
    uint64_t seed;
    const struct sim_node_type *node_type; /* whose Raft */
    bool checks;                  /* of properties, and situations; true
                                     unless measuring what they cost */
    bool explain;                 /* beside checks: keep what
                                     sim_simulation_tell_why() needs */
    struct sim_trace_sink *trace; /* NULL: no text is made */
    enum sim_trace_format trace_format;
    uint64_t trace_from_step; /* the first step whose text is wanted; of a
                                 format for programs that is all */
    uint64_t max_steps;       /* then it ends, undecided; SIM_UNLIMITED */
    struct sim_recording *recording;  /* written, or followed; outlives the run.
                                         NULL: neither */
    struct sim_step_watcher *watcher; /* told of each step, and outlives the
                                         run. NULL: nobody is */
    uint64_t max_time_us;   /* nothing later happens: it ends before, undecided;
                               virtual; 0: no limit */
    uint32_t reclaim_every; /* memory is looked at for what can be let go when
                               so many log entries came; 0: now and then. No
                               result depends on it */
    bool unhashed; /* sim_result's hash is not made; false unless measuring what
                      it costs */
};

enum sim_verdict {
    SIM_VERDICT_RUNNING,     /* not at its end yet */
    SIM_VERDICT_AS_EXPECTED, /* exit code 0 */
    SIM_VERDICT_UNEXPECTED,  /* a violation, or an unmet expectation: 1 */
    SIM_VERDICT_CONTRACT,    /* a node or the simulator broke its contract: 3 */
    SIM_VERDICT_STEP_LIMIT,  /* max_steps reached: undecided, 1 */
    SIM_VERDICT_TIME_LIMIT,  /* max_time_us reached: undecided, 1 */
};

/* An expectation that was not met, or a step of the script that never
 * happened. */
struct sim_unmet {
    char pointer[64]; /* where in the scenario: "/expect/commits_at_least" */
    char text[320];   /* "expected at least 100 commits, saw 3" */
};

#define SIM_MAX_UNMET 16u

/* What became of reads, by each time that a server was asked. */
struct sim_read_counts {
    uint64_t by_way[SIM_WAY_COUNT]; /* answered; all but SIM_WAY_LOG together
                                       are sim_result's `reads` */
    uint64_t refused; /* by the server, at once or later; not through the log */
    uint64_t timed_out; /* the server was silent for too long; the same */
};

struct sim_result {
    enum sim_verdict verdict;
    uint64_t seed;
    uint64_t time_us; /* virtual */
    uint64_t steps;
    uint64_t hash;      /* over every step */
    uint64_t elections; /* leaders elected */
    uint64_t highest_term;
    uint64_t commits; /* entries known to be committed, no-ops included */
    uint64_t crashes, restarts, faults; /* faults: actions that took effect,
                                           random ones included */
    uint64_t wishes;                    /* made of members and leaders, */
    uint64_t wishes_true;               /* that came true, */
    uint64_t wishes_refused; /* that were refused and not tried again */
    uint64_t messages_sent, messages_delivered, messages_dropped,
        messages_duplicated;
    uint64_t bytes_sent;  /* of all messages */
    uint64_t observed_us; /* until the scenario's duration was over, or the run
                             before that: of which, */
    uint64_t leaderless_us; /* how long nobody led, until the scenario's
                               duration was over */
    uint64_t recoveries;    /* from damages: see sim/service.h */
    uint64_t recovery_us;   /* of all of them together, */
    uint64_t longest_recovery_us;
    uint64_t writes;         /* finished */
    uint64_t write_errors;   /* batches of writes that failed */
    uint64_t torn_records;   /* found at a start, and dropped */
    uint64_t refused_starts; /* nodes that will not start any more: their disks
                                have rotten */
    uint64_t proposals, proposals_answered; /* what the clients asked for, reads
                                               included */
    uint64_t snapshots; /* made by nodes of their own state machine */
    uint64_t installs;  /* taken over from a leader */
    uint64_t reads;     /* answered, other than through the log */
    struct sim_read_counts read_counts;
    uint64_t sessions;       /* that clients opened */
    uint64_t configurations; /* that leaders appended to their logs, those that
                                end a joint one included */
    uint64_t history;        /* operations of clients whose order was judged */
    uint64_t evaluated[SIM_PROPERTY_COUNT];
    uint64_t situations[SIM_SITUATION_COUNT]; /* how often each was reached;
                                                 none without checks */
    bool violated; /* then `violation` is the first */
    struct sim_violation violation;
    struct sim_unmet unmet[SIM_MAX_UNMET];
    uint32_t n_unmet;
    char contract[256]; /* SIM_VERDICT_CONTRACT: which call, what it did */
    const char *contract_kind; /* the same, its words as a format of printf().
                                  Lives for ever */
};

/* `scenario` must outlive the run. */
struct sim_simulation *sim_simulation_new(const struct sim_scenario *scenario,
                                          const struct sim_options *options);

/* Goes on for at most `events` events, most of which are a step (so that the
 * caller can show progress or be interrupted between). SIM_VERDICT_RUNNING
 * until the run's end. */
enum sim_verdict sim_simulation_advance(struct sim_simulation *simulation,
                                        uint64_t events);

/* What is known so far. Valid until the next call. */
const struct sim_result *
sim_simulation_result(struct sim_simulation *simulation);

/* Where a run is; may be asked at any moment, in a signal handler as well. */
struct sim_whereabouts {
    uint64_t step;
    uint64_t time_us; /* virtual */
    uint32_t node;    /* one of whose functions is being called, or SIM_NONE */
};

struct sim_whereabouts
sim_simulation_whereabouts(const struct sim_simulation *simulation);

struct sim_why_story;

/* The story (sim/why.h) of the violation, or the broken contract, that ended a
 * run with `explain`, in at most `max_lines` lines (0: as many as there are).
 * To be freed with sim_why_story_free(). False, and nothing is told, if there
 * was none. */
bool sim_simulation_tell_why(struct sim_simulation *simulation,
                             size_t max_lines, struct sim_why_story *story);

void sim_simulation_free(struct sim_simulation *simulation);

#endif
