/* --double-check of `raftsim run` and `raftsim sweep`. $UNREPEATABLE is a
 * raftsim whose runs do not repeat. */
#include <criterion/criterion.h>

#include "tests/sweep_harness.h"

Test(double_check_command, runs_seeds_twice)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM run good.json --seed 7 --double-check 1", 0,
         "double check run twice, the same in each step\n"},
        {"$RAFTSIM run good.json --seed 7 --double-check 7", 0, "run twice"},
        {"$RAFTSIM run good.json --seed 8 --double-check 7 | grep -c twice", 1,
         "0\n"},
        {"$RAFTSIM run good.json --seeds 1..30 --double-check 7", 0,
         "30 of 30 runs as expected\n"
         "4 of them run twice and compared step by step\n"},
        {"$RAFTSIM run good.json --seeds 13..15 --double-check 7 --json | "
         "grep -o '\"double_checked\":[a-z]*'",
         0,
         "\"double_checked\":false\n\"double_checked\":true\n"
         "\"double_checked\":false\n"},
        /* All else is as it was. */
        {"$RAFTSIM run good.json --seed 7 --trace a | grep hash >x; "
         "$RAFTSIM run good.json --seed 7 --trace b --double-check 1 | "
         "grep hash >y; cmp a b && cmp x y && echo same",
         0, "same\n"},
        {"$RAFTSIM run good.json --double-check 0 2>&1", 2,
         "--double-check '0': expected a number from 1"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --double-check x 2>&1", 2,
         "--double-check 'x': expected a number from 1"},
        {"$RAFTSIM help run", 0, "--double-check N\n"},
    };
    EXPECT_ALL(list);
}

Test(double_check_command, tells_the_step_that_differs)
{
    static const struct shell_expectation list[] = {
        {"$UNREPEATABLE run good.json --double-check 1", 3,
         "BROKEN: the run does not repeat\n"},
        {"$UNREPEATABLE run good.json --double-check 1", 3,
         "\n The first step that differs is step "},
        {"$UNREPEATABLE run good.json --double-check 1 | grep -c -e "
         "'^In the [a-z]* run:$' -e 'What differs is in no line'",
         0, "3\n"},
        {"$UNREPEATABLE run good.json --double-check 1", 3,
         "run good.json --seed 1 --double-check 1\n"},
        {"$UNREPEATABLE run good.json --seeds 1..3 --double-check 2", 3,
         "good.json, seed 2: does not repeat: run twice, step "},
        {"$UNREPEATABLE run good.json --seeds 1..3 --double-check 2 | "
         "grep -c 'does not repeat'",
         0, "1\n"},
        {"$UNREPEATABLE run good.json --double-check 1 --json | grep -o "
         "'\"verdict\":\"not_repeatable\"\\|\"parts\":\\[\"outputs\"\\]\\|"
         "\"story\":\\[\"\\[' ",
         0,
         "\"verdict\":\"not_repeatable\"\n\"parts\":[\"outputs\"]\n"
         "\"story\":[\"[\n\"story\":[\"[\n"},
        /* A file that is kept of it is replayed twice as well. */
        {"$UNREPEATABLE run good.json --double-check 1 --failures d "
         ">/dev/null; $UNREPEATABLE replay d/good-1.json",
         3, "STILL FAILING in the same way\n A run that did not repeat"},
        {"$UNREPEATABLE run good.json --double-check 1 --failures d "
         ">/dev/null; $RAFTSIM replay d/good-1.json",
         0, "NOT FAILING any more\n A run that did not repeat"},
    };
    EXPECT_ALL(list);
}

#define UNREPEATABLE_SWEEP                                                     \
    "sweep good.json --seeds 1..60 --command $UNREPEATABLE --double-check 20 "

Test(double_check_command, is_part_of_a_sweep)
{
    static const struct shell_expectation list[] = {
        {"sweep good.json --seeds 1..60 --double-check 20", 0,
         "60 of 60 runs as expected\n"
         "3 of them run twice and compared step by step\n"},
        {UNREPEATABLE_SWEEP, 3,
         "good.json, seed 40: does not repeat: run twice, step "},
        {UNREPEATABLE_SWEEP "| grep -c ', seed [246]0: does not repeat'", 0,
         "3\n"},
        {UNREPEATABLE_SWEEP, 3, "run good.json --seed 20 --double-check 1\n"},
        {UNREPEATABLE_SWEEP "--json - | grep -o '\"double_check\":\"20\"'", 0,
         "\"double_check\":\"20\"\n"},
        {UNREPEATABLE_SWEEP "--junit - | grep -c '^In the second run:'", 0,
         "3\n"},
        /* Whatever the number of workers, and in shards. */
        {"for j in 1 3; do sweep good.json --seeds 1..60 --double-check 7 -j "
         "$j --json r$j >/dev/null; done; cmp r1 r3 && echo same",
         0, "same\n"},
        {"for i in 1 2; do sweep good.json --seeds 1..60 --double-check 7 "
         "--shard $i/2 --json s$i >/dev/null; done; sweep good.json --seeds "
         "1..60 --double-check 7 --json all >/dev/null; $RAFTSIM merge s1 s2 "
         "--json both >/dev/null; cmp all both && echo same",
         0, "same\n"},
        {"for i in 1 2; do sweep good.json --seeds 1..60 --double-check $i "
         "--shard $i/2 --json s$i >/dev/null; done; $RAFTSIM merge s1 s2 2>&1",
         2, "s2: other seeds were run twice (--double-check)"},
    };
    EXPECT_ALL(list);
}
