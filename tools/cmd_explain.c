/* The story of a violation: the few steps that led to it. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/why.h"
#include "tools/artifact.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/input.h"
#include "tools/node.h"
#include "tools/options.h"
#include "tools/report.h"
#include "tools/terminal.h"
#include "tools/without.h"

/* So many lines are read in a minute. */
#define USUAL_LINES 24u

/* Where a line's words begin. */
#define WORDS_COLUMN 27u

/* Of a run without a story, and of one whose path was not found. */
#define LAST_STEPS 20u

struct explanation {
    const char *program;
    const char *path;
    bool has_seed;
    uint64_t seed;
    bool all;
    struct without without;
    struct sim_scenario *scenario;
    struct artifact artifact; /* all zero: FILE is a scenario */
    struct runner_options runner;
    struct runner_outcome outcome;
};

/* --- reading -------------------------------------------------------------- */

/* A failure that was kept is run from its decisions. */
static bool read_failure(struct explanation *explanation,
                         const struct artifact_text *text)
{
    struct artifact *artifact = &explanation->artifact;
    struct sim_options *simulation = &explanation->runner.simulation;
    if (explanation->has_seed || explanation->without.text != NULL) {
        fprintf(stderr,
                "raftsim: %s says itself what was run; leave out --seed and "
                "--without\n",
                input_name(explanation->path));
        return false;
    }
    if (!artifact_parse(explanation->path, text, artifact)) {
        return false;
    }
    explanation->scenario = artifact->scenario;
    simulation->seed = artifact->seed;
    simulation->max_steps = artifact->max_steps;
    simulation->max_time_us = artifact->max_time_us;
    simulation->recording = artifact->recording;
    if (artifact->recording != NULL) {
        sim_recording_follow(artifact->recording);
    }
    return true;
}

static bool read_scenario(struct explanation *explanation, const char *bytes,
                          size_t size)
{
    const uint64_t *seed = explanation->has_seed ? &explanation->seed : NULL;
    explanation->scenario =
        input_parse(explanation->path, bytes, size, seed, stderr);
    if (explanation->scenario == NULL) {
        return false;
    }
    explanation->runner.simulation.seed =
        explanation->has_seed ? explanation->seed : explanation->scenario->seed;
    return without_apply(&explanation->without, explanation->scenario,
                         explanation->path);
}

/* What is to be run: the one place that knows what FILE may be. False if it is
 * not valid, which was said. */
static bool read_input(struct explanation *explanation)
{
    struct artifact_text text;
    char *bytes = artifact_input(explanation->path, &text.size);
    if (bytes == NULL) {
        return false;
    }
    text.bytes = bytes;
    bool good = artifact_is_one(&text)
                    ? read_failure(explanation, &text)
                    : read_scenario(explanation, bytes, text.size);
    free(bytes);
    return good;
}

static bool take_seed(struct explanation *explanation, const char *value)
{
    explanation->has_seed = true;
    return options_take_number("seed", value, &explanation->seed);
}

/* True if the command line was good; else `*code` is what to exit with. */
static bool parse_options(struct explanation *explanation,
                          const struct options *options, int *code)
{
    const char *value;
    int key;
    *code = EXIT_BAD_INPUT;
    while ((key = options_next(options, &value)) != OPTIONS_END) {
        switch (key) {
        case 'h':
            *code =
                help_page("explain", stdout) ? EXIT_AS_EXPECTED : EXIT_BROKEN;
            return false;
        case 's':
            if (!take_seed(explanation, value)) {
                return false;
            }
            break;
        case 'a':
            explanation->all = true;
            break;
        case HELP_EXPLAIN_NODE:
            explanation->runner.node = value;
            break;
        case HELP_EXPLAIN_WITHOUT:
            without_free(&explanation->without);
            if (!without_parse(value, &explanation->without)) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return true;
}

/* --- telling -------------------------------------------------------------- */

static void print_line(const struct sim_why_line *line, FILE *out)
{
    char place[32] = "--";
    char when[64];
    if (line->node != SIM_NONE) {
        snprintf(place, sizeof place, "%" PRIu32, line->node);
    }
    snprintf(when, sizeof when, "[%4" PRIu64 ".%06" PRIu64 "] %8" PRIu64 "  ",
             line->time_us / 1000000, line->time_us % 1000000, line->step);
    fputs(when, out);
    fprintf(out, "%-3s ", place);
    terminal_hang(out, line->breach ? TERMINAL_BAD : TERMINAL_PLAIN, line->text,
                  WORDS_COLUMN, terminal_width(out));
}

static void print_path(const struct sim_why_story *story, FILE *out)
{
    fprintf(out, "\n%13s %8s  node\n", "time, s", "step");
    for (size_t i = 0; i < story->n_lines; i++) {
        print_line(&story->lines[i], out);
    }
    if (story->n_left_out > 0) {
        fprintf(out,
                "\n  %zu line%s further away %s left out: --all shows %s.\n",
                story->n_left_out, story->n_left_out == 1 ? "" : "s",
                story->n_left_out == 1 ? "is" : "are",
                story->n_left_out == 1 ? "it" : "them");
    }
}

static void print_paragraph(const char *title, const char *text, FILE *out)
{
    fputs("\n  ", out);
    terminal_print(out, TERMINAL_TITLE, title);
    fputc('\n', out);
    terminal_wrap(out, text, 4, terminal_width(out));
}

/* Who did what against which rule. */
static void print_breach(const struct sim_why_story *story, FILE *out)
{
    const struct sim_why_line *breach = &story->breach;
    char text[SIM_WHY_LINE_SIZE + 128];
    if (story->rule == NULL) {
        print_paragraph("The rule",
                        "No step was seen that the paper or the dissertation "
                        "forbids by itself: it is these steps together that "
                        "break the promise.",
                        out);
        return;
    }
    print_paragraph("The rule", story->rule, out);
    if (!story->has_breach) {
        return;
    }
    snprintf(text, sizeof text, "Step %" PRIu64 ", node %" PRIu32 ": %s.",
             breach->step, breach->node, breach->text);
    print_paragraph(story->breach_on_path
                        ? "First broken in"
                        : "First broken in a step that is not on this path",
                    text, out);
}

static void print_violation(const struct sim_violation *violation, FILE *out)
{
    char title[64];
    snprintf(title, sizeof title, "What was violated, in step %" PRIu64,
             violation->step);
    print_paragraph(title, violation->text, out);
    print_paragraph("The property says", sim_property_text(violation->property),
                    out);
}

/* No way back: the last steps are all that can be shown. */
static void print_last_steps(const struct explanation *explanation, FILE *out)
{
    bool differs = false;
    if (explanation->artifact.recording != NULL) {
        sim_recording_follow(explanation->artifact.recording);
    }
    char *story = runner_story(explanation->scenario, &explanation->runner,
                               &explanation->outcome, LAST_STEPS, &differs);
    fputs("\n  The way back from there could not be found; these are the last "
          "steps:\n\n",
          out);
    fputs(story != NULL ? story : "", out);
    free(story);
}

static void print_story(const struct explanation *explanation,
                        const struct sim_why_story *story, FILE *out)
{
    const struct sim_result *result = &explanation->outcome.result;
    if (story->told) {
        print_path(story, out);
    } else {
        print_last_steps(explanation, out);
    }
    if (result->violated) {
        print_violation(&result->violation, out);
    } else {
        print_paragraph("The contract between node and simulator was broken",
                        result->contract, out);
    }
    if (result->violated || story->has_breach) {
        print_breach(story, out);
    }
}

static void print_title(const struct explanation *explanation, FILE *out)
{
    terminal_print(out, TERMINAL_TITLE, input_name(explanation->path));
    fprintf(out, ", seed %" PRIu64 "\n", explanation->runner.simulation.seed);
    if (explanation->scenario->description != NULL) {
        terminal_wrap(out, explanation->scenario->description, 2,
                      terminal_width(out));
    }
}

/* What ended otherwise than in a violation. */
static enum exit_code print_nothing(const struct explanation *explanation,
                                    FILE *out)
{
    const struct sim_result *result = &explanation->outcome.result;
    switch (result->verdict) {
    case SIM_VERDICT_RUNNING:
        fputs("\nINTERRUPTED: nothing was violated so far\n", out);
        return EXIT_INTERRUPTED;
    case SIM_VERDICT_AS_EXPECTED:
        fputs("\nNothing to explain: the run is as expected.\n", out);
        return EXIT_UNEXPECTED;
    case SIM_VERDICT_UNEXPECTED:
        fputs("\nNo property was violated; there is no story of what did not "
              "happen:\n",
              out);
        for (uint32_t i = 0; i < result->n_unmet; i++) {
            fprintf(out, "    %s: %s\n", result->unmet[i].pointer,
                    result->unmet[i].text);
        }
        return EXIT_UNEXPECTED;
    case SIM_VERDICT_STEP_LIMIT:
    case SIM_VERDICT_TIME_LIMIT:
        fputs("\nNothing to explain: the run was stopped at its limit, and "
              "nothing was violated\nuntil then.\n",
              out);
        break;
    case SIM_VERDICT_CONTRACT:
        break;
    }
    return EXIT_UNEXPECTED;
}

/* --- the run -------------------------------------------------------------- */

static enum exit_code explain(struct explanation *explanation, FILE *out)
{
    struct progress_bar bar;
    struct sim_why_story story;
    runner_catch_interrupt();
    progress_bar_start(&bar);
    explanation->runner.simulation.explain = true;
    bool told = runner_explain(explanation->scenario, &explanation->runner,
                               &bar, explanation->all ? 0 : USUAL_LINES,
                               &explanation->outcome, &story);
    print_title(explanation, out);
    if (!told) {
        return print_nothing(explanation, out);
    }
    print_story(explanation, &story, out);
    bool is_kept = explanation->artifact.scenario != NULL;
    char *repeat =
        is_kept
            ? report_command(explanation->program, "replay", explanation->path)
            : report_repeat(explanation->program, explanation->path,
                            &explanation->runner.simulation,
                            explanation->without.text, false,
                            explanation->runner.node);
    fprintf(out, "\nTo see the whole run: %s --trace -\n", repeat);
    free(repeat);
    sim_why_story_free(&story);
    return EXIT_AS_EXPECTED;
}

static enum exit_code explain_input(struct explanation *explanation)
{
    if (!read_input(explanation)) {
        return EXIT_BAD_INPUT;
    }
    if (explanation->runner.node == NULL) {
        explanation->runner.node = explanation->artifact.scenario != NULL
                                       ? explanation->artifact.node
                                       : NODE_BUILTIN;
    }
    enum exit_code code = node_set(&explanation->runner);
    return code == EXIT_AS_EXPECTED ? explain(explanation, stdout) : code;
}

int cmd_explain(const char *program, int argc, char **argv)
{
    struct options options = {"explain", help_explain_options,
                              HELP_EXPLAIN_OPTION_COUNT, argc, argv};
    struct explanation explanation = {.program = program};
    int code, count;
    explanation.runner.simulation = (struct sim_options){
        .checks = true,
        .max_steps = SIM_UNLIMITED,
    };
    explanation.runner.tells_death = true;
    if (parse_options(&explanation, &options, &code)) {
        char **files = options_operands(&options, &count);
        if (count != 1) {
            fputs("raftsim: explain which one failure, or scenario?\n", stderr);
            options_hint("explain");
        } else {
            explanation.path = files[0];
            code = (int)explain_input(&explanation);
        }
    }
    if (explanation.artifact.scenario == NULL) {
        sim_scenario_free(explanation.scenario);
    }
    artifact_clear(&explanation.artifact);
    without_free(&explanation.without);
    return code;
}
