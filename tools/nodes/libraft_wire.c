#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/nodes/libraft.h"

/* --- bytes ---------------------------------------------------------------- */

void bytes_put(struct bytes *bytes, const void *more, size_t size)
{
    while (bytes->capacity - bytes->size < size) {
        bytes->at =
            libraft_grow(bytes->at, &bytes->capacity, bytes->capacity, 1);
    }
    if (size > 0) {
        memcpy(bytes->at + bytes->size, more, size);
        bytes->size += size;
    }
}

void bytes_put_number(struct bytes *bytes, uint64_t number)
{
    uint8_t eight[8];
    for (unsigned i = 0; i < 8; i++) {
        eight[i] = (uint8_t)(number >> (8 * i));
    }
    bytes_put(bytes, eight, sizeof eight);
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){NULL, 0, 0};
}

struct reader {
    const uint8_t *at;
    size_t left;
    bool good;
};

static const uint8_t *get(struct reader *reader, size_t size)
{
    const uint8_t *at = reader->at;
    reader->good = reader->good && size <= reader->left;
    if (!reader->good) {
        return NULL;
    }
    reader->at += size;
    reader->left -= size;
    return at;
}

static uint64_t get_number(struct reader *reader)
{
    const uint8_t *eight = get(reader, 8);
    uint64_t number = 0;
    for (unsigned i = 0; i < 8 && eight != NULL; i++) {
        number |= (uint64_t)eight[i] << (8 * i);
    }
    return number;
}

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
    server->id = get_number(reader);
    const uint8_t *end =
        reader->good ? memchr(reader->at, 0, reader->left) : NULL;
    if (end == NULL) {
        return false;
    }
    server->address = (const char *)get(reader, (size_t)(end - reader->at) + 1);
    const uint8_t *role = get(reader, 1);
    server->role = role == NULL ? 0 : *role;
    return reader->good;
}

/* How many servers follow. */
static bool get_servers(struct reader *reader, uint64_t *n)
{
    const uint8_t *format = get(reader, 1);
    *n = get_number(reader);
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

static bool read_configuration(struct reader *reader,
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

static void put_configuration(const struct raft_configuration *configuration,
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
    put_configuration(&snapshot->configuration, bytes);
}

bool wire_get_meta(const uint8_t *meta, size_t size,
                   struct raft_snapshot *snapshot)
{
    struct reader reader = {meta, size, true};
    snapshot->configuration_index = get_number(&reader);
    return read_configuration(&reader, &snapshot->configuration);
}

bool wire_snapshot_configuration(const uint8_t *meta, size_t size,
                                 struct sim_configuration *members)
{
    struct reader reader = {meta, size, true};
    get_number(&reader);
    return read_members(&reader, members);
}

/* --- messages ------------------------------------------------------------- */

/* Its type, and then the numbers of it in the order of its struct. */
static void put_entries(const struct raft_append_entries *p, struct bytes *to)
{
    bytes_put_number(to, p->n_entries);
    for (unsigned i = 0; i < p->n_entries; i++) {
        const struct raft_entry *entry = &p->entries[i];
        bytes_put_number(to, entry->term);
        bytes_put_number(to, entry->type);
        bytes_put_number(to, entry->buf.len);
        bytes_put(to, entry->buf.base, entry->buf.len);
    }
}

static void put_snapshot(const struct raft_install_snapshot *p,
                         struct bytes *to)
{
    bytes_put_number(to, p->term);
    bytes_put_number(to, p->last_index);
    bytes_put_number(to, p->last_term);
    bytes_put_number(to, p->conf_index);
    put_configuration(&p->conf, to);
    bytes_put_number(to, p->data.len);
    bytes_put(to, p->data.base, p->data.len);
}

void wire_encode(const struct raft_message *message, struct bytes *to)
{
    uint8_t type = (uint8_t)message->type;
    bytes_put(to, &type, 1);
    switch (message->type) {
    case RAFT_IO_REQUEST_VOTE:
        bytes_put_number(to, message->request_vote.term);
        bytes_put_number(to, message->request_vote.candidate_id);
        bytes_put_number(to, message->request_vote.last_log_index);
        bytes_put_number(to, message->request_vote.last_log_term);
        bytes_put_number(to, message->request_vote.disrupt_leader);
        bytes_put_number(to, message->request_vote.pre_vote);
        break;
    case RAFT_IO_REQUEST_VOTE_RESULT:
        bytes_put_number(to, message->request_vote_result.term);
        bytes_put_number(to, message->request_vote_result.vote_granted);
        bytes_put_number(to, message->request_vote_result.pre_vote);
        break;
    case RAFT_IO_APPEND_ENTRIES:
        bytes_put_number(to, message->append_entries.term);
        bytes_put_number(to, message->append_entries.prev_log_index);
        bytes_put_number(to, message->append_entries.prev_log_term);
        bytes_put_number(to, message->append_entries.leader_commit);
        put_entries(&message->append_entries, to);
        break;
    case RAFT_IO_APPEND_ENTRIES_RESULT:
        bytes_put_number(to, message->append_entries_result.term);
        bytes_put_number(to, message->append_entries_result.rejected);
        bytes_put_number(to, message->append_entries_result.last_log_index);
        break;
    case RAFT_IO_INSTALL_SNAPSHOT:
        put_snapshot(&message->install_snapshot, to);
        break;
    case RAFT_IO_TIMEOUT_NOW:
        bytes_put_number(to, message->timeout_now.term);
        bytes_put_number(to, message->timeout_now.last_log_index);
        bytes_put_number(to, message->timeout_now.last_log_term);
        break;
    default:
        break;
    }
}

/* All payloads in one block, as libraft expects: the batch of each entry. */
static bool get_entries(struct reader *reader, struct raft_append_entries *p)
{
    uint64_t n = get_number(reader);
    if (!reader->good || n > reader->left) {
        return false;
    }
    p->n_entries = (unsigned)n;
    p->entries = n == 0 ? NULL : raft_calloc(n, sizeof *p->entries);
    uint8_t *batch = n == 0 ? NULL : raft_malloc(reader->left + 1);
    uint8_t *at = batch;
    for (uint64_t i = 0; i < n; i++) {
        struct raft_entry *entry = &p->entries[i];
        entry->term = get_number(reader);
        entry->type = (unsigned short)get_number(reader);
        entry->buf.len = get_number(reader);
        const uint8_t *payload = get(reader, entry->buf.len);
        if (payload == NULL) {
            return false;
        }
        memcpy(at, payload, entry->buf.len);
        entry->buf.base = at;
        entry->batch = batch;
        at += entry->buf.len;
    }
    return reader->good;
}

static bool get_snapshot(struct reader *reader, struct raft_install_snapshot *p)
{
    p->term = get_number(reader);
    p->last_index = get_number(reader);
    p->last_term = get_number(reader);
    p->conf_index = get_number(reader);
    if (!reader->good || !read_configuration(reader, &p->conf)) {
        return false;
    }
    p->data.len = get_number(reader);
    const uint8_t *data = get(reader, p->data.len);
    p->data.base = data == NULL ? NULL : raft_malloc(p->data.len + 1);
    if (p->data.base != NULL) {
        memcpy(p->data.base, data, p->data.len);
    }
    return reader->good;
}

static bool get_message(struct reader *reader, struct raft_message *message)
{
    const uint8_t *type = get(reader, 1);
    message->type = type == NULL ? 0 : *type;
    switch (message->type) {
    case RAFT_IO_REQUEST_VOTE:
        message->request_vote.term = get_number(reader);
        message->request_vote.candidate_id = get_number(reader);
        message->request_vote.last_log_index = get_number(reader);
        message->request_vote.last_log_term = get_number(reader);
        message->request_vote.disrupt_leader = get_number(reader) != 0;
        message->request_vote.pre_vote = get_number(reader) != 0;
        return reader->good;
    case RAFT_IO_REQUEST_VOTE_RESULT:
        message->request_vote_result.term = get_number(reader);
        message->request_vote_result.vote_granted = get_number(reader) != 0;
        message->request_vote_result.pre_vote =
            (raft_tribool)get_number(reader);
        return reader->good;
    case RAFT_IO_APPEND_ENTRIES:
        message->append_entries.term = get_number(reader);
        message->append_entries.prev_log_index = get_number(reader);
        message->append_entries.prev_log_term = get_number(reader);
        message->append_entries.leader_commit = get_number(reader);
        return get_entries(reader, &message->append_entries);
    case RAFT_IO_APPEND_ENTRIES_RESULT:
        message->append_entries_result.term = get_number(reader);
        message->append_entries_result.rejected = get_number(reader);
        message->append_entries_result.last_log_index = get_number(reader);
        return reader->good;
    case RAFT_IO_INSTALL_SNAPSHOT:
        return get_snapshot(reader, &message->install_snapshot);
    case RAFT_IO_TIMEOUT_NOW:
        message->timeout_now.term = get_number(reader);
        message->timeout_now.last_log_index = get_number(reader);
        message->timeout_now.last_log_term = get_number(reader);
        return reader->good;
    default:
        return false;
    }
}

bool wire_decode(const uint8_t *bytes, size_t size,
                 struct raft_message *message)
{
    struct reader reader = {bytes, size, true};
    memset(message, 0, sizeof *message);
    return get_message(&reader, message);
}

/* --- for those who look on ------------------------------------------------ */

static void classify_append(struct reader *reader, struct sim_message *message)
{
    message->kind = SIM_MESSAGE_APPEND_REQUEST;
    message->place.index = get_number(reader);
    message->place.term = get_number(reader);
    message->commit_index = get_number(reader);
    message->n_entries = (uint32_t)get_number(reader);
}

/* It answers a snapshot in the same way. What it says is where its log ends,
 * which may be behind what it shares with the leader: no promise can be read
 * from it (the leader takes no more of it than it has itself). */
static void classify_append_result(struct reader *reader,
                                   struct sim_message *message)
{
    message->kind = SIM_MESSAGE_APPEND_RESPONSE;
    message->granted = get_number(reader) == 0;
}

static void classify_vote_request(struct reader *reader,
                                  struct sim_message *message)
{
    get_number(reader); /* the candidate */
    message->place.index = get_number(reader);
    message->place.term = get_number(reader);
    get_number(reader);
    message->kind = get_number(reader) != 0 ? SIM_MESSAGE_PRE_VOTE_REQUEST
                                            : SIM_MESSAGE_VOTE_REQUEST;
}

void wire_classify(const uint8_t *bytes, size_t size,
                   struct sim_message *message)
{
    struct reader reader = {bytes, size, true};
    const uint8_t *type = get(&reader, 1);
    *message = (struct sim_message){.kind = SIM_MESSAGE_OTHER};
    if (type == NULL) {
        return;
    }
    message->term = get_number(&reader);
    switch (*type) {
    case RAFT_IO_REQUEST_VOTE:
        classify_vote_request(&reader, message);
        break;
    case RAFT_IO_REQUEST_VOTE_RESULT:
        message->granted = get_number(&reader) != 0;
        message->kind = get_number(&reader) == raft_tribool_true
                            ? SIM_MESSAGE_PRE_VOTE_RESPONSE
                            : SIM_MESSAGE_VOTE_RESPONSE;
        break;
    case RAFT_IO_APPEND_ENTRIES:
        classify_append(&reader, message);
        break;
    case RAFT_IO_APPEND_ENTRIES_RESULT:
        classify_append_result(&reader, message);
        break;
    case RAFT_IO_INSTALL_SNAPSHOT:
        message->kind = SIM_MESSAGE_INSTALL_REQUEST;
        message->place.index = get_number(&reader);
        message->place.term = get_number(&reader);
        break;
    case RAFT_IO_TIMEOUT_NOW:
        message->kind = SIM_MESSAGE_TIMEOUT_NOW;
        break;
    default:
        break;
    }
}

static void describe_request(const struct sim_message *message, char *text)
{
    uint64_t first = message->place.index + 1;
    char entries[64] = "heartbeat";
    if (message->n_entries > 0) {
        snprintf(entries, sizeof entries, "entries %" PRIu64 "..%" PRIu64,
                 first, message->place.index + message->n_entries);
    }
    snprintf(text, SIM_DESCRIPTION_SIZE,
             "term %" PRIu64 ", %s after %" PRIu64 "/%" PRIu64
             ", commit %" PRIu64,
             message->term, entries, message->place.index, message->place.term,
             message->commit_index);
}

void wire_describe(const uint8_t *bytes, size_t size, char *text)
{
    struct sim_message message;
    struct reader reader = {bytes, size, true};
    const size_t room = SIM_DESCRIPTION_SIZE;
    wire_classify(bytes, size, &message);
    switch (message.kind) {
    case SIM_MESSAGE_PRE_VOTE_REQUEST:
    case SIM_MESSAGE_VOTE_REQUEST:
        snprintf(text, room,
                 "term %" PRIu64 ", last entry %" PRIu64 "/%" PRIu64,
                 message.term, message.place.index, message.place.term);
        return;
    case SIM_MESSAGE_PRE_VOTE_RESPONSE:
    case SIM_MESSAGE_VOTE_RESPONSE:
        snprintf(text, room, "term %" PRIu64 ", %s", message.term,
                 message.granted ? "granted" : "refused");
        return;
    case SIM_MESSAGE_APPEND_REQUEST:
        describe_request(&message, text);
        return;
    case SIM_MESSAGE_APPEND_RESPONSE:
        get(&reader, 9);
        uint64_t rejected = get_number(&reader);
        uint64_t last = get_number(&reader);
        snprintf(text, room, "term %" PRIu64 ", %s%.0" PRIu64 ", last %" PRIu64,
                 message.term, rejected == 0 ? "accepted" : "refused at ",
                 rejected, last);
        return;
    case SIM_MESSAGE_INSTALL_REQUEST:
        snprintf(text, room,
                 "term %" PRIu64 ", snapshot %" PRIu64 "/%" PRIu64
                 ", %zu bytes",
                 message.term, message.place.index, message.place.term, size);
        return;
    default:
        snprintf(text, room, "term %" PRIu64, message.term);
        return;
    }
}
