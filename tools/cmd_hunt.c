#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/amounts.h"
#include "tools/atomic_file.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/hunt.h"
#include "tools/input.h"
#include "tools/options.h"
#include "tools/pool.h"
#include "tools/runner.h"
#include "tools/self.h"

static const char *const usual_scenarios[] = {"scenarios/swarm.json",
                                              "scenarios/swarm-leases.json"};

struct command {
    struct hunt_options hunt;
    const char *mutants, *build, *only, *output;
    uint32_t share_percent;
    const char **scenarios;
    size_t n_scenarios, capacity;
};

static void add_scenario(struct command *command, const char *path)
{
    command->scenarios =
        sim_grow(command->scenarios, &command->capacity,
                 command->n_scenarios + 1, sizeof *command->scenarios);
    command->scenarios[command->n_scenarios++] = path;
}

static bool parse_count(const char *option, const char *text, uint64_t max,
                        uint32_t *value)
{
    uint64_t number = 0;
    bool good = amounts_count(option, text, 1, max, &number);
    *value = (uint32_t)number;
    return good;
}

/* True if the option is one, and good. */
static bool take_option(struct command *command, int key, const char *value)
{
    switch (key) {
    case 'm':
        command->mutants = value;
        return true;
    case 'b':
        command->build = value;
        return true;
    case 's':
        if (strcmp(value, "-") == 0) {
            fputs("raftsim: a hunt reads its scenarios many times; standard "
                  "input cannot be one\n",
                  stderr);
            return false;
        }
        add_scenario(command, value);
        return true;
    case 'j':
        return parse_count("jobs", value, POOL_MAX_WORKERS,
                           &command->hunt.workers);
    case HELP_HUNT_BUDGET:
        return amounts_duration("budget", value, &command->hunt.budget_us);
    case HELP_HUNT_STARTS:
        return parse_count("starts", value, HUNT_MAX_STARTS,
                           &command->hunt.starts);
    case HELP_HUNT_SHARE:
        return amounts_percent("share", value, &command->share_percent);
    case HELP_HUNT_ONCE:
        command->hunt.once = true;
        return true;
    case HELP_HUNT_ONLY:
        command->only = value;
        return true;
    case HELP_HUNT_CONTROL:
        command->hunt.control = value;
        return true;
    case 'o':
        command->output = value;
        return true;
    default:
        return false;
    }
}

static bool complain(const char *problem)
{
    fprintf(stderr, "raftsim: %s\n", problem);
    options_hint("hunt");
    return false;
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
            *code = help_page("hunt", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
            return false;
        }
        if (!take_option(command, key, value)) {
            return false;
        }
    }
    options_operands(options, &count);
    if (count > 0) {
        return complain("hunt takes options only; scenarios are given with "
                        "--scenario FILE");
    }
    if (command->mutants == NULL || command->build == NULL) {
        return complain("hunt needs --mutants DIR and --build DIR");
    }
    return true;
}

/* So many starts have to find a mutant: once at least. */
static uint32_t enough_starts(const struct command *command)
{
    uint64_t starts = command->hunt.starts;
    uint64_t enough = (starts * command->share_percent + 99) / 100;
    return enough < 1 || command->hunt.once ? 1 : (uint32_t)enough;
}

static enum exit_code judge(const struct hunt *hunt, uint32_t enough)
{
    if (hunt->interrupted) {
        return EXIT_INTERRUPTED;
    }
    if (hunt->failed) {
        return EXIT_BAD_INPUT;
    }
    bool good = hunt_false_alarms(hunt) == 0;
    for (size_t m = 0; m < hunt->corpus->count; m++) {
        good = good && hunt_found(hunt, m) >= enough;
    }
    for (uint32_t k = 0; k < hunt->options.starts; k++) {
        good = good && hunt->controls[k].over == hunt->controls[k].begun;
    }
    return good ? EXIT_AS_EXPECTED : EXIT_UNEXPECTED;
}

/* The file can be made again, and compared: nothing in it tells when. */
static bool write_file(const struct command *command, const struct hunt *hunt,
                       int argc, char **argv)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    bool good = file != NULL;
    if (good) {
        fputs("# What the hunt found\n\n    raftsim", file);
        for (int i = 0; i < argc; i++) {
            fprintf(file, " %s", argv[i]);
        }
        fprintf(file, "\n\nraftsim %s%s\n\n", RAFTSIM_VERSION,
                hunt->interrupted ? ", interrupted: this is not all"
                : hunt->failed    ? ", given up: this is not all"
                                  : "");
        hunt_print(hunt, enough_starts(command), true, file);
        good = fclose(file) == 0;
    }
    if (!good) {
        fputs("raftsim: out of memory\n", stderr);
    }
    good = good && atomic_file_write(command->output, text, size);
    free(text);
    return good;
}

/* A hunt may take hours, so that its table has a place to go is seen before. No
 * file that the hunt reads is overwritten. */
static bool can_write(const struct command *command)
{
    for (size_t i = 0; i < command->n_scenarios; i++) {
        if (input_is_same_file(command->output, command->scenarios[i])) {
            fprintf(stderr, "raftsim: --output %s would overwrite a scenario\n",
                    command->output);
            return false;
        }
    }
    return atomic_file_probe(command->output);
}

static enum exit_code go_hunting(struct command *command,
                                 const struct corpus *corpus, int argc,
                                 char **argv)
{
    struct hunt hunt;
    enum exit_code code = EXIT_BAD_INPUT;
    if (hunt_init(&hunt, &command->hunt, corpus)) {
        hunt_run(&hunt);
        code = judge(&hunt, enough_starts(command));
        if (hunt.interrupted || hunt.failed) {
            printf("%s: this is what was found so far\n\n",
                   hunt.interrupted ? "INTERRUPTED" : "GIVEN UP");
        }
        hunt_print(&hunt, enough_starts(command), false, stdout);
        if (command->output != NULL &&
            !write_file(command, &hunt, argc, argv) && code < EXIT_BAD_INPUT) {
            code = EXIT_BAD_INPUT;
        }
    }
    hunt_free(&hunt);
    return code;
}

int cmd_hunt(const char *program, int argc, char **argv)
{
    struct options options = {"hunt", help_hunt_options, HELP_HUNT_OPTION_COUNT,
                              argc, argv};
    struct command command = {
        .hunt = {.starts = 10,
                 .workers = pool_processors(),
                 .budget_us = UINT64_C(60000000)},
        .share_percent = 90,
    };
    struct corpus corpus = {0};
    int code;
    if (!parse_options(&command, &options, &code)) {
        free(command.scenarios);
        return code;
    }
    if (command.n_scenarios == 0) {
        add_scenario(&command, usual_scenarios[0]);
        add_scenario(&command, usual_scenarios[1]);
    }
    char *self = self_path(program);
    command.hunt.scenarios = command.scenarios;
    command.hunt.n_scenarios = (uint32_t)command.n_scenarios;
    if (command.hunt.control == NULL) {
        command.hunt.control = self != NULL ? self : program;
    }
    code = EXIT_BAD_INPUT;
    if ((command.output == NULL || can_write(&command)) &&
        corpus_load(&corpus, command.mutants, command.build, command.only)) {
        code = (int)go_hunting(&command, &corpus, argc, argv);
    }
    corpus_free(&corpus);
    free(self);
    free(command.scenarios);
    return code;
}
