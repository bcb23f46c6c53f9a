/* Scenarios with nothing left to draw. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/scenario_expand.h"
#include "tests/sim_harness.h"

/* --- helpers -------------------------------------------------------------- */

/* The expanded text of one written with ' in place of ". */
static char *expand(const char *quoted, uint64_t seed)
{
    char *text = sim_strdup(quoted);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    char *expanded = sim_scenario_expand(text, strlen(text), seed);
    free(text);
    return expanded;
}

static void expect_expanded(const char *quoted, uint64_t seed,
                            const char *wanted)
{
    char *expanded = expand(quoted, seed);
    for (char *c = expanded; *c != '\0'; c++) {
        *c = *c == '"' ? '\'' : *c;
    }
    cr_expect_str_eq(expanded, wanted, "%s", expanded);
    free(expanded);
}

static bool is_same_distribution(const struct sim_distribution *a,
                                 const struct sim_distribution *b)
{
    if (a->kind != b->kind || a->low_us != b->low_us ||
        a->high_us != b->high_us || a->n_points != b->n_points) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_points; i++) {
        if (a->points[i].ppm != b->points[i].ppm ||
            a->points[i].value_us != b->points[i].value_us) {
            return false;
        }
    }
    return true;
}

static bool is_same_targets(const struct sim_targets *a,
                            const struct sim_targets *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++) {
        same = a->items[i].kind == b->items[i].kind &&
               a->items[i].node == b->items[i].node;
    }
    return same;
}

static void expect_same_nemeses(const struct sim_scenario *a,
                                const struct sim_scenario *b)
{
    cr_assert_eq(a->n_nemeses, b->n_nemeses);
    for (uint32_t i = 0; i < a->n_nemeses; i++) {
        const struct sim_nemesis *x = &a->nemeses[i];
        const struct sim_nemesis *y = &b->nemeses[i];
        cr_assert_eq(x->enabled, y->enabled, "/nemeses/%u", i);
        cr_assert(is_same_distribution(&x->every, &y->every));
        cr_assert(is_same_distribution(&x->duration, &y->duration));
        cr_assert_eq(x->odds_ppm, y->odds_ppm);
        cr_assert_eq(x->from_us, y->from_us);
        cr_assert_eq(x->until_us, y->until_us);
        cr_assert_eq(x->action.kind, y->action.kind);
        cr_assert(is_same_targets(&x->action.nodes, &y->action.nodes));
        cr_assert_eq(x->action.unfinished_writes, y->action.unfinished_writes);
        cr_assert_eq(x->action.keep, y->action.keep);
        cr_assert_eq(x->action.rate_ppm, y->action.rate_ppm);
    }
}

static void expect_same(const struct sim_scenario *a,
                        const struct sim_scenario *b)
{
    cr_assert_str_eq(a->description, b->description);
    cr_assert_eq(a->nodes, b->nodes);
    cr_assert_eq(a->duration_us, b->duration_us);
    cr_assert_eq(memcmp(&a->raft, &b->raft, sizeof a->raft), 0);
    cr_assert_eq(a->n_members, b->n_members);
    for (uint32_t i = 0; i < a->n_members; i++) {
        cr_assert_eq(a->members[i].node, b->members[i].node);
        cr_assert_eq(a->members[i].as, b->members[i].as);
        cr_assert_eq(a->members[i].priority, b->members[i].priority);
    }
    cr_assert_eq(a->snapshots.every, b->snapshots.every);
    cr_assert_eq(a->snapshots.keep, b->snapshots.keep);
    cr_assert(is_same_distribution(&a->network.delay, &b->network.delay));
    cr_assert_eq(a->network.drop_ppm, b->network.drop_ppm);
    cr_assert_eq(a->network.duplicate_ppm, b->network.duplicate_ppm);
    cr_assert_eq(a->network.bandwidth, b->network.bandwidth);
    cr_assert(is_same_distribution(&a->disk_write, &b->disk_write));
    cr_assert(is_same_distribution(&a->disk_fsync, &b->disk_fsync));
    cr_assert_eq(a->disk_fsync_error_ppm, b->disk_fsync_error_ppm);
    cr_assert_eq(a->unfinished_writes, b->unfinished_writes);
    cr_assert_eq(a->n_clocks, b->n_clocks);
    for (uint32_t i = 0; i < a->n_clocks; i++) {
        cr_assert_eq(a->clocks[i].rate_ppm, b->clocks[i].rate_ppm);
        cr_assert_eq(a->clocks[i].offset_us, b->clocks[i].offset_us);
    }
    cr_assert_eq(a->workload.clients, b->workload.clients);
    cr_assert_eq(a->workload.interval_us, b->workload.interval_us);
    cr_assert_eq(a->workload.keys, b->workload.keys);
    cr_assert_eq(a->workload.value_bytes, b->workload.value_bytes);
    cr_assert_eq(a->workload.timeout_us, b->workload.timeout_us);
    cr_assert_eq(a->workload.give_up_us, b->workload.give_up_us);
    cr_assert_eq(a->workload.sessions, b->workload.sessions);
    cr_assert_eq(memcmp(a->workload.weights, b->workload.weights,
                        sizeof a->workload.weights),
                 0);
    cr_assert(is_same_distribution(&a->workload.delay, &b->workload.delay));
    cr_assert(is_same_distribution(&a->workload.silent, &b->workload.silent));
    cr_assert_eq(a->n_faults, b->n_faults);
    expect_same_nemeses(a, b);
}

/* --- nothing is drawn any more -------------------------------------------- */

static void expand_file(const char *name, uint64_t seeds)
{
    size_t size;
    char *text = harness_read_file(name, &size);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct sim_scenario *scenario = harness_parse_text(text, seed);
        char *expanded = sim_scenario_expand(text, size, seed);
        for (uint64_t other = seed; other < seed + 40; other++) {
            struct sim_scenario *same = harness_parse_text(expanded, other);
            expect_same(scenario, same);
            cr_assert(same->has_seed);
            cr_assert_eq(same->seed, seed);
            sim_scenario_free(same);
        }
        /* What is expanded already stays as it is. */
        char *again = sim_scenario_expand(expanded, strlen(expanded), seed);
        cr_assert_str_eq(again, expanded);
        free(again);
        free(expanded);
        sim_scenario_free(scenario);
    }
    free(text);
}

Test(scenario_expand, is_the_same_for_every_seed)
{
    expand_file("scenarios/swarm.json", 20);
    expand_file("scenarios/swarm-leases.json", 20);
    expand_file("tests/good_scenarios/choices.json", 20);
    expand_file("tests/good_scenarios/drawn.json", 3);
    expand_file("tests/good_scenarios/single_messages.json", 3);
    expand_file("tests/good_scenarios/script.json", 1);
}

/* Another seed makes something else of it, as a rule. */
Test(scenario_expand, says_what_the_seed_draws)
{
    uint32_t seen[3] = {0};
    for (uint64_t seed = 1; seed <= 60; seed++) {
        static const char *const drawn[] = {"'drawn':0", "'drawn':1",
                                            "'drawn':2"};
        char *text =
            expand("{'description':'d','nodes':{'one_of':[3,5,7]}}", seed);
        struct sim_scenario *scenario = harness_parse_text(text, seed);
        uint32_t place = (scenario->nodes - 3) / 2;
        char wanted[128];
        snprintf(wanted, sizeof wanted,
                 "{'description':'d','nodes':{'one_of':[3,5,7],%s},"
                 "'seed':'%" PRIu64 "'}",
                 drawn[place], seed);
        expect_expanded("{'description':'d','nodes':{'one_of':[3,5,7]}}", seed,
                        wanted);
        seen[place]++;
        sim_scenario_free(scenario);
        free(text);
    }
    cr_assert(seen[0] > 5 && seen[1] > 5 && seen[2] > 5);
}

/* What was said before is not drawn again; and nor is the seed. */
Test(scenario_expand, keeps_what_is_drawn)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        char wanted[128];
        snprintf(wanted, sizeof wanted,
                 "{'description':'d','nodes':{'one_of':[3,5,7],'drawn':1},"
                 "'seed':'%" PRIu64 "'}",
                 seed);
        expect_expanded("{'seed':99,'description':'d',"
                        "'nodes':{'drawn':1,'one_of':[3,5,7]}}",
                        seed, wanted);
    }
    expect_expanded("{'description':'d'}", UINT64_MAX,
                    "{'description':'d','seed':'18446744073709551615'}");
}

/* --- chance --------------------------------------------------------------- */

#define CHANCE(chance)                                                         \
    "{'description':'d','nemeses':[{'every':'1s','crash':1,'chance':" chance   \
    "}]}"

/* Each form of a chance becomes 0 or 1, as the loader draws it. */
Test(scenario_expand, a_chance_comes_true_or_not)
{
    static const char *const chances[] = {
        "0",
        "1",
        "'50%'",
        "'500000ppm'",
        "{'one_of':[0,1]}",
        "{'one_of':['50%','20%',1]}",
        "{'one_of':['50%','100%',0],'drawn':0}",
        "{'drawn':1,'one_of':[0,'30%']}",
    };
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++) {
        uint32_t enabled = 0;
        for (uint64_t seed = 1; seed <= 100; seed++) {
            char quoted[256];
            char wanted[256];
            snprintf(quoted, sizeof quoted, CHANCE("%s"), chances[i]);
            struct sim_scenario *scenario = harness_parse(quoted, seed);
            snprintf(wanted, sizeof wanted,
                     "{'description':'d','nemeses':[{'every':'1s','crash':1,"
                     "'chance':%d}],'seed':'%" PRIu64 "'}",
                     scenario->nemeses[0].enabled ? 1 : 0, seed);
            expect_expanded(quoted, seed, wanted);
            enabled += scenario->nemeses[0].enabled;
            sim_scenario_free(scenario);
        }
        cr_assert_eq(enabled == 0, i == 0, "%s", chances[i]);
        cr_assert_eq(enabled == 100, i == 1, "%s", chances[i]);
    }
}

/* --- the text ------------------------------------------------------------- */

Test(scenario_expand, strings_stay_as_they_are_written)
{
    static const char text[] =
        "{ \"description\" : \"\\\"a\\\" \\\\ \\u00e4 \\n ü€𝄞 {[,:]} \",\n"
        "\"faults\": [ { \"at\": \"1s\", \"propose\": {\"to\": 1, \"key\": "
        "\"\\u006b\\/\\\"\", \"value\": \"ß\" }, \"comment\": \"\" } ] }";
    static const char wanted[] =
        "{\"description\":\"\\\"a\\\" \\\\ \\u00e4 \\n ü€𝄞 {[,:]} \","
        "\"faults\":[{\"at\":\"1s\",\"propose\":{\"to\":1,\"key\":"
        "\"\\u006b\\/\\\"\",\"value\":\"ß\"},\"comment\":\"\"}],"
        "\"seed\":\"5\"}";
    char *expanded = sim_scenario_expand(text, strlen(text), 5);
    cr_assert_str_eq(expanded, wanted, "%s", expanded);
    struct sim_scenario *before = harness_parse_text(text, 5);
    struct sim_scenario *after = harness_parse_text(expanded, 5);
    cr_assert_str_eq(after->description, before->description);
    cr_assert_str_eq(after->faults[0].action.key, "k/\"");
    cr_assert_str_eq(after->faults[0].action.value, "ß");
    sim_scenario_free(before);
    sim_scenario_free(after);
    free(expanded);
}

/* A key may be written with escapes as well. */
Test(scenario_expand, keys_with_escapes_are_the_same_keys)
{
    static const char text[] =
        "{\"descriptio\\u006e\": \"d\", \"\\u0073eed\": 7, \"nemeses\": "
        "[{\"every\": \"1s\", \"crash\": {\"\\u006fne_of\": [1, 2]}, "
        "\"\\u0063hance\": \"50%\"}]}";
    char *expanded = sim_scenario_expand(text, strlen(text), 5);
    cJSON *tree = cJSON_Parse(expanded);
    cr_assert_not_null(tree, "%s", expanded);
    cr_assert_null(strstr(expanded, "50%"), "%s", expanded);
    cr_assert_null(strstr(expanded, "\"seed\":7"), "%s", expanded);
    cr_assert_not_null(strstr(expanded, "\"drawn\":"), "%s", expanded);
    sim_scenario_free(harness_parse_text(expanded, 6));
    cJSON_Delete(tree);
    free(expanded);
}

/* Numbers are not read and written again. */
Test(scenario_expand, numbers_and_lists_stay)
{
    expect_expanded(
        "{'description':'d','nodes':3.0e0,'clocks':[],'initial':[{'node':1,"
        "'term':9007199254740991,'log':[]}],'raft':{'pre_vote':false}}",
        1,
        "{'description':'d','nodes':3.0e0,'clocks':[],'initial':[{'node':1,"
        "'term':9007199254740991,'log':[]}],'raft':{'pre_vote':false},"
        "'seed':'1'}");
}
