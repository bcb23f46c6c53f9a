/* A cluster on paper: what the suites of the checker share.
 *
 * There is no Raft in it. A test writes down, step by step, what servers have
 * in memory and on disk and what they say, and tells the checker; so it can
 * write a history that breaks exactly one property, and the same one made
 * correct. Servers are honest about their members unless a test lies for them.
 */
#ifndef TESTS_CHECKER_HARNESS_H
#define TESTS_CHECKER_HARNESS_H

#include "sim/checker.h"

/* Instead of a property: that none is broken. */
#define HOLDS SIM_PROPERTY_COUNT

struct paper_server {
    struct sim_view view;
    struct sim_configuration members; /* what it says of them */
    bool stranger; /* says nobody as long as its log has no configuration */
    bool tells;    /* says it in every step, not only when that changes */
    sim_tip tip;
    sim_tip durable;
    struct sim_hard_state disk;
};

struct paper {
    struct sim_log_tree *tree;
    struct sim_memberships *memberships;
    struct sim_checker *checker;
    uint32_t n_nodes;
    uint64_t step;
    struct paper_server servers[SIM_MAX_NODES + 1];
};

/* --- the cluster ---------------------------------------------------------- */

/* `n_nodes` servers that are not up; those of `initial` are the members. */
struct paper *paper_new(uint32_t n_nodes,
                        const struct sim_configuration *initial);

/* `n_nodes` servers that never ran, all voters, up. */
struct paper *paper_start(uint32_t n_nodes);

/* The same, of the members `initial`; the others are strangers. */
struct paper *paper_start_of(uint32_t n_nodes,
                             const struct sim_configuration *initial);

/* Node 1 leads term 1 of a cluster of three, with the entries "a", "b" and "c"
 * on all disks, committed up to `committed` by itself. */
struct paper *paper_start_with_leader(uint64_t committed);

/* The end of a history: `property` was broken, or HOLDS. */
void paper_finish(struct paper *c, enum sim_property property);

/* --- servers -------------------------------------------------------------- */

/* Begins a life from what is on the disk. */
void paper_boot(struct paper *c, uint32_t id);
/* With what its record says: view, members, tip. */
void paper_boot_as_it_is(struct paper *c, uint32_t id);
void paper_crash(struct paper *c, uint32_t id);
void paper_restart(struct paper *c, uint32_t id);

/* A step of node `id` to what its record says now, with `output` or none. */
void paper_observe(struct paper *c, uint32_t id, sim_tip tip_before,
                   const struct sim_output *output);

/* All that node `id` wrote so far is durable. */
void paper_store(struct paper *c, uint32_t id);

/* --- elections ------------------------------------------------------------ */

void paper_become(struct paper *c, uint32_t id, enum sim_role role,
                  uint64_t term, uint32_t vote);
void paper_follow(struct paper *c, uint32_t id, uint64_t term);
void paper_vote(struct paper *c, uint32_t id, uint64_t term,
                uint32_t candidate);
/* Votes for itself, stores that, and leads. */
void paper_elect(struct paper *c, uint32_t id, uint64_t term);

/* --- logs ----------------------------------------------------------------- */

/* The log `tip` and a command, or a configuration. */
sim_tip paper_extend(struct paper *c, sim_tip tip, uint64_t term,
                     const char *command);
sim_tip paper_configure(struct paper *c, sim_tip tip, uint64_t term,
                        const struct sim_configuration *members);

/* Node `id` holds the log `tip` from now on, and shows the members by it;
 * paper_observe() has to follow. */
void paper_set_log(struct paper *c, uint32_t id, sim_tip tip);

/* The same, with the step. */
void paper_hold(struct paper *c, uint32_t id, sim_tip tip);

/* A command, or a configuration, into the log of node `id`, with its own term.
 */
void paper_append(struct paper *c, uint32_t id, const char *command);
void paper_change(struct paper *c, uint32_t id,
                  const struct sim_configuration *members);

/* Node `to` takes over the log and the term of `from`, and makes both durable.
 */
void paper_replicate(struct paper *c, uint32_t from, uint32_t to);

/* --- commits -------------------------------------------------------------- */

void paper_commit(struct paper *c, uint32_t id, uint64_t index);

/* It holds its log committed so far, and applies that entry. */
void paper_apply(struct paper *c, uint32_t id, uint64_t index,
                 struct sim_entry entry);
void paper_apply_own(struct paper *c, uint32_t id, uint64_t index);

/* --- messages ------------------------------------------------------------- */

void paper_send(struct paper *c, uint32_t id, uint32_t to,
                struct sim_message message);
void paper_grant(struct paper *c, uint32_t id, uint32_t to, uint64_t term);
void paper_acknowledge(struct paper *c, uint32_t id, uint32_t to, uint64_t term,
                       uint64_t match);

#endif
