/* The clients: what they ask for, what they learn, and the history of it. */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/clients.h"
#include "sim/kv.h"
#include "tests/clients_harness.h"

/* One client on one key, without sessions, that asks for the operation. */
static struct sim_workload workload_for(enum sim_operation operation)
{
    struct sim_workload workload = workload_of(1);
    workload.interval_us = 0;
    workload.keys = 1;
    workload.weights[SIM_OPERATION_SET] = 0;
    workload.weights[operation] = 1;
    return workload;
}

/* Its first command, at time 0. */
static struct sim_clients *begin(const struct sim_workload *workload,
                                 struct sim_client_action *action)
{
    struct sim_clients *clients =
        sim_clients_new(workload, 3, SIM_FEATURE_READS, 1);
    sim_clients_start(clients, 0, action);
    sim_clients_wake(clients, 0, 0, action);
    return clients;
}

/* Asserts what the action's compare-and-set expects; NULL: no value. */
static void expect_expected(const struct sim_client_action *action,
                            const char *expected)
{
    struct sim_command command = command_of(action);
    cr_assert_eq(command.op, SIM_COMMAND_COMPARE_AND_SET);
    cr_assert_eq(command.expected == NULL, expected == NULL);
    if (expected != NULL) {
        cr_assert_eq(command.expected_size, strlen(expected));
        cr_assert_arr_eq(command.expected, expected, strlen(expected));
    }
}

static const struct sim_history_operation *
operation_of(const struct sim_clients *clients, uint32_t id)
{
    const struct sim_history *history = sim_clients_history(clients);
    cr_assert_lt(id, sim_history_count(history));
    return sim_history_get(history, id);
}

/* --- what a compare-and-set expects -------------------------------------- */

Test(clients_history, a_compare_and_set_expects_what_was_seen_last)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_COMPARE_AND_SET);
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    expect_expected(&action, NULL);

    /* Failed: it saw another value. */
    give_value(clients, action.tag, false, "seen", 1 * MS, &action);
    expect_expected(&action, "seen");
    give_value(clients, action.tag, false, "", 2 * MS, &action);
    expect_expected(&action, "");
    give_value(clients, action.tag, false, NULL, 3 * MS, &action);
    expect_expected(&action, NULL);

    /* Done: it wrote this one. */
    char written[17] = {0};
    memcpy(written, command_of(&action).value, 16);
    give_value(clients, action.tag, true, NULL, 4 * MS, &action);
    struct sim_command command = command_of(&action);
    cr_assert_eq(command.expected_size, 16);
    cr_assert_arr_eq(command.expected, written, 16);
    sim_clients_free(clients);
}

/* A value that is read, or set, is known; one of which nothing was heard is
 * not. */
Test(clients_history, each_kind_of_answer_teaches_a_value)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_COMPARE_AND_SET);
    workload.weights[SIM_OPERATION_SET] = 1;
    workload.weights[SIM_OPERATION_READ] = 1;
    workload.weights[SIM_OPERATION_READ_LEASE] = 1;
    workload.weights[SIM_OPERATION_READ_LOG] = 1;
    workload.give_up_us = 100;
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    uint8_t known[16];
    uint32_t known_size = UINT32_MAX; /* none */
    uint32_t checked = 0;
    for (uint64_t i = 1; i <= 2000; i++) {
        uint64_t now_us = i * MS;
        struct sim_command command = command_of(&action);
        uint8_t value[16];
        memcpy(value, command.value, command.value_size);
        if (command.op == SIM_COMMAND_COMPARE_AND_SET) {
            cr_assert_eq(command.expected == NULL, known_size == UINT32_MAX);
            if (command.expected != NULL) {
                cr_assert_eq(command.expected_size, known_size);
                cr_assert_arr_eq(command.expected, known, known_size);
                checked++;
            }
        }
        if (i % 5 == 0) { /* given up: nothing is learned */
            sim_clients_wake(clients, 0, now_us, &action);
            continue;
        }
        static const char *const told[] = {"a", NULL, "c"};
        const char *answer = command.op == SIM_COMMAND_SET ? NULL : told[i % 3];
        bool success = command.op != SIM_COMMAND_COMPARE_AND_SET || i % 2 == 0;
        give_value(clients, action.tag, success, answer, now_us, &action);
        if (command.op == SIM_COMMAND_GET || !success) {
            known_size = answer == NULL ? UINT32_MAX : (uint32_t)strlen(answer);
            memcpy(known, answer == NULL ? "" : answer,
                   answer == NULL ? 0 : known_size);
        } else {
            known_size = 16;
            memcpy(known, value, 16);
        }
    }
    cr_assert_gt(checked, 100);
    sim_clients_free(clients);
}

/* What one client knows another does not, nor of another key. */
Test(clients_history, knowledge_is_of_one_client_and_one_key)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_COMPARE_AND_SET);
    workload.clients = 2;
    workload.keys = 2;
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action actions[2];
    const char *known[2][2] = {{NULL, NULL}, {NULL, NULL}};
    static const char *const names[2][2] = {{"0a", "0b"}, {"1a", "1b"}};
    for (uint32_t c = 0; c < 2; c++) {
        sim_clients_start(clients, c, &actions[c]);
        sim_clients_wake(clients, c, 0, &actions[c]);
    }
    for (uint64_t i = 1; i <= 100; i++) {
        for (uint32_t c = 0; c < 2; c++) {
            uint32_t key = command_of(&actions[c]).key[1] == '1';
            expect_expected(&actions[c], known[c][key]);
            known[c][key] = names[c][key];
            give_value(clients, actions[c].tag, false, names[c][key], i * MS,
                       &actions[c]);
        }
    }
    sim_clients_free(clients);
}

/* --- what is asked of whom ----------------------------------------------- */

Test(clients_history, operations_are_drawn_by_their_weights)
{
    static const uint32_t weights[SIM_OPERATION_COUNT] = {500, 0, 200, 100,
                                                          200};
    struct sim_workload workload = workload_for(SIM_OPERATION_SET);
    memcpy(workload.weights, weights, sizeof weights);
    workload.keys = 16;
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    uint32_t seen[SIM_OPERATION_COUNT] = {0};
    for (uint64_t i = 1; i <= 10000; i++) {
        bool reads = command_of(&action).op == SIM_COMMAND_GET;
        enum sim_operation operation =
            action.request == SIM_REQUEST_READ ? SIM_OPERATION_READ
            : action.request == SIM_REQUEST_READ_LEASE
                ? SIM_OPERATION_READ_LEASE
            : reads ? SIM_OPERATION_READ_LOG
                    : SIM_OPERATION_SET;
        cr_assert_neq(command_of(&action).op, SIM_COMMAND_COMPARE_AND_SET);
        seen[operation]++;
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, i * 10,
                    &action);
    }
    for (uint32_t i = 0; i < SIM_OPERATION_COUNT; i++) {
        uint32_t mean = weights[i] * 10; /* 5 deviations of 10000 draws */
        cr_assert_leq(seen[i], mean + 250, "operation %u: %u", i, seen[i]);
        cr_assert_geq(seen[i] + 250, mean, "operation %u: %u", i, seen[i]);
        cr_assert_eq(seen[i] == 0, mean == 0);
    }
    sim_clients_free(clients);
}

/* Reads go to any server; they do not move what else the client asks for. */
Test(clients_history, reads_start_anywhere_and_the_rest_at_home)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_READ);
    workload.weights[SIM_OPERATION_SET] = 1;
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    uint32_t reads[4] = {0};
    uint32_t home = 1;
    uint64_t now_us = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        now_us += 1 * MS;
        if (action.request == SIM_REQUEST_READ) {
            reads[action.node]++;
            if (i % 3 == 0) { /* a follower's hint ends with the read */
                give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER,
                            action.node % 3 + 1, now_us, &action);
                cr_assert_eq(action.request, SIM_REQUEST_READ);
            }
        } else {
            cr_assert_eq(action.node, home);
            if (i % 5 == 0) {
                home = home % 3 + 1;
                give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, home,
                            now_us, &action);
                cr_assert_eq(action.node, home);
            }
        }
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, now_us + 1,
                    &action);
    }
    for (uint32_t node = 1; node <= 3; node++) {
        cr_assert_gt(reads[node], 250, "server %u: %u", node, reads[node]);
    }
    sim_clients_free(clients);
}

/* Where all reads go through the log, they go where the writes go. */
Test(clients_history, reads_through_the_log_stay_at_home)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_READ);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    sim_clients_wake(clients, 0, 0, &action);
    for (uint64_t i = 1; i <= 50; i++) {
        cr_assert_eq(action.request, SIM_REQUEST_COMMAND);
        cr_assert_eq(action.node, 1);
        give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, i * MS,
                    &action);
    }
    sim_clients_free(clients);
}

/* --- the history --------------------------------------------------------- */

Test(clients_history, a_write_is_told_from_begin_to_answer)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_propose(clients, 5, 1, "x", "one", &action);
    const struct sim_history_operation *op = operation_of(clients, 0);
    cr_assert_eq(op->client, 1);
    cr_assert_eq(op->request.kind, SIM_HISTORY_WRITE);
    cr_assert_eq(op->request.key, 1);
    cr_assert_eq(op->request.value, 1);
    cr_assert_eq(op->invoked_us, 5);
    give_answer(clients, action.tag, SIM_ANSWER_NOT_LEADER, 2, 6, &action);
    cr_assert_eq(operation_of(clients, 0)->outcome, SIM_HISTORY_UNANSWERED);
    give_answer(clients, action.tag, SIM_ANSWER_UNKNOWN, SIM_NONE, 7, &action);
    cr_assert_eq(operation_of(clients, 0)->outcome, SIM_HISTORY_UNANSWERED);
    sim_clients_wake(clients, 1, 1 * S, &action);
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 2 * S, &action);
    op = operation_of(clients, 0);
    cr_assert_eq(op->outcome, SIM_HISTORY_RETURNED);
    cr_assert_eq(op->returned_us, 2 * S);
    cr_assert_eq(sim_history_count(sim_clients_history(clients)), 1);

    /* Equal keys and values have equal numbers. */
    static const struct {
        const char *key, *value;
        uint64_t key_number, value_number;
    } more[] = {
        {"x", "two", 1, 2}, {"y", "one", 2, 1}, {"x", "", 1, 3},
        {"one", "x", 3, 4}, {"y", "", 2, 3},
    };
    for (uint32_t i = 0; i < sizeof more / sizeof *more; i++) {
        sim_clients_propose(clients, 3 * S, 1, more[i].key, more[i].value,
                            &action);
        op = operation_of(clients, i + 1);
        cr_assert_eq(op->request.key, more[i].key_number);
        cr_assert_eq(op->request.value, more[i].value_number);
    }
    sim_clients_free(clients);
}

Test(clients_history, a_read_is_one_operation_however_often_it_is_asked)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_READ);
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    uint64_t first = action.tag;
    sim_clients_wake(clients, 0, 500 * MS, &action);
    give_value(clients, first, true, "v", 600 * MS, &action);
    const struct sim_history_operation *op = operation_of(clients, 0);
    cr_assert_eq(op->request.kind, SIM_HISTORY_READ);
    cr_assert_eq(op->outcome, SIM_HISTORY_RETURNED);
    cr_assert_eq(op->invoked_us, 0);
    cr_assert_eq(op->returned_us, 600 * MS);
    cr_assert_eq(op->result.value, 1, "the first value that came");
    cr_assert_eq(sim_history_count(sim_clients_history(clients)), 2);
    give_value(clients, action.tag, true, NULL, 601 * MS, &action);
    cr_assert_eq(operation_of(clients, 1)->result.value, 0);
    give_value(clients, action.tag, true, "", 602 * MS, &action);
    cr_assert_eq(operation_of(clients, 2)->result.value, 2, "the empty value");
    sim_clients_free(clients);
}

Test(clients_history, a_compare_and_set_tells_what_it_found)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_COMPARE_AND_SET);
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    give_value(clients, action.tag, true, NULL, 1 * MS, &action);
    const struct sim_history_operation *op = operation_of(clients, 0);
    cr_assert_eq(op->request.kind, SIM_HISTORY_COMPARE_AND_SET);
    cr_assert_eq(op->request.expected, 0);
    cr_assert_eq(op->request.value, 1);
    cr_assert(op->result.succeeded);
    cr_assert(op->result.saw_value);
    cr_assert_eq(op->result.value, 0);

    give_value(clients, action.tag, false, "x", 2 * MS, &action);
    op = operation_of(clients, 1);
    cr_assert_eq(op->request.expected, 1);
    cr_assert_eq(op->request.value, 2);
    cr_assert_not(op->result.succeeded);
    cr_assert(op->result.saw_value);
    cr_assert_eq(op->result.value, 3);
    cr_assert_eq(operation_of(clients, 2)->request.expected, 3);
    sim_clients_free(clients);
}

/* Whoever gave up, or lost the session, does not know. */
Test(clients_history, what_was_given_up_stays_unanswered)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_SET);
    workload.give_up_us = 100 * MS;
    workload.sessions = true;
    struct sim_clients *clients =
        sim_clients_new(&workload, 3, SIM_FEATURE_SESSIONS, 1);
    struct sim_client_action action;
    sim_clients_start(clients, 0, &action);
    sim_clients_wake(clients, 0, 0, &action);
    cr_assert_eq(sim_history_count(sim_clients_history(clients)), 0,
                 "opening a session is no operation");
    give_session(clients, action.tag, 3, 1, &action);
    uint64_t late = action.tag;
    sim_clients_wake(clients, 0, 200 * MS, &action);
    give_answer(clients, late, SIM_ANSWER_DONE, SIM_NONE, 201 * MS, &action);
    cr_assert_eq(operation_of(clients, 0)->outcome, SIM_HISTORY_UNANSWERED);
    sim_clients_wake(clients, 0, 300 * MS, &action);
    give_answer(clients, action.tag, SIM_ANSWER_EXPIRED, SIM_NONE, 301 * MS,
                &action);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(operation_of(clients, i)->outcome, SIM_HISTORY_UNANSWERED);
    }
    cr_assert_eq(sim_history_count(sim_clients_history(clients)), 3);
    sim_clients_free(clients);
}

Test(clients_history, the_probe_is_not_in_it)
{
    struct sim_workload workload = workload_of(0);
    struct sim_clients *clients = sim_clients_new(&workload, 3, 0, 1);
    struct sim_client_action action;
    sim_clients_probe_start(clients, 0, &action);
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 1, &action);
    cr_assert(sim_clients_probe_done(clients));
    cr_assert_eq(sim_history_count(sim_clients_history(clients)), 0);
    sim_clients_free(clients);
}

/* --- words --------------------------------------------------------------- */

static void expect_value_words(const struct sim_clients *clients,
                               uint64_t value, const char *expected,
                               const char *origin)
{
    char text[80];
    struct sim_clients_words words = sim_clients_words(clients);
    words.base.value(&words.base, value, text, sizeof text);
    cr_assert_str_eq(text, expected, "'%s' and not '%s'", text, expected);
    words.base.origin(&words.base, value, text, sizeof text);
    cr_assert_str_eq(text, origin, "'%s' and not '%s'", text, origin);
}

Test(clients_history, keys_and_values_have_words)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_READ);
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    give_value(clients, action.tag, true, "not yet", 1 * MS, &action);
    give_value(clients, action.tag, true, "stray", 2 * MS, &action);
    static const char *const values[] = {
        "hello", "hello", "", "0123456789012345678901234", "not yet"};
    static const char *const keys[] = {"k0", "two words", "x", "x", "x"};
    for (uint32_t i = 0; i < 5; i++) {
        sim_clients_propose(clients, 3 * MS, 1, keys[i], values[i], &action);
        cr_assert_eq(action.client, 2 + i);
    }
    expect_value_words(clients, 1, "v1", " (written by client 6)"); /* later */
    expect_value_words(clients, 2, "v2 = stray", " (written by nobody)");
    expect_value_words(clients, 3, "v3 = hello", " (written by client 2)");
    expect_value_words(clients, 4, "v4", " (written by client 4)");
    expect_value_words(clients, 5, "v5", " (written by client 5)");

    char text[16];
    struct sim_clients_words words = sim_clients_words(clients);
    const struct sim_history_words *base = &words.base;
    cr_assert_str_eq(base->key(base, 1, text, sizeof text), "k0");
    cr_assert_str_eq(base->key(base, 2, text, sizeof text), "number 2");
    cr_assert_str_eq(base->key(base, 3, text, 2), "x");
    cr_assert_str_eq(base->key(base, 1, text, 2), "k");
    sim_clients_free(clients);
}

/* --- what is told of it -------------------------------------------------- */

static void expect_told(const struct sim_clients *clients, uint32_t operation,
                        const char *expected)
{
    char text[SIM_OPERATION_TEXT_SIZE];
    cr_assert_neq(operation, SIM_NO_OPERATION);
    sim_clients_describe(clients, operation, text);
    cr_assert_str_eq(text, expected, "'%s' and not '%s'", text, expected);
}

/* One answer ends an operation and begins the next. */
Test(clients_history, an_action_names_what_ends_and_begins)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_READ_LEASE);
    struct sim_client_action action, next;
    struct sim_clients *clients =
        sim_clients_new(&workload, 3, SIM_FEATURE_READS, 1);
    sim_clients_start(clients, 0, &action);
    cr_assert_eq(action.begun, SIM_NO_OPERATION);
    sim_clients_wake(clients, 0, 0, &action);
    cr_assert_eq(action.clients, clients);
    cr_assert_eq(action.ended, SIM_NO_OPERATION);
    expect_told(clients, action.begun, "key k0: client 0 asks to read");
    struct sim_reply reply = {
        .answer = SIM_ANSWER_DONE,
        .tag = action.tag,
        .node = 2,
        .way = SIM_WAY_LEASE,
        .success = true,
        .has_value = true,
        .value = (const uint8_t *)"hello",
        .value_size = 5,
    };
    cr_assert_eq(sim_clients_number(action.tag), 0);
    sim_clients_answer(clients, &reply, 3 * MS, &next);
    cr_assert_eq(next.ended, action.begun);
    expect_told(clients, next.ended,
                "key k0: client 0 read v1 = hello (written by nobody) from "
                "node 2 by lease (0.000000 s to 0.003000 s)");
    cr_assert_eq(next.begun, action.begun + 1);
    give_answer(clients, next.tag, SIM_ANSWER_NOT_LEADER, SIM_NONE, 4 * MS,
                &next);
    cr_assert_eq(next.ended, SIM_NO_OPERATION);
    cr_assert_eq(next.begun, SIM_NO_OPERATION);
    sim_clients_propose(clients, 5 * MS, 1, "k0", "red", &next);
    cr_assert_eq(sim_clients_number(next.tag), 2);
    expect_told(clients, next.begun, "key k0: client 2 asks to write v2 = red");
    give_answer(clients, next.tag, SIM_ANSWER_DONE, SIM_NONE, 6 * MS, &next);
    expect_told(clients, next.ended,
                "key k0: client 2 wrote v2 = red (0.005000 s to 0.006000 s)");
    sim_clients_free(clients);
}

/* --- reads --------------------------------------------------------------- */

Test(clients_history, reads_through_the_log_are_counted)
{
    struct sim_workload workload = workload_for(SIM_OPERATION_READ_LOG);
    struct sim_client_action action;
    struct sim_clients *clients = begin(&workload, &action);
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert_eq(sim_clients_count(clients).reads_logged, i);
        give_value(clients, action.tag, true, "x", (i + 1) * MS, &action);
    }
    cr_assert_eq(sim_clients_count(clients).reads_logged, 3);
    cr_assert_eq(sim_clients_count(clients).reads, 0);
    sim_clients_wake(clients, 0, action.wake_at_us, &action);
    cr_assert_eq(sim_clients_count(clients).reads_timed_out, 0);
    sim_clients_free(clients);

    workload = workload_for(SIM_OPERATION_SET);
    clients = begin(&workload, &action);
    give_answer(clients, action.tag, SIM_ANSWER_DONE, SIM_NONE, 1 * MS,
                &action);
    cr_assert_eq(sim_clients_count(clients).answered, 1);
    cr_assert_eq(sim_clients_count(clients).reads_logged, 0);
    sim_clients_free(clients);
}

/* Silence is counted, a pause after a refusal is not. */
Test(clients_history, silence_about_reads_is_counted)
{
    static const enum sim_operation operations[] = {SIM_OPERATION_READ,
                                                    SIM_OPERATION_READ_LEASE};
    for (size_t i = 0; i < 2; i++) {
        struct sim_workload workload = workload_for(operations[i]);
        struct sim_client_action action;
        workload.give_up_us = workload.timeout_us * 2;
        struct sim_clients *clients = begin(&workload, &action);
        sim_clients_wake(clients, 0, action.wake_at_us, &action);
        cr_assert_eq(sim_clients_count(clients).reads_timed_out, 1);
        give_answer(clients, action.tag, SIM_ANSWER_LATER, SIM_NONE,
                    action.wake_at_us - 1 * MS * 10, &action);
        sim_clients_wake(clients, 0, action.wake_at_us, &action);
        cr_assert_eq(sim_clients_count(clients).reads_timed_out, 1);
        sim_clients_wake(clients, 0, action.wake_at_us, &action);
        cr_assert_eq(sim_clients_count(clients).given_up, 1);
        cr_assert_eq(sim_clients_count(clients).reads_timed_out, 2);
        sim_clients_free(clients);
    }
}
