#define _POSIX_C_SOURCE 200809L

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_pretty.h"
#include "sim/memory.h"
#include "sim/scenario_expand.h"
#include "tools/amounts.h"
#include "tools/artifact.h"
#include "tools/atomic_file.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/options.h"
#include "tools/pool.h"
#include "tools/shrink.h"
#include "tools/shrink_script.h"
#include "tools/shrink_words.h"
#include "tools/wall_clock.h"

#define DEFAULT_LIMIT_US UINT64_C(60000000)

struct shrinking {
    const char *program;
    const char *output; /* NULL: standard output */
    bool has_seed;
    uint64_t seed;
    uint64_t limit_us;
    uint64_t workers;
    const char *node;          /* as typed; NULL: that of the failure */
    const char *file;          /* where the failure came from */
    struct trial_result first; /* the failure as it was */
    struct artifact artifact;  /* all zero: it was a scenario */
    struct shrink shrink;
};

static bool take_option(struct shrinking *shrinking, int key, const char *value)
{
    switch (key) {
    case 's':
        shrinking->has_seed = true;
        return options_take_number("seed", value, &shrinking->seed);
    case 'o':
        shrinking->output = value;
        return true;
    case 'j':
        return amounts_count("jobs", value, 1, POOL_MAX_WORKERS,
                             &shrinking->workers);
    case HELP_SHRINK_NODE:
        shrinking->node = value;
        return true;
    case HELP_SHRINK_TIME:
        return amounts_duration("time", value, &shrinking->limit_us);
    default:
        return false;
    }
}

/* A failure that can be shrunk; false after saying why not. */
static bool can_shrink(const char *path, const struct failure *failure)
{
    const char *reason = failure_unshrinkable(failure);
    if (reason != NULL) {
        fprintf(stderr, "raftsim: %s: %s\n", input_name(path), reason);
    }
    return reason == NULL;
}

static void begin_with(struct shrinking *shrinking, const char *expanded,
                       const struct failure *failure,
                       const struct trial_result *found)
{
    struct shrink *shrink = &shrinking->shrink;
    shrink->best = cJSON_Parse(expanded);
    shrink->trials.wanted = *failure;
    shrink->found = *found;
    shrinking->first = *found;
}

/* Whose Raft: as typed, or else as in `file`. */
static enum exit_code choose_node(struct shrinking *shrinking, const char *file)
{
    struct runner_options runner = {
        .node = shrinking->node != NULL ? shrinking->node : file};
    enum exit_code code = node_set(&runner);
    shrinking->shrink.trials.node_type = runner.simulation.node_type;
    return code;
}

/* Why the failure was not seen (again). */
static enum exit_code tell_not_seen(const struct shrinking *shrinking,
                                    const char *path)
{
    const struct trials *trials = &shrinking->shrink.trials;
    const char *file = input_name(path);
    if (trials->error != 0) {
        fprintf(stderr, "raftsim: cannot start a process: %s\n",
                strerror(trials->error));
        return EXIT_BAD_INPUT;
    }
    if (runner_is_interrupted()) {
        fprintf(stderr,
                "raftsim: %s: interrupted before the failure was seen\n", file);
        return EXIT_INTERRUPTED;
    }
    if (trials_are_over(trials)) {
        fprintf(stderr,
                "raftsim: %s: the time was up before the failure was seen; see "
                "--time\n",
                file);
        return EXIT_UNEXPECTED;
    }
    fprintf(stderr,
            "raftsim: %s: the failure did not show again, so it cannot be "
            "shrunk\n",
            file);
    return EXIT_UNEXPECTED;
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
    enum exit_code code = choose_node(shrinking, NODE_BUILTIN);
    if (code != EXIT_AS_EXPECTED) {
        sim_scenario_free(scenario);
        return code;
    }
    shrinking->seed = shrinking->has_seed ? shrinking->seed : scenario->seed;
    struct trial_result found;
    struct failure failure;
    bool ended = trials_first(&shrinking->shrink.trials, scenario,
                              shrinking->seed, &failure, &found);
    sim_scenario_free(scenario);
    if (!ended) {
        return tell_not_seen(shrinking, path);
    }
    if (!can_shrink(path, &failure)) {
        return EXIT_BAD_INPUT;
    }
    char *expanded = sim_scenario_expand(text, size, shrinking->seed);
    begin_with(shrinking, expanded, &failure, &found);
    free(expanded);
    return EXIT_AS_EXPECTED;
}

static enum exit_code take_artifact(struct shrinking *shrinking,
                                    const char *path,
                                    const struct artifact_text *text)
{
    struct artifact *artifact = &shrinking->artifact;
    if (!artifact_parse(path, text, artifact) ||
        !can_shrink(path, &artifact->failure)) {
        return EXIT_BAD_INPUT;
    }
    struct trial_result found = {
        .found = true, .seed = artifact->seed, .steps = artifact->steps};
    shrinking->seed = artifact->seed;
    shrinking->file = artifact->file;
    enum exit_code code = choose_node(shrinking, artifact->node);
    if (code != EXIT_AS_EXPECTED) {
        return code;
    }
    begin_with(shrinking, artifact->expanded.bytes, &artifact->failure, &found);
    return EXIT_AS_EXPECTED;
}

static enum exit_code read_input(struct shrinking *shrinking, const char *path)
{
    struct artifact_text text;
    char *bytes = artifact_input(path, &text.size);
    enum exit_code code = EXIT_BAD_INPUT;
    if (bytes == NULL) {
        return code;
    }
    text.bytes = bytes;
    shrinking->file = input_name(path);
    if (!artifact_is_one(&text)) {
        code = find_failure(shrinking, path, bytes, text.size);
    } else if (shrinking->has_seed) {
        fprintf(stderr, "raftsim: %s says itself with which seed it failed\n",
                input_name(path));
    } else {
        code = take_artifact(shrinking, path, &text);
    }
    free(bytes);
    return code;
}

static bool to_stdout(const struct shrinking *shrinking)
{
    return shrinking->output == NULL || strcmp(shrinking->output, "-") == 0;
}

/* Shrinking may take minutes: better said before than after. */
static bool check_output(const struct shrinking *shrinking, const char *path)
{
    if (to_stdout(shrinking)) {
        return true;
    }
    if (input_is_same_file(shrinking->output, path)) {
        fprintf(stderr, "raftsim: -o %s would overwrite what is read\n",
                shrinking->output);
        return false;
    }
    return atomic_file_probe(shrinking->output);
}

static bool write_output(const struct shrinking *shrinking)
{
    char *text = shrink_text(shrinking->shrink.best);
    char *pretty = sim_json_pretty(text, strlen(text));
    bool good =
        to_stdout(shrinking)
            ? fputs(pretty, stdout) >= 0
            : atomic_file_write(shrinking->output, pretty, strlen(pretty));
    free(text);
    free(pretty);
    return good;
}

static void tell(const struct shrinking *shrinking, bool certain)
{
    const struct shrink *shrink = &shrinking->shrink;
    uint64_t us = wall_clock_us() - shrink->started_us;
    fprintf(stderr, "%s, seed %" PRIu64 ": %s\n  ", shrinking->file,
            shrinking->seed, shrink->trials.wanted.what);
    if (shrinking->first.steps > 0) {
        fprintf(stderr, "from %" PRIu64 " step%s to ", shrinking->first.steps,
                shrinking->first.steps == 1 ? "" : "s");
    }
    fprintf(stderr, "%" PRIu64, shrink->found.steps);
    if (certain) {
        unsigned size = script_size(shrink->best);
        fprintf(stderr, " and %u action%s; any seed shows it\n", size,
                size == 1 ? "" : "s");
    } else {
        fprintf(stderr,
                "; it could not be written down without chance, seed %" PRIu64
                " shows it\n",
                shrink->found.seed);
    }
    fprintf(stderr,
            "  %" PRIu64 " changes tried in %" PRIu64 " runs, %" PRIu64
            ".%01" PRIu64 " s\n",
            shrink->n_tried, shrink->trials.n_runs, us / 1000000,
            us % 1000000 / 100000);
}

static enum exit_code shrink_input(struct shrinking *shrinking,
                                   const char *path)
{
    struct shrink *shrink = &shrinking->shrink;
    shrink->started_us = wall_clock_us();
    shrink->trials.deadline_us = shrink->started_us + shrinking->limit_us;
    shrink->trials.workers = (uint32_t)shrinking->workers;
    progress_bar_start(&shrink->bar);
    enum exit_code code = check_output(shrinking, path)
                              ? read_input(shrinking, path)
                              : EXIT_BAD_INPUT;
    if (code != EXIT_AS_EXPECTED) {
        return code;
    }
    bool certain = false;
    if (!shrink_all(shrink, shrinking->artifact.recording, &certain)) {
        progress_bar_clear(&shrink->bar);
        return tell_not_seen(shrinking, path);
    }
    progress_bar_clear(&shrink->bar);
    shrink_describe(shrink, shrinking->file, shrinking->seed, certain);
    if (!write_output(shrinking)) {
        return EXIT_BAD_INPUT;
    }
    tell(shrinking, certain);
    return runner_is_interrupted() ? EXIT_INTERRUPTED : EXIT_AS_EXPECTED;
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
    artifact_clear(&shrinking.artifact);
    return (int)code;
}
