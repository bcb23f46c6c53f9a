/* The mutants that a hunt is for: a directory of patches to raft/, each with a
 * header that says what is wrong.
 *
 *     name: vote-twice
 *     happened: a classic
 *     defect: A second candidate gets a vote in the same term.
 *     expected: one_vote_per_term, election_safety
 *
 * It happened at a place that is named, or it is our "own". What is expected
 * are the properties that could catch it, or what else a run may end in
 * (tools/hunt.h). The header ends with the first line that is empty or begins
 * with "--- ". The file is NAME.patch; the command that was built with it is
 * BUILD/raftsim-NAME.
 */
#ifndef TOOLS_CORPUS_H
#define TOOLS_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

struct corpus_mutant {
    char *name;
    char *happened;   /* where, or "own" */
    char *defect;     /* a sentence */
    char *expected;   /* properties as they are in the header */
    char *executable; /* its path */
};

struct corpus {
    struct corpus_mutant *mutants; /* by name */
    size_t count, capacity;
};

/* Reads all of `directory`, or those in the list `only` ("a,b"; NULL: all).
 * False, after saying so on stderr, if something is wrong with one of them, if
 * it was not built, or if there is none. */
bool corpus_load(struct corpus *corpus, const char *directory,
                 const char *build, const char *only);

/* Whether `what` is in the mutant's list of expected properties. */
bool corpus_expects(const struct corpus_mutant *mutant, const char *what);

void corpus_free(struct corpus *corpus);

#endif
