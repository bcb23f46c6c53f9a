/* `raftsim sweep`: what it refuses, what it runs, and what it tells. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/sweep_harness.h"

Test(sweep, explains_wrong_usage)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM sweep 2>&1", 2, "sweep which scenario file?"},
        {"$RAFTSIM sweep good.json 2>&1", 2,
         "a sweep needs --seeds A..B or --time TIME\nTry 'raftsim help sweep'"},
        {"$RAFTSIM sweep - --seeds 1..2 2>&1", 2, "standard input cannot be"},
        {"$RAFTSIM sweep no.json --seeds 1..2 2>&1", 2,
         "no.json: No such file or directory"},
        {"echo '{}' >bad.json; $RAFTSIM sweep good.json bad.json --seeds 1..2 "
         "2>&1",
         2, "bad.json:1:1: "},
        {"mkdir d; cp good.json d; $RAFTSIM sweep good.json d/good.json "
         "--seeds 1..2 2>&1",
         2, "good.json and d/good.json have one name"},
        {"$RAFTSIM sweep good.json --seeds 2..1 2>&1", 2,
         "the first seed is above the last"},
        {"$RAFTSIM sweep good.json --seeds 7 2>&1", 2, "expected A..B"},
        {"$RAFTSIM sweep good.json --time 0s 2>&1", 2, "expected a duration"},
        {"$RAFTSIM sweep good.json --seeds 1..2 -j 0 2>&1", 2,
         "--jobs '0': expected a number from 1 to 1024"},
        {"ulimit -n 40; $RAFTSIM sweep good.json --seeds 1..2 -j 99 2>&1", 2,
         "the limit on open files (ulimit -n) allows "},
        {"$RAFTSIM sweep good.json --seeds 1..2 --shard 0/4 2>&1", 2,
         "--shard '0/4': expected I/N, such as 2/4"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --shard 5/4 2>&1", 2,
         "expected I/N"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --shard 1 2>&1", 2,
         "expected I/N"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --shard 1/4x 2>&1", 2,
         "expected I/N"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --max-memory 7 2>&1", 2,
         "--max-memory '7': expected a size such as 512MiB or 2GiB"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --stop-after 0 2>&1", 2,
         "--stop-after '0': expected a number from 1"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --start-from x 2>&1", 2,
         "--start-from 'x': expected git, or a number"},
        {"$RAFTSIM sweep good.json --seeds 0..2 --start-from 0 2>&1", 2,
         "leaves the seeds that there are"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --start-from "
         "18446744073709551615 2>&1",
         2, "leaves the seeds that there are"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --json no/x 2>&1", 2,
         "cannot write no/x: No such file or directory"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --json ./good.json 2>&1", 2,
         "--json ./good.json would overwrite what is read"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --json - --junit - 2>&1", 2,
         "--json and --junit both want standard output"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --sead 1 2>&1", 2,
         "unknown option '--sead', did you mean '--seeds'?"},
        {"$RAFTSIM sweep some.json --seeds 1..99 --failures good.json 2>&1", 2,
         "raftsim: cannot keep failures in 'good.json': Not a directory"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --command /nowhere/x 2>&1", 2,
         "/nowhere/x: could not be started: No such file or directory"},
    };
    EXPECT_ALL(list);
}

Test(sweep, sums_up)
{
    static const struct shell_expectation list[] = {
        {"sweep good.json --seeds 1..60", 0,
         "good.json: 60 of 60 seeds as expected (1 to 60)\n"
         " clean: 95% sure that fewer than 3 in 60 seeds fail\n"
         "60 of 60 runs as expected\n"},
        {"sweep good.json --seeds 7..7", 0,
         "good.json: 1 of 1 seeds as expected (7)\n1 of 1 run as expected\n"},
        {"sweep good.json some.json --seeds 1..100 | tail -n 7", 0,
         "good.json: 100 of 100 seeds as expected (1 to 100)\n"
         " clean: 95% sure that fewer than 3 in 100 seeds fail\n"
         "some.json: 92 of 100 seeds as expected (1 to 100)\n"
         "192 of 200 runs as expected\n"
         "To repeat the first that was not: "},
        {"sweep some.json --seeds 1..100", 1,
         "A file of each failure is in raftsim-failures.\n"},
        /* Less than was expected is no matter of size. */
        {"sweep some.json --seeds 1..100 | grep -c 'first small'", 1, "0\n"},
        {"sed 's/commits_at_least\": 43/elections_at_most\": 0/' some.json >a; "
         "sweep a --seeds 1..10",
         1, "To make the first small: "},
        {"sweep some.json --seeds 1..100 | grep -c 'some.json, seed [0-9]*: "
         "/expect/commits_at_least: expected at least 43 commits, saw'",
         0, "8\n"},
        {"sweep some.json --seeds 1..100 -f d >/dev/null; ls d | wc -l", 0,
         "8\n"},
        /* The command that repeats the first does. */
        {"sweep some.json --seeds 1..100 | sed -n 's/^To repeat.*: //p' >c; "
         "sh ./c",
         1, "FAILED: not as expected"},
        {"$RAFTSIM sweep good.json --seeds 1..60 -j 3 2>&1 >/dev/null", 0,
         "/s with 3 workers\n"},
        {"$RAFTSIM help sweep", 0, "WHAT A CLEAN SWEEP PROVES"},
        {"$RAFTSIM sweep --help", 0, "EXIT STATUS"},
        {"$RAFTSIM help merge", 0, "Missing shards and seeds are named."},
    };
    EXPECT_ALL(list);
}

/* What differs from worker to worker and from seed to seed must not show. */
Test(sweep, is_the_same_whatever_the_number_of_workers)
{
#define ONE(jobs)                                                              \
    "$RAFTSIM sweep some.json good.json --seeds 20..120 --command ./worker "   \
    "-j " jobs " --max-wall-time 1s --json json" jobs " --junit junit" jobs    \
    " >out" jobs " 2>/dev/null; echo $? >>out" jobs "; ls raftsim-failures "   \
    ">>out" jobs "; cat raftsim-failures/* >>out" jobs                         \
    "; rm -r raftsim-failures\n"
    static const struct shell_expectation list[] = {
        {"at 30 'die SEGV'; at 47 'exec sleep 9'; at 60 'sleep 0.3; pass';"
         "at 61 'echo garbage'; at 90 'die ABRT'; worker\n" ONE("1") ONE("2")
             ONE("7") "for i in 2 7; do cmp json1 json$i; cmp junit1 junit$i; "
                      "cmp out1 out$i; done; grep -c ', seed ' out1; "
                      "grep -o '\"complete\":true' json1",
         0, "16\n\"complete\":true\n"},
    };
    EXPECT_ALL(list);
}

Test(sweep, begins_no_batch_after_its_time)
{
    static const struct shell_expectation list[] = {
        {"sweep good.json --time 300ms --json r >/dev/null && "
         "grep -o '\"by_time\":true' r && "
         "grep -o '\"done\":\\[\\[\"1\",\"[0-9]*[50]\"\\]\\]' r >s && echo one",
         0, "\"by_time\":true\none\n"},
        {"sweep good.json --time 300ms --start-from 101 --json - | "
         "grep -o '\"done\":..\"101\",\"[0-9]*[50]\"' >s && echo one",
         0, "one\n"},
        /* Whichever ends first. */
        {"sweep good.json --seeds 1..30 --time 1h", 0,
         "good.json: 30 of 30 seeds as expected (1 to 30)\n"},
        {"sweep good.json --seeds 1..100000000 --time 200ms --json r "
         ">/dev/null && grep -o '\"complete\":[a-z]*' r",
         0, "\"complete\":false\n"},
        {"sweep good.json --seeds 1..100000000 --time 200ms", 0,
         " to 100000000\n"},
        {"sweep good.json --time 300ms --shard 2/3 -j 2 --json - | "
         "grep -o '\"done\":..\"26\",\"50\".,.\"101\",\"125\"'",
         0, "\"done\":[[\"26\",\"50\"],[\"101\",\"125\"\n"},
    };
    EXPECT_ALL(list);
}

Test(sweep, limits_each_run)
{
    static const struct shell_expectation list[] = {
        {"sweep good.json --seeds 1..3 --max-steps 10", 1,
         "good.json, seed 3: undecided, stopped by --max-steps\n"},
        {"sweep good.json --seeds 1..3 --max-steps 10", 1,
         " run good.json --seed 1 --max-steps 10\n"},
        {"sweep good.json --seeds 1..3 --max-virtual-time 500ms", 1,
         "good.json, seed 2: undecided, stopped by --max-virtual-time\n"},
        {"sweep good.json --seeds 1..3 --max-virtual-time 500ms", 1,
         " run good.json --seed 1 --max-virtual-time 500ms\n"},
        {"sweep good.json --seeds 1..3 --max-steps 10 --max-virtual-time 500ms "
         "--json - | grep -o '\"limits\":[^}]*'",
         0, "{\"steps\":10,\"virtual_time_us\":500000\n"},
        /* Of address space, in kilobytes. */
        {"printf '#!/bin/sh\\nulimit -v >limit\\n' >w; chmod +x w; "
         "sweep good.json --seeds 1..1 --max-memory 512MiB --command ./w "
         ">/dev/null; cat limit",
         0, "524288\n"},
        {"at 2 'exec sleep 9'; worker; sweep good.json --seeds 1..3 "
         "--max-wall-time 1s --command ./worker",
         3, "good.json, seed 2: no sign of life for 1.000 s\n"},
    };
    EXPECT_ALL(list);
}

/* With the whole batch, so that the number of workers does not matter. */
Test(sweep, stops_after_enough_failures)
{
    static const struct shell_expectation list[] = {
        {"for j in 1 4; do sweep some.json --seeds 1..400 --stop-after 2 -j $j "
         "--json r$j >o$j; done; cmp r1 r4; cmp o1 o4; tail -n 7 o1",
         0, "STOPPED after 2 failures (--stop-after)\nsome.json: "},
        {"sweep some.json --seeds 1..400 --stop-after 2", 1,
         "some.json: not run: seeds "},
        {"sweep some.json --seeds 1..100 --stop-after 99 | grep -c STOPPED", 1,
         "0\n"},
    };
    EXPECT_ALL(list);
}

Test(sweep, runs_its_shard)
{
    static const struct shell_expectation list[] = {
        {"sweep good.json --seeds 1..110 --shard 1/2", 0,
         "good.json: 60 of 60 seeds as expected (1 to 25, 51 to 75, 101 to "
         "110)\n"},
        {"sweep good.json --seeds 1..110 --shard 2/2", 0,
         "This is shard 2 of 2.\n"},
        {"sweep good.json --seeds 1..110 --shard 7/9", 0,
         "good.json: no seed was run\n"},
        {"sweep good.json --seeds 40..60 --shard 3/3", 0,
         "good.json: 10 of 10 seeds as expected (51 to 60)\n"},
        {"sweep good.json --seeds 0..30 --shard 4/4", 0, "as expected (0)\n"},
    };
    EXPECT_ALL(list);
}
