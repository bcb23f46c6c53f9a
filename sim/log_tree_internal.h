/* The inside of the log tree, shared by its files:
 *
 *   log_tree.c          entries and their places
 *   log_tree_reclaim.c  what is let go, and what is kept of it
 */
#ifndef SIM_LOG_TREE_INTERNAL_H
#define SIM_LOG_TREE_INTERNAL_H

#include "sim/log_tree.h"
#include "sim/window.h"

/* 64 bytes. No index is higher than the number of its tree node. */
struct tree_node {
    uint64_t term;
    const uint8_t *data; /* in a chunk; NULL when size is 0 */
    uint64_t session;
    uint64_t sequence;
    uint32_t index;
    uint32_t size;
    sim_tip parent;
    sim_tip skip;  /* an ancestor; see skip_of_child() */
    sim_tip lower; /* at the same index: the next of an equal or lower term */
    sim_tip twin;  /* one with the same index and term, or SIM_NO_TIP */
    sim_tip configuration; /* the last of that kind up to here, or the root */
    uint8_t kind;          /* enum sim_entry_kind */
    bool omitted;          /* nobody has shown its payload so far */
};

/* Payloads are copied into blocks that never move. */
struct chunk {
    struct chunk *older;
    size_t size;
    size_t used;
    sim_tip last; /* the highest tree node with a payload in here */
    uint8_t bytes[];
};

/* A tree node that something may still ask for when it is let go, or one whose
 * log does not contain the base. */
struct kept {
    sim_tip tip;
    struct tree_node node;
    uint64_t common;  /* up to this index its log is that of the base */
    uint8_t *payload; /* its own copy, or NULL */
};

struct sim_log_tree {
    struct sim_window nodes; /* struct tree_node, by tip, from the base on */
    /* Tree nodes with lower numbers are in `kept`, or nowhere. All logs that
     * are not in `kept` contain this one. The root: nothing was let go. */
    sim_tip base;
    uint64_t base_index;
    /* Where they lie: [tip - base], so many. */
    struct tree_node *alive;
    uint32_t n_alive;
    /* By index, from the base's on: the tree node of the highest term there,
     * the head of the list over `lower`. An entry is looked for and entered
     * from the highest term on, so what the newest leaders write is at hand
     * whatever was before. */
    struct sim_window highest;
    struct chunk *chunks; /* the newest first; only that one has room */
    struct kept *kept;    /* by rising tip */
    size_t n_kept;
};

/* A tree node that was not let go; NULL if it was (or never was there). */
static inline struct tree_node *tree__alive(const struct sim_log_tree *tree,
                                            sim_tip tip)
{
    uint32_t place = tip - tree->base;
    return place < tree->n_alive ? &tree->alive[place] : NULL;
}

/* Functions for what hardly ever is: apart from their callers, whose usual case
 * then costs no more than it has to. */
#ifdef __GNUC__
#define TREE_RARE __attribute__((cold, noinline))
#else
#define TREE_RARE
#endif

/* What is kept of a tree node, or NULL. */
struct kept *tree__kept(const struct sim_log_tree *tree, sim_tip tip);

/* One that was let go, and kept; any other is a fault of the caller. */
TREE_RARE struct tree_node *tree__old(const struct sim_log_tree *tree,
                                      sim_tip tip);

static inline struct tree_node *tree__node(const struct sim_log_tree *tree,
                                           sim_tip tip)
{
    struct tree_node *node = tree__alive(tree, tip);
    return node != NULL ? node : tree__old(tree, tip);
}

/* The same as in sim/log_tree.h, of a tree node (of contains(): of a prefix)
 * that was let go and kept. */
TREE_RARE struct sim_position
tree__position_of_old(const struct sim_log_tree *tree, sim_tip tip);
TREE_RARE sim_tip tree__ancestor_of_old(const struct sim_log_tree *tree,
                                        sim_tip tip, uint64_t index);
TREE_RARE bool tree__contains_old(const struct sim_log_tree *tree, sim_tip tip,
                                  sim_tip prefix);

static inline sim_tip *tree__highest(const struct sim_log_tree *tree,
                                     uint64_t index)
{
    return sim_window_at(&tree->highest, index, sizeof(sim_tip));
}

void tree__free_kept(struct sim_log_tree *tree);

/* After the nodes moved, or the base. */
static inline void tree__find_alive(struct sim_log_tree *tree)
{
    tree->alive =
        sim_window_at(&tree->nodes, tree->base, sizeof(struct tree_node));
    tree->n_alive = (uint32_t)(tree->nodes.end - tree->base);
}

#endif
