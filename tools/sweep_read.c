/* The report of a sweep, read back. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/simulation.h"
#include "tools/batches.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/options.h"
#include "tools/sweep_report.h"

/* Some hundred million seeds. */
#define MAX_BYTES ((size_t)1 << 30)

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(member(object, key));
}

static bool read_seed(const cJSON *item, uint64_t *seed)
{
    const char *text = cJSON_GetStringValue(item);
    return text != NULL && options_number(text, seed);
}

/* 16 hexadecimal digits. */
static bool read_hash(const cJSON *item, uint64_t *hash)
{
    const char *text = cJSON_GetStringValue(item);
    char number[RUN_LINE_HASH_SIZE + 2];
    if (text == NULL || strlen(text) != RUN_LINE_HASH_SIZE - 1) {
        return false;
    }
    snprintf(number, sizeof number, "0x%s", text);
    return options_number(number, hash);
}

/* Numbers of our own making, below 2^53. */
static bool read_number(const cJSON *item, uint64_t *number)
{
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 ||
        item->valuedouble > 9007199254740992.0) {
        return false;
    }
    *number = (uint64_t)item->valuedouble;
    return true;
}

static bool read_ranges(const cJSON *list, struct ranges *ranges)
{
    const cJSON *item;
    if (!cJSON_IsArray(list)) {
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        struct seeds seeds;
        if (cJSON_GetArraySize(item) != 2 ||
            !read_seed(cJSON_GetArrayItem(item, 0), &seeds.first) ||
            !read_seed(cJSON_GetArrayItem(item, 1), &seeds.last) ||
            seeds.first > seeds.last) {
            return false;
        }
        ranges_add(ranges, seeds);
    }
    return true;
}

/* A string that need not be there; to be freed. */
static char *copy_text(const cJSON *object, const char *key)
{
    const char *text = text_of(object, key);
    return sim_strdup(text != NULL ? text : "");
}

/* A run, of which nothing is to be freed if it is not good; `fails`: something
 * went wrong in it. */
static bool read_run(struct sweep_failure *run, const cJSON *item, bool fails)
{
    const char *what = text_of(item, "what");
    const char *hash = text_of(item, "hash");
    *run = (struct sweep_failure){0};
    if (!read_seed(member(item, "seed"), &run->seed) ||
        (what != NULL) != fails ||
        (what != NULL && strlen(what) >= sizeof run->what) ||
        text_of(item, "repeat") == NULL ||
        (text_of(item, "problem") != NULL) != fails ||
        (hash != NULL && (strlen(hash) >= sizeof run->hash ||
                          !read_number(member(item, "steps"), &run->steps)))) {
        return false;
    }
    snprintf(run->what, sizeof run->what, "%s", fails ? what : "");
    snprintf(run->hash, sizeof run->hash, "%s", hash != NULL ? hash : "");
    run->problem = copy_text(item, "problem");
    run->detail = copy_text(item, "detail");
    run->repeat = copy_text(item, "repeat");
    run->last_steps = copy_text(item, "last_steps");
    return true;
}

static bool read_failure(struct sweep_scenario *scenario, const cJSON *item)
{
    struct sweep_failure failure;
    if (!read_run(&failure, item, true)) {
        return false;
    }
    if (!ranges_hold(&scenario->done, failure.seed) ||
        sweep_scenario_failure(scenario, failure.seed) != NULL) {
        sweep_failure_free(&failure);
        return false;
    }
    sweep_scenario_add(scenario, failure);
    return true;
}

static bool read_end(const cJSON *item, enum replay_end *end)
{
    const char *word = text_of(item, "end");
    for (int i = REPLAY_SAME; i < REPLAY_INTERRUPTED && word != NULL; i++) {
        if (strcmp(word, replay_word((enum replay_end)i)) == 0) {
            *end = (enum replay_end)i;
            return true;
        }
    }
    return false;
}

static bool read_kept(struct sweep_corpus *corpus, const cJSON *item)
{
    struct sweep_kept kept = {0};
    const char *file = text_of(item, "file");
    const char *was = text_of(item, "was");
    const cJSON *parted = member(item, "parted_at_step");
    kept.parted = parted != NULL;
    if (file == NULL || was == NULL ||
        sweep_corpus_find(corpus, file) != NULL ||
        !read_hash(member(item, "content"), &kept.content) ||
        !read_end(item, &kept.end) ||
        (parted != NULL && !read_number(parted, &kept.parted_at)) ||
        !read_run(&kept.run, item, kept.end != REPLAY_FIXED)) {
        return false;
    }
    kept.file = sim_strdup(file);
    kept.was = sim_strdup(was);
    sweep_corpus_add(corpus, kept);
    return true;
}

/* A report need not have one. */
static bool read_corpus(struct sweep_corpus *corpus, const cJSON *list)
{
    const cJSON *item;
    corpus->wanted = list != NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (!read_kept(corpus, item)) {
            return false;
        }
    }
    return list == NULL || cJSON_IsArray(list);
}

static bool read_digests(struct sweep_scenario *scenario, const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        uint64_t seed = 0;
        struct sweep_digest digest = {0};
        if (!read_seed(cJSON_GetArrayItem(item, 0), &seed) ||
            !read_hash(cJSON_GetArrayItem(item, 1), &digest.value)) {
            return false;
        }
        digest.batch = batch_of(seed);
        sweep_scenario_digest(scenario, digest);
    }
    return cJSON_IsArray(list);
}

static bool read_scenario(struct sweep_scenario *scenario, const cJSON *item)
{
    const cJSON *failures = member(item, "failures");
    const cJSON *failure;
    const char *path = text_of(item, "path");
    if (path == NULL || !read_hash(member(item, "hash"), &scenario->hash) ||
        !read_ranges(member(item, "done"), &scenario->done) ||
        !cJSON_IsArray(failures)) {
        return false;
    }
    scenario->path = sim_strdup(path);
    cJSON_ArrayForEach(failure, failures)
    {
        if (!read_failure(scenario, failure)) {
            return false;
        }
    }
    return read_digests(scenario, member(item, "batches"));
}

static bool read_shards(struct sweep_report *report, const cJSON *object)
{
    uint64_t shards = 0, shard = 0;
    const cJSON *present = member(object, "present");
    const cJSON *item;
    if (!read_number(member(object, "of"), &shards) || shards < 1 ||
        shards > SHARDS_MAX || !cJSON_IsArray(present)) {
        return false;
    }
    report->shards = (uint32_t)shards;
    report->present = sim_calloc(shards, sizeof *report->present);
    cJSON_ArrayForEach(item, present)
    {
        if (!read_number(item, &shard) || shard < 1 || shard > shards) {
            return false;
        }
        report->present[shard - 1] = true;
    }
    return true;
}

/* A limit that is not there is none. */
static bool read_limit(const cJSON *limits, const char *key, uint64_t *limit)
{
    const cJSON *item = member(limits, key);
    return item == NULL || read_number(item, limit);
}

static bool read_report(struct sweep_report *report, const cJSON *object)
{
    const cJSON *scenarios = member(object, "scenarios");
    const cJSON *limits = member(object, "limits");
    const cJSON *twice = member(object, "double_check");
    const cJSON *node = member(object, "node");
    const cJSON *item;
    report->node =
        node == NULL ? sim_strdup(NODE_BUILTIN) : copy_text(object, "node");
    report->by_time = cJSON_IsTrue(member(object, "by_time"));
    report->max_steps = SIM_UNLIMITED;
    if (!read_ranges(member(object, "seeds"), &report->seeds) ||
        report->seeds.count == 0 ||
        !read_shards(report, member(object, "shards")) ||
        !read_limit(limits, "steps", &report->max_steps) ||
        !read_limit(limits, "virtual_time_us", &report->max_time_us) ||
        (twice != NULL && !read_seed(twice, &report->double_check)) ||
        !read_corpus(&report->corpus, member(object, "corpus")) ||
        !cJSON_IsArray(scenarios)) {
        return false;
    }
    report->scenarios = sim_calloc((size_t)cJSON_GetArraySize(scenarios) + 1,
                                   sizeof *report->scenarios);
    cJSON_ArrayForEach(item, scenarios)
    {
        if (!read_scenario(&report->scenarios[report->n_scenarios++], item)) {
            return false;
        }
    }
    return report->n_scenarios > 0;
}

/* NULL if it is one that this command can read; else why not. */
static const char *refuse(struct sweep_report *report, const cJSON *object)
{
    const char *format = text_of(object, "format");
    const char *command = text_of(object, "raftsim");
    uint64_t version = 0;
    if (format == NULL || strcmp(format, SWEEP_FORMAT) != 0) {
        return "not a report of raftsim sweep (--json)";
    }
    if (!read_number(member(object, "version"), &version) ||
        version != SWEEP_FORMAT_VERSION || command == NULL ||
        strcmp(command, RAFTSIM_VERSION) != 0) {
        return "a report of another version of raftsim than " RAFTSIM_VERSION;
    }
    return read_report(report, object) ? NULL : "a damaged report";
}

/* Nothing may follow: two reports in one file are not one. */
static cJSON *parse(const char *text, size_t size)
{
    const char *end = NULL;
    cJSON *object = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    while (object != NULL && end < text + size) {
        if (*end == '\0' || strchr(" \t\r\n", *end++) == NULL) {
            cJSON_Delete(object);
            object = NULL;
        }
    }
    return object;
}

bool sweep_report_read(struct sweep_report *report, const char *path)
{
    size_t size = 0;
    *report = (struct sweep_report){0};
    char *text = input_read_any(path, MAX_BYTES, "report", &size);
    if (text == NULL) {
        return false;
    }
    cJSON *object = parse(text, size);
    const char *problem = refuse(report, object);
    if (problem != NULL) {
        fprintf(stderr, "raftsim: %s: %s\n", input_name(path), problem);
    }
    cJSON_Delete(object);
    free(text);
    return problem == NULL;
}
