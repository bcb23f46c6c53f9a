/* Runs that must never change by accident: hashes of whole runs, and timelines
 * that are kept as text. Every compiler and machine must give the same.
 *
 * tests/golden/HASHES has lines "scenario seed steps hash"; a timeline is what
 * `raftsim run SCENARIO --seed 7 --trace FILE` writes. Where behaviour was
 * meant to change, make them again with tests/golden/update, read the
 * difference, and say so in the commit. */
#undef NDEBUG
#include <assert.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/raft_node.h"
#include "sim/simulation.h"

#define PATH_SIZE 512

struct text {
    char *bytes;
    size_t size, capacity;
};

struct text_sink {
    struct sim_trace_sink base;
    struct text text;
};

static void append(struct text *text, const char *bytes, size_t size)
{
    text->bytes =
        sim_grow(text->bytes, &text->capacity, text->size + size + 1, 1);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

static void take_line(struct sim_trace_sink *self, const char *text,
                      size_t size)
{
    append(&((struct text_sink *)self)->text, text, size);
}

static struct text read_file(const char *name)
{
    const char *source = getenv("RAFTSIM_SOURCE");
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", source != NULL ? source : ".", name);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "cannot open %s", path);
    struct text text = {NULL, 0, 0};
    char buffer[4096];
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0) {
        append(&text, buffer, n);
    }
    fclose(file);
    cr_assert(text.size > 0, "%s is empty", path);
    return text;
}

static struct sim_result run(const char *folder, const char *name,
                             uint64_t seed, struct sim_trace_sink *sink)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    struct text text = read_file(path);
    struct sim_scenario_problems problems;
    struct sim_scenario *scenario =
        sim_scenario_parse(text.bytes, text.size, &seed, &problems);
    cr_assert(scenario != NULL, "%s: %s", path, problems.items[0].message);
    struct sim_options options = {
        .seed = seed,
        .node_type = &sim_raft_node_type,
        .checks = true,
        .trace = sink,
        .max_steps = SIM_UNLIMITED,
    };
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    sim_simulation_advance(simulation, SIM_UNLIMITED);
    struct sim_result result = *sim_simulation_result(simulation);
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
    free(text.bytes);
    return result;
}

Test(golden, hashes)
{
    struct text text = read_file("tests/golden/HASHES");
    unsigned lines = 0;
    for (char *line = strtok(text.bytes, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        char name[64];
        uint64_t seed;
        uint64_t steps;
        uint64_t hash;
        int fields = sscanf(line, "%63s %" SCNu64 " %" SCNu64 " %" SCNx64, name,
                            &seed, &steps, &hash);
        cr_assert(fields == 4, "not a line of hashes: %s", line);
        struct sim_result result = run("scenarios", name, seed, NULL);
        cr_expect(result.hash == hash && result.steps == steps,
                  "%s, seed %" PRIu64 ": %" PRIu64 " steps, hash %016" PRIx64
                  "; expected %" PRIu64 " steps, hash %016" PRIx64,
                  name, seed, result.steps, result.hash, steps, hash);
        lines++;
    }
    cr_assert(lines >= 50, "only %u hashes", lines);
    free(text.bytes);
}

/* A scenario without a line in HASHES would be held by nothing here. */
Test(golden, every_scenario_has_a_hash)
{
    struct text hashes = read_file("tests/golden/HASHES");
    const char *source = getenv("RAFTSIM_SOURCE");
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/scenarios", source != NULL ? source : ".");
    DIR *directory = opendir(path);
    cr_assert(directory != NULL, "cannot open %s", path);
    unsigned scenarios = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char *end = strstr(entry->d_name, ".json");
        if (end == NULL) {
            continue;
        }
        char wanted[PATH_SIZE];
        snprintf(wanted, sizeof wanted, "\n%.*s 7 ", (int)(end - entry->d_name),
                 entry->d_name);
        bool first = strncmp(hashes.bytes, wanted + 1, strlen(wanted) - 1) == 0;
        cr_expect(first || strstr(hashes.bytes, wanted) != NULL,
                  "%s has no hash", entry->d_name);
        scenarios++;
    }
    closedir(directory);
    cr_assert(scenarios >= 20, "only %u scenarios", scenarios);
    free(hashes.bytes);
}

/* The first line in which two texts differ, for the message. */
static void find_difference(const char *a, const char *b, unsigned *line,
                            const char **at_a, const char **at_b)
{
    *line = 1;
    *at_a = a;
    *at_b = b;
    while (*a != '\0' && *a == *b) {
        if (*a == '\n') {
            ++*line;
            *at_a = a + 1;
            *at_b = b + 1;
        }
        a++;
        b++;
    }
}

Test(golden, timelines)
{
    static const struct {
        const char *folder, *name;
    } list[] = {
        {"scenarios", "first-election"},
        {"scenarios", "figure-7"},
        {"scenarios", "figure-8"},
        {"scenarios", "vote-lost"},
        {"scenarios", "vote-kept"},
        {"tests/golden", "leader-change"},
        {"tests/golden", "cut-off-leader"},
        {"tests/golden", "node-that-cannot-see-the-leader"},
        {"tests/golden", "snapshot-install"},
        {"tests/golden", "joint-change"},
        {"tests/golden", "transfer"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct text_sink sink = {.base = {.line = take_line}};
        char header[PATH_SIZE];
        snprintf(header, sizeof header, "# %s/%s.json, seed 7\n",
                 list[i].folder, list[i].name);
        append(&sink.text, header, strlen(header));
        struct sim_result result =
            run(list[i].folder, list[i].name, 7, &sink.base);
        cr_expect_eq(result.verdict, SIM_VERDICT_AS_EXPECTED, "%s",
                     list[i].name);
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "tests/golden/%s.txt", list[i].name);
        struct text golden = read_file(path);
        unsigned line;
        const char *was;
        const char *is;
        find_difference(golden.bytes, sink.text.bytes, &line, &was, &is);
        cr_expect(strcmp(golden.bytes, sink.text.bytes) == 0,
                  "%s:%u\n  was: %.*s\n  is:  %.*s", path, line,
                  (int)strcspn(was, "\n"), was, (int)strcspn(is, "\n"), is);
        free(golden.bytes);
        free(sink.text.bytes);
    }
}
