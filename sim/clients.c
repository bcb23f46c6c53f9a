#undef NDEBUG
#include "sim/clients.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/clients_internal.h"
#include "sim/kv.h"
#include "sim/memory.h"
#include "sim/recording_acts.h"

/* The probe asks another server after this, whatever the workload's clients
 * do. A network that is slower than this is no obstacle: late answers count. */
#define PROBE_TIMEOUT_US UINT64_C(500000)

/* So many operations are kept in a long run, in some 10 MB. It is more than
 * nearly all runs have: where there are no more, all are kept. */
#define KEPT_OPERATIONS ((size_t)32768)

/* --- life ---------------------------------------------------------------- */

void clients__init(const struct sim_clients *clients, uint32_t number,
                   enum client_sort sort)
{
    uint64_t timeout_us =
        sort == CLIENT_PROBE ? PROBE_TIMEOUT_US : clients->workload.timeout_us;
    uint32_t node = number % clients->n_nodes + 1;
    clients->items[number] = (struct client){
        .sort = sort,
        .prng = sim_recording_stream(clients->recording, clients->seed,
                                     SIM_STREAM_CLIENT, number, 0),
        .phase = CLIENT_FINISHED,
        .wake_at_us = SIM_NEVER,
        .give_up_at_us = SIM_NEVER,
        .timeout_us = timeout_us > 0 ? timeout_us : 1,
        .node = node,
        .home = node,
        .operation = SIM_NO_OPERATION,
    };
}

static void begin_silences(struct sim_clients *clients)
{
    const struct sim_distribution *silent = &clients->workload.silent;
    clients->silence_prng = sim_recording_stream(
        clients->recording, clients->seed, SIM_STREAM_SILENCE, 0, 0);
    clients->busy_until_us = SIM_NEVER;
    if (silent->kind != SIM_FIXED || silent->low_us > 0) {
        clients->busy_until_us = clients->workload.start_us +
                                 sim_distribution_draw(&clients->workload.busy,
                                                       &clients->silence_prng);
    }
}

uint64_t clients__silent_until(struct sim_clients *clients, uint64_t now_us)
{
    while (clients->busy_until_us <= now_us) {
        clients->silent_until_us =
            clients->busy_until_us +
            sim_distribution_draw(&clients->workload.silent,
                                  &clients->silence_prng);
        uint64_t busy_us = sim_distribution_draw(&clients->workload.busy,
                                                 &clients->silence_prng);
        clients->busy_until_us =
            clients->silent_until_us + (busy_us > 0 ? busy_us : 1);
    }
    return clients->silent_until_us;
}

struct sim_clients *sim_clients_new(const struct sim_workload *workload,
                                    uint32_t n_nodes, uint32_t features,
                                    uint64_t seed)
{
    assert(n_nodes > 0);
    assert(workload->clients == 0 || workload->keys > 0);
    struct sim_clients *clients = sim_calloc(1, sizeof *clients);
    clients->seed = seed;
    clients->workload = *workload;
    clients->gap = (struct sim_distribution){
        .kind = SIM_EXPONENTIAL,
        .high_us = workload->interval_us,
    };
    clients->n_nodes = n_nodes;
    clients->have_sessions =
        workload->sessions && (features & SIM_FEATURE_SESSIONS) != 0;
    clients->have_reads = (features & SIM_FEATURE_READS) != 0;
    for (uint32_t i = 0; i < SIM_OPERATION_COUNT; i++) {
        clients->total_weight += workload->weights[i];
    }
    assert(workload->clients == 0 || clients->total_weight > 0);
    clients->count = workload->clients + 1;
    clients->items = sim_grow(NULL, &clients->capacity, clients->count,
                              sizeof *clients->items);
    for (uint32_t i = 0; i < clients->count; i++) {
        clients__init(clients, i,
                      i < workload->clients ? CLIENT_OF_WORKLOAD
                                            : CLIENT_PROBE);
    }
    begin_silences(clients);
    clients->history = sim_history_new();
    sim_history_keep(clients->history, KEPT_OPERATIONS);
    clients->keys = sim_intern_new();
    clients->values = sim_intern_new();
    clients->values_limit = KEPT_OPERATIONS;
    clients->value = sim_calloc((size_t)workload->value_bytes + 1, 1);
    return clients;
}

void sim_clients_record(struct sim_clients *clients,
                        struct sim_recording *recording)
{
    clients->recording = recording;
    for (uint32_t i = 0; i < clients->count; i++) {
        clients__init(clients, i, clients->items[i].sort);
    }
    begin_silences(clients);
}

void sim_clients_free(struct sim_clients *clients)
{
    if (clients == NULL) {
        return;
    }
    for (uint32_t i = 0; i < clients->count; i++) {
        free(clients->items[i].data);
        free(clients->items[i].next.key);
        free(clients->items[i].next.value);
        sim_table_clear(&clients->items[i].seen);
    }
    free(clients->items);
    sim_history_free(clients->history);
    sim_intern_free(clients->keys);
    sim_intern_free(clients->values);
    free(clients->value);
    free(clients);
}

/* --- one after the other ------------------------------------------------- */

void clients__no_action(const struct sim_clients *clients, uint32_t number,
                        struct sim_client_action *action)
{
    *action = (struct sim_client_action){
        .client = number,
        .wake_at_us = SIM_NEVER,
        .ended = SIM_NO_OPERATION,
        .begun = SIM_NO_OPERATION,
        .clients = clients,
    };
}

void clients__finish(struct sim_clients *clients, struct client *client,
                     struct sim_client_action *action)
{
    clients__enter(clients, client, CLIENT_FINISHED, SIM_NEVER, action);
}

/* Rests until `at_us`, or for ever if the workload has stopped by then. */
static void rest(struct sim_clients *clients, struct client *client,
                 uint64_t at_us, struct sim_client_action *action)
{
    if (at_us >= clients->workload.stop_us) {
        clients__finish(clients, client, action);
    } else {
        clients__enter(clients, client, CLIENT_RESTING, at_us, action);
    }
}

static void record_operation(const struct sim_clients *clients,
                             const struct client *client, uint64_t now_us)
{
    static const char *const names[] = {
        [SIM_HISTORY_READ] = "read_log",
        [SIM_HISTORY_WRITE] = "set",
        [SIM_HISTORY_COMPARE_AND_SET] = "compare_and_set",
    };
    uint32_t size;
    char key[16];
    if (clients->recording == NULL) {
        return;
    }
    const uint8_t *bytes = sim_clients_key(clients, client->asked.key, &size);
    snprintf(key, sizeof key, "%.*s", (int)size, (const char *)bytes);
    const char *name = client->request == SIM_REQUEST_READ ? "read"
                       : client->request == SIM_REQUEST_READ_LEASE
                           ? "read_lease"
                           : names[client->asked.kind];
    sim_recording_operation(clients->recording, now_us, name,
                            clients__number_of(clients, client), client->node,
                            key, client->asked.value);
}

/* The next thing that a client of the workload does, when it has nothing under
 * way. */
static void go_on(struct sim_clients *clients, struct client *client,
                  uint64_t now_us, struct sim_client_action *action)
{
    uint64_t stop_us = clients->workload.stop_us;
    if (client->request != SIM_REQUEST_READ) {
        client->home = client->node;
    }
    client->node = client->home;
    if (now_us >= stop_us || client->due_us >= stop_us) {
        clients__finish(clients, client, action);
    } else if (clients->have_sessions && client->session == 0) {
        client->request = SIM_REQUEST_SESSION;
        client->give_up_at_us = SIM_NEVER;
        sim_recording_operation(clients->recording, now_us, "session",
                                clients__number_of(clients, client),
                                client->node, "", 0);
        clients__ask_first(clients, client, now_us, action);
    } else if (client->due_us > now_us) {
        rest(clients, client, client->due_us, action);
    } else if (clients__silent_until(clients, now_us) > now_us) {
        rest(clients, client, clients__silent_until(clients, now_us), action);
    } else {
        uint64_t give_up_us = clients->workload.give_up_us;
        clients__draw(clients, clients__number_of(clients, client), now_us);
        clients->counters.begun++;
        action->begun = client->operation;
        record_operation(clients, client, now_us);
        client->give_up_at_us = give_up_us == SIM_UNLIMITED ? SIM_NEVER
                                : give_up_us > 0 ? now_us + give_up_us
                                                 : now_us + 1;
        clients__ask_first(clients, client, now_us, action);
    }
}

static void give_up(struct sim_clients *clients, struct client *client,
                    uint64_t now_us, struct sim_client_action *action)
{
    clients->counters.given_up++;
    clients__forsake(clients, client);
    go_on(clients, client, now_us, action);
}

static void done_of_workload(struct sim_clients *clients, struct client *client,
                             const struct sim_reply *reply, uint64_t now_us,
                             struct sim_client_action *action)
{
    uint32_t number = clients__number_of(clients, client);
    if (client->request == SIM_REQUEST_SESSION && reply->session == 0) {
        /* Something else was applied in its place, which is the checker's. */
        give_up(clients, client, now_us, action);
        return;
    }
    switch (client->request) {
    case SIM_REQUEST_SESSION:
        client->session = reply->session;
        client->sequence = 0;
        clients->counters.sessions++;
        break;
    case SIM_REQUEST_READ:
    case SIM_REQUEST_READ_LEASE:
    case SIM_REQUEST_COMMAND:
        clients->counters.answered++;
        clients__conclude(clients, number, reply, now_us, action);
        break;
    }
    go_on(clients, client, now_us, action);
}

static void done(struct sim_clients *clients, struct client *client,
                 const struct sim_reply *reply, uint64_t now_us,
                 struct sim_client_action *action)
{
    switch (client->sort) {
    case CLIENT_OF_WORKLOAD:
        done_of_workload(clients, client, reply, now_us, action);
        break;
    case CLIENT_PROBE:
        clients__finish(clients, client, action);
        break;
    case CLIENT_OF_SCRIPT:
        clients__script_done(clients, client, reply, now_us, action);
        break;
    }
}

/* The command's session is closed: what became of the command nobody knows. */
static void expired(struct sim_clients *clients, struct client *client,
                    uint64_t now_us, struct sim_client_action *action)
{
    client->session = 0; /* a node may say so of one that has none */
    if (client->sort == CLIENT_OF_SCRIPT) {
        clients__forsake(clients, client);
        clients__finish(clients, client, action);
    } else {
        give_up(clients, client, now_us, action);
    }
}

/* --- calls --------------------------------------------------------------- */

void sim_clients_start(struct sim_clients *clients, uint32_t client,
                       struct sim_client_action *action)
{
    assert(client < clients->workload.clients);
    struct client *c = &clients->items[client];
    clients__no_action(clients, client, action);
    c->due_us = clients->workload.start_us + clients__draw_gap(clients, c);
    rest(clients, c, c->due_us, action);
}

void sim_clients_probe_start(struct sim_clients *clients, uint64_t now_us,
                             struct sim_client_action *action)
{
    uint32_t number = clients->workload.clients;
    clients__no_action(clients, number, action);
    clients__set(clients, number, now_us, SIM_PROBE_KEY, NULL, 0);
    clients__ask_first(clients, &clients->items[number], now_us, action);
}

void sim_clients_wake(struct sim_clients *clients, uint32_t client,
                      uint64_t now_us, struct sim_client_action *action)
{
    assert(client < clients->count);
    struct client *c = &clients->items[client];
    clients__no_action(clients, client, action);
    if (now_us < c->wake_at_us) {
        return; /* replaced since */
    }
    clients->counters.reads_timed_out +=
        c->phase == CLIENT_ASKING && (c->request == SIM_REQUEST_READ ||
                                      c->request == SIM_REQUEST_READ_LEASE);
    if (clients__is_open(c) && now_us >= c->give_up_at_us) {
        give_up(clients, c, now_us, action);
        return;
    }
    switch (c->phase) {
    case CLIENT_RESTING:
        go_on(clients, c, now_us, action);
        break;
    case CLIENT_ASKING:
        c->node = clients__next_node(clients, c->node);
        c->hinted = false;
        clients__ask_again(clients, c, now_us, action);
        break;
    case CLIENT_PAUSING:
        clients__ask_again(clients, c, now_us, action);
        break;
    case CLIENT_FINISHED:
        break;
    }
}

/* What the answer says of the command under way, or of the session that is to
 * be opened. */
static void hear(struct sim_clients *clients, struct client *client,
                 const struct sim_reply *reply, bool is_latest, uint64_t now_us,
                 struct sim_client_action *action)
{
    switch (reply->answer) {
    case SIM_ANSWER_DONE:
        done(clients, client, reply, now_us, action);
        return;
    case SIM_ANSWER_EXPIRED:
        expired(clients, client, now_us, action);
        return;
    case SIM_ANSWER_NOT_LEADER:
    case SIM_ANSWER_LATER:
    case SIM_ANSWER_UNKNOWN:
        break;
    }
    if (!is_latest) {
        return;
    }
    if (now_us >= client->give_up_at_us) {
        give_up(clients, client, now_us, action);
    } else if (reply->answer == SIM_ANSWER_NOT_LEADER) {
        clients__refused(clients, client, reply->leader, now_us, action);
    } else if (reply->answer == SIM_ANSWER_LATER) {
        clients__pause_before(clients, client, client->node, now_us, action);
    } else {
        clients__pause_before(clients, client,
                              clients__next_node(clients, client->node), now_us,
                              action);
    }
}

uint32_t sim_clients_number(uint64_t tag)
{
    return (uint32_t)(tag >> 32);
}

void sim_clients_answer(struct sim_clients *clients,
                        const struct sim_reply *reply, uint64_t now_us,
                        struct sim_client_action *action)
{
    uint32_t number = sim_clients_number(reply->tag);
    uint32_t attempt = (uint32_t)(reply->tag & UINT32_MAX);
    assert(number < clients->count);
    struct client *client = &clients->items[number];
    assert(attempt <= client->attempt);
    clients__no_action(clients, number, action);
    if (clients__is_open(client) && attempt >= client->first_attempt) {
        bool is_latest =
            client->phase == CLIENT_ASKING && attempt == client->attempt;
        hear(clients, client, reply, is_latest, now_us, action);
    }
}

bool sim_clients_probe_done(const struct sim_clients *clients)
{
    const struct client *probe = &clients->items[clients->workload.clients];
    return probe->number > 0 && probe->phase == CLIENT_FINISHED;
}

uint32_t sim_clients_outstanding(const struct sim_clients *clients)
{
    return clients->outstanding;
}

struct sim_clients_counters sim_clients_count(const struct sim_clients *clients)
{
    return clients->counters;
}
