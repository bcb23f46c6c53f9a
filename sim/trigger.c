#undef NDEBUG
#include "sim/trigger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

bool sim_trigger_holds(const struct sim_trigger *trigger,
                       const struct sim_cluster *cluster)
{
    for (uint32_t node = 1; node <= cluster->n; node++) {
        if (trigger->node != SIM_NONE && trigger->node != node) {
            continue;
        }
        const struct sim_machine *machine = &cluster->machines[node];
        bool up = machine->node != NULL;
        if ((trigger->event == SIM_EVENT_COMMITTED && up &&
             machine->view.commit_index >= trigger->index) ||
            (trigger->event == SIM_EVENT_TERM && up &&
             machine->view.hard_state.term >= trigger->term) ||
            (trigger->event == SIM_EVENT_STORED &&
             sim_log_tree_position(cluster->tree, sim_disk_log(machine->disk))
                     .index >= trigger->index)) {
            return true;
        }
    }
    return false;
}

bool sim_trigger_fits(const struct sim_trigger *trigger,
                      const struct sim_happening *happening)
{
    if (trigger->event != happening->kind ||
        (trigger->node != SIM_NONE && trigger->node != happening->node)) {
        return false;
    }
    switch (trigger->event) {
    case SIM_EVENT_LEADER_ELECTED:
        return trigger->term == 0 || trigger->term == happening->term;
    case SIM_EVENT_COMMITTED:
    case SIM_EVENT_STORED:
        return happening->index >= trigger->index;
    case SIM_EVENT_TERM:
        return happening->term >= trigger->term;
    case SIM_EVENT_SENT:
    case SIM_EVENT_RECEIVED:
        return happening->message == trigger->message &&
               (trigger->from == SIM_NONE ||
                trigger->from == happening->from) &&
               (trigger->to == SIM_NONE || trigger->to == happening->to);
    case SIM_EVENT_WRITING:
        return trigger->writing == SIM_WRITING_ANYTHING ||
               (trigger->writing == SIM_WRITING_VOTE && happening->vote) ||
               (trigger->writing == SIM_WRITING_ENTRIES &&
                happening->entries) ||
               (trigger->writing == SIM_WRITING_SNAPSHOT &&
                happening->snapshot);
    case SIM_EVENT_CONFIGURED:
        return !trigger->has_joint || trigger->joint == happening->joint;
    case SIM_EVENT_RESTORED:
    case SIM_EVENT_RESTARTED:
        return true;
    }
    return false;
}

/* --- in words ------------------------------------------------------------- */

/* Adds to `text`, which is long enough for any event. */
static void add_text(char text[SIM_TRIGGER_TEXT_SIZE], size_t *used,
                     const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int added =
        vsnprintf(text + *used, SIM_TRIGGER_TEXT_SIZE - *used, format, list);
    va_end(list);
    assert(added >= 0);
    assert((size_t)added < SIM_TRIGGER_TEXT_SIZE - *used);
    *used += (size_t)added;
}

/* The key that names the event, whose value is a node. */
static void add_event_of_node(char text[SIM_TRIGGER_TEXT_SIZE], size_t *used,
                              const char *name, uint32_t node)
{
    if (node == SIM_NONE) {
        add_text(text, used, "{\"%s\": \"any\"", name);
    } else {
        add_text(text, used, "{\"%s\": %" PRIu32, name, node);
    }
}

/* A key that narrows it, if it was given. */
static void add_node(char text[SIM_TRIGGER_TEXT_SIZE], size_t *used,
                     const char *name, uint32_t node)
{
    if (node != SIM_NONE) {
        add_text(text, used, ", \"%s\": %" PRIu32, name, node);
    }
}

static const char *writing_word(enum sim_writing writing)
{
    switch (writing) {
    case SIM_WRITING_ANYTHING:
        return "anything";
    case SIM_WRITING_VOTE:
        return "vote";
    case SIM_WRITING_ENTRIES:
        return "entries";
    case SIM_WRITING_SNAPSHOT:
        return "snapshot";
    }
    return "anything";
}

void sim_trigger_describe(const struct sim_trigger *trigger,
                          char text[SIM_TRIGGER_TEXT_SIZE])
{
    size_t used = 0;
    switch (trigger->event) {
    case SIM_EVENT_LEADER_ELECTED:
        add_event_of_node(text, &used, "leader_elected", trigger->node);
        if (trigger->term > 0) {
            add_text(text, &used, ", \"term\": %" PRIu64, trigger->term);
        }
        break;
    case SIM_EVENT_COMMITTED:
    case SIM_EVENT_STORED:
        add_text(text, &used, "{\"%s\": %" PRIu64,
                 trigger->event == SIM_EVENT_STORED ? "stored" : "committed",
                 trigger->index);
        add_node(text, &used, "node", trigger->node);
        break;
    case SIM_EVENT_TERM:
        add_text(text, &used, "{\"term_reached\": %" PRIu64, trigger->term);
        add_node(text, &used, "node", trigger->node);
        break;
    case SIM_EVENT_SENT:
    case SIM_EVENT_RECEIVED:
        add_text(text, &used, "{\"%s\": \"%s\"",
                 trigger->event == SIM_EVENT_SENT ? "sent" : "received",
                 sim_message_kind_name(trigger->message));
        add_node(text, &used, "from", trigger->from);
        add_node(text, &used, "to", trigger->to);
        break;
    case SIM_EVENT_WRITING:
        add_event_of_node(text, &used, "writing", trigger->node);
        add_text(text, &used, ", \"what\": \"%s\"",
                 writing_word(trigger->writing));
        break;
    case SIM_EVENT_CONFIGURED:
        add_event_of_node(text, &used, "configured", trigger->node);
        if (trigger->has_joint) {
            add_text(text, &used, ", \"joint\": %s",
                     trigger->joint ? "true" : "false");
        }
        break;
    case SIM_EVENT_RESTORED:
        add_event_of_node(text, &used, "restored", trigger->node);
        break;
    case SIM_EVENT_RESTARTED:
        add_event_of_node(text, &used, "restarted", trigger->node);
        break;
    }
    add_text(text, &used, "}");
}
