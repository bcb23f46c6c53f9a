#include "sim/faults_internal.h"

#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/recording_acts.h"

uint64_t faults__wish(struct sim_faults *faults,
                      const struct sim_action *action, struct sim_prng *prng,
                      bool patient)
{
    if (!sim_reach_find(&faults->reach, action, faults->cluster, prng)) {
        return 0;
    }
    sim_recording_act(faults->cluster->recording, faults->cluster->now_us,
                      faults->cluster->n, action, &faults->reach, NULL);
    return sim_operator_wish(faults->op, action, &faults->reach, patient);
}

/* What an action is: a fault or not, and if so, one that breaks something. */
enum nature { NO_FAULT, FAULT_THAT_MENDS, FAULT_THAT_BREAKS };

static enum nature nature_of(enum sim_action_kind kind)
{
    switch (kind) {
    case SIM_ACTION_PROPOSE:
    case SIM_ACTION_READ:
        return NO_FAULT;
    case SIM_ACTION_RESTART:
    case SIM_ACTION_RESUME:
    case SIM_ACTION_HEAL:
    case SIM_ACTION_COMPACT:
    case SIM_ACTION_ADD: /* from here on wishes, which are no damage at all */
    case SIM_ACTION_REMOVE:
    case SIM_ACTION_PROMOTE:
    case SIM_ACTION_DEMOTE:
    case SIM_ACTION_REPLACE:
    case SIM_ACTION_MEMBERS:
    case SIM_ACTION_TRANSFER:
        return FAULT_THAT_MENDS;
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
    case SIM_ACTION_CORRUPT:
    case SIM_ACTION_CLOCK:
    case SIM_ACTION_EXPIRE:
    case SIM_ACTION_KIND_COUNT:
        return FAULT_THAT_BREAKS;
    }
    return NO_FAULT;
}

bool faults__act(struct sim_faults *faults, const struct sim_action *action,
                 struct sim_prng *prng, const uint64_t *duration_us)
{
    enum sim_damage_outcome outcome =
        sim_damage_do(faults->damages, action, prng, duration_us);
    if (outcome == SIM_DAMAGE_NO_TARGET) {
        return false;
    }
    if (outcome == SIM_DAMAGE_DONE) {
        enum nature nature = nature_of(action->kind);
        faults->count += nature != NO_FAULT ? 1 : 0;
        faults->n_damages += nature == FAULT_THAT_BREAKS ? 1 : 0;
    }
    if (action->kind == SIM_ACTION_HEAL && action->heal_all) {
        faults__end_nemeses(faults);
    }
    return true;
}

/* --- the script ----------------------------------------------------------- */

static void time_step(struct sim_faults *faults, uint32_t i, uint64_t at_us)
{
    faults->steps[i].state = STEP_TIMED;
    sim_event_queue_push(faults->cluster->queue, at_us, SIM_QUEUE_FAULT, i, 0);
}

/* Only the first step that has not happened can be one that watches. */
static bool watches(const struct sim_faults *faults)
{
    return faults->first_open < faults->cluster->scenario->n_faults &&
           faults->steps[faults->first_open].state == STEP_WATCHES;
}

static void watch_kinds(struct sim_faults *faults)
{
    faults->cluster->watched = faults__watched_by_nemeses(faults);
    for (uint32_t i = faults->first_open;
         i < faults->cluster->scenario->n_faults; i++) {
        if (faults__is_to_watch(faults, i)) {
            faults->cluster->watched |=
                1u << faults__step(faults, i)->trigger.event;
        }
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
        const struct sim_trigger *trigger = &faults__step(faults, i)->trigger;
        uint64_t after_us = faults->cluster->now_us + trigger->after_us;
        if (trigger->kind == SIM_TRIGGER_AFTER ||
            sim_trigger_holds(trigger, faults->cluster)) {
            time_step(faults, i, after_us);
        } else {
            faults->steps[i].state = STEP_WATCHES;
            faults->steps[i].since_us = faults->cluster->now_us;
        }
    }
    watch_kinds(faults);
}

static void step_happened(struct sim_faults *faults, uint32_t i)
{
    faults->steps[i].state = STEP_HAPPENED;
    arm(faults);
}

/* True if nothing is left to try: it happened, or the operator is at it. */
static bool try_step(struct sim_faults *faults, uint32_t i)
{
    const struct sim_fault *fault = faults__step(faults, i);
    struct faults_step *step = &faults->steps[i];
    faults->cluster->it = step->it;
    if (faults->over || faults__inability(faults, &fault->action) != NULL) {
        return false;
    }
    if (sim_action_is_wish(&fault->action)) {
        step->wish = faults__wish(faults, &fault->action, &step->prng, true);
        if (step->wish == 0) {
            return false;
        }
        step->state = STEP_WISHED;
        faults->n_wished++;
        return true;
    }
    if (!faults__act(faults, &fault->action, &step->prng,
                     fault->has_duration ? &fault->duration_us : NULL)) {
        return false;
    }
    step_happened(faults, i);
    return true;
}

void sim_faults_step_due(struct sim_faults *faults, uint32_t i)
{
    if (!try_step(faults, i)) {
        faults->steps[i].state = STEP_DUE;
        faults->n_due++;
    }
}

/* Those that came true, or never will. */
static void look_at_wishes(struct sim_faults *faults)
{
    faults->n_wished = 0;
    for (uint32_t i = 0; i < faults->cluster->scenario->n_faults; i++) {
        if (faults->steps[i].state != STEP_WISHED) {
            continue;
        }
        switch (sim_operator_state(faults->op, faults->steps[i].wish)) {
        case SIM_WISH_UNDER_WAY:
            faults->n_wished++;
            break;
        case SIM_WISH_TRUE:
            step_happened(faults, i);
            break;
        case SIM_WISH_GIVEN_UP:
        case SIM_WISH_REPLACED:
            faults->steps[i].state = STEP_REFUSED;
            break;
        }
    }
}

/* For those who wonder later why nothing came of it. */
static void note_missed(struct sim_faults *faults,
                        const struct sim_happening *happening)
{
    uint32_t n = faults->cluster->scenario->n_faults;
    for (uint32_t i = faults->first_open; i < n; i++) {
        if (faults->steps[i].state == STEP_ABOVE &&
            faults__is_to_watch(faults, i) &&
            sim_trigger_fits(&faults__step(faults, i)->trigger, happening)) {
            faults->steps[i].missed_us = faults->cluster->now_us;
        }
    }
}

static void look_at_happenings(struct sim_faults *faults, size_t count)
{
    struct sim_cluster *cluster = faults->cluster;
    for (size_t h = 0; h < count; h++) {
        note_missed(faults, &cluster->happenings[h]);
    }
    uint32_t i = faults->first_open;
    for (size_t h = 0; h < count && watches(faults); h++) {
        const struct sim_trigger *trigger = &faults__step(faults, i)->trigger;
        if (sim_trigger_fits(trigger, &cluster->happenings[h])) {
            faults->steps[i].it = cluster->happenings[h].node;
            time_step(faults, i, cluster->now_us + trigger->after_us);
        }
    }
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
    faults__end_nemeses(faults);
    sim_operator_drop(faults->op, true);
    sim_cluster_end_errors(faults->cluster);
    if (!sim_faults_is_calm(faults)) {
        sim_trace_event(faults->cluster->trace, faults->cluster->now_us,
                        "end of the scenario: everything heals");
        sim_damages_heal(faults->damages);
    }
}

/* What the actions on these caused is looked at with the next event. */
static void drop_happenings(struct sim_cluster *cluster, size_t count)
{
    cluster->n_happenings -= count;
    memmove(cluster->happenings, cluster->happenings + count,
            cluster->n_happenings * sizeof *cluster->happenings);
}

void sim_faults_look(struct sim_faults *faults)
{
    struct sim_cluster *cluster = faults->cluster;
    size_t count = cluster->n_happenings;
    if (count > 0) {
        look_at_happenings(faults, count);
        faults__nemeses_look(faults, count);
        drop_happenings(cluster, count);
        watch_kinds(faults);
    }
    if (faults->n_due > 0) {
        try_due_steps(faults);
    }
    if (faults->n_wished > 0) {
        look_at_wishes(faults);
    }
}

/* --- new, query, free ----------------------------------------------------- */

struct sim_faults *sim_faults_new(struct sim_cluster *cluster,
                                  struct sim_damages *damages,
                                  struct sim_operator *op, uint64_t seed)
{
    const struct sim_scenario *scenario = cluster->scenario;
    struct sim_faults *faults = sim_calloc(1, sizeof *faults);
    faults->cluster = cluster;
    faults->damages = damages;
    faults->op = op;
    faults->steps = sim_calloc(scenario->n_faults, sizeof *faults->steps);
    faults->nemeses = sim_calloc(scenario->n_nemeses, sizeof *faults->nemeses);
    faults->listeners =
        sim_calloc(scenario->n_nemeses, sizeof *faults->listeners);
    faults__find_listeners(faults);
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        faults->steps[i].prng = sim_recording_stream(cluster->recording, seed,
                                                     SIM_STREAM_FAULT, i, 0);
        faults->steps[i].missed_us = NEVER;
        if (scenario->faults[i].trigger.kind == SIM_TRIGGER_AT) {
            time_step(faults, i, scenario->faults[i].trigger.at_us);
        }
    }
    arm(faults);
    faults__begin_nemeses(faults, seed);
    return faults;
}

void sim_faults_free(struct sim_faults *faults)
{
    if (faults != NULL) {
        free(faults->steps);
        free(faults->nemeses);
        free(faults->listeners);
        free(faults->reach.links);
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

uint64_t sim_faults_damages(const struct sim_faults *faults)
{
    return faults->n_damages;
}
