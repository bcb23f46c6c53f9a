/* The script of faults. */
#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/scenario_reader.h"

#define MAX_OWN 9u
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

static bool has_it(const struct sim_targets *targets)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        if (targets->items[i].kind == SIM_TARGET_IT) {
            return true;
        }
    }
    return false;
}

static bool names_it(const struct sim_action *action)
{
    for (uint32_t i = 0; i < action->n_groups; i++) {
        if (has_it(&action->groups[i])) {
            return true;
        }
    }
    return has_it(&action->nodes) || has_it(&action->from) ||
           has_it(&action->to) || has_it(&action->by) || has_it(&action->ask);
}

bool scenario__step(struct scenario_reader *reader,
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
    if (names_it(action) && !scenario__has(reader, step, "when")) {
        sim_json_refuse(
            &reader->json, step,
            "\"it\" is whom the event of \"when\" happens to; add a "
            "\"when\", or name the node otherwise");
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
    if (!scenario__step(reader, value, own, SCENARIO_COUNT(own), fault,
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
        struct sim_fault *fault = &scenario->faults[each->place];
        read_fault(reader, each, fault);
        fault->action.list = "/faults";
        fault->action.place = each->place;
    }
}
