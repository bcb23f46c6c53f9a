#include "tools/sweep_report.h"

#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/batches.h"

/* --- failures and digests ------------------------------------------------- */

/* The first failure of this seed or a later one. */
static size_t failure_place(const struct sweep_scenario *scenario,
                            uint64_t seed)
{
    size_t low = 0, high = scenario->n_failures;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scenario->failures[middle].seed < seed) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void sweep_scenario_add(struct sweep_scenario *scenario,
                        struct sweep_failure failure)
{
    size_t at = failure_place(scenario, failure.seed);
    scenario->failures =
        sim_grow(scenario->failures, &scenario->failures_capacity,
                 scenario->n_failures + 1, sizeof *scenario->failures);
    memmove(scenario->failures + at + 1, scenario->failures + at,
            (scenario->n_failures - at) * sizeof *scenario->failures);
    scenario->failures[at] = failure;
    scenario->n_failures++;
}

const struct sweep_failure *
sweep_scenario_failure(const struct sweep_scenario *scenario, uint64_t seed)
{
    size_t at = failure_place(scenario, seed);
    return at < scenario->n_failures && scenario->failures[at].seed == seed
               ? &scenario->failures[at]
               : NULL;
}

void sweep_scenario_digest(struct sweep_scenario *scenario,
                           struct sweep_digest digest)
{
    size_t at = scenario->n_digests;
    while (at > 0 && scenario->digests[at - 1].batch >= digest.batch) {
        at--;
    }
    if (at < scenario->n_digests &&
        scenario->digests[at].batch == digest.batch) {
        return;
    }
    scenario->digests =
        sim_grow(scenario->digests, &scenario->digests_capacity,
                 scenario->n_digests + 1, sizeof *scenario->digests);
    memmove(scenario->digests + at + 1, scenario->digests + at,
            (scenario->n_digests - at) * sizeof *scenario->digests);
    scenario->digests[at] = digest;
    scenario->n_digests++;
}

/* --- questions ------------------------------------------------------------ */

uint64_t sweep_report_runs(const struct sweep_report *report)
{
    uint64_t runs = 0;
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        runs += ranges_size(&report->scenarios[i].done);
    }
    return runs;
}

uint64_t sweep_report_twice(const struct sweep_report *report)
{
    uint64_t runs = 0;
    for (uint32_t i = 0; i < report->n_scenarios && report->double_check > 0;
         i++) {
        runs +=
            ranges_multiples(&report->scenarios[i].done, report->double_check);
    }
    return runs;
}

uint64_t sweep_report_failed(const struct sweep_report *report)
{
    uint64_t failed = 0;
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        failed += report->scenarios[i].n_failures;
    }
    return failed;
}

void sweep_report_missing(const struct sweep_report *report,
                          const struct sweep_scenario *scenario,
                          struct ranges *missing)
{
    if (!report->by_time) {
        ranges_missing(&report->seeds, &scenario->done, missing);
    }
}

/* Whether a shard has a batch among those of these seeds. */
static bool has_some(struct seeds seeds, uint32_t shard, uint32_t shards)
{
    uint64_t first = batch_of(seeds.first), last = batch_of(seeds.last);
    return last - first >= batch_ahead(first, shard, shards);
}

static bool has_seeds(const struct sweep_report *report,
                      const struct sweep_scenario *scenario, uint32_t shard)
{
    struct ranges missing = {0};
    bool has = true;
    sweep_report_missing(report, scenario, &missing);
    for (size_t i = 0; i < missing.count; i++) {
        has = has && !has_some(missing.items[i], shard, report->shards);
    }
    ranges_clear(&missing);
    return has;
}

bool sweep_report_has(const struct sweep_report *report, uint32_t shard)
{
    bool has = true;
    if (report->by_time) {
        return report->shards == 1 || report->present[shard - 1];
    }
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        has = has && has_seeds(report, &report->scenarios[i], shard);
    }
    return has;
}

bool sweep_report_is_complete(const struct sweep_report *report)
{
    for (uint32_t shard = 1; shard <= report->shards; shard++) {
        if (!sweep_report_has(report, shard)) {
            return false;
        }
    }
    return true;
}

enum exit_code sweep_report_code(const struct sweep_report *report)
{
    enum exit_code worst = sweep_corpus_code(&report->corpus);
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        for (size_t k = 0; k < report->scenarios[i].n_failures; k++) {
            enum exit_code code =
                sweep_failure_code(&report->scenarios[i].failures[k]);
            worst = code > worst ? code : worst;
        }
    }
    return worst;
}

/* --- the life of a report ------------------------------------------------- */

void sweep_report_settle(struct sweep_report *report)
{
    if (report->shards > 1 && sweep_report_is_complete(report)) {
        report->shards = 1;
        free(report->present);
        report->present = NULL;
    }
}

static void clear_scenario(struct sweep_scenario *scenario)
{
    for (size_t i = 0; i < scenario->n_failures; i++) {
        sweep_failure_free(&scenario->failures[i]);
    }
    free(scenario->failures);
    free(scenario->digests);
    free(scenario->path);
    ranges_clear(&scenario->done);
}

void sweep_report_clear(struct sweep_report *report)
{
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        clear_scenario(&report->scenarios[i]);
    }
    sweep_corpus_clear(&report->corpus);
    free(report->scenarios);
    free(report->node);
    free(report->present);
    ranges_clear(&report->seeds);
    *report = (struct sweep_report){0};
}
