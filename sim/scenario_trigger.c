/* When: the time or the event at which a step of the script happens. */
#include <stddef.h>
#include <stdio.h>

#include "sim/scenario_reader.h"

#define AT(field) offsetof(struct sim_trigger, field)
#define MAX_EVENT_KEYS 3u

static void read_writing(struct scenario_reader *reader,
                         const struct sim_json_value *value,
                         const struct scenario_key *key, void *out)
{
    static const char *const words[] = {"anything", "vote", "entries",
                                        "snapshot"};
    size_t place = 0;
    (void)key;
    if (scenario__word(reader, value, words, SCENARIO_COUNT(words), &place)) {
        *(enum sim_writing *)out = (enum sim_writing)place;
    }
}

static void read_joint(struct scenario_reader *reader,
                       const struct sim_json_value *value,
                       const struct scenario_key *key, void *out)
{
    struct sim_trigger *trigger = out;
    trigger->has_joint = true;
    scenario__boolean(reader, value, key, &trigger->joint);
}

/* An event, and the keys that may say more of it: the first names it. */
static const struct event {
    enum sim_event_kind kind;
    struct scenario_key keys[MAX_EVENT_KEYS];
} events[] = {
    {SIM_EVENT_LEADER_ELECTED,
     {{.name = "leader_elected",
       .read = scenario__node_or_any,
       .offset = AT(node)},
      {.name = "term",
       .read = scenario__count64,
       .offset = AT(term),
       .min = 1}}},
    {SIM_EVENT_COMMITTED,
     {{.name = "committed",
       .read = scenario__count64,
       .offset = AT(index),
       .min = 1},
      {.name = "node", .read = scenario__node_or_any, .offset = AT(node)}}},
    {SIM_EVENT_STORED,
     {{.name = "stored",
       .read = scenario__count64,
       .offset = AT(index),
       .min = 1},
      {.name = "node",
       .read = scenario__node,
       .offset = AT(node),
       .required = true}}},
    {SIM_EVENT_TERM,
     {{.name = "term_reached",
       .read = scenario__count64,
       .offset = AT(term),
       .min = 1},
      {.name = "node", .read = scenario__node_or_any, .offset = AT(node)}}},
    {SIM_EVENT_SENT,
     {{.name = "sent", .read = scenario__message_kind, .offset = AT(message)},
      {.name = "from", .read = scenario__node_or_any, .offset = AT(from)},
      {.name = "to", .read = scenario__node_or_any, .offset = AT(to)}}},
    {SIM_EVENT_RECEIVED,
     {{.name = "received",
       .read = scenario__message_kind,
       .offset = AT(message)},
      {.name = "from", .read = scenario__node_or_any, .offset = AT(from)},
      {.name = "to", .read = scenario__node_or_any, .offset = AT(to)}}},
    {SIM_EVENT_WRITING,
     {{.name = "writing", .read = scenario__node_or_any, .offset = AT(node)},
      {.name = "what", .read = read_writing, .offset = AT(writing)}}},
    {SIM_EVENT_CONFIGURED,
     {{.name = "configured", .read = scenario__node_or_any, .offset = AT(node)},
      {.name = "joint", .read = read_joint}}},
    {SIM_EVENT_RESTORED,
     {{.name = "restored", .read = scenario__node_or_any, .offset = AT(node)}}},
    {SIM_EVENT_RESTARTED,
     {{.name = "restarted",
       .read = scenario__node_or_any,
       .offset = AT(node)}}},
};

#define N_EVENTS SCENARIO_COUNT(events)

static size_t count_keys(const struct event *event)
{
    size_t count = 0;
    while (count < MAX_EVENT_KEYS && event->keys[count].name != NULL) {
        count++;
    }
    return count;
}

/* Notes what is wrong with an object that names no event. */
static void refuse_no_event(struct scenario_reader *reader,
                            const struct sim_json_value *value,
                            const char *const names[N_EVENTS])
{
    char list[SCENARIO_WORDS_SIZE];
    const struct sim_json_value *each = sim_json_first(&reader->json, value);
    scenario__join(list, names, N_EVENTS);
    for (; each != NULL; each = sim_json_next(&reader->json, each)) {
        const char *nearest =
            sim_json_nearest(sim_json_key(each), names, N_EVENTS);
        if (nearest != NULL) {
            sim_json_refuse_key(&reader->json, each,
                                "unknown key; did you mean \"%s\"?", nearest);
            return;
        }
    }
    sim_json_refuse(&reader->json, value, "this names no event; add %s", list);
}

void scenario__when(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    struct sim_trigger *trigger)
{
    const char *names[N_EVENTS];
    const struct event *event = NULL;
    for (size_t i = 0; i < N_EVENTS; i++) {
        names[i] = events[i].keys[0].name;
    }
    if (!scenario__is_object(reader, value,
                             "write an event, such as {\"leader_elected\": "
                             "\"any\"} or {\"committed\": 10}")) {
        return;
    }
    for (size_t i = 0; i < N_EVENTS; i++) {
        const struct sim_json_value *named =
            sim_json_member(&reader->json, value, names[i]);
        if (named != NULL && event != NULL) {
            sim_json_refuse_key(&reader->json, named,
                                "\"%s\" is a second event beside \"%s\"; a "
                                "step waits for one",
                                names[i], event->keys[0].name);
            return;
        }
        event = named != NULL ? &events[i] : event;
    }
    if (event == NULL) {
        refuse_no_event(reader, value, names);
        return;
    }
    trigger->event = event->kind;
    scenario__object(reader, value, event->keys, count_keys(event), trigger);
}

static bool read_time(struct scenario_reader *reader,
                      const struct sim_json_value *step, const char *name,
                      uint64_t *us)
{
    const struct scenario_key key = {.name = name, .read = scenario__duration};
    const struct sim_json_value *value =
        sim_json_member(&reader->json, step, name);
    if (value != NULL) {
        scenario__read_value(reader, value, &key, us);
    }
    return value != NULL;
}

static void refuse_second(struct scenario_reader *reader,
                          const struct sim_json_value *step, const char *name,
                          const char *beside)
{
    const struct sim_json_value *value =
        sim_json_member(&reader->json, step, name);
    sim_json_refuse_key(&reader->json, value,
                        "\"%s\" cannot stand beside \"%s\"; a step has one of "
                        "\"at\", \"after\" and \"when\", or \"when\" with "
                        "\"after\"",
                        name, beside);
}

bool scenario__trigger(struct scenario_reader *reader,
                       const struct sim_json_value *step,
                       struct sim_trigger *trigger)
{
    const struct sim_json_value *when =
        sim_json_member(&reader->json, step, "when");
    bool at = read_time(reader, step, "at", &trigger->at_us);
    bool after = read_time(reader, step, "after", &trigger->after_us);
    trigger->kind = when != NULL ? SIM_TRIGGER_WHEN
                    : at         ? SIM_TRIGGER_AT
                                 : SIM_TRIGGER_AFTER;
    if (when != NULL) {
        scenario__when(reader, when, trigger);
    }
    if (at && when != NULL) {
        refuse_second(reader, step, "at", "when");
    } else if (at && after) {
        refuse_second(reader, step, "at", "after");
    }
    if (at && trigger->at_us > reader->scenario->duration_us) {
        sim_json_refuse(&reader->json,
                        sim_json_member(&reader->json, step, "at"),
                        "this is after the end of the run; make \"duration\" "
                        "longer");
    }
    return at || after || when != NULL;
}
