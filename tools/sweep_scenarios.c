/* The scenarios of a sweep: read when it begins, and looked at when it ends. */
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/artifact.h"
#include "tools/input.h"
#include "tools/sweep_internal.h"
#include "tools/workers.h"

static bool read_scenario(struct sweep *sweep, uint32_t i)
{
    const char *path = sweep->options.scenarios[i];
    struct sweep_text *text = &sweep->texts[i];
    struct sweep_scenario *told = &sweep->report.scenarios[i];
    struct sim_hash hash = {0};
    told->path = sim_strdup(path);
    text->text = input_read(path, &text->size);
    if (text->text == NULL) {
        return false;
    }
    struct sim_scenario *parsed = input_parse(
        path, text->text, text->size, &sweep->options.seeds.first, stderr);
    sim_scenario_free(parsed);
    sim_hash_bytes(&hash, (const uint8_t *)text->text, text->size);
    told->hash = sim_hash_value(&hash);
    return parsed != NULL;
}

bool sweep_init(struct sweep *sweep, const struct sweep_options *options)
{
    *sweep = (struct sweep){.options = *options};
    struct sweep_report *report = &sweep->report;
    report->by_time = options->by_time;
    report->shards = options->shards;
    report->max_steps = options->max_steps;
    report->max_time_us = options->max_time_us;
    report->double_check = options->double_check;
    report->node = sim_strdup(options->node);
    report->n_scenarios = options->n_scenarios;
    report->scenarios =
        sim_calloc(options->n_scenarios, sizeof *report->scenarios);
    report->present = sim_calloc(options->shards, sizeof *report->present);
    report->present[options->shard - 1] = true;
    ranges_add(&report->seeds, options->seeds);
    sweep->texts = sim_calloc(options->n_scenarios, sizeof *sweep->texts);
    for (uint32_t i = 0; i < options->n_scenarios; i++) {
        if (!read_scenario(sweep, i)) {
            return false;
        }
    }
    return artifact_probe(options->failures) && sweep__read_corpus(sweep) &&
           workers_afford(options->workers);
}

void sweep__look_for_changes(struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->options.n_scenarios; i++) {
        const struct sweep_text *before = &sweep->texts[i];
        size_t size = 0;
        char *now = input_read(sweep->options.scenarios[i], &size);
        if (now == NULL || size != before->size ||
            memcmp(now, before->text, size) != 0) {
            sweep->failed = true;
            fprintf(stderr,
                    "raftsim: %s changed while it was swept: the report mixes "
                    "two scenarios\n",
                    sweep->options.scenarios[i]);
        }
        free(now);
    }
}

void sweep_free(struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->options.n_scenarios; i++) {
        free(sweep->texts[i].text);
    }
    free(sweep->texts);
    sweep__free_corpus(sweep);
    sweep_report_clear(&sweep->report);
}
