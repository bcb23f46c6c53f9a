/* The mutants: patches to raft/ with one defect each, and the commands built
 * from them. That the simulator finds the defects is not shown here, but that
 * each is what it says: described, and a cluster that works as long as nothing
 * goes wrong.
 *
 * A patch, tests/mutants/NAME.patch, begins with four lines and an empty one:
 *
 *   name: NAME
 *   happened: where, or "own"
 *   defect: what is wrong, in a sentence
 *   expected: properties that could catch it, as named in scenarios: A, B; or
 *             contract, what the simulator holds each node to
 *
 * $RAFTSIM_MUTANTS is the folder of the commands, raftsim-NAME. */
#define _POSIX_C_SOURCE 200809L

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "sim/checker.h"

#define FOLDER "tests/mutants"
#define LINE_SIZE 512
#define NAME_SIZE 64

/* Nothing goes wrong, and messages do not overtake each other. Some mutants are
 * caught even so: no checks, but the commits are counted. */
#define QUIET                                                                  \
    "{\"description\": \"Nothing goes wrong.\", \"duration\": \"3s\","         \
    " \"network\": {\"delay\": \"1ms\"},"                                      \
    " \"workload\": {\"operations\": {\"set\": 50, \"read\": 50}},"            \
    " \"expect\": {\"commits_at_least\": 50, \"reads_at_least\": 50}}"

struct header {
    char name[LINE_SIZE];
    char happened[LINE_SIZE];
    char defect[LINE_SIZE];
    char expected[LINE_SIZE];
};

/* "KEY: VALUE" and the line's end. */
static void read_value(FILE *file, const char *path, const char *key,
                       char *value)
{
    char line[LINE_SIZE];
    cr_assert_not_null(fgets(line, LINE_SIZE, file), "%s: no %s", path, key);
    size_t n = strlen(key);
    char *end = strchr(line, '\n');
    cr_assert_not_null(end, "%s: %s is too long", path, key);
    *end = '\0';
    cr_assert(strncmp(line, key, n) == 0 && strncmp(line + n, ": ", 2) == 0,
              "%s: not \"%s: ...\" but \"%s\"", path, key, line);
    strcpy(value, line + n + 2);
    cr_assert_neq(value[0], '\0', "%s: %s is empty", path, key);
}

static struct header read_header(const char *path)
{
    struct header header;
    char line[LINE_SIZE];
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "cannot open %s", path);
    read_value(file, path, "name", header.name);
    read_value(file, path, "happened", header.happened);
    read_value(file, path, "defect", header.defect);
    read_value(file, path, "expected", header.expected);
    cr_assert_not_null(fgets(line, LINE_SIZE, file), "%s ends early", path);
    cr_assert_str_eq(line, "\n", "%s: a line too much: %s", path, line);
    cr_assert_not_null(fgets(line, LINE_SIZE, file), "%s: no patch", path);
    cr_assert_eq(strncmp(line, "--- a/raft/", 11), 0, "%s: %s", path, line);
    fclose(file);
    return header;
}

static bool is_property(const char *word)
{
    if (strcmp(word, "contract") == 0) {
        return true; /* between node and host: the node broke its word */
    }
    for (int i = 0; i < SIM_PROPERTY_COUNT; i++) {
        if (strcmp(word, sim_property_name((enum sim_property)i)) == 0) {
            return true;
        }
    }
    return false;
}

static void check_expected(const char *path, char *expected)
{
    char *rest = expected;
    for (char *word; (word = strtok_r(rest, ", ", &rest)) != NULL;) {
        cr_expect(is_property(word), "%s: no property \"%s\"", path, word);
    }
}

/* The mutant's name, if `file` is its patch. */
static bool is_patch(const char *file, char *name)
{
    const char *ending = strstr(file, ".patch");
    if (ending == NULL || strcmp(ending, ".patch") != 0 ||
        ending - file >= NAME_SIZE) {
        return false;
    }
    snprintf(name, NAME_SIZE, "%.*s", (int)(ending - file), file);
    return true;
}

/* Calls `look` for each patch, and counts them. */
static int for_each_patch(void (*look)(const char *name))
{
    int count = 0;
    DIR *folder = opendir(FOLDER);
    cr_assert_not_null(folder, "no folder " FOLDER);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[NAME_SIZE];
        if (is_patch(entry->d_name, name)) {
            look(name);
            count++;
        }
    }
    closedir(folder);
    return count;
}

static void check_header(const char *name)
{
    char path[LINE_SIZE];
    snprintf(path, sizeof path, FOLDER "/%s.patch", name);
    struct header header = read_header(path);
    cr_expect_str_eq(header.name, name, "%s: name is %s", path, header.name);
    size_t length = strlen(header.defect);
    cr_expect_eq(header.defect[length - 1], '.', "%s: no sentence: %s", path,
                 header.defect);
    check_expected(path, header.expected);
}

/* What happened to others are 32; at least 8 are our own. */
Test(mutants, each_patch_says_what_it_is)
{
    cr_expect_geq(for_each_patch(check_header), 40);
}

static void run_quietly(const char *name)
{
    char line[2 * LINE_SIZE];
    char output[4096];
    snprintf(line, sizeof line,
             "printf '%%s' '%s' | %s/raftsim-%s run - --no-checks 2>&1", QUIET,
             getenv("RAFTSIM_MUTANTS"), name);
    FILE *pipe = popen(line, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(output, 1, sizeof output - 1, pipe);
    output[size] = '\0';
    while (fgetc(pipe) != EOF) {
    }
    int status = pclose(pipe);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s:\n%s", name,
              output);
}

/* Every patch is built, and none is so wrong that anybody would see it. */
Test(mutants, each_works_when_nothing_goes_wrong)
{
    cr_assert_not_null(getenv("RAFTSIM_MUTANTS"));
    cr_expect_geq(for_each_patch(run_quietly), 40);
}
