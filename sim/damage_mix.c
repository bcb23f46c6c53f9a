/* How damages that last at once mix, and what is left when one ends. */
#undef NDEBUG
#include <assert.h>

#include "sim/damage_internal.h"

/* --- disks ---------------------------------------------------------------- */

/* The node's disk gets each latency, and the chance of errors, from the latest
 * damage that says one, or from the scenario. It is full as long as one damage
 * says so. */
void damage__mix_disk(struct sim_damages *damages, uint32_t node)
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

/* --- slots ---------------------------------------------------------------- */

void damage__free_slot(struct sim_damages *damages, struct damage *damage)
{
    if (!damage__is_about_lives(damage)) {
        damages->n_active--;
    }
    damage->serial = 0;
}

/* --- undoing -------------------------------------------------------------- */

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
        damage__mix_disk(damages, node);
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
    damage__tell(damages, damage, "end of ");
    uint32_t serial = (uint32_t)damage->serial;
    damage__free_slot(damages, damage);
    if (kind == SIM_ACTION_LINK) {
        sim_network_remove_weather(network, serial);
    } else if (kind == SIM_ACTION_CLOG) {
        for (uint32_t i = 0; i < reach->n_links; i++) {
            sim_network_unhold(network, reach->links[i].a, reach->links[i].b);
        }
        sim_cluster_forward_released(damages->cluster);
    } else if (damage__is_about_links(damage)) {
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

void damage__heal_network(struct sim_damages *damages)
{
    for (uint32_t i = 0; i < damages->n_items; i++) {
        struct damage *damage = &damages->items[i];
        if (damage->serial != 0 && damage__is_about_links(damage)) {
            damage__free_slot(damages, damage);
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
    damage__heal_network(damages);
    heal_machines(damages);
}
