#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amounts.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/options.h"
#include "tools/report.h"
#include "tools/run.h"

/* The longest line of JSON that is written at once, in bytes. */
#define LINE_ROOM (1u << 20)

/* How many of the steps that led to a violation are told. */
#define STORY_STEPS 20u

static bool parse_format(const char *text, enum sim_trace_format *format)
{
    static const char *const names[] = {
        [SIM_TRACE_STORY] = "story",
        [SIM_TRACE_JSONL] = "jsonl",
        [SIM_TRACE_ETCD_TLA] = "etcd-tla",
    };
    size_t count = sizeof names / sizeof *names;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            *format = (enum sim_trace_format)i;
            return true;
        }
    }
    options_unknown("trace format", text, names, count);
    options_hint("run");
    return false;
}

/* True if the option is one, and good. */
static bool take_option(struct run *run, int key, const char *value)
{
    struct sim_options *simulation = &run->runner.simulation;
    switch (key) {
    case 's':
        run->has_seed = true;
        return options_take_number("seed", value, &run->seed);
    case HELP_RUN_NODE:
        run->runner.node = value;
        return true;
    case HELP_RUN_SEEDS:
        run->has_seeds = true;
        return seeds_parse("seeds", value, &run->seeds);
    case HELP_RUN_UNTIL_FAILURE:
        run->until_failure = true;
        return true;
    case HELP_RUN_WITHOUT:
        without_free(&run->without);
        return without_parse(value, &run->without);
    case 't':
        run->trace_path = value;
        return true;
    case HELP_RUN_TRACE_FORMAT:
        return parse_format(value, &simulation->trace_format);
    case 'v':
        run->runner.verbose = true;
        return true;
    case 'j':
        run->json = true;
        return true;
    case 'm':
        return amounts_count("max-steps", value, 0, AMOUNTS_MAX,
                             &simulation->max_steps);
    case HELP_RUN_FAILURES:
        run->failures = value;
        return true;
    case HELP_RUN_MAX_TIME:
        return amounts_duration("max-virtual-time", value,
                                &simulation->max_time_us);
    case HELP_RUN_DOUBLE_CHECK:
        return amounts_count("double-check", value, 1, UINT64_MAX,
                             &run->double_check);
    case HELP_RUN_SITUATIONS:
        run->runner.situations = true;
        return true;
    case HELP_RUN_NO_CHECKS:
        simulation->checks = false;
        return true;
    default:
        return false;
    }
}

static bool refuse(const char *problem)
{
    fprintf(stderr, "raftsim: %s\n", problem);
    return false;
}

/* Whether the options mean something together. */
static bool fits_together(const struct run *run)
{
    if (run->runner.verbose &&
        run->runner.simulation.trace_format != SIM_TRACE_STORY) {
        return refuse("--verbose tells the story, which --trace-format "
                      "replaces");
    }
    if (run->json && run->trace_path != NULL &&
        strcmp(run->trace_path, "-") == 0) {
        return refuse("--json and --trace - both want standard output");
    }
    if (run->failures != NULL &&
        (run->without.text != NULL || !run->runner.simulation.checks)) {
        return refuse("--failures keeps runs of whole scenarios, checked: "
                      "without --without and --no-checks");
    }
    if (run->has_seeds && run->has_seed) {
        return refuse("--seed and --seeds both say which seed is the first");
    }
    return true;
}

/* True if the command line was good; else `*code` is what to exit with. */
static bool parse_options(struct run *run, const struct options *options,
                          int *code)
{
    const char *value;
    int key;
    *code = EXIT_BAD_INPUT;
    while ((key = options_next(options, &value)) != OPTIONS_END) {
        if (key == 'h') {
            *code = help_page("run", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
            return false;
        }
        if (!take_option(run, key, value)) {
            return false;
        }
    }
    return fits_together(run);
}

/* Whether the command line asks for runs that may be told as it says. */
static bool check_runs(const struct run *run, int n_files)
{
    if (n_files == 0) {
        fputs("raftsim: run which scenario file?\n", stderr);
        options_hint("run");
        return false;
    }
    if (run->runner.simulation.trace_format == SIM_TRACE_ETCD_TLA &&
        (run->many || n_files > 1)) {
        fputs("raftsim: --trace-format etcd-tla is of one run: without --seeds "
              "and --until-failure, and of one FILE\n",
              stderr);
        return false;
    }
    return true;
}

static void complain(struct run *run, const char *file, int error)
{
    run->failed = true;
    fprintf(stderr, "raftsim: cannot write %s: %s\n",
            strcmp(file, "-") == 0 ? "standard output" : file, strerror(error));
}

/* Once the first scenario is known to be good. No scenario of the command line
 * is overwritten. */
bool run_open_trace(struct run *run, char **files, int count)
{
    if (run->trace_path == NULL || run->trace != NULL) {
        return true;
    }
    if (strcmp(run->trace_path, "-") == 0) {
        run->trace = stdout;
        return true;
    }
    for (int i = 0; i < count; i++) {
        if (input_is_same_file(run->trace_path, files[i])) {
            fprintf(stderr, "raftsim: --trace %s would overwrite a scenario\n",
                    run->trace_path);
            run->failed = true;
            return false;
        }
    }
    run->trace = fopen(run->trace_path, "w");
    if (run->trace == NULL) {
        complain(run, run->trace_path, errno);
    }
    return run->trace != NULL;
}

static void close_trace(struct run *run)
{
    if (run->trace == NULL || run->trace == stdout) {
        return;
    }
    if (fclose(run->trace) != 0 && !run->failed) {
        complain(run, run->trace_path, errno);
    }
}

static void tell(struct run *run, const struct report *report)
{
    progress_bar_clear(&run->bar);
    if (run->json) {
        report_print_json(report, stdout);
    } else if (run->many) {
        run_tell_short(run, report);
    } else {
        report_print(report, stdout);
    }
    if (fflush(stdout) != 0) {
        complain(run, "-", errno);
    }
}

/* A failure leaves its file before anybody is told of it. */
static char *keep(struct run *run, const char *path,
                  const struct artifact_text *text, const struct report *report)
{
    char *kept = NULL;
    enum exit_code code = report_exit_code(report);
    if (run->failures != NULL &&
        (code == EXIT_UNEXPECTED || code == EXIT_BROKEN) &&
        !artifact_keep(run->failures, path, text, &run->runner, report->outcome,
                       report->differs, &kept)) {
        run->failed = true;
    }
    return kept;
}

/* Once, or twice if its seed is one of those. */
static void make_run(const struct run *run, struct report *report,
                     struct progress_bar *bar, struct runner_outcome *outcome,
                     struct sim_difference *difference)
{
    uint64_t seed = run->runner.simulation.seed;
    report->twice = run->double_check > 0 && seed % run->double_check == 0;
    if (!report->twice) {
        runner_run(report->scenario, &run->runner, bar, outcome);
    } else if (runner_run_twice(report->scenario, &run->runner, bar, outcome,
                                difference)) {
        report->differs = true;
        report->difference = difference;
    }
}

enum exit_code run_scenario(struct run *run, const char *path,
                            const struct artifact_text *text,
                            const struct sim_scenario *scenario, uint64_t seed)
{
    struct sim_options *simulation = &run->runner.simulation;
    struct runner_outcome outcome;
    struct sim_difference difference = {.step = 0};
    simulation->seed = seed;
    run->runner.trace = run->trace;
    if (run->trace != NULL && simulation->trace_format == SIM_TRACE_STORY) {
        fprintf(run->trace, "# %s, seed %" PRIu64 "\n", input_name(path),
                simulation->seed);
    }
    runner_catch_interrupt();
    bool bar = !run->many && !run->runner.verbose;
    if (bar) {
        progress_bar_start(&run->bar);
    }
    struct report report = {.path = path,
                            .scenario = scenario,
                            .options = &run->runner,
                            .outcome = &outcome};
    make_run(run, &report, bar ? &run->bar : NULL, &outcome, &difference);
    if (outcome.trace_error != 0) {
        complain(run, run->trace_path, outcome.trace_error);
        return EXIT_BAD_INPUT;
    }
    char *story = NULL;
    enum exit_code code = report_exit_code(&report);
    if ((run->json || !run->many) && !report.differs &&
        (code == EXIT_BROKEN ||
         (code == EXIT_UNEXPECTED && outcome.result.violated))) {
        story = runner_story(scenario, &run->runner, &outcome, STORY_STEPS,
                             &report.differs);
    }
    char *repeat =
        report_repeat(run->program, path, simulation, run->without.text,
                      report.difference != NULL, run->runner.node);
    report.story = story;
    report.repeat = repeat;
    char *kept = keep(run, path, text, &report);
    report.kept = kept;
    tell(run, &report);
    code = report_exit_code(&report);
    free(kept);
    free(repeat);
    free(story);
    sim_difference_clear(&difference);
    return code;
}

static enum exit_code run_file(struct run *run, char **files, int count, int i)
{
    const uint64_t *seed = run->has_seed ? &run->seed : NULL;
    struct artifact_text text;
    char *bytes = input_read(files[i], &text.size);
    text.bytes = bytes;
    struct sim_scenario *scenario =
        bytes == NULL ? NULL
                      : input_parse(files[i], bytes, text.size, seed, stderr);
    if (scenario == NULL) {
        free(bytes);
        return runner_is_interrupted() ? EXIT_INTERRUPTED : EXIT_BAD_INPUT;
    }
    enum exit_code code = EXIT_BAD_INPUT;
    if (without_apply(&run->without, scenario, files[i]) &&
        run_open_trace(run, files, count)) {
        if (i > 0 && !run->json) {
            putchar('\n');
        }
        code = run_scenario(run, files[i], &text, scenario,
                            run->has_seed ? run->seed : scenario->seed);
    }
    sim_scenario_free(scenario);
    free(bytes);
    return code;
}

/* Each file once. */
static enum exit_code run_files(struct run *run, char **files, int count)
{
    enum exit_code code = EXIT_AS_EXPECTED;
    int good = 0;
    for (int i = 0; i < count && !run->failed && code != EXIT_INTERRUPTED;
         i++) {
        enum exit_code one = run_file(run, files, count, i);
        code = one > code ? one : code;
        good += one == EXIT_AS_EXPECTED ? 1 : 0;
    }
    if (count > 1 && !run->json) {
        printf("\n%d of %d scenarios as expected\n", good, count);
    }
    return code;
}

int cmd_run(const char *program, int argc, char **argv)
{
    struct options options = {"run", help_run_options, HELP_RUN_OPTION_COUNT,
                              argc, argv};
    struct run run = {.program = program};
    int count, code;
    run.runner = (struct runner_options){
        .simulation = {.checks = true, .max_steps = SIM_UNLIMITED},
        .node = NODE_BUILTIN,
    };
    if (!parse_options(&run, &options, &code)) {
        without_free(&run.without);
        return code;
    }
    char **files = options_operands(&options, &count);
    run.many = run.has_seeds || run.until_failure;
    run.runner.tells_death = !run.json;
    code =
        (int)(check_runs(&run, count) ? node_set(&run.runner) : EXIT_BAD_INPUT);
    if (code != EXIT_AS_EXPECTED) {
        without_free(&run.without);
        return code;
    }
    if (run.json) {
        static char room[LINE_ROOM]; /* until the very end */
        setvbuf(stdout, room, _IOFBF, sizeof room);
    }
    code = (int)(run.many ? run_seeds(&run, files, count)
                          : run_files(&run, files, count));
    close_trace(&run);
    without_free(&run.without);
    return run.failed && code < EXIT_BAD_INPUT ? EXIT_BAD_INPUT : code;
}
