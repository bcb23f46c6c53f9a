/* What: the actions of steps and nemeses. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario_reader.h"

const char *sim_action_name(enum sim_action_kind kind)
{
    switch (kind) {
    case SIM_ACTION_CRASH:
        return "crash";
    case SIM_ACTION_RESTART:
        return "restart";
    case SIM_ACTION_PAUSE:
        return "pause";
    case SIM_ACTION_RESUME:
        return "resume";
    case SIM_ACTION_PARTITION:
        return "partition";
    case SIM_ACTION_ISOLATE:
        return "isolate";
    case SIM_ACTION_CUT:
        return "cut";
    case SIM_ACTION_BRIDGE:
        return "bridge";
    case SIM_ACTION_MESH:
        return "mesh";
    case SIM_ACTION_CLOG:
        return "clog";
    case SIM_ACTION_LINK:
        return "link";
    case SIM_ACTION_DISK:
        return "disk";
    case SIM_ACTION_CORRUPT:
        return "corrupt";
    case SIM_ACTION_CLOCK:
        return "clock";
    case SIM_ACTION_EXPIRE:
        return "expire_timer";
    case SIM_ACTION_PROPOSE:
        return "propose";
    case SIM_ACTION_READ:
        return "read";
    case SIM_ACTION_HEAL:
        return "heal";
    case SIM_ACTION_ADD:
        return "add";
    case SIM_ACTION_REMOVE:
        return "remove";
    case SIM_ACTION_PROMOTE:
        return "promote";
    case SIM_ACTION_DEMOTE:
        return "demote";
    case SIM_ACTION_REPLACE:
        return "replace";
    case SIM_ACTION_MEMBERS:
        return "members";
    case SIM_ACTION_TRANSFER:
        return "transfer";
    case SIM_ACTION_COMPACT:
        return "compact";
    case SIM_ACTION_KIND_COUNT:
        break;
    }
    return "?";
}

void scenario__action_names(const char *names[SIM_ACTION_KIND_COUNT])
{
    for (size_t i = 0; i < SIM_ACTION_KIND_COUNT; i++) {
        names[i] = sim_action_name((enum sim_action_kind)i);
    }
}

static void read_nodes(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    struct sim_action *action = out;
    scenario__targets(reader, value, key, &action->nodes);
}

static void read_bridge(struct scenario_reader *reader,
                        const struct sim_json_value *value,
                        const struct scenario_key *key, void *out)
{
    struct sim_action *action = out;
    scenario__one_target(reader, value, key, &action->nodes);
}

#define AT(field) offsetof(struct sim_action, field)

/* --- machines ------------------------------------------------------------- */

static void read_disk(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "nodes",
         .read = scenario__targets,
         .offset = AT(nodes),
         .required = true},
        {.name = "write", .read = scenario__distribution, .offset = AT(write)},
        {.name = "fsync", .read = scenario__distribution, .offset = AT(fsync)},
        {.name = "fsync_errors",
         .read = scenario__chance,
         .offset = AT(fsync_error_ppm)},
        {.name = "full", .read = scenario__boolean, .offset = AT(full)},
    };
    static const char *const changes[] = {"write", "fsync", "fsync_errors",
                                          "full"};
    struct sim_action *action = out;
    (void)key;
    if (!scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out)) {
        return;
    }
    scenario__check_rest(reader, sim_json_member(&reader->json, value, "nodes"),
                         false);
    scenario__need_any(reader, value, changes, SCENARIO_COUNT(changes));
    action->has_write = scenario__has(reader, value, "write");
    action->has_fsync = scenario__has(reader, value, "fsync");
    action->has_fsync_errors = scenario__has(reader, value, "fsync_errors");
}

static void read_clock(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "nodes",
         .read = scenario__targets,
         .offset = AT(nodes),
         .required = true},
        {.name = "jump", .read = scenario__duration, .offset = AT(jump_us)},
        {.name = "rate", .read = scenario__rate, .offset = AT(rate_ppm)},
    };
    static const char *const changes[] = {"jump", "rate"};
    struct sim_action *action = out;
    (void)key;
    if (!scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out)) {
        return;
    }
    scenario__check_rest(reader, sim_json_member(&reader->json, value, "nodes"),
                         false);
    scenario__need_any(reader, value, changes, SCENARIO_COUNT(changes));
    action->has_rate = scenario__has(reader, value, "rate");
}

static void read_propose(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "to",
         .read = scenario__one_target,
         .offset = AT(nodes),
         .required = true},
        {.name = "key",
         .read = scenario__text,
         .offset = AT(key),
         .min = 1,
         .max = 64,
         .required = true},
        {.name = "value",
         .read = scenario__text,
         .offset = AT(value),
         .min = 1,
         .max = 64},
        {.name = "compare", .read = scenario__boolean, .offset = AT(compare)},
        {.name = "client",
         .read = scenario__count32,
         .offset = AT(client),
         .min = 1,
         .max = 1000},
    };
    (void)key;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out);
}

static void read_by(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const struct scenario_key *key, void *out)
{
    static const char *const words[] = {"majority", "lease", "log"};
    size_t place = 0;
    (void)key;
    if (scenario__word(reader, value, words, SCENARIO_COUNT(words), &place)) {
        *(enum sim_read_way *)out = (enum sim_read_way)place;
    }
}

static void read_read(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    static const struct scenario_key keys[] = {
        {.name = "to",
         .read = scenario__one_target,
         .offset = AT(nodes),
         .required = true},
        {.name = "key",
         .read = scenario__text,
         .offset = AT(key),
         .min = 1,
         .max = 64,
         .required = true},
        {.name = "by", .read = read_by, .offset = AT(by_way)},
        {.name = "client",
         .read = scenario__count32,
         .offset = AT(client),
         .min = 1,
         .max = 1000},
    };
    (void)key;
    scenario__object(reader, value, keys, SCENARIO_COUNT(keys), out);
}

static void read_heal(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *key, void *out)
{
    static const char *const words[] = {"network", "all"};
    struct sim_action *action = out;
    size_t place = 0;
    (void)key;
    if (scenario__word(reader, value, words, SCENARIO_COUNT(words), &place)) {
        action->heal_all = place == 1;
    }
}

static void read_transfer(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out)
{
    struct sim_action *action = out;
    scenario__one_target_or_any(reader, value, key, &action->nodes);
}

/* --- the one action ------------------------------------------------------- */

static scenario_read *reader_of(enum sim_action_kind kind)
{
    switch (kind) {
    case SIM_ACTION_CRASH:
    case SIM_ACTION_RESTART:
    case SIM_ACTION_PAUSE:
    case SIM_ACTION_RESUME:
    case SIM_ACTION_ISOLATE:
    case SIM_ACTION_CORRUPT:
    case SIM_ACTION_EXPIRE:
    case SIM_ACTION_ADD:
    case SIM_ACTION_REMOVE:
    case SIM_ACTION_PROMOTE:
    case SIM_ACTION_DEMOTE:
    case SIM_ACTION_MEMBERS:
    case SIM_ACTION_COMPACT:
        return read_nodes;
    case SIM_ACTION_PARTITION:
        return scenario__partition;
    case SIM_ACTION_CUT:
    case SIM_ACTION_CLOG:
        return scenario__cut;
    case SIM_ACTION_BRIDGE:
        return read_bridge;
    case SIM_ACTION_MESH:
        return scenario__mesh;
    case SIM_ACTION_LINK:
        return scenario__link;
    case SIM_ACTION_DISK:
        return read_disk;
    case SIM_ACTION_CLOCK:
        return read_clock;
    case SIM_ACTION_PROPOSE:
        return read_propose;
    case SIM_ACTION_READ:
        return read_read;
    case SIM_ACTION_HEAL:
        return read_heal;
    case SIM_ACTION_REPLACE:
        return scenario__replace;
    case SIM_ACTION_TRANSFER:
        return read_transfer;
    case SIM_ACTION_KIND_COUNT:
        break;
    }
    return NULL;
}

/* What an action says is a single value, not a list or object of them. */
static bool is_single(enum sim_action_kind kind)
{
    return reader_of(kind) == read_nodes || kind == SIM_ACTION_BRIDGE ||
           kind == SIM_ACTION_HEAL || kind == SIM_ACTION_TRANSFER;
}

bool sim_action_lasts(const struct sim_action *action)
{
    switch (action->kind) {
    case SIM_ACTION_CRASH:
    case SIM_ACTION_PAUSE:
    case SIM_ACTION_PARTITION:
    case SIM_ACTION_ISOLATE:
    case SIM_ACTION_CUT:
    case SIM_ACTION_BRIDGE:
    case SIM_ACTION_MESH:
    case SIM_ACTION_CLOG:
    case SIM_ACTION_LINK:
    case SIM_ACTION_DISK:
        return true;
    case SIM_ACTION_CLOCK:
        return action->has_rate;
    case SIM_ACTION_RESTART:
    case SIM_ACTION_RESUME:
    case SIM_ACTION_CORRUPT:
    case SIM_ACTION_EXPIRE:
    case SIM_ACTION_PROPOSE:
    case SIM_ACTION_READ:
    case SIM_ACTION_HEAL:
    case SIM_ACTION_ADD:
    case SIM_ACTION_REMOVE:
    case SIM_ACTION_PROMOTE:
    case SIM_ACTION_DEMOTE:
    case SIM_ACTION_REPLACE:
    case SIM_ACTION_MEMBERS:
    case SIM_ACTION_TRANSFER:
    case SIM_ACTION_COMPACT:
    case SIM_ACTION_KIND_COUNT:
        return false;
    }
    return false;
}

/* The action that a key names; SIM_ACTION_KIND_COUNT if it is another key, or
 * one that stands before already. */
static enum sim_action_kind kind_of(const struct scenario_reader *reader,
                                    const struct sim_json_value *step,
                                    const struct sim_json_value *value)
{
    size_t i = 0;
    const char *key = sim_json_key(value);
    if (sim_json_member(&reader->json, step, key) != value) {
        return SIM_ACTION_KIND_COUNT;
    }
    while (i < SIM_ACTION_KIND_COUNT &&
           !sim_json_same_key(key, sim_action_name((enum sim_action_kind)i))) {
        i++;
    }
    return (enum sim_action_kind)i;
}

bool scenario__action(struct scenario_reader *reader,
                      const struct sim_json_value *step,
                      struct sim_action *action)
{
    const char *first = NULL;
    const struct sim_json_value *value = sim_json_first(&reader->json, step);
    for (; value != NULL; value = sim_json_next(&reader->json, value)) {
        enum sim_action_kind kind = kind_of(reader, step, value);
        if (kind == SIM_ACTION_KIND_COUNT) {
            continue;
        }
        struct sim_action each = {.kind = kind};
        struct scenario_key key = {.name = sim_action_name(kind),
                                   .read = reader_of(kind),
                                   .fixed = !is_single(kind)};
        scenario__read_value(reader, value, &key, &each);
        if (key.read == read_nodes) {
            scenario__check_rest(reader, value, false);
        }
        if (first == NULL) {
            first = key.name;
            *action = each;
            scenario__options(reader, step, action);
        } else {
            sim_json_refuse_key(&reader->json, value,
                                "\"%s\" is a second action beside \"%s\"; "
                                "write one step for each",
                                key.name, first);
        }
    }
    return first != NULL;
}
