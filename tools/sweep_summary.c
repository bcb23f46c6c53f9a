/* What came of a sweep, for people. */
#include <inttypes.h>
#include <stdlib.h>

#include "tools/sweep_report.h"
#include "tools/text.h"

/* Of many ranges, so many are told. */
#define MAX_RANGES 4u

/* Below, the bound would be no news. */
#define MIN_CLEAN 10u

/* Fewer than three in so many, if none of them failed: the rule of three. The
 * exact bound, 1 - 0.05^(1/N), is a little less for every N. */
#define RULE_OF_THREE 3u

/* "1 to 50, 76 and 3 ranges more", with so many of them; to be freed. */
static char *ranges_text(const struct ranges *ranges, size_t most)
{
    struct text text = {0};
    text_add(&text, "");
    for (size_t i = 0; i < ranges->count && i < most; i++) {
        const struct seeds *seeds = &ranges->items[i];
        text_add_format(&text, "%s%" PRIu64, i > 0 ? ", " : "", seeds->first);
        if (seeds->last > seeds->first) {
            text_add_format(&text, " to %" PRIu64, seeds->last);
        }
    }
    if (ranges->count > most) {
        size_t more = ranges->count - most;
        text_add_format(&text, " and %zu range%s more", more,
                        more == 1 ? "" : "s");
    }
    return text.bytes;
}

void sweep_print_failure(const struct sweep_scenario *scenario,
                         const struct sweep_failure *failure, FILE *out)
{
    fprintf(out, "%s, seed %" PRIu64 ": %s\n", scenario->path, failure->seed,
            failure->problem);
}

static void print_scenario(const struct sweep_scenario *scenario, FILE *out)
{
    uint64_t runs = ranges_size(&scenario->done);
    char *seeds = ranges_text(&scenario->done, MAX_RANGES);
    fprintf(out, "%s: ", scenario->path);
    if (runs == 0) {
        fputs("no seed was run\n", out);
    } else {
        fprintf(out, "%" PRIu64 " of %" PRIu64 " seeds as expected (%s)\n",
                runs - scenario->n_failures, runs, seeds);
    }
    if (scenario->n_failures == 0 && runs >= MIN_CLEAN) {
        fprintf(out,
                "    clean: 95%% sure that fewer than %u in %" PRIu64
                " seeds fail\n",
                RULE_OF_THREE, runs);
    }
    free(seeds);
}

/* The failure that a sweep one seed at a time would have come to first. */
static const struct sweep_failure *
first_failure(const struct sweep_report *report)
{
    const struct sweep_failure *first = NULL;
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        const struct sweep_scenario *scenario = &report->scenarios[i];
        if (scenario->n_failures > 0 &&
            (first == NULL || scenario->failures[0].seed < first->seed)) {
            first = &scenario->failures[0];
        }
    }
    return first;
}

void sweep_print_summary(const struct sweep_report *report, FILE *out)
{
    uint64_t runs = sweep_report_runs(report);
    uint64_t failed = sweep_report_failed(report);
    const struct sweep_failure *first = first_failure(report);
    sweep_corpus_print(&report->corpus, out);
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        print_scenario(&report->scenarios[i], out);
    }
    fprintf(out, "%" PRIu64 " of %" PRIu64 " run%s as expected\n",
            runs - failed, runs, runs == 1 ? "" : "s");
    if (report->double_check > 0) {
        fprintf(out,
                "%" PRIu64 " of them run twice and compared step by step\n",
                sweep_report_twice(report));
    }
    if (first != NULL) {
        fprintf(out, "To repeat the first that was not: %s\n", first->repeat);
    }
}

/* --- what is not there ---------------------------------------------------- */

static void print_shards(const struct sweep_report *report, FILE *out)
{
    struct ranges missing = {0};
    for (uint32_t shard = 1; shard <= report->shards; shard++) {
        if (!sweep_report_has(report, shard)) {
            ranges_add(&missing, (struct seeds){shard, shard});
        }
    }
    if (report->shards > 1 && missing.count > 0) {
        char *text = ranges_text(&missing, missing.count);
        fprintf(out, "Missing: shard%s %s of %" PRIu32 "\n",
                ranges_size(&missing) == 1 ? "" : "s", text, report->shards);
        free(text);
    }
    ranges_clear(&missing);
}

void sweep_print_missing(const struct sweep_report *report, FILE *out)
{
    print_shards(report, out);
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        struct ranges missing = {0};
        sweep_report_missing(report, &report->scenarios[i], &missing);
        char *seeds = ranges_text(&missing, MAX_RANGES);
        if (missing.count > 0) {
            fprintf(out, "%s: not run: seeds %s\n", report->scenarios[i].path,
                    seeds);
        }
        free(seeds);
        ranges_clear(&missing);
    }
}
