/* One measurement: a run, or a part of one, and what it took, as a line of
 * JSON. tools/bench makes many of them and the table; see there.
 */
#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/raft_node.h"
#include "sim/simulation.h"
#include "tools/benchmark/meter.h"

/* What is asked for. */
struct wish {
    const char *file;
    uint64_t seed;
    uint64_t seeds; /* whole runs of so many seeds; 0: a part of one run */
    uint64_t skip;  /* steps before the part, or entries committed, */
    bool by_commits;
    uint64_t steps;   /* and in it, or */
    uint64_t commits; /* entries committed in it; at least, as it is looked at
                         every so many events */
    bool checks, hashed, written;
};

/* The trace as text, for nobody. */
struct nowhere {
    struct sim_trace_sink base;
    uint64_t bytes;
};

static void swallow(struct sim_trace_sink *self, const char *text, size_t size)
{
    (void)text;
    ((struct nowhere *)self)->bytes += size;
}

static uint64_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "measure: %s: %s\n", what, why);
    exit(2);
}

/* --- the wish ------------------------------------------------------------- */

static uint64_t number(const char *option, const char *text)
{
    char *end;
    uint64_t value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || end == text || *end != '\0') {
        fail(option, "expected a number");
    }
    return value;
}

static struct wish read_wish(char **arguments)
{
    struct wish wish = {.seed = 1, .checks = true, .hashed = true};
    for (char **at = arguments; *at != NULL; at++) {
        const char *option = *at;
        if (strcmp(option, "--no-checks") == 0) {
            wish.checks = false;
        } else if (strcmp(option, "--no-hash") == 0) {
            wish.hashed = false;
        } else if (strcmp(option, "--written") == 0) {
            wish.written = true;
        } else if (option[0] != '-') {
            wish.file = option;
        } else if (strcmp(option, "--seed") == 0) {
            wish.seed = number(option, *++at);
        } else if (strcmp(option, "--seeds") == 0) {
            wish.seeds = number(option, *++at);
        } else if (strcmp(option, "--skip-steps") == 0) {
            wish.skip = number(option, *++at);
        } else if (strcmp(option, "--skip-commits") == 0) {
            wish.skip = number(option, *++at);
            wish.by_commits = true;
        } else if (strcmp(option, "--steps") == 0) {
            wish.steps = number(option, *++at);
        } else if (strcmp(option, "--commits") == 0) {
            wish.commits = number(option, *++at);
        } else {
            fail(option, "no such option");
        }
        if (*at == NULL) {
            break;
        }
    }
    if (wish.steps == 0 && wish.commits == 0) {
        wish.commits = UINT64_MAX; /* to its end */
    }
    if (wish.file == NULL) {
        fail("usage", "measure SCENARIO [--seed N] [--seeds N] "
                      "[--skip-steps N | --skip-commits N] "
                      "[--steps N | --commits N] "
                      "[--no-checks] [--no-hash] [--written]");
    }
    return wish;
}

static char *read_file(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fail(name, "cannot be read");
    }
    *size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*size + 1);
    if (text == NULL || fread(text, 1, *size, file) != *size) {
        fail(name, "cannot be read");
    }
    fclose(file);
    return text;
}

static struct sim_scenario *parse(const char *name, const char *text,
                                  size_t size, uint64_t seed)
{
    struct sim_scenario_problems problems = {0};
    struct sim_scenario *scenario =
        sim_scenario_parse(text, size, &seed, &problems);
    if (scenario == NULL) {
        fail(name, problems.count > 0 ? problems.items[0].message : "refused");
    }
    return scenario;
}

/* --- runs ----------------------------------------------------------------- */

static struct sim_simulation *begin(const struct wish *wish,
                                    const struct sim_scenario *scenario,
                                    uint64_t seed, struct nowhere *nowhere)
{
    *nowhere = (struct nowhere){.base = {.line = swallow}};
    struct sim_options options = {
        .seed = seed,
        .node_type = &sim_raft_node_type,
        .checks = wish->checks,
        .unhashed = !wish->hashed,
        .trace = wish->written ? &nowhere->base : NULL,
        .max_steps = SIM_UNLIMITED,
    };
    return sim_simulation_new(scenario, &options);
}

METER_ALONE enum sim_verdict measured(struct sim_simulation *simulation,
                                      uint64_t until_step,
                                      uint64_t until_commits);

enum sim_verdict measured(struct sim_simulation *simulation,
                          uint64_t until_step, uint64_t until_commits)
{
    enum sim_verdict verdict = SIM_VERDICT_RUNNING;
    while (verdict == SIM_VERDICT_RUNNING &&
           sim_simulation_whereabouts(simulation).step < until_step &&
           (until_commits == UINT64_MAX ||
            sim_simulation_result(simulation)->commits < until_commits)) {
        verdict = sim_simulation_advance(simulation, 256);
    }
    return verdict;
}

/* `amount` on from `from`; 0: for ever. */
static uint64_t beyond(uint64_t from, uint64_t amount)
{
    return amount == 0 || amount > UINT64_MAX - from ? UINT64_MAX
                                                     : from + amount;
}

static void skip(const struct wish *wish, struct sim_simulation *simulation)
{
    uint64_t done = 0;
    while (done < wish->skip) {
        if (sim_simulation_advance(simulation, 1024) != SIM_VERDICT_RUNNING) {
            fail(wish->file, "ends before the part that is to be measured");
        }
        done = wish->by_commits ? sim_simulation_result(simulation)->commits
                                : sim_simulation_whereabouts(simulation).step;
    }
}

static void look_at(const struct wish *wish, const struct sim_result *result)
{
    if (result->verdict == SIM_VERDICT_UNEXPECTED ||
        result->verdict == SIM_VERDICT_CONTRACT) {
        fail(wish->file, "does not go as expected");
    }
}

static void measure_part(const struct wish *wish, const char *text, size_t size)
{
    struct nowhere nowhere;
    struct sim_scenario *scenario = parse(wish->file, text, size, wish->seed);
    uint64_t heap = heap_bytes();
    uint64_t began = meter_now_ns();
    struct sim_simulation *simulation =
        begin(wish, scenario, wish->seed, &nowhere);
    uint64_t start_ns = meter_now_ns() - began;
    skip(wish, simulation);
    const struct sim_result before = *sim_simulation_result(simulation);
    uint64_t skipped_heap = heap_bytes() - heap;
    uint64_t step = sim_simulation_whereabouts(simulation).step;
    began = meter_now_ns();
    measured(simulation, beyond(step, wish->steps),
             beyond(before.commits, wish->commits));
    uint64_t ns = meter_now_ns() - began;
    const struct sim_result *result = sim_simulation_result(simulation);
    look_at(wish, result);
    printf("{\"steps\": %" PRIu64 ", \"commits\": %" PRIu64 ", \"ns\": %" PRIu64
           ", \"deliveries\": %" PRIu64 ", \"virtual_us\": %" PRIu64
           ", \"start_ns\": %" PRIu64 ", \"skipped_heap_bytes\": %" PRIu64
           ", \"heap_bytes\": %" PRIu64 ", \"peak_bytes\": %" PRIu64
           ", \"all_steps\": %" PRIu64 "}\n",
           sim_simulation_whereabouts(simulation).step - step,
           result->commits - before.commits, ns,
           result->messages_delivered - before.messages_delivered,
           result->time_us - before.time_us, start_ns, skipped_heap,
           heap_bytes() - heap, meter_peak_bytes(),
           sim_simulation_whereabouts(simulation).step);
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
}

/* From the text to the end of the run, as a sweep's worker does it. */
static void measure_seeds(const struct wish *wish, const char *text,
                          size_t size)
{
    struct nowhere nowhere;
    uint64_t steps = 0;
    uint64_t commits = 0;
    uint64_t began = meter_now_ns();
    struct sim_scenario_text *taken = sim_scenario_text_new(text, size);
    for (uint64_t seed = wish->seed; seed < wish->seed + wish->seeds; seed++) {
        struct sim_scenario *scenario = sim_scenario_text_read(taken, &seed);
        if (scenario == NULL) {
            fail(wish->file, "is no scenario");
        }
        struct sim_simulation *simulation =
            begin(wish, scenario, seed, &nowhere);
        measured(simulation, UINT64_MAX, UINT64_MAX);
        const struct sim_result *result = sim_simulation_result(simulation);
        look_at(wish, result);
        steps += result->steps;
        commits += result->commits;
        sim_simulation_free(simulation);
        sim_scenario_free(scenario);
    }
    sim_scenario_text_free(taken);
    printf("{\"seeds\": %" PRIu64 ", \"steps\": %" PRIu64
           ", \"commits\": %" PRIu64 ", \"ns\": %" PRIu64
           ", \"peak_bytes\": %" PRIu64 "}\n",
           wish->seeds, steps, commits, meter_now_ns() - began,
           meter_peak_bytes());
}

int main(int count, char **arguments)
{
    assert(count >= 1);
    struct wish wish = read_wish(arguments + 1);
    size_t size;
    char *text = read_file(wish.file, &size);
    if (wish.seeds > 0) {
        measure_seeds(&wish, text, size);
    } else {
        measure_part(&wish, text, size);
    }
    free(text);
    return 0;
}
