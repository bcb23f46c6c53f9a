#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "sim/linearizability.h"

#define MICROSECONDS_PER_SECOND UINT64_C(1000000)

/* Of a longer window only the first and the last operations are told. */
#define TOLD_OPERATIONS 10u
#define TOLD_AT_AN_END (TOLD_OPERATIONS / 2)

/* Long enough for a key's or value's words; longer ones are cut. */
#define WORDS_SIZE 96u

struct teller {
    const struct sim_history_words *words;
    char *text;
    size_t size;
    size_t used; /* below size */
};

static void tell(struct teller *teller, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(teller->text + teller->used,
                           teller->size - teller->used, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    size_t room = teller->size - teller->used - 1;
    teller->used += (size_t)length < room ? (size_t)length : room;
}

static void tell_key(struct teller *teller, uint64_t key)
{
    char text[WORDS_SIZE];
    if (teller->words == NULL) {
        tell(teller, "k%" PRIu64, key);
    } else {
        tell(teller, "%s",
             teller->words->key(teller->words, key, text, sizeof(text)));
    }
}

static void tell_value(struct teller *teller, uint64_t value)
{
    char text[WORDS_SIZE];
    if (value == 0) {
        tell(teller, "no value");
    } else if (teller->words == NULL) {
        tell(teller, "v%" PRIu64, value);
    } else {
        tell(teller, "%s",
             teller->words->value(teller->words, value, text, sizeof(text)));
    }
}

static void tell_compare_and_set(struct teller *teller,
                                 const struct sim_history_operation *operation)
{
    tell(teller, operation->result.succeeded ? "changed " : "did not change ");
    tell_value(teller, operation->request.expected);
    tell(teller, " to ");
    tell_value(teller, operation->request.value);
    if (operation->result.saw_value) {
        tell(teller, " when it saw ");
        tell_value(teller, operation->result.value);
    }
}

static void tell_operation(struct teller *teller,
                           const struct sim_history_operation *operation)
{
    tell(teller, "client %" PRIu32 " ", operation->client);
    switch (operation->request.kind) {
    case SIM_HISTORY_READ:
        tell(teller, "read ");
        tell_value(teller, operation->result.value);
        break;
    case SIM_HISTORY_WRITE:
        tell(teller, "wrote ");
        tell_value(teller, operation->request.value);
        break;
    case SIM_HISTORY_COMPARE_AND_SET:
        tell_compare_and_set(teller, operation);
        break;
    }
    tell(teller,
         " (%" PRIu64 ".%06" PRIu64 " s to %" PRIu64 ".%06" PRIu64 " s)",
         operation->invoked_us / MICROSECONDS_PER_SECOND,
         operation->invoked_us % MICROSECONDS_PER_SECOND,
         operation->returned_us / MICROSECONDS_PER_SECOND,
         operation->returned_us % MICROSECONDS_PER_SECOND);
}

const char *
sim_linearizability_describe(const struct sim_history *history,
                             const struct sim_linearizability *verdict,
                             const struct sim_history_words *words, char *text,
                             size_t size)
{
    assert(verdict->verdict == SIM_NOT_LINEARIZABLE);
    assert(size > 0);
    struct teller teller = {.words = words, .text = text, .size = size};
    text[0] = '\0';
    tell(&teller, "key ");
    tell_key(&teller, verdict->key);
    tell(&teller, verdict->from_start ? ", at first without a value: " : ": ");
    size_t n = verdict->n_window;
    uint64_t last_return = 0; /* of those told */
    for (size_t i = 0; i < n; i++) {
        if (n > TOLD_OPERATIONS && i == TOLD_AT_AN_END) {
            i = n - TOLD_AT_AN_END;
            tell(&teller, ", then %zu more operations", n - TOLD_OPERATIONS);
        }
        const struct sim_history_operation *operation =
            sim_history_get(history, verdict->window[i]);
        if (i > 0) {
            tell(&teller, ", %s ",
                 operation->invoked < last_return ? "meanwhile" : "then");
        }
        tell_operation(&teller, operation);
        if (last_return < operation->returned) {
            last_return = operation->returned;
        }
    }
    tell(&teller, ": no order of these explains what they returned");
    return text;
}
