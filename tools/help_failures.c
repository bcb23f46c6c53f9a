/* The pages about failures that were kept. */
#include "tools/help.h"

#include <stddef.h>

const struct options_spec help_replay_options[HELP_REPLAY_OPTION_COUNT] = {
    {'t', "trace", "FILE",
     "Write the story of the run to FILE; '-' is standard output."},
    {'v', "verbose", NULL,
     "Tell that story on standard error while it happens."},
    {HELP_REPLAY_NODE, "node", "NAME|FILE.so",
     "Whose Raft, instead of the one that failed; as for 'raftsim run'."},
    {'j', "json", NULL,
     "Print each run's summary as one line of JSON; \"replay\" says what "
     "became "
     "of the failure."},
    {'h', "help", NULL, "Print this page."},
};

const char *const help_replay_lines[] = {
    "NAME",
    "    raftsim replay - run a failure again that was kept",
    "",
    "SYNOPSIS",
    "    raftsim replay FILE... [--trace FILE] [--verbose] [--json]",
    "                   [--node NAME|FILE.so]",
    "",
    "DESCRIPTION",
    "    A FILE is what 'raftsim run --failures DIR' and 'raftsim sweep' leave "
    "of",
    "    a run that was not as expected. It holds the scenario, the seed, and "
    "all that chance",
    "    decided: which message was lost, or came how late; when which fault",
    "    fell, and on whom. The run is repeated from these decisions alone, so",
    "    it still shows the same failure when the code that draws has changed.",
    "",
    "    The summary is that of 'raftsim run'; then it says what became of the",
    "    failure: it is still there in the same way, another one took its "
    "place,",
    "    or nothing fails any more. And it says whether the run followed the",
    "    recording to its end, or where it parted: the first step in which a",
    "    node got something else than in the recorded run, as it does after",
    "    what nodes send has changed. From there on the decisions are used as",
    "    far as they fit, and the seed draws the rest.",
    "",
    "    Not in the file is what a node makes of the random number that it "
    "gets",
    "    for each life, such as its election timeouts: if the node draws in",
    "    another way, the run parts with the first timer that shows it.",
    NULL,
};

const char *const help_replay_exit[] = {
    "EXIT STATUS",
    "    0    Nothing fails any more.",
    "    1    It fails, in the same way or another.",
    "    2    Bad usage, or a FILE that cannot be read.",
    "    3    The contract between node and simulator is broken, or a run does",
    "         not repeat.",
    "    130  Interrupted (Ctrl-C).",
    "    Of several files, the highest.",
    NULL,
};

const char *const help_replay_examples[] = {
    "EXAMPLES",
    "    raftsim run scenarios/swarm.json --seeds 1..1000 --failures failures",
    "        Keep what fails.",
    "    raftsim replay failures/*.json",
    "        Is it still so?",
    NULL,
};

const struct options_spec help_shrink_options[HELP_SHRINK_OPTION_COUNT] = {
    {'s', "seed", "N",
     "The seed that makes the SCENARIO fail, instead of its own."},
    {HELP_SHRINK_NODE, "node", "NAME|FILE.so",
     "Whose Raft, instead of the one of the failure; as for 'raftsim run'."},
    {'o', "output", "FILE",
     "Write the scenario to FILE, instead of standard output."},
    {'j', "jobs", "N",
     "Try so many scenarios at the same time; as many as there are processors "
     "by default."},
    {HELP_SHRINK_TIME, "time", "DURATION",
     "Stop after this time, with the smallest scenario found by then; 60s by "
     "default."},
    {'h', "help", NULL, "Print this page."},
};

const char *const help_shrink_lines[] = {
    "NAME",
    "    raftsim shrink - make a failure as small as it can be",
    "",
    "SYNOPSIS",
    "    raftsim shrink FAILURE | FILE [--seed N] [-o MIN.json] [-j N]",
    "                   [--time DURATION] [--node NAME|FILE.so]",
    "",
    "DESCRIPTION",
    "    Takes a FAILURE that was kept, or the seed with which a scenario FILE",
    "    fails, and leaves out all that the failure does not need: faults,",
    "    clients, nodes, what the nodes, the network and the disks are set to.",
    "    A change counts only if the same thing still goes wrong: the same",
    "    property, by the same check.",
    "",
    "    What can be made small is a property that was violated, a contract "
    "that",
    "    was broken, an upper bound of what was expected (..._at_most), and a "
    "node",
    "    that ends its process by a signal. Other things that were expected "
    "can",
    "    always be missed by doing less; a run that was stopped at a limit did "
    "not",
    "    fail, and one that does not repeat stays the same in nothing.",
    "",
    "    At first there is chance in it, and many seeds are tried for each "
    "change.",
    "    Then the run that does with the least is written down: each fault at",
    "    its time, each command of a client, each election; a rule for each",
    "    message that did not come like the others. What was written down is "
    "made",
    "    smaller step by step, and its times are made round.",
    "",
    "    What comes out is a scenario without any chance: every seed shows the",
    "    failure. Its description says what happens. It expects what the",
    "    scenario expected, so it fails for as long as the bug is there, and",
    "    passes when it is mended: a regression test, ready to be kept.",
    "",
    "    Where a run cannot be written down without chance, the scenario that "
    "is",
    "    left has the seed that shows the failure; the last lines say so. So "
    "it",
    "    is with a node that takes its whole process with it.",
    "",
    "    The same failure gives the same result with any number of jobs, "
    "unless",
    "    the time is up before it ends.",
    NULL,
};

const char *const help_shrink_exit[] = {
    "EXIT STATUS",
    "    0    The scenario was written, with all that could be left out left "
    "out,",
    "         or with what was found when the time was up.",
    "    1    The failure did not show again.",
    "    2    Bad usage, a file that cannot be read or written, or a run that",
    "         is as expected.",
    "    130  Interrupted (Ctrl-C): what was found by then was written.",
    NULL,
};

const char *const help_shrink_examples[] = {
    "EXAMPLES",
    "    raftsim shrink failures/swarm-17.json -o min.json",
    "        A failure that a sweep has kept.",
    "    raftsim run min.json",
    "        It fails, whatever the seed.",
    "    raftsim explain min.json",
    "        Why it does.",
    NULL,
};
