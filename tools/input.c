#define _POSIX_C_SOURCE 200809L

#include "tools/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/json.h"
#include "sim/memory.h"

const char *input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* The stream's bytes in a block to be freed, or NULL and errno. */
static char *read_all(FILE *stream, size_t most, size_t *size)
{
    char *text = NULL;
    size_t capacity = 0;
    size_t got;
    *size = 0;
    errno = 0;
    do {
        text = sim_grow(text, &capacity, *size + 4096, 1);
        got = fread(text + *size, 1, capacity - *size, stream);
        *size += got;
        if (*size > most) {
            errno = EFBIG;
            break;
        }
    } while (got > 0);
    if (ferror(stream) != 0 || *size > most) {
        free(text);
        return NULL;
    }
    text[*size] = '\0'; /* there was room for more */
    return text;
}

static char *read_file(const char *path, size_t most, size_t *size)
{
    if (strcmp(path, "-") == 0) {
        return read_all(stdin, most, size);
    }
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return NULL;
    }
    char *text = read_all(stream, most, size);
    int error = errno;
    fclose(stream);
    errno = error;
    return text;
}

static void print_problem(FILE *out, const char *name,
                          const struct sim_scenario_problem *problem)
{
    fprintf(out, "%s:%u:%u: ", name, (unsigned)problem->line,
            (unsigned)problem->column);
    if (problem->pointer[0] != '\0') {
        fprintf(out, "%s: ", problem->pointer);
    }
    fprintf(out, "%s\n", problem->message);
}

char *input_read_any(const char *path, size_t most, const char *what,
                     size_t *size)
{
    const char *name = input_name(path);
    char *text = read_file(path, most, size);
    if (text == NULL && errno == EFBIG) {
        fprintf(stderr, "raftsim: %s: larger than %zu MiB, no %s\n", name,
                most >> 20, what);
    } else if (text == NULL) {
        fprintf(stderr, "raftsim: %s: %s\n", name, strerror(errno));
    }
    return text;
}

void input_print_problems(const char *path,
                          const struct sim_scenario_problems *problems,
                          FILE *out)
{
    for (uint32_t i = 0; i < problems->count; i++) {
        print_problem(out, input_name(path), &problems->items[i]);
    }
}

char *input_read(const char *path, size_t *size)
{
    return input_read_any(path, SIM_JSON_MAX_BYTES, "scenario", size);
}

/* A file of tools/artifact.h says so in its first member. */
static bool is_failure(const char *text, size_t size)
{
    static const char mark[] = "\"raftsim failure ";
    for (size_t i = 0; i < 64 && i + sizeof mark <= size; i++) {
        if (memcmp(text + i, mark, sizeof mark - 1) == 0) {
            return true;
        }
    }
    return false;
}

struct sim_scenario *input_parse(const char *path, const char *text,
                                 size_t size, const uint64_t *seed,
                                 FILE *problems_to)
{
    struct sim_scenario_problems problems = {0};
    struct sim_scenario *scenario =
        sim_scenario_parse(text, size, seed, &problems);
    if (scenario == NULL && is_failure(text, size)) {
        fprintf(problems_to,
                "%s: this is a failure that was kept, for 'raftsim replay', "
                "and no scenario\n",
                input_name(path));
    } else {
        input_print_problems(path, &problems, problems_to);
    }
    sim_scenario_problems_free(&problems);
    return scenario;
}

struct sim_scenario *input_scenario(const char *path, const uint64_t *seed,
                                    FILE *problems_to)
{
    size_t size = 0;
    char *text = input_read(path, &size);
    if (text == NULL) {
        return NULL;
    }
    struct sim_scenario *scenario =
        input_parse(path, text, size, seed, problems_to);
    free(text);
    return scenario;
}

bool input_is_same_file(const char *a, const char *b)
{
    struct stat a_stat, b_stat;
    return stat(a, &a_stat) == 0 && stat(b, &b_stat) == 0 &&
           S_ISREG(a_stat.st_mode) && a_stat.st_dev == b_stat.st_dev &&
           a_stat.st_ino == b_stat.st_ino;
}
