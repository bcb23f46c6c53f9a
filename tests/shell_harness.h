/* Lines given to a shell, and what is expected of them. In each, $RAFTSIM is
 * the command; before it comes a prelude of the suite's own, in an empty folder
 * that is removed afterwards. */
#ifndef TESTS_SHELL_HARNESS_H
#define TESTS_SHELL_HARNESS_H

#include <stddef.h>

#define SHELL_MAX_OUTPUT 65536u

struct shell_outcome {
    int code;                      /* the line's exit code */
    char output[SHELL_MAX_OUTPUT]; /* spaces in a row are one */
};

void shell_run(const char *prelude, const char *line,
               struct shell_outcome *outcome);

struct shell_expectation {
    const char *line;
    int code;
    const char *contains; /* the output */
};

void shell_expect_all(const char *prelude, const struct shell_expectation *list,
                      size_t count);

#endif
