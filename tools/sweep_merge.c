/* Reports of sweeps, joined: in whatever order and however often, the same
 * comes of the same reports. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/batches.h"
#include "tools/sweep_report.h"

/* --- whether they belong together ----------------------------------------- */

static bool refuse(const char *path, const char *problem, const char *what)
{
    fprintf(stderr, "raftsim: %s: %s%s\n", path, problem, what);
    return false;
}

static bool same_scenarios(const struct sweep_report *report,
                           const struct sweep_report *other, const char *path)
{
    if (report->n_scenarios != other->n_scenarios) {
        return refuse(path, "not of the scenarios of the other reports", "");
    }
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        const struct sweep_scenario *a = &report->scenarios[i];
        const struct sweep_scenario *b = &other->scenarios[i];
        if (strcmp(a->path, b->path) != 0) {
            return refuse(path,
                          "of a scenario that the other reports have not "
                          "in this place: ",
                          b->path);
        }
        if (a->hash != b->hash) {
            return refuse(path,
                          "the scenario was another one there than in "
                          "the other reports: ",
                          b->path);
        }
    }
    return true;
}

static bool fits(const struct sweep_report *report,
                 const struct sweep_report *other, const char *path)
{
    if (!same_scenarios(report, other, path)) {
        return false;
    }
    if (report->max_steps != other->max_steps ||
        report->max_time_us != other->max_time_us) {
        return refuse(path,
                      "its runs had other limits than those of the other "
                      "reports",
                      "");
    }
    if (strcmp(report->node, other->node) != 0) {
        return refuse(path,
                      "not of the same nodes (--node) as the other "
                      "reports",
                      "");
    }
    if (report->double_check != other->double_check) {
        return refuse(path,
                      "other seeds were run twice (--double-check) than in the "
                      "other reports",
                      "");
    }
    if (report->by_time != other->by_time) {
        return refuse(path,
                      "by time (--time) and by --seeds are two kinds of "
                      "sweep",
                      "");
    }
    if (report->shards != other->shards && report->shards > 1 &&
        other->shards > 1) {
        return refuse(path, "not of as many shards as the other reports", "");
    }
    return true;
}

/* --- whether they contradict each other ----------------------------------- */

/* What failed in `a`, held against `b`. */
static bool contradicts(const struct sweep_scenario *a,
                        const struct sweep_scenario *b, const char *a_name,
                        const char *b_name)
{
    for (size_t i = 0; i < a->n_failures; i++) {
        const struct sweep_failure *one = &a->failures[i];
        const struct sweep_failure *two = sweep_scenario_failure(b, one->seed);
        if (!ranges_hold(&b->done, one->seed) ||
            (two != NULL && sweep_failure_same_end(one, two))) {
            continue;
        }
        fprintf(stderr,
                "raftsim: %s, seed %" PRIu64
                ": the same run ended in two ways; it does not repeat:\n",
                a->path, one->seed);
        sweep_failure_describe(a_name, one);
        sweep_failure_describe(b_name, two);
        return true;
    }
    return false;
}

/* Digests of batches, both by batch. */
static bool digests_contradict(const struct sweep_scenario *a,
                               const struct sweep_scenario *b,
                               const char *b_name)
{
    size_t k = 0;
    for (size_t i = 0; i < a->n_digests; i++) {
        const struct sweep_digest *one = &a->digests[i];
        while (k < b->n_digests && b->digests[k].batch < one->batch) {
            k++;
        }
        if (k < b->n_digests && b->digests[k].batch == one->batch &&
            b->digests[k].value != one->value) {
            struct seeds seeds = batch_seeds(one->batch);
            fprintf(stderr,
                    "raftsim: %s, seeds %" PRIu64 " to %" PRIu64
                    ": they ran otherwise in %s than in the other reports; a "
                    "run of them does not repeat\n",
                    a->path, seeds.first, seeds.last, b_name);
            return true;
        }
    }
    return false;
}

static bool contradict(const struct sweep_report *report,
                       const struct sweep_report *other, const char *path)
{
    static const char others[] = "another report";
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        const struct sweep_scenario *a = &report->scenarios[i];
        const struct sweep_scenario *b = &other->scenarios[i];
        if (contradicts(a, b, others, path) ||
            contradicts(b, a, path, others) || digests_contradict(a, b, path)) {
            return true;
        }
    }
    return false;
}

/* --- joining -------------------------------------------------------------- */

/* Both by seed. */
static void join_failures(struct sweep_scenario *scenario,
                          const struct sweep_scenario *other)
{
    size_t room = scenario->n_failures + other->n_failures, n = 0, i = 0, k = 0;
    struct sweep_failure *all = sim_calloc(room + 1, sizeof *all);
    while (i < scenario->n_failures || k < other->n_failures) {
        struct sweep_failure *a =
            i < scenario->n_failures ? &scenario->failures[i] : NULL;
        const struct sweep_failure *b =
            k < other->n_failures ? &other->failures[k] : NULL;
        if (a != NULL && (b == NULL || a->seed <= b->seed)) {
            if (b != NULL && a->seed == b->seed) {
                sweep_failure_join(a, b);
                k++;
            }
            all[n++] = *a;
            i++;
        } else if (b != NULL) {
            all[n++] = sweep_failure_copy(b);
            k++;
        }
    }
    free(scenario->failures);
    scenario->failures = all;
    scenario->n_failures = n;
    scenario->failures_capacity = room + 1;
}

/* Both by batch. */
static void join_digests(struct sweep_scenario *scenario,
                         const struct sweep_scenario *other)
{
    size_t room = scenario->n_digests + other->n_digests, n = 0, i = 0, k = 0;
    struct sweep_digest *all = sim_calloc(room + 1, sizeof *all);
    while (i < scenario->n_digests || k < other->n_digests) {
        const struct sweep_digest *a =
            i < scenario->n_digests ? &scenario->digests[i] : NULL;
        const struct sweep_digest *b =
            k < other->n_digests ? &other->digests[k] : NULL;
        bool from_a = a != NULL && (b == NULL || a->batch <= b->batch);
        bool both = a != NULL && b != NULL && a->batch == b->batch;
        all[n++] = from_a ? *a : *b;
        i += from_a ? 1 : 0;
        k += !from_a || both ? 1 : 0;
    }
    free(scenario->digests);
    scenario->digests = all;
    scenario->n_digests = n;
    scenario->digests_capacity = room + 1;
}

static void join_shards(struct sweep_report *report,
                        const struct sweep_report *other)
{
    uint32_t most =
        report->shards > other->shards ? report->shards : other->shards;
    uint32_t least =
        report->shards < other->shards ? report->shards : other->shards;
    /* By time, one that is not shared is all that there is. */
    uint32_t shards = report->by_time && least == 1 ? 1 : most;
    bool *present = sim_calloc(shards, sizeof *present);
    for (uint32_t i = 0; i < shards; i++) {
        present[i] =
            shards == 1 ||
            (i < report->shards && report->present != NULL &&
             report->present[i]) ||
            (i < other->shards && other->present != NULL && other->present[i]);
    }
    free(report->present);
    report->present = present;
    report->shards = shards;
}

/* As `other`, but with no seed run. */
static void begin(struct sweep_report *report, const struct sweep_report *other)
{
    report->by_time = other->by_time;
    report->shards = other->shards;
    report->present = sim_calloc(other->shards, sizeof *report->present);
    report->max_steps = other->max_steps;
    report->max_time_us = other->max_time_us;
    report->double_check = other->double_check;
    report->node = sim_strdup(other->node);
    report->n_scenarios = other->n_scenarios;
    report->scenarios =
        sim_calloc(other->n_scenarios, sizeof *report->scenarios);
    for (uint32_t i = 0; i < other->n_scenarios; i++) {
        report->scenarios[i].path = sim_strdup(other->scenarios[i].path);
        report->scenarios[i].hash = other->scenarios[i].hash;
    }
}

enum exit_code sweep_report_merge(struct sweep_report *report,
                                  const struct sweep_report *other,
                                  const char *path)
{
    if (report->n_scenarios == 0) {
        begin(report, other);
    }
    if (!fits(report, other, path)) {
        return EXIT_BAD_INPUT;
    }
    enum exit_code code =
        sweep_corpus_compare(&report->corpus, &other->corpus, path);
    if (code != EXIT_AS_EXPECTED) {
        return code;
    }
    if (contradict(report, other, path)) {
        return EXIT_BROKEN;
    }
    sweep_corpus_join(&report->corpus, &other->corpus);
    ranges_join(&report->seeds, &other->seeds);
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        struct sweep_scenario *scenario = &report->scenarios[i];
        ranges_join(&scenario->done, &other->scenarios[i].done);
        join_failures(scenario, &other->scenarios[i]);
        join_digests(scenario, &other->scenarios[i]);
    }
    join_shards(report, other);
    sweep_report_settle(report);
    return EXIT_AS_EXPECTED;
}
