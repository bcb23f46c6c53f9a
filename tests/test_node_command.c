/* Adapters that are loaded: what --node finds, refuses and runs. */
#include <criterion/criterion.h>

#include "tests/shell_harness.h"

static const char prelude[] =
    "echo '{\"description\": \"x\", \"duration\": \"1s\"}' >good.json\n"
    "echo '{\"description\": \"x\", \"duration\": \"3s\", \"faults\": "
    "[{\"at\": "
    "\"500ms\", \"crash\": \"leader\", \"for\": \"300ms\"}], \"nemeses\": [{"
    "\"every\": \"400ms\", \"pause\": \"a follower\", \"for\": \"50ms\"}]}' "
    ">crash.json\n"
    "echo '{\"description\": \"x\", \"nodes\": 5, \"duration\": \"9s\"}' "
    ">storm.json\n"
    "run() { $RAFTSIM run \"$@\" 2>&1; }\n"
    "dies=$NODES/dies.so\n";

#define EXPECT_ALL(list)                                                       \
    shell_expect_all(prelude, list, sizeof(list) / sizeof((list)[0]))

Test(node_command, finds_an_adapter)
{
    static const struct shell_expectation list[] = {
        {"run good.json --node builtin", 0, "AS EXPECTED"},
        {"run good.json --node $dies", 0, "AS EXPECTED"},
        {"RAFTSIM_NODES=/nowhere:$NODES run good.json --node dies", 0,
         "AS EXPECTED"},
        {"cp $dies mine.so; run good.json --node ./mine.so", 0, "AS EXPECTED"},
        /* It is the very same run. */
        {"for n in builtin $dies; do run crash.json --node $n | grep hash; "
         "done "
         "| uniq | wc -l",
         0, "1\n"},
        {"run crash.json --seed 3 --node ./none.so", 2,
         "raftsim: --node ./none.so: No such file"},
        {"STRANGE=abort run crash.json --node $dies", 134, " s, in node "},
        {"STRANGE=abort run crash.json --node $dies", 134,
         "raftsim: seed 1: SIGABRT in step "},
        {"STRANGE=raise run crash.json --node $dies", 134, "1: SIGABRT in "},
        {"cp $dies mine.so; run good.json --node mine.so", 2,
         "a path has a '/' in it: did you mean ./mine.so?"},
        {"run good.json --node none", 2,
         "raftsim: --node none: there is no none.so along RAFTSIM_NODES"},
    };
    EXPECT_ALL(list);
}

Test(node_command, says_what_is_wrong_with_one)
{
    static const struct shell_expectation list[] = {
        {"run good.json --node $NODES/nothing.so", 3,
         "nothing.so: it has no symbol raftsim_node_type, which an adapter "
         "defines"},
        {"run good.json --node $NODES/abi.so", 3,
         "abi.so: it is made for interface 2, and this is 1"},
        {"run good.json --node $NODES/size.so", 3,
         "size.so: its table has 16 bytes, too few"},
        {"run good.json --node $NODES/name.so", 3,
         "name.so: its name is none: letters"},
        {"run good.json --node $NODES/step.so", 3, "step.so: step() is NULL"},
        {"echo x >x.so; run good.json --node ./x.so", 3,
         "raftsim: cannot load ./x.so: "},
        {"run good.json --node $NODES/stuck.so", 3, "time stands still"},
        {"run storm.json --node $NODES/storm.so", 3,
         "with 1000000 messages under way: they make each other"},
        {"$RAFTSIM sweep good.json --seeds 1..9 --node $NODES/abi.so 2>&1", 3,
         "it is made for interface 2"},
    };
    EXPECT_ALL(list);
}

#define FAILS                                                                  \
    "export STRANGE=kill; $RAFTSIM sweep crash.json --seeds 1..3 --node "      \
    "$dies --failures f >o 2>/dev/null; "

Test(node_command, goes_the_whole_way)
{
    static const struct shell_expectation list[] = {
        {FAILS "cat o", 0,
         "crash.json, seed 1: killed by SIGKILL\ncrash.json, seed 2: killed"},
        {FAILS "cat o", 0, " shrink f/crash-1.json\n"},
        {FAILS "grep -c '\"node\": \"/.*/dies.so\"' f/crash-1.json", 0, "1\n"},
        {FAILS "grep -o 'crash.json --seed 1 --node [^ ]*dies.so' o", 0,
         "dies"},
        /* Of this node, or of another one. */
        {FAILS "$RAFTSIM replay f/crash-1.json; [ $? -gt 128 ]", 0, ""},
        {FAILS "$RAFTSIM replay f/crash-1.json --node builtin", 0,
         "NOT FAILING any more"},
        {FAILS "STRANGE= $RAFTSIM replay f/crash-1.json --node $NODES/abi.so "
               "2>&1",
         3, "interface 2"},
        /* What a process ends with is made small. */
        {FAILS "$RAFTSIM shrink f/crash-1.json -o min.json 2>&1; grep -c "
               "nemeses min.json; run min.json --node $dies >/dev/null; "
               "[ $? -gt 128 ] && run min.json",
         0, "shows it\n"},
        {FAILS "$RAFTSIM shrink crash.json --seed 2 --node $dies -o min.json "
               "2>/dev/null; run min.json --node $dies >/dev/null; "
               "[ $? -gt 128 ]",
         0, ""},
        {"STRANGE=exit $RAFTSIM shrink crash.json --node $dies 2>&1", 2,
         "only those that are killed by a signal can be shrunk"},
        {"STRANGE=exit $RAFTSIM sweep crash.json --seeds 1..2 --node $dies "
         "--failures f 2>/dev/null",
         3, "A file of each failure is in f.\n"},
    };
    EXPECT_ALL(list);
}

Test(node_command, is_in_the_reports)
{
    static const struct shell_expectation list[] = {
        {"s() { $RAFTSIM sweep good.json --seeds 1..50 \"$@\" >/dev/null 2>&1; "
         "}; s --shard 1/2 --json 1 --node $dies; s --shard 2/2 --json 2; "
         "$RAFTSIM merge 1 2 2>&1",
         2, "2: not of the same nodes (--node) as the other reports"},
        {"s() { $RAFTSIM sweep good.json --seeds 1..50 --node $dies \"$@\" "
         ">/dev/null 2>&1; }; s --shard 1/2 --json 1; s --shard 2/2 --json 2; "
         "s "
         "--json 3; $RAFTSIM merge 1 2 --json m >/dev/null; cmp m 3 && echo "
         "same",
         0, "same\n"},
    };
    EXPECT_ALL(list);
}
