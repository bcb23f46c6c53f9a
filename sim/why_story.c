/* From the facts of a path to a story: what happened to the world beside it,
 * the nearest lines of it in their order, and the first breach. */
#include <inttypes.h>
#include <stdlib.h>

#include "sim/memory.h"
#include "sim/why_rules.h"

/* What is further away is not told, even where there is room: */
#define FAR 6u
#define FAR_FROM_BREACH 3u /* where a breach is on the path */

/* --- lines ---------------------------------------------------------------- */

/* Facts of one record are one line; those that stand for themselves come before
 * the record that is the next by then. */
static bool stands_alone(const struct why_fact *fact)
{
    return fact->aspect == WHY_OF_LETTER || fact->aspect == WHY_OF_OPERATION ||
           fact->aspect == WHY_OF_STATE;
}

static int compare_facts(const void *left, const void *right)
{
    const struct why_fact *a = left;
    const struct why_fact *b = right;
    if (a->record != b->record) {
        return a->record < b->record ? -1 : 1;
    }
    if (stands_alone(a) != stands_alone(b)) {
        return stands_alone(a) ? -1 : 1;
    }
    if (a->aspect != b->aspect) {
        return a->aspect < b->aspect ? -1 : 1;
    }
    return (a->number > b->number) - (a->number < b->number);
}

static bool same_line(const struct why_fact *a, const struct why_fact *b)
{
    return a->record == b->record && !stands_alone(a) && !stands_alone(b);
}

/* The end of the line that begins with the fact `first`; `*cost` is that of its
 * nearest fact. */
static size_t line_end(const struct why_walk *walk, size_t first,
                       uint32_t *cost)
{
    size_t end = first;
    *cost = walk->facts[first].cost;
    while (end < walk->n && same_line(&walk->facts[first], &walk->facts[end])) {
        uint32_t own = walk->facts[end].cost;
        *cost = own < *cost ? own : *cost;
        end++;
    }
    return end > first ? end : first + 1;
}

static void place_line(const struct why_walk *walk, const struct why_fact *fact,
                       struct sim_why_line *line)
{
    const struct sim_why *why = walk->why;
    line->step = why->step;
    line->time_us = why->time_us;
    if (fact->record < why->n_records) {
        const struct why_record *r = why__get(why, fact->record);
        line->node = r->node;
        line->step = r->step;
        line->time_us = r->time_us;
    }
    if (fact->aspect == WHY_OF_LETTER) {
        const struct why_letter *letter = &why->letters[fact->number];
        line->node = letter->from;
        line->time_us = letter->left_us;
        line->step = letter->left_step;
    } else if (fact->aspect == WHY_OF_OPERATION) {
        line->node = SIM_NONE;
        line->time_us =
            sim_history_get(sim_clients_history(walk->clients), fact->number)
                ->returned_us;
    } else if (fact->aspect == WHY_OF_STATE) {
        line->node = fact->number;
    }
}

/* The words of a breach, without those of what it is about. */
static enum why_rule find_rule(const struct sim_why *why,
                               const struct why_fact *fact,
                               struct why_text *text)
{
    text->text[0] = '\0';
    if (fact->aspect == WHY_OF_LETTER) {
        return why__breach_of_letter(why, fact->number, text);
    }
    return stands_alone(fact) || fact->aspect == WHY_OF_EVENT
               ? WHY_KEEPS_RULES
               : why__breach_of_step(why, fact->record, text);
}

/* Whether a fact of a line is left to the others of it. */
static bool is_silent(const struct why_fact *fact, size_t n)
{
    return n > 1 && fact->aspect == WHY_OF_BREACH;
}

/* The words for the breach follow those for the side of the step that it is
 * about. */
static enum why_rule make_line(const struct why_walk *walk,
                               const struct why_fact *facts, size_t n,
                               struct sim_why_line *line)
{
    char room[SIM_WHY_LINE_SIZE];
    struct why_text text = {line->text, sizeof line->text, 0};
    struct why_text breach = {room, sizeof room, 0};
    *line = (struct sim_why_line){0};
    place_line(walk, &facts[0], line);
    enum why_rule rule = find_rule(walk->why, &facts[0], &breach);
    line->breach = rule != WHY_KEEPS_RULES;
    bool told = !line->breach;
    for (size_t i = 0; i < n; i++) {
        if (is_silent(&facts[i], n)) {
            continue;
        }
        why__add(&text, "%s", text.used > 0 ? "; " : "");
        why__words(walk, &facts[i], &text);
        if (!told && facts[i].aspect == why__aspect_of_rule(rule)) {
            why__add(&text, "%s", room);
            told = true;
        }
    }
    why__add(&text, "%s", told ? "" : room);
    return rule;
}

/* Of a line's facts only the one that the breach is about is told with it. */
static void take_breach(const struct why_walk *walk,
                        const struct why_fact *facts, size_t n,
                        struct sim_why_story *story)
{
    char room[SIM_WHY_LINE_SIZE];
    struct why_text text = {room, sizeof room, 0};
    enum why_rule rule = find_rule(walk->why, &facts[0], &text);
    size_t first = 0;
    size_t count = n;
    for (size_t i = 0; i < n; i++) {
        if (facts[i].aspect == why__aspect_of_rule(rule)) {
            first = i;
            count = 1;
        }
    }
    make_line(walk, &facts[first], count, &story->breach);
    story->has_breach = true;
    story->rule = why__rule_text(rule);
}

/* Which lines are told: all that are at most `limit` away, and of those one
 * further away the last `spare`, which is all but the first `skip`. */
struct choice {
    uint32_t limit;
    size_t spare, skip;
};

static bool walk_has_breach(const struct why_walk *walk)
{
    for (size_t i = 0; i < walk->n; i++) {
        if (walk->facts[i].breach) {
            return true;
        }
    }
    return false;
}

static size_t count_lines(const struct why_walk *walk, uint32_t limit,
                          uint32_t *farthest)
{
    size_t n = 0;
    uint32_t cost;
    *farthest = 0;
    for (size_t i = 0; i < walk->n; i = line_end(walk, i, &cost)) {
        line_end(walk, i, &cost);
        n += cost <= limit ? 1 : 0;
        *farthest = cost > *farthest ? cost : *farthest;
    }
    return n;
}

/* With a breach among what is near, the rest is only how things were. */
static struct choice choose(const struct why_walk *walk, size_t max)
{
    uint32_t cap = walk_has_breach(walk) ? FAR_FROM_BREACH : FAR;
    struct choice choice = {0, 0, 0};
    uint32_t farthest;
    size_t n = count_lines(walk, 0, &farthest);
    if (max == 0) {
        return (struct choice){farthest, 0, 0};
    }
    while (choice.limit < farthest && choice.limit < cap) {
        size_t more = count_lines(walk, choice.limit + 1, &farthest);
        if (more > max) {
            choice.spare = n < max ? max - n : 0;
            choice.skip = more - n - choice.spare;
            return choice;
        }
        n = more;
        choice.limit++;
    }
    return choice;
}

static bool is_told(struct choice *choice, uint32_t cost)
{
    if (cost == choice->limit + 1 && choice->spare > 0) {
        bool told = choice->skip == 0;
        choice->skip -= told ? 0 : 1;
        return told;
    }
    return cost <= choice->limit;
}

static void make_lines(struct why_walk *walk, size_t max,
                       struct sim_why_story *story)
{
    size_t capacity = 0;
    qsort(walk->facts, walk->n, sizeof *walk->facts, compare_facts);
    struct choice choice = choose(walk, max);
    for (size_t i = 0, end; i < walk->n; i = end) {
        uint32_t cost;
        end = line_end(walk, i, &cost);
        if (!is_told(&choice, cost)) {
            story->n_left_out++;
            continue;
        }
        story->lines = sim_grow(story->lines, &capacity, story->n_lines + 1,
                                sizeof *story->lines);
        struct sim_why_line *line = &story->lines[story->n_lines++];
        make_line(walk, &walk->facts[i], end - i, line);
        if (line->breach && !story->has_breach) {
            story->breach_on_path = true;
            take_breach(walk, &walk->facts[i], end - i, story);
        }
    }
}

/* --- the first breach of the run ------------------------------------------ */

/* What is not on the path may still be at the root of it, in a way that cannot
 * be followed from outside. */
static void find_breach(struct why_walk *walk, struct sim_why_story *story)
{
    const struct sim_why *why = walk->why;
    char room[SIM_WHY_LINE_SIZE];
    for (uint32_t at = 0; at < why->n_records; at++) {
        struct why_text text = {room, sizeof room, 0};
        if (why__breach_of_step(why, at, &text) != WHY_KEEPS_RULES) {
            struct why_walk step = {.why = why, .current = WHY_NONE};
            why__rest_on_step(&step, 0, at);
            take_breach(&step, step.facts, step.n, story);
            free(step.facts);
            return;
        }
    }
    for (uint32_t i = 0; i < why->n_letters; i++) {
        struct why_text text = {room, sizeof room, 0};
        if (why__breach_of_letter(why, i, &text) != WHY_KEEPS_RULES) {
            struct why_fact letter = {.aspect = WHY_OF_LETTER,
                                      .record = why->letters[i].left,
                                      .number = i};
            take_breach(walk, &letter, 1, story);
            return;
        }
    }
}

/* -------------------------------------------------------------------------- */

/* The last step of the run, of whatever node. */
static void add_last_step(struct why_walk *walk)
{
    for (uint32_t at = (uint32_t)walk->why->n_records; at > 0; at--) {
        if (why__get(walk->why, at - 1)->kind == WHY_STEP) {
            why__rest_on_step(walk, 0, at - 1);
            return;
        }
    }
}

void sim_why_tell(struct sim_why *why, const struct sim_violation *violation,
                  const struct sim_clients *clients, size_t max_lines,
                  struct sim_why_story *story)
{
    struct why_walk walk = {
        .why = why, .clients = clients, .current = WHY_NONE};
    *story = (struct sim_why_story){0};
    why->refused = violation == NULL;
    if (violation != NULL) {
        why__find_roots(&walk, violation);
    } else {
        add_last_step(&walk);
    }
    story->told = walk.n > 0;
    why__walk(&walk);
    why__find_world(&walk);
    make_lines(&walk, max_lines, story);
    if (!story->has_breach) {
        find_breach(&walk, story);
    }
    if (!story->has_breach && violation != NULL) {
        story->rule = why__rule_of_property(violation->property);
    }
    free(walk.facts);
}

void sim_why_story_free(struct sim_why_story *story)
{
    free(story->lines);
    *story = (struct sim_why_story){0};
}
