/* The mutants: patches to raft/ with one defect each, and the commands built
 * from them. That the simulator finds the defects is not shown here, but that
 * each is what it says: described, and a cluster that works as long as nothing
 * goes wrong. tools/corpus.h tells how a patch begins.
 *
 * $RAFTSIM_MUTANTS is the folder of the commands, raftsim-NAME. */
#define _POSIX_C_SOURCE 200809L

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tools/corpus.h"

#define FOLDER "tests/mutants"
#define LINE_SIZE 4096

/* Nothing goes wrong, and messages do not overtake each other. Some mutants are
 * caught even so: no checks, but the commits are counted. */
#define QUIET                                                                  \
    "{\"description\": \"Nothing goes wrong.\", \"duration\": \"3s\","         \
    " \"network\": {\"delay\": \"1ms\"},"                                      \
    " \"workload\": {\"operations\": {\"set\": 50, \"read\": 50}},"            \
    " \"expect\": {\"commits_at_least\": 50, \"reads_at_least\": 50}}"

static struct corpus corpus;

/* Every patch has a header as it should be, and was built. */
static void load(void)
{
    const char *build = getenv("RAFTSIM_MUTANTS");
    cr_assert_not_null(build);
    cr_assert(corpus_load(&corpus, FOLDER, build, NULL));
    /* What happened to others are 32; at least 8 are our own. */
    cr_assert_geq(corpus.count, 40);
}

static void unload(void)
{
    corpus_free(&corpus);
}

TestSuite(mutants, .init = load, .fini = unload);

Test(mutants, each_tells_its_defect_in_a_sentence)
{
    for (size_t i = 0; i < corpus.count; i++) {
        const char *defect = corpus.mutants[i].defect;
        cr_expect_eq(defect[strlen(defect) - 1], '.', "%s: no sentence: %s",
                     corpus.mutants[i].name, defect);
    }
}

static void run_quietly(const struct corpus_mutant *mutant)
{
    char line[LINE_SIZE];
    char output[4096];
    snprintf(line, sizeof line,
             "printf '%%s' '%s' | '%s' run - --no-checks 2>&1", QUIET,
             mutant->executable);
    FILE *pipe = popen(line, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(output, 1, sizeof output - 1, pipe);
    output[size] = '\0';
    while (fgetc(pipe) != EOF) {
    }
    int status = pclose(pipe);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s:\n%s",
              mutant->name, output);
}

/* None is so wrong that anybody would see it. */
Test(mutants, each_works_when_nothing_goes_wrong)
{
    for (size_t i = 0; i < corpus.count; i++) {
        run_quietly(&corpus.mutants[i]);
    }
}
