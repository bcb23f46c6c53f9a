/* The commands of raftsim, and the exit codes that they share.
 *
 * A command takes the program's name as it was typed (for messages that a
 * person can paste), its own arguments with its name first, and returns the
 * exit code. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

enum exit_code {
    EXIT_AS_EXPECTED = 0,
    EXIT_UNEXPECTED = 1, /* a violation, or an unmet expectation */
    EXIT_BAD_INPUT = 2,  /* of the user: usage, files, scenarios */
    EXIT_BROKEN = 3,     /* a node or the simulator broke its contract */
    EXIT_INTERRUPTED = 130,
};

int cmd_run(const char *program, int argc, char **argv);
int cmd_check(const char *program, int argc, char **argv);
int cmd_replay(const char *program, int argc, char **argv);
int cmd_shrink(const char *program, int argc, char **argv);
int cmd_sweep(const char *program, int argc, char **argv);
int cmd_merge(const char *program, int argc, char **argv);
int cmd_explain(const char *program, int argc, char **argv);
int cmd_compare(const char *program, int argc, char **argv);
int cmd_hunt(const char *program, int argc, char **argv);
int cmd_help(const char *program, int argc, char **argv);

#endif
