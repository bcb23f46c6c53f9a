/* What the log tree lets go, what it keeps of that, and what is asked of it. */
#undef NDEBUG
#include "sim/log_tree_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* --- what is kept --------------------------------------------------------- */

struct kept *tree__kept(const struct sim_log_tree *tree, sim_tip tip)
{
    size_t low = 0;
    size_t high = tree->n_kept;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tree->kept[middle].tip < tip) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < tree->n_kept && tree->kept[low].tip == tip;
    return found ? &tree->kept[low] : NULL;
}

struct tree_node *tree__old(const struct sim_log_tree *tree, sim_tip tip)
{
    struct kept *kept = tree__kept(tree, tip);
    assert(kept != NULL);
    return &kept->node;
}

void tree__free_kept(struct sim_log_tree *tree)
{
    for (size_t i = 0; i < tree->n_kept; i++) {
        free(tree->kept[i].payload);
    }
    free(tree->kept);
}

/* --- questions that reach below the base ---------------------------------- */

/* Up to which index the log `tip` is that of the base. */
static uint64_t shared_with_base(const struct sim_log_tree *tree, sim_tip tip)
{
    const struct kept *kept = tree__kept(tree, tip);
    if (kept != NULL) {
        return kept->common;
    }
    bool contains =
        sim_log_tree_ancestor(tree, tip, tree->base_index) == tree->base;
    return contains ? tree->base_index : 0;
}

struct sim_position tree__position_of_old(const struct sim_log_tree *tree,
                                          sim_tip tip)
{
    const struct tree_node *node = tree__old(tree, tip);
    return (struct sim_position){node->term, node->index};
}

/* What was before it is gone. */
sim_tip tree__ancestor_of_old(const struct sim_log_tree *tree, sim_tip tip,
                              uint64_t index)
{
    if (index == 0) {
        return SIM_ROOT;
    }
    return tree__old(tree, tip)->index == index ? tip : SIM_NO_TIP;
}

bool tree__contains_old(const struct sim_log_tree *tree, sim_tip tip,
                        sim_tip prefix)
{
    uint64_t end = tree__node(tree, prefix)->index;
    return shared_with_base(tree, prefix) == end &&
           shared_with_base(tree, tip) >= end;
}

/* Both logs contain the base. */
static uint64_t common_above(const struct sim_log_tree *tree, sim_tip a,
                             sim_tip b)
{
    uint64_t end_a = tree__alive(tree, a)->index;
    uint64_t end_b = tree__alive(tree, b)->index;
    uint64_t low = tree->base_index;
    uint64_t high = end_a < end_b ? end_a : end_b;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        if (sim_log_tree_ancestor(tree, a, middle) ==
            sim_log_tree_ancestor(tree, b, middle)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

uint64_t sim_log_tree_common(const struct sim_log_tree *tree, sim_tip a,
                             sim_tip b)
{
    if (a == b) {
        return tree__node(tree, a)->index;
    }
    uint64_t shared_a = shared_with_base(tree, a);
    uint64_t shared_b = shared_with_base(tree, b);
    uint64_t shared = shared_a < shared_b ? shared_a : shared_b;
    return shared < tree->base_index ? shared : common_above(tree, a, b);
}

sim_tip sim_log_tree_base(const struct sim_log_tree *tree)
{
    return tree->base;
}

/* --- letting go ----------------------------------------------------------- */

/* What the tree will keep. */
struct keeping {
    struct kept *kept;
    size_t count;
    size_t capacity;
};

/* `common`: as in struct kept, once `base` is the base. */
static void keep(const struct sim_log_tree *tree, struct keeping *keeping,
                 sim_tip tip, uint64_t common)
{
    keeping->kept = sim_grow(keeping->kept, &keeping->capacity,
                             keeping->count + 1, sizeof *keeping->kept);
    struct kept *kept = &keeping->kept[keeping->count++];
    *kept = (struct kept){
        .tip = tip, .node = *tree__node(tree, tip), .common = common};
    kept->node.data = NULL;
}

/* The configuration of the base, with its payload: the ones before are of the
 * past. */
static void keep_configuration(const struct sim_log_tree *tree,
                               struct keeping *keeping, sim_tip base)
{
    sim_tip tip = tree__node(tree, base)->configuration;
    const struct tree_node *node = tree__node(tree, tip);
    if (tip >= base || tip == SIM_ROOT) {
        return;
    }
    keep(tree, keeping, tip, node->index);
    struct kept *kept = &keeping->kept[keeping->count - 1];
    if (node->size > 0) {
        kept->payload = sim_calloc(node->size, 1);
        memcpy(kept->payload, node->data, node->size);
        kept->node.data = kept->payload;
    }
}

/* Older than the base, and yet at an index from its own on: an entry that comes
 * there with their term will have them as its twin. */
static void keep_twins(const struct sim_log_tree *tree, struct keeping *keeping,
                       sim_tip base)
{
    uint64_t index = tree__alive(tree, base)->index;
    for (; index < tree->highest.end; index++) {
        sim_tip tip = *tree__highest(tree, index);
        while (tip != SIM_NO_TIP) {
            const struct tree_node *node = tree__node(tree, tip);
            if (tip < base) {
                keep(tree, keeping, tip, 0);
            }
            tip = node->lower;
        }
    }
}

/* Of the same tree node, the one that knows most comes first. */
static int compare_kept(const void *a, const void *b)
{
    const struct kept *one = a;
    const struct kept *other = b;
    if (one->tip != other->tip) {
        return one->tip < other->tip ? -1 : 1;
    }
    if ((one->payload != NULL) != (other->payload != NULL)) {
        return one->payload != NULL ? -1 : 1;
    }
    return (one->common < other->common) - (one->common > other->common);
}

static void sort_kept(struct keeping *keeping)
{
    size_t count = 0;
    qsort(keeping->kept, keeping->count, sizeof *keeping->kept, compare_kept);
    for (size_t i = 0; i < keeping->count; i++) {
        if (count == 0 ||
            keeping->kept[count - 1].tip != keeping->kept[i].tip) {
            keeping->kept[count++] = keeping->kept[i];
        }
    }
    keeping->count = count;
}

static struct keeping choose_kept(const struct sim_log_tree *tree, sim_tip base,
                                  const struct sim_tips *asked)
{
    struct keeping keeping = {0};
    keep(tree, &keeping, SIM_ROOT, 0);
    keep_configuration(tree, &keeping, base);
    for (size_t i = 0; i < asked->count; i++) {
        sim_tip tip = asked->items[i];
        if (!sim_log_tree_contains(tree, tip, base)) {
            keep(tree, &keeping, tip, sim_log_tree_common(tree, tip, base));
        }
    }
    keep_twins(tree, &keeping, base);
    sort_kept(&keeping);
    return keeping;
}

static void free_chunks(struct sim_log_tree *tree, sim_tip base)
{
    struct chunk **place = &tree->chunks;
    while (*place != NULL) {
        struct chunk *chunk = *place;
        if (chunk->last < base) {
            *place = chunk->older;
            free(chunk);
        } else {
            place = &chunk->older;
        }
    }
}

void sim_log_tree_reclaim(struct sim_log_tree *tree, sim_tip base,
                          const struct sim_tips *asked)
{
    assert(tree__alive(tree, base) != NULL);
    assert(sim_log_tree_contains(tree, base, tree->base));
    if (base == tree->base) {
        return;
    }
    struct keeping keeping = choose_kept(tree, base, asked);
    free_chunks(tree, base);
    tree__free_kept(tree);
    tree->kept = keeping.kept;
    tree->n_kept = keeping.count;
    tree->base_index = tree__alive(tree, base)->index;
    tree->base = base;
    sim_window_drop(&tree->nodes, base);
    tree__find_alive(tree);
    sim_window_drop(&tree->highest, tree->base_index);
}
