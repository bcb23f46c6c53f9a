/* The clients of the workload: their sessions, and when they give up. */
#include "sim/clients.h"

#include <criterion/criterion.h>

#include "sim/kv.h"
#include "tests/clients_harness.h"

/* One client that opens sessions and asks for one command after the other. */
static struct sim_workload eager_workload(void)
{
    struct sim_workload workload = workload_of(1);
    workload.interval_us = 0;
    workload.sessions = true;
    return workload;
}

/* Its first action, at time 0: asks for a session. */
static struct sim_clients *start(const struct sim_workload *workload,
                                 struct sim_client_action *action)
{
    struct sim_clients *clients =
        sim_clients_new(workload, 3, SIM_FEATURE_SESSIONS, 1);
    sim_clients_start(clients, 0, action);
    sim_clients_wake(clients, 0, 0, action);
    return clients;
}

/* --- opening ------------------------------------------------------------- */

Test(clients_sessions, a_session_is_opened_before_the_first_command)
{
    struct sim_workload workload = eager_workload();
    workload.start_us = 5 * MS;
    struct sim_clients *clients =
        sim_clients_new(&workload, 3, SIM_FEATURE_SESSIONS, 1);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    expect_wake(&action, 5 * MS);
    sim_clients_wake(clients, 0, 5 * MS, &action);
    expect_open(&action);
    expect_ask(&action, 1, 505 * MS);
    cr_assert_eq(sim_clients_outstanding(clients), 1);
    cr_assert_eq(sim_clients_count(clients).begun, 0);

    give_session(clients, action.tag, 42, 6 * MS, &action);
    expect_in_session(&action, 42, 1, 1);
    expect_ask(&action, 1, 506 * MS);
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 7 * MS,
                &action);
    expect_in_session(&action, 42, 2, 2);
    struct sim_clients_counters counters = sim_clients_count(clients);
    cr_assert_eq(counters.sessions, 1);
    cr_assert_eq(counters.begun, 2);
    cr_assert_eq(counters.answered, 1);
    sim_clients_free(clients);
}

Test(clients_sessions, there_are_none_where_not_wanted_or_not_offered)
{
    for (uint32_t i = 0; i < 3; i++) {
        struct sim_workload workload = eager_workload();
        workload.sessions = i != 0;
        uint32_t features = i == 1   ? ~(uint32_t)SIM_FEATURE_SESSIONS
                            : i == 2 ? 0
                                     : UINT32_MAX;
        struct sim_clients *clients =
            sim_clients_new(&workload, 3, features, 1);
        struct sim_client_action action;
        sim_clients_start(clients, 0, &action);
        sim_clients_wake(clients, 0, 0, &action);
        expect_in_session(&action, 0, 0, 1);
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 1, &action);
        expect_in_session(&action, 0, 0, 2);
        sim_clients_free(clients);
    }
}

Test(clients_sessions, the_probe_and_the_script_have_none)
{
    struct sim_workload workload = eager_workload();
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    sim_clients_probe_start(clients, 0, &action);
    expect_in_session(&action, 0, 0, 1);
    sim_clients_propose(clients, 0, 1, "x", "1", &action);
    expect_in_session(&action, 0, 0, 1);
    sim_clients_free(clients);
}

Test(clients_sessions, opening_is_tried_until_it_is_answered)
{
    struct sim_workload workload = eager_workload();
    workload.give_up_us = 10 * MS; /* a command, not a session */
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    expect_ask(&action, 1, 500 * MS);
    uint64_t first = action.tag;
    sim_clients_wake(clients, 0, 500 * MS, &action);
    expect_open(&action);
    expect_ask(&action, 2, 1000 * MS);
    give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, 3, 600 * MS,
                &action);
    expect_open(&action);
    expect_ask(&action, 3, 1100 * MS);
    give_answer(clients, action.tag, SIM_ANSWER_LATER, SIM_NONE, 700 * MS,
                &action);
    expect_wake(&action, 702 * MS);
    sim_clients_wake(clients, 0, 702 * MS, &action);
    expect_open(&action);
    expect_ask(&action, 3, 1202 * MS);
    uint64_t last = action.tag;

    /* Any attempt may be answered; a second session is not needed. */
    give_session(clients, first, 7, 800 * MS, &action);
    expect_in_session(&action, 7, 1, 1);
    give_session(clients, last, 8, 801 * MS, &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_count(clients).sessions, 1);
    cr_assert_eq(sim_clients_count(clients).retries, 0);
    cr_assert_eq(sim_clients_count(clients).given_up, 0);
    cr_assert_eq(sim_clients_outstanding(clients), 1);
    sim_clients_free(clients);
}

Test(clients_sessions, a_retry_keeps_session_and_sequence)
{
    struct sim_workload workload = eager_workload();
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    give_session(clients, action.tag, 7, 1, &action);
    for (uint32_t i = 1; i < 5; i++) {
        expect_in_session(&action, 7, 1, 1);
        sim_clients_wake(clients, 0, i * S, &action);
    }
    sim_clients_free(clients);
}

Test(clients_sessions, a_session_that_opens_after_the_stop_is_for_nothing)
{
    struct sim_workload workload = eager_workload();
    workload.stop_us = 10 * MS;
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    give_session(clients, action.tag, 7, 10 * MS, &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    cr_assert_eq(sim_clients_count(clients).begun, 0);
    sim_clients_free(clients);
}

/* A node may apply something else in its place. */
Test(clients_sessions, a_session_without_a_name_is_none)
{
    struct sim_workload workload = eager_workload();
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    give_session(clients, action.tag, 0, 1, &action);
    cr_expect_eq(sim_clients_count(clients).sessions, 0);
    cr_expect_eq(sim_clients_count(clients).given_up, 1);
    sim_clients_free(clients);
}

/* --- expiring ------------------------------------------------------------ */

Test(clients_sessions, an_expired_one_is_replaced_at_once)
{
    struct sim_workload workload = eager_workload();
    workload.interval_us = 100 * MS;
    struct sim_clients *clients =
        sim_clients_new(&workload, 3, SIM_FEATURE_SESSIONS, 5);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    uint64_t begun_us = action.wake_at_us;
    sim_clients_wake(clients, 0, begun_us, &action);
    give_session(clients, action.tag, 7, begun_us, &action);
    expect_in_session(&action, 7, 1, 1);

    /* What its next command's time is, a client without trouble tells. */
    struct sim_clients *other =
        sim_clients_new(&workload, 3, SIM_FEATURE_SESSIONS, 5);
    struct sim_client_action calm;
    sim_clients_start(other, 0, &calm);
    sim_clients_wake(other, 0, begun_us, &calm);
    give_session(other, calm.tag, 7, begun_us, &calm);
    give_answer(other, calm.tag, SIM_ANSWER_DONE, SIM_NONE, begun_us, &calm);
    uint64_t next_us = calm.wake_at_us;
    cr_assert_gt(next_us, begun_us + 2);

    give_answer(clients, action.tag, SIM_ANSWER_EXPIRED, SIM_NONE, begun_us + 1,
                &action);
    expect_open(&action);
    struct sim_clients_counters counters = sim_clients_count(clients);
    cr_assert_eq(counters.given_up, 1);
    cr_assert_eq(counters.answered, 0);
    give_session(clients, action.tag, 9, begun_us + 2, &action);
    expect_wake(&action, next_us);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    sim_clients_wake(clients, 0, next_us, &action);
    expect_in_session(&action, 9, 1, 2);
    cr_assert_eq(sim_clients_count(clients).sessions, 2);
    sim_clients_free(clients);
    sim_clients_free(other);
}

/* The answer to an older attempt says the same: the session is closed. */
Test(clients_sessions, an_older_attempt_may_tell_that_it_has_expired)
{
    struct sim_workload workload = eager_workload();
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    give_session(clients, action.tag, 7, 1, &action);
    uint64_t first = action.tag;
    sim_clients_wake(clients, 0, 1 * S, &action);
    uint64_t second = action.tag;
    give_answer(clients, first, SIM_ANSWER_EXPIRED, SIM_NONE, 1 * S + 1,
                &action);
    expect_open(&action);
    uint64_t opening = action.tag;
    static const enum sim_answer answers[] = {
        SIM_ANSWER_DONE, SIM_ANSWER_NOT_LEADER, SIM_ANSWER_EXPIRED};
    for (size_t i = 0; i < 3; i++) {
        give_answer(clients, second, answers[i], SIM_NONE, 1 * S + 2, &action);
        expect_nothing(&action);
    }
    cr_assert_eq(sim_clients_count(clients).given_up, 1);
    cr_assert_eq(sim_clients_count(clients).answered, 0);
    give_session(clients, opening, 9, 1 * S + 3, &action);
    expect_in_session(&action, 9, 1, 2);
    sim_clients_free(clients);
}

Test(clients_sessions, after_the_stop_no_other_is_opened)
{
    struct sim_workload workload = eager_workload();
    workload.stop_us = 10 * MS;
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    give_session(clients, action.tag, 7, 1, &action);
    give_answer(clients, action.tag, SIM_ANSWER_EXPIRED, SIM_NONE, 10 * MS,
                &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    cr_assert_eq(sim_clients_count(clients).given_up, 1);
    sim_clients_free(clients);
}

/* Nor if the stop comes before the next command would. */
Test(clients_sessions, none_is_opened_for_a_command_after_the_stop)
{
    struct sim_workload workload = eager_workload();
    workload.interval_us = 3600 * S;
    workload.stop_us = SIM_NEVER;
    struct sim_clients *clients =
        sim_clients_new(&workload, 3, SIM_FEATURE_SESSIONS, 1);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    uint64_t begun_us = action.wake_at_us;
    sim_clients_free(clients);

    workload.stop_us = begun_us + 3;
    clients = sim_clients_new(&workload, 3, SIM_FEATURE_SESSIONS, 1);
    sim_clients_start(clients, 0, &action);
    sim_clients_wake(clients, 0, begun_us, &action);
    give_session(clients, action.tag, 7, begun_us, &action);
    give_answer(clients, action.tag, SIM_ANSWER_EXPIRED, SIM_NONE, begun_us + 1,
                &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    sim_clients_free(clients);
}

/* Whatever a node says: a command without one is given up. */
Test(clients_sessions, only_a_session_expires)
{
    struct sim_workload workload = eager_workload();
    struct sim_client_action action;
    struct sim_clients *clients = start(&workload, &action);
    sim_clients_propose(clients, 0, 1, "x", "1", &action);
    give_answer(clients, action.tag, SIM_ANSWER_EXPIRED, SIM_NONE, 1, &action);
    cr_expect_eq(sim_clients_count(clients).sessions, 0);
    cr_expect_eq(sim_clients_outstanding(clients), 1);
    sim_clients_free(clients);
}

/* Reads that do not go through the log are in no session. */
Test(clients_sessions, a_direct_read_takes_no_sequence)
{
    static const struct {
        enum sim_operation operation;
        enum sim_request_kind request;
        uint32_t features;
    } cases[] = {
        {SIM_OPERATION_READ, SIM_REQUEST_READ, SIM_FEATURE_READS},
        {SIM_OPERATION_READ_LEASE, SIM_REQUEST_READ_LEASE, SIM_FEATURE_READS},
        {SIM_OPERATION_READ_LOG, SIM_REQUEST_COMMAND, SIM_FEATURE_READS},
        {SIM_OPERATION_READ, SIM_REQUEST_COMMAND, 0},
        {SIM_OPERATION_READ_LEASE, SIM_REQUEST_COMMAND, 0},
        {SIM_OPERATION_READ_LOG, SIM_REQUEST_COMMAND, 0},
        {SIM_OPERATION_COMPARE_AND_SET, SIM_REQUEST_COMMAND, SIM_FEATURE_READS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_workload workload = eager_workload();
        workload.weights[SIM_OPERATION_SET] = 0;
        workload.weights[cases[i].operation] = 3;
        struct sim_clients *clients = sim_clients_new(
            &workload, 3, SIM_FEATURE_SESSIONS | cases[i].features, 1);
        struct sim_client_action action;
        sim_clients_start(clients, 0, &action);
        sim_clients_wake(clients, 0, 0, &action);
        give_session(clients, action.tag, 7, 1, &action);
        for (uint64_t n = 1; n <= 3; n++) {
            struct sim_command command = command_of(&action);
            cr_assert_eq(action.request, cases[i].request, "case %zu", i);
            bool direct = action.request != SIM_REQUEST_COMMAND;
            bool reads = cases[i].operation != SIM_OPERATION_COMPARE_AND_SET;
            cr_assert_eq(action.session, direct ? 0 : 7);
            cr_assert_eq(action.sequence, direct ? 0 : n);
            cr_assert_eq(command.number, n);
            cr_assert_eq(command.op,
                         reads ? SIM_COMMAND_GET : SIM_COMMAND_COMPARE_AND_SET);
            give_value(clients, action.tag, true, "v", n * MS, &action);
            cr_assert_eq(sim_clients_count(clients).reads, direct ? n : 0);
            cr_assert_eq(sim_clients_count(clients).answered, n);
        }
        sim_clients_free(clients);
    }
}

/* Among commands, too. */
Test(clients_sessions, sequences_count_the_commands_of_the_log_only)
{
    struct sim_workload workload = eager_workload();
    workload.weights[SIM_OPERATION_READ] = 1;
    struct sim_clients *clients = sim_clients_new(
        &workload, 3, SIM_FEATURE_SESSIONS | SIM_FEATURE_READS, 1);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    sim_clients_wake(clients, 0, 0, &action);
    give_session(clients, action.tag, 7, 1, &action);
    uint64_t sequence = 0;
    for (uint64_t n = 1; n <= 50; n++) {
        if (action.request == SIM_REQUEST_COMMAND) {
            expect_in_session(&action, 7, ++sequence, n);
        }
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, n * MS,
                    &action);
    }
    cr_assert(sequence > 10 && sequence < 40);
    sim_clients_free(clients);
}

/* --- giving up ----------------------------------------------------------- */

static struct sim_workload impatient_workload(void)
{
    struct sim_workload workload = eager_workload();
    workload.give_up_us = 700 * MS;
    return workload;
}

/* Its first command, begun at time 0. */
static struct sim_clients *begin(const struct sim_workload *workload,
                                 struct sim_client_action *action)
{
    struct sim_clients *clients = start(workload, action);
    give_session(clients, action->tag, 7, 0, action);
    expect_in_session(action, 7, 1, 1);
    return clients;
}

Test(clients_sessions, a_client_goes_on_when_it_gives_up)
{
    struct sim_workload workload = impatient_workload();
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    expect_ask(&action, 1, 500 * MS);
    uint64_t first = action.tag;
    sim_clients_wake(clients, 0, 500 * MS, &action);
    expect_ask(&action, 2, 700 * MS); /* and not 1000 */
    uint64_t second = action.tag;
    sim_clients_wake(clients, 0, 700 * MS, &action);
    expect_in_session(&action, 7, 2, 2);
    expect_ask(&action, 2, 1200 * MS);
    struct sim_clients_counters counters = sim_clients_count(clients);
    cr_assert_eq(counters.given_up, 1);
    cr_assert_eq(counters.retries, 1);
    cr_assert_eq(counters.begun, 2);
    cr_assert_eq(sim_clients_outstanding(clients), 1);

    /* Too late. */
    give_answer(clients, first, SIM_ANSWER_DONE, SIM_NONE, 701 * MS, &action);
    expect_nothing(&action);
    give_answer(clients, second, SIM_ANSWER_EXPIRED, SIM_NONE, 701 * MS,
                &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_count(clients).answered, 0);
    sim_clients_wake(clients, 0, 1200 * MS, &action);
    expect_ask(&action, 3, 1400 * MS);
    sim_clients_free(clients);
}

/* Its pause ends when it gives up, and so does any answer that puts it off. */
Test(clients_sessions, a_client_gives_up_in_a_pause_and_at_an_answer)
{
    static const enum sim_answer answers[] = {
        SIM_ANSWER_NOT_LEADER, SIM_ANSWER_LATER, SIM_ANSWER_UNKNOWN};
    struct sim_workload workload = impatient_workload();
    workload.timeout_us = 10 * S;
    for (size_t i = 0; i < 3; i++) {
        struct sim_client_action action;
        struct sim_clients *clients = begin(&workload, &action);
        expect_ask(&action, 1, 700 * MS);
        uint64_t tag = action.tag;
        give_answer(clients, tag, answers[i], SIM_NONE, 699 * MS, &action);
        expect_wake(&action, 700 * MS);
        sim_clients_wake(clients, 0, 700 * MS, &action);
        expect_in_session(&action, 7, 2, 2);
        expect_ask(&action, action.node, 1400 * MS);

        give_answer(clients, action.tag, answers[i], 3, 1400 * MS, &action);
        expect_in_session(&action, 7, 3, 3);
        cr_assert_eq(action.wake_at_us, 2100 * MS);
        cr_assert_eq(sim_clients_count(clients).given_up, 2);
        cr_assert_eq(sim_clients_count(clients).retries, 0);

        /* Done at that moment is done. */
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 2100 * MS,
                    &action);
        cr_assert_eq(sim_clients_count(clients).given_up, 2);
        cr_assert_eq(sim_clients_count(clients).answered, 1);
        sim_clients_free(clients);
    }
}

Test(clients_sessions, giving_up_waits_for_the_next_commands_time)
{
    struct sim_workload workload = impatient_workload();
    workload.sessions = false;
    workload.interval_us = 3600 * S;
    workload.stop_us = SIM_NEVER;
    workload.give_up_us = 0; /* the next microsecond */
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 5);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    uint64_t begun_us = action.wake_at_us;
    sim_clients_wake(clients, 0, begun_us, &action);
    expect_ask(&action, 1, begun_us + 1);
    sim_clients_wake(clients, 0, begun_us + 1, &action);
    cr_assert_not(action.send);
    cr_assert_gt(action.wake_at_us, begun_us + S);
    cr_assert_neq(action.wake_at_us, SIM_NEVER);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    cr_assert_eq(sim_clients_count(clients).given_up, 1);
    sim_clients_free(clients);
}

Test(clients_sessions, giving_up_after_the_stop_is_the_end)
{
    struct sim_workload workload = impatient_workload();
    workload.stop_us = 10 * MS;
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    sim_clients_wake(clients, 0, 500 * MS, &action);
    cr_assert(action.send, "what is outstanding is asked for again");
    sim_clients_wake(clients, 0, 700 * MS, &action);
    expect_nothing(&action);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    cr_assert_eq(sim_clients_count(clients).given_up, 1);
    sim_clients_free(clients);
}

Test(clients_sessions, the_probe_and_the_script_do_not_give_up)
{
    struct sim_workload workload = impatient_workload();
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 0, 1, "x", "1", &action);
    for (uint64_t at_us = 500 * MS; at_us < 10 * S; at_us += 500 * MS) {
        sim_clients_wake(clients, 2, at_us, &action);
        expect_ask(&action, action.node, at_us + 500 * MS);
        cr_assert_eq(command_of(&action).number, 1);
    }
    sim_clients_probe_start(clients, 0, &action);
    for (uint64_t at_us = 500 * MS; at_us < 10 * S; at_us += 500 * MS) {
        sim_clients_wake(clients, 1, at_us, &action);
        expect_ask(&action, action.node, at_us + 500 * MS);
        cr_assert_eq(command_of(&action).number, 1);
    }
    sim_clients_free(clients);
}
