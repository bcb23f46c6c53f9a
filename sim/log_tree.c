#undef NDEBUG
#include "sim/log_tree_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* Of the blocks that payloads are copied into. */
#define CHUNK_BYTES 65536u

/* Ancestors this near, by index or by number, are reached over parents alone:
 * those were created not long before and lie close in memory, skip links lead
 * far away. */
#define NEAR 8u

void sim_tips_add(struct sim_tips *tips, sim_tip tip)
{
    tips->items = sim_grow(tips->items, &tips->capacity, tips->count + 1,
                           sizeof *tips->items);
    tips->items[tips->count++] = tip;
}

void sim_tips_free(struct sim_tips *tips)
{
    free(tips->items);
    *tips = (struct sim_tips){0};
}

static sim_tip new_node(struct sim_log_tree *tree)
{
    sim_tip tip = (sim_tip)tree->nodes.end;
    assert(tip < SIM_NO_TIP);
    sim_window_add(&tree->nodes);
    tree__find_alive(tree);
    return tip;
}

static void new_index(struct sim_log_tree *tree)
{
    sim_tip *highest = sim_window_add(&tree->highest);
    *highest = SIM_NO_TIP;
}

struct sim_log_tree *sim_log_tree_new(void)
{
    struct sim_log_tree *tree = sim_calloc(1, sizeof *tree);
    tree->nodes = sim_window_new(sizeof(struct tree_node), SIM_ROOT);
    tree->highest = sim_window_new(sizeof(sim_tip), 0);
    new_index(tree);
    *tree__highest(tree, 0) = new_node(tree);
    *tree__alive(tree, SIM_ROOT) = (struct tree_node){
        .parent = SIM_ROOT,
        .skip = SIM_ROOT,
        .lower = SIM_NO_TIP,
        .twin = SIM_NO_TIP,
        .configuration = SIM_ROOT,
    };
    return tree;
}

void sim_log_tree_free(struct sim_log_tree *tree)
{
    if (tree == NULL) {
        return;
    }
    while (tree->chunks != NULL) {
        struct chunk *older = tree->chunks->older;
        free(tree->chunks);
        tree->chunks = older;
    }
    sim_window_free(&tree->nodes);
    sim_window_free(&tree->highest);
    tree__free_kept(tree);
    free(tree);
}

/* A copy of the payload of `tip` that stays where it is; NULL for none. */
static const uint8_t *keep(struct sim_log_tree *tree, sim_tip tip,
                           const uint8_t *data, uint32_t size)
{
    if (size == 0) {
        return NULL;
    }
    struct chunk *chunk = tree->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        chunk = sim_calloc(1, sizeof *chunk + room);
        chunk->size = room;
        chunk->older = tree->chunks;
        tree->chunks = chunk;
    }
    uint8_t *copy = chunk->bytes + chunk->used;
    memcpy(copy, data, size);
    chunk->used += size;
    chunk->last = tip > chunk->last ? tip : chunk->last;
    return copy;
}

/* The skip link of a child of `parent`. The lengths of the links are those of
 * the digits of a skew binary number (Myers, 1983): two links of the same
 * length in a row become one over both, and every way down to an ancestor takes
 * O(log n) of them. Where one leads below the base, the count begins anew. */
static sim_tip skip_of_child(const struct sim_log_tree *tree, sim_tip parent)
{
    const struct tree_node *node = tree__alive(tree, parent);
    const struct tree_node *middle = tree__alive(tree, node->skip);
    const struct tree_node *end =
        middle != NULL ? tree__alive(tree, middle->skip) : NULL;
    bool joins = end != NULL &&
                 node->index - middle->index == middle->index - end->index;
    return joins ? middle->skip : parent;
}

/* Only a command belongs to a session: what a SESSION entry says of one is the
 * outcome of applying it. */
static uint64_t session_of(const struct sim_entry *entry)
{
    return entry->kind == SIM_ENTRY_COMMAND ? entry->session : 0;
}

/* Where one side does not have the payload, the rest decides. */
static bool is_entry(const struct tree_node *node, sim_tip parent,
                     const struct sim_entry *entry)
{
    if (node->parent != parent || node->term != entry->term ||
        node->kind != (uint8_t)entry->kind) {
        return false;
    }
    if (node->omitted || entry->omitted) {
        return true;
    }
    return node->session == session_of(entry) &&
           node->sequence == entry->sequence && node->size == entry->size &&
           (entry->size == 0 ||
            memcmp(node->data, entry->data, entry->size) == 0);
}

/* Whatever makes the entry more than a place in the log. */
static void fill(struct sim_log_tree *tree, sim_tip tip,
                 const struct sim_entry *entry)
{
    struct tree_node *node = tree__alive(tree, tip);
    node->omitted = entry->omitted;
    node->session = session_of(entry);
    node->sequence = entry->sequence;
    node->data = keep(tree, tip, entry->data, entry->size);
    node->size = entry->size;
}

/* A new tree node, entered at its index below `above`, the last there with a
 * higher term (SIM_NO_TIP: as the highest). */
static sim_tip create(struct sim_log_tree *tree, sim_tip parent,
                      const struct sim_entry *entry, sim_tip above)
{
    sim_tip tip = new_node(tree);
    const struct tree_node *before = tree__alive(tree, parent);
    uint32_t index = before->index + 1;
    sim_tip *place = above == SIM_NO_TIP ? tree__highest(tree, index)
                                         : &tree__node(tree, above)->lower;
    struct tree_node *node = tree__alive(tree, tip);
    *node = (struct tree_node){
        .index = index,
        .term = entry->term,
        .kind = (uint8_t)entry->kind,
        .parent = parent,
        .skip = skip_of_child(tree, parent),
        .lower = *place,
        .twin = SIM_NO_TIP,
        .configuration = entry->kind == SIM_ENTRY_CONFIGURATION
                             ? tip
                             : before->configuration,
    };
    fill(tree, tip, entry);
    if (*place != SIM_NO_TIP) {
        struct tree_node *next = tree__node(tree, *place);
        if (next->term == entry->term) {
            node->twin = *place;
            next->twin = next->twin == SIM_NO_TIP ? tip : next->twin;
        }
    }
    *place = tip;
    return tip;
}

sim_tip sim_log_tree_append(struct sim_log_tree *tree, sim_tip parent,
                            const struct sim_entry *entry, bool *created)
{
    assert(tree__alive(tree, parent) != NULL);
    assert(entry->data != NULL || entry->size == 0);
    assert(entry->size == 0 || !entry->omitted);
    uint64_t index = tree__alive(tree, parent)->index + 1;
    assert(index > tree->base_index);
    if (index == tree->highest.end) {
        new_index(tree);
    }
    sim_tip above = SIM_NO_TIP; /* the last with a higher term */
    sim_tip tip = *tree__highest(tree, index);
    struct tree_node *node = NULL;
    while (tip != SIM_NO_TIP) {
        node = tree__node(tree, tip);
        if (node->term < entry->term ||
            (node->term == entry->term && is_entry(node, parent, entry))) {
            break;
        }
        above = node->term > entry->term ? tip : above;
        tip = node->lower;
    }
    bool found = tip != SIM_NO_TIP && node->term == entry->term;
    if (created != NULL) {
        *created = !found;
    }
    if (!found) {
        return create(tree, parent, entry, above);
    }
    if (node->omitted && !entry->omitted) {
        fill(tree, tip, entry);
    }
    return tip;
}

struct sim_position sim_log_tree_position(const struct sim_log_tree *tree,
                                          sim_tip tip)
{
    const struct tree_node *node = tree__alive(tree, tip);
    if (node == NULL) {
        return tree__position_of_old(tree, tip);
    }
    return (struct sim_position){node->term, node->index};
}

struct sim_entry sim_log_tree_entry(const struct sim_log_tree *tree,
                                    sim_tip tip)
{
    assert(tip != SIM_ROOT);
    const struct tree_node *node = tree__node(tree, tip);
    return (struct sim_entry){
        .term = node->term,
        .data = node->data,
        .size = node->size,
        .kind = (enum sim_entry_kind)node->kind,
        .omitted = node->omitted,
        .session = node->session,
        .sequence = node->sequence,
    };
}

sim_tip sim_log_tree_parent(const struct sim_log_tree *tree, sim_tip tip)
{
    sim_tip parent = tree__node(tree, tip)->parent;
    bool is_there =
        tree__alive(tree, parent) != NULL || tree__kept(tree, parent) != NULL;
    return is_there ? parent : SIM_NO_TIP;
}

/* The ancestor of `tip`, which is `node`, at `index`, which is not beyond it. A
 * log that does not contain the base has none that is left there. */
static inline sim_tip go_back(const struct sim_log_tree *tree, sim_tip tip,
                              const struct tree_node *node, uint64_t index)
{
    while (node != NULL && node->index - index > NEAR) {
        const struct tree_node *over = tree__alive(tree, node->skip);
        bool leaps = over != NULL && over->index >= index;
        tip = leaps ? node->skip : node->parent;
        node = leaps ? over : tree__alive(tree, tip);
    }
    while (node != NULL && node->index > index) {
        tip = node->parent;
        node = tree__alive(tree, tip);
    }
    if (node == NULL) {
        return index == 0 ? SIM_ROOT : SIM_NO_TIP;
    }
    return tip;
}

sim_tip sim_log_tree_ancestor(const struct sim_log_tree *tree, sim_tip tip,
                              uint64_t index)
{
    const struct tree_node *node = tree__alive(tree, tip);
    if (node == NULL) {
        return tree__ancestor_of_old(tree, tip, index);
    }
    return index > node->index ? SIM_NO_TIP : go_back(tree, tip, node, index);
}

/* Parents come before their children: on the way back numbers fall, and are
 * above that of a prefix until they are there. */
bool sim_log_tree_contains(const struct sim_log_tree *tree, sim_tip tip,
                           sim_tip prefix)
{
    if (tip <= prefix) {
        return tip == prefix;
    }
    if (prefix < tree->base) {
        return tree__contains_old(tree, tip, prefix);
    }
    assert(tree__alive(tree, tip) != NULL);
    while (tip > prefix) {
        const struct tree_node *node = &tree->alive[tip - tree->base];
        bool leaps = tip - prefix > NEAR && node->skip >= prefix;
        tip = leaps ? node->skip : node->parent;
    }
    return tip == prefix;
}

sim_tip sim_log_tree_twin(const struct sim_log_tree *tree, sim_tip tip)
{
    return tree__node(tree, tip)->twin;
}

sim_tip sim_log_tree_configuration(const struct sim_log_tree *tree, sim_tip tip)
{
    return tree__node(tree, tip)->configuration;
}

uint32_t sim_log_tree_count(const struct sim_log_tree *tree)
{
    return (uint32_t)tree->nodes.end;
}
