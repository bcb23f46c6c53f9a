/* Part 2: a run, written down as a script. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/recording.h"
#include "tools/shrink.h"
#include "tools/shrink_script.h"

/* Of a scenario with chance in it, so many runs are tried to be written down.
 */
#define MAX_RUNS_TO_WRITE 8

/* Between two looks at the clock. */
#define EVENTS_AT_ONCE 20000u

static cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

struct sim_result shrink_run(const struct shrink *shrink,
                             struct sim_recording *recording)
{
    struct sim_scenario_problems problems;
    char *text = shrink_text(shrink->best);
    struct sim_scenario *scenario =
        sim_scenario_parse(text, strlen(text), &shrink->found.seed, &problems);
    free(text);
    sim_scenario_problems_free(&problems);
    if (scenario == NULL) {
        return (struct sim_result){.verdict = SIM_VERDICT_RUNNING};
    }
    struct sim_options options = {.seed = shrink->found.seed,
                                  .node_type = shrink->trials.node_type,
                                  .checks = true,
                                  .max_steps = SIM_UNLIMITED,
                                  .recording = recording};
    struct sim_simulation *simulation = sim_simulation_new(scenario, &options);
    while (sim_simulation_advance(simulation, EVENTS_AT_ONCE) ==
               SIM_VERDICT_RUNNING &&
           (recording == NULL || !shrink_is_over(shrink))) {
    }
    struct sim_result result = *sim_simulation_result(simulation);
    sim_simulation_free(simulation);
    sim_scenario_free(scenario);
    return result;
}

static struct sim_recording *record(const struct shrink *shrink)
{
    struct sim_recording *recording = sim_recording_new();
    shrink_run(shrink, recording);
    return recording;
}

/* A clock that jumps to an election may break the promise that a lease rests
 * on, in a way that no clock ever would. And nodes that wait for the script
 * make no progress by themselves. */
static bool may_expire(const struct shrink *shrink)
{
    return !cJSON_IsTrue(get(get(shrink->best, "raft"), "lease_reads")) &&
           strcmp(shrink->trials.wanted.what,
                  sim_property_name(SIM_PROGRESS)) != 0;
}

static bool try_manner(struct shrink *shrink,
                       const struct sim_recording *recording,
                       const struct script_manner *manner)
{
    return shrink_try(shrink,
                      script_of(shrink->best, recording, shrink->found.seed,
                                shrink->found.time_us, manner));
}

/* With the elections and messages of this manner. */
static bool try_disks(struct shrink *shrink,
                      const struct sim_recording *recording,
                      struct script_manner manner)
{
    const cJSON *nodes = get(shrink->best, "nodes");
    const cJSON *fsync = get(get(shrink->best, "disk"), "fsync");
    unsigned n = cJSON_IsNumber(nodes) ? (unsigned)nodes->valueint : 3;
    bool done = try_manner(shrink, recording, &manner);
    if (done || cJSON_IsString(fsync)) {
        return done;
    }
    manner.even_disks = true;
    for (unsigned slow = 0; slow <= n && !done; slow++) {
        manner.slow_disk = slow;
        done = try_manner(shrink, recording, &manner);
    }
    return done;
}

static bool write_down_run(struct shrink *shrink,
                           const struct sim_recording *recording)
{
    static const struct script_manner manners[] = {
        {.elections = SCRIPT_EXPIRES, .slow_heartbeat = true},
        {.elections = SCRIPT_EXPIRES},
        {.elections = SCRIPT_SEEDED},
        {.elections = SCRIPT_EXPIRES, .slow_heartbeat = true, .rules = true},
        {.elections = SCRIPT_EXPIRES, .rules = true},
        {.elections = SCRIPT_SEEDED, .rules = true},
    };
    bool done = false;
    for (size_t i = 0; i < sizeof manners / sizeof *manners && !done; i++) {
        struct script_manner manner = manners[i];
        if (manner.elections == SCRIPT_EXPIRES && !may_expire(shrink)) {
            continue;
        }
        for (int early = 0; early < 2 && !done; early++) {
            manner.early = early != 0;
            done = try_disks(shrink, recording, manner);
        }
    }
    return done;
}

/* Another seed that fails: its run may be easier to say. */
static bool take_next_seed(struct shrink *shrink)
{
    struct trial_result result;
    char *text = shrink_text(shrink->best);
    struct trial next = {.text = text,
                         .first_seed = shrink->found.seed + 1,
                         .n_seeds = 2000,
                         .max_steps = shrink->found.steps * 2};
    bool good = trials_run(&shrink->trials, &next, 1, true, &result) == 0;
    if (good) {
        shrink->found = result;
    }
    free(text);
    return good;
}

static bool write_down(struct shrink *shrink)
{
    struct trial_result first = shrink->found;
    for (int i = 0; i < MAX_RUNS_TO_WRITE && !shrink_is_over(shrink); i++) {
        struct sim_recording *recording = record(shrink);
        bool done = write_down_run(shrink, recording);
        sim_recording_free(recording);
        if (done) {
            return true;
        }
        if (!take_next_seed(shrink)) {
            break;
        }
    }
    shrink->found = first;
    return false;
}

static bool write_down_recorded(struct shrink *shrink,
                                struct sim_recording *recording)
{
    sim_recording_follow(recording);
    shrink_run(shrink, recording);
    return write_down_run(shrink, recording);
}

bool shrink_write_down(struct shrink *shrink, struct sim_recording *recording)
{
    return recording != NULL ? write_down_recorded(shrink, recording)
                             : write_down(shrink);
}

bool shrink_write_elections(struct shrink *shrink)
{
    static const struct script_manner manners[] = {
        {.elections = SCRIPT_EXPIRES, .slow_heartbeat = true},
        {.elections = SCRIPT_EXPIRES},
    };
    bool any = false;
    if (!may_expire(shrink)) {
        return false;
    }
    for (size_t i = 0; i < sizeof manners / sizeof *manners && !any; i++) {
        struct sim_recording *recording = record(shrink);
        any = shrink_try_less(
            shrink, script_of(shrink->best, recording, shrink->found.seed,
                              shrink->found.time_us, &manners[i]));
        sim_recording_free(recording);
    }
    return any;
}
