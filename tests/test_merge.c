/* `raftsim merge`: shards that are joined are the sweep without shards. */
#include <criterion/criterion.h>

#include "tests/sweep_harness.h"

/* Four shards of a sweep of two scenarios, 1 to 4, and the whole of it. */
#define SHARDS                                                                 \
    "for i in 1 2 3 4; do sweep some.json good.json --seeds 1..260 --shard "   \
    "$i/4 --json $i --junit $i.xml >/dev/null; done; sweep some.json "         \
    "good.json --seeds 1..260 --json all --junit all.xml >/dev/null; "         \
    "merge() { $RAFTSIM merge \"$@\"; }; "

Test(merge, gives_the_whole_byte_for_byte)
{
    static const struct shell_expectation list[] = {
        {SHARDS "merge 1 2 3 4 --json m --junit m.xml >/dev/null; cmp m all && "
                "cmp m.xml all.xml && echo same",
         0, "same\n"},
        /* In another order, in two steps, twice, and with the whole. */
        {SHARDS "merge 4 2 3 1 --json m >/dev/null; cmp m all && "
                "merge 2 4 --json a >/dev/null; merge 3 1 --json b >/dev/null; "
                "merge b a b 1 --json c >/dev/null; cmp c all && "
                "merge all c 3 --json d >/dev/null; cmp d all && echo same",
         0, "same\n"},
        {SHARDS "merge 2 4 --json a >/dev/null; merge a 2 --json b >/dev/null; "
                "cmp a b && merge 4 4 2 --json c >/dev/null; cmp a c && "
                "merge a --json a >/dev/null; cmp a b && echo same",
         0, "same\n"},
        {SHARDS "merge 1 2 3 4", 1,
         "good.json: 260 of 260 seeds as expected (1 "
         "to 260)\n"},
        {SHARDS "merge 1 2 3 4 | grep -c '^some.json, seed [0-9]*: /expect'", 0,
         ""},
        {SHARDS "merge 1 2 3 4 --json - 2>/dev/null | cmp - all && echo same",
         0, "same\n"},
    };
    EXPECT_ALL(list);
}

Test(merge, names_what_is_missing)
{
    static const struct shell_expectation list[] = {
        {SHARDS "merge 1 3", 1,
         "Missing: shards 2, 4 of 4\nsome.json: not run: seeds 26 to 50, 76 to "
         "100, 126 to 150, 176 to 200 and 1 range more\n"},
        {SHARDS "merge 4 1 2 | tail -n 3", 0, "Missing: shard 3 of 4\n"},
        {"sweep good.json --seeds 1..60 --json a >/dev/null; $RAFTSIM merge a",
         0, "60 of 60 runs as expected\n"},
        {"sweep good.json --seeds 1..60 --shard 1/2 --json a >/dev/null; "
         "$RAFTSIM merge a",
         1, "Missing: shard 2 of 2\n"},
        {"sweep good.json --seeds 1..60 --shard 1/2 --json a >/dev/null; "
         "$RAFTSIM merge a --json - 2>/dev/null",
         1, "\"complete\":false"},
        {"sweep good.json --seeds 1..999 --shard 3/9 --json a >/dev/null; "
         "$RAFTSIM merge a",
         1, "Missing: shards 1 to 2, 4 to 9 of 9\n"},
        /* A shard without seeds is not missed. */
        {"sweep good.json --seeds 1..20 --shard 1/4 --json a >/dev/null; "
         "$RAFTSIM merge a",
         0, "20 of 20 runs as expected\n"},
        {"sweep good.json --time 100ms --shard 2/3 --json a >/dev/null; "
         "$RAFTSIM merge a",
         1, "Missing: shards 1, 3 of 3\n"},
        {"for i in 1 2 3; do sweep good.json --time 100ms --shard $i/3 --json "
         "$i >/dev/null; done; $RAFTSIM merge 1 2 3 --json m >/dev/null; "
         "grep -o '\"shards\":.*\"complete\":[a-z]*' m",
         0, "{\"of\":1,\"present\":[1]},\"limits\":{},\"complete\":true\n"},
    };
    EXPECT_ALL(list);
}

Test(merge, counts_what_overlaps_once)
{
    static const struct shell_expectation list[] = {
        {"sweep some.json --seeds 1..60 --json a >/dev/null; "
         "sweep some.json --seeds 40..100 --json b >/dev/null; "
         "$RAFTSIM merge a b",
         1, "some.json: 92 of 100 seeds as expected (1 to 100)\n"},
        {"sweep some.json --seeds 1..60 --json a >/dev/null; "
         "sweep some.json --seeds 40..100 --json b >/dev/null; "
         "$RAFTSIM merge a b --json c >/dev/null; $RAFTSIM merge b a c --json "
         "d "
         ">/dev/null; cmp c d && echo same",
         0, "same\n"},
        {"sweep good.json --seeds 1..60 --json a >/dev/null; "
         "sweep good.json --seeds 80..100 --json b >/dev/null; "
         "$RAFTSIM merge b a",
         0, "good.json: 81 of 81 seeds as expected (1 to 60, 80 to 100)\n"},
    };
    EXPECT_ALL(list);
}

/* A run that does not repeat is the finding. */
Test(merge, refuses_contradictions)
{
#define TWO "sweep some.json --seeds 1..60 --json a >/dev/null; cp a b; "
    static const struct shell_expectation list[] = {
        {TWO "sed -i 's/\"hash\":\"[0-9a-f]*\",\"steps\"/"
             "\"hash\":\"0123456789abcdef\",\"steps\"/' b; "
             "$RAFTSIM merge a b --json c 2>&1; code=$?; ls c; exit $code",
         3,
         "raftsim: some.json, seed 14: the same run ended in two ways; it "
         "does not repeat:\n another report: /expect/"},
        {TWO "sed -i 's/\"steps\":/\"steps\":1/' b; $RAFTSIM merge b a 2>&1", 3,
         "seed 14: the same run ended in two ways"},
        {TWO
         "sed -i 's/\"failures\":.*\"batches\"/\"failures\":[],\"batches\"/'"
         " b; $RAFTSIM merge a b 2>&1",
         3, "\n b: as expected\n"},
        {TWO
         "sed -i 's/\"failures\":.*\"batches\"/\"failures\":[],\"batches\"/'"
         " b; $RAFTSIM merge b a 2>&1",
         3, "\n another report: as expected\n"},
        /* Good both times, but not by the same way. */
        {TWO "sed -i 's/\\[\"26\",\"[0-9a-f]*\"/[\"26\",\"0123456789abcdef\"/' "
             "b; $RAFTSIM merge a b 2>&1",
         3,
         "some.json, seeds 26 to 50: they ran otherwise in b than in the "
         "other reports"},
    };
    EXPECT_ALL(list);
}

Test(merge, refuses_what_does_not_belong_together)
{
#define A "sweep good.json --seeds 1..60 --json a >/dev/null; "
    static const struct shell_expectation list[] = {
        {"$RAFTSIM merge 2>&1", 2, "merge which reports?"},
        {"$RAFTSIM merge nowhere 2>&1", 2, "nowhere: No such file"},
        {"$RAFTSIM merge good.json 2>&1", 2,
         "good.json: not a report of raftsim sweep (--json)"},
        {"$RAFTSIM merge /dev/null 2>&1", 2, "not a report"},
        {A "cat a a >b; $RAFTSIM merge b 2>&1", 2, "b: not a report"},
        {A "head -c 300 a >b; $RAFTSIM merge b 2>&1", 2, "b: not a report"},
        {A "sed 's/\"version\":1/\"version\":2/' a >b; $RAFTSIM merge a b 2>&1",
         2, "b: a report of another version of raftsim"},
        {A "sed 's/\"raftsim\":\"[^\"]*/&9/' a >b; $RAFTSIM merge a b 2>&1", 2,
         "b: a report of another version of raftsim"},
        {A "sed 's/\"done\":../&[],/' a >b; $RAFTSIM merge a b 2>&1", 2,
         "b: a damaged report"},
        {A "sed 's/\"of\":1/\"of\":0/' a >b; $RAFTSIM merge b 2>&1", 2,
         "b: a damaged report"},
        {A "sweep some.json --seeds 1..9 --json b >/dev/null; "
           "$RAFTSIM merge a b 2>&1",
         2,
         "b: of a scenario that the other reports have not in this place: "
         "some.json"},
        {A "sweep good.json some.json --seeds 1..9 --json b >/dev/null; "
           "$RAFTSIM merge a b 2>&1",
         2, "b: not of the scenarios of the other reports"},
        {A
         "echo >>good.json; sweep good.json --seeds 1..9 --json b >/dev/null; "
         "$RAFTSIM merge a b 2>&1",
         2,
         "b: the scenario was another one there than in the other reports: "
         "good.json"},
        {A "sweep good.json --seeds 1..9 --max-steps 999999 --json b "
           ">/dev/null; $RAFTSIM merge a b 2>&1",
         2, "b: its runs had other limits"},
        {A "sweep good.json --time 100ms --json b >/dev/null; "
           "$RAFTSIM merge a b 2>&1",
         2, "b: by time (--time) and by --seeds are two kinds of sweep"},
        {"sweep good.json --seeds 1..99 --shard 1/2 --json a >/dev/null; "
         "sweep good.json --seeds 1..99 --shard 1/3 --json b >/dev/null; "
         "$RAFTSIM merge a b 2>&1",
         2, "b: not of as many shards as the other reports"},
        {A "$RAFTSIM merge a --json no/x 2>&1", 2, "cannot write no/x"},
    };
    EXPECT_ALL(list);
}
