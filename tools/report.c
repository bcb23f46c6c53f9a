#include "tools/report.h"

#include <inttypes.h>
#include <string.h>

#include "tools/input.h"
#include "tools/terminal.h"

#define NUMBER_SIZE 32u

/* The width of the left column of the summary. */
#define LABEL_WIDTH 15

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

/* 1234567 as "1,234,567", in `text` of NUMBER_SIZE bytes. */
static const char *grouped(char *text, uint64_t number)
{
    char digits[NUMBER_SIZE];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, number);
    size_t end = 0;
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) {
            text[end++] = ',';
        }
        text[end++] = digits[i];
    }
    text[end] = '\0';
    return text;
}

static void print_label(FILE *out, const char *label)
{
    fprintf(out, "  %-*s", LABEL_WIDTH, label);
}

/* "label  1 crash, 3 restarts": what stands behind '|' in a word is for numbers
 * other than 1. */
static void print_counts(FILE *out, const char *label, size_t count,
                         const char *const *words, const uint64_t *numbers)
{
    char text[NUMBER_SIZE];
    print_label(out, label);
    for (size_t i = 0; i < count; i++) {
        int stem = (int)strcspn(words[i], "|");
        const char *end = words[i] + stem;
        fprintf(out, "%s%s %.*s", i > 0 ? ", " : "", grouped(text, numbers[i]),
                stem, words[i]);
        if (*end == '|' && numbers[i] != 1) {
            fputs(end + 1, out);
        }
    }
    fputc('\n', out);
}

static void print_time(FILE *out, uint64_t time_us)
{
    fprintf(out, "%" PRIu64 ".%06" PRIu64 " s", time_us / 1000000u,
            time_us % 1000000u);
}

static void print_speed(FILE *out, const struct runner_outcome *outcome)
{
    char text[NUMBER_SIZE];
    uint64_t wall_us = outcome->wall_us > 0 ? outcome->wall_us : 1;
    print_label(out, "wall time");
    print_time(out, outcome->wall_us);
    fprintf(out, ", %s steps a second\n",
            grouped(text, outcome->result.steps * 1000000u / wall_us));
}

/* What this seed made of the scenario. */
static void print_cluster(FILE *out, const struct sim_scenario *scenario)
{
    uint32_t enabled = 0;
    for (uint32_t i = 0; i < scenario->n_nemeses; i++) {
        enabled += scenario->nemeses[i].enabled ? 1 : 0;
    }
    print_label(out, "cluster");
    fprintf(out, "%" PRIu32 " node%s, pre-vote %s, check-quorum %s",
            scenario->nodes, scenario->nodes == 1 ? "" : "s",
            scenario->raft.pre_vote ? "on" : "off",
            scenario->raft.check_quorum ? "on" : "off");
    if (scenario->n_nemeses > 0) {
        fprintf(out, ", %" PRIu32 " of %" PRIu32 " nemeses", enabled,
                scenario->n_nemeses);
    }
    if (scenario->n_members > 0) {
        fprintf(out, ", %" PRIu32 " member%s at first", scenario->n_members,
                scenario->n_members == 1 ? "" : "s");
    }
    fputc('\n', out);
}

/* What not every scenario has is told only where it is. */
static void print_figures_of_features(FILE *out, const struct sim_result *r)
{
    if (r->configurations > 0) {
        print_counts(out, "members", 1,
                     (const char *const[]){"configuration|s"},
                     (const uint64_t[]){r->configurations});
    }
    if (r->wishes > 0) {
        print_counts(
            out, "wishes", 3,
            (const char *const[]){"made", "came true", "refused"},
            (const uint64_t[]){r->wishes, r->wishes_true, r->wishes_refused});
    }
    if (r->snapshots + r->installs > 0) {
        print_counts(out, "snapshots", 2,
                     (const char *const[]){"made", "installed"},
                     (const uint64_t[]){r->snapshots, r->installs});
    }
}

/* How reads were answered, and how often a server that was asked did not. */
static void print_reads(FILE *out, const struct sim_result *r)
{
    const struct sim_read_counts *reads = &r->read_counts;
    uint64_t failed = reads->refused + reads->timed_out;
    if (r->reads + reads->by_way[SIM_WAY_LOG] + failed > 0) {
        print_counts(out, "reads", SIM_WAY_COUNT,
                     (const char *const[]){"by lease", "by ReadIndex",
                                           "by followers", "by the log"},
                     (const uint64_t[]){reads->by_way[SIM_WAY_LEASE],
                                        reads->by_way[SIM_WAY_READ_INDEX],
                                        reads->by_way[SIM_WAY_FOLLOWER],
                                        reads->by_way[SIM_WAY_LOG]});
    }
    if (failed > 0) {
        print_counts(out, "reads failed", 2,
                     (const char *const[]){"refused", "timed out"},
                     (const uint64_t[]){reads->refused, reads->timed_out});
    }
}

static void print_disks(FILE *out, const struct sim_result *r)
{
    bool all_well = r->write_errors + r->torn_records + r->refused_starts == 0;
    print_counts(
        out, "disks", all_well ? 1 : 4,
        (const char *const[]){"write|s", "error|s", "torn", "refused to start"},
        (const uint64_t[]){r->writes, r->write_errors, r->torn_records,
                           r->refused_starts});
}

static void print_situations_reached(FILE *out, const struct sim_result *r)
{
    print_label(out, "situations");
    fprintf(out, "%" PRIu32 " of %d reached\n", report_situations_reached(r),
            SIM_SITUATION_COUNT);
}

static void print_figures(FILE *out, const struct report *report)
{
    const struct sim_scenario *scenario = report->scenario;
    const struct runner_outcome *outcome = report->outcome;
    const struct sim_result *r = &outcome->result;
    char text[NUMBER_SIZE];
    print_cluster(out, scenario);
    print_label(out, "virtual time");
    print_time(out, r->time_us);
    fprintf(out, " in %s steps\n", grouped(text, r->steps));
    print_label(out, "leaders");
    fprintf(out, "%s elected, ", grouped(text, r->elections));
    fprintf(out, "highest term %s\n", grouped(text, r->highest_term));
    print_counts(out, "commits", 1, (const char *const[]){"entries"},
                 (const uint64_t[]){r->commits});
    print_figures_of_features(out, r);
    print_counts(
        out, "clients", 4,
        (const char *const[]){"command|s", "answered", "read|s", "session|s"},
        (const uint64_t[]){r->proposals, r->proposals_answered, r->reads,
                           r->sessions});
    print_reads(out, r);
    print_counts(out, "history", 1, (const char *const[]){"operation|s"},
                 (const uint64_t[]){r->history});
    print_counts(out, "faults", 3,
                 (const char *const[]){"took effect", "crash|es", "restart|s"},
                 (const uint64_t[]){r->faults, r->crashes, r->restarts});
    print_counts(
        out, "messages", 4,
        (const char *const[]){"sent", "delivered", "dropped", "duplicated"},
        (const uint64_t[]){r->messages_sent, r->messages_delivered,
                           r->messages_dropped, r->messages_duplicated});
    print_disks(out, r);
    if (report->options->simulation.checks) {
        print_situations_reached(out, r);
    }
    print_speed(out, outcome);
}

static void print_property(FILE *out, const struct report *report,
                           enum sim_property property)
{
    const struct sim_result *result = &report->outcome->result;
    const char *hidden =
        sim_property_hidden(property, report->options->simulation.node_type);
    bool violated = result->violated && result->violation.property == property;
    uint64_t evaluated = result->evaluated[property];
    char text[NUMBER_SIZE];
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
        fprintf(out, "%18s", grouped(text, evaluated));
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
    print_figures(out, report);
    print_label(out, "hash");
    fprintf(out, "%016" PRIx64 "\n", result->hash);
    if (report->twice) {
        print_label(out, "double check");
        fputs(report->differs ? "run twice: the two runs are not the same\n"
              : result->verdict == SIM_VERDICT_RUNNING
                  ? "run twice, the same as far as it came\n"
                  : "run twice, the same in each step\n",
              out);
    }
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
