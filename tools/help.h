/* The help pages and the options of each command, which they list. */
#ifndef TOOLS_HELP_H
#define TOOLS_HELP_H

#include "tools/options.h"

#define HELP_NO_CHECKS OPTIONS_LONG_ONLY
#define HELP_SITUATIONS (OPTIONS_LONG_ONLY + 1)
#define HELP_TRACE_FORMAT (OPTIONS_LONG_ONLY + 2)
#define HELP_SEEDS (OPTIONS_LONG_ONLY + 3)
#define HELP_UNTIL_FAILURE (OPTIONS_LONG_ONLY + 4)
#define HELP_WITHOUT (OPTIONS_LONG_ONLY + 5)

#define HELP_RUN_OPTION_COUNT 12u
extern const struct options_spec help_run_options[HELP_RUN_OPTION_COUNT];

#define HELP_BUDGET (OPTIONS_LONG_ONLY + 4)
#define HELP_STARTS (OPTIONS_LONG_ONLY + 5)
#define HELP_SHARE (OPTIONS_LONG_ONLY + 6)
#define HELP_ONLY (OPTIONS_LONG_ONLY + 7)
#define HELP_CONTROL (OPTIONS_LONG_ONLY + 8)
#define HELP_ONCE (OPTIONS_LONG_ONLY + 9)

#define HELP_HUNT_OPTION_COUNT 12u
extern const struct options_spec help_hunt_options[HELP_HUNT_OPTION_COUNT];

#define HELP_CHECK_OPTION_COUNT 1u
extern const struct options_spec help_check_options[HELP_CHECK_OPTION_COUNT];

/* Prints the page about a command or topic, the overview for NULL; false if
 * there is none. */
bool help_page(const char *topic, FILE *out);

/* The sections of the page about hunts; NULL ends each. */
extern const char *const help_hunt_lines[];
extern const char *const help_hunt_exit[];
extern const char *const help_hunt_examples[];

/* The lines of the page about the scenario format; NULL ends them. */
extern const char *const help_scenario_lines[];

#endif
