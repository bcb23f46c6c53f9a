/* The report of a sweep as JUnit's XML: a suite for the corpus, with a test
 * case for each failure that was kept, and one for each scenario, with a test
 * case for each batch of its seeds. No times: the same sweep gives the same
 * file. */
#include <inttypes.h>
#include <stdlib.h>

#include "tools/batches.h"
#include "tools/sweep_report.h"
#include "tools/text.h"

/* Control characters are none in XML, also when escaped; a newline in an
 * attribute would become a space. */
static void add_escaped(struct text *text, const char *plain, bool attribute)
{
    for (; *plain != '\0'; plain++) {
        char letter[2] = {*plain, '\0'};
        const char *out = letter;
        size_t size = sim_json_character(plain);
        if (size != 1) {
            text_add_format(text, "%.*s", size == 0 ? 3 : (int)size,
                            size == 0 ? "\xef\xbf\xbd" : plain);
            plain += size == 0 ? 0 : size - 1;
            continue;
        }
        switch (*plain) {
        case '&':
            out = "&amp;";
            break;
        case '<':
            out = "&lt;";
            break;
        case '>':
            out = "&gt;";
            break;
        case '"':
            out = "&quot;";
            break;
        case '\n':
            out = attribute ? "&#10;" : "\n";
            break;
        default:
            if ((unsigned char)*plain < 0x20) {
                out = "?";
            }
        }
        text_add(text, out);
    }
}

/* One failure among those of a test case. */
static void add_failure(struct text *text, const struct sweep_failure *failure)
{
    text_add_format(text, "seed %" PRIu64 ": ", failure->seed);
    add_escaped(text, failure->problem, false);
    text_add(text, "\n");
    if (failure->detail[0] != '\0') {
        add_escaped(text, failure->detail, false);
        text_add(text, "\n");
    }
    if (failure->last_steps[0] != '\0') {
        text_add(text, "The last steps that led there:\n");
        add_escaped(text, failure->last_steps, false);
    }
    text_add(text, "To repeat it: ");
    add_escaped(text, failure->repeat, false);
    text_add(text, "\n");
}

/* The failures from `*next` on, up to the seed `last`. */
static void add_failures(struct text *text,
                         const struct sweep_scenario *scenario, uint64_t last,
                         size_t *next)
{
    const struct sweep_failure *first = &scenario->failures[*next];
    text_add(text, ">\n      <failure type=\"");
    add_escaped(text, first->what, true);
    text_add_format(text, "\" message=\"seed %" PRIu64 ": ", first->seed);
    add_escaped(text, first->problem, true);
    text_add(text, "\">");
    while (*next < scenario->n_failures &&
           scenario->failures[*next].seed <= last) {
        add_failure(text, &scenario->failures[*next]);
        ++*next;
    }
    text_add(text, "</failure>\n    </testcase>\n");
}

static void add_case(struct text *text, const struct sweep_scenario *scenario,
                     struct seeds seeds, size_t *next)
{
    text_add(text, "    <testcase classname=\"");
    add_escaped(text, scenario->path, true);
    text_add_format(text, "\" name=\"seeds %" PRIu64 " to %" PRIu64 "\"",
                    seeds.first, seeds.last);
    if (*next < scenario->n_failures &&
        scenario->failures[*next].seed <= seeds.last) {
        add_failures(text, scenario, seeds.last, next);
    } else {
        text_add(text, "/>\n");
    }
}

struct counts {
    uint64_t cases, failed;
};

/* Each batch, or what of it was run. */
static struct counts add_cases(struct text *text,
                               const struct sweep_scenario *scenario)
{
    struct counts counts = {0, 0};
    size_t next = 0;
    for (size_t i = 0; i < scenario->done.count; i++) {
        struct seeds left = scenario->done.items[i];
        for (;;) {
            struct seeds seeds = batch_seeds(batch_of(left.first));
            seeds.first = left.first;
            seeds.last = seeds.last > left.last ? left.last : seeds.last;
            size_t before = next;
            add_case(text, scenario, seeds, &next);
            counts.cases++;
            counts.failed += next > before ? 1 : 0;
            if (seeds.last == left.last) {
                break;
            }
            left.first = seeds.last + 1;
        }
    }
    return counts;
}

static void add_kept(struct text *text, const struct sweep_kept *kept)
{
    char *what = sweep_kept_text(kept);
    text_add(text, "    <testcase classname=\"corpus\" name=\"");
    add_escaped(text, kept->file, true);
    text_add(text, "\">\n");
    if (sweep_kept_fails(kept)) {
        text_add(text, "      <failure type=\"");
        add_escaped(text, kept->run.what, true);
        text_add(text, "\" message=\"");
        add_escaped(text, what, true);
        text_add(text, "\">");
        add_failure(text, &kept->run);
        text_add(text, "</failure>\n");
    } else {
        text_add(text, "      <system-out>");
        add_escaped(text, what, false);
        text_add(text, "</system-out>\n");
    }
    text_add(text, "    </testcase>\n");
    free(what);
}

static struct counts add_corpus(struct text *text,
                                const struct sweep_corpus *corpus)
{
    struct counts counts = {corpus->count, 0};
    for (size_t i = 0; i < corpus->count; i++) {
        add_kept(text, &corpus->items[i]);
        counts.failed += sweep_kept_fails(&corpus->items[i]) ? 1 : 0;
    }
    return counts;
}

/* Takes over `cases`. */
static void add_suite(struct text *text, const char *name, struct text *cases,
                      struct counts counts)
{
    text_add(text, "  <testsuite name=\"");
    add_escaped(text, name, true);
    text_add_format(text,
                    "\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64
                    "\" errors=\"0\" skipped=\"0\">\n",
                    counts.cases, counts.failed);
    text_add(text, cases->bytes);
    text_add(text, "  </testsuite>\n");
    free(cases->bytes);
}

char *sweep_report_junit(const struct sweep_report *report)
{
    struct text suites = {0}, all = {0};
    struct counts sum = {0, 0};
    text_add(&suites, "");
    if (report->corpus.wanted) {
        struct text cases = {0};
        text_add(&cases, "");
        sum = add_corpus(&cases, &report->corpus);
        add_suite(&suites, "corpus", &cases, sum);
    }
    for (uint32_t i = 0; i < report->n_scenarios; i++) {
        struct text cases = {0};
        text_add(&cases, "");
        struct counts counts = add_cases(&cases, &report->scenarios[i]);
        sum.cases += counts.cases;
        sum.failed += counts.failed;
        add_suite(&suites, report->scenarios[i].path, &cases, counts);
    }
    text_add_format(&all,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "
                    "name=\"raftsim sweep\" tests=\"%" PRIu64
                    "\" failures=\"%" PRIu64 "\" errors=\"0\">\n",
                    sum.cases, sum.failed);
    text_add(&all, suites.bytes);
    text_add(&all, "</testsuites>\n");
    free(suites.bytes);
    return all.bytes;
}
