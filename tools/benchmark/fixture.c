/* libraft's own in-memory cluster at the work that measure.c gives to raftsim:
 * what tools/bench sets beside each other. Prints a line of JSON.
 *
 * The cluster is raft/fixture.h of libraft 0.15 as it comes: 15 ms from server
 * to server, 10 ms for a write, no losses, the checks that it makes after each
 * step. The state machine counts what it applies. As many commands are kept on
 * their way as --inflight says: the next is asked for when the leader has
 * applied one. No server ever fails and the leader stays, so that all commands
 * asked for are applied.
 */
#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <raft.h>
#include <raft/fixture.h>

#include "tools/benchmark/meter.h"

#define COMMAND_BYTES 16u
#define MAX_INFLIGHT 64u
#define ELECTION_MS 10000u
#define NEVER UINT32_MAX /* entries until a snapshot */

/* What is asked for. */
struct wish {
    unsigned nodes;
    uint64_t skip;    /* commands before the part that is measured, */
    uint64_t commits; /* and in it */
    unsigned inflight;
    unsigned every; /* entries from one snapshot to the next, and */
    unsigned keep;  /* before it that are kept */
    uint64_t log;   /* entries that are there before the start */
};

struct machine {
    struct raft_fsm base;
    uint64_t applied;
};

struct work;

/* A command on its way. */
struct request {
    struct raft_apply base;
    struct work *work;
};

struct work {
    struct raft *leader;
    uint64_t asked, applied, wanted;
    struct request requests[MAX_INFLIGHT];
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "fixture: %s: %s\n", what, why);
    exit(2);
}

static void must(int status, const char *what)
{
    if (status != 0) {
        fail(what, raft_strerror(status));
    }
}

/* --- the wish ------------------------------------------------------------- */

static uint64_t number(const char *option, const char *text, uint64_t least,
                       uint64_t most)
{
    char *end;
    uint64_t value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || end == text || *end != '\0' || value < least ||
        value > most) {
        fail(option, "expected a number, and one that fits");
    }
    return value;
}

static struct wish read_wish(char **arguments)
{
    struct wish wish = {.nodes = 3,
                        .skip = 1,
                        .commits = 10000,
                        .inflight = 8,
                        .every = 1024,
                        .keep = 128};
    for (char **at = arguments; *at != NULL; at++) {
        const char *option = *at;
        if (strcmp(option, "--no-snapshots") == 0) {
            wish.every = NEVER;
        } else if (strcmp(option, "--nodes") == 0) {
            wish.nodes =
                (unsigned)number(option, *++at, 1, RAFT_FIXTURE_MAX_SERVERS);
        } else if (strcmp(option, "--commits") == 0) {
            wish.commits = number(option, *++at, 1, UINT32_MAX);
        } else if (strcmp(option, "--skip-commits") == 0) {
            wish.skip = number(option, *++at, 1, UINT32_MAX);
        } else if (strcmp(option, "--inflight") == 0) {
            wish.inflight = (unsigned)number(option, *++at, 1, MAX_INFLIGHT);
        } else if (strcmp(option, "--every") == 0) {
            wish.every = (unsigned)number(option, *++at, 1, NEVER);
        } else if (strcmp(option, "--keep") == 0) {
            wish.keep = (unsigned)number(option, *++at, 0, NEVER);
        } else if (strcmp(option, "--log") == 0) {
            wish.log = number(option, *++at, 0, UINT32_MAX);
        } else {
            fail("usage",
                 "fixture [--nodes N] [--skip-commits N] [--commits N] "
                 "[--inflight N] [--every N] [--keep N] "
                 "[--no-snapshots [--log ENTRIES]]");
        }
    }
    if (wish.log > 0 && wish.every != NEVER) {
        fail("--log", "only with --no-snapshots");
    }
    return wish;
}

/* --- the state machine ---------------------------------------------------- */

static int apply(struct raft_fsm *fsm, const struct raft_buffer *buffer,
                 void **result)
{
    assert(buffer->len == COMMAND_BYTES);
    ((struct machine *)fsm)->applied++;
    *result = NULL;
    return 0;
}

static int snapshot(struct raft_fsm *fsm, struct raft_buffer **buffers,
                    unsigned *n_buffers)
{
    struct machine *machine = (struct machine *)fsm;
    struct raft_buffer *buffer = raft_malloc(sizeof *buffer);
    assert(buffer != NULL);
    buffer->len = sizeof machine->applied;
    buffer->base = raft_malloc(buffer->len);
    assert(buffer->base != NULL);
    memcpy(buffer->base, &machine->applied, buffer->len);
    *buffers = buffer;
    *n_buffers = 1;
    return 0;
}

static int restore(struct raft_fsm *fsm, struct raft_buffer *buffer)
{
    struct machine *machine = (struct machine *)fsm;
    assert(buffer->len == sizeof machine->applied);
    memcpy(&machine->applied, buffer->base, buffer->len);
    raft_free(buffer->base);
    return 0;
}

/* --- the work ------------------------------------------------------------- */

static struct raft_buffer new_command(uint64_t number)
{
    struct raft_buffer buffer = {.base = raft_malloc(COMMAND_BYTES),
                                 .len = COMMAND_BYTES};
    assert(buffer.base != NULL);
    memset(buffer.base, 0, COMMAND_BYTES);
    memcpy(buffer.base, &number, sizeof number);
    return buffer;
}

static void ask(struct request *request);

static void on_applied(struct raft_apply *base, int status, void *result)
{
    struct request *request = (struct request *)base;
    (void)result;
    must(status, "a command");
    request->work->applied++;
    ask(request);
}

static void ask(struct request *request)
{
    struct work *work = request->work;
    if (work->asked == work->wanted) {
        return;
    }
    struct raft_buffer buffer = new_command(work->asked++);
    must(raft_apply(work->leader, &request->base, &buffer, 1, on_applied),
         "raft_apply");
}

/* All at once, as the clients of a closed loop begin. */
static void begin_work(struct work *work, const struct wish *wish)
{
    for (unsigned i = 0; i < wish->inflight; i++) {
        work->requests[i].work = work;
        ask(&work->requests[i]);
    }
}

/* --- the cluster ---------------------------------------------------------- */

/* What the servers find on their disks: the configuration, then commands. */
static void write_log(struct raft_fixture *fixture, unsigned i, uint64_t n)
{
    for (uint64_t entry = 1; entry < n; entry++) {
        struct raft_entry command = {
            .term = 1, .type = RAFT_COMMAND, .buf = new_command(entry)};
        command.batch = command.buf.base;
        raft_fixture_add_entry(fixture, i, &command);
    }
}

static void start(struct raft_fixture *fixture, const struct wish *wish,
                  struct machine *machines)
{
    struct raft_configuration configuration;
    must(raft_fixture_initialize(fixture), "raft_fixture_initialize");
    for (unsigned i = 0; i < wish->nodes; i++) {
        machines[i].base = (struct raft_fsm){.version = 1,
                                             .apply = apply,
                                             .snapshot = snapshot,
                                             .restore = restore};
        must(raft_fixture_grow(fixture, &machines[i].base),
             "raft_fixture_grow");
        struct raft *server = raft_fixture_get(fixture, i);
        raft_set_snapshot_threshold(server, wish->every);
        raft_set_snapshot_trailing(server, wish->keep);
    }
    must(raft_fixture_configuration(fixture, wish->nodes, &configuration),
         "raft_fixture_configuration");
    must(raft_fixture_bootstrap(fixture, &configuration),
         "raft_fixture_bootstrap");
    raft_configuration_close(&configuration);
    for (unsigned i = 0; i < wish->nodes; i++) {
        write_log(fixture, i, wish->log);
    }
    must(raft_fixture_start(fixture), "raft_fixture_start");
}

static void elect(struct raft_fixture *fixture, struct work *work)
{
    if (!raft_fixture_step_until_has_leader(fixture, ELECTION_MS)) {
        fail("raft_fixture_step_until_has_leader", "no leader");
    }
    work->leader =
        raft_fixture_get(fixture, raft_fixture_leader_index(fixture));
}

/* Returns how many steps it took. */
METER_ALONE uint64_t measured(struct raft_fixture *fixture, struct work *work,
                              uint64_t commits);

uint64_t measured(struct raft_fixture *fixture, struct work *work,
                  uint64_t commits)
{
    uint64_t steps = 0;
    while (work->applied < commits) {
        raft_fixture_step(fixture);
        steps++;
    }
    return steps;
}

/* Messages that were delivered so far. */
static uint64_t deliveries(struct raft_fixture *fixture,
                           const struct wish *wish)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < wish->nodes; i++) {
        for (int type = RAFT_IO_APPEND_ENTRIES; type <= RAFT_IO_TIMEOUT_NOW;
             type++) {
            n += raft_fixture_n_recv(fixture, i, type);
        }
    }
    return n;
}

int main(int count, char **arguments)
{
    static struct raft_fixture fixture;
    struct machine machines[RAFT_FIXTURE_MAX_SERVERS] = {0};
    assert(count >= 1);
    struct wish wish = read_wish(arguments + 1);
    struct work work = {.wanted = wish.skip + wish.commits};
    start(&fixture, &wish, machines);
    elect(&fixture, &work);
    begin_work(&work, &wish);
    while (work.applied < wish.skip) {
        raft_fixture_step(&fixture);
    }
    uint64_t received = deliveries(&fixture, &wish);
    uint64_t skipped = work.applied;
    raft_time time_ms = raft_fixture_time(&fixture);
    uint64_t began = meter_now_ns();
    uint64_t steps = measured(&fixture, &work, work.wanted);
    uint64_t ns = meter_now_ns() - began;
    printf("{\"steps\": %" PRIu64 ", \"commits\": %" PRIu64 ", \"ns\": %" PRIu64
           ", \"deliveries\": %" PRIu64 ", \"virtual_us\": %" PRIu64
           ", \"last_index\": %" PRIu64 ", \"peak_bytes\": %" PRIu64 "}\n",
           steps, work.applied - skipped, ns,
           deliveries(&fixture, &wish) - received,
           (uint64_t)(raft_fixture_time(&fixture) - time_ms) * 1000,
           (uint64_t)raft_last_index(work.leader), meter_peak_bytes());
    raft_fixture_close(&fixture);
    return 0;
}
