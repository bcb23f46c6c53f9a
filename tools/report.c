#include "tools/report.h"

#include <inttypes.h>
#include <string.h>

#include "tools/input.h"
#include "tools/terminal.h"

enum exit_code report_exit_code(const struct report *report)
{
    if (report->differs) {
        return EXIT_BROKEN;
    }
    switch (report->outcome->result.verdict) {
    case SIM_VERDICT_RUNNING:
        return EXIT_INTERRUPTED;
    case SIM_VERDICT_AS_EXPECTED:
        return EXIT_AS_EXPECTED;
    case SIM_VERDICT_UNEXPECTED:
    case SIM_VERDICT_STEP_LIMIT:
    case SIM_VERDICT_TIME_LIMIT:
        return EXIT_UNEXPECTED;
    case SIM_VERDICT_CONTRACT:
        return EXIT_BROKEN;
    }
    return EXIT_BROKEN;
}

static void print_property(FILE *out, const struct report *report,
                           enum sim_property property)
{
    const struct sim_result *result = &report->outcome->result;
    const char *hidden =
        sim_property_hidden(property, report->options->simulation.node_type);
    bool violated = result->violated && result->violation.property == property;
    uint64_t evaluated = result->evaluated[property];
    char text[REPORT_NUMBER_SIZE];
    fputs("    ", out);
    if (violated) {
        terminal_print(out, TERMINAL_BAD, "broken");
    } else if (evaluated == 0) {
        terminal_print(out, TERMINAL_CAUTION, "?     ");
    } else {
        terminal_print(out, TERMINAL_GOOD, "holds ");
    }
    fprintf(out, "  %-50s", sim_property_title(property));
    if (hidden != NULL && !violated) {
        terminal_print(out, TERMINAL_CAUTION, "     not evaluated: ");
        fputs(hidden, out);
    } else if (evaluated == 0) {
        terminal_print(out, TERMINAL_CAUTION, "   never evaluated");
    } else {
        fprintf(out, "%18s", report_grouped(text, evaluated));
    }
    fputc('\n', out);
}

static void print_properties(FILE *out, const struct report *report)
{
    if (!report->options->simulation.checks) {
        fputs("\n  ", out);
        terminal_print(out, TERMINAL_CAUTION,
                       "CHECKS WERE OFF (--no-checks): nothing was verified.");
        fputc('\n', out);
        return;
    }
    fprintf(out, "\n  %-60s%18s\n", "property", "times evaluated");
    for (unsigned i = 0; i < SIM_PROPERTY_COUNT; i++) {
        print_property(out, report, (enum sim_property)i);
    }
}

/* The checker's paragraph says the rest. */
static void print_violation(FILE *out, const struct sim_violation *violation)
{
    fputs("\n  ", out);
    terminal_print(out, TERMINAL_BAD, "A property was violated");
    fprintf(out, " in step %" PRIu64, violation->step);
    for (uint32_t i = 0; i < violation->n_nodes; i++) {
        if (i == 0) {
            fputs(violation->n_nodes == 1 ? ", node" : ", nodes", out);
        }
        fprintf(out, "%s %u", i > 0 ? "," : "", (unsigned)violation->nodes[i]);
    }
    fputs(":\n", out);
    terminal_wrap(out, violation->text, 4, terminal_width(out));
}

/* Whether the last steps have nothing to do with what went wrong. */
static bool is_of_history(const struct report *report)
{
    const struct sim_result *result = &report->outcome->result;
    return result->violated &&
           result->violation.property == SIM_LINEARIZABILITY &&
           report_exit_code(report) == EXIT_UNEXPECTED;
}

static void print_story(FILE *out, const struct report *report)
{
    if (report->difference != NULL) {
        report_print_difference(report->difference, out);
    } else if (report->differs) {
        fputc('\n', out);
        terminal_wrap(out,
                      "The same scenario and seed, run a second time for its "
                      "last steps, ended differently. A run must repeat "
                      "exactly: the node or the simulator depends on something "
                      "besides the scenario and the seed.",
                      2, terminal_width(out));
    }
    if (is_of_history(report)) {
        fputc('\n', out);
        terminal_wrap(out,
                      "Clients are judged at the end of a run. What led there "
                      "lies around the times above: repeat the run with "
                      "--trace FILE, and look there.",
                      2, terminal_width(out));
    } else if (report->story != NULL) {
        fprintf(out, "\n  The last steps that led there:\n\n%s", report->story);
    }
}

static void print_reasons(FILE *out, const struct report *report)
{
    const struct sim_result *result = &report->outcome->result;
    unsigned width = terminal_width(out);
    if (result->verdict == SIM_VERDICT_CONTRACT) {
        fputs("\n  The contract between node and simulator was broken:\n", out);
        terminal_wrap(out, result->contract, 4, width);
    }
    if (result->violated) {
        print_violation(out, &result->violation);
    }
    if (result->n_unmet > 0) {
        fputs("\n  Not as the scenario expects:\n", out);
    }
    for (uint32_t i = 0; i < result->n_unmet; i++) {
        fprintf(out, "    %s: ", result->unmet[i].pointer);
        fprintf(out, "%s\n", result->unmet[i].text);
    }
    print_story(out, report);
}

static void print_verdict(FILE *out, const struct report *report)
{
    const struct sim_result *result = &report->outcome->result;
    fputc('\n', out);
    if (report->differs) {
        terminal_print(out, TERMINAL_BAD, "BROKEN: the run does not repeat");
        return;
    }
    switch (result->verdict) {
    case SIM_VERDICT_RUNNING:
        terminal_print(out, TERMINAL_CAUTION,
                       "INTERRUPTED: undecided, this is how far it came");
        break;
    case SIM_VERDICT_AS_EXPECTED:
        terminal_print(out, TERMINAL_GOOD, "AS EXPECTED");
        if (result->violated) {
            fprintf(out, ": %s was violated",
                    sim_property_name(result->violation.property));
        }
        break;
    case SIM_VERDICT_UNEXPECTED:
        terminal_print(out, TERMINAL_BAD,
                       result->violated ? "FAILED: a property was violated"
                                        : "FAILED: not as expected");
        break;
    case SIM_VERDICT_CONTRACT:
        terminal_print(out, TERMINAL_BAD, "BROKEN: the contract of a node");
        break;
    case SIM_VERDICT_STEP_LIMIT:
        terminal_print(out, TERMINAL_CAUTION,
                       "UNDECIDED: stopped by --max-steps");
        break;
    case SIM_VERDICT_TIME_LIMIT:
        terminal_print(out, TERMINAL_CAUTION,
                       "UNDECIDED: stopped by --max-virtual-time");
        break;
    }
}

void report_print(const struct report *report, FILE *out)
{
    const struct sim_result *result = &report->outcome->result;
    const char *description = report->scenario->description;
    terminal_print(out, TERMINAL_TITLE, input_name(report->path));
    fprintf(out, ", seed %" PRIu64 "\n", result->seed);
    if (description != NULL) {
        terminal_wrap(out, description, 2, terminal_width(out));
    }
    fputc('\n', out);
    report_print_figures(report, out);
    print_properties(out, report);
    if (report->options->situations && report->options->simulation.checks) {
        report_print_situations(result, out);
    }
    print_reasons(out, report);
    print_verdict(out, report);
    fputc('\n', out);
    if (report_exit_code(report) != EXIT_AS_EXPECTED) {
        fprintf(out, "To repeat it: %s\n", report->repeat);
    }
    if (report->kept != NULL) {
        fprintf(out, "Kept in:      %s\n", report->kept);
    }
}
