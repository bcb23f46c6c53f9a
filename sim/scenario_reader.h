/* How the parts of the scenario loader read: inside the loader only.
 *
 * An object of the format is a table of keys; a key names the function that
 * reads its value and where in the struct it goes. The functions that read
 * return nothing: what does not fit is noted as a problem, and a scenario with
 * problems is never handed out, so what they leave in the struct then does not
 * matter. Each of them writes all of its result, so that reading the
 * alternatives of a "one_of" with the drawn one last leaves the drawn one.
 */
#ifndef SIM_SCENARIO_READER_H
#define SIM_SCENARIO_READER_H

#include "sim/json.h"
#include "sim/scenario.h"

/* Everything that a scenario points to, freed with it. */
struct sim_scenario_memory {
    void **blocks;
    size_t count, capacity;
};

struct scenario_reader {
    struct sim_json json;
    struct sim_scenario *scenario;
    uint64_t seed;      /* draws what is left to the seed */
    uint32_t max_nodes; /* of the largest alternative of /nodes */
    bool choices;       /* "one_of" may stand here */
};

struct scenario_key;
typedef void scenario_read(struct scenario_reader *reader,
                           const struct sim_json_value *value,
                           const struct scenario_key *key, void *out);

/* One key of an object. */
struct scenario_key {
    const char *name;
    scenario_read *read; /* NULL: read elsewhere */
    size_t offset;       /* of the result in the struct */
    uint64_t min, max; /* of a number, a size, a duration; max 0: the kind's */
    bool required;
    bool fixed; /* never a "one_of" */
};

#define SCENARIO_COUNT(array) (sizeof(array) / sizeof *(array))

/* --- objects (scenario_reader.c) ------------------------------------------ */

/* `count` zeroed elements that live as long as the scenario. */
void *scenario__take(struct scenario_reader *reader, size_t count, size_t size);
char *scenario__copy(struct scenario_reader *reader, const char *text);

/* False, with the problem noted, if `value` is not of this kind. */
bool scenario__is_object(struct scenario_reader *reader,
                         const struct sim_json_value *value, const char *hint);
bool scenario__is_list(struct scenario_reader *reader,
                       const struct sim_json_value *value, const char *hint);

/* Reads an object by its table into the struct at `out`. False if it is no
 * object. */
bool scenario__object(struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct scenario_key *keys, size_t n_keys,
                      void *out);

/* The same in two parts, for objects whose table is only known from what is in
 * them. */
void scenario__check_keys(struct scenario_reader *reader,
                          const struct sim_json_value *object,
                          const char *const *names, size_t n_names);
void scenario__read_keys(struct scenario_reader *reader,
                         const struct sim_json_value *object,
                         const struct scenario_key *keys, size_t n_keys,
                         void *out);

/* A value that may be a "one_of". */
void scenario__read_value(struct scenario_reader *reader,
                          const struct sim_json_value *value,
                          const struct scenario_key *key, void *out);

/* The alternatives of a value: those of its "one_of", or itself alone. The
 * first for NULL; NULL after the last. For checks between values, which have to
 * hold for each draw. */
const struct sim_json_value *
scenario__alternative(const struct scenario_reader *reader,
                      const struct sim_json_value *value,
                      const struct sim_json_value *last);

/* The least and the greatest duration among the alternatives; false if one of
 * them is none. A `value` of NULL leaves `*low` and `*high` as they are. */
bool scenario__duration_range(const struct scenario_reader *reader,
                              const struct sim_json_value *value, uint64_t *low,
                              uint64_t *high);

/* Whether it is a "one_of"; if so, the place of the alternative that it is. */
bool scenario__draws(struct scenario_reader *reader,
                     const struct sim_json_value *value, uint64_t *place);

/* What the seed draws at this place: a stream of its own. */
struct sim_prng scenario__stream(const struct scenario_reader *reader,
                                 const struct sim_json_value *value);

/* True if an unknown key of `object` was probably meant as `name`: then that
 * `name` is missing needs no problem of its own. */
bool scenario__misspelt(const struct scenario_reader *reader,
                        const struct sim_json_value *object, const char *name,
                        const char *const *names, size_t n_names);

bool scenario__has(const struct scenario_reader *reader,
                   const struct sim_json_value *object, const char *name);

/* Notes a problem if none of `names` is among the keys. */
void scenario__need_any(struct scenario_reader *reader,
                        const struct sim_json_value *object,
                        const char *const *names, size_t n_names);

/* --- values (scenario_values.c) ------------------------------------------- */

scenario_read scenario__comment;           /* any string */
scenario_read scenario__boolean;           /* bool */
scenario_read scenario__count32;           /* uint32_t */
scenario_read scenario__count64;           /* uint64_t */
scenario_read scenario__duration;          /* uint64_t */
scenario_read scenario__duration_or_never; /* the same, SIM_UNLIMITED */
scenario_read scenario__unfinished;        /* enum sim_unfinished */
scenario_read scenario__chance;            /* uint32_t */
scenario_read scenario__rate;              /* int32_t */
scenario_read scenario__size32;            /* uint32_t */
scenario_read scenario__size64;            /* uint64_t */
scenario_read scenario__bandwidth;         /* uint64_t */
scenario_read scenario__text;              /* char *, of min to max bytes */
scenario_read scenario__message_kind;      /* enum sim_message_kind */

/* struct sim_distribution; with `min`, it may not always be 0.
 * (scenario_distribution.c) */
scenario_read scenario__distribution;

/* The terms of a log, which never fall; taken with scenario__take(). */
uint64_t *scenario__terms(struct scenario_reader *reader,
                          const struct sim_json_value *value, uint32_t *count);

/* The place of the string among `words`; false, with the problem noted, if it
 * is none of them. */
bool scenario__word(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    const char *const *words, size_t n_words, size_t *place);

/* `text` gets "a, b or c"; for lists of words in messages. */
#define SCENARIO_WORDS_SIZE 512u
void scenario__join(char text[SCENARIO_WORDS_SIZE], const char *const *words,
                    size_t n_words);

/* --- who (scenario_targets.c) --------------------------------------------- */

scenario_read scenario__node;        /* uint32_t: a number of a node */
scenario_read scenario__node_or_any; /* uint32_t: "any" is SIM_NONE */
scenario_read scenario__targets;     /* struct sim_targets */
scenario_read scenario__one_target;  /* struct sim_targets: one node */
scenario_read scenario__places;      /* struct sim_targets: numbers or "all" */

/* The same as one_target; "any" is no target at all: count 0. */
scenario_read scenario__one_target_or_any;

/* Notes "rest" where nothing stands before it in the step; `named` says that
 * something does. */
void scenario__check_rest(struct scenario_reader *reader,
                          const struct sim_json_value *value, bool named);

/* Notes the node at `value` if it was seen before in this list; marks it. */
void scenario__check_twice(struct scenario_reader *reader,
                           const struct sim_json_value *value, uint32_t node,
                           bool seen[SIM_MAX_NODES + 1]);

/* Notes `from` and `to` that are one and the same node. */
void scenario__check_ends(struct scenario_reader *reader,
                          const struct sim_json_value *object);

/* --- units (scenario_units.c) --------------------------------------------- */

enum scenario_quantity {
    SCENARIO_DURATION,  /* microseconds */
    SCENARIO_PART,      /* parts per million: "2.5%", "300ppm" */
    SCENARIO_SIZE,      /* bytes */
    SCENARIO_BANDWIDTH, /* bytes a second */
    SCENARIO_FREQUENCY, /* times in 1000 seconds */
};

enum scenario_fit {
    SCENARIO_FITS,
    SCENARIO_NO_QUANTITY, /* not a number followed by one of the units */
    SCENARIO_TOO_FINE,    /* not a whole number of the smallest unit */
    SCENARIO_TOO_LARGE,   /* above `max` */
};

/* Reads digits, maybe with a point, and a unit; exactly. */
enum scenario_fit scenario__quantity(const char *text,
                                     enum scenario_quantity quantity,
                                     uint64_t max, uint64_t *value);

/* --- the parts ------------------------------------------------------------ */

/* The actions' keys, in the order of their kinds. (scenario_actions.c) */
void scenario__action_names(const char *names[SIM_ACTION_KIND_COUNT]);

scenario_read scenario__partition; /* struct sim_action (scenario_links.c) */
scenario_read scenario__mesh;
scenario_read scenario__cut;
scenario_read scenario__link;

/* struct sim_action (scenario_members.c) */
scenario_read scenario__replace;
scenario_read scenario__membership; /* enum sim_membership */

/* What stands beside actions; the words in any order. (scenario_options.c) */
#define SCENARIO_N_OPTIONS 7u
void scenario__option_names(const char *names[SCENARIO_N_OPTIONS]);

/* Reads what stands beside the action of this step into it. */
void scenario__options(struct scenario_reader *reader,
                       const struct sim_json_value *step,
                       struct sim_action *action);

/* The one action of a step or nemesis; false if it has none. */
/* What steps and nemeses share: `own` keys and an action. False if `step` is no
 * object. */
bool scenario__step(struct scenario_reader *reader,
                    const struct sim_json_value *step,
                    const struct scenario_key *own, size_t n_own, void *out,
                    struct sim_action *action);
bool scenario__action(struct scenario_reader *reader,
                      const struct sim_json_value *step,
                      struct sim_action *action);

/* When a step happens; false if it does not say. (scenario_trigger.c) */
/* The event of a "when". */
void scenario__when(struct scenario_reader *reader,
                    const struct sim_json_value *value,
                    struct sim_trigger *trigger);

bool scenario__trigger(struct scenario_reader *reader,
                       const struct sim_json_value *step,
                       struct sim_trigger *trigger);

scenario_read scenario__faults; /* into the scenario (scenario_script.c) */
scenario_read scenario__nemeses;
scenario_read scenario__raft;      /* into the scenario (scenario_raft.c) */
scenario_read scenario__members;   /* into the scenario (scenario_members.c) */
scenario_read scenario__snapshots; /* struct sim_snapshot_policy */
scenario_read scenario__network;   /* into the scenario (scenario_stage.c) */
scenario_read scenario__rules;     /* the same (scenario_rules.c) */
scenario_read scenario__disk;
scenario_read scenario__clocks;
scenario_read scenario__workload; /* (scenario_workload.c) */
scenario_read scenario__initial;
scenario_read scenario__expect; /* into the scenario (scenario_expect.c) */

#endif
