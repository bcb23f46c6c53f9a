/* `raftsim hunt`: what it finds, and how it tells. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hunt_harness.h"

Test(hunt, names_what_gave_a_mutant_away)
{
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
        {"echo 'bad \"mem_$(ulimit -v)\"' | mutant a progress; hunt", 0,
         "\na 2 of 2 mem_" MEMORY " progress "},
    };
    EXPECT_ALL(list);
}

Test(hunt, says_what_escaped)
{
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
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
    static const struct shell_expectation list[] = {
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
