/* Long histories, of which the past is judged as they go on and then forgotten:
 * the same verdict as of all of it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/linearizability.h"
#include "sim/prng.h"

enum { MOST_CLIENTS = 16, MOST_KEYS = 64, MOST_LOST = 64 };

struct making {
    uint64_t seed;
    uint32_t n_operations;
    uint32_t n_keys;
    uint32_t n_clients;
    uint32_t lost_ppm;   /* of the operations never return */
    uint32_t late_ppm;   /* a step in which one of these takes effect, if it
                            has not */
    uint32_t failed_ppm; /* of the operations are refused */
    uint32_t wrong;      /* every so many results are wrong; 0: none */
    uint64_t n_values;   /* that are written; 0: each is new */
    bool tells_value;    /* by a compare-and-set */
    size_t limit;
};

struct pending {
    bool asked, done, fails;
    uint32_t id;
    struct sim_history_request request;
    struct sim_history_result result;
};

/* A store, its clients, and two histories of what they are told. */
struct maker {
    const struct making *making;
    struct sim_prng prng;
    struct sim_history *whole; /* NULL: not wanted */
    struct sim_history *kept;
    size_t most_kept;
    uint64_t registers[MOST_KEYS];
    uint64_t n_written;
    struct pending clients[MOST_CLIENTS];
    struct pending lost[MOST_LOST];
    uint32_t n_lost;
};

static void ask(struct maker *maker, struct pending *pending, uint32_t client)
{
    const struct making *making = maker->making;
    uint64_t key = sim_prng_below(&maker->prng, making->n_keys);
    uint64_t kind = sim_prng_below(&maker->prng, 4);
    *pending = (struct pending){
        .asked = true,
        .fails = sim_prng_chance(&maker->prng, making->failed_ppm),
        .request = {
            .kind = kind == 0   ? SIM_HISTORY_WRITE
                    : kind == 1 ? SIM_HISTORY_COMPARE_AND_SET
                                : SIM_HISTORY_READ,
            .key = key,
            .expected = maker->registers[key],
            .value = making->n_values == 0
                         ? ++maker->n_written
                         : sim_prng_below(&maker->prng, making->n_values + 1),
        }};
    pending->id = sim_history_invoke(maker->kept, client, 0, &pending->request);
    if (maker->whole != NULL) {
        sim_history_invoke(maker->whole, client, 0, &pending->request);
    }
}

static void happen(struct maker *maker, struct pending *pending)
{
    uint64_t *value = &maker->registers[pending->request.key];
    pending->done = true;
    if (pending->fails) {
        return;
    }
    pending->result.value = *value;
    switch (pending->request.kind) {
    case SIM_HISTORY_READ:
        break;
    case SIM_HISTORY_WRITE:
        *value = pending->request.value;
        break;
    case SIM_HISTORY_COMPARE_AND_SET:
        pending->result.saw_value = maker->making->tells_value;
        pending->result.succeeded = *value == pending->request.expected;
        if (pending->result.succeeded) {
            *value = pending->request.value;
        }
        break;
    }
}

/* Tells another value, mostly an old one, or the other thing. */
static void corrupt(struct maker *maker, struct pending *pending)
{
    uint64_t n = maker->making->n_values;
    uint64_t old = sim_prng_below(&maker->prng, 8);
    pending->result.value =
        n > 0 ? sim_prng_below(&maker->prng, n + 1)
              : maker->n_written - (old < maker->n_written ? old : 0);
    pending->result.succeeded = !pending->result.succeeded;
}

static void end(struct maker *maker, struct pending *pending)
{
    uint32_t wrong = maker->making->wrong;
    struct sim_history *histories[] = {maker->kept, maker->whole};
    if (wrong > 0 && sim_prng_below(&maker->prng, wrong) == 0) {
        corrupt(maker, pending);
    }
    for (size_t i = 0; i < 2 && histories[i] != NULL; i++) {
        if (pending->fails) {
            sim_history_fail(histories[i], pending->id);
        } else {
            sim_history_return(histories[i], pending->id, 0, &pending->result);
        }
    }
    pending->asked = false;
}

static void lose(struct maker *maker, struct pending *pending)
{
    sim_history_give_up(maker->kept, pending->id);
    if (maker->whole != NULL) {
        sim_history_give_up(maker->whole, pending->id);
    }
    if (!pending->done) {
        maker->lost[maker->n_lost++] = *pending;
    }
    pending->asked = false;
}

static void step(struct maker *maker)
{
    const struct making *making = maker->making;
    uint32_t client = (uint32_t)sim_prng_below(&maker->prng, making->n_clients);
    struct pending *pending = &maker->clients[client];
    if (!pending->asked) {
        ask(maker, pending, client);
    } else if (!pending->fails && maker->n_lost < MOST_LOST &&
               sim_prng_chance(&maker->prng, making->lost_ppm)) {
        lose(maker, pending);
    } else if (!pending->done) {
        happen(maker, pending);
    } else {
        end(maker, pending);
    }
    if (maker->n_lost > 0 && sim_prng_chance(&maker->prng, making->late_ppm)) {
        uint64_t i = sim_prng_below(&maker->prng, maker->n_lost);
        happen(maker, &maker->lost[i]);
        maker->lost[i] = maker->lost[--maker->n_lost];
    }
    size_t kept = sim_history_kept(maker->kept);
    maker->most_kept = kept > maker->most_kept ? kept : maker->most_kept;
}

static struct maker *make(const struct making *making, bool whole)
{
    struct maker *maker = calloc(1, sizeof(*maker));
    maker->making = making;
    maker->prng = sim_prng_stream(making->seed, SIM_STREAM_CLIENT, 3, 0);
    maker->whole = whole ? sim_history_new() : NULL;
    maker->kept = sim_history_new();
    sim_history_keep(maker->kept, making->limit);
    while (sim_history_count(maker->kept) < making->n_operations) {
        step(maker);
    }
    return maker;
}

static void maker_free(struct maker *maker)
{
    sim_history_free(maker->whole);
    sim_history_free(maker->kept);
    free(maker);
}

/* The return at which a window ends. */
static uint64_t end_of(const struct sim_history *history,
                       const struct sim_linearizability *verdict)
{
    uint64_t last = 0;
    for (size_t i = 0; i < verdict->n_window; i++) {
        uint64_t returned =
            sim_history_get(history, verdict->window[i])->returned;
        last = returned > last ? returned : last;
    }
    return last;
}

struct tally {
    uint32_t n_linearizable, n_failed, n_undecided, n_from_cut, n_same_window;
    uint64_t n_forgotten;
};

static void compare(const struct maker *maker, struct tally *tally)
{
    unsigned seed = (unsigned)maker->making->seed;
    struct sim_linearizability whole, kept;
    sim_linearizability_check(maker->whole, 200000, &whole);
    sim_linearizability_check(maker->kept, 200000, &kept);
    cr_assert_eq(kept.n_operations, whole.n_operations, "seed %u", seed);
    cr_assert_eq(kept.n_keys, whole.n_keys, "seed %u", seed);
    if (whole.verdict == SIM_LINEARIZABILITY_UNDECIDED ||
        kept.verdict == SIM_LINEARIZABILITY_UNDECIDED) {
        tally->n_undecided++;
    } else {
        cr_assert_eq(kept.verdict, whole.verdict, "seed %u", seed);
        tally->n_linearizable += whole.verdict == SIM_LINEARIZABLE;
    }
    if (whole.verdict == SIM_NOT_LINEARIZABLE &&
        kept.verdict == SIM_NOT_LINEARIZABLE) {
        tally->n_failed++;
        tally->n_from_cut += kept.from_cut;
        tally->n_same_window +=
            kept.n_window == whole.n_window &&
            memcmp(kept.window, whole.window,
                   kept.n_window * sizeof(*kept.window)) == 0;
        cr_assert_eq(kept.key, whole.key, "seed %u", seed);
        cr_assert_eq(end_of(maker->kept, &kept), end_of(maker->whole, &whole),
                     "seed %u", seed);
        cr_assert_not(kept.from_cut && kept.from_start);
    }
    tally->n_forgotten +=
        sim_history_count(maker->kept) - sim_history_kept(maker->kept);
    sim_linearizability_free(&whole);
    sim_linearizability_free(&kept);
}

/* A making of any kind, small enough for a search without tricks. */
static struct making any_making(uint64_t seed)
{
    static const uint32_t lost_ppm[] = {0, 20000, 40000, 100000};
    static const size_t limits[] = {1, 1, 12, 40};
    struct sim_prng prng = sim_prng_stream(seed, SIM_STREAM_CLIENT, 4, 0);
    return (struct making){
        .seed = seed,
        .n_operations = (uint32_t)sim_prng_between(&prng, 10, 150),
        .n_keys = (uint32_t)sim_prng_between(&prng, 1, 2),
        .n_clients = (uint32_t)sim_prng_between(&prng, 1, 6),
        .lost_ppm = lost_ppm[sim_prng_below(&prng, 4)],
        .late_ppm = 100000 * (uint32_t)sim_prng_below(&prng, 4),
        .failed_ppm = 50000 * (uint32_t)sim_prng_below(&prng, 2),
        .wrong = 40 * (uint32_t)sim_prng_below(&prng, 3),
        .n_values = sim_prng_below(&prng, 5),
        .tells_value = sim_prng_chance(&prng, 500000),
        .limit = limits[sim_prng_below(&prng, 4)],
    };
}

Test(linearizability_online, agrees_with_the_whole_history)
{
    /* With the first of these an operation has taken effect in some of the
     * states at a cut and not in others, long before that makes a difference;
     * with the second the window could seem to start with an operation that met
     * one that is forgotten. */
    static const uint64_t rare[] = {33933, 150809};
    enum { SEEDS = 10000, RARE = sizeof(rare) / sizeof(*rare) };
    struct tally tally = {0};
    for (uint64_t i = 0; i < SEEDS + RARE; i++) {
        struct making making = any_making(i < SEEDS ? i : rare[i - SEEDS]);
        struct maker *maker = make(&making, true);
        compare(maker, &tally);
        maker_free(maker);
    }
    cr_log_info("linearizable %u, failed %u (from a cut %u, same window %u), "
                "undecided %u, forgotten %lu",
                tally.n_linearizable, tally.n_failed, tally.n_from_cut,
                tally.n_same_window, tally.n_undecided,
                (unsigned long)tally.n_forgotten);
    cr_expect_gt(tally.n_linearizable, SEEDS / 4);
    cr_expect_gt(tally.n_failed, SEEDS / 10);
    cr_expect_gt(tally.n_from_cut, 10);
    cr_expect_gt(tally.n_same_window, SEEDS / 50);
    cr_expect_gt(tally.n_forgotten, SEEDS * 20);
    cr_expect_lt(tally.n_undecided, SEEDS / 20);
}

/* Each of these would be found out by what is kept, and only about that much
 * is. */
Test(linearizability_online, keeps_few)
{
    static const struct {
        struct making making;
        size_t most;
    } cases[] = {
        {{.n_operations = 300000,
          .n_keys = 16,
          .n_clients = 8,
          .tells_value = true,
          .limit = 4096},
         5000},
        {{.n_operations = 300000,
          .n_keys = 64,
          .n_clients = 8,
          .tells_value = true,
          .limit = 1},
         1000},
        {{.n_operations = 300000,
          .n_keys = 1,
          .n_clients = 1,
          .n_values = 2,
          .limit = 4096},
         5000},
        {{.n_operations = 300000,
          .n_keys = 4,
          .n_clients = 8,
          .lost_ppm = 1000,
          .late_ppm = 10000,
          .tells_value = true,
          .limit = 4096},
         10000},
        {{.n_operations = 300000,
          .n_keys = 1,
          .n_clients = 8,
          .tells_value = true,
          .limit = 4096},
         10000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct maker *maker = make(&cases[i].making, false);
        struct sim_linearizability verdict;
        sim_linearizability_check(maker->kept, 2000000, &verdict);
        cr_log_info("case %zu: at most %zu kept, %zu at the end, work %zu", i,
                    maker->most_kept, sim_history_kept(maker->kept),
                    (size_t)verdict.work);
        cr_expect_eq(verdict.verdict, SIM_LINEARIZABLE, "case %zu", i);
        cr_expect_lt(maker->most_kept, cases[i].most, "case %zu", i);
        cr_expect_gt(sim_history_forgettings(maker->kept), 0);
        sim_linearizability_free(&verdict);
        maker_free(maker);
    }
}

static uint32_t invoke(struct sim_history *history, enum sim_history_kind kind,
                       uint64_t expected, uint64_t value)
{
    struct sim_history_request request = {
        .kind = kind, .key = 1, .expected = expected, .value = value};
    return sim_history_invoke(history, 0, 0, &request);
}

static void hear(struct sim_history *history, uint32_t id, uint64_t value)
{
    struct sim_history_result result = {.value = value};
    sim_history_return(history, id, 0, &result);
}

/* The second of two writes that nobody saw comes late: it alone lets the
 * compare-and-set fail, of which no more is known. */
Test(linearizability_online, leaves_what_nobody_saw_for_later)
{
    struct sim_history *history = sim_history_new();
    sim_history_keep(history, 12);
    for (uint32_t i = 0; i < 100; i++) {
        hear(history, invoke(history, SIM_HISTORY_WRITE, 0, 11), 0);
        uint32_t late = invoke(history, SIM_HISTORY_WRITE, 0, 12);
        hear(history, invoke(history, SIM_HISTORY_WRITE, 0, 1), 0);
        hear(history, invoke(history, SIM_HISTORY_COMPARE_AND_SET, 1, 9), 0);
        hear(history, late, 0);
        hear(history, invoke(history, SIM_HISTORY_WRITE, 0, 5), 0);
        hear(history, invoke(history, SIM_HISTORY_READ, 0, 0), 5);
        cr_assert_lt(sim_history_kept(history), 40, "%u", i);
    }
    sim_history_free(history);
}

static void write_often(struct sim_history *history, uint64_t value, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        hear(history, invoke(history, SIM_HISTORY_WRITE, 0, value), 0);
    }
}

/* The same, when the compare-and-set is invoked after the cut, which is where
 * the late write alone is open. */
Test(linearizability_online, leaves_it_for_what_comes_after_the_cut)
{
    struct sim_history *history = sim_history_new();
    sim_history_keep(history, 20);
    write_often(history, 11, 10);
    uint32_t late = invoke(history, SIM_HISTORY_WRITE, 0, 12);
    write_often(history, 11, 4);
    uint32_t one = invoke(history, SIM_HISTORY_READ, 0, 0);
    uint32_t other = invoke(history, SIM_HISTORY_READ, 0, 0);
    write_often(history, 1, 1);
    hear(history, invoke(history, SIM_HISTORY_COMPARE_AND_SET, 1, 9), 0);
    hear(history, late, 0);
    write_often(history, 5, 1);
    hear(history, one, 5);
    cr_assert_eq(sim_history_forgettings(history), 0);
    hear(history, other, 5);
    cr_assert_eq(sim_history_forgettings(history), 1);
    write_often(history, 5, 60);
    cr_assert_gt(sim_history_forgettings(history), 3);
    struct sim_linearizability verdict;
    sim_linearizability_check(history, 0, &verdict);
    cr_assert_eq(verdict.verdict, SIM_LINEARIZABLE);
    sim_linearizability_free(&verdict);
    sim_history_free(history);
}

static void ask_and_hear(struct sim_history *history,
                         enum sim_history_kind kind, uint64_t value)
{
    struct sim_history_request request = {
        .kind = kind,
        .key = 7,
        .expected = kind == SIM_HISTORY_COMPARE_AND_SET ? value : 0,
        .value = kind == SIM_HISTORY_WRITE ? value : 9};
    struct sim_history_result result = {.value = value};
    uint32_t id = sim_history_invoke(history, 2, 1000000, &request);
    sim_history_return(history, id, 2000000, &result);
}

/* What a failure starts from is told where it matters; and that a value is old
 * only where all that wrote it is still known. */
Test(linearizability_online, tells_what_was_there)
{
    static const struct {
        enum sim_history_kind kind;
        uint64_t values[3];
        const char *text;
    } cases[] = {
        {SIM_HISTORY_READ,
         {5, 5, 4},
         "key k7: client 2 read v5 (1.000000 s to 2.000000 s), then client 2 "
         "read v4 (1.000000 s to 2.000000 s): no order of these explains what "
         "they returned"},
        {SIM_HISTORY_COMPARE_AND_SET,
         {1, 2, 5},
         "key k7, at first with v5: client 2 did not change v5 to v9 (1.000000 "
         "s to 2.000000 s): no order of these explains what they returned"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sim_history *history = sim_history_new();
        sim_history_keep(history, 1);
        ask_and_hear(history, SIM_HISTORY_WRITE, 4);
        ask_and_hear(history, SIM_HISTORY_WRITE, 5);
        ask_and_hear(history, SIM_HISTORY_READ, 5);
        for (size_t j = 0; j < 3; j++) {
            ask_and_hear(history, cases[i].kind, cases[i].values[j]);
        }
        struct sim_linearizability verdict;
        char text[300];
        sim_linearizability_check(history, 0, &verdict);
        cr_assert_eq(verdict.verdict, SIM_NOT_LINEARIZABLE, "case %zu", i);
        cr_assert_eq(verdict.n_operations, 6);
        sim_linearizability_describe(history, &verdict, NULL, text,
                                     sizeof text);
        cr_expect_str_eq(text, cases[i].text, "%s", text);
        sim_linearizability_free(&verdict);
        sim_history_free(history);
    }
}
