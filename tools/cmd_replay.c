#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/options.h"
#include "tools/replay.h"
#include "tools/report.h"

/* How many of the steps that led to a violation are told. */
#define STORY_STEPS 20u

struct replaying {
    const char *program;
    const char *trace_path; /* NULL: no trace */
    bool json;
    const char *node; /* as typed; NULL: the one that failed */
    struct runner_options runner;
};

static bool take_option(struct replaying *replaying, int key, const char *value)
{
    switch (key) {
    case 't':
        replaying->trace_path = value;
        return true;
    case 'v':
        replaying->runner.verbose = true;
        return true;
    case HELP_REPLAY_NODE:
        replaying->node = value;
        return true;
    case 'j':
        replaying->json = true;
        replaying->runner.tells_death = false;
        return true;
    default:
        return false;
    }
}

static bool open_trace(struct replaying *replaying, char **files, int count)
{
    const char *path = replaying->trace_path;
    if (path == NULL) {
        return true;
    }
    if (strcmp(path, "-") == 0) {
        replaying->runner.trace = stdout;
        return true;
    }
    for (int i = 0; i < count; i++) {
        if (input_is_same_file(path, files[i])) {
            fprintf(stderr, "raftsim: --trace %s would overwrite a failure\n",
                    path);
            return false;
        }
    }
    replaying->runner.trace = fopen(path, "w");
    if (replaying->runner.trace == NULL) {
        fprintf(stderr, "raftsim: cannot write %s: %s\n", path,
                strerror(errno));
    }
    return replaying->runner.trace != NULL;
}

static void tell(const struct replaying *replaying,
                 const struct artifact *artifact, const struct replay *replay,
                 struct report *report)
{
    report->replay = replay;
    if (replaying->json) {
        report_print_json(report, stdout);
    } else {
        report_print(report, stdout);
        replay_print(artifact, replay, stdout);
    }
}

/* A file that is good. */
static enum exit_code replay_artifact(struct replaying *replaying,
                                      struct artifact *artifact,
                                      const char *path)
{
    struct runner_outcome outcome;
    struct replay replay;
    char words[FAILURE_TEXT_SIZE];
    if (artifact->recording == NULL && !replaying->json) {
        printf("%s: there are no decisions (%s); it is run again from its "
               "seed\n",
               path, failure_print(&artifact->failure, words));
        fflush(stdout);
    }
    replay_run(artifact, &replaying->runner, &outcome, &replay);
    if (outcome.trace_error != 0) {
        fprintf(stderr, "raftsim: cannot write %s: %s\n", replaying->trace_path,
                strerror(outcome.trace_error));
        replay_clear(&replay);
        return EXIT_BAD_INPUT;
    }
    char *repeat = report_command(replaying->program, "replay", path);
    struct report report = {.path = artifact->file,
                            .scenario = artifact->scenario,
                            .options = &replaying->runner,
                            .outcome = &outcome,
                            .twice = replay.twice,
                            .differs = replay.differs,
                            .difference =
                                replay.differs ? &replay.difference : NULL,
                            .repeat = repeat};
    char *story = NULL;
    if (!replay.differs && (outcome.result.violated ||
                            outcome.result.verdict == SIM_VERDICT_CONTRACT)) {
        if (replay.follows) {
            sim_recording_follow(artifact->recording);
        }
        story = runner_story(artifact->scenario, &replaying->runner, &outcome,
                             STORY_STEPS, &report.differs);
        if (report.differs) {
            replay_differs(artifact, &replay);
        }
    }
    report.story = story;
    tell(replaying, artifact, &replay, &report);
    enum exit_code code = report_exit_code(&report);
    free(story);
    free(repeat);
    replay_clear(&replay);
    return code;
}

static enum exit_code replay_file(struct replaying *replaying, const char *path)
{
    struct artifact artifact;
    enum exit_code code = EXIT_BAD_INPUT;
    if (artifact_read(path, &artifact)) {
        replaying->runner.node =
            replaying->node != NULL ? replaying->node : artifact.node;
        code = node_set(&replaying->runner);
    }
    if (code == EXIT_AS_EXPECTED) {
        code = replay_artifact(replaying, &artifact, path);
    }
    artifact_clear(&artifact);
    return code;
}

int cmd_replay(const char *program, int argc, char **argv)
{
    struct options options = {"replay", help_replay_options,
                              HELP_REPLAY_OPTION_COUNT, argc, argv};
    struct replaying replaying = {.program = program};
    const char *value;
    int key;
    int count;
    replaying.runner.simulation = (struct sim_options){.checks = true};
    replaying.runner.tells_death = true;
    while ((key = options_next(&options, &value)) != OPTIONS_END) {
        if (key == 'h') {
            return help_page("replay", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
        }
        if (!take_option(&replaying, key, value)) {
            return EXIT_BAD_INPUT;
        }
    }
    char **files = options_operands(&options, &count);
    if (count == 0) {
        fputs("raftsim: replay which failure?\n", stderr);
        options_hint("replay");
        return EXIT_BAD_INPUT;
    }
    if (!open_trace(&replaying, files, count)) {
        return EXIT_BAD_INPUT;
    }
    runner_catch_interrupt();
    enum exit_code code = EXIT_AS_EXPECTED;
    for (int i = 0; i < count && code != EXIT_INTERRUPTED; i++) {
        enum exit_code one = replay_file(&replaying, files[i]);
        code = one > code ? one : code;
    }
    if (replaying.runner.trace != NULL && replaying.runner.trace != stdout &&
        fclose(replaying.runner.trace) != 0) {
        fprintf(stderr, "raftsim: cannot write %s: %s\n", replaying.trace_path,
                strerror(errno));
        code = EXIT_BAD_INPUT;
    }
    return (int)code;
}
