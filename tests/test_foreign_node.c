/* Somebody else's Raft, behind an adapter, in whatever the scenarios do. */
#include <criterion/criterion.h>

#include "tests/shell_harness.h"

static const char prelude[] =
    "here=$PWD; cd $RAFTSIM_SOURCE\n"
    "run() { $RAFTSIM run \"$@\" --node $NODES/tick.so 2>&1; }\n";

#define EXPECT_ALL(list)                                                       \
    shell_expect_all(prelude, list, sizeof(list) / sizeof((list)[0]))

/* Elections, conflicts, crashes, disks, clocks: what it claims to do. */
Test(foreign_node, keeps_its_promises)
{
    static const struct shell_expectation list[] = {
        {"for name in bad-network bridge clock-drift clogged-link "
         "corrupt-majority disk-full disks-full-everywhere figure-7 figure-8 "
         "first-election frozen-leader fsync-error-follower "
         "fsync-error-leader leader-crash lost-answers nodes-1 nodes-2 "
         "nodes-49 "
         "one-way-link power-loss rolling-restarts sessions-expire torn-entry "
         "vote-kept vote-lost wan; do "
         "run scenarios/$name.json --seeds 1..5 --json | "
         "grep -c as_expected; done | uniq",
         0, "5\n"},
        {"run scenarios/swarm.json --seeds 1..150 | tail -n 1", 0,
         "150 of 150 runs as expected"},
        {"run scenarios/swarm-leases.json --seeds 1..50 | tail -n 1", 0,
         "50 of 50 runs as expected"},
        {"run scenarios/leader-crash.json --double-check 1", 0,
         "run twice, the same in each step"},
    };
    EXPECT_ALL(list);
}

Test(foreign_node, is_told_what_it_lacks_and_hides)
{
    static const struct shell_expectation list[] = {
        {"run scenarios/leader-crash.json", 0,
         " is without pre_vote, check_quorum\n"},
        {"run scenarios/transfer.json", 1,
         " lacks transfer, which the scenario asks for\n is without pre_vote, "
         "check_quorum\n"},
        {"run scenarios/leader-crash.json --json", 0,
         "\"lacks\":[],\"is_without\":[\"pre_vote\",\"check_quorum\"]"},
        {"run scenarios/leader-crash.json", 0,
         "not evaluated: it does not show its commit index\n"},
        {"run scenarios/leader-crash.json", 0,
         "not evaluated: it has no sessions\n"},
        {"run scenarios/leader-crash.json", 0,
         " holds Committed on a Quorum (paper, 5.3) "},
        {"$RAFTSIM run scenarios/leader-crash.json | grep -cE 'lacks|without'",
         1, "0\n"},
    };
    EXPECT_ALL(list);
}

/* A timer that only counts is made to run out by many ticks at once. */
Test(foreign_node, campaigns_when_its_time_out_expires)
{
    static const struct shell_expectation list[] = {
        {"cd $here; echo '{\"description\": \"x\", \"duration\": \"100ms\", "
         "\"workload\": {\"clients\": 0}, \"faults\": [{\"at\": \"10ms\", "
         "\"expire_timer\": 2}], \"expect\": {\"leader\": 2, "
         "\"elections_at_most\": 1, \"progress_within\": \"never\"}}' "
         ">x.json; run x.json",
         0, "AS EXPECTED"},
        /* Also if a tick is due at that very moment. */
        {"cd $here; scenario() { echo '{\"description\": \"x\", "
         "\"duration\": \"100ms\", \"workload\": {\"clients\": 0}, "
         "\"faults\": [{\"at\": \"'$1'us\", \"expire_timer\": 2}], "
         "\"expect\": {\"leader\": 2, \"elections_at_most\": 1, "
         "\"progress_within\": \"never\"}}' >x.json; }\n"
         "scenario 90000; tick=$(run x.json --trace - | "
         "sed -n 's/^\\[ *0\\.0*\\([0-9]*\\)\\] 2  timer$/\\1/p' | "
         "sed -n 2p); [ $tick -gt 12000 ] && [ $tick -lt 26000 ] && "
         "scenario $tick && run x.json",
         0, "AS EXPECTED"},
    };
    EXPECT_ALL(list);
}
