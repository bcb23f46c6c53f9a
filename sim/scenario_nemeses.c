/* The random faults. */
#include <stddef.h>

#include "sim/scenario_reader.h"

/* The chance is drawn here, once for the run, by its own place. */
static void read_enabled(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    uint32_t ppm = 0;
    scenario__chance(reader, value, key, &ppm);
    struct sim_prng prng = scenario__stream(reader, value);
    *(bool *)out = sim_prng_chance(&prng, ppm);
}

static void check_stretch(struct scenario_reader *reader,
                          const struct sim_json_value *value)
{
    const struct sim_json_value *from =
        sim_json_member(&reader->json, value, "from");
    const struct sim_json_value *until =
        sim_json_member(&reader->json, value, "until");
    uint64_t end = reader->scenario->duration_us;
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t ignored = 0;
    if (!scenario__duration_range(reader, from, &ignored, &last)) {
        return;
    }
    if (last >= end) {
        sim_json_refuse(&reader->json, from,
                        "this is not before the end of the run; make "
                        "\"duration\" longer");
    }
    if (until != NULL &&
        scenario__duration_range(reader, until, &first, &ignored) &&
        first <= last) {
        sim_json_refuse(&reader->json, until,
                        "\"until\" is not after \"from\"; the random fault "
                        "would never come");
    }
}

static void read_when(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    struct sim_nemesis *nemesis = out;
    (void)key;
    nemesis->has_trigger = true;
    nemesis->trigger.kind = SIM_TRIGGER_WHEN;
    reader->choices = false;
    scenario__when(reader, value, &nemesis->trigger);
    reader->choices = true;
}

/* True if a key was probably meant to say when it comes. */
static bool is_misspelt(const struct scenario_reader *reader,
                        const struct sim_json_value *value)
{
    static const char *const names[] = {"every", "when", "after", "odds",
                                        "for",   "from", "until", "chance"};
    return scenario__misspelt(reader, value, "every", names,
                              SCENARIO_COUNT(names)) ||
           scenario__misspelt(reader, value, "when", names,
                              SCENARIO_COUNT(names));
}

/* Its turns come by one of the two. */
static void check_turns(struct scenario_reader *reader,
                        const struct sim_json_value *value)
{
    static const char *const of_events[] = {"after", "odds"};
    const struct sim_json_value *when =
        sim_json_member(&reader->json, value, "when");
    bool every = scenario__has(reader, value, "every");
    if (when != NULL && every) {
        sim_json_refuse_key(&reader->json, when,
                            "\"when\" cannot stand beside \"every\"; a nemesis "
                            "comes at intervals or on events");
    } else if (when == NULL && !every && !is_misspelt(reader, value)) {
        sim_json_refuse(&reader->json, value,
                        "this does not say when; add \"every\": \"1s\" or "
                        "\"when\": {an event}");
    }
    for (size_t i = 0; i < SCENARIO_COUNT(of_events); i++) {
        const struct sim_json_value *one =
            sim_json_member(&reader->json, value, of_events[i]);
        if (one != NULL && when == NULL) {
            sim_json_refuse_key(&reader->json, one,
                                "\"%s\" belongs to \"when\"; there is none",
                                of_events[i]);
        }
    }
}

static void read_nemesis(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         struct sim_nemesis *nemesis)
{
    static const struct scenario_key own[] = {
        {.name = "every",
         .read = scenario__distribution,
         .offset = offsetof(struct sim_nemesis, every),
         .min = 1},
        {.name = "when", .read = read_when, .fixed = true},
        {.name = "after",
         .read = scenario__distribution,
         .offset = offsetof(struct sim_nemesis, after)},
        {.name = "odds",
         .read = scenario__chance,
         .offset = offsetof(struct sim_nemesis, odds_ppm)},
        {.name = "for",
         .read = scenario__distribution,
         .offset = offsetof(struct sim_nemesis, duration)},
        {.name = "from",
         .read = scenario__duration,
         .offset = offsetof(struct sim_nemesis, from_us)},
        {.name = "until",
         .read = scenario__duration,
         .offset = offsetof(struct sim_nemesis, until_us)},
        {.name = "chance",
         .read = read_enabled,
         .offset = offsetof(struct sim_nemesis, enabled)},
        {.name = "comment", .read = scenario__comment, .fixed = true},
    };
    nemesis->enabled = true;
    nemesis->odds_ppm = 1000000;
    nemesis->after = sim_distribution_fixed(0);
    nemesis->until_us = reader->scenario->duration_us;
    if (!scenario__step(reader, value, own, SCENARIO_COUNT(own), nemesis,
                        &nemesis->action)) {
        return;
    }
    nemesis->has_duration = scenario__has(reader, value, "for");
    const struct sim_json_value *beyond =
        sim_json_member(&reader->json, value, "beyond");
    if (beyond != NULL) {
        sim_json_refuse_key(&reader->json, beyond,
                            "a random fault stays within what Raft survives; "
                            "\"beyond\" stands only in a step of \"faults\"");
    }
    check_turns(reader, value);
    check_stretch(reader, value);
}

void scenario__nemeses(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    struct sim_scenario *scenario = out;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write the random faults, such as "
                           "[{\"every\": \"1s\", \"crash\": "
                           "\"a node\", \"for\": \"500ms\"}]")) {
        return;
    }
    scenario->n_nemeses = value->n_values;
    scenario->nemeses =
        scenario__take(reader, value->n_values, sizeof *scenario->nemeses);
    reader->choices = true;
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        struct sim_nemesis *nemesis = &scenario->nemeses[each->place];
        read_nemesis(reader, each, nemesis);
        nemesis->action.list = "/nemeses";
        nemesis->action.place = each->place;
    }
    reader->choices = false;
}
