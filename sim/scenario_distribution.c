/* Distributions: a duration, or an object that names one of three shapes. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario_reader.h"

#define ALL_PPM 1000000u

static const struct scenario_key any_duration = {.fixed = true};

static void read_uniform(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    struct sim_distribution *distribution = out;
    const struct sim_json_value *low = sim_json_first(&reader->json, value);
    (void)key;
    if (value->kind != SIM_JSON_LIST || value->n_values != 2) {
        sim_json_unfit(&reader->json, value, "a range",
                       "write the least and the greatest duration, such as "
                       "[\"1ms\", \"5ms\"]");
        return;
    }
    const struct sim_json_value *high = sim_json_next(&reader->json, low);
    distribution->kind = SIM_UNIFORM;
    scenario__duration(reader, low, &any_duration, &distribution->low_us);
    scenario__duration(reader, high, &any_duration, &distribution->high_us);
    if (distribution->low_us > distribution->high_us &&
        scenario__duration_range(reader, high, &(uint64_t){0},
                                 &(uint64_t){0})) {
        sim_json_refuse(&reader->json, value,
                        "the least of a range stands first, and here it is "
                        "the greater");
    }
}

static void read_exponential(struct scenario_reader *reader,
                             const struct sim_json_value *value,
                             const struct scenario_key *key, void *out)
{
    struct sim_distribution *distribution = out;
    distribution->kind = SIM_EXPONENTIAL;
    scenario__duration(reader, value, key, &distribution->high_us);
}

static void read_minimum(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    struct sim_distribution *distribution = out;
    scenario__duration(reader, value, key, &distribution->low_us);
}

/* A percentile's key, without its "%": parts per million. */
static bool read_percent(struct scenario_reader *reader,
                         const struct sim_json_value *point, uint32_t *ppm)
{
    char text[24];
    uint64_t parts = 0;
    int length = snprintf(text, sizeof text, "%s%%", sim_json_key(point));
    if (length < 0 || (size_t)length >= sizeof text ||
        scenario__quantity(text, SCENARIO_PART, ALL_PPM, &parts) !=
            SCENARIO_FITS) {
        sim_json_refuse_key(&reader->json, point,
                            "a percentile is a number from 0 to 100 with at "
                            "most 4 decimals, such as \"99.9\"");
        return false;
    }
    *ppm = (uint32_t)parts;
    return true;
}

/* Puts a point where it belongs: the keys of an object have no order. False if
 * its percentile is there already. */
static bool insert_point(struct sim_distribution *distribution, uint32_t ppm,
                         uint64_t value_us)
{
    uint32_t place = distribution->n_points;
    while (place > 0 && distribution->points[place - 1].ppm > ppm) {
        place--;
    }
    if (place > 0 && distribution->points[place - 1].ppm == ppm) {
        return false;
    }
    for (uint32_t i = distribution->n_points; i > place; i--) {
        distribution->points[i] = distribution->points[i - 1];
    }
    distribution->points[place].ppm = ppm;
    distribution->points[place].value_us = value_us;
    distribution->n_points++;
    return true;
}

/* True if all points could be read. */
static bool read_points(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        struct sim_distribution *distribution)
{
    bool ok = true;
    const struct sim_json_value *point = sim_json_first(&reader->json, value);
    for (; point != NULL; point = sim_json_next(&reader->json, point)) {
        uint32_t ppm = 0;
        uint64_t us = 0;
        bool durations =
            scenario__duration_range(reader, point, &us, &(uint64_t){0});
        scenario__duration(reader, point, &any_duration, &us);
        if (!read_percent(reader, point, &ppm) || !durations) {
            ok = false;
        } else if (!insert_point(distribution, ppm, us)) {
            sim_json_refuse_key(&reader->json, point,
                                "this percentile stands here twice");
            ok = false;
        }
    }
    return ok;
}

static void read_percentiles(struct scenario_reader *reader,
                             const struct sim_json_value *value,
                             const struct scenario_key *key, void *out)
{
    struct sim_distribution *distribution = out;
    (void)key;
    distribution->kind = SIM_PERCENTILES;
    if (!scenario__is_object(reader, value,
                             "write percentiles and durations, such as "
                             "{\"0\": \"1ms\", \"50\": \"5ms\", \"100\": "
                             "\"1s\"}")) {
        return;
    }
    if (value->n_values > SIM_MAX_PERCENTILES) {
        sim_json_refuse(&reader->json, value, "more than %u percentiles",
                        SIM_MAX_PERCENTILES);
        return;
    }
    if (!read_points(reader, value, distribution)) {
        return;
    }
    uint32_t n = distribution->n_points;
    if (!scenario__has(reader, value, "0") ||
        !scenario__has(reader, value, "100")) {
        sim_json_refuse(&reader->json, value,
                        "the percentiles \"0\" and \"100\" are both needed");
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        if (distribution->points[i].value_us <
            distribution->points[i - 1].value_us) {
            sim_json_refuse(&reader->json, value,
                            "the durations of higher percentiles never fall, "
                            "and here one does");
            return;
        }
    }
}

/* The longest duration that it gives is 0. */
static bool is_always_zero(const struct sim_distribution *distribution)
{
    switch (distribution->kind) {
    case SIM_FIXED:
        return distribution->low_us == 0;
    case SIM_UNIFORM:
        return distribution->high_us == 0;
    case SIM_EXPONENTIAL:
        return distribution->low_us == 0 && distribution->high_us == 0;
    case SIM_PERCENTILES:
        return distribution->n_points > 0 &&
               distribution->points[distribution->n_points - 1].value_us == 0;
    }
    return false;
}

static void read_shape(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       struct sim_distribution *distribution)
{
    static const struct scenario_key keys[] = {
        {.name = "uniform", .read = read_uniform, .fixed = true},
        {.name = "exponential", .read = read_exponential, .fixed = true},
        {.name = "percentiles", .read = read_percentiles, .fixed = true},
        {.name = "minimum", .read = read_minimum, .fixed = true},
    };
    uint32_t shapes = 0;
    size_t problems = reader->json.n_problems;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), distribution);
    for (size_t i = 0; i < 3; i++) {
        shapes += scenario__has(reader, value, keys[i].name) ? 1u : 0u;
    }
    if (shapes > 1 || (shapes == 0 && reader->json.n_problems == problems)) {
        sim_json_refuse(&reader->json, value,
                        "a distribution has exactly one of \"uniform\", "
                        "\"exponential\" and \"percentiles\", and this has "
                        "%s",
                        shapes == 0 ? "none" : "more");
    }
    if (shapes > 0 && scenario__has(reader, value, "minimum") &&
        !scenario__has(reader, value, "exponential")) {
        sim_json_refuse_key(&reader->json,
                            sim_json_member(&reader->json, value, "minimum"),
                            "\"minimum\" stands only beside \"exponential\"");
    }
}

void scenario__distribution(struct scenario_reader *reader,
                            const struct sim_json_value *value,
                            const struct scenario_key *key, void *out)
{
    struct sim_distribution *distribution = out;
    size_t problems = reader->json.n_problems;
    *distribution = sim_distribution_fixed(0);
    if (value->kind == SIM_JSON_OBJECT) {
        read_shape(reader, value, distribution);
    } else {
        scenario__duration(reader, value, &any_duration, &distribution->low_us);
        /* A fixed distribution holds its value wherever it is looked for. */
        *distribution = sim_distribution_fixed(distribution->low_us);
    }
    if (key->min > 0 && reader->json.n_problems == problems &&
        is_always_zero(distribution)) {
        sim_json_unfit(&reader->json, value, "possible here",
                       "write a duration of more than 0");
    }
}
