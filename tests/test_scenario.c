/* The loader of scenarios: what it reads, what it refuses, and what it says.
 *
 * tests/check_schema.py holds the JSON Schema to the same files. */
#include "sim/memory.h"
#include "sim/prng.h"
#include "sim/scenario.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- helpers -------------------------------------------------------------- */

static void path_in_tree(char *path, size_t size, const char *relative)
{
    const char *root = getenv("RAFTSIM_SOURCE");
    int length =
        snprintf(path, size, "%s/%s", root != NULL ? root : ".", relative);
    cr_assert(length > 0 && (size_t)length < size);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "cannot open %s", path);
    char *text = NULL;
    size_t capacity = 0;
    *size = 0;
    for (;;) {
        text = sim_grow(text, &capacity, *size + 4096, 1);
        size_t got = fread(text + *size, 1, 4095, file);
        *size += got;
        if (got == 0) {
            break;
        }
    }
    fclose(file);
    text[*size] = '\0';
    return text;
}

/* A valid scenario from a text, drawn with `seed`. */
static struct sim_scenario *parse(const char *text, uint64_t seed)
{
    struct sim_scenario_problems problems;
    struct sim_scenario *scenario =
        sim_scenario_parse(text, strlen(text), &seed, &problems);
    cr_assert_not_null(scenario, "%s: %s", problems.items[0].pointer,
                       problems.items[0].message);
    cr_assert_eq(problems.count, 0);
    sim_scenario_problems_free(&problems);
    return scenario;
}

/* --- files ---------------------------------------------------------------- */

#define MAX_LINE 512

/* The next expectation; false at the end. */
static bool next_expected(FILE *file, char name[MAX_LINE],
                          char pointer[MAX_LINE], char message[MAX_LINE])
{
    char line[MAX_LINE];
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        cr_assert_eq(
            sscanf(line, "%511s %511s %511[^\n]", name, pointer, message), 3,
            "EXPECTED: %s", line);
        if (strcmp(pointer, ".") == 0) {
            pointer[0] = '\0';
        }
        return true;
    }
    return false;
}

static void check_problem(const char *name,
                          const struct sim_scenario_problem *problem,
                          const char *pointer, const char *message)
{
    cr_expect_str_eq(problem->pointer, pointer, "%s: at \"%s\", not \"%s\"",
                     name, problem->pointer, pointer);
    cr_expect_not_null(strstr(problem->message, message),
                       "%s: \"%s\" is not in \"%s\"", name, message,
                       problem->message);
    cr_expect_null(strchr(problem->message, '\n'), "%s: a newline", name);
    cr_expect(problem->line >= 1 && problem->column >= 1);
}

static struct sim_scenario_problems problems_of(const char *folder,
                                                const char *name)
{
    char relative[2 * MAX_LINE];
    char path[3 * MAX_LINE];
    size_t size;
    struct sim_scenario_problems problems;
    snprintf(relative, sizeof relative, "%s/%s.json", folder, name);
    path_in_tree(path, sizeof path, relative);
    char *text = read_file(path, &size);
    sim_scenario_free(sim_scenario_parse(text, size, NULL, &problems));
    free(text);
    return problems;
}

Test(scenario, bad_files_are_refused_with_the_expected_words)
{
    char path[MAX_LINE];
    char name[MAX_LINE], pointer[MAX_LINE], message[MAX_LINE];
    char last[MAX_LINE] = "";
    struct sim_scenario_problems problems = {0};
    uint32_t place = 0;
    path_in_tree(path, sizeof path, "tests/bad_scenarios/EXPECTED");
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "cannot open %s", path);
    while (next_expected(file, name, pointer, message)) {
        if (strcmp(name, last) != 0) {
            cr_expect_eq(place, problems.count, "%s: %u problems, not %u", last,
                         problems.count, place);
            sim_scenario_problems_free(&problems);
            problems = problems_of("tests/bad_scenarios", name);
            strcpy(last, name);
            place = 0;
        }
        if (place < problems.count) {
            check_problem(name, &problems.items[place], pointer, message);
        }
        place++;
    }
    cr_expect_eq(place, problems.count, "%s: %u problems, not %u", last,
                 problems.count, place);
    sim_scenario_problems_free(&problems);
    fclose(file);
}

/* How many scenarios of a folder give this verdict; each one has to. */
static size_t check_folder(const char *folder, bool accepted)
{
    const char *end = ".json";
    size_t count = 0;
    char path[MAX_LINE];
    path_in_tree(path, sizeof path, folder);
    DIR *directory = opendir(path);
    cr_assert_not_null(directory, "cannot open %s", path);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char name[MAX_LINE];
        size_t length = strlen(entry->d_name);
        if (length <= strlen(end) || length >= sizeof name ||
            strcmp(entry->d_name + length - strlen(end), end) != 0) {
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(length - strlen(end)),
                 entry->d_name);
        struct sim_scenario_problems problems = problems_of(folder, name);
        cr_expect_eq(problems.count == 0, accepted, "%s/%s: %s %s", folder,
                     name, problems.count > 0 ? problems.items[0].pointer : "",
                     problems.count > 0 ? problems.items[0].message
                                        : "accepted");
        sim_scenario_problems_free(&problems);
        count++;
    }
    closedir(directory);
    return count;
}

static size_t count_expected(void)
{
    char path[MAX_LINE];
    char name[MAX_LINE], pointer[MAX_LINE], message[MAX_LINE];
    char last[MAX_LINE] = "";
    size_t count = 0;
    path_in_tree(path, sizeof path, "tests/bad_scenarios/EXPECTED");
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "cannot open %s", path);
    while (next_expected(file, name, pointer, message)) {
        count += strcmp(name, last) != 0;
        strcpy(last, name);
    }
    fclose(file);
    return count;
}

Test(scenario, folders_hold_what_they_say)
{
    cr_expect_geq(check_folder("scenarios", true), 1);
    cr_expect_geq(check_folder("tests/good_scenarios", true), 5);
    size_t bad = check_folder("tests/bad_scenarios", false);
    size_t beyond = check_folder("tests/bad_scenarios/beyond_schema", false);
    cr_expect_geq(bad, 60, "only %zu bad files", bad);
    cr_expect_eq(bad + beyond, count_expected(),
                 "%zu bad files, %zu of them in EXPECTED", bad + beyond,
                 count_expected());
}

/* Whether `text` holds `word` as a word of its own. */
static bool has_word(const char *text, const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    const char *at = text;
    while ((at = strstr(at, word)) != NULL) {
        const char *end = at + strlen(word);
        bool starts = at == text || strchr(letters, at[-1]) == NULL;
        if (starts && (*end == '\0' || strchr(letters, *end) == NULL)) {
            return true;
        }
        at = end;
    }
    return false;
}

/* What has a name in the code has it in the schema and on the format's page. */
Test(scenario, schema_and_page_know_every_name)
{
    static const char *const files[] = {
        "scenarios/schema/scenario.schema.json",
        "tools/help_scenario.c",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[MAX_LINE];
        size_t size;
        path_in_tree(path, sizeof path, files[i]);
        char *text = read_file(path, &size);
        for (size_t j = 0; j < SIM_ACTION_KIND_COUNT; j++) {
            const char *name = sim_action_name((enum sim_action_kind)j);
            cr_expect(has_word(text, name), "%s: %s", files[i], name);
        }
        for (size_t j = 0; j < SIM_PROPERTY_COUNT; j++) {
            const char *name = sim_property_name((enum sim_property)j);
            cr_expect(has_word(text, name), "%s: %s", files[i], name);
        }
        for (size_t j = 0; j < SIM_MESSAGE_KIND_COUNT; j++) {
            const char *name = sim_message_kind_name((enum sim_message_kind)j);
            cr_expect(has_word(text, name), "%s: %s", files[i], name);
        }
        free(text);
    }
}

/* --- places --------------------------------------------------------------- */

Test(scenario, problems_have_lines_and_columns_in_characters)
{
    static const struct {
        const char *text;
        uint32_t line, column;
        const char *pointer;
    } cases[] = {
        {"", 1, 1, ""},
        {"{}", 1, 1, ""},
        {"{\"description\": \"x\",\n  \"nodes\": 0}", 2, 12, "/nodes"},
        {"{\"description\": \"éé\", \"x\": 1}", 1, 23, "/x"},
        {"{\"description\": \"x\"\r\n\r\n,}", 3, 2, ""},
        {"{\"description\": \"x\", \"faults\": [\n\n{}\n]}", 3, 1, "/faults/0"},
        {"{\"description\": \"a\nb\"}", 1, 19, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_scenario_problems problems;
        cr_assert_null(sim_scenario_parse(cases[i].text, strlen(cases[i].text),
                                          NULL, &problems));
        cr_assert_geq(problems.count, 1);
        cr_expect_eq(problems.items[0].line, cases[i].line, "%zu: line %u", i,
                     problems.items[0].line);
        cr_expect_eq(problems.items[0].column, cases[i].column,
                     "%zu: column %u", i, problems.items[0].column);
        cr_expect_str_eq(problems.items[0].pointer, cases[i].pointer);
        sim_scenario_problems_free(&problems);
    }
}

/* --- values --------------------------------------------------------------- */

Test(scenario, defaults)
{
    struct sim_scenario *s = parse("{\"description\": \"d\"}", 9);
    cr_expect_str_eq(s->description, "d");
    cr_expect_not(s->has_seed);
    cr_expect_eq(s->seed, 1);
    cr_expect_eq(s->nodes, 3);
    cr_expect_eq(s->duration_us, 10000000);
    cr_expect_eq(s->raft.n_nodes, 3);
    cr_expect_eq(s->raft.election_timeout_min_us, 150000);
    cr_expect_eq(s->raft.election_timeout_max_us, 300000);
    cr_expect_eq(s->raft.heartbeat_interval_us, 50000);
    cr_expect_eq(s->raft.max_entries_per_message, 64);
    cr_expect_eq(s->raft.max_bytes_per_message, 65536);
    cr_expect_eq(s->raft.max_inflight_messages, 16);
    cr_expect_eq(s->raft.max_inflight_bytes, 1048576);
    cr_expect_eq(s->raft.max_uncommitted_bytes, 16777216);
    cr_expect_eq(s->raft.max_pending_reads, 1024);
    cr_expect_eq(s->raft.max_sessions, 4096);
    cr_expect(s->raft.pre_vote && s->raft.check_quorum);
    cr_expect(s->raft.catch_up && s->raft.priority_takeover);
    cr_expect_not(s->raft.lease_reads);
    cr_expect_eq(s->raft.clock_drift_ppm, 10000);
    cr_expect_eq(s->n_members, 0);
    cr_expect_eq(s->snapshots.every, 0);
    cr_expect_eq(s->snapshots.keep, 0);
    cr_expect_eq(s->network.delay.kind, SIM_UNIFORM);
    cr_expect_eq(s->network.delay.low_us, 1000);
    cr_expect_eq(s->network.delay.high_us, 5000);
    cr_expect_eq(s->network.bandwidth, 0);
    cr_expect_eq(s->disk_write.low_us, 20);
    cr_expect_eq(s->disk_fsync.high_us, 2000);
    cr_expect_eq(s->workload.clients, 2);
    cr_expect_eq(s->workload.interval_us, 20000);
    cr_expect_eq(s->workload.keys, 16);
    cr_expect_eq(s->workload.timeout_us, 500000);
    cr_expect_eq(s->workload.stop_us, 10000000);
    cr_expect_eq(s->workload.delay.low_us, 500);
    cr_expect_eq(s->workload.give_up_us, SIM_UNLIMITED);
    cr_expect(s->workload.sessions);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_SET], 60);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_COMPARE_AND_SET], 10);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_READ], 30);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_READ_LEASE], 0);
    cr_expect_eq(s->workload.weights[SIM_OPERATION_READ_LOG], 0);
    cr_expect_eq(s->expect.progress_within_us, 10000000);
    cr_expect_not(s->expect.violation);
    cr_expect_eq(s->expect.whole.until_us, SIM_UNLIMITED);
    cr_expect_eq(s->expect.whole.commits_at_most, SIM_UNLIMITED);
    cr_expect_eq(s->expect.whole.elections_at_most, SIM_UNLIMITED);
    cr_expect_eq(s->expect.whole.terms_at_most, SIM_UNLIMITED);
    cr_expect_eq(s->expect.whole.installs_at_most, SIM_UNLIMITED);
    cr_expect_not(s->expect.whole.has_leader || s->expect.whole.has_voters);
    sim_scenario_free(s);
}

Test(scenario, durations_are_exact)
{
    static const struct {
        const char *text;
        uint64_t us;
    } cases[] = {
        {"1us", 1},
        {"150ms", 150000},
        {"0.001ms", 1},
        {"1.5s", 1500000},
        {"0.000001s", 1},
        {"1.500000000s", 1500000},
        {"0.1m", 6000000},
        {"0.0000001m", 6},
        {"2h", UINT64_C(7200000000)},
        {"0.00000001h", 36},
        {"876600h", SIM_MAX_SCENARIO_US},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text,
                 "{\"description\": \"d\", \"duration\": \"%s\"}",
                 cases[i].text);
        struct sim_scenario *s = parse(text, 1);
        cr_expect_eq(s->duration_us, cases[i].us, "%s: %" PRIu64, cases[i].text,
                     s->duration_us);
        sim_scenario_free(s);
    }
}

Test(scenario, seeds_are_exact_to_64_bits)
{
    static const struct {
        const char *text;
        uint64_t seed;
    } cases[] = {
        {"0", 0},
        {"7", 7},
        {"9007199254740991", UINT64_C(9007199254740991)},
        {"\"9007199254740993\"", UINT64_C(9007199254740993)},
        {"\"18446744073709551615\"", UINT64_MAX},
        {"\"0xffffffffFFFFFFFF\"", UINT64_MAX},
        {"\"0Xc0ffee\"", 0xc0ffee},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"description\": \"d\", \"seed\": %s}",
                 cases[i].text);
        struct sim_scenario *s = parse(text, 5);
        cr_expect(s->has_seed);
        cr_expect_eq(s->seed, cases[i].seed, "%s: %" PRIu64, cases[i].text,
                     s->seed);
        sim_scenario_free(s);
    }
}

Test(scenario, intervals_are_rounded_down_and_never_to_nothing)
{
    static const struct {
        const char *workload;
        uint64_t interval_us;
    } cases[] = {
        {"\"clients\": 4, \"rate\": \"200/s\"", 20000},
        {"\"clients\": 2, \"rate\": \"3/s\"", 666666},
        {"\"clients\": 1, \"rate\": \"0.5/s\"", 2000000},
        {"\"clients\": 1, \"rate\": \"1000000/s\"", 1},
        {"\"clients\": 1, \"rate\": \"999999.999/s\"", 1},
        {"\"clients\": 8, \"rate\": \"max\"", 0},
        {"\"clients\": 8", 80000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[160];
        snprintf(text, sizeof text,
                 "{\"description\": \"d\", \"workload\": {%s}}",
                 cases[i].workload);
        struct sim_scenario *s = parse(text, 1);
        cr_expect_eq(s->workload.interval_us, cases[i].interval_us,
                     "%s: %" PRIu64, cases[i].workload,
                     s->workload.interval_us);
        sim_scenario_free(s);
    }
}
