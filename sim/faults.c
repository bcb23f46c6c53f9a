#include "sim/faults_internal.h"

#include <stdlib.h>

#include "sim/memory.h"

static void end_nemeses(struct sim_faults *faults)
{
    faults->nemeses_ended = true;
    faults->nemeses_to_come = 0;
    sim_operator_drop(faults->op, false);
}

/* The number of the wish; 0 if a target does not exist now. */
static uint64_t wish(struct sim_faults *faults, const struct sim_action *action,
                     struct sim_prng *prng, bool patient)
{
    if (!sim_reach_find(&faults->reach, action, faults->cluster, prng)) {
        return 0;
    }
    return sim_operator_wish(faults->op, action, &faults->reach, patient);
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
    if (faults__inability(faults, &nemesis->action) != NULL) {
        /* its turns come and go */
    } else if (sim_action_is_wish(&nemesis->action)) {
        wish(faults, &nemesis->action, prng, false);
    } else {
        act(faults, &nemesis->action, prng,
            nemesis->has_duration ? &duration_us : NULL);
    }
    if (!faults->nemeses_ended) {
        plan_nemesis(faults, i, faults->cluster->now_us);
    }
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
    faults->cluster->watched = 0;
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
    if (faults->over || faults__inability(faults, &fault->action) != NULL) {
        return false;
    }
    if (sim_action_is_wish(&fault->action)) {
        step->wish = wish(faults, &fault->action, &step->prng, true);
        if (step->wish == 0) {
            return false;
        }
        step->state = STEP_WISHED;
        faults->n_wished++;
        return true;
    }
    if (!act(faults, &fault->action, &step->prng,
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

static void look_at_happenings(struct sim_faults *faults)
{
    struct sim_cluster *cluster = faults->cluster;
    for (size_t h = 0; h < cluster->n_happenings; h++) {
        note_missed(faults, &cluster->happenings[h]);
    }
    uint32_t i = faults->first_open;
    for (size_t h = 0; h < cluster->n_happenings && watches(faults); h++) {
        const struct sim_trigger *trigger = &faults__step(faults, i)->trigger;
        if (sim_trigger_fits(trigger, &cluster->happenings[h])) {
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
    sim_operator_drop(faults->op, true);
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
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        faults->steps[i].prng = sim_prng_stream(seed, SIM_STREAM_FAULT, i, 0);
        faults->steps[i].missed_us = NEVER;
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
