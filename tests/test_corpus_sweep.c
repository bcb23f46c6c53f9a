/* A sweep with a corpus: failures that were kept are replayed first. */
#include <criterion/criterion.h>

#include "tests/sweep_harness.h"

/* Failures of the seeds 14, 21 and 36 of a scenario, in the folder c. */
#define KEEP                                                                   \
    "sweep some.json --seeds 1..40 --corpus c >/dev/null; ls c >names; "

/* What the sweep says of a corpus, with two seeds that go well. */
#define AGAIN "sweep good.json --seeds 1..2 --corpus c "

/* As if the code had changed, so that a failure is none any more, or another
 * one, or so that another run comes of it. */
#define FIX(seed)                                                              \
    "sed -i 's/\"commits_at_least\": 43/\"commits_at_least\": 1/' "            \
    "c/some-" seed ".json; "
#define ALTER(seed)                                                            \
    "sed -i 's/\"kind\": \"\\/expect/\"kind\": \"other/' c/some-" seed ".json" \
    "; "
#define PART(seed)                                                             \
    "sed -i 's/\"500 3 proposal\"/\"501 3 proposal\"/' c/some-" seed ".json; "

Test(corpus_sweep, replays_what_failed)
{
    static const struct shell_expectation list[] = {
        {KEEP "cat names", 0, "some-14.json\nsome-21.json\nsome-36.json\n"},
        {KEEP AGAIN, 1,
         "corpus, some-14.json: still failing: /expect/commits_at_least: "
         "expected at least 43 commits, saw 42\ncorpus, some-21.json: still "},
        {KEEP AGAIN, 1,
         "\ncorpus: 3 kept failures replayed: 3 still failing; 3 of them "
         "fail\n"
         " to replay the first that fails: "},
        {KEEP AGAIN, 1, " replay c/some-14.json\ngood.json: 2 of 2 seeds"},
        {KEEP FIX("14") FIX("21") FIX("36") AGAIN, 0,
         "corpus, some-14.json: fixed; it was: expectation: "
         "/expect/commits_at_least\n"},
        {KEEP FIX("14") FIX("21") FIX("36") AGAIN, 0,
         "What is fixed stays in c until you remove it.\n"},
        {KEEP FIX("14") FIX("21") FIX("36") AGAIN ">/dev/null; ls c | diff - "
                                                  "names && echo all",
         0, "all\n"},
        {KEEP ALTER("21") AGAIN, 1,
         "corpus, some-21.json: fails otherwise: /expect/commits_at_least: "
         "expected at least 43 commits, saw 42; it was: expectation: other/"
         "commits_at_least\n"},
        {KEEP PART("21") AGAIN, 1,
         "corpus, some-21.json: parted at step 4, and still failing: /expect/"},
        {KEEP PART("21") FIX("21") AGAIN, 1,
         "corpus, some-21.json: parted at step 4, and not failing; it was: "},
        {KEEP PART("36") ALTER("21") FIX("14") AGAIN, 1,
         "corpus: 3 kept failures replayed: 1 failing otherwise, 1 fixed, 1 "
         "parted; 2 of them fail\n"},
        {AGAIN, 0, "corpus: 0 kept failures replayed\ngood.json: 2 of 2"},
        /* Not what is no failure, and does not say that it is one. */
        {"mkdir c; echo x >c/notes; echo y >c/.hidden.json; " AGAIN, 0,
         "corpus: 0 kept"},
        {"$RAFTSIM help sweep", 0, "stays in DIR,\n to be replayed"},
    };
    EXPECT_ALL(list);
}

/* A failure is there once, under the name of its own seed. */
Test(corpus_sweep, keeps_what_fails)
{
    static const struct shell_expectation list[] = {
        {KEEP "cp -r c d; sweep some.json --seeds 10..110 --corpus c "
              ">/dev/null; diff -r c d",
         1, "Only in c: some-106.json"},
        {KEEP "cp -r c d; sweep some.json --seeds 1..40 --corpus c "
              ">/dev/null; diff -r c d && echo same",
         0, "same\n"},
        {KEEP "sweep some.json --seeds 10..60 --corpus c", 1,
         "A file of each failure is in c.\n"},
        {KEEP FIX("14") "sweep some.json --seeds 1..40 --corpus c | "
                        "grep '14'",
         0,
         "corpus, some-14.json: fixed; it was: expectation: "
         "/expect/commits_at_least\nsome.json, seed 14: /expect/"},
        /* Another failure of the same seed takes no file away. */
        {KEEP "sed -i 's/\"what\": \"expectation\"/\"what\": \"progress\"/' "
              "c/some-14.json; sweep some.json --seeds 1..40 --corpus c "
              ">/dev/null; ls c; grep -h '\"what\"' c/some-14*",
         0,
         "some-14-expectation.json\nsome-14.json\nsome-21.json\nsome-36.json\n"
         " \"what\": \"expectation\",\n \"what\": \"progress\",\n"},
        {"mkdir c; echo mine >c/some-14.json; sweep some.json --seeds 1..20 "
         "--failures c >/dev/null; cat c/some-14.json",
         0, "mine\n"},
        /* A limit of virtual time is a part of the failure. */
        {"sweep good.json --seeds 1..2 --max-virtual-time 500ms --corpus c "
         ">/dev/null; " AGAIN,
         1,
         "corpus, good-1.json: still failing: undecided, stopped by "
         "--max-virtual-time\n"},
        {"sweep good.json --seeds 1..2 --max-steps 10 --corpus c "
         ">/dev/null; " AGAIN,
         1,
         "corpus, good-1.json: still failing: undecided, stopped by "
         "--max-steps\n"},
    };
    EXPECT_ALL(list);
}

Test(corpus_sweep, refuses_what_is_no_failure)
{
    static const struct shell_expectation list[] = {
        {KEEP "cp good.json c; $RAFTSIM sweep good.json --seeds 1..2 --corpus "
              "c 2>&1",
         2, "raftsim: c/good.json is no failure that was kept"},
        {KEEP "echo garbage >c/a.json; >c/b.json; $RAFTSIM sweep good.json "
              "--seeds 1..2 --corpus c 2>&1 | grep -c 'is no failure'",
         0, "2\n"},
        {KEEP "sed -i 's/failure 1/failure 9/' c/some-14.json; $RAFTSIM sweep "
              "good.json --seeds 1..2 --corpus c 2>&1",
         2, "c/some-14.json:2:13: /format: this raftsim reads"},
        {KEEP "echo garbage >c/a.json; cp -r c d; $RAFTSIM sweep some.json "
              "--seeds 1..90 --corpus c >out 2>&1; diff -r c d && wc -l <out",
         0, "1\n"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --corpus good.json 2>&1", 2,
         "cannot keep failures in 'good.json': Not a directory"},
        {"$RAFTSIM sweep good.json --seeds 1..2 --corpus c -f d 2>&1", 2,
         "--corpus keeps failures, as --failures does: give one of them"},
    };
    EXPECT_ALL(list);
}

/* A worker that replays, unless a file says otherwise. */
#define WORKER(file, commands)                                                 \
    "cat >w <<'END'\n#!/bin/sh\n"                                              \
    "case $* in replay*" file "*) " commands " ;; esac\n"                      \
    "exec $RAFTSIM \"$@\"\nEND\nchmod +x w; "
#define WITH_IT AGAIN "--command ./w --max-wall-time 1s "
#define LOUD "$RAFTSIM sweep good.json --seeds 1..2 --corpus c --command ./w "
#define INTERRUPTED                                                            \
    LOUD ">o 2>&1 & until [ -s begun ]; do sleep 0.05; done; kill -INT $!; "   \
         "wait $!; echo $?; "

Test(corpus_sweep, survives_its_workers)
{
    static const struct shell_expectation list[] = {
        {KEEP WORKER("21", "kill -SEGV $$") WITH_IT, 3,
         "corpus, some-21.json: fails otherwise: killed by SIGSEGV; it was: "
         "expectation: /expect/commits_at_least\ncorpus, some-36.json: still"},
        {KEEP WORKER("21", "exec sleep 9") WITH_IT, 3,
         "some-21.json: fails otherwise: no sign of life for 1.000 s; it"},
        {KEEP WORKER("21", "echo '{}'") WITH_IT, 3,
         "some-21.json: fails otherwise: printed what is no report of a run; "
         "it"},
        {KEEP WORKER("14", "sleep 0.3") WITH_IT "-j 3 | head -n 1", 0,
         "corpus, some-14.json: still failing"},
        {KEEP WORKER("21", "[ -f once ] || { : >once; kill -TERM $$; }")
             WITH_IT,
         1,
         "corpus: 3 kept failures replayed: 3 still failing; 3 of them fail\n"},
        {KEEP WORKER("21", "echo I refuse >&2; exit 2") LOUD "2>&1", 2,
         "raftsim: ./w: refused its work (exit code 2):\nI refuse\n"},
        {KEEP WORKER("21", "echo $$ >begun; exec sleep 100") INTERRUPTED, 0,
         "130\n"},
        {KEEP WORKER("21", "echo $$ >begun; exec sleep 100") INTERRUPTED
         "sleep 0.2; kill -0 $(cat begun) 2>/dev/null || echo ended",
         0, "ended\n"},
        /* One that died is replayed by its seed, and dies in the same way. */
        {"at 2 'die SEGV'; worker; sweep good.json --seeds 1..3 --command "
         "./worker --corpus c >/dev/null; " AGAIN "--command ./worker",
         3, "corpus, good-2.json: still failing: killed by SIGSEGV\n"},
        {"at 2 'die SEGV'; worker; sweep good.json --seeds 1..3 --command "
         "./worker --corpus c >/dev/null; " AGAIN,
         0, "corpus, good-2.json: fixed; it was: died: killed by SIGSEGV\n"},
        {"at 2 'exec sleep 9'; worker; sweep good.json --seeds 1..3 --command "
         "./worker --corpus c --max-wall-time 500ms >/dev/null; " AGAIN
         "--command ./worker --max-wall-time 300ms",
         3, "good-2.json: still failing: no sign of life for 0.300 s\n"},
        /* So is one that did not repeat, and twice. */
        {"sweep good.json --seeds 1..2 --double-check 2 --command "
         "$UNREPEATABLE --corpus c >/dev/null; " AGAIN
         "--command $UNREPEATABLE",
         3, "good-2.json: still failing: does not repeat: run twice, step "},
        {"sweep good.json --seeds 1..2 --double-check 2 --command "
         "$UNREPEATABLE --corpus c >/dev/null; " AGAIN,
         0, "good-2.json: fixed; it was: the run does not repeat\n"},
    };
    EXPECT_ALL(list);
}

#define MIXED KEEP PART("36") ALTER("21") FIX("14")

Test(corpus_sweep, is_in_the_reports)
{
    static const struct shell_expectation list[] = {
        {MIXED AGAIN "--json - | grep -o '\"file\":\"[^\"]*\"\\|"
                     "\"state\":\"[^\"]*\"\\|\"parted_at_step\":[0-9]*'",
         0,
         "\"file\":\"some-14.json\"\n\"state\":\"fixed\"\n"
         "\"file\":\"some-21.json\"\n\"state\":\"fails_otherwise\"\n"
         "\"file\":\"some-36.json\"\n\"state\":\"parted\"\n"
         "\"parted_at_step\":4\n"},
        {MIXED AGAIN "--junit -", 1,
         " <testsuite name=\"corpus\" tests=\"3\" failures=\"2\" "
         "errors=\"0\" skipped=\"0\">\n"
         " <testcase classname=\"corpus\" name=\"some-14.json\">\n"
         " <system-out>fixed; it was: expectation: /expect/commits_at_least"
         "</system-out>\n </testcase>\n"
         " <testcase classname=\"corpus\" name=\"some-21.json\">\n"
         " <failure type=\"expectation\" message=\"fails otherwise: "},
        {MIXED "export GITHUB_ACTIONS=true; " AGAIN, 1,
         "::error title=raftsim%3A corpus%2C some-21.json::fails otherwise: "},
        {MIXED "export GITHUB_STEP_SUMMARY=s; " AGAIN ">/dev/null; cat s", 0,
         "\n| some-36.json | parted at step 4, and still failing: "},
        {AGAIN "--json - | grep -o '\"corpus\":\\[\\]'", 0, "\"corpus\":[]"},
        {"sweep good.json --seeds 1..2 --json - | grep -c corpus", 1, "0\n"},
        /* Whatever the number of workers. */
        {MIXED "for j in 1 2 5; do " AGAIN "-j $j --json r$j --junit x$j >o$j; "
               "done; for j in 2 5; do cmp r1 r$j && cmp x1 x$j && "
               "cmp o1 o$j && echo same; done",
         0, "same\nsame\n"},
    };
    EXPECT_ALL(list);
}

/* Two shards of a sweep with a corpus, and the whole of it. */
#define SHARDS                                                                 \
    MIXED                                                                      \
    "sh() { sweep good.json --seeds 1..50 --corpus c \"$@\" >/dev/null; "      \
    "}; for i in 1 2; do sh --shard $i/2 --json $i; done; "                    \
    "sh --json all --junit all.xml; merge() { $RAFTSIM merge \"$@\"; }; "

Test(corpus_sweep, is_merged)
{
    static const struct shell_expectation list[] = {
        {SHARDS "merge 2 1 2 --json m --junit m.xml >/dev/null; cmp m all && "
                "cmp m.xml all.xml && echo same",
         0, "same\n"},
        {SHARDS "merge 1 2", 1,
         "corpus, some-14.json: fixed; it was: expectation: "},
        {SHARDS "merge 1 2", 1,
         "1 failing otherwise, 1 fixed, 1 parted; 2 of them fail\n"},
        /* What only one has is kept, whoever comes first. */
        {SHARDS "rm c/some-21.json; sh --shard 1/2 --json 1; "
                "merge 1 2 --json m >/dev/null; merge 2 1 --json n >/dev/null; "
                "cmp m all && cmp n all && echo same",
         0, "same\n"},
        {SHARDS "sweep good.json --seeds 1..50 --shard 1/2 --json 1 "
                ">/dev/null; merge 1 2 --json m >/dev/null; cmp m all && "
                "echo same",
         0, "same\n"},
        /* Not of one file; not of one end. */
        {SHARDS FIX("21") "sh --shard 1/2 --json 1; merge 1 2 2>&1", 2,
         "2: of the corpus, some-21.json was another file there"},
        {SHARDS "sed -i 's/\"parted_at_step\":4/\"parted_at_step\":5/' 2; "
                "merge 1 2 2>&1",
         3,
         "corpus, some-36.json: the same replay ended in two ways; it does not "
         "repeat:\n another report: parted at step 4, and still failing: "},
        {SHARDS "sed -i 's/\"end\":\"fixed\"/\"end\":\"same\"/' 2; "
                "merge 1 2 2>&1",
         2, "2: a damaged report"},
    };
    EXPECT_ALL(list);
}
