#undef NDEBUG
#include "sim/clients.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kv.h"
#include "sim/memory.h"

/* After a refusal the client waits this long, twice as long each time, and at
 * most that long: an election takes some hundred milliseconds. */
#define FIRST_PAUSE_US UINT64_C(2000)
#define LONGEST_PAUSE_US UINT64_C(128000)

/* The probe asks another server after this, whatever the workload's clients
 * do. A network that is slower than this is no obstacle: late answers count. */
#define PROBE_TIMEOUT_US UINT64_C(500000)

enum phase {
    RESTING, /* until the next command begins at `wake_at_us` */
    ASKING,  /* a server was asked; given up at `wake_at_us` */
    PAUSING, /* the same command is proposed again at `wake_at_us` */
    FINISHED,
};

enum sort { OF_WORKLOAD, PROBE, OF_SCRIPT };

struct client {
    enum sort sort;
    enum phase phase;
    uint64_t wake_at_us; /* SIM_NEVER when finished */
    struct sim_prng prng;
    uint64_t begun_us; /* the latest command */
    uint64_t gap_us;   /* from that to the next command */
    uint64_t sequence; /* of the latest command */
    uint64_t pause_us; /* the next pause */
    uint64_t timeout_us;
    uint32_t node;          /* asked last, or to be asked */
    uint32_t attempt;       /* the latest; counts on over all commands */
    uint32_t first_attempt; /* the latest command's first */
    bool hinted; /* a hint was followed since the last pause: two servers that
                    take each other for the leader get one visit each */
    uint8_t *data;
    size_t capacity;
    uint32_t size;
};

/* The workload's clients come first, then the probe, then the script's. */
struct sim_clients {
    struct sim_workload workload;
    struct sim_distribution gap;
    uint32_t n_nodes;
    struct client *items;
    size_t capacity;
    uint32_t count;
    uint32_t outstanding;
    uint8_t *value; /* room for a random one */
    struct sim_clients_counters counters;
};

/* --- life ---------------------------------------------------------------- */

static void client_init(const struct sim_clients *clients, uint32_t number,
                        enum sort sort)
{
    uint64_t timeout_us =
        sort == PROBE ? PROBE_TIMEOUT_US : clients->workload.timeout_us;
    clients->items[number] = (struct client){
        .sort = sort,
        .phase = FINISHED,
        .wake_at_us = SIM_NEVER,
        .timeout_us = timeout_us > 0 ? timeout_us : 1,
        .node = number % clients->n_nodes + 1,
    };
}

struct sim_clients *sim_clients_new(const struct sim_workload *workload,
                                    uint32_t n_nodes, uint64_t seed)
{
    assert(n_nodes > 0);
    assert(workload->clients == 0 || workload->keys > 0);
    struct sim_clients *clients = sim_calloc(1, sizeof *clients);
    clients->workload = *workload;
    clients->gap = (struct sim_distribution){
        .kind = SIM_EXPONENTIAL,
        .high_us = workload->interval_us,
    };
    clients->n_nodes = n_nodes;
    clients->count = workload->clients + 1;
    clients->items = sim_grow(NULL, &clients->capacity, clients->count,
                              sizeof *clients->items);
    for (uint32_t i = 0; i < clients->count; i++) {
        client_init(clients, i, i < workload->clients ? OF_WORKLOAD : PROBE);
        clients->items[i].prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, i, 0);
    }
    clients->value = sim_calloc((size_t)workload->value_bytes + 1, 1);
    return clients;
}

void sim_clients_free(struct sim_clients *clients)
{
    if (clients == NULL) {
        return;
    }
    for (uint32_t i = 0; i < clients->count; i++) {
        free(clients->items[i].data);
    }
    free(clients->items);
    free(clients->value);
    free(clients);
}

/* --- one command --------------------------------------------------------- */

static uint32_t number_of(const struct sim_clients *clients,
                          const struct client *client)
{
    return (uint32_t)(client - clients->items);
}

/* An action that does nothing. */
static void no_action(uint32_t number, struct sim_client_action *action)
{
    *action = (struct sim_client_action){
        .client = number,
        .wake_at_us = SIM_NEVER,
    };
}

static void set_wake(struct client *client, uint64_t at_us,
                     struct sim_client_action *action)
{
    client->wake_at_us = at_us;
    action->wake_at_us = at_us;
}

static void ask(struct sim_clients *clients, struct client *client,
                uint64_t now_us, struct sim_client_action *action)
{
    client->phase = ASKING;
    client->attempt++;
    action->send = true;
    action->node = client->node;
    action->tag = (uint64_t)number_of(clients, client) << 32 | client->attempt;
    action->data = client->data;
    action->size = client->size;
    set_wake(client, now_us + client->timeout_us, action);
}

static void ask_again(struct sim_clients *clients, struct client *client,
                      uint64_t now_us, struct sim_client_action *action)
{
    if (client->sort == OF_WORKLOAD) {
        clients->counters.retries++;
    }
    ask(clients, client, now_us, action);
}

/* Begins a new command and asks for it. */
static void begin(struct sim_clients *clients, struct client *client,
                  uint64_t now_us, const char *key, const uint8_t *value,
                  uint32_t value_size, struct sim_client_action *action)
{
    struct sim_command command = {
        .op = SIM_COMMAND_SET,
        .client = number_of(clients, client),
        .sequence = client->sequence + 1,
        .key = (const uint8_t *)key,
        .value = value,
        .key_size = (uint32_t)strlen(key),
        .value_size = value_size,
    };
    client->data = sim_grow(client->data, &client->capacity,
                            sim_command_size(&command), 1);
    client->size = sim_command_encode(&command, client->data);
    client->sequence = command.sequence;
    client->begun_us = now_us;
    client->first_attempt = client->attempt + 1;
    client->pause_us = FIRST_PAUSE_US;
    client->hinted = false;
    switch (client->sort) {
    case OF_WORKLOAD:
        clients->counters.begun++;
        clients->outstanding++;
        break;
    case PROBE:
        break;
    case OF_SCRIPT:
        clients->counters.scripted++;
        clients->outstanding++;
        break;
    }
    ask(clients, client, now_us, action);
}

/* How long until the next command, by the client's stream. */
static uint64_t draw_gap(const struct sim_clients *clients,
                         struct client *client)
{
    if (clients->workload.interval_us == 0) {
        return 0;
    }
    return sim_distribution_draw(&clients->gap, &client->prng);
}

static void begin_random(struct sim_clients *clients, struct client *client,
                         uint64_t now_us, struct sim_client_action *action)
{
    char key[16];
    uint64_t place = sim_prng_below(&client->prng, clients->workload.keys);
    snprintf(key, sizeof key, "k%" PRIu64, place);
    uint32_t size = clients->workload.value_bytes;
    uint64_t word = 0;
    for (uint32_t i = 0; i < size; i++, word >>= 8) {
        if (i % 8 == 0) {
            word = sim_prng_next(&client->prng);
        }
        clients->value[i] = (uint8_t)(word & 0xff);
    }
    client->gap_us = draw_gap(clients, client);
    begin(clients, client, now_us, key, clients->value, size, action);
}

/* Rests until `at_us`, or for ever if the workload has stopped by then. */
static void rest(const struct sim_clients *clients, struct client *client,
                 uint64_t at_us, struct sim_client_action *action)
{
    if (at_us >= clients->workload.stop_us) {
        client->phase = FINISHED;
        client->wake_at_us = SIM_NEVER;
        return;
    }
    client->phase = RESTING;
    set_wake(client, at_us, action);
}

static void done(struct sim_clients *clients, struct client *client,
                 uint64_t now_us, struct sim_client_action *action)
{
    client->phase = FINISHED;
    client->wake_at_us = SIM_NEVER;
    switch (client->sort) {
    case OF_WORKLOAD:
        break;
    case PROBE:
        return;
    case OF_SCRIPT:
        clients->outstanding--;
        clients->counters.scripted_answered++;
        return;
    }
    clients->outstanding--;
    clients->counters.answered++;
    /* At most one command a microsecond, so that time goes on even where
     * nothing takes any. */
    uint64_t gap_us = client->gap_us > 0 ? client->gap_us : 1;
    uint64_t next_us = client->begun_us + gap_us;
    if (next_us > now_us) {
        rest(clients, client, next_us, action);
    } else if (now_us < clients->workload.stop_us) {
        begin_random(clients, client, now_us, action);
    }
}

static uint32_t next_node(const struct sim_clients *clients, uint32_t node)
{
    return node % clients->n_nodes + 1;
}

static void pause_before(struct client *client, uint32_t node, uint64_t now_us,
                         struct sim_client_action *action)
{
    client->phase = PAUSING;
    client->node = node;
    client->hinted = false;
    set_wake(client, now_us + client->pause_us, action);
    client->pause_us *= 2;
    if (client->pause_us > LONGEST_PAUSE_US) {
        client->pause_us = LONGEST_PAUSE_US;
    }
}

static void refused(struct sim_clients *clients, struct client *client,
                    uint32_t leader, uint64_t now_us,
                    struct sim_client_action *action)
{
    bool usable = leader != SIM_NONE && leader <= clients->n_nodes &&
                  leader != client->node;
    if (usable && !client->hinted) {
        client->hinted = true;
        client->node = leader;
        ask_again(clients, client, now_us, action);
    } else {
        uint32_t next = next_node(clients, client->node);
        pause_before(client, usable ? leader : next, now_us, action);
    }
}

/* --- calls --------------------------------------------------------------- */

void sim_clients_start(struct sim_clients *clients, uint32_t client,
                       struct sim_client_action *action)
{
    assert(client < clients->workload.clients);
    struct client *c = &clients->items[client];
    no_action(client, action);
    rest(clients, c, clients->workload.start_us + draw_gap(clients, c), action);
}

void sim_clients_probe_start(struct sim_clients *clients, uint64_t now_us,
                             struct sim_client_action *action)
{
    uint32_t number = clients->workload.clients;
    no_action(number, action);
    begin(clients, &clients->items[number], now_us, SIM_PROBE_KEY, NULL, 0,
          action);
}

/* A client of the script that has nothing to do: an old one, or one more. */
static uint32_t script_client(struct sim_clients *clients)
{
    uint32_t number = clients->workload.clients + 1;
    while (number < clients->count &&
           clients->items[number].phase != FINISHED) {
        number++;
    }
    if (number == clients->count) {
        clients->count++;
        clients->items = sim_grow(clients->items, &clients->capacity,
                                  clients->count, sizeof *clients->items);
        client_init(clients, number, OF_SCRIPT);
    }
    return number;
}

void sim_clients_propose(struct sim_clients *clients, uint64_t now_us,
                         uint32_t node, const char *key, const char *value,
                         struct sim_client_action *action)
{
    assert(node <= clients->n_nodes);
    uint32_t number = script_client(clients);
    struct client *client = &clients->items[number];
    if (node != SIM_NONE) {
        client->node = node;
    }
    no_action(number, action);
    begin(clients, client, now_us, key, (const uint8_t *)value,
          (uint32_t)strlen(value), action);
}

void sim_clients_wake(struct sim_clients *clients, uint32_t client,
                      uint64_t now_us, struct sim_client_action *action)
{
    assert(client < clients->count);
    struct client *c = &clients->items[client];
    no_action(client, action);
    if (now_us < c->wake_at_us) {
        return; /* replaced since */
    }
    switch (c->phase) {
    case RESTING:
        begin_random(clients, c, now_us, action);
        break;
    case ASKING:
        c->node = next_node(clients, c->node);
        c->hinted = false;
        ask_again(clients, c, now_us, action);
        break;
    case PAUSING:
        ask_again(clients, c, now_us, action);
        break;
    case FINISHED:
        break;
    }
}

void sim_clients_answer(struct sim_clients *clients, uint64_t tag,
                        enum sim_answer answer, uint32_t leader,
                        uint64_t now_us, struct sim_client_action *action)
{
    uint32_t number = (uint32_t)(tag >> 32);
    uint32_t attempt = (uint32_t)(tag & UINT32_MAX);
    assert(number < clients->count);
    struct client *client = &clients->items[number];
    assert(attempt <= client->attempt);
    no_action(number, action);
    bool open = client->phase == ASKING || client->phase == PAUSING;
    bool latest = client->phase == ASKING && attempt == client->attempt;
    switch (answer) {
    case SIM_ANSWER_DONE:
        if (open && attempt >= client->first_attempt) {
            done(clients, client, now_us, action);
        }
        break;
    case SIM_ANSWER_NOT_LEADER:
        if (latest) {
            refused(clients, client, leader, now_us, action);
        }
        break;
    case SIM_ANSWER_UNKNOWN:
        if (latest) {
            pause_before(client, next_node(clients, client->node), now_us,
                         action);
        }
        break;
    }
}

bool sim_clients_probe_done(const struct sim_clients *clients)
{
    const struct client *probe = &clients->items[clients->workload.clients];
    return probe->sequence > 0 && probe->phase == FINISHED;
}

uint32_t sim_clients_outstanding(const struct sim_clients *clients)
{
    return clients->outstanding;
}

struct sim_clients_counters sim_clients_count(const struct sim_clients *clients)
{
    return clients->counters;
}
