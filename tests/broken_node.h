/* Raft nodes with one defect each, to see that the simulator finds it.
 *
 * A broken node is the node of sim/raft_node.h with something between it and
 * the simulator: what it is created from, what it is told, what it answers, or
 * what it shows of itself is not what it should be. Raft's own code is the one
 * that everybody runs. A cluster of a broken type has the defect at every node.
 *
 * Each is like a mistake that people make. The comment says which, and so which
 * promise of Raft, or of a node to the simulator, is broken.
 */
#ifndef TESTS_BROKEN_NODE_H
#define TESTS_BROKEN_NODE_H

#include "sim/node.h"

struct broken_node;

/* What is done to a node; NULL where nothing is. */
struct broken_type {
    struct sim_node_type base;
    /* Alters what the node is created from; false: create() gives NULL. */
    bool (*image)(struct sim_image *image);
    /* Alters an input; false: the node never gets it. */
    bool (*input)(struct broken_node *self, struct sim_input *input);
    /* Alters the answer to `input`, which is the one that the node got. */
    void (*outputs)(struct broken_node *self, const struct sim_input *input);
    /* Alters what the node shows. */
    void (*view)(const struct broken_node *self, struct sim_view *view);
    /* What step() says to a timer. */
    enum sim_node_status timer_status;
};

/* --- Election Safety ------------------------------------------------------ */

/* Counts every answer to its vote request as a vote. */
extern const struct broken_type broken_counts_refusals;

/* --- Leader Append-Only --------------------------------------------------- */

/* A leader puts each command in the place of its last entry. */
extern const struct broken_type broken_leader_overwrites;

/* --- Log Matching --------------------------------------------------------- */

/* A follower stores commands with a bit flipped. */
extern const struct broken_type broken_flips_a_bit;

/* A follower lacks in memory the last entry that it wrote. */
extern const struct broken_type broken_lags_its_disk;

/* A follower appends at its log's end, whatever entry the leader says should be
 * before: no consistency check (paper, 5.3). */
extern const struct broken_type broken_appends_anywhere;

/* --- Leader Completeness -------------------------------------------------- */

/* A voter does not compare the candidate's log with its own (5.4.1). */
extern const struct broken_type broken_ignores_candidates_log;

/* A leader commits entries of older terms by counting replicas (5.4.2). */
extern const struct broken_type broken_counts_old_terms;

/* --- State Machine Safety ------------------------------------------------- */

/* Gives its state machine commands with a bit flipped. */
extern const struct broken_type broken_applies_another_command;

/* Applies entries when it stores them. */
extern const struct broken_type broken_applies_uncommitted;

/* --- One Vote per Term ---------------------------------------------------- */

/* Does not read its vote from the disk. */
extern const struct broken_type broken_forgets_its_vote;

/* Grants every vote that it is asked for in its term. */
extern const struct broken_type broken_votes_for_all;

/* --- Monotonic Term ------------------------------------------------------- */

/* Takes its term from its last entry when it starts. */
extern const struct broken_type broken_forgets_its_term;

/* --- Monotonic Commit Index ----------------------------------------------- */

/* A follower follows the leader's commit index backwards, as it stands in late
 * messages. */
extern const struct broken_type broken_commit_goes_back;

/* A follower takes the leader's commit index for its own, however short its own
 * log is. */
extern const struct broken_type broken_commit_runs_ahead;

/* --- Durable before Acknowledged ------------------------------------------ */

/* Does not wait for its disk before it grants a vote; asks for votes; says that
 * it has stored entries. */
extern const struct broken_type broken_hasty_vote;
extern const struct broken_type broken_hasty_candidate;
extern const struct broken_type broken_hasty_follower;

/* --- Committed on a Quorum ------------------------------------------------ */

/* A leader takes each answer of a follower to mean that it has stored all. */
extern const struct broken_type broken_counts_unsent;

/* --- Progress ------------------------------------------------------------- */

/* Ignores its timers; ignores its clients; does not apply what it follows. */
extern const struct broken_type broken_ignores_timers;
extern const struct broken_type broken_ignores_clients;
extern const struct broken_type broken_followers_never_apply;

/* --- the contract of sim/node.h ------------------------------------------- */

extern const struct broken_type broken_skips_a_write_id;
extern const struct broken_type broken_writes_with_a_gap;
extern const struct broken_type broken_truncates_beyond_its_log;
extern const struct broken_type broken_sends_to_itself;
extern const struct broken_type broken_sends_to_nobody;
extern const struct broken_type broken_sends_to_a_stranger; /* n_nodes + 1 */
extern const struct broken_type broken_waits_for_a_future_write;
extern const struct broken_type broken_skips_an_apply;
extern const struct broken_type broken_accepts_unasked;
extern const struct broken_type broken_rejects_unasked;
extern const struct broken_type broken_answers_another; /* than was asked */
extern const struct broken_type broken_answers_twice;
extern const struct broken_type broken_refuses_timers;
extern const struct broken_type broken_finds_no_memory;  /* at a timer */
extern const struct broken_type broken_refuses_to_start; /* but not anew */

/* Writes hard state and log one after the other, in one step. All else about
 * its writes is as it should be. */
extern const struct broken_type broken_writes_twice;

#endif
