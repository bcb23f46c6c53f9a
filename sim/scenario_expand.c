#undef NDEBUG
#include "sim/scenario_expand.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/json_write.h"
#include "sim/scenario_reader.h"

struct expansion {
    struct scenario_reader reader;
    struct sim_json_writer writer;
};

/* A key, read; NULL if there is none. Those of a valid scenario need no
 * escapes, however they are written. */
static const char *key_of(const struct sim_json_value *value)
{
    const char *key = sim_json_key(value);
    return key[0] == '\0' && value->key == value->begin ? NULL : key;
}

static bool is_chance(const struct expansion *e,
                      const struct sim_json_value *value)
{
    const struct sim_json_value *nemesis =
        &e->reader.json.values[value->parent];
    const struct sim_json_value *list = &e->reader.json.values[nemesis->parent];
    return strcmp(sim_json_key(value), "chance") == 0 && list->parent == 0 &&
           strcmp(sim_json_key(list), "nemeses") == 0;
}

static void put(struct expansion *e, const struct sim_json_value *value);

/* What the seed makes of a nemesis's chance. */
static void put_chance(struct expansion *e, const struct sim_json_value *value)
{
    uint64_t place = 0;
    uint32_t ppm = 0;
    const struct sim_json_value *one = value;
    const struct sim_json_value *each = NULL;
    if (scenario__draws(&e->reader, value, &place)) {
        while ((each = scenario__alternative(&e->reader, value, each)) !=
               NULL) {
            one = each->place == place ? each : one;
        }
    }
    scenario__chance(&e->reader, one, NULL, &ppm);
    struct sim_prng prng = scenario__stream(&e->reader, one);
    sim_json_put_number(&e->writer, "chance",
                        sim_prng_chance(&prng, ppm) ? 1 : 0);
}

static void put_object(struct expansion *e, const struct sim_json_value *value)
{
    const struct sim_json *json = &e->reader.json;
    const struct sim_json_value *each;
    uint64_t place;
    bool draws = scenario__draws(&e->reader, value, &place);
    sim_json_open_object(&e->writer, key_of(value));
    for (each = sim_json_first(json, value); each != NULL;
         each = sim_json_next(json, each)) {
        if ((draws && strcmp(sim_json_key(each), "drawn") == 0) ||
            (value->parent == 0 && value == sim_json_top(json) &&
             strcmp(sim_json_key(each), "seed") == 0)) {
            continue; /* written below */
        }
        put(e, each);
    }
    if (draws) {
        sim_json_put_number(&e->writer, "drawn", place);
    }
    if (value == sim_json_top(json)) {
        char seed[24];
        snprintf(seed, sizeof seed, "%" PRIu64, e->reader.seed);
        sim_json_put_text(&e->writer, "seed", seed);
    }
    sim_json_close_object(&e->writer);
}

static void put(struct expansion *e, const struct sim_json_value *value)
{
    const struct sim_json *json = &e->reader.json;
    const struct sim_json_value *each;
    if (is_chance(e, value)) {
        put_chance(e, value);
        return;
    }
    switch (value->kind) {
    case SIM_JSON_OBJECT:
        put_object(e, value);
        return;
    case SIM_JSON_LIST:
        sim_json_open_list(&e->writer, key_of(value));
        for (each = sim_json_first(json, value); each != NULL;
             each = sim_json_next(json, each)) {
            put(e, each);
        }
        sim_json_close_list(&e->writer);
        return;
    case SIM_JSON_NULL:
    case SIM_JSON_BOOLEAN:
    case SIM_JSON_NUMBER:
    case SIM_JSON_STRING:
        sim_json_put_raw(&e->writer, key_of(value), json->text + value->begin,
                         value->end - value->begin);
        return;
    }
}

char *sim_scenario_expand(const char *text, size_t size, uint64_t seed)
{
    struct expansion e = {.reader.seed = seed};
    struct sim_scenario_problems problems;
    bool good = sim_json_open(&e.reader.json, text, size);
    assert(good);
    put(&e, sim_json_top(&e.reader.json));
    sim_json_put_end(&e.writer);
    sim_json_close(&e.reader.json, &problems);
    assert(problems.count == 0);
    sim_scenario_problems_free(&problems);
    return e.writer.text;
}
