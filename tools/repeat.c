#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/report.h"

/* Nothing in these means anything to a shell. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "0123456789_-./:,+@%=";

struct text {
    char *bytes;
    size_t size;
    size_t capacity;
};

static void add(struct text *text, const char *more)
{
    size_t size = strlen(more);
    text->bytes =
        sim_grow(text->bytes, &text->capacity, text->size + size + 1, 1);
    memcpy(text->bytes + text->size, more, size + 1);
    text->size += size;
}

/* A word as a shell reads it back: in single quotes where it needs them. */
static void add_quoted(struct text *text, const char *word)
{
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        add(text, word);
        return;
    }
    add(text, "'");
    for (const char *at = word; *at != '\0'; at++) {
        char letter[2] = {*at, '\0'};
        add(text, *at == '\'' ? "'\\''" : letter);
    }
    add(text, "'");
}

char *report_repeat(const char *program, const char *path,
                    const struct sim_options *options, const char *without)
{
    struct text text = {0};
    char number[64];
    add_quoted(&text, program);
    add(&text, " run ");
    /* A name that looks like an option would be read as one. */
    if (path[0] == '-' && path[1] != '\0') {
        add(&text, "./");
    }
    add_quoted(&text, path);
    snprintf(number, sizeof number, " --seed %" PRIu64, options->seed);
    add(&text, number);
    if (options->max_steps != SIM_UNLIMITED) {
        snprintf(number, sizeof number, " --max-steps %" PRIu64,
                 options->max_steps);
        add(&text, number);
    }
    if (options->max_time_us > 0) {
        snprintf(number, sizeof number, " --max-virtual-time %" PRIu64 "ms",
                 options->max_time_us / 1000u);
        add(&text, number);
    }
    if (without != NULL) {
        add(&text, " --without ");
        add_quoted(&text, without);
    }
    if (!options->checks) {
        add(&text, " --no-checks");
    }
    return text.bytes;
}
