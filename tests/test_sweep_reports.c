/* The reports of a sweep: JSON, JUnit's XML, and what GitHub is told. */
#include <criterion/criterion.h>

#include "tests/sweep_harness.h"

Test(sweep_reports, are_json)
{
    static const struct shell_expectation list[] = {
        {"sweep good.json --seeds 1..60 --json - | sed "
         "'s/[0-9a-f]\\{16\\}/H/g'",
         0,
         "{\"format\":\"raftsim sweep\",\"version\":1,\"raftsim\":\"0.1.0\","
         "\"seeds\":[[\"1\",\"60\"]],\"by_time\":false,\"shards\":{\"of\":1,"
         "\"present\":[1]},\"limits\":{},\"complete\":true,\"runs\":60,"
         "\"failed\":0,\"scenarios\":[{\"path\":\"good.json\",\"hash\":\"H\","
         "\"runs\":60,\"failed\":0,\"done\":[[\"1\",\"60\"]],\"failures\":[],"
         "\"batches\":[[\"1\",\"H\"],[\"26\",\"H\"]]}]}\n"},
        {"sweep some.json --seeds 14..14 --json - | sed "
         "'s/[0-9a-f]\\{16\\}/H/g;"
         "s/.*failures/failures/'",
         0,
         "failures\":[{\"seed\":\"14\",\"what\":\"expectation\",\"problem\":"
         "\"/expect/commits_at_least: expected at least 43 commits, saw "},
        {"sweep some.json --seeds 14..14 --json - | grep -o "
         "'\"hash\":\"[0-9a-f]*\",\"steps\":[0-9]*,\"repeat\":' | wc -l",
         0, "1\n"},
        /* What the checker says. */
        {"echo '{\"description\": \"z\", \"duration\": \"1s\", \"expect\": "
         "{\"progress_within\": \"1us\"}}' >p.json; sweep p.json --seeds 1..1 "
         "--json -",
         1,
         "\"what\":\"progress\",\"problem\":\"progress was violated in step"},
        {"echo '{\"description\": \"z\", \"duration\": \"1s\", \"expect\": "
         "{\"progress_within\": \"1us\"}}' >p.json; sweep p.json --seeds 1..1 "
         "--json - | grep -c '\"detail\":\"[^\"]'",
         0, "1\n"},
        /* What people read goes elsewhere then. */
        {"sweep some.json --seeds 1..60 --json - | wc -l", 0, "1\n"},
        {"$RAFTSIM sweep some.json --seeds 1..60 --json - 2>&1 >/dev/null | "
         "grep -c 'seed 14:'",
         0, "1\n"},
        /* Nothing of the old file is left, nor anything beside it. */
        {"mkdir d; seq 9999 >d/r; sweep good.json --seeds 1..60 --json d/r "
         "--junit d/x >/dev/null; ls d; wc -l <d/r",
         0, "r\nx\n1\n"},
        {"sweep good.json --seeds 1..2 --json /dev/full", 2, "2 of 2 runs"},
    };
    EXPECT_ALL(list);
}

Test(sweep_reports, are_junit)
{
    static const struct shell_expectation list[] = {
        {"sweep good.json --seeds 10..60 --junit -", 0,
         "<testsuites name=\"raftsim sweep\" tests=\"3\" failures=\"0\" "
         "errors=\"0\">\n <testsuite name=\"good.json\" tests=\"3\" "
         "failures=\"0\" errors=\"0\" skipped=\"0\">\n"
         " <testcase classname=\"good.json\" name=\"seeds 10 to 25\"/>\n"
         " <testcase classname=\"good.json\" name=\"seeds 26 to 50\"/>\n"
         " <testcase classname=\"good.json\" name=\"seeds 51 to 60\"/>\n"
         " </testsuite>\n</testsuites>\n"},
        {"sweep some.json good.json --seeds 1..50 --junit - | grep -c "
         "'<testcase '",
         0, "4\n"},
        {"sweep some.json good.json --seeds 1..25 --junit -", 1,
         "<failure type=\"expectation\" message=\"seed 14: /expect/"},
        {"sweep some.json good.json --seeds 1..25 --junit - | "
         "grep -A 1 '<testcase.*1 to 25\">' | grep -c '<failure'",
         0, "1\n"},
        {"sweep some.json --seeds 14..14 --junit -", 1, "\nTo repeat it: "},
        /* What means something to XML, and the steps of one that died. */
        {"cp good.json '<&\">.json'; sweep '<&\">.json' --seeds 1..1 --junit -",
         0, "name=\"&lt;&amp;&quot;&gt;.json\""},
        {"at 3 'echo \"<&\" >&2; die SEGV'; worker; sweep good.json --seeds "
         "1..4 --command ./worker --junit -",
         3,
         "<failure type=\"died\" message=\"seed 3: killed by SIGSEGV: "
         "&lt;&amp;\">seed 3: killed by SIGSEGV: &lt;&amp;\n"
         "The last steps that led there:\n"},
        {"at 3 'echo \"<&\" >&2; die SEGV'; worker; sweep good.json --seeds "
         "1..4 --command ./worker --junit -",
         3, "</failure>\n </testcase>\n </testsuite>\n</testsuites>\n"},
    };
    EXPECT_ALL(list);
}

Test(sweep_reports, tell_github)
{
    static const struct shell_expectation list[] = {
        {"export GITHUB_ACTIONS=true; sweep some.json --seeds 14..14", 1,
         "\n::error file=some.json,title=raftsim%3A seed 14::/expect/"},
        {"export GITHUB_ACTIONS=true; sweep some.json --seeds 14..14", 1,
         "%0A"},
        {"export GITHUB_ACTIONS=true; sweep some.json --seeds 1..400 | "
         "grep -c '^::error'",
         0, "10\n"},
        {"export GITHUB_ACTIONS=true; cp some.json 'a,b:%.json'; "
         "sweep 'a,b:%.json' --seeds 14..14",
         1, "\n::error file=a%2Cb%3A%25.json,title="},
        {"sweep some.json --seeds 14..14 | grep -c '::error'", 1, "0\n"},
        {"export GITHUB_ACTIONS=false; sweep some.json --seeds 14..14 | grep "
         "-c "
         "'::error'",
         1, "0\n"},
        /* It adds to what the steps before wrote. */
        {"echo before >s; export GITHUB_STEP_SUMMARY=s; "
         "sweep some.json --seeds 1..30 >/dev/null; cat s",
         0, "before\n### raftsim sweep\n\n```\nsome.json: "},
        {"export GITHUB_STEP_SUMMARY=s; sweep some.json --seeds 1..30 "
         ">/dev/null; cat s",
         0, "\n| some.json | 14 | /expect/commits_at_least: "},
        {"export GITHUB_STEP_SUMMARY=s; sweep good.json --seeds 1..30 "
         ">/dev/null; cat s",
         0, "clean: 95% sure that fewer than 3 in 30 seeds fail\n"},
        {"export GITHUB_STEP_SUMMARY=/nowhere/s; $RAFTSIM sweep good.json "
         "--seeds 1..3 2>&1 >/dev/null",
         2, "cannot write /nowhere/s: No such file or directory\n"},
    };
    EXPECT_ALL(list);
}
