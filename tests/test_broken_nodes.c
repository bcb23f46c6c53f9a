/* Each checker and each rule of the contract sees the node that breaks it, and
 * nothing else, in whole runs; and the same runs of a correct node hold. */
#include "sim/raft_node.h"
#include "sim/simulation.h"
#include "tests/broken_node.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

#define N_SEEDS 8u

/* --- runs ----------------------------------------------------------------- */

static struct sim_scenario *parse(const char *text, size_t size, uint64_t seed)
{
    struct sim_scenario_problems problems;
    struct sim_scenario *scenario =
        sim_scenario_parse(text, size, &seed, &problems);
    cr_assert_not_null(scenario, "%s: %s in\n%s", problems.items[0].pointer,
                       problems.items[0].message, text);
    sim_scenario_problems_free(&problems);
    return scenario;
}

static struct sim_result run(const struct sim_scenario *scenario,
                             const struct sim_node_type *type, uint64_t seed,
                             bool checks, struct sim_trace_sink *trace)
{
    struct sim_options options = {
        .seed = seed,
        .node_type = type,
        .checks = checks,
        .trace = trace,
        .max_steps = 5000000,
    };
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    struct sim_result result = *sim_simulation_result(simulation);
    sim_simulation_free(simulation);
    return result;
}

/* `body` is a scenario without its braces, "description" and "expect". */
static struct sim_result run_body(const char *body, const char *violation,
                                  const struct sim_node_type *type,
                                  uint64_t seed)
{
    char text[4096];
    int size = snprintf(text, sizeof text,
                        "{\"description\": \"For a test.\", %s, "
                        "\"expect\": {\"violation\": \"%s\"}}",
                        body, violation);
    cr_assert(size > 0 && (size_t)size < sizeof text);
    struct sim_scenario *scenario = parse(text, (size_t)size, seed);
    struct sim_result result = run(scenario, type, seed, true, NULL);
    sim_scenario_free(scenario);
    return result;
}

/* --- scenarios ------------------------------------------------------------ */

/* Three nodes and nothing but the script; elections are quick where it lets
 * timers expire, and rare elsewhere. */
#define STAGE                                                                  \
    "\"nodes\": 3, \"duration\": \"2s\","                                      \
    "\"raft\": {\"pre_vote\": false, \"check_quorum\": false,"                 \
    "           \"election_timeout\": [\"300ms\", \"500ms\"]},"                \
    "\"network\": {\"delay\": \"1ms\"}, \"disk\": {\"fsync\": \"2ms\"},"       \
    "\"workload\": {\"clients\": 0}"

#define BUSY                                                                   \
    "\"nodes\": 3, \"duration\": \"3s\","                                      \
    "\"workload\": {\"clients\": 4, \"rate\": \"400/s\"}"

static const char election[] =
    STAGE ", \"faults\": [{\"at\": \"10ms\", \"expire_timer\": 1}]";

static const char two_candidates[] =
    STAGE ", \"faults\": [{\"at\": \"10ms\", \"expire_timer\": [1, 2]}]";

static const char busy[] = BUSY;

static const char late_messages[] =
    BUSY ", \"network\": {\"delay\": {\"uniform\": [\"1ms\", \"20ms\"]}}";

static const char slow_disks[] =
    BUSY ", \"disk\": {\"fsync\": {\"uniform\": [\"500us\", \"20ms\"]}}";

/* A follower falls far behind and catches up by one entry a message. */
static const char catching_up[] =
    BUSY ", \"raft\": {\"max_entries_per_message\": 1}, \"faults\":"
         "[{\"at\": \"1s\", \"isolate\": \"a follower\", \"for\": \"500ms\"}]";

/* Node 1 leads and commits with node 2; then node 3, which has nothing, asks
 * node 2 for its vote. */
static const char empty_candidate[] =
    STAGE ", \"faults\": ["
          "{\"at\": \"10ms\", \"expire_timer\": 1},"
          "{\"when\": {\"leader_elected\": 1}, \"isolate\": 3},"
          "{\"when\": {\"committed\": 1, \"node\": 1}, \"heal\": \"network\"},"
          "{\"after\": \"0s\", \"isolate\": 1},"
          "{\"after\": \"0s\", \"expire_timer\": 3},"
          "{\"after\": \"100ms\", \"heal\": \"network\"}]";

/* Paper, Figure 8 (c) and (d): node 1, leader of term 4, brings the entry of
 * term 2 to a majority and knows it; then node 5 is elected in term 5 by nodes
 * 3 and 4 (at its first attempt, in term 4, node 3 has voted already). */
static const char figure_8[] =
    "\"nodes\": 5, \"duration\": \"3s\","
    "\"raft\": {\"pre_vote\": false, \"check_quorum\": false,"
    "           \"max_entries_per_message\": 1},"
    "\"network\": {\"delay\": \"1ms\"}, \"disk\": {\"fsync\": \"500us\"},"
    "\"workload\": {\"clients\": 0},"
    "\"initial\": [{\"node\": 1, \"term\": 3, \"log\": [1, 2]},"
    "              {\"node\": 2, \"term\": 2, \"log\": [1, 2]},"
    "              {\"node\": 3, \"term\": 3, \"vote\": 5, \"log\": [1]},"
    "              {\"node\": 4, \"term\": 3, \"vote\": 5, \"log\": [1]},"
    "              {\"node\": 5, \"term\": 3, \"vote\": 5, \"log\": [1, 3]}],"
    "\"faults\": ["
    "{\"at\": \"0s\", \"crash\": 5}, {\"at\": \"0s\", \"isolate\": 4},"
    "{\"at\": \"1ms\", \"expire_timer\": 1},"
    "{\"when\": {\"stored\": 2, \"node\": 3}, \"after\": \"1200us\","
    " \"cut\": {\"from\": 1, \"to\": 3}},"
    "{\"after\": \"0s\", \"crash\": 1},"
    "{\"after\": \"1ms\", \"heal\": \"network\"},"
    "{\"after\": \"0s\", \"restart\": 5},"
    "{\"after\": \"1ms\", \"expire_timer\": 5},"
    "{\"after\": \"20ms\", \"expire_timer\": 5},"
    "{\"after\": \"1s\", \"restart\": 1},"
    "{\"after\": \"500ms\", \"expire_timer\": 2}]";

/* As in scenarios/vote-kept.json: node 2 has its vote for node 1 on its disk
 * when it crashes, and is asked by node 3 in the same term when it is back. */
static const char vote_kept[] =
    STAGE ", \"faults\": ["
          "{\"at\": \"0s\", \"isolate\": 3},"
          "{\"at\": \"10ms\", \"expire_timer\": 1},"
          "{\"when\": {\"writing\": 2, \"what\": \"vote\"}, \"crash\": 2,"
          " \"unfinished_writes\": \"kept\"},"
          "{\"after\": \"5ms\", \"heal\": \"network\"},"
          "{\"after\": \"0s\", \"isolate\": 1},"
          "{\"after\": \"0s\", \"restart\": 2},"
          "{\"after\": \"5ms\", \"expire_timer\": 3},"
          "{\"after\": \"100ms\", \"heal\": \"network\"}]";

/* Node 3 campaigns alone, so that its term is above that of its last entry,
 * and crashes. */
static const char lonely_candidate[] =
    STAGE ", \"faults\": ["
          "{\"at\": \"10ms\", \"expire_timer\": 1},"
          "{\"at\": \"100ms\", \"isolate\": 3},"
          "{\"at\": \"1500ms\", \"crash\": 3, \"for\": \"10ms\"},"
          "{\"at\": \"1600ms\", \"heal\": \"network\"}]";

static const char restart[] =
    STAGE ", \"faults\": ["
          "{\"at\": \"10ms\", \"expire_timer\": 1},"
          "{\"at\": \"1s\", \"crash\": 2, \"for\": \"100ms\"}]";

/* --- properties ----------------------------------------------------------- */

static const struct defect {
    const struct broken_type *type;
    enum sim_property property;
    uint32_t n_nodes; /* that the violation is about */
    const char *body; /* of the scenario that shows it, with any seed */
} defects[] = {
    {&broken_counts_refusals, SIM_ELECTION_SAFETY, 2, two_candidates},
    {&broken_leader_overwrites, SIM_LEADER_APPEND_ONLY, 1, busy},
    {&broken_flips_a_bit, SIM_LOG_MATCHING, 2, busy},
    {&broken_lags_its_disk, SIM_LOG_MATCHING, 1, busy},
    {&broken_appends_anywhere, SIM_LOG_MATCHING, 2, catching_up},
    {&broken_ignores_candidates_log, SIM_LEADER_COMPLETENESS, 2,
     empty_candidate},
    {&broken_counts_old_terms, SIM_LEADER_COMPLETENESS, 2, figure_8},
    {&broken_applies_another_command, SIM_STATE_MACHINE_SAFETY, 1, busy},
    {&broken_applies_uncommitted, SIM_STATE_MACHINE_SAFETY, 1, busy},
    {&broken_forgets_its_vote, SIM_ONE_VOTE_PER_TERM, 1, vote_kept},
    {&broken_votes_for_all, SIM_ONE_VOTE_PER_TERM, 1, two_candidates},
    {&broken_forgets_its_term, SIM_MONOTONIC_TERM, 1, lonely_candidate},
    {&broken_commit_goes_back, SIM_MONOTONIC_COMMIT, 1, late_messages},
    {&broken_commit_runs_ahead, SIM_MONOTONIC_COMMIT, 1, catching_up},
    {&broken_hasty_vote, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 2, election},
    {&broken_hasty_candidate, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 1, election},
    {&broken_hasty_follower, SIM_DURABLE_BEFORE_ACKNOWLEDGED, 2, election},
    {&broken_counts_unsent, SIM_COMMITTED_ON_QUORUM, 1, slow_disks},
    {&broken_ignores_timers, SIM_PROGRESS, 0, election},
    {&broken_ignores_clients, SIM_PROGRESS, 0, election},
    {&broken_followers_never_apply, SIM_PROGRESS, 0, election},
};

#define N_DEFECTS (sizeof defects / sizeof defects[0])

/* The paragraph names the property, and each node it is about once. */
static void expect_readable(const struct defect *defect,
                            const struct sim_violation *violation)
{
    const char *name = defect->type->base.name;
    const char *title = sim_property_title(defect->property);
    cr_assert_eq(strncmp(violation->text, title, strlen(title)), 0, "%s: %s",
                 name, violation->text);
    cr_assert_eq(violation->n_nodes, defect->n_nodes, "%s: %" PRIu32 " in %s",
                 name, violation->n_nodes, violation->text);
    for (uint32_t i = 0; i < violation->n_nodes; i++) {
        char words[32];
        snprintf(words, sizeof words, "node %" PRIu32, violation->nodes[i]);
        cr_assert_not_null(strstr(violation->text, words), "%s: no %s in %s",
                           name, words, violation->text);
        for (uint32_t j = 0; j < i; j++) {
            cr_assert_neq(violation->nodes[i], violation->nodes[j]);
        }
    }
}

Test(broken_nodes, each_defect_breaks_its_property_first)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        const struct defect *defect = &defects[i];
        const struct sim_node_type *type = &defect->type->base;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct sim_result result =
                run_body(defect->body, "none", type, seed);
            cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED,
                         "%s, seed %" PRIu64 ": verdict %d %s", type->name,
                         seed, (int)result.verdict, result.contract);
            cr_assert(result.violated, "%s, seed %" PRIu64 ": not seen",
                      type->name, seed);
            cr_assert_eq(result.violation.property, defect->property,
                         "%s, seed %" PRIu64 ": %s", type->name, seed,
                         result.violation.text);
            cr_assert_gt(result.evaluated[defect->property], 0);
            /* It ends the run at once: after the step that a write which
             * became durable leads to, at most. */
            cr_assert_eq(result.violation.time_us, result.time_us);
            cr_assert_leq(result.violation.step, result.steps);
            cr_assert_leq(result.steps, result.violation.step + 1);
            expect_readable(defect, &result.violation);
        }
    }
}

Test(broken_nodes, a_violation_that_is_expected_is_as_expected)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        const struct defect *defect = &defects[i];
        const struct sim_node_type *type = &defect->type->base;
        struct sim_result result = run_body(
            defect->body, sim_property_name(defect->property), type, 1);
        cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s: %d",
                     type->name, (int)result.verdict);
        cr_assert(result.violated);

        /* Another one is not. */
        enum sim_property other = defect->property == SIM_LOG_MATCHING
                                      ? SIM_ELECTION_SAFETY
                                      : SIM_LOG_MATCHING;
        result = run_body(defect->body, sim_property_name(other), type, 1);
        cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED, "%s: %d",
                     type->name, (int)result.verdict);
    }
}

Test(broken_nodes, a_correct_node_holds_in_the_same_runs)
{
    for (size_t i = 0; i < N_DEFECTS; i++) {
        const struct defect *defect = &defects[i];
        const char *name = defect->type->base.name;
        for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
            struct sim_result result =
                run_body(defect->body, "none", &sim_raft_node_type, seed);
            cr_assert_not(result.violated, "%s, seed %" PRIu64 ": %s", name,
                          seed, result.violation.text);
            cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED,
                         "%s, seed %" PRIu64 ": %d %s %s %s", name, seed,
                         (int)result.verdict, result.contract,
                         result.unmet[0].pointer, result.unmet[0].text);
            cr_assert_gt(result.evaluated[defect->property], 0,
                         "%s, seed %" PRIu64 ": %s is not evaluated", name,
                         seed, sim_property_name(defect->property));
        }
        /* A violation that is expected and does not come is missed. */
        struct sim_result result =
            run_body(defect->body, sim_property_name(defect->property),
                     &sim_raft_node_type, 1);
        cr_assert_eq(result.verdict, SIM_VERDICT_UNEXPECTED);
        cr_assert_eq(result.n_unmet, 1);
        cr_assert_str_eq(result.unmet[0].pointer, "/expect/violation");
    }
}

Test(broken_nodes, every_property_has_a_defect)
{
    for (int property = 0; property < SIM_PROPERTY_COUNT; property++) {
        bool found = false;
        for (size_t i = 0; i < N_DEFECTS; i++) {
            found = found || (int)defects[i].property == property;
        }
        cr_assert(found, "%s", sim_property_name((enum sim_property)property));
    }
}

/* --- contract ------------------------------------------------------------- */

static void expect_breach(const struct broken_type *type, const char *body,
                          const char *words)
{
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct sim_result result = run_body(body, "none", &type->base, seed);
        cr_assert_eq(result.verdict, SIM_VERDICT_CONTRACT,
                     "%s, seed %" PRIu64 ": verdict %d, %s", type->base.name,
                     seed, (int)result.verdict, result.violation.text);
        cr_assert_not(result.violated, "%s", result.violation.text);
        cr_assert_eq(strncmp(result.contract, "node ", 5), 0);
        cr_assert_not_null(strstr(result.contract, words),
                           "%s: no \"%s\" in %s", type->base.name, words,
                           result.contract);
    }
}

Test(broken_nodes, each_breach_of_the_contract_is_named)
{
    const struct {
        const struct broken_type *type;
        const char *body;
        const char *words;
    } breaches[] = {
        {&broken_skips_a_write_id, election, "WRITE has id 2, expected 1"},
        {&broken_writes_with_a_gap, election,
         "WRITE begins at 2, its log ends at 0"},
        {&broken_truncates_beyond_its_log, election,
         "WRITE truncates from 2, its log ends at 0"},
        {&broken_sends_to_itself, election, "node 1: SEND to 1,"},
        {&broken_sends_to_nobody, election, "SEND to 0,"},
        {&broken_sends_to_a_stranger, election, "SEND to 4,"},
        {&broken_waits_for_a_future_write, election,
         "SEND after write 2, the last one is 1"},
        {&broken_skips_an_apply, election,
         "APPLY begins at 2, the last one ended at 0"},
        {&broken_accepts_unasked, election,
         "ACCEPTED a proposal that was not made"},
        {&broken_rejects_unasked, election,
         "REJECTED a proposal that was not made"},
        {&broken_answers_another, busy, "answers proposal "},
        {&broken_answers_twice, busy, "ACCEPTED a proposal that was not made"},
        {&broken_refuses_timers, election, "step() refused its input"},
        {&broken_finds_no_memory, election, "step() found no memory"},
        {&broken_refuses_to_start, restart, "node 2: create() refused"},
        {&broken_writes_twice, election, "two WRITEs in a step"},
    };
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) {
        expect_breach(breaches[i].type, breaches[i].body, breaches[i].words);
    }
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct sim_result result =
            run_body(restart, "none", &sim_raft_node_type, seed);
        cr_assert_eq(result.verdict, SIM_VERDICT_AS_EXPECTED);
        cr_assert_eq(result.restarts, 1);
    }
}

/* --- the hash ------------------------------------------------------------- */

#define N_SWARM_SEEDS 20u

static char *read_swarm(size_t *size)
{
    const char *root = getenv("RAFTSIM_SOURCE");
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/scenarios/swarm.json",
                          root != NULL ? root : ".");
    cr_assert(length > 0 && (size_t)length < sizeof path);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "cannot open %s", path);
    char *text = sim_calloc(1u << 16, 1);
    *size = fread(text, 1, (1u << 16) - 1, file);
    cr_assert(feof(file) && !ferror(file));
    fclose(file);
    return text;
}

struct counting_sink {
    struct sim_trace_sink base;
    uint64_t n_records;
};

static void count_record(struct sim_trace_sink *base, const char *text,
                         size_t size)
{
    struct counting_sink *sink = (struct counting_sink *)base;
    cr_assert(size > 0 && text[size - 1] == '\n');
    sink->n_records++;
}

static void expect_same(const struct sim_result *a, const struct sim_result *b,
                        const char *what)
{
    cr_assert_eq(a->hash, b->hash,
                 "seed %" PRIu64 ", %s: %016" PRIx64 " and %016" PRIx64,
                 a->seed, what, a->hash, b->hash);
    cr_assert_eq(a->steps, b->steps);
    cr_assert_eq(a->time_us, b->time_us);
    cr_assert_eq(a->commits, b->commits);
    cr_assert_eq(a->messages_sent, b->messages_sent);
}

Test(broken_nodes, observers_leave_the_run_as_it_is)
{
    const struct sim_node_type *type = &sim_raft_node_type;
    size_t size;
    char *text = read_swarm(&size);
    uint64_t hashes[N_SWARM_SEEDS];
    for (uint64_t seed = 1; seed <= N_SWARM_SEEDS; seed++) {
        struct counting_sink sink = {.base.line = count_record};
        struct sim_scenario *scenario = parse(text, size, seed);
        struct sim_result first = run(scenario, type, seed, true, NULL);
        struct sim_result again = run(scenario, type, seed, true, NULL);
        struct sim_result traced = run(scenario, type, seed, true, &sink.base);
        struct sim_result unchecked = run(scenario, type, seed, false, NULL);
        cr_assert_eq(first.verdict, SIM_VERDICT_AS_EXPECTED,
                     "seed %" PRIu64 ": %d %s %s", seed, (int)first.verdict,
                     first.contract, first.violation.text);
        expect_same(&first, &again, "twice");
        expect_same(&first, &traced, "traced");
        expect_same(&first, &unchecked, "unchecked");
        struct sim_result other_luck =
            run(scenario, type, seed + N_SWARM_SEEDS, true, NULL);
        cr_assert_neq(first.hash, other_luck.hash, "seed %" PRIu64, seed);
        cr_assert_geq(sink.n_records, first.steps);
        cr_assert_eq(unchecked.evaluated[SIM_ELECTION_SAFETY], 0);
        hashes[seed - 1] = first.hash;
        for (uint64_t other = 1; other < seed; other++) {
            cr_assert_neq(hashes[other - 1], first.hash,
                          "seeds %" PRIu64 " and %" PRIu64, other, seed);
        }
        sim_scenario_free(scenario);
    }
    free(text);
}
