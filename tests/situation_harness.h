/* A stage for situations: what their suites share.
 *
 * There is no Raft on it. A test writes down turn by turn what a node was
 * given, what it then is, and what it put out; so it can play a situation, and
 * the same story with one thing otherwise, in which it nearly happens.
 */
#ifndef TESTS_SITUATION_HARNESS_H
#define TESTS_SITUATION_HARNESS_H

#include "sim/situations.h"

struct stage_node {
    bool up;
    struct sim_view view;
    sim_tip tip;
    sim_tip durable;
    struct sim_hard_state disk;
};

struct stage {
    struct sim_log_tree *tree;
    struct sim_memberships *memberships;
    struct sim_situations *situations;
    uint32_t n;
    uint64_t step;
    uint64_t time_us; /* of the next turn; rises by 1000 with each */
    struct stage_node nodes[SIM_MAX_NODES + 1];
};

/* One step: what it is about is filled in, then it is played. */
struct turn {
    uint32_t id;
    struct sim_input input;
    struct sim_message message; /* of a MESSAGE */
    uint64_t posted_us;
    struct sim_view after; /* but `last` and `configuration`, see `tip` */
    sim_tip tip;           /* the log after it */
    struct sim_output outputs[4];
    size_t n_outputs;
};

/* A story: plays the situation, or nearly. */
struct stage_case {
    enum sim_situation situation;
    void (*play)(struct stage *stage, bool nearly);
    uint32_t n;       /* nodes 1 to n, all up */
    uint32_t members; /* voters 1 to this */
    uint32_t witness; /* one of them; 0: none */
    uint32_t learner; /* one more; 0: none */
    bool lease_reads;
};

/* Plays each case in both forms: first it happens once, then it does not. */
void stage_play(const struct stage_case *cases, size_t count);

/* The same. There is exactly one for each situation from
 * `first` on, before `end`. */
void stage_play_all(const struct stage_case *cases, size_t count,
                    enum sim_situation first, enum sim_situation end);

/* --- turns ---------------------------------------------------------------- */

/* Node `id` as it is, given an input of this kind. */
struct turn turn_of(const struct stage *stage, uint32_t id,
                    enum sim_input_kind kind);

/* A message of this kind and term from `from`, posted just now. */
struct turn turn_hears(const struct stage *stage, uint32_t id, uint32_t from,
                       enum sim_message_kind kind, uint64_t term);

/* One more output; a WRITE of it is all zero but for its kind. */
struct sim_output *turn_says(struct turn *turn, enum sim_output_kind kind);

void turn_play(struct stage *stage, struct turn *turn);

/* --- lives ---------------------------------------------------------------- */

/* All that the node holds is durable. */
void stage_store(struct stage *stage, uint32_t id);
void stage_crash(struct stage *stage, uint32_t id);
/* From what is durable. */
void stage_boot(struct stage *stage, uint32_t id);

/* --- elections ------------------------------------------------------------ */

/* The node's timer fires: it votes for itself in `term`, and stores that. */
void stage_campaign(struct stage *stage, uint32_t id, uint64_t term);

/* `from` grants its vote for `term` to `id`, which then leads if `wins`. */
void stage_vote(struct stage *stage, uint32_t id, uint32_t from, uint64_t term,
                bool wins);

/* A campaign that the vote of `from` wins. */
void stage_elect(struct stage *stage, uint32_t id, uint32_t from,
                 uint64_t term);

/* A heartbeat of `leader` comes: the node follows in that term. */
void stage_follow(struct stage *stage, uint32_t id, uint32_t leader,
                  uint64_t term);

/* --- logs ----------------------------------------------------------------- */

/* The log `tip` with a command, or with these members. */
sim_tip stage_entry(struct stage *stage, sim_tip tip, uint64_t term);
sim_tip stage_members(struct stage *stage, sim_tip tip, uint64_t term,
                      const struct sim_configuration *members);

/* The leader takes a command, writes it, and does not store it. */
void stage_propose(struct stage *stage, uint32_t id);

/* The leader changes the members. */
void stage_change(struct stage *stage, uint32_t id,
                  const struct sim_configuration *members);

/* An AppendEntries of `leader`, of its term, makes the log of `id` the log
 * `tip`, from its entry `from_index` on; what is behind that goes. */
void stage_append(struct stage *stage, uint32_t id, uint32_t leader,
                  uint64_t from_index, sim_tip tip);

/* `from` acknowledges to the leader `id` what is up to `match`, which then
 * holds it committed up to `commit`. */
void stage_acknowledge(struct stage *stage, uint32_t id, uint32_t from,
                       uint64_t match, uint64_t commit);

/* A message of this kind, of its own term, leaves `id` for `to`. */
void stage_send(struct stage *stage, uint32_t id, uint32_t to,
                enum sim_message_kind kind);

/* AppendEntries with `n` entries after the index `prev`. */
void stage_send_entries(struct stage *stage, uint32_t id, uint32_t to,
                        uint64_t prev, uint32_t n);

#endif
