/* The situations' memory, and what their files call of each other.
 *
 *   situations.c              a life's calls in order, and the counts
 *   situations_names.c        names and sentences
 *   situations_elections.c    votes, candidates, leaders
 *   situations_replication.c  entries on their way, commits
 *   situations_snapshots.c    snapshots made, sent and taken over
 *   situations_members.c      changes of the members
 *   situations_requests.c     what clients and operators ask for
 *   situations_storage.c      crashes, disks, clocks, links
 */
#ifndef SIM_SITUATIONS_INTERNAL_H
#define SIM_SITUATIONS_INTERNAL_H

#include "sim/situations.h"

/* Terms that are looked at at once: a candidate so far behind the others does
 * not count. A power of two. */
#define SITUATIONS_TERMS 64u

/* What became of a term's candidates. */
struct situations_term {
    uint64_t term;
    uint32_t campaigning; /* candidates that still are */
    uint32_t gave_up;     /* others; but not those that crashed */
    bool elected;
};

/* Why a server was told to campaign at once. */
enum situations_wish {
    SITUATIONS_NO_WISH,
    SITUATIONS_BY_ORDER,    /* a transfer */
    SITUATIONS_BY_PRIORITY, /* of the leader itself */
    SITUATIONS_BY_REMOVAL,  /* of a leader that is no voter any more */
};

/* What is remembered of a node's view. */
struct situations_view {
    enum sim_role role;
    struct sim_hard_state hard_state;
    uint64_t snapshot_index;
};

/* What a life left behind. */
struct situations_death {
    bool is_known; /* there was one */
    struct situations_view view;
    sim_tip tip;                /* in its memory */
    sim_tip durable;            /* on its disk right before the crash, */
    struct sim_hard_state disk; /* too */
};

struct situations_node {
    bool alive;
    uint64_t booted_us;
    struct situations_view view; /* as of the last call */
    uint64_t old_end;            /* the log's last index before the last step */
    sim_tip tip;
    sim_tip durable;
    uint64_t durable_index;
    struct sim_hard_state disk;
    bool rot_is_unseen; /* something durable has rotten; no start read it */

    struct sim_set votes;    /* that a candidate got in its term */
    uint64_t committed_term; /* as leader of it, it committed something */

    bool arriving; /* chunks of a snapshot, but not all: */
    struct sim_position arriving_place;
    uint32_t arriving_from;
    bool arrival_died; /* so it was in a crash, and none was whole since */
    bool installed;    /* a snapshot, and no entry since */

    uint64_t transfer_term;    /* as leader of it, it was ordered to hand over;
                                  0: or that is over */
    enum situations_wish told; /* to campaign at once, when it last was */
    uint64_t told_term;        /* the term of that campaign; 0: none */

    bool jumped; /* its clock, in this life, last at jumped_us */
    uint64_t jumped_us;

    uint32_t n_voters; /* of `members`, without old ones */
    struct sim_configuration members;
    struct situations_death death;
};

/* A node as another one, the first, deals with it. What is about leaders is of
 * the first's term `term`. */
struct situations_pair {
    uint64_t term;
    uint64_t sent;       /* the highest index that was sent to it */
    uint64_t match;      /* that it acknowledged */
    uint64_t acked_step; /* in which it did so last, with more under way */
    uint64_t refused_at; /* its last answer was a refusal from here on; 0:
                            it was none */
    bool installing;     /* a snapshot is on its way to it */
    bool cut;            /* a message from the first to it was lost so */
};

struct sim_situations {
    const struct sim_log_tree *tree;
    struct sim_memberships *memberships;
    uint32_t n;
    bool lease_reads;
    struct situations_node *nodes; /* by id; [SIM_NONE] is unused */
    struct situations_pair *pairs; /* see situations__pair() */
    struct situations_term terms[SITUATIONS_TERMS]; /* by term % that */
    uint64_t step;
    uint64_t counts[SIM_SITUATION_COUNT];
};

/* A step taken apart. */
struct situations_look {
    uint32_t id;
    struct situations_node *node; /* still as before the step */
    const struct sim_view *before, *after;
    sim_tip tip_before, tip_after;
    const struct sim_configuration *members; /* NULL: as before */
    const struct sim_input *input;
    const struct sim_message *message; /* NULL: none */
    uint32_t from;                     /* its sender */
    uint64_t posted_us, time_us;
    const struct sim_outputs *outputs;
    const struct sim_write *write; /* NULL: none */
    bool accepted;                 /* the input was */
    bool rejected;
    enum sim_reason reason;
    uint32_t n_ready; /* reads that may be answered */
    uint32_t n_lost;  /* reads that were waiting, and rejected */
    bool applies;     /* entries */
    const struct sim_position *restored; /* by a snapshot; NULL: not */
};

static inline void situations__count(struct sim_situations *situations,
                                     enum sim_situation situation)
{
    situations->counts[situation]++;
}

/* How `id` deals with `to`, without a look at the term. */
static inline struct situations_pair *
situations__link(struct sim_situations *situations, uint32_t id, uint32_t to)
{
    return &situations
                ->pairs[(size_t)(id - 1) * situations->n + (size_t)(to - 1)];
}

/* How `id`, leader of `term`, deals with `to`. */
static inline struct situations_pair *
situations__pair(struct sim_situations *situations, uint32_t id, uint64_t term,
                 uint32_t to)
{
    struct situations_pair *pair = situations__link(situations, id, to);
    if (pair->term != term) {
        *pair = (struct situations_pair){.term = term, .cut = pair->cut};
    }
    return pair;
}

/* Whether the message is of this kind, and of the term that the node now has.
 */
static inline bool situations__hears(const struct situations_look *look,
                                     enum sim_message_kind kind)
{
    return look->message != NULL && look->message->kind == kind &&
           look->message->term == look->after->hard_state.term;
}

/* Whether it led before the step and after it, in one term. */
static inline bool situations__leads_on(const struct situations_look *look)
{
    return look->before->role == SIM_LEADER &&
           look->after->role == SIM_LEADER &&
           look->before->hard_state.term == look->after->hard_state.term;
}

/* Each looks at a step for what it is about. */
void situations__elections(struct sim_situations *situations,
                           const struct situations_look *look);
void situations__replication(struct sim_situations *situations,
                             const struct situations_look *look);
void situations__snapshots(struct sim_situations *situations,
                           const struct situations_look *look);
void situations__members(struct sim_situations *situations,
                         const struct situations_look *look);
void situations__requests(struct sim_situations *situations,
                          const struct situations_look *look);
void situations__storage(struct sim_situations *situations,
                         const struct situations_look *look);

/* A candidate of `term` is none any more. It gave up, unless it crashed. */
void situations__end_campaign(struct sim_situations *situations, uint64_t term,
                              bool crashed);

/* `id` leads since this step. */
void situations__elected_members(struct sim_situations *situations,
                                 const struct situations_look *look,
                                 const struct sim_set *votes);
void situations__elected_by_wish(struct sim_situations *situations,
                                 const struct situations_look *look);

/* The leader's commit index rose in this step. */
void situations__committed_members(struct sim_situations *situations,
                                   const struct situations_look *look);

/* What leaves. */
void situations__send_entries(struct sim_situations *situations, uint32_t id,
                              uint32_t to, const struct sim_message *message);
void situations__send_timeout_now(struct sim_situations *situations,
                                  uint32_t id, uint32_t to);

/* A life begins; its record still tells the one before. */
void situations__reborn(struct sim_situations *situations, uint32_t id,
                        sim_tip durable, struct sim_hard_state hard_state,
                        const struct sim_view *view);

#endif
