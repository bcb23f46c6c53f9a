#include <stddef.h>

#include "tools/help.h"

const struct options_spec help_sweep_options[HELP_SWEEP_OPTION_COUNT] = {
    {HELP_SWEEP_SEEDS, "seeds", "A..B",
     "The seeds from A to B, both included. With --start-from, seed 1 is the "
     "start."},
    {HELP_SWEEP_NODE, "node", "NAME|FILE.so",
     "Whose Raft: 'builtin', the default, or an adapter: its NAME, or the path "
     "of a shared object, with a '/' in it. See 'raftsim help nodes'."},
    {'t', "time", "TIME",
     "Begin no further batch after TIME by the wall clock: 500ms, 60s, 5m or "
     "1h. Without --seeds, go on from seed 1, or the start, without end."},
    {'j', "jobs", "N",
     "So many workers at the same time. Without it: one for each processor."},
    {HELP_SWEEP_START_FROM, "start-from", "git|SEED",
     "Begin at this seed. 'git': at one that comes of the hash of the commit "
     "that is checked out, so that each commit looks at other seeds, and "
     "always at the same."},
    {HELP_SWEEP_SHARD, "shard", "I/N",
     "Run part I, from 1, of N: every Nth batch of seeds. The parts need not "
     "know of each other; 'raftsim merge' joins their reports."},
    {'m', "max-steps", "N",
     "Stop each run after N steps: it is undecided, and counts as failed."},
    {HELP_SWEEP_MAX_VIRTUAL_TIME, "max-virtual-time", "TIME",
     "Stop each run before anything later than TIME happens, in virtual time: "
     "it is undecided, and counts as failed."},
    {HELP_SWEEP_MAX_WALL_TIME, "max-wall-time", "TIME",
     "A run that takes longer by the wall clock hangs: its worker is killed. "
     "Without it: 30s."},
    {HELP_SWEEP_MAX_MEMORY, "max-memory", "SIZE",
     "A worker gets no more address space, such as 512MiB. Without it: 2GiB."},
    {HELP_SWEEP_DOUBLE_CHECK, "double-check", "N",
     "Run each seed that N divides twice, side by side, and compare the two "
     "step by step: see 'raftsim help run'. The seeds are the same whatever "
     "-j and --shard."},
    {HELP_SWEEP_STOP_AFTER, "stop-after", "N",
     "Stop with the batch in which the Nth failure is."},
    {HELP_SWEEP_COMMAND, "command", "FILE",
     "What the workers run instead of this command: one with another Raft "
     "library, or a script around it."},
    {'f', "failures", "DIR",
     "Leave a file of each failure in DIR, as soon as it is found. Without it: "
     "raftsim-failures."},
    {HELP_SWEEP_CORPUS, "corpus", "DIR",
     "Instead of --failures: keep the failures in DIR, and replay those that "
     "are there before the first seed."},
    {HELP_SWEEP_JSON, "json", "FILE",
     "Write the report as JSON, for programs and for 'raftsim merge'. '-' is "
     "standard output; then what people read goes to standard error."},
    {HELP_SWEEP_JUNIT, "junit", "FILE",
     "Write it as JUnit's XML: a test case for each scenario and batch, and "
     "for each failure of the corpus."},
    {'h', "help", NULL, "Print this page."},
};

const struct options_spec help_merge_options[HELP_MERGE_OPTION_COUNT] = {
    {HELP_MERGE_JSON, "json", "FILE",
     "Write the joined report as JSON. '-' is standard output; then what "
     "people "
     "read goes to standard error."},
    {HELP_MERGE_JUNIT, "junit", "FILE", "Write it as JUnit's XML."},
    {'h', "help", NULL, "Print this page."},
};

/* clang-format off */
const char *const help_sweep_lines[] = {
    "NAME",
    "    raftsim sweep - run many seeds of scenarios over worker processes",
    "",
    "SYNOPSIS",
    "    raftsim sweep FILE... --seeds A..B | --time TIME [-j N]",
    "                  [--start-from git|SEED] [--shard I/N] [--max-steps N]",
    "                  [--max-virtual-time TIME] [--max-wall-time TIME]",
    "                  [--max-memory SIZE] [--double-check N] [--stop-after N]",
    "                  [--failures DIR | --corpus DIR] [--command FILE]",
    "                  [--node NAME|FILE.so] [--json FILE] [--junit FILE]",
    "",
    "DESCRIPTION",
    "    Runs each FILE with each seed, as 'raftsim run' would. Workers get seeds",
    "    in batches of 25: all files with one batch, then all with the next. A",
    "    worker is a process of its own, so a node that crashes, hangs or leaks",
    "    takes only this one down: the seed at which it was counts as failed, with",
    "    the signal or limit that ended it, and another worker goes on with the",
    "    seeds after it. The seed is run once more alone, for its last steps.",
    "",
    "    Each run that is not as expected is told, a line each, in the order of",
    "    seeds, and so are the totals: what is printed on standard output and into",
    "    the reports is the same, byte for byte, whatever -j. How far it is, how",
    "    fast and for how long goes to standard error: a bar on a terminal, now",
    "    and then a line elsewhere.",
    "",
    "    A failure has left its file in DIR before it is told, so killing the",
    "    sweep at any moment loses none that was found. Ctrl-C ends it in good",
    "    order: with the totals and reports of what was run until then.",
    "",
    "CORPUS",
    "    With --corpus DIR, what failed once is not forgotten: each file in DIR",
    "    that ends with .json is a failure that was kept, and is replayed before",
    "    the first seed, as by 'raftsim replay', by a worker of its own, within",
    "    the limits of a seed; --time begins after that. In the order of names,",
    "    a line says what became of each:",
    "",
    "        still failing    The same thing goes wrong.",
    "        fails otherwise  Something else does.",
    "        fixed            Nothing does, and the run did all that was",
    "                         recorded, and went on.",
    "        parted at step N The run is another one from there on, as what nodes",
    "                         do has changed. The line says whether it fails; if",
    "                         it does not, that proves little.",
    "",
    "    One that fails counts as any failure does. One that is fixed stays in DIR,",
    "    to be replayed the next time, until you remove it. The sweep keeps its own",
    "    failures there as well: NAME-SEED.json, by the scenario's name, so the",
    "    same seed fails into the same file again. If a file in DIR is no failure",
    "    that was kept, nothing is run. A shard replays all of DIR as it finds",
    "    it, with what other shards have kept there by then.",
    "",
    "WHAT A CLEAN SWEEP PROVES",
    "    If none of N seeds failed, fewer than 3 in N seeds of this scenario fail,",
    "    with 95% confidence (the rule of three): the totals say so. It says",
    "    nothing of what the scenario does not reach.",
    "",
    "REPORTS",
    "    --json tells which seeds were run ('done', as ranges), those that failed",
    "    with the property, the message, the hash and the command that repeats",
    "    the run, and for each batch that was run as a whole a digest of how its",
    "    runs ended. It says nothing of time or workers, so it can be compared.",
    "    'corpus' has what became of each kept failure. Seeds and hashes are",
    "    strings. --junit has the same for systems that read JUnit.",
    NULL,
};

const char *const help_sweep_exit[] = {
    "EXIT STATUS",
    "    0    All runs went as the scenarios expect, and nothing in DIR fails.",
    "    1    One did not, or was stopped by --max-steps or --max-virtual-time.",
    "    2    Bad usage, a file that cannot be read or written, a scenario that is",
    "         not valid or changed meanwhile, a file in DIR that is no failure; or",
    "         the workers refused their work.",
    "    3    A run broke a contract or did not repeat, or a worker died; or there",
    "         is no memory left.",
    "    130  Interrupted (Ctrl-C); the totals and reports are of what was run.",
    "    They will stay what they are.",
    NULL,
};

const char *const help_sweep_environment[] = {
    "ENVIRONMENT",
    "    GITHUB_ACTIONS       If 'true', the first 10 failures are printed as",
    "                         annotations as well.",
    "    GITHUB_STEP_SUMMARY  A file to which a summary in Markdown is added.",
    NULL,
};

const char *const help_sweep_examples[] = {
    "EXAMPLES",
    "    raftsim sweep scenarios/swarm.json --seeds 1..10000",
    "        Ten thousand seeds, on all processors.",
    "    raftsim sweep scenarios/*.json --time 60s --start-from git \\",
    "        --junit junit.xml",
    "        A minute of seeds that no other commit looked at.",
    "    raftsim sweep scenarios/*.json --time 60s --corpus failures",
    "        First what failed before, then a minute of seeds.",
    "    raftsim sweep scenarios/swarm.json --seeds 1..10000 --shard 2/4 \\",
    "        --json 2.json",
    "        The second quarter of them, on one of four machines.",
    NULL,
};

const char *const help_merge_lines[] = {
    "NAME",
    "    raftsim merge - join the reports of sweeps",
    "",
    "SYNOPSIS",
    "    raftsim merge REPORT... [--json FILE] [--junit FILE]",
    "",
    "DESCRIPTION",
    "    Reads what 'raftsim sweep --json' wrote, of shards of one sweep or of",
    "    several sweeps of the same scenarios, and tells what came of them",
    "    together. Seeds that are in several reports count once, so the order of",
    "    the reports does not matter, nor does giving one twice, or one that was",
    "    merged before. Missing shards and seeds are named. When all shards are",
    "    there, the joined report is that of the sweep without shards, byte for",
    "    byte. What became of a corpus is joined by the names of its files.",
    "",
    "    The same scenario and seed must have ended in the same way wherever it",
    "    was run. Where it did not, nothing is joined: that is a finding, for a",
    "    run must repeat. Reports of other scenarios, or of scenario files that",
    "    were changed in between, are refused.",
    NULL,
};

const char *const help_merge_exit[] = {
    "EXIT STATUS",
    "    0    All that was wanted is there, and went as the scenarios expect.",
    "    1    A run did not, or something is missing.",
    "    2    Bad usage, a file that cannot be read or written, or reports that",
    "         cannot be joined.",
    "    3    A run broke a contract or did not repeat, or a worker died.",
    "    They will stay what they are.",
    NULL,
};

const char *const help_merge_examples[] = {
    "EXAMPLES",
    "    raftsim merge 1.json 2.json 3.json 4.json --json all.json",
    "        Four shards.",
    NULL,
};
