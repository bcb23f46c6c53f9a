/* Words, and how often each was said. */
#ifndef TOOLS_TALLY_H
#define TOOLS_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally_word {
    const char *text;
    uint32_t count;
};

/* All zero at first. */
struct tally {
    struct tally_word *words;
    size_t n_words, capacity;
};

/* Once more. `text` must outlive the tally. */
void tally_add(struct tally *tally, const char *text);

/* The most frequent words, by name where equal: "crash 7, link 2"; the word
 * alone if it is the only one and was said `all` times. Empties the tally. */
void tally_print(struct tally *tally, uint32_t all, char *text, size_t room);

#endif
