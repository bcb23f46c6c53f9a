/* The scenarios of a hunt: which nemeses there are, and which a seed draws. */
#include "tools/hunt_internal.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/input.h"

/* Room for a nemesis in words. */
#define NAME_SIZE 48u

/* A target as it is written, but that a single word needs no quotes. */
static void print_target(const cJSON *value, char *text, size_t size)
{
    if (cJSON_IsString(value)) {
        snprintf(text, size, "%s", value->valuestring);
        return;
    }
    char *json = cJSON_PrintUnformatted(value);
    if (json != NULL && strlen(json) >= size) {
        snprintf(text, size, "%.*s...", (int)size - 4, json);
    } else {
        snprintf(text, size, "%s", json != NULL ? json : "");
    }
    cJSON_free(json);
}

static char *name_nemesis(const cJSON *item, const char *action)
{
    char target[NAME_SIZE], name[2 * NAME_SIZE];
    print_target(cJSON_GetObjectItemCaseSensitive(item, action), target,
                 sizeof target);
    snprintf(name, sizeof name, "%s %s", action, target);
    return sim_strdup(name);
}

static void name_nemeses(struct hunt_scenario *scenario,
                         const struct sim_scenario *parsed)
{
    cJSON *root = cJSON_ParseWithLength(scenario->text, scenario->size);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "nemeses");
    scenario->n_nemeses = parsed->n_nemeses;
    scenario->nemeses = sim_calloc(parsed->n_nemeses, sizeof(char *));
    scenario->actions = sim_calloc(parsed->n_nemeses, sizeof(char *));
    for (uint32_t i = 0; i < parsed->n_nemeses; i++) {
        scenario->actions[i] = sim_action_name(parsed->nemeses[i].action.kind);
        scenario->nemeses[i] = name_nemesis(cJSON_GetArrayItem(list, (int)i),
                                            scenario->actions[i]);
    }
    cJSON_Delete(root);
}

bool hunt__read_scenario(struct hunt_scenario *scenario, const char *path)
{
    uint64_t seed = HUNT_SEED_DISTANCE;
    scenario->path = path;
    scenario->text = input_read(path, &scenario->size);
    if (scenario->text == NULL) {
        return false;
    }
    struct sim_scenario *parsed =
        input_parse(path, scenario->text, scenario->size, &seed, stderr);
    if (parsed == NULL) {
        return false;
    }
    name_nemeses(scenario, parsed);
    sim_scenario_free(parsed);
    return true;
}

void hunt__draw(const struct hunt_scenario *scenario, uint64_t seed,
                bool *drawn)
{
    struct sim_scenario *parsed = input_parse(scenario->path, scenario->text,
                                              scenario->size, &seed, stderr);
    for (uint32_t i = 0; parsed != NULL && i < scenario->n_nemeses; i++) {
        drawn[i] = parsed->nemeses[i].enabled;
    }
    sim_scenario_free(parsed);
}

void hunt__free_scenario(struct hunt_scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->n_nemeses; i++) {
        free(scenario->nemeses[i]);
    }
    free(scenario->nemeses);
    free(scenario->actions);
    free(scenario->text);
}
