#undef NDEBUG
#include "sim/faults.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/reach.h"
#include "sim/trigger.h"

enum step_state {
    STEP_ABOVE,   /* steps above it have not happened */
    STEP_WATCHES, /* for its "when" */
    STEP_TIMED,   /* its event is in the queue */
    STEP_DUE,     /* waits for its target */
    STEP_WISHED,  /* the operator is at it, or has given it up */
    STEP_HAPPENED
};

struct step {
    enum step_state state;
    struct sim_prng prng;
    uint64_t wish;      /* STEP_WISHED: its number */
    uint64_t since_us;  /* STEP_WATCHES: when that began */
    uint64_t missed_us; /* STEP_ABOVE, and later: when what it waits for was so
                           last while steps above had not happened; NEVER */
};

#define NEVER UINT64_MAX

/* The longest reason: an event, two times, and the words between. */
#define REASON_SIZE (SIM_TRIGGER_TEXT_SIZE + 112u)

struct sim_faults {
    struct sim_cluster *cluster;
    struct sim_damages *damages;
    struct sim_operator *op;
    struct sim_reach reach; /* of the wish being made */
    struct step *steps;
    struct sim_prng *nemeses;
    uint32_t first_open; /* the first step that has not happened */
    uint32_t n_due;
    uint32_t n_wished; /* steps that the operator is at */
    uint32_t nemeses_to_come;
    bool nemeses_ended; /* by "heal": "all" */
    bool over;          /* the scenario's duration is */
    uint64_t count;
    char reason[REASON_SIZE];
};

static void end_nemeses(struct sim_faults *faults)
{
    faults->nemeses_ended = true;
    faults->nemeses_to_come = 0;
    sim_operator_drop(faults->op, false);
}

/* What the nodes cannot do that the action needs; NULL if they can. */
static const char *inability(const struct sim_faults *faults,
                             const struct sim_action *action)
{
    const struct sim_cluster *cluster = faults->cluster;
    if (action->kind == SIM_ACTION_COMPACT) {
        return sim_cluster_can(cluster, SIM_FEATURE_SNAPSHOTS)
                   ? NULL
                   : "this node cannot make snapshots";
    }
    if (action->kind == SIM_ACTION_TRANSFER) {
        return sim_cluster_can(cluster, SIM_FEATURE_TRANSFER)
                   ? NULL
                   : "this node cannot hand over its leadership";
    }
    if (sim_action_is_wish(action) &&
        !sim_cluster_can(cluster, SIM_FEATURE_MEMBERS)) {
        return "this node cannot change its members";
    }
    if (action->kind == SIM_ACTION_ADD && action->as == SIM_AS_WITNESS &&
        !sim_cluster_can(cluster, SIM_FEATURE_WITNESSES)) {
        return "this node cannot have witnesses";
    }
    return NULL;
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
    if (inability(faults, &nemesis->action) != NULL) {
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

/* Only the first step that has not happened can be one that watches. */
static bool watches(const struct sim_faults *faults)
{
    return faults->first_open < faults->cluster->scenario->n_faults &&
           faults->steps[faults->first_open].state == STEP_WATCHES;
}

/* Whether it waits for an event, or will when those above it have happened. */
static bool is_to_watch(const struct sim_faults *faults, uint32_t i)
{
    enum step_state state = faults->steps[i].state;
    return (state == STEP_ABOVE || state == STEP_WATCHES) &&
           fault_of(faults, i)->trigger.kind == SIM_TRIGGER_WHEN;
}

static void watch_kinds(struct sim_faults *faults)
{
    faults->cluster->watched = 0;
    for (uint32_t i = faults->first_open;
         i < faults->cluster->scenario->n_faults; i++) {
        if (is_to_watch(faults, i)) {
            faults->cluster->watched |= 1u
                                        << fault_of(faults, i)->trigger.event;
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
        const struct sim_trigger *trigger = &fault_of(faults, i)->trigger;
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
    const struct sim_fault *fault = fault_of(faults, i);
    struct step *step = &faults->steps[i];
    if (faults->over || inability(faults, &fault->action) != NULL) {
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
        if (faults->steps[i].state == STEP_ABOVE && is_to_watch(faults, i) &&
            sim_trigger_fits(&fault_of(faults, i)->trigger, happening)) {
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
        const struct sim_trigger *trigger = &fault_of(faults, i)->trigger;
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

/* For whom and since when it waits, and whether it came too early. */
static const char *why_it_waits(struct sim_faults *faults, uint32_t i)
{
    const struct step *step = &faults->steps[i];
    char event[SIM_TRIGGER_TEXT_SIZE] = "";
    char missed[96] = "";
    size_t size = sizeof faults->reason;
    if (is_to_watch(faults, i)) {
        sim_trigger_describe(&fault_of(faults, i)->trigger, event);
    }
    if (step->missed_us != NEVER) {
        snprintf(missed, sizeof missed,
                 ", which was so at %" PRIu64 ".%06" PRIu64 " s, while a step "
                 "above held the script",
                 step->missed_us / 1000000, step->missed_us % 1000000);
    }
    if (step->state == STEP_WATCHES) {
        snprintf(faults->reason, size,
                 "it waits since %" PRIu64 ".%06" PRIu64 " s for %s%s",
                 step->since_us / 1000000, step->since_us % 1000000, event,
                 missed);
    } else {
        snprintf(faults->reason, size, "it waits for /faults/%" PRIu32 "%s%s%s",
                 faults->first_open, *event != '\0' ? ", then for " : "", event,
                 missed);
    }
    return faults->reason;
}

const char *sim_faults_reason(struct sim_faults *faults, uint32_t step)
{
    const char *cannot = inability(faults, &fault_of(faults, step)->action);
    switch (faults->steps[step].state) {
    case STEP_ABOVE:
    case STEP_WATCHES:
        return why_it_waits(faults, step);
    case STEP_TIMED:
        return "its time comes after the end";
    case STEP_DUE:
        return cannot != NULL ? cannot : "there was no such node";
    case STEP_WISHED:
        return sim_operator_reason(faults->op, faults->steps[step].wish);
    case STEP_HAPPENED:
        break;
    }
    return "it did happen";
}
