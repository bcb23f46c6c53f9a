#include "tools/shrink_script.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/node.h"
#include "sim/recording.h"
#include "tools/durations.h"

/* Of a scenario that says none. */
#define DEFAULT_DURATION_US UINT64_C(10000000)

static cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void drop(cJSON *object, const char *key)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
}

static void put_time(cJSON *step, const char *key, uint64_t us)
{
    char text[DURATIONS_SIZE];
    cJSON_AddStringToObject(step, key, durations_print(us, text));
}

/* --- messages ------------------------------------------------------------- */

static void add_rule(cJSON *rules, const struct sim_track *track,
                     uint64_t number, uint64_t first, uint64_t second)
{
    cJSON *rule = cJSON_CreateObject();
    cJSON_AddNumberToObject(rule, "from", (double)track->a);
    cJSON_AddNumberToObject(rule, "to", (double)track->b);
    cJSON_AddStringToObject(
        rule, "kind",
        sim_message_kind_name((enum sim_message_kind)track->kind));
    cJSON_AddNumberToObject(rule, "number", (double)number);
    if (first == 0) {
        cJSON_AddTrueToObject(rule, "lost");
    } else {
        put_time(rule, "delay", first - 1);
    }
    if (second > 0) {
        put_time(rule, "again", second - 1);
    }
    cJSON_AddItemToArray(rules, rule);
}

/* A rule for each message that met no cut. */
static cJSON *rules_of(const struct sim_recording *recording)
{
    cJSON *rules = cJSON_CreateArray();
    for (size_t i = 0; i < recording->n_tracks; i++) {
        const struct sim_track *track = recording->tracks[i];
        uint64_t number = 0;
        for (size_t j = 0;
             track->purpose == SIM_STREAM_LINK && j < track->count; j++) {
            uint64_t first = track->values[j];
            uint64_t second = 0;
            if (first > 0 && j + 1 < track->count) {
                second = track->values[++j];
            }
            number++;
            add_rule(rules, track, number, first, second);
        }
    }
    return rules;
}

/* --- the whole ------------------------------------------------------------ */

static cJSON *section(cJSON *scenario, const char *key)
{
    cJSON *there = get(scenario, key);
    return there != NULL ? there : cJSON_AddObjectToObject(scenario, key);
}

static void set_times(cJSON *raft, const struct script_manner *manner)
{
    if (manner->elections == SCRIPT_EXPIRES) {
        drop(raft, "election_timeout");
        cJSON *range = cJSON_AddArrayToObject(raft, "election_timeout");
        cJSON_AddItemToArray(range, cJSON_CreateString("1h"));
        cJSON_AddItemToArray(range, cJSON_CreateString("1h"));
    }
    if (manner->slow_heartbeat) {
        drop(raft, "heartbeat_interval");
        cJSON_AddStringToObject(raft, "heartbeat_interval", "10s");
    }
}

/* All alike and quick; or one of them slow. */
static void set_disks(cJSON *script, const struct script_manner *manner)
{
    if (!manner->even_disks) {
        return;
    }
    drop(script, "disk");
    cJSON_AddStringToObject(cJSON_AddObjectToObject(script, "disk"), "fsync",
                            "1ms");
    if (manner->slow_disk > 0) {
        cJSON *faults = get(script, "faults");
        cJSON *step = cJSON_CreateObject();
        put_time(step, "at", 0);
        cJSON *disk = cJSON_AddObjectToObject(step, "disk");
        cJSON_AddNumberToObject(disk, "nodes", manner->slow_disk);
        cJSON_AddStringToObject(disk, "fsync", "20ms");
        cJSON_InsertItemInArray(faults, 0, step);
    }
}

/* None but those of the script, who ask in the same way. */
static void set_clients(cJSON *script, const cJSON *from)
{
    static const char *const ways[] = {"timeout", "delay", "sessions"};
    drop(script, "workload");
    cJSON *workload = cJSON_AddObjectToObject(script, "workload");
    cJSON_AddNumberToObject(workload, "clients", 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const cJSON *way = get(get(from, "workload"), ways[i]);
        if (way != NULL) {
            cJSON_AddItemToObject(workload, ways[i], cJSON_Duplicate(way, 1));
        }
    }
}

/* What went wrong only when the run was over did so after everything had
 * healed. */
static void heal_at_end(cJSON *script, const cJSON *from, uint64_t until_us)
{
    uint64_t end_us = DEFAULT_DURATION_US;
    durations_read(cJSON_GetStringValue(get(from, "duration")), &end_us);
    if (until_us > end_us) {
        cJSON *step = cJSON_CreateObject();
        put_time(step, "at", end_us);
        cJSON_AddStringToObject(step, "heal", "all");
        cJSON_AddItemToArray(get(script, "faults"), step);
    }
}

struct cJSON *script_of(const struct cJSON *from,
                        const struct sim_recording *recording,
                        unsigned long long seed, uint64_t duration_us,
                        const struct script_manner *manner)
{
    cJSON *script = cJSON_Duplicate(from, 1);
    size_t room = recording->acts.size + 3;
    char *text = sim_calloc(room, 1);
    snprintf(text, room, "[%.*s]", (int)recording->acts.size,
             recording->acts.size > 0 ? recording->acts.text : "");
    cJSON *acts = cJSON_Parse(text);
    drop(script, "nemeses");
    drop(script, "faults");
    set_clients(script, from);
    cJSON_AddItemToObject(script, "faults",
                          script_steps_of(from, acts, manner));
    cJSON *raft = section(script, "raft");
    set_times(raft, manner);
    if (manner->elections == SCRIPT_SEEDED) {
        drop(raft, "random_seed");
        cJSON_AddNumberToObject(raft, "random_seed", (double)seed);
    }
    set_disks(script, manner);
    if (manner->rules) {
        drop(script, "network");
        cJSON *network = cJSON_AddObjectToObject(script, "network");
        cJSON_AddStringToObject(network, "delay", "1ms");
        cJSON_AddItemToObject(network, "messages", rules_of(recording));
    }
    heal_at_end(script, from, duration_us);
    script_sort(script);
    drop(script, "duration");
    put_time(script, "duration", (duration_us / 100000 + 1) * 100000);
    cJSON_Delete(acts);
    free(text);
    return script;
}

unsigned script_size(const struct cJSON *scenario)
{
    return (unsigned)(cJSON_GetArraySize(get(scenario, "faults")) +
                      cJSON_GetArraySize(
                          get(get(scenario, "network"), "messages")));
}
