#undef NDEBUG
#include "tools/options.h"

#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "sim/json.h"
#include "tools/terminal.h"

/* Room for an option with its dashes. */
#define MAX_WORD 32u

void options_unknown(const char *what, const char *given,
                     const char *const *known, size_t count)
{
    const char *nearest = sim_json_nearest(given, known, count);
    fprintf(stderr, "raftsim: unknown %s '%s'", what, given);
    if (nearest != NULL) {
        fprintf(stderr, ", did you mean '%s'?", nearest);
    }
    fputc('\n', stderr);
}

void options_hint(const char *page)
{
    fprintf(stderr, "Try 'raftsim help%s%s'.\n", page != NULL ? " " : "",
            page != NULL ? page : "");
}

static const struct options_spec *find_spec(const struct options *options,
                                            int key)
{
    for (size_t i = 0; i < options->n_specs; i++) {
        if (options->specs[i].key == key) {
            return &options->specs[i];
        }
    }
    return NULL;
}

/* A word that begins with "--" and is no option, or begins several. */
static void explain_long(const struct options *options, const char *word)
{
    char names[OPTIONS_MAX][MAX_WORD];
    const char *known[OPTIONS_MAX];
    char given[MAX_WORD];
    size_t length = strcspn(word, "=");
    unsigned begins = 0;
    for (size_t i = 0; i < options->n_specs; i++) {
        snprintf(names[i], sizeof names[i], "--%s", options->specs[i].name);
        known[i] = names[i];
        if (strncmp(names[i], word, length) == 0) {
            begins++;
        }
    }
    snprintf(given, sizeof given, "%.*s", (int)length, word);
    if (begins > 1) {
        fprintf(stderr, "raftsim: option '%s' is ambiguous\n", given);
    } else {
        options_unknown("option", given, known, options->n_specs);
    }
}

static void explain(const struct options *options, int answer)
{
    const struct options_spec *spec = find_spec(options, optopt);
    const char *word = options->argv[optind - 1];
    if (answer == ':' && spec != NULL) {
        fprintf(stderr, "raftsim: option '--%s' needs an argument: %s\n",
                spec->name, spec->argument);
    } else if (spec != NULL) {
        fprintf(stderr, "raftsim: option '--%s' takes no argument\n",
                spec->name);
    } else if (optopt != 0) {
        fprintf(stderr, "raftsim: unknown option '-%c'\n", optopt);
    } else {
        explain_long(options, word);
    }
    options_hint(options->command);
}

int options_next(const struct options *options, const char **value)
{
    struct option longs[OPTIONS_MAX + 1] = {{0}};
    char shorts[2 * OPTIONS_MAX + 2] = ":";
    size_t end = 1;
    assert(options->n_specs <= OPTIONS_MAX);
    for (size_t i = 0; i < options->n_specs; i++) {
        const struct options_spec *spec = &options->specs[i];
        bool takes = spec->argument != NULL;
        longs[i].name = spec->name;
        longs[i].has_arg = takes ? required_argument : no_argument;
        longs[i].val = spec->key;
        if (spec->key < OPTIONS_LONG_ONLY) {
            shorts[end++] = (char)spec->key;
            if (takes) {
                shorts[end++] = ':';
            }
        }
    }
    opterr = 0;
    int answer = getopt_long(options->argc, options->argv, shorts, longs, NULL);
    *value = optarg;
    if (answer == '?' || answer == ':') {
        explain(options, answer);
        return OPTIONS_ERROR;
    }
    return answer == -1 ? OPTIONS_END : answer;
}

char **options_operands(const struct options *options, int *count)
{
    *count = options->argc - optind;
    return options->argv + optind;
}

bool options_number(const char *text, uint64_t *value)
{
    static const char digits[] = "0123456789abcdef";
    bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned base = hexadecimal ? 16 : 10;
    const char *at = hexadecimal ? text + 2 : text;
    uint64_t number = 0;
    if (*at == '\0') {
        return false;
    }
    for (; *at != '\0'; at++) {
        char letter = *at >= 'A' && *at <= 'F' ? (char)(*at - 'A' + 'a') : *at;
        const char *digit = strchr(digits, letter);
        if (digit == NULL || digit >= digits + base) {
            return false;
        }
        unsigned add = (unsigned)(digit - digits);
        if (number > (UINT64_MAX - add) / base) {
            return false;
        }
        number = number * base + add;
    }
    *value = number;
    return true;
}

bool options_take_number(const char *option, const char *text, uint64_t *value)
{
    if (options_number(text, value)) {
        return true;
    }
    fprintf(stderr,
            "raftsim: --%s '%s': expected a number from 0 to %" PRIu64
            ", decimal or 0x hexadecimal\n",
            option, text, UINT64_MAX);
    return false;
}

void options_print(const struct options_spec *specs, size_t n_specs, FILE *out)
{
    for (size_t i = 0; i < n_specs; i++) {
        const struct options_spec *spec = &specs[i];
        fputs("    ", out);
        if (spec->key < OPTIONS_LONG_ONLY) {
            fprintf(out, "-%c, ", spec->key);
        }
        fprintf(out, "--%s", spec->name);
        if (spec->argument != NULL) {
            fprintf(out, " %s", spec->argument);
        }
        fputc('\n', out);
        terminal_wrap(out, spec->help, 8, 80);
    }
}
