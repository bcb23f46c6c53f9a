/* The nemeses: random faults, at intervals or on events. Each draws from a
 * stream of its own.
 *
 * In the queue, an event of a nemesis says in `b` whom the event happened to
 * that it follows, and 0 where it follows none: for one that comes at intervals
 * that is each turn, for one that comes on events it is its end. */
#include "sim/faults_internal.h"

static const struct sim_nemesis *nemesis_of(const struct sim_faults *faults,
                                            uint32_t i)
{
    return &faults->cluster->scenario->nemeses[i];
}

static uint64_t end_us(const struct sim_faults *faults,
                       const struct sim_nemesis *nemesis)
{
    uint64_t duration_us = faults->cluster->scenario->duration_us;
    return nemesis->until_us < duration_us ? nemesis->until_us : duration_us;
}

/* Its next turn after `from_us`, if there is one. */
static void plan(struct sim_faults *faults, uint32_t i, uint64_t from_us)
{
    const struct sim_nemesis *nemesis = nemesis_of(faults, i);
    uint64_t every_us =
        sim_distribution_draw(&nemesis->every, &faults->nemeses[i].prng);
    uint64_t next_us = from_us + (every_us > 0 ? every_us : 1);
    if (next_us < end_us(faults, nemesis)) {
        sim_event_queue_push(faults->cluster->queue, next_us, SIM_QUEUE_NEMESIS,
                             i, SIM_NONE);
    } else {
        faults->nemeses_to_come--;
    }
}

void faults__find_listeners(struct sim_faults *faults)
{
    const struct sim_scenario *scenario = faults->cluster->scenario;
    for (uint32_t i = 0; i < scenario->n_nemeses; i++) {
        const struct sim_nemesis *nemesis = &scenario->nemeses[i];
        if (nemesis->enabled && nemesis->has_trigger) {
            faults->listeners[faults->n_listeners] = i;
            faults->n_listeners++;
        }
    }
}

void faults__begin_nemeses(struct sim_faults *faults, uint64_t seed)
{
    const struct sim_scenario *scenario = faults->cluster->scenario;
    for (uint32_t i = 0; i < scenario->n_nemeses; i++) {
        const struct sim_nemesis *nemesis = &scenario->nemeses[i];
        faults->nemeses[i].prng = sim_recording_stream(
            faults->cluster->recording, seed, SIM_STREAM_NEMESIS, i, 0);
        faults->nemeses[i].acted_us = NEVER;
        if (!nemesis->enabled) {
            continue;
        }
        faults->nemeses_to_come++;
        if (nemesis->has_trigger) {
            sim_event_queue_push(faults->cluster->queue,
                                 end_us(faults, nemesis), SIM_QUEUE_NEMESIS, i,
                                 SIM_NONE);
        } else {
            plan(faults, i, nemesis->from_us);
        }
    }
}

void faults__end_nemeses(struct sim_faults *faults)
{
    faults->nemeses_ended = true;
    faults->nemeses_to_come = 0;
    sim_operator_drop(faults->op, false);
}

/* It acts, if it can. */
static void act(struct sim_faults *faults, uint32_t i, uint32_t it)
{
    const struct sim_nemesis *nemesis = nemesis_of(faults, i);
    struct sim_prng *prng = &faults->nemeses[i].prng;
    uint64_t duration_us = 0;
    if (nemesis->has_duration) {
        duration_us = sim_distribution_draw(&nemesis->duration, prng);
    }
    faults->cluster->it = it;
    if (faults__inability(faults, &nemesis->action) != NULL) {
        return; /* its turns come and go */
    }
    if (sim_action_is_wish(&nemesis->action)) {
        faults__wish(faults, &nemesis->action, prng, false);
    } else {
        faults__act(faults, &nemesis->action, prng,
                    nemesis->has_duration ? &duration_us : NULL);
    }
}

void sim_faults_nemesis_due(struct sim_faults *faults, uint32_t i, uint32_t it)
{
    const struct sim_nemesis *nemesis = nemesis_of(faults, i);
    if (faults->nemeses_ended) {
        return;
    }
    if (nemesis->has_trigger && it == SIM_NONE) {
        faults->nemeses_to_come--;
        return;
    }
    act(faults, i, it);
    if (!nemesis->has_trigger && !faults->nemeses_ended) {
        plan(faults, i, faults->cluster->now_us);
    }
}

/* --- on events ------------------------------------------------------------ */

/* One that waits for events. */
static bool is_awake(const struct sim_faults *faults,
                     const struct sim_nemesis *nemesis)
{
    return !faults->nemeses_ended &&
           faults->cluster->now_us < end_us(faults, nemesis);
}

uint32_t faults__watched_by_nemeses(const struct sim_faults *faults)
{
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < faults->n_listeners; i++) {
        const struct sim_nemesis *nemesis =
            nemesis_of(faults, faults->listeners[i]);
        if (is_awake(faults, nemesis)) {
            kinds |= 1u << nemesis->trigger.event;
        }
    }
    return kinds;
}

/* It may act on this. One whose time comes after its end does not. At one
 * moment it acts once: what it causes itself could keep it busy for ever. */
static void look(struct sim_faults *faults, uint32_t i,
                 const struct sim_happening *happening)
{
    const struct sim_nemesis *nemesis = nemesis_of(faults, i);
    struct sim_prng *prng = &faults->nemeses[i].prng;
    uint64_t now_us = faults->cluster->now_us;
    if (now_us < nemesis->from_us || faults->nemeses[i].acted_us == now_us ||
        !sim_trigger_fits(&nemesis->trigger, happening) ||
        !sim_prng_chance(prng, nemesis->odds_ppm)) {
        return;
    }
    faults->nemeses[i].acted_us = now_us;
    uint64_t after_us = sim_distribution_draw(&nemesis->after, prng);
    if (after_us == 0) {
        act(faults, i, happening->node);
    } else if (now_us + after_us < end_us(faults, nemesis)) {
        sim_event_queue_push(faults->cluster->queue, now_us + after_us,
                             SIM_QUEUE_NEMESIS, i, happening->node);
    }
}

void faults__nemeses_look(struct sim_faults *faults, size_t count)
{
    for (uint32_t l = 0; l < faults->n_listeners; l++) {
        uint32_t i = faults->listeners[l];
        for (size_t h = 0; h < count; h++) {
            if (is_awake(faults, nemesis_of(faults, i))) {
                struct sim_happening happening = faults->cluster->happenings[h];
                look(faults, i, &happening);
            }
        }
    }
}
