/* The clients of the script: those with names have a session, and do one thing
 * after the other. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/clients.h"
#include "tests/clients_harness.h"
#include "tests/sim_harness.h"

/* --- helpers -------------------------------------------------------------- */

static struct sim_clients *clients_with(uint32_t features)
{
    struct sim_workload workload = workload_of(0);
    workload.sessions = true;
    return sim_clients_new(&workload, 3, features, 1);
}

static void order(struct sim_clients *clients, uint32_t name,
                  enum sim_operation operation, const char *value,
                  uint64_t now_us, struct sim_client_action *action)
{
    struct sim_client_order what = {
        .operation = operation,
        .node = 2,
        .key = "k",
        .value = value,
        .name = name,
    };
    sim_clients_order(clients, now_us, &what, action);
}

static void done(struct sim_clients *clients, uint64_t now_us,
                 struct sim_client_action *action)
{
    give_answer(clients, action->tag, SIM_ANSWER_DONE, SIM_NONE, now_us,
                action);
}

/* Client `name` sets k to `value`, its session open by then. */
static void set(struct sim_clients *clients, uint32_t name, const char *value,
                uint64_t now_us, struct sim_client_action *action)
{
    order(clients, name, SIM_OPERATION_SET, value, now_us, action);
    if (action->request == SIM_REQUEST_SESSION) {
        give_session(clients, action->tag, 40 + name, now_us, action);
    }
    done(clients, now_us, action);
}

static void expect_value(const struct sim_client_action *action,
                         enum sim_command_op op, const char *value)
{
    struct sim_command command = command_of(action);
    cr_assert_eq(command.op, op);
    cr_assert_eq(command.value_size, strlen(value));
    cr_assert_arr_eq(command.value, value, strlen(value));
}

/* What a compare expects; NULL: that there is no value. */
static void expect_compares(const struct sim_client_action *action,
                            const char *expected)
{
    struct sim_command command = command_of(action);
    cr_assert_eq(command.op, SIM_COMMAND_COMPARE_AND_SET);
    if (expected == NULL) {
        cr_assert_null(command.expected);
        return;
    }
    cr_assert_eq(command.expected_size, strlen(expected));
    cr_assert_arr_eq(command.expected, expected, strlen(expected));
}

/* --- sessions ------------------------------------------------------------- */

Test(script_clients, who_has_a_name_opens_one_session)
{
    struct sim_clients *clients = clients_with(UINT32_MAX);
    struct sim_client_action action;
    order(clients, 7, SIM_OPERATION_SET, "a", 10, &action);
    expect_open(&action);
    expect_ask(&action, 2, 10 + 500 * MS);
    cr_assert_eq(action.begun, SIM_NO_OPERATION);
    cr_assert_eq(sim_clients_count(clients).scripted, 0);
    uint32_t seven = action.client;
    give_session(clients, action.tag, 42, 20, &action);
    expect_in_session(&action, 42, 1, 1);
    expect_value(&action, SIM_COMMAND_SET, "a");
    cr_assert_eq(action.begun, 0);
    done(clients, 30, &action);
    expect_nothing(&action);
    cr_assert_eq(action.ended, 0);

    order(clients, 7, SIM_OPERATION_SET, "b", 40, &action);
    expect_in_session(&action, 42, 2, 2);
    cr_assert_eq(action.client, seven);
    done(clients, 50, &action);

    /* Another name is another client, with a session of its own. */
    order(clients, 8, SIM_OPERATION_SET, "c", 60, &action);
    expect_open(&action);
    cr_assert_neq(action.client, seven);
    give_session(clients, action.tag, 43, 70, &action);
    expect_in_session(&action, 43, 1, 1);
    struct sim_clients_counters counters = sim_clients_count(clients);
    cr_assert_eq(counters.sessions, 2);
    cr_assert_eq(counters.scripted, 3);
    cr_assert_eq(counters.scripted_answered, 2);
    cr_assert_eq(sim_clients_outstanding(clients), 1);
    sim_clients_free(clients);
}

/* Nor has one where there are none, or where it only reads and that is not by
 * the log. */
Test(script_clients, who_needs_no_session_opens_none)
{
    struct sim_client_action action;
    struct sim_clients *clients = clients_with(UINT32_MAX);
    order(clients, 0, SIM_OPERATION_SET, "a", 10, &action);
    expect_in_session(&action, 0, 0, 1);
    order(clients, 1, SIM_OPERATION_READ, NULL, 10, &action);
    cr_assert_eq(action.request, SIM_REQUEST_READ);
    order(clients, 2, SIM_OPERATION_READ_LEASE, NULL, 10, &action);
    cr_assert_eq(action.request, SIM_REQUEST_READ_LEASE);
    order(clients, 3, SIM_OPERATION_READ_LOG, NULL, 10, &action);
    expect_open(&action);
    sim_clients_free(clients);

    clients = clients_with(SIM_FEATURE_READS);
    order(clients, 1, SIM_OPERATION_SET, "a", 10, &action);
    expect_in_session(&action, 0, 0, 1);
    sim_clients_free(clients);

    /* Without other reads, all are entries of the log. */
    clients = clients_with(SIM_FEATURE_SESSIONS);
    order(clients, 1, SIM_OPERATION_READ, NULL, 10, &action);
    expect_open(&action);
    give_session(clients, action.tag, 42, 20, &action);
    expect_in_session(&action, 42, 1, 1);
    cr_assert_eq(command_of(&action).op, SIM_COMMAND_GET);
    sim_clients_free(clients);
}

/* What became of the command nobody knows; the next one is in a new session. */
Test(script_clients, an_expired_session_is_opened_anew)
{
    struct sim_clients *clients = clients_with(UINT32_MAX);
    struct sim_client_action action;
    set(clients, 7, "a", 10, &action);
    order(clients, 7, SIM_OPERATION_SET, "b", 20, &action);
    expect_in_session(&action, 47, 2, 2);
    uint32_t lost = action.begun;
    give_answer(clients, action.tag, SIM_ANSWER_EXPIRED, SIM_NONE, 30, &action);
    expect_nothing(&action);
    cr_assert_eq(action.ended, SIM_NO_OPERATION);
    cr_assert_eq(sim_clients_outstanding(clients), 0);
    const struct sim_history *history = sim_clients_history(clients);
    cr_assert_eq(sim_history_get(history, lost)->outcome,
                 SIM_HISTORY_UNANSWERED);
    order(clients, 7, SIM_OPERATION_SET, "c", 40, &action);
    expect_open(&action);
    give_session(clients, action.tag, 99, 50, &action);
    expect_in_session(&action, 99, 1, 3);
    cr_assert_eq(sim_clients_count(clients).scripted_answered, 1);
    sim_clients_free(clients);
}

/* --- one after the other -------------------------------------------------- */

Test(script_clients, who_is_busy_gives_up_what_it_waited_for)
{
    struct sim_clients *clients = clients_with(UINT32_MAX);
    struct sim_client_action action;
    set(clients, 7, "a", 10, &action);
    order(clients, 7, SIM_OPERATION_SET, "b", 20, &action);
    uint64_t given_up = action.tag;
    order(clients, 7, SIM_OPERATION_SET, "c", 30, &action);
    expect_in_session(&action, 47, 3, 3);
    expect_value(&action, SIM_COMMAND_SET, "c");
    uint64_t last = action.tag;
    cr_assert_eq(sim_clients_outstanding(clients), 1);
    give_answer(clients, given_up, SIM_ANSWER_DONE, SIM_NONE, 40, &action);
    expect_nothing(&action);
    cr_assert_eq(action.ended, SIM_NO_OPERATION);
    give_answer(clients, last, SIM_ANSWER_DONE, SIM_NONE, 50, &action);
    cr_assert_eq(action.ended, 2);
    cr_assert_eq(sim_clients_count(clients).scripted_answered, 2);
    sim_clients_free(clients);
}

/* Also while it still opens its session: only the last wish is carried out. */
Test(script_clients, who_opens_a_session_may_change_its_mind)
{
    struct sim_clients *clients = clients_with(UINT32_MAX);
    struct sim_client_action action;
    order(clients, 7, SIM_OPERATION_SET, "a", 10, &action);
    uint64_t first = action.tag;
    order(clients, 7, SIM_OPERATION_SET, "b", 20, &action);
    expect_open(&action);
    uint64_t second = action.tag;
    give_session(clients, first, 41, 30, &action);
    expect_nothing(&action);
    order(clients, 7, SIM_OPERATION_READ, NULL, 40, &action);
    cr_assert_eq(action.request, SIM_REQUEST_READ);
    give_session(clients, second, 42, 50, &action);
    expect_nothing(&action);
    order(clients, 7, SIM_OPERATION_SET, "c", 60, &action);
    expect_open(&action);
    give_session(clients, action.tag, 43, 70, &action);
    expect_in_session(&action, 43, 1, 2);
    expect_value(&action, SIM_COMMAND_SET, "c");
    cr_assert_eq(sim_clients_count(clients).sessions, 1);
    cr_assert_eq(sim_clients_count(clients).scripted, 2);
    sim_clients_free(clients);
}

/* --- compare -------------------------------------------------------------- */

Test(script_clients, compare_expects_what_its_client_saw_last)
{
    struct sim_clients *clients = clients_with(UINT32_MAX);
    struct sim_client_action action;
    set(clients, 1, "a", 10, &action);
    order(clients, 1, SIM_OPERATION_COMPARE_AND_SET, "b", 20, &action);
    expect_compares(&action, "a");
    expect_value(&action, SIM_COMMAND_COMPARE_AND_SET, "b");

    /* It failed, and saw another value. */
    give_value(clients, action.tag, false, "x", 30, &action);
    order(clients, 1, SIM_OPERATION_COMPARE_AND_SET, "c", 40, &action);
    expect_compares(&action, "x");
    give_value(clients, action.tag, true, "x", 50, &action);
    order(clients, 1, SIM_OPERATION_COMPARE_AND_SET, "d", 60, &action);
    expect_compares(&action, "c");
    give_value(clients, action.tag, false, NULL, 70, &action);

    order(clients, 1, SIM_OPERATION_READ, NULL, 80, &action);
    give_value(clients, action.tag, true, "r", 90, &action);
    order(clients, 1, SIM_OPERATION_COMPARE_AND_SET, "e", 100, &action);
    expect_compares(&action, "r");

    /* Others have seen nothing of it. */
    set(clients, 2, "z", 110, &action);
    order(clients, 3, SIM_OPERATION_COMPARE_AND_SET, "f", 120, &action);
    give_session(clients, action.tag, 43, 130, &action);
    expect_compares(&action, NULL);
    sim_clients_free(clients);
}

/* Each is somebody else, also where it stands in for one that is done. */
Test(script_clients, who_has_no_name_has_seen_nothing)
{
    struct sim_workload workload = workload_of(0);
    workload.weights[SIM_OPERATION_COMPARE_AND_SET] = 1;
    struct sim_clients *clients = sim_clients_new(&workload, 3, UINT32_MAX, 1);
    struct sim_client_action action;
    set(clients, 0, "a", 10, &action);
    uint32_t first = action.client;
    order(clients, 0, SIM_OPERATION_COMPARE_AND_SET, "b", 20, &action);
    cr_assert_eq(action.client, first);
    expect_compares(&action, NULL);
    sim_clients_free(clients);
}

/* --- whole runs ----------------------------------------------------------- */

#define QUIET "'workload': {'clients': 0}, "
#define SAY(at, step) "{'at': '" at "', " step "}"

/* The story of a run of three nodes, to be freed, with its result. */
static char *story_of(const char *raft, const char *faults,
                      struct sim_result *result)
{
    char text[2048];
    struct harness_text trace = {.text = NULL};
    struct harness_options options = {.trace = &trace};
    snprintf(text, sizeof text,
             "{'description': 'd', 'duration': '4s', " QUIET
             "'raft': {%s}, 'faults': [%s]}",
             raft, faults);
    *result = harness_run(text, 1, &options);
    cr_assert_eq(result->verdict, SIM_VERDICT_AS_EXPECTED);
    return trace.text;
}

Test(script_clients, reads_go_the_way_they_are_told)
{
    struct sim_result result;
    char *story = story_of(
        "'lease_reads': true",
        SAY("1s",
            "'propose': {'to': 'leader', 'key': 'k', 'value': 'v', "
            "'client': 9}") "," SAY("2s",
                                    "'read': {'to': 'leader', 'key': 'k', "
                                    "'client': 9}") "," SAY("2.1s",
                                                            "'read': {'to': "
                                                            "'leader', 'key': "
                                                            "'k', 'by': "
                                                            "'lease'}") "," SAY("2.2s",
                                                                                "'read': {'to': 'leader', 'key': 'k', 'by': 'log'}") "," SAY("2.3s",
                                                                                                                                             "'read': {'to': 'a follower', 'key': 'k'}") "," SAY("2.4s",
                                                                                                                                                                                                 "'read': {'to': 'leader', 'key': 'unheard of'}"),
        &result);
    cr_assert_not_null(strstr(story, "read v1 = v (written by client 1) from "
                                     "node 1 by ReadIndex"));
    cr_assert_not_null(strstr(story, "by lease (2.100000 s"));
    cr_assert_not_null(strstr(story, "through the log (2.200000 s"));
    cr_assert_not_null(strstr(story, "read no value from"));
    cr_assert_eq(result.read_counts.by_way[SIM_WAY_READ_INDEX], 2);
    cr_assert_eq(result.read_counts.by_way[SIM_WAY_LEASE], 1);
    cr_assert_eq(result.read_counts.by_way[SIM_WAY_FOLLOWER], 1);
    cr_assert_eq(result.read_counts.by_way[SIM_WAY_LOG], 1);
    cr_assert_eq(result.reads, 4);
    cr_assert_eq(result.proposals, 6);
    cr_assert_eq(result.proposals_answered, 6);
    cr_assert_eq(result.sessions, 1);
    free(story);
}

/* Without leases the one by lease asks a majority. */
Test(script_clients, a_read_by_lease_needs_one)
{
    struct sim_result result;
    char *story = story_of(
        "'lease_reads': false",
        SAY("1s", "'read': {'to': 'leader', 'key': 'k', 'by': 'lease'}"),
        &result);
    cr_assert_eq(result.read_counts.by_way[SIM_WAY_READ_INDEX], 1);
    cr_assert_eq(result.read_counts.by_way[SIM_WAY_LEASE], 0);
    free(story);
}

/* With room for one session, the second client drives the first one out; that
 * one learns of it by its next command, and opens another for the one after. */
Test(script_clients, a_session_expires_in_a_run)
{
    struct sim_result result;
    char *story = story_of(
        "'max_sessions': 1",
        SAY("1s",
            "'propose': {'to': 'leader', 'key': 'k', 'value': 'a', "
            "'client': 1}") "," SAY("1.5s",
                                    "'propose': {'to': 'leader', 'key': 'k', "
                                    "'value': 'b', "
                                    "'client': 2}") "," SAY("2s", "'propose': "
                                                                  "{'to': "
                                                                  "'leader', "
                                                                  "'key': 'k', "
                                                                  "'value': "
                                                                  "'c', "
                                                                  "'client': "
                                                                  "1}") "," SAY("2.5s",
                                                                                "'propose': {'to': 'leader', 'key': 'k', 'value': 'e', "
                                                                                "'compare': true, 'client': 1}") "," SAY("3s",
                                                                                                                         "'read': {'to': 'leader', 'key': 'k', 'client': 3}"),
        &result);
    cr_assert_eq(result.sessions, 3);
    cr_assert_eq(result.proposals, 5);
    cr_assert_eq(result.proposals_answered, 4);
    /* It saw its own "a" last, and "b" is there. */
    cr_assert_not_null(strstr(story, "(written by client 2) from"));
    cr_assert_null(strstr(story, "wrote v3 = c"));
    free(story);
}
