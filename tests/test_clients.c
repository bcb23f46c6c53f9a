/* The clients: whom they ask, and what they make of the answers. */
#include "sim/clients.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "sim/kv.h"
#include "tests/clients_harness.h"

/* --- one by one ---------------------------------------------------------- */

Test(clients, a_refusal_with_a_hint_is_followed_once)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 5, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 1 * S, 2, "x", "1", &action);
    expect_ask(&action, 2, 1 * S + 500 * MS);
    give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, 4, 1 * S + 1 * MS,
                &action);
    expect_ask(&action, 4, 1 * S + 501 * MS);
    /* The other one hints back: now it waits before it goes there. */
    give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, 2, 1 * S + 2 * MS,
                &action);
    expect_wake(&action, 1 * S + 4 * MS);
    sim_clients_wake(clients, 1, 1 * S + 4 * MS, &action);
    expect_ask(&action, 2, 1 * S + 504 * MS);
    /* After the pause a hint counts again. */
    give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, 4, 1 * S + 5 * MS,
                &action);
    expect_ask(&action, 4, 1 * S + 505 * MS);
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 1 * S + 6 * MS,
                &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    sim_clients_free(clients);
}

Test(clients, a_useless_hint_is_no_hint)
{
    static const uint32_t hints[] = {SIM_NONE, 3, 6, UINT32_MAX};
    struct sim_workload workload = workload_of(0);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        struct sim_clients *clients = sim_clients_new(&workload, 5, 0, 1);
        struct sim_client_action action;
        sim_clients_propose(clients, 0, 3, "x", "1", &action);
        give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, hints[i],
                    1 * MS, &action);
        expect_wake(&action, 3 * MS);
        sim_clients_wake(clients, 1, 3 * MS, &action);
        expect_ask(&action, 4, 503 * MS);
        sim_clients_free(clients);
    }
}

Test(clients, pauses_grow_to_a_bound_and_start_small_again)
{
    static const uint64_t pauses[] = {2, 4, 8, 16, 32, 64, 128, 128, 128};
    static const enum sim_answer answers[] = {SIM_ANSWER_NOT_LEADER,
                                              SIM_ANSWER_UNKNOWN};
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    uint64_t now_us = 0;
    for (uint32_t round = 0; round < 2; round++) {
        struct sim_client_action action;
        sim_clients_propose(clients, now_us, 1, "x", "1", &action);
        uint32_t node = 1;
        for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
            now_us += 1 * MS;
            give_answer(clients, action.tag, answers[round], SIM_NONE, now_us,
                        &action);
            expect_wake(&action, now_us + pauses[i] * MS);
            now_us += pauses[i] * MS;
            sim_clients_wake(clients, 1, now_us, &action);
            node = node % 3 + 1;
            expect_ask(&action, node, now_us + 500 * MS);
        }
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, now_us,
                    &action);
    }
    sim_clients_free(clients);
}

/* A leader that cannot take the command now is asked again, after a pause. */
Test(clients, later_is_asked_of_the_same_server)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 0, 2, "x", "1", &action);
    for (uint64_t pause = 2; pause <= 16; pause *= 2) {
        uint64_t now_us = 100 * pause * MS;
        give_answer(clients, action.tag, SIM_ANSWER_LATER, 3, now_us, &action);
        expect_wake(&action, now_us + pause * MS);
        now_us += pause * MS;
        sim_clients_wake(clients, 1, now_us, &action);
        expect_ask(&action, 2, now_us + 500 * MS);
    }
    sim_clients_free(clients);
}

Test(clients, silence_moves_on_to_the_next_server)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 0, 2, "x", "1", &action);
    uint64_t tags[4] = {action.tag};
    static const uint32_t nodes[] = {2, 3, 1, 2};
    for (uint32_t i = 1; i < 4; i++) {
        sim_clients_wake(clients, 1, i * 500 * MS, &action);
        expect_ask(&action, nodes[i], (i + 1) * 500 * MS);
        tags[i] = action.tag;
        for (uint32_t j = 0; j < i; j++) {
            cr_assert_neq(tags[i], tags[j]);
        }
        struct sim_command command = command_of(&action);
        cr_assert_eq(command.client, 1);
        cr_assert_eq(command.number, 1, "a retry is the same command");
    }
    sim_clients_free(clients);
}

Test(clients, late_answers)
{
    static const struct {
        const char *what;
        uint32_t attempt; /* of which the answer comes */
        enum sim_answer answer;
        uint32_t leader;
        bool done;
    } cases[] = {
        {"done, of the first", 0, SIM_ANSWER_DONE, SIM_NONE, true},
        {"done, of the second", 1, SIM_ANSWER_DONE, SIM_NONE, true},
        {"done, of the latest", 2, SIM_ANSWER_DONE, SIM_NONE, true},
        {"refused by the first", 0, SIM_ANSWER_NOT_LEADER, 1, false},
        {"unknown to the second", 1, SIM_ANSWER_UNKNOWN, SIM_NONE, false},
        {"put off by the first", 0, SIM_ANSWER_LATER, SIM_NONE, false},
    };
    struct sim_workload workload = workload_of(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
        struct sim_client_action action;
        sim_clients_propose(clients, 0, 1, "x", "1", &action);
        uint64_t tags[3] = {action.tag};
        for (uint32_t a = 1; a < 3; a++) {
            sim_clients_wake(clients, 1, a * 500 * MS, &action);
            tags[a] = action.tag;
        }
        give_answer(clients, tags[cases[i].attempt], cases[i].answer,
                    cases[i].leader, 1001 * MS, &action);
        expect_nothing(&action);
        cr_assert_eq(sim_clients_outstanding(clients), cases[i].done ? 0 : 1,
                     "%s", cases[i].what);
        /* The timeout of the latest attempt stands if it is not done. */
        sim_clients_wake(clients, 1, 1500 * MS, &action);
        cr_assert_eq(action.send, !cases[i].done, "%s", cases[i].what);
        sim_clients_free(clients);
    }
}

Test(clients, done_counts_during_a_pause)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 0, 1, "x", "1", &action);
    uint64_t first = action.tag;
    sim_clients_wake(clients, 1, 500 * MS, &action);
    uint64_t second = action.tag;
    give_answer(clients, second, SIM_ANSWER_UNKNOWN, SIM_NONE, 501 * MS,
                &action);
    expect_wake(&action, 503 * MS);
    /* The same answer twice does nothing. */
    give_answer(clients, second, SIM_ANSWER_UNKNOWN, SIM_NONE, 502 * MS,
                &action);
    expect_nothing(&action);
    give_answer(clients, first, SIM_ANSWER_DONE, SIM_NONE, 502 * MS, &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    sim_clients_wake(clients, 1, 503 * MS, &action);
    expect_nothing(&action);
    sim_clients_free(clients);
}

Test(clients, answers_to_a_finished_command_say_nothing_of_the_next)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 0, 1, "x", "1", &action);
    uint64_t old = action.tag;
    give_answer(clients, old, SIM_ANSWER_DONE, SIM_NONE, 1, &action);
    sim_clients_propose(clients, 2, 1, "x", "2", &action);
    cr_assert_eq(action.client, 1, "the client that is done is used again");
    cr_assert_eq(command_of(&action).number, 2);
    static const enum sim_answer answers[] = {
        SIM_ANSWER_DONE, SIM_ANSWER_NOT_LEADER, SIM_ANSWER_LATER,
        SIM_ANSWER_UNKNOWN, SIM_ANSWER_EXPIRED};
    for (size_t i = 0; i < 5; i++) {
        give_answer(clients, old, answers[i], 2, 3, &action);
        expect_nothing(&action);
        cr_assert_eq(sim_clients_outstanding(clients), 1);
    }
    sim_clients_free(clients);
}

Test(clients, what_has_no_value_gets_a_random_one)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    uint8_t values[3][16];
    for (size_t i = 0; i < 3; i++) {
        struct sim_client_action action;
        sim_clients_propose(clients, i, 1, "x", NULL, &action);
        struct sim_command command = command_of(&action);
        cr_assert_eq(command.op, SIM_COMMAND_SET);
        cr_assert_eq(command.value_size, 16);
        memcpy(values[i], command.value, 16);
        for (size_t k = 0; k < i; k++) {
            cr_expect(memcmp(values[i], values[k], 16) != 0);
        }
    }
    sim_clients_free(clients);
}

Test(clients, a_time_that_was_replaced_does_nothing)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 0, 1, "x", "1", &action);
    give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, 2, 400 * MS,
                &action);
    expect_ask(&action, 2, 900 * MS);
    sim_clients_wake(clients, 1, 500 * MS, &action);
    expect_nothing(&action);
    sim_clients_wake(clients, 1, 900 * MS, &action);
    expect_ask(&action, 3, 1400 * MS);
    /* A second event at the same time. */
    sim_clients_wake(clients, 1, 900 * MS, &action);
    expect_nothing(&action);
    sim_clients_free(clients);
}

/* --- the script and the probe -------------------------------------------- */

Test(clients, the_script_proposes_what_it_says)
{
    struct sim_workload workload = workload_of(2);
    workload.stop_us = 0;
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action one;
    struct sim_client_action two;
    sim_clients_propose(clients, 7, 3, "key", "value", &one);
    expect_ask(&one, 3, 7 + 500 * MS);
    sim_clients_propose(clients, 8, SIM_NONE, "k", "", &two);
    cr_assert_neq(one.client, two.client, "both are outstanding");
    cr_assert_geq(two.node, 1);
    cr_assert_leq(two.node, 3);
    struct sim_command command = command_of(&one);
    cr_assert_eq(command.client, one.client);
    cr_assert_eq(command.number, 1);
    cr_assert_eq(command.key_size, 3);
    cr_assert_arr_eq(command.key, "key", 3);
    cr_assert_eq(command.value_size, 5);
    cr_assert_arr_eq(command.value, "value", 5);
    cr_assert_eq(command_of(&two).value_size, 0);
    cr_assert_eq(sim_clients_outstanding(clients), 2);

    /* Many at once, with the first two still open and their bytes in place. */
    for (uint32_t i = 0; i < 100; i++) {
        struct sim_client_action more;
        sim_clients_propose(clients, 9, 1, "many", "x", &more);
        cr_assert_eq(more.client, 5 + i);
    }
    cr_assert_arr_eq(command_of(&one).value, "value", 5);
    struct sim_clients_counters counters = sim_clients_count(clients);
    cr_assert_eq(counters.scripted, 102);
    cr_assert_eq(counters.scripted_answered, 0);
    cr_assert_eq(counters.begun, 0);
    give_answer(clients, one.tag, SIM_ANSWER_DONE, SIM_NONE, 10, &one);
    counters = sim_clients_count(clients);
    cr_assert_eq(counters.scripted_answered, 1);
    cr_assert_eq(counters.answered, 0);
    sim_clients_free(clients);
}

Test(clients, the_probe_asks_until_it_is_done)
{
    static const uint32_t workload_sizes[] = {0, 3};
    for (size_t i = 0; i < 2; i++) {
        struct sim_workload workload = workload_of(workload_sizes[i]);
        workload.timeout_us = 3600 * S;
        workload.stop_us = 0;
        struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
        struct sim_client_action action;
        cr_assert_not(sim_clients_probe_done(clients));
        sim_clients_probe_start(clients, 9 * S, &action);
        uint32_t probe = action.client;
        cr_assert_eq(probe, workload_sizes[i]);
        uint32_t node = action.node;
        expect_ask(&action, node, 9 * S + 500 * MS);
        sim_clients_wake(clients, probe, 9 * S + 500 * MS, &action);
        expect_ask(&action, node % 3 + 1, 10 * S);
        uint64_t first = action.tag;
        cr_assert_not(sim_clients_probe_done(clients));

        /* Started again, it wants a new command done. */
        sim_clients_probe_start(clients, 10 * S, &action);
        cr_assert_eq(command_of(&action).number, 2);
        uint64_t second = action.tag;
        give_answer(clients, first, SIM_ANSWER_DONE, SIM_NONE, 10 * S, &action);
        cr_assert_not(sim_clients_probe_done(clients));
        give_answer(clients, second, SIM_ANSWER_DONE, SIM_NONE, 10 * S,
                    &action);
        expect_nothing(&action);
        cr_assert(sim_clients_probe_done(clients));
        cr_assert_eq(sim_clients_outstanding(clients), 0);
        cr_assert_eq(sim_clients_count(clients).begun, 0);
        cr_assert_eq(sim_clients_count(clients).retries, 0);
        sim_clients_free(clients);
    }
}

Test(clients, a_tag_of_the_future_is_a_mistake, .signal = SIGABRT)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 0, 1, "x", "1", &action);
    give_answer(clients, action.tag + 1, SIM_ANSWER_DONE, SIM_NONE, 0, &action);
}
