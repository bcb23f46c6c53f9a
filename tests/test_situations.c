/* The situations as a whole: their names, and a sweep that reaches each. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/raft_node.h"
#include "sim/simulation.h"
#include "tests/sim_harness.h"

/* The sweep begins where the rarest are near, and goes on for as long as one is
 * missing. */
#define FIRST_SEED UINT64_C(1100)
#define MOST_SEEDS UINT64_C(1000)

Test(situations, have_names_and_sentences)
{
    cr_assert_geq((int)SIM_SITUATION_COUNT, 50);
    cr_assert_not_null(sim_situation_heading((enum sim_situation)0));
    for (int i = 0; i < SIM_SITUATION_COUNT; i++) {
        const char *name = sim_situation_name((enum sim_situation)i);
        const char *text = sim_situation_text((enum sim_situation)i);
        cr_assert_not_null(name, "number %d", i);
        cr_assert_not_null(text, "%s", name);
        cr_assert_gt(strlen(name), 0, "number %d", i);
        for (const char *at = name; *at != '\0'; at++) {
            cr_assert(islower((unsigned char)*at) || *at == '_', "%s", name);
        }
        cr_assert(isupper((unsigned char)text[0]), "%s: %s", name, text);
        cr_assert_eq(text[strlen(text) - 1], '.', "%s: %s", name, text);
        for (int other = 0; other < i; other++) {
            cr_assert_str_neq(sim_situation_name((enum sim_situation)other),
                              name);
            cr_assert_str_neq(sim_situation_text((enum sim_situation)other),
                              text);
        }
    }
}

static void run(const char *text, uint64_t seed, uint64_t *reached)
{
    struct sim_scenario *scenario = harness_parse(text, seed);
    struct sim_simulation *simulation = sim_simulation_new(
        scenario, &(struct sim_options){.seed = seed,
                                        .node_type = &sim_raft_node_type,
                                        .checks = true,
                                        .max_steps = 5000000});
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    const struct sim_result *result = sim_simulation_result(simulation);
    for (int i = 0; i < SIM_SITUATION_COUNT; i++) {
        reached[i] += result->situations[i];
    }
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
}

/* The first that was not reached, or SIM_SITUATION_COUNT. */
static enum sim_situation missing(const uint64_t *reached)
{
    int i = 0;
    while (i < SIM_SITUATION_COUNT && reached[i] > 0) {
        i++;
    }
    return (enum sim_situation)i;
}

Test(situations, are_all_reached_by_the_swarm)
{
    char *texts[] = {harness_read_file("scenarios/swarm.json", NULL),
                     harness_read_file("scenarios/swarm-leases.json", NULL)};
    uint64_t reached[SIM_SITUATION_COUNT] = {0};
    uint64_t seed = FIRST_SEED;
    for (; seed < FIRST_SEED + MOST_SEEDS &&
           missing(reached) != SIM_SITUATION_COUNT;
         seed++) {
        run(texts[0], seed, reached);
        run(texts[1], seed, reached);
    }
    for (int i = 0; i < SIM_SITUATION_COUNT; i++) {
        cr_expect_gt(
            reached[i], 0,
            "%s was never reached by the seeds from %" PRIu64 " to %" PRIu64,
            sim_situation_name((enum sim_situation)i), FIRST_SEED, seed - 1);
    }
    free(texts[0]);
    free(texts[1]);
}
