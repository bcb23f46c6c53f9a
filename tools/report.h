/* What a person, or a program, is told of a run that ended. */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "tools/command.h"
#include "tools/runner.h"

struct replay;
/* Room for what is wrong with a run. */
#define REPORT_PROBLEM_SIZE 512u

struct report {
    const char *path; /* of the scenario, as typed */
    const struct sim_scenario *scenario;
    const struct runner_options *options;
    const struct runner_outcome *outcome;
    const char *story; /* of the last steps, or NULL */
    bool twice;        /* it was run twice, and compared */
    bool differs;      /* a second run did not end as the first did */
    const struct sim_difference *difference; /* how; or NULL: not known */
    const char *repeat;          /* the command that repeats the run */
    const char *kept;            /* the file that keeps it, or NULL */
    const struct replay *replay; /* of a failure, or NULL */
};

enum exit_code report_exit_code(const struct report *report);

/* The summary, for people. */
void report_print(const struct report *report, FILE *out);

/* A part of it: each situation, and how often the run reached it. */
void report_print_situations(const struct sim_result *result, FILE *out);

/* How many situations a run reached. */
uint32_t report_situations_reached(const struct sim_result *result);

/* The summary for programs: one JSON object on one line. */
void report_print_json(const struct report *report, FILE *out);

/* What is wrong with a run that is not as expected, in a word and a half:
 * "election_safety was violated in step 812". */
void report_problem(const struct report *report,
                    char text[REPORT_PROBLEM_SIZE]);

/* The same for a line of its own among many: "FILE, seed 7: election_safety was
 * violated in step 812". */
void report_print_short(const struct report *report, FILE *out);

/* The command `word` of the program with a file, quoted for a shell: "raftsim
 * replay f/swarm-7.json"; to be freed. */
char *report_command(const char *program, const char *word, const char *path);

/* The command that repeats a run, quoted for a shell; to be freed. `without`:
 * the nemeses that it left out, as typed, or NULL. `twice`: it takes two runs
 * to see what is wrong. `node`: whose Raft (tools/node.h). */
char *report_repeat(const char *program, const char *path,
                    const struct sim_options *options, const char *without,
                    bool twice, const char *node);

/* The column of figures (report_figures.c). */
void report_print_figures(const struct report *report, FILE *out);

#define REPORT_NUMBER_SIZE 32u

/* 1234567 as "1,234,567", in `text` of REPORT_NUMBER_SIZE bytes. */
const char *report_grouped(char *text, uint64_t number);

/* How the two runs of a double check differ, for people. */
void report_print_difference(const struct sim_difference *difference,
                             FILE *out);

/* The same in a few lines, without the heading; to be freed. */
char *report_difference_text(const struct sim_difference *difference);

#endif
