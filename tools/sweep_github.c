/* What GitHub's runner is told, where it runs the command: annotations, which
 * are lines that it looks for, and a summary of the step, which is a file. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sweep_report.h"

/* It shows no more of one step. */
#define MAX_ANNOTATIONS 10u

/* Of the summary, which may have a megabyte. */
#define MAX_ROWS 100u

/* Escaped as the runner reads it back: in the properties of an annotation, ":"
 * and "," as well. */
static void print_escaped(FILE *out, const char *text, bool property)
{
    for (; *text != '\0'; text++) {
        bool escaped = *text == '%' || *text == '\r' || *text == '\n' ||
                       (property && (*text == ':' || *text == ','));
        fprintf(out, escaped ? "%%%02X" : "%c", (unsigned)(unsigned char)*text);
    }
}

static void annotate(const struct sweep_scenario *scenario,
                     const struct sweep_failure *failure, FILE *out)
{
    fputs("::error file=", out);
    print_escaped(out, scenario->path, true);
    fprintf(out, ",title=raftsim%%3A seed %" PRIu64 "::", failure->seed);
    print_escaped(out, failure->problem, false);
    fputs("%0A", out);
    print_escaped(out, failure->repeat, false);
    fputc('\n', out);
}

static void annotate_kept(const struct sweep_kept *kept, FILE *out)
{
    char *text = sweep_kept_text(kept);
    fputs("::error title=raftsim%3A corpus%2C ", out);
    print_escaped(out, kept->file, true);
    fputs("::", out);
    print_escaped(out, text, false);
    fputs("%0A", out);
    print_escaped(out, kept->run.repeat, false);
    fputc('\n', out);
    free(text);
}

/* In a table a bar would end the cell. */
static void print_cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|' || *text == '<' || *text == '`') {
            fputc('\\', out);
        }
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void print_rows(const struct sweep_report *report, FILE *out)
{
    uint64_t rows = 0, failed = sweep_report_failed(report);
    if (failed == 0) {
        return;
    }
    fputs("\n| scenario | seed | what | to repeat it |\n|---|---:|---|---|\n",
          out);
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        const struct sweep_scenario *scenario = &report->scenarios[i];
        for (size_t k = 0; k < scenario->n_failures && rows < MAX_ROWS; k++) {
            fputs("| ", out);
            print_cell(out, scenario->path);
            fprintf(out, " | %" PRIu64 " | ", scenario->failures[k].seed);
            print_cell(out, scenario->failures[k].problem);
            fputs(" | ", out);
            print_cell(out, scenario->failures[k].repeat);
            fputs(" |\n", out);
            rows++;
        }
    }
    if (rows < failed) {
        fprintf(out, "\nand %" PRIu64 " more\n", failed - rows);
    }
}

/* Of the corpus, what fails and what parted: somebody should look at it. */
static void print_corpus(const struct sweep_report *report, FILE *out)
{
    const struct sweep_corpus *corpus = &report->corpus;
    uint64_t rows = 0;
    for (size_t i = 0; i < corpus->count && rows < MAX_ROWS; i++) {
        const struct sweep_kept *kept = &corpus->items[i];
        if (sweep_kept_state(kept) == SWEEP_FIXED) {
            continue;
        }
        if (rows == 0) {
            fputs("\n| corpus | what | to repeat it |\n|---|---|---|\n", out);
        }
        char *text = sweep_kept_text(kept);
        fputs("| ", out);
        print_cell(out, kept->file);
        fputs(" | ", out);
        print_cell(out, text);
        fputs(" | ", out);
        print_cell(out, kept->run.repeat);
        fputs(" |\n", out);
        free(text);
        rows++;
    }
}

static void print_markdown(const struct sweep_report *report, FILE *out)
{
    fputs("### raftsim sweep\n\n```\n", out);
    sweep_print_summary(report, out);
    sweep_print_missing(report, out);
    fputs("```\n", out);
    print_corpus(report, out);
    print_rows(report, out);
}

/* The file may have been begun by the steps before. */
static bool add_summary(const struct sweep_report *report, const char *path)
{
    FILE *file = fopen(path, "a");
    bool good = file != NULL;
    if (good) {
        print_markdown(report, file);
        good = ferror(file) == 0;
        good = fclose(file) == 0 && good;
    }
    if (!good) {
        fprintf(stderr, "raftsim: cannot write %s: %s\n", path,
                strerror(errno));
    }
    return good;
}

bool sweep_tell_github(const struct sweep_report *report, FILE *out)
{
    const char *actions = getenv("GITHUB_ACTIONS");
    const char *summary = getenv("GITHUB_STEP_SUMMARY");
    bool wanted = actions != NULL && strcmp(actions, "true") == 0;
    uint32_t annotations = 0;
    for (size_t i = 0; i < report->corpus.count && wanted; i++) {
        const struct sweep_kept *kept = &report->corpus.items[i];
        if (sweep_kept_fails(kept) && annotations < MAX_ANNOTATIONS) {
            annotate_kept(kept, out);
            annotations++;
        }
    }
    for (uint32_t i = 0; i < report->n_scenarios && wanted; i++) {
        const struct sweep_scenario *scenario = &report->scenarios[i];
        for (size_t k = 0;
             k < scenario->n_failures && annotations < MAX_ANNOTATIONS; k++) {
            annotate(scenario, &scenario->failures[k], out);
            annotations++;
        }
    }
    return summary == NULL || summary[0] == '\0' ||
           add_summary(report, summary);
}
