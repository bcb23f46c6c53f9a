/* `raftsim hunt` as a user meets it. Mutants are shell scripts here that report
 * what a test needs; the control is the command itself. Each line is given to a
 * shell in which $RAFTSIM is the command, after `prelude`. */
#define _POSIX_C_SOURCE 200809L

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define MAX_OUTPUT 65536u
#define MAX_LINE 8192u

/* mutant NAME EXPECTED: its script is read from standard input. In it, `good`
 * and `bad PROPERTY` report a run, and `without PLACE` tells whether a nemesis
 * is left out. hunt: two starts with the scenario s.json. */
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

struct outcome {
    int code;
    char output[MAX_OUTPUT];
};

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

static void run_line(const char *line, struct outcome *outcome)
{
    char script[MAX_LINE];
    int length = snprintf(script, sizeof script, "%s%s", prelude, line);
    cr_assert_lt((size_t)length, sizeof script);
    FILE *pipe = popen(script, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(outcome->output, 1, MAX_OUTPUT - 1, pipe);
    outcome->output[size] = '\0';
    int status = pclose(pipe);
    outcome->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    squeeze(outcome->output);
}

struct expectation {
    const char *line;
    int code;
    const char *contains;
};

static void expect_all(const struct expectation *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct outcome outcome;
        run_line(list[i].line, &outcome);
        cr_expect_eq(outcome.code, list[i].code,
                     "%s: exit code %d, not %d:\n%.3000s", list[i].line,
                     outcome.code, list[i].code, outcome.output);
        cr_expect_not_null(strstr(outcome.output, list[i].contains),
                           "%s: no '%s' in:\n%.3000s", list[i].line,
                           list[i].contains, outcome.output);
    }
}

#define EXPECT_ALL(list) expect_all(list, sizeof(list) / sizeof((list)[0]))

/* A mutant that reports two good runs and then `script`. */
#define THIRD(name, expected, script)                                          \
    "echo 'good; good; " script "' | mutant " name " " expected "\n"

Test(hunt, names_what_gave_a_mutant_away)
{
    static const struct expectation list[] = {
        {THIRD("a", "log_matching", "bad log_matching") "hunt", 0,
         "\na 2 of 2 log_matching 3 3 25 25 0."},
        {THIRD("a", "log_matching", "bad progress") "hunt", 0,
         "\na 2 of 2 progress log_matching 3 3 25 25 "},
        {THIRD("a", "'progress, log_matching'", "bad log_matching") "hunt", 0,
         "\na 2 of 2 log_matching 3 3 25 25 "},
        {THIRD("a", "crash", "kill -SEGV $$") "hunt", 0,
         "\na 2 of 2 crash 3 3 20 20 "},
        {THIRD("a", "progress", "kill -ABRT $$") "hunt", 0,
         "\na 2 of 2 crash progress 3 3 20 20 "},
        {THIRD("a", "contract", "other contract; exit 3") "hunt", 0,
         "\na 2 of 2 contract 3 3 25 25 "},
        {THIRD("a", "expectation", "other unexpected; exit 1") "hunt", 0,
         "\na 2 of 2 expectation 3 3 25 25 "},
        {THIRD("a", "progress", "other not_repeatable; exit 3") "hunt", 0,
         "\na 2 of 2 not_repeatable progress 3 "},
        {THIRD("a", "progress", "echo what am I") "hunt", 0,
         "\na 2 of 2 garbage progress 3 3 20 20 "},
        {THIRD("a", "progress", "echo {}") "hunt", 0,
         "\na 2 of 2 garbage progress 3 "},
        {THIRD("a", "progress", "exit 3") "hunt", 0,
         "\na 2 of 2 exit 3 progress 3 3 20 20 "},
    };
    EXPECT_ALL(list);
}

/* It hangs in t.json, long before anybody would call it silent. */
Test(hunt, names_what_hangs_until_its_budget_is_over)
{
    static const struct expectation list[] = {
        {"echo 'good; while :; do :; done' | mutant a hang;"
         "hunt --scenario t.json --starts 1 --budget 3300ms",
         0, "\na 1 of 1 hang 2 2 10 10 "},
        {"echo 'good; while :; do :; done' | mutant a hang;"
         "hunt --scenario t.json --starts 1 --budget 300ms",
         1, "; not a.\n"},
    };
    EXPECT_ALL(list);
}

/* In KiB. Sanitizers need more address space than there is memory. */
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY "unlimited"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY "unlimited"
#endif
#endif
#ifndef MEMORY
#define MEMORY "2097152"
#endif

Test(hunt, limits_memory)
{
    static const struct expectation list[] = {
        {"echo 'bad \"mem_$(ulimit -v)\"' | mutant a progress; hunt", 0,
         "\na 2 of 2 mem_" MEMORY " progress "},
    };
    EXPECT_ALL(list);
}

Test(hunt, says_what_escaped)
{
    static const struct expectation list[] = {
        {"echo 'exec $RAFTSIM \"$@\"' | mutant same progress; hunt", 1,
         "\nsame 0 of 2 progress - - - - - -"},
        {"echo 'while :; do good; done' | mutant quiet progress; hunt", 1,
         "0 of 1 mutants found in at least 2 of 2 starts; not quiet.\n"},
        {"echo 'first_start && { bad progress; exit 1; }; while :; do good; "
         "done' |"
         " mutant half progress; hunt",
         1, "\nhalf 1 of 2 progress - - - - - -"},
        {"echo 'first_start && { bad progress; exit 1; }; while :; do good; "
         "done' |"
         " mutant half progress; hunt --share 50%",
         0, "1 of 1 mutants found in at least 1 of 2 starts.\n"},
        {"echo 'while :; do good; done' | mutant quiet progress;"
         "hunt --share 0%",
         1, "; not quiet.\n"},
        {THIRD("b", "progress", "bad progress")
             THIRD("a", "progress", "bad progress") "hunt --only b,a",
         0, "\na 2 of 2 "},
        {THIRD("b", "progress", "bad progress")
             THIRD("a", "progress", "bad progress") "hunt --only b",
         0, "1 of 1 mutants found"},
    };
    EXPECT_ALL(list);
}

Test(hunt, sorts_mutants_and_tells_their_names_apart)
{
    static const struct expectation list[] = {
        {"for n in q w e a ab abc r t y; do echo 'bad progress' | mutant $n "
         "progress; done; hunt --starts 1 | grep progress | cut -d ' ' -f 1 |"
         " tr '\\n' ' '",
         0, "a ab abc e q r t w y "},
        {"for n in a ab abc; do echo 'bad progress' | mutant $n progress; "
         "done; hunt --starts 1 --only ab",
         0, "1 of 1 mutants"},
    };
    EXPECT_ALL(list);
}

/* The first start escapes, the second finds it, the third is not needed. */
Test(hunt, once_is_enough)
{
    static const struct expectation list[] = {
        {"echo 'first_start && while :; do good; done; bad progress' |"
         " mutant late progress; hunt --starts 3 --once",
         0, "\nlate 1 of 2 progress - - - - - - none\n"},
        {"echo 'echo \"$*\" >>log; bad progress' | mutant a progress;"
         "hunt --starts 3 --once",
         0, "\na 1 of 1 progress 1 1 5 5 "},
        {"echo 'echo \"$*\" >>log; bad progress' | mutant a progress;"
         "hunt --starts 3 --once >out; grep -c until log",
         0, "1\n"},
        {THIRD("a", "progress", "bad progress") "hunt --starts 3 --once", 0,
         " s of a core, 1 of 1 starts.\n"},
        {"echo 'while :; do good; done' | mutant quiet progress;"
         "hunt --once 2>&1",
         1, "quiet: found in 0 of 2 starts\n"},
    };
    EXPECT_ALL(list);
}

/* Scenarios take turns, seed by seed, and each start has seeds of its own. */
Test(hunt, repeats_the_very_run_that_failed)
{
    static const struct expectation list[] = {
        {"echo 'echo \"$*\" >>log; good; good; bad progress' |"
         " mutant a progress; hunt --scenario t.json >out; sort log",
         0,
         "run --json --seed=2000000000001 --without /nemeses/0,/nemeses/1 -- "
         "s.json\n"},
        {"echo 'echo \"$*\" >>log; good; good; kill -SEGV $$' |"
         " mutant a crash; hunt --scenario t.json >out; sort log",
         0, "run --json --seed=1000000000001 --without /nemeses/1 -- s.json\n"},
        /* The second scenario has no nemeses to leave out. */
        {"echo 'echo \"$*\" >>log; good; bad progress' |"
         " mutant a progress; hunt --scenario t.json >out; sort log; wc -l "
         "<log",
         0,
         "run --json --until-failure --seeds=1000000000000..1999999999999 -- "
         "s.json t.json\n"
         "run --json --until-failure --seeds=2000000000000..2999999999999 -- "
         "s.json t.json\n2\n"},
    };
    EXPECT_ALL(list);
}

Test(hunt, finds_the_nemeses_that_were_needed)
{
    static const struct expectation list[] = {
        {THIRD("a", "progress", "bad progress") "hunt", 0, " s none\n"},
        {THIRD("a", "progress", "without 0 && good || bad progress") "hunt", 0,
         " s crash\n"},
        {THIRD("a", "progress",
               "without 1 && bad log_matching || bad progress") "hunt",
         0, " s isolate\n"},
        {THIRD("a", "progress",
               "without 0 && good || { without 1 && exit 3; } || bad "
               "progress") "hunt",
         0, " s crash 2, isolate 2\n"},
        {THIRD("a", "progress",
               "without 0 && without 1 && good || bad progress") "hunt",
         0, " s any of several\n"},
        {THIRD("a", "crash", "without 0 && good || kill -SEGV $$") "hunt", 0,
         " s crash\n"},
        {THIRD("a", "progress", "without 0 && good || bad progress") "hunt", 0,
         "\ns.json /nemeses/0 crash a node 2 2 1\n"
         "s.json /nemeses/1 isolate leader 2 0 0\n"
         "s.json /nemeses/2 pause leader 0 0 0\n"},
    };
    EXPECT_ALL(list);
}

Test(hunt, control_must_stay_clean)
{
    static const struct expectation list[] = {
        {THIRD("a", "progress", "bad progress") "hunt", 0, "Control clean: "},
        {THIRD("a", "progress",
               "bad progress") "echo 'good; bad log_matching' | mutant liar "
                               "progress\n"
                               "hunt --only a --control b/raftsim-liar 2>&1",
         1,
         "FALSE ALARM: the control ended in 'log_matching': b/raftsim-liar run "
         "s.json --seed 1000000000001\n"},
        {THIRD("a", "progress",
               "bad progress") "echo 'good; bad log_matching' | mutant liar "
                               "progress\n"
                               "hunt --only a --control b/raftsim-liar",
         1,
         "FALSE ALARM of the control: log_matching in s.json, seed "
         "2000000000001.\n"},
        {THIRD("a", "progress",
               "bad progress") "echo 'good; kill -SEGV $$' | mutant liar "
                               "progress\n"
                               "hunt --only a --control b/raftsim-liar",
         1, "FALSE ALARM of the control: crash in s.json, seed 1000000000001"},
        /* What the control does as well is not the mutant's. */
        {THIRD("a", "progress",
               "bad progress") "echo 'bad progress' | mutant liar progress\n"
                               "hunt --only a --control b/raftsim-liar",
         1, "0 of 1 mutants found in at least 2 of 2 starts; not a.\n"},
        {THIRD("a", "progress",
               "bad progress") "echo 'bad progress' | mutant liar progress\n"
                               "hunt --only a --control b/raftsim-liar",
         1, "FALSE ALARM: 2 of the runs that gave a mutant away end so in"},
        {THIRD(
             "a", "progress",
             "bad progress") "echo 'bad log_matching' | mutant liar progress\n"
                             "hunt --only a --control b/raftsim-liar",
         1, "1 of 1 mutants found in at least 2 of 2 starts.\n"},
        /* It is clean for one run, but the hunt took three. */
        {THIRD("a", "progress",
               "bad progress") "echo 'good; good; bad progress' | mutant liar "
                               "progress\n"
                               "hunt --only a --control b/raftsim-liar",
         1, "FALSE ALARM"},
        /* It has a say for as long as the hunt, though it took few runs. */
        {"echo 'i=0; while [ $i -lt 50000 ]; do i=$((i + 1)); done; bad "
         "progress' | mutant a progress\n"
         "echo 'good; good; good; bad progress' | mutant liar progress\n"
         "hunt --only a --budget 20s --control b/raftsim-liar",
         1, "FALSE ALARM"},
    };
    EXPECT_ALL(list);
}

/* That nothing was found by it is no proof that there is nothing. */
Test(hunt, control_must_do_its_work)
{
    static const struct expectation list[] = {
        {THIRD("a", "progress", "bad progress") "hunt --control /bin/true 2>&1",
         2, "raftsim: /bin/true: the control "},
        {THIRD("a", "progress",
               "bad progress") "echo 'good; good' | mutant tired progress\n"
                               "hunt --only a --control b/raftsim-tired 2>&1",
         2, "b/raftsim-tired: the control stopped by itself\n"},
        {"echo 'while :; do good; done' | mutant quiet progress;"
         "hunt --control /bin/true 2>&1",
         2, "/bin/true: the control stopped by itself\n"},
        /* It does its work, but keeps quiet when it shall check a find. */
        {THIRD("a", "progress",
               "bad progress") "echo 'case $ARGS in *until*) while :; do good; "
                               "done ;; esac' | mutant shy progress\n"
                               "hunt --only a --control b/raftsim-shy 2>&1",
         2, "b/raftsim-shy: the control told nothing of its run\n"},
    };
    EXPECT_ALL(list);
}

Test(hunt, refuses_what_is_wrong)
{
    static const struct expectation list[] = {
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

Test(hunt, writes_its_tables_as_markdown)
{
    static const struct expectation list[] = {
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
Test(hunt, looks_where_its_tables_go)
{
    static const struct expectation list[] = {
        {THIRD("a", "progress", "bad progress") "hunt --output no/t.md 2>&1", 2,
         "raftsim: cannot write no/t.md: No such file or directory\n"},
        {THIRD("a", "progress", "bad progress") "hunt --output ./s.json 2>&1 | "
                                                "cat - s.json | tr '\\n' ' '",
         0, "raftsim: --output ./s.json would overwrite a scenario {\"desc"},
    };
    EXPECT_ALL(list);
}

/* One is found before the interrupt, the other would go on for an hour. */
Test(hunt, sums_up_when_interrupted)
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
    struct outcome outcome;
    run_line(line, &outcome);
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
Test(hunt, ends_its_workers_with_it)
{
    static const struct expectation list[] = {
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

Test(hunt, counts_what_began_and_was_checked)
{
    static const struct expectation list[] = {
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
Test(hunt, sums_up_when_a_worker_refuses)
{
#define REFUSED                                                                \
    THIRD("a", "progress", "bad progress")                                     \
    "echo 'sleep 1; echo I refuse >&2; exit 2' | mutant z progress\n"
    static const struct expectation list[] = {
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

Test(hunt, needs_files_for_its_workers)
{
    static const struct expectation list[] = {
        {THIRD("a", "progress", "bad progress") "ulimit -n 40; hunt -j 99 2>&1",
         2, "raftsim: --jobs 99: the limit on open files (ulimit -n) allows "},
        {THIRD("a", "progress", "bad progress") "ulimit -S -n 40; hunt -j 99",
         0, "\na 2 of 2 progress "},
    };
    EXPECT_ALL(list);
}

Test(hunt, tells_who_was_found_meanwhile)
{
    static const struct expectation list[] = {
        {THIRD("a", "progress", "bad progress") "hunt 2>&1 >out", 0,
         "a: found in 2 of 2 starts\n"},
        {"$RAFTSIM help hunt", 0, "--budget TIME"},
        {"$RAFTSIM hunt --help", 0, "EXIT STATUS"},
    };
    EXPECT_ALL(list);
}
