/* The recorder's memory, and what its files call of each other.
 *
 *   why.c               the calls of a run, each one record
 *   why_ask.c           questions about the records: who voted, who stored an
 *                       entry
 *   why_rules.h, .c     steps that the paper forbids; by what they are about:
 *   why_rules_….c       votes, log, commit, reads, letters
 *   why_roots.c         what a violation rests on at first
 *   why_roots_state.c   the same of state machines
 *   why_history.c       the same of what clients were told, and of a standstill
 *   why_path.c          the walk back, nearest first
 *   why_causes.c, _….c  what a fact rests on
 *   why_world.c         what happened to the world meanwhile
 *   why_text.c          pieces of lines
 *   why_words.c, _….c   lines; of logs, reads, messages and states
 *   why_story.c         the whole
 */
#ifndef SIM_WHY_INTERNAL_H
#define SIM_WHY_INTERNAL_H

#include "sim/why.h"

/* No record. */
#define WHY_NONE UINT32_MAX

enum why_kind {
    WHY_LIFE,    /* begins; `view` as created, `tip` from the disk */
    WHY_CRASH,   /* `view` and `tip` of the last moment in memory */
    WHY_STEP,    /* `view` and `tip` after it */
    WHY_DURABLE, /* `disk` and `tip` of the disk; the view is of no meaning */
    WHY_EVENT,   /* of the world */
};

struct why_record {
    enum why_kind kind;
    uint32_t node;   /* SIM_NONE: an EVENT */
    uint32_t before; /* the last LIFE, CRASH or STEP of the node before this
                        record; WHY_NONE */
    uint32_t stored; /* the last LIFE or DURABLE of the node before it */
    uint64_t step;
    uint64_t time_us;
    struct sim_view view;
    sim_tip tip;
    struct sim_hard_state disk; /* DURABLE; LIFE: what it begins with */
    bool by_write;              /* CRASH */
    size_t text, text_size;     /* EVENT: in struct sim_why's `texts` */
    /* STEP: */
    enum sim_input_kind input;
    uint64_t local_us; /* the node's clock */
    uint32_t letter;   /* the message that is the input, or SIM_WHY_NO_LETTER */
    uint64_t tag;      /* what is asked for; 0: nothing */
    bool lease;        /* READ */
    bool accepted;     /* what is asked for was */
    struct sim_position place;           /* there */
    struct sim_position snapshot;        /* that it wrote; {0, 0}: none */
    struct sim_position restored;        /* that it took; {0, 0}: none */
    uint64_t applied_from, n_applied;    /* entries */
    uint64_t change_index;               /* of `verdict`; 0: none */
    enum sim_verdict_of_session verdict; /* of the first applied command that
                                            was not fresh */
    uint64_t closed;       /* session that was closed by an applied entry */
    size_t ready, n_ready; /* tags of reads that may be answered, in
                              struct sim_why's `tags` */
};

struct why_letter {
    uint32_t from, to;
    uint32_t made;      /* record of the step that made it */
    uint32_t arrived;   /* record of the first step it came to, or WHY_NONE */
    uint64_t left_us;   /* SIM_NEVER: it did not */
    uint64_t left_step; /* the last step by then */
    uint32_t left;      /* records by then */
    uint64_t lost_us;
    enum sim_why_loss loss;
    struct sim_message message;
};

struct sim_why {
    struct sim_trace_sink hearer; /* of events */
    const struct sim_log_tree *tree;
    struct sim_memberships *memberships;
    uint32_t n;
    bool leases; /* nodes may answer reads by lease */
    uint64_t step, time_us;
    uint32_t *latest; /* by node: its last LIFE, CRASH or STEP; WHY_NONE */
    uint32_t *stored; /* by node: its last LIFE or DURABLE; WHY_NONE */
    struct why_record *records;
    size_t n_records, records_capacity;
    struct why_letter *letters;
    size_t n_letters, letters_capacity;
    uint64_t *tags;
    size_t n_tags, tags_capacity;
    char *texts;
    size_t n_texts, texts_capacity;
    bool refused; /* the run ended as the simulator refused what the last step
                     put out: its log may be another than it wrote */
};

/* --- why_ask.c ------------------------------------------------------------ */

static inline const struct why_record *why__get(const struct sim_why *why,
                                                uint32_t record)
{
    return &why->records[record];
}

/* The last LIFE, CRASH or STEP of the node that is not after `record`, which
 * may be any; WHY_NONE. */
uint32_t why__at(const struct sim_why *why, uint32_t node, uint32_t record);

/* The node's view and log before `record`; all zero, and the root, before its
 * first. */
struct sim_view why__view_before(const struct sim_why *why, uint32_t record);
sim_tip why__tip_before(const struct sim_why *why, uint32_t record);

/* What the disk of the node holds when `record` is the next to come. */
const struct why_record *why__disk(const struct sim_why *why, uint32_t node,
                                   uint32_t record);

/* Whether the node leads its term in the step: after it, or before it, as one
 * that steps down when it has committed its own removal. */
bool why__leads(const struct sim_why *why, uint32_t record);

/* Where the node, not after `record`, became leader of `term`, or a candidate
 * of it; WHY_NONE. */
uint32_t why__led(const struct sim_why *why, uint32_t node, uint64_t term,
                  uint32_t record);
uint32_t why__campaigned(const struct sim_why *why, uint32_t node,
                         uint64_t term, uint32_t record);

/* Where the node, not after `record`, gave its vote of `term` to the candidate
 * last, in its memory; WHY_NONE. With SIM_NONE: to anybody. */
uint32_t why__voted(const struct sim_why *why, uint32_t node, uint64_t term,
                    uint32_t candidate, uint32_t record);

/* Where the log of the node, not after `record`, last came to have `entry`, and
 * where it last lost it; WHY_NONE: that never was. */
uint32_t why__got(const struct sim_why *why, uint32_t node, sim_tip entry,
                  uint32_t record);
uint32_t why__lost(const struct sim_why *why, uint32_t node, sim_tip entry,
                   uint32_t record);

/* Where the commit index of the node, not after `record` and in the same life,
 * reached `index`; WHY_NONE. */
uint32_t why__committed(const struct sim_why *why, uint32_t node,
                        uint64_t index, uint32_t record);

/* How far the state machine of the node has come by `record`, as it was given
 * entries and snapshots in this life. */
uint64_t why__applied(const struct sim_why *why, uint32_t node,
                      uint32_t record);

/* The last crash of the node after `from` and before `to`; WHY_NONE. */
uint32_t why__crash_between(const struct sim_why *why, uint32_t node,
                            uint32_t from, uint32_t to);

/* The message that is the input of the record; NULL: none. */
const struct why_letter *why__letter(const struct sim_why *why,
                                     uint32_t record);

/* The first message that was made by the record or after it: the number of them
 * all if none was. Messages are in the order in which they were made. */
uint32_t why__letters_from(const struct sim_why *why, uint32_t record);

/* Who voted for the node that became leader in `record`, by answers that it got
 * as candidate, itself included; `stale` are those whose answers were of an
 * older term. */
struct sim_set why__votes(const struct sim_why *why, uint32_t record,
                          struct sim_set *stale);

/* Who acknowledged `index` to the node that leads in `record`, in its term and
 * by then; itself included if its disk holds it. */
struct sim_set why__acknowledged(const struct sim_why *why, uint32_t record,
                                 uint64_t index);

/* The last entry of the log in memory after the record that is committed. */
sim_tip why__commit_tip(const struct sim_why *why, uint32_t record);

/* The members by the log `tip`; NULL: nobody can read them. */
const struct sim_configuration *why__members(const struct sim_why *why,
                                             sim_tip tip);

/* --- sides of a record ---------------------------------------------------- */

/* What a record is in a story: one side of a step, or what it stands for. */
enum why_aspect {
    WHY_OF_LIFE,
    WHY_OF_CRASH,
    WHY_OF_ROLE, /* a candidate, a leader, none any more; a term */
    WHY_OF_VOTE, /* for another */
    WHY_OF_LOG,  /* entries appended, stored, cut off; `entry` is the one it is
                    about */
    WHY_OF_COMMIT,
    WHY_OF_APPLY,
    WHY_OF_SNAPSHOT,  /* made, sent by another, or taken over */
    WHY_OF_QUESTION,  /* a read is asked for */
    WHY_OF_ANSWER,    /* reads may be answered */
    WHY_OF_BREACH,    /* nothing but that */
    WHY_OF_LETTER,    /* `number`: a message leaves */
    WHY_OF_OPERATION, /* `number`: of the history, answered */
    WHY_OF_EVENT,
    WHY_OF_STATE, /* `number`: what a node is at the end */
    WHY_ASPECT_COUNT
};

/* --- text ----------------------------------------------------------------- */

/* A line that is being made; what is too long is cut, and ends with "...". */
struct why_text {
    char *text;
    size_t size, used; /* size: SIM_WHY_LINE_SIZE */
};

void why__add(struct why_text *text, const char *format, ...);

/* "1, 2, 4"; "nobody" */
void why__add_set(struct why_text *text, const struct sim_set *set);

/* "entry 8 of term 3"; "no entry" for {0, 0} */
void why__add_place(struct why_text *text, struct sim_position place);

/* "entry 8 of term 3", or "no entry 8 (its log ends at 7)" */
void why__add_entry_at(struct why_text *text, const struct sim_why *why,
                       sim_tip tip, uint64_t index);

/* "2 of the 5 voters"; of a joint configuration "2 of the 3 new voters, 1 of
 * the 3 old ones" */
void why__add_share(struct why_text *text, const struct sim_set *set,
                    const struct sim_configuration *members);

/* "1.204311 s" */
void why__add_seconds(struct why_text *text, uint64_t time_us);

/* "entry 7", "entries 5..7" */
void why__add_indexes(struct why_text *text, uint64_t first, uint64_t last);

/* ", sent at 1.2 s" of the message that is the record's input, if that was long
 * ago; `words` are "sent". */
void why__add_way(struct why_text *text, const struct sim_why *why,
                  uint32_t record, const char *words);

/* "1, 2, 3 and learner 4" */
void why__add_members(struct why_text *text,
                      const struct sim_configuration *members);

/* --- why_path.c ----------------------------------------------------------- */

struct why_fact {
    enum why_aspect aspect;
    uint32_t record; /* its place; of a LETTER, OPERATION or STATE: the next
                        record to come by then */
    uint32_t number; /* see above; else 0 */
    sim_tip entry;   /* LOG; else SIM_NO_TIP */
    uint32_t cost;   /* how far from the violation; 0 is nearest */
    uint32_t from;   /* the fact that rests on it; of no fact: itself */
    bool breach;
    bool walked; /* what it rests on is there, too */
};

struct why_walk {
    const struct sim_why *why;
    const struct sim_clients *clients;
    struct why_fact *facts;
    size_t n, capacity;
    bool lease;       /* a lease was wrong: when leaders were heard counts */
    uint32_t current; /* the fact whose causes are looked for; WHY_NONE: what
                         the violation itself rests on */
};

/* The current fact rests on this one, which is so much further away. Nothing
 * for the record WHY_NONE. Where the same node crashed between the two, so does
 * it on that. */
void why__rest_on(struct why_walk *walk, uint32_t further,
                  enum why_aspect aspect, uint32_t record);
void why__rest_on_number(struct why_walk *walk, uint32_t further,
                         enum why_aspect aspect, uint32_t record,
                         uint32_t number);

/* The same for how the log of the node came to have `entry` by `record`. */
void why__rest_on_entry(struct why_walk *walk, uint32_t further, uint32_t node,
                        sim_tip entry, uint32_t record);

/* The same for the vote that was given in the record, to itself or another. */
void why__rest_on_vote(struct why_walk *walk, uint32_t further,
                       uint32_t record);

/* The same for all that the step changed; false if that is nothing. */
bool why__rest_on_step(struct why_walk *walk, uint32_t further,
                       uint32_t record);

/* Finds all facts of the path, nearest first, from those that are there. */
void why__walk(struct why_walk *walk);

/* --- why_causes.c, why_causes_reads.c ------------------------------------- */

/* Adds what the current fact rests on. */
void why__find_causes(struct why_walk *walk, const struct why_fact *fact);

void why__causes_of_answer(struct why_walk *walk, const struct why_fact *fact);

/* --- why_roots.c, why_roots_state.c, why_history.c ------------------------ */

/* Adds what the violation rests on; NULL: the run's end is in question. */
void why__find_roots(struct why_walk *walk,
                     const struct sim_violation *violation);
void why__find_applied(struct why_walk *walk, uint32_t record);
void why__find_operations(struct why_walk *walk);
void why__find_end(struct why_walk *walk);

/* --- why_world.c ---------------------------------------------------------- */

/* Adds cuts, pauses and clocks that nodes of the path met meanwhile. */
void why__find_world(struct why_walk *walk);

/* --- why_words.c, why_words_state.c --------------------------------------- */

/* Adds the words of a fact, to follow others about the same record. */
void why__words(const struct why_walk *walk, const struct why_fact *fact,
                struct why_text *text);
void why__words_of_log(const struct sim_why *why, const struct why_fact *fact,
                       struct why_text *text);
void why__words_of_question(const struct sim_why *why, uint32_t record,
                            struct why_text *text);
void why__words_of_answer(const struct sim_why *why, uint32_t record,
                          struct why_text *text);
void why__words_of_state(const struct sim_why *why, uint32_t node,
                         struct why_text *text);
void why__words_of_breach(const struct sim_why *why, uint32_t record,
                          struct why_text *text);
void why__words_of_letter(const struct sim_why *why, uint32_t letter,
                          struct why_text *text);

#endif
