#define _POSIX_C_SOURCE 200809L

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_pretty.h"
#include "sim/memory.h"
#include "sim/raft_node.h"
#include "sim/scenario_expand.h"
#include "tools/amounts.h"
#include "tools/artifact.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/input.h"
#include "tools/options.h"
#include "tools/pool.h"
#include "tools/shrink.h"
#include "tools/shrink_script.h"
#include "tools/wall_clock.h"

#define DEFAULT_LIMIT_US UINT64_C(60000000)

struct shrinking {
    const char *program;
    const char *output; /* NULL: standard output */
    bool has_seed;
    uint64_t seed;
    uint64_t limit_us;
    uint64_t workers;
    struct shrink shrink;
};

static bool take_option(struct shrinking *shrinking, int key, const char *value)
{
    switch (key) {
    case 's':
        shrinking->has_seed = true;
        if (options_number(value, &shrinking->seed)) {
            return true;
        }
        fprintf(stderr, "raftsim: --seed '%s': expected a number\n", value);
        return false;
    case 'o':
        shrinking->output = value;
        return true;
    case 'j':
        if (options_number(value, &shrinking->workers) &&
            shrinking->workers > 0 && shrinking->workers <= POOL_MAX_WORKERS) {
            return true;
        }
        fprintf(stderr, "raftsim: --jobs '%s': expected a number from 1\n",
                value);
        return false;
    case HELP_SHRINK_TIME:
        return amounts_duration("time", value, &shrinking->limit_us);
    default:
        return false;
    }
}

static void begin_with(struct shrinking *shrinking, const char *expanded,
                       const struct failure *failure,
                       const struct trial_result *found)
{
    struct shrink *shrink = &shrinking->shrink;
    shrink->best = cJSON_Parse(expanded);
    shrink->trials.wanted = *failure;
    shrink->found = *found;
}

/* The failure of a scenario's seed. */
static enum exit_code find_failure(struct shrinking *shrinking,
                                   const char *path, const char *text,
                                   size_t size)
{
    struct sim_scenario *scenario =
        input_parse(path, text, size,
                    shrinking->has_seed ? &shrinking->seed : NULL, stderr);
    if (scenario == NULL) {
        return EXIT_BAD_INPUT;
    }
    uint64_t seed = shrinking->has_seed ? shrinking->seed : scenario->seed;
    struct runner_options runner = {
        .simulation = {.seed = seed,
                       .node_type = &sim_raft_node_type,
                       .checks = true,
                       .max_steps = SIM_UNLIMITED}};
    struct runner_outcome outcome;
    struct failure failure;
    runner_run(scenario, &runner, NULL, &outcome);
    failure_of(&failure, &outcome.result, false);
    sim_scenario_free(scenario);
    if (outcome.interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (failure.what[0] == '\0') {
        fprintf(stderr,
                "raftsim: %s, seed %" PRIu64
                ": all went as expected; there is nothing to shrink\n",
                input_name(path), seed);
        return EXIT_BAD_INPUT;
    }
    const struct sim_result *end = &outcome.result;
    struct trial_result found = {.found = true,
                                 .seed = seed,
                                 .steps = end->violated ? end->violation.step
                                                        : end->steps,
                                 .time_us = end->time_us,
                                 .faults = end->faults,
                                 .operations = end->proposals};
    char *expanded = sim_scenario_expand(text, size, seed);
    begin_with(shrinking, expanded, &failure, &found);
    free(expanded);
    return EXIT_AS_EXPECTED;
}

static enum exit_code read_input(struct shrinking *shrinking, const char *path)
{
    struct artifact_text text;
    char *bytes = input_read(path, &text.size);
    enum exit_code code = EXIT_BAD_INPUT;
    if (bytes == NULL) {
        return code;
    }
    text.bytes = bytes;
    if (artifact_is_one(&text)) {
        struct artifact artifact;
        if (artifact_read(path, &artifact)) {
            struct trial_result found = {
                .found = true, .seed = artifact.seed, .steps = artifact.steps};
            begin_with(shrinking, artifact.expanded.bytes, &artifact.failure,
                       &found);
            code = EXIT_AS_EXPECTED;
        }
        artifact_clear(&artifact);
    } else {
        code = find_failure(shrinking, path, bytes, text.size);
    }
    free(bytes);
    return code;
}

static enum exit_code write_output(const struct shrinking *shrinking)
{
    char *text = shrink_text(shrinking->shrink.best);
    char *pretty = sim_json_pretty(text, strlen(text));
    FILE *out = stdout;
    if (shrinking->output != NULL) {
        out = fopen(shrinking->output, "w");
    }
    bool good = out != NULL && fputs(pretty, out) >= 0;
    good = out != NULL && (out == stdout || fclose(out) == 0) && good;
    if (!good) {
        fprintf(stderr, "raftsim: cannot write %s: %s\n", shrinking->output,
                strerror(errno));
    }
    free(text);
    free(pretty);
    return good ? EXIT_AS_EXPECTED : EXIT_BAD_INPUT;
}

static enum exit_code shrink_input(struct shrinking *shrinking,
                                   const char *path)
{
    struct shrink *shrink = &shrinking->shrink;
    shrink->started_us = wall_clock_us();
    shrink->trials.deadline_us = shrink->started_us + shrinking->limit_us;
    shrink->trials.workers = (uint32_t)shrinking->workers;
    progress_bar_start(&shrink->bar);
    enum exit_code code = read_input(shrinking, path);
    if (code != EXIT_AS_EXPECTED) {
        return code;
    }
    cJSON *resolved = shrink_copy(shrink);
    shrink_resolve(resolved);
    shrink->patience = 32;
    shrink->stage = "resolving";
    if (!shrink_try(shrink, resolved)) {
        fputs("raftsim: cannot resolve\n", stderr);
        return EXIT_BROKEN;
    }
    shrink_chance(shrink);
    bool certain = shrink_steps(shrink);
    fprintf(stderr, "%s ", certain ? "certain" : "CHANCE");
    progress_bar_clear(&shrink->bar);
    fprintf(stderr,
            "actions %u steps %" PRIu64 " faults %" PRIu64 " ops %" PRIu64
            " seed %" PRIu64 " tried %" PRIu64 " runs %" PRIu64 " in %" PRIu64
            " ms\n",
            script_size(shrink->best), shrink->found.steps,
            shrink->found.faults, shrink->found.operations, shrink->found.seed,
            shrink->n_tried, shrink->trials.n_runs,
            (wall_clock_us() - shrink->started_us) / 1000);
    return write_output(shrinking);
}

int cmd_shrink(const char *program, int argc, char **argv)
{
    struct options options = {"shrink", help_shrink_options,
                              HELP_SHRINK_OPTION_COUNT, argc, argv};
    struct shrinking shrinking = {.program = program,
                                  .limit_us = DEFAULT_LIMIT_US,
                                  .workers = pool_processors()};
    const char *value;
    int key;
    int count;
    while ((key = options_next(&options, &value)) != OPTIONS_END) {
        if (key == 'h') {
            return help_page("shrink", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
        }
        if (!take_option(&shrinking, key, value)) {
            return EXIT_BAD_INPUT;
        }
    }
    char **files = options_operands(&options, &count);
    if (count != 1) {
        fputs("raftsim: shrink which one failure, or scenario?\n", stderr);
        options_hint("shrink");
        return EXIT_BAD_INPUT;
    }
    runner_catch_interrupt();
    enum exit_code code = shrink_input(&shrinking, files[0]);
    cJSON_Delete(shrinking.shrink.best);
    return (int)code;
}
