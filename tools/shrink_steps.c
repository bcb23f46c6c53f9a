/* Parts 2 and 3: a run written down, and made smaller step by step. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/raft_node.h"
#include "sim/recording.h"
#include "tools/durations.h"
#include "tools/shrink.h"
#include "tools/shrink_script.h"

/* Nothing is put farther off than this, in a round number. */
#define N_GRIDS 6u

static cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* --- writing it down ------------------------------------------------------ */

static struct sim_recording *record(const struct shrink *shrink)
{
    struct sim_scenario_problems problems;
    struct sim_recording *recording = sim_recording_new();
    char *text = shrink_text(shrink->best);
    struct sim_scenario *scenario =
        sim_scenario_parse(text, strlen(text), &shrink->found.seed, &problems);
    struct sim_options options = {.seed = shrink->found.seed,
                                  .node_type = &sim_raft_node_type,
                                  .checks = true,
                                  .max_steps = SIM_UNLIMITED,
                                  .recording = recording};
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    while (sim_simulation_advance(simulation, UINT64_MAX) ==
           SIM_VERDICT_RUNNING) {
    }
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
    sim_scenario_problems_free(&problems);
    free(text);
    return recording;
}

/* A clock that jumps to an election may break the promise that a lease rests
 * on, in a way that no clock ever would. */
static bool has_leases(const cJSON *scenario)
{
    return cJSON_IsTrue(get(get(scenario, "raft"), "lease_reads"));
}

static bool write_down(struct shrink *shrink)
{
    static const struct script_manner manners[] = {
        {SCRIPT_EXPIRES, true, false}, {SCRIPT_EXPIRES, false, false},
        {SCRIPT_SEEDED, false, false}, {SCRIPT_EXPIRES, true, true},
        {SCRIPT_EXPIRES, false, true}, {SCRIPT_SEEDED, false, true},
    };
    struct sim_recording *recording = record(shrink);
    bool done = false;
    for (size_t i = 0; i < sizeof manners / sizeof *manners && !done; i++) {
        if (manners[i].elections == SCRIPT_EXPIRES &&
            has_leases(shrink->best)) {
            continue;
        }
        done = shrink_try(shrink,
                          script_of(shrink->best, recording, shrink->found.seed,
                                    shrink->found.time_us, &manners[i]));
    }
    sim_recording_free(recording);
    return done;
}

/* --- making it smaller ---------------------------------------------------- */

/* What lasts for a time may as well last. */
static bool drop_ends(struct shrink *shrink)
{
    bool any = false;
    int n = cJSON_GetArraySize(get(shrink->best, "faults"));
    for (int i = 0; i < n && !shrink_is_over(shrink); i++) {
        cJSON *changed = shrink_copy(shrink);
        cJSON *step = cJSON_GetArrayItem(get(changed, "faults"), i);
        if (get(step, "for") != NULL) {
            cJSON_DeleteItemFromObjectCaseSensitive(step, "for");
            any = shrink_try(shrink, changed) || any;
        } else {
            cJSON_Delete(changed);
        }
    }
    return any;
}

static uint64_t time_of(const cJSON *object, const char *key)
{
    uint64_t us = 0;
    durations_read(cJSON_GetStringValue(get(object, key)), &us);
    return us;
}

static void set_time(cJSON *object, const char *key, uint64_t us)
{
    char text[DURATIONS_SIZE];
    cJSON_ReplaceItemInObjectCaseSensitive(
        object, key, cJSON_CreateString(durations_print(us, text)));
}

/* Steps at even distances, in the order in which they are. */
static bool try_grid(struct shrink *shrink, uint64_t distance_us)
{
    cJSON *changed = shrink_copy(shrink);
    cJSON *step;
    uint64_t i = 0;
    cJSON_ArrayForEach(step, get(changed, "faults"))
    {
        set_time(step, "at", ++i * distance_us);
    }
    return shrink_try(shrink, changed);
}

/* To the nearest of a grid, for one step. */
static bool round_one(struct shrink *shrink, const char *section,
                      const char *list, int place, const char *key)
{
    static const uint64_t grids_us[N_GRIDS] = {100000, 50000, 10000,
                                               5000,   1000,  100};
    const cJSON *items =
        get(section == NULL ? shrink->best : get(shrink->best, section), list);
    const cJSON *item = cJSON_GetArrayItem(items, place);
    if (get(item, key) == NULL) {
        return false;
    }
    uint64_t us = time_of(item, key);
    for (size_t i = 0; i < N_GRIDS && us % grids_us[i] != 0; i++) {
        for (uint64_t up = 0; up < 2; up++) {
            cJSON *changed = shrink_copy(shrink);
            cJSON *there =
                get(section == NULL ? changed : get(changed, section), list);
            set_time(cJSON_GetArrayItem(there, place), key,
                     (us / grids_us[i] + up) * grids_us[i]);
            if (shrink_try(shrink, changed)) {
                return true;
            }
        }
    }
    return false;
}

static bool round_times(struct shrink *shrink)
{
    static const uint64_t distances_us[] = {10000, 20000, 5000, 50000, 100000};
    int n = cJSON_GetArraySize(get(shrink->best, "faults"));
    bool even = false;
    for (size_t i = 0; i < sizeof distances_us / sizeof *distances_us && !even;
         i++) {
        even = try_grid(shrink, distances_us[i]);
    }
    for (int i = 0; i < n && !shrink_is_over(shrink); i++) {
        if (!even) {
            round_one(shrink, NULL, "faults", i, "at");
        }
        round_one(shrink, NULL, "faults", i, "for");
    }
    n = cJSON_GetArraySize(get(get(shrink->best, "network"), "messages"));
    for (int i = 0; i < n && !shrink_is_over(shrink); i++) {
        round_one(shrink, "network", "messages", i, "delay");
        round_one(shrink, "network", "messages", i, "again");
    }
    return even;
}

bool shrink_steps(struct shrink *shrink)
{
    shrink->stage = "writing down";
    shrink->certain = true;
    if (!write_down(shrink)) {
        shrink->certain = false;
        return false;
    }
    shrink->stage = "leaving out steps";
    bool any = true;
    for (int round = 0; any && round < 8 && !shrink_is_over(shrink); round++) {
        any = shrink_list(shrink, NULL, "faults");
        any = shrink_list(shrink, "network", "messages") || any;
        any = drop_ends(shrink) || any;
        any = shrink_duration(shrink) || any;
        any = shrink_wishes(shrink) || any;
        any = shrink_node_count(shrink) || any;
    }
    shrink->stage = "rounding";
    round_times(shrink);
    shrink_list(shrink, NULL, "faults");
    return true;
}
