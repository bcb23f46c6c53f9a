/* The script of faults, and the random ones. */
#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/scenario_reader.h"

#define MAX_OWN 6u
#define OWN_NAMES (SIM_ACTION_KIND_COUNT + SCENARIO_N_OPTIONS)
#define MAX_NAMES (OWN_NAMES + MAX_OWN)
#define N_WHENS 3u

/* The keys of the actions and of what stands beside them, which all steps
 * share, and from OWN_NAMES on those of `own`. */
static size_t list_names(const char *names[MAX_NAMES],
                         const struct scenario_key *own, size_t n_own)
{
    size_t count = OWN_NAMES;
    scenario__action_names(names);
    scenario__option_names(names + SIM_ACTION_KIND_COUNT);
    assert(n_own <= MAX_OWN);
    for (size_t i = 0; i < n_own; i++) {
        names[count++] = own[i].name;
    }
    return count;
}

/* True if a key was probably meant as one of `meant`, a part of `names`. */
static bool is_any_misspelt(const struct scenario_reader *reader,
                            const struct sim_json_value *step,
                            const char *const *meant, size_t n_meant,
                            const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_meant; i++) {
        if (scenario__misspelt(reader, step, meant[i], names, n_names)) {
            return true;
        }
    }
    return false;
}

/* What steps and nemeses share. False if `step` is no object. */
static bool read_step(struct scenario_reader *reader,
                      const struct sim_json_value *step,
                      const struct scenario_key *own, size_t n_own, void *out,
                      struct sim_action *action)
{
    const char *names[MAX_NAMES];
    char list[SCENARIO_WORDS_SIZE];
    size_t n_names = list_names(names, own, n_own);
    if (!scenario__is_object(reader, step,
                             "write {...} with an action, such as {\"at\": "
                             "\"2s\", \"crash\": \"leader\"}")) {
        return false;
    }
    scenario__check_keys(reader, step, names, n_names);
    scenario__read_keys(reader, step, own, n_own, out);
    if (!scenario__action(reader, step, action) &&
        !is_any_misspelt(reader, step, names, SIM_ACTION_KIND_COUNT, names,
                         n_names)) {
        scenario__join(list, names, SIM_ACTION_KIND_COUNT);
        sim_json_refuse(&reader->json, step,
                        "this does nothing; add an action: %s", list);
    }
    return true;
}

static void read_fault(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       struct sim_fault *fault)
{
    static const struct scenario_key own[] = {
        {.name = "at"}, /* N_WHENS, for scenario__trigger() */
        {.name = "after"},
        {.name = "when"},
        {.name = "for",
         .read = scenario__duration,
         .offset = offsetof(struct sim_fault, duration_us)},
        {.name = "optional",
         .read = scenario__boolean,
         .offset = offsetof(struct sim_fault, optional)},
        {.name = "comment", .read = scenario__comment},
    };
    const char *names[MAX_NAMES];
    size_t n_names = list_names(names, own, SCENARIO_COUNT(own));
    if (!read_step(reader, value, own, SCENARIO_COUNT(own), fault,
                   &fault->action)) {
        return;
    }
    fault->has_duration = scenario__has(reader, value, "for");
    if (!scenario__trigger(reader, value, &fault->trigger) &&
        !is_any_misspelt(reader, value, names + OWN_NAMES, N_WHENS, names,
                         n_names)) {
        sim_json_refuse(&reader->json, value,
                        "this does not say when; add \"at\": \"2s\", "
                        "\"after\": \"100ms\" (since the step above), or "
                        "\"when\": {an event}");
    }
}

void scenario__faults(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    struct sim_scenario *scenario = out;
    (void)key;
    if (!scenario__is_list(reader, value,
                           "write the steps of the script, such "
                           "as [{\"at\": \"2s\", \"crash\": "
                           "\"leader\"}]")) {
        return;
    }
    scenario->n_faults = value->n_values;
    scenario->faults =
        scenario__take(reader, value->n_values, sizeof *scenario->faults);
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        read_fault(reader, each, &scenario->faults[each->place]);
    }
}

/* --- nemeses -------------------------------------------------------------- */

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

static void read_nemesis(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         struct sim_nemesis *nemesis)
{
    static const struct scenario_key own[] = {
        {.name = "every",
         .read = scenario__distribution,
         .offset = offsetof(struct sim_nemesis, every),
         .min = 1,
         .required = true},
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
    nemesis->until_us = reader->scenario->duration_us;
    if (!read_step(reader, value, own, SCENARIO_COUNT(own), nemesis,
                   &nemesis->action)) {
        return;
    }
    nemesis->has_duration = scenario__has(reader, value, "for");
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
        read_nemesis(reader, each, &scenario->nemeses[each->place]);
    }
    reader->choices = false;
}
