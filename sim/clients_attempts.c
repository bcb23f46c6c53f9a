#include "sim/clients_internal.h"

/* After a refusal the client waits this long, twice as long each time, and at
 * most that long: an election takes some hundred milliseconds. */
#define FIRST_PAUSE_US UINT64_C(2000)
#define LONGEST_PAUSE_US UINT64_C(128000)

uint32_t clients__number_of(const struct sim_clients *clients,
                            const struct client *client)
{
    return (uint32_t)(client - clients->items);
}

bool clients__is_open(const struct client *client)
{
    return client->phase == CLIENT_ASKING || client->phase == CLIENT_PAUSING;
}

void clients__enter(struct sim_clients *clients, struct client *client,
                    enum client_phase phase, uint64_t until_us,
                    struct sim_client_action *action)
{
    bool was_open = clients__is_open(client);
    client->phase = phase;
    client->wake_at_us = until_us;
    action->wake_at_us = until_us;
    if (client->sort != CLIENT_PROBE) {
        clients->outstanding += clients__is_open(client);
        clients->outstanding -= was_open;
    }
}

static uint64_t earlier(uint64_t a_us, uint64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

static void ask(struct sim_clients *clients, struct client *client,
                uint64_t now_us, struct sim_client_action *action)
{
    client->attempt++;
    action->send = true;
    action->request = client->request;
    action->node = client->node;
    action->tag =
        (uint64_t)clients__number_of(clients, client) << 32 | client->attempt;
    switch (client->request) {
    case SIM_REQUEST_SESSION:
        break;
    case SIM_REQUEST_COMMAND:
        action->session = client->session;
        action->sequence = client->sequence;
        action->data = client->data;
        action->size = client->size;
        break;
    case SIM_REQUEST_READ:
    case SIM_REQUEST_READ_LEASE:
        action->data = client->data;
        action->size = client->size;
        break;
    }
    clients__enter(clients, client, CLIENT_ASKING,
                   earlier(now_us + client->timeout_us, client->give_up_at_us),
                   action);
}

void clients__ask_first(struct sim_clients *clients, struct client *client,
                        uint64_t now_us, struct sim_client_action *action)
{
    client->first_attempt = client->attempt + 1;
    client->pause_us = FIRST_PAUSE_US;
    client->hinted = false;
    ask(clients, client, now_us, action);
}

void clients__ask_again(struct sim_clients *clients, struct client *client,
                        uint64_t now_us, struct sim_client_action *action)
{
    if (client->sort == CLIENT_OF_WORKLOAD &&
        client->request != SIM_REQUEST_SESSION) {
        clients->counters.retries++;
    }
    ask(clients, client, now_us, action);
}

uint32_t clients__next_node(const struct sim_clients *clients, uint32_t node)
{
    return node % clients->n_nodes + 1;
}

void clients__pause_before(struct sim_clients *clients, struct client *client,
                           uint32_t node, uint64_t now_us,
                           struct sim_client_action *action)
{
    client->node = node;
    client->hinted = false;
    clients__enter(clients, client, CLIENT_PAUSING,
                   earlier(now_us + client->pause_us, client->give_up_at_us),
                   action);
    client->pause_us = earlier(client->pause_us * 2, LONGEST_PAUSE_US);
}

void clients__refused(struct sim_clients *clients, struct client *client,
                      uint32_t leader, uint64_t now_us,
                      struct sim_client_action *action)
{
    bool usable = leader != SIM_NONE && leader <= clients->n_nodes &&
                  leader != client->node;
    if (usable && !client->hinted) {
        client->hinted = true;
        client->node = leader;
        clients__ask_again(clients, client, now_us, action);
    } else {
        uint32_t next = clients__next_node(clients, client->node);
        clients__pause_before(clients, client, usable ? leader : next, now_us,
                              action);
    }
}
