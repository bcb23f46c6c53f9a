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
    bool (*image)(struct broken_node *self, struct sim_image *image);
    /* Alters an input; false: the node never gets it. */
    bool (*input)(struct broken_node *self, struct sim_input *input);
    /* Alters the answer to `input`, which is the one that the node got. */
    void (*outputs)(struct broken_node *self, const struct sim_input *input);
    /* Alters what the node shows. */
    void (*view)(const struct broken_node *self, struct sim_view *view);
    void (*members)(const struct broken_node *self,
                    struct sim_configuration *members);
    /* Inputs that never reach the node: 1 << SIM_INPUT_… each. */
    uint32_t deaf_to;
    /* What step() says to a timer. */
    enum sim_node_status timer_status;
    /* Asks for a timer when a write failed, and it stops. */
    bool answers_when_it_stops;
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
 * it has stored entries; says that it has stored a snapshot. */
extern const struct broken_type broken_hasty_vote;
extern const struct broken_type broken_hasty_candidate;
extern const struct broken_type broken_hasty_follower;
extern const struct broken_type broken_hasty_installer;

/* Takes a write that failed for one that is durable. */
extern const struct broken_type broken_goes_on_when_a_write_fails;

/* --- Committed on a Quorum ------------------------------------------------ */

/* A leader takes each answer of a follower to mean that it has stored all. */
extern const struct broken_type broken_counts_unsent;

/* A leader counts learners as voters (dissertation, 4.2.1). */
extern const struct broken_type broken_counts_learners;

/* --- One Change at a Time ------------------------------------------------- */

/* A leader appends each change twice. */
extern const struct broken_type broken_changes_twice;

/* A leader takes changes while another is not committed (4.1), or nothing of
 * its own term is (the correction of 2015). */
extern const struct broken_type broken_accepts_every_change;

/* A leader's first entry is a configuration, the one in force, not a no-op. */
extern const struct broken_type broken_leads_with_a_change;

/* --- Configuration Matches Log -------------------------------------------- */

/* Goes by the latest configuration that is committed, not by the latest (4.1);
 * or shows its members, but the right place. */
extern const struct broken_type broken_goes_by_committed_members;
extern const struct broken_type broken_shows_committed_members;

/* Does not go back to the members before when a change is truncated. */
extern const struct broken_type broken_keeps_truncated_members;

/* Restarts with other members than its snapshot tells: the first numbers. */
extern const struct broken_type broken_comes_back_with_others;

/* --- Snapshot of Committed Entries ---------------------------------------- */

/* Says that the snapshot stands for its whole log. */
extern const struct broken_type broken_snapshots_its_whole_log;

/* Snapshots finish one after the next one. */
extern const struct broken_type broken_snapshot_is_overtaken;

/* --- Snapshot Equals Replay ----------------------------------------------- */

/* Flips a bit of an image when it is handed over; when it is restored. */
extern const struct broken_type broken_keeps_another_image;
extern const struct broken_type broken_restores_another_image;

/* Puts the first image that it got into all later snapshots. */
extern const struct broken_type broken_keeps_the_first_image;

/* Leaves the members out; puts those in force now in the place of those of the
 * snapshot. */
extern const struct broken_type broken_snapshots_no_members;
extern const struct broken_type broken_snapshots_the_latest_members;

/* --- Exactly Once --------------------------------------------------------- */

/* Takes repeated commands as new; those of closed sessions; closes no session
 * as a follower; comes back from a snapshot without sessions (6.3). */
extern const struct broken_type broken_applies_repetitions;
extern const struct broken_type broken_uses_closed_sessions;
extern const struct broken_type broken_closes_no_session;
extern const struct broken_type broken_forgets_its_sessions;

/* --- Linearizability ------------------------------------------------------ */

/* Every server, or every leader, answers reads without asking anybody (6.4). */
extern const struct broken_type broken_reads_at_once;
extern const struct broken_type broken_leader_reads_at_once;

/* A follower has the leader's word, but does not wait until it has applied as
 * much. */
extern const struct broken_type broken_reads_before_it_applied;

/* Tells for each command the place before its own: the client is answered when
 * the command before it is applied. */
extern const struct broken_type broken_tells_the_place_before;

/* --- Progress ------------------------------------------------------------- */

/* Ignores its timers; refuses its clients; does not apply what it follows. */
extern const struct broken_type broken_ignores_timers;
extern const struct broken_type broken_refuses_clients;
extern const struct broken_type broken_followers_never_apply;

/* Hears nothing any more once it has committed a hundred entries. */
extern const struct broken_type broken_goes_deaf;

/* Does not hear that a write failed, and waits for it for ever. */
extern const struct broken_type broken_ignores_failed_writes;

/* --- nothing is broken ---------------------------------------------------- */

/* Never answers a read. Clients take it as silence and ask again. */
extern const struct broken_type broken_loses_reads;

/* --- the contract of sim/node.h: steps, writes and sends ------------------ */

extern const struct broken_type broken_skips_a_write_id;
extern const struct broken_type broken_writes_with_a_gap;
extern const struct broken_type broken_truncates_beyond_its_log;
extern const struct broken_type broken_truncates_before_its_log;
extern const struct broken_type broken_drops_beyond_its_snapshot;
extern const struct broken_type broken_drops_without_a_snapshot;
extern const struct broken_type broken_snapshots_no_log;
extern const struct broken_type broken_keeps_a_log_of_another_past;
extern const struct broken_type broken_sends_to_itself;
extern const struct broken_type broken_sends_to_nobody;
extern const struct broken_type broken_sends_to_a_stranger; /* n_nodes + 1 */
extern const struct broken_type broken_waits_for_a_future_write;
extern const struct broken_type broken_refuses_timers;
extern const struct broken_type broken_finds_no_memory; /* at a timer */
extern const struct broken_type broken_stops_by_itself; /* the same */
extern const struct broken_type broken_answers_when_it_stops;
extern const struct broken_type broken_refuses_to_start; /* but not anew */

/* Writes hard state and log one after the other, in one step. All else about
 * its writes is as it should be. */
extern const struct broken_type broken_writes_twice;

/* --- the contract of sim/node.h: answers and states ----------------------- */

extern const struct broken_type broken_ignores_clients;
extern const struct broken_type broken_ignores_sessions;
extern const struct broken_type broken_ignores_changes;
extern const struct broken_type broken_ignores_transfers;
extern const struct broken_type broken_accepts_unasked;
extern const struct broken_type broken_rejects_unasked;
extern const struct broken_type broken_answers_another; /* than was asked */
extern const struct broken_type broken_answers_twice;
extern const struct broken_type broken_accepts_and_rejects;
extern const struct broken_type broken_accepts_reads; /* as if proposed */
extern const struct broken_type broken_rejects_reads_twice;
extern const struct broken_type broken_is_ready_twice;
extern const struct broken_type broken_is_ready_unasked;
extern const struct broken_type broken_is_ready_too_early;
extern const struct broken_type broken_is_ready_and_rejects;
extern const struct broken_type broken_skips_an_apply;
extern const struct broken_type broken_applies_without_payload;
extern const struct broken_type broken_stores_no_payload; /* no witness */
extern const struct broken_type broken_applies_what_it_restored;
extern const struct broken_type broken_skips_a_restore;
extern const struct broken_type broken_restores_again; /* after an APPLY */
extern const struct broken_type broken_restores_no_log;
extern const struct broken_type broken_restores_no_image;
extern const struct broken_type broken_restores_half_an_image;

#endif
