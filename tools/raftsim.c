/* The raftsim command: picks the command that the first word names. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/command.h"
#include "tools/help.h"
#include "tools/options.h"

static const struct {
    const char *name;
    int (*run)(const char *program, int argc, char **argv);
} commands[] = {{"run", cmd_run},         {"check", cmd_check},
                {"sweep", cmd_sweep},     {"merge", cmd_merge},
                {"replay", cmd_replay},   {"shrink", cmd_shrink},
                {"explain", cmd_explain}, {"compare", cmd_compare},
                {"hunt", cmd_hunt},       {"help", cmd_help}};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static int unknown_word(const char *word)
{
    const char *known[COMMAND_COUNT + 2] = {"--help", "--version"};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        known[i + 2] = commands[i].name;
    }
    options_unknown(word[0] == '-' ? "option" : "command", word, known,
                    COMMAND_COUNT + 2);
    options_hint(NULL);
    return EXIT_BAD_INPUT;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        fputs("raftsim: which command?\n", stderr);
        options_hint(NULL);
        return EXIT_BAD_INPUT;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        puts("raftsim " RAFTSIM_VERSION);
        return EXIT_AS_EXPECTED;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return help_page(NULL, stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, commands[i].name) == 0) {
            return commands[i].run(argv[0], argc - 1, argv + 1);
        }
    }
    return unknown_word(word);
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error */
    int code = dispatch(argc, argv);
    bool failed = ferror(stdout) != 0;
    const char *reason = "write error";
    if (fflush(stdout) != 0) {
        failed = true;
        reason = strerror(errno);
    }
    /* A command that has said so returned a higher code. */
    if (!failed || code >= EXIT_BAD_INPUT) {
        return code;
    }
    fprintf(stderr, "raftsim: cannot write standard output: %s\n", reason);
    return EXIT_BAD_INPUT;
}
