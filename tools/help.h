/* The help pages and the options of each command, which they list. */
#ifndef TOOLS_HELP_H
#define TOOLS_HELP_H

#include "tools/options.h"

/* Options without a letter, by command. */
enum help_run_option {
    HELP_RUN_NO_CHECKS = OPTIONS_LONG_ONLY,
    HELP_RUN_SITUATIONS,
    HELP_RUN_TRACE_FORMAT,
    HELP_RUN_SEEDS,
    HELP_RUN_UNTIL_FAILURE,
    HELP_RUN_WITHOUT,
    HELP_RUN_FAILURES,
    HELP_RUN_MAX_TIME,
    HELP_RUN_DOUBLE_CHECK,
    HELP_RUN_NODE,
};

#define HELP_RUN_OPTION_COUNT 16u
extern const struct options_spec help_run_options[HELP_RUN_OPTION_COUNT];

enum help_hunt_option {
    HELP_HUNT_BUDGET = OPTIONS_LONG_ONLY,
    HELP_HUNT_STARTS,
    HELP_HUNT_SHARE,
    HELP_HUNT_ONCE,
    HELP_HUNT_ONLY,
    HELP_HUNT_CONTROL,
};

#define HELP_HUNT_OPTION_COUNT 12u
extern const struct options_spec help_hunt_options[HELP_HUNT_OPTION_COUNT];

enum help_compare_option {
    HELP_COMPARE_NODE = OPTIONS_LONG_ONLY,
    HELP_COMPARE_SEEDS,
};

#define HELP_COMPARE_OPTION_COUNT 5u
extern const struct options_spec
    help_compare_options[HELP_COMPARE_OPTION_COUNT];

enum help_replay_option {
    HELP_REPLAY_NODE = OPTIONS_LONG_ONLY,
};

#define HELP_REPLAY_OPTION_COUNT 5u
extern const struct options_spec help_replay_options[HELP_REPLAY_OPTION_COUNT];

enum help_shrink_option {
    HELP_SHRINK_TIME = OPTIONS_LONG_ONLY,
    HELP_SHRINK_NODE,
};

#define HELP_SHRINK_OPTION_COUNT 6u
extern const struct options_spec help_shrink_options[HELP_SHRINK_OPTION_COUNT];

enum help_sweep_option {
    HELP_SWEEP_SEEDS = OPTIONS_LONG_ONLY,
    HELP_SWEEP_START_FROM,
    HELP_SWEEP_SHARD,
    HELP_SWEEP_MAX_VIRTUAL_TIME,
    HELP_SWEEP_MAX_WALL_TIME,
    HELP_SWEEP_MAX_MEMORY,
    HELP_SWEEP_STOP_AFTER,
    HELP_SWEEP_COMMAND,
    HELP_SWEEP_JSON,
    HELP_SWEEP_JUNIT,
    HELP_SWEEP_DOUBLE_CHECK,
    HELP_SWEEP_CORPUS,
    HELP_SWEEP_NODE,
};

#define HELP_SWEEP_OPTION_COUNT 18u
extern const struct options_spec help_sweep_options[HELP_SWEEP_OPTION_COUNT];

enum help_merge_option {
    HELP_MERGE_JSON = OPTIONS_LONG_ONLY,
    HELP_MERGE_JUNIT,
};

#define HELP_MERGE_OPTION_COUNT 3u
extern const struct options_spec help_merge_options[HELP_MERGE_OPTION_COUNT];

enum help_explain_option {
    HELP_EXPLAIN_WITHOUT = OPTIONS_LONG_ONLY,
    HELP_EXPLAIN_NODE,
};

#define HELP_EXPLAIN_OPTION_COUNT 5u
extern const struct options_spec
    help_explain_options[HELP_EXPLAIN_OPTION_COUNT];

#define HELP_CHECK_OPTION_COUNT 1u
extern const struct options_spec help_check_options[HELP_CHECK_OPTION_COUNT];

/* Prints the page about a command or topic, the overview for NULL; false if
 * there is none. */
bool help_page(const char *topic, FILE *out);

/* The sections of the page about hunts; NULL ends each. */
extern const char *const help_compare_lines[];
extern const char *const help_compare_exit[];
extern const char *const help_compare_examples[];
extern const char *const help_nodes_lines[];
extern const char *const help_nodes_more[];
extern const char *const help_hunt_lines[];
extern const char *const help_hunt_exit[];
extern const char *const help_hunt_examples[];

/* The sections of the page about failures that were kept. */
extern const char *const help_replay_lines[];
extern const char *const help_replay_exit[];
extern const char *const help_replay_examples[];
extern const char *const help_shrink_lines[];
extern const char *const help_shrink_exit[];
extern const char *const help_shrink_examples[];
/* The sections of the pages about sweeps; NULL ends each. */
extern const char *const help_sweep_lines[];
extern const char *const help_sweep_exit[];
extern const char *const help_sweep_environment[];
extern const char *const help_sweep_examples[];
extern const char *const help_merge_lines[];
extern const char *const help_merge_exit[];
extern const char *const help_merge_examples[];
/* The sections of the page about stories; NULL ends each. */
extern const char *const help_explain_lines[];
extern const char *const help_explain_exit[];
extern const char *const help_explain_examples[];

/* The lines of the page about the scenario format; NULL ends them. */
extern const char *const help_scenario_lines[];

#endif
