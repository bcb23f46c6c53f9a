/* The mutants: patches to raft/ with one defect each, and the commands built
 * from them. How fast the simulator finds the defects is not shown here, but
 * that each is what it says: described, and a cluster that works as long as
 * nothing goes wrong; and that the story of a run in which it goes wrong names
 * what is broken. tools/corpus.h tells how a patch begins.
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

/* --- stories -------------------------------------------------------------- */

#define STORY_SIZE 32768

/* What the story of a mutant's first failing run says of the rule that it
 * breaks. */
static const struct {
    const char *name;
    const char *rule;
} rules[] = {
    {"vote-twice", "at most one candidate in a term"},
    {"vote-outlives-term", "has voted for nobody in it yet"},
    {"vote-by-length", "if its own log is more up-to-date"},
    {"vote-ignores-log", "if its own log is more up-to-date"},
    {"pre-votes-count", "votes of its term from a majority"},
    {"no-step-down", "takes that term and becomes a follower"},
    {"no-prev-check", "A follower refuses new entries if"},
    {"ack-unmatched", "A follower acknowledges what its log has in common"},
    {"compacted-reappend", "each at its own index"},
    {"no-truncate-conflict", "deletes an entry that conflicts"},
    {"truncate-matching", "only if one of them conflicts"},
    {"ack-before-durable", "on stable storage before it answers"},
    {"vote-not-durable", "on stable storage before it answers"},
    {"half-is-majority", "stored on a majority of the voters"},
    {"learner-counts", "stored on a majority of the voters"},
    {"commit-own-last", "not beyond the last entry that the leader's request"},
    {"match-regress", "commit index increases monotonically"},
    {"apply-past-commit", "applies an entry once it is committed"},
    {"two-changes-at-once", "only when the one before is committed"},
    {"change-before-noop", "only when an entry of its own term is committed"},
    {"learners-lost", "adds or removes one voter"},
    {"config-survives-truncation", "uses the latest configuration in its log"},
    {"restart-reapplies", "begins a life with the state of its snapshot"},
    {"transfer-premature", "only when that server's log is as long as its own"},
    {"read-before-noop", "serves reads only when an entry of its own term"},
    {"read-before-applied", "until the state machine has applied all"},
};

static const struct corpus_mutant *find_mutant(const char *name)
{
    for (size_t i = 0; i < corpus.count; i++) {
        if (strcmp(corpus.mutants[i].name, name) == 0) {
            return &corpus.mutants[i];
        }
    }
    cr_assert_fail("no mutant %s", name);
    return NULL;
}

/* The first run that fails, explained: words with single spaces. */
static void tell_story(const struct corpus_mutant *mutant, char *story)
{
    char line[LINE_SIZE];
    snprintf(line, sizeof line,
             "seed=$('%s' run scenarios/swarm.json --seeds 1..400 "
             "--until-failure | sed -n '1s/.*, seed \\([0-9]*\\):.*/\\1/p')\n"
             "'%s' explain scenarios/swarm.json --seed \"$seed\" 2>&1 |"
             "tr -s ' \\n' ' '",
             mutant->executable, mutant->executable);
    FILE *pipe = popen(line, "r");
    cr_assert_not_null(pipe);
    size_t size = fread(story, 1, STORY_SIZE - 1, pipe);
    story[size] = '\0';
    pclose(pipe);
}

/* The bug can be guessed from the rule and the step that breaks it. */
Test(mutants, stories_name_the_rule_that_is_broken)
{
    char *story = malloc(STORY_SIZE);
    cr_assert_not_null(story);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const char *name = rules[i].name;
        tell_story(find_mutant(name), story);
        cr_expect_not_null(strstr(story, rules[i].rule), "%s: no '%s' in\n%s",
                           name, rules[i].rule, story);
        cr_expect_not_null(strstr(story, "First broken in"), "%s", name);
    }
    free(story);
}
