/* Why a run went wrong: the few steps that led to a violation.
 *
 * The recorder is told what the checker is told, and besides that which message
 * is which: when it was made, left, was lost, arrived. It keeps all of it as
 * plain records and concludes nothing while the run goes on. Only when a story
 * is asked for, it walks back from the violation, why-provenance in the manner
 * of databases: a leader rests on the votes that it counted, a vote on the
 * campaign that asked for it and on the vote before it, a commit on the
 * acknowledgements, an acknowledged entry on the leader that appended it, a new
 * life on the crash before. What is nearest to the violation is told; the rest
 * is routine.
 *
 * A line says what was observed: views, outputs, messages with their kinds and
 * places, what was durable, what clients were told. Where an observed step is
 * one that the paper or the dissertation forbids, the line says so, and why (a
 * breach, sim/why_rules.h). What cannot be observed is not told.
 *
 * It only watches: it holds no node, draws no random number, and the run's hash
 * is the same with it. Memory follows the length of the run, some 500 bytes a
 * step; runs that are not to be explained have no recorder.
 *
 * The order of calls is that of sim/checker.h: boot, step, durable, crash; and
 * besides, for the messages of a step, after it: send for each in their order,
 * then leaves or lost for each as it comes about.
 */
#ifndef SIM_WHY_H
#define SIM_WHY_H

#include "sim/checker.h"
#include "sim/clients.h"
#include "sim/simulation.h"

/* No letter: a message that the recorder was not told of. */
#define SIM_WHY_NO_LETTER UINT32_MAX

/* One step as it is seen here. */
struct sim_why_step {
    const struct sim_observation *seen; /* what the checker gets */
    const struct sim_input *input;
    uint32_t letter; /* what sim_why_send() gave for the message that is the
                        input; SIM_WHY_NO_LETTER: it is none */
};

/* How a message was lost. */
enum sim_why_loss {
    SIM_WHY_ARRIVED,        /* not: it came to a step */
    SIM_WHY_UNDER_WAY,      /* not: not yet */
    SIM_WHY_NEVER_LEFT,     /* its sender crashed while it waited for a write */
    SIM_WHY_LOST_BY_CHANCE, /* by the link's weather */
    SIM_WHY_LOST_BY_CUT,    /* nothing passes there */
    SIM_WHY_FOUND_DOWN,     /* its receiver was down */
};

struct sim_why;

/* `tree` holds the logs; it and the memberships outlive the recorder. `leases`:
 * nodes may answer reads by lease if they are asked so. */
struct sim_why *sim_why_new(const struct sim_log_tree *tree,
                            struct sim_memberships *memberships,
                            uint32_t n_nodes, bool leases);
void sim_why_free(struct sim_why *why);

/* Time and step of the calls that come with none. */
void sim_why_set_time(struct sim_why *why, uint64_t step, uint64_t time_us);

/* As sim_checker_boot(). */
void sim_why_boot(struct sim_why *why, uint32_t node, sim_tip durable,
                  struct sim_hard_state hard_state,
                  const struct sim_view *view);

/* Before sim_checker_step(), so that the step of a violation is there. */
void sim_why_step(struct sim_why *why, const struct sim_why_step *step);

/* As sim_checker_durable(). After a crash it is what survived it. */
void sim_why_durable(struct sim_why *why, uint32_t node, sim_tip durable,
                     struct sim_hard_state hard_state);

/* `node` is about to crash: its disk is as it was told last. `by_write`: as a
 * write failed. */
void sim_why_crash(struct sim_why *why, uint32_t node, bool by_write);

/* A message of the last step of `node`, which may have to wait for a write.
 * Returns its letter. */
uint32_t sim_why_send(struct sim_why *why, uint32_t node, uint32_t to,
                      const struct sim_message *message);

/* The message leaves its machine. Before sim_checker_send(). */
void sim_why_leaves(struct sim_why *why, uint32_t letter);

/* A copy of it is lost. */
void sim_why_lost(struct sim_why *why, uint32_t letter, enum sim_why_loss loss);

/* Takes what happens to the world, in the words of the trace, with the place in
 * the scenario that caused it: "isolate: 3 (/nemeses/2)". For
 * sim_trace_set_hearer(); the recorder's. */
struct sim_trace_sink *sim_why_hearer(struct sim_why *why);

/* --- the story ------------------------------------------------------------ */

/* Room for a line; a longer one is cut, and ends with "...". */
#define SIM_WHY_LINE_SIZE 1024u

/* One step on the way, or something that happened to a node or the world. */
struct sim_why_line {
    uint64_t step; /* the last one by then */
    uint64_t time_us;
    uint32_t node;                /* SIM_NONE: the world */
    bool breach;                  /* the paper forbids what this line says */
    char text[SIM_WHY_LINE_SIZE]; /* without a newline */
};

struct sim_why_story {
    struct sim_why_line *lines; /* by rising time */
    size_t n_lines;
    size_t n_left_out;   /* lines further away, of the same path */
    bool told;           /* false: no way back could be found; there is at most
                            one line, and it is the step of the violation */
    bool breach_on_path; /* one of the lines is a breach */
    bool has_breach;     /* the run has one; the first of the path if any is
                            there, else the first of the run: */
    struct sim_why_line breach;
    const char *rule; /* what a correct node does there, with its section;
                         without a breach, in the step of the violation, or
                         NULL: several steps contradict each other */
};

/* The story of a violation of the run that was recorded (NULL: of its last
 * step), in at most `max_lines` lines (0: as many as there are). `clients` are
 * those of the run. To be freed with sim_why_story_free(). */
void sim_why_tell(struct sim_why *why, const struct sim_violation *violation,
                  const struct sim_clients *clients, size_t max_lines,
                  struct sim_why_story *story);

void sim_why_story_free(struct sim_why_story *story);

#endif
