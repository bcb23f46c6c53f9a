/* Situations worth reaching, recognised and counted.
 *
 * A property that holds says little if nothing ever came near to breaking it.
 * So the places where Raft is difficult have names here: the split vote, the
 * conflict that truncates, the joint configuration that outlives its leader.
 * They are recognised from what the checkers see as well: a step's cause, the
 * node's view before and after, its outputs, the messages' kinds and places,
 * the disks, the members. What a node does not say (why it refuses) is
 * concluded from that, and where it can't be, the situation is not counted.
 *
 * It only watches: it holds no node, draws no random number, takes no memory
 * after sim_situations_new(), and the run's hash is the same without it. A call
 * costs a few comparisons; what takes more (log n for an ancestor, n for a look
 * at all nodes) is done at elections, refusals and truncations.
 *
 * The order of calls is that of sim/checker.h: boot, step, durable, send,
 * crash; and besides, start before a boot or in its place, rot, jump and cut.
 */
#ifndef SIM_SITUATIONS_H
#define SIM_SITUATIONS_H

#include "sim/checker.h"

/* What each is, and where it is in the paper or the dissertation, is said by
 * sim_situation_text(). */
enum sim_situation {
    /* Elections. */
    SIM_SPLIT_VOTE,
    SIM_VOTE_REFUSED_FOR_OLDER_LOG,
    SIM_VOTE_REFUSED_AS_GIVEN,
    SIM_PRE_VOTE_REFUSED,
    SIM_ELECTION_BY_BARE_MAJORITY,
    SIM_LEADER_BESIDE_OLDER_LEADER,
    SIM_LEADER_DEPOSED_BY_CHECK_QUORUM,
    SIM_LEADER_DEPOSED_BY_HIGHER_TERM,
    SIM_CANDIDATE_YIELDS_TO_LEADER,
    SIM_PRE_CANDIDATE_YIELDS_TO_LEADER,
    SIM_CANDIDATE_OVERTAKEN,
    SIM_LATE_VOTE,
    /* Replication. */
    SIM_TRUNCATION,
    SIM_TRUNCATION_OF_SEVERAL,
    SIM_BACK_OFF_IN_STEPS,
    SIM_OLD_ENTRY_COMMITTED_BY_NEW,
    SIM_COMMIT_BEFORE_OWN_DISK,
    SIM_COMMIT_BY_OWN_DISK,
    SIM_APPEND_REPEATED,
    SIM_APPEND_BELOW_COMMIT,
    SIM_APPEND_BEYOND_END,
    SIM_APPEND_OF_DEPOSED_LEADER,
    SIM_WINDOW_FULL,
    SIM_BACK_PRESSURE,
    /* Snapshots. */
    SIM_SNAPSHOT_MADE,
    SIM_SNAPSHOT_INSTALLED,
    SIM_SNAPSHOT_INSTALLED_IN_CHUNKS,
    SIM_SNAPSHOT_INSTALLED_AFTER_CRASH,
    SIM_SNAPSHOT_CONTINUED_BY_NEXT_LEADER,
    SIM_SNAPSHOT_SUPERSEDED,
    SIM_SNAPSHOT_NOT_NEEDED,
    SIM_SNAPSHOT_TWICE_IN_A_ROW,
    SIM_LOG_COMPACTED_WHILE_SENDING,
    SIM_RESTART_FROM_SNAPSHOT,
    SIM_SNAPSHOT_LOST_IN_CRASH,
    /* Members. */
    SIM_JOINT_ENTERED,
    SIM_JOINT_LEFT,
    SIM_JOINT_LEFT_BY_LATER_LEADER,
    SIM_JOINT_SPANS_LEADER_CHANGE,
    SIM_JOINT_ROLLED_BACK,
    SIM_CONFIGURATION_ROLLED_BACK,
    SIM_CHANGE_REFUSED_BEFORE_NO_OP,
    SIM_CHANGE_REFUSED_AS_PENDING,
    SIM_LEARNER_PROMOTED,
    SIM_PROMOTION_REFUSED,
    SIM_LEADER_REMOVES_ITSELF,
    SIM_REMOVED_LEADER_HANDS_OVER,
    SIM_OUTSIDER_CAMPAIGNS_IN_VAIN,
    SIM_STRANGER_GETS_FIRST_ENTRIES,
    SIM_LEADER_OF_UNCOMMITTED_MEMBERS,
    SIM_WITNESS_DECIDES_VOTE,
    SIM_WITNESS_DECIDES_COMMIT,
    /* Reads, sessions, transfer. */
    SIM_READ_CONFIRMED_BY_ROUND,
    SIM_READ_REFUSED_WITHOUT_QUORUM,
    SIM_READ_REFUSED_LEADER_LOST,
    SIM_READ_WAITS_FOR_NO_OP,
    SIM_READ_FORWARDED,
    SIM_FORWARDED_READ_LOST,
    SIM_LEASE_READ_SERVED,
    SIM_LEASE_READ_ASKS,
    SIM_SESSION_OPENED,
    SIM_SESSION_EXPIRED,
    SIM_RETRY_REPEATED,
    SIM_COMMAND_OF_EXPIRED_SESSION,
    SIM_TRANSFER_SUCCEEDED,
    SIM_TRANSFER_ABORTED,
    SIM_TRANSFER_TARGET_BEHIND,
    SIM_PROPOSAL_REFUSED_IN_TRANSFER,
    SIM_TAKEOVER_BY_PRIORITY,
    /* Storage, clocks, links. */
    SIM_VOTE_STORED_BUT_NEVER_SENT,
    SIM_VOTE_LOST_IN_CRASH,
    SIM_WRITES_PARTLY_SURVIVE,
    SIM_WRITES_LOST,
    SIM_FORMER_LEADER_RESTARTS,
    SIM_ALL_DOWN,
    SIM_CLOCK_JUMP_FIRES_TIMER,
    SIM_MAIL_TO_LATER_LIFE,
    SIM_MAIL_OF_EARLIER_LIFE,
    SIM_MAIL_AFTER_CUT,
    SIM_WRITE_FAILED_AT_LEADER,
    SIM_VOTE_WRITE_FAILED,
    SIM_TORN_ENTRY_DROPPED,
    SIM_LOG_VOID_AFTER_CRASH,
    SIM_START_REFUSED_BY_ROT,
    SIM_ROT_OVERWRITTEN_UNSEEN,
    SIM_SITUATION_COUNT
};

/* "split_vote": the name in summaries. */
const char *sim_situation_name(enum sim_situation situation);

/* One sentence for people, with its source: "Two candidates … (paper, 5.2)." */
const char *sim_situation_text(enum sim_situation situation);

/* The heading that begins with this situation ("Elections"), or NULL. */
const char *sim_situation_heading(enum sim_situation situation);

/* One step as it is seen here. */
struct sim_situation_step {
    const struct sim_observation *seen; /* what the checker got */
    const struct sim_input *input;
    const struct sim_message *message; /* of a MESSAGE; else NULL */
    uint64_t posted_us; /* virtual time at which that left its sender */
};

struct sim_situations;

/* `tree` holds the logs; it and the memberships outlive the situations.
 * `lease_reads`: as in the nodes' options. */
struct sim_situations *sim_situations_new(const struct sim_log_tree *tree,
                                          struct sim_memberships *memberships,
                                          uint32_t n_nodes, bool lease_reads);
void sim_situations_free(struct sim_situations *situations);

/* What a start finds on the disk. */
struct sim_situation_start {
    bool torn;     /* a record that was being written; it is dropped */
    bool rotten;   /* a record that is not what it was: the start is refused */
    bool void_log; /* entries that the snapshot made void */
};

/* `node` is about to begin a life, or to be refused one. */
void sim_situations_start(struct sim_situations *situations, uint32_t node,
                          const struct sim_situation_start *start);

/* A life of `node` begins: as sim_checker_boot(). */
void sim_situations_boot(struct sim_situations *situations, uint32_t node,
                         uint64_t time_us, sim_tip durable,
                         struct sim_hard_state hard_state,
                         const struct sim_view *view,
                         const struct sim_configuration *members);

/* After sim_checker_step(). */
void sim_situations_step(struct sim_situations *situations,
                         const struct sim_situation_step *step);

/* As sim_checker_durable(). After a crash it is what survived it. */
void sim_situations_durable(struct sim_situations *situations, uint32_t node,
                            sim_tip durable, struct sim_hard_state hard_state);

/* As sim_checker_send(). */
void sim_situations_send(struct sim_situations *situations, uint32_t node,
                         uint32_t to, const struct sim_message *message);

/* The disk of `node` has something rotten from now on, or nothing any more. */
void sim_situations_rot(struct sim_situations *situations, uint32_t node,
                        bool rotten);

/* `node` is about to crash: its disk is as it was told last. */
void sim_situations_crash(struct sim_situations *situations, uint32_t node);

/* The clock of `node` jumps forward at `time_us`. */
void sim_situations_jump(struct sim_situations *situations, uint32_t node,
                         uint64_t time_us);

/* A message was lost because nothing passes from `from` to `to`. */
void sim_situations_cut(struct sim_situations *situations, uint32_t from,
                        uint32_t to);

/* How often it was reached so far. */
uint64_t sim_situations_count(const struct sim_situations *situations,
                              enum sim_situation situation);

/* Adds the logs that situations will still ask about, but for those of servers
 * in `gone`, which never start again. */
void sim_situations_tips(const struct sim_situations *situations,
                         const struct sim_set *gone, struct sim_tips *tips);

#endif
