/* Checks and traces observe: the run and its hash are the same without them,
 * and each run is the same as when it ran before. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/raft_node.h"
#include "sim/simulation.h"
#include "tests/sim_harness.h"

#define N_SWARM_SEEDS 20u

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

static struct sim_result run_with(const struct sim_scenario *scenario,
                                  const struct sim_options *options)
{
    struct sim_simulation *simulation = sim_simulation_new(scenario, options);
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    struct sim_result result = *sim_simulation_result(simulation);
    sim_simulation_free(simulation);
    return result;
}

static struct sim_result run_as(const struct sim_scenario *scenario,
                                uint64_t seed, bool checks,
                                struct sim_trace_sink *trace,
                                enum sim_trace_format format)
{
    return run_with(scenario,
                    &(struct sim_options){.seed = seed,
                                          .node_type = &sim_raft_node_type,
                                          .checks = checks,
                                          .trace = trace,
                                          .trace_format = format,
                                          .max_steps = 5000000});
}

/* With what a story needs, and a trace beside it, if that is not NULL. */
static struct sim_result run_explained(const struct sim_scenario *scenario,
                                       uint64_t seed,
                                       struct sim_trace_sink *trace)
{
    return run_with(scenario,
                    &(struct sim_options){.seed = seed,
                                          .node_type = &sim_raft_node_type,
                                          .checks = true,
                                          .explain = true,
                                          .trace = trace,
                                          .max_steps = 5000000});
}

static struct sim_result run(const struct sim_scenario *scenario, uint64_t seed,
                             bool checks, struct sim_trace_sink *trace)
{
    return run_as(scenario, seed, checks, trace, SIM_TRACE_STORY);
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

Test(observers, leave_the_run_as_it_is)
{
    char *text = harness_read_file("scenarios/swarm.json", NULL);
    uint64_t hashes[N_SWARM_SEEDS];
    for (uint64_t seed = 1; seed <= N_SWARM_SEEDS; seed++) {
        struct counting_sink sink = {.base.line = count_record};
        struct sim_scenario *scenario = harness_parse(text, seed);
        struct sim_result first = run(scenario, seed, true, NULL);
        struct sim_result again = run(scenario, seed, true, NULL);
        struct sim_result traced = run(scenario, seed, true, &sink.base);
        struct sim_result unchecked = run(scenario, seed, false, NULL);
        cr_assert_eq(first.verdict, SIM_VERDICT_AS_EXPECTED,
                     "seed %" PRIu64 ": %d %s %s", seed, (int)first.verdict,
                     first.contract, first.violation.text);
        expect_same(&first, &again, "twice");
        expect_same(&first, &traced, "traced");
        expect_same(&first, &unchecked, "unchecked");
        struct sim_result other_luck =
            run(scenario, seed + N_SWARM_SEEDS, true, NULL);
        cr_assert_neq(first.hash, other_luck.hash, "seed %" PRIu64, seed);
        cr_assert_geq(sink.n_records, first.steps);
        cr_assert_eq(unchecked.evaluated[SIM_ELECTION_SAFETY], 0);
        for (int i = 0; i < SIM_SITUATION_COUNT; i++) {
            cr_assert_eq(traced.situations[i], first.situations[i]);
            cr_assert_eq(unchecked.situations[i], 0);
        }
        hashes[seed - 1] = first.hash;
        for (uint64_t other = 1; other < seed; other++) {
            cr_assert_neq(hashes[other - 1], first.hash,
                          "seeds %" PRIu64 " and %" PRIu64, other, seed);
        }
        sim_scenario_free(scenario);
    }
    free(text);
}

Test(observers, every_format_leaves_the_run_as_it_is)
{
    char *text = harness_read_file("scenarios/swarm.json", NULL);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct counting_sink json = {.base.line = count_record};
        struct counting_sink etcd = {.base.line = count_record};
        struct sim_scenario *scenario = harness_parse(text, seed);
        struct sim_result silent = run(scenario, seed, true, NULL);
        struct sim_result told =
            run_as(scenario, seed, true, &json.base, SIM_TRACE_JSONL);
        expect_same(&silent, &told, "jsonl");
        told = run_as(scenario, seed, false, &etcd.base, SIM_TRACE_ETCD_TLA);
        expect_same(&silent, &told, "etcd-tla");
        cr_assert_gt(json.n_records, silent.steps);
        cr_assert_gt(etcd.n_records, 0);
        sim_scenario_free(scenario);
    }
    free(text);
}

Test(observers, what_stories_need_leaves_the_run_as_it_is)
{
    char *text = harness_read_file("scenarios/swarm.json", NULL);
    for (uint64_t seed = 1; seed <= N_SWARM_SEEDS; seed++) {
        struct counting_sink alone = {.base.line = count_record};
        struct counting_sink beside = {.base.line = count_record};
        struct sim_scenario *scenario = harness_parse(text, seed);
        struct sim_result plain = run(scenario, seed, true, &alone.base);
        struct sim_result explained = run_explained(scenario, seed, NULL);
        expect_same(&plain, &explained, "explained");
        for (int i = 0; i < SIM_SITUATION_COUNT; i++) {
            cr_assert_eq(explained.situations[i], plain.situations[i]);
        }
        explained = run_explained(scenario, seed, &beside.base);
        expect_same(&plain, &explained, "explained and traced");
        cr_assert_eq(beside.n_records, alone.n_records);
        sim_scenario_free(scenario);
    }
    free(text);
}
