/* The checker's memory, and what its files call of each other.
 *
 *   checker.c           a life's calls in order, and the questions
 *   checker_leader.c    elections: Election Safety, Leader Append-Only, Leader
 *                       Completeness of a new leader
 *   checker_log.c       logs: Log Matching
 *   checker_members.c   members: Configuration Matches Log, One Change at a
 *                       Time
 *   checker_commit.c    commits: Monotonic Commit, State Machine Safety, Leader
 *                       Completeness of a late commit
 *   checker_quorum.c    disks that hold what is committed: Committed on a
 *                       Quorum
 *   checker_apply.c     state machines: State Machine Safety
 *   checker_sessions.c  clients' sessions: Exactly Once
 *   checker_snapshot.c  snapshots: Snapshot of Committed, Snapshot Equals
 *                       Replay
 *   checker_disk.c      promises: One Vote per Term, Monotonic Term, Durable
 *                       before Acknowledged
 *   checker_reclaim.c   what no check will ask for any more
 *   checker_report.c    names and words
 *
 * A function that checks returns whether all holds; when it does not, the
 * violation is kept and the caller returns at once.
 */
#ifndef SIM_CHECKER_INTERNAL_H
#define SIM_CHECKER_INTERNAL_H

#include "sim/checker.h"
#include "sim/window.h"

/* What is known of one node. */
struct checker_node {
    bool alive;
    /* In its memory, as of the last call. Of no meaning while it is down. */
    sim_tip tip;
    sim_tip before;           /* `tip` when the step began that is looked at */
    struct sim_position last; /* the place of `tip` */
    sim_tip configuration;    /* the last configuration entry of `tip` */
    struct sim_position configured; /* the place of that */
    bool knows_start;               /* it showed the members of the empty log */
    uint64_t term;
    uint64_t commit_index;
    uint64_t applied;  /* what its state machine has: by entries or by image */
    uint64_t snapshot; /* the index of the latest one that it wrote or had */
    /* On its disk. */
    sim_tip durable;
    bool knew_start;       /* at its last boot */
    uint64_t had_snapshot; /* `snapshot` at its last boot */
    struct sim_hard_state hard_state;
    /* The last vote that was durable or acted upon: what can never be taken
     * back. A vote that was only in memory and died with it does not count. */
    struct sim_hard_state vote;
};

/* The leader of a term, until no server can be in that term any more. */
struct checker_election {
    uint64_t term;
    uint64_t time_us;
    uint32_t node;
    sim_tip elected_tip; /* its log when it was elected */
    sim_tip tip;         /* its log when it was last seen as leader of `term` */
};

/* A state machine's state after an entry, and whose it was. */
struct checker_state {
    uint64_t hash;
    uint32_t node;
};

/* A session of a client, by the entry that opened it. */
struct checker_session {
    uint64_t name;   /* the index of that entry */
    uint64_t closed; /* the session that was closed for it, or 0 */
    uint64_t latest; /* the highest sequence that was applied in it, or 0 */
    bool open;
};

/* A committed entry. */
struct checker_commit {
    uint64_t term; /* the lowest term in which a node held it committed; along
                      the path these terms never decrease, because to commit an
                      entry is to commit all before it */
    sim_tip tip;
    uint32_t node; /* the first that held it committed in `term` */
};

/* The configurations by which an entry may have been found committed: the one
 * in force in the log that a node has after a step, and the one in force in the
 * log that it had before, or NULL. A leader that commits something and appends
 * a configuration in the same step may have counted by either. */
struct checker_ruling {
    const struct sim_configuration *after;
    const struct sim_configuration *before;
};

struct sim_checker {
    struct sim_log_tree *tree;
    struct sim_memberships *memberships;
    uint32_t n_nodes;
    struct checker_node *nodes; /* by id; [SIM_NONE] is unused */
    struct sim_set witnesses;   /* by any configuration that a log had so far:
                                   who is one stays one */

    struct checker_election *elections; /* by rising term, one a term */
    size_t n_elections;
    size_t elections_capacity;

    /* By index. What lies below the first one is gone: the log tree's base is
     * the first then, and every log contains it. */
    struct sim_window committed; /* struct checker_commit, from 1 on */
    uint64_t n_committed;        /* the highest index */
    struct checker_commit root;  /* of the empty log */
    uint64_t first_term; /* of committed[1], once that is gone, and for good: no
                            server can be in a lower term then */
    struct checker_ruling ruling; /* who decided about the highest one */

    struct sim_window verdicts; /* by index: uint8_t, which is an enum
                                   sim_verdict_of_session, as the sessions say
                                 */
    uint64_t n_applied;         /* the highest index that any node applied */
    struct checker_session *sessions; /* that were opened, by rising name; those
                                         that were closed long ago may be gone
                                       */
    size_t n_sessions;
    size_t sessions_capacity;

    struct sim_window states; /* by index: struct checker_state, as first seen
                               */
    uint64_t n_states;        /* the highest index */

    uint32_t n_judged; /* tree nodes with lower numbers were compared */

    uint64_t step;
    uint64_t time_us;
    bool hidden[SIM_PROPERTY_COUNT]; /* see sim_property_hidden() */
    uint64_t evaluated[SIM_PROPERTY_COUNT];
    bool violated;
    struct sim_violation violation;
};

/* Whether what is known of `index` was let go. The empty log never is. */
static inline bool checker__is_gone(const struct sim_checker *checker,
                                    uint64_t index)
{
    return index < checker->committed.first && index > 0;
}

/* `index`, or the lowest above it that is still known: a log that has the
 * committed entry there has all the committed ones before it. */
static inline uint64_t checker__known(const struct sim_checker *checker,
                                      uint64_t index)
{
    return checker__is_gone(checker, index) ? checker->committed.first : index;
}

/* What is committed at `index`, which is not gone. Valid until the next
 * commit. */
static inline const struct checker_commit *
checker__committed(const struct sim_checker *checker, uint64_t index)
{
    return index == 0 ? &checker->root
                      : sim_window_at(&checker->committed, index,
                                      sizeof(struct checker_commit));
}

/* A comparison that may fail is about to be made. */
static inline void checker__count(struct sim_checker *checker,
                                  enum sim_property property)
{
    checker->evaluated[property]++;
}

/* --- checker_leader.c ---------------------------------------------------- */

/* Node `id`, with the log `tip` now and the one in its record before, is leader
 * of `term` after a step. */
bool checker__leader(struct sim_checker *checker, uint32_t id, uint64_t term,
                     sim_tip tip);

/* The leader of `term`, or NULL if none was seen. Valid until the next
 * election. */
struct checker_election *checker__election(const struct sim_checker *checker,
                                           uint64_t term);

/* The highest index that was committed in a term below `term`, or 0. If it is
 * gone, the last one that is. */
uint64_t checker__committed_before(const struct sim_checker *checker,
                                   uint64_t term);

/* --- checker_log.c ------------------------------------------------------- */

/* Node `id` holds the log `tip` in its memory from now on. `view` is the node
 * as it shows itself. */
bool checker__log(struct sim_checker *checker, uint32_t id, sim_tip tip,
                  const struct sim_view *view);

/* What the node shows as its last entry is the one that it wrote last. */
bool checker__last(struct sim_checker *checker, uint32_t id,
                   struct sim_position last);

/* --- checker_members.c --------------------------------------------------- */

/* Node `id` shows that the entry at `shown` made its members what they are;
 * they are `members`, unless that is NULL. True leaves it with a log whose
 * configuration can be read. */
bool checker__configuration(struct sim_checker *checker, uint32_t id,
                            struct sim_position shown,
                            const struct sim_configuration *members);

/* Whether `members` are what node `id` can know of those in force in the log
 * `tip`. */
bool checker__knows(const struct sim_checker *checker, uint32_t id, sim_tip tip,
                    const struct sim_configuration *members);

/* The configurations that the log of node `id`, leader of `term`, got in this
 * step, with the log held committed up to `commit_index` after it. */
bool checker__changes(struct sim_checker *checker, uint32_t id, uint64_t term,
                      uint64_t commit_index);

/* --- checker_commit.c ---------------------------------------------------- */

/* Node `id`, in `term`, holds its log committed up to `index`: this or the log
 * before it changed. */
bool checker__commit(struct sim_checker *checker, uint32_t id, uint64_t term,
                     uint64_t index);

/* Whether the committed entry at `index` is known and is `tip`. */
bool checker__is_committed(const struct sim_checker *checker, uint64_t index,
                           sim_tip tip);

/* --- checker_quorum.c ---------------------------------------------------- */

/* Node `id` is the first that holds `entry` of its log committed: `*ruling`
 * becomes who decided that. */
bool checker__quorum(struct sim_checker *checker, uint32_t id, sim_tip entry,
                     struct checker_ruling *ruling);

/* The disk of node `id` holds the log `durable` from now on. */
bool checker__store(struct sim_checker *checker, uint32_t id, sim_tip durable);

/* --- checker_apply.c ----------------------------------------------------- */

/* What node `id` gives to its state machine in a step. */
bool checker__outputs(struct sim_checker *checker, uint32_t id,
                      const struct sim_outputs *outputs);

/* --- checker_sessions.c -------------------------------------------------- */

/* Node `id` applies `entry`, the committed one at `index`, which is at most one
 * above all that were applied before. */
bool checker__session(struct sim_checker *checker, uint32_t id, uint64_t index,
                      const struct sim_entry *entry);

/* --- checker_snapshot.c -------------------------------------------------- */

/* Node `id` begins a life with the log that it has now, and shows that its
 * latest snapshot is at `shown`. */
bool checker__first_snapshot(struct sim_checker *checker, uint32_t id,
                             struct sim_position shown);

/* Node `id` writes a snapshot that stands for the log `tip`. */
bool checker__snapshot(struct sim_checker *checker, uint32_t id, sim_tip tip,
                       const struct sim_configuration *members);

/* The state machine of node `id` is given the image of a snapshot at
 * `position`. */
bool checker__restore(struct sim_checker *checker, uint32_t id,
                      struct sim_position position);

/* And has this state then. */
bool checker__restored(struct sim_checker *checker, uint32_t id, sim_tip tip,
                       uint64_t state_hash);

/* --- checker_disk.c ------------------------------------------------------ */

/* Node `id` shows itself in `term`. */
bool checker__term(struct sim_checker *checker, uint32_t id, uint64_t term);

/* The disk of node `id` holds `hard_state`. */
bool checker__disk(struct sim_checker *checker, uint32_t id,
                   struct sim_hard_state hard_state);

/* Node `id` lets others see that it voted for `candidate` in `term`; `deed`
 * says how, after its name: "leads", "asks for votes". */
bool checker__voted(struct sim_checker *checker, uint32_t id, uint64_t term,
                    uint32_t candidate, const char *deed);

/* A message of node `id` leaves for `to`. */
bool checker__message(struct sim_checker *checker, uint32_t id, uint32_t to,
                      const struct sim_message *message);

/* --- checker_report.c ---------------------------------------------------- */

/* Keeps the violation and returns false. `a` and `b` are the nodes it is about,
 * SIM_NONE for none; the text is the property's title, the time, and
 * `format`. */
bool checker__violate(struct sim_checker *checker, enum sim_property property,
                      uint32_t a, uint32_t b, const char *format, ...);

/* A piece of a sentence, to use within one. */
struct checker_text {
    char text[96];
};

/* "1.204311 s" */
struct checker_text checker__seconds(uint64_t time_us);

/* "entry 8 of term 3"; "no entry" for the root; for SIM_NO_TIP, which is one
 * that was let go, "an entry of the past". */
struct checker_text checker__entry(const struct sim_checker *checker,
                                   sim_tip tip);

/* What the log `tip` has at `index`: "entry 8 of term 3", or "no entry 8 (its
 * log ends at 7)"; of one that was let go "an entry 8 of the past". */
struct checker_text checker__entry_at(const struct sim_checker *checker,
                                      sim_tip tip, uint64_t index);

/* The first index at which two logs differ. For reports only. */
uint64_t checker__fork(const struct sim_checker *checker, sim_tip a, sim_tip b);

/* "entry 8 of term 3"; "the start" for {0, 0}. */
struct checker_text checker__place(struct sim_position position);

/* "term 4 and a vote for node 2", "term 4 and no vote" */
struct checker_text checker__hard_state(struct sim_hard_state hard_state);

#endif
