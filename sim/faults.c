#undef NDEBUG
#include "sim/faults.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

enum step_state {
    STEP_ABOVE,   /* steps above it have not happened */
    STEP_WATCHES, /* for its "when" */
    STEP_TIMED,   /* its event is in the queue */
    STEP_DUE,     /* waits for its target */
    STEP_HAPPENED
};

struct step {
    enum step_state state;
    struct sim_prng prng;
};

struct sim_faults {
    struct sim_cluster *cluster;
    struct sim_damages *damages;
    struct step *steps;
    struct sim_prng *nemeses;
    uint32_t first_open; /* the first step that has not happened */
    uint32_t n_due;
    uint32_t nemeses_to_come;
    bool nemeses_ended; /* by "heal": "all" */
    bool over;          /* the scenario's duration is */
    uint64_t count;
};

static void end_nemeses(struct sim_faults *faults)
{
    faults->nemeses_ended = true;
    faults->nemeses_to_come = 0;
}

/* True if the action's targets existed. */
static bool act(struct sim_faults *faults, const struct sim_action *action,
                struct sim_prng *prng, const uint64_t *duration_us)
{
    enum sim_damage_outcome outcome =
        sim_damage_do(faults->damages, action, prng, duration_us);
    if (outcome == SIM_DAMAGE_NO_TARGET) {
        return false;
    }
    bool is_fault = action->kind != SIM_ACTION_PROPOSE;
    if (outcome == SIM_DAMAGE_DONE && is_fault) {
        faults->count++;
    }
    if (action->kind == SIM_ACTION_HEAL && action->heal_all) {
        end_nemeses(faults);
    }
    return true;
}

/* --- nemeses -------------------------------------------------------------- */

static uint64_t nemesis_end_us(const struct sim_faults *faults,
                               const struct sim_nemesis *nemesis)
{
    uint64_t duration_us = faults->cluster->scenario->duration_us;
    return nemesis->until_us < duration_us ? nemesis->until_us : duration_us;
}

/* Its next turn after `from_us`, if there is one. */
static void plan_nemesis(struct sim_faults *faults, uint32_t i,
                         uint64_t from_us)
{
    const struct sim_nemesis *nemesis = &faults->cluster->scenario->nemeses[i];
    uint64_t every_us =
        sim_distribution_draw(&nemesis->every, &faults->nemeses[i]);
    uint64_t next_us = from_us + (every_us > 0 ? every_us : 1);
    if (next_us < nemesis_end_us(faults, nemesis)) {
        sim_event_queue_push(faults->cluster->queue, next_us, SIM_QUEUE_NEMESIS,
                             i, 0);
    } else {
        faults->nemeses_to_come--;
    }
}

void sim_faults_nemesis_due(struct sim_faults *faults, uint32_t i)
{
    if (faults->nemeses_ended) {
        return;
    }
    const struct sim_nemesis *nemesis = &faults->cluster->scenario->nemeses[i];
    struct sim_prng *prng = &faults->nemeses[i];
    uint64_t duration_us = 0;
    if (nemesis->has_duration) {
        duration_us = sim_distribution_draw(&nemesis->duration, prng);
    }
    act(faults, &nemesis->action, prng,
        nemesis->has_duration ? &duration_us : NULL);
    if (!faults->nemeses_ended) {
        plan_nemesis(faults, i, faults->cluster->now_us);
    }
}

/* --- the script ----------------------------------------------------------- */

static const struct sim_fault *fault_of(const struct sim_faults *faults,
                                        uint32_t i)
{
    return &faults->cluster->scenario->faults[i];
}

static void time_step(struct sim_faults *faults, uint32_t i, uint64_t at_us)
{
    faults->steps[i].state = STEP_TIMED;
    sim_event_queue_push(faults->cluster->queue, at_us, SIM_QUEUE_FAULT, i, 0);
}

/* A state that is reached already need not be reached again. */
static bool holds_already(const struct sim_faults *faults,
                          const struct sim_trigger *trigger)
{
    const struct sim_cluster *cluster = faults->cluster;
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
             sim_log_tree_position(cluster->tree, sim_disk_tip(machine->disk))
                     .index >= trigger->index)) {
            return true;
        }
    }
    return false;
}

/* Only the first step that has not happened can be one that watches. */
static bool watches(const struct sim_faults *faults)
{
    return faults->first_open < faults->cluster->scenario->n_faults &&
           faults->steps[faults->first_open].state == STEP_WATCHES;
}

static void watch_kinds(struct sim_faults *faults)
{
    faults->cluster->watched = 0;
    if (watches(faults)) {
        faults->cluster->watched =
            1u << fault_of(faults, faults->first_open)->trigger.event;
    }
}

/* Lets steps wait whose turn has come. */
static void arm(struct sim_faults *faults)
{
    uint32_t n = faults->cluster->scenario->n_faults;
    while (faults->first_open < n &&
           faults->steps[faults->first_open].state == STEP_HAPPENED) {
        faults->first_open++;
    }
    uint32_t i = faults->first_open;
    if (i < n && faults->steps[i].state == STEP_ABOVE) {
        const struct sim_trigger *trigger = &fault_of(faults, i)->trigger;
        uint64_t after_us = faults->cluster->now_us + trigger->after_us;
        if (trigger->kind == SIM_TRIGGER_AFTER ||
            holds_already(faults, trigger)) {
            time_step(faults, i, after_us);
        } else {
            faults->steps[i].state = STEP_WATCHES;
        }
    }
    watch_kinds(faults);
}

/* True if it happened. */
static bool try_step(struct sim_faults *faults, uint32_t i)
{
    const struct sim_fault *fault = fault_of(faults, i);
    if (faults->over ||
        !act(faults, &fault->action, &faults->steps[i].prng,
             fault->has_duration ? &fault->duration_us : NULL)) {
        return false;
    }
    faults->steps[i].state = STEP_HAPPENED;
    arm(faults);
    return true;
}

void sim_faults_step_due(struct sim_faults *faults, uint32_t i)
{
    if (!try_step(faults, i)) {
        faults->steps[i].state = STEP_DUE;
        faults->n_due++;
    }
}

static bool fits(const struct sim_trigger *trigger,
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
               (trigger->writing == SIM_WRITING_ENTRIES && happening->entries);
    }
    return false;
}

static void look_at_happenings(struct sim_faults *faults)
{
    struct sim_cluster *cluster = faults->cluster;
    uint32_t i = faults->first_open;
    for (size_t h = 0; h < cluster->n_happenings && watches(faults); h++) {
        const struct sim_trigger *trigger = &fault_of(faults, i)->trigger;
        if (fits(trigger, &cluster->happenings[h])) {
            time_step(faults, i, cluster->now_us + trigger->after_us);
        }
    }
    cluster->n_happenings = 0;
    watch_kinds(faults);
}

static void try_due_steps(struct sim_faults *faults)
{
    for (uint32_t i = 0; i < faults->cluster->scenario->n_faults; i++) {
        if (faults->steps[i].state == STEP_DUE && try_step(faults, i)) {
            faults->n_due--;
        }
    }
}

void sim_faults_end(struct sim_faults *faults)
{
    faults->over = true;
    end_nemeses(faults);
    if (!sim_faults_is_calm(faults)) {
        sim_trace_event(faults->cluster->trace, faults->cluster->now_us,
                        "end of the scenario: everything heals");
        sim_damages_heal(faults->damages);
    }
}

void sim_faults_look(struct sim_faults *faults)
{
    if (faults->cluster->n_happenings > 0) {
        look_at_happenings(faults);
    }
    if (faults->n_due > 0) {
        try_due_steps(faults);
    }
}

/* --- new, query, free ----------------------------------------------------- */

struct sim_faults *sim_faults_new(struct sim_cluster *cluster,
                                  struct sim_damages *damages, uint64_t seed)
{
    const struct sim_scenario *scenario = cluster->scenario;
    struct sim_faults *faults = sim_calloc(1, sizeof *faults);
    faults->cluster = cluster;
    faults->damages = damages;
    faults->steps = sim_calloc(scenario->n_faults, sizeof *faults->steps);
    faults->nemeses = sim_calloc(scenario->n_nemeses, sizeof *faults->nemeses);
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        faults->steps[i].prng = sim_prng_stream(seed, SIM_STREAM_FAULT, i, 0);
        if (scenario->faults[i].trigger.kind == SIM_TRIGGER_AT) {
            time_step(faults, i, scenario->faults[i].trigger.at_us);
        }
    }
    arm(faults);
    for (uint32_t i = 0; i < scenario->n_nemeses; i++) {
        faults->nemeses[i] = sim_prng_stream(seed, SIM_STREAM_NEMESIS, i, 0);
        if (scenario->nemeses[i].enabled) {
            faults->nemeses_to_come++;
            plan_nemesis(faults, i, scenario->nemeses[i].from_us);
        }
    }
    return faults;
}

void sim_faults_free(struct sim_faults *faults)
{
    if (faults != NULL) {
        free(faults->steps);
        free(faults->nemeses);
        free(faults);
    }
}

bool sim_faults_is_calm(const struct sim_faults *faults)
{
    return faults->nemeses_to_come == 0 &&
           sim_damages_count(faults->damages) == 0 &&
           sim_cluster_is_whole(faults->cluster);
}

uint64_t sim_faults_count(const struct sim_faults *faults)
{
    return faults->count;
}

uint32_t sim_faults_missing(const struct sim_faults *faults, uint32_t from)
{
    uint32_t n = faults->cluster->scenario->n_faults;
    for (uint32_t i = from; i < n; i++) {
        if (faults->steps[i].state != STEP_HAPPENED &&
            !fault_of(faults, i)->optional) {
            return i;
        }
    }
    return n;
}

const char *sim_faults_reason(const struct sim_faults *faults, uint32_t step)
{
    switch (faults->steps[step].state) {
    case STEP_ABOVE:
        return "it waits for the steps above it";
    case STEP_WATCHES:
        return "the event that it waits for did not come";
    case STEP_TIMED:
        return "its time comes after the end";
    case STEP_DUE:
        return "there was no such node";
    case STEP_HAPPENED:
        break;
    }
    return "it did happen";
}
