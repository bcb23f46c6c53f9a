/* Each rule of the contract at the head of sim/node.h has a node that breaks
 * it: the run ends there, with the call and the node named; and the same runs
 * of a correct node hold. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "sim/raft_node.h"
#include "tests/broken_node.h"
#include "tests/broken_run.h"
#include "tests/sim_harness.h"

#define N_SEEDS 8u

/* --- scenarios ------------------------------------------------------------ */

static const char election[] = BROKEN_ELECTION;
static const char busy[] = BROKEN_BUSY;
static const char compacting[] = BROKEN_COMPACTING;

static const char restart[] =
    BROKEN_STAGE ", 'faults': ["
                 "{'at': '10ms', 'expire_timer': 1},"
                 "{'at': '1s', 'crash': 2, 'for': '100ms'}]";

static const char failing[] =
    BROKEN_STAGE ", 'faults': ["
                 "{'at': '0s', 'disk': {'nodes': 2, 'full': true},"
                 " 'for': '1s'},"
                 "{'at': '10ms', 'expire_timer': 1}]";

static const char no_sessions[] =
    "'nodes': 3, 'duration': '2s', 'workload': {'sessions': false}";

static const char reading[] =
    "'nodes': 3, 'duration': '2s',"
    "'workload': {'rate': '400/s', 'operations': {'set': 1, 'read': 1}}";

/* From the start, when nobody leads. */
static const char reading_early[] =
    "'nodes': 3, 'duration': '2s', 'workload': {'sessions': false,"
    "'rate': '400/s', 'operations': {'set': 1, 'read': 9}}";

static const char changing[] =
    BROKEN_STAGE ", 'faults': [{'at': '10ms', 'expire_timer': 1},"
                 "             {'at': '1s', 'remove': 3}]";

static const char transferring[] =
    BROKEN_STAGE ", 'faults': [{'at': '10ms', 'expire_timer': 1},"
                 "             {'at': '1s', 'transfer': 2}]";

static const char installing[] = BROKEN_INSTALLING;

/* A follower restarts, from its snapshot if there are any; nobody reads. */
#define COMING_BACK                                                            \
    "'nodes': 3, 'duration': '3s',"                                            \
    "'workload': {'clients': 4, 'rate': '400/s', 'operations': {'set': 1}},"   \
    "'faults': [{'at': '1s', 'crash': 'a follower', 'for': '500ms'}]"
static const char coming_back[] = COMING_BACK;
static const char coming_back_to_a_snapshot[] =
    COMING_BACK ", 'snapshots': {'every': 20}";

/* --- breaches ------------------------------------------------------------- */

static const struct breach {
    const struct broken_type *type;
    const char *body;  /* of the scenario that shows it, with any seed */
    const char *words; /* of what is said of it */
} breaches[] = {
    /* steps and writes */
    {&broken_refuses_timers, election, "step() refused its input"},
    {&broken_finds_no_memory, election, "step() found no memory"},
    {&broken_stops_by_itself, election, "stopped, and no write had failed"},
    {&broken_answers_when_it_stops, failing, "node 2: stopped, and answered"},
    {&broken_refuses_to_start, restart, "node 2: create() refused"},
    {&broken_writes_twice, election, "two WRITEs in a step"},
    {&broken_skips_a_write_id, election, "WRITE has id 2, expected 1"},
    {&broken_writes_with_a_gap, election,
     "WRITE begins at 2, its log ends at 0"},
    {&broken_truncates_beyond_its_log, election,
     "WRITE truncates from 2, its log ends at 0"},
    {&broken_truncates_before_its_log, compacting, "its log begins at "},
    {&broken_drops_beyond_its_snapshot, compacting,
     "WRITE drops entries before "},
    {&broken_drops_without_a_snapshot, compacting, "its snapshot ends at 0"},
    {&broken_snapshots_no_log, compacting, "WRITE has a snapshot of entry "},
    {&broken_keeps_a_log_of_another_past, installing, "and keeps the log"},

    /* sends */
    {&broken_sends_to_itself, election, "node 1: SEND to 1,"},
    {&broken_sends_to_nobody, election, "SEND to 0,"},
    {&broken_sends_to_a_stranger, election, "SEND to 4,"},
    {&broken_waits_for_a_future_write, election,
     "SEND after write 2, the last one is 1"},

    /* answers */
    {&broken_ignores_clients, no_sessions, "neither ACCEPTED nor REJECTED "},
    {&broken_ignores_sessions, busy, "neither ACCEPTED nor REJECTED "},
    {&broken_ignores_changes, changing, "neither ACCEPTED nor REJECTED "},
    {&broken_ignores_transfers, transferring, "neither ACCEPTED nor REJECTED "},
    {&broken_accepts_unasked, election, "ACCEPTED 0 that was not asked"},
    {&broken_rejects_unasked, election, "REJECTED 0 that was not asked"},
    {&broken_answers_another, busy, "that was not asked"},
    {&broken_answers_twice, busy, "a second time"},
    {&broken_accepts_and_rejects, busy, "a second time"},

    /* reads */
    {&broken_accepts_reads, reading, "that was not asked"},
    {&broken_rejects_reads_twice, reading_early, "that was not asked"},
    {&broken_is_ready_twice, reading, "which nobody waits for"},
    {&broken_is_ready_unasked, election, "READY 7, which nobody waits for"},
    {&broken_is_ready_too_early, reading, ", applied is up to "},
    {&broken_is_ready_and_rejects, reading, "which nobody waits for"},

    /* states */
    {&broken_skips_an_apply, election,
     "APPLY begins at 2, the last one ended at 0"},
    {&broken_applies_without_payload, busy, "without its payload"},
    {&broken_stores_no_payload, coming_back, "without its payload"},
    {&broken_applies_what_it_restored, compacting, "APPLY begins at "},
    {&broken_skips_a_restore, coming_back_to_a_snapshot,
     ", the last one ended at "},
    {&broken_restores_again, compacting, ", applied was up to "},
    {&broken_restores_no_log, compacting, "RESTORE of entry "},
    {&broken_restores_no_image, compacting, "RESTORE up to "},
    {&broken_restores_half_an_image, compacting, "that are no image"},
};

#define N_BREACHES (sizeof breaches / sizeof breaches[0])

Test(broken_contract, each_breach_is_named)
{
    for (size_t i = 0; i < N_BREACHES; i++) {
        const struct sim_node_type *type = &breaches[i].type->base;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct sim_result result =
                broken_run(breaches[i].body, "none", type, seed);
            cr_assert_eq(result.verdict, SIM_VERDICT_CONTRACT,
                         "%s, seed %" PRIu64 ": verdict %d, %s", type->name,
                         seed, (int)result.verdict, result.violation.text);
            cr_assert_not(result.violated, "%s", result.violation.text);
            cr_assert_eq(strncmp(result.contract, "node ", 5), 0);
            cr_assert_not_null(strstr(result.contract, breaches[i].words),
                               "%s: no \"%s\" in %s", type->name,
                               breaches[i].words, result.contract);
        }
    }
}

Test(broken_contract, a_correct_node_keeps_it_in_the_same_runs)
{
    for (size_t i = 0; i < N_BREACHES; i++) {
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct sim_result result =
                broken_run(breaches[i].body, "none", &sim_raft_node_type, seed);
            cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED,
                         "%s, seed %" PRIu64 ": %d %s %s %s",
                         breaches[i].type->base.name, seed, (int)result.verdict,
                         result.contract, result.violation.text,
                         result.unmet[0].text);
        }
    }
}

/* --- no breach ------------------------------------------------------------ */

/* Nobody can tell a read that is never answered from one that is late: it costs
 * time only, until the client asks again. What shows it is an expectation. */
Test(broken_contract, lost_reads_are_an_unmet_expectation)
{
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct harness_options options = {.type = &broken_loses_reads.base};
        struct sim_result result = harness_run(
            "{'description': 'For a test.', 'nodes': 3, 'duration': '2s',"
            " 'workload': {'operations': {'set': 1, 'read': 1}},"
            " 'expect': {'reads_at_least': 1}}",
            seed, &options);
        cr_assert_not(result.violated, "%s", result.violation.text);
        cr_assert_str_eq(result.contract, "");
        cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
        cr_assert(harness_unmet(&result, "/expect/reads_at_least"));
    }
}
