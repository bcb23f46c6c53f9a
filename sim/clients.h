/* The clients: who asks for what from which server, and when.
 *
 * Each client has at most one command outstanding. It asks one server, follows
 * the hint of a server that is not the leader, and on silence or a refusal asks
 * the next server, with short pauses that grow to a bound, until the command is
 * done, or given up. A retried command keeps its session and number, so that it
 * is applied once; a read is asked anew.
 *
 * Three sorts of clients share this logic:
 *   - those of the workload (struct sim_workload), numbers 0 to clients - 1: a
 *     random operation by its weights on a random key of `keys`, random value
 *     bytes; the next command begins an exponential time after the one before
 *     was begun, but not before its answer; with an interval of 0 at once after
 *     it, but at most one command a microsecond, so that time goes on where
 *     nothing takes any. From `stop_us` on nothing new is begun; what is
 *     outstanding is finished. Where the nodes offer sessions, and the workload
 *     wants them, a client opens one before its first command, and another
 *     where it learns that its own has expired: what became of the command
 *     under way is then not known;
 *   - the probe, which tests whether the cluster makes progress: one command
 *     each time it is started, whatever the workload; without a session;
 *   - those of the script: one operation each, without a session; or, where
 *     it gives them names, one after the other, with a session.
 *
 * Nothing here has a queue or a clock. Each call fills an action, and the
 * simulation does what it says: hands the request to the server (after the
 * client's link's delay, if the server is up: a server that is down is silence)
 * and calls sim_clients_wake() at the time it asks for.
 *
 * A client's commands come from its own stream, one draw after the other: the
 * operation, the key, the value's bytes (8 a draw), for a read that asks a
 * majority the server to ask first, the time to the next command. Whatever else
 * is asked for goes first to the server asked last. Retries and sessions take
 * nothing from the stream: what a client asks for does not depend on what
 * became of the command before, except for the value that a compare-and-set
 * expects, which is the one that the client saw last for the key, or wrote.
 *
 * All that the clients of the workload and the script ask for and are told goes
 * into a history (sim/linearizability.h); keys and values are numbered there as
 * they come. In a long run the history forgets what is judged, and a value that
 * is of no register any more loses its number: if it comes again, it is taken
 * for a new one.
 */
#ifndef SIM_CLIENTS_H
#define SIM_CLIENTS_H

#include "sim/linearizability.h"
#include "sim/recording.h"
#include "sim/scenario.h"

/* No time at all. */
#define SIM_NEVER UINT64_MAX

enum sim_request_kind {
    SIM_REQUEST_COMMAND,    /* propose `data` */
    SIM_REQUEST_SESSION,    /* open a session */
    SIM_REQUEST_READ,       /* read the key of `data`, a SIM_COMMAND_GET */
    SIM_REQUEST_READ_LEASE, /* the same, by lease where one holds */
};

/* Not an operation of the history. */
#define SIM_NO_OPERATION UINT32_MAX

/* What the simulation is to do for a client. */
struct sim_client_action {
    uint32_t client; /* whose action it is: for sim_clients_wake() */
    bool send;       /* hand the request to `node` */
    enum sim_request_kind request;
    uint64_t session;    /* SIM_REQUEST_COMMAND; 0: none */
    uint64_t sequence;   /* in the session; 0 without one */
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
    uint32_t ended; /* the operation of the history that this call brought to
                       its end; SIM_NO_OPERATION */
    uint32_t begun; /* the one that begins with what is sent; the same */
    const struct sim_clients *clients; /* who know the words for these two;
                                          NULL: nothing is to be told */
};

enum sim_answer {
    SIM_ANSWER_DONE,       /* applied, read, or opened */
    SIM_ANSWER_NOT_LEADER, /* not taken; or a read that came to nothing */
    SIM_ANSWER_LATER,      /* not taken now, by the leader */
    SIM_ANSWER_UNKNOWN,    /* taken, then out of sight: the server lost its
                              leadership, or another entry has its index */
    SIM_ANSWER_EXPIRED,    /* the command's session is not open any more */
};

/* A server's answer to the attempt `tag`. */
struct sim_reply {
    enum sim_answer answer;
    uint64_t tag;
    uint32_t node;            /* the server; SIM_NONE: not known */
    uint32_t leader;          /* NOT_LEADER: the one it knows, or SIM_NONE */
    enum sim_history_way way; /* DONE, for a read: how it came to its answer */
    uint64_t session;         /* DONE, for SIM_REQUEST_SESSION: its name */
    bool success; /* DONE, for a command: see struct sim_kv_answer; a read
                     is answered with success */
    bool has_value;
    const uint8_t *value;
    uint32_t value_size;
};

/* The probe's and the script's commands are not in the first four. */
struct sim_clients_counters {
    uint64_t begun;           /* commands of the workload, reads included */
    uint64_t answered;        /* of those, done */
    uint64_t given_up;        /* of those, never to be known */
    uint64_t retries;         /* of those, second and later attempts */
    uint64_t reads;           /* answered, not through the log */
    uint64_t reads_logged;    /* answered, through the log */
    uint64_t reads_timed_out; /* how often a server that was asked for a read
                                 other than through the log was silent for too
                                 long: until the timeout, or the giving up */
    uint64_t sessions;        /* opened */
    uint64_t scripted;        /* commands of the script, reads included */
    uint64_t scripted_answered;
};

struct sim_clients;

/* The clients of a run, on nodes with these SIM_FEATURE_…s: without READS, all
 * reads go through the log; without SESSIONS there are none. `workload` is
 * copied. */
struct sim_clients *sim_clients_new(const struct sim_workload *workload,
                                    uint32_t n_nodes, uint32_t features,
                                    uint64_t seed);

/* What is drawn for clients is recorded, or comes from there. Before anything
 * else is done with them. */
void sim_clients_record(struct sim_clients *clients,
                        struct sim_recording *recording);

/* Starts the clients of the workload: call once for each `client` of it, at
 * time 0; asks to be woken. */
void sim_clients_start(struct sim_clients *clients, uint32_t client,
                       struct sim_client_action *action);

/* Starts the probe with a new command at `now_us`. Whatever it was still
 * waiting for is given up. */
void sim_clients_probe_start(struct sim_clients *clients, uint64_t now_us,
                             struct sim_client_action *action);

/* What the script asks for. The strings are copied. */
struct sim_client_order {
    enum sim_operation operation;
    uint32_t node; /* is asked first; SIM_NONE: any */
    const char *key;
    const char *value; /* to write; NULL: a random one of the workload's size */
    uint32_t name;     /* of the client; 0: one that does nothing else */
};

/* Does so at `now_us`. A client with a name has a session, as those of the
 * workload have; whatever it was still waiting for is given up. */
void sim_clients_order(struct sim_clients *clients, uint64_t now_us,
                       const struct sim_client_order *order,
                       struct sim_client_action *action);

/* The same, to set a key, by a client without a name. */
void sim_clients_propose(struct sim_clients *clients, uint64_t now_us,
                         uint32_t node, const char *key, const char *value,
                         struct sim_client_action *action);

/* The time an action asked for has come. A time that was replaced since does
 * nothing: events need not be taken out of a queue. */
void sim_clients_wake(struct sim_clients *clients, uint32_t client,
                      uint64_t now_us, struct sim_client_action *action);

/* A server answered. A late answer to an older attempt of the same command
 * counts if it says that the command is done, or that its session is closed. */
void sim_clients_answer(struct sim_clients *clients,
                        const struct sim_reply *reply, uint64_t now_us,
                        struct sim_client_action *action);

/* The client whose attempt has this tag. */
uint32_t sim_clients_number(uint64_t tag);

/* Whether the probe's latest command is done. */
bool sim_clients_probe_done(const struct sim_clients *clients);

/* How many clients, the probe left out, wait for an answer or will ask again.
 */
uint32_t sim_clients_outstanding(const struct sim_clients *clients);

struct sim_clients_counters
sim_clients_count(const struct sim_clients *clients);

/* What they asked for and were told so far, as far as it is kept. Owned by the
 * clients. */
const struct sim_history *
sim_clients_history(const struct sim_clients *clients);

/* The bytes of the history's numbers: of a key, 1 or more; of a value, NULL for
 * 0, which is that there is none. Owned by the clients, and valid until they
 * are called to do something. */
const uint8_t *sim_clients_key(const struct sim_clients *clients, uint64_t key,
                               uint32_t *size);
const uint8_t *sim_clients_value(const struct sim_clients *clients,
                                 uint64_t value, uint32_t *size);

/* The words for the history's numbers: keys are told as they are, "k3"; values
 * by the order in which they turned up, "v17", or "v17 = hello" if the bytes
 * are short and readable. A value's origin, " (written by client 2)", is who
 * first asked to write it. */
struct sim_clients_words {
    struct sim_history_words base;
    const struct sim_clients *clients;
};

struct sim_clients_words sim_clients_words(const struct sim_clients *clients);

/* Long enough for an operation's words. */
#define SIM_OPERATION_TEXT_SIZE 384u

/* One operation that is kept for people, by sim_history_describe(), in these
 * words. `text` has room for SIM_OPERATION_TEXT_SIZE bytes. Returns it. */
const char *sim_clients_describe(const struct sim_clients *clients,
                                 uint32_t operation, char *text);

void sim_clients_free(struct sim_clients *clients);

#endif
