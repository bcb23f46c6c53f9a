/* Runs that are made twice, and nodes that do not do the same again. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/double_check.h"
#include "sim/memory.h"
#include "sim/raft_node.h"
#include "tests/broken_internal.h"
#include "tests/broken_run.h"
#include "tests/sim_harness.h"

#define N_SEEDS 10u

static const char busy[] =
    "{'description': 'For a test.', " BROKEN_BUSY
    ", 'faults': [{'at': '1s', 'crash': 'leader', 'for': '200ms'}]}";

/* --- nodes whose runs do not repeat --------------------------------------- */

/* Steps of all nodes of all runs: the second run goes on counting. */
static uint64_t all_steps;

/* Nobody can read what it sends then. */
static void spoil(struct broken_node *self, const struct sim_input *input,
                  uint64_t by)
{
    struct sim_output *output = broken__output(self, SIM_OUTPUT_SEND);
    if (output != NULL && input->now_us > 500000) {
        uint8_t *bytes =
            broken__bytes(self, output->send.bytes, output->send.size, 0);
        bytes[0] ^= (uint8_t)by;
        output->send.bytes = bytes;
    }
}

static void count_steps(struct broken_node *self, const struct sim_input *input)
{
    all_steps++;
    spoil(self, input, all_steps % 97 == 0);
}

static void use_address(struct broken_node *self, const struct sim_input *input)
{
    spoil(self, input, (uint64_t)(uintptr_t)self >> 4);
}

static void wait_by_address(struct broken_node *self,
                            const struct sim_input *input)
{
    struct sim_output *output = broken__output(self, SIM_OUTPUT_TIMER);
    if (output != NULL && input->now_us > 500000) {
        output->timer.deadline_us += (uintptr_t)self >> 4 & 0xffu;
    }
}

extern const struct broken_type broken_counts_steps;
extern const struct broken_type broken_uses_its_address;
extern const struct broken_type broken_waits_by_its_address;
BROKEN_TYPE(counts_steps, .outputs = count_steps);
BROKEN_TYPE(uses_its_address, .outputs = use_address);
BROKEN_TYPE(waits_by_its_address, .outputs = wait_by_address);

/* --- tools ---------------------------------------------------------------- */

static struct sim_options options_of(const struct sim_node_type *type,
                                     uint64_t seed)
{
    return (struct sim_options){
        .seed = seed, .node_type = type, .checks = true, .max_steps = 5000000};
}

static struct sim_double_check *run_twice(const struct sim_scenario *scenario,
                                          const struct sim_options *options,
                                          uint64_t slice)
{
    struct sim_double_check *check = sim_double_check_new(scenario, options);
    while (sim_double_check_advance(check, slice) == SIM_VERDICT_RUNNING) {
    }
    return check;
}

/* That the two runs of a type differ, and in what. */
static struct sim_difference difference_of(const struct sim_node_type *type)
{
    struct sim_scenario *scenario = harness_parse(busy, 1);
    struct sim_options options = options_of(type, 1);
    struct sim_double_check *check = run_twice(scenario, &options, 2048);
    struct sim_difference difference;
    cr_assert(sim_double_check_differs(check), "%s", type->name);
    sim_double_check_tell(check, &difference);
    cr_expect_neq(sim_double_check_result(check)->verdict, SIM_VERDICT_RUNNING);
    sim_double_check_free(check);
    sim_scenario_free(scenario);
    return difference;
}

/* --- tests ---------------------------------------------------------------- */

Test(double_check, finds_nothing_in_runs_that_repeat)
{
    size_t size;
    char *text = harness_read_file("scenarios/swarm.json", &size);
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        struct sim_scenario *scenario = harness_parse_text(text, seed);
        struct sim_options options = options_of(&sim_raft_node_type, seed);
        for (uint64_t slice = 1; slice < 10000; slice *= 17) {
            struct sim_double_check *check =
                run_twice(scenario, &options, slice);
            cr_expect(!sim_double_check_differs(check), "seed %" PRIu64, seed);
            sim_double_check_free(check);
        }
        sim_scenario_free(scenario);
    }
    free(text);
}

/* The first run is the one that is made without a second. */
Test(double_check, leaves_the_first_run_as_it_is)
{
    struct harness_text plain = {.size = 0}, twice = {.size = 0};
    struct harness_options how = {.trace = &plain};
    struct sim_result alone = harness_run(busy, 7, &how);
    struct sim_scenario *scenario = harness_parse(busy, 7);
    struct sim_recording *recording = sim_recording_new();
    struct sim_options options = options_of(&sim_raft_node_type, 7);
    twice.base = plain.base;
    options.trace = &twice.base;
    options.recording = recording;
    struct sim_double_check *check = run_twice(scenario, &options, 100);
    const struct sim_result *result = sim_double_check_result(check);
    cr_expect(!sim_double_check_differs(check));
    cr_expect_eq(result->hash, alone.hash);
    cr_expect_eq(result->verdict, alone.verdict);
    cr_expect_eq(recording->n_steps, alone.steps);
    cr_expect_eq(plain.size, twice.size);
    cr_expect_str_eq(plain.text, twice.text);
    sim_double_check_free(check);
    sim_recording_free(recording);
    sim_scenario_free(scenario);
    free(plain.text);
    free(twice.text);
}

Test(double_check, finds_what_is_static)
{
    struct sim_difference difference = difference_of(&broken_counts_steps.base);
    cr_expect_gt(difference.step, 100);
    cr_expect(!difference.at_end);
    cr_expect(difference.parts[SIM_PART_OUTPUTS]);
    cr_expect(!difference.parts[SIM_PART_INPUT]);
    sim_difference_clear(&difference);
}

Test(double_check, finds_what_depends_on_addresses)
{
    char text[SIM_DIFFERENCE_PARTS_SIZE];
    struct sim_difference difference =
        difference_of(&broken_uses_its_address.base);
    cr_expect_str_eq(sim_difference_parts(&difference, text), "its outputs");
    for (int i = 0; i < 2; i++) {
        cr_expect(difference.sides[i].has_step);
        cr_expect_gt(difference.sides[i].time_us, 400000);
        cr_expect_not_null(strstr(difference.sides[i].story, "] "));
    }
    sim_difference_clear(&difference);
}

/* Deadlines are in no line of a story. */
Test(double_check, tells_what_no_line_shows)
{
    char text[SIM_DIFFERENCE_PARTS_SIZE];
    struct sim_difference difference =
        difference_of(&broken_waits_by_its_address.base);
    cr_expect_str_eq(sim_difference_parts(&difference, text), "its outputs");
    cr_expect_str_eq(difference.sides[0].story, difference.sides[1].story);
    sim_difference_clear(&difference);
}

/* It is the first: up to there, all is as in a run of a node that is sound. */
Test(double_check, finds_the_first_step)
{
    struct harness_text trace = {.size = 0};
    struct harness_options how = {.trace = &trace};
    struct sim_difference difference =
        difference_of(&broken_uses_its_address.base);
    harness_run(busy, 1, &how);
    const char *line = strchr(difference.sides[0].story, ']');
    size_t head = (size_t)(line - difference.sides[0].story);
    char time[32];
    snprintf(time, sizeof time, "%.*s", (int)head, difference.sides[0].story);
    cr_expect_not_null(strstr(trace.text, time), "%s", time);
    sim_difference_clear(&difference);
    free(trace.text);
}

Test(double_check, words_what_differs)
{
    char text[SIM_DIFFERENCE_PARTS_SIZE];
    struct sim_difference difference = {.step = 1};
    cr_expect_str_eq(sim_difference_parts(&difference, text), "");
    difference.parts[SIM_PART_STATE] = true;
    cr_expect_str_eq(sim_difference_parts(&difference, text),
                     "the state after it");
    difference.parts[SIM_PART_OUTPUTS] = true;
    cr_expect_str_eq(sim_difference_parts(&difference, text),
                     "its outputs and the state after it");
    difference.parts[SIM_PART_INPUT] = true;
    difference.parts[SIM_PART_MOMENT] = true;
    cr_expect_str_eq(sim_difference_parts(&difference, text),
                     "its time or node, its input, its outputs and the state "
                     "after it");
}
