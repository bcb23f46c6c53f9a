/* Clients of the script. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>

#include "sim/clients_internal.h"
#include "sim/memory.h"

/* The client of this name, or a client without one that has nothing to do: an
 * old one, or one more. */
static uint32_t script_client(struct sim_clients *clients, uint32_t name)
{
    uint32_t number = clients->workload.clients + 1;
    while (number < clients->count &&
           (clients->items[number].name != name ||
            (name == 0 && clients->items[number].phase != CLIENT_FINISHED))) {
        number++;
    }
    if (number == clients->count) {
        clients->count++;
        clients->items = sim_grow(clients->items, &clients->capacity,
                                  clients->count, sizeof *clients->items);
        clients__init(clients, number, CLIENT_OF_SCRIPT);
        clients->items[number].name = name;
    } else if (name == 0) {
        /* Somebody else, who has seen nothing yet. */
        sim_table_clear(&clients->items[number].seen);
    }
    return number;
}

/* Direct reads need no session. */
static bool wants_session(const struct sim_clients *clients,
                          const struct client *client,
                          enum sim_operation operation)
{
    bool is_read = operation == SIM_OPERATION_READ ||
                   operation == SIM_OPERATION_READ_LEASE;
    return client->name != 0 && clients->have_sessions &&
           client->session == 0 && !(is_read && clients->have_reads);
}

static void begin(struct sim_clients *clients, struct client *client,
                  uint64_t now_us, enum sim_operation operation,
                  const char *key, const char *value,
                  struct sim_client_action *action)
{
    clients__begin(clients, clients__number_of(clients, client), now_us,
                   operation, key, value);
    clients->counters.scripted++;
    action->begun = client->operation;
    clients__ask_first(clients, client, now_us, action);
}

void sim_clients_order(struct sim_clients *clients, uint64_t now_us,
                       const struct sim_client_order *order,
                       struct sim_client_action *action)
{
    assert(order->node <= clients->n_nodes);
    uint32_t number = script_client(clients, order->name);
    struct client *client = &clients->items[number];
    if (order->node != SIM_NONE) {
        client->node = order->node;
    }
    clients__no_action(clients, number, action);
    clients__forsake(clients, client);
    if (!wants_session(clients, client, order->operation)) {
        begin(clients, client, now_us, order->operation, order->key,
              order->value, action);
        return;
    }
    free(client->next.key);
    free(client->next.value);
    client->next = (struct client_next){
        .waits = true,
        .operation = order->operation,
        .key = sim_strdup(order->key),
        .value = order->value != NULL ? sim_strdup(order->value) : NULL,
    };
    client->request = SIM_REQUEST_SESSION;
    clients__ask_first(clients, client, now_us, action);
}

void sim_clients_propose(struct sim_clients *clients, uint64_t now_us,
                         uint32_t node, const char *key, const char *value,
                         struct sim_client_action *action)
{
    struct sim_client_order order = {.operation = SIM_OPERATION_SET,
                                     .node = node,
                                     .key = key,
                                     .value = value};
    sim_clients_order(clients, now_us, &order, action);
}

void clients__script_done(struct sim_clients *clients, struct client *client,
                          const struct sim_reply *reply, uint64_t now_us,
                          struct sim_client_action *action)
{
    if (client->request == SIM_REQUEST_SESSION) {
        assert(reply->session != 0);
        assert(client->next.waits);
        client->session = reply->session;
        client->sequence = 0;
        clients->counters.sessions++;
        client->next.waits = false;
        begin(clients, client, now_us, client->next.operation, client->next.key,
              client->next.value, action);
        return;
    }
    clients->counters.scripted_answered++;
    clients__conclude(clients, clients__number_of(clients, client), reply,
                      now_us, action);
    clients__finish(clients, client, action);
}
