#undef NDEBUG
#include "sim/expect.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/memory.h"

enum phase { AHEAD, OPEN, CLOSED };

/* A stretch of time and what was seen of it. */
struct stretch {
    const struct sim_expect_window *window;
    char pointer[32]; /* "/expect" or "/expect/during/1" */
    enum phase phase;
    struct sim_expect_sample start; /* its numbers; the rest may be gone */
    bool had_leader;
    uint64_t leader_after_us; /* its start, the first leader's time since */
};

struct sim_expect_tracker {
    const struct sim_expect *expect;
    const struct sim_log_tree *tree;
    struct stretch *stretches; /* the whole run, then /expect/during */
    uint32_t count;
    uint64_t next_us;
    uint32_t leaderless; /* open stretches that have seen no leader yet */
    struct sim_unmet unmet[SIM_MAX_UNMET];
    uint32_t n_unmet;
};

static uint64_t next_edge(const struct sim_expect_tracker *tracker)
{
    uint64_t next_us = SIM_UNLIMITED;
    for (uint32_t i = 0; i < tracker->count; i++) {
        const struct stretch *stretch = &tracker->stretches[i];
        uint64_t edge_us = SIM_UNLIMITED;
        switch (stretch->phase) {
        case AHEAD:
            edge_us = stretch->window->from_us;
            break;
        case OPEN:
            edge_us = stretch->window->until_us;
            break;
        case CLOSED:
            break;
        }
        if (edge_us < next_us) {
            next_us = edge_us;
        }
    }
    return next_us;
}

struct sim_expect_tracker *sim_expect_new(const struct sim_expect *expect,
                                          const struct sim_log_tree *tree)
{
    struct sim_expect_tracker *tracker = sim_calloc(1, sizeof *tracker);
    tracker->expect = expect;
    tracker->tree = tree;
    tracker->count = expect->n_during + 1;
    tracker->stretches = sim_calloc(tracker->count, sizeof *tracker->stretches);
    for (uint32_t i = 0; i < tracker->count; i++) {
        struct stretch *stretch = &tracker->stretches[i];
        if (i == 0) {
            stretch->window = &expect->whole;
            snprintf(stretch->pointer, sizeof stretch->pointer, "/expect");
        } else {
            stretch->window = &expect->during[i - 1];
            snprintf(stretch->pointer, sizeof stretch->pointer,
                     "/expect/during/%" PRIu32, i - 1);
        }
    }
    tracker->next_us = next_edge(tracker);
    return tracker;
}

void sim_expect_free(struct sim_expect_tracker *tracker)
{
    if (tracker != NULL) {
        free(tracker->stretches);
        free(tracker);
    }
}

uint64_t sim_expect_next_us(const struct sim_expect_tracker *tracker)
{
    return tracker->next_us;
}

/* --- words --------------------------------------------------------------- */

/* Notes what `stretch` did not keep; `key` goes after its pointer. */
static void note(struct sim_expect_tracker *tracker,
                 const struct stretch *stretch, const char *key,
                 const char *format, ...)
{
    if (tracker->n_unmet == SIM_MAX_UNMET) {
        return;
    }
    struct sim_unmet *unmet = &tracker->unmet[tracker->n_unmet++];
    snprintf(unmet->pointer, sizeof unmet->pointer, "%s%s", stretch->pointer,
             key);
    va_list list;
    va_start(list, format);
    vsnprintf(unmet->text, sizeof unmet->text, format, list);
    va_end(list);
}

#define DURATION_SIZE 32u

/* "1.5s", "150ms", "7us": as a scenario writes it. */
static const char *duration(uint64_t us, char *text)
{
    const char *unit = us >= 1000000 ? "s" : us >= 1000 ? "ms" : "us";
    uint64_t one = us >= 1000000 ? 1000000 : us >= 1000 ? 1000 : 1;
    int n = snprintf(text, DURATION_SIZE, "%" PRIu64, us / one);
    size_t size = n > 0 ? (size_t)n : 0;
    uint64_t rest = us % one;
    const char *point = ".";
    for (; rest > 0; rest %= one) {
        one /= 10;
        n = snprintf(text + size, DURATION_SIZE - size, "%s%" PRIu64, point,
                     rest / one);
        size += n > 0 ? (size_t)n : 0;
        point = "";
    }
    snprintf(text + size, DURATION_SIZE - size, "%s", unit);
    return text;
}

#define LEADER_SIZE 24u

/* "leader 3" or "no leader". */
static const char *leader_words(uint32_t leader, char *text)
{
    if (leader == SIM_NONE) {
        snprintf(text, LEADER_SIZE, "no leader");
    } else {
        snprintf(text, LEADER_SIZE, "leader %" PRIu32, leader);
    }
    return text;
}

/* --- judging ------------------------------------------------------------- */

#define NAME_SIZE 32u

/* A key's name as words: "write error". */
static const char *in_words(const char *name, char words[NAME_SIZE])
{
    size_t i = 0;
    for (; name[i] != '\0' && i < NAME_SIZE - 1; i++) {
        words[i] = name[i] == '_' ? ' ' : name[i];
    }
    words[i] = '\0';
    return words;
}

static void judge_count(struct sim_expect_tracker *tracker,
                        const struct stretch *stretch, const char *what,
                        uint64_t at_least, uint64_t at_most, uint64_t seen)
{
    char key[NAME_SIZE + 16];
    char words[NAME_SIZE];
    if (seen < at_least) {
        snprintf(key, sizeof key, "/%ss_at_least", what);
        note(tracker, stretch, key,
             "expected at least %" PRIu64 " %s%s, saw %" PRIu64, at_least,
             in_words(what, words), at_least == 1 ? "" : "s", seen);
    }
    if (seen > at_most) {
        snprintf(key, sizeof key, "/%ss_at_most", what);
        note(tracker, stretch, key,
             "expected at most %" PRIu64 " %s%s, saw %" PRIu64, at_most,
             in_words(what, words), at_most == 1 ? "" : "s", seen);
    }
}

static void judge_terms(struct sim_expect_tracker *tracker,
                        const struct stretch *stretch,
                        const struct sim_expect_sample *sample)
{
    uint64_t seen = sample->highest_term - stretch->start.highest_term;
    if (seen > stretch->window->terms_at_most) {
        note(tracker, stretch, "/terms_at_most",
             "expected the highest term to rise by at most %" PRIu64
             ", it rose by %" PRIu64 " to %" PRIu64,
             stretch->window->terms_at_most, seen, sample->highest_term);
    }
}

static void judge_leader_within(struct sim_expect_tracker *tracker,
                                const struct stretch *stretch)
{
    const struct sim_expect_window *window = stretch->window;
    char wanted[DURATION_SIZE];
    char seen[DURATION_SIZE];
    if (!window->has_leader_within) {
        return;
    }
    duration(window->leader_within_us, wanted);
    if (!stretch->had_leader) {
        note(tracker, stretch, "/leader_within",
             "expected a leader within %s, saw none", wanted);
    } else if (stretch->leader_after_us > window->leader_within_us) {
        note(tracker, stretch, "/leader_within",
             "expected a leader within %s, saw the first after %s", wanted,
             duration(stretch->leader_after_us, seen));
    }
}

static void judge_voters(struct sim_expect_tracker *tracker,
                         const struct stretch *stretch,
                         const struct sim_expect_sample *sample)
{
    struct sim_configuration wanted = {.voters = stretch->window->voters};
    const struct sim_configuration *seen = sample->members;
    char text[2][SIM_CONFIGURATION_TEXT_SIZE] = {"", "nobody who knows"};
    if (!stretch->window->has_voters ||
        (seen != NULL && !sim_configuration_is_joint(seen) &&
         sim_set_equal(&seen->voters, &wanted.voters))) {
        return;
    }
    sim_configuration_describe(&wanted, text[0]);
    if (seen != NULL) {
        sim_configuration_describe(seen, text[1]);
    }
    note(tracker, stretch, "/voters", "expected voters %s at the end, saw %s",
         text[0], text[1]);
}

static void judge_log(struct sim_expect_tracker *tracker,
                      const struct stretch *stretch, uint32_t place,
                      const struct sim_expect_sample *sample)
{
    const struct sim_expect_log *log = &stretch->window->logs[place];
    char key[24];
    snprintf(key, sizeof key, "/log/%" PRIu32, place);
    sim_tip tip = sample->tips[log->node];
    if (tip == SIM_NO_TIP) {
        note(tracker, stretch, key,
             "expected a log of node %" PRIu32 ", it is down", log->node);
        return;
    }
    uint64_t end = sim_log_tree_position(tracker->tree, tip).index;
    for (uint64_t index = 1; index <= log->n_terms; index++) {
        uint64_t wanted = log->terms[index - 1];
        if (index > end) {
            note(tracker, stretch, key,
                 "expected node %" PRIu32 " to hold an entry of term %" PRIu64
                 " at index %" PRIu64 ", its log ends at %" PRIu64,
                 log->node, wanted, index, end);
            return;
        }
        sim_tip entry = sim_log_tree_ancestor(tracker->tree, tip, index);
        uint64_t found = sim_log_tree_position(tracker->tree, entry).term;
        if (found != wanted) {
            note(tracker, stretch, key,
                 "expected node %" PRIu32 " to hold an entry of term %" PRIu64
                 " at index %" PRIu64 ", found term %" PRIu64,
                 log->node, wanted, index, found);
            return;
        }
    }
}

/* Judges a stretch by the state at its end. */
static void judge(struct sim_expect_tracker *tracker,
                  const struct stretch *stretch,
                  const struct sim_expect_sample *sample)
{
    const struct sim_expect_window *window = stretch->window;
    judge_count(tracker, stretch, "commit", window->commits_at_least,
                window->commits_at_most,
                sample->commits - stretch->start.commits);
    judge_count(tracker, stretch, "election", window->elections_at_least,
                window->elections_at_most,
                sample->elections - stretch->start.elections);
    judge_count(tracker, stretch, "snapshot", window->snapshots_at_least,
                SIM_UNLIMITED, sample->snapshots - stretch->start.snapshots);
    judge_count(tracker, stretch, "install", window->installs_at_least,
                window->installs_at_most,
                sample->installs - stretch->start.installs);
    judge_count(tracker, stretch, "read", window->reads_at_least, SIM_UNLIMITED,
                sample->reads - stretch->start.reads);
    judge_count(tracker, stretch, "write_error", window->write_errors_at_least,
                SIM_UNLIMITED,
                sample->write_errors - stretch->start.write_errors);
    judge_count(tracker, stretch, "torn_record", window->torn_records_at_least,
                SIM_UNLIMITED,
                sample->torn_records - stretch->start.torn_records);
    judge_count(tracker, stretch, "refused_start",
                window->refused_starts_at_least, SIM_UNLIMITED,
                sample->refused_starts - stretch->start.refused_starts);
    judge_terms(tracker, stretch, sample);
    judge_leader_within(tracker, stretch);
    judge_voters(tracker, stretch, sample);
    if (window->has_leader && window->leader != sample->leader) {
        char wanted[LEADER_SIZE];
        char seen[LEADER_SIZE];
        note(tracker, stretch, "/leader", "expected %s at the end, saw %s",
             leader_words(window->leader, wanted),
             leader_words(sample->leader, seen));
    }
    for (uint32_t i = 0; i < window->n_logs; i++) {
        judge_log(tracker, stretch, i, sample);
    }
}

/* --- time ---------------------------------------------------------------- */

static void open_stretch(struct sim_expect_tracker *tracker,
                         struct stretch *stretch,
                         const struct sim_expect_sample *sample)
{
    stretch->phase = OPEN;
    stretch->start = *sample;
    stretch->had_leader = sample->leader != SIM_NONE;
    stretch->leader_after_us = 0;
    tracker->leaderless += !stretch->had_leader;
}

static void close_stretch(struct sim_expect_tracker *tracker,
                          struct stretch *stretch,
                          const struct sim_expect_sample *sample)
{
    judge(tracker, stretch, sample);
    stretch->phase = CLOSED;
    tracker->leaderless -= !stretch->had_leader;
}

/* Opens and closes all whose edge is not after `now_us`. */
static void pass_edges(struct sim_expect_tracker *tracker, uint64_t now_us,
                       const struct sim_expect_sample *sample)
{
    for (uint32_t i = 0; i < tracker->count; i++) {
        struct stretch *stretch = &tracker->stretches[i];
        if (stretch->phase == AHEAD && now_us >= stretch->window->from_us) {
            open_stretch(tracker, stretch, sample);
        }
        if (stretch->phase == OPEN && now_us >= stretch->window->until_us) {
            close_stretch(tracker, stretch, sample);
        }
    }
    tracker->next_us = next_edge(tracker);
}

void sim_expect_advance(struct sim_expect_tracker *tracker, uint64_t now_us,
                        const struct sim_expect_sample *sample)
{
    if (now_us >= tracker->next_us) {
        pass_edges(tracker, now_us, sample);
    }
    if (sample->leader == SIM_NONE || tracker->leaderless == 0) {
        return;
    }
    tracker->leaderless = 0;
    for (uint32_t i = 0; i < tracker->count; i++) {
        struct stretch *stretch = &tracker->stretches[i];
        if (stretch->phase == OPEN && !stretch->had_leader) {
            stretch->had_leader = true;
            stretch->leader_after_us = now_us - stretch->window->from_us;
        }
    }
}

static void judge_violation(struct sim_expect_tracker *tracker,
                            const struct sim_violation *violation)
{
    const struct sim_expect *expect = tracker->expect;
    if (!expect->violation ||
        (violation != NULL && violation->property == expect->property)) {
        return;
    }
    note(tracker, &tracker->stretches[0], "/violation",
         "expected a violation of %s, saw %s",
         sim_property_name(expect->property),
         violation != NULL ? sim_property_name(violation->property) : "none");
}

static bool is_expected(const struct sim_expect_tracker *tracker,
                        const struct sim_violation *violation)
{
    return violation != NULL && tracker->expect->violation &&
           tracker->expect->property == violation->property;
}

void sim_expect_finish(struct sim_expect_tracker *tracker, uint64_t now_us,
                       const struct sim_expect_sample *sample,
                       const struct sim_violation *violation,
                       struct sim_unmet *unmet, uint32_t *n_unmet)
{
    assert(*n_unmet <= SIM_MAX_UNMET);
    sim_expect_advance(tracker, now_us, sample);
    char end[DURATION_SIZE];
    char edge[DURATION_SIZE];
    duration(now_us, end);
    bool cut_short =
        is_expected(tracker, violation) && violation->time_us <= now_us;
    for (uint32_t i = 0; i < tracker->count && !cut_short; i++) {
        struct stretch *stretch = &tracker->stretches[i];
        const struct sim_expect_window *window = stretch->window;
        if (stretch->phase == AHEAD) {
            note(tracker, stretch, "/from",
                 "the run ended at %s, this stretch begins at %s", end,
                 duration(window->from_us, edge));
        } else if (stretch->phase == OPEN && window->until_us < SIM_UNLIMITED) {
            note(tracker, stretch, "/until",
                 "the run ended at %s, this stretch ends at %s", end,
                 duration(window->until_us, edge));
        } else if (stretch->phase == OPEN) {
            close_stretch(tracker, stretch, sample);
        }
    }
    judge_violation(tracker, violation);
    for (uint32_t i = 0; i < tracker->n_unmet && *n_unmet < SIM_MAX_UNMET;
         i++) {
        unmet[(*n_unmet)++] = tracker->unmet[i];
    }
}
