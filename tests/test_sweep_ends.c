/* A sweep that is interrupted: it ends in good order, and tells what it has. */
#include <criterion/criterion.h>

#include "tests/sweep_harness.h"

/* Goes on for hours, until two batches are told; then comes a signal. */
#define INTERRUPTED(signal, options)                                           \
    "$RAFTSIM sweep some.json --seeds 1..100000000 --json r --junit "          \
    "x " options " >out 2>err & "                                              \
    "until grep -q 'seed [3-9][0-9]:' out; do sleep 0.02; done; "              \
    "kill -" signal " $!; wait $!; code=$?; "

Test(sweep_ends, with_its_reports_at_ctrl_c)
{
    static const struct shell_expectation list[] = {
        {INTERRUPTED("INT", "") "cat out; exit $code", 130,
         "INTERRUPTED: this is what was run so far\nsome.json: "},
        {INTERRUPTED("TERM", "") "cat out; exit $code", 130, "INTERRUPTED: "},
        {INTERRUPTED("HUP", "") "cat out; exit $code", 130, "INTERRUPTED: "},
        {INTERRUPTED("INT", "") "grep -o '\"complete\":[a-z]*' r; "
                                "tail -n 1 x",
         0, "\"complete\":false\n</testsuites>\n"},
        /* All that was told is in the reports. */
        {INTERRUPTED("INT", "-j 3") "for s in $(sed -n 's/.*, seed "
                                    "\\([0-9]*\\):.*/\\1/p' out); do "
                                    "grep -q \"\\\"seed\\\":\\\"$s\\\"\" r && "
                                    "grep -q \"seed $s:\" x && "
                                    "[ -f raftsim-failures/some-$s.json ] || "
                                    "lost=\"$lost $s\"; done; "
                                    "echo \"lost:$lost.\"",
         0, "lost:.\n"},
        /* What is missing is told, and can be made up for. */
        {INTERRUPTED("INT", "") "grep 'not run: seeds .* to 100000000$' out", 0,
         "some.json: not run: seeds "},
        /* Whoever merges it gets what was run. */
        {INTERRUPTED("INT", "") "$RAFTSIM merge r >m; code=$?; grep -c seed m "
                                ">n; grep -c seed out | diff n - ; exit $code",
         1, ""},
    };
    EXPECT_ALL(list);
}

/* A worker that hangs would go on for ever. */
Test(sweep_ends, with_its_workers)
{
    static const struct shell_expectation list[] = {
        {"at 30 'echo $$ >begun; exec sleep 1000'; worker; "
         "$RAFTSIM sweep good.json --seeds 1..60 --command ./worker >out "
         "2>err & until [ -s begun ]; do sleep 0.05; done; kill -INT $!; wait "
         "$!; echo $?; sleep 0.2; kill -0 $(cat begun) 2>/dev/null || echo "
         "ended",
         0, "130\nended\n"},
        /* Interrupted while it waits for the last steps of one that died. */
        {"at 30 'alone && { echo >begun; exec sleep 1000; }; die SEGV'; worker;"
         "$RAFTSIM sweep good.json --seeds 1..60 --command ./worker --json r "
         ">out 2>err & until [ -s begun ]; do sleep 0.05; done; kill -INT $!; "
         "wait $!; cat out; grep -c '\"seed\":\"30\"' r",
         0, "good.json, seed 30: killed by SIGSEGV\nINTERRUPTED: "},
    };
    EXPECT_ALL(list);
}

/* Now and then a line, where there is no terminal: none in a short sweep but
 * the last. */
Test(sweep_ends, with_a_line_of_how_long_it_took)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM sweep good.json --seeds 1..60 2>&1 >/dev/null | "
         "sed 's/[0-9][0-9.]*/N/g'",
         0, "raftsim: N runs in N s, N/s with N worker"},
        {"$RAFTSIM sweep good.json --seeds 1..60 2>&1 >/dev/null | wc -l", 0,
         "1\n"},
    };
    EXPECT_ALL(list);
}
