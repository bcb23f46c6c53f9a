/* "did you mean": the word that is meant by its initials, or that costs the
 * fewest slips of the finger. */
#include <string.h>

#include "sim/json.h"

#define MAX_WORD 40u

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ASCII only, in any locale. */
static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* A slip is a letter too many, too few or wrong, or two neighbours swapped.
 * Row i of the table holds what it costs to make the first j letters of `b` of
 * the first i of `a`; the two rows before it are enough. Capitals, and "-" or
 * " " for "_", cost nothing. */
static size_t slips(const char *a, size_t a_length, const char *b,
                    size_t b_length)
{
    size_t rows[3][MAX_WORD + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = lower(a[i - 1]);
            char y = lower(b[j - 1]);
            bool same = x == y || ((x == '-' || x == ' ') && y == '_');
            row[j] = above[j - 1] + (same ? 0u : 1u);
            row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == lower(b[j - 2]) &&
                lower(a[i - 2]) == y) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

/* Whether `word` are the first letters of the parts of `other`: "cas" of
 * "compare_and_set". One part is none. */
static bool are_initials(const char *word, const char *other)
{
    size_t n = 0;
    for (size_t i = 0; other[i] != '\0'; i++) {
        if (i == 0 || other[i - 1] == '_') {
            if (word[n] == '\0' || lower(word[n]) != other[i]) {
                return false;
            }
            n++;
        }
    }
    return n > 1 && word[n] == '\0';
}

const char *sim_json_nearest(const char *word, const char *const *words,
                             size_t n_words)
{
    const char *nearest = NULL;
    size_t length = strlen(word);
    size_t fewest = length / 3 + 1; /* more is another word */
    if (length == 0 || length > MAX_WORD) {
        return NULL;
    }
    for (size_t i = 0; i < n_words; i++) {
        if (are_initials(word, words[i])) {
            return words[i];
        }
        size_t other = strlen(words[i]);
        if (other > MAX_WORD) {
            continue;
        }
        size_t cost = slips(word, length, words[i], other);
        if (cost < fewest) {
            fewest = cost;
            nearest = words[i];
        }
    }
    return nearest;
}
