/* All entries that were ever created, as one tree.
 *
 * A tree node is an entry with its whole past: its parent is the entry before
 * it. Every log, in memory or on disk, of any server at any time, is then one
 * number, the tree node of its last entry (its tip). Entries are told apart by
 * their parent, term, kind, session, sequence and payload, so the tree can hold
 * the logs of a broken Raft as well; the Log Matching Property says that no two
 * tree nodes share index and term. What an APPLY adds to an entry (its verdict,
 * the session that a SESSION entry closed) is no part of it.
 *
 * Payloads are kept once, here, whatever the number of logs that hold them.
 * An entry without its payload (on a witness) is the same entry: it is found by
 * parent, term and kind alone, and makes no tree node where one with the
 * payload exists. Where it came first, the payload that comes later is its own.
 * Appending is O(1) for the usual case of one child; ancestors are found over
 * skip links in O(log n).
 *
 * Memory follows the number of distinct entries, until the past is let go: see
 * sim_log_tree_reclaim(). Numbers are never used again.
 */
#ifndef SIM_LOG_TREE_H
#define SIM_LOG_TREE_H

#include "sim/node.h"

/* A tree node's number. Numbers are given in order of creation and stay. */
typedef uint32_t sim_tip;

/* The empty log: index 0, term 0. It is its own parent. */
#define SIM_ROOT ((sim_tip)0)

/* No such tree node. */
#define SIM_NO_TIP ((sim_tip)UINT32_MAX)

struct sim_log_tree;

/* A list of logs. */
struct sim_tips {
    sim_tip *items;
    size_t count;
    size_t capacity;
};

void sim_tips_add(struct sim_tips *tips, sim_tip tip);
void sim_tips_free(struct sim_tips *tips);

/* An empty tree. Running out of memory ends the process with a message: a
 * simulator has nothing to save (see sim/memory.h). */
struct sim_log_tree *sim_log_tree_new(void);
void sim_log_tree_free(struct sim_log_tree *tree);

/* The tree node for `entry` after `parent`: the one that exists, or a new one,
 * with a copy of the payload. `*created` (may be NULL) says which. */
sim_tip sim_log_tree_append(struct sim_log_tree *tree, sim_tip parent,
                            const struct sim_entry *entry, bool *created);

/* The entry's place. {0, 0} for the root. */
struct sim_position sim_log_tree_position(const struct sim_log_tree *tree,
                                          sim_tip tip);

/* The entry itself; its data is valid until it is let go. Omitted only if it
 * never came with its payload. `tip` is not the root. */
struct sim_entry sim_log_tree_entry(const struct sim_log_tree *tree,
                                    sim_tip tip);

/* SIM_NO_TIP if that was let go. */
sim_tip sim_log_tree_parent(const struct sim_log_tree *tree, sim_tip tip);

/* The ancestor of `tip`, itself included, at `index`; SIM_NO_TIP if `index` is
 * beyond it, or below that of the base, and not 0. */
sim_tip sim_log_tree_ancestor(const struct sim_log_tree *tree, sim_tip tip,
                              uint64_t index);

/* Whether the log `tip` begins with the log `prefix` (equal logs do). */
bool sim_log_tree_contains(const struct sim_log_tree *tree, sim_tip tip,
                           sim_tip prefix);

/* Another tree node with the same index and term as `tip`, SIM_NO_TIP if there
 * is none. One that exists is a breach of the Log Matching Property. */
sim_tip sim_log_tree_twin(const struct sim_log_tree *tree, sim_tip tip);

/* The last configuration entry of the log `tip`: itself, or the nearest
 * ancestor of that kind; the root if there is none. O(1). */
sim_tip sim_log_tree_configuration(const struct sim_log_tree *tree,
                                   sim_tip tip);

/* The last index up to which the logs `a` and `b` are the same. */
uint64_t sim_log_tree_common(const struct sim_log_tree *tree, sim_tip a,
                             sim_tip b);

/* How many tree nodes there ever were, the root included: the number of the
 * next. */
uint32_t sim_log_tree_count(const struct sim_log_tree *tree);

/* --- the past --------------------------------------------------------------
 */

/* Lets go what lies below `base`, a log that contains the base of before. A
 * tree node is created after its parent: all that follow on `base` have higher
 * numbers, so what has a lower one is of no log that goes on from there.
 *
 * From then on the tree may be asked
 *   - everything, of `base` and of what contains it;
 *   - place, contains() and common(), of the root, and of each of `asked`,
 *     whatever it is; of those that end above the base also who their twin is;
 *   - place and entry of the configuration in force in `base`.
 * About others nothing may be asked, and no log may go on from where `base` is
 * not contained. Two of `asked` that both leave the log of `base` count as if
 * they left each other there.
 *
 * It takes time in proportion to what is let go and what is left above. */
void sim_log_tree_reclaim(struct sim_log_tree *tree, sim_tip base,
                          const struct sim_tips *asked);

/* That base; the root if nothing was let go so far. */
sim_tip sim_log_tree_base(const struct sim_log_tree *tree);

#endif
