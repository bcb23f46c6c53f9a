#include "sim/linearizability.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/prng.h"

/* --- histories in words --------------------------------------------------- */

/* A history as a line of events, each "<client>:<what>":
 *
 *   1:w5     client 1 asks for a write of 5
 *   1:r      ... for a read
 *   1:c5,6   ... for a compare-and-set from 5 to 6
 *   1:=      its write has returned
 *   1:=5     its read has returned 5
 *   1:ok     its compare-and-set has succeeded
 *   1:no     ... has failed
 *   1:no7    ... has failed and saw 7
 *   1:!      what it asked for has certainly failed
 *
 * "@3" makes 3 the key of what follows. 10 us pass from event to event. */
struct script {
    struct sim_history *history;
    uint64_t time_us;
    uint64_t key;
    uint32_t pending[10]; /* by client */
};

static void play_request(struct script *script, uint32_t client,
                         const char **at)
{
    struct sim_history_request request = {.key = script->key};
    char kind = *(*at)++;
    char *end = (char *)*at;
    if (kind == 'w') {
        request.kind = SIM_HISTORY_WRITE;
        request.value = strtoull(*at, &end, 10);
    } else if (kind == 'c') {
        request.kind = SIM_HISTORY_COMPARE_AND_SET;
        request.expected = strtoull(*at, &end, 10);
        request.value = strtoull(end + 1, &end, 10);
    } else {
        cr_assert_eq(kind, 'r');
    }
    *at = end;
    script->pending[client] =
        sim_history_invoke(script->history, client, script->time_us, &request);
}

static void play_answer(struct script *script, uint32_t client, const char **at)
{
    struct sim_history_result result = {.succeeded = **at == 'o'};
    *at += **at == '=' ? 1 : 2;
    if (isdigit((unsigned char)**at)) {
        char *end;
        result.saw_value = true;
        result.value = strtoull(*at, &end, 10);
        *at = end;
    }
    sim_history_return(script->history, script->pending[client],
                       script->time_us, &result);
}

static struct sim_history *play(const char *text)
{
    struct script script = {.history = sim_history_new()};
    for (const char *at = text; *at != '\0'; script.time_us += 10) {
        if (*at == '@') {
            char *end;
            script.key = strtoull(at + 1, &end, 10);
            at = end;
        } else {
            uint32_t client = (uint32_t)(*at - '0');
            cr_assert(client < 10 && at[1] == ':', "at %s", at);
            at += 2;
            if (*at == '!') {
                sim_history_fail(script.history, script.pending[client]);
                at++;
            } else if (*at == '=' || *at == 'o' || *at == 'n') {
                play_answer(&script, client, &at);
            } else {
                play_request(&script, client, &at);
            }
        }
        cr_assert(*at == ' ' || *at == '\0', "at %s", at);
        at += strspn(at, " ");
    }
    return script.history;
}

struct example {
    const char *name;
    const char *history;
    const char *window; /* operations, in words: "1 2"; NULL: linearizable */
    bool from_start;
};

static void write_window(const struct sim_linearizability *verdict, char *text,
                         size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < verdict->n_window; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, i == 0 ? "%u" : " %u",
                 (unsigned)verdict->window[i]);
    }
}

static void check_examples(const struct example *examples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct example *example = &examples[i];
        struct sim_history *history = play(example->history);
        struct sim_linearizability verdict;
        sim_linearizability_check(history, 0, &verdict);
        if (example->window == NULL) {
            cr_expect_eq(verdict.verdict, SIM_LINEARIZABLE, "%s",
                         example->name);
        } else {
            cr_expect_eq(verdict.verdict, SIM_NOT_LINEARIZABLE, "%s",
                         example->name);
            char window[256];
            write_window(&verdict, window, sizeof(window));
            cr_expect_str_eq(window, example->window, "%s: %s, not %s",
                             example->name, window, example->window);
            cr_expect_eq(verdict.from_start, example->from_start, "%s",
                         example->name);
            cr_expect(verdict.smallest, "%s", example->name);
        }
        sim_linearizability_free(&verdict);
        sim_history_free(history);
    }
}

#define CHECK_EXAMPLES(examples)                                               \
    check_examples(examples, sizeof(examples) / sizeof(*(examples)))

Test(linearizability, published_histories)
{
    static const struct example examples[] = {
        /* Herlihy and Wing tell a register's histories by two writers and two
         * readers: an open write may be seen by one and not by the other, but
         * not in this order, and not when it has returned. */
        {"the open write is seen late",
         "1:w1 1:= 2:w2 3:r 3:=1 4:r 4:=2 2:=", NULL, false},
        {"the open write is seen, then not",
         "1:w1 1:= 2:w2 3:r 3:=2 4:r 4:=1 2:=", "2 3", false},
        {"the returned write is not seen", "1:w1 1:= 2:w2 2:= 3:r 3:=1", "1 2",
         false},
        {"the write without return is seen", "1:w1 1:= 2:w2 3:r 3:=2", NULL,
         false},
        {"two open writes, two readers that disagree",
         "1:w1 2:w2 3:r 3:=1 3:r 3:=2 4:r 4:=2 4:r 4:=1 1:= 2:=", "2 3 5",
         true},
        /* The two registers of Porcupine's front page. */
        {"porcupine 1", "0:w100 1:r 2:r 2:=0 1:=100 0:=", NULL, false},
        {"porcupine 2", "0:w200 1:r 1:=200 2:r 2:=0 0:=", "1 2", false},
        /* The two of Knossos' front page, 10 for its 0. */
        {"knossos, a crashed write", "0:r 1:w3 0:=3", NULL, false},
        {"knossos, rethinkdb", "0:w10 0:= 1:r 2:w4 1:=3 2:= 3:r 3:=4", "0 1",
         false},
    };
    CHECK_EXAMPLES(examples);
}

Test(linearizability, reads_and_writes)
{
    static const struct example examples[] = {
        {"nothing", "", NULL, false},
        {"one read of nothing", "1:r 1:=0", NULL, false},
        {"one read of something", "1:r 1:=5", "0", true},
        {"the future is read", "1:r 1:=5 2:w5 2:=", "0", true},
        {"the future is read, an open one", "1:r 2:w5 1:=5 2:=", NULL, false},
        {"stale read", "1:w1 1:= 1:w2 1:= 2:r 2:=2 2:r 2:=1", "2 3", false},
        {"new, old", "1:w1 1:= 1:w2 2:r 2:=2 3:r 3:=1 1:=", "2 3", false},
        {"a removed value", "1:w1 1:= 2:w0 2:= 3:r 3:=0", NULL, false},
        {"a removed value is read", "1:w1 1:= 2:w0 2:= 3:r 3:=1", "1 2", false},
        {"a lost write", "1:w1 1:= 2:r 2:=0", "0 1", false},
        {"the order of open writes is free",
         "1:w1 2:w2 3:w3 1:= 2:= 3:= 4:r 4:=1", NULL, false},
        {"but once it is known, it is known",
         "1:w1 2:w2 1:= 2:= 4:r 4:=1 5:r 5:=2", "2 3", false},
        {"equal values are not the same write",
         "1:w1 1:= 2:w2 2:= 1:w1 1:= 3:r 3:=1", NULL, false},
        {"reads of other keys do not count",
         "@1 1:w1 1:= @2 2:r 2:=0 @1 3:r 3:=1", NULL, false},
    };
    CHECK_EXAMPLES(examples);
}

Test(linearizability, compare_and_set)
{
    static const struct example examples[] = {
        {"a chain", "1:c0,1 1:ok 2:c1,2 2:ok 3:c2,3 3:ok 4:r 4:=3", NULL,
         false},
        {"one of two wins", "1:c0,1 2:c0,2 1:ok 2:no1 3:r 3:=1", NULL, false},
        {"lost update: both win", "1:c0,1 2:c0,2 1:ok 2:ok", "0 1", false},
        {"lost update, behind a read",
         "9:w5 9:= 1:r 1:=5 2:r 2:=5 1:c5,6 1:ok 2:c5,7 2:ok", "3 4", false},
        {"it fails without a reason", "9:w5 9:= 1:c5,6 1:no", "0 1", false},
        {"it fails for a reason that is open",
         "9:w5 9:= 2:w7 1:c5,6 1:no 2:=", NULL, false},
        {"it fails, and what it saw was never there", "9:w5 9:= 1:c1,6 1:no7",
         "0 1", false},
        {"it fails although it saw what it expected", "1:c0,6 1:no0", "0",
         false},
        {"it succeeds although it saw something else", "1:c0,6 1:ok4 1:r 1:=6",
         "0", false},
        {"a failed one changes nothing", "1:c4,6 1:no 1:r 1:=6", "1", true},
        {"equal values", "1:w3 1:= 2:c3,3 2:ok 3:r 3:=3", NULL, false},
        {"a value that is unlike any other's",
         "1:w3 2:w4 1:= 2:= 3:c3,5 3:no "
         "4:r 4:=4",
         NULL, false},
    };
    CHECK_EXAMPLES(examples);
}

Test(linearizability, unanswered_operations)
{
    static const struct example examples[] = {
        {"seen much later", "1:w1 2:w2 2:= 3:r 3:=2 3:r 3:=1", NULL, false},
        {"seen, then not", "1:w1 2:w2 2:= 3:r 3:=1 3:r 3:=2", "2 3", false},
        {"seen, then overwritten", "1:w1 2:w2 3:r 3:=1 3:r 3:=2 2:=", NULL,
         false},
        {"seen, then the one before it", "2:w2 2:= 1:w1 3:r 3:=1 3:r 3:=2",
         "2 3", false},
        {"seen twice", "2:w2 2:= 1:w1 3:r 3:=1 3:w3 3:= 3:r 3:=1", "0 2 3 4",
         false},
        {"seen before", "3:r 3:=1 1:w1", "0", true},
        {"never seen", "1:w1 2:r 2:=0 2:r 2:=0", NULL, false},
        {"refused, then seen", "1:w1 1:! 2:r 2:=1", "1", true},
        {"an unanswered read", "1:w1 1:= 2:r 3:r 3:=1", NULL, false},
        {"a compare-and-set that happened", "1:c0,1 2:r 2:=1", NULL, false},
        {"a compare-and-set that could not", "2:w5 2:= 1:c0,1 2:r 2:=1", "0 2",
         false},
        {"a chain of them, seen at the end", "1:c2,3 2:c1,2 3:w1 4:r 4:=3",
         NULL, false},
        {"a chain of them with a link missing", "1:c2,3 3:w1 4:r 4:=3", "2",
         true},
        {"one of them twice", "1:c1,2 3:w1 3:= 4:r 4:=2 3:w1 3:= 4:r 4:=2",
         "1 2 3 4", false},
        {"it explains a failure", "9:w5 9:= 2:w7 1:c5,6 1:no", NULL, false},
        {"but not two", "9:w5 9:= 2:w7 1:c5,6 1:no 3:w5 3:= 1:c5,6 1:no",
         "0 2 3 4", false},
        {"another one does",
         "9:w5 9:= 2:w7 8:w7 1:c5,6 1:no 3:w5 3:= 1:c5,6 "
         "1:no",
         NULL, false},
    };
    CHECK_EXAMPLES(examples);
}

Test(linearizability, several_keys)
{
    struct sim_history *history =
        play("@1 1:w1 1:= @2 2:r 2:=8 @1 3:r 3:=0 @3 4:w1 4:= 5:r @4 6:w3");
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 0, &verdict);
    cr_expect_eq(verdict.verdict, SIM_NOT_LINEARIZABLE);
    cr_expect_eq(verdict.key, 2, "its prefix ends before that of key 1");
    cr_expect_eq(verdict.n_keys, 4);
    cr_expect_eq(verdict.n_operations, 5, "all but the unanswered read");
    sim_linearizability_free(&verdict);
    sim_history_free(history);
}

/* --- words ---------------------------------------------------------------- */

struct greek_words {
    struct sim_history_words base;
    char letter;
};

static const char *greek_key(const struct sim_history_words *words,
                             uint64_t key, char *text, size_t size)
{
    const struct greek_words *greek = (const struct greek_words *)words;
    snprintf(text, size, "%c%u", greek->letter, (unsigned)key);
    return text;
}

static const char *greek_value(const struct sim_history_words *words,
                               uint64_t value, char *text, size_t size)
{
    (void)words;
    (void)text;
    (void)size;
    return value == 1 ? "alpha" : "beta";
}

static void expect_words(const char *script,
                         const struct sim_history_words *words,
                         const char *expected)
{
    struct sim_history *history = play(script);
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 0, &verdict);
    char text[1024];
    cr_expect_str_eq(sim_linearizability_describe(history, &verdict, words,
                                                  text, sizeof(text)),
                     expected, "%s", text);
    for (size_t size = 1; size <= strlen(expected); size++) {
        memset(text, 'x', sizeof(text));
        sim_linearizability_describe(history, &verdict, words, text, size);
        cr_expect(strlen(text) == size - 1 &&
                      memcmp(text, expected, size - 1) == 0,
                  "size %zu", size);
    }
    sim_linearizability_free(&verdict);
    sim_history_free(history);
}

/* Asserts how the text ends. */
static void expect_old_value(const char *script, const char *end)
{
    struct sim_history *history = play(script);
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 0, &verdict);
    cr_assert_eq(verdict.verdict, SIM_NOT_LINEARIZABLE, "%s", script);
    char text[1024];
    sim_linearizability_describe(history, &verdict, NULL, text, sizeof text);
    size_t length = strlen(text);
    cr_expect(length >= strlen(end) &&
                  strcmp(text + length - strlen(end), end) == 0,
              "%s: %s", script, text);
    sim_linearizability_free(&verdict);
    sim_history_free(history);
}

Test(linearizability, words)
{
    expect_words("@3 1:w1 1:= 2:w2 2:= 5:r 5:=1", NULL,
                 "key k3: client 2 wrote v2 (0.000030 s to 0.000040 s), then "
                 "client 5 read v1 (0.000050 s to 0.000060 s): no order of "
                 "these explains what they returned; v1 was old by then: it "
                 "was written by 0.000020 s, v2 after 0.000030 s");
    expect_words("@3 1:c0,1 2:c0,2 1:ok 2:ok0", NULL,
                 "key k3: client 1 changed no value to v1 (0.000010 s to "
                 "0.000030 s), meanwhile client 2 changed no value to v2 when "
                 "it saw no value (0.000020 s to 0.000040 s): no order of "
                 "these explains what they returned");
    struct greek_words greek = {
        .base = {.key = greek_key, .value = greek_value},
        .letter = 'K',
    };
    expect_words("@7 1:w2 1:= 2:c2,1 2:no", &greek.base,
                 "key K7: client 1 wrote beta (0.000010 s to 0.000020 s), then "
                 "client 2 did not change beta to alpha (0.000030 s to "
                 "0.000040 s): no order of these explains what they returned");
    expect_words("@7 2:r 2:=2", &greek.base,
                 "key K7, at first without a value: client 2 read beta "
                 "(0.000010 s to 0.000020 s): no order of these explains what "
                 "they returned");
}

static const char *greek_origin(const struct sim_history_words *words,
                                uint64_t value, char *text, size_t size)
{
    (void)words;
    snprintf(text, size, " (out of book %u)", (unsigned)value);
    return text;
}

/* Said once of each value, and not of what an operation puts itself. */
Test(linearizability, words_of_origins_and_how_to_read_them)
{
    struct greek_words greek = {
        .base = {.key = greek_key,
                 .value = greek_value,
                 .origin = greek_origin,
                 .legend = "in Greek"},
        .letter = 'K',
    };
    expect_words("@7 2:r 2:=2", &greek.base,
                 "key K7, at first without a value (in Greek): client 2 read "
                 "beta (out of book 2) (0.000010 s to 0.000020 s): no order of "
                 "these explains what they returned");
    expect_words("@7 2:c2,1 2:no2", &greek.base,
                 "key K7 (in Greek): client 2 did "
                 "not change beta (out of book 2) to alpha when it saw beta "
                 "(0.000010 s to 0.000020 s): no order of these explains what "
                 "they returned");
    expect_words("@7 1:w2 1:= 2:c2,1 2:no", &greek.base,
                 "key K7 (in Greek): client 1 wrote beta (0.000010 s to "
                 "0.000020 s), then client 2 did not change beta to alpha "
                 "(0.000030 s to 0.000040 s): no order of these explains what "
                 "they returned");
}

Test(linearizability, words_of_an_old_value)
{
    static const char *const old[] = {
        "1:w1 1:= 2:w2 2:= 5:r 5:=1",
        "1:w1 1:= 2:w2 4:r 4:=2 5:r 5:=1",
        "1:w1 1:= 2:c1,2 2:ok 5:r 5:=1",
    };
    static const char *const other[] = {
        "1:w1 2:w2 1:= 2:= 4:r 4:=2 5:r 5:=1 6:r 6:=2", /* both at once */
        "1:w1 2:w2 2:= 4:r 4:=2 4:r 4:=1 5:r 5:=2",     /* one not answered */
        "3:w1 4:r 4:=1 2:w2 2:= 5:r 5:=1", /* written, never answered */
        "1:w1 1:= 5:r 5:=0",               /* no value at all */
        "1:w1 1:= 2:c1,2 2:no",            /* not a read */
    };
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        expect_old_value(old[i], "; v1 was old by then: it was written by "
                                 "0.000010 s, v2 after 0.000020 s");
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        expect_old_value(other[i], "what they returned");
    }
}

static void expect_operation(const struct sim_history *history, uint32_t id,
                             const char *expected)
{
    char text[256];
    sim_history_describe(history, id, NULL, text, sizeof text);
    cr_expect_str_eq(text, expected, "%s", text);
}

Test(linearizability, words_of_one_operation)
{
    struct sim_history *history = sim_history_new();
    static const char *const reads[SIM_WAY_COUNT] = {
        [SIM_WAY_LOG] = "key k3: client 1 read v7 from node 2 through the log "
                        "(1.000000 s to 2.500000 s)",
        [SIM_WAY_READ_INDEX] = "key k3: client 1 read v7 from node 2 by "
                               "ReadIndex (1.000000 s to 2.500000 s)",
        [SIM_WAY_LEASE] = "key k3: client 1 read v7 from node 2 by lease "
                          "(1.000000 s to 2.500000 s)",
        [SIM_WAY_FOLLOWER] = "key k3: client 1 read v7 from node 2, a follower "
                             "that asked the leader (1.000000 s to 2.500000 s)",
    };
    struct sim_history_request read = {.kind = SIM_HISTORY_READ, .key = 3};
    for (uint32_t i = 0; i < SIM_WAY_COUNT; i++) {
        struct sim_history_result result = {
            .value = 7, .node = 2, .way = (enum sim_history_way)i};
        uint32_t id = sim_history_invoke(history, 1, 1000000, &read);
        expect_operation(history, id, "key k3: client 1 asks to read");
        sim_history_return(history, id, 2500000, &result);
        expect_operation(history, id, reads[i]);
    }
    struct sim_history_request write = {
        .kind = SIM_HISTORY_WRITE, .key = 4, .value = 8};
    struct sim_history_result result = {.node = 5};
    uint32_t id = sim_history_invoke(history, 9, 3, &write);
    expect_operation(history, id, "key k4: client 9 asks to write v8");
    sim_history_return(history, id, 4, &result);
    expect_operation(history, id,
                     "key k4: client 9 wrote v8 through node 5 "
                     "(0.000003 s to 0.000004 s)");
    struct sim_history_request change = {.kind = SIM_HISTORY_COMPARE_AND_SET,
                                         .key = 4,
                                         .expected = 8,
                                         .value = 9};
    id = sim_history_invoke(history, 9, 5, &change);
    expect_operation(history, id, "key k4: client 9 asks to change v8 to v9");
    sim_history_free(history);
}

/* Seven times a compare-and-set fails right after a write of what it expects,
 * and only six unanswered writes could have come between: all seven are needed.
 */
Test(linearizability, words_of_a_long_window)
{
    char script[512] = "2:w7 3:w7 4:w7 5:w7 6:w7 7:w7";
    for (int i = 0; i < 7; i++) {
        strcat(script, " 1:w5 1:= 1:c5,6 1:no");
    }
    struct sim_history *history = play(script);
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 0, &verdict);
    cr_assert_eq(verdict.verdict, SIM_NOT_LINEARIZABLE);
    cr_expect_eq(verdict.n_window, 14);
    char text[1024];
    sim_linearizability_describe(history, &verdict, NULL, text, sizeof(text));
    cr_expect_not_null(
        strstr(text, "key k0: client 1 wrote v5 (0.000060 s to"));
    cr_expect_not_null(strstr(text, "s), then 6 more operations, "
                                    "then client 1 wrote"),
                       "%s", text);
    sim_linearizability_free(&verdict);
    sim_history_free(history);
}

/* --- histories of a store ------------------------------------------------- */

/* How a history is made, as if by a correct store. */
struct making {
    uint64_t seed;
    uint32_t n_operations;
    uint32_t n_keys;
    uint32_t n_clients;
    uint32_t lost_ppm; /* operations that are never answered */
    bool tells_value;  /* by a failed compare-and-set */
    uint64_t n_values; /* that are written; 0: each is new */
};

enum { MOST_CLIENTS = 64, MOST_KEYS = 64 };

/* An operation that is under way. */
struct pending {
    bool asked;
    bool done;
    uint32_t id;
    struct sim_history_request request;
    struct sim_history_result result;
};

struct maker {
    struct making making;
    struct sim_prng prng;
    struct sim_history *history;
    uint64_t registers[MOST_KEYS];
    uint64_t n_written;
    struct pending clients[MOST_CLIENTS];
    struct pending lost[4096]; /* still on their way, perhaps for ever */
    uint32_t n_lost;
};

static void ask(struct maker *maker, uint32_t client)
{
    struct pending *pending = &maker->clients[client];
    const struct making *making = &maker->making;
    uint64_t key = sim_prng_below(&maker->prng, making->n_keys);
    uint64_t kind = sim_prng_below(&maker->prng, 4);
    *pending = (struct pending){.asked = true};
    pending->request = (struct sim_history_request){
        .kind = kind == 0   ? SIM_HISTORY_WRITE
                : kind == 1 ? SIM_HISTORY_COMPARE_AND_SET
                            : SIM_HISTORY_READ,
        .key = key,
        .expected = maker->registers[key],
        .value = making->n_values == 0
                     ? ++maker->n_written
                     : sim_prng_between(&maker->prng, 1, making->n_values),
    };
    pending->id =
        sim_history_invoke(maker->history, client, 0, &pending->request);
}

static void happen(struct maker *maker, struct pending *pending)
{
    uint64_t *value = &maker->registers[pending->request.key];
    pending->done = true;
    pending->result.value = *value;
    switch (pending->request.kind) {
    case SIM_HISTORY_READ:
        break;
    case SIM_HISTORY_WRITE:
        *value = pending->request.value;
        break;
    case SIM_HISTORY_COMPARE_AND_SET:
        pending->result.saw_value = maker->making.tells_value;
        pending->result.succeeded = *value == pending->request.expected;
        if (pending->result.succeeded) {
            *value = pending->request.value;
        }
        break;
    }
}

static struct sim_history *make_history(const struct making *making)
{
    struct maker *maker = calloc(1, sizeof(*maker));
    maker->making = *making;
    maker->prng = sim_prng_stream(making->seed, SIM_STREAM_CLIENT, 0, 0);
    maker->history = sim_history_new();
    while (sim_history_count(maker->history) < making->n_operations) {
        uint32_t client =
            (uint32_t)sim_prng_below(&maker->prng, making->n_clients);
        struct pending *pending = &maker->clients[client];
        if (!pending->asked) {
            ask(maker, client);
        } else if (maker->n_lost < 4096 &&
                   sim_prng_chance(&maker->prng, making->lost_ppm)) {
            maker->lost[maker->n_lost++] = *pending;
            pending->asked = false;
        } else if (!pending->done) {
            happen(maker, pending);
        } else {
            sim_history_return(maker->history, pending->id, 0,
                               &pending->result);
            pending->asked = false;
        }
        if (maker->n_lost > 0 && sim_prng_chance(&maker->prng, 10000)) {
            uint64_t i = sim_prng_below(&maker->prng, maker->n_lost);
            if (!maker->lost[i].done) {
                happen(maker, &maker->lost[i]);
            }
            maker->lost[i] = maker->lost[--maker->n_lost];
        }
    }
    struct sim_history *history = maker->history;
    free(maker);
    return history;
}

/* The same history, but the operation `wrong`, if it has returned, saw another
 * value, and a compare-and-set did not do what it did. */
static struct sim_history *corrupt(const struct sim_history *history,
                                   uint32_t wrong, uint64_t value)
{
    struct sim_history *copy = sim_history_new();
    uint32_t n = (uint32_t)sim_history_count(history);
    struct place {
        uint32_t id;
        bool returns;
    } *events = calloc(2 * (size_t)n + 1, sizeof(*events));
    for (uint32_t id = 0; id < n; id++) {
        const struct sim_history_operation *operation =
            sim_history_get(history, id);
        events[operation->invoked] = (struct place){id, false};
        if (operation->outcome == SIM_HISTORY_RETURNED) {
            events[operation->returned] = (struct place){id, true};
        }
    }
    uint32_t n_invoked = 0;
    for (size_t i = 1; n_invoked < n || events[i].returns; i++) {
        const struct sim_history_operation *operation =
            sim_history_get(history, events[i].id);
        if (events[i].returns) {
            struct sim_history_result result = operation->result;
            if (events[i].id == wrong) {
                result.value = value;
                result.succeeded = !result.succeeded;
            }
            sim_history_return(copy, events[i].id, 0, &result);
        } else {
            sim_history_invoke(copy, operation->client, 0, &operation->request);
            n_invoked++;
        }
        if (i == 2 * (size_t)n) {
            break;
        }
    }
    free(events);
    return copy;
}

/* --- all orders of tiny histories ----------------------------------------- */

enum { TINY = 8, TINY_VALUES = 4 };

/* A part of a history, and what is to be believed of it. */
struct belief {
    const struct sim_history *history;
    uint64_t key;
    uint64_t start;   /* what returned before is gone */
    uint64_t end;     /* what was invoked after is not there yet */
    unsigned certain; /* bits: these operations took effect; others may have */
};

static uint64_t return_of(const struct sim_history_operation *operation)
{
    return operation->outcome == SIM_HISTORY_RETURNED ? operation->returned
                                                      : UINT64_MAX;
}

/* Lets an operation take effect; false if its result says that it cannot. */
static bool take_effect(const struct sim_history_operation *operation,
                        uint64_t *value)
{
    bool returned = operation->outcome == SIM_HISTORY_RETURNED;
    const struct sim_history_request *request = &operation->request;
    const struct sim_history_result *result = &operation->result;
    switch (request->kind) {
    case SIM_HISTORY_READ:
        return !returned || result->value == *value;
    case SIM_HISTORY_WRITE:
        *value = request->value;
        return true;
    case SIM_HISTORY_COMPARE_AND_SET:
        if (returned && result->saw_value && result->value != *value) {
            return false;
        }
        if (returned && result->succeeded != (*value == request->expected)) {
            return false;
        }
        if (*value == request->expected) {
            *value = request->value;
        }
        return true;
    }
    return false;
}

/* Whether there is an order that goes on from `value` when `done` happened. */
static bool goes_on(const struct belief *belief, unsigned done, uint64_t value)
{
    if ((belief->certain & ~done) == 0) {
        return true;
    }
    uint32_t n = (uint32_t)sim_history_count(belief->history);
    for (uint32_t i = 0; i < n; i++) {
        const struct sim_history_operation *next =
            sim_history_get(belief->history, i);
        bool possible =
            (done >> i & 1) == 0 && next->outcome != SIM_HISTORY_FAILED &&
            next->request.key == belief->key &&
            return_of(next) >= belief->start && next->invoked <= belief->end;
        for (uint32_t j = 0; j < n && possible; j++) {
            possible =
                (done >> j & 1) == 0 ||
                sim_history_get(belief->history, j)->invoked < return_of(next);
        }
        uint64_t after = value;
        if (possible && take_effect(next, &after) &&
            goes_on(belief, done | 1u << i, after)) {
            return true;
        }
    }
    return false;
}

static bool has_order(const struct belief *belief)
{
    uint64_t values = belief->start == 0 ? 1 : TINY_VALUES;
    for (uint64_t value = 0; value < values; value++) {
        if (goes_on(belief, 0, value)) {
            return true;
        }
    }
    return false;
}

/* The key's operations that were invoked from `start` on and returned until
 * `end`. */
static unsigned within(const struct sim_history *history, uint64_t key,
                       uint64_t start, uint64_t end)
{
    unsigned bits = 0;
    for (uint32_t i = 0; i < sim_history_count(history); i++) {
        const struct sim_history_operation *operation =
            sim_history_get(history, i);
        if (operation->request.key == key && operation->invoked >= start &&
            return_of(operation) <= end) {
            bits |= 1u << i;
        }
    }
    return bits;
}

/* Where the key's shortest prefix without an order ends; UINT64_MAX: nowhere.
 */
static uint64_t end_of_order(const struct sim_history *history, uint64_t key)
{
    for (uint64_t end = 1; end <= 2 * TINY; end++) {
        struct belief belief = {.history = history,
                                .key = key,
                                .end = end,
                                .certain = within(history, key, 0, end)};
        if (!has_order(&belief)) {
            return end;
        }
    }
    return UINT64_MAX;
}

/* Where the window starts that ends at `end`. */
static uint64_t latest_start(const struct sim_history *history, uint64_t key,
                             uint64_t end)
{
    for (uint64_t start = end; start > 0; start--) {
        struct belief belief = {.history = history,
                                .key = key,
                                .start = start,
                                .end = end,
                                .certain = within(history, key, start, end)};
        if (!has_order(&belief)) {
            return start;
        }
    }
    return 0;
}

static void check_window(const struct sim_history *history, uint64_t end,
                         const struct sim_linearizability *verdict,
                         uint64_t seed)
{
    struct belief belief = {
        .history = history,
        .key = verdict->key,
        .start = latest_start(history, verdict->key, end),
        .end = end,
    };
    cr_assert_eq(verdict->from_start, belief.start == 0, "seed %u",
                 (unsigned)seed);
    cr_assert(verdict->smallest);
    cr_assert_geq(verdict->n_window, 1);
    for (size_t i = 0; i < verdict->n_window; i++) {
        cr_assert(i == 0 || verdict->window[i - 1] < verdict->window[i]);
        belief.certain |= 1u << verdict->window[i];
    }
    cr_assert_eq(belief.certain &
                     ~within(history, verdict->key, belief.start, belief.end),
                 0, "seed %u", (unsigned)seed);
    cr_assert(belief.start == 0 ||
                  belief.start ==
                      sim_history_get(history, verdict->window[0])->invoked,
              "seed %u", (unsigned)seed);
    cr_assert(!has_order(&belief), "seed %u", (unsigned)seed);
    for (size_t i = 0; i < verdict->n_window; i++) {
        struct belief less = belief;
        less.certain &= ~(1u << verdict->window[i]);
        cr_assert(has_order(&less), "seed %u, without %u", (unsigned)seed,
                  (unsigned)verdict->window[i]);
    }
}

static struct sim_history_request random_request(struct sim_prng *prng,
                                                 uint64_t n_keys)
{
    return (struct sim_history_request){
        .kind = (enum sim_history_kind)sim_prng_below(prng, 3),
        .key = sim_prng_below(prng, n_keys),
        .expected = sim_prng_below(prng, TINY_VALUES - 1),
        .value = sim_prng_below(prng, TINY_VALUES - 1),
    };
}

/* Calls and answers in any order, with any results. */
static struct sim_history *tiny_history(uint64_t seed)
{
    struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 1, 0);
    struct sim_history *history = sim_history_new();
    uint64_t n = sim_prng_between(&prng, 1, TINY);
    uint64_t n_keys = sim_prng_between(&prng, 1, 2);
    uint64_t haste = sim_prng_below(&prng, 1000000);
    uint32_t open[TINY];
    uint32_t n_open = 0;
    while (n > 0 || n_open > 0) {
        if (n > 0 && (n_open == 0 || sim_prng_chance(&prng, (uint32_t)haste))) {
            struct sim_history_request request = random_request(&prng, n_keys);
            open[n_open++] = sim_history_invoke(history, 0, 0, &request);
            n--;
            continue;
        }
        uint32_t i = (uint32_t)sim_prng_below(&prng, n_open);
        struct sim_history_result result = {
            .succeeded = sim_prng_chance(&prng, 600000),
            .saw_value = sim_prng_chance(&prng, 300000),
            .value = sim_prng_below(&prng, TINY_VALUES - 1),
        };
        if (sim_prng_chance(&prng, 800000)) {
            sim_history_return(history, open[i], 0, &result);
        } else if (sim_prng_chance(&prng, 200000)) {
            sim_history_fail(history, open[i]);
        }
        open[i] = open[--n_open];
    }
    return history;
}

/* A few operations of a correct store, of which one, if it has returned, told
 * something else. */
static struct sim_history *tiny_store_history(uint64_t seed)
{
    struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 2, 0);
    struct making making = {
        .seed = seed,
        .n_operations = TINY,
        .n_keys = 1,
        .n_clients = (uint32_t)sim_prng_between(&prng, 2, 6),
        .lost_ppm = 100000 * (uint32_t)sim_prng_below(&prng, 3),
        .tells_value = sim_prng_chance(&prng, 500000),
        .n_values = TINY_VALUES - 2,
    };
    struct sim_history *history = make_history(&making);
    uint32_t wrong = (uint32_t)sim_prng_below(&prng, TINY);
    struct sim_history *copy =
        corrupt(history, wrong, sim_prng_below(&prng, TINY_VALUES - 1));
    sim_history_free(history);
    return copy;
}

/* What came of the tiny histories. */
struct tally {
    uint32_t n_linearizable;
    uint32_t n_from_start;
    uint32_t n_by_window[TINY + 1];
};

static void check_against_all_orders(const struct sim_history *history,
                                     uint64_t seed, struct tally *tally)
{
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 0, &verdict);
    uint64_t ends[2] = {end_of_order(history, 0), end_of_order(history, 1)};
    uint64_t key = ends[1] < ends[0];
    if (ends[key] == UINT64_MAX) {
        cr_assert_eq(verdict.verdict, SIM_LINEARIZABLE, "seed %u",
                     (unsigned)seed);
        tally->n_linearizable++;
    } else {
        cr_assert_eq(verdict.verdict, SIM_NOT_LINEARIZABLE, "seed %u",
                     (unsigned)seed);
        cr_assert_eq(verdict.key, key, "seed %u", (unsigned)seed);
        check_window(history, ends[key], &verdict, seed);
        tally->n_by_window[verdict.n_window]++;
        tally->n_from_start += verdict.from_start;
    }
    sim_linearizability_free(&verdict);
}

Test(linearizability, agrees_with_all_orders)
{
    enum { SEEDS = 8000 };
    struct sim_history *(*const sources[])(uint64_t) = {tiny_history,
                                                        tiny_store_history};
    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        struct tally tally = {0};
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct sim_history *history = sources[i](seed);
            check_against_all_orders(history, seed, &tally);
            sim_history_free(history);
        }
        cr_expect_gt(tally.n_linearizable, SEEDS / 10);
        cr_expect_lt(tally.n_linearizable, SEEDS / 10 * 9);
        cr_expect_gt(tally.n_from_start, SEEDS / 100);
        for (uint32_t n = 1; n <= 3; n++) {
            cr_expect_gt(tally.n_by_window[n], 0, "windows of %u", (unsigned)n);
        }
    }
}

/* --- large histories ------------------------------------------------------ */

static const struct making makings[] = {
    {.seed = 1, 100000, 64, 16, 0, true, 0},
    {.seed = 2, 100000, 64, 16, 10000, true, 0},
    {.seed = 3, 100000, 64, 16, 10000, true, 20},
    {.seed = 4, 100000, 64, 16, 10000, false, 0},
    {.seed = 5, 100000, 1, 16, 1000, true, 0},
    {.seed = 6, 20000, 1, 5, 10000, false, 5},
    {.seed = 7, 20000, 2, 64, 1000, true, 0},
    {.seed = 8, 100000, 64, 16, 40000, true, 0},
};

enum { MAKINGS = sizeof(makings) / sizeof(*makings) };

Test(linearizability, accepts_what_a_correct_store_does)
{
    for (size_t i = 0; i < MAKINGS; i++) {
        struct sim_history *history = make_history(&makings[i]);
        struct sim_linearizability verdict;
        sim_linearizability_check(history, 10000000, &verdict);
        cr_expect_eq(verdict.verdict, SIM_LINEARIZABLE, "making %zu", i);
        cr_expect_eq(verdict.n_keys, makings[i].n_keys);
        sim_linearizability_free(&verdict);
        sim_history_free(history);
    }
}

/* The last read that returned a value, before `n` operations. */
static uint32_t a_read(const struct sim_history *history, uint32_t n)
{
    for (uint32_t id = n; id-- > 0;) {
        const struct sim_history_operation *operation =
            sim_history_get(history, id);
        if (operation->request.kind == SIM_HISTORY_READ &&
            operation->outcome == SIM_HISTORY_RETURNED &&
            operation->result.value != 0) {
            return id;
        }
    }
    cr_assert_fail("no read");
    return 0;
}

Test(linearizability, refuses_one_wrong_result)
{
    for (size_t i = 0; i < MAKINGS; i++) {
        if (makings[i].n_values != 0) {
            continue; /* a value that comes often may be right */
        }
        struct sim_history *history = make_history(&makings[i]);
        uint32_t n = (uint32_t)sim_history_count(history);
        for (uint32_t at = n / 4; at < n; at += n / 4) {
            uint32_t wrong = a_read(history, at);
            uint64_t values[] = {0, UINT64_MAX};
            for (size_t j = 0; j < 2; j++) {
                struct sim_history *copy = corrupt(history, wrong, values[j]);
                struct sim_linearizability verdict;
                sim_linearizability_check(copy, 10000000, &verdict);
                cr_assert_eq(verdict.verdict, SIM_NOT_LINEARIZABLE,
                             "making %zu, read %u", i, (unsigned)wrong);
                cr_expect_eq(verdict.key,
                             sim_history_get(copy, wrong)->request.key);
                cr_expect_leq(verdict.n_window, 8, "making %zu: %zu", i,
                              verdict.n_window);
                cr_expect(verdict.smallest);
                sim_linearizability_free(&verdict);
                sim_history_free(copy);
            }
        }
        sim_history_free(history);
    }
}

/* --- the limit ------------------------------------------------------------ */

Test(linearizability, gives_up_at_the_limit)
{
    struct sim_history *history =
        play("@1 1:w1 2:w2 3:w3 4:w4 5:w5 6:w6 7:w7 8:r 8:=1 8:r 8:=3 8:r 8:=2 "
             "1:= 2:= 3:= 4:= 5:= 6:= 7:= 8:r 8:=5");
    static const struct {
        uint64_t max_work;
        enum sim_linearizability_verdict verdict;
    } cases[] = {
        {1, SIM_LINEARIZABILITY_UNDECIDED},
        {5, SIM_LINEARIZABILITY_UNDECIDED},
        {100000, SIM_LINEARIZABLE},
        {0, SIM_LINEARIZABLE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sim_linearizability verdict;
        sim_linearizability_check(history, cases[i].max_work, &verdict);
        cr_expect_eq(verdict.verdict, cases[i].verdict, "case %zu", i);
        cr_expect_eq(verdict.n_undecided, cases[i].verdict != SIM_LINEARIZABLE);
        cr_expect(cases[i].max_work == 0 || verdict.work <= cases[i].max_work);
        sim_linearizability_free(&verdict);
    }
    sim_history_free(history);
}

Test(linearizability, knows_a_failure_beside_a_key_that_it_gives_up)
{
    struct sim_history *history =
        play("@1 1:w1 2:w2 3:w3 4:w4 1:= 2:= 3:= 4:= 8:r 8:=1 "
             "@2 1:w1 1:= 2:r 2:=0");
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 2, &verdict);
    cr_expect_eq(verdict.verdict, SIM_NOT_LINEARIZABLE);
    cr_expect_eq(verdict.key, 2);
    cr_expect_eq(verdict.n_undecided, 1);
    sim_linearizability_free(&verdict);
    sim_history_free(history);
}
