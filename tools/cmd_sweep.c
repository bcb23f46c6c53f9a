#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/simulation.h"
#include "tools/amounts.h"
#include "tools/artifact.h"
#include "tools/batches.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/node.h"
#include "tools/options.h"
#include "tools/pool.h"
#include "tools/report.h"
#include "tools/self.h"
#include "tools/start_from.h"
#include "tools/sweep.h"
#include "tools/sweep_files.h"
#include "tools/workers.h"

struct command {
    struct sweep_options sweep;
    bool has_seeds, has_start;
    uint64_t start;
    bool has_failures;
    const char *corpus;  /* a directory; NULL: none */
    const char *command; /* of the workers, as typed; NULL: this one */
    struct sweep_files files;
};

/* "2/4" */
static bool parse_shard(struct sweep_options *sweep, const char *text)
{
    unsigned shard = 0, shards = 0;
    int end = 0;
    if (strspn(text, "0123456789/") == strlen(text) && strlen(text) < 16 &&
        sscanf(text, "%u/%u%n", &shard, &shards, &end) == 2 &&
        text[end] == '\0' && shard >= 1 && shard <= shards &&
        shards <= SHARDS_MAX) {
        sweep->shard = shard;
        sweep->shards = shards;
        return true;
    }
    fprintf(stderr,
            "raftsim: --shard '%s': expected I/N, such as 2/4, with I from 1 "
            "to N, and N at most %u\n",
            text, SHARDS_MAX);
    return false;
}

static bool parse_jobs(const char *text, uint32_t *workers)
{
    uint64_t count = 0;
    bool good = amounts_count("jobs", text, 1, POOL_MAX_WORKERS, &count);
    *workers = (uint32_t)count;
    return good;
}

/* True if the option is one, and good. */
static bool take_option(struct command *command, int key, const char *value)
{
    struct sweep_options *sweep = &command->sweep;
    switch (key) {
    case HELP_SWEEP_SEEDS:
        command->has_seeds = true;
        return seeds_parse("seeds", value, &sweep->seeds);
    case 't':
        return amounts_duration("time", value, &sweep->time_us);
    case 'j':
        return parse_jobs(value, &sweep->workers);
    case HELP_SWEEP_START_FROM:
        command->has_start = true;
        return start_from_parse(value, &command->start);
    case HELP_SWEEP_SHARD:
        return parse_shard(sweep, value);
    case 'm':
        return amounts_count("max-steps", value, 1, AMOUNTS_MAX,
                             &sweep->max_steps);
    case HELP_SWEEP_MAX_VIRTUAL_TIME:
        return amounts_duration("max-virtual-time", value, &sweep->max_time_us);
    case HELP_SWEEP_MAX_WALL_TIME:
        return amounts_duration("max-wall-time", value, &sweep->silence_us);
    case HELP_SWEEP_MAX_MEMORY:
        return amounts_size("max-memory", value, &sweep->memory_bytes);
    case HELP_SWEEP_DOUBLE_CHECK:
        return amounts_count("double-check", value, 1, UINT64_MAX,
                             &sweep->double_check);
    case HELP_SWEEP_NODE:
        sweep->node = value;
        return true;
    case HELP_SWEEP_STOP_AFTER:
        return amounts_count("stop-after", value, 1, UINT64_MAX,
                             &sweep->stop_after);
    case HELP_SWEEP_COMMAND:
        command->command = value;
        return true;
    case 'f':
        command->has_failures = true;
        sweep->failures = value;
        return true;
    case HELP_SWEEP_CORPUS:
        command->corpus = value;
        return true;
    case HELP_SWEEP_JSON:
        command->files.json = value;
        return true;
    case HELP_SWEEP_JUNIT:
        command->files.junit = value;
        return true;
    default:
        return false;
    }
}

static bool complain(const char *problem)
{
    fprintf(stderr, "raftsim: %s\n", problem);
    options_hint("sweep");
    return false;
}

/* Which seeds they are: where --start-from says, instead of from 1. */
static bool place_seeds(struct command *command)
{
    struct sweep_options *sweep = &command->sweep;
    if (!command->has_seeds && sweep->time_us == 0) {
        return complain("a sweep needs --seeds A..B or --time TIME");
    }
    sweep->by_time = !command->has_seeds;
    if (sweep->by_time) {
        sweep->seeds =
            (struct seeds){command->has_start ? command->start : 1, UINT64_MAX};
    } else if (command->has_start) {
        /* Seed 1 is the start: what is below 1 has to be above 0 then. */
        uint64_t more = command->start - 1;
        if ((command->start == 0 && sweep->seeds.first == 0) ||
            (command->start > 0 && sweep->seeds.last > UINT64_MAX - more)) {
            return complain("with --start-from, --seeds leaves the seeds that "
                            "there are");
        }
        sweep->seeds.first += more;
        sweep->seeds.last += more;
    }
    return true;
}

static bool same_name(const char *a, const char *b)
{
    size_t a_size, b_size;
    const char *a_name = artifact_name(a, &a_size);
    const char *b_name = artifact_name(b, &b_size);
    return a_size == b_size && memcmp(a_name, b_name, a_size) == 0;
}

/* Workers read them again and again, and failures are called by their names. */
static bool check_scenarios(const struct sweep_options *sweep)
{
    if (sweep->n_scenarios == 0) {
        return complain("sweep which scenario file?");
    }
    for (uint32_t i = 0; i < sweep->n_scenarios; i++) {
        if (strcmp(sweep->scenarios[i], "-") == 0) {
            return complain("a sweep reads its scenarios many times; standard "
                            "input cannot be one");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (same_name(sweep->scenarios[k], sweep->scenarios[i])) {
                fprintf(stderr,
                        "raftsim: %s and %s have one name, and so would the "
                        "files of their failures\n",
                        sweep->scenarios[k], sweep->scenarios[i]);
                return false;
            }
        }
    }
    return true;
}

/* True if the command line was good; else `*code` is what to exit with. */
static bool parse_options(struct command *command,
                          const struct options *options, int *code)
{
    const char *value;
    int key, count;
    *code = EXIT_BAD_INPUT;
    while ((key = options_next(options, &value)) != OPTIONS_END) {
        if (key == 'h') {
            *code = help_page("sweep", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
            return false;
        }
        if (!take_option(command, key, value)) {
            return false;
        }
    }
    if (command->corpus != NULL && command->has_failures) {
        return complain("--corpus keeps failures, as --failures does: give one "
                        "of them");
    }
    if (command->corpus != NULL) {
        command->sweep.failures = command->corpus;
        command->sweep.corpus = true;
    }
    char **files = options_operands(options, &count);
    command->sweep.scenarios = (const char *const *)files;
    command->sweep.n_scenarios = (uint32_t)count;
    return check_scenarios(&command->sweep) && place_seeds(command) &&
           sweep_files_check(&command->files, command->sweep.scenarios,
                             command->sweep.n_scenarios);
}

/* Whether a failure of a sweep can be made smaller: what is known of it says so
 * but for what was expected, of which the file knows more. */
static bool can_shrink(const struct sweep_failure *failure)
{
    struct failure what = {.what = ""};
    snprintf(what.what, sizeof what.what, "%s", failure->what);
    snprintf(what.kind, sizeof what.kind, "%.*s",
             (int)strcspn(failure->problem, ":"), failure->problem);
    return failure_unshrinkable(&what) == NULL;
}

/* The next step of whoever found something. */
static void print_next_step(const struct sweep *sweep, FILE *out)
{
    const struct sweep_report *report = &sweep->report;
    fprintf(out, "A file of each failure is in %s.\n", sweep->options.failures);
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        const struct sweep_scenario *scenario = &report->scenarios[i];
        for (size_t k = 0; k < scenario->n_failures; k++) {
            const struct sweep_failure *failure = &scenario->failures[k];
            if (!can_shrink(failure)) {
                continue;
            }
            char *path = artifact_path(sweep->options.failures, scenario->path,
                                       failure->seed, failure->what);
            char *command =
                report_command(sweep->options.program, "shrink", path);
            fprintf(out, "To make the first small: %s\n", command);
            free(command);
            free(path);
            return;
        }
    }
}

static void print_end(const struct sweep *sweep, FILE *out)
{
    const struct sweep_report *report = &sweep->report;
    if (sweep->interrupted || sweep->failed) {
        fprintf(out, "%s: this is what was run so far\n",
                sweep->interrupted ? "INTERRUPTED" : "GIVEN UP");
    } else if (sweep->stopped) {
        fprintf(out, "STOPPED after %" PRIu64 " failures (--stop-after)\n",
                sweep_report_failed(report));
    }
    sweep_print_summary(report, out);
    if (sweep->options.shards > 1) {
        fprintf(out, "This is shard %" PRIu32 " of %" PRIu32 ".\n",
                sweep->options.shard, sweep->options.shards);
    } else {
        sweep_print_missing(report, out);
    }
    if (sweep_report_failed(report) > 0 && !sweep->failed) {
        print_next_step(sweep, out);
    }
    if (sweep_corpus_count(&report->corpus, SWEEP_FIXED) > 0) {
        fprintf(out, "What is fixed stays in %s until you remove it.\n",
                sweep->options.failures);
    }
}

static enum exit_code go(const struct command *command)
{
    struct sweep sweep;
    enum exit_code code = EXIT_BAD_INPUT;
    if (sweep_init(&sweep, &command->sweep)) {
        sweep_run(&sweep);
        print_end(&sweep, command->sweep.out);
        code = sweep_report_code(&sweep.report);
        bool written = sweep_files_write(&command->files, &sweep.report);
        if ((sweep.failed || !written) && code < EXIT_BAD_INPUT) {
            code = EXIT_BAD_INPUT;
        }
        code = sweep.interrupted ? EXIT_INTERRUPTED : code;
    }
    sweep_free(&sweep);
    return code;
}

int cmd_sweep(const char *program, int argc, char **argv)
{
    struct options options = {"sweep", help_sweep_options,
                              HELP_SWEEP_OPTION_COUNT, argc, argv};
    struct command command = {
        .sweep = {.shard = 1,
                  .shards = 1,
                  .workers = pool_processors(),
                  .max_steps = SIM_UNLIMITED,
                  .silence_us = WORKERS_SILENCE_US,
                  .memory_bytes = WORKERS_MEMORY_BYTES,
                  .node = NODE_BUILTIN,
                  .failures = "raftsim-failures"},
    };
    int code;
    if (!parse_options(&command, &options, &code)) {
        return code;
    }
    struct runner_options runner = {.node = command.sweep.node};
    code = (int)node_set(&runner); /* better said before than by each worker */
    if (code != EXIT_AS_EXPECTED) {
        return code;
    }
    command.sweep.program = command.command != NULL ? command.command : program;
    char *path = self_path(command.sweep.program);
    command.sweep.executable = path != NULL ? path : command.sweep.program;
    command.sweep.out = sweep_files_out(&command.files);
    code = (int)go(&command);
    free(path);
    return code;
}
