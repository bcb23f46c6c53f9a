/* `raftsim hunt` as a command: what it refuses, where its tables go, and how it
 * ends. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hunt_harness.h"

Test(hunt_command, refuses_what_is_wrong)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM hunt 2>&1", 2, "needs --mutants DIR and --build DIR"},
        {"hunt s.json 2>&1", 2, "--scenario FILE"},
        {"hunt 2>&1", 2, "m: no mutants there"},
        {"hunt --mutants nowhere 2>&1", 2, "nowhere: No such file"},
        {"hunt -j 0 2>&1", 2, "--jobs '0': expected a number from 1 to"},
        {"hunt --starts 0 2>&1", 2, "--starts '0': expected a number from 1"},
        {"hunt --starts many 2>&1", 2, "--starts 'many': expected a number"},
        {"hunt --budget 5 2>&1", 2, "--budget '5': expected a duration"},
        {"hunt --budget 0s 2>&1", 2, "--budget '0s': expected a duration"},
        {"hunt --budget 1.5s 2>&1", 2, "expected a duration such as 500ms"},
        {"hunt --share 101% 2>&1", 2, "--share '101%': expected a share"},
        {"hunt --share 9 2>&1", 2, "--share '9': expected a share"},
        {"echo | mutant a progress; rm b/raftsim-a; hunt 2>&1", 2,
         "b/raftsim-a: No such file or directory\nWas it built?"},
        {"echo | mutant a progress; hunt --only b 2>&1", 2,
         "unknown mutant 'b'"},
        {"echo | mutant a progress; hunt --only , 2>&1", 2,
         "--only names no mutant"},
        {"echo | mutant a progres; hunt 2>&1", 2, "did you mean 'progress'?"},
        {"echo | mutant a ''; hunt 2>&1", 2,
         "m/a.patch: expected 'happened:', 'defect:' and 'expected:' in the"},
        {"echo | mutant a progress; sed -i 's/^happened.*/happened:/' m/*;"
         "hunt 2>&1",
         2, "m/a.patch: expected 'happened:'"},
        {"echo | mutant a progress; sed -i /^happened/d m/*; hunt 2>&1", 2,
         "m/a.patch: expected 'happened:'"},
        {"echo | mutant a progress; sed -i /^defect/d m/*; hunt 2>&1", 2,
         "m/a.patch: expected 'happened:'"},
        {"echo | mutant a progress; mv m/a.patch m/b.patch; hunt 2>&1", 2,
         "m/b.patch: expected a header with 'name:'"},
        {"echo | mutant a progress; hunt --scenario - 2>&1", 2,
         "raftsim: a hunt reads its scenarios many times; standard input "
         "cannot "
         "be one\n"},
        {"echo | mutant a progress; hunt --scenario no.json 2>&1", 2,
         "no.json: No such file"},
        {"echo '{}' >bad.json; echo | mutant a progress;"
         "hunt --scenario bad.json 2>&1",
         2, "bad.json:1:1: "},
        {"echo 'echo I refuse >&2; exit 2' | mutant a progress; hunt 2>&1", 2,
         "b/raftsim-a: refused its work (exit code 2):\nI refuse\n"},
        {"echo 'bad progress' | mutant a progress;"
         "hunt --control /nowhere/x 2>&1",
         2, "/nowhere/x: could not be started: No such file"},
        {THIRD("a", "progress", "bad progress") "hunt -o /nowhere/x 2>&1", 2,
         "cannot write /nowhere/x: No such file"},
    };
    EXPECT_ALL(list);
}

Test(hunt_command, writes_its_tables_as_markdown)
{
    static const struct shell_expectation list[] = {
        {THIRD("b", "progress", "bad progress")
             THIRD("a", "progress",
                   "bad progress") "hunt --output t.md >out && cat t.md",
         0, "\n\n raftsim hunt --mutants m --build b --scenario s.json -j 2 "},
        {THIRD("b", "progress", "bad progress")
             THIRD("a", "progress",
                   "bad progress") "hunt --output t.md >out && grep -A 3 '^| "
                                   "mutant' t.md | cut -c 1-22 |"
                                   "tr '\\n' ' '",
         0,
         "| mutant | found | cau |---|---:|---|---|---: | a | 2 of 2 | "
         "progres | b | 2 of 2 | progres "},
        {THIRD("a", "progress",
               "bad progress") "hunt --output t.md >out && grep nemeses t.md",
         0, "| s.json | /nemeses/0 | crash a node | 2 | 0 | 0 |\n"},
    };
    EXPECT_ALL(list);
}

/* Before it begins, not after hours. */
Test(hunt_command, looks_where_its_tables_go)
{
    static const struct shell_expectation list[] = {
        {THIRD("a", "progress", "bad progress") "hunt --output no/t.md 2>&1", 2,
         "raftsim: cannot write no/t.md: No such file or directory\n"},
        {THIRD("a", "progress", "bad progress") "hunt --output ./s.json 2>&1 | "
                                                "cat - s.json | tr '\\n' ' '",
         0, "raftsim: --output ./s.json would overwrite a scenario {\"desc"},
    };
    EXPECT_ALL(list);
}

/* One is found before the interrupt, the other would go on for an hour. */
Test(hunt_command, sums_up_when_interrupted)
{
    static const char line[] = THIRD(
        "a", "progress",
        "bad progress") "echo 'echo >begun; while :; do good; sleep 0.1; done' "
                        "|"
                        " mutant z progress\n"
                        "$RAFTSIM hunt --mutants m --build b --scenario s.json "
                        "-j 2 --starts 2 "
                        "--budget 1h >out 2>err & "
                        "until [ -s begun ] && grep -q '^a: found' err; do "
                        "sleep 0.05; done\n"
                        "kill -INT $!; wait $!; code=$?; cat out; exit $code";
    struct shell_outcome outcome;
    hunt_run_line(line, &outcome);
    cr_expect_eq(outcome.code, 130, "%d: %.3000s", outcome.code,
                 outcome.output);
    cr_expect_not_null(strstr(outcome.output, "INTERRUPTED: "));
    cr_expect_not_null(strstr(outcome.output, "\na 2 of 2 progress "), "%s",
                       outcome.output);
    cr_expect_not_null(strstr(outcome.output, "\nz 0 of "));
}

/* A worker that goes on for an hour touches `begun`; then comes the interrupt.
 * There is one worker. */
#define INTERRUPTED(mutants, options)                                          \
    mutants "$RAFTSIM hunt --mutants m --build b --scenario s.json -j 1 "      \
            "--starts 3 --budget 1h " options " >out 2>err & "                 \
            "until [ -s begun ]; do sleep 0.05; done; "                        \
            "kill -INT $!; wait $!; code=$?; cat out err; exit $code"

/* Whoever ends it leaves no worker behind. */
Test(hunt_command, ends_its_workers_with_it)
{
    static const struct shell_expectation list[] = {
        {"echo 'echo $$ >begun; exec sleep 1000' | mutant a progress\n"
         "$RAFTSIM hunt --mutants m --build b --scenario s.json -j 1 "
         "--budget 1h >out 2>err & until [ -s begun ]; do sleep 0.05; done; "
         "kill -TERM $!; wait $!; echo $?; sleep 0.2; "
         "kill -0 $(cat begun) 2>/dev/null || echo ended",
         0, "130\nended\n"},
        {"echo 'echo $$ >begun; exec sleep 1000' | mutant a progress\n"
         "$RAFTSIM hunt --mutants m --build b --scenario s.json -j 1 "
         "--budget 1h >out 2>err & until [ -s begun ]; do sleep 0.05; done; "
         "kill -HUP $!; wait $!; echo $?; sleep 0.2; "
         "kill -0 $(cat begun) 2>/dev/null || echo ended",
         0, "130\nended\n"},
    };
    EXPECT_ALL(list);
}

Test(hunt_command, counts_what_began_and_was_checked)
{
    static const struct shell_expectation list[] = {
        {INTERRUPTED("echo 'echo >begun; while :; do good; sleep 0.1; done' | "
                     "mutant a progress\n",
                     ""),
         130, "\na 0 of 1 "},
        /* Its check takes for ever. */
        {INTERRUPTED("echo 'bad progress' | mutant a progress\n"
                     "echo 'echo >begun; exec sleep 100' | mutant slow x\n",
                     "--only a --control b/raftsim-slow"),
         130, "\na 0 of 1 progress - - - - - - \n"},
        {INTERRUPTED("echo 'bad progress' | mutant a progress\n"
                     "echo 'echo >begun; exec sleep 100' | mutant slow x\n",
                     "--only a --control b/raftsim-slow"),
         130, "0 of 1 mutants found"},
        /* The first is found and checked before the second begins. */
        {INTERRUPTED("echo 'first_start && { bad progress; exit 1; }; echo "
                     ">begun; exec sleep 100' | mutant a progress\n",
                     ""),
         130, "\na 1 of 2 progress "},
        {THIRD("a", "progress",
               "bad progress") "echo 'bad progress' | mutant liar progress\n"
                               "hunt --only a --control b/raftsim-liar 2>&1",
         1, "a: found in 0 of 2 starts\n"},
    };
    EXPECT_ALL(list);
}

/* One is found before another refuses its work, after a while. */
Test(hunt_command, sums_up_when_a_worker_refuses)
{
#define REFUSED                                                                \
    THIRD("a", "progress", "bad progress")                                     \
    "echo 'sleep 1; echo I refuse >&2; exit 2' | mutant z progress\n"
    static const struct shell_expectation list[] = {
        {REFUSED "hunt", 2, "GIVEN UP: this is what was found so far\n"},
        {REFUSED "hunt", 2, "\na 2 of 2 progress "},
        {REFUSED "hunt 2>&1 >out", 2,
         "raftsim: b/raftsim-z: refused its work (exit code 2):\nI refuse\n"},
        {REFUSED "hunt -o t.md >out; code=$?; cat t.md; exit $code", 2,
         ", given up: this is not all\n"},
        {REFUSED "hunt -o t.md >out; code=$?; cat t.md; exit $code", 2,
         "\n| a | 2 of 2 | progress |"},
    };
    EXPECT_ALL(list);
}

Test(hunt_command, needs_files_for_its_workers)
{
    static const struct shell_expectation list[] = {
        {THIRD("a", "progress", "bad progress") "ulimit -n 40; hunt -j 99 2>&1",
         2, "raftsim: --jobs 99: the limit on open files (ulimit -n) allows "},
        {THIRD("a", "progress", "bad progress") "ulimit -S -n 40; hunt -j 99",
         0, "\na 2 of 2 progress "},
    };
    EXPECT_ALL(list);
}

Test(hunt_command, tells_who_was_found_meanwhile)
{
    static const struct shell_expectation list[] = {
        {THIRD("a", "progress", "bad progress") "hunt 2>&1 >out", 0,
         "a: found in 2 of 2 starts\n"},
        {"$RAFTSIM help hunt", 0, "--budget TIME"},
        {"$RAFTSIM hunt --help", 0, "EXIT STATUS"},
    };
    EXPECT_ALL(list);
}
