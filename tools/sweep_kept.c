#include "tools/sweep_kept.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/text.h"

/* --- one ------------------------------------------------------------------ */

enum sweep_kept_state sweep_kept_state(const struct sweep_kept *kept)
{
    if (kept->parted) {
        return SWEEP_PARTED;
    }
    switch (kept->end) {
    case REPLAY_SAME:
        return SWEEP_STILL_FAILING;
    case REPLAY_OTHER:
        return SWEEP_FAILS_OTHERWISE;
    case REPLAY_FIXED:
    case REPLAY_INTERRUPTED:
        return SWEEP_FIXED;
    }
    return SWEEP_FIXED;
}

const char *sweep_kept_word(enum sweep_kept_state state)
{
    switch (state) {
    case SWEEP_STILL_FAILING:
        return "still_failing";
    case SWEEP_FAILS_OTHERWISE:
        return "fails_otherwise";
    case SWEEP_FIXED:
        return "fixed";
    case SWEEP_PARTED:
        return "parted";
    case SWEEP_KEPT_STATES:
        break;
    }
    return "";
}

bool sweep_kept_fails(const struct sweep_kept *kept)
{
    return kept->end != REPLAY_FIXED;
}

char *sweep_kept_text(const struct sweep_kept *kept)
{
    struct text text = {0};
    text_add(&text, "");
    if (kept->parted) {
        text_add_format(&text, "parted at step %" PRIu64 ", and ",
                        kept->parted_at);
    }
    switch (kept->end) {
    case REPLAY_SAME:
        text_add_format(&text, "still failing: %s", kept->run.problem);
        break;
    case REPLAY_OTHER:
        text_add_format(&text, "fails otherwise: %s; it was: %s",
                        kept->run.problem, kept->was);
        break;
    case REPLAY_FIXED:
    case REPLAY_INTERRUPTED:
        text_add_format(&text, "%s; it was: %s",
                        kept->parted ? "not failing" : "fixed", kept->was);
        break;
    }
    return text.bytes;
}

void sweep_kept_print(const struct sweep_kept *kept, FILE *out)
{
    char *text = sweep_kept_text(kept);
    fprintf(out, "corpus, %s: %s\n", kept->file, text);
    free(text);
}

static void free_kept(struct sweep_kept *kept)
{
    free(kept->file);
    free(kept->was);
    sweep_failure_free(&kept->run);
}

/* --- all ------------------------------------------------------------------ */

/* The first of this name or a later one. */
static size_t place_of(const struct sweep_corpus *corpus, const char *file)
{
    size_t low = 0, high = corpus->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(corpus->items[middle].file, file) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void sweep_corpus_add(struct sweep_corpus *corpus, struct sweep_kept kept)
{
    size_t at = place_of(corpus, kept.file);
    corpus->items = sim_grow(corpus->items, &corpus->capacity,
                             corpus->count + 1, sizeof *corpus->items);
    memmove(corpus->items + at + 1, corpus->items + at,
            (corpus->count - at) * sizeof *corpus->items);
    corpus->items[at] = kept;
    corpus->count++;
}

struct sweep_kept *sweep_corpus_find(const struct sweep_corpus *corpus,
                                     const char *file)
{
    size_t at = place_of(corpus, file);
    return at < corpus->count && strcmp(corpus->items[at].file, file) == 0
               ? &corpus->items[at]
               : NULL;
}

uint64_t sweep_corpus_count(const struct sweep_corpus *corpus,
                            enum sweep_kept_state state)
{
    uint64_t count = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        count += sweep_kept_state(&corpus->items[i]) == state ? 1 : 0;
    }
    return count;
}

enum exit_code sweep_corpus_code(const struct sweep_corpus *corpus)
{
    enum exit_code worst = EXIT_AS_EXPECTED;
    for (size_t i = 0; i < corpus->count; i++) {
        const struct sweep_kept *kept = &corpus->items[i];
        enum exit_code code = sweep_kept_fails(kept)
                                  ? sweep_failure_code(&kept->run)
                                  : EXIT_AS_EXPECTED;
        worst = code > worst ? code : worst;
    }
    return worst;
}

static uint64_t count_failing(const struct sweep_corpus *corpus)
{
    uint64_t count = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        count += sweep_kept_fails(&corpus->items[i]) ? 1 : 0;
    }
    return count;
}

/* The command that replays the first that fails. */
static void print_repeat(const struct sweep_corpus *corpus, FILE *out)
{
    for (size_t i = 0; i < corpus->count; i++) {
        if (sweep_kept_fails(&corpus->items[i])) {
            fprintf(out, "    to replay the first that fails: %s\n",
                    corpus->items[i].run.repeat);
            return;
        }
    }
}

void sweep_corpus_print(const struct sweep_corpus *corpus, FILE *out)
{
    static const char *const words[SWEEP_KEPT_STATES] = {
        "still failing", "failing otherwise", "fixed", "parted"};
    const char *between = ": ";
    if (!corpus->wanted) {
        return;
    }
    fprintf(out, "corpus: %zu kept failure%s replayed", corpus->count,
            corpus->count == 1 ? "" : "s");
    for (int i = 0; i < SWEEP_KEPT_STATES; i++) {
        uint64_t count = sweep_corpus_count(corpus, (enum sweep_kept_state)i);
        if (count > 0) {
            fprintf(out, "%s%" PRIu64 " %s", between, count, words[i]);
            between = ", ";
        }
    }
    uint64_t failing = count_failing(corpus);
    if (failing > 0) {
        fprintf(out, "; %" PRIu64 " of them fail%s", failing,
                failing == 1 ? "s" : "");
    }
    fputc('\n', out);
    print_repeat(corpus, out);
}

/* --- joined --------------------------------------------------------------- */

static bool same_end(const struct sweep_kept *a, const struct sweep_kept *b)
{
    return a->end == b->end && a->parted == b->parted &&
           a->parted_at == b->parted_at &&
           sweep_failure_same_end(&a->run, &b->run);
}

static void describe(const char *where, const struct sweep_kept *kept)
{
    char *text = sweep_kept_text(kept);
    fprintf(stderr, "    %s: %s", where, text);
    if (kept->run.hash[0] != '\0') {
        fprintf(stderr, " (hash %s)", kept->run.hash);
    }
    fputc('\n', stderr);
    free(text);
}

enum exit_code sweep_corpus_compare(const struct sweep_corpus *corpus,
                                    const struct sweep_corpus *other,
                                    const char *path)
{
    for (size_t i = 0; i < other->count; i++) {
        const struct sweep_kept *two = &other->items[i];
        const struct sweep_kept *one = sweep_corpus_find(corpus, two->file);
        if (one != NULL && one->content != two->content) {
            fprintf(stderr,
                    "raftsim: %s: of the corpus, %s was another file there "
                    "than in the other reports\n",
                    path, two->file);
            return EXIT_BAD_INPUT;
        }
        if (one != NULL && !same_end(one, two)) {
            fprintf(stderr,
                    "raftsim: corpus, %s: the same replay ended in two ways; "
                    "it does not repeat:\n",
                    two->file);
            describe("another report", one);
            describe(path, two);
            return EXIT_BROKEN;
        }
    }
    return EXIT_AS_EXPECTED;
}

static struct sweep_kept copy_kept(const struct sweep_kept *kept)
{
    struct sweep_kept copy = *kept;
    copy.file = sim_strdup(kept->file);
    copy.was = sim_strdup(kept->was);
    copy.run = sweep_failure_copy(&kept->run);
    return copy;
}

void sweep_corpus_join(struct sweep_corpus *corpus,
                       const struct sweep_corpus *other)
{
    corpus->wanted = corpus->wanted || other->wanted;
    for (size_t i = 0; i < other->count; i++) {
        const struct sweep_kept *two = &other->items[i];
        struct sweep_kept *one = sweep_corpus_find(corpus, two->file);
        if (one != NULL) {
            sweep_failure_join(&one->run, &two->run);
        } else {
            sweep_corpus_add(corpus, copy_kept(two));
        }
    }
}

void sweep_corpus_clear(struct sweep_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        free_kept(&corpus->items[i]);
    }
    free(corpus->items);
    *corpus = (struct sweep_corpus){.wanted = false};
}
