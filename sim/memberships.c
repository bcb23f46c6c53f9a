#undef NDEBUG
#include "sim/memberships.h"

#include <assert.h>
#include <stdlib.h>

#include "sim/memory.h"

struct reading {
    sim_tip entry;                           /* a configuration entry */
    struct sim_configuration *configuration; /* NULL: it cannot be read */
};

struct sim_memberships {
    const struct sim_log_tree *tree;
    const struct sim_node_type *type;
    struct sim_configuration initial;
    struct reading *readings; /* by rising tree node */
    size_t count;
    size_t capacity;
};

struct sim_memberships *
sim_memberships_new(const struct sim_log_tree *tree,
                    const struct sim_node_type *type,
                    const struct sim_configuration *initial)
{
    assert(tree != NULL);
    assert(type != NULL);
    struct sim_memberships *memberships = sim_calloc(1, sizeof *memberships);
    memberships->tree = tree;
    memberships->type = type;
    memberships->initial = *initial;
    return memberships;
}

void sim_memberships_free(struct sim_memberships *memberships)
{
    if (memberships == NULL) {
        return;
    }
    for (size_t i = 0; i < memberships->count; i++) {
        free(memberships->readings[i].configuration);
    }
    free(memberships->readings);
    free(memberships);
}

/* Where `entry` is, or has to be entered. */
static size_t place_of(const struct sim_memberships *memberships, sim_tip entry)
{
    const struct reading *readings = memberships->readings;
    size_t low = 0;
    size_t high = memberships->count;
    /* Most questions are about the newest. */
    if (high > 0 && readings[high - 1].entry <= entry) {
        return readings[high - 1].entry == entry ? high - 1 : high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (readings[middle].entry < entry) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct sim_configuration *
read_entry(const struct sim_memberships *memberships, sim_tip tip)
{
    if (memberships->type->configuration == NULL) {
        return NULL;
    }
    struct sim_entry entry = sim_log_tree_entry(memberships->tree, tip);
    struct sim_configuration *configuration =
        sim_calloc(1, sizeof *configuration);
    if (!memberships->type->configuration(entry.data, entry.size,
                                          configuration)) {
        free(configuration);
        return NULL;
    }
    return configuration;
}

/* The configurations are apart from the array, so that they stay where they are
 * when it grows. */
static void enter(struct sim_memberships *memberships, size_t place,
                  sim_tip entry)
{
    memberships->readings =
        sim_grow(memberships->readings, &memberships->capacity,
                 memberships->count + 1, sizeof *memberships->readings);
    struct reading *readings = memberships->readings;
    for (size_t i = memberships->count; i > place; i--) {
        readings[i] = readings[i - 1];
    }
    readings[place] = (struct reading){
        .entry = entry,
        .configuration = read_entry(memberships, entry),
    };
    memberships->count++;
}

const struct sim_configuration *
sim_memberships_of(struct sim_memberships *memberships, sim_tip tip)
{
    sim_tip entry = sim_log_tree_configuration(memberships->tree, tip);
    if (entry == SIM_ROOT) {
        return &memberships->initial;
    }
    size_t place = place_of(memberships, entry);
    if (place == memberships->count ||
        memberships->readings[place].entry != entry) {
        enter(memberships, place, entry);
    }
    return memberships->readings[place].configuration;
}

void sim_memberships_reclaim(struct sim_memberships *memberships, sim_tip base,
                             const struct sim_configuration *const *held,
                             size_t n_held)
{
    sim_tip latest = sim_log_tree_configuration(memberships->tree, base);
    size_t left = 0;
    for (size_t i = 0; i < memberships->count; i++) {
        struct reading *reading = &memberships->readings[i];
        bool stays = reading->entry >= latest;
        for (size_t j = 0; j < n_held; j++) {
            stays =
                stays || (held[j] != NULL && held[j] == reading->configuration);
        }
        if (stays) {
            memberships->readings[left++] = *reading;
        } else {
            free(reading->configuration);
        }
    }
    memberships->count = left;
}
