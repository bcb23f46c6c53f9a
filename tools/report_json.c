#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/asks.h"
#include "sim/memory.h"
#include "sim/recording_json.h"
#include "tools/failure.h"
#include "tools/replay.h"
#include "tools/report.h"

/* cJSON holds numbers as doubles, which would change large ones: they are put
 * in as text. */
static void add_number(cJSON *object, const char *name, uint64_t number)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    cJSON_AddRawToObject(object, name, digits);
}

static const char *verdict_word(const struct report *report)
{
    if (report->differs) {
        return "not_repeatable";
    }
    switch (report->outcome->result.verdict) {
    case SIM_VERDICT_RUNNING:
        return "interrupted";
    case SIM_VERDICT_AS_EXPECTED:
        return "as_expected";
    case SIM_VERDICT_UNEXPECTED:
        return "unexpected";
    case SIM_VERDICT_CONTRACT:
        return "contract";
    case SIM_VERDICT_STEP_LIMIT:
        return "step_limit";
    case SIM_VERDICT_TIME_LIMIT:
        return "time_limit";
    }
    return "contract";
}

static void add_reads(cJSON *object, const struct sim_read_counts *reads)
{
    add_number(object, "reads_by_lease", reads->by_way[SIM_WAY_LEASE]);
    add_number(object, "reads_by_read_index",
               reads->by_way[SIM_WAY_READ_INDEX]);
    add_number(object, "reads_by_followers", reads->by_way[SIM_WAY_FOLLOWER]);
    add_number(object, "reads_through_log", reads->by_way[SIM_WAY_LOG]);
    add_number(object, "reads_refused", reads->refused);
    add_number(object, "reads_timed_out", reads->timed_out);
}

static void add_figures(cJSON *object, const struct runner_outcome *outcome)
{
    const struct sim_result *r = &outcome->result;
    uint64_t wall_us = outcome->wall_us > 0 ? outcome->wall_us : 1;
    add_number(object, "virtual_time_us", r->time_us);
    add_number(object, "steps", r->steps);
    add_number(object, "leaders_elected", r->elections);
    add_number(object, "highest_term", r->highest_term);
    add_number(object, "commits", r->commits);
    add_number(object, "proposals", r->proposals);
    add_number(object, "proposals_answered", r->proposals_answered);
    add_number(object, "reads", r->reads);
    add_reads(object, &r->read_counts);
    add_number(object, "sessions", r->sessions);
    add_number(object, "history_operations", r->history);
    add_number(object, "snapshots", r->snapshots);
    add_number(object, "snapshots_installed", r->installs);
    add_number(object, "configurations", r->configurations);
    add_number(object, "faults", r->faults);
    add_number(object, "wishes", r->wishes);
    add_number(object, "wishes_true", r->wishes_true);
    add_number(object, "wishes_refused", r->wishes_refused);
    add_number(object, "crashes", r->crashes);
    add_number(object, "restarts", r->restarts);
    add_number(object, "messages_sent", r->messages_sent);
    add_number(object, "messages_delivered", r->messages_delivered);
    add_number(object, "messages_dropped", r->messages_dropped);
    add_number(object, "messages_duplicated", r->messages_duplicated);
    add_number(object, "bytes_sent", r->bytes_sent);
    add_number(object, "observed_us", r->observed_us);
    add_number(object, "leaderless_us", r->leaderless_us);
    add_number(object, "recoveries", r->recoveries);
    add_number(object, "recovery_us", r->recovery_us);
    add_number(object, "longest_recovery_us", r->longest_recovery_us);
    add_number(object, "disk_writes", r->writes);
    add_number(object, "disk_errors", r->write_errors);
    add_number(object, "disk_torn_records", r->torn_records);
    add_number(object, "disk_refused_starts", r->refused_starts);
    add_number(object, "wall_time_us", outcome->wall_us);
    add_number(object, "steps_per_second", r->steps * 1000000u / wall_us);
}

static void add_features(cJSON *object, const char *key, uint32_t features)
{
    cJSON *list = cJSON_AddArrayToObject(object, key);
    for (uint32_t i = 0; i < 32; i++) {
        const char *name = sim_feature_name(features & UINT32_C(1) << i);
        if (name != NULL) {
            cJSON_AddItemToArray(list, cJSON_CreateString(name));
        }
    }
}

/* What the node has not, and the scenario asks for, or would make use of. */
static void add_lacks(cJSON *object, const struct report *report)
{
    uint32_t has = report->options->simulation.node_type->features;
    add_features(object, "lacks", sim_scenario_asks(report->scenario) & ~has);
    add_features(object, "is_without",
                 sim_scenario_uses(report->scenario) & ~has);
}

static void add_properties(cJSON *object, const struct sim_result *result)
{
    cJSON *list = cJSON_AddArrayToObject(object, "properties");
    for (unsigned i = 0; i < SIM_PROPERTY_COUNT; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name",
                                sim_property_name((enum sim_property)i));
        add_number(item, "evaluated", result->evaluated[i]);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_situations(cJSON *object, const struct sim_result *result)
{
    cJSON *item = cJSON_AddObjectToObject(object, "situations");
    for (unsigned i = 0; i < SIM_SITUATION_COUNT; i++) {
        add_number(item, sim_situation_name((enum sim_situation)i),
                   result->situations[i]);
    }
}

/* A story as a list of its lines. */
static void add_lines(cJSON *object, const char *name, const char *story)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (const char *line = story; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        char *copy = sim_calloc(size + 1, 1);
        memcpy(copy, line, size);
        cJSON_AddItemToArray(list, cJSON_CreateString(copy));
        free(copy);
        line += size + (line[size] == '\n' ? 1 : 0);
    }
}

static void add_violation(cJSON *object, const struct sim_result *result)
{
    if (!result->violated) {
        cJSON_AddNullToObject(object, "violation");
        return;
    }
    cJSON *item = cJSON_AddObjectToObject(object, "violation");
    cJSON_AddStringToObject(item, "property",
                            sim_property_name(result->violation.property));
    add_number(item, "step", result->violation.step);
    add_number(item, "time_us", result->violation.time_us);
    cJSON *nodes = cJSON_AddArrayToObject(item, "nodes");
    for (uint32_t i = 0; i < result->violation.n_nodes; i++) {
        cJSON_AddItemToArray(nodes,
                             cJSON_CreateNumber(result->violation.nodes[i]));
    }
    cJSON_AddStringToObject(item, "text", result->violation.text);
}

static void add_unmet(cJSON *object, const struct sim_result *result)
{
    cJSON *list = cJSON_AddArrayToObject(object, "unmet");
    for (uint32_t i = 0; i < result->n_unmet; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "pointer", result->unmet[i].pointer);
        cJSON_AddStringToObject(item, "text", result->unmet[i].text);
        cJSON_AddItemToArray(list, item);
    }
}

/* What went wrong, as far as it can be the same in another run. */
static void add_failure(cJSON *object, const struct report *report)
{
    struct failure failure;
    failure_of(&failure, &report->outcome->result, report->differs);
    if (failure.what[0] == '\0') {
        cJSON_AddNullToObject(object, "failure");
    } else {
        cJSON *item = cJSON_AddObjectToObject(object, "failure");
        cJSON_AddStringToObject(item, "what", failure.what);
        cJSON_AddStringToObject(item, "kind", failure.kind);
    }
    if (report->kept != NULL) {
        cJSON_AddStringToObject(object, "kept", report->kept);
    }
}

static void add_replay(cJSON *object, const struct replay *replay)
{
    const struct sim_parting *parting = &replay->parting;
    cJSON *item = cJSON_AddObjectToObject(object, "replay");
    char text[SIM_RECORDED_STEP_SIZE];
    cJSON_AddStringToObject(item, "end", replay_word(replay->end));
    cJSON_AddBoolToObject(item, "followed",
                          replay->follows && !parting->parted);
    cJSON_AddBoolToObject(item, "same_hash", replay->same_hash);
    if (!parting->parted) {
        return;
    }
    add_number(item, "parted_at_step", parting->step);
    if (parting->has_recorded) {
        cJSON_AddStringToObject(
            item, "recorded",
            sim_recorded_step_print(&parting->recorded, text));
    }
    if (parting->has_here) {
        cJSON_AddStringToObject(item, "here",
                                sim_recorded_step_print(&parting->here, text));
    }
}

static const char *const side_names[2] = {"first", "second"};

static void add_difference(cJSON *object,
                           const struct sim_difference *difference)
{
    static const char *const part_names[SIM_PART_COUNT] = {"moment", "input",
                                                           "outputs", "state"};
    cJSON *item = cJSON_AddObjectToObject(object, "difference");
    add_number(item, "step", difference->step);
    add_number(item, "time_us", difference->sides[0].time_us);
    cJSON_AddBoolToObject(item, "at_end", difference->at_end);
    cJSON *parts = cJSON_AddArrayToObject(item, "parts");
    for (int i = 0; i < SIM_PART_COUNT; i++) {
        if (difference->parts[i]) {
            cJSON_AddItemToArray(parts, cJSON_CreateString(part_names[i]));
        }
    }
    for (int i = 0; i < 2; i++) {
        const struct sim_side *side = &difference->sides[i];
        cJSON *told = cJSON_AddObjectToObject(item, side_names[i]);
        add_number(told, "time_us", side->time_us);
        cJSON_AddBoolToObject(told, "has_step", side->has_step);
        add_lines(told, "story", side->story);
    }
    char *text = report_difference_text(difference);
    cJSON_AddStringToObject(item, "text", text);
    free(text);
}

void report_print_json(const struct report *report, FILE *out)
{
    const struct sim_result *result = &report->outcome->result;
    char text[32];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "scenario", report->path);
    if (report->scenario->description != NULL) {
        cJSON_AddStringToObject(object, "description",
                                report->scenario->description);
    }
    snprintf(text, sizeof text, "%" PRIu64, result->seed);
    cJSON_AddStringToObject(object, "seed", text);
    cJSON_AddStringToObject(object, "verdict", verdict_word(report));
    add_number(object, "exit_code", (uint64_t)report_exit_code(report));
    snprintf(text, sizeof text, "%016" PRIx64, result->hash);
    cJSON_AddStringToObject(object, "hash", text);
    add_number(object, "nodes", report->scenario->nodes);
    add_lacks(object, report);
    add_figures(object, report->outcome);
    cJSON_AddBoolToObject(object, "checks", report->options->simulation.checks);
    add_properties(object, result);
    add_situations(object, result);
    if (report_exit_code(report) != EXIT_AS_EXPECTED) {
        char problem[REPORT_PROBLEM_SIZE];
        report_problem(report, problem);
        cJSON_AddStringToObject(object, "problem", problem);
    }
    add_violation(object, result);
    add_unmet(object, result);
    if (result->verdict == SIM_VERDICT_CONTRACT) {
        cJSON_AddStringToObject(object, "contract", result->contract);
    }
    if (report->story != NULL) {
        add_lines(object, "last_steps", report->story);
    }
    cJSON_AddBoolToObject(object, "double_checked", report->twice);
    if (report->difference != NULL) {
        add_difference(object, report->difference);
    }
    add_failure(object, report);
    if (report->replay != NULL) {
        add_replay(object, report->replay);
    }
    cJSON_AddStringToObject(object, "repeat", report->repeat);
    char *line = cJSON_PrintUnformatted(object);
    fprintf(out, "%s\n", line != NULL ? line : "{}");
    cJSON_free(line);
    cJSON_Delete(object);
}
