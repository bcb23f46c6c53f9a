#define _POSIX_C_SOURCE 200809L

#include "tests/hunt_harness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define MAX_LINE 8192u

static const char prelude[] =
    "dir=$(mktemp -d) && trap 'rm -rf \"$dir\"' EXIT && cd \"$dir\" || exit "
    "99\n"
    "mkdir m b\n"
    "cat >worker <<'END'\n"
    "good() { echo "
    "'{\"seed\":\"1\",\"verdict\":\"as_expected\",\"steps\":10}'; }\n"
    "bad() { printf '{\"seed\":\"1\",\"verdict\":\"unexpected\",\"steps\":5,"
    "\"violation\":{\"property\":\"%s\"}}\\n' \"$1\"; }\n"
    "other() { printf '{\"seed\":\"1\",\"verdict\":\"%s\",\"steps\":5,"
    "\"violation\":null}\\n' \"$1\"; }\n"
    "without() { case $ARGS in *\"/nemeses/$1,\"*) true ;; *) false ;;"
    " esac; }\n"
    "first_start() { case $ARGS in *=1000000000000*) true ;; *) false ;;"
    " esac; }\n"
    "END\n"
    "mutant() {\n"
    "    printf 'name: %s\\nhappened: here\\ndefect: It errs.\\nexpected: "
    "%s\\n\\n' \"$1\" \"$2\" >\"m/$1.patch\"\n"
    "    { echo '#!/bin/sh'; echo \". '$dir/worker'\";\n"
    "      echo \"ARGS=\\$(echo \\\"\\$*\\\" | sed 's/ -- /, -- /')\"; cat;\n"
    "    } >\"b/raftsim-$1\"; chmod +x \"b/raftsim-$1\"\n"
    "}\n"
    "cat >s.json <<'END'\n"
    "{\"description\": \"x\", \"duration\": \"1s\", \"nemeses\": [\n"
    "{\"every\": \"300ms\", \"crash\": \"a node\", \"for\": \"50ms\"},\n"
    "{\"every\": \"300ms\", \"isolate\": \"leader\", \"for\": \"50ms\"},\n"
    "{\"every\": \"300ms\", \"pause\": \"leader\", \"chance\": \"0%\"}]}\n"
    "END\n"
    "echo '{\"description\": \"y\", \"duration\": \"1s\"}' >t.json\n"
    "hunt() {\n"
    "    $RAFTSIM hunt --mutants m --build b --scenario s.json -j 2 --starts 2 "
    "--budget 300ms \"$@\"\n"
    "}\n";

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

void hunt_run_line(const char *line, struct hunt_outcome *outcome)
{
    char script[MAX_LINE];
    int length = snprintf(script, sizeof script, "%s%s", prelude, line);
    cr_assert_lt((size_t)length, sizeof script);
    FILE *pipe = popen(script, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(outcome->output, 1, HUNT_MAX_OUTPUT - 1, pipe);
    outcome->output[size] = '\0';
    int status = pclose(pipe);
    outcome->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    squeeze(outcome->output);
}

void hunt_expect_all(const struct hunt_expectation *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hunt_outcome outcome;
        hunt_run_line(list[i].line, &outcome);
        cr_expect_eq(outcome.code, list[i].code,
                     "%s: exit code %d, not %d:\n%.3000s", list[i].line,
                     outcome.code, list[i].code, outcome.output);
        cr_expect_not_null(strstr(outcome.output, list[i].contains),
                           "%s: no '%s' in:\n%.3000s", list[i].line,
                           list[i].contains, outcome.output);
    }
}
