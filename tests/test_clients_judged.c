/* The clients, the map and the judge together: clients ask a map of one server
 * that answers late, refuses, forgets to answer and closes sessions, and what
 * they were told is linearizable; if the server cheats, it is not. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/clients_internal.h"
#include "sim/kv.h"
#include "tests/clients_harness.h"

#define CLIENTS 5u
#define OPEN_SESSIONS 4u
#define MAX_EVENTS 4096u
#define MAX_BYTES 64u

enum cheat {
    HONEST,
    STALE_READS,   /* some reads are answered from an old copy of the map */
    APPLIED_TWICE, /* a command of a session is never a repetition */
    LOST_WRITES,   /* some commands are answered and not applied */
};

enum event_kind { NOTHING, WAKE, REQUEST, ANSWER };

struct event {
    enum event_kind kind;
    uint64_t at_us;
    uint64_t order; /* of coming: decides between equal times */
    struct sim_client_action action; /* WAKE: its client; REQUEST */
    struct sim_reply reply;          /* ANSWER */
    uint8_t bytes[MAX_BYTES];        /* the action's data, the reply's value */
};

struct session {
    uint64_t name, sequence, used;
};

struct world {
    struct sim_clients *clients;
    struct sim_prng prng;
    enum cheat cheat;
    struct sim_kv *kv;
    struct sim_kv *old; /* a copy of the map as it was some time ago */
    struct session sessions[OPEN_SESSIONS];
    struct event events[MAX_EVENTS];
    uint64_t n_events;
    uint64_t now_us;
    uint64_t expired;
};

/* --- time ---------------------------------------------------------------- */

static struct event *add_event(struct world *world, enum event_kind kind,
                               uint64_t at_us)
{
    struct event *event = world->events;
    while (event->kind != NOTHING) {
        event++;
        cr_assert_lt(event - world->events, MAX_EVENTS);
    }
    event->kind = kind;
    event->at_us = at_us;
    event->order = world->n_events++;
    return event;
}

static struct event *next_event(struct world *world)
{
    struct event *next = NULL;
    for (size_t i = 0; i < MAX_EVENTS; i++) {
        struct event *event = &world->events[i];
        if (event->kind != NOTHING &&
            (next == NULL || event->at_us < next->at_us ||
             (event->at_us == next->at_us && event->order < next->order))) {
            next = event;
        }
    }
    return next;
}

static uint64_t some_delay(struct world *world)
{
    return sim_prng_between(&world->prng, 1, 3 * MS);
}

static void carry_out(struct world *world,
                      const struct sim_client_action *action)
{
    if (action->wake_at_us != SIM_NEVER) {
        add_event(world, WAKE, action->wake_at_us)->action = *action;
    }
    if (!action->send || sim_prng_chance(&world->prng, 100000)) {
        return;
    }
    struct event *event =
        add_event(world, REQUEST, world->now_us + some_delay(world));
    event->action = *action;
    cr_assert_leq(action->size, MAX_BYTES);
    if (action->size > 0) {
        memcpy(event->bytes, action->data, action->size);
    }
}

/* --- the server ---------------------------------------------------------- */

static uint64_t apply(struct world *world, const struct sim_entry *entry,
                      struct sim_kv_result *result)
{
    uint64_t index = sim_kv_applied(world->kv) + 1;
    *result = sim_kv_apply(world->kv, index, entry);
    if (index % 20 == 0) {
        size_t size = sim_kv_image_size(world->kv);
        uint8_t *image = malloc(size);
        sim_kv_image(world->kv, image);
        cr_assert(sim_kv_restore(world->old, image, size));
        free(image);
    }
    return index;
}

/* Opens a session, in place of the one that was used least recently. */
static void open_session(struct world *world, struct sim_reply *reply)
{
    struct session *place = world->sessions;
    for (uint32_t i = 1; i < OPEN_SESSIONS; i++) {
        if (world->sessions[i].used < place->used) {
            place = &world->sessions[i];
        }
    }
    struct sim_entry entry = {
        .term = 1, .kind = SIM_ENTRY_SESSION, .session = place->name};
    struct sim_kv_result result;
    uint64_t index = apply(world, &entry, &result);
    *place = (struct session){.name = index, .used = index};
    reply->session = index;
}

static enum sim_verdict_of_session
verdict_of(struct world *world, const struct sim_client_action *action)
{
    for (uint32_t i = 0; i < OPEN_SESSIONS; i++) {
        struct session *session = &world->sessions[i];
        if (action->session != 0 && session->name == action->session) {
            session->used = sim_kv_applied(world->kv) + 1;
            bool fresh = action->sequence > session->sequence;
            if (fresh) {
                session->sequence = action->sequence;
            }
            return fresh || world->cheat == APPLIED_TWICE
                       ? SIM_COMMAND_FRESH
                       : SIM_COMMAND_REPEATED;
        }
    }
    return action->session == 0 ? SIM_COMMAND_FRESH : SIM_COMMAND_EXPIRED;
}

/* Applies a command; false if nobody waits for an answer. */
static bool apply_command(struct world *world, const struct event *event,
                          struct sim_reply *reply)
{
    struct sim_entry entry = {
        .term = 1,
        .data = event->bytes,
        .size = event->action.size,
        .kind = SIM_ENTRY_COMMAND,
        .verdict = verdict_of(world, &event->action),
        .session = event->action.session,
        .sequence = event->action.sequence,
    };
    struct sim_kv_result result;
    apply(world, &entry, &result);
    reply->success = result.answer.success;
    reply->has_value = result.answer.has_value;
    reply->value = result.answer.value;
    reply->value_size = result.answer.value_size;
    switch (result.outcome) {
    case SIM_KV_APPLIED:
    case SIM_KV_REPEATED:
        return true;
    case SIM_KV_EXPIRED:
        reply->answer = SIM_ANSWER_EXPIRED;
        world->expired++;
        return true;
    case SIM_KV_STALE:
        return false;
    case SIM_KV_IGNORED:
        break;
    }
    cr_assert(false, "every command of a client is a command");
    return false;
}

static void read_map(struct world *world, const struct event *event,
                     struct sim_reply *reply)
{
    struct sim_command command;
    cr_assert(sim_command_decode(event->bytes, event->action.size, &command));
    bool stale =
        world->cheat == STALE_READS && sim_prng_chance(&world->prng, 200000);
    reply->success = true;
    reply->has_value =
        sim_kv_get(stale ? world->old : world->kv, command.key,
                   command.key_size, &reply->value, &reply->value_size);
}

static void serve(struct world *world, const struct event *event)
{
    struct sim_reply reply = {
        .answer = SIM_ANSWER_DONE,
        .tag = event->action.tag,
        .leader = (uint32_t)sim_prng_below(&world->prng, 4),
    };
    uint64_t chance = sim_prng_below(&world->prng, 100);
    bool answered = chance >= 10;
    if (chance >= 90) {
        reply.answer = chance < 95 ? SIM_ANSWER_NOT_LEADER : SIM_ANSWER_LATER;
    } else if (event->action.request == SIM_REQUEST_SESSION) {
        open_session(world, &reply);
    } else if (event->action.request == SIM_REQUEST_COMMAND) {
        bool lost = world->cheat == LOST_WRITES && chance >= 85;
        reply.success = true;
        answered = (lost || apply_command(world, event, &reply)) && answered;
        if (chance < 15) { /* appended, and then out of the leader's sight */
            reply.answer = SIM_ANSWER_UNKNOWN;
        }
    } else {
        read_map(world, event, &reply);
    }
    if (!answered) {
        return;
    }
    struct event *answer =
        add_event(world, ANSWER, world->now_us + some_delay(world));
    answer->reply = reply;
    cr_assert_leq(reply.value_size, MAX_BYTES);
    if (reply.value_size > 0) {
        memcpy(answer->bytes, reply.value, reply.value_size);
    }
}

/* --- a run --------------------------------------------------------------- */

static bool go_on(struct world *world)
{
    struct event *next = next_event(world);
    if (next == NULL) {
        return false;
    }
    struct event event = *next;
    next->kind = NOTHING;
    world->now_us = event.at_us;
    struct sim_client_action action;
    switch (event.kind) {
    case NOTHING:
        break;
    case WAKE:
        sim_clients_wake(world->clients, event.action.client, world->now_us,
                         &action);
        carry_out(world, &action);
        break;
    case REQUEST:
        serve(world, &event);
        break;
    case ANSWER:
        event.reply.value = event.bytes;
        sim_clients_answer(world->clients, &event.reply, world->now_us,
                           &action);
        carry_out(world, &action);
        break;
    }
    return true;
}

static void be_born(struct world *world, const struct sim_workload *workload,
                    uint64_t seed, enum cheat cheat)
{
    memset(world, 0, sizeof *world);
    world->prng = sim_prng_stream(seed, SIM_STREAM_FAULT, 0, 0);
    world->cheat = cheat;
    world->kv = sim_kv_new();
    world->old = sim_kv_new();
    world->clients = sim_clients_new(
        workload, 3, SIM_FEATURE_SESSIONS | SIM_FEATURE_READS, seed);
    struct sim_client_action action;
    for (uint32_t i = 0; i < workload->clients; i++) {
        sim_clients_start(world->clients, i, &action);
        carry_out(world, &action);
    }
    sim_clients_propose(world->clients, 0, 1, "k0", "scripted", &action);
    carry_out(world, &action);
}

static void live(struct world *world, const struct sim_workload *workload,
                 uint64_t seed, enum cheat cheat)
{
    be_born(world, workload, seed, cheat);
    while (go_on(world)) {
    }
    struct sim_clients_counters counters = sim_clients_count(world->clients);
    cr_assert_eq(sim_clients_outstanding(world->clients), 0);
    cr_assert_eq(counters.begun, counters.answered + counters.given_up);
    cr_assert_eq(counters.scripted, counters.scripted_answered);
    cr_assert_eq(sim_history_count(sim_clients_history(world->clients)),
                 counters.begun + counters.scripted);
    cr_assert_gt(counters.answered, 50);
}

static void end(struct world *world)
{
    sim_clients_free(world->clients);
    sim_kv_free(world->kv);
    sim_kv_free(world->old);
}

static struct sim_workload busy_workload(uint64_t seed)
{
    struct sim_workload workload = workload_of(CLIENTS);
    workload.sessions = seed % 4 != 0;
    workload.interval_us = 10 * MS;
    workload.timeout_us = 5 * MS;
    workload.stop_us = 400 * MS;
    workload.give_up_us = seed % 3 == 0 ? SIM_UNLIMITED : 20 * MS;
    workload.keys = 3;
    /* Values of one byte come again now and then. */
    workload.value_bytes = seed % 2 == 0 ? 1 : 8;
    for (uint32_t i = 0; i < SIM_OPERATION_COUNT; i++) {
        workload.weights[i] = 1 + (uint32_t)(seed >> i & 1) * 4;
    }
    return workload;
}

/* How many of the seeds are not linearizable. */
static uint32_t count_failures(enum cheat cheat, uint64_t seeds)
{
    static struct world world;
    uint32_t failures = 0;
    uint64_t expired = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct sim_workload workload = busy_workload(seed);
        if (cheat == APPLIED_TWICE) {
            workload.sessions = true;
        }
        live(&world, &workload, seed, cheat);
        struct sim_linearizability verdict;
        sim_linearizability_check(sim_clients_history(world.clients), 10000000,
                                  &verdict);
        cr_assert_neq(verdict.verdict, SIM_LINEARIZABILITY_UNDECIDED);
        failures += verdict.verdict == SIM_NOT_LINEARIZABLE;
        sim_linearizability_free(&verdict);
        expired += world.expired;
        end(&world);
    }
    cr_assert_gt(expired, seeds / 2);
    return failures;
}

Test(clients_judged, an_honest_map_is_linearizable)
{
    cr_assert_eq(count_failures(HONEST, 100), 0);
}

Test(clients_judged, stale_reads_are_found)
{
    cr_assert_gt(count_failures(STALE_READS, 20), 15);
}

Test(clients_judged, commands_applied_twice_are_found)
{
    cr_assert_gt(count_failures(APPLIED_TWICE, 40), 10);
}

Test(clients_judged, lost_writes_are_found)
{
    cr_assert_gt(count_failures(LOST_WRITES, 20), 15);
}

/* Not linearizable, perhaps, but told the same each time. */
Test(clients_judged, the_same_seed_gives_the_same_history)
{
    static struct world one, two;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim_workload workload = busy_workload(seed);
        live(&one, &workload, seed, STALE_READS);
        live(&two, &workload, seed, STALE_READS);
        const struct sim_history *a = sim_clients_history(one.clients);
        const struct sim_history *b = sim_clients_history(two.clients);
        cr_assert_eq(sim_kv_hash(one.kv), sim_kv_hash(two.kv));
        cr_assert_eq(sim_history_count(a), sim_history_count(b));
        for (uint32_t i = 0; i < sim_history_count(a); i++) {
            const struct sim_history_operation *x = sim_history_get(a, i);
            const struct sim_history_operation *y = sim_history_get(b, i);
            cr_assert_eq(x->client, y->client);
            cr_assert_eq(x->invoked_us, y->invoked_us);
            cr_assert_eq(x->returned_us, y->returned_us);
            cr_assert_eq(x->request.value, y->request.value);
            cr_assert_eq(x->result.value, y->result.value);
        }
        end(&one);
        end(&two);
    }
}

/* A client of the script that has a name. */
static void order(struct world *world, enum sim_operation operation)
{
    struct sim_client_order asked = {.operation = operation,
                                     .node = 1,
                                     .key = "k0",
                                     .value = "named",
                                     .name = 9};
    struct sim_client_action action;
    sim_clients_order(world->clients, world->now_us, &asked, &action);
    carry_out(world, &action);
    while (go_on(world)) {
    }
}

/* Whatever is asked for, only so much of it is kept, and only so many values,
 * but for those that clients remember. */
Test(clients_judged, long_runs_keep_few)
{
    enum { KEPT = 32768 };
    static struct world world;
    struct sim_workload workload = busy_workload(5);
    workload.interval_us = 1 * MS;
    workload.stop_us = 150000 * MS;
    workload.weights[SIM_OPERATION_SET] = 20;
    workload.sessions = false;
    be_born(&world, &workload, 5, HONEST);
    order(&world, SIM_OPERATION_SET);
    order(&world, SIM_OPERATION_COMPARE_AND_SET);
    const struct sim_history *history = sim_clients_history(world.clients);
    cr_assert_gt(sim_history_count(history), 3 * KEPT);
    /* A write that was given up may yet take effect, for ever. */
    uint64_t given_up = sim_clients_count(world.clients).given_up;
    cr_expect_gt(given_up, 1000);
    cr_expect_lt(sim_history_kept(history), KEPT + 2 * given_up);
    cr_expect_lt(sim_intern_count(world.clients->values), 2 * KEPT);
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 10000000, &verdict);
    cr_expect_eq(verdict.verdict, SIM_LINEARIZABLE);
    sim_linearizability_free(&verdict);
    char text[SIM_OPERATION_TEXT_SIZE];
    uint32_t last = (uint32_t)sim_history_count(history) - 1;
    cr_expect_not_null(
        strstr(sim_clients_describe(world.clients, last, text),
               "did not change v2 = named (written by client 7)"),
        "%s", text);
    end(&world);
}
