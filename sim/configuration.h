/* Who is a member of the cluster, and which sets of members decide.
 *
 * A configuration is joint while old voters are in it: then both the voters and
 * the old voters need a majority of their own (dissertation, 4.3).
 */
#ifndef SIM_CONFIGURATION_H
#define SIM_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Nodes are numbered from 1. 0 means "none". */
#define SIM_NONE 0u

/* Room for clusters of 101, as a round number of 64-bit words in a set. */
#define SIM_MAX_NODES 128u

/* A set of nodes. All zero is the empty one. */
struct sim_set {
    uint64_t words[SIM_MAX_NODES / 64];
};

static inline bool sim_set_has(const struct sim_set *set, uint32_t node)
{
    return (set->words[(node - 1) / 64] >> ((node - 1) % 64) & 1) != 0;
}

static inline void sim_set_add(struct sim_set *set, uint32_t node)
{
    set->words[(node - 1) / 64] |= UINT64_C(1) << ((node - 1) % 64);
}

static inline void sim_set_remove(struct sim_set *set, uint32_t node)
{
    set->words[(node - 1) / 64] &= ~(UINT64_C(1) << ((node - 1) % 64));
}

bool sim_set_equal(const struct sim_set *a, const struct sim_set *b);
bool sim_set_is_empty(const struct sim_set *set);
uint32_t sim_set_count(const struct sim_set *set);
struct sim_set sim_set_union(const struct sim_set *a, const struct sim_set *b);

/* Those of `a` that are not in `b`. */
struct sim_set sim_set_without(const struct sim_set *a,
                               const struct sim_set *b);

/* Whether more than half of `of` are in `set`; never if `of` is empty. */
bool sim_set_has_majority(const struct sim_set *set, const struct sim_set *of);

struct sim_configuration {
    struct sim_set voters;
    struct sim_set old_voters; /* of the configuration that is being left */
    struct sim_set learners;
    struct sim_set witnesses;          /* among the voters and old voters */
    uint8_t priorities[SIM_MAX_NODES]; /* of node i + 1; 0: none set */
};

/* Voters 1 to n, and nobody else. */
struct sim_configuration sim_configuration_of(uint32_t n);

bool sim_configuration_equal(const struct sim_configuration *a,
                             const struct sim_configuration *b);
bool sim_configuration_is_joint(const struct sim_configuration *configuration);
bool sim_configuration_is_empty(const struct sim_configuration *configuration);

/* Whether `node` is a voter or an old voter. */
bool sim_configuration_is_voter(const struct sim_configuration *configuration,
                                uint32_t node);

/* Voters, old voters and learners. */
struct sim_set
sim_configuration_members(const struct sim_configuration *configuration);

/* Whether `set` holds a majority of the voters, and one of the old voters if
 * there are any. False if there are no voters. */
bool sim_configuration_is_quorum(const struct sim_configuration *configuration,
                                 const struct sim_set *set);

/* What of `next` does not follow from `former`; NULL if it does: one voter
 * changes (dissertation, 4.1), or a joint configuration is entered with the
 * former voters as its old ones, or left for its new ones (4.3). A literal. */
const char *sim_configuration_misstep(const struct sim_configuration *former,
                                      const struct sim_configuration *next);

/* Long enough for any configuration, its NUL included. */
#define SIM_CONFIGURATION_TEXT_SIZE 2048u

/* "1, 2, 3 and learner 4"; a joint one: "1, 2, 3 with 3, 4, 5 as old ones";
 * with a witness: "1, 2, 3 (3 is a witness)"; "1 to 9, 11" where more than five
 * follow each other; "nobody". Priorities are not told. `text` has room for
 * SIM_CONFIGURATION_TEXT_SIZE bytes. */
void sim_configuration_describe(const struct sim_configuration *configuration,
                                char *text);

#ifdef __cplusplus
}
#endif

#endif
