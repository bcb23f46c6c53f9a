#include "sim/double_check.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* So often it is tried to see a difference again, for its story. */
#define MAX_TRIES 4u

/* Events of one run before the other has its turn, where stories are kept. */
#define TOLD_SLICE UINT64_C(256)

/* A step of one run that was not held against the other yet. */
struct mark {
    uint64_t step, time_us, hash;
    uint32_t node;
    uint64_t parts[SIM_PART_COUNT]; /* where stories are kept, */
    char *story;                    /* as this; else NULL */
};

/* One of the two runs. */
struct side {
    struct sim_step_watcher watcher;
    struct sim_trace_sink sink;
    struct sim_simulation *simulation;
    enum sim_verdict verdict;
    bool tells;
    bool ignored; /* nobody wants to know of its steps any more */
    struct mark *marks;
    size_t n_marks, marks_capacity;
    char *text; /* since the last step */
    size_t text_size, text_capacity;
};

/* Where two runs part. */
struct parting {
    bool parted, at_end;
    uint64_t step;
    bool has[2];
    struct mark marks[2]; /* their stories are owned */
};

struct twins {
    struct side sides[2];
    struct parting parting;
};

struct sim_double_check {
    const struct sim_scenario *scenario;
    struct sim_options options;
    struct twins twins;
};

/* --- one side ------------------------------------------------------------- */

static struct side *side_of_sink(struct sim_trace_sink *sink)
{
    return (struct side *)((char *)sink - offsetof(struct side, sink));
}

static void take_text(struct sim_trace_sink *sink, const char *text,
                      size_t size)
{
    struct side *side = side_of_sink(sink);
    if (side->ignored) {
        return;
    }
    side->text =
        sim_grow(side->text, &side->text_capacity, side->text_size + size, 1);
    memcpy(side->text + side->text_size, text, size);
    side->text_size += size;
}

/* The text since the step before; to be freed. */
static char *take_story(struct side *side)
{
    char *story = sim_calloc(side->text_size + 1, 1);
    if (side->text_size > 0) {
        memcpy(story, side->text, side->text_size);
    }
    side->text_size = 0;
    return story;
}

static void take_step(struct sim_step_watcher *watcher,
                      const struct sim_trace_step *step, uint64_t hash)
{
    struct side *side = (struct side *)watcher;
    if (side->ignored) {
        return;
    }
    side->marks = sim_grow(side->marks, &side->marks_capacity,
                           side->n_marks + 1, sizeof *side->marks);
    struct mark *mark = &side->marks[side->n_marks++];
    *mark = (struct mark){.step = step->step,
                          .time_us = step->time_us,
                          .hash = hash,
                          .node = step->node};
    if (side->tells) {
        for (int part = 0; part < SIM_PART_COUNT; part++) {
            mark->parts[part] =
                sim_trace_part_hash(step, (enum sim_step_part)part);
        }
        mark->story = take_story(side);
    }
}

static void side_begin(struct side *side, const struct sim_scenario *scenario,
                       const struct sim_options *options, bool tells)
{
    struct sim_options own = *options;
    *side = (struct side){.watcher = {take_step},
                          .sink = {take_text},
                          .verdict = SIM_VERDICT_RUNNING,
                          .tells = tells};
    own.watcher = &side->watcher;
    if (tells) {
        own.trace = &side->sink;
        own.trace_format = SIM_TRACE_STORY;
        own.trace_from_step = 0;
    }
    side->simulation = sim_simulation_new(scenario, &own);
}

/* Forgets its first marks. */
static void drop_marks(struct side *side, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(side->marks[i].story);
    }
    side->n_marks -= count;
    if (side->n_marks > 0) {
        memmove(side->marks, side->marks + count,
                side->n_marks * sizeof *side->marks);
    }
}

static void side_end(struct side *side)
{
    drop_marks(side, side->n_marks);
    sim_simulation_free(side->simulation);
    free(side->marks);
    free(side->text);
}

/* --- both ----------------------------------------------------------------- */

/* `options` of the second leave out what only one may have. */
static void twins_begin(struct twins *twins,
                        const struct sim_scenario *scenario,
                        const struct sim_options *options, bool tell)
{
    struct sim_options second = *options;
    second.trace = NULL;
    second.recording = NULL;
    second.explain = false;
    twins->parting = (struct parting){.parted = false};
    side_begin(&twins->sides[0], scenario, tell ? &second : options, tell);
    side_begin(&twins->sides[1], scenario, &second, tell);
}

static void twins_end(struct twins *twins)
{
    free(twins->parting.marks[0].story);
    free(twins->parting.marks[1].story);
    side_end(&twins->sides[0]);
    side_end(&twins->sides[1]);
}

/* Takes over the marks at `place` of both, where they have one. */
static void part(struct twins *twins, size_t place, bool at_end, uint64_t step)
{
    struct parting *parting = &twins->parting;
    *parting = (struct parting){.parted = true, .at_end = at_end, .step = step};
    for (int i = 0; i < 2; i++) {
        struct side *side = &twins->sides[i];
        side->ignored = true;
        if (place < side->n_marks) {
            parting->has[i] = true;
            parting->marks[i] = side->marks[place];
            side->marks[place].story = NULL;
        }
        drop_marks(side, side->n_marks);
    }
}

static bool same_end(const struct sim_result *a, const struct sim_result *b)
{
    return a->verdict == b->verdict && a->time_us == b->time_us &&
           a->steps == b->steps && a->hash == b->hash &&
           a->violated == b->violated && a->n_unmet == b->n_unmet &&
           strcmp(a->contract, b->contract) == 0 &&
           (!a->violated || (a->violation.property == b->violation.property &&
                             a->violation.step == b->violation.step));
}

static bool is_over(const struct side *side)
{
    return side->verdict != SIM_VERDICT_RUNNING;
}

static void compare_ends(struct twins *twins)
{
    struct side *sides = twins->sides;
    const struct sim_result *a = sim_simulation_result(sides[0].simulation);
    const struct sim_result *b = sim_simulation_result(sides[1].simulation);
    if (!same_end(a, b)) {
        part(twins, 0, true, a->steps);
    }
}

/* Holds the marks of both against each other. */
static void compare(struct twins *twins)
{
    struct side *a = &twins->sides[0], *b = &twins->sides[1];
    size_t both = a->n_marks < b->n_marks ? a->n_marks : b->n_marks;
    for (size_t i = 0; i < both; i++) {
        if (a->marks[i].hash != b->marks[i].hash) {
            part(twins, i, false, a->marks[i].step);
            return;
        }
    }
    drop_marks(a, both);
    drop_marks(b, both);
    if ((is_over(a) && b->n_marks > 0) || (is_over(b) && a->n_marks > 0)) {
        part(twins, 0, false, (a->n_marks > 0 ? a : b)->marks[0].step);
    } else if (is_over(a) && is_over(b)) {
        compare_ends(twins);
    }
}

static void twins_advance(struct twins *twins, uint64_t events)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &twins->sides[i];
        bool wanted = i == 0 || !twins->parting.parted;
        if (wanted && !is_over(side)) {
            side->verdict = sim_simulation_advance(side->simulation, events);
        }
    }
    if (!twins->parting.parted) {
        compare(twins);
    }
}

static bool twins_are_over(const struct twins *twins)
{
    return is_over(&twins->sides[0]) &&
           (is_over(&twins->sides[1]) || twins->parting.parted);
}

/* --- what is told --------------------------------------------------------- */

/* All that is known without a story. */
static char *story_of_mark(const struct mark *mark)
{
    char text[96];
    snprintf(text, sizeof text,
             "a step of node %" PRIu32 ", after which the hash is %016" PRIx64
             "\n",
             mark->node, mark->hash);
    return sim_strdup(text);
}

/* How a run ended that has no such step, or whose steps were all the same. */
static char *story_of_end(const struct side *side)
{
    const struct sim_result *result = sim_simulation_result(side->simulation);
    char text[1152];
    const char *what = "its end";
    if (result->verdict == SIM_VERDICT_CONTRACT) {
        what = result->contract;
    } else if (result->violated) {
        what = result->violation.text;
    } else if (result->n_unmet > 0) {
        what = result->unmet[0].text;
    }
    snprintf(text, sizeof text, "ended after step %" PRIu64 ": %s\n",
             result->steps, what);
    return sim_strdup(text);
}

static void tell_side(const struct twins *twins, int i, struct sim_side *told)
{
    const struct mark *mark = &twins->parting.marks[i];
    const struct side *side = &twins->sides[i];
    told->has_step = twins->parting.has[i];
    if (!told->has_step) {
        const struct sim_result *result =
            sim_simulation_result(side->simulation);
        told->time_us = result->time_us;
        told->story = story_of_end(side);
        return;
    }
    told->time_us = mark->time_us;
    told->story =
        mark->story != NULL ? sim_strdup(mark->story) : story_of_mark(mark);
}

static void tell(const struct twins *twins, struct sim_difference *difference)
{
    const struct parting *parting = &twins->parting;
    *difference = (struct sim_difference){.step = parting->step,
                                          .at_end = parting->at_end};
    for (int part = 0; part < SIM_PART_COUNT; part++) {
        difference->parts[part] =
            parting->has[0] && parting->has[1] &&
            parting->marks[0].parts[part] != parting->marks[1].parts[part];
    }
    tell_side(twins, 0, &difference->sides[0]);
    tell_side(twins, 1, &difference->sides[1]);
}

void sim_double_check_tell(const struct sim_double_check *check,
                           struct sim_difference *difference)
{
    for (unsigned i = 0; i < MAX_TRIES; i++) {
        struct twins again;
        twins_begin(&again, check->scenario, &check->options, true);
        while (!again.parting.parted && !twins_are_over(&again)) {
            twins_advance(&again, TOLD_SLICE);
        }
        bool told = again.parting.parted;
        if (told) {
            tell(&again, difference);
        }
        twins_end(&again);
        if (told) {
            return;
        }
    }
    tell(&check->twins, difference);
}

const char *sim_difference_parts(const struct sim_difference *difference,
                                 char text[SIM_DIFFERENCE_PARTS_SIZE])
{
    static const char *const words[SIM_PART_COUNT] = {
        "its time or node", "its input", "its outputs", "the state after it"};
    size_t size = 0;
    int left = 0;
    for (int i = 0; i < SIM_PART_COUNT; i++) {
        left += difference->parts[i] ? 1 : 0;
    }
    text[0] = '\0';
    for (int i = 0; i < SIM_PART_COUNT; i++) {
        if (difference->parts[i]) {
            const char *between = size == 0 ? "" : left == 1 ? " and " : ", ";
            size +=
                (size_t)snprintf(text + size, SIM_DIFFERENCE_PARTS_SIZE - size,
                                 "%s%s", between, words[i]);
            left--;
        }
    }
    return text;
}

void sim_difference_clear(struct sim_difference *difference)
{
    free(difference->sides[0].story);
    free(difference->sides[1].story);
    *difference = (struct sim_difference){.step = 0};
}

/* --- the life of a check -------------------------------------------------- */

struct sim_double_check *
sim_double_check_new(const struct sim_scenario *scenario,
                     const struct sim_options *options)
{
    struct sim_double_check *check = sim_calloc(1, sizeof *check);
    check->scenario = scenario;
    check->options = *options;
    twins_begin(&check->twins, scenario, options, false);
    return check;
}

enum sim_verdict sim_double_check_advance(struct sim_double_check *check,
                                          uint64_t events)
{
    twins_advance(&check->twins, events);
    return twins_are_over(&check->twins) ? check->twins.sides[0].verdict
                                         : SIM_VERDICT_RUNNING;
}

const struct sim_result *sim_double_check_result(struct sim_double_check *check)
{
    return sim_simulation_result(check->twins.sides[0].simulation);
}

bool sim_double_check_differs(const struct sim_double_check *check)
{
    return check->twins.parting.parted;
}

void sim_double_check_free(struct sim_double_check *check)
{
    if (check != NULL) {
        twins_end(&check->twins);
    }
    free(check);
}
