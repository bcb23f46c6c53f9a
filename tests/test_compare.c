/* `raftsim compare`: what it refuses, and what its tables say. */
#include <criterion/criterion.h>

#include "tests/shell_harness.h"

static const char prelude[] =
    "echo '{\"description\": \"x\", \"duration\": \"3s\", \"faults\": "
    "[{\"at\": \"1s\", \"crash\": \"leader\", \"for\": \"500ms\"}], "
    "\"expect\": {\"elections_at_least\": 2}}' >crash.json\n"
    "echo '{\"description\": \"x\", \"duration\": \"2s\", \"nodes\": 4, "
    "\"members\": [{\"node\": 1}, {\"node\": 2}, {\"node\": 3}], \"faults\": "
    "[{\"at\": \"1s\", \"add\": 4}], \"expect\": {\"voters\": [1, 2, 3, "
    "4]}}' >add.json\n"
    "echo '{\"description\": \"x\", \"duration\": \"1s\", \"expect\": "
    "{\"commits_at_least\": 1000000}}' >never.json\n"
    "echo '{\"description\": \"x\", \"nodes\": 0}' >bad.json\n"
    "compare() { $RAFTSIM compare \"$@\" 2>&1; }\n"
    "tick=$NODES/tick.so dies=$NODES/dies.so\n";

#define EXPECT_ALL(list)                                                       \
    shell_expect_all(prelude, list, sizeof(list) / sizeof((list)[0]))

Test(compare, refuses_what_is_wrong)
{
    static const struct shell_expectation list[] = {
        {"compare crash.json", 2, "which implementations? Give --node"},
        {"compare --node builtin", 2, "which scenarios?"},
        {"compare --node builtin -", 2, "standard input cannot be one"},
        {"compare --node builtin none.json", 2, "none.json: No such file"},
        {"compare --node builtin bad.json", 2, "bad.json:1:"},
        {"compare --node none crash.json", 2, "there is no none.so"},
        {"compare --node $NODES/abi.so crash.json", 3, "interface 2"},
        {"compare --node builtin --node builtin crash.json", 2,
         "two of them are called \"builtin\""},
        {"compare --node builtin --seeds 5 crash.json", 2, "--seeds"},
        {"compare --node builtin --seeds 1..100001 crash.json", 2,
         "at most 100000 of them"},
        {"compare --node builtin -j 0 crash.json", 2, "--jobs '0'"},
        {"compare --node builtin crash.json -o crash.json", 2,
         "would overwrite a scenario"},
        {"cp $tick x.so; compare --node ./x.so crash.json -o x.so", 2,
         "would overwrite a node"},
        {"compare --node builtin crash.json -o no/where", 2,
         "cannot write no/where"},
    };
    EXPECT_ALL(list);
}

Test(compare, says_what_became_of_each)
{
    static const struct shell_expectation list[] = {
        {"compare crash.json --node builtin --node $tick", 0,
         "\nscenario builtin tick\n"
         "crash.json as expected as expected\n"},
        {"compare add.json --node $tick --node builtin --seeds 1..3", 0,
         "\nscenario tick builtin\n"
         "add.json lacks members as expected\n"},
        {"compare add.json --node $tick --seeds 1..3 -j 2", 0,
         "\nlacks what the scenario asks for 3\n"},
        {"compare add.json --node $tick", 0,
         "\nWhy tick was not as expected\n\nscenario seed why\n"
         "add.json 1 /faults/0: the step \"add\" never happened: this node "
         "cannot change its members\n"},
        {"compare never.json --node builtin", 0,
         "\nnever.json /expect/commits_at_least\n"},
        {"compare never.json --node builtin --seeds 7..9", 0,
         "\nan expectation not met 3\n"},
        {"compare crash.json --node builtin --seeds 1..4", 0,
         "\nOf the 4 runs that it brought to the end\n"},
        {"compare crash.json --node builtin --seeds 1..4", 0,
         "\nrecoveries from damages 4\n"},
        {"compare crash.json --node builtin --seeds "
         "18446744073709551590..18446744073709551615",
         0, "\nOf the 26 runs that it brought to the end\n"},
        {"compare crash.json --node builtin -o x.md >/dev/null; cat x.md", 0,
         "# Side by side\n\n raftsim compare --seeds 1..10 --node builtin "
         "FILE...\n"},
    };
    EXPECT_ALL(list);
}

/* One that dies takes its own run only, and no figure is made of it. */
Test(compare, survives_one_that_dies)
{
    static const struct shell_expectation list[] = {
        {"export STRANGE=kill; compare crash.json --seeds 1..3 --node builtin "
         "--node $dies",
         0, "\ncrash.json as expected killed by SIGKILL\n"},
        {"export STRANGE=kill; compare crash.json --seeds 1..30 --node $dies",
         0, "\ndied 30\n"},
        {"export STRANGE=kill; compare crash.json --seeds 1..3 --node $dies "
         "--node builtin",
         0, "\nOf the 0 runs that all of them brought to the end\n"},
        {"compare crash.json --seeds 1..3 --node $NODES/stuck.so", 0,
         "\ncrash.json breaks its contract\n"},
    };
    EXPECT_ALL(list);
}
