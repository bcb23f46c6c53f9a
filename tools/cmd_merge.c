#include <stdio.h>

#include "tools/command.h"
#include "tools/help.h"
#include "tools/options.h"
#include "tools/sweep_files.h"

static bool parse_options(struct sweep_files *files,
                          const struct options *options, int *code)
{
    const char *value;
    int key;
    *code = EXIT_BAD_INPUT;
    while ((key = options_next(options, &value)) != OPTIONS_END) {
        switch (key) {
        case 'h':
            *code = help_page("merge", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
            return false;
        case HELP_MERGE_JSON:
            files->json = value;
            break;
        case HELP_MERGE_JUNIT:
            files->junit = value;
            break;
        default:
            return false;
        }
    }
    return true;
}

/* All of them, or nothing: a report that was left out would not be missed. */
static enum exit_code join(struct sweep_report *all, char **paths, int count)
{
    enum exit_code code = EXIT_AS_EXPECTED;
    for (int i = 0; i < count && code == EXIT_AS_EXPECTED; i++) {
        struct sweep_report one;
        code = sweep_report_read(&one, paths[i])
                   ? sweep_report_merge(all, &one, paths[i])
                   : EXIT_BAD_INPUT;
        sweep_report_clear(&one);
    }
    return code;
}

/* Something missing is not known to be as expected. */
static enum exit_code tell(const struct sweep_report *all,
                           const struct sweep_files *files)
{
    FILE *out = sweep_files_out(files);
    enum exit_code code = sweep_report_code(all);
    for (size_t i = 0; i < all->corpus.count; i++) {
        sweep_kept_print(&all->corpus.items[i], out);
    }
    for (uint32_t i = 0; i < all->n_scenarios; i++) {
        const struct sweep_scenario *scenario = &all->scenarios[i];
        for (size_t k = 0; k < scenario->n_failures; k++) {
            sweep_print_failure(scenario, &scenario->failures[k], out);
        }
    }
    sweep_print_summary(all, out);
    sweep_print_missing(all, out);
    if (!sweep_report_is_complete(all) && code < EXIT_UNEXPECTED) {
        code = EXIT_UNEXPECTED;
    }
    if (!sweep_files_write(files, all) && code < EXIT_BAD_INPUT) {
        code = EXIT_BAD_INPUT;
    }
    return code;
}

int cmd_merge(const char *program, int argc, char **argv)
{
    struct options options = {"merge", help_merge_options,
                              HELP_MERGE_OPTION_COUNT, argc, argv};
    struct sweep_files files = {NULL, NULL};
    struct sweep_report all = {0};
    int count, code;
    (void)program;
    if (!parse_options(&files, &options, &code)) {
        return code;
    }
    char **paths = options_operands(&options, &count);
    if (count == 0) {
        fputs("raftsim: merge which reports?\n", stderr);
        options_hint("merge");
        return EXIT_BAD_INPUT;
    }
    code = EXIT_BAD_INPUT;
    if (sweep_files_check(&files, NULL, 0)) {
        code = (int)join(&all, paths, count);
    }
    if (code == EXIT_AS_EXPECTED) {
        code = (int)tell(&all, &files);
    }
    sweep_report_clear(&all);
    return code;
}
