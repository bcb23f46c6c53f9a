/* The raftsim command as a user meets it: options, messages, exit codes. Each
 * line is given to a shell in which $RAFTSIM is the command. */
#define _POSIX_C_SOURCE 200809L

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_OUTPUT 65536u

/* The beginning and the end of a scenario of one second, given on standard
 * input. */
#define BEGIN "printf '{\"description\": \"x\", \"duration\": \"1s\""
#define END "}' | $RAFTSIM run - "

/* A run that takes no time and goes well, and one whose claim is wrong. */
#define GOOD BEGIN END
#define UNMET BEGIN ", \"expect\": {\"commits_at_least\": 1000000}" END

/* No cluster recovers within a microsecond: Progress is violated. */
#define VIOLATED BEGIN ", \"expect\": {\"progress_within\": \"1us\"}" END

struct outcome {
    int code;
    char output[MAX_OUTPUT];
};

/* Runs a line; what it prints on standard output is kept, as far as
 * there is room. */
static void run_line(const char *line, struct outcome *outcome)
{
    FILE *pipe = popen(line, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(outcome->output, 1, MAX_OUTPUT - 1, pipe);
    outcome->output[size] = '\0';
    while (fgetc(pipe) != EOF) {
    }
    int status = pclose(pipe);
    outcome->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs a line whose standard output is a socket on which each write() is a
 * message of its own; the number of messages. */
static size_t count_writes(const char *line)
{
    int ends[2];
    char message[MAX_OUTPUT];
    size_t count = 0;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    pid_t child = fork();
    cr_assert_neq(child, -1);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while (recv(ends[0], message, sizeof message, 0) > 0) {
        count++;
    }
    close(ends[0]);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    return count;
}

struct expectation {
    const char *line;
    int code;
    const char *contains;
};

static void expect_all(const struct expectation *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct outcome outcome;
        run_line(list[i].line, &outcome);
        cr_expect_eq(outcome.code, list[i].code,
                     "%s: exit code %d, not %d:\n%.2000s", list[i].line,
                     outcome.code, list[i].code, outcome.output);
        cr_expect_not_null(strstr(outcome.output, list[i].contains),
                           "%s: no '%s' in:\n%.2000s", list[i].line,
                           list[i].contains, outcome.output);
    }
}

#define EXPECT_ALL(list) expect_all(list, sizeof(list) / sizeof((list)[0]))

Test(command, answers_what_it_is)
{
    static const struct expectation list[] = {
        {"$RAFTSIM --version", 0, "raftsim "},
        {"$RAFTSIM -V", 0, "raftsim "},
        {"$RAFTSIM --help", 0, "SYNOPSIS"},
        {"$RAFTSIM help", 0, "COMMANDS"},
        {"$RAFTSIM help run", 0, "--max-steps N"},
        {"$RAFTSIM run --help", 0, "EXIT STATUS"},
        {"$RAFTSIM help run", 0, "--seeds A..B"},
        {"$RAFTSIM help check", 0, "raftsim check FILE..."},
        {"$RAFTSIM check -h", 0, "SYNOPSIS"},
        {"$RAFTSIM help scenario", 0, "election_timeout"},
        {"$RAFTSIM help situations", 0, "    split_vote\n"},
        {"$RAFTSIM help situations", 0, "\nElections\n"},
        {"$RAFTSIM help --help", 0, "raftsim help"},
    };
    EXPECT_ALL(list);
}

Test(command, explains_wrong_usage)
{
    static const struct expectation list[] = {
        {"$RAFTSIM 2>&1", 2, "which command?"},
        {"$RAFTSIM runn 2>&1", 2, "did you mean 'run'?"},
        {"$RAFTSIM --verison 2>&1", 2, "did you mean '--version'?"},
        {"$RAFTSIM help chekc 2>&1", 2, "did you mean 'check'?"},
        {"$RAFTSIM help run check 2>&1", 2, "one page at a time"},
        {"$RAFTSIM run 2>&1", 2, "which scenario file?"},
        {"$RAFTSIM check 2>&1", 2, "which scenario file?"},
        {GOOD "--sede 7 2>&1", 2, "did you mean '--seed'?"},
        {GOOD "-x 2>&1", 2, "unknown option '-x'"},
        {GOOD "--json=yes 2>&1", 2, "takes no argument"},
        {GOOD "--seed 2>&1", 2, "needs an argument"},
        {GOOD "--json --trace - 2>&1", 2, "both want standard output"},
        {GOOD "--trace-format etcd-tla --seeds 1..2 2>&1", 2, "of one run"},
        {GOOD "--trace-format etcd-tla --until-failure --max-steps 1 2>&1", 2,
         "of one run"},
        {GOOD "- --trace-format etcd-tla 2>&1", 2, "of one run"},
        {GOOD "--trace - --trace-format etcd-tla", 0, "InitState"},
        {GOOD "--trace - --trace-format jsonl --seeds 1..2 | "
              "grep -c '\"record\":\"run\"'",
         0, "2\n"},
    };
    EXPECT_ALL(list);
}

Test(command, takes_options_anywhere_and_shortened)
{
    static const struct expectation list[] = {
        {GOOD "--seed 7", 0, "seed 7\n"},
        {GOOD "-s7", 0, "seed 7\n"},
        {GOOD "--max-s=10", 1, "UNDECIDED"},
        {GOOD "--see=7 2>&1", 2, "'--see' is ambiguous"},
        {BEGIN "}' | $RAFTSIM run --seed=7 -- -", 0, "seed 7\n"},
    };
    EXPECT_ALL(list);
}

Test(command, reads_seeds_of_64_bits)
{
    static const struct expectation list[] = {
        {GOOD "--seed 0", 0, "seed 0\n"},
        {GOOD "--seed 18446744073709551615", 0, "seed 18446744073709551615\n"},
        {GOOD "--seed 0xFFFFffffFFFFffff", 0, "seed 18446744073709551615\n"},
        {GOOD "--seed 18446744073709551616 2>&1", 2, "expected a number"},
        {GOOD "--seed 0x10000000000000000 2>&1", 2, "expected a number"},
        {GOOD "--seed -1 2>&1", 2, "expected a number"},
        {GOOD "--seed ' 1' 2>&1", 2, "expected a number"},
        {GOOD "--seed 1e3 2>&1", 2, "expected a number"},
        {GOOD "--seed 0x 2>&1", 2, "expected a number"},
        {GOOD "--seed '' 2>&1", 2, "expected a number"},
    };
    EXPECT_ALL(list);
}

Test(command, summary_tells_how_it_went)
{
    static const struct expectation list[] = {
        {GOOD, 0, "AS EXPECTED"},
        {GOOD, 0, "times evaluated"},
        {GOOD "| grep situations", 0, " of 85 reached\n"},
        {GOOD "--situations", 0, "\n      snapshot_made  "},
        {GOOD "--situations | grep mail_after_cut", 0, "  never\n"},
        {UNMET, 1, "/expect/commits_at_least: "},
        {UNMET, 1, "FAILED: not as expected"},
        {UNMET "--seed 9", 1, " run - --seed 9\n"},
        {VIOLATED, 1, "FAILED: a property was violated"},
        {VIOLATED, 1, "The last steps that led there:"},
        {GOOD "--max-steps 10", 1, "UNDECIDED"},
        {GOOD "--max-virtual-time 500ms", 1,
         "UNDECIDED: stopped by --max-virtual-time"},
        {GOOD "--max-virtual-time 500ms", 1,
         "run - --seed 1 --max-virtual-time 500ms\n"},
        {GOOD "--max-virtual-time 500ms --json", 1,
         "\"verdict\":\"time_limit\""},
        {GOOD "--max-virtual-time 1h", 0, "AS EXPECTED"},
        {GOOD "--max-virtual-time 0s 2>&1", 2, "expected a duration such as"},
        {GOOD "--no-checks", 0, "CHECKS WERE OFF"},
    };
    EXPECT_ALL(list);
}

Test(command, json_is_one_line_with_exact_numbers)
{
    static const struct expectation list[] = {
        {GOOD "--json | wc -l | tr -d ' '", 0, "1\n"},
        {GOOD "--json --seed 18446744073709551615", 0,
         "\"seed\":\"18446744073709551615\""},
        {GOOD "--json", 0, "\"verdict\":\"as_expected\""},
        {GOOD "--json", 0, "\"situations\":{\"split_vote\":0,"},
        {GOOD "--json --no-checks", 0, "\"append_repeated\":0,"},
        {UNMET "--json", 1, "\"pointer\":\"/expect/commits_at_least\""},
        {VIOLATED "--json", 1, "\"property\":\"progress\""},
        {VIOLATED "--json", 1, "\"last_steps\":[\""},
    };
    EXPECT_ALL(list);
}

/* Seeds 3 to 5 of it differ in nothing but their runs. */
#define SOME "--seeds 3..5 "

Test(command, runs_ranges_of_seeds)
{
    static const struct expectation list[] = {
        {GOOD SOME, 0, "3 of 3 runs as expected\n"},
        {GOOD SOME "| wc -l | tr -d ' '", 0, "1\n"},
        {GOOD SOME "--json | grep -o '\"seed\":\"[0-9]*\"' | tr '\\n' ' '", 0,
         "\"seed\":\"3\" \"seed\":\"4\" \"seed\":\"5\" "},
        {GOOD SOME "--json | wc -l | tr -d ' '", 0, "3\n"},
        {UNMET SOME, 1,
         "standard input, seed 3: /expect/commits_at_least: expected at least"},
        {UNMET SOME "| grep -c 'standard input, seed [345]: '", 0, "3\n"},
        {UNMET SOME, 1, "0 of 3 runs as expected\n"},
        {UNMET SOME, 1, "raftsim run - --seed 3\n"},
        {VIOLATED SOME, 1, "seed 5: progress was violated in step "},
        {UNMET SOME "--until-failure", 1, "0 of 1 run as expected\n"},
        {UNMET SOME "--until-failure --json | grep -c '\"seed\":\"3\"'", 0,
         "1\n"},
        {GOOD SOME "--until-failure", 0, "3 of 3 runs as expected\n"},
        {UNMET "--until-failure --seed 8", 1, "standard input, seed 8: "},
        {UNMET "--until-failure", 1, "standard input, seed 1: "},
        {GOOD SOME "--max-steps 10", 1, "seed 4: undecided"},
        {GOOD "--seeds 0x10..0x11 --json | grep -c '\"seed\":\"1[67]\"'", 0,
         "2\n"},
        {GOOD "--seeds 18446744073709551614..18446744073709551615", 0,
         "2 of 2 runs as expected\n"},
        {GOOD SOME "- /nowhere 2>&1", 2, "/nowhere: No such file"},
        {GOOD SOME "--trace - | grep -c '^# standard input, seed'", 0, "3\n"},
    };
    EXPECT_ALL(list);
}

/* All files with one seed, then all with the next. */
Test(command, files_take_turns_seed_by_seed)
{
    static const struct expectation list[] = {
        {"dir=$(mktemp -d) && cd \"$dir\" && "
         "echo '{\"description\": \"x\", \"duration\": \"1s\"}' | tee a >b && "
         "$RAFTSIM run a b --seeds 1..2 --json | "
         "sed 's/.*\"scenario\":\"\\(.\\)\".*\"seed\":\"\\(.\\)\".*/\\1\\2/' | "
         "tr '\\n' ' '; rm -r \"$dir\"",
         0, "a1 b1 a2 b2 "},
    };
    EXPECT_ALL(list);
}

Test(command, explains_wrong_ranges_of_seeds)
{
    static const struct expectation list[] = {
        {GOOD "--seeds 5..4 2>&1", 2, "the first seed is above the last"},
        {GOOD "--seeds 5 2>&1", 2, "--seeds '5': expected A..B"},
        {GOOD "--seeds '' 2>&1", 2, "--seeds '': expected A..B"},
        {GOOD "--seeds ..5 2>&1", 2, "expected A..B"},
        {GOOD "--seeds 5.. 2>&1", 2, "expected A..B"},
        {GOOD "--seeds 1..2..3 2>&1", 2, "expected A..B"},
        {GOOD "--seeds 1-3 2>&1", 2, "expected A..B"},
        {GOOD "--seeds 0..18446744073709551616 2>&1", 2, "expected A..B"},
        {GOOD "--seed 1 --seeds 1..2 2>&1", 2, "--seed and --seeds"},
    };
    EXPECT_ALL(list);
}

/* Two nemeses, each of which acts in any seed. */
#define HARASSED                                                               \
    BEGIN ", \"nemeses\": [{\"every\": \"100ms\", \"crash\": \"a node\", "     \
          "\"for\": \"20ms\"}, {\"every\": \"100ms\", \"pause\": "             \
          "\"a node\", \"for\": \"20ms\"}]" END "--seed 4 "

Test(command, leaves_nemeses_out)
{
    static const struct expectation list[] = {
        {HARASSED, 0, "2 of 2 nemeses"},
        {HARASSED "--without /nemeses/1", 0, "1 of 2 nemeses"},
        {HARASSED "--without /nemeses/1,/nemeses/0", 0, "0 of 2 nemeses"},
        {HARASSED "--without /nemeses/0 | grep ' 0 crashes'", 0, "crash"},
        {HARASSED "--without /nemeses/1 | grep -c ' 0 crashes'", 1, "0\n"},
        {HARASSED "--without /nemeses/1 --max-steps 9", 1,
         " --max-steps 9 --without /nemeses/1\n"},
        {HARASSED "--without /nemeses/2 2>&1", 2,
         "standard input has 2 nemeses, counted from /nemeses/0"},
        {GOOD "--without /nemeses/0 2>&1", 2, "standard input has 0 nemeses"},
        {HARASSED "--without /nemesis/0 2>&1", 2, "expected a list such as"},
        {HARASSED "--without '' 2>&1", 2, "expected a list such as"},
        {HARASSED "--without /nemeses/ 2>&1", 2, "expected a list such as"},
        {HARASSED "--without /nemeses/0, 2>&1", 2, "expected a list such as"},
        {HARASSED "--without /nemeses/-1 2>&1", 2, "expected a list such as"},
        {HARASSED "--without /nemeses/4294967296 2>&1", 2, "expected a list"},
    };
    EXPECT_ALL(list);
}

/* The others draw as before: until the one that is left out first acts, nothing
 * differs. The pauses come from another stream than the crashes. */
Test(command, other_nemeses_draw_as_before)
{
    static const struct expectation list[] = {
        {"dir=$(mktemp -d) && cd \"$dir\" && " HARASSED
         "--trace all >out && " HARASSED
         "--without /nemeses/0 --trace some >out && "
         "grep -o '^.*-- pause' all >a; grep -o '^.*-- pause' some >b; "
         "cmp a b && [ -s a ] && ! grep -q -e '-- crash' some; code=$?; "
         "rm -r \"$dir\"; exit $code",
         0, ""},
    };
    EXPECT_ALL(list);
}

/* The hash of the run that `line` makes, in `hash`. */
static void hash_of(const char *line, char hash[17])
{
    struct outcome outcome;
    run_line(line, &outcome);
    const char *found = strstr(outcome.output, "\"hash\":\"");
    cr_assert_not_null(found, "%s: no hash in:\n%.2000s", line, outcome.output);
    snprintf(hash, 17, "%s", found + strlen("\"hash\":\""));
}

Test(command, observing_does_not_disturb)
{
    static const char *const lines[] = {
        GOOD "--json --seed 5 --no-checks",
        GOOD "--json --seed 5 --trace /dev/null",
        GOOD "--json --seed 5 --situations",
        GOOD "--json --seed 5 --verbose 2>/dev/null",
        GOOD "--json --seed 0x5",
    };
    char plain[17], hash[17];
    hash_of(GOOD "--json --seed 5", plain);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        hash_of(lines[i], hash);
        cr_expect_str_eq(hash, plain, "%s", lines[i]);
    }
    hash_of(GOOD "--json --seed 6", hash);
    cr_expect_str_neq(hash, plain);
}

Test(command, traces_to_where_it_is_told)
{
    static const struct expectation list[] = {
        {GOOD "--seed 3 --trace -", 0, "# standard input, seed 3\n"},
        {GOOD "--trace /dev/stderr 2>&1 >/dev/null | wc -l | grep -qv '^1$'", 0,
         ""},
        {GOOD "--verbose 2>&1 >/dev/null | grep -c . | grep -qv '^0$'", 0, ""},
        {GOOD "--trace /nowhere/file 2>&1", 2,
         "cannot write /nowhere/file: No"},
        {GOOD "--trace /dev/full 2>&1", 2, "cannot write /dev/full: No space"},
        {GOOD "2>&1 >/dev/full", 2, "cannot write standard output: No space"},
        {"$RAFTSIM help 2>&1 >/dev/full", 2, "cannot write standard output"},
        {"file=$(mktemp) && echo '{\"description\": \"x\"}' >$file && "
         "$RAFTSIM run $file --trace $file 2>&1; code=$?; rm $file; exit $code",
         2, "would overwrite a scenario"},
    };
    EXPECT_ALL(list);
}

Test(command, complains_of_files)
{
    static const struct expectation list[] = {
        {"$RAFTSIM run /nowhere/x.json 2>&1", 2, "x.json: No such file"},
        {"$RAFTSIM run / 2>&1", 2, "/: Is a directory"},
        {"printf '{\"nodse\": 3}' | $RAFTSIM run - 2>&1", 2,
         "standard input:1:2: /nodse: "},
        {"printf '{' | $RAFTSIM check -", 2, "standard input:1:"},
        {"printf '' | $RAFTSIM check -", 2, "standard input:1:1: "},
        {BEGIN "}' | $RAFTSIM check -", 0, "standard input: ok"},
        {BEGIN "}' | $RAFTSIM check /nowhere/x.json - 2>&1", 2,
         "standard input: ok"},
        {"head -c 67108865 /dev/zero | $RAFTSIM check - 2>&1", 2,
         "larger than 8 MiB, no"},
    };
    EXPECT_ALL(list);
}

Test(command, worst_of_several_files_decides)
{
    static const struct expectation list[] = {
        {GOOD "/nowhere 2>&1", 2, "AS EXPECTED"},
        {BEGIN "}' | $RAFTSIM run /nowhere - 2>&1", 2, "AS EXPECTED"},
        {UNMET "/nowhere 2>&1", 2, "/nowhere: No such file"},
    };
    EXPECT_ALL(list);
}

/* A run of a thousand hours does not end by itself. */
Test(command, ends_in_good_order_at_ctrl_c)
{
    /* The signal comes when the trace has begun. */
    static const struct expectation list[] = {
        {"dir=$(mktemp -d) && cd \"$dir\" && "
         "printf '{\"description\": \"x\", \"duration\": \"1000h\"}' "
         ">x.json && { $RAFTSIM run x.json --trace t & } && "
         "until [ -s t ]; do sleep 0.02; done; "
         "kill -INT $!; wait $!; code=$?; rm -r \"$dir\"; exit $code",
         130, "INTERRUPTED"},
    };
    EXPECT_ALL(list);
}

Test(command, colours_nothing_that_is_no_terminal)
{
    struct outcome outcome;
    run_line(GOOD, &outcome);
    cr_expect_null(strchr(outcome.output, '\033'));
    cr_expect_gt(strlen(outcome.output), 100);
}

/* Several commands may write their lines to one file: none may be torn, however
 * long it is. */
Test(command, a_line_of_json_is_one_write)
{
    cr_expect_eq(count_writes(VIOLATED "--json"), 1);
    cr_expect_eq(count_writes("printf '{\"description\": \"%020000d\", "
                              "\"duration\": \"1s\"}' 0 | "
                              "$RAFTSIM run - --json"),
                 1);
    cr_expect_eq(count_writes("$RAFTSIM run $RAFTSIM_SOURCE/scenarios/"
                              "swarm.json --seeds 1..20 --json"),
                 20);
}
