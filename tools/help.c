#include "tools/help.h"

#include <string.h>

#include "sim/situations.h"
#include "tools/command.h"
#include "tools/terminal.h"

const struct options_spec help_run_options[HELP_RUN_OPTION_COUNT] = {
    {'s', "seed", "N",
     "The seed to run with, instead of the scenario's own: 0 to "
     "18446744073709551615, decimal or 0x hexadecimal."},
    {HELP_RUN_NODE, "node", "NAME|FILE.so",
     "Whose Raft: 'builtin', the default, or an adapter: its NAME, or the path "
     "of a shared object, with a '/' in it. See 'raftsim help nodes'."},
    {HELP_RUN_SEEDS, "seeds", "A..B",
     "Run each FILE with the seeds from A to B, both included: all files with "
     "one seed, then with the next. Only runs that are not as expected are "
     "told, a line each, and a total at the end; with --json, every run."},
    {HELP_RUN_UNTIL_FAILURE, "until-failure", NULL,
     "Stop at the first run that is not as expected. Without --seeds, go "
     "through the seeds from --seed, or from 1, without end."},
    {HELP_RUN_WITHOUT, "without", "LIST",
     "Leave nemeses out, such as /nemeses/3,/nemeses/7 (counted from 0): they "
     "never act, and everything else is drawn as it was with them."},
    {HELP_RUN_FAILURES, "failures", "DIR",
     "Leave a file in the directory DIR for each run that is not as expected: "
     "all that is needed to repeat it, also when the code has changed. See "
     "'raftsim help replay'."},
    {'t', "trace", "FILE",
     "Write the story of the run to FILE, one record a step: when, which node, "
     "what it got and what it did. '-' is standard output."},
    {HELP_RUN_TRACE_FORMAT, "trace-format", "FORMAT",
     "How the trace is written: 'story', for people (the default); 'jsonl', "
     "JSON Lines with all that is needed to judge the run from outside; "
     "'etcd-tla', the lines that the trace specification of etcd-io/raft "
     "reads, of one run."},
    {'v', "verbose", NULL,
     "Tell that story on standard error while it happens."},
    {'j', "json", NULL,
     "Print each run's summary as one line of JSON, and nothing else, on "
     "standard output. Seeds and hashes are strings."},
    {'m', "max-steps", "N",
     "Stop after N steps. A run that is stopped so is undecided: exit status "
     "1."},
    {HELP_RUN_MAX_TIME, "max-virtual-time", "TIME",
     "Stop before anything later than TIME happens, in virtual time: 500ms, "
     "60s, 5m or 1h. A run that is stopped so is undecided: exit status 1."},
    {HELP_RUN_DOUBLE_CHECK, "double-check", "N",
     "Run each seed that N divides twice, side by side, and compare the two "
     "step by step; 1 is every seed. If they differ, the run does not repeat: "
     "exit status 3, and the first step that differs is told, both sides of "
     "it."},
    {HELP_RUN_SITUATIONS, "situations", NULL,
     "List all situations in the summary, and how often each was reached; see "
     "'raftsim help situations'."},
    {HELP_RUN_NO_CHECKS, "no-checks", NULL,
     "Check no property and look for no situation: only to measure what that "
     "costs. The run and its hash stay the same."},
    {'h', "help", NULL, "Print this page."},
};

const struct options_spec help_check_options[HELP_CHECK_OPTION_COUNT] = {
    {'h', "help", NULL, "Print this page."},
};

static const char *const overview_page[] = {
    "NAME",
    "    raftsim - run real Raft code through simulated faults and check it",
    "",
    "SYNOPSIS",
    "    raftsim run FILE... [--seed N] [--trace FILE] [--verbose] [--json]",
    "    raftsim check FILE...",
    "    raftsim sweep FILE... --seeds A..B | --time TIME [-j N]",
    "    raftsim merge REPORT...",
    "    raftsim replay FAILURE...",
    "    raftsim shrink FAILURE | FILE --seed N [-o MIN.json]",
    "    raftsim explain FAILURE | FILE --seed N",
    "    raftsim compare FILE... --node NODE [--node NODE]...",
    "    raftsim hunt --mutants DIR --build DIR",
    "    raftsim help [run | check | sweep | merge | replay | shrink | explain "
    "|",
    "                  compare | hunt | scenario | nodes | situations]",
    "    raftsim --version",
    "",
    "DESCRIPTION",
    "    A scenario is a JSON file: how many nodes, what goes wrong and when,",
    "    what clients do, and what is expected to come of it. raftsim runs it "
    "in",
    "    a simulator with a virtual clock: one seed decides every delay, loss",
    "    and crash, so the same scenario and seed give the same run every "
    "time.",
    "    After each single step, the properties that Raft promises are "
    "checked.",
    "",
    "COMMANDS",
    "    run         Run scenarios and report.",
    "    check       Say whether scenario files are valid, without running "
    "them.",
    "    sweep       Run many seeds in parallel, each safe from the others.",
    "    merge       Join the reports of sweeps.",
    "    replay      Run a failure again that was kept.",
    "    shrink      Make a failure as small as it can be.",
    "    explain     Tell the few steps that led to a violation.",
    "    compare     Run the same scenarios on several implementations.",
    "    hunt        Find mutants of the Raft library, and how fast.",
    "    help        Print a page: a command, scenario for the format, nodes "
    "for",
    "                your own Raft, or situations for what is worth reaching.",
    "",
    "OPTIONS",
    "    -V, --version",
    "        Print the version.",
    "    -h, --help",
    "        Print this page.",
    NULL,
};

static const char *const run_page[] = {
    "NAME",
    "    raftsim run - run scenarios and report",
    "",
    "SYNOPSIS",
    "    raftsim run FILE... [--seed N | --seeds A..B] [--until-failure]",
    "                        [--without LIST] [--trace FILE]",
    "                        [--trace-format FORMAT] [--verbose] [--json]",
    "                        [--max-steps N] [--max-virtual-time TIME]",
    "                        [--double-check N] [--failures DIR]",
    "                        [--situations] [--no-checks]",
    "",
    "DESCRIPTION",
    "    Runs each FILE ('-' is standard input) to its end and prints a "
    "summary:",
    "    what happened, each property with the number of times it was really",
    "    evaluated, a hash over every step, and whether all went as the "
    "scenario",
    "    expects. The first violation of a property ends a run; then the "
    "summary",
    "    says what was broken, tells the last 20 steps that led there (the run",
    "    is repeated for them) and gives the command that repeats it. What "
    "clients",
    "    were told is judged at the end, if nothing was violated before.",
    "",
    "    A property that was never evaluated is shown as such: it was not "
    "found",
    "    to hold. And a run that reached few situations (split votes, "
    "conflicts,",
    "    crashes in between) says little: the summary tells how many of those",
    "    with a name it reached.",
    "",
    "    The same scenario and seed give the same run, event for event. "
    "Whoever",
    "    depends on something else, such as an address, memory that was never",
    "    written, a clock or what a run before left in a static variable, "
    "breaks",
    "    that. --double-check finds it: two simulations in one process, each "
    "with",
    "    memory of its own, take turns, and each step of one has to be that of",
    "    the other, to the last byte. It takes twice the time of a run.",
    NULL,
};

static const char *const run_options_remark[] = {
    "    Options may follow files, and may be shortened while it is clear",
    "    which is meant; '--' ends them.",
    NULL,
};

static const char *const exit_page[] = {
    "EXIT STATUS",
    "    0    All went as the scenarios expect; an expected violation, too.",
    "    1    A property was violated, an expectation was not met, or a run "
    "was",
    "         stopped by --max-steps or --max-virtual-time.",
    "    2    Bad usage, a file that cannot be read or written, or a scenario",
    "         that is not valid.",
    "    3    A node or the simulator broke its contract, a run did not "
    "repeat,",
    "         or there is no memory left.",
    "    130  Interrupted (Ctrl-C); the summary says how far the run came.",
    "    Of several files, the highest.",
    NULL,
};

static const char *const environment_page[] = {
    "ENVIRONMENT",
    "    NO_COLOR         If set to anything, nothing is coloured. Colour is "
    "used",
    "                     on terminals only, and not if TERM is 'dumb'.",
    "    POSIXLY_CORRECT  If set, options end at the first FILE.",
    NULL,
};

static const char *const run_examples[] = {
    "EXAMPLES",
    "    raftsim run scenarios/leader-crash.json --seed 7",
    "        One run with the seed 7.",
    "    raftsim run scenarios/leader-crash.json --trace - | less",
    "        Read what happened, step by step.",
    "    raftsim run --json scenarios/*.json | jq .verdict",
    "        Every scenario, for a program.",
    "    raftsim run scenarios/swarm.json --seeds 1..100",
    "        A hundred seeds.",
    "    raftsim run scenarios/swarm.json --until-failure",
    "        As many as it takes.",
    NULL,
};

static const char *const check_page[] = {
    "NAME",
    "    raftsim check - say whether scenario files are valid",
    "",
    "SYNOPSIS",
    "    raftsim check FILE...",
    "",
    "DESCRIPTION",
    "    Reads each FILE ('-' is standard input) and prints 'FILE: ok', or all",
    "    that is wrong with it, one problem a line, the way compilers do:",
    "",
    "        FILE:LINE:COLUMN: /pointer/into/the/file: what was expected",
    "",
    "    Nothing is run. See 'raftsim help scenario' for the format.",
    NULL,
};

static const char *const check_exit[] = {
    "EXIT STATUS",
    "    0    Every file is a valid scenario.",
    "    2    One is not, or cannot be read; or bad usage.",
    NULL,
};

static const char *const check_examples[] = {
    "EXAMPLES",
    "    raftsim check scenarios/*.json",
    NULL,
};

static const char *const help_text[] = {
    "NAME",
    "    raftsim help - print a help page",
    "",
    "SYNOPSIS",
    "    raftsim help [run | check | sweep | merge | replay | shrink | explain "
    "|",
    "                  compare | hunt | scenario | nodes | situations | help]",
    NULL,
};

static void print_lines(const char *const *lines, FILE *out)
{
    for (; *lines != NULL; lines++) {
        fprintf(out, "%s\n", *lines);
    }
}

/* A further section, after an empty line. */
static void print_section(const char *const *lines, FILE *out)
{
    fputc('\n', out);
    print_lines(lines, out);
}

/* The page about a command: its lines, its options, and further sections, which
 * NULL ends. */
static void print_command(const char *const *lines,
                          const struct options_spec *specs, size_t n_specs,
                          const char *const *const *sections, FILE *out)
{
    print_lines(lines, out);
    fputs("\nOPTIONS\n", out);
    options_print(specs, n_specs, out);
    for (; *sections != NULL; sections++) {
        print_section(*sections, out);
    }
}

static void print_run(FILE *out)
{
    print_command(run_page, help_run_options, HELP_RUN_OPTION_COUNT,
                  (const char *const *const[]){run_options_remark, exit_page,
                                               environment_page, run_examples,
                                               NULL},
                  out);
}

static void print_check(FILE *out)
{
    print_command(
        check_page, help_check_options, HELP_CHECK_OPTION_COUNT,
        (const char *const *const[]){check_exit, check_examples, NULL}, out);
}

static void print_sweep(FILE *out)
{
    print_command(help_sweep_lines, help_sweep_options, HELP_SWEEP_OPTION_COUNT,
                  (const char *const *const[]){help_sweep_exit,
                                               help_sweep_environment,
                                               help_sweep_examples, NULL},
                  out);
}

static void print_merge(FILE *out)
{
    print_command(help_merge_lines, help_merge_options, HELP_MERGE_OPTION_COUNT,
                  (const char *const *const[]){help_merge_exit,
                                               help_merge_examples, NULL},
                  out);
}

static void print_hunt(FILE *out)
{
    print_command(help_hunt_lines, help_hunt_options, HELP_HUNT_OPTION_COUNT,
                  (const char *const *const[]){help_hunt_exit, environment_page,
                                               help_hunt_examples, NULL},
                  out);
}

static void print_compare(FILE *out)
{
    print_command(
        help_compare_lines, help_compare_options, HELP_COMPARE_OPTION_COUNT,
        (const char *const *const[]){help_compare_exit, environment_page,
                                     help_compare_examples, NULL},
        out);
}

static void print_nodes(FILE *out)
{
    print_lines(help_nodes_lines, out);
    print_section(help_nodes_more, out);
}

static void print_replay(FILE *out)
{
    print_command(
        help_replay_lines, help_replay_options, HELP_REPLAY_OPTION_COUNT,
        (const char *const *const[]){help_replay_exit, environment_page,
                                     help_replay_examples, NULL},
        out);
}

static void print_shrink(FILE *out)
{
    print_command(
        help_shrink_lines, help_shrink_options, HELP_SHRINK_OPTION_COUNT,
        (const char *const *const[]){help_shrink_exit, environment_page,
                                     help_shrink_examples, NULL},
        out);
}

static void print_explain(FILE *out)
{
    print_command(
        help_explain_lines, help_explain_options, HELP_EXPLAIN_OPTION_COUNT,
        (const char *const *const[]){help_explain_exit, environment_page,
                                     help_explain_examples, NULL},
        out);
}

static void print_overview(FILE *out)
{
    print_lines(overview_page, out);
    print_section(exit_page, out);
    print_section(environment_page, out);
    print_section(run_examples, out);
}

static void print_scenario(FILE *out)
{
    print_lines(help_scenario_lines, out);
}

static const char *const situations_page[] = {
    "NAME",
    "    raftsim situations - what is worth reaching in a run",
    "",
    "DESCRIPTION",
    "    Where Raft is difficult, a situation has a name. They are recognised "
    "from",
    "    what the checks see, cost next to nothing and change nothing. The "
    "summary",
    "    of 'raftsim run' tells how many a run reached, --situations lists "
    "them,",
    "    and --json has them all. One that a sweep never reaches is a part of",
    "    Raft that the sweep did not test. Sections are those of the paper, or "
    "of",
    "    the dissertation where it says so.",
    NULL,
};

static void print_situations(FILE *out)
{
    print_lines(situations_page, out);
    for (int i = 0; i < SIM_SITUATION_COUNT; i++) {
        enum sim_situation situation = (enum sim_situation)i;
        const char *heading = sim_situation_heading(situation);
        if (heading != NULL) {
            fprintf(out, "\n%s\n", heading);
        }
        fprintf(out, "    %s\n", sim_situation_name(situation));
        terminal_wrap(out, sim_situation_text(situation), 8, 80);
    }
}

static void print_help(FILE *out)
{
    print_lines(help_text, out);
}

static const struct {
    const char *topic;
    void (*print)(FILE *out);
} pages[] = {
    {"run", print_run},           {"check", print_check},
    {"sweep", print_sweep},       {"merge", print_merge},
    {"replay", print_replay},     {"shrink", print_shrink},
    {"explain", print_explain},   {"compare", print_compare},
    {"nodes", print_nodes},       {"hunt", print_hunt},
    {"scenario", print_scenario}, {"situations", print_situations},
    {"help", print_help},
};

#define PAGE_COUNT (sizeof pages / sizeof pages[0])

bool help_page(const char *topic, FILE *out)
{
    if (topic == NULL) {
        print_overview(out);
        return true;
    }
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        if (strcmp(topic, pages[i].topic) == 0) {
            pages[i].print(out);
            return true;
        }
    }
    return false;
}

int cmd_help(const char *program, int argc, char **argv)
{
    const char *topics[PAGE_COUNT];
    const char *topic = argc > 1 ? argv[1] : NULL;
    (void)program;
    if (argc > 2) {
        fputs("raftsim: help shows one page at a time\n", stderr);
        options_hint(NULL);
        return EXIT_BAD_INPUT;
    }
    if (topic != NULL &&
        (strcmp(topic, "--help") == 0 || strcmp(topic, "-h") == 0)) {
        topic = "help";
    }
    if (help_page(topic, stdout)) {
        return EXIT_AS_EXPECTED;
    }
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        topics[i] = pages[i].topic;
    }
    options_unknown("help page", topic, topics, PAGE_COUNT);
    options_hint(NULL);
    return EXIT_BAD_INPUT;
}
