#undef NDEBUG
#include "sim/network.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

#define MILLION UINT64_C(1000000)

/* Bytes a second. Faster than any link, and low enough that nothing
 * overflows. */
#define MAX_BANDWIDTH UINT64_C(1000000000000000000)

/* No place in the array of weathers. */
#define NOWHERE SIZE_MAX

/* What decides the fate of a message. */
struct conditions {
    const struct sim_distribution *delay;
    uint32_t drop_ppm;
    uint32_t duplicate_ppm;
};

struct link {
    struct sim_prng prng;    /* gives one number for each message */
    struct conditions usual; /* without faults */
    uint64_t bandwidth;      /* bytes a second; 0: unlimited */
    uint64_t busy_until_us;  /* the messages sent so far have left then ... */
    uint64_t busy_rest; /* ... and a part of a microsecond later, counted in
                           1/bandwidth: small messages add up exactly */
    uint32_t n_blocks;
    uint32_t n_holds;
    size_t weather; /* place of the one applied last; NOWHERE if none is */
    struct sim_track **tracks; /* by kind of message; NULL: none yet */
    uint32_t *held;            /* handles, in order of arrival */
    size_t n_held;
    size_t held_capacity;
};

/* A weather that was applied to a link and not removed. */
struct applied {
    const struct sim_weather *weather;
    size_t link;
    uint32_t id;
    size_t before; /* place of the one that the link had before it */
};

struct released {
    size_t link;
    uint32_t handle;
};

struct sim_network {
    uint32_t n_nodes;
    struct link *links; /* [from - 1][to - 1]; from a node to itself: unused */
    size_t n_links;
    struct applied *applied; /* in order of application */
    size_t n_applied;
    size_t applied_capacity;
    struct released *released; /* those from `next_released` on are to be given
                                  to the caller */
    size_t n_released;
    size_t released_capacity;
    size_t next_released;
    struct sim_network_counts counts;
    struct sim_recording *recording; /* NULL: none */
};

/* --- links ---------------------------------------------------------------- */

static size_t link_index(const struct sim_network *network, uint32_t from,
                         uint32_t to)
{
    assert(from >= 1);
    assert(from <= network->n_nodes);
    assert(to >= 1);
    assert(to <= network->n_nodes);
    assert(from != to);
    return (size_t)(from - 1) * network->n_nodes + (to - 1);
}

static struct link *link_at(const struct sim_network *network, uint32_t from,
                            uint32_t to)
{
    return &network->links[link_index(network, from, to)];
}

static void set_bandwidth(struct link *link, uint64_t bandwidth)
{
    link->bandwidth = bandwidth < MAX_BANDWIDTH ? bandwidth : MAX_BANDWIDTH;
}

static bool covers(const struct sim_targets *targets, uint32_t node)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        const struct sim_target *target = &targets->items[i];
        assert(target->kind == SIM_TARGET_NODE ||
               target->kind == SIM_TARGET_ALL);
        if (target->kind == SIM_TARGET_ALL || target->node == node) {
            return true;
        }
    }
    return false;
}

static bool override_covers(const struct sim_link_override *override,
                            uint32_t from, uint32_t to)
{
    if (covers(&override->from, from) && covers(&override->to, to)) {
        return true;
    }
    return override->both_ways && covers(&override->from, to) &&
           covers(&override->to, from);
}

static void override_link(struct link *link,
                          const struct sim_link_override *override)
{
    if (override->has_delay) {
        link->usual.delay = &override->settings.delay;
    }
    if (override->has_drop) {
        link->usual.drop_ppm = override->settings.drop_ppm;
    }
    if (override->has_duplicate) {
        link->usual.duplicate_ppm = override->settings.duplicate_ppm;
    }
    if (override->has_bandwidth) {
        set_bandwidth(link, override->settings.bandwidth);
    }
}

static void set_up_link(struct link *link, const struct sim_scenario *scenario,
                        uint32_t from, uint32_t to)
{
    link->usual.delay = &scenario->network.delay;
    link->usual.drop_ppm = scenario->network.drop_ppm;
    link->usual.duplicate_ppm = scenario->network.duplicate_ppm;
    set_bandwidth(link, scenario->network.bandwidth);
    for (uint32_t i = 0; i < scenario->n_links; i++) {
        if (override_covers(&scenario->links[i], from, to)) {
            override_link(link, &scenario->links[i]);
        }
    }
    link->weather = NOWHERE;
}

struct sim_network *sim_network_new(const struct sim_scenario *scenario,
                                    uint64_t seed)
{
    assert(scenario->nodes >= 1);
    assert(scenario->nodes <= SIM_MAX_NODES);
    struct sim_network *network = sim_calloc(1, sizeof *network);
    network->n_nodes = scenario->nodes;
    network->n_links = (size_t)scenario->nodes * scenario->nodes;
    network->links = sim_calloc(network->n_links, sizeof *network->links);
    for (uint32_t from = 1; from <= scenario->nodes; from++) {
        for (uint32_t to = 1; to <= scenario->nodes; to++) {
            if (from != to) {
                struct link *link = link_at(network, from, to);
                link->prng = sim_prng_stream(seed, SIM_STREAM_LINK, from, to);
                set_up_link(link, scenario, from, to);
            }
        }
    }
    return network;
}

void sim_network_record(struct sim_network *network,
                        struct sim_recording *recording)
{
    network->recording = recording;
}

/* --- messages ------------------------------------------------------------- */

/* For each field the weather applied last that has it, and that is about
 * messages of this kind; else what the link has. */
static struct conditions conditions_of(const struct sim_network *network,
                                       const struct link *link,
                                       enum sim_message_kind kind)
{
    struct conditions now = link->usual;
    bool has_delay = false, has_drop = false, has_duplicate = false;
    for (size_t i = link->weather; i != NOWHERE;
         i = network->applied[i].before) {
        const struct sim_weather *weather = network->applied[i].weather;
        if (weather->has_kind && weather->kind != kind) {
            continue;
        }
        if (weather->has_delay && !has_delay) {
            has_delay = true;
            now.delay = &weather->delay;
        }
        if (weather->has_drop && !has_drop) {
            has_drop = true;
            now.drop_ppm = weather->drop_ppm;
        }
        if (weather->has_duplicate && !has_duplicate) {
            has_duplicate = true;
            now.duplicate_ppm = weather->duplicate_ppm;
        }
    }
    return now;
}

/* The time at which a message of `size` bytes has left, now the last one. */
static uint64_t transmit(struct link *link, uint64_t now_us, size_t size)
{
    if (link->bandwidth == 0) {
        return now_us;
    }
    if (link->busy_until_us < now_us) {
        link->busy_until_us = now_us;
        link->busy_rest = 0;
    }
    uint64_t work = (uint64_t)size * MILLION + link->busy_rest;
    link->busy_until_us += work / link->bandwidth;
    link->busy_rest = work % link->bandwidth;
    /* What leaves after the end of all runs may as well leave at it. */
    if (link->busy_until_us > SIM_MAX_DURATION_US) {
        link->busy_until_us = SIM_MAX_DURATION_US;
    }
    return link->busy_until_us;
}

static struct sim_track *track_of(struct sim_network *network,
                                  struct link *link, uint32_t from, uint32_t to,
                                  enum sim_message_kind kind)
{
    if (link->tracks == NULL) {
        link->tracks = sim_calloc(SIM_MESSAGE_KIND_COUNT, sizeof *link->tracks);
    }
    if (link->tracks[kind] == NULL) {
        link->tracks[kind] = sim_recording_track(
            network->recording, SIM_STREAM_LINK, from, to, (uint32_t)kind);
    }
    return link->tracks[kind];
}

/* The first copy's value on a track is above 0 if there is one. */
static uint64_t decide(struct sim_track *track, bool comes, uint64_t now_us,
                       uint64_t arrival_us)
{
    return sim_track_decide(track, comes ? arrival_us - now_us + 1 : 0, 0,
                            2 * SIM_MAX_DURATION_US + 1);
}

/* The fate that the recording has for the message, in place of this one. */
static void follow(struct sim_track *track, uint64_t now_us,
                   struct sim_delivery *delivery)
{
    uint64_t first =
        decide(track, delivery->copies > 0, now_us, delivery->arrival_us[0]);
    if (first == 0) {
        delivery->copies = 0;
        return;
    }
    uint64_t second =
        decide(track, delivery->copies > 1, now_us, delivery->arrival_us[1]);
    delivery->copies = second > 0 ? 2 : 1;
    delivery->arrival_us[0] = now_us + first - 1;
    delivery->arrival_us[1] = second > 0 ? now_us + second - 1 : 0;
}

static struct sim_delivery draw_fate(struct sim_network *network,
                                     struct link *link, uint64_t now_us,
                                     enum sim_message_kind kind, size_t size)
{
    struct sim_prng luck = {.state = sim_prng_next(&link->prng)};
    struct sim_delivery delivery = {.copies = 0};
    if (link->n_blocks > 0) {
        return delivery;
    }
    struct conditions now = conditions_of(network, link, kind);
    uint64_t left_us = transmit(link, now_us, size);
    uint64_t delay_us = sim_distribution_draw(now.delay, &luck);
    if (sim_prng_chance(&luck, now.drop_ppm)) {
        return delivery;
    }
    delivery.copies = 1;
    delivery.arrival_us[0] = left_us + delay_us;
    if (sim_prng_chance(&luck, now.duplicate_ppm)) {
        delivery.copies = 2;
        delivery.arrival_us[1] =
            left_us + sim_distribution_draw(now.delay, &luck);
    }
    return delivery;
}

struct sim_delivery sim_network_send(struct sim_network *network,
                                     uint64_t now_us, uint32_t from,
                                     uint32_t to, enum sim_message_kind kind,
                                     size_t size)
{
    assert(now_us <= SIM_MAX_DURATION_US);
    assert(size <= UINT32_MAX);
    struct link *link = link_at(network, from, to);
    struct sim_delivery delivery = draw_fate(network, link, now_us, kind, size);
    if (network->recording != NULL && link->n_blocks == 0) {
        follow(track_of(network, link, from, to, kind), now_us, &delivery);
    }
    network->counts.sent++;
    network->counts.dropped += delivery.copies == 0 ? 1 : 0;
    network->counts.duplicated += delivery.copies > 1 ? 1 : 0;
    return delivery;
}

enum sim_arrival sim_network_arrive(struct sim_network *network, uint32_t from,
                                    uint32_t to)
{
    const struct link *link = link_at(network, from, to);
    if (link->n_blocks > 0) {
        network->counts.dropped++;
        return SIM_ARRIVAL_DROP;
    }
    return link->n_holds > 0 ? SIM_ARRIVAL_HOLD : SIM_ARRIVAL_DELIVER;
}

void sim_network_hold_message(struct sim_network *network, uint32_t from,
                              uint32_t to, uint32_t handle)
{
    struct link *link = link_at(network, from, to);
    assert(link->n_holds > 0);
    link->held = sim_grow(link->held, &link->held_capacity, link->n_held + 1,
                          sizeof *link->held);
    link->held[link->n_held++] = handle;
}

/* Moves the held messages of a link to the end of the released ones. */
static void release(struct sim_network *network, size_t index)
{
    struct link *link = &network->links[index];
    network->released =
        sim_grow(network->released, &network->released_capacity,
                 network->n_released + link->n_held, sizeof *network->released);
    for (size_t i = 0; i < link->n_held; i++) {
        network->released[network->n_released++] =
            (struct released){.link = index, .handle = link->held[i]};
    }
    link->n_held = 0;
}

bool sim_network_next_released(struct sim_network *network, uint32_t *from,
                               uint32_t *to, uint32_t *handle)
{
    if (network->next_released == network->n_released) {
        network->n_released = 0;
        network->next_released = 0;
        return false;
    }
    const struct released *next = &network->released[network->next_released++];
    *from = (uint32_t)(next->link / network->n_nodes) + 1;
    *to = (uint32_t)(next->link % network->n_nodes) + 1;
    *handle = next->handle;
    return true;
}

/* --- faults --------------------------------------------------------------- */

void sim_network_block(struct sim_network *network, uint32_t from, uint32_t to)
{
    link_at(network, from, to)->n_blocks++;
}

void sim_network_unblock(struct sim_network *network, uint32_t from,
                         uint32_t to)
{
    struct link *link = link_at(network, from, to);
    assert(link->n_blocks > 0);
    link->n_blocks--;
}

void sim_network_hold(struct sim_network *network, uint32_t from, uint32_t to)
{
    link_at(network, from, to)->n_holds++;
}

void sim_network_unhold(struct sim_network *network, uint32_t from, uint32_t to)
{
    struct link *link = link_at(network, from, to);
    assert(link->n_holds > 0);
    link->n_holds--;
    if (link->n_holds == 0) {
        release(network, link_index(network, from, to));
    }
}

/* Appends to the array, and to the chain of the link. */
static void apply(struct sim_network *network, size_t index,
                  const struct sim_weather *weather, uint32_t id)
{
    struct link *link = &network->links[index];
    network->applied =
        sim_grow(network->applied, &network->applied_capacity,
                 network->n_applied + 1, sizeof *network->applied);
    network->applied[network->n_applied] = (struct applied){
        .weather = weather,
        .link = index,
        .id = id,
        .before = link->weather,
    };
    link->weather = network->n_applied++;
}

void sim_network_apply_weather(struct sim_network *network, uint32_t from,
                               uint32_t to, const struct sim_weather *weather,
                               uint32_t id)
{
    assert(weather != NULL);
    apply(network, link_index(network, from, to), weather, id);
}

void sim_network_remove_weather(struct sim_network *network, uint32_t id)
{
    size_t n_before = network->n_applied;
    for (size_t i = 0; i < n_before; i++) {
        network->links[network->applied[i].link].weather = NOWHERE;
    }
    /* All others are applied again, in their order: the array closes up. */
    network->n_applied = 0;
    for (size_t i = 0; i < n_before; i++) {
        struct applied kept = network->applied[i];
        if (kept.id != id) {
            apply(network, kept.link, kept.weather, kept.id);
        }
    }
}

void sim_network_heal(struct sim_network *network)
{
    for (size_t i = 0; i < network->n_links; i++) {
        struct link *link = &network->links[i];
        link->n_blocks = 0;
        link->n_holds = 0;
        link->weather = NOWHERE;
        release(network, i);
    }
    network->n_applied = 0;
}

bool sim_network_is_blocked(const struct sim_network *network, uint32_t from,
                            uint32_t to)
{
    return link_at(network, from, to)->n_blocks > 0;
}

bool sim_network_is_held(const struct sim_network *network, uint32_t from,
                         uint32_t to)
{
    return link_at(network, from, to)->n_holds > 0;
}

struct sim_network_counts sim_network_counts(const struct sim_network *network)
{
    return network->counts;
}

void sim_network_free(struct sim_network *network)
{
    if (network == NULL) {
        return;
    }
    for (size_t i = 0; i < network->n_links; i++) {
        free(network->links[i].held);
        free(network->links[i].tracks);
    }
    free(network->links);
    free(network->applied);
    free(network->released);
    free(network);
}
