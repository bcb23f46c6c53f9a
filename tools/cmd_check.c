#include <stdio.h>

#include "tools/command.h"
#include "tools/help.h"
#include "tools/input.h"
#include "tools/options.h"

int cmd_check(const char *program, int argc, char **argv)
{
    struct options options = {"check", help_check_options,
                              HELP_CHECK_OPTION_COUNT, argc, argv};
    const char *value;
    int count;
    int code = EXIT_AS_EXPECTED;
    int key = options_next(&options, &value);
    (void)program;
    if (key == 'h') {
        return help_page("check", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
    }
    if (key == OPTIONS_ERROR) {
        return EXIT_BAD_INPUT;
    }
    char **files = options_operands(&options, &count);
    if (count == 0) {
        fputs("raftsim: check which scenario file?\n", stderr);
        options_hint("check");
        return EXIT_BAD_INPUT;
    }
    for (int i = 0; i < count; i++) {
        struct sim_scenario *scenario = input_scenario(files[i], NULL, stdout);
        if (scenario == NULL) {
            code = EXIT_BAD_INPUT;
            continue;
        }
        printf("%s: ok\n", input_name(files[i]));
        sim_scenario_free(scenario);
    }
    return code;
}
