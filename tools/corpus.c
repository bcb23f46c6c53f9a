#define _POSIX_C_SOURCE 200809L

#include "tools/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/checker.h"
#include "sim/memory.h"
#include "tools/options.h"

#define SUFFIX ".patch"

/* Longer lines of a header are cut; lines of the patch are not read. */
#define LINE_SIZE 1024u

/* What stands between two words of a list. */
#define SEPARATORS ", "

/* What ends a run other than the violation of a property (tools/hunt.h). */
static const char *const other_ends[] = {"crash", "hang", "contract",
                                         "expectation", "not_repeatable"};

#define OTHER_COUNT (sizeof other_ends / sizeof other_ends[0])
#define END_COUNT (SIM_PROPERTY_COUNT + OTHER_COUNT)

/* --- lists of words ------------------------------------------------------- */

/* The next word of a list, of `*size` bytes; NULL at its end. */
static const char *next_word(const char **list, size_t *size)
{
    const char *word = *list + strspn(*list, SEPARATORS);
    *size = strcspn(word, SEPARATORS);
    *list = word + *size;
    return *size > 0 ? word : NULL;
}

static bool is_in(const char *list, const char *wanted)
{
    size_t size;
    for (const char *word; (word = next_word(&list, &size)) != NULL;) {
        if (size == strlen(wanted) && memcmp(word, wanted, size) == 0) {
            return true;
        }
    }
    return false;
}

bool corpus_expects(const struct corpus_mutant *mutant, const char *what)
{
    return is_in(mutant->expected, what);
}

/* --- one patch ------------------------------------------------------------ */

static bool complain(const char *path, const char *problem)
{
    fprintf(stderr, "raftsim: %s: %s\n", path, problem);
    return false;
}

/* "key: value" with this key: a copy of the value, in place of what was there
 * before. */
static void take_value(const char *line, const char *key, char **value)
{
    size_t size = strlen(key);
    if (strncmp(line, key, size) == 0 && line[size] == ':') {
        const char *text = line + size + 1;
        free(*value);
        *value = sim_strdup(text + strspn(text, " "));
    }
}

static bool check_expected(const char *path, const char *expected)
{
    const char *known[END_COUNT];
    char word[LINE_SIZE];
    size_t size;
    for (size_t i = 0; i < END_COUNT; i++) {
        known[i] = i < SIM_PROPERTY_COUNT
                       ? sim_property_name((enum sim_property)i)
                       : other_ends[i - SIM_PROPERTY_COUNT];
    }
    for (const char *at; (at = next_word(&expected, &size)) != NULL;) {
        bool found = false;
        snprintf(word, sizeof word, "%.*s", (int)size, at);
        for (size_t i = 0; i < END_COUNT && !found; i++) {
            found = strcmp(word, known[i]) == 0;
        }
        if (!found) {
            fprintf(stderr, "raftsim: %s: 'expected'\n", path);
            options_unknown("property", word, known, END_COUNT);
            return false;
        }
    }
    return true;
}

static bool has_words(const char *value)
{
    return value != NULL && value[strspn(value, SEPARATORS)] != '\0';
}

static bool check(const char *path, const char *name,
                  const struct corpus_mutant *mutant)
{
    if (mutant->name == NULL || strcmp(mutant->name, name) != 0) {
        return complain(path, "expected a header with 'name:' and the name of "
                              "the file");
    }
    if (!has_words(mutant->happened) || !has_words(mutant->defect) ||
        !has_words(mutant->expected)) {
        return complain(path, "expected 'happened:', 'defect:' and 'expected:' "
                              "in the header");
    }
    return check_expected(path, mutant->expected);
}

static bool read_header(const char *path, struct corpus_mutant *mutant)
{
    char line[LINE_SIZE];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return complain(path, strerror(errno));
    }
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' || strncmp(line, "--- ", 4) == 0) {
            break;
        }
        take_value(line, "name", &mutant->name);
        take_value(line, "happened", &mutant->happened);
        take_value(line, "defect", &mutant->defect);
        take_value(line, "expected", &mutant->expected);
    }
    fclose(file);
    return true;
}

/* "FOLDER/BEFORE" + name + "AFTER"; to be freed. */
static char *make_path(const char *folder, const char *before, const char *name,
                       const char *after)
{
    size_t room =
        strlen(folder) + strlen(before) + strlen(name) + strlen(after) + 2;
    char *path = sim_calloc(room, 1);
    snprintf(path, room, "%s/%s%s%s", folder, before, name, after);
    return path;
}

static bool load_one(struct corpus *corpus, const char *directory,
                     const char *build, const char *name)
{
    corpus->mutants = sim_grow(corpus->mutants, &corpus->capacity,
                               corpus->count + 1, sizeof *corpus->mutants);
    struct corpus_mutant *mutant = &corpus->mutants[corpus->count++];
    char *path = make_path(directory, "", name, SUFFIX);
    *mutant = (struct corpus_mutant){0};
    mutant->executable = make_path(build, "raftsim-", name, "");
    bool good = read_header(path, mutant) && check(path, name, mutant);
    if (good && access(mutant->executable, X_OK) != 0) {
        good = complain(mutant->executable, strerror(errno));
        fputs("Was it built?\n", stderr);
    }
    free(path);
    return good;
}

/* --- the directory -------------------------------------------------------- */

struct names {
    char **items;
    size_t count, capacity;
};

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i]);
    }
    free(names->items);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_names(const char *directory, struct names *names)
{
    DIR *stream = opendir(directory);
    if (stream == NULL) {
        return complain(directory, strerror(errno));
    }
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        size_t size = strlen(entry->d_name);
        size_t suffix = strlen(SUFFIX);
        if (size > suffix &&
            strcmp(entry->d_name + size - suffix, SUFFIX) == 0) {
            names->items = sim_grow(names->items, &names->capacity,
                                    names->count + 1, sizeof(char *));
            char *name = sim_strdup(entry->d_name);
            name[size - suffix] = '\0';
            names->items[names->count++] = name;
        }
    }
    closedir(stream);
    if (names->count == 0) {
        return complain(directory, "no mutants there (*" SUFFIX ")");
    }
    qsort(names->items, names->count, sizeof(char *), compare_names);
    return true;
}

/* Every word of `only` must be one of them. */
static bool check_only(const char *only, const struct names *names)
{
    char word[LINE_SIZE];
    size_t size;
    for (const char *at; (at = next_word(&only, &size)) != NULL;) {
        bool found = false;
        snprintf(word, sizeof word, "%.*s", (int)size, at);
        for (size_t i = 0; i < names->count && !found; i++) {
            found = strcmp(word, names->items[i]) == 0;
        }
        if (!found) {
            options_unknown("mutant", word, (const char *const *)names->items,
                            names->count);
            return false;
        }
    }
    return true;
}

bool corpus_load(struct corpus *corpus, const char *directory,
                 const char *build, const char *only)
{
    struct names names = {0};
    bool good = list_names(directory, &names) &&
                (only == NULL || check_only(only, &names));
    for (size_t i = 0; i < names.count && good; i++) {
        if (only == NULL || is_in(only, names.items[i])) {
            good = load_one(corpus, directory, build, names.items[i]);
        }
    }
    free_names(&names);
    if (good && corpus->count == 0) {
        fputs("raftsim: --only names no mutant\n", stderr);
        good = false;
    }
    return good;
}

void corpus_free(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        free(corpus->mutants[i].name);
        free(corpus->mutants[i].happened);
        free(corpus->mutants[i].defect);
        free(corpus->mutants[i].expected);
        free(corpus->mutants[i].executable);
    }
    free(corpus->mutants);
    *corpus = (struct corpus){0};
}
