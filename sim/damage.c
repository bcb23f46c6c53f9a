#include "sim/damage_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/recording_acts.h"

struct sim_damages *sim_damages_new(struct sim_cluster *cluster,
                                    struct sim_clients *clients)
{
    struct sim_damages *damages = sim_calloc(1, sizeof *damages);
    damages->cluster = cluster;
    damages->clients = clients;
    return damages;
}

void sim_damages_free(struct sim_damages *damages)
{
    if (damages == NULL) {
        return;
    }
    for (uint32_t i = 0; i < damages->n_items; i++) {
        free(damages->items[i].reach.links);
    }
    free(damages->fresh.reach.links);
    free(damages->items);
    free(damages);
}

uint32_t sim_damages_count(const struct sim_damages *damages)
{
    return damages->n_active;
}

/* --- doing ---------------------------------------------------------------- */

/* Of lives and their ends the cluster has a line for each node. */
static bool tells_itself(const struct sim_action *action)
{
    return action->kind == SIM_ACTION_CRASH ||
           action->kind == SIM_ACTION_RESTART ||
           action->kind == SIM_ACTION_PAUSE ||
           action->kind == SIM_ACTION_RESUME;
}

void damage__tell(const struct sim_damages *damages,
                  const struct damage *damage, const char *prefix)
{
    struct sim_cluster *cluster = damages->cluster;
    if (!sim_trace_wants_event(cluster->trace) ||
        tells_itself(damage->action)) {
        return;
    }
    char text[256];
    int used = 0;
    for (uint32_t i = 0; i < damage->reach.nodes.count && used < 200; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, " %u",
                         damage->reach.nodes.nodes[i]);
    }
    for (uint32_t i = 0; i < damage->reach.n_links && used < 200; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, " %u->%u",
                         damage->reach.links[i].a, damage->reach.links[i].b);
    }
    if (damage->action->kind == SIM_ACTION_HEAL) {
        used = snprintf(text, sizeof text, "%s",
                        damage->action->heal_all ? " all" : " network");
    }
    snprintf(text + used, sizeof text - (size_t)used, "%s",
             used >= 200 ? " ..." : "");
    sim_trace_event(cluster->trace, cluster->now_us, "%s%s:%s", prefix,
                    sim_action_name(damage->action->kind), text);
}

static void disturb_clock(struct sim_cluster *cluster,
                          const struct sim_action *action, uint32_t node)
{
    if (action->has_rate) {
        sim_cluster_set_clock_rate(cluster, node, action->rate_ppm);
    }
    if (action->jump_us > 0) {
        sim_cluster_jump_clock(cluster, node, (uint64_t)action->jump_us);
    }
}

static enum sim_operation operation_of(const struct sim_action *action)
{
    if (action->kind == SIM_ACTION_PROPOSE) {
        return action->compare ? SIM_OPERATION_COMPARE_AND_SET
                               : SIM_OPERATION_SET;
    }
    switch (action->by_way) {
    case SIM_READ_BY_MAJORITY:
        break;
    case SIM_READ_BY_LEASE:
        return SIM_OPERATION_READ_LEASE;
    case SIM_READ_BY_LOG:
        return SIM_OPERATION_READ_LOG;
    }
    return SIM_OPERATION_READ;
}

static void ask(struct sim_damages *damages, const struct sim_action *action,
                uint32_t node)
{
    struct sim_client_action what;
    struct sim_client_order order = {
        .operation = operation_of(action),
        .node = node,
        .key = action->key,
        .value = action->value,
        .name = action->client,
    };
    sim_clients_order(damages->clients, damages->cluster->now_us, &order,
                      &what);
    sim_cluster_carry_out(damages->cluster, &what);
}

/* A node that somebody brings back is not held by older damages any more. */
static void release_node(struct sim_damages *damages, enum sim_action_kind kind,
                         uint32_t node)
{
    for (uint32_t i = 0; i < damages->n_items; i++) {
        struct damage *damage = &damages->items[i];
        if (damage->serial != 0 && damage->action->kind == kind &&
            sim_node_list_remove(&damage->reach.nodes, node) &&
            damage->reach.nodes.count == 0) {
            damage__free_slot(damages, damage);
        }
    }
}

/* True if it changed something. */
static bool do_to_node(struct sim_damages *damages,
                       const struct sim_action *action, uint32_t node)
{
    struct sim_cluster *cluster = damages->cluster;
    switch (action->kind) {
    case SIM_ACTION_CRASH:
        return sim_cluster_crash(cluster, node, action->unfinished_writes);
    case SIM_ACTION_RESTART:
        release_node(damages, SIM_ACTION_CRASH, node);
        return sim_cluster_start(cluster, node);
    case SIM_ACTION_PAUSE:
        return sim_cluster_pause(cluster, node);
    case SIM_ACTION_RESUME:
        release_node(damages, SIM_ACTION_PAUSE, node);
        return sim_cluster_resume(cluster, node);
    case SIM_ACTION_DISK:
        damage__mix_disk(damages, node);
        return true;
    case SIM_ACTION_CORRUPT:
        return sim_cluster_corrupt(cluster, node, action->record,
                                   action->beyond);
    case SIM_ACTION_CLOCK:
        disturb_clock(cluster, action, node);
        return true;
    case SIM_ACTION_EXPIRE:
        return sim_cluster_expire_timer(cluster, node);
    case SIM_ACTION_PROPOSE:
    case SIM_ACTION_READ:
        ask(damages, action, node);
        return true;
    case SIM_ACTION_COMPACT:
        return sim_cluster_compact(cluster, node, action->keep);
    case SIM_ACTION_PARTITION:
    case SIM_ACTION_ISOLATE:
    case SIM_ACTION_CUT:
    case SIM_ACTION_BRIDGE:
    case SIM_ACTION_MESH:
    case SIM_ACTION_CLOG:
    case SIM_ACTION_LINK:
    case SIM_ACTION_HEAL:
    case SIM_ACTION_KIND_COUNT:
        return false; /* these are about links */
    case SIM_ACTION_ADD:
    case SIM_ACTION_REMOVE:
    case SIM_ACTION_PROMOTE:
    case SIM_ACTION_DEMOTE:
    case SIM_ACTION_REPLACE:
    case SIM_ACTION_MEMBERS:
    case SIM_ACTION_TRANSFER:
        return false; /* these are the operator's */
    }
    return false;
}

static void do_to_link(struct sim_damages *damages, const struct damage *damage,
                       struct sim_pair link)
{
    struct sim_network *network = damages->cluster->network;
    if (damage->action->kind == SIM_ACTION_CLOG) {
        sim_network_hold(network, link.a, link.b);
    } else if (damage->action->kind == SIM_ACTION_LINK) {
        sim_network_apply_weather(network, link.a, link.b,
                                  &damage->action->weather,
                                  (uint32_t)damage->serial);
    } else {
        sim_network_block(network, link.a, link.b);
    }
}

/* --- the whole ------------------------------------------------------------ */

/* Moves the fresh damage to a slot of its own, with the links it holds. */
static struct damage *remember(struct sim_damages *damages,
                               const uint64_t *duration_us)
{
    uint32_t slot = 0;
    while (slot < damages->n_items && damages->items[slot].serial != 0) {
        slot++;
    }
    if (slot == damages->n_items) {
        damages->items =
            sim_grow(damages->items, &damages->capacity,
                     (size_t)damages->n_items + 1, sizeof *damages->items);
        damages->items[slot] = (struct damage){0};
        damages->n_items++;
    }
    struct damage *damage = &damages->items[slot];
    struct damage old = *damage;
    *damage = damages->fresh;
    damages->fresh.reach.links = old.reach.links;
    damages->fresh.reach.links_capacity = old.reach.links_capacity;
    if (!damage__is_about_lives(damage)) {
        damages->n_active++;
    }
    if (duration_us != NULL) {
        sim_event_queue_push(damages->cluster->queue,
                             damages->cluster->now_us + *duration_us,
                             SIM_QUEUE_UNDO, slot, damage->serial);
    }
    return damage;
}

/* True if it changed something. */
static bool take_effect(struct sim_damages *damages,
                        const struct damage *damage)
{
    const struct sim_action *action = damage->action;
    const struct sim_reach *reach = &damage->reach;
    bool effect = reach->n_links > 0;
    for (uint32_t i = 0; i < reach->n_links; i++) {
        do_to_link(damages, damage, reach->links[i]);
    }
    for (uint32_t i = 0; i < reach->nodes.count; i++) {
        effect = do_to_node(damages, action, reach->nodes.nodes[i]) || effect;
    }
    if (action->kind != SIM_ACTION_HEAL) {
        return effect;
    }
    if (action->heal_all) {
        sim_damages_heal(damages);
    } else {
        damage__heal_network(damages);
    }
    return true;
}

enum sim_damage_outcome sim_damage_do(struct sim_damages *damages,
                                      const struct sim_action *action,
                                      struct sim_prng *prng,
                                      const uint64_t *duration_us)
{
    struct damage *damage = &damages->fresh;
    damage->action = action;
    if (!sim_reach_find(&damage->reach, action, damages->cluster, prng)) {
        return SIM_DAMAGE_NO_TARGET;
    }
    sim_trace_set_cause(damages->cluster->trace, action->list, action->place);
    damages->last_serial++;
    damage->serial = damages->last_serial;
    bool reaches = damage__is_about_links(damage)
                       ? damage->reach.n_links > 0
                       : damage->reach.nodes.count > 0;
    if (reaches && sim_action_lasts(action)) {
        damage = remember(damages, duration_us);
    }
    damage__tell(damages, damage, "");
    bool effect = take_effect(damages, damage);
    if (effect) {
        sim_recording_act(damages->cluster->recording, damages->cluster->now_us,
                          damages->cluster->n, action, &damage->reach,
                          duration_us);
    }
    sim_trace_set_cause(damages->cluster->trace, NULL, 0);
    return effect ? SIM_DAMAGE_DONE : SIM_DAMAGE_NO_EFFECT;
}
