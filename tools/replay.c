#include "tools/replay.h"

#include <inttypes.h>
#include <string.h>

#include "sim/recording_json.h"
#include "tools/terminal.h"

static enum replay_end end_of(const struct artifact *artifact,
                              const struct runner_outcome *outcome,
                              const struct failure *failure)
{
    if (outcome->interrupted) {
        return REPLAY_INTERRUPTED;
    }
    if (failure->what[0] == '\0') {
        return REPLAY_FIXED;
    }
    return failure_equal(failure, &artifact->failure) ? REPLAY_SAME
                                                      : REPLAY_OTHER;
}

void replay_differs(const struct artifact *artifact, struct replay *replay)
{
    replay->failure = (struct failure){.what = "not_repeatable"};
    replay->end = failure_equal(&replay->failure, &artifact->failure)
                      ? REPLAY_SAME
                      : REPLAY_OTHER;
}

void replay_run(struct artifact *artifact, struct runner_options *options,
                struct runner_outcome *outcome, struct replay *replay)
{
    struct sim_options *simulation = &options->simulation;
    bool twice = strcmp(artifact->failure.what, "not_repeatable") == 0;
    *replay = (struct replay){.follows = artifact->recording != NULL && !twice,
                              .twice = twice};
    simulation->seed = artifact->seed;
    simulation->max_steps = artifact->max_steps;
    simulation->max_time_us = artifact->max_time_us;
    simulation->recording = replay->follows ? artifact->recording : NULL;
    if (replay->follows) {
        sim_recording_follow(artifact->recording);
    }
    if (twice) {
        replay->differs = runner_run_twice(artifact->scenario, options, NULL,
                                           outcome, &replay->difference);
    } else {
        runner_run(artifact->scenario, options, NULL, outcome);
    }
    failure_of(&replay->failure, &outcome->result, replay->differs);
    replay->end = end_of(artifact, outcome, &replay->failure);
    replay->same_hash = outcome->result.hash == artifact->hash;
    if (replay->follows) {
        replay->parting = artifact->recording->parting;
    }
}

void replay_clear(struct replay *replay)
{
    sim_difference_clear(&replay->difference);
}

const char *replay_word(enum replay_end end)
{
    switch (end) {
    case REPLAY_SAME:
        return "same";
    case REPLAY_OTHER:
        return "other";
    case REPLAY_FIXED:
        return "fixed";
    case REPLAY_INTERRUPTED:
        return "interrupted";
    }
    return "";
}

static void print_step(const char *label, bool has,
                       const struct sim_recorded_step *step, const char *none,
                       FILE *out)
{
    char text[SIM_RECORDED_STEP_SIZE];
    fprintf(out, "    %s  %s\n", label,
            has ? sim_recorded_step_print(step, text) : none);
}

static void print_parting(const struct replay *replay, FILE *out)
{
    const struct sim_parting *parting = &replay->parting;
    if (replay->twice) {
        fputs("  A run that did not repeat was run from its seed, twice, and "
              "compared step by\n  step.\n",
              out);
    } else if (!replay->follows) {
        fputs("  There are no decisions in the file: the run was repeated from "
              "its seed.\n",
              out);
    } else if (parting->parted) {
        fprintf(out,
                "  The run parted from the recording at step %" PRIu64
                " (time in us, node, input):\n",
                parting->step);
        print_step("recorded", parting->has_recorded, &parting->recorded,
                   "its end", out);
        print_step("here    ", parting->has_here, &parting->here, "its end",
                   out);
    } else if (replay->same_hash) {
        fputs("  The run followed the recording in each step, to the last "
              "byte.\n",
              out);
    } else {
        fputs("  The run followed the recording in each step; what the nodes "
              "made of the\n  steps is not the same (the hash is another).\n",
              out);
    }
}

void replay_print(const struct artifact *artifact, const struct replay *replay,
                  FILE *out)
{
    char text[FAILURE_TEXT_SIZE];
    fputc('\n', out);
    switch (replay->end) {
    case REPLAY_SAME:
        terminal_print(out, TERMINAL_BAD, "STILL FAILING in the same way");
        break;
    case REPLAY_OTHER:
        terminal_print(out, TERMINAL_BAD, "FAILING in another way");
        break;
    case REPLAY_FIXED:
        terminal_print(out, TERMINAL_GOOD, "NOT FAILING any more");
        break;
    case REPLAY_INTERRUPTED:
        terminal_print(out, TERMINAL_CAUTION, "INTERRUPTED");
        break;
    }
    fputc('\n', out);
    print_parting(replay, out);
    if (replay->end != REPLAY_SAME) {
        fputs("  It was:\n", out);
        terminal_wrap(out, artifact_words(artifact, text), 4,
                      terminal_width(out));
    }
}
