#define _POSIX_C_SOURCE 200809L

#include "tests/shell_harness.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define MAX_LINE 8192u

static const char folder[] =
    "dir=$(mktemp -d) && trap 'rm -rf \"$dir\"' EXIT && cd \"$dir\" || exit "
    "99\n";

/* Spaces in a row count as one, so that columns may be of any width. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != ' ' || to == text || to[-1] != ' ') {
            *to++ = *from;
        }
    }
    *to = '\0';
}

void shell_run(const char *prelude, const char *line,
               struct shell_outcome *outcome)
{
    char script[MAX_LINE];
    int length =
        snprintf(script, sizeof script, "%s%s%s", folder, prelude, line);
    cr_assert_lt((size_t)length, sizeof script);
    /* Of a signal that is ignored nobody in the script could die: nohup. */
    signal(SIGHUP, SIG_DFL);
    FILE *pipe = popen(script, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(outcome->output, 1, SHELL_MAX_OUTPUT - 1, pipe);
    outcome->output[size] = '\0';
    int status = pclose(pipe);
    outcome->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    squeeze(outcome->output);
}

void shell_expect_all(const char *prelude, const struct shell_expectation *list,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct shell_outcome outcome;
        shell_run(prelude, list[i].line, &outcome);
        cr_expect_eq(outcome.code, list[i].code,
                     "%s: exit code %d, not %d:\n%.3000s", list[i].line,
                     outcome.code, list[i].code, outcome.output);
        cr_expect_not_null(strstr(outcome.output, list[i].contains),
                           "%s: no '%s' in:\n%.3000s", list[i].line,
                           list[i].contains, outcome.output);
    }
}
