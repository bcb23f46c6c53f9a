#include "tools/tally.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* Of the words that are counted, so many are shown. */
#define MAX_SHOWN 3u

void tally_add(struct tally *tally, const char *text)
{
    for (size_t i = 0; i < tally->n_words; i++) {
        if (strcmp(tally->words[i].text, text) == 0) {
            tally->words[i].count++;
            return;
        }
    }
    tally->words = sim_grow(tally->words, &tally->capacity, tally->n_words + 1,
                            sizeof *tally->words);
    tally->words[tally->n_words++] = (struct tally_word){text, 1};
}

/* The most frequent first; of equals, by name. */
static int compare_words(const void *a, const void *b)
{
    const struct tally_word *left = a, *right = b;
    if (left->count != right->count) {
        return left->count < right->count ? 1 : -1;
    }
    return strcmp(left->text, right->text);
}

void tally_print(struct tally *tally, uint32_t all, char *text, size_t room)
{
    size_t size = 0;
    if (tally->n_words > 0) {
        qsort(tally->words, tally->n_words, sizeof *tally->words,
              compare_words);
    }
    text[0] = '\0';
    bool alone = tally->n_words == 1 && tally->words[0].count == all;
    for (size_t i = 0; i < tally->n_words && i < MAX_SHOWN && size < room;
         i++) {
        const struct tally_word *word = &tally->words[i];
        int more = snprintf(text + size, room - size, "%s%s", i > 0 ? ", " : "",
                            word->text);
        size += (size_t)more;
        if (!alone && size < room) {
            more = snprintf(text + size, room - size, " %" PRIu32, word->count);
            size += (size_t)more;
        }
    }
    free(tally->words);
    *tally = (struct tally){0};
}
