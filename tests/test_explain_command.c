/* `raftsim explain` as a command: what it tells, what it refuses, how it ends.
 * Spaces in a row are one, as the harness has it. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/shell_harness.h"

#define EXPECT_ALL(list) \
    shell_expect_all("", list, sizeof list / sizeof *list)

#define SCENARIOS "$RAFTSIM_SOURCE/scenarios/"
#define LEASE "$RAFTSIM explain " SCENARIOS "lease-beyond-drift.json "

/* A scenario of one second, given on standard input. */
#define BEGIN "printf '{\"description\": \"x\", \"duration\": \"1s\""
#define END "}' | $RAFTSIM explain - "

Test(explain_command, tells_the_way_to_a_violation)
{
    static const struct shell_expectation list[] = {
        {LEASE, 0, "lease-beyond-drift.json, seed 1\n"},
        {LEASE, 0, "\n time, s step node\n"},
        {LEASE, 0, " 1 becomes leader of term 1 with an empty log, by the"},
        {LEASE, 0, " -- isolate: 1 4 links (/faults/1)\n"},
        {LEASE, 0, "though 2 leads term 2 by now"},
        {LEASE, 0, "What was violated, in step 2928\n Linearizability"},
        {LEASE, 0, "The property says\n What clients were told"},
        {LEASE, 0, "The rule\n A lease lasts no longer than"},
        {LEASE, 0, "First broken in\n Step 1022, node 1: answers client 18's"},
        {LEASE, 0, "lease-beyond-drift.json --seed 1 --trace -\n"},
        {LEASE "--all", 0, "becomes leader of term 2"},
        {LEASE "--all | grep -c 'left out'", 1, "0"},
        {LEASE "--seed 2", 0, "lease-beyond-drift.json, seed 2\n"},
        {LEASE "| tr -d '\\n -~' | wc -c", 0, "0"},
    };
    EXPECT_ALL(list);
}

Test(explain_command, says_so_where_there_is_nothing_to_tell)
{
    static const struct shell_expectation list[] = {
        {BEGIN END, 1, "Nothing to explain: the run is as expected.\n"},
        {BEGIN ", \"expect\": {\"commits_at_least\": 1000000}" END, 1,
         "no story of what did not happen:\n /expect/commits_at_least: "},
        {BEGIN ", \"expect\": {\"progress_within\": \"1us\"}" END, 0,
         "No step was seen that the paper or the dissertation forbids"},
        {BEGIN ", \"nemeses\": [{\"every\": \"9s\", \"for\": \"1s\", "
               "\"crash\": \"a node\"}]" END "--without /nemeses/0",
         1, "Nothing to explain"},
    };
    EXPECT_ALL(list);
}

Test(explain_command, refuses_what_is_wrong)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM explain 2>&1", 2, "explain which one failure, or scenario?"},
        {"$RAFTSIM explain a b 2>&1", 2, "explain which one failure, or scenario?"},
        {"$RAFTSIM explain /nowhere 2>&1", 2, "/nowhere: No such file"},
        {"echo '{}' | $RAFTSIM explain - 2>&1", 2, "standard input:1:1: "},
        {LEASE "--seed x 2>&1", 2, "--seed 'x': expected a number"},
        {LEASE "--see 1 --al 2>&1", 0, "lease-beyond-drift.json, seed 1\n"},
        {LEASE "--everything 2>&1", 2, "unknown option '--everything'"},
        {LEASE "--without /nemeses/0 2>&1", 2, "/nemeses/0"},
        {"$RAFTSIM explain --help", 0, "NAME\n raftsim explain - tell"},
        {"$RAFTSIM help explain", 0, "EXIT STATUS\n 0 A violation"},
        {"$RAFTSIM help", 0, "raftsim explain FAILURE | FILE --seed N"},
        {"$RAFTSIM explian 2>&1", 2, "did you mean 'explain'?"},
    };
    EXPECT_ALL(list);
}
