/* The clients: who proposes which command to which server, and when.
 *
 * Each client has at most one command outstanding. It asks one server, follows
 * the hint of a server that is not the leader, and on silence or a refusal asks
 * the next server, with short pauses that grow to a bound, until the command is
 * done. A retried command keeps its sequence, so that it is applied once.
 *
 * Three sorts of clients share this logic:
 *   - those of the workload (struct sim_workload), numbers 0 to clients - 1: a
 *     random key of `keys`, random value bytes; the next command begins an
 *     exponential time after the one before was begun, but not before its
 *     answer; with an interval of 0 at once after it, but at most one command a
 *     microsecond, so that time goes on where nothing takes any. From `stop_us`
 *     on nothing new is begun; what is outstanding is finished;
 *   - the probe, which tests whether the cluster makes progress: one command
 *     each time it is started, whatever the workload;
 *   - the script's proposals: one command each.
 *
 * Nothing here has a queue or a clock. Each call fills an action, and the
 * simulation does what it says: hands the command to the server (after the
 * client's link's delay, if the server is up: a server that is down is silence)
 * and calls sim_clients_wake() at the time it asks for.
 *
 * A client's commands come from its own stream, one draw after the other, and
 * retries take nothing from it: what a client proposes does not depend on
 * what became of the command before.
 */
#ifndef SIM_CLIENTS_H
#define SIM_CLIENTS_H

#include "sim/scenario.h"

/* No time at all. */
#define SIM_NEVER UINT64_MAX

/* What the simulation is to do for a client. */
struct sim_client_action {
    uint32_t client;     /* whose action it is: for sim_clients_wake() */
    bool send;           /* hand the command `data` to `node` */
    uint32_t node;       /* 1 to n_nodes */
    uint64_t tag;        /* names client and attempt: for sim_clients_answer();
                            never 0 */
    const uint8_t *data; /* a command of sim/kv.h, valid until the next command
                            of this client begins */
    uint32_t size;
    uint64_t wake_at_us; /* call sim_clients_wake() then, in place of any time
                            asked for before; SIM_NEVER: what was asked before
                            stands. Always later than the call's now_us, but
                            for the start, which may ask for time 0. */
};

enum sim_answer {
    SIM_ANSWER_DONE,       /* applied */
    SIM_ANSWER_NOT_LEADER, /* not taken */
    SIM_ANSWER_UNKNOWN,    /* taken, then out of sight: the server lost its
                              leadership, or another entry has its index */
};

/* The probe's and the script's commands are not in the first three. */
struct sim_clients_counters {
    uint64_t begun;    /* commands of the workload */
    uint64_t answered; /* of those, done */
    uint64_t retries;  /* of those, second and later attempts */
    uint64_t scripted; /* proposals of the script */
    uint64_t scripted_answered;
};

struct sim_clients;

/* The clients of a run. `workload` is copied. */
struct sim_clients *sim_clients_new(const struct sim_workload *workload,
                                    uint32_t n_nodes, uint64_t seed);

/* Starts the clients of the workload: call once for each `client` of it, at
 * time 0; asks to be woken. */
void sim_clients_start(struct sim_clients *clients, uint32_t client,
                       struct sim_client_action *action);

/* Starts the probe with a new command at `now_us`. Whatever it was still
 * waiting for is given up. */
void sim_clients_probe_start(struct sim_clients *clients, uint64_t now_us,
                             struct sim_client_action *action);

/* Proposes to set `key` to `value` at `now_us`, at `node` first (SIM_NONE:
 * any). The strings are copied. */
void sim_clients_propose(struct sim_clients *clients, uint64_t now_us,
                         uint32_t node, const char *key, const char *value,
                         struct sim_client_action *action);

/* The time an action asked for has come. A time that was replaced since does
 * nothing: events need not be taken out of a queue. */
void sim_clients_wake(struct sim_clients *clients, uint32_t client,
                      uint64_t now_us, struct sim_client_action *action);

/* A server answered to the attempt `tag`; `leader` is the one it knows with
 * SIM_ANSWER_NOT_LEADER, or SIM_NONE. A late answer to an older attempt counts
 * if it says that the command is done. */
void sim_clients_answer(struct sim_clients *clients, uint64_t tag,
                        enum sim_answer answer, uint32_t leader,
                        uint64_t now_us, struct sim_client_action *action);

/* Whether the probe's latest command is done. */
bool sim_clients_probe_done(const struct sim_clients *clients);

/* How many clients, the probe left out, wait for an answer or will ask again.
 */
uint32_t sim_clients_outstanding(const struct sim_clients *clients);

struct sim_clients_counters
sim_clients_count(const struct sim_clients *clients);

void sim_clients_free(struct sim_clients *clients);

#endif
