#include "sim/trigger.h"

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
        return true;
    }
    return false;
}
