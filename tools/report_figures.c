/* The figures of a report: the column with the labels. */
#include <inttypes.h>
#include <string.h>

#include "sim/asks.h"
#include "tools/report.h"

/* The width of the left column. */
#define LABEL_WIDTH 15

const char *report_grouped(char *text, uint64_t number)
{
    char digits[REPORT_NUMBER_SIZE];
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
    char text[REPORT_NUMBER_SIZE];
    print_label(out, label);
    for (size_t i = 0; i < count; i++) {
        int stem = (int)strcspn(words[i], "|");
        const char *end = words[i] + stem;
        fprintf(out, "%s%s %.*s", i > 0 ? ", " : "",
                report_grouped(text, numbers[i]), stem, words[i]);
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
    char text[REPORT_NUMBER_SIZE];
    uint64_t wall_us = outcome->wall_us > 0 ? outcome->wall_us : 1;
    print_label(out, "wall time");
    print_time(out, outcome->wall_us);
    fprintf(out, ", %s steps a second\n",
            report_grouped(text, outcome->result.steps * 1000000u / wall_us));
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

static void print_service(FILE *out, const struct sim_result *r)
{
    char text[REPORT_NUMBER_SIZE];
    print_label(out, "service");
    fputs("no leader for ", out);
    print_time(out, r->leaderless_us);
    if (r->recoveries > 0) {
        fprintf(out, ", %s recover%s, the longest ",
                report_grouped(text, r->recoveries),
                r->recoveries == 1 ? "y" : "ies");
        print_time(out, r->longest_recovery_us);
    }
    fputc('\n', out);
}

static void print_features(FILE *out, const char *label, uint32_t features,
                           const char *end)
{
    const char *before = "";
    if (features == 0) {
        return;
    }
    print_label(out, label);
    for (uint32_t i = 0; i < 32; i++) {
        const char *name = sim_feature_name(features & UINT32_C(1) << i);
        if (name != NULL) {
            fprintf(out, "%s%s", before, name);
            before = ", ";
        }
    }
    fputs(end, out);
}

/* What the node has not, and the scenario asks for, or would make use of. */
static void print_lacks(FILE *out, const struct report *report)
{
    uint32_t has = report->options->simulation.node_type->features;
    print_features(out, "lacks", sim_scenario_asks(report->scenario) & ~has,
                   ", which the scenario asks for\n");
    print_features(out, "is without",
                   sim_scenario_uses(report->scenario) & ~has, "\n");
}

static void print_situations_reached(FILE *out, const struct sim_result *r)
{
    print_label(out, "situations");
    fprintf(out, "%" PRIu32 " of %d reached\n", report_situations_reached(r),
            SIM_SITUATION_COUNT);
}

static void print_hash(FILE *out, const struct report *report)
{
    const struct sim_result *result = &report->outcome->result;
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
}

void report_print_figures(const struct report *report, FILE *out)
{
    const struct sim_scenario *scenario = report->scenario;
    const struct runner_outcome *outcome = report->outcome;
    const struct sim_result *r = &outcome->result;
    char text[REPORT_NUMBER_SIZE];
    print_cluster(out, scenario);
    print_lacks(out, report);
    print_label(out, "virtual time");
    print_time(out, r->time_us);
    fprintf(out, " in %s steps\n", report_grouped(text, r->steps));
    print_label(out, "leaders");
    fprintf(out, "%s elected, ", report_grouped(text, r->elections));
    fprintf(out, "highest term %s\n", report_grouped(text, r->highest_term));
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
    print_service(out, r);
    if (report->options->simulation.checks) {
        print_situations_reached(out, r);
    }
    print_speed(out, outcome);
    print_hash(out, report);
}
