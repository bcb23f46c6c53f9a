/* A sweep whose workers die: each takes one seed with it, and says how. */
#include <criterion/criterion.h>

#include "tests/sweep_harness.h"

/* Sixty seeds with a worker that was made before. */
#define SIXTY                                                                  \
    "worker; sweep good.json --seeds 1..60 --command ./worker "                \
    "--max-wall-time 1s --json r "

Test(sweep_deaths, cost_one_seed)
{
    static const struct shell_expectation list[] = {
        {"at 30 'die SEGV'; " SIXTY, 3,
         "good.json, seed 30: killed by SIGSEGV\n"
         "good.json: 59 of 60 seeds as expected (1 to 60)\n"},
        {"at 1 'die ABRT'; at 25 'die BUS'; at 60 'die KILL'; " SIXTY, 3,
         "good.json, seed 1: killed by SIGABRT\n"
         "good.json, seed 25: killed by SIGBUS\n"
         "good.json, seed 60: killed by SIGKILL\n"
         "good.json: 57 of 60 seeds"},
        {"for i in 3 4 5; do at $i 'die FPE'; done; " SIXTY, 3,
         "good.json: 57 of 60 seeds"},
        {"at 30 'die USR1'; " SIXTY, 3, "seed 30: killed by signal "},
        {"at 30 'echo too much >&2; die KILL'; " SIXTY, 3,
         "seed 30: killed by SIGKILL: too much\n"},
        {"at 30 'exec sleep 9'; " SIXTY, 3,
         "seed 30: no sign of life for 1.000 s\n"},
        {"at 30 'echo garbage'; " SIXTY, 3,
         "seed 30: printed what is no report of a run"},
        {"at 30 'echo {}'; " SIXTY, 3,
         "seed 30: printed what is no report of a run"},
        /* A report of another seed. */
        {"at 30 ''; " SIXTY, 3, "seed 30: printed what is no report of a run"},
        {"at 30 'exit'; " SIXTY, 3,
         "seed 30: ended with exit code 0 before its report"},
        {"at 30 'exec cat /dev/zero'; " SIXTY, 3,
         "seed 30: printed a line without end"},
        {"printf '#!/bin/sh\\nexit 7\\n' >w; chmod +x w; "
         "sweep good.json --seeds 1..2 --command ./w",
         3, "seed 2: ended with exit code 7 before its report\n"},
    };
    EXPECT_ALL(list);
}

/* It is run once more alone, and tells its story. */
Test(sweep_deaths, tell_the_last_steps)
{
    static const struct shell_expectation list[] = {
        {"at 30 'die SEGV'; " SIXTY
         ">/dev/null; grep -o '\"seed\":\"30\".*\"last_steps\":\"[^\"]*' r | "
         "tr '\\\\' '\\n' | tail -n 3",
         0, "applies 61"},
        {"at 30 'die SEGV'; " SIXTY
         ">/dev/null; grep -A 1 last_steps raftsim-failures/good-30.json",
         0, " \"last_steps\": [\n \"[ 0."},
        /* The file is whole, and says what was run. */
        {"at 30 'die SEGV'; " SIXTY
         ">/dev/null; grep -A 6 '\"file\"' raftsim-failures/good-30.json; "
         "tail -n 2 raftsim-failures/good-30.json",
         0,
         " \"file\": \"good.json\",\n \"seed\": \"30\",\n \"failure\": {\n"
         " \"what\": \"died\",\n \"kind\": \"killed by SIGSEGV\",\n"
         " \"text\": \"killed by SIGSEGV\"\n },\n"
         " \"scenario\": {\"description\": \"x\", \"duration\": \"1s\", "
         "\"seed\": \"30\"}\n}\n"},
        /* What a batch needs to fail may not be there alone. */
        {"at 30 'alone && { pass; exit; }; die SEGV'; " SIXTY, 3,
         "seed 30: killed by SIGSEGV (alone, the seed ended as expected)\n"},
        {"at 30 'echo \"node.c:7: Assertion\" >&2; die ABRT'; " SIXTY, 3,
         "seed 30: killed by SIGABRT: node.c:7: Assertion\n"},
    };
    EXPECT_ALL(list);
}

/* Who ends a machine, or a job of one, sends the workers away too: that is no
 * failure of a seed. A node that does so to itself does it again. */
Test(sweep_deaths, are_not_who_was_sent_away)
{
    static const struct shell_expectation list[] = {
        {"at 30 '[ -f once ] && pass || { : >once; die TERM; }'; " SIXTY, 0,
         "good.json: 60 of 60 seeds as expected"},
        {"at 30 'die TERM'; " SIXTY, 3, "seed 30: killed by SIGTERM\n"},
        {"at 30 'die INT'; " SIXTY, 3, "seed 30: killed by SIGINT\n"},
    };
    EXPECT_ALL(list);
}

/* Not a failure of a seed, but of all that would come. */
Test(sweep_deaths, are_not_a_refusal)
{
    static const struct shell_expectation list[] = {
        {"printf '#!/bin/sh\\necho I refuse >&2\\nexit 2\\n' >w; chmod +x w; "
         "$RAFTSIM sweep good.json --seeds 1..60 --command ./w 2>&1",
         2, "raftsim: ./w: refused its work (exit code 2):\nI refuse\n"},
        {"at 30 'echo \" \" >>good.json; pass'; worker; $RAFTSIM sweep "
         "good.json --seeds 1..60 --command ./worker 2>&1",
         2, "good.json changed while it was swept"},
    };
    EXPECT_ALL(list);
}
