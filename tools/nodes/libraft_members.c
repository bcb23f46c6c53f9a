/* Members as bytes: in an entry in libraft's own form, and in a snapshot's
 * meta. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/nodes/libraft.h"

/* --- configurations ------------------------------------------------------- */

/* libraft's own form: a format byte, the number of servers; for each its id,
 * its address as a string, its role. */
#define CONFIGURATION_FORMAT 1u

struct server {
    uint64_t id;
    const char *address;
    uint8_t role;
};

static bool get_server(struct reader *reader, struct server *server)
{
    server->id = bytes_get_number(reader);
    const uint8_t *end =
        reader->good ? memchr(reader->at, 0, reader->left) : NULL;
    if (end == NULL) {
        return false;
    }
    server->address =
        (const char *)bytes_get(reader, (size_t)(end - reader->at) + 1);
    const uint8_t *role = bytes_get(reader, 1);
    server->role = role == NULL ? 0 : *role;
    return reader->good;
}

/* How many servers follow. */
static bool get_servers(struct reader *reader, uint64_t *n)
{
    const uint8_t *format = bytes_get(reader, 1);
    *n = bytes_get_number(reader);
    return reader->good && *format == CONFIGURATION_FORMAT &&
           *n <= SIM_MAX_NODES;
}

/* A spare server stores nothing: it is no member yet. */
static bool read_members(struct reader *reader,
                         struct sim_configuration *members)
{
    uint64_t n;
    struct server server;
    *members = (struct sim_configuration){.voters = {{0}}};
    if (!get_servers(reader, &n)) {
        return false;
    }
    for (uint64_t i = 0; i < n; i++) {
        if (!get_server(reader, &server) || server.id < 1 ||
            server.id > SIM_MAX_NODES) {
            return false;
        }
        if (server.role == RAFT_VOTER) {
            sim_set_add(&members->voters, (uint32_t)server.id);
        } else if (server.role == RAFT_STANDBY) {
            sim_set_add(&members->learners, (uint32_t)server.id);
        }
    }
    return true;
}

bool wire_configuration(const uint8_t *payload, size_t size,
                        struct sim_configuration *members)
{
    struct reader reader = {payload, size, true};
    return read_members(&reader, members);
}

bool wire_get_configuration(struct reader *reader,
                            struct raft_configuration *configuration)
{
    uint64_t n;
    struct server server;
    raft_configuration_init(configuration);
    bool good = get_servers(reader, &n);
    for (uint64_t i = 0; i < n && good; i++) {
        good = get_server(reader, &server) &&
               raft_configuration_add(configuration, server.id, server.address,
                                      server.role) == 0;
    }
    return good;
}

void wire_put_configuration(const struct raft_configuration *configuration,
                            struct bytes *bytes)
{
    uint8_t format = CONFIGURATION_FORMAT;
    bytes_put(bytes, &format, 1);
    bytes_put_number(bytes, configuration->n);
    for (unsigned i = 0; i < configuration->n; i++) {
        const struct raft_server *server = &configuration->servers[i];
        uint8_t role = (uint8_t)server->role;
        bytes_put_number(bytes, server->id);
        bytes_put(bytes, server->address, strlen(server->address) + 1);
        bytes_put(bytes, &role, 1);
    }
}

/* In libraft's own words, as it would have bootstrapped. */
size_t wire_bootstrap(const struct sim_configuration *members, uint8_t *bytes)
{
    struct raft_configuration configuration;
    struct raft_buffer buffer = {NULL, 0};
    struct heap heap;
    heap_init(&heap);
    raft_heap_set(&heap.functions);
    raft_configuration_init(&configuration);
    for (uint32_t id = 1; id <= SIM_MAX_NODES; id++) {
        char address[WIRE_ADDRESS_SIZE];
        snprintf(address, sizeof address, "%" PRIu32, id);
        if (sim_set_has(&members->voters, id)) {
            raft_configuration_add(&configuration, id, address, RAFT_VOTER);
        } else if (sim_set_has(&members->learners, id)) {
            raft_configuration_add(&configuration, id, address, RAFT_STANDBY);
        }
    }
    raft_configuration_encode(&configuration, &buffer);
    if (bytes != NULL && buffer.base != NULL) {
        memcpy(bytes, buffer.base, buffer.len);
    }
    heap_drop(&heap);
    raft_heap_set_default();
    return buffer.len;
}

/* --- snapshots ------------------------------------------------------------ */

void wire_put_meta(const struct raft_snapshot *snapshot, struct bytes *bytes)
{
    bytes_put_number(bytes, snapshot->configuration_index);
    wire_put_configuration(&snapshot->configuration, bytes);
}

bool wire_get_meta(const uint8_t *meta, size_t size,
                   struct raft_snapshot *snapshot)
{
    struct reader reader = {meta, size, true};
    snapshot->configuration_index = bytes_get_number(&reader);
    return wire_get_configuration(&reader, &snapshot->configuration);
}

bool wire_snapshot_configuration(const uint8_t *meta, size_t size,
                                 struct sim_configuration *members)
{
    struct reader reader = {meta, size, true};
    bytes_get_number(&reader);
    return read_members(&reader, members);
}
