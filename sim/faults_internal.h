/* The inside of the faults, shared by its files:
 *
 *   faults.c          the whole: the script's steps, what happened, the end
 *   faults_nemeses.c  the nemeses' turns
 *   faults_reason.c   why a step has not happened
 */
#ifndef SIM_FAULTS_INTERNAL_H
#define SIM_FAULTS_INTERNAL_H

#include "sim/faults.h"
#include "sim/reach.h"
#include "sim/trigger.h"

enum faults_step_state {
    STEP_ABOVE,   /* steps above it have not happened */
    STEP_WATCHES, /* for its "when" */
    STEP_TIMED,   /* its event is in the queue */
    STEP_DUE,     /* waits for its target */
    STEP_WISHED,  /* the operator is at it */
    STEP_REFUSED, /* the operator has given it up */
    STEP_HAPPENED
};

struct faults_step {
    enum faults_step_state state;
    struct sim_prng prng;
    uint64_t wish;      /* STEP_WISHED: its number */
    uint32_t it;        /* whom its event happened to */
    uint64_t since_us;  /* STEP_WATCHES: when that began */
    uint64_t missed_us; /* STEP_ABOVE, and later: when what it waits for was so
                           last while steps above had not happened; NEVER */
};

struct faults_nemesis {
    struct sim_prng prng;
    uint64_t acted_us; /* on an event, the last time; NEVER */
};

#define NEVER UINT64_MAX

/* The longest reason: an event, two times, and the words between. */
#define REASON_SIZE (SIM_TRIGGER_TEXT_SIZE + 160u)

struct sim_faults {
    struct sim_cluster *cluster;
    struct sim_damages *damages;
    struct sim_operator *op;
    struct sim_reach reach; /* of the wish being made */
    struct faults_step *steps;
    struct faults_nemesis *nemeses;
    uint32_t *listeners; /* the nemeses that are enabled and wait for events */
    uint32_t n_listeners;
    uint32_t first_open; /* the first step that has not happened */
    uint32_t n_due;
    uint32_t n_wished; /* steps that the operator is at */
    uint32_t nemeses_to_come;
    bool nemeses_ended; /* by "heal": "all" */
    bool over;          /* the scenario's duration is */
    uint64_t count;
    uint64_t n_damages; /* of those, the ones that break something */
    char reason[REASON_SIZE];
};

static inline const struct sim_fault *
faults__step(const struct sim_faults *faults, uint32_t i)
{
    return &faults->cluster->scenario->faults[i];
}

/* The number of the wish; 0 if a target does not exist now. */
uint64_t faults__wish(struct sim_faults *faults,
                      const struct sim_action *action, struct sim_prng *prng,
                      bool patient);

/* True if the action's targets existed. */
bool faults__act(struct sim_faults *faults, const struct sim_action *action,
                 struct sim_prng *prng, const uint64_t *duration_us);

/* Before anything is watched. */
void faults__find_listeners(struct sim_faults *faults);

void faults__begin_nemeses(struct sim_faults *faults, uint64_t seed);
void faults__end_nemeses(struct sim_faults *faults);

/* The kinds of events that nemeses wait for, as bits. */
uint32_t faults__watched_by_nemeses(const struct sim_faults *faults);

/* Looks at the first `count` things that happened in the last event. */
void faults__nemeses_look(struct sim_faults *faults, size_t count);

/* Whether the step waits for an event, or will when those above it have
 * happened. */
bool faults__is_to_watch(const struct sim_faults *faults, uint32_t i);

/* What the nodes cannot do that the action needs; NULL if they can. */
const char *faults__inability(const struct sim_faults *faults,
                              const struct sim_action *action);

#endif
