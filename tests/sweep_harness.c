#include "tests/sweep_harness.h"

/* The worker hands the lines on one by one. And what GitHub is told is a test
 * of its own, wherever the tests run. */
static const char prelude[] =
    "unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY\n"
    "echo '{\"description\": \"x\", \"duration\": \"1s\"}' >good.json\n"
    "echo '{\"description\": \"y\", \"duration\": \"1s\", \"expect\":"
    " {\"commits_at_least\": 43}}' >some.json\n"
    "sweep() { $RAFTSIM sweep \"$@\" 2>/dev/null; }\n"
    "at() {\n"
    "    [ -f worker ] || cat >worker <<'END'\n"
    "#!/bin/sh\n"
    "ARGS=$*\n"
    "die() { kill -$1 $$; exit; }\n"
    "pass() { printf '%s\\n' \"$line\"; }\n"
    "alone() { case $ARGS in *--verbose*) true ;; *) false ;; esac; }\n"
    "$RAFTSIM \"$@\" | while read -r line; do case $line in\n"
    "END\n"
    "    echo \"*'\\\"seed\\\":\\\"$1\\\"'*) $2 ;;\" >>worker\n"
    "    chmod +x worker\n"
    "}\n"
    "worker() { echo '*) pass ;; esac; done' >>worker; }\n";

void sweep_run_line(const char *line, struct shell_outcome *outcome)
{
    shell_run(prelude, line, outcome);
}

void sweep_expect_all(const struct shell_expectation *list, size_t count)
{
    shell_expect_all(prelude, list, count);
}
