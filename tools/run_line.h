/* The line of JSON that `raftsim run --json` prints for a run, read back by who
 * runs it as a worker. */
#ifndef TOOLS_RUN_LINE_H
#define TOOLS_RUN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for what went wrong, in a word, in a line and in a paragraph. */
#define RUN_LINE_WHAT_SIZE 48u
#define RUN_LINE_PROBLEM_SIZE 512u
#define RUN_LINE_DETAIL_SIZE 1024u

/* 16 digits. */
#define RUN_LINE_HASH_SIZE 17u

struct run_line {
    uint64_t seed;
    uint64_t steps; /* to its end */
    bool good;      /* as expected */
    bool decided;   /* false: interrupted, it says nothing */
    /* What went wrong; empty if good. The name of the property that was
     * violated; or "expectation", "contract", "not_repeatable", "step_limit",
     * "time_limit" */
    char what[RUN_LINE_WHAT_SIZE];
    /* The rest is empty where the line does not have it. */
    char hash[RUN_LINE_HASH_SIZE];       /* over all of its steps */
    char problem[RUN_LINE_PROBLEM_SIZE]; /* "... was violated in step 8" */
    char detail[RUN_LINE_DETAIL_SIZE];   /* what the checker says of it;
                                            or how two runs of it differ */
};

/* Figures of a run, see struct sim_result. */
struct run_line_figures {
    uint64_t elections, commits, messages, bytes;
    uint64_t observed_us, leaderless_us; /* see sim/service.h */
    uint64_t recoveries, recovery_us, longest_recovery_us;
    bool violated; /* a property, expected or not: the run ended there */
};

/* "pre_vote, leases": what the node lacks of what the scenario asks for, and of
 * what it would make use of; empty: nothing. */
struct run_line_features {
    char lacks[256], is_without[256];
};

/* False if they are not in the line. */
bool run_line_read_figures(const char *text, struct run_line_figures *figures,
                           struct run_line_features *features);

/* What it says of the replay of a failure that was kept. */
struct run_line_replay {
    char end[16];       /* as replay_word() */
    bool parted;        /* before all that was recorded was done again; */
    uint64_t parted_at; /* the first step that is not the recorded one */
};

/* False if the line tells of no replay. */
bool run_line_read_replay(const char *text, struct run_line_replay *replay);

/* False if that is no such line. A zero follows the `size` bytes. */
bool run_line_read(const char *text, size_t size, struct run_line *line);

#endif
