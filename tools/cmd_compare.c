#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amounts.h"
#include "tools/atomic_file.h"
#include "tools/command.h"
#include "tools/compare.h"
#include "tools/help.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/options.h"
#include "tools/pool.h"
#include "tools/self.h"
#include "tools/workers.h"

struct command {
    struct compare_options compare;
    const char *output;
};

static bool complain(const char *problem)
{
    fprintf(stderr, "raftsim: %s\n", problem);
    options_hint("compare");
    return false;
}

static bool add_node(struct command *command, const char *word)
{
    if (command->compare.n_nodes == COMPARE_MAX_NODES) {
        fprintf(stderr, "raftsim: at most %u of --node\n", COMPARE_MAX_NODES);
        return false;
    }
    command->compare.nodes[command->compare.n_nodes++].word = word;
    return true;
}

static bool take_seeds(struct command *command, const char *text)
{
    struct seeds *seeds = &command->compare.seeds;
    if (!seeds_parse("seeds", text, seeds)) {
        return false;
    }
    if (seeds->last - seeds->first >= COMPARE_MAX_SEEDS) {
        fprintf(stderr, "raftsim: --seeds %s: at most %u of them\n", text,
                COMPARE_MAX_SEEDS);
        return false;
    }
    return true;
}

/* True if the option is one, and good. */
static bool take_option(struct command *command, int key, const char *value)
{
    uint64_t number = 0;
    switch (key) {
    case HELP_COMPARE_NODE:
        return add_node(command, value);
    case HELP_COMPARE_SEEDS:
        return take_seeds(command, value);
    case 'j':
        if (!amounts_count("jobs", value, 1, POOL_MAX_WORKERS, &number)) {
            return false;
        }
        command->compare.workers = (uint32_t)number;
        return true;
    case 'o':
        command->output = value;
        return true;
    default:
        return false;
    }
}

/* It is loaded while the table is written. */
static bool check_output(const struct command *command)
{
    for (uint32_t i = 0;
         i < command->compare.n_nodes && command->output != NULL; i++) {
        if (input_is_same_file(command->output,
                               command->compare.nodes[i].word)) {
            fprintf(stderr, "raftsim: --output %s would overwrite a node\n",
                    command->output);
            return false;
        }
    }
    return true;
}

/* Workers read them again and again. */
static bool check_scenarios(const struct command *command)
{
    for (uint32_t i = 0; i < command->compare.n_scenarios; i++) {
        const char *path = command->compare.scenarios[i];
        if (strcmp(path, "-") == 0) {
            return complain("a comparison reads its scenarios many times; "
                            "standard input cannot be one");
        }
        if (command->output != NULL &&
            input_is_same_file(command->output, path)) {
            fprintf(stderr, "raftsim: --output %s would overwrite a scenario\n",
                    command->output);
            return false;
        }
        struct sim_scenario *scenario = input_scenario(path, NULL, stderr);
        if (scenario == NULL) {
            return false;
        }
        sim_scenario_free(scenario);
    }
    return command->compare.n_scenarios > 0 || complain("which scenarios?");
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
            *code =
                help_page("compare", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
            return false;
        }
        if (!take_option(command, key, value)) {
            return false;
        }
    }
    char **files = options_operands(options, &count);
    command->compare.scenarios = (const char *const *)files;
    command->compare.n_scenarios = (uint32_t)count;
    if (command->compare.n_nodes == 0) {
        return complain("which implementations? Give --node for each");
    }
    return check_scenarios(command) && check_output(command) &&
           workers_afford(command->compare.workers) &&
           (command->output == NULL || atomic_file_probe(command->output));
}

/* Loads all of them: better said before than by each worker. */
static enum exit_code find_nodes(struct compare_options *compare)
{
    for (uint32_t i = 0; i < compare->n_nodes; i++) {
        struct runner_options runner = {.node = compare->nodes[i].word};
        enum exit_code code = node_set(&runner);
        if (code != EXIT_AS_EXPECTED) {
            return code;
        }
        compare->nodes[i].type = runner.simulation.node_type;
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(compare->nodes[k].type->name,
                       compare->nodes[i].type->name) == 0) {
                fprintf(stderr, "raftsim: two of them are called \"%s\"\n",
                        compare->nodes[i].type->name);
                return EXIT_BAD_INPUT;
            }
        }
    }
    return EXIT_AS_EXPECTED;
}

/* The file can be made again, and compared: nothing in it tells when. */
static bool write_file(const struct command *command,
                       const struct compare *compare)
{
    const struct compare_options *options = &compare->options;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    bool good = file != NULL;
    if (good) {
        fprintf(file,
                "# Side by side\n\n    raftsim compare --seeds %" PRIu64
                "..%" PRIu64,
                options->seeds.first, options->seeds.last);
        for (uint32_t i = 0; i < options->n_nodes; i++) {
            fprintf(file, " --node %s", options->nodes[i].word);
        }
        fprintf(file, " FILE...\n\nraftsim %s%s\n\n", RAFTSIM_VERSION,
                compare->interrupted ? ", interrupted: this is not all"
                : compare->failed    ? ", given up: this is not all"
                                     : "");
        compare_print(compare, true, file);
        good = fclose(file) == 0;
    }
    if (!good) {
        fputs("raftsim: out of memory\n", stderr);
    }
    good = good && atomic_file_write(command->output, text, size);
    free(text);
    return good;
}

static enum exit_code go(const struct command *command)
{
    struct compare compare;
    enum exit_code code = EXIT_AS_EXPECTED;
    compare_run(&compare, &command->compare);
    if (compare.interrupted || compare.failed) {
        printf("%s: this is what was run so far\n\n",
               compare.interrupted ? "INTERRUPTED" : "GIVEN UP");
        code = EXIT_BAD_INPUT;
    }
    compare_print(&compare, false, stdout);
    if (command->output != NULL && !write_file(command, &compare)) {
        code = EXIT_BAD_INPUT;
    }
    code = compare.interrupted ? EXIT_INTERRUPTED : code;
    compare_free(&compare);
    return code;
}

int cmd_compare(const char *program, int argc, char **argv)
{
    struct options options = {"compare", help_compare_options,
                              HELP_COMPARE_OPTION_COUNT, argc, argv};
    struct command command = {
        .compare = {.seeds = {1, 10}, .workers = pool_processors()}};
    int code;
    if (!parse_options(&command, &options, &code)) {
        return code;
    }
    code = (int)find_nodes(&command.compare);
    if (code != EXIT_AS_EXPECTED) {
        return code;
    }
    char *path = self_path(program);
    command.compare.executable = path != NULL ? path : program;
    code = (int)go(&command);
    free(path);
    return code;
}
