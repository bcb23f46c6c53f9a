#undef NDEBUG
#include "sim/damage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/reach.h"

struct damage {
    uint64_t serial; /* 0: the slot is free */
    const struct sim_action *action;
    struct sim_reach reach;
};

struct sim_damages {
    struct sim_cluster *cluster;
    struct sim_clients *clients;
    struct damage *items;
    size_t capacity;
    uint32_t n_items;
    uint32_t n_active;
    uint64_t last_serial;
    struct damage fresh; /* the one being made */
};

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

static void tell(const struct sim_damages *damages, const struct damage *damage,
                 const char *prefix)
{
    struct sim_cluster *cluster = damages->cluster;
    if (!sim_trace_wants_text(cluster->trace) || tells_itself(damage->action)) {
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

/* The node's disk gets each latency, and the chance of errors, from the latest
 * damage that says one, or from the scenario. It is full as long as one damage
 * says so. */
static void mix_disk(struct sim_damages *damages, uint32_t node)
{
    struct sim_cluster *cluster = damages->cluster;
    const struct sim_distribution *write = &cluster->scenario->disk_write;
    const struct sim_distribution *fsync = &cluster->scenario->disk_fsync;
    uint32_t error_ppm = cluster->fsync_error_ppm;
    bool full = false;
    uint64_t write_serial = 0;
    uint64_t fsync_serial = 0;
    uint64_t error_serial = 0;
    for (uint32_t i = 0; i < damages->n_items; i++) {
        const struct damage *damage = &damages->items[i];
        if (damage->serial == 0 || damage->action->kind != SIM_ACTION_DISK ||
            !sim_node_list_has(&damage->reach.nodes, node)) {
            continue;
        }
        if (damage->action->has_write && damage->serial > write_serial) {
            write = &damage->action->write;
            write_serial = damage->serial;
        }
        if (damage->action->has_fsync && damage->serial > fsync_serial) {
            fsync = &damage->action->fsync;
            fsync_serial = damage->serial;
        }
        if (damage->action->has_fsync_errors && damage->serial > error_serial) {
            error_ppm = damage->action->fsync_error_ppm;
            error_serial = damage->serial;
        }
        full = full || damage->action->full;
    }
    struct sim_disk *disk = cluster->machines[node].disk;
    sim_disk_set_latency(disk, write, fsync);
    sim_disk_set_errors(disk, error_ppm, full);
    uint64_t completes_us;
    if (sim_disk_start_over(disk, cluster->now_us, &completes_us)) {
        sim_event_queue_push(cluster->queue, completes_us, SIM_QUEUE_DISK, node,
                             sim_disk_generation(disk));
    }
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

static void propose(struct sim_damages *damages,
                    const struct sim_action *action, uint32_t node)
{
    struct sim_client_action what;
    sim_clients_propose(damages->clients, damages->cluster->now_us, node,
                        action->key, action->value, &what);
    sim_cluster_carry_out(damages->cluster, &what);
}

/* Machines that are down or paused say so themselves. */
static bool is_about_lives(const struct damage *damage)
{
    return damage->action->kind == SIM_ACTION_CRASH ||
           damage->action->kind == SIM_ACTION_PAUSE;
}

static void free_slot(struct sim_damages *damages, struct damage *damage)
{
    if (!is_about_lives(damage)) {
        damages->n_active--;
    }
    damage->serial = 0;
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
            free_slot(damages, damage);
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
        mix_disk(damages, node);
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
        propose(damages, action, node);
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

/* --- undoing -------------------------------------------------------------- */

static bool is_about_links(const struct damage *damage)
{
    return damage->action->kind >= SIM_ACTION_PARTITION &&
           damage->action->kind <= SIM_ACTION_LINK;
}

/* The latest damage of this kind that a node still has, or NULL. */
static const struct damage *remaining(const struct sim_damages *damages,
                                      enum sim_action_kind kind, uint32_t node)
{
    const struct damage *latest = NULL;
    for (uint32_t i = 0; i < damages->n_items; i++) {
        const struct damage *damage = &damages->items[i];
        if (damage->serial != 0 && damage->action->kind == kind &&
            sim_node_list_has(&damage->reach.nodes, node) &&
            (latest == NULL || damage->serial > latest->serial)) {
            latest = damage;
        }
    }
    return latest;
}

/* Those that went down because a write failed start again when the trouble of
 * their disk is over, unless they are to be down for another reason. */
static void bring_back(struct sim_damages *damages, uint32_t node)
{
    const struct sim_machine *machine = &damages->cluster->machines[node];
    if (machine->node == NULL && machine->stopped &&
        !sim_disk_is_full(machine->disk) &&
        remaining(damages, SIM_ACTION_CRASH, node) == NULL) {
        sim_cluster_start(damages->cluster, node);
    }
}

/* The damage's slot is free already; others may still hold the node. */
static void undo_at_node(struct sim_damages *damages, enum sim_action_kind kind,
                         uint32_t node)
{
    struct sim_cluster *cluster = damages->cluster;
    const struct damage *other = remaining(damages, kind, node);
    if (kind == SIM_ACTION_CRASH && other == NULL) {
        sim_cluster_start(cluster, node);
    } else if (kind == SIM_ACTION_PAUSE && other == NULL) {
        sim_cluster_resume(cluster, node);
    } else if (kind == SIM_ACTION_DISK) {
        mix_disk(damages, node);
        bring_back(damages, node);
    } else if (kind == SIM_ACTION_CLOCK) {
        sim_cluster_set_clock_rate(cluster, node,
                                   other == NULL
                                       ? cluster->machines[node].usual_rate_ppm
                                       : other->action->rate_ppm);
    }
}

static void undo(struct sim_damages *damages, struct damage *damage)
{
    struct sim_network *network = damages->cluster->network;
    const struct sim_reach *reach = &damage->reach;
    enum sim_action_kind kind = damage->action->kind;
    tell(damages, damage, "end of ");
    uint32_t serial = (uint32_t)damage->serial;
    free_slot(damages, damage);
    if (kind == SIM_ACTION_LINK) {
        sim_network_remove_weather(network, serial);
    } else if (kind == SIM_ACTION_CLOG) {
        for (uint32_t i = 0; i < reach->n_links; i++) {
            sim_network_unhold(network, reach->links[i].a, reach->links[i].b);
        }
        sim_cluster_forward_released(damages->cluster);
    } else if (is_about_links(damage)) {
        for (uint32_t i = 0; i < reach->n_links; i++) {
            sim_network_unblock(network, reach->links[i].a, reach->links[i].b);
        }
    } else {
        for (uint32_t i = 0; i < reach->nodes.count; i++) {
            undo_at_node(damages, kind, reach->nodes.nodes[i]);
        }
    }
}

bool sim_damage_undo(struct sim_damages *damages, uint32_t slot,
                     uint64_t serial)
{
    assert(slot < damages->n_items);
    struct damage *damage = &damages->items[slot];
    struct sim_trace *trace = damages->cluster->trace;
    if (damage->serial != serial) {
        return false;
    }
    sim_trace_set_cause(trace, damage->action->list, damage->action->place);
    undo(damages, damage);
    sim_trace_set_cause(trace, NULL, 0);
    return true;
}

static void heal_network(struct sim_damages *damages)
{
    for (uint32_t i = 0; i < damages->n_items; i++) {
        struct damage *damage = &damages->items[i];
        if (damage->serial != 0 && is_about_links(damage)) {
            free_slot(damages, damage);
        }
    }
    sim_network_heal(damages->cluster->network);
    sim_cluster_forward_released(damages->cluster);
}

static void heal_machines(struct sim_damages *damages)
{
    for (uint32_t i = 0; i < damages->n_items; i++) {
        if (damages->items[i].serial != 0) {
            undo(damages, &damages->items[i]);
        }
    }
    for (uint32_t node = 1; node <= damages->cluster->n; node++) {
        sim_cluster_start(damages->cluster, node);
        sim_cluster_resume(damages->cluster, node);
    }
}

void sim_damages_heal(struct sim_damages *damages)
{
    heal_network(damages);
    heal_machines(damages);
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
    if (!is_about_lives(damage)) {
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
        heal_network(damages);
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
    bool reaches = is_about_links(damage) ? damage->reach.n_links > 0
                                          : damage->reach.nodes.count > 0;
    if (reaches && sim_action_lasts(action)) {
        damage = remember(damages, duration_us);
    }
    tell(damages, damage, "");
    bool effect = take_effect(damages, damage);
    sim_trace_set_cause(damages->cluster->trace, NULL, 0);
    return effect ? SIM_DAMAGE_DONE : SIM_DAMAGE_NO_EFFECT;
}
