/* The report of a sweep as JSON. */
#include <inttypes.h>
#include <stdlib.h>

#include "sim/json_write.h"
#include "sim/memory.h"
#include "sim/simulation.h"
#include "tools/batches.h"
#include "tools/node.h"
#include "tools/sweep_report.h"

/* Seeds and hashes are strings: readers of JSON lose digits of such numbers. */
static void put_seed(struct sim_json_writer *writer, const char *name,
                     uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    sim_json_put_text(writer, name, text);
}

static void put_hash(struct sim_json_writer *writer, const char *name,
                     uint64_t hash)
{
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    sim_json_put_text(writer, name, text);
}

static void put_ranges(struct sim_json_writer *writer, const char *name,
                       const struct ranges *ranges)
{
    sim_json_open_list(writer, name);
    for (size_t i = 0; i < ranges->count; i++) {
        sim_json_open_list(writer, NULL);
        put_seed(writer, NULL, ranges->items[i].first);
        put_seed(writer, NULL, ranges->items[i].last);
        sim_json_close_list(writer);
    }
    sim_json_close_list(writer);
}

static void put_shards(struct sim_json_writer *writer,
                       const struct sweep_report *report)
{
    sim_json_open_object(writer, "shards");
    sim_json_put_number(writer, "of", report->shards);
    sim_json_open_list(writer, "present");
    for (uint32_t shard = 1; shard <= report->shards; shard++) {
        if (sweep_report_has(report, shard)) {
            sim_json_put_number(writer, NULL, shard);
        }
    }
    sim_json_close_list(writer);
    sim_json_close_object(writer);
}

static void put_limits(struct sim_json_writer *writer,
                       const struct sweep_report *report)
{
    sim_json_open_object(writer, "limits");
    if (report->max_steps != SIM_UNLIMITED) {
        sim_json_put_number(writer, "steps", report->max_steps);
    }
    if (report->max_time_us > 0) {
        sim_json_put_number(writer, "virtual_time_us", report->max_time_us);
    }
    sim_json_close_object(writer);
}

/* Of one that died, neither steps nor a hash are known; of one that does not
 * fail any more, not what went wrong. */
static void put_run(struct sim_json_writer *writer,
                    const struct sweep_failure *failure)
{
    put_seed(writer, "seed", failure->seed);
    if (failure->what[0] != '\0') {
        sim_json_put_text(writer, "what", failure->what);
        sim_json_put_text(writer, "problem", failure->problem);
    }
    if (failure->detail[0] != '\0') {
        sim_json_put_text(writer, "detail", failure->detail);
    }
    if (failure->hash[0] != '\0') {
        sim_json_put_text(writer, "hash", failure->hash);
        sim_json_put_number(writer, "steps", failure->steps);
    }
    if (failure->last_steps[0] != '\0') {
        sim_json_put_text(writer, "last_steps", failure->last_steps);
    }
    sim_json_put_text(writer, "repeat", failure->repeat);
}

static void put_failure(struct sim_json_writer *writer,
                        const struct sweep_failure *failure)
{
    sim_json_open_object(writer, NULL);
    put_run(writer, failure);
    sim_json_close_object(writer);
}

static void put_kept(struct sim_json_writer *writer,
                     const struct sweep_kept *kept)
{
    sim_json_open_object(writer, NULL);
    sim_json_put_text(writer, "file", kept->file);
    put_hash(writer, "content", kept->content);
    sim_json_put_text(writer, "state", sweep_kept_word(sweep_kept_state(kept)));
    sim_json_put_text(writer, "end", replay_word(kept->end));
    if (kept->parted) {
        sim_json_put_number(writer, "parted_at_step", kept->parted_at);
    }
    sim_json_put_text(writer, "was", kept->was);
    put_run(writer, &kept->run);
    sim_json_close_object(writer);
}

static void put_corpus(struct sim_json_writer *writer,
                       const struct sweep_corpus *corpus)
{
    if (!corpus->wanted) {
        return;
    }
    sim_json_open_list(writer, "corpus");
    for (size_t i = 0; i < corpus->count; i++) {
        put_kept(writer, &corpus->items[i]);
    }
    sim_json_close_list(writer);
}

static void put_scenario(struct sim_json_writer *writer,
                         const struct sweep_scenario *scenario)
{
    sim_json_open_object(writer, NULL);
    sim_json_put_text(writer, "path", scenario->path);
    put_hash(writer, "hash", scenario->hash);
    sim_json_put_number(writer, "runs", ranges_size(&scenario->done));
    sim_json_put_number(writer, "failed", scenario->n_failures);
    put_ranges(writer, "done", &scenario->done);
    sim_json_open_list(writer, "failures");
    for (size_t i = 0; i < scenario->n_failures; i++) {
        put_failure(writer, &scenario->failures[i]);
    }
    sim_json_close_list(writer);
    sim_json_open_list(writer, "batches");
    for (size_t i = 0; i < scenario->n_digests; i++) {
        sim_json_open_list(writer, NULL);
        put_seed(writer, NULL, batch_seeds(scenario->digests[i].batch).first);
        put_hash(writer, NULL, scenario->digests[i].value);
        sim_json_close_list(writer);
    }
    sim_json_close_list(writer);
    sim_json_close_object(writer);
}

char *sweep_report_json(const struct sweep_report *report)
{
    struct sim_json_writer writer = {0};
    sim_json_open_object(&writer, NULL);
    sim_json_put_text(&writer, "format", SWEEP_FORMAT);
    sim_json_put_number(&writer, "version", SWEEP_FORMAT_VERSION);
    sim_json_put_text(&writer, "raftsim", RAFTSIM_VERSION);
    put_ranges(&writer, "seeds", &report->seeds);
    sim_json_put_bool(&writer, "by_time", report->by_time);
    put_shards(&writer, report);
    put_limits(&writer, report);
    if (!node_is_builtin(report->node)) {
        sim_json_put_text(&writer, "node", report->node);
    }
    if (report->double_check > 0) {
        put_seed(&writer, "double_check", report->double_check);
    }
    sim_json_put_bool(&writer, "complete", sweep_report_is_complete(report));
    sim_json_put_number(&writer, "runs", sweep_report_runs(report));
    sim_json_put_number(&writer, "failed", sweep_report_failed(report));
    put_corpus(&writer, &report->corpus);
    sim_json_open_list(&writer, "scenarios");
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        put_scenario(&writer, &report->scenarios[i]);
    }
    sim_json_close_list(&writer);
    sim_json_close_object(&writer);
    sim_json_end_line(&writer);
    /* The writer leaves the zero to others. */
    char *text = sim_grow(writer.text, &writer.capacity, writer.size + 1, 1);
    text[writer.size] = '\0';
    return text;
}
