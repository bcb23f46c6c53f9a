/* The clients of the workload: their pace and their commands. */
#include "sim/clients.h"

#include <criterion/criterion.h>
#include <string.h>

#include "sim/kv.h"
#include "tests/clients_harness.h"

/* --- the workload's pace ------------------------------------------------- */

Test(clients_workload, with_no_interval_the_next_command_follows_the_answer)
{
    struct sim_workload workload = workload_of(1);
    workload.interval_us = 0;
    workload.start_us = 5 * MS;
    workload.stop_us = 10 * MS;
    struct sim_clients *clients = sim_clients_new(&workload, 1, 0, 1);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    expect_wake(&action, 5 * MS);
    sim_clients_wake(clients, 0, 5 * MS, &action);
    expect_ask(&action, 1, 505 * MS);
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 6 * MS,
                &action);
    expect_ask(&action, 1, 506 * MS);
    cr_assert_eq(command_of(&action).number, 2);
    /* An answer in no time: time must go on. */
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 6 * MS,
                &action);
    expect_wake(&action, 6 * MS + 1);
    sim_clients_wake(clients, 0, 6 * MS + 1, &action);
    cr_assert(action.send);
    /* After the stop nothing new begins. */
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 10 * MS,
                &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_count(clients).begun, 3);
    cr_assert_eq(sim_clients_count(clients).answered, 3);
    sim_clients_free(clients);
}

Test(clients_workload, what_is_outstanding_at_the_stop_is_finished)
{
    struct sim_workload workload = workload_of(1);
    workload.interval_us = 0;
    workload.stop_us = 10 * MS;
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    expect_wake(&action, 0);
    sim_clients_wake(clients, 0, 0, &action);
    sim_clients_wake(clients, 0, 500 * MS, &action);
    cr_assert(action.send);
    cr_assert_eq(command_of(&action).number, 1);
    cr_assert_eq(sim_clients_outstanding(clients), 1);
    cr_assert_eq(sim_clients_count(clients).retries, 1);
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 501 * MS,
                &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    sim_clients_free(clients);
}

Test(clients_workload, a_workload_that_stops_before_it_starts_does_nothing)
{
    struct sim_workload workload = workload_of(3);
    workload.start_us = workload.stop_us = 5 * MS;
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    for (uint32_t i = 0; i < 3; i++) {
        struct sim_client_action action;
        sim_clients_start(clients, i, &action);
        expect_nothing(&action);
    }
    sim_clients_free(clients);
}

/* The mean time between commands is the interval: 5% off is 5 standard
 * deviations of 10000 draws. */
Test(clients_workload, commands_begin_at_the_rate)
{
    struct sim_workload workload = workload_of(1);
    workload.stop_us = SIM_NEVER;
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 7);
    struct sim_client_action action;
    uint64_t now_us = 0;
    uint32_t short_gaps = 0;
    sim_clients_start(clients, 0, &action);
    for (uint32_t i = 0; i < 10000; i++) {
        short_gaps += action.wake_at_us - now_us < workload.interval_us / 2;
        now_us = action.wake_at_us;
        sim_clients_wake(clients, 0, now_us, &action);
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, now_us,
                    &action);
    }
    cr_assert_gt(now_us, 9500 * workload.interval_us);
    cr_assert_lt(now_us, 10500 * workload.interval_us);
    /* 1 - exp(-1/2) of an exponential's gaps are below half its mean. */
    cr_assert_gt(short_gaps, 3700);
    cr_assert_lt(short_gaps, 4200);
    sim_clients_free(clients);
}

Test(clients_workload, the_interval_counts_from_begin_to_begin)
{
    struct sim_workload workload = workload_of(1);
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct sim_clients *slow = sim_clients_new(&workload, 3, 0, seed);
        struct sim_clients *fast = sim_clients_new(&workload, 3, 0, seed);
        struct sim_client_action a;
        struct sim_client_action b;
        sim_clients_start(slow, 0, &a);
        sim_clients_start(fast, 0, &b);
        cr_assert_eq(a.wake_at_us, b.wake_at_us);
        uint64_t begun_us = a.wake_at_us;
        sim_clients_wake(slow, 0, begun_us, &a);
        sim_clients_wake(fast, 0, begun_us, &b);
        give_answer(fast, b.tag, SIM_ANSWER_DONE, SIM_NONE, begun_us, &b);
        uint64_t next_us = b.wake_at_us;
        /* An answer before that time does not move it; a later one gives the
         * next command at once. */
        uint64_t answered_us = begun_us + 5 * MS;
        give_answer(slow, a.tag, SIM_ANSWER_DONE, SIM_NONE, answered_us, &a);
        if (answered_us < next_us) {
            expect_wake(&a, next_us);
        } else {
            expect_ask(&a, a.node, answered_us + workload.timeout_us);
        }
        sim_clients_free(slow);
        sim_clients_free(fast);
    }
}

/* --- the workload's commands --------------------------------------------- */

#define MOST_CLIENTS 4u
#define MOST_COMMANDS 40u
#define MOST_BYTES 96u

/* What each client proposed, in order. */
struct book {
    uint32_t count[MOST_CLIENTS];
    uint32_t sizes[MOST_CLIENTS][MOST_COMMANDS];
    enum sim_request_kind requests[MOST_CLIENTS][MOST_COMMANDS];
    uint8_t commands[MOST_CLIENTS][MOST_COMMANDS][MOST_BYTES];
};

struct asked {
    bool pending;
    uint64_t at_us, tag;
    enum sim_answer answer;
};

/* A world of its own for the clients: servers answer by chance, or not at
 * all, and every answer may come late. */
struct world {
    struct sim_clients *clients;
    struct sim_workload workload;
    struct sim_prng prng;
    bool reliable;
    uint64_t now_us;
    uint64_t wake_us[MOST_CLIENTS];
    uint64_t open_number[MOST_CLIENTS]; /* 0: none outstanding */
    uint64_t last_number[MOST_CLIENTS];
    struct asked asked[512];
    uint64_t begun, answered, retries;
    struct book book;
};

static void write_down(struct world *world, uint32_t client,
                       const struct sim_client_action *action)
{
    struct book *book = &world->book;
    uint32_t place = book->count[client]++;
    cr_assert_lt(place, MOST_COMMANDS);
    cr_assert_leq(action->size, MOST_BYTES);
    book->sizes[client][place] = action->size;
    book->requests[client][place] = action->request;
    memcpy(book->commands[client][place], action->data, action->size);
}

static void draw_answer(struct world *world, uint64_t tag)
{
    struct asked *asked = world->asked;
    while (asked->pending) {
        asked++;
        cr_assert_lt(asked - world->asked, 512);
    }
    uint64_t chance = sim_prng_below(&world->prng, 100);
    if (world->reliable) {
        chance = 99;
    }
    if (chance < 25) {
        return; /* silence */
    }
    asked->pending = true;
    asked->at_us = world->now_us + sim_prng_below(&world->prng, 1500 * MS);
    asked->tag = tag;
    asked->answer = chance < 45   ? SIM_ANSWER_NOT_LEADER
                    : chance < 50 ? SIM_ANSWER_LATER
                    : chance < 60 ? SIM_ANSWER_UNKNOWN
                                  : SIM_ANSWER_DONE;
}

static void carry_out(struct world *world,
                      const struct sim_client_action *action)
{
    uint32_t client = action->client;
    if (action->wake_at_us != SIM_NEVER) {
        cr_assert(action->wake_at_us > world->now_us || world->now_us == 0);
        world->wake_us[client] = action->wake_at_us;
    }
    if (!action->send) {
        return;
    }
    cr_assert_geq(action->node, 1);
    cr_assert_leq(action->node, 5);
    struct sim_command command = command_of(action);
    cr_assert_eq(command.client, client);
    bool reads = command.op == SIM_COMMAND_GET;
    cr_assert_eq(command.value_size, reads ? 0 : world->workload.value_bytes);
    cr_assert(reads || action->request == SIM_REQUEST_COMMAND);
    if (world->open_number[client] == 0) {
        cr_assert_lt(world->now_us, world->workload.stop_us);
        cr_assert_eq(command.number, world->last_number[client] + 1);
        world->open_number[client] = command.number;
        world->last_number[client] = command.number;
        world->begun++;
        write_down(world, client, action);
    } else {
        cr_assert_eq(command.number, world->open_number[client]);
        uint32_t place = world->book.count[client] - 1;
        cr_assert_eq(action->size, world->book.sizes[client][place]);
        cr_assert_eq(action->request, world->book.requests[client][place]);
        cr_assert_arr_eq(action->data, world->book.commands[client][place],
                         action->size);
        world->retries++;
    }
    draw_answer(world, action->tag);
}

static void deliver(struct world *world, struct asked *asked)
{
    uint32_t client = (uint32_t)(asked->tag >> 32);
    struct sim_client_action action;
    uint64_t answered = sim_clients_count(world->clients).answered;
    if (asked->answer == SIM_ANSWER_DONE) {
        static const char *const values[] = {"a", "b", NULL};
        give_value(
            world->clients, asked->tag, sim_prng_chance(&world->prng, 500000),
            values[sim_prng_below(&world->prng, 3)], world->now_us, &action);
    } else {
        give_answer(world->clients, asked->tag, asked->answer,
                    (uint32_t)sim_prng_below(&world->prng, 7), world->now_us,
                    &action);
    }
    asked->pending = false;
    if (sim_clients_count(world->clients).answered > answered) {
        cr_assert_eq(asked->answer, SIM_ANSWER_DONE);
        cr_assert_neq(world->open_number[client], 0);
        world->open_number[client] = 0;
        world->answered++;
    }
    carry_out(world, &action);
}

/* The earliest of what is to come: an answer, or a client's wake-up. False when
 * there is nothing more. */
static bool go_on(struct world *world)
{
    struct asked *first = NULL;
    for (size_t i = 0; i < 512; i++) {
        struct asked *asked = &world->asked[i];
        if (asked->pending && (first == NULL || asked->at_us < first->at_us)) {
            first = asked;
        }
    }
    uint32_t client = 0;
    for (uint32_t i = 1; i < world->workload.clients; i++) {
        if (world->wake_us[i] < world->wake_us[client]) {
            client = i;
        }
    }
    uint64_t wake_us = world->wake_us[client];
    if (first != NULL && first->at_us < wake_us) {
        world->now_us = first->at_us;
        deliver(world, first);
        return true;
    }
    if (wake_us == SIM_NEVER) {
        return false;
    }
    world->now_us = wake_us;
    world->wake_us[client] = SIM_NEVER;
    struct sim_client_action action;
    sim_clients_wake(world->clients, client, wake_us, &action);
    carry_out(world, &action);
    return true;
}

static void live(struct world *world, uint64_t seed, bool reliable)
{
    memset(world, 0, sizeof *world);
    world->workload = workload_of(MOST_CLIENTS);
    world->workload.interval_us = 500 * MS;
    world->workload.value_bytes = (uint32_t)(seed % 20);
    world->workload.stop_us = 8 * S;
    for (uint32_t i = 0; i < SIM_OPERATION_COUNT; i++) {
        world->workload.weights[i] = 1;
    }
    world->prng = sim_prng_stream(seed, SIM_STREAM_FAULT, reliable, 0);
    world->reliable = reliable;
    world->clients =
        sim_clients_new(&world->workload, 5, SIM_FEATURE_READS, seed);
    for (uint32_t i = 0; i < MOST_CLIENTS; i++) {
        struct sim_client_action action;
        sim_clients_start(world->clients, i, &action);
        cr_assert_eq(action.client, i);
        world->wake_us[i] = SIM_NEVER;
        carry_out(world, &action);
    }
    while (go_on(world)) {
    }
    struct sim_clients_counters counters = sim_clients_count(world->clients);
    cr_assert_eq(counters.begun, world->begun);
    cr_assert_eq(counters.answered, world->answered);
    cr_assert_eq(counters.retries, world->retries);
    cr_assert_eq(world->begun, world->answered, "seed %lu: all are finished",
                 (unsigned long)seed);
    cr_assert_eq(sim_clients_outstanding(world->clients), 0);
    sim_clients_free(world->clients);
}

/* The same command, but for what a compare-and-set expects. */
static void expect_alike(const struct book *a, const struct book *b,
                         uint32_t client, uint32_t place)
{
    struct sim_command x, y;
    cr_assert(sim_command_decode(a->commands[client][place],
                                 a->sizes[client][place], &x));
    cr_assert(sim_command_decode(b->commands[client][place],
                                 b->sizes[client][place], &y));
    cr_assert_eq(a->requests[client][place], b->requests[client][place]);
    cr_assert_eq(x.op, y.op);
    cr_assert_eq(x.number, y.number);
    cr_assert_eq(x.key_size, y.key_size);
    cr_assert_arr_eq(x.key, y.key, x.key_size);
    cr_assert_eq(x.value_size, y.value_size);
    cr_assert(x.value_size == 0 || memcmp(x.value, y.value, x.value_size) == 0);
}

Test(clients_workload, every_command_is_finished_and_retries_change_no_command)
{
    static struct world calm;
    static struct world rough;
    uint64_t retries = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        live(&calm, seed, true);
        live(&rough, seed, false);
        retries += rough.retries;
        for (uint32_t c = 0; c < MOST_CLIENTS; c++) {
            uint32_t both = calm.book.count[c] < rough.book.count[c]
                                ? calm.book.count[c]
                                : rough.book.count[c];
            for (uint32_t i = 0; i < both; i++) {
                expect_alike(&calm.book, &rough.book, c, i);
            }
        }
    }
    cr_assert_gt(retries, 1000);
}

Test(clients_workload, keys_and_values_are_random)
{
    struct sim_workload workload = workload_of(2);
    workload.keys = 3;
    workload.value_bytes = 11;
    workload.stop_us = SIM_NEVER;
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 7);
    uint32_t seen[3] = {0};
    uint8_t ones[11] = {0};
    uint8_t last[2][11] = {{0}};
    struct sim_client_action action[2];
    for (uint32_t c = 0; c < 2; c++) {
        sim_clients_start(clients, c, &action[c]);
    }
    for (uint32_t i = 0; i < 600; i++) {
        uint32_t c = i % 2;
        uint64_t at_us = action[c].wake_at_us;
        sim_clients_wake(clients, c, at_us, &action[c]);
        struct sim_command command = command_of(&action[c]);
        cr_assert_eq(command.key_size, 2);
        cr_assert_eq(command.key[0], 'k');
        cr_assert(command.key[1] >= '0' && command.key[1] <= '2');
        seen[command.key[1] - '0']++;
        cr_assert_eq(command.value_size, 11);
        cr_assert(memcmp(command.value, last[0], 11) != 0);
        cr_assert(memcmp(command.value, last[1], 11) != 0);
        memcpy(last[c], command.value, 11);
        for (uint32_t b = 0; b < 11; b++) {
            ones[b] = (uint8_t)(ones[b] | command.value[b]);
        }
        give_answer(clients, action[c].tag, SIM_ANSWER_DONE, SIM_NONE, at_us,
                    &action[c]);
    }
    for (uint32_t k = 0; k < 3; k++) {
        cr_assert(seen[k] > 140 && seen[k] < 260, "k%u: %u", k, seen[k]);
    }
    for (uint32_t b = 0; b < 11; b++) {
        cr_assert_eq(ones[b], 0xff, "byte %u", b);
    }
    sim_clients_free(clients);
}
