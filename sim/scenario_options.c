/* What stands beside the action of a step or nemesis and says more of it. */
#include <stddef.h>
#include <stdio.h>

#include "sim/scenario_reader.h"

#define AT(field) offsetof(struct sim_action, field)

void scenario__unfinished(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out)
{
    static const char *const words[] = {"random", "lost", "kept", "any order",
                                        "torn"};
    size_t place = 0;
    (void)key;
    if (scenario__word(reader, value, words, SCENARIO_COUNT(words), &place)) {
        *(enum sim_unfinished *)out =
            (enum sim_unfinished)(SIM_UNFINISHED_RANDOM + place);
    }
}

static void read_record(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    static const char *const words[SIM_RECORD_COUNT] = {
        [SIM_RECORD_ENTRY] = "entry",
        [SIM_RECORD_HARD_STATE] = "hard_state",
        [SIM_RECORD_SNAPSHOT] = "snapshot",
    };
    size_t place = 0;
    (void)key;
    if (scenario__word(reader, value, words, SIM_RECORD_COUNT, &place)) {
        *(enum sim_record *)out = (enum sim_record)place;
    }
}

static void read_joint(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    bool joint = false;
    scenario__boolean(reader, value, key, &joint);
    *(enum sim_joint *)out = joint ? SIM_JOINT_ALWAYS : SIM_JOINT_NEVER;
}

/* An option, and the actions that it stands beside. */
static const struct option {
    struct scenario_key key;
    enum sim_action_kind first, last;
} options[SCENARIO_N_OPTIONS] = {
    {{.name = "unfinished_writes",
      .read = scenario__unfinished,
      .offset = AT(unfinished_writes)},
     SIM_ACTION_CRASH,
     SIM_ACTION_CRASH},
    {{.name = "what", .read = read_record, .offset = AT(record)},
     SIM_ACTION_CORRUPT,
     SIM_ACTION_CORRUPT},
    {{.name = "beyond", .read = scenario__boolean, .offset = AT(beyond)},
     SIM_ACTION_CORRUPT,
     SIM_ACTION_CORRUPT},
    {{.name = "as", .read = scenario__membership, .offset = AT(as)},
     SIM_ACTION_ADD,
     SIM_ACTION_ADD},
    {{.name = "joint", .read = read_joint, .offset = AT(joint)},
     SIM_ACTION_ADD,
     SIM_ACTION_MEMBERS},
    {{.name = "ask", .read = scenario__one_target, .offset = AT(ask)},
     SIM_ACTION_ADD,
     SIM_ACTION_TRANSFER},
    {{.name = "keep", .read = scenario__count64, .offset = AT(keep)},
     SIM_ACTION_COMPACT,
     SIM_ACTION_COMPACT},
};

void scenario__option_names(const char *names[SCENARIO_N_OPTIONS])
{
    for (size_t i = 0; i < SCENARIO_N_OPTIONS; i++) {
        names[i] = options[i].key.name;
    }
}

static void refuse_misplaced(struct scenario_reader *reader,
                             const struct sim_json_value *value,
                             const struct option *option,
                             enum sim_action_kind kind)
{
    const char *names[SIM_ACTION_KIND_COUNT];
    char list[SCENARIO_WORDS_SIZE];
    scenario__action_names(names);
    scenario__join(list, names + option->first,
                   (size_t)(option->last - option->first) + 1);
    sim_json_refuse_key(&reader->json, value,
                        "\"%s\" stands only beside %s, not beside \"%s\"",
                        option->key.name, list, sim_action_name(kind));
}

void scenario__options(struct scenario_reader *reader,
                       const struct sim_json_value *step,
                       struct sim_action *action)
{
    const struct sim_json_value *value;
    for (size_t i = 0; i < SCENARIO_N_OPTIONS; i++) {
        const struct option *option = &options[i];
        value = sim_json_member(&reader->json, step, option->key.name);
        if (value == NULL) {
            continue;
        }
        scenario__read_value(reader, value, &option->key,
                             (char *)action + option->key.offset);
        if (action->kind < option->first || action->kind > option->last) {
            refuse_misplaced(reader, value, option, action->kind);
        }
    }
    value = sim_json_member(&reader->json, step, "for");
    if (value != NULL && !sim_action_lasts(action)) {
        sim_json_refuse_key(
            &reader->json, value,
            "\"%s\" does not last%s, so it has no \"for\"",
            sim_action_name(action->kind),
            action->kind == SIM_ACTION_CLOCK ? " without a \"rate\"" : "");
    }
}
