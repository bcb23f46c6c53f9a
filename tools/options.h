/* Command-line options in the GNU manner, from one table a command.
 *
 * The table gives both the parsing and the OPTIONS section of the help. Long
 * options may be shortened while they stay unambiguous, options may follow
 * operands, and `--` ends them. Built on getopt_long(), so one command line a
 * process.
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_MAX 20u

/* Keys from here on are options without a letter. */
#define OPTIONS_LONG_ONLY 256

struct options_spec {
    int key;              /* the letter, or OPTIONS_LONG_ONLY and above */
    const char *name;     /* "seed" */
    const char *argument; /* "N"; NULL: it takes none */
    const char *help;     /* one paragraph */
};

#define OPTIONS_END (-1)
#define OPTIONS_ERROR (-2)

struct options {
    const char *command; /* "run": for messages */
    const struct options_spec *specs;
    size_t n_specs; /* at most OPTIONS_MAX */
    int argc;
    char **argv;
};

/* The key of the next option, its argument in `*value`; OPTIONS_END after the
 * last; OPTIONS_ERROR for one that is wrong, after saying so on stderr. */
int options_next(const struct options *options, const char **value);

/* What is left after OPTIONS_END: `*count` operands. */
char **options_operands(const struct options *options, int *count);

/* Reads an unsigned number of 64 bits, decimal or 0x hexadecimal, and nothing
 * else: no sign, no space, no overflow. */
bool options_number(const char *text, uint64_t *value);

/* The same for the argument of `--option`; false after saying so on stderr. */
bool options_take_number(const char *option, const char *text, uint64_t *value);

/* The table as the OPTIONS section of a help page. */
void options_print(const struct options_spec *specs, size_t n_specs, FILE *out);

/* Says on stderr that `given` is no `what` ("command"), with the nearest of the
 * `count` words in `known` if one is near. */
void options_unknown(const char *what, const char *given,
                     const char *const *known, size_t count);

/* Points to the help page `page` on stderr, after a usage error; NULL: to the
 * overview. */
void options_hint(const char *page);

#endif
