#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/node.h"
#include "tools/report.h"
#include "tools/text.h"

/* Nothing in these means anything to a shell. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "0123456789_-./:,+@%=";

/* A word as a shell reads it back: in single quotes where it needs them. */
static void add_quoted(struct text *text, const char *word)
{
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        text_add(text, word);
        return;
    }
    text_add(text, "'");
    for (const char *at = word; *at != '\0'; at++) {
        char letter[2] = {*at, '\0'};
        text_add(text, *at == '\'' ? "'\\''" : letter);
    }
    text_add(text, "'");
}

/* A name that looks like an option would be read as one. */
static void add_path(struct text *text, const char *path)
{
    if (path[0] == '-' && path[1] != '\0') {
        text_add(text, "./");
    }
    add_quoted(text, path);
}

char *report_command(const char *program, const char *word, const char *path)
{
    struct text text = {0};
    add_quoted(&text, program);
    text_add_format(&text, " %s ", word);
    add_path(&text, path);
    return text.bytes;
}

char *report_repeat(const char *program, const char *path,
                    const struct sim_options *options, const char *without,
                    bool twice, const char *node)
{
    struct text text = {0};
    add_quoted(&text, program);
    text_add(&text, " run ");
    add_path(&text, path);
    text_add_format(&text, " --seed %" PRIu64, options->seed);
    if (!node_is_builtin(node)) {
        text_add(&text, " --node ");
        add_quoted(&text, node);
    }
    if (options->max_steps != SIM_UNLIMITED) {
        text_add_format(&text, " --max-steps %" PRIu64, options->max_steps);
    }
    if (options->max_time_us > 0) {
        text_add_format(&text, " --max-virtual-time %" PRIu64 "ms",
                        options->max_time_us / 1000u);
    }
    if (without != NULL) {
        text_add(&text, " --without ");
        add_quoted(&text, without);
    }
    if (!options->checks) {
        text_add(&text, " --no-checks");
    }
    if (twice) {
        text_add(&text, " --double-check 1");
    }
    return text.bytes;
}
