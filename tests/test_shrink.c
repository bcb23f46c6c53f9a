/* `raftsim shrink` as a command: what comes out fails in the same way, with any
 * seed, and is what a person could have written. */
#include <criterion/criterion.h>

#include "tests/shell_harness.h"

/* A clock beyond the drift that leases allow, and so a stale read; seed 3 shows
 * it. `small` shrinks it to min.json. */
static const char prelude[] =
    "echo '"
    "{\"description\": \"x\", \"nodes\": 3, \"duration\": \"2s\", \"raft\": "
    "{\"lease_reads\": true, \"clock_drift\": \"1%\", \"pre_vote\": "
    "false}, \"network\": {\"delay\": \"1ms\"}, \"disk\": {\"fsync\": "
    "\"1ms\"}, \"clocks\": [{\"nodes\": 1, \"rate\": \"-80%\"}], "
    "\"workload\": {\"clients\": 0}, \"faults\": [{\"at\": \"0us\", "
    "\"expire_timer\": 1}, {\"at\": \"0us\", \"propose\": {\"to\": 1, "
    "\"key\": \"k0\", \"value\": \"a\"}}, {\"at\": \"100ms\", \"propose\": "
    "{\"to\": 2, \"key\": \"k0\", \"value\": \"b\"}}, {\"at\": \"300ms\", "
    "\"propose\": {\"to\": 1, \"key\": \"k0\", \"value\": \"c\"}}, {\"at\": "
    "\"400ms\", \"propose\": {\"to\": 1, \"key\": \"k0\", \"value\": \"d\"}}, "
    "{\"at\": \"500ms\", \"propose\": {\"to\": 3, \"key\": \"k0\", \"value\": "
    "\"e\"}}, {\"at\": \"900ms\", \"propose\": {\"to\": 1, \"key\": \"k0\", "
    "\"value\": \"g\"}}, {\"at\": \"1s\", \"isolate\": 1}, {\"at\": \"1s\", "
    "\"propose\": {\"to\": 1, \"key\": \"k0\", \"value\": \"h\"}}, {\"at\": "
    "\"1600ms\", \"read\": {\"to\": 1, \"key\": \"k0\", \"by\": \"lease\"}}], "
    "\"expect\": {}, \"nemeses\": [{\"every\": \"300ms\", \"compact\": \"a "
    "node\"}]}"
    "' >lease.json\n"
    "echo '{\"description\": \"x\", \"duration\": \"1s\"}' >good.json\n"
    "echo '{\"description\": \"x\", \"duration\": \"1s\", \"nemeses\": [{"
    "\"every\": \"200ms\", \"crash\": \"a node\", \"for\": \"50ms\"}], "
    "\"network\": {\"drop\": \"5%\"}, \"expect\": {\"elections_at_most\": 0}}'"
    " >few.json\n"
    "few() { $RAFTSIM shrink few.json -o min.json --seed \"$@\"; }\n"
    "small() { $RAFTSIM shrink lease.json --seed 3 --time 10m -o min.json "
    "\"$@\"; }\n"
    "fails() { for s in 1 2 3 44; do $RAFTSIM run --json \"$1\" --seed $s | "
    "grep -o '\"property\":\"[a-z_]*'; done | sort | uniq -c; }\n";

#define EXPECT_ALL(list)                                                       \
    shell_expect_all(prelude, list, sizeof(list) / sizeof((list)[0]))

Test(shrink, leaves_what_fails_in_the_same_way)
{
    static const struct shell_expectation list[] = {
        {"small 2>/dev/null && $RAFTSIM check min.json && fails min.json && "
         "grep -c -e one_of -e nemeses -e ppm -e '\"seed\"' min.json",
         1, "min.json: ok\n 4 \"property\":\"linearizability\n0\n"},
        /* Rules that name neither kind nor number; a number of nodes that they
         * allow. */
        {"echo '{\"description\": \"x\", \"nodes\": {\"one_of\": [3, 5]}, "
         "\"duration\": \"1s\", \"network\": {\"messages\": [{\"lost\": "
         "true}, {\"from\": 3, \"number\": [1, 9], \"lost\": true}]}, "
         "\"expect\": {\"progress_within\": \"1s\"}}' >lost.json; $RAFTSIM "
         "shrink lost.json --seed 2 --time 5s",
         0, "{\"messages\": [{\"lost\": true}]"},
        {"$RAFTSIM run lease.json --max-steps 50 --seed 3 --failures f >o; "
         "$RAFTSIM shrink f/lease-3.json 2>&1",
         2, "a run that was stopped at a limit did not fail"},
        {"$RAFTSIM run lease.json --max-steps 50 --seed 3 --failures f >o; "
         "$RAFTSIM explain f/lease-3.json",
         1, "the run was stopped at its limit"},
        {"sed 's/elections_at_most\": 0/commits_at_least\": 999/' few.json >x; "
         "$RAFTSIM shrink x --seed 1 2>&1",
         2, "can always be missed by doing less"},
        /* And a small one is as small as it gets. */
        {"few 3 2>/dev/null; $RAFTSIM shrink min.json -o less.json 2>&1", 0,
         "from 4 steps to 4 and 1 action; any seed shows it\n"},
    };
    EXPECT_ALL(list);
}

Test(shrink, is_the_same_whatever_the_number_of_jobs)
{
    static const struct shell_expectation list[] = {
        {"few 3 -j 1 2>/dev/null; mv min.json one.json; few 3 -j 3 2>/dev/null;"
         "cmp one.json min.json && echo same",
         0, "same\n"},
    };
    EXPECT_ALL(list);
}

Test(shrink, takes_the_file_of_a_failure)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM run few.json --seed 3 --failures f >/dev/null;"
         "$RAFTSIM shrink f/few-3.json -o min.json 2>&1 && "
         "$RAFTSIM run min.json --seed 9",
         1, "expected at most 0 elections, saw 1"},
        {"$RAFTSIM run few.json --seed 3 --failures f >/dev/null;"
         "$RAFTSIM shrink f/few-3.json --seed 3 2>&1",
         2, "says itself with which seed"},
        {"few 3 2>/dev/null; grep -A 9 description min.json", 0,
         "What is left of few.json, seed 3: the timer of node 1 expires. "
         "When it was found, after 4 steps: "},
    };
    EXPECT_ALL(list);
}

/* What was found by then is kept. */
Test(shrink, ends_when_it_is_told_to)
{
    static const struct shell_expectation list[] = {
        {"small --time 300ms 2>/dev/null; echo $?; $RAFTSIM check min.json", 0,
         "0\nmin.json: ok\n"},
        /* Sooner or later, there is something by then. */
        {"timeout --preserve-status -s INT 2 $RAFTSIM shrink lease.json "
         "--seed 3 -o min.json >/dev/null 2>&1; echo $?;"
         "[ ! -f min.json ] || $RAFTSIM check min.json >/dev/null",
         0, "130\n"},
    };
    EXPECT_ALL(list);
}

Test(shrink, refuses_what_is_wrong)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM shrink 2>&1", 2, "shrink which one failure, or scenario?"},
        {"$RAFTSIM shrink a b 2>&1", 2, "shrink which one failure"},
        {"$RAFTSIM shrink none.json 2>&1", 2, "none.json: No such file"},
        {"$RAFTSIM shrink good.json 2>&1", 2,
         "good.json: all goes as expected; there is nothing to shrink"},
        {"small -j 0 2>&1", 2, "--jobs '0'"},
        {"small --time soon 2>&1", 2, "--time 'soon'"},
        {"small -o no/where.json 2>&1", 2, "no/where.json"},
        {"small -o no/where.json 2>&1 | wc -l", 0, "1\n"},
        {"small -o lease.json 2>&1", 2,
         "-o lease.json would overwrite what is read"},
        {"$RAFTSIM shrink --help", 0, "EXIT STATUS"},
    };
    EXPECT_ALL(list);
}
