#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "sim/linearizability_history.h"

#define MICROSECONDS_PER_SECOND UINT64_C(1000000)

/* Of a longer window only the first and the last operations are told. */
#define TOLD_OPERATIONS 8u
#define TOLD_AT_AN_END (TOLD_OPERATIONS / 2)

/* Long enough for a key's or value's words; longer ones are cut. */
#define WORDS_SIZE 96u

/* Values in one operation: expected, new and seen. */
#define VALUES_IN_AN_OPERATION 3u

/* Values whose origin was told. */
#define MAX_KNOWN_VALUES                                                       \
    (TOLD_OPERATIONS * VALUES_IN_AN_OPERATION + SIM_LINEARIZABILITY_FIRST)

struct teller {
    const struct sim_history_words *words;
    uint64_t known[MAX_KNOWN_VALUES];
    size_t n_known;
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

static void tell_time(struct teller *teller, uint64_t time_us)
{
    tell(teller, "%" PRIu64 ".%06" PRIu64 " s",
         time_us / MICROSECONDS_PER_SECOND, time_us % MICROSECONDS_PER_SECOND);
}

/* --- operations ----------------------------------------------------------- */

/* True the first time it is asked about a value. */
static bool is_news(struct teller *teller, uint64_t value)
{
    for (size_t i = 0; i < teller->n_known; i++) {
        if (teller->known[i] == value) {
            return false;
        }
    }
    assert(teller->n_known < MAX_KNOWN_VALUES);
    teller->known[teller->n_known++] = value;
    return true;
}

/* A value that an operation puts comes from its client. */
static void tell_new_value(struct teller *teller, uint64_t value)
{
    tell_value(teller, value);
    is_news(teller, value);
}

static void tell_seen_value(struct teller *teller, uint64_t value)
{
    char text[WORDS_SIZE];
    tell_value(teller, value);
    if (value != 0 && is_news(teller, value) && teller->words != NULL &&
        teller->words->origin != NULL) {
        tell(teller, "%s",
             teller->words->origin(teller->words, value, text, sizeof(text)));
    }
}

static void tell_compare_and_set(struct teller *teller,
                                 const struct sim_history_operation *operation)
{
    tell(teller, operation->result.succeeded ? "changed " : "did not change ");
    tell_seen_value(teller, operation->request.expected);
    tell(teller, " to ");
    tell_new_value(teller, operation->request.value);
    if (operation->result.saw_value) {
        tell(teller, " when it saw ");
        tell_seen_value(teller, operation->result.value);
    }
}

static void tell_answerer(struct teller *teller,
                          const struct sim_history_operation *operation)
{
    bool read = operation->request.kind == SIM_HISTORY_READ;
    uint32_t node = operation->result.node;
    if (node == 0) {
        return;
    }
    tell(teller, read ? " from node %" PRIu32 : " through node %" PRIu32, node);
    if (!read) {
        return;
    }
    switch (operation->result.way) {
    case SIM_WAY_LOG:
        tell(teller, " through the log");
        break;
    case SIM_WAY_READ_INDEX:
        tell(teller, " by ReadIndex");
        break;
    case SIM_WAY_LEASE:
        tell(teller, " by lease");
        break;
    case SIM_WAY_FOLLOWER:
        tell(teller, ", a follower that asked the leader");
        break;
    case SIM_WAY_COUNT:
        break;
    }
}

/* One that has its answer. */
static void tell_operation(struct teller *teller,
                           const struct sim_history_operation *operation)
{
    tell(teller, "client %" PRIu32 " ", operation->client);
    switch (operation->request.kind) {
    case SIM_HISTORY_READ:
        tell(teller, "read ");
        tell_seen_value(teller, operation->result.value);
        break;
    case SIM_HISTORY_WRITE:
        tell(teller, "wrote ");
        tell_new_value(teller, operation->request.value);
        break;
    case SIM_HISTORY_COMPARE_AND_SET:
        tell_compare_and_set(teller, operation);
        break;
    }
    tell_answerer(teller, operation);
    tell(teller, " (");
    tell_time(teller, operation->invoked_us);
    tell(teller, " to ");
    tell_time(teller, operation->returned_us);
    tell(teller, ")");
}

/* One that has none. */
static void tell_wish(struct teller *teller,
                      const struct sim_history_operation *operation)
{
    tell(teller, "client %" PRIu32 " asks to ", operation->client);
    switch (operation->request.kind) {
    case SIM_HISTORY_READ:
        tell(teller, "read");
        break;
    case SIM_HISTORY_WRITE:
        tell(teller, "write ");
        tell_new_value(teller, operation->request.value);
        break;
    case SIM_HISTORY_COMPARE_AND_SET:
        tell(teller, "change ");
        tell_seen_value(teller, operation->request.expected);
        tell(teller, " to ");
        tell_new_value(teller, operation->request.value);
        break;
    }
}

const char *sim_history_describe(const struct sim_history *history, uint32_t id,
                                 const struct sim_history_words *words,
                                 char *text, size_t size)
{
    assert(size > 0);
    struct teller teller = {.words = words, .text = text, .size = size};
    const struct sim_history_operation *operation =
        sim_history_get(history, id);
    text[0] = '\0';
    tell(&teller, "key ");
    tell_key(&teller, operation->request.key);
    tell(&teller, ": ");
    if (operation->outcome == SIM_HISTORY_RETURNED) {
        tell_operation(&teller, operation);
    } else {
        tell_wish(&teller, operation);
    }
    return text;
}

/* --- an old value --------------------------------------------------------- */

/* When a key got a value: from the first time that it was asked for to the last
 * time that it was. */
struct writing {
    uint64_t first_invoked, last_returned; /* places in the history */
    uint64_t first_invoked_us, last_returned_us;
};

/* False if nobody wrote the value, or if it is not known when that was over, or
 * if it may have been forgotten. */
static bool find_writing(const struct sim_history *history, uint64_t key,
                         uint64_t value, struct writing *writing)
{
    bool found = false;
    const struct history_key *kept = history__key(history, key);
    *writing = (struct writing){0};
    if (kept->n_forgotten > 0 && value <= kept->highest_forgotten) {
        return false;
    }
    for (uint32_t id = sim_history_next(history, 0);
         id < sim_history_count(history);
         id = sim_history_next(history, id + 1)) {
        const struct sim_history_operation *operation =
            sim_history_get(history, id);
        const struct sim_history_request *request = &operation->request;
        if (request->kind == SIM_HISTORY_READ || request->key != key ||
            request->value != value ||
            operation->outcome == SIM_HISTORY_FAILED) {
            continue;
        }
        if (!found) {
            writing->first_invoked = operation->invoked;
            writing->first_invoked_us = operation->invoked_us;
        }
        found = true;
        if (operation->outcome == SIM_HISTORY_UNANSWERED) {
            writing->last_returned = UINT64_MAX;
        } else if (writing->last_returned < operation->returned) {
            writing->last_returned = operation->returned;
            writing->last_returned_us = operation->returned_us;
        }
    }
    return found;
}

/* The value that the key certainly had before the operation returned; 0: none
 * that can be told. */
static uint64_t shown_value(const struct sim_history_operation *operation)
{
    switch (operation->request.kind) {
    case SIM_HISTORY_READ:
        return operation->result.value;
    case SIM_HISTORY_WRITE:
        return operation->request.value;
    case SIM_HISTORY_COMPARE_AND_SET:
        return operation->result.succeeded ? operation->request.value : 0;
    }
    return 0;
}

/* Says of the last operation, if it is a read, that its value was old, if it
 * was. */
static void tell_old_value(struct teller *teller,
                           const struct sim_history *history,
                           const struct sim_linearizability *verdict)
{
    const struct sim_history_operation *last =
        sim_history_get(history, verdict->window[verdict->n_window - 1]);
    struct writing old, newer;
    if (last->request.kind != SIM_HISTORY_READ ||
        !find_writing(history, verdict->key, last->result.value, &old)) {
        return;
    }
    for (size_t i = 0; i + 1 < verdict->n_window; i++) {
        const struct sim_history_operation *before =
            sim_history_get(history, verdict->window[i]);
        uint64_t value = shown_value(before);
        if (value != 0 && before->returned < last->invoked &&
            find_writing(history, verdict->key, value, &newer) &&
            old.last_returned < newer.first_invoked) {
            tell(teller, "; ");
            tell_value(teller, last->result.value);
            tell(teller, " was old by then: it was written by ");
            tell_time(teller, old.last_returned_us);
            tell(teller, ", ");
            tell_value(teller, value);
            tell(teller, " after ");
            tell_time(teller, newer.first_invoked_us);
            return;
        }
    }
}

/* --- a window ------------------------------------------------------------- */

/* What is known of the value when the window starts. */
static void tell_first(struct teller *teller,
                       const struct sim_linearizability *verdict)
{
    if (verdict->from_start) {
        tell(teller, ", at first without a value");
    }
    if (!verdict->from_cut) {
        return;
    }
    tell(teller, ", at first with ");
    for (size_t i = 0; i < verdict->n_first && i < SIM_LINEARIZABILITY_FIRST;
         i++) {
        tell(teller, i > 0 ? " or " : "");
        tell_seen_value(teller, verdict->first[i]);
    }
    if (verdict->n_first > SIM_LINEARIZABILITY_FIRST) {
        tell(teller, " or one of %zu more values",
             verdict->n_first - SIM_LINEARIZABILITY_FIRST);
    }
    if (verdict->first_unseen) {
        tell(teller, verdict->n_first > 0 ? " or a value that nobody saw"
                                          : "a value that nobody saw");
    }
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
    tell_first(&teller, verdict);
    if (words != NULL && words->legend != NULL) {
        tell(&teller, " (%s)", words->legend);
    }
    tell(&teller, ": ");
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
    tell_old_value(&teller, history, verdict);
    return text;
}
