#include "tests/why_harness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim_harness.h"

struct told why_told(const char *body, const struct sim_node_type *type,
                     uint64_t seed, size_t max_lines)
{
    char text[4096];
    int size =
        snprintf(text, sizeof text, "{'description': 'For a test.', %s}", body);
    cr_assert(size > 0 && (size_t)size < sizeof text);
    struct sim_scenario *scenario = harness_parse(text, seed);
    struct sim_options options = {
        .seed = seed,
        .node_type = type != NULL ? type : &sim_raft_node_type,
        .checks = true,
        .explain = true,
        .max_steps = 5000000,
    };
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    struct told told = {.result = *sim_simulation_result(simulation)};
    told.told = sim_simulation_tell_why(simulation, max_lines, &told.story);
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
    return told;
}

const struct sim_why_line *why_line(const struct sim_why_story *story,
                                    const char *words)
{
    for (size_t i = 0; i < story->n_lines; i++) {
        if (strstr(story->lines[i].text, words) != NULL) {
            return &story->lines[i];
        }
    }
    return NULL;
}
