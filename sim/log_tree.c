#undef NDEBUG
#include "sim/log_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* Payloads are copied into blocks of this many bytes that never move. */
#define CHUNK_BYTES 65536u

/* Ancestors this near are reached over parents alone: those were created not
 * long before and lie close in memory, skip links lead far away. */
#define NEAR 8u

struct tree_node {
    uint64_t index;
    uint64_t term;
    const uint8_t *data; /* in a chunk; NULL when size is 0 */
    uint32_t size;
    enum sim_entry_kind kind;
    bool omitted; /* nobody has shown its payload so far */
    uint64_t session;
    uint64_t sequence;
    sim_tip parent;
    sim_tip skip;  /* an ancestor; see skip_of_child() */
    sim_tip lower; /* at the same index: the next of an equal or lower term */
    sim_tip twin;  /* one with the same index and term, or SIM_NO_TIP */
    sim_tip configuration; /* the last of that kind up to here, or the root */
};

struct chunk {
    struct chunk *older;
    size_t size;
    size_t used;
    uint8_t bytes[];
};

struct sim_log_tree {
    struct tree_node *nodes; /* by tip */
    uint32_t count;
    size_t capacity;
    /* By index: the tree node of the highest term there, the head of the list
     * over `lower`. An entry is looked for and entered from the highest term
     * on, so what the newest leaders write is at hand whatever was before. */
    sim_tip *highest;
    size_t n_indexes;
    size_t indexes_capacity;
    struct chunk *chunks; /* the newest first; only that one has room */
};

static sim_tip new_node(struct sim_log_tree *tree)
{
    assert(tree->count < SIM_NO_TIP);
    if (tree->count == tree->capacity) {
        tree->nodes = sim_grow(tree->nodes, &tree->capacity,
                               (size_t)tree->count + 1, sizeof(*tree->nodes));
    }
    return tree->count++;
}

static void new_index(struct sim_log_tree *tree)
{
    if (tree->n_indexes == tree->indexes_capacity) {
        tree->highest = sim_grow(tree->highest, &tree->indexes_capacity,
                                 tree->n_indexes + 1, sizeof(*tree->highest));
    }
    tree->highest[tree->n_indexes++] = SIM_NO_TIP;
}

struct sim_log_tree *sim_log_tree_new(void)
{
    struct sim_log_tree *tree = sim_calloc(1, sizeof *tree);
    new_index(tree);
    tree->highest[0] = new_node(tree);
    tree->nodes[SIM_ROOT] = (struct tree_node){
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
    free(tree->highest);
    free(tree->nodes);
    free(tree);
}

/* A copy of `size` bytes that stays where it is; NULL for none. */
static const uint8_t *keep(struct sim_log_tree *tree, const uint8_t *data,
                           uint32_t size)
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
    return copy;
}

/* The skip link of a child of `parent`. The lengths of the links are those of
 * the digits of a skew binary number (Myers, 1983): two links of the same
 * length in a row become one over both, and every way down to an ancestor takes
 * O(log n) of them. */
static sim_tip skip_of_child(const struct tree_node *nodes, sim_tip parent)
{
    sim_tip skip = nodes[parent].skip;
    sim_tip next = nodes[skip].skip;
    uint64_t first = nodes[parent].index - nodes[skip].index;
    uint64_t second = nodes[skip].index - nodes[next].index;
    return first == second ? next : parent;
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
        node->kind != entry->kind) {
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
static void fill(struct sim_log_tree *tree, struct tree_node *node,
                 const struct sim_entry *entry)
{
    node->omitted = entry->omitted;
    node->session = session_of(entry);
    node->sequence = entry->sequence;
    node->data = keep(tree, entry->data, entry->size);
    node->size = entry->size;
}

/* A new tree node, entered at its index below `above`, the last there with a
 * higher term (SIM_NO_TIP: as the highest). */
static sim_tip create(struct sim_log_tree *tree, sim_tip parent,
                      const struct sim_entry *entry, sim_tip above)
{
    sim_tip tip = new_node(tree);
    struct tree_node *nodes = tree->nodes;
    uint64_t index = nodes[parent].index + 1;
    sim_tip *place =
        above == SIM_NO_TIP ? &tree->highest[index] : &nodes[above].lower;
    nodes[tip] = (struct tree_node){
        .index = index,
        .term = entry->term,
        .kind = entry->kind,
        .parent = parent,
        .skip = skip_of_child(nodes, parent),
        .lower = *place,
        .twin = SIM_NO_TIP,
        .configuration = entry->kind == SIM_ENTRY_CONFIGURATION
                             ? tip
                             : nodes[parent].configuration,
    };
    fill(tree, &nodes[tip], entry);
    if (*place != SIM_NO_TIP && nodes[*place].term == entry->term) {
        nodes[tip].twin = *place;
        if (nodes[*place].twin == SIM_NO_TIP) {
            nodes[*place].twin = tip;
        }
    }
    *place = tip;
    return tip;
}

sim_tip sim_log_tree_append(struct sim_log_tree *tree, sim_tip parent,
                            const struct sim_entry *entry, bool *created)
{
    assert(parent < tree->count);
    assert(entry->data != NULL || entry->size == 0);
    assert(entry->size == 0 || !entry->omitted);
    uint64_t index = tree->nodes[parent].index + 1;
    if (index == tree->n_indexes) {
        new_index(tree);
    }
    sim_tip above = SIM_NO_TIP; /* the last with a higher term */
    sim_tip tip = tree->highest[index];
    while (tip != SIM_NO_TIP && tree->nodes[tip].term > entry->term) {
        above = tip;
        tip = tree->nodes[tip].lower;
    }
    while (tip != SIM_NO_TIP && tree->nodes[tip].term == entry->term &&
           !is_entry(&tree->nodes[tip], parent, entry)) {
        tip = tree->nodes[tip].lower;
    }
    bool found = tip != SIM_NO_TIP && tree->nodes[tip].term == entry->term;
    if (created != NULL) {
        *created = !found;
    }
    if (!found) {
        return create(tree, parent, entry, above);
    }
    if (tree->nodes[tip].omitted && !entry->omitted) {
        fill(tree, &tree->nodes[tip], entry);
    }
    return tip;
}

struct sim_position sim_log_tree_position(const struct sim_log_tree *tree,
                                          sim_tip tip)
{
    assert(tip < tree->count);
    return (struct sim_position){tree->nodes[tip].term, tree->nodes[tip].index};
}

struct sim_entry sim_log_tree_entry(const struct sim_log_tree *tree,
                                    sim_tip tip)
{
    assert(tip < tree->count);
    assert(tip != SIM_ROOT);
    const struct tree_node *node = &tree->nodes[tip];
    return (struct sim_entry){
        .term = node->term,
        .data = node->data,
        .size = node->size,
        .kind = node->kind,
        .omitted = node->omitted,
        .session = node->session,
        .sequence = node->sequence,
    };
}

sim_tip sim_log_tree_parent(const struct sim_log_tree *tree, sim_tip tip)
{
    assert(tip < tree->count);
    return tree->nodes[tip].parent;
}

sim_tip sim_log_tree_ancestor(const struct sim_log_tree *tree, sim_tip tip,
                              uint64_t index)
{
    assert(tip < tree->count);
    const struct tree_node *nodes = tree->nodes;
    if (index > nodes[tip].index) {
        return SIM_NO_TIP;
    }
    while (nodes[tip].index - index > NEAR) {
        sim_tip skip = nodes[tip].skip;
        tip = nodes[skip].index >= index ? skip : nodes[tip].parent;
    }
    while (nodes[tip].index > index) {
        tip = nodes[tip].parent;
    }
    return tip;
}

bool sim_log_tree_contains(const struct sim_log_tree *tree, sim_tip tip,
                           sim_tip prefix)
{
    assert(prefix < tree->count);
    return tip == prefix || sim_log_tree_ancestor(
                                tree, tip, tree->nodes[prefix].index) == prefix;
}

sim_tip sim_log_tree_twin(const struct sim_log_tree *tree, sim_tip tip)
{
    assert(tip < tree->count);
    return tree->nodes[tip].twin;
}

sim_tip sim_log_tree_configuration(const struct sim_log_tree *tree, sim_tip tip)
{
    assert(tip < tree->count);
    return tree->nodes[tip].configuration;
}

uint32_t sim_log_tree_count(const struct sim_log_tree *tree)
{
    return tree->count;
}
