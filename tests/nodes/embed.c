/* A program of its own that runs a scenario with the node that it is linked
 * with: what libraftsim is for, beside the command. usage: embed FILE SEED */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/simulation.h"

extern const struct sim_node_type raftsim_node_type;

static struct sim_scenario *read_scenario(const char *path)
{
    static char text[65536];
    struct sim_scenario_problems problems;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return NULL;
    }
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    struct sim_scenario *scenario =
        sim_scenario_parse(text, size, NULL, &problems);
    if (scenario == NULL) {
        sim_scenario_problems_free(&problems);
    }
    return scenario;
}

int main(int argc, char **argv)
{
    struct sim_scenario *scenario = argc > 2 ? read_scenario(argv[1]) : NULL;
    if (scenario == NULL) {
        return 2;
    }
    struct sim_options options = {.seed = strtoull(argv[2], NULL, 10),
                                  .node_type = &raftsim_node_type,
                                  .checks = true,
                                  .max_steps = SIM_UNLIMITED};
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    while (sim_simulation_advance(simulation, 1000) == SIM_VERDICT_RUNNING) {
    }
    const struct sim_result *result = sim_simulation_result(simulation);
    printf("%016" PRIx64 " %s\n", result->hash,
           result->violated ? result->violation.text : "holds");
    int code = result->verdict == SIM_VERDICT_AS_EXPECTED ? 0 : 1;
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
    return code;
}
