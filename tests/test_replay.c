/* Failures that are kept, and replayed: what is in the files, and what becomes
 * of it when they, or what runs, are not what they were. */
#include <criterion/criterion.h>

#include "tests/shell_harness.h"

/* few.json fails with seed 1; `keep` keeps it; `edit` changes the file. */
static const char prelude[] =
    "echo '{\"description\": \"x\", \"duration\": \"1s\", \"nemeses\": [{"
    "\"every\": \"200ms\", \"crash\": \"a node\", \"for\": \"50ms\"}], "
    "\"network\": {\"drop\": \"5%\"}, \"expect\": {\"commits_at_least\": 999}}'"
    " >few.json\n"
    "keep() { $RAFTSIM run few.json --failures f \"$@\" >out; }\n"
    "edit() { sed \"$1\" f/few-1.json >f/new && mv f/new f/few-1.json; }\n"
    "replay() { $RAFTSIM replay \"$@\" f/few-1.json; }\n";

#define EXPECT_ALL(list)                                                       \
    shell_expect_all(prelude, list, sizeof(list) / sizeof((list)[0]))

Test(replay, sees_a_failure_again)
{
    static const struct shell_expectation list[] = {
        {"keep; echo $?; tail -n 1 out", 0, "1\nKept in: f/few-1.json\n"},
        {"keep --json; grep -o '\"kept\":\"[^\"]*' out", 0,
         "\"kept\":\"f/few-1.json"},
        {"keep; replay", 1, "\nSTILL FAILING in the same way\n"},
        {"keep; replay", 1, "followed the recording in each step, to the last"},
        {"keep; replay", 1, "To repeat it: "},
        {"keep; replay --json | grep -o '\"replay\".*same_hash\":true'", 0,
         "\"replay\":{\"end\":\"same\",\"followed\":true,\"same_hash\":true"},
        {"keep --seeds 1..3; ls f", 0, "few-1.json\nfew-2.json\nfew-3.json\n"},
        {"keep --seeds 1..3; $RAFTSIM replay f/*.json | grep -c STILL", 0,
         "3\n"},
        {"keep; replay --trace t >/dev/null; grep -c 'crash: node' t", 0, ""},
        /* Nothing else is left there. */
        {"keep; keep; ls -A f", 0, "few-1.json\n"},
    };
    EXPECT_ALL(list);
}

/* The seed says nothing any more; what it drew is in the file. */
Test(replay, needs_no_seed)
{
    static const struct shell_expectation list[] = {
        {"keep; edit 's/\"seed\": \"1\"/\"seed\": \"77\"/'; replay", 1,
         "STILL FAILING in the same way\n The run followed the recording in "
         "each step, to the last byte.\n"},
        {"keep; edit 's/\"drawn\"/\"drawn\"/'; replay", 1, "STILL FAILING"},
    };
    EXPECT_ALL(list);
}

Test(replay, says_what_became_of_it)
{
    static const struct shell_expectation list[] = {
        {"keep; edit 's/least\": 999/least\": 9/'; replay", 0,
         "NOT FAILING any more\n The run followed the recording"},
        {"keep; edit 's/least\": 999/least\": 9/'; replay", 0,
         "It was:\n expectation: /expect/commits_at_least\n"},
        {"keep; edit 's/\"commits_at_least\": 999/\"elections_at_least\": 99/';"
         "replay",
         1, "FAILING in another way\n"},
        {"keep; edit 's/least\": 999/least\": 9/'; replay --json", 0,
         "\"replay\":{\"end\":\"fixed\""},
    };
    EXPECT_ALL(list);
}

Test(replay, says_where_it_parted)
{
    static const struct shell_expectation list[] = {
        {"keep; edit 's/\"0 3 start\"/\"0 2 start\"/'; replay", 1,
         "The run parted from the recording at step 3 (time in us, node, "
         "input):\n recorded 0 2 start\n here 0 3 start\n"},
        {"keep; edit 's/\"0 3 start\"/\"0 2 start\"/'; replay --json", 1,
         "\"parted_at_step\":3,\"recorded\":\"0 2 start\",\"here\":\"0 3 "
         "start\""},
        /* Another delay: what follows from it is another step. */
        {"keep; edit '0,/\"fates\": \\[[0-9]*/s//\"fates\": [999/'; replay", 1,
         "The run parted from the recording at step "},
        {"keep; edit 's/\"duration\": \"1s\"/\"duration\": \"900ms\"/'; replay",
         1, "parted"},
    };
    EXPECT_ALL(list);
}

Test(replay, refuses_what_is_none)
{
    static const struct shell_expectation list[] = {
        {"$RAFTSIM replay 2>&1", 2, "replay which failure?"},
        {"$RAFTSIM replay none.json 2>&1", 2, "none.json: No such file"},
        {"$RAFTSIM replay few.json 2>&1", 2, "\"format\" is no string here"},
        {"keep; edit 's/raftsim failure 1/raftsim failure 9/'; replay 2>&1", 2,
         "/format: this raftsim reads \"raftsim failure 1\""},
        {"keep; edit 's/\"duration\": \"1s\"/\"duration\": 1/'; replay 2>&1", 2,
         "this scenario is not valid"},
        {"keep; edit 's/\"0 3 start\"/\"0 3 strat\"/'; replay 2>&1", 2,
         "/decisions/steps/2: "},
        {"keep; head -c 900 f/few-1.json >f/a; $RAFTSIM replay f/a 2>&1", 2,
         "f/a:"},
        {"keep; replay --trace f/few-1.json 2>&1", 2, "would overwrite"},
        {"keep; $RAFTSIM run f/few-1.json 2>&1", 2,
         "f/few-1.json: this is a failure that was kept, for 'raftsim replay', "
         "and no scenario\n"},
        {"$RAFTSIM run few.json --failures f --no-checks 2>&1", 2,
         "without --without and --no-checks"},
        {"echo >f; $RAFTSIM run few.json --failures f 2>&1", 2,
         "cannot make the directory f"},
        {"$RAFTSIM replay --help", 0, "EXIT STATUS"},
    };
    EXPECT_ALL(list);
}
