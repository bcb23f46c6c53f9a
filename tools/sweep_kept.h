/* What became of the failures of a corpus: files of runs that failed once, each
 * of which was replayed before a sweep began. A part of the report of a sweep.
 *
 *   still failing    the same thing goes wrong
 *   fails otherwise  something else does
 *   fixed            nothing does, and all that was recorded was followed
 *   parted           the run left the recording before its end, as what nodes
 *                    do has changed. If nothing goes wrong, that is no proof
 *
 * A run that goes on well beyond the end of its recording has not parted from
 * it: that is what a failure does that is fixed.
 */
#ifndef TOOLS_SWEEP_KEPT_H
#define TOOLS_SWEEP_KEPT_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/command.h"
#include "tools/replay.h"
#include "tools/sweep_failure.h"

enum sweep_kept_state {
    SWEEP_STILL_FAILING,
    SWEEP_FAILS_OTHERWISE,
    SWEEP_FIXED,
    SWEEP_PARTED,
    SWEEP_KEPT_STATES,
};

struct sweep_kept {
    char *file;          /* its name in the corpus */
    uint64_t content;    /* a hash of the file's bytes */
    char *was;           /* what went wrong when it was kept */
    enum replay_end end; /* not REPLAY_INTERRUPTED */
    bool parted;
    uint64_t parted_at;       /* the first step that is not the recorded one */
    struct sweep_failure run; /* as it ended now. Its `what` and `problem` are
                                 empty if nothing goes wrong */
};

/* All zero: there is no corpus. */
struct sweep_corpus {
    bool wanted;              /* there is one, if only an empty one */
    struct sweep_kept *items; /* by file */
    size_t count, capacity;
};

enum sweep_kept_state sweep_kept_state(const struct sweep_kept *kept);

/* "still_failing" */
const char *sweep_kept_word(enum sweep_kept_state state);

/* Whether something goes wrong in it now. */
bool sweep_kept_fails(const struct sweep_kept *kept);

/* What became of it, in a line without its name; to be freed: "parted at step
 * 77, and nothing fails any more; it was: …" */
char *sweep_kept_text(const struct sweep_kept *kept);

/* Puts one, which it takes over, in its place by file. */
void sweep_corpus_add(struct sweep_corpus *corpus, struct sweep_kept kept);

/* NULL if there is none of that name. */
struct sweep_kept *sweep_corpus_find(const struct sweep_corpus *corpus,
                                     const char *file);

uint64_t sweep_corpus_count(const struct sweep_corpus *corpus,
                            enum sweep_kept_state state);

/* The highest exit code of those that fail. */
enum exit_code sweep_corpus_code(const struct sweep_corpus *corpus);

/* The line of one: "corpus, swarm-7.json: still failing: …" */
void sweep_kept_print(const struct sweep_kept *kept, FILE *out);

/* A line of all, if there is a corpus. */
void sweep_corpus_print(const struct sweep_corpus *corpus, FILE *out);

/* Whether `other`, of the report `path`, can be joined. EXIT_AS_EXPECTED; or,
 * after saying so on stderr, EXIT_BAD_INPUT if a file was not the same in both,
 * and EXIT_BROKEN if its replay ended differently. */
enum exit_code sweep_corpus_compare(const struct sweep_corpus *corpus,
                                    const struct sweep_corpus *other,
                                    const char *path);

/* Adds what `other` has. */
void sweep_corpus_join(struct sweep_corpus *corpus,
                       const struct sweep_corpus *other);

void sweep_corpus_clear(struct sweep_corpus *corpus);

#endif
