#include <stddef.h>

#include "tools/help.h"

const struct options_spec help_explain_options[HELP_EXPLAIN_OPTION_COUNT] = {
    {'s', "seed", "N",
     "The seed to run with, instead of the scenario's own: 0 to "
     "18446744073709551615, decimal or 0x hexadecimal."},
    {HELP_EXPLAIN_NODE, "node", "NAME|FILE.so",
     "Whose Raft, instead of the one of the failure; as for 'raftsim run'."},
    {'a', "all", NULL,
     "All steps on the way that can be found, not only the nearest."},
    {HELP_EXPLAIN_WITHOUT, "without", "LIST",
     "Leave nemeses out, such as /nemeses/3,/nemeses/7: as 'raftsim run' "
     "does."},
    {'h', "help", NULL, "Print this page."},
};

/* clang-format off */
const char *const help_explain_lines[] = {
    "NAME",
    "    raftsim explain - tell the few steps that led to a violation",
    "",
    "SYNOPSIS",
    "    raftsim explain FAILURE | FILE [--seed N] [--all] [--without LIST]",
    "                    [--node NAME|FILE.so]",
    "",
    "DESCRIPTION",
    "    Runs the scenario FILE ('-' is standard input) as 'raftsim run' does, or",
    "    a FAILURE that was kept, from its decisions, as 'raftsim replay' does, up",
    "    to the violation of a property, and walks back from there: from a leader",
    "    to the votes that it counted, from a vote to who asked for it, from what",
    "    is committed to who stored it, from an entry to the leader that appended",
    "    it, from a new life to the crash before, from what a client was told to",
    "    the server that answered. What is nearest to the violation is told, some",
    "    two dozen lines, in the order in which it happened; heartbeats and all",
    "    else that changed nothing are left out.",
    "",
    "    Then it says what was violated, what that property promises, and which",
    "    rule of the paper or the dissertation was broken, where one step can be",
    "    seen to break one: that of the path which came first. If no step of the",
    "    path does, but another one of the run, that is told as such.",
    "",
    "    A story says what was observed from outside, and nothing of why the code",
    "    did it. It is the same for any Raft library that the simulator runs.",
    "",
    "OUTPUT",
    "    A line has the virtual time in seconds, the number of the step (the last",
    "    one by then), the node ('--' is the world and its clients), and what",
    "    happened there. Where a step breaks a rule, the line says so after",
    "    'though', and is red on a terminal:",
    "",
    "    [   0.227609]       51  2   votes for 1 in term 1; the candidate's log is",
    "                               empty, its own is empty, though it had voted",
    "                               for 2 in this term",
    "",
    "    'Entry 8 of term 3' has the index 8. A crash, or a cut of the network that",
    "    messages of the path were lost by, ends with the place in the scenario",
    "    that did it, such as (/nemeses/5). 'Stored by' is who acknowledged an",
    "    entry, and 'votes' are those that came: both as the leader got them.",
    NULL,
};

const char *const help_explain_exit[] = {
    "EXIT STATUS",
    "    0    A violation, or a broken contract, was explained.",
    "    1    There is nothing to explain: no property was violated. The run is as",
    "         the scenario expects, or only an expectation was not met.",
    "    2    Bad usage, a file that cannot be read, or a scenario that is not",
    "         valid.",
    "    3    There is no memory left.",
    "    130  Interrupted (Ctrl-C) before a violation.",
    NULL,
};

const char *const help_explain_examples[] = {
    "EXAMPLES",
    "    raftsim run scenarios/swarm.json --until-failure",
    "    raftsim explain scenarios/swarm.json --seed 4711",
    "        Find a seed that fails, and see why.",
    "    raftsim explain scenarios/lease-beyond-drift.json",
    "        An old value by a lease that lasted too long.",
    NULL,
};
