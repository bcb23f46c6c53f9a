#define _POSIX_C_SOURCE 200809L

#include "tools/runner.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/death.h"
#include "tools/wall_clock.h"

/* Steps between two looks at the clock: about a millisecond. */
#define SLICE_STEPS 2048u

/* A signal handler has no other way to say that it was called. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

bool runner_is_interrupted(void)
{
    return interrupted != 0;
}

void runner_catch_interrupt(void)
{
    struct sigaction action = {0};
    action.sa_handler = on_interrupt;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
        sigaction(SIGHUP, &action, NULL); /* and nohup is respected */
    }
}

/* The trace on its way to files. */
struct file_sink {
    struct sim_trace_sink base;
    FILE *file; /* NULL: none */
    bool echo;  /* to stderr too */
    int error;  /* errno of the first write that failed */
};

static void file_sink_line(struct sim_trace_sink *base, const char *text,
                           size_t size)
{
    struct file_sink *sink = (struct file_sink *)base;
    if (sink->file != NULL && sink->error == 0 &&
        fwrite(text, 1, size, sink->file) != size) {
        sink->error = errno;
    }
    if (sink->echo) {
        fwrite(text, 1, size, stderr);
    }
}

/* The story in memory. */
struct text_sink {
    struct sim_trace_sink base;
    char *text;
    size_t size;
    size_t capacity;
};

static void text_sink_line(struct sim_trace_sink *base, const char *text,
                           size_t size)
{
    struct text_sink *sink = (struct text_sink *)base;
    sink->text =
        sim_grow(sink->text, &sink->capacity, sink->size + size + 1, 1);
    memcpy(sink->text + sink->size, text, size);
    sink->size += size;
    sink->text[sink->size] = '\0';
}

static void show_progress(struct progress_bar *bar,
                          const struct sim_scenario *scenario,
                          const struct sim_result *result)
{
    char text[96];
    if (bar == NULL || !progress_bar_due(bar)) {
        return;
    }
    snprintf(text, sizeof text,
             "%" PRIu64 " of %" PRIu64 " s, %" PRIu64 " steps",
             result->time_us / 1000000u, scenario->duration_us / 1000000u,
             result->steps);
    progress_bar_draw(bar, result->time_us, scenario->duration_us, text);
}

/* A run on its way. */
struct ride {
    struct file_sink sink;
    struct sim_options options; /* of the simulation, with that sink */
    uint64_t start_us;
};

/* The ride stays where it is. */
static void ride_begin(struct ride *ride, const struct runner_options *options)
{
    *ride = (struct ride){
        .sink = {{file_sink_line}, options->trace, options->verbose, 0},
        .options = options->simulation,
        .start_us = wall_clock_us()};
    if (options->trace != NULL || options->verbose) {
        ride->options.trace = &ride->sink.base;
    }
    if (options->tells_death) {
        death_watch(options->simulation.seed);
    }
}

static bool ride_goes_on(const struct ride *ride, enum sim_verdict verdict)
{
    return verdict == SIM_VERDICT_RUNNING && interrupted == 0 &&
           ride->sink.error == 0;
}

static void ride_end(const struct ride *ride, const struct sim_result *result,
                     struct progress_bar *bar, struct runner_outcome *outcome)
{
    death_unwatch();
    if (bar != NULL) {
        progress_bar_clear(bar);
    }
    outcome->result = *result;
    outcome->wall_us = wall_clock_us() - ride->start_us;
    outcome->interrupted =
        interrupted != 0 && outcome->result.verdict == SIM_VERDICT_RUNNING;
    outcome->trace_error = ride->sink.error;
}

/* The run at its end; to be freed. */
static struct sim_simulation *run_to_end(const struct sim_scenario *scenario,
                                         const struct runner_options *options,
                                         struct progress_bar *bar,
                                         struct runner_outcome *outcome)
{
    struct ride ride;
    ride_begin(&ride, options);
    struct sim_simulation *simulation =
        sim_simulation_new(scenario, &ride.options);
    if (options->tells_death) {
        death_watch_steps(simulation);
    }
    while (
        ride_goes_on(&ride, sim_simulation_advance(simulation, SLICE_STEPS))) {
        show_progress(bar, scenario, sim_simulation_result(simulation));
    }
    ride_end(&ride, sim_simulation_result(simulation), bar, outcome);
    return simulation;
}

bool runner_run_twice(const struct sim_scenario *scenario,
                      const struct runner_options *options,
                      struct progress_bar *bar, struct runner_outcome *outcome,
                      struct sim_difference *difference)
{
    struct ride ride;
    ride_begin(&ride, options);
    struct sim_double_check *check =
        sim_double_check_new(scenario, &ride.options);
    while (ride_goes_on(&ride, sim_double_check_advance(check, SLICE_STEPS))) {
        show_progress(bar, scenario, sim_double_check_result(check));
    }
    ride_end(&ride, sim_double_check_result(check), bar, outcome);
    bool differs = sim_double_check_differs(check) && !outcome->interrupted &&
                   outcome->trace_error == 0;
    if (differs) {
        sim_double_check_tell(check, difference);
    }
    sim_double_check_free(check);
    return differs;
}

void runner_run(const struct sim_scenario *scenario,
                const struct runner_options *options, struct progress_bar *bar,
                struct runner_outcome *outcome)
{
    sim_simulation_free(run_to_end(scenario, options, bar, outcome));
}

bool runner_explain(const struct sim_scenario *scenario,
                    const struct runner_options *options,
                    struct progress_bar *bar, size_t max_lines,
                    struct runner_outcome *outcome, struct sim_why_story *story)
{
    struct sim_simulation *simulation =
        run_to_end(scenario, options, bar, outcome);
    bool told = sim_simulation_tell_why(simulation, max_lines, story);
    sim_simulation_free(simulation);
    return told;
}

static bool same_end(const struct sim_result *a, const struct sim_result *b)
{
    return a->verdict == b->verdict && a->steps == b->steps &&
           a->hash == b->hash && a->violated == b->violated &&
           (!a->violated || (a->violation.property == b->violation.property &&
                             a->violation.step == b->violation.step));
}

char *runner_story(const struct sim_scenario *scenario,
                   const struct runner_options *options,
                   const struct runner_outcome *outcome, uint64_t steps,
                   bool *differs)
{
    struct text_sink sink = {{text_sink_line}, sim_strdup(""), 0, 0};
    struct sim_options again = options->simulation;
    const struct sim_result *first = &outcome->result;
    uint64_t last = first->violated ? first->violation.step : first->steps;
    again.trace = &sink.base;
    again.trace_format = SIM_TRACE_STORY;
    again.trace_from_step = last >= steps ? last - steps + 1 : 1;
    struct sim_simulation *simulation = sim_simulation_new(scenario, &again);
    while (sim_simulation_advance(simulation, SLICE_STEPS) ==
               SIM_VERDICT_RUNNING &&
           interrupted == 0) {
    }
    const struct sim_result *second = sim_simulation_result(simulation);
    bool unfinished = second->verdict == SIM_VERDICT_RUNNING;
    *differs = !unfinished && !same_end(first, second);
    sim_simulation_free(simulation);
    if (unfinished || *differs) {
        free(sink.text);
        return NULL;
    }
    return sink.text;
}
