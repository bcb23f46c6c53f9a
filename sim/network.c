#undef NDEBUG
#include "sim/network_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

/* Bytes a second. Faster than any link, and low enough that nothing
 * overflows. */
#define MAX_BANDWIDTH UINT64_C(1000000000000000000)

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

struct network_link *network__link(const struct sim_network *network,
                                   uint32_t from, uint32_t to)
{
    return &network->links[link_index(network, from, to)];
}

static void set_bandwidth(struct network_link *link, uint64_t bandwidth)
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

static void override_link(struct network_link *link,
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

static void set_up_link(struct network_link *link,
                        const struct sim_scenario *scenario, uint32_t from,
                        uint32_t to)
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
    link->weather = NETWORK_NOWHERE;
}

struct sim_network *sim_network_new(const struct sim_scenario *scenario,
                                    uint64_t seed)
{
    assert(scenario->nodes >= 1);
    assert(scenario->nodes <= SIM_MAX_NODES);
    struct sim_network *network = sim_calloc(1, sizeof *network);
    network->n_nodes = scenario->nodes;
    network->rules = scenario->rules;
    network->n_rules = scenario->n_rules;
    network->n_links = (size_t)scenario->nodes * scenario->nodes;
    network->links = sim_calloc(network->n_links, sizeof *network->links);
    for (uint32_t from = 1; from <= scenario->nodes; from++) {
        for (uint32_t to = 1; to <= scenario->nodes; to++) {
            if (from != to) {
                struct network_link *link = network__link(network, from, to);
                link->prng = sim_prng_stream(seed, SIM_STREAM_LINK, from, to);
                set_up_link(link, scenario, from, to);
            }
        }
    }
    return network;
}

/* --- arrivals ------------------------------------------------------------- */

enum sim_arrival sim_network_arrive(struct sim_network *network, uint32_t from,
                                    uint32_t to)
{
    const struct network_link *link = network__link(network, from, to);
    if (link->n_blocks > 0) {
        network->counts.dropped++;
        return SIM_ARRIVAL_DROP;
    }
    return link->n_holds > 0 ? SIM_ARRIVAL_HOLD : SIM_ARRIVAL_DELIVER;
}

void sim_network_hold_message(struct sim_network *network, uint32_t from,
                              uint32_t to, uint32_t handle)
{
    struct network_link *link = network__link(network, from, to);
    assert(link->n_holds > 0);
    link->held = sim_grow(link->held, &link->held_capacity, link->n_held + 1,
                          sizeof *link->held);
    link->held[link->n_held++] = handle;
}

/* Moves the held messages of a link to the end of the released ones. */
static void release(struct sim_network *network, size_t index)
{
    struct network_link *link = &network->links[index];
    network->released =
        sim_grow(network->released, &network->released_capacity,
                 network->n_released + link->n_held, sizeof *network->released);
    for (size_t i = 0; i < link->n_held; i++) {
        network->released[network->n_released++] =
            (struct network_released){.link = index, .handle = link->held[i]};
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
    const struct network_released *next =
        &network->released[network->next_released++];
    *from = (uint32_t)(next->link / network->n_nodes) + 1;
    *to = (uint32_t)(next->link % network->n_nodes) + 1;
    *handle = next->handle;
    return true;
}

/* --- faults --------------------------------------------------------------- */

void sim_network_block(struct sim_network *network, uint32_t from, uint32_t to)
{
    network__link(network, from, to)->n_blocks++;
}

void sim_network_unblock(struct sim_network *network, uint32_t from,
                         uint32_t to)
{
    struct network_link *link = network__link(network, from, to);
    assert(link->n_blocks > 0);
    link->n_blocks--;
}

void sim_network_hold(struct sim_network *network, uint32_t from, uint32_t to)
{
    network__link(network, from, to)->n_holds++;
}

void sim_network_unhold(struct sim_network *network, uint32_t from, uint32_t to)
{
    struct network_link *link = network__link(network, from, to);
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
    struct network_link *link = &network->links[index];
    network->applied =
        sim_grow(network->applied, &network->applied_capacity,
                 network->n_applied + 1, sizeof *network->applied);
    network->applied[network->n_applied] = (struct network_applied){
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
        network->links[network->applied[i].link].weather = NETWORK_NOWHERE;
    }
    /* All others are applied again, in their order: the array closes up. */
    network->n_applied = 0;
    for (size_t i = 0; i < n_before; i++) {
        struct network_applied kept = network->applied[i];
        if (kept.id != id) {
            apply(network, kept.link, kept.weather, kept.id);
        }
    }
}

void sim_network_heal(struct sim_network *network)
{
    for (size_t i = 0; i < network->n_links; i++) {
        struct network_link *link = &network->links[i];
        link->n_blocks = 0;
        link->n_holds = 0;
        link->weather = NETWORK_NOWHERE;
        release(network, i);
    }
    network->n_applied = 0;
}

bool sim_network_is_blocked(const struct sim_network *network, uint32_t from,
                            uint32_t to)
{
    return network__link(network, from, to)->n_blocks > 0;
}

bool sim_network_is_held(const struct sim_network *network, uint32_t from,
                         uint32_t to)
{
    return network__link(network, from, to)->n_holds > 0;
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
        free(network->links[i].sent_of_kind);
    }
    free(network->links);
    free(network->applied);
    free(network->released);
    free(network);
}
