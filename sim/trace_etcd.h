/* The trace as the specification of etcd-io/raft reads it: lines for
 * tla/Traceetcdraft.tla, with which TLC tells whether the run is one that
 * tla/etcdraft.tla allows. Field and event names are those of state_trace.go
 * there ({"tag": "trace", "event": {"name", "nid", "state", "role", "log",
 * "conf", "msg"}}).
 *
 * The specification has steps of its own, smaller than a node's: a step here
 * becomes several lines, each with the state as it is in between. So this file
 * keeps, for each node, the specification's variables beside the node's view,
 * moves them line by line, and compares the two after each step.
 *
 *   here                                  there
 *   a node's first life                   InitState: the initial state
 *   a later life                          InitState: Restart
 *   a message of elections or of the log  Receive…: the state is the one before
 *   its higher term, a candidate's defeat BecomeFollower after it (not looked
 *                                         at: Receive did it)
 *   becoming candidate, however           BecomeCandidate, SendRequestVote…:
 *                                         one to itself is a response
 *   own vote or own entries durable       Receive… of what it sent to itself
 *   becoming leader                       BecomeLeader
 *   a leader's entries                    Replicate each, then
 *                                         SendAppendEntriesResponse to itself
 *   a leader's commit index               Commit
 *   stepping down for other reasons       BecomeFollower
 *   an append_request, a heartbeat, too   SendAppendEntriesRequest, MsgApp
 *   a message leaves, or comes back to    Ready: the state is durable, and all
 *   its sender, or all writes are durable that was sent so far is under way
 *
 * Atomicity. The specification makes a node's whole state durable in one piece,
 * when its messages go out. Here, writes become durable one after the other, a
 * leader's entries travel before they are, and a crash can leave a part. A life
 * that begins from something else than the last Ready has no counterpart. A
 * commit index is durable there and not here: after a restart it is ahead of
 * the node's until that has caught up, and messages are told with it.
 *
 * Not told, because nothing there changes: pre-votes and the role of a
 * pre-candidate (a follower there), reads, leases, sessions, what entries
 * contain, witnesses, timers, snapshots that a node makes of itself (logs are
 * whole there), messages that are lost or that a node does not listen to.
 *
 * No counterpart: members that are not all voters, or that change (there they
 * change when they are applied, here when they are in the log); logs before the
 * start; snapshots that are installed (there in one message, that a node with
 * anything committed ignores); doubled messages; a higher term that a node
 * takes from a message that is not told, such as a refused pre-vote; and a
 * request that begins below the commit index and reaches beyond (there its
 * entries are not looked at, and the answer is the commit index). At the first
 * of these the trace ends, with a line {"tag": "raftsim", "unmapped": why},
 * which the specification skips: what came before is whole.
 *
 * How often. A leader sends requests one after the other, without waiting. On
 * links that reorder (with any delay that is not fixed, so by default), a later
 * one arrives first and is refused; the leader goes back, and sends what the
 * follower has by then: the last of those above. Of 220 traces (the scenarios
 * of tests/test_etcd_trace.py, ten seeds each) 189 end so, half of these before
 * step 200 and thus before anything goes wrong. With a delay of 1 ms on all
 * links 72 end early, half of these after step 4900. For TLC, give a scenario
 * "network": {"delay": "1ms"}.
 *
 *   trace_etcd.c        steps: what is told, and in which order
 *   trace_etcd_lives.c  runs and lives, and what is durable when
 *   trace_etcd_lines.c  the variables of the specification, and lines
 *
 * For the files of the trace only (sim/trace.h).
 */
#ifndef SIM_TRACE_ETCD_H
#define SIM_TRACE_ETCD_H

#include "sim/trace_internal.h"
#include "sim/trace_records.h"

/* --- trace_etcd.c --------------------------------------------------------- */

void trace_etcd__step(struct sim_trace *trace,
                      const struct sim_trace_step *step);

/* --- trace_etcd_lives.c --------------------------------------------------- */

void trace_etcd__run(struct sim_trace *trace, const struct sim_trace_run *run);
void trace_etcd__life(struct sim_trace *trace,
                      const struct sim_trace_life *life);
void trace_etcd__durable(struct sim_trace *trace,
                         const struct sim_trace_durable *durable);
void trace_etcd__leave(struct sim_trace *trace, uint32_t from);

/* What became of a message under way. */
void trace_etcd__fate(struct sim_trace *trace, const char *fate);
void trace_etcd__free(struct trace_etcd *etcd);

/* Whether nothing is told any more: there was no counterpart. */
bool trace_etcd__is_over(const struct sim_trace *trace);

/* --- trace_etcd_lines.c --------------------------------------------------- */

/* What of a node is durable there. */
struct etcd_durable {
    uint64_t term;
    uint32_t vote;
    uint64_t commit;
    struct sim_position last;
};

/* What a node sent to itself, and which write it waits for. */
struct etcd_to_self {
    bool waits;
    uint64_t write_id;
    uint64_t term;
    uint64_t index; /* of an append's answer */
};

/* The specification's variables of a node. */
struct etcd_node {
    enum sim_role role; /* never a pre-candidate */
    uint64_t term;
    uint32_t vote;
    uint64_t commit;
    struct sim_position last;
    struct etcd_durable durable;
    bool pending; /* something was sent since the last Ready */
    uint64_t written, durable_write; /* ids of writes in this life */
    struct etcd_to_self own_vote;
    struct etcd_to_self *own_entries; /* in order */
    size_t n_own, own_capacity;
};

/* A message as TLC compares it. */
struct etcd_message {
    enum sim_message_kind kind; /* a request or response of votes or appends */
    uint32_t from, to;
    uint64_t term;
    uint64_t log_term, index;
    uint64_t commit;
    uint32_t n_entries;
    bool reject;
};

/* A message under way about which the two sides disagree. */
struct etcd_flight {
    struct etcd_message message; /* as the node has it */
    uint64_t value; /* as the specification has it: the commit of a request, the
                       index of a response */
};

struct trace_etcd {
    bool ended;
    uint32_t n;
    struct etcd_node *nodes; /* [1] to [n] */
    struct etcd_flight *flights;
    size_t n_flights, flights_capacity;
};

/* One line: the node's variables as they are, and the message unless NULL. */
void trace_etcd__line(struct sim_trace *trace, uint32_t node, const char *name,
                      const struct etcd_message *message);

/* The last line: `reason` is why. */
void trace_etcd__stop(struct sim_trace *trace, const char *reason);

/* What a message of the node is about; false if it is of no kind that is
 * told. */
bool trace_etcd__read(const struct sim_trace *trace, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t size,
                      struct etcd_message *message);

/* Remembers that the specification has another value in a message than its
 * sender says; and puts it into one that arrives. */
void trace_etcd__differs(struct trace_etcd *etcd,
                         const struct etcd_message *message, uint64_t value);
void trace_etcd__correct(struct trace_etcd *etcd, struct etcd_message *message);

/* "Ready", if there is anything to make durable or to send. */
void trace_etcd__ready(struct sim_trace *trace, uint32_t node);

#endif
