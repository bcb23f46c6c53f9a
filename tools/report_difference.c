/* How the two runs of a double check differ. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/report.h"
#include "tools/terminal.h"
#include "tools/text.h"

static void add_heading(struct text *text,
                        const struct sim_difference *difference)
{
    char parts[SIM_DIFFERENCE_PARTS_SIZE];
    uint64_t time_us = difference->sides[0].time_us;
    text_add_format(text,
                    difference->at_end
                        ? "All steps are the same, up to step %" PRIu64 " at "
                        : "The first step that differs is step %" PRIu64 " at ",
                    difference->step);
    text_add_format(text, "%" PRIu64 ".%06" PRIu64 " s", time_us / 1000000u,
                    time_us % 1000000u);
    if (difference->at_end) {
        text_add(text, ", but not what came of the run");
    } else if (sim_difference_parts(difference, parts)[0] != '\0') {
        text_add_format(text, ": %s", parts);
    }
    text_add(text, ".");
}

static void add_sides(struct text *text,
                      const struct sim_difference *difference)
{
    static const char *const names[2] = {"In the first run:",
                                         "In the second run:"};
    for (int i = 0; i < 2; i++) {
        text_add_format(text, "%s\n%s", names[i], difference->sides[i].story);
    }
    if (!difference->at_end &&
        strcmp(difference->sides[0].story, difference->sides[1].story) == 0) {
        text_add(text, "(What differs is in no line, such as the bytes of a "
                       "message, or a deadline.)\n");
    }
}

char *report_difference_text(const struct sim_difference *difference)
{
    struct text text = {0};
    add_heading(&text, difference);
    text_add(&text, "\n");
    add_sides(&text, difference);
    return text.bytes;
}

void report_print_difference(const struct sim_difference *difference, FILE *out)
{
    struct text heading = {0}, sides = {0};
    add_heading(&heading, difference);
    add_sides(&sides, difference);
    fputc('\n', out);
    terminal_wrap(out,
                  "The same scenario and seed, run twice side by side, did not "
                  "do the same. A run must repeat exactly: the node or the "
                  "simulator depends on something besides the scenario and the "
                  "seed, such as an address, memory that was never written, or "
                  "what is static.",
                  2, terminal_width(out));
    fputc('\n', out);
    terminal_wrap(out, heading.bytes, 2, terminal_width(out));
    fputc('\n', out);
    fputs(sides.bytes, out);
    free(heading.bytes);
    free(sides.bytes);
}
