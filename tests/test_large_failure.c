/* Files of failures are read back, however long the run was. */
#include <criterion/criterion.h>

#include "tests/shell_harness.h"

/* Some 200,000 steps: twice what a scenario's file may hold. */
#define PRELUDE                                                                \
    "echo '{\"description\": \"long\", "                                       \
    "\"duration\": \"300s\", \"expect\": {\"commits_at_least\": 9000000}}' "   \
    "> long.json; $RAFTSIM sweep long.json --seeds 1..1 -j 1 --failures f "    \
    "> /dev/null 2>&1; "

Test(large_failure, is_replayed_and_told)
{
    static const struct shell_expectation expected[] = {
        {"test $(wc -c < f/long-1.json) -gt 8388608 && "
         "$RAFTSIM replay f/long-1.json",
         1, "commits"},
        {"$RAFTSIM explain - < f/long-1.json", 1, "commits"},
        {"$RAFTSIM check f/long-1.json 2>&1", 2,
         "larger than 8 MiB, no scenario"},
    };
    shell_expect_all(PRELUDE, expected, sizeof expected / sizeof *expected);
}
