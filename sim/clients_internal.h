/* What one client is in the middle of; shared by the files of sim/clients.h
 * only:
 *
 *   clients.c           from one command to the next
 *   clients_script.c    what the script asks for
 *   clients_attempts.c  when a server is asked, and which
 *   clients_commands.c  what it is asked for, and what is learned
 */
#ifndef SIM_CLIENTS_INTERNAL_H
#define SIM_CLIENTS_INTERNAL_H

#include "sim/clients.h"
#include "sim/intern.h"
#include "sim/table.h"

enum client_phase {
    CLIENT_RESTING, /* until the next command begins at `wake_at_us` */
    CLIENT_ASKING,  /* a server was asked; the next one is at `wake_at_us` */
    CLIENT_PAUSING, /* the same is asked for again at `wake_at_us` */
    CLIENT_FINISHED,
};

enum client_sort { CLIENT_OF_WORKLOAD, CLIENT_PROBE, CLIENT_OF_SCRIPT };

/* What a client of the script asks for once it has its session. */
struct client_next {
    bool waits;
    enum sim_operation operation;
    char *key, *value; /* owned; no value: NULL */
};

struct client {
    enum client_sort sort;
    uint32_t name; /* of a client of the script; 0: none */
    struct client_next next;
    enum client_phase phase;
    uint64_t wake_at_us; /* SIM_NEVER when finished */
    struct sim_prng prng;

    /* The latest command, or the session that is to be opened for the next. */
    enum sim_request_kind request;
    struct sim_history_request asked; /* not of SIM_REQUEST_SESSION */
    uint32_t operation; /* its number in the history; SIM_NO_OPERATION: it has
                           none, or was answered or given up */
    uint64_t number;    /* of the command; 0: none yet */
    uint64_t session;   /* 0: none */
    uint64_t sequence;  /* of its latest command; 0: none yet */
    uint8_t *data;      /* the command */
    size_t capacity;
    uint32_t size;
    struct sim_table seen; /* keys to their values as last seen or written, both
                              as numbers of 8 bytes */

    /* Its pace. */
    uint64_t due_us;        /* when the next command may begin */
    uint64_t give_up_at_us; /* the latest command; SIM_NEVER: not at all */
    uint64_t timeout_us;
    uint64_t pause_us; /* the next pause */

    /* Its attempts. */
    uint32_t node;          /* asked last, or to be asked */
    uint32_t home;          /* asked last for anything but a read */
    uint32_t attempt;       /* the latest; counts on over all commands */
    uint32_t first_attempt; /* the latest command's first */
    bool hinted; /* a hint was followed since the last pause: two servers that
                    take each other for the leader get one visit each */
};

/* The workload's clients come first, then the probe, then the script's. */
struct sim_clients {
    uint64_t seed; /* of the run: each client has its stream */
    struct sim_recording *recording; /* NULL: none */
    struct sim_workload workload;
    struct sim_distribution gap;
    struct sim_prng silence_prng;
    uint64_t busy_until_us; /* then silence begins; SIM_NEVER: it never does */
    uint64_t silent_until_us; /* that, or the one before, ends */
    uint32_t n_nodes;
    bool have_sessions; /* the workload's clients */
    bool have_reads;    /* other than through the log */
    uint64_t total_weight;
    struct client *items;
    size_t capacity;
    uint32_t count;
    uint32_t outstanding;
    struct sim_clients_counters counters;

    struct sim_history *history;
    struct sim_intern *keys;
    struct sim_intern *values; /* noted is who wrote it first */
    size_t values_limit;       /* with more, some may be of no use any more */
    uint64_t n_forgettings;    /* of the history, when values were dropped */
    bool dropped_values;
    uint8_t *value; /* room for a random one */
};

/* --- clients.c ------------------------------------------------------------ */

void clients__init(const struct sim_clients *clients, uint32_t number,
                   enum client_sort sort);

/* An action that does nothing. */
void clients__no_action(const struct sim_clients *clients, uint32_t number,
                        struct sim_client_action *action);

/* It has nothing more to do. */
void clients__finish(struct sim_clients *clients, struct client *client,
                     struct sim_client_action *action);

/* --- clients_script.c ----------------------------------------------------- */

/* What the script asked for, or the session for it, is done. */
void clients__script_done(struct sim_clients *clients, struct client *client,
                          const struct sim_reply *reply, uint64_t now_us,
                          struct sim_client_action *action);

/* --- clients_attempts.c: when a server is asked, and which ---------------- */

uint32_t clients__number_of(const struct sim_clients *clients,
                            const struct client *client);

/* Whether the client waits for an answer, or will ask again. */
bool clients__is_open(const struct client *client);

/* Goes over to a phase, which ends at `until_us` unless something else does. */
void clients__enter(struct sim_clients *clients, struct client *client,
                    enum client_phase phase, uint64_t until_us,
                    struct sim_client_action *action);

/* When the silence of this moment ends; not after `now_us`: there is none. Not
 * asked for a time before the last one. */
uint64_t clients__silent_until(struct sim_clients *clients, uint64_t now_us);

/* Asks the client's server for something new. */
void clients__ask_first(struct sim_clients *clients, struct client *client,
                        uint64_t now_us, struct sim_client_action *action);

/* Asks the client's server for the same again. */
void clients__ask_again(struct sim_clients *clients, struct client *client,
                        uint64_t now_us, struct sim_client_action *action);

/* Will ask `node` for the same, after a pause. */
void clients__pause_before(struct sim_clients *clients, struct client *client,
                           uint32_t node, uint64_t now_us,
                           struct sim_client_action *action);

/* The server that was asked is not the leader; it knows of `leader`, or of
 * none. */
void clients__refused(struct sim_clients *clients, struct client *client,
                      uint32_t leader, uint64_t now_us,
                      struct sim_client_action *action);

/* The server after `node`, in a circle. */
uint32_t clients__next_node(const struct sim_clients *clients, uint32_t node);

/* --- clients_commands.c: what it is asked for, and what is learned -------- */

/* Draws the workload's next command for a client: what it asks for, of which
 * server where any may be asked, and when the command after it is due. */
void clients__draw(struct sim_clients *clients, uint32_t client,
                   uint64_t now_us);

/* How long until the next command, by the client's stream. */
uint64_t clients__draw_gap(const struct sim_clients *clients,
                           struct client *client);

/* The client's next command is to set `key` to a value. It goes into the
 * history, but for the probe's. */
void clients__set(struct sim_clients *clients, uint32_t client, uint64_t now_us,
                  const char *key, const uint8_t *value, uint32_t value_size);

/* The client's next command is an operation on `key`. `value` is what is
 * written (NULL: a random one of the workload's size). */
void clients__begin(struct sim_clients *clients, uint32_t client,
                    uint64_t now_us, enum sim_operation operation,
                    const char *key, const char *value);

/* The client's latest command will not be answered any more. */
void clients__forsake(struct sim_clients *clients, struct client *client);

/* The client's latest command is done: tells the history and the action, counts
 * it if it is a read, and remembers what the client learned. */
void clients__conclude(struct sim_clients *clients, uint32_t client,
                       const struct sim_reply *reply, uint64_t now_us,
                       struct sim_client_action *action);

#endif
