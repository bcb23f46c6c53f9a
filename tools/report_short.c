/* What is wrong with a run, in a line. */
#include <inttypes.h>

#include "tools/input.h"
#include "tools/report.h"

void report_problem(const struct report *report, char text[REPORT_PROBLEM_SIZE])
{
    const struct sim_result *result = &report->outcome->result;
    size_t room = REPORT_PROBLEM_SIZE;
    const struct sim_difference *difference = report->difference;
    if (difference != NULL && difference->at_end) {
        snprintf(text, room,
                 "does not repeat: run twice, it ended otherwise after the "
                 "same %" PRIu64 " steps",
                 difference->step);
    } else if (difference != NULL) {
        uint64_t time_us = difference->sides[0].time_us;
        snprintf(text, room,
                 "does not repeat: run twice, step %" PRIu64 " at %" PRIu64
                 ".%06" PRIu64 " s was not the same",
                 difference->step, time_us / 1000000u, time_us % 1000000u);
    } else if (report->differs) {
        snprintf(text, room, "does not repeat");
    } else if (result->verdict == SIM_VERDICT_CONTRACT) {
        snprintf(text, room, "broke the contract: %s", result->contract);
    } else if (result->verdict == SIM_VERDICT_STEP_LIMIT) {
        snprintf(text, room, "undecided, stopped by --max-steps");
    } else if (result->verdict == SIM_VERDICT_TIME_LIMIT) {
        snprintf(text, room, "undecided, stopped by --max-virtual-time");
    } else if (result->verdict == SIM_VERDICT_RUNNING) {
        snprintf(text, room, "undecided, interrupted");
    } else if (result->violated) {
        snprintf(text, room, "%s was violated in step %" PRIu64,
                 sim_property_name(result->violation.property),
                 result->violation.step);
    } else {
        snprintf(text, room, "%s: %s", result->unmet[0].pointer,
                 result->unmet[0].text);
    }
}

void report_print_short(const struct report *report, FILE *out)
{
    char text[REPORT_PROBLEM_SIZE];
    report_problem(report, text);
    fprintf(out, "%s, seed %" PRIu64 ": %s\n", input_name(report->path),
            report->outcome->result.seed, text);
}
