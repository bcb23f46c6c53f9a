/* From the facts of a path to a story: what happened to the world beside it,
 * the nearest lines of it in their order, and the first breach. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/why_internal.h"

/* So many cuts of the network, and pauses, are told beside the path. */
#define TOLD_EVENTS 3u

/* --- the world ------------------------------------------------------------ */

/* The stretch of a path and who is on it. */
struct stretch {
    uint32_t first, last; /* records */
    struct sim_set nodes;
};

static struct stretch find_stretch(const struct why_walk *walk)
{
    struct stretch stretch = {WHY_NONE, 0, {{0}}};
    for (size_t i = 0; i < walk->n; i++) {
        const struct why_fact *fact = &walk->facts[i];
        if (fact->record >= walk->why->n_records) {
            continue;
        }
        const struct why_record *r = why__get(walk->why, fact->record);
        stretch.first =
            fact->record < stretch.first ? fact->record : stretch.first;
        stretch.last =
            fact->record > stretch.last ? fact->record : stretch.last;
        if (r->node != SIM_NONE && fact->cost <= 3) {
            sim_set_add(&stretch.nodes, r->node);
        }
    }
    return stretch;
}

static bool begins(const struct sim_why *why, uint32_t record,
                   const char *const *words, size_t count)
{
    const struct why_record *r = why__get(why, record);
    for (size_t i = 0; i < count && r->kind == WHY_EVENT; i++) {
        if (strncmp(why->texts + r->text, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The last event before the message was lost that cuts links. */
static uint32_t cut_of(const struct sim_why *why,
                       const struct why_letter *letter)
{
    static const char *const cuts[] = {
        "partition:", "isolate:", "cut:", "bridge:", "mesh:"};
    for (uint32_t at = (uint32_t)why->n_records; at > 0; at--) {
        if (why__get(why, at - 1)->time_us <= letter->lost_us &&
            begins(why, at - 1, cuts, sizeof cuts / sizeof *cuts)) {
            return at - 1;
        }
    }
    return WHY_NONE;
}

/* Cuts that messages between nodes of the path were lost by, the latest first:
 * why a node did not know. */
static void add_cuts(struct why_walk *walk, const struct stretch *stretch)
{
    const struct sim_why *why = walk->why;
    uint64_t from_us = why__get(why, stretch->first)->time_us;
    uint64_t to_us = why__get(why, stretch->last)->time_us;
    uint32_t last = WHY_NONE;
    uint32_t told = 0;
    for (size_t i = why->n_letters; i > 0 && told < TOLD_EVENTS; i--) {
        const struct why_letter *letter = &why->letters[i - 1];
        if (letter->loss != SIM_WHY_LOST_BY_CUT || letter->lost_us < from_us ||
            letter->lost_us > to_us ||
            !sim_set_has(&stretch->nodes, letter->from) ||
            !sim_set_has(&stretch->nodes, letter->to)) {
            continue;
        }
        uint32_t cut = cut_of(why, letter);
        if (cut != WHY_NONE && cut != last) {
            last = cut;
            told++;
            walk->current = WHY_NONE;
            why__rest_on_number(walk, 3, WHY_OF_EVENT, cut, 0);
        }
    }
}

/* Whether the event is about the node: "pause: node 3", "clock: 3 4". */
static bool names(const struct sim_why *why, uint32_t record,
                  const struct sim_set *nodes)
{
    const char *at = strchr(why->texts + why__get(why, record)->text, ':');
    while (at != NULL && *at != '\0' && *at != '(') {
        char *end;
        unsigned long node = strtoul(at, &end, 10);
        if (end != at && node >= 1 && node <= why->n &&
            sim_set_has(nodes, (uint32_t)node)) {
            return true;
        }
        at = end != at ? end : at + 1;
    }
    return false;
}

static void add_disturbances(struct why_walk *walk,
                             const struct stretch *stretch)
{
    static const char *const words[] = {
        "pause:", "resume:", "clock:", "expire_timer:", "clog:"};
    uint32_t told = 0;
    for (uint32_t at = stretch->last + 1; at > stretch->first; at--) {
        if (told < TOLD_EVENTS &&
            begins(walk->why, at - 1, words, sizeof words / sizeof *words) &&
            names(walk->why, at - 1, &stretch->nodes)) {
            told++;
            walk->current = WHY_NONE;
            why__rest_on_number(walk, 4, WHY_OF_EVENT, at - 1, 0);
        }
    }
}

static void add_world(struct why_walk *walk)
{
    struct stretch stretch = find_stretch(walk);
    if (stretch.first != WHY_NONE) {
        add_cuts(walk, &stretch);
        add_disturbances(walk, &stretch);
    }
}

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

static enum why_rule finish_line(const struct sim_why *why,
                                 const struct why_fact *fact,
                                 struct sim_why_line *line,
                                 struct why_text *text)
{
    enum why_rule rule = WHY_KEEPS_RULES;
    if (fact->aspect == WHY_OF_LETTER) {
        rule = why__breach_of_letter(why, fact->number, text);
    } else if (!stands_alone(fact)) {
        rule = why__breach_of_step(why, fact->record, text);
    }
    line->breach = rule != WHY_KEEPS_RULES;
    return rule;
}

static enum why_rule make_line(const struct why_walk *walk, size_t first,
                               size_t end, struct sim_why_line *line)
{
    struct why_text text = {line->text, sizeof line->text, 0};
    *line = (struct sim_why_line){0};
    place_line(walk, &walk->facts[first], line);
    for (size_t i = first; i < end; i++) {
        why__add(&text, "%s", i > first ? "; " : "");
        why__words(walk, &walk->facts[i], &text);
    }
    return finish_line(walk->why, &walk->facts[first], line, &text);
}

/* Which lines are told: all that are at most `limit` away, and of those one
 * further away all but the first `skip`, which are the earliest. */
struct choice {
    uint32_t limit;
    size_t skip;
};

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

static struct choice choose(const struct why_walk *walk, size_t max)
{
    struct choice choice = {0, 0};
    uint32_t farthest;
    size_t n = count_lines(walk, 0, &farthest);
    if (max == 0) {
        return (struct choice){farthest, 0};
    }
    while (choice.limit < farthest) {
        size_t more = count_lines(walk, choice.limit + 1, &farthest);
        if (more > max) {
            size_t spare = n < max ? max - n : 0;
            choice.skip = more - n - spare;
            return choice;
        }
        n = more;
        choice.limit++;
    }
    return choice;
}

static bool is_told(struct choice *choice, uint32_t cost)
{
    if (cost == choice->limit + 1 && choice->skip > 0) {
        choice->skip--;
        return false;
    }
    return cost <= choice->limit + 1;
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
        enum why_rule rule = make_line(walk, i, end, line);
        if (line->breach && !story->has_breach) {
            story->has_breach = story->breach_on_path = true;
            story->breach = *line;
            story->rule = why__rule_text(rule);
        }
    }
}

/* --- the first breach of the run ------------------------------------------ */

static bool take_breach(struct why_walk *walk, struct why_fact fact,
                        struct sim_why_story *story)
{
    struct why_walk single = *walk;
    single.facts = &fact;
    single.n = 1;
    enum why_rule rule = make_line(&single, 0, 1, &story->breach);
    story->has_breach = rule != WHY_KEEPS_RULES;
    story->rule = why__rule_text(rule);
    return story->has_breach;
}

/* What is not on the path may still be at the root of it, in a way that cannot
 * be followed from outside. */
static void find_breach(struct why_walk *walk, struct sim_why_story *story)
{
    const struct sim_why *why = walk->why;
    for (uint32_t at = 0; at < why->n_records; at++) {
        char room[SIM_WHY_LINE_SIZE];
        struct why_text text = {room, sizeof room, 0};
        if (why__breach_of_step(why, at, &text) == WHY_KEEPS_RULES) {
            continue;
        }
        take_breach(walk,
                    (struct why_fact){.aspect = WHY_OF_BREACH, .record = at},
                    story);
        return;
    }
    for (uint32_t i = 0; i < why->n_letters; i++) {
        char room[SIM_WHY_LINE_SIZE];
        struct why_text text = {room, sizeof room, 0};
        if (why__breach_of_letter(why, i, &text) != WHY_KEEPS_RULES) {
            take_breach(walk,
                        (struct why_fact){.aspect = WHY_OF_LETTER,
                                          .record = why->letters[i].left,
                                          .number = i},
                        story);
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
    if (violation != NULL) {
        why__find_roots(&walk, violation);
    } else {
        add_last_step(&walk);
    }
    story->told = walk.n > 0;
    why__walk(&walk);
    add_world(&walk);
    make_lines(&walk, max_lines, story);
    if (!story->has_breach) {
        find_breach(&walk, story);
    }
    free(walk.facts);
}

void sim_why_story_free(struct sim_why_story *story)
{
    free(story->lines);
    *story = (struct sim_why_story){0};
}
