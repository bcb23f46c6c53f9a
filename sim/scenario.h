/* A scenario: what a run is made of, as read from a JSON file.
 *
 * The structs here are the format, key by key; the file's form of each value
 * is given beside it. Forms used throughout:
 *   duration      "150ms", also us, ms, s, m, h; decimals allowed ("1.5s")
 *   distribution  a duration, or {"uniform": [d, d]}, {"exponential": d}
 *                 (with "minimum": d), {"percentiles": {"0": d, …, "100": d}}
 *   chance        "2.5%", "300ppm"; 0 and 1 as numbers
 *   nodes         3, "leader", or a list of such (see sim_target_kind)
 *   any scalar or distribution under /nodes, /raft, /members, /snapshots,
 *   /network, /disk, /clocks, /workload and /nemeses may be {"one_of": [v, v,
 *   …]}: each seed draws one; who is listed in /members is not drawn. What is
 *   drawn depends on the seed and on the JSON pointer of the list (of the
 *   value, for "chance"): one choice more elsewhere moves nothing. Where /nodes
 *   is drawn, numbers up to its largest alternative are valid; those beyond
 *   what was drawn name nobody.
 *   "comment" (a string) may stand beside the keys of any step, nemesis,
 *   member, link, clock, initial log and expectation.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim/checker.h"
#include "sim/distribution.h"
#include "sim/node.h"
#include "sim/scenario_actions.h"

/* --- when ---------------------------------------------------------------- */

enum sim_trigger_kind {
    SIM_TRIGGER_AT,    /* "at": duration since the start */
    SIM_TRIGGER_AFTER, /* "after" alone: since the step above happened; since
                          the start for the first */
    SIM_TRIGGER_WHEN,  /* "when": an event, counted from the moment at which the
                          step above happened; with "after": that much later */
};

enum sim_event_kind {
    SIM_EVENT_LEADER_ELECTED, /* {"leader_elected": node or "any"}; "term" */
    SIM_EVENT_COMMITTED,  /* {"committed": index}; "node": by that node, else
                             by any */
    SIM_EVENT_STORED,     /* {"stored": index, "node": n}: durable there */
    SIM_EVENT_TERM,       /* {"term_reached": term}; "node" */
    SIM_EVENT_SENT,       /* {"sent": kind}; "from", "to": given to the
                             network */
    SIM_EVENT_RECEIVED,   /* {"received": kind}; "from", "to" */
    SIM_EVENT_WRITING,    /* {"writing": node or "any"}; "what": "vote",
                             "entries", "snapshot" or "anything": handed to the
                             disk, not yet durable */
    SIM_EVENT_CONFIGURED, /* {"configured": node or "any"}; "joint": true or
                             false: its members by its log are other ones now */
    SIM_EVENT_RESTORED,   /* {"restored": node or "any"}: its state machine
                             became a snapshot's, not at the start of a life */
    SIM_EVENT_RESTARTED,  /* {"restarted": node or "any"}: it runs again after
                             it was down */
};

enum sim_writing {
    SIM_WRITING_ANYTHING,
    SIM_WRITING_VOTE,
    SIM_WRITING_ENTRIES,
    SIM_WRITING_SNAPSHOT
};

struct sim_trigger {
    enum sim_trigger_kind kind;
    uint64_t at_us;
    uint64_t after_us;
    enum sim_event_kind event;
    uint32_t node; /* SIM_NONE: any */
    uint32_t from, to;
    uint64_t term; /* 0: any */
    uint64_t index;
    enum sim_message_kind message;
    enum sim_writing writing;
    bool has_joint, joint; /* configured */
};

/* A step of the script: /faults. The script runs from top to bottom where
 * "when" and "after" are used; "at" steps happen at their time whatever stands
 * above. A step whose target does not exist yet (no leader) waits for it. A
 * step that never happened fails the run unless it is "optional". */
struct sim_fault {
    struct sim_trigger trigger;
    struct sim_action action;
    bool has_duration; /* "for": duration: undone after it */
    uint64_t duration_us;
    bool optional;
};

/* A random fault: /nemeses. Same actions; a missing target skips a turn. Either
 * its turns come at intervals, or whenever an event happens. */
struct sim_nemesis {
    struct sim_action action;
    struct sim_distribution every; /* "every": from one start to the next */
    bool has_trigger;
    struct sim_trigger trigger;    /* "when": an event */
    uint32_t odds_ppm;             /* "odds" that it acts on one; default 1 */
    struct sim_distribution after; /* "after": how much later; default 0 */
    bool has_duration;
    struct sim_distribution duration; /* "for" */
    uint64_t from_us;                 /* "from", default 0 */
    uint64_t until_us;                /* "until", default the run's end */
    bool enabled; /* "chance" that this seed has it at all, drawn; default 1 */
};

/* --- the stage ----------------------------------------------------------- */

/* /network/links: [{"from": 1, "to": [2, 3], "both_ways": true, "delay",
 * "drop", "duplicate", "bandwidth"}]: what differs from /network. */
struct sim_link_settings {
    struct sim_distribution delay;
    uint32_t drop_ppm;
    uint32_t duplicate_ppm;
    uint64_t bandwidth; /* "10MB/s": bytes a second; 0: unlimited */
};

struct sim_link_override {
    struct sim_targets from, to; /* node numbers or "all" */
    bool both_ways;
    bool has_delay, has_drop, has_duplicate, has_bandwidth;
    struct sim_link_settings settings;
};

/* /network/messages: [{"from": 1, "to": 2, "kind": "append_request", "number":
 * 3, "lost": true}]: what becomes of single messages, whatever chance says; the
 * first rule that covers one decides. "from" and "to" are nodes or "any"; they,
 * "kind" and "number" may be missing: any. The number counts, from 1, what is
 * sent on a link that is not cut: messages of the rule's kind, or all where it
 * has none; a list of two, [3, 5], is a range.
 * Then "lost": true, or "delay": a duration, or "again": a second copy that
 * comes so late ("delay" then says when the first does; without, both come
 * together). What meets a cut is lost whatever a rule says. Rules are not
 * drawn: there is no "one_of" in them. */
struct sim_message_rule {
    uint32_t from, to; /* SIM_NONE: any */
    bool has_kind;
    enum sim_message_kind kind;
    uint64_t first, last; /* numbers, both included */
    bool lost, has_delay, has_again;
    uint64_t delay_us, again_us;
};

/* /clocks: [{"nodes": nodes, "offset": duration, "rate": "10%"}] */
struct sim_clock_setting {
    struct sim_targets nodes; /* node numbers or "all" */
    uint64_t offset_us;
    int32_t rate_ppm;
};

/* What clients ask for. */
enum sim_operation {
    SIM_OPERATION_SET,             /* "set": a random value */
    SIM_OPERATION_COMPARE_AND_SET, /* "compare_and_set": from the value that the
                                      client saw last */
    SIM_OPERATION_READ,       /* "read": at any server, by asking a majority */
    SIM_OPERATION_READ_LEASE, /* "read_lease": by the leader's lease if it holds
                               */
    SIM_OPERATION_READ_LOG,   /* "read_log": as an entry of the log */
    SIM_OPERATION_COUNT
};

/* /members: [1, 2, {"node": 3, "as": "witness", "priority": 7}]: who is a
 * member at the start; at least one is a full voter. Default: all nodes are
 * voters; so too where those listed are beyond the nodes that were drawn. */
struct sim_initial_member {
    uint32_t node;
    enum sim_membership as;
    uint8_t priority; /* default 0 */
};

/* /snapshots: {"every": 1000, "keep": 100}: when a machine has applied so many
 * entries since its last snapshot, it makes one, and keeps so many entries
 * before it. Default: never. */
struct sim_snapshot_policy {
    uint64_t every; /* 0: never; at most 2^53 - 1 */
    uint64_t keep;  /* default 0; at most 2^53 - 1 */
};

/* /workload */
struct sim_workload {
    uint32_t clients;     /* default 2; 0 to 1024; 0: no workload */
    uint64_t interval_us; /* "rate": "200/s" for all clients together, as the
                             mean time between commands of one client; "max":
                             0, the next at once. Default "100/s" */
    uint32_t keys;        /* default 16; 1 to 1000000 */
    uint32_t value_bytes; /* default 16; 0 to 65536 */
    uint64_t timeout_us;  /* default 500ms: then the next server is asked */
    uint64_t start_us;    /* default 0 */
    uint64_t stop_us;     /* default: /duration */
    uint64_t give_up_us;  /* "give_up": from a command's begin until the client
                             goes on to the next, never to know what became of
                             it; default "never": SIM_UNLIMITED */
    bool sessions; /* default true: clients open sessions, where the node offers
                      them, so that a retry is not applied twice */
    uint32_t weights[SIM_OPERATION_COUNT]; /* "operations": {"set": 60,
        "compare_and_set": 10, "read": 30}, the default: each command is one of
        these with a chance by its weight, 0 to 1000000; at least one above 0 */
    struct sim_distribution
        delay; /* client to server and back; default 500us */
    /* Clients begin commands for a time by "busy", default 1s, then none for a
     * time by "silent", default 0s: no silence; and so on. */
    struct sim_distribution busy, silent;
};

/* /initial: [{"node": 1, "term": 8, "vote": 2, "log": [1, 1, 4]}]: the terms of
 * the entries on a disk before the start; equal places hold equal commands. */
struct sim_initial {
    uint32_t node;
    struct sim_hard_state hard_state;
    uint64_t *terms;
    uint32_t n_terms;
};

/* --- the claim ----------------------------------------------------------- */

#define SIM_UNLIMITED UINT64_MAX

struct sim_expect_log {
    uint32_t node;
    uint64_t *terms; /* the log in its memory begins with entries of these */
    uint32_t n_terms;
};

/* What should be true of a stretch of the run. /expect itself is the stretch of
 * the whole run; /expect/during is a list of shorter ones with "from" and
 * "until". */
struct sim_expect_window {
    uint64_t from_us;
    uint64_t until_us; /* SIM_UNLIMITED: the end of the run */
    uint64_t commits_at_least, commits_at_most;
    uint64_t elections_at_least, elections_at_most; /* leaders elected */
    uint64_t terms_at_most; /* how far the highest term rises within it */
    bool has_leader;
    uint32_t leader; /* at its end: the live leader of the highest term; "none"
                        as SIM_NONE */
    bool has_voters;
    struct sim_set voters; /* "voters": [1, 2]: at its end, exactly these, and
                              the members are not joint */
    uint64_t snapshots_at_least; /* made by nodes of their own state machine */
    uint64_t installs_at_least, installs_at_most; /* taken over from a leader */
    uint64_t reads_at_least;          /* answered, other than through the log */
    uint64_t write_errors_at_least;   /* that failed, and were reported so */
    uint64_t torn_records_at_least;   /* found at a start, and dropped */
    uint64_t refused_starts_at_least; /* of nodes whose disk has rotten */
    bool has_leader_within;
    uint64_t leader_within_us;   /* from its start until a live leader exists */
    struct sim_expect_log *logs; /* at its end */
    uint32_t n_logs;
};

struct sim_expect {
    bool violation; /* "violation": a property's name, or "none" (default) */
    enum sim_property property;
    uint64_t progress_within_us; /* default 10s; "never": SIM_UNLIMITED:
                                    nobody waits for progress, and the run ends
                                    with its duration */
    struct sim_expect_window whole;
    struct sim_expect_window *during;
    uint32_t n_during;
};

/* /raft/max_uncommitted_bytes, if nothing is said. */
#define SIM_USUAL_UNCOMMITTED_BYTES (UINT64_C(16) << 20)

struct sim_scenario {
    char *description;
    bool has_seed;
    uint64_t seed; /* "seed": 7 or "18446744073709551615" or "0x…"; default 1 */
    uint32_t nodes;               /* default 3; 1 to SIM_MAX_NODES */
    uint64_t duration_us;         /* default 10s */
    struct sim_node_options raft; /* /raft: id and random_seed unused. Keys:
        "election_timeout": duration (T: T to 2T) or [min, max], default
        ["150ms", "300ms"]; "heartbeat_interval", default 50ms;
        "max_entries_per_message", default 64; "max_bytes_per_message", default
        "64KiB"; "max_inflight_messages", default 16; "max_inflight_bytes",
        default "1MiB"; "max_uncommitted_bytes", default "16MiB";
        "max_pending_reads", default 1024, 1 to 65536; "max_sessions", default
        4096; "pre_vote", "check_quorum", "catch_up" and "priority_takeover",
        default true; "lease_reads", default false (true needs
        check_quorum; where both are drawn, it is false without);
        "clock_drift": a chance's form, below 100%, default "1%";
        "random_seed": what the nodes' own random numbers come from, in place of
        the run's seed */
    bool has_random_seed;         /* /raft/random_seed */
    uint64_t random_seed;
    struct sim_initial_member *members;
    uint32_t n_members; /* 0: all nodes are voters */
    struct sim_snapshot_policy snapshots;
    struct sim_link_settings network; /* delay default {"uniform": ["1ms",
                                         "5ms"]}, no loss, no duplicates */
    bool has_fifo, fifo; /* /network/fifo; default: as the nodes assume */
    struct sim_link_override *links;
    uint32_t n_links;
    struct sim_message_rule *rules;
    uint32_t n_rules;
    struct sim_distribution disk_write;    /* /disk/write, default 20us */
    struct sim_distribution disk_fsync;    /* /disk/fsync, default {"uniform":
                                              ["500us", "2ms"]} */
    uint32_t disk_fsync_error_ppm;         /* /disk/fsync_errors, default 0 */
    enum sim_unfinished unfinished_writes; /* /disk/unfinished_writes */
    struct sim_clock_setting *clocks;
    uint32_t n_clocks;
    struct sim_workload workload;
    struct sim_initial *initial;
    uint32_t n_initial;
    struct sim_fault *faults;
    uint32_t n_faults;
    struct sim_nemesis *nemeses;
    uint32_t n_nemeses;
    struct sim_expect expect;
    struct sim_scenario_memory *memory; /* holds all that is pointed to */
};

/* Why a file was refused; all the faults of a file are reported at once. */
struct sim_scenario_problem {
    char *pointer; /* JSON pointer: "/faults/2/at"; "" for the whole file */
    uint32_t line, column; /* from 1 */
    char *message; /* what was found and what was expected; no newline */
};

struct sim_scenario_problems {
    struct sim_scenario_problem *items; /* by line and column */
    uint32_t count;
};

/* Reads a scenario from `text` (`size` bytes). `seed` draws what the scenario
 * leaves to the seed; NULL: the scenario's own. NULL and the problems if it is
 * not valid; every alternative of a "one_of" is validated. The scenario is
 * freed with sim_scenario_free(). */
struct sim_scenario *sim_scenario_parse(const char *text, size_t size,
                                        const uint64_t *seed,
                                        struct sim_scenario_problems *problems);
void sim_scenario_free(struct sim_scenario *scenario);

/* A text taken apart once, for who reads it with many seeds. */
struct sim_scenario_text;

/* NULL if `text` (`size` bytes, which must outlive it) is no JSON. */
struct sim_scenario_text *sim_scenario_text_new(const char *text, size_t size);

/* The scenario as sim_scenario_parse() gives it, at less cost; NULL if it is
 * not valid, or `text` is NULL: that one says why. */
struct sim_scenario *sim_scenario_text_read(struct sim_scenario_text *text,
                                            const uint64_t *seed);

/* `text` may be NULL. */
void sim_scenario_text_free(struct sim_scenario_text *text);
void sim_scenario_problems_free(struct sim_scenario_problems *problems);

/* "crash": the key of an action. */
const char *sim_action_name(enum sim_action_kind kind);

/* Whether what it does lasts until something ends it: "for", or healing. */
bool sim_action_lasts(const struct sim_action *action);

#endif
