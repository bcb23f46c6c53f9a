#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/bytes.h"
#include "sim/clients_internal.h"
#include "sim/kv.h"
#include "sim/memory.h"

/* Stands for the writer of a value that no client wrote. */
#define NOBODY SIM_INTERN_NO_NOTE

/* Keys and values are remembered by their numbers. */
#define NUMBER_SIZE 8u

/* "k", 20 digits and NUL. */
#define KEY_SIZE 22u

/* --- numbers ------------------------------------------------------------- */

static uint64_t number_value(struct sim_clients *clients, const uint8_t *value,
                             uint32_t size)
{
    return sim_intern_add(clients->values, value, size);
}

static uint64_t number_written(struct sim_clients *clients, uint32_t client,
                               const uint8_t *value, uint32_t size)
{
    uint64_t number = number_value(clients, value, size);
    uint32_t *writer = sim_intern_note(clients->values, number);
    if (*writer == NOBODY) {
        *writer = client;
    }
    return number;
}

/* The value that the client saw last for the key, or wrote; 0: none. */
static uint64_t last_seen(const struct client *client, uint64_t key)
{
    uint8_t bytes[NUMBER_SIZE];
    const uint8_t *value;
    uint32_t size;
    sim_put_le(bytes, key, NUMBER_SIZE);
    if (!sim_table_get(&client->seen, bytes, NUMBER_SIZE, &value, &size)) {
        return 0;
    }
    return sim_get_le(value, NUMBER_SIZE);
}

static void remember(struct client *client, uint64_t key, uint64_t value)
{
    uint8_t key_bytes[NUMBER_SIZE];
    uint8_t value_bytes[NUMBER_SIZE];
    sim_put_le(key_bytes, key, NUMBER_SIZE);
    sim_put_le(value_bytes, value, NUMBER_SIZE);
    sim_table_put(&client->seen, key_bytes, NUMBER_SIZE, value_bytes,
                  NUMBER_SIZE);
}

/* --- what is of no use any more ------------------------------------------ */

struct marker {
    struct sim_history_visitor base;
    struct sim_intern *values;
};

static void mark(struct sim_history_visitor *base, uint64_t value)
{
    sim_intern_mark(((struct marker *)base)->values, value);
}

/* Drops the values that no verdict will be about and no client will expect. */
static void drop_values(struct sim_clients *clients)
{
    struct marker marker = {{mark}, clients->values};
    sim_history_each_value(clients->history, &marker.base);
    for (uint32_t i = 0; i < clients->count; i++) {
        const struct sim_table *seen = &clients->items[i].seen;
        for (size_t j = 0; j < seen->capacity; j++) {
            const struct sim_table_pair *pair = &seen->pairs[j];
            if (pair->bytes != NULL) {
                mark(&marker.base,
                     sim_get_le(pair->bytes + pair->key_size, NUMBER_SIZE));
            }
        }
    }
    sim_intern_sweep(clients->values);
    clients->dropped_values = true;
}

/* Looks for such values once so many have come that it is worth while, if the
 * history has forgotten anything since the last time. */
static void tidy(struct sim_clients *clients)
{
    uint64_t n = sim_history_forgettings(clients->history);
    if (sim_intern_count(clients->values) < clients->values_limit ||
        n == clients->n_forgettings) {
        return;
    }
    clients->n_forgettings = n;
    drop_values(clients);
    size_t kept = sim_intern_count(clients->values);
    if (clients->values_limit < 2 * kept) {
        clients->values_limit = 2 * kept;
    }
}

/* --- what is asked for --------------------------------------------------- */

/* The next command of the client, by a request of this kind. Fills in who asks.
 */
static void compose(struct sim_clients *clients, uint32_t number,
                    enum sim_request_kind request, struct sim_command *command)
{
    struct client *client = &clients->items[number];
    command->client = number;
    command->number = ++client->number;
    client->request = request;
    if (request == SIM_REQUEST_COMMAND && client->session != 0) {
        client->sequence++;
    }
    client->data =
        sim_grow(client->data, &client->capacity, sim_command_size(command), 1);
    client->size = sim_command_encode(command, client->data);
}

static void record(struct sim_clients *clients, uint32_t number,
                   uint64_t now_us, const struct sim_history_request *asked)
{
    struct client *client = &clients->items[number];
    client->asked = *asked;
    client->operation =
        sim_history_invoke(clients->history, number, now_us, asked);
    tidy(clients);
}

void clients__forsake(struct sim_clients *clients, struct client *client)
{
    if (client->operation != SIM_NO_OPERATION) {
        sim_history_give_up(clients->history, client->operation);
        client->operation = SIM_NO_OPERATION;
    }
}

void clients__set(struct sim_clients *clients, uint32_t client, uint64_t now_us,
                  const char *key, const uint8_t *value, uint32_t value_size)
{
    struct sim_command command = {
        .op = SIM_COMMAND_SET,
        .key = (const uint8_t *)key,
        .value = value,
        .key_size = (uint32_t)strlen(key),
        .value_size = value_size,
    };
    compose(clients, client, SIM_REQUEST_COMMAND, &command);
    if (clients->items[client].sort == CLIENT_PROBE) {
        return;
    }
    struct sim_history_request asked = {
        .kind = SIM_HISTORY_WRITE,
        .key = sim_intern_add(clients->keys, command.key, command.key_size),
        .value = number_written(clients, client, value, value_size),
    };
    record(clients, client, now_us, &asked);
}

static void compare_and_set(struct sim_clients *clients, uint32_t client,
                            uint64_t now_us, const char *key,
                            const uint8_t *value, uint32_t value_size)
{
    struct sim_command command = {
        .op = SIM_COMMAND_COMPARE_AND_SET,
        .key = (const uint8_t *)key,
        .value = value,
        .key_size = (uint32_t)strlen(key),
        .value_size = value_size,
    };
    struct sim_history_request asked = {
        .kind = SIM_HISTORY_COMPARE_AND_SET,
        .key = sim_intern_add(clients->keys, command.key, command.key_size),
        .value = number_written(clients, client, value, value_size),
    };
    asked.expected = last_seen(&clients->items[client], asked.key);
    if (asked.expected != 0) {
        command.expected = sim_intern_bytes(clients->values, asked.expected,
                                            &command.expected_size);
    }
    compose(clients, client, SIM_REQUEST_COMMAND, &command);
    record(clients, client, now_us, &asked);
}

static void get(struct sim_clients *clients, uint32_t client, uint64_t now_us,
                const char *key, enum sim_request_kind request)
{
    struct sim_command command = {
        .op = SIM_COMMAND_GET,
        .key = (const uint8_t *)key,
        .key_size = (uint32_t)strlen(key),
    };
    struct sim_history_request asked = {
        .kind = SIM_HISTORY_READ,
        .key = sim_intern_add(clients->keys, command.key, command.key_size),
    };
    compose(clients, client, request, &command);
    record(clients, client, now_us, &asked);
}

/* --- what is drawn ------------------------------------------------------- */

uint64_t clients__draw_gap(const struct sim_clients *clients,
                           struct client *client)
{
    if (clients->workload.interval_us == 0) {
        return 0;
    }
    return sim_distribution_draw(&clients->gap, &client->prng);
}

static enum sim_operation draw_operation(const struct sim_clients *clients,
                                         struct client *client)
{
    const uint32_t *weights = clients->workload.weights;
    uint64_t at = sim_prng_below(&client->prng, clients->total_weight);
    uint32_t operation = 0;
    while (at >= weights[operation]) {
        at -= weights[operation++];
    }
    assert(operation < SIM_OPERATION_COUNT);
    return (enum sim_operation)operation;
}

static void draw_value(struct sim_clients *clients, struct client *client)
{
    uint64_t word = 0;
    for (uint32_t i = 0; i < clients->workload.value_bytes; i++, word >>= 8) {
        if (i % 8 == 0) {
            word = sim_prng_next(&client->prng);
        }
        clients->value[i] = (uint8_t)(word & 0xff);
    }
}

void clients__begin(struct sim_clients *clients, uint32_t client,
                    uint64_t now_us, enum sim_operation operation,
                    const char *key, const char *value)
{
    const uint8_t *bytes = (const uint8_t *)value;
    uint32_t size = value != NULL ? (uint32_t)strlen(value) : 0;
    bool direct = clients->have_reads;
    bool writes = operation == SIM_OPERATION_SET ||
                  operation == SIM_OPERATION_COMPARE_AND_SET;
    if (writes && value == NULL) {
        draw_value(clients, &clients->items[client]);
        bytes = clients->value;
        size = clients->workload.value_bytes;
    }
    switch (operation) {
    case SIM_OPERATION_SET:
        clients__set(clients, client, now_us, key, bytes, size);
        break;
    case SIM_OPERATION_COMPARE_AND_SET:
        compare_and_set(clients, client, now_us, key, bytes, size);
        break;
    case SIM_OPERATION_READ:
        get(clients, client, now_us, key,
            direct ? SIM_REQUEST_READ : SIM_REQUEST_COMMAND);
        break;
    case SIM_OPERATION_READ_LEASE:
        get(clients, client, now_us, key,
            direct ? SIM_REQUEST_READ_LEASE : SIM_REQUEST_COMMAND);
        break;
    case SIM_OPERATION_READ_LOG:
        get(clients, client, now_us, key, SIM_REQUEST_COMMAND);
        break;
    case SIM_OPERATION_COUNT:
        break;
    }
}

/* "k17". A key is named for each command: by hand is fast. */
static void name_key(uint64_t place, char key[KEY_SIZE])
{
    char digits[KEY_SIZE];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + place % 10);
        place /= 10;
    } while (place > 0);
    *key++ = 'k';
    while (n > 0) {
        *key++ = digits[--n];
    }
    *key = '\0';
}

void clients__draw(struct sim_clients *clients, uint32_t client,
                   uint64_t now_us)
{
    struct client *c = &clients->items[client];
    enum sim_operation operation = draw_operation(clients, c);
    uint64_t place = sim_prng_below(&c->prng, clients->workload.keys);
    char key[KEY_SIZE];
    name_key(place, key);
    if (operation == SIM_OPERATION_READ && clients->have_reads) {
        uint64_t node = sim_prng_below(&c->prng, clients->n_nodes);
        c->node = (uint32_t)node + 1;
    }
    clients__begin(clients, client, now_us, operation, key, NULL);
    uint64_t gap_us = clients__draw_gap(clients, c);
    /* At most one command a microsecond, so that time goes on even where
     * nothing takes any. */
    c->due_us = now_us + (gap_us > 0 ? gap_us : 1);
}

/* --- what is answered ---------------------------------------------------- */

void clients__conclude(struct sim_clients *clients, uint32_t client,
                       const struct sim_reply *reply, uint64_t now_us,
                       struct sim_client_action *action)
{
    struct client *c = &clients->items[client];
    uint64_t told = 0;
    if (reply->has_value) {
        told = number_value(clients, reply->value, reply->value_size);
    }
    struct sim_history_result result = {.node = reply->node, .way = reply->way};
    uint64_t known = told;
    switch (c->asked.kind) {
    case SIM_HISTORY_READ:
        result.value = told;
        clients->counters.reads += c->request != SIM_REQUEST_COMMAND;
        clients->counters.reads_logged += c->request == SIM_REQUEST_COMMAND;
        break;
    case SIM_HISTORY_WRITE:
        known = c->asked.value;
        break;
    case SIM_HISTORY_COMPARE_AND_SET:
        result.succeeded = reply->success;
        result.saw_value = true;
        result.value = told;
        if (reply->success) {
            known = c->asked.value;
        }
        break;
    }
    sim_history_return(clients->history, c->operation, now_us, &result);
    action->ended = c->operation;
    c->operation = SIM_NO_OPERATION;
    if (clients->workload.weights[SIM_OPERATION_COMPARE_AND_SET] > 0 ||
        c->name != 0) {
        remember(c, c->asked.key, known);
    }
}

/* --- words --------------------------------------------------------------- */

const struct sim_history *sim_clients_history(const struct sim_clients *clients)
{
    return clients->history;
}

const uint8_t *sim_clients_key(const struct sim_clients *clients, uint64_t key,
                               uint32_t *size)
{
    return sim_intern_bytes(clients->keys, key, size);
}

const uint8_t *sim_clients_value(const struct sim_clients *clients,
                                 uint64_t value, uint32_t *size)
{
    *size = 0;
    return value == 0 ? NULL : sim_intern_bytes(clients->values, value, size);
}

static const struct sim_clients *
clients_of(const struct sim_history_words *base)
{
    return ((const struct sim_clients_words *)base)->clients;
}

static const char *key_words(const struct sim_history_words *base, uint64_t key,
                             char *text, size_t size)
{
    char shown[SIM_COMMAND_MAX_SHOWN + 1];
    uint32_t key_size;
    const uint8_t *bytes =
        sim_intern_bytes(clients_of(base)->keys, key, &key_size);
    if (sim_command_show(bytes, key_size, shown)) {
        snprintf(text, size, "%s", shown);
    } else {
        snprintf(text, size, "number %" PRIu64, key);
    }
    return text;
}

static const char *value_words(const struct sim_history_words *base,
                               uint64_t value, char *text, size_t size)
{
    char shown[SIM_COMMAND_MAX_SHOWN + 1];
    uint32_t value_size;
    const uint8_t *bytes =
        sim_intern_bytes(clients_of(base)->values, value, &value_size);
    if (sim_command_show(bytes, value_size, shown)) {
        snprintf(text, size, "v%" PRIu64 " = %s", value, shown);
    } else {
        snprintf(text, size, "v%" PRIu64, value);
    }
    return text;
}

static const char *origin_words(const struct sim_history_words *base,
                                uint64_t value, char *text, size_t size)
{
    const struct sim_clients *clients = clients_of(base);
    uint32_t writer = *sim_intern_note(clients->values, value);
    if (writer == NOBODY) {
        snprintf(text, size, " (written by nobody%s)",
                 clients->dropped_values ? ", or long ago" : "");
    } else {
        snprintf(text, size, " (written by client %" PRIu32 ")", writer);
    }
    return text;
}

struct sim_clients_words sim_clients_words(const struct sim_clients *clients)
{
    return (struct sim_clients_words){
        .base =
            {
                .key = key_words,
                .value = value_words,
                .origin = origin_words,
                .legend = "v1, v2 ... are the values in the order in which "
                          "clients first sent them, also in the trace",
            },
        .clients = clients,
    };
}

const char *sim_clients_describe(const struct sim_clients *clients,
                                 uint32_t operation, char *text)
{
    struct sim_clients_words words = sim_clients_words(clients);
    return sim_history_describe(clients->history, operation, &words.base, text,
                                SIM_OPERATION_TEXT_SIZE);
}
