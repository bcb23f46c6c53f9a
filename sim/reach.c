#include "sim/reach.h"

#include <string.h>

#include "sim/memory.h"

static void add_link(struct sim_reach *reach, uint32_t from, uint32_t to)
{
    if (from == to) {
        return;
    }
    reach->links = sim_grow(reach->links, &reach->links_capacity,
                            (size_t)reach->n_links + 1, sizeof *reach->links);
    reach->links[reach->n_links] = (struct sim_pair){from, to};
    reach->n_links++;
}

/* All links between nodes of different sides. */
static void add_borders(struct sim_reach *reach, uint32_t n,
                        const uint32_t *side)
{
    for (uint32_t from = 1; from <= n; from++) {
        for (uint32_t to = 1; to <= n; to++) {
            if (side[from] != side[to]) {
                add_link(reach, from, to);
            }
        }
    }
}

static bool resolve_partition(struct sim_reach *reach,
                              const struct sim_action *action,
                              struct sim_naming *naming)
{
    uint32_t side[SIM_MAX_NODES + 1] = {0};
    for (uint32_t g = 0; g < action->n_groups; g++) {
        struct sim_node_list list;
        if (!sim_naming_resolve(naming, &action->groups[g], &list)) {
            return false;
        }
        for (uint32_t i = 0; i < list.count; i++) {
            side[list.nodes[i]] = g + 1;
        }
    }
    reach->has_sides = true;
    for (uint32_t node = 1; node <= naming->cluster->n; node++) {
        reach->side[node] = (uint8_t)side[node];
    }
    add_borders(reach, naming->cluster->n, side);
    return true;
}

static bool resolve_isolation(struct sim_reach *reach,
                              const struct sim_action *action,
                              struct sim_naming *naming)
{
    uint32_t side[SIM_MAX_NODES + 1] = {0};
    if (!sim_naming_resolve(naming, &action->nodes, &reach->nodes)) {
        return false;
    }
    for (uint32_t i = 0; i < reach->nodes.count; i++) {
        side[reach->nodes.nodes[i]] = i + 1;
    }
    add_borders(reach, naming->cluster->n, side);
    return true;
}

/* The others fall into two halves, by chance. */
static bool resolve_bridge(struct sim_reach *reach,
                           const struct sim_action *action,
                           struct sim_naming *naming)
{
    if (!sim_naming_resolve(naming, &action->nodes, &reach->nodes)) {
        return false;
    }
    uint32_t n = naming->cluster->n;
    uint32_t others[SIM_MAX_NODES];
    uint32_t count = 0;
    for (uint32_t node = 1; node <= n; node++) {
        if (!sim_node_list_has(&reach->nodes, node)) {
            others[count] = node;
            count++;
        }
    }
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)sim_prng_below(naming->prng, i);
        uint32_t swapped = others[i - 1];
        others[i - 1] = others[j];
        others[j] = swapped;
    }
    reach->has_sides = true;
    for (uint32_t i = 0; i < count; i++) {
        reach->side[others[i]] = i < count / 2 ? 1 : 2;
    }
    for (uint32_t i = 0; i < count / 2; i++) {
        for (uint32_t j = count / 2; j < count; j++) {
            add_link(reach, others[i], others[j]);
            add_link(reach, others[j], others[i]);
        }
    }
    return true;
}

static bool resolve_mesh(struct sim_reach *reach,
                         const struct sim_action *action,
                         struct sim_naming *naming)
{
    uint32_t n = naming->cluster->n;
    for (uint32_t from = 1; from <= n; from++) {
        for (uint32_t to = 1; to <= n; to++) {
            bool talks = false;
            for (uint32_t i = 0; i < action->n_pairs; i++) {
                uint32_t a = action->pairs[i].a;
                uint32_t b = action->pairs[i].b;
                talks =
                    talks || (a == from && b == to) || (a == to && b == from);
            }
            if (!talks) {
                add_link(reach, from, to);
            }
        }
    }
    return true;
}

static bool resolve_end(struct sim_naming *naming,
                        const struct sim_targets *targets,
                        struct sim_node_list *list)
{
    struct sim_target all = {.kind = SIM_TARGET_ALL};
    struct sim_targets everybody = {.items = &all, .count = 1};
    return sim_naming_resolve(naming, targets->count > 0 ? targets : &everybody,
                              list);
}

static bool resolve_from_to(struct sim_reach *reach,
                            const struct sim_action *action,
                            struct sim_naming *naming)
{
    if (!resolve_end(naming, &action->from, &reach->nodes) ||
        !resolve_end(naming, &action->to, &reach->to)) {
        return false;
    }
    for (uint32_t i = 0; i < reach->nodes.count; i++) {
        for (uint32_t j = 0; j < reach->to.count; j++) {
            add_link(reach, reach->nodes.nodes[i], reach->to.nodes[j]);
            if (action->both_ways) {
                add_link(reach, reach->to.nodes[j], reach->nodes.nodes[i]);
            }
        }
    }
    return true;
}

/* Of whom something is wished, and who is asked for it. */
static bool resolve_wish(struct sim_reach *reach,
                         const struct sim_action *action,
                         struct sim_naming *naming)
{
    struct sim_node_list asked;
    if (!sim_naming_resolve(naming, &action->nodes, &reach->nodes) ||
        !sim_naming_resolve(naming, &action->by, &reach->by) ||
        !sim_naming_resolve(naming, &action->ask, &asked)) {
        return false;
    }
    reach->ask = asked.count > 0 ? asked.nodes[0] : SIM_NONE;
    return true;
}

/* Finds whom the action means. Nothing is done yet. */
static bool resolve(struct sim_reach *reach, const struct sim_action *action,
                    struct sim_naming *naming)
{
    switch (action->kind) {
    case SIM_ACTION_PARTITION:
        return resolve_partition(reach, action, naming);
    case SIM_ACTION_ISOLATE:
        return resolve_isolation(reach, action, naming);
    case SIM_ACTION_CUT:
    case SIM_ACTION_CLOG:
    case SIM_ACTION_LINK:
        return resolve_from_to(reach, action, naming);
    case SIM_ACTION_BRIDGE:
        return resolve_bridge(reach, action, naming);
    case SIM_ACTION_MESH:
        return resolve_mesh(reach, action, naming);
    case SIM_ACTION_CRASH:
    case SIM_ACTION_RESTART:
    case SIM_ACTION_PAUSE:
    case SIM_ACTION_RESUME:
    case SIM_ACTION_DISK:
    case SIM_ACTION_CORRUPT:
    case SIM_ACTION_CLOCK:
    case SIM_ACTION_EXPIRE:
    case SIM_ACTION_PROPOSE:
    case SIM_ACTION_READ:
    case SIM_ACTION_COMPACT:
        return sim_naming_resolve(naming, &action->nodes, &reach->nodes);
    case SIM_ACTION_ADD:
    case SIM_ACTION_REMOVE:
    case SIM_ACTION_PROMOTE:
    case SIM_ACTION_DEMOTE:
    case SIM_ACTION_REPLACE:
    case SIM_ACTION_MEMBERS:
    case SIM_ACTION_TRANSFER:
        return resolve_wish(reach, action, naming);
    case SIM_ACTION_HEAL:
    case SIM_ACTION_KIND_COUNT:
        return true;
    }
    return false;
}

bool sim_reach_find(struct sim_reach *reach, const struct sim_action *action,
                    const struct sim_cluster *cluster, struct sim_prng *prng)
{
    struct sim_naming naming = sim_naming_new(cluster, prng, action->kind);
    reach->nodes.count = 0;
    reach->to.count = 0;
    reach->by.count = 0;
    reach->has_sides = false;
    memset(reach->side, 0, sizeof reach->side);
    reach->ask = SIM_NONE;
    reach->n_links = 0;
    return resolve(reach, action, &naming);
}
