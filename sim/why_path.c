/* The way back from a violation: always on from the fact that is nearest. */
#undef NDEBUG
#include <assert.h>

#include "sim/memory.h"
#include "sim/why_rules.h"

/* A path that is longer is not looked at to its end. */
#define MAX_FACTS 4000u

static bool is_breach(const struct sim_why *why, const struct why_fact *fact)
{
    char room[SIM_WHY_LINE_SIZE];
    struct why_text text = {room, sizeof room, 0};
    switch (fact->aspect) {
    case WHY_OF_LETTER:
        return why__breach_of_letter(why, fact->number, &text) !=
               WHY_KEEPS_RULES;
    case WHY_OF_OPERATION:
    case WHY_OF_STATE:
    case WHY_OF_EVENT:
        return false;
    case WHY_OF_LIFE:
    case WHY_OF_CRASH:
    case WHY_OF_ROLE:
    case WHY_OF_VOTE:
    case WHY_OF_LOG:
    case WHY_OF_COMMIT:
    case WHY_OF_APPLY:
    case WHY_OF_SNAPSHOT:
    case WHY_OF_QUESTION:
    case WHY_OF_ANSWER:
    case WHY_OF_BREACH:
    case WHY_ASPECT_COUNT:
        break;
    }
    return why__breach_of_step(why, fact->record, &text) != WHY_KEEPS_RULES;
}

static struct why_fact *find(struct why_walk *walk, const struct why_fact *like)
{
    for (size_t i = 0; i < walk->n; i++) {
        struct why_fact *fact = &walk->facts[i];
        if (fact->aspect == like->aspect && fact->record == like->record &&
            fact->number == like->number) {
            return fact;
        }
    }
    return NULL;
}

/* A breach is never far. */
static void add(struct why_walk *walk, struct why_fact fact)
{
    struct why_fact *known = find(walk, &fact);
    if (known != NULL) {
        if (fact.cost < known->cost) {
            known->cost = fact.cost;
            known->from = fact.from;
        }
        return;
    }
    if (walk->n == MAX_FACTS) {
        return;
    }
    fact.breach = is_breach(walk->why, &fact);
    fact.cost = fact.breach && fact.cost > 1 ? 1 : fact.cost;
    walk->facts = sim_grow(walk->facts, &walk->capacity, walk->n + 1,
                           sizeof *walk->facts);
    walk->facts[walk->n] = fact;
    walk->n++;
}

static uint32_t cost_of_current(const struct why_walk *walk)
{
    return walk->current == WHY_NONE ? 0 : walk->facts[walk->current].cost;
}

/* What the node had in memory was lost in between, or came from its disk. */
static void rest_on_crash(struct why_walk *walk, uint32_t cost, uint32_t record)
{
    const struct sim_why *why = walk->why;
    if (walk->current == WHY_NONE) {
        return;
    }
    const struct why_fact *fact = &walk->facts[walk->current];
    if (fact->aspect == WHY_OF_OPERATION || fact->aspect == WHY_OF_STATE ||
        fact->record >= why->n_records ||
        why__get(why, fact->record)->node != why__get(why, record)->node) {
        return;
    }
    uint32_t crash = why__crash_between(why, why__get(why, record)->node,
                                        record, fact->record);
    if (crash != WHY_NONE && crash != record) {
        add(walk, (struct why_fact){.aspect = WHY_OF_CRASH,
                                    .record = crash,
                                    .entry = SIM_NO_TIP,
                                    .cost = cost + 2,
                                    .from = walk->current});
    }
}

void why__rest_on_number(struct why_walk *walk, uint32_t further,
                         enum why_aspect aspect, uint32_t record,
                         uint32_t number)
{
    uint32_t cost = cost_of_current(walk) + further;
    if (record != WHY_NONE) {
        add(walk, (struct why_fact){.aspect = aspect,
                                    .record = record,
                                    .number = number,
                                    .entry = SIM_NO_TIP,
                                    .cost = cost,
                                    .from = walk->current});
    }
}

void why__rest_on(struct why_walk *walk, uint32_t further,
                  enum why_aspect aspect, uint32_t record)
{
    if (record != WHY_NONE) {
        why__rest_on_number(walk, further, aspect, record, 0);
        rest_on_crash(walk, cost_of_current(walk) + further, record);
    }
}

void why__rest_on_entry(struct why_walk *walk, uint32_t further, uint32_t node,
                        sim_tip entry, uint32_t record)
{
    const struct sim_why *why = walk->why;
    if (entry == SIM_ROOT || entry == SIM_NO_TIP) {
        return;
    }
    uint32_t at = why__got(why, node, entry, record);
    if (at == WHY_NONE) {
        return;
    }
    if (why__get(why, at)->kind == WHY_LIFE) {
        why__rest_on(walk, further, WHY_OF_LIFE, at);
        return;
    }
    size_t n = walk->n;
    why__rest_on(walk, further, WHY_OF_LOG, at);
    for (; n < walk->n; n++) {
        if (walk->facts[n].aspect == WHY_OF_LOG) {
            walk->facts[n].entry = entry;
        }
    }
}

void why__rest_on_vote(struct why_walk *walk, uint32_t further, uint32_t record)
{
    if (record != WHY_NONE) {
        const struct why_record *r = why__get(walk->why, record);
        bool own = r->view.hard_state.vote == r->node;
        why__rest_on(walk, further, own ? WHY_OF_ROLE : WHY_OF_VOTE, record);
    }
}

bool why__rest_on_step(struct why_walk *walk, uint32_t further, uint32_t record)
{
    const struct sim_why *why = walk->why;
    const struct why_record *r = why__get(why, record);
    struct sim_view before = why__view_before(why, record);
    const struct sim_view *after = &r->view;
    bool new_term = before.hard_state.term != after->hard_state.term;
    size_t n = walk->n;
    if (r->kind == WHY_LIFE || r->kind == WHY_CRASH) {
        why__rest_on(walk, further,
                     r->kind == WHY_LIFE ? WHY_OF_LIFE : WHY_OF_CRASH, record);
        return true;
    }
    if ((before.role != after->role || new_term) &&
        (after->role != SIM_FOLLOWER || before.role == SIM_LEADER)) {
        why__rest_on(walk, further, WHY_OF_ROLE, record);
    }
    if (after->hard_state.vote != SIM_NONE &&
        after->hard_state.vote != r->node &&
        (new_term || before.hard_state.vote != after->hard_state.vote)) {
        why__rest_on(walk, further, WHY_OF_VOTE, record);
    }
    if (r->tip != why__tip_before(why, record)) {
        why__rest_on(walk, further, WHY_OF_LOG, record);
    }
    if (before.commit_index != after->commit_index) {
        why__rest_on(walk, further, WHY_OF_COMMIT, record);
    }
    if (r->n_applied > 0) {
        why__rest_on(walk, further, WHY_OF_APPLY, record);
    }
    if (r->snapshot.index + r->restored.index > 0) {
        why__rest_on(walk, further, WHY_OF_SNAPSHOT, record);
    }
    if (r->n_ready > 0) {
        why__rest_on(walk, further, WHY_OF_ANSWER, record);
    }
    if (walk->n == n && new_term) {
        why__rest_on(walk, further, WHY_OF_ROLE, record);
    }
    if (walk->n == n) {
        struct why_fact breach = {.aspect = WHY_OF_BREACH, .record = record};
        if (is_breach(why, &breach)) {
            why__rest_on(walk, further, WHY_OF_BREACH, record);
        }
    }
    return walk->n > n;
}

static uint32_t nearest(const struct why_walk *walk)
{
    uint32_t found = WHY_NONE;
    for (size_t i = 0; i < walk->n; i++) {
        if (!walk->facts[i].walked &&
            (found == WHY_NONE ||
             walk->facts[i].cost < walk->facts[found].cost)) {
            found = (uint32_t)i;
        }
    }
    return found;
}

void why__walk(struct why_walk *walk)
{
    for (uint32_t i = nearest(walk); i != WHY_NONE; i = nearest(walk)) {
        walk->current = i;
        walk->facts[i].walked = true;
        struct why_fact fact = walk->facts[i];
        why__find_causes(walk, &fact);
    }
}
